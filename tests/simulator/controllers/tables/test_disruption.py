"""Budgets, quotas and evictions by taint: what is counted, and who has to go."""

from typing import Any

import pytest

from simulator.controllers.deployment import DeploymentController
from simulator.controllers.disruption import BUDGETS, DisruptionController
from simulator.controllers.kinds.objects import controller_reference
from simulator.controllers.replicaset import ReplicaSetController
from simulator.controllers.replication_controller import ReplicationController
from simulator.controllers.resource_quota import ResourceQuotaController
from simulator.controllers.statefulset import StatefulSetController
from simulator.controllers.taint_eviction import TaintEvictionController
from tests.proof.follows import follows

Obj = dict[str, Any]
UPSTREAM = "pkg/controller/disruption/disruption_test.go"


#: Their caches are read; they themselves are switched off.
WORKLOADS = (DeploymentController, ReplicaSetController, ReplicationController, StatefulSetController)


def budget_stage(stage: Any) -> Any:
    world = stage(*WORKLOADS, DisruptionController)
    for kind in WORKLOADS:
        world.manager.gate.switch(kind.name, False)
    return world


def put_pod(world: Any, name: str, owner: Obj | None = None, *, ready: bool = True, ending: bool = False) -> None:
    metadata: Obj = {"name": name, "labels": {"foo": "bar"}}
    if owner is not None:
        metadata["ownerReferences"] = [controller_reference(owner)]
    spec = {"containers": [{"name": "c", "image": "x"}], "terminationGracePeriodSeconds": 30, "nodeName": "node-1"}
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}]}
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}
    world.put("pods", made, ending=ending)


