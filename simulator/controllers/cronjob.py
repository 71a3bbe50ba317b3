"""Creates a Job each time a schedule says so.

https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/; upstream's cronjob_controllerv2.go. Nothing is polled: a
CronJob is looked at when it or one of its Jobs changes, and at its next scheduled time. Of several times missed, only
the last is made up for. A Job's name tells the minute it was scheduled for, so none is created twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.client import Controller
from simulator.controllers.kinds.conditions import is_true
from simulator.controllers.kinds.objects import (
    controller_of,
    controller_reference,
    is_ending,
    key_of,
    one_of,
    split,
)
from simulator.engine.plain import Obj
from simulator.machinery.cron import Schedule, parse
from simulator.machinery.defaulting import default

SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"

_CRON_JOBS = "cronjobs.batch"
_JOBS = "jobs.batch"
_SECOND_US = 1_000_000
#: A CronJob is looked at so long after its time.
_PADDING_US = 100_000
_MANY = 100


@dataclass(frozen=True, slots=True)
class Missed:
    """Scheduled times that have passed since the last Job."""

    last_s: int | None
    """The latest of them; None when there is none."""
    count: int = 0


class CronJobController(Controller):
    name: ClassVar[str] = "cronjob-controller"
    watches = {_CRON_JOBS: "on_cron_job", _JOBS: "on_job"}
    writes = (_CRON_JOBS, _JOBS, "events")

    # What is watched

    def on_cron_job(self, old: Obj | None, new: Obj | None) -> None:
        if new is None:
            return
        if old is None or _timing(old) == _timing(new):
            self.enqueue(key_of(new))
            return
        try:
            schedule = _schedule(new)
        except (ValueError, ZoneInfoNotFoundError):
            message = f"unparseable schedule for cronjob: {new['spec']['schedule']}"
            self._tell(new, "Warning", "UnParseableCronJobSchedule", message)
            return
        self._look_again(key_of(new), new, new.get("status") or {}, schedule)

    def on_job(self, old: Obj | None, new: Obj | None) -> None:
        job = one_of(old, new)
        reference = controller_of(job)
        if reference is None or reference["kind"] != "CronJob":
            return
        owner = self.cache.get(_CRON_JOBS, job["metadata"]["namespace"], reference["name"])
        if owner is not None and owner["metadata"]["uid"] == reference["uid"]:
            self.enqueue(key_of(owner))

    # One CronJob

    def reconcile(self, key: str) -> None:
        owner = self.cache.get(_CRON_JOBS, *split(key))
        if owner is None:
            return
        jobs = list(self.cache.owned(_JOBS, owner["metadata"]["uid"]))
        status = dict(owner.get("status") or {})
        failure: StatusError | ApiUnavailable | None = None
        try:
            self._follow(owner, status, jobs)
            self._start(key, owner, status)
        except (StatusError, ApiUnavailable) as error:
            failure = error
        try:  # also after a failure: room may be all that is missing
            self._drop_old(owner, status, jobs)
        except (StatusError, ApiUnavailable) as error:
            failure = failure or error
        if not status.get("active"):
            status.pop("active", None)
        if status != (owner.get("status") or {}):
            self.client.update_status(_CRON_JOBS, {**owner, "status": status})
        if failure is not None and not _is_namespace_ending(failure):
            raise failure

    def _follow(self, owner: Obj, status: Obj, jobs: Sequence[Obj]) -> None:
        """Takes finished and vanished Jobs off the list of active ones."""
        for job in jobs:
            name, uid, outcome = job["metadata"]["name"], job["metadata"]["uid"], _outcome(job)
            is_listed = any(one["uid"] == uid for one in status.get("active") or ())
            if not outcome and not is_listed:
                fresh = self.client.get(_CRON_JOBS, *split(key_of(owner)))
                if not any(one["uid"] == uid for one in (fresh.get("status") or {}).get("active") or ()):
                    message = f"Saw a job that the controller did not create or forgot: {name}"
                    self._tell(owner, "Warning", "UnexpectedJob", message)
            elif outcome and is_listed:  # when it succeeded is told by the next sync, as upstream does
                _unlist(status, uid)
                message = f"Saw completed job: {name}, condition: {outcome}"
                self._tell(owner, "Normal", "SawCompletedJob", message)
            elif outcome == "Complete":
                ended = (job.get("status") or {}).get("completionTime")
                if ended and ended > status.get("lastSuccessfulTime", ""):
                    status["lastSuccessfulTime"] = ended
        present = {job["metadata"]["uid"]: None for job in jobs}
        for one in list(status.get("active") or ()):
            if one["uid"] not in present and self._is_gone(one):
                self._tell(owner, "Normal", "MissingJob", f"Active job went missing: {one['name']}")
                _unlist(status, one["uid"])

    def _is_gone(self, reference: Obj) -> bool:
        """Asks the API server: the cache may lag."""
        try:
            self.client.get(_JOBS, reference["namespace"], reference["name"])
        except StatusError as error:
            if error.reason == "NotFound":
                return True
            raise
        return False

    def _start(self, key: str, owner: Obj, status: Obj) -> None:
        """Creates the Job that is due, if one is, and asks to be called again when the next will be."""
        spec = owner["spec"]
        if is_ending(owner) or not self._knows_zone(owner) or spec.get("suspend"):
            return
        try:
            schedule = _schedule(owner)
        except ValueError as error:
            self._tell(owner, "Warning", "UnparseableSchedule", f'unparseable schedule: "{spec["schedule"]}" : {error}')
            return
        due_s = self._due(owner, status, schedule)
        if due_s is not None and self._may_start(owner, status, due_s):
            self._create(owner, status, due_s)
        self._look_again(key, owner, status, schedule)

    def _knows_zone(self, owner: Obj) -> bool:
        zone = owner["spec"].get("timeZone")
        try:
            if zone is not None:
                ZoneInfo(zone)
        except (ValueError, ZoneInfoNotFoundError):
            message = f'invalid timeZone: "{zone}": unknown time zone {zone}'
            self._tell(owner, "Warning", "UnknownTimeZone", message)
            return False
        return True

    def _due(self, owner: Obj, status: Obj, schedule: Schedule) -> int | None:
        """The latest scheduled time for which no Job was made yet."""
        missed = self._missed(owner, status, schedule, honours_deadline=True)
        if missed is None:
            message = f"invalid schedule: {owner['spec']['schedule']} : time difference between two schedules is less than 1 second"
            self._tell(owner, "Warning", "InvalidSchedule", message)
            return None
        if missed.last_s is not None and missed.count > _MANY:
            message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            self._tell(owner, "Warning", "TooManyMissedTimes", message)
        return missed.last_s

    def _may_start(self, owner: Obj, status: Obj, due_s: int) -> bool:
        spec, active = owner["spec"], status.get("active") or []
        deadline_s = spec.get("startingDeadlineSeconds")
        if deadline_s is not None and (due_s + deadline_s) * _SECOND_US < self._now_us():
            moment = datetime.fromtimestamp(due_s, UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
            self._tell(owner, "Warning", "MissSchedule", f"Missed scheduled time to start a job: {moment}")
            return False
        if any(one["name"] == _job_name(owner, due_s) for one in active) or status.get("lastScheduleTime") == _rfc3339(
            due_s
        ):
            return False
        if spec.get("concurrencyPolicy") == "Forbid" and active:
            message = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._tell(owner, "Normal", "JobAlreadyActive", message)
            return False
        return True

    def _create(self, owner: Obj, status: Obj, due_s: int) -> None:
        if owner["spec"].get("concurrencyPolicy") == "Replace":
            for one in list(status.get("active") or ()):
                self._delete(owner, status, one["namespace"], one["name"], one["uid"])
        made = self._make(owner, due_s)
        if made is None or any(one["uid"] == made["metadata"]["uid"] for one in status.get("active") or ()):
            return
        status["active"] = [*(status.get("active") or ()), _reference(made)]
        status["lastScheduleTime"] = _rfc3339(due_s)

    def _make(self, owner: Obj, due_s: int) -> Obj | None:
        """The Job of that time: made now, or before the status could tell of it; None when its name is somebody else's."""
        try:
            made = self.client.create(_JOBS, _job(owner, due_s))
        except StatusError as error:
            if error.reason == "AlreadyExists":
                there = self.client.get(_JOBS, owner["metadata"]["namespace"], _job_name(owner, due_s))
                controller = controller_of(there)
                is_ours = controller is not None and controller["uid"] == owner["metadata"]["uid"]
                return there if is_ours else None
            if not _is_namespace_ending(error):
                self._tell(owner, "Warning", "FailedCreate", f"Error creating job: {error}")
            raise
        self._tell(owner, "Normal", "SuccessfulCreate", f"Created job {made['metadata']['name']}")
        return made

    def _drop_old(self, owner: Obj, status: Obj, jobs: Sequence[Obj]) -> None:
        """Keeps as many finished Jobs as the history limits say, the newest."""
        for outcome, field in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
            limit = owner["spec"].get(field)
            found = sorted((job for job in jobs if _outcome(job) == outcome), key=_start_order)
            if limit is None:
                continue
            for job in found[: max(len(found) - limit, 0)]:
                metadata = job["metadata"]
                self._delete(owner, status, metadata["namespace"], metadata["name"], metadata["uid"])

    def _delete(self, owner: Obj, status: Obj, namespace: str, name: str, uid: str) -> None:
        try:
            self.client.delete(_JOBS, namespace, name)
        except StatusError as error:
            if error.reason != "NotFound":
                self._tell(owner, "Warning", "FailedDelete", f"Deleted job: {error}")
                raise
        _unlist(status, uid)
        self._tell(owner, "Normal", "SuccessfulDelete", f"Deleted job {name}")

    # Time

    def _now_us(self) -> int:
        """Since the Unix epoch."""
        return self.engine.epoch_s * _SECOND_US + self.engine.now

    def _unix(self, timestamp: str) -> int:
        return self.engine.epoch_s + self.engine.micros(timestamp) // _SECOND_US

    def _missed(self, owner: Obj, status: Obj, schedule: Schedule, *, honours_deadline: bool) -> Missed | None:
        """Counted as upstream: by the distance of the first two times. None: the schedule never comes."""
        since_s, now_s = self._since(owner, status), self._now_us() // _SECOND_US
        deadline_s = owner["spec"].get("startingDeadlineSeconds")
        if honours_deadline and deadline_s is not None:
            since_s = max(since_s, now_s - deadline_s)
        first = schedule.after(since_s)
        second = None if first is None else schedule.after(first)
        if first is None or second is None:
            return None
        if now_s < first:
            return Missed(None)
        if now_s < second:
            return Missed(first)
        distance = second - first
        count = (now_s - first) // distance + 1
        last, at = None, schedule.after(first + (count - 2) * distance)
        while at is not None and at <= now_s:
            last, at = at, schedule.after(at)
        return Missed(last, count)

    def _since(self, owner: Obj, status: Obj) -> int:
        return self._unix(status.get("lastScheduleTime") or owner["metadata"]["creationTimestamp"])

    def _look_again(self, key: str, owner: Obj, status: Obj, schedule: Schedule) -> None:
        missed, now_us = self._missed(owner, status, schedule, honours_deadline=False), self._now_us()
        if missed is None or (missed.last_s is None and missed.count):
            start_s = now_us // _SECOND_US
        else:
            start_s = self._since(owner, status) if missed.last_s is None else missed.last_s
        following = schedule.after(start_s)
        if following is not None:
            self.enqueue(key, max(following * _SECOND_US + _PADDING_US - now_us, 0))

    def _tell(self, owner: Obj, type: str, reason: str, message: str) -> None:
        self.client.event(owner, type, reason, message, source=self.name)


