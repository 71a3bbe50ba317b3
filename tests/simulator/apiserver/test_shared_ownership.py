"""Who owns which field is written anew only where it has changed: a status that moves on leaves the rest of managedFields as it lies."""

import pytest

from simulator.cluster import Cluster
from simulator.machinery import field_sets
from simulator.machinery.field_sets import FieldSet

A, B, AB = (field_sets.of_paths(*paths) for paths in ([("a",)], [("b",)], [("a",), ("b", "c")]))


@pytest.mark.parametrize(
    ("left", "right", "is_all"),
    [
        pytest.param(A, B, True, id="nothing in common"),
        pytest.param(AB, field_sets.of_paths(("b", "d")), True, id="neighbours below one field"),
        pytest.param(AB, B, True, id="a field above says nothing of what is below"),
        pytest.param(AB, A, False, id="one of two"),
        pytest.param(A, A, False, id="all"),
    ],
)
def test_a_set_from_which_nothing_is_taken_is_itself(left: FieldSet, right: FieldSet, is_all: bool) -> None:
    assert (field_sets.difference(left, right) is left) is is_all
    assert (field_sets.difference(left, right) == left) is is_all


def test_what_a_status_does_not_touch_is_stored_once() -> None:
    cluster = Cluster.create()
    cluster.apply({"kind": "shell", "line": "kubectl create deployment web --image=nginx:1.27 --replicas=9"})
    until = cluster.now + 60_000_000
    while not cluster.advance(until):
        continue
    store = cluster.registry.store
    seen = [one.new for one in store.log if one.resource == "deployments.apps" and one.key == ("default", "web")]
    entries = [entry for one in seen if one is not None for entry in one["metadata"]["managedFields"]]
    by_kubectl = [entry for entry in entries if entry["manager"] == "kubectl-create"]
    assert len(by_kubectl) == len(seen) > 3
    assert all(entry is by_kubectl[0] for entry in by_kubectl)
