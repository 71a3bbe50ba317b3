"""Waits that double with every failure of one thing: client-go's `util/flowcontrol/backoff.go`, without jitter."""

from simulator.engine import Plain


class Backoff:
    def __init__(self, first_us: int, most_us: int) -> None:
        self._first, self._most = first_us, most_us
        self._entries: dict[str, tuple[int, int]] = {}
        """Name → (wait, when it was set)."""

    def left_us(self, name: str, now: int) -> int:
        """How long the thing still has to wait. What has been quiet for twice the longest wait is forgotten."""
        known = self._entries.get(name)
        if known is None or now - known[1] > 2 * self._most:
            return 0
        return max(known[0] - (now - known[1]), 0)

    def next(self, name: str, now: int) -> None:
        known = self._entries.get(name)
        is_fresh = known is None or now - known[1] > 2 * self._most
        wait = self._first if is_fresh or known is None else min(known[0] * 2, self._most)
        self._entries[name] = (wait, now)

    def sweep(self, now: int) -> None:
        """Forgets what is forgotten anyway."""
        self._entries = {name: one for name, one in self._entries.items() if now - one[1] <= 2 * self._most}

    def clear(self) -> None:
        self._entries.clear()

    def dump(self) -> Plain:
        return [[name, wait, since] for name, (wait, since) in self._entries.items()]

    def load(self, state: Plain) -> None:
        self._entries = {name: (wait, since) for name, wait, since in state}
