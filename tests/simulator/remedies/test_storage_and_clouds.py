"""What would let a pod run that waits for storage, or for a machine of a managed cluster."""

from typing import Any

import pytest

from simulator.cluster import Cluster

SECOND = 1_000_000
POD = """
apiVersion: v1
kind: Pod
metadata: {name: %s}
spec:
  containers: [{name: app, image: "nginx:1.27"}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
"""
CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [%s], resources: {requests: {storage: 1Gi}}%s}
"""
CLASS = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: by-hand}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: %s
"""
ZONED = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: zoned}
provisioner: rancher.io/local-path
volumeBindingMode: WaitForFirstConsumer
allowedTopologies: [{matchLabelExpressions: [{key: topology.kubernetes.io/zone, values: [nowhere]}]}]
"""


def run(cluster: Cluster, seconds: float) -> None:
    until = cluster.now + int(seconds * SECOND)
    while not cluster.advance(until):
        continue


def shell(cluster: Cluster, line: str, stdin: str = "") -> None:
    reply = cluster.apply({"kind": "shell", "line": line, "stdin": stdin})
    assert reply["exit"] == 0, reply


def applied(*texts: str, wait: float = 20) -> Cluster:
    cluster = Cluster.create()
    for text in texts:
        shell(cluster, "kubectl apply -f -", text)
    run(cluster, wait)
    return cluster


def remedies(cluster: Cluster, name: str = "lone") -> dict[str, Any]:
    before = cluster.state_hash()
    reply = cluster.apply({"kind": "remedies", "namespace": "default", "name": name})
    assert cluster.state_hash() == before
    return reply


def waits(cluster: Cluster, name: str = "lone") -> bool:
    pod = cluster.registry.get("test", "pods", "default", name)
    return not pod["spec"].get("nodeName")


CASES = {
    "no class of that name": (
        (CLAIM % ("ReadWriteOnce", ", storageClassName: fast"), POD % "lone"),
        "Make the PersistentVolumeClaim data anew with the storage class standard",
        "spec.storageClassName",
    ),
    "no class at all": (
        (CLAIM % ("ReadWriteOnce", ', storageClassName: ""'), POD % "lone"),
        "Make the PersistentVolumeClaim data anew with the storage class standard",
        "spec.storageClassName",
    ),
    "an immediate claim and no volume": (
        (CLASS % "Immediate", CLAIM % ("ReadWriteOnce", ", storageClassName: by-hand"), POD % "lone"),
        "Create a PersistentVolume of 1Gi for the claim data",
        "",
    ),
    "a waiting claim and no volume": (
        (CLASS % "WaitForFirstConsumer", CLAIM % ("ReadWriteOnce", ", storageClassName: by-hand"), POD % "lone"),
        "Create a PersistentVolume of 1Gi for the claim data",
        "",
    ),
    "a class for other zones": (
        (ZONED, CLAIM % ("ReadWriteOnce", ", storageClassName: zoned"), POD % "lone"),
        "Make the PersistentVolumeClaim data anew with the storage class standard",
        "spec.storageClassName",
    ),
    "a volume that is not there": (
        (CLAIM % ("ReadWriteOnce", ", volumeName: lost"), POD % "lone"),
        "Make the PersistentVolumeClaim data anew without asking for the volume lost",
        "spec.volumeName",
    ),
    "a claim that another pod has": (
        (CLAIM % ("ReadWriteOncePod", ""), POD % "first", POD % "lone"),
        "Delete Pod first",
        "",
    ),
}


@pytest.mark.parametrize(("texts", "say", "field"), CASES.values(), ids=CASES)
def test_storage(texts: tuple[str, ...], say: str, field: str) -> None:
    cluster = applied(*texts)
    assert waits(cluster)
    reply = remedies(cluster)
    assert reply["say"].partition(": then it runs on ")[0] == say
    assert reply["remedies"][0]["fields"][-1][1] == field
    for command in reply["remedies"][0]["commands"]:
        assert cluster.apply(command)["exit"] == 0
        run(cluster, 2)
    run(cluster, 30)
    assert not waits(cluster)


def test_a_volume_whose_machine_is_cordoned_needs_its_machine() -> None:
    cluster = applied(CLAIM % ("ReadWriteOnce", ""), POD % "first")
    node = cluster.registry.get("test", "pods", "default", "first")["spec"]["nodeName"]
    shell(cluster, "kubectl delete pod first")
    shell(cluster, f"kubectl cordon {node}")
    shell(cluster, "kubectl apply -f -", POD % "lone")
    run(cluster, 20)
    assert waits(cluster)
    assert remedies(cluster)["say"].startswith(f"Uncordon {node}: then it runs on {node} ")


def test_a_volume_whose_machine_is_gone_is_lost() -> None:
    cluster = applied(CLAIM % ("ReadWriteOnce", ""), POD % "first")
    node = cluster.registry.get("test", "pods", "default", "first")["spec"]["nodeName"]
    volume = cluster.registry.get("test", "persistentvolumeclaims", "default", "data")["spec"]["volumeName"]
    shell(cluster, "kubectl delete pod first")
    run(cluster, 40)
    cluster.apply({"kind": "fault", "fault": "node-power-off", "target": node})
    shell(cluster, f"kubectl delete node {node}")
    shell(cluster, "kubectl apply -f -", POD % "lone")
    run(cluster, 20)
    assert remedies(cluster)["say"].startswith(
        f"Make the PersistentVolumeClaim data anew, without what {volume} held: then it runs on "
    )


# A managed cluster


def managed(size: int, **group: int) -> Cluster:
    groups = [{"size": size, "min": 1, "max": size, **group}]
    config = {"name": "book", "flavour": "cloud", "cloud": {"provider": "aws"}, "nodeGroups": groups}
    return Cluster.create(config)


def deploy(cluster: Cluster, replicas: int) -> None:
    shell(cluster, f"kubectl create deployment web --image=nginx:1.27 --replicas={replicas}")
    shell(cluster, "kubectl set resources deployment web --requests=cpu=1500m")
    run(cluster, 60)


def stuck(cluster: Cluster) -> str:
    pods = cluster.registry.list("test", "pods", "default")
    return next(pod["metadata"]["name"] for pod in pods if not pod["spec"].get("nodeName"))


def said(cluster: Cluster) -> list[str]:
    return [one["say"] for one in remedies(cluster, stuck(cluster))["remedies"]]


def test_a_node_group_at_its_largest_may_grow() -> None:
    cluster = managed(2)
    deploy(cluster, 3)
    assert "let the node group workers have 3 machines instead of 2" in said(cluster)
    cluster.apply({"kind": "fault", "fault": "cloud-group-max", "target": "workers=3"})
    run(cluster, 200)
    assert len(cluster.registry.list("test", "nodes")) == 3
    again = Cluster.load(cluster.dump())
    assert again.cloud is not None
    assert again.cloud.groups["workers"].max == 3


def test_a_node_group_of_a_fixed_size_gets_its_machine_at_once() -> None:
    cluster = managed(2, min=2)
    deploy(cluster, 3)
    assert "let the node group workers have 3 machines instead of 2" in said(cluster)


def test_a_quota_may_be_raised() -> None:
    cluster = managed(2, max=5)
    cluster.apply({"kind": "fault", "fault": "cloud-quota", "target": "cpus=4"})
    deploy(cluster, 3)
    assert "raise the cloud's quota of CPUs from 4 to 6" in said(cluster)


@pytest.mark.parametrize("target", ["workers", "workers=0", "other=3", "workers=many"])
def test_what_is_no_size_of_a_group_is_refused(target: str) -> None:
    reply = managed(1).apply({"kind": "fault", "fault": "cloud-group-max", "target": target})
    assert reply["error"]["message"] == (
        f"target: found {target!r}, wanted GROUP=NUMBER with one of the node groups workers"
    )
