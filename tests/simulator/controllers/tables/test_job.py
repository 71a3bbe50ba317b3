"""What one sync makes of a Job and its pods: the cases of `job_controller_test.go`, with the feature gates as v1.33 has them.

Left out are cases about expectations and failing clients (upstream's own machinery), and about gates that are off.
"""

from typing import Any

import pytest

from simulator.controllers.job import JobController
from tests.proof.follows import follows
from tests.simulator.controllers.tables.job_pods import (
    COMPLETE,
    FAILED,
    INDEX,
    LONG_AGO,
    SUSPENDED,
    Pods,
    conditions_of,
    job,
)

Obj = dict[str, Any]
UPSTREAM = "pkg/controller/job/job_controller_test.go"


def case(
    name: str,
    spec: tuple[int, int | None, int],
    *,
    indexed: bool = False,
    ending: bool = False,
    before: Obj | None = None,
    more: Obj | None = None,
    pods: Obj | None = None,
    indexes: tuple[tuple[str, str], ...] = (),
    created: int = 0,
    deleted: int = 0,
    active: int = 0,
    ready: int = 0,
    succeeded: int = 0,
    failed: int = 0,
    terminating: int = 0,
    done: str = "",
    conditions: list[tuple[str, str, str]] | None = None,
    new: tuple[int, ...] = (),
) -> Any:
    """`spec`: parallelism, completions, backoffLimit. `pods`: how many of which phase. `new`: indexes of created pods."""
    wanted = {
        "created": created,
        "deleted": deleted,
        "active": active,
        "ready": ready,
        "succeeded": succeeded,
        "failed": failed,
        "terminating": terminating,
        "completedIndexes": done,
        "conditions": conditions or [],
        "new": list(new),
    }
    given = {"ending": ending, "before": before or {}, "more": more or {}, "pods": pods or {}, "indexes": indexes}
    return pytest.param((*spec, "Indexed" if indexed else "NonIndexed"), given, wanted, id=name)


