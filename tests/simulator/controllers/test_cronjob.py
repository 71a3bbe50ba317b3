"""CronJobs: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/."""

from datetime import UTC, datetime
from typing import Any

import pytest

from simulator.controllers.cronjob import CronJobController
from simulator.controllers.garbage_collector import GarbageCollector

World = Any
Obj = dict[str, Any]


@pytest.fixture
def crons(world: Any) -> World:
    """Time begins at 08:53:20 on 9 October 2025."""
    return world(CronJobController, GarbageCollector)


def cron_job(template: Any, schedule: str = "*/5 * * * *", **spec: Any) -> Obj:
    pod = template("work")
    job = {
        "completions": 1,
        "parallelism": 1,
        "backoffLimit": 6,
        "template": {**pod, "spec": {**pod["spec"], "restartPolicy": "Never"}},
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "report", "namespace": "default"},
        "spec": {
            "schedule": schedule,
            "concurrencyPolicy": "Allow",
            "suspend": False,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 1,
            "jobTemplate": {"metadata": {"labels": {"app": "report"}}, "spec": job},
            **spec,
        },
    }


def create(world: World, made: Obj) -> None:
    world.client.create("cronjobs.batch", made)


def minute(world: World, text: str) -> None:
    """Lets time pass until a moment of that day."""
    then = datetime.fromisoformat(f"2025-10-09T{text}").replace(tzinfo=UTC).timestamp() - world.engine.epoch_s
    world.engine.run(round(then * 1_000_000))


def starts(world: World) -> list[str]:
    """When the Jobs that exist were scheduled."""
    minutes = sorted(int(job["metadata"]["name"].removeprefix("report-")) for job in world.all("jobs.batch"))
    return [datetime.fromtimestamp(one * 60, UTC).strftime("%H:%M") for one in minutes]


def finish(world: World, job: Obj, type: str = "Complete") -> None:
    end(world, job, type)
    world.run()


def end(world: World, job: Obj, type: str = "Complete") -> None:
    now = world.engine.timestamp()
    changes: Obj = {"startTime": now, "conditions": [{"type": type, "status": "True", "lastTransitionTime": now}]}
    if type == "Complete":
        changes["completionTime"] = now
    world.set_status("jobs.batch", job, **changes)


def status(world: World) -> Obj:
    found: Obj = world.get("cronjobs.batch", "report")["status"]
    return found


def test_a_job_is_made_at_every_scheduled_time(crons: World, pod_template: Any) -> None:
    create(crons, cron_job(pod_template))
    minute(crons, "08:54:59")
    assert starts(crons) == []
    minute(crons, "09:06:00")
    assert starts(crons) == ["08:55", "09:00", "09:05"]
    assert status(crons)["lastScheduleTime"] == "2025-10-09T09:05:00Z"
    assert len(status(crons)["active"]) == 3


