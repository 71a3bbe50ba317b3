"""Which pod and which container a command means when it was told a workload or only a pod."""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.errors import CommandError
from simulator.kubectl.rollouts import owned_by
from simulator.kubectl.selection import Target, resource_asked
from simulator.machinery import selectors
from simulator.machinery.resources import Resource, by_name

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


def pods_resource() -> Resource:
    found = by_name("pods")
    assert found is not None
    return found


def named_target(call: Call, words: list[str]) -> Target:
    """`POD`, `TYPE/NAME` or `TYPE NAME`."""
    if "" in words:
        raise CommandError("resource name may not be empty")
    if len(words) > 1:
        return Target(resource_asked(call, words[0]), call.namespace, words[1])
    term, slash, name = words[0].partition("/")
    if not slash:
        return Target(pods_resource(), call.namespace, term)
    if "/" in name:
        raise CommandError("arguments in resource/name form may not have more than one slash")
    if not term or not name:
        raise CommandError("arguments in resource/name form must have a single resource and name")
    return Target(resource_asked(call, term), call.namespace, name)


_WITH_PODS = (
    "Service", "ReplicationController", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob",
)  # fmt: skip


def pods_of(call: Call, target: Target, *, doing: str = "attach to") -> list[Obj]:
    """The pods of a workload or service, those most worth looking at first."""
    obj = call.api.get(target.resource, target.namespace, target.name)
    spec = obj.get("spec") or {}
    selector = spec.get("selector")
    if target.resource.kind not in _WITH_PODS:
        kind = f"*{target.resource.version}.{target.resource.kind}"
        raise CommandError(f"cannot {doing} {kind}: selector for {kind} not implemented")
    if target.resource.kind == "Service" and not selector:
        raise CommandError(
            f"cannot {doing} *v1.Service: invalid service '{target.name}': Service is defined without a selector"
        )
    if not selector:
        raise CommandError(
            f"cannot get the logs from {target.resource.api_version}, Kind={target.resource.kind}: "
            f"selector for {target.resource.kind.lower()} {target.name} not found"
        )
    plain = "matchLabels" not in selector and "matchExpressions" not in selector
    wanted = selectors.from_labels(selector) if plain else selectors.from_label_selector(selector)
    pods = call.api.items(pods_resource(), target.namespace, query={"labelSelector": str(wanted)})
    if target.resource.kind in ("ReplicaSet", "StatefulSet", "DaemonSet", "Job"):
        pods = owned_by(obj, pods)
    return sorted(pods, key=_preference)


def _preference(pod: Obj) -> tuple[bool, int, bool, str, int, str, str]:
    """Assigned before unassigned, running first, ready first and longest, most restarts, oldest."""
    status, metadata = pod.get("status") or {}, pod["metadata"]
    phase = {"Running": 0, "Unknown": 1}.get(status.get("phase", ""), 2)
    ready = [c for c in status.get("conditions") or () if c["type"] == "Ready" and c["status"] == "True"]
    since = ready[0].get("lastTransitionTime", "") if ready else ""
    restarts = max((c.get("restartCount", 0) for c in status.get("containerStatuses") or ()), default=0)
    unassigned = not (pod.get("spec") or {}).get("nodeName")
    return unassigned, phase, not ready, since, -restarts, metadata.get("creationTimestamp", ""), metadata["name"]


def container_of(call: Call, pod: Obj, wanted: str, *, quiet: bool = False, by_server: bool = False) -> str:
    """The container asked for, or the default one with the notice kubectl gives; `by_server`: it is the API server that refuses."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    containers = [c["name"] for c in spec.get("containers") or ()]
    others = [c["name"] for field in ("ephemeralContainers", "initContainers") for c in spec.get(field) or ()]
    if wanted:
        if wanted not in containers + others:
            refusal = f"container {wanted} is not valid for pod {name}"
            if by_server:
                raise CommandError(f"Error from server (BadRequest): {refusal}", prefixed=False)
            raise CommandError(refusal)
        return wanted
    annotated = (pod["metadata"].get("annotations") or {}).get(DEFAULT_CONTAINER, "")
    if annotated in containers + others and annotated:
        return str(annotated)
    if len(containers) + len(others) > 1 and not quiet:
        call.err(f'Defaulted container "{containers[0]}" out of: {", ".join(all_names(pod))}\n')
    return str(containers[0])


def all_names(pod: Obj) -> list[str]:
    """Every container of a pod, marked by what it is."""
    spec = pod["spec"]
    marked = (("containers", ""), ("ephemeralContainers", " (ephem)"), ("initContainers", " (init)"))
    return [c["name"] + mark for field, mark in marked for c in spec.get(field) or ()]
