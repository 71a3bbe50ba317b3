"""Questions controllers ask about pods."""

from simulator.controllers.kinds.conditions import condition
from simulator.engine.plain import Obj

_TERMINAL = ("Succeeded", "Failed")
_NOTHING: Obj = {}


def phase(pod: Obj) -> str:
    return str((pod.get("status") or _NOTHING).get("phase") or "")


def is_active(pod: Obj) -> bool:
    """Neither finished nor being deleted."""
    if "deletionTimestamp" in pod["metadata"]:
        return False
    return (pod.get("status") or _NOTHING).get("phase") not in _TERMINAL


def is_terminal(pod: Obj) -> bool:
    return (pod.get("status") or _NOTHING).get("phase") in _TERMINAL


def ready_condition(pod: Obj) -> Obj | None:
    return condition((pod.get("status") or {}).get("conditions"), "Ready")


def is_ready(pod: Obj) -> bool:
    for one in (pod.get("status") or _NOTHING).get("conditions") or ():
        if one["type"] == "Ready":
            return bool(one["status"] == "True")
    return False


def from_template(template: Obj, namespace: str, prefix: str, owner: Obj) -> Obj:
    """A pod as a controller creates it. Spec and labels are shared with the template, never copied."""
    metadata: Obj = {"generateName": prefix, "namespace": namespace, "ownerReferences": [owner]}
    for name in ("labels", "annotations", "finalizers"):
        if value := (template.get("metadata") or {}).get(name):
            metadata[name] = value
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
