"""Owners and dependents: https://kubernetes.io/docs/concepts/architecture/garbage-collection/."""

from typing import Any

import pytest

from simulator.controllers.deployment import DeploymentController
from simulator.controllers.garbage_collector import GarbageCollector
from simulator.controllers.replicaset import ReplicaSetController

World = Any
Obj = dict[str, Any]


@pytest.fixture
def collected(world: Any) -> World:
    return world(DeploymentController, ReplicaSetController, GarbageCollector)


def config_map(world: World, name: str, *owners: Obj, **more: Any) -> Obj:
    references = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            **more,
        }
        for owner in owners
    ]
    metadata: Obj = {"name": name, "namespace": "default"}
    if references:
        metadata["ownerReferences"] = references
    made: Obj = world.client.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    return made


def names(world: World) -> list[str]:
    return [one["metadata"]["name"] for one in world.all("configmaps")]


def test_background_deletion_takes_the_whole_tree(collected: World, deployment: Any) -> None:
    collected.client.create("deployments.apps", deployment(replicas=3))
    collected.run()
    collected.client.delete("deployments.apps", "default", "web")
    collected.run()
    assert (collected.all("replicasets.apps"), collected.pods()) == ([], [])


def test_orphaning_leaves_the_dependents_without_an_owner(collected: World, deployment: Any) -> None:
    collected.client.create("deployments.apps", deployment(replicas=1))
    collected.run()
    collected.client.delete("deployments.apps", "default", "web", propagation="Orphan")
    collected.run()
    (left,) = collected.all("replicasets.apps")
    assert "ownerReferences" not in left["metadata"]
    assert (collected.find("deployments.apps", "web"), len(collected.pods())) == (None, 1)


def test_foreground_deletion_keeps_the_owner_until_its_pods_are_gone(collected: World, deployment: Any) -> None:
    collected.client.create("deployments.apps", deployment(replicas=1))
    collected.run()
    collected.client.bind("default", collected.pods()[0]["metadata"]["name"], "node-1")
    collected.client.delete("deployments.apps", "default", "web", propagation="Foreground")
    collected.run(5)
    assert "deletionTimestamp" in collected.get("deployments.apps", "web")["metadata"]
    assert "deletionTimestamp" in collected.all("replicasets.apps")[0]["metadata"]
    collected.finish_deletions()
    collected.run()
    assert (collected.find("deployments.apps", "web"), collected.all("replicasets.apps"), collected.pods()) == (
        None,
        [],
        [],
    )


def test_a_dependent_with_another_living_owner_stays_and_loses_the_dead_one(collected: World) -> None:
    first, second = config_map(collected, "first"), config_map(collected, "second")
    config_map(collected, "child", first, second)
    collected.run()
    collected.client.delete("configmaps", "default", "first")
    collected.run()
    assert names(collected) == ["child", "second"]
    left = collected.get("configmaps", "child")["metadata"]["ownerReferences"]
    assert [one["name"] for one in left] == ["second"]


def test_an_object_whose_owner_never_existed_is_deleted(collected: World) -> None:
    config_map(collected, "child", {"metadata": {"name": "nobody", "uid": "none"}})
    collected.run()
    assert names(collected) == []


def test_a_new_object_of_the_same_name_is_not_the_owner(collected: World) -> None:
    first = config_map(collected, "owner")
    collected.client.delete("configmaps", "default", "owner")
    config_map(collected, "owner")
    config_map(collected, "child", first)
    collected.run()
    assert names(collected) == ["owner"]


def test_what_lost_its_owner_while_the_process_was_down_is_found_at_the_start(collected: World) -> None:
    owner = config_map(collected, "owner")
    config_map(collected, "child", owner)
    collected.run()
    collected.manager.stop()
    collected.client.delete("configmaps", "default", "owner")
    collected.run()
    assert names(collected) == ["child"]
    collected.manager.start()
    collected.run()
    assert names(collected) == []


def test_a_restored_collector_remembers_who_depends_on_whom(collected: World) -> None:
    owner = config_map(collected, "owner")
    config_map(collected, "child", owner)
    collected.run()
    collector = collected.controllers[2]
    collector.load(collector.dump())
    collected.client.delete("configmaps", "default", "owner")
    collected.run()
    assert names(collected) == []
