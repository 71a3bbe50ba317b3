"""Which changes of a pod the scheduler passes over at once."""

from copy import deepcopy
from typing import Any

import pytest

from simulator.scheduler.pod_changes import is_report

Obj = dict[str, Any]


def changed(pod: Obj, **parts: Any) -> Obj:
    """As the API server keeps it: what is not written is the same object."""
    return {**pod, **parts}


@pytest.fixture
def placed(pod: Any) -> Obj:
    return {**pod(labels={"app": "web"}, nodeName="node-1"), "status": {"phase": "Pending"}}


def test_a_pod_on_a_node_that_tells_how_it_is_has_made_a_report(placed: Obj) -> None:
    metadata = {**placed["metadata"], "resourceVersion": "2"}
    assert is_report(placed, changed(placed, metadata=metadata, status={"phase": "Running"}))


@pytest.mark.parametrize(
    "parts",
    [
        {"status": {"phase": "Succeeded"}},
        {"status": {"phase": "Failed"}},
        {"metadata": {"name": "web", "labels": {"app": "other"}}},
        {"spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "nginx:1.28"}]}},
    ],
    ids=["succeeded", "failed", "labels", "spec"],
)
def test_what_the_scheduler_counts_is_no_report(placed: Obj, parts: Obj) -> None:
    assert not is_report(placed, changed(placed, **parts))


def test_the_end_of_a_pod_is_no_report(placed: Obj) -> None:
    metadata = {**placed["metadata"], "deletionTimestamp": "2025-01-01T00:00:00Z"}
    assert not is_report(placed, changed(placed, metadata=metadata))


def test_a_pod_without_a_node_makes_no_report(placed: Obj) -> None:
    waiting = deepcopy(placed)
    del waiting["spec"]["nodeName"]
    assert not is_report(waiting, changed(waiting, status={"phase": "Pending"}))
