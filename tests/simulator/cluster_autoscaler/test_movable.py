"""Which pods keep a node: `cluster-autoscaler/simulator/drainability/rules/*/rule_test.go` and `simulator/drain_test.go`."""

from typing import Any

import pytest

from simulator.cluster_autoscaler.movable import blocking_reason, is_left_alone
from tests.proof.follows import follows

Obj = dict[str, Any]
SAFE = "cluster-autoscaler.kubernetes.io/safe-to-evict"
_RULES = "kubernetes/autoscaler/cluster-autoscaler/simulator/drainability/rules"


def a_pod(owner: str = "ReplicaSet", namespace: str = "default", phase: str = "Running", **more: Any) -> Obj:
    owners = [{"kind": owner, "name": "o", "controller": True}] if owner else []
    metadata = {"name": "p", "namespace": namespace, "ownerReferences": owners, "labels": {"app": "a"}}
    return {
        "metadata": {**metadata, "annotations": more.pop("annotations", {})},
        "spec": {"volumes": more.pop("volumes", [])},
        "status": {"phase": phase},
    }


def budget(allowed: int, namespace: str = "default", app: str = "a") -> Obj:
    spec = {"selector": {"matchLabels": {"app": app}}}
    return {"metadata": {"namespace": namespace}, "spec": spec, "status": {"disruptionsAllowed": allowed}}


EMPTY, MEMORY = {"name": "tmp", "emptyDir": {}}, {"name": "tmp", "emptyDir": {"medium": "Memory"}}
HOST, CONFIG = {"name": "tmp", "hostPath": {"path": "/"}}, {"name": "tmp", "configMap": {"name": "c"}}
KEPT, YES, NO = {f"{SAFE}-local-volumes": "other,tmp"}, {SAFE: "true"}, {SAFE: "false"}

CASES: list[Any] = [
    *(
        pytest.param(a_pod(kind), [], "", id=f"a pod of a {kind}")
        for kind in ("ReplicaSet", "ReplicationController", "Job", "StatefulSet", "Foo")
    ),
    pytest.param(a_pod(""), [], "NotReplicated", id="a bare pod"),
    pytest.param(a_pod("", annotations=YES), [], "", id="a bare pod that is safe to evict"),
    pytest.param(a_pod("", annotations=NO), [], "NotReplicated", id="a bare pod that is not safe to evict"),
    pytest.param(a_pod(namespace="kube-system"), [], "UnmovableKubeSystemPod", id="a system pod"),
    pytest.param(a_pod(namespace="kube-system"), [budget(1, "kube-system")], "", id="a system pod with a budget"),
    pytest.param(
        a_pod(namespace="kube-system"),
        [budget(1, "kube-system", "b")],
        "UnmovableKubeSystemPod",
        id="a system pod with the budget of another",
    ),
    pytest.param(a_pod(namespace="kube-system", annotations=YES), [], "", id="a system pod that is safe to evict"),
    pytest.param(a_pod(annotations=NO), [], "NotSafeToEvictAnnotation", id="a pod that is not safe to evict"),
    pytest.param(a_pod(volumes=[EMPTY]), [], "LocalStorageRequested", id="an emptyDir"),
    pytest.param(a_pod(volumes=[HOST]), [], "LocalStorageRequested", id="a hostPath"),
    pytest.param(a_pod(volumes=[MEMORY]), [], "", id="an emptyDir in memory"),
    pytest.param(a_pod(volumes=[CONFIG]), [], "", id="a ConfigMap"),
    pytest.param(a_pod(volumes=[EMPTY], annotations=KEPT), [], "", id="an emptyDir that may be lost"),
    pytest.param(
        a_pod(volumes=[EMPTY, {**HOST, "name": "data"}], annotations=KEPT),
        [],
        "LocalStorageRequested",
        id="one of two volumes may be lost",
    ),
    pytest.param(a_pod(volumes=[EMPTY], annotations=YES), [], "", id="an emptyDir of a pod that is safe to evict"),
    pytest.param(a_pod(), [budget(0)], "NotEnoughPdb", id="a budget that allows nothing"),
    pytest.param(a_pod(), [budget(1)], "", id="a budget that allows one"),
    pytest.param(a_pod(), [budget(1), budget(0)], "NotEnoughPdb", id="one of two budgets allows nothing"),
    pytest.param(a_pod(), [budget(0, "other")], "", id="a budget in another namespace"),
    pytest.param(a_pod(annotations=YES), [budget(0)], "", id="safe to evict: the budget is asked when it is evicted"),
]


@follows(
    "Cluster Autoscaler",
    *(f"{_RULES}/{name}/rule_test.go" for name in ("replicated", "system", "notsafetoevict", "localstorage", "pdb")),
)
@pytest.mark.parametrize(("pod", "budgets", "reason"), CASES)
def test_why_a_pod_has_to_stay(pod: Obj, budgets: list[Obj], reason: str) -> None:
    assert blocking_reason(pod, budgets) == reason


@follows("Cluster Autoscaler", *(f"{_RULES}/{name}/rule_test.go" for name in ("mirror", "daemonset", "terminal")))
@pytest.mark.parametrize(
    ("pod", "alone"),
    [
        pytest.param(a_pod("DaemonSet"), True, id="of a DaemonSet"),
        pytest.param(a_pod("", annotations={"kubernetes.io/config.mirror": "x"}), True, id="a mirror"),
        pytest.param(a_pod(phase="Succeeded"), True, id="that succeeded"),
        pytest.param(a_pod(phase="Failed"), True, id="that failed"),
        pytest.param(a_pod(), False, id="that runs"),
    ],
)
def test_pods_that_go_with_their_node(pod: Obj, alone: bool) -> None:
    assert is_left_alone(pod) == alone
