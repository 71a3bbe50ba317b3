"""Nodes that fall silent: conditions, taints and the pace of evictions, as `node_lifecycle_controller_test.go` has them; and volumes on nodes."""

from typing import Any

import pytest

from simulator.controllers.attach_detach import AttachDetachController
from simulator.controllers.node_lifecycle import NodeLifecycleController
from tests.proof.follows import follows

Obj = dict[str, Any]
UPSTREAM = "pkg/controller/nodelifecycle/node_lifecycle_controller_test.go"
TYPES = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
NEVER = ("Unknown", "NodeStatusNeverUpdated", "Kubelet never posted node status.")
STOPPED = ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")


def put_node(world: Any, name: str, *, zone: str = "", alive: bool = True, **states: str) -> None:
    """`states`: condition type → status; none at all when empty."""
    conditions = [
        {"type": type, "status": status, "reason": "Kubelet", "message": ""} for type, status in states.items()
    ]
    labels = {"topology.kubernetes.io/region": "r", "topology.kubernetes.io/zone": zone} if zone else {}
    made = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {}}
    world.put("nodes", {**made, "status": {"conditions": conditions}})
    if alive:
        world.registry.leases.begin(name)


def taints(world: Any, name: str) -> list[str]:
    found = world.get("nodes", name, "")["spec"].get("taints") or ()
    return [f"{one['key'].removeprefix('node.kubernetes.io/')}:{one['effect']}" for one in found]


def conditions(world: Any, name: str) -> dict[str, tuple[str, str, str]]:
    found = world.get("nodes", name, "")["status"].get("conditions") or ()
    return {one["type"]: (one["status"], one["reason"], one["message"]) for one in found}


HEALTHY = {"Ready": "True", "MemoryPressure": "False", "DiskPressure": "False", "PIDPressure": "False"}


@follows(
    "node-lifecycle-controller",
    f"{UPSTREAM}: TestMonitorNodeHealthUpdateStatus, TestMonitorNodeHealthMarkPodsNotReady, TestMonitorNodeHealthUpdateNodeAndPodStatusWithLease",
)
@pytest.mark.parametrize(
    ("states", "alive", "wait", "wanted"),
    [
        pytest.param({}, False, 55, {}, id="never posted, within its time to start"),
        pytest.param({}, False, 70, dict.fromkeys(TYPES, NEVER), id="never posted, for too long"),
        pytest.param(HEALTHY, False, 45, None, id="silent, within the grace period"),
        pytest.param(HEALTHY, False, 60, dict.fromkeys(TYPES, STOPPED), id="silent for too long"),
        pytest.param(HEALTHY, True, 600, None, id="posts no status, renews its Lease"),
        pytest.param(
            {"Ready": "True"},
            False,
            60,
            {"Ready": STOPPED} | dict.fromkeys(TYPES[1:], NEVER),
            id="silent, with one condition only",
        ),
    ],
)
def test_conditions_of_a_silent_node(stage: Any, states: dict[str, str], alive: bool, wait: int, wanted: Any) -> None:
    world = stage(NodeLifecycleController)
    world.namespace("kube-node-lease")
    put_node(world, "node-0", alive=alive, **states)
    world.act(wait)
    kept = {type: (status, "Kubelet", "") for type, status in states.items()}
    assert conditions(world, "node-0") == (kept if wanted is None else wanted)
    told = ("NodeNotReady", "Node node-0 status is now: NodeNotReady")
    assert (told in world.events("node-0")) is (bool(states) and wanted is not None)


