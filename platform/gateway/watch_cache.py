"""One question to the cluster for all who watch the same, as the API server's watch cache stands between its clients and etcd.

    watches = WatchCache(backend)
    async for part in watches.watched(request): ...

The API server answers a watch at once with the events since a revision and closes the batch with a bookmark
(`simulator.apiserver.watches`), so whoever knows a revision can go on from there, in any process. Promises: a watcher gets
every event after its revision, once and in order; each event is asked for and encoded once, however many watch; what is
kept for those who lag is bounded (`KEPT_BYTES` for all of them together). Who lags further is told 410 and lists again, as
by a real API server (`apiserver/pkg/storage/cacher`: a watcher that does not take its events is ended).
Leaves to others: waiting for a client that does not read (`patient_server.py`).
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from foundation.waiting import is_set_within
from gateway.backend import Backend, handle_patiently
from simulator.apiserver.errors import too_old_revision
from simulator.apiserver.request import Request, Response

KEPT_BYTES = 8 * 1024 * 1024
PART_BYTES = 64 * 1024
"""So much is sent before it is asked again whether the client still takes it."""
#: kube-apiserver ends a watch without `timeoutSeconds` after 30 to 60 minutes.
_LONGEST_S = 1_800.0
_LOOK_AGAIN_S = 5.0
_BOOKMARK_EVERY_S, _LAST_BOOKMARK_S = 60.0, 2.0
#: What one watcher costs for each part it gets. Events that come meanwhile travel together.
_PACE_S = 0.000_25
_LONGEST_PACE_S = 0.25
#: What distinguishes one watch from another; the rest of a request (its revision, its time) is a watcher's own.
_OWN = frozenset(
    {"resourceVersion", "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "allowWatchBookmarks"}
)
_HEADERS = ("accept", "authorization")
_ACTING = "impersonate-"

_Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Events after one revision up to another."""

    after: int
    upto: int
    lines: tuple[tuple[int, bytes], ...]
    """(revision, JSON and a line end)."""
    text: bytes
    """All of them."""

    def since(self, revision: int) -> bytes:
        if revision <= self.after:
            return self.text
        return b"".join(line for rev, line in self.lines if rev > revision)


class _Reader:
    """One client's place."""

    __slots__ = ("revision",)

    def __init__(self, revision: int) -> None:
        self.revision = revision


