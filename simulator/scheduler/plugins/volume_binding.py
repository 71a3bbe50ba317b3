"""VolumeBinding: a pod goes where its volumes are, or where they can be found or made.

Follows `pkg/scheduler/framework/plugins/volumebinding` of v1.33. Claims that wait for a consumer get a volume, or a node to be
made on, only with the node that is chosen for the pod (`decide`); all others must be bound before.
"""

from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.machinery import claims as rules
from simulator.scheduler.framework import Status, View
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo
from simulator.scheduler.storage_view import StorageView

REASON_NODE = "node(s) had volume node affinity conflict"
REASON_BIND = "node(s) didn't find available persistent volumes to bind"
REASON_GONE = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
REASON_IMMEDIATE = "pod has unbound immediate PersistentVolumeClaims"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The pod's claims, sorted out."""

    storage: StorageView
    bound: tuple[Obj, ...]
    waiting: tuple[Obj, ...]
    """Claims that are bound together with the pod, the smallest first."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What binding the pod to a node means for its claims."""

    static: tuple[tuple[Obj, Obj], ...] = ()
    """(claim, volume) pairs."""
    dynamic: tuple[Obj, ...] = ()
    """Claims to be provisioned on the node."""


class VolumeBinding:
    name = "VolumeBinding"

    def prepare_check(self, pod: PodInfo, view: View) -> Wanted | Status | None:
        if not pod.claims:
            return None
        storage = view.storage
        bound: list[Obj] = []
        waiting: list[Obj] = []
        for name in pod.claims:
            claim = storage.claim(pod.namespace, name)
            if claim is None or (why := _unusable(claim)):
                return self._refuse(_missing(pod, name) if claim is None else why)
            if rules.is_bound(claim):
                bound.append(claim)
            elif not claim["spec"].get("volumeName") and rules.waits_for_consumer(
                storage.storage_class(rules.class_name(claim))
            ):
                waiting.append(claim)
            else:
                return self._refuse(REASON_IMMEDIATE)
        waiting.sort(key=lambda claim: (rules.asked_bytes(claim), claim["metadata"]["name"]))
        return Wanted(storage, tuple(bound), tuple(waiting))

    def check(self, pod: PodInfo, node: NodeInfo, prepared: Wanted) -> Status | None:
        reasons = _conflicts(node, prepared)
        if prepared.waiting and self.decide(node, prepared) is None:
            at = 1 if REASON_NODE in reasons else 0
            reasons.insert(at, REASON_BIND)
        return Status(self.name, tuple(reasons), resolvable=False) if reasons else None

    def decide(self, node: NodeInfo, prepared: Wanted) -> Decision | None:
        """Which volumes the waiting claims get on this node; None when one can have none there."""
        storage = prepared.storage
        place = {"metadata": {"name": node.name, "labels": dict(node.labels)}}
        static: list[tuple[Obj, Obj]] = []
        dynamic: list[Obj] = []
        for claim in prepared.waiting:
            chosen = storage.node_of(claim)
            if chosen:
                if chosen != node.name:
                    return None
                dynamic.append(claim)
                continue
            taken = [*storage.given_to_others(claim), *(volume["metadata"]["name"] for _, volume in static)]
            volume = rules.best_fit(claim, storage.volumes(), node=place, taken=taken)
            if volume is not None:
                static.append((claim, volume))
            elif _can_be_made(storage.storage_class(rules.class_name(claim)), node):
                dynamic.append(claim)
            else:
                return None
        return Decision(tuple(static), tuple(dynamic))

    def _refuse(self, reason: str) -> Status:
        return Status(self.name, (reason,), resolvable=False, is_general=True)


def _unusable(claim: Obj) -> str:
    name = claim["metadata"]["name"]
    if (claim.get("status") or {}).get("phase") == "Lost":
        gone = claim["spec"].get("volumeName", "")
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{gone}"'
    if "deletionTimestamp" in claim["metadata"]:
        return f'persistentvolumeclaim "{name}" is being deleted'
    return ""


def _missing(pod: PodInfo, name: str) -> str:
    if name in pod.own_claims:
        return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
    return f'persistentvolumeclaim "{name}" not found'


def _conflicts(node: NodeInfo, prepared: Wanted) -> list[str]:
    """What the first bound claim that does not suit the node says."""
    for claim in prepared.bound:
        volume = prepared.storage.volume(claim["spec"]["volumeName"])
        if volume is None:
            return [REASON_GONE]
        if not rules.reaches(volume, node.labels, node.name):
            return [REASON_NODE]
    return []


def _can_be_made(storage_class: Obj | None, node: NodeInfo) -> bool:
    if storage_class is None or storage_class["provisioner"] in ("", rules.NO_PROVISIONER):
        return False
    terms = storage_class.get("allowedTopologies") or ()
    return not terms or any(
        all(node.labels.get(one["key"]) in one["values"] for one in term.get("matchLabelExpressions") or ())
        for term in terms
    )
