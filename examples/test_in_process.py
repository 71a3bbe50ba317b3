"""No client at all: the test talks to the cluster in its own process."""

import pytest

TWO_WORKERS = "kind: Cluster\nnodes: [{role: control-plane}, {role: worker}, {role: worker}]"


@pytest.mark.kube(config=TWO_WORKERS)
def test_pods_move_away_from_a_dead_machine_after_five_minutes(kube_cluster):
    kube_cluster.kubectl("create deployment web --image=nginx --replicas=2")
    kube_cluster.advance("1m")
    dead = kube_cluster.list("pods")[0]["spec"]["nodeName"]
    kube_cluster.break_("node-power-off", dead)
    kube_cluster.advance("4m")
    assert kube_cluster.get("deployment", "web")["status"]["readyReplicas"] == 1
    kube_cluster.advance("3m")
    assert kube_cluster.get("deployment", "web")["status"]["readyReplicas"] == 2


def test_a_second_cluster_stands_beside_the_first(kube_cluster):
    kube_cluster.shell("kind create cluster --name second")
    kube_cluster.advance("10s")
    assert kube_cluster.kubectl("get nodes -o name").stdout == "node/second-control-plane\n"
    kube_cluster.kubectl("config use-context kind-kind")
    assert "node/kind-control-plane\n" in kube_cluster.kubectl("get nodes -o name").stdout
