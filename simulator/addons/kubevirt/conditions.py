"""Conditions as KubeVirt keeps them: in the order in which they came, changed when status or reason do.

Follows kubevirt/kubevirt `pkg/controller/conditions.go`.
"""

from simulator.engine.plain import Obj

_SAME = ("status", "reason")


def find(obj: Obj | None, kind: str) -> Obj | None:
    known = ((obj or {}).get("status") or {}).get("conditions") or ()
    return next((one for one in known if one["type"] == kind), None)


def updated(conditions: list[Obj], wanted: Obj) -> list[Obj]:
    known = next((one for one in conditions if one["type"] == wanted["type"]), None)
    if known is None:
        return [*conditions, wanted]
    if all(known.get(field) == wanted.get(field) for field in _SAME):
        return conditions
    return [wanted if one is known else one for one in conditions]


def without(conditions: list[Obj], kind: str) -> list[Obj]:
    return [one for one in conditions if one["type"] != kind]


def told(kind: str, status: str, reason: str = "", message: str = "", at: str | None = None) -> Obj:
    """`at` is empty in conditions of virt-handler, which does not tell times."""
    says = {field: text for field, text in (("reason", reason), ("message", message)) if text}
    return {"type": kind, "status": status, **says, "lastProbeTime": None, "lastTransitionTime": at}


def of_pod(condition: Obj) -> Obj:
    """A pod's condition as one of its instance."""
    fields = ("type", "status", "reason", "message", "lastProbeTime", "lastTransitionTime")
    return {"lastProbeTime": None, **{field: condition[field] for field in fields if field in condition}}
