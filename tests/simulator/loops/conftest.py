"""The lab of the concepts' tests, with the debugger at hand."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.cluster import Cluster

SECOND = 1_000_000


class Workbench:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def run(self, line: str) -> str:
        reply = self.cluster.apply({"kind": "shell", "line": line})
        assert reply["exit"] == 0, reply
        return str(reply["stdout"])

    def wait(self, seconds: float) -> None:
        until = self.cluster.now + int(seconds * SECOND)
        while not self.cluster.advance(until):
            continue

    def stop_before(self, loop: str = "", **where: str) -> int:
        reply = self.cluster.apply({"kind": "breakpoint", "op": "set", "loop": loop, **where})
        assert reply["changed"], reply
        return int(reply["id"])

    def clear(self, number: int) -> None:
        assert self.cluster.apply({"kind": "breakpoint", "op": "clear", "id": number})["ok"]

    def step(self, loop: str, key: str = "") -> dict[str, Any]:
        return self.cluster.apply({"kind": "breakpoint", "op": "step", "loop": loop, "key": key})

    def look(self, loop: str, key: str = "") -> dict[str, Any]:
        reply = self.cluster.apply({"kind": "look", "loop": loop, "key": key})
        assert reply["changed"] is False
        return reply

    def switch(self, loop: str, op: str) -> dict[str, Any]:
        return self.cluster.apply({"kind": "loop", "op": op, "loop": loop})

    def loop(self, name: str) -> dict[str, Any]:
        loops = self.cluster.apply({"kind": "loops"})["loops"]
        return dict(next(one for one in loops if one["name"] == name))

    def held(self, name: str) -> list[str]:
        return [one["name"] for one in self.loop(name)["held"]]

    def value(self, what: str, path: str) -> str:
        return self.run(f"kubectl get {what} -o jsonpath='{path}'")

    def count(self, what: str) -> int:
        return len(self.value(what, "{.items[*].metadata.name}").split())


@pytest.fixture
def make_bench() -> Callable[..., Workbench]:
    def make(control_planes: int = 1, workers: int = 2) -> Workbench:
        nodes = [{"role": "control-plane", "count": control_planes}, {"role": "worker", "count": workers}]
        return Workbench(Cluster.create({"name": "book", "nodes": nodes}))

    return make


@pytest.fixture
def bench(make_bench: Callable[..., Workbench]) -> Workbench:
    return make_bench()
