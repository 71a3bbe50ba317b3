"""The HTTP front: lenient in what it reads, a Status for every refusal, streams that lose nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from twisted.web import http

from gateway.errors import Unreachable
from gateway.front import Front
from gateway.phrases import name_all_statuses
from gateway.requests import BODY_LIMIT
from gateway.standalone import LocalBackend, Serving
from simulator import Cluster
from simulator.apiserver.errors import etcd_timeout
from simulator.apiserver.request import Response

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
WRITE = {"content-type": "application/json"}


class Client:
    """Speaks ASGI to a front, as a server would for a real client."""

    def __init__(self, front: Front) -> None:
        self.front = front

    async def send(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None, query: str = ""
    ) -> tuple[int, dict[str, str], bytes]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.front(_scope(method, headers, query), receive, send, path)
        start = sent[0]
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        return start["status"], found, b"".join(part.get("body", b"") for part in sent[1:])

    async def stream(self, path: str, query: str) -> AsyncIterator[Any]:
        """Lines of an answer that goes on; leaving the loop hangs up."""
        lines: asyncio.Queue[Any] = asyncio.Queue()
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if not gone.is_set() and not hasattr(receive, "asked"):
                receive.asked = True  # type: ignore[attr-defined]
                return {"type": "http.request", "body": b""}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            for line in message.get("body", b"").splitlines():
                lines.put_nowait(line)

        task = asyncio.create_task(self.front(_scope("GET", None, query), receive, send, path))
        try:
            while True:
                yield await asyncio.wait_for(lines.get(), 5)
        finally:
            gone.set()
            await asyncio.wait_for(task, 5)


def _scope(method: str, headers: dict[str, str] | None, query: str) -> dict[str, Any]:
    pairs = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return {"type": "http", "method": method, "headers": pairs, "query_string": query.encode()}


@pytest.fixture
def cluster() -> Cluster:
    return Cluster.create("kind: Cluster\nnodes: [{role: control-plane}]", profile="instant")


@pytest.fixture
def backend(cluster: Cluster) -> LocalBackend:
    return LocalBackend(cluster, speed=0)


@pytest.fixture
def client(backend: LocalBackend) -> Client:
    return Client(Front(backend))


@pytest.mark.parametrize("path", ["/version", "/version/", "/api/", "/apis", "/healthz", "/openapi/v3", "/"])
async def test_answers_the_questions_every_client_begins_with(client: Client, path: str) -> None:
    status, _, _ = await client.send("GET", path)
    assert status == 200


async def test_serves_aggregated_discovery_in_the_version_the_client_knows(client: Client) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
    _, headers, body = await client.send("GET", "/apis", headers={"accept": accept})
    assert headers["content-type"] == "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
    assert json.loads(body)["apiVersion"] == "apidiscovery.k8s.io/v2beta1"


async def test_a_client_that_has_the_document_gets_304(client: Client) -> None:
    _, headers, _ = await client.send("GET", "/openapi/v3/apis/apps/v1")
    status, _, body = await client.send("GET", "/openapi/v3/apis/apps/v1", headers={"if-none-match": headers["etag"]})
    assert (status, body) == (304, b"")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", b'{"metadata":{"name":"a"},"data":{"k":"2026-01-01"}}'),
        ("application/json", b'{"metadata":{"name":"a"},"data":{"k":"2026-01-01"}}'),
        ("application/yaml", b'metadata: {name: a}\ndata: {k: "2026-01-01"}'),
        ("application/yaml", b"metadata: {name: a}\ndata: {k: 2026-01-01}"),
    ],
    ids=["without a type", "json", "yaml", "a date in yaml stays text"],
)
async def test_reads_bodies_as_kubernetes_does(client: Client, content_type: str, body: bytes) -> None:
    headers = {"content-type": content_type} if content_type else {}
    status, _, answer = await client.send("POST", CONFIG_MAPS, body, headers)
    assert (status, json.loads(answer)["data"]) == (201, {"k": "2026-01-01"})


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/yaml", "application/yaml"),
        ("application/yaml,application/json", "application/yaml"),
        ("application/vnd.kubernetes.protobuf,application/yaml", "application/yaml"),
        ("application/json,application/yaml", "application/json"),
        ("*/*", "application/json"),
    ],
)
async def test_answers_in_the_first_form_that_the_client_takes(client: Client, accept: str, kind: str) -> None:
    headers = {"content-type": "application/yaml", "accept": accept}
    status, told, answer = await client.send("POST", CONFIG_MAPS, b"metadata: {name: a}\ndata: {k: v}", headers)
    assert (status, told["content-type"]) == (201, kind)
    made = yaml.safe_load(answer)
    assert (made["kind"], made["data"], answer[:1] == b"{") == ("ConfigMap", {"k": "v"}, kind == "application/json")
    status, told, answer = await client.send("GET", f"{CONFIG_MAPS}/none", headers={"accept": accept})
    assert (status, told["content-type"], yaml.safe_load(answer)["reason"]) == (404, kind, "NotFound")


async def test_yaml_is_written_as_gos_library_writes_it(client: Client) -> None:
    await client.send("POST", CONFIG_MAPS, b'{"metadata":{"name":"a"},"data":{"z":"1","b":"x\\ny"}}', WRITE)
    _, _, answer = await client.send("GET", f"{CONFIG_MAPS}/a", headers={"accept": "application/yaml"})
    assert answer.startswith(b'apiVersion: v1\ndata:\n  b: |-\n    x\n    y\n  z: "1"\nkind: ConfigMap\nmetadata:\n')


@pytest.mark.parametrize(
    ("content_type", "body", "says"),
    [
        ("application/json", b'{"metadata":{"name":"a"},"data":{"k":"1","k":"2"}}', 'duplicate field "data.k"'),
        (
            "application/yaml",
            b"metadata: {name: a}\ndata:\n  k: a\n  k: b\n  l: a\n  l: b\n",
            'yaml: unmarshal errors:\n  line 4: key "k" already set in map\n  line 6: key "l" already set in map',
        ),
    ],
    ids=["json", "yaml"],
)
async def test_a_field_that_is_written_twice_is_told(client: Client, content_type: str, body: bytes, says: str) -> None:
    headers = {"content-type": content_type}
    status, _, answer = await client.send("POST", CONFIG_MAPS, body, headers, query="fieldValidation=Strict")
    assert status == 400
    assert json.loads(answer)["message"] == (
        f'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: {says}'
    )
    status, told, _ = await client.send("POST", CONFIG_MAPS, body, headers)
    quoted = says.replace("\n", " ").replace('"', '\\"')
    assert (status, told["warning"]) == (201, f'299 - "{quoted}"')


@pytest.mark.parametrize(
    ("method", "path", "content_type", "body", "code"),
    [
        ("POST", CONFIG_MAPS, "application/json", b"{", 400),
        ("POST", CONFIG_MAPS, "application/json", b"[]", 400),
        ("POST", CONFIG_MAPS, "application/json", b'"x"', 400),
        ("POST", CONFIG_MAPS, "application/json", b'{"metadata": 3}', 400),
        ("POST", CONFIG_MAPS, "application/json", b'{"metadata": []}', 400),
        ("POST", CONFIG_MAPS, "application/yaml", b"a: [", 400),
        ("POST", CONFIG_MAPS, "application/vnd.kubernetes.protobuf", b"k8s\x00\xff", 400),
        ("POST", CONFIG_MAPS, "application/cbor", b"\xa0", 415),
        ("POST", CONFIG_MAPS, "application/json", b" " * (BODY_LIMIT + 1), 413),
        ("GET", "/api/v1/unknown", "", b"", 404),
        ("PUT", CONFIG_MAPS, "application/json", b"{}", 405),
        ("DELETE", CONFIG_MAPS + "/kube-root-ca.crt", "application/json", b'{"gracePeriodSeconds": "x"}', 400),
        ("PATCH", CONFIG_MAPS + "/kube-root-ca.crt", "application/merge-patch+json", b"3", 400),
        ("PATCH", CONFIG_MAPS + "/kube-root-ca.crt", "application/json-patch+json", b"{}", 400),
    ],
)
async def test_refuses_nonsense_with_a_status(
    client: Client, method: str, path: str, content_type: str, body: bytes, code: int
) -> None:
    status, _, answer = await client.send(method, path, body, {"content-type": content_type} if content_type else {})
    told = json.loads(answer)
    assert (status, told["kind"], told["code"]) == (code, "Status", code)


async def test_sends_warnings_as_headers(client: Client) -> None:
    body = b'{"metadata":{"name":"a"},"dat":{}}'
    status, headers, _ = await client.send("POST", CONFIG_MAPS, body, WRITE, "fieldValidation=Warn")
    assert (status, headers["warning"]) == (201, '299 - "unknown field \\"dat\\""')


async def test_a_watch_goes_on_where_the_list_ended_and_understands_go_booleans(client: Client) -> None:
    _, _, listed = await client.send("GET", CONFIG_MAPS)
    since = json.loads(listed)["metadata"]["resourceVersion"]
    stream = client.stream(CONFIG_MAPS, f"watch=True&resourceVersion={since}")
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    for name in ("a", "b"):
        await client.send("POST", CONFIG_MAPS, json.dumps({"metadata": {"name": name}}).encode(), WRITE)
    events = [json.loads(await waiting), json.loads(await anext(stream))]
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in events] == [
        ("ADDED", "a"),
        ("ADDED", "b"),
    ]
    await stream.aclose()


async def test_a_watch_with_initial_events_ends_them_with_a_bookmark(client: Client) -> None:
    query = "watch=1&sendInitialEvents=1&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1"
    stream = client.stream(CONFIG_MAPS, query)
    events = [json.loads(await anext(stream)) for _ in range(2)]
    assert [event["type"] for event in events] == ["ADDED", "BOOKMARK"]
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    await stream.aclose()


async def test_a_watch_from_a_forgotten_revision_is_told_so(client: Client, cluster: Cluster) -> None:
    cluster.registry.store.compacted = 10
    stream = client.stream(CONFIG_MAPS, "watch=1&resourceVersion=1")
    event = json.loads(await anext(stream))
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
    await stream.aclose()


@pytest.mark.parametrize(
    ("trouble", "last"),
    [
        (Response(500, etcd_timeout().status()), [{"type": "ERROR", "object": etcd_timeout().status()}]),
        (Unreachable("away"), []),
        (KeyError("broken"), []),
    ],
    ids=["refused", "unreachable", "a-fault-of-ours"],
)
async def test_a_watch_that_has_begun_ends_whatever_goes_wrong(
    backend: LocalBackend, trouble: Response | Exception, last: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that neither goes on nor ends would keep its client waiting for ever."""
    sent: list[Any] = []
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not hasattr(receive, "asked"):
            receive.asked = True  # type: ignore[attr-defined]
            return {"type": "http.request", "body": b""}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def handle(request: Any) -> Any:
        if isinstance(trouble, Exception):
            raise trouble
        return trouble

    serving = asyncio.create_task(Front(backend)(_scope("GET", None, "watch=1"), receive, send, CONFIG_MAPS))
    while len(sent) < 2:
        await asyncio.sleep(0)
    begun = len(sent)
    monkeypatch.setattr(backend, "handle", handle)
    backend._moves.tell()
    await asyncio.wait_for(serving, 5)
    *lines, end = sent[begun:]
    assert [json.loads(message["body"]) for message in lines] == last
    assert end == {"type": "http.response.body", "body": b""}


