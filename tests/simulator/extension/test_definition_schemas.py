"""Schemas of definitions: the table of `TestValidateCustomResourceDefinitionValidation`, and the words of every finding in it.

As upstream's, a case names the places and the sorts of its findings; `test_the_words` has each text once. Upstream's cases that forbid
defaults altogether are left out: nothing does so since v1.
"""

from dataclasses import replace
from typing import Any

import pytest

from simulator.machinery.custom.definition_demands import Demands
from simulator.machinery.custom.version_validation import validate_schema
from simulator.machinery.validation.field_errors import FieldError
from tests.proof.follows import follows

Obj = dict[str, Any]

UPSTREAM = "staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation_test.go: "
TABLE = UPSTREAM + "TestValidateCustomResourceDefinitionValidation"
SOURCE = (
    "staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go: "
    "ValidateCustomResourceDefinitionOpenAPISchema, specStandardValidatorV3"
)
ROOT = "spec.validation.openAPIV3Schema"
#: Upstream's cases demand only what they are about.
LAX = Demands(
    schemas=False,
    types=False,
    structure=False,
    pruned_defaults=False,
    atomic_sets=False,
    map_keys=False,
    review_versions=False,
)
STRUCTURAL = replace(LAX, structure=True)
TYPED = replace(LAX, structure=True, types=True)
SETS = replace(LAX, atomic_sets=True)
MAPS = replace(LAX, map_keys=True)

TEXT: Obj = {"type": "string"}
SHORT: Obj = {"type": "string", "maxLength": 10}
COUNT: Obj = {"type": "integer"}
LIST_TYPE, KEYS, MAP_TYPE = "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"


def found(schema: Obj | None, demands: Demands, *, has_status: bool = False) -> list[FieldError]:
    validation = {} if schema is None else {"openAPIV3Schema": schema}
    return validate_schema(validation, "spec.validation", demands, has_status=has_status)


def places(errors: list[FieldError]) -> list[str]:
    """`items.type: Invalid value`, sorted."""
    return sorted(f"{e.path.removeprefix(ROOT).removeprefix('.')}: {e.body.partition(':')[0]}" for e in errors)


def a_list(items: Any = None, **more: Any) -> Obj:
    return {"type": "array", **({} if items is None else {"items": items}), **more}


def a_set(items: Obj) -> Obj:
    return a_list(items, **{LIST_TYPE: "set"})


def a_map(*keys: str, items: Any = None) -> Obj:
    return a_list(items, **{LIST_TYPE: "map", KEYS: list(keys)})


def an_object(**properties: Obj) -> Obj:
    return {"type": "object", "properties": properties}


def ruled(schema: Obj, *rules: Any) -> Obj:
    given = [rule if isinstance(rule, dict) else {"rule": rule} for rule in rules]
    return {**schema, "x-kubernetes-validations": given}


FULL: Obj = {
    "description": "This is a description",
    "type": "object",
    "format": "date-time",
    "title": "This is a title",
    "maximum": 10,
    "exclusiveMaximum": True,
    "minimum": 5,
    "exclusiveMinimum": True,
    "maxLength": 10,
    "minLength": 5,
    "pattern": "^[a-z]$",
    "maxItems": 10,
    "minItems": 5,
    "multipleOf": 3,
    "required": ["spec", "status"],
    "properties": {
        "spec": {"type": "object", "items": {"description": "This is a schema nested under Items", "type": "string"}},
        "status": {"type": "object"},
    },
    "externalDocs": {"description": "This is an external documentation description"},
    "example": "This is an example",
}

