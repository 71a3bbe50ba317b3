"""What rules may cost at most: the cases of `staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/compilation_test.go`, number by number."""

from typing import Any

import pytest

from simulator.machinery.cel.costs import estimated
from simulator.machinery.cel.programs import compiled
from simulator.machinery.cel.shapes import shape_of
from simulator.machinery.custom.rule_programs import Scope
from tests.proof.follows import follows

Obj = dict[str, Any]


def most(schema: Obj, rule: str) -> int:
    shape = shape_of(schema)
    assert shape is not None
    scope = Scope.of(shape)
    return estimated(compiled(rule, scope.plain).tree, {"self": scope.shape, "oldSelf": scope.shape}).most


def bounded(schema: Obj, **limits: int | None) -> Obj:
    return {**schema, **{key: value for key, value in limits.items() if value is not None}}


def item(kind: str) -> Obj:
    if kind == "int-or-string":
        return {"x-kubernetes-int-or-string": True}
    if kind in ("duration", "date", "date-time"):
        return {"type": "string", "format": kind}
    return {"type": kind}


def array(kind: str) -> Any:
    return lambda most: bounded({"type": "array", "items": item(kind)}, maxItems=most)


def mapping(kind: str) -> Any:
    return lambda most: bounded({"type": "object", "additionalProperties": item(kind)}, maxProperties=most)


def map_of(inner: Obj) -> Any:
    return lambda most: bounded({"type": "object", "additionalProperties": inner}, maxProperties=most)


def array_of(inner: Obj) -> Any:
    return lambda most: bounded({"type": "array", "items": inner}, maxItems=most)


def text(**more: Any) -> Any:
    return lambda most: bounded({"type": "string", **more}, maxLength=most)


_PAIR = {"required": {"type": "string"}, "optional": {"type": "string"}}
_OBJECT = {"type": "object", "required": ["required"], "properties": _PAIR}
_NUMBERS = {"type": "array", "items": {"type": "number"}}
_NUMBER_MAP = {"type": "object", "additionalProperties": {"type": "number"}}


def nested(most: int | None) -> Obj:
    """`genNestedSpecWithRule`."""
    return bounded(
        {"type": "object", "additionalProperties": bounded({"type": "string"}, maxLength=most)}, maxProperties=most
    )


def deep(most: int | None) -> Obj:
    """`genOneMaxNestedSpecWithRootRule`: only the map has a bound."""
    inner = bounded({"type": "object", "additionalProperties": _OBJECT}, maxProperties=most)
    return {"type": "array", "items": inner}


def deep_bounded(most: int | None) -> Obj:
    return bounded(deep(most), maxItems=most)


def texts(most: int | None) -> Obj:
    return bounded({"type": "array", "items": bounded({"type": "string"}, maxLength=most)}, maxItems=most)


def replacing(most: int | None) -> Obj:
    fields = {
        "str": bounded({"type": "string"}, maxLength=most),
        "before": {"type": "string", "maxLength": 2},
        "after": {"type": "string", "maxLength": 4},
    }
    return {"type": "object", "properties": fields}


def splitting(most: int | None) -> Obj:
    one = bounded({"type": "string"}, maxLength=most)
    return {"type": "object", "properties": {"str": one, "separator": one}}


