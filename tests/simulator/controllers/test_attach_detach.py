"""attachdetach-controller: who gets a disk, who has to wait, and when it is taken away by force.

Words follow `reportMultiAttachError` of `pkg/controller/volume/attachdetach/reconciler/reconciler.go` (1.33).
"""

from typing import Any

import pytest

from simulator.controllers.attach_detach import AttachDetachController

Obj = dict[str, Any]
_ATTACHMENTS = "volumeattachments.storage.k8s.io"
UNIQUE = "kubernetes.io/csi/d.example^v1"


@pytest.fixture
def made(world: Any) -> Any:
    found = world(AttachDetachController)
    for name in ("n1", "n2"):
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {}}
        ready = [{"type": "Ready", "status": "True"}]
        found.client.create("nodes", {**node, "status": {"conditions": ready}})
    return found


def bound(made: Any, *modes: str) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "default", "annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
        "spec": {"accessModes": list(modes), "volumeName": "pv", "resources": {"requests": {"storage": "1Gi"}}},
    }
    stored = made.client.create("persistentvolumeclaims", claim)
    reference = {
        "kind": "PersistentVolumeClaim",
        "namespace": "default",
        "name": "data",
        "uid": stored["metadata"]["uid"],
    }
    spec = {
        "accessModes": list(modes),
        "capacity": {"storage": "1Gi"},
        "csi": {"driver": "d.example", "volumeHandle": "v1"},
        "claimRef": reference,
    }
    made.client.create(
        "persistentvolumes", {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv"}, "spec": spec}
    )


def pod(made: Any, name: str, node: str) -> None:
    spec = {
        "nodeName": node,
        "containers": [{"name": "c", "image": "busybox:1.36"}],
        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}],
    }
    made.client.create(
        "pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": spec}
    )
    made.run(1)


def attach_all(made: Any) -> None:
    """What the driver's external attacher does."""
    for one in made.all(_ATTACHMENTS, None):
        made.client.update_status(_ATTACHMENTS, {**one, "status": {"attached": True}})
    made.run(1)


def use(made: Any, node: str, *volumes: str) -> None:
    """What a kubelet reports."""
    made.client.patch("nodes", "", node, {"status": {"volumesInUse": list(volumes) or None}}, subresource="status")
    made.run(1)


def places(made: Any) -> list[str]:
    return [one["spec"]["nodeName"] for one in made.all(_ATTACHMENTS, None)]


def test_a_bound_volume_is_attached_where_its_pod_is_and_the_node_says_so(made: Any) -> None:
    bound(made, "ReadWriteOnce")
    pod(made, "web", "n1")
    assert places(made) == ["n1"]
    attach_all(made)
    assert made.get("nodes", "n1", "")["status"]["volumesAttached"] == [{"name": UNIQUE, "devicePath": ""}]
    assert made.events("web") == [("SuccessfulAttachVolume", 'AttachVolume.Attach succeeded for volume "pv" ')]


@pytest.mark.parametrize(
    ("modes", "nodes"),
    [
        pytest.param(("ReadWriteOnce",), ["n1"], id="one node"),
        pytest.param(("ReadWriteOncePod",), ["n1"], id="one pod"),
        pytest.param(("ReadWriteMany",), ["n1", "n2"], id="many nodes"),
        pytest.param(("ReadOnlyMany",), ["n1", "n2"], id="many readers"),
    ],
)
def test_how_many_nodes_a_volume_goes_to(made: Any, modes: tuple[str, ...], nodes: list[str]) -> None:
    bound(made, *modes)
    pod(made, "one", "n1")
    pod(made, "two", "n2")
    assert sorted(places(made)) == nodes


def test_a_conflict_is_told_once(made: Any) -> None:
    bound(made, "ReadWriteOnce")
    pod(made, "one", "n1")
    pod(made, "two", "n2")
    attach_all(made)
    made.run(60)
    message = 'Multi-Attach error for volume "pv" Volume is already used by pod(s) one'
    assert made.events("two") == [("FailedAttachVolume", message)]


def test_a_volume_in_use_stays_on_a_ready_node_however_long(made: Any) -> None:
    bound(made, "ReadWriteOnce")
    pod(made, "web", "n1")
    attach_all(made)
    use(made, "n1", UNIQUE)
    made.client.delete("pods", "default", "web", grace_s=0)
    made.run(1_000)
    assert places(made) == ["n1"]
    use(made, "n1")
    assert places(made) == []
    assert "volumesAttached" not in made.get("nodes", "n1", "")["status"]


@pytest.mark.parametrize(
    ("taint", "after"),
    [pytest.param(False, 360, id="six minutes"), pytest.param(True, 0, id="out of service: at once")],
)
def test_a_node_that_is_not_ready_loses_it(made: Any, taint: bool, after: int) -> None:
    bound(made, "ReadWriteOnce")
    pod(made, "web", "n1")
    attach_all(made)
    use(made, "n1", UNIQUE)
    node = made.get("nodes", "n1", "")
    made.set_status("nodes", node, conditions=[{"type": "Ready", "status": "Unknown"}])
    if taint:
        key = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
        made.client.patch("nodes", "", "n1", {"spec": {"taints": [key]}})
    made.client.delete("pods", "default", "web", grace_s=0)
    if after:
        made.run(after - 2)
        assert places(made) == ["n1"]
    made.run(5)
    assert places(made) == []
