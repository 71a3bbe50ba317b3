"""external-attacher: carries VolumeAttachments out, by asking the cloud to connect a disk to a machine.

Follows https://github.com/kubernetes-csi/external-attacher (`pkg/controller/csi_handler.go`): a finalizer on attachment and volume while
the disk may be connected, `status.attached` when it is, `attachError` when it cannot be, detaching on deletion.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulator.client import About, Client, Controller, Process
from simulator.csi.backend import Backend, Refused
from simulator.csi.identity import finalizer_of
from simulator.engine.plain import Obj
from simulator.machinery.claims import unique_name

_VOLUMES, _ATTACHMENTS = "persistentvolumes", "volumeattachments.storage.k8s.io"
_ATTACH_US, _DETACH_US = (1_000_000, 3_000_000), (1_000_000, 2_000_000)
_RETRY_US, _RETRY_MAX_US = 1_000_000, 300_000_000


class ExternalAttacher(Controller):
    name: ClassVar[str] = "external-attacher"
    watches: ClassVar[Mapping[str, str]] = {_ATTACHMENTS: "on_attachment", _VOLUMES: "on_volume", "nodes": "on_node"}
    writes = (_ATTACHMENTS, _VOLUMES)

    def __init__(self, process: Process, client: Client, driver: str, backend: Backend) -> None:
        super().__init__(process, client)
        self._driver = driver
        self._backend = backend
        self._finalizer = finalizer_of(driver)
        self._due: dict[str, int] = {}
        self._failures: dict[str, int] = {}

    def on_attachment(self, old: Obj | None, new: Obj | None) -> None:
        if new is None or new["spec"]["attacher"] != self._driver:
            return
        if "deletionTimestamp" in new["metadata"] or not (new.get("status") or {}).get("attached"):
            self.enqueue(new["metadata"]["name"])

    def on_volume(self, old: Obj | None, new: Obj | None) -> None:
        """A deleted volume is let go when nothing is attached any more."""
        if new is not None and "deletionTimestamp" in new["metadata"]:
            self.enqueue(f"volume:{new['metadata']['name']}")

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        """Nodes are read when a disk is attached."""

    def about(self, key: str) -> About:
        if key.startswith("volume:"):
            return About(_VOLUMES, "", key.removeprefix("volume:"))
        return About(_ATTACHMENTS, "", key)

    def reconcile(self, key: str) -> None:
        if key.startswith("volume:"):
            self._release_volume(key.removeprefix("volume:"))
            return
        attachment = self.cache.get(_ATTACHMENTS, "", key)
        if attachment is None:
            self._forget(key)
        elif "deletionTimestamp" in attachment["metadata"]:
            self._detach(attachment)
        elif not (attachment.get("status") or {}).get("attached"):
            self._attach(attachment)

    def _attach(self, attachment: Obj) -> None:
        key, node_name = attachment["metadata"]["name"], attachment["spec"]["nodeName"]
        volume = self.cache.get(_VOLUMES, "", attachment["spec"]["source"]["persistentVolumeName"])
        node = self.cache.get("nodes", "", node_name)
        if volume is None or node is None:
            self._try_later(key)
            return
        if not self._waited(f"{key}/attach", key, _ATTACH_US):
            return
        metadata = attachment["metadata"]
        if self._finalizer not in (metadata.get("finalizers") or ()):
            held = [*(metadata.get("finalizers") or ()), self._finalizer]
            marks = {**(metadata.get("annotations") or {}), "csi.alpha.kubernetes.io/node-id": node_name}
            attachment = self.client.update(
                _ATTACHMENTS, {**attachment, "metadata": {**metadata, "finalizers": held, "annotations": marks}}
            )
            self._hold(volume)
        try:
            self._backend.attach(volume, node)
        except Refused as refused:
            error = {"message": refused.message, "time": self.engine.timestamp()}
            self._put_status(attachment, {"attached": False, "attachError": error})
            self._try_later(key)
            return
        self._forget(key)
        self._put_status(attachment, {"attached": True, "attachmentMetadata": {"devicePath": _device(volume)}})

    def _hold(self, volume: Obj) -> None:
        finalizers = volume["metadata"].get("finalizers") or ()
        if self._finalizer not in finalizers:
            metadata = {**volume["metadata"], "finalizers": [*finalizers, self._finalizer]}
            self.client.update(_VOLUMES, {**volume, "metadata": metadata})

    def _detach(self, attachment: Obj) -> None:
        key, metadata = attachment["metadata"]["name"], attachment["metadata"]
        volume_name = attachment["spec"]["source"]["persistentVolumeName"]
        if self._finalizer not in (metadata.get("finalizers") or ()):
            return
        if not self._waited(f"{key}/detach", key, _DETACH_US):
            return
        volume = self.cache.get(_VOLUMES, "", volume_name)
        if volume is not None:
            try:
                self._backend.detach(volume, attachment["spec"]["nodeName"])
            except Refused as refused:
                error = {"message": refused.message, "time": self.engine.timestamp()}
                self._put_status(attachment, {"attached": True, "detachError": error})
                self._try_later(key)
                return
        self._forget(key)
        left = [one for one in metadata["finalizers"] if one != self._finalizer]
        self.client.update(_ATTACHMENTS, {**attachment, "metadata": {**metadata, "finalizers": left}})
        self.enqueue(f"volume:{volume_name}", 1)

    def _release_volume(self, name: str) -> None:
        volume = self.cache.get(_VOLUMES, "", name)
        if volume is None or "deletionTimestamp" not in volume["metadata"]:
            return
        finalizers = volume["metadata"].get("finalizers") or ()
        if self._finalizer not in finalizers:
            return
        if any(one["spec"]["source"].get("persistentVolumeName") == name for one in self.client.list(_ATTACHMENTS)):
            return
        left = [one for one in finalizers if one != self._finalizer]
        self.client.update(_VOLUMES, {**volume, "metadata": {**volume["metadata"], "finalizers": left}})

    def _put_status(self, attachment: Obj, status: Obj) -> None:
        if status != attachment.get("status"):
            self.client.update_status(_ATTACHMENTS, {**attachment, "status": status})

    # Time

    def _waited(self, step: str, key: str, takes_us: tuple[int, int]) -> bool:
        """Whether the cloud has had its time for this step; starts it otherwise."""
        due = self._due.get(step)
        if due is None:
            low, high = (0, 0) if self.engine.profile.name == "instant" else takes_us
            takes = self.engine.rng("csi").between(low, high) if low != high else low
            self._due[step] = due = self.engine.now + takes
            if takes:
                self.enqueue(key, takes)
        if self.engine.now < due:
            return False
        del self._due[step]
        return True

    def _try_later(self, key: str) -> None:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.enqueue(key, min(_RETRY_US << min(failures, 20), _RETRY_MAX_US))

    def _forget(self, key: str) -> None:
        self._failures.pop(key, None)
        for step in ("attach", "detach"):
            self._due.pop(f"{key}/{step}", None)

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._due.clear()
        self._failures.clear()

    def dump_private(self) -> Obj:
        return {"due": self._due, "failures": self._failures}

    def load_private(self, state: Obj) -> None:
        self._due, self._failures = dict(state["due"]), dict(state["failures"])


def _device(volume: Obj) -> str:
    """A device name that follows from the volume, as the cloud would choose one."""
    return f"/dev/xvd{'abcdefghijklmnopqrstuvwxyz'[sum(unique_name(volume).encode()) % 25 + 1]}a"
