"""external-provisioner: for which claim a volume is made, what it looks like, why there is none, and when it is deleted again."""

from typing import Any

import pytest

from simulator.csi.provisioner import ExternalProvisioner
from tests.proof.follows import follows
from tests.simulator.storage.sidecars import DRIVER, FLAVOUR, DriverWorld

Obj = dict[str, Any]
UPSTREAM = "kubernetes-csi/external-provisioner/pkg/controller"
LIBRARY = "kubernetes-sigs/sig-storage-lib-external-provisioner/controller"
CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"
MINE = {"volume.kubernetes.io/storage-provisioner": DRIVER}
BOUND = {"pv.kubernetes.io/bind-completed": "yes"}
CHOSEN = {"volume.kubernetes.io/selected-node": "node1"}
FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"
BEGIN = ("Provisioning", 'External provisioner is provisioning volume for claim "default/claim"')
FAILED = 'failed to provision volume with StorageClass "fast": '


def a_world(with_snapshots: Any = False, **storage_class: Any) -> DriverWorld:
    world = DriverWorld(
        "external-provisioner",
        lambda process, client, cloud: ExternalProvisioner(process, client, FLAVOUR, cloud, cloud),
        with_snapshots=with_snapshots,
    )
    world.node()
    world.storage_class(**storage_class)
    return world


def a_claim(world: DriverWorld, annotations: Obj = MINE, **spec: Any) -> Obj:
    return world.claim(annotations=annotations, **{"storageClassName": "fast", **spec})


# Claims

WAITS = {"volumeBindingMode": "WaitForFirstConsumer"}


@follows(
    "external-provisioner",
    f"{LIBRARY}/controller_test.go: TestShouldProvision, TestController",
    f"{UPSTREAM}/controller_test.go: TestProvision",
)
@pytest.mark.parametrize(
    ("storage_class", "annotations", "spec", "made"),
    [
        pytest.param({}, MINE, {}, True, id="a claim that waits"),
        pytest.param({}, {}, {}, False, id="nobody was asked yet"),
        pytest.param(
            {},
            {"volume.kubernetes.io/storage-provisioner": "other.example"},
            {},
            False,
            id="another provisioner was asked",
        ),
        pytest.param({}, MINE, {"volumeName": "pv"}, False, id="a claim that names its volume"),
        pytest.param({}, MINE, {"storageClassName": "slow"}, False, id="a class that is not there"),
        pytest.param(WAITS, MINE, {}, False, id="no consumer yet"),
        pytest.param(WAITS, MINE | CHOSEN, {}, True, id="the consumer's node is chosen"),
    ],
)
def test_a_volume_is_made_for(storage_class: Obj, annotations: Obj, spec: Obj, made: bool) -> None:
    world = a_world(**storage_class)
    claim = a_claim(world, annotations, **spec)
    world.act()
    name = f"pvc-{claim['metadata']['uid']}"
    assert world.cloud.calls == ([f"create {name}"] if made else [])
    assert (world.find(VOLUMES, name, "") is not None) is made
    told = [BEGIN, ("ProvisioningSucceeded", f"Successfully provisioned volume {name}")]
    assert world.events("claim") == (told if made else [])


@follows(
    "external-provisioner",
    f"{UPSTREAM}/controller_test.go: TestProvision",
    f"{UPSTREAM}/controller.go: Provision",
    f"{LIBRARY}/controller.go: provisionClaimOperation",
)
@pytest.mark.parametrize(
    ("storage_class", "spec", "wanted"),
    [
        pytest.param(
            {},
            {},
            {"persistentVolumeReclaimPolicy": "Delete", "volumeMode": "Filesystem"},
            id="as the class says nothing",
        ),
        pytest.param(
            {"reclaimPolicy": "Retain"},
            {},
            {"persistentVolumeReclaimPolicy": "Retain"},
            id="reclaim policy of the class",
        ),
        pytest.param({"mountOptions": ["noatime"]}, {}, {"mountOptions": ["noatime"]}, id="mount options of the class"),
        pytest.param({}, {"volumeMode": "Block"}, {"volumeMode": "Block"}, id="mode of the claim"),
        pytest.param(
            {},
            {"accessModes": ["ReadWriteOncePod"]},
            {"accessModes": ["ReadWriteOncePod"]},
            id="access modes of the claim",
        ),
        pytest.param({}, {"size": "3Gi"}, {"capacity": {"storage": "3Gi"}}, id="size of the claim"),
    ],
)
def test_what_a_volume_looks_like(storage_class: Obj, spec: Obj, wanted: Obj) -> None:
    world = a_world(**storage_class)
    claim = a_claim(world, **spec)
    world.act()
    made = world.get(VOLUMES, f"pvc-{claim['metadata']['uid']}", "")
    assert {key: made["spec"][key] for key in wanted} == wanted
    assert made["spec"]["storageClassName"] == "fast"
    assert made["spec"]["claimRef"]["uid"] == claim["metadata"]["uid"]
    assert FINALIZER in made["metadata"]["finalizers"]
    secret = "volume.kubernetes.io/provisioner-deletion-secret"
    assert made["metadata"]["annotations"] == {
        "pv.kubernetes.io/provisioned-by": DRIVER,
        f"{secret}-name": "",
        f"{secret}-namespace": "",
    }


