"""The kind-style description of a cluster, read strictly.

Accepts what https://kind.sigs.k8s.io/docs/user/configuration/ describes as far as it makes sense here (`kind: Cluster`,
`apiVersion: kind.x-k8s.io/v1alpha4`, `nodes` with roles and labels, `networking`), and beside it the sizes a real
machine would bring along: `cpu`, `memory`, `pods`, `zone` on a node. An unknown field is refused by name.
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

from simulator.machinery import quantities, yaml_documents

MAX_NODES = 5_000
MAX_CPU = "1024"
MAX_MEMORY = "64Ti"
_ROLES = ("control-plane", "worker")
#: kind's own choices (https://kind.sigs.k8s.io/docs/user/configuration/#kube-proxy-mode).
PROXY_MODES = ("iptables", "ipvs", "nftables", "none")


class ConfigError(ValueError):
    """Says which field, what was found and what was wanted."""

    def __init__(self, path: str, found: object, wanted: str, line: int | None = None) -> None:
        where = f"{path} (line {line})" if line else path
        super().__init__(f"{where}: found {_shown(found)}, wanted {wanted}")
        self.path = path
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
        }


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    name: str
    nodes: tuple[NodeConfig, ...]
    pod_subnet: str = "10.244.0.0/16"
    service_subnet: str = "10.96.0.0/16"
    kube_proxy_mode: str = "iptables"
    allow_unknown_images: bool = False

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
            },
            "allowUnknownImages": self.allow_unknown_images,
        }

    @property
    def control_planes(self) -> tuple[NodeConfig, ...]:
        return tuple(node for node in self.nodes if node.role == "control-plane")


def read_config(given: str | dict[str, Any] | None) -> ClusterConfig:
    """Text (YAML or JSON) or a parsed mapping; None is one control plane and three workers. Raises ConfigError."""
    if given is None:
        given = {"nodes": [{"role": "control-plane"}, *({"role": "worker"} for _ in range(3))]}
    if isinstance(given, str):
        given = _parse(given)
    if not isinstance(given, dict):
        raise ConfigError("config", given, "a mapping with `kind: Cluster`")
    _only(given, "config", ("kind", "apiVersion", "name", "nodes", "networking", "allowUnknownImages"))
    _one_of(given.get("kind", "Cluster"), "kind", ("Cluster",))
    _one_of(given.get("apiVersion", "kind.x-k8s.io/v1alpha4"), "apiVersion", ("kind.x-k8s.io/v1alpha4",))
    name = _dns_label(given.get("name", "kind"), "name")
    networking = given.get("networking") or {}
    _only(
        _mapping(networking, "networking"),
        "networking",
        ("podSubnet", "serviceSubnet", "ipFamily", "kubeProxyMode", "disableDefaultCNI"),
    )
    return ClusterConfig(
        name=name,
        nodes=_nodes(given.get("nodes", [{"role": "control-plane"}]), name),
        pod_subnet=_subnet(networking.get("podSubnet", "10.244.0.0/16"), "networking.podSubnet"),
        service_subnet=_subnet(networking.get("serviceSubnet", "10.96.0.0/16"), "networking.serviceSubnet"),
        kube_proxy_mode=_one_of(networking.get("kubeProxyMode", "iptables"), "networking.kubeProxyMode", PROXY_MODES),
        allow_unknown_images=_boolean(given.get("allowUnknownImages", False), "allowUnknownImages"),
    )


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


def _nodes(given: object, cluster: str) -> tuple[NodeConfig, ...]:
    if not isinstance(given, list) or not given:
        raise ConfigError("nodes", given, "a list with at least one node")
    nodes: list[NodeConfig] = []
    counts = dict.fromkeys(_ROLES, 0)
    for index, entry in enumerate(given):
        path = f"nodes[{index}]"
        fields = _mapping(entry, path)
        _only(
            fields,
            path,
            (
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
            ),
        )
        role = _one_of(fields.get("role", "control-plane"), f"{path}.role", _ROLES)
        repeat = _integer(fields.get("count", 1), f"{path}.count", 1, MAX_NODES)
        for copy in range(repeat):
            counts[role] += 1
            name = fields.get("name") or _kind_name(cluster, role, counts[role])
            if repeat > 1 and fields.get("name"):
                name = f"{name}-{copy + 1}"
            nodes.append(_node(fields, path, _dns_label(name, f"{path}.name"), role))
    _check_count(nodes, counts)
    return tuple(nodes)


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


def _node(fields: dict[str, Any], path: str, name: str, role: str) -> NodeConfig:
    labels = _mapping(fields.get("labels") or {}, f"{path}.labels")
    return NodeConfig(
        name=name,
        role=role,
        cpu=_quantity(fields.get("cpu", "4"), f"{path}.cpu", most=MAX_CPU),
        memory=_quantity(fields.get("memory", "8Gi"), f"{path}.memory", most=MAX_MEMORY),
        pods=_integer(fields.get("pods", 110), f"{path}.pods", 1, 1_000),
        zone=_text(fields.get("zone", ""), f"{path}.zone"),
        labels={key: _text(value, f"{path}.labels.{key}") for key, value in labels.items()},
        taints=tuple(
            _taint(taint, f"{path}.taints[{index}]")
            for index, taint in enumerate(_list(fields.get("taints") or [], f"{path}.taints"))
        ),
    )


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