TYPES = [
    pytest.param(None, LAX, [], id="empty"),
    pytest.param(TEXT, LAX, [], id="root type without status"),
    pytest.param({"properties": {"null": {"type": "null"}}}, LAX, ["properties[null].type: Forbidden"], id="null type"),
    pytest.param({"type": "object", "nullable": True}, LAX, ["nullable: Forbidden"], id="nullable at the root"),
    pytest.param({"properties": {"nullable": {"nullable": True}}}, LAX, [], id="nullable without type"),
    pytest.param(
        {"properties": {kind: {"type": kind, "nullable": True} for kind in ("object", "array", "number", "string")}},
        LAX,
        [],
        id="nullable with types",
    ),
    pytest.param({}, STRUCTURAL, ["type: Required value"], id="must be structural, but isn't"),
    pytest.param({"type": "object"}, STRUCTURAL, [], id="must be structural"),
    pytest.param({"type": "object"}, TYPED, [], id="require valid types, valid"),
    pytest.param(
        {"type": "null"},
        TYPED,
        ["type: Forbidden", "type: Invalid value", "type: Unsupported value"],
        id="require valid types, null",
    ),
    pytest.param(
        {"type": "bogus"}, TYPED, ["type: Invalid value", "type: Unsupported value"], id="require valid types, invalid"
    ),
]
LISTS = [
    pytest.param(
        {"type": "object", LIST_TYPE: "set"}, LAX, ["type: Invalid value"], id="invalid type with list type extension"
    ),
    pytest.param({LIST_TYPE: "set"}, LAX, ["type: Required value"], id="unset type with list type extension set"),
    pytest.param(
        a_list(**{LIST_TYPE: "invalid"}), LAX, [f"{LIST_TYPE}: Unsupported value"], id="invalid list type extension"
    ),
    pytest.param(
        a_list(**{LIST_TYPE: "set", KEYS: ["key"]}),
        LAX,
        [f"{LIST_TYPE}: Invalid value"],
        id="invalid list type extension with list map keys",
    ),
    pytest.param(
        {KEYS: ["key"]}, LAX, [f"{LIST_TYPE}: Required value"], id="unset list type extension with list map keys"
    ),
    pytest.param(
        a_map(),
        LAX,
        ["items: Required value", f"{KEYS}: Required value"],
        id="empty list map keys extension with list type extension map",
    ),
    pytest.param(a_map("key"), LAX, ["items: Required value"], id="no items schema with list type extension map"),
    pytest.param(
        a_map("key", items=[TEXT, COUNT]),
        LAX,
        ["items: Forbidden", "items: Invalid value"],
        id="multiple schema items with list type extension map",
    ),
    pytest.param(
        a_map("key", items=TEXT), LAX, ["items.type: Invalid value"], id="non object item with list type extension map"
    ),
    pytest.param(
        a_map("key", items={"type": "object"}),
        LAX,
        [f"{KEYS}: Invalid value"],
        id="items with key missing from properties",
    ),
    pytest.param(
        a_map("key", items=an_object(key={"type": "object"})),
        LAX,
        ["items.properties[key].type: Invalid value"],
        id="items with non scalar key property type",
    ),
    pytest.param(
        a_map("key", "key", items=an_object(key=TEXT)), LAX, [f"{KEYS}: Invalid value"], id="duplicate map keys"
    ),
    pytest.param(
        a_map("keyA", "keyB", items=an_object(keyA=TEXT, keyB=COUNT)),
        LAX,
        [],
        id="allowed schema with list type extension map",
    ),
    pytest.param(a_list(TEXT, **{LIST_TYPE: "atomic"}), LAX, [], id="allowed list-type atomic"),
    pytest.param(
        a_list(an_object(), **{LIST_TYPE: "atomic"}), LAX, [], id="allowed list-type atomic with non-atomic items"
    ),
    pytest.param(a_set(TEXT), SETS, [], id="allowed list-type set with scalar items"),
    pytest.param(
        a_set({**an_object(foo=TEXT), MAP_TYPE: "atomic"}), SETS, [], id="allowed list-type set with atomic map items"
    ),
    pytest.param(
        a_set({**an_object(foo=TEXT), MAP_TYPE: "granular"}),
        SETS,
        [f"items.{MAP_TYPE}: Invalid value"],
        id="invalid list-type set with non-atomic map items",
    ),
    pytest.param(
        a_set(an_object(foo=TEXT)),
        SETS,
        [f"items.{MAP_TYPE}: Invalid value"],
        id="invalid list-type set with unspecified map-type for map items",
    ),
    pytest.param(
        a_set(a_list(TEXT, **{LIST_TYPE: "atomic"})), SETS, [], id="allowed list-type set with atomic list items"
    ),
    pytest.param(a_set(a_list(TEXT)), SETS, [], id="allowed list-type set with unspecified list-type in list items"),
    pytest.param(
        a_set(a_set(TEXT)),
        SETS,
        [f"items.{LIST_TYPE}: Invalid value"],
        id="invalid list-type set with non-atomic list items",
    ),
]
MAP_TYPES = [
    *(
        pytest.param(
            {"type": "array", MAP_TYPE: kind}, LAX, ["type: Invalid value"], id=f"invalid type, map type {kind}"
        )
        for kind in ("granular", "atomic")
    ),
    *(
        pytest.param({MAP_TYPE: kind}, LAX, ["type: Required value"], id=f"unset type, map type {kind}")
        for kind in ("granular", "atomic")
    ),
    *(
        pytest.param({"type": "object", MAP_TYPE: kind}, LAX, [], id=f"allowed type, map type {kind}")
        for kind in ("granular", "atomic")
    ),
    pytest.param(
        {"type": "object", MAP_TYPE: "badMapType"}, LAX, [f"{MAP_TYPE}: Unsupported value"], id="invalid map type"
    ),
]
MAP_KEYS = [
    pytest.param(
        a_map("key", items=an_object(key=TEXT)),
        MAPS,
        ["items.properties[key].default: Required value"],
        id="invalid map with non-required key and no default",
    ),
    pytest.param(
        a_map("key", items={**an_object(key=TEXT), "required": ["key"]}),
        MAPS,
        [],
        id="allowed map with required key and no default",
    ),
    pytest.param(
        a_map("key", items=an_object(key={**TEXT, "default": "stuff"})),
        MAPS,
        [],
        id="allowed map with non-required key and default",
    ),
    pytest.param(
        a_map("key", items=an_object(key={**TEXT, "nullable": True})),
        MAPS,
        ["items.properties[key].default: Required value", "items.properties[key].nullable: Forbidden"],
        id="invalid map with nullable key",
    ),
    pytest.param(
        a_map("key", items={**an_object(key=TEXT), "nullable": True}),
        MAPS,
        ["items.nullable: Forbidden", "items.properties[key].default: Required value"],
        id="invalid map with nullable items",
    ),
    pytest.param(a_set({"nullable": True}), MAPS, ["items.nullable: Forbidden"], id="invalid set with nullable items"),
    pytest.param(a_set({"nullable": False}), MAPS, [], id="allowed set with non-nullable items"),
]

