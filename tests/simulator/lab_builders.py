"""A cluster with a terminal and a clock, of any flavour."""

from typing import Any

from simulator.cluster import Cluster

SECOND = 1_000_000


class Lab:
    def __init__(self, config: dict[str, Any], seed: int = 1) -> None:
        self.cluster = Cluster.create(config, seed=seed)

    def run(self, line: str, stdin: str = "") -> str:
        """What the line prints; the line has to succeed."""
        reply = self.cluster.apply({"kind": "shell", "line": line, "stdin": stdin})
        assert reply["exit"] == 0, reply
        return str(reply["stdout"])

    def refusal(self, line: str) -> str:
        """What a line that fails says."""
        reply = self.cluster.apply({"kind": "shell", "line": line, "stdin": ""})
        assert reply["exit"] != 0, reply
        return str(reply["stderr"])

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


def any_lab(flavour: str = "kind", **config: Any) -> Lab:
    return Lab({"name": "book", "flavour": flavour, **config})


def managed_lab(provider: str, group: dict[str, Any], **config: Any) -> Lab:
    """A managed cluster of one node group."""
    return any_lab("cloud", cloud={"provider": provider, **config}, nodeGroups=[group])
