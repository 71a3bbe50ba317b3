"""Cluster IPs and node ports of Services: allocated once, unique, given back on deletion.

Follows https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/ and the allocators of
`pkg/registry/core/service`: dynamic addresses come from the upper band of the range, the tenth address of the range
is kept for cluster DNS by the assembly, which asks for it by name. What is taken is read from the store.
"""

from ipaddress import ip_address, ip_network

from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.machinery import names
from simulator.machinery.store import Store

NODE_PORTS = range(30_000, 32_768)
#: Dynamic node ports keep off the first 86 of the default range
#: (https://kubernetes.io/blog/2023/05/11/nodeport-dynamic-and-static-allocation/).
_STATIC_NODE_PORTS = 86


def without_leftovers(service: Obj, old: Obj) -> Obj:
    """Another type makes some fields meaningless: those that nobody changed are cleared (`dropTypeDependentFields`)."""
    spec, before = dict(service["spec"]), old["spec"]
    now, earlier = spec.get("type"), before.get("type")
    if now == earlier:
        return service
    outside = ("NodePort", "LoadBalancer")
    if now == "ExternalName":
        _drop_same(spec, before, "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")
    if earlier in outside and now not in outside and _ports_of(spec) == _ports_of(before):
        spec["ports"] = [
            {key: value for key, value in port.items() if key != "nodePort"} for port in spec.get("ports") or ()
        ]
    if now not in outside and not spec.get("externalIPs"):
        _drop_same(spec, before, "externalTrafficPolicy")
    if now != "LoadBalancer":
        _drop_same(spec, before, "healthCheckNodePort", "allocateLoadBalancerNodePorts", "loadBalancerClass")
    return {**service, "spec": spec}


def _drop_same(spec: Obj, before: Obj, *fields: str) -> None:
    for field in fields:
        if field in spec and spec[field] == before.get(field):
            del spec[field]


def _ports_of(spec: Obj) -> list[int]:
    return [port.get("nodePort", 0) for port in spec.get("ports") or ()]


