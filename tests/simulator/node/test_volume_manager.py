"""The kubelets' volume manager: what is said of a pod whose volumes are not there, and when; what is said when they are."""

from typing import Any

import pytest

from tests.proof.follows import follows

Obj = dict[str, Any]
MANAGER = "pkg/kubelet/volumemanager"
POPULATOR = f"{MANAGER}/populator/desired_state_of_world_populator.go"
EXECUTOR = "pkg/volume/util/operationexecutor/operation_generator.go"
CLAIM = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
MOUNTED = {"volumeMounts": [{"name": "v", "mountPath": "/data"}]}
RAW = {"volumeDevices": [{"name": "v", "devicePath": "/dev/xvda"}]}
UNIQUE = "kubernetes.io/csi/d.example^h"


def put_claim(
    machines: Any, *, phase: str = "Bound", volume: str = "pv", mode: str = "Filesystem", ending: bool = False
) -> Obj:
    metadata: Obj = {"name": "data", "namespace": "default", "finalizers": ["example.com/hold"]}
    spec: Obj = {"accessModes": ["ReadWriteOnce"], "volumeMode": mode, "resources": {"requests": {"storage": "1Gi"}}}
    if volume:
        spec["volumeName"] = volume
    made = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}
    stored = machines.create("persistentvolumeclaims", made)
    status = {"phase": phase, "capacity": {"storage": "1Gi"}}
    stored = machines.registry.update(
        "test", "persistentvolumeclaims", {**stored, "status": status}, subresource="status"
    )
    if ending:
        machines.registry.delete("test", "persistentvolumeclaims", "default", "data", {})
    return dict(stored)


