"""The Node object: what a kubelet registers and what it reports of its machine.

Follows `pkg/kubelet/kubelet_node_status.go` and `nodestatus/setters.go` of v1.33; the node is one that kind would make
(containerd, Debian). Heartbeats are not here: the API server computes them when somebody reads.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from simulator.engine.plain import Obj
from simulator.machinery.quantities import milli, value
from simulator.node.identity import hex64, uuid_of
from simulator.node.records import NodeRecord

VERSION = "v1.33.1"
_CONTAINERD = "containerd://2.1.3"
_MAX_IMAGES = 50
#: Bytes of the machine's disk.
STORAGE = 61_255_492 * 1024
_NO_NETWORK = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One machine, as the cluster's configuration describes it."""

    name: str
    address: str
    pod_cidr: str
    cpu: str = "4"
    memory: str = "8Gi"
    pods: int = 110
    labels: dict[str, str] = field(default_factory=dict)
    """Beside those every node gets (hostname, os, arch)."""
    taints: tuple[dict[str, str], ...] = ()
    images: tuple[str, ...] = ()
    """Full names of images that are on the machine from the start."""
    provider_id: str = ""
    os: str = "linux"
    arch: str = "amd64"
    os_image: str = "Debian GNU/Linux 12 (bookworm)"
    kernel: str = "6.8.0-64-generic"
    reserved_cpu: int = 0
    """Milli-CPU and bytes that pods do not get (`kubeReserved`, `systemReserved`, the eviction threshold)."""
    reserved_memory: int = 0
    handlers: tuple[str, ...] = ()
    """What the container runtime knows beside runc."""
    address6: str = ""
    """In a dual-stack cluster, and the second range of pods."""
    pod_cidr6: str = ""
    cni: str = "kindnet"
    """The network plugin that is there from the start."""

    def plain(self) -> Obj:
        return asdict(self)


def allocatable(spec: Obj) -> tuple[int, int, int]:
    """(milli-CPU, bytes, pods); kind reserves nothing."""
    cpu, memory = milli(spec["cpu"]) - spec["reserved_cpu"], value(spec["memory"]) - spec["reserved_memory"]
    return cpu, memory, int(spec["pods"])


def node_object(spec: Obj) -> Obj:
    """The Node that the kubelet creates when it registers."""
    name = spec["name"]
    labels = {
        "beta.kubernetes.io/arch": spec["arch"],
        "beta.kubernetes.io/os": spec["os"],
        "kubernetes.io/arch": spec["arch"],
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": spec["os"],
        **spec["labels"],
    }
    node_spec: Obj = {
        "podCIDR": spec["pod_cidr"],
        "podCIDRs": [one for one in (spec["pod_cidr"], spec["pod_cidr6"]) if one],
    }
    if spec["provider_id"]:
        node_spec["providerID"] = spec["provider_id"]
    if spec["taints"]:
        node_spec["taints"] = [dict(taint) for taint in spec["taints"]]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": labels,
            "annotations": {
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": node_spec,
    }


def node_status(node: NodeRecord, now: str, before: list[Obj]) -> Obj:
    spec: dict[str, Any] = node.spec
    amounts = {
        "cpu": spec["cpu"],
        "ephemeral-storage": f"{STORAGE // 1024}Ki",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "memory": spec["memory"],
        "pods": str(spec["pods"]),
    }
    return {
        "addresses": [
            *({"type": "InternalIP", "address": one} for one in (spec["address"], spec["address6"]) if one),
            {"type": "Hostname", "address": node.name},
        ],
        "allocatable": _allocatable_amounts(spec, amounts),
        "capacity": amounts,
        "conditions": conditions(why_not_ready(node), now, before, tuple(node.pressure)),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "images": images(node),
        "nodeInfo": _node_info(node),
        "runtimeHandlers": _handlers(spec),
    }


def _handlers(spec: Obj) -> list[Obj]:
    """`status.runtimeHandlers`: the default one has no name; virtual machines and Wasm share no mounts or users with the host."""
    shared = {"recursiveReadOnlyMounts": True, "userNamespaces": True}
    plain = [{"name": name, "features": shared} for name in ("", "runc")] if spec["os"] == "linux" else [{"name": ""}]
    return [*plain, *({"name": name} for name in spec["handlers"])]


def knows_handler(spec: Obj, handler: str) -> bool:
    return handler in ("", "runc", *spec["handlers"])


def _allocatable_amounts(spec: Obj, capacity: Obj) -> Obj:
    if not spec["reserved_cpu"] and not spec["reserved_memory"]:
        return capacity
    cpu, memory, _ = allocatable(spec)
    return {**capacity, "cpu": f"{cpu}m" if cpu % 1000 else str(cpu // 1000), "memory": f"{memory // 1024}Ki"}


def why_not_ready(node: NodeRecord) -> str:
    """The message of a Ready condition that is False (`ReadyCondition` of `nodestatus/setters.go`); "" when it is True."""
    if node.ready and not node.shutdown:
        return ""
    found = [*([] if node.ready else [_NO_NETWORK]), *(["node is shutting down"] if node.shutdown else [])]
    return found[0] if len(found) == 1 else f"[{', '.join(found)}]"


def conditions(why_not: str, now: str, before: list[Obj], pressure: tuple[str, ...] = ()) -> list[Obj]:
    known = {one["type"]: one for one in before}
    wanted = (
        ("MemoryPressure", "True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
        if "MemoryPressure" in pressure
        else ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "True", "KubeletHasDiskPressure", "kubelet has disk pressure")
        if "DiskPressure" in pressure
        else ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "False", "KubeletNotReady", why_not)
        if why_not
        else ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    )
    return [
        {
            "type": type,
            "status": status,
            "lastHeartbeatTime": now,
            "lastTransitionTime": known[type]["lastTransitionTime"]
            if known.get(type, {}).get("status") == status
            else now,
            "reason": reason,
            "message": message,
        }
        for type, status, reason, message in wanted
    ]


def images(node: NodeRecord) -> list[Obj]:
    """At most 50, largest first, as the kubelet reports them (nodeStatusMaxImages)."""
    largest = sorted(node.images.items(), key=lambda item: (-item[1], item[0]))[:_MAX_IMAGES]
    return [
        {"names": [f"{name.rsplit(':', 1)[0]}@sha256:{hex64(name)}", name], "sizeBytes": size} for name, size in largest
    ]


def _node_info(node: NodeRecord) -> Obj:
    return {
        "machineID": hex64(f"machine/{node.name}")[:32],
        "systemUUID": uuid_of(f"system/{node.name}"),
        "bootID": boot_id(node),
        "kernelVersion": node.spec["kernel"],
        "osImage": node.spec["os_image"],
        "containerRuntimeVersion": _CONTAINERD,
        "kubeletVersion": node.version or VERSION,
        "kubeProxyVersion": "",
        "operatingSystem": node.spec["os"],
        "architecture": node.spec["arch"],
        "swap": {"capacity": 0},
    }


def boot_id(node: NodeRecord) -> str:
    return uuid_of(f"boot/{node.name}/{node.boots}")
