"""Commands, flags and the reading of a command line, with the manners of Go's cobra and pflag.

Promises: flags may stand anywhere before `--`, be joined (`-nshop`, `-it`), be given as `--name=value` or `--name value`;
a mistake is reported in the words of the real library. Nothing here knows what a command does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from simulator.kubectl.errors import FlagError
from simulator.machinery.go_text import parse_bool, parse_duration_us, quoted

if TYPE_CHECKING:
    from simulator.kubectl.call import Call

FlagKind = Literal["bool", "text", "int", "list", "array", "duration"]
_EMPTY: dict[FlagKind, Any] = {"bool": False, "text": "", "int": 0, "list": (), "array": (), "duration": 0}


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. A `list` splits its values at commas, an `array` keeps them whole; `bare` is its value without one."""

    name: str
    short: str = ""
    kind: FlagKind = "text"
    default: Any = None
    bare: str | None = None
    help: str = ""
    deprecated: str = ""
    """Why nobody should use it any more: said on standard error by those who do."""

    @property
    def start(self) -> Any:
        return _EMPTY[self.kind] if self.default is None else self.default

    @property
    def shown(self) -> str:
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


@dataclass(frozen=True, slots=True)
class Command:
    """One command or group of commands. A group without `run` prints its help."""

    name: str
    summary: str
    run: Callable[[Call], None] | None = None
    usage: str = ""
    flags: tuple[Flag, ...] = ()
    aliases: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()
    required: tuple[str, ...] = ()
    helps_on_stderr: bool = False
    """A group that shows its help on standard error, as `cmdutil.DefaultSubCommandRun(streams.ErrOut)` does."""
    helps_anybody: bool = False
    """A group that shows its help whatever stands behind it, and is content."""

    def child(self, name: str) -> Command | None:
        return next((c for c in self.commands if c.name == name or name in c.aliases), None)


@dataclass(slots=True)
class Arguments:
    """A parsed command line: flag values by name, which of them were given, and the rest."""

    values: dict[str, Any] = field(default_factory=dict)
    given: dict[str, None] = field(default_factory=dict)
    typed: list[tuple[str, str]] = field(default_factory=list)
    """Every flag as it stood on the line, with its text."""
    rest: list[str] = field(default_factory=list)
    dash: int = -1
    """How many of `rest` came before `--`; -1 when there was no `--`."""


GLOBAL_FLAGS = (
    Flag("namespace", "n", help="The namespace this one command works in"),
    Flag("context", help="The kubeconfig context to use instead of the current one"),
    Flag("kubeconfig", help="The kubeconfig file to use"),
    Flag("cluster", help="The kubeconfig cluster to use"),
    Flag("user", help="The kubeconfig user to use"),
    Flag("server", "s", help="Address of the API server"),
    Flag("as", help="User to act as"),
    Flag("as-group", kind="array", help="Group to act as"),
    Flag("as-uid", help="UID to act as"),
    Flag("token", help="Bearer token"),
    Flag("request-timeout", default="0", help="How long one request may take"),
    Flag("insecure-skip-tls-verify", kind="bool", help="Trust any server certificate"),
    Flag("certificate-authority"),
    Flag("client-certificate"),
    Flag("client-key"),
    Flag("cache-dir"),
    Flag("disable-compression", kind="bool"),
    Flag("match-server-version", kind="bool"),
    Flag("password"),
    Flag("username"),
    Flag("tls-server-name"),
    Flag("profile", default="none"),
    Flag("profile-output", default="profile.pprof"),
    Flag("log-flush-frequency", kind="duration", default=5_000_000),
    Flag("v", "v", default="0", help="Level of the client's own log"),
    Flag("vmodule"),
    Flag("warnings-as-errors", kind="bool", help="A warning of the server counts as an error"),
    Flag("help", "h", kind="bool", help="Show help for the command"),
)


