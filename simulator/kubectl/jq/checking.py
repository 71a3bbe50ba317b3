"""Refuses a filter that uses names which nobody defined, before it runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator.kubectl.jq.literals import Node

Functions = set[tuple[str, int]]


def names_in(pattern: Node) -> list[str]:
    """The variables of a pattern."""
    if pattern[0] == "name":
        return [pattern[1]]
    if pattern[0] == "array":
        return [name for each in pattern[1] for name in names_in(each)]
    return [
        name
        for _, each, own in pattern[1]
        for name in (([own] if own else []) + (names_in(each) if each is not None else []))
    ]


def check(node: Node, functions: Iterable[tuple[str, int]], variables: Iterable[str]) -> None:
    """Raises JqSyntaxError."""
    _Checker().look(node, set(functions), set(variables), set())


class _Checker:
    def look(self, node: Any, functions: Functions, variables: set[str], labels: set[str]) -> None:
        if isinstance(node, list):
            for each in node:
                self.look(each, functions, variables, labels)
            return
        if not isinstance(node, tuple) or not node:
            return
        kind = node[0]
        if not isinstance(kind, str):
            self.look(list(node), functions, variables, labels)
            return
        if kind == "literal":
            return
        if kind == "variable" and node[1] not in variables:
            raise node[2]
        if kind == "break" and node[1] not in labels:
            raise node[2]
        if kind == "call" and (node[1], len(node[2])) not in functions:
            raise node[3]
        if kind == "call":
            self.look(node[2], functions, variables, labels)
            return
        if kind == "def":
            functions = self._defined(node[1], functions, variables, labels)
            self.look(node[2], functions, variables, labels)
            return
        if kind == "label":
            labels = {*labels, node[1]}
        if kind in ("as", "reduce", "foreach"):
            self.look(node[1], functions, variables, labels)
            names = {name for pattern in node[2] for name in names_in(pattern)}
            first = 3 if kind == "as" else 4
            for part in node[3:first]:
                self.look(part, functions, variables, labels)
            for part in node[first:] if kind != "as" else node[3:]:
                self.look(part, functions, variables | names, labels)
            return
        for part in node[1:]:
            self.look(part, functions, variables, labels)

    def _defined(self, definition: Any, functions: Functions, variables: set[str], labels: set[str]) -> Functions:
        name, parameters, body = definition
        outside = functions | {(name, len(parameters))}
        inside = outside | {(each.removeprefix("$"), 0) for each in parameters}
        self.look(body, inside, variables | {each[1:] for each in parameters if each.startswith("$")}, labels)
        return outside
