"""The pod workers of all kubelets: from a pod's binding to the last report of its end.

A worker is told of changes of its pod (`pod_updates`) and woken by its runtime, never by a clock of its own. A sync first reports what is
(`pod_reports`), then does what is missing (`pod_lifecycle`, `pod_sandboxes`, `container_starts`), as `pkg/kubelet/kubelet.go`
SyncPod does; so the status always lags one look behind the containers. Before a worker takes a pod up stands the gate, where a
learner may stop it. Leaves to others: machines and their power (`machines`), processes (`container_runtime`), probes (`prober`).
"""

from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.node import critical_pods
from simulator.node.admission import Rejection
from simulator.node.container_logs import ContainerLogs
from simulator.node.container_runtime import ContainerRuntime
from simulator.node.container_starts import ContainerStarts
from simulator.node.eviction import IMMEDIATE_S
from simulator.node.fleet import WORKERS, Fleet
from simulator.node.kubelet_gate import KubeletGate
from simulator.node.mirrors import Mirrors
from simulator.node.node_shutdown import MESSAGE as SHUT_DOWN_MESSAGE
from simulator.node.node_shutdown import REASON as SHUT_DOWN
from simulator.node.pod_lifecycle import (
    TRANSITIONS,
    comes_first,
    container_spec,
    final_phase,
    grace_period_s,
    next_steps,
)
from simulator.node.pod_reports import STATUS_RETRY_US, PodReports
from simulator.node.pod_sandboxes import PodSandboxes
from simulator.node.pod_status import rejected_status
from simulator.node.pod_updates import PodUpdates
from simulator.node.records import ContainerRecord, NodeRecord, PodRecord
from simulator.node.resizing import Resizing
from simulator.node.timing import SECOND
from simulator.node.volume_manager import VolumeManager

_DEADLINE = "Pod was active on the node longer than the specified deadline"


