"""Running a filter: every node of its tree gives a stream of values, or of places with their values.

Promises: bounded by a number of steps, whatever the filter; nothing is asked of the machine it runs on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from simulator.kubectl.jq import values
from simulator.kubectl.jq.checking import names_in
from simulator.kubectl.jq.errors import JqBreak, JqTooLong, JqValueError
from simulator.kubectl.jq.literals import Node

MAX_STEPS = 400_000
_COPIED_A_STEP = 64
#: What `input` fails with: in jq 1.6 it is the word of `break`.
NO_MORE = "break"

#: A place: the path to a value, and the value. The path is None where nobody asks for one.
Place = tuple[tuple[Any, ...] | None, Any]
Native = Callable[..., Iterator[Any]]


@dataclass(slots=True)
class Scope:
    """Names that a filter may use: variables, functions with their parameters, labels."""

    variables: dict[str, Any] = field(default_factory=dict)
    functions: dict[tuple[str, int], Any] = field(default_factory=dict)
    labels: dict[str, object] = field(default_factory=dict)

    def with_variable(self, name: str, value: Any) -> Scope:
        return Scope({**self.variables, name: value}, self.functions, self.labels)

    def with_function(self, name: str, parameters: list[str], body: Node) -> Scope:
        made = Scope(self.variables, dict(self.functions), self.labels)
        made.functions[(name, len(parameters))] = ("defined", parameters, body, made)
        return made


class Machine:
    """One run of a filter. `natives`: functions by name and number of parameters; see `builtins.py`."""

    def __init__(self, natives: dict[tuple[str, int], Native], paths: dict[tuple[str, int], Native]) -> None:
        self._natives = natives
        self._path_natives = paths
        self._left = MAX_STEPS
        self.inputs: list[tuple[Any, int]] = []
        """What is still to be read, each with the number of lines read by then."""
        self.line = 0
        self.now_us = 0
        self.noted = ""
        """What `debug` and `stderr` wrote."""

    def step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise JqTooLong

    def charge(self, value: Any) -> Any:
        """A large value that was copied costs steps as well."""
        if isinstance(value, (list, dict, str)):
            self._left -= len(value) // _COPIED_A_STEP
        return value

    def note(self, text: str) -> None:
        self.noted += text

    def next_input(self) -> Any:
        if not self.inputs:
            raise JqValueError(NO_MORE)
        value, self.line = self.inputs.pop(0)
        return value

    def run(self, node: Node, value: Any, scope: Scope) -> Iterator[Any]:
        for _, found in self.places(node, (None, value), scope):
            yield found

    def places(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        """Every value a node gives, with its path when the place that comes in has one."""
        self.step()
        method: Callable[[Node, Place, Scope], Iterator[Place]] = getattr(self, f"_{node[0]}")
        return method(node, place, scope)

    def paths(self, node: Node, value: Any, scope: Scope) -> Iterator[tuple[Any, ...]]:
        for path, _ in self.places(node, ((), value), scope):
            yield path or ()

    def made(self, place: Place, found: Any) -> Place:
        """A value that was made and not found: it has no path."""
        if place[0] is None:
            return (None, found)
        return (_NOWHERE, found)

    # Simple nodes

    def _identity(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        yield place

    def _literal(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        yield self.made(place, node[1])

    def _variable(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        if node[1] not in scope.variables:
            raise node[2]
        yield self.made(place, scope.variables[node[1]])

    def _pipe(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        for found in self.places(node[1], place, scope):
            yield from self.places(node[2], found, scope)

    def _comma(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        yield from self.places(node[1], place, scope)
        yield from self.places(node[2], place, scope)

    def _negate(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        for found in self.run(node[1], place[1], scope):
            if not values.is_number(found):
                raise JqValueError(f"{values.named(found)} cannot be negated")
            yield self.made(place, -found)

    def _binary(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        for right in self.run(node[3], place[1], scope):
            for left in self.run(node[2], place[1], scope):
                yield self.made(place, self.charge(values.binary(node[1], left, right)))

    def _and(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        for left in self.run(node[1], place[1], scope):
            if not values.is_true(left):
                yield self.made(place, False)
                continue
            for right in self.run(node[2], place[1], scope):
                yield self.made(place, values.is_true(right))

    def _or(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        for left in self.run(node[1], place[1], scope):
            if values.is_true(left):
                yield self.made(place, True)
                continue
            for right in self.run(node[2], place[1], scope):
                yield self.made(place, values.is_true(right))

    def _alternative(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        any_true = False
        try:
            for found in self.places(node[1], place, scope):
                if values.is_true(found[1]):
                    any_true = True
                    yield found
        except JqValueError:
            pass
        if not any_true:
            yield from self.places(node[2], place, scope)

    def _if(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        for condition in self.run(node[1], place[1], scope):
            yield from self.places(node[2] if values.is_true(condition) else node[3], place, scope)

    def _try(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        try:
            yield from self.places(node[1], place, scope)
        except JqValueError as error:
            if isinstance(error.value, dict) and error.value.get("__jq") == 0:
                return
            if node[2] is not None:
                yield from self.places(
                    node[2],
                    (place[0] and _NOWHERE, error.value) if place[0] is not None else (None, error.value),
                    scope,
                )

    def _label(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        mark = object()
        inner = Scope(scope.variables, scope.functions, {**scope.labels, node[1]: mark})
        try:
            yield from self.places(node[2], place, inner)
        except JqBreak as error:
            if error.label is not mark:
                raise

    def _break(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        if node[1] not in scope.labels:
            raise node[2]
        raise JqBreak(scope.labels[node[1]])
        yield  # a generator that gives nothing

    # Parts

    def _index(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        for path, found in self.places(node[1], place, scope):
            for key in self.run(node[2], place[1], scope):
                yield self._at(path, found, key)

    def _at(self, path: tuple[Any, ...] | None, value: Any, key: Any) -> Place:
        part = values.index(value, key)
        if path is None:
            return (None, part)
        if path is _NOWHERE:
            raise JqValueError(f"Invalid path expression with result {values.shown(value)}")
        return ((*path, key), part)

    def _slice(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        for path, found in self.places(node[1], place, scope):
            for end in self._bound(node[3], place, scope):
                for start in self._bound(node[2], place, scope):
                    if path is None:
                        yield (None, values.slice_of(found, start, end))
                    else:
                        yield self._at(path, found, {"start": start, "end": end})

    def _bound(self, node: Node | None, place: Place, scope: Scope) -> Iterator[Any]:
        return iter((None,)) if node is None else self.run(node, place[1], scope)

    def _iterate(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        for path, found in self.places(node[1], place, scope):
            for key, part in values.parts(found):
                if path is _NOWHERE:
                    raise JqValueError(f"Invalid path expression with result {values.shown(found)}")
                self.step()
                yield (None if path is None else (*path, key), part)

    # Making values

    def _collect(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        yield self.made(place, list(self.run(node[1], place[1], scope)))

    def _object(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        for made in self._entries(node[1], place[1], scope):
            yield self.made(place, made)

    def _entries(self, entries: list[tuple[Node, Node]], value: Any, scope: Scope) -> Iterator[dict[str, Any]]:
        if not entries:
            yield {}
            return
        *before, (key_node, value_node) = entries
        for made in self._entries(before, value, scope):
            for key in self.run(key_node, value, scope):
                if not isinstance(key, str):
                    raise JqValueError(f"Cannot use {values.named(key)} as object key")
                for found in self.run(value_node, value, scope):
                    yield {**made, key: found}

    def _joined(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        for text in self._texts(node[1], place[1], scope):
            yield self.made(place, text)

    def _texts(self, parts: list[Node], value: Any, scope: Scope) -> Iterator[str]:
        if not parts:
            yield ""
            return
        *before, last = parts
        for end in self._text_part(last, value, scope):
            for start in self._texts(before, value, scope):
                yield start + end

    def _text_part(self, node: Node, value: Any, scope: Scope) -> Iterator[str]:
        if node[0] == "literal":
            yield node[1]
            return
        for found in self.run(node[1], value, scope):
            yield from self._natives[("@", 1)](self, found, node[2] or "@text")

    def _format(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        for text in self._natives[("@", 1)](self, place[1], node[1]):
            yield self.made(place, text)

    # Variables

    def _as(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        _, source, patterns, body = node
        for value in self.run(source, place[1], scope):
            yield from self._bound_by(patterns, value, scope, partial(self._updated, body, place))

    def _bound_by(
        self, patterns: list[Node], value: Any, scope: Scope, act: Callable[[Scope], Iterator[Place]]
    ) -> Iterator[Place]:
        """With several patterns, the next is tried when one fails."""
        names = {name: None for pattern in patterns for name in names_in(pattern)} if len(patterns) > 1 else {}
        base = Scope({**scope.variables, **names}, scope.functions, scope.labels) if names else scope
        for at, pattern in enumerate(patterns):
            try:
                for inner in self._matched(pattern, value, base, base):
                    yield from act(inner)
                return
            except JqValueError:
                if at == len(patterns) - 1:
                    raise

    def _matched(self, pattern: Node, value: Any, scope: Scope, outside: Scope) -> Iterator[Scope]:
        if pattern[0] == "name":
            yield scope.with_variable(pattern[1], value)
        elif pattern[0] == "array":
            if value is not None and not isinstance(value, list):
                raise JqValueError(f"Cannot index {values.type_of(value)} with number")
            yield from self._all_matched([(at, each) for at, each in enumerate(pattern[1])], value, scope, outside)
        else:
            yield from self._object_matched(pattern[1], value, scope, outside)

    def _all_matched(self, pairs: list[Any], value: Any, scope: Scope, outside: Scope) -> Iterator[Scope]:
        if not pairs:
            yield scope
            return
        (key, pattern), *rest = pairs
        for inner in self._matched(pattern, values.index(value, key), scope, outside):
            yield from self._all_matched(rest, value, inner, outside)

    def _object_matched(self, entries: list[Any], value: Any, scope: Scope, outside: Scope) -> Iterator[Scope]:
        if not entries:
            yield scope
            return
        (key_node, pattern, name), *rest = entries
        for key in self.run(key_node, value, scope):
            if not isinstance(key, str):
                raise JqValueError(f"Cannot index {values.type_of(value)} with {values.type_of(key)}")
            part = values.index(value, key)
            named = scope.with_variable(name, part) if name else scope
            for inner in self._matched(pattern, part, named, outside) if pattern is not None else iter((named,)):
                yield from self._object_matched(rest, value, inner, outside)

    def _reduce(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        """The last value of the update counts; none of them is null."""
        _, source, patterns, start, update = node
        for state in self.places(start, place, scope):
            held = state
            for value in self.run(source, place[1], scope):
                found = [*self._bound_by(patterns, value, scope, partial(self._updated, update, held))]
                held = found[-1] if found else self.made(place, None)
            yield held

    def _updated(self, update: Node, held: Place, scope: Scope) -> Iterator[Place]:
        return self.places(update, held, scope)

    def _foreach(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        _, source, patterns, start, update, *extract = node
        for state in self.places(start, place, scope):
            held = [state]
            for value in self.run(source, place[1], scope):
                act = partial(self._extracted, update, extract[0] if extract else ("identity",), held)
                yield from self._bound_by(patterns, value, scope, act)

    def _extracted(self, update: Node, extract: Node, held: list[Place], scope: Scope) -> Iterator[Place]:
        """`held` is the one state of a `foreach`, kept for its next value."""
        for found in self.places(update, held[0], scope):
            held[0] = found
            yield from self.places(extract, found, scope)

    # Functions

    def _def(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        name, parameters, body = node[1]
        yield from self.places(node[2], place, scope.with_function(name, parameters, body))

    def _call(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        _, name, arguments, missing = node
        key = (name, len(arguments))
        found = scope.functions.get(key)
        if found is None:
            if key in self._path_natives:
                return self._path_natives[key](self, place, scope, *arguments)
            if key in self._natives:
                return self._native(key, arguments, place, scope)
            raise missing
        if found[0] == "closure":
            return self.places(found[1], place, found[2])
        return self._defined(found, arguments, place, scope)

    def _defined(self, found: Any, arguments: list[Node], place: Place, scope: Scope) -> Iterator[Place]:
        _, parameters, body, home = found
        inner = Scope(home.variables, dict(home.functions), home.labels)
        named: list[tuple[str, Node]] = []
        for parameter, argument in zip(parameters, arguments, strict=True):
            plain = parameter.removeprefix("$")
            inner.functions[(plain, 0)] = ("closure", argument, scope)
            if parameter.startswith("$"):
                named.append((plain, argument))
        return self._with_values(named, place, scope, inner, body)

    def _with_values(
        self, named: list[tuple[str, Node]], place: Place, scope: Scope, inner: Scope, body: Node
    ) -> Iterator[Place]:
        if not named:
            yield from self.places(body, place, inner)
            return
        (name, argument), *rest = named
        for value in self.run(argument, place[1], scope):
            bound = inner.with_variable(name, value)
            bound.functions = {**bound.functions, (name, 0): ("closure", ("literal", value), scope)}
            yield from self._with_values(rest, place, scope, bound, body)

    def _native(self, key: tuple[str, int], arguments: list[Node], place: Place, scope: Scope) -> Iterator[Place]:
        """A function of values: every combination of what its arguments give, the last one turning slowest."""
        for given in self._combined(arguments, place[1], scope):
            for found in self._natives[key](self, place[1], *given):
                yield self.made(place, found)

    def _combined(self, arguments: list[Node], value: Any, scope: Scope) -> Iterator[tuple[Any, ...]]:
        if not arguments:
            yield ()
            return
        *before, last = arguments
        for end in self.run(last, value, scope):
            for start in self._combined(before, value, scope):
                yield (*start, end)

    # Assignment

    def _assign(self, node: Node, place: Place, scope: Scope) -> Iterator[Place]:
        _, operator, target, source = node
        value = place[1]
        if operator == "update":
            yield self.made(place, self.updated(target, value, scope, lambda old: self.run(source, old, scope)))
            return
        for new in self.run(source, value, scope):
            if operator == "set":
                made = value
                for path in list(self.paths(target, value, scope)):
                    made = self.charge(values.set_path(made, path, new))
                yield self.made(place, made)
                continue
            yield self.made(place, self.updated(target, value, scope, _operation(operator, new)))

    def updated(self, target: Node, value: Any, scope: Scope, act: Callable[[Any], Iterator[Any]]) -> Any:
        """Every place of `target` becomes the first value that `act` gives for it; a place without one goes."""
        gone = []
        for path in list(self.paths(target, value, scope)):
            new = next(iter(act(values.get_path(value, path))), _NOTHING)
            if new is _NOTHING:
                gone.append(path)
            else:
                value = self.charge(values.set_path(value, path, new))
        return values.delete_paths(value, gone)


_NOWHERE: tuple[Any, ...] = ("nowhere",)
_NOTHING = object()


def _operation(operator: str, new: Any) -> Callable[[Any], Iterator[Any]]:
    def act(old: Any) -> Iterator[Any]:
        if operator == "//":
            yield old if values.is_true(old) else new
        else:
            yield values.binary(operator, old, new)

    return act
