"""Whether a Job is due: the cases of `cronjob_controllerv2_test.go`. A policy is A(llow), F(orbid) or R(eplace)."""

from typing import Any

import pytest

from simulator.controllers.cronjob import CronJobController
from simulator.controllers.kinds.objects import controller_reference
from tests.proof.follows import follows

Obj = dict[str, Any]
UPSTREAM = "pkg/controller/cronjob/cronjob_controllerv2_test.go"
#: The world begins at 08:53:20.
BEFORE, AFTER, WEEK = 399, 460, 460 + 7 * 86_400
SHORT, MEDIUM, LONG = 10, 2 * 3_600, 1_000_000
POLICIES = {"A": "Allow", "F": "Forbid", "R": "Replace"}
TOO_MANY = (
    "TooManyMissedTimes",
    "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
)
BUSY = ("JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid")
ENDED = {"type": "Complete", "status": "True"}


def cron_job(template: Any, policy: str = "Allow", **spec: Any) -> Obj:
    pod = template("work")
    job = {"spec": {"template": {**pod, "spec": {**pod["spec"], "restartPolicy": "Never"}}}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "hourly"},
        "spec": {"schedule": "0 * * * ?", "concurrencyPolicy": policy, "suspend": False, "jobTemplate": job, **spec},
    }


def put_job(world: Any, owner: Obj, name: str, status: Obj) -> Obj:
    metadata = {"name": name, "ownerReferences": [controller_reference(owner)]}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": owner["spec"]["jobTemplate"]["spec"]}
    made: Obj = world.put("jobs.batch", {**job, "status": status})
    return made


def case(
    name: str, now: int, made: int, *, deadline: int = 0, suspend: bool = False, ran: str = "", **wanted: Any
) -> list[Any]:
    """One row for each policy, or for those that `only` names. `ran`: what became of the Job before."""
    only = wanted.pop("only", "AFR")
    rest = {"deleted": 0, "active": made + (ran == "active"), "warned": 0, **wanted}
    given = {"deadline": deadline, "suspend": suspend, "ran": ran}
    return [pytest.param(POLICIES[one], now, given, made, rest, id=f"{name}, {one}") for one in only]


CASES = [
    *case("never ran, not time", BEFORE, 0),
    *case("never ran, is time", AFTER, 1),
    *case("never ran, is time, suspended", AFTER, 0, suspend=True, only="A"),
    *case("never ran, is time, past deadline", AFTER, 0, deadline=SHORT, only="A"),
    *case("never ran, is time, not past deadline", AFTER, 1, deadline=LONG, only="A"),
    *case("ran but done, not time", BEFORE, 0, ran="done"),
    *case("ran but done, is time", AFTER, 1, ran="done"),
    *case("ran but done, is time, suspended", AFTER, 0, ran="done", suspend=True, only="A"),
    *case("ran but done, is time, past deadline", AFTER, 0, ran="done", deadline=SHORT, only="A"),
    *case("ran but done, is time, not past deadline", AFTER, 1, ran="done", deadline=LONG, only="A"),
    *case("still active, not time", BEFORE, 0, ran="active"),
    *case("still active, is time", AFTER, 1, ran="active", only="A"),
    *case("still active, is time", AFTER, 0, ran="active", only="F", said=BUSY),
    *case("still active, is time", AFTER, 1, ran="active", only="R", deleted=1, active=1),
    *case("still active, is time, suspended", AFTER, 0, ran="active", suspend=True, only="A"),
    *case("still active, is time, past deadline", AFTER, 0, ran="active", deadline=SHORT, only="A"),
    *case("still active, is time, not past deadline", AFTER, 1, ran="active", deadline=LONG, only="A"),
    *case("ran but done, long overdue, not past deadline", WEEK, 1, ran="done", deadline=LONG, warned=1, said=TOO_MANY),
    *case("ran but done, long overdue, no deadline", WEEK, 1, ran="done", warned=1, said=TOO_MANY),
    *case("ran but done, long overdue, past medium deadline", WEEK, 1, ran="done", deadline=MEDIUM),
    *case("ran but done, long overdue, past short deadline", WEEK, 0, ran="done", deadline=SHORT),
]


