"""Which address belongs to what: nodes on the machine network, a pod range per node, pods within it.

Promises: addresses follow from numbers (the n-th node, the n-th pod), so equal clusters have equal addresses. Pod addresses go
up and around as CNI's host-local plugin hands them out: a freed one is not used again at once.
"""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

_MACHINE_NETWORK = IPv4Network("172.18.0.0/16")
#: kube-controller-manager --node-cidr-mask-size.
_NODE_MASK = 24


class AddressesExhausted(Exception):
    """No address is left: says in which network, and how many it has."""

    def __init__(self, network: str, size: int) -> None:
        super().__init__(f"{network}: found all {size} addresses in use, wanted a free one")


def node_address(index: int) -> str:
    """The address of the n-th machine; .1 is the gateway."""
    return str(_MACHINE_NETWORK[index + 2])


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
