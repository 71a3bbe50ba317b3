"""The sentence that tells why a pod is pending, word for word as upstream's FitError.

`0/3 nodes are available: <filter reasons>. preemption: 0/3 nodes are available: <preemption reasons>.`
Preemption finds no victims as long as all pods have equal priority, and is no help on nodes that would turn the pod
down even when empty.
"""

from collections.abc import Mapping, Sequence

from simulator.scheduler.framework import Status
from simulator.scheduler.pod_info import PodInfo

NO_NODES = "no nodes available to schedule pods"
_NOT_HELPFUL = "Preemption is not helpful for scheduling"
_NO_VICTIMS = "No preemption victims found for incoming pod"
_NEVER = "not eligible due to preemptionPolicy=Never."


def fit_error(pod: PodInfo, nodes: int, rejected: Mapping[Status, Sequence[int]]) -> str:
    if nodes == 0:
        return NO_NODES
    reasons: dict[str, int] = {}
    preemption: dict[str, int] = {}
    for status, positions in rejected.items():
        for reason in status.reasons:
            reasons[reason] = reasons.get(reason, 0) + len(positions)
        outcome = _NO_VICTIMS if status.resolvable else _NOT_HELPFUL
        preemption[outcome] = preemption.get(outcome, 0) + len(positions)
    why = _NEVER if pod.never_preempts else _available(nodes, preemption)
    return f"{_available(nodes, reasons)} preemption: {why}"


def _available(nodes: int, reasons: Mapping[str, int]) -> str:
    counted = sorted(f"{count} {reason}" for reason, count in reasons.items())
    return f"0/{nodes} nodes are available: {', '.join(counted)}."
