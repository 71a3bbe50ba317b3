"""The schema of a custom kind as clients see it: in OpenAPI documents, in `kubectl explain` and in the editor.

Counterpart of `apiextensions-apiserver/pkg/controller/openapi/builder/builder.go` (1.33): what the definition says, with the three fields
that every object has.
"""

from __future__ import annotations

from typing import Any

from simulator.machinery.custom.definitions import Version
from simulator.machinery.kinds import Kinds
from simulator.machinery.schemas import Schema, definition, schema_for

Obj = dict[str, Any]
_EXPLAINED = "io.k8s.api.core.v1.Pod"
_METADATA = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def custom_schema(version: Version) -> Obj:
    """The whole kind; `metadata` is left to the caller, whose references differ."""
    told = definition(_EXPLAINED).properties
    common = {name: {"type": "string", "description": told[name].description} for name in ("apiVersion", "kind")}
    properties = version.schema.get("properties") or {}
    return {**version.schema, "properties": {**properties, **common}}


def schema_of(kinds: Kinds, api_version: str, kind: str) -> Schema | None:
    """The schema of a kind, built-in or custom; None for one that this cluster does not serve."""
    known = schema_for(api_version, kind)
    if known is not None:
        return known
    resource = kinds.by_kind(api_version, kind)
    version = None if resource is None else kinds.version(resource)
    if version is None:
        return None
    key = f"schema/{api_version}/{kind}"
    if key not in kinds.memo:
        kinds.memo[key] = Schema(_readable(custom_schema(version)))
    found: Schema = kinds.memo[key]
    return found


def _readable(whole: Obj) -> Obj:
    metadata = {
        "$ref": f"#/$defs/{_METADATA}",
        "description": definition(_EXPLAINED).properties["metadata"].description,
    }
    return {**whole, "properties": {**whole["properties"], "metadata": metadata}}
