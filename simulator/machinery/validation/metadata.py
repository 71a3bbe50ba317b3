"""Rules for `metadata` of every kind: names, namespaces, labels, annotations, owners, finalizers, what is immutable.

Follows `apimachinery/pkg/api/validation/objectmeta.go` (1.33).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.field_errors import (
    FieldError,
    duplicate,
    forbidden,
    immutable,
    invalid,
    not_supported,
    required,
    too_long,
)

Obj = dict[str, Any]
NameRule = Callable[[str], list[str]]

ANNOTATIONS_MAX = 256 * 1024
_STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
_STATUSES = ("False", "True", "Unknown")
_REASON = re.compile("[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")
_REASON_WORDS = (
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters "
    "or '_,:', and must end with an alphanumeric character or '_'"
)
_REASON_EXAMPLES = ("my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB")
_MAX_REASON, _MAX_MESSAGE = 1024, 32 * 1024
_IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def path_segment(name: str) -> list[str]:
    """The rule for names that need not be DNS names, such as those of roles."""
    if name in (".", ".."):
        return [f"may not be '{name}'"]
    return [f"may not contain '{sign}'" for sign in ("/", "%") if sign in name]


@lru_cache(maxsize=8192)
def _key_problems(key: str) -> tuple[str, ...]:
    return tuple(names.qualified_name(key))


@lru_cache(maxsize=8192)
def _value_problems(value: str) -> tuple[str, ...]:
    return tuple(names.label_value(value))


def validate_metadata(metadata: Obj, *, namespaced: bool, name_rule: NameRule) -> list[FieldError]:
    """A new object's metadata; a name still to be generated is fine."""
    errors = []
    prefix, name = metadata.get("generateName", ""), metadata.get("name", "")
    if prefix:
        errors += [invalid("metadata.generateName", prefix, says) for says in name_rule(_without_trailing_dash(prefix))]
    if name:
        errors += [invalid("metadata.name", name, says) for says in name_rule(name)]
    elif not prefix:
        errors.append(required("metadata.name", "name or generateName is required"))
    errors += _namespace(metadata.get("namespace", ""), namespaced)
    return errors + _common(metadata)


def _without_trailing_dash(prefix: str) -> str:
    return prefix[:-2] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix


def _namespace(namespace: str, namespaced: bool) -> list[FieldError]:
    path = "metadata.namespace"
    if not namespaced:
        return [forbidden(path, "not allowed on this type")] if namespace else []
    if not namespace:
        return [required(path)]
    return [invalid(path, namespace, says) for says in names.dns_label(namespace)]


def _common(metadata: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    if labels := metadata.get("labels"):
        errors += validate_labels(labels, "metadata.labels")
    if annotations := metadata.get("annotations"):
        errors += validate_annotations(annotations, "metadata.annotations")
    if owners := metadata.get("ownerReferences"):
        errors += _owners(owners, "metadata.ownerReferences")
    for finalizer in metadata.get("finalizers") or ():
        errors += [invalid("metadata.finalizers", finalizer, says) for says in _key_problems(finalizer)]
    return errors


def validate_kube_finalizers(metadata: Obj) -> list[FieldError]:
    """`validateKubeFinalizerName`: kinds of Kubernetes' own take no bare name but those it knows."""
    says = "name is neither a standard finalizer name nor is it fully qualified"
    return [
        invalid(f"metadata.finalizers[{index}]", name, says)
        for index, name in enumerate(metadata.get("finalizers") or ())
        if "/" not in name and name not in _STANDARD_FINALIZERS
    ]


def validate_labels(labels: dict[str, str], path: str) -> list[FieldError]:
    errors = []
    for key, value in labels.items():
        for says in _key_problems(key):
            errors.append(invalid(path, key, says))
        for says in _value_problems(value):
            errors.append(invalid(path, value, says))
    return errors


def validate_annotations(annotations: dict[str, str], path: str) -> list[FieldError]:
    errors = [invalid(path, key, says) for key in annotations for says in _key_problems(key.lower())]
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    return [*errors, too_long(path, ANNOTATIONS_MAX)] if size > ANNOTATIONS_MAX else errors


def _owners(owners: list[Obj], path: str) -> list[FieldError]:
    errors = []
    controller: Obj | None = None
    for owner in owners:
        if not owner.get("apiVersion"):
            errors.append(invalid(f"{path}.apiVersion", "", "version must not be empty"))
        for key in ("kind", "name", "uid"):
            if not owner.get(key):
                errors.append(invalid(f"{path}.{key}", "", "must not be empty"))
        if owner.get("controller"):
            if controller is not None:
                says = (
                    'Only one reference can have Controller set to true. Found "true" in references for '
                    f"{controller.get('kind')}/{controller.get('name')} and {owner.get('kind')}/{owner.get('name')}"
                )
                errors.append(invalid(path, "", says))
            controller = owner
    return errors


def validate_metadata_update(new: Obj, old: Obj) -> list[FieldError]:
    """What no update may change, then the rules for what it may."""
    errors: list[FieldError] = []
    if new is old:
        return errors
    for key in _IMMUTABLE:
        if key in old and new.get(key) is not None:
            errors += immutable(f"metadata.{key}", new[key], old[key])
    if new.get("generation", 0) < old.get("generation", 0) and "generation" in new:
        errors.append(invalid("metadata.generation", new["generation"], "must not be decremented"))
    if old.get("deletionTimestamp"):
        added = [item for item in new.get("finalizers") or () if item not in (old.get("finalizers") or ())]
        if added:
            says = (
                "no new finalizers can be added if the object is being deleted, "
                "found new finalizers []string{" + ", ".join(f'"{item}"' for item in added) + "}"
            )
            errors.append(forbidden("metadata.finalizers", says))
    return errors + _common(new)


def validate_conditions(conditions: Iterable[Obj], path: str) -> list[FieldError]:
    """`metav1.Condition` (`apimachinery/pkg/apis/meta/v1/validation`); older kinds of conditions have no rules."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        here, kind = f"{path}[{index}]", condition.get("type", "")
        if kind in seen:
            errors.append(duplicate(f"{here}.type", kind))
        seen.add(kind)
        errors += _condition(condition, here)
    return errors


def _condition(condition: Obj, path: str) -> list[FieldError]:
    kind, status, reason = (condition.get(key, "") for key in ("type", "status", "reason"))
    errors = [invalid(f"{path}.type", kind, says) for says in _key_problems(kind)]
    if status not in _STATUSES:
        errors.append(not_supported(f"{path}.status", status, _STATUSES))
    generation = condition.get("observedGeneration", 0)
    if generation < 0:
        errors.append(invalid(f"{path}.observedGeneration", generation, "must be greater than or equal to zero"))
    if not condition.get("lastTransitionTime"):
        errors.append(required(f"{path}.lastTransitionTime", "must be set"))
    if not reason:
        errors.append(required(f"{path}.reason", "must be set"))
    elif not _REASON.fullmatch(reason):
        says = names.must_match(_REASON_WORDS, _REASON.pattern, *_REASON_EXAMPLES)
        errors.append(invalid(f"{path}.reason", reason, says))
    if len(reason) > _MAX_REASON:
        errors.append(too_long(f"{path}.reason", _MAX_REASON))
    if len(condition.get("message", "")) > _MAX_MESSAGE:
        errors.append(too_long(f"{path}.message", _MAX_MESSAGE))
    return errors
