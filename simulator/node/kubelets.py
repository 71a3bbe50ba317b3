"""All kubelets of the cluster in one component: the pod workers, and the face that faults, logs and pictures use.

A pod's worker is woken by changes of its pod and by its runtime, never by a clock of its own. A sync first reports what is
(`pod_status`), then does what is missing (`pod_lifecycle`, `container_starts`), as `pkg/kubelet/kubelet.go` SyncPod does; so the
status always lags one look behind the containers. Leaves to others: machines and their power (`machines`), processes
(`container_runtime`), probes (`prober`).
"""

from collections.abc import Mapping
from typing import Protocol

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.apiserver.registry import Registry
from simulator.client import Client, Process
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.node.addresses import next_free, node_address, node_cidr
from simulator.node import admission
from simulator.node.container_logs import ContainerLogs
from simulator.node.container_runtime import ContainerRuntime
from simulator.node.container_starts import ContainerStarts
from simulator.node.environment import missing_volume
from simulator.node.fleet import KUBELETS, Fleet, Network
from simulator.node.image_pulls import ImagePulls
from simulator.node.machines import Machines
from simulator.node.node_status import NodeSpec, allocatable
from simulator.node.pod_lifecycle import TRANSITIONS, container_kind, container_spec, next_steps, phase
from simulator.node.pod_status import pod_status, rejected_status, terminated
from simulator.node.pod_servers import PodServers
from simulator.node.prober import Prober
from simulator.node.records import ContainerRecord, NodeRecord, PodRecord, dump_node, dump_pod, load_node, load_pod
from simulator.node.timing import MOUNT_RETRY_FIRST_US, MOUNT_RETRY_MAX_US, SECOND
from simulator.workloads.image_catalog import catalog

