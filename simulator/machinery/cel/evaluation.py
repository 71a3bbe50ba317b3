"""Evaluation of a checked tree, with the bill: `interpreter/` and `interpreter/runtimecost.go` of cel-go.

`&&` and `||` absorb failures of one side when the other decides; a fold carries a failure on until something absorbs it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.machinery.cel import spending
from simulator.machinery.cel.declarations import Overload
from simulator.machinery.cel.errors import CelError, CostExceeded
from simulator.machinery.cel.nodes import Call, Entry, Fold, Ident, ListNode, Literal, MapNode, Node, Select, Struct
from simulator.machinery.cel.types import Type
from simulator.machinery.cel.values import NONE, Accumulator, Duration, Optional, Timestamp, Uint, some

Value = Any


class ObjectValue(dict[str, Any]):
    """What `Object.spec{…}` or `JSONPatch{…}` makes, with the name of its type."""

    def __init__(self, type_name: str, fields: dict[str, Any]) -> None:
        super().__init__(fields)
        self.type_name = type_name


class _Failure:
    """A failure that a fold carries on."""

    __slots__ = ("error",)

    def __init__(self, error: CelError) -> None:
        self.error = error


class Frame:
    """One evaluation: what variables hold, what it has cost, what it may cost (0: anything)."""

    __slots__ = ("cost", "limit", "variables")

    def __init__(self, variables: dict[str, Value], limit: int = 0) -> None:
        self.variables, self.cost, self.limit = variables, 0, limit

    def spend(self, amount: int) -> None:
        self.cost += amount
        if self.limit and self.cost > self.limit:
            raise CostExceeded


def evaluate(node: Node, frame: Frame) -> Value:
    """Raises CelError or CostExceeded."""
    return _DOES[type(node)](node, frame)


def _literal(node: Literal, frame: Frame) -> Value:
    return node.value


def _variable(frame: Frame, name: str) -> Value:
    frame.spend(1)
    try:
        found = frame.variables[name]
    except KeyError:
        raise CelError(f"no such attribute(s): {name}") from None
    if isinstance(found, _Failure):
        raise found.error
    return found


def _ident(node: Ident, frame: Frame) -> Value:
    return node.constant if node.is_constant else _variable(frame, node.name.removeprefix("."))


def _select(node: Select, frame: Frame) -> Value:
    if node.constant is not None:
        return node.constant
    if node.variable:
        return _variable(frame, node.variable)
    operand = evaluate(node.operand, frame)
    if isinstance(operand, Optional):
        return _inside(operand, node, frame)
    if node.test:
        return isinstance(operand, dict) and node.field in operand
    frame.spend(1)
    if not isinstance(operand, dict) or node.field not in operand:
        raise CelError(f"no such key: {node.field}")
    return operand[node.field]


def _inside(operand: Optional, node: Select, frame: Frame) -> Value:
    """Once optional, a chain stays optional."""
    is_there = operand.has_value and isinstance(operand.value, dict) and node.field in operand.value
    if node.test:
        return is_there
    frame.spend(1)
    return some(operand.value[node.field]) if is_there else NONE


# Calls


def _call(node: Call, frame: Frame) -> Value:
    special = _SPECIAL.get(node.function)
    if special is not None:
        return special(node, frame)
    values = [evaluate(one, frame) for one in node.operands]
    overload = _chosen(node.overloads, values)
    if overload is None or overload.call is None:
        raise CelError("no such overload")
    result = overload.call(*values)
    frame.spend(spending.of_call(overload, values, result))
    return result


def _chosen(overloads: tuple[Overload, ...], values: list[Value]) -> Overload | None:
    for one in overloads:
        if all(map(_accepts, one.args, values)):
            return one
    return None


def _accepts(wanted: Type, value: Value) -> bool:
    check = _KINDS.get(wanted.name)
    if check is not None:
        return check(value)
    if wanted.kind in ("param", "dyn"):
        return True
    return getattr(value, "type_name", "") == wanted.name


_KINDS: dict[str, Callable[[Value], bool]] = {
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool | Uint),
    "uint": lambda value: isinstance(value, Uint),
    "double": lambda value: isinstance(value, float),
    "string": lambda value: isinstance(value, str),
    "bytes": lambda value: isinstance(value, bytes),
    "list": lambda value: isinstance(value, list),
    "map": lambda value: isinstance(value, dict),
    "type": lambda value: isinstance(value, Type),
    "null_type": lambda value: value is None,
    "optional_type": lambda value: isinstance(value, Optional),
    Duration.type_name: lambda value: isinstance(value, Duration),
    Timestamp.type_name: lambda value: isinstance(value, Timestamp),
}


def _logical(decides: bool) -> Callable[[Call, Frame], Value]:
    """`&&` is decided by false, `||` by true, whatever the other side is."""

    def answer(node: Call, frame: Frame) -> Value:
        failure: CelError | None = None
        for one in node.args:
            try:
                value = evaluate(one, frame)
            except CelError as error:
                failure = failure or error
                continue
            if not isinstance(value, bool):
                failure = failure or CelError("no such overload")
            elif value is decides:
                return decides
        if failure is not None:
            raise failure
        return not decides

    return answer


def _conditional(node: Call, frame: Frame) -> Value:
    condition = evaluate(node.args[0], frame)
    if not isinstance(condition, bool):
        raise CelError("no such overload")
    return evaluate(node.args[1 if condition else 2], frame)


def _not_strictly_false(node: Call, frame: Frame) -> Value:
    try:
        found = evaluate(node.args[0], frame)
    except CelError:
        found = True
    frame.spend(1)
    return found is not False


def _optional_select(node: Call, frame: Frame) -> Value:
    operand = evaluate(node.args[0], frame)
    frame.spend(1)
    inner = operand.value if isinstance(operand, Optional) else operand
    field = evaluate(node.args[1], frame)
    return some(inner[field]) if isinstance(inner, dict) and field in inner else NONE


def _or(node: Call, frame: Frame) -> Value:
    first = evaluate(node.operands[0], frame)
    if not isinstance(first, Optional):
        raise CelError("no such overload")
    return first if first.has_value else evaluate(node.args[0], frame)


def _or_value(node: Call, frame: Frame) -> Value:
    first = evaluate(node.operands[0], frame)
    if not isinstance(first, Optional):
        raise CelError("no such overload")
    return first.value if first.has_value else evaluate(node.args[0], frame)


def _indexed(node: Call, frame: Frame) -> Value:
    """An index costs what a selection costs."""
    values = [evaluate(one, frame) for one in node.args]
    overload = _chosen(node.overloads, values)
    frame.spend(1)
    if overload is None or overload.call is None:
        if isinstance(values[0], list | dict | Optional):
            raise CelError("no such overload")
        raise CelError(f"no such key: {values[1]}")
    return overload.call(*values)


_SPECIAL: dict[str, Callable[[Call, Frame], Value]] = {
    "_&&_": _logical(False),
    "_||_": _logical(True),
    "_?_:_": _conditional,
    "@not_strictly_false": _not_strictly_false,
    "_?._": _optional_select,
    "_[_]": _indexed,
    "_[?_]": _indexed,
    "or": _or,
    "orValue": _or_value,
}


# Literals of several values


def _list(node: ListNode, frame: Frame) -> Value:
    made: list[Value] = []
    for index, element in enumerate(node.elements):
        value = evaluate(element, frame)
        if index not in node.optional:
            made.append(value)
        elif value.has_value:
            made.append(value.value)
    frame.spend(spending.LIST)
    return made


def _map(node: MapNode, frame: Frame) -> Value:
    made: dict[Any, Value] = {}
    for entry in node.entries:
        key = evaluate(entry.key, frame)
        if key in made:
            raise CelError(f"Failed with repeated key: {key}")
        _put(made, key, entry, frame)
    frame.spend(spending.MAP)
    return made


def _struct(node: Struct, frame: Frame) -> Value:
    made: dict[Any, Value] = {}
    for entry in node.entries:
        _put(made, entry.key, entry, frame)
    frame.spend(spending.STRUCT)
    return ObjectValue(node.name, made)


def _put(made: dict[Any, Value], key: Any, entry: Entry, frame: Frame) -> None:
    value = evaluate(entry.value, frame)
    if not entry.optional:
        made[key] = value
    elif not isinstance(value, Optional):
        raise CelError(f"cannot initialize optional entry '{key}' from non-optional value {value}")
    elif value.has_value:
        made[key] = value.value


# Folds


def _fold(node: Fold, frame: Frame) -> Value:
    ranged = evaluate(node.range, frame)
    if not isinstance(ranged, list | dict):
        raise CelError("no such overload")
    variables = frame.variables
    own = {name: variables[name] for name in (node.accu, node.var, node.var2) if name in variables}
    accu = evaluate(node.init, frame)
    variables[node.accu] = Accumulator() if isinstance(accu, list) and not accu else accu
    try:
        _walk(node, frame, ranged)
        found = evaluate(node.result, frame)
    finally:
        for name in (node.accu, node.var, node.var2):
            variables.pop(name, None)
        variables.update(own)
    return list(found) if isinstance(found, Accumulator) else found


def _walk(node: Fold, frame: Frame, ranged: Any) -> None:
    variables = frame.variables
    pairs = ranged.items() if isinstance(ranged, dict) else enumerate(ranged)
    is_map = isinstance(ranged, dict)
    for key, value in pairs:
        variables[node.var] = key if is_map or node.var2 else value
        if node.var2:
            variables[node.var2] = value
        if evaluate(node.condition, frame) is False:
            return
        try:
            variables[node.accu] = evaluate(node.step, frame)
        except CelError as error:
            variables[node.accu] = _Failure(error)


_DOES: dict[type[Node], Callable[[Any, Frame], Value]] = {
    Literal: _literal,
    Ident: _ident,
    Select: _select,
    Call: _call,
    ListNode: _list,
    MapNode: _map,
    Struct: _struct,
    Fold: _fold,
}
