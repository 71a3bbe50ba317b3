"""The control groups of a pod: one for the pod, one below it for each container, with what the kernel enforces and what is used.

Follows `pkg/kubelet/cm/pod_container_manager_linux.go` and `helpers_linux.go` (ResourceConfigForPod): a pod has a CPU or memory limit of its own
only when every container has one, and the limit is their sum. Names are those of the systemd driver.
"""

from simulator.engine.plain import Obj
from simulator.machinery import pod_resources
from simulator.machinery.pod_resources import Amounts
from simulator.node.usage import Use

_PERIOD_US = 100_000
_MIN_SHARES, _MAX_SHARES = 2, 262_144


def cgroups(pod: Obj, uses: list[Use]) -> Obj:
    """The pod's group with its containers' inside; numbers in milli-CPU and bytes, None where there is no limit."""
    by_name = {use.container: use for use in uses}
    containers = [_container(one, by_name.get(one["name"])) for one in pod["spec"]["containers"]]
    requests = pod_resources.of_pod(pod["spec"], "requests")
    quality = (pod.get("status") or {}).get("qosClass", "BestEffort")
    uid = pod["metadata"]["uid"].replace("-", "_")
    slice_ = {"Guaranteed": "kubepods", "Burstable": "kubepods-burstable"}.get(quality, "kubepods-besteffort")
    limits = {name: _sum_of_limits(pod, name) for name in ("cpu", "memory")}
    return {
        "path": f"/kubepods.slice/{'' if quality == 'Guaranteed' else slice_ + '.slice/'}{slice_}-pod{uid}.slice",
        "qosClass": quality,
        **_facts(requests, limits["cpu"], limits["memory"]),
        "cpuUsed": sum(one["cpuUsed"] for one in containers),
        "memoryUsed": sum(one["memoryUsed"] for one in containers),
        "containers": containers,
    }


def _container(spec: Obj, use: Use | None) -> Obj:
    requests, limits = pod_resources.of_container(spec, "requests"), pod_resources.of_container(spec, "limits")
    cpu = limits["cpu"].milli if "cpu" in limits else None
    memory = limits["memory"].value if "memory" in limits else None
    return {
        "name": spec["name"],
        **_facts(requests, cpu, memory),
        "cpuUsed": use.cpu // 1_000_000 if use else 0,
        "memoryUsed": use.memory if use else 0,
    }


def _facts(requests: Amounts, cpu: int | None, memory: int | None) -> Obj:
    asked = requests["cpu"].milli if "cpu" in requests else 0
    return {
        "cpuRequest": asked,
        "cpuLimit": cpu,
        "memoryRequest": requests["memory"].value if "memory" in requests else 0,
        "memoryLimit": memory,
        "cpu.weight": _weight(asked),
        "cpu.max": "max" if cpu is None else f"{max(cpu * _PERIOD_US // 1000, 1_000)} {_PERIOD_US}",
        "memory.max": "max" if memory is None else str(memory),
    }


def _weight(milli: int) -> int:
    """Shares of cgroup v1 in the scale of v2 (runc's ConvertCPUSharesToCgroupV2Value)."""
    shares = min(max(milli * 1024 // 1000, _MIN_SHARES), _MAX_SHARES)
    return 1 + (shares - 2) * 9_999 // 262_142


def _sum_of_limits(pod: Obj, name: str) -> int | None:
    """None unless every container has this limit."""
    found = [pod_resources.of_container(one, "limits").get(name) for one in pod["spec"]["containers"]]
    amounts = [one for one in found if one is not None]
    if len(amounts) < len(found):
        return None
    return sum(one.milli if name == "cpu" else one.value for one in amounts)
