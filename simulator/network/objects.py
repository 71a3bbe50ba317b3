"""What the network needs to see of the cluster: API objects, and the processes behind pod addresses.

Both are Protocols, so the network stands beside the kubelets and not on them.
"""

from typing import Protocol

from simulator.engine.plain import Obj


class Objects(Protocol):
    """API objects as kube-proxy and CoreDNS know them (`client.Client` is one)."""

    def list(self, resource: str, namespace: str | None = None) -> list[Obj]: ...


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

    def address_of(self, pod: Obj) -> str:
        """The pod's address now, "" when it has none."""
