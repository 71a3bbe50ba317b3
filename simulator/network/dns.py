"""Cluster DNS: what a pod's resolver asks, and what CoreDNS answers.

Follows the DNS specification (https://github.com/kubernetes/dns/blob/master/docs/specification.md) and
https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/. Promises: a pure function of Services, EndpointSlices and the
pod; whether CoreDNS can be reached at all is the data path's affair.
"""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.network.service_rules import SERVICE_NAME

DOMAIN = "cluster.local"
_NDOTS = 5
#: The world outside that programs in containers may ask for.
_OUTSIDE = {
    "example.com": "23.215.0.136",
    "kubernetes.io": "3.33.186.135",
    "google.com": "142.250.74.206",
    "www.google.com": "142.250.74.196",
}


@dataclass(frozen=True, slots=True)
class Resolver:
    """`/etc/resolv.conf` of a container."""

    nameserver: str
    search: tuple[str, ...]
    ndots: int

    @property
    def text(self) -> str:
        lines = [f"search {' '.join(self.search)}"] if self.search else []
        return "\n".join([*lines, f"nameserver {self.nameserver}", f"options ndots:{self.ndots}", ""])


@dataclass(frozen=True, slots=True)
class Answer:
    name: str
    """The full name that answered, or the last one that was tried."""
    addresses: tuple[str, ...]
    tried: tuple[str, ...]
    alias: str = ""
    """The target of an ExternalName."""


#: Looks up (service, its slices) by namespace and name; None when there is no such service.
ServiceLookup = Callable[[str, str], tuple[Obj, list[Obj]] | None]


def resolver_of(pod: Obj, dns_address: str) -> Resolver:
    """By dnsPolicy: ClusterFirst unless the pod says otherwise; host-network pods use the node's."""
    spec = pod["spec"]
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    config = spec.get("dnsConfig") or {}
    if policy == "None":
        return Resolver((config.get("nameservers") or [""])[0], tuple(config.get("searches") or ()), 1)
    if policy == "Default" or (policy == "ClusterFirst" and spec.get("hostNetwork")):
        return Resolver("172.18.0.1", (), 1)
    namespace = pod["metadata"]["namespace"]
    search = (f"{namespace}.svc.{DOMAIN}", f"svc.{DOMAIN}", DOMAIN, *(config.get("searches") or ()))
    return Resolver(dns_address, search, _NDOTS)


def resolve(name: str, resolver: Resolver, lookup: ServiceLookup) -> Answer:
    """Tries the search list as glibc and musl do: names with fewer dots than ndots get the suffixes first."""
    plain = name.rstrip(".")
    candidates = [plain]
    if not name.endswith("."):
        suffixed = [f"{plain}.{suffix}" for suffix in resolver.search]
        candidates = [*suffixed, plain] if plain.count(".") < resolver.ndots else [plain, *suffixed]
    tried: list[str] = []
    for candidate in candidates:
        tried.append(candidate)
        addresses, alias = _records(candidate, lookup)
        if addresses or alias:
            return Answer(candidate, addresses, tuple(tried), alias)
    return Answer(tried[0], (), tuple(tried))


def _records(name: str, lookup: ServiceLookup) -> tuple[tuple[str, ...], str]:
    """(A records, target of a CNAME) of one full name."""
    if name in _OUTSIDE:
        return (_OUTSIDE[name],), ""
    if not name.endswith(f".{DOMAIN}"):
        return (), ""
    labels = name.removesuffix(f".{DOMAIN}").split(".")
    match labels:
        case [host, service, namespace, "svc"]:
            return _host_records(host, lookup(namespace, service)), ""
        case [service, namespace, "svc"]:
            return _service_records(lookup(namespace, service))
        case [dashed, _, "pod"] if dashed.count("-") == 3:
            return (dashed.replace("-", "."),), ""
    return (), ""


def _service_records(found: tuple[Obj, list[Obj]] | None) -> tuple[tuple[str, ...], str]:
    if found is None:
        return (), ""
    service, slices = found
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        target = spec["externalName"]
        return ((_OUTSIDE[target],) if target in _OUTSIDE else ()), target
    if spec.get("clusterIP") == "None":
        return tuple(address for _, address in _published(service, slices)), ""
    return ((spec["clusterIP"],) if spec.get("clusterIP") else ()), ""


def _host_records(host: str, found: tuple[Obj, list[Obj]] | None) -> tuple[str, ...]:
    """`web-0.web.default.svc…`: an endpoint of a headless service by its hostname."""
    if found is None or found[0]["spec"].get("clusterIP") != "None":
        return ()
    return tuple(address for name, address in _published(*found) if name == host)


def _published(service: Obj, slices: list[Obj]) -> list[tuple[str, str]]:
    """(hostname, address) of endpoints that have records: the ready ones, or all where the service says so."""
    everyone = bool(service["spec"].get("publishNotReadyAddresses"))
    found = [
        (endpoint.get("hostname", ""), address)
        for one in slices
        for endpoint in one.get("endpoints") or ()
        for address in endpoint["addresses"]
        if everyone or (endpoint.get("conditions") or {}).get("ready", True) is not False
    ]
    return sorted(found, key=lambda pair: pair[1])


def is_slice_of(slice_: Obj, service: str) -> bool:
    return (slice_["metadata"].get("labels") or {}).get(SERVICE_NAME) == service
