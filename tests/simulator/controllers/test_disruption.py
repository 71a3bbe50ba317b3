"""PodDisruptionBudgets and eviction: https://kubernetes.io/docs/tasks/run-application/configure-pdb/."""

from typing import Any

import pytest

from simulator.apiserver.disruption import evict
from simulator.apiserver.errors import StatusError
from simulator.controllers.deployment import DeploymentController
from simulator.controllers.disruption import DisruptionController
from simulator.controllers.job import JobController
from simulator.controllers.replicaset import ReplicaSetController

World = Any
Obj = dict[str, Any]


@pytest.fixture
def budgets(world: Any) -> World:
    return world(DeploymentController, ReplicaSetController, DisruptionController)


def budget(name: str = "web", app: str = "web", **spec: Any) -> Obj:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": app}}, **spec},
    }


def serve(world: World, made: Obj, *, resource: str = "deployments.apps") -> None:
    """Creates something with pods and makes them ready on a node."""
    world.client.create(resource, made)
    world.run()
    for pod in world.pods():
        world.client.bind("default", pod["metadata"]["name"], "node-1")
    world.make_all_ready()
    world.run()


def status(world: World, name: str = "web") -> Obj:
    found: Obj = world.get("poddisruptionbudgets.policy", name)["status"]
    return found


def counts(world: World) -> tuple[int, ...]:
    found = status(world)
    return tuple(found[name] for name in ("currentHealthy", "desiredHealthy", "expectedPods", "disruptionsAllowed"))


def try_evict(world: World, pod: Obj) -> None:
    evict(world.registry, "you", "default", pod["metadata"]["name"], {}, dry_run=False)


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        pytest.param({"minAvailable": 2}, (3, 2, 3, 1), id="min-available"),
        pytest.param({"minAvailable": 4}, (3, 4, 3, 0), id="more-than-there-are"),
        pytest.param({"minAvailable": "50%"}, (3, 2, 3, 1), id="percentage-rounds-up"),
        pytest.param({"maxUnavailable": 1}, (3, 2, 3, 1), id="max-unavailable"),
        pytest.param({"maxUnavailable": "50%"}, (3, 1, 3, 2), id="max-unavailable-percentage"),
        pytest.param({"maxUnavailable": 5}, (3, 0, 3, 3), id="all"),
    ],
)
def test_the_status_says_how_many_disruptions_are_allowed(
    budgets: World, deployment: Any, spec: Obj, wanted: tuple[int, ...]
) -> None:
    serve(budgets, deployment())
    budgets.client.create("poddisruptionbudgets.policy", budget(**spec))
    budgets.run()
    assert counts(budgets) == wanted
    condition = status(budgets)["conditions"][0]
    outcome = ("True", "SufficientPods") if wanted[3] else ("False", "InsufficientPods")
    assert (condition["type"], condition["status"], condition["reason"]) == ("DisruptionAllowed", *outcome)


def test_an_unready_pod_uses_up_the_budget(budgets: World, deployment: Any) -> None:
    serve(budgets, deployment())
    budgets.client.create("poddisruptionbudgets.policy", budget(minAvailable=2))
    budgets.make_ready(budgets.pods()[0], ready=False)
    budgets.run()
    assert counts(budgets) == (2, 2, 3, 0)


def test_a_budget_without_pods_allows_nothing(budgets: World) -> None:
    budgets.client.create("poddisruptionbudgets.policy", budget(minAvailable=0))
    budgets.run()
    assert (counts(budgets), budgets.events("web")) == ((0, 0, 0, 0), [("NoPods", "No matching pods found")])


def test_pods_of_a_job_cannot_be_counted(world: Any, pod_template: Any) -> None:
    made = world(JobController, DisruptionController)
    spec = {"completions": 1, "parallelism": 1, "backoffLimit": 6, "template": pod_template("web")}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "web", "namespace": "default"}, "spec": spec}
    serve(made, job, resource="jobs.batch")
    made.client.create("poddisruptionbudgets.policy", budget("guard", maxUnavailable=1))
    made.run()
    why = "jobs.batch does not implement the scale subresource"
    assert made.events("guard") == [
        ("CalculateExpectedPodCountFailed", f"Failed to calculate the number of expected pods: {why}")
    ]
    condition = status(made, "guard")["conditions"][0]
    assert (condition["status"], condition["reason"], condition["message"]) == ("False", "SyncFailed", why)


# Eviction


