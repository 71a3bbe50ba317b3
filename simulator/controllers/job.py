"""Runs pods until enough of them have succeeded, and counts each exactly once.

https://kubernetes.io/docs/concepts/workloads/controllers/job/; upstream's job_controller.go. A finalizer keeps every pod until it
is counted: its uid is written to `uncountedTerminatedPods`, the finalizer taken away, then the counter raised. An end is
announced by an interim condition (SuccessCriteriaMet, FailureTarget) and becomes final (Complete, Failed) when no pod is left
to count or to stop. Failed pods are replaced after a backoff. What pods do is answered a second later, many at a time.

`job_sync` does the counting, `job_ends` says when it is over, `job_work` makes and deletes pods; pods and policies are judged in
`job_pods` and `job_policies`. A sync looks at all pods of one Job.
"""

from typing import ClassVar

from simulator.client import About, Client, Controller, Process
from simulator.client.routes import Interest
from simulator.controllers.job_ends import decided, job_condition, reached
from simulator.controllers.job_indexes import Indexes
from simulator.controllers.job_pods import (
    FINALIZER,
    Backoff,
    all_failures,
    finished_at,
    has_valid_index,
    index_of,
    is_failed,
    is_indexed,
    is_terminating,
    is_tracked,
    limits_by_index,
    without_tracking,
)
from simulator.controllers.job_policies import judge
from simulator.controllers.job_sync import (
    Sync,
    indexes,
    is_finished,
    loses_index,
)
from simulator.controllers.job_work import BATCH_US, PodWork, Refusal
from simulator.controllers.kinds.conditions import is_true, replaced
from simulator.controllers.kinds.expectations import Expectations
from simulator.controllers.kinds.objects import (
    Orphans,
    controller_of,
    controller_reference,
    is_ending,
    key_of,
    labels_of,
    one_of,
    split,
    without_controller,
)
from simulator.controllers.kinds.pods import is_active, is_ready, phase
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.selectors import Selector, from_label_selector

_JOBS = "jobs.batch"
#: Before the key of a pod that has the finalizer and no Job to count it.
_ORPHAN = "orphan "
_MANAGED_HERE = (None, "kubernetes.io/job-controller")


