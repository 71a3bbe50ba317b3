"""Writes the addresses behind each service into EndpointSlices of at most 100.

https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/; upstream's endpointslice reconciler. Watches
services, pods and its own slices. A slice that is still right is never touched; changes go into slices that change anyway,
then into one slice with room, then into new ones. Services without a selector are left to their owners.
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from simulator.client import Client, Controller, Process
from simulator.controllers.kinds.objects import (
    controller_reference,
    is_ending,
    key_of,
    labels_of,
    one_of,
    split,
    with_metadata,
)
from simulator.controllers.kinds.service_members import Member, Port, ServiceMembers, address_in, families
from simulator.engine import Plain
from simulator.engine.plain import Obj

MAX_ENDPOINTS = 100
SERVICE_LABEL = "kubernetes.io/service-name"
MANAGED_LABEL = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
HEADLESS_LABEL = "service.kubernetes.io/headless"
TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"

_SLICES = "endpointslices.discovery.k8s.io"
#: A sync takes time in proportion to the pods behind the service; this much a pod beyond the first hundred.
_PER_POD_US = 50


class EndpointSliceController(Controller):
    name: ClassVar[str] = "endpointslice-controller"
    watches = {"services": "on_service", "pods": "on_pod", _SLICES: "on_slice", "nodes": "on_node"}
    writes = (_SLICES,)

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._members = ServiceMembers(self.cache)
        self._slices: dict[str, dict[str, None]] = {}
        """Service key → names of our slices."""
        self._are_noted = True
        self._triggers: dict[str, str] = {}
        """Service key → when the first change not yet written happened."""
        self._unheard: dict[str, dict[str, int]] = {}
        """Service key → slice → revision of our own write that the watch has not brought back; no sync until then."""
        self._skipped: dict[str, None] = {}
        """Services whose sync was put off because of that."""

    # What is watched

    def on_service(self, old: Obj | None, new: Obj | None) -> None:
        self._members.note_service(old, new)
        service = one_of(old, new)
        if old is None and new is not None:
            self._triggers.setdefault(key_of(service), service["metadata"]["creationTimestamp"])
        self.enqueue(key_of(service))

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        self._members.note_pod(old, new, self._changed)

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        """Only a node's zone matters; pods behind services on it are few and are asked for again."""
        if old is not None and new is not None and labels_of(old) != labels_of(new):
            for pod in self.cache.on_node(new["metadata"]["name"]):
                self._members.note_pod(pod, pod, self._changed)

    def on_slice(self, old: Obj | None, new: Obj | None) -> None:
        self._note_if_needed()
        self._note(old, new)
        one = one_of(old, new)
        key = _service_key(one)
        if labels_of(one).get(MANAGED_LABEL) == MANAGER and not self._is_own(key, one, gone=new is None):
            self.enqueue(key)

    def _is_own(self, key: str, slice: Obj, *, gone: bool) -> bool:
        """Whether this is the echo of our own write, which needs no sync."""
        unheard, metadata = self._unheard.get(key, {}), slice["metadata"]
        written = unheard.get(metadata["name"])
        if written is None or (not gone and int(metadata["resourceVersion"]) < written):
            return False
        del unheard[metadata["name"]]
        if not unheard:
            del self._unheard[key]
            if key in self._skipped:
                del self._skipped[key]
                self.enqueue(key)
        return not gone and int(metadata["resourceVersion"]) == written

    def _changed(self, key: str, members: int) -> None:
        self._triggers.setdefault(key, self.engine.timestamp())
        self.enqueue(key, max(members - MAX_ENDPOINTS, 0) * _PER_POD_US)

    def _note(self, old: Obj | None, new: Obj | None) -> None:
        one = one_of(old, new)
        key = _service_key(one)
        names = self._slices.setdefault(key, {})
        names.pop(one["metadata"]["name"], None)
        if new is not None and labels_of(new).get(MANAGED_LABEL) == MANAGER:
            names[one["metadata"]["name"]] = None
        if not names:
            del self._slices[key]

    def _note_if_needed(self) -> None:
        """After a restore the cache says which slices there are."""
        if not self._are_noted:
            self._are_noted = True
            for one in self.cache.list(_SLICES):
                self._note(None, one)

    # One service

    def reconcile(self, key: str) -> None:
        self._note_if_needed()
        service = self.cache.get("services", *split(key))
        if (
            service is None
            or is_ending(service)
            or not service["spec"].get("selector")
            or service["spec"].get("type") == "ExternalName"
        ):
            self._triggers.pop(key, None)
            return
        if key in self._unheard:
            self._skipped[key] = None
            return
        known = [self.cache.get(_SLICES, split(key)[0], name) for name in sorted(self._slices.get(key, ()))]
        plan = planned(
            service, [one for one in known if one is not None and not is_ending(one)], self._members.of(service)
        )
        trigger = self._triggers.get(key)
        for slice in plan.create:
            self._wrote(key, self.client.create(_SLICES, _stamped(slice, trigger)))
        for slice in plan.update:
            self._wrote(key, self.client.update(_SLICES, _stamped(slice, trigger)))
        for slice in plan.delete:
            metadata = slice["metadata"]
            self.client.delete(_SLICES, metadata["namespace"], metadata["name"], uid=metadata["uid"])
        self._triggers.pop(key, None)

    def _wrote(self, key: str, slice: Obj) -> None:
        metadata = slice["metadata"]
        self._unheard.setdefault(key, {})[metadata["name"]] = int(metadata["resourceVersion"])

    # State

    def on_start(self) -> None:
        self._are_noted = True

    def on_stop(self) -> None:
        super().on_stop()
        self._forget()
        self._triggers.clear()
        self._unheard.clear()
        self._skipped.clear()

    def dump_private(self) -> Plain:
        return {
            "triggers": [list(item) for item in self._triggers.items()],
            "unheard": [[key, [list(item) for item in names.items()]] for key, names in self._unheard.items()],
            "skipped": list(self._skipped),
        }

    def load_private(self, state: Plain) -> None:
        self._forget()
        self._are_noted = False
        self._triggers = dict(state["triggers"])
        self._unheard = {key: dict(names) for key, names in state["unheard"]}
        self._skipped = dict.fromkeys(state["skipped"])

    def _forget(self) -> None:
        self._members.clear()
        self._slices.clear()


