"""Keeps one pod on every node that matches.

https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/; upstream's daemon_controller.go and update.go. A pod is made
for one node by a required node affinity on `metadata.name`; the scheduler binds it like any other. Daemon pods tolerate
what keeps ordinary pods away from troubled nodes. A new template replaces pods node by node within `maxUnavailable`
(RollingUpdate), or only where somebody deletes them (OnDelete); each template
is kept as a ControllerRevision (`daemon_revisions`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.client import Client, Controller, Process
from simulator.client.routes import Interest
from simulator.controllers.daemon_placement import aimed, placement_of, target_node
from simulator.controllers.daemon_revisions import REVISIONS, DaemonRevisions
from simulator.controllers.daemon_rollout import HASH_LABEL, Step, excess, limits, step, surges
from simulator.controllers.kinds.backoff import Backoff
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
from simulator.controllers.kinds.pods import from_template, is_ready, phase, ready_condition
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.selectors import Selector, from_label_selector

GENERATION_LABEL = "pod-template-generation"
BURST = 250

_SETS = "daemonsets.apps"
_SECOND_US = 1_000_000
#: Changes of pods and nodes are collected for so long in a large cluster before a sync (compare `replicaset`).
_LARGE = 100
_COLLECT_US = 50_000
#: Waits before a node's next pod is tried after one has failed there: a node may reject what is bound to it again and again.
_FAILED_FIRST_US, _FAILED_MOST_US = _SECOND_US, 15 * 60 * _SECOND_US


@dataclass(frozen=True, slots=True)
class Survey:
    """The nodes of the cluster and the pods of one DaemonSet on them, at one moment."""

    wanted: tuple[str, ...]
    """Nodes that should have a pod."""
    staying: frozenset[str]
    """Nodes on which a pod may stay."""
    pods: Mapping[str, Sequence[Obj]]
    """Node → the daemon's pods there or meant for there, oldest first."""


