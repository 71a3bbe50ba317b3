"""ReplicaSets, ReplicationControllers and Deployments: how many of what, and which conditions."""

from typing import Any

import pytest

from simulator.controllers.deployment import DeploymentController
from simulator.controllers.kinds.objects import controller_reference
from simulator.controllers.replicaset import ReplicaSetController
from simulator.controllers.replication_controller import ReplicationController
from simulator.controllers.rollout_maths import Bounds, Size, new_size, old_sizes, proportional_sizes
from tests.proof.follows import follows

Obj = dict[str, Any]
SYNC = "pkg/controller/deployment/sync_test.go"
ROLLING = "pkg/controller/deployment/rolling_test.go"


def scale(name: str, before: int, after: int, sets: list[int], wanted: list[int], **more: Any) -> Any:
    """Sizes of the sets, the newest first."""
    return pytest.param(before, after, sets, wanted, {"surge": 0, "old_surge": 0, "most": {}, **more}, id=name)


@follows(
    "deployment-controller",
    f"{SYNC}: TestScale",
    "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#proportional-scaling",
)
@pytest.mark.parametrize(
    ("before", "after", "sets", "wanted", "more"),
    [
        scale("5 to 10", 5, 10, [2, 3], [4, 6]),
        scale("5 to 3", 5, 3, [2, 3], [1, 2]),
        scale("9 to 4", 9, 4, [8, 1], [4, 0]),
        scale("7 to 10", 7, 10, [2, 3, 2], [3, 4, 3]),
        scale("13 to 8", 13, 8, [2, 8, 3], [1, 5, 2]),
        scale("what is left over goes to the newest, 3 to 4", 3, 4, [1, 1, 1], [2, 1, 1]),
        scale("what is too much is taken from the oldest, 3 to 2", 3, 2, [1, 1, 1], [1, 1, 0]),
        scale("no new set, 4 to 5", 4, 5, [2, 2], [3, 2]),
        scale("6 to 0", 6, 0, [3, 2, 1], [0, 0, 0]),
        scale("one set was not updated", 5, 5, [2, 1, 1], [2, 2, 1], most={1: 3}),
        scale("with surge", 10, 20, [6, 6], [11, 11], surge=2, old_surge=2),
        scale("another surge and another size", 10, 50, [5, 8], [22, 34], surge=6, old_surge=3),
        scale("another size and another template", 10, 14, [7, 3], [10, 4]),
    ],
)
def test_a_size_is_shared_among_sets(before: int, after: int, sets: list[int], wanted: list[int], more: Obj) -> None:
    known = [
        Size(
            f"v{len(sets) - place}",
            count,
            count,
            f"2016-05-{20 - place}",
            more["most"].get(place, before + more["old_surge"]),
        )
        for place, count in enumerate(sets)
    ]
    found = {one.name: one.replicas for one in proportional_sizes(Bounds(after, more["surge"], 0), known, sum(sets))}
    assert [found[one.name] for one in known] == wanted


@follows("deployment-controller", f"{ROLLING}: TestDeploymentController_reconcileNewReplicaSet")
@pytest.mark.parametrize(
    ("surge", "old", "new", "wanted"),
    [
        pytest.param(0, 10, 0, 0, id="no room"),
        pytest.param(2, 10, 0, 2, id="into the surge"),
        pytest.param(2, 5, 0, 7, id="and what is missing"),
        pytest.param(2, 10, 2, 2, id="the surge is used up"),
    ],
)
def test_the_new_set_grows(surge: int, old: int, new: int, wanted: int) -> None:
    fresh = Size("new", new, 0)
    assert new_size(Bounds(10, surge, 0), fresh, [fresh, Size("old", old, old)]) == wanted


