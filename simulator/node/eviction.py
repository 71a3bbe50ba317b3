"""Node-pressure eviction: the kubelet ends pods before the machine runs out of memory or disk.

Follows `pkg/kubelet/eviction/eviction_manager.go` of v1.33, word for word: thresholds hard and soft (`eviction_thresholds`), the pod that goes first
(`eviction_ranking`), one pod at a time, conditions that stay for five minutes. Promises: looks only when somebody has started, ended or
written something; a machine under no pressure plans nothing. What is left is known from the last walk over a machine's containers as long
as only containers have started since (`Room`): who starts one on a machine with room to spare is not made to count the others.
"""

from dataclasses import dataclass

from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery import pod_resources
from simulator.machinery.quantities import value
from simulator.node.cgroups import used_by
from simulator.node.eviction_ranking import Candidate, ContainerUse, message, ranked
from simulator.node.eviction_thresholds import (
    ALLOCATABLE_MEMORY,
    DEFAULT_HARD,
    IMAGE_FS,
    MEMORY,
    NODE_FS,
    SIGNALS,
    Amount,
    Observation,
    Observations,
    Threshold,
    met,
    thresholds,
)
from simulator.node.fleet import MIRROR, WORKERS, Fleet
from simulator.node.node_status import STORAGE
from simulator.node.pod_lifecycle import container_spec
from simulator.node.records import NodeRecord, PodRecord
from simulator.node.timing import SECOND
from simulator.workloads.file_tree import size_of
from simulator.workloads.timeline import Plan

