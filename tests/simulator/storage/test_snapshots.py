"""snapshot-controller and csi-snapshotter: what becomes of a VolumeSnapshot and of its content, event by event."""

from typing import Any

import pytest

from simulator.addons.snapshots.controller import SnapshotController
from simulator.csi.snapshotter import ExternalSnapshotter
from tests.proof.follows import follows
from tests.simulator.storage.sidecars import DRIVER, DriverWorld

Obj = dict[str, Any]
UPSTREAM = "kubernetes-csi/external-snapshotter/pkg"
COMMON, SIDECAR = f"{UPSTREAM}/common-controller", f"{UPSTREAM}/sidecar-controller"
GROUP = "snapshot.storage.k8s.io"
CLAIMS = "persistentvolumeclaims"
SNAPSHOTS, CONTENTS, CLASSES = (
    f"volumesnapshots.{GROUP}",
    f"volumesnapshotcontents.{GROUP}",
    f"volumesnapshotclasses.{GROUP}",
)
MARK = "snapshot.storage.kubernetes.io/"
AS_SOURCE, BOUND = f"{MARK}volumesnapshot-as-source-protection", f"{MARK}volumesnapshot-bound-protection"
CONTENT_BOUND, CLAIM_HELD = f"{MARK}volumesnapshotcontent-bound-protection", f"{MARK}pvc-as-source-protection"
DELETED, CREATED = f"{MARK}volumesnapshot-being-deleted", f"{MARK}volumesnapshot-being-created"


def a_controller() -> DriverWorld:
    return DriverWorld(
        "snapshot-controller", lambda process, client, cloud: SnapshotController(process, client), with_snapshots=True
    )


def a_sidecar() -> DriverWorld:
    return DriverWorld(
        "external-snapshotter",
        lambda process, client, cloud: ExternalSnapshotter(process, client, DRIVER, cloud),
        with_snapshots=True,
    )


def put_class(
    world: DriverWorld, name: str = "fast", *, default: bool = False, driver: str = DRIVER, policy: str = "Delete"
) -> None:
    marks = {f"{MARK}is-default-class": "true"} if default else {}
    made = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "VolumeSnapshotClass",
        "metadata": {"name": name, "annotations": marks},
    }
    world.client.create(CLASSES, {**made, "driver": driver, "deletionPolicy": policy})


def put_source(
    world: DriverWorld,
    *,
    bound: bool = True,
    ending: bool = False,
    kind: str = "fast",
    uid: str = "",
    held: bool = False,
    **volume: Any,
) -> Obj:
    marks = {"pv.kubernetes.io/bind-completed": "yes"} if bound else {}
    status = {"phase": "Bound" if bound else "Pending"}
    spec: Obj = {"storageClassName": kind, "volumeName": "pv1"} if bound else {"storageClassName": kind}
    claim = world.claim("data", annotations=marks, status=status, **spec)
    if held or ending:
        finalizers = ["example.com/hold", *([CLAIM_HELD] if held else [])]
        world.client.patch(CLAIMS, "default", "data", {"metadata": {"finalizers": finalizers}})
    if ending:
        world.client.delete(CLAIMS, "default", "data")
    reference = {
        "kind": "PersistentVolumeClaim",
        "namespace": "default",
        "name": "data",
        "uid": uid or claim["metadata"]["uid"],
    }
    world.volume(claimRef=reference, **volume)
    return claim


def put_snapshot(
    world: DriverWorld,
    *,
    name: str = "snap",
    kind: str | None = "fast",
    content: str = "",
    status: Obj | None = None,
    finalizers: tuple[str, ...] = (),
) -> Obj:
    source = {"volumeSnapshotContentName": content} if content else {"persistentVolumeClaimName": "data"}
    spec: Obj = {"source": source} | ({} if kind is None else {"volumeSnapshotClassName": kind})
    made = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "VolumeSnapshot",
        "metadata": {"name": name, "finalizers": list(finalizers)},
    }
    return world.put(SNAPSHOTS, {**made, "spec": spec, "status": status or {}})


