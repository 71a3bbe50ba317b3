"""`-o custom-columns` and `-o custom-columns-file`: a table of the user's own.

Promises: columns are read and filled as the real command does, and a path that cannot be read is told below the header
(`kubectl/pkg/cmd/get/customcolumn.go`).
"""

from __future__ import annotations

from collections.abc import Sequence

from simulator.engine.plain import Obj
from simulator.kubectl.aligned import rows_text
from simulator.kubectl.call import Call
from simulator.kubectl.errors import CommandError
from simulator.kubectl.home import FileError
from simulator.kubectl.printers import cell
from simulator.machinery.jsonpath import JsonPath, JsonPathError, relaxed

_NOTHING_GIVEN = "custom-columns format specified but no custom columns given"
_EXPECTED = "Expected format is one line of space separated headers, one line of space separated column specs."

Column = tuple[str, str]
"""A header and the path below it."""


def custom_columns(call: Call, output: str, objects: Sequence[Obj]) -> str:
    """The objects in the columns that `-o` asks for."""
    kind, _, text = output.partition("=")
    if not text:
        raise CommandError(_NOTHING_GIVEN)
    columns = _of_file(call, text) if kind == "custom-columns-file" else _of_spec(text)
    header = [[name for name, _ in columns]] if not call.on("no-headers") else []
    try:
        paths = [JsonPath(path) for _, path in columns]
        return rows_text(header + [[_value(path, obj) for path in paths] for obj in objects])[0]
    except JsonPathError as error:
        raise CommandError(str(error), written=rows_text(header)[0]) from error


def _of_spec(spec: str) -> list[Column]:
    columns = []
    for part in _split(spec):
        name, colon, path = part.partition(":")
        if not colon:
            raise CommandError(f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
        columns.append((name, _path(path)))
    return columns


def _of_file(call: Call, file: str) -> list[Column]:
    try:
        lines = call.session.home.read(file).splitlines()
    except FileError as error:
        raise CommandError(f"error reading template {file}, open {file}: {str(error).lower()}\n") from error
    if not lines:
        raise CommandError(f"invalid template, missing header line. {_EXPECTED}")
    if len(lines) == 1:
        raise CommandError(f"invalid template, missing spec line. {_EXPECTED}")
    names, paths = lines[0].split(), lines[1].split()
    if len(names) != len(paths):
        raise CommandError(f"number of headers ({len(names)}) and field specifications ({len(paths)}) don't match")
    return [(name, _path(path)) for name, path in zip(names, paths, strict=True)]


def _path(text: str) -> str:
    try:
        return relaxed(text)
    except JsonPathError as error:
        raise CommandError(str(error)) from error


def _value(path: JsonPath, obj: Obj) -> str:
    return ",".join(cell("<none>" if value is None else value) for value in path.values(obj)) or "<none>"


def _split(spec: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, rune in enumerate(spec):
        depth += (rune in "[({") - (rune in "])}")
        if rune == "," and depth == 0:
            parts.append(spec[start:at])
            start = at + 1
    return [*parts, spec[start:]]
