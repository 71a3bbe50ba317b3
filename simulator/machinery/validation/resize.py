"""The subresource resize: what of a pod's resources may change while it runs.

Follows `ValidatePodResize` and what it calls in `pkg/apis/core/validation/validation.go` (1.33), and `podResizeStrategy` of
`pkg/registry/core/pod/strategy.go`: whatever else a request changes is passed over in silence.
"""

from typing import Any

from simulator.machinery.pod_qos import qos_class
from simulator.machinery.quantities import parse
from simulator.machinery.validation.field_errors import FieldError, forbidden, invalid
from simulator.machinery.validation.pods import validate_whole_pod

Obj = dict[str, Any]
_MUTABLE = ("cpu", "memory")
_COUNTS = ("resources", "resizePolicy")
_STATIC = "kubernetes.io/config.mirror"


def resized_spec(wanted: Obj, before: Obj) -> Obj:
    """What of a request counts (`dropNonResizeUpdates`): resources and resize policies; the rest stays as it is.

    Where containers were added, removed, moved or renamed all of it counts, so that it is refused.
    """
    lists = [(key, wanted.get(key) or [], before.get(key) or []) for key in ("containers", "initContainers")]
    if any(len(one) != len(other) for _, one, other in lists):
        return wanted
    return {**before, **{key: _resized(one, other) for key, one, other in lists if other}}


def _resized(wanted: list[Obj], before: list[Obj]) -> list[Obj]:
    if any(one.get("name") != other["name"] for one, other in zip(wanted, before, strict=True)):
        return wanted
    return [
        {key: value for key, value in other.items() if key not in _COUNTS}
        | {key: one[key] for key in _COUNTS if key in one}
        for one, other in zip(wanted, before, strict=True)
    ]


def validate_resize(new: Obj, old: Obj) -> list[FieldError]:
    now, before = new["spec"], old["spec"]
    for key in ("containers", "initContainers"):
        one, other = now.get(key) or [], before.get(key) or []
        if len(one) != len(other):
            return [forbidden(f"spec.{key}", "pod updates may not add or remove containers")]
        says = "containers may not be renamed or reordered on resize"
        moved = [index for index, each in enumerate(one) if each.get("name") != other[index]["name"]]
        if moved:
            return [forbidden(f"spec.{key}[{index}].name", says) for index in moved]
    if (refusal := _not_at_all(new, old)) is not None:
        return [forbidden("[]", refusal)]
    errors = validate_whole_pod(new)
    if qos_class(now) != ((old.get("status") or {}).get("qosClass") or qos_class(before)):
        shown = (new.get("status") or {}).get("qosClass", "")
        errors.append(invalid("spec", shown, "Pod QOS Class may not change as a result of resizing"))
    if not _is_supported(old):
        errors.append(forbidden("spec", "Pod running on node without support for resize"))
    for key in ("initContainers", "containers"):
        for index, (fresh, known) in enumerate(zip(now.get(key) or (), before.get(key) or (), strict=True)):
            if key == "containers" or known.get("restartPolicy") == "Always":
                errors += _container(fresh, known, f"spec.{key}[{index}].resources")
    return errors + _only_resources(now, before, errors)


def _not_at_all(new: Obj, old: Obj) -> str | None:
    """Why no container of this pod can be resized."""
    if any((one["spec"].get("resources") or {}).get(part) for one in (old, new) for part in ("requests", "limits")):
        return "pods with pod-level resources cannot be resized"
    if _STATIC in (old["metadata"].get("annotations") or {}):
        return "static pods cannot be resized"
    if (old["spec"].get("os") or {}).get("name") == "windows":
        return "windows pods cannot be resized"
    return None


def _is_supported(pod: Obj) -> bool:
    """A kubelet that can resize tells what its running containers have."""
    running = [
        one for one in (pod.get("status") or {}).get("containerStatuses") or () if "running" in (one.get("state") or {})
    ]
    return not running or running[0].get("resources") is not None


def _container(fresh: Obj, known: Obj, path: str) -> list[FieldError]:
    now, before = fresh.get("resources") or {}, known.get("resources") or {}
    errors = [
        forbidden(f"{path}.{section}", f"resource {section} cannot be removed")
        for section in ("requests", "limits")
        if any(name not in (now.get(section) or {}) for name in before.get(section) or {})
    ]
    policy: dict[str, Any] = next((p for p in fresh.get("resizePolicy") or () if p.get("resourceName") == "memory"), {})
    if policy.get("restartPolicy", "NotRequired") != "NotRequired":
        return errors
    wanted, had = ((one.get("limits") or {}).get("memory") for one in (now, before))
    here = f"{path}.limits[memory]"
    if wanted and had and parse(wanted).nanos < parse(had).nanos:
        says = "memory limits cannot be decreased unless resizePolicy is RestartContainer"
        errors.append(forbidden(here, says))
    elif wanted and not had:
        errors.append(forbidden(here, "memory limits cannot be added unless resizePolicy is RestartContainer"))
    return errors


def _only_resources(now: Obj, before: Obj, errors: list[FieldError]) -> list[FieldError]:
    """CPU and memory of containers and of sidecars, and nothing else."""
    found: list[FieldError] = []
    for fresh, known in zip(now["containers"], before["containers"], strict=True):
        if _without_mutable(fresh, known) != _as_amounts(known):
            found.append(forbidden("spec", "only cpu and memory resources are mutable"))
    for fresh, known in zip(now.get("initContainers") or (), before.get("initContainers") or (), strict=True):
        if fresh.get("restartPolicy") == "Always":
            if _without_mutable(fresh, known) != _as_amounts(known):
                says = "only cpu and memory resources for sidecar containers are mutable"
                found.append(forbidden("spec", says))
        elif _as_amounts(fresh) != _as_amounts(known):
            found.append(forbidden("spec", "resources for non-sidecar init containers are immutable"))
    if not errors and not found and _rest(now) != _rest(before):
        found.append(forbidden("spec", "only cpu and memory resources are mutable"))
    return found


def _rest(spec: Obj) -> Obj:
    return {key: value for key, value in spec.items() if key not in ("containers", "initContainers")}


def _without_mutable(container: Obj, known: Obj) -> Obj:
    """With the CPU and memory of before (`dropCPUMemoryResourcesFromContainer`); a list that was empty stays empty."""
    now, before = container.get("resources") or {}, known.get("resources") or {}
    resources = {
        section: {name: amount for name, amount in (now.get(section) or {}).items() if name not in _MUTABLE}
        | {name: before[section][name] for name in _MUTABLE if name in before[section]}
        for section in ("limits", "requests")
        if before.get(section)
    }
    return _as_amounts({**container, "resources": resources})


def _as_amounts(container: Obj) -> Obj:
    """As Go compares two containers: a quantity is what it means, and nothing is as good as empty."""
    resources = container.get("resources") or {}
    meant = {
        section: {name: parse(amount).nanos for name, amount in resources[section].items()}
        for section in ("limits", "requests")
        if resources.get(section)
    }
    return {**container, "resources": meant}
