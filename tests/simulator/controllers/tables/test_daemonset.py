"""Where a DaemonSet's pods are and how they are replaced: the cases of `daemon_controller_test.go` and `update_test.go`."""

from itertools import pairwise
from typing import Any

import pytest

from simulator.controllers.daemon_placement import target_node
from simulator.controllers.daemonset import DaemonSetController
from simulator.controllers.template_hash import template_hash
from tests.proof.follows import follows

Obj = dict[str, Any]
UPSTREAM = "pkg/controller/daemon/daemon_controller_test.go"
UPDATE = "pkg/controller/daemon/update_test.go"
COLOR = {"color": "blue"}
NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}
MINE = {"key": "dedicated", "value": "user1", "effect": "NoSchedule"}
NO_EXECUTE = {"key": "dedicated", "value": "user1", "effect": "NoExecute"}


def put_node(world: Any, name: str, labels: Obj | None = None, taints: tuple[Obj, ...] = (), **spec: Any) -> None:
    """A node that has been ready: it no longer has the taint that the API server gives to new ones."""
    metadata = {"name": name, "labels": labels or {}}
    made = world.put("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec})
    world.client.update("nodes", {**made, "spec": {**made["spec"], "taints": list(taints)}})


def daemon_set(
    template: Any, image: str = "agent:1", *, rolling: Obj | None = None, on_delete: bool = False, **pod: Any
) -> Obj:
    made = template("agent", image)
    strategy: Obj = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0, **(rolling or {})}}
    min_ready = pod.pop("minReadySeconds", 0)
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "template": {**made, "spec": {**made["spec"], **pod}},
            "updateStrategy": {"type": "OnDelete"} if on_delete else strategy,
            "revisionHistoryLimit": 10,
            "minReadySeconds": min_ready,
        },
    }


def places(world: Any) -> str:
    return " ".join(sorted(target_node(pod) for pod in world.pods() if "deletionTimestamp" not in pod["metadata"]))


NAME_TERM = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]}
COLOR_TERM = {"matchExpressions": [{"key": "color", "operator": "In", "values": ["blue"]}]}


def required(*terms: Obj) -> Obj:
    return {
        "affinity": {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [*terms]}}
        }
    }


@follows(
    "daemonset-controller",
    f"{UPSTREAM}: TestSimpleDaemonSetLaunchesPods, TestNoNodesDoesNothing, TestSelectorDaemonLaunchesPods, TestTaintedNodeDaemonDoesNotLaunchUntoleratedPod, TestNodeShouldRunDaemonPod",
)
@pytest.mark.parametrize("on_delete", [pytest.param(False, id="RollingUpdate"), pytest.param(True, id="OnDelete")])
@pytest.mark.parametrize(
    ("nodes", "pod", "wanted"),
    [
        pytest.param([("a",), ("b",), ("c",)], {}, "a b c", id="launches pods on every node"),
        pytest.param([], {}, "", id="no nodes"),
        pytest.param([("a",)], {}, "a", id="one node"),
        pytest.param([("a", {}, (NOT_READY,))], {}, "a", id="a node that is not ready"),
        pytest.param(
            [("a", {}, ({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},))],
            {},
            "a",
            id="a cordoned node",
        ),
        pytest.param([("a", {}, (MINE,))], {}, "", id="a taint that is not tolerated"),
        pytest.param(
            [("a", {}, (MINE,))],
            {"tolerations": [{"key": "dedicated", "operator": "Exists"}]},
            "a",
            id="a tolerated taint",
        ),
        pytest.param([("a", {}, ({**MINE, "effect": "PreferNoSchedule"},))], {}, "a", id="a taint that only asks"),
        pytest.param(
            [("a", {}, ({"key": "node.kubernetes.io/network-unavailable", "effect": "NoSchedule"},))],
            {},
            "",
            id="no network",
        ),
        pytest.param(
            [("a", {}, ({"key": "node.kubernetes.io/network-unavailable", "effect": "NoSchedule"},))],
            {"hostNetwork": True},
            "a",
            id="no network, on the host's network",
        ),
        pytest.param([("a",), ("b", COLOR)], {"nodeSelector": COLOR}, "b", id="nodeSelector"),
        pytest.param([("a",)], {"nodeSelector": COLOR}, "", id="nodeSelector that no node has"),
        pytest.param([("a", COLOR), ("b",)], required(COLOR_TERM), "a", id="node affinity"),
        pytest.param([("a",), ("b",)], required(NAME_TERM), "a", id="node affinity by name"),
        pytest.param([("b",)], required(NAME_TERM), "", id="node affinity by another name"),
        pytest.param([("a",)], required(COLOR_TERM), "", id="node affinity that no node has"),
        pytest.param(
            [("a",)],
            {"containers": [{"name": "c", "image": "x", "resources": {"requests": {"cpu": "100"}}}]},
            "a",
            id="resources are the scheduler's business",
        ),
    ],
)
def test_nodes_that_get_a_pod(
    stage: Any, pod_template: Any, nodes: list[tuple[Any, ...]], pod: Obj, wanted: str, on_delete: bool
) -> None:
    world = stage(DaemonSetController)
    for node in nodes:
        put_node(world, *node)
    world.put("daemonsets.apps", daemon_set(pod_template, on_delete=on_delete, **pod))
    world.act()
    assert places(world) == wanted
    status = world.get("daemonsets.apps", "agent")["status"]
    count = len(wanted.split())
    assert (status["desiredNumberScheduled"], status["currentNumberScheduled"], status["numberMisscheduled"]) == (
        count,
        count,
        0,
    )