@follows(
    "node-lifecycle-controller",
    f"{UPSTREAM}: TestTaintsNodeByCondition, TestApplyNoExecuteTaints, TestSwapUnreachableNotReadyTaints",
)
@pytest.mark.parametrize(
    ("states", "cordoned", "wanted"),
    [
        pytest.param({"Ready": "True"}, False, [], id="ready"),
        pytest.param(
            {"Ready": "True", "NetworkUnavailable": "True"}, False, ["network-unavailable:NoSchedule"], id="no network"
        ),
        pytest.param(
            {"Ready": "True", "MemoryPressure": "True", "DiskPressure": "True", "PIDPressure": "True"},
            False,
            ["memory-pressure:NoSchedule", "disk-pressure:NoSchedule", "pid-pressure:NoSchedule"],
            id="under pressure",
        ),
        pytest.param({"Ready": "False"}, False, ["not-ready:NoSchedule", "not-ready:NoExecute"], id="not ready"),
        pytest.param(
            {"Ready": "Unknown"}, False, ["unreachable:NoSchedule", "unreachable:NoExecute"], id="unreachable"
        ),
        pytest.param({"Ready": "True"}, True, ["unschedulable:NoSchedule"], id="cordoned"),
        pytest.param(
            {"Ready": "False"},
            True,
            ["not-ready:NoSchedule", "unschedulable:NoSchedule", "not-ready:NoExecute"],
            id="both",
        ),
    ],
)
def test_taints_follow_conditions(stage: Any, states: dict[str, str], cordoned: bool, wanted: list[str]) -> None:
    world = stage(NodeLifecycleController)
    world.namespace("kube-node-lease")
    put_node(world, "healthy", Ready="True")
    put_node(world, "node-0", **states)
    if cordoned:
        world.client.patch("nodes", "", "node-0", {"spec": {"unschedulable": True}})
    world.act()
    assert taints(world, "node-0") == wanted


@follows("node-lifecycle-controller", f"{UPSTREAM}: TestSwapUnreachableNotReadyTaints, TestApplyNoExecuteTaints")
@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        pytest.param(
            "Unknown", "False", ["not-ready:NoSchedule", "not-ready:NoExecute"], id="unreachable, then not ready"
        ),
        pytest.param(
            "False", "Unknown", ["unreachable:NoSchedule", "unreachable:NoExecute"], id="not ready, then unreachable"
        ),
        pytest.param("Unknown", "True", [], id="unreachable, then ready"),
        pytest.param("False", "True", [], id="not ready, then ready"),
    ],
)
def test_taints_are_swapped(stage: Any, before: str, after: str, wanted: list[str]) -> None:
    world = stage(NodeLifecycleController)
    world.namespace("kube-node-lease")
    put_node(world, "healthy", Ready="True")
    put_node(world, "node-0", Ready=before)
    world.act()
    state = [{"type": "Ready", "status": after, "reason": "Kubelet", "message": ""}]
    world.set_status("nodes", world.get("nodes", "node-0", ""), conditions=state)
    world.run()
    assert sorted(taints(world, "node-0")) == sorted(wanted)


@follows(
    "node-lifecycle-controller",
    f"{UPSTREAM}: TestMonitorNodeHealthEvictPodsWithDisruption, TestComputeZoneState, TestReducedEvictionLimit",
)
@pytest.mark.parametrize(
    ("zones", "paces"),
    [
        pytest.param({"a": (9, 1)}, {"a": 10}, id="one of ten is down: every ten seconds"),
        pytest.param({"a": (8, 2)}, {"a": 10}, id="two of ten"),
        pytest.param({"a": (1, 2)}, {"a": 10}, id="two of three: too few to call it an outage"),
        pytest.param({"a": (1, 3)}, {"a": None}, id="three of four: a small zone stops"),
        pytest.param({"a": (20, 40)}, {"a": 100}, id="forty of sixty: a large zone slows down"),
        pytest.param({"a": (0, 3), "b": (3, 0)}, {"a": 10}, id="a zone that is all dark, another is not"),
        pytest.param({"a": (0, 3), "b": (0, 3)}, {"a": None, "b": None}, id="all zones are dark: nobody is evicted"),
    ],
)
def test_the_pace_of_evictions(stage: Any, zones: dict[str, tuple[int, int]], paces: dict[str, int | None]) -> None:
    """How far apart the first two nodes of a zone get their NoExecute taint."""
    world = stage(NodeLifecycleController)
    world.namespace("kube-node-lease")
    for zone, (up, down) in zones.items():
        for number in range(up + down):
            put_node(world, f"{zone}{number:02}", zone=zone, Ready="True" if number < up else "Unknown")
    world.act(0.5)

    def tainted(zone: str) -> int:
        names = [
            one["metadata"]["name"] for one in world.all("nodes", None) if one["metadata"]["name"].startswith(zone)
        ]
        return sum("unreachable:NoExecute" in taints(world, name) for name in names)

    for zone, pace in paces.items():
        assert tainted(zone) == (0 if pace is None else 1)
    for zone, pace in paces.items():
        more_than_one = zones[zone][1] > 1
        if pace is not None and more_than_one:
            world.run(pace - 1)
            assert tainted(zone) == 1
            world.run(1)
            assert tainted(zone) == 2


