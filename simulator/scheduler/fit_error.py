"""The sentence that tells why a pod is pending, word for word as upstream's FitError.

`0/3 nodes are available: <filter reasons>. preemption: 0/3 nodes are available: <preemption reasons>.`
The second half is missing when preemption has found victims: then there is nothing to complain about.
"""

from collections.abc import Mapping, Sequence

from simulator.scheduler.framework import Status

NO_NODES = "no nodes available to schedule pods"


def fit_error(nodes: int, rejected: Mapping[Status, Sequence[int]], preemption: str = "") -> str:
    """`preemption` says why evicting nobody helps: `available` of its reasons, or another sentence."""
    if nodes == 0:
        return NO_NODES
    general = [reason for status in rejected if status.is_general for reason in status.reasons]
    if general:
        said = f"0/{nodes} nodes are available: {', '.join(general)}."
        return f"{said} preemption: {preemption}" if preemption else said
    reasons: dict[str, int] = {}
    for status, positions in rejected.items():
        for reason in status.reasons:
            reasons[reason] = reasons.get(reason, 0) + len(positions)
    return f"{available(nodes, reasons)} preemption: {preemption}" if preemption else available(nodes, reasons)


def available(nodes: int, reasons: Mapping[str, int]) -> str:
    """`0/3 nodes are available: …` with how many nodes have each reason."""
    counted = sorted(f"{count} {reason}" for reason, count in reasons.items())
    return f"0/{nodes} nodes are available: {', '.join(counted)}."
