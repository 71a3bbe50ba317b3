"""`kubectl proxy`: a port of the workstation behind which the API server answers whoever asks, as the user of the kubeconfig.

`kubectl/pkg/cmd/proxy/proxy.go` and `kubectl/pkg/proxy/proxy_server.go` of v1.33. The process holds its port until it is ended; requests come
from `curl_command.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import re2

from simulator.kubectl.acting import Acted
from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.call import Call, Token
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import CommandError
from simulator.kubectl.home import FileError, Home
from simulator.kubectl.listening import Taken, take
from simulator.machinery.go_text import klog_stamp

_PORT = 8001
_FILTERS = ("accept-paths", "reject-paths", "accept-hosts", "reject-methods")
_FATAL = 255
#: What RE2 says, in the words of Go's regexp/syntax.
_GO_WORDS = {
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "no argument for repetition operator": "missing argument to repetition operator",
    "trailing \\": "trailing backslash at end of expression",
}


@dataclass(frozen=True, slots=True)
class Passed:
    """What becomes of a request to the proxy: the API server's path, or an answer of the proxy's own."""

    path: str = ""
    status: int = 0
    text: str = ""


def proxy(call: Call) -> None:
    _check(call)
    if call.text("unix-socket"):
        raise CommandError("sockets of the file system are not available on this workstation: use --port")
    address, port = call.text("address"), call.number("port")
    shown = f"[{address}]" if ":" in address else address
    try:
        port = take(call, (), address, port)
    except Taken as error:
        raise CommandError(f"listen tcp {shown}:{port}: bind: {error}") from None
    token: Token = {
        "kind": "proxy",
        "listens": [[address, port]],
        "api_prefix": _closed(call.text("api-prefix")),
        "www": call.text("www"),
        "www_prefix": _closed(call.text("www-prefix")),
        "filters": None if call.on("disable-filter") else [_patterns(call.text(name)) for name in _FILTERS],
    }
    acted = Acted(token)
    acted.out(f"Starting to serve on {shown}:{port}\n")
    call.goes_on(acted)


def _check(call: Call) -> None:
    def log(letter: str, line: str) -> None:
        call.err(f"{letter}{klog_stamp(call.now_us)}       1 {line}\n")

    path = call.server.partition("://")[2].partition("/")[2]
    if path and not call.on("append-server-path"):
        advice = "use --append-server-path to automatically append the path to each request"
        log("W", f"proxy.go:172] Your kube context contains a server path /{path}, {advice}")
    if call.on("disable-filter"):
        if not call.text("unix-socket"):
            log(
                "W",
                "proxy.go:177] Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious",
            )
    else:
        for text in (pattern for name in _FILTERS for pattern in _patterns(call.text(name))):
            if (why := _pattern_error(text)) is not None:
                log("F", f"proxy_server.go:83] Error compiling re: {why}")
                raise CommandError("", exit_code=_FATAL, prefixed=False)
    if call.number("port") != _PORT and call.text("unix-socket"):
        raise CommandError("cannot set --unix-socket and --port at the same time")
    folder, home = call.text("www"), call.session.home
    if folder and home.is_file(folder):
        log("W", f"proxy.go:202] Static file directory {folder} is not a directory")
    elif folder and not home.is_directory(folder):
        log(
            "W",
            f"proxy.go:200] Failed to stat static file directory {folder}: stat {folder}: no such file or directory",
        )


def _patterns(text: str) -> list[str]:
    return text.split(",") if text else []


def _pattern_error(text: str) -> str | None:
    """Why Go's regexp package would not take a pattern."""
    try:
        re2.compile(text)
    except re2.error as error:
        why = error.args[0] if error.args else ""
        kind, _, part = (why.decode() if isinstance(why, bytes) else str(why)).partition(": ")
        return f"error parsing regexp: {_GO_WORDS.get(kind, kind)}: `{part}`"
    return None


def _closed(prefix: str) -> str:
    return prefix if prefix.endswith("/") else prefix + "/"


def passed(token: Token, home: Home, method: str, path: str, host: str) -> Passed:
    """The way of a request through the proxy."""
    plain = path.partition("?")[0]
    if token["www"] and plain.startswith(token["www_prefix"]):
        return _file(home, token["www"], plain.removeprefix(token["www_prefix"]))
    prefix = token["api_prefix"]
    if not plain.startswith(prefix):
        return Passed(status=404, text="404 page not found\n")
    if not prefix.startswith("/api"):
        path = "/" + path.removeprefix(prefix).lstrip("/")
    if token["filters"] is not None and not _accepts(token["filters"], method, path.partition("?")[0], host):
        return Passed(status=403, text="Forbidden\n")
    return Passed(path=path)


def _accepts(filters: list[list[str]], method: str, path: str, host: str) -> bool:
    paths, rejected, hosts, methods = filters
    if _matches(rejected, path) or _matches(methods, method):
        return False
    return _matches(paths, path) and _matches(hosts, host)


def _matches(patterns: list[str], text: str) -> bool:
    return any(re2.search(pattern, text) is not None for pattern in patterns)


def _file(home: Home, folder: str, rest: str) -> Passed:
    name = f"{folder.rstrip('/')}/{rest or 'index.html'}"
    try:
        return Passed(status=200, text=home.read(name))
    except FileError:
        return Passed(status=404, text="404 page not found\n")


def act_proxy(api: ApiClient, token: Token, now_us: int) -> Acted:
    """It only waits for requests."""
    return Acted(token)


ACTORS = {"proxy": act_proxy}

COMMANDS = (
    Command(
        "proxy",
        "Serve the API at a port of this workstation",
        proxy,
        usage="[--port=PORT] [--www=static-dir] [--www-prefix=prefix] [--api-prefix=prefix]",
        flags=(
            Flag(
                "accept-hosts", default=r"^localhost$,^127\.0\.0\.1$,^\[::1\]$", help="Patterns of hosts that may ask"
            ),
            Flag("accept-paths", default="^.*", help="Patterns of paths that may be asked for"),
            Flag("address", default="127.0.0.1", help="Where to listen"),
            Flag("api-prefix", default="/", help="Below which path the API is found"),
            Flag("append-server-path", kind="bool", help="Put the path of the server's address in front"),
            Flag("disable-filter", kind="bool", help="Let every request through"),
            Flag("keepalive", kind="duration"),
            Flag("port", "p", kind="int", default=_PORT, help="The port; 0 for any"),
            Flag("reject-methods", default="^$", help="Patterns of methods that may not be used"),
            Flag(
                "reject-paths",
                default="^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach",
                help="Patterns of paths that may not",
            ),
            Flag("unix-socket", "u"),
            Flag("www", "w", help="Also serve the files of this folder"),
            Flag("www-prefix", "P", default="/static/", help="Below which path those files are found"),
        ),
    ),
)
