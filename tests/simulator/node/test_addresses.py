"""Addresses follow from numbers."""

import pytest

from simulator.node.addresses import AddressesExhausted, next_free, node_address, node_cidr
from simulator.node.durations import go_duration


@pytest.mark.parametrize(
    ("subnet", "index", "cidr"),
    [
        pytest.param("10.244.0.0/16", 0, "10.244.0.0/24", id="first"),
        pytest.param("10.244.0.0/16", 255, "10.244.255.0/24", id="last of a /16"),
        pytest.param("10.244.0.0/16", 256, "100.64.0.0/24", id="more machines than the range was made for"),
        pytest.param("10.0.0.0/8", 300, "10.1.44.0/24", id="a wide range"),
    ],
)
def test_each_machine_has_its_own_range(subnet: str, index: int, cidr: str) -> None:
    assert node_cidr(subnet, index) == cidr


def test_machines_count_up_across_the_third_byte() -> None:
    assert [node_address(index) for index in (0, 253, 254)] == ["172.18.0.2", "172.18.0.255", "172.18.1.0"]


def test_addresses_go_around_and_skip_those_in_use() -> None:
    assert next_free("10.244.0.0/29", 5, {"10.244.0.6": "a"}) == (2, "10.244.0.2")


def test_a_full_range_says_so() -> None:
    used = {f"10.244.0.{number}": "x" for number in range(8)}
    with pytest.raises(AddressesExhausted, match=r"10\.244\.0\.0/29: found all 5 addresses in use, wanted a free one"):
        next_free("10.244.0.0/29", 1, used)


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "0s"),
        (412_000, "412ms"),
        (1_234_000, "1.234s"),
        (10_000_000, "10s"),
        (160_000_000, "2m40s"),
        (300_000_000, "5m0s"),
        (3_600_000_000, "1h0m0s"),
    ],
)
def test_durations_are_spelled_as_in_go(micros: int, text: str) -> None:
    assert go_duration(micros) == text