ONLY_FAILED = {"podReplacementPolicy": "Failed"}
RULE = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
MADE_UP = {"status": "False", "reason": "ConditionAddedManually", "message": "Testing"}
CASES = [
    case("job start", (2, 5, 6), created=2, active=2),
    case("work queue: job start", (2, None, 6), created=2, active=2),
    case("pending pods", (2, 5, 6), pods={"Pending": 2}, active=2),
    case("right number of pods", (3, 5, 6), pods={"Running": 3, "ready": 2}, active=3, ready=2),
    case("work queue: right number of pods", (2, None, 6), pods={"Running": 2}, active=2),
    case("too few active pods", (2, 5, 6), pods={"Running": 1, "Succeeded": 1}, created=1, active=2, succeeded=1),
    case(
        "work queue: a terminating pod is waited for, only failed ones are replaced",
        (1, None, 6),
        more=ONLY_FAILED,
        pods={"Running": 1, "Failed": 1, "terminating": 1},
        active=1,
        failed=1,
        terminating=1,
    ),
    case(
        "work queue: terminating or failed pods are replaced",
        (1, None, 6),
        pods={"Running": 1, "Failed": 1, "terminating": 1},
        active=1,
        failed=2,
        terminating=1,
    ),
    case(
        "more terminating pods than parallelism",
        (1, 1, 6),
        more=ONLY_FAILED,
        pods={"Running": 2, "terminating": 4},
        deleted=1,
        active=1,
        terminating=5,
    ),
    case(
        "more terminating pods than parallelism, with a pod failure policy",
        (1, 1, 6),
        more={**ONLY_FAILED, "podFailurePolicy": {"rules": [RULE]}},
        pods={"Running": 2, "terminating": 4},
        deleted=1,
        active=1,
        terminating=5,
    ),
    case("work queue: too few active pods", (2, None, 6), pods={"Running": 1}, created=1, active=2),
    case("too many active pods", (2, 5, 6), pods={"Running": 3}, deleted=1, active=2, terminating=1),
    case(
        "ready pods when there are too many",
        (2, 5, 6),
        pods={"Running": 3, "ready": 3},
        deleted=1,
        active=2,
        ready=2,
        terminating=1,
    ),
    case(
        "failed and succeeded pods reset the backoff",
        (2, 5, 6),
        pods={"Running": 1, "Succeeded": 1, "Failed": 1},
        created=1,
        active=2,
        succeeded=1,
        failed=1,
    ),
    case("new failed pod", (2, 5, 6), pods={"Running": 1, "Failed": 1}, created=1, active=2, failed=1),
    case("no new pod", (1, 1, 6), before={"active": 1, "failed": 1}, pods={"Running": 1}, active=1, failed=1),
    case("job finish", (2, 5, 6), pods={"Succeeded": 5}, succeeded=5, conditions=COMPLETE),
    case("work queue: finishing", (2, None, 6), pods={"Running": 1, "Succeeded": 1}, active=1, succeeded=1),
    case("work queue: all finished", (2, None, 6), pods={"Succeeded": 2}, succeeded=2, conditions=COMPLETE),
    case(
        "work queue: all finished despite one failure",
        (2, None, 6),
        pods={"Succeeded": 1, "Failed": 1},
        succeeded=1,
        failed=1,
        conditions=COMPLETE,
    ),
    case("more active pods than parallelism", (2, 5, 6), pods={"Running": 10}, deleted=8, active=2, terminating=8),
    case(
        "more active pods than completions are left",
        (3, 4, 6),
        pods={"Running": 3, "Succeeded": 2},
        deleted=1,
        active=2,
        succeeded=2,
        terminating=1,
    ),
    case("status change", (2, 5, 6), pods={"Running": 2, "Succeeded": 2}, active=2, succeeded=2),
    case(
        "deleted job", (2, 5, 6), ending=True, pods={"Pending": 1, "Running": 1, "Succeeded": 1}, active=2, succeeded=1
    ),
    case("too many failures", (2, 5, 0), ending=True, pods={"Failed": 1}, failed=1, conditions=FAILED),
    case("indexed job start", (2, 5, 6), indexed=True, created=2, active=2, new=(0, 1)),
    case(
        "indexed job with a deleted pod, only failed ones are replaced",
        (2, 5, 6),
        indexed=True,
        more=ONLY_FAILED,
        pods={"terminating": 1},
        created=1,
        active=1,
        terminating=1,
        new=(0,),
    ),
    case(
        "indexed job with a deleted pod, terminating ones are replaced",
        (2, 5, 6),
        indexed=True,
        pods={"terminating": 1},
        created=2,
        active=2,
        terminating=1,
        new=(0, 1),
    ),
    case(
        "indexed job completed",
        (2, 3, 6),
        indexed=True,
        indexes=(("0", "Succeeded"), ("1", "Failed"), ("1", "Succeeded"), ("2", "Succeeded")),
        succeeded=3,
        failed=1,
        done="0-2",
        conditions=COMPLETE,
    ),
    case(
        "indexed job failed, its end waits for the terminating pod",
        (2, 3, 0),
        indexed=True,
        indexes=(("0", "Succeeded"), ("1", "Failed"), ("2", "Running")),
        deleted=1,
        succeeded=1,
        failed=2,
        terminating=1,
        done="0",
        conditions=FAILED[:1],
    ),
    case(
        "ready pods when a job fails",
        (2, 3, 0),
        pods={"Running": 2, "ready": 2, "Failed": 1},
        deleted=2,
        failed=3,
        terminating=2,
        conditions=FAILED[:1],
    ),
    case(
        "indexed job, an index that succeeded twice",
        (2, 3, 6),
        indexed=True,
        indexes=(("0", "Succeeded"), ("1", "Succeeded"), ("1", "Succeeded")),
        created=1,
        active=1,
        succeeded=2,
        done="0,1",
        new=(2,),
    ),
    case(
        "indexed job, some running and completed pods",
        (8, 20, 6),
        indexed=True,
        indexes=(
            *(("0", "Running"), ("2", "Succeeded"), ("3", "Pending"), ("4", "Succeeded")),
            *(("5", "Succeeded"), ("7", "Succeeded"), ("8", "Succeeded"), ("9", "Succeeded")),
        ),
        created=6,
        active=8,
        succeeded=6,
        done="2,4,5,7-9",
        new=(1, 6, 10, 11, 12, 13),
    ),
    case(
        "indexed job, some failed pods",
        (3, 4, 6),
        indexed=True,
        indexes=(("0", "Failed"), ("1", "Pending"), ("2", "Failed")),
        created=2,
        active=3,
        failed=2,
        new=(0, 2),
    ),
    case(
        "indexed job, some pods without an index",
        (2, 5, 6),
        indexed=True,
        pods={"Running": 1, "Succeeded": 1, "Failed": 1},
        indexes=(
            *(("invalid", "Running"), ("invalid", "Succeeded"), ("invalid", "Failed"), ("invalid", "Pending")),
            *(("0", "Succeeded"), ("1", "Running"), ("2", "Running")),
        ),
        deleted=3,
        active=2,
        succeeded=1,
        terminating=3,
        done="0",
    ),
    case(
        "indexed job, an index taken twice",
        (5, 5, 6),
        indexed=True,
        pods={"Succeeded": 1, "Failed": 1},
        indexes=(("invalid", "Running"), ("0", "Succeeded"), ("1", "Running"), ("2", "Running"), ("2", "Pending")),
        deleted=2,
        active=2,
        succeeded=1,
        terminating=2,
        done="0",
    ),
    case(
        "indexed job, indexes out of range",
        (2, 5, 6),
        indexed=True,
        indexes=(("0", "Succeeded"), ("5", "Running"), ("6", "Succeeded"), ("7", "Pending"), ("8", "Failed")),
        deleted=2,
        succeeded=1,
        terminating=2,
        done="0",
    ),
    case(
        "suspending a job",
        (2, 4, 6),
        more={"suspend": True},
        pods={"Running": 2, "ready": 2},
        deleted=2,
        terminating=2,
        conditions=SUSPENDED,
    ),
    case(
        "resuming a suspended job",
        (2, 4, 6),
        before={"conditions": [{"type": "Suspended", "status": "True", "reason": "JobSuspended"}]},
        created=2,
        active=2,
        conditions=[("Suspended=False", "JobResumed", "Job resumed")],
    ),
    case("suspending a deleted job", (2, 4, 6), ending=True, more={"suspend": True}, pods={"Running": 2}, active=2),
    case(
        "FailureTarget=False made by hand is ignored",
        (1, 1, 0),
        before={"active": 1, "startTime": LONG_AGO, "conditions": [{"type": "FailureTarget", **MADE_UP}]},
        pods={"Running": 1, "ready": 1},
        active=1,
        ready=1,
        conditions=[("FailureTarget=False", "ConditionAddedManually", "Testing")],
    ),
    case(
        "SuccessCriteriaMet=False made by hand is ignored",
        (1, 1, 0),
        before={"active": 1, "startTime": LONG_AGO, "conditions": [{"type": "SuccessCriteriaMet", **MADE_UP}]},
        pods={"Running": 1, "ready": 1},
        active=1,
        ready=1,
        conditions=[("SuccessCriteriaMet=False", "ConditionAddedManually", "Testing")],
    ),
    case(
        "completed indexes beyond the completions no longer count",
        (2, 2, 6),
        indexed=True,
        before={"active": 2, "succeeded": 1, "completedIndexes": "3", "startTime": LONG_AGO},
        indexes=(("0", "Running"), ("1", "Running")),
        active=2,
    ),
    case(
        "completed indexes beyond the completions, and a new success",
        (2, 2, 6),
        indexed=True,
        before={"active": 2, "succeeded": 1, "completedIndexes": "3", "startTime": LONG_AGO},
        indexes=(("0", "Running"), ("1", "Succeeded")),
        active=1,
        succeeded=1,
        done="1",
    ),
]


