"""What kubeadm works on: the machines' packages, their certificates, and the cluster's door.

Promises: state is which package lies on which machine and when certificates were issued; nothing of it costs anything until somebody asks.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.apiserver.certificates import authority_of
from simulator.apiserver.registry import Registry
from simulator.apiserver.server import Server
from simulator.config import ClusterConfig
from simulator.controlplane import ControlPlane
from simulator.engine import Engine, Plain
from simulator.host_files import HostFiles
from simulator.kubectl.small_command import Outcome
from simulator.machinery.certificates import public_key_pin
from simulator.manifests import VERSION
from simulator.node.addresses import node_address
from simulator.node.kubelets import Kubelets
from simulator.yard import Yard

_TRACE = "To see the stack trace of this error execute with --v=5 or higher\n"
#: What is published of v1.33: the versions whose images the catalogue has.
VERSIONS = ("v1.33.1", "v1.33.2", "v1.33.3", "v1.33.4")
PACKAGES = ("kubeadm", "kubelet", "kubectl")


class KubeadmError(Exception):
    """Ends the command; the text is what kubeadm prints before its hint."""


def failed(error: KubeadmError, said: str = "") -> Outcome:
    return Outcome(said, f"{error}\n{_TRACE}", 1)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a cluster that kubeadm touches."""

    engine: Engine
    registry: Registry
    server: Server
    config: ClusterConfig
    kubelets: Kubelets
    files: HostFiles
    plane: ControlPlane
    yard: Yard


class Machines:
    name = "kubeadm"

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._packages: dict[str, dict[str, str]] = {}
        """Machine → package → version, where it is not that of a fresh machine."""
        self._issued: dict[str, int] = {}
        """Certificate → when it was last renewed (microseconds); those of the beginning are not here."""
        parts.engine.register(self)

    # Packages

    def package(self, machine: str, name: str) -> str:
        return self._packages.get(machine, {}).get(name, VERSION)

    def install(self, machine: str, name: str, version: str) -> None:
        self._packages.setdefault(machine, {})[name] = version
        self.parts.files.version += 1

    def kubelet_restarts(self, machine: str) -> None:
        """The program on the disk is the one that starts."""
        if "kubelet" in self._packages.get(machine, {}):
            self.parts.kubelets.set_kubelet_version(machine, self.package(machine, "kubelet"))

    # Certificates

    def issued(self, certificate: str) -> int:
        return self._issued.get(certificate, self.parts.engine.born)

    def issue(self, certificate: str) -> None:
        self._issued[certificate] = self.parts.engine.now
        self.parts.files.version += 1

    # The cluster's door

    @property
    def endpoint(self) -> str:
        return f"{self.parts.config.control_planes[0].name}:6443"

    @property
    def endpoints(self) -> tuple[str, ...]:
        """All names under which the API server can be reached from a machine."""
        planes = [(index, node) for index, node in enumerate(self.parts.config.nodes) if node.role == "control-plane"]
        found = [f"{name}:6443" for index, node in planes for name in (node.name, node_address(index))]
        return tuple(found)

    @property
    def pin(self) -> str:
        return public_key_pin(authority_of(self.parts.engine.seed))

    def is_control_plane(self, machine: str) -> bool:
        return any(node.name == machine for node in self.parts.config.control_planes)

    def is_node(self, machine: str) -> bool:
        kubelets = self.parts.kubelets
        return machine in kubelets.nodes() and kubelets.is_bootstrapped(machine)

    # State

    def dump(self) -> Plain:
        return {"packages": self._packages, "issued": self._issued}

    def load(self, state: Plain) -> None:
        self._packages, self._issued = state["packages"], state["issued"]
