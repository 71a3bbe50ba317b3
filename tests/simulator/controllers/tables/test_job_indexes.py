"""Indexes of a Job: which are done, lost, taken or next, and how often each may fail; the cases of `indexed_job_utils_test.go` and of a
sync with `backoffLimitPerIndex`."""

from typing import Any

import pytest

from simulator.controllers.job import JobController
from simulator.controllers.job_indexes import Indexes
from simulator.controllers.job_pods import all_failures, failures, failures_after, new_indexed_pod
from simulator.controllers.job_sync import Sync, doubles, loses_index
from simulator.controllers.job_work import next_indexes
from tests.proof.follows import follows
from tests.simulator.controllers.tables.job_pods import (
    BACKOFF,
    COMPLETE,
    INDEX,
    Pods,
    conditions_of,
    job,
    pod_of,
)

Obj = dict[str, Any]
UTILS = "pkg/controller/job/indexed_job_utils_test.go"
SYNC = "pkg/controller/job/job_controller_test.go"
NO_LIMIT = 2**31 - 1


def indexed(completions: int, **spec: Any) -> Obj:
    return {"metadata": {"name": "work"}, "spec": {"completionMode": "Indexed", "completions": completions, **spec}}


def pods_of(text: str) -> list[Obj]:
    """`0 Running, 1 Failed f1`: pods with these indexes and phases, named p0, p1 …"""
    texts = [one for one in text.split(",") if one.strip()]
    found = [pod_of(one, f"p{number}") for number, one in enumerate(texts)]
    for pod in found:
        pod["metadata"]["uid"] = pod["metadata"]["name"]
    return found


def looked(stage: Any, template: Any, before: Obj, pods: str, **spec: Any) -> Sync:
    """What the controller sees of a Job whose status says `before`."""
    world = stage(JobController)
    world.put("jobs.batch", {**job(template, 1, **spec, backoff=6, mode="Indexed"), "status": before})
    owner = world.get("jobs.batch", "work")
    Pods(world, owner).put_all([one for one in pods.split(",") if one.strip()])
    controller = world.controllers[0]
    world.manager.start()
    return controller._look("default/work", owner)  # type: ignore[no-any-return]


@follows("job-controller", f"{UTILS}: TestCalculateSucceededIndexes")
@pytest.mark.parametrize(
    ("before", "pods", "completions", "done"),
    [
        pytest.param("", "1 Succeeded", 2, "1", id="one index"),
        pytest.param("", "2 Failed, 5 Succeeded, 5 Succeeded, 10 Failed, 10 Succeeded", 11, "5,10", id="two separate"),
        pytest.param(
            "",
            "0 Running, 1 Pending, 2 Succeeded, 3 Succeeded, 5 Succeeded, 6 Succeeded, 7 Succeeded",
            *(8, "2,3,5-7"),
            id="two intervals",
        ),
        pytest.param(
            "",
            "0 Succeeded, 1 Failed, 2 Succeeded, 3 Succeeded, 4 Succeeded, 5 Succeeded, - Succeeded, -2 Succeeded",
            *(6, "0,2-5"),
            id="one index and one interval",
        ),
        pytest.param(
            "",
            "0 Succeeded, 1 Succeeded, 2 Succeeded, 3 Failed, 4 Succeeded, 5 Succeeded, - Succeeded, -2 Succeeded",
            *(5, "0-2,4"),
            id="out of range",
        ),
        pytest.param("0-5,8-10", "", 8, "0-5", id="known, out of range"),
        pytest.param("0-5,8-10", "", 10, "0-5,8,9", id="known, partially out of range"),
        pytest.param(
            "0,4,5,10-12", "2 Succeeded, 7 Succeeded, 8 Succeeded", 13, "0,2,4,5,7,8,10-12", id="known and new apart"
        ),
        pytest.param("3,4,6", "2 Succeeded, 7 Succeeded, 8 Succeeded", 9, "2-4,6-8", id="known between new"),
        pytest.param("2,7,8", "3 Succeeded, 4 Succeeded, 6 Succeeded", 9, "2-4,6-8", id="new between known"),
        pytest.param("2-7", "0 Succeeded, 3 Succeeded, 5 Succeeded, 9 Succeeded", 10, "0,2-7,9", id="new within known"),
        pytest.param("0,1-foo,bar", "3 Succeeded", 4, "0,3", id="a corrupted interval"),
    ],
)
def test_indexes_that_are_done(
    stage: Any, pod_template: Any, before: str, pods: str, completions: int, done: str
) -> None:
    assert str(looked(stage, pod_template, {"completedIndexes": before}, pods, completions=completions).done) == done