def placed(world: Any, pod_template: Any, nodes: str, *, ready: bool = True, **more: Any) -> None:
    """A set whose pods are on these nodes."""
    for name in nodes.split():
        put_node(world, name, COLOR)
    world.put("daemonsets.apps", daemon_set(pod_template, **more))
    world.act(0.1)
    for pod in world.pods():
        world.client.bind("default", pod["metadata"]["name"], target_node(pod))
    if ready:
        world.make_all_ready()
    world.run()


@follows("daemonset-controller", f"{UPSTREAM}: TestNodeShouldRunDaemonPod, TestDaemonSetUpdatesPods, TestUpdateNode")
@pytest.mark.parametrize(
    ("change", "left"),
    [
        pytest.param({"spec": {"taints": [MINE]}}, "a b", id="a NoSchedule taint leaves the pod"),
        pytest.param({"spec": {"taints": [NO_EXECUTE]}}, "b", id="a NoExecute taint takes it"),
        pytest.param({"metadata": {"labels": {"color": None}}}, "b", id="a label that no longer matches takes it"),
        pytest.param({"metadata": {"labels": {"other": "x"}}}, "a b", id="another label does nothing"),
    ],
)
def test_a_changed_node(stage: Any, pod_template: Any, change: Obj, left: str) -> None:
    world = stage(DaemonSetController)
    placed(world, pod_template, "a b", nodeSelector=COLOR)
    world.client.patch("nodes", "", "a", change)
    world.run()
    assert places(world) == left


@follows("daemonset-controller", f"{UPSTREAM}: TestPodIsNotDeletedByDaemonsetWithEmptyLabelSelector")
def test_a_set_that_selects_all_pods_does_nothing(stage: Any, pod_template: Any) -> None:
    world = stage(DaemonSetController)
    put_node(world, "a")
    made = daemon_set(pod_template)
    made["spec"]["selector"] = {}
    world.put("daemonsets.apps", made)
    world.act()
    assert places(world) == ""
    said = "This daemon set is selecting all pods. A non-empty selector is required."
    assert world.events("agent") == [("SelectingAll", said)]


