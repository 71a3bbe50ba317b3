"""A StatefulSet's members step by step: the scenarios of `stateful_set_control_test.go`, in order and in parallel."""

from typing import Any

import pytest

from simulator.controllers.statefulset import StatefulSetController
from simulator.controllers.template_hash import template_hash
from tests.proof.follows import follows
from tests.simulator.controllers.tables.stateful_sets import change, claiming_set, settle

Obj = dict[str, Any]
UPSTREAM = "pkg/controller/statefulset/stateful_set_control_test.go"
POLICIES = [pytest.param("OrderedReady", id="Monotonic"), pytest.param("Parallel", id="Burst")]
RETENTION = [
    pytest.param("Retain", "Retain", id="Retain"),
    pytest.param("Delete", "Retain", id="ScaleDownOnly"),
    pytest.param("Retain", "Delete", id="SetDeleteOnly"),
    pytest.param("Delete", "Delete", id="Delete"),
]


def names(world: Any) -> str:
    return " ".join(pod["metadata"]["name"] for pod in world.pods() if "deletionTimestamp" not in pod["metadata"])


def owners(world: Any, claim: str) -> list[str]:
    return [one["kind"] for one in world.get("persistentvolumeclaims", claim)["metadata"].get("ownerReferences") or ()]


def started(stage: Any, template: Any, replicas: int = 3, **spec: Any) -> Any:
    world = stage(StatefulSetController)
    world.put("statefulsets.apps", claiming_set(template, replicas, **spec))
    world.manager.start()
    settle(world)
    return world


COUNTS = ("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")


def counts(world: Any) -> list[int]:
    status = world.get("statefulsets.apps", "db")["status"]
    return [status.get(name, 0) for name in COUNTS]


@follows("statefulset-controller", f"{UPSTREAM}: CreatesPodsWithPodIndexLabelFeature, ScalesUp, ScalesDown")
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(0, 3, id="creates pods"),
        pytest.param(3, 4, id="scales up"),
        pytest.param(3, 0, id="scales down"),
        pytest.param(3, 2, id="scales down by one"),
    ],
)
def test_size(stage: Any, pod_template: Any, before: int, after: int, policy: str) -> None:
    world = started(stage, pod_template, before, podManagementPolicy=policy)
    change(world, replicas=after)
    settle(world)
    assert names(world) == " ".join(f"db-{number}" for number in range(after))
    assert counts(world) == [after] * 5
    assert [pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] for pod in world.pods()] == [
        str(n) for n in range(after)
    ]


@follows(
    "statefulset-controller",
    f"{UPSTREAM}: ScalesDown",
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention",
)
@pytest.mark.parametrize(("when_scaled", "when_deleted"), RETENTION)
def test_claims_belong_to_what_takes_them_along(
    stage: Any, pod_template: Any, when_scaled: str, when_deleted: str
) -> None:
    policy = {"whenScaled": when_scaled, "whenDeleted": when_deleted}
    world = started(stage, pod_template, 2, persistentVolumeClaimRetentionPolicy=policy)
    kept = ["StatefulSet"] if when_deleted == "Delete" else []
    assert owners(world, "data-db-1") == kept
    change(world, replicas=1)
    world.run(0.2)
    # Condemned: its pod owns the claim while it goes.
    assert owners(world, "data-db-1") == (["Pod"] if when_scaled == "Delete" else kept)
    assert owners(world, "data-db-0") == kept


@follows("statefulset-controller", f"{UPSTREAM}: ReplacesPods")
@pytest.mark.parametrize("policy", POLICIES)
def test_pods_that_are_gone_come_back(stage: Any, pod_template: Any, policy: str) -> None:
    world = started(stage, pod_template, 5, podManagementPolicy=policy)
    for number in (0, 2, 4):
        world.client.delete("pods", "default", f"db-{number}", grace_s=0)
    world.run(0.2)
    assert names(world) == ("db-0 db-1 db-3" if policy == "OrderedReady" else "db-0 db-1 db-2 db-3 db-4")
    settle(world)
    assert counts(world) == [5] * 5


