"""A CustomResourceDefinition as a value: its versions, the rows of discovery they give, and its conditions.

Counterpart of `apiextensions-apiserver/pkg/apihelpers` and of the serving half of `customresource_handler.go` (1.33). Promises: a
`Definition` is read from the stored object and nothing else, so that it need not be kept in a snapshot.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from simulator.machinery.resources import Resource, resource_from

Obj = dict[str, Any]

RESOURCE = "customresourcedefinitions.apiextensions.k8s.io"
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
#: In the order in which `customresource_discovery_controller.go` lists them.
_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_VERBS_AT_THE_END = ("delete", "deletecollection", "get", "list", "watch")
_KUBE_VERSION = re.compile(r"v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?")
_AGE = {
    "name": "Age",
    "type": "date",
    "description": "CreationTimestamp is a timestamp representing the server time when this object was created.",
    "jsonPath": ".metadata.creationTimestamp",
}


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a custom kind."""

    name: str
    served: bool
    schema: Obj
    """The structural schema, as written in the definition."""
    columns: tuple[Obj, ...]
    has_status: bool
    scale: Obj | None
    selectable: tuple[str, ...]
    """Paths without the first dot: `spec.color`."""
    warning: str
    """What a client of a deprecated version is told, or nothing."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What the API server needs to know to serve a custom kind."""

    name: str
    """The group-resource string, which is also the name of the definition: `bks.example.com`."""
    group: str
    kind: str
    list_kind: str
    namespaced: bool
    storage: str
    terminating: bool
    webhook: Obj | None
    """How to reach the service that converts between versions; None: only `apiVersion` changes."""
    versions: tuple[Version, ...]
    rows: tuple[Resource, ...]
    """One row a served version, the preferred one first."""
    revision: int
    """When the definition was written last; what was stored before may lack its defaults."""

    @property
    def preferred(self) -> Resource:
        return self.rows[0]

    @property
    def storage_version(self) -> str:
        """The `apiVersion` under which objects are kept."""
        return f"{self.group}/{self.storage}"

    def version(self, name: str) -> Version:
        return next(version for version in self.versions if version.name == name)


def read_definition(crd: Obj) -> Definition | None:
    """None while the definition is not served: its names are not accepted yet, or no version is served."""
    if not is_true(crd, "Established"):
        return None
    spec, names = crd["spec"], crd["status"]["acceptedNames"]
    terminating = "deletionTimestamp" in crd["metadata"]
    ordered = sorted(spec["versions"], key=lambda one: version_priority(one["name"]))
    versions = tuple(_version(spec, names["kind"], one) for one in ordered)
    rows = tuple(_row(spec, names, version, terminating) for version in versions if version.served)
    if not rows:
        return None
    return Definition(
        name=crd["metadata"]["name"],
        group=spec["group"],
        kind=names["kind"],
        list_kind=names["listKind"],
        namespaced=spec["scope"] == "Namespaced",
        storage=next(one["name"] for one in spec["versions"] if one.get("storage")),
        terminating=terminating,
        webhook=(spec.get("conversion") or {}).get("webhook"),
        versions=versions,
        rows=rows,
        revision=int(crd["metadata"].get("resourceVersion") or 0),
    )


def _version(spec: Obj, kind: str, version: Obj) -> Version:
    subresources = version.get("subresources") or {}
    return Version(
        name=version["name"],
        served=bool(version.get("served")),
        schema=(version.get("schema") or {}).get("openAPIV3Schema") or {},
        columns=tuple(version.get("additionalPrinterColumns") or ()) or (_AGE,),
        has_status="status" in subresources,
        scale=subresources.get("scale"),
        selectable=tuple(one["jsonPath"].removeprefix(".") for one in version.get("selectableFields") or ()),
        warning=_deprecation(spec, kind, version),
    )


def _row(spec: Obj, names: Obj, version: Version, terminating: bool) -> Resource:
    subresources = [
        name for name, wanted in (("scale", version.scale is not None), ("status", version.has_status)) if wanted
    ]
    return resource_from(
        f"{spec['group']}/{version.name}",
        kind=names["kind"],
        plural=names["plural"],
        singular=names.get("singular", ""),
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        namespaced=spec["scope"] == "Namespaced",
        verbs=_VERBS_AT_THE_END if terminating else _VERBS,
        subresources=tuple(subresources),
    )


def _deprecation(spec: Obj, kind: str, version: Obj) -> str:
    """`customresource_handler.go: defaultDeprecationWarning`."""
    if not version.get("deprecated"):
        return ""
    if "deprecationWarning" in version:
        return str(version["deprecationWarning"])
    says = f"{spec['group']}/{version['name']} {kind} is deprecated"
    mine = version_priority(version["name"])
    newer = sorted(
        (version_priority(one["name"]), one["name"])
        for one in spec["versions"]
        if one.get("served") and not one.get("deprecated") and version_priority(one["name"]) < mine
    )
    return f"{says}; use {spec['group']}/{newer[0][1]} {kind}" if newer else says


def version_priority(name: str) -> tuple[int, int, int, str]:
    """Sorts versions as `apimachinery/pkg/version/helpers.go` does: v2, v1, v1beta2, v1alpha1, then the rest by name."""
    found = _KUBE_VERSION.fullmatch(name)
    if found is None:
        return (3, 0, 0, name)
    major, stage, minor = found.groups()
    rank = {None: 0, "beta": 1, "alpha": 2}[stage]
    return (rank, -int(major), -int(minor or 0), name)


# Conditions


def find_condition(crd: Obj, type: str) -> Obj | None:
    conditions = (crd.get("status") or {}).get("conditions") or ()
    return next((one for one in conditions if one["type"] == type), None)


def is_true(crd: Obj, type: str) -> bool:
    found = find_condition(crd, type)
    return found is not None and found["status"] == "True"


def with_condition(crd: Obj, condition: Obj, now: str) -> Obj:
    """`apihelpers/helpers.go: SetCRDCondition`: the time changes with the status only."""
    status = crd.get("status") or {}
    old = find_condition(crd, condition["type"])
    changed = old is None or old["status"] != condition["status"]
    fresh = {**condition, "lastTransitionTime": now if changed or old is None else old["lastTransitionTime"]}
    conditions = [fresh if one["type"] == condition["type"] else one for one in status.get("conditions") or ()]
    if old is None:
        conditions.append(fresh)
    return {**crd, "status": {**status, "conditions": conditions}}
