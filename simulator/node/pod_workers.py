"""The pod workers of all kubelets: from a pod's binding to the last report of its end.

A worker is woken by changes of its pod and by its runtime, never by a clock of its own. A sync first reports what is
(`pod_reports`), then does what is missing (`pod_lifecycle`, `pod_sandboxes`, `container_starts`), as `pkg/kubelet/kubelet.go`
SyncPod does; so the status always lags one look behind the containers. Before a worker takes a pod up stands the gate, where a
learner may stop it. Leaves to others: machines and their power (`machines`), processes (`container_runtime`), probes (`prober`).
"""

from simulator.apiserver.errors import ApiUnavailable
from simulator.client import KUBELET, About, Held
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.node import critical_pods
from simulator.node.admission import OUT_OF
from simulator.node.admission_handlers import AdmissionHandlers
from simulator.node.container_logs import ContainerLogs
from simulator.node.container_runtime import ContainerRuntime
from simulator.node.container_starts import ContainerStarts
from simulator.node.eviction import IMMEDIATE_S, is_critical
from simulator.node.fleet import WORKERS, Fleet
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
from simulator.node.pod_status import is_ready_outdated, rejected_status
from simulator.node.records import ContainerRecord, NodeRecord, PodRecord
from simulator.node.resizing import Resizing
from simulator.node.static_pods import StaticPods, mirrored
from simulator.node.timing import SECOND
from simulator.node.volume_manager import VolumeManager