@follows(
    "deployment-controller",
    f"{ROLLING}: TestDeploymentController_reconcileOldReplicaSets, TestDeploymentController_cleanupUnhealthyReplicas, TestDeploymentController_scaleDownOldReplicaSetsForRollingUpdate",
)
@pytest.mark.parametrize(
    ("unavailable", "old", "old_ready", "new", "new_ready", "wanted"),
    [
        pytest.param(1, 10, 10, 0, 0, 9, id="one may be missing"),
        pytest.param(2, 10, 10, 0, 0, 8, id="two may be missing"),
        pytest.param(2, 10, 8, 0, 0, 8, id="unhealthy ones go"),
        pytest.param(2, 10, 9, 0, 0, 8, id="an unhealthy one and a ready one go"),
        pytest.param(2, 8, 8, 2, 0, None, id="new ones that are not ready hold it"),
        pytest.param(2, 0, 0, 10, 10, None, id="nothing is left"),
        pytest.param(2, 10, 1, 0, 0, 8, id="far too few are ready: unhealthy ones go as far as the size allows"),
    ],
)
def test_old_sets_shrink(
    unavailable: int, old: int, old_ready: int, new: int, new_ready: int, wanted: int | None
) -> None:
    changes = old_sizes(Bounds(10, 0, unavailable), Size("new", new, new_ready), [Size("old", old, old_ready)])
    assert (changes[-1].replicas if changes else None) == wanted


def put_set(
    world: Any, owner: Obj, name: str, replicas: int, *, status: int, revision: int, image: str, ending: bool = False
) -> None:
    template = {
        "metadata": {"labels": {"app": "web", "pod-template-hash": name}},
        "spec": {"containers": [{"name": "web", "image": image}]},
    }
    metadata = {
        "name": name,
        "labels": {"app": "web", "pod-template-hash": name},
        "annotations": {"deployment.kubernetes.io/revision": str(revision)},
        "ownerReferences": [controller_reference(owner)],
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": template["metadata"]["labels"]}, "template": template}
    made = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}
    world.put("replicasets.apps", {**made, "status": {"replicas": status, "observedGeneration": 1}}, ending=ending)


@follows(
    "deployment-controller",
    f"{SYNC}: TestDeploymentController_cleanupDeployment, TestDeploymentController_cleanupDeploymentOrder",
)
@pytest.mark.parametrize(
    ("sets", "limit", "left"),
    [
        pytest.param([(0, 0, 1), (0, 0, 2), (0, 0, 3)], 1, "3", id="all but one"),
        pytest.param([(0, 0, 1), (0, 1, 2)], 0, "2", id="not one that still has pods"),
        pytest.param([(0, 0, 1), (0, 0, 2)], 0, "", id="none is kept"),
        pytest.param([(0, 0, 1, "ending")], 0, "1", id="one that is being deleted already"),
        pytest.param([(0, 0, 1), (0, 0, 2), (0, 0, 3)], 99, "1 2 3", id="all are kept"),
        pytest.param([(0, 0, 3), (0, 0, 1), (0, 0, 2)], 1, "3", id="by revision, not by age"),
    ],
)
def test_old_sets_are_cleaned_up(
    stage: Any, deployment: Any, sets: list[tuple[Any, ...]], limit: int, left: str
) -> None:
    world = stage(DeploymentController)
    owner = world.put("deployments.apps", deployment(replicas=0, revisionHistoryLimit=limit, paused=True))
    for replicas, status, revision, *rest in sets:
        put_set(
            world,
            owner,
            f"old-{revision}",
            replicas,
            status=status,
            revision=revision,
            image=f"x:{revision}",
            ending=bool(rest),
        )
    world.act()
    assert " ".join(one["metadata"]["name"].removeprefix("old-") for one in world.all("replicasets.apps")) == left


