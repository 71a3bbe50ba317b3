"""Jobs: https://kubernetes.io/docs/concepts/workloads/controllers/job/."""

from typing import Any

import pytest

from simulator.controllers.garbage_collector import GarbageCollector
from simulator.controllers.job import JobController
from simulator.controllers.job_indexes import Indexes
from simulator.controllers.ttl_after_finished import TtlAfterFinishedController

World = Any
Obj = dict[str, Any]

FINALIZER = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"


@pytest.fixture
def jobs(world: Any) -> World:
    return world(JobController)


def job(template: Any, **spec: Any) -> Obj:
    pod = template("work")
    defaults = {"completions": 1, "parallelism": 1, "backoffLimit": 6, "completionMode": "NonIndexed"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "work", "namespace": "default"},
        "spec": {
            **defaults,
            "suspend": False,
            "podReplacementPolicy": "TerminatingOrFailed",
            "template": {**pod, "spec": {**pod["spec"], "restartPolicy": "Never"}},
            **spec,
        },
    }


def create(world: World, made: Obj) -> None:
    world.client.create("jobs.batch", made)
    world.run(2)


def running(world: World) -> list[Obj]:
    return [
        pod
        for pod in world.pods()
        if pod["status"]["phase"] not in ("Succeeded", "Failed") and "deletionTimestamp" not in pod["metadata"]
    ]


def end(world: World, pod: Obj, *, code: int = 0, conditions: list[Obj] | None = None) -> None:
    """What a kubelet reports when the container exits."""
    terminated = {"exitCode": code, "finishedAt": world.engine.timestamp()}
    world.set_status(
        "pods",
        pod,
        phase="Failed" if code else "Succeeded",
        containerStatuses=[{"name": "work", "state": {"terminated": terminated}}],
        conditions=conditions or [],
    )


def end_all(world: World, code: int = 0, wait: float = 3) -> None:
    for pod in running(world):
        end(world, pod, code=code)
    world.run(wait)


def status(world: World) -> Obj:
    found: Obj = world.get("jobs.batch", "work")["status"]
    return found


def true_conditions(world: World) -> list[tuple[str, str, str]]:
    return [
        (one["type"], one["reason"], one["message"])
        for one in status(world).get("conditions", [])
        if one["status"] == "True"
    ]


def indexes(pods: list[Obj]) -> list[int]:
    return sorted(int(pod["metadata"]["annotations"][INDEX]) for pod in pods)


def pod_at(world: World, index: int) -> Obj:
    return next(pod for pod in running(world) if indexes([pod]) == [index])


REACHED = ("CompletionsReached", "Reached expected number of succeeded pods")


def test_a_job_runs_as_many_pods_at_once_as_it_may_and_no_more_than_are_left(jobs: World, pod_template: Any) -> None:
    create(jobs, job(pod_template, completions=5, parallelism=2))
    seen = []
    while running(jobs):
        seen.append(len(running(jobs)))
        end_all(jobs)
    assert seen == [2, 2, 1]
    assert true_conditions(jobs) == [("SuccessCriteriaMet", *REACHED), ("Complete", *REACHED)]
    assert jobs.events("work")[-1] == ("Completed", "Job completed")
    assert len(jobs.pods()) == 5


def test_the_status_of_a_complete_job(jobs: World, pod_template: Any) -> None:
    create(jobs, job(pod_template))
    assert (status(jobs)["active"], status(jobs)["ready"], status(jobs)["terminating"]) == (1, 0, 0)
    started = status(jobs)["startTime"]
    end_all(jobs)
    found = status(jobs)
    found.pop("conditions")
    assert found == {
        "startTime": started,
        "completionTime": found["completionTime"],
        "succeeded": 1,
        "ready": 0,
        "terminating": 0,
        "uncountedTerminatedPods": {},
    }


