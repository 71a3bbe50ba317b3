"""Group L and what belongs to it: volumes, claims, classes, the driver and the cloud behind it."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from simulator.cluster import Cluster


def claim(name: str = "data", size: str = "1Gi", mode: str = "ReadWriteOnce", **spec: str) -> str:
    more = "".join(f", {key}: {value}" for key, value in spec.items())
    return (
        f"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\n"
        f"spec: {{accessModes: [{mode}], resources: {{requests: {{storage: {size}}}}}{more}}}\n---\n"
    )


def volume(name: str, size: str = "1Gi", *, mode: str = "ReadWriteOnce", policy: str = "Retain", **spec: str) -> str:
    fields = {"storageClassName": "manual", "hostPath": f"{{path: /tmp/{name}}}", **spec}
    more = "".join(f", {key}: {value}" for key, value in fields.items())
    return (
        f"apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {name}, labels: {{pv: {name}}}}}\n"
        f"spec: {{capacity: {{storage: {size}}}, accessModes: [{mode}], persistentVolumeReclaimPolicy: {policy}{more}}}\n---\n"
    )


def pod(
    name: str = "web", claim_name: str = "data", *, script: str = "sleep 3600", node: str = "", extra: str = ""
) -> str:
    where = f"  nodeName: {node}\n" if node else ""
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n{where}{extra}  terminationGracePeriodSeconds: 1\n  containers:\n"
        f"  - name: c\n    image: busybox:1.36\n    command: [sh, -c, {script!r}]\n"
        "    volumeMounts: [{name: files, mountPath: /data}]\n"
        f"  volumes: [{{name: files, persistentVolumeClaim: {{claimName: {claim_name}}}}}]\n---\n"
    )


def events(lab: Any, about: str) -> list[str]:
    """`Reason: message` of all events about an object, oldest first."""
    listed = lab.cluster.registry.list("test", "events", None)
    found = [event for event in listed if event["involvedObject"]["name"] == about]
    found.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
    return [f"{event['reason']}: {event['message']}" for event in found]


def actors(lab: Any, verb: str, resource: str) -> list[str]:
    return [row.actor for row in lab.cluster.engine.trail.rows() if row.verb == verb and row.resource == resource]


@pytest.fixture
def cloud(lab: Any) -> Callable[..., Any]:
    """A cluster at a provider, three machines in as many zones."""

    def make(provider: str = "aws", size: int = 3, **config: Any) -> Any:
        given = {"name": "book", "flavour": "cloud", "cloud": {"provider": provider}, "nodeGroups": [{"size": size}]}
        return type(lab)(Cluster.create({**given, **config}))

    return make


def disks(lab: Any) -> list[dict[str, Any]]:
    return list(lab.cluster.cloud.disks.rows())


# Volumes and claims


def test_a_volume_is_available_bound_released_and_back_by_hand(lab: Any) -> None:
    lab.run("kubectl apply -f -", volume("disk"))
    lab.wait(1)
    assert lab.column("kubectl get pv", "STATUS") == ["Available"]
    lab.run("kubectl apply -f -", claim(storageClassName="manual"))
    lab.wait(1)
    assert lab.column("kubectl get pv", "STATUS") == ["Bound"]
    lab.run("kubectl delete pvc data")
    lab.wait(1)
    assert lab.column("kubectl get pv", "STATUS") == ["Released"]
    lab.run("""kubectl patch pv disk --type=json -p '[{"op": "remove", "path": "/spec/claimRef"}]'""")
    lab.wait(1)
    assert lab.column("kubectl get pv", "STATUS") == ["Available"]


def test_a_volume_that_nobody_can_delete_fails_and_says_why(lab: Any) -> None:
    lab.run("kubectl apply -f -", volume("disk", policy="Delete", hostPath="{path: /srv/disk}"))
    lab.run("kubectl apply -f -", claim(storageClassName="manual"))
    lab.wait(1)
    lab.run("kubectl delete pvc data")
    lab.wait(1)
    assert lab.column("kubectl get pv", "STATUS") == ["Failed"]
    assert events(lab, "disk") == [
        "VolumeFailedDelete: host_path deleter only supports /tmp/.+ but received provided /srv/disk"
    ]


def test_a_recycled_volume_is_empty_for_the_next_claim(lab: Any) -> None:
    lab.run("kubectl apply -f -", volume("disk", policy="Recycle"))
    lab.run("kubectl apply -f -", claim(storageClassName="manual"))
    lab.run("kubectl apply -f -", pod(script="echo mine > /data/a; sleep 3600"))
    lab.wait(15)
    assert lab.run("kubectl exec web -- cat /data/a") == "mine\n"
    lab.run("kubectl delete pod web")
    lab.run("kubectl delete pvc data")
    lab.wait(20)
    assert lab.column("kubectl get pv", "STATUS") == ["Available"]
    assert events(lab, "disk") == ["VolumeRecycled: Volume recycled"]


@pytest.mark.parametrize(
    ("volumes", "asks", "wanted"),
    [
        pytest.param(
            volume("big", "10Gi") + volume("small", "2Gi"),
            claim(storageClassName="manual"),
            "small",
            id="the smallest that fits",
        ),
        pytest.param(volume("a", "1Gi"), claim(size="2Gi", storageClassName="manual"), "", id="too small"),
        pytest.param(volume("a"), claim(mode="ReadWriteMany", storageClassName="manual"), "", id="another mode"),
        pytest.param(volume("a"), claim(storageClassName="other"), "", id="another class"),
        pytest.param(
            volume("a") + volume("b"),
            claim(storageClassName="manual", selector="{matchLabels: {pv: b}}"),
            "b",
            id="a selector",
        ),
        pytest.param(volume("a"), claim(storageClassName="manual", volumeMode="Block"), "", id="another volume mode"),
        pytest.param(
            volume("a") + volume("z", "5Gi", claimRef="{namespace: default, name: data}"),
            claim(storageClassName="manual"),
            "z",
            id="one that is reserved for it",
        ),
        pytest.param(
            volume("a") + volume("b"), claim(storageClassName="manual", volumeName="b"), "b", id="one that it names"
        ),
    ],
)
def test_a_claim_gets_the_volume_that_fits(lab: Any, volumes: str, asks: str, wanted: str) -> None:
    lab.run("kubectl apply -f -", volumes)
    lab.wait(1)
    lab.run("kubectl apply -f -", asks)
    lab.wait(2)
    assert lab.value("pvc data", "{.spec.volumeName}") == wanted
    assert lab.column("kubectl get pvc", "STATUS") == ["Bound" if wanted else "Pending"]


def test_a_claim_without_class_says_that_nothing_fits(lab: Any) -> None:
    lab.run("kubectl apply -f -", claim(storageClassName='""'))
    lab.wait(2)
    assert events(lab, "data") == [
        "FailedBinding: no persistent volumes available for this claim and no storage class is set"
    ]
    assert lab.column("kubectl get pvc", "STATUS") == ["Pending"]


def test_one_volume_is_bound_to_one_claim_only(lab: Any) -> None:
    """L11 within the cluster: two claims for one volume, one of them goes without."""
    lab.run("kubectl apply -f -", volume("only"))
    lab.run("kubectl apply -f -", claim("one", storageClassName="manual") + claim("two", storageClassName="manual"))
    lab.wait(3)
    assert sorted(lab.column("kubectl get pvc", "STATUS")) == ["Bound", "Pending"]


def test_a_claim_whose_volume_is_gone_is_lost(lab: Any) -> None:
    lab.run("kubectl apply -f -", volume("disk") + claim(storageClassName="manual"))
    lab.wait(2)
    lab.run("kubectl delete pv disk --wait=false")
    lab.run("""kubectl patch pv disk -p '{"metadata": {"finalizers": null}}'""")
    lab.wait(2)
    assert lab.column("kubectl get pvc", "STATUS") == ["Lost"]
    assert (
        events(lab, "data")[-1] == "ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!"
    )


# Classes


def test_a_claim_without_a_word_takes_the_default_class(lab: Any) -> None:
    assert lab.column("kubectl get sc", "NAME") == ["standard (default)"]
    lab.run("kubectl apply -f -", claim())
    assert lab.value("pvc data", "{.spec.storageClassName}") == "standard"
    described = lab.run("kubectl describe sc standard")
    assert re.search(r"^IsDefaultClass: +Yes$", described, re.MULTILINE)
    assert re.search(r"^VolumeBindingMode: +WaitForFirstConsumer$", described, re.MULTILINE)


def test_a_class_that_becomes_default_later_is_given_to_those_that_wait(lab: Any) -> None:
    mark = "storageclass.kubernetes.io/is-default-class"
    lab.run(f"kubectl annotate sc standard {mark}-")
    lab.run("kubectl apply -f -", claim())
    lab.wait(1)
    assert lab.value("pvc data", "{.spec.storageClassName}") == ""
    lab.run(f"kubectl annotate sc standard {mark}=true")
    lab.wait(1)
    assert lab.value("pvc data", "{.spec.storageClassName}") == "standard"


def test_an_unknown_class_is_named(lab: Any) -> None:
    lab.run("kubectl apply -f -", claim(storageClassName="fast"))
    lab.wait(1)
    assert events(lab, "data") == ['ProvisioningFailed: storageclass.storage.k8s.io "fast" not found']


@pytest.mark.parametrize(
    ("config", "classes"),
    [
        pytest.param(
            {"flavour": "kind"}, [("standard (default)", "rancher.io/local-path", "WaitForFirstConsumer")], id="kind"
        ),
        pytest.param({"flavour": "desktop"}, [("hostpath (default)", "docker.io/hostpath", "Immediate")], id="desktop"),
        pytest.param(
            {"flavour": "cloud", "cloud": {"provider": "aws"}},
            [("gp3 (default)", "ebs.csi.aws.com", "WaitForFirstConsumer")],
            id="aws",
        ),
        pytest.param(
            {"flavour": "cloud", "cloud": {"provider": "google"}},
            [
                ("premium-rwo", "pd.csi.storage.gke.io", "WaitForFirstConsumer"),
                ("standard-rwo (default)", "pd.csi.storage.gke.io", "WaitForFirstConsumer"),
            ],
            id="google",
        ),
        pytest.param(
            {"flavour": "cloud", "cloud": {"provider": "linode"}},
            [
                ("linode-block-storage", "linodebs.csi.linode.com", "Immediate"),
                ("linode-block-storage-retain (default)", "linodebs.csi.linode.com", "Immediate"),
            ],
            id="linode",
        ),
    ],
)
def test_every_flavour_has_the_classes_of_its_driver(
    lab: Any, config: dict[str, Any], classes: list[tuple[str, ...]]
) -> None:
    made = type(lab)(Cluster.create(config))
    columns = [made.column("kubectl get sc", name) for name in ("NAME", "PROVISIONER", "VOLUMEBINDINGMODE")]
    assert list(zip(*columns, strict=True)) == classes


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
    assert told[-3:] == [
        "ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'ebs.csi.aws.com' or manually "
        "by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly "
        "registered.",
        'Provisioning: External provisioner is provisioning volume for claim "default/data"',
        f"ProvisioningSucceeded: Successfully provisioned volume pvc-{uid}",
    ]
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
        "FailedMount: Unable to attach or mount volumes: unmounted volumes=[files], unattached volumes=[], "
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


# Volumes without a claim


def two_containers(volume: str, *, first: str, second: str = "sleep 3600", mounts: str = "") -> str:
    mounts = mounts or "[{name: v, mountPath: /data}]"
    return (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: duo, labels: {app: duo}, annotations: {note: first}}\nspec:\n"
        "  terminationGracePeriodSeconds: 1\n  containers:\n"
        f"  - {{name: a, image: 'busybox:1.36', command: [sh, -c, {first!r}], volumeMounts: {mounts}}}\n"
        f"  - {{name: b, image: 'busybox:1.36', command: [sh, -c, {second!r}], volumeMounts: {mounts}}}\n"
        f"  volumes: [{{name: v, {volume}}}]\n"
    )


def test_an_empty_dir_is_shared_and_outlives_containers_but_not_the_pod(lab: Any) -> None:
    lab.run("kubectl apply -f -", two_containers("emptyDir: {}", first="echo from a > /data/a; sleep 3600"))
    lab.wait(15)
    assert lab.run("kubectl exec duo -c b -- cat /data/a") == "from a\n"
    lab.run("kubectl exec duo -c b -- sh -c 'echo from b > /data/b'")
    lab.fault("kill-process", "default/duo/b")
    lab.wait(15)
    assert lab.run("kubectl exec duo -c b -- cat /data/b") == "from b\n"
    lab.run("kubectl delete pod duo")
    lab.wait(5)
    lab.run("kubectl apply -f -", two_containers("emptyDir: {}", first="sleep 3600"))
    lab.wait(15)
    assert lab.run("kubectl exec duo -c b -- ls /data") == ""


def test_a_pod_that_fills_its_empty_dir_is_evicted(lab: Any) -> None:
    lab.run("kubectl apply -f -", two_containers("emptyDir: {sizeLimit: 20}", first="sleep 3600"))
    lab.wait(15)
    lab.run("kubectl exec duo -c a -- sh -c 'echo more than twenty bytes are too many > /data/a'")
    lab.wait(15)
    assert lab.value("pod duo", "{.status.phase} {.status.reason}") == "Failed Evicted"
    assert lab.value("pod duo", "{.status.message}") == 'Usage of EmptyDir volume "v" exceeds the limit "20". '
    assert 'Evicted: Usage of EmptyDir volume "v" exceeds the limit "20". ' in events(lab, "duo")


def test_a_full_memory_volume_refuses(lab: Any) -> None:
    lab.run("kubectl apply -f -", two_containers("emptyDir: {medium: Memory, sizeLimit: 8}", first="sleep 3600"))
    lab.wait(15)
    assert "No space left on device" in lab.failure("kubectl exec duo -c a -- sh -c 'echo 0123456789 > /data/a'")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        pytest.param("{path: /srv/none, type: Directory}", "/srv/none is not a directory", id="directory"),
        pytest.param("{path: /srv/none, type: File}", "/srv/none is not a file", id="file"),
        pytest.param("{path: /etc, type: Socket}", "/etc is not a socket file", id="socket"),
        pytest.param("{path: /dev/sda, type: CharDevice}", "/dev/sda is not a character device", id="character device"),
        pytest.param("{path: /dev/null, type: BlockDevice}", "/dev/null is not a block device", id="block device"),
        pytest.param(
            "{path: /etc/hostname, type: DirectoryOrCreate}", "/etc/hostname is not a directory", id="or create"
        ),
    ],
)
def test_a_host_path_of_another_type_is_not_mounted(lab: Any, source: str, problem: str) -> None:
    lab.run("kubectl apply -f -", two_containers(f"hostPath: {source}", first="sleep 3600"))
    lab.wait(10)
    assert lab.column("kubectl get pods", "STATUS") == ["ContainerCreating"]
    assert f'FailedMount: MountVolume.SetUp failed for volume "v" : hostPath type check failed: {problem}' in events(
        lab, "duo"
    )


def test_a_host_path_belongs_to_the_node(make_lab: Any) -> None:
    lab = make_lab(workers=1)
    lab.run(
        "kubectl apply -f -",
        two_containers("hostPath: {path: /srv/x, type: DirectoryOrCreate}", first="echo 1 > /data/a; sleep 3600"),
    )
    lab.wait(15)
    lab.run("kubectl delete pod duo")
    lab.wait(5)
    lab.run("kubectl apply -f -", two_containers("hostPath: {path: /srv, type: Directory}", first="sleep 3600"))
    lab.wait(15)
    assert lab.run("kubectl exec duo -c a -- cat /data/x/a") == "1\n"


def test_a_config_map_changes_in_running_containers_after_a_while(lab: Any) -> None:
    """M4."""
    lab.run("kubectl create configmap settings --from-literal=colour=blue --from-literal=size=big")
    mounts = "[{name: v, mountPath: /etc/settings}, {name: v, mountPath: /etc/colour, subPath: colour}]"
    lab.run("kubectl apply -f -", two_containers("configMap: {name: settings}", first="sleep 3600", mounts=mounts))
    lab.wait(15)
    lab.run('kubectl patch configmap settings -p \'{"data": {"colour": "red"}}\'')
    lab.wait(0.1)
    assert lab.run("kubectl exec duo -c a -- cat /etc/settings/colour").strip() == "blue"
    lab.wait(61)
    assert lab.run("kubectl exec duo -c a -- cat /etc/settings/colour").strip() == "red"
    assert lab.run("kubectl exec duo -c a -- cat /etc/colour").strip() == "blue"
    assert lab.value("pod duo", "{.status.containerStatuses[0].restartCount}") == "0"
    lab.fault("kill-process", "default/duo/a")
    lab.wait(15)
    assert lab.run("kubectl exec duo -c a -- cat /etc/colour").strip() == "red"
    assert "Read-only file system" in lab.failure("kubectl exec duo -c a -- sh -c 'echo x > /etc/settings/colour'")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("configMap: {name: none}", 'configmap "none" not found', id="no ConfigMap"),
        pytest.param("secret: {secretName: none}", 'secret "none" not found', id="no Secret"),
        pytest.param(
            "configMap: {name: there, items: [{key: b, path: b}]}", "references non-existent config key: b", id="no key"
        ),
        pytest.param("projected: {sources: [{secret: {name: none}}]}", 'secret "none" not found', id="projected"),
    ],
)
def test_a_missing_source_holds_the_pod_until_it_comes(lab: Any, source: str, said: str) -> None:
    lab.run("kubectl create configmap there --from-literal=a=1")
    lab.run("kubectl apply -f -", two_containers(source, first="sleep 3600"))
    lab.wait(5)
    assert lab.column("kubectl get pods", "STATUS") == ["ContainerCreating"]
    assert f'FailedMount: MountVolume.SetUp failed for volume "v" : {said}' in events(lab, "duo")


def test_an_optional_source_may_be_missing(lab: Any) -> None:
    lab.run("kubectl apply -f -", two_containers("configMap: {name: none, optional: true}", first="sleep 3600"))
    lab.wait(15)
    assert lab.column("kubectl get pods", "STATUS") == ["Running"]


def test_several_sources_are_projected_into_one_directory(lab: Any) -> None:
    lab.run("kubectl create configmap settings --from-literal=colour=blue")
    lab.run("kubectl create secret generic keys --from-literal=token=s3cret")
    sources = (
        "projected: {sources: [{configMap: {name: settings, items: [{key: colour, path: conf/colour}]}}, {secret: {name: keys}}, "
        "{downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}, {path: name, fieldRef: {fieldPath: metadata.name}}]}}]}"
    )
    lab.run("kubectl apply -f -", two_containers(sources, first="sleep 3600"))
    lab.wait(15)
    shown = [
        lab.run(f"kubectl exec duo -c a -- cat /data/{name}").strip()
        for name in ("conf/colour", "token", "labels", "name")
    ]
    assert shown == ["blue", "s3cret", 'app="duo"', "duo"]


def test_an_ephemeral_volume_has_a_claim_of_its_own_that_goes_with_the_pod(lab: Any) -> None:
    template = "ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}"
    lab.run("kubectl apply -f -", two_containers(template, first="echo 1 > /data/a; sleep 3600"))
    lab.wait(20)
    assert lab.column("kubectl get pvc", "NAME") == ["duo-v"]
    assert lab.column("kubectl get pvc", "STATUS") == ["Bound"]
    assert lab.value("pvc duo-v", "{.metadata.ownerReferences[0].name}") == "duo"
    lab.run("kubectl delete pod duo")
    lab.wait(20)
    assert lab.run("kubectl get pvc,pv") == ""


def test_a_sidecar_brings_the_content_that_the_server_serves(lab: Any) -> None:
    """D34: the synchroniser writes, the web server answers with what is there now."""
    lab.run(
        "kubectl apply -f -",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: site, labels: {app: site}}\nspec:\n  containers:\n"
        "  - {name: web, image: 'nginx:1.27', volumeMounts: [{name: html, mountPath: /usr/share/nginx/html, readOnly: true}]}\n"
        "  - {name: sync, image: 'busybox:1.36', command: [sh, -c, 'echo version one > /repo/index.html; sleep 3600'], "
        "volumeMounts: [{name: html, mountPath: /repo}]}\n"
        "  volumes: [{name: html, emptyDir: {}}]\n",
    )
    lab.run("kubectl run jump --image=curlimages/curl --command -- sleep 3600")
    lab.wait(20)
    address = lab.value("pod site", "{.status.podIP}")
    assert lab.run(f"kubectl exec jump -- curl -s http://{address}/") == "version one\n"
    lab.run("kubectl exec site -c sync -- sh -c 'echo version two > /repo/index.html'")
    assert lab.run(f"kubectl exec jump -- curl -s http://{address}/") == "version two\n"


# StatefulSets

SET = """\
apiVersion: v1
kind: Service
metadata: {name: dullahan}
spec: {clusterIP: None, selector: {app: web}, ports: [{name: web, port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: tkb-sts}
spec:
  replicas: 3
  serviceName: dullahan
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: ctr-web, image: "nginx:1.27", ports: [{containerPort: 80}], volumeMounts: [{name: webroot, mountPath: /usr/share/nginx/html}]}
  volumeClaimTemplates:
  - metadata: {name: webroot}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""


@pytest.fixture
def members(lab: Any) -> Any:
    lab.run("kubectl apply -f -", SET)
    lab.wait(60)
    assert lab.column("kubectl get sts", "READY") == ["3/3"]
    return lab


def test_every_member_keeps_its_own_claim(members: Any) -> None:
    """N4."""
    lab = members
    names = [f"webroot-tkb-sts-{n}" for n in range(3)]
    assert lab.column("kubectl get pvc", "NAME") == names
    assert lab.column("kubectl get pvc", "STATUS") == ["Bound"] * 3
    lab.run("kubectl exec tkb-sts-1 -- sh -c 'echo member one > /usr/share/nginx/html/index.html'")
    volume_name = lab.value("pvc webroot-tkb-sts-1", "{.spec.volumeName}")
    lab.run("kubectl scale sts tkb-sts --replicas=1")
    lab.wait(30)
    assert lab.column("kubectl get pvc", "STATUS") == ["Bound"] * 3
    lab.run("kubectl scale sts tkb-sts --replicas=3")
    lab.wait(60)
    assert lab.value("pvc webroot-tkb-sts-1", "{.spec.volumeName}") == volume_name
    assert lab.run("kubectl exec tkb-sts-1 -- cat /usr/share/nginx/html/index.html") == "member one\n"


def test_a_member_that_comes_back_has_its_name_its_address_and_its_volume(members: Any) -> None:
    """N2, N3 and N7: only the uid is new."""
    lab = members
    lab.run("kubectl exec tkb-sts-0 -- sh -c 'echo mine > /usr/share/nginx/html/index.html'")
    uid, node = lab.value("pod tkb-sts-0", "{.metadata.uid}"), lab.value("pod tkb-sts-0", "{.spec.nodeName}")
    lab.run("kubectl delete pod tkb-sts-0")
    lab.wait(30)
    assert lab.column("kubectl get pods", "NAME") == ["tkb-sts-0", "tkb-sts-1", "tkb-sts-2"]
    assert lab.value("pod tkb-sts-0", "{.metadata.uid}") != uid
    assert lab.value("pod tkb-sts-0", "{.spec.nodeName}") == node
    assert lab.run("kubectl exec tkb-sts-0 -- cat /usr/share/nginx/html/index.html") == "mine\n"
    lab.run("kubectl run jump --image=busybox:1.36 -- sleep 3600")
    lab.wait(15)
    found = lab.run("kubectl exec jump -- nslookup tkb-sts-0.dullahan.default.svc.cluster.local")
    assert f"Address: {lab.value('pod tkb-sts-0', '{.status.podIP}')}" in found
    cards = [
        (row.name, row.uid)
        for row in lab.cluster.engine.trail.rows()
        if row.verb == "create" and row.resource == "pods"
    ]
    assert [name for name, _ in cards if name == "tkb-sts-0"] == ["tkb-sts-0", "tkb-sts-0"]
    assert len({one for name, one in cards if name == "tkb-sts-0"}) == 2


def test_without_its_headless_service_a_set_runs_and_its_members_have_no_name(members: Any) -> None:
    """Myth T7."""
    lab = members
    lab.run("kubectl delete service dullahan")
    lab.run("kubectl run jump --image=busybox:1.36 -- sleep 3600")
    lab.wait(15)
    assert lab.column("kubectl get sts", "READY") == ["3/3"]
    assert (
        "can't resolve" in (said := lab.failure("kubectl exec jump -- nslookup tkb-sts-0.dullahan"))
        or "NXDOMAIN" in said
    )


def test_the_retention_policy_takes_the_claims_along(lab: Any) -> None:
    policy = "  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Delete}\n"
    lab.run("kubectl apply -f -", SET.replace("  replicas: 3\n", f"  replicas: 2\n{policy}"))
    lab.wait(40)
    lab.run("kubectl scale sts tkb-sts --replicas=1")
    lab.wait(30)
    assert lab.column("kubectl get pvc", "NAME") == ["webroot-tkb-sts-0"]
    lab.run("kubectl delete sts tkb-sts")
    lab.wait(40)
    assert lab.run("kubectl get pvc,pv") == ""


# Quota


def test_a_quota_counts_claims_and_what_they_ask_for(lab: Any) -> None:
    lab.run("kubectl create quota space --hard=persistentvolumeclaims=2,requests.storage=3Gi")
    lab.wait(1)
    lab.run("kubectl apply -f -", claim("one", "2Gi"))
    said = lab.refusal("kubectl apply -f -", claim("two", "2Gi"))
    assert (
        "exceeded quota: space, requested: requests.storage=2Gi, used: requests.storage=2Gi, limited: requests.storage=3Gi"
        in said
    )
    lab.run("kubectl apply -f -", claim("two", "1Gi"))
    assert "exceeded quota: space, requested: persistentvolumeclaims=1" in lab.refusal(
        "kubectl apply -f -", claim("three", "1")
    )


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


def test_a_member_on_a_dead_machine_comes_back_with_its_disk_when_somebody_vouches_for_it(cloud: Any) -> None:
    """N12: until then nobody takes its name."""
    lab = cloud("linode", size=2)
    lab.run("kubectl apply -f -", SET.replace("replicas: 3", "replicas: 1"))
    lab.wait(40)
    lab.run("kubectl exec tkb-sts-0 -- sh -c 'echo mine > /usr/share/nginx/html/index.html'")
    dead = lab.value("pod tkb-sts-0", "{.spec.nodeName}")
    lab.fault("node-power-off", dead)
    lab.wait(600)
    assert lab.column("kubectl get pods", "STATUS") == ["Terminating"]
    assert lab.value("pod tkb-sts-0", "{.spec.nodeName}") == dead
    lab.run(f"kubectl taint node {dead} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute")
    lab.wait(60)
    assert lab.column("kubectl get pods", "STATUS") == ["Running"]
    assert lab.value("pod tkb-sts-0", "{.spec.nodeName}") != dead
    assert lab.run("kubectl exec tkb-sts-0 -- cat /usr/share/nginx/html/index.html") == "mine\n"


# Raw devices and what containers write beside volumes


def test_a_raw_device_is_a_file_that_keeps_its_bytes(cloud: Any) -> None:
    lab = cloud("aws")
    raw = pod().replace(
        "volumeMounts: [{name: files, mountPath: /data}]", "volumeDevices: [{name: files, devicePath: /dev/xvda}]"
    )
    lab.run("kubectl apply -f -", claim(volumeMode="Block") + raw)
    lab.wait(20)
    assert lab.column("kubectl get pods", "STATUS") == ["Running"]
    lab.run("kubectl exec web -- sh -c 'echo bytes > /dev/xvda'")
    lab.run("kubectl delete pod web")
    lab.wait(20)
    lab.run("kubectl apply -f -", raw.replace("name: web", "name: next"))
    lab.wait(20)
    assert lab.run("kubectl exec next -- cat /dev/xvda") == "bytes\n"


def test_a_raw_device_cannot_be_mounted_as_a_directory(cloud: Any) -> None:
    lab = cloud("aws")
    lab.run("kubectl apply -f -", claim(volumeMode="Block") + pod())
    lab.wait(150)
    assert events(lab, "web")[-1] == (
        "FailedMount: Unable to attach or mount volumes: unmounted volumes=[files], unattached volumes=[], failed to process "
        "volumes=[files]: volume files has volumeMode Block, but is specified in volumeMounts"
    )


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        pytest.param(
            "{ephemeral-storage: 1Ki}",
            "Pod ephemeral local storage usage exceeds the total limit of containers 1Ki. ",
            id="pod",
        ),
    ],
)
def test_a_pod_that_writes_more_than_its_limit_is_evicted(lab: Any, limits: str, message: str) -> None:
    lab.run(
        "kubectl apply -f -",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: big}\nspec:\n  terminationGracePeriodSeconds: 1\n  containers:\n"
        f"  - {{name: c, image: 'busybox:1.36', command: [sleep, '3600'], resources: {{limits: {limits}}}}}\n",
    )
    lab.wait(15)
    lab.run(f"kubectl exec big -- sh -c 'echo {'x' * 1500} > /tmp/big'")
    lab.wait(12)
    assert lab.value("pod big", "{.status.phase} {.status.reason}") == "Failed Evicted"
    assert lab.value("pod big", "{.status.message}") == message


