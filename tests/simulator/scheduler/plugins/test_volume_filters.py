"""Filters that look at claims and volumes, after the tests beside each plugin in `pkg/scheduler/framework/plugins/`."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.plugins.node_volume_limits import NodeVolumeLimits
from simulator.scheduler.plugins.volume_binding import VolumeBinding
from simulator.scheduler.plugins.volume_restrictions import VolumeRestrictions
from simulator.scheduler.plugins.volume_zone import VolumeZone
from simulator.scheduler.pod_info import PodInfo, pod_info
from simulator.scheduler.storage_view import StorageView
from tests.proof.follows import follows

Obj = dict[str, Any]
ZONE, REGION = "topology.kubernetes.io/zone", "topology.kubernetes.io/region"
BETA_ZONE, BETA_REGION = "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region"
_RESOURCES = {
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "PersistentVolume": "persistentvolumes",
    "StorageClass": "storageclasses.storage.k8s.io",
    "CSINode": "csinodes.storage.k8s.io",
}


class Stored:
    """What a StorageView asks."""

    def __init__(self, objects: Iterable[Obj]) -> None:
        self._objects = {
            (_RESOURCES[one["kind"]], one["metadata"].get("namespace", ""), one["metadata"]["name"]): one
            for one in objects
        }

    def get(self, resource: str, namespace: str, name: str) -> Obj | None:
        return self._objects.get((resource, namespace, name))

    def unordered(self, resource: str) -> Iterable[Obj]:
        return [one for (kind, _, _), one in self._objects.items() if kind == resource]


def world(objects: Sequence[Obj], nodes: dict[str, Obj], placed: Sequence[tuple[str, PodInfo]] = ()) -> ClusterView:
    found = ClusterView(StorageView(Stored(objects)))
    for name, labels in nodes.items():
        found.put_node({"kind": "Node", "metadata": {"name": name, "labels": labels}, "status": {}})
    for number, (name, pod) in enumerate(placed):
        found.add_pod(name, str(number), pod)
    return found


def using(*claims: str, namespace: str = "default", ephemeral: str = "") -> PodInfo:
    volumes: list[Obj] = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
    if ephemeral:
        volumes.append({"name": ephemeral, "ephemeral": {}})
    return pod_info({"metadata": {"name": "p", "namespace": namespace}, "spec": {"containers": [], "volumes": volumes}})


def claim(name: str, storage_class: str = "wait", volume: str = "", **more: Any) -> Obj:
    metadata: Obj = {"name": name, "namespace": "default", "uid": name}
    if volume:
        metadata["annotations"] = {"pv.kubernetes.io/bind-completed": "yes"}
    if more.pop("ending", False):
        metadata["deletionTimestamp"] = "2025-10-09T08:00:00Z"
    status = {"phase": more.pop("phase", "Bound" if volume else "Pending")}
    spec = {
        "storageClassName": storage_class,
        "volumeName": volume,
        "accessModes": more.pop("modes", ["ReadWriteOnce"]),
        "resources": {"requests": {"storage": more.pop("size", "1Gi")}},
    }
    return {"kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec, "status": status}


def volume(name: str, *nodes: str, storage_class: str = "wait", size: str = "1Gi", **more: Any) -> Obj:
    """Reached from these nodes only, if there are any; `handle` makes it one of the driver `ebs`."""
    spec: Obj = {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "storageClassName": storage_class}
    if nodes:
        term = {"matchExpressions": [{"key": "host", "operator": "In", "values": list(nodes)}]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [term]}}
    if "handle" in more:
        spec["csi"] = {"driver": more.pop("driver", "ebs"), "volumeHandle": more.pop("handle")}
    if "claimed" in more:
        spec["claimRef"] = {"namespace": "default", "name": more["claimed"], "uid": more["claimed"]}
    metadata = {"name": name, "labels": more.pop("labels", {})}
    return {"kind": "PersistentVolume", "metadata": metadata, "spec": spec, "status": {"phase": "Available"}}


def storage_class(name: str, mode: str, provisioner: str = "", **more: Any) -> Obj:
    metadata = {"name": name}
    return {
        "kind": "StorageClass",
        "metadata": metadata,
        "volumeBindingMode": mode,
        "provisioner": provisioner or "kubernetes.io/no-provisioner",
        **more,
    }


NODES = {"a": {"host": "a", ZONE: "zone-a"}, "b": {"host": "b", ZONE: "zone-b"}}
WAIT, NOW = storage_class("wait", "WaitForFirstConsumer"), storage_class("now", "Immediate")
ZONE_B = [{"matchLabelExpressions": [{"key": ZONE, "values": ["zone-b", "zone-c"]}]}]
MAKES = storage_class("makes", "WaitForFirstConsumer", "ebs")
MAKES_IN_B = storage_class("makes-in-b", "WaitForFirstConsumer", "ebs", allowedTopologies=ZONE_B)
CLASSES = [WAIT, NOW, MAKES, MAKES_IN_B]
CONFLICT, NOTHING = (
    "node(s) had volume node affinity conflict",
    "node(s) didn't find available persistent volumes to bind",
)
GONE = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
UNBOUND = "pod has unbound immediate PersistentVolumeClaims"

BINDING: list[Any] = [
    pytest.param(using(), [], {}, id="no claims"),
    pytest.param(using("d"), [claim("d", volume="v"), volume("v")], {}, id="bound, reached from everywhere"),
    pytest.param(
        using("d"),
        [],
        {"a": ['persistentvolumeclaim "d" not found']} | {"b": ['persistentvolumeclaim "d" not found']},
        id="no such claim",
    ),
    pytest.param(
        using("d", "e"),
        [claim("d", volume="v"), volume("v")],
        {name: ['persistentvolumeclaim "e" not found'] for name in NODES},
        id="one of two claims does not exist",
    ),
    pytest.param(using("d"), [claim("d", "now")], {name: [UNBOUND] for name in NODES}, id="immediate, not bound"),
    pytest.param(using("d"), [claim("d", "")], {name: [UNBOUND] for name in NODES}, id="without a class, not bound"),
    pytest.param(using("d"), [claim("d", "none")], {name: [UNBOUND] for name in NODES}, id="a class that is not there"),
    pytest.param(using("d"), [claim("d")], {name: [NOTHING] for name in NODES}, id="waiting, no volume anywhere"),
    pytest.param(using("d"), [claim("d"), volume("v", "a")], {"b": [NOTHING]}, id="waiting, a volume on one node"),
    pytest.param(
        using("d"),
        [claim("d", size="2Gi"), volume("v")],
        {name: [NOTHING] for name in NODES},
        id="waiting, a volume that is too small",
    ),
    pytest.param(
        using("d", "e"),
        [claim("d"), claim("e"), volume("v", "a"), volume("w", "b")],
        {name: [NOTHING] for name in NODES},
        id="two claims, one volume on each node",
    ),
    pytest.param(using("d"), [claim("d", volume="v"), volume("v", "a")], {"b": [CONFLICT]}, id="bound elsewhere"),
    pytest.param(
        using("d", "e"),
        [claim("d", volume="v"), volume("v", "a", claimed="d"), claim("e")],
        {"a": [NOTHING], "b": [CONFLICT, NOTHING]},
        id="one bound elsewhere and one without a volume",
    ),
    pytest.param(using("d"), [claim("d", volume="v")], {name: [GONE] for name in NODES}, id="its volume is gone"),
    pytest.param(
        using("d"),
        [claim("d", volume="v", phase="Lost")],
        {name: ['persistentvolumeclaim "d" bound to non-existent persistentvolume "v"'] for name in NODES},
        id="a lost claim",
    ),
    pytest.param(
        using("d"),
        [claim("d", volume="v", ending=True), volume("v")],
        {name: ['persistentvolumeclaim "d" is being deleted'] for name in NODES},
        id="a claim that ends",
    ),
    pytest.param(
        using(ephemeral="tmp"),
        [],
        {
            name: ['waiting for ephemeral volume controller to create the persistentvolumeclaim "p-tmp"']
            for name in NODES
        },
        id="an ephemeral volume's claim is not made yet",
    ),
    pytest.param(using("d"), [claim("d", "makes")], {}, id="a volume can be made anywhere"),
    pytest.param(using("d"), [claim("d", "makes-in-b")], {"a": [NOTHING]}, id="a volume can be made in zone-b only"),
]


@follows(
    "VolumeBinding",
    "pkg/scheduler/framework/plugins/volumebinding/volume_binding_test.go: TestVolumeBinding",
    "pkg/scheduler/framework/plugins/volumebinding/binder_test.go: TestFindPodVolumesWithoutProvisioning",
)
@pytest.mark.parametrize(("pod", "objects", "wanted"), BINDING)
def test_volume_binding(verdicts: Any, pod: PodInfo, objects: list[Obj], wanted: dict[str, list[str]]) -> None:
    found = verdicts(VolumeBinding(), pod, world([*CLASSES, *objects], NODES))
    turned_down = {name: verdict for name, verdict in found.items() if verdict is not None}
    assert turned_down == {name: (tuple(reasons), False) for name, reasons in wanted.items()}


# VolumeZone


def in_zones(**labels: str) -> Obj:
    keys = {"zone": ZONE, "region": REGION, "beta_zone": BETA_ZONE, "beta_region": BETA_REGION}
    return {keys[name]: value for name, value in labels.items()}


ZONES: list[Any] = [
    pytest.param(None, in_zones(zone="us-west1-a"), True, id="no volumes"),
    pytest.param({}, {}, True, id="neither the volume nor the node is in a zone"),
    pytest.param(in_zones(zone="us-west1-a"), {}, True, id="the node is in no zone"),
    pytest.param({}, in_zones(zone="us-west1-a"), True, id="the volume is in no zone"),
    pytest.param(in_zones(zone="us-west1-a"), in_zones(zone="us-west1-a"), True, id="the same zone"),
    pytest.param(
        in_zones(region="us-west1"), in_zones(zone="us-west1-a", region="us-west1"), True, id="the same region"
    ),
    pytest.param(
        in_zones(region="us-west1"), in_zones(zone="us-west1-a", region="no_us-west1"), False, id="another region"
    ),
    pytest.param(in_zones(zone="us-west1-c"), in_zones(zone="us-west1-a"), False, id="another zone"),
    pytest.param(in_zones(zone="us-west1-a"), in_zones(region="us-west1"), False, id="the node says only its region"),
    pytest.param(in_zones(zone="us-west1-a__us-west1-b"), in_zones(zone="us-west1-b"), True, id="one of two zones"),
    pytest.param(in_zones(zone=" us-west1-a __us-west1-b"), in_zones(zone="us-west1-a"), True, id="with spaces"),
    pytest.param(in_zones(zone="us-west1-a____us-west1-b"), in_zones(zone="x"), True, id="a list that makes no sense"),
    pytest.param(in_zones(beta_zone="us-west1-a"), in_zones(beta_zone="us-west1-a"), True, id="beta labels on both"),
    pytest.param(
        in_zones(beta_zone="us-west1-a"), in_zones(beta_zone="us-west1-b"), False, id="beta labels, other zone"
    ),
    pytest.param(in_zones(beta_zone="us-west1-a"), in_zones(zone="us-west1-a"), True, id="beta on the volume only"),
    pytest.param(in_zones(zone="us-west1-a"), in_zones(beta_zone="us-west1-a"), False, id="beta on the node only"),
    pytest.param(
        in_zones(beta_region="us-west1"), in_zones(region="us-west1"), True, id="region, beta on the volume only"
    ),
]


@follows(
    "VolumeZone",
    "pkg/scheduler/framework/plugins/volumezone/volume_zone_test.go: TestSingleZone, TestMultiZone, TestWithBinding",
)
@pytest.mark.parametrize(("labels", "node", "fits"), ZONES)
def test_volume_zone(verdicts: Any, labels: Obj | None, node: Obj, fits: bool) -> None:
    objects = [] if labels is None else [claim("d", volume="v"), volume("v", labels=labels)]
    found = verdicts(VolumeZone(), using() if labels is None else using("d"), world(objects, {"a": node}))
    assert found == {"a": None if fits else (("node(s) had no available volume zone",), False)}


def test_the_zone_of_a_volume_that_is_not_there(verdicts: Any) -> None:
    found = verdicts(VolumeZone(), using("d"), world([claim("d", volume="v")], {"a": {}}))
    assert found == {"a": (('persistentvolume "v" not found',), False)}


# VolumeRestrictions

ALONE = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
ONE_POD = claim("d", volume="v", modes=["ReadWriteOncePod"])
MANY = claim("e", volume="w", modes=["ReadWriteMany"])
RESTRICTIONS: list[Any] = [
    pytest.param(using("d"), [], True, id="nobody uses it"),
    pytest.param(using("d"), [("a", using("d"))], False, id="somebody uses it"),
    pytest.param(using("d"), [("b", using("d"))], False, id="somebody uses it on another node"),
    pytest.param(using("d"), [("a", using("d", namespace="other"))], True, id="a claim of that name elsewhere"),
    pytest.param(using("e"), [("a", using("e"))], True, id="a claim for many"),
    pytest.param(using("e", "d"), [("a", using("d"))], False, id="one of two claims is for one pod"),
]


@follows(
    "VolumeRestrictions",
    "pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions_test.go: TestAccessModeConflicts",
)
@pytest.mark.parametrize(("pod", "placed", "fits"), RESTRICTIONS)
def test_volume_restrictions(verdicts: Any, pod: PodInfo, placed: list[tuple[str, PodInfo]], fits: bool) -> None:
    found = verdicts(VolumeRestrictions(), pod, world([ONE_POD, MANY], NODES, placed))
    assert found == dict.fromkeys(NODES, None if fits else ((ALONE,), True))


# NodeVolumeLimits


def csi_node(count: int | None) -> Obj:
    driver: Obj = {"name": "ebs", **({} if count is None else {"allocatable": {"count": count}})}
    return {"kind": "CSINode", "metadata": {"name": "a"}, "spec": {"drivers": [driver]}}


def disks(*names: str, driver: str = "ebs", same_as: str = "") -> list[Obj]:
    found: list[Obj] = []
    for name in names:
        found += [claim(name, volume=f"v-{name}"), volume(f"v-{name}", handle=same_as or name, driver=driver)]
    return found


FOUR = disks("1", "2", "3", "4")
LIMITS: list[Any] = [
    pytest.param(using("1"), FOUR, [using("2", "3")], 4, True, id="fewer than it takes"),
    pytest.param(using("1"), FOUR, [using("2"), using("3")], 2, False, id="as many as it takes already"),
    pytest.param(using("1", "4"), FOUR, [using("2"), using("3")], 3, False, id="two more, room for one"),
    pytest.param(using("2"), FOUR, [using("2"), using("3")], 2, True, id="a disk that is there already"),
    pytest.param(using("1"), FOUR, [using("2"), using("2"), using("3")], 3, True, id="a disk of two pods counts once"),
    pytest.param(using(), FOUR, [using("2"), using("3")], 2, True, id="no disks at all"),
    pytest.param(using("1"), FOUR, [using("2"), using("3")], None, True, id="a driver without a limit"),
    pytest.param(
        using("x"),
        [*FOUR, *disks("x", driver="other")],
        [using("2"), using("3")],
        2,
        True,
        id="a disk of another driver",
    ),
    pytest.param(
        using("x"),
        [*FOUR, MAKES, claim("x", "makes")],
        [using("2"), using("3")],
        2,
        False,
        id="a disk that will be made",
    ),
    pytest.param(
        using("1"),
        [*FOUR, MAKES, claim("x", "makes")],
        [using("x"), using("3")],
        2,
        False,
        id="a disk that is being made counts",
    ),
    pytest.param(
        using("x"), [*FOUR, WAIT, claim("x", "none")], [using("2"), using("3")], 2, True, id="no class, so no driver"
    ),
    pytest.param(
        using("x"),
        [*FOUR, *disks("x", same_as="2")],
        [using("2"), using("3")],
        2,
        True,
        id="another volume object of a disk that is there",
    ),
]


@follows("NodeVolumeLimits", "pkg/scheduler/framework/plugins/nodevolumelimits/csi_test.go: TestCSILimits")
@pytest.mark.parametrize(("pod", "objects", "placed", "limit", "fits"), LIMITS)
def test_node_volume_limits(
    verdicts: Any, pod: PodInfo, objects: list[Obj], placed: list[PodInfo], limit: int | None, fits: bool
) -> None:
    there = world([*objects, csi_node(limit)], {"a": {}}, [("a", one) for one in placed])
    wanted = None if fits else (("node(s) exceed max volume count",), True)
    assert verdicts(NodeVolumeLimits(), pod, there) == {"a": wanted}


def test_a_node_without_a_csi_node_has_no_limit(verdicts: Any) -> None:
    assert verdicts(NodeVolumeLimits(), using("1"), world(FOUR, {"a": {}})) == {"a": None}