def test_an_eviction_is_taken_off_the_budget_at_once(budgets: World, deployment: Any) -> None:
    serve(budgets, deployment())
    budgets.client.create("poddisruptionbudgets.policy", budget(minAvailable=2))
    budgets.run()
    first, second, _ = budgets.pods()
    try_evict(budgets, first)
    with pytest.raises(StatusError) as refusal:
        try_evict(budgets, second)
    assert refusal.value.status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Cannot evict pod as it would violate the pod's disruption budget.",
        "reason": "TooManyRequests",
        "details": {
            "causes": [
                {
                    "reason": "DisruptionBudget",
                    "message": "The disruption budget web needs 2 healthy pods and has 3 currently",
                }
            ]
        },
        "code": 429,
    }
    marked = budgets.get("pods", first["metadata"]["name"])
    condition = marked["status"]["conditions"][-1]
    assert (condition["type"], condition["reason"], condition["message"]) == (
        "DisruptionTarget",
        "EvictionByEvictionAPI",
        "Eviction API: evicting",
    )
    assert "deletionTimestamp" in marked["metadata"]


def test_the_next_eviction_waits_until_the_replacement_is_ready(budgets: World, deployment: Any) -> None:
    serve(budgets, deployment())
    budgets.client.create("poddisruptionbudgets.policy", budget(minAvailable=2))
    budgets.run()
    first, second, _ = budgets.pods()
    try_evict(budgets, first)
    budgets.run()
    with pytest.raises(StatusError, match="Cannot evict pod"):
        try_evict(budgets, second)
    budgets.make_all_ready()
    budgets.run()
    try_evict(budgets, second)


def test_a_budget_not_yet_looked_at_asks_to_come_back(budgets: World, deployment: Any) -> None:
    serve(budgets, deployment())
    budgets.client.create("poddisruptionbudgets.policy", budget(minAvailable=2))
    with pytest.raises(StatusError) as refusal:
        try_evict(budgets, budgets.pods()[0])
    cause = {
        "reason": "DisruptionBudget",
        "message": "The disruption budget web is still being processed by the server.",
    }
    assert refusal.value.details == {"retryAfterSeconds": 10, "causes": [cause]}


def test_two_budgets_over_one_pod_are_an_error(budgets: World, deployment: Any) -> None:
    serve(budgets, deployment())
    for name in ("a", "b"):
        budgets.client.create("poddisruptionbudgets.policy", budget(name, minAvailable=1))
    budgets.run()
    with pytest.raises(StatusError) as refusal:
        try_evict(budgets, budgets.pods()[0])
    message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    assert (refusal.value.code, refusal.value.message) == (500, message)


@pytest.mark.parametrize(
    ("policy", "others_ready", "may_go"),
    [
        pytest.param("IfHealthyBudget", True, True, id="others-are-healthy"),
        pytest.param("IfHealthyBudget", False, False, id="others-are-not"),
        pytest.param("AlwaysAllow", False, True, id="always"),
    ],
)
def test_whether_a_pod_that_is_not_ready_may_go(
    budgets: World, deployment: Any, policy: str, others_ready: bool, may_go: bool
) -> None:
    serve(budgets, deployment())
    made = budget(minAvailable=2, unhealthyPodEvictionPolicy=policy)
    budgets.client.create("poddisruptionbudgets.policy", made)
    sick, other, _ = budgets.pods()
    budgets.make_ready(sick, ready=False)
    if not others_ready:
        budgets.make_ready(other, ready=False)
    budgets.run()
    if may_go:
        try_evict(budgets, sick)
    else:
        with pytest.raises(StatusError, match="Cannot evict pod"):
            try_evict(budgets, sick)


def test_an_evicted_pod_that_stays_is_counted_again_after_two_minutes(budgets: World, deployment: Any) -> None:
    serve(budgets, deployment())
    budgets.client.create("poddisruptionbudgets.policy", budget(minAvailable=2))
    budgets.run()
    pod = budgets.pods()[0]
    found = budgets.get("poddisruptionbudgets.policy", "web")
    disrupted = {**found["status"], "disruptedPods": {pod["metadata"]["name"]: budgets.engine.timestamp()}}
    budgets.client.update_status("poddisruptionbudgets.policy", {**found, "status": disrupted})
    budgets.run()
    assert counts(budgets) == (2, 2, 3, 0)
    budgets.run(125)
    assert counts(budgets) == (3, 2, 3, 1)
    assert ("NotDeleted", "Pod was expected by PDB default/default to be deleted but it wasn't") in budgets.events()


def test_a_disruption_that_never_came_is_taken_back(budgets: World, deployment: Any) -> None:
    serve(budgets, deployment(replicas=1))
    pod = budgets.pods()[0]
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "PreemptionByScheduler",
        "lastTransitionTime": budgets.engine.timestamp(),
    }
    budgets.set_status("pods", pod, conditions=[*pod["status"]["conditions"], condition])
    budgets.run(125)
    assert budgets.pods()[0]["status"]["conditions"][-1]["status"] == "False"
