"""A managed cluster whose node groups may grow and shrink, with a terminal and a clock."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.cluster import Cluster

SECOND = 1_000_000


class Lab:
    def __init__(self, config: dict[str, Any], seed: int = 1) -> None:
        self.cluster = Cluster.create(config, seed=seed)

    def run(self, line: str, stdin: str = "") -> str:
        reply = self.cluster.apply({"kind": "shell", "line": line, "stdin": stdin})
        assert reply["exit"] == 0, reply
        return str(reply["stdout"])

    def fault(self, fault: str, target: str) -> dict[str, Any]:
        return self.cluster.apply({"kind": "fault", "fault": fault, "target": target})

    def wait(self, seconds: float) -> None:
        until = self.cluster.now + int(seconds * SECOND)
        while not self.cluster.advance(until):
            continue

    def value(self, what: str, path: str) -> str:
        return self.run(f"kubectl get {what} -o jsonpath='{path}'")

    def cloud(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cluster.apply({"kind": "cloud"})["cloud"]
        return found

    def nodes(self) -> dict[str, str]:
        """Name → STATUS."""
        rows = self.run("kubectl get nodes --no-headers").splitlines()
        return {row.split()[0]: row.split()[1] for row in rows}


@pytest.fixture
def make_lab() -> Callable[..., Lab]:
    def make(flavour: str = "kind", **config: Any) -> Lab:
        return Lab({"name": "book", "flavour": flavour, **config})

    return make


@pytest.fixture
def cloud(make_lab: Callable[..., Lab]) -> Callable[..., Lab]:
    """A managed cluster of one node group."""

    def make(provider: str = "aws", *, size: int = 2, **more: Any) -> Lab:
        group = {"size": size, "min": more.pop("min", 1), "max": more.pop("max", 5), **more.pop("group", {})}
        return make_lab("cloud", cloud={"provider": provider, **more}, nodeGroups=[group])

    return make
