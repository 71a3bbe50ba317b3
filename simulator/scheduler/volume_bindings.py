"""PreBind of VolumeBinding: the claims of a pod get their volumes or their node, and the pod waits until all are bound.

Follows `BindPodVolumes` of `pkg/scheduler/framework/plugins/volumebinding/binder.go`: bindings are looked at once a second, for ten
minutes at most (`bindTimeoutSeconds`). Promises: plain data; what is under way is seen by other pods through the `StorageView`.
"""

from dataclasses import dataclass

from simulator.client import Cache, Client
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery import claims as rules
from simulator.scheduler.plugins.volume_binding import Decision
from simulator.scheduler.storage_view import StorageView

_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"
PERIOD_US = 1_000_000
TIMEOUT_US = 600_000_000
#: How an error of this plugin begins, as the framework words it.
LEAD = 'running PreBind plugin "VolumeBinding": binding volumes: '


@dataclass(slots=True)
class Binding:
    """A pod that waits for its claims."""

    uid: str
    namespace: str
    name: str
    node: str
    started: int
    static: dict[str, str]
    """Claim → volume."""
    dynamic: list[str]
    """Claims to be provisioned."""
    decided: Plain
    """The decision to be remembered when the pod is bound."""

    @property
    def claims(self) -> list[str]:
        return [*self.static, *self.dynamic]


class VolumeBindings:
    def __init__(self, cache: Cache, client: Client) -> None:
        self.view = StorageView(cache)
        self._cache = cache
        self._client = client
        self._bindings: dict[str, Binding] = {}

    def get(self, uid: str) -> Binding | None:
        return self._bindings.get(uid)

    def waiting_for(self, namespace: str, claim: str) -> list[Binding]:
        return [one for one in self._bindings.values() if one.namespace == namespace and claim in one.claims]

    def begin(self, binding: Binding, decision: Decision) -> None:
        """Writes what was decided. Raises StatusError and ApiUnavailable; what was written then stays."""
        self._bindings[binding.uid] = binding
        self._index()
        for claim, volume in decision.static:
            if not rules.is_meant_for(volume, claim) or not volume["spec"]["claimRef"].get("uid"):
                fresh = {**volume, "spec": {**volume["spec"], "claimRef": rules.reference_to(claim)}}
                if not rules.is_meant_for(volume, claim):
                    fresh = rules.with_annotations(fresh, {rules.BOUND_BY_CONTROLLER: "yes"})
                self._client.update(_VOLUMES, fresh)
        for claim in decision.dynamic:
            if rules.annotations(claim).get(rules.SELECTED_NODE) != binding.node:
                self._client.update(_CLAIMS, rules.with_annotations(claim, {rules.SELECTED_NODE: binding.node}))

    def look(self, binding: Binding, now: int) -> tuple[bool, str]:
        """(all claims are bound, why they never will be)."""
        done = True
        for name in binding.claims:
            claim = self._cache.get(_CLAIMS, binding.namespace, name)
            if claim is None:
                return False, f'{LEAD}error getting PVC "{name}": persistentvolumeclaim "{name}" not found'
            if rules.is_bound(claim):
                continue
            chosen = rules.annotations(claim).get(rules.SELECTED_NODE)
            if name in binding.dynamic and chosen != binding.node and self._was_seen(claim, binding):
                return False, f'{LEAD}provisioning failed for PVC "{name}"'
            done = False
        return done, "" if done or now < binding.started + TIMEOUT_US else f"{LEAD}context deadline exceeded"

    def _was_seen(self, claim: Obj, binding: Binding) -> bool:
        """Whether the cache has heard of the node that was written: before, its absence means nothing."""
        fresh = self._client.get(_CLAIMS, binding.namespace, claim["metadata"]["name"])
        return rules.annotations(fresh).get(rules.SELECTED_NODE) != binding.node

    def end(self, uid: str) -> None:
        if self._bindings.pop(uid, None) is not None:
            self._index()

    def clear(self) -> None:
        self._bindings.clear()
        self._index()

    def _index(self) -> None:
        self.view.taken = {
            volume: f"{one.namespace}/{claim}"
            for one in self._bindings.values()
            for claim, volume in one.static.items()
        }
        self.view.chosen = {
            f"{one.namespace}/{claim}": one.node for one in self._bindings.values() for claim in one.dynamic
        }

    def dump(self) -> Plain:
        return [
            [
                one.uid,
                one.namespace,
                one.name,
                one.node,
                one.started,
                list(one.static.items()),
                one.dynamic,
                one.decided,
            ]
            for one in self._bindings.values()
        ]

    def load(self, state: Plain) -> None:
        self._bindings = {
            uid: Binding(uid, namespace, name, node, started, dict(static), list(dynamic), decided)
            for uid, namespace, name, node, started, static, dynamic, decided in state
        }
        self._index()