def test_the_job_is_named_for_its_minute_and_belongs_to_the_cron_job(crons: World, pod_template: Any) -> None:
    create(crons, cron_job(pod_template))
    minute(crons, "08:56:00")
    job, owner = crons.all("jobs.batch")[0], crons.get("cronjobs.batch", "report")
    assert job["metadata"]["name"] == "report-29333335"
    assert job["metadata"]["labels"] == {"app": "report"}
    assert job["metadata"]["annotations"] == {"batch.kubernetes.io/cronjob-scheduled-timestamp": "2025-10-09T08:55:00Z"}
    assert job["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]
    assert crons.events("report") == [("SuccessfulCreate", "Created job report-29333335")]


def test_a_time_zone_moves_the_schedule(crons: World, pod_template: Any) -> None:
    create(crons, cron_job(pod_template, "0 11 * * *", timeZone="Europe/Berlin"))
    minute(crons, "09:30:00")
    assert starts(crons) == ["09:00"]
    annotations = crons.all("jobs.batch")[0]["metadata"]["annotations"]
    assert annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"] == "2025-10-09T11:00:00+02:00"


def test_an_unknown_time_zone_starts_nothing(crons: World, pod_template: Any) -> None:
    create(crons, cron_job(pod_template, timeZone="Atlantis/Center"))
    minute(crons, "09:30:00")
    assert starts(crons) == []
    message = 'invalid timeZone: "Atlantis/Center": unknown time zone Atlantis/Center'
    assert crons.events("report") == [("UnknownTimeZone", message)]


@pytest.mark.parametrize(
    ("policy", "left", "reasons"),
    [
        pytest.param("Allow", ["08:55", "09:00"], ["SuccessfulCreate", "SuccessfulCreate"], id="allow"),
        pytest.param("Forbid", ["08:55"], ["SuccessfulCreate", "JobAlreadyActive"], id="forbid"),
        pytest.param("Replace", ["09:00"], ["SuccessfulCreate", "SuccessfulDelete", "SuccessfulCreate"], id="replace"),
    ],
)
def test_what_happens_while_a_job_still_runs(
    crons: World, pod_template: Any, policy: str, left: list[str], reasons: list[str]
) -> None:
    create(crons, cron_job(pod_template, concurrencyPolicy=policy))
    minute(crons, "09:01:00")
    assert starts(crons) == left
    assert [reason for reason, _ in crons.events("report")] == reasons
    assert len(status(crons)["active"]) == len(left)


def test_a_forbidden_job_starts_when_the_one_before_is_done(crons: World, pod_template: Any) -> None:
    create(crons, cron_job(pod_template, concurrencyPolicy="Forbid"))
    minute(crons, "09:01:00")
    finish(crons, crons.all("jobs.batch")[0])
    assert starts(crons) == ["08:55", "09:00"]


def test_the_sync_that_sees_a_job_end_leaves_its_success_to_the_next(crons: World, pod_template: Any) -> None:
    create(crons, cron_job(pod_template))
    minute(crons, "08:56:00")
    end(crons, crons.all("jobs.batch")[0])
    seen: list[list[str]] = []
    while crons.engine.now < 200_000_000:
        crons.engine.step()
        if (fields := sorted(status(crons))) not in seen:
            seen.append(fields)
    assert seen == [
        ["active", "lastScheduleTime"],
        ["lastScheduleTime"],
        ["lastScheduleTime", "lastSuccessfulTime"],
    ]


def test_a_finished_job_is_no_longer_active(crons: World, pod_template: Any) -> None:
    create(crons, cron_job(pod_template))
    minute(crons, "08:56:00")
    finish(crons, crons.all("jobs.batch")[0])
    assert status(crons) == {
        "lastScheduleTime": "2025-10-09T08:55:00Z",
        "lastSuccessfulTime": "2025-10-09T08:56:00Z",
    }
    assert crons.events("report")[-1] == (
        "SawCompletedJob",
        "Saw completed job: report-29333335, condition: Complete",
    )


def test_a_deleted_job_goes_missing(crons: World, pod_template: Any) -> None:
    create(crons, cron_job(pod_template))
    minute(crons, "08:56:00")
    crons.client.delete("jobs.batch", "default", "report-29333335")
    crons.run()
    assert "active" not in status(crons)
    assert ("MissingJob", "Active job went missing: report-29333335") in crons.events("report")


def test_only_the_newest_finished_jobs_are_kept(crons: World, pod_template: Any) -> None:
    create(crons, cron_job(pod_template, successfulJobsHistoryLimit=2, failedJobsHistoryLimit=0))
    for text, outcome in (("08:56", "Complete"), ("09:01", "Failed"), ("09:06", "Complete"), ("09:11", "Complete")):
        minute(crons, f"{text}:00")
        running = [job for job in crons.all("jobs.batch") if not job["status"].get("conditions")]
        finish(crons, running[0], outcome)
    assert starts(crons) == ["09:05", "09:10"]


def test_a_suspended_cron_job_starts_nothing_and_makes_up_for_the_last_time(crons: World, pod_template: Any) -> None:
    create(crons, cron_job(pod_template, suspend=True))
    minute(crons, "09:12:00")
    assert starts(crons) == []
    crons.client.patch("cronjobs.batch", "default", "report", {"spec": {"suspend": False}})
    crons.run()
    assert starts(crons) == ["09:10"]


def test_a_time_missed_by_more_than_the_deadline_is_given_up(crons: World, pod_template: Any) -> None:
    create(crons, cron_job(pod_template, suspend=True, startingDeadlineSeconds=60))
    minute(crons, "09:12:00")
    crons.client.patch("cronjobs.batch", "default", "report", {"spec": {"suspend": False}})
    crons.run()
    assert starts(crons) == []
    minute(crons, "09:16:00")
    assert starts(crons) == ["09:15"]


def test_a_stopped_controller_makes_up_for_the_last_missed_time_only(crons: World, pod_template: Any) -> None:
    create(crons, cron_job(pod_template, "* * * * *"))
    minute(crons, "08:54:30")
    crons.manager.stop()
    minute(crons, "11:00:30")
    crons.manager.start()
    crons.run()
    assert starts(crons) == ["08:54", "11:00"]
    message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
    assert ("TooManyMissedTimes", message) in crons.events("report")


def test_a_new_schedule_counts_from_now(crons: World, pod_template: Any) -> None:
    create(crons, cron_job(pod_template, "0 0 1 1 *"))
    minute(crons, "09:00:30")
    crons.client.patch("cronjobs.batch", "default", "report", {"spec": {"schedule": "*/2 * * * *"}})
    minute(crons, "09:02:30")
    assert starts(crons) == ["09:02"]


def test_a_schedule_that_never_comes_is_said_to_be_invalid(crons: World, pod_template: Any) -> None:
    create(crons, cron_job(pod_template, "0 0 31 2 *"))
    crons.run(5)
    message = "invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second"
    assert crons.events("report") == [("InvalidSchedule", message)]
