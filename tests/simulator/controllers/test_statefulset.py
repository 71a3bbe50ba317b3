"""StatefulSets: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/."""

from typing import Any

import pytest

from simulator.controllers.garbage_collector import GarbageCollector
from simulator.controllers.statefulset import StatefulSetController
from simulator.controllers.volume_protection import ClaimProtectionController
from tests.simulator.controllers.tables.stateful_sets import CLAIM, change, stateful_set

World = Any
Obj = dict[str, Any]


@pytest.fixture
def sets(world: Any) -> World:
    return world(StatefulSetController)


def names(world: World) -> list[str]:
    return [pod["metadata"]["name"] for pod in world.pods()]


def ending(world: World) -> list[str]:
    return [pod["metadata"]["name"] for pod in world.pods() if "deletionTimestamp" in pod["metadata"]]


def settle(world: World, rounds: int = 20) -> None:
    """A kubelet that makes every pod ready and finishes every deletion, until nothing changes."""
    for _ in range(rounds):
        world.run()
        world.finish_deletions()
        for pod in world.pods():
            if "deletionTimestamp" not in pod["metadata"] and pod["status"]["phase"] == "Pending":
                world.make_ready(pod)
    world.run()


def bind(world: World, name: str) -> None:
    world.client.bind("default", name, "node-1")


def images(world: World) -> list[str]:
    return [pod["spec"]["containers"][0]["image"] for pod in world.pods()]


def test_pods_start_in_order_each_when_the_one_before_is_ready(sets: World, pod_template: Any) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template))
    sets.run()
    assert names(sets) == ["db-0"]
    sets.make_ready(sets.pods()[0])
    sets.run()
    assert names(sets) == ["db-0", "db-1"]
    sets.run(60)
    assert names(sets) == ["db-0", "db-1"], "db-1 is not ready, so db-2 has to wait"
    sets.make_all_ready()
    sets.run()
    assert names(sets) == ["db-0", "db-1", "db-2"]
    assert sets.events("db")[0] == ("SuccessfulCreate", "create Pod db-0 in StatefulSet db successful")


def test_a_pod_has_its_name_in_labels_hostname_and_subdomain(sets: World, pod_template: Any) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template, 1, ordinals={"start": 5}))
    sets.run()
    pod = sets.pods()[0]
    revision = sets.all("controllerrevisions.apps")[0]["metadata"]["name"]
    assert pod["metadata"]["labels"] == {
        "app": "db",
        "statefulset.kubernetes.io/pod-name": "db-5",
        "apps.kubernetes.io/pod-index": "5",
        "controller-revision-hash": revision,
    }
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("db-5", "db")


def test_parallel_does_not_wait(sets: World, pod_template: Any) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template, podManagementPolicy="Parallel"))
    sets.run()
    assert names(sets) == ["db-0", "db-1", "db-2"]
    for name in names(sets):
        bind(sets, name)
    change(sets, replicas=0)
    sets.run()
    assert ending(sets) == ["db-0", "db-1", "db-2"]


def test_scaling_down_deletes_the_highest_ordinal_and_waits_for_it(sets: World, pod_template: Any) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template))
    settle(sets)
    for name in names(sets):
        bind(sets, name)
    change(sets, replicas=0)
    for left in (["db-2"], ["db-1"], ["db-0"]):
        sets.run(5)
        assert ending(sets) == left
        sets.finish_deletions()
    sets.run()
    assert names(sets) == []


def test_a_deleted_pod_comes_back_under_its_name_with_another_uid(sets: World, pod_template: Any) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template))
    settle(sets)
    before = sets.get("pods", "db-1")["metadata"]["uid"]
    sets.client.delete("pods", "default", "db-1")
    settle(sets)
    assert names(sets) == ["db-0", "db-1", "db-2"]
    assert sets.get("pods", "db-1")["metadata"]["uid"] != before


