"""Makes and deletes the pods of one Job, as many as a sync wants, and says so in events.

https://kubernetes.io/docs/concepts/workloads/controllers/job/#controlling-parallelism; upstream's `manageJob`. A sync either deletes
or creates, at most `BURST` pods; creations start slowly (1, 2, 4 …) and end with the first refusal.
"""

from collections.abc import Sequence

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.client import Client
from simulator.controllers.job_indexes import Indexes
from simulator.controllers.job_pods import (
    Backoff,
    all_failures,
    failures_after,
    finished_at,
    is_indexed,
    is_terminating,
    limits_by_index,
    new_indexed_pod,
    new_pod,
    replaces_only_failed,
    tracked_template,
    without_tracking,
)
from simulator.controllers.job_sync import BURST, Sync, doubles, indexes, wanted_active
from simulator.controllers.kinds.expectations import Expectations
from simulator.controllers.kinds.pods import is_ready
from simulator.controllers.victims import ranked
from simulator.engine import Engine
from simulator.engine.plain import Obj

#: How long changes of pods are collected before a sync (SyncJobBatchPeriod); no sync waits for less.
BATCH_US = 1_000_000

Refusal = StatusError | ApiUnavailable


class PodWork:
    def __init__(self, client: Client, engine: Engine, expectations: Expectations, *, source: str) -> None:
        self._client = client
        self._engine = engine
        self._expectations = expectations
        self._source = source

    def manage(self, sync: Sync) -> Refusal | None:
        """Towards as many active pods as the Job wants now."""
        if sync.job["spec"].get("suspend"):
            return self._remove(sync, self._surplus(sync, len(sync.active)))
        wanted = wanted_active(sync)
        if surplus := self._surplus(sync, max(len(sync.active) - wanted, 0))[:BURST]:
            return self._remove(sync, surplus)
        missing = wanted - len(sync.active) - (sync.terminating if replaces_only_failed(sync.job) else 0)
        if missing <= 0:
            return None
        if not limits_by_index(sync.job) and (wait_us := sync.backoff.left_us(self._engine.now)):
            sync.waits.append(max(wait_us, BATCH_US))
            return None
        return self._create(sync, min(missing, BURST))

    def stop(self, sync: Sync) -> Refusal | None:
        """Deletes what still runs when the Job ends. Finalizers stay until the pods are counted."""
        refusal = None
        for pod in sync.active:
            refusal = self._delete(sync, pod) or refusal
        return refusal

    def release(self, pod: Obj) -> None:
        """Takes the finalizer away: the pod is counted, or shall not count."""
        metadata = pod["metadata"]
        patch = {"metadata": {"finalizers": without_tracking(pod), "uid": metadata["uid"]}}
        try:
            self._client.patch("pods", metadata["namespace"], metadata["name"], patch)
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise

    # Fewer

    def _surplus(self, sync: Sync, count: int) -> list[Obj]:
        """At least `count` pods to remove: those with no or a taken index first, then the least advanced."""
        removed, left = doubles(sync.job, sync.active) if is_indexed(sync.job) else ([], sync.active)
        if removed:
            removed, left = doubles(sync.job, self._ranked(sync.active))
        more = count - len(removed)
        return [*removed, *self._ranked(left)[:more]] if more > 0 else removed

    def _ranked(self, pods: Sequence[Obj]) -> list[Obj]:
        return ranked(pods, {}, self._engine)

    def _remove(self, sync: Sync, pods: Sequence[Obj]) -> Refusal | None:
        """Deletes pods that shall not count at all: without their finalizer they are nobody's failure."""
        if not pods:
            return None
        self._expectations.expect_deletions(sync.key, [pod["metadata"]["uid"] for pod in pods], self._engine.now)
        refusal = None
        for pod in pods:
            if sync.tracks(pod):
                self.release(pod)
                sync.untracked[pod["metadata"]["uid"]] = None
            if (found := self._delete(sync, pod)) is not None:
                refusal = refusal or found
                self._expectations.deleted(sync.key, pod["metadata"]["uid"])
        return refusal

    def _delete(self, sync: Sync, pod: Obj) -> Refusal | None:
        metadata = pod["metadata"]
        try:
            self._client.delete("pods", metadata["namespace"], metadata["name"])
        except (StatusError, ApiUnavailable) as error:
            if not (isinstance(error, StatusError) and error.reason == "NotFound"):
                self._tell(sync.job, "FailedDelete", "deleting", error)
                return error
        else:
            message = f"Deleted pod: {metadata['name']}"
            self._client.event(sync.job, "Normal", "SuccessfulDelete", message, source=self._source)
            sync.terminating += 1
        sync.active_left -= 1
        sync.ready -= is_ready(pod)
        return None

    # More

    def _create(self, sync: Sync, count: int) -> Refusal | None:
        made = self._new_pods(sync, count)
        if not made:
            return None
        self._expectations.expect_creations(sync.key, len(made), self._engine.now)
        created, batch = 0, 1
        while created < len(made):
            for pod in made[created : created + batch]:
                try:
                    fresh = self._client.create("pods", pod)
                except (StatusError, ApiUnavailable) as error:
                    self._expectations.created(sync.key, len(made) - created)
                    if isinstance(error, StatusError) and _is_namespace_ending(error):
                        return None
                    self._tell(sync.job, "FailedCreate", "creating", error)
                    return error
                created += 1
                sync.active_left += 1
                message = f"Created pod: {fresh['metadata']['name']}"
                self._client.event(sync.job, "Normal", "SuccessfulCreate", message, source=self._source)
            batch *= 2
        return None

    def _new_pods(self, sync: Sync, count: int) -> list[Obj]:
        template = tracked_template(sync.job)
        if not is_indexed(sync.job):
            pod = new_pod(sync.job, template)
            return [pod] * count
        return [
            new_indexed_pod(sync.job, template, index, self._inherited(sync, index))
            for index in self._next_indexes(sync, count)
        ]

    def _inherited(self, sync: Sync, index: int) -> tuple[int, int] | None:
        return failures_after(sync.job, sync.delayed.get(index)) if limits_by_index(sync.job) else None

    def _next_indexes(self, sync: Sync, count: int) -> list[int]:
        """Indexes to start now. Those that failed wait for their own backoff, where each index has its own limit."""
        pending = next_indexes(sync, count)
        if not limits_by_index(sync.job):
            return pending
        waits = {index: self._index_wait_us(sync, index) for index in pending}
        ready = [index for index in pending if not waits[index]]
        if pending and not ready:
            sync.waits.append(max(min(waits.values()), BATCH_US))
        return ready

    def _index_wait_us(self, sync: Sync, index: int) -> int:
        pod = sync.delayed.get(index)
        if pod is None:
            return 0
        return Backoff(all_failures(pod) + 1, finished_at(pod, self._engine)).left_us(self._engine.now)

    def _tell(self, job: Obj, reason: str, doing: str, error: Refusal) -> None:
        if isinstance(error, StatusError):
            self._client.event(job, "Warning", reason, f"Error {doing}: {error}", source=self._source)


def next_indexes(sync: Sync, count: int) -> list[int]:
    """The lowest indexes that neither run nor are over; with podReplacementPolicy Failed a pod that ends still holds its own."""
    taken = sync.done | (sync.lost or Indexes()) | indexes(sync.active)
    if replaces_only_failed(sync.job):
        taken = taken | indexes(pod for pod in sync.pods if is_terminating(pod))
    missing = taken.missing(sync.job["spec"]["completions"])
    return [index for _, index in zip(range(count), missing, strict=False)]


def _is_namespace_ending(error: StatusError) -> bool:
    return any(cause.get("reason") == "NamespaceTerminating" for cause in error.details.get("causes") or ())