def put_owner(world: Any, kind: str, replicas: int, above: Obj | None = None) -> Obj:
    template = {"metadata": {"labels": {"foo": "bar"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    labels: Any = {"foo": "bar"} if kind == "ReplicationController" else {"matchLabels": {"foo": "bar"}}
    metadata: Obj = {"name": kind.lower()}
    if above is not None:
        metadata["ownerReferences"] = [controller_reference(above)]
    version, resource = (
        ("v1", "replicationcontrollers") if kind == "ReplicationController" else ("apps/v1", f"{kind.lower()}s.apps")
    )
    spec = {"replicas": replicas, "selector": labels, "template": template}
    if kind == "StatefulSet":
        spec["serviceName"] = "x"
    made: Obj = world.put(resource, {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
    return made


def put_budget(world: Any, **spec: Any) -> None:
    made = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}}
    world.put(BUDGETS, {**made, "spec": {"selector": {"matchLabels": {"foo": "bar"}}, **spec}})


NAKED = (
    "Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{foo: bar,},"
    "MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged. As a result, the status of the PDB cannot be "
    'calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" '
    "field of the PDB to an integer value."
)


@follows(
    "disruption-controller",
    f"{UPSTREAM}: TestNoSelector, TestUnavailable, TestIntegerMaxUnavailable, TestIntegerMaxUnavailableWithScaling, TestPercentageMaxUnavailableWithScaling, TestNakedPod, TestReplicaSet, TestReplicationController, TestStatefulSetController, TestTwoControllers, TestMultipleControllers",
)
@pytest.mark.parametrize(
    ("spec", "owners", "healthy", "unhealthy", "naked", "wanted", "said"),
    [
        pytest.param({"minAvailable": 3, "selector": {}}, [], 0, 0, 3, (0, 3, 3, 3), "", id="no selector: all pods"),
        pytest.param({"minAvailable": 3}, [], 0, 2, 2, (0, 2, 3, 4), "", id="unavailable"),
        pytest.param({"minAvailable": 3}, [], 0, 0, 4, (1, 4, 3, 4), "", id="one more than needed"),
        pytest.param(
            {"maxUnavailable": 1}, [], 0, 0, 1, (0, 1, 0, 0), NAKED, id="maxUnavailable of pods without a controller"
        ),
        pytest.param({"maxUnavailable": 2}, [("ReplicaSet", 7)], 1, 0, 0, (0, 1, 5, 7), "", id="one pod of seven"),
        pytest.param({"maxUnavailable": 2}, [("ReplicaSet", 7)], 7, 0, 0, (2, 7, 5, 7), "", id="seven of seven"),
        pytest.param(
            {"maxUnavailable": "30%"},
            [("ReplicaSet", 7)],
            7,
            0,
            0,
            (3, 7, 4, 7),
            "",
            id="a share that may be missing, rounded up",
        ),
        pytest.param({"maxUnavailable": "30%"}, [("ReplicaSet", 3)], 3, 0, 0, (1, 3, 2, 3), "", id="a share of three"),
        pytest.param({"minAvailable": "28%"}, [], 0, 0, 1, (0, 1, 0, 0), NAKED, id="a naked pod"),
        pytest.param(
            {"minAvailable": "20%"},
            [("ReplicaSet", 10)],
            1,
            0,
            0,
            (0, 1, 2, 10),
            "",
            id="a ReplicaSet without Deployment",
        ),
        pytest.param(
            {"minAvailable": "34%"}, [("ReplicationController", 3)], 2, 0, 0, (0, 2, 2, 3), "", id="two of three"
        ),
        pytest.param(
            {"minAvailable": "34%"}, [("ReplicationController", 3)], 3, 0, 0, (1, 3, 2, 3), "", id="three of three"
        ),
        pytest.param(
            {"minAvailable": "34%"}, [("ReplicationController", 3)], 3, 0, 1, (2, 4, 2, 3), NAKED, id="and a rogue pod"
        ),
        pytest.param({"minAvailable": "34%"}, [("StatefulSet", 3)], 3, 0, 0, (1, 3, 2, 3), "", id="a StatefulSet"),
        pytest.param(
            {"minAvailable": "28%"}, [("ReplicationController", 11)], 5, 6, 0, (1, 5, 4, 11), "", id="five of eleven"
        ),
        pytest.param(
            {"minAvailable": "28%"},
            [("ReplicationController", 11), ("ReplicaSet", 11)],
            9,
            13,
            0,
            (2, 9, 7, 22),
            "",
            id="two controllers",
        ),
        pytest.param(
            {"minAvailable": "1%"}, [("ReplicationController", 1)], 2, 0, 0, (1, 2, 1, 1), "", id="two pods for one"
        ),
        pytest.param({"minAvailable": "28%"}, [], 0, 0, 0, (0, 0, 0, 0), "No matching pods found", id="no pods"),
    ],
)
def test_what_a_budget_allows(
    stage: Any,
    spec: Obj,
    owners: list[tuple[str, int]],
    healthy: int,
    unhealthy: int,
    naked: int,
    wanted: Any,
    said: str,
) -> None:
    """`wanted`: disruptions allowed, healthy, desired and expected pods. Pods are dealt out to the owners in turn."""
    world = budget_stage(stage)
    put_budget(world, **spec)
    made = [put_owner(world, kind, replicas) for kind, replicas in owners]
    for number in range(healthy + unhealthy):
        owner = made[number % len(made)] if made else None
        put_pod(world, f"p{number}", owner, ready=number < healthy)
    for number in range(naked):
        put_pod(world, f"naked-{number}")
    world.act()
    status = world.get(BUDGETS, "b")["status"]
    names = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    assert tuple(status[name] for name in names) == wanted
    assert [message for _, message in world.events("b")][:1] == ([said] if said else [])


@follows(
    "disruption-controller", f"{UPSTREAM}: TestUnsupportedControllerPod, TestScaleFinderNoResource, TestTwoControllers"
)
@pytest.mark.parametrize(
    ("kind", "why"),
    [
        pytest.param("TestWorkload", 'found no controllers for pod "p"', id="a kind that is not known"),
        pytest.param(
            "DaemonSet", "daemonsets.apps does not implement the scale subresource", id="a kind without replicas"
        ),
        pytest.param("ReplicaSet", 'found no controllers for pod "p"', id="a controller that is gone"),
    ],
)
def test_pods_that_cannot_be_counted_allow_nothing(stage: Any, kind: str, why: str) -> None:
    world = budget_stage(stage)
    put_budget(world, minAvailable="28%")
    version = "apps.test.io/v1" if kind == "TestWorkload" else "apps/v1"
    put_pod(world, "p", {"apiVersion": version, "kind": kind, "metadata": {"name": "fake", "uid": "u-1"}})
    world.act()
    status = world.get(BUDGETS, "b")["status"]
    assert status["disruptionsAllowed"] == 0
    assert [(one["type"], one["status"], one["reason"], one["message"]) for one in status["conditions"]] == [
        ("DisruptionAllowed", "False", "SyncFailed", why)
    ]
    failed = f"Failed to calculate the number of expected pods: {why}"
    assert ("CalculateExpectedPodCountFailed", failed) in world.events("b")


@follows(
    "disruption-controller",
    f"{UPSTREAM}: TestUpdateDisruptedPods, TestBasicFinderFunctions",
    "pkg/controller/disruption/disruption.go: buildDisruptedPodMap",
)
@pytest.mark.parametrize(
    ("known", "ending", "later", "left"),
    [
        pytest.param(["p1"], False, 0, ["p1"], id="evicted, still there"),
        pytest.param(["p1"], True, 0, [], id="marked for deletion"),
        pytest.param(["p3"], False, 0, [], id="not there"),
        pytest.param(["p1"], False, 125, [], id="never came to be deleted"),
    ],
)
def test_evicted_pods_are_remembered_for_a_while(
    stage: Any, known: list[str], ending: bool, later: int, left: list[str]
) -> None:
    world = budget_stage(stage)
    put_budget(world, minAvailable=1)
    put_pod(world, "p1", ending=ending)
    put_pod(world, "p2")
    now = world.engine.timestamp()
    disrupted = {"disruptedPods": dict.fromkeys(known, now), "disruptionsAllowed": 0}
    counts = {"currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}
    world.set_status(BUDGETS, world.get(BUDGETS, "b"), **disrupted, **counts)
    world.act(1 + later)
    status = world.get(BUDGETS, "b")["status"]
    assert list(status.get("disruptedPods") or ()) == left
    said = "Pod was expected by PDB default/default to be deleted but it wasn't"
    assert (("NotDeleted", said) in world.events("p1")) is (later > 120)


# Taints


def put_tainted(world: Any, taints: list[int], tolerations: list[tuple[int, int | None]], node: str = "node1") -> None:
    listed = [{"key": f"t{number}", "value": f"v{number}", "effect": "NoExecute"} for number in taints]
    world.put("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node1"}, "spec": {"taints": listed}})
    spec: Obj = {"containers": [{"name": "c", "image": "x"}], "terminationGracePeriodSeconds": 30}
    spec["tolerations"] = [
        {"key": f"t{number}", "operator": "Equal", "value": f"v{number}", "effect": "NoExecute"}
        | ({} if seconds is None else {"tolerationSeconds": seconds})
        for number, seconds in tolerations
    ]
    if node:
        spec["nodeName"] = node
    world.put("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod1"}, "spec": spec})


