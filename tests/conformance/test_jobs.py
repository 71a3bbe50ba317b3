"""sig-apps: statements about Jobs and CronJobs."""

from typing import Any

import pytest

from tests.conformance.conftest import BUSYBOX, PODS, Suite
from tests.conformance.statements import conforms
from tests.conformance.workloads import (
    CRONJOBS,
    JOBS,
    SIG,
    Obj,
    names_of,
    owner_of,
    template_of,
)


def _job(
    suite: Suite, script: str = "sleep 3600", name: str = "job", *, wait: int = 10, restart: str = "Never", **spec: Any
) -> Obj:
    template = template_of(BUSYBOX, {"job": "e2e"}, restartPolicy=restart)
    template["spec"]["containers"][0]["command"] = ["sh", "-c", script]
    suite.made(JOBS, name, metadata={"labels": {"e2e-job": name}}, spec={"template": template, **spec})
    suite.wait(wait)
    return suite.do("GET", f"{JOBS}/{name}")


def _job_pods(suite: Suite) -> list[Obj]:
    return list(suite.do("GET", PODS, labelSelector="job-name=job")["items"])


def _ended(job: Obj) -> str:
    return next(
        (one["type"] for one in job["status"].get("conditions") or () if one["type"] in ("Complete", "Failed")), ""
    )


@conforms(f"{SIG} Job should adopt matching orphans and release non-matching pods [Conformance]")
def test_a_job_adopts_and_releases(suite: Suite) -> None:
    _job(suite, parallelism=2, completions=4)
    first = _job_pods(suite)[0]["metadata"]["name"]
    suite.do("PATCH", f"{PODS}/{first}", {"metadata": {"ownerReferences": None}})
    suite.wait(60)
    assert owner_of(suite.do("GET", f"{PODS}/{first}")) == "job"
    suite.do("PATCH", f"{PODS}/{first}", {"metadata": {"labels": None}})
    suite.wait(60)
    assert owner_of(suite.do("GET", f"{PODS}/{first}")) == ""


@conforms(f"{SIG} Job should delete a job [Conformance]")
def test_a_job_is_deleted_with_its_pods(suite: Suite) -> None:
    _job(suite, parallelism=2, completions=4)
    assert len(_job_pods(suite)) == 2
    suite.do("DELETE", f"{JOBS}/job", {"propagationPolicy": "Foreground"})
    suite.wait(90)
    assert suite.ask("GET", f"{JOBS}/job")["status"] == 404
    assert _job_pods(suite) == []


@conforms(f"{SIG} Job should manage the lifecycle of a job [Conformance]")
def test_a_suspended_job_lives_and_ends(suite: Suite) -> None:
    _job(suite, suspend=True)
    assert _job_pods(suite) == []
    patched = suite.do("PATCH", f"{JOBS}/job", {"metadata": {"labels": {"job": "patched"}}})
    assert patched["metadata"]["labels"]["job"] == "patched"
    patched["spec"]["suspend"] = False
    patched["metadata"].setdefault("annotations", {})["updated"] = "true"
    suite.do("PUT", f"{JOBS}/job", patched)
    suite.wait()
    assert suite.do("GET", f"{JOBS}/job")["metadata"]["annotations"]["updated"] == "true"
    assert len(_job_pods(suite)) == 1
    assert len(suite.do("GET", "/apis/batch/v1/jobs", labelSelector="job=patched")["items"]) == 1
    suite.do("DELETE", JOBS, labelSelector="job=patched")
    suite.wait(60)
    assert suite.do("GET", JOBS)["items"] == []


@conforms(
    f"{SIG} Job should create pods for an Indexed job with completion indexes and specified hostname [Conformance]"
)
def test_pods_of_an_indexed_job_know_their_index(suite: Suite) -> None:
    job = _job(
        suite, "echo $JOB_COMPLETION_INDEX $(hostname)", wait=60, completionMode="Indexed", parallelism=2, completions=4
    )
    assert (_ended(job), job["status"]["succeeded"], job["status"]["completedIndexes"]) == ("Complete", 4, "0-3")
    told = {}
    for pod in _job_pods(suite):
        index = pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]
        told[index] = suite.log(pod["metadata"]["name"]).split()
        assert pod["spec"]["hostname"] == f"job-{index}"
    assert told == {str(index): [str(index), f"job-{index}"] for index in range(4)}


