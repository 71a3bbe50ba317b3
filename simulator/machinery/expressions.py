"""Expressions in CEL, the Common Expression Language: compiled once, evaluated over plain JSON values.

https://kubernetes.io/docs/reference/using-api/cel/. The language itself comes from a library, Kubernetes' own functions from `cel_library.py`.
Optional fields are not there: an expression that needs them is an error that says so.

The library takes a quarter of a second to load and most clusters never hold an expression, so it is loaded with the first one.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

#: Words of the language that cannot be names of fields or variables (`apiserver/pkg/cel/escaping.go`).
KEYWORDS = frozenset(
    [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
#: What the library says where cel-go says `no such key`.
_MISSING = re.compile(r"^no such member in mapping: '([^']*)'$")


class ExpressionError(Exception):
    """The expression cannot be compiled, or has no value for what it was given."""


class WrongShape(ExpressionError):
    """The value of a mutation's expression is not what a mutation is made of."""


def evaluate(expression: str, variables: dict[str, Any], *, authorizer: Any = None) -> Any:
    """The value as plain JSON: bool, int, float, str, list, dict or None. Raises ExpressionError.

    `authorizer`: what the function of that name gives, for expressions that may ask who may do what.
    """
    return _plain(_value(expression, variables, authorizer, {}))


def _mutation(expression: str, variables: dict[str, Any], authorizer: Any) -> Any:
    return _value(expression, variables, authorizer, _mutations().TYPES)


def _value(expression: str, variables: dict[str, Any], authorizer: Any, types: dict[str, Any]) -> Any:
    """The value in CEL's own types."""
    celpy = _library()
    program = _compiled(expression)
    try:
        given = {name: celpy.json_to_cel(value) for name, value in variables.items()} | _markers() | types
        if authorizer is not None:
            given["authorizer"] = authorizer
        return program.evaluate(given)
    except celpy.CELEvalError as error:
        raise _failed(error) from error


def _failed(error: Exception) -> ExpressionError:
    says = str(error.args[0] if error.args else error)
    # The library adds the state of its interpreter, which no reader needs and no replay repeats.
    says = says.partition(" (in activation")[0]
    return ExpressionError(_MISSING.sub(r"no such key: \1", says))


def apply_configuration(expression: str, variables: dict[str, Any], *, authorizer: Any = None) -> dict[str, Any]:
    """The object that an expression with `Object{…}` constructs. Raises ExpressionError."""
    made = _mutation(expression, variables, authorizer)
    mutations = _mutations()
    if not isinstance(made, mutations.ObjectValue):
        raise WrongShape(f"unsupported return type from ApplyConfiguration expression: {_type_name(made)}")
    _refuse_mismatches(mutations.mismatches(made))
    found: dict[str, Any] = _plain(made)
    return found


def json_patch_of(expression: str, variables: dict[str, Any], *, authorizer: Any = None) -> list[dict[str, Any]]:
    """The operations that an expression with `[JSONPatch{…}]` constructs. Raises ExpressionError."""
    made = _mutation(expression, variables, authorizer)
    mutations = _mutations()
    if not isinstance(made, list):
        raise WrongShape("type mismatch: JSONPatchType.expression should evaluate to array")
    for operation in made:
        if not isinstance(operation, mutations.PatchOperation):
            says = "type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch, got element of "
            raise WrongShape(says + _type_name(operation))
    _refuse_mismatches(mutations.patch_mismatches(made))
    return [_plain(operation) for operation in made]


def _refuse_mismatches(found: list[str]) -> None:
    if found:
        raise WrongShape("type mismatch: " + "\n".join(found))


def _type_name(value: Any) -> str:
    return "null" if value is None else type(value).__name__.removesuffix("Type").lower()


def authorizer(decide: Callable[[dict[str, str]], tuple[bool, str]], about: dict[str, str]) -> Any:
    """The variable `authorizer`: `decide` answers a question, `about` is the one that `requestResource` begins with."""
    return _functions().Question(decide, {}, about)


def compiles(expression: str) -> None:
    """Raises ExpressionError when the text is no expression."""
    _compiled(expression)


@lru_cache(maxsize=1)
def _library() -> Any:
    return import_module("celpy")


@lru_cache(maxsize=1)
def _functions() -> Any:
    return import_module("simulator.machinery.cel_library")


@lru_cache(maxsize=1)
def _mutations() -> Any:
    return import_module("simulator.machinery.cel_mutations")


@lru_cache(maxsize=1)
def _markers() -> dict[str, Any]:
    """What stands for the names of libraries (`sets.contains`)."""
    library = _functions()
    return {name: library.Library(name) for name in library.LIBRARIES}


@lru_cache(maxsize=1)
def _environment() -> Any:
    return _library().Environment()


@lru_cache(maxsize=512)
def _compiled(expression: str) -> Any:
    celpy, environment = _library(), _environment()
    try:
        return environment.program(environment.compile(expression), functions=_functions().FUNCTIONS)
    except celpy.CELParseError as error:
        raise ExpressionError(f"compilation failed: {error.args[0] if error.args else error}") from error


def _plain(value: Any) -> Any:
    """CEL's types are subclasses of Python's; bool is an int in both."""
    if value is None:
        return None
    if isinstance(value, _library().CELEvalError):
        raise _failed(value)
    if isinstance(value, _library().celtypes.BoolType):
        return bool(value)
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return str(value)