MIN_MAX = {"rule": "self.minReplicas <= self.maxReplicas", "message": "minReplicas should be no greater"}
RULES = [
    pytest.param(
        an_object(subRoot=ruled(TEXT, "self.startsWith('s')", "self.endsWith('s')")),
        STRUCTURAL,
        [],
        id="valid rule for scalar element",
    ),
    pytest.param(
        ruled(an_object(minReplicas=COUNT, maxReplicas=COUNT), MIN_MAX), STRUCTURAL, [], id="valid rule for object"
    ),
    pytest.param(
        ruled({"type": "object"}, {"message": "empty rule"}),
        STRUCTURAL,
        ["x-kubernetes-validations[0].rule: Required value"],
        id="empty rule",
    ),
    pytest.param(ruled({"type": "object"}), STRUCTURAL, [], id="empty validators"),
    pytest.param(
        an_object(subRoot=ruled(TEXT, "self == true", "self.endsWith('s')")),
        STRUCTURAL,
        ["properties[subRoot].x-kubernetes-validations[0].rule: Invalid value"],
        id="invalid rule",
    ),
    pytest.param(
        ruled(
            an_object(
                minReplicas=COUNT,
                maxReplicas=COUNT,
                subRule=ruled(an_object(isTest={"type": "boolean"}), "self.isTest == true"),
            ),
            MIN_MAX,
        ),
        STRUCTURAL,
        [],
        id="valid rules for nested object under multiple fields",
    ),
    pytest.param(
        ruled(an_object(nestedObj=a_list(a_list(TEXT))), "size(self.nestedObj[0]) == 10"),
        STRUCTURAL,
        [],
        id="valid rule for object of array",
    ),
    pytest.param(
        {"type": "object", "items": ruled(a_list(TEXT), "size(self) > 0")}, STRUCTURAL, [], id="valid rule for array"
    ),
    pytest.param(
        {
            "type": "object",
            "items": ruled(a_list(an_object(nestedObj=an_object(val=COUNT))), "self[0].nestedObj.val > 0"),
        },
        STRUCTURAL,
        [],
        id="valid rule for array of object",
    ),
    pytest.param(
        ruled(
            an_object(**{"if": COUNT, "namespace": COUNT, "self": COUNT, "int": COUNT}),
            "self.__if__ > 0",
            "self.__namespace__ > 0",
            "self.self > 0",
            "self.int > 0",
        ),
        STRUCTURAL,
        [],
        id="valid rules for escaping",
    ),
    pytest.param(
        ruled({"type": "object"}, "self.unknownProp > 0"),
        STRUCTURAL,
        ["x-kubernetes-validations[0].rule: Invalid value"],
        id="unknown property",
    ),
    pytest.param(
        an_object(value=ruled(COUNT, {"message": "something"}, {"rule": "   ", "message": "something"})),
        LAX,
        [f"properties[value].x-kubernetes-validations[{index}].rule: Required value" for index in (0, 1)],
        id="rule is empty or not specified",
    ),
    pytest.param(
        an_object(value=ruled(COUNT, {"rule": "self >= 0 &&\nself <= 100", "message": "between 0 and 100"})),
        LAX,
        [],
        id="multiline rule with message",
    ),
    pytest.param(
        an_object(
            value=ruled(
                COUNT,
                "self >= 0 &&\nself <= 100",
                {"rule": "self == 50", "message": "value requirements:\nmust be >= 0\nmust be <= 100 "},
                {"rule": "self == 50", "message": " "},
            )
        ),
        LAX,
        [
            "properties[value].x-kubernetes-validations[0].message: Required value",
            "properties[value].x-kubernetes-validations[1].message: Invalid value",
            "properties[value].x-kubernetes-validations[2].message: Invalid value",
        ],
        id="invalid and required messages",
    ),
]

