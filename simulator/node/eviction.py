"""Node-pressure eviction: the kubelet ends pods before the machine runs out of memory or disk.

Follows `pkg/kubelet/eviction/eviction_manager.go` and `helpers.go` of v1.33, word for word: thresholds, ranking by use above requests,
priority and use, one pod at a time, conditions that stay for five minutes. Promises: looks only when somebody has started, ended or
written something; a machine under no pressure plans nothing. What is left is known from the last walk over a machine's containers as long
as only containers have started since (`Room`): who starts one on a machine with room to spare is not made to count the others.
"""

from dataclasses import dataclass

from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery import pod_resources
from simulator.machinery.quantities import canonical, from_bytes, value
from simulator.node.cgroups import used_by
from simulator.node.fleet import MIRROR, WORKERS, Fleet
from simulator.node.node_status import STORAGE
from simulator.node.pod_lifecycle import container_spec
from simulator.node.records import NodeRecord, PodRecord
from simulator.node.timing import SECOND
from simulator.workloads.file_tree import size_of
from simulator.workloads.timeline import Plan

#: `monitoringInterval` of `pkg/kubelet/kubelet.go`.
_INTERVAL_US = 10 * SECOND
#: `evictionPressureTransitionPeriod`.
_TRANSITION_US = 300 * SECOND
#: `memory.available`, in bytes, and `nodefs.available`, in percent (`pkg/kubelet/eviction/defaults_linux.go`).
MEMORY_THRESHOLD = 100 << 20
DISK_PERCENT = 10
#: Condition → the events when it becomes True, and when it becomes False.
_TOLD = {
    "MemoryPressure": ("NodeHasInsufficientMemory", "NodeHasSufficientMemory"),
    "DiskPressure": ("NodeHasDiskPressure", "NodeHasNoDiskPressure"),
}
#: From this priority on a pod is never evicted (`system-cluster-critical` and above).
_CRITICAL = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Starved:
    """A resource of which too little is left."""

    resource: str
    condition: str
    threshold: int
    available: int


@dataclass(slots=True)
class Room:
    """What may still be used on a machine before anything is short; follows from the records, so it is never dumped."""

    memory: int
    seen: tuple[int, int]
    """Images on the machine, which take room on the disk, and `Fleet.happenings`, after which programs may write."""

    def takes(self, more: Plan, seen: tuple[int, int]) -> bool:
        """Whether a container that has just started fits in for sure; what it writes is not known beforehand."""
        self.memory -= more.memory
        return not more.files and self.memory >= 0 and self.seen == seen


