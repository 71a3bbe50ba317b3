"""The scheduler's picture of all nodes: what a cycle reads, kept up to date by watch deliveries and assumptions.

Promises: nodes are in upstream's order (zones in turn) made total by name; `changes` names every node whose
state changed, in order, so that whoever remembers something about nodes only looks again at those.
"""

from itertools import zip_longest

from simulator.engine.plain import Obj
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo
from simulator.scheduler.storage_view import StorageView

#: Changes remembered; a reader further behind starts over.
_REMEMBERED = 4096


class ClusterView:
    def __init__(self, storage: StorageView | None = None) -> None:
        self.storage = storage or StorageView()
        self.by_name: dict[str, NodeInfo] = {}
        self.affinity_pods = 0
        self.first_change = 0
        """The number of the oldest entry in `changes`."""
        self.generation = 0
        self._images: dict[str, int] = {}
        """Image → how many nodes have it."""
        self.changes: list[int] = []
        """Positions of changed nodes, oldest first."""
        self._priorities: dict[int, int] = {}
        """How many pods on known nodes have each priority."""
        self._layout = 0
        self._nodes: list[NodeInfo] = []
        self._position: dict[str, int] = {}
        self._is_arranged = True
        self._homeless: dict[str, dict[str, tuple[PodInfo, bool]]] = {}
        """Pods bound to nodes that are not known (yet, or any more)."""

    @property
    def nodes(self) -> list[NodeInfo]:
        if not self._is_arranged:
            self._arrange()
        return self._nodes

    @property
    def layout(self) -> int:
        """Grows when the order of nodes changes: positions from before mean nothing after."""
        if not self._is_arranged:
            self._arrange()
        return self._layout

    def position(self, name: str) -> int | None:
        if not self._is_arranged:
            self._arrange()
        return self._position.get(name)

    # Nodes

    def put_node(self, node: Obj) -> NodeInfo:
        name = node["metadata"]["name"]
        known = self.by_name.get(name)
        self.generation += 1
        if known is None:
            known = self.by_name[name] = NodeInfo(node)
            self._count_images(known, 1)
            for uid, (pod, ending) in self._homeless.pop(name, {}).items():
                self._place(known, uid, pod, ending)
            self._is_arranged = False
            return known
        zone = known.zone
        self._count_images(known, -1)
        known.update(node)
        self._count_images(known, 1)
        if known.zone != zone:
            self._is_arranged = False
        else:
            self._changed(name)
        return known

    def remove_node(self, name: str) -> None:
        known = self.by_name.pop(name, None)
        if known is None:
            return
        self.generation += 1
        self.affinity_pods -= known.affinity_pods
        self._count_images(known, -1)
        for pod, _ in known.pods.values():
            self._count_priority(pod, -1)
        if known.pods:
            self._homeless[name] = known.pods
        self._is_arranged = False

    # Pods

    def pod_on(self, node: str, uid: str) -> PodInfo | None:
        """What is known of a pod on a node; None when it is not there."""
        known = self.by_name.get(node)
        held = self._homeless.get(node, {}).get(uid) if known is None else known.pods.get(uid)
        return None if held is None else held[0]

    def add_pod(self, node: str, uid: str, pod: PodInfo, *, ending: bool = False) -> None:
        known = self.by_name.get(node)
        if known is None:
            self._homeless.setdefault(node, {})[uid] = (pod, ending)
            return
        self._place(known, uid, pod, ending)
        self._changed(node)

    def remove_pod(self, node: str, uid: str) -> None:
        known = self.by_name.get(node)
        if known is None:
            self._homeless.get(node, {}).pop(uid, None)
        elif uid in known.pods:
            pod = known.remove(uid)
            self.affinity_pods -= pod.has_affinity
            self._count_priority(pod, -1)
            self._changed(node)

    def holds_below(self, priority: int) -> bool:
        """Whether any pod on a node has a lower priority."""
        return any(known < priority for known in self._priorities)

    def _place(self, node: NodeInfo, uid: str, pod: PodInfo, ending: bool) -> None:
        if uid in node.pods:
            known = node.remove(uid)
            self.affinity_pods -= known.has_affinity
            self._count_priority(known, -1)
        node.add(uid, pod, ending=ending)
        self.affinity_pods += pod.has_affinity
        self._count_priority(pod, 1)

    def nodes_with_image(self, image: str) -> int:
        return self._images.get(image, 0)

    def _count_images(self, node: NodeInfo, sign: int) -> None:
        for image in node.images:
            self._images[image] = self._images.get(image, 0) + sign

    def _count_priority(self, pod: PodInfo, sign: int) -> None:
        left = self._priorities.get(pod.priority, 0) + sign
        if left:
            self._priorities[pod.priority] = left
        else:
            del self._priorities[pod.priority]

    # Order

    def _arrange(self) -> None:
        zones: dict[str, list[NodeInfo]] = {}
        for name in sorted(self.by_name):
            node = self.by_name[name]
            zones.setdefault(node.zone, []).append(node)
        rounds = zip_longest(*(zones[zone] for zone in sorted(zones)))
        self._nodes = [node for turn in rounds for node in turn if node is not None]
        self._position = {node.name: position for position, node in enumerate(self._nodes)}
        self._layout += 1
        self._is_arranged = True

    def _changed(self, name: str) -> None:
        if not self._is_arranged:
            return
        position = self._position[name]
        self.changes.append(position)
        if len(self.changes) > 2 * _REMEMBERED:
            del self.changes[:_REMEMBERED]
            self.first_change += _REMEMBERED

    def missed(self, seen: int) -> int:
        """At most how many nodes have changed since the change number `seen`."""
        return len(self.by_name) if seen < self.first_change else min(self.last_change - seen, len(self.by_name))

    @property
    def last_change(self) -> int:
        return self.first_change + len(self.changes)