@follows(
    "statefulset-controller",
    f"{UPSTREAM}: RecreatesFailedPod, RecreatesSucceededPod",
    "pkg/controller/statefulset/stateful_pod_control.go: recordPodEvent",
)
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_pod_that_has_ended_is_made_again(stage: Any, pod_template: Any, phase: str, policy: str) -> None:
    world = started(stage, pod_template, 3, podManagementPolicy=policy)
    before = world.get("pods", "db-0")["metadata"]["uid"]
    world.set_status("pods", world.get("pods", "db-0"), phase=phase)
    settle(world)
    assert world.get("pods", "db-0")["metadata"]["uid"] != before
    assert counts(world) == [3] * 5
    assert world.events("db")[-2:] == [
        ("SuccessfulDelete", "delete Pod db-0 in StatefulSet db successful"),
        ("SuccessfulCreate", "create Pod db-0 in StatefulSet db successful"),
    ]


@follows(
    "statefulset-controller",
    f"{UPSTREAM}: RecreatesPVCForPendingPod",
    "pkg/controller/statefulset/stateful_pod_control.go: recordClaimEvent",
)
@pytest.mark.parametrize("policy", POLICIES)
def test_a_pending_pod_gets_its_claim_again(stage: Any, pod_template: Any, policy: str) -> None:
    world = stage(StatefulSetController)
    world.put("statefulsets.apps", claiming_set(pod_template, 1, podManagementPolicy=policy))
    world.act(0.2)
    world.client.delete("persistentvolumeclaims", "default", "data-db-0")
    world.client.patch("pods", "default", "db-0", {"metadata": {"labels": {"touched": "yes"}}})
    world.run(0.2)
    assert world.find("persistentvolumeclaims", "data-db-0") is not None
    said = [message for _, message in world.events("db")]
    assert said.count("create Claim data-db-0 Pod db-0 in StatefulSet db success") == 1, (
        "counted: the second repeats the first"
    )


@follows(
    "statefulset-controller",
    f"{UPSTREAM}: TestStatefulSetControlRollingUpdate, TestStatefulSetControlRollingUpdateWithPartition, TestStatefulSetControlOnDeleteUpdate",
)
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("strategy", "replicas", "images"),
    [
        pytest.param({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}, 3, "2 2 2", id="rolling"),
        pytest.param({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}, 3, "1 1 2", id="partition"),
        pytest.param(
            {"type": "RollingUpdate", "rollingUpdate": {"partition": 9}}, 3, "1 1 1", id="partition above all"
        ),
        pytest.param(
            {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}, 5, "1 1 2 2 2", id="partition, scale up"
        ),
        pytest.param(
            {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}, 2, "1 2", id="partition, scale down"
        ),
        pytest.param({"type": "OnDelete", "rollingUpdate": None}, 3, "1 1 1", id="on delete"),
        pytest.param({"type": "OnDelete", "rollingUpdate": None}, 5, "1 1 1 2 2", id="on delete, scale up"),
    ],
)
def test_update_and_size_at_once(
    stage: Any, pod_template: Any, strategy: Obj, replicas: int, images: str, policy: str
) -> None:
    world = started(stage, pod_template, 3, podManagementPolicy=policy)
    change(world, updateStrategy=strategy, replicas=replicas, template=pod_template("db", "db:2"))
    settle(world, 40)
    found = " ".join(pod["spec"]["containers"][0]["image"].removeprefix("db:") for pod in world.pods())
    assert found == images
    status = world.get("statefulsets.apps", "db")["status"]
    assert status.get("updatedReplicas", 0) == images.split().count("2")
    is_done = set(images.split()) == {"2"}
    assert (status["currentRevision"] == status["updateRevision"]) is is_done


