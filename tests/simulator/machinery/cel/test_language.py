"""The language: what is read, what is wrong with it in whose words, what it gives. Cases of google/cel-go, where named."""

from typing import Any

import pytest

from simulator.machinery.cel import types
from simulator.machinery.cel.checking import Declarations
from simulator.machinery.cel.errors import CompileError
from simulator.machinery.cel.programs import compiled
from tests.proof.follows import follows

STARTS = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
)
MESSAGE = types.object_type("Message")
DECLARED = Declarations(
    {
        "x": types.DYN, "n": types.INT, "d": types.DOUBLE, "s": types.STRING, "b": types.BOOL, "l": types.list_of(types.STRING),
        "m": types.map_of(types.STRING, types.INT), "o": MESSAGE, "is": types.DYN,
    },
    {"Message": {"foo": types.STRING, "num": types.INT, "inner": MESSAGE, "list": types.list_of(MESSAGE)}},
)  # fmt: skip
VALUES = {
    "x": {"a": {"b": 1}, "list": [1, 2, 3], "none": None}, "n": 5, "d": 2.5, "s": "abc", "b": True, "l": ["a", "b"], "m": {"z": 1},
    "o": {"foo": "bar", "num": 7, "list": [{"foo": "one"}, {}]},
}  # fmt: skip


def run(text: str) -> Any:
    outcome = compiled(text, DECLARED).run(VALUES)
    return outcome.value if outcome.error is None else outcome.error


def wrong(text: str) -> list[tuple[int, str]]:
    """(column, message) of every issue."""
    with pytest.raises(CompileError) as refused:
        compiled(text, DECLARED)
    return [(issue.at + 1, issue.message) for issue in refused.value.issues]


@follows("CEL: reading", "parser/parser_test.go")
@pytest.mark.parametrize(
    ("text", "issues"),
    [
        pytest.param("1 + $", [(5, "Syntax error: token recognition error at: '$'"), (6, f"Syntax error: mismatched input '<EOF>' expecting {STARTS}")], id="no token"),
        pytest.param("1 + +", [(5, f"Syntax error: mismatched input '+' expecting {STARTS}")], id="no operand"),
        pytest.param("1 + 2\n3 +", [(7, "Syntax error: mismatched input '3' expecting <EOF>")], id="more after the end"),
        pytest.param("in", [(1, f"Syntax error: mismatched input 'in' expecting {STARTS}")], id="in"),
        pytest.param("?", [(1, f"Syntax error: mismatched input '?' expecting {STARTS}")], id="question mark"),
        pytest.param("{a}", [(3, "Syntax error: mismatched input '}' expecting ':'")], id="entry without a value"),
        pytest.param("ind[a{b}]", [(8, "Syntax error: mismatched input '}' expecting ':'")], id="structure without a value"),
        pytest.param("--", [(3, "Syntax error: no viable alternative at input '-'"), (3, f"Syntax error: mismatched input '<EOF>' expecting {STARTS}")], id="minus of nothing"),
        pytest.param('{"a": 1}."a"', [(10, "Syntax error: no viable alternative at input '.\"a\"'")], id="text as a field"),
        pytest.param("TestAllTypes(){}", [(15, "Syntax error: mismatched input '{' expecting <EOF>")], id="brace after a call"),
        pytest.param("size(s", [(7, "Syntax error: missing ')' at '<EOF>'")], id="open call"),
        pytest.param("(n s)", [(4, "Syntax error: extraneous input 's' expecting ')'")], id="superfluous"),
        pytest.param("as", [(1, "reserved identifier: as")], id="as"),
        pytest.param("namespace", [(1, "reserved identifier: namespace")], id="namespace"),
        pytest.param("1.all(2, 3)", [(7, "argument must be a simple name")], id="no variable"),
        pytest.param("has(n)", [(5, "invalid argument to has() macro")], id="has without a field"),
        pytest.param("[1].map(__result__, 1)", [(9, "iteration variable overwrites accumulator variable: __result__")], id="accumulator"),
        pytest.param("9223372036854775808", [(1, "invalid int literal")], id="too large"),
    ],
)  # fmt: skip
def test_what_is_no_expression(text: str, issues: list[tuple[int, str]]) -> None:
    assert wrong(text) == issues


def test_an_issue_shows_its_line_and_place() -> None:
    """`common/error.go: ToDisplayString`."""
    with pytest.raises(CompileError) as refused:
        compiled("n > 1 &&\n  o.bar == 'x' || z", DECLARED)
    assert str(refused.value) == (
        "ERROR: <input>:2:4: undefined field 'bar'\n"
        " |   o.bar == 'x' || z\n"
        " | ...^\n"
        "ERROR: <input>:2:19: undeclared reference to 'z' (in container '')\n"
        " |   o.bar == 'x' || z\n"
        " | ..................^"
    )


