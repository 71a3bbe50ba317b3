"""What is demanded of a definition: everything of a new one; of a changed one nothing in which the old one was already wrong.

Counterpart of `validationOptions` in `apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go` (1.33); what is asked of the old
definition is in `definition_changes.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Obj = dict[str, Any]

#: Versions of ConversionReview that an API server speaks.
REVIEWS = ("v1", "v1beta1")


@dataclass(frozen=True, slots=True)
class Demands:
    """`requireX` of upstream, each true for a new definition."""

    review_versions: bool = True
    schemas: bool = True
    types: bool = True
    structure: bool = True
    pruned_defaults: bool = True
    atomic_sets: bool = True
    map_keys: bool = True
    unchanged: frozenset[str] = frozenset()
    """Versions whose schemas are as they were: one of their expressions may cost what it costs."""


def schema_of(version: Obj) -> Obj | None:
    found: Obj | None = (version.get("schema") or {}).get("openAPIV3Schema")
    return found


def everywhere(schema: Obj) -> Iterator[Obj]:
    """The schema and every one in it (`SchemaHas`)."""
    yield schema
    for key in ("not", "additionalProperties", "items", "additionalItems"):
        if isinstance(schema.get(key), dict):
            yield from everywhere(schema[key])
    for key in ("allOf", "anyOf", "oneOf"):
        for inner in schema.get(key) or ():
            yield from everywhere(inner)
    for key in ("properties", "patternProperties", "definitions"):
        for inner in (schema.get(key) or {}).values():
            yield from everywhere(inner)
