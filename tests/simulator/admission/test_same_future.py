"""A cluster with policy in it has the same future after it was written to bytes and read back."""

import pytest

from simulator.cluster import Cluster

RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


def shell(cluster: Cluster, line: str, seconds: float = 0.3) -> None:
    cluster.apply({"kind": "shell", "line": line})
    cluster.advance(cluster.now + round(seconds * 1_000_000))


@pytest.mark.parametrize("pause", [0.0, 0.05, 0.5, 5.0])
def test_a_restored_cluster_counts_refuses_and_gathers_alike(pause: float) -> None:
    cluster = Cluster.create(seed=7)
    shell(cluster, "kubectl create quota team --hard=pods=4,count/configmaps=9,requests.cpu=1")
    shell(cluster, "kubectl create deployment web --image=nginx --replicas=6")
    shell(cluster, "kubectl set resources deployment web --requests=cpu=100m")
    shell(cluster, "kubectl create clusterrole extra --verb=get --resource=nodes")
    shell(cluster, "kubectl label clusterrole extra rbac.authorization.k8s.io/aggregate-to-view=true", pause)
    other = Cluster.load(cluster.dump())
    assert other.state_hash() == cluster.state_hash()
    for one in (cluster, other):
        shell(one, "kubectl delete pods --all --wait=false", 2)
        shell(one, "kubectl scale deployment web --replicas=2", 20)
        shell(one, f"kubectl label namespace default {RESTRICTED}", 1)
        shell(one, "kubectl rollout restart deployment web", 20)
    assert other.state_hash() == cluster.state_hash()
    used = cluster.registry.get("test", "resourcequotas", "default", "team")["status"]["used"]
    assert used == {"pods": "2", "count/configmaps": "1", "requests.cpu": "200m"}