class WatchCache:
    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._windows: dict[_Key, _Window] = {}

    @property
    def kept_bytes(self) -> int:
        """Of all events that somebody still has to take."""
        return sum(window.kept_bytes for window in self._windows.values())

    @property
    def pace_s(self) -> float:
        readers = sum(len(window.readers) for window in self._windows.values())
        return min((readers - 1) * _PACE_S, _LONGEST_PACE_S)

    async def watched(self, request: Request) -> AsyncGenerator[bytes | Response, None]:
        """Watch events, a JSON object a line. A first part that is a Response refuses the watch. Raises Unreachable."""
        clock = asyncio.get_running_loop().time
        end = clock() + _seconds(request.query.get("timeoutSeconds", ""))
        asked = replace(request, query={**request.query, "allowWatchBookmarks": "true"})
        wants_bookmarks = request.query.get("allowWatchBookmarks") == "true"
        is_first = True
        while True:
            moves = self.backend.moves
            response = await (self.backend.handle(asked) if is_first else handle_patiently(self.backend, asked))
            if is_first and not isinstance(response.body, list):  # refused, or nothing that can be watched
                yield response
                return
            if not response.ok:
                yield _line("ERROR", response.body)
                return
            events, bookmark = response.body[:-1], response.body[-1]
            is_told = bookmark["type"] == "ERROR" or (wants_bookmarks and _ends_initial(bookmark))
            for part in _parts(response.body if is_told else events, always=is_first):
                yield part
            if bookmark["type"] == "ERROR":
                return
            is_first = False
            asked = _since(asked, _revision(bookmark))
            window = self._window(asked, bookmark["object"], moves)
            if window.start <= _revision(bookmark):
                break
        reader = _Reader(_revision(bookmark))
        async with contextlib.aclosing(self._followed(window, reader, end, wants_bookmarks=wants_bookmarks)) as parts:
            async for part in parts:
                yield part

    def _window(self, asked: Request, bookmark: Any, moves: int) -> "_Window":
        key = _key(asked)
        window = self._windows.get(key)
        if window is None or window.is_over:
            window = self._windows[key] = _Window(self, asked, bookmark, moves)
        return window

    async def _followed(
        self, window: "_Window", reader: _Reader, end: float, *, wants_bookmarks: bool
    ) -> AsyncGenerator[bytes, None]:
        clock = asyncio.get_running_loop().time
        told = clock()
        with window.read_by(reader):
            while (now := clock()) < end:
                if reader.revision < window.start:
                    yield _line("ERROR", too_old_revision(reader.revision, window.start).status())
                    return
                text = window.take(reader)
                if text:
                    for begin in range(0, len(text), PART_BYTES):
                        yield text[begin : begin + PART_BYTES]
                elif window.is_over:
                    if last := window.last_words():
                        yield last
                    return
                elif wants_bookmarks and now >= (due := _next_bookmark(told, end)):
                    told = now
                    yield window.bookmark(reader.revision)
                else:
                    await window.news(min(end, due if wants_bookmarks else end) - now)

    def forget(self, window: "_Window") -> None:
        """Nobody reads it any more."""
        self._windows = {key: kept for key, kept in self._windows.items() if kept is not window}

    def make_room(self) -> None:
        """Whoever lags most loses what was kept for him."""
        while self.kept_bytes > KEPT_BYTES:
            max(self._windows.values(), key=lambda window: window.kept_bytes).drop_oldest()


class _Window:
    """The events of one watch that not all of its readers have taken, and the task that asks for more."""

    def __init__(self, cache: WatchCache, asked: Request, bookmark: Any, moves: int) -> None:
        self.start = self._end = int(bookmark["metadata"]["resourceVersion"])
        """Events after `start` are here or taken by all readers."""
        self.readers: set[_Reader] = set()
        self.kept_bytes = 0
        self._cache, self._asked, self._bookmark = cache, asked, bookmark
        self._batches: deque[_Batch] = deque()
        self._error = b""
        self._next = asyncio.Event()
        self._asking = asyncio.create_task(self._ask_forever(moves), name=f"watch {asked.path}")
        self._asking.add_done_callback(self._ended)

    @contextlib.contextmanager
    def read_by(self, reader: _Reader) -> Iterator[None]:
        self.readers.add(reader)
        try:
            yield
        finally:
            self.readers.remove(reader)
            if not self.readers:
                self._cache.forget(self)
                self._asking.cancel()
            else:
                self._trim()

    @property
    def is_over(self) -> bool:
        return self._asking.done()

    def last_words(self) -> bytes:
        """The ERROR that ended it. Raises what its question raised."""
        self._asking.result()
        return self._error

    def take(self, reader: _Reader) -> bytes:
        """What comes next for the reader, who has then had it."""
        for batch in self._batches:
            if batch.upto <= reader.revision:
                continue
            text = batch.since(reader.revision)
            reader.revision = batch.upto
            self._trim()
            if text:
                return text
        reader.revision = max(reader.revision, self._end)
        return b""

    def bookmark(self, revision: int) -> bytes:
        metadata = {"resourceVersion": str(revision), "creationTimestamp": None}
        return _line("BOOKMARK", {**self._bookmark, "metadata": metadata})

    async def news(self, timeout_s: float) -> None:
        await is_set_within(self._next, timeout_s)

    def drop_oldest(self) -> None:
        batch = self._batches.popleft()
        self.kept_bytes -= len(batch.text)
        self.start = batch.upto

    async def _ask_forever(self, moves: int) -> None:
        backend = self._cache.backend
        while not self._error:
            await backend.changed(moves, _LOOK_AGAIN_S)
            moves = backend.moves
            response = await handle_patiently(backend, _since(self._asked, self._end))
            if response.ok and response.body[-1]["type"] != "ERROR":
                self._take_in(response.body)
                await asyncio.sleep(self._cache.pace_s)
            else:
                self._error = _line("ERROR", response.body[-1]["object"] if response.ok else response.body)

    def _take_in(self, told: Sequence[Any]) -> None:
        *events, bookmark = told
        upto = _revision(bookmark)
        for batch in _batches(self._end, upto, [(_revision(event), _encoded(event)) for event in events]):
            self._batches.append(batch)
            self.kept_bytes += len(batch.text)
        self._end = upto
        if events:
            self._wake()
            self._cache.make_room()

    def _trim(self) -> None:
        """Forgets what all have taken."""
        if not self._batches or self._batches[0].upto > min(reader.revision for reader in self.readers):
            return
        slowest = min(reader.revision for reader in self.readers)
        while self._batches and self._batches[0].upto <= slowest:
            self.drop_oldest()

    def _ended(self, asking: "asyncio.Task[None]") -> None:
        if not asking.cancelled():
            asking.exception()  # its readers raise it; there may be none left
        self._wake()

    def _wake(self) -> None:
        self._next.set()
        self._next = asyncio.Event()


