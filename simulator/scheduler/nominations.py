"""Room kept on a node for pods that preempted others there and wait for them to go.

https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/#user-exposed-information. A nominated pod takes part
in its node's sums like a pod that is there, so that no pod of the same or a lower priority takes its room; whoever has a
higher priority looks at the node without it (`aside`).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from simulator.engine import Plain
from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.pod_info import PodInfo

#: Before a pod's uid: its place holder on a node.
_PREFIX = "nominated/"


class Nominations:
    def __init__(self) -> None:
        self._nodes: dict[str, str] = {}
        """Pod's uid → node."""
        self._infos: dict[str, PodInfo] = {}
        """Those whose place is held in the view."""

    @property
    def holds_any(self) -> bool:
        """Whether any place is held in the view."""
        return bool(self._infos)

    def node_of(self, uid: str) -> str:
        return self._nodes.get(uid, "")

    def put(self, uid: str, node: str, pod: PodInfo, view: ClusterView) -> None:
        self.drop(uid, view)
        self._nodes[uid] = node
        self.hold(uid, pod, view)

    def hold(self, uid: str, pod: PodInfo, view: ClusterView) -> None:
        """Puts the place holder into a view that has none yet."""
        self._infos[uid] = pod
        view.add_pod(self._nodes[uid], _PREFIX + uid, pod, ending=True)

    def drop(self, uid: str, view: ClusterView) -> None:
        node = self._nodes.pop(uid, "")
        if self._infos.pop(uid, None) is not None:
            view.remove_pod(node, _PREFIX + uid)

    def lower_on(self, node: str, priority: int) -> list[str]:
        """Uids of pods nominated to a node with less than this priority, in order of nomination."""
        return [
            uid
            for uid, where in self._nodes.items()
            if where == node and uid in self._infos and self._infos[uid].priority < priority
        ]

    @contextmanager
    def aside(self, uid: str, priority: int, view: ClusterView) -> Iterator[None]:
        """Without the places of the pod itself and of pods with a lower priority."""
        moved = [one for one, pod in self._infos.items() if one == uid or pod.priority < priority]
        for one in moved:
            view.remove_pod(self._nodes[one], _PREFIX + one)
        try:
            yield
        finally:
            for one in moved:
                if one in self._nodes:
                    view.add_pod(self._nodes[one], _PREFIX + one, self._infos[one], ending=True)

    def clear(self) -> None:
        self._nodes.clear()
        self._infos.clear()

    def dump(self) -> Plain:
        return [list(entry) for entry in self._nodes.items()]

    def load(self, state: Plain) -> None:
        """The places are held again when the view is built."""
        self._nodes = dict(state)
        self._infos.clear()
