"""Claims and volumes: who is bound to whom, who is lost, what is released, kept, grown and told.

Numbers are those of upstream's cases. There one side is synced at a time; here both are, so a volume may already know that its claim is gone.
"""

from typing import Any

import pytest

from simulator.controllers.persistent_volume import PersistentVolumeController
from simulator.controllers.volume_expand import VolumeExpandController
from simulator.controllers.volume_protection import ClaimProtectionController, VolumeProtectionController
from tests.proof.follows import follows

Obj = dict[str, Any]
BINDER = "pkg/controller/volume/persistentvolume/binder_test.go"
BY_CONTROLLER, COMPLETED = "pv.kubernetes.io/bound-by-controller", "pv.kubernetes.io/bind-completed"
NO_CLASS = "no persistent volumes available for this claim and no storage class is set"


def put_claim(world: Any, size: str = "1Gi", volume: str = "", phase: str = "", marks: str = "", **spec: Any) -> Obj:
    """`marks`: c(ompleted), b(y the controller)."""
    annotations = {name: "yes" for mark, name in (("c", COMPLETED), ("b", BY_CONTROLLER)) if mark in marks}
    metadata = {"name": "claim", "annotations": annotations}
    wanted: Obj = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
        "storageClassName": "",
        **spec,
    }
    if volume:
        wanted["volumeName"] = volume
    status: Obj = {"phase": phase} if phase else {}
    if phase == "Bound":
        status |= {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}}
    made = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": wanted, "status": status}
    put: Obj = world.put("persistentvolumeclaims", made)
    return put


def put_volume(world: Any, name: str, size: str, ref: str, phase: str = "Pending", **more: Any) -> None:
    """`ref`: whose it is: `mine`, by `name`, of an `other` claim, of a `namesake`, or nobody's."""
    marks = {BY_CONTROLLER: "yes"} if more.pop("by_controller", False) else {}
    metadata: Obj = {"name": name, "annotations": marks | more.pop("annotations", {}), "labels": more.pop("labels", {})}
    spec = {
        "capacity": {"storage": size},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        "nfs": {"server": "s", "path": "/"},
        **more,
    }
    if ref:
        claim = world.get("persistentvolumeclaims", "claim") if ref == "mine" else None
        uid = {"name": "", "other": "u-other", "namesake": "u-before"}.get(ref, claim and claim["metadata"]["uid"])
        spec["claimRef"] = {"namespace": "default", "name": "elsewhere" if ref == "other" else "claim"} | (
            {"uid": uid} if uid else {}
        )
    status = {"phase": phase if ref or phase != "Pending" else "Available"}
    world.put(
        "persistentvolumes",
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec, "status": status},
    )


def marks_of(obj: Obj) -> str:
    annotations = obj["metadata"].get("annotations") or {}
    return "".join(mark for mark, name in (("c", COMPLETED), ("b", BY_CONTROLLER)) if name in annotations)