def _batches(after: int, upto: int, lines: list[tuple[int, bytes]]) -> Iterator[_Batch]:
    """Cut between events, so that nobody has to hold much at a time."""
    part: list[tuple[int, bytes]] = []
    size = 0
    for line in lines:
        if size + len(line[1]) > PART_BYTES and part:
            yield _Batch(after, part[-1][0], tuple(part), b"".join(text for _, text in part))
            after, part, size = part[-1][0], [], 0
        part.append(line)
        size += len(line[1])
    if part:
        yield _Batch(after, upto, tuple(part), b"".join(text for _, text in part))


def _key(asked: Request) -> _Key:
    query = sorted((name, value) for name, value in asked.query.items() if name not in _OWN)
    headers = sorted(
        (name, text) for name, text in asked.headers.items() if name in _HEADERS or name.startswith(_ACTING)
    )
    return (asked.path, tuple(query), tuple(headers), asked.user)


def _since(request: Request, revision: int) -> Request:
    query = {
        name: value
        for name, value in request.query.items()
        if name not in ("sendInitialEvents", "resourceVersionMatch")
    }
    return replace(request, query={**query, "resourceVersion": str(revision)})


def _revision(event: Any) -> int:
    return int(event["object"]["metadata"]["resourceVersion"])


def _ends_initial(bookmark: Any) -> bool:
    return "annotations" in bookmark["object"]["metadata"]


def _next_bookmark(told: float, end: float) -> float:
    """About every minute, and two seconds before the end (`cacher/cache_watcher.go: nextBookmarkTime`)."""
    last = end - _LAST_BOOKMARK_S
    return min(told + _BOOKMARK_EVERY_S, last if last > told else end)


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() and len(text) < 10 and int(text) else _LONGEST_S


def _parts(events: Sequence[Any], *, always: bool) -> Iterator[bytes]:
    """Lines of the first answer; `always`: at least one part, which opens the stream."""
    lines: list[bytes] = []
    size = 0
    for event in events:
        lines.append(_encoded(event))
        size += len(lines[-1])
        if size > PART_BYTES:
            yield b"".join(lines)
            lines, size, always = [], 0, False
    if lines or always:
        yield b"".join(lines)


def _encoded(event: Any) -> bytes:
    return msgspec.json.encode(event) + b"\n"


def _line(type: str, obj: Any) -> bytes:
    return _encoded({"type": type, "object": obj})
