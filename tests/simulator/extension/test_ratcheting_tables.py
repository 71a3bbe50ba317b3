"""Updates of custom objects after their schema became stricter: what did not change is forgiven. Case by case as upstream has them."""

from typing import Any

import pytest

from simulator.machinery.custom.ratcheting import ABSENT, Correlated
from simulator.machinery.custom.rules import judged
from simulator.machinery.custom.validation import repeated, validate
from tests.proof.follows import follows

Obj = dict[str, Any]
UPSTREAM = "staging/src/k8s.io/apiextensions-apiserver/"
RULES, LIST_TYPE, LIST_KEYS = "x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"
TEXT: Obj = {"type": "string"}
NUMBER: Obj = {"type": "number"}


def fields(**properties: Obj) -> Obj:
    return {"type": "object", "properties": properties}


def findings(schema: Obj, old: Any, new: Any) -> list[str]:
    found = validate(new, schema, old) + repeated(new, schema, old)
    return [str(error) for error in (found or judged(new, schema, old))]


def case(schema: Obj, old: Obj, new: Obj, *says: str, id: str) -> Any:
    return pytest.param(schema, old, new, list(says), id=id)


BOUNDS = fields(
    hasMinimum={"type": "integer", "minimum": 10},
    hasMaximum={"type": "integer", "maximum": 20},
    hasMinimumAndMaximum={"type": "integer", "minimum": 10, "maximum": 20},
    noRestrictions={"type": "integer"},
)
OUTSIDE = {"hasMinimum": 0, "hasMaximum": 1000, "hasMinimumAndMaximum": 50}
MORE = {**OUTSIDE, "noRestrictions": 50}
MINIMUM = "hasMinimum: Invalid value: 5: hasMinimum in body should be greater than or equal to 10"
MAXIMUM = "hasMaximum: Invalid value: 21: hasMaximum in body should be less than or equal to 20"
BOTH = "hasMinimumAndMaximum: Invalid value: 5: hasMinimumAndMaximum in body should be greater than or equal to 10"

ENUM = fields(enumField={"type": "string", "enum": ["A", "B", "C"]}, otherField=TEXT)
BAD_ENUM = {"enumField": "okValueNowBadValueLater"}
NO_ENUM = 'enumField: Unsupported value: "{}": supported values: "A", "B", "C"'

NUMS = fields(nums={"type": "object", "additionalProperties": {"type": "number", "minimum": 1000}})
OLD_NUMS = {"nums": {"num1": 1, "num2": 1000000}}


def texts(**bounds: int) -> Obj:
    return fields(
        restricted={"type": "object", "additionalProperties": TEXT, **bounds},
        unrestricted={"type": "object", "additionalProperties": TEXT},
    )


TWO = {"restricted": {"key1": "hi", "key2": "there"}}
TWO_AND_MORE = {**TWO, "unrestricted": {"key1": "yo"}}
TOO_FEW_KEYS = "restricted: Invalid value: 3: restricted in body should have at least 3 properties"
TOO_MANY_KEYS = "restricted: Too many: {}: must have at most 1 items"


def lists(**bounds: int) -> Obj:
    return fields(arrayField={"type": "array", "items": TEXT, **bounds}, otherField=TEXT)


THREE = {"arrayField": ["value1", "value2", "value3"]}
TOO_FEW = "arrayField: Invalid value: {}: arrayField in body should have at least 10 items"
TOO_LONG = "arrayField: Too many: {}: must have at most 1 items"
TEN = {"arrayField": [f"value{number}" for number in range(1, 11)]}


def field(**bounds: Any) -> Obj:
    return fields(field={"type": "string", **bounds}, otherField=TEXT)


SHORT = 'field: Invalid value: "{}": field in body should be at least 10 chars long'
LONG = "field: Too long: may not be more than 5 bytes"
DIGITS = "field: Invalid value: \"w123\": field in body should match '^[1-9]+$'"
BYTES = 'field: Invalid value: "{0}": field in body must be of type byte: "{0}"'
TIME = 'field: Invalid value: "{0}": field in body must be of type date-time: "{0}"'

PORT = {"name": TEXT, "port": NUMBER, "field": {"type": "boolean"}}


def ports(limits: Obj, **of_port: Any) -> Obj:
    item = fields(**{**PORT, "port": {"type": "number", **of_port}}) | {"required": ["name", "port"]}
    return fields(field={"type": "array", LIST_TYPE: "map", LIST_KEYS: ["name", "port"], "items": item, **limits})