def _service_key(slice: Obj) -> str:
    return f"{slice['metadata']['namespace']}/{labels_of(slice).get(SERVICE_LABEL)}"


class Plan:
    """What has to be written."""

    def __init__(self) -> None:
        self.create: list[Obj] = []
        self.update: list[Obj] = []
        self.delete: list[Obj] = []

    def add(self, other: "Plan") -> None:
        self.create += other.create
        self.update += other.update
        self.delete += other.delete


def planned(service: Obj, known: list[Obj], members: Mapping[str, Member]) -> Plan:
    """The writes that bring the slices in line with the members; none when they are."""
    plan = Plan()
    wanted = families(service)
    for family in wanted:
        plan.add(_planned_family(service, family, [one for one in known if one["addressType"] == family], members))
    plan.delete.extend(one for one in known if one["addressType"] not in wanted)
    _recycle(plan)
    return plan


def _recycle(plan: Plan) -> None:
    """A slice that would go becomes one that would be made: one write instead of two."""
    for old in list(plan.delete):
        if plan.create and old["addressType"] == plan.create[-1]["addressType"]:
            fresh = plan.create.pop()
            plan.delete.remove(old)
            labels = fresh["metadata"]["labels"]
            plan.update.append(
                {**with_metadata(old, labels=labels), "endpoints": fresh["endpoints"], "ports": fresh["ports"]}
            )


def _planned_family(service: Obj, family: str, known: list[Obj], members: Mapping[str, Member]) -> Plan:
    wanted: dict[tuple[Port, ...], dict[str, Obj]] = {}
    for member in members.values():
        if address := address_in(member, family):
            endpoint = member.endpoint if family == "IPv4" else {**member.endpoint, "addresses": [address]}
            wanted.setdefault(member.ports, {})[member.uid] = endpoint
    plan = Plan()
    by_ports: dict[tuple[Port, ...], list[Obj]] = {}
    for one in known:
        ports = _ports_of(one)
        if ports in wanted:
            by_ports.setdefault(ports, []).append(one)
        else:
            plan.delete.append(one)
    for ports in sorted(wanted):
        _plan_group(plan, service, family, ports, wanted[ports], by_ports.get(ports, []))
    if len(known) == len(plan.delete) and not plan.create:
        _plan_placeholder(plan, service, family)
    return plan


