"""A loop that meets an object nobody foresaw notes it and goes on."""

import pytest

from simulator.client import crashes
from simulator.cluster import Cluster
from simulator.controllers.deployment import DeploymentController


def test_a_loop_that_cannot_bear_one_object_goes_on_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crashes, "are_raised", False)
    reconcile = DeploymentController.reconcile

    def fragile(self: DeploymentController, key: str) -> None:
        if key == "default/bad":
            raise KeyError("reason")
        reconcile(self, key)

    monkeypatch.setattr(DeploymentController, "reconcile", fragile)
    cluster = Cluster.create()
    for name in ("bad", "good"):
        cluster.apply({"kind": "shell", "line": f"kubectl create deployment {name} --image=nginx:1.27"})
    cluster.advance(cluster.now + 20_000_000, max_events=10**6)
    listed = cluster.apply({"kind": "shell", "line": "kubectl get deploy --no-headers"})["stdout"].split()
    assert [listed[0], listed[1], listed[5], listed[6]] == ["bad", "0/1", "good", "1/1"]
    noted = [row.note for row in cluster.engine.trail.rows() if row.type == "crash"]
    assert noted[0] == "default/bad: KeyError: 'reason'"
    assert Cluster.load(cluster.dump()).state_hash() == cluster.state_hash()