def put_content(
    world: DriverWorld,
    name: str,
    about: Obj,
    *,
    source: Obj | None = None,
    policy: str = "Delete",
    status: Obj | None = None,
    marks: Obj | None = None,
    kind: str | None = "fast",
    ending: bool = False,
    driver: str = DRIVER,
) -> None:
    spec: Obj = {
        "driver": driver,
        "deletionPolicy": policy,
        "source": source or {"volumeHandle": "handle of pv1"},
        "volumeSnapshotRef": about,
    }
    if kind is not None:
        spec["volumeSnapshotClassName"] = kind
    metadata = {"name": name, "finalizers": [CONTENT_BOUND], "annotations": marks or {}}
    made = {"apiVersion": f"{GROUP}/v1", "kind": "VolumeSnapshotContent", "metadata": metadata}
    stored = world.client.create(CONTENTS, {**made, "spec": spec})
    if status:
        world.client.update_status(CONTENTS, {**stored, "status": status})
    if ending:
        world.client.delete(CONTENTS, "", name)


def reference(snapshot: Obj, **other: Any) -> Obj:
    return {"namespace": "default", "name": snapshot["metadata"]["name"], "uid": snapshot["metadata"]["uid"], **other}


# snapshot-controller: classes and claims

INPUT = "Failed to create snapshot content with error failed to get input parameters to create snapshot snap: "
UPDATE = "Failed to create snapshot content with error snapshot controller failed to update "
DEFAULT = "Failed to set default snapshot class with error "
CREATING = ("CreatingSnapshot", "Waiting for a snapshot default/snap to be created by the CSI driver.")


@follows(
    "snapshot-controller",
    f"{COMMON}/snapshot_create_test.go: TestCreateSnapshotSync",
    f"{COMMON}/snapshotclass_test.go: TestUpdateSnapshotClass",
    f"{COMMON}/snapshot_controller.go: SetDefaultSnapshotClass, getCreateSnapshotInput, ensurePVCFinalizer",
)
@pytest.mark.parametrize(
    ("classes", "source", "snapshot", "told"),
    [
        pytest.param([{}], {}, {}, CREATING, id="a snapshot of a bound claim"),
        pytest.param([{"default": True}], {}, {"kind": None}, CREATING, id="the default class of the driver"),
        pytest.param(
            [{}],
            {},
            {"kind": "slow"},
            (
                "GetSnapshotClassFailed",
                'Failed to get snapshot class with error volumesnapshotclass.snapshot.storage.k8s.io "slow" not found',
            ),
            id="a class that is not there",
        ),
        pytest.param(
            [{}],
            {},
            {"kind": None},
            ("SetDefaultSnapshotClassFailed", DEFAULT + "cannot find default snapshot class"),
            id="no default class",
        ),
        pytest.param(
            [{"default": True, "driver": "other.example"}],
            {},
            {"kind": None},
            ("SetDefaultSnapshotClassFailed", DEFAULT + "cannot find default snapshot class"),
            id="the default class of another driver",
        ),
        pytest.param(
            [{"default": True}, {"default": True, "name": "slow"}],
            {},
            {"kind": None},
            ("SetDefaultSnapshotClassFailed", DEFAULT + "2 default snapshot classes were found"),
            id="two default classes",
        ),
        pytest.param(
            [{"default": True}],
            None,
            {"kind": None},
            (
                "SetDefaultSnapshotClassFailed",
                DEFAULT + r'failed to retrieve PVC data from the lister: "persistentvolumeclaim \"data\" not found"',
            ),
            id="no claim to find the class of",
        ),
        pytest.param(
            [{}],
            None,
            {},
            ("SnapshotContentCreationFailed", UPDATE + "snap on API server: cannot get claim from snapshot"),
            id="no such claim",
        ),
        pytest.param(
            [{}],
            {"ending": True},
            {},
            (
                "SnapshotContentCreationFailed",
                UPDATE + "data on API server: cannot add finalizer on claim because it is being deleted",
            ),
            id="a claim that ends",
        ),
        pytest.param(
            [{}],
            {"bound": False},
            {},
            (
                "SnapshotContentCreationFailed",
                INPUT + '"the PVC data is not yet bound to a PV, will not attempt to take a snapshot"',
            ),
            id="a claim that is not bound",
        ),
        pytest.param(
            [{}],
            {"uid": "other"},
            {},
            ("SnapshotContentCreationFailed", INPUT + '"claim in dataSource not bound or invalid"'),
            id="another claim's volume",
        ),
        pytest.param(
            [{}],
            {"nfs": {"server": "s", "path": "/"}},
            {},
            (
                "SnapshotContentCreationFailed",
                "Failed to create snapshot content with error cannot find CSI PersistentVolumeSource for volume pv1",
            ),
            id="no CSI volume",
        ),
    ],
)
def test_a_snapshot_of_a_claim(classes: list[Obj], source: Obj | None, snapshot: Obj, told: tuple[str, str]) -> None:
    world = a_controller()
    world.storage_class()
    for one in classes:
        put_class(world, **one)
    if source is not None:
        put_source(world, **source)
    made = put_snapshot(world, **snapshot)
    world.act()
    assert world.events("snap") == [told]
    content = world.find(CONTENTS, f"snapcontent-{made['metadata']['uid']}", "")
    is_made = told == CREATING
    assert (content is not None) is is_made
    shown = world.get(SNAPSHOTS, "snap")
    assert shown["status"].get("error", {}).get("message", "") == ("" if is_made else told[1])
    assert shown["status"]["readyToUse"] is False
    if content is not None:
        assert shown["status"]["boundVolumeSnapshotContentName"] == content["metadata"]["name"]
        assert content["spec"]["volumeSnapshotClassName"] == shown["spec"]["volumeSnapshotClassName"] == "fast"
        assert content["spec"]["source"] == {"volumeHandle": "handle of pv1"}
        assert content["metadata"]["finalizers"] == [CONTENT_BOUND]
        assert sorted(shown["metadata"]["finalizers"]) == [AS_SOURCE, BOUND]
        assert CLAIM_HELD in world.get(CLAIMS, "data")["metadata"]["finalizers"]


