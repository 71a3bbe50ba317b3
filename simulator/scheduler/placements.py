"""Which pods are on which nodes, as the scheduler has it: what the watch has told, and what it has decided itself.

Counterpart of `pkg/scheduler/backend/cache`. A pod is *assumed* to be on its node from the decision on, until the watch tells of it.
Promises: after a restore the view is built again from the watch's cache when it is first needed, with everything in it.
"""

from simulator.client import Cache
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.store import Key
from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.nominations import Nominations
from simulator.scheduler.pod_changes import is_ending, node_of
from simulator.scheduler.pod_info import PodInfo
from simulator.scheduler.pod_infos import PodInfos
from simulator.scheduler.storage_view import StorageView


class Placements:
    def __init__(self, cache: Cache, infos: PodInfos, nominations: Nominations, storage: StorageView) -> None:
        self.assumed: dict[str, tuple[str, str, str]] = {}
        """uid → (namespace, name, node) of pods that are bound but not yet seen bound."""
        self._cache = cache
        self._infos = infos
        self._nominations = nominations
        self._storage = storage
        self._view: ClusterView | None = ClusterView(storage)
        """None after a restore."""

    @property
    def nodes(self) -> ClusterView:
        if self._view is None:
            self._view = self._rebuilt()
        return self._view

    def _rebuilt(self) -> ClusterView:
        view = ClusterView(self._storage)
        for node in self._cache.list("nodes"):
            view.put_node(node)
        for pod in self._cache.list("pods"):
            uid = pod["metadata"]["uid"]
            assumed = self.assumed.get(uid)
            node_name = assumed[2] if assumed else node_of(pod)
            if node_name:
                view.add_pod(node_name, uid, self._infos.of(pod), ending=is_ending(pod))
            elif self._nominations.node_of(uid):
                self._nominations.hold(uid, self._infos.of(pod), view)
        return view

    def assume(self, uid: str, key: Key, node: str, info: PodInfo) -> None:
        self.nodes.add_pod(node, uid, info)
        self.assumed[uid] = (*key, node)

    def undo(self, uid: str) -> tuple[str, PodInfo | None]:
        """An assumed pod is not placed after all; returns where it was, and as what."""
        where = self.assumed[uid][2]
        info = self.nodes.pod_on(where, uid)
        del self.assumed[uid]
        self.nodes.remove_pod(where, uid)
        return where, info

    def told(self, uid: str, new: Obj | None, was: str, now: str) -> bool:
        """The watch tells that a pod has left one node or is on another; False when it is just where it was assumed to be."""
        if new is not None and now and uid in self.assumed:
            assumed = self.assumed.pop(uid)
            if assumed[2] == now and not is_ending(new):
                return False
            self.nodes.remove_pod(assumed[2], uid)
        if was:
            self.nodes.remove_pod(was, uid)
        if now and new is not None:
            self.nodes.add_pod(now, uid, self._infos.of(new), ending=is_ending(new))
        return True

    def rebuild(self) -> None:
        """What is known of pods is out of date, or gone."""
        self._view = None

    def begin(self) -> None:
        """The watch will tell of everything anew."""
        self._view = ClusterView(self._storage)

    def dump(self) -> Plain:
        return [[uid, *where] for uid, where in self.assumed.items()]

    def load(self, state: Plain) -> None:
        self.assumed = {uid: (namespace, name, node) for uid, namespace, name, node in state}
        self._view = None
