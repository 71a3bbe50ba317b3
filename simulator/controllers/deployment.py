"""Rolls a Deployment's pods from one template to the next by way of ReplicaSets.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/; upstream's deployment controller (sync.go,
rolling.go, recreate.go, progress.go). Watches Deployments and their ReplicaSets, and pods only for Recreate, which waits for
the last old pod to go. One ReplicaSet belongs to each pod template; a rollback is nothing but the return of an old
template. The arithmetic is in `rollout_maths`, what its sets look like in `deployment_sets`, the conditions in `rollout_status`.
"""

from collections.abc import Sequence
from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import Client, Controller, Process
from simulator.client.routes import GOES, REST, SPEC, Interest
from simulator.controllers.deployment_sets import (
    REVISION,
    Sets,
    age_of,
    annotated,
    bounds_of,
    is_saturated,
    is_scaling,
    new_set,
    revision_of,
    scaled,
    size_of,
    sizes_of,
    strategy_of,
)
from simulator.controllers.kinds.objects import (
    Orphans,
    annotations_of,
    controller_of,
    controller_reference,
    is_ending,
    key_of,
    labels_of,
    one_of,
    split,
    with_spec,
    without_controller,
)
from simulator.controllers.kinds.pods import is_terminal
from simulator.controllers.rollout_maths import Bounds, Size, new_size, old_sizes, proportional_sizes
from simulator.controllers.rollout_status import (
    computed_status,
    is_complete,
    progress_condition,
    rollout_status,
    with_condition,
)
from simulator.controllers.template_hash import equal_templates
from simulator.engine.plain import Obj
from simulator.machinery.selectors import Selector, from_label_selector

_SETS = "replicasets.apps"
_SECOND_US = 1_000_000


