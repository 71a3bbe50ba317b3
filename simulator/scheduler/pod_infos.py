"""Finds the one `PodInfo` that alike pods share.

Alike are pods of one owner with equal labels and spec. The cluster's default spread constraints select the pods of
the same services and the same owner, so a pod's info also depends on those; `changed` says when they did.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import fields, replace
from typing import Protocol

from simulator.engine.plain import Obj
from simulator.machinery.selectors import NOTHING, Requirement, Selector, from_label_selector, from_labels
from simulator.scheduler.plugins.pod_topology_spread import DEFAULTS
from simulator.scheduler.pod_info import PodInfo, SpreadConstraint, pod_info

#: Kinds of pods remembered; the oldest is forgotten first.
_REMEMBERED = 512

_FIELDS = tuple(field.name for field in fields(PodInfo))

_OWNERS = {
    "ReplicaSet": "replicasets.apps",
    "StatefulSet": "statefulsets.apps",
    "ReplicationController": "replicationcontrollers",
}


class Lister(Protocol):
    def get(self, resource: str, namespace: str, name: str) -> Obj | None: ...

    def list(self, resource: str, namespace: str | None = None) -> Iterable[Obj]: ...


class PodInfos:
    def __init__(self, lister: Lister) -> None:
        self._lister = lister
        self._known: dict[tuple[str, str], tuple[Obj, Mapping[str, str], Selector | None, PodInfo]] = {}
        """By namespace and owner: the spec without node, the labels, the spread selector, the info."""
        self._fresh: dict[tuple[str, str], None] = {}
        """Entries whose spread selector is known to be up to date."""
        self._shapes: dict[tuple[Hashable, ...], PodInfo] = {}
        """Infos by what they say, the longest unused first."""
        self.selects_namespaces = False
        """Whether any info depends on the labels of namespaces."""

    def of(self, pod: Obj) -> PodInfo:
        metadata = pod["metadata"]
        spec = {name: value for name, value in pod["spec"].items() if name != "nodeName"}
        owner = _owner(pod)
        key = (metadata.get("namespace", ""), owner.get("uid", "") if owner else "")
        labels = metadata.get("labels") or {}
        if any("ephemeral" in volume for volume in spec.get("volumes") or ()):
            # The claims of ephemeral volumes are named after the pod: no two are alike.
            defaults = _defaults(self._selector(pod, owner))
            return pod_info({"metadata": metadata, "spec": spec}, defaults, self._namespaces)
        known = self._known.get(key)
        if known is not None and known[1] == labels and known[0] == spec:
            if key in self._fresh:
                return known[3]
            if known[2] == self._selector(pod, owner):
                self._fresh[key] = None
                return known[3]
        selector = self._selector(pod, owner)
        made = pod_info({"metadata": metadata, "spec": spec}, _defaults(selector), self._namespaces)
        info = self._shared(made)
        self._known.pop(key, None)
        self._known[key] = (spec, labels, selector, info)
        self._fresh[key] = None
        if len(self._known) > _REMEMBERED:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._fresh.pop(oldest, None)
        return info

    def without_claims(self, info: PodInfo) -> PodInfo:
        """What pods share that differ in nothing but their claims."""
        return self._shared(replace(info, claims=(), own_claims=frozenset())) if info.claims else info

    def _shared(self, info: PodInfo) -> PodInfo:
        """The info of an earlier pod that says the same: bare pods differ in parts of their spec that do not matter here."""
        looks = tuple([getattr(info, name) for name in _FIELDS])
        found = self._shapes.pop(looks, info)
        self._shapes[looks] = found
        if len(self._shapes) > _REMEMBERED:
            del self._shapes[next(iter(self._shapes))]
        return found

    def changed(self) -> None:
        """A service or an owner changed its selector, came or went."""
        self._fresh.clear()

    def clear(self) -> None:
        self._known.clear()
        self._fresh.clear()
        self._shapes.clear()
        self.selects_namespaces = False

    def _namespaces(self, selector: Selector) -> Iterable[str]:
        self.selects_namespaces = True
        namespaces = self._lister.list("namespaces")
        return [one["metadata"]["name"] for one in namespaces if selector.matches(one["metadata"].get("labels"))]

    def _selector(self, pod: Obj, owner: Obj | None) -> Selector | None:
        """What the pod's services and its owner select, together; None when there is neither."""
        namespace, labels = pod["metadata"].get("namespace", ""), pod["metadata"].get("labels") or {}
        requirements: list[Requirement] = []
        for service in self._lister.list("services", namespace):
            wanted = service["spec"].get("selector")
            if wanted and wanted.items() <= labels.items():
                requirements.extend(from_labels(wanted).requirements)
        if owner is not None and (resource := _OWNERS.get(owner["kind"])):
            found = self._lister.get(resource, namespace, owner["name"])
            if found is not None:
                raw = found["spec"].get("selector")
                chosen = (
                    from_labels(raw or {}) if owner["kind"] == "ReplicationController" else from_label_selector(raw)
                )
                if chosen != NOTHING:
                    requirements.extend(chosen.requirements)
        unique = tuple(dict.fromkeys(requirements))
        return Selector(unique) if unique else None


def _owner(pod: Obj) -> Obj | None:
    for reference in pod["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            found: Obj = reference
            return found
    return None


def _defaults(selector: Selector | None) -> tuple[SpreadConstraint, ...]:
    if selector is None:
        return ()
    return tuple(SpreadConstraint(key, max_skew, selector) for key, max_skew in DEFAULTS)
