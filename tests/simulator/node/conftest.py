"""A cluster of machines only: an API server and kubelets; pods are bound by the test itself. Time is virtual."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from simulator.apiserver.etcd import Etcd
from simulator.apiserver.registry import Registry
from simulator.client import Process
from simulator.config import ClusterConfig
from simulator.config_machines import NodeConfig
from simulator.engine import Engine
from simulator.network.datapath import Datapath
from simulator.network.links import Links
from simulator.network.objects import ClusterNetwork
from simulator.network.proxy import KubeProxy
from simulator.network.tools import NetworkTools
from simulator.node.kubelets import Kubelets

Obj = dict[str, Any]
SECOND = 1_000_000


class Machines:
    """`instant` unless told otherwise: only what Kubernetes defines takes time."""

    def __init__(self, *, nodes: int = 1, profile: str = "instant", generic: bool = False) -> None:
        self.engine = Engine(seed=1, epoch_s=1_760_000_000, profile=profile)
        self.registry = Registry(self.engine, Etcd(self.engine, ["control-plane"]))
        self.process = Process("kubelet", self.engine, self.registry)
        machines = tuple(NodeConfig(f"node-{index}", "worker") for index in range(nodes))
        config = ClusterConfig("test", machines, allow_unknown_images=generic)
        self.kubelets = Kubelets(self.process, self.registry, config)
        self.process.wire()
        self.process.start()
        for name in ("default", "kube-node-lease"):
            self.registry.create(
                "test", "namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            )
        for index, node in enumerate(machines):
            self.kubelets.join(node, index)
        self.run(0)

    def run(self, seconds: float) -> None:
        """Lets this much time pass, and everything that is due in it happen."""
        self.engine.run(self.engine.now + round(seconds * SECOND))

    def connect(self) -> None:
        """Gives the machines a network with kube-proxy everywhere."""
        process = Process("kube-proxy", self.engine, self.registry)
        proxy, network = KubeProxy(process), ClusterNetwork(process)
        process.wire()
        process.start()
        self.kubelets.connect(
            NetworkTools(Datapath(self.engine, proxy, network, self.kubelets.servers, Links(self.engine)))
        )
        for node in self.kubelets.nodes():
            proxy.started(node)

    def create(self, resource: str, obj: Obj) -> Obj:
        return self.registry.create("test", resource, obj)

    def start(
        self,
        name: str = "web",
        *,
        image: str = "nginx:1.27",
        node: str = "node-0",
        spec: Obj | None = None,
        **container: Any,
    ) -> Obj:
        """Creates a pod of one container `web`, already bound; `spec` adds to the pod, other keywords to the container."""
        policy = "Always" if ":" not in image else "IfNotPresent"
        made = {
            "nodeName": node,
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "automountServiceAccountToken": False,
            "containers": [{"name": "web", "image": image, "imagePullPolicy": policy, **container}],
            **(spec or {}),
        }
        return self.create(
            "pods",
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": made},
        )

    def script(self, text: str, name: str = "web", **more: Any) -> Obj:
        """A pod of busybox that runs this script."""
        return self.start(name, image="busybox:1.36", command=["sh", "-c", text], **more)

    def get(self, resource: str, name: str, namespace: str = "default") -> Obj:
        return self.registry.get("test", resource, namespace, name)

    def pod(self, name: str = "web") -> Obj:
        return self.get("pods", name)

    def exists(self, name: str = "web") -> bool:
        return self.registry.find("test", "pods", "default", name) is not None

    def status(self, name: str = "web") -> Obj:
        return self.pod(name)["status"]

    def container(self, name: str = "web", index: int = 0) -> Obj:
        return self.status(name)["containerStatuses"][index]

    def condition(self, type: str, name: str = "web") -> Obj:
        return next(one for one in self.status(name)["conditions"] if one["type"] == type)

    def delete(self, name: str = "web", grace_s: int | None = None) -> None:
        options = {} if grace_s is None else {"gracePeriodSeconds": grace_s}
        self.registry.delete("test", "pods", "default", name, options)

    def events(self, name: str = "web") -> list[tuple[str, str, int]]:
        """(reason, message, count) about one object, in the order in which they were first written."""
        found = [one for one in self.registry.store.table("events").values() if one["involvedObject"]["name"] == name]
        return [(one["reason"], one["message"], one["count"]) for one in found]

    def reasons(self, name: str = "web") -> list[str]:
        return [reason for reason, _, _ in self.events(name)]

    def said(self, reason: str, name: str = "web") -> list[str]:
        return [message for found, message, _ in self.events(name) if found == reason]

    def events_by_reason(self, reason: str, name: str = "web") -> dict[str, int]:
        """Message → how often it was said."""
        return {message: count for found, message, count in self.events(name) if found == reason}

    def logs(self, name: str = "web", container: str = "web", **query: str) -> list[str]:
        return self.kubelets.logs(self.pod(name), container, query).splitlines()

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self.kubelets.dump())


@pytest.fixture
def machines() -> Machines:
    return Machines()


@pytest.fixture
def lab() -> Machines:
    """With the latencies of a small real cluster; the node is ready when the test begins."""
    lab = Machines(profile="lab")
    lab.run(10)
    return lab


@pytest.fixture
def many() -> Callable[..., Machines]:
    return Machines