def _timing(owner: Obj) -> tuple[object, object]:
    return owner["spec"].get("schedule"), owner["spec"].get("timeZone")


def _schedule(owner: Obj) -> Schedule:
    return parse(owner["spec"]["schedule"], owner["spec"].get("timeZone") or "")


def _outcome(job: Obj) -> str:
    """Complete, Failed, or "" while the Job is not finished."""
    conditions = (job.get("status") or {}).get("conditions")
    return next((type for type in ("Complete", "Failed") if is_true(conditions, type)), "")


def _start_order(job: Obj) -> tuple[str, str]:
    """Jobs that never started come last."""
    return (job.get("status") or {}).get("startTime") or "~", job["metadata"]["name"]


def _job_name(owner: Obj, due_s: int) -> str:
    return f"{owner['metadata']['name']}-{due_s // 60}"


def _job(owner: Obj, due_s: int) -> Obj:
    template = owner["spec"]["jobTemplate"]
    about = template.get("metadata") or {}
    metadata: Obj = {
        "name": _job_name(owner, due_s),
        "namespace": owner["metadata"]["namespace"],
        "annotations": {
            **(about.get("annotations") or {}),
            SCHEDULED_AT: _rfc3339(due_s, owner["spec"].get("timeZone") or ""),
        },
        "ownerReferences": [controller_reference(owner)],
    }
    if labels := about.get("labels"):
        metadata["labels"] = labels
    return default(_JOBS, {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]})


def _reference(job: Obj) -> Obj:
    metadata = job["metadata"]
    return {
        "kind": "Job",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": "batch/v1",
        "resourceVersion": metadata["resourceVersion"],
    }


def _unlist(status: Obj, uid: str) -> None:
    status["active"] = [one for one in status.get("active") or () if one["uid"] != uid]


def _rfc3339(moment_s: int, zone: str = "") -> str:
    moment = datetime.fromtimestamp(moment_s, ZoneInfo(zone) if zone else UTC)
    return moment.isoformat().replace("+00:00", "Z")


def _is_namespace_ending(error: StatusError | ApiUnavailable) -> bool:
    if not isinstance(error, StatusError):
        return False
    return any(cause.get("reason") == "NamespaceTerminating" for cause in error.details.get("causes") or ())
