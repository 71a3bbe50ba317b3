"""What a quota with scopes counts, case by case as its controller's own table has it."""

from typing import Any

import pytest

from simulator.controllers.resource_quota import ResourceQuotaController
from tests.proof.follows import follows

Obj = dict[str, Any]
HARD = {"cpu": "3", "memory": "100Gi", "pods": "5"}
#: (cpu, memory, priority class) of each pod that runs.
PLAIN = (("100m", "1Gi", ""), ("100m", "1Gi", ""))
BEST_EFFORT = (("", "", ""), ("", "", ""))
BY_PRIORITY = (("500m", "50Gi", "high"), ("100m", "1Gi", "low"))
NOTHING = ("0", "0", "0")


def by_class(operator: str, *values: str) -> Obj:
    found: Obj = {"scopeName": "PriorityClass", "operator": operator}
    return {"scopeSelector": {"matchExpressions": [{**found, "values": list(values)} if values else found]}}


def pod(name: str, cpu: str, memory: str, priority: str, phase: str = "Running") -> Obj:
    requests = {"requests": {"cpu": cpu, "memory": memory}} if cpu else {}
    spec: Obj = {"containers": [{"name": "c", "image": "x", "resources": requests}]}
    spec |= {"priorityClassName": priority} if priority else {}
    status = {"phase": phase}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec, "status": status}


@follows(
    "resourcequota-controller", "pkg/controller/resourcequota/resource_quota_controller_test.go: TestSyncResourceQuota"
)
@pytest.mark.parametrize(
    ("scope", "pods", "used"),
    [
        pytest.param({}, PLAIN, ("200m", "2Gi", "2"), id="pods"),
        pytest.param({"scopes": ["BestEffort"]}, PLAIN, NOTHING, id="non-matching-best-effort-scoped-quota"),
        pytest.param({"scopes": ["BestEffort"]}, BEST_EFFORT, ("0", "0", "2"), id="matching-best-effort-scoped-quota"),
        pytest.param({"scopes": ["NotBestEffort"]}, PLAIN, ("200m", "2Gi", "2"), id="matching-not-best-effort"),
        pytest.param({"scopes": ["NotBestEffort"]}, BEST_EFFORT, NOTHING, id="non-matching-not-best-effort"),
        pytest.param(by_class("Exists"), PLAIN, NOTHING, id="non-matching-priorityclass-scoped-quota-OpExists"),
        pytest.param(
            by_class("Exists"), BY_PRIORITY, ("600m", "51Gi", "2"), id="matching-priorityclass-scoped-quota-OpExists"
        ),
        pytest.param(
            by_class("In", "high", "low"),
            BY_PRIORITY,
            ("600m", "51Gi", "2"),
            id="matching-priorityclass-scoped-quota-OpIn",
        ),
        pytest.param(
            by_class("In", "high"),
            BY_PRIORITY,
            ("500m", "50Gi", "1"),
            id="matching-priorityclass-scoped-quota-OpIn-high",
        ),
        pytest.param(
            by_class("In", "low"), BY_PRIORITY, ("100m", "1Gi", "1"), id="matching-priorityclass-scoped-quota-OpIn-low"
        ),
        pytest.param(
            by_class("NotIn", "high"),
            BY_PRIORITY,
            ("100m", "1Gi", "1"),
            id="matching-priorityclass-scoped-quota-OpNotIn-low",
        ),
        pytest.param(
            by_class("In", "unknown"), BY_PRIORITY, NOTHING, id="non-matching-priorityclass-scoped-quota-OpIn"
        ),
        pytest.param(
            by_class("NotIn", "random"),
            BY_PRIORITY,
            ("600m", "51Gi", "2"),
            id="non-matching-priorityclass-scoped-quota-OpNotIn",
        ),
        pytest.param(
            by_class("DoesNotExist"), BY_PRIORITY, NOTHING, id="matching-priorityclass-scoped-quota-OpDoesNotExist"
        ),
    ],
)
def test_scopes_of_a_quota(stage: Any, scope: Obj, pods: tuple[Any, ...], used: tuple[str, str, str]) -> None:
    """A pod that has failed is in no count."""
    world = stage(ResourceQuotaController)
    for name in ("high", "low"):
        known = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": 1}
        world.put("priorityclasses.scheduling.k8s.io", known)
    for number, one in enumerate(pods):
        world.put("pods", pod(f"p{number}", *one))
    world.put("pods", pod("failed", *pods[0], phase="Failed"))
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "rq"}, "spec": {"hard": HARD, **scope}}
    world.put("resourcequotas", quota)
    world.act()
    status = world.get("resourcequotas", "rq")["status"]
    assert (status["hard"], tuple(status["used"][name] for name in HARD)) == (HARD, used)
