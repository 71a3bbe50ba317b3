"""Group L: the seven steps of a volume, from the claim to the mounted disk and back."""

from typing import Any

import pytest

from tests.simulator.concepts.storage_builders import actors, claim, disks, events, pod, volume

# The seven steps of a volume (flows 1 to 7)


def test_a_pod_waits_for_a_claim_that_must_be_bound_before(lab: Any) -> None:
    lab.run("kubectl apply -f -", claim(storageClassName="manual") + pod())
    lab.wait(3)
    assert lab.column("kubectl get pods", "STATUS") == ["Pending"]
    assert events(lab, "web") == [
        "FailedScheduling: 0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. "
        "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    ]
    lab.run("kubectl apply -f -", volume("disk"))
    lab.wait(20)
    assert lab.column("kubectl get pods", "STATUS") == ["Running"]


def test_a_pod_of_an_unknown_claim_says_so(lab: Any) -> None:
    lab.run("kubectl apply -f -", pod())
    lab.wait(2)
    assert events(lab, "web")[0].startswith(
        'FailedScheduling: 0/3 nodes are available: persistentvolumeclaim "data" not found. preemption: '
    )


def test_a_class_that_waits_makes_nothing_until_a_pod_comes(lab: Any) -> None:
    lab.run("kubectl apply -f -", claim())
    lab.wait(60)
    assert events(lab, "data") == ["WaitForFirstConsumer: waiting for first consumer to be created before binding"]
    assert lab.run("kubectl get pv") == ""
    lab.run("kubectl apply -f -", pod())
    lab.wait(15)
    assert lab.column("kubectl get pvc", "STATUS") == ["Bound"]
    node = lab.value("pod web", "{.spec.nodeName}")
    assert lab.value("pvc data", "{.metadata.annotations.volume\\.kubernetes\\.io/selected-node}") == node
    assert (
        lab.value("pv", "{.items[0].spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values}")
        == f'["{node}"]'
    )


def test_an_immediate_class_makes_the_disk_at_once(cloud: Any) -> None:
    lab = cloud("linode")
    lab.run("kubectl apply -f -", claim())
    lab.wait(10)
    assert lab.column("kubectl get pvc", "STATUS") == ["Bound"]
    assert lab.column("kubectl get pv", "RECLAIM POLICY") == ["Retain"]
    assert lab.column("kubectl get pv", "CAPACITY") == ["10Gi"]


def test_the_driver_makes_the_disk_and_reports_back(cloud: Any) -> None:
    """Flows 3 to 6: driver, disk, report, volume."""
    lab = cloud("aws")
    lab.run("kubectl apply -f -", claim(size="50Gi") + pod())
    lab.wait(20)
    uid = lab.value("pvc data", "{.metadata.uid}")
    told = events(lab, "data")
    assert sorted(told[-3:-1]) == [
        "ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'ebs.csi.aws.com' or manually "
        "by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly "
        "registered.",
        'Provisioning: External provisioner is provisioning volume for claim "default/data"',
    ]
    assert told[-1] == f"ProvisioningSucceeded: Successfully provisioned volume pvc-{uid}"
    (disk,) = disks(lab)
    node = lab.value("pod web", "{.spec.nodeName}")
    zone = lab.run(f"kubectl get node {node} -o jsonpath='{{.metadata.labels.topology\\.kubernetes\\.io/zone}}'")
    assert {key: disk[key] for key in ("name", "size", "type", "zone", "machine")} == {
        "name": f"pvc-{uid}",
        "size": 50,
        "type": "gp3",
        "zone": zone,
        "machine": node,
    }
    assert lab.value(f"pv pvc-{uid}", "{.spec.csi.volumeHandle}") == disk["id"]
    assert lab.value(f"pv pvc-{uid}", "{.spec.claimRef.uid}") == uid
    assert lab.value("pvc data", "{.spec.volumeName}") == f"pvc-{uid}"
    assert lab.column("kubectl get csidrivers", "NAME") == ["ebs.csi.aws.com"]
    assert lab.column("kubectl get csinodes", "DRIVERS") == ["1", "1", "1"]


def test_the_provisioner_makes_the_volume_and_not_the_class(lab: Any) -> None:
    """Myth T9."""
    lab.run("kubectl apply -f -", claim() + pod())
    lab.wait(15)
    assert actors(lab, "create", "persistentvolumes") == ["external-provisioner"]
    ev = next(
        row.ev
        for row in lab.cluster.engine.trail.rows()
        if row.verb == "create" and row.resource == "persistentvolumes"
    )
    said = [hop["say"] for hop in lab.cluster.apply({"kind": "because", "ev": ev})["hops"]]
    assert said[0].startswith("The external provisioner of the storage driver creates PersistentVolume pvc-")


def test_a_quota_of_disks_leaves_the_claim_pending(cloud: Any) -> None:
    lab = cloud("linode")
    lab.fault("cloud-quota", "disks=1")
    lab.run("kubectl apply -f -", claim("one") + claim("two"))
    lab.wait(10)
    assert sorted(lab.column("kubectl get pvc", "STATUS")) == ["Bound", "Pending"]
    waiting = next(name for name in ("one", "two") if lab.value(f"pvc {name}", "{.status.phase}") == "Pending")
    failed = next(event for event in events(lab, waiting) if event.startswith("ProvisioningFailed"))
    assert failed.startswith(
        'ProvisioningFailed: failed to provision volume with StorageClass "linode-block-storage-retain": rpc error: code = '
        'ResourceExhausted desc = Could not create volume "pvc-'
    )
    lab.fault("cloud-quota", "disks=5")
    lab.wait(60)
    assert lab.column("kubectl get pvc", "STATUS") == ["Bound", "Bound"]
    assert len(disks(lab)) == 2


def test_an_outage_of_the_clouds_disks_ends_by_itself_for_the_claim(cloud: Any) -> None:
    lab = cloud("aws")
    lab.fault("cloud-outage", "disks")
    lab.run("kubectl apply -f -", claim() + pod())
    lab.wait(30)
    assert lab.column("kubectl get pods", "STATUS") == ["Pending"]
    assert any("code = Internal" in event for event in events(lab, "data"))
    lab.fault("cloud-recovery", "disks")
    lab.wait(90)
    assert lab.column("kubectl get pods", "STATUS") == ["Running"]


def test_every_external_disk_has_one_volume(cloud: Any) -> None:
    lab = cloud("aws")
    lab.run("kubectl apply -f -", "".join(claim(f"c{n}") + pod(f"p{n}", f"c{n}") for n in range(4)))
    lab.wait(30)
    handles = lab.value("pv", "{.items[*].spec.csi.volumeHandle}").split()
    assert sorted(handles) == sorted(disk["id"] for disk in disks(lab))
    assert len(set(handles)) == 4


def test_a_disk_is_attached_and_mounted_and_outlives_its_pod(cloud: Any) -> None:
    lab = cloud("aws")
    lab.run("kubectl apply -f -", claim() + pod(script="echo first >> /data/log; sleep 3600"))
    lab.wait(20)
    name = lab.value("pvc data", "{.spec.volumeName}")
    assert f'SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "{name}" ' in events(lab, "web")
    assert lab.column("kubectl get volumeattachments", "ATTACHED") == ["true"]
    node = lab.value("pod web", "{.spec.nodeName}")
    unique = f"kubernetes.io/csi/ebs.csi.aws.com^{disks(lab)[0]['id']}"
    assert lab.value(f"node {node}", "{.status.volumesAttached[*].name}") == unique
    assert lab.value(f"node {node}", "{.status.volumesInUse[0]}") == unique
    lab.run("kubectl exec web -- sh -c 'echo by hand >> /data/log'")
    lab.run("kubectl delete pod web")
    lab.wait(20)
    assert disks(lab)[0]["machine"] == ""
    assert lab.run("kubectl get volumeattachments") == ""
    lab.run("kubectl apply -f -", pod("next"))
    lab.wait(20)
    assert lab.run("kubectl exec next -- cat /data/log") == "first\nby hand\n"


def test_a_second_machine_does_not_get_the_disk(cloud: Any) -> None:
    lab = cloud("linode")
    lab.run("kubectl apply -f -", claim() + pod())
    lab.wait(25)
    used = lab.value("pod web", "{.spec.nodeName}")
    other = next(name for name in lab.cluster.kubelets.nodes() if name != used)
    lab.run("kubectl apply -f -", pod("second", node=other))
    lab.wait(130)
    name = lab.value("pvc data", "{.spec.volumeName}")
    assert events(lab, "second") == [
        f'FailedAttachVolume: Multi-Attach error for volume "{name}" Volume is already used by pod(s) web',
        "FailedMount: Unable to attach or mount volumes: unmounted volumes=[files], unattached volumes=[files], "
        "failed to process volumes=[]: context deadline exceeded",
    ]
    assert lab.column("kubectl get pods", "STATUS") == ["ContainerCreating", "Running"]
    lab.run("kubectl delete pod web")
    lab.wait(40)
    assert lab.column("kubectl get pods", "STATUS") == ["Running"]


def test_two_pods_of_one_node_share_a_volume(lab: Any) -> None:
    lab.run("kubectl apply -f -", claim() + pod("one"))
    lab.wait(15)
    lab.run("kubectl apply -f -", pod("two"))
    lab.wait(15)
    assert len(set(lab.column("kubectl get pods -o wide", "NODE"))) == 1
    lab.run("kubectl exec one -- sh -c 'echo hello > /data/a'")
    assert lab.run("kubectl exec two -- cat /data/a") == "hello\n"


def test_a_volume_of_one_node_keeps_its_pods_there(lab: Any) -> None:
    lab.run("kubectl apply -f -", claim() + pod("one"))
    lab.wait(15)
    used = lab.value("pod one", "{.spec.nodeName}")
    lab.run(f"kubectl cordon {used}")
    lab.run("kubectl apply -f -", pod("two"))
    lab.wait(3)
    assert events(lab, "two")[0].startswith(
        "FailedScheduling: 0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, "
        "1 node(s) had volume node affinity conflict, 1 node(s) were unschedulable. preemption: 0/3 nodes are available: "
    )


def test_a_claim_for_one_pod_of_the_whole_cluster(lab: Any) -> None:
    lab.run("kubectl apply -f -", claim(mode="ReadWriteOncePod") + pod("one"))
    lab.wait(15)
    lab.run("kubectl apply -f -", pod("two"))
    lab.wait(3)
    reason = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
    assert reason in events(lab, "two")[0]
    lab.run("kubectl delete pod one")
    lab.wait(20)
    assert lab.column("kubectl get pods", "STATUS") == ["Running"]


def test_a_claim_for_one_pod_holds_where_the_scheduler_is_passed_by(cloud: Any) -> None:
    lab = cloud("aws")
    lab.run("kubectl apply -f -", claim(mode="ReadWriteOncePod") + pod())
    lab.wait(20)
    node, name = lab.value("pod web", "{.spec.nodeName}"), lab.value("pvc data", "{.spec.volumeName}")
    lab.run("kubectl apply -f -", pod("second", node=node))
    lab.wait(3)
    assert events(lab, "second") == [
        f'FailedMount: MountVolume.SetUp failed for volume "{name}" : volume uses the ReadWriteOncePod access mode and is '
        "already in use by another pod"
    ]
    lab.run("kubectl delete pod web")
    lab.wait(30)
    assert lab.column("kubectl get pods", "STATUS") == ["Running"]


def test_a_machine_takes_only_so_many_disks(cloud: Any) -> None:
    lab = cloud("linode", size=1)
    lab.run("kubectl apply -f -", "".join(claim(f"c{n}") + pod(f"p{n}", f"c{n}") for n in range(8)))
    lab.wait(40)
    assert lab.column("kubectl get pods", "STATUS").count("Running") == 7
    stuck = next(
        name for name in (f"p{n}" for n in range(8)) if lab.value(f"pod {name}", "{.status.phase}") == "Pending"
    )
    assert "1 node(s) exceed max volume count" in events(lab, stuck)[-1]


def test_a_used_claim_outlives_its_deletion(lab: Any) -> None:
    lab.run("kubectl apply -f -", claim() + pod())
    lab.wait(15)
    lab.run("kubectl delete pvc data --wait=false")
    lab.wait(5)
    assert lab.column("kubectl get pvc", "STATUS") == ["Terminating"]
    assert lab.run("kubectl exec web -- sh -c 'echo still > /data/a; cat /data/a'") == "still\n"
    lab.run("kubectl delete pod web")
    lab.wait(15)
    assert lab.run("kubectl get pvc,pv") == ""


def test_a_claim_grows_with_its_disk_and_file_system(cloud: Any) -> None:
    lab = cloud("aws")
    lab.run("kubectl apply -f -", claim() + pod())
    lab.wait(20)
    lab.run("""kubectl patch pvc data -p '{"spec": {"resources": {"requests": {"storage": "3Gi"}}}}'""")
    lab.wait(1)
    assert lab.value("pvc data", "{.status.conditions[0].type} {.status.allocatedResourceStatuses.storage}") == (
        "Resizing ControllerResizeInProgress"
    )
    described = lab.run("kubectl describe pvc data")
    assert (
        "Conditions:\n"
        "  Type       Status  LastProbeTime                     LastTransitionTime                Reason  Message\n"
        "  ----       ------  -----------------                 ------------------                ------  -------\n"
        "  Resizing   True    Mon, 01 Jan 0001 00:00:00 +0000   "
    ) in described
    lab.wait(20)
    name = lab.value("pvc data", "{.spec.volumeName}")
    node = lab.value("pod web", "{.spec.nodeName}")
    assert events(lab, "data")[-4:] == [
        "ExternalExpanding: waiting for an external controller to expand this PVC",
        f"Resizing: External resizer is resizing volume {name}",
        "FileSystemResizeRequired: Require file system resize of volume on node",
        f'FileSystemResizeSuccessful: MountVolume.NodeExpandVolume succeeded for volume "{name}" {node}',
    ]
    assert lab.column("kubectl get pvc", "CAPACITY") == ["3Gi"]
    assert disks(lab)[0]["size"] == 3
    assert lab.value("pvc data", "{.status.conditions}") == ""


def test_the_file_system_has_the_size_of_its_disk(cloud: Any) -> None:
    """`df` of a real disk of 1 GiB, and after it has grown; other volumes lie on the machine's own disk."""
    lab = cloud("aws")
    lab.run("kubectl apply -f -", claim() + pod())
    lab.wait(20)
    look = "kubectl exec web -- df -h /data"
    assert lab.run(look).splitlines() == [
        "Filesystem                Size      Used Available Use% Mounted on",
        "/dev/nvme1n1            973.4M     24.0K    957.4M   0% /data",
    ]
    lab.run("kubectl exec web -- sh -c 'dd if=/dev/zero of=/data/a bs=1M count=100'")
    assert "973.4M    100.0M    857.4M  10% /data" in lab.run(look)
    fill = "kubectl exec web -- sh -c 'dd if=/dev/zero of=/data/b bs=1M count="
    assert "No space left on device" in lab.failure(f"{fill}858'")
    lab.run(f"{fill}857'")
    assert "973.4M    957.0M    404.0K 100% /data" in lab.run(look)
    lab.run("""kubectl patch pvc data -p '{"spec": {"resources": {"requests": {"storage": "4Gi"}}}}'""")
    lab.wait(20)
    assert "3.9G    957.0M      2.9G  24% /data" in lab.run(look)
    assert "/dev/nvme1n1 on /data type ext4 (rw,relatime)\n" in lab.run("kubectl exec web -- mount")


def test_a_class_that_does_not_expand_refuses(lab: Any) -> None:
    lab.run("kubectl apply -f -", claim() + pod())
    lab.wait(15)
    said = lab.refusal("""kubectl patch pvc data -p '{"spec": {"resources": {"requests": {"storage": "3Gi"}}}}'""")
    assert (
        'persistentvolumeclaims "data" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that '
        "provisions the pvc must support resize" in said
    )


def test_a_clone_begins_with_the_files_of_its_source(cloud: Any) -> None:
    lab = cloud("aws")
    lab.run("kubectl apply -f -", claim() + pod(script="echo original > /data/a; sleep 3600"))
    lab.wait(20)
    lab.run(
        "kubectl apply -f -",
        claim("copy", dataSource="{kind: PersistentVolumeClaim, name: data}") + pod("reader", "copy"),
    )
    lab.wait(20)
    assert lab.run("kubectl exec reader -- cat /data/a") == "original\n"
    lab.run("kubectl exec reader -- sh -c 'echo changed > /data/a'")
    assert lab.run("kubectl exec web -- cat /data/a") == "original\n"


@pytest.mark.parametrize(
    ("source", "size", "why"),
    [
        pytest.param(
            "none",
            "1Gi",
            'error getting PVC none (namespace "default") from api server: persistentvolumeclaim "none" not found',
            id="nothing of that name",
        ),
        pytest.param(
            "waits",
            "1Gi",
            "the PVC DataSource waits must have a status of Bound.  Got {Pending [] map[] [] map[] map[] <nil> <nil>}",
            id="a claim that waits",
        ),
        pytest.param(
            "data",
            "512Mi",
            "error, new PVC request must be greater than or equal in size to the specified PVC data source, requested "
            "536870912 but source is 1073741824",
            id="a smaller one",
        ),
    ],
)
def test_a_clone_that_cannot_be(cloud: Any, source: str, size: str, why: str) -> None:
    """Words follow `getPVCSource` of kubernetes-csi/external-provisioner: `pkg/controller/controller.go`."""
    lab = cloud("aws")
    lab.run("kubectl apply -f -", claim() + claim("waits") + pod())
    lab.wait(20)
    wanted = claim("copy", dataSource=f"{{kind: PersistentVolumeClaim, name: {source}}}").replace("1Gi", size)
    lab.run("kubectl apply -f -", wanted + pod("reader", "copy"))
    lab.wait(20)
    lead = f"error getting handle for DataSource Type PersistentVolumeClaim by Name {source}: "
    assert f'ProvisioningFailed: failed to provision volume with StorageClass "gp3": {lead}{why}' in events(lab, "copy")


def test_a_source_of_another_kind_is_left_to_a_populator(cloud: Any) -> None:
    lab = cloud("aws")
    source = "{apiGroup: example.com, kind: Backup, name: monday}"
    lab.run("kubectl apply -f -", claim("copy", dataSourceRef=source) + pod("reader", "copy"))
    lab.wait(20)
    assert "Provisioning: Assuming an external populator will provision the volume" in events(lab, "copy")
    assert lab.column("kubectl get pvc", "STATUS") == ["Pending"]


def test_a_dead_machine_lets_its_disk_go_when_it_is_out_of_service(cloud: Any) -> None:
    lab = cloud("linode", size=2)
    lab.run("kubectl apply -f -", claim())
    lab.run("kubectl apply -f -", pod("web"))
    lab.wait(25)
    dead = lab.value("pod web", "{.spec.nodeName}")
    lab.fault("node-power-off", dead)
    lab.wait(60)
    lab.run("kubectl delete pod web --force --grace-period=0")
    lab.run("kubectl apply -f -", pod("next"))
    lab.wait(60)
    assert lab.column("kubectl get pods", "STATUS") == ["ContainerCreating"]
    assert (
        "Volume is already exclusively attached to one node and can't be attached to another" in events(lab, "next")[1]
    )
    lab.run(f"kubectl taint node {dead} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute")
    lab.wait(30)
    assert lab.column("kubectl get pods", "STATUS") == ["Running"]


def test_a_dead_machine_lets_its_disk_go_after_six_minutes(cloud: Any) -> None:
    lab = cloud("linode", size=2)
    lab.run("kubectl apply -f -", claim() + pod("web"))
    lab.wait(25)
    lab.fault("node-power-off", lab.value("pod web", "{.spec.nodeName}"))
    lab.wait(60)
    lab.run("kubectl delete pod web --force --grace-period=0")
    lab.run("kubectl apply -f -", pod("next"))
    lab.wait(350)
    assert lab.column("kubectl get pods", "STATUS") == ["ContainerCreating"]
    lab.wait(40)
    assert lab.column("kubectl get pods", "STATUS") == ["Running"]


# The picture


def test_the_picture_leads_from_the_claim_to_the_disk(cloud: Any) -> None:
    lab = cloud("aws")
    lab.run("kubectl apply -f -", claim() + pod())
    lab.wait(25)

    def rows(kind: str) -> list[dict[str, Any]]:
        table = lab.cluster.picture()[kind]
        return [dict(zip(table["cols"], row, strict=True)) for row in table["rows"]]

    (asked,), (made,) = rows("PersistentVolumeClaim"), rows("PersistentVolume")
    assert asked["volume"] == made["uid"]
    assert made["claim"] == asked["uid"]
    assert made["disk"] == disks(lab)[0]["id"]
    assert made["nodes"] == [lab.value("pod web", "{.spec.nodeName}")]
    lab.run("kubectl delete pod web")
    lab.wait(15)
    assert rows("PersistentVolume")[0]["nodes"] == []
