"""Keeps as many pods alive as a ReplicaSet asks for.

https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/; upstream's replica_set.go. Watches ReplicaSets and
pods. Pods that match the selector and have no controller are adopted; owned pods that no longer match are released.
Creation starts slowly (1, 2, 4 … at a time) so that a refusal is met once and not a thousand times.

Cost: how many pods a set has, has ready and so on is counted as changes arrive, so a sync costs the same for ten
pods and for ten thousand; only choosing victims looks at all of them. `ReplicationController` is the same
controller under another name (`replication_controller.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.client import Client, Controller, Process
from simulator.client.routes import Interest
from simulator.controllers.kinds.conditions import condition, replaced, without
from simulator.controllers.kinds.expectations import Expectations
from simulator.controllers.kinds.objects import (
    Orphans,
    controller_of,
    controller_reference,
    counted,
    is_ending,
    is_led_as_before,
    key_of,
    labels_of,
    one_of,
    split,
    without_controller,
)
from simulator.controllers.kinds.pace import Pace
from simulator.controllers.kinds.pods import from_template, is_active, is_ready, phase, ready_condition
from simulator.controllers.victims import victims
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.selectors import Selector, from_label_selector

#: Pods created or deleted in one sync at most.
BURST = 500
#: Above this size changes of pods are collected for `_COLLECT_US` before a sync: the controller manager's
#: client is limited to 20 requests a second (--kube-api-qps), so a large set's status never follows every pod.
_LARGE = 100
_COLLECT_US = 50_000
_SECOND_US = 1_000_000
#: Pods made in one sync at most while pods fail as soon as they are made.
_PACED_BURST = 10


class Share(NamedTuple):
    """What one active pod adds to its owner's tally."""

    owner: str
    ready: bool
    labels: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Tally:
    """Owned, active pods of one set."""

    active: int = 0
    ready: int = 0
    by_labels: dict[tuple[tuple[str, str], ...], int] = field(default_factory=dict)

    def count(self, share: "Share", sign: int) -> None:
        self.active += sign
        self.ready += sign * share.ready
        self.by_labels[share.labels] = self.by_labels.get(share.labels, 0) + sign

    def with_labels(self, wanted: Mapping[str, str]) -> int:
        return sum(pods for labels, pods in self.by_labels.items() if wanted.items() <= dict(labels).items())