#: A status that could not be written is tried again (status manager's sync period).
_STATUS_RETRY_US = 10 * SECOND
_NETWORK_RETRY_US = SECOND
_NO_NETWORK = (
    "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)
_DEADLINE = "Pod was active on the node longer than the specified deadline"
_LAST_WORDS = 80


class NodeConfig(Protocol):
    """One machine in the cluster's configuration."""

    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def cpu(self) -> str: ...
    @property
    def memory(self) -> str: ...
    @property
    def pods(self) -> int: ...
    @property
    def zone(self) -> str: ...
    @property
    def labels(self) -> dict[str, str]: ...
    @property
    def taints(self) -> tuple[dict[str, str], ...]: ...


class ClusterConfig(Protocol):
    @property
    def pod_subnet(self) -> str: ...
    @property
    def allow_unknown_images(self) -> bool: ...


class Kubelets:
    name = KUBELETS
    watches: Mapping[str, str] = {"pods": "on_pod"}

    def __init__(self, process: Process, registry: Registry, config: ClusterConfig) -> None:
        self._config = config
        self._fleet = fleet = Fleet(process, Client(registry, "kubelet"), catalog().allowing_generic(config.allow_unknown_images))
        self._engine = fleet.engine
        self._runtime = ContainerRuntime(fleet)
        self._prober = Prober(fleet, self._runtime)
        self._starts = ContainerStarts(fleet, self._runtime, ImagePulls(fleet), self._prober)
        self._machines = Machines(fleet, self._runtime, registry)
        self._logs = ContainerLogs(fleet)
        self.servers = PodServers(fleet, self._runtime)
        """The sockets of the cluster by address, for the network's data path."""
        fleet.engine.register(self)
        process.add(self)

    # Machines

    def join(self, node: NodeConfig, index: int) -> None:
        """A new machine; `index` is its number in the cluster, from which its addresses follow."""
        labels = dict(node.labels)
        taints = node.taints
        if node.zone:
            labels.update({"topology.kubernetes.io/zone": node.zone, "topology.kubernetes.io/region": node.zone.rsplit("-", 1)[0]})
        if node.role == "control-plane":
            labels.update({"node-role.kubernetes.io/control-plane": "", "node.kubernetes.io/exclude-from-external-load-balancers": ""})
            taints = ({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}, *taints)
        spec = NodeSpec(
            name=node.name,
            address=node_address(index),
            pod_cidr=node_cidr(self._config.pod_subnet, index),
            cpu=node.cpu,
            memory=node.memory,
            pods=node.pods,
            labels=labels,
            taints=taints,
            images=_SYSTEM_IMAGES,
            provider_id=f"kind://docker/kind/{node.name}",
        )
        self._machines.join(spec)

    def nodes(self) -> list[str]:
        return list(self._fleet.nodes)

    def address(self, node: str) -> str:
        return str(self._fleet.nodes[node].spec["address"])

    def is_powered(self, node: str) -> bool:
        return self._fleet.nodes[node].powered

    def is_kubelet_running(self, node: str) -> bool:
        return self._fleet.nodes[node].kubelet

    def power_off(self, node: str) -> None:
        self._machines.power_off(node)

    def power_on(self, node: str) -> None:
        self._machines.power_on(node)

    def stop_kubelet(self, node: str) -> None:
        self._machines.stop_kubelet(node)

    def start_kubelet(self, node: str) -> None:
        self._machines.start_kubelet(node)

    # Containers

    @property
    def fleet(self) -> Fleet:
        """The records, for the network's data path; read only."""
        return self._fleet

    def connect(self, network: Network) -> None:
        """What programs in containers ask their questions."""
        self._fleet.network = network

    def first_container(self, namespace: str, pod: str) -> str:
        """The name of a pod's first container; "" when there is no such pod on any node."""
        record = self._find(namespace, pod)
        return "" if record is None else next((one.name for one in record.containers.values() if one.kind == "app"), "")

    def is_running(self, namespace: str, pod: str, container: str) -> bool:
        record = self._find(namespace, pod)
        one = record.containers.get(container) if record is not None else None
        return one is not None and one.state == "running"

    def kill_process(self, namespace: str, pod: str, container: str) -> None:
        """SIGKILL to the container's first process, as the kernel or a person would send it."""
        record = self._find(namespace, pod)
        if record is not None and container in record.containers:
            self._runtime.kill(record, record.containers[container])
            self._prober.disturb(record)

    def logs(self, pod: Obj, container: str, query: Mapping[str, str]) -> str:
        """What `GET …/log` answers. Raises StatusError."""
        return self._logs.read(pod, container, query)

    def usage(self, namespace: str, pod: str) -> tuple[int, int]:
        """(milli-CPU, bytes) that a pod's running containers use now."""
        record = self._find(namespace, pod)
        running = [] if record is None else [self._fleet.plan(one.run) for one in record.containers.values() if one.state == "running" and one.run]
        return sum(plan.cpu_milli for plan in running), sum(plan.memory for plan in running)

    def _find(self, namespace: str, name: str) -> PodRecord | None:
        pod = self._fleet.cache.get("pods", namespace, name)
        return None if pod is None else self._fleet.pods.get(pod["metadata"]["uid"])

    # What the watch tells

    def on_start(self) -> None:
        """The process `kubelet` stands for all kubelets; a single one is stopped through its machine."""

    def on_stop(self) -> None:
        """See `on_start`."""

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        pod = old if new is None else new
        if pod is None:
            return
        node = self._fleet.nodes.get(pod["spec"].get("nodeName", ""))
        if node is None or not node.kubelet:
            return
        record = self._fleet.pods.get(pod["metadata"]["uid"])
        if new is None:
            if record is not None:
                self._removed(record)
        elif record is None:
            self._meet(node, new)
        elif new["metadata"].get("deletionTimestamp"):
            self._deleted(record, new)
        elif old is not None and old["spec"] is not new["spec"] and record.worker == "syncing":
            self._changed(record, old, new)

    def relist(self, node_name: str, epoch: int) -> None:
        """Event: a kubelet has started and compares the pods bound to it with what it knows."""
        node = self._fleet.nodes[node_name]
        if node.epoch != epoch or not node.kubelet:
            return
        bound = {pod["metadata"]["uid"]: pod for pod in self._fleet.cache.on_node(node_name)}
        for uid in [uid for uid in node.pods if uid not in bound]:
            self._removed(self._fleet.pods[uid])
        for uid, pod in bound.items():
            record = self._fleet.pods.get(uid)
            if record is None:
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

    def _meet(self, node: NodeRecord, pod: Obj) -> None:
        """A pod newly bound to this node."""
        metadata, spec = pod["metadata"], pod["spec"]
        if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
            if metadata.get("deletionTimestamp"):
                self._delete(node.name, metadata)
            return
        containers = {one["name"]: ContainerRecord(one["name"], container_kind(one, True)) for one in spec.get("initContainers") or ()}
        containers.update((one["name"], ContainerRecord(one["name"], "app")) for one in spec["containers"])
        record = PodRecord(metadata["uid"], metadata["namespace"], metadata["name"], node.name, containers, started_us=self._engine.now)
        record.requests = admission.requests_of(spec)
        rejection = admission.check(node, record.requests, allocatable=allocatable(node.spec))
        self._fleet.pods[record.uid] = record
        node.pods[record.uid] = None
        if rejection is not None:
            record.requests = (0, 0)
            record.worker = TRANSITIONS[record.worker, "rejected"][0]
            self._fleet.event(record, "Warning", rejection.reason, rejection.message)
            self._report(record, pod, rejected_status(pod, rejection.reason, rejection.message, self._engine.timestamp(record.started_us)))
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

    def _changed(self, record: PodRecord, old: Obj, new: Obj) -> None:
        """A running pod may change its images (and little else): the container is replaced."""
        for spec in new["spec"]["containers"]:
            one = record.containers[spec["name"]]
            before = container_spec(old, one.name)
            if before is not spec and before["image"] != spec["image"]:
                one.pull_backoff_us = 0
                if one.state == "running":
                    self._runtime.stop(record, one, before, _grace_s(new), f"Container {one.name} definition changed, will be restarted")
        deadline = new["spec"].get("activeDeadlineSeconds")
        if deadline and deadline != old["spec"].get("activeDeadlineSeconds"):
            self._engine.schedule(max(0, record.started_us + int(deadline) * SECOND - self._engine.now), self.name, "deadline", record.uid)
        self._fleet.wake(record)

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
        if record.worker == "terminating":
            self._go_on_stopping(record, pod)
        elif pod is not None:
            self._sync(record, pod)

    def _sync(self, record: PodRecord, pod: Obj) -> None:
        """Report, then act. A worker that is busy starting containers looks again when it has done so."""
        if record.busy:
            record.again = True
            return
        self._leave_messages(record, pod)
        self._write_status(record, pod)
        if record.worker == "syncing":
            self._act(record, pod)
        elif record.worker == "terminated" and pod["metadata"].get("deletionTimestamp"):
            self._delete(record.node, pod["metadata"])

    def _act(self, record: PodRecord, pod: Obj) -> None:
        policy = pod["spec"].get("restartPolicy") or "Always"
        todo = next_steps(record, policy)
        if todo.finished:
            record.phase = phase(record, policy)
            self._cause(record, pod, "finished")
            return
        if not todo.start:
            return
        if not record.sandbox:
            self._make_sandbox(record, pod)
            return
        record.busy, record.failed_now, record.again = True, False, False
        record.queue = list(todo.start)
        self._advance(record, self._starts.go_on(record, pod))

    def _make_sandbox(self, record: PodRecord, pod: Obj) -> None:
        if not self._fleet.nodes[record.node].ready and not pod["spec"].get("hostNetwork"):
            self._fleet.event(record, "Warning", "NetworkNotReady", _NO_NETWORK)
            self._fleet.wake(record, _NETWORK_RETRY_US)
            return
        if not self._mount(record, pod):
            return
        if record.attempt:
            self._fleet.event(record, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
            for one in record.containers.values():
                if one.kind != "app" and one.state == "exited":
                    one.state, one.last = "new", terminated(one, self._engine.timestamp)
        record.busy = True
        self._engine.schedule(self._fleet.draw(self._fleet.timing.sandbox), self.name, "sandbox_ready", record.uid, record.turn)

    def _mount(self, record: PodRecord, pod: Obj) -> bool:
        """Volumes come before the sandbox; a ConfigMap that does not exist holds the whole pod."""
        if self._engine.now < record.mount_next_us:
            self._fleet.wake(record, record.mount_next_us - self._engine.now)
            return False
        try:
            problem = missing_volume(pod, lambda resource, namespace, name: self._fleet.find(record.node, resource, namespace, name))
        except ApiUnavailable:
            self._fleet.wake(record, self._fleet.retry_us())
            return False
        if problem is None:
            return True
        self._fleet.event(record, "Warning", "FailedMount", problem)
        record.mount_retry_us = min(record.mount_retry_us * 2, MOUNT_RETRY_MAX_US) if record.mount_retry_us else MOUNT_RETRY_FIRST_US
        record.mount_next_us = self._engine.now + record.mount_retry_us
        self._fleet.wake(record, record.mount_retry_us)
        return False

    def sandbox_ready(self, uid: str, turn: int) -> None:
        """Event: the pause container runs, and the pod has its address."""
        record, pod = self._in_turn(uid, turn)
        if record is None or pod is None:
            return
        node = self._fleet.nodes[record.node]
        record.sandbox = True
        record.attempt += 1
        if pod["spec"].get("hostNetwork"):
            record.ip = node.spec["address"]
        else:
            node.last_address, record.ip = next_free(node.spec["pod_cidr"], node.last_address, node.addresses)
            self._fleet.take_address(node, record)
        record.busy = False
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
        self._write_status(record, pod)
        self._cause(record, pod, "deadline")

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
                    self._runtime.hurry(record, one, 0 if pod is None else int(pod["metadata"].get("deletionGracePeriodSeconds") or 0))
            case "report":
                self._report_end(record, pod)
            case "delete" if pod is not None:
                self._delete(record.node, pod["metadata"])
            case "forget":
                self._forget(record)

    def _stop(self, record: PodRecord, pod: Obj | None) -> None:
        grace = 0 if pod is None or record.orphaned else _grace_s(pod)
        record.grace_end_us = self._engine.now + grace * SECOND
        self._fleet.quiet(record)
        self._go_on_stopping(record, pod)

    def _go_on_stopping(self, record: PodRecord, pod: Obj | None) -> None:
        """Sidecars outlive the others: they are asked to stop when the rest has ended."""
        record.turn += 1
        record.busy = False
        record.queue.clear()
        running = [one for one in record.containers.values() if one.state == "running"]
        grace = max(0, record.grace_end_us - self._engine.now) // SECOND
        for one in [one for one in running if one.kind != "sidecar"] or running:
            self._runtime.stop(record, one, {} if pod is None else container_spec(pod, one.name), grace, "")
        if not running:
            self._engine.schedule(self._fleet.draw(self._fleet.timing.cleanup), self.name, "stopped", record.uid, record.turn)

    def stopped(self, uid: str, turn: int) -> None:
        """Event: nothing of the pod runs any more, and its volumes and network are taken down."""
        record = self._fleet.pods.get(uid)
        if record is None or record.turn != turn or not self._fleet.is_up(record):
            return
        node = self._fleet.nodes[record.node]
        self._fleet.lose_sandbox(node, record)
        self._cause(record, self._fleet.pod(record), "stopped")

    def _report_end(self, record: PodRecord, pod: Obj | None) -> None:
        node = self._fleet.nodes[record.node]
        node.active -= 1
        node.cpu_milli -= record.requests[0]
        node.memory -= record.requests[1]
        if record.orphaned or pod is None:
            self._forget(record)
            return
        if not record.phase:
            apps = [one for one in record.containers.values() if one.kind == "app"]
            record.phase = "Succeeded" if all(one.state == "exited" and one.exit_code == 0 for one in apps) else "Failed"
        self._sync(record, pod)

    def _delete(self, node: str, metadata: Obj) -> None:
        """The last act: the object goes when everything of the pod is gone (grace period 0)."""
        try:
            self._fleet.client(node).delete("pods", metadata["namespace"], metadata["name"], grace_s=0, uid=metadata["uid"])
        except StatusError:
            return
        except ApiUnavailable:
            record = self._fleet.pods.get(metadata["uid"])
            if record is not None:
                self._fleet.wake(record, _STATUS_RETRY_US)

    def _forget(self, record: PodRecord) -> None:
        node = self._fleet.nodes[record.node]
        node.pods.pop(record.uid, None)
        self._fleet.quiet(record)
        del self._fleet.pods[record.uid]

    # Status

    def _leave_messages(self, record: PodRecord, pod: Obj) -> None:
        """What containers that have just ended said last."""
        for one in record.containers.values():
            if one.state == "exited" and not one.message and one.exit_reason != "Unknown" and one.run is not None:
                words = [line.text for line in self._logs.lines(record, one.run, limit=_LAST_WORDS)]
                one.message = self._runtime.termination_message(one, container_spec(pod, one.name), words)

    def _write_status(self, record: PodRecord, pod: Obj) -> None:
        if record.orphaned or record.reason.startswith("OutOf"):
            return
        host_ip = self._fleet.nodes[record.node].spec["address"]
        status = pod_status(pod, record, host_ip=host_ip, timestamp=self._engine.timestamp)
        self._report(record, pod, status)

    def _report(self, record: PodRecord, pod: Obj, status: Obj) -> None:
        if status == record.written:
            return
        patch = {**dict.fromkeys(key for key in ("podIP", "podIPs", "reason", "message") if key not in status), **status}
        try:
            self._fleet.client(record.node).patch("pods", record.namespace, record.name, {"status": patch}, subresource="status")
        except StatusError:
            return
        except ApiUnavailable:
            self._fleet.wake(record, _STATUS_RETRY_US)
            return
        record.written = status

    # State

    def dump(self) -> Plain:
        return {
            "nodes": [dump_node(node) for node in self._fleet.nodes.values()],
            "pods": [dump_pod(record) for record in self._fleet.pods.values()],
        }

    def load(self, state: Plain) -> None:
        self._fleet.nodes = {node["name"]: load_node(node) for node in state["nodes"]}
        self._fleet.pods = {pod["uid"]: load_pod(pod) for pod in state["pods"]}
        self._fleet.index_addresses()


#: kind's node image brings these along.
_SYSTEM_IMAGES = (
    "registry.k8s.io/pause:3.10",
    "registry.k8s.io/kube-apiserver:v1.33.1",
    "registry.k8s.io/kube-controller-manager:v1.33.1",
    "registry.k8s.io/kube-scheduler:v1.33.1",
    "registry.k8s.io/kube-proxy:v1.33.1",
    "registry.k8s.io/etcd:3.5.21-0",
    "registry.k8s.io/coredns/coredns:v1.12.0",
    "docker.io/kindest/kindnetd:v20250512-df8de77b",
    "docker.io/kindest/local-path-provisioner:v20250214-acbabc1a",
)


def _grace_s(pod: Obj) -> int:
    """Seconds between SIGTERM and SIGKILL: the deletion's, or the pod's own."""
    given = pod["metadata"].get("deletionGracePeriodSeconds")
    if given is None:
        given = pod["spec"].get("terminationGracePeriodSeconds")
    return 30 if given is None else int(given)