ALL = "self.all(x, true)"
#: Name, schema, rule, cost without a bound, bound, cost with it.
CASES = [
    ("number array with all", array("number"), ALL, 4718591, 10, 32),
    ("string array with all", array("string"), ALL, 3145727, 20, 62),
    ("boolean array with all", array("boolean"), ALL, 1887437, 5, 17),
    ("array of number arrays with all", array_of(_NUMBERS), ALL, 3145727, 100, 302),
    ("map of numbers with all", mapping("number"), ALL, 1348169, 10, 32),
    ("map of numbers with has", mapping("number"), "has(self.x)", None, 100, None),
    ("map of strings with all", mapping("string"), ALL, 1179647, 3, 11),
    ("map of booleans with all", mapping("boolean"), ALL, 943718, 100, 302),
    ("string with contains", text(), "self.contains('test')", 314574, 10, 5),
    ("string with startsWith", text(), "self.startsWith('test')", 2, 15, 2),
    ("string with endsWith", text(), "self.endsWith('test')", 2, 30, 2),
    ("concat string", text(), 'size(self + "hello") > size("hello")', 314578, 4, 7),
    ("index of array with numbers", array("number"), "self[1] == 0.0", 2, 5000, 2),
    ("index of array with strings", array("string"), "self[1] == self[1]", 314577, 8, 314577),
    ("O(n^2) loop with numbers", array("number"), "self.all(x, self.all(y, true))", None, 10, 352),
    ("O(n^3) loop with numbers", array("number"), "self.all(x, self.all(y, self.all(z, true)))", None, 10, 3552),
    ("regex matches simple", text(), 'self.matches("x")', 314574, 50, 22),
    ("regex matches empty string", text(), '"".matches("(((((((((())))))))))[0-9]")', 7, 10, 7),
    ("regex matches empty regex", text(), 'self.matches("")', 1, 100, 1),
    ("map of strings with value length", nested, "self.all(x, x.contains(self[x]))", 2752507, 10, 72),
    ("set array maxLength to zero", array("number"), "self[3] == 0.0", 2, 0, 2),
    ("set map maxLength to zero", mapping("number"), 'self["x"] == 0.0', 2, 0, 2),
    ("set string maxLength to zero", text(), 'self == "x"', 2, 0, 1),
    ("set bytes maxLength to zero", text(format="byte"), 'self == b"x"', 2, 0, 1),
    ("greater than estimated maxLength", array("number"), "self.all(x, x == 0.0)", 6291454, 3 * 1024 * 2048, 25165826),
    ("all supporting maxLength", deep_bounded, 'self.all(x, x["y"].required == "z")', 7340027, 10, 72),
    ("one supporting maxLength", deep, 'self.all(x, x["y"].required == "z")', 7340027, 10, 7340027),
    ("int-or-string array with all", array("int-or-string"), ALL, 4718591, 10, 32),
    ("index of array with int-or-strings", array("int-or-string"), "self[0] == 5", 3, 10, 3),
    ("index of array with booleans", array("boolean"), "self[0] == false", 2, 25, 2),
    ("index of array of objects", array_of(_OBJECT), "self[0] == null", 2, 422, 2),
    ("index of array of array of numbers", array_of(_NUMBERS), "self[0][0] == -1.0", 3, 51, 3),
    ("array of number maps with all", array_of(_NUMBER_MAP), "self.all(x, x.y == 25.2)", 6291452, 12, 74),
    ("index of array of number maps", array_of(_NUMBER_MAP), "self[0].x > 2.0", 4, 3000, 4),
    ("duration array with all", array("duration"), ALL, 2359295, 5, 17),
    ("index of duration array", array("duration"), "self[0].getHours() == 2", 4, 525, 4),
    ("date array with all", array("date"), ALL, 725936, 15, 47),
    ("index of date array", array("date"), "self[2].getDayOfMonth() == 13", 4, 42, 4),
    ("date-time array with all", array("date-time"), ALL, 428963, 25, 77),
    ("index of date-time array", array("date-time"), "self[2].getMinutes() == 45", 4, 99, 4),
    ("map of int-or-strings with all", mapping("int-or-string"), ALL, 1348169, 15, 47),
    ("map of objects with all", map_of(_OBJECT), ALL, 428963, 20, 62),
    ("map of number maps with all", map_of(_NUMBER_MAP), ALL, 1179647, 10, 32),
    ("map of number arrays with all", map_of(_NUMBERS), ALL, 1179647, 25, 77),
    ("map of durations with all", mapping("duration"), ALL, 1048577, 5, 17),
    ("map of dates with all", mapping("date"), ALL, 524288, 10, 32),
    ("map of date-times with all", mapping("date-time"), ALL, 349526, 25, 77),
    ("extended library regex find", text(), "self.find('[0-9]+') == ''", 629147, 10, 11),
    ("extended library join", texts, "self.join(' ') == 'aa bb'", 329853068905, 10, 43),
    ("extended library isSorted", texts, "self.isSorted() == true", 329854432052, 10, 52),
    ("extended library replace", replacing, "self.str.replace(self.before, self.after) == 'does not matter'", 629154, 4, 12),
    ("extended library split", splitting, "self.str.split(self.separator) == []", 629160, 10, 22),
    ("extended library lowerAscii", text(), "self.lowerAscii() == 'lower!'", 314575, 10, 6),
    ("check cost of size call", mapping("integer"), "oldSelf.size() == self.size()", 5, 10, 5),
    ("check cost of timestamp comparison", mapping("date-time"), 'self["a"] == self["b"]', 8, 7, 8),
    ("check cost of duration comparison", mapping("duration"), 'self["c"] == self["d"]', 8, 42, 8),
    ("enums", text(enum=["A", "B", "C", "LongValue"]), "self.contains('A')", 2, 1000, 401),
]  # fmt: skip


@follows(
    "CEL: cost",
    "staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/compilation_test.go: TestCostEstimation",
    "checker/cost.go",
)
@pytest.mark.parametrize(
    ("schema", "rule", "free", "bound", "held"), [pytest.param(*case[1:], id=case[0]) for case in CASES]
)
def test_what_a_rule_may_cost(schema: Any, rule: str, free: int | None, bound: int, held: int | None) -> None:
    if free is not None:
        assert most(schema(None), rule) == free
    if held is not None:
        assert most(schema(bound), rule) == held


@pytest.mark.parametrize(
    "rule", [pytest.param("self.all(x, self.all(y, true))", id="twice"), pytest.param("self.all(x, self.all(y, self.all(z, true)))", id="three times")]
)  # fmt: skip
def test_loops_in_loops_over_unbounded_lists_cost_too_much(rule: str) -> None:
    assert most(array("number")(None), rule) > 10_000_000


@pytest.mark.parametrize("kind", ["number", "string", "boolean", "duration", "date", "date-time", "int-or-string"])
def test_a_look_is_free(kind: str) -> None:
    assert most(mapping(kind)(None), "has(self.x)") <= 1
