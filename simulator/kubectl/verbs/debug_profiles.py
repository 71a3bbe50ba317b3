"""What the profiles of `kubectl debug` make of a pod and its debug container (`kubectl/pkg/cmd/debug/profiles.go` of v1.33).

https://kubernetes.io/docs/tasks/debug/debug-application/debug-running-pod/#debugging-profiles
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from simulator.engine.plain import Obj

PROFILES = ("legacy", "general", "baseline", "netadmin", "restricted", "sysadmin")
Style = Literal["ephemeral", "copy", "node"]
_RESTRICTED: Obj = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_ADDED = {"general": ["SYS_PTRACE"], "netadmin": ["NET_ADMIN", "NET_RAW"]}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
WARNING = (
    "Warning: Non-root user is configured for the entire target Pod, and some capabilities granted by debug profile may not "
    'work. Please consider using "--custom" with a custom profile that specifies "securityContext.runAsUser: 0".\n'
)


def in_profile(container: Obj, profile: str, style: Style) -> Obj:
    """The debug container with the rights that a profile gives it."""
    before = container.get("securityContext") or {}
    if profile == "restricted":
        return {**container, "securityContext": _RESTRICTED}
    if profile == "baseline":
        return {key: value for key, value in container.items() if key != "securityContext"}
    if profile == "sysadmin":
        return {**container, "securityContext": {**before, "privileged": True}}
    if profile == "general" and style == "node":
        return {key: value for key, value in container.items() if key != "securityContext"}
    if profile not in _ADDED:
        return container
    capabilities = before.get("capabilities") or {}
    added = [*(capabilities.get("add") or ()), *_ADDED[profile]]
    return {**container, "securityContext": {**before, "capabilities": {**capabilities, "add": added}}}


def node_spec(spec: Obj, profile: str) -> Obj:
    """The pod on a node: all but baseline and restricted use the node's namespaces; three see its disk."""
    if profile not in ("baseline", "restricted"):
        spec = {**spec, "hostIPC": True, "hostNetwork": True, "hostPID": True}
    if profile not in ("legacy", "general", "sysadmin"):
        return spec
    mounted = [{**one, "volumeMounts": [{"name": "host-root", "mountPath": "/host"}]} for one in spec["containers"]]
    return {**spec, "containers": mounted, "volumes": [{"name": "host-root", "hostPath": {"path": "/"}}]}


def copied_metadata(metadata: Obj, profile: str, kept: Iterable[str]) -> Obj:
    """Labels and annotations of a copy. The legacy profile keeps annotations and never labels."""
    found: Obj = {}
    for field in ("labels", "annotations"):
        stays = field == "annotations" if profile == "legacy" else f"keep-{field}" in kept
        if stays and metadata.get(field):
            found[field] = metadata[field]
    return found


def copied_spec(spec: Obj, profile: str, kept: Iterable[str]) -> Obj:
    """The spec of a copy: without probes and, if asked for, init containers; processes are shared."""
    if profile == "legacy":
        return spec
    kept = tuple(kept)
    gone = tuple(probe for probe in _PROBES if f"keep-{probe.removesuffix('Probe')}" not in kept)
    containers = [{key: value for key, value in one.items() if key not in gone} for one in spec["containers"]]
    spec = {**spec, "containers": containers, "shareProcessNamespace": True}
    if "keep-init-containers" not in kept:
        spec.pop("initContainers", None)
    return spec


def may_not_work(container: Obj, pod_spec: Obj) -> bool:
    """Whether rights were given to a user who is not root (`DebugOptions.displayWarning`)."""
    user = (pod_spec.get("securityContext") or {}).get("runAsUser")
    own = container.get("securityContext") or {}
    if not user or own.get("runAsUser") == 0:
        return False
    return bool(own.get("privileged") or (own.get("capabilities") or {}).get("add"))
