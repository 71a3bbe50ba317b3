"""Expressions ready to run: read, checked and kept, so that equal texts are compiled once.

`compiled` raises CompileError, `Program.run` CelError or CostExceeded. Programs are no part of a cluster's state.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from simulator.machinery.cel.checking import Declarations, check, descendants
from simulator.machinery.cel.errors import CelError
from simulator.machinery.cel.evaluation import Frame, evaluate
from simulator.machinery.cel.nodes import Ident, Node
from simulator.machinery.cel.parsing import parse
from simulator.machinery.cel.types import Type

#: The most that one evaluation may cost: about a tenth of a second upstream (`apis/cel/config.go`).
PER_CALL_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """A value or a failure, and what it cost."""

    value: Any
    cost: int
    error: CelError | None = None


@dataclass(frozen=True, slots=True)
class Program:
    tree: Node

    @property
    def type(self) -> Type:
        assert self.tree.type is not None
        return self.tree.type

    def names(self, variable: str) -> bool:
        """Whether the expression speaks of a variable."""
        return any(isinstance(node, Ident) and node.name == variable for node in descendants(self.tree))

    def run(self, variables: dict[str, Any], limit: int = PER_CALL_LIMIT) -> Outcome:
        """Raises CostExceeded."""
        frame = Frame(dict(variables), limit)
        try:
            value = evaluate(self.tree, frame)
        except CelError as error:
            return Outcome(None, frame.cost, error)
        except RecursionError:
            return Outcome(None, frame.cost, CelError("expression recursion limit exceeded: 250"))
        return Outcome(value, frame.cost)


@lru_cache(maxsize=1_024)
def compiled(text: str, declarations: Declarations) -> Program:
    """Raises CompileError."""
    tree = parse(text)
    check(tree, declarations, text)
    return Program(tree)
