"""Deployments: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/."""

from typing import Any

import pytest

from simulator.controllers.deployment import DeploymentController
from simulator.controllers.replicaset import ReplicaSetController

World = Any


@pytest.fixture
def rollouts(world: Any) -> World:
    return world(DeploymentController, ReplicaSetController)


def sizes(world: World) -> dict[str, int]:
    """Image → replicas wanted of its set."""
    return {
        one["spec"]["template"]["spec"]["containers"][0]["image"]: one["spec"]["replicas"]
        for one in world.all("replicasets.apps")
    }


def conditions(world: World) -> dict[str, tuple[str, str, str]]:
    status = world.get("deployments.apps", "web")["status"]
    return {one["type"]: (one["status"], one["reason"], one["message"]) for one in status.get("conditions", ())}


def scaling_events(world: World) -> list[str]:
    return [message for reason, message in world.events("web") if reason == "ScalingReplicaSet"]


def name_of(world: World, image: str) -> str:
    return next(
        str(one["metadata"]["name"])
        for one in world.all("replicasets.apps")
        if one["spec"]["template"]["spec"]["containers"][0]["image"] == image
    )


def settle(world: World, rounds: int = 12) -> None:
    for _ in range(rounds):
        world.run()
        world.make_all_ready()
    world.run()


def set_image(world: World, image: str, template: Any) -> None:
    world.client.patch("deployments.apps", "default", "web", {"spec": {"template": template(image=image)}})


def test_a_deployment_makes_one_replica_set_named_by_its_template(rollouts: World, deployment: Any) -> None:
    rollouts.client.create("deployments.apps", deployment(replicas=3))
    rollouts.run()
    (owned,) = rollouts.all("replicasets.apps")
    digest = owned["metadata"]["labels"]["pod-template-hash"]
    assert owned["metadata"]["name"] == f"web-{digest}"
    assert owned["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": digest}
    assert owned["metadata"]["annotations"] == {
        "deployment.kubernetes.io/desired-replicas": "3",
        "deployment.kubernetes.io/max-replicas": "4",
        "deployment.kubernetes.io/revision": "1",
    }
    assert rollouts.get("deployments.apps", "web")["metadata"]["annotations"] == {
        "deployment.kubernetes.io/revision": "1"
    }
    assert scaling_events(rollouts) == [f"Scaled up replica set web-{digest} from 0 to 3"]