SAME = "self == oldSelf"
SAME_OR_NEW = {"rule": 'self == oldSelf.orValue("")', "optionalOldSelf": True}
ITEM_RULE = "properties[value].items.x-kubernetes-validations[0].rule: Invalid value"
FIELD_RULE = "properties[value].properties[subfield].x-kubernetes-validations[0].rule: Invalid value"
FUTURE = f"properties[value].{MAP_TYPE}: Unsupported value"


def of_map(kind: str | None, subfield: Obj) -> Obj:
    return an_object(value={**an_object(subfield=subfield), **({MAP_TYPE: kind} if kind else {})})


TRANSITIONS = [
    *(
        pytest.param(
            an_object(value={**a_list(ruled(SHORT, rule), maxItems=10), **more}),
            STRUCTURAL,
            [ITEM_RULE],
            id=f"forbid on element of list {of}{when}",
        )
        for rule, when in ((SAME, ""), (SAME_OR_NEW, ", optional"))
        for of, more in (
            ("of type atomic", {LIST_TYPE: "atomic"}),
            ("defaulting to atomic", {}),
            ("of type set", {LIST_TYPE: "set"}),
        )
    ),
    *(
        pytest.param(
            an_object(value=ruled({**a_list(SHORT, maxItems=10), **more}, SAME)),
            STRUCTURAL,
            [],
            id=f"allow on list {of}",
        )
        for of, more in (
            ("of type atomic", {LIST_TYPE: "atomic"}),
            ("defaulting to atomic", {}),
            ("of type set", {LIST_TYPE: "set"}),
        )
    ),
    pytest.param(
        an_object(
            value=a_map("name", items=ruled({**an_object(name={**TEXT, "maxLength": 5}), "required": ["name"]}, SAME))
        ),
        STRUCTURAL,
        [],
        id="allow on element of list of type map",
    ),
    pytest.param(
        an_object(
            value=ruled(
                {
                    **a_map("name", items={**an_object(name={**TEXT, "maxLength": 5}), "required": ["name"]}),
                    "maxItems": 10,
                },
                SAME,
            )
        ),
        STRUCTURAL,
        [],
        id="allow on list of type map",
    ),
    pytest.param(of_map("granular", ruled(SHORT, SAME)), STRUCTURAL, [], id="allow on element of granular map"),
    pytest.param(
        of_map("future", ruled(SHORT, SAME)), STRUCTURAL, [FIELD_RULE, FUTURE], id="forbid on element of unknown map"
    ),
    pytest.param(
        of_map("future", ruled(SHORT, SAME_OR_NEW)),
        STRUCTURAL,
        [FIELD_RULE, FUTURE],
        id="forbid on element of unknown map, optional",
    ),
    pytest.param(of_map(None, ruled(SHORT, SAME)), STRUCTURAL, [], id="allow on element of map defaulting to granular"),
    pytest.param(
        of_map("atomic", ruled({"type": "object"}, SAME)), STRUCTURAL, [], id="allow on element of atomic map"
    ),
    *(
        pytest.param(
            an_object(value=ruled({"type": "object", **more}, SAME)), STRUCTURAL, [], id=f"allow on map, {more}"
        )
        for more in ({MAP_TYPE: "granular"}, {}, {MAP_TYPE: "atomic"})
    ),
    *(
        pytest.param(
            an_object(value=ruled(SHORT, {"rule": 'self == "foo"', "optionalOldSelf": given})),
            STRUCTURAL,
            ["properties[value].x-kubernetes-validations[0].optionalOldSelf: Invalid value"],
            id=f"forbid optionalOldSelf {given} if oldSelf is not used",
        )
        for given in (True, False)
    ),
]