def test_what_failed_is_tried_again_and_heals() -> None:
    world = a_controller()
    put_class(world)
    put_snapshot(world)
    world.act()
    put_source(world)
    world.run(2)
    assert world.events("snap")[-1] == CREATING


# snapshot-controller: contents

DONE = {
    "snapshotHandle": "snap-1",
    "creationTime": 1_760_000_001_000_000_000,
    "readyToUse": True,
    "restoreSize": 1 << 30,
}


@follows(
    "snapshot-controller",
    f"{COMMON}/snapshot_update_test.go: TestSync",
    f"{COMMON}/snapshot_controller.go: updateSnapshotStatus, checkandRemovePVCFinalizer",
)
@pytest.mark.parametrize(
    ("content", "status", "told"),
    [
        pytest.param({}, {}, [], id="nothing happened yet"),
        pytest.param(
            DONE | {"readyToUse": False},
            {"creationTime": "2025-10-09T08:53:21Z", "restoreSize": "1073741824"},
            ["SnapshotCreated"],
            id="made, and not ready",
        ),
        pytest.param(
            DONE,
            {"creationTime": "2025-10-09T08:53:21Z", "restoreSize": "1073741824", "readyToUse": True},
            ["SnapshotCreated", "SnapshotReady"],
            id="ready",
        ),
        pytest.param({"error": {"message": "no"}}, {"error": {"message": "no"}}, [], id="the driver refused"),
    ],
)
def test_what_becomes_of_the_content_shows_in_the_snapshot(content: Obj, status: Obj, told: list[str]) -> None:
    world = a_controller()
    put_class(world)
    put_source(world, held=True)
    made = put_snapshot(world)
    name = f"snapcontent-{made['metadata']['uid']}"
    put_content(world, name, reference(made), status=content)
    world.act()
    shown = world.get(SNAPSHOTS, "snap")["status"]
    assert shown == {"boundVolumeSnapshotContentName": name, "readyToUse": False, **status}
    assert [reason for reason, _ in world.events("snap")] == told
    is_held = CLAIM_HELD in world.get(CLAIMS, "data")["metadata"]["finalizers"]
    assert is_held is not status.get("readyToUse", False)


