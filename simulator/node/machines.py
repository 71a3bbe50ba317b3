"""The machines: they join, lose power and come back; their kubelets register, report and fall silent.

Follows `pkg/kubelet/kubelet_node_status.go`. Promises: a healthy idle machine plans nothing and writes nothing; a Node's
status is written only when something about the machine has changed.
"""

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.apiserver.registry import Registry
from simulator.client import Client
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.node import kubelet_configuration
from simulator.node.admission import requests_of
from simulator.node.container_runtime import ContainerRuntime
from simulator.node.fleet import WORKERS, Fleet
from simulator.node.kubelet_configuration import KubeletConfigurationError
from simulator.node.node_status import NodeSpec, boot_id, node_object, node_status
from simulator.node.records import NodeRecord, PodRecord
from simulator.node.timing import SECOND
from simulator.node.volume_manager import VolumeManager
from simulator.workloads.image_catalog import Image
from simulator.workloads.images import parse

#: A kubelet that cannot register or report tries again after this long.
_RETRY_US = 10 * SECOND
#: What a kubelet says of its node whenever it starts (`BirthCry`, `enforceNodeAllocatableCgroups`, `initialNode`), before it knows of any pressure.
_FIRST_WORDS = (
    ("Starting", "Starting kubelet."),
    ("NodeAllocatableEnforced", "Updated Node Allocatable limit across pods"),
    *(
        (state, f"Node {{node}} status is now: {state}")
        for state in ("NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID")
    ),
)
#: `RestartSec` of the kubelet's unit.
_RESTART_US = 10 * SECOND