SOURCE = "error getting handle for DataSource Type PersistentVolumeClaim by Name src: "
SIZE = "error, new PVC request must be greater than or equal in size to the specified PVC data source, requested 1073741824 but source is 2147483648"
MODE = "the source PVC and destination PVCs must have the same volume mode for cloning.  Source is Block, but new PVC requested Filesystem"
NOT_BOUND = "claim in dataSource not bound or invalid"
FROM_CLAIM: Obj = {"dataSource": {"kind": "PersistentVolumeClaim", "name": "src"}}


@follows(
    "external-provisioner",
    f"{UPSTREAM}/controller_test.go: TestProvision, TestProvisionFromPVC, TestStripPrefixedCSIParams",
    f"{UPSTREAM}/controller.go: prepareProvision",
)
@pytest.mark.parametrize(
    ("storage_class", "spec", "why"),
    [
        pytest.param({}, {"selector": {"matchLabels": {"a": "b"}}}, "claim Selector is not supported", id="a selector"),
        pytest.param(
            {"parameters": {"fstype": "ext4", "csi.storage.k8s.io/fstype": "xfs"}},
            {},
            'fstype specified in parameters with both "fstype" and "csi.storage.k8s.io/fstype" keys',
            id="two file systems",
        ),
        pytest.param(
            {"parameters": {"csi.storage.k8s.io/colour": "red"}},
            {},
            'failed to strip CSI Parameters of prefixed keys: found unknown parameter key "csi.storage.k8s.io/colour" with '
            "reserved namespace csi.storage.k8s.io/",
            id="a reserved parameter that is not known",
        ),
        pytest.param(
            {},
            {"dataSource": {"apiGroup": "example.com", "kind": "VolumeSnapshot", "name": "s"}},
            "the PVC source does not belong to the right APIGroup. Expected snapshot.storage.k8s.io, Got example.com",
            id="a snapshot of another group",
        ),
    ],
)
def test_a_claim_that_is_refused_before_the_driver_is_asked(storage_class: Obj, spec: Obj, why: str) -> None:
    world = a_world(**storage_class)
    a_claim(world, **spec)
    world.act()
    assert world.events("claim") == [BEGIN, ("ProvisioningFailed", FAILED + why)]
    assert world.cloud.calls == []


def put_source(
    world: DriverWorld,
    *,
    bound: bool = True,
    size: str = "1Gi",
    mode: str = "Filesystem",
    driver: str = DRIVER,
    uid: str = "",
    ending: bool = False,
    phase: str = "Bound",
    kind: str = "fast",
) -> None:
    spec: Obj = {"storageClassName": kind} if kind else {}
    status = {"phase": "Bound"} if bound else {"phase": "Pending"}
    source = world.claim(
        "src", size=size, volumeName="pv1" if bound else "", annotations=BOUND if bound else {}, status=status, **spec
    )
    reference = {
        "kind": "PersistentVolumeClaim",
        "namespace": "default",
        "name": "src",
        "uid": uid or source["metadata"]["uid"],
    }
    if ending:
        world.client.patch(CLAIMS, "default", "src", {"metadata": {"finalizers": ["example.com/hold"]}})
        world.client.delete(CLAIMS, "default", "src")
    world.volume(
        csi={"driver": driver, "volumeHandle": "h"}, claimRef=reference, volumeMode=mode, status={"phase": phase}
    )


