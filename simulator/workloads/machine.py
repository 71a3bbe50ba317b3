"""Runs a compiled script: a position, variables and files, advanced until something takes time.

Promises: `Machine.run` is a pure function of the machine's state, so a program stopped at a pause and resumed later,
even after a restore, goes on as if nothing had happened. It knows neither clock nor network: time is handed out as a
pause, and a question to the network is handed out as a pause too.
"""

import re
from dataclasses import dataclass, field
from itertools import pairwise

from simulator.workloads.image_catalog import Image, Server
from simulator.workloads.shell_scripts import NotSimulated, Op, Word, compile_script
from simulator.workloads.small_programs import (
    arithmetic,
    date_text,
    echo_lines,
    is_true,
    number,
    pi_digits,
    printf_lines,
    seconds_us,
)

_BUSY_STEPS = 20_000
#: What one program may cost to work out, ever: steps, and characters of output and variables.
_MAX_STEPS = 200_000
_MAX_WRITTEN = 1_000_000
_MAX_WORD = 32_768
_MAX_SEQ = 10_000
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
_BUILTIN = frozenset(
    {
        "echo",
        "sleep",
        "exit",
        "true",
        "false",
        ":",
        "cat",
        "touch",
        "rm",
        "date",
        "hostname",
        "env",
        "printenv",
        "test",
        "[",
    }
)
_BUILTIN_TOO = frozenset(
    {
        "printf",
        "mkdir",
        "tail",
        "seq",
        "set",
        "trap",
        "wait",
        "export",
        "exec",
        "ls",
        "pwd",
        "whoami",
        "id",
        "uname",
        "yes",
    }
)
_NETWORK = frozenset({"nslookup", "wget", "curl", "nc", "ping", "getent", "dig"})
_CLIENTS = frozenset(
    {"redis-cli", "pg_isready", "psql", "mysqladmin", "mysql", "mariadb-admin", "healthcheck.sh", "mongosh", "etcdctl"}
)
_IN_BUSYBOX = _BUILTIN | _BUILTIN_TOO | {"nslookup", "wget", "nc", "ping", "sh", "ash"}
_IN_FULL = (_BUILTIN | _BUILTIN_TOO | {"sh", "bash", "dash", "getent"}) - {"ash"}


@dataclass(frozen=True, slots=True)
class Pause:
    """Why the machine stopped: `sleep` (us), `exit` (code), `forever`, `serve` (server), `ask` (argv), `memory` (bytes), `busy`."""

    kind: str
    us: int = 0
    code: int = 0
    argv: tuple[str, ...] = ()
    server: Server | None = None
    bytes: int = 0
    cpu_milli: int = 0


