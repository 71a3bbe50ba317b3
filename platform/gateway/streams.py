"""A followed log, made of questions asked again whenever the cluster may have changed: nothing is kept here but the time of its
last line, so any process can serve any cluster. Watches are served by `watch_cache.py`.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

from gateway.backend import Backend, handle_patiently
from simulator.apiserver.request import Request, Response


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


async def followed_log(backend: Backend, request: Request) -> AsyncGenerator[bytes | Response, None]:
    """Lines of a container as they are written, until it ends."""
    with_times = request.query.get("timestamps") == "true"
    asked = replace(request, query={**request.query, "timestamps": "true", "follow": "false"})
    tail = _Tail()
    is_first = True
    while True:
        moves = backend.moves
        ask = backend.handle if is_first else partial(handle_patiently, backend)
        ended = await _has_ended(ask, request)
        response = await ask(asked)
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
        await backend.changed(moves, 1.0)


def _after(request: Request, tail: _Tail) -> Request:
    query = {k: v for k, v in request.query.items() if k not in ("tailLines", "sinceSeconds", "limitBytes")}
    return replace(request, query={**query, "sinceTime": tail.last} if tail.last else query)


def _stamped(line: str) -> tuple[str, str]:
    stamp, _, text = line.partition(" ")
    return stamp, text


async def _has_ended(ask: Callable[[Request], Awaitable[Response]], request: Request) -> bool:
    """Whether nothing more will be written. Asked before the lines, so that none is missed."""
    path = request.path.rstrip("/").removesuffix("/log")
    response = await ask(Request("GET", path, user=request.user))
    if not response.ok:
        return True
    status = response.body.get("status") or {}
    if status.get("phase") == "Pending":
        return False
    wanted = request.query.get("container", "")
    fields = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    states = [c.get("state") or {} for f in fields for c in status.get(f) or () if c["name"] == wanted or not wanted]
    return not any("running" in state for state in states)
