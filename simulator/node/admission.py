"""Whether a node can take a pod that is bound to it: the kubelet's own check, which trusts no scheduler.

Follows `pkg/kubelet/lifecycle/predicate.go`: a pod that does not fit is not retried but Failed, with a reason such as
`OutOfcpu`.
"""

from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.machinery.quantities import milli, value
from simulator.node.records import NodeRecord


@dataclass(frozen=True, slots=True)
class Rejection:
    reason: str
    message: str


def requests_of(spec: Obj) -> tuple[int, int]:
    """(milli-CPU, bytes) a pod asks for: the sum of its containers and sidecars, or its largest init container."""
    cpu = memory = 0
    for container in spec["containers"]:
        one = _requests(container)
        cpu, memory = cpu + one[0], memory + one[1]
    if spec.get("initContainers"):
        cpu, memory = _with_init(spec["initContainers"], cpu, memory)
    overhead = spec.get("overhead") or {}
    return cpu + milli(overhead.get("cpu", "0")), memory + value(overhead.get("memory", "0"))


def _with_init(containers: list[Obj], cpu: int, memory: int) -> tuple[int, int]:
    sidecar_cpu = sidecar_memory = peak_cpu = peak_memory = 0
    for container in containers:
        one = _requests(container)
        if container.get("restartPolicy") == "Always":
            sidecar_cpu, sidecar_memory = sidecar_cpu + one[0], sidecar_memory + one[1]
            one = (0, 0)
        peak_cpu, peak_memory = max(peak_cpu, sidecar_cpu + one[0]), max(peak_memory, sidecar_memory + one[1])
    return max(cpu + sidecar_cpu, peak_cpu), max(memory + sidecar_memory, peak_memory)


def _requests(container: Obj) -> tuple[int, int]:
    wanted = (container.get("resources") or {}).get("requests")
    if not wanted:
        return 0, 0
    return milli(wanted.get("cpu", "0")), value(wanted.get("memory", "0"))


def check(node: NodeRecord, wanted: tuple[int, int], *, allocatable: tuple[int, int, int]) -> Rejection | None:
    """`allocatable` is (milli-CPU, bytes, pods)."""
    cpu, memory, pods = allocatable
    if node.active + 1 > pods:
        return _out_of("pods", 1, node.active, pods)
    if wanted[0] and node.cpu_milli + wanted[0] > cpu:
        return _out_of("cpu", wanted[0], node.cpu_milli, cpu)
    if wanted[1] and node.memory + wanted[1] > memory:
        return _out_of("memory", wanted[1], node.memory, memory)
    return None


def _out_of(resource: str, requested: int, used: int, capacity: int) -> Rejection:
    message = (
        f"Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"
    )
    return Rejection(f"OutOf{resource}", message)
