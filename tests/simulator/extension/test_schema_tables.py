"""Schemas of custom resources, case by case as apiextensions-apiserver's own tables have them: what is refused, pruned and filled in."""

import copy
from typing import Any

import pytest

from simulator.machinery.custom import rules
from simulator.machinery.custom.columns import custom_table
from simulator.machinery.custom.ratcheting import ABSENT
from simulator.machinery.custom.structural import defaulted, pruned
from simulator.machinery.custom.validation import repeated, validate
from tests.proof.follows import follows

Obj = dict[str, Any]
RULES = "x-kubernetes-validations"
UPSTREAM = "staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/"
OBJECT: Obj = {"type": "object"}


def one_field(**schema: Any) -> Obj:
    return {"type": "object", "properties": {"field": schema}}


def findings(schema: Obj, obj: Any, old: Any = ABSENT) -> list[str]:
    found = [*validate(obj, schema, old), *rules.judged(obj, schema, old)]
    return sorted(str(error) for error in found)


def of_type(actual: str, wanted: str) -> str:
    return f'field: Invalid value: "{actual}": field in body must be of type {wanted}: "{actual}"'


NO_OBJECTS = [("foo", "string"), (42, "integer"), (True, "boolean"), (1.2, "number"), ([], "array")]
INT_OR_STRING = "x-kubernetes-int-or-string"
NO_SCALARS = [(True, "boolean"), (1.2, "number"), ({}, "object"), ([], "array")]
BOTH = [{"type": "integer"}, {"type": "string"}]
ANY = '<nil>: Invalid value: "": "field" must validate at least one schema (anyOf)'
ALL = '<nil>: Invalid value: "": "field" must validate all the schemas (allOf). None validated'
ANYTHING: list[Any] = [{}, None, "foo", 42, True, 1.2, []]


@follows("Custom resources", UPSTREAM + "validation/validation_test.go: TestValidateCustomResource")
@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        pytest.param(
            {"type": "object", "nullable": False},
            [{}],
            [(value, [of_type(kind, "object")]) for value, kind in [*NO_OBJECTS, (None, "null")]],
            id="!nullable",
        ),
        pytest.param(
            {"type": "object", "nullable": True},
            [{}, None],
            [(value, [of_type(kind, "object")]) for value, kind in NO_OBJECTS],
            id="nullable",
        ),
        pytest.param({"nullable": True}, ANYTHING, [], id="nullable and no type"),
        pytest.param(
            {INT_OR_STRING: True},
            [42, "foo"],
            [(value, [of_type(kind, "integer,string")]) for value, kind in [*NO_SCALARS, (None, "null")]],
            id="x-kubernetes-int-or-string",
        ),
        pytest.param(
            {INT_OR_STRING: True, "nullable": True},
            [42, "foo", None],
            [(value, [of_type(kind, "integer,string")]) for value, kind in NO_SCALARS],
            id="nullable and x-kubernetes-int-or-string",
        ),
        pytest.param(
            {INT_OR_STRING: True, "nullable": True, "anyOf": BOTH},
            [42, "foo", None],
            [(value, [ANY, of_type(kind, "integer,string"), of_type(kind, "integer")]) for value, kind in NO_SCALARS],
            id="nullable, x-kubernetes-int-or-string and user-provided anyOf",
        ),
        pytest.param(
            {INT_OR_STRING: True, "nullable": True, "allOf": [{"anyOf": BOTH}]},
            [42, "foo", None],
            [
                (value, [ALL, ANY, of_type(kind, "integer,string"), of_type(kind, "integer")])
                for value, kind in NO_SCALARS
            ],
            id="nullable, x-kubernetes-int-or-string and user-provided allOf",
        ),
        pytest.param(
            {"type": "object", "required": ["nested"], "properties": {"nested": {}}},
            [{"nested": 1}],
            [({}, ["field.nested: Required value"])],
            id="required field",
        ),
        pytest.param(
            {
                "type": "object",
                "required": ["nestedint", "nestedstring"],
                "properties": {
                    "nestedint": {"type": "integer", "enum": [1, 2]},
                    "nestedstring": {"type": "string", "enum": ["a", "b"]},
                },
            },
            [{"nestedint": 2, "nestedstring": "a"}],
            [
                ({}, ["field.nestedint: Required value", "field.nestedstring: Required value"]),
                (
                    {"nestedint": "x", "nestedstring": True},
                    [
                        'field.nestedint: Invalid value: "string": field.nestedint in body must be of type integer: "string"',
                        'field.nestedint: Unsupported value: "x": supported values: "1", "2"',
                        'field.nestedstring: Invalid value: "boolean": field.nestedstring in body must be of type string: '
                        '"boolean"',
                        'field.nestedstring: Unsupported value: true: supported values: "a", "b"',
                    ],
                ),
            ],
            id="enum",
        ),
        pytest.param(
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"x": {"type": "string", RULES: [{"rule": "self == 'x'"}]}},
                },
            },
            [[{"x": "x"}]],
            [([{"x": "y"}], ["field[0].x: Invalid value: \"string\": failed rule: self == 'x'"])],
            id="validation rule under non-correlatable field",
        ),
        pytest.param(
            {"type": "object", "maxProperties": 2, "x-kubernetes-preserve-unknown-fields": True},
            [{"a": True, "b": True}],
            [({"a": True, "b": True, "c": True}, ["field: Too many: 3: must have at most 2 items"])],
            id="maxProperties",
        ),
        pytest.param(
            {"type": "array", "maxItems": 2, "items": {"type": "string"}},
            [["a", "b"]],
            [(["a", "b", "c"], ["field: Too many: 3: must have at most 2 items"])],
            id="maxItems",
        ),
        pytest.param(
            {"type": "string", "maxLength": 2},
            ["ab"],
            [("abc", ["field: Too long: may not be more than 2 bytes"])],
            id="maxLength",
        ),
    ],
)
def test_what_a_schema_refuses(schema: Obj, good: list[Any], bad: list[tuple[Any, list[str]]]) -> None:
    whole = one_field(**schema)
    assert findings(whole, {}) == []
    for value in good:
        assert findings(whole, {"field": value}) == []
    for value, says in bad:
        assert findings(whole, {"field": value}) == sorted(says)


