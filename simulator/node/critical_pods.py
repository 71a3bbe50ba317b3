"""Which pods a kubelet ends so that a critical one has room.

Follows `pkg/kubelet/preemption/preemption.go` of v1.33: as few as can be and of the lowest class, by how much of what is missing each would free.
Promises: pure functions. Leaves to others: ending them, and taking the critical pod up when they are gone (`pod_workers`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.machinery import pod_resources
from simulator.machinery.pod_qos import qos_class
from simulator.machinery.quantities import value
from simulator.node.eviction import is_critical
from simulator.node.records import PodRecord

REASON = "Preempting"
MESSAGE = "Preempted in order to admit critical pod"
DISRUPTED = "Pod was preempted by Kubelet to accommodate a critical pod."

#: Resource → how much of it; CPU in thousandths.
Amounts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Pod:
    key: str
    qos: str
    is_critical: bool
    priority: int | None
    requests: Amounts
    """With one of `pods`."""


class NoVictims(Exception):
    """The text is what the kubelet says."""


def failure(why: str) -> tuple[str, str]:
    """(reason, message) of a critical pod that is rejected nevertheless."""
    found = f"preemption: error finding a set of pods to preempt: {why}"
    return "UnexpectedAdmissionError", f"Unexpected error while attempting to recover from admission failure: {found}"


def weighed(record: PodRecord, pod: Obj) -> Pod:
    spec, status = pod["spec"], pod.get("status") or {}
    rest = {
        name: value(str(amount))
        for name, amount in pod_resources.of_pod(spec, "requests").items()
        if name not in ("cpu", "memory")
    }
    cpu, memory = record.requests
    requests = {"pods": 1, "cpu": cpu, "memory": memory, **rest}
    return Pod(record.uid, status.get("qosClass") or qos_class(spec), is_critical(pod), spec.get("priority"), requests)


def victims(preemptor: Pod, pods: Sequence[Pod], lacks: Amounts) -> list[Pod]:
    """Raises NoVictims."""
    open_to = [one for one in pods if _may_be_preempted(preemptor, one)]
    best_effort, burstable, guaranteed = (
        [one for one in open_to if one.qos == qos] for qos in ("BestEffort", "Burstable", "Guaranteed")
    )
    if rest := without(lacks, [*best_effort, *burstable, *guaranteed]):
        raise _no_victims(rest)
    of_guaranteed = _nearest(guaranteed, without(lacks, [*best_effort, *burstable]))
    of_burstable = _nearest(burstable, without(lacks, [*best_effort, *of_guaranteed]))
    of_best_effort = _nearest(best_effort, without(lacks, [*of_burstable, *of_guaranteed]))
    return [*of_best_effort, *of_burstable, *of_guaranteed]


def _may_be_preempted(preemptor: Pod, pod: Pod) -> bool:
    if preemptor.is_critical and not pod.is_critical:
        return True
    return preemptor.priority is not None and pod.priority is not None and preemptor.priority > pod.priority


def _nearest(pods: Sequence[Pod], lacks: Amounts) -> list[Pod]:
    left, chosen = list(pods), []
    while lacks:
        if not left:
            raise _no_victims(lacks)
        best = 0
        for index, one in enumerate(left):
            here, there = distance(lacks, one), distance(lacks, left[best])
            if here < there or (here == there and _size(one) <= _size(left[best])):
                best = index
        lacks = without(lacks, [left[best]])
        chosen.append(left[best])
        left[best] = left[-1]
        left.pop()
    return chosen


def _size(pod: Pod) -> tuple[int, int]:
    return pod.requests.get("memory", 0), pod.requests.get("cpu", 0)


def distance(lacks: Amounts, pod: Pod) -> float:
    """How much of what is missing would still be missing without this pod, each resource by its share."""
    total = 0.0
    for name, amount in lacks.items():
        rest = amount - pod.requests.get(name, 0)
        if rest > 0:
            total += (rest / amount) ** 2
    return total


def without(lacks: Amounts, pods: Sequence[Pod]) -> Amounts:
    """What is missing still when these pods are gone."""
    rest = {name: amount - sum(one.requests.get(name, 0) for one in pods) for name, amount in lacks.items()}
    return {name: amount for name, amount in rest.items() if amount > 0}


def _no_victims(lacks: Amounts) -> NoVictims:
    missing = "".join(f"(res: {name}, q: {amount}), " for name, amount in lacks.items())
    return NoVictims(f"no set of running pods found to reclaim resources: [{missing}]")
