"""Schemas and rules of custom resources (`x-kubernetes-validations`) for the tables of cases, and what apiextensions-apiserver's own table is."""

from typing import Any

import pytest

from simulator.machinery.custom import rules
from simulator.machinery.custom.ratcheting import ABSENT

Obj = dict[str, Any]
#: Schema, value, rules that hold, rules that fail with what is said of them.
Cases = dict[str, tuple[Obj, Any, list[str], dict[str, str]]]
UPSTREAM = "staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation_test.go: "
RULES = "x-kubernetes-validations"

INT, NUM, STR, BOOL = ({"type": kind} for kind in ("integer", "number", "string", "boolean"))
INT32, INT64 = ({"type": "integer", "format": size} for size in ("int32", "int64"))
FLOAT, DOUBLE = ({"type": "number", "format": size} for size in ("float", "double"))
BYTE, DURATION, DATE, DATETIME = (
    {"type": "string", "format": name} for name in ("byte", "duration", "date", "date-time")
)
INT_OR_STR = {"x-kubernetes-int-or-string": True}
KEEPS = {"x-kubernetes-preserve-unknown-fields": True}


def obj(**properties: Any) -> Obj:
    return {"type": "object", "properties": properties}


def vals(*schemas: Obj) -> Obj:
    return obj(**{f"val{index + 1}": one for index, one in enumerate(schemas)})


def objs(*values: Any) -> Obj:
    return {f"val{index + 1}": one for index, one in enumerate(values)}


def many(items: Obj, **more: Any) -> Obj:
    return {"type": "array", "items": items, **more}


def a_set(items: Obj) -> Obj:
    return many(items, **{"x-kubernetes-list-type": "set"})


def a_map(keys: list[str], items: Obj) -> Obj:
    return many(items, **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys})


def mapped(items: Obj) -> Obj:
    return {"type": "object", "additionalProperties": items}


def nullable(schema: Obj) -> Obj:
    return {**schema, "nullable": True}


def with_rule(schema: Obj, *found: str) -> Obj:
    return {**schema, RULES: [{"rule": one} for one in found]}


def same(literal: str, *names: str) -> str:
    """A rule: all these fields have the value of the literal."""
    return " && ".join(f"self.{one} == self.{names[0]} && self.{one} == {literal}" for one in names)


def judged(schema: Obj, value: Any, old: Any = ABSENT) -> list[str]:
    """What the rules of a schema say of a value."""
    return [str(error) for error in rules.judged(value, schema, old)]


def holding(cases: Cases) -> list[Any]:
    """Parameters: (name of the case, rule)."""
    return [pytest.param(name, rule, id=f"{name}: {rule}") for name, case in cases.items() for rule in case[2]]


def failing(cases: Cases) -> list[Any]:
    """Parameters: (name of the case, rule)."""
    return [pytest.param(name, rule, id=f"{name}: {rule}") for name, case in cases.items() for rule in case[3]]