def put_volume(machines: Any, claim: Obj, *, uid: str | None = "", mode: str = "Filesystem", **spec: Any) -> None:
    source: Obj = spec or {"csi": {"driver": "d.example", "volumeHandle": "h"}}
    if uid is not None:
        about = {"kind": "PersistentVolumeClaim", "namespace": "default", "name": "data"}
        source["claimRef"] = {**about, "uid": uid or claim["metadata"]["uid"]}
    made = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "volumeMode": mode, **source}
    machines.create(
        "persistentvolumes", {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv"}, "spec": made}
    )


def put_driver(machines: Any, *, attach: bool) -> None:
    made = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": "d.example"}}
    machines.create("csidrivers.storage.k8s.io", {**made, "spec": {"attachRequired": attach}})


LEAD = (
    "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: "
)
OF = "error processing PVC default/data: "


@follows(
    "Volume manager",
    f"{POPULATOR}: getPVCExtractPV, getPVSpec, createVolumeSpec",
    f"{MANAGER}/volume_manager.go: WaitForAttachAndMount",
)
@pytest.mark.parametrize(
    ("claim", "volume", "use", "why"),
    [
        pytest.param(
            None,
            None,
            MOUNTED,
            f'{OF}failed to fetch PVC from API server: persistentvolumeclaims "data" not found',
            id="no claim",
        ),
        pytest.param({"ending": True}, {}, MOUNTED, f"{OF}PVC is being deleted", id="a claim that ends"),
        pytest.param(
            {"phase": "Pending", "volume": ""}, None, MOUNTED, f"{OF}PVC is not bound", id="a claim that waits"
        ),
        pytest.param(
            {"volume": ""}, None, MOUNTED, f"{OF}PVC has empty pvc.Spec.VolumeName", id="a claim without volume"
        ),
        pytest.param(
            {},
            None,
            MOUNTED,
            f'{OF}failed to fetch PV pv from API server: persistentvolumes "pv" not found',
            id="no volume",
        ),
        pytest.param(
            {},
            {"uid": None},
            MOUNTED,
            f"{OF}found PV object pv but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim",
            id="a volume of nobody",
        ),
        pytest.param(
            {},
            {"uid": "other"},
            MOUNTED,
            f"{OF}found PV object pv but its pv.Spec.ClaimRef.UID other does not point to claim.UID <uid>",
            id="a volume of somebody else",
        ),
        pytest.param(
            {"mode": "Block"},
            {"mode": "Block"},
            MOUNTED,
            "volume v has volumeMode Block, but is specified in volumeMounts",
            id="a device as a directory",
        ),
        pytest.param(
            {},
            {},
            RAW,
            "volume v has volumeMode Filesystem, but is specified in volumeDevices",
            id="a directory as a device",
        ),
    ],
)
def test_what_is_wrong_with_a_claim_ends_a_sync_at_once(
    machines: Any, claim: Obj | None, volume: Obj | None, use: Obj, why: str
) -> None:
    stored: Obj = {} if claim is None else put_claim(machines, **claim)
    if volume is not None:
        put_volume(machines, stored, **volume)
    machines.start(spec={"volumes": [CLAIM]}, **use)
    machines.run(1)
    text = LEAD + why.replace("<uid>", stored.get("metadata", {}).get("uid", ""))
    assert machines.events() == [("FailedMount", text, 1)]
    machines.run(10)
    assert machines.events() == [("FailedMount", text, 2)]


LATE = "Unable to attach or mount volumes: unmounted volumes=[{}], unattached volumes=[{}], failed to process volumes=[]: context deadline exceeded"
NO_MAP = {"name": "config", "configMap": {"name": "app"}}


@follows(
    "Volume manager",
    f"{MANAGER}/volume_manager_test.go: TestWaitForAttachAndMountError",
    f"{MANAGER}/volume_manager.go: WaitForAttachAndMount, getUnmountedVolumes, getUnattachedVolumes",
)
@pytest.mark.parametrize(
    ("volumes", "mounts", "late"),
    [
        pytest.param([CLAIM], ["v"], LATE.format("v", "v"), id="a disk that nobody attaches"),
        pytest.param([NO_MAP], ["config"], LATE.format("config", ""), id="a volume that cannot be set up"),
        pytest.param([CLAIM, NO_MAP], ["v", "config"], LATE.format("config v", "v"), id="both, by name"),
        pytest.param([CLAIM, NO_MAP], ["v"], LATE.format("v", "v"), id="one that no container mounts does not count"),
    ],
)
def test_a_sync_waits_two_minutes_and_three_seconds_for_volumes(
    machines: Any, volumes: list[Obj], mounts: list[str], late: str
) -> None:
    put_volume(machines, put_claim(machines))
    used = [{"name": one, "mountPath": f"/{one}"} for one in mounts]
    machines.start(spec={"volumes": volumes}, volumeMounts=used)
    machines.run(122)
    assert late not in machines.said("FailedMount")
    machines.run(1)
    assert machines.said("FailedMount")[-1] == late
    counts = {message: count for _, message, count in machines.events()}
    machines.run(10 + 122)
    assert {message: count for _, message, count in machines.events()}[late] == counts[late] == 1
    machines.run(1)
    assert {message: count for _, message, count in machines.events()}[late] == 2


def test_a_volume_that_no_container_mounts_is_not_looked_at(machines: Any) -> None:
    machines.start(spec={"volumes": [NO_MAP]})
    machines.run(5)
    assert machines.status()["phase"] == "Running"


DRIVER = "driver name d.example not found in the list of registered CSI drivers"
MOUNT_DEVICE = 'MountVolume.MountDevice failed for volume "pv" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: '


@follows(
    "Volume manager",
    f"{EXECUTOR}: GenerateMountVolumeFunc",
    "pkg/volume/csi/csi_attacher.go: MountDevice",
    "pkg/volume/csi/csi_plugin.go: skipAttach",
)
@pytest.mark.parametrize(
    ("driver", "attached", "said"),
    [
        pytest.param(None, False, [], id="a driver that nobody knows has to attach first"),
        pytest.param(None, True, [MOUNT_DEVICE + DRIVER], id="attached by hand, and no driver on the node"),
        pytest.param({"attach": True}, False, [], id="has to attach first"),
        pytest.param({"attach": False}, False, [MOUNT_DEVICE + DRIVER], id="needs no attaching"),
    ],
)
def test_a_node_without_the_driver(machines: Any, driver: Obj | None, attached: bool, said: list[str]) -> None:
    put_volume(machines, put_claim(machines))
    if driver is not None:
        put_driver(machines, **driver)
    if attached:
        patch = {"status": {"volumesAttached": [{"name": UNIQUE, "devicePath": ""}]}}
        machines.registry.merge("test", "nodes", "", "node-0", patch, "status")
    machines.start(spec={"volumes": [CLAIM]}, **MOUNTED)
    machines.run(0.4)
    assert machines.said("FailedMount") == said
    in_use = machines.registry.get("test", "nodes", "", "node-0")["status"].get("volumesInUse")
    assert in_use == (None if driver == {"attach": False} else [UNIQUE])


@follows(
    "Volume manager",
    "pkg/volume/csi/csi_mounter.go: SetUpAt",
    "pkg/volume/hostpath/host_path.go: checkType",
    "pkg/volume/util/util.go: CheckNodeAffinity",
)
@pytest.mark.parametrize(
    ("source", "why"),
    [
        pytest.param(
            {"hostPath": {"path": "/nowhere", "type": "Directory"}},
            'SetUp failed for volume "pv" : hostPath type check failed: /nowhere is not a directory',
            id="no such directory",
        ),
        pytest.param(
            {
                "local": {"path": "/disk"},
                "nodeAffinity": {
                    "required": {
                        "nodeSelectorTerms": [
                            {
                                "matchExpressions": [
                                    {"key": "kubernetes.io/hostname", "operator": "In", "values": ["other"]}
                                ]
                            }
                        ]
                    }
                },
            },
            'NodeAffinity check failed for volume "pv" : no matching NodeSelectorTerms',
            id="another node's disk",
        ),
    ],
)
def test_a_volume_that_cannot_be_set_up_is_tried_again_after_waits_that_double(
    machines: Any, source: Obj, why: str
) -> None:
    put_volume(machines, put_claim(machines), **source)
    machines.start(spec={"volumes": [CLAIM]}, **MOUNTED)
    machines.run(0.4)
    assert machines.events() == [("FailedMount", f"MountVolume.{why}", 1)]
    machines.run(4)
    assert machines.events() == [("FailedMount", f"MountVolume.{why}", 4)]
