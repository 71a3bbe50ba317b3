"""The APIServices of what this API server answers itself: one a group and version, there from the beginning.

`pkg/controlplane/apiserver/aggregator.go` (1.33), whose priorities these are; those of custom kinds come with their definitions
(`crdregistration_controller.go`).
"""

from functools import lru_cache

from simulator.apiserver.authorization.bootstrap import uid_of
from simulator.engine.plain import Obj
from simulator.machinery.resources import SERVED, Resource
from simulator.machinery.store import Key

RESOURCE = "apiservices.apiregistration.k8s.io"
AUTOMANAGED = "kube-aggregator.kubernetes.io/automanaged"
#: Group → (priority of the group, priorities of its versions other than 15).
_PRIORITIES: dict[str, tuple[int, dict[str, int]]] = {
    "": (18000, {"v1": 1}),
    "apps": (17800, {}),
    "events.k8s.io": (17750, {}),
    "authentication.k8s.io": (17700, {}),
    "authorization.k8s.io": (17600, {}),
    "autoscaling": (17500, {"v2": 30}),
    "batch": (17400, {}),
    "certificates.k8s.io": (17300, {}),
    "networking.k8s.io": (17200, {}),
    "policy": (17100, {}),
    "rbac.authorization.k8s.io": (17000, {}),
    "storage.k8s.io": (16800, {}),
    "apiextensions.k8s.io": (16700, {}),
    "admissionregistration.k8s.io": (16700, {"v1alpha1": 9}),
    "scheduling.k8s.io": (16600, {}),
    "coordination.k8s.io": (16500, {}),
    "node.k8s.io": (16300, {}),
    "discovery.k8s.io": (16200, {}),
    "flowcontrol.apiserver.k8s.io": (16100, {"v1": 21}),
}


def born(seed: int, timestamp: str, optional: tuple[Resource, ...] = ()) -> dict[str, dict[Key, Obj]]:
    """As the store takes them (`endow`)."""
    found: dict[Key, Obj] = {}
    status = {"conditions": [available(timestamp)]}
    for service in _shared(optional):
        metadata = service["metadata"]
        uid = uid_of(f"{seed}/{RESOURCE}/{metadata['name']}")
        identity = {"uid": uid, "creationTimestamp": timestamp, "resourceVersion": "1"}
        found["", metadata["name"]] = {**service, "metadata": {**metadata, **identity}, "status": status}
    return {RESOURCE: found}


@lru_cache(maxsize=2)
def _shared(optional: tuple[Resource, ...]) -> tuple[Obj, ...]:
    """Without what tells one cluster's objects from another's: made once, and shared by all clusters."""
    made = []
    for group, version in dict.fromkeys((one.group, one.version) for one in (*SERVED, *optional)):
        if group in _PRIORITIES:
            priority, versions = _PRIORITIES[group]
            made.append(local(group, version, priority, versions.get(version, 15), managed="onstart"))
    return tuple(made)


def available(now: str) -> Obj:
    """The condition of an APIService that needs nobody else."""
    return {
        "type": "Available",
        "status": "True",
        "lastTransitionTime": now,
        "reason": "Local",
        "message": "Local APIServices are always available",
    }


def with_status(service: Obj, now: str) -> Obj:
    """`apiserver/registry/apiservice/strategy.go: PrepareForCreate`."""
    is_local = not service["spec"].get("service")
    return {**service, "status": {"conditions": [available(now)]} if is_local else {}}


def local(group: str, version: str, priority: int, place: int, *, managed: str) -> Obj:
    """An APIService without a Service: answered by kube-apiserver."""
    spec: Obj = {"version": version, "groupPriorityMinimum": priority, "versionPriority": place}
    if group:
        spec["group"] = group
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}", "labels": {AUTOMANAGED: managed}},
        "spec": spec,
    }
