"""Rules for questions of access. Follows `pkg/apis/authorization/validation/validation.go` (1.33).

Left out: selectors of fields and labels.
"""

from __future__ import annotations

from typing import Any

from simulator.machinery.validation.field_errors import FieldError, GoText, go_struct, go_value, invalid

Obj = dict[str, Any]
Errors = list[FieldError]
_NOBODY = "at least one of user or group must be specified"


def validate_self_review(review: Obj) -> Errors:
    return _attributes(review.get("spec") or {}) + _metadata(review, "must be empty")


def validate_review(review: Obj) -> Errors:
    return _of_somebody(review.get("spec") or {}) + _metadata(review, "must be empty")


def validate_local_review(review: Obj) -> Errors:
    """`review` has its namespace in its metadata."""
    spec, namespace = review.get("spec") or {}, (review.get("metadata") or {}).get("namespace", "")
    errors = _of_somebody(spec) + _metadata(review, "must be empty except for namespace", but=("namespace",))
    asked = spec.get("resourceAttributes")
    if asked is not None and asked.get("namespace", "") != namespace:
        path = "spec.resourceAttributes.namespace"
        errors.append(invalid(path, asked.get("namespace", ""), "must match metadata.namespace"))
    if spec.get("nonResourceAttributes") is not None:
        path = "spec.nonResourceAttributes"
        errors.append(invalid(path, _shown(spec["nonResourceAttributes"]), "disallowed on this kind of request"))
    return errors


def _of_somebody(spec: Obj) -> Errors:
    nobody = not spec.get("user") and not spec.get("groups")
    return _attributes(spec) + ([invalid("spec.user", "", _NOBODY)] if nobody else [])


def _attributes(spec: Obj) -> Errors:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and path is not None:
        says = "cannot be specified in combination with resourceAttributes"
        return [invalid("spec.nonResourceAttributes", _shown(path), says)]
    if resource is None and path is None:
        says = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [invalid("spec.resourceAttributes", None, says)]
    return []


def _shown(attributes: Obj) -> GoText:
    path, verb = (go_value(attributes.get(key, "")) for key in ("path", "verb"))
    return GoText(f"authorization.NonResourceAttributes{{Path:{path}, Verb:{verb}}}")


def _metadata(review: Obj, says: str, but: tuple[str, ...] = ()) -> Errors:
    given = {key for key, value in (review.get("metadata") or {}).items() if value}
    is_bare = not given - {"managedFields", *but}
    return [] if is_bare else [invalid("metadata", go_struct("v1.ObjectMeta"), says)]
