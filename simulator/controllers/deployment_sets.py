"""The ReplicaSets of a Deployment: which is new, how they are named, sized, numbered and annotated. Pure questions.

Upstream's `pkg/controller/deployment/util/deployment_util.go`. What a rollout does with them is `deployment`; how far it goes is `rollout_maths`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.controllers.kinds.objects import annotations_of, controller_reference, with_metadata, with_spec
from simulator.controllers.rollout_maths import Bounds, Size, bounds
from simulator.controllers.template_hash import HASH_LABEL, template_hash, with_hash
from simulator.engine.plain import Obj

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_NOT_COPIED = (_LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED, MAX_REPLICAS, "deprecated.deployment.rollback.to")


@dataclass(frozen=True, slots=True)
class Sets:
    """The ReplicaSets of one Deployment. `new` has the present template; None when there is none yet."""

    new: Obj | None
    old: tuple[Obj, ...]

    @property
    def all(self) -> tuple[Obj, ...]:
        return self.old if self.new is None else (*self.old, self.new)

    def with_new(self, new: Obj) -> "Sets":
        return Sets(new, self.old)

    def put(self, changed: Obj) -> "Sets":
        """With this set as it is now."""
        name = changed["metadata"]["name"]
        if self.new is not None and self.new["metadata"]["name"] == name:
            return self.with_new(changed)
        return Sets(self.new, tuple(changed if one["metadata"]["name"] == name else one for one in self.old))


def strategy_of(deployment: Obj) -> str:
    return str((deployment["spec"].get("strategy") or {}).get("type") or "RollingUpdate")


def bounds_of(deployment: Obj) -> Bounds:
    replicas = deployment["spec"].get("replicas", 1)
    if strategy_of(deployment) != "RollingUpdate":
        return Bounds(replicas, 0, 0)
    rolling = deployment["spec"].get("strategy", {}).get("rollingUpdate") or {}
    return bounds(replicas, rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%"))


def age_of(replica_set: Obj) -> tuple[str, str]:
    return replica_set["metadata"]["creationTimestamp"], replica_set["metadata"]["name"]


def _integer(text: str | None) -> int:
    """0 for what is absent or no number, as upstream skips those."""
    try:
        return int(text or 0)
    except ValueError:
        return 0


def revision_of(replica_set: Obj) -> int:
    return _integer(annotations_of(replica_set).get(REVISION))


def size_of(replica_set: Obj) -> Size:
    return Size(
        name=replica_set["metadata"]["name"],
        replicas=replica_set["spec"].get("replicas", 0),
        available=(replica_set.get("status") or {}).get("availableReplicas", 0),
        created=replica_set["metadata"].get("creationTimestamp", ""),
        max_replicas=_integer(annotations_of(replica_set).get(MAX_REPLICAS)),
    )


def sizes_of(sets: Sequence[Obj]) -> list[Size]:
    return [size_of(one) for one in sets]


def is_saturated(deployment: Obj, new: Obj) -> bool:
    """The new set has all the replicas there shall be, and all of them are available."""
    replicas = deployment["spec"]["replicas"]
    desired = annotations_of(new).get(DESIRED)
    available = (new.get("status") or {}).get("availableReplicas", 0)
    return desired is not None and new["spec"].get("replicas") == _integer(desired) == replicas == available


def is_scaling(deployment: Obj, sets: Sets) -> bool:
    """`replicas` changed since the active sets were last scaled."""
    replicas = deployment["spec"].get("replicas", 1)
    for one in sets.all:
        desired = annotations_of(one).get(DESIRED)
        if one["spec"].get("replicas", 0) and desired is not None and _integer(desired) != replicas:
            return True
    return False


def new_set(deployment: Obj, revision: int) -> Obj:
    spec, metadata = deployment["spec"], deployment["metadata"]
    digest = template_hash(spec["template"], (deployment.get("status") or {}).get("collisionCount"))
    selector = spec["selector"]
    template = with_hash(spec["template"], digest)
    fresh: Obj = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "labels": template["metadata"]["labels"],
            "ownerReferences": [controller_reference(deployment)],
        },
        "spec": {
            "replicas": 0,
            "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), HASH_LABEL: digest}},
            "template": template,
        },
    }
    if seconds := spec.get("minReadySeconds"):
        fresh["spec"]["minReadySeconds"] = seconds
    return fresh


def scaled(replica_set: Obj, count: int, deployment: Obj) -> Obj:
    limits = bounds_of(deployment)
    sizes = {DESIRED: str(limits.replicas), MAX_REPLICAS: str(limits.most)}
    known = annotations_of(replica_set)
    if replica_set["spec"].get("replicas") == count and sizes.items() <= known.items():
        return replica_set
    return with_spec(with_metadata(replica_set, annotations={**known, **sizes}), replicas=count)


def annotated(replica_set: Obj, deployment: Obj, revision: int) -> Obj:
    """With the Deployment's annotations and the revision; an old revision that comes back is remembered as history."""
    known = annotations_of(replica_set)
    wanted = {**known, **{name: value for name, value in annotations_of(deployment).items() if name not in _NOT_COPIED}}
    before = known.get(REVISION)
    if _integer(before) < revision:
        wanted[REVISION] = str(revision)
        if before is not None:
            history = known.get(REVISION_HISTORY)
            wanted[REVISION_HISTORY] = f"{history},{before}" if history else before
    return replica_set if wanted == known else with_metadata(replica_set, annotations=wanted)