@follows(
    "daemonset-controller",
    f"{UPSTREAM}: TestDaemonKillFailedPods, TestDaemonKillFailedPodsBackoff",
    "pkg/controller/daemon/daemon_controller.go",
)
@pytest.mark.parametrize(
    ("phase", "reason", "said"),
    [
        pytest.param(
            "Failed",
            "FailedDaemonPod",
            "Found failed daemon pod default/{} on node a, will try to kill it",
            id="failed",
        ),
        pytest.param(
            "Succeeded",
            "SucceededDaemonPod",
            "Found succeeded daemon pod default/{} on node a, will try to delete it",
            id="succeeded",
        ),
    ],
)
def test_a_pod_that_has_ended_is_replaced(stage: Any, pod_template: Any, phase: str, reason: str, said: str) -> None:
    world = stage(DaemonSetController)
    placed(world, pod_template, "a")
    before = world.pods()[0]
    world.set_status("pods", before, phase=phase)
    world.run()
    assert (reason, said.format(before["metadata"]["name"])) in world.events("agent")
    assert [pod["metadata"]["uid"] != before["metadata"]["uid"] for pod in world.pods()] == [True]


@follows(
    "daemonset-controller", f"{UPSTREAM}: TestDaemonKillFailedPodsBackoff", "pkg/controller/daemon/daemon_controller.go"
)
def test_pods_that_fail_on_a_node_are_killed_after_waits_that_double(stage: Any, pod_template: Any) -> None:
    world = stage(DaemonSetController)
    placed(world, pod_template, "a")
    killed: list[float] = []
    start = world.engine.now
    while len(killed) < 5:
        for pod in world.pods():
            if pod["status"]["phase"] != "Failed":
                world.set_status("pods", pod, phase="Failed")
        before = [reason for reason, _ in world.events("agent")].count("SuccessfulDelete")
        world.run(0.25)
        if [reason for reason, _ in world.events("agent")].count("SuccessfulDelete") > before:
            killed.append((world.engine.now - start) / 1_000_000)
    waits = [after - before for before, after in pairwise(killed)]
    assert waits == pytest.approx([1, 2, 4, 8], abs=0.26)


@follows(
    "daemonset-controller",
    f"{UPDATE}: TestDaemonSetUpdatesPods, TestDaemonSetUpdatesSomeOldPodsNotReady, TestDaemonSetUpdatesAllOldPodsNotReady, TestDaemonSetUpdatesPodsWithMaxSurge",
)
@pytest.mark.parametrize(
    ("rolling", "old_ready", "deleted", "created"),
    [
        pytest.param({"maxUnavailable": 1}, 5, 1, 0, id="one at a time"),
        pytest.param({"maxUnavailable": 2}, 5, 2, 0, id="two at a time"),
        pytest.param({"maxUnavailable": "40%"}, 5, 2, 0, id="a share"),
        pytest.param({"maxUnavailable": "41%"}, 5, 3, 0, id="a share is rounded up"),
        pytest.param({"maxUnavailable": 3}, 3, 3, 0, id="two are not ready: those, and one more"),
        pytest.param({"maxUnavailable": 1}, 3, 2, 0, id="two are not ready: only those"),
        pytest.param({"maxUnavailable": 1}, 0, 5, 0, id="none is ready: all"),
        pytest.param({"maxUnavailable": 0, "maxSurge": 1}, 5, 0, 1, id="surge: one more"),
        pytest.param({"maxUnavailable": 0, "maxSurge": "60%"}, 5, 0, 3, id="surge: a share"),
        pytest.param(
            {"maxUnavailable": 0, "maxSurge": 1},
            3,
            2,
            3,
            id="surge: two are not ready: there, where the old ones go, and one more",
        ),
        pytest.param({"maxUnavailable": 0, "maxSurge": 0}, 5, 1, 0, id="neither counts as one"),
    ],
)
def test_the_first_step_of_an_update(
    stage: Any, pod_template: Any, rolling: Obj, old_ready: int, deleted: int, created: int
) -> None:
    world = stage(DaemonSetController)
    placed(world, pod_template, "a b c d e", ready=False, rolling=rolling)
    for pod in world.pods()[:old_ready]:
        world.make_ready(pod)
    world.run()
    known = {pod["metadata"]["uid"] for pod in world.pods()}
    template = daemon_set(pod_template, "agent:2")["spec"]["template"]
    world.client.patch("daemonsets.apps", "default", "agent", {"spec": {"template": template}})
    world.run(0.001)
    ending = [pod for pod in world.pods() if "deletionTimestamp" in pod["metadata"]]
    new = [pod for pod in world.pods() if pod["metadata"]["uid"] not in known]
    assert (len(ending), len(new)) == (deleted, created)


