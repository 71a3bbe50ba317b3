"""What expressions of admission may name: `apiserver/pkg/admission/plugin/cel/{compile,composition}.go` (1.33).

Declarations are made once for each combination and are told apart by identity, so that programs can be kept by them.
"""

from __future__ import annotations

from functools import lru_cache

from simulator.machinery.cel import types
from simulator.machinery.cel.checking import Declarations
from simulator.machinery.cel.library.authorizer import AUTHORIZER, RESOURCE
from simulator.machinery.cel.types import BOOL, DYN, INT, STRING, TIMESTAMP, Type, list_of, map_of, object_type

VARIABLES = object_type("kubernetes.variables")
_TEXTS, _PAIRS = list_of(STRING), map_of(STRING, STRING)
_KIND, _RESOURCE = object_type("kubernetes.GroupVersionKind"), object_type("kubernetes.GroupVersionResource")
_USER, _REQUEST = object_type("kubernetes.UserInfo"), object_type("kubernetes.AdmissionRequest")
_NAMESPACE = object_type("kubernetes.Namespace")
_CONDITION = object_type("kubernetes.NamespaceCondition")
_OBJECTS: dict[str, dict[str, Type]] = {
    _KIND.name: {"group": STRING, "version": STRING, "kind": STRING},
    _RESOURCE.name: {"group": STRING, "version": STRING, "resource": STRING},
    _USER.name: {"username": STRING, "uid": STRING, "groups": _TEXTS, "extra": map_of(STRING, _TEXTS)},
    _REQUEST.name: {
        "kind": _KIND,
        "resource": _RESOURCE,
        "subResource": STRING,
        "requestKind": _KIND,
        "requestResource": _RESOURCE,
        "requestSubResource": STRING,
        "name": STRING,
        "namespace": STRING,
        "operation": STRING,
        "userInfo": _USER,
        "dryRun": BOOL,
        "options": DYN,
    },
    _NAMESPACE.name: {
        "metadata": object_type("kubernetes.NamespaceMetadata"),
        "spec": object_type("kubernetes.NamespaceSpec"),
        "status": object_type("kubernetes.NamespaceStatus"),
    },
    "kubernetes.NamespaceSpec": {"finalizers": _TEXTS},
    "kubernetes.NamespaceStatus": {"conditions": list_of(_CONDITION), "phase": STRING},
    _CONDITION.name: {
        "status": STRING,
        "type": STRING,
        "lastTransitionTime": TIMESTAMP,
        "message": STRING,
        "reason": STRING,
    },
    "kubernetes.NamespaceMetadata": {
        "name": STRING,
        "generateName": STRING,
        "namespace": STRING,
        "labels": _PAIRS,
        "annotations": _PAIRS,
        "UID": STRING,
        "creationTimestamp": TIMESTAMP,
        "deletionGracePeriodSeconds": INT,
        "deletionTimestamp": TIMESTAMP,
        "generation": INT,
        "resourceVersion": STRING,
        "finalizers": _TEXTS,
    },
}
Variables = tuple[tuple[str, Type], ...]


@lru_cache(maxsize=256)
def admission(
    *,
    has_params: bool = False,
    variables: Variables | None = None,
    makes_objects: bool = False,
    is_hook: bool = False,
    has_authorizer: bool = True,
) -> Declarations:
    """`variables`: those of a policy with their types; None where there are none to name. Webhooks know no namespace, messages nobody to ask."""
    found: dict[str, Type] = {"object": DYN, "oldObject": DYN, "request": _REQUEST, "namespaceObject": _NAMESPACE}
    if has_authorizer:
        found |= {"authorizer": AUTHORIZER, "authorizer.requestResource": RESOURCE}
    objects = dict(_OBJECTS)
    if is_hook:
        del found["namespaceObject"]
    if has_params:
        found["params"] = DYN
    if variables is not None:
        found["variables"] = VARIABLES
        objects[VARIABLES.name] = dict(variables)
    return Declarations(found, objects, makes_objects)


def typed(base: Declarations, variables: dict[str, Type], objects: dict[str, dict[str, Type]]) -> Declarations:
    """The same with some variables of known types: for looking at a policy with the kinds it is about."""
    return Declarations({**base.variables, **variables}, {**base.objects, **objects}, base.makes_objects)


@lru_cache(maxsize=256)
def free(names: frozenset[str]) -> Declarations:
    """Variables of any type."""
    return Declarations(dict.fromkeys(sorted(names), types.DYN))