@dataclass(slots=True)
class Machine:
    ops: tuple[Op, ...]
    image: Image
    env: dict[str, str]
    pc: int = 0
    status: int = 0
    files: dict[str, str] = field(default_factory=dict)
    out: list[str] = field(default_factory=list)
    """Lines written since the caller took them."""
    steps: int = 0
    written: int = 0
    traps: bool = False
    """The script handles SIGTERM."""

    def run(self) -> Pause:
        for _ in range(_BUSY_STEPS):
            if self.steps >= _MAX_STEPS or self.written >= _MAX_WRITTEN:
                raise NotSimulated("a program of this size is not simulated")
            self.steps += 1
            if self.pc >= len(self.ops):
                return Pause("exit", code=self.status)
            op = self.ops[self.pc]
            self.pc += 1
            pause = self._do(op)
            if pause is not None:
                return pause
        return Pause("busy", cpu_milli=1000)

    def answer(self, status: int, lines: tuple[str, ...]) -> None:
        """The outcome of an `ask`: the program goes on with it."""
        self.status = status
        self.out.extend(lines)

    def _do(self, op: Op) -> Pause | None:
        match op.kind:
            case "run":
                return self._run([self.expand(word) for word in op.words], op.redirect)
            case "assign":
                self.env[op.name] = self.expand(op.words[0])
                self.status = 0
            case "not":
                self.status = int(self.status == 0)
            case "jump":
                self.pc = op.target
            case "jump_ok" if self.status == 0:
                self.pc = op.target
            case "jump_fail" if self.status != 0:
                self.pc = op.target
        return None

    # Words

    def expand(self, word: Word) -> str:
        text = "".join(part if isinstance(part, str) else self._part(part) for part in word)[:_MAX_WORD]
        self.written += len(text)
        return text

    def _part(self, part: tuple[str, str]) -> str:
        kind, text = part
        match kind:
            case "var":
                return str(self.status) if text == "?" else "1" if text == "$" else self.env.get(text, "")
            case "default":
                name, _, fallback = text.partition(":-")
                return self.env.get(name) or fallback
            case "arith":
                return str(arithmetic(text, self.env))
        return self._substitute(text.strip())

    def _substitute(self, command: str) -> str:
        """`$(command)`: only what prints one value at once."""
        words = command.split()
        if words[:1] == ["date"]:
            return date_text(words[1:])
        if words in (["hostname"], ["hostname", "-s"], ["uname", "-n"]):
            return self.env.get("HOSTNAME", "")
        if words[:1] == ["cat"] and len(words) == 2 and words[1] in self.files:
            return self.files[words[1]].rstrip("\n")
        if words[:1] == ["echo"]:
            return " ".join(words[1:])
        raise NotSimulated(f"$({command}) is not simulated")

    # Commands

    def _run(self, argv: list[str], redirect: tuple[str, Word] | None) -> Pause | None:
        before = len(self.out)
        self.status = 0
        pause = self._command(argv) if argv else None
        if redirect is not None:
            self._redirect(redirect[0], self.expand(redirect[1]), self.out[before:])
            if redirect[0] != "tee":
                del self.out[before:]
        return pause

    def _redirect(self, mode: str, path: str, lines: list[str]) -> None:
        if path.startswith("/dev/") and path != "/dev/termination-log":
            if path in ("/dev/stdout", "/dev/stderr", "/proc/1/fd/1"):
                self.out.extend(lines)
            return
        text = "".join(f"{line}\n" for line in lines)
        self.files[path] = self.files.get(path, "") + text if mode == ">>" else text

    def _command(self, argv: list[str]) -> Pause | None:
        if argv[0] in ("exec", "command", "nohup") and len(argv) > 1:
            return self._command(argv[1:])
        program = argv[0].rsplit("/", 1)[-1]
        if program == "exit":
            return Pause("exit", code=number(argv[1] if len(argv) > 1 else "0") & 255)
        if (server := self.image.server(tuple(argv))) is not None:
            return Pause("serve", server=server, argv=tuple(argv))
        if not has_program(self.image, program):
            self.out.append(f"sh: {argv[0]}: not found")
            self.status = 127
            return None
        return self._known(program, argv)

    def _known(self, program: str, argv: list[str]) -> Pause | None:
        rest = argv[1:]
        match program:
            case "sleep":
                return Pause("sleep", us=seconds_us(rest))
            case "tail" if "-f" in rest or "-F" in rest:
                return Pause("forever")
            case "stress":
                return _stress(rest, self.out)
            case "perl" if (wanted := re.search(r"bpi\((\d{1,4})\)", " ".join(rest))) is not None:
                self.out.append(pi_digits(int(wanted.group(1))))
                return Pause("sleep", us=4_000_000, cpu_milli=1000)
            case "python3" | "python" if rest[:2] == ["-m", "http.server"]:
                return Pause("serve", argv=tuple(argv))
            case "yes":
                return Pause("busy", cpu_milli=1000)
            case _ if program in _SHELLS:
                return self._shell(rest)
            case _ if program in _NETWORK or program in _CLIENTS or program in self.image.programs:
                return Pause("ask", argv=(program, *rest))
        self._simple(program, rest)
        return None

    def _shell(self, rest: list[str]) -> Pause | None:
        """A shell inside the shell goes on in place of it, which is what `exec` would do."""
        ops = shell_ops(rest)
        if ops is None:
            return None
        self.ops, self.pc = (*ops, Op("jump", target=len(ops) + 1)), 0
        return None

    def _simple(self, program: str, rest: list[str]) -> None:
        match program:
            case "false":
                self.status = 1
            case "test" | "[":
                self.status = int(not is_true([word for word in rest if word != "]"], self.files))
            case "echo":
                self.out.extend(echo_lines(rest))
            case "printf":
                self.out.extend(printf_lines(rest))
            case "date":
                self.out.append(date_text(rest))
            case "hostname":
                self.out.append(self.env.get("HOSTNAME", ""))
            case "env" | "printenv":
                self._print_env(rest)
            case "cat":
                self._cat(rest)
            case "touch":
                self.files.update({path: self.files.get(path, "") for path in rest if not path.startswith("-")})
            case "rm":
                for path in rest:
                    self.files.pop(path, None)
            case "seq":
                numbers = [number(word) for word in rest] or [0]
                first = numbers[0] if len(numbers) > 1 else 1
                self.out.extend(str(one) for one in range(first, min(numbers[-1], first + _MAX_SEQ) + 1))
            case "trap":
                self.traps = self.traps or any(word in ("TERM", "SIGTERM", "15") for word in rest)
            case "whoami":
                self.out.append("root")
            case "pwd":
                self.out.append("/")
            case "ls":
                self.out.extend(
                    sorted(
                        {
                            path.rsplit("/", 1)[-1]
                            for path in self.files
                            if any(path.startswith(where) for where in rest or ["/"])
                        }
                    )
                )
            case "export":
                self.env.update(dict(word.split("=", 1) for word in rest if "=" in word))
            case "mkdir" | "true" | ":" | "set" | "wait" | "id" | "uname" | "tail":
                pass
            case _:
                raise NotSimulated(f"{program} {' '.join(rest)}".strip() + " is not simulated")

    def _print_env(self, names: list[str]) -> None:
        if not names:
            self.out.extend(f"{name}={value}" for name, value in self.env.items())
        for name in names:
            if name in self.env:
                self.out.append(self.env[name])
            else:
                self.status = 1

    def _cat(self, paths: list[str]) -> None:
        for path in paths:
            if path in self.files:
                self.out.extend(self.files[path].splitlines())
            else:
                self.out.append(f"cat: can't open '{path}': No such file or directory")
                self.status = 1