@follows(
    "daemonset-controller",
    f"{UPDATE}: TestDaemonSetUpdatesPodsWithMaxSurge, TestDaemonSetUpdatesPodsNotMatchTainstWithMaxSurge",
)
def test_with_surge_an_old_pod_stays_until_the_new_one_is_available(stage: Any, pod_template: Any) -> None:
    world = stage(DaemonSetController)
    placed(world, pod_template, "a b", rolling={"maxUnavailable": 0, "maxSurge": 1})
    template = daemon_set(pod_template, "agent:2")["spec"]["template"]
    world.client.patch("daemonsets.apps", "default", "agent", {"spec": {"template": template}})
    seen = []
    for _ in range(8):
        world.run(1)
        world.finish_deletions()
        for pod in world.pods():
            if not pod["spec"].get("nodeName"):
                world.client.bind("default", pod["metadata"]["name"], target_node(pod))
            elif pod["status"]["phase"] == "Pending":
                world.make_ready(pod)
        ready = {target_node(pod) for pod in world.pods() if pod["status"].get("conditions")}
        seen.append((len(world.pods()), len(ready)))
    assert {ready for _, ready in seen} == {2}, "no node is ever without a ready pod"
    assert max(pods for pods, _ in seen) == 3
    assert [pod["spec"]["containers"][0]["image"] for pod in world.pods()] == ["agent:2", "agent:2"]


@follows(
    "daemonset-controller",
    f"{UPDATE}: TestDaemonSetUpdatesPods",
    "pkg/controller/daemon/update.go: snapshot, dedupCurHistories, cleanupHistory",
)
def test_revisions_are_adopted_kept_apart_and_cut(stage: Any, pod_template: Any) -> None:
    world = stage(DaemonSetController)
    placed(world, pod_template, "a", on_delete=True)
    known = world.all("controllerrevisions.apps")[0]
    copied = {**known, "metadata": {"name": "agent-copy", "labels": known["metadata"]["labels"]}}
    world.client.create(
        "controllerrevisions.apps", {**copied, "metadata": {**copied["metadata"], "namespace": "default"}}
    )
    world.client.patch(
        "daemonsets.apps", "default", "agent", {"metadata": {"annotations": {"a": "b"}}, "spec": {"minReadySeconds": 1}}
    )
    world.run()
    assert len(world.all("controllerrevisions.apps")) == 1, "of two equal revisions one stays"
    for number in range(2, 16):
        template = daemon_set(pod_template, f"agent:{number}")["spec"]["template"]
        world.client.patch("daemonsets.apps", "default", "agent", {"spec": {"template": template}})
        world.run()
    revisions = sorted(one["revision"] for one in world.all("controllerrevisions.apps"))
    assert revisions == [1, *range(6, 16)], "the present one, ten old ones, among them the one that the pod still has"


@follows("daemonset-controller", "pkg/controller/daemon/update.go: snapshot")
def test_a_name_that_another_template_has_makes_the_hash_anew(stage: Any, pod_template: Any) -> None:
    world = stage(DaemonSetController)
    made = world.put("daemonsets.apps", daemon_set(pod_template))
    taken = f"agent-{template_hash(made['spec']['template'])}"
    kind = {"apiVersion": "apps/v1", "kind": "ControllerRevision"}
    world.put("controllerrevisions.apps", {**kind, "metadata": {"name": taken}, "data": {"other": True}, "revision": 1})
    world.act()
    assert world.get("daemonsets.apps", "agent")["status"]["collisionCount"] == 1
    mine = [one for one in world.all("controllerrevisions.apps") if one["metadata"].get("ownerReferences")]
    assert [one["metadata"]["name"] for one in mine] == [f"agent-{template_hash(made['spec']['template'], 1)}"]
