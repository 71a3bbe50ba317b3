"""What this API server serves: `/version`, `/api`, `/apis` and the resource lists.

https://kubernetes.io/docs/reference/using-api/api-concepts/#api-discovery
"""

from functools import cache

from simulator.apiserver.request import Response
from simulator.engine.plain import Obj
from simulator.machinery import resources
from simulator.machinery.resources import Resource

VERSION = "v1.33.1"


def discover(path: str, healthy: bool) -> Response | None:
    """The answer to a non-resource path, or None when it is none of ours."""
    parts = [part for part in path.split("/") if part]
    match parts:
        case ["version"]:
            return Response(200, _version())
        case ["healthz" | "livez" | "readyz"]:
            return Response(200, "ok") if healthy else Response(500, "[-]etcd failed: reason withheld\n")
        case ["api"]:
            return Response(200, {"kind": "APIVersions", "versions": ["v1"]})
        case ["apis"]:
            return Response(
                200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in groups()]}
            )
        case ["api", "v1"]:
            return Response(200, resource_list("", "v1"))
        case ["apis", group] if group in groups():
            return Response(200, {"kind": "APIGroup", "apiVersion": "v1", **_group(group)})
        case ["apis", group, version] if version in groups().get(group, ()):
            return Response(200, resource_list(group, version))
    return None


@cache
def groups() -> dict[str, list[str]]:
    """Named groups with their versions, preferred first, in the order kubectl shows them."""
    found: dict[str, list[str]] = {}
    for resource in (*resources.RESOURCES, *resources.SERVED):
        if resource.group:
            versions = found.setdefault(resource.group, [])
            if resource.version not in versions:
                versions.append(resource.version)
    return found


def resource_list(group: str, version: str) -> Obj:
    """An APIResourceList; subresources are rows of their own (`pods/log`)."""
    rows: list[Obj] = []
    for resource in (*resources.RESOURCES, *resources.SERVED):
        if (resource.group, resource.version) == (group, version) and not any(
            row["name"] == resource.plural for row in rows
        ):
            rows.extend(_rows(resource))
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": rows,
    }


def _rows(resource: Resource) -> list[Obj]:
    row: Obj = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    return [row, *(_subrow(resource, name) for name in resource.subresources)]


#: Kinds of subresources whose kind is not their parent's, with the group-version they belong to.
_SUBRESOURCE_KINDS = {
    "scale": ("autoscaling", "v1", "Scale"),
    "eviction": ("policy", "v1", "Eviction"),
    "binding": ("", "v1", "Binding"),
    "token": ("authentication.k8s.io", "v1", "TokenRequest"),
    "attach": ("", "v1", "PodAttachOptions"),
    "exec": ("", "v1", "PodExecOptions"),
    "portforward": ("", "v1", "PodPortForwardOptions"),
}
_SUBRESOURCE_VERBS = {
    "status": ("get", "patch", "update"),
    "scale": ("get", "patch", "update"),
    "ephemeralcontainers": ("get", "patch", "update"),
    "resize": ("get", "patch", "update"),
    "log": ("get",),
    "finalize": ("update",),
    "approval": ("get", "patch", "update"),
    "attach": ("create", "get"),
    "exec": ("create", "get"),
    "portforward": ("create", "get"),
    "proxy": ("create", "delete", "get", "patch", "update"),
}


def _subrow(resource: Resource, name: str) -> Obj:
    group, version, kind = _SUBRESOURCE_KINDS.get(name, ("", "", resource.kind))
    row: Obj = {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": kind,
    }
    if group or (name in _SUBRESOURCE_KINDS and resource.group):
        row.update(group=group, version=version)
    row["verbs"] = list(_SUBRESOURCE_VERBS.get(name, ("create",)))
    return row


def _group(name: str) -> Obj:
    versions = [{"groupVersion": f"{name}/{version}", "version": version} for version in groups()[name]]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _version() -> Obj:
    major, minor, _ = VERSION.removeprefix("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "gitVersion": VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "2025-05-15T08:19:08Z",
        "goVersion": "go1.24.2",
        "compiler": "gc",
        "platform": "linux/amd64",
    }
