"""The door to expressions in CEL for everybody outside `machinery/cel`: compile, evaluate, and what a failure says.

https://kubernetes.io/docs/reference/using-api/cel/. The language takes a while to load and most clusters never hold an expression, so it
is loaded with the first one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from simulator.machinery.cel.errors import CelError, CompileError, CostExceeded
from simulator.machinery.cel.escaping import KEYWORDS

if TYPE_CHECKING:
    from simulator.machinery.cel.checking import Declarations
    from simulator.machinery.cel.checking import Declarations as Declared
    from simulator.machinery.cel.programs import Outcome
else:
    Declared = Any

__all__ = ["KEYWORDS", "Declared", "ExpressionError", "WrongShape"]

Obj = dict[str, Any]
#: What an expression has to be, by what it is for.
RETURNS = {
    "condition": ("bool",),
    "message": ("string",),
    "annotation": ("string", "null_type"),
    "apply": ("Object",),
    "patch": ("list(JSONPatch)",),
    "variable": (),
}


class ExpressionError(Exception):
    """The expression cannot be compiled, or has no value for what it was given."""


class WrongShape(ExpressionError):
    """The value of a mutation's expression is not what a mutation is made of."""


class TooExpensive(ExpressionError):
    """The expression did more than one evaluation may."""


def evaluate(expression: str, variables: Obj, *, authorizer: Any = None, scope: Declarations | None = None) -> Any:
    """The value as plain JSON: bool, int, float, str, list, dict or None. Raises ExpressionError.

    `authorizer`: what the function of that name gives, for expressions that may ask who may do what. Without a `scope` the variables given
    are those that may be named.
    """
    found: Any = _plain(run(expression, variables, authorizer=authorizer, scope=scope).value)
    return found


def run(expression: str, variables: Obj, *, authorizer: Any = None, scope: Declarations | None = None) -> Outcome:
    """The value as the language has it, with its cost. Raises ExpressionError."""
    given = dict(variables)
    if authorizer is not None:
        given |= {"authorizer": authorizer, "authorizer.requestResource": authorizer.about()}
    names = frozenset(given)
    try:
        program = _room("programs").compiled(expression, scope if scope is not None else _room("scopes").free(names))
        outcome: Outcome = program.run(given)
    except CompileError as error:
        raise ExpressionError(error.says) from error
    except CostExceeded as error:
        raise TooExpensive(str(error)) from error
    if outcome.error is not None:
        raise ExpressionError(str(outcome.error)) from outcome.error
    return outcome


def issue(expression: str, scope: Declarations, purpose: str = "condition") -> str:
    """Why the expression cannot be used for its purpose, or nothing (`admission/plugin/cel/compile.go: CompileCELExpression`)."""
    try:
        found = _room("programs").compiled(expression, scope).type
    except CompileError as error:
        return error.says
    wanted = RETURNS[purpose]
    if not wanted or (found.name if purpose in ("condition", "message", "annotation") else str(found)) in wanted:
        return ""
    if len(wanted) == 1:
        return f"must evaluate to {wanted[0]} but got {_shown(found)}"
    return f"must evaluate to one of [{' '.join(wanted)}] but got {_shown(found)}"


def _shown(found: Any) -> str:
    """`Type.String` of cel-go."""
    return str(found) if found.params else str(found.name)


def admission_scope(
    *,
    has_params: bool = False,
    variables: Iterable[Obj] | None = None,
    makes_objects: bool = False,
    is_hook: bool = False,
    has_authorizer: bool = True,
) -> Declarations:
    """What expressions of a policy or a webhook may name; `variables` as the policy has them, each of which knows those before it."""
    scopes = _room("scopes")
    if variables is None:
        return scopes.admission(has_params=has_params, makes_objects=makes_objects, is_hook=is_hook)  # type: ignore[no-any-return]
    known: tuple[tuple[str, Any], ...] = ()
    for one in variables:
        base = scopes.admission(has_params=has_params, variables=known)
        known = (*known, (one.get("name", ""), _type_of(one.get("expression", ""), base)))
    return scopes.admission(  # type: ignore[no-any-return]
        has_params=has_params, variables=known, makes_objects=makes_objects, has_authorizer=has_authorizer
    )


