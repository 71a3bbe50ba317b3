"""Who of the pods that fit nowhere is tried again after a change: those whom the plugins that turned them down say it may help (`hints`).

Follows `moveAllToActiveOrBackoffQueue` of upstream's scheduling_queue.go. Promises: alike pods are asked about once.
"""

from collections.abc import Callable

from simulator.client import Cache
from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.scheduler.hints import node_may_help, pod_may_help, storage_may_help
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.nominations import Nominations
from simulator.scheduler.placements import Placements
from simulator.scheduler.pod_info import PodInfo
from simulator.scheduler.pod_infos import PodInfos
from simulator.scheduler.queue import SchedulingQueue


class Waking:
    def __init__(
        self,
        engine: Engine,
        cache: Cache,
        *,
        queue: SchedulingQueue,
        infos: PodInfos,
        placements: Placements,
        nominations: Nominations,
        woken: Callable[[], None],
    ) -> None:
        """`woken`: called when somebody was."""
        self._engine = engine
        self._cache = cache
        self._queue = queue
        self._infos = infos
        self._placements = placements
        self._nominations = nominations
        self._woken = woken

    def after_node(self, old: NodeInfo | None, new: NodeInfo | None) -> None:
        self._wake(lambda info, plugin: node_may_help(plugin, info, old, new))

    def after_pod(self, old: PodInfo | None, new: PodInfo | None, where: str) -> None:
        """A pod on the node `where` came (no `old`), went (no `new`) or changed."""
        node = self._placements.nodes.by_name.get(where)
        gone_from = where if new is None else ""
        self._wake(lambda info, plugin: pod_may_help(plugin, info, old, new, node), gone_from)

    def after_storage(self, old: Obj | None, new: Obj | None) -> None:
        self._wake(lambda info, plugin: storage_may_help(plugin, info, old, new))

    def _wake(self, may_help: Callable[[PodInfo, str], bool], freed: str = "") -> None:
        """Pods nominated to the node `freed` are tried again in any case: their own place is taken by themselves."""
        answers: dict[tuple[PodInfo, tuple[str, ...]], bool] = {}
        woken = False
        for waiting in self._queue.unschedulable():
            pod = self._cache.get("pods", *waiting.key)
            if pod is None:
                continue
            info = self._infos.of(pod)
            asked = (info, waiting.plugins)
            if asked not in answers:
                answers[asked] = not waiting.plugins or any(may_help(info, plugin) for plugin in waiting.plugins)
            if answers[asked] or (freed and self._nominations.node_of(waiting.uid) == freed):
                self._queue.wake(waiting, self._engine.now, self._engine.cause)
                woken = True
        if woken:
            self._woken()