@follows("job-controller", f"{UTILS}: TestIntervalsHaveIndex")
@pytest.mark.parametrize(
    ("index", "intervals", "has"),
    [
        pytest.param(4, (), False, id="empty"),
        pytest.param(1, ((2, 4), (6, 8)), False, id="before all"),
        pytest.param(9, ((2, 4), (6, 8)), False, id="after all"),
        pytest.param(5, ((2, 4), (6, 8)), False, id="in between"),
        pytest.param(2, ((2, 4), (6, 8)), True, id="in the first"),
        pytest.param(8, ((2, 4), (6, 8)), True, id="in the second"),
    ],
)
def test_a_set_has_an_index(index: int, intervals: tuple[tuple[int, int], ...], has: bool) -> None:
    assert (index in Indexes(intervals)) is has


FAIL_INDEX = {"rules": [{"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [3]}}]}


@follows("job-controller", f"{UTILS}: TestIsIndexFailed")
@pytest.mark.parametrize(
    ("spec", "pod"),
    [
        pytest.param({"backoffLimitPerIndex": 0}, "0 Failed f0", id="no failure is allowed"),
        pytest.param({"backoffLimitPerIndex": 1}, "1 Failed f1", id="one failure is allowed"),
        pytest.param({"backoffLimitPerIndex": 1, "podFailurePolicy": FAIL_INDEX}, "0 Failed f0 main=3", id="FailIndex"),
    ],
)
def test_a_failed_pod_loses_its_index(spec: Obj, pod: str) -> None:
    assert loses_index(indexed(2, **spec), pod_of(pod)) is True


@follows("job-controller", f"{UTILS}: TestCalculateFailedIndexes")
@pytest.mark.parametrize(
    ("limit", "before", "pods", "lost"),
    [
        pytest.param(1, None, "0 Failed f0, 1 Failed f1", "1", id="one new"),
        pytest.param(0, None, "0 Failed f0 free", "", id="a pod without finalizer"),
        pytest.param(0, None, "3 Failed f0", "", id="a pod beyond the completions"),
        pytest.param(0, "0", "1 Failed f0", "0,1", id="one more"),
        pytest.param(0, "", "1 Failed f0", "1", id="none before"),
        pytest.param(0, "9", "1 Failed f0", "1", id="known, beyond the completions"),
    ],
)
def test_indexes_that_have_failed(
    stage: Any, pod_template: Any, limit: int, before: str | None, pods: str, lost: str
) -> None:
    known = {} if before is None else {"failedIndexes": before}
    assert str(looked(stage, pod_template, known, pods, completions=2, backoffLimitPerIndex=limit).lost) == lost


@follows("job-controller", f"{UTILS}: TestGetPodsWithDelayedDeletionPerIndex")
@pytest.mark.parametrize(
    ("limit", "pods", "kept"),
    [
        pytest.param(1, "0 Failed f0, 1 Failed f1, 2 Failed f0", "p0 p2", id="those whose index has not failed"),
        pytest.param(0, "0 Failed f0 free", "", id="without finalizer: it is going already"),
        pytest.param(0, "4 Failed f0", "", id="beyond the completions"),
        pytest.param(1, "0 Failed f0, 0 Running f1", "", id="replaced already"),
        pytest.param(1, "0 Failed f0, 0 Succeeded f1", "", id="its index has succeeded"),
        pytest.param(4, "0 Failed f0, 0 Failed f2, 0 Failed f1", "p1", id="the one with the most failures"),
        pytest.param(4, "0 Failed f1 a=1, 0 Failed f1 ending, 0 Failed f1 a=1", "p1", id="the last to fail"),
    ],
)
def test_pods_that_hold_the_count_of_their_index(
    stage: Any, pod_template: Any, limit: int, pods: str, kept: str
) -> None:
    found = looked(stage, pod_template, {}, pods, completions=3, backoffLimitPerIndex=limit)
    assert sorted(pod["metadata"]["name"] for pod in found.delayed.values()) == kept.split()


IGNORE = {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]}


@follows("job-controller", f"{UTILS}: TestGetNewIndexFailureCountValue")
@pytest.mark.parametrize(
    ("spec", "pod", "counted", "ignored"),
    [
        pytest.param({}, "", 0, 0, id="the first pod"),
        pytest.param({}, "0 Failed f0", 1, 0, id="after the first failure"),
        pytest.param({}, "0 Failed f3", 4, 0, id="after the fourth failure"),
        pytest.param({"podFailurePolicy": IGNORE}, "3 Failed f3 DisruptionTarget", 3, 1, id="an ignored failure"),
    ],
)
def test_a_new_pod_takes_over_the_counts(spec: Obj, pod: str, counted: int, ignored: int) -> None:
    assert failures_after(indexed(9, **spec), pod_of(pod) if pod else None) == (counted, ignored)


@follows("job-controller", f"{UTILS}: TestGetIndexFailureCount")
@pytest.mark.parametrize(
    ("words", "count"),
    [
        pytest.param({}, 0, id="no annotation"),
        pytest.param("2", 2, id="valid"),
        pytest.param(str(NO_LIMIT), NO_LIMIT, id="the largest"),
        pytest.param(str(NO_LIMIT + 1), 0, id="too large"),
        pytest.param("-1", 0, id="negative"),
        pytest.param("xyz", 0, id="no number"),
    ],
)
def test_the_count_of_an_index_is_read(words: Any, count: int) -> None:
    annotations = {"batch.kubernetes.io/job-index-failure-count": words} if words else {}
    pod = {"metadata": {"annotations": annotations}}
    assert (failures(pod), all_failures(pod)) == (count, count)


@follows("job-controller", f"{UTILS}: TestFirstPendingIndexes")
@pytest.mark.parametrize(
    ("count", "completions", "active", "done", "lost", "wanted"),
    [
        pytest.param(5, 3, "", "", "", [0, 1, 2], id="more than completions"),
        pytest.param(2, 5, "", "", "", [0, 1], id="fewer than completions"),
        pytest.param(3, 10, "0 Running, 1 Pending", "", "", [2, 3, 4], id="the first are active"),
        pytest.param(6, 6, "6 Pending", "4,5", "", [0, 1, 2, 3], id="the last are active or done"),
        pytest.param(
            5,
            20,
            "3 Pending, 5 Running, 8 Pending, - Running, -3 Running",
            *("2-4,9", "", [0, 1, 6, 7, 10]),
            id="mixed",
        ),
        pytest.param(5, 20, "3 Pending, 9 Pending", "1,5,9", "2,6,7", [0, 4, 8, 10, 11], id="with failed indexes"),
    ],
)
def test_indexes_that_come_next(
    count: int, completions: int, active: str, done: str, lost: str, wanted: list[int]
) -> None:
    pods = pods_of(active)
    sync = Sync("default/work", indexed(completions), pods, pods, {}, {}, active_left=0, ready=0, terminating=0)
    sync.done, sync.lost = Indexes.parse(done, 99), Indexes.parse(lost, 99)
    assert next_indexes(sync, count) == wanted


@follows("job-controller", f"{UTILS}: TestAppendDuplicatedIndexPodsForRemoval")
@pytest.mark.parametrize(
    ("pods", "removed", "left"),
    [
        pytest.param(
            "- Pending, 2 Pending, 5 Running, 6 Running",
            *("- Pending, 6 Running", "2 Pending, 5 Running"),
            id="each once",
        ),
        pytest.param(
            "5 Pending, 0 Running, 3 Pending, 0 Running, 3 Running, 0 Pending, 6 Running, 6 Pending",
            "0 Pending, 0 Running, 3 Pending, 6 Running, 6 Pending",
            "0 Running, 3 Running, 5 Pending",
            id="all with an index",
        ),
        pytest.param(
            "- Pending, invalid Running, -2 Running, 0 Pending, 1 Pending, 1 Pending, 1 Running",
            "- Pending, invalid Running, -2 Running, 1 Pending, 1 Pending",
            "0 Pending, 1 Running",
            id="mixed",
        ),
    ],
)
def test_pods_that_share_an_index_go(pods: str, removed: str, left: str) -> None:
    """The order within one index is that of the ranking, in which pods that run come after those that wait."""
    ranked = sorted(pods_of(pods), key=lambda pod: pod["status"]["phase"] == "Running")
    gone, stay = doubles(indexed(6), ranked)
    assert [_written(pod) for pod in stay] == left.split(", ")
    assert sorted(_written(pod) for pod in gone) == sorted(removed.split(", "))
    places = [pod["metadata"]["annotations"].get(INDEX, "") for pod in gone]
    assert [place for place in places if place.isdigit()] == sorted(place for place in places if place.isdigit())


def _written(pod: Obj) -> str:
    return f"{pod['metadata']['annotations'].get(INDEX, '-')} {pod['status']['phase']}"


LONG = "hhhhhooooohhhhhooooohhhhhooooohhhhhooooohhhhhooooohhhhh"


@follows("job-controller", f"{UTILS}: TestPodGenerateNameWithIndex")
@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        pytest.param("indexed-job", "indexed-job-1-", id="short"),
        pytest.param(f"{LONG}ooooohhhhhooooo", f"{LONG}-1-", id="too long"),
        pytest.param(f"{LONG}oo", f"{LONG}-1-", id="too long with its index"),
    ],
)
def test_a_pods_name_begins_with_job_and_index(pod_template: Any, name: str, prefix: str) -> None:
    made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "default", "uid": "u"}}
    pod = new_indexed_pod({**made, "spec": {}}, pod_template("work"), 1, None)
    assert pod["metadata"]["generateName"] == prefix