#: `monitoringInterval` of `pkg/kubelet/kubelet.go`.
_INTERVAL_US = 10 * SECOND
#: `evictionPressureTransitionPeriod`, unless the kubelet's file says something else.
_TRANSITION_US = 300 * SECOND
#: Seconds that an evicted pod has (`immediateEvictionGracePeriodSeconds`).
IMMEDIATE_S = 1
_DEFAULT = thresholds(DEFAULT_HARD)
_DISK = "ephemeral-storage"
#: Condition → the events when it becomes True, and when it becomes False.
_TOLD = {
    "MemoryPressure": ("NodeHasInsufficientMemory", "NodeHasSufficientMemory"),
    "DiskPressure": ("NodeHasDiskPressure", "NodeHasNoDiskPressure"),
}
#: From this priority on a pod is never evicted (`system-cluster-critical` and above).
_CRITICAL = 2_000_000_000


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
        if met(thresholds_of(node), self._observe(node)):
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
        now, transition = self._engine.now, node.config.get("transition_us", _TRANSITION_US)
        known, seen = thresholds_of(node), self._observe(node)
        short = met(known, seen)
        unresolved = [one for one in known if one.key in node.thresholds_met and one not in short]
        short += met(unresolved, seen, with_reclaim=True)
        node.short_since = {one.key: node.short_since.get(one.key, now) for one in short}
        before = dict(node.pressure)
        for one in short:
            node.pressure[SIGNALS[one.signal][1]] = now
        node.pressure = {kind: at for kind, at in sorted(node.pressure.items()) if now - at < transition}
        if before.keys() != node.pressure.keys():
            self._tell(node, before)
        due = [one for one in short if now - node.short_since[one.key] >= one.grace_us]
        node.thresholds_met = [one.key for one in due]
        if due:
            self._reclaim(node, sorted(due, key=lambda one: SIGNALS[one.signal][0] != "memory"), seen)
        if short:
            self._look_in(node, _INTERVAL_US)
        elif node.pressure:
            self._look_in(node, min(node.pressure.values()) + transition - now)

    def _tell(self, node: NodeRecord, before: dict[str, int]) -> None:
        """The conditions that have changed, as events and in the node's status (`nodestatus/setters.go`)."""
        for condition, (is_short, is_well) in sorted(_TOLD.items()):
            if (condition in before) is not (condition in node.pressure):
                state = is_short if condition in node.pressure else is_well
                self._fleet.node_event(node, "Normal", state, f"Node {node.name} status is now: {state}")
        self._engine.schedule(0, "machines", "report", node.name, node.epoch)

    # What is left

    def _observe(self, node: NodeRecord) -> Observations:
        """The signals of a machine whose images, containers and volumes lie on one disk (`makeSignalObservations`)."""
        memory, disk, is_steady = self._left(node)
        capacity = value(node.spec["memory"])
        seen = {
            MEMORY: Observation(max(memory, 0), capacity),
            NODE_FS: Observation(max(disk, 0), STORAGE),
            IMAGE_FS: Observation(max(disk, 0), STORAGE),
        }
        known = thresholds_of(node)
        if node.spec["reserved_memory"]:
            hard = next((one.amount.of(capacity) for one in known if one.signal == ALLOCATABLE_MEMORY), 0)
            limit = capacity - node.spec["reserved_memory"] + hard
            seen[ALLOCATABLE_MEMORY] = Observation(max(limit - capacity + memory, 0), limit)
        if is_steady and not met(known, seen):
            spare = min(
                seen[one.signal].available - one.amount.of(seen[one.signal].capacity)
                for one in (*known, _NOTHING)
                if one.signal in seen and SIGNALS[one.signal][0] == "memory"
            )
            self._rooms[node.name] = Room(spare, self._seen(node))
        return seen

    def _seen(self, node: NodeRecord) -> tuple[int, int]:
        return len(node.images), self._fleet.happenings

    def free_disk(self, name: str) -> int:
        """Bytes that nobody has taken on a machine's disk."""
        return max(self._left(self._fleet.nodes[name])[1], 0)

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

    def _reclaim(self, node: NodeRecord, due: list[Threshold], seen: Observations) -> None:
        first = due[0]
        resource = SIGNALS[first.signal][0]
        text = f"Attempting to reclaim {resource}"
        self._fleet.node_event(node, "Warning", "EvictionThresholdMet", text)
        if resource == _DISK and self._drop_unused_images(node):
            return
        found = self._candidates(node, resource)
        if not found:
            return
        record, pod = found[ranked(found)[0]]
        observed = seen[first.signal]
        said = message(
            resource, first.amount.of(observed.capacity), observed.available, self._uses(record, pod, resource)
        )
        grace = node.config.get("max_pod_grace_s", 0) if first.grace_us else IMMEDIATE_S
        self._engine.schedule(0, WORKERS, "evict", record.uid, said, grace)

    def _drop_unused_images(self, node: NodeRecord) -> bool:
        """Image garbage collection; whether that was enough."""
        in_use = {one.image for record in self._pods(node) for one in record.containers.values()}
        node.images = {name: size for name, size in node.images.items() if name in in_use}
        return not met(thresholds_of(node), self._observe(node), with_reclaim=True)

    def _candidates(self, node: NodeRecord, resource: str) -> dict[Candidate, tuple[PodRecord, Obj]]:
        """The pods that run here or are about to, but those that may not be evicted."""
        found = {}
        for record in self._pods(node):
            pod = self._fleet.pod(record)
            if pod is None or record.worker != "syncing" or is_critical(pod):
                continue
            runs = any(one.state == "running" for one in record.containers.values())
            used = (self._memory(record) if resource == "memory" else self.disk(record)) if runs else None
            name = f"{record.namespace}/{record.name}"
            one = Candidate(name, pod["spec"].get("priority") or 0, used, _requested(pod, resource))
            found[one] = record, pod
        return found

    def _uses(self, record: PodRecord, pod: Obj, resource: str) -> list[ContainerUse]:
        found = []
        for name, one in record.containers.items():
            if one.kind == "ephemeral" or one.state != "running" or one.run is None:
                continue
            memory = used_by(self._fleet.plan(one.run), one.resources)[1]
            amount = memory if resource == "memory" else self._layer(record, name)
            found.append(ContainerUse(name, amount, _request(container_spec(pod, name), resource)))
        return found


#: Stands for no threshold at all where the least of several is looked for.
_NOTHING = Threshold(MEMORY, Amount())


def thresholds_of(node: NodeRecord) -> list[Threshold]:
    """Those of the kubelet's file, or the default ones."""
    given = node.config.get("thresholds")
    if given is None:
        return _DEFAULT
    return [
        Threshold(signal, Amount(*amount), grace_us, Amount(*reclaim)) for signal, amount, grace_us, reclaim in given
    ]


def rejection(node: NodeRecord, pod: Obj) -> str:
    """Why a kubelet under pressure does not take a pod in; "" when it does (`eviction_manager.go` Admit)."""
    if not node.pressure or is_critical(pod):
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


def is_critical(pod: Obj) -> bool:
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
