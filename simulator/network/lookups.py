"""Questions to name servers, from where one stands: whether the server can be reached at all, and what it answers.

Promises: the cluster's DNS server is a Service like any other: rules, policies, wires and processes decide whether it answers.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.network import dns
from simulator.network.gate import Gate
from simulator.network.packets import Packet, Standpoint
from simulator.network.service_rules import Backend
from simulator.network.traces import Broken
from simulator.network.zone import NOERROR, Record, Reply, Zone, outside

if TYPE_CHECKING:
    from simulator.network.datapath import Datapath

_DNS_PORT = 53
#: Of the names that load balancers have in the world's DNS.
_BALANCER_TTL = 60


class _Watched:
    """What CoreDNS has seen of the cluster."""

    def __init__(self, datapath: "Datapath") -> None:
        self._path = datapath
        self.service, self.services = datapath.proxy.service, datapath.proxy.services
        self.slices_of = datapath.proxy.slices_of

    def has_namespace(self, name: str) -> bool:
        return self._path.network.has_namespace(name)

    def has_pod(self, namespace: str, address: str) -> bool:
        place = self._path.servers.place(address)
        return place is not None and place.pod != "" and place.namespace == namespace


class Lookups:
    def __init__(self, datapath: "Datapath", here: Standpoint) -> None:
        self._path = datapath
        self._here = here
        self._gate = Gate(datapath, here)

    def resolver(self) -> dns.Resolver:
        """What is in `/etc/resolv.conf` here."""
        if self._here.pod is None:
            return dns.Resolver((dns.MACHINE_DNS,), ())
        return dns.resolver_of(self._here.pod, self._path.dns_address)

    def ask(self, name: str, type: str) -> Reply:
        """One question to the server of `/etc/resolv.conf`, which is there."""
        return self.ask_at(self.resolver().nameserver, name, type) or Reply("SERVFAIL")

    def ask_at(self, server: str, name: str, type: str) -> Reply | None:
        """None when nobody answers there."""
        if server == dns.MACHINE_DNS:
            return self._from_outside(name, type)
        if not self._is_in_cluster(server) or self.broken(server) is not None:
            return None
        zone = Zone(_Watched(self._path), self._path.network.corefile(), self._forwarded)
        return zone.answer(name, type)

    def broken(self, server: str) -> Broken | None:
        """What is between here and a DNS server that answers; None when one does. Machines' servers always do."""
        if server == dns.MACHINE_DNS:
            return None
        node = self._here.node
        rule = self._path.proxy.find(node, server, _DNS_PORT, "UDP", is_machine=False)
        nobody = Broken("dns-server", address=server, port=_DNS_PORT, node=node, rule=rule)
        if rule is not None:
            backends = rule.backends
            nobody = replace(nobody, service=f"{rule.namespace}/{rule.service}")
        elif (place := self._path.servers.place(server)) is not None:
            backends = (Backend(server, _DNS_PORT, place.node, place.pod, 1.0),)
        else:
            return nobody
        found = [self._broken_backend(backend) for backend in backends]
        if any(one is None for one in found):
            return None
        first = found[0] if found else None
        return replace(first, service=nobody.service) if first is not None and first.link == "egress" else nobody

    def _broken_backend(self, backend: Backend) -> Broken | None:
        path, here = self._path, self._here
        place = path.servers.place(backend.address)
        silent = Broken("dns-server", address=backend.address)
        if place is None or not path.servers.is_reachable(backend.node):
            return silent
        if path.links.broken_between(path.ends(here.node), path.ends(place.node)):
            return silent
        packet = Packet(here.address_for(backend.address), backend.address, backend.port, "UDP")
        for link, verdict in self._gate.verdicts(packet, place):
            if not verdict.allowed:
                return Broken(link, address=backend.address, port=backend.port, verdict=verdict, pod=here.name)
        return silent if path.servers.connect(backend.address, backend.port, "UDP", "", "").error else None

    def _is_in_cluster(self, server: str) -> bool:
        if server == self._path.dns_address or self._path.servers.place(server) is not None:
            return True
        return bool(self._path.proxy.owners(server))

    def _forwarded(self, target: str, name: str, type: str) -> Reply | None:
        """CoreDNS asks on: its machine's servers, or one of the world; a server in the cluster is not asked."""
        address = target.rpartition("://")[2].split(":")[0]
        if target != "/etc/resolv.conf" and self._is_in_cluster(address):
            return None
        return self._from_outside(name, type)

    def _from_outside(self, name: str, type: str) -> Reply:
        address = self._path.load_balancers.lookup(name)
        if address and type == "A":
            return Reply(NOERROR, (Record(name, _BALANCER_TTL, "A", address),))
        return outside(name, type)