class JobController(Controller):
    name: ClassVar[str] = "job-controller"
    watches = {_JOBS: "on_job", "pods": "on_pod"}
    interests = {"pods": Interest(owner="Job")}
    writes = (_JOBS, "pods", "events")

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._expectations = Expectations()
        self._orphans = Orphans(lambda: self.cache.list("pods"))
        self._backoffs: dict[str, Backoff] = {}
        """By the Job's key."""
        self._pods = PodWork(client, self.engine, self._expectations, source=self.name)
        self._untracked: dict[str, dict[str, None]] = {}
        """Job's key → uids of pods whose finalizer was taken away and that are not yet seen without it."""

    # What is watched

    def on_job(self, old: Obj | None, new: Obj | None) -> None:
        job = one_of(old, new)
        is_status = old is not None and new is not None and _generation(old) == _generation(new)
        self.enqueue(key_of(job), BATCH_US if is_status else 0)
        if new is None or is_finished(new):
            for pod in self.cache.owned("pods", job["metadata"]["uid"]):
                if is_tracked(pod):
                    self.enqueue(_ORPHAN + key_of(pod))

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        self._orphans.note(old, new)
        pod = one_of(old, new)
        reference = controller_of(pod)
        if reference is not None and not _is_job(reference):
            return
        job = self._owner_of(pod)
        if job is None or is_finished(job):
            if new is not None and is_tracked(new) and (reference is None or is_ending(new)):
                self.enqueue(_ORPHAN + key_of(new))
            if (
                job is None
                and new is not None
                and reference is None
                and (old is None or labels_of(old) != labels_of(new) or controller_of(old) is not None)
            ):
                self._wake_adopters(new)
            return
        key, uid = key_of(job), pod["metadata"]["uid"]
        if new is None or is_ending(new):
            self._expectations.deleted(key, uid)
        elif old is None:
            self._expectations.created(key)
        if new is None or not is_tracked(new):
            self._untracked.get(key, {}).pop(uid, None)
        self.enqueue(key, BATCH_US)

    def _owner_of(self, pod: Obj) -> Obj | None:
        reference = controller_of(pod)
        if reference is None or not _is_job(reference):
            return None
        job = self.cache.get(_JOBS, pod["metadata"]["namespace"], reference["name"])
        return job if job is not None and job["metadata"]["uid"] == reference["uid"] else None

    def _wake_adopters(self, pod: Obj) -> None:
        labels = labels_of(pod)
        if not labels:
            return
        for job in self.cache.list(_JOBS, pod["metadata"]["namespace"]):
            if _selector(job).matches(labels):
                self.enqueue(key_of(job), BATCH_US)

    # One Job

    def about(self, key: str) -> About:
        known = super().about(key)
        return known._replace(resource="pods") if key.startswith(_ORPHAN) else known

    def reconcile(self, key: str) -> None:
        if key.startswith(_ORPHAN):
            self._let_go(*split(key.removeprefix(_ORPHAN)))
            return
        job = self.cache.get(_JOBS, *split(key))
        if job is None or is_finished(job):
            self._backoffs.pop(key, None)
            self._untracked.pop(key, None)
            if job is None:
                self._expectations.forget(key)
            return
        if job["spec"].get("managedBy") not in _MANAGED_HERE:
            return
        may_manage = self._expectations.are_met(key, self.engine.now)
        sync = self._look(key, job)
        sync.end, is_changed = decided(sync, self.engine), False
        if sync.end is not None:
            refusal = self._stop(sync, may_manage)
        else:
            refusal, is_changed = self._run(sync, may_manage)
        for wait_us in sync.waits:
            self.enqueue(key, wait_us)
        self._track(sync, sync.take_counts() or is_changed)
        if refusal is not None:
            raise refusal

    def _let_go(self, namespace: str, name: str) -> None:
        """Takes the finalizer from a pod that no unfinished Job counts."""
        pod = self.cache.get("pods", namespace, name)
        if pod is None or not is_tracked(pod):
            return
        reference, job = controller_of(pod), self._owner_of(pod)
        if (reference is not None and not _is_job(reference)) or (job is not None and not is_finished(job)):
            return
        self._pods.release(pod)

    # Looking

    def _look(self, key: str, job: Obj) -> Sync:
        pods = self._claimed(job)
        active = [pod for pod in pods if is_active(pod)]
        status = dict(job.get("status") or {})
        status.setdefault("uncountedTerminatedPods", {})
        sync = Sync(
            key,
            job,
            pods,
            active,
            dict(self._untracked.get(key, {})),
            status,
            active_left=len(active),
            ready=sum(is_ready(pod) for pod in active),
            terminating=sum(is_terminating(pod) for pod in pods),
        )
        succeeded = sync.newly("succeeded")
        failed = sync.newly("failed")
        policy = job["spec"].get("podFailurePolicy")
        counted = sum(judge(policy, pod).counts for pod in failed) if policy else len(failed)
        sync.succeeded = status.get("succeeded", 0) + len(succeeded) + len(sync.uncounted("succeeded"))
        sync.failed = status.get("failed", 0) + counted + len(sync.uncounted("failed"))
        if "startTime" not in status and not job["spec"].get("suspend"):
            status["startTime"] = self.engine.timestamp()
        sync.backoff = self._backoffs.get(key, Backoff()).after(succeeded, failed, self.engine)
        if is_indexed(job):
            self._look_at_indexes(sync)
        return sync

    def _claimed(self, job: Obj) -> list[Obj]:
        """Owned pods, with matching orphans adopted and those that stopped matching released."""
        metadata, selector = job["metadata"], _selector(job)
        found = []
        for pod in self.cache.owned("pods", metadata["uid"]):
            if selector.matches(labels_of(pod)):
                found.append(pod)
            else:
                left = without_controller(pod, metadata["uid"]) or None
                self._patch(pod, ownerReferences=left, finalizers=without_tracking(pod))
        for name in self._orphans.matching(metadata["namespace"], selector):
            orphan = self.cache.get("pods", metadata["namespace"], name)
            if orphan is None or is_ending(orphan) or is_ending(job):
                continue
            references = [*(orphan["metadata"].get("ownerReferences") or ()), controller_reference(job)]
            finalizers = [*(without_tracking(orphan) or ()), FINALIZER]
            found.append(self._patch(orphan, ownerReferences=references, finalizers=finalizers))
        return found

    def _patch(self, pod: Obj, **changes: object) -> Obj:
        metadata = pod["metadata"]
        patch = {"metadata": {"uid": metadata["uid"], **changes}}
        return self.client.patch("pods", metadata["namespace"], metadata["name"], patch)

    def _look_at_indexes(self, sync: Sync) -> None:
        job, completions = sync.job, sync.job["spec"]["completions"]
        valid = [pod for pod in sync.pods if sync.tracks(pod) and has_valid_index(job, pod)]
        known = Indexes.parse(sync.status.get("completedIndexes") or "", completions)
        sync.done = known | indexes(pod for pod in valid if phase(pod) == "Succeeded")
        sync.succeeded = len(sync.done)
        if not limits_by_index(job):
            return
        lost = Indexes.parse(sync.status.get("failedIndexes") or "", completions)
        sync.lost = lost | indexes(pod for pod in valid if loses_index(job, pod))
        gone = sync.done | sync.lost | indexes(pod for pod in sync.active if index_of(pod) is not None)
        for pod in valid:
            index = index_of(pod)
            if index is None or index in gone or not is_failed(job, pod):
                continue
            earlier = sync.delayed.get(index)
            if earlier is None or self._replaces(pod, earlier):
                sync.delayed[index] = pod

    def _replaces(self, pod: Obj, known: Obj) -> bool:
        """Whether this failed pod came after another one of the same index."""
        if all_failures(known) > all_failures(pod):
            return False
        return finished_at(pod, self.engine) >= finished_at(known, self.engine)

    # Pods

    def _stop(self, sync: Sync, may_manage: bool) -> Refusal | None:
        """Ends the pods of a Job that is over; with pods still to be seen or left it is not over yet."""
        refusal = self._pods.stop(sync)
        if refusal is not None or not may_manage:
            sync.end = None
        return refusal

    def _run(self, sync: Sync, may_manage: bool) -> tuple[Refusal | None, bool]:
        """Makes or deletes pods, and sees whether the Job is complete; (what stopped it, conditions changed)."""
        spec, refusal = sync.job["spec"], None
        is_managed = may_manage and not is_ending(sync.job)
        if is_managed:
            refusal = self._pods.manage(sync)
        wanted = spec.get("completions")
        if sync.active_left == 0 and (sync.succeeded >= wanted if wanted is not None else sync.succeeded > 0):
            sync.end = reached(self.engine)
            return refusal, False
        return refusal, is_managed and self._note_suspension(sync)

    def _note_suspension(self, sync: Sync) -> bool:
        """Keeps the Suspended condition; a Job that goes on gets a new start time."""
        is_suspended = bool(sync.job["spec"].get("suspend"))
        if is_suspended is is_true(sync.status.get("conditions"), "Suspended"):
            return False
        word = "suspended" if is_suspended else "resumed"
        status = "True" if is_suspended else "False"
        wanted = job_condition(self.engine, "Suspended", f"Job{word.title()}", f"Job {word}", status)
        sync.status["conditions"] = replaced(sync.status.get("conditions"), wanted)
        self.client.event(sync.job, "Normal", word.title(), f"Job {word}", source=self.name)
        if not is_suspended:
            sync.status["startTime"] = self.engine.timestamp()
        return True

    # Counting

    def _track(self, sync: Sync, needs_flush: bool) -> None:
        """Counts what has finished: uid into the status, finalizer away, counter up; then the end, if there is one."""
        needs_flush = sync.count_released() or needs_flush
        released, is_new = sync.list_finished()
        needs_flush = is_new or needs_flush
        needs_flush = sync.write_indexes() or needs_flush
        needs_flush = sync.announce_end() or needs_flush
        if needs_flush:
            self._flush(sync)
            self._backoffs[sync.key] = sync.backoff
        for pod in released:
            self._pods.release(pod)
            sync.untracked[pod["metadata"]["uid"]] = None
        self._remember_untracked(sync)
        needs_flush = sync.count_released()
        is_finished = not sync.is_full and sync.finish()
        if needs_flush or is_finished:
            self._flush(sync)
        if is_finished:
            self._tell_end(sync)

    def _remember_untracked(self, sync: Sync) -> None:
        """Until the cache shows the pods without their finalizer."""
        lagging = (pod["metadata"]["uid"] for pod in sync.pods if is_tracked(pod) and not sync.tracks(pod))
        self._untracked[sync.key] = dict.fromkeys(lagging)
        if not self._untracked[sync.key]:
            del self._untracked[sync.key]

    def _tell_end(self, sync: Sync) -> None:
        job, end = sync.job, sync.end
        assert end is not None
        if end["type"] == "Failed":
            self.client.event(job, "Warning", end["reason"], end["message"], source=self.name)
            return
        wanted = job["spec"].get("completions")
        if wanted is not None and sync.status.get("succeeded", 0) > wanted:
            message = "Too many succeeded pods running after completion count reached"
            self.client.event(job, "Warning", "TooManySucceededPods", message, source=self.name)
        self.client.event(job, "Normal", "Completed", "Job completed", source=self.name)

    def _flush(self, sync: Sync) -> None:
        sync.job = self.client.update_status(_JOBS, {**sync.job, "status": dict(sync.status)})

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._expectations.clear()
        self._orphans.clear()
        self._backoffs.clear()
        self._untracked.clear()

    def dump_private(self) -> Plain:
        return {
            "expectations": self._expectations.dump(),
            "backoffs": [[key, one.failures, one.last_us] for key, one in self._backoffs.items()],
            "untracked": [[key, list(uids)] for key, uids in self._untracked.items()],
        }

    def load_private(self, state: Plain) -> None:
        self._expectations.load(state["expectations"])
        self._backoffs = {key: Backoff(failures, last_us) for key, failures, last_us in state["backoffs"]}
        self._untracked = {key: dict.fromkeys(uids) for key, uids in state["untracked"]}
        self._orphans.restored()


def _generation(job: Obj) -> int:
    return int(job["metadata"].get("generation", 0))


def _selector(job: Obj) -> Selector:
    return from_label_selector(job["spec"].get("selector"))


def _is_job(reference: Obj) -> bool:
    """A Job of ours, not one that somebody defined under the same name."""
    return (reference["apiVersion"], reference["kind"]) == ("batch/v1", "Job")
