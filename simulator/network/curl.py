"""`curl` in containers: which options it takes, and what it writes where.

https://curl.se/docs/manpage.html, in the words of curl 8.11 on a terminal (no progress meter). Promises: an option that is not known here is
refused by name as curl does; of a server's headers only the length is shown, because nothing else of them is simulated.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from simulator.network.http_options import CURL, Options
from simulator.network.http_paths import HttpPath
from simulator.network.traces import RESOLVE, TIMEOUT, Trace
from simulator.workloads.pauses import ERRORS, saved

#: Options with a value, and their long names.
_VALUED = {
    "o": "output", "w": "write-out", "m": "max-time", "H": "header", "X": "request", "d": "data", "A": "user-agent", "u": "user", "e": "referer",
    "b": "cookie", "c": "cookie-jar", "E": "cert", "K": "config", "T": "upload-file", "x": "proxy", "F": "form", "r": "range", "D": "dump-header",
}  # fmt: skip
_LONG_VALUED = frozenset(
    {
        *_VALUED.values(), "connect-timeout", "retry", "retry-delay", "retry-max-time", "cacert", "capath", "key", "data-raw", "data-binary",
        "data-urlencode", "json", "url", "resolve", "max-redirs", "interface", "noproxy", "unix-socket", "connect-to", "limit-rate",
    }
)  # fmt: skip
_SWITCHES = {
    "s": "silent", "S": "show-error", "i": "include", "I": "head", "k": "insecure", "f": "fail", "L": "location", "v": "verbose", "O": "remote-name",
    "g": "globoff", "N": "no-buffer", "4": "ipv4", "6": "ipv6", "q": "disable", "G": "get", "#": "progress-bar", "n": "netrc", "0": "http1.0",
}  # fmt: skip
_LONG_SWITCHES = frozenset(
    {
        *_SWITCHES.values(), "fail-with-body", "compressed", "http1.1", "http2", "no-progress-meter", "retry-connrefused", "retry-all-errors",
        "tlsv1.2", "tlsv1.3", "no-keepalive", "path-as-is", "create-dirs", "anyauth", "basic", "tcp-nodelay", "location-trusted",
    }
)  # fmt: skip
#: What the simulation would have to pretend.
_ABSENT = frozenset(
    {
        "cookie-jar",
        "config",
        "upload-file",
        "proxy",
        "form",
        "unix-socket",
        "connect-to",
        "cert",
        "key",
        "interface",
        "data-urlencode",
        "get",
    }
)
_HELP = "curl: try 'curl --help' or 'curl --manual' for more information"
_VARIABLE = re.compile(r"%\{([^}]*)\}|%%|\\(.)")


class Refused(Exception):
    """The words cannot be carried out; `code` is curl's exit code."""

    def __init__(self, code: int, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.code = code
        self.lines = lines


@dataclass(slots=True)
class Asked(Options):
    outputs: list[str] = field(default_factory=list)
    """Of `-o`, one a URL."""

    @property
    def is_silent(self) -> bool:
        return "silent" in self.on and "show-error" not in self.on

    @property
    def limit_us(self) -> int | None:
        """After so long it gives up connecting."""
        given = [self.values[name] for name in ("max-time", "connect-timeout") if name in self.values]
        return min((round(float(text) * 1_000_000) for text in given), default=None)


def parse(words: list[str]) -> Asked:
    """Raises Refused."""
    asked, left = Asked(), list(words)
    while left:
        word = left.pop(0)
        if word == "--":
            asked.urls += left
            break
        if word.startswith("--"):
            _long(asked, word[2:], left)
        elif word.startswith("-") and len(word) > 1:
            _short(asked, word[1:], left)
        else:
            asked.urls.append(word)
    if not asked.urls:
        raise Refused(2, "curl: (2) no URL specified" if asked.words else _HELP)
    return asked


def _long(asked: Asked, name: str, left: list[str]) -> None:
    if name in _LONG_VALUED:
        _set(asked, name, _next(f"--{name}", left), f"--{name}")
    elif name in _LONG_SWITCHES:
        _turn_on(asked, name)
    else:
        raise Refused(2, f"curl: option --{name}: is unknown", _HELP)


def _short(asked: Asked, letters: str, left: list[str]) -> None:
    """A bundle: `-sSk`, `-XPOST`, `-so /dev/null`."""
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter in _VALUED:
            _set(asked, _VALUED[letter], letters or _next(f"-{letter}", left), f"-{letter}")
            return
        if letter not in _SWITCHES:
            raise Refused(2, f"curl: option -{letter}: is unknown", _HELP)
        _turn_on(asked, _SWITCHES[letter])


def _next(option: str, left: list[str]) -> str:
    if not left:
        raise Refused(2, f"curl: option {option}: requires parameter", _HELP)
    return left.pop(0)


def _turn_on(asked: Asked, name: str) -> None:
    if name in _ABSENT:
        raise Refused(2, f"curl: option --{name}: is not simulated")
    asked.turn_on(name)


def _set(asked: Asked, name: str, value: str, typed: str) -> None:
    if name in _ABSENT:
        raise Refused(2, f"curl: option --{name}: is not simulated")
    if name in ("max-time", "connect-timeout") and not re.fullmatch(r"\d+(\.\d*)?", value):
        raise Refused(2, f"curl: option {typed}: expected a proper numerical parameter", _HELP)
    if name == "url":
        asked.urls.append(value)
    elif name == "output":
        asked.outputs.append(value)
    else:
        asked.set(name, value)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One transfer."""

    asked: Asked
    url: str
    host: str
    port: int
    request: HttpPath
    trace: Trace
    phrase: str
    """`OK`, `Not Found`, …"""
    code: int = 0
    error: str = ""
    """curl's own words for its exit code."""
    place: str = ""
    """The file to write to; empty: the standard output."""

    def lines(self) -> Iterator[str]:
        """What it writes, in order."""
        on = self.asked.on
        if "verbose" in on:
            yield from (f"{ERRORS}{line}" for line in self._verbose())
        body = "" if self.code in (6, 7, 22, 28, 60) or "head" in on else self.trace.body
        if self.trace.status and self.code in (0, 22) and ("include" in on or "head" in on):
            body = "".join(f"{line}\r\n" for line in [*self._head(), ""]) + body
        written = self._written()
        if self.place and self.code == 0:
            if self.place != "/dev/null":
                yield saved(self.place, body, self._not_saved(), 23)
            body = ""
        yield from (f"{ERRORS}curl: unknown --write-out variable: '{name}'" for name in self._unknown_variables())
        yield from _lines(body + written)
        if self.trace.status and "verbose" in on:
            yield f"{ERRORS}* Connection #0 to host {self.host} left intact"
        if self.error and not self.asked.is_silent:
            yield from (f"{ERRORS}{line}" for line in self.error.split("\n"))

    def _not_saved(self) -> str:
        if self.asked.is_silent:
            return ""
        words = f"Warning: Failed to open the file {self.place}: {{why}}"
        return f"{words}\ncurl: (23) Failure writing output to destination"

    def _unknown_variables(self) -> list[str]:
        known = self._variables()
        return [
            name for name, _ in _VARIABLE.findall(self.asked.values.get("write-out", "")) if name and name not in known
        ]

    def _head(self) -> list[str]:
        return [
            f"HTTP/1.1 {self.trace.status} {self.phrase}".rstrip(),
            f"Content-Length: {len(self.trace.body.encode())}",
        ]

    def _verbose(self) -> Iterator[str]:
        if self.trace.error == RESOLVE:
            yield f"* Could not resolve host: {self.host}"
            return
        address = self.trace.address
        if self.host != address:
            yield f"* Host {self.host}:{self.port} was resolved."
            yield "* IPv6: (none)"
            yield f"* IPv4: {address}"
        yield f"*   Trying {address}:{self.port}..."
        if self.trace.error:
            yield f"* {self.error.partition(') ')[2]}"
            return
        yield f"* Connected to {self.host} ({address}) port {self.port}"
        if self.request.scheme == "http":
            yield "* using HTTP/1.x"
        yield from self._sent()
        yield from (f"< {line}" for line in [*self._head(), ""])

    def _sent(self) -> Iterator[str]:
        headers = dict(self.request.headers)
        usual = [("User-Agent", headers.pop("user-agent", CURL)), ("Accept", headers.pop("accept", "*/*"))]
        kind = headers.pop("content-type", "")
        authority = urlsplit(self.url if "://" in self.url else f"//{self.url}").netloc
        named = self.request.host if self.request.host != self.host else authority
        yield f"> {self.request.method} {self.request} HTTP/1.1"
        yield f"> Host: {named}"
        yield from (f"> {name}: {value}" for name, value in usual)
        yield from (f"> {_as_typed(name)}: {value}" for name, value in headers.items())
        if self.request.body:
            yield f"> Content-Length: {len(self.request.body.encode())}"
            yield f"> Content-Type: {kind}"
        yield "> "
        sent = len(self.request.body.encode())
        yield f"* upload completely sent off: {sent} bytes" if sent else "* Request completely sent off"

    def _written(self) -> str:
        """`--write-out`: also of a transfer that failed."""

        known = self._variables()

        def value(match: re.Match[str]) -> str:
            name, escaped = match.group(1), match.group(2)
            if name is not None:
                return known.get(name, "")
            return "%" if escaped is None else {"n": "\n", "r": "\r", "t": "\t"}.get(escaped, f"\\{escaped}")

        return _VARIABLE.sub(value, self.asked.values.get("write-out", ""))

    def _variables(self) -> dict[str, str]:
        seconds = f"{self.trace.took_us / 1_000_000:.6f}"
        return {
            "http_code": f"{self.trace.status:03}",
            "response_code": f"{self.trace.status:03}",
            "size_download": str(0 if "head" in self.asked.on else len(self.trace.body.encode())),
            "remote_ip": self.trace.address if self.trace.status else "",
            "remote_port": str(self.port if self.trace.status else 0),
            "time_total": seconds,
            "url": self.url,
            "url_effective": self.url
            if "://" in self.url
            else f"{self.request.scheme}://{self.url}{'' if '/' in self.url else '/'}",
            "method": self.request.method,
            "scheme": self.request.scheme,
            "num_redirects": "0",
            "num_connects": str(int(bool(self.trace.status))),
            "exitcode": str(self.code),
            "errormsg": self.error.partition(") ")[2],
            "http_version": "1.1" if self.trace.status else "0",
            "filename_effective": self.place,
        }


def _lines(text: str) -> list[str]:
    """What ends with CR and LF keeps its CR."""
    return text.removesuffix("\n").split("\n") if text else []


def _as_typed(name: str) -> str:
    """Header names are kept in lower case; people write them with capitals."""
    return "-".join(part.capitalize() for part in name.split("-"))


def timed_out(asked: Asked, trace: Trace, host: str, port: int) -> tuple[int, str]:
    """curl gives up by itself before the kernel does."""
    assert trace.error == TIMEOUT
    limit = asked.limit_us or trace.took_us
    after = limit // 1000
    if "max-time" in asked.values:
        return 28, f"curl: (28) Connection timed out after {after} milliseconds"
    return 28, f"curl: (28) Failed to connect to {host} port {port} after {after} ms: Timeout was reached"
