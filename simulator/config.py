"""The kind-style description of a cluster, read strictly.

Accepts what https://kind.sigs.k8s.io/docs/user/configuration/ describes as far as it makes sense here (`kind: Cluster`,
`apiVersion: kind.x-k8s.io/v1alpha4`, `nodes` with roles and labels, `networking`), and beside it the sizes a real
machine would bring along: `cpu`, `memory`, `pods`, `zone` on a node, and `runtimeHandlers: [spin, kata]` for RuntimeClasses. A worker with
`joined: false` is a machine that `kubeadm join` makes a node. `featureGates` and `runtimeConfig` are kind's.
`images` are a class's own, written as the entries of `workloads/catalog`. An unknown field is refused by name.

`flavour` says how one got the cluster: `kind`, `desktop`, `raspberry-pi` or `cloud`. A cloud has `cloud: {provider, quotaCPUs, delayPercent}`
and `nodeGroups: [{name, machine, min, max, size, labels, taints}]` in place of workers; its control plane is the provider's.
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

from simulator.addons.metrics import ADDONS
from simulator.cloud import flavours
from simulator.cloud.flavours import FLAVOURS, PROVIDERS, Flavour
from simulator.cloud.groups import NodeGroup
from simulator.cloud.machine_types import MACHINE_TYPES
from simulator.machinery import quantities, yaml_documents
from simulator.machinery.resources import OPTIONAL, Resource
from simulator.node.addresses import node_address
from simulator.workloads.errors import CatalogError
from simulator.workloads.image_catalog import own_images

MAX_NODES = 5_000
MAX_IMAGES = 100
MAX_CPU = "1024"
MAX_MEMORY = "64Ti"
_ROLES = ("control-plane", "worker")
#: What kind gives Services of a dual-stack cluster beside the IPv4 range.
SERVICE_SUBNET_6 = "fd00:10:96::/112"
POD_SUBNET_6 = "fd00:10:244::/56"
#: kind's own choices (https://kind.sigs.k8s.io/docs/user/configuration/#kube-proxy-mode).
CNIS = ("kindnet", "flannel", "calico", "cilium")
PROXY_MODES = ("iptables", "ipvs", "nftables", "none")
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


class ConfigError(ValueError):
    """Says which field, what was found and what was wanted."""

    def __init__(self, path: str, found: object, wanted: str, line: int | None = None) -> None:
        where = f"{path} (line {line})" if line else path
        super().__init__(f"{where}: found {_shown(found)}, wanted {wanted}")
        self.path = path
        self.found = _shown(found)
        self.wanted = wanted
        self.line = line


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


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    name: str
    nodes: tuple[NodeConfig, ...]
    pod_subnet: str = "10.244.0.0/16"
    service_subnet: str = "10.96.0.0/16"
    ip_family: str = "ipv4"
    """`ipv4` or `dual`: every pod, node and willing Service has an IPv6 address beside the other."""
    kube_proxy_mode: str = "iptables"
    cni: str = "kindnet"
    """The network plugin of fresh machines; "" none."""
    allow_unknown_images: bool = False
    images: tuple[dict[str, Any], ...] = ()
    """Of the class's own, as entries of the image catalogue."""
    flavour: Flavour = field(default_factory=Flavour)
    groups: tuple[NodeGroup, ...] = ()
    quota_cpus: int = 0
    """0: what the provider gives a new account."""
    delay_percent: int = 100
    addons: tuple[str, ...] = ()
    feature_gates: tuple[str, ...] = ()
    """Features that are off by default in v1.33 and on here."""
    runtime_config: tuple[str, ...] = ()
    """Versions of the API that are not served by default and are here."""

    def dump(self) -> dict[str, Any]:
        """A mapping that `read_config` reads back to an equal value."""
        return {
            "kind": "Cluster",
            "name": self.name,
            "nodes": [node.dump() for node in self.nodes],
            "networking": {
                "podSubnet": self.pod_subnet,
                "serviceSubnet": self.service_subnet,
                "kubeProxyMode": self.kube_proxy_mode,
                "ipFamily": self.ip_family,
                **({"cni": self.cni} if self.cni else {"disableDefaultCNI": True}),
            },
            "allowUnknownImages": self.allow_unknown_images,
            **({"images": list(self.images)} if self.images else {}),
            "flavour": self.flavour.name,
            "addons": list(self.addons),
            **({"cloud": self._dump_cloud()} if self.flavour.is_cloud else {}),
            "nodeGroups": [group.dump() for group in self.groups],
            **({"featureGates": dict.fromkeys(self.feature_gates, True)} if self.feature_gates else {}),
            **({"runtimeConfig": dict.fromkeys(self.runtime_config, "true")} if self.runtime_config else {}),
        }

    def _dump_cloud(self) -> dict[str, Any]:
        return {
            "provider": self.flavour.provider,
            "quotaCPUs": self.quota_cpus,
            "delayPercent": self.delay_percent,
        }

    @property
    def optional_resources(self) -> tuple[Resource, ...]:
        """What the API server serves beyond the default."""
        is_all = any(word in ("api/all", "api/alpha") for word in self.runtime_config)
        return tuple(one for one in OPTIONAL if is_all or one.api_version in self.runtime_config)

    @property
    def largest(self) -> int:
        """How many machines there may be when every node group has grown."""
        return len(self.nodes) + sum(group.max - group.size for group in self.groups)

    @property
    def joining(self) -> tuple[tuple[int, NodeConfig], ...]:
        """(number, machine) of all that become nodes."""
        return tuple((index, node) for index, node in enumerate(self.nodes) if not node.managed and node.joined)

    @property
    def is_dual(self) -> bool:
        return self.ip_family == "dual"

    @property
    def service_subnets(self) -> str:
        """As `--service-cluster-ip-range` of the API server wants them; the second one is kind's."""
        return f"{self.service_subnet},{SERVICE_SUBNET_6}" if self.is_dual else self.service_subnet

    @property
    def pod_subnets(self) -> str:
        """As kube-proxy's `--cluster-cidr` wants them; the second one is kind's."""
        return f"{self.pod_subnet},{POD_SUBNET_6}" if self.is_dual else self.pod_subnet

    @property
    def control_planes(self) -> tuple[NodeConfig, ...]:
        return tuple(node for node in self.nodes if node.role == "control-plane")


