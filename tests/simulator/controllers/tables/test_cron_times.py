"""When a CronJob is due, what it has missed and when it is looked at again: the cases of `utils_test.go`, and those of
`cronjob_controllerv2_test.go` about `@every`, time zones, changed schedules and Jobs that are there already.

Upstream's hour begins at 10:00 on a Thursday; so does the one here. The world begins at 08:53:20.
"""

from typing import Any

import pytest

from simulator.controllers.cronjob import CronJobController, Missed
from simulator.controllers.kinds.objects import controller_reference
from simulator.machinery.cron import parse
from tests.proof.follows import follows
from tests.simulator.controllers.tables.test_cronjob import cron_job, put_job

Obj = dict[str, Any]
UTILS = "pkg/controller/cronjob/utils_test.go"
UPSTREAM = "pkg/controller/cronjob/cronjob_controllerv2_test.go"
SECOND = 1_000_000
MINUTE, HOUR, DAY = 60, 3_600, 86_400
#: From the beginning of the world to ten o'clock.
TEN = 4_000
NEVER = "59 23 31 2 *"


class Clock:
    """A controller whose CronJobs are never stored."""

    def __init__(self, world: Any, now: float) -> None:
        world.engine.run(round((TEN + now) * SECOND))
        self.engine, self.controller = world.engine, world.controllers[0]
        self.controller.enqueue = self._enqueue
        self.waits: list[float] = []

    def _enqueue(self, key: str, after_us: int = 0) -> None:
        self.waits.append(after_us / SECOND)

    def at(self, after_ten: float) -> str:
        return str(self.engine.timestamp(round((TEN + after_ten) * SECOND)))

    def cron_job(self, schedule: str, made: float, last: float | None, deadline: int | None) -> Obj:
        spec: Obj = {"schedule": schedule, **({} if deadline is None else {"startingDeadlineSeconds": deadline})}
        status = {} if last is None else {"lastScheduleTime": self.at(last)}
        metadata = {"name": "c", "namespace": "default", "uid": "1", "creationTimestamp": self.at(made)}
        return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec, "status": status}

    def missed(self, owner: Obj, *, honours_deadline: bool) -> Missed | None:
        schedule = parse(owner["spec"]["schedule"], "")
        found: Missed | None = self.controller._missed(
            owner, owner["status"], schedule, honours_deadline=honours_deadline
        )
        return found

    def after_ten(self, moment_s: int | None) -> int | None:
        return None if moment_s is None else moment_s - self.engine.epoch_s - TEN


@follows("cronjob-controller", f"{UTILS}: TestMostRecentScheduleTime")
@pytest.mark.parametrize(
    ("schedule", "made", "last", "now", "recent", "how_many"),
    [
        pytest.param("0 * * * *", 0, None, 30, None, "none", id="before the next time"),
        pytest.param("0 * * * *", 0, None, 61 * MINUTE, HOUR, "none", id="just after it"),
        pytest.param("0 * * * *", 10, None, 301 * MINUTE, 300 * MINUTE, "few", id="five are missed"),
        pytest.param(
            "30 6-16/4 * * 1-5", 0, 30 * MINUTE, DAY + 31 * MINUTE, DAY + 30 * MINUTE, "few", id="a complex schedule"
        ),
        pytest.param(
            "30 10,11,12 * * 1-5", 0, 30 * MINUTE, 30 * HOUR + 30 * MINUTE, None, "few", id="another complex schedule"
        ),
        pytest.param(
            "30 6-16/4 * * 1-5",
            0,
            30 * MINUTE,
            4 * DAY + 31 * MINUTE,
            4 * DAY + 30 * MINUTE,
            "few",
            id="over a weekend",
        ),
        pytest.param(
            "30 6-16/4 * * 1-5", 0, None, DAY + 31 * MINUTE, DAY + 30 * MINUTE, "few", id="a first short distance"
        ),
        pytest.param("@every 1h", -59 * MINUTE, MINUTE, 7 * DAY, 6 * DAY + 23 * HOUR + MINUTE, "many", id="@every"),
        pytest.param(NEVER, 10, None, HOUR, None, "never", id="a day that never comes"),
        pytest.param("0 * * * *", 0, 0, 30, None, "none", id="ran when it was made"),
        pytest.param("*/5 * * * *", 0, 30 * MINUTE, 31 * MINUTE, None, "none", id="counted from the last run"),
    ],
)
def test_the_last_time_that_was_missed(
    stage: Any, schedule: str, made: float, last: float | None, now: float, recent: int | None, how_many: str
) -> None:
    clock = Clock(stage(CronJobController), now)
    found = clock.missed(clock.cron_job(schedule, made, last, None), honours_deadline=False)
    if found is None:
        assert how_many == "never"
        return
    assert clock.after_ten(found.last_s) == recent
    assert ("many" if found.count > 100 else "few" if found.count else "none") == how_many


