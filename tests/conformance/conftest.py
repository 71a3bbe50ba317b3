"""A cluster and short words for requests. Each test says by `conforms(...)` which statements of the conformance suite it repeats."""

from copy import deepcopy
from typing import Any

import pytest

from simulator.cluster import Cluster

Obj = dict[str, Any]


class Suite:
    """The API of one cluster, as an e2e test sees it."""

    def __init__(self) -> None:
        self.cluster = Cluster.create(
            "kind: Cluster\nnodes: [{role: control-plane}, {role: worker}]", profile="instant"
        )

    def ask(self, method: str, path: str, body: object = None, *, kind: str = "", **query: str) -> Obj:
        kinds = {"PATCH": "application/merge-patch+json"}
        headers = {"content-type": kind or kinds.get(method, "application/json"), "user-agent": "e2e.test/v1.33.1"}
        command = {"kind": "request", "method": method, "path": path, "query": query, "headers": headers, "body": body}
        # What comes back belongs to the cluster; a client would hold a copy.
        return deepcopy(self.cluster.apply(command))

    def do(self, method: str, path: str, body: object = None, **query: str) -> Obj:
        """The body of a request that must succeed."""
        reply = self.ask(method, path, body, **query)
        assert reply["status"] < 300, reply["body"]
        return dict(reply["body"])

    def watch(self, path: str, since: str, **query: str) -> list[tuple[str, str]]:
        """(type, name) of the events after a revision."""
        events = self.ask("GET", path, watch="true", resourceVersion=since, **query)["body"]
        return [(event["type"], event["object"]["metadata"]["name"]) for event in events]

    def events(self, path: str, since: str, **query: str) -> list[Obj]:
        return list(self.ask("GET", path, watch="true", resourceVersion=since, **query)["body"])

    def wait(self, seconds: int = 10) -> None:
        self.cluster.advance(self.cluster.now + seconds * 1_000_000, 1_000_000)


@pytest.fixture
def suite() -> Suite:
    return Suite()
