"""The subresource resize: what of a pod's resources may change while it runs.

Follows `pkg/apis/core/validation/validation.go` (ValidatePodResize) of v1.33, word for word.
"""

from typing import Any

from simulator.machinery.pod_qos import qos_class
from simulator.machinery.validation.containers import validate_resources
from simulator.machinery.validation.field_errors import FieldError, forbidden, invalid

Obj = dict[str, Any]
_MUTABLE = ("cpu", "memory")


def validate_resize(new: Obj, old: Obj) -> list[FieldError]:
    now, before = new["spec"], old["spec"]
    errors: list[FieldError] = []
    for key in ("containers", "initContainers"):
        one, other = now.get(key) or [], before.get(key) or []
        if len(one) != len(other):
            return [forbidden(f"spec.{key}", "pod updates may not add or remove containers")]
        if [each["name"] for each in one] != [each["name"] for each in other]:
            return [forbidden(f"spec.{key}", "containers may not be renamed or reordered on resize")]
        for index, (fresh, known) in enumerate(zip(one, other, strict=True)):
            errors += _removed(fresh, known, f"spec.{key}[{index}].resources")
            errors += validate_resources(fresh.get("resources") or {}, f"spec.{key}[{index}].resources")
    found = qos_class(now)
    if found != qos_class(before):
        errors.append(invalid("spec", found, "Pod QOS Class may not change as a result of resizing"))
    if errors:
        return errors
    if _rest(now) != _rest(before):
        return [forbidden("spec", "only cpu and memory resources are mutable")]
    return []


def _removed(fresh: Obj, known: Obj, path: str) -> list[FieldError]:
    errors = []
    for section, word in (("limits", "resource limits"), ("requests", "resource requests")):
        before = (known.get("resources") or {}).get(section) or {}
        now = (fresh.get("resources") or {}).get(section) or {}
        if any(name in before and name not in now for name in _MUTABLE):
            errors.append(forbidden(f"{path}.{section}", f"{word} cannot be removed"))
    return errors


def _rest(spec: Obj) -> Obj:
    """The spec without what a resize may change."""
    rest = dict(spec)
    for key in ("containers", "initContainers"):
        if key in rest:
            rest[key] = [{**each, "resources": _other_resources(each.get("resources") or {})} for each in rest[key]]
    return rest


def _other_resources(resources: Obj) -> Obj:
    kept = dict(resources)
    for section in ("limits", "requests"):
        kept[section] = {
            name: amount for name, amount in (resources.get(section) or {}).items() if name not in _MUTABLE
        }
    return kept
