"""In-place resize: the kubelet gives running containers more or less, now, later or never.

Follows `pkg/kubelet/kubelet.go` (canResizePod, handlePodResourcesResize) and `kuberuntime_manager.go` (computePodResizeAction) of v1.33,
word for word in conditions. Promises: what a container has is `ContainerRecord.resources`, whatever the pod's spec asks for; a
resize that has to wait is looked at again when something on the machine becomes free.
"""

from simulator.engine.plain import Obj
from simulator.node.admission import check, requests_of
from simulator.node.container_runtime import ContainerRuntime
from simulator.node.eviction import rejection as under_pressure
from simulator.node.fleet import Fleet
from simulator.node.node_shutdown import NOT_ADMITTED_MESSAGE
from simulator.node.node_status import allocatable
from simulator.node.pod_lifecycle import container_spec, grace_period_s
from simulator.node.records import ContainerRecord, NodeRecord, PodRecord


class Resizing:
    def __init__(self, fleet: Fleet, runtime: ContainerRuntime) -> None:
        self._fleet = fleet
        self._runtime = runtime

    def consider(self, record: PodRecord, pod: Obj) -> None:
        """Compares what the pod asks for with what its containers have."""
        changed = [one for one in record.containers.values() if _differs(one, pod)]
        if not changed:
            record.resize = None
            return
        node = self._fleet.nodes[record.node]
        wanted = requests_of(pod["spec"])
        record.resize = self._refusal(node, record, pod, wanted)
        if record.resize is not None:
            return
        node.cpu_milli += wanted[0] - record.requests[0]
        node.memory += wanted[1] - record.requests[1]
        record.requests = wanted
        record.resizing = True
        for one in changed:
            self._actuate(record, one, pod)
        self._fleet.notice(record)

    def _refusal(
        self, node: NodeRecord, record: PodRecord, pod: Obj, wanted: tuple[int, int]
    ) -> tuple[str, str] | None:
        """(reason, message) of PodResizePending; None: it fits now."""
        cpu, memory, _ = allocatable(node.spec)
        if wanted[1] > memory:
            return "Infeasible", f"Node didn't have enough capacity: memory, requested: {wanted[1]}, capacity: {memory}"
        if wanted[0] > cpu:
            return "Infeasible", f"Node didn't have enough capacity: cpu, requested: {wanted[0]}, capacity: {cpu}"
        if why := under_pressure(node, pod):
            return "Deferred", why
        others = NodeRecord(node.name, node.spec)
        others.active = node.active - 1
        others.cpu_milli = node.cpu_milli - record.requests[0]
        others.memory = node.memory - record.requests[1]
        found = check(others, wanted, allocatable=allocatable(node.spec))
        if found is None and node.shutdown:
            return "Deferred", NOT_ADMITTED_MESSAGE
        return None if found is None else ("Deferred", found.message)

    def _actuate(self, record: PodRecord, one: ContainerRecord, pod: Obj) -> None:
        spec = container_spec(pod, one.name)
        before, one.resources = one.resources or {}, spec.get("resources") or {}
        policies = {each["resourceName"]: each["restartPolicy"] for each in spec.get("resizePolicy") or ()}
        restarts = [name for name in ("cpu", "memory") if _amounts(before, name) != _amounts(one.resources, name)]
        if any(policies.get(name) == "RestartContainer" for name in restarts) and one.state == "running":
            text = f"Container {one.name} resize requires restart"
            self._runtime.stop(record, one, spec, grace_period_s(pod), text)

    def freed(self, node: NodeRecord) -> None:
        """Something has ended on this machine: deferred resizes are tried again."""
        for uid in node.pods:
            record = self._fleet.pods[uid]
            pod = self._fleet.pod(record)
            if pod is not None and record.resize is not None and record.resize[0] == "Deferred":
                self.consider(record, pod)
                self._fleet.wake(record)


def _differs(one: ContainerRecord, pod: Obj) -> bool:
    if one.resources is None or one.kind == "ephemeral":
        return False
    wanted = container_spec(pod, one.name).get("resources") or {}
    return any(_amounts(one.resources, name) != _amounts(wanted, name) for name in ("cpu", "memory"))


def _amounts(resources: Obj, name: str) -> tuple[str, str]:
    return str((resources.get("requests") or {}).get(name, "")), str((resources.get("limits") or {}).get(name, ""))
