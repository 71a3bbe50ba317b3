"""external-attacher: what an attachment ends with, in its status, its finalizers and the cloud, for everything that can stand in its way."""

from typing import Any

import pytest

from simulator.csi.attacher import ExternalAttacher
from tests.proof.follows import follows
from tests.simulator.storage.sidecars import DRIVER, DriverWorld

Obj = dict[str, Any]
UPSTREAM = "kubernetes-csi/external-attacher/pkg/controller"
ATTACHMENTS = "volumeattachments.storage.k8s.io"
FINALIZER = "external-attacher/d-example"
NOTE = {"csi.alpha.kubernetes.io/node-id": "node1"}


def a_world() -> DriverWorld:
    return DriverWorld(
        "external-attacher", lambda process, client, cloud: ExternalAttacher(process, client, DRIVER, cloud)
    )


def put_attachment(
    world: DriverWorld, *, attached: bool = False, held: bool = False, ending: bool = False, attacher: str = DRIVER
) -> None:
    metadata = {"name": "va", "finalizers": [FINALIZER] if held else [], "annotations": NOTE if held else {}}
    spec = {"attacher": attacher, "nodeName": "node1", "source": {"persistentVolumeName": "pv1"}}
    made = {"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": metadata, "spec": spec}
    world.put(ATTACHMENTS, {**made, "status": {"attached": attached}})
    if ending:
        world.client.delete(ATTACHMENTS, "", "va")


def outcome(world: DriverWorld) -> tuple[bool, str, bool]:
    """Attached, the error in its status, held by the finalizer."""
    found = world.get(ATTACHMENTS, "va", "")
    status = found.get("status") or {}
    error = status.get("attachError") or status.get("detachError") or {}
    return status["attached"], error.get("message", ""), FINALIZER in (found["metadata"].get("finalizers") or [])


SECRET = {"name": "key", "namespace": "default"}


@follows(
    "external-attacher",
    f"{UPSTREAM}/csi_handler_test.go: TestCSIHandler",
    f"{UPSTREAM}/csi_handler.go: csiAttach, getNodeID, getCredentialsFromPV",
)
@pytest.mark.parametrize(
    ("volume", "node", "wanted"),
    [
        pytest.param({}, {}, (True, "", True), id="attached"),
        pytest.param(None, {}, (False, 'persistentvolume "pv1" not found', False), id="unknown volume"),
        pytest.param(
            {"ending": True},
            {},
            (False, 'PersistentVolume "pv1" is marked for deletion', False),
            id="a volume that ends",
        ),
        pytest.param(
            {"nfs": {"server": "s", "path": "/"}},
            {},
            (False, "pv spec contained non-csi source that was not migrated", False),
            id="no CSI volume",
        ),
        pytest.param({}, {"csi": False}, (False, 'csinode.storage.k8s.io "node1" not found', False), id="unknown node"),
        pytest.param(
            {},
            {"drivers": ("other.example",)},
            (False, "CSINode node1 does not contain driver d.example", False),
            id="a node without the driver",
        ),
        pytest.param(
            {"csi": {"driver": DRIVER, "volumeHandle": "h", "controllerPublishSecretRef": SECRET}},
            {},
            (False, 'failed to load secret "default/key": secrets "key" not found', False),
            id="a secret that is not there",
        ),
    ],
)
def test_a_new_attachment(volume: Obj | None, node: Obj, wanted: tuple[bool, str, bool]) -> None:
    world = a_world()
    world.node(**node)
    if volume is not None:
        world.volume(**volume)
    put_attachment(world)
    world.act()
    assert outcome(world) == wanted
    assert world.cloud.calls == (["attach pv1 node1"] if wanted[0] else [])
    if volume is not None and "ending" not in volume:
        assert FINALIZER in world.get("persistentvolumes", "pv1", "")["metadata"]["finalizers"]


