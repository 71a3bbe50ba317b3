"""Rules in CEL inside a schema (`x-kubernetes-validations`): what they are asked about, and what they say.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules; counterpart of
`apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go` (1.33). A rule that speaks of `oldSelf` is a transition rule: it is asked
on updates only, where there is a value to compare with. Other rules are not asked again about a value that did not change.

Left out: `optionalOldSelf`, the cost budget, and types: an expression is compiled against no schema, so a wrong field shows when it runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from simulator.machinery.custom.validation import ABSENT, counterpart, json_type
from simulator.machinery.expressions import KEYWORDS, ExpressionError, evaluate
from simulator.machinery.validation.field_errors import FieldError, duplicate, forbidden, invalid, required

Obj = dict[str, Any]

RULES = "x-kubernetes-validations"
_OLD = re.compile(r"\boldSelf\b")
_LONGEST_MESSAGE = 5_120
_SIGNS = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_SIGN = re.compile("__|[./-]")


def has_rules(schema: Any) -> bool:
    """Whether any rule stands anywhere in a schema."""
    if isinstance(schema, dict):
        return RULES in schema or any(has_rules(one) for one in schema.values())
    return isinstance(schema, list) and any(has_rules(one) for one in schema)


def judged(obj: Obj, schema: Obj, old: Any = ABSENT) -> list[FieldError]:
    """Findings of every rule of the schema about the object, outermost first."""
    return list(_judged(obj, schema, "", old, is_root=True))


def _judged(value: Any, schema: Obj, path: str, old: Any, *, is_root: bool = False) -> Iterator[FieldError]:
    if value is None:
        return
    unchanged = old is not ABSENT and value == old
    for rule in schema.get(RULES) or ():
        is_transition = _OLD.search(rule["rule"]) is not None
        if (is_transition and old is ABSENT) or (unchanged and not is_transition):
            continue
        yield from _asked(rule, value, schema, path, old, is_root=is_root)
    yield from _inside(value, schema, path, old)


def _inside(value: Any, schema: Obj, path: str, old: Any) -> Iterator[FieldError]:
    if isinstance(value, list) and isinstance(items := schema.get("items"), dict):
        is_map = schema.get("x-kubernetes-list-type") == "map"
        for index, one in enumerate(value):
            before = counterpart(schema, old, one, index) if is_map else ABSENT
            yield from _judged(one, items, f"{path}[{index}]", before)
    elif isinstance(value, dict):
        properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
        past = old if isinstance(old, dict) else {}
        for name in sorted(value):
            inner = properties.get(name, others)
            if isinstance(inner, dict):
                where = f"{path}.{name}" if path else name
                where = f"{path}[{name}]" if name not in properties else where
                yield from _judged(value[name], inner, where, past.get(name, ABSENT))


def _asked(rule: Obj, value: Any, schema: Obj, path: str, old: Any, *, is_root: bool) -> Iterator[FieldError]:
    variables = {"self": in_cel(value, schema, is_root=is_root)}
    if old is not ABSENT:
        variables["oldSelf"] = in_cel(old, schema, is_root=is_root)
    kind = schema.get("type") or json_type(value)
    try:
        if evaluate(rule["rule"], variables) is True:
            return
    except ExpressionError as error:
        yield invalid(path or "<nil>", kind, f"rule evaluation error: {error}: {rule['rule'].strip()}")
        return
    where = f"{path}{rule['fieldPath']}" if rule.get("fieldPath") else path
    yield _finding(rule, where.removeprefix(".") or "<nil>", kind, _message(rule, variables))


def _message(rule: Obj, variables: Obj) -> str:
    """`messageExpression` first; one that fails or gives no single line leaves the choice to the rest."""
    if rule.get("messageExpression"):
        try:
            found = evaluate(rule["messageExpression"], variables)
        except ExpressionError:
            found = ""
        text = found.strip() if isinstance(found, str) else ""
        if text and "\n" not in text and len(text) <= _LONGEST_MESSAGE:
            return text
    if rule.get("message"):
        return str(rule["message"]).strip()
    return f"failed rule: {rule['rule'].strip()}"


def _finding(rule: Obj, path: str, kind: str, says: str) -> FieldError:
    match rule.get("reason"):
        case "FieldValueForbidden":
            return forbidden(path, says)
        case "FieldValueRequired":
            return required(path, says)
        case "FieldValueDuplicate":
            return duplicate(path, kind)
    return invalid(path, kind, says)


# Values


def in_cel(value: Any, schema: Obj, *, is_root: bool = False) -> Any:
    """The value as an expression sees it: fields under names that CEL can write, numbers of the declared type."""
    if isinstance(value, dict):
        properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
        seen = {}
        for name, inner in value.items():
            child = properties.get(name, others)
            if is_root and name == "metadata":
                seen[name] = {key: inner[key] for key in ("name", "generateName") if key in inner}
            else:
                seen[escaped(name) if name in properties else name] = in_cel(
                    inner, child if isinstance(child, dict) else {}
                )
        return seen
    if isinstance(value, list):
        items = schema.get("items")
        return [in_cel(one, items if isinstance(items, dict) else {}) for one in value]
    if schema.get("type") == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def escaped(name: str) -> str:
    """`apiserver/pkg/cel/escaping.go: Escape`."""
    if name in KEYWORDS:
        return f"__{name}__"
    return _SIGN.sub(lambda found: _SIGNS[found.group()], name)
