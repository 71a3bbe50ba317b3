"""The little a raw ASGI app needs: reading a request within limits, and answering in JSON.

Raw because an answer costs 0.3 ms here and 1.5 ms through Django's handler; the commands of every learner come this way.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Refused(Exception):
    """The request cannot be served; carries the answer."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.more = status, code, message, more


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON text."""

    status: int
    text: bytes
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


def header(scope: Scope, name: bytes) -> str:
    """The request's header, or an empty text."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def query(scope: Scope) -> dict[str, str]:
    """The query's parameters, the first value of each."""
    return {name: values[0] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}


async def read_object(scope: Scope, receive: Receive, limit: int) -> dict[str, Any]:
    """The body as a JSON object; refused above `limit` bytes, before more of it is read."""
    body = await _read(scope, receive, limit)
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, "BadBody", f"body: {error}") from error
    if not isinstance(found, dict):
        raise Refused(400, "BadBody", f"body: found {type(found).__name__}, wanted a JSON object")
    return found


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes:
    length = header(scope, b"content-length")
    if length.isdigit() and int(length) > limit:
        raise _too_large(int(length), limit)
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "BadBody", "body: the request ended before its body did")
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > limit:
            raise _too_large(size, limit)
        if not message.get("more_body"):
            return b"".join(parts)


def _too_large(size: int, limit: int) -> Refused:
    return Refused(413, "TooLarge", f"body: found {size:,} bytes or more, wanted at most {limit:,}")


async def send_answer(send: Send, answer: Answer) -> None:
    """Send `answer`."""
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(answer.text)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.text})
