"""Keeps pods that each have a name, an address and storage of their own, and changes them one at a time.

https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/; upstream's stateful_set.go and
stateful_set_control.go. OrderedReady creates a pod only when all before it run, are ready and available, deletes from
the highest ordinal down, and waits for each; Parallel does not wait. A pod is never created while one of its name
exists: on a lost node that may be for ever, which is the point. Each template is kept as a ControllerRevision; a
rolling update replaces pods from the highest ordinal down to the partition. A sync looks at all pods of one set.

Leaves to `stateful_pods` what a member looks like, to `stateful_work` the writing of one, and to others the binding of the claims made here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.client import Client, Controller, Process
from simulator.client.routes import Interest
from simulator.controllers.kinds.objects import (
    Orphans,
    controller_of,
    controller_reference,
    counted,
    is_ending,
    key_of,
    labels_of,
    one_of,
    split,
    without_controller,
)
from simulator.controllers.kinds.pace import Pace
from simulator.controllers.kinds.pods import is_ready, is_terminal, phase, ready_condition
from simulator.controllers.stateful_pods import (
    REVISION_LABEL,
    first_ordinal,
    is_in_range,
    ordinal,
    parent_and_ordinal,
    stateful_pod,
)
from simulator.controllers.stateful_work import MemberWork, Refusal
from simulator.controllers.template_hash import template_hash
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.selectors import Selector, from_label_selector

REVISION_HASH_LABEL = "controller.kubernetes.io/hash"

_SETS = "statefulsets.apps"
_REVISIONS = "controllerrevisions.apps"
_CLAIMS = "persistentvolumeclaims"
_SECOND_US = 1_000_000
#: Changes of a large set's pods are collected for so long before a sync (compare `replicaset`).
_LARGE = 100
_COLLECT_US = 50_000
_LARGEST_BATCH = 500
#: Delete, create, and a status after each.
_REQUESTS_OF_A_REPLACEMENT = 4


@dataclass(frozen=True, slots=True)
class Revision:
    """One template of a set, and the name under which it is kept."""

    name: str
    template: Obj
    collisions: int = 0
    """How many other templates had the name that this one should have had."""


@dataclass(frozen=True, slots=True)
class Members:
    """The pods of one set at one moment. Those still to be made are there too, without a phase."""

    replicas: Sequence[Obj]
    """By ordinal, one for each that is wanted."""
    condemned: Sequence[Obj]
    """Beyond the wanted ordinals, highest first."""

    def first_unhealthy(self) -> Obj | None:
        ordered = (*self.replicas, *reversed(self.condemned))
        return next((pod for pod in ordered if not _is_healthy(pod)), None)


class StatefulSetController(Controller):
    name: ClassVar[str] = "statefulset-controller"
    watches = {_SETS: "on_set", "pods": "on_pod", _REVISIONS: "on_revision", _CLAIMS: "on_claim"}
    interests = {"pods": Interest(owner="StatefulSet")}
    writes = (_SETS, "pods", _REVISIONS, _CLAIMS, "events")

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._orphans = Orphans(lambda: self.cache.list("pods"))
        self._pace = Pace()
        """For sets whose pods ended and were replaced."""
        self._member_work = MemberWork(client, self.cache, source=self.name)

    # What is watched

    def on_set(self, old: Obj | None, new: Obj | None) -> None:
        self.enqueue(key_of(one_of(old, new)))

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        self._orphans.note(old, new)
        owner = self._owner_of(one_of(old, new))
        if owner is None:
            if new is not None and controller_of(new) is None and (old is None or labels_of(old) != labels_of(new)):
                self._wake_adopters(new)
            return
        if old is not None and new is not None and _aspects(old) == _aspects(new):
            return
        self.enqueue(key_of(owner), _COLLECT_US if owner["spec"].get("replicas", 1) > _LARGE else 0)
        needed = owner["spec"].get("minReadySeconds") or 0
        if needed and new is not None and is_ready(new) and not (old is not None and is_ready(old)):
            self.enqueue(key_of(owner), (needed + 1) * _SECOND_US)

    def on_revision(self, old: Obj | None, new: Obj | None) -> None:
        """A revision that somebody deletes is made again."""
        reference = controller_of(one_of(old, new))
        if new is None and reference is not None and reference["kind"] == "StatefulSet":
            self.enqueue(f"{one_of(old, new)['metadata']['namespace']}/{reference['name']}")

    def on_claim(self, old: Obj | None, new: Obj | None) -> None:
        """Claims are read from the cache; as upstream, their changes wake nobody."""

    def _owner_of(self, pod: Obj) -> Obj | None:
        reference = controller_of(pod)
        if reference is None or reference["kind"] != "StatefulSet":
            return None
        owner = self.cache.get(_SETS, pod["metadata"]["namespace"], reference["name"])
        return owner if owner is not None and owner["metadata"]["uid"] == reference["uid"] else None

    def _wake_adopters(self, pod: Obj) -> None:
        parent, _ = parent_and_ordinal(pod)
        owner = self.cache.get(_SETS, pod["metadata"]["namespace"], parent)
        if owner is not None and _selector(owner).matches(labels_of(pod)):
            self.enqueue(key_of(owner))

    # One StatefulSet

    def reconcile(self, key: str) -> None:
        owner = self.cache.get(_SETS, *split(key))
        if owner is None:
            self._pace.forget(key)
            return
        pods = self._claimed(owner)
        known = sorted(self._revisions(owner), key=_age_of_revision)
        update = self._update_revision(owner, known)
        current = _current_revision(owner, known) or update
        failure: Refusal | None = None
        replaced = False
        try:
            replaced = not is_ending(owner) and self._advance(owner, _members(owner, pods, current, update), update)
        except (StatusError, ApiUnavailable) as error:
            failure = error
        self._report(key, owner, pods, (current, update), replaced)
        self._truncate(owner, pods, known, (current.name, update.name))
        if failure is not None:
            raise failure

    def _claimed(self, owner: Obj) -> list[Obj]:
        """Owned pods by ordinal, with matching orphans adopted and those that stopped matching released."""
        metadata, selector = owner["metadata"], _selector(owner)
        found = []
        for pod in self.cache.owned("pods", metadata["uid"]):
            if selector.matches(labels_of(pod)) and parent_and_ordinal(pod)[0] == metadata["name"]:
                found.append(pod)
            else:
                self._patch_owners(pod, without_controller(pod, metadata["uid"]) or None)
        for name in self._orphans.matching(metadata["namespace"], selector):
            orphan = self.cache.get("pods", metadata["namespace"], name)
            if orphan is None or is_ending(orphan) or is_ending(owner):
                continue
            if parent_and_ordinal(orphan)[0] == metadata["name"]:
                references = [*(orphan["metadata"].get("ownerReferences") or ()), controller_reference(owner)]
                found.append(self._patch_owners(orphan, references))
        return sorted(found, key=ordinal)

    def _patch_owners(self, pod: Obj, references: list[Obj] | None) -> Obj:
        metadata = pod["metadata"]
        patch = {"metadata": {"ownerReferences": references, "uid": metadata["uid"]}}
        return self.client.patch("pods", metadata["namespace"], metadata["name"], patch)

    # Bringing the members where they should be

    def _advance(self, owner: Obj, members: Members, update: Revision) -> bool:
        """Takes the next steps; True when a pod was deleted to be replaced by one of the new revision."""
        is_ordered = owner["spec"].get("podManagementPolicy") != "Parallel"
        if self._each(members.replicas, lambda pod: self._tend(owner, pod, is_ordered), is_ordered):
            return False
        for pod in members.condemned:
            self._member_work.fit_claims(owner, pod)
        unhealthy = members.first_unhealthy()
        if self._each(members.condemned, lambda pod: self._condemn(owner, pod, unhealthy, is_ordered), is_ordered):
            return False
        return self._replace_outdated(owner, members.replicas, update)

    def _each(self, pods: Sequence[Obj], act: Callable[[Obj], bool], is_ordered: bool) -> bool:
        """In order until one makes the others wait (True), or all, in batches of 1, 2, 4 … of which each ends with a refusal."""
        if is_ordered:
            return any(act(pod) for pod in pods)
        done, size = 0, 1
        while done < len(pods):
            refusals: list[Refusal] = []
            for pod in pods[done : done + size]:
                try:
                    act(pod)
                except (StatusError, ApiUnavailable) as error:
                    refusals.append(error)
            if refusals:
                raise refusals[0]
            done, size = done + size, min(2 * size, _LARGEST_BATCH)
        return False

    def _tend(self, owner: Obj, pod: Obj, is_ordered: bool) -> bool:
        """Looks after one wanted pod; True when those after it have to wait."""
        if is_terminal(pod):
            if not is_ending(pod) and self._may_replace(key_of(owner)):
                self._member_work.delete(owner, pod)
            return True
        if not phase(pod):
            self._member_work.create(owner, pod)
            return True
        if phase(pod) == "Pending":
            self._member_work.make_claims(owner, pod)
            self._member_work.fit_claims(owner, pod)
        if is_ordered and (is_ending(pod) or not _is_running_and_ready(pod) or not self._is_available(owner, pod)):
            return True
        self._member_work.mend(owner, pod)
        return False

    def _may_replace(self, key: str) -> bool:
        """Upstream replaces a pod that has ended at once, as often as its client's requests allow."""
        self._pace.begin(key)
        wait_us = self._pace.wait_us(key, _REQUESTS_OF_A_REPLACEMENT, self.engine.now)
        if wait_us:
            self.enqueue(key, wait_us)
        return not wait_us

    def _condemn(self, owner: Obj, pod: Obj, unhealthy: Obj | None, is_ordered: bool) -> bool:
        """Deletes one surplus pod; True when the next has to wait."""
        if is_ending(pod):
            return is_ordered
        is_settled = _is_running_and_ready(pod) and self._is_available(owner, pod)
        if is_ordered and not is_settled and pod is not unhealthy:
            return True
        self._member_work.delete(owner, pod)
        return True

    def _replace_outdated(self, owner: Obj, replicas: Sequence[Obj], update: Revision) -> bool:
        strategy = owner["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return False
        partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
        for pod in reversed(replicas[partition:]):
            if labels_of(pod).get(REVISION_LABEL) != update.name and not is_ending(pod):
                self._member_work.delete(owner, pod)
                return True
            if not _is_healthy(pod):
                return False
        return False

    def _is_available(self, owner: Obj, pod: Obj) -> bool:
        needed = (owner["spec"].get("minReadySeconds") or 0) * _SECOND_US
        found = ready_condition(pod)
        if found is None or found["status"] != "True":
            return False
        return not needed or self.engine.micros(found["lastTransitionTime"]) + needed < self.engine.now

    # Revisions

    def _revisions(self, owner: Obj) -> list[Obj]:
        """Owned revisions, with matching ones that nobody owns adopted."""
        metadata, selector = owner["metadata"], _selector(owner)
        found = list(self.cache.owned(_REVISIONS, metadata["uid"]))
        for one in self.cache.list(_REVISIONS, metadata["namespace"]):
            if controller_of(one) is None and not is_ending(one) and selector.matches(labels_of(one)):
                references = [*(one["metadata"].get("ownerReferences") or ()), controller_reference(owner)]
                patch = {"metadata": {"ownerReferences": references, "uid": one["metadata"]["uid"]}}
                name = one["metadata"]["name"]
                found.append(self.client.patch(_REVISIONS, metadata["namespace"], name, patch))
        return found

    def _update_revision(self, owner: Obj, known: Sequence[Obj]) -> Revision:
        """The revision of the present template, made or moved to the end of the history when it is not the newest."""
        template = owner["spec"]["template"]
        data = {"spec": {"template": {**template, "$patch": "replace"}}}
        equal = next((one for one in reversed(known) if one["data"] == data), None)
        if equal is None:
            name, collisions = self._make_revision(owner, known, data)
            return Revision(name, template, collisions)
        if equal is not known[-1]:
            self.client.update(_REVISIONS, {**equal, "revision": known[-1]["revision"] + 1})
        return Revision(equal["metadata"]["name"], template, _collisions(owner))

    def _make_revision(self, owner: Obj, known: Sequence[Obj], data: Obj) -> tuple[str, int]:
        """(its name, the collisions met so far)."""
        metadata, collisions = owner["metadata"], _collisions(owner)
        number = known[-1]["revision"] + 1 if known else 1
        while True:
            revision = _new_revision(owner, data, number, collisions)
            name = str(revision["metadata"]["name"])
            try:
                self.client.create(_REVISIONS, revision)
            except StatusError as error:
                if error.reason != "AlreadyExists":
                    raise
                if self.client.get(_REVISIONS, metadata["namespace"], name)["data"] != data:
                    collisions += 1
                    continue
            return name, collisions

    def _truncate(self, owner: Obj, pods: Sequence[Obj], known: Sequence[Obj], live: tuple[str, str]) -> None:
        in_use = frozenset((*live, *(labels_of(pod).get(REVISION_LABEL, "") for pod in pods)))
        old = [one["metadata"]["name"] for one in known if one["metadata"]["name"] not in in_use]
        for name in old[: max(len(old) - owner["spec"].get("revisionHistoryLimit", 10), 0)]:
            self.client.delete(_REVISIONS, owner["metadata"]["namespace"], name)

    # Status

    def _report(
        self, key: str, owner: Obj, pods: Sequence[Obj], revisions: tuple[Revision, Revision], replaced: bool
    ) -> None:
        status = self._status(owner, pods, *revisions, replaced)
        if status != owner.get("status"):
            self.client.update_status(_SETS, {**owner, "status": status})
        needed = owner["spec"].get("minReadySeconds") or 0
        if needed and status["availableReplicas"] != owner["spec"].get("replicas", 1):
            self.enqueue(key, needed * _SECOND_US)

    def _status(self, owner: Obj, pods: Sequence[Obj], current: Revision, update: Revision, replaced: bool) -> Obj:
        ready = [pod for pod in pods if _is_running_and_ready(pod)]
        available = sum(self._is_available(owner, pod) for pod in ready)
        at = [labels_of(pod).get(REVISION_LABEL) for pod in pods if not is_ending(pod)]
        updated, present = at.count(update.name), max(at.count(current.name) - replaced, 0)
        wanted, current_name = owner["spec"].get("replicas", 1), current.name
        is_rolling = (owner["spec"].get("updateStrategy") or {}).get("type") != "OnDelete"
        if is_rolling and updated == len(ready) == len(pods) == wanted:
            present, current_name = updated, update.name
        return {
            "observedGeneration": owner["metadata"].get("generation", 1),
            "replicas": len(pods),
            **counted(readyReplicas=len(ready), currentReplicas=present, updatedReplicas=updated),
            "currentRevision": current_name,
            "updateRevision": update.name,
            "collisionCount": update.collisions,
            "availableReplicas": available,
        }

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._orphans.clear()
        self._pace.clear()

    def dump_private(self) -> Plain:
        return self._pace.dump()

    def load_private(self, state: Plain) -> None:
        self._pace.load(state)
        self._orphans.restored()


def _members(owner: Obj, pods: Sequence[Obj], current: Revision, update: Revision) -> Members:
    first, wanted = first_ordinal(owner), owner["spec"].get("replicas", 1)
    known = {ordinal(pod): pod for pod in pods}
    replicas = [
        known[number] if number in known else _planned(owner, current, update, number)
        for number in range(first, first + wanted)
    ]
    condemned = [pod for pod in reversed(pods) if not is_in_range(owner, pod)]
    return Members(replicas, condemned)


def _planned(owner: Obj, current: Revision, update: Revision, number: int) -> Obj:
    """A pod still to be made: below the partition it keeps the present revision."""
    strategy = owner["spec"].get("updateStrategy") or {}
    rolling = strategy.get("rollingUpdate")
    kept = (rolling.get("partition") or 0) if rolling else (owner.get("status") or {}).get("currentReplicas", 0)
    is_rolling = strategy.get("type") != "OnDelete"
    revision = current if is_rolling and number < first_ordinal(owner) + kept else update
    return stateful_pod(owner, revision.template, revision.name, number)


def _new_revision(owner: Obj, data: Obj, number: int, collisions: int) -> Obj:
    metadata, template = owner["metadata"], owner["spec"]["template"]
    digest = template_hash(template, collisions or None)
    labels = {**((template.get("metadata") or {}).get("labels") or {}), REVISION_HASH_LABEL: digest}
    fresh: Obj = {
        "name": f"{metadata['name']}-{digest}",
        "namespace": metadata["namespace"],
        "labels": labels,
        "ownerReferences": [controller_reference(owner)],
    }
    if annotations := metadata.get("annotations"):
        fresh["annotations"] = annotations
    kind = {"apiVersion": "apps/v1", "kind": "ControllerRevision"}
    return {**kind, "metadata": fresh, "data": data, "revision": number}


def _current_revision(owner: Obj, known: Sequence[Obj]) -> Revision | None:
    name = (owner.get("status") or {}).get("currentRevision")
    for one in known:
        if one["metadata"]["name"] == name:
            template = one["data"]["spec"]["template"]
            return Revision(name, {field: value for field, value in template.items() if field != "$patch"})
    return None


def _age_of_revision(revision: Obj) -> tuple[int, str, str]:
    return revision["revision"], revision["metadata"]["creationTimestamp"], revision["metadata"]["name"]


def _collisions(owner: Obj) -> int:
    return int((owner.get("status") or {}).get("collisionCount") or 0)


def _selector(owner: Obj) -> Selector:
    return from_label_selector(owner["spec"].get("selector"))


def _is_running_and_ready(pod: Obj) -> bool:
    return phase(pod) == "Running" and is_ready(pod)


def _is_healthy(pod: Obj) -> bool:
    return _is_running_and_ready(pod) and not is_ending(pod)


def _aspects(pod: Obj) -> tuple[object, ...]:
    """What of a member decides about the next step."""
    return phase(pod), is_ready(pod), is_ending(pod), labels_of(pod)
