"""What is refused of horizontal autoscalers, word for word after `pkg/apis/autoscaling/validation/validation.go` (1.33)."""

from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create

Obj = dict[str, Any]

CASES = [
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
                "minReplicas": 0,
            }
        },
        [
            "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
            "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas",
        ],
        id="horizontalpodautoscalers: fewer than one",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
                "minReplicas": 3,
            }
        },
        ["spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`"],
        id="horizontalpodautoscalers: most below least",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {"spec": {"maxReplicas": 0, "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"}}},
        [
            "spec.maxReplicas: Invalid value: 0: must be greater than 0",
            "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
        ],
        id="horizontalpodautoscalers: no most",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {"spec": {"maxReplicas": 2, "scaleTargetRef": {}}},
        ["spec.scaleTargetRef.kind: Required value", "spec.scaleTargetRef.name: Required value"],
        id="horizontalpodautoscalers: no target",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
                "metrics": [{}],
            }
        },
        [
            "spec.metrics[0].type: Required value: must specify a metric source type",
            'spec.metrics[0].type: Unsupported value: "": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
        ],
        id="horizontalpodautoscalers: a metric without a kind",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
                "metrics": [{"type": "Resource"}],
            }
        },
        ["spec.metrics[0].resource: Required value: must populate information for the given metric source"],
        id="horizontalpodautoscalers: a metric without a source",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
                "metrics": [
                    {
                        "type": "Resource",
                        "pods": {"metric": {"name": "a"}, "target": {"type": "AverageValue", "averageValue": "1"}},
                    }
                ],
            }
        },
        ["spec.metrics[0].resource: Required value: must populate information for the given metric source"],
        id="horizontalpodautoscalers: a metric with another source",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
                "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}}],
            }
        },
        [
            "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization"
        ],
        id="horizontalpodautoscalers: a resource without a target",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": 1, "averageValue": "1"},
                        },
                    }
                ],
            }
        },
        [
            "spec.metrics[0].resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization"
        ],
        id="horizontalpodautoscalers: a resource with two targets",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 0}},
                    }
                ],
            }
        },
        ["spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0"],
        id="horizontalpodautoscalers: use below one",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
                "metrics": [
                    {"type": "Pods", "pods": {"metric": {"name": "a"}, "target": {"type": "Value", "value": "1"}}}
                ],
            }
        },
        ["spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue"],
        id="horizontalpodautoscalers: pods without an average",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
                "metrics": [
                    {
                        "type": "Object",
                        "object": {
                            "describedObject": {"kind": "Service"},
                            "metric": {},
                            "target": {"type": "Value", "value": "0"},
                        },
                    }
                ],
            }
        },
        [
            "spec.metrics[0].object.describedObject.name: Required value",
            "spec.metrics[0].object.metric.name: Required value: must specify a metric name",
            "spec.metrics[0].object.target.value: Invalid value: 0: must be positive",
        ],
        id="horizontalpodautoscalers: an object without a name",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
                "metrics": [
                    {
                        "type": "External",
                        "external": {
                            "metric": {"name": "a"},
                            "target": {"type": "Value", "value": "1", "averageValue": "1"},
                        },
                    }
                ],
            }
        },
        [
            "spec.metrics[0].external.target.value: Forbidden: may not set both a target value for metric and a per-pod target"
        ],
        id="horizontalpodautoscalers: from outside with both",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
                "metrics": [
                    {
                        "type": "ContainerResource",
                        "containerResource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": 1},
                        },
                    }
                ],
            }
        },
        ["spec.metrics[0].containerResource.container: Required value: must specify a container"],
        id="horizontalpodautoscalers: a container without a name",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "cpu", "target": {"type": "Some", "averageUtilization": 1}},
                    }
                ],
            }
        },
        [
            'spec.metrics[0].resource.target.type: Invalid value: "Some": must be either Utilization, Value, or AverageValue'
        ],
        id="horizontalpodautoscalers: a target's kind",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
                "behavior": {"scaleUp": {"selectPolicy": "Best", "stabilizationWindowSeconds": 3601, "policies": []}},
            }
        },
        [
            "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
            'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Best": supported values: "Disabled", "Max", "Min"',
            "spec.behavior.scaleUp.policies: Required value: must specify at least one Policy",
        ],
        id="horizontalpodautoscalers: behaviour without policies",
    ),
    pytest.param(
        "horizontalpodautoscalers.autoscaling",
        {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
                "behavior": {
                    "scaleDown": {
                        "selectPolicy": "Max",
                        "policies": [{"type": "Nodes", "value": 0, "periodSeconds": 1801}],
                    }
                },
            }
        },
        [
            'spec.behavior.scaleDown.policies[0].type: Unsupported value: "Nodes": supported values: "Percent", "Pods"',
            "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero",
            "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
        ],
        id="horizontalpodautoscalers: a policy",
    ),
]


@pytest.mark.parametrize(("resource", "given", "says"), CASES)
def test_what_is_refused(resource: str, given: Obj, says: list[str]) -> None:
    known = resources.by_name(resource)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    whole = {**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}
    assert [str(error) for error in validate_create(resource, default(resource, whole))] == says