def find_command(root: Command, words: Sequence[str]) -> tuple[Command, list[str], list[str]]:
    """The deepest command named by `words`, the names on the way, and the words that are left for it.

    Flags may stand between the names; a flag that wants a value keeps the next word.
    """
    command, path = root, [root.name]
    left = list(words)
    while command.commands:
        at = _first_positional(left, (*GLOBAL_FLAGS, *command.flags))
        child = command.child(left[at]) if at is not None else None
        if at is None or child is None:
            return command, path, left
        command = child
        path.append(child.name)
        del left[at]
    return command, path, left


def _first_positional(words: Sequence[str], flags: Sequence[Flag]) -> int | None:
    takes_value = {sign for flag in flags if flag.kind != "bool" and flag.bare is None for sign in _signs(flag)}
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            return None
        if not word.startswith("-") or word == "-":
            return at
        at += 2 if word in takes_value else 1
    return None


def _signs(flag: Flag) -> tuple[str, ...]:
    return (f"--{flag.name}", f"-{flag.short}") if flag.short else (f"--{flag.name}",)


def parse(flags: Iterable[Flag], words: Sequence[str], path: str) -> Arguments:
    """Read flags and positional words; raises `FlagError` in pflag's words."""
    return _Reader(tuple(flags), path).read(list(words))


class _Reader:
    def __init__(self, flags: tuple[Flag, ...], path: str) -> None:
        self.path = path
        self.by_name = {flag.name: flag for flag in flags}
        self.by_short = {flag.short: flag for flag in flags if flag.short}
        self.out = Arguments({flag.name: flag.start for flag in flags})

    def read(self, words: list[str]) -> Arguments:
        while words:
            word = words.pop(0)
            if word == "--":
                self.out.dash = len(self.out.rest)
                self.out.rest += words
                break
            if word.startswith("--"):
                self._long(word[2:], words)
            elif word.startswith("-") and word != "-":
                self._shorts(word[1:], word, words)
            else:
                self.out.rest.append(word)
        return self.out

    def _long(self, word: str, words: list[str]) -> None:
        name, equals, given = word.partition("=")
        flag = self.by_name.get(name)
        if flag is None:
            raise FlagError(f"unknown flag: --{name}", self.path)
        if equals:
            self._set(flag, given)
        elif flag.kind == "bool" or flag.bare is not None:
            self._set(flag, flag.bare or "true")
        elif words:
            self._set(flag, words.pop(0))
        else:
            raise FlagError(f"flag needs an argument: --{name}", self.path)

    def _shorts(self, group: str, word: str, words: list[str]) -> None:
        while group:
            flag = self.by_short.get(group[0])
            if flag is None:
                raise FlagError(f"unknown shorthand flag: '{group[0]}' in -{group}", self.path)
            rest = group[1:]
            if rest.startswith("="):
                self._set(flag, rest[1:])
                return
            if flag.kind == "bool" or flag.bare is not None:
                self._set(flag, flag.bare or "true")
                group = rest
                continue
            if not rest and not words:
                raise FlagError(f"flag needs an argument: '{flag.short}' in -{group}", self.path)
            self._set(flag, rest or words.pop(0))
            return

    def _set(self, flag: Flag, text: str) -> None:
        self.out.values[flag.name] = self._value(flag, text)
        self.out.given[flag.name] = None
        self.out.typed.append((flag.name, text))

    def _value(self, flag: Flag, text: str) -> Any:
        if flag.kind == "text":
            return text
        if flag.kind in ("list", "array"):
            before = self.out.values[flag.name] if flag.name in self.out.given else ()
            return (*before, *(text.split(",") if flag.kind == "list" else [text]))
        found = _SCALARS[flag.kind](text)
        if found is None:
            raise FlagError(
                f"invalid argument {quoted(text)} for {quoted(flag.shown)} flag: {_WHY[flag.kind].format(quoted(text))}",
                self.path,
            )
        return found


def _parse_int(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


_SCALARS: dict[FlagKind, Callable[[str], Any]] = {
    "bool": parse_bool,
    "int": _parse_int,
    "duration": parse_duration_us,
}
_WHY: dict[FlagKind, str] = {
    "bool": "strconv.ParseBool: parsing {}: invalid syntax",
    "int": "strconv.ParseInt: parsing {}: invalid syntax",
    "duration": "time: invalid duration {}",
}