def read_config(given: str | dict[str, Any] | None) -> ClusterConfig:
    """Text (YAML or JSON) or a parsed mapping; None is one control plane and three workers. Raises ConfigError."""
    if given is None:
        given = {"nodes": _LAB_NODES}
    if isinstance(given, str):
        given = _parse(given)
    if not isinstance(given, dict):
        raise ConfigError("config", given, "a mapping with `kind: Cluster`")
    _only(given, "config", _FIELDS)
    _one_of(given.get("kind", "Cluster"), "kind", ("Cluster",))
    _one_of(given.get("apiVersion", "kind.x-k8s.io/v1alpha4"), "apiVersion", ("kind.x-k8s.io/v1alpha4",))
    cloud = _mapping(given.get("cloud") or {}, "cloud")
    flavour = _flavour(given, cloud)
    name = _dns_label(given.get("name", flavour.name if flavour.name != "raspberry-pi" else "pi"), "name")
    networking = given.get("networking") or {}
    _only(
        _mapping(networking, "networking"),
        "networking",
        ("podSubnet", "serviceSubnet", "ipFamily", "kubeProxyMode", "disableDefaultCNI", "cni"),
    )
    groups = _groups(given, flavour)
    gates, runtime = _features(given)
    return ClusterConfig(
        name=name,
        nodes=_nodes(given.get("nodes", _default_nodes(flavour)), name, flavour, groups),
        pod_subnet=_subnet(networking.get("podSubnet", "10.244.0.0/16"), "networking.podSubnet"),
        service_subnet=_subnet(networking.get("serviceSubnet", "10.96.0.0/16"), "networking.serviceSubnet"),
        ip_family=_one_of(networking.get("ipFamily", "ipv4"), "networking.ipFamily", ("ipv4", "dual")),
        cni=_cni(networking),
        kube_proxy_mode=_one_of(networking.get("kubeProxyMode", "iptables"), "networking.kubeProxyMode", PROXY_MODES),
        allow_unknown_images=_boolean(given.get("allowUnknownImages", False), "allowUnknownImages"),
        images=_images(given.get("images") or []),
        flavour=flavour,
        groups=groups,
        quota_cpus=_integer(cloud.get("quotaCPUs", 0), "cloud.quotaCPUs", 0, 100_000),
        addons=_addons(given, flavour),
        delay_percent=_integer(cloud.get("delayPercent", 100), "cloud.delayPercent", 0, 10_000),
        feature_gates=gates,
        runtime_config=runtime,
    )