class ServiceAllocator:
    def __init__(self, engine: Engine, store: Store, cluster_cidr: str) -> None:
        self.networks = {_family(cidr): ip_network(cidr) for cidr in cluster_cidr.split(",")}
        """By address family, the cluster's first one first."""
        self._engine = engine
        self._store = store

    def fill(self, service: Obj, old: Obj | None) -> tuple[Obj, list[tuple[str, str, str]]]:
        """The service with its allocations, and the causes of refusal (type, message, field)."""
        spec = dict(service["spec"])
        causes: list[tuple[str, str, str]] = []
        if spec.get("type") == "ExternalName":
            return service, causes
        self._cluster_ip(spec, service, old, causes)
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            self._node_ports(spec, service, old, causes)
        elif "ports" in spec:
            spec["ports"] = [{key: value for key, value in port.items() if key != "nodePort"} for port in spec["ports"]]
        self._health_check(spec, service, old, causes)
        return {**service, "spec": spec}, causes

    def _health_check(self, spec: Obj, service: Obj, old: Obj | None, causes: list[tuple[str, str, str]]) -> None:
        """A port on which each node says whether it has pods of the service: for load balancers under policy Local."""
        if spec.get("type") != "LoadBalancer" or spec.get("externalTrafficPolicy") != "Local":
            if old is not None and old["spec"].get("healthCheckNodePort") == spec.get("healthCheckNodePort"):
                spec.pop("healthCheckNodePort", None)
            return
        taken = self._taken_ports()
        wanted = spec.get("healthCheckNodePort") or (old["spec"].get("healthCheckNodePort") if old else 0)
        if not wanted:
            wanted = self._free_port(taken, "TCP")
        elif taken.get((wanted, "TCP"), _id(service)) != _id(service):
            why = f"Invalid value: {wanted}: failed to allocate requested HealthCheck NodePort {wanted}: provided port is already allocated"
            causes.append(("FieldValueInvalid", why, "spec.healthCheckNodePort"))
        spec["healthCheckNodePort"] = wanted

    def _cluster_ip(self, spec: Obj, service: Obj, old: Obj | None, causes: list[tuple[str, str, str]]) -> None:
        before = old["spec"] if old is not None else {}
        families = self._families(spec, before, causes)
        if causes:
            return
        wanted = list(spec.get("clusterIPs") or ([spec["clusterIP"]] if spec.get("clusterIP") else []))
        if spec.get("clusterIP") and wanted[0] != spec["clusterIP"]:
            wanted = [spec["clusterIP"]]
        wanted = wanted or list(before.get("clusterIPs") or ())
        if wanted[:1] == ["None"]:
            spec["clusterIP"], spec["clusterIPs"] = "None", ["None"]
            return
        given = [address for address in wanted if _family(address) in families]
        for index, address in enumerate(given):
            if malformed := names.ip(address):
                causes.append(
                    ("FieldValueInvalid", f'Invalid value: "{address}": {malformed[0]}', f"spec.clusterIPs[{index}]")
                )
            elif why := self._refuse_ip(address, service):
                shown = f"[]string{{{', '.join(_quoted(one) for one in given)}}}"
                message = f"Invalid value: {shown}: failed to allocate IP {address}: {why}"
                causes.append(("FieldValueInvalid", message, "spec.clusterIPs"))
        found = {_family(address): address for address in given}
        spec["clusterIPs"] = [found.get(family) or self._free_ip(family) for family in families]
        spec["clusterIP"] = spec["clusterIPs"][0]

    def _families(self, spec: Obj, before: Obj, causes: list[tuple[str, str, str]]) -> list[str]:
        """Which families the service gets (`initIPFamilyFields` of `pkg/registry/core/service/storage/alloc.go`)."""
        open_ended = spec.get("clusterIP") == "None" and not spec.get("selector")
        policy = spec.setdefault("ipFamilyPolicy", "RequireDualStack" if open_ended else "SingleStack")
        families = list(spec.get("ipFamilies") or before.get("ipFamilies") or ())
        if policy == "SingleStack" and len(families) > 1:
            if families != before.get("ipFamilies"):
                why = f"Invalid value: \"{policy}\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"
                causes.append(("FieldValueInvalid", why, "spec.ipFamilyPolicy"))
            families = families[:1]
        if not open_ended:
            self._check_families(policy, families, causes)
        families = families or [next(iter(self.networks))]
        if policy != "SingleStack" and len(families) == 1 and (open_ended or len(self.networks) == 2):
            families.append("IPv6" if families[0] == "IPv4" else "IPv4")
        spec["ipFamilies"] = families
        return families

    def _check_families(self, policy: str, families: list[str], causes: list[tuple[str, str, str]]) -> None:
        if policy == "RequireDualStack" and len(self.networks) < 2:
            why = f'Invalid value: "{policy}": this cluster is not configured for dual-stack services'
            causes.append(("FieldValueInvalid", why, "spec.ipFamilyPolicy"))
        for index, family in enumerate(families):
            if family not in self.networks:
                why = f'Invalid value: "{family}": not configured on this cluster'
                causes.append(("FieldValueInvalid", why, f"spec.ipFamilies[{index}]"))

    def _refuse_ip(self, wanted: str, service: Obj) -> str:
        network = self.networks.get(_family(wanted))
        if network is None or ip_address(wanted) not in network:
            # Since v1.33 allocators belong to ServiceCIDRs (`ipallocator/cidrallocator.go`), and none has the address.
            return "the provided network does not match the current range"
        return "provided IP is already allocated" if self._taken_ips().get(wanted, _id(service)) != _id(service) else ""

    def _taken_ips(self) -> dict[str, tuple[str, str]]:
        taken = {}
        for key, service in self._store.table("services").items():
            for ip in service["spec"].get("clusterIPs", ()):
                taken[ip] = key
        return taken

    def _free_ip(self, family: str) -> str:
        network = self.networks[family]
        size = min(network.num_addresses, 1 << 16)
        band = min(max(16, size // 16), 256)
        taken = self._taken_ips()
        rng = self._engine.rng("cluster-ip")
        first = network.network_address
        for _ in range(64):
            ip = str(first + rng.between(band, size - 2))
            if ip not in taken:
                return ip
        for offset in range(1, size - 1):
            if (ip := str(first + offset)) not in taken:
                return ip
        raise ValueError(f"range {network} is full")

    def _node_ports(self, spec: Obj, service: Obj, old: Obj | None, causes: list[tuple[str, str, str]]) -> None:
        if spec.get("type") == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
            return
        taken = self._taken_ports()
        before = {_port_id(port): port.get("nodePort") for port in old["spec"].get("ports", ())} if old else {}
        ports = []
        for index, port in enumerate(spec.get("ports", ())):
            wanted = port.get("nodePort") or before.get(_port_id(port))
            field = f"spec.ports[{index}].nodePort"
            if not wanted:
                wanted = self._free_port(taken, port.get("protocol", "TCP"))
            elif wanted not in NODE_PORTS:
                message = f"Invalid value: {wanted}: provided port is not in the valid range. The range of valid ports is 30000-32767"
                causes.append(("FieldValueInvalid", message, field))
            elif taken.get((wanted, port.get("protocol", "TCP")), _id(service)) != _id(service):
                causes.append(
                    ("FieldValueInvalid", f"Invalid value: {wanted}: provided port is already allocated", field)
                )
            taken[wanted, port.get("protocol", "TCP")] = _id(service)
            ports.append({**port, "nodePort": wanted})
        spec["ports"] = ports

    def _taken_ports(self) -> dict[tuple[int, str], tuple[str, str]]:
        taken = {}
        for key, service in self._store.table("services").items():
            for port in service["spec"].get("ports", ()):
                if "nodePort" in port:
                    taken[port["nodePort"], port.get("protocol", "TCP")] = key
            if check := service["spec"].get("healthCheckNodePort"):
                taken[check, "TCP"] = key
        return taken

    def _free_port(self, taken: dict[tuple[int, str], tuple[str, str]], protocol: str) -> int:
        rng = self._engine.rng("node-port")
        for _ in range(64):
            port = rng.between(NODE_PORTS.start + _STATIC_NODE_PORTS, NODE_PORTS.stop - 1)
            if (port, protocol) not in taken:
                return port
        for port in NODE_PORTS:
            if (port, protocol) not in taken:
                return port
        raise ValueError("no node port is free in 30000-32767")


def _id(service: Obj) -> tuple[str, str]:
    return service["metadata"].get("namespace", ""), service["metadata"]["name"]


def _port_id(port: Obj) -> tuple[str, int, str]:
    return port.get("name", ""), port["port"], port.get("protocol", "TCP")


def _family(address: str) -> str:
    return "IPv6" if ":" in address else "IPv4"


def _quoted(text: str) -> str:
    return f'"{text}"'
