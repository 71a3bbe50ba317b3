"""BusyBox' `wget`: which options it takes, and what it writes where.

`networking/wget.c` and `libbb/progress.c` of BusyBox 1.36, where its standard error is no terminal. Of a server's headers only the length is shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.network.http_options import Options
from simulator.network.traces import REFUSED, RESOLVE, Trace
from simulator.workloads.pauses import ERRORS, saved

_SWITCHES = {"c": "continue", "q": "quiet", "S": "server-response"}
_VALUED = {
    "O": "output-document", "o": "output-file", "P": "directory-prefix", "Y": "proxy", "U": "user-agent", "T": "timeout", "t": "tries",
}  # fmt: skip
_LONG_VALUED = frozenset({*_VALUED.values(), "header", "post-data", "post-file"})
_IGNORED = ("passive-ftp", "no-cache", "no-verbose", "no-clobber", "no-host-directories", "no-parent")
_LONG_SWITCHES = frozenset({*_SWITCHES.values(), "spider", "no-check-certificate", *_IGNORED})
_BAR = "*" * 31
"""Of a terminal of 80 columns."""


class Refused(Exception):
    """What getopt says of the words."""


@dataclass(slots=True)
class Asked(Options):
    @property
    def is_quiet(self) -> bool:
        return "quiet" in self.on

    @property
    def limit_us(self) -> int | None:
        given = self.values.get("timeout", "")
        return int(given) * 1_000_000 if given.isdecimal() and int(given) else None


def parse(words: list[str]) -> Asked:
    """Raises Refused."""
    asked, left = Asked(), list(words)
    while left:
        word = left.pop(0)
        if word == "--":
            asked.urls += left
            break
        if word.startswith("--"):
            name, has_value, value = word[2:].partition("=")
            if name in _LONG_VALUED:
                asked.set(name, value if has_value else _next(f"option '--{name}' requires an argument", left))
            elif name in _LONG_SWITCHES:
                asked.turn_on(name)
            else:
                raise Refused(f"unrecognized option '--{name}'")
        elif word.startswith("-") and len(word) > 1:
            _short(asked, word[1:], left)
        else:
            asked.urls.append(word)
    return asked


def _short(asked: Asked, letters: str, left: list[str]) -> None:
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter == "n":  # -nv, -nc: known and without effect
            return
        if letter in _VALUED:
            asked.set(_VALUED[letter], letters or _next(f"option requires an argument -- '{letter}'", left))
            return
        if letter not in _SWITCHES:
            raise Refused(f"invalid option -- '{letter}'")
        asked.turn_on(_SWITCHES[letter])


def _next(otherwise: str, left: list[str]) -> str:
    if not left:
        raise Refused(otherwise)
    return left.pop(0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One download."""

    asked: Asked
    authority: str
    """Host and port as they were written."""
    port: int
    path: str
    trace: Trace
    phrase: str

    @property
    def status(self) -> int:
        return int(bool(self.trace.error) or self.trace.status >= 400)

    def lines(self) -> Iterator[str]:
        """What it writes, in order."""
        trace = self.trace
        if trace.error == RESOLVE:
            yield f"{ERRORS}wget: bad address '{self.authority}'"
            return
        yield from self._aside(f"Connecting to {self.authority} ({trace.address}:{self.port})")
        if trace.error:
            why = (
                f"can't connect to remote host ({trace.address}): Connection refused"
                if trace.error == REFUSED
                else "download timed out"
            )
            yield f"{ERRORS}wget: {why}"
            return
        head = f"HTTP/1.1 {trace.status} {self.phrase}".rstrip()
        shown = [head] if self.status else [head, f"Content-Length: {len(trace.body.encode())}", ""]
        if "server-response" in self.asked.on:
            yield from (f"{ERRORS}  {line}" for line in shown)
        if self.status:
            yield f"{ERRORS}wget: server returned error: {head}"
        elif "spider" in self.asked.on:
            yield from self._aside("remote file exists")
        else:
            yield from self._retrieved()

    def _retrieved(self) -> Iterator[str]:
        given = self.asked.values.get("output-document")
        name = self._name() if given is None else given
        if name == "-":
            yield from self._aside("writing to stdout")
            yield from self.trace.body.splitlines()
        else:
            yield saved(name, self.trace.body, f"wget: can't open '{name}': {{why}}", 1, anew=given is None)
            yield from self._aside(f"saving to '{name}'")
        size = len(self.trace.body.encode())
        if size:
            shown, unit = size, 0
            while shown >= 100_000:
                shown, unit = shown >> 10, unit + 1
            amount = f"{shown:6}{' kMGTPEZY'[unit]}"
            yield from self._aside(f"{name.rsplit('/', 1)[-1][:20]:20} 100% |{_BAR}|{amount}  0:00:00 ETA")
        yield from self._aside("written to stdout" if name == "-" else f"'{name}' saved")

    def _name(self) -> str:
        last = self.path.partition("?")[0].rsplit("/", 1)[-1] or "index.html"
        folder = self.asked.values.get("directory-prefix")
        return f"{folder.rstrip('/')}/{last}" if folder else last

    def _aside(self, line: str) -> Iterator[str]:
        if not self.asked.is_quiet:
            yield f"{ERRORS}{line}"