class EvictionManager:
    name = "eviction-manager"

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._engine = fleet.engine
        self._rooms: dict[str, Room] = {}
        """Of machines where nobody writes anything."""
        fleet.engine.register(self)

    def dump(self) -> Plain:
        return None

    def load(self, state: Plain) -> None:
        """Everything is in the node records."""
        self._rooms.clear()

    def used(self, name: str, more: Plan | None = None) -> None:
        """Something on this machine uses more or less than before: a container that has just started, or (None) anything."""
        node = self._fleet.nodes.get(name)
        if node is None or not node.kubelet or node.eviction_due:
            self._rooms.pop(name, None)
            return
        room = self._rooms.get(name)
        if room is not None:
            if more is not None and not self._fleet.contents.is_used and room.takes(more, self._seen(node)):
                return
            del self._rooms[name]
        if self._starved(node):
            self._look_in(node, _INTERVAL_US - self._engine.now % _INTERVAL_US)

    def _look_in(self, node: NodeRecord, delay_us: int) -> None:
        node.eviction_due = True
        self._engine.schedule(delay_us, self.name, "synchronize", node.name, node.epoch)

    def synchronize(self, name: str, epoch: int) -> None:
        """Event: the manager compares what is left with its thresholds."""
        node = self._fleet.nodes[name]
        if node.epoch != epoch or not node.kubelet:
            node.eviction_due = False
            return
        node.eviction_due = False
        now = self._engine.now
        starved = self._starved(node)
        before = dict(node.pressure)
        for one in starved:
            node.pressure[one.condition] = now
        node.pressure = {kind: seen for kind, seen in sorted(node.pressure.items()) if now - seen < _TRANSITION_US}
        if before.keys() != node.pressure.keys():
            self._tell(node, before)
        if starved:
            self._reclaim(node, starved[0])
            self._look_in(node, _INTERVAL_US)
        elif node.pressure:
            self._look_in(node, min(node.pressure.values()) + _TRANSITION_US - now)

    def _tell(self, node: NodeRecord, before: dict[str, int]) -> None:
        """The conditions that have changed, as events and in the node's status (`nodestatus/setters.go`)."""
        for condition, (is_short, is_well) in sorted(_TOLD.items()):
            if (condition in before) is not (condition in node.pressure):
                state = is_short if condition in node.pressure else is_well
                self._fleet.node_event(node, "Normal", state, f"Node {node.name} status is now: {state}")
        self._engine.schedule(0, "machines", "report", node.name, node.epoch)

    # What is left

    def _starved(self, node: NodeRecord) -> list[Starved]:
        """Memory first, as `byEvictionPriority` sorts."""
        found = []
        memory, disk, is_steady = self._left(node)
        if memory < MEMORY_THRESHOLD:
            found.append(Starved("memory", "MemoryPressure", MEMORY_THRESHOLD, max(memory, 0)))
        threshold = STORAGE * DISK_PERCENT // 100
        if disk < threshold:
            found.append(Starved("ephemeral-storage", "DiskPressure", threshold, max(disk, 0)))
        if is_steady and not found:
            self._rooms[node.name] = Room(memory - MEMORY_THRESHOLD, self._seen(node))
        return found

    def _seen(self, node: NodeRecord) -> tuple[int, int]:
        return len(node.images), self._fleet.happenings

    def _left(self, node: NodeRecord) -> tuple[int, int, bool]:
        """Bytes of memory and disk, in one walk; and whether nobody has written anything, so that time alone changes nothing."""
        is_steady = True
        memory, disk = value(node.spec["memory"]), STORAGE - sum(node.images.values())
        pods, plan, has_volumes = self._fleet.pods, self._fleet.plan, self._fleet.contents.is_used
        for uid in node.pods:
            record, writes = pods[uid], has_volumes
            for one in record.containers.values():
                if one.state == "running" and one.run is not None:
                    planned = one.run.plan or plan(one.run)
                    memory -= planned.memory
                    writes = writes or bool(planned.files)
            if writes:
                is_steady = False
                disk -= self.disk(record)
        return memory, disk, is_steady

    def _pods(self, node: NodeRecord) -> list[PodRecord]:
        return [self._fleet.pods[uid] for uid in node.pods]

    def _memory(self, record: PodRecord) -> int:
        return sum(
            self._fleet.plan(one.run).memory
            for one in record.containers.values()
            if one.state == "running" and one.run is not None
        )

    def disk(self, record: PodRecord) -> int:
        """Bytes in the writable layers of a pod's containers, and in volumes of its own."""
        layers = sum(self._layer(record, name) for name in record.containers)
        return layers + self._fleet.contents.size_of_pod(record.uid)

    def _layer(self, record: PodRecord, name: str) -> int:
        one = record.containers[name]
        if one.run is None or one.state != "running":
            return 0
        changes = self._fleet.plan(one.run).changes_at(self._engine.now - one.run.started_us)
        return sum(size_of(text) for text in changes.values() if text is not None)

    # Reclaiming

    def _reclaim(self, node: NodeRecord, starved: Starved) -> None:
        text = f"Attempting to reclaim {starved.resource}"
        self._fleet.node_event(node, "Warning", "EvictionThresholdMet", text)
        if starved.resource == "ephemeral-storage" and self._drop_unused_images(node):
            return
        ranked = self._ranked(node, starved)
        if not ranked:
            return
        record, pod = ranked[0]
        message = self._message(record, pod, starved)
        self._engine.schedule(0, WORKERS, "evict", record.uid, message)

    def _drop_unused_images(self, node: NodeRecord) -> bool:
        """Image garbage collection; whether that was enough."""
        in_use = {one.image for record in self._pods(node) for one in record.containers.values()}
        node.images = {name: size for name, size in node.images.items() if name in in_use}
        return not any(one.resource == "ephemeral-storage" for one in self._starved(node))

    def _ranked(self, node: NodeRecord, starved: Starved) -> list[tuple[PodRecord, Obj]]:
        """Who goes first: beyond its requests, then of low priority, then the largest (`rankMemoryPressure`, `rankDiskPressure`)."""
        found = []
        for record in self._pods(node):
            pod = self._fleet.pod(record)
            if pod is None or record.worker != "syncing" or _is_critical(pod):
                continue
            if not any(one.state == "running" for one in record.containers.values()):
                continue
            excess = self._used(record, starved) - _requested(pod, starved.resource)
            found.append(((excess <= 0, pod["spec"].get("priority") or 0, -excess, record.name), record, pod))
        return [(record, pod) for _, record, pod in sorted(found, key=lambda one: one[0])]

    def _used(self, record: PodRecord, starved: Starved) -> int:
        return self._memory(record) if starved.resource == "memory" else self.disk(record)

    def _message(self, record: PodRecord, pod: Obj, starved: Starved) -> str:
        text = f"The node was low on resource: {starved.resource}. "
        text += f"Threshold quantity: {from_bytes(starved.threshold)}, available: {_rounded(starved.available)}. "
        for name, one in record.containers.items():
            if one.kind == "ephemeral" or one.state != "running" or one.run is None:
                continue
            spec = container_spec(pod, name)
            memory = used_by(self._fleet.plan(one.run), one.resources)[1]
            amount = memory if starved.resource == "memory" else self._layer(record, name)
            wanted = _request(spec, starved.resource)
            if amount > value(wanted):
                text += f"Container {name} was using {_rounded(amount)}, request is {canonical(wanted)}, has larger consumption of {starved.resource}. "
        return text