async def test_leaving_a_selector_is_seen_as_a_deletion(client: Client) -> None:
    body = b'{"metadata":{"name":"a","labels":{"on":"yes"}}}'
    _, _, made = await client.send("POST", CONFIG_MAPS, body, WRITE)
    since = json.loads(made)["metadata"]["resourceVersion"]
    patch = b'{"metadata":{"labels":{"on":"no"}}}'
    await client.send("PATCH", CONFIG_MAPS + "/a", patch, {"content-type": "application/merge-patch+json"})
    stream = client.stream(CONFIG_MAPS, f"watch=1&resourceVersion={since}&labelSelector=on%3Dyes")
    event = json.loads(await anext(stream))
    assert (event["type"], event["object"]["metadata"]["labels"]) == ("DELETED", {"on": "yes"})
    await stream.aclose()


async def test_whoever_acts_for_another_has_their_rights_only(client: Client) -> None:
    acting = {"impersonate-user": "ann"}
    status, _, body = await client.send("GET", "/api/v1/namespaces/default/secrets", headers=acting)
    told = json.loads(body)
    assert (status, told["reason"]) == (403, "Forbidden")
    assert told["message"].startswith('secrets is forbidden: User "ann" cannot list resource "secrets"')


def test_every_status_has_its_name() -> None:
    name_all_statuses()
    assert (http.RESPONSES[422], http.RESPONSES[429]) == (b"Unprocessable Entity", b"Too Many Requests")


