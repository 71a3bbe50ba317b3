"""external-resizer: what is asked of the cloud, what the claim says meanwhile, and how a growth that failed is taken back."""

from typing import Any

import pytest

from simulator.csi.resizer import ExternalResizer
from tests.proof.follows import follows
from tests.simulator.storage.sidecars import DRIVER, DriverWorld

Obj = dict[str, Any]
UPSTREAM = "kubernetes-csi/external-resizer/pkg/controller"
CLAIMS = "persistentvolumeclaims"
PENDING = "Waiting for user to (re-)start a pod to finish file system resize of volume on node."
GIB = 1 << 30


def a_world() -> DriverWorld:
    return DriverWorld(
        "external-resizer", lambda process, client, cloud: ExternalResizer(process, client, DRIVER, cloud)
    )


def put_both(
    world: DriverWorld, asked: str, has: str, disk: str, *, allocated: str = "", step: str = "", **volume: Any
) -> None:
    status: Obj = {"phase": "Bound", "capacity": {"storage": has}}
    if allocated:
        status["allocatedResources"] = {"storage": allocated}
    if step:
        status["allocatedResourceStatuses"] = {"storage": step}
    marks = {"pv.kubernetes.io/bind-completed": "yes"}
    claim = world.claim(size=asked, volumeName="pv1", annotations=marks, status=status)
    reference = {
        "kind": "PersistentVolumeClaim",
        "namespace": "default",
        "name": "claim",
        "uid": claim["metadata"]["uid"],
    }
    world.volume(**{"capacity": {"storage": disk}, "claimRef": reference, **volume})


def step_of(world: DriverWorld) -> tuple[str, str]:
    status = world.get(CLAIMS, "claim")["status"]
    step = (status.get("allocatedResourceStatuses") or {}).get("storage", "")
    return step, (status.get("allocatedResources") or {}).get("storage", "")


def conditions(world: DriverWorld) -> dict[str, str]:
    return {one["type"]: one.get("message", "") for one in world.get(CLAIMS, "claim")["status"].get("conditions") or ()}


NODE = "NodeResizePending"


@follows(
    "external-resizer",
    f"{UPSTREAM}/expand_and_recover_test.go: TestExpandAndRecover",
    f"{UPSTREAM}/expand_and_recover.go: expandAndRecover",
)
@pytest.mark.parametrize(
    ("asked", "has", "disk", "allocated", "step", "grown", "wanted"),
    [
        pytest.param("2Gi", "1Gi", "1Gi", "", "", 2, (NODE, "2Gi"), id="asked for more"),
        pytest.param(
            "5Gi",
            "3Gi",
            "3Gi",
            "10Gi",
            "ControllerResizeInfeasible",
            5,
            (NODE, "5Gi"),
            id="less than what was impossible",
        ),
        pytest.param(
            "5Gi",
            "3Gi",
            "3Gi",
            "4Gi",
            "ControllerResizeInProgress",
            4,
            (NODE, "4Gi"),
            id="what was begun is finished first",
        ),
        pytest.param(
            "2Gi",
            "1Gi",
            "2Gi",
            "2Gi",
            "NodeResizeInfeasible",
            2,
            (NODE, "2Gi"),
            id="impossible on the node: the driver is asked again",
        ),
        pytest.param("10Gi", "1Gi", "3Gi", "3Gi", NODE, 0, (NODE, "3Gi"), id="the node has to go first"),
        pytest.param(
            "10Gi",
            "1Gi",
            "3Gi",
            "3Gi",
            "NodeResizeInProgress",
            0,
            ("NodeResizeInProgress", "3Gi"),
            id="the node is at it",
        ),
        pytest.param(
            "2Gi", "1Gi", "2Gi", "2Gi", NODE, 0, (NODE, "2Gi"), id="the disk is large enough, the node has to go on"
        ),
        pytest.param(
            "2Gi",
            "1Gi",
            "2Gi",
            "2Gi",
            "ControllerResizeInProgress",
            2,
            (NODE, "2Gi"),
            id="the disk has grown, and nobody noted it",
        ),
        pytest.param("1Gi", "1Gi", "1Gi", "", "", 0, ("", ""), id="has what it asks for"),
    ],
)
def test_which_size_the_driver_is_asked_for(
    asked: str, has: str, disk: str, allocated: str, step: str, grown: int, wanted: tuple[str, str]
) -> None:
    world = a_world()
    put_both(world, asked, has, disk, allocated=allocated, step=step)
    world.act()
    assert (world.cloud.calls, step_of(world)) == ([f"grow pv1 {grown * GIB}"] if grown else [], wanted)


