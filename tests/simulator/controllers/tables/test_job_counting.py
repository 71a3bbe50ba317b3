"""How pods of a Job are counted, each once: uids that wait in the status, finalizers that go, restarts, waits after failures, pods
that nobody counts; cases of `job_controller_test.go` and `backoff_utils_test.go`, with the feature gates as v1.33 has them."""

from typing import Any

import pytest

from simulator.controllers.job import JobController
from simulator.controllers.job_pods import FINALIZER, Backoff, finished_at
from simulator.engine import Engine
from tests.proof.follows import follows
from tests.simulator.controllers.tables.job_pods import (
    BACKOFF,
    COMPLETE,
    FAILED,
    LONG_AGO,
    SUSPENDED,
    Pods,
    conditions_of,
    job,
)

Obj = dict[str, Any]
SYNC = "pkg/controller/job/job_controller_test.go"
UTILS = "pkg/controller/job/backoff_utils_test.go"
#: When the clock of a test begins.
EPOCH_S = 1_760_000_000
SECOND = 1_000_000


class Written:
    """Every status that the controller writes."""

    def __init__(self, world: Any) -> None:
        self.statuses: list[Obj] = []
        client = world.controllers[0].client
        write = client.update_status

        def note(resource: str, obj: Obj) -> Obj:
            made: Obj = write(resource, obj)
            self.statuses.append(made["status"])
            return made

        client.update_status = note

    def counts(self) -> list[Obj]:
        names = ("succeeded", "failed", "completedIndexes", "failedIndexes")
        return [
            {name: status[name] for name in names if status.get(name)}
            | {"waiting": {outcome: len(uids) for outcome, uids in status["uncountedTerminatedPods"].items()}}
            for status in self.statuses
        ]


def counted(
    succeeded: int = 0, failed: int = 0, *, wait_s: int = 0, wait_f: int = 0, done: str = "", lost: str = ""
) -> Obj:
    """A status: counters, uids that wait to be counted, and indexes."""
    found = {"succeeded": succeeded, "failed": failed, "completedIndexes": done, "failedIndexes": lost}
    waiting = {name: count for name, count in (("succeeded", wait_s), ("failed", wait_f)) if count}
    return {**{name: value for name, value in found.items() if value}, "waiting": waiting}


def track_case(
    name: str,
    pods: list[str],
    written: list[Obj],
    released: int,
    *,
    completions: int = 20,
    indexed: bool = False,
    ending: bool = False,
    limit: int | None = None,
    before: Obj | None = None,
    listed: tuple[str, str] = ("", ""),
) -> Any:
    """`listed`: pods whose uids the status holds as succeeded and failed, `gone` for one that nobody knows."""
    spec = {} if limit is None else {"backoffLimitPerIndex": limit}
    given = {"completions": completions, "indexed": indexed, "ending": ending, "before": before or {}, "listed": listed}
    return pytest.param(given, spec, pods, written, released, id=name)


S, F, R = "- Succeeded x=0", "- Failed x=1", "- Running"


