"""What a write presupposes: of the object that is there, and of the namespace it goes into.

Follows `apiserver/pkg/registry/rest/delete.go`, `registry/generic/registry/store.go` and the admission plugin NamespaceLifecycle.
"""

from simulator.apiserver import errors
from simulator.engine.plain import Obj
from simulator.machinery.resources import Resource

#: Admission plugin NamespaceLifecycle.
IMMORTAL_NAMESPACES = ("default", "kube-system", "kube-public")


def refuse_stale(kind: Resource, wanted: Obj, old: Obj) -> None:
    """An update of what was read: raises Conflict when it has changed since, or is another object by now."""
    name, there = old["metadata"]["name"], old["metadata"]
    if wanted.get("resourceVersion") and wanted["resourceVersion"] != there["resourceVersion"]:
        raise errors.conflict(kind.group, kind.plural, name, errors.OPTIMISTIC_LOCK)
    if wanted.get("uid") and wanted["uid"] != there["uid"]:
        why = f"Precondition failed: UID in precondition: {wanted['uid']}, UID in object meta: {there['uid']}"
        raise errors.conflict(kind.group, kind.plural, name, why)


def refuse_unmet(kind: Resource, obj: Obj, wanted: Obj) -> None:
    """What a deletion asked for."""
    metadata = obj["metadata"]
    for field, name, fate in (
        ("uid", "UID", "deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", "modified"),
    ):
        if wanted.get(field) and wanted[field] != metadata[field]:
            why = (
                f"the {name} in the precondition ({wanted[field]}) does not match the {name} in record "
                f"({metadata[field]}). The object might have been {fate}"
            )
            raise errors.conflict(kind.group, kind.kind, metadata["name"], why)


def refuse_namespace(kind: Resource, name: str, namespace: str, found: Obj | None) -> None:
    """Raises when the namespace that `name` is to be created in is not there, or about to go."""
    if found is None:
        raise errors.not_found("", "namespaces", namespace)
    if found["metadata"].get("deletionTimestamp") and kind.name != "events":
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        refusal = errors.forbidden(kind.group, kind.plural, name, why)
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
        refusal.details["causes"] = [cause]
        raise refusal