class ReplicaSetController(Controller):
    name: ClassVar[str] = "replicaset-controller"
    watches = {"replicasets.apps": "on_set", "pods": "on_pod"}
    interests = {"pods": Interest(owner="ReplicaSet")}
    writes = ("replicasets.apps", "pods", "events")

    resource: ClassVar[str] = "replicasets.apps"
    kind: ClassVar[str] = "ReplicaSet"

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._expectations = Expectations()
        self._pace = Pace()
        """For sets whose pods fail, until one is ready."""
        self._orphans = Orphans(lambda: self.cache.list("pods"))
        self._tallies: dict[str, Tally] = {}
        """By the uid of the owner named in the pods' controller reference, whether that is a set of ours or not."""
        self._shares: dict[str, Share] = {}
        """By the pod's uid: what of it is in a tally."""
        self._strays: dict[str, dict[str, None]] = {}
        """Owner's uid → names of owned pods that may no longer match its selector."""
        self._selectors: dict[str, tuple[Obj, Selector]] = {}
        self._is_counted = True
        """False after a restore, until the counts are taken again from the cache."""

    # Overridden by ReplicationController

    def selector(self, owner: Obj) -> Selector:
        uid, raw = owner["metadata"]["uid"], owner["spec"].get("selector")
        known = self._selectors.get(uid)
        if known is None or known[0] != raw:
            known = self._selectors[uid] = (raw, from_label_selector(raw))
        return known[1]

    # What is watched

    def on_set(self, old: Obj | None, new: Obj | None) -> None:
        if new is None:
            gone = one_of(old, new)
            self._expectations.forget(key_of(gone))
            self._pace.forget(key_of(gone))
            self._selectors.pop(gone["metadata"]["uid"], None)
        self.enqueue(key_of(one_of(old, new)))

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        was_counted = self._is_counted
        self.refresh()
        stays = old is not None and new is not None and is_led_as_before(old["metadata"], new["metadata"])
        if not stays:
            self._orphans.note(old, new)
        is_same = self._count(old, new, stays=stays)
        if stays and is_same and was_counted and new is not None and not is_ending(new):
            return
        after = self._owner_of(new)
        before = after if stays else self._owner_of(old)
        if before is not None and (after is None or after["metadata"]["uid"] != before["metadata"]["uid"]):
            self._note_gone(before, one_of(old, new))
            self.enqueue(key_of(before))
        if after is not None and new is not None:
            self._on_owned(after, old, new, is_same=is_same and was_counted)
        elif (
            new is not None
            and controller_of(new) is None
            and (old is None or labels_of(old) != labels_of(new) or before is not None)
        ):
            self._wake_adopters(new)

    def _on_owned(self, owner: Obj, old: Obj | None, new: Obj, *, is_same: bool) -> None:
        """`is_same`: it counts for as much as before."""
        key = key_of(owner)
        if is_ending(new):
            self._note_gone(owner, new)
            if old is not None and is_ending(old) and labels_of(old) == labels_of(new):
                return
            self.enqueue(key)
            return
        if old is None:
            self._expectations.created(key)
            if not self.selector(owner).matches(labels_of(new)):
                self._strays.setdefault(owner["metadata"]["uid"], {})[new["metadata"]["name"]] = None
        elif labels_of(old) != labels_of(new):
            self._strays.setdefault(owner["metadata"]["uid"], {})[new["metadata"]["name"]] = None
        elif is_same or _aspects(old) == _aspects(new):
            return
        if phase(new) == "Failed":
            self._pace.begin(key)
        elif is_ready(new):
            self._pace.forget(key)
        is_large = (owner["spec"].get("replicas") or 0) > _LARGE
        self.enqueue(key, _COLLECT_US if is_large else 0)
        needed = owner["spec"].get("minReadySeconds") or 0
        if needed and old is not None and not is_ready(old) and is_ready(new):
            self.enqueue(key, (needed + 1) * _SECOND_US)

    def _note_gone(self, owner: Obj, pod: Obj) -> None:
        self._expectations.deleted(key_of(owner), pod["metadata"]["uid"])

    def _owner_of(self, pod: Obj | None) -> Obj | None:
        """The set of ours that controls the pod."""
        reference = controller_of(pod)
        if pod is None or reference is None or reference["kind"] != self.kind:
            return None
        owner = self.cache.get(self.resource, pod["metadata"]["namespace"], reference["name"])
        return owner if owner is not None and owner["metadata"]["uid"] == reference["uid"] else None

    def _wake_adopters(self, pod: Obj) -> None:
        labels = labels_of(pod)
        if not labels:
            return
        for owner in self.cache.list(self.resource, pod["metadata"]["namespace"]):
            if self.selector(owner).matches(labels):
                self.enqueue(key_of(owner))

    # Counting

    def _count(self, old: Obj | None, new: Obj | None, *, stays: bool = False) -> bool:
        """Whether the pod counts for as much as before. `stays`: owner and labels are the same."""
        uid = one_of(old, new)["metadata"]["uid"]
        before = self._shares.get(uid)
        if new is None:
            after = None
        elif stays and before is not None and is_active(new):
            after = before if is_ready(new) == before.ready else before._replace(ready=not before.ready)
        else:
            after = self._share(new)
        if before == after:
            return True
        if before is not None:
            tally = self._tallies[before.owner]
            tally.count(before, -1)
            del self._shares[uid]
            if tally.active == 0:
                del self._tallies[before.owner]
        if after is not None:
            self._tallies.setdefault(after.owner, Tally()).count(after, 1)
            self._shares[uid] = after
        return False

    def _share(self, pod: Obj) -> Share | None:
        reference = controller_of(pod)
        if reference is None or reference["kind"] != self.kind or not is_active(pod):
            return None
        return Share(reference["uid"], is_ready(pod), tuple(sorted(labels_of(pod).items())))

    def _count_again(self) -> None:
        """After a restore the cache says what was counted."""
        self._is_counted = True
        for pod in self.cache.list("pods"):
            self._orphans.note(None, pod)
            self._count(None, pod)

    # One set

    def refresh(self) -> None:
        if not self._is_counted:
            self._count_again()

    def reconcile(self, key: str) -> None:
        self.refresh()
        owner = self.cache.get(self.resource, *split(key))
        if owner is None:
            self._expectations.forget(key)
            return
        is_free = self._expectations.are_met(key, self.engine.now)
        # Neither is in the count yet: that follows what the watch brings.
        claimed = -self._release_strays(owner)
        if not is_ending(owner):
            claimed += self._adopt(owner)
        tally = self._tallies.get(owner["metadata"]["uid"], Tally())
        failure = self._manage(key, owner, tally.active + claimed) if is_free and not is_ending(owner) else None
        self._report(key, owner, tally, failure)
        if failure is not None:
            raise failure

    def _adopt(self, owner: Obj) -> int:
        """How many pods were adopted."""
        namespace, adopted = owner["metadata"]["namespace"], 0
        for name in self._orphans.matching(namespace, self.selector(owner)):
            pod = self.cache.get("pods", namespace, name)
            if pod is None or not is_active(pod):
                continue
            references = [*(pod["metadata"].get("ownerReferences") or ()), controller_reference(owner)]
            self.client.patch(
                "pods", namespace, name, {"metadata": {"ownerReferences": references, "uid": pod["metadata"]["uid"]}}
            )
            adopted += 1
        return adopted

    def _release_strays(self, owner: Obj) -> int:
        """How many active pods were let go."""
        uid, namespace, released = owner["metadata"]["uid"], owner["metadata"]["namespace"], 0
        for name in self._strays.pop(uid, {}):
            pod = self.cache.get("pods", namespace, name)
            if pod is not None and not self.selector(owner).matches(labels_of(pod)):
                left = without_controller(pod, uid)
                released += is_active(pod)
                self.client.patch(
                    "pods",
                    namespace,
                    name,
                    {"metadata": {"ownerReferences": left or None, "uid": pod["metadata"]["uid"]}},
                )
        return released

    def _manage(self, key: str, owner: Obj, active: int) -> StatusError | ApiUnavailable | None:
        """Creates or deletes pods; returns what stopped it."""
        wanted = owner["spec"].get("replicas", 1)
        if active < wanted:
            return self._create(key, owner, min(wanted - active, BURST))
        if active > wanted:
            return self._delete(key, owner, min(active - wanted, BURST))
        return None

    def _create(self, key: str, owner: Obj, count: int) -> StatusError | ApiUnavailable | None:
        if key in self._pace:
            count = min(count, _PACED_BURST)
            if wait_us := self._pace.wait_us(key, count + 1, self.engine.now):
                self.enqueue(key, wait_us)
                return None
        self._expectations.expect_creations(key, count, self.engine.now)
        metadata = owner["metadata"]
        pod = from_template(
            owner["spec"]["template"], metadata["namespace"], f"{metadata['name']}-", controller_reference(owner)
        )
        created, batch = 0, 1
        while created < count:
            failure = None
            for _ in range(min(batch, count - created)):
                try:
                    made = self.client.create("pods", pod)
                except (StatusError, ApiUnavailable) as error:
                    failure = failure or error
                    self._tell_failure(owner, "FailedCreate", "creating", error)
                    continue
                created += 1
                self.client.event(
                    owner, "Normal", "SuccessfulCreate", f"Created pod: {made['metadata']['name']}", source=self.name
                )
            if failure is not None:
                self._expectations.created(key, count - created)
                return None if _is_namespace_ending(failure) else failure
            batch *= 2
        return None

    def _delete(self, key: str, owner: Obj, count: int) -> StatusError | ApiUnavailable | None:
        pods = [pod for pod in self.cache.owned("pods", owner["metadata"]["uid"]) if is_active(pod)]
        chosen = victims(pods, self._related(owner), count, self.engine)
        self._expectations.expect_deletions(key, [pod["metadata"]["uid"] for pod in chosen], self.engine.now)
        failure: StatusError | ApiUnavailable | None = None
        for pod in chosen:
            metadata = pod["metadata"]
            try:
                self.client.delete("pods", metadata["namespace"], metadata["name"])
            except (StatusError, ApiUnavailable) as error:
                self._expectations.deleted(key, metadata["uid"])
                if not (isinstance(error, StatusError) and error.reason == "NotFound"):
                    failure = failure or error
                    self._tell_failure(owner, "FailedDelete", "deleting", error)
                continue
            self.client.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {metadata['name']}", source=self.name)
        return failure

    def _tell_failure(self, owner: Obj, reason: str, doing: str, error: StatusError | ApiUnavailable) -> None:
        if isinstance(error, StatusError) and not _is_namespace_ending(error):
            self.client.event(owner, "Warning", reason, f"Error {doing}: {error}", source=self.name)

    def _related(self, owner: Obj) -> Iterable[Obj]:
        """Pods of all sets under the same parent (the Deployment's old and new ReplicaSets)."""
        parent = controller_of(owner)
        sets = [owner] if parent is None else self.cache.owned(self.resource, parent["uid"])
        for one in sets:
            yield from self.cache.owned("pods", one["metadata"]["uid"])

    # Status

    def _report(self, key: str, owner: Obj, tally: Tally, failure: Exception | None) -> None:
        available, next_us = self._available(owner, tally)
        if next_us is not None:
            self.enqueue(key, next_us)
        wanted = self._status(owner, tally, available, failure)
        if wanted != owner.get("status"):
            self.client.update_status(self.resource, {**owner, "status": wanted})

    def _status(self, owner: Obj, tally: Tally, available: int, failure: Exception | None) -> Obj:
        known = owner.get("status") or {}
        status: Obj = {"replicas": tally.active}
        labeled = tally.with_labels(owner["spec"]["template"].get("metadata", {}).get("labels") or {})
        status.update(counted(fullyLabeledReplicas=labeled, readyReplicas=tally.ready, availableReplicas=available))
        status["observedGeneration"] = owner["metadata"].get("generation", 1)
        conditions = self._conditions(owner, tally.active, failure, known.get("conditions"))
        if conditions:
            status["conditions"] = conditions
        return status

    def _conditions(self, owner: Obj, active: int, failure: Exception | None, known: list[Obj] | None) -> list[Obj]:
        if failure is None:
            return without(known, "ReplicaFailure")
        if condition(known, "ReplicaFailure") is not None:
            return list(known or ())
        reason = "FailedCreate" if active < owner["spec"].get("replicas", 1) else "FailedDelete"
        wanted = {
            "type": "ReplicaFailure",
            "status": "True",
            "lastTransitionTime": self.engine.timestamp(),
            "reason": reason,
            "message": str(failure),
        }
        return replaced(known, wanted)

    def _available(self, owner: Obj, tally: Tally) -> tuple[int, int | None]:
        """How many pods are available, and in how many microseconds one more will be."""
        needed = (owner["spec"].get("minReadySeconds") or 0) * _SECOND_US
        if not needed:
            return tally.ready, None
        available, soonest = 0, None
        for pod in self.cache.owned("pods", owner["metadata"]["uid"]):
            found = ready_condition(pod)
            if not is_active(pod) or found is None or found["status"] != "True":
                continue
            left = self.engine.micros(found["lastTransitionTime"]) + needed - self.engine.now
            if left <= 0:
                available += 1
            else:
                soonest = left if soonest is None else min(soonest, left)
        return available, soonest

    # State

    def on_start(self) -> None:
        self._is_counted = True

    def on_stop(self) -> None:
        super().on_stop()
        self._expectations.clear()
        self._pace.clear()
        self._forget_counts()
        self._strays.clear()

    def dump_private(self) -> Plain:
        return {
            "expectations": self._expectations.dump(),
            "pace": self._pace.dump(),
            "strays": [[uid, list(names)] for uid, names in self._strays.items()],
        }

    def load_private(self, state: Plain) -> None:
        self._expectations.load(state["expectations"])
        self._pace.load(state["pace"])
        self._strays = {uid: dict.fromkeys(names) for uid, names in state["strays"]}
        self._forget_counts()
        self._is_counted = False

    def _forget_counts(self) -> None:
        self._tallies.clear()
        self._shares.clear()
        self._orphans.clear()
        self._selectors.clear()


def _aspects(pod: Obj) -> tuple[object, ...]:
    """What of an owned pod decides about a set's status."""
    return is_active(pod), is_ready(pod)


def _is_namespace_ending(error: Exception) -> bool:
    """Every creation in a namespace that is being deleted fails: not worth a word."""
    if not isinstance(error, StatusError):
        return False
    return any(cause.get("reason") == "NamespaceTerminating" for cause in error.details.get("causes") or ())
