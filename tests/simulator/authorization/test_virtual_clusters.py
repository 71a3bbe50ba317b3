"""Namespaces divide one cluster: lists, quotas and rights end at their borders (what the learner sees of it)."""

import pytest

from simulator.cluster import Cluster


@pytest.fixture
def cluster() -> Cluster:
    return Cluster.create(profile="instant")


def shell(cluster: Cluster, line: str) -> str:
    reply = cluster.apply({"kind": "shell", "line": line})
    cluster.advance(cluster.now + 2_000_000)
    return str(reply["stdout"] + reply["stderr"])


def test_lists_and_quotas_are_a_namespaces_own(cluster: Cluster) -> None:
    for line in ("create namespace blue", "create namespace green", "create quota small --hard=pods=1 -n blue"):
        shell(cluster, f"kubectl {line}")
    for namespace in ("blue", "green"):
        shell(cluster, f"kubectl run one --image=nginx -n {namespace}")
    assert shell(cluster, "kubectl run two --image=nginx -n blue") == (
        'Error from server (Forbidden): pods "two" is forbidden: exceeded quota: small, requested: pods=1, '
        "used: pods=1, limited: pods=1\n"
    )
    assert shell(cluster, "kubectl run two --image=nginx -n green") == "pod/two created\n"
    assert shell(cluster, "kubectl get pods -n blue -o name") == "pod/one\n"
    assert shell(cluster, "kubectl get pods -n green -o name") == "pod/one\npod/two\n"


def test_kube_public_is_readable_by_anyone_and_the_rest_is_not(cluster: Cluster) -> None:
    seen = shell(cluster, "kubectl get configmap cluster-info -n kube-public -o name --as system:anonymous")
    assert seen == "configmap/cluster-info\n"
    assert shell(cluster, "kubectl get configmap coredns -n kube-system --as system:anonymous") == (
        'Error from server (Forbidden): configmaps "coredns" is forbidden: User "system:anonymous" cannot get resource '
        '"configmaps" in API group "" in the namespace "kube-system"\n'
    )


def test_a_user_may_do_what_a_binding_grants_and_can_ask(cluster: Cluster) -> None:
    shell(cluster, "kubectl create role reader --verb=get,list --resource=pods")
    shell(cluster, "kubectl create rolebinding jane --role=reader --user=jane")
    assert shell(cluster, "kubectl auth can-i list pods --as jane") == "yes\n"
    assert shell(cluster, "kubectl get pods --as jane") == "No resources found in default namespace.\n"
    assert shell(cluster, "kubectl auth can-i delete pods --as jane") == "no\n"
    assert shell(cluster, "kubectl delete pod web --as jane") == (
        'Error from server (Forbidden): pods "web" is forbidden: User "jane" cannot delete resource "pods" in API group "" '
        'in the namespace "default"\n'
    )