def listed(*given: tuple[Any, ...]) -> Obj:
    return {"field": [dict(zip(("name", "port", "field"), one, strict=False)) for one in given]}


A_PORT, B_PORT, C_PORT = ("key1", 1), ("key2", 2), ("key3", 3)
SEVERAL = "field: Too many: 4: must have at most 2 items"

LONGER = {"type": "object", "additionalProperties": {"type": "string", "minLength": 6}}
PLAIN_LIST = fields(values={"type": "array", "items": LONGER}, otherField=TEXT)
ELEMENTS = {"values": [{"key1": "value"}, {"key1": "v"}]}


def shorter(where: str, value: str) -> str:
    return f'values{where}: Invalid value: "{value}": values{where} in body should be at least 6 chars long'


def ruled(rule: str, **more: Any) -> Obj:
    return fields(field={"type": "string", RULES: [{"rule": rule, **more}]}, otherField=TEXT)


FIRST = ruled("!oldSelf.hasValue()", message="oldSelf must be null", optionalOldSelf=True)
NULL = 'field: Invalid value: "string": oldSelf must be null'
CHANGE = ruled("oldSelf != 'myStringValue' || self == 'validstring'")
TRANSITION = "field: Invalid value: \"string\": failed rule: oldSelf != 'myStringValue' || self == 'validstring'"
K8S: Obj = {"type": "string", RULES: [{"rule": "self.startsWith('k8s')"}]}
PREFIXED = fields(
    spec={
        "type": "object",
        "additionalProperties": {"type": "object", "additionalProperties": K8S},
    }
)
NO_PREFIX = "spec[object1][key1]: Invalid value: \"string\": failed rule: self.startsWith('k8s')"
OLD_SPEC = {"spec": {"object1": {"key1": "a string"}}}


