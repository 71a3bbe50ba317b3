"""Carrying a Go template out over decoded JSON, with Go's values, printing and complaints."""

from __future__ import annotations

from typing import Any

from simulator.machinery.go_templates.functions import FunctionError, is_true, printed, run
from simulator.machinery.go_templates.syntax import Action, Branch, Jump, Pipeline, TemplateError, Term, Text
from simulator.machinery.go_templates.values import MISSING, floats

MAX_STEPS = 200_000
MAX_OUTPUT = 2_000_000


def execute(template: str, nodes: list[Any], data: Any, *, missing_is_error: bool = False) -> str:
    """The output; a failure is a TemplateError with what had been written in `written`."""
    whole = floats(data)
    run_ = _Run(template, missing_is_error=missing_is_error, variables=[("$", whole)])
    try:
        run_.walk(nodes, whole)
    except TemplateError as error:
        error.written = "".join(run_.out)
        raise
    return "".join(run_.out)


class _Left(Exception):
    """A `break` or `continue` on its way to its loop."""

    def __init__(self, kind: str) -> None:
        self.kind = kind


class _Run:
    def __init__(self, template: str, *, missing_is_error: bool, variables: list[tuple[str, Any]]) -> None:
        self.template = template
        self.missing_is_error = missing_is_error
        self.variables = variables
        self.out: list[str] = []
        self.written = 0
        self.steps = 0

    def fail(self, term_at: int, source: str, why: str) -> TemplateError:
        line = self.template.count("\n", 0, term_at) + 1
        column = term_at - (self.template.rfind("\n", 0, term_at) + 1)
        return TemplateError(f'template: output:{line}:{column}: executing "output" at <{source}>: {why}')

    def walk(self, nodes: list[Any], dot: Any) -> None:
        for node in nodes:
            self.steps += 1
            if self.steps > MAX_STEPS or self.written > MAX_OUTPUT:
                raise TemplateError(
                    f"the template takes more than {MAX_STEPS} steps or writes more than {MAX_OUTPUT} signs"
                )
            if isinstance(node, Text):
                self.write(node.text)
            elif isinstance(node, Jump):
                raise _Left(node.kind)
            elif isinstance(node, Action):
                value = self.evaluated(node.pipeline, dot)
                if not node.pipeline.variables:
                    self.write(printed(value))
            else:
                self.branch(node, dot)

    def write(self, text: str) -> None:
        self.out.append(text)
        self.written += len(text)

    def branch(self, node: Branch, dot: Any) -> None:
        kept = len(self.variables)
        try:
            if node.kind == "range":
                self.loop(node, dot)
                return
            value = self.evaluated(node.pipeline, dot)
            if is_true(value):
                self.walk(node.body, value if node.kind == "with" else dot)
            else:
                self.walk(node.otherwise, dot)
        finally:
            del self.variables[kept:]

    def loop(self, node: Branch, dot: Any) -> None:
        names = node.pipeline.variables
        whole = self.piped(node.pipeline, dot)
        pairs = self.pairs(node, whole)
        if not pairs:
            self.walk(node.otherwise, dot)
        kept = len(self.variables)
        for key, value in pairs:
            if names:
                self.variables.append((names[-1], value))
            if len(names) > 1:
                self.variables.append((names[0], key))
            try:
                self.walk(node.body, value)
            except _Left as left:
                if left.kind == "break":
                    break
            finally:
                del self.variables[kept:]

    def pairs(self, node: Branch, whole: Any) -> list[tuple[Any, Any]]:
        if whole is MISSING or whole is None:
            return []
        if isinstance(whole, dict):
            return [(key, whole[key]) for key in sorted(whole)]
        if isinstance(whole, list):
            return list(enumerate(whole))
        at = node.pipeline.commands[0][0].place
        raise self.fail(at, node.pipeline.source, f"range can't iterate over {printed(whole)}")

    # Values

    def evaluated(self, pipeline: Pipeline, dot: Any) -> Any:
        value = self.piped(pipeline, dot)
        for name in pipeline.variables:
            if pipeline.declares:
                self.variables.append((name, value))
            else:
                self.assign(name, value)
        return value

    def assign(self, name: str, value: Any) -> None:
        for at in range(len(self.variables) - 1, -1, -1):
            if self.variables[at][0] == name:
                self.variables[at] = (name, value)
                return
        raise TemplateError(f'template: output:1: undefined variable "{name}"')

    def piped(self, pipeline: Pipeline, dot: Any) -> Any:
        value: tuple[Any, ...] = ()
        for command in pipeline.commands:
            value = (self.command(command, dot, value, pipeline),)
        return value[0]

    def command(self, terms: list[Term], dot: Any, last: tuple[Any, ...], pipeline: Pipeline) -> Any:
        first = terms[0]
        if first.kind == "function":
            return self.function(terms, dot, last)
        if first.kind == "literal" and first.value is None and len(terms) == 1:
            raise self.fail(first.at, "nil", "nil is not a command")
        if first.fields and (len(terms) > 1 or last):
            raise self.fail(first.place, first.source, f"{first.fields[-1]} is not a method but has arguments")
        if len(terms) > 1 or last:
            raise self.fail(first.at, first.source, f"can't give argument to non-function {first.source}")
        return self.term(first, dot)

    def function(self, terms: list[Term], dot: Any, last: tuple[Any, ...]) -> Any:
        name = str(terms[0].value)
        source = " ".join(term.source for term in terms)
        if name in ("and", "or"):
            return self.lazily(name, terms[1:], dot, last)
        arguments = [self.term(term, dot) for term in terms[1:]] + list(last)
        try:
            return run(name, arguments)
        except FunctionError as error:
            prefix = "" if error.is_plain else f"error calling {name}: "
            raise self.fail(terms[0].at, source if not error.is_plain else name, f"{prefix}{error}") from error

    def lazily(self, name: str, terms: list[Term], dot: Any, last: tuple[Any, ...]) -> Any:
        value: Any = MISSING
        for term in terms:
            value = self.term(term, dot)
            if is_true(value) == (name == "or"):
                return value
        return last[0] if last else value

    def term(self, term: Term, dot: Any) -> Any:
        if term.kind == "function":
            return self.function([term], dot, ())
        if term.kind == "literal":
            return term.value
        if term.kind == "pipeline":
            value = self.piped(term.value, dot)
        elif term.kind == "variable":
            value = self.variable(term)
        else:
            value = dot
        for name in term.fields:
            value = self.field(term, value, name)
        return value

    def variable(self, term: Term) -> Any:
        for name, value in reversed(self.variables):
            if name == term.value:
                return value
        raise TemplateError(f'template: output:1: undefined variable "{term.value}"')

    def field(self, term: Term, value: Any, name: str) -> Any:
        dotted = term.place
        if value is MISSING and not self.missing_is_error:
            return MISSING
        if value is MISSING or value is None:
            raise self.fail(dotted, term.source, f"nil pointer evaluating interface {{}}.{name}")
        if not isinstance(value, dict):
            raise self.fail(dotted, term.source, f"can't evaluate field {name} in type interface {{}}")
        if name not in value and self.missing_is_error:
            raise self.fail(dotted, term.source, f'map has no entry for key "{name}"')
        return value.get(name, MISSING)