@follows("cronjob-controller", f"{UTILS}: TestNextScheduleTime, TestMostRecentScheduleTime")
@pytest.mark.parametrize(
    ("schedule", "made", "last", "deadline", "now", "due"),
    [
        pytest.param("0 * * * ?", -10 * MINUTE, None, None, -7 * MINUTE, None, id="none yet"),
        pytest.param("0 * * * ?", -10 * MINUTE, None, None, 2, 0, id="the first"),
        pytest.param("0 * * * ?", -10 * MINUTE, 0, None, 2 * MINUTE, None, id="the first is done"),
        pytest.param("0 * * * ?", -10 * MINUTE, 0, None, 65 * MINUTE, HOUR, id="the second"),
        pytest.param("0 * * * ?", -2 * HOUR, -HOUR, None, 65 * MINUTE, HOUR, id="two: the last counts"),
        pytest.param("0 * * * ?", -2 * HOUR, -HOUR, None, 10 * DAY + HOUR, 10 * DAY + HOUR, id="far too late"),
        pytest.param(
            "0 * * * ?", -2 * HOUR, -HOUR, 2 * HOUR, 10 * DAY + HOUR, 10 * DAY + HOUR, id="far too late, short deadline"
        ),
        pytest.param(NEVER, 10, None, None, HOUR, None, id="never"),
        pytest.param("*/5 * * * *", 0, 30 * MINUTE, 60, 32 * MINUTE, None, id="the last run is beyond the deadline"),
    ],
)
def test_the_time_that_is_due(
    stage: Any, schedule: str, made: float, last: float | None, deadline: int | None, now: float, due: int | None
) -> None:
    clock = Clock(stage(CronJobController), now)
    owner = clock.cron_job(schedule, made, last, deadline)
    found = clock.controller._due(owner, owner["status"], parse(schedule, ""))
    assert clock.after_ten(found) == due


@follows("cronjob-controller", f"{UTILS}: TestNextScheduleTimeDuration")
@pytest.mark.parametrize(
    ("schedule", "last", "now", "wait"),
    [
        pytest.param("30 6-16/4 * * 1-5", 30 * MINUTE, DAY + 31 * MINUTE, 3 * HOUR + 59 * MINUTE, id="four hours"),
        pytest.param("30 10,11,12 * * 1-5", 30 * MINUTE, 30 * HOUR + 30 * MINUTE, 66 * HOUR, id="over a weekend"),
        pytest.param("0 12 * * 4", 2 * HOUR, 19 * DAY + 90 * MINUTE, 48 * HOUR + 30 * MINUTE, id="two weeks missed"),
        pytest.param("0 12 * * 5", None, 6 * HOUR, 20 * HOUR, id="never ran"),
    ],
)
def test_when_a_cron_job_is_looked_at_again(
    stage: Any, schedule: str, last: float | None, now: float, wait: float
) -> None:
    clock = Clock(stage(CronJobController), now)
    owner = clock.cron_job(schedule, 0, last, None)
    clock.controller._look_again("default/c", owner, owner["status"], parse(schedule, ""))
    assert clock.waits == [wait + 0.1]


@follows("cronjob-controller", f"{UPSTREAM}: TestControllerV2UpdateCronJob")
@pytest.mark.parametrize(
    ("before", "after", "wait"),
    [
        pytest.param("0 * * * *", "0 * * * *", 0, id="something else has changed"),
        pytest.param("30 * * * *", "*/1 * * * *", 1.1, id="a new schedule"),
        pytest.param("@every 1m", "@every 3m", 121.1, id="less often"),
        pytest.param("@every 3m", "@every 1m", 1.1, id="more often"),
    ],
)
def test_a_changed_schedule_is_followed(stage: Any, before: str, after: str, wait: float) -> None:
    """A second before the hour; the last Job ran a minute before it."""
    clock = Clock(stage(CronJobController), -1)
    old, new = (clock.cron_job(schedule, -HOUR, -MINUTE, None) for schedule in (before, after))
    clock.controller.on_cron_job(old, new)
    assert clock.waits == [wait]