# One sync


def limit_case(
    name: str,
    pods: list[str],
    wanted: tuple[int, int, int],
    *,
    done: str = "",
    lost: str = "",
    spec: Obj | None = None,
    size: int = 2,
    said: list[tuple[str, str, str]] | None = None,
) -> Any:
    """`wanted`: active, failed and terminating pods."""
    return pytest.param(size, spec or {}, pods, wanted, done, lost, said or [], id=name)


def ends(reason: str, message: str) -> list[tuple[str, str, str]]:
    return [("FailureTarget", reason, message), ("Failed", reason, message)]


def on_exit(action: str) -> Obj:
    rules = [{"action": action, "onExitCodes": {"operator": "In", "values": [3]}}]
    return {"podFailurePolicy": {"rules": rules}}


LOST = ends("FailedIndexes", "Job has failed indexes")
TOO_MANY = ends("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes")
BY_POLICY = ends(
    "PodFailurePolicy", "Container x for pod default/p0 failed with exit code 3 matching FailJob rule at index 0"
)


@follows("job-controller", f"{SYNC}: TestSyncJobWithJobBackoffLimitPerIndex")
@pytest.mark.parametrize(
    ("size", "spec", "pods", "wanted", "done", "lost", "said"),
    [
        limit_case(
            "complete after a failure",
            ["0 Failed f0", "0 Succeeded f1", "1 Succeeded f0"],
            (0, 1, 0),
            done="0,1",
            said=COMPLETE,
        ),
        limit_case("a failed pod is counted when it is replaced", ["0 Failed f0 x=1"], (2, 0, 0)),
        limit_case("and it is", ["0 Failed f0", "0 Pending f1"], (2, 1, 0)),
        limit_case("an index has failed, the Job goes on", ["0 Failed f1"], (1, 1, 0), lost="0"),
        limit_case("FailIndex", ["0 Failed f0 x=3"], (1, 1, 0), lost="0", spec=on_exit("FailIndex")),
        limit_case(
            "FailJob", ["0 Failed f0 x=3"], (0, 1, 0), spec={"backoffLimit": 6, **on_exit("FailJob")}, said=BY_POLICY
        ),
        limit_case("Ignore", ["0 Failed f0 x=3"], (2, 0, 0), spec={"backoffLimit": 6, **on_exit("Ignore")}),
        limit_case(
            "the limit of the Job comes first",
            ["0 Failed f0", "1 Failed f0"],
            (0, 2, 0),
            spec={"backoffLimit": 1},
            said=ends(*BACKOFF),
        ),
        limit_case("nothing is left", ["0 Failed f1", "1 Succeeded f0"], (0, 1, 0), done="1", lost="0", said=LOST),
        limit_case(
            "too many indexes have failed",
            ["0 Failed f1", "1 Succeeded f0", "2 Failed f1", "3 Running f0"],
            (0, 3, 1),
            done="1",
            lost="0,2",
            size=4,
            spec={"maxFailedIndexes": 1},
            said=TOO_MANY[:1],
        ),
    ],
)
def test_one_sync_with_a_limit_for_each_index(
    stage: Any,
    pod_template: Any,
    size: int,
    spec: Obj,
    pods: list[str],
    wanted: tuple[int, int, int],
    done: str,
    lost: str,
    said: list[tuple[str, str, str]],
) -> None:
    world = stage(JobController)
    limits = {"backoffLimitPerIndex": 1, **spec}
    world.put("jobs.batch", job(pod_template, size, size, limits.pop("backoffLimit", NO_LIMIT), "Indexed", **limits))
    Pods(world, world.get("jobs.batch", "work")).put_all(pods)
    world.act(0.9)  # what pods answer is looked at a second later
    status = world.get("jobs.batch", "work")["status"]
    assert tuple(status.get(name, 0) for name in ("active", "failed", "terminating")) == wanted
    assert (status.get("completedIndexes", ""), status["failedIndexes"]) == (done, lost)
    assert (status.get("succeeded", 0), status["uncountedTerminatedPods"]) == (len(Indexes.parse(done, 9)), {})
    assert conditions_of(status) == said