@pytest.mark.parametrize("policy", ["OrderedReady", "Parallel"])
def test_a_pod_on_a_lost_node_is_not_replaced_until_it_is_gone(sets: World, pod_template: Any, policy: str) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template, podManagementPolicy=policy))
    settle(sets)
    bind(sets, "db-1")
    uid = sets.get("pods", "db-1")["metadata"]["uid"]
    sets.client.delete("pods", "default", "db-1")
    sets.run(3600)
    assert ending(sets) == ["db-1"]
    assert sets.get("pods", "db-1")["metadata"]["uid"] == uid
    sets.client.delete("pods", "default", "db-1", grace_s=0)
    sets.run()
    assert sets.get("pods", "db-1")["metadata"]["uid"] != uid


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_finished_pod_is_deleted_and_made_again(sets: World, pod_template: Any, phase: str) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template, 1))
    settle(sets)
    sets.set_status("pods", sets.pods()[0], phase=phase)
    sets.run()
    assert sets.pods()[0]["status"]["phase"] == "Pending"
    assert ("SuccessfulDelete", "delete Pod db-0 in StatefulSet db successful") in sets.events("db")


def test_a_rolling_update_goes_from_the_highest_ordinal_down(sets: World, pod_template: Any) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template))
    settle(sets)
    change(sets, template=pod_template("db", "db:2"))
    seen = []
    for _ in range(9):
        sets.run()
        seen.append(images(sets))
        for pod in sets.pods():
            if pod["status"]["phase"] == "Pending":
                sets.make_ready(pod)
    order = [one for index, one in enumerate(seen) if index == 0 or one != seen[index - 1]]
    assert order == [["db:1", "db:1", "db:2"], ["db:1", "db:2", "db:2"], ["db:2", "db:2", "db:2"]]
    status = sets.get("statefulsets.apps", "db")["status"]
    assert status["currentRevision"] == status["updateRevision"]


def test_a_partition_keeps_lower_ordinals_at_the_old_revision_even_when_deleted(sets: World, pod_template: Any) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template))
    settle(sets)
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    change(sets, template=pod_template("db", "db:2"), updateStrategy=rolling)
    settle(sets)
    assert images(sets) == ["db:1", "db:1", "db:2"]
    sets.client.delete("pods", "default", "db-0")
    settle(sets)
    assert images(sets) == ["db:1", "db:1", "db:2"]
    status = sets.get("statefulsets.apps", "db")["status"]
    assert (status["currentReplicas"], status["updatedReplicas"]) == (2, 1)


def test_on_delete_replaces_only_what_somebody_deletes(sets: World, pod_template: Any) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template, updateStrategy={"type": "OnDelete"}))
    settle(sets)
    change(sets, template=pod_template("db", "db:2"))
    settle(sets)
    assert images(sets) == ["db:1", "db:1", "db:1"]
    sets.client.delete("pods", "default", "db-1")
    settle(sets)
    assert images(sets) == ["db:1", "db:2", "db:1"]


def test_a_broken_update_stops_at_the_first_pod(sets: World, pod_template: Any) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template))
    settle(sets)
    change(sets, template=pod_template("db", "db:broken"))
    sets.run(60)
    assert images(sets) == ["db:1", "db:1", "db:broken"]


def test_going_back_to_an_old_template_reuses_its_revision(sets: World, pod_template: Any) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template, 1))
    settle(sets)
    first = sets.get("statefulsets.apps", "db")["status"]["updateRevision"]
    change(sets, template=pod_template("db", "db:2"))
    settle(sets)
    change(sets, template=pod_template("db", "db:1"))
    settle(sets)
    assert sets.get("statefulsets.apps", "db")["status"]["updateRevision"] == first
    assert sorted(one["revision"] for one in sets.all("controllerrevisions.apps")) == [2, 3]


def test_old_revisions_are_dropped_beyond_the_history_limit(sets: World, pod_template: Any) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template, 1, revisionHistoryLimit=1))
    for number in range(2, 6):
        settle(sets)
        change(sets, template=pod_template("db", f"db:{number}"))
    settle(sets)
    assert sorted(one["revision"] for one in sets.all("controllerrevisions.apps")) == [4, 5]