@follows("Custom resources", UPSTREAM + "test/integration/ratcheting_test.go: TestRatchetingFunctionality")
@pytest.mark.parametrize(
    ("schema", "old", "new", "says"),
    [
        case(BOUNDS, OUTSIDE, MORE, id="minimum and maximum: another field"),
        case(BOUNDS, MORE, {**MORE, "hasMinimum": 5}, MINIMUM, id="minimum: changed, still too small"),
        case(BOUNDS, MORE, {**MORE, "hasMinimum": 5, "hasMaximum": 21}, MAXIMUM, MINIMUM, id="both changed"),
        case(BOUNDS, MORE, {**MORE, "hasMinimumAndMaximum": 5}, BOTH, id="minimum and maximum: too small"),
        case(BOUNDS, MORE, {**MORE, "hasMinimum": 11}, id="minimum: made valid"),
        case(BOUNDS, MORE, {**MORE, "hasMaximum": 19, "hasMinimumAndMaximum": 15}, id="maximum: made valid"),
        case(ENUM, BAD_ENUM, BAD_ENUM, id="enum: nothing changed"),
        case(ENUM, BAD_ENUM, {**BAD_ENUM, "otherField": "x"}, id="enum: another field"),
        case(ENUM, BAD_ENUM, {"enumField": "D"}, NO_ENUM.format("D"), id="enum: another invalid value"),
        case(ENUM, BAD_ENUM, {"enumField": "A"}, id="enum: made valid"),
        case(ENUM, {"enumField": "A"}, BAD_ENUM, NO_ENUM.format("okValueNowBadValueLater"), id="enum: back again"),
        case(NUMS, OLD_NUMS, {"nums": {"num1": 1, "num2": 2000}}, id="additional properties: another key"),
        case(
            NUMS,
            OLD_NUMS,
            {"nums": {"num1": 2, "num2": 1000000}},
            "nums.num1: Invalid value: 2: nums.num1 in body should be greater than or equal to 1000",
            id="additional properties: the invalid key",
        ),
        case(texts(minProperties=3), TWO, TWO_AND_MORE, id="minimum of properties: another field"),
        case(
            texts(minProperties=3),
            TWO,
            {"restricted": {"key1": "hi", "key2": "changed"}},
            TOO_FEW_KEYS,
            id="minimum of properties: changed",
        ),
        case(texts(maxProperties=1), TWO, TWO_AND_MORE, id="maximum of properties: another field"),
        case(
            texts(maxProperties=1),
            TWO,
            {"restricted": {"key1": "hi", "key2": "changed"}},
            TOO_MANY_KEYS.format(2),
            id="maximum of properties: changed",
        ),
        case(texts(maxProperties=1), TWO, {"restricted": {"key1": "hi"}}, id="maximum of properties: made valid"),
        case(lists(minItems=10), THREE, {**THREE, "otherField": "x"}, id="minimum of items: another field"),
        case(
            lists(minItems=10),
            THREE,
            {"arrayField": ["value1", "value2", "other"]},
            TOO_FEW.format(3),
            id="minimum of items: changed",
        ),
        case(
            lists(minItems=10),
            THREE,
            {"arrayField": [*THREE["arrayField"], "value4"]},
            TOO_FEW.format(4),
            id="minimum of items: one more",
        ),
        case(lists(minItems=10), THREE, TEN, id="minimum of items: made valid"),
        case(lists(minItems=10), TEN, THREE, TOO_FEW.format(3), id="minimum of items: back again"),
        case(lists(maxItems=1), THREE, {**THREE, "otherField": "x"}, id="maximum of items: another field"),
        case(
            lists(maxItems=1),
            THREE,
            {"arrayField": ["value1", "value2", "other"]},
            TOO_LONG.format(3),
            id="maximum of items: changed",
        ),
        case(
            lists(maxItems=1),
            THREE,
            {"arrayField": ["value1", "value2"]},
            TOO_LONG.format(2),
            id="maximum of items: one less",
        ),
        case(lists(maxItems=1), THREE, {"arrayField": ["value1"]}, id="maximum of items: made valid"),
        case(
            lists(maxItems=1), {"arrayField": ["value1"]}, THREE, TOO_LONG.format(3), id="maximum of items: back again"
        ),
        case(
            field(minLength=10),
            {"field": "tiny"},
            {"field": "tiny", "otherField": "x"},
            id="minimum of length: unchanged",
        ),
        case(
            field(minLength=10),
            {"field": "tiny"},
            {"field": "short"},
            SHORT.format("short"),
            id="minimum of length: changed",
        ),
        case(field(minLength=10), {"field": "tiny"}, {"field": "long enough now"}, id="minimum of length: made valid"),
        case(
            field(maxLength=5),
            {"field": "too long"},
            {"field": "too long", "otherField": "x"},
            id="maximum of length: unchanged",
        ),
        case(
            field(maxLength=5), {"field": "too long"}, {"field": "longer still"}, LONG, id="maximum of length: changed"
        ),
        case(field(maxLength=5), {"field": "too long"}, {"field": "short"}, id="maximum of length: made valid"),
        case(
            field(pattern="^[1-9]+$"),
            {"field": "doesnt abide pattern"},
            {"field": "doesnt abide pattern", "otherField": "x"},
            id="pattern: unchanged",
        ),
        case(
            field(pattern="^[1-9]+$"),
            {"field": "doesnt abide pattern"},
            {"field": "w123"},
            DIGITS,
            id="pattern: changed",
        ),
        case(field(pattern="^[1-9]+$"), {"field": "doesnt abide pattern"}, {"field": "123"}, id="pattern: made valid"),
        case(
            field(format="byte"),
            {"field": "doesnt abide any format"},
            {"field": "doesnt abide any format", "otherField": "x"},
            id="format: unchanged",
        ),
        case(
            field(format="byte"),
            {"field": "doesnt abide any format"},
            {"field": "asdfghjkl!"},
            BYTES.format("asdfghjkl!"),
            id="format: changed",
        ),
        case(
            field(format="byte"),
            {"field": "doesnt abide any format"},
            {"field": "dGhpcyBpcyBiYXNlNjQ="},
            id="format: made valid",
        ),
        case(
            field(format="date-time"),
            {"field": "dGhpcyBpcyBiYXNlNjQ="},
            {"field": "dGhpcyBpcyBiYXNlNjQ=", "otherField": "x"},
            id="another format: unchanged",
        ),
        case(
            field(format="date-time"),
            {"field": "dGhpcyBpcyBiYXNlNjQ="},
            {"field": "2018-11-13"},
            TIME.format("2018-11-13"),
            id="another format: changed",
        ),
        case(
            field(format="date-time"),
            {"field": "dGhpcyBpcyBiYXNlNjQ="},
            {"field": "2018-11-13T20:20:39+00:00"},
            id="another format: made valid",
        ),
        case(
            ports({"maxItems": 2}),
            listed(A_PORT, B_PORT, C_PORT),
            listed(C_PORT, A_PORT, B_PORT),
            id="list that is a map: another order",
        ),
        case(
            ports({"maxItems": 2}),
            listed(A_PORT, B_PORT, C_PORT),
            listed(C_PORT, A_PORT, B_PORT, ("key4", 4)),
            SEVERAL,
            id="list that is a map: one more",
        ),
        case(
            ports({}, multipleOf=2),
            listed(A_PORT, B_PORT, C_PORT),
            listed(C_PORT, A_PORT, B_PORT),
            id="keys of a list that is a map: another order",
        ),
        case(
            ports({}, multipleOf=2),
            listed(A_PORT, B_PORT),
            listed((*A_PORT, True), B_PORT, ("key4", 8080)),
            id="keys of a list that is a map: a field beside them",
        ),
        case(
            ports({}, multipleOf=2),
            listed(A_PORT),
            listed(("key1", 5)),
            "field[0].port: Invalid value: 5: field[0].port in body should be a multiple of 2",
            id="keys of a list that is a map: another key",
        ),
        case(PLAIN_LIST, ELEMENTS, {**ELEMENTS, "otherField": "x"}, id="list by place: another field"),
        case(
            PLAIN_LIST,
            ELEMENTS,
            {"values": [{"key1": "value", "key2": "valuetoo"}, {"key1": "v"}]},
            shorter("[0].key1", "value"),
            shorter("[1].key1", "v"),
            id="list by place: one element grew",
        ),
        case(
            PLAIN_LIST,
            ELEMENTS,
            {"values": [{"key1": "v"}, {"key1": "value"}]},
            shorter("[0].key1", "v"),
            shorter("[1].key1", "value"),
            id="list by place: another order",
        ),
        case(FIRST, {}, {"field": "value"}, id="optional oldSelf: first value"),
        case(FIRST, {"field": "value"}, {"field": "other"}, NULL, id="optional oldSelf: changed"),
        case(FIRST, {"field": "value"}, {"field": "value"}, NULL, id="optional oldSelf: nothing changed"),
        case(
            CHANGE,
            {"field": "myStringValue"},
            {"field": "myStringValue", "otherField": "x"},
            TRANSITION,
            id="rules about a change do not ratchet",
        ),
        case(CHANGE, {"field": "myStringValue"}, {"field": "validstring"}, id="rules about a change: made valid"),
        case(
            PREFIXED,
            OLD_SPEC,
            {"spec": {**OLD_SPEC["spec"], "object2": {"key1": "k8s"}}},
            id="rule: a valid value beside it",
        ),
        case(
            PREFIXED,
            OLD_SPEC,
            {"spec": {"object1": {"key1": "a string", "key2": "k8s third"}}},
            id="rule: another key of the same object",
        ),
        case(PREFIXED, OLD_SPEC, {"spec": {"object1": {"key1": "changed"}}}, NO_PREFIX, id="rule: changed"),
        case(PREFIXED, OLD_SPEC, {"spec": {"object1": {"key1": "k8s"}}}, id="rule: made valid"),
    ],
)
def test_updates_after_a_schema_became_stricter(schema: Obj, old: Obj, new: Obj, says: list[str]) -> None:
    assert findings(schema, old, new) == says