@follows("cronjob-controller", f"{UTILS}: TestByJobStartTime")
@pytest.mark.parametrize(
    ("jobs", "gone"),
    [
        pytest.param("b:- a:-", "a", id="neither has started"),
        pytest.param("a:- b:1", "b", id="one has not started"),
        pytest.param("a:1 b:-", "a", id="the other has not started"),
        pytest.param("b:1 a:1", "a", id="at the same time: by name"),
        pytest.param("a:2 b:1", "b", id="at different times"),
    ],
)
def test_the_oldest_finished_job_goes(stage: Any, pod_template: Any, jobs: str, gone: str) -> None:
    world = stage(CronJobController)
    owner = world.put("cronjobs.batch", cron_job(pod_template, successfulJobsHistoryLimit=1))
    for text in jobs.split():
        name, _, started = text.partition(":")
        done: Obj = {"conditions": [{"type": "Complete", "status": "True"}]}
        if started != "-":
            done["startTime"] = f"2025-10-09T08:0{started}:00Z"
        put_job(world, owner, name, done)
    world.act(0.2)
    assert [job["metadata"]["name"] for job in world.all("jobs.batch")] == ["b" if gone == "a" else "a"]


def every_case(name: str, now: float, made: int, wait: float, *, active: int, **given: Any) -> Any:
    """Times are told from when the CronJob was made; `last`: when a Job was made last, `is_done`: it has ended."""
    return pytest.param(now, {"last": None, "is_done": False, "deadline": None, **given}, made, active, wait, id=name)


@follows("cronjob-controller", f"{UPSTREAM}: TestControllerV2SyncCronJob")
@pytest.mark.parametrize(
    ("now", "given", "made", "active", "wait"),
    [
        every_case("never ran, not time", MINUTE, 0, 59 * MINUTE, active=0),
        every_case("never ran, is time", HOUR, 1, HOUR, active=1),
        every_case("never ran, past deadline", HOUR + 11, 0, HOUR - 11, active=0, deadline=10),
        every_case("never ran, not past deadline", HOUR + 9, 1, HOUR - 9, active=1, deadline=1_000_000),
        every_case("done, not time", HOUR + MINUTE, 0, 59 * MINUTE, active=0, last=HOUR, is_done=True),
        every_case("done, is time", 2 * HOUR + MINUTE, 1, 59 * MINUTE, active=1, last=HOUR, is_done=True),
        every_case("done, past deadline", 2 * HOUR + 11, 0, HOUR - 11, active=0, last=HOUR, is_done=True, deadline=10),
        every_case("active, not time", HOUR + MINUTE, 0, 59 * MINUTE, active=1, last=HOUR),
        every_case("active, is time", 2 * HOUR + 2 * MINUTE, 1, 58 * MINUTE, active=2, last=HOUR),
        every_case("active, past deadline", 2 * HOUR + 11, 0, HOUR - 11, active=1, last=HOUR, deadline=10),
        every_case("active, not past deadline", 2 * HOUR + 9, 1, HOUR - 9, active=2, last=HOUR, deadline=1_000_000),
        every_case("done, long overdue", 7 * DAY + 59 * MINUTE, 1, MINUTE, active=1, last=HOUR, is_done=True, warned=1),
        every_case(
            "done, long overdue, past deadline",
            7 * DAY + 11,
            0,
            HOUR - 11,
            active=0,
            last=HOUR,
            is_done=True,
            deadline=10,
        ),
    ],
)
def test_every_counts_from_the_last_job(
    stage: Any, pod_template: Any, now: float, given: Obj, made: int, active: int, wait: float
) -> None:
    world = stage(CronJobController)
    spec: Obj = {"schedule": "@every 1h"} | (
        {"startingDeadlineSeconds": given["deadline"]} if given["deadline"] else {}
    )
    owner = world.put("cronjobs.batch", cron_job(pod_template, **spec))
    if given["last"] is not None:
        job = put_job(
            world, owner, "j", {"conditions": [{"type": "Complete", "status": "True"}]} if given["is_done"] else {}
        )
        reference = {"kind": "Job", "namespace": "default", "name": "j", "uid": job["metadata"]["uid"]}
        listed = [] if given["is_done"] else [reference]
        at = world.engine.timestamp(given["last"] * SECOND)
        world.set_status("cronjobs.batch", owner, lastScheduleTime=at, active=listed)
    dues: list[int] = []
    controller = world.controllers[0]
    enqueue = controller.enqueue

    def note(key: str, after_us: int = 0) -> None:
        if after_us:
            dues.append(world.engine.now + after_us)
        enqueue(key, after_us)

    controller.enqueue = note
    world.run(now)
    world.act(0.05)
    assert len([job for job in world.all("jobs.batch") if job["metadata"]["name"] != "j"]) == made
    assert len(world.get("cronjobs.batch", "hourly").get("status", {}).get("active", ())) == active
    assert dues[-1] == round((now + wait + 0.1) * SECOND)
    assert [reason for reason, _ in world.events("hourly")].count("TooManyMissedTimes") == given.get("warned", 0)


