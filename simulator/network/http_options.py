"""The request that `curl` and `wget` make of their options.

https://curl.se/docs/manpage.html, GNU wget's manual and BusyBox' `wget --help`. Promises: what concerns the request is kept; options that only
change the looks of the output are left to the program (`tools`).
"""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from simulator.network.http_paths import HttpPath

#: The content of a file as the program sees it; None when there is none.
Reader = Callable[[str], str | None]

_NAMED = {"--user-agent": "user-agent", "--referer": "referer", "--cookie": "cookie"}
_DATA = ("-d", "--data", "--data-binary", "--data-raw", "--json")
CURL = "curl/8.11.1"


class NoFile(Exception):
    """An option names a file that is not there."""


@dataclass(slots=True)
class Options:
    """The words of a command line, told apart."""

    urls: list[str] = field(default_factory=list)
    on: set[str] = field(default_factory=set)
    """Switches, by their long names."""
    values: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    """The options, each by its long name and apart from its value."""

    def turn_on(self, name: str) -> None:
        self.on.add(name)
        self.words.append(f"--{name}")

    def set(self, name: str, value: str) -> None:
        self.values[name] = value
        self.words += [f"--{name}", value]


def curl_request(url: str, path: str, words: list[str], read: Reader) -> HttpPath:
    """Raises NoFile."""
    scheme, host = _scheme_and_host(url)
    headers: dict[str, str] = {"accept": "*/*", "user-agent": CURL}
    method, body, authority = "", "", ""
    for word, after in _pairs(words):
        if word in ("-H", "--header"):
            _add_header(headers, after)
        elif word in ("-X", "--request"):
            method = after
        elif word in ("-I", "--head"):
            method = method or "HEAD"
        elif word in _DATA:
            body += ("&" if body else "") + _data(word, after, read)
            kind = "application/json" if word == "--json" else "application/x-www-form-urlencoded"
            headers.setdefault("content-type", kind)
        elif word in _NAMED:
            headers[_NAMED[word]] = after
        elif word == "--user":
            headers["authorization"] = f"Basic {b64encode(after.encode()).decode()}"
        elif word == "--cacert":
            authority = _content(after, read)
    trust = None if any(is_short(word, "k") or word == "--insecure" for word in words) else authority
    host = headers.pop("host", host)
    verb = method or ("POST" if body else "GET")
    return HttpPath(path, host=host, method=verb, headers=headers, scheme=scheme, body=body, trust=trust)


def wget_request(url: str, path: str, words: list[str], read: Reader, *, busybox: bool) -> HttpPath:
    """Raises NoFile. BusyBox looks at no certificate."""
    scheme, host = _scheme_and_host(url)
    headers: dict[str, str] = {"accept": "*/*", "user-agent": "Wget"}
    body, authority = "", ""
    for word, after in _pairs(words):
        if word == "--header":
            _add_header(headers, after)
        elif word == "--post-data":
            body = after
        elif word == "--post-file":
            body = _content(after, read)
        elif word == "--user-agent":
            headers["user-agent"] = after
        elif word == "--ca-certificate":
            authority = _content(after, read)
    trust = None if busybox or "--no-check-certificate" in words else authority
    host = headers.pop("host", host)
    verb = "POST" if body else "GET"
    return HttpPath(path, host=host, method=verb, headers=headers, scheme=scheme, body=body, trust=trust)


def is_short(word: str, letter: str) -> bool:
    """Whether a word is a bundle of one-letter options with this one among them: `-sSk`."""
    return len(word) > 1 and word[0] == "-" and word[1] != "-" and "=" not in word and letter in word


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    """(option, what follows it), whether that is a word of its own or stands behind `=`."""
    found = []
    for word, after in pairwise([*words, ""]):
        name, separator, value = word.partition("=")
        found.append((name, value) if separator and name.startswith("--") else (word, after))
    return found


def _add_header(headers: dict[str, str], text: str) -> None:
    name, _, value = text.partition(":")
    headers[name.strip().lower()] = value.strip()


def _data(option: str, text: str, read: Reader) -> str:
    if text[:1] != "@" or option == "--data-raw":
        return text
    content = _content(text[1:], read)
    return content if option in ("--data-binary", "--json") else content.replace("\n", "")


def _content(path: str, read: Reader) -> str:
    content = read(path)
    if content is None:
        raise NoFile(path)
    return content


def _scheme_and_host(url: str) -> tuple[str, str]:
    scheme, separator, rest = url.partition("://")
    return (scheme, rest.partition("/")[0]) if separator else ("http", url.partition("/")[0])