@follows(
    "external-resizer",
    f"{UPSTREAM}/controller_test.go: TestController",
    f"{UPSTREAM}/expand_and_recover.go: pvCanBeExpanded",
)
@pytest.mark.parametrize(
    "volume",
    [
        pytest.param({"csi": {"driver": "other.example", "volumeHandle": "h"}}, id="another driver's volume"),
        pytest.param({"nfs": {"server": "s", "path": "/"}}, id="no CSI volume"),
        pytest.param(
            {"claimRef": {"namespace": "default", "name": "claim", "uid": "other"}}, id="another claim's volume"
        ),
    ],
)
def test_what_is_left_alone(volume: Obj) -> None:
    world = a_world()
    put_both(world, "2Gi", "1Gi", "1Gi", **volume)
    world.act()
    assert (world.cloud.calls, world.events("claim"), step_of(world)) == ([], [], ("", ""))


@follows(
    "external-resizer",
    f"{UPSTREAM}/resize_status.go: markControllerResizeInProgress, markForPendingNodeExpansion, markOverallExpansionAsFinished",
)
@pytest.mark.parametrize(
    ("mode", "shown", "last", "mark"),
    [
        pytest.param(
            "Filesystem",
            {"Resizing": "", "FileSystemResizePending": PENDING},
            ("FileSystemResizeRequired", "Require file system resize of volume on node"),
            None,
            id="a file system waits for its node",
        ),
        pytest.param(
            "Block", {}, ("VolumeResizeSuccessful", "Resize volume succeeded"), "true", id="a raw device is done"
        ),
    ],
)
def test_a_disk_has_grown(mode: str, shown: dict[str, str], last: tuple[str, str], mark: str | None) -> None:
    world = a_world()
    put_both(world, "2Gi", "1Gi", "1Gi", volumeMode=mode)
    world.act()
    assert conditions(world) == shown
    assert world.events("claim") == [("Resizing", "External resizer is resizing volume pv1"), last]
    assert world.get("persistentvolumes", "pv1", "")["spec"]["capacity"] == {"storage": "2Gi"}
    claim = world.get(CLAIMS, "claim")
    assert claim["status"]["capacity"] == {"storage": "2Gi" if mode == "Block" else "1Gi"}
    assert (claim["metadata"].get("annotations") or {}).get("volume.kubernetes.io/node-expansion-not-required") == mark


@follows(
    "external-resizer",
    f"{UPSTREAM}/expand_and_recover.go: callResizeOnPlugin",
    f"{UPSTREAM}/resize_status.go: markControllerExpansionInfeasible, markControllerExpansionFailedCondition",
)
@pytest.mark.parametrize(
    ("code", "step", "told"),
    [
        pytest.param("Internal", "ControllerResizeInProgress", True, id="failed for sure"),
        pytest.param("OutOfRange", "ControllerResizeInfeasible", True, id="impossible"),
        pytest.param("InvalidArgument", "ControllerResizeInfeasible", True, id="not what the driver understands"),
        pytest.param("NotFound", "ControllerResizeInfeasible", True, id="no such disk"),
        pytest.param("DeadlineExceeded", "ControllerResizeInProgress", False, id="it may still be going on"),
        pytest.param("Unavailable", "ControllerResizeInProgress", False, id="nobody answered"),
        pytest.param("ResourceExhausted", "ControllerResizeInProgress", False, id="nothing left just now"),
    ],
)
def test_a_cloud_that_refuses(code: str, step: str, told: bool) -> None:
    world = a_world()
    put_both(world, "2Gi", "1Gi", "1Gi")
    why = f"rpc error: code = {code} desc = no"
    world.cloud.refuse["grow"] = [why]
    world.act()
    assert step_of(world) == (step, "2Gi")
    error = {"ControllerResizeError": f"failed to expand pvc with {why}"} if told else {}
    assert conditions(world) == {"Resizing": "", **error}
    assert world.events("claim")[-1] == (
        "VolumeResizeFailed",
        f'resize volume "pv1" by resizer "d.example" failed: {why}',
    )
    world.run(2)
    again = 1 if step == "ControllerResizeInfeasible" else 2
    assert len(world.cloud.calls) == again
    world.run(310)
    assert (step_of(world)[0], len(world.cloud.calls)) == (NODE, 2)


@follows(
    "external-resizer",
    f"{UPSTREAM}/expand_and_recover.go: expandAndRecover",
    "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#recovering-from-failure-when-expanding-volumes",
)
@pytest.mark.parametrize(
    ("code", "grown"),
    [
        pytest.param("OutOfRange", 2, id="impossible: the smaller size is tried at once"),
        pytest.param("Unavailable", 9, id="it may still be going on: that has to end first"),
    ],
)
def test_whoever_asked_for_too_much_may_ask_for_less(code: str, grown: int) -> None:
    world = a_world()
    put_both(world, "9Gi", "1Gi", "1Gi")
    world.cloud.refuse["grow"] = [f"rpc error: code = {code} desc = too much"]
    world.act()
    claim = world.get(CLAIMS, "claim")
    spec = {**claim["spec"], "resources": {"requests": {"storage": "2Gi"}}}
    world.client.update(CLAIMS, {**claim, "spec": spec})
    world.run(2)
    assert world.cloud.calls == [f"grow pv1 {9 * GIB}", f"grow pv1 {grown * GIB}"]
    assert step_of(world) == (NODE, f"{grown}Gi")
