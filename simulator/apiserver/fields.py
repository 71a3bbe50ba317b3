"""Field selectors each resource supports (https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/)."""

from collections.abc import Callable

from simulator.apiserver import errors
from simulator.engine.plain import Obj
from simulator.machinery import selectors

_EVERY = ("metadata.name", "metadata.namespace")
_SUPPORTED: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "secrets": ("type",),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "services": ("spec.clusterIP", "spec.type"),
    "replicasets.apps": ("status.replicas",),
    "replicationcontrollers": ("status.replicas",),
    "jobs.batch": ("status.successful",),
    "certificatesigningrequests.certificates.k8s.io": ("spec.signerName",),
}


def field_selector(resource: str, text: str) -> Callable[[Obj], bool]:
    """A predicate. Raises StatusError BadRequest for a field the resource does not support."""
    try:
        selector = selectors.parse_fields(text)
    except selectors.SelectorError as error:
        raise errors.bad_request(f"unable to parse field selector: {error}") from error
    supported = (*_EVERY, *_SUPPORTED.get(resource, ()))
    for requirement in selector.requirements:
        if requirement.path not in supported:
            raise errors.bad_request(f'Unable to find "{resource}" that match label selector "", field selector "{text}": field label not supported: {requirement.path}')
    return lambda obj: all((_value(obj, r.path) == r.value) is (r.operator == "=") for r in selector.requirements)


def _value(obj: Obj, path: str) -> str:
    if path == "source":
        return str((obj.get("source") or {}).get("component", ""))
    found: object = obj
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, bool):
        return "true" if found else "false"
    return "" if found is None else str(found)