def rejection(node: NodeRecord, pod: Obj) -> str:
    """Why a kubelet under pressure does not take a pod in; "" when it does (`eviction_manager.go` Admit)."""
    if not node.pressure or _is_critical(pod):
        return ""
    if list(node.pressure) == ["MemoryPressure"]:
        if (pod.get("status") or {}).get("qosClass") != "BestEffort":
            return ""
        key = "node.kubernetes.io/memory-pressure"
        if any(
            one.get("key", key) in ("", key) and one.get("effect", "") in ("", "NoSchedule")
            for one in pod["spec"].get("tolerations") or ()
        ):
            return ""
    return f"The node had condition: [{' '.join(node.pressure)}]. "


def _is_critical(pod: Obj) -> bool:
    """`IsCriticalPod` of `pkg/kubelet/types/pod_update.go`: static pods too."""
    marks = pod["metadata"].get("annotations") or {}
    is_static = MIRROR in marks or marks.get("kubernetes.io/config.source", "api") != "api"
    return is_static or (pod["spec"].get("priority") or 0) >= _CRITICAL


def _requested(pod: Obj, resource: str) -> int:
    """Of the whole pod: sidecars, init containers and overhead count as for the scheduler."""
    total = pod_resources.of_pod(pod["spec"], "requests").get(resource)
    return 0 if total is None else value(str(total))


def _request(container: Obj, resource: str) -> str:
    return str(((container.get("resources") or {}).get("requests") or {}).get(resource, "0"))


def _rounded(amount: int) -> str:
    """As a quantity in whole KiB, which is how the statistics come."""
    return from_bytes(amount // 1024 * 1024)
