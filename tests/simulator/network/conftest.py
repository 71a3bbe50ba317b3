"""A small cluster drawn by hand: services, slices and sockets as plain values, without any component."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from simulator.client import Process
from simulator.engine import Engine
from simulator.network.datapath import Datapath, Source
from simulator.network.links import Links
from simulator.network.objects import ClusterNetwork
from simulator.network.proxy import KubeProxy
from simulator.seed_objects import COREFILE

Obj = dict[str, Any]


@dataclass(frozen=True)
class Spot:
    node: str
    namespace: str = ""
    pod: str = ""


@dataclass(frozen=True)
class Reply:
    status: int = 0
    body: str = ""
    container: str = ""
    error: str = ""


@dataclass
class Town:
    """Objects and sockets; `network()` gives the data path over them, `tell()` shows it what was changed since."""

    services: list[Obj] = field(default_factory=list)
    slices: list[Obj] = field(default_factory=list)
    spots: dict[str, Spot] = field(default_factory=dict)
    sockets: dict[tuple[str, int, str], Reply] = field(default_factory=dict)
    dark: list[str] = field(default_factory=list)
    requests: list[tuple[str, int, str, str]] = field(default_factory=list)
    engine: Engine = field(default_factory=lambda: Engine(seed=1, profile="instant"))

    policies: list[Obj] = field(default_factory=list)
    namespaces: dict[str, dict[str, str]] = field(default_factory=lambda: {"default": {}})
    zones: dict[str, str] = field(default_factory=dict)
    corefile: str = COREFILE
    mode: str = "iptables"
    plugin: str = "kindnet"
    pods: dict[str, Obj] = field(default_factory=dict)
    """Address → pod."""
    built: Datapath | None = None
    process: Process | None = None

    # Building

    def node(self, name: str, address: str) -> None:
        self.spots[address] = Spot(name)

    def pod(
        self,
        name: str,
        address: str,
        *,
        node: str = "node-1",
        port: int = 8080,
        protocol: str = "TCP",
        status: int = 200,
        namespace: str = "default",
        labels: dict[str, str] | None = None,
        ports: list[Obj] | None = None,
    ) -> None:
        self.spots[address] = Spot(node, namespace, name)
        self.sockets[address, port, protocol] = Reply(status, f"hello from {name}\n", "web")
        self.pods[address] = {
            "metadata": {"name": name, "namespace": namespace, "uid": address, "labels": labels or {}},
            "spec": {"nodeName": node, "containers": [{"name": "web", "ports": ports or []}]},
        }

    def service(self, name: str, address: str, *, port: int = 80, namespace: str = "default", **spec: Any) -> Obj:
        protocol = spec.pop("protocol", "TCP")
        ports = spec.pop("ports", [{"port": port, "protocol": protocol}])
        made = {
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"clusterIP": address, "ports": ports, **spec},
        }
        self.services.append(made)
        return made

    def endpoints(
        self,
        service: str,
        *addresses: str,
        port: int = 8080,
        namespace: str = "default",
        port_name: str = "",
        **more: Any,
    ) -> None:
        found = [
            {
                "addresses": [address],
                "conditions": {"ready": True, "serving": True, "terminating": False, **more.get("conditions", {})},
                "nodeName": self.spots[address].node,
                "targetRef": {"kind": "Pod", "name": self.spots[address].pod},
                **({"hints": {"forZones": [{"name": zone} for zone in more["hints"]]}} if "hints" in more else {}),
                **({"hostname": self.spots[address].pod} if more.get("hostnames") else {}),
            }
            for address in addresses
        ]
        labels = {"kubernetes.io/service-name": service}
        ports = [{"name": port_name, "port": port, "protocol": more.get("protocol", "TCP")}]
        self.slices.append(
            {
                "metadata": {"name": f"{service}-{len(self.slices)}", "namespace": namespace, "labels": labels},
                "endpoints": found,
                "ports": ports,
            }
        )

    def cluster_dns(self) -> None:
        self.pod("coredns", "10.244.9.9", port=53, protocol="UDP", node="node-1", namespace="kube-system")
        self.service("kube-dns", "10.96.0.10", port=53, namespace="kube-system", protocol="UDP")
        self.endpoints("kube-dns", "10.244.9.9", port=53, namespace="kube-system", protocol="UDP")

    def client(
        self,
        address: str = "10.244.1.5",
        *,
        namespace: str = "default",
        node: str = "node-1",
        labels: dict[str, str] | None = None,
        **spec: Any,
    ) -> Source:
        self.spots[address] = Spot(node, namespace, "client")
        pod = {
            "metadata": {"name": "client", "namespace": namespace, "uid": address, "labels": labels or {}},
            "spec": {"nodeName": node, "containers": [], **spec},
        }
        self.pods[address] = pod
        return Source(pod=pod)

    def policy(self, name: str, *, namespace: str = "default", **spec: Any) -> None:
        made = {"metadata": {"name": name, "namespace": namespace}, "spec": {"podSelector": {}, **spec}}
        self.policies.append(made)

    def network(self) -> Datapath:
        if self.built is None:
            self.process = process = Process("kube-proxy", self.engine, self)
            proxy = KubeProxy(process, mode=self.mode)
            self.built = Datapath(self.engine, proxy, ClusterNetwork(process), self, Links(self.engine))
            process.start()
            for spot in self.spots.values():
                proxy.started(spot.node)
        return self.built

    def tell(self) -> None:
        self.network()
        assert self.process is not None
        self.process.stop()
        self.process.start()

    # What the watch sees

    def subscribe(self, process: Process, resources: list[str]) -> None:
        """Tests tell by themselves."""

    def is_serving(self) -> bool:
        return True

    def objects(self, resource: str) -> list[Obj]:
        tables: dict[str, list[Obj]] = {
            "services": self.services,
            "endpointslices.discovery.k8s.io": self.slices,
            "networkpolicies.networking.k8s.io": self.policies,
            "namespaces": [{"metadata": {"name": name, "labels": labels}} for name, labels in self.namespaces.items()],
            "nodes": [
                {"metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}}}
                for name, zone in self.zones.items()
            ],
            "configmaps": [
                {"metadata": {"name": "coredns", "namespace": "kube-system"}, "data": {"Corefile": self.corefile}}
            ],
        }
        return tables[resource]

    def place(self, address: str) -> Spot | None:
        return self.spots.get(address)

    def is_reachable(self, node: str) -> bool:
        return node not in self.dark

    def connect(self, address: str, port: int, protocol: str, path: str, client: str) -> Reply:
        self.requests.append((address, port, path, client))
        return self.sockets.get((address, port, protocol), Reply(error="connection refused"))

    def address_of(self, pod: Obj) -> str:
        return str(pod["metadata"]["uid"])

    def runs(self, pod: Obj) -> bool:
        return True

    def pod_at(self, address: str) -> Obj | None:
        return self.pods.get(address)

    def second_address(self, address: str) -> str:
        return ""

    def network_plugin(self, node: str) -> str:
        return self.plugin

    def host_port(self, node: str, address: str, port: int, protocol: str) -> tuple[str, int, str] | None:
        return None

    def speaks_tls(self, address: str, port: int) -> bool:
        return False

    def node_address(self, node: str) -> str:
        return next((address for address, spot in self.spots.items() if spot == Spot(node)), "")

    def listening(self, address: str) -> list[tuple[int, str]]:
        return sorted((port, protocol) for at, port, protocol in self.sockets if at == address)

    def next_change(self, address: str) -> int | None:
        return None


@pytest.fixture
def town() -> Town:
    """Two machines, a working cluster DNS."""
    town = Town()
    town.node("node-1", "172.18.0.2")
    town.node("node-2", "172.18.0.3")
    town.cluster_dns()
    return town
