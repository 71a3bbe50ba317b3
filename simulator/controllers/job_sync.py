"""One look at one Job: its pods counted, its end decided upon, its next status written down. No API calls.

Upstream's `syncJobCtx` and the functions that work on it. A pod moves through the status like this: its uid is listed in
`uncountedTerminatedPods` (`list_finished`), then `job` takes its finalizer away, then the counter goes up (`count_released`).
Succeeded pods of an Indexed Job need no uid: their index says that they are counted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from simulator.controllers.job_indexes import Indexes
from simulator.controllers.job_pods import (
    Backoff,
    failures,
    has_valid_index,
    index_of,
    is_failed,
    is_indexed,
    is_tracked,
)
from simulator.controllers.job_policies import judge
from simulator.controllers.kinds.conditions import is_true, replaced
from simulator.controllers.kinds.objects import is_ending
from simulator.controllers.kinds.pods import phase
from simulator.engine.plain import Obj

#: Pods created or deleted in one sync at most, and uids that wait to be counted.
BURST = 500
#: Interim conditions and what becomes of them.
INTERIM = {"SuccessCriteriaMet": "Complete", "FailureTarget": "Failed"}


@dataclass(slots=True)
class Sync:
    key: str
    job: Obj
    pods: list[Obj]
    active: list[Obj]
    untracked: dict[str, None]
    """Uids of pods that are counted: their finalizer is gone, though the cache may still show it."""
    status: Obj
    active_left: int
    ready: int
    terminating: int
    succeeded: int = 0
    failed: int = 0
    backoff: Backoff = field(default_factory=Backoff)
    done: Indexes = field(default_factory=Indexes)
    lost: Indexes | None = None
    """Failed indexes, where failures are limited for each index."""
    delayed: dict[int, Obj] = field(default_factory=dict)
    """Index → its last failed pod, kept until the replacement has taken over the count."""
    end: Obj | None = None
    """The condition that ends the Job, interim or final."""
    waits: list[int] = field(default_factory=list)
    """After how long the Job is to be looked at again."""
    is_full: bool = False
    """Whether more pods have finished than one status may list."""

    def tracks(self, pod: Obj) -> bool:
        return is_tracked(pod) and pod["metadata"]["uid"] not in self.untracked

    def is_valid(self, pod: Obj) -> bool:
        return not is_indexed(self.job) or has_valid_index(self.job, pod)

    def uncounted(self, outcome: str) -> list[str]:
        found: list[str] = self.status["uncountedTerminatedPods"].get(outcome) or []
        return found

    def newly(self, outcome: str) -> list[Obj]:
        """Pods that have `succeeded` or `failed` and are in no count yet."""
        known = dict.fromkeys(self.uncounted(outcome))
        return [
            pod
            for pod in self.pods
            if self.tracks(pod)
            and pod["metadata"]["uid"] not in known
            and self.is_valid(pod)
            and (phase(pod) == "Succeeded" if outcome == "succeeded" else is_failed(self.job, pod))
        ]

    # Counting

    def take_counts(self) -> bool:
        """Puts the present counts into the status; True when they differ from what is stored."""
        known = self.job.get("status") or {}
        wanted = {"active": self.active_left, "ready": self.ready, "terminating": self.terminating}
        self.status.update(wanted)
        if not self.active_left:
            del self.status["active"]
        return any(known.get(name, 0 if name == "active" else None) != count for name, count in wanted.items())

    def list_finished(self) -> tuple[list[Obj], bool]:
        """(pods whose finalizer may go, in the order of their index; whether the status lists one that it did not)."""
        succeeded, failed = list(self.uncounted("succeeded")), list(self.uncounted("failed"))
        before = len(succeeded) + len(failed)
        known, indexed, released = self._known_done(), 0, []
        for pod in sorted(self.pods, key=_place):
            if not self.tracks(pod) or not self._may_release(pod):
                continue
            released.append(pod)
            if phase(pod) == "Succeeded" and is_indexed(self.job):
                indexed += self.is_valid(pod) and _place(pod) not in known
            else:
                self._list(pod, succeeded, failed)
            if indexed + len(succeeded) + len(failed) >= BURST:
                self.is_full = True
                break
        self.status["uncountedTerminatedPods"] = _listed(succeeded, failed)
        return released, len(succeeded) + len(failed) > before

    def _known_done(self) -> Indexes:
        """Indexes that an earlier sync has counted."""
        if not is_indexed(self.job):
            return Indexes()
        return Indexes.parse(
            (self.job.get("status") or {}).get("completedIndexes") or "", self.job["spec"]["completions"]
        )

    def _list(self, pod: Obj, succeeded: list[str], failed: list[str]) -> None:
        uid = pod["metadata"]["uid"]
        if phase(pod) == "Succeeded" and uid not in failed:
            if uid not in succeeded:
                succeeded.append(uid)
        elif (
            uid not in failed
            and self._counts_as_failed(pod)
            and judge(self.job["spec"].get("podFailurePolicy"), pod).counts
        ):
            failed.append(uid)

    def _may_release(self, pod: Obj) -> bool:
        if is_ending(self.job) or self.end is not None or phase(pod) == "Succeeded":
            return True
        if not is_failed(self.job, pod):
            return False
        kept = self.delayed.get(_place(pod))
        return kept is None or kept["metadata"]["uid"] != pod["metadata"]["uid"]

    def _counts_as_failed(self, pod: Obj) -> bool:
        """When the Job fails, so does every pod that has not succeeded."""
        fails = self.end is not None and self.end["type"] in ("FailureTarget", "Failed")
        return self.is_valid(pod) and (fails or is_failed(self.job, pod))

    def count_released(self) -> bool:
        """Raises the counters for uids whose pod has lost its finalizer; True when there were any."""
        tracked = {pod["metadata"]["uid"]: None for pod in self.pods if self.tracks(pod)}
        before = self.status["uncountedTerminatedPods"]
        left = {}
        for outcome in ("succeeded", "failed"):
            uids = self.uncounted(outcome)
            left[outcome] = [uid for uid in uids if uid in tracked]
            if counted := len(uids) - len(left[outcome]):
                self.status[outcome] = self.status.get(outcome, 0) + counted
        self.status["uncountedTerminatedPods"] = _listed(left["succeeded"], left["failed"])
        return bool(self.status["uncountedTerminatedPods"] != before)

    def write_indexes(self) -> bool:
        """True when an index is newly done or lost, or lies beyond completions that were lowered."""
        if not is_indexed(self.job):
            return False
        before = dict(self.status)
        if len(self.done):
            self.status.update(completedIndexes=str(self.done), succeeded=len(self.done))
        else:
            self.status.pop("completedIndexes", None)
            self.status.pop("succeeded", None)
        if self.lost is not None:
            self.status["failedIndexes"] = str(self.lost)
        return self.status != before

    # The end

    def announce_end(self) -> bool:
        """Writes an interim condition; the final one of its kind follows when everything is counted."""
        if self.end is None or self.end["type"] not in INTERIM:
            return False
        self.status["conditions"] = [*(self.status.get("conditions") or ()), self.end]
        self.end = {**self.end, "type": INTERIM[self.end["type"]]}
        return True

    def finish(self) -> bool:
        """Makes the end final, unless pods are still to be counted or to stop."""
        if self.end is None or self.terminating or self.status["uncountedTerminatedPods"]:
            return False
        self.status["conditions"] = replaced(self.status.get("conditions"), self.end)
        if self.end["type"] == "Complete":
            self.status["completionTime"] = self.end["lastTransitionTime"]
        return True


def is_finished(job: Obj) -> bool:
    conditions = (job.get("status") or {}).get("conditions")
    return is_true(conditions, "Complete") or is_true(conditions, "Failed")


def indexes(pods: Iterable[Obj]) -> Indexes:
    return Indexes.of(index for pod in pods if (index := index_of(pod)) is not None)


def wanted_active(sync: Sync) -> int:
    """How many pods should run now: never more than there are completions left."""
    spec = sync.job["spec"]
    parallelism: int = spec["parallelism"]
    if spec.get("completions") is None:
        return len(sync.active) if sync.succeeded > 0 else parallelism
    return int(max(min(spec["completions"] - sync.succeeded, parallelism), 0))


def failing_rule(sync: Sync) -> str:
    """Why the pod failure policy makes the Job fail, "" when it does not."""
    policy = sync.job["spec"].get("podFailurePolicy")
    if policy is None:
        return ""
    messages = (judge(policy, pod).message for pod in sync.pods if is_failed(sync.job, pod))
    return next((message for message in messages if message), "")


def loses_index(job: Obj, pod: Obj) -> bool:
    """Whether with this failed pod its index has failed for good."""
    if not is_failed(job, pod):
        return False
    verdict = judge(job["spec"].get("podFailurePolicy"), pod)
    if verdict.action == "FailIndex":
        return True
    return verdict.counts and failures(pod) >= int(job["spec"]["backoffLimitPerIndex"])


def restarted_too_often(sync: Sync) -> bool:
    """With restartPolicy OnFailure the restarts of containers count, not the pods."""
    spec = sync.job["spec"]
    if spec["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    restarts = sum(
        one.get("restartCount", 0)
        for pod in sync.pods
        if phase(pod) in ("Running", "Pending")
        for part in ("initContainerStatuses", "containerStatuses")
        for one in (pod.get("status") or {}).get(part) or ()
    )
    return bool(restarts >= max(spec["backoffLimit"], 1))


def doubles(job: Obj, pods: Sequence[Obj]) -> tuple[list[Obj], list[Obj]]:
    """(pods without a valid index of their own, the rest), by index. Of several with one index the last stays."""
    last = {index_of(pod): pod["metadata"]["uid"] for pod in pods if has_valid_index(job, pod)}
    removed: list[Obj] = []
    left: list[Obj] = []
    for pod in sorted(pods, key=_place):
        (left if last.get(index_of(pod)) == pod["metadata"]["uid"] else removed).append(pod)
    return removed, left


def _place(pod: Obj) -> int:
    """The pod's index; -1 when it has none."""
    index = index_of(pod)
    return -1 if index is None else index


def _listed(succeeded: list[str], failed: list[str]) -> Obj:
    return {name: uids for name, uids in (("succeeded", succeeded), ("failed", failed)) if uids}
