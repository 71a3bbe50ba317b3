"""Whether a node can take a pod that is bound to it: the kubelet's own check, which trusts no scheduler.

Follows `pkg/kubelet/lifecycle/predicate.go` and `pkg/kubelet/sysctl/allowlist.go` of v1.33, word for word: a pod that does not fit is
not retried but Failed, with a reason such as `OutOfcpu`, `NodePorts` or `NodeAffinity`. Promises: pure functions; what a pod does
not ask for is not looked at. Leaves to others: pressure (`eviction`), and what happens to a rejected pod (`pod_workers`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.machinery import pod_resources
from simulator.machinery.node_terms import node_term
from simulator.machinery.quantities import milli, value
from simulator.machinery.taints import NO_EXECUTE, is_tolerated, taint, toleration
from simulator.node.records import NodeRecord

OS_LABEL = "kubernetes.io/os"
#: Namespaced by the kernel and of no harm to neighbours (`safe_sysctls.go`); the kernel of every machine here is new enough.
_SAFE_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    }
)
_AFFINITY = "node(s) didn't match Pod's node affinity/selector"
_PORTS = "node(s) didn't have free ports for the requested pod ports"
_TAINTS = "node(s) had taints that the pod didn't tolerate"


@dataclass(frozen=True, slots=True)
class Rejection:
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Wants:
    """What the checks below look at in a spec."""

    spec: Obj
    requests: tuple[int, int]
    amounts: pod_resources.Amounts
    """Whatever it asks for besides CPU and memory."""
    ports: Sequence["HostPort"]
    names_system: bool
    """Kernel parameters or an operating system."""
    chooses: bool
    """Nodes, by their labels."""


def wants_of(spec: Obj) -> Wants:
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    return Wants(
        spec,
        requests_of(spec),
        _rest(spec),
        host_ports(spec),
        names_system=bool((spec.get("securityContext") or {}).get("sysctls") or spec.get("os")),
        chooses=bool(spec.get("nodeSelector")) or "requiredDuringSchedulingIgnoredDuringExecution" in affinity,
    )


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


def lacking(
    node: NodeRecord, wants: Wants, others: Iterable[Wants], here: Obj, *, fits: tuple[int, int, int]
) -> dict[str, int]:
    """How much is missing of what a pod asks for, if other reasons do not matter (`GetInsufficientAmount`); `fits` as `allocatable` above."""
    asked = {"pods": 1, "cpu": wants.requests[0], "memory": wants.requests[1]}
    left = {"pods": fits[2] - node.active, "cpu": fits[0] - node.cpu_milli, "memory": fits[1] - node.memory}
    known = (here.get("status") or {}).get("allocatable") or {}
    if wants.amounts:
        used = [other.amounts for other in others]
        for name in sorted(set(wants.amounts) & set(known), key=lambda name: (name != _STORAGE, name)):
            asked[name] = value(str(wants.amounts[name]))
            left[name] = value(known[name]) - sum(value(str(one[name])) for one in used if name in one)
    return {name: amount - left[name] for name, amount in asked.items() if amount and amount > left[name]}


def of_system(wants: Wants, labels: Obj, machine_os: str) -> Rejection | None:
    """Kernel parameters and operating system; the label that is compared is the pod's, as upstream."""
    if not wants.names_system and OS_LABEL not in labels:
        return None
    spec = wants.spec
    for one in (spec.get("securityContext") or {}).get("sysctls") or ():
        name = str(one["name"]).replace("/", ".")
        if name not in _SAFE_SYSCTLS:
            return Rejection("SysctlForbidden", f'forbidden sysctl: "{name}" not allowlisted')
    if labels.get(OS_LABEL, machine_os) != machine_os:
        message = f"Failed to admit pod as the `{OS_LABEL}` label doesn't match node label"
        return Rejection("PodOSSelectorNodeLabelDoesNotMatch", message)
    if (spec.get("os") or {}).get("name", machine_os) != machine_os:
        return Rejection("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
    return None


def of_amounts(wants: Wants, others: Iterable[Wants], allocatable: Obj) -> Rejection | None:
    """Ephemeral storage and whatever else the node counts; what it has never heard of is left to whoever gives it out."""
    wanted = {name: one for name, one in wants.amounts.items() if name in allocatable}
    if not wanted:
        return None
    used = [other.amounts for other in others if other.amounts]
    for name in sorted(wanted, key=lambda name: (name != _STORAGE, name)):
        asked, taken = value(str(wanted[name])), sum(value(str(one[name])) for one in used if name in one)
        if asked and asked + taken > value(allocatable[name]):
            return _out_of(name, asked, taken, value(allocatable[name]))
    return None


_STORAGE = "ephemeral-storage"


def _rest(spec: Obj) -> pod_resources.Amounts:
    amounts = pod_resources.of_pod(spec, "requests")
    return {name: amount for name, amount in amounts.items() if name not in ("cpu", "memory")}


def of_node(wants: Wants, node: Obj, others: Iterable[Wants], *, is_static: bool) -> Rejection | None:
    """Labels, host ports and taints of NoExecute; `others` are the pods that are here."""
    if wants.chooses and not _is_chosen(wants.spec, node["metadata"]):
        return _predicate("NodeAffinity", _AFFINITY)
    ports = wants.ports
    if ports and any(_conflict(one, used) for other in others for used in other.ports for one in ports):
        return _predicate("NodePorts", _PORTS)
    taints = [one for one in node["spec"].get("taints") or () if one["effect"] == NO_EXECUTE]
    if taints and not is_static:
        tolerations = [toleration(one) for one in wants.spec.get("tolerations") or ()]
        if not all(is_tolerated(taint(one), tolerations) for one in taints):
            return _predicate("TaintToleration", _TAINTS)
    return None


def _predicate(name: str, why: str) -> Rejection:
    return Rejection(name, f"Predicate {name} failed: {why}")


def _is_chosen(spec: Obj, metadata: Obj) -> bool:
    labels = metadata.get("labels") or {}
    if any(labels.get(key) != wanted for key, wanted in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return any(node_term(term).matches(metadata["name"], labels) for term in required.get("nodeSelectorTerms") or ())


HostPort = tuple[str, str, int]


def host_ports(spec: Obj) -> Sequence[HostPort]:
    """(address, protocol, port) that the containers and sidecars of a pod take on their machine."""
    containers = [one for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always"]
    return [
        (port.get("hostIP") or "0.0.0.0", port.get("protocol") or "TCP", port["hostPort"])
        for container in (*spec["containers"], *containers)
        for port in container.get("ports") or ()
        if port.get("hostPort")
    ]


def _conflict(one: HostPort, other: HostPort) -> bool:
    return one[1:] == other[1:] and ("0.0.0.0" in (one[0], other[0]) or one[0] == other[0])


#: How the reasons begin that a want of room has.
OUT_OF = "OutOf"


def _out_of(resource: str, requested: int, used: int, capacity: int) -> Rejection:
    message = (
        f"Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"
    )
    return Rejection(f"{OUT_OF}{resource}", message)