#: How often a kubelet looks for mirrors of pods that have ended (`housekeepingPeriod`).
HOUSEKEEPING_US = 2 * SECOND
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
        self._static = StaticPods(fleet)
        self._handlers = AdmissionHandlers(fleet)
        fleet.engine.register(self)
        fleet.gate.add(KUBELET, self)

    def dump(self) -> Plain:
        return None

    def load(self, state: Plain) -> None:
        """Everything is in the fleet's records."""

    # What the watch tells

    def hear(self, old: Obj | None, new: Obj | None) -> None:
        pod = old if new is None else new
        if pod is None or self._is_nothing_new(old, new):
            return
        node = self._fleet.nodes.get(pod["spec"].get("nodeName", ""))
        if node is None or not node.kubelet:
            return
        if mirrored(pod):
            self._hear_of_mirror(node, pod, is_gone=new is None)
            return
        record = self._fleet.pods.get(pod["metadata"]["uid"])
        if new is None:
            if record is not None:
                self._removed(record)
        elif record is None:
            if not self._is_held(node.name, new):
                self._meet(node, new)
        elif new["metadata"].get("deletionTimestamp"):
            if not self._is_held(node.name, new):
                self._deleted(record, new)
        elif old is not None and record.worker == "syncing":
            if _differs(old, new):
                self._changed(record, old, new)
            elif self._fleet.facts(record, new).has_gates and is_ready_outdated(new):
                self._fleet.wake(record)

    def _is_nothing_new(self, old: Obj | None, new: Obj | None) -> bool:
        """Whether a pod that has a worker differs in its status alone, as it does after each report of the worker itself."""
        if old is None or new is None or old["spec"] is not new["spec"]:
            return False
        metadata = new["metadata"]
        record = self._fleet.pods.get(metadata["uid"])
        if record is None or record.facts is None or record.facts.has_gates:
            return False
        return "deletionTimestamp" not in metadata

    def relist(self, node_name: str, epoch: int) -> None:
        """Event: a kubelet has started and compares the pods bound to it with what it knows."""
        node = self._fleet.nodes[node_name]
        if node.epoch != epoch or not node.kubelet:
            return
        here = self._fleet.cache.on_node(node_name)
        bound = {pod["metadata"]["uid"]: pod for pod in here if not mirrored(pod)}
        for uid in [uid for uid in node.pods if uid not in bound and not self._fleet.pods[uid].static]:
            self._removed(self._fleet.pods[uid])
        self._relist_mirrors(node, {mirrored(pod): pod for pod in here if mirrored(pod)})
        for uid, pod in bound.items():
            record = self._fleet.pods.get(uid)
            if record is None:
                if not self._is_held(node_name, pod):
                    self._meet(node, pod)
                continue
            record.written = None
            for one in record.containers.values():
                if one.exit_reason == "Unknown" and one.state == "exited":
                    one.finished_us = self._engine.now
            if record.worker == "syncing" and pod["metadata"].get("deletionTimestamp"):
                self._deleted(record, pod)
            else:
                self._fleet.wake(record)

    def _meet(self, node: NodeRecord, pod: Obj, *, static: bool = False) -> None:
        """A pod newly bound to this node, or found in a file on it."""
        metadata, spec = pod["metadata"], pod["spec"]
        if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
            if metadata.get("deletionTimestamp"):
                self._reports.delete(node.name, metadata)
            return
        record = PodRecord(
            metadata["uid"], metadata["namespace"], metadata["name"], node.name, {}, started_us=self._engine.now
        )
        facts = self._fleet.facts(record, pod)
        record.containers = {name: ContainerRecord(name, kind) for name, kind in facts.kinds}
        record.static = static
        record.requests = facts.wants.requests
        rejection = self._handlers.rejection(node, record, pod)
        if rejection is not None and rejection.reason.startswith(OUT_OF) and is_critical(pod):
            rejection = self._handlers.make_room(node, record, pod)
            if rejection is None:
                return
        self._fleet.pods[record.uid] = record
        node.pods[record.uid] = None
        if rejection is not None:
            record.requests = (0, 0)
            record.worker = TRANSITIONS[record.worker, "rejected"][0]
            self._fleet.event(record, "Warning", rejection.reason, rejection.message)
            self._reports.report(
                record,
                pod,
                rejected_status(pod, rejection.reason, rejection.message, self._engine.timestamp(record.started_us)),
            )
            return
        node.active += 1
        node.cpu_milli += record.requests[0]
        node.memory += record.requests[1]
        if metadata.get("deletionTimestamp"):
            self._deleted(record, pod)
            return
        deadline = spec.get("activeDeadlineSeconds")
        if deadline:
            self._engine.schedule(int(deadline) * SECOND, self.name, "deadline", record.uid)
        self._sync(record, pod)

    def preempt(self, uid: str) -> None:
        """Event: a pod ends so that a critical one has room."""
        record = self._fleet.pods.get(uid)
        pod = self._fleet.pod(record) if record is not None else None
        if record is None or pod is None or record.worker != "syncing" or not self._fleet.is_up(record):
            return
        record.phase, record.reason, record.message = "Failed", critical_pods.REASON, critical_pods.MESSAGE
        record.disrupted = critical_pods.DISRUPTED
        self._fleet.event(record, "Warning", critical_pods.REASON, critical_pods.MESSAGE)
        self._cause(record, pod, "deadline")

    def _changed(self, record: PodRecord, old: Obj, new: Obj) -> None:
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

    # Static pods

    def read_manifests(self, node_name: str, epoch: int) -> None:
        """Event: the kubelet has started, or something in its directory of manifests has changed."""
        node = self._fleet.nodes[node_name]
        if node.epoch != epoch or not node.kubelet:
            return
        wanted = self._static.wanted(node)
        taken = {}
        for record in [self._fleet.pods[uid] for uid in node.pods if self._fleet.pods[uid].static]:
            taken[record.namespace, record.name] = record.uid
            if record.uid in wanted:
                self._fleet.wake(record)
            elif not record.orphaned:
                record.orphaned = True
                self._cause(record, self._fleet.pod(record), "removed")
        for pod in wanted.values():
            if (pod["metadata"]["namespace"], pod["metadata"]["name"]) not in taken and not self._is_held(
                node_name, pod
            ):
                self._meet(node, pod, static=True)

    def _hear_of_mirror(self, node: NodeRecord, mirror: Obj, *, is_gone: bool) -> None:
        """Deleting a mirror pod changes nothing but the mirror, which is made again."""
        record = self._fleet.pods.get(mirrored(mirror))
        if is_gone:
            if record is not None and record.mirror == mirror["metadata"]["uid"]:
                record.mirror, record.written = "", None
                self._fleet.notice(record)
        elif record is None or mirror["metadata"].get("deletionTimestamp"):
            self._static.delete(node.name, mirror)

    def _relist_mirrors(self, node: NodeRecord, mirrors: dict[str, Obj]) -> None:
        for record in [self._fleet.pods[uid] for uid in node.pods if self._fleet.pods[uid].static]:
            mirror = mirrors.pop(record.uid, None)
            record.mirror = "" if mirror is None else mirror["metadata"]["uid"]
            record.written = None
            self._fleet.wake(record)
        for mirror in mirrors.values():
            self._static.delete(node.name, mirror)

    def sweep_mirror(self, node: str, namespace: str, name: str, uid: str) -> None:
        """Event: the kubelet's housekeeping takes away the mirror of a static pod that has ended."""
        try:
            mirror = self._fleet.find(node, "pods", namespace, name)
        except ApiUnavailable:
            mirror = None
            self._engine.schedule(STATUS_RETRY_US, self.name, "sweep_mirror", node, namespace, name, uid)
        if mirror is not None and mirrored(mirror) == uid:
            self._static.delete(node, mirror)

    def _forget_static(self, node: NodeRecord, record: PodRecord) -> None:
        """Its file may hold another pod of the same name, which has waited for this one's end."""
        if record.uid not in node.manifests.values():
            del node.static_pods[record.uid]
        delay = HOUSEKEEPING_US - self._engine.now % HOUSEKEEPING_US if self._fleet.timing.relist_us else 0
        self._engine.schedule(delay, self.name, "sweep_mirror", node.name, record.namespace, record.name, record.uid)
        self._engine.schedule(0, self.name, "read_manifests", node.name, node.epoch)

    # The gate

    def _is_held(self, node: str, pod: Obj) -> bool:
        gate, metadata = self._fleet.gate, pod["metadata"]
        if not gate.watches:
            return False
        about = About("pods", metadata["namespace"], metadata["name"])
        return gate.stops(f"{KUBELET}/{node}", metadata["uid"], about, self._engine.cause)

    def go_on(self, held: Held) -> None:
        self._engine.schedule(0, self.name, "resume", held.key, held.about.namespace, held.about.name, held.cause)

    def turned_on(self) -> None:
        """A kubelet that is off is a process that does not run: `Machines` starts it."""

    def resume(self, uid: str, namespace: str, name: str, cause: int) -> None:
        """Event: a pod that was held may be looked at, once."""
        pod = self._fleet.cache.get("pods", namespace, name)
        pod = next((one.static_pods[uid] for one in self._fleet.nodes.values() if uid in one.static_pods), pod)
        node = self._fleet.nodes.get(pod["spec"].get("nodeName", "")) if pod is not None else None
        if pod is None or node is None or pod["metadata"]["uid"] != uid or not node.kubelet:
            return
        self._engine.cause = cause
        if self._is_held(node.name, pod):
            return
        record = self._fleet.pods.get(uid)
        if record is None:
            self._meet(node, pod, static=uid in node.static_pods)
        elif pod["metadata"].get("deletionTimestamp") and record.worker == "syncing":
            self._deleted(record, pod)
        else:
            self._look(record, pod)

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
        if pod is None or not self._is_held(record.node, pod):
            self._look(record, pod)

    def _look(self, record: PodRecord, pod: Obj | None) -> None:
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
        if record.static and not self._static.mirror(record, pod):
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

    def deadline(self, uid: str) -> None:
        """Event: activeDeadlineSeconds has passed."""
        record = self._fleet.pods.get(uid)
        pod = self._fleet.pod(record) if record is not None else None
        if record is None or pod is None or record.worker != "syncing" or not self._fleet.is_up(record):
            return
        allowed = pod["spec"].get("activeDeadlineSeconds")
        if not allowed or self._engine.now < record.started_us + int(allowed) * SECOND:
            return
        record.phase, record.reason, record.message = "Failed", "DeadlineExceeded", _DEADLINE
        self._fleet.event(record, "Normal", "DeadlineExceeded", _DEADLINE)
        self._reports.write_status(record, pod)
        self._cause(record, pod, "deadline")

    def evict(self, uid: str, message: str, grace_s: int) -> None:
        """Event: the eviction manager ends a pod, at once and for good."""
        record = self._fleet.pods.get(uid)
        pod = self._fleet.pod(record) if record is not None else None
        if record is None or pod is None or record.worker != "syncing" or not self._fleet.is_up(record):
            return
        record.phase, record.reason, record.message = "Failed", "Evicted", message
        record.disrupted, record.grace_s = message, grace_s
        self._fleet.event(record, "Warning", "Evicted", message)
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

    # The end of a pod

    def _deleted(self, record: PodRecord, pod: Obj) -> None:
        if record.worker == "terminating":
            end = self._engine.now + int(pod["metadata"].get("deletionGracePeriodSeconds") or 0) * SECOND
            if end < record.grace_end_us:
                record.grace_end_us = end
                self._cause(record, pod, "shortened")
        else:
            self._cause(record, pod, "deleted")

    def _removed(self, record: PodRecord) -> None:
        """The object is gone from the API, whether or not the containers are."""
        record.orphaned = True
        record.grace_end_us = self._engine.now
        self._cause(record, None, "removed")

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

    def evict_for_storage(self, uid: str) -> None:
        """Event: the eviction manager looks at what a pod has stored (`localStorageEviction`)."""
        record = self._fleet.pods.get(uid)
        pod = self._fleet.pod(record) if record is not None else None
        if record is None or pod is None or record.worker != "syncing" or not self._fleet.is_up(record):
            return
        message = self._volumes.local.excess(record, pod)
        if not message:
            return
        record.phase, record.reason, record.message = "Failed", "Evicted", message
        record.grace_s = IMMEDIATE_S
        self._fleet.event(record, "Warning", "Evicted", message)
        self._reports.write_status(record, pod)
        self._cause(record, pod, "deadline")

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


def _differs(old: Obj, new: Obj) -> bool:
    """Whether a pod is meant to be another. Identity answers at once where objects share their parts."""
    return old["spec"] is not new["spec"] and bool(old["spec"] != new["spec"])
