"""external-resizer: grows the disk of a claim that asks for more; the file system follows on the node.

Follows https://github.com/kubernetes-csi/external-resizer (`pkg/controller/`) with RecoverVolumeExpansionFailure, which v1.33 has on:
`allocatedResources` and `allocatedResourceStatuses` say how far it is, the condition Resizing gives way to FileSystemResizePending.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulator.client import Client, Controller, Process
from simulator.csi.backend import Backend, Refused
from simulator.engine.plain import Obj
from simulator.machinery import claims as rules
from simulator.machinery import quantities

_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"
_TAKES_US = (2_000_000, 4_000_000)
_RETRY_US, _RETRY_MAX_US = 1_000_000, 300_000_000
_PENDING = "Waiting for user to (re-)start a pod to finish file system resize of volume on node."
_GIB = 1 << 30


class ExternalResizer(Controller):
    name: ClassVar[str] = "external-resizer"
    watches: ClassVar[Mapping[str, str]] = {_CLAIMS: "on_claim", _VOLUMES: "on_volume"}
    writes = (_CLAIMS, _VOLUMES, "events")

    def __init__(self, process: Process, client: Client, driver: str, backend: Backend) -> None:
        super().__init__(process, client)
        self._driver = driver
        self._backend = backend
        self._due: dict[str, int] = {}
        self._failures: dict[str, int] = {}

    def on_claim(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and self._wants_more(new):
            self.enqueue(f"{new['metadata']['namespace']}/{new['metadata']['name']}")

    def on_volume(self, old: Obj | None, new: Obj | None) -> None:
        """Volumes are read when a claim grows."""

    def _wants_more(self, claim: Obj) -> bool:
        capacity = ((claim.get("status") or {}).get("capacity") or {}).get("storage")
        return rules.is_bound(claim) and capacity is not None and rules.asked_bytes(claim) > quantities.value(capacity)

    def reconcile(self, key: str) -> None:
        namespace, _, name = key.partition("/")
        claim = self.cache.get(_CLAIMS, namespace, name)
        volume = None if claim is None else self.cache.get(_VOLUMES, "", claim["spec"].get("volumeName", ""))
        if claim is None or volume is None or not self._wants_more(claim):
            return
        handle = rules.handle_of(volume)
        if handle is None or handle[0] != self._driver:
            return
        if rules.volume_bytes(volume) >= rules.asked_bytes(claim):
            self._hand_over(claim)
            return
        self._grow(key, claim, volume)

    def _grow(self, key: str, claim: Obj, volume: Obj) -> None:
        name = volume["metadata"]["name"]
        due = self._due.get(key)
        if due is None:
            wanted = claim["spec"]["resources"]["requests"]["storage"]
            self._say(claim, "Normal", "Resizing", f"External resizer is resizing volume {name}")
            self._put(claim, {"type": "Resizing"}, wanted, "ControllerResizeInProgress")
            low, high = (0, 0) if self.engine.profile.name == "instant" else _TAKES_US
            takes = self.engine.rng("csi").between(low, high) if low != high else low
            self._due[key] = self.engine.now + takes
            self.enqueue(key, max(takes, 1))
            return
        if self.engine.now < due:
            return
        del self._due[key]
        size = rules.asked_bytes(claim)
        try:
            self._backend.grow(volume, size)
        except Refused as refused:
            message = f'resize volume "{name}" by resizer "{self._driver}" failed: {refused.message}'
            self._say(claim, "Warning", "VolumeResizeFailed", message)
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
            self.enqueue(key, min(_RETRY_US << min(failures, 20), _RETRY_MAX_US))
            return
        self._failures.pop(key, None)
        capacity = {"storage": f"{-(-size // _GIB)}Gi"}
        self.client.update(_VOLUMES, {**volume, "spec": {**volume["spec"], "capacity": capacity}})
        self._hand_over(self.client.get(_CLAIMS, claim["metadata"]["namespace"], claim["metadata"]["name"]))

    def _hand_over(self, claim: Obj) -> None:
        """The disk is large enough: the rest is the kubelet's, unless there is no file system."""
        wanted = claim["spec"]["resources"]["requests"]["storage"]
        statuses = (claim.get("status") or {}).get("allocatedResourceStatuses") or {}
        if statuses.get("storage") == "NodeResizePending":
            return
        self._put(claim, {"type": "FileSystemResizePending", "message": _PENDING}, wanted, "NodeResizePending")
        self._say(claim, "Normal", "FileSystemResizeRequired", "Require file system resize of volume on node")

    def _put(self, claim: Obj, condition: Obj, wanted: str, step: str) -> None:
        now = self.engine.timestamp()
        shown = {**condition, "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
        others = [
            one
            for one in (claim.get("status") or {}).get("conditions") or ()
            if one["type"] not in ("Resizing", "FileSystemResizePending")
        ]
        status = {
            **(claim.get("status") or {}),
            "conditions": [*others, shown],
            "allocatedResources": {"storage": wanted},
            "allocatedResourceStatuses": {"storage": step},
        }
        self.client.update_status(_CLAIMS, {**claim, "status": status})

    def _say(self, about: Obj, type: str, reason: str, message: str) -> None:
        self.client.event(about, type, reason, message, source=f"external-resizer {self._driver}")

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._due.clear()
        self._failures.clear()

    def dump_private(self) -> Obj:
        return {"due": self._due, "failures": self._failures}

    def load_private(self, state: Obj) -> None:
        self._due, self._failures = dict(state["due"]), dict(state["failures"])
