"""From an ASGI scope and its body to the API server's `Request`, as lenient as Kubernetes is.

Clients send Go's booleans (`1`, `t`, `True`), YAML, protobuf, bodies without a `Content-Type` and paths with a slash
too many; all of it is written the plain way here, so that nobody further in has to know.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from gateway.bodies import Body, read_body
from gateway.errors import too_long
from simulator.apiserver.paths import is_passed_on
from simulator.apiserver.request import Request

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_LIMIT = 3 * 1024 * 1024
_LONGEST_NUMBER = 18
_BOOLEANS = frozenset(
    {"watch", "allowWatchBookmarks", "sendInitialEvents", "follow", "previous", "timestamps", "force", "pretty",
     "stdin", "stdout", "stderr", "tty", "orphanDependents", "insecureSkipTLSVerifyBackend"}
)  # fmt: skip
_WRITES = ("POST", "PUT", "PATCH")
#: `strconv.ParseBool`.
_TRUE = frozenset({"1", "t", "T", "true", "True", "TRUE"})


class Disconnected(Exception):
    """The client went away before its request was complete."""


def query_of(scope: Scope) -> dict[str, str]:
    """Query parameters; the last of a repeated one counts, booleans are `true` or `false`."""
    pairs = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    return {name: _value(name, value) for name, value in pairs}


def repeated(scope: Scope, name: str) -> list[str]:
    """Every value of a query parameter that may be given more than once (`command` of exec)."""
    pairs = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    return [value for key, value in pairs if key == name]


def _value(name: str, value: str) -> str:
    if name not in _BOOLEANS:
        return value
    return "true" if value in _TRUE else "false"


def headers_of(scope: Scope) -> dict[str, str]:
    """Lower-case names; repeated headers are joined by commas (RFC 9110, 5.3), as `Impersonate-Group` needs."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope.get("headers") or ():
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


async def read_request(scope: Scope, receive: Receive, path: str) -> Request:
    """Raises StatusError for bodies that cannot be read, Disconnected when the client has gone."""
    headers = headers_of(scope)
    data = await _body(headers, receive)
    query = query_of(scope)
    if is_passed_on(path):
        body = Body(data.decode("utf-8", "replace") or None)
    else:
        body = read_body(data, headers.get("content-type", ""), is_written=scope["method"] in _WRITES)
    return Request(scope["method"], path, query, headers, body.value, findings=body.findings)


async def _body(headers: Mapping[str, str], receive: Receive) -> bytes:
    length = headers.get("content-length", "")
    if length.isdecimal() and (len(length) > _LONGEST_NUMBER or int(length) > BODY_LIMIT):
        raise too_long(BODY_LIMIT)
    return await read_bytes(receive, BODY_LIMIT)


async def read_bytes(receive: Receive, limit: int) -> bytes:
    """The body of a request. Raises StatusError beyond the limit, Disconnected when the client has gone."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > limit:
            raise too_long(limit)
        if not message.get("more_body"):
            return b"".join(parts)
