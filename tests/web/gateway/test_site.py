"""The site's door for kubectl: a person's own cluster behind a key, and nothing behind any other key."""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from websockets import Origin
from websockets.sync.client import ClientConnection, connect

from tests.clients.terminals import Outcome, RealTerminal, find_kubectl
from tests.servers import free_port

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("site")]


UNAUTHORIZED = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "message": "Unauthorized",
    "reason": "Unauthorized",
    "code": 401,
}


ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The whole product in one process."""
    port, data = free_port(), tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "config.drydock", "up", "--port", str(port), "--data", str(data)]
    tree = os.pathsep.join((str(ROOT), str(ROOT / "platform")))
    environment = {
        **os.environ,
        "PYTHONPATH": tree,
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
    }
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    assert process.stdout is not None
    assert any(b"Drydock is ready" in line for line in iter(process.stdout.readline, b""))
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.communicate(timeout=20)


class Guest:
    """A browser of its own with a first cluster."""

    def __init__(self, site: str) -> None:
        self.browser = httpx.Client(base_url=site, follow_redirects=False, timeout=30)
        place = self._post("/try/").headers["location"]
        self.cluster = re.findall(r"[0-9a-f-]{36}", place)[0]

    def _post(self, path: str) -> httpx.Response:
        page = self.browser.get("/" if path == "/try/" else "/clusters/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token is not None
        return self.browser.post(path, data={"csrfmiddlewaretoken": token[1]})

    def kubeconfig(self, cluster: str = "") -> httpx.Response:
        return self._post(f"/clusters/{cluster or self.cluster}/kubeconfig/")

    def server(self) -> str:
        address: str = yaml.safe_load(self.kubeconfig().text)["clusters"][0]["cluster"]["server"]
        return address

    def type(self, line: str) -> None:
        """At the lab's terminal."""
        command = {"rid": secrets.token_hex(4), "command": {"kind": "shell", "line": line}}
        token = self.browser.cookies["csrftoken"]
        place = f"/api/clusters/{self.cluster}/command"
        reply = self.browser.post(place, json=command, headers={"x-csrftoken": token}).json()["reply"]
        assert reply["exit"] == 0, reply

    def revoke(self) -> httpx.Response:
        return self._post(f"/clusters/{self.cluster}/kubeconfig/revoke/")


@pytest.fixture
def new_guest(site: str) -> Iterator[Callable[[], Guest]]:
    guests: list[Guest] = []

    def make() -> Guest:
        guests.append(Guest(site))
        return guests[-1]

    yield make
    for guest in guests:
        guest.browser.close()


@pytest.fixture
def guest(new_guest: Callable[[], Guest]) -> Guest:
    return new_guest()


def test_a_kubeconfig_opens_the_persons_own_cluster(guest: Guest) -> None:
    server = guest.server()
    made = httpx.post(
        f"{server}/api/v1/namespaces/default/configmaps", json={"metadata": {"name": "from-outside"}}, timeout=30
    )
    line = "kubectl get configmap from-outside -o name"
    command = {"rid": "look", "command": {"kind": "shell", "line": line}}
    token = guest.browser.cookies["csrftoken"]
    seen = guest.browser.post(
        f"/api/clusters/{guest.cluster}/command", json=command, headers={"x-csrftoken": token}
    ).json()
    assert (made.status_code, seen["reply"]["stdout"]) == (201, "configmap/from-outside\n")


def test_a_watch_is_told_of_changes_made_elsewhere(guest: Guest) -> None:
    maps = f"{guest.server()}/api/v1/namespaces/default/configmaps"
    since = httpx.get(maps, timeout=30).json()["metadata"]["resourceVersion"]
    with httpx.stream("GET", maps, params={"watch": "1", "resourceVersion": since}, timeout=30) as stream:
        assert httpx.post(maps, json={"metadata": {"name": "watched"}}, timeout=30).status_code == 201
        event: dict[str, Any] = json.loads(next(stream.iter_lines()))
    assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "watched")


def test_another_persons_key_opens_nothing(site: str, guest: Guest, new_guest: Callable[[], Guest]) -> None:
    key = new_guest().server().rpartition("/")[2]
    for wrong in (
        f"/k/{guest.cluster}/{key}/api",
        f"/k/{guest.cluster}/{'x' * 32}/api",
        f"/k/{guest.cluster}//api",
        "/k/",
    ):
        answer = httpx.get(site + wrong, timeout=30)
        assert (answer.status_code, answer.json()["reason"]) == (401, "Unauthorized"), wrong


def test_nobody_downloads_the_key_of_another_person(guest: Guest, new_guest: Callable[[], Guest]) -> None:
    assert new_guest().kubeconfig(guest.cluster).status_code == 404


