"""Manifests as text: YAML or JSON, many documents, read safely and with the place of every value.

Promises: values mean what `sigs.k8s.io/yaml` makes of them (YAML 1.1 booleans, numbers, octals, merge keys; keys
become texts); nothing but plain data comes out; size, depth, number of documents and the growth by aliases are
limited before memory is spent; errors name line and column and carry kubectl's text
(`error converting YAML to JSON: yaml: line 4: mapping values are not allowed in this context`).

Leaves to others: what the documents mean (`decoding.py`), and the file name in front of the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_BYTES = 3_145_728
MAX_DEPTH = 100
MAX_VALUES = 200_000
MAX_DOCUMENTS = 500

_CONVERTING = "error converting YAML to JSON: "
_TRUE = frozenset(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"))
_FALSE = frozenset(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"))
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_INTEGER = re.compile(r"[-+]?(0[bB][01]+|0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlError(ValueError):
    """The text is no acceptable YAML; `line` and `column` count from 1 in the whole text."""

    def __init__(self, message: str, *, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Document:
    """One document that is not empty, with the place of each of its fields."""

    value: Any
    line: int
    places: dict[str, tuple[int, int]] = field(repr=False)

    def place(self, path: str) -> tuple[int, int]:
        """Line and column of a field path such as `spec.containers[0].image`, or of its nearest parent."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path[: max(path.rfind("."), path.rfind("["))] if re.search(r"[.\[]", path) else ""
        return self.line, 1


def read(text: str, *, words: bool = True) -> list[Document]:
    """All documents of a text; raises `YamlError` at the first mistake.

    `words`: `yes`, `no`, `on` and `off` are booleans, as everywhere but in Kustomize.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise YamlError(f"the text is too large: found {size} bytes, wanted at most {MAX_BYTES}")
    documents = []
    for first_line, chunk in _chunks(text):
        document = _Reader(chunk, first_line, words=words).document()
        if document is not None:
            documents.append(document)
        if len(documents) > MAX_DOCUMENTS:
            raise YamlError(f"too many documents: wanted at most {MAX_DOCUMENTS}", line=first_line)
    return documents


def read_some(text: str) -> tuple[list[Document], YamlError | None]:
    """The documents before the first mistake, and the mistake: who takes one document after the other has seen them by then."""
    found: list[Document] = []
    try:
        for first_line, chunk in _chunks(text):
            document = _Reader(chunk, first_line, words=True).document()
            found += [document] if document is not None else []
    except YamlError as error:
        return found, error
    return found, None


def _chunks(text: str) -> Iterator[tuple[int, str]]:
    """Documents with the line each begins on; a line that starts with `---` separates, as in kubectl."""
    lines: list[str] = []
    first = 1
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        if line.startswith("---"):
            _refuse_content(line[3:].strip(), number)
        if line.startswith("---") and number > 1:
            yield first, "".join(lines)
            lines, first = [], number + 1
        else:
            lines.append(line)
    yield first, "".join(lines)


def _refuse_content(text: str, line: int) -> None:
    if text and not text.startswith("#"):
        raise YamlError(f"invalid Yaml document separator: {text}", line=line)


class _Reader:
    """Builds one document from the parser's events; aliases are counted each time they are used."""

    def __init__(self, text: str, first_line: int, *, words: bool) -> None:
        self._text = text
        self._words = words
        self._first_line = first_line
        self._places: dict[str, tuple[int, int]] = {}
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._values = 0
        self._events: Iterator[Any] = iter(())

    def document(self) -> Document | None:
        try:
            self._events = yaml.parse(self._text, Loader=_LOADER)
            return self._read_stream()
        except yaml.MarkedYAMLError as error:
            raise self._syntax_error(error) from None
        except yaml.reader.ReaderError:
            raise YamlError(_CONVERTING + "yaml: control characters are not allowed", line=self._first_line) from None

    def _read_stream(self) -> Document | None:
        found: Document | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                mark: Any = event.start_mark
                line = self._first_line + mark.line
                value = self._value(next(self._events), "", 0)
                if found is None and value is not None:
                    found = Document(value, line, self._places)
        return found

    def _syntax_error(self, error: yaml.MarkedYAMLError) -> YamlError:
        """Lines are counted as go-yaml does: from 1 for the scanner, one less for the parser, none for the first."""
        scanner = isinstance(error, yaml.scanner.ScannerError)
        mark = next((m for m in (error.problem_mark, error.context_mark) if m is not None and m.line != 0), None)
        where = f"line {mark.line + scanner}: " if mark is not None else ""
        place = error.problem_mark or error.context_mark
        problem = error.problem or "unknown problem parsing YAML content"
        return YamlError(
            f"{_CONVERTING}yaml: {where}{problem}",
            line=self._first_line + (place.line if place else 0),
            column=(place.column if place else 0) + 1,
        )

    def _value(self, event: Any, path: str, depth: int) -> Any:
        self._count(event, 1)
        if depth > MAX_DEPTH:
            raise self._refusal(event, f"nested too deeply: wanted at most {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._values
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event, words=self._words)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(path, depth)
        else:
            value = self._mapping(path, depth)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._values - before + 1)
        return value

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            raise self._refusal(event, f"yaml: unknown anchor '{event.anchor}' referenced")
        value, size = self._anchors[event.anchor]
        self._count(event, size)
        return value

    def _count(self, event: Any, size: int) -> None:
        self._values += size
        if self._values > MAX_VALUES:
            raise self._refusal(event, "yaml: document contains excessive aliasing")

    def _sequence(self, path: str, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            inner = f"{path}[{len(items)}]"
            self._note(inner, event)
            items.append(self._value(event, inner, depth + 1))
        return items

    def _mapping(self, path: str, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        merged: list[Any] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]:
                merged.append((event, self._value(next(self._events), path, depth + 1)))
                continue
            key = self._key(event, path, depth)
            if key in mapping:
                line = event.start_mark.line + 1
                raise self._refusal(event, f'yaml: unmarshal errors:\n  line {line}: key "{key}" already set in map')
            inner = f"{path}.{key}" if path else key
            self._note(inner, event)
            mapping[key] = self._value(next(self._events), inner, depth + 1)
        for event, source in merged:
            self._merge(mapping, source, event)
        return mapping

    def _merge(self, mapping: dict[str, Any], source: Any, event: Any) -> None:
        for part in source if isinstance(source, list) else [source]:
            if not isinstance(part, dict):
                raise self._refusal(event, "yaml: map merge requires map or sequence of maps as the value")
            for key, value in part.items():
                mapping.setdefault(key, value)

    def _key(self, event: Any, path: str, depth: int) -> str:
        key = self._value(event, path, depth + 1)
        if isinstance(key, bool):
            return "true" if key else "false"
        if isinstance(key, str | int | float):
            return str(key)
        raise self._refusal(event, f"yaml: invalid map key: {_go_text(key)}")

    def _note(self, path: str, event: Any) -> None:
        self._places[path] = (self._first_line + event.start_mark.line, event.start_mark.column + 1)

    def _refusal(self, event: Any, message: str) -> YamlError:
        mark = event.start_mark
        return YamlError(_CONVERTING + message, line=self._first_line + mark.line, column=mark.column + 1)


def _go_text(value: Any) -> str:
    return "<nil>" if value is None else f"{type(value).__name__}"


def _scalar(event: Any, *, words: bool) -> Any:
    text: str = event.value
    if event.tag == "tag:yaml.org,2002:str" or (event.tag in (None, "!") and not event.implicit[0]):
        return text
    if event.tag == "tag:yaml.org,2002:binary":
        return text
    if text in _NULL:
        return None
    if not words and text.lower() not in ("true", "false"):
        return _number(text)
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    return _number(text)


def _number(text: str) -> Any:
    plain = text.replace("_", "") if text[:1] in "+-.0123456789" else text
    if _INTEGER.fullmatch(plain):
        return _integer(plain)
    if _FLOAT.fullmatch(plain):
        value = float(plain)
        if value in (float("inf"), float("-inf")):
            return text
        return int(value) if value.is_integer() and abs(value) < 1e15 else value  # JSON writes 1.0 as 1
    return text


def _integer(plain: str) -> int:
    sign = -1 if plain[0] == "-" else 1
    digits = plain.lstrip("+-").lower()
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        return sign * int(digits, 8)
    return sign * int(digits, 0)
