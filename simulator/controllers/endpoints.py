"""Keeps the legacy Endpoints object of each service, named like it, in step with its pods.

https://kubernetes.io/docs/concepts/services-networking/service/#endpoints (deprecated since v1.33 in favour of
EndpointSlices); upstream's endpoints_controller.go. At most 1,000 addresses; pods that are being deleted are left out.
"""

from collections.abc import Mapping
from heapq import nsmallest
from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import Client, Controller, Process
from simulator.controllers.kinds.objects import is_ending, key_of, labels_of, one_of, split, with_metadata
from simulator.controllers.kinds.service_members import Member, Port, ServiceMembers, address_in, families
from simulator.engine import Plain
from simulator.engine.plain import Obj

MAX_ADDRESSES = 1000
MANAGED_LABEL = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"
_HEADLESS_LABEL = "service.kubernetes.io/headless"
_PER_POD_US = 50


class EndpointsController(Controller):
    name: ClassVar[str] = "endpoints-controller"
    watches = {"services": "on_service", "pods": "on_pod", "endpoints": "on_endpoints"}
    writes = ("endpoints",)

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._members = ServiceMembers(self.cache)
        self._triggers: dict[str, str] = {}
        """Service key → when the first change not yet written happened."""

    # What is watched

    def on_service(self, old: Obj | None, new: Obj | None) -> None:
        self._members.note_service(old, new)
        service = one_of(old, new)
        if old is None:
            self._triggers.setdefault(key_of(service), service["metadata"]["creationTimestamp"])
        self.enqueue(key_of(service))

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        self._members.note_pod(old, new, self._changed)

    def on_endpoints(self, old: Obj | None, new: Obj | None) -> None:
        """Only a deletion matters: what others write into it stays until the pods change."""
        if new is None:
            self.enqueue(key_of(one_of(old, new)))

    def _changed(self, key: str, members: int) -> None:
        self._triggers.setdefault(key, self.engine.timestamp())
        self.enqueue(key, max(members - 100, 0) * _PER_POD_US)

    # One service

    def reconcile(self, key: str) -> None:
        namespace, name = split(key)
        service = self.cache.get("services", namespace, name)
        known = self.cache.get("endpoints", namespace, name)
        trigger = self._triggers.pop(key, None)
        if service is None:
            if known is not None and labels_of(known).get(MANAGED_LABEL) == MANAGER:
                self._delete(known)
            return
        if is_ending(service) or not service["spec"].get("selector"):
            return
        self._write(known, wanted(service, self._members.of(service)), trigger)

    def _write(self, known: Obj | None, fresh: Obj, trigger: str | None) -> None:
        metadata = fresh["metadata"]
        annotations = dict(metadata.get("annotations") or {})
        if known is not None:
            before = {k: v for k, v in (known["metadata"].get("annotations") or {}).items() if k != TRIGGER_TIME}
            is_same = (
                known.get("subsets", []) == fresh["subsets"]
                and labels_of(known) == metadata["labels"]
                and before == annotations
            )
            if is_same:
                return
        if trigger is not None:
            annotations[TRIGGER_TIME] = trigger
        if known is None:
            self.client.create("endpoints", with_metadata(fresh, annotations=annotations))
        else:
            self.client.update(
                "endpoints",
                {
                    **with_metadata(known, annotations=annotations, labels=metadata["labels"]),
                    "subsets": fresh["subsets"],
                },
            )

    def _delete(self, known: Obj) -> None:
        metadata = known["metadata"]
        try:
            self.client.delete("endpoints", metadata["namespace"], metadata["name"], uid=metadata["uid"])
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._members.clear()
        self._triggers.clear()

    def dump_private(self) -> Plain:
        return [list(item) for item in self._triggers.items()]

    def load_private(self, state: Plain) -> None:
        self._members.clear()
        self._triggers = dict(state)


def wanted(service: Obj, members: Mapping[str, Member]) -> Obj:
    """The Endpoints object a service should have."""
    metadata = service["metadata"]
    labels = {name: value for name, value in labels_of(service).items() if name not in (_HEADLESS_LABEL, MANAGED_LABEL)}
    labels[MANAGED_LABEL] = MANAGER
    if service["spec"].get("clusterIP") == "None":
        labels[_HEADLESS_LABEL] = ""
    shown = [one for one in members.values() if not one.terminating or service["spec"].get("publishNotReadyAddresses")]
    if service["spec"].get("ports"):
        # A pod that has none of the ports stands behind none; only a headless service may have no ports at all.
        shown = [one for one in shown if one.ports]
    fresh: Obj = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "labels": labels},
        "subsets": _subsets(
            nsmallest(MAX_ADDRESSES, shown, key=lambda one: (not one.ready, one.address)), families(service)[0]
        ),
    }
    if len(shown) > MAX_ADDRESSES:
        fresh["metadata"]["annotations"] = {OVER_CAPACITY: "truncated"}
    return fresh


def _subsets(members: list[Member], family: str) -> list[Obj]:
    """Of one family only: Endpoints know no second one."""
    groups: dict[tuple[Port, ...], list[Member]] = {}
    for member in members:
        groups.setdefault(member.ports, []).append(member)
    return [_subset(ports, groups[ports], family) for ports in sorted(groups)]


def _subset(ports: tuple[Port, ...], members: list[Member], family: str) -> Obj:
    subset: Obj = {}
    for part, ready in (("addresses", True), ("notReadyAddresses", False)):
        if found := [_address(one, family) for one in members if one.ready is ready]:
            subset[part] = found
    if ports:
        subset["ports"] = [_port(*port) for port in sorted(ports)]
    return subset


def _address(member: Member, family: str) -> Obj:
    address: Obj = {"ip": address_in(member, family)}
    if member.hostname:
        address["hostname"] = member.hostname
    if member.node:
        address["nodeName"] = member.node
    address["targetRef"] = member.reference
    return address


def _port(name: str, number: int, protocol: str, app_protocol: str) -> Obj:
    port: Obj = {"name": name} if name else {}
    port.update(port=number, protocol=protocol)
    return {**port, "appProtocol": app_protocol} if app_protocol else port
