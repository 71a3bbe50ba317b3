"""Checks a kind-style configuration before a cluster is made of it, and shows the line that is wrong.

The simulator decides what is right; this module adds the place, and refuses what is too large, too deep or refers to
itself before anything reads it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from simulator.config import ClusterConfig, read_config
from simulator.config_checks import ConfigError

MAX_BYTES = 64_000
MAX_DEPTH = 50
LINES_AROUND = 2
# The parser written in C: the other takes minutes for thousands of brackets in one another.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
PART = re.compile(r"(?P<name>[^.\[\]]+)|\[(?P<at>\d+)\]")


@dataclass(frozen=True)
class Line:
    """One line of an excerpt."""

    number: int
    text: str
    is_wrong: bool


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a configuration, and the lines around the place."""

    message: str
    line: int | None
    excerpt: tuple[Line, ...]


class ConfigRefused(Exception):
    """Carries the mistake to the form."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.message)
        self.mistake = mistake


def config_read(text: str, *, most_nodes: int) -> ClusterConfig:
    """The configuration in `text`, or `ConfigRefused`."""
    size = len(text.encode())
    if size > MAX_BYTES:
        raise ConfigRefused(Mistake(f"The configuration: found {size} bytes, wanted at most {MAX_BYTES}.", None, ()))
    _refuse_traps(text)
    try:
        config = read_config(text)
    except ConfigError as error:
        raise _refused(text, str(error), error.line or _line_of(text, error.path)) from error
    if config.largest > most_nodes:
        message = f"nodes: found {config.largest} nodes, wanted at most {most_nodes}"
        raise _refused(text, message, _line_of(text, "nodes"))
    return config


def config_with(text: str, field: str, value: object) -> str:
    """The description with another value of a field; all else stays as it was written where the field is new to it."""
    described = yaml.safe_load(text) or {}
    if not isinstance(described, dict):
        return text  # whoever checks the description says what is wrong with it
    wanted = {**described, field: value}
    longer = f"{text.rstrip()}\n{_dumped({field: value})}"
    return longer if field not in described and _reads(longer) == wanted else _dumped(wanted)


def _reads(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _dumped(value: dict[str, Any]) -> str:
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10_000))


def _refuse_traps(text: str) -> None:
    """A few aliases can stand for billions of values, and a few brackets for no end. Nodes need neither."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.AliasEvent):
                raise _refused(text, f"line {line}: found the alias *{event.anchor}, wanted it written out", line)
            if depth > MAX_DEPTH:
                raise _refused(text, f"line {line}: nested too deeply, wanted at most {MAX_DEPTH} levels", line)
    except yaml.MarkedYAMLError as error:
        # A text that ends too early is wrong after its last line; show that line.
        line = min(error.problem_mark.line + 1 if error.problem_mark else 1, len(text.splitlines()))
        raise _refused(text, f"line {line}: {error.problem}", line) from error
    except yaml.YAMLError as error:
        raise _refused(text, str(error), None) from error


def _refused(text: str, message: str, line: int | None) -> ConfigRefused:
    return ConfigRefused(Mistake(message, line, tuple(_excerpt(text, line)) if line else ()))


def _excerpt(text: str, line: int) -> Iterator[Line]:
    lines = text.splitlines()
    for number in range(max(1, line - LINES_AROUND), min(len(lines), line + LINES_AROUND) + 1):
        yield Line(number=number, text=lines[number - 1], is_wrong=number == line)


def _line_of(text: str, path: str) -> int | None:
    """Where the value at a path such as `nodes[2].cpu` begins; of the nearest thing around it when it is missing."""
    node = yaml.compose(text, Loader=LOADER)
    if node is None:
        return None
    for part in PART.finditer(path):
        inner = _child(node, part)
        if inner is None:
            break
        node = inner
    return int(node.start_mark.line) + 1


def _child(node: yaml.Node, part: re.Match[str]) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part["name"]), None)
    if isinstance(node, yaml.SequenceNode) and part["at"] is not None and int(part["at"]) < len(node.value):
        inner: yaml.Node = node.value[int(part["at"])]
        return inner
    return None
