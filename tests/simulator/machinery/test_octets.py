"""Bytes as text and back: nothing is lost, and ordinary text is itself."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.machinery.octets import bytes_of, text_of


@given(st.binary())
def test_all_bytes_come_back(data: bytes) -> None:
    assert bytes_of(text_of(data)) == data


@given(st.text(st.characters(min_codepoint=9, max_codepoint=0xFFFF, exclude_categories=["Cs"])))
def test_ordinary_text_is_itself(text: str) -> None:
    if "{hostname}" not in text and "{ip}" not in text:
        assert text_of(text.encode()) == text


@pytest.mark.parametrize(
    "data",
    [bytes(range(256)), "\U0010f741".encode(), b"\xed\xa0\x80", b"a\x00{ip}\x01{hostname}"],
    ids=["every-byte", "the-characters-in-use", "a-surrogate", "places-to-fill-in"],
)
def test_what_means_something_elsewhere_is_kept_apart_and_can_be_stored(data: bytes) -> None:
    text = text_of(data)
    assert bytes_of(text) == data
    assert not {"\x00", "\x01", "\x04"} & set(text)
    assert "{ip}" not in text
    assert msgspec.json.decode(msgspec.json.encode(text)) == text
