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
from typing import Any

from simulator.addons.metrics import ADDONS
from simulator.cloud.flavours import FLAVOURS, PROVIDERS, Flavour
from simulator.cloud.groups import NodeGroup
from simulator.config_checks import ConfigError, boolean, dns_label, integer, listed, mapping, one_of, only, subnet
from simulator.config_machines import NodeConfig, read_groups, read_nodes
from simulator.machinery import yaml_documents
from simulator.machinery.resources import OPTIONAL, Resource
from simulator.workloads.errors import CatalogError
from simulator.workloads.image_catalog import own_images

MAX_IMAGES = 100
#: What kind gives Services of a dual-stack cluster beside the IPv4 range.
SERVICE_SUBNET_6 = "fd00:10:96::/112"
POD_SUBNET_6 = "fd00:10:244::/56"
#: kind's own choices (https://kind.sigs.k8s.io/docs/user/configuration/#kube-proxy-mode).
CNIS = ("kindnet", "flannel", "calico", "cilium")
PROXY_MODES = ("iptables", "ipvs", "nftables", "none")


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
    only(given, "config", _FIELDS)
    one_of(given.get("kind", "Cluster"), "kind", ("Cluster",))
    one_of(given.get("apiVersion", "kind.x-k8s.io/v1alpha4"), "apiVersion", ("kind.x-k8s.io/v1alpha4",))
    cloud = mapping(given.get("cloud") or {}, "cloud")
    flavour = _flavour(given, cloud)
    name = dns_label(given.get("name", flavour.name if flavour.name != "raspberry-pi" else "pi"), "name")
    networking = given.get("networking") or {}
    only(
        mapping(networking, "networking"),
        "networking",
        ("podSubnet", "serviceSubnet", "ipFamily", "kubeProxyMode", "disableDefaultCNI", "cni"),
    )
    groups = read_groups(given, flavour)
    gates, runtime = _features(given)
    return ClusterConfig(
        name=name,
        nodes=read_nodes(given.get("nodes", _default_nodes(flavour)), name, flavour, groups),
        pod_subnet=subnet(networking.get("podSubnet", "10.244.0.0/16"), "networking.podSubnet"),
        service_subnet=subnet(networking.get("serviceSubnet", "10.96.0.0/16"), "networking.serviceSubnet"),
        ip_family=one_of(networking.get("ipFamily", "ipv4"), "networking.ipFamily", ("ipv4", "dual")),
        cni=_cni(networking),
        kube_proxy_mode=one_of(networking.get("kubeProxyMode", "iptables"), "networking.kubeProxyMode", PROXY_MODES),
        allow_unknown_images=boolean(given.get("allowUnknownImages", False), "allowUnknownImages"),
        images=_images(given.get("images") or []),
        flavour=flavour,
        groups=groups,
        quota_cpus=integer(cloud.get("quotaCPUs", 0), "cloud.quotaCPUs", 0, 100_000),
        addons=_addons(given, flavour),
        delay_percent=integer(cloud.get("delayPercent", 100), "cloud.delayPercent", 0, 10_000),
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


def _flavour(given: dict[str, Any], cloud: dict[str, Any]) -> Flavour:
    name = one_of(given.get("flavour", "kind"), "flavour", FLAVOURS)
    if name != "cloud":
        for field_ in ("cloud", "nodeGroups"):
            if given.get(field_):
                raise ConfigError(field_, given[field_], "`flavour: cloud` beside it, or no such field")
        return Flavour(name)
    only(cloud, "cloud", ("provider", "quotaCPUs", "delayPercent"))
    return Flavour(name, one_of(cloud.get("provider", "aws"), "cloud.provider", PROVIDERS))


def _features(given: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """kind's `featureGates` and `runtimeConfig`, as far as they change anything here."""
    gates = mapping(given.get("featureGates") or {}, "featureGates")
    only(gates, "featureGates", tuple(_GATES))
    versions = mapping(given.get("runtimeConfig") or {}, "runtimeConfig")
    only(versions, "runtimeConfig", _VERSIONS)
    on = tuple(sorted(name for name, value in gates.items() if boolean(value, f"featureGates.{name}")))
    served = tuple(
        name
        for name in sorted(versions)
        if one_of(str(versions[name]).lower(), f"runtimeConfig.{name}", ("true", "false")) == "true"
    )
    for name in on:
        if not {"api/all", "api/alpha", _GATES[name]} & set(served):
            wanted = f"runtimeConfig {_GATES[name]}: true beside it"
            raise ConfigError(f"featureGates.{name}", "an API that is not served", wanted)
    return on, served


def _addons(given: dict[str, Any], flavour: Flavour) -> tuple[str, ...]:
    """GKE clusters come with a metrics server, all others begin without."""
    default = ["metrics-server"] if flavour.provider == "google" else []
    found = listed(given.get("addons", default), "addons")
    return tuple(dict.fromkeys(one_of(name, f"addons[{index}]", ADDONS) for index, name in enumerate(found)))


def _default_nodes(flavour: Flavour) -> list[dict[str, Any]]:
    if flavour.name == "desktop":
        return [{"role": "control-plane", "name": "docker-desktop"}]
    if flavour.name == "raspberry-pi":
        return [{"role": "control-plane"}, {"role": "worker", "count": 3}]
    return [] if flavour.is_cloud else [{"role": "control-plane"}]


def _cni(networking: dict[str, Any]) -> str:
    """kind's `disableDefaultCNI`, and beside it `cni`, which it does not have: another plugin from the start."""
    if boolean(networking.get("disableDefaultCNI", False), "networking.disableDefaultCNI"):
        return ""
    return one_of(networking.get("cni", "kindnet"), "networking.cni", CNIS)


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


def _images(given: object) -> tuple[dict[str, Any], ...]:
    entries = listed(given, "images")
    if len(entries) > MAX_IMAGES:
        raise ConfigError("images", f"{len(entries)} images", f"at most {MAX_IMAGES}")
    try:
        own_images(entries)
    except CatalogError as error:
        raise ConfigError("images", str(error), "entries as in the image catalogue") from error
    return tuple(entries)