@follows("job-controller", f"{SYNC}: TestTrackJobStatusAndRemoveFinalizers")
@pytest.mark.parametrize(
    ("given", "spec", "pods", "written", "released"),
    [
        track_case("nothing finished", [R, R], [counted()], 0),
        track_case(
            "pods that finished or are being deleted",
            [S, F, f"{S} ending", f"{F} ending", "- Pending ending", "- Pending", R],
            [counted(wait_s=2, wait_f=3), counted(2, 3)],
            5,
        ),
        track_case(
            "some wait to be counted",
            [f"{S} free", f"{F} free", "- Pending free", S, F, S, F],
            [counted(3, 4, wait_s=2, wait_f=2), counted(5, 6)],
            4,
            before={"succeeded": 2, "failed": 3},
            listed=("p3 p0", "p4 gone"),
        ),
        track_case(
            "a Job that is being deleted: running pods are let go and count as nothing",
            [S, F, R],
            [counted(wait_s=1, wait_f=1), counted(1, 1)],
            3,
            ending=True,
        ),
        track_case(
            "indexes that succeeded need no uids",
            ["1 Succeeded x=0", "3 Succeeded x=0", "3 Succeeded x=0", "5 Running", S],
            [counted(2, done="1,3")],
            4,
            completions=6,
            indexed=True,
        ),
        track_case(
            "a known index beyond the completions",
            ["0 Running", "1 Running"],
            [counted()],
            0,
            completions=2,
            indexed=True,
            before={"active": 2, "succeeded": 1, "completedIndexes": "3"},
        ),
        track_case(
            "a known index beyond the completions, and a new one",
            ["0 Running", "1 Succeeded x=0"],
            [counted(1, done="1")],
            1,
            completions=2,
            indexed=True,
            before={"active": 2, "succeeded": 1, "completedIndexes": "3"},
        ),
        track_case(
            "indexes that failed",
            ["1 Failed x=1", "3 Failed x=1", "3 Failed x=1", "5 Running", F],
            [counted(wait_f=3), counted(0, 3)],
            4,
            completions=6,
            indexed=True,
        ),
        track_case(
            "known and new indexes",
            [
                *("0 Succeeded free", "1 Failed free", "1 Succeeded x=0", "3 Succeeded x=0"),
                *("2 Failed x=1", "5 Failed x=1"),
            ],
            [counted(6, 2, done="0-4,6", wait_f=2), counted(6, 4, done="0-4,6")],
            4,
            completions=7,
            indexed=True,
            before={"failed": 2, "succeeded": 5, "completedIndexes": "0-2,4,6,7"},
        ),
        track_case(
            "more have finished than one status may list",
            [*[S] * 99, F, *[S] * 401],  # p99 is the last by name
            [counted(0, 1, wait_s=499, wait_f=1), counted(499, 1, wait_f=1)],
            499,
            completions=600,
            listed=("", "p99 gone"),
        ),
        track_case(
            "more indexes have finished than one sync lets go",
            [f"{index} Succeeded x=0" for index in range(501)],
            [counted(501, done="0-500")],
            500,
            completions=501,
            indexed=True,
        ),
        track_case(
            "a failed pod whose index may try again is not counted yet",
            ["1 Failed f0 x=1"],
            [counted()],
            0,
            completions=6,
            indexed=True,
            limit=1,
        ),
        track_case(
            "a failed pod that is replaced is counted",
            ["1 Failed f0 x=1", "1 Running f1"],
            [counted(wait_f=1), counted(0, 1)],
            1,
            completions=6,
            indexed=True,
            limit=1,
        ),
        track_case(
            "a failed pod whose index has failed is counted",
            ["1 Failed f1 x=1"],
            [counted(wait_f=1, lost="1"), counted(0, 1, lost="1")],
            1,
            completions=6,
            indexed=True,
            limit=1,
        ),
    ],
)
def test_finished_pods_are_listed_let_go_and_counted(
    stage: Any, pod_template: Any, given: Obj, spec: Obj, pods: list[str], written: list[Obj], released: int
) -> None:
    world = stage(JobController)
    mode = "Indexed" if given["indexed"] else "NonIndexed"
    active = sum("ending" not in pod.split() and pod.split()[1] in ("Pending", "Running") for pod in pods)
    made = job(pod_template, active, given["completions"], 600, mode, **spec)
    world.put("jobs.batch", {**made, "status": {"startTime": LONG_AGO, **given["before"]}}, ending=given["ending"])
    Pods(world, world.get("jobs.batch", "work")).put_all(pods)
    uids = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in world.pods()}
    lists = {
        outcome: [uids.get(name, name) for name in names.split()]
        for outcome, names in zip(("succeeded", "failed"), given["listed"], strict=True)
        if names
    }
    if lists:
        world.set_status("jobs.batch", world.get("jobs.batch", "work"), uncountedTerminatedPods=lists)
    held = _held(world)
    seen = Written(world)
    world.act(0.9)
    assert seen.counts() == written
    assert len(held) - len([name for name in held if name in _held(world)]) == released


