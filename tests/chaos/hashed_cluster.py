"""The real simulator, which also tells its state hash: `{"kind": "state-hash"}`. Named by the processes under test."""

from typing import Any

from simulator.cluster import Cluster


class HashedCluster(Cluster):
    """See the module."""

    def apply(self, command: dict[str, Any]) -> dict[str, Any]:
        if command.get("kind") == "state-hash":
            return {"changed": False, "hash": self.state_hash()}
        return super().apply(command)
