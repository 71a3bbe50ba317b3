"""Changed definitions: what cannot change, and what is forgiven because it was so before.

Counterpart of `ValidateCustomResourceDefinitionUpdate` in `apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go` (1.33).
"""

from __future__ import annotations

from typing import Any

from simulator.machinery.custom.definition_demands import REVIEWS, Demands, everywhere, schema_of
from simulator.machinery.custom.definition_validation import problems_of_spec, validate_approval, validate_stored
from simulator.machinery.custom.definitions import is_true
from simulator.machinery.custom.openapi_validation import TYPES, is_unfit_for_a_set, nullable_or_optional
from simulator.machinery.custom.schema_defaults import has_unpruned_defaults
from simulator.machinery.custom.structural_validation import validate_structural, why_not_convertible
from simulator.machinery.validation.field_errors import FieldError, immutable

Obj = dict[str, Any]


def validate_definition_update(crd: Obj, old: Obj) -> list[FieldError]:
    spec, before = crd["spec"], old["spec"]
    found = problems_of_spec(
        spec, demands_of_a_change(crd, old), kept_unknown=bool(before.get("preserveUnknownFields"))
    )
    if is_true(old, "Established"):
        found += immutable("spec.scope", spec.get("scope"), before.get("scope"))
        found += immutable("spec.names.kind", spec["names"].get("kind"), before["names"].get("kind"))
    found += immutable("spec.group", spec.get("group"), before.get("group"))
    found += immutable("spec.names.plural", spec["names"].get("plural"), before["names"].get("plural"))
    stored = (old.get("status") or {}).get("storedVersions") or []
    added = [one["name"] for one in spec.get("versions") or () if one.get("storage") and one["name"] not in stored]
    return found + validate_stored([*stored, *added[:1]], spec.get("versions") or []) + validate_approval(crd)


def demands_of_a_change(crd: Obj, old: Obj) -> Demands:
    schemas = {version["name"]: schema_of(version) for version in old["spec"].get("versions") or ()}
    given = [schema for schema in schemas.values() if schema]
    places = [place for schema in given for place in everywhere(schema)]
    reviews = ((old["spec"].get("conversion") or {}).get("webhook") or {}).get("conversionReviewVersions")
    return Demands(
        review_versions=not reviews or bool(set(REVIEWS) & set(reviews)),
        schemas=all(schemas.values()),
        types=all(place.get("type", "") in ("", *TYPES) for place in places),
        structure=all(map(_is_structural, given)),
        pruned_defaults=not any(_is_structural(schema) and has_unpruned_defaults(schema) for schema in given),
        atomic_sets=not any(map(is_unfit_for_a_set, places)),
        map_keys=not any(any(nullable_or_optional(place, "")) for place in places),
        unchanged=frozenset(
            version["name"]
            for version in crd["spec"].get("versions") or ()
            if version.get("name") in schemas and schema_of(version) == schemas[version["name"]]
        ),
    )


def _is_structural(schema: Obj) -> bool:
    return not why_not_convertible(schema) and not validate_structural(schema, "")
