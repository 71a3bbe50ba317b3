"""Which address belongs to what: nodes on the machine network, a pod range per node, pods within it.

Promises: addresses follow from numbers (the n-th node, the n-th pod), so equal clusters have equal addresses. Pod addresses go
up and around as CNI's host-local plugin hands them out: a freed one is not used again at once.
"""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

_MACHINE_NETWORK = IPv4Network("172.18.0.0/16")
_MACHINE_NETWORK_6 = IPv6Network("fc00:f853:ccd:e793::/64")
#: kube-controller-manager --node-cidr-mask-size.
_NODE_MASK = 24


class AddressesExhausted(Exception):
    """No address is left: says in which network, and how many it has."""

    def __init__(self, network: str, size: int) -> None:
        super().__init__(f"{network}: found all {size} addresses in use, wanted a free one")


def node_address(index: int) -> str:
    """The address of the n-th machine; .1 is the gateway."""
    return str(_MACHINE_NETWORK[index + 2])


def second_address(address: str) -> str:
    """The IPv6 address of whoever has this IPv4 address in a dual-stack cluster: kind's networks, the same numbers.

    `10.244.3.7` → `fd00:10:244:3::7`, machines: `172.18.0.4` → `fc00:f853:ccd:e793::4`.
    """
    if IPv4Address(address) in _MACHINE_NETWORK:
        offset = int(IPv4Address(address)) - int(_MACHINE_NETWORK.network_address)
        return str(IPv6Address(int(_MACHINE_NETWORK_6.network_address) + offset))
    a, b, c, d = (int(part) for part in address.split("."))
    return str(IPv6Address(f"fd00:{a}:{b}:{c:x}::{d:x}"))


def first_address(address: str) -> str:
    """The IPv4 address of whoever has this IPv6 one; "" for one that nobody can have."""
    try:
        found = IPv6Address(address)
    except ValueError:
        return ""
    if found.scope_id is not None:
        return ""
    if found in _MACHINE_NETWORK_6:
        return str(IPv4Address(int(_MACHINE_NETWORK.network_address) + (int(found) & 0xFFFF)))
    parts = found.exploded.split(":")
    if parts[0] != "fd00" or not (parts[1].isdigit() and parts[2].isdigit()):
        return ""
    numbers = [int(parts[1]), int(parts[2]), int(parts[3], 16), int(parts[7], 16)]
    return ".".join(map(str, numbers)) if all(number < 256 for number in numbers) else ""


def second_cidr(cidr: str) -> str:
    """The IPv6 range of the pods of a node: a /64, as kind's controller manager cuts them."""
    prefix = second_address(cidr.partition("/")[0]).partition("::")[0]
    return str(IPv6Network(f"{prefix}::/64"))


def node_cidr(pod_subnet: str, index: int) -> str:
    """The n-th node's share of the pod network: a /24, or less where there are more nodes than that allows."""
    base, mask, size = _shares(pod_subnet)
    if index >= size:
        return str(IPv4Network((int(IPv4Address("100.64.0.0")) + (index - size) * 256, _NODE_MASK)))
    return f"{IPv4Address(base + index * 2 ** (32 - mask))}/{mask}"


@lru_cache(maxsize=16)
def _shares(pod_subnet: str) -> tuple[int, int, int]:
    network = IPv4Network(pod_subnet)
    mask = max(_NODE_MASK, network.prefixlen)
    return int(network.network_address), mask, int(2 ** (mask - network.prefixlen))


@lru_cache(maxsize=8192)
def _bounds(cidr: str) -> tuple[int, int]:
    """(first address as a number, how many addresses)."""
    network = IPv4Network(cidr)
    return int(network.network_address), network.num_addresses


def next_free(cidr: str, last: int, used: Mapping[str, object]) -> tuple[int, str]:
    """(offset to remember, address) after the last one given; offset 0 is the network, 1 the bridge. Raises AddressesExhausted."""
    base, size = _bounds(cidr)
    for step in range(1, size + 1):
        offset = (last + step) % size
        if 2 <= offset < size - 1:
            address = dotted(base + offset)
            if address not in used:
                return offset, address
    raise AddressesExhausted(cidr, size - 3)


def address_range(cidr: str) -> tuple[str, str]:
    """First and last address of a range, without network and broadcast."""
    base, size = _bounds(cidr)
    return dotted(base + 1), dotted(base + size - 2)


def dotted(number: int) -> str:
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
