"""Whom the terminal's kubectl acts for: `--as`, `--token` and the user of the kubeconfig's context."""

import pytest

from simulator.cluster import Cluster


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return Cluster.create(profile="instant")


def shell(cluster: Cluster, line: str) -> str:
    reply = cluster.apply({"kind": "shell", "line": line})
    return str(reply["stdout"] + reply["stderr"])


def test_as_sends_the_command_in_anothers_name(cluster: Cluster) -> None:
    assert shell(cluster, "kubectl get pods --as jane") == (
        'Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" '
        'in the namespace "default"\n'
    )
    shell(cluster, "kubectl create clusterrolebinding ops --clusterrole=view --group=ops")
    assert shell(cluster, "kubectl get pods --as jane --as-group dev --as-group ops") == (
        "No resources found in default namespace.\n"
    )
    assert shell(cluster, "kubectl auth can-i delete pods --as jane --as-group ops") == "no\n"
    assert shell(cluster, "kubectl auth can-i '*' '*'") == "yes\n"


def test_a_context_brings_its_user(cluster: Cluster) -> None:
    config = cluster.workstation.session.config
    document = config.document()
    changed = {
        **document,
        "users": [*document["users"], {"name": "robot", "user": {"as": "system:serviceaccount:default:robot"}}],
    }
    config.write(changed)
    assert shell(cluster, "kubectl get nodes --user robot") == (
        "Error from server (Forbidden): nodes is forbidden: "
        'User "system:serviceaccount:default:robot" cannot list resource "nodes" in API group "" at the cluster scope\n'
    )


def test_a_token_that_is_none_is_turned_away(cluster: Cluster) -> None:
    assert shell(cluster, "kubectl get nodes --token nonsense") == (
        "error: You must be logged in to the server (Unauthorized)\n"
    )
