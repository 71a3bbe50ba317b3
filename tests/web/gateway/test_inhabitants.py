"""Contexts of ServiceAccounts in a kubeconfig: with a token that the cluster itself gave, or by impersonation."""

from typing import Any

import pytest
import yaml

from gateway import inhabitants as module
from gateway.inhabitants import inhabitants
from gateway.kubeconfig import Account, kubeconfig_text
from simulator.cluster import Cluster


class Told:
    is_ok = True

    def __init__(self, reply: dict[str, Any]) -> None:
        self._reply = reply

    def json(self) -> dict[str, Any]:
        return {"reply": self._reply}


class Lab:
    """A router to one cluster in memory."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.asked: list[tuple[str, str]] = []

    async def call(self, lab: str, ask: str, command: dict[str, Any], *, deadline_s: float) -> Told:
        self.asked.append((ask, command.get("method", "")))
        return Told(self.cluster.apply(command))


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Lab:
    cluster = Cluster.create("kind: Cluster\nnodes: [{role: control-plane}]")
    assert cluster.apply({"kind": "shell", "line": "kubectl create serviceaccount reader"})["exit"] == 0
    found = Lab(cluster)

    async def router() -> Lab:
        return found

    monkeypatch.setattr(module, "current_router", router)
    return found


def users(accounts: list[Account]) -> dict[str, Any]:
    config = yaml.safe_load(kubeconfig_text("mine", "https://drydock.example/k/1/2", accounts=accounts))
    return {entry["name"]: entry["user"] for entry in config["users"]}


async def test_an_account_shows_a_token_that_opens_what_its_rights_open(lab: Lab) -> None:
    accounts, others = await inhabitants("lab", with_tokens=True)
    token = users(accounts)["default-reader"]["token"]
    headers = {"authorization": f"Bearer {token}"}
    review = lab.cluster.apply(
        {
            "kind": "request", "method": "POST", "path": "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            "headers": headers, "body": {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
        }
    )  # fmt: skip
    assert review["body"]["status"]["userInfo"]["username"] == "system:serviceaccount:default:reader"
    pods = lab.cluster.apply({"kind": "request", "method": "GET", "path": "/api/v1/pods", "headers": headers})
    assert (pods["status"], others) == (403, [])
    assert lab.asked[-1] == ("command", "POST")


async def test_without_tls_an_account_is_impersonated_and_the_cluster_only_read(lab: Lab) -> None:
    accounts, _ = await inhabitants("lab")
    assert users(accounts)["default-reader"] == {"as": "system:serviceaccount:default:reader"}
    assert [ask for ask, _ in lab.asked] == ["query", "query"]
