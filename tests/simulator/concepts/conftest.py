"""A cluster with a terminal and a clock, as a learner has it."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.cluster import Cluster

SECOND = 1_000_000


class Lab:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def run(self, line: str, stdin: str = "") -> str:
        """What the line prints; the line has to succeed."""
        reply = self.reply(line, stdin)
        assert reply["exit"] == 0, reply
        return str(reply["stdout"])

    def refusal(self, line: str, stdin: str = "") -> str:
        """What a line that fails says."""
        reply = self.reply(line, stdin)
        assert reply["exit"] != 0, reply
        return str(reply["stderr"])

    def failure(self, line: str) -> str:
        """All a line that fails prints: what a container writes stands in one stream."""
        reply = self.reply(line)
        assert reply["exit"] != 0, reply
        return f"{reply['stdout']}{reply['stderr']}"

    def reply(self, line: str, stdin: str = "") -> dict[str, Any]:
        return self.cluster.apply({"kind": "shell", "line": line, "stdin": stdin})

    def pin(self, name: str, node: str, *, image: str = "nginx:1.27") -> None:
        """Makes a pod on this node, whatever its taints."""
        spec = f'{{nodeName: {node}, tolerations: [{{operator: Exists}}], containers: [{{name: c, image: "{image}"}}]}}'
        metadata = f"{{name: {name}, labels: {{run: {name}}}}}"
        self.run("kubectl apply -f -", f"apiVersion: v1\nkind: Pod\nmetadata: {metadata}\nspec: {spec}\n")

    def fault(self, fault: str, target: str) -> None:
        assert self.cluster.apply({"kind": "fault", "fault": fault, "target": target})["ok"]

    def wait(self, seconds: float) -> None:
        until = self.cluster.now + int(seconds * SECOND)
        while not self.cluster.advance(until):
            continue

    def column(self, line: str, name: str) -> list[str]:
        """One column of a table."""
        printed = self.run(line)
        if not printed:
            return []
        head, *rows = printed.splitlines()
        start = head.index(name)
        return [row[start:].split("  ")[0].strip() for row in rows]

    def value(self, what: str, path: str) -> str:
        """`value("pod web", "{.status.phase}")`"""
        return self.run(f"kubectl get {what} -o jsonpath='{path}'")


@pytest.fixture
def make_lab() -> Callable[..., Lab]:
    def make(workers: int = 2, control_planes: int = 1, **worker: Any) -> Lab:
        nodes: list[dict[str, Any]] = [{"role": "control-plane", "count": control_planes}]
        if workers:
            nodes.append({"role": "worker", "count": workers, "cpu": "2", "memory": "4Gi", **worker})
        return Lab(Cluster.create({"name": "book", "nodes": nodes}))

    return make


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    return make_lab()


@pytest.fixture
def cloud(lab: Any) -> Callable[..., Any]:
    """A cluster at a provider, three machines in as many zones."""

    def make(provider: str = "aws", size: int = 3, **config: Any) -> Any:
        given = {"name": "book", "flavour": "cloud", "cloud": {"provider": provider}, "nodeGroups": [{"size": size}]}
        return type(lab)(Cluster.create({**given, **config}))

    return make
