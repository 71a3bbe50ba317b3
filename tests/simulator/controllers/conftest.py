"""A control plane without scheduler and kubelets: a test plays those by writing pod status itself."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.apiserver.etcd import Etcd
from simulator.apiserver.registry import Registry
from simulator.client import Client, Controller, Process
from simulator.engine import Engine
from simulator.machinery.resources import by_name

Obj = dict[str, Any]


class World:
    """One controller manager with the wanted controllers, on an API server with an empty `default` namespace."""

    def __init__(self, *controllers: type[Controller]) -> None:
        self.engine = Engine(seed=1, epoch_s=1_760_000_000, profile="instant")
        self.registry = Registry(self.engine, Etcd(self.engine, ["control-plane"]))
        self.manager = Process("kube-controller-manager", self.engine, self.registry)
        self.controllers = [kind(self.manager, Client(self.registry, kind.name)) for kind in controllers]
        self.manager.wire()
        self.manager.start()
        self.client = Client(self.registry, "you")
        self.namespace("default")

    def run(self, seconds: float = 1.0) -> None:
        self.engine.run(self.engine.now + round(seconds * 1_000_000))

    def namespace(self, name: str) -> Obj:
        metadata = {"name": name, "labels": {"kubernetes.io/metadata.name": name}}
        return self.client.create(
            "namespaces",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "spec": {"finalizers": ["kubernetes"]}},
        )

    def get(self, resource: str, name: str, namespace: str = "default") -> Obj:
        return self.registry.get("test", resource, namespace, name)

    def find(self, resource: str, name: str, namespace: str = "default") -> Obj | None:
        return self.registry.find("test", resource, namespace, name)

    def all(self, resource: str, namespace: str | None = "default") -> list[Obj]:
        return self.registry.list("test", resource, namespace)

    def pods(self) -> list[Obj]:
        return self.all("pods")

    def set_status(self, resource: str, obj: Obj, **status: object) -> Obj:
        metadata = obj["metadata"]
        fresh = self.registry.get("test", resource, metadata.get("namespace", ""), metadata["name"])
        return self.client.update_status(resource, {**fresh, "status": {**(fresh.get("status") or {}), **status}})

    def make_ready(self, pod: Obj, *, ready: bool = True, ip: str = "") -> Obj:
        """What a kubelet does when the containers run and pass their probes."""
        condition = {
            "type": "Ready",
            "status": "True" if ready else "False",
            "lastTransitionTime": self.engine.timestamp(),
        }
        changes: Obj = {"phase": "Running", "conditions": [condition]}
        if ip:
            changes.update(podIP=ip, podIPs=[{"ip": ip}])
        return self.set_status("pods", pod, **changes)

    def make_all_ready(self) -> None:
        for pod in self.pods():
            if "deletionTimestamp" not in pod["metadata"]:
                self.make_ready(pod)

    def finish_deletions(self) -> None:
        """What kubelets do with pods that are being deleted."""
        for pod in self.all("pods", None):
            if "deletionTimestamp" in pod["metadata"]:
                self.client.delete("pods", pod["metadata"]["namespace"], pod["metadata"]["name"], grace_s=0)

    def put(self, resource: str, obj: Obj, *, ending: bool = False) -> Obj:
        """An object as somebody left it, with its status; `ending` is marked for deletion and held by a finalizer, or by its node."""
        status, metadata = obj.get("status") or {}, {"namespace": "default", **obj["metadata"]}
        if ending and resource != "pods":
            metadata["finalizers"] = [*(metadata.get("finalizers") or ()), "example.com/hold"]
        if ending and resource == "pods":
            obj["spec"] = {"nodeName": "node-1", **obj["spec"]}
        kind = by_name(resource)
        if kind is not None and not kind.namespaced:
            del metadata["namespace"]
        made = self.client.create(resource, {**obj, "metadata": metadata})
        if status:
            made = self.set_status(resource, made, **status)
        if ending:
            self.client.delete(resource, metadata.get("namespace", ""), metadata["name"])
        return made

    def act(self, seconds: float = 2.0) -> None:
        """Starts the controllers, which find what was put in place."""
        self.manager.start()
        self.run(seconds)

    def events(self, about: str = "") -> list[tuple[str, str]]:
        """(reason, message) of all events, oldest first, about one object when it is named."""
        found = sorted(self.registry.objects("events"), key=lambda event: int(event["metadata"]["resourceVersion"]))
        return [
            (event["reason"], event["message"]) for event in found if about in ("", event["involvedObject"]["name"])
        ]


@pytest.fixture
def world() -> Callable[..., World]:
    return World


@pytest.fixture
def stage() -> Callable[..., World]:
    """A world whose controllers are still down: for tables of what is there and what becomes of it."""

    def build(*controllers: type[Controller]) -> World:
        world = World(*controllers)
        world.manager.stop()
        return world

    return build


def template(app: str = "web", image: str = "nginx:1.27") -> Obj:
    return {
        "metadata": {"labels": {"app": app}},
        "spec": {"containers": [{"name": app, "image": image}], "terminationGracePeriodSeconds": 30},
    }


@pytest.fixture
def pod_template() -> Callable[..., Obj]:
    return template


@pytest.fixture
def replica_set() -> Callable[..., Obj]:
    def build(name: str = "web", replicas: int = 3, **spec: object) -> Obj:
        return {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": name}},
                "template": template(name),
                **spec,
            },
        }

    return build


@pytest.fixture
def deployment() -> Callable[..., Obj]:
    def build(name: str = "web", replicas: int = 3, image: str = "nginx:1.27", **spec: object) -> Obj:
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": name}},
                "template": template(name, image),
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
                "revisionHistoryLimit": 10,
                "progressDeadlineSeconds": 600,
                **spec,
            },
        }

    return build