@follows(
    "statefulset-controller",
    f"{UPSTREAM}: TestStatefulSetControlRollback, TestStatefulSetControl_getSetRevisions, TestStatefulSetControlLimitsHistory",
)
@pytest.mark.parametrize(
    ("images", "limit", "revisions"),
    [
        pytest.param(["db:1"], 10, [1], id="nothing new"),
        pytest.param(["db:2"], 10, [1, 2], id="a new one"),
        pytest.param(["db:2", "db:1"], 10, [2, 3], id="back: the first becomes the newest"),
        pytest.param(["db:2", "db:3", "db:4"], 10, [1, 2, 3, 4], id="three"),
        pytest.param(["db:2", "db:3", "db:4"], 1, [3, 4], id="cut to one old one"),
        pytest.param(["db:2", "db:3", "db:4"], 0, [4], id="no history"),
    ],
)
def test_revisions(stage: Any, pod_template: Any, images: list[str], limit: int, revisions: list[int]) -> None:
    world = started(stage, pod_template, 1, revisionHistoryLimit=limit)
    for image in images:
        change(world, template=pod_template("db", image))
        settle(world, 8)
    assert sorted(one["revision"] for one in world.all("controllerrevisions.apps")) == revisions


@follows(
    "statefulset-controller",
    "pkg/controller/history/controller_history_test.go: TestRealHistory_CreateControllerRevision",
    f"{UPSTREAM}: TestStatefulSetControl_getSetRevisions",
)
@pytest.mark.parametrize(
    ("is_equal", "collisions", "made"),
    [
        pytest.param(True, 0, 0, id="an equal revision has the name"),
        pytest.param(False, 1, 1, id="another one has the name"),
    ],
)
def test_a_revisions_name_is_taken(stage: Any, pod_template: Any, is_equal: bool, collisions: int, made: int) -> None:
    world = stage(StatefulSetController)
    template = world.put("statefulsets.apps", claiming_set(pod_template, 1))["spec"]["template"]
    name = f"db-{template_hash(template)}"
    data = {"spec": {"template": {**template, "$patch": "replace"}}} if is_equal else {"other": True}
    taken = {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {"name": name},
        "data": data,
        "revision": 1,
    }
    world.put("controllerrevisions.apps", taken)
    world.act(0.2)
    status = world.get("statefulsets.apps", "db")["status"]
    wanted = name if is_equal else f"db-{template_hash(template, 1)}"
    assert (status["collisionCount"], status["updateRevision"]) == (collisions, wanted)
    assert len(world.all("controllerrevisions.apps")) == 1 + made


@follows("statefulset-controller", "pkg/controller/statefulset/stateful_set.go: adoptOrphanRevisions")
def test_a_revision_without_owner_is_adopted(stage: Any, pod_template: Any) -> None:
    world = stage(StatefulSetController)
    world.put("statefulsets.apps", claiming_set(pod_template, 1))
    metadata = {"name": "db-old", "labels": {"app": "db"}}
    orphan = {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": metadata,
        "data": {"x": 1},
        "revision": 7,
    }
    world.put("controllerrevisions.apps", orphan)
    world.act(0.2)
    assert world.get("controllerrevisions.apps", "db-old")["metadata"]["ownerReferences"][0]["name"] == "db"
    assert sorted(one["revision"] for one in world.all("controllerrevisions.apps")) == [7, 8]


@follows("statefulset-controller", "pkg/controller/statefulset/stateful_set_control.go: processReplica")
def test_a_pod_that_its_node_rejects_is_made_again_no_faster_than_the_client_may_ask(
    stage: Any, pod_template: Any
) -> None:
    world = started(stage, pod_template, 1)
    made, start = 0, world.engine.now
    while world.engine.now - start < 3_000_000:
        pod = world.find("pods", "db-0")
        if pod is not None and pod["status"]["phase"] != "Failed":
            world.set_status("pods", pod, phase="Failed", reason="OutOfcpu")
            made += 1
        world.run(0.001)
    assert made == 7 + 3 * 5 + 1, "thirty requests at once, then twenty a second, four for each; and the one that waits"