def has_program(image: Image, program: str) -> bool:
    """Whether the executable is in the image's $PATH."""
    if program in image.programs:
        return True
    known = {"none": frozenset[str](), "busybox": _IN_BUSYBOX, "full": _IN_FULL}[image.shell]
    path = image.name.repository.rsplit("/", 1)[-1]
    return (
        program in known
        or (program in ("python3", "python") and path == "python")
        or (program == "node" and path == "node")
    )


def shell_ops(arguments: list[str]) -> tuple[Op, ...] | None:
    """What `sh <arguments>` runs; None when it only reads its empty standard input."""
    rest = [word for word in arguments if word not in ("-e", "-x", "-u", "-o", "pipefail", "-l", "-i")]
    for flag in ("-c", "-ec", "-xc", "-exc", "-ce", "-lc", "-euc", "-eux", "-cx"):
        if flag in rest and rest.index(flag) + 1 < len(rest):
            return compile_script(rest[rest.index(flag) + 1])
    if rest:
        raise NotSimulated(f"running the script {rest[0]} is not simulated")
    return None


def _stress(words: list[str], out: list[str]) -> Pause:
    options = dict(pairwise(words))
    hogs = {
        name: number(options.get(f"--{name}", options.get(f"-{name[0]}", "0"))) for name in ("cpu", "io", "vm", "hdd")
    }
    out.append(f"stress: info: [1] dispatching hogs: {', '.join(f'{count} {name}' for name, count in hogs.items())}")
    size = options.get("--vm-bytes") or "256M"
    scale = {"B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(size[-1].upper(), 1)
    each = number(size.rstrip("BKMGbkmg")) * scale
    seconds = seconds_us([options["--timeout"]]) if "--timeout" in options else 1 << 60
    return Pause("memory", bytes=each * hogs["vm"], cpu_milli=1000 * (hogs["cpu"] + hogs["vm"]), us=seconds)