@follows("CEL: types", "checker/checker_test.go", "checker/errors.go")
@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        pytest.param("zip", 1, "undeclared reference to 'zip' (in container '')", id="variable"),
        pytest.param("zip(1)", 4, "undeclared reference to 'zip' (in container '')", id="function"),
        pytest.param("o.bar", 2, "undefined field 'bar'", id="field"),
        pytest.param("n.bar", 2, "type 'int' does not support field selection", id="no fields"),
        pytest.param("n == s", 3, "found no matching overload for '_==_' applied to '(int, string)'", id="equality"),
        pytest.param("n == 1.0", 3, "found no matching overload for '_==_' applied to '(int, double)'", id="equality of numbers"),
        pytest.param("o.foo == null", 7, "found no matching overload for '_==_' applied to '(string, null)'", id="null"),
        pytest.param("n + d", 3, "found no matching overload for '_+_' applied to '(int, double)'", id="sum"),
        pytest.param("s.size(1)", 7, "found no matching overload for 'size' applied to 'string.(int)'", id="method"),
        pytest.param("size(n)", 5, "found no matching overload for 'size' applied to '(int)'", id="argument"),
        pytest.param("n in l", 3, "found no matching overload for '@in' applied to '(int, list(string))'", id="membership"),
        pytest.param("!n", 1, "found no matching overload for '!_' applied to '(int)'", id="not"),
        pytest.param("b ? 1 : 's'", 3, "found no matching overload for '_?_:_' applied to '(bool, int, string)'", id="branches"),
        pytest.param("[1, 's']", 5, "expected type 'int' but found 'string'", id="mixed list"),
        pytest.param("{'a': 1, 'b': 's'}", 15, "expected type 'int' but found 'string'", id="mixed map"),
        pytest.param("n.all(i, true)", 1, "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)", id="range"),
        pytest.param("l.all(i, 1)", 6, "found no matching overload for '_&&_' applied to '(bool, int)'", id="predicate"),
        pytest.param("m['a'] == 's'", 8, "found no matching overload for '_==_' applied to '(int, string)'", id="value of a map"),
        pytest.param("s.matches('[')", 11, "invalid matches argument", id="pattern"),
        pytest.param("duration('1 day')", 10, "invalid duration argument", id="duration"),
        pytest.param("timestamp('tomorrow')", 11, "invalid timestamp argument", id="timestamp"),
        pytest.param("math.greatest(1, 2)", 1, "undeclared reference to 'math' (in container '')", id="no such library"),
        pytest.param("Object{}", 7, "undeclared reference to 'Object' (in container '')", id="no objects here"),
    ],
)  # fmt: skip
def test_what_does_not_fit(text: str, at: int, says: str) -> None:
    assert wrong(text)[0] == (at, says)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3 - 8 / 3", 5),
        ("-7 / 2 == -3 && -7 % 2 == -1", True),
        ("1u + 2u == 3u", True),
        ("2.5 * 2.0", 5.0),
        ("n < 5.5 && 5 <= n", True),
        ("'a' + \"b\" + '''c''' + r'\\d'", "abc\\d"),
        ("b'\\xff' == b\"\\377\"", True),
        ("'\\u263a'", "\u263a"),
        ("!false && !!true", True),
        ("b ? 'yes' : 'no'", "yes"),
        ("'b' in l && 'z' in m", True),
        ("l[1] + string(m.z) + string(m['z'])", "b11"),
        ("x.a.b == 1 && x['a']['b'] == 1", True),
        ("has(x.a.b) && !has(x.a.c) && !has(x.none.c)", True),
        ("[1, 2, 3].map(i, i * 2)", [2, 4, 6]),
        ("[1, 2, 3].map(i, i > 1, i * 2)", [4, 6]),
        ("[1, 2, 3].filter(i, i != 2)", [1, 3]),
        ("m.all(k, m[k] > 0) && l.exists(i, i == 'a') && l.exists_one(i, i == 'a')", True),
        ("['a', 'b'].all(i, v, i < 2 && v != '')", True),
        ("['a', 'b'].transformList(i, v, v + string(i))", ["a0", "b1"]),
        ("{'a': 1, 'b': 2}.transformMap(k, v, k != 'a', v * 10)", {"b": 20}),
        ("{'a': 'x'}.transformMapEntry(k, v, {v: k})", {"x": "a"}),
        ("l.existsOne(i, v, v == 'a')", True),
        ("type(1) == int && type('') == string && type([]) == list && type(type(1)) == type", True),
        ("size('\u263a') == 1 && 'abc'.size() == 3 && size(m) == 1", True),
        ("int('42') + int(2.9) + int(1u)", 45),
        ("double('1.5') + double(1)", 2.5),
        ("string(1.0) + string(true) + string(2u)", "1true2"),
        ("bool('true')", True),
        ("duration('90m').getHours()", 1),
        ("string(duration('1h') + duration('30m'))", "5400s"),
        ("timestamp('2024-02-29T12:30:00Z').getDayOfMonth()", 28),
        ("timestamp('2024-02-29T23:30:00Z').getDate('+02:00')", 1),
        ("string(timestamp('2024-02-29T12:30:00Z') + duration('1d' == '1d' ? '24h' : '0s'))", "2024-03-01T12:30:00Z"),
        ("timestamp('2024-01-02T00:00:00Z') - timestamp('2024-01-01T00:00:00Z') == duration('24h')", True),
        ("x.?a.?b.orValue(0) + x.?z.orValue(10)", 11),
        ("x.?z.?y.hasValue()", False),
        ("x.?list[1].orValue(0)", 2),
        ("[1, 2][?5].orValue(-1)", -1),
        ("{'k': 1}[?'k'].value()", 1),
        ("[?x.?z, ?x.a.?b]", [1]),
        ("{?'a': x.?z, 'b': 2}", {"b": 2}),
        ("optional.of(3).optMap(v, v + 1).value()", 4),
        ("optional.none().or(optional.of(1)).value()", 1),
        ("optional.ofNonZeroValue('').hasValue()", False),
        ("o.?foo.optFlatMap(f, optional.of(f + '!')).orValue('')", "bar!"),
        ("o.list.map(e, e.?foo.orValue('none'))", ["one", "none"]),
    ],
)  # fmt: skip
def test_what_expressions_give(text: str, value: Any) -> None:
    assert run(text) == value


