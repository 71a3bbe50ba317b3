"""Whether a custom object is what its schema says, in the words of upstream.

Counterpart of kube-openapi's `pkg/validation/validate` and of `apiextensions-apiserver/pkg/apiserver/validation/validation.go` (1.33), which
turns its findings into field errors; of `.../ratcheting.go`, which forgives parts that did not change; and of `.../schema/listtype`.

Left out: of several alternatives the first one's findings are told, upstream tells those of the best match; formats that are not in
`_FORMATS` are not checked, as upstream does with those it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from simulator.machinery.cel.patterns import has_match
from simulator.machinery.custom.formats import FORMATS
from simulator.machinery.custom.ratcheting import ABSENT, Correlated, keys_of
from simulator.machinery.json_text import compact
from simulator.machinery.validation.field_errors import (
    FieldError,
    GoText,
    duplicate,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
)

Obj = dict[str, Any]


def validate(value: Any, schema: Obj, old: Any = ABSENT) -> list[FieldError]:
    """Everything in which the value is not what its schema says."""
    return _validate(value, schema, "", Correlated.of(value, old, schema))


def repeated(value: Any, schema: Obj, old: Any = ABSENT) -> list[FieldError]:
    """What is there more than once in lists that are sets or maps: forgiven while anything was before, wherever it is."""
    found = list(_lists(value, schema, ""))
    if found and old is not ABSENT and any(_lists(old, schema, "")):
        return []
    return found


def _validate(value: Any, schema: Obj, path: str, past: Correlated | None) -> list[FieldError]:
    found = _findings(value, schema, path, past)
    return [] if found and past is not None and past.is_unchanged else found


def _findings(value: Any, schema: Obj, path: str, past: Correlated | None) -> list[FieldError]:
    if value is None and schema.get("nullable"):
        return []
    found = _type(value, schema, path)
    found += _alternatives(value, schema, path)
    match value:
        case bool():
            pass
        case str():
            found += _text(value, schema, path)
        case int() | float():
            found += _number(value, schema, path)
        case list():
            found += _array(value, schema, path, past)
    if "enum" in schema and value not in schema["enum"]:
        found.append(not_supported(path, value, [_allowed(one) for one in schema["enum"]]))
    if isinstance(value, dict):
        found += _object(value, schema, path, past)
    return found


def _allowed(value: Any) -> str:
    return value if isinstance(value, str) else compact(value)


def _type(value: Any, schema: Obj, path: str) -> list[FieldError]:
    wanted = schema.get("type", "")
    is_number_or_text = isinstance(value, str | int) and not isinstance(value, bool)
    if schema.get("x-kubernetes-int-or-string"):
        return [] if is_number_or_text else [_wrong_type(path, "integer,string", json_type(value))]
    actual = json_type(value)
    if not wanted or actual == wanted or (wanted, actual) == ("number", "integer"):
        return []
    if wanted == "integer" and isinstance(value, float) and value.is_integer():
        return []
    return [_wrong_type(path, wanted, actual)]


def _wrong_type(path: str, wanted: str, actual: str) -> FieldError:
    says = f'{_in_body(path)} must be of type {wanted}: "{actual}"'
    return FieldError("FieldValueTypeInvalid", path, actual, says)


def json_type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def _in_body(path: str) -> str:
    return f"{path} in body"


# Scalars


def _text(value: str, schema: Obj, path: str) -> list[FieldError]:
    found: list[FieldError] = []
    if len(value) > schema.get("maxLength", len(value)):
        found.append(too_long(path, schema["maxLength"]))
    if len(value) < schema.get("minLength", 0):
        found.append(invalid(path, value, f"{_in_body(path)} should be at least {schema['minLength']} chars long"))
    if schema.get("pattern") and not has_match(schema["pattern"], value):
        found.append(invalid(path, value, f"{_in_body(path)} should match '{schema['pattern']}'"))
    check = FORMATS.get(schema.get("format", ""))
    if check is not None and not check(value):
        says = f'{_in_body(path)} must be of type {schema["format"]}: "{value}"'
        found.append(FieldError("FieldValueTypeInvalid", path, value, says))
    return found


_BOUNDS: tuple[tuple[str, str, str, str, Callable[[float, float], bool]], ...] = (
    ("maximum", "exclusiveMaximum", "less than or equal to", "less than", lambda value, bound: value < bound),
    ("minimum", "exclusiveMinimum", "greater than or equal to", "greater than", lambda value, bound: value > bound),
)
_SIZES = {"int32": 31, "int64": 63}


def _number(value: float, schema: Obj, path: str) -> list[FieldError]:
    found: list[FieldError] = []
    for key, exclusive, says, says_exclusive, is_inside in _BOUNDS:
        if key not in schema or is_inside(value, schema[key]):
            continue
        if value == schema[key] and not schema.get(exclusive):
            continue
        words = says_exclusive if schema.get(exclusive) else says
        found.append(invalid(path, value, f"{_in_body(path)} should be {words} {number_text(schema[key])}"))
    if "multipleOf" in schema and value % schema["multipleOf"]:
        found.append(
            invalid(path, value, f"{_in_body(path)} should be a multiple of {number_text(schema['multipleOf'])}")
        )
    bits = _SIZES.get(schema.get("format", ""))
    if bits is not None and not -(1 << bits) <= value < 1 << bits:
        says = f"Checked value must be of type integer with format {schema['format']} in {path}"
        found.append(invalid(path, value, says))
    return found


def number_text(value: float) -> str:
    """As Go's `%v` prints it."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


