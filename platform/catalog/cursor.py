"""Reads a YAML file strictly while remembering where everything stands.

A `Cursor` points at one value. Asking it for a text, a number, a list or a mapping returns that, or notes a problem with
file, line, what was found and what was wanted, and returns something harmless; so one pass finds every mistake. Reading
promises not to execute or expand anything: plain tags only, no anchors, no duplicate keys.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from catalog.errors import Problem

T = TypeVar("T")
MAX_BYTES = 200_000

KINDS = {
    "tag:yaml.org,2002:str": "a text",
    "tag:yaml.org,2002:int": "a whole number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:bool": "true or false",
    "tag:yaml.org,2002:null": "nothing",
    "tag:yaml.org,2002:seq": "a list",
    "tag:yaml.org,2002:map": "a mapping",
}


@dataclass
class Findings:
    """The problems of one lesson, filled while its files are read."""

    root: Path
    problems: list[Problem] = field(default_factory=list)

    def add(self, file: Path, line: int, path: str, found: str, wanted: str) -> None:
        """Note one mistake."""
        name = file.relative_to(self.root).as_posix() if file.is_relative_to(self.root) else str(file)
        self.problems.append(Problem(file=name, line=line, path=path, found=found, wanted=wanted))


@dataclass(frozen=True)
class Cursor:
    """One value in a YAML file."""

    findings: Findings
    file: Path
    node: yaml.Node | None
    path: str

    @property
    def line(self) -> int:
        """Where the value begins, counted from 1."""
        return 1 if self.node is None else int(self.node.start_mark.line) + 1

    def refuse(self, wanted: str, found: str | None = None) -> None:
        """Note that this value is not what was wanted."""
        self.findings.add(self.file, self.line, self.path or "the file", found or self._found(), wanted)

    def text(self, *, longest: int = 4000) -> str:
        """A text that is not empty."""
        value = self._scalar("tag:yaml.org,2002:str", "a text")
        if value is None:
            return ""
        if not value.strip():
            self.refuse("a text with something in it", "an empty text")
        if len(value) > longest:
            self.refuse(f"at most {longest} characters", f"{len(value)} characters")
        return str(value).strip()

    def word(self, allowed: Collection[str]) -> str:
        """One of `allowed`."""
        value = self.text()
        if value and value not in allowed:
            self.refuse(f"one of {', '.join(sorted(allowed))}", repr(value))
        return value

    def number(self, *, least: int = 0, most: int = 10**9) -> int:
        """A whole number within bounds."""
        value = self._scalar("tag:yaml.org,2002:int", "a whole number")
        if value is None:
            return least
        if not least <= value <= most:
            self.refuse(f"a whole number from {least} to {most}", str(value))
        return int(value)

    def truth(self) -> bool:
        """True or false."""
        return bool(self._scalar("tag:yaml.org,2002:bool", "true or false"))

    def plain(self) -> Any:
        """Any single value: text, number, true, false or nothing."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.refuse("a single value")
            return None
        return _construct(self.node)

    def items(self, *, least: int = 0) -> "list[Cursor]":
        """The elements of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.refuse("a list")
            return []
        if len(self.node.value) < least:
            self.refuse(f"a list of at least {least}", f"a list of {len(self.node.value)}")
        return [self._at(node, f"{self.path}[{at}]") for at, node in enumerate(self.node.value)]

    def fields(self, *, required: Collection[str] = (), optional: Collection[str] = ()) -> "dict[str, Cursor]":
        """The fields of a mapping; missing, unknown and repeated ones are noted."""
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse(f"a mapping with {_listed(required) or _listed(optional)}")
            return {}
        found: dict[str, Cursor] = {}
        for key_node, value_node in self.node.value:
            self._take_field(found, key_node, value_node, {*required, *optional})
        for name in sorted(set(required) - set(found)):
            self.refuse(f"the field {name!r}", f"only {_listed(found) or 'no fields'}")
        return found

    def list_of(self, read: "Callable[[Cursor], T]", *, least: int = 0) -> tuple[T, ...]:
        """Each element of a list, read by `read`."""
        return tuple(read(item) for item in self.items(least=least))

    def _take_field(
        self, found: "dict[str, Cursor]", key_node: yaml.Node, value_node: yaml.Node, known: Collection[str]
    ) -> None:
        name = str(key_node.value)
        cursor = self._at(value_node, f"{self.path}.{name}" if self.path else name)
        key = self._at(key_node, cursor.path)
        if name not in known:
            key.refuse(f"one of the fields {_listed(known)}", f"the unknown field {name!r}")
        elif name in found:
            key.refuse("each field once", f"{name!r} twice")
        else:
            found[name] = cursor

    def _at(self, node: yaml.Node, path: str) -> "Cursor":
        return Cursor(findings=self.findings, file=self.file, node=node, path=path)

    def _scalar(self, tag: str, wanted: str) -> Any:
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag != tag:
            self.refuse(wanted)
            return None
        return _construct(self.node)

    def _found(self) -> str:
        if self.node is None:
            return "nothing"
        kind = KINDS.get(self.node.tag, f"the tag {self.node.tag}")
        if isinstance(self.node, yaml.ScalarNode) and self.node.tag != "tag:yaml.org,2002:null":
            return f"{kind} ({self.node.value!r})"
        return kind


def open_yaml(findings: Findings, file: Path) -> Cursor:
    """The one document in `file`. An unreadable file is a problem, and gives a cursor at nothing."""
    node: yaml.Node | None = None
    try:
        if file.stat().st_size > MAX_BYTES:
            findings.add(file, 1, "the file", f"{file.stat().st_size} bytes", f"at most {MAX_BYTES}")
        else:
            text = file.read_text(encoding="utf-8")
            _refuse_anchors(findings, file, text)
            node = yaml.compose(text, Loader=yaml.SafeLoader)
    except FileNotFoundError:
        findings.add(file, 1, "the file", "no such file", "a file")
    except UnicodeDecodeError as error:
        findings.add(file, 1, "the file", f"bytes that are not UTF-8 at {error.start}", "UTF-8 text")
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        findings.add(file, line, "the file", error.problem or "broken YAML", "one YAML document")
    return Cursor(findings=findings, file=file, node=node, path="")


def _refuse_anchors(findings: Findings, file: Path, text: str) -> None:
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            findings.add(file, _line(event), "the file", f"the alias *{event.anchor}", "no aliases")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _construct(node: yaml.Node) -> Any:
    return yaml.SafeLoader("").construct_object(node, deep=True)


def _listed(names: Collection[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names))
