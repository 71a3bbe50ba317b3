"""The few things an update of a pod may change.

Follows `ValidatePodUpdate`, `ValidatePodEphemeralContainersUpdate` and what they call in
`pkg/apis/core/validation/validation.go` (1.33). The difference of two specs, which Go prints below a refusal, is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.containers import image_without_padding
from simulator.machinery.validation.ephemeral import kept_ephemeral_containers
from simulator.machinery.validation.field_errors import (
    FieldError,
    forbidden,
    go_struct,
    invalid,
    required,
)
from simulator.machinery.validation.pods import MAX_INT32, validate_whole_pod
from simulator.machinery.validation.scheduling import validate_tolerations

Obj = dict[str, Any]
Errors = list[FieldError]

_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_STATIC = "kubernetes.io/config.mirror"
_REQUIRED_TERMS = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"


def validate_pod_update(new: Obj, old: Obj) -> Errors:
    """An update through the main resource; a pod's node is set by binding, its status by the status subresource."""
    now, before = new.get("spec") or {}, old.get("spec") or {}
    if now is before or now == before:
        return []
    errors = _ratcheted(validate_whole_pod(new), old)
    for key in ("containers", "initContainers"):
        if len(now.get(key) or ()) != len(before.get(key) or ()):
            return [*errors, forbidden(f"spec.{key}", "pod updates may not add or remove containers")]
        errors += _images(now.get(key) or (), f"spec.{key}")
    errors += _deadline_update(now.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds"))
    errors += _added_tolerations(now, before) + _removed_gates(now, before)
    errors, compared = _gated(now, before, errors)
    if _frozen(compared, before) != _frozen(before, before):
        errors.append(forbidden("spec", f"pod updates may not change fields other than {_UPDATABLE}"))
    return _once(errors)


def _ratcheted(errors: Errors, old: Obj) -> Errors:
    """Values of required node affinity that are no labels are forgiven where there were any (`AllowInvalidLabelValueInRequiredNodeAffinity`)."""
    if not any(map(_is_no_label, errors)) or not any(map(_is_no_label, validate_whole_pod(old))):
        return errors
    return [error for error in errors if not _is_no_label(error)]


def _is_no_label(error: FieldError) -> bool:
    is_value = error.path.startswith(_REQUIRED_TERMS) and ".values[" in error.path
    return is_value and error.detail.startswith("a valid label must be")


def _once(errors: Errors) -> Errors:
    """Upstream checks some things twice and says them once (`ErrorList.ToAggregate`)."""
    return list({str(error): error for error in errors}.values())


def _images(containers: Iterable[Obj], path: str) -> Errors:
    errors: Errors = []
    for index, container in enumerate(containers):
        if not container.get("image"):
            errors.append(required(f"{path}[{index}].image"))
        errors += image_without_padding(container, f"{path}[{index}]")
    return errors


def _deadline_update(deadline: int | None, earlier: int | None) -> Errors:
    path = "spec.activeDeadlineSeconds"
    if deadline == earlier:
        return []
    if deadline is None:
        return [invalid(path, deadline, "must not update from a positive integer to nil value")]
    if not 0 <= deadline <= MAX_INT32:
        return [invalid(path, deadline, names.outside(0, MAX_INT32))]
    if earlier is not None and earlier < deadline:
        return [invalid(path, deadline, "must be less than or equal to previous value")]
    return []


def _added_tolerations(now: Obj, before: Obj) -> Errors:
    kept = [_without_seconds(toleration) for toleration in now.get("tolerations") or ()]
    if all(_without_seconds(toleration) in kept for toleration in before.get("tolerations") or ()):
        return validate_tolerations(now.get("tolerations") or [], "spec.tolerations")
    return [forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")]


def _without_seconds(toleration: Obj) -> Obj:
    return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}


def _removed_gates(now: Obj, before: Obj) -> Errors:
    had = [gate.get("name") for gate in before.get("schedulingGates") or ()]
    return [
        forbidden(
            f"spec.schedulingGates[{index}].name",
            f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'",
        )
        for index, gate in enumerate(now.get("schedulingGates") or ())
        if gate.get("name") not in had
    ]


# Pods behind gates


def _gated(now: Obj, before: Obj, errors: Errors) -> tuple[Errors, Obj]:
    """Where a pod may go can be narrowed while gates hold it back. Returns the spec without what was narrowed."""
    if not before.get("schedulingGates"):
        return errors, now
    compared = dict(now)
    if now.get("nodeSelector") != before.get("nodeSelector"):
        errors = errors + _narrowed_selector(now.get("nodeSelector") or {}, before.get("nodeSelector") or {})
        _take(compared, before, "nodeSelector")
    fresh, known = now.get("affinity") or {}, before.get("affinity") or {}
    if fresh.get("nodeAffinity") != known.get("nodeAffinity"):
        errors = errors + _narrowed_affinity(fresh.get("nodeAffinity") or {}, known.get("nodeAffinity") or {})
        affinity = {key: value for key, value in fresh.items() if key != "nodeAffinity"}
        if "nodeAffinity" in known:
            affinity["nodeAffinity"] = known["nodeAffinity"]
        if affinity or "affinity" in before:
            compared["affinity"] = affinity
        else:
            compared.pop("affinity", None)
    return errors, compared


def _take(compared: Obj, before: Obj, key: str) -> None:
    if key in before:
        compared[key] = before[key]
    else:
        compared.pop(key, None)


def _narrowed_selector(now: Obj, before: Obj) -> Errors:
    if all(now.get(key) == value for key, value in before.items()):
        return []
    says = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
    return [invalid("spec.nodeSelector", now, says)]


def _narrowed_affinity(now: Obj, before: Obj) -> Errors:
    key = "requiredDuringSchedulingIgnoredDuringExecution"
    path = f"spec.affinity.nodeAffinity.{key}.nodeSelectorTerms"
    old_terms = (before.get(key) or {}).get("nodeSelectorTerms") or []
    new_terms = (now.get(key) or {}).get("nodeSelectorTerms") or []
    if old_terms and len(old_terms) != len(new_terms):
        says = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        return [invalid(path, go_struct("[]core.NodeSelectorTerm"), says)]
    says = "only additions are allowed (no mutations or deletions)"
    return [
        invalid(f"{path}[{index}]", go_struct("core.NodeSelectorTerm"), says)
        for index, (fresh, known) in enumerate(zip(new_terms, old_terms, strict=False))
        if not _has_only_additions(fresh, known)
    ]


def _has_only_additions(fresh: Obj, known: Obj) -> bool:
    lists = [(fresh.get(key) or [], known.get(key) or []) for key in ("matchExpressions", "matchFields")]
    if not any(before for _, before in lists):
        return not any(now for now, _ in lists)
    return all(now[: len(before)] == before for now, before in lists)


def _frozen(spec: Obj, before: Obj) -> Obj:
    """The part of a spec that no update may touch."""
    frozen = {k: v for k, v in spec.items() if k not in ("tolerations", "activeDeadlineSeconds", "schedulingGates")}
    for key in ("containers", "initContainers"):
        if key in frozen:
            frozen[key] = _without_images(frozen[key])
    if before.get("terminationGracePeriodSeconds", 0) < 0 and spec.get("terminationGracePeriodSeconds") == 1:
        frozen["terminationGracePeriodSeconds"] = before["terminationGracePeriodSeconds"]
    return frozen


def _without_images(containers: Iterable[Obj]) -> list[Obj]:
    return [{k: v for k, v in container.items() if k != "image"} for container in containers]


# Ephemeral containers


def validate_ephemeral_update(new: Obj, old: Obj) -> Errors:
    """The subresource ephemeralcontainers: what is there stays as it is, and every name is new."""
    if _STATIC in (old["metadata"].get("annotations") or {}):
        return [forbidden("[]", "static pods do not support ephemeral containers")]
    return _once(validate_whole_pod(new) + kept_ephemeral_containers(new, old))