@follows(
    "external-provisioner",
    f"{UPSTREAM}/controller_test.go: TestProvisionFromPVC",
    f"{UPSTREAM}/controller.go: getPVCSource, setCloneFinalizer",
)
@pytest.mark.parametrize(
    ("source", "why"),
    [
        pytest.param({}, "", id="a clone"),
        pytest.param(
            None,
            'error getting PVC src (namespace "default") from api server: persistentvolumeclaim "src" not found',
            id="nothing of that name",
        ),
        pytest.param(
            {"bound": False},
            "the PVC DataSource src must have a status of Bound.  Got {Pending [] map[] [] map[] map[] <nil> <nil>}",
            id="a source that is not bound",
        ),
        pytest.param({"ending": True}, "the PVC DataSource src is currently being deleted", id="a source that ends"),
        pytest.param({"kind": ""}, "the source PVC (src) storageclass cannot be empty", id="a source without a class"),
        pytest.param({"size": "2Gi"}, SIZE, id="smaller than its source"),
        pytest.param({"driver": "other.example"}, NOT_BOUND, id="another driver's volume"),
        pytest.param({"uid": "other"}, NOT_BOUND, id="a volume that is bound to somebody else"),
        pytest.param({"phase": "Released"}, NOT_BOUND, id="a volume that is not bound any more"),
        pytest.param({"mode": "Block"}, MODE, id="a raw device is no file system"),
    ],
)
def test_a_claim_that_begins_with_another_one(source: Obj | None, why: str) -> None:
    world = a_world()
    if source is not None:
        put_source(world, **source)
    made = a_claim(world, **FROM_CLAIM)
    world.act()
    assert world.events("claim")[1][1] == (
        FAILED + SOURCE + why if why else f"Successfully provisioned volume pvc-{made['metadata']['uid']}"
    )
    assert world.cloud.calls == ([] if why else [f"create pvc-{made['metadata']['uid']}", "copy pv1"])
    if source is not None:
        held = "provisioner.storage.kubernetes.io/cloning-protection"
        assert (held in (world.get(CLAIMS, "src")["metadata"].get("finalizers") or [])) is (why == "")


@follows(
    "external-provisioner",
    f"{UPSTREAM}/clone_controller_test.go: TestCloneFinalizerRemoval",
    f"{UPSTREAM}/clone_controller.go: syncClaim",
)
@pytest.mark.parametrize(
    ("phase", "ending", "held"),
    [
        pytest.param("Pending", True, True, id="somebody is being made of it"),
        pytest.param("Bound", True, False, id="whoever was made of it is ready"),
        pytest.param("Bound", False, True, id="not deleted"),
    ],
)
def test_a_cloned_claim_is_held(phase: str, ending: bool, held: bool) -> None:
    world = a_world()
    finalizer = "provisioner.storage.kubernetes.io/cloning-protection"
    put_source(world)
    world.client.patch(CLAIMS, "default", "src", {"metadata": {"finalizers": [finalizer, "example.com/hold"]}})
    world.claim(status={"phase": phase}, volumeName="pv2" if phase == "Bound" else "", **FROM_CLAIM)
    if ending:
        world.client.delete(CLAIMS, "default", "src")
    world.act()
    assert (finalizer in world.get(CLAIMS, "src")["metadata"]["finalizers"]) is held
    if phase == "Pending":
        world.set_status(CLAIMS, world.get(CLAIMS, "claim"), phase="Bound")
        world.run(1)
        assert finalizer not in world.get(CLAIMS, "src")["metadata"]["finalizers"]


LEAD = "error getting handle for DataSource Type VolumeSnapshot by Name snap: "
CHANGE = "requested volume default/claim modifies the mode of the source volume but does not have permission to do so. "
MAY = "snapshot.storage.kubernetes.io/allow-volume-mode-change"


