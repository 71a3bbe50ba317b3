"""kubectl's dialect of JSONPath: templates such as `{range .items[*]}{.metadata.name}{"\\n"}{end}`.

Follows https://kubernetes.io/docs/reference/kubectl/jsonpath/. A template is parsed once into nodes and then applied.

Promises: keys that are missing give nothing; an index outside a list and a broken template are errors with the
words of the real one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.machinery import go_text
from simulator.machinery.json_text import compact

_NAME = re.compile(r"(?:\\.|[^\s.\[\]{}()'\",@$?*:=!<>|&])+")
_OPERATORS = ("==", "!=", "<=", ">=", "<", ">")
_NOTHING: tuple[Any, ...] = ()


class JsonPathError(Exception):
    """The template cannot be parsed or applied."""


@dataclass(frozen=True, slots=True)
class _Text:
    text: str


@dataclass(frozen=True, slots=True)
class _Field:
    name: str


@dataclass(frozen=True, slots=True)
class _Slice:
    start: int | None
    stop: int | None
    step: int
    single: bool


@dataclass(frozen=True, slots=True)
class _Wildcard:
    pass


@dataclass(frozen=True, slots=True)
class _Recursive:
    pass


@dataclass(frozen=True, slots=True)
class _Filter:
    left: _Path | _Literal
    operator: str
    right: _Path | _Literal | None


@dataclass(frozen=True, slots=True)
class _Union:
    parts: tuple[_Path, ...]


@dataclass(frozen=True, slots=True)
class _Literal:
    value: Any


@dataclass(frozen=True, slots=True)
class _Path:
    steps: tuple[Any, ...]
    root: bool = False


@dataclass(frozen=True, slots=True)
class _Range:
    over: _Path
    body: tuple[Any, ...]


class JsonPath:
    """A parsed template."""

    def __init__(self, template: str) -> None:
        self.template = template
        self._nodes = _TemplateReader(template).nodes()

    def text(self, value: Any) -> str:
        """The printed form: results of an expression joined by spaces."""
        return "".join(_texts(self._nodes, value, value))

    def values(self, value: Any) -> list[Any]:
        """What the first expression of the template finds."""
        for node in self._nodes:
            if isinstance(node, _Path):
                return list(_found(node, value, value))
        return []

    @staticmethod
    def printed(value: Any) -> str:
        """One result as `text` writes it."""
        return _printed(value)


def relaxed(expression: str) -> str:
    """The form `--sort-by` and custom columns accept: braces and the first dot may be left out."""
    if not expression:
        return expression
    inner = expression[1:-1] if expression.startswith("{") and expression.endswith("}") else expression
    if "{" in inner or "}" in inner:
        raise JsonPathError(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
        )
    return "{" + (inner if inner.startswith(".") else "." + inner) + "}"


# Applying


def _texts(nodes: Sequence[Any], value: Any, root: Any) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, _Text):
            yield node.text
        elif isinstance(node, _Range):
            for item in _found(node.over, value, root):
                yield from _texts(node.body, item, root)
        else:
            yield " ".join(_printed(item) for item in _found(node, value, root))


def _printed(value: Any) -> str:
    return compact(value) if isinstance(value, (dict, list)) else "null" if value is None else go_text.value(value)


def _found(path: _Path | _Literal, value: Any, root: Any) -> Sequence[Any]:
    if isinstance(path, _Literal):
        return [path.value]
    found: list[Any] = [root if path.root else value]
    for step in path.steps:
        if isinstance(step, _Union):
            found = [result for part in step.parts for item in found for result in _found(part, item, root)]
        else:
            found = [result for item in found for result in _step(step, item, root)]
    return found


def _step(step: Any, value: Any, root: Any) -> Sequence[Any]:
    if isinstance(step, _Field):
        return [value[step.name]] if isinstance(value, dict) and step.name in value else _NOTHING
    if isinstance(step, _Wildcard):
        return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else _NOTHING
    if isinstance(step, _Recursive):
        return list(_everything(value))
    if isinstance(step, _Slice):
        return _sliced(step, value)
    if not isinstance(value, list):
        return _NOTHING if value is None else [value] if _passes(step, value, root) else _NOTHING
    return [item for item in value if _passes(step, item, root)]


def _everything(value: Any) -> Iterator[Any]:
    yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _everything(child)


def _sliced(step: _Slice, value: Any) -> Sequence[Any]:
    if value is None:
        return _NOTHING
    if not isinstance(value, list):
        raise JsonPathError(f"{_go_type(value)} is not array or slice")
    if not step.single:
        return value[step.start : step.stop : step.step]
    index = step.start or 0
    if not -len(value) <= index < len(value):
        raise JsonPathError(f"array index out of bounds: index {index}, length {len(value)}")
    return [value[index]]


def _go_type(value: Any) -> str:
    return "map[string]interface {}" if isinstance(value, dict) else "string" if isinstance(value, str) else "int64"


def _passes(test: _Filter, item: Any, root: Any) -> bool:
    left = _found(test.left, item, root)
    if test.right is None:
        return bool(left)
    right = _found(test.right, item, root)
    if not left or not right:
        return False
    return _compared(left[0], test.operator, right[0])


def _compared(left: Any, operator: str, right: Any) -> bool:
    if operator == "==":
        return bool(left == right)
    if operator == "!=":
        return bool(left != right)
    numbers = all(isinstance(side, (int, float)) and not isinstance(side, bool) for side in (left, right))
    if not numbers and not (isinstance(left, str) and isinstance(right, str)):
        return False
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator])


# Parsing


class _TemplateReader:
    def __init__(self, template: str) -> None:
        self.template = template

    def nodes(self) -> tuple[Any, ...]:
        stack: list[list[Any]] = [[]]
        ranges: list[_Path] = []
        for kind, text in self._pieces():
            if kind == "text":
                stack[-1].append(_Text(text))
                continue
            action = text.strip()
            if action.startswith("range") and action[5:6] in (" ", ""):
                ranges.append(self._one_path(action[5:].strip()))
                stack.append([])
            elif action == "end":
                if not ranges:
                    raise self._error("not in range, nothing to end")
                body = tuple(stack.pop())
                stack[-1].append(_Range(ranges.pop(), body))
            else:
                stack[-1] += self._expressions(action)
        if ranges:
            raise self._error("unterminated range")
        return tuple(stack[0])

    def _pieces(self) -> Iterator[tuple[str, str]]:
        text, at = self.template, 0
        while at < len(text):
            start = text.find("{", at)
            if start < 0:
                yield "text", text[at:]
                return
            if start > at:
                yield "text", text[at:start]
            stop = self._closing(start)
            yield "action", text[start + 1 : stop]
            at = stop + 1

    def _closing(self, start: int) -> int:
        quote = ""
        for at in range(start + 1, len(self.template)):
            rune = self.template[at]
            if quote:
                if rune == quote and self.template[at - 1] != "\\":
                    quote = ""
            elif rune in "'\"":
                quote = rune
            elif rune == "}":
                return at
        raise self._error("unclosed action")

    def _error(self, why: str) -> JsonPathError:
        return JsonPathError(f"error parsing jsonpath {self.template}, {why}")

    def _one_path(self, text: str) -> _Path:
        nodes = self._expressions(text)
        if len(nodes) != 1 or not isinstance(nodes[0], _Path):
            raise self._error(f"unrecognized identifier {text}")
        return nodes[0]

    def _expressions(self, text: str) -> list[Any]:
        reader = _PathReader(text, self._error)
        nodes: list[Any] = []
        while not reader.done():
            nodes.append(reader.node())
        return nodes


class _PathReader:
    """Reads the inside of one pair of braces."""

    def __init__(self, text: str, error: Any) -> None:
        self.text = text
        self.at = 0
        self.error = error

    def done(self) -> bool:
        self._skip_space()
        return self.at >= len(self.text)

    def _skip_space(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def _peek(self, size: int = 1) -> str:
        return self.text[self.at : self.at + size]

    def node(self) -> Any:
        if self._peek() in "'\"":
            return _Text(self._quoted())
        number = re.match(r"-?\d+(\.\d+)?", self.text[self.at :])
        if number:
            self.at += number.end()
            return _Text(number.group())
        return self.path()

    def path(self) -> _Path:
        root = self._peek() == "$"
        if self._peek() in ("$", "@"):
            self.at += 1
        steps: list[Any] = []
        while self.at < len(self.text) and not self._peek().isspace():
            step = self._step()
            if step is None:
                break
            steps += step
        if not steps and not root and self.text[self.at - 1 : self.at] not in ("@", "."):
            raise self.error(f"unrecognized character in action: U+{ord(self._peek() or ' '):04X} '{self._peek()}'")
        return _Path(tuple(steps), root)

    def _step(self) -> list[Any] | None:
        if self._peek(2) == "..":
            self.at += 2
            name = self._name() if self._peek() not in ("[", "*", "") else None
            return [_Recursive(), _Field(name)] if name else [_Recursive()]
        if self._peek() == ".":
            self.at += 1
            if self._peek() == "*":
                self.at += 1
                return [_Wildcard()]
            if self._peek() in ("", "[", " "):
                return []
            return [_Field(self._name())]
        if self._peek() == "[":
            return [self._bracket()]
        if self._peek() == "*":
            self.at += 1
            return [_Wildcard()]
        return None if not _NAME.match(self.text, self.at) else [_Field(self._name())]

    def _name(self) -> str:
        found = _NAME.match(self.text, self.at)
        if found is None:
            raise self.error(f"unrecognized character in action: U+{ord(self._peek()):04X} '{self._peek()}'")
        self.at = found.end()
        return re.sub(r"\\(.)", r"\1", found.group())

    def _quoted(self) -> str:
        quote = self._peek()
        stop = self.at + 1
        while stop < len(self.text) and (self.text[stop] != quote or self.text[stop - 1] == "\\"):
            stop += 1
        if stop >= len(self.text):
            raise self.error("unterminated quoted string")
        raw = self.text[self.at + 1 : stop]
        self.at = stop + 1
        return re.sub(r"\\(.)", lambda sign: {"n": "\n", "t": "\t", "r": "\r"}.get(sign[1], sign[1]), raw)

    def _bracket(self) -> Any:
        stop = self._bracket_end()
        inner = self.text[self.at + 1 : stop].strip()
        self.at = stop + 1
        if inner == "*":
            return _Wildcard()
        if inner.startswith("?(") and inner.endswith(")"):
            return self._filter(inner[2:-1].strip())
        if re.fullmatch(r"-?\d+", inner):
            return _Slice(int(inner), None, 1, single=True)
        if re.fullmatch(r"(-?\d*):(-?\d*)(:\d*)?", inner):
            start, stop_at, step = (*inner.split(":"), "")[:3]
            return _Slice(_int(start), _int(stop_at), _int(step) or 1, single=False)
        return _Union(tuple(self._union_part(part.strip()) for part in inner.split(",")))

    def _union_part(self, text: str) -> _Path:
        """A number, or a path in single quotes: `['metadata.name']` is two steps, a dot in a name is escaped."""
        if re.fullmatch(r"-?\d+", text):
            return _Path((_Slice(int(text), None, 1, single=True),))
        if re.fullmatch(r"'[^']+'", text):
            return _PathReader("." + text[1:-1], self.error).path()
        raise self.error(f"invalid array index {text}")

    def _bracket_end(self) -> int:
        depth, quote = 0, ""
        for at in range(self.at, len(self.text)):
            rune = self.text[at]
            if quote:
                quote = "" if rune == quote and self.text[at - 1] != "\\" else quote
            elif rune in "'\"":
                quote = rune
            else:
                depth += (rune == "[") - (rune == "]")
                if depth == 0:
                    return at
        raise self.error("unterminated array")

    def _filter(self, text: str) -> _Filter:
        quote = ""
        for at, rune in enumerate(text):
            if quote:
                quote = "" if rune == quote and text[at - 1] != "\\" else quote
            elif rune in "'\"":
                quote = rune
            else:
                operator = next((sign for sign in _OPERATORS if text.startswith(sign, at)), None)
                if operator:
                    right = text[at + len(operator) :]
                    return _Filter(self._operand(text[:at]), operator, self._operand(right))
        return _Filter(self._operand(text), "exists", None)

    def _operand(self, text: str) -> _Path | _Literal:
        text = text.strip()
        if text[:1] in ("'", '"'):
            return _Literal(_PathReader(text, self.error)._quoted())
        if re.fullmatch(r"-?\d+", text):
            return _Literal(int(text))
        if re.fullmatch(r"-?\d+\.\d+", text):
            return _Literal(float(text))
        if text in ("true", "false"):
            return _Literal(text == "true")
        return _PathReader(text, self.error).path()


def _int(text: str) -> int | None:
    return int(text.lstrip(":")) if text.lstrip(":") else None