NESTED = "self.all(x, x.all(y, x[y].key == x[y].key))"
VALUE_RULE = "properties[value].x-kubernetes-validations[0].rule: Forbidden"


def double_nested(key: Obj, *, items: int | None = None, properties: int | None = None) -> Obj:
    inner: Obj = {"type": "object", "additionalProperties": {**an_object(key=key), "required": ["key"]}}
    inner |= {} if properties is None else {"maxProperties": properties}
    return an_object(value=ruled(a_list(inner, **({} if items is None else {"maxItems": items})), NESTED))


KEYWORD = ruled({**TEXT, "maxLength": 5000}, "self.contains('keyword')")
EIGHT = " + ".join(f"self[{index}]" for index in range(8))
THREE = " + ".join(f"string(self[{index}])" for index in range(3))
MESSAGE = "properties[f].x-kubernetes-validations[0].messageExpression"
COSTS = [
    pytest.param(
        double_nested(TEXT),
        STRUCTURAL,
        [": Forbidden", VALUE_RULE, VALUE_RULE],
        id="forbid double-nested rule with no limit set",
    ),
    pytest.param(
        double_nested(SHORT),
        STRUCTURAL,
        [": Forbidden", VALUE_RULE, VALUE_RULE],
        id="forbid double-nested rule with one limit set",
    ),
    pytest.param(
        double_nested(SHORT, items=10, properties=10), STRUCTURAL, [], id="allow double-nested rule with three limits"
    ),
    pytest.param(
        double_nested({"type": "number"}, items=4),
        STRUCTURAL,
        [],
        id="allow double-nested rule with one limit on outermost array",
    ),
    pytest.param(an_object(value=ruled(COUNT, "self < 1024")), STRUCTURAL, [], id="cardinality of 1 under root object"),
    pytest.param(
        an_object(
            list=a_list(KEYWORD, maxItems=100_000),
            map={"type": "object", "maxProperties": 1000, "additionalProperties": KEYWORD},
            field=ruled(COUNT, "self > 50 && self < 100"),
        ),
        STRUCTURAL,
        [
            ": Forbidden",
            "properties[list].items.x-kubernetes-validations[0].rule: Forbidden",
            "properties[list].items.x-kubernetes-validations[0].rule: Forbidden",
            "properties[map].additionalProperties.x-kubernetes-validations[0].rule: Forbidden",
        ],
        id="cost total exceeds total limit",
    ),
    pytest.param(
        an_object(f=ruled(a_list(TEXT), {"rule": "true", "messageExpression": EIGHT})),
        STRUCTURAL,
        [f"{MESSAGE}: Forbidden"],
        id="messageExpression exceeding per-expression limit",
    ),
    pytest.param(
        an_object(f=ruled(a_list(TEXT), {"rule": "true", "messageExpression": THREE})),
        STRUCTURAL,
        [": Forbidden", f"{MESSAGE}: Forbidden", f"{MESSAGE}: Forbidden"],
        id="messageExpression exceeding per-CRD limit",
    ),
    pytest.param(
        an_object(
            f=ruled(
                a_list({**TEXT, "maxLength": 5}, maxItems=5),
                "self.all(x, self.exists_one(y, x.lowerAscii() == y.lowerAscii()))",
            )
        ),
        STRUCTURAL,
        [],
        id="lowerAscii check within limit",
    ),
]

