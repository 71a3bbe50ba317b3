"""What one page has been sent and may be sent next. Pure: no socket, no clock of its own.

Decides about gaps, branches, the page's wished rate and its appetite: above `UNACKED_LIMIT` bytes that the page has not
acknowledged nothing more is sent, and after the next acknowledgement the page is brought up to date in one go.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec

from labs.messages import Frame
from live.hub import Shown, delta_text

UNACKED_LIMIT = 512 * 1024
CHUNK_BYTES = 240 * 1024


class Next(Enum):
    """What a frame means for the page."""

    NOTHING = "nothing"
    SEND = "send"
    RESYNC = "resync"


@dataclass
class Stream:
    """`gen` and `ev` say what the page has after everything taken so far. None: it has nothing yet."""

    gen: int | None = None
    ev: int | None = None
    is_syncing: bool = True
    is_stalled: bool = False
    waiting: list[Shown] = field(default_factory=list)
    clock: bytes = b""
    _held: list[Shown] = field(default_factory=list)
    _unacked: deque[tuple[int, int]] = field(default_factory=deque)
    _unacked_bytes: int = 0

    def take(self, shown: Shown | None) -> Next:
        """A live frame arrived; None: some were missed."""
        if self.is_syncing:
            if shown is not None:
                self._held.append(shown)
            return Next.NOTHING
        if shown is None:
            return Next.RESYNC
        return self._place(shown)

    def begin_sync(self) -> None:
        """From now on frames are held until `synced`. What waited is given up, so the page has what it had before it."""
        if self.waiting:
            self.ev = self.waiting[0].frame.since
        self.is_syncing = True
        self.waiting, self._held = [], []

    def synced(self, gen: int, ev: int, at: int = 0) -> Next:
        """The page was brought to `ev` and time `at`; frames held meanwhile follow, without what it has already."""
        self.is_syncing, self.gen, self.ev = False, gen, ev
        held, self._held = self._held, []
        newer = [shown for shown in held if shown.frame.gen >= gen and (shown.frame.upto > ev or shown.frame.at >= at)]
        answers = [self._place(shown) for shown in newer]
        return Next.RESYNC if Next.RESYNC in answers else Next.SEND if Next.SEND in answers else Next.NOTHING

    def texts(self) -> list[str]:
        """Take what is to be sent now: waiting deltas merged into one, then the clock if it changed."""
        found = []
        if self.waiting:
            found.append(_merged(self.waiting))
            self.waiting = []
        if self.clock:
            found.append('{"t":"clock","clock":' + self.clock.decode() + "}")
            self.clock = b""
        return found

    def sent(self, size: int) -> None:
        """`size` bytes went out, bringing the page to `ev`."""
        self._unacked.append((self.ev or 0, size))
        self._unacked_bytes += size
        if self._unacked_bytes > UNACKED_LIMIT:
            self.is_stalled = True

    def acked(self, ev: int) -> Next:
        """The page has applied everything up to `ev`."""
        while self._unacked and self._unacked[0][0] <= ev:
            self._unacked_bytes -= self._unacked.popleft()[1]
        if not self.is_stalled or self._unacked_bytes > UNACKED_LIMIT // 2:
            return Next.NOTHING
        self.is_stalled = False
        return Next.RESYNC

    def _place(self, shown: Shown) -> Next:
        frame = shown.frame
        if frame.gen != self.gen:
            return Next.RESYNC
        if frame.clock:
            self.clock = frame.clock
        has = self.ev or 0
        if frame.upto <= has:
            return Next.SEND if frame.clock else Next.NOTHING
        if self.is_stalled:
            return Next.NOTHING
        if frame.since != has:  # a gap; or a new owner that begins before what the last one had shown
            return Next.RESYNC
        self.ev = frame.upto
        self.waiting.append(shown)
        return Next.SEND


def _merged(frames: list[Shown]) -> str:
    if len(frames) == 1:
        return frames[0].delta
    parts: list[Frame] = [shown.frame for shown in frames]
    inside = b",".join(part.items for part in parts if part.items)
    return delta_text(parts[-1].gen, parts[0].since, parts[-1].upto, parts[-1].at, inside)


def snapshot_texts(view: dict[str, Any]) -> Iterator[str]:
    """The picture in a host's answer as `snap` messages of at most a quarter of a megabyte each."""
    head = {"t": "snap", "gen": view["gen"], "ev": view["ev"], "clock": view["clock"]}
    parts = [*_chunks(view["tables"])] or [{}]
    for number, tables in enumerate(parts):
        message = {**head, "tables": tables, "part": number, "end": number == len(parts) - 1}
        yield msgspec.json.encode(message).decode()


def _chunks(tables: dict[str, Any]) -> Iterator[dict[str, Any]]:
    chunk: dict[str, Any] = {}
    size = 0
    for kind, table in tables.items():
        rows: list[Any] = []
        chunk[kind] = {"cols": table["cols"], "rows": rows}
        for row in table["rows"]:
            if size > CHUNK_BYTES:
                yield chunk
                rows, size = [], 0
                chunk = {kind: {"cols": table["cols"], "rows": rows}}
            rows.append(row)
            size += len(msgspec.json.encode(row)) + 1
    if chunk:
        yield chunk


def backlog_text(view: dict[str, Any]) -> str:
    """The backlog in a host's answer as one `delta`."""
    inside = msgspec.json.encode(view["items"])[1:-1]
    return delta_text(view["gen"], view["since"], view["ev"], view["at"], inside)
