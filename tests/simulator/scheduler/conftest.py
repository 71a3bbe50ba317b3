"""Builders for pods and nodes, and a world with nothing but a scheduler."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.apiserver.etcd import Etcd
from simulator.apiserver.registry import Registry
from simulator.client import Client, Process
from simulator.engine import Engine
from simulator.scheduler import Scheduler

Obj = dict[str, Any]


def a_node(name: str = "node-1", *, cpu: str = "4", memory: str = "8Gi", pods: str = "110", **changes: Any) -> Obj:
    labels = {"kubernetes.io/hostname": name, **changes.pop("labels", {})}
    spec = {key: changes[key] for key in ("taints", "unschedulable") if key in changes}
    status = {
        "allocatable": {"cpu": cpu, "memory": memory, "pods": pods, **changes.get("extended", {})},
        "images": changes.get("images", []),
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": status,
    }


def a_pod(name: str = "web", *, cpu: str = "", memory: str = "", **changes: Any) -> Obj:
    requests = {resource: amount for resource, amount in (("cpu", cpu), ("memory", memory)) if amount} | changes.pop(
        "extended", {}
    )
    container: Obj = {"name": "main", "image": changes.pop("image", "nginx:1.27")}
    if requests:
        container["resources"] = {"requests": requests}
    if ports := changes.pop("ports", None):
        container["ports"] = ports
    metadata: Obj = {"name": name, "namespace": "default", "labels": changes.pop("labels", {})}
    if owner := changes.pop("owner", None):
        metadata["ownerReferences"] = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": True, **owner}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container], **changes}}


@pytest.fixture
def node() -> Callable[..., Obj]:
    return a_node


@pytest.fixture
def pod() -> Callable[..., Obj]:
    return a_pod


class SchedulerWorld:
    def __init__(self, *, seed: int = 1) -> None:
        self.engine = Engine(seed=seed, epoch_s=1_760_000_000, profile="instant")
        self.registry = Registry(self.engine, Etcd(self.engine, ["control-plane"]))
        self.process = Process("kube-scheduler", self.engine, self.registry)
        self.scheduler = Scheduler(self.process, Client(self.registry, "default-scheduler"))
        self.process.wire()
        self.process.start()
        self.client = Client(self.registry, "you")
        metadata = {"name": "default", "labels": {}}
        self.client.create(
            "namespaces",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "spec": {"finalizers": ["kubernetes"]}},
        )

    def run(self, seconds: float = 1.0) -> None:
        self.engine.run(self.engine.now + round(seconds * 1_000_000))

    def add(self, *objects: Obj) -> list[Obj]:
        resources = {"Node": "nodes", "Pod": "pods", "Service": "services", "ReplicaSet": "replicasets.apps"}
        made = [self.client.create(resources[obj["kind"]], obj) for obj in objects]
        return [self._seen(one, obj) if obj["kind"] == "Node" else one for one, obj in zip(made, objects, strict=True)]

    def _seen(self, made: Obj, wanted: Obj) -> Obj:
        """As the node lifecycle controller leaves a node that is ready: without the taint it was born with."""
        spec = {
            key: value for key, value in made["spec"].items() if key != "taints" or "taints" in wanted.get("spec", {})
        }
        return self.client.update("nodes", {**made, "spec": {**spec, **wanted.get("spec", {})}})

    def pod(self, name: str) -> Obj:
        return self.registry.get("test", "pods", "default", name)

    def node_of(self, name: str) -> str:
        return str(self.pod(name)["spec"].get("nodeName", ""))

    def spread(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for one in self.registry.list("test", "pods", "default"):
            node = one["spec"].get("nodeName", "")
            counts[node] = counts.get(node, 0) + 1
        return dict(sorted(counts.items()))

    def events(self, name: str) -> list[tuple[str, str, str, int]]:
        """(type, reason, message, count) of a pod's events, oldest first."""
        found = [event for event in self.registry.objects("events") if event["involvedObject"]["name"] == name]
        found.sort(key=lambda event: event["metadata"]["creationTimestamp"])
        return [(event["type"], event["reason"], event["message"], event["count"]) for event in found]


@pytest.fixture
def world() -> SchedulerWorld:
    return SchedulerWorld()
