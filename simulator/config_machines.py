"""The machines of a configuration: nodes by role, node groups of a cloud, and how many there may be.

Of a machine one may say what a real one would bring along: `cpu`, `memory`, `pods`, `zone`, `machine`, `os`, `arch`, `runtimeHandlers`, and that
it waits for `kubeadm join` (`joined: false`). Names are kind's, or those of the provider.
"""

from dataclasses import dataclass, field
from typing import Any

from simulator.cloud import flavours
from simulator.cloud.flavours import Flavour
from simulator.cloud.groups import NodeGroup
from simulator.cloud.machine_types import MACHINE_TYPES
from simulator.config_checks import (
    ConfigError,
    boolean,
    dns_label,
    integer,
    listed,
    mapping,
    one_of,
    only,
    quantity,
    text_of,
)
from simulator.node.addresses import node_address

MAX_NODES = 5_000
MAX_CPU = "1024"
MAX_MEMORY = "64Ti"
_ROLES = ("control-plane", "worker")
_SYSTEMS = ("linux", "windows")
#: A managed control plane has members in several zones; nobody sees them.
_MANAGED = 3
_MAX_GROUP = 100
_NODE_FIELDS = (
    "role",
    "name",
    "labels",
    "cpu",
    "memory",
    "pods",
    "zone",
    "taints",
    "image",
    "count",
    "extraPortMappings",
    "machine",
    "os",
    "arch",
    "group",
    "managed",
    "runtimeHandlers",
    "joined",
)


@dataclass(frozen=True, slots=True)
class NodeConfig:
    name: str
    role: str
    cpu: str = "4"
    memory: str = "8Gi"
    pods: int = 110
    zone: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    taints: tuple[dict[str, str], ...] = ()
    machine: str = ""
    """A name of `MACHINE_TYPES`; empty: just a machine."""
    os: str = "linux"
    arch: str = "amd64"
    group: str = ""
    """The node group of a cloud that it belongs to."""
    managed: bool = False
    """A machine of the provider's control plane: it never becomes a node."""
    joined: bool = True
    """False: a machine that waits for `kubeadm join`."""
    runtime_handlers: tuple[str, ...] = ()
    """What its container runtime knows beside runc, for RuntimeClasses: `kata`, `spin`, …"""

    def dump(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "role": self.role,
            "cpu": self.cpu,
            "memory": self.memory,
            "pods": self.pods,
            "zone": self.zone,
            "labels": dict(self.labels),
            "taints": [dict(taint) for taint in self.taints],
            "machine": self.machine,
            "os": self.os,
            "arch": self.arch,
            "group": self.group,
            "managed": self.managed,
            "runtimeHandlers": list(self.runtime_handlers),
            **({} if self.joined else {"joined": False}),
        }


def read_nodes(given: object, cluster: str, flavour: Flavour, groups: tuple[NodeGroup, ...]) -> tuple[NodeConfig, ...]:
    """All machines of a cluster of that name. Raises ConfigError."""
    if not isinstance(given, list) or not (given or groups):
        raise ConfigError("nodes", given, "a list with at least one node")
    nodes: list[NodeConfig] = []
    counts = dict.fromkeys(_ROLES, 0)
    for index, entry in enumerate(given):
        path = f"nodes[{index}]"
        fields = mapping(entry, path)
        only(fields, path, _NODE_FIELDS)
        role = one_of(fields.get("role", "control-plane"), f"{path}.role", _ROLES)
        repeat = integer(fields.get("count", 1), f"{path}.count", 1, MAX_NODES)
        for copy in range(repeat):
            counts[role] += 1
            name = fields.get("name") or _kind_name(cluster, role, counts[role])
            if repeat > 1 and fields.get("name"):
                name = f"{name}-{copy + 1}"
            nodes.append(_node(fields, path, dns_label(name, f"{path}.name"), role, flavour))
    if flavour.is_cloud:
        _add_managed(nodes, cluster, flavour, groups)
        counts["control-plane"] = sum(node.managed for node in nodes)
    _check_count(nodes, counts)
    return tuple(nodes)


