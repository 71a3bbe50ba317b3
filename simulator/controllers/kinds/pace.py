"""How fast a controller may go on replacing pods that end as soon as they are made: no faster than its client's requests.

client-go's `util/flowcontrol` with kube-controller-manager's `--kube-api-qps` 20 and `--kube-api-burst` 30. Upstream's limit holds for every request
of a controller; here it is counted only where nothing else would end a loop, such as a node that rejects what is bound to it.
"""

from simulator.engine import Plain

_REQUEST_US = 50_000
_BURST = 30


class Pace:
    def __init__(self) -> None:
        self._due: dict[str, int] = {}
        """Owner's key → when its requests so far would all be made at an even pace."""

    def begin(self, key: str) -> None:
        """From now on the requests for this key are counted."""
        self._due.setdefault(key, 0)

    def __contains__(self, key: str) -> bool:
        return key in self._due

    def wait_us(self, key: str, requests: int, now: int) -> int:
        """0, and the requests are counted; else after how long they may be made. Those that are not counted never wait."""
        if key not in self._due:
            return 0
        due = max(self._due[key], now) + requests * _REQUEST_US
        early = due - now - _BURST * _REQUEST_US
        if early > 0:
            return early
        self._due[key] = due
        return 0

    def forget(self, key: str) -> None:
        self._due.pop(key, None)

    def clear(self) -> None:
        self._due.clear()

    def dump(self) -> Plain:
        return [[key, due] for key, due in self._due.items()]

    def load(self, state: Plain) -> None:
        self._due = dict(state)
