"""What is refused of budgets, priorities, leases and runtimes, word for word after `validation.go` of `pkg/apis/policy`, `scheduling`, `coordination` and `node` (1.33)."""

from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create

Obj = dict[str, Any]

CASES = [
    pytest.param(
        "poddisruptionbudgets.policy",
        {"spec": {"minAvailable": 1, "maxUnavailable": 1, "selector": {}}},
        ["spec: Invalid value: policy.PodDisruptionBudgetSpec{…}: minAvailable and maxUnavailable cannot be both set"],
        id="poddisruptionbudgets: both bounds",
    ),
    pytest.param(
        "poddisruptionbudgets.policy",
        {"spec": {"minAvailable": "101%", "selector": {}}},
        ["spec.minAvailable: Invalid value: 101%: must not be greater than 100%"],
        id="poddisruptionbudgets: above hundred",
    ),
    pytest.param(
        "poddisruptionbudgets.policy",
        {"spec": {"maxUnavailable": -1, "selector": {}}},
        ["spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0"],
        id="poddisruptionbudgets: below zero",
    ),
    pytest.param(
        "poddisruptionbudgets.policy",
        {"spec": {"minAvailable": 1, "unhealthyPodEvictionPolicy": "Never"}},
        [
            'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"'
        ],
        id="poddisruptionbudgets: unhealthy pods",
    ),
    pytest.param(
        "priorityclasses.scheduling.k8s.io",
        {"value": 1000000001},
        ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
        id="priorityclasses: too high",
    ),
    pytest.param(
        "priorityclasses.scheduling.k8s.io",
        {"metadata": {"name": "system-mine"}, "value": 1},
        [
            "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class"
        ],
        id="priorityclasses: of the system",
    ),
    pytest.param(
        "priorityclasses.scheduling.k8s.io",
        {"metadata": {"name": "system-node-critical"}, "value": 1},
        [
            "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: value of system-node-critical PriorityClass must be 2000001000"
        ],
        id="priorityclasses: of the system, with another value",
    ),
    pytest.param(
        "priorityclasses.scheduling.k8s.io",
        {"value": 1, "preemptionPolicy": "Always"},
        ['preemptionPolicy: Unsupported value: "Always": supported values: "PreemptLowerPriority", "Never"'],
        id="priorityclasses: preemption",
    ),
    pytest.param(
        "leases.coordination.k8s.io",
        {"spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1}},
        [
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
            "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
        ],
        id="leases: a lease of no time",
    ),
    pytest.param(
        "leases.coordination.k8s.io",
        {"spec": {"strategy": "Oldest"}},
        ['spec.strategy.strategy: Unsupported value: "Oldest": supported values: "OldestEmulationVersion"'],
        id="leases: a strategy",
    ),
    pytest.param(
        "leases.coordination.k8s.io",
        {"spec": {"preferredHolder": "a"}},
        ["spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined"],
        id="leases: somebody preferred",
    ),
    pytest.param(
        "runtimeclasses.node.k8s.io",
        {"handler": "A.b"},
        [
            "handler: Invalid value: \"A.b\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
        ],
        id="runtimeclasses: a handler",
    ),
    pytest.param(
        "runtimeclasses.node.k8s.io",
        {"handler": "a", "overhead": {"podFixed": {"gpu": "1"}}},
        [
            "overhead.limits[gpu]: Invalid value: gpu: must be a standard resource type or fully qualified",
            "overhead.limits[gpu]: Invalid value: gpu: must be a standard resource for containers",
        ],
        id="runtimeclasses: overhead",
    ),
]


@pytest.mark.parametrize(("resource", "given", "says"), CASES)
def test_what_is_refused(resource: str, given: Obj, says: list[str]) -> None:
    known = resources.by_name(resource)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    whole = {**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}
    assert [str(error) for error in validate_create(resource, default(resource, whole))] == says
