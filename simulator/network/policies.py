"""NetworkPolicies as the CNI's agent applies them: does any policy let this connection leave, or come in?

https://kubernetes.io/docs/concepts/services-networking/network-policies/ and `networking/v1` types. A pod that no policy of a direction
selects is open in that direction; one that is selected gets what the union of the rules allows, and nothing else. Replies
always pass. Promises: a pure function; a refusal says for every rule which field did not match.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from simulator.engine.plain import Obj
from simulator.machinery.selectors import from_label_selector

_PEERS = {"Ingress": "from", "Egress": "to"}


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a connection. Without a pod (a machine, the world, a pod on the host's network) only its address counts."""

    address: str
    pod: Obj | None = None
    namespace_labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        if self.pod is None:
            return self.address
        return f"{self.pod['metadata']['namespace']}/{self.pod['metadata']['name']}"


@dataclass(frozen=True, slots=True)
class Miss:
    """Why one rule does not allow a connection: two fields that do not agree."""

    policy: str
    path: str
    """The field of the policy."""
    wanted: str
    other: str
    """What it was compared with: `label app of pod shop/web`."""
    found: str


@dataclass(frozen=True, slots=True)
class Verdict:
    allowed: bool
    selected_by: tuple[str, ...] = ()
    """namespace/name of the policies that hold for this pod in this direction."""
    allowed_by: str = ""
    misses: tuple[Miss, ...] = ()


OPEN = Verdict(True)


def judge(policies: Iterable[Obj], direction: str, own: Party, other: Party, port: int, protocol: str) -> Verdict:
    """`own` is the pod the policies are about; `port` is that of the receiving end. `direction`: `Ingress` or `Egress`."""
    if own.pod is None:
        return OPEN
    selecting = [policy for policy in policies if _selects(policy, own.pod) and direction in policy_types(policy)]
    if not selecting:
        return OPEN
    names = tuple(_name(policy) for policy in selecting)
    receiver = own if direction == "Ingress" else other
    misses: list[Miss] = []
    for policy in selecting:
        rules = policy["spec"].get(direction.lower()) or ()
        for index, rule in enumerate(rules):
            why = _Rule(policy, direction, index, rule).refuse(other, receiver, port, protocol)
            if why is None:
                return Verdict(True, names, _name(policy))
            misses.append(why)
        if not rules:
            where = f"spec.{direction.lower()}"
            misses.append(
                Miss(_name(policy), where, "no rule, so nothing is let through", "the connection", other.name)
            )
    return Verdict(False, names, misses=tuple(misses))


def policy_types(policy: Obj) -> tuple[str, ...]:
    """What the API server fills in: always Ingress, and Egress where there are egress rules."""
    spec = policy["spec"]
    if spec.get("policyTypes"):
        return tuple(spec["policyTypes"])
    return ("Ingress", "Egress") if spec.get("egress") else ("Ingress",)


def _selects(policy: Obj, pod: Obj) -> bool:
    if policy["metadata"]["namespace"] != pod["metadata"]["namespace"]:
        return False
    return from_label_selector(policy["spec"].get("podSelector") or {}).matches(pod["metadata"].get("labels") or {})


def _name(policy: Obj) -> str:
    return f"{policy['metadata']['namespace']}/{policy['metadata']['name']}"


@dataclass(frozen=True, slots=True)
class _Rule:
    policy: Obj
    direction: str
    index: int
    rule: Obj

    def refuse(self, other: Party, receiver: Party, port: int, protocol: str) -> Miss | None:
        """None when the rule allows it; otherwise the first thing that is in the way."""
        return self._refuse_peer(other) or self._refuse_port(receiver, port, protocol)

    def _refuse_peer(self, other: Party) -> Miss | None:
        peers = self.rule.get(_PEERS[self.direction])
        if not peers:
            return None
        first: Miss | None = None
        for index, peer in enumerate(peers):
            why = self._refuse(peer, f"{self._path}.{_PEERS[self.direction]}[{index}]", other)
            if why is None:
                return None
            first = first or why
        return first

    def _refuse(self, peer: Obj, path: str, other: Party) -> Miss | None:
        if "ipBlock" in peer:
            return self._refuse_block(peer["ipBlock"], f"{path}.ipBlock", other)
        if other.pod is None:
            return self._miss(
                path, "pods by their labels", "the other end", f"{other.address}, which is no pod of the pod network"
            )
        namespace = other.pod["metadata"]["namespace"]
        if "namespaceSelector" in peer:
            why = self._unlike(
                peer["namespaceSelector"], f"{path}.namespaceSelector", other.namespace_labels, f"namespace {namespace}"
            )
            if why is not None:
                return why
        elif namespace != self.policy["metadata"]["namespace"]:
            own = self.policy["metadata"]["namespace"]
            return self._miss(
                f"{path}.podSelector", f"pods of namespace {own}", f"namespace of pod {other.name}", namespace
            )
        if "podSelector" in peer:
            labels = other.pod["metadata"].get("labels") or {}
            return self._unlike(peer["podSelector"], f"{path}.podSelector", labels, f"pod {other.name}")
        return None

    def _unlike(self, selector: Obj, path: str, labels: Mapping[str, str], whose: str) -> Miss | None:
        for one in from_label_selector(selector or {}).requirements:
            if not one.matches(labels):
                found = f"{one.key}={labels[one.key]}" if one.key in labels else f"no label {one.key}"
                return self._miss(path, str(one), f"labels of {whose}", found)
        return None

    def _refuse_block(self, block: Obj, path: str, other: Party) -> Miss | None:
        address = ip_address(other.address)
        if address not in ip_network(block["cidr"], strict=False):
            return self._miss(f"{path}.cidr", block["cidr"], "address of the other end", other.address)
        for one in block.get("except") or ():
            if address in ip_network(one, strict=False):
                return self._miss(f"{path}.except", one, "address of the other end", other.address)
        return None

    def _refuse_port(self, receiver: Party, port: int, protocol: str) -> Miss | None:
        wanted = self.rule.get("ports")
        if not wanted or any(_is_port(one, receiver, port, protocol) for one in wanted):
            return None
        shown = ", ".join(_shown(one) for one in wanted)
        return self._miss(f"{self._path}.ports", shown, f"port at {receiver.name}", f"{protocol} {port}")

    @property
    def _path(self) -> str:
        return f"spec.{self.direction.lower()}[{self.index}]"

    def _miss(self, path: str, wanted: str, other: str, found: str) -> Miss:
        return Miss(_name(self.policy), path, wanted, other, found)


def _is_port(wanted: Obj, receiver: Party, port: int, protocol: str) -> bool:
    if wanted.get("protocol", "TCP") != protocol:
        return False
    number: Any = wanted.get("port")
    if number is None:
        return True
    if isinstance(number, str):
        return _named(receiver, number, protocol) == port
    return bool(number <= port <= wanted.get("endPort", number))


def _named(receiver: Party, name: str, protocol: str) -> int | None:
    """A named port is looked up in the containers of the pod that receives."""
    containers = [] if receiver.pod is None else receiver.pod["spec"]["containers"]
    for container in containers:
        for offered in container.get("ports") or ():
            if offered.get("name") == name and offered.get("protocol", "TCP") == protocol:
                return int(offered["containerPort"])
    return None


def _shown(port: Obj) -> str:
    number = port.get("port", "any port")
    to = f"-{port['endPort']}" if "endPort" in port else ""
    return f"{port.get('protocol', 'TCP')} {number}{to}"