_FIELDS = (
    "kind",
    "apiVersion",
    "name",
    "nodes",
    "networking",
    "allowUnknownImages",
    "images",
    "flavour",
    "cloud",
    "nodeGroups",
    "addons",
    "featureGates",
    "runtimeConfig",
)
#: Feature gates that have an effect here, with the version of the API that each needs.
_GATES = {"MutatingAdmissionPolicy": "admissionregistration.k8s.io/v1alpha1"}
_VERSIONS = ("api/all", "api/alpha", *_GATES.values())
_LAB_NODES = [{"role": "control-plane"}, *({"role": "worker"} for _ in range(3))]


def read_node(given: object, *, name: str, flavour: Flavour) -> NodeConfig:
    """One more machine for a running cluster; `name` when it brings none. Raises ConfigError."""
    fields = _mapping(given, "node")
    _only(fields, "node", _NODE_FIELDS)
    role = _one_of(fields.get("role", "worker"), "node.role", _ROLES)
    return _node(fields, "node", _dns_label(fields.get("name") or name, "node.name"), role, flavour)


def _flavour(given: dict[str, Any], cloud: dict[str, Any]) -> Flavour:
    name = _one_of(given.get("flavour", "kind"), "flavour", FLAVOURS)
    if name != "cloud":
        for field_ in ("cloud", "nodeGroups"):
            if given.get(field_):
                raise ConfigError(field_, given[field_], "`flavour: cloud` beside it, or no such field")
        return Flavour(name)
    _only(cloud, "cloud", ("provider", "quotaCPUs", "delayPercent"))
    return Flavour(name, _one_of(cloud.get("provider", "aws"), "cloud.provider", PROVIDERS))


