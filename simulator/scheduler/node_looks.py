"""What nodes look like to pods: the verdict of the plugins that look at one node, and the features that are scored.

Promises the same answer as asking every plugin anew. Nodes that are alike (`NodeInfo.likeness`) are looked at once for all pods of
one spec: fifty Deployments of one image in fifty namespaces share what is known about five thousand nodes, most of which
are alike. What a kind of pods adds is the feature that counts its like (`plugins.BY_LABELS`).
"""

from collections.abc import Hashable, Sized
from dataclasses import dataclass, fields
from typing import Protocol

from simulator.scheduler.framework import Status
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.plugins import BY_LABELS, FILTERS, NODE_AFFINITY, SCORES
from simulator.scheduler.plugins.pod_topology_spread import SpreadFeature
from simulator.scheduler.pod_info import PodInfo
from simulator.scheduler.scoring import Features, NodeClass, ScoreMemory

#: Specs and kinds remembered; the longest unused is forgotten first.
_SPECS, _KINDS = 64, 256
#: Looks remembered of one spec or kind: as many, or so many times as many as there are nodes.
_REMEMBERED, _TIMES_NODES = 4_096, 4
#: What belongs to a pod's labels; no plugin but `plugins.BY_LABELS` and those that look at the whole cluster asks for it.
_LABELS = ("group", "hard_spread", "soft_spread", "has_own_spread", "affinity", "anti_affinity", "preferred_affinity")
_SPEC_FIELDS = tuple(field.name for field in fields(PodInfo) if field.name not in _LABELS)

_PLACE = SCORES.index(BY_LABELS)
_BEFORE, _AFTER = SCORES[:_PLACE], SCORES[_PLACE + 1 :]


def verdict(pod: PodInfo, node: NodeInfo) -> Status | None:
    """The first filter that turns the node down, among those that look at this node only."""
    for plugin in FILTERS:
        status = plugin.filter(pod, node)
        if status is not None:
            return status
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What follows from a pod's spec and the node alone. Of one `SpecLooks`, equal looks are the same object."""

    status: Status | None
    before: Features
    """Of the score plugins before the one that asks for labels."""
    after: Features


def look(pod: PodInfo, node: NodeInfo) -> Look:
    before = tuple([plugin.feature(pod, node) for plugin in _BEFORE])
    return Look(verdict(pod, node), before, tuple([plugin.feature(pod, node) for plugin in _AFTER]))


class Looks(Protocol):
    """Which class each node is of to pods of one kind."""

    @property
    def memory(self) -> ScoreMemory: ...

    def begin(self, nodes: int) -> None:
        """Before a cycle in a cluster of so many nodes: until the next one, nodes that look alike get the same object."""
        ...

    def of(self, node: NodeInfo) -> NodeClass: ...

    def finer(self, seen: NodeClass, *more: Hashable) -> NodeClass:
        """The class of nodes like these that also have features of plugins that look at the whole cluster."""
        ...

    def own(self, node: NodeInfo) -> Hashable:
        """The feature of `BY_LABELS`."""
        ...


class FreshLooks:
    """Asks every plugin about every node."""

    def __init__(self, pod: PodInfo) -> None:
        self.memory = ScoreMemory()
        self._pod = pod
        self._classes: dict[Hashable, NodeClass] = {}

    def begin(self, nodes: int) -> None:
        self._classes.clear()

    def of(self, node: NodeInfo) -> NodeClass:
        seen = look(self._pod, node)
        features = (*seen.before, self.own(node), *seen.after)
        return self._classes.setdefault((seen.status, features), NodeClass(seen.status, features))

    def finer(self, seen: NodeClass, *more: Hashable) -> NodeClass:
        return self._classes.setdefault((seen, more), NodeClass(seen.status, (*seen.features, *more)))

    def own(self, node: NodeInfo) -> Hashable:
        return BY_LABELS.feature(self._pod, node)


