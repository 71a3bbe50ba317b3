"""One flat row an object for the diagram: pure functions from what is stored to what is drawn."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.apiserver.registry import Registry
from simulator.client.cache import controller_uid
from simulator.controllers.rollout_maths import bounds
from simulator.engine.plain import Obj
from simulator.machinery import claims, quantities
from simulator.machinery.tables import pod_status

Row = dict[str, Any]

_KINDS = {
    "nodes": "Node",
    "pods": "Pod",
    "namespaces": "Namespace",
    "services": "Service",
    "configmaps": "ConfigMap",
    "secrets": "Secret",
    "deployments.apps": "Deployment",
    "replicasets.apps": "ReplicaSet",
    "statefulsets.apps": "StatefulSet",
    "daemonsets.apps": "DaemonSet",
    "jobs.batch": "Job",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "persistentvolumes": "PersistentVolume",
    "storageclasses.storage.k8s.io": "StorageClass",
    "ingresses.networking.k8s.io": "Ingress",
}
_FAILING_WAITS = frozenset(
    {
        "CrashLoopBackOff",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)


def kind_of(resource: str) -> str | None:
    """The diagram's kind for a resource it draws."""
    return _KINDS.get(resource)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a row may look at beside its object."""

    registry: Registry
    zero: int
    """Engine time that the diagram calls 0."""
    is_powered: Callable[[str], bool]
    """Whether a node's machine has power: what the fault panel did, which the API does not know."""
    pull_of: Callable[[str], tuple[int, int] | None]
    """From when to when (engine time) the image pull runs that a pod waits for, by its uid."""
    usage: dict[str, list[int]] = field(default_factory=dict)
    """Requests of the pods on each node: [milli-CPU, bytes]."""


def row_of(resource: str, obj: Obj, around: Surroundings) -> Row | None:
    kind = _KINDS.get(resource)
    if kind is None:
        return None
    metadata, registry = obj["metadata"], around.registry
    created = registry.engine.micros(metadata["creationTimestamp"]) - around.zero
    row: Row = {
        "kind": kind,
        "uid": metadata["uid"],
        "name": metadata["name"],
        "ns": metadata.get("namespace", ""),
        "created": created,
    }
    match kind:
        case "Pod":
            row.update(_pod(obj, around))
        case "Node":
            row.update(_node(obj, around))
        case "Namespace":
            row["phase"] = (obj.get("status") or {}).get("phase", "Active")
        case "Service":
            row.update(_service(obj, registry))
        case "ConfigMap" | "Secret":
            row["keys"] = len(obj.get("data") or {}) + len(obj.get("binaryData") or {})
        case "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job":
            row.update(_workload(kind, obj))
        case _:
            row.update(_storage(kind, obj, registry))
    if kind == "Ingress":
        row["services"] = _backends(obj, registry)
    return row


# Pods


def _pod(pod: Obj, around: Surroundings) -> Row:
    registry = around.registry
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    owner, owner_kind, app = _owner(pod, registry)
    name = metadata["name"]
    statuses = status.get("containerStatuses") or ()
    phase = _phase(pod, registry)
    return {
        "node": spec.get("nodeName", ""),
        "phase": phase,
        "status": pod_status(pod),
        "ready": [sum(1 for s in statuses if s.get("ready")), len(spec["containers"])],
        "restarts": sum(s.get("restartCount", 0) for s in statuses),
        "owner": owner,
        "ownerKind": owner_kind,
        "app": app,
        "tail": name[len(app) + 1 :].rpartition("-")[2] if name.startswith(f"{app}-") else name.rpartition("-")[2],
        "ip": status.get("podIP", ""),
        "image": spec["containers"][0].get("image", ""),
        "mem": _requests(spec)[1],
        "bar": _pull(metadata["uid"], around),
        "grace": _grace(metadata, around),
        "daemon": owner_kind in ("DaemonSet", "Node"),
        "why": _why(pod) if phase in ("Pending", "Failing") else "",
    }


def _owner(pod: Obj, registry: Registry) -> tuple[str, str, str]:
    """Uid and kind of the controller, and the workload's name: the Deployment's for a ReplicaSet's pod."""
    name = pod["metadata"]["name"]
    for reference in pod["metadata"].get("ownerReferences", ()):
        if not reference.get("controller"):
            continue
        if reference["kind"] == "ReplicaSet":
            owner = registry.store.get("replicasets.apps", (pod["metadata"]["namespace"], reference["name"]))
            above = (owner["metadata"].get("ownerReferences") or ()) if owner else ()
            # A pod outlives its ReplicaSet: without it the name is what is left when the hash is taken off.
            version = (pod["metadata"].get("labels") or {}).get("pod-template-hash", "")
            alone = reference["name"] if owner else reference["name"].removesuffix(f"-{version}")
            app = above[0]["name"] if above else alone
            return reference["uid"], "ReplicaSet", app
        app = name.removesuffix(f"-{reference['name']}") if reference["kind"] == "Node" else reference["name"]
        return reference["uid"], reference["kind"], app
    return "", "", name


