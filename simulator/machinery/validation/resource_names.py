"""Names and amounts of resources: which may be asked for where, and which amounts make sense.

Follows `pkg/apis/core/helper/helpers.go` and `validateResourceRequirements`, `ValidateResourceQuantityValue` of
`pkg/apis/core/validation/validation.go` (1.33).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from simulator.machinery import names, quantities
from simulator.machinery.validation.field_errors import (
    NEGATIVE,
    NOT_INTEGER,
    NOT_POSITIVE,
    FieldError,
    GoText,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    shown_quantity,
)

Obj = dict[str, Any]
Errors = list[FieldError]

_CONTAINER = ("cpu", "memory", "ephemeral-storage")
_POD_LEVEL = ("cpu", "memory")
_COUNTED = (
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
)
_QUOTA = (
    *_CONTAINER,
    *(f"{part}.{name}" for part in ("requests", "limits") for name in _CONTAINER),
    "requests.storage",
    *_COUNTED,
)
_STANDARD = (*_QUOTA, "storage")
_WHOLE_HUGE_PAGES = "{amount} is not positive integer multiple of {name}"


def is_huge(name: str) -> bool:
    return name.startswith("hugepages-")


def _is_huge_in_quota(name: str) -> bool:
    return is_huge(name) or name.startswith("requests.hugepages-")


def is_native(name: str) -> bool:
    """In the namespace of Kubernetes itself: without a prefix, or with one of `kubernetes.io`."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    return not is_native(name) and not name.startswith("requests.") and not names.qualified_name(f"requests.{name}")


def may_be_overcommitted(name: str) -> bool:
    return is_native(name) and not is_huge(name)


def is_quota_resource(name: str) -> bool:
    return name in _QUOTA or _is_huge_in_quota(name)


def resource_name(name: str, path: str) -> Errors:
    """A ResourceName knows how to print itself, so it stands without quotes."""
    errors = [invalid(path, GoText(name), says) for says in names.qualified_name(name)]
    if not errors and "/" not in name and name not in _STANDARD and not _is_huge_in_quota(name):
        errors.append(invalid(path, GoText(name), "must be a standard resource type or fully qualified"))
    return errors


def container_resource(name: str, path: str) -> Errors:
    if name in _CONTAINER:
        return []
    errors = resource_name(name, path)
    if "/" not in name:
        if not is_huge(name):
            errors.append(invalid(path, GoText(name), "must be a standard resource for containers"))
    elif not is_native(name) and not is_extended(name):
        errors.append(invalid(path, GoText(name), "doesn't follow extended resource name standard"))
    return errors


def pod_level_resource(name: str, path: str) -> Errors:
    if name in _POD_LEVEL or is_huge(name):
        return []
    return resource_name(name, path) or [not_supported(path, GoText(name), (*_POD_LEVEL, "hugepages-"))]


def quota_resource(name: str, path: str) -> Errors:
    errors = resource_name(name, path)
    if "/" not in name and not is_quota_resource(name):
        errors.append(invalid(path, GoText(name), "must be a standard resource for quota"))
    return errors


def amount(name: str, text: str, path: str) -> Errors:
    """Never negative, and whole where things are counted."""
    found = quantities.parse(text)
    errors = [invalid(path, quantities.canonical(text), NEGATIVE)] if found.nanos < 0 else []
    if found.nanos % quantities.NANO and (name in _COUNTED or is_extended(name)):
        errors.append(invalid(path, shown_quantity(text), NOT_INTEGER))
    return errors


def positive(text: str, path: str) -> Errors:
    return [invalid(path, quantities.canonical(text), NOT_POSITIVE)] if quantities.parse(text).nanos <= 0 else []


def requirements(
    given: Obj,
    path: str,
    name_rule: Callable[[str, str], Errors] = container_resource,
    claims: Iterable[str] = (),
) -> Errors:
    """Requests and limits of a container or a pod."""
    limits, requests = given.get("limits") or {}, given.get("requests") or {}
    errors: Errors = []
    for name, text in limits.items():
        errors += _one(name, text, f"{path}.limits[{name}]", name_rule)
    for name, text in requests.items():
        here = f"{path}.requests[{name}]"
        errors += name_rule(name, here) + amount(name, text, here)
        errors += _request_and_limit(name, text, limits.get(name), path)
        errors += _huge_pages(name, text, here)
    both = (*limits, *requests)
    if any(is_huge(name) for name in both) and not any(name in _POD_LEVEL for name in both):
        errors.append(forbidden(path, "HugePages require cpu or memory"))
    return errors + _claims(given.get("claims") or (), f"{path}.claims", tuple(claims))


def _one(name: str, text: str, path: str, name_rule: Callable[[str, str], Errors]) -> Errors:
    return name_rule(name, path) + amount(name, text, path) + _huge_pages(name, text, path)


def _huge_pages(name: str, text: str, path: str) -> Errors:
    if not is_huge(name):
        return []
    shown, found = quantities.canonical(text), quantities.parse(text).nanos
    try:
        page = quantities.parse(name.removeprefix("hugepages-")).nanos
    except quantities.QuantityError:
        page = 0
    if page > 0 and found >= 0 and found % page == 0:
        return []
    return [invalid(path, shown, _WHOLE_HUGE_PAGES.format(amount=shown, name=name))]


def _request_and_limit(name: str, text: str, limit: str | None, path: str) -> Errors:
    if limit is None:
        if may_be_overcommitted(name):
            return []
        return [required(f"{path}.limits", "Limit must be set for non overcommitable resources")]
    wanted, ceiling = quantities.parse(text).nanos, quantities.parse(limit).nanos
    shown, most = quantities.canonical(text), quantities.canonical(limit)
    if wanted != ceiling and not may_be_overcommitted(name):
        return [invalid(f"{path}.requests", shown, f"must be equal to {name} limit of {most}")]
    if wanted > ceiling:
        return [invalid(f"{path}.requests", shown, f"must be less than or equal to {name} limit of {most}")]
    return []


def _claims(claims: Iterable[Obj], path: str, known: tuple[str, ...]) -> Errors:
    errors: Errors = []
    seen: list[str] = []
    for index, claim in enumerate(claims):
        name = claim.get("name", "")
        if not name:
            errors.append(required(f"{path}[{index}]"))
            continue
        if name in seen:
            errors.append(duplicate(f"{path}[{index}]", name))
        seen.append(name)
        if name not in known:
            says = "must be one of the names in pod.spec.resourceClaims"
            says += f": {', '.join(sorted(known))}" if known else " which is empty"
            errors.append(FieldError("FieldValueNotFound", f"{path}[{index}]", name, says))
    return errors