SMALL: Obj = {"type": "number", "maximum": 1}
MEDIUM: Obj = {"type": "number", "minimum": 10, "maximum": 99}
LARGE: Obj = {"type": "number", "minimum": 100}
SIZES = fields(small=SMALL, medium=MEDIUM, large=LARGE)
GROWN = "small: Invalid value: 501: small in body should be less than or equal to 1"
GROUPS = fields(nested=SIZES)
DEEPER = fields(nested=GROUPS)
DEEP = "nested.nested.small: Invalid value: 501: nested.nested.small in body should be less than or equal to 1"


@follows(
    "Custom resources",
    UPSTREAM + "pkg/apiserver/validation/ratcheting_test.go: TestScalarRatcheting, TestObjectScalarFieldsRatcheting",
    UPSTREAM + "pkg/apiserver/validation/ratcheting_test.go: TestObjectObjectFieldsRatcheting",
)
@pytest.mark.parametrize(
    ("schema", "old", "new", "says"),
    [
        case(fields(small=SMALL), {"small": 0}, {"small": 1}, id="number: valid"),
        case(fields(small=SMALL), {"small": 500}, {"small": 500}, id="number: unchanged"),
        case(fields(small=SMALL), {"small": 500}, {"small": 501}, GROWN, id="number: changed"),
        case(SIZES, {"small": 500}, {"small": 500}, id="object: unchanged"),
        case(SIZES, {"small": 501}, {"small": 501, "medium": 50}, id="object: a valid field beside it"),
        case(SIZES, {"small": 500}, {"small": 501}, GROWN, id="object: changed"),
        case(
            DEEPER,
            {"nested": {"nested": {"small": 500}}},
            {"nested": {"nested": {"small": 500}}},
            id="objects: unchanged",
        ),
        case(
            DEEPER,
            {"nested": {"nested": {"small": 501}}},
            {"nested": {"nested": {"small": 501, "medium": 50}}},
            id="objects: a valid field beside it",
        ),
        case(
            DEEPER,
            {"nested": {"nested": {"small": 500}}},
            {"nested": {"nested": {"small": 501}}},
            DEEP,
            id="objects: changed",
        ),
    ],
)
def test_what_did_not_change(schema: Obj, old: Obj, new: Obj, says: list[str]) -> None:
    assert findings(schema, old, new) == says


