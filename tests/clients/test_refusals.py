"""Every kind of refusal over HTTP: a `kind: Status` with the code, the reason and the message of a real API server.

Messages follow `apimachinery/pkg/api/errors`, `apiserver/pkg/endpoints/handlers` (`negotiation`, `rest.go`, `patch.go`), `apiserver/pkg/storage/etcd3` and
`registry/core/pod/rest/eviction.go` of v1.33.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from simulator.testing import KubeCluster
from tests.clients.served import served

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("refusals")]

MAPS = "/api/v1/namespaces/default/configmaps"
JSON, MERGE, APPLY = "application/json", "application/merge-patch+json", "application/apply-patch+yaml"
NOT_FOUND = "the server could not find the requested resource"
NOT_ALLOWED = "the server does not allow this method on the requested resource"
EXPIRED = "The provided continue parameter is too old to display a consistent list result. "


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    kind: str = JSON


@dataclass(frozen=True)
class World:
    server: str
    pod: str
    continuation: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A cluster with a guarded pod, whose snapshot has no history, behind `drydock serve`."""
    kube = KubeCluster.create("kind: Cluster\nnodes: [{role: control-plane}, {role: worker}]")
    kube.kubectl("create deployment web --image=nginx:1.27")
    kube.kubectl("create pdb web --selector=app=web --min-available=1")
    kube.kubectl("create configmap owned --from-literal=k=1")
    kube.advance("1m")
    pod = kube.list("pods")[0]["metadata"]["name"]
    continuation = kube.request("GET", MAPS, limit="1")["metadata"]["continue"]
    kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "later"}})
    kube.advance("1m")
    folder = tmp_path_factory.mktemp("refusals")
    (folder / "snapshot").write_bytes(kube.cluster.dump())
    with served(folder, "--restore", str(folder / "snapshot"), "--speed", "0") as kubeconfig:
        yield World(server_of(kubeconfig), pod, continuation)


def server_of(kubeconfig: Path) -> str:
    return str(yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]["server"])


def ask(world: World, asked: Asked) -> httpx.Response:
    path = asked.path.replace("POD", world.pod)
    query = {name: value.replace("CONTINUE", world.continuation) for name, value in asked.query.items()}
    headers = {**({"content-type": asked.kind} if asked.body is not None else {}), **asked.headers}
    body = asked.body if isinstance(asked.body, bytes) else None
    json = None if body is not None else asked.body
    return httpx.request(
        asked.method, world.server + path, params=query, headers=headers, content=body, json=json, timeout=30
    )