# Lists and objects


def _array(value: list[Any], schema: Obj, path: str, past: Correlated | None) -> list[FieldError]:
    found: list[FieldError] = []
    items = schema.get("items")
    if isinstance(items, dict):
        for index, one in enumerate(value):
            found += _validate(one, items, f"{path}[{index}]", past and past.element(index))
    if len(value) < schema.get("minItems", 0):
        says = f"{_in_body(path)} should have at least {schema['minItems']} items"
        found.append(invalid(path, len(value), says))
    if len(value) > schema.get("maxItems", len(value)):
        found.append(too_many(path, len(value), schema["maxItems"]))
    return found


def _object(value: Obj, schema: Obj, path: str, past: Correlated | None) -> list[FieldError]:
    found: list[FieldError] = []
    if len(value) > schema.get("maxProperties", len(value)):
        found.append(too_many(path, len(value), schema["maxProperties"]))
    if len(value) < schema.get("minProperties", 0):
        wanted = schema["minProperties"]
        found.append(invalid(path, wanted, f"{_in_body(path)} should have at least {wanted} properties"))
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for name in schema.get("required") or ():
        if name not in value and (properties.get(name) or {}).get("default") is None:
            found.append(required(_below(path, name)))
    for name in sorted(value):
        inner = properties.get(name, others)
        if isinstance(inner, dict) and not (path == "" and name == "metadata"):
            found += _validate(value[name], inner, _below(path, name), past and past.field(name))
        elif isinstance(inner, dict):
            found += _root_metadata(value[name], inner)
    return found


def _root_metadata(metadata: Any, schema: Obj) -> list[FieldError]:
    """The schema of the root may restrict the name and generateName, nothing else."""
    found: list[FieldError] = []
    for name, inner in sorted((schema.get("properties") or {}).items()):
        if isinstance(metadata, dict) and name in metadata:
            found += _validate(metadata[name], inner, f"metadata.{name}", None)
    return found


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


# Alternatives


def _alternatives(value: Any, schema: Obj, path: str) -> list[FieldError]:
    found: list[FieldError] = []
    if any_of := schema.get("anyOf"):
        tried = [_validate(value, {**one}, path, None) for one in any_of]
        if all(tried):
            found += [_composite(f'"{path}" must validate at least one schema (anyOf)'), *tried[0]]
    if one_of := schema.get("oneOf"):
        tried = [_validate(value, one, path, None) for one in one_of]
        valid = sum(not errors for errors in tried)
        if valid == 0:
            says = f'"{path}" must validate one and only one schema (oneOf). Found none valid'
            found += [_composite(says), *tried[0]]
        elif valid > 1:
            says = f'"{path}" must validate one and only one schema (oneOf). Found {valid} valid alternatives'
            found.append(_composite(says))
    if all_of := schema.get("allOf"):
        tried = [_validate(value, one, path, None) for one in all_of]
        failed = [errors for errors in tried if errors]
        found += [error for errors in failed for error in errors]
        if failed:
            more = ". None validated" if len(failed) == len(tried) else ""
            found.append(_composite(f'"{path}" must validate all the schemas (allOf){more}'))
    if "not" in schema and not _validate(value, schema["not"], path, None):
        found.append(_composite(f'"{path}" must not validate the schema (not)'))
    return found


def _composite(says: str) -> FieldError:
    """A finding without a place of its own: upstream prints the missing path as Go does."""
    return invalid("<nil>", "", says)


# Sets and maps


def _lists(value: Any, schema: Obj, path: str) -> Iterator[FieldError]:
    """`schema/listtype/validation.go: ValidateListSetsAndMaps`."""
    if isinstance(value, list):
        yield from _duplicates(value, schema, path)
        items = schema.get("items")
        if not isinstance(items, dict):
            return
        for index, one in enumerate(value):
            yield from _lists(one, items, f"{path}[{index}]")
    elif isinstance(value, dict):
        properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
        for name in sorted(value):
            if isinstance(inner := properties.get(name), dict):
                yield from _lists(value[name], inner, _below(path, name))
            elif isinstance(others, dict):
                yield from _lists(value[name], others, f"{path}[{name}]")


def _duplicates(value: list[Any], schema: Obj, path: str) -> Iterator[FieldError]:
    """Each value that is there more than once is told of at its second place."""
    kind = schema.get("x-kubernetes-list-type")
    if kind not in ("set", "map"):
        return
    if kind == "map":
        for index, one in enumerate(value):
            if one is not None and not isinstance(one, dict):
                says = "must be an object for an array of list-type map"
                yield invalid(f"{path}[{index}]", GoText(go_syntax(one)), says)
                return
        value = [keys_of(schema, one or {}) for one in value]
    seen: dict[str, int] = {}
    for index, one in enumerate(value):
        mark = compact(one)
        seen[mark] = seen.get(mark, 0) + 1
        if seen[mark] == 2:
            yield duplicate(f"{path}[{index}]", GoText(go_syntax(one)))


def go_syntax(value: Any) -> str:
    """A JSON value as `%#v` prints it."""
    match value:
        case dict():
            inside = ", ".join(f"{go_syntax(key)}:{go_syntax(value[key])}" for key in sorted(value))
            return f"map[string]interface {{}}{{{inside}}}"
        case list():
            return f"[]interface {{}}{{{', '.join(go_syntax(one) for one in value)}}}"
        case None:
            return "interface {}(nil)"
    return compact(value)
