"""Runs a compiled script: a position, variables and files, advanced until something takes time.

Promises: `Machine.run` is a pure function of the machine's state, and that state is plain data (`dump`, `load`), so a program stopped
at a pause and resumed later, even after a restore, goes on as if nothing had happened. It knows neither clock nor network: time is
handed out as a pause, and so is a question to the network, to the kernel (`ps`), or to a volume that others write to.
"""

import json
import re
from collections.abc import Callable, Sequence

from simulator.workloads.commands import COMMANDS, agnhost
from simulator.workloads.commands.environment_programs import ASKED, READS_STDIN, has_program, is_client
from simulator.workloads.commands.long_running import long_running
from simulator.workloads.commands.repeating import xargs_script
from simulator.workloads.file_tree import FileTree
from simulator.workloads.machine_control import Control
from simulator.workloads.machine_state import ERR, OUT, PIPE
from simulator.workloads.pauses import ERRORS, FILE, STDIN, Pause
from simulator.workloads.shell_builtins import ABSENT_BUILTINS, BUILTINS
from simulator.workloads.shell_expansion import ParameterUnset, fields, one_text
from simulator.workloads.shell_scripts import NotSimulated, Op, compile_script
from simulator.workloads.shell_words import SyntaxProblem

_BUSY_STEPS = 20_000
#: What one program may cost to work out, ever: steps, and characters of output and variables.
_MAX_STEPS = 200_000
_MAX_WRITTEN = 1_000_000
#: Programs that read their standard input to its end when they are given nothing to do: it is empty.
_INTERPRETERS = frozenset({"python", "python3", "node", "perl", "irb", "ruby", "php", "jshell"})
SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})


