"""The CustomResourceDefinitions of snapshot.storage.k8s.io/v1, and the controller's Deployment.

Schemas of our own after `client/apis/volumesnapshot/v1/types.go` of kubernetes-csi/external-snapshotter: fields, enumerations and the rules
that decide what is accepted, without descriptions.
"""

from typing import Any

Obj = dict[str, Any]
GROUP = "snapshot.storage.k8s.io"
IMAGE = "registry.k8s.io/sig-storage/snapshot-controller"
_APPROVED = "https://github.com/kubernetes-csi/external-snapshotter/pull/814"
_TEXT: Obj = {"type": "string"}
_QUANTITY: Obj = {
    "x-kubernetes-int-or-string": True,
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "pattern": r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$",
}
_POLICY: Obj = {"type": "string", "enum": ["Delete", "Retain"]}
_ERROR: Obj = {"type": "object", "properties": {"message": _TEXT, "time": {"type": "string", "format": "date-time"}}}
_AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


def _object(*required: str, **properties: Obj) -> Obj:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def _rule(rule: str, message: str) -> Obj:
    return {"rule": rule, "message": message}


def _one_of(first: str, second: str) -> Obj:
    """Two fields of which one is set, once and for all."""
    apart = f"(has(self.{first}) && !has(self.{second})) || (!has(self.{first}) && has(self.{second}))"
    kept = [_rule(f"!has(oldSelf.{one}) || has(self.{one})", f"{one} is required once set") for one in (first, second)]
    fields = {
        one: {**_TEXT, "x-kubernetes-validations": [_rule("self == oldSelf", f"{one} is immutable")]}
        for one in (first, second)
    }
    rules = [*kept, _rule(apart, f"exactly one of {first} and {second} must be set")]
    return {**_object(**fields), "x-kubernetes-validations": rules}


_NOT_EMPTY = _rule("size(self) > 0", "volumeSnapshotClassName must not be the empty string when set")
_CLASS_NAME: Obj = {**_TEXT, "x-kubernetes-validations": [_NOT_EMPTY]}
_SNAPSHOT = _object(
    "spec",
    spec=_object(
        "source",
        source=_one_of("volumeSnapshotContentName", "persistentVolumeClaimName"),
        volumeSnapshotClassName=_CLASS_NAME,
    ),
    status=_object(
        boundVolumeSnapshotContentName=_TEXT,
        creationTime={"type": "string", "format": "date-time"},
        error=_ERROR,
        readyToUse={"type": "boolean"},
        restoreSize=_QUANTITY,
    ),
)
_CLASS = _object(
    "deletionPolicy",
    "driver",
    deletionPolicy=_POLICY,
    driver=_TEXT,
    parameters={"type": "object", "additionalProperties": _TEXT},
)
_CONTENT = _object(
    "spec",
    spec=_object(
        "deletionPolicy",
        "driver",
        "source",
        "volumeSnapshotRef",
        deletionPolicy=_POLICY,
        driver=_TEXT,
        source=_one_of("volumeHandle", "snapshotHandle"),
        sourceVolumeMode=_TEXT,
        volumeSnapshotClassName=_CLASS_NAME,
        volumeSnapshotRef=_object(apiVersion=_TEXT, kind=_TEXT, name=_TEXT, namespace=_TEXT, uid=_TEXT),
    ),
    status=_object(
        creationTime={"type": "integer", "format": "int64"},
        error=_ERROR,
        readyToUse={"type": "boolean"},
        restoreSize={"type": "integer", "format": "int64", "minimum": 0},
        snapshotHandle=_TEXT,
    ),
)


def _column(name: str, path: str, type: str = "string") -> Obj:
    return {"name": name, "type": type, "jsonPath": path}


_KINDS: dict[str, tuple[str, str, list[str], str, Obj, list[Obj]]] = {
    "volumesnapshotclasses": (
        "VolumeSnapshotClass",
        "Cluster",
        ["vsclass", "vsclasses"],
        "volumesnapshotclass",
        _CLASS,
        [_column("Driver", ".driver"), _column("DeletionPolicy", ".deletionPolicy")],
    ),
    "volumesnapshotcontents": (
        "VolumeSnapshotContent",
        "Cluster",
        ["vsc", "vscs"],
        "volumesnapshotcontent",
        _CONTENT,
        [
            _column("ReadyToUse", ".status.readyToUse", "boolean"),
            _column("RestoreSize", ".status.restoreSize", "integer"),
            _column("DeletionPolicy", ".spec.deletionPolicy"),
            _column("Driver", ".spec.driver"),
            _column("VolumeSnapshotClass", ".spec.volumeSnapshotClassName"),
            _column("VolumeSnapshot", ".spec.volumeSnapshotRef.name"),
            _column("VolumeSnapshotNamespace", ".spec.volumeSnapshotRef.namespace"),
        ],
    ),
    "volumesnapshots": (
        "VolumeSnapshot",
        "Namespaced",
        ["vs"],
        "volumesnapshot",
        _SNAPSHOT,
        [
            _column("ReadyToUse", ".status.readyToUse", "boolean"),
            _column("SourcePVC", ".spec.source.persistentVolumeClaimName"),
            _column("SourceSnapshotContent", ".spec.source.volumeSnapshotContentName"),
            _column("RestoreSize", ".status.restoreSize"),
            _column("SnapshotClass", ".spec.volumeSnapshotClassName"),
            _column("SnapshotContent", ".status.boundVolumeSnapshotContentName"),
            _column("CreationTime", ".status.creationTime", "date"),
        ],
    ),
}
PLURALS = tuple(_KINDS)


def definition(plural: str) -> Obj:
    kind, scope, short, singular, schema, columns = _KINDS[plural]
    version: Obj = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": [*columns, _AGE],
    }
    if plural != "volumesnapshotclasses":
        version["subresources"] = {"status": {}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}", "annotations": {"api-approved.kubernetes.io": _APPROVED}},
        "spec": {
            "group": GROUP,
            "scope": scope,
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": singular,
                "shortNames": short,
            },
            "versions": [version],
        },
    }


def snapshot_controller(release: str) -> list[Obj]:
    """`deploy/kubernetes/snapshot-controller/setup-snapshot-controller.yaml`, with one replica."""
    labels = {"app.kubernetes.io/name": "snapshot-controller"}
    container = {
        "name": "snapshot-controller",
        "image": f"{IMAGE}:{release}",
        "args": ["--v=5", "--leader-election=true"],
    }
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "snapshot-controller", "namespace": "kube-system"},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"serviceAccountName": "snapshot-controller", "containers": [container]},
                },
            },
        }
    ]


def snapshot_account() -> list[Obj]:
    """`rbac-snapshot-controller.yaml`, less the roles: controllers of the cluster are never asked."""
    metadata = {"name": "snapshot-controller", "namespace": "kube-system"}
    return [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}]
