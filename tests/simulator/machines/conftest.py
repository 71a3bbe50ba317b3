"""A cluster with a terminal, and short words for its machines."""

from typing import Any

import pytest

from simulator.cluster import Cluster

Obj = dict[str, Any]
CONTROL_PLANE, WORKER = "kind-control-plane", "kind-worker"
MANIFESTS = "/etc/kubernetes/manifests"


class Lab:
    def __init__(self, config: str | Obj | None = None, **given: Any) -> None:
        self.cluster = Cluster.create(config, **given)

    def shell(self, line: str, stdin: str = "") -> Obj:
        return self.cluster.apply({"kind": "shell", "line": line, "stdin": stdin})

    def said(self, line: str, stdin: str = "") -> str:
        """What a line that succeeds prints."""
        reply = self.shell(line, stdin)
        assert reply["exit"] == 0, reply
        return str(reply["stdout"])

    def refused(self, line: str) -> str:
        reply = self.shell(line)
        assert reply["exit"] != 0, reply
        return str(reply["stderr"])

    def on(self, machine: str, line: str) -> str:
        return self.said(f"docker exec {machine} {line}")

    def run(self, seconds: float) -> None:
        self.cluster.advance(self.cluster.now + round(seconds * 1_000_000))

    def get(self, resource: str, name: str, namespace: str = "default") -> Obj | None:
        return self.cluster.registry.store.get(resource, (namespace, name))

    def restore(self) -> None:
        """Goes on with the cluster as it comes back from its bytes."""
        copy = Cluster.load(self.cluster.dump())
        assert copy.state_hash() == self.cluster.state_hash()
        self.cluster = copy


@pytest.fixture
def lab() -> Lab:
    return Lab()