def test_one_container_of_several_may_be_the_cause(lab: Any) -> None:
    two = two_containers("emptyDir: {}", first="sleep 3600").replace(
        "{name: a, image: 'busybox:1.36'",
        "{name: a, resources: {limits: {ephemeral-storage: 1Ki}}, image: 'busybox:1.36'",
    )
    lab.run("kubectl apply -f -", two)
    lab.wait(15)
    lab.run(f"kubectl exec duo -c a -- sh -c 'echo {'x' * 1500} > /tmp/big'")
    lab.wait(12)
    assert lab.value("pod duo", "{.status.message}") == 'Container a exceeded its local ephemeral storage limit "1Ki". '


def test_ephemeral_storage_is_part_of_what_a_node_has_to_give(make_lab: Any) -> None:
    lab = make_lab(workers=1)
    node = next(name for name in lab.column("kubectl get nodes", "NAME") if "worker" in name)
    assert lab.value(f"node {node}", "{.status.capacity.ephemeral-storage}") == "61255492Ki"
    lab.run(
        "kubectl apply -f -",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: big}\nspec:\n  containers:\n"
        "  - {name: c, image: 'nginx:1.27', resources: {requests: {ephemeral-storage: 100Gi}}}\n",
    )
    lab.wait(3)
    assert "1 Insufficient ephemeral-storage" in events(lab, "big")[0]


