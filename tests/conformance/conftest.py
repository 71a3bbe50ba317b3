"""A cluster and short words for requests. Each test says by `conforms(...)` which statements of the conformance suite it repeats."""

import shlex
from copy import deepcopy
from typing import Any

import pytest

from gateway.bodies import read_body
from simulator.cluster import Cluster

Obj = dict[str, Any]
BUSYBOX, PAUSE, WEB = "busybox:1.36", "registry.k8s.io/pause:3.10", "nginx:1.27"
AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"
CORE = "/api/v1/namespaces/default"
PODS = f"{CORE}/pods"


class Suite:
    """The API of one cluster, as an e2e test sees it."""

    def __init__(self) -> None:
        self.cluster = Cluster.create(
            "kind: Cluster\nnodes: [{role: control-plane}, {role: worker}, {role: worker}]", profile="instant"
        )
        self._pods = 0

    def ask(self, method: str, path: str, body: object = None, *, kind: str = "", **query: str) -> Obj:
        kinds = {"PATCH": "application/merge-patch+json"}
        headers = {"content-type": kind or kinds.get(method, "application/json"), "user-agent": "e2e.test/v1.33.1"}
        command = {"kind": "request", "method": method, "path": path, "query": query, "headers": headers, "body": body}
        # What comes back belongs to the cluster; a client would hold a copy.
        return deepcopy(self.cluster.apply(command))

    def send(self, method: str, path: str, text: str, *, kind: str = "application/json", **query: str) -> Obj:
        """As `ask`, with the text of a body as it goes over the wire."""
        read = read_body(text.encode(), kind)
        headers = {"content-type": kind, "user-agent": "e2e.test/v1.33.1"}
        command = {"kind": "request", "method": method, "path": path, "query": query, "headers": headers}
        return deepcopy(self.cluster.apply({**command, "body": read.value, "findings": list(read.findings)}))

    def do(self, method: str, path: str, body: object = None, **query: str) -> Obj:
        """The body of a request that must succeed."""
        reply = self.ask(method, path, body, **query)
        assert reply["status"] < 300, reply["body"]
        return dict(reply["body"])

    def do_text(self, method: str, path: str, body: object = None, **query: str) -> str:
        """The same, of something that answers with text."""
        reply = self.ask(method, path, body, **query)
        assert reply["status"] < 300, reply["body"]
        return str(reply["body"])

    def watch(self, path: str, since: str, **query: str) -> list[tuple[str, str]]:
        """(type, name) of the events after a revision."""
        events = self.ask("GET", path, watch="true", resourceVersion=since, **query)["body"]
        return [(event["type"], event["object"]["metadata"]["name"]) for event in events]

    def events(self, path: str, since: str, **query: str) -> list[Obj]:
        return list(self.ask("GET", path, watch="true", resourceVersion=since, **query)["body"])

    def wait(self, seconds: float = 10) -> None:
        self.cluster.advance(self.cluster.now + int(seconds * 1_000_000), 1_000_000)

    def made(self, path: str, name: str, **rest: Any) -> Obj:
        """A new object; `rest` stands beside its name."""
        metadata = {"name": name, **rest.pop("metadata", {})}
        return self.do("POST", path, {"metadata": metadata, **rest})

    def pod(self, name: str, *containers: Obj, metadata: Obj | None = None, wait: int = 10, **spec: Any) -> Obj:
        """A new pod, after a while."""
        spec["containers"] = [*containers] or [{"name": "c", "image": PAUSE}]
        self.do("POST", PODS, {"metadata": {"name": name, **(metadata or {})}, "spec": spec})
        self.wait(wait)
        return self.do("GET", f"{PODS}/{name}") if wait else {}

    def ran(self, script: str, *, container: Obj | None = None, **spec: Any) -> str:
        """What a pod wrote that ran a script once, without the last line end; it must have succeeded."""
        self._pods += 1
        name = f"pod-{self._pods}"
        made = {"name": "c", "image": BUSYBOX, "command": ["sh", "-c", script], **(container or {})}
        metadata = spec.pop("metadata", None)
        pod = self.pod(name, made, restartPolicy="Never", metadata=metadata, **spec)
        said = self.log(name).removesuffix("\n")
        assert pod["status"]["phase"] == "Succeeded", said
        return said

    def log(self, pod: str, **query: str) -> str:
        reply = self.ask("GET", f"{PODS}/{pod}/log", **query)
        assert reply["status"] == 200, reply["body"]
        return str(reply["body"])

    def sh(self, line: str, **more: object) -> str:
        """What a command line of a person's terminal prints; it must succeed."""
        reply = self.cluster.apply({"kind": "shell", "line": line, **more})
        assert reply["exit"] == 0, reply["stderr"]
        return str(reply["stdout"])

    def fails(self, line: str) -> str:
        """What a command line that must fail says."""
        reply = self.cluster.apply({"kind": "shell", "line": line})
        assert reply["exit"] != 0, reply["stdout"]
        return str(reply["stderr"])

    def inside(self, pod: str, script: str, container: str = "") -> str:
        """What a script prints in a running container."""
        chosen = f"-c {container} " if container else ""
        return self.sh(f"kubectl exec {pod} {chosen}-- sh -c {shlex.quote(script)}")


@pytest.fixture
def suite() -> Suite:
    return Suite()