class Machine(Control):
    __slots__ = ()

    # The outside

    def run(self) -> Pause:
        for _ in range(_BUSY_STEPS):
            if self.steps >= _MAX_STEPS or self.written >= _MAX_WRITTEN:
                raise NotSimulated("a program of this size is not simulated")
            self.steps += 1
            try:
                pause = self._step()
            except SyntaxProblem as problem:
                self._say_problem(str(problem))
                pause = self._fatal(2)
            except ParameterUnset as problem:
                self.complain(problem.said(self.dialect))
                pause = self._fatal(127 if self.dialect == "bash" else 2)
            if pause is not None:
                return pause
        return Pause("busy", cpu_milli=1000)

    def _say_problem(self, text: str) -> None:
        """dash counts lines and begins with a capital."""
        if self.dialect == "dash":
            self.complain(text[0].upper() + text[1:])
        else:
            self.say(2, f"{self.name}: {text}\n")

    def answer(self, status: int, lines: Sequence[str], *, errors: bool = False) -> None:
        """The outcome of an `ask`: the program goes on with it."""
        self.status = status
        for line in lines:
            if line[:1] == FILE:
                if not self._saved(*json.loads(line[1:])):
                    break
            elif line[:1] == ERRORS:
                self.say(2, f"{line[1:]}\n")
            else:
                self.say(2 if errors else 1, f"{line}\n")
        self.resume()

    def _saved(self, path: str, text: str, refusal: str, code: int, anew: bool) -> bool:
        """Writes what a program brought from elsewhere (`pauses.saved`)."""
        place = self.path(path)
        why = "File exists" if anew and self.tree.exists(place) else self.tree.write(place, text)
        if why:
            self.say(2, f"{refusal.format(why=why)}\n" if refusal else "")
            self.status = code
        return not why

    def feed(self, line: str) -> None:
        """The next line of a session: the shell goes on with it."""
        self.script, self.pc, self.stack, self.values = line, 0, [], []
        self.fds = {1: [OUT], 2: [ERR]}
        self.buffers.clear()
        self.steps = self.written = 0

    def resume(self) -> None:
        """The time of a `sleep` or `wait` is over."""
        self._after_command()
        self.tree.seen = None

    def substitute(self, script: str) -> str:
        """A command inside `${…}` or `$(( ))`, which must not take time."""
        tree = FileTree(self.tree.base, {}, self.tree.setting, self.tree.seen, projected=self.tree.projected)
        child = Machine.load(self.dump(), self.image, tree)
        child.feed(script)
        child.fds[1] = [PIPE, 0]
        child.buffers = [""]
        if child.run().kind != "exit":
            raise NotSimulated(f"$({script}) is not simulated inside another expansion")
        return child.buffers[0].rstrip("\n")

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

    def _start_job(self, op: Op) -> None:
        self.jobs += 1
        child = Machine.load(self.dump(), self.image, self.tree)
        child.tree = self.tree
        child.stack, child.pid, child.traps = [], 100 + self.jobs, {}
        child.fds = {fd: sink if sink[0] not in (PIPE,) else [OUT] for fd, sink in self.fds.items()}
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
                text = one_text(word, self, captured)
                if self.traces:
                    self.trace([(name, text)], (), before[0].get(2, [ERR]))
                self.set_value(name, text)
            self.status = after
            if op.redirects:
                self.fds, self.input = before
            return self._check(op)
        saved = self._assign_for_command(op, captured)
        if argv[0] == "env":
            argv = self._without_env(argv, saved)
        elif argv[0] == "xargs" and len(argv) > 1:
            argv = ["eval", xargs_script(argv[1:], self.read_input())]
        if self.traces:
            self.trace([(name, self.env[name]) for name, _ in op.assigns], argv, before[0].get(2, [ERR]))
        pause = self._command(argv)
        if op.tested and self._entered():
            self.stack[-1]["tested"] = True
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

    def _without_env(self, argv: list[str], saved: list[list[str | None]]) -> list[str]:
        """`env -i NAME=value command`: the command, with the variables set for as long as it runs; `env` itself without one."""
        words = argv[1:]
        while words and (words[0] in ("-i", "-u", "-") or re.match(r"[A-Za-z_]\w*=", words[0])):
            word = words.pop(0)
            gone = list(self.env) if word in ("-i", "-") else [words.pop(0)] if word == "-u" and words else []
            for name in gone:
                saved.append([name, self.env.pop(name, None)])
            name, is_set, value = word.partition("=")
            if is_set:
                saved.append([name, self.env.get(name)])
                self.env[name] = value
                self.hidden.pop(name, None)
        return words or ["env"]

    def _after_command(self) -> None:
        """A command that took time is over: its redirections and variables go."""
        if self.stack and self.stack[-1]["kind"] == "after":
            frame = self.stack.pop()
            self.fds = dict(frame["fds"])
            self.input = frame["input"]
            self._take_back(frame["saved"])

    def _check(self, op: Op) -> Pause | None:
        if self.stops_on_error and self.status and not op.tested and not self._is_tested():
            return self.exit(self.status)
        return None

    def _is_tested(self) -> bool:
        """Whether a function is under way whose own status is looked at (`f || …`): nothing in it ends the shell."""
        for frame in reversed(self.stack):
            if frame["kind"] == "script":
                return False
            if frame.get("tested"):
                return True
        return False

    # Programs

    def _command(self, argv: list[str]) -> Pause | None:
        name = argv[0]
        if name in ("exec", "command", "nohup", "builtin", "time") and len(argv) > 1 and not argv[1].startswith("-"):
            return self._command(argv[1:])
        if name == "timeout" and len(argv) > 2 and not argv[1].startswith("-"):
            return self._command(argv[2:])
        if name in self.functions:
            return self._call(argv)
        if name in ABSENT_BUILTINS[self.dialect] and not self.argv:
            self.not_found(name)
            return None
        if name in BUILTINS and (not self.argv or name in ("true", "false", "test", "[", "pwd")):
            self.last_status, self.status = self.status, 0
            return BUILTINS[name](self, argv[1:])
        server = self.image.server(tuple(argv))
        if server is not None:
            return Pause("serve", server=server, argv=tuple(argv))
        program = name.rsplit("/", 1)[-1]
        if self.image.is_stand_in and self.pid == 1 and not self._knows(name, program):
            return self._stand_in(argv)
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
        if program == "agnhost" and (script := agnhost.script(argv[1:])):
            return self._enter(script, argv[0], argv[1:])
        pause = long_running(self, program, argv)
        if pause is not None:
            return pause
        if program in COMMANDS:
            self.status = COMMANDS[program](self, argv[1:])
            return None
        if program in _INTERPRETERS and len(argv) == 1:
            return None
        if program in ASKED or is_client(self.image, program):
            given = (f"{STDIN}{self.read_input()}",) if program in READS_STDIN and self.input else ()
            return Pause("ask", argv=(program, *argv[1:], *given))
        raise NotSimulated(f"{' '.join(argv)} is not simulated")

    def _knows(self, name: str, program: str) -> bool:
        return has_program(self.image, program) or ("/" in name and self.tree.read(self.path(name)) is not None)

    def _stand_in(self, argv: list[str]) -> Pause | None:
        """A program of an image that nobody has described, started by the container's own script."""
        self.status = 0
        if self.tree.setting.ends:
            return None
        return Pause("serve", server=self.image.servers[0], argv=tuple(argv))

    def _script_file(self, argv: list[str]) -> Pause | None:
        text = self.tree.read(self.path(argv[0]))
        if text is None:
            self.not_found(argv[0])
            return None
        if not self.tree.is_executable(self.path(argv[0])):
            self.not_permitted(argv[0])
            return None
        return self._enter(text, argv[0], argv[1:])

    def shell(self, argv: list[str]) -> Pause | None:
        """`sh -c script name args`, `sh file args`, or a shell that reads its input."""
        script, name, args = shell_words(argv)
        if script is None and not args and self.tree.setting.interactive and self.pid == 1 and not self.input:
            return Pause("forever")
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
        return self._enter(self.read_input() if script is None else script, name, args, options_of(argv))

    def _enter(self, script: str, name: str, args: list[str], options: str = "") -> Pause | None:
        """A shell of its own, with its own `-e` and `-x`."""
        self._push(
            "script",
            subshell=True,
            script=self.script,
            pc=self.pc,
            name=self.name,
            traps=dict(self.traps),
            entry=0,
            options=[self.stops_on_error, self.traces, self.strict, self.pipefail],
        )
        self.stops_on_error, self.traces = "e" in options, "x" in options
        self.strict, self.pipefail = "u" in options, "P" in options
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


def options_of(argv: Sequence[str]) -> str:
    """Letters of a shell's own options: `sh -e -xc …`, `bash -o errexit script`."""
    letters, words = "", list(argv[1:])
    while words and words[0].startswith("-") and words[0] not in ("-", "--"):
        word = words.pop(0)
        if word.startswith("--"):
            continue
        letters += word[1:]
        if word.endswith("o") and words:
            letters += {"errexit": "e", "xtrace": "x", "nounset": "u", "pipefail": "P"}.get(words.pop(0), "")
    return letters


Program = Callable[[Machine, list[str]], int]