def test_a_revoked_key_opens_nothing_and_its_streams_end(guest: Guest) -> None:
    server = guest.server()
    maps = f"{server}/api/v1/namespaces/default/configmaps"
    assert httpx.get(f"{server}/version", timeout=30).status_code == 200
    with httpx.stream("GET", maps, params={"watch": "1"}, timeout=10) as stream:
        lines = stream.iter_lines()
        assert json.loads(next(lines))["type"] == "ADDED"
        guest.revoke()
        answer = httpx.get(f"{server}/version", timeout=30)
        assert [line for line in lines if "kube-root-ca.crt" not in line] == []
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)


def test_a_kubeconfig_names_the_clusters_and_accounts_of_the_lab(guest: Guest) -> None:
    for line in ("kind create cluster --name second", "kubectl create serviceaccount reader --context kind-kind"):
        guest.type(line)
    config = yaml.safe_load(guest.kubeconfig().text)
    servers = {entry["name"]: entry["cluster"]["server"] for entry in config["clusters"]}
    first, second = (name for name in servers)
    assert servers[second] == servers[first] + "/~second"
    assert {"name": "default-reader", "user": {"as": "system:serviceaccount:default:reader"}} in config["users"]
    assert config["contexts"][-1] == {
        "name": f"default-reader@{first}",
        "context": {"cluster": first, "user": "default-reader", "namespace": "default"},
    }
    nodes = httpx.get(f"{servers[second]}/api/v1/nodes", timeout=30).json()["items"]
    assert [node["metadata"]["name"] for node in nodes] == ["second-control-plane"]
    acting = {"impersonate-user": "system:serviceaccount:default:reader"}
    refused = httpx.get(f"{servers[first]}/api/v1/nodes", headers=acting, timeout=30)
    assert (refused.status_code, refused.json()["reason"]) == (403, "Forbidden")
    nowhere = httpx.get(f"{servers[first]}/~nowhere/api/v1/nodes", timeout=30)
    assert (nowhere.status_code, nowhere.json()["reason"]) == (404, "NotFound")


def test_the_page_shows_the_cluster_that_the_context_means(site: str, guest: Guest) -> None:
    cookies = "; ".join(f"{name}={value}" for name, value in guest.browser.cookies.items())
    place = f"{site.replace('http', 'ws')}/ws/labs/{guest.cluster}/"
    with connect(place, origin=Origin(site), additional_headers={"Cookie": cookies}, max_size=None) as page:
        page.send(json.dumps({"t": "hello", "gen": None, "ev": None}))
        assert shown_nodes(page)[0] == "kind-control-plane"
        guest.type("kind create cluster --name second")
        assert shown_nodes(page) == ["second-control-plane"]
        guest.type("kubectl config use-context kind-kind")
        assert shown_nodes(page)[0] == "kind-control-plane"


def shown_nodes(page: ClientConnection) -> list[str]:
    """The machines of the next whole picture."""
    names: list[str] = []
    while True:
        frame = json.loads(page.recv(timeout=20))
        if frame["t"] != "snap":
            continue
        table = frame["tables"].get("Node", {"cols": [], "rows": []})
        names += [row[table["cols"].index("name")] for row in table["rows"]]
        if frame["end"]:
            return sorted(names)


def test_who_asks_too_much_is_told_when_to_come_back(guest: Guest) -> None:
    maps = f"{guest.server()}/api/v1/namespaces/default/configmaps"
    with httpx.Client(timeout=30) as client:
        answers = [client.post(maps, json={"metadata": {"name": f"m{number}"}}) for number in range(120)]
    refused = next(answer for answer in answers if answer.status_code != 201)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Too many commands: at most 20 a second. Try again in a moment.",
        "reason": "TooManyRequests",
        "details": {"retryAfterSeconds": 1},
        "code": 429,
    }


@pytest.mark.parametrize("minor", ["1.29", "1.33"], ids=["over-spdy", "over-websocket"])
def test_real_kubectl_reaches_into_containers(guest: Guest, minor: str, tmp_path: Path) -> None:
    kubectl = find_kubectl(minor)
    if kubectl is None:
        pytest.skip(f"there is no kubectl {minor} on this machine")
    (tmp_path / "kubeconfig").write_text(guest.kubeconfig().text)
    terminal = RealTerminal(kubectl, tmp_path / "real", tmp_path / "kubeconfig")
    (terminal.folder / "home" / "bin.dat").write_bytes(bytes(range(256)) * 40)
    guest.type("kubectl run one --image=nginx")
    assert terminal.run("kubectl wait --for=condition=Ready pod/one --timeout=60s", timeout_s=90).exit == 0
    assert terminal.run("kubectl exec one -- sh -c 'hostname; exit 3'") == Outcome(
        "one\n", "command terminated with exit code 3\n", 3
    )
    assert terminal.run("kubectl cp bin.dat one:/tmp && kubectl exec one -- cat /tmp/bin.dat | cmp - bin.dat").exit == 0
    server = guest.server()
    assert terminal.run(f"kubectl get --raw {server[server.index('/k/') :]}/healthz").stdout == "ok"
