"""The resolver of a container: what is in its `/etc/resolv.conf` and `/etc/hosts`, and which names it asks for in which order.

https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/ and `pkg/kubelet/network/dns/dns.go`: dnsPolicy, dnsConfig with its
options, hostAliases, hostname and subdomain. Promises: a pure function of the pod; asking is the data path's affair.
"""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.machinery.hosts_files import HEADER, HEADER_OF_HOST_NETWORK, machine_hosts
from simulator.machinery.pod_names import domain_of, short_name
from simulator.network.zone import DOMAIN, Record, Reply

#: What the machines themselves ask.
MACHINE_DNS = "172.18.0.1"
_DEFAULT_NDOTS = 1
_MAX_NAMESERVERS, _MAX_SEARCHES = 3, 32
_MAX_SEARCH, _MAX_SEARCH_LINE = 253, 2048


@dataclass(frozen=True, slots=True)
class Resolver:
    """`/etc/resolv.conf` of a container."""

    nameservers: tuple[str, ...]
    search: tuple[str, ...]
    options: tuple[tuple[str, str | None], ...] = ()

    @property
    def nameserver(self) -> str:
        """The one that is asked first; the others are for when it does not answer."""
        return self.nameservers[0] if self.nameservers else ""

    @property
    def ndots(self) -> int:
        given = dict(self.options).get("ndots")
        return int(given) if given and given.isdigit() else _DEFAULT_NDOTS

    @property
    def text(self) -> str:
        lines = [f"search {' '.join(self.search)}"] if self.search else []
        lines += [f"nameserver {address}" for address in self.nameservers]
        options = [f"{name}:{value}" if value else name for name, value in self.options]
        return "\n".join([*lines, *([f"options {' '.join(options)}"] if options else []), ""])


@dataclass(frozen=True, slots=True)
class Answer:
    name: str
    """The full name that answered, or the last one that was tried."""
    addresses: tuple[str, ...]
    tried: tuple[str, ...]
    alias: str = ""
    """The target of an ExternalName."""
    records: tuple[Record, ...] = ()


def resolver_of(pod: Obj, dns_address: str) -> Resolver:
    """By dnsPolicy: ClusterFirst unless the pod says otherwise; host-network pods use the node's. Of all that, what fits (`formDNSConfigFitsLimits`)."""
    wanted = _wanted(pod, dns_address)
    return Resolver(wanted.nameservers[:_MAX_NAMESERVERS], _fitting(wanted.search), wanted.options)


def omissions(pod: Obj, dns_address: str) -> list[str]:
    """What the kubelet says of a pod of whose servers or suffixes some do not fit."""
    wanted, kept = _wanted(pod, dns_address), resolver_of(pod, dns_address)
    said = []
    if len(kept.nameservers) < len(wanted.nameservers):
        said.append(
            "Nameserver limits were exceeded, some nameservers have been omitted, "
            f"the applied nameserver line is: {' '.join(kept.nameservers)}"
        )
    if len(kept.search) < len(wanted.search):
        said.append(
            "Search Line limits were exceeded, some search paths have been omitted, "
            f"the applied search line is: {' '.join(kept.search)}"
        )
    return said


def _fitting(search: tuple[str, ...]) -> tuple[str, ...]:
    kept = [one for one in search[:_MAX_SEARCHES] if len(one) <= _MAX_SEARCH]
    while len(" ".join(kept)) > _MAX_SEARCH_LINE:
        kept.pop()
    return tuple(kept)


def _wanted(pod: Obj, dns_address: str) -> Resolver:
    spec = pod["spec"]
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    config = spec.get("dnsConfig") or {}
    if policy == "None":
        base = Resolver((), ())
    elif policy == "Default" or (policy == "ClusterFirst" and spec.get("hostNetwork")):
        base = Resolver((MACHINE_DNS,), (), ())
    else:
        namespace = pod["metadata"]["namespace"]
        search = (f"{namespace}.svc.{DOMAIN}", f"svc.{DOMAIN}", DOMAIN)
        base = Resolver((dns_address,), search, (("ndots", "5"),))
    options = dict(base.options)
    options.update((option["name"], option.get("value")) for option in config.get("options") or ())
    return Resolver(
        tuple(dict.fromkeys((*base.nameservers, *(config.get("nameservers") or ())))),
        tuple(dict.fromkeys((*base.search, *(config.get("searches") or ())))),
        tuple(options.items()),
    )


def candidates(name: str, resolver: Resolver) -> tuple[str, ...]:
    """Full names in the order in which glibc tries them: with fewer dots than `ndots` the suffixes come first."""
    plain = name.rstrip(".")
    if name.endswith("."):
        return (plain,)
    suffixed = [f"{plain}.{suffix}" for suffix in resolver.search]
    return tuple([*suffixed, plain] if plain.count(".") < resolver.ndots else [plain, *suffixed])


#: One question to the name server: (full name, type).
Question = Callable[[str, str], Reply]


def resolve(name: str, resolver: Resolver, ask: Question, *, types: tuple[str, ...] = ("A", "AAAA")) -> Answer:
    """The first candidate with an address of these types; where a name exists without one, the search goes on."""
    tried: list[str] = []
    for candidate in candidates(name, resolver):
        tried.append(candidate)
        replies = [ask(candidate, type) for type in types]
        records = tuple(dict.fromkeys(one for reply in replies for one in reply.answers))
        aliases = [one.data.rstrip(".") for one in records if one.type == "CNAME"]
        addresses = tuple(one.data for one in records if one.type in ("A", "AAAA"))
        if addresses or aliases:
            return Answer(candidate, addresses, tuple(tried), aliases[0] if aliases else "", records)
    return Answer(tried[0], (), tuple(tried))


def hosts_file(pod: Obj, address: str, second: str = "") -> str:
    """`/etc/hosts` as the kubelet writes it (`pkg/kubelet/kubelet_pods.go`): the pod's own names, or the machine's file; then hostAliases.

    `second`: the pod's IPv6 address in a dual-stack cluster.
    """
    if pod["spec"].get("hostNetwork"):
        own_file = machine_hosts(str(pod["spec"].get("nodeName", "")), address)
        return "\n".join([HEADER_OF_HOST_NETWORK, *own_file.splitlines(), *_aliases(pod), ""])
    lines = [
        HEADER,
        "127.0.0.1\tlocalhost",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "fe00::0\tip6-localnet",
        "fe00::0\tip6-mcastprefix",
        "fe00::1\tip6-allnodes",
        "fe00::2\tip6-allrouters",
    ]
    lines += [f"{each}\t{own_names(pod)}" for each in (address, second) if each]
    return "\n".join([*lines, *_aliases(pod), ""])


def _aliases(pod: Obj) -> list[str]:
    aliases = pod["spec"].get("hostAliases") or ()
    if not aliases:
        return []
    entries = [f"{one['ip']}\t" + "\t".join(one.get("hostnames") or ()) for one in aliases]
    return ["", "# Entries added by HostAliases.", *entries]


def own_names(pod: Obj) -> str:
    """`web-0.web.default.svc.cluster.local<tab>web-0` for a pod with a subdomain, its hostname otherwise."""
    host, domain = short_name(pod), domain_of(pod)
    return f"{host}.{domain}\t{host}" if domain else host


def in_hosts_file(pod: Obj, name: str, address: str) -> str:
    """The address a name has in `/etc/hosts`, which is asked before any server; "" when it is not there."""
    for line in hosts_file(pod, address).splitlines():
        words = line.split()
        if words and not line.startswith("#") and name in words[1:]:
            return words[0]
    return ""
