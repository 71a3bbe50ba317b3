"""Runs a compiled script: a position, variables and files, advanced until something takes time.

Promises: `Machine.run` is a pure function of the machine's state, and that state is plain data (`dump`, `load`), so a program stopped
at a pause and resumed later, even after a restore, goes on as if nothing had happened. It knows neither clock nor network: time is
handed out as a pause, and so is a question to the network, to the kernel (`ps`), or to a volume that others write to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.workloads import shell_expansion
from simulator.workloads.commands import COMMANDS
from simulator.workloads.commands.environment_programs import ASKED, has_program, is_client
from simulator.workloads.commands.long_running import long_running
from simulator.workloads.file_tree import FileTree, absolute
from simulator.workloads.image_catalog import Image
from simulator.workloads.pauses import Pause
from simulator.workloads.shell_builtins import BUILTINS
from simulator.workloads.shell_expansion import ParameterUnset, fields, one_text, pattern
from simulator.workloads.shell_scripts import NotSimulated, Op, Redirect, compile_script
from simulator.workloads.shell_words import SyntaxProblem, Word

_BUSY_STEPS = 20_000
#: What one program may cost to work out, ever: steps, and characters of output and variables.
_MAX_STEPS = 200_000
_MAX_WRITTEN = 1_000_000
_MAX_STACK = 200
#: Programs that read their standard input to its end when they are given nothing to do: it is empty.
_INTERPRETERS = frozenset({"python", "python3", "node", "perl", "irb", "ruby", "php", "jshell"})
SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
_PIPE, _OUT, _ERR, _NULL, _FILE, _TEE = "buffer", "out", "err", "null", "file", "tee"

Sink = list[Any]
"""["out"], ["err"], ["null"], ["file", path], ["buffer", number] or ["tee", [paths], sink]."""
Frame = dict[str, Any]


@dataclass(slots=True)
class Machine:
    image: Image
    script: str = ""
    env: dict[str, str] = field(default_factory=dict)
    tree: FileTree = field(default_factory=FileTree)
    name: str = "sh"
    """`$0`: the shell as messages call it."""
    pid: int = 1
    interactive: bool = False
    argv: tuple[str, ...] = ()
    """The command, when no shell is between."""
    pc: int = 0
    status: int = 0
    last_status: int = 0
    """The status before a builtin that may hand it on (`exit`, `return`)."""
    hidden: dict[str, None] = field(default_factory=dict)
    """Variables that are not exported."""
    args: list[str] = field(default_factory=list)
    directory: str = "/"
    functions: dict[str, list[Any]] = field(default_factory=dict)
    """Name → [script, position]."""
    traps: dict[str, str] = field(default_factory=dict)
    caught: list[str] = field(default_factory=list)
    """Signals whose trap has still to run."""
    stack: list[Frame] = field(default_factory=list)
    values: list[list[Any]] = field(default_factory=list)
    """What command substitutions have printed, for the step that follows, and the status before each."""
    fds: dict[int, Sink] = field(default_factory=lambda: {1: [_OUT], 2: [_ERR]})
    input: str = ""
    buffers: list[str] = field(default_factory=list)
    stops_on_error: bool = False
    jobs: int = 0
    """How many jobs have been started in the background."""
    steps: int = 0
    written: int = 0
    pending: list[tuple[int, str]] = field(default_factory=list)
    """(descriptor, text) written since the caller took it."""
    started: list["Machine"] = field(default_factory=list)
    """Jobs that have begun since the caller took them."""
    placed: Callable[[str], str] = str
    """A file's text with the values that are filled in when it is read; lent by who runs the machine, and no part of its state."""

    # The outside

    def run(self) -> Pause:
        for _ in range(_BUSY_STEPS):
            if self.steps >= _MAX_STEPS or self.written >= _MAX_WRITTEN:
                raise NotSimulated("a program of this size is not simulated")
            self.steps += 1
            try:
                pause = self._step()
            except SyntaxProblem as problem:
                self.say(2, f"{self.name}: {problem}\n")
                pause = self._fatal(2)
            except ParameterUnset as problem:
                self.say(2, f"{self.name}: {problem}\n")
                pause = self._fatal(2)
            if pause is not None:
                return pause
        return Pause("busy", cpu_milli=1000)

    def answer(self, status: int, lines: Sequence[str], *, errors: bool = False) -> None:
        """The outcome of an `ask`: the program goes on with it."""
        self.status = status
        for line in lines:
            self.say(2 if errors else 1, f"{line}\n")
        self.resume()

    def feed(self, line: str) -> None:
        """The next line of a session: the shell goes on with it."""
        self.script, self.pc, self.stack, self.values = line, 0, [], []
        self.fds = {1: [_OUT], 2: [_ERR]}
        self.buffers.clear()
        self.steps = self.written = 0

    def signal(self, name: str) -> bool:
        """Whether a trap will deal with a signal; the first process ignores what it does not handle."""
        if name in self.traps:
            if self.traps[name]:
                self.caught.append(name)
            return True
        return False

    def take(self) -> list[tuple[int, str]]:
        """What has been written since the last time."""
        found, self.pending = self.pending, []
        return found

    def take_lines(self) -> list[str]:
        text = "".join(text for _, text in self.take())
        return text.removesuffix("\n").split("\n") if text else []

    def signature(self, counters: frozenset[str]) -> tuple[object, ...]:
        """Everything that decides what happens next."""
        env = tuple((name, value) for name, value in self.env.items() if name not in counters)
        stack = tuple((frame["kind"], frame.get("pc", 0), tuple(frame.get("items", ()))) for frame in self.stack)
        return (
            self.script,
            self.pc,
            self.status,
            env,
            tuple(self.tree.own.items()),
            stack,
            repr(self.values),
            self.input,
        )

    def dump(self) -> dict[str, Any]:
        return {
            "script": self.script,
            "env": dict(self.env),
            "own": dict(self.tree.own),
            "name": self.name,
            "pid": self.pid,
            "interactive": self.interactive,
            "argv": list(self.argv),
            "pc": self.pc,
            "status": self.status,
            "last_status": self.last_status,
            "hidden": list(self.hidden),
            "args": list(self.args),
            "directory": self.directory,
            "functions": {name: list(place) for name, place in self.functions.items()},
            "traps": dict(self.traps),
            "caught": list(self.caught),
            "stack": [_copied(frame) for frame in self.stack],
            "values": list(self.values),
            "fds": [[fd, _copied(sink)] for fd, sink in self.fds.items()],
            "input": self.input,
            "buffers": list(self.buffers),
            "stops_on_error": self.stops_on_error,
            "jobs": self.jobs,
            "steps": self.steps,
            "written": self.written,
        }

    @classmethod
    def load(cls, state: dict[str, Any], image: Image, tree: FileTree) -> "Machine":
        """`tree` gets the changes of the state."""
        tree.own = dict(state["own"])
        rest = {name: _copied(value) for name, value in state.items() if name not in ("own", "hidden", "fds", "argv")}
        return cls(
            image=image,
            tree=tree,
            hidden=dict.fromkeys(state["hidden"]),
            fds={fd: _copied(sink) for fd, sink in state["fds"]},
            argv=tuple(state["argv"]),
            **rest,
        )

    # What commands use

    def say(self, fd: int, text: str) -> None:
        self.written += len(text)
        self._pour(self.fds.get(fd, [_NULL]), text)

    def read_input(self) -> str:
        text, self.input = self.input, ""
        return text

    def path(self, text: str) -> str:
        return absolute(text, self.directory)

    def value(self, name: str) -> str | None:
        match name:
            case "?":
                return str(self.status)
            case "$":
                return str(self.pid)
            case "#":
                return str(len(self.args))
            case "!":
                return str(100 + self.jobs) if self.jobs else ""
            case "0":
                return self.name
            case "-":
                return "i" if self.interactive else ""
            case "RANDOM":
                return str((self.steps * 1_103_515_245 + 12_345) >> 4 & 32_767)
            case "PWD":
                return self.directory
        if name.isdigit():
            place = int(name) - 1
            return self.args[place] if place < len(self.args) else None
        return self.env.get(name)

    def set_value(self, name: str, value: str) -> None:
        if name not in self.env:
            self.hidden[name] = None
        self.env[name] = value

    def exported(self) -> dict[str, str]:
        return {name: value for name, value in self.env.items() if name not in self.hidden}

    def positional(self) -> Sequence[str]:
        return self.args

    def matching(self, wanted: str) -> list[str]:
        return shell_expansion.glob(wanted, self.directory, self.tree.names)

    def substitute(self, script: str) -> str:
        """A command inside `${…}` or `$(( ))`, which must not take time."""
        child = Machine.load(self.dump(), self.image, FileTree(self.tree.base, {}, self.tree.setting, self.tree.seen))
        child.feed(script)
        child.fds[1] = [_PIPE, 0]
        child.buffers = [""]
        if child.run().kind != "exit":
            raise NotSimulated(f"$({script}) is not simulated inside another expansion")
        return child.buffers[0].rstrip("\n")

    # Sinks

    def _pour(self, sink: Sink, text: str) -> None:
        match sink[0]:
            case "out" | "err":
                self.pending.append((1 if sink[0] == _OUT else 2, text))
            case "file":
                self.tree.put(sink[1], (self.tree.read(sink[1]) or "") + text)
            case "buffer":
                self.buffers[sink[1]] += text
            case "tee":
                for path in sink[1]:
                    self.tree.put(path, (self.tree.read(path) or "") + text)
                self._pour(sink[2], text)

    def _open(self, redirects: Sequence[Redirect], captured: Sequence[str]) -> bool:
        """Whether all could be opened; says why not."""
        for one in redirects:
            text = one_text(one.word, self, captured)
            if one.mode == "<<":
                self.input = text
            elif one.mode == "dup":
                self.fds[one.fd] = [_NULL] if text == "-" else self.fds.get(int(text), [_NULL])
            elif one.mode == "<":
                content = "" if text == "/dev/null" else self.tree.read(self.path(text))
                if content is None:
                    return self._cannot("open", text, "no such file" if self._is_ash() else "No such file or directory")
                self.input = content
            elif not self._open_for_writing(one, text):
                return False
        return True

    def _open_for_writing(self, one: Redirect, text: str) -> bool:
        devices = {"/dev/null": [_NULL], "/dev/stdout": self.fds.get(1, [_OUT]), "/dev/stderr": self.fds.get(2, [_ERR])}
        devices.update(
            {
                "/proc/1/fd/1": [_OUT],
                "/proc/1/fd/2": [_ERR],
                "/proc/self/fd/1": [_OUT],
                "/proc/self/fd/2": [_ERR],
                "/dev/fd/1": [_OUT],
                "/dev/fd/2": [_ERR],
                "/dev/tty": [_OUT],
            }
        )
        if text in devices:
            self.fds[one.fd] = devices[text]
            return True
        path = self.path(text)
        kept = self.tree.read(path) if one.mode == ">>" else ""
        problem = self.tree.write(path, kept or "")
        if problem:
            if problem == "No such file or directory" and self._is_ash():
                problem = "nonexistent directory"
            return self._cannot("create", text, problem)
        self.fds[one.fd] = [_FILE, path]
        return True

    def _cannot(self, verb: str, path: str, why: str) -> bool:
        if self.name.rsplit("/", 1)[-1] == "bash":
            self.say(2, f"{self._prefix()}{path}: {why}\n")
        else:
            self.say(
                2,
                f"{self._prefix()}can't {verb} {path}: {why}\n"
                if self._is_ash()
                else f"{self._prefix()}cannot {verb} {path}: {why}\n",
            )
        self.status = 1
        return False

    def _is_ash(self) -> bool:
        return self.image.shell == "busybox"

    def _prefix(self) -> str:
        """How a shell begins a complaint: ash by its name, dash and bash with the line."""
        shell = self.name.rsplit("/", 1)[-1]
        if self._is_ash():
            return f"{shell if not self.name.startswith('/') else self.name}: "
        if self.interactive:
            return f"{shell}: " if shell == "bash" else f"{shell}: 1: "
        return f"{shell}: line 1: " if shell == "bash" else f"{shell}: 1: "

    def not_found(self, program: str) -> None:
        bash = not self._is_ash() and self.name.rsplit("/", 1)[-1] == "bash"
        said = ("No such file or directory" if "/" in program else "command not found") if bash else "not found"
        self.say(2, f"{self._prefix()}{program}: {said}\n")
        self.status = 127

    # Steps

    def _step(self) -> Pause | None:
        if self.caught:
            return self._run_trap(self.caught.pop(0))
        if self.argv and not self.script:
            return self._only_command()
        ops = compile_script(self.script)
        if self.pc >= len(ops):
            return self._end(self.status)
        op = ops[self.pc]
        self.pc += 1
        return self._do(op)

    def _only_command(self) -> Pause | None:
        """A program that no shell has started: it runs, and the process is over."""
        if self.pc:
            return self._end(self.status)
        if self._must_look(self.argv):
            return Pause("look")
        self.pc = 1
        return self._command(list(self.argv))

    def _do(self, op: Op) -> Pause | None:
        match op.kind:
            case "run":
                return self._run(op)
            case "jump":
                self.pc = op.target
            case "jump_ok":
                self.pc = op.target if self.status == 0 else self.pc
            case "jump_fail":
                self.pc = op.target if self.status != 0 else self.pc
            case "not":
                self.status = int(self.status == 0)
            case "succeed":
                self.status = 0
            case "function":
                self.functions[op.name] = [self.script, self.pc]
                self.pc, self.status = op.target, 0
            case "return":
                self._return()
            case "job":
                self._start_job(op)
            case "job_end":
                return self._end(self.status)
            case _:
                return self._structure(op)
        return None

    def _structure(self, op: Op) -> Pause | None:
        if len(self.stack) > _MAX_STACK:
            raise NotSimulated("a program of this depth is not simulated")
        match op.kind:
            case "capture":
                self._push("capture", subshell=True, pc=op.target, status=self.status)
                self._buffer()
            case "subshell":
                self._push("subshell", subshell=True, pc=op.target)
            case "pipe" | "tee":
                self._push("pipe", subshell=True, pc=self.pc)
                self._to_next(op)
            case "pipe_next" | "tee_next":
                self._unwind("pipe")
                self._from_previous()
                if op.kind == "tee_next" or compile_script(self.script)[self._next_stage(self.pc)].kind != "pipe_end":
                    self._to_next(op)
            case "pipe_end":
                self._unwind("pipe")
                self._pop()
            case "loop":
                self._push("loop")
            case "leave":
                while self.stack and self._pop()["kind"] not in ("loop", "for"):
                    pass
            case "loop_again":
                self._unwind("loop")
            case "loop_end" | "for_end":
                self._unwind("loop" if op.kind == "loop_end" else "for")
                self._pop()
                if op.kind == "loop_end":
                    self.status = 0
            case "capture_end" | "subshell_end":
                self._leave_subshell()
            case "redirect_end" | "case_end":
                self._unwind("redirect" if op.kind == "redirect_end" else "case")
                self._pop()
            case _:
                return self._with_words(op)
        return None

    def _with_words(self, op: Op) -> Pause | None:
        if op.kind == "for_next":
            self._unwind("for")
            items = self.stack[-1]["items"]
            if items:
                self.set_value(op.name, items.pop(0))
            else:
                self.pc = op.target
            return None
        if self._must_look(self._paths_in(op)):
            self.pc -= 1
            return Pause("look")
        captured = self._captured(op)
        match op.kind:
            case "for":
                self._push("for", items=[text for word in op.words for text in fields(word, self, captured)])
                self.status = 0
            case "case":
                self._push("case", subject=one_text(op.words[0], self, captured))
                self.status = 0
            case "case_try":
                wanted = [pattern(word, self, captured) for word in op.words]
                if not any(shell_expansion.fits(self.stack[-1]["subject"], one) for one in wanted):
                    self.pc = op.target
            case "redirect":
                self._push("redirect")
                if not self._open(op.redirects, captured):
                    self._skip_to("redirect_end")
        return None

    # Pipes. While a stage runs, `buffers[-1]` collects its output; the last stage writes where the whole pipeline does.

    def _buffer(self) -> None:
        self.buffers.append("")
        self.fds[1] = [_PIPE, len(self.buffers) - 1]

    def _to_next(self, op: Op) -> None:
        if op.kind.startswith("tee"):
            words = [text for word in op.words for text in fields(word, self)]
            paths = [self.path(text) for text in words if not text.startswith("-")]
            for path in paths:
                if "-a" not in words and path != "/dev/null":
                    self.tree.write(path, "")
            self.fds[1] = [_TEE, paths, self.fds[1]]
        else:
            self._buffer()

    def _from_previous(self) -> None:
        """The next stage reads what the one before has written, in a shell of its own."""
        frame = self.stack[-1]
        text = self.buffers.pop()
        status = self.status
        self._restore(frame)
        self.input = text
        self.status = status
        frame["pc"] = self.pc

    def _next_stage(self, start: int) -> int:
        """Where the next command of the pipeline begins that runs from `start`, or where the pipeline ends."""
        depth = 0
        for place, op in enumerate(compile_script(self.script)[start:], start=start):
            if op.kind in ("pipe", "tee"):
                depth += 1
            elif depth == 0 and op.kind in ("pipe_next", "tee_next", "pipe_end"):
                return place
            elif op.kind == "pipe_end":
                depth -= 1
        return start

    # Frames

    def _push(self, kind: str, *, subshell: bool = False, **more: Any) -> None:
        frame: Frame = {
            "kind": kind,
            "fds": [[fd, sink] for fd, sink in self.fds.items()],
            "input": self.input,
            "buffers": len(self.buffers),
            "script": self.script,
            **more,
        }
        if subshell:
            frame.update(env=dict(self.env), hidden=list(self.hidden), directory=self.directory, args=list(self.args))
        self.stack.append(frame)

    def _restore(self, frame: Frame) -> None:
        self.fds = dict(frame["fds"])
        if frame["kind"] in ("redirect", "capture", "pipe", "call"):
            self.input = frame["input"]
        if "env" in frame:
            self.env, self.hidden = dict(frame["env"]), dict.fromkeys(frame["hidden"])
            self.directory, self.args = frame["directory"], list(frame["args"])
        self._take_back(frame.get("saved", []))
        del self.buffers[frame["buffers"] :]

    def _pop(self) -> Frame:
        frame = self.stack.pop()
        if frame["kind"] in ("redirect", "pipe", "capture", "subshell"):
            self._restore(frame)
        return frame

    def _unwind(self, kind: str) -> None:
        """Leaves what lies inside the nearest frame of a kind, as `break` and `continue` do."""
        while self.stack and self.stack[-1]["kind"] != kind:
            self._pop()

    def _skip_to(self, kind: str) -> None:
        depth = 0
        for place, op in enumerate(compile_script(self.script)[self.pc :], start=self.pc):
            depth += op.kind == "redirect"
            if op.kind == kind:
                if depth == 0:
                    self.pc = place
                    return
                depth -= 1

    def _leave_subshell(self) -> None:
        status = self.status
        while self.stack[-1]["kind"] not in ("capture", "subshell"):
            self._pop()
        frame = self.stack[-1]
        text = self.buffers[frame["buffers"]] if frame["kind"] == "capture" else ""
        self._pop()
        if frame["kind"] == "capture":
            self.values.append([text.rstrip("\n"), frame["status"]])
        self.status = status

    def _captured(self, op: Op) -> list[str]:
        if not op.captures:
            return []
        found = self.values[-op.captures :]
        del self.values[-op.captures :]
        self.last_status, self.status = self.status, found[0][1]
        return [text for text, _ in found]

    def _return(self) -> None:
        while self.stack:
            frame = self.stack.pop()
            if frame["kind"] in ("call", "trap"):
                self.script, self.pc = frame["script"], frame["pc"]
                if frame["kind"] == "call":
                    self._restore(frame)
                    self.args = frame["args"]
                else:
                    self.status = frame["status"]
                return
            self._restore(frame)

    # Ends

    def _end(self, code: int) -> Pause | None:
        """The end of a script, or `exit`: of a subshell, of a script inside, or of the process."""
        while self.stack:
            frame = self.stack[-1]
            if frame["kind"] in ("capture", "subshell"):
                self.status = code
                self._leave_subshell()
                self.script, self.pc = frame["script"], frame["pc"] + 1
                return None
            if frame["kind"] == "pipe":
                self.status, self.script = code, frame["script"]
                self.pc = self._next_stage(frame["pc"])
                return None
            if frame["kind"] == "script" and "EXIT" in self.traps:
                self._run_exit_trap(code)
                return None
            self.stack.pop()
            if frame["kind"] in ("script", "call", "trap"):
                self._restore(frame)
                self.script, self.pc = frame["script"], frame["pc"]
                if frame["kind"] == "script":
                    self.name, self.traps = frame["name"], frame["traps"]
                self.status = frame["status"] if frame["kind"] == "trap" else code
                return None
            self._restore(frame)
        if "EXIT" in self.traps:
            self._run_exit_trap(code)
            return None
        return Pause("exit", code=code)

    def _run_exit_trap(self, code: int) -> None:
        self.script, self.pc = f"{self.traps.pop('EXIT')}\nexit {code}", 0

    def exit(self, code: int) -> Pause | None:
        while self.stack and self.stack[-1]["kind"] in ("call", "trap"):
            self._restore(self.stack.pop())
        return self._end(code & 255)

    def _fatal(self, code: int) -> Pause | None:
        self.status = code
        if self.interactive:
            self.pc, self.stack, self.fds = 1 << 30, [], {1: [_OUT], 2: [_ERR]}
            return Pause("exit", code=code)
        self.pc = max(self.pc, 1)
        return (
            Pause("exit", code=code)
            if not any(f["kind"] in ("script", "capture", "subshell") for f in self.stack)
            else self.exit(code)
        )

    def _run_trap(self, name: str) -> Pause | None:
        self._push("trap", script=self.script, pc=self.pc, status=self.status)
        self.script, self.pc = self.traps[name], 0
        return None

    def _start_job(self, op: Op) -> None:
        self.jobs += 1
        child = Machine.load(self.dump(), self.image, self.tree)
        child.tree = self.tree
        child.stack, child.pid, child.traps = [], 100 + self.jobs, {}
        child.fds = {fd: sink if sink[0] not in (_PIPE,) else [_OUT] for fd, sink in self.fds.items()}
        child.jobs = 0
        self.started.append(child)
        self.pc, self.status = op.target, 0

    # Simple commands

    def _run(self, op: Op) -> Pause | None:
        if self._must_look(self._paths_in(op)):
            self.pc -= 1
            return Pause("look")
        captured = self._captured(op)
        argv = [text for word in op.words for text in fields(word, self, captured)]
        before = (dict(self.fds), self.input)
        if op.redirects and not self._open(op.redirects, captured):
            self.fds, self.input = before
            return self._check(op)
        if not argv:
            after = self.last_status if op.captures else 0
            for name, word in op.assigns:
                self.set_value(name, one_text(word, self, captured))
            self.status = after
            if op.redirects:
                self.fds, self.input = before
            return self._check(op)
        saved = self._assign_for_command(op, captured)
        pause = self._command(argv)
        if pause is not None and pause.kind in ("ask", "sleep", "wait") and (op.redirects or saved):
            self.stack.append(
                {
                    "kind": "after",
                    "fds": [[fd, sink] for fd, sink in before[0].items()],
                    "input": before[1],
                    "buffers": len(self.buffers),
                    "saved": saved,
                }
            )
            return pause
        if op.redirects and not (argv[0] == "exec" and len(argv) == 1) and not self._entered():
            self.fds = before[0]
            if any(one.fd == 0 for one in op.redirects):
                self.input = before[1]
        if saved and self._entered():
            self.stack[-1]["saved"] = saved
        else:
            self._take_back(saved)
        return pause or self._check(op)

    def _entered(self) -> bool:
        """A function or an inner script has begun, and keeps the redirections until it ends."""
        return (
            bool(self.stack)
            and self.stack[-1]["kind"] in ("call", "script")
            and self.pc == self.stack[-1].get("entry", -1)
        )

    def _assign_for_command(self, op: Op, captured: Sequence[str]) -> list[list[str | None]]:
        """`NAME=value command`: for this command only."""
        saved: list[list[str | None]] = []
        for name, word in op.assigns:
            saved.append([name, self.env.get(name)])
            self.env[name] = one_text(word, self, captured)
        return saved

    def _take_back(self, saved: list[list[str | None]]) -> None:
        for name, value in saved:
            if value is None:
                self.env.pop(str(name), None)
            else:
                self.env[str(name)] = value

    def _after_command(self) -> None:
        """A command that took time is over: its redirections and variables go."""
        if self.stack and self.stack[-1]["kind"] == "after":
            frame = self.stack.pop()
            self.fds = dict(frame["fds"])
            self.input = frame["input"]
            self._take_back(frame["saved"])

    def resume(self) -> None:
        """The time of a `sleep` or `wait` is over."""
        self._after_command()
        self.tree.seen = None

    def _check(self, op: Op) -> Pause | None:
        if self.stops_on_error and self.status and not op.tested:
            return self.exit(self.status)
        return None

    def _command(self, argv: list[str]) -> Pause | None:
        name = argv[0]
        if name in ("exec", "command", "nohup", "builtin", "time") and len(argv) > 1 and not argv[1].startswith("-"):
            return self._command(argv[1:])
        if name == "timeout" and len(argv) > 2 and not argv[1].startswith("-"):
            return self._command(argv[2:])
        if name in self.functions:
            return self._call(argv)
        if name in BUILTINS and (not self.argv or name in ("true", "false", "test", "[", "pwd")):
            self.last_status, self.status = self.status, 0
            return BUILTINS[name](self, argv[1:])
        server = self.image.server(tuple(argv))
        if server is not None:
            return Pause("serve", server=server, argv=tuple(argv))
        program = name.rsplit("/", 1)[-1]
        if "/" in name and not has_program(self.image, program):
            return self._script_file(argv)
        if not has_program(self.image, program):
            self.not_found(name)
            return None
        return self._program(program, argv)

    def _program(self, program: str, argv: list[str]) -> Pause | None:
        self.status = 0
        if program in SHELLS:
            return self.shell(argv)
        pause = long_running(self, program, argv)
        if pause is not None:
            return pause
        if program in COMMANDS:
            self.status = COMMANDS[program](self, argv[1:])
            return None
        if program in _INTERPRETERS and len(argv) == 1:
            return None
        if program in ASKED or is_client(self.image, program):
            return Pause("ask", argv=(program, *argv[1:]))
        raise NotSimulated(f"{' '.join(argv)} is not simulated")

    def _script_file(self, argv: list[str]) -> Pause | None:
        text = self.tree.read(self.path(argv[0]))
        if text is None:
            self.not_found(argv[0])
            return None
        return self._enter(text, argv[0], argv[1:])

    def shell(self, argv: list[str]) -> Pause | None:
        """`sh -c script name args`, `sh file args`, or a shell that reads its input."""
        script, name, args = shell_words(argv)
        if script is None and not args and self.tree.setting.interactive and self.pid == 1 and not self.input:
            return Pause("forever")
        self.stops_on_error = self.stops_on_error or stops_on_error(argv)
        if script is None and args:
            name, args = args[0], args[1:]
            script = self.tree.read(self.path(name))
            if script is None:
                self.say(
                    2,
                    f"{argv[0]}: can't open '{name}': No such file or directory\n"
                    if self._is_ash()
                    else f"{argv[0]}: 0: cannot open {name}: No such file\n",
                )
                self.status = 2
                return None
        return self._enter(self.read_input() if script is None else script, name, args)

    def _enter(self, script: str, name: str, args: list[str]) -> Pause | None:
        self._push(
            "script", subshell=True, script=self.script, pc=self.pc, name=self.name, traps=dict(self.traps), entry=0
        )
        for hidden in list(self.hidden):
            self.env.pop(hidden, None)
        self.hidden = {}
        self.script, self.pc, self.name, self.args, self.traps = script, 0, name, args, {}
        self.argv = () if self.script else self.argv
        if not script:
            self._end(0)
        return None

    def _call(self, argv: list[str]) -> Pause | None:
        script, place = self.functions[argv[0]]
        self._push("call", script=self.script, pc=self.pc, args=self.args, entry=place)
        self.script, self.pc, self.args = script, place, argv[1:]
        return None

    def call_script(self, script: str) -> None:
        """Another script in this shell: `eval`, `.`."""
        self._push("call", script=self.script, pc=self.pc, args=self.args, entry=0)
        self.script, self.pc = script, 0

    def return_now(self) -> None:
        status = self.status
        self._return()
        self.status = status

    def has(self, program: str) -> bool:
        return has_program(self.image, program.rsplit("/", 1)[-1])

    # Volumes that others write to

    def _must_look(self, texts: Sequence[str]) -> bool:
        if self.tree.seen is not None or not any(mount.shared for mount in self.tree.setting.mounts):
            return False
        shared = [mount.path for mount in self.tree.setting.mounts if mount.shared]
        return self.tree.is_shared(self.directory) or any(place in text for text in texts for place in shared)

    def _paths_in(self, op: Op) -> list[str]:
        words: list[Word] = [*op.words, *(one.word for one in op.redirects)]
        texts = []
        for word in words:
            for part in word:
                if part[0] == "lit":
                    texts.append(str(part[1]))
                elif part[0] == "var":
                    texts.append(self.value(str(part[1])) or "")
        return texts


def shell_words(argv: list[str]) -> tuple[str | None, str, list[str]]:
    """(script, `$0`, arguments) of `sh …`; no script: it is a file, or comes on standard input."""
    rest = argv[1:]
    has_script = False
    while rest and rest[0][:1] in "-+" and rest[0] not in ("-", "--"):
        option = rest.pop(0)
        if option in ("-o", "+o") and rest:
            rest.pop(0)
        has_script = has_script or (not option.startswith("--") and "c" in option)
        if option.startswith("-") and option.endswith("o") and len(option) > 2 and rest:
            rest.pop(0)
    if has_script and rest:
        return rest[0], rest[1] if len(rest) > 1 else argv[0], rest[2:]
    return None, argv[0], rest


def stops_on_error(argv: Sequence[str]) -> bool:
    """`sh -ec …`."""
    return any(word.startswith("-") and "c" in word and "e" in word for word in argv[1:2])


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(inner) for inner in value]
    return value


Program = Callable[[Machine, list[str]], int]
