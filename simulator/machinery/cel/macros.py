"""Macros: what is written like a call and stands for a walk, a look or a binding (`parser/macro.go`, `ext/comprehensions.go`, optional types of cel-go)."""

from __future__ import annotations

from collections.abc import Callable

from simulator.machinery.cel.nodes import ACCUMULATOR, Call, Fold, Ident, ListNode, Literal, MapNode, Node, Select

Report = Callable[[int, str], None]


def expanded(at: int, name: str, args: list[Node], target: Node | None, report: Report) -> Node | None:
    """What the call stands for; None when it is no macro."""
    if target is None:
        return _has(args, at, report) if name == "has" and len(args) == 1 else None
    make = _MACROS.get((name, len(args)))
    if make is None:
        return None
    count = _VARIABLES.get((name, len(args)), 1)
    names = []
    for one in args[:count]:
        if not isinstance(one, Ident):
            report(one.at, "argument must be a simple name")
            return Literal(at, False)
        if one.name == ACCUMULATOR:
            report(one.at, f"iteration variable overwrites accumulator variable: {ACCUMULATOR}")
        names.append(one.name)
    return make(at, target, names, args[count:])


def _has(args: list[Node], at: int, report: Report) -> Node:
    if isinstance(args[0], Select) and not args[0].test:
        return Select(at, args[0].operand, args[0].field, test=True)
    report(args[0].at, "invalid argument to has() macro")
    return Literal(at, False)


def _accu(at: int) -> Ident:
    return Ident(at, ACCUMULATOR)


def _fold(
    at: int, target: Node, names: list[str], init: Node, condition: Node, step: Node, result: Node | None = None
) -> Fold:
    second = names[1] if len(names) > 1 else ""
    return Fold(at, target, names[0], second, ACCUMULATOR, init, condition, step, result or _accu(at))


def _all(at: int, target: Node, names: list[str], args: list[Node]) -> Node:
    condition = Call(at, "@not_strictly_false", [_accu(at)])
    return _fold(at, target, names, Literal(at, True), condition, Call(at, "_&&_", [_accu(at), args[0]]))


def _exists(at: int, target: Node, names: list[str], args: list[Node]) -> Node:
    condition = Call(at, "@not_strictly_false", [Call(at, "!_", [_accu(at)])])
    return _fold(at, target, names, Literal(at, False), condition, Call(at, "_||_", [_accu(at), args[0]]))


def _exists_one(at: int, target: Node, names: list[str], args: list[Node]) -> Node:
    more = Call(at, "_+_", [_accu(at), Literal(at, 1)])
    step = Call(at, "_?_:_", [args[0], more, _accu(at)])
    result = Call(at, "_==_", [_accu(at), Literal(at, 1)])
    return _fold(at, target, names, Literal(at, 0), Literal(at, True), step, result)


def _listed(at: int, target: Node, names: list[str], args: list[Node]) -> Node:
    """`map(x, value)`, `map(x, filter, value)`, `transformList`."""
    step: Node = Call(at, "_+_", [_accu(at), ListNode(at, [args[-1]])])
    return _fold(at, target, names, ListNode(at, []), Literal(at, True), _filtered(at, step, args))


def _filter(at: int, target: Node, names: list[str], args: list[Node]) -> Node:
    step = Call(at, "_+_", [_accu(at), ListNode(at, [Ident(at, names[0])])])
    return _fold(at, target, names, ListNode(at, []), Literal(at, True), _filtered(at, step, [args[0], step]))


def _mapped(at: int, target: Node, names: list[str], args: list[Node]) -> Node:
    step = Call(at, "cel.@mapInsert", [_accu(at), Ident(at, names[0]), args[-1]])
    return _fold(at, target, names, MapNode(at, []), Literal(at, True), _filtered(at, step, args))


def _mapped_entry(at: int, target: Node, names: list[str], args: list[Node]) -> Node:
    step = Call(at, "cel.@mapInsert", [_accu(at), args[-1]])
    return _fold(at, target, names, MapNode(at, []), Literal(at, True), _filtered(at, step, args))


def _filtered(at: int, step: Node, args: list[Node]) -> Node:
    return Call(at, "_?_:_", [args[0], step, _accu(at)]) if len(args) == 2 else step


def _opt_map(at: int, target: Node, names: list[str], args: list[Node]) -> Node:
    return _bound(at, target, names[0], Call(at, "optional.of", [_bind(at, target, names[0], args[0])]))


def _opt_flat_map(at: int, target: Node, names: list[str], args: list[Node]) -> Node:
    return _bound(at, target, names[0], _bind(at, target, names[0], args[0]))


def _bound(at: int, target: Node, name: str, value: Node) -> Node:
    return Call(at, "_?_:_", [Call(at, "hasValue", [], target), value, Call(at, "optional.none", [])])


def _bind(at: int, target: Node, name: str, value: Node) -> Node:
    """A fold over nothing whose accumulator is the variable."""
    return Fold(
        at, ListNode(at, []), "#unused", "", name, Call(at, "value", [], target), Literal(at, False), Ident(at, name), value
    )  # fmt: skip


_MACROS: dict[tuple[str, int], Callable[[int, Node, list[str], list[Node]], Node]] = {
    ("all", 2): _all,
    ("all", 3): _all,
    ("exists", 2): _exists,
    ("exists", 3): _exists,
    ("exists_one", 2): _exists_one,
    ("exists_one", 3): _exists_one,
    ("existsOne", 2): _exists_one,
    ("existsOne", 3): _exists_one,
    ("map", 2): _listed,
    ("map", 3): _listed,
    ("filter", 2): _filter,
    ("transformList", 3): _listed,
    ("transformList", 4): _listed,
    ("transformMap", 3): _mapped,
    ("transformMap", 4): _mapped,
    ("transformMapEntry", 3): _mapped_entry,
    ("transformMapEntry", 4): _mapped_entry,
    ("optMap", 2): _opt_map,
    ("optFlatMap", 2): _opt_flat_map,
}
_VARIABLES = {key: 2 for key in _MACROS if key[0].startswith("transform") or (key[1] == 3 and key[0] != "map")}