V = "volume"
CASES = [
    pytest.param({}, [(V, "1Gi", "")], (V, "Bound", "cb"), {V: ("mine", "Bound", "b")}, "", id="1-1 successful bind"),
    pytest.param(
        {"size": "10Gi"},
        [(V, "1Gi", "")],
        ("", "Pending", ""),
        {V: ("", "Available", "")},
        "FailedBinding",
        id="1-2 nothing fits",
    ),
    pytest.param(
        {"size": "10Gi", "phase": "Bound"},
        [(V, "1Gi", "")],
        ("", "Pending", ""),
        {},
        "FailedBinding",
        id="1-3 reset to Pending",
    ),
    pytest.param(
        {},
        [("big", "10Gi", ""), ("small", "1Gi", "")],
        ("small", "Bound", "cb"),
        {"big": ("", "Available", ""), "small": ("mine", "Bound", "b")},
        "",
        id="1-4 the smallest volume",
    ),
    pytest.param(
        {},
        [("big", "10Gi", "name"), ("small", "1Gi", "")],
        ("big", "Bound", "cb"),
        {"big": ("mine", "Bound", ""), "small": ("", "Available", "")},
        "",
        id="1-5 a volume prebound by name",
    ),
    pytest.param(
        {},
        [("big", "10Gi", "mine"), ("small", "1Gi", "")],
        ("big", "Bound", "cb"),
        {"big": ("mine", "Bound", "")},
        "",
        id="1-6 by UID",
    ),
    pytest.param(
        {},
        [(V, "10Gi", "namesake")],
        ("", "Pending", ""),
        {V: ("namesake", "Released", "")},
        "FailedBinding",
        id="1-7 a namesake's",
    ),
    pytest.param(
        {},
        [(V, "1Gi", "mine", "Pending", True)],
        (V, "Bound", "cb"),
        {V: ("mine", "Bound", "b")},
        "",
        id="1-8 after a crash, volume written",
    ),
    pytest.param(
        {},
        [(V, "1Gi", "mine", "Bound", True)],
        (V, "Bound", "cb"),
        {V: ("mine", "Bound", "b")},
        "",
        id="1-9 after a crash, its status too",
    ),
    pytest.param(
        {"volume": V, "marks": "cb"},
        [(V, "1Gi", "mine", "Bound", True)],
        (V, "Bound", "cb"),
        {V: ("mine", "Bound", "b")},
        "",
        id="1-10 after a crash, claim written",
    ),
    pytest.param(
        {"selector": {"matchLabels": {"a": "b"}}},
        [("plain", "1Gi", ""), (V, "1Gi", "", "Pending", False, {"labels": {"a": "b"}})],
        (V, "Bound", "cb"),
        {"plain": ("", "Available", "")},
        "",
        id="1-11 the selector matches",
    ),
    pytest.param(
        {"selector": {"matchLabels": {"a": "b"}}},
        [(V, "1Gi", "")],
        ("", "Pending", ""),
        {},
        "FailedBinding",
        id="1-12 the selector does not",
    ),
    pytest.param(
        {"volume": V, "size": "10Gi"}, [], (V, "Pending", ""), {}, "", id="2-1 asks for a volume that is not there"
    ),
    pytest.param({"volume": V, "phase": "Bound"}, [], (V, "Pending", ""), {}, "", id="2-2 and its status is reset"),
    pytest.param(
        {"volume": V},
        [(V, "1Gi", "")],
        (V, "Bound", "c"),
        {V: ("mine", "Bound", "b")},
        "",
        id="2-3 asks for an unbound one",
    ),
    pytest.param(
        {"volume": V},
        [(V, "1Gi", "name")],
        (V, "Bound", "c"),
        {V: ("mine", "Bound", "")},
        "",
        id="2-4 prebound by name",
    ),
    pytest.param(
        {"volume": V}, [(V, "1Gi", "mine")], (V, "Bound", "c"), {V: ("mine", "Bound", "")}, "", id="2-5 prebound by UID"
    ),
    pytest.param(
        {"volume": V, "phase": "Bound"},
        [(V, "1Gi", "other", "Bound")],
        (V, "Pending", ""),
        {},
        "FailedBinding",
        id="2-6 somebody else's",
    ),
    pytest.param(
        {"volume": V, "selector": {"matchLabels": {"a": "b"}}},
        [(V, "1Gi", "")],
        (V, "Bound", "c"),
        {V: ("mine", "Bound", "b")},
        "",
        id="2-8 its selector does not match",
    ),
    pytest.param(
        {"phase": "Bound", "marks": "cb"}, [], ("", "Lost", "cb"), {}, "ClaimLost", id="3-1 bound, without volumeName"
    ),
    pytest.param(
        {"volume": V, "phase": "Bound", "marks": "cb"},
        [],
        (V, "Lost", "cb"),
        {},
        "ClaimLost",
        id="3-2 bound, its volume is gone",
    ),
    pytest.param(
        {"volume": V, "marks": "cb"},
        [(V, "10Gi", "")],
        (V, "Bound", "cb"),
        {V: ("mine", "Bound", "b")},
        "",
        id="3-3 bound, its volume is not",
    ),
    pytest.param(
        {"volume": V, "marks": "cb"},
        [(V, "10Gi", "namesake")],
        (V, "Lost", "cb"),
        {},
        "ClaimMisbound",
        id="3-4 bound, its volume has another UID",
    ),
    pytest.param(
        {"volume": V, "marks": "c"},
        [(V, "10Gi", "mine")],
        (V, "Bound", "c"),
        {V: ("mine", "Bound", "")},
        "",
        id="3-5 bound, and so is its volume",
    ),
    pytest.param(
        {"volume": V, "marks": "c"},
        [(V, "10Gi", "other", "Bound")],
        (V, "Lost", "c"),
        {},
        "ClaimMisbound",
        id="3-6 bound to somebody else's",
    ),
]
SAID = {
    "FailedBinding": (NO_CLASS, f'volume "{V}" already bound to a different claim.'),
    "ClaimLost": (
        "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!",
        "Bound claim has lost its PersistentVolume. Data on the volume is lost!",
    ),
    "ClaimMisbound": ("Two claims are bound to the same volume, this one is bound incorrectly",),
}


