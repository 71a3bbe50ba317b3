"""When each resident cluster wants to run next: one heap, one timer for all of them."""

import heapq


class Pacer:
    """Holds at most one due time a cluster. A newer one replaces it; the old heap entry is skipped when it surfaces."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []
        self._due: dict[str, int] = {}

    def set(self, cluster: str, wall_us: int | None) -> bool:
        """`cluster` is due at `wall_us`; None: not at all. True when that is now the earliest of all."""
        if wall_us is None:
            self._due.pop(cluster, None)
            return False
        if self._due.get(cluster) != wall_us:
            self._due[cluster] = wall_us
            heapq.heappush(self._heap, (wall_us, cluster))
        return self._heap[0][1] == cluster

    def next(self) -> int | None:
        """The earliest due time."""
        self._skip_stale()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, wall_us: int) -> list[str]:
        """Take every cluster due by `wall_us`, earliest first."""
        found = []
        self._skip_stale()
        while self._heap and self._heap[0][0] <= wall_us:
            _, cluster = heapq.heappop(self._heap)
            del self._due[cluster]
            found.append(cluster)
            self._skip_stale()
        return found

    def _skip_stale(self) -> None:
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
