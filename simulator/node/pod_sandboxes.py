"""What stands before a pod's first container: its volumes, its sandbox (the pause container) and its address.

Follows `pkg/kubelet/kubelet.go` SyncPod and `kuberuntime_sandbox.go` of v1.33. Promises: nothing is polled but what failed; a worker
that waits for volumes is woken by whoever binds or attaches them. Leaves to others: containers (`container_starts`).
"""

from simulator.apiserver.errors import ApiUnavailable
from simulator.engine.plain import Obj
from simulator.machinery.pod_names import is_too_long
from simulator.node.addresses import AddressesExhausted, address_range, next_free
from simulator.node.fleet import WORKERS, Fleet
from simulator.node.identity import hex64
from simulator.node.node_status import knows_handler
from simulator.node.pod_status import terminated
from simulator.node.records import PodRecord
from simulator.node.timing import MOUNT_RETRY_FIRST_US, MOUNT_RETRY_MAX_US, SECOND
from simulator.node.volume_manager import LATE_US, VolumeManager

_NETWORK_RETRY_US = SECOND
_UNKNOWN = "rpc error: code = Unknown desc = "
_NO_NETWORK = (
    "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)


class PodSandboxes:
    def __init__(self, fleet: Fleet, volumes: VolumeManager) -> None:
        self._fleet = fleet
        self._engine = fleet.engine
        self._volumes = volumes

    def make(self, record: PodRecord, pod: Obj) -> None:
        if not self._fleet.nodes[record.node].ready and not pod["spec"].get("hostNetwork"):
            self._fleet.event(record, "Warning", "NetworkNotReady", _NO_NETWORK)
            self._fleet.wake(record, _NETWORK_RETRY_US)
            return
        if not self._mount(record, pod):
            return
        self._configure(record, pod)
        if too_long := is_too_long(pod):
            self._no_sandbox(record, too_long)
            return
        handler = self._handler(record, pod)
        if not knows_handler(self._fleet.nodes[record.node].spec, handler):
            self._no_sandbox(
                record, f'{_UNKNOWN}failed to get sandbox runtime: no runtime for "{handler}" is configured'
            )
            return
        if record.attempt:
            self._fleet.event(
                record, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created."
            )
            for one in record.containers.values():
                if one.kind in ("init", "sidecar") and one.state == "exited":
                    one.state, one.last = "new", terminated(one, self._engine.timestamp)
        record.busy = True
        self._engine.schedule(
            self._fleet.draw(self._fleet.timing.sandbox), WORKERS, "sandbox_ready", record.uid, record.turn
        )

    def _configure(self, record: PodRecord, pod: Obj) -> None:
        """Once for the sandbox and once for the containers (`generatePodSandboxConfig`), each time with the same complaints."""
        if self._fleet.network is not None and pod["spec"].get("dnsConfig"):
            for text in self._fleet.network.omissions(pod):
                self._fleet.event(record, "Warning", "DNSConfigForming", text)

    def _mount(self, record: PodRecord, pod: Obj) -> bool:
        """Volumes come before the sandbox; a ConfigMap that does not exist holds the whole pod."""
        if self._engine.now < record.mount_next_us:
            self._fleet.wake(record, record.mount_next_us - self._engine.now)
            return False
        try:
            outcome = self._volumes.mount(record, pod)
        except ApiUnavailable:
            self._fleet.wake(record, self._fleet.retry_us())
            return False
        if outcome is None:
            record.mount_since_us = None
            return True
        for failure in outcome.failures:
            self._fleet.event(record, "Warning", "FailedMount", failure)
        if outcome.errors:
            self._give_up_sync(record, outcome.sentence)
            return False
        self._wait_for_volumes(record)
        if outcome.failures:
            record.mount_retry_us = (
                min(record.mount_retry_us * 2, MOUNT_RETRY_MAX_US) if record.mount_retry_us else MOUNT_RETRY_FIRST_US
            )
            record.mount_next_us = self._engine.now + record.mount_retry_us
            self._fleet.wake(record, record.mount_retry_us)
        return False

    def _give_up_sync(self, record: PodRecord, why: str) -> None:
        """What is wrong with a claim ends the sync at once; the next one comes after the worker's backoff."""
        self._fleet.event(record, "Warning", "FailedMount", why)
        record.mount_since_us = None
        retry_us = self._fleet.retry_us()
        record.mount_next_us = self._engine.now + retry_us
        self._fleet.wake(record, retry_us)

    def _wait_for_volumes(self, record: PodRecord, after_us: int = 0) -> None:
        """Whoever binds or attaches them wakes the pod; a sync that takes too long says so."""
        if record.mount_since_us is None:
            record.mount_since_us = self._engine.now + after_us
            self._engine.schedule(after_us + LATE_US, WORKERS, "volumes_late", record.uid, record.turn)

    def connect(self, record: PodRecord, pod: Obj) -> bool:
        """The pause container runs: whether the pod got its address."""
        try:
            self._take_address(record, pod)
        except AddressesExhausted:
            self._no_address(record)
            return False
        self._configure(record, pod)
        record.sandbox = True
        record.attempt += 1
        record.busy = False
        return True

    def _take_address(self, record: PodRecord, pod: Obj) -> None:
        """Raises AddressesExhausted."""
        node = self._fleet.nodes[record.node]
        if pod["spec"].get("hostNetwork"):
            record.ip = node.spec["address"]
            return
        node.last_address, record.ip = next_free(node.spec["pod_cidr"], node.last_address, node.addresses)
        self._fleet.take_address(node, record)

    def _no_address(self, record: PodRecord) -> None:
        """CNI's host-local plugin has nothing left to give; the sandbox is tried again later."""
        sandbox = hex64(f"sandbox/{record.uid}/{record.attempt}")
        first, last = address_range(self._fleet.nodes[record.node].spec["pod_cidr"])
        problem = f"failed to allocate for range 0: no IP addresses available in range set: {first}-{last}"
        text = f'{_UNKNOWN}failed to setup network for sandbox "{sandbox}": plugin type="ptp" failed (add): {problem}'
        self._no_sandbox(record, text)

    def _handler(self, record: PodRecord, pod: Obj) -> str:
        """The runtime handler of the pod's RuntimeClass; "" is the node's default."""
        name = pod["spec"].get("runtimeClassName")
        if not name:
            return ""
        try:
            found = self._fleet.find(record.node, "runtimeclasses.node.k8s.io", "", name)
        except ApiUnavailable:
            return ""
        return str((found or {}).get("handler", ""))

    def _no_sandbox(self, record: PodRecord, why: str) -> None:
        self._fleet.event(record, "Warning", "FailedCreatePodSandBox", f"Failed to create pod sandbox: {why}")
        record.busy = False
        self._fleet.wake(record, self._fleet.retry_us())

    def volumes_late(self, record: PodRecord, pod: Obj) -> None:
        """A sync has waited for volumes as long as it may."""
        if record.is_mounted or record.mount_since_us is None:
            return
        record.mount_since_us = None
        try:
            message = self._volumes.late_message(record, pod)
        except ApiUnavailable:
            message = ""
        if message:
            self._fleet.event(record, "Warning", "FailedMount", message)
        retry_us = self._fleet.retry_us()
        self._wait_for_volumes(record, retry_us)
        self._fleet.wake(record, retry_us)