class DaemonSetController(Controller):
    name: ClassVar[str] = "daemonset-controller"
    watches = {_SETS: "on_set", "pods": "on_pod", "nodes": "on_node", REVISIONS: "on_revision"}
    interests = {"pods": Interest(owner="DaemonSet")}
    writes = (_SETS, "pods", REVISIONS, "events")

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._expectations = Expectations()
        self._revisions = DaemonRevisions(self.cache, client)
        self._failed = Backoff(_FAILED_FIRST_US, _FAILED_MOST_US)
        """By uid of the set and node."""
        self._orphans = Orphans(lambda: self.cache.list("pods"))
        self._judged: dict[str, tuple[int, dict[str, tuple[bool, bool]]]] = {}
        """By uid of the set: its generation, and what it makes of each node that has not changed since."""

    # What is watched

    def on_set(self, old: Obj | None, new: Obj | None) -> None:
        if new is None:
            gone = one_of(old, new)
            self._expectations.forget(key_of(gone))
            self._judged.pop(gone["metadata"]["uid"], None)
        elif old is not None and old["metadata"].get("generation") == new["metadata"].get("generation"):
            self._enqueue_soon(new)  # its own report of a large set must not lead to the next report
            return
        self.enqueue(key_of(one_of(old, new)))

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        if old is None or new is None or labels_of(old) != labels_of(new) or _taints(old) != _taints(new):
            for _, verdicts in self._judged.values():
                verdicts.pop(one_of(old, new)["metadata"]["name"], None)
            for one in self.cache.list(_SETS):
                self._enqueue_soon(one)

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        self._orphans.note(old, new)
        pod = one_of(old, new)
        owner = self._owner_of(pod)
        if owner is None:
            if new is not None and controller_of(new) is None and (old is None or labels_of(old) != labels_of(new)):
                self._wake_adopters(new)
            return
        key = key_of(owner)
        if new is None or is_ending(new):
            self._expectations.deleted(key, pod["metadata"]["uid"])
        elif old is None:
            self._expectations.created(key)
        elif _aspects(old) == _aspects(new):
            return
        self._enqueue_soon(owner)

    def on_revision(self, old: Obj | None, new: Obj | None) -> None:
        reference = controller_of(one_of(old, new))
        if new is None and reference is not None and reference["kind"] == "DaemonSet":
            self.enqueue(f"{one_of(old, new)['metadata']['namespace']}/{reference['name']}")

    def _enqueue_soon(self, owner: Obj) -> None:
        self.enqueue(key_of(owner), _COLLECT_US if self.cache.count("nodes") > _LARGE else 0)

    def _owner_of(self, pod: Obj) -> Obj | None:
        reference = controller_of(pod)
        if reference is None or reference["kind"] != "DaemonSet":
            return None
        owner = self.cache.get(_SETS, pod["metadata"]["namespace"], reference["name"])
        return owner if owner is not None and owner["metadata"]["uid"] == reference["uid"] else None

    def _wake_adopters(self, pod: Obj) -> None:
        for owner in self.cache.list(_SETS, pod["metadata"]["namespace"]):
            if _selector(owner).matches(labels_of(pod)):
                self.enqueue(key_of(owner))

    # One DaemonSet

    def reconcile(self, key: str) -> None:
        owner = self.cache.get(_SETS, *split(key))
        if owner is None:
            self._expectations.forget(key)
            self._failed.sweep(self.engine.now)
            return
        if _selector(owner).empty:
            message = "This daemon set is selecting all pods. A non-empty selector is required."
            self.client.event(owner, "Warning", "SelectingAll", message, source=self.name)
            return
        if is_ending(owner):
            return
        digest = self._revisions.revise(owner)
        survey = self._survey(owner)
        if self._expectations.are_met(key, self.engine.now):
            self._place(key, owner, survey, digest)
            if self._expectations.are_met(key, self.engine.now) and _strategy(owner) == "RollingUpdate":
                self._apply(key, owner, self._next_step(owner, survey, digest), digest)
        self._report(key, owner, survey, digest)

    def _survey(self, owner: Obj) -> Survey:
        wanted, staying = self._judge(owner)
        pods: dict[str, list[Obj]] = {}
        for pod in sorted(self._claimed(owner), key=_age):
            pods.setdefault(target_node(pod), []).append(pod)
        return Survey(wanted, staying, pods)

    def _judge(self, owner: Obj) -> tuple[tuple[str, ...], frozenset[str]]:
        """(nodes that should have a pod, those on which one may stay)."""
        uid, generation = owner["metadata"]["uid"], owner["metadata"].get("generation", 1)
        known = self._judged.get(uid)
        if known is None or known[0] != generation:
            known = self._judged[uid] = (generation, {})
        verdicts, placement = known[1], placement_of(owner)
        wanted, staying = [], []
        for node in self.cache.list("nodes"):
            name = node["metadata"]["name"]
            verdict = verdicts.get(name)
            if verdict is None:
                verdict = verdicts[name] = placement.judge(node)
            if verdict[0]:
                wanted.append(name)
            if verdict[1]:
                staying.append(name)
        return tuple(wanted), frozenset(staying)

    def _claimed(self, owner: Obj) -> list[Obj]:
        """Owned pods, with matching orphans adopted and those that stopped matching released."""
        metadata, selector = owner["metadata"], _selector(owner)
        claimed = []
        for pod in self.cache.owned("pods", metadata["uid"]):
            if selector.matches(labels_of(pod)):
                claimed.append(pod)
            else:
                self._patch_owners(pod, without_controller(pod, metadata["uid"]) or None)
        for name in self._orphans.matching(metadata["namespace"], selector):
            orphan = self.cache.get("pods", metadata["namespace"], name)
            if orphan is not None and not is_ending(orphan):
                references = [*(orphan["metadata"].get("ownerReferences") or ()), controller_reference(owner)]
                claimed.append(self._patch_owners(orphan, references))
        return claimed

    def _patch_owners(self, pod: Obj, references: list[Obj] | None) -> Obj:
        metadata = pod["metadata"]
        patch = {"metadata": {"ownerReferences": references, "uid": metadata["uid"]}}
        return self.client.patch("pods", metadata["namespace"], metadata["name"], patch)

    # Placing

    def _place(self, key: str, owner: Obj, survey: Survey, digest: str) -> None:
        """One pod on every wanted node, none where it may not stay."""
        missing = [node for node in survey.wanted if not survey.pods.get(node)]
        surplus: list[Obj] = []
        surging = surges(owner)
        for node in sorted(survey.pods):
            if node not in survey.staying:
                surplus.extend(pod for pod in survey.pods[node] if not is_ending(pod))
                continue
            running = self._without_failed(key, owner, node, survey.pods[node], surplus)
            if len(running) > 1:
                available = partial(self._is_available, owner)
                surplus.extend(excess(running, digest, surging=surging, is_available=available))
        self._apply(key, owner, Step(surplus, missing), digest)

    def _apply(self, key: str, owner: Obj, wanted: Step, digest: str) -> None:
        if not wanted.delete and not wanted.create:
            return
        nodes, pods = wanted.create[:BURST], wanted.delete[:BURST]
        uids = [pod["metadata"]["uid"] for pod in pods]
        self._expectations.expect(key, len(nodes), uids, self.engine.now)
        try:
            self._create(key, owner, nodes, digest)
        finally:
            self._delete(key, owner, pods)

    def _without_failed(self, key: str, owner: Obj, node: str, pods: Sequence[Obj], surplus: list[Obj]) -> list[Obj]:
        """Pods that are not being deleted; finished ones are put with the surplus, and failed ones when their time has come."""
        running = []
        for pod in pods:
            if is_ending(pod):
                continue
            state = phase(pod)
            if state not in ("Failed", "Succeeded"):
                running.append(pod)
                continue
            about = f"{pod['metadata']['namespace']}/{pod['metadata']['name']} on node {node}"
            if state == "Failed":
                place = f"{owner['metadata']['uid']}/{node}"
                if wait_us := self._failed.left_us(place, self.engine.now):
                    self.enqueue(key, wait_us)
                    continue
                self._failed.next(place, self.engine.now)
                message = f"Found failed daemon pod {about}, will try to kill it"
                self.client.event(owner, "Warning", "FailedDaemonPod", message, source=self.name)
                surplus.append(pod)
            else:
                message = f"Found succeeded daemon pod {about}, will try to delete it"
                self.client.event(owner, "Normal", "SucceededDaemonPod", message, source=self.name)
                surplus.append(pod)
        return running

    def _create(self, key: str, owner: Obj, nodes: Sequence[str], digest: str) -> None:
        metadata, template = owner["metadata"], _stamped(owner["spec"]["template"], digest, owner)
        for done, node in enumerate(nodes):
            pod = from_template(
                {**template, "spec": aimed(template["spec"], node)},
                metadata["namespace"],
                f"{metadata['name']}-",
                controller_reference(owner),
            )
            try:
                made = self.client.create("pods", pod)
            except (StatusError, ApiUnavailable) as error:
                self._expectations.created(key, len(nodes) - done)
                if isinstance(error, StatusError):
                    self.client.event(owner, "Warning", "FailedCreate", f"Error creating: {error}", source=self.name)
                raise
            self.client.event(
                owner, "Normal", "SuccessfulCreate", f"Created pod: {made['metadata']['name']}", source=self.name
            )

    def _delete(self, key: str, owner: Obj, pods: Sequence[Obj]) -> None:
        for pod in pods:
            metadata = pod["metadata"]
            try:
                self.client.delete("pods", metadata["namespace"], metadata["name"])
            except StatusError as error:
                self._expectations.deleted(key, metadata["uid"])
                if error.reason != "NotFound":
                    self.client.event(owner, "Warning", "FailedDelete", f"Error deleting: {error}", source=self.name)
                    raise
                continue
            self.client.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {metadata['name']}", source=self.name)

    # Updating

    def _next_step(self, owner: Obj, survey: Survey, digest: str) -> Step:
        bounds = limits(owner, len(survey.wanted))
        return step(survey.pods, survey.wanted, digest, bounds, lambda pod: self._is_available(owner, pod))

    def _is_available(self, owner: Obj, pod: Obj) -> bool:
        found = ready_condition(pod)
        if found is None or found["status"] != "True" or is_ending(pod):
            return False
        needed = (owner["spec"].get("minReadySeconds") or 0) * _SECOND_US
        return not needed or self.engine.micros(found["lastTransitionTime"]) + needed <= self.engine.now

    # Status

    def _report(self, key: str, owner: Obj, survey: Survey, digest: str) -> None:
        status = self._status(owner, survey, digest)
        if status != owner.get("status"):
            self.client.update_status(_SETS, {**owner, "status": status})
        if status["numberReady"] != status.get("numberAvailable", 0) and (
            needed := owner["spec"].get("minReadySeconds")
        ):
            self.enqueue(key, needed * _SECOND_US)

    def _status(self, owner: Obj, survey: Survey, digest: str) -> Obj:
        wanted = frozenset(survey.wanted)
        current = ready = available = updated = misplaced = 0
        for node in sorted(survey.pods):
            pods = [pod for pod in survey.pods[node] if not is_ending(pod)]
            if node not in wanted:
                misplaced += bool(pods) and node not in survey.staying
                continue
            current += bool(pods)
            if pods and is_ready(pods[0]):
                ready += 1
                available += self._is_available(owner, pods[0])
            updated += bool(pods) and labels_of(pods[0]).get(HASH_LABEL) == digest
        status: Obj = {
            "currentNumberScheduled": current,
            "numberMisscheduled": misplaced,
            "desiredNumberScheduled": len(wanted),
            "numberReady": ready,
            "observedGeneration": owner["metadata"].get("generation", 1),
        }
        optional = {
            "updatedNumberScheduled": updated,
            "numberAvailable": available,
            "numberUnavailable": len(wanted) - available,
        }
        status.update({name: count for name, count in optional.items() if count})
        known = owner.get("status") or {}
        return {**status, "collisionCount": known["collisionCount"]} if "collisionCount" in known else status

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._expectations.clear()
        self._failed.clear()
        self._orphans.clear()
        self._judged.clear()

    def dump_private(self) -> Plain:
        return {"expectations": self._expectations.dump(), "failed": self._failed.dump()}

    def load_private(self, state: Plain) -> None:
        self._expectations.load(state["expectations"])
        self._failed.load(state["failed"])
        self._orphans.restored()
        self._judged.clear()


def _selector(owner: Obj) -> Selector:
    return from_label_selector(owner["spec"].get("selector"))


def _strategy(owner: Obj) -> str:
    return str((owner["spec"].get("updateStrategy") or {}).get("type") or "RollingUpdate")


def _stamped(template: Obj, digest: str, owner: Obj) -> Obj:
    metadata = template.get("metadata") or {}
    generation = (owner["metadata"].get("annotations") or {}).get("deprecated.daemonset.template.generation", "1")
    labels = {**(metadata.get("labels") or {}), HASH_LABEL: digest, GENERATION_LABEL: generation}
    return {**template, "metadata": {**metadata, "labels": labels}}


def _age(pod: Obj) -> tuple[bool, str, str]:
    """Running pods first, then the oldest."""
    return not pod["spec"].get("nodeName"), pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]


def _taints(node: Obj) -> object:
    return (node.get("spec") or {}).get("taints")


def _aspects(pod: Obj) -> tuple[object, ...]:
    """What of an owned pod decides about status and placement."""
    return phase(pod), is_ready(pod), pod["spec"].get("nodeName"), labels_of(pod)