def _held(world: Any) -> list[str]:
    return [pod["metadata"]["name"] for pod in world.pods() if FINALIZER in pod["metadata"].get("finalizers", ())]


@follows("job-controller", f"{SYNC}: TestTrackJobStatusAndRemoveFinalizers")
@pytest.mark.parametrize(
    ("announced", "pods", "listed", "succeeded", "failed", "ended"),
    [
        pytest.param("FailureTarget", [S, F, f"{R} ending"], "", 1, 2, False, id="failing, a pod still ends"),
        pytest.param(
            "FailureTarget", [f"{S} free", F, S], "p1 p2", 0, 2, True, id="a pod flips from failed to succeeded"
        ),
        pytest.param("FailureTarget", [F], "p0", 0, 1, True, id="the pod is terminal"),
        pytest.param(
            "FailureTarget", ["- Running ending free"], "p0", 0, 1, False, id="failing waits for a pod that ends"
        ),
        pytest.param("SuccessCriteriaMet", [S, F], "", 1, 1, True, id="completing"),
        pytest.param(
            "SuccessCriteriaMet",
            [S, "- Running ending free"],
            "p1",
            1,
            1,
            False,
            id="completing waits for a pod that ends",
        ),
    ],
)
def test_an_announced_end_is_final_when_all_is_counted(
    stage: Any,
    pod_template: Any,
    announced: str,
    pods: list[str],
    listed: str,
    succeeded: int,
    failed: int,
    ended: bool,
) -> None:
    world = stage(JobController)
    said = {"type": announced, "status": "True", "reason": BACKOFF[0], "message": BACKOFF[1]}
    world.put("jobs.batch", {**job(pod_template, 2, 2, 6, "NonIndexed"), "status": {"conditions": [said]}})
    Pods(world, world.get("jobs.batch", "work")).put_all(pods)
    if listed:
        uids = {"failed": [world.get("pods", name)["metadata"]["uid"] for name in listed.split()]}
        world.set_status("jobs.batch", world.get("jobs.batch", "work"), uncountedTerminatedPods=uids)
    world.act(0.9)
    status = world.get("jobs.batch", "work")["status"]
    final = "Failed" if announced == "FailureTarget" else "Complete"
    assert (status.get("succeeded", 0), status.get("failed", 0)) == (succeeded, failed)
    assert [one["type"] for one in status["conditions"]] == [announced, *([final] if ended else [])]
    assert ("completionTime" in status) is (ended and final == "Complete")


@follows("job-controller", f"{SYNC}: TestSingleJobFailedCondition, TestEnsureJobConditions")
def test_a_condition_that_was_false_becomes_true_at_its_place(stage: Any, pod_template: Any) -> None:
    world = stage(JobController)
    world.run(15)
    said = {
        "type": "Failed",
        "status": "False",
        "reason": "DeadlineExceeded",
        "message": "Job was active longer than specified deadline",
    }
    status = {"startTime": world.engine.timestamp(world.engine.now - 15 * SECOND), "conditions": [said]}
    world.put("jobs.batch", {**job(pod_template, 1, 1, 6, "NonIndexed", activeDeadlineSeconds=10), "status": status})
    world.act(0.9)
    conditions = world.get("jobs.batch", "work")["status"]["conditions"]
    assert [(one["type"], one["status"]) for one in conditions] == [("Failed", "True"), ("FailureTarget", "True")]


@follows("job-controller", f"{SYNC}: TestSyncJobWhenManagedBy")
@pytest.mark.parametrize(
    ("managed_by", "is_ours"),
    [
        pytest.param("example.com/queue", False, id="by another controller"),
        pytest.param("kubernetes.io/job-controller", True, id="by this one, by name"),
        pytest.param(None, True, id="by this one"),
    ],
)
def test_who_manages_a_job(stage: Any, pod_template: Any, managed_by: str | None, is_ours: bool) -> None:
    world = stage(JobController)
    before = {"active": 1, "ready": 1, "startTime": LONG_AGO}
    spec = {} if managed_by is None else {"managedBy": managed_by}
    world.put("jobs.batch", {**job(pod_template, 2, 2, 6, "NonIndexed", **spec), "status": before})
    world.act(0.9)
    counts = {"active": 2, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {}}
    assert world.get("jobs.batch", "work")["status"] == (before | counts if is_ours else before)