# Snapshots

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


# Flavours


@pytest.mark.parametrize(
    ("config", "storage_class", "has_address", "zones"),
    [
        pytest.param({"flavour": "kind"}, "standard", False, [""], id="kind"),
        pytest.param(
            {"flavour": "cloud", "cloud": {"provider": "aws"}, "nodeGroups": [{"size": 3}]},
            "gp3",
            True,
            ["us-east-2a", "us-east-2b", "us-east-2c"],
            id="cloud",
        ),
    ],
)
def test_a_cluster_shows_where_it_was_got(
    lab: Any, config: dict[str, Any], storage_class: str, has_address: bool, zones: list[str]
) -> None:
    """A30: storage class, external address and zone labels tell a laptop from a cloud."""
    made = type(lab)(Cluster.create({"name": "book", **config}))
    assert made.column("kubectl get sc", "NAME") == [f"{storage_class} (default)"]
    made.run("kubectl create deployment web --image=nginx:1.27")
    made.run("kubectl expose deployment web --port=80 --type=LoadBalancer")
    made.wait(120)
    address = made.value("svc web", "{.status.loadBalancer.ingress[0]}")
    assert bool(address) is has_address
    shown = made.column("kubectl get nodes -L topology.kubernetes.io/zone", "ZONE")
    assert sorted(set(shown)) == zones
