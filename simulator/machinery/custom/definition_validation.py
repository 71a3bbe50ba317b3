"""Which CustomResourceDefinitions are refused, and in which words.

Counterpart of `apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go` and `pkg/apiserver/schema/validation.go` (1.33).
As upstream, what all versions have in common is spoken of as if it stood at the top (`spec.validation.openAPIV3Schema…`).
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import names
from simulator.machinery.custom.definitions import is_true
from simulator.machinery.custom.field_paths import WrongPath, schema_at
from simulator.machinery.custom.structural_validation import validate_structural
from simulator.machinery.custom.validation import go_syntax
from simulator.machinery.jsonpath import JsonPath, JsonPathError
from simulator.machinery.validation.field_errors import (
    FieldError,
    GoText,
    duplicate,
    forbidden,
    immutable,
    invalid,
    not_supported,
    required,
    too_many,
)
from simulator.machinery.validation.webhooks import validate_webhook_service, validate_webhook_url

Obj = dict[str, Any]
_MAX_SELECTABLE = 8
_APPROVED = "api-approved.kubernetes.io"
_COLUMN_TYPES = ("integer", "number", "string", "boolean", "date")
_COLUMN_FORMATS = ("int32", "int64", "float", "double", "byte", "date", "date-time", "password")


def validate_definition(crd: Obj) -> list[FieldError]:
    """Everything wrong with a new definition, beside its metadata."""
    spec = crd["spec"]
    wanted = f"{(spec.get('names') or {}).get('plural', '')}.{spec.get('group', '')}"
    name = crd["metadata"].get("name", "")
    found = [] if name == wanted else [invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')]
    return found + _spec(spec) + _approval(crd)


def validate_definition_update(crd: Obj, old: Obj) -> list[FieldError]:
    spec, before = crd["spec"], old["spec"]
    found = _spec(spec)
    if is_true(old, "Established"):
        found += immutable("spec.scope", spec.get("scope"), before.get("scope"))
        found += immutable("spec.names.kind", spec["names"].get("kind"), before["names"].get("kind"))
    found += immutable("spec.group", spec.get("group"), before.get("group"))
    found += immutable("spec.names.plural", spec["names"].get("plural"), before["names"].get("plural"))
    kept = [version["name"] for version in spec.get("versions") or ()]
    for index, version in enumerate((old.get("status") or {}).get("storedVersions") or ()):
        if version not in kept:
            found.append(invalid(f"status.storedVersions[{index}]", version, "must appear in spec.versions"))
    return found + _approval(crd)


def _approval(crd: Obj) -> list[FieldError]:
    """Groups of the community need a link to where they were approved."""
    group = crd["spec"].get("group", "")
    if not is_protected(group) or (crd["metadata"].get("annotations") or {}).get(_APPROVED):
        return []
    says = (
        f'protected groups must have approval annotation "{_APPROVED}", '
        "see https://github.com/kubernetes/enhancements/pull/1111"
    )
    return [required(f"metadata.annotations[{_APPROVED}]", says)]


def is_protected(group: str) -> bool:
    return group in ("k8s.io", "kubernetes.io") or group.endswith((".k8s.io", ".kubernetes.io"))


def _spec(spec: Obj) -> list[FieldError]:
    found = _group(spec.get("group", "")) + _scope(spec.get("scope", "")) + _versions(spec.get("versions") or [])
    found += _names(spec.get("names") or {})
    if spec.get("preserveUnknownFields"):
        says = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        found.append(invalid("spec.preserveUnknownFields", GoText("true"), says))
    found += _conversion(spec.get("conversion") or {})
    versions = spec.get("versions") or []
    for index, version in enumerate(versions):
        if not (version.get("schema") or {}).get("openAPIV3Schema"):
            found.append(required(f"spec.versions[{index}].schema.openAPIV3Schema", "schemas are required"))
    for part, check in (("schema", _schema), ("additionalPrinterColumns", _columns), ("subresources", _subresources)):
        found += _per_version(versions, part, check)
    for index, version in enumerate(versions):
        found += _selectable(version, f"spec.versions[{index}].selectableFields")
    return found


def _per_version(versions: list[Obj], part: str, check: Any) -> list[FieldError]:
    """What all versions share is judged once, at the top."""
    values = [version.get(part) for version in versions]
    if values and all(value == values[0] for value in values):
        top = "spec.validation" if part == "schema" else f"spec.{part}"
        return list(check(values[0], top)) if values[0] else []
    found: list[FieldError] = []
    for index, value in enumerate(values):
        found += check(value, f"spec.versions[{index}].{part}") if value else []
    return found


def _group(group: str) -> list[FieldError]:
    if not group:
        return [required("spec.group")]
    if says := names.dns_subdomain(group):
        return [invalid("spec.group", group, ",".join(says))]
    return [] if "." in group else [invalid("spec.group", group, "should be a domain with at least one dot")]


def _scope(scope: str) -> list[FieldError]:
    if not scope:
        return [required("spec.scope")]
    return [] if scope in ("Cluster", "Namespaced") else [not_supported("spec.scope", scope, ["Cluster", "Namespaced"])]


def _versions(versions: list[Obj]) -> list[FieldError]:
    found: list[FieldError] = []
    given = [version.get("name", "") for version in versions]
    for index, name in enumerate(given):
        if says := names.dns_1035_label(name):
            found.append(invalid(f"spec.versions[{index}].name", name, ",".join(says)))
    shown = GoText(go_syntax(given))
    if len(dict.fromkeys(given)) < len(given):
        found.append(invalid("spec.versions", shown, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        found.append(invalid("spec.versions", shown, "must have exactly one version marked as storage version"))
    return found


def _names(given: Obj) -> list[FieldError]:
    found = [required(f"spec.names.{key}") for key in ("plural", "singular", "kind", "listKind") if not given.get(key)]
    for key in ("plural", "singular"):
        if given.get(key) and (says := names.dns_1035_label(given[key])):
            found.append(invalid(f"spec.names.{key}", given[key], ",".join(says)))
    for key in ("kind", "listKind"):
        if given.get(key) and (says := names.dns_1035_label(given[key].lower())):
            why = "may have mixed case, but should otherwise match: " + ",".join(says)
            found.append(invalid(f"spec.names.{key}", given[key], why))
    for key in ("shortNames", "categories"):
        for index, name in enumerate(given.get(key) or ()):
            if says := names.dns_1035_label(name):
                found.append(invalid(f"spec.names.{key}[{index}]", name, ",".join(says)))
    if given.get("kind") and given.get("kind") == given.get("listKind"):
        found.append(invalid("spec.names.listKind", given["listKind"], "kind and listKind may not be the same"))
    return found


_REVIEWS = ("v1", "v1beta1")
_CLIENT, _REVIEW_VERSIONS = "spec.conversion.webhookClientConfig", "spec.conversion.conversionReviewVersions"


def _conversion(conversion: Obj) -> list[FieldError]:
    """As it was before v1: `webhookClientConfig` beside the strategy."""
    strategy, webhook = conversion.get("strategy", ""), conversion.get("webhook") or {}
    client, versions = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    found: list[FieldError] = []
    if not strategy:
        found.append(required("spec.conversion.strategy"))
    elif strategy not in ("None", "Webhook"):
        found.append(not_supported("spec.conversion.strategy", strategy, ["None", "Webhook"]))
    if strategy == "Webhook":
        return found + _client(client) + _reviews(versions)
    says = "should not be set when strategy is not set to Webhook"
    if client is not None:
        found.append(forbidden(_CLIENT, says))
    return found + ([forbidden(_REVIEW_VERSIONS, says)] if versions else [])


def _client(client: Obj | None) -> list[FieldError]:
    if client is None:
        return [required(_CLIENT, "required when strategy is set to Webhook")]
    url, service = client.get("url"), client.get("service")
    if (url is None) == (service is None):
        return [required(_CLIENT, "exactly one of url or service is required")]
    if service is not None:
        return validate_webhook_service(service, f"{_CLIENT}.service")
    return validate_webhook_url(str(url), f"{_CLIENT}.url")


def _reviews(versions: list[str]) -> list[FieldError]:
    if not versions:
        return [required(_REVIEW_VERSIONS)]
    found: list[FieldError] = []
    for index, version in enumerate(versions):
        here = f"{_REVIEW_VERSIONS}[{index}]"
        if version in versions[:index]:
            found.append(invalid(here, version, "duplicate version"))
            continue
        found += [invalid(here, version, says) for says in names.dns_1035_label(version)]
    if not set(_REVIEWS) & set(versions):
        found.append(invalid(_REVIEW_VERSIONS, versions, f"must include at least one of {', '.join(_REVIEWS)}"))
    return found


def _schema(validation: Obj, path: str) -> list[FieldError]:
    schema = validation.get("openAPIV3Schema")
    return validate_structural(schema, f"{path}.openAPIV3Schema") if schema else []


def _columns(columns: list[Obj], path: str) -> list[FieldError]:
    found: list[FieldError] = []
    for index, column in enumerate(columns):
        here = f"{path}[{index}]"
        if not column.get("name"):
            found.append(required(f"{here}.name"))
        kind, form = column.get("type", ""), column.get("format", "")
        if not kind:
            says = f"must be one of {','.join(sorted(_COLUMN_TYPES))}"
            found.append(required(f"{here}.type", says))
        elif kind not in _COLUMN_TYPES:
            says = f"must be one of {','.join(sorted(_COLUMN_TYPES))}"
            found.append(invalid(f"{here}.type", kind, says))
        if form and form not in _COLUMN_FORMATS:
            found.append(invalid(f"{here}.format", form, f"must be one of {','.join(sorted(_COLUMN_FORMATS))}"))
        found += _column_path(column.get("jsonPath", ""), f"{here}.JSONPath")
    return found


def _column_path(path: str, where: str) -> list[FieldError]:
    if not path:
        return [required(where)]
    if not path.startswith("."):
        return [invalid(where, path, "must be a simple json path starting with .")]
    try:
        JsonPath("{" + path + "}")
    except JsonPathError as error:
        return [invalid(where, path, f"is an invalid jsonpath: {error}")]
    return []


def _subresources(given: Obj, path: str) -> list[FieldError]:
    scale = given.get("scale")
    if scale is None:
        return []
    here = f"{path}.scale"
    found = _scale_path(scale.get("specReplicasPath", ""), f"{here}.specReplicasPath", ".spec")
    found += _scale_path(scale.get("statusReplicasPath", ""), f"{here}.statusReplicasPath", ".status")
    if selector := scale.get("labelSelectorPath"):
        found += _scale_path(selector, f"{here}.labelSelectorPath", ".spec", ".status")
    return found


def _scale_path(path: str, where: str, *roots: str) -> list[FieldError]:
    if not path:
        return [required(where)]
    if not path.startswith("."):
        return [invalid(where, path, "must be a simple json path starting with .")]
    if any(path.startswith(f"{root}.") for root in roots):
        return []
    says = f"either {' or '.join(roots)}" if len(roots) > 1 else roots[0]
    return [invalid(where, path, f"should be a json path under {says}")]


def _selectable(version: Obj, path: str) -> list[FieldError]:
    """`spec.versions[*].selectableFields`: fields of a plain type, each once, none of metadata."""
    found: list[FieldError] = []
    schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    seen: dict[str, None] = {}
    for index, field in enumerate(version.get("selectableFields") or ()):
        given = field.get("jsonPath", "")
        here = f"{path}[{index}].jsonPath"
        if not given:
            found.append(required(here))
            continue
        try:
            node = schema_at(given, schema, with_brackets=False)
        except WrongPath as error:
            found.append(invalid(here, given, f"is an invalid path: {error}"))
            continue
        if given.split(".")[1] == "metadata":
            found.append(invalid(here, given, "must not point to fields in metadata"))
        if node.get("type") not in ("string", "integer", "boolean"):
            says = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."
            found.append(invalid(here, given, says))
        if given in seen:
            found.append(duplicate(here, given))
        seen[given] = None
    if len(seen) > _MAX_SELECTABLE:
        found.append(too_many(path, len(seen), _MAX_SELECTABLE))
    return found
