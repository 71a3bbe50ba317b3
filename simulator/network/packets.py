"""A packet, and where one stands that sends it: in a pod, on a machine, or outside the cluster."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.network.traces import Source

if TYPE_CHECKING:
    from simulator.network.datapath import Datapath


@dataclass(frozen=True, slots=True)
class Packet:
    source: str
    address: str
    port: int
    protocol: str

    @property
    def target(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


class Standpoint:
    """Who sends, and from where."""

    def __init__(self, datapath: "Datapath", source: Source) -> None:
        self._servers = datapath.servers
        self.source = source
        self.pod = source.pod

    @property
    def node(self) -> str:
        """The machine, "" outside."""
        return str(self.pod["spec"].get("nodeName", "")) if self.pod is not None else self.source.node

    @property
    def name(self) -> str:
        """namespace/name of the pod, "" without one."""
        return "" if self.pod is None else f"{self.pod['metadata']['namespace']}/{self.pod['metadata']['name']}"

    @property
    def address(self) -> str:
        if self.pod is not None:
            return self._servers.address_of(self.pod)
        return self._servers.node_address(self.source.node) if self.source.node else self.source.address

    def address_for(self, other: str) -> str:
        """The own address that one talks to the other with: of the same family."""
        return self.in_family(self.address, other)

    def machine_address_for(self, node: str, other: str) -> str:
        return self.in_family(self._servers.node_address(node), other)

    def in_family(self, own: str, other: str) -> str:
        return (self._servers.second_address(own) or own) if ":" in other else own

    @property
    def is_inside(self) -> bool:
        return self.pod is not None or bool(self.source.node)

    @property
    def is_on_pod_network(self) -> bool:
        return self.pod is not None and not self.pod["spec"].get("hostNetwork")
