"""external-resizer: grows the disk of a claim that asks for more; the file system follows on the node.

Follows https://github.com/kubernetes-csi/external-resizer (`pkg/controller/`, 1.13) with RecoverVolumeExpansionFailure, which v1.33 has on:
`allocatedResources` and `allocatedResourceStatuses` say how far it is, and what was begun is finished before something else is asked for;
conditions stay beside each other until the growth is over. A growth that the driver calls impossible is tried again after five minutes,
unless another size is asked for.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulator.client import Client, Controller, Process
from simulator.csi.backend import Backend, Refused
from simulator.csi.sidecar import RETRY_MAX_US, retry_us
from simulator.engine.plain import Obj
from simulator.machinery import claims as rules
from simulator.machinery import quantities

_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"
_TAKES_US = (2_000_000, 4_000_000)
_PENDING = "Waiting for user to (re-)start a pod to finish file system resize of volume on node."
_NOT_REQUIRED = "volume.kubernetes.io/node-expansion-not-required"
_GIB = 1 << 30
_CONDITIONS = ("Resizing", "FileSystemResizePending", "ControllerResizeError", "NodeResizeError")
_ON_NODE = ("NodeResizePending", "NodeResizeInProgress")
#: Answers after which a growth may still be going on (`IsFinalError`), and those that say that it can never be.
_UNCERTAIN = ("", "Canceled", "DeadlineExceeded", "Unavailable", "ResourceExhausted", "Aborted")
_INFEASIBLE = ("InvalidArgument", "OutOfRange", "NotFound")


class ExternalResizer(Controller):
    name: ClassVar[str] = "external-resizer"
    watches: ClassVar[Mapping[str, str]] = {_CLAIMS: "on_claim", _VOLUMES: "on_volume"}
    writes = (_CLAIMS, _VOLUMES, "events")

    def __init__(self, process: Process, client: Client, driver: str, backend: Backend) -> None:
        super().__init__(process, client)
        self._driver = driver
        self._backend = backend
        self._due: dict[str, list[int]] = {}
        """Claim in work → when the cloud answers, and which size it was asked for."""
        self._failures: dict[str, int] = {}
        self._ended: dict[str, None] = {}
        """Claims whose last growth failed for good: nothing of it goes on (`finalErrorPVCs`)."""
        self._slow: dict[str, int] = {}
        """Claims whose growth is impossible → until when it is not tried again (`slowSet`)."""

    def on_claim(self, old: Obj | None, new: Obj | None) -> None:
        """Asked for more; what it wrote itself sets nothing going (`updatePVC`)."""
        if new is None or not self._wants_more(new):
            return
        if old is None or rules.asked_bytes(old) != rules.asked_bytes(new) or not self._wants_more(old):
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
            self._forget(key)
            return
        handle, reference = rules.handle_of(volume), volume["spec"].get("claimRef") or {}
        if handle is None or handle[0] != self._driver or reference.get("uid") != claim["metadata"]["uid"]:
            return
        if key in self._due:
            self._finish(key, claim, volume)
            return
        wanted = self._next_size(key, claim, volume)
        if wanted:
            self._begin(key, claim, volume, wanted)

    def _next_size(self, key: str, claim: Obj, volume: Obj) -> str:
        """Which size to ask the driver for; "" when there is nothing to ask (`expandAndRecover`)."""
        asked, step, allocated = _asked(claim), _step(claim), _allocated(claim)
        is_large = rules.volume_bytes(volume) >= rules.asked_bytes(claim)
        if step in _ON_NODE:
            begun = allocated or asked
            return "" if is_large or rules.volume_bytes(volume) >= quantities.value(begun) else begun
        if not is_large:
            goes_on = step == "ControllerResizeInProgress" and key not in self._ended
            return (allocated if step == "NodeResizeInfeasible" or goes_on else "") or asked
        return allocated or asked

    def _begin(self, key: str, claim: Obj, volume: Obj, wanted: str) -> None:
        allocated = _allocated(claim)
        is_new = not allocated or quantities.value(allocated) != quantities.value(wanted)
        if _step(claim) == "ControllerResizeInfeasible":
            self._slow.setdefault(key, self.engine.now + RETRY_MAX_US)
        left = self._slow.get(key, 0) - self.engine.now
        if left > 0 and not is_new:
            self.enqueue(key, left)
            return
        self._slow.pop(key, None)
        self._put(
            claim, [{"type": "Resizing"}], "ControllerResizeInProgress" if is_new else "", wanted, keep=not is_new
        )
        name = volume["metadata"]["name"]
        self._say(claim, "Normal", "Resizing", f"External resizer is resizing volume {name}")
        low, high = (0, 0) if self.engine.profile.name == "instant" else _TAKES_US
        takes = self.engine.rng("csi").between(low, high) if low != high else low
        self._due[key] = [self.engine.now + takes, quantities.value(wanted)]
        self.enqueue(key, max(takes, 1))

    def _finish(self, key: str, claim: Obj, volume: Obj) -> None:
        due, size = self._due[key]
        if self.engine.now < due:
            return
        del self._due[key]
        try:
            self._backend.grow(volume, size)
        except Refused as refused:
            self._fail(key, claim, volume, refused)
            return
        self._forget(key)
        capacity = {"storage": f"{-(-size // _GIB)}Gi"}
        self.client.update(_VOLUMES, {**volume, "spec": {**volume["spec"], "capacity": capacity}})
        self._hand_over(self.client.get(_CLAIMS, claim["metadata"]["namespace"], claim["metadata"]["name"]), volume)

    def _fail(self, key: str, claim: Obj, volume: Obj, refused: Refused) -> None:
        """`callResizeOnPlugin`: what is certain shows in a condition; tried again after waits that double."""
        if refused.code in _UNCERTAIN:
            self._ended.pop(key, None)
            self._slow.pop(key, None)
        else:
            self._ended[key] = None
            step = "ControllerResizeInfeasible" if refused.code in _INFEASIBLE else ""
            failed = {"type": "ControllerResizeError", "message": f"failed to expand pvc with {refused.message}"}
            self._put(claim, [failed], step, "", keep=True)
        name = volume["metadata"]["name"]
        message = f'resize volume "{name}" by resizer "{self._driver}" failed: {refused.message}'
        self._say(claim, "Warning", "VolumeResizeFailed", message)
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.enqueue(key, retry_us(failures))

    def _hand_over(self, claim: Obj, volume: Obj) -> None:
        """The disk is large enough: the rest is the kubelet's, unless the driver says that a raw device has no file system to grow."""
        if volume["spec"].get("volumeMode") == "Block":
            self._complete(claim, volume)
            return
        claim = self._mark(claim, None)
        self._put(claim, [{"type": "FileSystemResizePending", "message": _PENDING}], "NodeResizePending", "", keep=True)
        self._say(claim, "Normal", "FileSystemResizeRequired", "Require file system resize of volume on node")

    def _complete(self, claim: Obj, volume: Obj) -> None:
        """`markOverallExpansionAsFinished`."""
        claim, status = self._mark(claim, "true"), dict(claim.get("status") or {})
        status["capacity"] = {
            "storage": self.client.get(_VOLUMES, "", volume["metadata"]["name"])["spec"]["capacity"]["storage"]
        }
        status["conditions"] = [one for one in status.get("conditions") or () if one["type"] not in _CONDITIONS]
        status.pop("allocatedResourceStatuses", None)
        self.client.update_status(_CLAIMS, {**claim, "status": {k: v for k, v in status.items() if v != []}})
        self._say(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded")

    def _mark(self, claim: Obj, value: str | None) -> Obj:
        if rules.annotations(claim).get(_NOT_REQUIRED) == value:
            return claim
        return self.client.update(_CLAIMS, rules.with_annotations(claim, {_NOT_REQUIRED: value}))

    def _put(self, claim: Obj, conditions: list[Obj], step: str, allocated: str, *, keep: bool) -> None:
        """Merges these conditions into the claim's (`MergeResizeConditionsOfPVC`); "" leaves step and size as they are."""
        now, status = self.engine.timestamp(), dict(claim.get("status") or {})
        new = {
            one["type"]: {**one, "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
            for one in conditions
        }
        merged = [
            new.pop(one["type"], one)
            for one in status.get("conditions") or ()
            if keep or one["type"] in new or one["type"] not in _CONDITIONS
        ]
        status["conditions"] = [*merged, *new.values()]
        if allocated:
            status["allocatedResources"] = {"storage": allocated}
        if step:
            status["allocatedResourceStatuses"] = {"storage": step}
        self.client.update_status(_CLAIMS, {**claim, "status": status})

    def _say(self, about: Obj, type: str, reason: str, message: str) -> None:
        self.client.event(about, type, reason, message, source=f"external-resizer {self._driver}")

    # State

    def _forget(self, key: str) -> None:
        for known in (self._due, self._failures, self._ended, self._slow):
            known.pop(key, None)

    def on_stop(self) -> None:
        super().on_stop()
        for known in (self._due, self._failures, self._ended, self._slow):
            known.clear()

    def dump_private(self) -> Obj:
        return {"due": self._due, "failures": self._failures, "ended": list(self._ended), "slow": self._slow}

    def load_private(self, state: Obj) -> None:
        self._due = {key: list(value) for key, value in state["due"].items()}
        self._failures, self._slow = dict(state["failures"]), dict(state["slow"])
        self._ended = dict.fromkeys(state["ended"])


def _asked(claim: Obj) -> str:
    return str(claim["spec"]["resources"]["requests"]["storage"])


def _step(claim: Obj) -> str:
    return str(((claim.get("status") or {}).get("allocatedResourceStatuses") or {}).get("storage", ""))


def _allocated(claim: Obj) -> str:
    return str(((claim.get("status") or {}).get("allocatedResources") or {}).get("storage", ""))
