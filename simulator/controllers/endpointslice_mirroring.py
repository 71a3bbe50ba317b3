"""Copies Endpoints that somebody writes by hand into EndpointSlices, so that kube-proxy and DNS see them.

https://kubernetes.io/docs/concepts/services-networking/service/#endpointslice-mirroring; upstream's endpointslicemirroring controller. Only for
Services without a selector; one slice a subset and address family; Endpoints with the label `skip-mirror` are left alone.
"""

from collections.abc import Iterable
from typing import ClassVar

from simulator.client import Client, Controller, Process
from simulator.controllers.kinds.objects import controller_reference, is_ending, key_of, labels_of, one_of, split
from simulator.engine.plain import Obj

MANAGED_LABEL = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslicemirroring-controller.k8s.io"
SERVICE_LABEL = "kubernetes.io/service-name"
SKIP_LABEL = "endpointslice.kubernetes.io/skip-mirror"
#: --mirroring-max-endpoints-per-subset.
MAX_ENDPOINTS = 1000
_ENDPOINTS, _SLICES = "endpoints", "endpointslices.discovery.k8s.io"
_LEADER = "control-plane.alpha.kubernetes.io/leader"
_NOT_COPIED = ("kubectl.kubernetes.io/last-applied-configuration", "endpoints.kubernetes.io/last-change-trigger-time")


class EndpointSliceMirroringController(Controller):
    name: ClassVar[str] = "endpointslice-mirroring-controller"
    watches = {"services": "on_service", _ENDPOINTS: "on_endpoints", _SLICES: "on_slice"}
    writes = (_SLICES, "events")

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)

    def on_service(self, old: Obj | None, new: Obj | None) -> None:
        """Only whether there is a selector matters."""
        if old is not None and new is not None and _has_selector(old) == _has_selector(new):
            return
        service = one_of(old, new)
        if self.cache.get(_ENDPOINTS, *split(key_of(service))) is not None:
            self.enqueue(key_of(service))

    def on_endpoints(self, old: Obj | None, new: Obj | None) -> None:
        if any(one is not None and _is_mirrored(one) for one in (old, new)):
            self.enqueue(key_of(one_of(old, new)))

    def on_slice(self, old: Obj | None, new: Obj | None) -> None:
        """A slice of ours that somebody changed or deleted is put right."""
        one = one_of(old, new)
        if labels_of(one).get(MANAGED_LABEL) == MANAGER:
            self.enqueue(f"{one['metadata']['namespace']}/{labels_of(one).get(SERVICE_LABEL)}")

    def reconcile(self, key: str) -> None:
        namespace, name = split(key)
        known = [one for one in self._slices(namespace, name) if not is_ending(one)]
        endpoints = self.cache.get(_ENDPOINTS, namespace, name)
        service = self.cache.get("services", namespace, name)
        mirrored = (
            endpoints is not None and _is_mirrored(endpoints) and service is not None and not _has_selector(service)
        )
        wanted = list(_wanted(endpoints)) if mirrored and endpoints is not None else []
        if mirrored and endpoints is not None and (skipped := _beyond(endpoints)):
            message = (
                f"A max of {MAX_ENDPOINTS} addresses can be mirrored to EndpointSlices per Endpoints subset. "
                f"{skipped} addresses were skipped"
            )
            self.client.event(endpoints, "Warning", "TooManyAddressesToMirror", message, source=self.name)
        for slice_ in wanted:
            found = next((one for one in known if _shape(one) == _shape(slice_)), None)
            if found is None:
                if endpoints is not None and not is_ending(endpoints):
                    self.client.create(_SLICES, slice_)
                continue
            known.remove(found)
            self._bring_in_line(found, slice_)
        for left in known:
            metadata = left["metadata"]
            self.client.delete(_SLICES, metadata["namespace"], metadata["name"], uid=metadata["uid"])

    def _bring_in_line(self, found: Obj, wanted: Obj) -> None:
        metadata = {**found["metadata"], "labels": wanted["metadata"]["labels"]}
        if annotations := wanted["metadata"].get("annotations"):
            metadata["annotations"] = annotations
        else:
            metadata.pop("annotations", None)
        if found["endpoints"] != wanted["endpoints"] or metadata != found["metadata"]:
            self.client.update(_SLICES, {**found, "metadata": metadata, "endpoints": wanted["endpoints"]})

    def _slices(self, namespace: str, name: str) -> Iterable[Obj]:
        return self.cache.select(_SLICES, namespace, {MANAGED_LABEL: MANAGER, SERVICE_LABEL: name})


def _is_mirrored(endpoints: Obj) -> bool:
    if labels_of(endpoints).get(SKIP_LABEL) == "true":
        return False
    return _LEADER not in (endpoints["metadata"].get("annotations") or {})


def _has_selector(service: Obj) -> bool:
    return bool(service["spec"].get("selector"))


def _beyond(endpoints: Obj) -> int:
    """How many addresses find no place."""
    sizes = [len(one.get("addresses") or ()) + len(one.get("notReadyAddresses") or ()) for one in _subsets(endpoints)]
    return sum(max(size - MAX_ENDPOINTS, 0) for size in sizes)


def _subsets(endpoints: Obj) -> list[Obj]:
    return list(endpoints.get("subsets") or ())


def _wanted(endpoints: Obj) -> Iterable[Obj]:
    """One slice for each subset and family, in the order of the subsets."""
    for subset in _subsets(endpoints):
        room = MAX_ENDPOINTS
        for family in ("IPv4", "IPv6"):
            found = [
                _endpoint(address, ready=ready)
                for part, ready in (("addresses", True), ("notReadyAddresses", False))
                for address in subset.get(part) or ()
                if (":" in address["ip"]) is (family == "IPv6")
            ]
            if found[:room]:
                yield _slice(endpoints, family, subset.get("ports") or [], found[:room])
            room -= len(found[:room])


def _slice(endpoints: Obj, family: str, ports: list[Obj], found: list[Obj]) -> Obj:
    metadata = endpoints["metadata"]
    made: Obj = {
        "generateName": f"{metadata['name']}-",
        "namespace": metadata["namespace"],
        "ownerReferences": [controller_reference({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata})],
        "labels": {**labels_of(endpoints), MANAGED_LABEL: MANAGER, SERVICE_LABEL: metadata["name"]},
    }
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k not in _NOT_COPIED}
    if annotations:
        made["annotations"] = annotations
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": made,
        "addressType": family,
        "endpoints": found,
        "ports": [_port(port) for port in ports],
    }


def _port(port: Obj) -> Obj:
    made: Obj = {"name": port.get("name") or "", "port": port["port"], "protocol": port.get("protocol", "TCP")}
    return {**made, "appProtocol": port["appProtocol"]} if port.get("appProtocol") else made


def _endpoint(address: Obj, *, ready: bool) -> Obj:
    made: Obj = {"addresses": [address["ip"]], "conditions": {"ready": ready}}
    for field in ("hostname", "nodeName", "targetRef"):
        if address.get(field):
            made[field] = address[field]
    return made


def _shape(slice_: Obj) -> tuple[str, tuple[tuple[str, int, str], ...]]:
    """What a slice's endpoints have in common: a slice is kept for those alone."""
    ports = tuple(
        (port.get("name") or "", port.get("port") or 0, port.get("protocol", "TCP"))
        for port in slice_.get("ports") or ()
    )
    return slice_["addressType"], ports
