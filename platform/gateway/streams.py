"""Answers that go on: a watch and a followed log, made of questions asked again whenever the cluster may have changed.

The API server answers a watch at once with the events since a revision and closes the batch with a bookmark, so nothing is
kept here but that revision, and any process can serve any cluster. Nothing is lost and nothing comes twice; a client
that falls behind the server's history is told so (`410 Gone`) and lists again, as with a real API server.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from gateway.backend import Backend
from simulator.apiserver.request import Request, Response

#: kube-apiserver ends a watch without `timeoutSeconds` after 30 to 60 minutes.
_LONGEST_S = 1_800.0
_LOOK_AGAIN_S = 5.0
_BOOKMARK_EVERY_S = 60.0


async def watched(backend: Backend, request: Request) -> AsyncIterator[bytes | Response]:
    """Watch events, a JSON object a line."""
    wants_bookmarks = request.query.get("allowWatchBookmarks") == "true"
    clock = asyncio.get_running_loop().time
    end = clock() + _seconds(request.query.get("timeoutSeconds", ""))
    bookmarked = clock()
    asked = replace(request, query={**request.query, "allowWatchBookmarks": "true"})
    is_first = True
    while clock() < end:
        response = await backend.handle(asked)
        if not response.ok:
            yield response if is_first else _line("ERROR", response.body)
            return
        events, bookmark = response.body[:-1], response.body[-1]
        if bookmark["type"] == "ERROR":
            yield _lines([*events, bookmark])
            return
        is_due = wants_bookmarks and (clock() - bookmarked >= _BOOKMARK_EVERY_S or _ends_initial(bookmark))
        if is_due:
            bookmarked = clock()
        if events or is_due or is_first:
            yield _lines([*events, bookmark] if is_due else events)
        is_first = False
        asked = _since(asked, bookmark["object"]["metadata"]["resourceVersion"])
        await backend.changed(min(_LOOK_AGAIN_S, max(end - clock(), 0.0)))


def _since(request: Request, revision: str) -> Request:
    query = {
        name: value
        for name, value in request.query.items()
        if name not in ("sendInitialEvents", "resourceVersionMatch")
    }
    return replace(request, query={**query, "resourceVersion": revision})


def _ends_initial(bookmark: Any) -> bool:
    return "annotations" in bookmark["object"]["metadata"]


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() and int(text) else _LONGEST_S


def _lines(events: list[Any]) -> bytes:
    return b"".join(msgspec.json.encode(event) + b"\n" for event in events)


def _line(type: str, obj: Any) -> bytes:
    return _lines([{"type": type, "object": obj}])


@dataclass(slots=True)
class _Tail:
    """What was sent of a log: the time of its last line and how many lines of that time."""

    last: str = ""
    count: int = 0

    def fresh(self, text: str) -> list[tuple[str, str]]:
        lines = [_stamped(line) for line in text.splitlines()]
        same = [line for line in lines if line[0] == self.last]
        fresh = same[self.count :] + [line for line in lines if line[0] > self.last]
        if fresh:
            self.last = fresh[-1][0]
            self.count = sum(stamp == self.last for stamp, _ in lines)
        return fresh


async def followed_log(backend: Backend, request: Request) -> AsyncIterator[bytes | Response]:
    """Lines of a container as they are written, until it ends."""
    with_times = request.query.get("timestamps") == "true"
    asked = replace(request, query={**request.query, "timestamps": "true", "follow": "false"})
    tail = _Tail()
    is_first = True
    while True:
        ended = await _has_ended(backend, request)
        response = await backend.handle(asked)
        if not response.ok:
            if is_first:
                yield response
            return
        fresh = tail.fresh(response.body)
        if fresh or is_first:
            yield "".join(f"{stamp} {line}\n" if with_times else f"{line}\n" for stamp, line in fresh).encode()
        is_first = False
        if ended or request.query.get("previous") == "true":
            return
        asked = _after(asked, tail)
        await backend.changed(1.0)


def _after(request: Request, tail: _Tail) -> Request:
    query = {k: v for k, v in request.query.items() if k not in ("tailLines", "sinceSeconds", "limitBytes")}
    return replace(request, query={**query, "sinceTime": tail.last} if tail.last else query)


def _stamped(line: str) -> tuple[str, str]:
    stamp, _, text = line.partition(" ")
    return stamp, text


async def _has_ended(backend: Backend, request: Request) -> bool:
    """Whether nothing more will be written. Asked before the lines, so that none is missed."""
    path = request.path.rstrip("/").removesuffix("/log")
    response = await backend.handle(Request("GET", path, user=request.user))
    if not response.ok:
        return True
    status = response.body.get("status") or {}
    if status.get("phase") == "Pending":
        return False
    wanted = request.query.get("container", "")
    fields = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    states = [c.get("state") or {} for f in fields for c in status.get(f) or () if c["name"] == wanted or not wanted]
    return not any("running" in state for state in states)
