"""Says of a claim that asks for more that an external resizer has to grow it.

Follows `pkg/controller/volume/expand/expand_controller.go` of v1.33, which grows only volumes of in-tree plugins itself; there are none.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulator.client import Controller
from simulator.controllers.kinds.objects import key_of, split
from simulator.engine.plain import Obj
from simulator.machinery import quantities
from simulator.machinery.claims import asked_bytes, is_bound

_CLAIMS = "persistentvolumeclaims"


class VolumeExpandController(Controller):
    name: ClassVar[str] = "persistentvolume-expander-controller"
    watches: ClassVar[Mapping[str, str]] = {_CLAIMS: "on_claim"}
    writes = ("events",)

    def on_claim(self, old: Obj | None, new: Obj | None) -> None:
        if old is not None and new is not None and asked_bytes(new) > asked_bytes(old) and is_bound(new):
            self.enqueue(key_of(new))

    def reconcile(self, key: str) -> None:
        claim = self.cache.get(_CLAIMS, *split(key))
        if claim is None or not is_bound(claim):
            return
        capacity = ((claim.get("status") or {}).get("capacity") or {}).get("storage", "0")
        if asked_bytes(claim) > quantities.value(capacity):
            message = "waiting for an external controller to expand this PVC"
            self.client.event(claim, "Normal", "ExternalExpanding", message, source="volume_expand")
