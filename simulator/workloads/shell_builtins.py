"""The commands a shell carries out itself: `cd`, `export`, `read`, `test`, `trap`, `wait`, …

Follows POSIX.1-2017 Shell Command Language, 2.14, and the shells of small images (ash, dash, bash).
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from simulator.workloads.commands.patterns import compiled
from simulator.workloads.conditions import NUMBERS, Dialect, NoCondition, decide
from simulator.workloads.pauses import Pause
from simulator.workloads.shell_expansion import arithmetic, fits
from simulator.workloads.small_programs import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.workloads.machine import Machine

_SIGNALS = {"0": "EXIT", "1": "HUP", "2": "INT", "3": "QUIT", "15": "TERM", "10": "USR1", "12": "USR2"}


_LONG_OPTIONS = {"xtrace": "traces", "nounset": "strict", "pipefail": "pipefail"}


def _nothing(machine: Machine, words: list[str]) -> None:
    return None


def _false(machine: Machine, words: list[str]) -> None:
    machine.status = 1


def _cd(machine: Machine, words: list[str]) -> None:
    wanted = words[0] if words else machine.env.get("HOME", "/root")
    target = machine.env.get("OLDPWD", machine.directory) if wanted == "-" else machine.path(wanted)
    if machine.tree.is_dir(target):
        machine.env["OLDPWD"] = machine.directory
        machine.hidden["OLDPWD"] = None
        machine.directory = target
        return
    why = "Not a directory" if machine.tree.exists(target) else "No such file or directory"
    if machine.image.shell == "busybox":
        machine.say(2, f"{machine.name}: cd: can't cd to {wanted}: {why}\n")
    else:
        machine.say(
            2,
            f"{machine.name.rsplit('/', 1)[-1]}: line 1: cd: {wanted}: {why}\n"
            if machine.name.endswith("bash")
            else f"sh: 1: cd: can't cd to {wanted}\n",
        )
    machine.status = 1 if machine.name.endswith("bash") else 2


def _pwd(machine: Machine, words: list[str]) -> None:
    machine.say(1, f"{machine.directory}\n")


def _export(machine: Machine, words: list[str]) -> None:
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            machine.env[name] = value
        machine.hidden.pop(name, None)
    if not words:
        machine.say(1, "".join(f"export {name}='{value}'\n" for name, value in sorted(machine.exported().items())))


def _local(machine: Machine, words: list[str]) -> None:
    for word in words:
        name, equals, value = word.partition("=")
        if equals and not name.startswith("-"):
            machine.set_value(name, value)


def _unset(machine: Machine, words: list[str]) -> None:
    for name in words:
        machine.env.pop(name, None)
        machine.hidden.pop(name, None)
        machine.functions.pop(name, None)


def _set(machine: Machine, words: list[str]) -> Pause | None:
    rest = list(words)
    while rest and re.fullmatch(r"[-+][a-zA-Z]+", rest[0]):
        option = rest.pop(0)
        if "e" in option and not option.endswith("o"):
            machine.stops_on_error = option[0] == "-"
        if "x" in option:
            machine.traces = option[0] == "-"
        if "u" in option:
            machine.strict = option[0] == "-"
        if option[1:].endswith("o") and rest:
            name = rest.pop(0)
            if name == "errexit" or "e" in option[1:-1]:
                machine.stops_on_error = option[0] == "-"
            if name == "pipefail" and machine.dialect == "dash":
                machine.complain(f"set: Illegal option {option[0]}o pipefail")
                return machine.exit(2)
            if name in _LONG_OPTIONS:
                setattr(machine, _LONG_OPTIONS[name], option[0] == "-")
    if rest[:1] == ["--"]:
        rest.pop(0)
        machine.args = rest
    elif rest:
        machine.args = rest
    return None


def _shift(machine: Machine, words: list[str]) -> None:
    del machine.args[: number(words[0]) if words else 1]


def _read(machine: Machine, words: list[str]) -> None:
    names = [word for word in words if not word.startswith("-")] or ["REPLY"]
    if not machine.input:
        for name in names:
            machine.set_value(name, "")
        machine.status = 1
        return
    line, newline, machine.input = machine.input.partition("\n")
    parts = _parted(line, machine.value("IFS"), len(names))
    for place, name in enumerate(names):
        machine.set_value(name, parts[place] if place < len(parts) else "")
    machine.status = int(not newline)


def _parted(line: str, signs: str | None, count: int) -> list[str]:
    """A line for so many variables, the last of which gets the rest. `signs`: IFS."""
    if signs is None or (signs and not signs.strip(" \t\n")):
        return line.strip().split(None, count - 1)
    if signs == "":
        return [line]
    return re.split(f"[{re.escape(signs)}]", line, maxsplit=count - 1)


def _eval(machine: Machine, words: list[str]) -> None:
    _inner(machine, " ".join(words))


def _inner(machine: Machine, script: str) -> None:
    """Another script in the same shell."""
    if script.strip():
        machine.call_script(script)


def _source(machine: Machine, words: list[str]) -> Pause | None:
    path = words[0] if words else ""
    text = "" if path == "/dev/null" else machine.tree.read(machine.path(path)) if path else None
    if text is None:
        match machine.dialect:
            case "bash":
                machine.complain(f"{path}: No such file or directory")
            case "dash":
                machine.complain(f".: cannot open {path}: No such file")
            case _:
                machine.say(2, f"{machine.name}: {path}: not found\n")
        if machine.dialect == "dash":
            return machine.exit(2)
        machine.status = 1
        return None
    _inner(machine, text)
    return None


def _trap(machine: Machine, words: list[str]) -> None:
    rest = [word for word in words if word not in ("--", "-l", "-p")]
    if len(rest) < 2:
        return
    for signal in rest[1:]:
        name = _SIGNALS.get(signal, signal.upper().removeprefix("SIG"))
        if rest[0] == "-":
            machine.traps.pop(name, None)
        else:
            machine.traps[name] = rest[0]


def _wait(machine: Machine, words: list[str]) -> Pause | None:
    wanted = [word.lstrip("%") for word in words]
    return Pause("wait", argv=tuple(wanted)) if machine.jobs else None


def _exit(machine: Machine, words: list[str]) -> Pause | None:
    return machine.exit(number(words[0]) if words else machine.last_status)


def _return(machine: Machine, words: list[str]) -> None:
    machine.status = number(words[0]) & 255 if words else machine.last_status
    machine.return_now()


def _break(machine: Machine, words: list[str]) -> None:
    """Outside a loop."""


def _let(machine: Machine, words: list[str]) -> None:
    value = 0
    for word in words:
        value = arithmetic(word, machine)
    machine.status = int(value == 0)


def _type(machine: Machine, words: list[str]) -> None:
    for name in (word for word in words if not word.startswith("-")):
        if name in BUILTINS:
            machine.say(1, f"{name} is a shell builtin\n")
        elif machine.has(name):
            machine.say(1, f"{name} is /bin/{name}\n")
        else:
            machine.say(1, f"{name}: not found\n")
            machine.status = 127


def _command(machine: Machine, words: list[str]) -> None:
    """`command -v name`: `command name …` never comes here."""
    names = [word for word in words if not word.startswith("-")]
    for name in names:
        if name in BUILTINS or name in machine.functions:
            machine.say(1, f"{name}\n")
        elif machine.has(name):
            machine.say(1, f"/bin/{name}\n")
        else:
            machine.status = 127 if machine.image.shell != "full" else 1


def _test(machine: Machine, words: list[str], *, name: str = "test") -> None:
    """`test` and `[`; 2 is the status of what is no condition."""
    dialect = machine.dialect
    try:
        if name == "[":
            if words[-1:] != ["]"]:
                raise NoCondition("missing `]'" if dialect == "bash" else "missing ]")
            words = words[:-1]
        met = decide(words, dialect, lambda letter, path: _file_test(machine, letter, machine.path(path)))
    except NoCondition as problem:
        machine.complain(f"{problem}" if dialect == "ash" else f"{name}: {problem}")
        machine.status = 2
        return
    machine.status = int(not met)


def _umask(machine: Machine, words: list[str]) -> None:
    if not words:
        machine.say(1, "0022\n")


def _double_bracket(machine: Machine, words: list[str]) -> None:
    machine.status = int(not _or(machine, [word for word in words if word != "]]"]))


def _or(machine: Machine, words: list[str]) -> bool:
    for operator in ("-o", "||"):
        if operator in words and len(words) > 3:
            at = words.index(operator)
            return _or(machine, words[:at]) or _or(machine, words[at + 1 :])
    for operator in ("-a", "&&"):
        if operator in words and len(words) > 3:
            at = words.index(operator)
            return _or(machine, words[:at]) and _or(machine, words[at + 1 :])
    if words[:1] == ["!"]:
        return not _or(machine, words[1:])
    return _one_test(machine, words)


def _one_test(machine: Machine, words: list[str]) -> bool:
    match words:
        case [left, operator, right] if operator in NUMBERS:
            return NUMBERS[operator](number(left), number(right))
        case [left, "=" | "==", right]:
            return left == right or fits(left, right)
        case [left, "!=", right]:
            return not (left == right or fits(left, right))
        case [left, "=~", right]:
            return compiled(right).search(left) is not None
        case [left, "<", right]:
            return left < right
        case [left, ">", right]:
            return left > right
        case ["-z", text]:
            return text == ""
        case ["-n", text]:
            return text != ""
        case [flag, path] if len(flag) == 2 and flag[0] == "-":
            return _file_test(machine, flag[1], machine.path(path))
        case [text]:
            return text != ""
    return False


def _file_test(machine: Machine, flag: str, path: str) -> bool:
    tree = machine.tree
    match flag:
        case "f":
            return tree.read(path) is not None
        case "d":
            return tree.is_dir(path)
        case "s":
            return bool(tree.read(path)) or tree.is_dir(path)
        case "e" | "r":
            return tree.exists(path)
        case "w":
            return tree.exists(path) and not tree.refusal(path)
        case "x":
            return tree.is_dir(path) or (tree.exists(path) and path.startswith(("/bin/", "/usr/bin/")))
    return False


#: What only other shells have: a name that is typed there is looked for among the programs.
ABSENT_BUILTINS: dict[Dialect, frozenset[str]] = {
    "ash": frozenset({"declare"}),
    "dash": frozenset({"declare", "let", "source", "[["}),
    "bash": frozenset(),
}

BUILTINS: dict[str, Callable[[Machine, list[str]], Pause | None]] = {
    ":": _nothing,
    "true": _nothing,
    "false": _false,
    "cd": _cd,
    "pwd": _pwd,
    "export": _export,
    "declare": _local,
    "local": _local,
    "readonly": _export,
    "unset": _unset,
    "set": _set,
    "shift": _shift,
    "read": _read,
    "eval": _eval,
    ".": _source,
    "source": _source,
    "trap": _trap,
    "wait": _wait,
    "exit": _exit,
    "return": _return,
    "break": _break,
    "continue": _break,
    "let": _let,
    "type": _type,
    "command": _command,
    "exec": _nothing,
    "umask": _umask,
    "ulimit": _nothing,
    "alias": _nothing,
    "jobs": _nothing,
    "test": _test,
    "[": partial(_test, name="["),
    "[[": _double_bracket,
}
