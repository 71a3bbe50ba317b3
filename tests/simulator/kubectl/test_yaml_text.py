"""YAML is written as kubectl v1.33 writes it; every expectation was read from the real program."""

import pytest

from simulator.kubectl.yaml_text import sorted_keys, to_yaml
from simulator.machinery.yaml_documents import read

LONG = "this is a very long plain string without any special characters which goes over eighty columns surely"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("hello world", "hello world"),
        ("nginx:1.27", "nginx:1.27"),
        ("it's", "it's"),
        ("=foo", "=foo"),
        ("?x", "?x"),
        ("<<", "<<"),
        ("NaN", "NaN"),
        ("true", '"true"'),
        ("y", '"y"'),
        ("on", '"on"'),
        ("null", '"null"'),
        ("~", '"~"'),
        ("", '""'),
        ("1", '"1"'),
        ("+1", '"+1"'),
        ("1e3", '"1e3"'),
        ("0x1F", '"0x1F"'),
        ("0o7", '"0o7"'),
        ("1_000", '"1_000"'),
        (".5", '".5"'),
        (".nan", '".nan"'),
        ("1:30", '"1:30"'),
        ("2024-01-01", '"2024-01-01"'),
        ("2024-01-01T00:00:00Z", '"2024-01-01T00:00:00Z"'),
        ("a: b", "'a: b'"),
        ("x:", "'x:'"),
        ("- x", "'- x'"),
        ("-", "'-'"),
        ("#c", "'#c'"),
        ("a #c", "'a #c'"),
        ("[x]", "'[x]'"),
        ("*star", "'*star'"),
        ("@at", "'@at'"),
        ("'q'", "'''q'''"),
        (" lead", "' lead'"),
        ("end ", "'end '"),
        ("tab\there", '"tab\\there"'),
        ("a\r\nb", '"a\\r\\nb"'),
        ("trailing \nfoo", '"trailing \\nfoo"'),
        ("\U0001f600", '"\\U0001F600"'),
        ("é中", "é中"),
        (1.5, "1.5"),
        (1e20, "100000000000000000000"),
        (True, "true"),
        (None, "null"),
        ({}, "{}"),
        ([], "[]"),
    ],
    ids=repr,
)
def test_scalars_are_quoted_only_where_they_would_read_as_something_else(value: object, written: str) -> None:
    assert to_yaml({"k": value}) == f"k: {written}\n"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("line1\nline2\n", "k: |\n  line1\n  line2\n"),
        ("line1\nline2", "k: |-\n  line1\n  line2\n"),
        ("foo\n\n", "k: |+\n  foo\n\n"),
        ("\n", "k: |2+\n\n"),
        ("\nfoo\n\n", "k: |2+\n\n  foo\n\n"),
        ("  two\nlines", "k: |2-\n    two\n  lines\n"),
    ],
    ids=["kept", "stripped", "more", "only a break", "leading break", "indented"],
)
def test_text_of_several_lines_stands_as_a_literal_block(value: str, written: str) -> None:
    assert to_yaml({"k": value}) == written


def test_long_text_is_folded_behind_column_80() -> None:
    assert to_yaml({"data": {"l": LONG}}) == (
        "data:\n"
        "  l: this is a very long plain string without any special characters which goes over\n"
        "    eighty columns surely\n"
    )
    assert to_yaml({"args": [LONG]}) == (
        "args:\n"
        "- this is a very long plain string without any special characters which goes over\n"
        "  eighty columns surely\n"
    )


def test_sequences_stand_at_the_column_of_their_key() -> None:
    assert to_yaml({"a": [{"c": 1, "b": [2, [3]]}]}) == "a:\n- b:\n  - 2\n  - - 3\n  c: 1\n"


def test_runs_of_digits_in_keys_sort_by_value_and_signs_before_letters() -> None:
    keys = dict.fromkeys(("a10", "a2", "A", "a.b", "a-b", "k1a2", "k102b"), 1)
    assert sorted_keys(keys) == ["A", "a-b", "a.b", "a2", "a10", "k102b", "k1a2"]


def test_what_is_written_reads_back_as_the_same_value() -> None:
    value = {"a": ["x: y", {"b": "1", "c": None, "d": "l1\n\n l2\n"}, [], {}], "z": LONG + ": " + LONG, "n": -5}
    assert [document.value for document in read(to_yaml(value))] == [value]
