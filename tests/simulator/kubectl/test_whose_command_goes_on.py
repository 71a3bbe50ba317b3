"""A command that goes on asks as whoever began it: with `--as`, a token, or a client certificate of the kubeconfig."""

from typing import Any

import pytest

from simulator.cluster import Cluster


class Lab:
    def __init__(self) -> None:
        self.cluster = Cluster.create(profile="instant")
        self.wait(10)
        self.run("kubectl run web --image=nginx")
        self.run("kubectl create role reader --verb=get,list,watch --resource=pods,pods/log")
        self.run("kubectl create rolebinding reader --role=reader --user=ann")
        self.wait(10)

    def wait(self, seconds: int) -> None:
        self.cluster.advance(self.cluster.now + seconds * 1_000_000, 10**6)

    def reply(self, line: str) -> dict[str, Any]:
        return self.cluster.apply({"kind": "shell", "line": line})

    def run(self, line: str) -> str:
        reply = self.reply(line)
        assert reply["exit"] == 0, reply
        return str(reply["stdout"])

    def begun(self, line: str) -> Any:
        """The token of a command that goes on."""
        return self.reply(line)["follow"]

    def seen(self, token: Any) -> dict[str, Any]:
        return self.cluster.apply({"kind": "follow", "token": token})


@pytest.fixture
def lab() -> Lab:
    return Lab()


@pytest.mark.parametrize("line", ["kubectl get pods -w --as=ann", "kubectl logs -f web --as=ann"])
def test_a_followed_command_has_the_rights_of_its_user_and_loses_them_with_him(lab: Lab, line: str) -> None:
    token = lab.begun(line)
    looked = lab.seen(token)
    assert (looked["done"], looked["exit"]) == (False, 0)
    lab.run("kubectl delete rolebinding reader")
    looked = lab.seen(token)
    assert (looked["done"], looked["exit"]) == (True, 1)
    assert 'is forbidden: User "ann" cannot' in looked["stdout"]


def test_nobody_follows_what_he_may_not_see(lab: Lab) -> None:
    reply = lab.reply("kubectl get pods -w --as=bob")
    assert "follow" not in reply
    assert 'User "bob" cannot list resource "pods"' in reply["stderr"]


def test_a_user_with_a_bound_token_follows_until_it_expires(lab: Lab) -> None:
    lab.run("kubectl create serviceaccount bot")
    lab.run("kubectl create rolebinding bot --role=reader --serviceaccount=default:bot")
    token = lab.run("kubectl create token bot --duration=10m").strip()
    lab.run(f"kubectl config set-credentials bot --token={token}")
    lab.run("kubectl config set-context bot --cluster=kind-kind --user=bot")
    assert "system:serviceaccount:default:bot" in lab.run("kubectl --context=bot auth whoami")
    followed = lab.begun("kubectl --context=bot get pods -w")
    assert lab.seen(followed)["done"] is False
    lab.wait(601)
    refused = "error: You must be logged in to the server (Unauthorized)\n"
    assert lab.reply("kubectl --context=bot get pods")["stderr"] == refused
    looked = lab.seen(followed)
    assert (looked["stdout"], looked["done"], looked["exit"]) == (refused, True, 1)


@pytest.mark.parametrize(
    ("line", "resource"),
    [
        ("kubectl exec web --as=ann -- ls", "pods/exec"),
        ("kubectl cp web:/etc/hostname hostname --as=ann", "pods/exec"),
        ("kubectl attach web --as=ann", "pods/attach"),
        ("kubectl port-forward web 8080:80 --as=ann", "pods/portforward"),
    ],
)
def test_a_stream_needs_a_right_of_its_own(lab: Lab, line: str, resource: str) -> None:
    said = lab.reply(line)["stderr"]
    assert f'User "ann" cannot create resource "{resource}" in API group "" in the namespace "default"' in said
    lab.run(f"kubectl create role streams --verb=get --resource={resource}")
    lab.run("kubectl create rolebinding streams --role=streams --user=ann")
    assert "forbidden" not in lab.reply(line)["stderr"], "a WebSocket asks with GET"
