"""Makes, mends and deletes one pod of a StatefulSet together with its volume claims, and says so in events.

Upstream's stateful_pod_control.go. Claims come before their pod. A pod that lost its labels gets them back; one whose volumes are not
the set's claims (adopted from an earlier set, say) cannot be changed any more, so that each attempt fails with what the API server says.
"""

from simulator.apiserver.errors import ApiUnavailable, StatusError, invalid
from simulator.client import Cache, Client
from simulator.controllers.kinds.objects import is_ending, labels_of
from simulator.controllers.stateful_pods import (
    claim_names,
    claims,
    fitting_references,
    has_identity,
    has_storage,
    identity_labels,
    is_stale,
    ordinal,
    retains_on_scale,
    volumes,
)
from simulator.engine.plain import Obj
from simulator.machinery.validation import validate_update

Refusal = StatusError | ApiUnavailable

_CLAIMS = "persistentvolumeclaims"


class MemberWork:
    def __init__(self, client: Client, cache: Cache, *, source: str) -> None:
        self._client = client
        self._cache = cache
        self._source = source

    def create(self, owner: Obj, pod: Obj) -> None:
        if self._waits_for_claims(owner, pod):
            return
        try:
            self.make_claims(owner, pod)
            self._client.create("pods", pod)
            self.fit_claims(owner, pod)
        except (StatusError, ApiUnavailable) as error:
            if not (isinstance(error, StatusError) and error.reason == "AlreadyExists"):
                self._tell_pod("create", owner, pod, error)
            raise
        self._tell_pod("create", owner, pod)

    def delete(self, owner: Obj, pod: Obj) -> None:
        metadata = pod["metadata"]
        try:
            self._client.delete("pods", metadata["namespace"], metadata["name"])
        except (StatusError, ApiUnavailable) as error:
            self._tell_pod("delete", owner, pod, error)
            raise
        self._tell_pod("delete", owner, pod)

    def mend(self, owner: Obj, pod: Obj) -> None:
        """Gives a running member the labels, volumes and owners of claims that it has to have."""
        try:
            is_changed = self._mend(owner, pod)
        except (StatusError, ApiUnavailable) as error:
            self._tell_pod("update", owner, pod, error)
            raise
        if is_changed:
            self._tell_pod("update", owner, pod)

    def _mend(self, owner: Obj, pod: Obj) -> bool:
        wanted = pod
        if not has_identity(pod):
            labels = {**labels_of(pod), **identity_labels(pod)}
            wanted = {**wanted, "metadata": {**pod["metadata"], "labels": labels}}
        if not has_storage(owner, pod):
            self.make_claims(owner, pod)
            wanted = {**wanted, "spec": {**pod["spec"], "volumes": volumes(owner, pod["spec"], ordinal(pod))}}
            self._refuse_invalid(wanted, pod)
        is_changed = self.fit_claims(owner, pod)
        if wanted is not pod:
            self._client.update("pods", wanted)
        return is_changed or wanted is not pod

    def _refuse_invalid(self, pod: Obj, before: Obj) -> None:
        """What the API server would say: it trusts the components here, and a pod's volumes are not to be changed."""
        if found := validate_update("pods", pod, before):
            raise invalid("", "Pod", pod["metadata"]["name"], [error.cause() for error in found])

    # Claims

    def _waits_for_claims(self, owner: Obj, pod: Obj) -> bool:
        """An earlier pod of this name takes its claims along, and they are still there."""
        if retains_on_scale(owner):
            return False
        known = (self._claim(owner, name) for name in claim_names(owner, ordinal(pod)))
        return any(claim is not None and is_stale(claim, pod) for claim in known)

    def fit_claims(self, owner: Obj, pod: Obj) -> bool:
        """Gives the pod's claims the owners that the retention policy asks for; True when one changed."""
        is_changed = False
        namespace = owner["metadata"]["namespace"]
        for name in claim_names(owner, ordinal(pod)):
            claim = self._claim(owner, name)
            references = None if claim is None else fitting_references(claim, owner, pod)
            if references is not None:
                self._client.patch(_CLAIMS, namespace, name, {"metadata": {"ownerReferences": references or None}})
                is_changed = True
        return is_changed

    def make_claims(self, owner: Obj, pod: Obj) -> None:
        """Those that are missing; every one is tried before the first refusal counts."""
        problems: list[str] = []
        for claim in claims(owner, ordinal(pod)):
            name = claim["metadata"]["name"]
            known = self._claim(owner, name)
            if known is None:
                problems += self._make_claim(owner, pod, claim)
            elif is_ending(known):
                problems.append(f"pvc {name} is being deleted")
        if problems:
            says = ", ".join(dict.fromkeys(problems))
            raise StatusError(500, "", f"[{says}]" if len(dict.fromkeys(problems)) > 1 else says)

    def _make_claim(self, owner: Obj, pod: Obj, claim: Obj) -> list[str]:
        name, member, set_name = (one["metadata"]["name"] for one in (claim, pod, owner))
        try:
            self._client.create(_CLAIMS, claim)
        except (StatusError, ApiUnavailable) as error:
            if not (isinstance(error, StatusError) and error.reason == "AlreadyExists"):
                message = f"create Claim {name} for Pod {member} in StatefulSet {set_name} failed error: {error}"
                self._client.event(owner, "Warning", "FailedCreate", message, source=self._source)
            return [f"failed to create PVC {name}: {error}"]
        message = f"create Claim {name} Pod {member} in StatefulSet {set_name} success"
        self._client.event(owner, "Normal", "SuccessfulCreate", message, source=self._source)
        return []

    def _claim(self, owner: Obj, name: str) -> Obj | None:
        return self._cache.get(_CLAIMS, owner["metadata"]["namespace"], name)

    def _tell_pod(self, verb: str, owner: Obj, pod: Obj, error: Refusal | None = None) -> None:
        about = f"{verb} Pod {pod['metadata']['name']} in StatefulSet {owner['metadata']['name']}"
        if error is None:
            self._client.event(owner, "Normal", f"Successful{verb.title()}", f"{about} successful", source=self._source)
        else:
            message = f"{about} failed error: {error}"
            self._client.event(owner, "Warning", f"Failed{verb.title()}", message, source=self._source)
