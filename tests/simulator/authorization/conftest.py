"""The same small world as the admission tests, with the aggregation controller and short words for people."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.apiserver.etcd import Etcd
from simulator.apiserver.registry import Registry
from simulator.apiserver.request import ADMIN, Request, Response, User
from simulator.apiserver.server import Server
from simulator.client import Client, Process
from simulator.controllers.clusterrole_aggregation import ClusterRoleAggregationController
from simulator.engine import Engine

Obj = dict[str, Any]
RBAC = "/apis/rbac.authorization.k8s.io/v1"
JANE = User("jane", ("dev", "system:authenticated"))


class World:
    def __init__(self) -> None:
        self.engine = Engine(seed=1, epoch_s=1_760_000_000, profile="instant")
        self.registry = Registry(self.engine, Etcd(self.engine, ["control-plane"]))
        manager = Process("kube-controller-manager", self.engine, self.registry)
        ClusterRoleAggregationController(manager, Client(self.registry, ClusterRoleAggregationController.name))
        manager.wire()
        manager.start()
        self.server = Server(self.registry)
        for name in ("default", "shop"):
            self.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def run(self, seconds: float = 1.0) -> None:
        self.engine.run(self.engine.now + round(seconds * 1_000_000))

    def call(
        self, method: str, path: str, body: Any = None, *, user: User = ADMIN, headers: Obj | None = None, **query: str
    ) -> Response:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        return self.server.handle(Request(method, path, query, {"content-type": kind, **(headers or {})}, body, user))

    def create(self, path: str, body: Obj, *, user: User = ADMIN) -> Obj:
        response = self.call("POST", path, body, user=user)
        assert response.status == 201, response.body
        return response.object()

    def refusal(self, method: str, path: str, body: Any = None, *, user: User = JANE, **query: str) -> str:
        response = self.call(method, path, body, user=user, **query)
        assert (response.status, response.body["reason"]) == (403, "Forbidden"), response.body
        return str(response.body["message"])

    def cluster_role(self, name: str, *rules: Obj, labels: Obj | None = None, gathers: Obj | None = None) -> Obj:
        metadata = {"name": name, "labels": labels or {}}
        body: Obj = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": metadata}
        body["rules"] = list(rules)
        if gathers:
            body["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": gathers}]}
        return self.create(f"{RBAC}/clusterroles", body)

    def bind(self, role: str, subject: Obj, namespace: str = "", *, kind: str = "ClusterRole") -> Obj:
        name = f"{role}-{subject['name']}".replace(":", "-")
        body = binding(name, role, subject, kind=kind, namespaced=bool(namespace))
        where = f"{RBAC}/namespaces/{namespace}/rolebindings" if namespace else f"{RBAC}/clusterrolebindings"
        return self.create(where, body)


def binding(name: str, role: str, subject: Obj, *, kind: str = "ClusterRole", namespaced: bool = True) -> Obj:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding" if namespaced else "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
        "subjects": [subject],
    }


def person(name: str) -> Obj:
    return {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name}


def rule(verbs: str, resources: str, *, groups: str = "", names: str = "") -> Obj:
    made: Obj = {"verbs": verbs.split(), "apiGroups": [groups], "resources": resources.split()}
    if names:
        made["resourceNames"] = names.split()
    return made


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def words() -> dict[str, Callable[..., Any]]:
    """Builders, since a conftest is not imported."""
    return {"binding": binding, "person": person, "rule": rule}