def _type_of(expression: str, scope: Declarations) -> Any:
    """A variable that cannot be compiled may be anything."""
    try:
        return _room("programs").compiled(expression, scope).type
    except CompileError:
        return _room("types").DYN


class Lazy(dict[str, Any]):
    """A map whose values are worked out when an expression first asks for them."""

    def __init__(self, makers: dict[str, Callable[[], Any]], says: str) -> None:
        super().__init__()
        self._makers, self._says = makers, says

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __missing__(self, name: str) -> Any:
        try:
            found = self._makers[name]()
        except ExpressionError as error:
            raise CelError(self._says.format(name=name, error=error)) from error
        self[name] = found
        return found


def lazily(makers: dict[str, Callable[[], Any]], says: str) -> Lazy:
    """`says` tells of one that fails, with `{name}` and `{error}`."""
    return Lazy(makers, says)


# Mutations


def apply_configuration(
    expression: str, variables: Obj, *, authorizer: Any = None, scope: Declarations | None = None
) -> Obj:
    """The object that an expression with `Object{…}` constructs. Raises ExpressionError."""
    made = run(expression, variables, authorizer=authorizer, scope=scope).value
    if not isinstance(made, _room("evaluation").ObjectValue):
        raise WrongShape(f"unsupported return type from ApplyConfiguration expression: {_type_name(made)}")
    _refuse_mismatches(_mismatches(made, ("Object",)))
    found: Obj = _plain(made)
    return found


def json_patch_of(
    expression: str, variables: Obj, *, authorizer: Any = None, scope: Declarations | None = None
) -> list[Obj]:
    """The operations that an expression with `[JSONPatch{…}]` constructs. Raises ExpressionError."""
    made = run(expression, variables, authorizer=authorizer, scope=scope).value
    if not isinstance(made, list):
        raise WrongShape("type mismatch: JSONPatchType.expression should evaluate to array")
    kind = _room("evaluation").ObjectValue
    found: list[str] = []
    for operation in made:
        if not isinstance(operation, kind) or operation.type_name != "JSONPatch":
            says = "type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch, got element of "
            raise WrongShape(says + _type_name(operation))
        if isinstance(inner := operation.get("value"), kind):
            found += _mismatches(inner, tuple(inner.type_name.split(".")))
    _refuse_mismatches(found)
    return [_plain(operation) for operation in made]


def _mismatches(value: Any, path: tuple[str, ...]) -> list[str]:
    """Types that stand where another one belongs (`dynamic/objects.go: CheckTypeNamesMatchFieldPathNames`)."""
    found: list[str] = []
    wanted = ".".join(path)
    if isinstance(value, dict):
        name = getattr(value, "type_name", None)
        if name is not None and name != wanted:
            found.append(
                f'unexpected type name "{name}", expected "{wanted}", which matches field name path from root Object type'
            )
        for key, item in value.items():
            found += _mismatches(item, (*path, str(key)) if name is not None else path)
    elif isinstance(value, list):
        for item in value:
            found += _mismatches(item, path)
    return found


def _refuse_mismatches(found: list[str]) -> None:
    if found:
        raise WrongShape("type mismatch: " + "\n".join(found))


def _type_name(value: Any) -> str:
    name = getattr(value, "type_name", "") or _room("values").type_name(value)
    return "null" if name == "null_type" else str(name)


# Who may do what


def authorizer(decide: Callable[[dict[str, str]], tuple[bool, str]], about: dict[str, str]) -> Any:
    """`decide` answers a question, `about` is the one that `requestResource` begins with."""
    room = _room("library.authorizer")
    return room.Asked(decide, {}, request=about)


@lru_cache(maxsize=16)
def _room(name: str) -> Any:
    return import_module(f"simulator.machinery.cel.{name}")


def _plain(value: Any) -> Any:
    try:
        return _room("values").plain(value)
    except CelError as error:
        raise ExpressionError(str(error)) from error
