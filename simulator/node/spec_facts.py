"""What follows from a pod's spec alone, worked out once for all pods that have it.

A thousand replicas share one spec but for the node's name: what the kubelet's admission looks at, which volumes and sources they mount, and
what their containers start with (`KnownStart`) is the same for each. Promises: pure and derived, so never dumped; what a pod has or
meets by itself (name, uid, addresses, what ConfigMaps say) is in no fact. Remembered for the specs that came last.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from simulator.engine.plain import Obj
from simulator.node import admission, volume_sources
from simulator.node.pod_lifecycle import container_kind
from simulator.node.records import Recipe
from simulator.workloads.timeline import Plan

#: Specs remembered; the longest unused is forgotten first.
_SPECS = 64
#: What is a pod's own in a spec that is otherwise its template's.
_OWN = ("nodeName", "hostname")
#: Volumes whose place and permissions are the same in every pod.
_ALIKE = ("configMap", "secret", "downwardAPI", "projected", "emptyDir", "hostPath")


class KnownStart(NamedTuple):
    """A container of the spec has been started with this before, and will be again unless its pod has something else in it."""

    recipe: Recipe
    plan: Plan
    resources: Obj


@dataclass(slots=True)
class SpecFacts:
    spec: Obj
    """Without what is a pod's own."""
    kinds: tuple[tuple[str, str], ...]
    """(name, kind) of each container; init containers come first, ephemeral ones last."""
    wants: admission.Wants
    sources: dict[str, tuple[volume_sources.Source, ...]]
    """Of each volume that the kubelet fills: the ConfigMaps and Secrets that it is made from."""
    references: tuple[tuple[str, str], ...]
    """(resource, name) of all of them."""
    has_claims: bool
    has_limits: bool
    """A volume in memory has a size."""
    sub_paths: frozenset[str]
    """Containers that mount parts of volumes."""
    self_contained: frozenset[str]
    """Containers whose variables, words and mounts say nothing that differs between pods."""
    mounts: dict[str, list[Obj]]
    """Of containers that have any: `volumeMounts` as the status repeats them."""
    has_gates: bool
    """Others have a say in whether the pod is ready."""
    waiting: dict[str, Obj] = field(default_factory=dict)
    """The status of containers that nothing was done for yet, and `conditions`: filled by `pod_status`, which says what they are."""
    conditions: dict[tuple[tuple[str, str, str, str], ...], tuple[str, list[Obj], list[Obj], list[Obj]]] = field(
        default_factory=dict
    )
    alike: dict[str, bool] = field(default_factory=dict)
    """Whether a container's program, too, asks for nothing that differs between pods; filled by `container_starts`, as are `starts`."""
    starts: dict[str, KnownStart] = field(default_factory=dict)


class KnownSpecs:
    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], SpecFacts] = {}

    def of(self, spec: Obj) -> SpecFacts:
        shared = {name: value for name, value in spec.items() if name not in _OWN}
        key = _usual_difference(spec)
        found = self._known.pop(key, None)
        if found is None or found.spec != shared:
            found = facts_of(shared)
        self._known[key] = found
        if len(self._known) > _SPECS:
            del self._known[next(iter(self._known))]
        return found


def _usual_difference(spec: Obj) -> tuple[str, ...]:
    """By what specs are found: an image, and the volume of the token, whose name each owner has of its own."""
    first, volumes = spec["containers"][0], spec.get("volumes")
    return first["name"], first["image"], volumes[-1]["name"] if volumes else ""


def facts_of(spec: Obj) -> SpecFacts:
    volumes = spec.get("volumes") or ()
    containers = [*(spec.get("initContainers") or ()), *spec["containers"], *(spec.get("ephemeralContainers") or ())]
    sources = {one["name"]: volume_sources.sources_of(one) for one in volumes if volume_sources.is_config(one)}
    references = [(source.resource, source.name) for found in sources.values() for source in found]
    alike = frozenset(volume["name"] for volume in volumes if any(kind in volume for kind in _ALIKE))
    return SpecFacts(
        spec,
        _kinds(spec),
        admission.wants_of(spec),
        sources,
        tuple(dict.fromkeys(references)),
        has_claims=any("persistentVolumeClaim" in volume or "ephemeral" in volume for volume in volumes),
        has_limits=any("sizeLimit" in (volume.get("emptyDir") or {}) for volume in volumes),
        sub_paths=frozenset(one["name"] for one in containers if any(_is_part(mount) for mount in _mounts(one))),
        self_contained=frozenset(one["name"] for one in containers if _is_self_contained(one, alike)),
        mounts={one["name"]: [_shown(mount) for mount in _mounts(one)] for one in containers if _mounts(one)},
        has_gates=bool(spec.get("readinessGates")),
    )


def _kinds(spec: Obj) -> tuple[tuple[str, str], ...]:
    return (
        *((one["name"], container_kind(one, True)) for one in spec.get("initContainers") or ()),
        *((one["name"], "app") for one in spec["containers"]),
        *((one["name"], "ephemeral") for one in spec.get("ephemeralContainers") or ()),
    )


def _mounts(container: Obj) -> list[Obj]:
    return container.get("volumeMounts") or []


def _is_part(mount: Obj) -> bool:
    return "subPath" in mount or "subPathExpr" in mount


def _is_self_contained(container: Obj, alike: frozenset[str]) -> bool:
    if "envFrom" in container or "volumeDevices" in container:
        return False
    variables = container.get("env") or ()
    words = [
        *(container.get("command") or ()),
        *(container.get("args") or ()),
        *(one.get("value") or "" for one in variables),
    ]
    return (
        not any("valueFrom" in one for one in variables)
        and not any("$(" in word for word in words)
        and all(mount["name"] in alike and "subPathExpr" not in mount for mount in _mounts(container))
    )


def _shown(mount: Obj) -> Obj:
    shown = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        shown["readOnly"] = True
        shown["recursiveReadOnly"] = mount.get("recursiveReadOnly") or "Disabled"
    return shown