@follows("job-controller", f"{SYNC}: TestGetPodCreationInfoForIndependentIndexes")
@pytest.mark.parametrize(
    ("failed", "made", "wait"),
    [
        pytest.param([], [0, 1], 0, id="nothing failed"),
        pytest.param([(0, 0, 0)], [1], 0, id="one waits, the other does not"),
        pytest.param([(0, 0, 0), (1, 0, 10)], [1], 0, id="one failed long enough ago"),
        pytest.param([(0, 1, 0), (1, 0, 0)], [], 10, id="both wait: for the first that may"),
        pytest.param([(0, 1, 1), (1, 0, 1)], [], 9, id="a second has passed"),
    ],
)
def test_each_index_waits_for_itself(
    stage: Any, pod_template: Any, failed: list[tuple[int, int, int]], made: list[int], wait: int
) -> None:
    """`failed`: index, failures before, seconds ago."""
    world = stage(JobController)
    world.run(60)
    world.put("jobs.batch", job(pod_template, 2, 2, NO_LIMIT, "Indexed", backoffLimitPerIndex=9))
    Pods(world, world.get("jobs.batch", "work")).put_all([f"{index} Failed f{count} x=1" for index, count, _ in failed])
    for number, (_, _, ago) in enumerate(failed):
        finished = world.engine.timestamp(world.engine.now - ago * 1_000_000)
        ended = {"terminated": {"exitCode": 1, "finishedAt": finished}}
        world.set_status("pods", world.get("pods", f"p{number}"), containerStatuses=[{"name": "x", "state": ended}])

    def new() -> list[int]:
        found = [pod for pod in world.pods() if not pod["metadata"]["name"].startswith("p")]
        return sorted(int(pod["metadata"]["annotations"][INDEX]) for pod in found)

    world.act(0.9)
    assert new() == made
    if wait:
        world.run(wait - 1)
        assert new() == []
        world.run(1.2)
        assert len(new()) > 0
