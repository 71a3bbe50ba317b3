"""Binds claims to volumes, and reclaims volumes whose claim is gone.

Follows `pkg/controller/volume/persistentvolume/pv_controller.go` of v1.33. Promises: a volume is saved before its claim, so a crash in
between is finished by the next look; volumes of external provisioners are neither made nor deleted here, only asked for
(annotation, event) and released. Leaves to others: making volumes (`csi.provisioner`), what fits (`machinery.claims`).
"""

from collections.abc import Mapping
from typing import ClassVar, Protocol

from simulator.client import About, Client, Controller, Process
from simulator.client.routes import COMES, Interest
from simulator.controllers.kinds.objects import key_of, one_of, split, with_spec
from simulator.engine.plain import Obj
from simulator.machinery import claims as rules
from simulator.machinery.claims import BIND_COMPLETED, BOUND_BY_CONTROLLER

_CLAIMS, _VOLUMES, _CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"
_SOURCE = "persistentvolume-controller"
_CLAIM, _VOLUME = "claim:", "volume:"
_NO_CLASS = "no persistent volumes available for this claim and no storage class is set"
_WAITS = "waiting for first consumer to be created before binding"
#: What the pod that empties a recycled volume takes.
_RECYCLE_US = 5_000_000
_RECYCLABLE = ("hostPath", "nfs")


class Recycler(Protocol):
    """Empties a volume for its next user."""

    def scrub(self, volume: Obj) -> None: ...


