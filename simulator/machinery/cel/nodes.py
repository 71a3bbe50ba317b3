"""The tree of an expression. Every node knows where it stands; checking adds its type and which functions a call may mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.machinery.cel.declarations import Overload
    from simulator.machinery.cel.types import Type

ACCUMULATOR = "__result__"


class Node:
    """`at`: offset in the text. `type`: set by checking."""

    __slots__ = ("at", "type")

    def __init__(self, at: int) -> None:
        self.at = at
        self.type: Type | None = None


class Literal(Node):
    __slots__ = ("value",)

    def __init__(self, at: int, value: Any) -> None:
        super().__init__(at)
        self.value = value


class Ident(Node):
    """A variable, or the name of a type."""

    __slots__ = ("constant", "is_constant", "name")

    def __init__(self, at: int, name: str) -> None:
        super().__init__(at)
        self.name = name
        self.constant: Any = None
        self.is_constant = False


class Select(Node):
    """`operand.field`, or with `test` `has(operand.field)`. `variable`: the whole is the name of one variable, or of a type."""

    __slots__ = ("constant", "field", "operand", "test", "variable")

    def __init__(self, at: int, operand: Node, field: str, *, test: bool = False) -> None:
        super().__init__(at)
        self.operand, self.field, self.test = operand, field, test
        self.variable = ""
        self.constant: Any = None


class Call(Node):
    """A function, an operator (`_+_`) or a method of `target`. `qualified`: the target is a namespace (`sets.contains`)."""

    __slots__ = ("args", "function", "overloads", "target")

    def __init__(self, at: int, function: str, args: list[Node], target: Node | None = None) -> None:
        super().__init__(at)
        self.function, self.args, self.target = function, args, target
        self.overloads: tuple[Overload, ...] = ()

    @property
    def operands(self) -> list[Node]:
        return self.args if self.target is None else [self.target, *self.args]


class ListNode(Node):
    __slots__ = ("elements", "optional")

    def __init__(self, at: int, elements: list[Node], optional: frozenset[int] = frozenset()) -> None:
        super().__init__(at)
        self.elements, self.optional = elements, optional


class Entry:
    """One entry of a map (`key` is a node) or of a structure (`key` is a name)."""

    __slots__ = ("at", "key", "optional", "value")

    def __init__(self, at: int, key: Any, value: Node, *, optional: bool) -> None:
        self.at, self.key, self.value, self.optional = at, key, value, optional


class MapNode(Node):
    __slots__ = ("entries",)

    def __init__(self, at: int, entries: list[Entry]) -> None:
        super().__init__(at)
        self.entries = entries


class Struct(Node):
    """`Object.spec{replicas: 1}`."""

    __slots__ = ("entries", "name")

    def __init__(self, at: int, name: str, entries: list[Entry]) -> None:
        super().__init__(at)
        self.name, self.entries = name, entries


class Fold(Node):
    """What macros like `all` and `map` stand for: a walk over `range` that accumulates."""

    __slots__ = ("accu", "condition", "init", "range", "result", "step", "var", "var2")

    def __init__(
        self,
        at: int,
        range_: Node,
        var: str,
        var2: str,
        accu: str,
        init: Node,
        condition: Node,
        step: Node,
        result: Node,
    ) -> None:
        super().__init__(at)
        self.range, self.var, self.var2, self.accu = range_, var, var2, accu
        self.init, self.condition, self.step, self.result = init, condition, step, result


def qualified_name(node: Node) -> str:
    """`a.b.c` when the node is nothing but names, else ""."""
    if isinstance(node, Ident):
        return node.name
    if isinstance(node, Select) and not node.test:
        inner = qualified_name(node.operand)
        return f"{inner}.{node.field}" if inner else ""
    return ""
