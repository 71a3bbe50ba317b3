"""What every node looks like to pods of one spec, whatever their labels: the verdict and all features that follow from it.

Promises the same answer as asking every plugin anew. A node is looked at again only when it has changed, once for all kinds of
pods that have the spec: fifty Deployments of one image in fifty namespaces share what is known about five thousand nodes.
"""

from collections.abc import Hashable
from dataclasses import fields

from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.placement import Look, look
from simulator.scheduler.pod_info import PodInfo

#: Specs remembered; the longest unused is forgotten first.
_SPECS = 64
#: What belongs to a pod's labels; no plugin but `plugins.BY_LABELS` and those that look at the whole cluster asks for it.
_LABELS = ("group", "hard_spread", "soft_spread", "has_own_spread", "affinity", "anti_affinity", "preferred_affinity")
_SPEC_FIELDS = tuple(field.name for field in fields(PodInfo) if field.name not in _LABELS)


class NodeLooks:
    """For pods whose spec is that of `pod`."""

    def __init__(self, pod: PodInfo) -> None:
        self._pod = pod
        self._layout = -1
        self._looks: list[Look | None] = []
        self._seen: list[int] = []

    def turn_to(self, view: ClusterView) -> None:
        """Before any node of the view is looked at."""
        if self._layout != view.layout:
            self._layout = view.layout
            self._looks = [None] * len(view.nodes)
            self._seen = [0] * len(view.nodes)

    def of(self, view: ClusterView, position: int) -> Look:
        """Is the same object as long as the node looks the same."""
        known, version = self._looks[position], view.versions[position]
        if known is not None and self._seen[position] == version:
            return known
        self._seen[position] = version
        seen = look(self._pod, view.nodes[position])
        if seen == known:
            return known
        self._looks[position] = seen
        return seen


class KnownLooks:
    """The looks for every spec that came lately."""

    def __init__(self) -> None:
        self._by_spec: dict[tuple[Hashable, ...], NodeLooks] = {}

    def of(self, pod: PodInfo) -> NodeLooks:
        spec = tuple([getattr(pod, name) for name in _SPEC_FIELDS])
        looks = self._by_spec.pop(spec, None) or NodeLooks(pod)
        self._by_spec[spec] = looks
        if len(self._by_spec) > _SPECS:
            del self._by_spec[next(iter(self._by_spec))]
        return looks

    def clear(self) -> None:
        self._by_spec.clear()