class SpecLooks:
    """For pods whose spec is that of `pod`."""

    def __init__(self, pod: PodInfo) -> None:
        self.age = 0
        """Grows when everything is forgotten."""
        self._pod = pod
        self._asks_for_names = bool(
            pod.node_name or pod.node_selector or pod.preferred_terms or pod.required_terms is not None
        )
        self._by_likeness: dict[Hashable, Look] = {}
        self._looks: dict[Hashable, Look] = {}
        """By what they say."""

    def begin(self, nodes: int) -> None:
        if _is_too_much(self._by_likeness, nodes):
            self._by_likeness.clear()
            self._looks.clear()
            self.age += 1

    def of(self, node: NodeInfo) -> Look:
        likeness = node.likeness
        if self._asks_for_names:
            likeness = (likeness, self._by_name(node))
        known = self._by_likeness.get(likeness)
        if known is None:
            seen = look(self._pod, node)
            says = (seen.status, seen.before, seen.after)
            known = self._by_likeness[likeness] = self._looks.setdefault(says, seen)
        return known

    def _by_name(self, node: NodeInfo) -> Hashable:
        """What the plugins that read a node's name or labels find there."""
        pod, name = self._pod, node.name
        is_named = name == pod.node_name, pod.wanted_nodes is not None and name in pod.wanted_nodes
        return is_named, pod.node_matches(name, node.labels), NODE_AFFINITY.feature(pod, node)


class KindLooks:
    """For pods like `pod`, whose spec others have too."""

    def __init__(self, pod: PodInfo, looks: SpecLooks | None = None) -> None:
        self.memory = ScoreMemory()
        self.age = 0
        """Grows when classes are forgotten: after that, alike nodes may be of another class than before."""
        self.spec = looks or SpecLooks(pod)
        self._spec_age = self.spec.age
        self._classes: dict[tuple[Look | NodeClass, Hashable], NodeClass] = {}
        self._spread = SpreadFeature(pod)

    def begin(self, nodes: int) -> None:
        self.spec.begin(nodes)
        if self._spec_age != self.spec.age or _is_too_much(self._classes, nodes):
            self._spec_age = self.spec.age
            self._classes.clear()
            self.memory = ScoreMemory()
            self.age += 1

    def of(self, node: NodeInfo) -> NodeClass:
        seen, own = self.spec.of(node), self._spread.of(node)
        known = self._classes.get((seen, own))
        if known is None:
            known = self._classes[seen, own] = NodeClass(seen.status, (*seen.before, own, *seen.after))
        return known

    def finer(self, seen: NodeClass, *more: Hashable) -> NodeClass:
        known = self._classes.get((seen, more))
        if known is None:
            known = self._classes[seen, more] = NodeClass(seen.status, (*seen.features, *more))
        return known

    def own(self, node: NodeInfo) -> Hashable:
        return self._spread.of(node)


def _is_too_much(memory: Sized, nodes: int) -> bool:
    return len(memory) > _REMEMBERED and len(memory) > _TIMES_NODES * nodes


class KnownLooks:
    """The looks for every kind that came lately."""

    def __init__(self) -> None:
        self._by_spec: dict[tuple[Hashable, ...], SpecLooks] = {}
        self._kinds: dict[PodInfo, KindLooks] = {}

    def of(self, pod: PodInfo) -> KindLooks:
        looks = self._kinds.pop(pod, None) or KindLooks(pod, self._of_spec(pod))
        self._kinds[pod] = looks
        if len(self._kinds) > _KINDS:
            del self._kinds[next(iter(self._kinds))]
        return looks

    def _of_spec(self, pod: PodInfo) -> SpecLooks:
        spec = tuple([getattr(pod, name) for name in _SPEC_FIELDS])
        looks = self._by_spec.pop(spec, None) or SpecLooks(pod)
        self._by_spec[spec] = looks
        if len(self._by_spec) > _SPECS:
            del self._by_spec[next(iter(self._by_spec))]
        return looks

    def clear(self) -> None:
        self._by_spec.clear()
        self._kinds.clear()
