"""What this API server serves: `/version`, `/api`, `/apis` and the resource lists.

https://kubernetes.io/docs/reference/using-api/api-concepts/#api-discovery. `/api` and `/apis` have two forms: all at once
(aggregated, in the version that the client knows) and one list a group-version.
"""

from collections.abc import Iterator
from hashlib import blake2b

from simulator.apiserver import openapi, openapi_v2
from simulator.apiserver.request import Response
from simulator.engine.plain import Obj
from simulator.machinery.kinds import Kinds
from simulator.machinery.resources import Resource

#: Documents about a cluster with nothing but the built-in kinds are the same for all clusters of the process.
_PLAIN = Kinds()


def discover(path: str, accept: str, kinds: Kinds, version: str) -> Response | None:
    """The answer to a non-resource path, or None when it is none of ours."""
    parts = [part for part in path.split("/") if part]
    if kinds.is_plain:
        kinds = _PLAIN
    match parts:
        case []:
            return Response(200, {"paths": _paths(kinds)})
        case ["api" | "apis" as root] if version := _aggregated_version(accept):
            return _aggregated(root, version, kinds)
        case ["openapi", "v3", *rest] if (described := openapi.describe(rest, kinds)) is not None:
            return described
        case ["openapi", "v2"]:
            return openapi_v2.described(accept, kinds)
        case ["version"]:
            return Response(200, _version(version))
        case ["api"]:
            return Response(200, {"kind": "APIVersions", "versions": ["v1"]})
        case ["apis"]:
            return Response(
                200,
                {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name, kinds) for name in groups(kinds)]},
            )
        case ["api", "v1"]:
            return Response(200, resource_list("", "v1", kinds))
        case ["apis", group] if group in groups(kinds):
            return Response(200, {"kind": "APIGroup", "apiVersion": "v1", **_group(group, kinds)})
        case ["apis", group, version] if version in groups(kinds).get(group, ()):
            return Response(200, resource_list(group, version, kinds))
    return None


def _paths(kinds: Kinds) -> list[str]:
    versions = [f"/apis/{group}/{version}" for group, served in groups(kinds).items() for version in served]
    rest = ["/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
    return ["/api", "/api/v1", "/apis", *sorted([*(f"/apis/{group}" for group in groups(kinds)), *versions]), *rest]


# Aggregated discovery

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"


def _aggregated_version(accept: str) -> str:
    """The first version of the aggregated form in an Accept header that we know; empty: the legacy form."""
    for choice in accept.split(","):
        parameters = {part.strip() for part in choice.split(";")}
        if {"g=apidiscovery.k8s.io", "as=APIGroupDiscoveryList"} <= parameters:
            for version in ("v2", "v2beta1"):
                if f"v={version}" in parameters:
                    return version
    return ""


def _aggregated(root: str, version: str, kinds: Kinds) -> Response:
    key = f"aggregated/{root}/{version}"
    if key not in kinds.memo:
        kinds.memo[key] = _made_aggregated(root, version, kinds)
    found: Response = kinds.memo[key]
    return found


def _made_aggregated(root: str, version: str, kinds: Kinds) -> Response:
    named = {"": ["v1"]} if root == "api" else groups(kinds)
    items = [_group_item(name, found, kinds) for name, found in named.items()]
    body = {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": items,
    }
    etag = blake2b(repr(body).encode(), digest_size=16).hexdigest().upper()
    return Response(200, body, headers={"content-type": _AGGREGATED.format(version), "etag": f'"{etag}"'})


def _group_item(group: str, versions: list[str], kinds: Kinds) -> Obj:
    metadata = {"name": group, "creationTimestamp": None} if group else {"creationTimestamp": None}
    found = [
        {
            "version": version,
            "resources": [_item(row) for row in _served(group, version, kinds)],
            "freshness": "Current",
        }
        for version in versions
    ]
    return {"metadata": metadata, "versions": found}


def _item(resource: Resource) -> Obj:
    row = _rows(resource)[0]
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    item: Obj = {
        "resource": row["name"],
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": row["singularName"],
        "verbs": row["verbs"],
    }
    for name in ("shortNames", "categories"):
        if name in row:
            item[name] = row[name]
    if resource.subresources:
        item["subresources"] = [_subitem(resource, name) for name in resource.subresources]
    return item


def _subitem(resource: Resource, name: str) -> Obj:
    row = _subrow(resource, name)
    kind = {
        "group": row.get("group", "" if name in _SUBRESOURCE_KINDS else resource.group),
        "version": row.get("version", "v1" if name in _SUBRESOURCE_KINDS else resource.version),
        "kind": row["kind"],
    }
    return {"subresource": name, "responseKind": kind, "verbs": row["verbs"]}


# Legacy discovery


def groups(kinds: Kinds) -> dict[str, list[str]]:
    """Named groups with their versions, preferred first, in the order kubectl shows them."""
    if "groups" not in kinds.memo:
        kinds.memo["groups"] = _made_groups(kinds)
    found: dict[str, list[str]] = kinds.memo["groups"]
    return found


def _made_groups(kinds: Kinds) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for resource in (*kinds.resources, *kinds.served):
        if resource.group:
            versions = found.setdefault(resource.group, [])
            if resource.version not in versions:
                versions.append(resource.version)
    return found


def resource_list(group: str, version: str, kinds: Kinds) -> Obj:
    """An APIResourceList; subresources are rows of their own (`pods/log`)."""
    rows = [row for resource in _served(group, version, kinds) for row in _rows(resource)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": rows,
    }


def _served(group: str, version: str, kinds: Kinds) -> Iterator[Resource]:
    return (resource for resource in kinds.served if (resource.group, resource.version) == (group, version))


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


def _group(name: str, kinds: Kinds) -> Obj:
    versions = [{"groupVersion": f"{name}/{version}", "version": version} for version in groups(kinds)[name]]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _version(version: str) -> Obj:
    major, minor, _ = version.removeprefix("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "gitVersion": version,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "2025-05-15T08:19:08Z",
        "goVersion": "go1.24.2",
        "compiler": "gc",
        "platform": "linux/amd64",
    }