def test_pods_carry_the_generated_labels_and_a_finalizer_until_they_are_counted(jobs: World, pod_template: Any) -> None:
    create(jobs, job(pod_template))
    pod, uid = jobs.pods()[0], jobs.get("jobs.batch", "work")["metadata"]["uid"]
    assert pod["metadata"]["finalizers"] == [FINALIZER]
    assert pod["metadata"]["labels"] == {
        "app": "work",
        "job-name": "work",
        "batch.kubernetes.io/job-name": "work",
        "controller-uid": uid,
        "batch.kubernetes.io/controller-uid": uid,
    }
    assert jobs.get("jobs.batch", "work")["spec"]["selector"] == {
        "matchLabels": {"batch.kubernetes.io/controller-uid": uid}
    }
    end_all(jobs)
    assert "finalizers" not in jobs.pods()[0]["metadata"]


def test_a_job_without_completions_is_done_when_one_pod_succeeded_and_all_have_ended(
    jobs: World, pod_template: Any
) -> None:
    made = job(pod_template, parallelism=3)
    del made["spec"]["completions"]
    create(jobs, made)
    end(jobs, running(jobs)[0])
    jobs.run(3)
    assert (len(running(jobs)), true_conditions(jobs)) == (2, [])
    end_all(jobs)
    assert true_conditions(jobs)[-1][0] == "Complete"