@follows(
    "external-provisioner",
    f"{UPSTREAM}/controller_test.go: TestProvisionFromSnapshot",
    f"{UPSTREAM}/controller.go: getSnapshotSource",
)
@pytest.mark.parametrize(
    ("status", "content", "spec", "why"),
    [
        pytest.param({}, {}, {}, "", id="restored"),
        pytest.param(
            None,
            {},
            {},
            'error getting snapshot snap from api server: volumesnapshots.snapshot.storage.k8s.io "snap" not found',
            id="nothing of that name",
        ),
        pytest.param(
            {"boundVolumeSnapshotContentName": None}, {}, {}, "snapshot snap not bound", id="a snapshot without content"
        ),
        pytest.param({}, {"driver": "other.example"}, {}, "snapshot snap not bound", id="another driver's"),
        pytest.param({}, {"uid": "other"}, {}, "snapshot snap not bound", id="the content of another snapshot"),
        pytest.param({"readyToUse": False}, {}, {}, "snapshot snap is not Ready", id="not ready"),
        pytest.param({}, {"handle": None}, {}, "snapshot handle snap is not available", id="without a handle"),
        pytest.param(
            {"restoreSize": "2Gi"},
            {},
            {},
            "requested volume size 1073741824 is less than the size 2147483648 for the source snapshot snap",
            id="too small",
        ),
        pytest.param(
            {},
            {},
            {"volumeMode": "Block"},
            f"{CHANGE}{MAY} annotation is not present on snapshotcontent content",
            id="another mode",
        ),
        pytest.param(
            {},
            {"mark": "false"},
            {"volumeMode": "Block"},
            f"{CHANGE}{MAY} is set to false on snapshotcontent content",
            id="another mode, forbidden",
        ),
        pytest.param({}, {"mark": "true"}, {"volumeMode": "Block"}, "", id="another mode, allowed"),
    ],
)
def test_a_claim_that_begins_with_a_snapshot(status: Obj | None, content: Obj, spec: Obj, why: str) -> None:
    world = a_world(with_snapshots=True)
    if status is not None:
        put_snapshot(world, status, **content)
    source = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "snap"}
    made = a_claim(world, dataSource=source, **spec)
    world.act()
    assert world.events("claim")[1][1] == (
        FAILED + LEAD + why if why else f"Successfully provisioned volume pvc-{made['metadata']['uid']}"
    )
    assert world.cloud.calls == ([] if why else [f"create pvc-{made['metadata']['uid']}", "restore snap-1"])


def put_snapshot(
    world: DriverWorld,
    status: Obj,
    *,
    driver: str = DRIVER,
    uid: str = "",
    handle: str | None = "snap-1",
    mark: str = "",
) -> None:
    group = "snapshot.storage.k8s.io"
    shown = {"boundVolumeSnapshotContentName": "content", "readyToUse": True, "restoreSize": "1Gi", **status}
    snapshot = {"apiVersion": f"{group}/v1", "kind": "VolumeSnapshot", "metadata": {"name": "snap"}}
    snapshot["spec"] = {"source": {"persistentVolumeClaimName": "src"}}
    made = world.put(
        f"volumesnapshots.{group}", {**snapshot, "status": {k: v for k, v in shown.items() if v is not None}}
    )
    about = {"namespace": "default", "name": "snap", "uid": uid or made["metadata"]["uid"]}
    body: Obj = {"apiVersion": f"{group}/v1", "kind": "VolumeSnapshotContent", "metadata": {"name": "content"}}
    body["metadata"]["annotations"] = {MAY: mark} if mark else {}
    body["spec"] = {
        "driver": driver,
        "deletionPolicy": "Delete",
        "source": {"volumeHandle": "h"},
        "volumeSnapshotRef": about,
        "sourceVolumeMode": "Filesystem",
    }
    world.client.create(f"volumesnapshotcontents.{group}", body)
    if handle is not None:
        stored = world.get(f"volumesnapshotcontents.{group}", "content", "")
        world.client.update_status(f"volumesnapshotcontents.{group}", {**stored, "status": {"snapshotHandle": handle}})


# Failures


@follows(
    "external-provisioner",
    f"{UPSTREAM}/controller_test.go: TestProvisionErrorHandling",
    f"{UPSTREAM}/controller.go: checkError",
    f"{LIBRARY}/controller.go: provisionVolumeErrorHandling, rescheduleProvisioning",
)
@pytest.mark.parametrize(
    ("code", "chosen", "given_back"),
    [
        pytest.param(
            "ResourceExhausted", True, True, id="nothing left where the pod was to go: the scheduler chooses again"
        ),
        pytest.param("ResourceExhausted", False, False, id="nothing left, and no node was chosen"),
        pytest.param("Internal", True, False, id="failed for sure"),
        pytest.param("InvalidArgument", True, False, id="not what the driver understands"),
        pytest.param("DeadlineExceeded", True, False, id="it may still be going on"),
        pytest.param("Unavailable", True, False, id="nobody answered"),
    ],
)
def test_a_cloud_that_refuses(code: str, chosen: bool, given_back: bool) -> None:
    world = a_world(**(WAITS if chosen else {}))
    claim = a_claim(world, MINE | (CHOSEN if chosen else {}))
    why = f"rpc error: code = {code} desc = no"
    world.cloud.refuse["create"] = [why]
    world.act()
    assert world.events("claim")[1:] == [("ProvisioningFailed", FAILED + why)]
    marks = world.get(CLAIMS, "claim")["metadata"]["annotations"]
    assert ("volume.kubernetes.io/selected-node" in marks) is (chosen and not given_back)
    world.run(1)
    assert len(world.cloud.calls) == (1 if given_back else 2)
    assert (world.find(VOLUMES, f"pvc-{claim['metadata']['uid']}", "") is None) is given_back