@follows("persistentvolume-binder-controller", f"{BINDER}: TestSync")
@pytest.mark.parametrize(("claim", "volumes", "wanted", "left", "said"), CASES)
def test_binding(
    stage: Any, claim: Obj, volumes: list[Any], wanted: tuple[str, str, str], left: dict[str, Any], said: str
) -> None:
    world = stage(PersistentVolumeController)
    uid = put_claim(world, **claim)["metadata"]["uid"]
    for name, size, ref, *rest in volumes:
        phase, by_controller, more = (*rest, *("Pending", False, {})[len(rest) :])
        put_volume(world, name, size, ref, phase, by_controller=by_controller, **more)
    world.act()
    found = world.get("persistentvolumeclaims", "claim")
    assert (found["spec"].get("volumeName", ""), found["status"]["phase"], marks_of(found)) == wanted
    uids = {uid: "mine", "u-other": "other", "u-before": "namesake"}
    for name, state in left.items():
        volume = world.get("persistentvolumes", name, "")
        reference = volume["spec"].get("claimRef") or {}
        assert (uids.get(reference.get("uid"), ""), volume["status"]["phase"], marks_of(volume)) == state
    events = world.events("claim")
    assert [reason for reason, _ in events] == ([said] if said else [])
    assert not said or events[0][1] in SAID[said]


@follows(
    "persistentvolume-binder-controller",
    f"{BINDER}: TestSync",
    "pkg/controller/volume/persistentvolume/delete_test.go",
    "pkg/controller/volume/persistentvolume/recycle_test.go",
)
@pytest.mark.parametrize(
    ("spec", "phase", "said"),
    [
        pytest.param({}, "Released", [], id="4-3 Retain: released"),
        pytest.param(
            {"persistentVolumeReclaimPolicy": "Delete"},
            "Failed",
            [
                (
                    "VolumeFailedDelete",
                    'error getting deleter volume plugin for volume "volume": no deletable volume plugin matched',
                )
            ],
            id="8-4 Delete: nobody can",
        ),
        pytest.param(
            {"persistentVolumeReclaimPolicy": "Delete", "nfs": None, "hostPath": {"path": "/data"}},
            "Failed",
            [("VolumeFailedDelete", "host_path deleter only supports /tmp/.+ but received provided /data")],
            id="8-5 Delete: not below /tmp",
        ),
        pytest.param(
            {"persistentVolumeReclaimPolicy": "Delete", "nfs": None, "hostPath": {"path": "/tmp/x"}},
            None,
            [],
            id="8-1 Delete",
        ),
        pytest.param(
            {"persistentVolumeReclaimPolicy": "Recycle"},
            "Available",
            [("VolumeRecycled", "Volume recycled")],
            id="6-1 Recycle",
        ),
        pytest.param(
            {"persistentVolumeReclaimPolicy": "Recycle", "nfs": None, "csi": {"driver": "d", "volumeHandle": "h"}},
            "Failed",
            [("VolumeFailedRecycle", "No recycler plugin found for the volume!")],
            id="6-4 Recycle: nobody can",
        ),
    ],
)
def test_a_volume_whose_claim_is_gone(stage: Any, spec: Obj, phase: str | None, said: list[tuple[str, str]]) -> None:
    world = stage(PersistentVolumeController)
    more = {name: value for name, value in spec.items() if value is not None}
    put_volume(world, V, "1Gi", "other", "Bound", by_controller=True, **more)
    if "nfs" in spec:
        patch = {"spec": {"nfs": None}}
        world.client.patch("persistentvolumes", "", V, patch)
    world.client.patch("persistentvolumes", "", V, {"metadata": {"finalizers": None}})
    world.act(20)
    found = world.find("persistentvolumes", V, "")
    assert (found and found["status"]["phase"]) == phase
    assert world.events(V) == said


# Protection


