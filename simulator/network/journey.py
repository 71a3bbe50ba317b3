"""One request under way: name → DNS → virtual IP → rule → policy → wire → endpoint → process, and back.

Follows what a packet meets in a cluster with kube-proxy (https://kubernetes.io/docs/reference/networking/virtual-ips/,
https://kubernetes.io/docs/tutorials/services/source-ip/). Promises: every early end names the link that broke (`Broken`).
"""

import json
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from simulator.engine.plain import Obj
from simulator.network import dns
from simulator.network.gate import Gate
from simulator.network.lookups import Lookups
from simulator.network.objects import Answer, Place
from simulator.network.packets import Packet, Standpoint
from simulator.network.policies import Verdict
from simulator.network.service_rules import Backend, Rule
from simulator.network.traces import REFUSED, RESOLVE, TIMEOUT, Broken, Hop, Source, Trace
from simulator.network.zone import OUTSIDE

if TYPE_CHECKING:
    from simulator.network.datapath import Balancer, Datapath

_TIMEOUT_US = 5_000_000
#: The proxy of a service mesh (`addons.mesh`).
_MESH_PROXY = "drydock/mesh-proxy"
_DNS_TIMEOUT_US = 10_000_000
#: A round trip to the world.
_OUTSIDE_US = 20_000