@follows(
    "external-provisioner",
    f"{LIBRARY}/controller_test.go: TestController",
    f"{LIBRARY}/controller.go: provisionClaimOperation",
)
def test_a_node_that_is_gone_gives_the_claim_back_to_the_scheduler() -> None:
    world = a_world(**WAITS)
    a_claim(world, MINE | {"volume.kubernetes.io/selected-node": "node9"})
    world.act()
    assert world.events("claim") == [("ProvisioningFailed", 'node "node9" not found')]
    assert "volume.kubernetes.io/selected-node" not in world.get(CLAIMS, "claim")["metadata"]["annotations"]
    assert world.cloud.calls == []


# Deleting


def put_made(
    world: DriverWorld,
    *,
    by: str = DRIVER,
    policy: str = "Delete",
    phase: str = "Released",
    ending: bool = False,
    held: bool = True,
) -> None:
    marks = {"pv.kubernetes.io/provisioned-by": by}
    finalizers = (FINALIZER,) if held else ()
    world.volume(
        annotations=marks,
        persistentVolumeReclaimPolicy=policy,
        status={"phase": phase},
        finalizers=finalizers,
        ending=ending,
    )


@follows(
    "external-provisioner",
    f"{LIBRARY}/controller_test.go: TestShouldDelete, TestController",
    f"{UPSTREAM}/controller_test.go: TestDelete",
)
@pytest.mark.parametrize(
    ("volume", "deleted"),
    [
        pytest.param({}, True, id="released"),
        pytest.param({"ending": True}, True, id="released and deleted"),
        pytest.param({"ending": True, "held": False}, False, id="deleted, and its disk is gone already"),
        pytest.param({"phase": "Bound"}, False, id="bound"),
        pytest.param({"phase": "Failed"}, False, id="failed"),
        pytest.param({"phase": "Available"}, False, id="available"),
        pytest.param({"policy": "Retain"}, False, id="to be kept"),
        pytest.param({"by": "other.example"}, False, id="another provisioner's"),
    ],
)
def test_a_disk_is_deleted(volume: Obj, deleted: bool) -> None:
    world = a_world()
    put_made(world, **volume)
    world.act()
    assert world.cloud.calls == (["delete pv1"] if deleted else [])
    found = world.find(VOLUMES, "pv1", "")
    left = [] if found is None else found["metadata"].get("finalizers") or []
    assert (FINALIZER in left) is (not deleted and volume.get("held", True))


@follows(
    "external-provisioner",
    f"{UPSTREAM}/attachment_deletion_test.go",
    f"{UPSTREAM}/controller.go: canDeleteVolume",
    f"{LIBRARY}/controller.go: deleteVolumeOperation",
)
def test_a_disk_that_is_attached_is_not_deleted_until_it_is_free() -> None:
    world = a_world()
    spec = {"attacher": DRIVER, "nodeName": "node1", "source": {"persistentVolumeName": "pv1"}}
    made = {"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": {"name": "va"}, "spec": spec}
    world.put("volumeattachments.storage.k8s.io", {**made, "status": {"attached": True}})
    put_made(world)
    world.act()
    assert world.events("pv1") == [("VolumeFailedDelete", "persistentvolume pv1 is still attached to node node1")]
    world.client.delete("volumeattachments.storage.k8s.io", "", "va")
    world.run(1)
    assert world.cloud.calls == ["delete pv1"]


@follows("external-provisioner", f"{LIBRARY}/controller.go: deleteVolumeOperation, syncVolumeHandler")
def test_a_cloud_that_does_not_delete_is_asked_again() -> None:
    world = a_world()
    put_made(world)
    world.cloud.refuse["delete"] = ["rpc error: code = Internal desc = no"]
    world.act()
    assert world.events("pv1") == [("VolumeFailedDelete", "rpc error: code = Internal desc = no")]
    assert world.find(VOLUMES, "pv1", "") is not None
    world.run(1)
    assert world.cloud.calls == ["delete pv1", "delete pv1"]