FINALIZER_ERROR = "Failed to check and update snapshot: "
BY_HAND: Obj = {"snapshotHandle": "snap-1"}


@follows(
    "snapshot-controller",
    f"{COMMON}/snapshot_update_test.go: TestSync",
    f"{COMMON}/snapshot_controller.go: getPreprovisionedContentFromStore, getDynamicallyProvisionedContentFromStore, checkandBindSnapshotContent",
)
@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param({"source": BY_HAND, "kind": None}, [], id="bound to each other"),
        pytest.param(None, [("SnapshotContentMissing", "VolumeSnapshotContent is missing")], id="no such content"),
        pytest.param(
            {},
            [
                (
                    "SnapshotFinalizerError",
                    FINALIZER_ERROR
                    + "snapshot default/snap expects a pre-provisioned VolumeSnapshotContent mine but gets a dynamically provisioned one",
                ),
                (
                    "SnapshotContentMismatch",
                    "VolumeSnapshotContent is dynamically provisioned while expecting a pre-provisioned one",
                ),
            ],
            id="made for a claim",
        ),
        pytest.param(
            {"source": BY_HAND, "name": "other"},
            [
                (
                    "SnapshotFinalizerError",
                    FINALIZER_ERROR + "VolumeSnapshotContent [mine] is bound to a different snapshot",
                ),
                ("SnapshotContentMisbound", "VolumeSnapshotContent [mine] is bound to a different snapshot"),
            ],
            id="meant for another snapshot",
        ),
        pytest.param(
            {"source": BY_HAND, "uid": "other"},
            [
                (
                    "SnapshotFinalizerError",
                    FINALIZER_ERROR + "VolumeSnapshotContent [mine] is bound to a different snapshot",
                ),
                ("SnapshotContentMisbound", "VolumeSnapshotContent [mine] is bound to a different snapshot"),
            ],
            id="bound to a namesake",
        ),
    ],
)
def test_a_snapshot_that_names_its_content(content: Obj | None, told: list[tuple[str, str]]) -> None:
    world = a_controller()
    put_class(world)
    made = put_snapshot(world, content="mine")
    if content is not None:
        about = {"namespace": "default", "name": content.pop("name", "snap"), "uid": content.pop("uid", "")}
        put_content(world, "mine", about, **content)
    world.act()
    assert sorted(world.events("snap")) == sorted(told)
    if not told:
        spec = world.get(CONTENTS, "mine", "")["spec"]
        assert (spec["volumeSnapshotRef"]["uid"], spec["volumeSnapshotClassName"]) == (made["metadata"]["uid"], "fast")
        assert world.get(SNAPSHOTS, "snap")["status"] == {"boundVolumeSnapshotContentName": "mine", "readyToUse": False}


@follows(
    "snapshot-controller",
    f"{COMMON}/snapshot_update_test.go: TestSync",
    f"{COMMON}/snapshot_controller.go: syncReadySnapshot",
)
@pytest.mark.parametrize(
    ("uid", "told"),
    [
        pytest.param(None, ("SnapshotContentMissing", "VolumeSnapshotContent is missing"), id="its content is gone"),
        pytest.param(
            "other",
            ("SnapshotMisbound", "VolumeSnapshotContent is not bound to the VolumeSnapshot correctly"),
            id="its content is another's",
        ),
    ],
)
def test_a_ready_snapshot_that_lost_its_content(uid: str | None, told: tuple[str, str]) -> None:
    world = a_controller()
    put_class(world)
    made = put_snapshot(world, status={"readyToUse": True, "boundVolumeSnapshotContentName": "was"})
    if uid is not None:
        put_content(world, "was", reference(made, uid=uid))
    world.act()
    assert world.events("snap")[0] == told
    assert world.get(SNAPSHOTS, "snap")["status"]["readyToUse"] is False