@follows(
    "deployment-controller",
    "pkg/controller/deployment/progress_test.go: TestSyncRolloutStatus, TestRequeueStuckDeployment",
    "pkg/controller/deployment/util/deployment_util_test.go: TestDeploymentComplete, TestDeploymentProgressing, TestDeploymentTimedOut",
)
@pytest.mark.parametrize(
    ("steps", "progressing", "available"),
    [
        pytest.param(
            [("run", 1)], ("True", "ReplicaSetUpdated", 'ReplicaSet "{}" is progressing.'), "False", id="has just begun"
        ),
        pytest.param(
            [("run", 1), ("ready", 0), ("run", 1)],
            ("True", "NewReplicaSetAvailable", 'ReplicaSet "{}" has successfully progressed.'),
            "True",
            id="complete",
        ),
        pytest.param(
            [("run", 70)],
            ("False", "ProgressDeadlineExceeded", 'ReplicaSet "{}" has timed out progressing.'),
            "False",
            id="timed out",
        ),
        pytest.param(
            [("run", 50), ("one", 0), ("run", 50)],
            ("True", "ReplicaSetUpdated", 'ReplicaSet "{}" is progressing.'),
            "False",
            id="one pod became ready: the clock starts anew",
        ),
        pytest.param(
            [("run", 70), ("ready", 0), ("run", 1)],
            ("True", "NewReplicaSetAvailable", 'ReplicaSet "{}" has successfully progressed.'),
            "True",
            id="complete after it had timed out",
        ),
        pytest.param(
            [("run", 1), ("pause", 0), ("run", 100)],
            ("Unknown", "DeploymentPaused", "Deployment is paused"),
            "False",
            id="paused",
        ),
        pytest.param(
            [("run", 1), ("pause", 0), ("run", 100), ("resume", 0), ("run", 1)],
            ("Unknown", "DeploymentResumed", "Deployment is resumed"),
            "False",
            id="resumed",
        ),
    ],
)
def test_progress(stage: Any, deployment: Any, steps: list[tuple[str, int]], progressing: Any, available: str) -> None:
    world = stage(DeploymentController, ReplicaSetController)
    world.put("deployments.apps", deployment(replicas=3, progressDeadlineSeconds=60))
    world.manager.start()
    for step, seconds in steps:
        world.run(seconds)
        if step == "ready":
            world.make_all_ready()
        elif step == "one":
            world.make_ready(world.pods()[0])
        elif step in ("pause", "resume"):
            world.client.patch("deployments.apps", "default", "web", {"spec": {"paused": step == "pause"}})
    found = {one["type"]: one for one in world.get("deployments.apps", "web")["status"]["conditions"]}
    name = world.all("replicasets.apps")[0]["metadata"]["name"]
    condition = found["Progressing"]
    assert (condition["status"], condition["reason"], condition["message"].replace(name, "{}")) == progressing
    assert found["Available"]["status"] == available


# ReplicaSets, and ReplicationControllers, which are the same under an older name

SETS = "pkg/controller/replicaset/replica_set_test.go"
KINDS = [
    pytest.param(ReplicaSetController, "ReplicaSet", "replicasets.apps", id="ReplicaSet"),
    pytest.param(ReplicationController, "ReplicationController", "replicationcontrollers", id="ReplicationController"),
]


def put_owner(
    world: Any, kind: str, resource: str, replicas: int, template: Any, *, ending: bool = False, **spec: Any
) -> Obj:
    labels: Any = {"app": "web"}
    selector = labels if kind == "ReplicationController" else {"matchLabels": labels}
    version = "v1" if kind == "ReplicationController" else "apps/v1"
    spec = {"replicas": replicas, "selector": selector, "template": template("web"), **spec}
    made: Obj = world.put(
        resource, {"apiVersion": version, "kind": kind, "metadata": {"name": "web"}, "spec": spec}, ending=ending
    )
    return made