MAP_OF_RULES = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["k1", "k2"],
    "items": {
        "type": "object",
        "properties": {
            "k1": {"type": "string"},
            "k2": {"type": "string"},
            "v1": {"type": "number", RULES: [{"rule": "self >= oldSelf"}]},
        },
    },
}


@follows("Custom resources", UPSTREAM + "validation/validation_test.go: TestValidateCustomResource")
@pytest.mark.parametrize(
    ("schema", "old", "good", "bad", "says"),
    [
        pytest.param(
            {"type": "string", RULES: [{"rule": "self == oldSelf"}]},
            "x",
            "x",
            "y",
            'field: Invalid value: "string": failed rule: self == oldSelf',
            id="immutability transition rule",
        ),
        pytest.param(
            MAP_OF_RULES,
            [{"k1": "a", "k2": "b", "v1": 1.0}],
            [{"k1": "a", "k2": "b", "v1": 1.2}],
            [{"k1": "a", "k2": "b", "v1": 0.9}],
            'field[0].v1: Invalid value: "number": failed rule: self >= oldSelf',
            id="correlatable transition rule",
        ),
    ],
)
def test_rules_about_a_change(schema: Obj, old: Any, good: Any, bad: Any, says: str) -> None:
    whole = one_field(**schema)
    assert findings(whole, {"field": good}, {"field": old}) == []
    assert findings(whole, {"field": bad}, {"field": old}) == [says]


# Sets and maps


def listed(kind: str, items: Obj | None = None, *keys: str) -> Obj:
    schema: Obj = {"type": "array", "x-kubernetes-list-type": kind}
    if items:
        schema["items"] = items
    if keys:
        schema["x-kubernetes-list-map-keys"] = list(keys)
    return schema


