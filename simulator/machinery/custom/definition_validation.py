"""Which CustomResourceDefinitions are refused, and in which words.

Counterpart of `apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go` (1.33).
As upstream, what all versions have in common is spoken of as if it stood at the top (`spec.validation.openAPIV3Schema…`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from simulator.machinery import names
from simulator.machinery.custom.definition_demands import REVIEWS, Demands, everywhere, schema_of
from simulator.machinery.custom.version_validation import (
    validate_columns,
    validate_schema,
    validate_selectable,
    validate_subresources,
    wrong_warning,
)
from simulator.machinery.validation.field_errors import (
    FieldError,
    forbidden,
    go_slice,
    go_struct,
    invalid,
    not_supported,
    required,
)
from simulator.machinery.validation.webhooks import validate_webhook_service, validate_webhook_url

Obj = dict[str, Any]
_APPROVED = "api-approved.kubernetes.io"
_EXTENSIONS = (
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-validations",
)


def validate_definition(crd: Obj) -> list[FieldError]:
    """Everything wrong with a new definition, beside its metadata."""
    spec = crd["spec"]
    wanted = f"{(spec.get('names') or {}).get('plural', '')}.{spec.get('group', '')}"
    name = crd["metadata"].get("name", "")
    found = [] if name == wanted else [invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')]
    versions = spec.get("versions") or []
    stored = [version["name"] for version in versions if version.get("storage")][:1]
    return (
        found + problems_of_spec(spec, Demands()) + validate_stored(stored or None, versions) + validate_approval(crd)
    )


def validate_stored(stored: list[str] | None, versions: list[Obj]) -> list[FieldError]:
    """`status.storedVersions`: what may still lie in etcd has to have a schema."""
    path = "status.storedVersions"
    if not stored:
        return [invalid(path, go_slice("string", stored), "must have at least one stored version")]
    found = [
        invalid(path, stored, f"must have the storage version {version['name']}")
        for version in versions
        if version.get("storage") and version["name"] not in stored
    ]
    kept = [version["name"] for version in versions]
    for index, name in enumerate(stored):
        if name not in kept:
            says = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until "
                f"a storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions"
            )
            found.append(invalid(f"{path}[{index}]", name, says))
    return found


def validate_approval(crd: Obj) -> list[FieldError]:
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


def problems_of_spec(spec: Obj, demands: Demands, *, kept_unknown: bool = False) -> list[FieldError]:
    """`kept_unknown`: the old definition keeps fields that nobody knows, which is how v1beta1 began."""
    found = _group(spec.get("group", "")) + _scope(spec.get("scope", ""))
    versions, keeps_unknown = spec.get("versions") or [], bool(spec.get("preserveUnknownFields"))
    found += _schemas_there(versions, demands, keeps_unknown)
    if keeps_unknown and any("default" in place for place in _everywhere(versions)):
        says = "must be false in order to use defaults in the schema"
        found.append(invalid("spec.preserveUnknownFields", True, says))
    if not keeps_unknown or any(_needs_structure(place) for place in _everywhere(versions)):
        demands = replace(demands, structure=True)
    found += _versions(versions, demands)
    found += _names(spec.get("names") or {}) + _in_common(versions, demands)
    strategy = (spec.get("conversion") or {}).get("strategy")
    if keeps_unknown and strategy not in (None, "None"):
        found.append(
            invalid("spec.conversion.strategy", strategy, "must be None if spec.preserveUnknownFields is true")
        )
    found += _conversion(spec.get("conversion") or {}, demands)
    if keeps_unknown and not kept_unknown:
        says = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        found.append(invalid("spec.preserveUnknownFields", True, says))
    return found


def _everywhere(versions: list[Obj]) -> Iterator[Obj]:
    for version in versions:
        if schema := schema_of(version):
            yield from everywhere(schema)


def _needs_structure(place: Obj) -> bool:
    """Whether the schema has a default, or an extension of Kubernetes."""
    return any(place.get(key) not in (None, False, []) for key in ("default", *_EXTENSIONS)) or (
        "x-kubernetes-preserve-unknown-fields" in place
    )


def _schemas_there(versions: list[Obj], demands: Demands, keeps_unknown: bool) -> list[FieldError]:
    if not demands.schemas and keeps_unknown:
        return []
    says = "schemas are required" if demands.schemas else "because otherwise all fields are pruned"
    return [
        required(f"spec.versions[{index}].schema.openAPIV3Schema", says)
        for index, version in enumerate(versions)
        if not schema_of(version) and (demands.schemas or version.get("served"))
    ]


#: What all versions have in common is spoken of as if it stood at the top.
_TOPS = {
    "schema": "spec.validation",
    "subresources": "spec.subresources",
    "additionalPrinterColumns": "spec.additionalPrinterColumns",
    "selectableFields": "spec.selectableFields",
}


def _is_common(versions: list[Obj], part: str) -> bool:
    """Versions that say the same say it once (`Convert_v1_CustomResourceDefinitionSpec_To_apiextensions`)."""
    return all(version.get(part) == versions[0].get(part) for version in versions)


def _in_common(versions: list[Obj], demands: Demands) -> list[FieldError]:
    found: list[FieldError] = []
    for part, top in _TOPS.items():
        if versions and _is_common(versions, part):
            found += _part(part, versions[0], top, demands, any(map(_has_status, versions)))
    return found


def _of_one_version(version: Obj, versions: list[Obj], here: str, demands: Demands) -> list[FieldError]:
    found: list[FieldError] = []
    for says in wrong_warning(bool(version.get("deprecated")), version.get("deprecationWarning")):
        found.append(invalid(f"{here}.deprecationWarning", version["deprecationWarning"], says))
    for part in _TOPS:
        if not _is_common(versions, part):
            found += _part(part, version, f"{here}.{part}", demands, _has_status(version))
    return found


def _part(part: str, version: Obj, path: str, demands: Demands, has_status: bool) -> list[FieldError]:
    if part == "selectableFields":
        return validate_selectable(version, path)
    if not version.get(part):
        return []
    if part == "schema":
        is_as_it_was = version.get("name") in demands.unchanged
        return validate_schema(version[part], path, demands, has_status=has_status, are_cheap=not is_as_it_was)
    return (
        validate_subresources(version[part], path) if part == "subresources" else validate_columns(version[part], path)
    )


def _has_status(version: Obj) -> bool:
    return (version.get("subresources") or {}).get("status") is not None


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


def _versions(versions: list[Obj], demands: Demands) -> list[FieldError]:
    found: list[FieldError] = []
    given = [version.get("name", "") for version in versions]
    for index, name in enumerate(given):
        if says := names.dns_1035_label(name):
            found.append(invalid(f"spec.versions[{index}].name", name, ",".join(says)))
        found += _of_one_version(versions[index], versions, f"spec.versions[{index}]", demands)
    shown = go_struct("[]apiextensions.CustomResourceDefinitionVersion")
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
    found += _labels(given, "shortNames")
    if given.get("kind") and given.get("kind") == given.get("listKind"):
        found.append(invalid("spec.names.listKind", given["listKind"], "kind and listKind may not be the same"))
    return found + _labels(given, "categories")


def _labels(given: Obj, key: str) -> list[FieldError]:
    return [
        invalid(f"spec.names.{key}[{index}]", name, ",".join(says))
        for index, name in enumerate(given.get(key) or ())
        if (says := names.dns_1035_label(name))
    ]


_CLIENT, _REVIEW_VERSIONS = "spec.conversion.webhookClientConfig", "spec.conversion.conversionReviewVersions"


def _conversion(conversion: Obj, demands: Demands) -> list[FieldError]:
    """As it was before v1: `webhookClientConfig` beside the strategy."""
    strategy, webhook = conversion.get("strategy", ""), conversion.get("webhook") or {}
    client, versions = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    found: list[FieldError] = []
    if not strategy:
        found.append(required("spec.conversion.strategy"))
    elif strategy not in ("None", "Webhook"):
        found.append(not_supported("spec.conversion.strategy", strategy, ["None", "Webhook"]))
    if strategy == "Webhook":
        return found + _client(client) + _reviews(versions, demands)
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


def _reviews(versions: list[str], demands: Demands) -> list[FieldError]:
    if not versions:
        return [required(_REVIEW_VERSIONS)]
    found: list[FieldError] = []
    for index, version in enumerate(versions):
        here = f"{_REVIEW_VERSIONS}[{index}]"
        if version in versions[:index]:
            found.append(invalid(here, version, "duplicate version"))
            continue
        found += [invalid(here, version, says) for says in names.dns_1035_label(version)]
    if demands.review_versions and not set(REVIEWS) & set(versions):
        found.append(invalid(_REVIEW_VERSIONS, versions, f"must include at least one of {', '.join(REVIEWS)}"))
    return found