async def test_an_old_client_that_wants_spdy_is_told_which_one_works(client: Client, cluster: Cluster) -> None:
    cluster.apply({"kind": "shell", "line": "kubectl run web --image=nginx:1.27"})
    cluster.advance(cluster.now + 10_000_000)
    headers = {"connection": "Upgrade", "upgrade": "SPDY/3.1"}
    path = "/api/v1/namespaces/default/pods/web/exec"
    status, _, body = await client.send("POST", path, headers=headers, query="command=ls")
    assert (status, json.loads(body)["reason"]) == (400, "BadRequest")
    assert json.loads(body)["message"] == (
        "cannot upgrade to SPDY/3.1: this server streams over WebSocket; use kubectl 1.30 or newer for exec, attach and cp, "
        "1.31 or newer for port-forward"
    )
    status, _, body = await client.send("POST", path.replace("web", "gone"), headers=headers, query="command=ls")
    assert (status, json.loads(body)["message"]) == (404, 'pods "gone" not found')


async def test_a_redirect_of_a_proxy_stays_below_the_servers_own_path(backend: LocalBackend) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    path = "/api/v1/namespaces/default/services/kubernetes/proxy"
    await Front(backend)({**_scope("GET", None, ""), "path": f"/k/key{path}"}, receive, send, path)
    assert (sent[0]["status"], dict(sent[0]["headers"])[b"location"]) == (301, f"/k/key{path}/".encode())


@pytest.mark.parametrize(
    ("headers", "path", "status"),
    [
        ({"host": "127.0.0.1:8001"}, "/version", 200),
        ({"host": "localhost"}, "/version", 200),
        ({"host": "127.0.0.1:8001", "origin": "http://elsewhere.example"}, "/version", 404),
        ({"host": "127.0.0.1:8001", "sec-fetch-site": "cross-site"}, "/version", 404),
        ({"host": "elsewhere.example:8001"}, "/version", 404),
        ({}, "/version", 404),
        ({"host": "127.0.0.1:8001"}, "/k/wrong/version", 404),
    ],
    ids=["a-tool", "by-name", "a-page", "a-page-that-reads", "another-host", "no-host", "a-wrong-key"],
)
async def test_without_the_key_only_tools_of_this_machine_are_served(
    backend: LocalBackend, cluster: Cluster, tmp_path: Path, headers: dict[str, str], path: str, status: int
) -> None:
    door = Serving(cluster, port=8001, backend=backend, kubeconfig=tmp_path / "kubeconfig")
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    await door({**_scope("GET", headers, ""), "path": path}, receive, send)
    assert sent[0]["status"] == status
