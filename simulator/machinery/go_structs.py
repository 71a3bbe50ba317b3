"""The order in which Go prints the fields of an object: that of its structs, where a map is sorted.

Promises: an object in the order of `staging/src/k8s.io/api`. Fields of a struct stand in the order of their protobuf numbers,
which is the order in which they are declared, but for the structs named below.
"""

from __future__ import annotations

from typing import Any

from simulator.engine.plain import Obj
from simulator.machinery.protobuf import field_order
from simulator.machinery.schemas import Schema, schema_for

_DECLARED = {
    "HTTPIngressPath": ("path", "pathType", "backend"),
    "ConfigMapProjection": ("name", "items", "optional"),
    "SecretProjection": ("name", "items", "optional"),
    "JobSpec": (
        "parallelism", "completions", "activeDeadlineSeconds", "podFailurePolicy", "successPolicy", "backoffLimit",
        "backoffLimitPerIndex", "maxFailedIndexes", "selector", "manualSelector", "template", "ttlSecondsAfterFinished",
        "completionMode", "suspend", "podReplacementPolicy", "managedBy",
    ),
    "ServiceSpec": (
        "ports", "selector", "clusterIP", "clusterIPs", "type", "externalIPs", "sessionAffinity", "loadBalancerIP",
        "loadBalancerSourceRanges", "externalName", "externalTrafficPolicy", "healthCheckNodePort",
        "publishNotReadyAddresses", "sessionAffinityConfig", "ipFamilies", "ipFamilyPolicy",
        "allocateLoadBalancerNodePorts", "loadBalancerClass", "internalTrafficPolicy", "trafficDistribution",
    ),
    "OwnerReference": ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"),
    "Container": (
        "name", "image", "command", "args", "workingDir", "ports", "envFrom", "env", "resources", "resizePolicy",
        "restartPolicy", "volumeMounts", "volumeDevices", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle",
        "terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy", "securityContext", "stdin", "stdinOnce", "tty",
    ),
}  # fmt: skip
_FIRST = ("kind", "apiVersion")


def in_order_of_structs(obj: Obj) -> Obj:
    """The same object, its keys in the order in which Go prints them; an object of an unknown kind stays as it is."""
    schema = schema_for(str(obj.get("apiVersion")), str(obj.get("kind")))
    if schema is None:
        return obj
    ordered: Obj = _ordered(obj, schema)
    return {**{key: obj[key] for key in _FIRST if key in obj}, **ordered}


def _ordered(value: Any, schema: Schema) -> Any:
    if isinstance(value, list):
        return [_ordered(item, schema.items) if schema.items is not None else item for item in value]
    if not isinstance(value, dict):
        return value
    known = _DECLARED.get(schema.go_type) or field_order(schema.definition)
    names = [*(name for name in known if name in value), *sorted(name for name in value if name not in known)]
    return {name: _ordered(value[name], _below(schema, name)) for name in names}


def _below(schema: Schema, name: str) -> Schema:
    return schema.properties.get(name) or schema.values or _ANY


_ANY = Schema({})