def restart_case(
    name: str, spec: tuple[int, int, int], restarts: list[int], phase: str, wanted: tuple[int, int, int], said: Any = ()
) -> Any:
    """`spec`: parallelism, completions, backoffLimit; `wanted`: active, succeeded, failed."""
    return pytest.param(spec, restarts, phase, wanted, list(said), id=name)


STOPPED = FAILED[:1]


@follows("job-controller", f"{SYNC}: TestJobBackoffForOnFailure")
@pytest.mark.parametrize(
    ("spec", "restarts", "phase", "wanted", "said"),
    [
        restart_case("limit 0, none", (1, 1, 0), [0], "Running", (1, 0, 0)),
        restart_case("limit 1, none", (1, 1, 1), [0], "Running", (1, 0, 0)),
        restart_case("limit 1, one, runs", (1, 1, 1), [1], "Running", (0, 0, 1), STOPPED),
        restart_case("limit 1, one, waits", (1, 1, 1), [1], "Pending", (0, 0, 1), STOPPED),
        restart_case("limit 2, two, runs", (1, 5, 2), [2], "Running", (0, 0, 1), STOPPED),
        restart_case("limit 2, two, waits", (1, 5, 2), [2], "Pending", (0, 0, 1), STOPPED),
        restart_case("limit 2, two pods, run", (2, 5, 2), [1, 1], "Running", (0, 0, 2), STOPPED),
        restart_case("limit 2, two pods, wait", (2, 5, 2), [1, 1], "Pending", (0, 0, 2), STOPPED),
        restart_case("limit 3, two pods", (2, 5, 3), [1, 1], "Running", (2, 0, 0)),
        restart_case("suspended", (2, 4, 6), [1, 1], "suspend Running", (0, 0, 0), SUSPENDED),
        restart_case("finished", (2, 4, 6), [1, 1, 2, 0], "suspend Succeeded", (0, 4, 0), COMPLETE),
    ],
)
def test_restarts_in_place_count_towards_the_limit(
    stage: Any,
    pod_template: Any,
    spec: tuple[int, int, int],
    restarts: list[int],
    phase: str,
    wanted: tuple[int, int, int],
    said: list[Any],
) -> None:
    world = stage(JobController)
    made = job(pod_template, *spec, "NonIndexed", suspend="suspend" in phase)
    made["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure"
    assert once(world, made, [f"- {phase.split()[-1]} restarts={count}" for count in restarts]) == (wanted, said)


def once(world: Any, made: Obj, pods: list[str]) -> tuple[tuple[int, int, int], list[Any]]:
    """((active, succeeded, failed), conditions) after one sync."""
    world.put("jobs.batch", made)
    Pods(world, world.get("jobs.batch", "work")).put_all(pods)
    world.act(0.9)
    status = world.get("jobs.batch", "work")["status"]
    return (status.get("active", 0), status.get("succeeded", 0), status.get("failed", 0)), conditions_of(status)


@follows("job-controller", f"{SYNC}: TestJobBackoffOnRestartPolicyNever")
@pytest.mark.parametrize(
    ("spec", "running", "failed", "active", "said"),
    [
        pytest.param((1, 1, 0), 1, 0, 1, [], id="limit 0, none failed"),
        pytest.param((1, 1, 1), 0, 1, 1, [], id="limit 1, one failed"),
        pytest.param((1, 1, 1), 0, 2, 0, FAILED, id="limit 1, two failed"),
        pytest.param((2, 2, 6), 1, 6, 2, [], id="limit 6, six failed"),
        pytest.param((2, 2, 6), 0, 7, 0, FAILED, id="limit 6, seven failed"),
    ],
)
def test_failed_pods_count_towards_the_limit(
    stage: Any, pod_template: Any, spec: tuple[int, int, int], running: int, failed: int, active: int, said: list[Any]
) -> None:
    world = stage(JobController)
    wanted = ((active, 0, failed), said)
    assert once(world, job(pod_template, *spec, "NonIndexed"), [F] * failed + [R] * running) == wanted


# Waits


@pytest.fixture
def engine() -> Engine:
    made = Engine(seed=1, epoch_s=EPOCH_S, profile="instant")
    made.run(1_000 * SECOND)
    return made


def ended(engine: Engine, before_s: int) -> Obj:
    """A pod that ended so many seconds ago."""
    state = {"terminated": {"finishedAt": engine.timestamp(engine.now - before_s * SECOND)}}
    return {"metadata": {}, "spec": {}, "status": {"containerStatuses": [{"name": "c", "state": state}]}}


@follows("job-controller", f"{UTILS}: TestNewBackoffRecord")
@pytest.mark.parametrize(
    ("before", "succeeded", "failed", "failures", "last"),
    [
        pytest.param(0, [], [0], 1, 0, id="a failure"),
        pytest.param(0, [], [0, 1], 2, 0, id="two failures"),
        pytest.param(0, [0], [2, 1], 0, None, id="two failures, then a success"),
        pytest.param(0, [2], [0, 4, 3, 1], 2, 0, id="two failures, a success, two more failures"),
        pytest.param(2, [], [0], 3, 0, id="two are known, a new failure"),
        pytest.param(0, [0], [0], 0, None, id="success and failure at once"),
        pytest.param(0, [], [], 0, None, id="nothing"),
        pytest.param(0, [0], [], 0, None, id="a success"),
    ],
)
def test_failures_in_a_row_are_remembered(
    engine: Engine, before: int, succeeded: list[int], failed: list[int], failures: int, last: int | None
) -> None:
    """In seconds ago."""
    pods = [[ended(engine, ago) for ago in all] for all in (succeeded, failed)]
    found = Backoff(before).after(*pods, engine)
    assert found == Backoff(failures, 0 if last is None else engine.now - last * SECOND)


@follows("job-controller", f"{UTILS}: TestGetFinishedTime")
@pytest.mark.parametrize(
    ("containers", "sidecars", "ready", "deleted", "grace", "wanted"),
    [
        pytest.param([1, 0, 2], [], None, None, 0, 0, id="all containers ended"),
        pytest.param([1, None, 2], [], None, 5, 0, 5, id="one still runs: when it was deleted"),
        pytest.param([None], [], None, 5, 0, 5, id="when it was deleted"),
        pytest.param([None], [], None, 5, 30, 35, id="when it was deleted, less its grace"),
        pytest.param([None], [], "False", None, 0, 7, id="when it stopped being ready"),
        pytest.param([None], [], "True", 5, 0, 5, id="not when it became ready"),
        pytest.param([None], [], None, None, 0, 90, id="when it was made"),
        pytest.param([1], [0], None, None, 0, 0, id="sidecars end after the containers"),
    ],
)
def test_when_a_pod_ended(
    engine: Engine,
    containers: list[int | None],
    sidecars: list[int | None],
    ready: str | None,
    deleted: int | None,
    grace: int,
    wanted: int,
) -> None:
    """In seconds ago; `None` still runs."""

    def at(ago: int) -> str:
        return str(engine.timestamp(engine.now - ago * SECOND))

    def statuses(ends: list[int | None]) -> list[Obj]:
        states: list[Obj] = [
            {"running": {}} if ago is None else {"terminated": {"finishedAt": at(ago)}} for ago in ends
        ]
        return [{"name": f"c{number}", "state": state} for number, state in enumerate(states)]

    metadata: Obj = {"creationTimestamp": at(90)}
    if deleted is not None:
        metadata |= {"deletionTimestamp": at(deleted), "deletionGracePeriodSeconds": grace}
    status: Obj = {"containerStatuses": statuses(containers), "initContainerStatuses": statuses(sidecars)}
    if ready is not None:
        status["conditions"] = [{"type": "Ready", "status": ready, "lastTransitionTime": at(7)}]
    spec = {"initContainers": [{"name": f"c{number}", "restartPolicy": "Always"} for number in range(len(sidecars))]}
    assert finished_at({"metadata": metadata, "spec": spec, "status": status}, engine) == engine.now - wanted * SECOND


@follows("job-controller", f"{UTILS}: TestGetRemainingBackoffTime")
@pytest.mark.parametrize(
    ("failures", "ago", "left"),
    [
        pytest.param(0, 0, 0, id="no failures"),
        pytest.param(1, 0, 10, id="one, now"),
        pytest.param(1, 1, 9, id="one, a second ago"),
        pytest.param(1, 10, 0, id="one, as long ago as the wait"),
        pytest.param(1, 11, 0, id="one, longer ago"),
        pytest.param(3, 0, 40, id="three"),
        pytest.param(6, 0, 320, id="six: below the longest wait"),
        pytest.param(7, 0, 600, id="seven: the longest wait"),
    ],
)
def test_the_wait_after_failures_doubles_up_to_ten_minutes(engine: Engine, failures: int, ago: int, left: int) -> None:
    """Upstream's cases begin at 5 s and end at 700 s; a controller manager's are 10 s and 600 s."""
    assert Backoff(failures, engine.now - ago * SECOND).left_us(engine.now) == left * SECOND


# Pods that nobody counts


JOB = {"apiVersion": "batch/v1", "kind": "Job", "name": "work"}
CUSTOM = {"apiVersion": "example.com/v1", "kind": "Job", "name": "work"}


@follows("job-controller", f"{SYNC}: TestSyncOrphanPod, TestWatchOrphanPods, TestFinalizerCleanup")
@pytest.mark.parametrize(
    ("owner", "controls", "job_is", "is_let_go"),
    [
        pytest.param(JOB, True, "running", False, id="controlled by a Job that runs"),
        pytest.param(JOB, True, "finished", True, id="controlled by a finished Job"),
        pytest.param(JOB, True, "absent", True, id="controlled by a Job that is not there"),
        pytest.param({**JOB, "kind": "CronJob"}, True, "absent", False, id="controlled by a CronJob"),
        pytest.param(None, False, "absent", True, id="not controlled"),
        pytest.param(CUSTOM, True, "absent", False, id="controlled by somebody's Job"),
        pytest.param(JOB, False, "running", True, id="owned by a Job that runs"),
        pytest.param(CUSTOM, False, "absent", True, id="owned by somebody's Job"),
    ],
)
def test_who_lets_a_pod_go_that_no_job_counts(
    stage: Any, pod_template: Any, owner: Obj | None, controls: bool, job_is: str, is_let_go: bool
) -> None:
    world = stage(JobController)
    uid, labels = "111", {}
    if job_is != "absent":
        status = {"conditions": [{"type": "Complete", "status": "True"}]} if job_is == "finished" else {}
        made = job(pod_template, 1, 2, 6, "NonIndexed", podReplacementPolicy="Failed")
        made = world.put("jobs.batch", {**made, "status": status})
        uid, labels = made["metadata"]["uid"], made["spec"]["template"]["metadata"]["labels"]
    metadata: Obj = {"name": "pod", "finalizers": [FINALIZER], "labels": labels}
    if owner is not None:
        metadata["ownerReferences"] = [{**owner, "uid": uid, **({"controller": True} if controls else {})}]
    spec = {"nodeName": "node-1", **pod_template("work")["spec"]}
    world.put(
        "pods",
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {"phase": "Running"}},
        ending=True,
    )
    world.act(0.1)
    assert (FINALIZER not in world.get("pods", "pod")["metadata"].get("finalizers", ())) is is_let_go