def put_pod(
    world: Any, name: str, owner: Obj | None, *, phase: str = "Running", ready: bool = True, label: str = "web"
) -> None:
    metadata: Obj = {"name": name, "labels": {"app": label}}
    if owner is not None:
        metadata["ownerReferences"] = [controller_reference(owner)]
    spec = {"containers": [{"name": "c", "image": "x"}], "nodeName": "node-1", "terminationGracePeriodSeconds": 30}
    since = world.engine.timestamp()
    status = {"phase": phase, "conditions": [{"type": "Ready", "status": str(ready), "lastTransitionTime": since}]}
    world.put("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status})


@follows(
    "replicaset-controller",
    f"{SETS}: TestSyncReplicaSetDoesNothing, TestSyncReplicaSetCreates, TestDeleteControllerAndExpectations, TestStatusUpdatesWithoutReplicasChange, TestPatchPodWithOtherOwnerRef, TestDoNotPatchPodWithOtherControlRef, TestDoNotAdoptOrCreateIfBeingDeleted",
)
@follows("replication-controller", "pkg/controller/replication/replication_controller_test.go", SETS)
@pytest.mark.parametrize(("controller", "kind", "resource"), KINDS)
@pytest.mark.parametrize(
    ("wanted", "pods", "ending", "created", "deleted", "owned"),
    [
        pytest.param(2, ["mine", "mine"], False, 0, 0, 2, id="does nothing"),
        pytest.param(2, [], False, 2, 0, 2, id="creates"),
        pytest.param(2, ["mine", "failed", "succeeded"], False, 1, 0, 4, id="pods that have ended do not count"),
        pytest.param(1, ["mine", "mine", "mine"], False, 0, 2, 3, id="deletes"),
        pytest.param(0, ["mine"], False, 0, 1, 1, id="deletes the last"),
        pytest.param(2, ["orphan"], False, 1, 0, 2, id="adopts"),
        pytest.param(2, ["other"], False, 2, 0, 2, id="leaves another's pods alone"),
        pytest.param(2, ["stray", "mine"], False, 1, 0, 2, id="releases a pod that no longer matches"),
        pytest.param(2, ["orphan"], True, 0, 0, 0, id="is being deleted: neither adopts nor creates"),
    ],
)
def test_pods_are_made_and_taken(
    stage: Any,
    pod_template: Any,
    controller: Any,
    kind: str,
    resource: str,
    wanted: int,
    pods: list[str],
    ending: bool,
    created: int,
    deleted: int,
    owned: int,
) -> None:
    world = stage(controller)
    owner = put_owner(world, kind, resource, wanted, pod_template, ending=ending)
    other = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "o", "uid": "u-other"}}
    for number, what in enumerate(pods):
        whose = {"orphan": None, "other": other}.get(what, owner)
        phase = {"failed": "Failed", "succeeded": "Succeeded"}.get(what, "Running")
        put_pod(world, f"p{number}", whose, phase=phase, label="gone" if what == "stray" else "web")
    world.act()
    reasons = [reason for reason, _ in world.events("web")]
    assert (reasons.count("SuccessfulCreate"), reasons.count("SuccessfulDelete")) == (created, deleted)
    uid = owner["metadata"]["uid"]
    mine = [
        pod for pod in world.pods() if any(one["uid"] == uid for one in pod["metadata"].get("ownerReferences") or ())
    ]
    assert len(mine) == owned
    for reason, message in world.events("web"):
        assert message.startswith(
            {"SuccessfulCreate": "Created pod: web-", "SuccessfulDelete": "Deleted pod: p"}[reason]
        )


@follows(
    "replicaset-controller",
    "pkg/controller/replicaset/replica_set_utils_test.go: TestCalculateStatus, TestCalculateStatusConditions, TestGetCondition",
)
@follows("replication-controller", "pkg/controller/replicaset/replica_set_utils_test.go: TestCalculateStatus")
@pytest.mark.parametrize(("controller", "kind", "resource"), KINDS)
@pytest.mark.parametrize(
    ("min_ready", "pods", "counts"),
    [
        pytest.param(0, [], (0, 0, 0, 0), id="no pods"),
        pytest.param(0, ["ready", "ready"], (2, 2, 2, 2), id="two pods"),
        pytest.param(0, ["ready", "not"], (2, 2, 1, 1), id="one is not ready"),
        pytest.param(3600, ["ready", "ready"], (2, 2, 2, 0), id="ready, not yet available"),
    ],
)
def test_status(
    stage: Any,
    pod_template: Any,
    controller: Any,
    kind: str,
    resource: str,
    min_ready: int,
    pods: list[str],
    counts: tuple[int, ...],
) -> None:
    world = stage(controller)
    owner = put_owner(world, kind, resource, len(pods), pod_template, minReadySeconds=min_ready)
    for number, what in enumerate(pods):
        put_pod(world, f"p{number}", owner, ready=what == "ready")
    world.act()
    status = world.get(resource, "web").get("status") or {}
    names = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    assert tuple(status.get(name, 0) for name in names) == counts
