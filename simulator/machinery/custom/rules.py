"""Rules in CEL inside a schema (`x-kubernetes-validations`): what they are asked about, and what they say.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules; counterpart of
`apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go` (1.33). A rule that speaks of `oldSelf` is a transition rule: it is asked
where there is a value to compare with, or, with `optionalOldSelf`, always. What another rule finds in a value that did not change is a
warning (ratcheting). All rules together spend from one budget.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from simulator.machinery.cel.errors import CelError, CompileError, CostExceeded
from simulator.machinery.cel.values import NONE, some
from simulator.machinery.custom.ratcheting import ABSENT, Correlated, counterpart, is_correlatable
from simulator.machinery.custom.rule_programs import RULES, Rule, rules_of
from simulator.machinery.custom.rule_values import seen
from simulator.machinery.custom.validation import json_type
from simulator.machinery.validation.field_errors import FieldError, duplicate, forbidden, invalid, required

Obj = dict[str, Any]
Warn = Callable[[str], None]

#: What the rules about one object may cost together (`apis/cel/config.go: RuntimeCELCostBudget`).
BUDGET = 10_000_000
_LONGEST_MESSAGE = 5_120
_OUT_OF_BUDGET = "running out of cost budget, no further validation rules will be run"


@dataclass(frozen=True, eq=False)
class _Schema:
    """A schema told apart by identity: those of a definition live as long as it does."""

    value: Obj

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Schema) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def has_rules(schema: Any) -> bool:
    """Whether any rule stands anywhere in a schema."""
    return isinstance(schema, dict) and _has_rules(_Schema(schema))


@lru_cache(maxsize=512)
def _has_rules(schema: _Schema) -> bool:
    return _any_rule(schema.value)


def _any_rule(schema: Any) -> bool:
    if isinstance(schema, dict):
        return RULES in schema or any(_any_rule(one) for one in schema.values())
    return isinstance(schema, list) and any(_any_rule(one) for one in schema)


@lru_cache(maxsize=2_048)
def _rules(schema: _Schema, is_root: bool) -> tuple[Rule, ...] | str:
    try:
        return rules_of(schema.value, is_root=is_root)
    except CompileError as error:
        return f"rule compile error: {error.says}"


@lru_cache(maxsize=256)
def _within(schema: _Schema, nested: _Schema) -> Obj:
    """The schema with the rules of a part of its `allOf` in place of its own."""
    return _merged(schema.value, nested.value)


def _merged(schema: Obj, nested: Obj) -> Obj:
    found = _bare(schema)
    found |= {key: nested[key] for key in (RULES, "allOf") if nested.get(key)}
    for key in _BELOW:
        if isinstance(nested.get(key), dict) and isinstance(schema.get(key), dict):
            found[key] = _merged(schema[key], nested[key])
    for name, inner in (nested.get("properties") or {}).items():
        found.setdefault("properties", {})[name] = _merged((schema.get("properties") or {}).get(name) or {}, inner)
    return found


def _bare(schema: Obj) -> Obj:
    """The schema without any rule."""
    found = {key: value for key, value in schema.items() if key not in (RULES, "allOf", "anyOf", "oneOf", "not")}
    found |= {key: _bare(found[key]) for key in _BELOW if isinstance(found.get(key), dict)}
    if "properties" in found:
        found["properties"] = {name: _bare(inner) for name, inner in found["properties"].items()}
    return found


_BELOW = ("items", "additionalProperties")


class _Stop(Exception):
    """The budget is spent: no further rule is asked."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk is, and what stood there before."""

    path: str
    old: Any = ABSENT
    """The value that this one is compared with by `oldSelf`."""
    past: Correlated | None = None
    """This value, or the nearest one around it that has a counterpart: what rules find is forgiven while that is what it was."""
    has_counterpart: bool = False
    """Whether `past` is about this value itself."""
    is_root: bool = False

    @property
    def is_unchanged(self) -> bool:
        return self.past is not None and self.past.is_unchanged

    def below(self, key: str | int, path: str, old: Any, schema: Obj) -> _Place:
        found: Correlated | None = None
        if self.past is not None and self.has_counterpart:
            found = self.past.field(key) if isinstance(key, str) else self.past.element(key)
        old = ABSENT if old is None else old
        is_root = bool(schema.get("x-kubernetes-embedded-resource"))
        return _Place(path, old, found or self.past, has_counterpart=found is not None, is_root=is_root)


def judged(
    obj: Obj, schema: Obj, old: Any = ABSENT, warn: Warn = lambda _: None, budget: int = BUDGET
) -> list[FieldError]:
    """Findings of every rule of the schema about the object, outermost first."""
    walk = _Walk(warn, budget)
    past = Correlated.of(obj, old, schema)
    place = _Place("", old, past, has_counterpart=past is not None, is_root=True)
    with suppress(_Stop):
        walk.go(obj, schema, place)
    return walk.found


