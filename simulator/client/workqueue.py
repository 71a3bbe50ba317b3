"""The controller's queue in three small layers, as client-go's `util/workqueue`.

1. *De-duplicating*: a key that waits is not added twice. 2. *Delaying*: a key may be added later.
3. *Rate limited*: a key that fails comes back after 5 ms, 10 ms, 20 ms … up to 1,000 s, until it is forgotten.

Keys are strings such as `default/web`. Each waits together with the cause that queued it first.
"""

from simulator.engine import Engine, Plain

_BASE_US = 5_000
_MAX_US = 1_000_000_000


class WorkQueue:
    def __init__(self, engine: Engine, owner: str) -> None:
        self._engine = engine
        self._owner = owner
        self._waiting: dict[str, int] = {}
        """Ready keys in order of arrival → the cause (`ev`) that queued them."""
        self._later: dict[str, tuple[int, int]] = {}
        """Delayed keys → (due, ticket). A key may be here and in `_waiting`: the earlier one wins, the later one stays."""
        self._failures: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, key: str) -> None:
        if key not in self._waiting:
            self._waiting[key] = self._engine.cause

    def put_first(self, key: str, cause: int) -> None:
        """Before everything that waits; a key that waits already gets this cause."""
        self._waiting.pop(key, None)
        self._waiting = {key: cause, **self._waiting}

    @property
    def delayed(self) -> int:
        """How many keys wait for their time."""
        return len(self._later)

    @property
    def failing(self) -> int:
        """How many keys failed at their last try."""
        return len(self._failures)

    def add_after(self, key: str, delay_us: int) -> None:
        """An earlier pending delay for the same key is kept, a later one replaced."""
        if delay_us <= 0:
            self.add(key)
            return
        due = self._engine.now + delay_us
        known = self._later.get(key)
        if known is not None:
            if known[0] <= due:
                return
            self._engine.cancel(known[1])
        self._later[key] = (due, self._engine.schedule(delay_us, self._owner, "delayed", key))

    def arrive(self, key: str) -> None:
        """A delayed key is due."""
        self._later.pop(key, None)
        self.add(key)

    def retry(self, key: str) -> None:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.add_after(key, min(_BASE_US << min(failures, 40), _MAX_US))

    def forget(self, key: str) -> None:
        self._failures.pop(key, None)

    def take(self) -> tuple[str, int]:
        """The oldest waiting key and its cause."""
        key = next(iter(self._waiting))
        return key, self._waiting.pop(key)

    def clear(self) -> None:
        for _, ticket in self._later.values():
            self._engine.cancel(ticket)
        self._waiting.clear()
        self._later.clear()
        self._failures.clear()

    def dump(self) -> Plain:
        return {
            "waiting": [[key, cause] for key, cause in self._waiting.items()],
            "later": [[key, *value] for key, value in self._later.items()],
            "failures": [[key, count] for key, count in self._failures.items()],
        }

    def load(self, state: Plain) -> None:
        self._waiting = dict(state["waiting"])
        self._later = {key: (due, ticket) for key, due, ticket in state["later"]}
        self._failures = dict(state["failures"])
