"""What an expression may cost at most, before it is ever evaluated: `checker/cost.go` of cel-go and `EstimateCallCost` of
`apiserver/pkg/cel/library/cost.go` (1.33).

Sizes of what a schema describes come from a `Shape`. Looks with `has()` are free, as Kubernetes sets it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from simulator.machinery.cel import types
from simulator.machinery.cel.nodes import (
    ACCUMULATOR,
    Call,
    Fold,
    Ident,
    ListNode,
    Literal,
    MapNode,
    Node,
    Select,
    Struct,
)
from simulator.machinery.cel.shapes import Shape
from simulator.machinery.cel.spending import CHECK, LIST, MAP, REGEX, STRUCT, TRAVERSAL

LIMIT = (1 << 64) - 1
_LONGEST_PATTERN = 128
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """From least to most; sums and products stop at the largest number of 64 bits."""

    least: int
    most: int

    def __add__(self, other: Span) -> Span:
        return Span(min(LIMIT, self.least + other.least), min(LIMIT, self.most + other.most))

    def __mul__(self, other: Span) -> Span:
        return Span(min(LIMIT, self.least * other.least), min(LIMIT, self.most * other.most))

    def times(self, factor: float) -> Span:
        return Span(_scaled(self.least, factor), _scaled(self.most, factor))

    def union(self, other: Span) -> Span:
        return Span(min(self.least, other.least), max(self.most, other.most))


def _scaled(number: int, factor: float) -> int:
    product = float(number) * factor
    return LIMIT if product >= float(LIMIT) else ceil(product)


def exactly(number: int) -> Span:
    return Span(number, number)


UNKNOWN = Span(0, LIMIT)
_ONE, _FREE = exactly(1), exactly(0)


@dataclass(frozen=True, slots=True)
class _Entries:
    """Sizes of keys and values of a list or map that the expression builds."""

    kind: str
    key: Span
    value: Span


@dataclass(frozen=True, slots=True)
class _Local:
    path: Path
    size: Span | None
    entries: _Entries | None


def estimated(tree: Node, shapes: dict[str, Shape]) -> Span:
    """The cost of a checked tree. `shapes`: variable → what it may look like."""
    return _Coster(shapes).cost(tree)


class _Coster:
    def __init__(self, shapes: dict[str, Shape]) -> None:
        self._shapes = shapes
        self._paths: dict[int, Path] = {}
        self._locals: dict[str, list[_Local]] = {}
        self._sizes: dict[int, Span] = {}
        self._entries: dict[int, _Entries] = {}

    def cost(self, node: Node) -> Span:
        match node:
            case Ident():
                return self._ident(node)
            case Select():
                return self._select(node)
            case Call():
                return self._call(node)
            case ListNode():
                return self._list(node)
            case MapNode():
                return self._map(node)
            case Struct():
                return self._total(entry.value for entry in node.entries) + exactly(STRUCT)
            case Fold():
                return self._bind(node) if _is_bind(node) else self._fold(node)
        return _FREE

    def _total(self, nodes: object) -> Span:
        total = _FREE
        for one in nodes:  # type: ignore[attr-defined]
            total = total + self.cost(one)
        return total

    # Names and fields

    def _ident(self, node: Ident) -> Span:
        local = self._local(node.name)
        self._paths[id(node)] = local.path if local is not None else (node.name,)
        return _ONE

    def _select(self, node: Select) -> Span:
        if node.variable:
            self._paths[id(node)] = (node.variable,)
            return _ONE
        total = self.cost(node.operand)
        if node.test:
            return total
        operand = _type(node.operand)
        if operand.name == "map" or operand.kind in ("object", "param"):
            total = total + _ONE
        self._paths[id(node)] = (*self._path(node.operand), node.field)
        return total

    # Calls

    def _call(self, node: Call) -> Span:
        if node.function == "dyn":
            total = _ONE + self.cost(node.args[0])
            self._copy(node, node.args[0])
            return total
        costs = [self.cost(one) for one in node.args]
        total = self.cost(node.target) if node.target is not None else _FREE
        least, most, size = LIMIT, 0, None
        for overload in node.overloads:
            price, result = self._price(node, overload.identity, costs)
            least, most = min(least, price.least), max(most, price.most)
            if result is not None:
                size = result if size is None else size.union(result)
            if overload.identity in ("index_list", "index_map"):
                entries = self._entries_of(node.args[0])
                size = entries.value if entries is not None else None
                step = "@items" if overload.identity == "index_list" else "@values"
                self._paths[id(node)] = (*self._path(node.args[0]), step)
            if size is None:
                size = self._size(node)
        if not node.overloads:
            return _FREE
        if size is not None:
            self._sizes[id(node)] = size
        return total + Span(least, most)

    def _price(self, node: Call, identity: str, costs: list[Span]) -> tuple[Span, Span | None]:
        """(cost of the call with its arguments, size of its result)."""
        given = _sum(costs)
        own = self._of_library(node, identity)
        if own is not None:
            return own[0] + given, own[1]
        return self._of_language(node, identity, costs, given)

    def _of_language(self, node: Call, identity: str, costs: list[Span], given: Span) -> tuple[Span, Span | None]:
        args, target = node.args, node.target
        match identity:
            case "string_format" if target is not None:
                return self._known(target).times(TRAVERSAL) + given, None
            case "string_to_bytes":
                size = self._known(args[0])
                return size.times(TRAVERSAL) + given, Span(size.least, min(LIMIT, size.most * 4))
            case "bytes_to_string":
                size = self._known(args[0])
                return size.times(TRAVERSAL) + given, Span(size.least // 4, size.most)
            case "strings_quote":
                size = self._known(args[0])
                return size.times(TRAVERSAL) + given, Span(size.least + 2, min(LIMIT, size.most * 2 + 2))
            case "starts_with_string" | "ends_with_string":
                return self._known(args[0]).times(TRAVERSAL) + given, None
            case "in_list":
                return self._known(args[1]).times(1) + given, None
            case "matches_string" if target is not None:
                text = (self._known(target) + _ONE).times(TRAVERSAL)
                return text * self._known(args[0]).times(REGEX) + given, None
            case "contains_string" if target is not None:
                return self._known(target).times(TRAVERSAL) * self._known(args[0]).times(TRAVERSAL) + given, None
            case "logical_or" | "logical_and":
                return Span(costs[0].least, (costs[0] + costs[1]).most), None
            case "conditional":
                entries = _united(self._entries_of(args[1]), self._entries_of(args[2]))
                if entries is not None:
                    self._entries[id(node)] = entries
                return costs[0] + costs[1].union(costs[2]), self._known(args[1]).union(self._known(args[2]))
            case "add_string" | "add_bytes" | "add_list":
                return self._sum_of(node, identity, given)
            case _ if identity in _COMPARED:
                most = min(self._known(args[0]).most, self._known(args[1]).most)
                return Span(1 if most else 0, most).times(TRAVERSAL) + given, None
        return _ONE + given, None

    def _sum_of(self, node: Call, identity: str, given: Span) -> tuple[Span, Span]:
        size = self._known(node.args[0]) + self._known(node.args[1])
        entries = _united(self._entries_of(node.args[0]), self._entries_of(node.args[1]))
        if entries is not None:
            self._entries[id(node)] = entries
        return (_ONE if identity == "add_list" else size.times(TRAVERSAL)) + given, size

    def _of_library(self, node: Call, identity: str) -> tuple[Span, Span | None] | None:
        """Kubernetes' own estimates; None leaves the call to the language's."""
        name, args, target = node.function, node.args, node.target
        if name == "check":
            return exactly(CHECK), None
        if name in _NOMINAL:
            return _ONE, None
        if name in ("fieldSelector", "labelSelector"):
            length = self._known(args[0])
            return exactly(LIST) + length.times(TRAVERSAL) + length.times(0.5).times(LIST + STRUCT), None
        if name in ("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf") and target is not None:
            return self._walk(target), None
        if name in ("url", "jsonpatch.escapeKey") and len(args) == 1:
            size = self._known(args[0])
            return size.times(TRAVERSAL), size
        if target is None:
            return None
        size = self._known(target)
        match name:
            case "lowerAscii" | "upperAscii" | "substring" | "trim":
                return size.times(TRAVERSAL), size
            case "replace":
                return size.times(2 * TRAVERSAL), _replaced(size, self._known(args[0]), self._known(args[1]))
            case "split":
                most = args[1].value if len(args) > 1 and isinstance(args[1], Literal) else size.most
                return size.times(2 * TRAVERSAL), Span(0, most)
            case "join":
                size = self._joined(target, args)
                return size.times(TRAVERSAL), size
            case "find" | "findAll":
                price = (size + _ONE).times(TRAVERSAL) * self._known(args[0]).times(REGEX)
                return price, Span(0, size.most)
            case "containsIP" | "containsCIDR":
                return self._containment(name, identity, args), None
            case "validate":
                return self._known(args[0]).times(TRAVERSAL).times(_LONGEST_PATTERN * REGEX), None
        return None

    def _walk(self, target: Node) -> Span:
        """A list is gone through once, and so is every text in it."""
        found = _type(target)
        if found.name != "list":
            return self._known(target).times(TRAVERSAL)
        each = _ONE
        if found.params[0].name in ("string", "bytes"):
            each = each + self._element(target).times(TRAVERSAL)
        return self._known(target) * each

    def _element(self, target: Node) -> Span:
        """Size of an element of a list that a schema describes."""
        shape = self._shape((*self._path(target), "@items")) if self._path(target) else None
        return Span(0, shape.most) if shape is not None else UNKNOWN

    def _joined(self, target: Node, args: list[Node]) -> Span:
        count = self._known(target)
        size = count * self._element(target)
        if args:
            size = size + self._known(args[0]) * Span(max(0, count.least - 1), max(0, count.most - 1))
        return size

    def _containment(self, name: str, identity: str, args: list[Node]) -> Span:
        size = Span(4, 16)
        price = (size + size).times(TRAVERSAL)
        if name == "containsCIDR":
            price = price + size.times(TRAVERSAL) + _ONE
        return price + self._known(args[0]).times(TRAVERSAL) if identity.endswith("_string") else price

    # Literals of several values

    def _list(self, node: ListNode) -> Span:
        total, size = _FREE, Span(LIMIT if node.elements else 0, 0)
        for element in node.elements:
            total = total + self.cost(element)
            size = size.union(self._known(element))
        self._entries[id(node)] = _Entries("list", _ONE, size)
        return total + exactly(LIST)

    def _map(self, node: MapNode) -> Span:
        total = _FREE
        keys = values = Span(LIMIT if node.entries else 0, 0)
        for entry in node.entries:
            total = total + self.cost(entry.key) + self.cost(entry.value)
            keys, values = keys.union(self._known(entry.key)), values.union(self._known(entry.value))
        self._entries[id(node)] = _Entries("map", keys, values)
        return total + exactly(MAP)

    # Folds

    def _fold(self, node: Fold) -> Span:
        total = self.cost(node.range) + self.cost(node.init)
        self._push(node.accu, _Local(self._path(node.init), self._size(node.init), self._entries_of(node.init)))
        first, second = self._elements(node)
        self._push(node.var, first)
        if node.var2:
            self._push(node.var2, second)
        each = self.cost(node.condition) + self.cost(node.step)
        for name in (node.var, node.var2):
            if name:
                self._locals[name].pop()
        total = total + self.cost(node.result)
        self._locals[node.accu].pop()
        count = self._known(node.range)
        self._sizes_of_fold(node, count)
        return total + count * each

    def _sizes_of_fold(self, node: Fold, count: Span) -> None:
        if isinstance(node.init, Literal):
            if (size := self._size(node.init)) is not None:
                self._sizes[id(node)] = size
        elif isinstance(node.init, ListNode | MapNode):
            self._sizes[id(node)] = count
            if (entries := self._entries_of(node.step)) is not None:
                self._entries[id(node)] = entries

    def _elements(self, node: Fold) -> tuple[_Local, _Local]:
        entries, path = self._entries_of(node.range), self._path(node.range)
        kind = entries.kind if entries is not None else _type(node.range).name
        key = _Local((*path, "@indices" if kind == "list" else "@keys"), entries.key if entries else None, None)
        value = _Local((*path, "@items" if kind == "list" else "@values"), entries.value if entries else None, None)
        return (key, value) if node.var2 or kind != "list" else (value, key)

    def _bind(self, node: Fold) -> Span:
        total = self.cost(node.range) + self.cost(node.init)
        self._push(node.accu, _Local(self._path(node.init), self._size(node.init), self._entries_of(node.init)))
        total = total + self.cost(node.result)
        self._copy(node, node.result)
        self._locals[node.accu].pop()
        return total

    # Sizes

    def _push(self, name: str, local: _Local) -> None:
        self._locals.setdefault(name, []).append(local)

    def _local(self, name: str) -> _Local | None:
        known = self._locals.get(name)
        return known[-1] if known else None

    def _path(self, node: Node) -> Path:
        if isinstance(node, Ident) and (local := self._local(node.name)) is not None:
            return local.path
        return self._paths.get(id(node), ())

    def _shape(self, path: Path) -> Shape | None:
        root = self._shapes.get(path[0]) if path else None
        return root.at(path[1:]) if root is not None else None

    def _known(self, node: Node) -> Span:
        found = self._size(node)
        return found if found is not None else UNKNOWN

    def _size(self, node: Node) -> Span | None:
        if (found := self._sizes.get(id(node))) is not None:
            return found
        if isinstance(node, Literal):
            return exactly(len(node.value) if isinstance(node.value, str | bytes) else 1)
        if isinstance(node, ListNode):
            return exactly(len(node.elements))
        if isinstance(node, MapNode):
            return exactly(len(node.entries))
        path = self._path(node)
        shape = self._shape(path) if path and path[0] != ACCUMULATOR else None
        if shape is not None:
            found = self._sizes[id(node)] = Span(0, shape.most)
            return found
        if _is_scalar(_type(node)):
            return _ONE
        local = self._local(node.name) if isinstance(node, Ident) else None
        return local.size if local is not None else None

    def _entries_of(self, node: Node) -> _Entries | None:
        if (found := self._entries.get(id(node))) is not None:
            return found
        local = self._local(node.name) if isinstance(node, Ident) else None
        return local.entries if local is not None else None

    def _copy(self, node: Node, source: Node) -> None:
        if (size := self._size(source)) is not None:
            self._sizes[id(node)] = size
        if (entries := self._entries_of(source)) is not None:
            self._entries[id(node)] = entries


_NOMINAL = frozenset(
    ["serviceAccount", "path", "group", "resource", "subresource", "namespace", "name", "allowed", "reason", "error", "errored", "masked",
     "prefixLength", "family", "isUnspecified", "isLoopback", "isLinkLocalMulticast", "isLinkLocalUnicast", "isGlobalUnicast", "format.named",
     "sign", "asInteger", "isInteger", "asApproximateFloat", "isGreaterThan", "isLessThan", "compareTo", "add", "sub", "major", "minor",
     "patch", "getScheme", "getHostname", "getHost", "getPort", "getEscapedPath", "getQuery"]
)  # fmt: skip
_COMPARED = frozenset(
    ["equals", "not_equals", *(f"{word}_{kind}" for word in ("less", "less_equals", "greater", "greater_equals") for kind in ("string", "bytes"))]
)  # fmt: skip


def _type(node: Node) -> types.Type:
    return node.type if node.type is not None else types.DYN


def _is_scalar(found: types.Type) -> bool:
    if found.name == "optional_type":
        return _is_scalar(found.params[0])
    return found.name in types.SCALARS


def _is_bind(node: Fold) -> bool:
    is_empty = isinstance(node.range, ListNode) and not node.range.elements
    return (
        is_empty and isinstance(node.condition, Literal) and node.condition.value is False and node.accu != ACCUMULATOR
    )


def _sum(spans: list[Span]) -> Span:
    total = _FREE
    for one in spans:
        total = total + one
    return total


def _united(one: _Entries | None, other: _Entries | None) -> _Entries | None:
    if one is None or other is None:
        return None
    return _Entries(one.kind, one.key.union(other.key), one.value.union(other.value))


def _replaced(size: Span, old: Span, new: Span) -> Span:
    """How long a text is after `replace`: as many of the longest replacements as fit, and as few of the shortest."""
    most = kept_most = least = kept_least = 0
    if old.least == 0:
        most, kept_most = min(LIMIT, size.most + 1), size.most
    elif new.most <= old.least:
        kept_most = size.most
    else:
        most = ceil(size.most / old.least)
    if old.most == 0:
        least, kept_least = min(LIMIT, size.least + 1), size.least
    elif old.most <= new.least:
        kept_least = size.least
    else:
        least = ceil(size.least / old.most)
    return Span(least, most) * new + Span(kept_least, kept_most)