class Machines:
    name = "machines"

    def __init__(self, fleet: Fleet, runtime: ContainerRuntime, registry: Registry, volumes: VolumeManager) -> None:
        self._volumes = volumes
        self._fleet = fleet
        self._engine = fleet.engine
        self._runtime = runtime
        self._registry = registry
        fleet.engine.register(self)

    def dump(self) -> Plain:
        return None

    def load(self, state: Plain) -> None:
        """Everything is in the node records."""

    def join(self, spec: NodeSpec, *, boots: bool = False) -> None:
        """A new machine with power; its kubelet registers at once, or when the machine has booted."""
        node = NodeRecord(spec.name, spec.plain(), powered=True, cni=spec.cni)
        for image in spec.images:
            found = self._fleet.catalog.pull(parse(image))
            if isinstance(found, Image):
                node.images[found.name.full] = found.size
        self._fleet.nodes[spec.name] = node
        self._fleet.machines[node.spec["address"]] = node.name
        if boots:
            self._engine.schedule(self._fleet.draw(self._fleet.timing.boot), self.name, "booted", spec.name, node.epoch)
        else:
            self.start_kubelet(spec.name)

    def power_off(self, name: str) -> None:
        """Everything on the machine is dead at once, and nobody reports it."""
        node = self._fleet.nodes[name]
        self._silence(node)
        self._drop_plans(node)
        node.powered = node.ready = False
        node.shutdown = ""
        node.shutdown_groups.clear()
        for uid in node.pods:
            record = self._fleet.pods[uid]
            self._fleet.lose_sandbox(node, record)
            self._volumes.power_lost(record, self._fleet.pod(record))
            for one in record.containers.values():
                self._runtime.lose(one)
            self._forget_the_end(node, record)
        for listener in self._fleet.listeners:
            listener.machine_lost(name)

    def _forget_the_end(self, node: NodeRecord, record: PodRecord) -> None:
        """The kubelet that comes next has no memory: what it finds in a file, or bound and not said to be over, shall run."""
        pod = self._fleet.pod(record)
        if record.orphaned or pod is None or record.worker == "syncing":
            return
        if not record.static and (record.worker == "terminated" or pod["metadata"].get("deletionTimestamp")):
            return
        was_over, record.worker, record.grace_s = record.worker == "terminated", "syncing", None
        record.phase = record.reason = record.message = record.disrupted = ""
        if not was_over:
            return
        record.requests = requests_of(pod["spec"])
        node.active += 1
        node.cpu_milli += record.requests[0]
        node.memory += record.requests[1]

    def power_on(self, name: str) -> None:
        node = self._fleet.nodes[name]
        node.powered = True
        node.epoch += 1
        node.boots += 1
        self._engine.schedule(self._fleet.draw(self._fleet.timing.boot), self.name, "booted", name, node.epoch)

    def booted(self, name: str, epoch: int) -> None:
        """Event: the operating system is up and starts its kubelet."""
        if self._fleet.nodes[name].epoch == epoch:
            self.start_kubelet(name)

    def stop_kubelet(self, name: str) -> None:
        """The kubelet's process dies; containers run on, unwatched."""
        node = self._fleet.nodes[name]
        self._silence(node)
        self._drop_plans(node)
        if node.shutdown:  # the lock that held the machine up is gone with the process
            self._engine.schedule(0, "node-shutdown", "over", name)

    def reset(self, name: str) -> None:
        """kubeadm takes back what made the machine a node: its kubelet, its pods and its manifests are gone, the machine stays on."""
        node = self._fleet.nodes[name]
        self._silence(node)
        self._drop_plans(node)
        for record in [self._fleet.pods[uid] for uid in node.pods]:
            pod = self._fleet.pod(record)
            self._fleet.lose_sandbox(node, record)
            self._volumes.power_lost(record, pod)
            for one in record.containers.values():
                self._runtime.lose(one)
            del self._fleet.pods[record.uid]
        node.pods.clear()
        node.manifests.clear()
        node.static_pods.clear()
        node.active = node.cpu_milli = node.memory = 0
        node.bootstrapped = node.ready = False
        node.config, node.configured = {}, {}
        for listener in self._fleet.listeners:
            listener.machine_lost(name)

    def _drop_plans(self, node: NodeRecord) -> None:
        """What the kubelet was about to do is void: pulls, starts, planned looks."""
        node.epoch += 1
        node.pulls.clear()
        node.status_due = False
        node.broken = ""
        for uid in node.pods:
            record = self._fleet.pods[uid]
            record.turn += 1
            record.busy = False
            record.queue.clear()
            self._fleet.quiet(record)

    def _silence(self, node: NodeRecord) -> None:
        if node.kubelet:
            node.kubelet = False
            self._registry.leases.cease(node.name)

    def start_kubelet(self, name: str) -> None:
        node = self._fleet.nodes[name]
        if not node.powered or node.kubelet or not node.bootstrapped:
            return
        node.broken = str(node.configured.get("error", ""))
        if node.broken:
            return
        node.config = node.configured
        node.kubelet = True
        if node.pressure:
            self._forget_pressure(node)
        self.register(name, node.epoch)
        if node.manifests:
            self._engine.schedule(0, WORKERS, "read_manifests", name, node.epoch)

    def _forget_pressure(self, node: NodeRecord) -> None:
        """An eviction manager that starts knows nothing, and looks on its first beat."""
        node.pressure, node.short_since, node.thresholds_met, node.eviction_due = {}, {}, [], False
        self._runtime.used(node.name, None)

    def configure(self, node: NodeRecord, text: str | None) -> None:
        """The kubelet's file has changed. It is read at the next start, of which systemd makes one every ten seconds after a failure."""
        try:
            node.configured = kubelet_configuration.read(text)
        except KubeletConfigurationError as error:
            node.configured = {"error": str(error)}
        if node.broken:
            wait = _RESTART_US - self._engine.now % _RESTART_US
            self._engine.schedule(wait, self.name, "start_again", node.name, node.epoch)

    def start_again(self, name: str, epoch: int) -> None:
        """Event: systemd starts a kubelet that has failed."""
        node = self._fleet.nodes[name]
        if node.epoch == epoch and node.broken:
            self.start_kubelet(name)

    # Registering and reporting

    def register(self, name: str, epoch: int) -> None:
        """Event: the kubelet introduces itself, or finds its Node from before; repeated until the API server answers."""
        node = self._fleet.nodes[name]
        if node.epoch != epoch or not node.kubelet:
            return
        client = self._fleet.client(name)
        try:
            known = self._known(client, node)
            rebooted = known is not None and (known.get("status") or {}).get("nodeInfo", {}).get("bootID") not in (
                None,
                boot_id(node),
            )
            if known is None or rebooted:
                node.ready = False
            fresh = known or client.create(
                "nodes", {**node_object(node.spec), "status": node_status(node, self._engine.timestamp(), [])}
            )
            node.uid = fresh["metadata"]["uid"]
            self._registry.leases.begin(name)
            self._volumes.driver.register(node)
            for reason, message in _FIRST_WORDS:
                self._say(client, fresh, "Normal", reason, message.format(node=name))
            if rebooted:
                self._say(
                    client, fresh, "Warning", "Rebooted", f"Node {name} has been rebooted, boot id: {boot_id(node)}"
                )
            self._write_status(client, node, fresh)
        except (StatusError, ApiUnavailable):
            self._engine.schedule(_RETRY_US, self.name, "register", name, epoch)
            return
        self._engine.schedule(0, WORKERS, "relist", name, epoch)
        if not node.ready:
            self._engine.schedule(
                self._fleet.draw(self._fleet.timing.network_ready), self.name, "network_up", name, epoch
            )

    def _known(self, client: Client, node: NodeRecord) -> Obj | None:
        try:
            return client.get("nodes", "", node.name)
        except StatusError as error:
            if error.code == 404:
                return None
            raise

    def network_up(self, name: str, epoch: int) -> None:
        """Event: the runtime has found the CNI plugin's configuration, so the node is ready."""
        node = self._fleet.nodes[name]
        if node.epoch == epoch and node.kubelet and node.cni and not node.ready:
            node.ready = True
            self.report(name, epoch)

    def network_down(self, name: str, epoch: int) -> None:
        """Event: the kubelet asks its runtime, which has no network plugin any more."""
        node = self._fleet.nodes[name]
        if node.epoch == epoch and node.kubelet and not node.cni and node.ready:
            node.ready = False
            self.report(name, epoch)

    def set_network(self, name: str, plugin: str) -> None:
        """A plugin's configuration appears in /etc/cni/net.d, or goes ("")."""
        node = self._fleet.nodes[name]
        node.cni = plugin
        if node.powered and node.kubelet and node.ready is not bool(plugin):
            delay = self._fleet.draw(self._fleet.timing.network_ready)
            self._engine.schedule(delay, self.name, "network_up" if plugin else "network_down", name, node.epoch)

    def report(self, name: str, epoch: int) -> None:
        """Event: the node's status has changed and is written."""
        node = self._fleet.nodes[name]
        if node.epoch != epoch or not node.kubelet:
            return
        node.status_due = False
        client = self._fleet.client(name)
        try:
            known = self._known(client, node)
            if known is not None:
                self._write_status(client, node, known)
        except (StatusError, ApiUnavailable):
            self._engine.schedule(_RETRY_US, self.name, "report", name, epoch)

    def _write_status(self, client: Client, node: NodeRecord, known: Obj) -> None:
        before = known.get("status") or {}
        status = node_status(node, self._engine.timestamp(), before.get("conditions") or [])
        was_ready, is_ready = _ready(before), _ready(status)
        client.patch("nodes", "", node.name, {"status": status}, subresource="status")
        if is_ready and not was_ready:
            self._say(client, known, "Normal", "NodeReady", f"Node {node.name} status is now: NodeReady")
        elif was_ready and not is_ready:
            self._say(client, known, "Normal", "NodeNotReady", f"Node {node.name} status is now: NodeNotReady")

    def _say(self, client: Client, about: Obj, type: str, reason: str, message: str) -> None:
        client.event(about, type, reason, message, source="kubelet", host=about["metadata"]["name"])


def _ready(status: Obj) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions") or ())