class DeploymentController(Controller):
    name: ClassVar[str] = "deployment-controller"
    watches = {"deployments.apps": "on_deployment", _SETS: "on_set", "pods": "on_pod"}
    interests = {"pods": Interest(owner="ReplicaSet", changes=frozenset({GOES, SPEC, REST}))}
    writes = ("deployments.apps", _SETS, "events")

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._orphans = Orphans(lambda: self.cache.list(_SETS))

    # What is watched

    def on_deployment(self, old: Obj | None, new: Obj | None) -> None:
        self.enqueue(key_of(one_of(old, new)))

    def on_set(self, old: Obj | None, new: Obj | None) -> None:
        self._orphans.note(old, new)
        owners = [self._owner_of(one) for one in (old, new)]
        for owner in owners:
            if owner is not None:
                self.enqueue(key_of(owner))
        if (
            new is not None
            and controller_of(new) is None
            and (old is None or labels_of(old) != labels_of(new) or owners[0] is not None)
        ):
            for deployment in self.cache.list("deployments.apps", new["metadata"]["namespace"]):
                if _selector(deployment).matches(labels_of(new)):
                    self.enqueue(key_of(deployment))

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        """Recreate goes on when the last old pod is gone."""
        if new is not None and not (is_terminal(new) and old is not None and not is_terminal(old)):
            return
        pod = one_of(old, new)
        reference = controller_of(pod)
        if reference is None or reference["kind"] != "ReplicaSet":
            return
        owner = self._owner_of(self.cache.get(_SETS, pod["metadata"]["namespace"], reference["name"]))
        if owner is not None and strategy_of(owner) == "Recreate":
            self.enqueue(key_of(owner))

    def _owner_of(self, replica_set: Obj | None) -> Obj | None:
        reference = controller_of(replica_set)
        if replica_set is None or reference is None or reference["kind"] != "Deployment":
            return None
        owner = self.cache.get("deployments.apps", replica_set["metadata"]["namespace"], reference["name"])
        return owner if owner is not None and owner["metadata"]["uid"] == reference["uid"] else None

    # One Deployment

    def reconcile(self, key: str) -> None:
        deployment = self.cache.get("deployments.apps", *split(key))
        if deployment is None:
            return
        if not self._has_selector(deployment):
            return
        sets = self._sets(deployment)
        if is_ending(deployment):
            self._sync_status(deployment, sets)
            return
        deployment = self._checked_pause(deployment)
        if deployment["spec"].get("paused") or is_scaling(deployment, sets):
            self._scale_only(deployment, sets)
        elif strategy_of(deployment) == "Recreate":
            self._recreate(deployment, sets)
        else:
            self._roll(deployment, sets)

    def _has_selector(self, deployment: Obj) -> bool:
        if not _selector(deployment).empty:
            return True
        message = "This deployment is selecting all pods. A non-empty selector is required."
        self.client.event(deployment, "Warning", "SelectingAll", message, source=self.name)
        return False

    # Its ReplicaSets

    def _sets(self, deployment: Obj) -> Sets:
        """Adopts matching sets, releases others, and tells the new one from the old ones."""
        metadata, selector = deployment["metadata"], _selector(deployment)
        owned = []
        for one in self.cache.owned(_SETS, metadata["uid"]):
            if selector.matches(labels_of(one)):
                owned.append(one)
            elif not is_ending(deployment):
                left = without_controller(one, metadata["uid"])
                self._patch_owners(one, left or None)
        if not is_ending(deployment):
            for name in self._orphans.matching(metadata["namespace"], selector):
                orphan = self.cache.get(_SETS, metadata["namespace"], name)
                if orphan is not None and not is_ending(orphan):
                    owned.append(
                        self._patch_owners(
                            orphan,
                            [*(orphan["metadata"].get("ownerReferences") or ()), controller_reference(deployment)],
                        )
                    )
        owned.sort(key=age_of)
        new = next(
            (one for one in owned if equal_templates(one["spec"]["template"], deployment["spec"]["template"])), None
        )
        return Sets(new, tuple(one for one in owned if one is not new))

    def _patch_owners(self, replica_set: Obj, references: list[Obj] | None) -> Obj:
        metadata = replica_set["metadata"]
        patch = {"metadata": {"ownerReferences": references, "uid": metadata["uid"]}}
        return self.client.patch(_SETS, metadata["namespace"], metadata["name"], patch)

    def _with_revision(self, deployment: Obj, sets: Sets, *, create: bool) -> tuple[Obj, Sets]:
        """The new set has the highest revision and the Deployment's annotations; the Deployment has its revision."""
        revision = max((revision_of(one) for one in sets.old), default=0) + 1
        if sets.new is None:
            return self._create_new(deployment, sets, revision) if create else (deployment, sets)
        new = annotated(sets.new, deployment, revision)
        seconds = deployment["spec"].get("minReadySeconds") or 0
        if (new["spec"].get("minReadySeconds") or 0) != seconds:
            new = with_spec(new, minReadySeconds=seconds)
        if new is not sets.new:
            new = self.client.update(_SETS, new)
            return deployment, sets.with_new(new)
        deployment = self._number(deployment, annotations_of(new).get(REVISION, ""))
        if _has_deadline(deployment) and progress_condition(deployment) is None:
            message = f'Found new replica set "{new["metadata"]["name"]}"'
            deployment = self._condition(deployment, "True", "FoundNewReplicaSet", message)
        return deployment, sets

    def _number(self, deployment: Obj, revision: str) -> Obj:
        if annotations_of(deployment).get(REVISION) == revision:
            return deployment
        metadata = deployment["metadata"]
        patch = {"metadata": {"annotations": {REVISION: revision}}}
        return self.client.patch("deployments.apps", metadata["namespace"], metadata["name"], patch)

    def _condition(self, deployment: Obj, status: str, reason: str, message: str) -> Obj:
        fresh = with_condition(
            deployment.get("status") or {}, "Progressing", status, reason, message, self.engine.timestamp()
        )
        return self.client.update_status("deployments.apps", {**deployment, "status": fresh})

    def _create_new(self, deployment: Obj, sets: Sets, revision: int) -> tuple[Obj, Sets]:
        wanted = new_set(deployment, revision)
        size = Size(wanted["metadata"]["name"], 0, 0)
        count = new_size(bounds_of(deployment), size, [*sizes_of(sets.old), size])
        wanted = annotated(scaled(wanted, count, deployment), deployment, revision)
        try:
            created = self.client.create(_SETS, wanted)
        except StatusError as error:
            return self._after_refusal(deployment, sets, wanted, error)
        if count > 0:
            self._tell_scaled(deployment, wanted["metadata"]["name"], 0, count)
        deployment = self._number(deployment, str(revision))
        if _has_deadline(deployment):
            message = f'Created new replica set "{created["metadata"]["name"]}"'
            deployment = self._condition(deployment, "True", "NewReplicaSetCreated", message)
        return deployment, sets.with_new(created)

    def _after_refusal(self, deployment: Obj, sets: Sets, wanted: Obj, error: StatusError) -> tuple[Obj, Sets]:
        name = wanted["metadata"]["name"]
        if error.reason == "AlreadyExists":
            found = self.client.get(_SETS, wanted["metadata"]["namespace"], name)
            owner = controller_of(found)
            if (
                owner
                and owner["uid"] == deployment["metadata"]["uid"]
                and equal_templates(found["spec"]["template"], wanted["spec"]["template"])
            ):
                return deployment, sets.with_new(found)
            known = deployment.get("status") or {}
            status = {**known, "collisionCount": known.get("collisionCount", 0) + 1}
            self.client.update_status("deployments.apps", {**deployment, "status": status})
        elif not any(cause.get("reason") == "NamespaceTerminating" for cause in error.details.get("causes") or ()):
            message = f'Failed to create new replica set "{name}": {error}'
            self.client.event(deployment, "Warning", "ReplicaSetCreateError", message, source=self.name)
            if _has_deadline(deployment):
                self._condition(deployment, "False", "ReplicaSetCreateError", message)
        raise error

    def _scale(self, replica_set: Obj, count: int, deployment: Obj) -> Obj:
        """Sets the size and the annotations that remember the Deployment's own size."""
        fresh = scaled(replica_set, count, deployment)
        before = replica_set["spec"].get("replicas", 0)
        if fresh == replica_set:
            return replica_set
        fresh = self.client.update(_SETS, fresh)
        if before != count:
            self._tell_scaled(deployment, replica_set["metadata"]["name"], before, count)
        return fresh

    def _tell_scaled(self, deployment: Obj, name: str, before: int, after: int) -> None:
        direction = "up" if before < after else "down"
        message = f"Scaled {direction} replica set {name} from {before} to {after}"
        self.client.event(deployment, "Normal", "ScalingReplicaSet", message, source=self.name)

    # Rolling update

    def _roll(self, deployment: Obj, sets: Sets) -> None:
        deployment, sets = self._with_revision(deployment, sets, create=True)
        new = sets.new
        assert new is not None
        limits = bounds_of(deployment)
        grown = self._grow(deployment, new, sets, limits)
        if grown is not new:
            self._sync_rollout(deployment, sets.with_new(grown))
            return
        shrunk = self._shrink(deployment, new, sets, limits)
        if shrunk != sets.old:
            self._sync_rollout(deployment, Sets(new, shrunk))
            return
        if is_complete(deployment, deployment.get("status") or {}):
            self._clean_up(deployment, sets.old)
        self._sync_rollout(deployment, sets)

    def _grow(self, deployment: Obj, new: Obj, sets: Sets, limits: Bounds) -> Obj:
        replicas = new["spec"].get("replicas", 0)
        if replicas == limits.replicas:
            return new
        if replicas > limits.replicas:
            return self._scale(new, limits.replicas, deployment)
        count = new_size(limits, size_of(new), sizes_of(sets.all))
        return new if count == replicas else self._scale(new, count, deployment)

    def _shrink(self, deployment: Obj, new: Obj, sets: Sets, limits: Bounds) -> tuple[Obj, ...]:
        by_name = {one["metadata"]["name"]: one for one in sets.old}
        active = [one for one in sets.old if one["spec"].get("replicas", 0)]
        if not active:
            return sets.old
        for size in old_sizes(limits, size_of(new), sizes_of(active)):
            by_name[size.name] = self._scale(by_name[size.name], size.replicas, deployment)
        return tuple(by_name.values())

    # Recreate

    def _recreate(self, deployment: Obj, sets: Sets) -> None:
        deployment, sets = self._with_revision(deployment, sets, create=False)
        emptied = tuple(self._scale(one, 0, deployment) if one["spec"].get("replicas", 0) else one for one in sets.old)
        if emptied != sets.old:
            self._sync_rollout(deployment, Sets(sets.new, emptied))
            return
        if self._has_old_pods(sets):
            self._sync_rollout(deployment, sets)
            return
        if sets.new is None:
            deployment, sets = self._with_revision(deployment, sets, create=True)
        assert sets.new is not None
        replicas = deployment["spec"]["replicas"]
        if sets.new["spec"].get("replicas", 0) != replicas:
            sets = sets.with_new(self._scale(sets.new, replicas, deployment))
        if is_complete(deployment, deployment.get("status") or {}):
            self._clean_up(deployment, sets.old)
        self._sync_rollout(deployment, sets)

    def _has_old_pods(self, sets: Sets) -> bool:
        """Whether a pod of an old template still runs, one that is being deleted included."""
        return any(not is_terminal(pod) for one in sets.old for pod in self.cache.owned("pods", one["metadata"]["uid"]))

    # Scaling and pausing

    def _checked_pause(self, deployment: Obj) -> Obj:
        """A pause stops the progress clock and a resume starts it anew."""
        if not _has_deadline(deployment):
            return deployment
        known = progress_condition(deployment)
        if known is not None and known.get("reason") == "ProgressDeadlineExceeded":
            return deployment
        was_paused = known is not None and known.get("reason") == "DeploymentPaused"
        paused = bool(deployment["spec"].get("paused"))
        if paused and not was_paused:
            return self._condition(deployment, "Unknown", "DeploymentPaused", "Deployment is paused")
        if not paused and was_paused:
            return self._condition(deployment, "Unknown", "DeploymentResumed", "Deployment is resumed")
        return deployment

    def _scale_only(self, deployment: Obj, sets: Sets) -> None:
        deployment, sets = self._with_revision(deployment, sets, create=False)
        sets = self._scale_sets(deployment, sets)
        if deployment["spec"].get("paused"):
            self._clean_up(deployment, sets.old)
        self._sync_status(deployment, sets)

    def _scale_sets(self, deployment: Obj, sets: Sets) -> Sets:
        """Gives a new size to the only active set, or shares it among several (proportional scaling)."""
        replicas = deployment["spec"]["replicas"]
        active = [one for one in sets.all if one["spec"].get("replicas", 0) > 0]
        if len(active) <= 1:
            latest = active[0] if active else sets.new or (max(sets.old, key=age_of) if sets.old else None)
            return sets if latest is None else sets.put(self._scale(latest, replicas, deployment))
        if sets.new is not None and is_saturated(deployment, sets.new):
            for one in active:
                if one is not sets.new:
                    sets = sets.put(self._scale(one, 0, deployment))
            return sets
        if strategy_of(deployment) != "RollingUpdate":
            return sets
        by_name = {one["metadata"]["name"]: one for one in active}
        status_replicas = (deployment.get("status") or {}).get("replicas", 0)
        for size in proportional_sizes(bounds_of(deployment), sizes_of(active), status_replicas):
            sets = sets.put(self._scale(by_name[size.name], size.replicas, deployment))
        return sets

    def _clean_up(self, deployment: Obj, old: Sequence[Obj]) -> None:
        """Deletes the oldest empty sets beyond revisionHistoryLimit."""
        limit = deployment["spec"].get("revisionHistoryLimit")
        if limit is None:
            return
        cleanable = sorted((one for one in old if not is_ending(one)), key=revision_of)
        for one in cleanable[: max(len(cleanable) - limit, 0)]:
            metadata, status = one["metadata"], one.get("status") or {}
            is_settled = metadata.get("generation", 1) <= status.get("observedGeneration", 0)
            if status.get("replicas") or one["spec"].get("replicas") or not is_settled:
                continue
            self.client.delete(_SETS, metadata["namespace"], metadata["name"], uid=metadata["uid"])

    # Status

    def _sync_rollout(self, deployment: Obj, sets: Sets) -> None:
        status = rollout_status(deployment, sets.all, sets.new, bounds_of(deployment), self.engine)
        if status != deployment.get("status"):
            self.client.update_status("deployments.apps", {**deployment, "status": status})
        self._look_again(deployment, status)

    def _sync_status(self, deployment: Obj, sets: Sets) -> None:
        status = computed_status(deployment, sets.all, sets.new, bounds_of(deployment), self.engine.timestamp())
        if status != deployment.get("status"):
            self.client.update_status("deployments.apps", {**deployment, "status": status})

    def _look_again(self, deployment: Obj, status: Obj) -> None:
        """A rollout that is not through must be judged when its deadline passes."""
        known = progress_condition({"status": status})
        if not _has_deadline(deployment) or known is None:
            return
        if is_complete(deployment, status) or known["reason"] in ("ProgressDeadlineExceeded", "NewReplicaSetAvailable"):
            return
        due = (
            self.engine.micros(known["lastUpdateTime"])
            + (deployment["spec"]["progressDeadlineSeconds"] + 1) * _SECOND_US
        )
        self.enqueue(key_of(deployment), max(due - self.engine.now, _SECOND_US))

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._orphans.clear()

    def load_private(self, state: object) -> None:
        self._orphans.restored()


def _selector(deployment: Obj) -> Selector:
    return from_label_selector(deployment["spec"].get("selector"))


def _has_deadline(deployment: Obj) -> bool:
    return deployment["spec"].get("progressDeadlineSeconds") not in (None, 2**31 - 1)
