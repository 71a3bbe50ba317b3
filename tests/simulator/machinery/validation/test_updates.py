"""What no update may do, word for word after the `Validate…Update` functions of `pkg/apis/*/validation` (1.33)."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import FieldError, validate_update
from simulator.machinery.validation.pod_updates import validate_ephemeral_update
from simulator.machinery.validation.resize import validate_resize

Obj = dict[str, Any]
#: subresources of pods have rules of their own
OF_PODS: dict[str, Callable[[Obj, Obj], list[FieldError]]] = {
    "resize": validate_resize,
    "ephemeral": validate_ephemeral_update,
}
CASES = [
    pytest.param(
        "configmaps",
        {"immutable": True, "data": {"a": "b"}},
        {"data": {"a": "c"}},
        ["data: Forbidden: field is immutable when `immutable` is set"],
        id="configmaps: an immutable one",
    ),
    pytest.param(
        "configmaps",
        {"immutable": True},
        {"immutable": False},
        ["immutable: Forbidden: field is immutable when `immutable` is set"],
        id="configmaps: no longer immutable",
    ),
    pytest.param(
        "secrets",
        {"type": "Opaque"},
        {"type": "a/b"},
        ['type: Invalid value: "a/b": field is immutable'],
        id="secrets: another type",
    ),
    pytest.param(
        "nodes",
        {"spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24"]}},
        {"spec": {"podCIDRs": ["10.0.1.0/24"]}},
        ['spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'],
        id="nodes: another range",
    ),
    pytest.param(
        "nodes",
        {"spec": {"providerID": "a"}},
        {"spec": {"providerID": "b"}},
        ['spec.providerID: Forbidden: node updates may not change providerID except from "" to valid'],
        id="nodes: another provider",
    ),
    pytest.param(
        "nodes",
        {},
        {"status": {"addresses": [{"type": "Hostname", "address": "a"}, {"type": "Hostname", "address": "a"}]}},
        ['status.addresses[1]: Duplicate value: core.NodeAddress{Type:"Hostname", Address:"a"}'],
        id="nodes: an address twice",
    ),
    pytest.param(
        "services",
        {"spec": {"ports": [{"port": 80}], "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"]}},
        {"spec": {"clusterIP": "10.0.0.2", "clusterIPs": ["10.0.0.2"]}},
        ['spec.clusterIPs[0]: Invalid value: []string{"10.0.0.2"}: may not change once set'],
        id="services: another address",
    ),
    pytest.param(
        "persistentvolumes",
        {"spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/d"}}},
        {"spec": {"hostPath": {"path": "/other"}}},
        ["spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation"],
        id="persistentvolumes: another source",
    ),
    pytest.param(
        "resourcequotas",
        {"spec": {"scopes": ["BestEffort"]}},
        {"spec": {"scopes": ["Terminating"]}},
        ['spec.scopes: Invalid value: []core.ResourceQuotaScope{"Terminating"}: field is immutable'],
        id="resourcequotas: other scopes",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1"}], "activeDeadlineSeconds": 5}},
        {"spec": {"activeDeadlineSeconds": 6}},
        ["spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value"],
        id="pods: a deadline that is later",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1"}], "activeDeadlineSeconds": 5}},
        {"spec": {"activeDeadlineSeconds": None}},
        ['spec.activeDeadlineSeconds: Invalid value: "null": must not update from a positive integer to nil value'],
        id="pods: a deadline that is taken away",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "tolerations": [{"key": "a", "operator": "Exists"}],
            },
        },
        {"spec": {"tolerations": []}},
        ["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"],
        id="pods: a toleration that is taken away",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "schedulingGates": [{"name": "x"}],
                "nodeSelector": {"a": "b"},
            },
        },
        {"spec": {"schedulingGates": [{"name": "y"}]}},
        ["spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'y'"],
        id="pods: another gate",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "schedulingGates": [{"name": "x"}],
                "nodeSelector": {"a": "b"},
            },
        },
        {"spec": {"nodeSelector": {"a": None}}},
        [
            "spec.nodeSelector: Invalid value: map[string]string{}: only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        ],
        id="pods: a wider selector behind a gate",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "schedulingGates": [{"name": "x"}],
                "nodeSelector": {"a": "b"},
            },
        },
        {"spec": {"nodeSelector": {"c": "d"}}},
        [],
        id="pods: a narrower selector behind a gate",
    ),
    pytest.param(
        "statefulsets.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "serviceName": "a",
            }
        },
        {"spec": {"serviceName": "b"}},
        [
            "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
        ],
        id="statefulsets: another service",
    ),
    pytest.param(
        "daemonsets.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
            }
        },
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b", "c": "d"}},
                "template": {"metadata": {"labels": {"a": "b", "c": "d"}}},
            }
        },
        [
            'spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"a":"b", "c":"d"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable'
        ],
        id="daemonsets: another selector",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "completions": 2,
            }
        },
        {"spec": {"completions": 3}},
        ["spec.completions: Invalid value: 3: field is immutable"],
        id="jobs: other completions",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "completions": 2,
                "parallelism": 2,
                "completionMode": "Indexed",
            }
        },
        {"spec": {"completions": 3}},
        ["spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism"],
        id="jobs: an indexed job alone",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "completions": 2,
                "parallelism": 2,
                "completionMode": "Indexed",
            }
        },
        {"spec": {"completions": 3, "parallelism": 3}},
        [],
        id="jobs: an indexed job in tandem",
    ),
    pytest.param(
        "jobs.batch",
        {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}}},
        {"spec": {"template": {"spec": {"hostNetwork": True}}}},
        ["spec.template: Invalid value: core.PodTemplateSpec{…}: field is immutable"],
        id="jobs: another template",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "suspend": True,
            }
        },
        {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}},
        [],
        id="jobs: another place while it waits",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "completions": 2,
                "parallelism": 2,
            }
        },
        {"spec": {"completionMode": "Indexed"}},
        ['spec.completionMode: Invalid value: "Indexed": field is immutable'],
        id="jobs: another mode",
    ),
    pytest.param(
        "ingressclasses.networking.k8s.io",
        {"spec": {"controller": "a.b/c"}},
        {"spec": {"controller": "a.b/d"}},
        ['spec.controller: Invalid value: "a.b/d": field is immutable'],
        id="ingressclasses: another controller",
    ),
    pytest.param(
        "endpointslices.discovery.k8s.io",
        {"addressType": "IPv4", "endpoints": []},
        {"addressType": "IPv6"},
        ['addressType: Invalid value: "IPv6": field is immutable'],
        id="endpointslices: another type",
    ),
    pytest.param(
        "storageclasses.storage.k8s.io",
        {"provisioner": "a/b", "parameters": {"a": "b"}},
        {
            "provisioner": "c/d",
            "parameters": {"a": "c"},
            "reclaimPolicy": "Retain",
            "volumeBindingMode": "WaitForFirstConsumer",
        },
        [
            "parameters: Forbidden: updates to parameters are forbidden.",
            "provisioner: Forbidden: updates to provisioner are forbidden.",
            "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.",
            'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
        ],
        id="storageclasses: all of it",
    ),
    pytest.param(
        "volumeattachments.storage.k8s.io",
        {"spec": {"attacher": "a", "nodeName": "n", "source": {"persistentVolumeName": "p"}}},
        {"spec": {"nodeName": "m"}},
        ["spec: Invalid value: storage.VolumeAttachmentSpec{…}: field is immutable"],
        id="volumeattachments: another node",
    ),
    pytest.param(
        "rolebindings.rbac.authorization.k8s.io",
        {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a"}},
        {"roleRef": {"name": "b"}},
        [
            'roleRef: Invalid value: rbac.RoleRef{APIGroup:"rbac.authorization.k8s.io", Kind:"Role", Name:"b"}: cannot change roleRef'
        ],
        id="rolebindings: another role",
    ),
    pytest.param(
        "priorityclasses.scheduling.k8s.io",
        {"value": 1},
        {"value": 2},
        ["value: Forbidden: may not be changed in an update."],
        id="priorityclasses: another value",
    ),
    pytest.param(
        "runtimeclasses.node.k8s.io",
        {"handler": "a"},
        {"handler": "b"},
        ['handler: Invalid value: "b": field is immutable'],
        id="runtimeclasses: another handler",
    ),
    pytest.param(
        "poddisruptionbudgets.policy",
        {"spec": {"minAvailable": 1}},
        {"status": {"conditions": [{"type": "A", "status": "Maybe"}], "currentHealthy": -1}},
        [
            'status.conditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
            "status.conditions[0].lastTransitionTime: Required value: must be set",
            "status.conditions[0].reason: Required value: must be set",
            "status.currentHealthy: Invalid value: -1: must be greater than or equal to 0",
        ],
        id="poddisruptionbudgets: a condition without a reason",
    ),
    pytest.param(
        "deployments.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
            }
        },
        {"status": {"conditions": [{"type": "A", "status": "True"}]}},
        [],
        id="deployments: a condition without a reason is fine",
    ),
    pytest.param(
        "resize",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                    }
                ]
            },
        },
        {
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "resources": {"requests": {"cpu": "2", "memory": "2Gi"}, "limits": {"memory": "2Gi"}},
                    }
                ]
            }
        },
        [],
        id="resize: more of both",
    ),
    pytest.param(
        "resize",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                    }
                ]
            },
        },
        {
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                    }
                ]
            }
        },
        ["spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed"],
        id="resize: a request that goes",
    ),
    pytest.param(
        "resize",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                    }
                ]
            },
        },
        {
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "512Mi"}},
                    }
                ]
            }
        },
        [
            'spec.containers[0].resources.requests: Invalid value: "1Gi": must be less than or equal to memory limit of 512Mi',
            "spec.containers[0].resources.limits[memory]: Forbidden: memory limits cannot be decreased unless resizePolicy is RestartContainer",
        ],
        id="resize: less memory",
    ),
    pytest.param(
        "resize",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                    }
                ]
            },
        },
        {
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "resources": {
                            "requests": {"cpu": "1", "memory": "1Gi"},
                            "limits": {"cpu": "1", "memory": "1Gi"},
                        },
                    }
                ]
            }
        },
        ['spec: Invalid value: "": Pod QOS Class may not change as a result of resizing'],
        id="resize: another class",
    ),
    pytest.param(
        "resize",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                    }
                ]
            },
        },
        {
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "resources": {
                            "requests": {"cpu": "1", "memory": "1Gi", "ephemeral-storage": "1Gi"},
                            "limits": {"memory": "1Gi"},
                        },
                    }
                ]
            }
        },
        ["spec: Forbidden: only cpu and memory resources are mutable"],
        id="resize: another resource",
    ),
    pytest.param(
        "resize",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                    }
                ]
            },
        },
        {
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "c:1",
                        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                    }
                ]
            }
        },
        ["spec: Forbidden: only cpu and memory resources are mutable"],
        id="resize: another image",
    ),
    pytest.param(
        "resize",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                    }
                ]
            },
        },
        {
            "spec": {
                "containers": [
                    {
                        "name": "z",
                        "image": "b:1",
                        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                    }
                ]
            }
        },
        ["spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize"],
        id="resize: another name",
    ),
    pytest.param(
        "resize",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1"}], "resources": {"requests": {"cpu": "1"}}},
        },
        {"spec": {"resources": {"requests": {"cpu": "2"}}}},
        ["[]: Forbidden: pods with pod-level resources cannot be resized"],
        id="resize: pod-level resources",
    ),
    pytest.param(
        "resize",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1"}], "os": {"name": "windows"}}},
        {"metadata": {"labels": {"a": "b"}}},
        ["[]: Forbidden: windows pods cannot be resized"],
        id="resize: Windows",
    ),
    pytest.param(
        "ephemeral",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1"}]}},
        {"spec": {"ephemeralContainers": [{"name": "a", "image": "b"}]}},
        ['spec.ephemeralContainers[0].name: Duplicate value: "a"'],
        id="ephemeral: a name that is taken",
    ),
    pytest.param(
        "ephemeral",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1"}]}},
        {
            "spec": {
                "ephemeralContainers": [
                    {
                        "name": "d",
                        "image": "b",
                        "imagePullPolicy": "Always",
                        "terminationMessagePolicy": "File",
                        "ports": [{"containerPort": 80, "protocol": "TCP"}],
                        "livenessProbe": {"tcpSocket": {"port": 80}},
                    }
                ]
            }
        },
        [
            "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
            "spec.ephemeralContainers[0].livenessProbe: Forbidden: cannot be set for an Ephemeral Container",
        ],
        id="ephemeral: with ports and a probe",
    ),
    pytest.param(
        "ephemeral",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1"}]}},
        {
            "spec": {
                "ephemeralContainers": [
                    {
                        "name": "d",
                        "image": "b",
                        "imagePullPolicy": "Always",
                        "terminationMessagePolicy": "File",
                        "targetContainerName": "z",
                    }
                ]
            }
        },
        ['spec.ephemeralContainers[0].targetContainerName: Not found: "z"'],
        id="ephemeral: whom it looks at",
    ),
]


def merged(obj: Obj, change: Obj) -> Obj:
    for key, value in change.items():
        if value is None:
            obj.pop(key, None)
        elif isinstance(value, dict) and isinstance(obj.get(key), dict):
            merged(obj[key], value)
        else:
            obj[key] = value
    return obj


@pytest.mark.parametrize(("resource", "given", "change", "says"), CASES)
def test_what_an_update_may_not_do(resource: str, given: Obj, change: Obj, says: list[str]) -> None:
    name = "pods" if resource in OF_PODS else resource
    known = resources.by_name(name)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    old = default(name, copy.deepcopy({**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}))
    new = default(name, merged(copy.deepcopy(old), copy.deepcopy(change)))
    found = OF_PODS[resource](new, old) if resource in OF_PODS else validate_update(resource, new, old)
    assert [str(error) for error in found] == says