BOTH = {**an_object(field=COUNT), "additionalProperties": TEXT}
UNKNOWN = "self.invalidFieldName > 50"
WRONG = "self == 1"
NO_RULE = "x-kubernetes-validations[0].rule: Invalid value"
WHERE = [
    pytest.param(
        ruled(BOTH, UNKNOWN),
        STRUCTURAL,
        ["additionalProperties: Forbidden", "additionalProperties: Forbidden"],
        id="skip when schema is invalid",
    ),
    pytest.param(
        ruled(an_object(field=BOTH), UNKNOWN),
        STRUCTURAL,
        ["properties[field].additionalProperties: Forbidden"],
        id="skip when schema is invalid at level below",
    ),
    pytest.param(
        an_object(a=BOTH, b=ruled(an_object(field=COUNT), UNKNOWN)),
        STRUCTURAL,
        ["properties[a].additionalProperties: Forbidden", f"properties[b].{NO_RULE}"],
        id="do not skip when schema is invalid in a separate part",
    ),
    pytest.param(
        an_object(a={**an_object(b=ruled(COUNT, "self == 'abc'")), "additionalProperties": TEXT}),
        STRUCTURAL,
        ["properties[a].additionalProperties: Forbidden", f"properties[a].properties[b].{NO_RULE}"],
        id="do not skip when schema is invalid at level above",
    ),
    pytest.param(
        ruled(an_object(**{"f/2": TEXT}), "self.f__slash__2 == 1"),
        STRUCTURAL,
        [NO_RULE],
        id="validated for escaped property name",
    ),
    *(
        pytest.param(
            an_object(a=ruled(schema, "1 == 1") if parent else schema),
            STRUCTURAL,
            [f"properties[a].{where}.{NO_RULE}"],
            id=f"validated under {where}{', parent has rule' if parent else ''}",
        )
        for where, schema in (
            ("items", a_list(ruled(TEXT, WRONG))),
            ("additionalProperties", {"type": "object", "additionalProperties": ruled(TEXT, WRONG)}),
        )
        for parent in (False, True)
    ),
    *(
        pytest.param(
            ruled(an_object(**{name: ruled(TEXT, WRONG)}), *(["1 == 1"] if parent else [])),
            STRUCTURAL,
            [f"properties[{name}].{NO_RULE}"],
            id=f"validated under property {name}{', parent has rule' if parent else ''}",
        )
        for name in ("f", "f/2", "f@2")
        for parent in (False, True)
    ),
]

IS_VALUE = 'self == "string value"'
SHOULD_BE = 'self + " should be \\"string value\\""'
MESSAGES = [
    *(
        pytest.param(
            an_object(f=ruled(TEXT, {"rule": IS_VALUE, "messageExpression": given, **more})), STRUCTURAL, says, id=name
        )
        for name, given, more, says in (
            ("rule with messageExpression", SHOULD_BE, {}, []),
            ("both message and messageExpression", SHOULD_BE, {"message": "should be set"}, []),
            ("messageExpression syntax error", 'self + " ', {}, [f"{MESSAGE}: Invalid value"]),
            ("messageExpression not returning a string", "256", {}, [f"{MESSAGE}: Invalid value"]),
            ("messageExpression being only empty spaces", "     ", {}, [f"{MESSAGE}: Required value"]),
        )
    ),
]


@follows("Custom resources", TABLE)
@pytest.mark.parametrize(
    ("schema", "demands", "says"),
    TYPES + LISTS + MAP_TYPES + MAP_KEYS + RULES + TRANSITIONS + COSTS + WHERE + MESSAGES,
)
def test_what_a_schema_may_say(schema: Obj | None, demands: Demands, says: list[str]) -> None:
    assert places(found(schema, demands)) == says


@follows("Custom resources", TABLE)
@pytest.mark.parametrize(
    ("schema", "says"),
    [
        pytest.param(None, [], id="empty with status"),
        pytest.param(
            TEXT,
            [
                f'{ROOT}.type: Invalid value: "string": only "object" is allowed as the type at the root of the schema '
                "if the status subresource is enabled"
            ],
            id="root type having invalid value, with status",
        ),
        pytest.param(
            {"anyOf": [{"description": "First schema"}, {"description": "Second schema"}]},
            [
                f"{ROOT}: Invalid value: apiextensions.JSONSchemaProps{{…}}: only [Description Type Format Title Maximum "
                "ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf "
                "Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations] fields are allowed at the "
                "root of the schema if the status subresource is enabled"
            ],
            id="non-allowed root field with status",
        ),
        pytest.param(FULL, [], id="all allowed fields at the root of the schema with status"),
    ],
)
def test_the_root_beside_a_status(schema: Obj | None, says: list[str]) -> None:
    assert [str(error) for error in found(schema, LAX, has_status=True)] == says


