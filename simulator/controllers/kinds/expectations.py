"""What a controller has asked for and not yet seen, so that a lagging cache does not make it ask twice.

client-go's ControllerExpectations: while expectations are open the controller only reports status. They are met by
watch deliveries and given up after five minutes.
"""

from simulator.engine import Plain

_TIMEOUT_US = 5 * 60 * 1_000_000


class Expectations:
    def __init__(self) -> None:
        self._open: dict[str, tuple[int, int, dict[str, None]]] = {}
        """Owner's key → (since, creations not yet seen, uids whose deletion is not yet seen)."""

    def expect_creations(self, key: str, count: int, now: int) -> None:
        self._open[key] = (now, count, {})

    def expect_deletions(self, key: str, uids: list[str], now: int) -> None:
        self._open[key] = (now, 0, dict.fromkeys(uids))

    def expect(self, key: str, creations: int, deletions: list[str], now: int) -> None:
        self._open[key] = (now, creations, dict.fromkeys(deletions))

    def created(self, key: str, count: int = 1) -> None:
        if key in self._open:
            since, creations, deletions = self._open[key]
            self._open[key] = (since, creations - count, deletions)

    def deleted(self, key: str, uid: str) -> None:
        if key in self._open:
            self._open[key][2].pop(uid, None)

    def are_met(self, key: str, now: int) -> bool:
        if key not in self._open:
            return True
        since, creations, deletions = self._open[key]
        return (creations <= 0 and not deletions) or now - since > _TIMEOUT_US

    def forget(self, key: str) -> None:
        self._open.pop(key, None)

    def clear(self) -> None:
        self._open.clear()

    def dump(self) -> Plain:
        return [[key, since, creations, list(deletions)] for key, (since, creations, deletions) in self._open.items()]

    def load(self, state: Plain) -> None:
        self._open = {key: (since, creations, dict.fromkeys(uids)) for key, since, creations, uids in state}
