"""How many pods that matter to one kind of pod are in each topology domain, kept up to date node by node.

What PodTopologySpread and InterPodAffinity ask about the whole cluster before they look at single nodes (PreFilter,
PreScore). Promises the same answers as asking every node anew; the cost follows the nodes that changed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.plugins.inter_pod_affinity import CLOSED, POINTS, UNWANTED, WANTED, Domain, Say, placed, says
from simulator.scheduler.plugins.pod_topology_spread import Counts, counted_on
from simulator.scheduler.pod_info import PodInfo

#: Kinds of placed pods whose meaning is remembered.
_KINDS = 4_096
#: The first of the counts that belong to hard spread constraints, one after the other.
_SPREAD = POINTS + 1


class _Tally:
    """Sums by domain. A domain is known as long as something was added to it, even if that comes to 0."""

    def __init__(self) -> None:
        self.sums: dict[Domain, int] = {}
        self._uses: dict[Domain, int] = {}

    def add(self, domain: Domain, amount: int) -> None:
        self.sums[domain] = self.sums.get(domain, 0) + amount
        self._uses[domain] = self._uses.get(domain, 0) + 1

    def take(self, domain: Domain, amount: int) -> None:
        uses = self._uses[domain] - 1
        if uses:
            self._uses[domain] = uses
            self.sums[domain] -= amount
        else:
            del self._uses[domain], self.sums[domain]


class PlacedCounts:
    """For pods like `pod`."""

    def __init__(self, pod: PodInfo) -> None:
        self._pod = pod
        self._layout = -1
        self._seen = 0
        self._tallies: list[_Tally] = []
        self._rows: list[list[tuple[int, Domain, int]]] = []
        """What each node has added, by position."""
        self._known: dict[PodInfo, tuple[Say, ...]] = {}
        keys = [*(one.key for one in pod.hard_spread), *(term.key for term in (*pod.affinity, *pod.anti_affinity))]
        self._keys = dict.fromkeys(keys)
        """Every topology key that somebody speaks of."""
        self.places: list[tuple[str | None, ...]] = []
        """Where each node is, by position: its values for all of those keys. Nodes in one place get one answer."""
        self._placed_keys = -1

    def catch_up(self, view: ClusterView) -> None:
        """Looks at the nodes that changed since the last time."""
        if self._layout != view.layout or self._seen < view.first_change:
            self._layout = view.layout
            self._tallies = [_Tally() for _ in range(_SPREAD + len(self._pod.hard_spread))]
            self._rows = [self._added(node) for node in view.nodes]
            self._placed_keys = -1
        else:
            self._look_again(view)
        self._seen = view.last_change
        if self._placed_keys != len(self._keys):
            self._placed_keys = len(self._keys)
            self.places = [self._place(node) for node in view.nodes]

    def _look_again(self, view: ClusterView) -> None:
        for position in dict.fromkeys(view.changes[self._seen - view.first_change :]):
            for tally, domain, amount in self._rows[position]:
                self._tallies[tally].take(domain, amount)
            node = view.nodes[position]
            self._rows[position] = self._added(node)
            self.places[position] = self._place(node)

    def _place(self, node: NodeInfo) -> tuple[str | None, ...]:
        labels = node.labels
        return tuple([labels.get(key) for key in self._keys])

    def prepared(self) -> Mapping[str, Any]:
        """By plugin: what its `check` wants, None to be skipped."""
        wanted, unwanted, closed = (self._tallies[tally].sums for tally in (WANTED, UNWANTED, CLOSED))
        has_say = self._pod.affinity or self._pod.anti_affinity or closed
        return {
            "PodTopologySpread": self._spread() or None,
            "InterPodAffinity": placed(wanted, unwanted, closed) if has_say else None,
        }

    @property
    def points(self) -> Mapping[Domain, int]:
        """What preferred terms, the pod's and those of others, give each domain."""
        return self._tallies[POINTS].sums

    def _spread(self) -> tuple[Counts, ...]:
        found = []
        for tally, constraint in zip(self._tallies[_SPREAD:], self._pod.hard_spread, strict=True):
            by_domain = {value: pods for (_, value), pods in tally.sums.items()}
            found.append(Counts.of(by_domain, constraint))
        return tuple(found)

    def _added(self, node: NodeInfo) -> list[tuple[int, Domain, int]]:
        rows = self._affinity_rows(node)
        for number, constraint in enumerate(self._pod.hard_spread):
            pods = counted_on(node, self._pod, constraint)
            if pods is not None:
                rows.append((_SPREAD + number, (constraint.key, node.labels[constraint.key]), pods))
        for tally, domain, amount in rows:
            self._tallies[tally].add(domain, amount)
        return rows

    def _affinity_rows(self, node: NodeInfo) -> list[tuple[int, Domain, int]]:
        sums: dict[tuple[int, Domain], int] = {}
        labels = node.labels
        for one, _ in node.pods.values():
            for tally, key, amount in self._says(one):
                value = labels.get(key)
                if value is not None:
                    where = (tally, (key, value))
                    sums[where] = sums.get(where, 0) + amount
        return [(tally, domain, amount) for (tally, domain), amount in sums.items()]

    def _says(self, one: PodInfo) -> Sequence[Say]:
        said = self._known.get(one)
        if said is None:
            if len(self._known) > _KINDS:
                self._known.clear()
            said = self._known[one] = says(self._pod, one)
            self._keys.update(dict.fromkeys(key for _, key, _ in said))
        return said