def _phase(pod: Obj, registry: Registry) -> str:
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    if "deletionTimestamp" in metadata:
        return "Terminating"
    node = spec.get("nodeName")
    if status.get("phase") in ("Succeeded", "Failed"):
        return "Succeeded" if status["phase"] == "Succeeded" else "Failing"
    if not node:
        return "Pending"
    if _is_lost(node, registry):
        return "Unknown"
    statuses = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    if any(_fails(s) for s in statuses):
        return "Failing"
    mains = status.get("containerStatuses") or ()
    return "Running" if mains and all("running" in (s.get("state") or {}) for s in mains) else "Creating"


def _is_lost(node: str, registry: Registry) -> bool:
    found = registry.store.get("nodes", ("", node))
    return found is not None and _ready(found) == "Unknown"


def _fails(status: Obj) -> bool:
    state = status.get("state") or {}
    if (state.get("waiting") or {}).get("reason") in _FAILING_WAITS:
        return True
    return bool((state.get("terminated") or {}).get("exitCode"))


def _why(pod: Obj) -> str:
    status = pod.get("status") or {}
    for entry in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        state = entry.get("state") or {}
        waiting = state.get("waiting") or {}
        if waiting.get("reason") in _FAILING_WAITS:
            return str(waiting.get("message") or waiting["reason"])
        terminated = state.get("terminated") or {}
        if terminated.get("exitCode"):
            return f"{terminated.get('reason', 'Error')}, exit code {terminated['exitCode']}"
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return str(condition.get("message", ""))
    return str(status.get("message", ""))


def _pull(uid: str, around: Surroundings) -> list[int] | None:
    pull = around.pull_of(uid)
    return None if pull is None else [pull[0] - around.zero, pull[1] - around.zero]


def _grace(metadata: Obj, around: Surroundings) -> list[int] | None:
    """From the wish to delete to when the kubelet stops waiting; the API server writes the latter."""
    if "deletionTimestamp" not in metadata:
        return None
    end = around.registry.engine.micros(metadata["deletionTimestamp"]) - around.zero
    return [end - int(metadata.get("deletionGracePeriodSeconds", 0)) * 1_000_000, end]


def node_usage(pod: Obj | None) -> tuple[int, int, bool]:
    """What a bound pod takes of its node: milli-CPU, bytes, and whether it counts at all."""
    if pod is None or not pod["spec"].get("nodeName"):
        return 0, 0, False
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0, 0, False
    return *_requests(pod["spec"]), True


def _requests(spec: Obj) -> tuple[int, int]:
    """Milli-CPU and bytes that the containers ask for."""
    cpu = memory = 0
    for container in spec["containers"]:
        requests = (container.get("resources") or {}).get("requests") or {}
        cpu += quantities.milli(requests["cpu"]) if "cpu" in requests else 0
        memory += quantities.value(requests["memory"]) if "memory" in requests else 0
    return cpu, memory


# Nodes


def _node(node: Obj, around: Surroundings) -> Row:
    metadata, spec, status = node["metadata"], node["spec"], node.get("status") or {}
    labels = metadata.get("labels") or {}
    allocatable = status.get("allocatable") or {}
    name = metadata["name"]
    cpu, memory = around.usage.get(name, (0, 0))
    return {
        "ready": _ready(node),
        "roles": sorted(key.rpartition("/")[2] for key in labels if key.startswith("node-role.kubernetes.io/")),
        "zone": labels.get("topology.kubernetes.io/zone", ""),
        "cordoned": bool(spec.get("unschedulable")),
        "cpu": quantities.milli(allocatable.get("cpu", "0")),
        "cpuUsed": cpu,
        "mem": quantities.value(allocatable.get("memory", "0")),
        "memUsed": memory,
        "pods": quantities.value(allocatable.get("pods", "0")),
        "power": around.is_powered(name),
        "heard": _heard(name, around),
        "taints": [_taint(taint) for taint in spec.get("taints") or ()],
    }


def _ready(node: Obj) -> str:
    for condition in (node.get("status") or {}).get("conditions") or ():
        if condition["type"] == "Ready":
            return str(condition["status"])
    return "Unknown"


def _heard(node: str, around: Surroundings) -> int | None:
    """When its kubelet was last heard of; None while it renews its Lease, which is now and always."""
    registry = around.registry
    if registry.leases.nodes.last(node, registry.engine.now) is not None:
        return None
    lease = registry.store.get("leases.coordination.k8s.io", ("kube-node-lease", node))
    return registry.engine.micros(lease["spec"]["renewTime"]) - around.zero if lease else None


def _taint(taint: Obj) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint['effect']}"


# The rest