@pytest.mark.parametrize(
    ("asked", "code", "reason", "message"),
    [
        pytest.param(
            Asked("POST", MAPS, body=b"{"), 400, "BadRequest", "the body of the request cannot be read: ", id="400-body"
        ),
        pytest.param(
            Asked("GET", MAPS, {"fieldSelector": "spec.x=1"}),
            400,
            "BadRequest",
            '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
            id="400-selector",
        ),
        pytest.param(
            Asked("POST", MAPS, {"fieldValidation": "Strict"}, body={"metadata": {"name": "b"}, "colour": 1}),
            400,
            "BadRequest",
            'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "colour"',
            id="400-strict",
        ),
        pytest.param(
            Asked("GET", "/api/v1/namespaces/default/pods/POD/exec", {"command": "ls"}),
            400,
            "BadRequest",
            "Upgrade request required",
            id="400-upgrade",
        ),
        pytest.param(
            Asked("GET", MAPS, headers={"authorization": "Bearer nonsense"}),
            401,
            "Unauthorized",
            "Unauthorized",
            id="401",
        ),
        pytest.param(
            Asked("GET", MAPS, headers={"impersonate-user": "ann"}),
            403,
            "Forbidden",
            'configmaps is forbidden: User "ann" cannot list resource "configmaps" in API group "" in the namespace "default"',
            id="403",
        ),
        pytest.param(
            Asked("GET", "/apis/apps/v1/namespaces/default/deployments/x"),
            404,
            "NotFound",
            'deployments.apps "x" not found',
            id="404-object",
        ),
        pytest.param(Asked("GET", "/api/v1/unknown"), 404, "NotFound", NOT_FOUND, id="404-resource"),
        pytest.param(Asked("GET", "/apis/none.example/v1/x"), 404, "NotFound", NOT_FOUND, id="404-group"),
        pytest.param(Asked("PUT", MAPS, body={}), 405, "MethodNotAllowed", NOT_ALLOWED, id="405-collection"),
        pytest.param(
            Asked("POST", "/api/v1/componentstatuses", body={"metadata": {"name": "x"}}),
            405,
            "MethodNotAllowed",
            'POST is not supported on resources of kind "componentstatuses"',
            id="405-verb",
        ),
        pytest.param(
            Asked("GET", MAPS, headers={"accept": "text/html"}),
            406,
            "NotAcceptable",
            "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
            id="406",
        ),
        pytest.param(
            Asked("POST", MAPS, body={"metadata": {"name": "owned"}}),
            409,
            "AlreadyExists",
            'configmaps "owned" already exists',
            id="409-exists",
        ),
        pytest.param(
            Asked("PUT", f"{MAPS}/owned", body={"metadata": {"name": "owned", "resourceVersion": "1"}}),
            409,
            "Conflict",
            'Operation cannot be fulfilled on configmaps "owned": the object has been modified; '
            "please apply your changes to the latest version and try again",
            id="409-stale",
        ),
        pytest.param(
            Asked(
                "PATCH",
                f"{MAPS}/owned",
                {"fieldManager": "other"},
                body={"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owned"}, "data": {"k": "2"}},
                kind=APPLY,
            ),
            409,
            "Conflict",
            'Apply failed with 1 conflict: conflict with "kubectl-create" using v1: .data.k',
            id="409-owner",
        ),
        pytest.param(
            Asked("GET", MAPS, {"limit": "1", "continue": "CONTINUE"}), 410, "Expired", EXPIRED, id="410-list"
        ),
        pytest.param(
            Asked("POST", MAPS, body=b" " * (3 * 1024 * 1024 + 1)),
            413,
            "RequestEntityTooLarge",
            "Request entity too large: limit is 3145728",
            id="413",
        ),
        pytest.param(
            Asked("POST", MAPS, body=b"\xa0", kind="application/cbor"),
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json, application/yaml, application/vnd.kubernetes.protobuf",
            id="415",
        ),
        pytest.param(
            Asked("POST", "/api/v1/namespaces/default/pods", body={"metadata": {"name": "p"}, "spec": {}}),
            422,
            "Invalid",
            'Pod "p" is invalid: spec.containers: Required value',
            id="422",
        ),
        pytest.param(
            Asked(
                "PATCH",
                f"{MAPS}/owned",
                {"fieldManager": ""},
                body={"apiVersion": "v1", "kind": "ConfigMap"},
                kind=APPLY,
            ),
            422,
            "Invalid",
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
            id="422-options",
        ),
        pytest.param(
            Asked(
                "POST",
                "/api/v1/namespaces/default/pods/POD/eviction",
                body={"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "x"}},
            ),
            429,
            "TooManyRequests",
            "Cannot evict pod as it would violate the pod's disruption budget.",
            id="429",
        ),
    ],
)
def test_every_refusal_is_a_status(world: World, asked: Asked, code: int, reason: str, message: str) -> None:
    answer = ask(world, asked)
    told = answer.json()
    assert (answer.status_code, told["code"], told["reason"]) == (code, code, reason), told
    assert (told["kind"], told["apiVersion"], told["status"]) == ("Status", "v1", "Failure")
    assert told["message"].startswith(message), told["message"]
    assert answer.headers["content-type"] == "application/json"


def test_a_watch_from_before_what_is_remembered_is_told_so_in_its_stream(world: World) -> None:
    answer = ask(world, Asked("GET", MAPS, {"watch": "1", "resourceVersion": "1", "timeoutSeconds": "1"}))
    event = answer.json()
    assert (answer.status_code, event["type"]) == (200, "ERROR")
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
    assert event["object"]["message"].startswith("too old resource version: 1 (")


def test_who_knows_no_secret_is_told_nothing(world: World) -> None:
    root = world.server.rpartition("/")[0]
    answer = httpx.get(f"{root}/{'x' * 32}/api/v1/nodes", timeout=30)
    assert (answer.status_code, answer.json()["message"]) == (404, NOT_FOUND)