def _features(given: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """kind's `featureGates` and `runtimeConfig`, as far as they change anything here."""
    gates = _mapping(given.get("featureGates") or {}, "featureGates")
    _only(gates, "featureGates", tuple(_GATES))
    versions = _mapping(given.get("runtimeConfig") or {}, "runtimeConfig")
    _only(versions, "runtimeConfig", _VERSIONS)
    on = tuple(sorted(name for name, value in gates.items() if _boolean(value, f"featureGates.{name}")))
    served = tuple(
        name
        for name in sorted(versions)
        if _one_of(str(versions[name]).lower(), f"runtimeConfig.{name}", ("true", "false")) == "true"
    )
    for name in on:
        if not {"api/all", "api/alpha", _GATES[name]} & set(served):
            wanted = f"runtimeConfig {_GATES[name]}: true beside it"
            raise ConfigError(f"featureGates.{name}", "an API that is not served", wanted)
    return on, served


def _addons(given: dict[str, Any], flavour: Flavour) -> tuple[str, ...]:
    """GKE clusters come with a metrics server, all others begin without."""
    default = ["metrics-server"] if flavour.provider == "google" else []
    found = _list(given.get("addons", default), "addons")
    return tuple(dict.fromkeys(_one_of(name, f"addons[{index}]", ADDONS) for index, name in enumerate(found)))


def _default_nodes(flavour: Flavour) -> list[dict[str, Any]]:
    if flavour.name == "desktop":
        return [{"role": "control-plane", "name": "docker-desktop"}]
    if flavour.name == "raspberry-pi":
        return [{"role": "control-plane"}, {"role": "worker", "count": 3}]
    return [] if flavour.is_cloud else [{"role": "control-plane"}]


def _groups(given: dict[str, Any], flavour: Flavour) -> tuple[NodeGroup, ...]:
    if not flavour.is_cloud:
        return ()
    default = [{"size": 3, "min": 1, "max": 10}]
    groups = []
    for index, entry in enumerate(_list(given.get("nodeGroups") or default, "nodeGroups")):
        groups.append(_group(_mapping(entry, f"nodeGroups[{index}]"), f"nodeGroups[{index}]", flavour))
    names = [group.name for group in groups]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ConfigError(f"nodeGroups[{index}].name", f"the name {name} twice", "a different name for each group")
    return tuple(groups)


def _group(fields: dict[str, Any], path: str, flavour: Flavour) -> NodeGroup:
    _only(fields, path, ("name", "machine", "min", "max", "size", "labels", "taints"))
    provider = flavours.provider_named(flavour.provider)
    sold = tuple(one.name for one in MACHINE_TYPES.values() if one.provider == flavour.provider)
    size = _integer(fields.get("size", fields.get("min", 1)), f"{path}.size", 0, _MAX_GROUP)
    labels = _mapping(fields.get("labels") or {}, f"{path}.labels")
    taints = _list(fields.get("taints") or [], f"{path}.taints")
    return NodeGroup(
        name=_dns_label(fields.get("name", provider.group), f"{path}.name"),
        machine=_one_of(fields.get("machine", provider.machine), f"{path}.machine", sold),
        min=_integer(fields.get("min", size), f"{path}.min", 0, size),
        max=_integer(fields.get("max", size), f"{path}.max", size, _MAX_GROUP),
        size=size,
        labels={key: _text(value, f"{path}.labels.{key}") for key, value in labels.items()},
        taints=tuple(_taint(taint, f"{path}.taints[{index}]") for index, taint in enumerate(taints)),
    )


def _cni(networking: dict[str, Any]) -> str:
    """kind's `disableDefaultCNI`, and beside it `cni`, which it does not have: another plugin from the start."""
    if _boolean(networking.get("disableDefaultCNI", False), "networking.disableDefaultCNI"):
        return ""
    return _one_of(networking.get("cni", "kindnet"), "networking.cni", CNIS)


def _parse(text: str) -> Any:
    """The one document of a text. Size, depth and the growth by aliases are limited before memory is spent."""
    try:
        documents = yaml_documents.read(text)
    except yaml_documents.YamlError as error:
        problem = error.message.removeprefix("error converting YAML to JSON: ")
        raise ConfigError("config", problem, "YAML that can be read", error.line) from error
    if len(documents) > 1:
        raise ConfigError("config", f"{len(documents)} documents", "one", documents[1].line)
    return documents[0].value if documents else None


def _nodes(given: object, cluster: str, flavour: Flavour, groups: tuple[NodeGroup, ...]) -> tuple[NodeConfig, ...]:
    if not isinstance(given, list) or not (given or groups):
        raise ConfigError("nodes", given, "a list with at least one node")
    nodes: list[NodeConfig] = []
    counts = dict.fromkeys(_ROLES, 0)
    for index, entry in enumerate(given):
        path = f"nodes[{index}]"
        fields = _mapping(entry, path)
        _only(fields, path, _NODE_FIELDS)
        role = _one_of(fields.get("role", "control-plane"), f"{path}.role", _ROLES)
        repeat = _integer(fields.get("count", 1), f"{path}.count", 1, MAX_NODES)
        for copy in range(repeat):
            counts[role] += 1
            name = fields.get("name") or _kind_name(cluster, role, counts[role])
            if repeat > 1 and fields.get("name"):
                name = f"{name}-{copy + 1}"
            nodes.append(_node(fields, path, _dns_label(name, f"{path}.name"), role, flavour))
    if flavour.is_cloud:
        _add_managed(nodes, cluster, flavour, groups)
        counts["control-plane"] = sum(node.managed for node in nodes)
    _check_count(nodes, counts)
    return tuple(nodes)


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
    labels = _mapping(fields.get("labels") or {}, f"{path}.labels")
    machine = _text(fields.get("machine", flavour.machine), f"{path}.machine")
    if machine:
        _one_of(machine, f"{path}.machine", tuple(MACHINE_TYPES))
    type = MACHINE_TYPES.get(machine)
    system = _one_of(fields.get("os", "linux"), f"{path}.os", _SYSTEMS)
    if role == "control-plane" and system != "linux":
        raise ConfigError(f"{path}.os", system, "linux: the control plane runs on Linux only")
    arch = fields.get("arch", type.arch if type else flavour.arch)
    return NodeConfig(
        name=name,
        role=role,
        cpu=_quantity(fields.get("cpu", type.cpu if type else "4"), f"{path}.cpu", most=MAX_CPU),
        memory=_quantity(fields.get("memory", type.memory if type else "8Gi"), f"{path}.memory", most=MAX_MEMORY),
        pods=_integer(fields.get("pods", type.pods if type else 110), f"{path}.pods", 1, 1_000),
        zone=_text(fields.get("zone", ""), f"{path}.zone"),
        labels={key: _text(value, f"{path}.labels.{key}") for key, value in labels.items()},
        taints=tuple(
            _taint(taint, f"{path}.taints[{index}]")
            for index, taint in enumerate(_list(fields.get("taints") or [], f"{path}.taints"))
        ),
        machine=machine,
        os=system,
        arch=_one_of(arch, f"{path}.arch", ("amd64", "arm64")),
        group=_text(fields.get("group", ""), f"{path}.group"),
        managed=_boolean(fields.get("managed", False), f"{path}.managed"),
        joined=_joined(fields, path, role, flavour),
        runtime_handlers=tuple(
            _dns_label(handler, f"{path}.runtimeHandlers[{index}]")
            for index, handler in enumerate(_list(fields.get("runtimeHandlers") or [], f"{path}.runtimeHandlers"))
        ),
    )


def _joined(fields: dict[str, Any], path: str, role: str, flavour: Flavour) -> bool:
    joined = _boolean(fields.get("joined", True), f"{path}.joined")
    if not joined and (role == "control-plane" or flavour.is_cloud):
        raise ConfigError(f"{path}.joined", "false", "true: only a worker of one's own waits for `kubeadm join`")
    return joined


def _images(given: object) -> tuple[dict[str, Any], ...]:
    entries = _list(given, "images")
    if len(entries) > MAX_IMAGES:
        raise ConfigError("images", f"{len(entries)} images", f"at most {MAX_IMAGES}")
    try:
        own_images(entries)
    except CatalogError as error:
        raise ConfigError("images", str(error), "entries as in the image catalogue") from error
    return tuple(entries)


def _kind_name(cluster: str, role: str, number: int) -> str:
    """kind's own scheme: kind-worker, kind-worker2, …"""
    return f"{cluster}-{role}{number if number > 1 else ''}"


def _taint(given: object, path: str) -> dict[str, str]:
    taint = _mapping(given, path)
    _only(taint, path, ("key", "value", "effect"))
    _one_of(taint.get("effect"), f"{path}.effect", ("NoSchedule", "PreferNoSchedule", "NoExecute"))
    return {key: _text(value, f"{path}.{key}") for key, value in taint.items()}


def _only(given: dict[str, Any], path: str, known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            raise ConfigError(path, f"the unknown field {key!r}", f"one of {', '.join(known)}")


def _mapping(given: object, path: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ConfigError(path, given, "a mapping")
    return given


def _list(given: object, path: str) -> list[Any]:
    if not isinstance(given, list):
        raise ConfigError(path, given, "a list")
    return given


def _one_of(given: object, path: str, known: tuple[str, ...]) -> str:
    if given not in known:
        raise ConfigError(path, given, f"one of {', '.join(known)}")
    return str(given)


def _integer(given: object, path: str, low: int, high: int) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not low <= given <= high:
        raise ConfigError(path, given, f"a whole number from {low} to {high}")
    return given


def _text(given: object, path: str) -> str:
    if isinstance(given, list | dict):
        raise ConfigError(path, given, "text")
    return str(given)


def _boolean(given: object, path: str) -> bool:
    if not isinstance(given, bool):
        raise ConfigError(path, given, "true or false")
    return given


def _quantity(given: object, path: str, *, most: str) -> str:
    text = _text(given, path)
    try:
        amount = quantities.milli(text)
    except quantities.QuantityError as error:
        raise ConfigError(path, given, "a quantity such as 4, 500m or 8Gi") from error
    if amount <= 0:
        raise ConfigError(path, given, "more than zero")
    if amount > quantities.milli(most):
        raise ConfigError(path, given, f"at most {most}")
    return text


def _dns_label(given: object, path: str) -> str:
    text = given if isinstance(given, str) else ""
    legal = text and len(text) <= 63 and text[0] != "-" and text[-1] != "-"
    if not legal or not all(letter in "abcdefghijklmnopqrstuvwxyz0123456789-." for letter in text):
        raise ConfigError(path, given, "lower-case letters, digits and dashes, at most 63")
    return text


def _subnet(given: object, path: str) -> str:
    try:
        return str(IPv4Network(_text(given, path)))
    except ValueError as error:
        raise ConfigError(path, given, "an IPv4 network such as 10.244.0.0/16") from error


def _shown(value: object) -> str:
    """A value in an error message; of a large one only its outline, for aliases can make it larger than memory."""
    if isinstance(value, list | dict):
        return f"a {'list' if isinstance(value, list) else 'mapping'} of {len(value)}"
    text = repr(value) if isinstance(value, str) and " " not in value else str(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