def _plan_group(
    plan: Plan, service: Obj, family: str, ports: tuple[Port, ...], wanted: dict[str, Obj], known: list[Obj]
) -> None:
    left = wanted
    changed, unchanged = [], []
    for slice in known:
        kept = [left.pop(uid) for uid in map(_uid, slice["endpoints"] or ()) if uid in left]
        if not kept:
            plan.delete.append(slice)
        elif kept == slice["endpoints"] and _labels(service) == labels_of(slice):
            unchanged.append(slice)
        else:
            changed.append(_filled(slice, service, kept))
    left = dict(sorted(left.items(), key=lambda item: str(item[1]["targetRef"]["name"])))
    changed.sort(key=lambda slice: -len(slice["endpoints"]))
    changed = [
        _filled(slice, service, [*slice["endpoints"], *_take(left, MAX_ENDPOINTS - len(slice["endpoints"]))])
        for slice in changed
    ]
    while left:
        roomy = _closest_to_full(unchanged, len(left))
        if roomy is not None:
            unchanged.remove(roomy)
            changed.append(_filled(roomy, service, [*roomy["endpoints"], *_take(left, len(left))]))
        else:
            plan.create.append(_filled(_empty(service, family, ports), service, _take(left, MAX_ENDPOINTS)))
    plan.update.extend(changed)


def _plan_placeholder(plan: Plan, service: Obj, family: str) -> None:
    """A service without pods has one slice without endpoints and ports."""
    placeholder = _empty(service, family, ())
    for one in plan.delete:
        if not one["endpoints"] and not one["ports"] and labels_of(one) == _labels(service):
            plan.delete.remove(one)
            return
    plan.create.append(placeholder)


def _closest_to_full(slices: list[Obj], adding: int) -> Obj | None:
    if adding >= MAX_ENDPOINTS:
        return None
    fitting = [one for one in slices if len(one["endpoints"]) + adding <= MAX_ENDPOINTS]
    return max(fitting, key=lambda one: len(one["endpoints"]), default=None)


def _empty(service: Obj, family: str, ports: tuple[Port, ...]) -> Obj:
    metadata = service["metadata"]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "ownerReferences": [controller_reference({"apiVersion": "v1", "kind": "Service", "metadata": metadata})],
            "labels": _labels(service),
        },
        "addressType": family,
        "endpoints": [],
        "ports": [_port(*port) for port in ports],
    }


def _port(name: str, number: int, protocol: str, app_protocol: str) -> Obj:
    port: Obj = {"name": name, "port": number, "protocol": protocol}
    return {**port, "appProtocol": app_protocol} if app_protocol else port


def _labels(service: Obj) -> dict[str, str]:
    labels = {
        name: value
        for name, value in labels_of(service).items()
        if name not in (SERVICE_LABEL, MANAGED_LABEL, HEADLESS_LABEL)
    }
    labels[MANAGED_LABEL] = MANAGER
    labels[SERVICE_LABEL] = service["metadata"]["name"]
    if service["spec"].get("clusterIP") == "None":
        labels[HEADLESS_LABEL] = ""
    return labels


def _filled(slice: Obj, service: Obj, endpoints: Iterable[Obj]) -> Obj:
    return {**with_metadata(slice, labels=_labels(service)), "endpoints": list(endpoints)}


def _stamped(slice: Obj, trigger: str | None) -> Obj:
    if trigger is None:
        return slice
    return with_metadata(slice, annotations={**(slice["metadata"].get("annotations") or {}), TRIGGER_TIME: trigger})


def _take(endpoints: dict[str, Obj], count: int) -> list[Obj]:
    return [endpoints.pop(uid) for uid in list(endpoints)[:count]]


def _uid(endpoint: Obj) -> str:
    return str((endpoint.get("targetRef") or {}).get("uid", ""))


def _ports_of(slice: Obj) -> tuple[Port, ...]:
    return tuple(
        (port.get("name") or "", port.get("port") or 0, port.get("protocol") or "TCP", port.get("appProtocol") or "")
        for port in slice.get("ports") or ()
    )
