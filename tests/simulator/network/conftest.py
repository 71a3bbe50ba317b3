"""A small cluster drawn by hand: services, slices and sockets as plain values, without any component."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from simulator.engine import Engine
from simulator.network.datapath import Datapath, Source

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
    """Objects and sockets; `network()` gives the data path over them."""

    services: list[Obj] = field(default_factory=list)
    slices: list[Obj] = field(default_factory=list)
    spots: dict[str, Spot] = field(default_factory=dict)
    sockets: dict[tuple[str, int, str], Reply] = field(default_factory=dict)
    dark: list[str] = field(default_factory=list)
    requests: list[tuple[str, int, str, str]] = field(default_factory=list)
    engine: Engine = field(default_factory=lambda: Engine(seed=1, profile="instant"))

    built: Datapath | None = None

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
    ) -> None:
        self.spots[address] = Spot(node, "default", name)
        self.sockets[address, port, protocol] = Reply(status, f"hello from {name}\n", "web")

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
                **({"hostname": self.spots[address].pod} if more.get("hostnames") else {}),
            }
            for address in addresses
        ]
        labels = {"kubernetes.io/service-name": service}
        ports = [{"name": port_name, "port": port, "protocol": "TCP"}]
        self.slices.append(
            {
                "metadata": {"name": f"{service}-{len(self.slices)}", "namespace": namespace, "labels": labels},
                "endpoints": found,
                "ports": ports,
            }
        )

    def cluster_dns(self) -> None:
        self.pod("coredns", "10.244.9.9", port=53, protocol="UDP", node="node-1")
        self.service("kube-dns", "10.96.0.10", port=53, namespace="kube-system", protocol="UDP")
        self.endpoints("kube-dns", "10.244.9.9", port=53, namespace="kube-system")

    def client(self, address: str = "10.244.1.5", *, namespace: str = "default", **spec: Any) -> Source:
        self.spots[address] = Spot("node-1", namespace, "client")
        pod = {
            "metadata": {"name": "client", "namespace": namespace, "uid": address},
            "spec": {"nodeName": "node-1", **spec},
        }
        return Source(pod=pod)

    def network(self) -> Datapath:
        if self.built is None:
            self.built = Datapath(self.engine, self, self)
        return self.built

    # What the network sees

    def list(self, resource: str, namespace: str | None = None) -> list[Obj]:
        table = self.services if resource == "services" else self.slices
        return [one for one in table if namespace in (None, one["metadata"]["namespace"])]

    def place(self, address: str) -> Spot | None:
        return self.spots.get(address)

    def is_reachable(self, node: str) -> bool:
        return node not in self.dark

    def connect(self, address: str, port: int, protocol: str, path: str, client: str) -> Reply:
        self.requests.append((address, port, path, client))
        return self.sockets.get((address, port, protocol), Reply(error="connection refused"))

    def address_of(self, pod: Obj) -> str:
        return str(pod["metadata"]["uid"])


@pytest.fixture
def town() -> Town:
    """Two machines, a working cluster DNS."""
    town = Town()
    town.node("node-1", "172.18.0.2")
    town.node("node-2", "172.18.0.3")
    town.cluster_dns()
    return town
