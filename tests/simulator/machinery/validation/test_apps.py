"""What is refused of workloads, word for word after `pkg/apis/apps/validation/validation.go` (1.33)."""

from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create

Obj = dict[str, Any]

CASES = [
    pytest.param(
        "deployments.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "replicas": -1,
            }
        },
        ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
        id="deployments: replicas below zero",
    ),
    pytest.param(
        "deployments.apps",
        {
            "spec": {
                "selector": {},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
            }
        },
        [
            "spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string(nil), MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: empty selector is invalid for deployment"
        ],
        id="deployments: an empty selector",
    ),
    pytest.param(
        "deployments.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "c"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
            }
        },
        [
            'spec.template.metadata.labels: Invalid value: map[string]string{"a":"b"}: `selector` does not match template `labels`'
        ],
        id="deployments: labels that do not match",
    ),
    pytest.param(
        "deployments.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "strategy": {"type": "Blue"},
            }
        },
        ['spec.strategy: Unsupported value: apps.DeploymentStrategy{…}: supported values: "Recreate", "RollingUpdate"'],
        id="deployments: a strategy",
    ),
    pytest.param(
        "deployments.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}},
            }
        },
        ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
        id="deployments: Recreate with bounds",
    ),
    pytest.param(
        "deployments.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}},
            }
        },
        ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"],
        id="deployments: nothing may move",
    ),
    pytest.param(
        "deployments.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "a%", "maxUnavailable": 0}},
            }
        },
        [
            "spec.strategy.rollingUpdate.maxSurge: Invalid value: a%: a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
        ],
        id="deployments: no percentage",
    ),
    pytest.param(
        "deployments.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "101%"}},
            }
        },
        ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 101%: must not be greater than 100%"],
        id="deployments: above hundred",
    ),
    pytest.param(
        "deployments.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "minReadySeconds": 10,
                "progressDeadlineSeconds": 10,
            }
        },
        ["spec.progressDeadlineSeconds: Invalid value: 10: must be greater than minReadySeconds"],
        id="deployments: a deadline within the wait",
    ),
    pytest.param(
        "deployments.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {
                    "metadata": {"labels": {"a": "b"}},
                    "spec": {
                        "restartPolicy": "Never",
                        "activeDeadlineSeconds": 1,
                        "containers": [{"name": "a", "image": "b"}],
                    },
                },
            }
        },
        [
            'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
            "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported",
        ],
        id="deployments: pods that end",
    ),
    pytest.param(
        "replicasets.apps",
        {
            "spec": {
                "selector": {},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
            }
        },
        [
            "spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string(nil), MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: empty selector is invalid for deployment"
        ],
        id="replicasets: an empty selector",
    ),
    pytest.param(
        "statefulsets.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "podManagementPolicy": "Chaos",
                "serviceName": "x",
            }
        },
        ["spec.podManagementPolicy: Invalid value: \"Chaos\": must be 'OrderedReady' or 'Parallel'"],
        id="statefulsets: management",
    ),
    pytest.param(
        "statefulsets.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "updateStrategy": {"type": "Blue"},
            }
        },
        [
            "spec.updateStrategy: Invalid value: apps.StatefulSetUpdateStrategy{Type:\"Blue\", RollingUpdate:(*apps.RollingUpdateStatefulSetStrategy)(nil)}: must be 'RollingUpdate' or 'OnDelete'"
        ],
        id="statefulsets: a strategy",
    ),
    pytest.param(
        "statefulsets.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 1}},
            }
        },
        [
            "spec.updateStrategy.rollingUpdate: Invalid value: apps.RollingUpdateStatefulSetStrategy{…}: only allowed for updateStrategy 'RollingUpdate'"
        ],
        id="statefulsets: a partition without rolling",
    ),
    pytest.param(
        "statefulsets.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": -1}},
            }
        },
        ["spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0"],
        id="statefulsets: a partition below zero",
    ),
    pytest.param(
        "statefulsets.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Keep", "whenScaled": "Retain"},
            }
        },
        [
            'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep": supported values: "Retain", "Delete"'
        ],
        id="statefulsets: what becomes of claims",
    ),
    pytest.param(
        "statefulsets.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "ordinals": {"start": -1},
            }
        },
        ["spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0"],
        id="statefulsets: an ordinal below zero",
    ),
    pytest.param(
        "statefulsets.apps",
        {
            "metadata": {"name": "a.b"},
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
            },
        },
        ['metadata.name: Invalid value: "a.b": must not contain dots'],
        id="statefulsets: a name with a dot",
    ),
    pytest.param(
        "daemonsets.apps",
        {
            "spec": {
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}}
            }
        },
        [
            'spec.template.metadata.labels: Invalid value: map[string]string{"a":"b"}: `selector` does not match template `labels`'
        ],
        id="daemonsets: no selector",
    ),
    pytest.param(
        "daemonsets.apps",
        {
            "spec": {
                "selector": {},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
            }
        },
        [
            "spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string(nil), MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: empty selector is invalid for daemonset"
        ],
        id="daemonsets: an empty selector",
    ),
    pytest.param(
        "daemonsets.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "updateStrategy": {"type": "Blue"},
            }
        },
        [
            'spec.updateStrategy: Unsupported value: apps.DaemonSetUpdateStrategy{…}: supported values: "RollingUpdate", "OnDelete"'
        ],
        id="daemonsets: a strategy",
    ),
    pytest.param(
        "daemonsets.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 0}},
            }
        },
        ["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
        id="daemonsets: nothing may move",
    ),
    pytest.param(
        "daemonsets.apps",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}},
            }
        },
        [
            "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"
        ],
        id="daemonsets: both may move",
    ),
    pytest.param(
        "replicationcontrollers",
        {
            "spec": {
                "selector": {"a": "c"},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}},
            }
        },
        [
            'spec.template.metadata.labels: Invalid value: map[string]string{"a":"b"}: `selector` does not match template `labels`'
        ],
        id="replicationcontrollers: labels that do not match",
    ),
    pytest.param(
        "controllerrevisions.apps",
        {"revision": -1},
        ["data: Required value: data is mandatory", "revision: Invalid value: -1: must be greater than or equal to 0"],
        id="controllerrevisions: no data",
    ),
]


@pytest.mark.parametrize(("resource", "given", "says"), CASES)
def test_what_is_refused(resource: str, given: Obj, says: list[str]) -> None:
    known = resources.by_name(resource)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    whole = {**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}
    assert [str(error) for error in validate_create(resource, default(resource, whole))] == says