def test_status_of_a_settled_set(sets: World, pod_template: Any) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template, 2))
    settle(sets)
    revision = sets.all("controllerrevisions.apps")[0]["metadata"]["name"]
    assert sets.get("statefulsets.apps", "db")["status"] == {
        "observedGeneration": 1,
        "replicas": 2,
        "readyReplicas": 2,
        "currentReplicas": 2,
        "updatedReplicas": 2,
        "currentRevision": revision,
        "updateRevision": revision,
        "collisionCount": 0,
        "availableReplicas": 2,
    }


def test_min_ready_seconds_hold_back_the_next_pod(sets: World, pod_template: Any) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template, 2, minReadySeconds=10))
    sets.run()
    sets.make_all_ready()
    sets.run(9)
    assert names(sets) == ["db-0"]
    sets.run(20)
    assert names(sets) == ["db-0", "db-1"]


# Claims


def test_every_pod_gets_a_claim_of_its_own_that_outlives_it(sets: World, pod_template: Any) -> None:
    sets.client.create("statefulsets.apps", stateful_set(pod_template, 2, volumeClaimTemplates=[CLAIM]))
    settle(sets)
    assert [one["metadata"]["name"] for one in sets.all("persistentvolumeclaims")] == ["data-db-0", "data-db-1"]
    claim = sets.get("persistentvolumeclaims", "data-db-0")
    assert claim["metadata"]["labels"] == {"app": "db"}
    assert "ownerReferences" not in claim["metadata"]
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}
    assert volume in sets.get("pods", "db-0")["spec"]["volumes"]
    assert sets.events("db")[0] == (
        "SuccessfulCreate",
        "create Claim data-db-0 Pod db-0 in StatefulSet db success",
    )
    uid = claim["metadata"]["uid"]
    change(sets, replicas=0)
    settle(sets)
    change(sets, replicas=2)
    settle(sets)
    assert sets.get("persistentvolumeclaims", "data-db-0")["metadata"]["uid"] == uid


def owners(world: World, name: str) -> list[str]:
    references = world.get("persistentvolumeclaims", name)["metadata"].get("ownerReferences") or ()
    return [f"{one['kind']}/{one['name']}" for one in references]


@pytest.mark.parametrize(
    ("scaled", "deleted", "kept", "condemned"),
    [
        pytest.param("Retain", "Retain", [], [], id="retain-both"),
        pytest.param("Retain", "Delete", ["StatefulSet/db"], ["StatefulSet/db"], id="delete-with-the-set"),
        pytest.param("Delete", "Retain", [], ["Pod/db-1"], id="delete-on-scaling"),
        pytest.param("Delete", "Delete", ["StatefulSet/db"], ["Pod/db-1"], id="delete-both"),
    ],
)
def test_the_retention_policy_says_who_owns_the_claims(
    sets: World, pod_template: Any, scaled: str, deleted: str, kept: list[str], condemned: list[str]
) -> None:
    policy = {"whenScaled": scaled, "whenDeleted": deleted}
    made = stateful_set(pod_template, 2, volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=policy)
    sets.client.create("statefulsets.apps", made)
    settle(sets)
    bind(sets, "db-1")
    assert (owners(sets, "data-db-0"), owners(sets, "data-db-1")) == (kept, kept)
    change(sets, replicas=1)
    sets.run()
    assert ending(sets) == ["db-1"]
    assert (owners(sets, "data-db-0"), owners(sets, "data-db-1")) == (kept, condemned)


def test_scaling_down_deletes_the_claim_where_the_policy_says_so(world: Any, pod_template: Any) -> None:
    made = world(StatefulSetController, GarbageCollector, ClaimProtectionController)
    policy = {"whenScaled": "Delete", "whenDeleted": "Retain"}
    made.client.create(
        "statefulsets.apps",
        stateful_set(pod_template, 2, volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=policy),
    )
    settle(made)
    change(made, replicas=1)
    settle(made)
    assert [one["metadata"]["name"] for one in made.all("persistentvolumeclaims")] == ["data-db-0"]