@follows("job-controller", f"{UPSTREAM}: TestControllerSyncJob, TestTrackJobStatusAndRemoveFinalizers")
@pytest.mark.parametrize(("spec", "given", "wanted"), CASES)
def test_one_sync(stage: Any, pod_template: Any, spec: tuple[Any, ...], given: Obj, wanted: Obj) -> None:
    world = stage(JobController)
    made = {**job(pod_template, *spec, **given["more"]), "status": given["before"]}
    world.put("jobs.batch", made, ending=given["ending"])
    pods = Pods(world, world.get("jobs.batch", "work"))
    counts = dict(given["pods"])
    for _ in range(counts.pop("terminating", 0)):
        pods.put("Running", ending=True)
    ready = counts.pop("ready", 0)
    for phase, count in counts.items():
        for number in range(count):
            pods.put(phase, ready=phase == "Running" and number < ready)
    for index, phase in given["indexes"]:
        pods.put(phase, index)
    uids = {pod["metadata"]["uid"] for pod in world.pods()}
    world.act(0.9)  # what pods answer is looked at a second later

    status = world.get("jobs.batch", "work")["status"]
    created = [pod for pod in world.pods() if pod["metadata"]["uid"] not in uids]
    found = {name: status.get(name, 0) for name in ("active", "ready", "succeeded", "failed", "terminating")}
    found["completedIndexes"] = status.get("completedIndexes", "")
    found["conditions"] = conditions_of(status)
    found["created"] = len(created)
    found["deleted"] = [reason for reason, _ in world.events("work")].count("SuccessfulDelete")
    found["new"] = sorted(
        int(pod["metadata"]["annotations"][INDEX]) for pod in created if INDEX in pod["metadata"].get("annotations", {})
    )
    assert found == wanted
    assert ("startTime" in status) is (not given["more"].get("suspend"))
    for pod in created:
        index = pod["metadata"].get("annotations", {}).get(INDEX)
        assert pod["metadata"]["generateName"] == ("work-" if index is None else f"work-{index}-")
        assert pod["spec"].get("hostname") == (None if index is None else f"work-{index}")
        assert pod["metadata"]["ownerReferences"][0]["name"] == "work"


