"""DefaultPreemption: which pods of lower priority would have to go for a pod to fit.

https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/; upstream's preemption.go and
default_preemption.go. On each node where evicting could help, all pods of lower priority are taken away, and those are
put back, the most important first, whose return leaves enough room; budgets are spared where possible. Among the nodes
the one wins where least is lost.

Promises: the view is left as it was found; nothing is looked at when no pod has a lower priority. Leaves to the
scheduler: deleting the victims and waiting for them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from simulator.engine import Rng
from simulator.engine.plain import Obj
from simulator.machinery.selectors import from_label_selector
from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.framework import Status
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.node_looks import verdict
from simulator.scheduler.plugins import CLUSTER_FILTERS
from simulator.scheduler.pod_info import PodInfo

NEVER = "not eligible due to preemptionPolicy=Never."
STILL_ENDING = "not eligible due to a terminating pod on the nominated node."
NOT_HELPFUL = "Preemption is not helpful for scheduling"
NO_VICTIMS = "No preemption victims found for incoming pod"

#: Nodes with victims to compare: a tenth of those where evicting could help, but no fewer than this many.
_MIN_CANDIDATES = 100
_CANDIDATES_PERCENT = 10
#: Added to priorities so that more victims never add up to less.
_ABOVE_ZERO = 1 << 31

#: A pod on a node, and what the scheduler knows of it.
_Held = tuple[Obj, PodInfo, bool]


@dataclass(frozen=True, slots=True)
class Candidate:
    node: str
    victims: tuple[Obj, ...]
    """The most important first."""
    violations: int
    """How many of them a PodDisruptionBudget would have protected."""


@dataclass(slots=True)
class Search:
    """What was found on the nodes that were tried."""

    unspoilt: list[Candidate] = field(default_factory=list)
    """Candidates that violate no budget."""
    others: list[Candidate] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    """Why nodes do not help, and how many."""

    @property
    def candidates(self) -> list[Candidate]:
        return [*self.unspoilt, *self.others]

    def blame(self, reasons: Sequence[str], nodes: int = 1) -> None:
        for reason in reasons:
            self.reasons[reason] = self.reasons.get(reason, 0) + nodes


def search(
    pod: PodInfo,
    view: ClusterView,
    rejected: Mapping[Status, Sequence[int]],
    on_node: Callable[[str], Sequence[Obj]],
    budgets: Sequence[Obj],
    rng: Rng,
) -> Search:
    """Tries the nodes that turned the pod down for reasons evictions can cure, from a random one on."""
    found = Search()
    positions = sorted(at for status, where in rejected.items() if status.resolvable for at in where)
    if len(view.nodes) > len(positions):
        found.blame((NOT_HELPFUL,), len(view.nodes) - len(positions))
    if not positions:
        return found
    if not view.holds_below(pod.priority):
        found.blame((NO_VICTIMS,), len(positions))
        return found
    wanted = min(max(len(positions) * _CANDIDATES_PERCENT // 100, _MIN_CANDIDATES), len(positions))
    offset = rng.below(len(positions))
    for position in (*positions[offset:], *positions[:offset]):
        node = view.nodes[position]
        tried = _try_node(pod, view, node, on_node(node.name), budgets)
        if isinstance(tried, Candidate):
            (found.others if tried.violations else found.unspoilt).append(tried)
            if found.unspoilt and len(found.candidates) >= wanted:
                break
        else:
            found.blame(tried)
    return found


def best(candidates: Sequence[Candidate]) -> Candidate:
    """The node where least is lost: budgets, then priorities, then numbers, then the youngest."""

    def loss(candidate: Candidate) -> tuple[int, int, int, int]:
        priorities = [_priority(victim) for victim in candidate.victims]
        return (
            candidate.violations,
            priorities[0],
            sum(priority + _ABOVE_ZERO for priority in priorities),
            len(priorities),
        )

    least = min(loss(candidate) for candidate in candidates)
    return max((one for one in candidates if loss(one) == least), key=_earliest_start)


def _earliest_start(candidate: Candidate) -> str:
    """When the first of the most important victims started."""
    highest = _priority(candidate.victims[0])
    return min(_started(victim) for victim in candidate.victims if _priority(victim) == highest)


def _try_node(
    pod: PodInfo, view: ClusterView, node: NodeInfo, present: Sequence[Obj], budgets: Sequence[Obj]
) -> Candidate | tuple[str, ...]:
    """The victims on this node, or why taking pods away does not help."""
    held = [
        (one, *node.pods[one["metadata"]["uid"]])
        for one in present
        if one["metadata"]["uid"] in node.pods and node.pods[one["metadata"]["uid"]][0].priority < pod.priority
    ]
    if not held:
        return (NO_VICTIMS,)
    held.sort(key=_importance)
    for entry in held:
        node.remove(_uid(entry))
    try:
        status = _judge(pod, view, node)
        if status is not None:
            return status.reasons
        violating, harmless = _split_by_budget(held, budgets)
        lost = [entry for entry in violating if not _reprieve(pod, view, node, entry)]
        violations = len(lost)
        lost += [entry for entry in harmless if not _reprieve(pod, view, node, entry)]
        victims = tuple(entry[0] for entry in sorted(lost, key=_importance))
        return Candidate(node.name, victims, violations)
    finally:
        for entry in held:
            if _uid(entry) not in node.pods:
                node.add(_uid(entry), entry[1], ending=entry[2])


def _reprieve(pod: PodInfo, view: ClusterView, node: NodeInfo, entry: _Held) -> bool:
    """Puts a pod back if the newcomer still fits beside it."""
    node.add(_uid(entry), entry[1], ending=entry[2])
    if _judge(pod, view, node) is None:
        return True
    node.remove(_uid(entry))
    return False


def _judge(pod: PodInfo, view: ClusterView, node: NodeInfo) -> Status | None:
    status = verdict(pod, node)
    for plugin in CLUSTER_FILTERS:
        if status is None and (prepared := plugin.prepare_check(pod, view)) is not None:
            status = prepared if isinstance(prepared, Status) else plugin.check(pod, node, prepared)
    return status


def _split_by_budget(held: Sequence[_Held], budgets: Sequence[Obj]) -> tuple[list[_Held], list[_Held]]:
    """(pods whose loss a budget no longer allows, the rest), counting from the most important."""
    rules = [
        (budget, from_label_selector(budget["spec"].get("selector")), budget.get("status") or {}) for budget in budgets
    ]
    left = [status.get("disruptionsAllowed", 0) for _, _, status in rules]
    violating: list[_Held] = []
    harmless: list[_Held] = []
    for entry in held:
        metadata, is_violated = entry[0]["metadata"], False
        labels = metadata.get("labels") or {}
        for index, (budget, selector, status) in enumerate(rules):
            if (
                budget["metadata"]["namespace"] != metadata["namespace"]
                or selector.empty
                or not selector.matches(labels)
            ):
                continue
            if labels and metadata["name"] not in (status.get("disruptedPods") or {}):
                left[index] -= 1
                is_violated = is_violated or left[index] < 0
        (violating if is_violated else harmless).append(entry)
    return violating, harmless


def _uid(entry: _Held) -> str:
    return str(entry[0]["metadata"]["uid"])


def _importance(entry: _Held) -> tuple[int, str, str]:
    """Higher priority first, then the pod that has run longer."""
    return -entry[1].priority, _started(entry[0]), _uid(entry)


def _priority(pod: Obj) -> int:
    return int(pod["spec"].get("priority") or 0)


def _started(pod: Obj) -> str:
    """Pods that have not started yet come last."""
    return str((pod.get("status") or {}).get("startTime") or "~")
