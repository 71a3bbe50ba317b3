"""A cluster of any flavour, with a terminal and a clock."""

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

    def refusal(self, line: str) -> str:
        reply = self.cluster.apply({"kind": "shell", "line": line, "stdin": ""})
        assert reply["exit"] != 0, reply
        return str(reply["stderr"])

    def load(self, target: str) -> None:
        assert self.fault("load", target)["ok"]

    def serve(self, name: str = "web", *, replicas: int = 1, request: str = "cpu=200m", limit: str = "") -> None:
        """A deployment of the walkthrough's server, ready and measured."""
        self.run(f"kubectl create deployment {name} --image=registry.k8s.io/hpa-example --replicas={replicas}")
        limits = f" --limits={limit}" if limit else ""
        if request:
            self.run(f"kubectl set resources deployment {name} --requests={request}{limits}")
        self.wait(60)


@pytest.fixture
def make_lab() -> Callable[..., Lab]:
    def make(*addons: str, workers: int = 3, seed: int = 1, **worker: Any) -> Lab:
        nodes = [{"role": "control-plane"}, {"role": "worker", "count": workers, **worker}]
        return Lab({"name": "book", "nodes": nodes, "addons": list(addons)}, seed=seed)

    return make


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    """With a metrics server."""
    return make_lab("metrics-server")