# Volumes on nodes

ATTACHMENTS = "volumeattachments.storage.k8s.io"
RECONCILER = "pkg/controller/volume/attachdetach/reconciler/reconciler_test.go"
UNIQUE = "kubernetes.io/csi/d.example^v1"


def attach_world(stage: Any, *modes: str) -> Any:
    world = stage(AttachDetachController)
    for name in ("n1", "n2"):
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {}}
        world.put("nodes", {**node, "status": {"conditions": [{"type": "Ready", "status": "True"}]}})
    put_disk(world, "data", "pv", *modes)
    return world


def put_disk(world: Any, name: str, volume_name: str, *modes: str) -> None:
    metadata = {"name": name, "annotations": {"pv.kubernetes.io/bind-completed": "yes"}}
    spec: Obj = {"accessModes": list(modes), "volumeName": volume_name, "resources": {"requests": {"storage": "1Gi"}}}
    claim = world.put(
        "persistentvolumeclaims",
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec},
    )
    reference = {
        "kind": "PersistentVolumeClaim",
        "namespace": "default",
        "name": name,
        "uid": claim["metadata"]["uid"],
    }
    volume = {"accessModes": list(modes), "capacity": {"storage": "1Gi"}, "claimRef": reference}
    volume["csi"] = {"driver": "d.example", "volumeHandle": "v1"}
    world.put(
        "persistentvolumes",
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume_name}, "spec": volume},
    )


def put_user(world: Any, name: str, node: str, phase: str = "Pending", claim: str = "data") -> None:
    source = {"name": "v", "persistentVolumeClaim": {"claimName": claim}}
    spec = {
        "nodeName": node,
        "containers": [{"name": "c", "image": "x"}],
        "volumes": [source],
        "restartPolicy": "Never",
    }
    world.put(
        "pods",
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec, "status": {"phase": phase}},
    )


def attach_all(world: Any) -> None:
    for one in world.all(ATTACHMENTS, None):
        world.client.update_status(ATTACHMENTS, {**one, "status": {"attached": True}})
    world.run(1)


def places(world: Any) -> list[str]:
    return [
        one["spec"]["nodeName"] for one in world.all(ATTACHMENTS, None) if "deletionTimestamp" not in one["metadata"]
    ]


@follows(
    "attachdetach-controller",
    f"{RECONCILER}: Test_Run_Positive_OneDesiredVolumeAttach, Test_Run_OneVolumeAttachAndDetachMultipleNodesWithReadWriteMany, Test_Run_OneVolumeAttachAndDetachMultipleNodesWithReadWriteOnce, Test_ReportMultiAttachError",
)
@pytest.mark.parametrize(
    ("modes", "users", "wanted", "said"),
    [
        pytest.param(["ReadWriteOnce"], [], [], "", id="nobody wants it"),
        pytest.param(["ReadWriteOnce"], [("a", "n1")], ["n1"], "", id="one pod"),
        pytest.param(["ReadWriteOnce"], [("a", "n1", "Succeeded")], [], "", id="a pod that has ended"),
        pytest.param(["ReadWriteOnce"], [("a", "n1"), ("b", "n1")], ["n1"], "", id="two pods of one node"),
        pytest.param(["ReadWriteMany"], [("a", "n1"), ("b", "n2")], ["n1", "n2"], "", id="two nodes, many may write"),
        pytest.param(
            ["ReadWriteOnce"],
            [("a", "n1"), ("b", "n2")],
            ["n1"],
            'Multi-Attach error for volume "pv" Volume is already used by pod(s) a',
            id="two nodes, one may write",
        ),
    ],
)
def test_a_volume_is_attached(stage: Any, modes: list[str], users: list[Any], wanted: list[str], said: str) -> None:
    world = attach_world(stage, *modes)
    world.manager.start()
    for user in users:
        put_user(world, *user)
        world.run(1)
        attach_all(world)
    assert sorted(places(world)) == wanted
    assert [message for reason, message in world.events("b") if reason == "FailedAttachVolume"] == (
        [said] if said else []
    )


