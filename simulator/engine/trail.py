"""What happened and because of what: one row for every command, fault, timer and write.

Promises that from any row one can walk back to its root, and that the row of every root (a person's
command, an injected fault, the cluster's start) is kept for ever. Other rows are forgotten oldest
first once there are more than `limit`; a row keeps its root's number, so even then the answer to
"who started this" survives.
"""

from collections.abc import Iterator

from simulator.engine.plain import Plain
from simulator.engine.trail_rows import TrailColumns, TrailRow, row_of

ROOT_TYPES = ("start", "command", "fault", "timer")


class Trail:
    """Rows by `ev`. `ev` counts from 1 without gaps."""

    def __init__(self, limit: int = 20_000) -> None:
        self.limit = limit
        self._full = limit + limit // 4
        """Rows at which the oldest are forgotten, down to `limit`."""
        self.ev = 0
        self._first = 1
        self._rows: list[TrailRow] = []
        self._roots: dict[int, TrailRow] = {}

    def append(
        self,
        *,
        at: int,
        type: str,
        actor: str,
        verb: str = "",
        resource: str = "",
        namespace: str = "",
        name: str = "",
        uid: str = "",
        rev: int = 0,
        because: int = 0,
        note: str = "",
    ) -> int:
        ev = self.ev + 1
        parent = self.get(because) if because else None
        root, hop = (because or ev, 0) if parent is None else (parent.root, parent.hop + 1)
        return self._add(
            ev, hop, row_of((ev, at, type, actor, verb, resource, namespace, name, uid, rev, because, root, hop, note))
        )

    def write(
        self, at: int, who: str, verb: str, resource: str, key: tuple[str, str], uid: str, rev: int, because: int
    ) -> int:
        """`append` for what nearly all rows are, without a word for each value."""
        ev = self.ev = self.ev + 1
        rows, index = self._rows, because - self._first
        parent = rows[index] if 0 <= index < len(rows) else self._roots.get(because)
        root, hop = (because or ev, 0) if parent is None else (parent.root, parent.hop + 1)
        row = row_of((ev, at, "write", who, verb, resource, key[0], key[1], uid, rev, because, root, hop, ""))
        rows.append(row)
        if hop == 0:
            self._roots[ev] = row
        if len(rows) > self._full:
            self._forget()
        return ev

    def _add(self, ev: int, hop: int, row: TrailRow) -> int:
        self.ev = ev
        self._rows.append(row)
        if hop == 0:
            self._roots[ev] = row
        if len(self._rows) > self._full:
            self._forget()
        return ev

    def get(self, ev: int) -> TrailRow | None:
        index = ev - self._first
        if 0 <= index < len(self._rows):
            return self._rows[index]
        return self._roots.get(ev)

    def since(self, ev: int) -> list[TrailRow] | None:
        """Rows with a number greater than `ev`; None when some of them are forgotten."""
        if ev + 1 < self._first:
            return None
        return self._rows[ev + 1 - self._first :]

    def chain(self, ev: int) -> list[TrailRow]:
        """From the row itself back to its root."""
        rows: list[TrailRow] = []
        row = self.get(ev)
        while row is not None:
            rows.append(row)
            if row.hop == 0:
                return rows
            row = self.get(row.because)
        if rows and (root := self._roots.get(rows[-1].root)) is not None:
            rows.append(root)
        return rows

    def roots(self) -> Iterator[TrailRow]:
        """Every root, oldest first."""
        return iter(self._roots.values())

    def rows(self) -> Iterator[TrailRow]:
        """Every row still remembered, oldest first."""
        return iter(self._rows)

    def rows_and_roots(self) -> Iterator[TrailRow]:
        """Every remembered row and every root, oldest first."""
        yield from (row for row in self._roots.values() if row.ev < self._first)
        yield from self._rows

    def undo(self, ev: int) -> None:
        """Takes back every row after `ev`: a command that turned out to be a question. They must all still be there."""
        for row in self._rows[ev + 1 - self._first :]:
            self._roots.pop(row.ev, None)
        del self._rows[ev + 1 - self._first :]
        self.ev = ev

    def _forget(self) -> None:
        surplus = len(self._rows) - self.limit
        del self._rows[:surplus]
        self._first += surplus

    def dump(self, columns: TrailColumns) -> Plain:
        kept = self._first
        return {
            "ev": self.ev,
            "first": self._first,
            "rows": columns.told(self._rows),
            "roots": [list(row) for row in self._roots.values() if row.ev < kept],
        }

    def load(self, state: Plain, columns: TrailColumns) -> None:
        self.ev = state["ev"]
        self._first = state["first"]
        self._rows = columns.taken(self._first, state["rows"])
        self._roots = {row[0]: TrailRow(*row) for row in state["roots"]}
        self._roots.update((row.ev, row) for row in self._rows if row.hop == 0)
