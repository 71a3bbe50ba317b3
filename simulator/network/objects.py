"""What the network needs to see of the cluster: the processes behind addresses, and what the CNI's agents watch.

The first is a Protocol, so the network stands beside the kubelets and not on them.
"""

from collections.abc import Mapping
from typing import Protocol

from simulator.client import Process
from simulator.engine.plain import Obj

POLICIES = "networkpolicies.networking.k8s.io"


class Place(Protocol):
    """Who has an address: a pod (`pod` is its name) or a machine (`pod` is "")."""

    @property
    def node(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def pod(self) -> str: ...


class Answer(Protocol):
    """What came back from a socket. `status` 0: a connection without HTTP, or none at all (`error` says why)."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> str: ...
    @property
    def container(self) -> str: ...
    @property
    def error(self) -> str: ...


class Servers(Protocol):
    """The processes of the cluster, by address."""

    def place(self, address: str) -> Place | None: ...

    def is_reachable(self, node: str) -> bool:
        """Whether the machine has power."""

    def connect(self, address: str, port: int, protocol: str, path: str, client: str) -> Answer:
        """One request to a socket. `path` "" only opens the connection."""

    def host_port(self, node: str, address: str, port: int, protocol: str) -> tuple[str, int, str] | None:
        """(address, port, namespace/name) of the pod that a port of the machine leads to (`hostPort`); None when it leads to none."""

    def speaks_tls(self, address: str, port: int) -> bool:
        """Whether the server on this port wants TLS."""

    def address_of(self, pod: Obj) -> str:
        """The pod's address now, "" when it has none."""

    def runs(self, pod: Obj) -> bool:
        """Whether a process of the pod runs now."""

    def pod_at(self, address: str) -> Obj | None:
        """The pod that has this address for itself; None for machines, whose pods share theirs."""

    def second_address(self, address: str) -> str:
        """The IPv6 address beside an IPv4 one; "" in a cluster of one family."""

    def network_plugin(self, node: str) -> str:
        """The CNI plugin of a machine, "" without one."""

    def node_address(self, node: str) -> str:
        """The machine's own address, "" for a node nobody knows."""

    def listening(self, address: str) -> list[tuple[int, str]]:
        """(port, protocol) of every socket that is open at this address now, in order."""

    def next_change(self, address: str) -> int | None:
        """When, in microseconds from now, an answer from here changes by itself; None: never as things stand."""


class ClusterNetwork:
    """NetworkPolicies, namespaces and CoreDNS' configuration, as the watch has told."""

    name = "cluster-network"
    watches: Mapping[str, str] = {POLICIES: "on_change", "namespaces": "on_change", "configmaps": "on_change"}

    def __init__(self, process: Process) -> None:
        self._cache = process.cache
        process.add(self)

    def policies(self, namespace: str) -> list[Obj]:
        return list(self._cache.list(POLICIES, namespace))

    def has_policies(self) -> bool:
        return self._cache.count(POLICIES) > 0

    def has_namespace(self, name: str) -> bool:
        return self._cache.get("namespaces", "", name) is not None

    def namespace_labels(self, namespace: str) -> dict[str, str]:
        found = self._cache.get("namespaces", "", namespace)
        return {} if found is None else dict(found["metadata"].get("labels") or {})

    def corefile(self) -> str:
        """CoreDNS reloads its file by itself; without the ConfigMap it has none."""
        found = self._cache.get("configmaps", "kube-system", "coredns")
        return "" if found is None else str((found.get("data") or {}).get("Corefile", ""))

    def on_start(self) -> None:
        """Nothing is kept beside the cache."""

    def on_stop(self) -> None:
        """Nothing is kept beside the cache."""

    def on_change(self, old: Obj | None, new: Obj | None) -> None:
        """The cache has it already."""