@conforms(f"{SIG} Job should allow to use the pod failure policy on exit code to fail the job early [Conformance]")
def test_an_exit_code_fails_the_job_early(suite: Suite) -> None:
    rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
    job = _job(suite, "exit 42", wait=40, backoffLimit=6, podFailurePolicy={"rules": [rule]})
    assert _ended(job) == "Failed"
    assert job["status"]["failed"] == 1


@conforms(
    f"{SIG} Job should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition [Conformance]"
)
def test_an_eviction_is_not_counted(suite: Suite) -> None:
    rule = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    _job(suite, "sleep 30", backoffLimit=0, podFailurePolicy={"rules": [rule]})
    name = _job_pods(suite)[0]["metadata"]["name"]
    suite.do("POST", f"{PODS}/{name}/eviction", {"metadata": {"name": name, "namespace": "default"}})
    suite.wait(200)
    job = suite.do("GET", f"{JOBS}/job")
    assert (_ended(job), job["status"]["succeeded"]) == ("Complete", 1)
    assert name not in names_of(_job_pods(suite))


@conforms(f"{SIG} Job should run a job to completion when tasks sometimes fail and are locally restarted [Conformance]")
def test_tasks_that_fail_once_are_restarted_in_place(suite: Suite) -> None:
    template = template_of(BUSYBOX, restartPolicy="OnFailure", volumes=[{"name": "v", "emptyDir": {}}])
    once = "if [ -f /v/seen ]; then exit 0; fi; touch /v/seen; exit 1"
    template["spec"]["containers"][0].update(
        command=["sh", "-c", once], volumeMounts=[{"name": "v", "mountPath": "/v"}]
    )
    suite.made(JOBS, "job", spec={"template": template, "parallelism": 2, "completions": 4})
    suite.wait(200)
    job = suite.do("GET", f"{JOBS}/job")
    assert (_ended(job), job["status"]["succeeded"]) == ("Complete", 4)
    restarts = [pod["status"]["containerStatuses"][0]["restartCount"] for pod in _job_pods(suite)]
    assert restarts == [1] * 4


def _cron(suite: Suite, policy: str, **spec: Any) -> list[int]:
    """How many of its jobs were active, minute by minute."""
    template = template_of(BUSYBOX, restartPolicy="OnFailure")
    template["spec"]["containers"][0]["command"] = ["sleep", "300"]
    suite.made(
        CRONJOBS, "cron", spec={"schedule": "*/1 * * * *", "concurrencyPolicy": policy, "jobTemplate": {"spec": {"template": template}}, **spec}
    )  # fmt: skip
    counts = []
    for _ in range(4):
        suite.wait(60)
        counts.append(len(suite.do("GET", f"{CRONJOBS}/cron")["status"].get("active") or ()))
    return counts


@conforms(f"{SIG} CronJob should schedule multiple jobs concurrently [Conformance]")
def test_jobs_run_side_by_side(suite: Suite) -> None:
    assert _cron(suite, "Allow")[-1] >= 2


@conforms(f"{SIG} CronJob should not schedule jobs when suspended [Slow] [Conformance]")
def test_a_suspended_cron_job_makes_none(suite: Suite) -> None:
    assert _cron(suite, "Allow", suspend=True) == [0] * 4
    assert suite.do("GET", JOBS)["items"] == []


@conforms(f"{SIG} CronJob should not schedule new jobs when ForbidConcurrent [Slow] [Conformance]")
def test_a_forbidden_second_job_is_not_made(suite: Suite) -> None:
    assert max(_cron(suite, "Forbid")) == 1
    assert len(suite.do("GET", JOBS)["items"]) == 1


