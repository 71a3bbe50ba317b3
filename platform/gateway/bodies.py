"""The bytes of a body as a value, and what a strict reader has to say about their text.

Clients send JSON, YAML and protobuf. A field that is written twice is gone once the text has become a value, so it is found here, in the words of
`sigs.k8s.io/json` and `sigs.k8s.io/yaml` (1.33). Leaves to others: what becomes of a finding (`fieldValidation`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import yaml

from gateway.errors import unreadable_body
from simulator.apiserver.errors import bad_request, unsupported_media_type
from simulator.machinery.go_json import complaint, undecodable_patch
from simulator.machinery.go_text import quoted
from simulator.machinery.protobuf import ProtobufError, decode_envelope

JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
_JSON_LIKE = frozenset(
    {"", JSON, "text/plain", "application/json-patch+json", "application/merge-patch+json",
     "application/strategic-merge-patch+json", "application/octet-stream", "application/x-www-form-urlencoded"}
)  # fmt: skip
_PATCHES = frozenset(kind for kind in _JSON_LIKE if kind.endswith("patch+json"))
_YAML_LIKE = frozenset({YAML, "application/apply-patch+yaml"})


@dataclass(frozen=True, slots=True)
class Body:
    value: Any
    findings: tuple[str, ...] = ()
    """`duplicate field "spec.replicas"`."""


def read_body(data: bytes, content_type: str, *, is_written: bool = True) -> Body:
    """`is_written`: somebody wants to know about duplicates. Raises StatusError for bytes that cannot be read."""
    kind = content_type.partition(";")[0].strip().lower()
    if not data:
        return Body(None)
    try:
        if kind == PROTOBUF:
            return Body(decode_envelope(data))
        if kind in _YAML_LIKE:
            return Body(yaml.load(data, Loader=_Loader), _yaml_duplicates(data) if is_written else ())
        if kind in _JSON_LIKE:
            return Body(msgspec.json.decode(data), _json_duplicates(data) if is_written else ())
    except (ValueError, ProtobufError, yaml.YAMLError, RecursionError) as error:
        if kind in _PATCHES and (why := complaint(data.decode(errors="replace"))):
            raise bad_request(undecodable_patch(kind, why)) from error
        raise unreadable_body(str(error)) from error
    raise unsupported_media_type(
        "the body of the request was in an unknown format - accepted media types include: "
        f"application/json, application/yaml, {PROTOBUF}"
    )


class _Loader(yaml.CSafeLoader):
    """Plain YAML without dates: a timestamp stays the text it is in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


# JSON


class _Pairs(list[tuple[str, Any]]):
    """An object of which nothing is lost."""


def _json_duplicates(data: bytes) -> tuple[str, ...]:
    found: list[bool] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        if len({name for name, _ in pairs}) != len(pairs):
            found.append(True)

    try:
        json.loads(data, object_pairs_hook=look)
        whole = json.loads(data, object_pairs_hook=_Pairs) if found else None
    except (ValueError, RecursionError):  # whatever it is, the reader of the value has taken it
        return ()
    return tuple(f'duplicate field "{path}"' for path in _twice(whole, ""))


def _twice(value: Any, path: str) -> Iterator[str]:
    """In the order of the text."""
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for name, inner in value:
            place = f"{path}.{name}" if path else name
            if name in seen:
                yield place
            seen.add(name)
            yield from _twice(inner, place)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _twice(inner, f"{path}[{index}]")


# YAML


def _yaml_duplicates(data: bytes) -> tuple[str, ...]:
    """One finding of all, as Go's YAML reader tells them."""
    try:
        lines = list(_marked(yaml.compose(data, Loader=_Loader), set()))
    except (ValueError, yaml.YAMLError, RecursionError):
        return ()
    if not lines:
        return ()
    return (
        "yaml: unmarshal errors:\n" + "\n".join(f"  line {line}: key {key} already set in map" for line, key in lines),
    )


def _marked(node: Any, walked: set[int]) -> Iterator[tuple[int, str]]:
    if id(node) in walked:  # an anchor may lead back to where it stands
        return
    walked.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[tuple[str, str]] = set()
        for key, inner in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    yield key.start_mark.line + 1, quoted(key.value)
                seen.add((key.tag, key.value))
            yield from _marked(inner, walked)
    elif isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            yield from _marked(inner, walked)
