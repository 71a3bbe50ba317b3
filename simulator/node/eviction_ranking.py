"""Which pod goes first when a machine runs short, and what is said of it.

Follows `rankMemoryPressure`, `rankDiskPressureFunc` and `evictionMessage` of `pkg/kubelet/eviction/helpers.go` of v1.33, word for word. Promises: pure
functions; equal pods go in the order of their names, where upstream leaves the order open.
"""

from collections.abc import Iterable
from typing import NamedTuple

from simulator.machinery.quantities import canonical, from_bytes, value


class Candidate(NamedTuple):
    """A pod that may be evicted, as seen from the resource that is short."""

    name: str
    priority: int
    used: int | None
    """None: none of its containers runs, so that there are no statistics of it."""
    requested: int


class ContainerUse(NamedTuple):
    name: str
    used: int
    request: str


def ranked(pods: Iterable[Candidate]) -> list[Candidate]:
    """First those nothing is known of, then those beyond their requests, then the less important, then the further above their requests."""
    return sorted(pods, key=_rank)


def _rank(pod: Candidate) -> tuple[bool, bool, int, int, str]:
    excess = 0 if pod.used is None else pod.used - pod.requested
    return pod.used is not None, pod.used is not None and excess <= 0, pod.priority, -excess, pod.name


def message(resource: str, threshold: int, available: int, containers: Iterable[ContainerUse]) -> str:
    """`containers`: those with statistics, without ephemeral ones."""
    said = f"The node was low on resource: {resource}. "
    said += f"Threshold quantity: {from_bytes(threshold)}, available: {_rounded(available)}. "
    for one in containers:
        if one.used > value(one.request):
            used = f"{_rounded(one.used)}, request is {canonical(one.request)}"
            said += f"Container {one.name} was using {used}, has larger consumption of {resource}. "
    return said


def _rounded(amount: int) -> str:
    """As a quantity in whole KiB, which is how the statistics come."""
    return from_bytes(amount // 1024 * 1024)