def test_failed_pods_are_replaced_after_a_wait_that_doubles(jobs: World, pod_template: Any) -> None:
    create(jobs, job(pod_template, backoffLimit=3))
    waits = []
    for _ in range(3):
        end(jobs, running(jobs)[0], code=1)
        began = jobs.engine.now
        while not running(jobs):
            jobs.run(1)
        waits.append((jobs.engine.now - began) // 1_000_000)
    assert waits == [10, 20, 40]
    end_all(jobs, code=1)
    message = "Job has reached the specified backoff limit"
    assert true_conditions(jobs) == [
        ("FailureTarget", "BackoffLimitExceeded", message),
        ("Failed", "BackoffLimitExceeded", message),
    ]
    assert (status(jobs)["failed"], jobs.events("work")[-1]) == (4, ("BackoffLimitExceeded", message))


def test_a_success_resets_the_backoff(jobs: World, pod_template: Any) -> None:
    create(jobs, job(pod_template, completions=3))
    end(jobs, running(jobs)[0], code=1)
    jobs.run(13)
    end_all(jobs)
    end(jobs, running(jobs)[0], code=1)
    jobs.run(13)
    assert len(running(jobs)) == 1


def test_restarts_in_place_count_towards_the_limit(jobs: World, pod_template: Any) -> None:
    made = job(pod_template, backoffLimit=2)
    made["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure"
    create(jobs, made)
    for restarts, conditions in ((1, 0), (2, 2)):
        statuses = [{"name": "work", "restartCount": restarts, "state": {}}]
        jobs.set_status("pods", jobs.pods()[0], phase="Running", containerStatuses=statuses) if jobs.pods() else None
        jobs.run(5)
        assert len(true_conditions(jobs)) == conditions


def test_a_job_past_its_deadline_fails_and_its_pods_are_deleted(jobs: World, pod_template: Any) -> None:
    create(jobs, job(pod_template, parallelism=2, completions=2, activeDeadlineSeconds=30))
    for pod in jobs.pods():
        jobs.client.bind("default", pod["metadata"]["name"], "node-1")
    jobs.run(27)
    assert len(running(jobs)) == 2
    jobs.run(5)
    assert [one[:2] for one in true_conditions(jobs)] == [("FailureTarget", "DeadlineExceeded")]
    jobs.finish_deletions()
    jobs.run(3)
    assert true_conditions(jobs)[-1] == (
        "Failed",
        "DeadlineExceeded",
        "Job was active longer than specified deadline",
    )
    assert jobs.pods() == []


def test_a_suspended_job_has_no_pods_and_starts_anew_when_resumed(jobs: World, pod_template: Any) -> None:
    create(jobs, job(pod_template, suspend=True))
    assert (jobs.pods(), "startTime" in status(jobs)) == ([], False)
    assert true_conditions(jobs) == [("Suspended", "JobSuspended", "Job suspended")]
    jobs.client.patch("jobs.batch", "default", "work", {"spec": {"suspend": False}})
    jobs.run(2)
    assert (len(running(jobs)), "startTime" in status(jobs), true_conditions(jobs)) == (1, True, [])
    jobs.client.patch("jobs.batch", "default", "work", {"spec": {"suspend": True}})
    jobs.run(3)
    assert (running(jobs), status(jobs).get("failed", 0)) == ([], 0)
    assert [reason for reason, _ in jobs.events("work")] == [
        "SuccessfulCreate",
        "Resumed",
        "SuccessfulDelete",
        "Suspended",
    ], "the first event of suspension is counted again"


# Indexes


def test_an_indexed_job_gives_every_pod_an_index(jobs: World, pod_template: Any) -> None:
    create(jobs, job(pod_template, completions=3, parallelism=3, completionMode="Indexed"))
    assert indexes(jobs.pods()) == [0, 1, 2]
    pod = pod_at(jobs, 1)
    assert pod["metadata"]["name"].startswith("work-1-")
    assert (pod["spec"]["hostname"], pod["metadata"]["labels"][INDEX]) == ("work-1", "1")
    field = {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}
    assert pod["spec"]["containers"][0]["env"] == [{"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": field}}]


def test_an_indexed_job_needs_every_index_once(jobs: World, pod_template: Any) -> None:
    create(jobs, job(pod_template, completions=4, parallelism=4, completionMode="Indexed"))
    end(jobs, pod_at(jobs, 2), code=1)
    for index in (0, 1, 3):
        end(jobs, pod_at(jobs, index))
    jobs.run(15)
    assert (status(jobs)["completedIndexes"], indexes(running(jobs))) == ("0,1,3", [2])
    end_all(jobs)
    assert (status(jobs)["completedIndexes"], true_conditions(jobs)[-1][0]) == ("0-3", "Complete")


def test_a_limit_for_each_index_lets_the_others_go_on(jobs: World, pod_template: Any) -> None:
    made = job(
        pod_template,
        completions=2,
        parallelism=2,
        completionMode="Indexed",
        backoffLimitPerIndex=1,
        backoffLimit=2147483647,
    )
    create(jobs, made)
    end(jobs, pod_at(jobs, 0), code=1)
    jobs.run(13)
    again = pod_at(jobs, 0)
    assert again["metadata"]["annotations"]["batch.kubernetes.io/job-index-failure-count"] == "1"
    end(jobs, again, code=1)
    jobs.run(60)
    assert (status(jobs)["failedIndexes"], indexes(running(jobs))) == ("0", [1])
    end_all(jobs)
    assert true_conditions(jobs)[-1] == ("Failed", "FailedIndexes", "Job has failed indexes")


def test_too_many_failed_indexes_end_the_job(jobs: World, pod_template: Any) -> None:
    made = job(
        pod_template,
        completions=3,
        parallelism=3,
        completionMode="Indexed",
        backoffLimitPerIndex=0,
        maxFailedIndexes=1,
        backoffLimit=2147483647,
    )
    create(jobs, made)
    for index in (0, 1):
        end(jobs, pod_at(jobs, index), code=1)
    jobs.run(5)
    assert true_conditions(jobs)[0] == (
        "FailureTarget",
        "MaxFailedIndexesExceeded",
        "Job has exceeded the specified maximal number of failed indexes",
    )


@pytest.mark.parametrize(
    ("rule", "succeeding"),
    [
        pytest.param({"succeededIndexes": "0"}, [0], id="leader"),
        pytest.param({"succeededCount": 2}, [1, 2], id="count"),
        pytest.param({"succeededIndexes": "0-2", "succeededCount": 1}, [2], id="count-of-indexes"),
    ],
)
def test_a_success_policy_ends_the_job_early(jobs: World, pod_template: Any, rule: Obj, succeeding: list[int]) -> None:
    policy = {"rules": [rule]}
    create(jobs, job(pod_template, completions=3, parallelism=3, completionMode="Indexed", successPolicy=policy))
    for index in succeeding:
        end(jobs, pod_at(jobs, index))
    jobs.run(5)
    assert true_conditions(jobs) == [
        ("SuccessCriteriaMet", "SuccessPolicy", "Matched rules at index 0"),
        ("Complete", "SuccessPolicy", "Matched rules at index 0"),
    ]
    assert running(jobs) == []


# The pod failure policy


@pytest.mark.parametrize(
    ("action", "failed", "reason"),
    [
        pytest.param("FailJob", 1, "PodFailurePolicy", id="fail-job"),
        pytest.param("Ignore", 0, "", id="ignore"),
        pytest.param("Count", 1, "BackoffLimitExceeded", id="count"),
    ],
)
def test_a_pod_failure_policy_decides_by_exit_code(
    jobs: World, pod_template: Any, action: str, failed: int, reason: str
) -> None:
    rule = {"action": action, "onExitCodes": {"operator": "In", "values": [42]}}
    made = job(pod_template, backoffLimit=0, podFailurePolicy={"rules": [rule]}, podReplacementPolicy="Failed")
    create(jobs, made)
    pod = jobs.pods()[0]
    end(jobs, pod, code=42)
    jobs.run(20)
    assert status(jobs).get("failed", 0) == failed
    assert [one[1] for one in true_conditions(jobs)] == ([reason] * 2 if reason else [])
    if action == "FailJob":
        name = pod["metadata"]["name"]
        message = f"Container work for pod default/{name} failed with exit code 42 matching FailJob rule at index 0"
        assert true_conditions(jobs)[0][2] == message


def test_a_pod_failure_policy_can_ignore_disruptions(jobs: World, pod_template: Any) -> None:
    rule = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    create(jobs, job(pod_template, backoffLimit=0, podFailurePolicy={"rules": [rule]}, podReplacementPolicy="Failed"))
    end(jobs, jobs.pods()[0], code=137, conditions=[{"type": "DisruptionTarget", "status": "True"}])
    jobs.run(20)
    assert (status(jobs).get("failed", 0), len(running(jobs)), true_conditions(jobs)) == (0, 1, [])


# Deletion


def test_a_deleted_pod_is_a_failure_and_can_go(jobs: World, pod_template: Any) -> None:
    create(jobs, job(pod_template))
    jobs.client.delete("pods", "default", jobs.pods()[0]["metadata"]["name"])
    jobs.run(15)
    assert (status(jobs)["failed"], len(jobs.pods())) == (1, 1)


def test_pods_of_a_deleted_job_lose_their_finalizer(world: Any, pod_template: Any) -> None:
    made = world(JobController, GarbageCollector)
    create(made, job(pod_template, completions=2, parallelism=2))
    made.client.delete("jobs.batch", "default", "work")
    made.run(5)
    assert made.pods() == []


def test_a_finished_job_is_deleted_after_its_time_to_live(world: Any, pod_template: Any) -> None:
    made = world(JobController, TtlAfterFinishedController, GarbageCollector)
    create(made, job(pod_template, ttlSecondsAfterFinished=60))
    end_all(made)
    made.run(50)
    assert made.find("jobs.batch", "work") is not None
    made.run(15)
    assert (made.find("jobs.batch", "work"), made.pods()) == (None, [])


def test_another_controller_may_take_the_job(jobs: World, pod_template: Any) -> None:
    create(jobs, job(pod_template, managedBy="example.com/queue"))
    assert (jobs.pods(), jobs.get("jobs.batch", "work")["status"]) == ([], {})


@pytest.mark.parametrize(
    ("text", "wanted", "size"),
    [
        pytest.param("", "", 0, id="empty"),
        pytest.param("0,1", "0,1", 2, id="pair"),
        pytest.param("0,1,2", "0-2", 3, id="run"),
        pytest.param("0-3,5,7-99", "0-3,5,7-9", 8, id="cut-at-completions"),
        pytest.param("0-1,x,1-4", "0-4", 5, id="broken-part"),
    ],
)
def test_indexes_are_read_and_written_as_intervals(text: str, wanted: str, size: int) -> None:
    found = Indexes.parse(text, completions=10)
    assert (str(found), len(found)) == (wanted, size)