@follows("external-attacher", f"{UPSTREAM}/csi_handler_test.go: TestCSIHandler", f"{UPSTREAM}/util.go: markAsAttached")
def test_a_cloud_that_refuses_is_asked_again_after_waits_that_double() -> None:
    world = a_world()
    world.node()
    world.volume()
    put_attachment(world, held=True)
    world.cloud.refuse["attach"] = [
        "rpc error: code = Internal desc = first",
        "rpc error: code = Internal desc = second",
    ]
    world.act()
    assert outcome(world) == (False, "rpc error: code = Internal desc = first", True)
    world.run(1)
    assert outcome(world) == (False, "rpc error: code = Internal desc = second", True)
    world.run(1)
    assert len(world.cloud.calls) == 2
    world.run(1)
    assert outcome(world) == (True, "", True)
    assert world.get(ATTACHMENTS, "va", "")["metadata"]["annotations"] == NOTE


@follows("external-attacher", f"{UPSTREAM}/csi_handler_test.go: TestCSIHandler", f"{UPSTREAM}/util.go: markAsDetached")
@pytest.mark.parametrize(
    ("there", "node", "refuse", "wanted"),
    [
        pytest.param(True, {}, "", None, id="detached and gone"),
        pytest.param(True, {"csi": False}, "", None, id="the CSINode is gone: its name was noted"),
        pytest.param(True, {"drivers": ()}, "", None, id="the driver is gone from the node: likewise"),
        pytest.param(True, {}, "mock error", (True, "mock error", True), id="the cloud refuses"),
        pytest.param(False, {}, "", (True, 'persistentvolume "pv1" not found', True), id="unknown volume"),
    ],
)
def test_an_attachment_that_is_deleted(
    there: bool, node: Obj, refuse: str, wanted: tuple[bool, str, bool] | None
) -> None:
    world = a_world()
    world.node(**node)
    if there:
        world.volume(finalizers=(FINALIZER,))
    put_attachment(world, attached=True, held=True, ending=True)
    world.cloud.refuse["detach"] = [refuse] if refuse else []
    world.act()
    assert (world.find(ATTACHMENTS, "va", "") is None) is (wanted is None)
    assert wanted is None or outcome(world) == wanted
    world.run(1)
    assert (world.find(ATTACHMENTS, "va", "") is None) is there


@follows("external-attacher", f"{UPSTREAM}/csi_handler_test.go: TestCSIHandler")
@pytest.mark.parametrize(
    "attachment",
    [
        pytest.param({"attached": True, "held": True}, id="attached already"),
        pytest.param({"attacher": "other.example"}, id="another driver's"),
    ],
)
def test_what_is_left_alone(attachment: Obj) -> None:
    world = a_world()
    world.node()
    world.volume(finalizers=(FINALIZER,))
    put_attachment(world, **attachment)
    before = world.get(ATTACHMENTS, "va", "")
    world.act()
    assert (world.get(ATTACHMENTS, "va", ""), world.cloud.calls) == (before, [])


@follows(
    "external-attacher",
    f"{UPSTREAM}/csi_handler_test.go: TestCSIHandler",
    f"{UPSTREAM}/csi_handler.go: SyncNewOrUpdatedPersistentVolume",
)
@pytest.mark.parametrize(
    ("ending", "attached", "left"),
    [
        pytest.param(
            True, False, ["foo/bar", "example.com/hold"], id="nothing is attached: let go, other finalizers stay"
        ),
        pytest.param(True, True, ["foo/bar", FINALIZER, "example.com/hold"], id="still attached"),
        pytest.param(False, False, ["foo/bar", FINALIZER], id="not deleted"),
    ],
)
def test_a_volume_is_held_while_it_may_be_attached(ending: bool, attached: bool, left: list[str]) -> None:
    world = a_world()
    world.node()
    world.volume(finalizers=("foo/bar", FINALIZER), ending=ending)
    if attached:
        put_attachment(world, attached=True, held=True)
    world.act()
    held = world.get("persistentvolumes", "pv1", "")["metadata"]["finalizers"]
    assert [one for one in held if one != "kubernetes.io/pv-protection"] == left
