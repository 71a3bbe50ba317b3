"""Manifests as text: what values mean, where they stand, and what is refused before it costs anything."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.machinery import yaml_documents
from simulator.machinery.yaml_documents import YamlError

CONVERTING = "error converting YAML to JSON: "


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("off", False),
        ("y", True),
        ("'yes'", "yes"),
        ("0777", 511),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("1.0", 1),
        ("1e3", 1000),
        ("~", None),
        ("2020-01-01", "2020-01-01"),
        ("1.2.3", "1.2.3"),
        ("12:30", "12:30"),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)
def test_a_scalar_means_what_kubernetes_reads(text: str, value: Any) -> None:
    (document,) = yaml_documents.read(f"a: {text}")
    assert document.value == {"a": value}
    assert type(document.value["a"]) is type(value)


def test_many_documents_keep_their_own_lines() -> None:
    text = "# first\na: 1\n---\n# nothing here\n---\nb:\n  - c: 2\n"
    first, second = yaml_documents.read(text)
    assert (first.value, first.line) == ({"a": 1}, 2)
    assert (second.value, second.place("b[0].c")) == ({"b": [{"c": 2}]}, (7, 5))
    assert second.place("b[0].missing.deeper") == (7, 5)
    assert second.place("missing") == (6, 1)


def test_json_is_read_with_places_too() -> None:
    (document,) = yaml_documents.read('{"a": {"b": [1, {"c": 2}]}}')
    assert document.value == {"a": {"b": [1, {"c": 2}]}}
    assert document.place("a.b[1].c") == (1, 18)


def test_anchors_and_merge_keys_are_resolved() -> None:
    (document,) = yaml_documents.read("x: &a {p: 1, q: 1}\nz:\n  <<: *a\n  q: 2\n")
    assert document.value == {"x": {"p": 1, "q": 1}, "z": {"p": 1, "q": 2}}


def test_keys_become_texts() -> None:
    (document,) = yaml_documents.read("1: a\ntrue: b\n2.5: c\n")
    assert document.value == {"1": "a", "true": "b", "2.5": "c"}


@pytest.mark.parametrize(
    ("text", "says", "line", "column"),
    [
        ("a: 1\nb\n  c: d\n", "yaml: line 3: could not find expected ':'", 3, 4),
        ("a: 1\nb c\nd: {}\n", "yaml: line 3: could not find expected ':'", 3, 1),
        ("a: 1\nb: c\nd: {\ne: [1\n", "yaml: line 4: did not find expected ',' or ']'", 5, 1),
        ('a: 1\nb: "c\nd:\n  e: f\n', "yaml: line 5: found unexpected end of stream", 5, 1),
        ("a: 1\nb: c\nd:\n- e\n- f: g\n  h\n- i\n", "yaml: line 7: could not find expected ':'", 7, 1),
        ("a: 1\nb:\n  c: d: e\n", "yaml: line 3: mapping values are not allowed in this context", 3, 7),
        ("a:\n\t- x\n", "yaml: line 2: found character that cannot start any token", 2, 1),
        ("- a\nb: c\n", "yaml: line 1: did not find expected '-' indicator", 2, 1),
        ("a: *nope\n", "yaml: unknown anchor 'nope' referenced", 1, 4),
        ("a: 1\n---\nb: 2\nb: 3\n", 'yaml: unmarshal errors:\n  line 2: key "b" already set in map', 4, 1),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, says: str, line: int, column: int) -> None:
    with pytest.raises(YamlError) as refused:
        yaml_documents.read(text)
    assert (refused.value.message, refused.value.line, refused.value.column) == (CONVERTING + says, line, column)


def test_a_separator_stands_alone_on_its_line() -> None:
    assert len(yaml_documents.read("--- # first\na: 1\n---\nb: 2\n")) == 2
    with pytest.raises(YamlError, match=r"^invalid Yaml document separator: {b: 2}$") as refused:
        yaml_documents.read("a: 1\n--- {b: 2}\n")
    assert refused.value.line == 2


def bomb() -> str:
    layers = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    layers += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    return "\n".join(layers)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (bomb(), "document contains excessive aliasing"),
        ("[" * 5000, "nested too deeply: wanted at most 100 levels"),
        ("a" * 3_200_000, "the text is too large: found 3200000 bytes, wanted at most 3145728"),
        ("a: 1\n---\n" * 502, "too many documents: wanted at most 500"),
    ],
    ids=["alias bomb", "depth", "size", "documents"],
)
def test_limits_are_kept_before_memory_is_spent(text: str, says: str) -> None:
    with pytest.raises(YamlError, match=says):
        yaml_documents.read(text)