class _Walk:
    def __init__(self, warn: Warn, budget: int) -> None:
        self._warn = warn
        self._left = budget
        self.found: list[FieldError] = []

    def go(self, value: Any, schema: Obj, place: _Place) -> None:
        """Raises _Stop."""
        if value is None:
            return
        if schema.get(RULES):
            self._rules(value, schema, place)
        for nested in schema.get("allOf") or ():
            if has_rules(nested):
                self.go(
                    value, _within(_Schema(schema), _Schema(nested)), replace(place, past=None, has_counterpart=False)
                )
        if isinstance(value, list):
            self._list(value, schema, place)
        elif isinstance(value, dict):
            self._object(value, schema, place)

    def _list(self, value: list[Any], schema: Obj, place: _Place) -> None:
        items = schema.get("items")
        if not isinstance(items, dict) or not has_rules(items):
            return
        for index, one in enumerate(value):
            before = counterpart(schema, place.old, one)
            self.go(one, items, place.below(index, f"{place.path}[{index}]", before, items))

    def _object(self, value: Obj, schema: Obj, place: _Place) -> None:
        properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
        past = place.old if isinstance(place.old, dict) and is_correlatable(schema) else {}
        for name in sorted(value):
            inner = properties.get(name, others)
            if not isinstance(inner, dict) or not has_rules(inner):
                continue
            where = f"{place.path}.{name}" if place.path else name
            where = f"{place.path}[{name}]" if name not in properties else where
            self.go(value[name], inner, place.below(name, where, past.get(name, ABSENT), inner))

    # One value

    def _rules(self, value: Any, schema: Obj, place: _Place) -> None:
        kind = schema.get("type") or json_type(value)
        path = place.path or "<nil>"
        rules = _rules(_Schema(schema), place.is_root)
        if isinstance(rules, str):
            self.found.append(invalid(path, kind, rules))
            return
        if self._left <= 0:
            self._give_up(path, kind, f"validation failed due to {_OUT_OF_BUDGET}")
        given: Obj = {"self": seen(value, schema, is_root=place.is_root)}
        if any(rule.uses_old for rule in rules) and place.old is not ABSENT:
            given["oldSelf"] = seen(place.old, schema, is_root=place.is_root)
        for rule in rules:
            if rule.uses_old and not rule.is_optional and "oldSelf" not in given:
                continue
            known = given
            if rule.is_optional:
                known = {**given, "oldSelf": some(given["oldSelf"]) if "oldSelf" in given else NONE}
            self._ask(rule, known, place, path, kind)

    def _ask(self, rule: Rule, known: Obj, place: _Place, path: str, kind: str) -> None:
        try:
            outcome = rule.program.run(known)
        except CostExceeded as error:
            says = f"'{error}': no further validation rules will be run due to call cost exceeds limit for rule: {rule.name}"
            self._give_up(path, kind, says)
        if outcome.cost > self._left:
            self._give_up(path, kind, f"validation failed due to {_OUT_OF_BUDGET}")
        self._left -= outcome.cost
        if outcome.error is not None:
            self.found.append(invalid(path, kind, _failed(outcome.error, rule)))
        elif outcome.value is not True:
            self._add(rule, self._finding(rule, known, place, kind), place)

    def _add(self, rule: Rule, finding: FieldError, place: _Place) -> None:
        if place.is_unchanged and not rule.uses_old:
            self._warn(str(finding))
        else:
            self.found.append(finding)

    def _finding(self, rule: Rule, known: Obj, place: _Place, kind: str) -> FieldError:
        where = (f"{place.path}{rule.field_path}" if rule.field_path else place.path).removeprefix(".") or "<nil>"
        says = self._message(rule, known, where, kind)
        match rule.reason:
            case "FieldValueForbidden":
                return forbidden(where, says)
            case "FieldValueRequired":
                return required(where, says)
            case "FieldValueDuplicate":
                return duplicate(where, kind)
        return invalid(where, kind, says)

    def _message(self, rule: Rule, known: Obj, where: str, kind: str) -> str:
        """`messageExpression` first; one that fails or gives no single line leaves the choice to the rest."""
        if rule.message_program is not None:
            try:
                outcome = rule.message_program.run(known)
            except CostExceeded:
                says = "no further validation rules will be run due to call cost exceeds limit for messageExpression: "
                self._give_up(where, kind, f'{says}"{rule.message_expression}"')
            if outcome.cost > self._left:
                self._give_up(where, kind, f"messageExpression evaluation failed due to {_OUT_OF_BUDGET}")
            self._left -= outcome.cost
            text = outcome.value.strip() if isinstance(outcome.value, str) else ""
            if text and "\n" not in text and len(text.encode()) <= _LONGEST_MESSAGE:
                return text
        return rule.message or f"failed rule: {rule.name}"

    def _give_up(self, path: str, kind: str, says: str) -> None:
        self.found.append(invalid(path, kind, says))
        raise _Stop


def _failed(error: CelError, rule: Rule) -> str:
    says = str(error)
    if says.startswith("no such overload"):
        return f"'{says}': call arguments did not match a supported operator, function or macro signature for rule: {rule.name}"
    return f"{says} evaluating rule: {rule.name}"