MUST_BE_ATOMIC = "must be atomic as item of a list with x-kubernetes-list-type=set"


@follows("Custom resources", SOURCE)
@pytest.mark.parametrize(
    ("schema", "says"),
    [
        pytest.param({"nullable": True}, "nullable: Forbidden: nullable cannot be true at the root", id="nullable"),
        pytest.param(
            {"$ref": "#/a"},
            "$ref: Forbidden: $ref is not supported",
            id="ref",
        ),
        pytest.param(
            {"uniqueItems": True},
            "uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
            id="uniqueItems",
        ),
        pytest.param(
            {"x-kubernetes-preserve-unknown-fields": False},
            "x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined",
            id="x-kubernetes-preserve-unknown-field: false",
        ),
        pytest.param(
            {"type": "string", MAP_TYPE: "big"},
            'type: Invalid value: "string": must be object if x-kubernetes-map-type is specified',
            id="type of a map",
        ),
        pytest.param(
            {"type": "object", MAP_TYPE: "big"},
            f'{MAP_TYPE}: Unsupported value: "big": supported values: "atomic", "granular"',
            id="map type",
        ),
        pytest.param(
            a_list(TEXT, **{LIST_TYPE: "big"}),
            f'{LIST_TYPE}: Unsupported value: "big": supported values: "atomic", "set", "map"',
            id="list type",
        ),
        pytest.param(
            a_set(an_object(foo=TEXT)), f'items.{MAP_TYPE}: Invalid value: "null": {MUST_BE_ATOMIC}', id="set of maps"
        ),
        pytest.param(
            a_set(a_set(TEXT)), f'items.{LIST_TYPE}: Invalid value: "set": {MUST_BE_ATOMIC}', id="set of sets"
        ),
        pytest.param(
            a_map("key", items=TEXT),
            'items.type: Invalid value: "string": must be object if parent array\'s x-kubernetes-list-type is map',
            id="map of texts",
        ),
        pytest.param(
            a_map("key", items=an_object(key={"type": "array", "items": TEXT})),
            'items.properties[key].type: Invalid value: "object": '
            "must be a scalar type if parent array's x-kubernetes-list-type is map",
            id="key that is a list",
        ),
        pytest.param(
            a_map("a", items=an_object(key=TEXT)),
            f'{KEYS}: Invalid value: []string{{"a"}}: entries must all be names of item properties',
            id="key that is no property",
        ),
        pytest.param(
            a_map("a", "a", items=an_object(a=TEXT)),
            f'{KEYS}: Invalid value: []string{{"a", "a"}}: must not contain duplicate entries',
            id="key twice",
        ),
        pytest.param(
            a_map("a", items={**an_object(a=TEXT), "nullable": True}),
            "items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is map",
            id="nullable items",
        ),
        pytest.param(a_map(), "items: Required value: must have a schema if x-kubernetes-list-type is map", id="items"),
        pytest.param(
            a_map("a", items=[TEXT]),
            "items: Invalid value: apiextensions.JSONSchemaPropsOrArray{…}: "
            "must only have a single schema if x-kubernetes-list-type is map",
            id="several items",
        ),
        pytest.param(
            an_object(metadata=an_object(labels={"type": "object", "additionalProperties": {**TEXT, "default": "a"}})),
            "properties[metadata].properties[labels].additionalProperties.default: Forbidden: "
            "must not be set inside additionalProperties applying to object metadata",
            id="a default for labels",
        ),
        pytest.param(
            an_object(kind={**TEXT, "default": "a"}),
            "properties[kind].default: Forbidden: must not be set in top-level kind",
            id="a default for the kind",
        ),
    ],
)
def test_the_words(schema: Obj, says: str) -> None:
    assert f"{ROOT}.{says}" in [str(error) for error in found(schema, replace(Demands(), structure=False))]
