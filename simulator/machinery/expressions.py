"""Expressions in CEL, the Common Expression Language: compiled once, evaluated over plain JSON values.

https://kubernetes.io/docs/reference/using-api/cel/. The language itself comes from a library, Kubernetes' own functions from `cel_library.py`.
Optional fields are not there: an expression that needs them is an error that says so.

The library takes a quarter of a second to load and most clusters never hold an expression, so it is loaded with the first one.
"""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any


class ExpressionError(Exception):
    """The expression cannot be compiled, or has no value for what it was given."""


def evaluate(expression: str, variables: dict[str, Any], *, authorizer: Any = None) -> Any:
    """The value as plain JSON: bool, int, float, str, list, dict or None. Raises ExpressionError.

    `authorizer`: what the function of that name gives, for expressions that may ask who may do what.
    """
    celpy = _library()
    program = _compiled(expression)
    try:
        given = {name: celpy.json_to_cel(value) for name, value in variables.items()} | _markers()
        if authorizer is not None:
            given["authorizer"] = authorizer
        return _plain(program.evaluate(given))
    except celpy.CELEvalError as error:
        says = str(error.args[0] if error.args else error)
        # The library adds the state of its interpreter, which no reader needs and no replay repeats.
        raise ExpressionError(says.partition(" (in activation")[0]) from error


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