def is_deleted(world: Any) -> bool:
    return "deletionTimestamp" in world.get("pods", "pod1")["metadata"]


TAINTS = "pkg/controller/tainteviction/taint_eviction_test.go"


@follows(
    "taint-eviction-controller",
    f"{TAINTS}: TestCreatePod, TestCreateNode, TestUpdateNode, TestUpdatePod, TestGetMinTolerationTime",
)
@pytest.mark.parametrize(
    ("taints", "tolerations", "node", "goes"),
    [
        pytest.param([1], [], "", None, id="not scheduled"),
        pytest.param([], [], "node1", None, id="no taint"),
        pytest.param([1], [], "node1", 0, id="a taint"),
        pytest.param([1], [(1, 100)], "node1", 100, id="tolerated for a while"),
        pytest.param([1], [(1, None)], "node1", None, id="tolerated for ever"),
        pytest.param([1], [(2, None)], "node1", 0, id="another is tolerated"),
        pytest.param([1, 2], [(1, 100)], "node1", 0, id="one of two is tolerated"),
        pytest.param([1, 2], [(1, 1), (2, 100)], "node1", 1, id="the first that runs out"),
        pytest.param([1], [(1, -1)], "node1", 0, id="less than nothing"),
        pytest.param([1], [(1, 0)], "node1", 0, id="no time"),
    ],
)
def test_taints_evict(stage: Any, taints: list[int], tolerations: Any, node: str, goes: int | None) -> None:
    world = stage(TaintEvictionController)
    put_tainted(world, taints, tolerations, node)
    world.act(0.1 if not goes else goes - 0.1)
    assert is_deleted(world) is (goes == 0)
    world.run(200)
    assert is_deleted(world) is (goes is not None)
    if goes is None:
        assert world.events("pod1") == []
        return
    assert world.events("pod1") == [("TaintManagerEviction", "Marking for deletion Pod default/pod1")]
    condition = world.get("pods", "pod1")["status"]["conditions"][-1]
    assert (condition["type"], condition["reason"], condition["message"]) == (
        "DisruptionTarget",
        "DeletionByTaintManager",
        "Taint manager: deleting due to NoExecute taint",
    )