# snapshot-controller: deletion


@follows(
    "snapshot-controller",
    f"{COMMON}/snapshot_delete_test.go: TestDeleteSync",
    f"{COMMON}/snapshot_finalizer_test.go: TestSnapshotFinalizer",
    f"{COMMON}/snapshot_controller.go: checkandRemoveSnapshotFinalizersAndCheckandDeleteContent",
)
@pytest.mark.parametrize(
    ("policy", "restoring", "left", "content"),
    [
        pytest.param("Delete", False, [BOUND], "ending", id="its content goes first"),
        pytest.param("Retain", False, None, "marked", id="its content stays"),
        pytest.param("Delete", True, [AS_SOURCE, BOUND], "", id="somebody is being made of it"),
        pytest.param("", False, None, None, id="without content"),
    ],
)
def test_a_snapshot_is_deleted(policy: str, restoring: bool, left: list[str] | None, content: str | None) -> None:
    world = a_controller()
    put_class(world)
    made = put_snapshot(
        world, status={"readyToUse": True, "boundVolumeSnapshotContentName": "mine"}, finalizers=(AS_SOURCE, BOUND)
    )
    if policy:
        put_content(world, "mine", reference(made), policy=policy, status=DONE)
    if restoring:
        world.claim(
            status={"phase": "Pending"}, dataSource={"apiGroup": GROUP, "kind": "VolumeSnapshot", "name": "snap"}
        )
    world.client.delete(SNAPSHOTS, "default", "snap")
    world.act()
    found = world.find(SNAPSHOTS, "snap")
    assert (None if found is None else found["metadata"]["finalizers"]) == left
    pending = ("SnapshotDeletePending", "Snapshot is being used to restore a PVC")
    assert world.events("snap") == ([pending] if restoring else [])
    kept = world.find(CONTENTS, "mine", "")
    if content is None or kept is None:
        assert kept is None
        return
    assert ("deletionTimestamp" in kept["metadata"]) is (content == "ending")
    assert (DELETED in (kept["metadata"].get("annotations") or {})) is bool(content)


# csi-snapshotter

ABOUT = {"namespace": "default", "name": "snap", "uid": "u"}
NOT_FOUND = (
    'failed to take snapshot of the volume handle of pv1: "rpc error: code = NotFound desc = the volume does not exist"'
)


@follows(
    "external-snapshotter",
    f"{SIDECAR}/content_create_test.go: TestSyncContent",
    f"{SIDECAR}/snapshot_controller.go: createSnapshotOperation, getCSISnapshotInput, checkandUpdateContentStatusOperation",
)
@pytest.mark.parametrize(
    ("content", "there", "why"),
    [
        pytest.param({}, True, "", id="made"),
        pytest.param({"source": {"snapshotHandle": "snap-9"}, "kind": None}, False, "", id="made by hand"),
        pytest.param({}, False, NOT_FOUND, id="no such disk"),
        pytest.param(
            {"kind": None},
            True,
            'failed to get input parameters to create snapshot for content mine: "failed to take snapshot mine without a snapshot class"',
            id="no class",
        ),
        pytest.param(
            {"kind": "slow"},
            True,
            r'failed to get input parameters to create snapshot for content mine: "volumesnapshotclass.snapshot.storage.k8s.io \"slow\" not found"',
            id="a class that is not there",
        ),
    ],
)
def test_a_content_asks_for_a_snapshot(content: Obj, there: bool, why: str) -> None:
    world = a_sidecar()
    put_class(world)
    if there:
        world.volume()
    put_content(world, "mine", ABOUT, **content)
    world.act()
    status = world.get(CONTENTS, "mine", "")["status"]
    assert status["readyToUse"] is (why == "")
    first = f"Failed to create snapshot: {why}"
    assert world.events("mine") == ([("SnapshotCreationFailed", first)] if why else [])
    assert status.get("error", {}).get("message", "") == (first if why else "")
    assert CREATED not in (world.get(CONTENTS, "mine", "")["metadata"].get("annotations") or {})
    if why:
        world.run(2)
        told = ("SnapshotContentCheckandUpdateFailed", f"Failed to check and update snapshot content: {why}")
        assert world.events("mine")[1:] == [told]