LETTERS: Obj = {"type": "array", "items": TEXT}
KEYED: Obj = {"type": "array", LIST_TYPE: "map", LIST_KEYS: ["key"], "items": fields(key=TEXT, value=TEXT)}
A: Obj = {"key": "a", "value": "1"}
B: Obj = {"key": "b", "value": "2"}


@follows(
    "Custom resources",
    "staging/src/k8s.io/apiserver/pkg/cel/common/equality.go: CachedDeepEqual",
)
@pytest.mark.parametrize(
    ("schema", "old", "new", "is_unchanged"),
    [
        pytest.param(TEXT, "a", "a", True, id="text"),
        pytest.param(TEXT, "a", "b", False, id="another text"),
        pytest.param(TEXT, None, None, True, id="null twice"),
        pytest.param(TEXT, None, "a", False, id="null before"),
        pytest.param(TEXT, "a", None, False, id="null now"),
        pytest.param({}, True, 1, False, id="true is not 1"),
        pytest.param(LETTERS, ["a", "b"], ["a", "b"], True, id="list"),
        pytest.param(LETTERS, ["a", "b"], ["b", "a"], False, id="list in another order"),
        pytest.param(LETTERS, ["a"], ["a", "b"], False, id="longer list"),
        pytest.param(LETTERS, [], {}, False, id="list and object"),
        pytest.param({**LETTERS, LIST_TYPE: "set"}, ["a", "b"], ["b", "a"], False, id="set in another order"),
        pytest.param(KEYED, [A, B], [B, A], True, id="map list in another order"),
        pytest.param(KEYED, [A, B], [A, {**B, "value": "3"}], False, id="map list with another value"),
        pytest.param(KEYED, [A], [A, B], False, id="longer map list"),
        pytest.param(KEYED, [A, B], [A, {"key": "c"}], False, id="map list with another key"),
        pytest.param(fields(a=TEXT, b=TEXT), {"a": "1", "b": "2"}, {"b": "2", "a": "1"}, True, id="object"),
        pytest.param(fields(a=TEXT, b=TEXT), {"a": "1"}, {"b": "1"}, False, id="another field"),
        pytest.param(fields(a=TEXT), {"a": "1", "b": "2"}, {"a": "1"}, False, id="a field less"),
        pytest.param({"type": "object"}, {"a": "1"}, {"a": "1"}, False, id="a field of which the schema says nothing"),
        pytest.param({"type": "object", "additionalProperties": TEXT}, {"a": "1"}, {"a": "1"}, True, id="any field"),
        pytest.param(
            {**fields(a=TEXT), "x-kubernetes-map-type": "atomic"}, {"a": "1"}, {"a": "1"}, True, id="atomic object"
        ),
    ],
)
def test_whether_a_value_is_what_it_was(schema: Obj, old: Any, new: Any, is_unchanged: bool) -> None:
    assert Correlated(new, old, schema).is_unchanged is is_unchanged


def test_a_new_value_has_no_past() -> None:
    assert Correlated.of("a", ABSENT, TEXT) is None


SETS = fields(
    first={"type": "array", LIST_TYPE: "set", "items": TEXT},
    second={"type": "array", LIST_TYPE: "set", "items": TEXT},
)


@follows("Custom resources", UPSTREAM + "pkg/registry/customresource/strategy.go")
@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param({"first": ["a"]}, {"first": ["a", "a"]}, ['first[1]: Duplicate value: "a"'], id="fine before"),
        pytest.param({"first": ["a", "a"]}, {"first": ["a", "a", "a"]}, [], id="the same list was wrong before"),
        pytest.param({"first": ["a", "a"]}, {"second": ["b", "b"]}, [], id="another list was wrong before"),
    ],
)
def test_sets_and_maps_are_forgiven_together(old: Obj, new: Obj, says: list[str]) -> None:
    assert [str(error) for error in repeated(new, SETS, old)] == says