@follows("cronjob-controller", f"{UPSTREAM}: TestControllerV2SyncCronJob")
@pytest.mark.parametrize(("policy", "now", "given", "made", "wanted"), CASES)
def test_a_job_is_made_when_it_is_due(
    stage: Any, pod_template: Any, policy: str, now: int, given: Obj, made: int, wanted: Obj
) -> None:
    world = stage(CronJobController)
    more: Obj = {"suspend": given["suspend"]}
    if given["deadline"]:
        more["startingDeadlineSeconds"] = given["deadline"]
    owner = world.put("cronjobs.batch", cron_job(pod_template, policy, **more))
    if given["ran"]:
        done = {"conditions": [ENDED], "completionTime": "2025-10-09T08:00:10Z"} if given["ran"] == "done" else {}
        job = put_job(world, owner, "hourly-29333280", done)
        active = (
            []
            if done
            else [{"kind": "Job", "namespace": "default", "name": "hourly-29333280", "uid": job["metadata"]["uid"]}]
        )
        world.set_status("cronjobs.batch", owner, lastScheduleTime="2025-10-09T08:00:00Z", active=active)
    world.run(now)
    world.act(0.2)

    status = world.get("cronjobs.batch", "hourly").get("status") or {}
    new = [job for job in world.all("jobs.batch") if job["metadata"]["name"] != "hourly-29333280"]
    said = world.events("hourly")
    reasons = [reason for reason, _ in said]
    assert len(new) == made
    assert reasons.count("SuccessfulCreate") == made
    assert reasons.count("SuccessfulDelete") == wanted["deleted"]
    assert len(status.get("active") or ()) == wanted["active"]
    assert reasons.count("TooManyMissedTimes") == wanted["warned"]
    if "said" in wanted:
        assert wanted["said"] in said
    if given["ran"] == "done":
        assert status["lastSuccessfulTime"] == "2025-10-09T08:00:10Z"
    for job in new:
        assert job["metadata"]["ownerReferences"] == [controller_reference(owner)]
        assert ("SuccessfulCreate", f"Created job {job['metadata']['name']}") in said


@follows(
    "cronjob-controller",
    f"{UPSTREAM}: TestControllerV2CleanupFinishedJobs",
    "pkg/controller/cronjob/cronjob_controllerv2.go: cleanupFinishedJobs",
)
@pytest.mark.parametrize(
    ("jobs", "kept", "failed_kept", "left"),
    [
        pytest.param("CCCFFF", 1, 2, "2 4 5", id="one succeeded, two failed"),
        pytest.param("CCCFFF", 0, 0, "", id="none"),
        pytest.param("CCCFFF", 9, 9, "0 1 2 3 4 5", id="all"),
        pytest.param("CAACFA", 1, 1, "1 2 3 4 5", id="active ones stay"),
        pytest.param("CCC", 2, 1, "1 2", id="the oldest goes"),
    ],
)
def test_finished_jobs_are_cleaned_up(
    stage: Any, pod_template: Any, jobs: str, kept: int, failed_kept: int, left: str
) -> None:
    """Jobs are C(omplete), F(ailed) or A(ctive), the oldest first."""
    world = stage(CronJobController)
    made = cron_job(pod_template, successfulJobsHistoryLimit=kept, failedJobsHistoryLimit=failed_kept)
    owner = world.put("cronjobs.batch", made)
    for number, kind in enumerate(jobs):
        status: Obj = {"startTime": f"2025-10-09T08:{number:02}:00Z"}
        if kind != "A":
            status["conditions"] = [{"type": "Complete" if kind == "C" else "Failed", "status": "True"}]
        put_job(world, owner, f"j{number}", status)
    world.act(0.2)
    assert " ".join(job["metadata"]["name"].removeprefix("j") for job in world.all("jobs.batch")) == left


@follows("cronjob-controller", "pkg/controller/cronjob/cronjob_controllerv2.go: syncCronJob")
@pytest.mark.parametrize(
    ("listed", "there", "ended", "said"),
    [
        pytest.param(
            False,
            True,
            False,
            ("UnexpectedJob", "Saw a job that the controller did not create or forgot: j"),
            id="unexpected",
        ),
        pytest.param(
            True, True, True, ("SawCompletedJob", "Saw completed job: j, condition: Complete"), id="completed"
        ),
        pytest.param(True, False, False, ("MissingJob", "Active job went missing: j"), id="missing"),
    ],
)
def test_what_is_said_of_jobs(
    stage: Any, pod_template: Any, listed: bool, there: bool, ended: bool, said: tuple[str, str]
) -> None:
    world = stage(CronJobController)
    owner = world.put("cronjobs.batch", cron_job(pod_template))
    job = put_job(world, owner, "j", {"conditions": [ENDED]} if ended else {})
    reference = {"kind": "Job", "namespace": "default", "name": "j", "uid": job["metadata"]["uid"]}
    world.set_status("cronjobs.batch", owner, active=[reference] if listed else [])
    if not there:
        world.client.delete("jobs.batch", "default", "j")
    world.act(0.2)
    assert world.events("hourly") == [said]


@follows("cronjob-controller", "pkg/controller/cronjob/utils_test.go: TestGetJobFromTemplate2")
@pytest.mark.parametrize(
    ("zone", "at"),
    [
        pytest.param("", "2025-10-09T09:00:00Z", id="UTC"),
        pytest.param("America/New_York", "2025-10-09T05:00:00-04:00", id="a zone of its own"),
    ],
)
def test_a_job_knows_when_it_was_scheduled_for(stage: Any, pod_template: Any, zone: str, at: str) -> None:
    world = stage(CronJobController)
    made = cron_job(pod_template, **({"timeZone": zone} if zone else {}))
    made["spec"]["jobTemplate"]["metadata"] = {"labels": {"a": "b"}, "annotations": {"x": "y"}}
    world.put("cronjobs.batch", made)
    world.run(AFTER)
    world.act(0.2)
    job = world.all("jobs.batch")[0]["metadata"]
    assert (job["name"], job["labels"]["a"]) == ("hourly-29333340", "b")
    assert job["annotations"] == {"x": "y", "batch.kubernetes.io/cronjob-scheduled-timestamp": at}
