"""Quantities: exact amounts, canonical spelling, upstream's refusals."""

from __future__ import annotations

import pytest

from simulator.machinery import quantities
from simulator.machinery.quantities import QuantityError


@pytest.mark.parametrize(
    ("text", "canonical", "milli", "value"),
    [
        ("0", "0", 0, 0),
        ("0.5", "500m", 500, 1),
        ("100m", "100m", 100, 1),
        ("1500m", "1500m", 1500, 2),
        ("2.0", "2", 2000, 2),
        ("1000", "1k", 1_000_000, 1000),
        ("12000M", "12G", 12_000_000_000_000, 12_000_000_000),
        ("2E", "2E", 2 * 10**21, 2 * 10**18),
        ("1e3", "1e3", 1_000_000, 1000),
        ("129e6", "129e6", 129_000_000_000, 129_000_000),
        ("1Ki", "1Ki", 1_024_000, 1024),
        ("1024Mi", "1Gi", 1_073_741_824_000, 1_073_741_824),
        ("1.5Gi", "1536Mi", 1_610_612_736_000, 1_610_612_736),
        ("0.5Ki", "512", 512_000, 512),
        ("128974848", "128974848", 128_974_848_000, 128_974_848),
        ("-1.5", "-1500m", -1500, -2),
        ("0.1n", "1n", 1, 1),
        ("1e-99999999", "1e-9", 1, 1),
    ],
)
def test_a_quantity_is_exact_and_has_one_spelling(text: str, canonical: str, milli: int, value: int) -> None:
    assert (quantities.canonical(text), quantities.milli(text), quantities.value(text)) == (canonical, milli, value)


def test_an_absurd_exponent_is_capped_without_work() -> None:
    assert quantities.value("1e99999999999") == (1 << 63) - 1


NOT_A_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", NOT_A_QUANTITY),
        ("abc", NOT_A_QUANTITY),
        ("1 Gi", NOT_A_QUANTITY),
        ("10dL", NOT_A_QUANTITY),
        ("512Gu", "unable to parse quantity's suffix"),
        ("1mi", "unable to parse quantity's suffix"),
        ("+", "unable to parse numeric part of quantity"),
    ],
)
def test_what_is_no_quantity_is_refused_in_upstream_words(text: str, says: str) -> None:
    with pytest.raises(QuantityError) as refused:
        quantities.parse(text)
    assert str(refused.value) == says


def test_amounts_are_written_in_their_family_of_suffixes() -> None:
    assert quantities.from_milli(250) == "250m"
    assert quantities.from_bytes(64 * 1024 * 1024) == "64Mi"
    assert quantities.from_value(110) == "110"