class PodWorkers:
    name = WORKERS

    def __init__(
        self,
        fleet: Fleet,
        runtime: ContainerRuntime,
        starts: ContainerStarts,
        logs: ContainerLogs,
        volumes: VolumeManager,
    ) -> None:
        self._fleet = fleet
        self._engine = fleet.engine
        self._runtime = runtime
        self._starts = starts
        self._reports = PodReports(fleet, runtime, logs)
        self._resizing = Resizing(fleet, runtime)
        self._volumes = volumes
        self._sandboxes = PodSandboxes(fleet, volumes)
        self._mirrors = Mirrors(fleet)
        self._gate = KubeletGate(fleet)
        self.updates = PodUpdates(fleet, self, reports=self._reports, mirrors=self._mirrors, gate=self._gate)
        """Hears of pods, and tells their workers."""
        fleet.engine.register(self)

    def dump(self) -> Plain:
        return None

    def load(self, state: Plain) -> None:
        """Everything is in the fleet's records."""

    # The beginning of a pod

    def begin(self, node: NodeRecord, record: PodRecord, pod: Obj) -> None:
        """A pod that may run here takes its room."""
        self._fleet.pods[record.uid] = record
        node.pods[record.uid] = None
        node.active += 1
        node.cpu_milli += record.requests[0]
        node.memory += record.requests[1]
        if pod["metadata"].get("deletionTimestamp"):
            self.deleted(record, pod)
            return
        deadline = pod["spec"].get("activeDeadlineSeconds")
        if deadline:
            self._engine.schedule(int(deadline) * SECOND, self.name, "deadline", record.uid)
        self._sync(record, pod)

    def reject(self, node: NodeRecord, record: PodRecord, pod: Obj, why: Rejection) -> None:
        self._fleet.pods[record.uid] = record
        node.pods[record.uid] = None
        record.requests = (0, 0)
        record.worker = TRANSITIONS[record.worker, "rejected"][0]
        self._fleet.event(record, "Warning", why.reason, why.message)
        started = self._engine.timestamp(record.started_us)
        self._reports.report(record, pod, rejected_status(pod, why.reason, why.message, started))

    def changed(self, record: PodRecord, old: Obj, new: Obj) -> None:
        """A running pod may change its images (and little else): the container is replaced."""
        for spec in new["spec"]["containers"]:
            one = record.containers[spec["name"]]
            before = container_spec(old, one.name)
            if before is not spec and before["image"] != spec["image"]:
                one.backoff_us = one.pull_backoff_us = 0  # the backoff is of a container with this very image
                if one.state == "running":
                    self._runtime.stop(
                        record,
                        one,
                        before,
                        grace_period_s(new),
                        f"Container {one.name} definition changed, will be restarted",
                    )
        self._resizing.consider(record, new)
        for spec in new["spec"].get("ephemeralContainers") or ():
            record.containers.setdefault(spec["name"], ContainerRecord(spec["name"], "ephemeral"))
        deadline = new["spec"].get("activeDeadlineSeconds")
        if deadline and deadline != old["spec"].get("activeDeadlineSeconds"):
            self._engine.schedule(
                max(0, record.started_us + int(deadline) * SECOND - self._engine.now), self.name, "deadline", record.uid
            )
        self._fleet.wake(record)

    # What is for the updates to look at

    def relist(self, node: str, epoch: int) -> None:
        """Event: a kubelet has started."""
        self.updates.relist(node, epoch)

    def read_manifests(self, node: str, epoch: int) -> None:
        """Event: the kubelet has started, or something in its directory of manifests has changed."""
        self.updates.read_manifests(node, epoch)

    def resume(self, uid: str, namespace: str, name: str, cause: int) -> None:
        """Event: a pod that was held may be looked at, once."""
        self.updates.resume(uid, namespace, name, cause)

    def sweep_mirror(self, node: str, namespace: str, name: str, uid: str) -> None:
        """Event: the kubelet's housekeeping takes away the mirror of a static pod that has ended."""
        self._mirrors.sweep(node, namespace, name, uid)

    # The worker

    def sync(self, uid: str) -> None:
        """Event: a pod's worker looks at it."""
        record = self._fleet.pods.get(uid)
        if record is None:
            return
        record.sync_ticket = 0
        if not self._fleet.is_up(record):
            return
        pod = self._fleet.pod(record)
        if pod is None or not self._gate.holds(record.node, pod):
            self.look(record, pod)

    def look(self, record: PodRecord, pod: Obj | None) -> None:
        if record.worker == "terminating":
            self._go_on_stopping(record, pod)
        elif pod is not None:
            self._sync(record, pod)

    def _sync(self, record: PodRecord, pod: Obj) -> None:
        """Report, then act. A worker that is busy starting containers looks again when it has done so."""
        if record.busy:
            record.again = True
            return
        self._reports.leave_messages(record, pod)
        if record.static and not self._mirrors.make(record, pod):
            self._fleet.wake(record, STATUS_RETRY_US)
        self._reports.write_status(record, pod)
        if record.resizing and not any(one.stopping for one in record.containers.values()):
            record.resizing = False
            self._fleet.notice(record)
        if record.worker == "syncing":
            self._act(record, pod)
        elif record.worker == "terminated" and pod["metadata"].get("deletionTimestamp"):
            self._reports.delete(record.node, pod["metadata"])

    def _act(self, record: PodRecord, pod: Obj) -> None:
        policy = pod["spec"].get("restartPolicy") or "Always"
        todo = next_steps(record, policy)
        if todo.finished:
            record.phase = final_phase(record)
            self._cause(record, pod, "finished")
            return
        if not todo.start:
            return
        if not record.sandbox:
            self._sandboxes.make(record, pod)
            return
        record.busy, record.failed_now, record.again = True, False, False
        record.queue = list(todo.start)
        self._starts.pulls.warn_of_missing_secrets(record, pod)
        self._advance(record, self._starts.go_on(record, pod))

    def volumes_late(self, uid: str, turn: int) -> None:
        """Event: a sync has waited for volumes as long as it may."""
        record, pod = self._in_turn(uid, turn)
        if record is not None and pod is not None:
            self._sandboxes.volumes_late(record, pod)

    def sandbox_ready(self, uid: str, turn: int) -> None:
        """Event: the pause container runs, and the pod has its address."""
        record, pod = self._in_turn(uid, turn)
        if record is not None and pod is not None and self._sandboxes.connect(record, pod):
            self._act(record, pod)

    def image_ended(self, uid: str, turn: int, arrived: bool, full: str) -> None:
        """Event: the image that a worker waits for is there, or cannot be had."""
        record, pod = self._in_turn(uid, turn)
        if record is not None and pod is not None and record.queue:
            self._advance(record, self._starts.image_ended(record, pod, arrived, full))

    def container_started(self, uid: str, turn: int) -> None:
        """Event: the runtime has started the container at the head of the queue."""
        record, pod = self._in_turn(uid, turn)
        if record is not None and pod is not None and record.queue:
            self._advance(record, self._starts.started(record, pod))

    def post_start_ended(self, uid: str, turn: int, name: str, problem: str) -> None:
        """Event: a postStart hook is over."""
        record, pod = self._in_turn(uid, turn)
        if record is not None and pod is not None:
            self._advance(record, self._starts.post_start_ended(record, pod, name, problem))

    def _in_turn(self, uid: str, turn: int) -> tuple[PodRecord | None, Obj | None]:
        record = self._fleet.pods.get(uid)
        if record is None or record.turn != turn or record.worker != "syncing" or not self._fleet.is_up(record):
            return None, None
        return record, self._fleet.pod(record)

    def _advance(self, record: PodRecord, done: bool) -> None:
        """The end of a sync: look again soon when something new is to report, later when something failed."""
        if not done:
            return
        record.busy = False
        if not record.failed_now or record.again:
            self._fleet.notice(record)
        else:
            self._fleet.wake(record, self._fleet.retry_us())

    # Reasons to end

    def deadline(self, uid: str) -> None:
        """Event: activeDeadlineSeconds has passed."""
        record, pod = self._syncing(uid)
        if record is None or pod is None:
            return
        allowed = pod["spec"].get("activeDeadlineSeconds")
        if not allowed or self._engine.now < record.started_us + int(allowed) * SECOND:
            return
        record.phase, record.reason, record.message = "Failed", "DeadlineExceeded", _DEADLINE
        self._fleet.event(record, "Normal", "DeadlineExceeded", _DEADLINE)
        self._reports.write_status(record, pod)
        self._cause(record, pod, "deadline")

    def preempt(self, uid: str) -> None:
        """Event: a pod ends so that a critical one has room."""
        record, pod = self._syncing(uid)
        if record is None or pod is None:
            return
        record.phase, record.reason, record.message = "Failed", critical_pods.REASON, critical_pods.MESSAGE
        record.disrupted = critical_pods.DISRUPTED
        self._fleet.event(record, "Warning", critical_pods.REASON, critical_pods.MESSAGE)
        self._cause(record, pod, "deadline")

    def evict(self, uid: str, message: str, grace_s: int) -> None:
        """Event: the eviction manager ends a pod, at once and for good."""
        record, pod = self._syncing(uid)
        if record is None or pod is None:
            return
        record.phase, record.reason, record.message = "Failed", "Evicted", message
        record.disrupted, record.grace_s = message, grace_s
        self._fleet.event(record, "Warning", "Evicted", message)
        self._cause(record, pod, "deadline")

    def evict_for_storage(self, uid: str) -> None:
        """Event: the eviction manager looks at what a pod has stored (`localStorageEviction`)."""
        record, pod = self._syncing(uid)
        if record is None or pod is None:
            return
        message = self._volumes.local.excess(record, pod)
        if not message:
            return
        record.phase, record.reason, record.message = "Failed", "Evicted", message
        record.grace_s = IMMEDIATE_S
        self._fleet.event(record, "Warning", "Evicted", message)
        self._reports.write_status(record, pod)
        self._cause(record, pod, "deadline")

    def shut_down(self, uid: str, seconds: int) -> None:
        """Event: the machine goes down, and this pod has so long to end; less where it asked for less."""
        record = self._fleet.pods.get(uid)
        pod = self._fleet.pod(record) if record is not None else None
        if record is None or pod is None or not self._fleet.is_up(record):
            return
        end = self._engine.now + seconds * SECOND
        if record.worker == "syncing":
            record.phase, record.reason, record.message = "Failed", SHUT_DOWN, SHUT_DOWN_MESSAGE
            record.disrupted, record.grace_s = SHUT_DOWN_MESSAGE, min(seconds, grace_period_s(pod))
            self._cause(record, pod, "deadline")
        elif record.worker == "terminating" and end < record.grace_end_us:
            record.grace_end_us = end
            for one in record.containers.values():
                self._runtime.hurry(record, one, seconds)

    def _syncing(self, uid: str) -> tuple[PodRecord | None, Obj | None]:
        """A pod that is meant to run, and whose kubelet works."""
        record = self._fleet.pods.get(uid)
        if record is None or record.worker != "syncing" or not self._fleet.is_up(record):
            return None, None
        return record, self._fleet.pod(record)

    # The end of a pod

    def deleted(self, record: PodRecord, pod: Obj) -> None:
        if record.worker == "terminating":
            end = self._engine.now + int(pod["metadata"].get("deletionGracePeriodSeconds") or 0) * SECOND
            if end < record.grace_end_us:
                record.grace_end_us = end
                self._cause(record, pod, "shortened")
        else:
            self._cause(record, pod, "deleted")

    def removed(self, record: PodRecord) -> None:
        """The object is gone from the API, whether or not the containers are."""
        record.orphaned = True
        record.grace_end_us = self._engine.now
        self._cause(record, None, "removed")

    def unwanted(self, record: PodRecord) -> None:
        """The file of a static pod is gone."""
        record.orphaned = True
        self._cause(record, self._fleet.pod(record), "removed")

    def _cause(self, record: PodRecord, pod: Obj | None, cause: str) -> None:
        """One step of the worker's state machine."""
        state, action = TRANSITIONS.get((record.worker, cause), (record.worker, ""))
        record.worker = state
        match action:
            case "stop":
                self._stop(record, pod)
            case "hurry":
                for one in record.containers.values():
                    self._runtime.hurry(
                        record, one, 0 if pod is None else int(pod["metadata"].get("deletionGracePeriodSeconds") or 0)
                    )
            case "report":
                self._report_end(record, pod)
            case "delete" if pod is not None:
                self._reports.delete(record.node, pod["metadata"])
            case "forget":
                self._forget(record)

    def _stop(self, record: PodRecord, pod: Obj | None) -> None:
        grace = 0 if pod is None or (record.orphaned and not record.static) else grace_period_s(pod)
        if record.grace_s is not None:
            grace = record.grace_s
        record.grace_end_us = self._engine.now + grace * SECOND
        self._fleet.quiet(record)
        self._go_on_stopping(record, pod)

    def _go_on_stopping(self, record: PodRecord, pod: Obj | None) -> None:
        """All are asked to stop at once; sidecars get their signal when those that they serve have ended."""
        record.turn += 1
        record.busy = False
        record.queue.clear()
        running = [one for one in record.containers.values() if one.state == "running"]
        grace = max(0, record.grace_end_us - self._engine.now) // SECOND
        for one in sorted(running, key=lambda each: each.kind == "sidecar"):
            spec = {} if pod is None else container_spec(pod, one.name)
            self._runtime.stop(record, one, spec, grace, "", after=comes_first(record, one))
        if not running:
            self._engine.schedule(
                self._fleet.draw(self._fleet.timing.cleanup), self.name, "stopped", record.uid, record.turn
            )

    def stopped(self, uid: str, turn: int) -> None:
        """Event: nothing of the pod runs any more, and its volumes and network are taken down."""
        record = self._fleet.pods.get(uid)
        if record is None or record.turn != turn or not self._fleet.is_up(record):
            return
        node = self._fleet.nodes[record.node]
        self._fleet.lose_sandbox(node, record)
        self._volumes.unmount(record)
        self._cause(record, self._fleet.pod(record), "stopped")
        if node.shutdown:
            self._engine.schedule(0, "node-shutdown", "pod_ended", node.name, node.epoch)

    def _report_end(self, record: PodRecord, pod: Obj | None) -> None:
        node = self._fleet.nodes[record.node]
        node.active -= 1
        node.cpu_milli -= record.requests[0]
        node.memory -= record.requests[1]
        self._resizing.freed(node)
        for waiting in node.waiting:
            self._engine.schedule(0, self.name, "resume", *waiting, self._engine.cause)
        node.waiting.clear()
        if record.orphaned or pod is None:
            self._forget(record)
            return
        record.phase = record.phase or final_phase(record)
        self._sync(record, pod)

    def _forget(self, record: PodRecord) -> None:
        node = self._fleet.nodes[record.node]
        node.pods.pop(record.uid, None)
        self._fleet.quiet(record)
        del self._fleet.pods[record.uid]
        if record.static:
            self._forget_static(node, record)

    def _forget_static(self, node: NodeRecord, record: PodRecord) -> None:
        """Its file may hold another pod of the same name, which has waited for this one's end."""
        if record.uid not in node.manifests.values():
            del node.static_pods[record.uid]
        self._mirrors.outlive(node, record)
        self._engine.schedule(0, self.name, "read_manifests", node.name, node.epoch)
