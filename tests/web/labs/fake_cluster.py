"""A simulated cluster small enough to reason about, with the face the hosts need (`labs.host.engine.SimCluster`).

It counts. `add` raises a counter at once and once more `after_us` later; a running cluster beats once a second. That is
enough to see lost, doubled or reordered commands, time, causes and rings; nothing here knows Kubernetes.
"""

import hashlib
import heapq
import json
import time
from collections.abc import Iterator
from typing import Any

BEAT_US = 1_000_000
RING = 500


class FakeCluster:
    """See the module."""

    def __init__(self, *, seed: int = 1, epoch_s: int = 0, beat_us: int = BEAT_US) -> None:
        self.max_objects = 0
        self.now = 0
        self.ev = 0
        self.revision = 0
        self.seed = seed
        self.epoch_s = epoch_s
        self.beat_us = beat_us
        self.counters: dict[str, int] = {}
        self.log: list[list[Any]] = []
        self.heap: list[list[Any]] = [[beat_us, 0, "beat", ""]]
        self.sequence = 1
        self.ring: list[list[Any]] = []

    @classmethod
    def create(cls, config: str | dict[str, Any] | None = None, **options: Any) -> "FakeCluster":
        if isinstance(config, str) and config.startswith("beat_us:"):
            options["beat_us"] = int(config.partition(":")[2])
        if config == "broken":
            raise ValueError("config: found 'broken', wanted anything else")
        return cls(**options)

    @property
    def digest(self) -> str:
        return self.state_hash()[:16]

    @property
    def weight(self) -> int:
        return len(self.counters)

    @property
    def writes(self) -> int:
        return self.revision

    def limit(self, *, clusters: int, nodes: int) -> None:
        """It is but one."""

    def compare(self, other: "FakeCluster") -> dict[str, Any]:
        same = self.counters == other.counters
        return {"same": same, "count": int(not same), "objects": []}

    def renumber(self, revision: int) -> None:
        self.revision = revision

    def apply(self, command: dict[str, Any]) -> dict[str, Any]:
        kind = command.get("kind")
        if kind == "add":
            return self._add(command)
        if kind == "read":
            return {"changed": False, "counters": self.counters, "log": self.log, "now": self.now}
        if kind == "large":
            return {"changed": False, "text": "x" * int(command["bytes"])}
        if kind == "think":
            end = time.thread_time() + float(command["cpu_s"])
            while time.thread_time() < end:
                pass
            return {"changed": False, "thought": len(command["about"])}
        if kind == "burn":
            for number in range(int(command["events"])):
                self._plan(0, "burn", str(number))
            return {"changed": True}
        if kind == "crash":
            raise RuntimeError("the fake was told to crash")
        if kind == "check":
            return {"changed": False, "results": list(self._checked(command["checks"]))}
        message = f"kind: found {kind!r}, wanted add, read, large, burn, check or crash"
        return {"changed": False, "error": {"code": "BadCommand", "message": message}}

    def _add(self, command: dict[str, Any]) -> dict[str, Any]:
        name = str(command.get("name", "n"))
        self._emit(name)
        self.log.append([self.now, command.get("tag", "")])
        if "after_us" in command:
            self._plan(int(command["after_us"]), "later", name)
        return {"changed": True, "value": self.counters[name]}

    def _checked(self, checks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for check in checks:
            passed = self.counters.get(check["name"], 0) >= check["atLeast"]
            yield {
                "id": check["id"],
                "passed": passed,
                "say": f"{check['name']} is {self.counters.get(check['name'], 0)}",
            }

    def _emit(self, name: str) -> None:
        self.ev += 1
        self.revision += 1
        self.counters[name] = self.counters.get(name, 0) + 1
        self.ring = [*self.ring[-RING:], [self.ev, ["set", name, {"value": self.counters[name]}]]]

    def _plan(self, delay_us: int, what: str, name: str) -> None:
        heapq.heappush(self.heap, [self.now + delay_us, self.sequence, what, name])
        self.sequence += 1

    def advance(self, until_us: int, max_events: int = 2000) -> bool:
        if until_us < self.now:
            raise ValueError(f"until: found {until_us}, wanted at least now, {self.now}")
        for _ in range(max_events):
            if not self.heap or self.heap[0][0] > until_us:
                self.now = until_us
                return True
            self.step()
        return False

    def step(self) -> bool:
        if not self.heap:
            return False
        self.now, _, what, name = heapq.heappop(self.heap)
        self._emit(name or what)
        if what == "beat":
            self._plan(self.beat_us, "beat", "")
        return True

    def next_due(self) -> int | None:
        return self.heap[0][0] if self.heap else None

    def dump(self) -> bytes:
        return json.dumps(self.__dict__, sort_keys=True).encode()

    @classmethod
    def load(cls, dumped: bytes) -> "FakeCluster":
        fake = cls()
        fake.__dict__.update(json.loads(dumped))
        return fake

    def state_hash(self) -> str:
        return hashlib.sha256(self.dump()).hexdigest()

    def picture(self) -> dict[str, Any]:
        rows = [[name, name, value] for name, value in self.counters.items()]
        return {"Counter": {"cols": ["uid", "name", "value"], "rows": rows}}

    def changes(self, since_ev: int) -> list[Any] | None:
        if self.ring and since_ev < self.ring[0][0] - 1:
            return None
        return [item for ev, item in self.ring if ev > since_ev]

    def summary(self) -> dict[str, Any]:
        return {"last": f"ev {self.ev}", "picture": {"nodes": [], "declared": []}}