def read_node(given: object, *, name: str, flavour: Flavour) -> NodeConfig:
    """One more machine for a running cluster; `name` when it brings none. Raises ConfigError."""
    fields = mapping(given, "node")
    only(fields, "node", _NODE_FIELDS)
    role = one_of(fields.get("role", "worker"), "node.role", _ROLES)
    return _node(fields, "node", dns_label(fields.get("name") or name, "node.name"), role, flavour)


def read_groups(given: dict[str, Any], flavour: Flavour) -> tuple[NodeGroup, ...]:
    """The node groups of a cloud; elsewhere there are none. Raises ConfigError."""
    if not flavour.is_cloud:
        return ()
    default = [{"size": 3, "min": 1, "max": 10}]
    groups = []
    for index, entry in enumerate(listed(given.get("nodeGroups") or default, "nodeGroups")):
        groups.append(_group(mapping(entry, f"nodeGroups[{index}]"), f"nodeGroups[{index}]", flavour))
    names = [group.name for group in groups]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ConfigError(f"nodeGroups[{index}].name", f"the name {name} twice", "a different name for each group")
    return tuple(groups)


def _group(fields: dict[str, Any], path: str, flavour: Flavour) -> NodeGroup:
    only(fields, path, ("name", "machine", "min", "max", "size", "labels", "taints"))
    provider = flavours.provider_named(flavour.provider)
    sold = tuple(one.name for one in MACHINE_TYPES.values() if one.provider == flavour.provider)
    size = integer(fields.get("size", fields.get("min", 1)), f"{path}.size", 0, _MAX_GROUP)
    labels = mapping(fields.get("labels") or {}, f"{path}.labels")
    taints = listed(fields.get("taints") or [], f"{path}.taints")
    return NodeGroup(
        name=dns_label(fields.get("name", provider.group), f"{path}.name"),
        machine=one_of(fields.get("machine", provider.machine), f"{path}.machine", sold),
        min=integer(fields.get("min", size), f"{path}.min", 0, size),
        max=integer(fields.get("max", size), f"{path}.max", size, _MAX_GROUP),
        size=size,
        labels={key: text_of(value, f"{path}.labels.{key}") for key, value in labels.items()},
        taints=tuple(_taint(taint, f"{path}.taints[{index}]") for index, taint in enumerate(taints)),
    )


def _add_managed(nodes: list[NodeConfig], cluster: str, flavour: Flavour, groups: tuple[NodeGroup, ...]) -> None:
    """What the provider brings along: a control plane that nobody sees, and the machines of the node groups."""
    known = {group.name for group in groups}
    for index, node in enumerate(nodes):
        if not node.managed and node.group not in known:
            raise ConfigError(f"nodes[{index}]", f"a {node.role} in a managed cluster", "nodeGroups instead of nodes")
    if not nodes:
        nodes.extend(
            NodeConfig(f"{cluster}-managed-{number}", "control-plane", managed=True)
            for number in range(1, _MANAGED + 1)
        )
        provider = flavours.provider_named(flavour.provider)
        for group in groups:
            for number in range(group.size):
                zone = provider.zones[number % len(provider.zones)] if provider.zones else ""
                nodes.append(group_node(group, cluster=cluster, flavour=flavour, index=len(nodes), zone=zone))


def group_node(
    group: NodeGroup, *, cluster: str, flavour: Flavour, index: int, zone: str, name: str = ""
) -> NodeConfig:
    """The machine of a node group that is the cluster's `index`-th one."""
    provider = flavours.provider_named(flavour.provider)
    type = MACHINE_TYPES[group.machine]
    labels = flavours.group_labels(provider.name, group=group.name, cluster=cluster, machine=group.machine)
    return NodeConfig(
        name=name
        or flavours.node_name(
            provider.name,
            cluster=cluster,
            group=group.name,
            index=index,
            address=node_address(index),
            region=provider.region,
        ),
        role="worker",
        cpu=type.cpu,
        memory=type.memory,
        pods=type.pods,
        zone=zone,
        labels={**labels, **group.labels},
        taints=group.taints,
        machine=group.machine,
        arch=type.arch,
        group=group.name,
    )


