"""What the sidecars of a driver have in common: the answers of the backend that they wait for, and what they try again.

Follows the rate limiter of their work queues (`--retry-interval-start` 1 s, `--retry-interval-max` 5 min).
"""

from simulator.client import Client, Controller, Process
from simulator.engine.plain import Obj

_RETRY_US = 1_000_000
RETRY_MAX_US = 300_000_000


class Sidecar(Controller):
    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._due: dict[str, int] = {}
        """What is in work → when the backend answers."""
        self._failures: dict[str, int] = {}

    def _try_later(self, key: str) -> None:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.enqueue(key, retry_us(failures))

    def _forget(self, key: str) -> None:
        self._due.pop(key, None)
        self._failures.pop(key, None)

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._due.clear()
        self._failures.clear()

    def dump_private(self) -> Obj:
        return {"due": self._due, "failures": self._failures}

    def load_private(self, state: Obj) -> None:
        self._due, self._failures = dict(state["due"]), dict(state["failures"])


def retry_us(failures: int) -> int:
    """The wait after so many failures before."""
    return min(_RETRY_US << min(failures, 20), RETRY_MAX_US)