def test_conditions_of_a_first_rollout(rollouts: World, deployment: Any) -> None:
    rollouts.client.create("deployments.apps", deployment(replicas=2))
    rollouts.run()
    name = name_of(rollouts, "nginx:1.27")
    assert conditions(rollouts) == {
        "Available": ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
        "Progressing": ("True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.'),
    }
    settle(rollouts, 2)
    assert conditions(rollouts) == {
        "Available": ("True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
        "Progressing": ("True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'),
    }


def test_a_rolling_update_stays_within_its_bounds_at_every_step(
    rollouts: World, deployment: Any, pod_template: Any
) -> None:
    rollouts.client.create("deployments.apps", deployment(replicas=8))
    settle(rollouts, 2)
    set_image(rollouts, "nginx:1.28", pod_template)
    for _ in range(60):
        rollouts.run(0.5)
        pods = [pod for pod in rollouts.pods() if "deletionTimestamp" not in pod["metadata"]]
        ready = [pod for pod in pods if pod["status"].get("conditions")]
        assert len(pods) <= 8 + 2
        assert len(ready) >= 8 - 2
        waiting = [pod for pod in pods if not pod["status"].get("conditions")]
        if waiting:
            rollouts.make_ready(waiting[0])
    assert sizes(rollouts) == {"nginx:1.27": 0, "nginx:1.28": 8}


def test_every_scaling_is_told_with_both_sizes(rollouts: World, deployment: Any, pod_template: Any) -> None:
    rollouts.client.create("deployments.apps", deployment(replicas=2))
    settle(rollouts, 2)
    set_image(rollouts, "nginx:1.28", pod_template)
    settle(rollouts)
    old, new = name_of(rollouts, "nginx:1.27"), name_of(rollouts, "nginx:1.28")
    assert scaling_events(rollouts) == [
        f"Scaled up replica set {old} from 0 to 2",
        f"Scaled up replica set {new} from 0 to 1",
        f"Scaled down replica set {old} from 2 to 1",
        f"Scaled up replica set {new} from 1 to 2",
        f"Scaled down replica set {old} from 1 to 0",
    ]


def test_a_broken_image_stops_the_rollout_and_the_deadline_passes(
    rollouts: World, deployment: Any, pod_template: Any
) -> None:
    rollouts.client.create("deployments.apps", deployment(replicas=3, progressDeadlineSeconds=60))
    settle(rollouts, 2)
    set_image(rollouts, "nginx:nope", pod_template)
    rollouts.run(59)
    assert conditions(rollouts)["Progressing"][:2] == ("True", "ReplicaSetUpdated")
    rollouts.run(5)
    new = name_of(rollouts, "nginx:nope")
    assert conditions(rollouts)["Progressing"] == (
        "False",
        "ProgressDeadlineExceeded",
        f'ReplicaSet "{new}" has timed out progressing.',
    )
    assert conditions(rollouts)["Available"][0] == "True"
    assert sizes(rollouts) == {"nginx:1.27": 3, "nginx:nope": 1}


def test_going_back_to_an_old_template_gives_its_set_a_new_revision(
    rollouts: World, deployment: Any, pod_template: Any
) -> None:
    rollouts.client.create("deployments.apps", deployment(replicas=1))
    settle(rollouts, 2)
    first = name_of(rollouts, "nginx:1.27")
    set_image(rollouts, "nginx:1.28", pod_template)
    settle(rollouts)
    set_image(rollouts, "nginx:1.27", pod_template)
    settle(rollouts)
    annotations = rollouts.get("replicasets.apps", first)["metadata"]["annotations"]
    assert annotations["deployment.kubernetes.io/revision"] == "3"
    assert annotations["deployment.kubernetes.io/revision-history"] == "1"
    assert (
        rollouts.get("deployments.apps", "web")["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    )
    assert len(rollouts.all("replicasets.apps")) == 2


def test_old_sets_beyond_the_history_limit_are_deleted(rollouts: World, deployment: Any, pod_template: Any) -> None:
    rollouts.client.create("deployments.apps", deployment(replicas=1, revisionHistoryLimit=1))
    for version in ("1.28", "1.29", "1.30"):
        settle(rollouts, 4)
        set_image(rollouts, f"nginx:{version}", pod_template)
    settle(rollouts)
    assert sizes(rollouts) == {"nginx:1.29": 0, "nginx:1.30": 1}


def test_a_paused_deployment_is_scaled_but_not_rolled(rollouts: World, deployment: Any, pod_template: Any) -> None:
    rollouts.client.create("deployments.apps", deployment(replicas=2))
    settle(rollouts, 2)
    rollouts.client.patch("deployments.apps", "default", "web", {"spec": {"paused": True}})
    set_image(rollouts, "nginx:1.28", pod_template)
    rollouts.client.patch("deployments.apps", "default", "web", {"spec": {"replicas": 4}})
    settle(rollouts, 3)
    assert sizes(rollouts) == {"nginx:1.27": 4}
    assert conditions(rollouts)["Progressing"] == ("Unknown", "DeploymentPaused", "Deployment is paused")
    rollouts.client.patch("deployments.apps", "default", "web", {"spec": {"paused": False}})
    settle(rollouts)
    assert sizes(rollouts) == {"nginx:1.27": 0, "nginx:1.28": 4}


def test_recreate_waits_for_the_last_old_pod(rollouts: World, deployment: Any, pod_template: Any) -> None:
    rollouts.client.create("deployments.apps", deployment(replicas=2, strategy={"type": "Recreate"}))
    settle(rollouts, 2)
    for pod in rollouts.pods():
        rollouts.client.bind("default", pod["metadata"]["name"], "node-1")
    set_image(rollouts, "nginx:1.28", pod_template)
    rollouts.run(5)
    assert sizes(rollouts) == {"nginx:1.27": 0}
    assert len(rollouts.pods()) == 2
    rollouts.finish_deletions()
    rollouts.run()
    assert sizes(rollouts) == {"nginx:1.27": 0, "nginx:1.28": 2}


def test_a_hand_scaled_replica_set_is_put_right(rollouts: World, deployment: Any) -> None:
    rollouts.client.create("deployments.apps", deployment(replicas=2))
    settle(rollouts, 2)
    name = name_of(rollouts, "nginx:1.27")
    rollouts.client.patch("replicasets.apps", "default", name, {"spec": {"replicas": 5}})
    settle(rollouts, 3)
    assert sizes(rollouts) == {"nginx:1.27": 2}
    assert len(rollouts.pods()) == 2


def test_scaling_to_zero_and_back(rollouts: World, deployment: Any) -> None:
    rollouts.client.create("deployments.apps", deployment(replicas=2))
    settle(rollouts, 2)
    for replicas in (0, 3):
        rollouts.client.patch("deployments.apps", "default", "web", {"spec": {"replicas": replicas}})
        settle(rollouts, 2)
        assert len(rollouts.pods()) == replicas
    status = rollouts.get("deployments.apps", "web")["status"]
    assert {name: status[name] for name in ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas")} == {
        "replicas": 3,
        "readyReplicas": 3,
        "updatedReplicas": 3,
        "availableReplicas": 3,
    }


def test_an_orphaned_replica_set_with_the_same_template_is_adopted(rollouts: World, deployment: Any) -> None:
    rollouts.client.create("deployments.apps", deployment(replicas=2))
    settle(rollouts, 2)
    name = name_of(rollouts, "nginx:1.27")
    rollouts.client.delete("deployments.apps", "default", "web")
    rollouts.client.patch("replicasets.apps", "default", name, {"metadata": {"ownerReferences": None}})
    rollouts.run()
    fresh = rollouts.client.create("deployments.apps", deployment(replicas=2))
    settle(rollouts, 2)
    (owned,) = rollouts.all("replicasets.apps")
    assert (owned["metadata"]["name"], owned["metadata"]["ownerReferences"][0]["uid"]) == (
        name,
        fresh["metadata"]["uid"],
    )
