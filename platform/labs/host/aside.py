"""Work that may take longer than a slice is done aside, in a few threads, while the loop serves everybody else.

Promises: at most `PLACES` pieces of such work run at once; who has used up their CPU allowance waits until nobody else
wants a place. The interpreter is shared, so a neighbour pays with a few switches of it, never with the whole piece.
Leaves to the host: that nothing else touches a cluster which is lent to a thread.
"""

import asyncio
import heapq
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
PLACES = 2
LIGHT_BYTES = 8_000
"""Reading so much YAML takes some 15 ms; a call with more to say is done aside."""
LIGHT_WEIGHT = 300
"""So many objects are listed or drawn within a slice or two."""
LIGHT_COMMANDS = 3
_JOINTS = ";|&\n"
_RUNS_A_SHELL = re.compile(r"\b(exec|debug|attach|kind\s+create)\b")
"""Inside a container there are loops; `kind` builds clusters."""
_LIGHT_ASKS = frozenset({"clock", "wake"})
_TRIED = frozenset({"exec", "session", "remedies"})
"""A shell may loop, and remedies are tried on copies of the whole cluster."""
_encode = msgspec.json.Encoder().encode


def is_heavy(ask: str, body: dict[str, Any], weight: int) -> bool:
    """Whether a call may take longer than a slice: by what it brings along, and by what it may have to walk over."""
    if ask in _LIGHT_ASKS:
        return False
    if weight > LIGHT_WEIGHT:
        return True
    if body.get("kind") in _TRIED:
        return True
    line = body.get("line")
    if isinstance(line, str) and (sum(map(line.count, _JOINTS)) > LIGHT_COMMANDS or _RUNS_A_SHELL.search(line)):
        return True
    return len(_encode(body)) > LIGHT_BYTES


class Aside:
    """The threads of one host."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(PLACES, thread_name_prefix="aside")
        self._free = PLACES
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._arrivals = 0

    async def run(self, work: Callable[[], T], *, is_last: bool) -> T:
        """What `work` returns. `is_last`: others go first."""
        await self._place(is_last)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._give_place()

    def close(self) -> None:
        """Begin nothing more; what runs is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _place(self, is_last: bool) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._arrivals += 1
        heapq.heappush(self._waiting, (is_last, self._arrivals, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give_place()
            raise

    def _give_place(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