@follows("CEL: evaluation", "interpreter/interpreter_test.go", "common/types/int.go", "interpreter/attributes.go")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x.z", "no such key: z"),
        ("x.none.z", "no such key: z"),
        ("m['q']", "no such key: q"),
        ("l[2]", "index out of bounds: 2"),
        ("1 / 0", "division by zero"),
        ("1 % 0", "modulus by zero"),
        ("9223372036854775807 + 1", "integer overflow"),
        ("uint(-1)", "unsigned integer overflow"),
        ("int('x')", "type conversion error from 'string' to 'int'"),
        ("x.a + 1", "no such overload"),
        ("x.a && true", "no such overload"),
        ("optional.none().value()", "optional.none() dereference"),
        ("{'a': 1, 'a': 2}", "Failed with repeated key: a"),
        ("'abc'.substring(5)", "index out of range: 5"),
        ("'%d'.format(['x'])", "error during formatting: decimal clause can only be used on integers, was given string"),
        ("[].min()", "min called on empty list"),
        ("is.missing", "no such attribute(s): is"),
    ],
)  # fmt: skip
def test_what_has_no_value(text: str, says: str) -> None:
    assert str(run(text)) == says


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("false && 1 / 0 == 1", False, id="and, decided first"),
        pytest.param("1 / 0 == 1 && false", False, id="and, decided last"),
        pytest.param("1 / 0 == 1 || true", True, id="or"),
        pytest.param("[0, 1].exists(i, 1 / i == 1)", True, id="exists"),
        pytest.param("[0, 2].all(i, 1 / i == 1)", False, id="all"),
    ],
)
def test_a_failure_does_not_matter_when_the_other_side_decides(text: str, value: bool) -> None:
    assert run(text) is value


@pytest.mark.parametrize("text", ["[0, 2].exists(i, 1 / i == 1)", "[0, 1].all(i, 1 / i == 1)", "1 / 0 == 1 && true"])
def test_a_failure_stays_one_when_nothing_decides(text: str) -> None:
    assert str(run(text)) == "division by zero"


@follows("CEL: cost", "interpreter/runtimecost_test.go", "interpreter/runtimecost.go")
@pytest.mark.parametrize(
    ("text", "cost"),
    [
        pytest.param('"literal"', 0, id="literal"),
        pytest.param("n", 1, id="variable"),
        pytest.param("x.a", 2, id="selection"),
        pytest.param("x['a']", 2, id="index"),
        pytest.param("l[0]", 2, id="index of a list"),
        pytest.param("n == 3", 2, id="comparison"),
        pytest.param("s == 'abc'", 2, id="comparison of texts"),
        pytest.param("[]", 10, id="list"),
        pytest.param("{}", 30, id="map"),
        pytest.param("[1, 2, 3].all(i, true)", 10 + 3 * 3 + 1, id="all"),
        pytest.param("b || n == 1", 1, id="or stops"),
        pytest.param("b && n == 1", 3, id="and goes on"),
        pytest.param("b ? n : 0", 2, id="branch"),
    ],
)
def test_what_an_evaluation_costs(text: str, cost: int) -> None:
    assert compiled(text, DECLARED).run(VALUES).cost == cost
