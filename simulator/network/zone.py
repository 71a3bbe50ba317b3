"""CoreDNS' answers: the records of Services, EndpointSlices and pods, and what lies outside the cluster.

Follows the DNS specification (https://github.com/kubernetes/dns/blob/master/docs/specification.md), the `kubernetes` plugin of CoreDNS and
the Corefile of the cluster. Promises: a pure function of what CoreDNS has seen; whether it can be reached is the data path's affair.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol

from simulator.engine.plain import Obj
from simulator.network.corefile import Block, Corefile, CorefileError, Plugin, is_in, read
from simulator.network.service_rules import family_of

DOMAIN = "cluster.local"
NOERROR, NXDOMAIN, SERVFAIL, REFUSED = "NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"
_ADDRESS_TYPES = {"IPv4": "A", "IPv6": "AAAA"}
_TTL, _CACHE_TTL, _TEXT_TTL = 5, 30, 28_800
_VERSION = "1.1.0"
"""Of the specification, which `dns-version` tells."""
_MAX_ALIASES = 8
#: The world outside that programs in containers may ask for.
OUTSIDE = {
    "example.com": "23.215.0.136",
    "kubernetes.io": "3.33.186.135",
    "google.com": "142.250.74.206",
    "www.google.com": "142.250.74.196",
}


@dataclass(frozen=True, slots=True)
class Record:
    name: str
    ttl: int
    type: str
    data: str


@dataclass(frozen=True, slots=True)
class Reply:
    code: str
    answers: tuple[Record, ...] = ()
    authoritative: bool = False
    soa: str = ""
    """The zone whose SOA record stands in the authority section of an answer without records."""

    def data(self, type: str) -> tuple[str, ...]:
        return tuple(one.data for one in self.answers if one.type == type)


class Known(Protocol):
    """What CoreDNS watches."""

    def service(self, namespace: str, name: str) -> Obj | None: ...

    def services(self, namespace: str | None = None) -> Iterable[Obj]: ...

    def slices_of(self, namespace: str, service: str) -> list[Obj]: ...

    def has_namespace(self, name: str) -> bool: ...

    def has_pod(self, namespace: str, address: str) -> bool: ...


#: Asks another server (name, type) at an address that `forward` names; None: nobody answers there.
Ask = Callable[[str, str, str], Reply | None]


class Zone:
    def __init__(self, known: Known, corefile: str, ask: Ask) -> None:
        self._known = known
        self._text = corefile
        self._ask = ask

    def answer(self, name: str, type: str) -> Reply:
        """One question, as a client sends it: a full name without the final dot."""
        try:
            corefile = read(self._text)
        except CorefileError:
            return Reply(SERVFAIL)
        return self._answer(corefile, name.lower(), type, _MAX_ALIASES)

    def _answer(self, corefile: Corefile, name: str, type: str, left: int) -> Reply:
        block = corefile.block_for(name)
        if block is None:
            return Reply(REFUSED)
        asked = _rewritten(block, name)
        reply = self._from_plugins(corefile, block, asked, type, left)
        if asked == name:
            return reply
        renamed = tuple(Record(name, r.ttl, r.type, r.data) if r.name == asked else r for r in reply.answers)
        return Reply(reply.code, renamed, reply.authoritative, reply.soa)

    def _from_plugins(self, corefile: Corefile, block: Block, name: str, type: str, left: int) -> Reply:
        hosts = block.plugin("hosts")
        if hosts is not None and (found := _from_hosts(hosts, name, type)) is not None:
            return found
        plugin = block.plugin("kubernetes")
        zone = next((one for one in _zones(plugin) if is_in(name, one)), None)
        if plugin is not None and zone is not None:
            reply = self._from_cluster(corefile, plugin, zone, name, type, left)
            if reply.code != NXDOMAIN or not _falls_through(plugin, name):
                return reply
        return self._forward(block, name, type)

    def _forward(self, block: Block, name: str, type: str) -> Reply:
        for plugin in block.all("forward"):
            zone, *targets = plugin.args or (".",)
            if is_in(name, zone.strip(".")):
                for target in targets:
                    reply = self._ask(target, name, type)
                    if reply is not None:
                        return reply
                return Reply(SERVFAIL)
        return Reply(REFUSED)

    # The `kubernetes` plugin

    def _from_cluster(self, corefile: Corefile, plugin: Plugin, zone: str, name: str, type: str, left: int) -> Reply:
        ttl = int((plugin.option("ttl") or (str(_TTL),))[0])
        if zone.endswith("arpa"):
            pointers = self._reverse(name)
            answers = tuple(Record(name, ttl, "PTR", f"{one}.") for one in pointers if type in ("PTR", "ANY"))
            return Reply(NOERROR if pointers else NXDOMAIN, answers, True, zone)
        found = self._named(plugin, name.removesuffix(zone).rstrip(".").split("."), zone)
        if found is None:
            return Reply(NXDOMAIN, (), True, zone)
        if found.text:
            texts = (Record(name, _TEXT_TTL, "TXT", f'"{found.text}"'),) if type == "TXT" else ()
            return Reply(NOERROR, texts, True, zone)
        if found.alias:
            return self._aliased(corefile, found.alias, name, type, ttl, left)
        if type == "SRV":
            return _srv(found, name, ttl, zone)
        wanted = [one for one in found.hosts if _ADDRESS_TYPES[family_of(one.address)] == type]
        addresses = dict.fromkeys(one.address for one in wanted)
        return Reply(NOERROR, tuple(Record(name, ttl, type, address) for address in addresses), True, zone)

    def _named(self, plugin: Plugin, labels: list[str], zone: str) -> "_Found | None":
        """What a name below the cluster's domain stands for; None when there is nothing of that name."""
        match labels:
            case ["dns-version"]:
                return _Found(text=_VERSION)
            case [port, protocol, service, namespace, "svc"] if port.startswith("_") and protocol.startswith("_"):
                return self._service(namespace, service, zone, port=port[1:], protocol=protocol[1:])
            case [host, service, namespace, "svc"]:
                return self._service(namespace, service, zone, host=host)
            case [service, namespace, "svc"]:
                return self._service(namespace, service, zone)
            case [dashed, namespace, "pod"]:
                return self._pod(plugin, dashed, namespace)
            case [namespace, "svc"] if self._known.has_namespace(namespace):
                return _Found()
            case [namespace, "pod"] if _pod_mode(plugin) != "disabled" and self._known.has_namespace(namespace):
                return _Found()
            case ["svc"] | ["pod"] | [""]:
                return _Found()
        return None

    def _pod(self, plugin: Plugin, dashed: str, namespace: str) -> "_Found | None":
        """`10-244-1-5.default.pod…`: with `pods insecure` no pod needs to be there, with `pods verified` one of the namespace."""
        mode = _pod_mode(plugin)
        if mode == "disabled" or not self._known.has_namespace(namespace):
            return None
        is_four = dashed.count("-") == 3 and "--" not in dashed
        address = dashed.replace("-", "." if is_four else ":")
        if not _is_address(address) or (mode == "verified" and not self._known.has_pod(namespace, address)):
            return None
        return _Found((_Host("", address, 0, "", ""),))

    def _service(
        self, namespace: str, name: str, zone: str, *, host: str = "", port: str = "", protocol: str = ""
    ) -> "_Found | None":
        service = self._known.service(namespace, name)
        if service is None:
            return None
        spec, base = service["spec"], f"{name}.{namespace}.svc.{zone}"
        if spec.get("type") == "ExternalName":
            return _Found(alias=spec["externalName"].rstrip(".")) if not host and not port else None
        if host or spec.get("clusterIP") == "None":
            hosts = [one for one in self._hosts(namespace, name, base) if not host or one.name == f"{host}.{base}"]
        else:
            addresses = spec.get("clusterIPs") or [spec["clusterIP"]]
            hosts = [
                _Host(base, address, one["port"], one.get("name") or "", one.get("protocol", "TCP"))
                for one in spec.get("ports") or ()
                for address in addresses
            ]
        if port:
            hosts = [one for one in hosts if one.port_name == port and one.protocol.lower() == protocol]
        return _Found(tuple(hosts)) if hosts else None

    def _hosts(self, namespace: str, name: str, base: str) -> list["_Host"]:
        """The ready endpoints of a service by the names they have in DNS."""
        found = []
        for one in self._known.slices_of(namespace, name):
            ports: list[Obj] = one.get("ports") or [{}]
            for endpoint in one.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready", True) is False:
                    continue
                for address in endpoint["addresses"]:
                    host = f"{endpoint.get('hostname') or _dashed(address)}.{base}"
                    found += [
                        _Host(host, address, p.get("port") or 0, p.get("name") or "", p.get("protocol") or "TCP")
                        for p in ports
                    ]
        return sorted(found, key=lambda one: (one.address, one.port))

    def _aliased(self, corefile: Corefile, target: str, name: str, type: str, ttl: int, left: int) -> Reply:
        alias = Record(name, ttl, "CNAME", f"{target}.")
        if type == "CNAME" or not left:
            return Reply(NOERROR, (alias,), True)
        followed = self._answer(corefile, target.lower(), type, left - 1)
        return Reply(NOERROR, (alias, *followed.answers), True)

    def _reverse(self, name: str) -> list[str]:
        address = address_of(name)
        if not address:
            return []
        for service in self._known.services():
            metadata, spec = service["metadata"], service["spec"]
            base = f"{metadata['name']}.{metadata['namespace']}.svc.{DOMAIN}"
            if address in (spec.get("clusterIPs") or [spec.get("clusterIP")]):
                return [base]
        found: dict[str, None] = {}
        for service in self._known.services():
            metadata = service["metadata"]
            base = f"{metadata['name']}.{metadata['namespace']}.svc.{DOMAIN}"
            for host in self._hosts(metadata["namespace"], metadata["name"], base):
                if host.address == address:
                    found[host.name] = None
        return list(found)


