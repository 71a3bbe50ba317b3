"""Type checking: every node gets its type, every call the functions it may mean. `checker/checker.go` and `checker/errors.go` of cel-go.

Literals of lists and maps hold values of one type, and constant patterns, durations and timestamps are looked at (the options and
validators of `apiserver/pkg/cel/environment/base.go`, 1.33).
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass, field

from simulator.machinery.cel import types
from simulator.machinery.cel.declarations import Overload, functions
from simulator.machinery.cel.errors import CompileError, InstantiationError, Issue
from simulator.machinery.cel.escaping import KEYWORDS, escaped
from simulator.machinery.cel.nodes import (
    Call,
    Fold,
    Ident,
    ListNode,
    Literal,
    MapNode,
    Node,
    Select,
    Struct,
    qualified_name,
)
from simulator.machinery.cel.patterns import why_no_pattern
from simulator.machinery.cel.types import DYN, ERROR, Type
from simulator.machinery.cel.values import Uint, parse_duration, parse_timestamp

Fields = Table[str, Type]
#: Names of types that are values: `type(x) == string`.
TYPE_NAMES: dict[str, Type] = {
    **{
        one.name: one
        for one in (types.BOOL, types.INT, types.UINT, types.DOUBLE, types.STRING, types.BYTES, types.NULL)
    },
    "list": types.list_of(DYN),
    "map": types.map_of(DYN, DYN),
    "type": types.type_of(),
    "dyn": DYN,
    types.DURATION.name: types.DURATION,
    types.TIMESTAMP.name: types.TIMESTAMP,
    "optional_type": types.optional_of(DYN),
    "net.IP": types.opaque("net.IP"),
    "net.CIDR": types.opaque("net.CIDR"),
}


@dataclass(frozen=True, eq=False)
class Declarations:
    """What an expression may name: variables, and the fields of types of objects. Told apart by identity."""

    variables: Table[str, Type]
    objects: Table[str, Fields] = field(default_factory=dict)
    makes_objects: bool = False
    """Whether `Object{…}` and `JSONPatch{…}` are there (`apiserver/pkg/cel/mutation`)."""


def check(tree: Node, declarations: Declarations, text: str) -> None:
    """Raises CompileError."""
    checker = _Checker(declarations)
    checker.check(tree)
    if checker.issues:
        raise CompileError(checker.issues, text)
    checker.settle(tree)
    checker.look_at_literals(tree)
    if checker.issues:
        raise CompileError(checker.issues, text)
    refuse_bad_patterns(tree)


class _Checker:
    def __init__(self, declarations: Declarations) -> None:
        self._declared = declarations
        self._functions = functions()
        self._scopes: list[dict[str, Type]] = []
        self._mapping: types.Mapping = {}
        self._fresh = 0
        self.issues: list[Issue] = []

    def check(self, node: Node) -> Type:
        match node:
            case Literal():
                found = _literal(node.value)
            case Ident():
                found = self._ident(node)
            case Select():
                found = self._select(node)
            case Call():
                found = self._call(node)
            case ListNode():
                found = self._list(node)
            case MapNode():
                found = self._map(node)
            case Struct():
                found = self._struct(node)
            case Fold():
                found = self._fold(node)
            case _:
                raise TypeError(f"{type(node).__name__} is no node of an expression")
        node.type = found
        return found

    def _say(self, node: Node, message: str) -> None:
        self.issues.append(Issue(node.at, message))

    # Names

    def _variable(self, name: str) -> Type | None:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        return self._declared.variables.get(name)

    def _ident(self, node: Ident) -> Type:
        name = node.name.removeprefix(".")
        if (found := self._variable(name)) is not None:
            return found
        if name in TYPE_NAMES:
            node.constant, node.is_constant = TYPE_NAMES[name], True
            return types.type_of(TYPE_NAMES[name])
        self._undeclared(node, name)
        return ERROR

    def _undeclared(self, node: Node, name: str) -> None:
        self._say(node, f"undeclared reference to '{name}' (in container '')")

    def _select(self, node: Select) -> Type:
        whole = qualified_name(node)
        if whole and not node.test:
            if (found := self._variable(whole)) is not None:
                node.variable = whole
                return found
            if whole in TYPE_NAMES and "." in whole:
                node.variable, node.constant = whole, TYPE_NAMES[whole]
                return types.type_of(TYPE_NAMES[whole])
        operand = types.substitute(self._mapping, self.check(node.operand))
        is_optional = operand.name == "optional_type"
        target = operand.params[0] if is_optional else operand
        node.field = self._stored(target, node.field)
        found = self._field(node, target, node.field)
        if node.test:
            return types.BOOL
        return types.optional_of(found) if is_optional else found

    def _stored(self, target: Type, name: str) -> str:
        """A word of the language may be written as it is where a field has its name (`recognizeKeywordAsFieldName`)."""
        fields = self._declared.objects.get(target.name) if target.kind == "object" and name in KEYWORDS else None
        return escaped(name) if fields is not None and name not in fields and escaped(name) in fields else name

    def _field(self, node: Node, target: Type, name: str) -> Type:
        if target.kind in ("dyn", "error"):
            return DYN
        if target.kind == "object":
            fields = self._declared.objects.get(target.name)
            if fields is None:
                return DYN if _is_made(target.name) else self._unsupported(node, target)
            if name in fields:
                return fields[name]
            self._say(node, f"undefined field '{name}'")
            return ERROR
        if target.name == "map":
            return target.params[1]
        if target.kind == "param":
            self._mapping[target.name] = DYN
            return DYN
        return self._unsupported(node, target)

    def _unsupported(self, node: Node, target: Type) -> Type:
        self._say(node, f"type '{target}' does not support field selection")
        return ERROR

    # Calls

    def _call(self, node: Call) -> Type:
        if node.function == "_?._":
            return self._optional_select(node)
        if node.target is not None and (whole := qualified_name(node.target)):
            name = f"{whole}.{node.function}"
            if name in self._functions and self._variable(whole.partition(".")[0]) is None:
                node.function, node.target = name, None
        given = [self.check(one) for one in node.operands]
        name = node.function.removeprefix(".")
        overloads = self._functions.get(name)
        if overloads is None:
            self._undeclared(node, name)
            return ERROR
        return self._resolved(node, name, overloads, given)

    def _optional_select(self, node: Call) -> Type:
        operand = types.substitute(self._mapping, self.check(node.args[0]))
        literal = node.args[1]
        literal.type = types.STRING
        assert isinstance(literal, Literal)
        target = operand.params[0] if operand.name == "optional_type" else operand
        node.overloads = self._functions["_?._"]
        return types.optional_of(self._field(node, target, literal.value))

    def _resolved(self, node: Call, name: str, overloads: tuple[Overload, ...], given: list[Type]) -> Type:
        chosen: list[Overload] = []
        result: Type | None = None
        is_method = node.target is not None
        for one in overloads:
            if one.is_method is not is_method or len(one.args) != len(given):
                continue
            names = {key: self._new_variable() for arg in (*one.args, one.result) for key in types.variables_of(arg)}
            wanted = [types.renamed(arg, names) for arg in one.args]
            mapping = types.assignable(self._mapping, given, wanted)
            if mapping is None:
                continue
            self._mapping = mapping
            chosen.append(one)
            made = types.substitute(mapping, types.renamed(one.result, names))
            result = made if result is None else (result if made == result else DYN)
        if result is None:
            shown = [types.substitute(self._mapping, arg, to_dyn=True) for arg in given]
            says = types.signature(shown, is_method=is_method)
            self._say(node, f"found no matching overload for '{name}' applied to '{says}'")
            return ERROR
        node.overloads = tuple(chosen)
        return result

    def _new_variable(self) -> Type:
        self._fresh += 1
        return types.param(f"_var{self._fresh}")

    # Literals of several values

    def _joined(self, node: Node, before: Type | None, now: Type) -> Type:
        if before is None:
            return now
        mapping = types.assignable(self._mapping, [before], [now])
        if mapping is None:
            self._say(node, f"expected type '{before}' but found '{now}'")
            return before
        self._mapping = mapping
        return types.most_general(before, now)

    def _list(self, node: ListNode) -> Type:
        found: Type | None = None
        for index, element in enumerate(node.elements):
            now = self.check(element)
            if index in node.optional:
                now = self._unwrapped(element, now)
            found = self._joined(element, found, now)
        return types.list_of(found or self._new_variable())

    def _map(self, node: MapNode) -> Type:
        keys: Type | None = None
        values: Type | None = None
        for entry in node.entries:
            keys = self._joined(entry.key, keys, self.check(entry.key))
            now = self.check(entry.value)
            if entry.optional:
                now = self._unwrapped(entry.value, now)
            values = self._joined(entry.value, values, now)
        return types.map_of(keys or self._new_variable(), values or self._new_variable())

    def _unwrapped(self, node: Node, found: Type) -> Type:
        """An optional entry has an optional value."""
        if found.name == "optional_type":
            return found.params[0]
        if not types.is_dyn(found):
            self._say(node, f"expected type 'optional_type(dyn)' but found '{found}'")
        return DYN

    def _struct(self, node: Struct) -> Type:
        if not (self._declared.makes_objects and _is_made(node.name)):
            self._undeclared(node, node.name)
            for entry in node.entries:
                self.check(entry.value)
            return ERROR
        fields = _PATCH_FIELDS if node.name == "JSONPatch" else None
        for entry in node.entries:
            now = self.check(entry.value)
            if entry.optional:
                now = self._unwrapped(entry.value, now)
            if fields is None:
                continue
            if entry.key not in fields:
                self.issues.append(Issue(entry.at, f"undefined field '{entry.key}'"))
            elif types.assignable(self._mapping, [fields[entry.key]], [now]) is None:
                says = f"expected type of field '{entry.key}' is '{fields[entry.key]}' but provided type is '{now}'"
                self.issues.append(Issue(entry.at, says))
        return types.object_type(node.name)

    # Folds

    def _fold(self, node: Fold) -> Type:
        ranged = types.substitute(self._mapping, self.check(node.range))
        accu = self.check(node.init)
        first, second = self._elements(node, ranged)
        self._scopes += [{node.accu: accu}, {node.var: first, **({node.var2: second} if node.var2 else {})}]
        self._assert(node.condition, types.BOOL)
        self._assert(node.step, accu)
        self._scopes.pop()
        found = self.check(node.result)
        self._scopes.pop()
        return types.substitute(self._mapping, found)

    def _elements(self, node: Fold, ranged: Type) -> tuple[Type, Type]:
        """What the variables of a walk stand for: elements, or keys; of two, index or key and the value."""
        if ranged.name == "list":
            return (types.INT, ranged.params[0]) if node.var2 else (ranged.params[0], DYN)
        if ranged.name == "map":
            return ranged.params[0], ranged.params[1]
        if ranged.kind == "param":
            self._mapping[ranged.name] = DYN
        elif not types.is_dyn(ranged):
            says = f"expression of type '{ranged}' cannot be range of a comprehension (must be list, map, or dynamic)"
            self._say(node.range, says)
            return ERROR, ERROR
        return DYN, DYN

    def _assert(self, node: Node, wanted: Type) -> None:
        found = self.check(node)
        mapping = types.assignable(self._mapping, [found], [wanted])
        if mapping is None:
            self._say(node, f"expected type '{types.substitute(self._mapping, wanted)}' but found '{found}'")
        else:
            self._mapping = mapping

    # Afterwards

    def settle(self, node: Node) -> None:
        """No variable of type checking is left in any type."""
        for one in descendants(node):
            if one.type is not None:
                one.type = types.substitute(self._mapping, one.type, to_dyn=True)

    def look_at_literals(self, tree: Node) -> None:
        """`cel/validator.go`: constants that would fail whenever they are evaluated."""
        for node in descendants(tree):
            if not isinstance(node, Call) or not node.args or not isinstance(node.args[-1], Literal):
                continue
            constant = node.args[-1]
            if node.function in _PARSED and node.target is None and isinstance(constant.value, str):
                try:
                    _PARSED[node.function](constant.value)
                except ValueError:
                    self._say(constant, f"invalid {node.function} argument")
            elif node.function == "timestamp" and node.target is None and isinstance(constant.value, int):
                if not _FIRST_SECOND <= constant.value <= _LAST_SECOND:
                    self._say(constant, "invalid timestamp argument")
            elif node.function == "matches" and isinstance(constant.value, str) and why_no_pattern(constant.value):
                self._say(constant, "invalid matches argument")


def refuse_bad_patterns(tree: Node) -> None:
    """Patterns that are constants are compiled with the program (`library/regex.go`). Raises InstantiationError."""
    for node in descendants(tree):
        if isinstance(node, Call) and node.function in ("find", "findAll") and node.args:
            pattern = node.args[0]
            if (
                isinstance(pattern, Literal)
                and isinstance(pattern.value, str)
                and (says := why_no_pattern(pattern.value))
            ):
                raise InstantiationError(says)


_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999."""
_PARSED = {"duration": parse_duration, "timestamp": parse_timestamp}
_PATCH_FIELDS = {"op": types.STRING, "path": types.STRING, "from": types.STRING, "value": DYN}


def _is_made(name: str) -> bool:
    return name in ("Object", "JSONPatch") or name.startswith("Object.")


def _literal(value: object) -> Type:
    match value:
        case None:
            return types.NULL
        case bool():
            return types.BOOL
        case Uint():
            return types.UINT
        case int():
            return types.INT
        case float():
            return types.DOUBLE
        case bytes():
            return types.BYTES
    return types.STRING


def descendants(node: Node) -> list[Node]:
    """The node and everything below it."""
    found = [node]
    for one in found:
        match one:
            case Select():
                found.append(one.operand)
            case Call():
                found += one.operands
            case ListNode():
                found += one.elements
            case MapNode():
                for entry in one.entries:
                    found += [entry.key, entry.value]
            case Struct():
                found += [entry.value for entry in one.entries]
            case Fold():
                found += [one.range, one.init, one.condition, one.step, one.result]
    return found
