"""An API server with an empty store, two namespaces and no component."""

from typing import Any

import pytest

from simulator.apiserver.etcd import Etcd
from simulator.apiserver.registry import Registry
from simulator.apiserver.request import Request, Response
from simulator.apiserver.server import Server
from simulator.engine import Engine


class Api:
    """Short words for requests."""

    def __init__(self) -> None:
        self.engine = Engine(epoch_s=1_760_000_000)
        self.etcd = Etcd(self.engine, ["cp-1", "cp-2", "cp-3"])
        self.registry = Registry(self.engine, self.etcd)
        self.server = Server(self.registry)
        for name in ("default", "shop"):
            self.registry.create(
                "test", "namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            )

    def __call__(
        self, method: str, path: str, body: Any = None, *, content_type: str = "", accept: str = "", **query: str
    ) -> Response:
        headers = {"content-type": content_type, "accept": accept}
        return self.server.handle(Request(method, path, query, headers, body))

    def create(self, path: str, body: Any) -> dict[str, Any]:
        response = self("POST", path, body)
        assert response.status == 201, response.body
        return response.object()

    def merge(self, path: str, patch: Any) -> Response:
        return self("PATCH", path, patch, content_type="application/merge-patch+json")


@pytest.fixture
def api() -> Api:
    return Api()
