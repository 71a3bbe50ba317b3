"""Group L: snapshots of volumes, and claims that begin with one."""

from typing import Any

import pytest

from simulator.cluster import Cluster
from tests.simulator.concepts.storage_builders import claim, events, pod

RELEASE = "https://raw.githubusercontent.com/kubernetes-csi/external-snapshotter/v8.2.1"
SNAPSHOT = """\
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshotClass
metadata: {name: disks}
driver: ebs.csi.aws.com
deletionPolicy: Delete
---
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: {name: monday}
spec: {volumeSnapshotClassName: disks, source: {persistentVolumeClaimName: data}}
"""


def with_snapshots(lab: Any) -> Any:
    for kind in ("volumesnapshotclasses", "volumesnapshotcontents", "volumesnapshots"):
        lab.run(f"kubectl apply -f {RELEASE}/client/config/crd/snapshot.storage.k8s.io_{kind}.yaml")
    for part in ("rbac", "setup"):
        lab.run(f"kubectl apply -f {RELEASE}/deploy/kubernetes/snapshot-controller/{part}-snapshot-controller.yaml")
    lab.wait(20)
    return lab


def test_a_snapshot_keeps_what_was_there_and_a_claim_begins_with_it(cloud: Any) -> None:
    lab = with_snapshots(cloud("aws"))
    lab.run("kubectl apply -f -", claim() + pod(script="echo monday > /data/a; sleep 3600"))
    lab.wait(20)
    lab.run("kubectl apply -f -", SNAPSHOT)
    lab.wait(10)
    assert lab.column("kubectl get vs", "READYTOUSE") == ["true"]
    assert events(lab, "monday") == [
        "CreatingSnapshot: Waiting for a snapshot default/monday to be created by the CSI driver.",
        "SnapshotCreated: Snapshot default/monday was successfully created by the CSI driver.",
        "SnapshotReady: Snapshot default/monday is ready to use.",
    ]
    lab.run("kubectl exec web -- sh -c 'echo tuesday > /data/a'")
    source = "{apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: monday}"
    lab.run("kubectl apply -f -", claim("restored", dataSource=source) + pod("reader", "restored"))
    lab.wait(20)
    assert lab.run("kubectl exec reader -- cat /data/a") == "monday\n"
    lab.run("kubectl delete vs monday")
    lab.wait(10)
    assert lab.run("kubectl get vs,vsc") == ""
    restored = Cluster.load(lab.cluster.dump())
    assert restored.state_hash() == lab.cluster.state_hash()


@pytest.mark.parametrize(
    ("snapshot", "size", "why"),
    [
        pytest.param(
            "sunday",
            "1Gi",
            'error getting snapshot sunday from api server: volumesnapshots.snapshot.storage.k8s.io "sunday" not found',
            id="nothing of that name",
        ),
        pytest.param(
            "monday",
            "512Mi",
            "requested volume size 536870912 is less than the size 1073741824 for the source snapshot monday",
            id="too small for it",
        ),
        pytest.param("early", "1Gi", "snapshot early not bound", id="a snapshot without content"),
    ],
)
def test_a_snapshot_that_no_claim_can_begin_with(cloud: Any, snapshot: str, size: str, why: str) -> None:
    """Words follow `getSnapshotSource` of kubernetes-csi/external-provisioner: `pkg/controller/controller.go`."""
    lab = with_snapshots(cloud("aws"))
    lab.run("kubectl apply -f -", claim() + pod())
    lab.wait(20)
    early = SNAPSHOT.partition("---")[2].replace("monday", "early").replace("ClaimName: data", "ClaimName: none")
    lab.run("kubectl apply -f -", SNAPSHOT + "---" + early)
    lab.wait(10)
    source = f"{{apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: {snapshot}}}"
    wanted = claim("restored", dataSource=source).replace("1Gi", size)
    lab.run("kubectl apply -f -", wanted + pod("reader", "restored"))
    lab.wait(20)
    lead = f"error getting handle for DataSource Type VolumeSnapshot by Name {snapshot}: "
    assert f'ProvisioningFailed: failed to provision volume with StorageClass "gp3": {lead}{why}' in events(
        lab, "restored"
    )


def test_a_snapshot_without_class_or_claim_says_so(cloud: Any) -> None:
    lab = with_snapshots(cloud("aws"))
    lab.run("kubectl apply -f -", SNAPSHOT)
    lab.wait(2)
    assert events(lab, "monday")[0].startswith(
        "SnapshotContentCreationFailed: Failed to create snapshot content with error "
    )
    assert lab.column("kubectl get vs", "READYTOUSE") == ["false"]
