"""Which pods stand behind which service, kept up to date pod by pod.

https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions. A pod belongs to a service of its
namespace when it has all labels of the selector, an address, and has not finished. Nothing here scans on a
change: a namespace's pods are looked through once when a service is first asked for.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from simulator.controllers.kinds.objects import is_ending, key_of, labels_of, one_of
from simulator.controllers.kinds.pods import is_ready, is_terminal
from simulator.engine.plain import Obj

#: (name, port, protocol, appProtocol) of a service port as this pod serves it.
Port = tuple[str, int, str, str]


@dataclass(frozen=True, slots=True)
class Member:
    """A pod behind a service. Pods whose named ports differ are in different groups of `ports`."""

    pod: str
    uid: str
    address: str
    second: str
    """Its IPv6 address in a dual-stack cluster, "" otherwise."""
    node: str
    zone: str
    hostname: str
    serving: bool
    terminating: bool
    ready: bool
    ports: tuple[Port, ...]
    reference: Obj = field(compare=False, repr=False)
    """The pod as `targetRef`; made once, so that what is written for the member shares it."""
    endpoint: Obj = field(compare=False, repr=False)
    """The member as an EndpointSlice lists it."""


class Lister(Protocol):
    def get(self, resource: str, namespace: str, name: str) -> Obj | None: ...

    def list(self, resource: str, namespace: str | None = None) -> Iterable[Obj]: ...


class ServiceMembers:
    def __init__(self, lister: Lister) -> None:
        self._lister = lister
        self._members: dict[str, dict[str, Member]] = {}
        """Service key → pod name → member; absent until asked for."""
        self._matching: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
        """(namespace, labels) → names of the services that select them."""
        self._asked: tuple[Mapping[str, str], str, list[str]] | None = None
        """Labels and namespace of the last question and its answer: pods of one template share their labels."""

    def of(self, service: Obj) -> Mapping[str, Member]:
        key = key_of(service)
        known = self._members.get(key)
        if known is None:
            namespace, selector = service["metadata"]["namespace"], service["spec"]["selector"]
            known = self._members[key] = {}
            for pod in self._lister.list("pods", namespace):
                if selector.items() <= labels_of(pod).items() and (member := self._member(service, pod)) is not None:
                    known[member.pod] = member
        return known

    def note_service(self, old: Obj | None, new: Obj | None) -> None:
        if old is not None and new is not None and old["spec"] == new["spec"]:
            return
        service = one_of(old, new)
        self._members.pop(key_of(service), None)
        namespace = service["metadata"]["namespace"]
        for group in [group for group in self._matching if group[0] == namespace]:
            del self._matching[group]
        self._asked = None

    def note_pod(self, old: Obj | None, new: Obj | None, tell: Callable[[str, int], None]) -> None:
        """Calls `tell(service key, members)` for every service that has to look at its members again."""
        pod = one_of(old, new)
        services = self._services(pod)
        if old is not None and new is not None and not _has_same_labels(old["metadata"], new["metadata"]):
            services = list(dict.fromkeys([*services, *self._services(old)]))
        if not services:
            return
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        for service_name in services:
            service = self._lister.get("services", namespace, service_name)
            if service is None:
                continue
            key = key_of(service)
            members = self._members.get(key)
            if members is None:
                members = self._before(service, name, old)
            member = self._selected(service, new)
            if members.get(name) == member:
                continue
            if member is None:
                del members[name]
            else:
                members[name] = member
            tell(key, len(members))

    def _before(self, service: Obj, name: str, old: Obj | None) -> dict[str, Member]:
        """The members as they were before a change of one pod that the lister already shows."""
        self.of(service)
        members = self._members[key_of(service)]
        members.pop(name, None)
        if (member := self._selected(service, old)) is not None:
            members[name] = member
        return members

    def _selected(self, service: Obj, pod: Obj | None) -> Member | None:
        return self._member(service, pod) if pod is not None and _selects(service, pod) else None

    def clear(self) -> None:
        self._members.clear()
        self._matching.clear()
        self._asked = None

    def _services(self, pod: Obj) -> list[str]:
        labels = labels_of(pod)
        if not labels:
            return []
        namespace, asked = pod["metadata"]["namespace"], self._asked
        if asked is not None and asked[0] is labels and asked[1] == namespace:
            return asked[2]
        group = (namespace, tuple(sorted(labels.items())))
        known = self._matching.get(group)
        if known is None:
            known = [s["metadata"]["name"] for s in self._lister.list("services", group[0]) if _selects(s, pod)]
            self._matching[group] = known
        self._asked = (labels, namespace, known)
        return known

    def _member(self, service: Obj, pod: Obj) -> Member | None:
        status, spec = pod.get("status") or {}, pod["spec"]
        address = status.get("podIP")
        if not address or is_terminal(pod):
            return None
        serving, terminating = is_ready(pod), is_ending(pod)
        ready = bool(service["spec"].get("publishNotReadyAddresses")) or (serving and not terminating)
        metadata, node_name = pod["metadata"], spec.get("nodeName", "")
        zone = labels_of(self._lister.get("nodes", "", node_name)).get("topology.kubernetes.io/zone", "")
        hostname = spec.get("hostname", "") if spec.get("subdomain") == service["metadata"]["name"] else ""
        reference = {
            "kind": "Pod",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        }
        endpoint: Obj = {
            "addresses": [address],
            "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        }
        if hostname:
            endpoint["hostname"] = hostname
        endpoint["targetRef"] = reference
        if node_name:
            endpoint["nodeName"] = node_name
        if zone:
            endpoint["zone"] = zone
            if ready and service["spec"].get("trafficDistribution") == "PreferClose":
                # `endpointslice/trafficdist`: every ready endpoint is meant for its own zone.
                endpoint["hints"] = {"forZones": [{"name": zone}]}
        return Member(
            pod=metadata["name"],
            uid=metadata["uid"],
            address=address,
            second=next((one["ip"] for one in status.get("podIPs") or () if ":" in one["ip"]), ""),
            node=node_name,
            zone=zone,
            hostname=hostname,
            serving=serving,
            terminating=terminating,
            ready=ready,
            ports=_ports(service, pod),
            reference=reference,
            endpoint=endpoint,
        )


def families(service: Obj) -> list[str]:
    """Address families of a service, the first one first."""
    return list(service["spec"].get("ipFamilies") or ["IPv4"])


def address_in(member: Member, family: str) -> str:
    return member.second if family == "IPv6" else member.address


def _has_same_labels(old: Obj, new: Obj) -> bool:
    before, after = old.get("labels"), new.get("labels")
    return before is after or before == after


def _selects(service: Obj, pod: Obj) -> bool:
    selector = service["spec"].get("selector")
    return bool(selector) and selector.items() <= labels_of(pod).items()


def _ports(service: Obj, pod: Obj) -> tuple[Port, ...]:
    """The service's ports; one whose named target the pod does not have is left out."""
    ports = []
    for port in service["spec"].get("ports") or ():
        number = _target(port, pod)
        if number is not None:
            ports.append((port.get("name") or "", number, port.get("protocol") or "TCP", port.get("appProtocol") or ""))
    return tuple(ports)


def _target(port: Obj, pod: Obj) -> int | None:
    target = port.get("targetPort")
    if target is None or target == 0:
        return int(port["port"])
    if isinstance(target, int):
        return target
    protocol = port.get("protocol") or "TCP"
    containers = [
        *pod["spec"]["containers"],
        *(c for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"),
    ]
    for container in containers:
        for offered in container.get("ports") or ():
            if offered.get("name") == target and (offered.get("protocol") or "TCP") == protocol:
                return int(offered["containerPort"])
    return None
