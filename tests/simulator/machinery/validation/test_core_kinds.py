"""What is refused of the other kinds of the core group, word for word after `pkg/apis/core/validation/validation.go` (1.33)."""

from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create

Obj = dict[str, Any]

CASES = [
    pytest.param(
        "configmaps",
        {"data": {"a b": "c"}},
        [
            "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
        ],
        id="configmaps: a key",
    ),
    pytest.param(
        "configmaps",
        {"data": {"a": "b"}, "binaryData": {"a": "Yg=="}},
        ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
        id="configmaps: a key twice",
    ),
    pytest.param(
        "secrets",
        {"type": "kubernetes.io/dockerconfigjson", "data": {}},
        ["data[.dockerconfigjson]: Required value"],
        id="secrets: a registry's login that is missing",
    ),
    pytest.param(
        "secrets",
        {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "YWJj"}},
        [
            "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": invalid character 'a' looking for beginning of value"
        ],
        id="secrets: a registry's login that is no JSON",
    ),
    pytest.param(
        "secrets",
        {"type": "kubernetes.io/tls", "data": {"tls.crt": "YQ=="}},
        ["data[tls.key]: Required value"],
        id="secrets: a certificate without a key",
    ),
    pytest.param(
        "secrets",
        {"type": "kubernetes.io/basic-auth", "data": {}},
        ["data[username]: Required value", "data[password]: Required value"],
        id="secrets: a login of nothing",
    ),
    pytest.param(
        "secrets",
        {"type": "kubernetes.io/ssh-auth", "data": {"ssh-privatekey": ""}},
        ["data[ssh-privatekey]: Required value"],
        id="secrets: a key that is empty",
    ),
    pytest.param(
        "secrets",
        {"type": "kubernetes.io/service-account-token"},
        ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
        id="secrets: a token of nobody",
    ),
    pytest.param(
        "nodes",
        {"spec": {"taints": [{"key": "a", "value": "b c", "effect": "Never"}]}},
        [
            "metadata.taints[0].value: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            'metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
        ],
        id="nodes: a taint's value and effect",
    ),
    pytest.param(
        "nodes",
        {
            "spec": {
                "taints": [{"key": "a", "effect": "NoSchedule"}, {"key": "a", "value": "b", "effect": "NoSchedule"}]
            }
        },
        [
            'metadata.taints[1]: Duplicate value: core.Taint{Key:"a", Value:"b", Effect:"NoSchedule", TimeAdded:<nil>}: taints must be unique by key and effect pair'
        ],
        id="nodes: a taint twice",
    ),
    pytest.param(
        "nodes",
        {"spec": {"podCIDRs": ["10.0.0.0/24", "10.0.1.0/24"]}},
        [
            'spec.podCIDRs: Invalid value: []string{"10.0.0.0/24", "10.0.1.0/24"}: may specify no more than one CIDR for each IP family'
        ],
        id="nodes: ranges of one family",
    ),
    pytest.param(
        "persistentvolumeclaims",
        {"spec": {"accessModes": [], "resources": {"requests": {"storage": "1Gi"}}}},
        ["spec.accessModes: Required value: at least 1 access mode is required"],
        id="persistentvolumeclaims: no mode",
    ),
    pytest.param(
        "persistentvolumeclaims",
        {"spec": {"accessModes": ["ReadOften"], "resources": {"requests": {"storage": "1Gi"}}}},
        [
            'spec.accessModes: Unsupported value: "ReadOften": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'
        ],
        id="persistentvolumeclaims: an unknown mode",
    ),
    pytest.param(
        "persistentvolumeclaims",
        {"spec": {"accessModes": ["ReadWriteOnce", "ReadWriteOncePod"], "resources": {"requests": {"storage": "1Gi"}}}},
        ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"],
        id="persistentvolumeclaims: one pod and others",
    ),
    pytest.param(
        "persistentvolumeclaims",
        {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {}}},
        ["spec.resources[storage]: Required value"],
        id="persistentvolumeclaims: no size",
    ),
    pytest.param(
        "persistentvolumeclaims",
        {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "0"}}}},
        ['spec.resources[storage]: Invalid value: "0": must be greater than zero'],
        id="persistentvolumeclaims: a size of nothing",
    ),
    pytest.param(
        "persistentvolumeclaims",
        {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
                "dataSource": {"kind": "Pod", "name": "a"},
            }
        },
        [
            "spec.dataSource: Invalid value: \"Pod\": must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        ],
        id="persistentvolumeclaims: a source that is no claim",
    ),
    pytest.param(
        "persistentvolumeclaims",
        {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
                "dataSource": {"kind": "PersistentVolumeClaim", "name": "a"},
                "dataSourceRef": {"kind": "PersistentVolumeClaim", "name": "b"},
            }
        },
        ['spec: Invalid value: "spec.dataSource": must match dataSourceRef'],
        id="persistentvolumeclaims: two sources that differ",
    ),
    pytest.param(
        "persistentvolumes",
        {"spec": {"accessModes": ["ReadWriteOnce"], "capacity": {}, "hostPath": {"path": "/d"}}},
        [
            "spec.capacity: Required value",
            'spec.capacity: Unsupported value: core.ResourceList{…}: supported values: "storage"',
        ],
        id="persistentvolumes: no size",
    ),
    pytest.param(
        "persistentvolumes",
        {"spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}},
        ["spec: Required value: must specify a volume type"],
        id="persistentvolumes: no source",
    ),
    pytest.param(
        "persistentvolumes",
        {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": "1Gi"},
                "hostPath": {"path": "/d"},
                "nfs": {"server": "a", "path": "/b"},
            }
        },
        ["spec.nfs: Forbidden: may not specify more than 1 volume type"],
        id="persistentvolumes: two sources",
    ),
    pytest.param(
        "persistentvolumes",
        {"spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "csi": {"driver": "d"}}},
        ["spec.csi.volumeHandle: Required value"],
        id="persistentvolumes: a driver without a handle",
    ),
    pytest.param(
        "persistentvolumes",
        {"spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "local": {"path": "/d"}}},
        ["spec.local.nodeAffinity: Required value: Local volume requires node affinity"],
        id="persistentvolumes: a local path without a node",
    ),
    pytest.param(
        "persistentvolumes",
        {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": "1Gi"},
                "hostPath": {"path": "/d"},
                "persistentVolumeReclaimPolicy": "Keep",
            }
        },
        [
            'spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Retain"'
        ],
        id="persistentvolumes: what becomes of it",
    ),
    pytest.param(
        "persistentvolumes",
        {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": "1Gi"},
                "hostPath": {"path": "/"},
                "persistentVolumeReclaimPolicy": "Recycle",
            }
        },
        ["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"],
        id="persistentvolumes: a root that is recycled",
    ),
    pytest.param(
        "resourcequotas",
        {"spec": {"hard": {"gpu": "1"}}},
        [
            "spec.hard[gpu]: Invalid value: gpu: must be a standard resource type or fully qualified",
            "spec.hard[gpu]: Invalid value: gpu: must be a standard resource for quota",
        ],
        id="resourcequotas: an unknown resource",
    ),
    pytest.param(
        "resourcequotas",
        {"spec": {"hard": {"pods": "-1"}}},
        ['spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0'],
        id="resourcequotas: less than nothing",
    ),
    pytest.param(
        "resourcequotas",
        {"spec": {"hard": {"pods": "1"}, "scopes": ["Big"]}},
        ['spec.scopes: Invalid value: []core.ResourceQuotaScope{"Big"}: unsupported scope'],
        id="resourcequotas: an unknown scope",
    ),
    pytest.param(
        "resourcequotas",
        {"spec": {"hard": {"pods": "1"}, "scopes": ["BestEffort", "NotBestEffort"]}},
        ['spec.scopes: Invalid value: []core.ResourceQuotaScope{"BestEffort", "NotBestEffort"}: conflicting scopes'],
        id="resourcequotas: scopes that exclude each other",
    ),
    pytest.param(
        "resourcequotas",
        {"spec": {"hard": {"cpu": "1"}, "scopes": ["BestEffort"]}},
        ['spec.scopes: Invalid value: []core.ResourceQuotaScope{"BestEffort"}: unsupported scope applied to resource'],
        id="resourcequotas: a scope that does not fit",
    ),
    pytest.param(
        "resourcequotas",
        {
            "spec": {
                "hard": {"pods": "1"},
                "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]},
            }
        },
        [
            "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
        ],
        id="resourcequotas: a scope's operator",
    ),
    pytest.param(
        "limitranges",
        {"spec": {"limits": [{"type": "Thing"}]}},
        ['spec.limits[0].type: Invalid value: "Thing": must be a standard limit type or fully qualified'],
        id="limitranges: a kind",
    ),
    pytest.param(
        "limitranges",
        {"spec": {"limits": [{"type": "Pod", "default": {"cpu": "1"}}]}},
        ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"],
        id="limitranges: defaults of pods",
    ),
    pytest.param(
        "limitranges",
        {"spec": {"limits": [{"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}]}},
        [
            "spec.limits[0].min[cpu]: Invalid value: 2: min value 2 is greater than max value 1",
            "spec.limits[0].defaultRequest[cpu]: Invalid value: 1: min value 2 is greater than default request value 1",
            "spec.limits[0].default[cpu]: Invalid value: 2: min value 2 is greater than default value 1",
        ],
        id="limitranges: least above most",
    ),
    pytest.param(
        "limitranges",
        {"spec": {"limits": [{"type": "Container", "min": {"cpu": "2"}, "default": {"cpu": "1"}}]}},
        [
            "spec.limits[0].defaultRequest[cpu]: Invalid value: 1: min value 2 is greater than default request value 1",
            "spec.limits[0].default[cpu]: Invalid value: 2: min value 2 is greater than default value 1",
        ],
        id="limitranges: a default below the least",
    ),
    pytest.param(
        "limitranges",
        {"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}, "default": {"cpu": "2"}}]}},
        [
            "spec.limits[0].defaultRequest[cpu]: Invalid value: 2: default request value 2 is greater than max value 1",
            "spec.limits[0].default[cpu]: Invalid value: 1: default value 2 is greater than max value 1",
        ],
        id="limitranges: a default above the most",
    ),
    pytest.param(
        "limitranges",
        {"spec": {"limits": [{"type": "Container", "maxLimitRequestRatio": {"cpu": "500m"}}]}},
        ["spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: 500m: ratio 500m is less than 1"],
        id="limitranges: a ratio below one",
    ),
    pytest.param(
        "limitranges",
        {"spec": {"limits": [{"type": "PersistentVolumeClaim", "maxLimitRequestRatio": {"storage": "2"}}]}},
        [
            "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided"
        ],
        id="limitranges: claims without bounds",
    ),
    pytest.param(
        "events",
        {"involvedObject": {"namespace": "other"}},
        ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
        id="events: elsewhere",
    ),
    pytest.param(
        "configmaps",
        {"metadata": {"finalizers": ["mine"]}},
        [
            'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified'
        ],
        id="configmaps: a finalizer",
    ),
]


@pytest.mark.parametrize(("resource", "given", "says"), CASES)
def test_what_is_refused(resource: str, given: Obj, says: list[str]) -> None:
    known = resources.by_name(resource)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    whole = {**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}
    assert [str(error) for error in validate_create(resource, default(resource, whole))] == says