class PersistentVolumeController(Controller):
    name: ClassVar[str] = "persistentvolume-binder-controller"
    watches: ClassVar[Mapping[str, str]] = {
        _CLAIMS: "on_claim",
        _VOLUMES: "on_volume",
        _CLASSES: "on_class",
        "pods": "on_pod",
    }
    interests = {"pods": Interest(changes=frozenset({COMES}))}
    writes = (_CLAIMS, _VOLUMES, "events")

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self.recycler: Recycler | None = None
        """Wired at assembly."""
        self._recycling: dict[str, int] = {}
        """Volume → when its scrubbing is over."""

    # What is watched

    def on_claim(self, old: Obj | None, new: Obj | None) -> None:
        claim = one_of(old, new)
        if new is not None:
            self.enqueue(_CLAIM + key_of(claim))
        if volume := claim["spec"].get("volumeName"):
            self.enqueue(_VOLUME + volume)

    def on_volume(self, old: Obj | None, new: Obj | None) -> None:
        volume = one_of(old, new)
        if new is not None:
            self.enqueue(_VOLUME + volume["metadata"]["name"])
        reference = volume["spec"].get("claimRef")
        if reference is not None:
            self.enqueue(f"{_CLAIM}{reference['namespace']}/{reference['name']}")
        elif new is not None:
            self._wake_unbound()

    def on_class(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self._wake_unbound()

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        """A pod that came tells its waiting claims that they have a consumer."""
        if new is None or old is not None or new["spec"].get("nodeName"):
            return
        for _, name in rules.claims_of(new):
            claim = self.cache.get(_CLAIMS, new["metadata"]["namespace"], name)
            if claim is not None and not rules.is_bound(claim):
                self.enqueue(_CLAIM + key_of(claim))

    def _wake_unbound(self) -> None:
        for claim in self.cache.list(_CLAIMS):
            if not rules.is_bound(claim):
                self.enqueue(_CLAIM + key_of(claim))

    def about(self, key: str) -> About:
        if key.startswith(_VOLUME):
            return About(_VOLUMES, "", key.removeprefix(_VOLUME))
        return About(_CLAIMS, *split(key.removeprefix(_CLAIM)))

    def reconcile(self, key: str) -> None:
        if key.startswith(_VOLUME):
            volume = self.cache.get(_VOLUMES, "", key.removeprefix(_VOLUME))
            if volume is not None:
                self._sync_volume(volume)
            return
        claim = self.cache.get(_CLAIMS, *split(key.removeprefix(_CLAIM)))
        if claim is not None:
            self._sync_claim(claim)

    # Claims

    def _sync_claim(self, claim: Obj) -> None:
        if BIND_COMPLETED in rules.annotations(claim):
            self._sync_bound(claim)
        elif claim["spec"].get("volumeName"):
            self._sync_choosy(claim)
        else:
            self._sync_unbound(claim)

    def _sync_unbound(self, claim: Obj) -> None:
        storage_class = self.cache.get(_CLASSES, "", rules.class_name(claim))
        delayed = rules.waits_for_consumer(storage_class)
        volume = rules.best_fit(claim, self.cache.unordered(_VOLUMES), delayed=delayed)
        if volume is not None:
            self._bind(volume, claim)
            return
        if self._assigned_class(claim):
            return
        if delayed and rules.SELECTED_NODE not in rules.annotations(claim):
            self._say_waiting(claim)
        elif rules.class_name(claim):
            self._ask_for_volume(claim, storage_class)
            return
        else:
            self._say(claim, "Normal", "FailedBinding", _NO_CLASS)
        self._put_claim_status(claim, "Pending", None)

    def _assigned_class(self, claim: Obj) -> bool:
        """A claim made before there was a default class gets it now (RetroactiveDefaultStorageClass)."""
        if not rules.lacks_class(claim):
            return False
        found = rules.default_class(self.cache.unordered(_CLASSES))
        if found is None:
            return False
        self.client.update(_CLAIMS, with_spec(claim, storageClassName=found["metadata"]["name"]))
        return True

    def _say_waiting(self, claim: Obj) -> None:
        namespace, name = claim["metadata"]["namespace"], claim["metadata"]["name"]
        pods = [
            pod["metadata"]["name"]
            for pod in self.cache.list("pods", namespace)
            if rules.uses(pod, name) and not pod["spec"].get("nodeName") and not _is_over(pod)
        ]
        if not pods:
            self._say(claim, "Normal", "WaitForFirstConsumer", _WAITS)
            return
        named = f"pod {pods[0]}" if len(pods) == 1 else f"pods {','.join(pods)}"
        self._say(claim, "Normal", "WaitForPodScheduled", f"waiting for {named} to be scheduled")

    def _ask_for_volume(self, claim: Obj, storage_class: Obj | None) -> None:
        """Dynamic provisioning: an annotation tells the external provisioner to start."""
        if storage_class is None:
            missing = f'storageclass.storage.k8s.io "{rules.class_name(claim)}" not found'
            self._say(claim, "Warning", "ProvisioningFailed", missing)
            return
        provisioner = storage_class["provisioner"]
        if provisioner.startswith("kubernetes.io/"):
            self._say(claim, "Warning", "ProvisioningFailed", f"no volume plugin matched name: {provisioner}")
            return
        wanted = {rules.BETA_PROVISIONER: provisioner, rules.PROVISIONER: provisioner}
        if not wanted.items() <= rules.annotations(claim).items():
            claim = self.client.update(_CLAIMS, rules.with_annotations(claim, wanted))
        self._say(
            claim,
            "Normal",
            "ExternalProvisioning",
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the "
            "system administrator. If volume creation is delayed, please verify that the provisioner is running and "
            "correctly registered.",
        )

    def _sync_choosy(self, claim: Obj) -> None:
        """A claim that names its volume, and is not bound yet."""
        name = claim["spec"]["volumeName"]
        volume = self.cache.get(_VOLUMES, "", name)
        if volume is None:
            self._put_claim_status(claim, "Pending", None)
        elif volume["spec"].get("claimRef") is None:
            if why := rules.mismatch(claim, volume):
                self._say(claim, "Warning", "VolumeMismatch", f'Cannot bind to requested volume "{name}": {why}')
                self._put_claim_status(claim, "Pending", None)
            else:
                self._bind(volume, claim)
        elif rules.is_meant_for(volume, claim):
            self._bind(volume, claim)
        else:
            self._say(claim, "Warning", "FailedBinding", f'volume "{name}" already bound to a different claim.')
            self._put_claim_status(claim, "Pending", None)

    def _sync_bound(self, claim: Obj) -> None:
        name = claim["spec"].get("volumeName")
        if not name:
            self._lose(
                claim, "ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
            )
            return
        volume = self.cache.get(_VOLUMES, "", name)
        if volume is None:
            self._lose(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
            return
        reference = volume["spec"].get("claimRef")
        if reference is None or reference.get("uid") == claim["metadata"]["uid"]:
            self._bind(volume, claim)
        else:
            message = "Two claims are bound to the same volume, this one is bound incorrectly"
            self._lose(claim, "ClaimMisbound", message)

    def _lose(self, claim: Obj, reason: str, message: str) -> None:
        if (claim.get("status") or {}).get("phase") != "Lost":
            self._put_claim_status(claim, "Lost", None)
            self._say(claim, "Warning", reason, message)

    def _put_claim_status(self, claim: Obj, phase: str, volume: Obj | None) -> None:
        status = dict(claim.get("status") or {})
        before = dict(status)
        status["phase"] = phase
        if volume is None:
            status.pop("accessModes", None)
            status.pop("capacity", None)
        else:
            status["accessModes"] = volume["spec"].get("accessModes") or []
            if "capacity" not in status or phase != before.get("phase"):
                status["capacity"] = {"storage": volume["spec"]["capacity"]["storage"]}
        if status != before:
            self.client.update_status(_CLAIMS, {**claim, "status": status})

    # Both sides of a binding

    def _bind(self, volume: Obj, claim: Obj) -> None:
        volume = self._bind_volume(volume, claim)
        self._put_phase(volume, "Bound")
        claim = self._bind_claim(claim, volume)
        self._put_claim_status(claim, "Bound", volume)

    def _bind_volume(self, volume: Obj, claim: Obj) -> Obj:
        reference = volume["spec"].get("claimRef")
        metadata = claim["metadata"]
        if reference is not None and reference.get("uid") == metadata["uid"] and reference["name"] == metadata["name"]:
            return volume
        fresh = with_spec(volume, claimRef=rules.reference_to(claim))
        if not rules.is_meant_for(volume, claim):
            fresh = rules.with_annotations(fresh, {BOUND_BY_CONTROLLER: "yes"})
        return self.client.update(_VOLUMES, fresh)

    def _bind_claim(self, claim: Obj, volume: Obj) -> Obj:
        name, marks = volume["metadata"]["name"], rules.annotations(claim)
        wanted: dict[str, str | None] = {BIND_COMPLETED: "yes"}
        if claim["spec"].get("volumeName") != name:
            wanted[BOUND_BY_CONTROLLER] = "yes"
        if claim["spec"].get("volumeName") == name and BIND_COMPLETED in marks:
            return claim
        return self.client.update(_CLAIMS, rules.with_annotations(with_spec(claim, volumeName=name), wanted))

    def _unbind(self, volume: Obj) -> None:
        if BOUND_BY_CONTROLLER in rules.annotations(volume):
            spec = {key: value for key, value in volume["spec"].items() if key != "claimRef"}
            fresh = rules.with_annotations({**volume, "spec": spec}, {BOUND_BY_CONTROLLER: None})
        else:
            kept = {k: v for k, v in volume["spec"]["claimRef"].items() if k not in ("uid", "resourceVersion")}
            fresh = with_spec(volume, claimRef=kept)
        self._put_phase(self.client.update(_VOLUMES, fresh), "Available")

    # Volumes

    def _sync_volume(self, volume: Obj) -> None:
        reference = volume["spec"].get("claimRef")
        if reference is None or not reference.get("uid"):
            self._put_phase(volume, "Available")
            return
        claim = self.cache.get(_CLAIMS, reference["namespace"], reference["name"])
        if claim is not None and claim["metadata"]["uid"] != reference["uid"]:
            claim = None
        if claim is None:
            # What the cache does not know may be new: ask the API server before a volume is given up.
            claim = self._fresh_claim(reference)
        if claim is None:
            self._release(volume)
        elif not claim["spec"].get("volumeName"):
            self.enqueue(_CLAIM + key_of(claim))
        elif claim["spec"]["volumeName"] == volume["metadata"]["name"]:
            self._put_phase(volume, "Bound")
        elif self._is_disposable(volume):
            self._release(volume)
        else:
            self._unbind(volume)

    def _fresh_claim(self, reference: Obj) -> Obj | None:
        for claim in self.client.list(_CLAIMS, reference["namespace"]):
            if claim["metadata"]["uid"] == reference["uid"]:
                return claim
        return None

    def _is_disposable(self, volume: Obj) -> bool:
        """Made for a claim that found another one."""
        made = rules.PROVISIONED_BY in rules.annotations(volume)
        return made and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"

    def _release(self, volume: Obj) -> None:
        if _phase(volume) not in ("Released", "Failed"):
            volume = self._put_phase(volume, "Released")
        policy = volume["spec"].get("persistentVolumeReclaimPolicy")
        if policy == "Delete":
            self._delete(volume)
        elif policy == "Recycle":
            self._recycle(volume)

    def _delete(self, volume: Obj) -> None:
        """External deleters see the phase; of the volumes made by hand only a hostPath below /tmp can be deleted."""
        if rules.PROVISIONED_BY in rules.annotations(volume) or "deletionTimestamp" in volume["metadata"]:
            return
        name = volume["metadata"]["name"]
        path = (volume["spec"].get("hostPath") or {}).get("path")
        if path is None:
            why = f'error getting deleter volume plugin for volume "{name}": no deletable volume plugin matched'
        elif not path.startswith("/tmp/"):
            why = f"host_path deleter only supports /tmp/.+ but received provided {path}"
        else:
            if self.recycler is not None:
                self.recycler.scrub(volume)
            self.client.delete(_VOLUMES, "", name)
            return
        self._fail(volume, "VolumeFailedDelete", why)

    def _recycle(self, volume: Obj) -> None:
        name = volume["metadata"]["name"]
        if not any(source in volume["spec"] for source in _RECYCLABLE):
            self._fail(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!")
            return
        due = self._recycling.setdefault(name, self.engine.now + _RECYCLE_US)
        if self.engine.now < due:
            self.enqueue(_VOLUME + name, due - self.engine.now)
            return
        del self._recycling[name]
        if self.recycler is not None:
            self.recycler.scrub(volume)
        self._say(volume, "Normal", "VolumeRecycled", "Volume recycled")
        self._unbind(volume)

    def _fail(self, volume: Obj, reason: str, message: str) -> None:
        if _phase(volume) != "Failed":
            self._say(self._put_phase(volume, "Failed", message), "Warning", reason, message)

    def _put_phase(self, volume: Obj, phase: str, message: str = "") -> Obj:
        if _phase(volume) == phase:
            return volume
        status = {key: value for key, value in (volume.get("status") or {}).items() if key != "message"}
        status["phase"] = phase
        if message:
            status["message"] = message
        return self.client.update_status(_VOLUMES, {**volume, "status": status})

    def _say(self, about: Obj, type: str, reason: str, message: str) -> None:
        self.client.event(about, type, reason, message, source=_SOURCE)

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._recycling.clear()

    def dump_private(self) -> Obj:
        return {"recycling": self._recycling}

    def load_private(self, state: Obj) -> None:
        self._recycling = dict(state["recycling"])


def _phase(obj: Obj) -> str:
    return str((obj.get("status") or {}).get("phase") or "")


def _is_over(pod: Obj) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