@follows("job-controller", f"{UPSTREAM}: TestGetNewFinshedPods")
@pytest.mark.parametrize(
    ("before", "pods", "succeeded", "failed"),
    [
        pytest.param(
            {"succeeded": 2, "failed": 1},
            ["Succeeded", "Succeeded+", "Succeeded+", "Failed", "Failed+", "Running"],
            *(4, 2),
            id="some are counted",
        ),
        pytest.param(
            {"succeeded": 1, "failed": 1},
            ["Succeeded", "Succeeded", "Succeeded+", "Succeeded+", "Failed", "Failed+", "Failed+"],
            *(3, 3),
            id="some are not counted yet",
        ),
        pytest.param(
            {"succeeded": 1, "failed": 1},
            ["Succeeded+ ending", "Failed+ ending", "Running+ ending", "Pending+ ending"],
            *(2, 4),
            id="deleted pods",
        ),
    ],
)
def test_pods_with_the_finalizer_are_counted_once(
    stage: Any, pod_template: Any, before: Obj, pods: list[str], succeeded: int, failed: int
) -> None:
    """`+` has the finalizer, so it is in no count yet."""
    world = stage(JobController)
    world.put("jobs.batch", {**job(pod_template, 1, 20, 20, "NonIndexed"), "status": before})
    owner = world.get("jobs.batch", "work")
    making = Pods(world, owner)
    for text in pods:
        making.put(text.split()[0].rstrip("+"), ending=text.endswith("ending"))
        if "+" not in text:
            world.client.patch("pods", "default", f"p{making.count - 1}", {"metadata": {"finalizers": None}})
    world.act()
    status = world.get("jobs.batch", "work")["status"]
    assert (status["succeeded"], status["failed"]) == (succeeded, failed)


@follows("job-controller", f"{UPSTREAM}: TestSyncJobPastDeadline", "pkg/controller/job/job_controller.go")
@pytest.mark.parametrize(
    ("spec", "more", "started", "pods", "deleted", "failed", "ended"),
    [
        pytest.param((1, 1, 6), {"activeDeadlineSeconds": 10}, 15, {"Running": 1}, 1, 1, "DeadlineExceeded", id="past"),
        pytest.param(
            (1, 2, 6),
            {"activeDeadlineSeconds": 10},
            15,
            {"Running": 1, "Succeeded": 1},
            *(1, 1, "DeadlineExceeded"),
            id="past, one has succeeded",
        ),
        pytest.param((1, 2, 6), {"activeDeadlineSeconds": 10}, 5, {"Running": 1}, 0, 0, "", id="not yet"),
        pytest.param(
            (1, 2, 6),
            {"activeDeadlineSeconds": 10, "suspend": True},
            15,
            {},
            *(0, 0, "Suspended"),
            id="suspended jobs have no deadline",
        ),
        pytest.param(
            (1, 3, 0), {}, 15, {"Running": 1, "Failed": 1}, 1, 2, "BackoffLimitExceeded", id="nothing may fail"
        ),
    ],
)
def test_deadlines(
    stage: Any,
    pod_template: Any,
    spec: tuple[int, int, int],
    more: Obj,
    started: int,
    pods: Obj,
    deleted: int,
    failed: int,
    ended: str,
) -> None:
    world = stage(JobController)
    world.run(started)
    made = {**job(pod_template, *spec, "NonIndexed", **more), "status": {"startTime": "2025-10-09T08:53:20Z"}}
    world.put("jobs.batch", made)
    making = Pods(world, world.get("jobs.batch", "work"))
    for phase, count in pods.items():
        for _ in range(count):
            making.put(phase)
    world.act()
    status = world.get("jobs.batch", "work")["status"]
    said = {
        "DeadlineExceeded": [("FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline")],
        "BackoffLimitExceeded": FAILED[:1],
        "Suspended": SUSPENDED,
        "": [],
    }
    assert conditions_of(status) == said[ended]
    assert [reason for reason, _ in world.events("work")].count("SuccessfulDelete") == deleted
    assert status.get("failed", 0) == failed
