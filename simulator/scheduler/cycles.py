"""Finds the nodes for one pod the cheapest way that is known: from what alike pods have taught, or node by node.

Promises the same answer whichever way it goes. Nothing here is state: after a restore it is learned anew.
"""

from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.node_looks import KnownLooks
from simulator.scheduler.placement import Scan, is_local
from simulator.scheduler.placement_index import FEW_NODES, PlacementIndex
from simulator.scheduler.pod_info import PodInfo
from simulator.scheduler.scoring import Cycle
from simulator.scheduler.walk import Walker

#: Kinds of pods with an index; the longest unused goes first. As many as a large cluster has Deployments that grow at once.
_INDEXES = 64
#: So many waiting pods are worth bringing an index up to date.
_WORTH_AN_INDEX = 8


class Cycles:
    def __init__(self) -> None:
        self._indexes: dict[PodInfo, PlacementIndex | Walker] = {}
        self._scanned: dict[PodInfo, int] = {}
        """Kinds without an index that is up to date → how many nodes were looked at for them."""
        self._looks = KnownLooks()

    def clear(self) -> None:
        self._indexes.clear()
        self._scanned.clear()
        self._looks.clear()

    def of(self, pod: PodInfo, kind: PodInfo, view: ClusterView, start: int, *, waiting: int) -> Cycle:
        """From the index when a pod of this kind came before; the first of its kind is not worth one.

        In a large cluster a few pods are not worth it either, until looking for them has cost as much as an index would.
        `kind` is the pod without its claims, `waiting` how many pods want a node now.
        """
        if pod.wanted_nodes is not None:
            return Scan(pod, view, start)
        wanted = PlacementIndex if is_local(pod, view) else Walker
        known, spent = self._indexes.get(kind), self._scanned.get(kind)
        is_few = waiting < _WORTH_AN_INDEX and len(view.nodes) > FEW_NODES
        is_useful = isinstance(known, wanted)
        if is_few and isinstance(known, PlacementIndex) and known.is_behind(view):
            is_useful = False
        if not is_useful and (spent is None or (is_few and spent < len(view.nodes))):
            scan = Scan(pod, view, start, self._looks.of(kind))
            self._note_scan(kind, (spent or 0) + scan.examined)
            return scan
        return self._from_index(kind, pod, view, start)

    def _from_index(self, kind: PodInfo, pod: PodInfo, view: ClusterView, start: int) -> Cycle:
        wanted = PlacementIndex if is_local(pod, view) else Walker
        index = self._indexes.pop(kind, None)
        if not isinstance(index, wanted):
            index = wanted(kind, self._looks.of(kind))
        self._scanned.pop(kind, None)
        self._indexes[kind] = index
        if len(self._indexes) > _INDEXES:
            del self._indexes[next(iter(self._indexes))]
        return index.cycle(view, start, pod) if isinstance(index, Walker) else index.cycle(view, start)

    def _note_scan(self, kind: PodInfo, spent: int) -> None:
        self._scanned[kind] = spent
        if len(self._scanned) > 4 * _INDEXES:
            del self._scanned[next(iter(self._scanned))]
