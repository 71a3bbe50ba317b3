"""ReplicaSets: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/."""

from typing import Any

import pytest

from simulator.controllers.replicaset import ReplicaSetController
from simulator.controllers.replication_controller import ReplicationController

World = Any


@pytest.fixture
def sets(world: Any) -> World:
    return world(ReplicaSetController)


def test_pods_are_created_with_owner_labels_and_event(sets: World, replica_set: Any) -> None:
    owner = sets.client.create("replicasets.apps", replica_set(replicas=2))
    sets.run()
    pods = sets.pods()
    assert len(pods) == 2
    assert all(pod["metadata"]["name"].startswith("web-") and len(pod["metadata"]["name"]) == 9 for pod in pods)
    assert pods[0]["metadata"]["labels"] == {"app": "web"}
    assert pods[0]["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": "web",
            "uid": owner["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    assert sorted(sets.events("web")) == sorted(
        ("SuccessfulCreate", f"Created pod: {pod['metadata']['name']}") for pod in pods
    )


def test_status_counts_ready_pods(sets: World, replica_set: Any) -> None:
    sets.client.create("replicasets.apps", replica_set(replicas=3))
    sets.run()
    sets.make_ready(sets.pods()[0])
    sets.run()
    assert sets.get("replicasets.apps", "web")["status"] == {
        "replicas": 3,
        "fullyLabeledReplicas": 3,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "observedGeneration": 1,
    }


def test_a_pod_is_available_only_after_min_ready_seconds(sets: World, replica_set: Any) -> None:
    sets.client.create("replicasets.apps", replica_set(replicas=1, minReadySeconds=10))
    sets.run()
    sets.make_all_ready()
    sets.run(9)
    assert "availableReplicas" not in sets.get("replicasets.apps", "web")["status"]
    sets.run(2)
    assert sets.get("replicasets.apps", "web")["status"]["availableReplicas"] == 1


def test_a_deleted_pod_is_replaced_before_it_is_gone(sets: World, replica_set: Any) -> None:
    sets.client.create("replicasets.apps", replica_set(replicas=2))
    sets.run()
    for pod in sets.pods():
        sets.client.bind("default", pod["metadata"]["name"], "node-1")
    victim = sets.pods()[0]["metadata"]["name"]
    sets.client.delete("pods", "default", victim)
    sets.run()
    assert len(sets.pods()) == 3
    assert sets.get("replicasets.apps", "web")["status"]["replicas"] == 2


def test_scaling_down_deletes_pods_that_are_not_ready_first(sets: World, replica_set: Any) -> None:
    sets.client.create("replicasets.apps", replica_set(replicas=3))
    sets.run()
    names = [pod["metadata"]["name"] for pod in sets.pods()]
    sets.make_ready(sets.pods()[1])
    sets.client.patch("replicasets.apps", "default", "web", {"spec": {"replicas": 1}})
    sets.run()
    assert [pod["metadata"]["name"] for pod in sets.pods()] == [names[1]]
    deleted = [message for reason, message in sets.events("web") if reason == "SuccessfulDelete"]
    assert sorted(deleted) == sorted(f"Deleted pod: {name}" for name in (names[0], names[2]))


def test_a_matching_orphan_is_adopted_instead_of_creating(sets: World, replica_set: Any, pod_template: Any) -> None:
    sets.client.create(
        "pods",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            **pod_template(),
            "metadata": {"name": "own", "namespace": "default", "labels": {"app": "web"}},
        },
    )
    sets.run()
    owner = sets.client.create("replicasets.apps", replica_set(replicas=1))
    sets.run()
    assert [pod["metadata"]["name"] for pod in sets.pods()] == ["own"]
    assert sets.pods()[0]["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]


def test_a_pod_that_loses_its_label_is_released_and_replaced(sets: World, replica_set: Any) -> None:
    sets.client.create("replicasets.apps", replica_set(replicas=1))
    sets.run()
    name = sets.pods()[0]["metadata"]["name"]
    sets.client.patch("pods", "default", name, {"metadata": {"labels": {"app": "debug"}}})
    sets.run()
    released = sets.get("pods", name)
    assert not released["metadata"].get("ownerReferences")
    assert len(sets.pods()) == 2


def test_a_refusal_stops_the_batch_and_the_set_says_why(sets: World, replica_set: Any) -> None:
    sets.registry.max_objects = sets.registry.store.count() + 1
    sets.client.create("replicasets.apps", replica_set(replicas=5))
    sets.run(0.004)
    (condition,) = sets.get("replicasets.apps", "web")["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("ReplicaFailure", "True", "FailedCreate")
    events = sets.events("web")
    assert {(reason, message.split(":")[0]) for reason, message in events} == {("FailedCreate", "Error creating")}
    assert len(events) < 5
    sets.registry.max_objects = 0
    sets.run(5)
    assert len(sets.pods()) == 5
    assert "conditions" not in sets.get("replicasets.apps", "web")["status"]


def test_a_restored_controller_keeps_counting(sets: World, replica_set: Any) -> None:
    sets.client.create("replicasets.apps", replica_set(replicas=2))
    sets.run()
    (controller,) = sets.controllers
    controller.load(controller.dump())
    sets.make_all_ready()
    sets.client.patch("replicasets.apps", "default", "web", {"spec": {"replicas": 3}})
    sets.run()
    assert (len(sets.pods()), sets.get("replicasets.apps", "web")["status"]["readyReplicas"]) == (3, 2)


def test_replication_controllers_select_by_plain_labels(world: Any, pod_template: Any) -> None:
    old = world(ReplicationController)
    spec = {"replicas": 2, "selector": {"app": "web"}, "template": pod_template()}
    old.client.create(
        "replicationcontrollers",
        {
            "apiVersion": "v1",
            "kind": "ReplicationController",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": spec,
        },
    )
    old.run()
    assert [pod["metadata"]["ownerReferences"][0]["kind"] for pod in old.pods()] == ["ReplicationController"] * 2
