"""Rules of a schema, compiled against its types: `apiextensions-apiserver/pkg/apiserver/schema/cel/compilation.go` (1.33)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.machinery.cel import types
from simulator.machinery.cel.checking import Declarations
from simulator.machinery.cel.costs import estimated
from simulator.machinery.cel.errors import CompileError
from simulator.machinery.cel.programs import Program, compiled
from simulator.machinery.cel.shapes import LARGEST_REQUEST, Shape, shape_of

Obj = dict[str, Any]

RULES = "x-kubernetes-validations"
#: Upstream makes up a new name each time, so that nobody depends on it.
_SELF_TYPE = "selfType0"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, ready to be asked."""

    program: Program
    name: str
    """What errors call it: its message, or its text."""
    uses_old: bool
    is_optional: bool
    """Whether `oldSelf` is an optional value."""
    reason: str
    field_path: str
    message: str
    message_expression: str
    message_program: Program | None


@dataclass(frozen=True, slots=True)
class Scope:
    """What rules at one place of a schema may name."""

    shape: Shape
    plain: Declarations
    optional: Declarations

    @classmethod
    def of(cls, shape: Shape) -> Scope:
        named = shape.named(_SELF_TYPE)
        objects = named.objects()
        plain = Declarations({"self": named.type, "oldSelf": named.type}, objects)
        optional = Declarations({"self": named.type, "oldSelf": types.optional_of(named.type)}, objects)
        return cls(named, plain, optional)

    def declared(self, rule: Obj) -> Declarations:
        return self.optional if rule.get("optionalOldSelf") else self.plain

    def cost(self, program: Program) -> int:
        return estimated(program.tree, {"self": self.shape, "oldSelf": self.shape}).most

    @property
    def cardinality(self) -> int:
        """How many such values a request may hold, when nothing else bounds them (`maxCardinality`)."""
        return LARGEST_REQUEST // (self.shape.least + 1)


def rules_of(schema: Obj, *, is_root: bool) -> tuple[Rule, ...]:
    """The rules at this place, none below it. Raises CompileError, which definitions that are accepted never do."""
    shape = shape_of(schema, is_root=is_root)
    if shape is None:
        return ()
    scope = Scope.of(shape)
    return tuple(_rule(one, scope) for one in schema[RULES] if one.get("rule", "").strip())


def _rule(rule: Obj, scope: Scope) -> Rule:
    declared = scope.declared(rule)
    program = compiled(rule["rule"], declared)
    message, expression = (rule.get("message") or "").strip(), rule.get("messageExpression") or ""
    return Rule(
        program=program,
        name=message or rule["rule"].strip(),
        uses_old=program.names("oldSelf"),
        is_optional=bool(rule.get("optionalOldSelf")),
        reason=rule.get("reason") or "",
        field_path=rule.get("fieldPath") or "",
        message=message,
        message_expression=expression,
        message_program=_message_program(expression, declared),
    )


def _message_program(expression: str, declared: Declarations) -> Program | None:
    if not expression.strip():
        return None
    try:
        return compiled(expression, declared)
    except CompileError:
        return None
