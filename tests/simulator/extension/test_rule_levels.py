"""Rules of custom resources at every level of a schema, as apiextensions-apiserver's own table evaluates and refuses them."""

from typing import Any

import pytest

from tests.proof.follows import follows
from tests.simulator.extension.rule_schemas import INT, RULES, STR, UPSTREAM, Obj, judged, many, mapped, obj, with_rule

NO_OVERLOAD = "found no matching overload for '_==_' applied to '(int, string)'"
WRONG = "self == 'abc'"
WRONG_M, FAILING_M = with_rule(obj(m=INT), "self.m == 'abc'"), with_rule(obj(m=INT), "self.m == 2")


@follows("Custom resources", UPSTREAM + "TestValidationExpressionsAtSchemaLevels")
@pytest.mark.parametrize("has_parent", [False, True], ids=["", "parent has rule"])
@pytest.mark.parametrize(
    ("name", "schema", "value", "path", "says"),
    [
        pytest.param("f", many(with_rule(INT, WRONG)), [1], "f[0]", NO_OVERLOAD, id="under array items"),
        pytest.param(
            "f", mapped(with_rule(INT, WRONG)), {"k": 1}, "f[k]", NO_OVERLOAD, id="under additionalProperties"
        ),
        pytest.param("f", WRONG_M, {"m": 1}, "f", NO_OVERLOAD, id="under unescaped field name"),
        pytest.param("f/2", WRONG_M, {"m": 1}, "f/2", NO_OVERLOAD, id="under escaped field name"),
        pytest.param(
            "f/2",
            FAILING_M,
            {"m": 1},
            "f/2",
            'Invalid value: "object": failed rule: self.m == 2',
            id="failing, escaped",
        ),
        pytest.param("a@b", WRONG_M, {"m": 1}, "a@b", NO_OVERLOAD, id="under unescapable field name"),
        pytest.param(
            "a@b",
            FAILING_M,
            {"m": 1},
            "a@b",
            'Invalid value: "object": failed rule: self.m == 2',
            id="failing, unescapable",
        ),
    ],
)
def test_rules_at_every_level(name: str, schema: Obj, value: Any, path: str, says: str, has_parent: bool) -> None:
    whole = obj(**{name: schema})
    found = judged(with_rule(whole, "1 == 1") if has_parent else whole, {name: value})
    assert len(found) == 1
    assert found[0].startswith(f"{path}: Invalid value: ")
    assert says in found[0]


def said(rule: str, message: str) -> Obj:
    return {RULES: [{"rule": rule, "message": message}]}


NOT_VALUE = {"rule": 'self == "value2" || self != "value"', "message": "must be value2 or not value"}
OF_FIVE = {"rule": "self.size() == 5", "message": "len must be 5"}
BOTH_KEYS = said("self.key == 'value' && self.key2 == 'value2'", "key must be 'value' and key2 must be 'value2'")
DIFFER = said("self.key != self.key2", "key must not be equal to key2")
KEYS = obj(key=STR, key2=STR)
SELECTOR = obj(matchExpressions=many(obj(key=STR, operator=STR, values=many(STR))))


@follows("Custom resources", UPSTREAM + "TestValidationExpressionsAtSchemaLevels")
@pytest.mark.parametrize(
    ("schema", "value", "says"),
    [
        pytest.param(
            {**KEYS, "allOf": [BOTH_KEYS, DIFFER]},
            {"key": "value", "key2": "value"},
            [
                'Invalid value: "object": key must be \'value\' and key2 must be \'value2\'',
                'Invalid value: "object": key must not be equal to key2',
            ],
            id="allOf rule",
        ),
        *(
            pytest.param(with_rule({**KEYS, where: found}, "true"), {"key": "value", "key2": "value"}, [], id=f"{where} rule ignored")
            for where, found in (("anyOf", [BOTH_KEYS, DIFFER]), ("oneOf", [BOTH_KEYS, DIFFER]), ("not", BOTH_KEYS))
        ),
        pytest.param(
            obj(myList=many(STR, allOf=[{"items": {RULES: [OF_FIVE]}}, {"items": {RULES: [NOT_VALUE]}}])),
            {"myList": ["value", "value2"]},
            [
                'myList[0]: Invalid value: "string": must be value2 or not value',
                'myList[1]: Invalid value: "string": len must be 5',
            ],
            id="allOf.items",
        ),
        pytest.param(
            obj(myProperty={**mapped(STR), "allOf": [{"additionalProperties": {RULES: [NOT_VALUE, OF_FIVE]}}]}),
            {"myProperty": {"key": "value", "key2": "value2"}},
            [
                'myProperty[key2]: Invalid value: "string": len must be 5',
                'myProperty[key]: Invalid value: "string": must be value2 or not value',
            ],
            id="allOf.additionalProperties",
        ),
        pytest.param(
            {**KEYS, "allOf": [{"properties": {"key": {RULES: [NOT_VALUE]}, "key2": {RULES: [OF_FIVE]}}}]},
            {"key": "value", "key2": "value2"},
            [
                'key2: Invalid value: "string": len must be 5',
                'key: Invalid value: "string": must be value2 or not value',
            ],
            id="allOf.properties",
        ),
        pytest.param(
            with_rule(SELECTOR, 'self.matchExpressions.all(rule, (rule.operator != "In" && rule.operator != "NotIn") || ((has(rule.values) && size(rule.values) > 0)))'),
            {"matchExpressions": [{"key": "tier", "operator": "In", "values": []}]},
            ["failed rule"],
            id="matchExpressions - values must be specified",
        ),
        pytest.param(
            with_rule(SELECTOR, 'self.matchExpressions.all(rule, size(rule.key) <= 63 && rule.key.matches("^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"))'),
            {"matchExpressions": [{"key": "badkey!", "operator": "Exists", "values": []}]},
            ["failed rule"],
            id="matchExpressions - invalid label value",
        ),
    ],
)  # fmt: skip
def test_rules_below_alternatives(schema: Obj, value: Any, says: list[str]) -> None:
    found = sorted(judged(schema, value))
    assert len(found) == len(says), found
    assert all(wanted in one for wanted, one in zip(says, found, strict=True)), found


@follows("Custom resources", UPSTREAM + "TestValidationExpressions")
@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param(STR, "exists", id="skipped transition rule for nil old primitive"),
        pytest.param(many(STR), [], id="skipped transition rule for nil old array"),
        pytest.param(obj(f=STR), {"f": "exists"}, id="skipped transition rule for nil old object"),
    ],
)
def test_rules_about_a_change_are_skipped_for_what_is_new(schema: Obj, value: Any) -> None:
    whole = obj(it=with_rule(schema, "oldSelf == self && false"))
    assert judged(whole, {"it": value}) == []
    assert judged(whole, {"it": value}, {"it": None}) == []
    assert len(judged(whole, {"it": value}, {"it": value})) <= 1