@dataclass(frozen=True, slots=True)
class _Host:
    name: str
    address: str
    port: int
    port_name: str
    protocol: str


@dataclass(frozen=True, slots=True)
class _Found:
    hosts: tuple[_Host, ...] = ()
    alias: str = ""
    text: str = ""


def outside(name: str, type: str) -> Reply:
    """What the resolvers of the world answer."""
    if name not in OUTSIDE:
        return Reply(NXDOMAIN)
    return Reply(NOERROR, (Record(name, _CACHE_TTL, "A", OUTSIDE[name]),) if type == "A" else ())


def address_of(name: str) -> str:
    """`5.1.244.10.in-addr.arpa` → `10.244.1.5`; "" for a name that is no reverse name."""
    if name.endswith(".in-addr.arpa"):
        text = ".".join(reversed(name.removesuffix(".in-addr.arpa").split(".")))
    elif name.endswith(".ip6.arpa"):
        digits = "".join(reversed(name.removesuffix(".ip6.arpa").split(".")))
        text = ":".join(digits[at : at + 4] for at in range(0, len(digits), 4))
    else:
        return ""
    return str(ip_address(text)) if _is_address(text) else ""


def reverse_name(address: str) -> str:
    return ip_address(address).reverse_pointer


def _srv(found: _Found, name: str, ttl: int, zone: str) -> Reply:
    """Every target once a port, with equal weights for each of its addresses; the addresses of the targets come along."""
    weight = max(100 // len(found.hosts), 1) if found.hosts else 0
    targets = dict.fromkeys((one.port, one.name) for one in found.hosts if one.name and one.port)
    services = [Record(name, ttl, "SRV", f"0 {weight} {port} {host}.") for port, host in targets]
    glue = dict.fromkeys(
        (one.name, _ADDRESS_TYPES[family_of(one.address)], one.address) for one in found.hosts if one.name and one.port
    )
    more = [Record(host, ttl, kind, address) for host, kind, address in glue]
    return Reply(NOERROR, (*services, *more), True, zone)


def _pod_mode(plugin: Plugin) -> str:
    return (plugin.option("pods") or ("disabled",))[0]


def _zones(plugin: Plugin | None) -> list[str]:
    return [] if plugin is None else sorted((zone.strip(".") for zone in plugin.args), key=len, reverse=True)


def _falls_through(plugin: Plugin, name: str) -> bool:
    zones = plugin.option("fallthrough")
    return zones is not None and (not zones or any(is_in(name, zone.strip(".")) for zone in zones))


def _from_hosts(plugin: Plugin, name: str, type: str) -> Reply | None:
    """The `hosts` plugin with its entries inline; None: go on with the next plugin."""
    entries = [line for line in plugin.lines if _is_address(line[0])]
    found = [line[0] for line in entries if name in line[1:]]
    if not found:
        return None if plugin.option("fallthrough") is not None else Reply(NXDOMAIN)
    ttl = int((plugin.option("ttl") or ("3600",))[0])
    wanted = [address for address in found if _ADDRESS_TYPES[family_of(address)] == type]
    return Reply(NOERROR, tuple(Record(name, ttl, type, address) for address in wanted), True)


def _rewritten(block: Block, name: str) -> str:
    for plugin in block.all("rewrite"):
        words = [word for word in plugin.args if word not in ("stop", "continue")]
        match words:
            case ["name", old, new] | ["name", "exact", old, new] if name == old.strip("."):
                return new.strip(".")
            case ["name", "suffix", old, new, *_] if is_in(name, old.strip(".")):
                return name.removesuffix(old.strip(".")) + new.strip(".")
            case ["name", "prefix", old, new, *_] if name.startswith(old):
                return new + name.removeprefix(old)
    return name


def _dashed(address: str) -> str:
    return address.replace(".", "-").replace(":", "-")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
