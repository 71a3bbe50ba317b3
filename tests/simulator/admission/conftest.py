"""A control plane with an API server and the wanted controllers, and short words for requests of any user."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.apiserver.etcd import Etcd
from simulator.apiserver.registry import Registry
from simulator.apiserver.request import ADMIN, Request, Response, User
from simulator.apiserver.server import Server
from simulator.client import Client, Controller, Process
from simulator.engine import Engine
from simulator.machinery.resources import Resource

Obj = dict[str, Any]


class World:
    def __init__(
        self, *controllers: type[Controller], gates: tuple[str, ...] = (), optional: tuple[Resource, ...] = ()
    ) -> None:
        self.engine = Engine(seed=1, epoch_s=1_760_000_000, profile="instant")
        etcd = Etcd(self.engine, ["control-plane"])
        self.registry = Registry(self.engine, etcd, optional=optional, gates=gates)
        self.manager = Process("kube-controller-manager", self.engine, self.registry)
        for kind in controllers:
            kind(self.manager, Client(self.registry, kind.name))
        self.manager.wire()
        self.manager.start()
        self.server = Server(self.registry)
        self.client = Client(self.registry, "replicaset-controller")
        for name in ("default", "shop"):
            self.client.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def run(self, seconds: float = 1.0) -> None:
        self.engine.run(self.engine.now + round(seconds * 1_000_000))

    def call(self, method: str, path: str, body: Any = None, *, user: User = ADMIN, **query: str) -> Response:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        return self.server.handle(Request(method, path, query, {"content-type": kind}, body, user))

    def create(self, path: str, body: Obj) -> Obj:
        response = self.call("POST", path, body)
        assert response.status == 201, response.body
        return response.object()

    def refusal(self, path: str, body: Obj, *, user: User = ADMIN) -> str:
        response = self.call("POST", path, body, user=user)
        assert (response.status, response.body["reason"]) == (403, "Forbidden"), response.body
        return str(response.body["message"])


@pytest.fixture
def make_world() -> Callable[..., World]:
    return World