TEXT, ANY_TEXT = {"type": "string"}, {"type": "string", "nullable": True}
TEXTS = {"type": "object", "additionalProperties": ANY_TEXT}
SET = listed("set", TEXT)
PAIRS = [{"a": "b"}, {"a": "c"}, {"a": "b"}, {"a": "c"}, {"a": "c"}]


def lists_only(schema: Obj, value: Any) -> list[str]:
    found = repeated({"array": value}, {"type": "object", "properties": {"array": schema}})
    return [str(error) for error in found if error.type == "FieldValueDuplicate" or "list-type" in error.detail]


@follows("Custom resources", UPSTREAM + "schema/listtype/validation_test.go: TestValidateListSetsAndMaps")
@pytest.mark.parametrize(
    ("schema", "value", "says"),
    [
        pytest.param({"type": "array", "items": TEXT}, ["a", "b", "a"], [], id="normal list with items"),
        pytest.param(listed("set"), ["a"], [], id="set list with one item"),
        pytest.param(listed("set"), ["a", "a"], ['[1]: Duplicate value: "a"'], id="set list with two equal items"),
        pytest.param(listed("set"), ["a", "b"], [], id="set list with two different items"),
        pytest.param(
            listed("set"),
            ["a", "a", "b", "c", "d", "c"],
            ['[1]: Duplicate value: "a"', '[5]: Duplicate value: "c"'],
            id="set list with multiple duplicated items",
        ),
        pytest.param(SET, ["a", "b", "a"], ['[2]: Duplicate value: "a"'], id="set list with items"),
        pytest.param(
            {"type": "array", "items": SET},
            [["a", "b", "a"], ["b", "b", "a"]],
            ['[0][2]: Duplicate value: "a"', '[1][1]: Duplicate value: "b"'],
            id="set list with items under items",
        ),
        pytest.param(
            listed("set", listed("set")),
            ["a", "b", "a", ["b", "b", "a"]],
            ['[2]: Duplicate value: "a"', '[3][1]: Duplicate value: "b"'],
            id="nested set lists",
        ),
        pytest.param(listed("set", {"type": "integer"}), [1, 2, 1], ["[2]: Duplicate value: 1"], id="integers"),
        pytest.param(
            listed("set", {"type": "boolean"}), [False, True, True], ["[2]: Duplicate value: true"], id="booleans"
        ),
        pytest.param(listed("set", {"type": "number"}), [1.5, 2.5, 2.5], ["[2]: Duplicate value: 2.5"], id="float64"),
        pytest.param(listed("set", ANY_TEXT), ["a", None, None], ["[2]: Duplicate value: interface {}(nil)"], id="nil"),
        pytest.param(
            listed("set", TEXTS),
            [{"a": "b"}, {}, {}],
            ["[2]: Duplicate value: map[string]interface {}{}"],
            id="empty maps",
        ),
        pytest.param(
            listed("set", TEXTS),
            [{"a": "b"}, {"a": "c"}, {"a": "b"}],
            ['[2]: Duplicate value: map[string]interface {}{"a":"b"}'],
            id="map values",
        ),
        pytest.param(listed("set", TEXTS), [{"a": None}, {"b": "c", "a": None}], [], id="nil values"),
        pytest.param(
            listed("set", {"type": "array", "items": TEXT}),
            [[], ["a"], ["b"], ["a"]],
            ['[3]: Duplicate value: []interface {}{"a"}'],
            id="array",
        ),
        pytest.param(
            listed("set", {"type": "array", "items": ANY_TEXT}),
            [[], [None], [None, None], [None], ["a"]],
            ["[3]: Duplicate value: []interface {}{interface {}(nil)}"],
            id="nil array",
        ),
        pytest.param(
            listed("set", TEXTS),
            PAIRS,
            [
                '[2]: Duplicate value: map[string]interface {}{"a":"b"}',
                '[3]: Duplicate value: map[string]interface {}{"a":"c"}',
            ],
            id="multiple duplicates",
        ),
        *(
            pytest.param(
                listed("map", {"type": kind}, "a"),
                [value],
                [f"[0]: Invalid value: {shown}: must be an object for an array of list-type map"],
                id=f"map list with {kind}",
            )
            for kind, value, shown in (
                ("string", "a", '"a"'),
                ("integer", 1, "1"),
                ("boolean", False, "false"),
                ("number", 1.5, "1.5"),
                ("array", ["a"], '[]interface {}{"a"}'),
            )
        ),
        pytest.param(listed("map", ANY_TEXT, "a"), [None], [], id="map list with nil"),
        pytest.param(
            listed("map", TEXTS, "a"),
            [{"a": "0", "c": "2"}, {"a": "1", "c": "1"}, {"a": "1", "c": "2"}, {}],
            ['[2]: Duplicate value: map[string]interface {}{"a":"1"}'],
            id="one key",
        ),
        pytest.param(
            listed("map", TEXTS, "a", "b"),
            [{"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "c": "2"}, {"a": "1", "b": "2", "c": "3"}, {}],
            ['[2]: Duplicate value: map[string]interface {}{"a":"1", "b":"2"}'],
            id="two keys",
        ),
        pytest.param(
            listed("map", TEXTS, "a", "b"),
            [{"a": "1", "b": "1", "c": "1"}, {"a": "1", "c": "2"}, {"a": "1", "c": "3"}, {}],
            ['[2]: Duplicate value: map[string]interface {}{"a":"1"}'],
            id="undefined key",
        ),
        pytest.param(
            listed("map", {"type": "object"}, "a"),
            [{"a": [], "c": "1"}, {"a": None}, {"a": ["a"]}, {"a": ["a", 42]}, {"a": ["a", 42], "c": ["3"]}],
            ['[4]: Duplicate value: map[string]interface {}{"a":[]interface {}{"a", 42}}'],
            id="compound key",
        ),
        pytest.param(
            listed("map", {"type": "object"}, "a"),
            [{"a": [], "c": "1"}, {"a": None, "c": "1"}, {"c": "1"}, {"a": None}],
            ['[3]: Duplicate value: map[string]interface {}{"a":interface {}(nil)}'],
            id="nil key",
        ),
        pytest.param(
            listed("map", {"type": "object", "nullable": True}, "a"),
            [None, {"a": "0", "c": "1"}, {"a": None}, {"c": "1"}],
            ["[3]: Duplicate value: map[string]interface {}{}"],
            id="nil item",
        ),
        pytest.param(
            listed("map", {"type": "object", "nullable": True}, "a", "b"),
            [None, {"b": "0", "c": "1"}, {"a": None}, {"c": "1"}],
            ["[3]: Duplicate value: map[string]interface {}{}"],
            id="nil item multiple keys",
        ),
    ],
)
def test_what_may_be_there_only_once(schema: Obj, value: Any, says: list[str]) -> None:
    assert lists_only(schema, value) == [f"array{one}" for one in says]


@follows("Custom resources", UPSTREAM + "schema/listtype/validation_test.go: TestValidateListSetsAndMaps")
def test_a_set_below_a_map_is_named_by_its_key() -> None:
    found = repeated(
        {"spec": {"array": ["a", "b", "a"]}},
        one_field() | {"properties": {"spec": {"type": "object", "additionalProperties": SET}}},
    )
    assert [str(error) for error in found] == ['spec[array][2]: Duplicate value: "a"']


# Pruning

UNKNOWN = {"unspecified": "bar"}
PRESERVE = "x-kubernetes-preserve-unknown-fields"
KEEPS = {"type": "object", PRESERVE: True}
SPECIFIED = {"type": "object", "properties": {"specified": OBJECT}}
NESTED_SCHEMA = {
    **KEEPS,
    "properties": {
        "alpha": {"type": "string"},
        "beta": {"type": "number"},
        "pruning": {"type": "object", "properties": {"preserving": KEEPS, "pruning": OBJECT}},
        "preserving": {**KEEPS, "properties": {"preserving": KEEPS, "pruning": OBJECT}},
        "notInheriting": {**KEEPS, "additionalProperties": SPECIFIED},
        "keyPruneValues": {"type": "object", "additionalProperties": SPECIFIED},
    },
}
WITH_MORE = {"foo": {"specified": UNKNOWN, "unspecified": "bar"}}
NESTED = {
    "unspecified": "bar",
    "alpha": "abc",
    "beta": 42.0,
    "unspecifiedObject": UNKNOWN,
    "pruning": {
        "unspecified": "bar",
        "unspecifiedObject": UNKNOWN,
        "pruning": UNKNOWN,
        "apiVersion": "unknown",
        "preserving": UNKNOWN,
    },
    "preserving": {"unspecified": "bar", "unspecifiedObject": UNKNOWN, "pruning": UNKNOWN, "preserving": UNKNOWN},
    "notInheriting": WITH_MORE,
    "keyPruneValues": WITH_MORE,
}
EMBEDDED = {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": OBJECT}}
RESOURCE = {"apiVersion": "foo/v1", "kind": "Foo", "metadata": {"name": "instance"}, "spec": UNKNOWN, **UNKNOWN}
KEPT = {"apiVersion": "foo/v1", "kind": "Foo", "metadata": {"name": "instance"}, "spec": {}}
EMBEDDED_SCHEMA = {
    "type": "object",
    "properties": {
        "pruned": EMBEDDED,
        "preserving": {"type": "object", "x-kubernetes-embedded-resource": True, PRESERVE: True},
        "nested": {
            "type": "object",
            "x-kubernetes-embedded-resource": True,
            "properties": {"spec": {"type": "object", "properties": {"embedded": EMBEDDED}}},
        },
    },
}


@follows("Custom resources", UPSTREAM + "schema/pruning/algorithm_test.go: TestPrune")
@pytest.mark.parametrize(
    ("obj", "schema", "kept", "gone"),
    [
        pytest.param({"a": [1, 2]}, {"properties": {"a": {"items": {}}}}, {"a": [1, 2]}, [], id="scalar array"),
        pytest.param(
            {"l": [{"a": 1}, {"b": 1}, {"a": 1, "b": 2, "c": 3}]},
            {"properties": {"l": {"items": {"properties": {"a": {}, "c": {}}}}}},
            {"l": [{"a": 1}, {}, {"a": 1, "c": 3}]},
            ["l[1].b", "l[2].b"],
            id="object array",
        ),
        pytest.param(
            {
                "array": [{"a": 1}, {"b": 1}, {"a": 1, "b": 2, "c": 3}],
                "unspecified": {"a": 1},
                "specified": {"a": 1, "b": 2, "c": 3},
            },
            {
                "properties": {
                    "array": {"items": {"properties": {"a": {}, "c": {}}}},
                    "specified": {"properties": {"a": {}, "c": {}}},
                }
            },
            {"array": [{"a": 1}, {}, {"a": 1, "c": 3}], "specified": {"a": 1, "c": 3}},
            ["array[1].b", "array[2].b", "specified.b", "unspecified"],
            id="object array object",
        ),
        pytest.param(
            NESTED,
            NESTED_SCHEMA,
            {
                **NESTED,
                "pruning": {"pruning": {}, "preserving": UNKNOWN},
                "preserving": {**NESTED["preserving"], "pruning": {}},  # type: ignore[dict-item]
                "notInheriting": {"foo": {"specified": {}}},
                "keyPruneValues": {"foo": {"specified": {}}},
            },
            [
                "keyPruneValues.foo.specified.unspecified",
                "keyPruneValues.foo.unspecified",
                "notInheriting.foo.specified.unspecified",
                "notInheriting.foo.unspecified",
                "preserving.pruning.unspecified",
                "pruning.apiVersion",
                "pruning.pruning.unspecified",
                "pruning.unspecified",
                "pruning.unspecifiedObject",
            ],
            id="nested x-kubernetes-preserve-unknown-fields",
        ),
        pytest.param(
            {"a": 1, "b": 1, "c": {"a": 1, "b": 2, "c": {"a": 1}}},
            {"properties": {"a": {}, "c": {"additionalProperties": {"type": "integer"}}}},
            {"a": 1, "c": {"a": 1, "b": 2, "c": {}}},
            ["b", "c.c.a"],
            id="additionalProperties with schema",
        ),
        pytest.param(
            {"a": 1, "b": 1, "c": {"a": 1, "b": 2, "c": {"a": 1, "apiVersion": "unknown"}}},
            {"properties": {"a": {}, "c": {"additionalProperties": True}}},
            {"a": 1, "c": {"a": 1, "b": 2, "c": {}}},
            ["b", "c.c.a", "c.c.apiVersion"],
            id="additionalProperties with bool",
        ),
        pytest.param(
            {
                **RESOURCE,
                "pruned": RESOURCE,
                "preserving": RESOURCE,
                "nested": {**RESOURCE, "spec": {**UNKNOWN, "embedded": RESOURCE}},
            },
            EMBEDDED_SCHEMA,
            {
                "apiVersion": "foo/v1",
                "kind": "Foo",
                "metadata": {"name": "instance"},
                "pruned": KEPT,
                "preserving": RESOURCE,
                "nested": {**KEPT, "spec": {"embedded": KEPT}},
            },
            [
                "nested.spec.embedded.spec.unspecified",
                "nested.spec.embedded.unspecified",
                "nested.spec.unspecified",
                "nested.unspecified",
                "pruned.spec.unspecified",
                "pruned.unspecified",
                "spec",
                "unspecified",
            ],
            id="x-kubernetes-embedded-resource, with root=true",
        ),
    ],
)
def test_what_is_pruned(obj: Obj, schema: Obj, kept: Obj, gone: list[str]) -> None:
    given = copy.deepcopy(obj)
    assert (lambda pair: (pair[0], sorted(pair[1])))(pruned(obj, schema)) == (kept, gone)
    assert obj == given


# Defaults and nulls


def defaults(**values: Any) -> Obj:
    return {"properties": {name: {"default": value} for name, value in values.items()}}


@follows(
    "Custom resources",
    UPSTREAM + "schema/defaulting/algorithm_test.go: TestDefault",
    UPSTREAM + "schema/defaulting/prunenulls_test.go: TestPruneNonNullableNullsWithoutDefaults",
)
@pytest.mark.parametrize(
    ("value", "schema", "wanted"),
    [
        pytest.param(4, {"default": "foo"}, 4, id="scalar"),
        pytest.param([1, 2], {"items": {"default": "foo"}}, [1, 2], id="scalar array"),
        pytest.param(
            [{"a": 1}, {"b": 1}, {"c": 1}],
            {"items": defaults(a="A", b="B", c="C")},
            [{"a": 1, "b": "B", "c": "C"}, {"a": "A", "b": 1, "c": "C"}, {"a": "A", "b": "B", "c": 1}],
            id="object array",
        ),
        pytest.param(
            {"array": [{"a": 1}, {"b": 2}], "object": {"a": 1}, "more": {"x": {"a": 1}, "y": {"b": 2}}},
            {
                "properties": {
                    "array": {"items": defaults(a="A", b="B")},
                    "object": defaults(a="N", b="O"),
                    "more": {"additionalProperties": defaults(a="alpha", b="beta")},
                    "foo": {"default": "bar"},
                }
            },
            {
                "array": [{"a": 1, "b": "B"}, {"a": "A", "b": 2}],
                "object": {"a": 1, "b": "O"},
                "more": {"x": {"a": 1, "b": "beta"}, "y": {"a": "alpha", "b": 2}},
                "foo": "bar",
            },
            id="object array object",
        ),
        pytest.param(
            [{}, {"a": 1}, {"a": 0}, {"a": 0.0}, {"a": ""}, {"a": None}, {"a": []}, {"a": {}}],
            {"items": defaults(a="A")},
            [{"a": "A"}, {"a": 1}, {"a": 0}, {"a": 0.0}, {"a": ""}, {"a": "A"}, {"a": []}, {"a": {}}],
            id="empty and null",
        ),
        pytest.param([None], {"nullable": True, "items": defaults(a="A")}, [None], id="null in nullable list"),
        pytest.param([None], {"items": {"default": "A"}}, ["A"], id="null in non-nullable list"),
        pytest.param(
            {"a": None},
            {"properties": {"a": {"nullable": True, "default": "A"}}},
            {"a": None},
            id="null in nullable object",
        ),
        pytest.param({"a": None}, defaults(a="A"), {"a": "A"}, id="null in non-nullable object"),
        pytest.param(
            {"a": None},
            {"additionalProperties": {"nullable": True, "default": "A"}},
            {"a": None},
            id="null in nullable object with additionalProperties",
        ),
        pytest.param(
            {"a": None},
            {"additionalProperties": {"default": "A"}},
            {"a": "A"},
            id="null in non-nullable object with additionalProperties",
        ),
        pytest.param({"a": None}, {"additionalProperties": True}, {"a": None}, id="null unknown field"),
        pytest.param(
            [{"b": None}, {"c": None}, {"d": None}, {"e": None}],
            {"items": {"properties": {"b": {"nullable": True}, "c": {"nullable": True, "default": "C"}, "d": {}}}},
            [{"b": None, "c": "C"}, {"c": None}, {"c": "C"}, {"e": None, "c": "C"}],
            id="nulls that are not allowed are left out",
        ),
    ],
)
def test_what_is_filled_in(value: Any, schema: Obj, wanted: Any) -> None:
    given = copy.deepcopy(value)
    assert defaulted({"field": value}, {"properties": {"field": schema}}) == {"field": wanted}
    assert value == given


# Columns

NOW = "2026-01-01T12:00:00Z"
NOW_US = 1_767_268_800_000_000
DATES = [
    ("2025-12-31T23:30:00Z", "12h"),
    ("2026-01-02T00:30:00Z", "<invalid>"),
    ("", "<unknown>"),
    ("soon", "<invalid>"),
]
SERVERS = {"servers": [{"hosts": ["foo"]}, {"hosts": ["bar", "baz"]}], "foo": [{"bar": [1]}, {"bar": [2, 3]}]}


class _Version:
    def __init__(self, kind: str, path: str) -> None:
        self.columns = [{"name": "it", "type": kind, "jsonPath": path}]


def cell(kind: str, path: str, spec: Obj) -> Any:
    found: Any = _Version(kind, path)
    return custom_table(found, [{"metadata": {"name": "blah"}, "spec": spec}], NOW_US)[1][0][1]


TABLES = (
    "staging/src/k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor/tableconvertor_test.go: "
)


@follows("Custom resources", TABLES + "Test_cellForJSONValue")
@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        *(("integer", value, wanted) for value, wanted in ((42, 42), (3.14, 3), (True, None), ("foo", None))),
        *(("number", value, wanted) for value, wanted in ((42, 42.0), (3.14, 3.14), (True, None), ("foo", None))),
        *(("boolean", value, wanted) for value, wanted in ((42, None), (3.14, None), (True, True), ("foo", None))),
        *(("date", value, wanted) for value, wanted in ((42, None), (3.14, None), (True, None), *DATES)),
        ("unknown", "foo", None),
    ],
)
def test_what_a_cell_shows(kind: str, value: Any, wanted: Any) -> None:
    assert cell(kind, ".spec.it", {"it": value}) == wanted


@follows("Custom resources", TABLES + "Test_convertor_ConvertToTable")
@pytest.mark.parametrize(
    ("kind", "path", "wanted"),
    [
        ("string", ".spec.servers[0].hosts[0]", "foo"),
        ("string", ".spec.servers[0].hosts", '["foo"]'),
        ("string", ".spec.servers[1].hosts", '["bar","baz"]'),
        ("string", ".spec.foo[0].bar[0]", "1"),
        ("string", ".spec.foo[0].bar", "[1]"),
        ("string", ".spec.foo[1].bar", "[2,3]"),
        ("integer", ".spec.foo[0].bar[0]", 1),
        ("integer", ".spec.foo[0].bar", None),
        ("integer", ".spec.foo[1].bar", None),
        ("string", ".spec.nothing", None),
    ],
)
def test_what_a_column_finds(kind: str, path: str, wanted: Any) -> None:
    assert cell(kind, path, SERVERS) == wanted