def _check_count(nodes: list[NodeConfig], counts: dict[str, int]) -> None:
    if len(nodes) > MAX_NODES:
        raise ConfigError("nodes", f"{len(nodes)} nodes", f"at most {MAX_NODES}")
    if counts["control-plane"] not in (1, 3, 5):
        raise ConfigError(
            "nodes",
            f"{counts['control-plane']} control-plane nodes",
            "1, 3 or 5: etcd needs an odd number to gain a failure",
        )
    names = [node.name for node in nodes]
    seen: dict[str, None] = {}
    for name in names:
        if name in seen:
            raise ConfigError("nodes", f"the name {name} twice", "a different name for each node")
        seen[name] = None


def _node(fields: dict[str, Any], path: str, name: str, role: str, flavour: Flavour) -> NodeConfig:
    labels = mapping(fields.get("labels") or {}, f"{path}.labels")
    machine = text_of(fields.get("machine", flavour.machine), f"{path}.machine")
    if machine:
        one_of(machine, f"{path}.machine", tuple(MACHINE_TYPES))
    type = MACHINE_TYPES.get(machine)
    system = one_of(fields.get("os", "linux"), f"{path}.os", _SYSTEMS)
    if role == "control-plane" and system != "linux":
        raise ConfigError(f"{path}.os", system, "linux: the control plane runs on Linux only")
    arch = fields.get("arch", type.arch if type else flavour.arch)
    return NodeConfig(
        name=name,
        role=role,
        cpu=quantity(fields.get("cpu", type.cpu if type else "4"), f"{path}.cpu", most=MAX_CPU),
        memory=quantity(fields.get("memory", type.memory if type else "8Gi"), f"{path}.memory", most=MAX_MEMORY),
        pods=integer(fields.get("pods", type.pods if type else 110), f"{path}.pods", 1, 1_000),
        zone=text_of(fields.get("zone", ""), f"{path}.zone"),
        labels={key: text_of(value, f"{path}.labels.{key}") for key, value in labels.items()},
        taints=tuple(
            _taint(taint, f"{path}.taints[{index}]")
            for index, taint in enumerate(listed(fields.get("taints") or [], f"{path}.taints"))
        ),
        machine=machine,
        os=system,
        arch=one_of(arch, f"{path}.arch", ("amd64", "arm64")),
        group=text_of(fields.get("group", ""), f"{path}.group"),
        managed=boolean(fields.get("managed", False), f"{path}.managed"),
        joined=_joined(fields, path, role, flavour),
        runtime_handlers=tuple(
            dns_label(handler, f"{path}.runtimeHandlers[{index}]")
            for index, handler in enumerate(listed(fields.get("runtimeHandlers") or [], f"{path}.runtimeHandlers"))
        ),
    )


def _joined(fields: dict[str, Any], path: str, role: str, flavour: Flavour) -> bool:
    joined = boolean(fields.get("joined", True), f"{path}.joined")
    if not joined and (role == "control-plane" or flavour.is_cloud):
        raise ConfigError(f"{path}.joined", "false", "true: only a worker of one's own waits for `kubeadm join`")
    return joined


def _kind_name(cluster: str, role: str, number: int) -> str:
    """kind's own scheme: kind-worker, kind-worker2, …"""
    return f"{cluster}-{role}{number if number > 1 else ''}"


def _taint(given: object, path: str) -> dict[str, str]:
    taint = mapping(given, path)
    only(taint, path, ("key", "value", "effect"))
    one_of(taint.get("effect"), f"{path}.effect", ("NoSchedule", "PreferNoSchedule", "NoExecute"))
    return {key: text_of(value, f"{path}.{key}") for key, value in taint.items()}
