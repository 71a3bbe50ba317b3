"""Rules for a container's environment and for the downward API.

Follows `ValidateEnv`, `ValidateEnvFrom`, `validateObjectFieldSelector` and `validateContainerResourceFieldSelector` of
`pkg/apis/core/validation/validation.go` (1.33), their paths included.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from simulator.machinery import names, quantities
from simulator.machinery.validation.field_errors import FieldError, invalid, not_supported, required

Obj = dict[str, Any]
Errors = list[FieldError]

ENV_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
VOLUME_FIELDS = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
_KNOWN_FIELDS = frozenset(
    (*ENV_FIELDS, *VOLUME_FIELDS, "spec.restartPolicy", "spec.schedulerName", "spec.hostNetwork", "status.phase")
)
_KEYED_FIELD = re.compile(r"(metadata\.(?:labels|annotations))\['([^']*)'\]")
_RESOURCES = tuple(
    f"{part}.{name}" for part in ("limits", "requests") for name in ("cpu", "ephemeral-storage", "memory")
)
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef")
_BYTES = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")


def validate_environment(env: list[Obj], path: str) -> Errors:
    errors: Errors = []
    for index, variable in enumerate(env):
        here, name = f"{path}[{index}]", variable.get("name", "")
        if not name:
            errors.append(required(f"{here}.name"))
        else:
            errors += [invalid(f"{here}.name", name, says) for says in names.environment_variable(name)]
        if (source := variable.get("valueFrom")) is not None:
            errors += _value_source(source, variable, f"{here}.valueFrom")
    return errors


def _value_source(source: Obj, variable: Obj, path: str) -> Errors:
    errors: Errors = []
    given = [kind for kind in _SOURCES if source.get(kind) is not None]
    if "fieldRef" in given:
        errors += validate_field_reference(source["fieldRef"], f"{path}.fieldRef", ENV_FIELDS)
    if "resourceFieldRef" in given:
        errors += validate_resource_reference(source["resourceFieldRef"], f"{path}.resourceFieldRef", in_volume=False)
    for kind in ("configMapKeyRef", "secretKeyRef"):
        if kind in given:
            errors += _key_reference(source[kind], f"{path}.{kind}")
    if not given:
        says = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        errors.append(invalid(path, "", says))
    elif variable.get("value"):
        errors.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif len(given) > 1:
        errors.append(invalid(path, "", "may not have more than one field specified at a time"))
    return errors


def validate_field_reference(reference: Obj, path: str, supported: Iterable[str]) -> Errors:
    """A field of the pod: known at all, and allowed here."""
    field = reference.get("fieldPath", "")
    if not field:
        return [required(f"{path}.fieldPath")]
    if keyed := _KEYED_FIELD.fullmatch(field):
        key = keyed[2].lower() if keyed[1].endswith("annotations") else keyed[2]
        return [invalid(path, key, says) for says in names.qualified_name(key)]
    if field not in _KNOWN_FIELDS:
        says = f"error converting fieldPath: field label not supported: {field}"
        return [invalid(f"{path}.fieldPath", field, says)]
    if field not in tuple(supported):
        return [not_supported(f"{path}.fieldPath", field, sorted(supported))]
    return []


def validate_resource_reference(reference: Obj, path: str, *, in_volume: bool) -> Errors:
    resource = reference.get("resource", "")
    errors: Errors = []
    if in_volume and not reference.get("containerName"):
        errors.append(required(f"{path}.containerName"))
    elif not resource:
        errors.append(required(f"{path}.resource"))
    elif resource not in _RESOURCES and not _is_huge(resource):
        errors.append(not_supported(f"{path}.resource", resource, _RESOURCES))
    return errors + _divisor(resource, reference.get("divisor"), f"{path}.divisor")


def _is_huge(resource: str) -> bool:
    return resource.startswith(("requests.hugepages-", "limits.hugepages-"))


def _divisor(resource: str, divisor: str | None, path: str) -> Errors:
    if divisor is None or quantities.parse(divisor).nanos == 0:
        return []
    shown, name = quantities.canonical(divisor), resource.partition(".")[2]
    if name == "cpu":
        says = "only divisor's values 1m and 1 are supported with the cpu resource"
        return [] if shown in ("1m", "1") else [invalid(path, resource, says)]
    word = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}.get(name)
    word = "hugepages" if _is_huge(resource) else word
    if word is None or shown in _BYTES:
        return []
    says = f"only divisor's values {', '.join(_BYTES)} are supported with the {word} resource"
    return [invalid(path, resource, says)]


def _key_reference(reference: Obj, path: str) -> Errors:
    name, key = reference.get("name", ""), reference.get("key", "")
    errors = [invalid(f"{path}.name", name, says) for says in names.dns_subdomain(name)]
    if not key:
        return [*errors, required(f"{path}.key")]
    return errors + [invalid(f"{path}.key", key, says) for says in names.config_key(key)]


def validate_environment_sources(sources: list[Obj], path: str) -> Errors:
    errors: Errors = []
    for index, source in enumerate(sources):
        here = f"{path}[{index}]"
        if prefix := source.get("prefix"):
            errors += [invalid(f"{here}.prefix", prefix, says) for says in names.environment_variable(prefix)]
        given = [kind for kind in ("configMapRef", "secretRef") if source.get(kind) is not None]
        for kind in given:
            name = source[kind].get("name", "")
            if not name:
                errors.append(required(f"{here}.{kind}.name"))
            else:
                errors += [invalid(f"{here}.{kind}.name", name, says) for says in names.dns_subdomain(name)]
        if not given:
            errors.append(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            errors.append(invalid(path, "", "may not have more than one field specified at a time"))
    return errors
