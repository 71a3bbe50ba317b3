"""Rules for roles and their bindings. Follows `pkg/apis/rbac/validation/validation.go` (1.33)."""

from __future__ import annotations

from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.field_errors import FieldError, GoText, invalid, not_supported, required
from simulator.machinery.validation.metadata import path_segment
from simulator.machinery.validation.selectors import validate_label_selector

Obj = dict[str, Any]
Errors = list[FieldError]

_GROUP = "rbac.authorization.k8s.io"
_SUBJECTS = ("ServiceAccount", "User", "Group")


def validate_role(role: Obj) -> Errors:
    return _rules(role, namespaced=True)


def validate_cluster_role(role: Obj) -> Errors:
    errors = _rules(role, namespaced=False)
    aggregation = role.get("aggregationRule")
    if aggregation is None:
        return errors
    selectors = aggregation.get("clusterRoleSelectors") or ()
    path = "aggregationRule.clusterRoleSelectors"
    if not selectors:
        says = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        errors.append(required(path, says))
    for index, selector in enumerate(selectors):
        errors += validate_label_selector(selector, f"{path}[{index}]")
    return errors


def _rules(role: Obj, *, namespaced: bool) -> Errors:
    errors: Errors = []
    for index, rule in enumerate(role.get("rules") or ()):
        here, urls = f"rules[{index}]", rule.get("nonResourceURLs")
        if not rule.get("verbs"):
            errors.append(required(f"{here}.verbs", "verbs must contain at least one value"))
        if urls:
            if namespaced:
                says = "namespaced rules cannot apply to non-resource URLs"
                errors.append(invalid(f"{here}.nonResourceURLs", urls, says))
            if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
                says = "rules cannot apply to both regular resources and non-resource URLs"
                errors.append(invalid(f"{here}.nonResourceURLs", urls, says))
            continue
        if not rule.get("apiGroups"):
            errors.append(required(f"{here}.apiGroups", "resource rules must supply at least one api group"))
        if not rule.get("resources"):
            errors.append(required(f"{here}.resources", "resource rules must supply at least one resource"))
    return errors


def validate_role_binding(binding: Obj) -> Errors:
    return _binding(binding, ("Role", "ClusterRole"), namespaced=True)


def validate_cluster_role_binding(binding: Obj) -> Errors:
    return _binding(binding, ("ClusterRole",), namespaced=False)


def _binding(binding: Obj, kinds: tuple[str, ...], *, namespaced: bool) -> Errors:
    role = binding.get("roleRef") or {}
    name = role.get("name", "")
    errors: Errors = []
    if role.get("apiGroup") != _GROUP:
        errors.append(not_supported("roleRef.apiGroup", role.get("apiGroup", ""), (_GROUP,)))
    if role.get("kind") not in kinds:
        errors.append(not_supported("roleRef.kind", role.get("kind", ""), kinds))
    if not name:
        errors.append(required("roleRef.name"))
    else:
        errors += [invalid("roleRef.name", name, says) for says in path_segment(name)]
    for index, subject in enumerate(binding.get("subjects") or ()):
        errors += _subject(subject, f"subjects[{index}]", namespaced=namespaced)
    return errors


def _subject(subject: Obj, path: str, *, namespaced: bool) -> Errors:
    kind, name, group = subject.get("kind", ""), subject.get("name", ""), subject.get("apiGroup", "")
    errors = [] if name else [required(f"{path}.name")]
    if kind not in _SUBJECTS:
        return [*errors, not_supported(f"{path}.kind", kind, _SUBJECTS)]
    if kind == "ServiceAccount":
        if name:
            errors += [invalid(f"{path}.name", name, says) for says in names.dns_subdomain(name)]
        if group:
            errors.append(not_supported(f"{path}.apiGroup", group, ("",)))
        if not namespaced and not subject.get("namespace"):
            errors.append(required(f"{path}.namespace"))
        return errors
    if not name:
        errors.append(invalid(f"{path}.name", name, f"{kind.lower()} name cannot be empty"))
    if group != _GROUP:
        errors.append(not_supported(f"{path}.apiGroup", group, (_GROUP,)))
    return errors


def validate_role_binding_update(new: Obj, old: Obj) -> Errors:
    return validate_role_binding(new) + _same_role(new, old)


def validate_cluster_role_binding_update(new: Obj, old: Obj) -> Errors:
    return validate_cluster_role_binding(new) + _same_role(new, old)


def _same_role(new: Obj, old: Obj) -> Errors:
    if new.get("roleRef") == old.get("roleRef"):
        return []
    role = new.get("roleRef") or {}
    parts = ", ".join(
        f'{k}:"{role.get(v, "")}"' for k, v in (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name"))
    )
    return [invalid("roleRef", GoText(f"rbac.RoleRef{{{parts}}}"), "cannot change roleRef")]