@conforms(f"{SIG} CronJob should replace jobs when ReplaceConcurrent [Conformance]")
def test_a_newer_job_replaces_the_older(suite: Suite) -> None:
    start = suite.do("GET", JOBS)["metadata"]["resourceVersion"]
    assert max(_cron(suite, "Replace")) == 1
    suite.wait(20)
    assert len(suite.do("GET", JOBS)["items"]) == 1
    assert [kind for kind, _ in suite.watch(JOBS, start)].count("DELETED") >= 2


# Indexed jobs


_ODD_FAILS = "exit $((JOB_COMPLETION_INDEX % 2))"


@conforms(f"{SIG} Job should execute all indexes despite some failing when using backoffLimitPerIndex [Conformance]")
def test_every_index_has_its_own_backoff_limit(suite: Suite) -> None:
    spec = {"completionMode": "Indexed", "parallelism": 2, "completions": 4, "backoffLimitPerIndex": 1}
    job = _job(suite, _ODD_FAILS, wait=120, **spec)
    status = job["status"]
    assert _ended(job) == "Failed"
    assert (status["failedIndexes"], status["completedIndexes"]) == ("1,3", "0,2")
    assert (status["failed"], status["succeeded"]) == (4, 2)


@conforms(
    f"{SIG} Job should terminate job execution when the number of failed indexes exceeds maxFailedIndexes [Conformance]"
)
def test_too_many_failed_indexes_end_the_job(suite: Suite) -> None:
    spec = {"completionMode": "Indexed", "parallelism": 1, "completions": 4, "backoffLimitPerIndex": 0}
    job = _job(suite, "exit 1", wait=60, maxFailedIndexes=0, **spec)
    assert _ended(job) == "Failed"
    assert (job["status"]["failedIndexes"], job["status"]["failed"]) == ("0", 1)
    assert len(_job_pods(suite)) == 1


@conforms(
    f"{SIG} Job should mark indexes as failed when the FailIndex action is matched in podFailurePolicy [Conformance]"
)
def test_a_matching_failure_fails_the_index_at_once(suite: Suite) -> None:
    rule = {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1]}}
    spec = {"completionMode": "Indexed", "parallelism": 2, "completions": 2, "backoffLimitPerIndex": 1}
    job = _job(suite, _ODD_FAILS, wait=60, podFailurePolicy={"rules": [rule]}, **spec)
    status = job["status"]
    assert _ended(job) == "Failed"
    assert (status["failedIndexes"], status["completedIndexes"]) == ("1", "0")
    assert (status["failed"], status["succeeded"]) == (1, 1)


@conforms(
    f"{SIG} Job with successPolicy should succeeded when all indexes succeeded [Conformance]",
    f"{SIG} Job with successPolicy succeededIndexes rule should succeeded even when some indexes remain pending [Conformance]",
    f"{SIG} Job with successPolicy succeededCount rule should succeeded even when some indexes remain pending [Conformance]",
)
@pytest.mark.parametrize(
    ("completions", "script", "rule", "completed"),
    [
        pytest.param(2, "exit 0", {"succeededCount": 2}, "0,1", id="all"),
        pytest.param(5, _ODD_FAILS, {"succeededIndexes": "0"}, "0", id="indexes"),
        pytest.param(5, _ODD_FAILS, {"succeededCount": 1}, "0", id="count"),
    ],
)
def test_a_success_policy_ends_the_job(suite: Suite, completions: int, script: str, rule: Obj, completed: str) -> None:
    spec = {"completionMode": "Indexed", "parallelism": 2, "completions": completions}
    job = _job(suite, script, wait=90, successPolicy={"rules": [rule]}, **spec)
    status = job["status"]
    conditions = {one["type"]: (one["status"], one["reason"]) for one in status["conditions"]}
    assert conditions == {
        "SuccessCriteriaMet": ("True", "SuccessPolicy"),
        "Complete": ("True", "SuccessPolicy"),
    }
    assert status["completedIndexes"] == completed
    assert (status.get("active", 0), status["ready"], status["terminating"]) == (0, 0, 0)
