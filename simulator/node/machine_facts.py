"""A machine as its kubelet finds it: what the configuration, the flavour and the machine type make of it.

Labels and taints here are those a node registers with; what a cloud's controller manager adds later is in `simulator/cloud`.
"""

from typing import Protocol

from simulator.cloud.flavours import Flavour, provider_named
from simulator.cloud.machine_types import reserved
from simulator.cloud.node_controller import UNINITIALIZED
from simulator.machinery.quantities import milli, value
from simulator.node.addresses import node_address, node_cidr
from simulator.node.node_status import NodeSpec


class Machine(Protocol):
    """The part of a node's configuration that is read here."""

    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def cpu(self) -> str: ...
    @property
    def memory(self) -> str: ...
    @property
    def pods(self) -> int: ...
    @property
    def zone(self) -> str: ...
    @property
    def labels(self) -> dict[str, str]: ...
    @property
    def taints(self) -> tuple[dict[str, str], ...]: ...
    @property
    def machine(self) -> str: ...
    @property
    def os(self) -> str: ...
    @property
    def arch(self) -> str: ...
    @property
    def runtime_handlers(self) -> tuple[str, ...]: ...


def node_spec(node: Machine, index: int, flavour: Flavour, pod_subnet: str, *, alone: bool) -> NodeSpec:
    """`alone`: it is the cluster's only node."""
    os_image, kernel = _system(node, flavour)
    kept_cpu, kept_memory = reserved(
        flavour.provider, cpu_milli=milli(node.cpu), memory=value(node.memory), pods=node.pods
    )
    return NodeSpec(
        name=node.name,
        address=node_address(index),
        pod_cidr=node_cidr(pod_subnet, index),
        cpu=node.cpu,
        memory=node.memory,
        pods=node.pods,
        labels=_labels(node, flavour),
        taints=_taints(node, flavour, alone=alone),
        images=_SYSTEM_IMAGES if node.os == "linux" else _WINDOWS_IMAGES,
        provider_id=flavour.provider_id(node.name),
        os=node.os,
        arch=node.arch,
        os_image=os_image,
        kernel=kernel,
        reserved_cpu=kept_cpu,
        reserved_memory=kept_memory,
        handlers=node.runtime_handlers,
    )


def _labels(node: Machine, flavour: Flavour) -> dict[str, str]:
    labels = dict(node.labels)
    if node.zone and not flavour.is_cloud:
        labels["topology.kubernetes.io/zone"] = node.zone
        labels["topology.kubernetes.io/region"] = node.zone.rsplit("-", 1)[0]
    if node.machine and not flavour.is_cloud:
        labels["node.kubernetes.io/instance-type"] = node.machine
    if node.os == "windows":
        labels["node.kubernetes.io/windows-build"] = "10.0.20348"
    if node.role == "control-plane":
        labels["node-role.kubernetes.io/control-plane"] = ""
        labels["node.kubernetes.io/exclude-from-external-load-balancers"] = ""
    return labels


def _taints(node: Machine, flavour: Flavour, *, alone: bool) -> tuple[dict[str, str], ...]:
    """A lone control-plane node takes everybody's pods: kind and Docker Desktop remove its taint."""
    if node.role == "control-plane" and not alone:
        return ({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}, *node.taints)
    return (dict(UNINITIALIZED), *node.taints) if flavour.is_cloud else node.taints


def _system(node: Machine, flavour: Flavour) -> tuple[str, str]:
    """(what the operating system calls itself, its kernel)."""
    if node.os == "windows":
        return "Windows Server 2022 Datacenter", "10.0.20348.3695"
    if flavour.is_cloud:
        provider = provider_named(flavour.provider)
        return provider.os_image, provider.kernel
    if flavour.name == "desktop":
        return "Docker Desktop", "6.10.14-linuxkit"
    if flavour.name == "raspberry-pi":
        return "Debian GNU/Linux 12 (bookworm)", "6.12.25+rpt-rpi-2712"
    return "Debian GNU/Linux 12 (bookworm)", "6.8.0-64-generic"


#: kind's node image brings these along.
_SYSTEM_IMAGES = (
    "registry.k8s.io/pause:3.10",
    "registry.k8s.io/kube-apiserver:v1.33.1",
    "registry.k8s.io/kube-controller-manager:v1.33.1",
    "registry.k8s.io/kube-scheduler:v1.33.1",
    "registry.k8s.io/kube-proxy:v1.33.1",
    "registry.k8s.io/etcd:3.5.21-0",
    "registry.k8s.io/coredns/coredns:v1.12.0",
    "docker.io/kindest/kindnetd:v20250512-df8de77b",
    "docker.io/kindest/local-path-provisioner:v20250214-acbabc1a",
)
_WINDOWS_IMAGES = ("registry.k8s.io/pause:3.10",)