@follows(
    "cronjob-controller",
    f"{UPSTREAM}: TestControllerV2SyncCronJob",
    "pkg/controller/cronjob/cronjob_controllerv2.go: syncCronJob",
)
@pytest.mark.parametrize(
    ("is_ours", "active"),
    [pytest.param(True, 1, id="its own, which the status forgot"), pytest.param(False, 0, id="somebody else's")],
)
def test_a_job_that_is_there_already(stage: Any, pod_template: Any, is_ours: bool, active: int) -> None:
    world = stage(CronJobController)
    owner = world.put("cronjobs.batch", cron_job(pod_template))
    put_job(world, owner, "hourly-29333340", {})
    if not is_ours:
        reference = {**controller_reference(owner), "uid": "somebody-else"}
        world.client.patch("jobs.batch", "default", "hourly-29333340", {"metadata": {"ownerReferences": [reference]}})
    world.run(TEN - 53 * MINUTE)
    world.act(5)
    status = world.get("cronjobs.batch", "hourly").get("status") or {}
    assert len(status.get("active") or ()) == active
    assert ("lastScheduleTime" in status) is is_ours
    assert [reason for reason, _ in world.events("hourly")] == (["UnexpectedJob"] if is_ours else [])


@follows("cronjob-controller", f"{UPSTREAM}: TestControllerV2SyncCronJob")
@pytest.mark.parametrize(
    ("zone", "schedule", "now", "made"),
    [
        pytest.param("America/New_York", "0 * * * ?", TEN - HOUR - MINUTE, 0, id="not time in the zone"),
        pytest.param("America/New_York", "0 * * * ?", TEN - HOUR + MINUTE, 1, id="time in the zone"),
        pytest.param("America/New_York", "0 9 * * ?", TEN - HOUR + MINUTE, 0, id="nine o'clock here"),
        pytest.param("America/New_York", "0 5 * * ?", TEN - HOUR + MINUTE, 1, id="five o'clock there"),
        pytest.param("Asia/Kolkata", "30 14 * * ?", TEN - HOUR + MINUTE, 1, id="half an hour off"),
    ],
)
def test_a_schedule_is_told_in_its_zone(
    stage: Any, pod_template: Any, zone: str, schedule: str, now: float, made: int
) -> None:
    world = stage(CronJobController)
    world.put("cronjobs.batch", cron_job(pod_template, schedule=schedule, timeZone=zone))
    world.run(now)
    world.act(0.2)
    assert len(world.all("jobs.batch")) == made


@follows(
    "cronjob-controller", f"{UPSTREAM}: TestControllerV2CleanupFinishedJobs, TestControllerV2GetJobsToBeReconciled"
)
def test_finished_jobs_go_even_when_no_more_may_be_made(stage: Any, pod_template: Any) -> None:
    world = stage(CronJobController)
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q"},
        "spec": {"hard": {"count/jobs.batch": "2"}},
    }
    world.put(
        "resourcequotas", {**quota, "status": {"hard": {"count/jobs.batch": "2"}, "used": {"count/jobs.batch": "0"}}}
    )
    owner = world.put("cronjobs.batch", cron_job(pod_template, successfulJobsHistoryLimit=1))
    for name, started in (("old", "08:00:00"), ("new", "08:30:00")):
        done = {"conditions": [{"type": "Complete", "status": "True"}], "startTime": f"2025-10-09T{started}Z"}
        put_job(world, owner, name, done)
    world.run(TEN - HOUR + MINUTE)
    world.act(0.05)
    said = [reason for reason, _ in world.events("hourly")]
    assert {"FailedCreate", "SuccessfulDelete"} <= set(said)
    assert "old" not in [job["metadata"]["name"] for job in world.all("jobs.batch")]
