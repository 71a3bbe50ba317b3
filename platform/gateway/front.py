"""One cluster's API over HTTP: an ASGI application that translates and streams, and decides nothing.

    front = Front(backend)
    await front(scope, receive, send, path)

Promises: every refusal is a `kind: Status`, bad input is never a 500, warnings travel as `Warning` headers, a watch
or a followed log ends when its client goes away. Leaves to others: who may come here (`site.py`), every rule of the API
(`simulator.apiserver`), and how the cluster is reached (`Backend`).
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace

import msgspec

from gateway.backend import Backend
from gateway.bodies import JSON, YAML
from gateway.errors import Unreachable, broken, no_such_upgrade, unavailable
from gateway.requests import Disconnected, Receive, Scope, Send, headers_of, query_of, read_request
from gateway.streams import followed_log
from gateway.watch_cache import WatchCache
from simulator.apiserver.errors import StatusError
from simulator.apiserver.request import Request, Response
from simulator.kubectl.yaml_text import to_yaml
from simulator.machinery.octets import bytes_of

logger = logging.getLogger(__name__)
_SWITCHING, _NOT_MODIFIED = 101, 304


class Front:
    def __init__(self, backend: Backend, watches: WatchCache | None = None) -> None:
        """`watches`: what all connections to this cluster share; without it they are those of this front."""
        self._backend = backend
        self._watches = watches or WatchCache(backend)

    async def __call__(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        """The door: `path` is what is left of the URL once the cluster is known."""
        try:
            await self._serve(scope, receive, send, path)
        except Disconnected:
            return
        except StatusError as error:
            asked = Request(scope["method"], path, {}, headers_of(scope))
            await send_response(send, Response(error.code, error.status()), asked)
        except Unreachable:
            await send_response(send, refused(unavailable()))
        except Exception:
            logger.exception("%s %s failed", scope["method"], path)
            await send_response(send, refused(broken()))

    async def _serve(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        request = await read_request(scope, receive, path)
        if is_watch(scope):
            await self._stream(self._watches.watched(request), receive, send, JSON)
        elif is_follow(scope, path):
            await self._stream(followed_log(self._backend, request), receive, send, "text/plain")
        else:
            response = await self._backend.handle(request)
            if response.status == _SWITCHING:
                response = refused(no_such_upgrade(request.headers.get("upgrade", "")))
            if "location" in response.headers:
                prefix = scope["path"].removesuffix(path)
                response = replace(
                    response, headers={**response.headers, "location": prefix + response.headers["location"]}
                )
            await send_response(send, response, request)

    async def _stream(
        self, parts: AsyncGenerator[bytes | Response, None], receive: Receive, send: Send, kind: str
    ) -> None:
        """Sends parts as they come. A first part that is a Response is a refusal: nothing has been streamed yet."""
        streaming = asyncio.create_task(_send_parts(parts, send, kind))
        leaving = asyncio.create_task(_wait_for_disconnect(receive))
        try:
            await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if streaming.done():
                streaming.result()
        finally:
            for task in (streaming, leaving):
                task.cancel()
            await asyncio.gather(streaming, leaving, return_exceptions=True)


async def _send_parts(parts: AsyncGenerator[bytes | Response, None], send: Send, kind: str) -> None:
    """What has begun can only end. A cluster that cannot be reached any more ends it, as a real server that goes away would;
    anything else ends it too and is logged, because a client would wait for ever otherwise."""
    started = False
    try:
        async with contextlib.aclosing(parts):
            async for part in parts:
                if isinstance(part, Response):
                    await send_response(send, part)
                    return
                if not started:
                    started = True
                    await send({"type": "http.response.start", "status": 200, "headers": _headers(kind, None, {})})
                await send({"type": "http.response.body", "body": part, "more_body": True})
    except Exception as error:
        if not started:
            raise
        if not isinstance(error, Unreachable):
            logger.exception("a stream failed")
    await send({"type": "http.response.body", "body": b""})


async def _wait_for_disconnect(receive: Receive) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass


def is_watch(scope: Scope) -> bool:
    return bool(scope["method"] == "GET" and query_of(scope).get("watch") == "true")


def is_follow(scope: Scope, path: str) -> bool:
    """Whether a log is to be followed."""
    follows = scope["method"] == "GET" and query_of(scope).get("follow") == "true"
    return bool(follows and path.rstrip("/").endswith("/log"))


def refused(error: StatusError) -> Response:
    return Response(error.code, error.status())


async def send_response(send: Send, response: Response, request: Request | None = None) -> None:
    """One whole answer; 304 is one without a body."""
    if response.status == _NOT_MODIFIED:
        etag = response.headers["etag"].encode()
        await send({"type": "http.response.start", "status": _NOT_MODIFIED, "headers": [(b"etag", etag)]})
        await send({"type": "http.response.body", "body": b""})
        return
    kind, body = _encoded(response, request.headers.get("accept", "") if request is not None else "")
    headers = _headers(kind, len(body), response.headers)
    headers += [(b"warning", f"299 - {_quoted(text)}".encode()) for text in response.warnings]
    if isinstance(response.body, dict) and (seconds := (response.body.get("details") or {}).get("retryAfterSeconds")):
        headers.append((b"retry-after", str(seconds).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    is_head = request is not None and request.method == "HEAD"
    await send({"type": "http.response.body", "body": b"" if is_head else body})


def _encoded(response: Response, accept: str) -> tuple[str, bytes]:
    if isinstance(response.body, dict) and _wants_yaml(accept):
        return YAML, to_yaml(response.body).encode("utf-8", "replace")
    if isinstance(response.body, str):
        return "text/plain; charset=utf-8", bytes_of(response.body)
    if isinstance(response.body, bytes):
        return JSON, response.body
    return JSON, msgspec.json.encode(response.body)


def _wants_yaml(accept: str) -> bool:
    """Whether YAML is the first form of an answer that the client takes and that is known here (`handlers/negotiation`)."""
    media = (choice.partition(";")[0].strip() for choice in accept.split(","))
    return next((one == YAML for one in media if one in (YAML, JSON, "*/*", "application/*")), False)


def _headers(kind: str, length: int | None, more: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    headers = {"content-type": kind, "cache-control": "no-cache, private", "x-content-type-options": "nosniff", **more}
    if length is not None:
        headers["content-length"] = str(length)
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


def _quoted(text: str) -> str:
    """A quoted-string of RFC 9110; line breaks cannot stand in a header."""
    plain = " ".join(text.split("\n")).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