@follows(
    "attachdetach-controller",
    f"{RECONCILER}: Test_Run_Positive_OneDesiredVolumeAttachThenDetachWithUnmountedVolume, Test_Run_Positive_OneDesiredVolumeAttachThenDetachWithMountedVolume, Test_Run_OneVolumeDetachOnUnhealthyNode, Test_Run_OneVolumeDetachOnOutOfServiceTaintedNode",
)
@pytest.mark.parametrize(
    ("in_use", "ready", "out_of_service", "wait", "stays"),
    [
        pytest.param(False, "True", False, 2, False, id="not mounted: detached"),
        pytest.param(True, "True", False, 1000, True, id="mounted on a healthy node: for as long as it is"),
        pytest.param(True, "False", False, 350, True, id="mounted on an unhealthy node: six minutes"),
        pytest.param(True, "False", False, 370, False, id="mounted on an unhealthy node: then by force"),
        pytest.param(True, "False", True, 5, False, id="mounted on a node out of service: at once"),
    ],
)
def test_a_volume_is_detached(
    stage: Any, in_use: bool, ready: str, out_of_service: bool, wait: int, stays: bool
) -> None:
    world = attach_world(stage, "ReadWriteOnce")
    world.manager.start()
    put_user(world, "a", "n1")
    world.run(1)
    attach_all(world)
    if in_use:
        world.client.patch("nodes", "", "n1", {"status": {"volumesInUse": [UNIQUE]}}, subresource="status")
    world.set_status("nodes", world.get("nodes", "n1", ""), conditions=[{"type": "Ready", "status": ready}])
    if out_of_service:
        taint = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
        world.client.patch("nodes", "", "n1", {"spec": {"taints": [taint]}})
    world.run(1)
    world.client.delete("pods", "default", "a", grace_s=0)
    world.run(wait)
    assert places(world) == (["n1"] if stays else [])


@follows(
    "attachdetach-controller",
    "pkg/volume/csi/csi_attacher.go: waitForVolumeAttachmentWithLister, waitForVolumeAttachDetachStatusWithLister",
)
def test_a_driver_that_does_not_answer_is_complained_of_after_two_minutes_and_again(stage: Any) -> None:
    world = attach_world(stage, "ReadWriteOnce")
    world.manager.start()
    put_user(world, "a", "n1")
    why = "timed out waiting for external-attacher of d.example CSI driver to attach volume v1"
    told = ("FailedAttachVolume", f'AttachVolume.Attach failed for volume "pv" : {why}')
    for wait, count in ((119, 0), (2, 1), (119, 1), (2, 2), (118.5, 2), (2, 3)):
        world.run(wait)
        found = [one for one in world.registry.objects("events") if one["involvedObject"]["name"] == "a"]
        assert sum(one.get("count", 1) for one in found) == count
        assert all(one["message"] == told[1] for one in found)
    attach_all(world)
    assert world.events("a") == [told, ("SuccessfulAttachVolume", 'AttachVolume.Attach succeeded for volume "pv" ')]
    world.run(1000)
    assert len(world.events("a")) == 2


@follows(
    "attachdetach-controller",
    "pkg/volume/util/util.go: GetUniqueVolumeName",
    "pkg/volume/csi/csi_plugin.go: GetVolumeName",
    "pkg/volume/csi/csi_attacher.go: getAttachmentName",
)
@pytest.mark.parametrize(
    ("node", "places_wanted", "said"),
    [
        pytest.param("n1", ["n1"], [], id="on one node they share an attachment"),
        pytest.param(
            "n2",
            ["n1"],
            ['Multi-Attach error for volume "pv2" Volume is already used by pod(s) a'],
            id="on two nodes they are in each other's way",
        ),
    ],
)
def test_two_volumes_with_one_handle_are_one_disk(
    stage: Any, node: str, places_wanted: list[str], said: list[str]
) -> None:
    world = attach_world(stage, "ReadWriteOnce")
    put_disk(world, "data2", "pv2", "ReadWriteOnce")
    world.manager.start()
    put_user(world, "a", "n1")
    world.run(1)
    attach_all(world)
    put_user(world, "b", node, claim="data2")
    world.run(1)
    attach_all(world)
    assert places(world) == places_wanted
    assert [message for reason, message in world.events("b") if reason == "FailedAttachVolume"] == said
    world.client.delete("pods", "default", "a", grace_s=0)
    world.run(2)
    attach_all(world)
    assert places(world) == [node]