@follows("taint-eviction-controller", f"{TAINTS}: TestUpdateNode, TestUpdatePod, TestUpdateNodeWithMultipleTaints")
@pytest.mark.parametrize(
    ("change", "goes", "cancelled"),
    [
        pytest.param({"taints": []}, None, True, id="the taint is taken away"),
        pytest.param({"taints": [{"key": "t9", "effect": "NoSchedule"}]}, None, True, id="only NoSchedule is left"),
        pytest.param({"tolerations": []}, 10, False, id="the toleration is taken away"),
        pytest.param({}, 30, False, id="nothing changes"),
    ],
)
def test_a_planned_eviction(stage: Any, change: Obj, goes: int | None, cancelled: bool) -> None:
    world = stage(TaintEvictionController)
    put_tainted(world, [1], [(1, 30)])
    world.act(10)
    if "taints" in change:
        world.client.patch("nodes", "", "node1", {"spec": {"taints": change["taints"]}})
    if "tolerations" in change:
        world.client.patch("pods", "default", "pod1", {"spec": {"tolerations": change["tolerations"]}})
    world.run(0.1)
    assert is_deleted(world) is (goes == 10)
    world.run(60)
    assert is_deleted(world) is (goes is not None)
    said = ("TaintManagerEviction", "Cancelling deletion of Pod default/pod1")
    assert (said in world.events("pod1")) is cancelled


# Quotas


@follows(
    "resourcequota-controller",
    "pkg/controller/resourcequota/resource_quota_controller_test.go: TestSyncResourceQuota, TestSyncResourceQuotaSpecChange, TestSyncResourceQuotaSpecHardChange, TestSyncResourceQuotaNoChange",
)
@pytest.mark.parametrize(
    ("hard", "status", "pods", "used"),
    [
        pytest.param(
            {"cpu": "3", "memory": "100Gi", "pods": "5"},
            {},
            2,
            {"cpu": "200m", "memory": "2Gi", "pods": "2"},
            id="pods",
        ),
        pytest.param({"cpu": "4"}, {"hard": {"cpu": "3"}, "used": {"cpu": "0"}}, 0, {"cpu": "0"}, id="another limit"),
        pytest.param(
            {"cpu": "4"},
            {"hard": {"cpu": "3", "memory": "1Gi"}, "used": {"cpu": "0", "memory": "0"}},
            0,
            {"cpu": "0"},
            id="a limit less",
        ),
        pytest.param({"cpu": "4"}, {"hard": {"cpu": "4"}, "used": {"cpu": "0"}}, 0, None, id="no change, no write"),
    ],
)
def test_a_quota_counts(stage: Any, hard: Obj, status: Obj, pods: int, used: Obj | None) -> None:
    world = stage(ResourceQuotaController)
    for number in range(pods):
        requests = {"requests": {"cpu": "100m", "memory": "1Gi"}}
        spec = {"containers": [{"name": "c", "image": "x", "resources": requests}]}
        world.put("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{number}"}, "spec": spec})
    # A pod that has ended is in no count.
    spec = {
        "containers": [{"name": "c", "image": "x", "resources": {"requests": {"cpu": "1"}}}],
        "restartPolicy": "Never",
    }
    ended = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "ended"},
        "spec": spec,
        "status": {"phase": "Failed"},
    }
    world.put("pods", ended)
    made = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "rq"},
        "spec": {"hard": hard},
        "status": status,
    }
    before = world.put("resourcequotas", made)
    world.act()
    found = world.get("resourcequotas", "rq")
    if used is None:
        assert found["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
        return
    assert found["status"] == {"hard": hard, "used": used}
