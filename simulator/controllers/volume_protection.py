"""Keeps claims that pods use, and volumes that claims use, from going away (storage object in use protection).

Follows `pkg/controller/volume/pvcprotection` and `pvprotection` of v1.33. A deleted claim or volume stays Terminating under a finalizer
until nobody uses it.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulator.client import Controller
from simulator.client.routes import GOES, Interest
from simulator.controllers.kinds.objects import is_ending, key_of, one_of, split
from simulator.engine.plain import Obj
from simulator.machinery.claims import CLAIM_FINALIZER, VOLUME_FINALIZER, claims_of, uses

_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"


class ClaimProtectionController(Controller):
    name: ClassVar[str] = "persistentvolumeclaim-protection-controller"
    watches: ClassVar[Mapping[str, str]] = {_CLAIMS: "on_claim", "pods": "on_pod"}
    interests = {"pods": Interest(changes=frozenset({GOES}))}
    writes = (_CLAIMS,)

    def on_claim(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and is_ending(new):
            self.enqueue(key_of(new))

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        """Only a pod that went can set a claim free."""
        if new is not None:
            return
        pod = one_of(old, new)
        for _, name in claims_of(pod):
            claim = self.cache.get(_CLAIMS, pod["metadata"]["namespace"], name)
            if claim is not None and is_ending(claim):
                self.enqueue(key_of(claim))

    def reconcile(self, key: str) -> None:
        claim = self.cache.get(_CLAIMS, *split(key))
        if claim is None or not is_ending(claim) or CLAIM_FINALIZER not in (claim["metadata"].get("finalizers") or ()):
            return
        namespace, name = split(key)
        # A pod without a node has not been seen by any kubelet, and none starts it with a claim that ends.
        if any(pod["spec"].get("nodeName") and uses(pod, name) for pod in self.client.list("pods", namespace)):
            return
        self.client.update(_CLAIMS, without_finalizer(claim, CLAIM_FINALIZER))


class VolumeProtectionController(Controller):
    name: ClassVar[str] = "persistentvolume-protection-controller"
    watches: ClassVar[Mapping[str, str]] = {_VOLUMES: "on_volume"}
    writes = (_VOLUMES,)

    def on_volume(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and is_ending(new):
            self.enqueue(key_of(new))

    def reconcile(self, key: str) -> None:
        volume = self.cache.get(_VOLUMES, "", key)
        if volume is None or not is_ending(volume) or (volume.get("status") or {}).get("phase") == "Bound":
            return
        if VOLUME_FINALIZER in (volume["metadata"].get("finalizers") or ()):
            self.client.update(_VOLUMES, without_finalizer(volume, VOLUME_FINALIZER))


def without_finalizer(obj: Obj, finalizer: str) -> Obj:
    left = [one for one in obj["metadata"].get("finalizers") or () if one != finalizer]
    return {**obj, "metadata": {**obj["metadata"], "finalizers": left}}
