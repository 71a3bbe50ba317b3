"""On which nodes the pods of a DaemonSet belong, and how a pod is made for one of them. Pure questions.

Upstream's `pkg/controller/daemon/daemon_controller.go: NodeShouldRunDaemonPod` and `util/daemonset_util.go`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.controllers.kinds.objects import labels_of
from simulator.engine.plain import Obj
from simulator.machinery.node_terms import NodeTerm, node_term
from simulator.machinery.taints import NO_EXECUTE, NO_SCHEDULE, Taint, Toleration, is_tolerated, taint, toleration

#: (key, effect) that every daemon pod tolerates; the last one only on the host's network.
_TOLERATED = (
    ("node.kubernetes.io/not-ready", NO_EXECUTE),
    ("node.kubernetes.io/unreachable", NO_EXECUTE),
    ("node.kubernetes.io/disk-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/memory-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/pid-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/unschedulable", NO_SCHEDULE),
)
_TOLERATED_ON_HOST_NETWORK = ("node.kubernetes.io/network-unavailable", NO_SCHEDULE)


@dataclass(frozen=True, slots=True)
class Placement:
    """What decides whether a daemon's pods belong on a node; the same for all its pods."""

    selector: Mapping[str, str]
    terms: tuple[NodeTerm, ...] | None
    tolerations: tuple[Toleration, ...]

    def judge(self, node: Obj) -> tuple[bool, bool]:
        """(a pod should be put there, a pod already there may stay)."""
        labels = labels_of(node)
        if not self.selector.items() <= labels.items():
            return False, False
        if self.terms is not None and not any(term.matches(node["metadata"]["name"], labels) for term in self.terms):
            return False, False
        taints = [taint(raw) for raw in (node.get("spec") or {}).get("taints") or ()]
        untolerated = [
            one for one in taints if one.effect in (NO_SCHEDULE, NO_EXECUTE) and not is_tolerated(one, self.tolerations)
        ]
        return not untolerated, not _any_evicts(untolerated)


def _any_evicts(taints: Sequence[Taint]) -> bool:
    return any(one.effect == NO_EXECUTE for one in taints)


def target_node(pod: Obj) -> str:
    """Where the pod is, or where its node affinity wants it."""
    if node := pod["spec"].get("nodeName"):
        return str(node)
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field["key"] == "metadata.name" and field["operator"] == "In":
                return str(field["values"][0])
    return ""


def placement_of(owner: Obj) -> Placement:
    spec = owner["spec"]["template"]["spec"]
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    terms = None if required is None else tuple(node_term(term) for term in required["nodeSelectorTerms"])
    return Placement(spec.get("nodeSelector") or {}, terms, tuple(toleration(raw) for raw in _tolerations(spec)))


def _tolerations(spec: Obj) -> list[Obj]:
    """The pod's own tolerations and those every daemon pod gets."""
    added = (*_TOLERATED, _TOLERATED_ON_HOST_NETWORK) if spec.get("hostNetwork") else _TOLERATED
    fresh = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in added]
    own = [one for one in spec.get("tolerations") or () if (one.get("key"), one.get("effect")) not in added]
    return [*own, *fresh]


def aimed(spec: Obj, node: str) -> Obj:
    """The spec with its required node affinity narrowed to one node."""
    affinity = spec.get("affinity") or {}
    on_node = affinity.get("nodeAffinity") or {}
    # As upstream, the template's own terms are replaced: only matching nodes get a pod in the first place.
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}]
    aimed = {**on_node, "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {**spec, "affinity": {**affinity, "nodeAffinity": aimed}, "tolerations": _tolerations(spec)}
