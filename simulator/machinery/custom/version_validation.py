"""What one version of a definition may say: its schema, printer columns, subresources, selectable fields and warning.

Counterpart of `validateCustomResourceDefinitionVersion` and what it calls in
`apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go` (1.33).
"""

from __future__ import annotations

from typing import Any

from simulator.machinery.custom.definition_demands import Demands
from simulator.machinery.custom.field_paths import WrongPath, schema_at
from simulator.machinery.custom.openapi_validation import validate_openapi
from simulator.machinery.custom.rule_validation import expressions_of
from simulator.machinery.custom.schema_defaults import validate_defaults
from simulator.machinery.custom.structural_validation import validate_structural, why_not_convertible
from simulator.machinery.jsonpath import JsonPath, JsonPathError
from simulator.machinery.validation.field_errors import (
    FieldError,
    duplicate,
    forbidden,
    go_struct,
    invalid,
    required,
    too_many,
)

Obj = dict[str, Any]
_MAX_SELECTABLE = 8
_LONGEST_WARNING = 256
#: What may stand at the root of a schema beside a status subresource, and what Go calls it (`allowedFieldsAtRootSchema`).
_AT_ROOT = {
    "description": "Description",
    "type": "Type",
    "format": "Format",
    "title": "Title",
    "maximum": "Maximum",
    "exclusiveMaximum": "ExclusiveMaximum",
    "minimum": "Minimum",
    "exclusiveMinimum": "ExclusiveMinimum",
    "maxLength": "MaxLength",
    "minLength": "MinLength",
    "pattern": "Pattern",
    "maxItems": "MaxItems",
    "minItems": "MinItems",
    "uniqueItems": "UniqueItems",
    "multipleOf": "MultipleOf",
    "required": "Required",
    "items": "Items",
    "properties": "Properties",
    "externalDocs": "ExternalDocs",
    "example": "Example",
    "x-kubernetes-preserve-unknown-fields": "XPreserveUnknownFields",
    "x-kubernetes-validations": "XValidations",
}
_COLUMN_TYPES = ("integer", "number", "string", "boolean", "date")
_COLUMN_FORMATS = ("int32", "int64", "float", "double", "byte", "date", "date-time", "password")


def validate_schema(
    validation: Obj, path: str, demands: Demands, *, has_status: bool = False, are_cheap: bool = True
) -> list[FieldError]:
    """`validateCustomResourceDefinitionValidation`: the schema of a version, or of all."""
    schema = validation.get("openAPIV3Schema")
    if not isinstance(schema, dict):
        return []
    here = f"{path}.openAPIV3Schema"
    found = _root_with_status(schema, here) if has_status else []
    if schema.get("nullable"):
        found.append(forbidden(f"{here}.nullable", "nullable cannot be true at the root"))
    why, is_sound = "", False
    if demands.structure and not (why := why_not_convertible(schema)):
        wrong = validate_structural(schema, here)
        wrong = wrong or validate_defaults(schema, here, must_be_pruned=demands.pruned_defaults)
        found += wrong
        is_sound = not wrong
    form, clean = validate_openapi(schema, here, demands)
    found += form
    if is_sound:
        found += expressions_of(schema, here, clean, are_cheap=are_cheap)
    return found or ([invalid(here, "", why)] if why else [])


def _root_with_status(schema: Obj, path: str) -> list[FieldError]:
    """The status is cut out of the schema, so that nothing but its own part may speak of it."""
    if schema.get("type") and schema["type"] != "object":
        says = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
        return [invalid(f"{path}.type", schema["type"], says)]
    if all(_is_zero(value) or key in _AT_ROOT for key, value in schema.items()):
        return []
    says = f"only [{' '.join(_AT_ROOT.values())}] fields are allowed at the root of the schema if the status subresource is enabled"
    return [invalid(path, go_struct("apiextensions.JSONSchemaProps"), says)]


def _is_zero(value: Any) -> bool:
    return value in (None, False, "", 0, [], {})


def validate_columns(columns: list[Obj], path: str) -> list[FieldError]:
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


def validate_subresources(given: Obj, path: str) -> list[FieldError]:
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


def validate_selectable(version: Obj, path: str) -> list[FieldError]:
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


def wrong_warning(is_deprecated: bool, warning: str | None) -> list[str]:
    """`validateDeprecationWarning`."""
    if warning is None:
        return []
    if not is_deprecated:
        return ["can only be set for deprecated versions"]
    found = ["must be <= 256 characters long"] if len(warning.encode()) > _LONGEST_WARNING else []
    if not warning:
        found.append("must not be an empty string")
    for index, sign in enumerate(warning):
        if not sign.isprintable():
            at = len(warning[:index].encode())
            says = f"must only contain printable UTF-8 characters; non-printable character found at index {at}"
            return [*found, says]
    return found
