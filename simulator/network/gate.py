"""NetworkPolicies on a packet's way: what the CNI's agents on the sender's and on the receiver's machine say of it."""

from typing import TYPE_CHECKING

from simulator.network.objects import Place
from simulator.network.packets import Packet, Standpoint
from simulator.network.plugins import holds_policies
from simulator.network.policies import OPEN, Party, Verdict, judge

if TYPE_CHECKING:
    from simulator.network.datapath import Datapath


class Gate:
    def __init__(self, datapath: "Datapath", here: Standpoint) -> None:
        self._path = datapath
        self._here = here

    def verdicts(self, packet: Packet, place: Place) -> list[tuple[str, Verdict]]:
        """(`egress`, …) and (`ingress`, …), in the order in which the packet meets them; `place` receives it."""
        receiver = self._party(packet.address)
        out = self._verdict("Egress", packet, receiver, self._here.node)
        is_own_machine = packet.source == self._here.machine_address_for(place.node, packet.address)
        into = OPEN if is_own_machine or not place.pod else self._verdict("Ingress", packet, receiver, place.node)
        return [("egress", out), ("ingress", into)]

    def leaving(self, packet: Packet) -> Verdict:
        """To an address that nobody in the cluster has."""
        return self._verdict("Egress", packet, Party(packet.address), self._here.node)

    def _verdict(self, direction: str, packet: Packet, receiver: Party, node: str) -> Verdict:
        network = self._path.network
        if not network.has_policies() or not holds_policies(self._path.servers.network_plugin(node)):
            return OPEN
        if packet.source == packet.address:
            return OPEN
        own_address = self._here.address_for(packet.address)
        if direction == "Egress":
            # What leaves the pod still has the pod's own address, whatever a rule makes of it later.
            own, other = self._party(own_address), receiver
        else:
            sender = self._party(own_address) if packet.source == own_address else Party(packet.source)
            own, other = receiver, sender
        if own.pod is None:
            return OPEN
        policies = network.policies(own.pod["metadata"]["namespace"])
        return judge(policies, direction, own, other, packet.port, packet.protocol)

    def _party(self, address: str) -> Party:
        pod = self._path.servers.pod_at(address)
        if pod is None and self._here.is_on_pod_network and address == self._here.address_for(address):
            pod = self._here.pod
        if pod is None:
            return Party(address)
        return Party(address, pod, self._path.network.namespace_labels(pod["metadata"]["namespace"]))