def _service(service: Obj, registry: Registry) -> Row:
    spec, metadata = service["spec"], service["metadata"]
    ready: list[str] = []
    not_ready: list[str] = []
    for slice_ in registry.store.in_namespace("endpointslices.discovery.k8s.io", metadata["namespace"]):
        if (slice_["metadata"].get("labels") or {}).get("kubernetes.io/service-name") != metadata["name"]:
            continue
        for endpoint in slice_.get("endpoints") or ():
            uid = (endpoint.get("targetRef") or {}).get("uid")
            if uid:
                (ready if (endpoint.get("conditions") or {}).get("ready") else not_ready).append(uid)
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return {
        "type": spec.get("type", "ClusterIP"),
        "ip": spec.get("clusterIP", ""),
        "ports": ",".join(_port(port) for port in spec.get("ports") or ()),
        "external": ",".join(entry.get("ip") or entry.get("hostname", "") for entry in ingress),
        "selector": ",".join(f"{key}={value}" for key, value in sorted((spec.get("selector") or {}).items())),
        "endpoints": sorted(ready),
        "notReady": sorted(not_ready),
    }


def _port(port: Obj) -> str:
    return f"{port['port']}:{port['nodePort']}" if "nodePort" in port else str(port["port"])


def _workload(kind: str, obj: Obj) -> Row:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    annotations = obj["metadata"].get("annotations") or {}
    if kind == "DaemonSet":
        want, have = status.get("desiredNumberScheduled", 0), status.get("currentNumberScheduled", 0)
        ready, updated = status.get("numberReady", 0), status.get("updatedNumberScheduled", 0)
        available = status.get("numberAvailable", 0)
    elif kind == "Job":
        want, have = spec.get("completions") or spec.get("parallelism") or 1, status.get("active", 0)
        ready, updated, available = status.get("ready", 0), status.get("succeeded", 0), status.get("succeeded", 0)
    else:
        want, have = spec.get("replicas", 1), status.get("replicas", 0)
        ready, updated = status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
        available = status.get("availableReplicas", 0)
    return {
        "want": want,
        "have": have,
        "ready": ready,
        "updated": updated,
        "available": available,
        "owner": controller_uid(obj),
        "revision": annotations.get("deployment.kubernetes.io/revision", ""),
        **({"batch": _batch(spec)} if kind == "Deployment" else {}),
    }


def _batch(spec: Obj) -> int:
    """How many pods a rollout replaces at a time: what it may have too many and what it may do without."""
    wanted, strategy = spec.get("replicas", 1), spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return int(wanted)
    rolling = strategy.get("rollingUpdate") or {}
    limits = bounds(wanted, rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%"))
    return limits.surge + limits.unavailable


def _backends(ingress: Obj, registry: Registry) -> list[str]:
    """Uids of the Services an Ingress sends to, as far as they exist, in the order of its rules."""
    spec, namespace = ingress.get("spec") or {}, ingress["metadata"]["namespace"]
    backends = [spec.get("defaultBackend") or {}]
    for rule in spec.get("rules") or ():
        backends.extend(path.get("backend") or {} for path in (rule.get("http") or {}).get("paths") or ())
    names = dict.fromkeys((backend.get("service") or {}).get("name", "") for backend in backends)
    found = (registry.store.get("services", (namespace, name)) for name in names)
    return [service["metadata"]["uid"] for service in found if service is not None]


def _storage(kind: str, obj: Obj, registry: Registry) -> Row:
    """Claim → volume → disk → machine, each row naming the next by uid or name."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    match kind:
        case "PersistentVolumeClaim":
            size = (((spec.get("resources") or {}).get("requests")) or {}).get("storage", "")
            note = spec.get("volumeName", "")
            volume = registry.store.get("persistentvolumes", ("", note))
            return {
                "phase": _ending(obj) or status.get("phase", ""),
                "size": size,
                "note": note,
                "class": claims.class_name(obj),
                "volume": volume["metadata"]["uid"] if volume else "",
            }
        case "PersistentVolume":
            size = (spec.get("capacity") or {}).get("storage", "")
            return {
                "phase": _ending(obj) or status.get("phase", ""),
                "size": size,
                "note": spec.get("persistentVolumeReclaimPolicy", ""),
                "class": claims.class_name(obj),
                "claim": (spec.get("claimRef") or {}).get("uid", ""),
                "disk": _disk(spec),
                "nodes": _attached_to(obj["metadata"]["name"], registry),
            }
        case "StorageClass":
            note = obj.get("volumeBindingMode", "")
            return {"phase": "", "size": "", "note": note, "driver": obj.get("provisioner", "")}
    hosts = ",".join(rule.get("host", "*") for rule in spec.get("rules") or ())
    return {"phase": "", "size": "", "note": hosts}


def _ending(obj: Obj) -> str:
    return "Terminating" if "deletionTimestamp" in obj["metadata"] else ""


def _disk(spec: Obj) -> str:
    """What is behind a volume: the cloud's name for a disk, or a directory."""
    source = spec.get("csi")
    if source is not None:
        return str(source["volumeHandle"])
    return str((spec.get("hostPath") or spec.get("local") or spec.get("nfs") or {}).get("path", ""))


def _attached_to(volume: str, registry: Registry) -> list[str]:
    """Machines to which its disk is attached now."""
    return sorted(
        one["spec"]["nodeName"]
        for one in registry.store.table("volumeattachments.storage.k8s.io").values()
        if one["spec"]["source"].get("persistentVolumeName") == volume and (one.get("status") or {}).get("attached")
    )
