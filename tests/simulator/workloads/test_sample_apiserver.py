"""The sample API server: objects of two kinds, one of which forbids names of the other."""

import json
from typing import Any

import pytest

from simulator.workloads.agnhost_servers import Asked, Got
from simulator.workloads.sample_apiserver import sample_apiserver

_BASE = "/apis/wardle.example.com/v1alpha1"
_FLUNDERS = f"{_BASE}/namespaces/default/flunders"


class _Server:
    def __init__(self) -> None:
        self._memory = ""

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        asked = Asked(path, method, json.dumps(body) if body else "", now="2025-10-09T08:53:20Z", memory=self._memory)
        said = sample_apiserver(asked, lambda wish: Got(error="nobody"))
        self._memory = self._memory if said.memory is None else said.memory
        return said.status, json.loads(said.body)

    def flunder(self, name: str, **spec: str) -> tuple[int, dict[str, Any]]:
        return self.ask("POST", _FLUNDERS, {"metadata": {"name": name, "labels": {"app": name}}, "spec": spec})


def test_a_flunder_lives_and_ends() -> None:
    server = _Server()
    status, made = server.flunder("a", reference="b")
    assert (status, made["metadata"]["namespace"], made["metadata"]["resourceVersion"]) == (201, "default", "2")
    assert made["spec"] == {"reference": "b", "referenceType": "Flunder"}
    server.flunder("b")
    listed = server.ask("GET", f"{_BASE}/flunders?labelSelector=app%3Db")[1]
    assert (listed["kind"], [one["metadata"]["name"] for one in listed["items"]]) == ("FlunderList", ["b"])
    assert server.ask("PATCH", f"{_FLUNDERS}/a", {"metadata": {"labels": {"new": "yes"}}})[1]["metadata"]["labels"] == {
        "app": "a",
        "new": "yes",
    }
    assert server.ask("PUT", f"{_FLUNDERS}/a", made) == (
        409,
        {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": 'Operation cannot be fulfilled on flunders.wardle.example.com "a": the object has been modified; please apply '
            "your changes to the latest version and try again",
            "reason": "Conflict", "details": {"name": "a", "group": "wardle.example.com", "kind": "flunders"}, "code": 409,
        },
    )  # fmt: skip
    assert server.ask("DELETE", f"{_FLUNDERS}/a")[1]["status"] == "Success"
    assert server.ask("DELETE", _FLUNDERS)[0] == 200
    assert server.ask("GET", _FLUNDERS)[1]["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "message"),
    [
        pytest.param("GET", f"{_FLUNDERS}/x", None, 404, 'flunders.wardle.example.com "x" not found', id="not there"),
        pytest.param("POST", _FLUNDERS, {"metadata": {"name": "a"}}, 409, 'flunders.wardle.example.com "a" already exists', id="twice"),
        pytest.param(
            "POST", _FLUNDERS, {"metadata": {"name": "banned"}}, 403,
            'flunders.wardle.example.com "banned" is forbidden: this name may not be used, please change the resource name', id="banned",
        ),
        pytest.param("GET", f"{_BASE}/boats", None, 404, "the server could not find the requested resource", id="no such kind"),
        pytest.param("GET", "/api/v1", None, 404, "the server could not find the requested resource", id="no such group"),
    ],
)  # fmt: skip
def test_refusals(method: str, path: str, body: dict[str, Any] | None, code: int, message: str) -> None:
    server = _Server()
    server.flunder("a")
    server.ask("POST", f"{_BASE}/fischers", {"metadata": {"name": "f"}, "disallowedFlunders": ["banned"]})
    status, said = server.ask(method, path, body)
    assert (status, said["message"]) == (code, message)