def put_user(world: Any, claim: str, *, node: str = "node-1", phase: str = "Running") -> None:
    source = {"name": "v", "persistentVolumeClaim": {"claimName": claim}} if claim else {"name": "v", "emptyDir": {}}
    spec: Obj = {"containers": [{"name": "c", "image": "x"}], "volumes": [source], "restartPolicy": "Never"}
    if node:
        spec["nodeName"] = node
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": spec, "status": {"phase": phase}}
    world.put("pods", made)


@follows(
    "persistentvolumeclaim-protection-controller",
    "pkg/controller/volume/pvcprotection/pvc_protection_controller_test.go: TestPVCProtectionController",
)
@pytest.mark.parametrize(
    ("deleted", "pod", "then", "stays"),
    [
        pytest.param(False, None, "", True, id="with finalizer, not deleted"),
        pytest.param(True, None, "", False, id="deleted"),
        pytest.param(True, {"claim": "claim"}, "", True, id="deleted, a pod has it"),
        pytest.param(True, {"claim": "other"}, "", False, id="deleted, a pod has another"),
        pytest.param(True, {"claim": ""}, "", False, id="deleted, a pod has none"),
        pytest.param(True, {"claim": "claim", "phase": "Failed"}, "", True, id="deleted, a pod that has ended has it"),
        pytest.param(True, {"claim": "claim", "node": ""}, "", False, id="deleted, an unscheduled pod has it"),
        pytest.param(True, {"claim": "claim"}, "delete", False, id="deleted, its pod goes too"),
    ],
)
def test_a_claim_in_use_stays(stage: Any, deleted: bool, pod: Obj | None, then: str, stays: bool) -> None:
    world = stage(ClaimProtectionController)
    assert put_claim(world)["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    if pod is not None:
        put_user(world, **pod)
    if deleted:
        world.client.delete("persistentvolumeclaims", "default", "claim")
    world.act()
    if then == "delete":
        assert world.find("persistentvolumeclaims", "claim") is not None
        world.client.delete("pods", "default", "pod", grace_s=0)
        world.run()
    assert (world.find("persistentvolumeclaims", "claim") is not None) is stays


@follows(
    "persistentvolume-protection-controller",
    "pkg/controller/volume/pvprotection/pv_protection_controller_test.go: TestPVProtectionController",
)
@pytest.mark.parametrize(
    ("deleted", "phase", "stays"),
    [
        pytest.param(False, "Available", True, id="not deleted"),
        pytest.param(True, "Available", False, id="deleted"),
        pytest.param(True, "Bound", True, id="deleted, bound"),
        pytest.param(True, "Released", False, id="deleted, released"),
    ],
)
def test_a_volume_in_use_stays(stage: Any, deleted: bool, phase: str, stays: bool) -> None:
    world = stage(VolumeProtectionController)
    put_volume(world, V, "1Gi", "", phase)
    assert world.get("persistentvolumes", V, "")["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]
    if deleted:
        world.client.delete("persistentvolumes", "", V)
    world.act()
    assert (world.find("persistentvolumes", V, "") is not None) is stays


# Growing


@follows(
    "persistentvolume-expander-controller",
    "pkg/controller/volume/expand/expand_controller_test.go: TestSyncHandler",
    "pkg/controller/volume/expand/expand_controller.go",
)
@pytest.mark.parametrize(
    ("phase", "before", "after", "said"),
    [
        pytest.param("Bound", "1Gi", "2Gi", True, id="a driver has to do it"),
        pytest.param("Bound", "2Gi", "2Gi", False, id="as large as before"),
        pytest.param("Lost", "1Gi", "2Gi", False, id="lost"),
    ],
)
def test_a_claim_that_asks_for_more(stage: Any, phase: str, before: str, after: str, said: bool) -> None:
    world = stage(VolumeExpandController)
    kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "fast"}}
    world.put("storageclasses.storage.k8s.io", {**kind, "provisioner": "csi.example.com", "allowVolumeExpansion": True})
    claim = put_claim(world, before, V, "Bound", "cb", storageClassName="fast")
    world.act()
    resources = {"requests": {"storage": after}}
    world.registry.update(
        "test", "persistentvolumeclaims", {**claim, "spec": {**claim["spec"], "resources": resources}}
    )
    if phase != "Bound":
        world.set_status("persistentvolumeclaims", claim, phase=phase)
        world.client.patch(
            "persistentvolumeclaims", "default", "claim", {"metadata": {"annotations": {COMPLETED: None}}}
        )
    world.run()
    message = "waiting for an external controller to expand this PVC"
    assert world.events("claim") == ([("ExternalExpanding", message)] if said else [])