class Journey:
    """Collects its hops."""

    def __init__(self, datapath: "Datapath", source: Source, *, live: bool, turns: list[int] | None = None) -> None:
        self._path = datapath
        self._here = here = Standpoint(datapath, source)
        self._gate = Gate(datapath, here)
        self._live = live
        self._hops: list[Hop] = []
        self._took_us = 0
        self._at = ""
        """The machine where the packet is; "" outside."""
        self._packet = Packet(here.address, "", 0, "TCP")
        self._turns = turns
        """Which way to take wherever chance decides, for looking at all of them; None: as chance has it."""
        self._taken: list[tuple[int, int]] = []
        """(which, of how many) at each such place."""
        self._endpoint, self._endpoint_port = "", 0
        self._is_loopback = False
        """Whether the client calls its own machine by 127.0.0.1."""
        self._rewritten = ""
        """The address the client believes to talk to, once a rule has changed the packet's destination."""

    def go(self, host: str, port: int, path: str, protocol: str) -> Trace:
        address = self._find(host)
        if isinstance(address, Trace):
            return address
        if address.startswith("127.") or address == "::1":
            self._is_loopback = True
            address = self._here.address
        self._at = self._here.node
        self._packet = Packet(self._here.address_for(address), address, port, protocol)
        return replace(self._send(path), address=address)

    @property
    def share(self) -> float:
        """How probable the way is that was taken."""
        found = 1.0
        for _, count in self._taken:
            found /= count
        return found

    def next_turns(self) -> list[int] | None:
        """The turns of the next way to look at; None when there is no other."""
        for at in range(len(self._taken) - 1, -1, -1):
            which, count = self._taken[at]
            if which + 1 < count:
                return [*(one for one, _ in self._taken[:at]), which + 1]
        return None

    def _turn(self, count: int) -> int | None:
        """Which of so many ways to take; None: let chance decide."""
        if self._turns is None:
            return None
        at = len(self._taken)
        which = self._turns[at] if at < len(self._turns) else 0
        self._taken.append((which, count))
        return which

    # Names

    def _find(self, host: str) -> "str | Trace":
        """The address to connect to, or the end of the journey."""
        if _is_address(host):
            return host
        if host == "localhost":
            return "127.0.0.1"
        pod = self._here.pod
        if pod is not None and (address := dns.in_hosts_file(pod, host, self._path.servers.address_of(pod))):
            self._hop("hosts", f"/etc/hosts says {host} is {address}", host)
            return address
        return self._look_up(host)

    def _look_up(self, host: str) -> "str | Trace":
        lookups = Lookups(self._path, self._here)
        resolver = lookups.resolver()
        searched = " ".join(resolver.search) or "nothing"
        self._hop("resolv.conf", f"ask {resolver.nameserver or 'nobody'}, search {searched}", resolver.nameserver)
        broken = lookups.broken(resolver.nameserver)
        if broken is not None:
            self._took_us += _DNS_TIMEOUT_US
            self._hop("dns", f"the DNS server {resolver.nameserver} does not answer", host, ok=False)
            return self._end(Trace((), False, error=RESOLVE, broken=replace(broken, name=host)))
        answer = dns.resolve(host, resolver, lookups.ask)
        if not answer.addresses:
            self._hop("dns", f"{', '.join(answer.tried)}: no such name", host, ok=False)
            return self._end(Trace((), False, error=RESOLVE, broken=Broken("dns-name", name=host, tried=answer.tried)))
        alias = f" (an alias of {answer.alias})" if answer.alias else ""
        self._hop("dns", f"{answer.name} is {', '.join(answer.addresses)}{alias}", answer.name)
        self._took_us += self._path.hop_us(live=self._live)
        return answer.addresses[0]

    # Virtual addresses

    def _send(self, path: str, *, entered: bool = False) -> Trace:
        packet = self._packet
        place = self._path.servers.place(packet.address)
        is_machine = place is not None and not place.pod
        if not self._here.is_inside and not entered:
            stopped = self._enter(place if is_machine else None)
            if stopped is not None:
                return stopped
            packet = self._packet
            place = self._path.servers.place(packet.address)
            is_machine = place is not None and not place.pod
        if is_machine and place is not None and place.node != self._at:
            stopped = self._travel(place)
            if stopped is not None:
                return stopped
        rule = self._path.proxy.find(self._at, packet.address, packet.port, packet.protocol, is_machine=is_machine)
        if rule is not None:
            return self._through(rule, path)
        if place is None and (end := self._unserved()) is not None:
            return end
        if place is None and self._here.is_inside:
            balancer = self._path.load_balancers.find(packet.address, packet.port, packet.protocol)
            if balancer is not None:
                return self._around(balancer, path)
        if is_machine and (host := self._host_port()) is not None:
            return self._to_host_port(*host, path)
        if is_machine and (service := self._path.proxy.health_check(self._at, packet.port)) is not None:
            return self._checked(service)
        return self._deliver(path)

    def _host_port(self) -> tuple[str, int, str] | None:
        packet = self._packet
        address = "127.0.0.1" if self._is_loopback else packet.address
        return self._path.servers.host_port(self._at, address, packet.port, packet.protocol)

    def _to_host_port(self, address: str, port: int, pod: str, path: str) -> Trace:
        """A rule of the CNI's portmap plugin leads from a port of the machine to one of a pod's."""
        packet = self._packet
        self._hop("node-port", f"port {packet.port} of {self._at} is a hostPort of pod {pod}", pod)
        self._rewritten = self._rewritten or packet.target
        self._packet = replace(packet, address=address, port=port)
        return self._deliver(path)

    def _around(self, balancer: "Balancer", path: str) -> Trace:
        """Out of the cluster to a load balancer that the nodes know nothing of, and in again."""
        node = self._at
        self._hop("link", f"from {node} out of the cluster", node)
        self._packet = replace(self._packet, source=self._path.servers.node_address(node) or self._packet.source)
        self._here = Standpoint(self._path, Source(address=self._packet.source))
        self._gate = Gate(self._path, self._here)
        self._at = ""
        stopped = self._balanced(balancer)
        return stopped if stopped is not None else self._send(path, entered=True)

    def _checked(self, service: Obj) -> Trace:
        """kube-proxy's own answer on a Service's healthCheckNodePort (`pkg/proxy/healthcheck/service_health.go`)."""
        metadata = service["metadata"]
        count = self._path.proxy.local_endpoints(self._at, metadata["namespace"], metadata["name"])
        body = {
            "service": {"namespace": metadata["namespace"], "name": metadata["name"]},
            "localEndpoints": count,
            "serviceProxyHealthy": True,
        }
        status = 200 if count else 503
        self._hop(
            "container", f"kube-proxy on {self._at} answers {status}: {count} endpoints here", self._at, ok=count > 0
        )
        broken = None if count else Broken("status", address=self._packet.address, port=self._packet.port, pod=self._at)
        return self._end(
            Trace(
                (),
                True,
                status,
                f"{json.dumps(body, separators=(',', ':'))}\n",
                backend=self._at,
                client=self._packet.source,
                broken=broken,
            )
        )

    def _enter(self, machine: Place | None) -> Trace | None:
        """From outside only machines and load balancers can be reached: other addresses exist inside only."""
        packet = self._packet
        if machine is not None:
            self._hop("link", f"the client reaches {machine.node} ({packet.address}) itself", machine.node)
            return None
        balancer = self._path.load_balancers.find(packet.address, packet.port, packet.protocol)
        if balancer is not None:
            return self._balanced(balancer)
        if packet.address in OUTSIDE.values():
            return None
        why = f"no route leads from outside to {packet.address}: it exists inside the cluster only"
        return self._lost(why, packet.address, Broken("no-route", address=packet.address, port=packet.port))

    def _balanced(self, balancer: "Balancer") -> Trace | None:
        packet, name = self._packet, balancer.name
        if balancer.ranges and not any(_is_in(packet.source, one) for one in balancer.ranges):
            why = f"load balancer {name} lets in {', '.join(balancer.ranges)} only"
            broken = Broken("source-range", address=packet.source, name=name, tried=balancer.ranges)
            return self._lost(why, name, broken, kind="load-balancer")
        broken = Broken("load-balancer", address=packet.address, port=packet.port, name=name)
        if not balancer.serves:
            return self._lost(f"load balancer {name} has no port {packet.port}", name, broken, kind="load-balancer")
        if not balancer.nodes:
            why = f"load balancer {name} has no healthy node for port {packet.port}"
            return self._lost(why, name, broken, kind="load-balancer")
        which = self._turn(len(balancer.nodes))
        node = balancer.nodes[which] if which is not None else self._path.any_of(balancer.nodes, live=self._live)
        if balancer.node_port:
            self._rewritten = packet.target
            self._packet = replace(packet, address=self._path.servers.node_address(node), port=balancer.node_port)
        self._at = node if not balancer.node_port else self._at
        self._hop("load-balancer", f"load balancer {name} sends it to {node}, {self._packet.target}", name)
        return None

    def _unserved(self) -> Trace | None:
        """The end for a virtual address without a rule here; None when it is no virtual address."""
        packet, proxy = self._packet, self._path.proxy
        owner = proxy.owner(self._at, packet.address)
        if owner is not None:
            broken = Broken(
                "unknown-port", f"{owner.namespace}/{owner.service}", packet.address, packet.port, self._at, rule=owner
            )
            why = f"service {owner.name} has nothing for port {packet.port} here"
            # iptables lets such a packet go its way; the other modes answer for the whole address.
            if proxy.mode == "iptables" or owner.kind != "clusterIP":
                return self._lost(why, owner.name, broken)
            return self._refuse(why, owner.name, broken)
        services = proxy.owners(packet.address)
        if not services:
            return None
        metadata = services[0]["metadata"]
        name = f"{metadata['namespace']}/{metadata['name']}"
        why = f"{self._at} has no rule for {packet.target} of service {name}"
        return self._lost(why, name, Broken("no-rule", name, packet.address, packet.port, self._at))

    def _through(self, rule: Rule, path: str) -> Trace:
        packet = self._packet
        if rule.kind == "nodePort":
            self._hop("node-port", f"port {packet.port} of {self._at} belongs to service {rule.name}", rule.name)
        else:
            self._hop("virtual-ip", f"{packet.target} is service {rule.name}", rule.name)
        service = f"{rule.namespace}/{rule.service}"
        if rule.source_ranges and not any(_is_in(packet.source, one) for one in rule.source_ranges):
            why = f"service {rule.name} lets in {', '.join(rule.source_ranges)} only"
            return self._lost(why, rule.name, Broken("source-range", service, packet.source, rule=rule, node=self._at))
        is_local = self._here.is_on_pod_network or (self._here.source.node != "" and self._here.source.node == self._at)
        backends = rule.short_circuit if rule.short_circuit is not None and is_local else rule.backends
        if not backends and rule.elsewhere and is_local and self._path.proxy.mode == "ipvs":
            # `syncEndpoint`: a virtual server without a local endpoint has those of other nodes; from outside the answer is lost.
            backends = rule.elsewhere
        if not backends:
            broken = Broken("", service, packet.address, packet.port, self._at, rule=rule)
            if rule.refusal == "reject":
                return self._refuse(
                    f"service {rule.name} has no endpoints", rule.name, replace(broken, link="no-endpoints")
                )
            why = f"service {rule.name} has no endpoints on {self._at}, and its policy is Local"
            return self._lost(why, rule.name, replace(broken, link="no-local-endpoints"))
        backend = self._choose(rule, backends)
        self._rewritten = self._rewritten or packet.target
        source = packet.source
        if rule.masquerades or source == backend.address:
            source = self._here.machine_address_for(self._at, self._packet.address) or source
        self._packet = Packet(source, backend.address, backend.port, packet.protocol)
        odds = f"1 of {len(backends)} endpoints"
        masked = f", as {source}" if source != packet.source else ""
        self._hop("rule", f"{odds}: {self._packet.target}{masked}", rule.name)
        return self._deliver(path)

    def _choose(self, rule: Rule, backends: tuple[Backend, ...]) -> Backend:
        if not rule.affinity_s and (which := self._turn(len(backends))) is not None:
            return backends[which]
        return self._path.choose(rule, backends, self._at, self._packet.source, live=self._live)

    # Sockets

    def _deliver(self, path: str) -> Trace:
        packet = self._packet
        self._endpoint, self._endpoint_port = packet.address, packet.port
        place = self._path.servers.place(packet.address)
        if place is None:
            return self._leave(path)
        for link, verdict in self._gate.verdicts(packet, place):
            if (stopped := self._judged(link, verdict, place)) is not None:
                return stopped
            if link == "egress" and place.node != self._at and (stopped := self._travel(place)) is not None:
                return stopped
        self._took_us += self._path.hop_us(live=self._live)
        who = f"{place.namespace}/{place.pod}" if place.pod else place.node
        self._hop("endpoint", f"{packet.target} is {_what(place)}", who)
        if self._is_encrypted():
            self._hop("mtls", f"the proxies in {self._here.name} and {who} encrypt it and know each other (mTLS)", who)
        look = getattr(self._path.servers, "planned", None) if path and not self._live else None
        planned = look(packet.address, packet.port, packet.protocol, path) if look is not None else None
        if planned is not None:
            return self._answered(planned, who, place)
        answer = self._path.servers.connect(
            packet.address,
            packet.port,
            packet.protocol,
            path,
            packet.source if self._live else "",
        )
        return self._answered(answer, who, place)

    def _is_encrypted(self) -> bool:
        """Whether a mesh has proxies at both ends."""
        pod = self._here.pod
        if pod is None or not _is_meshed(pod):
            return False
        other = self._path.servers.pod_at(self._packet.address)
        return other is not None and _is_meshed(other)

    def _travel(self, place: Place) -> Trace | None:
        """From one machine to another; the packet's addresses stay as they are."""
        packet, path = self._packet, self._path
        ends = path.ends(self._at), path.ends(place.node)
        wire = path.links.broken_between(*ends)
        if wire:
            broken = Broken("wire", address=packet.address, port=packet.port, node=place.node, wire=wire)
            return self._lost(f"the wire between {wire} is cut", place.node, broken)
        if not path.servers.is_reachable(place.node):
            where = f"{place.node}, where {packet.address} was," if place.pod else f"{place.node} ({packet.address})"
            broken = Broken("machine", address=packet.address, port=packet.port, node=place.node)
            return self._lost(f"{where} does not answer", place.node, broken)
        self._took_us += 2 * path.links.delay_between(*ends)
        if self._at:
            self._hop("link", f"from {self._at} to {place.node}, addresses unchanged", place.node)
        self._at = place.node
        return None

    def _leave(self, path: str) -> Trace:
        """To an address nobody in the cluster has: the world, or nobody at all."""
        packet = self._packet
        name = next((name for name, address in OUTSIDE.items() if address == packet.address), "")
        verdict = self._gate.leaving(packet)
        if (stopped := self._judged("egress", verdict, None)) is not None:
            return stopped
        if not name or packet.protocol != "TCP" or packet.port not in (80, 443):
            broken = Broken("no-address", address=packet.address, port=packet.port)
            return self._lost(f"nobody has the address {packet.address}", packet.address, broken)
        wire = self._path.links.broken_between(self._path.ends(self._at), ("outside",))
        if wire:
            return self._lost(
                f"the wire between {wire} is cut", name, Broken("wire", address=packet.address, wire=wire)
            )
        self._took_us += _OUTSIDE_US
        self._hop("container", f"{name} answers 200", name)
        return self._end(Trace((), True, 200, f"{name}\n" if path else "", backend=name, client=packet.source))

    def _answered(self, answer: Answer, who: str, place: Place) -> Trace:
        packet = self._packet
        if answer.error:
            if place.pod == "" and not self._path.servers.is_reachable(place.node):
                broken = Broken("machine", address=packet.address, port=packet.port, node=place.node)
                return self._lost(f"{place.node} ({packet.address}) does not answer", place.node, broken)
            broken = Broken(
                "no-process", address=packet.address, port=packet.port, node=place.node, pod=who if place.pod else ""
            )
            return self._refuse(f"no process in {who} listens on port {packet.port}", who, broken)
        if getattr(answer, "steps", ()):
            return self._proxied(answer, who)
        said = f"container {answer.container} answers" + (f" {answer.status}" if answer.status else "")
        self._hop("container", said, who, ok=answer.status < 400)
        if self._rewritten:
            self._hop("reply", f"the reply goes back as from {self._rewritten}", who)
        refused = Broken("status", address=packet.address, port=packet.port, pod=who) if answer.status >= 400 else None
        return self._end(Trace((), True, answer.status, answer.body, backend=who, client=packet.source, broken=refused))

    def _proxied(self, answer: Any, who: str) -> Trace:
        """The way goes on inside a proxy (`front_doors`), and with the request that it makes itself."""
        packet = self._packet
        for step in answer.steps:
            self._hop(step.kind, step.say, step.subject, ok=step.ok)
        onward = answer.onward
        if onward is not None:
            self._hops += onward.hops
            self._took_us += onward.took_us
        broken = Broken("status", address=packet.address, port=packet.port, pod=who)
        if answer.error:
            return self._end(Trace((), False, error=answer.error, broken=replace(broken, link="no-process")))
        said = f"container {answer.container} answers {answer.status or 'nothing'}"
        self._hop("proxy", said, who, ok=answer.status < 400)
        backend = onward.backend if onward is not None and onward.backend else who
        failed = broken if answer.status >= 400 else None
        trace = Trace((), True, answer.status, answer.body, backend=backend, client=packet.source, broken=failed)
        return self._end(trace)

    # Policies

    def _judged(self, link: str, verdict: Verdict, place: Place | None) -> Trace | None:
        if not verdict.selected_by:
            return None
        way = "leave" if link == "egress" else "come in"
        whose = self._here.name if link == "egress" or place is None else f"{place.namespace}/{place.pod}"
        if verdict.allowed:
            self._hop("policy", f"NetworkPolicy {verdict.allowed_by} lets it {way}", whose)
            return None
        packet = self._packet
        names = ", ".join(verdict.selected_by)
        why = f"NetworkPolicy {names} does not let it {way}"
        broken = Broken(link, address=packet.address, port=packet.port, node=self._at, pod=whose, verdict=verdict)
        return self._lost(why, whose, broken, kind="policy")

    # Ends

    def _refuse(self, why: str, subject: str, broken: Broken) -> Trace:
        self._hop("refused", why, subject, ok=False)
        return self._end(Trace((), False, error=REFUSED, broken=broken))

    def _lost(self, why: str, subject: str, broken: Broken, *, kind: str = "refused") -> Trace:
        self._hop(kind, why, subject, ok=False)
        self._took_us += _TIMEOUT_US
        return self._end(Trace((), False, error=TIMEOUT, broken=broken))

    def _hop(self, kind: str, say: str, subject: str, *, ok: bool = True) -> None:
        packet = self._packet
        target = packet.target if packet.port else ""
        self._hops.append(Hop(kind, say, subject, ok, self._at or self._here.node, packet.source, target))

    def _end(self, trace: Trace) -> Trace:
        return replace(
            trace,
            hops=tuple(self._hops),
            took_us=self._took_us,
            endpoint=self._endpoint,
            endpoint_port=self._endpoint_port,
        )


def _is_meshed(pod: Obj) -> bool:
    containers = pod["spec"]["containers"]
    return len(containers) > 1 and any(_MESH_PROXY in one["image"] for one in containers)


def _what(place: Place) -> str:
    return f"pod {place.pod} on {place.node}" if place.pod else f"machine {place.node}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_in(address: str, cidr: str) -> bool:
    """Source ranges may be padded with spaces, by a historical accident."""
    return ip_address(address) in ip_network(cidr.strip(), strict=False)
