"""Spreads alike pods over zones, nodes or any other domain.

https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/. DoNotSchedule constraints
filter, ScheduleAnyway constraints score. Pods without constraints of their own but with a service or an owner get
upstream's cluster defaults, `DEFAULTS`, which is why replicas land on different nodes.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, log

from simulator.machinery.selectors import Selector
from simulator.machinery.taints import NO_EXECUTE, NO_SCHEDULE, is_tolerated
from simulator.scheduler.framework import MAX_NODE_SCORE, Census, Status, View
from simulator.scheduler.node_info import HOSTNAME, ZONE, NodeInfo
from simulator.scheduler.pod_info import Group, PodInfo, SpreadConstraint

REASON = "node(s) didn't match pod topology spread constraints"
REASON_LABEL = REASON + " (missing required label)"

#: (topology key, maxSkew) of the cluster's default constraints; both ScheduleAnyway.
DEFAULTS = ((HOSTNAME, 3), (ZONE, 5))

_IGNORED = -1

#: Sets of labels remembered of one selector.
_GROUPS = 4_096

#: A constraint as one node sees it: the domain ("" for the node itself, None without the label) and its matching pods.
Domain = tuple[str | None, int]


@dataclass(frozen=True, slots=True)
class Counts:
    """Matching pods in each domain of one DoNotSchedule constraint."""

    by_domain: Mapping[str, int]
    lowest: int

    @classmethod
    def of(cls, by_domain: Mapping[str, int], constraint: SpreadConstraint) -> "Counts":
        lowest = min(by_domain.values(), default=0)
        return cls(by_domain, 0 if len(by_domain) < constraint.min_domains else lowest)


@dataclass(frozen=True, slots=True)
class Weights:
    """For each ScheduleAnyway constraint: matching pods in each domain, and how much one of them weighs."""

    weight: tuple[float, ...]
    domains: tuple[tuple[tuple[str, int], ...], ...]
    by_domain: tuple[Mapping[str, int], ...] = field(compare=False)
    """The same, to look it up."""


class PodTopologySpread:
    name = "PodTopologySpread"
    weight = 2
    is_settled = False

    # Filter

    def prepare_check(self, pod: PodInfo, view: View) -> tuple[Counts, ...] | None:
        if not pod.hard_spread:
            return None
        return tuple(self._counts(pod, one, view.nodes) for one in pod.hard_spread)

    def _counts(self, pod: PodInfo, constraint: SpreadConstraint, nodes: Sequence[NodeInfo]) -> Counts:
        by_domain: dict[str, int] = {}
        for node in nodes:
            pods = counted_on(node, pod, constraint)
            if pods is not None:
                domain = node.labels[constraint.key]
                by_domain[domain] = by_domain.get(domain, 0) + pods
        return Counts.of(by_domain, constraint)

    def check(self, pod: PodInfo, node: NodeInfo, prepared: tuple[Counts, ...]) -> Status | None:
        for constraint, counts in zip(pod.hard_spread, prepared, strict=True):
            domain = node.labels.get(constraint.key)
            if domain is None:
                return Status(self.name, (REASON_LABEL,), resolvable=False)
            own = int(_selects(constraint.selector, pod.group))
            if counts.by_domain.get(domain, 0) + own - counts.lowest > constraint.max_skew:
                return Status(self.name, (REASON,), resolvable=True)
        return None

    # Score

    def feature(self, pod: PodInfo, node: NodeInfo) -> tuple[Domain, ...] | None:
        """None: the node lacks a label that the pod's own constraints ask for and gets no points."""
        if not pod.soft_spread:
            return ()
        if pod.has_own_spread and any(one.key not in node.labels for one in pod.soft_spread):
            return None
        return tuple([self._domain(pod, one, node) for one in pod.soft_spread])

    def _domain(self, pod: PodInfo, constraint: SpreadConstraint, node: NodeInfo) -> Domain:
        label = node.labels.get(constraint.key)
        if constraint.key == HOSTNAME:
            return (None, 0) if label is None else ("", _matching(node, pod.namespace, constraint.selector))
        counted = label is not None and _is_included(pod, constraint, node)
        return label, _matching(node, pod.namespace, constraint.selector) if counted else 0

    def prepare(self, pod: PodInfo, view: View, census: Census) -> Weights | None:
        if not pod.soft_spread:
            return None
        scored = [(domains, nodes) for domains, nodes in census.feasible().items() if domains is not None]
        counts: list[Mapping[str, int]] = []
        weights: list[float] = []
        for index, constraint in enumerate(pod.soft_spread):
            if constraint.key == HOSTNAME:
                counts.append({})
                weights.append(log(sum([nodes for _, nodes in scored]) + 2))
                continue
            present = dict.fromkeys([domains[index][0] for domains, _ in scored])
            weights.append(log(len(present) + 2))
            counts.append(_count(index, present, census))
        return Weights(tuple(weights), tuple([tuple(one.items()) for one in counts]), tuple(counts))

    def score(self, pod: PodInfo, feature: tuple[Domain, ...] | None, prepared: Weights) -> int:
        if feature is None:
            return _IGNORED
        total = 0.0
        for index, constraint in enumerate(pod.soft_spread):
            domain, on_node = feature[index]
            if domain is not None:
                pods = on_node if constraint.key == HOSTNAME else prepared.by_domain[index][domain]
                total += pods * prepared.weight[index] + (constraint.max_skew - 1)
        return floor(total + 0.5)

    def normalize(self, scores: Sequence[int], prepared: Weights) -> Sequence[int]:
        counted = [score for score in scores if score != _IGNORED]
        highest, lowest = max(counted, default=0), min(counted, default=0)
        if highest == 0:
            return [0 if score == _IGNORED else MAX_NODE_SCORE for score in scores]
        return [0 if score == _IGNORED else MAX_NODE_SCORE * (highest + lowest - score) // highest for score in scores]


def _count(index: int, present: Iterable[str | None], census: Census) -> dict[str, int]:
    """Matching pods in each domain that is present among the feasible nodes, on whatever nodes they are."""
    pods = {label: 0 for label in present if label is not None}
    # Without the label anywhere there is nothing to count, and no need to look at every node.
    if not pods:
        return pods
    for domains, nodes in census.everywhere().items():
        if domains is not None and domains[index][0] in pods:
            pods[domains[index][0]] += domains[index][1] * nodes
    return pods


class SpreadFeature:
    """`PodTopologySpread.feature` for pods like `pod`. Remembers which sets of labels the constraints select."""

    def __init__(self, pod: PodInfo) -> None:
        self._pod = pod
        self._namespace = pod.namespace
        selectors = list(dict.fromkeys([one.selector for one in pod.soft_spread]))
        self._selected: list[tuple[Selector, dict[Group, bool]]] = [(one, {}) for one in selectors]
        self._constraints = [(one, one.key, selectors.index(one.selector)) for one in pod.soft_spread]
        self._nowhere = [0] * len(selectors)
        self._asks_for_place = _asks_for_place(pod)
        self._domains: dict[tuple[Hashable, ...], tuple[Domain, ...] | None] = {}

    def of(self, node: NodeInfo) -> tuple[Domain, ...] | None:
        groups = node.groups.get(self._namespace)
        matching = self._nowhere if groups is None else self._matching(groups)
        if not self._asks_for_place:
            return self._feature(node, matching)
        key = (node.place, *matching)
        known = self._domains.get(key)
        if known is None:
            if len(self._domains) > _GROUPS:
                self._domains.clear()
            known = self._domains[key] = self._feature(node, matching)
        return known

    def _feature(self, node: NodeInfo, matching: Sequence[int]) -> tuple[Domain, ...] | None:
        labels = node.labels
        if self._pod.has_own_spread and any(key not in labels for _, key, _ in self._constraints):
            return None
        domains: list[Domain] = []
        for constraint, key, selector in self._constraints:
            label = labels.get(key)
            if label is None:
                domains.append((None, 0))
            elif key == HOSTNAME:
                domains.append(("", matching[selector]))
            else:
                domains.append((label, matching[selector] if _is_included(self._pod, constraint, node) else 0))
        return tuple(domains)

    def _matching(self, groups: Mapping[Group, int]) -> list[int]:
        """For each selector, how many pods it selects."""
        found = []
        for selector, selected in self._selected:
            pods = 0
            for group, count in groups.items():
                is_selected = selected.get(group)
                if is_selected is None:
                    if len(selected) > _GROUPS:
                        selected.clear()
                    is_selected = selected[group] = _selects(selector, group)
                if is_selected:
                    pods += count
            found.append(pods)
        return found


def counted_on(node: NodeInfo, pod: PodInfo, constraint: SpreadConstraint) -> int | None:
    """Pods on the node that a DoNotSchedule constraint counts; None when the node does not count itself.

    It counts only with the labels of all the pod's DoNotSchedule constraints.
    """
    if any(one.key not in node.labels for one in pod.hard_spread) or not _is_included(pod, constraint, node):
        return None
    return _matching(node, pod.namespace, constraint.selector)


def _is_included(pod: PodInfo, constraint: SpreadConstraint, node: NodeInfo) -> bool:
    """Node inclusion policies: by default nodes outside the pod's node affinity do not count, tainted ones do."""
    if constraint.honours_affinity and not pod.node_matches(node.name, node.labels):
        return False
    if not constraint.honours_taints:
        return True
    return all(
        is_tolerated(taint, pod.tolerations) for taint in node.taints if taint.effect in (NO_SCHEDULE, NO_EXECUTE)
    )


def _matching(node: NodeInfo, namespace: str, selector: Selector) -> int:
    groups = node.groups.get(namespace)
    return sum([pods for group, pods in groups.items() if _selects(selector, group)]) if groups else 0


def _asks_for_place(pod: PodInfo) -> bool:
    """Whether nodes in one place with equally many matching pods have one feature, as with the cluster's default constraints."""
    if pod.node_selector or pod.required_terms is not None:
        return False
    return all(one.key in (HOSTNAME, ZONE) and not one.honours_taints for one in pod.soft_spread)


def _selects(selector: Selector, group: Group) -> bool:
    return selector.matches(dict(group[1]))
