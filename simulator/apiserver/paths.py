"""Which resource a URL names (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris)."""

import re
from dataclasses import dataclass

from simulator.machinery.kinds import Kinds
from simulator.machinery.resources import Resource


@dataclass(frozen=True, slots=True)
class Target:
    resource: Resource
    namespace: str | None
    """None: all namespaces, or a cluster-scoped resource."""
    name: str
    subresource: str
    rest: str = ""
    """What follows `proxy`, as it was written."""


_PROXY = re.compile(r"/(pods|services|nodes)/[^/]+/proxy(/.*)?$")


def is_passed_on(path: str) -> bool:
    """Whether a request goes on to a server in the cluster, which it may change whatever its method is."""
    found = _PROXY.search(path)
    return found is not None and found[1] != "nodes"


def parse(path: str, kinds: Kinds) -> Target | None:
    """None when the path names no resource that is served."""
    parts = [part for part in path.split("/") if part]
    if len(parts) >= 3 and parts[0] == "api":
        passed = _PROXY.search(path) if "proxy" in parts else None
        return _target(kinds, "", parts[1], parts[2:], (passed[2] or "") if passed is not None else "")
    if len(parts) >= 4 and parts[0] == "apis":
        return _target(kinds, parts[1], parts[2], parts[3:])
    return None


def _target(kinds: Kinds, group: str, version: str, rest: list[str], passed: str = "") -> Target | None:
    namespace: str | None = None
    if rest[0] == "namespaces" and len(rest) >= 3 and rest[2] not in ("finalize", "status"):
        namespace, rest = rest[1], rest[2:]
    resource = kinds.by_path(group, version, rest[0])
    if resource is None or (len(rest) > 3 and rest[2] != "proxy"):
        return None
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if (namespace is not None) and not resource.namespaced:
        return None
    if name and resource.namespaced and namespace is None:
        return None
    if subresource and subresource not in resource.subresources:
        return None
    return Target(resource, namespace, name, subresource, passed if subresource == "proxy" else "")
