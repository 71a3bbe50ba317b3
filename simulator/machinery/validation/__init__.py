"""Semantic validation: may this object be created, may this one take the place of that one (v1.33).

`validate_create` and `validate_update` return every finding, in upstream's order and words; an empty list means
the object is acceptable. Objects are expected to be decoded and defaulted. One module a family of kinds.

Leaves to others: shapes and types (`decoding.py`), rules that need other objects (admission, allocators).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.machinery import names, resources
from simulator.machinery.validation.field_errors import FieldError
from simulator.machinery.validation.metadata import (
    NameRule,
    path_segment,
    validate_metadata,
    validate_metadata_update,
)

__all__ = ["FieldError", "validate_create", "validate_update"]

Obj = dict[str, Any]
Create = Callable[[Obj], list[FieldError]]
Update = Callable[[Obj, Obj], list[FieldError]]

_NAME_RULES: dict[str, NameRule] = {
    "services": names.dns_1035_label,
    "namespaces": names.dns_label,
    "roles.rbac.authorization.k8s.io": path_segment,
    "rolebindings.rbac.authorization.k8s.io": path_segment,
    "clusterroles.rbac.authorization.k8s.io": path_segment,
    "clusterrolebindings.rbac.authorization.k8s.io": path_segment,
}
_CREATE: dict[str, Create] = {}
_UPDATE: dict[str, Update] = {}


def validate_create(resource: str, obj: Obj) -> list[FieldError]:
    """Everything wrong with a new object of `resource`."""
    known = resources.by_name(resource)
    errors = validate_metadata(
        obj.get("metadata") or {},
        namespaced=known is None or known.namespaced,
        name_rule=_NAME_RULES.get(resource, names.dns_subdomain),
    )
    rule = _CREATE.get(resource)
    return errors + rule(obj) if rule is not None else errors


def validate_update(resource: str, new: Obj, old: Obj) -> list[FieldError]:
    """Everything wrong with `new` in the place of `old`."""
    errors = validate_metadata_update(new.get("metadata") or {}, old.get("metadata") or {})
    rule = _UPDATE.get(resource)
    return errors + rule(new, old) if rule is not None else errors