@follows("external-snapshotter", f"{SIDECAR}/snapshot_controller.go: createSnapshotOperation, isFinalError")
@pytest.mark.parametrize(
    ("code", "marked"),
    [
        pytest.param("Internal", False, id="failed for sure"),
        pytest.param("DeadlineExceeded", True, id="it may still be in the making"),
        pytest.param("Unavailable", True, id="nobody answered"),
    ],
)
def test_a_driver_that_refuses(code: str, marked: bool) -> None:
    world = a_sidecar()
    put_class(world)
    world.volume()
    put_content(world, "mine", ABOUT)
    world.cloud.refuse["keep"] = [f"rpc error: code = {code} desc = no"]
    world.act()
    why = f'failed to take snapshot of the volume handle of pv1: "rpc error: code = {code} desc = no"'
    assert world.events("mine") == [("SnapshotCreationFailed", f"Failed to create snapshot: {why}")]
    assert (CREATED in (world.get(CONTENTS, "mine", "")["metadata"].get("annotations") or {})) is marked
    world.run(2)
    done = world.get(CONTENTS, "mine", "")
    assert (done["status"]["readyToUse"], "error" in done["status"]) == (True, False)
    assert CREATED not in (done["metadata"].get("annotations") or {})


@follows(
    "external-snapshotter",
    f"{SIDECAR}/snapshot_delete_test.go: TestDeleteSync",
    f"{SIDECAR}/snapshot_controller.go: shouldDelete, deleteCSISnapshotOperation, removeContentFinalizer",
)
@pytest.mark.parametrize(
    ("content", "deleted", "gone"),
    [
        pytest.param({"marks": {DELETED: "yes"}}, True, True, id="with its VolumeSnapshot"),
        pytest.param({"marks": {DELETED: "yes"}, "policy": "Retain"}, False, True, id="to be kept"),
        pytest.param({}, False, False, id="by itself: it waits for the VolumeSnapshot"),
        pytest.param({"marks": {DELETED: "yes", CREATED: "yes"}}, False, False, id="while it is being made"),
        pytest.param(
            {"source": {"snapshotHandle": "snap-1"}, "about": {"uid": ""}}, True, True, id="by hand, and never bound"
        ),
        pytest.param({"marks": {DELETED: "yes"}, "driver": "other.example"}, False, False, id="another driver's"),
    ],
)
def test_a_content_is_deleted(content: Obj, deleted: bool, gone: bool) -> None:
    world = a_sidecar()
    put_class(world)
    about = ABOUT | content.pop("about", {})
    put_content(world, "mine", about, status=DONE, ending=True, **content)
    world.act()
    assert world.cloud.calls == (["forget snap-1"] if deleted else [])
    assert (world.find(CONTENTS, "mine", "") is None) is gone


@follows(
    "external-snapshotter",
    f"{SIDECAR}/snapshot_delete_test.go: TestDeleteSync",
    f"{SIDECAR}/snapshot_controller.go: deleteCSISnapshotOperation",
)
def test_a_driver_that_does_not_delete_is_asked_again() -> None:
    world = a_sidecar()
    put_content(world, "mine", ABOUT, status=DONE, ending=True, marks={DELETED: "yes"})
    world.cloud.refuse["forget"] = ["no"]
    world.act()
    assert world.events("mine") == [("SnapshotDeleteError", "Failed to delete snapshot")]
    world.run(2)
    assert world.find(CONTENTS, "mine", "") is None
