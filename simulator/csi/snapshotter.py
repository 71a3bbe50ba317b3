"""csi-snapshotter: makes and deletes the driver's snapshots that VolumeSnapshotContents ask for.

Follows kubernetes-csi/external-snapshotter, `pkg/sidecar-controller/`. Hears nothing in a cluster without the kinds.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import ClassVar

from simulator.client import Client, Controller, Process
from simulator.csi.backend import Files
from simulator.engine.plain import Obj
from simulator.machinery.claims import annotations, handle_of, volume_bytes

_CONTENTS, _VOLUMES = "volumesnapshotcontents.snapshot.storage.k8s.io", "persistentvolumes"
_FINALIZER = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection"
_BEING_DELETED = "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted"
_TAKES_US = (2_000_000, 5_000_000)


class ExternalSnapshotter(Controller):
    name: ClassVar[str] = "external-snapshotter"
    watches: ClassVar[Mapping[str, str]] = {_CONTENTS: "on_content"}
    writes = (_CONTENTS,)

    def __init__(self, process: Process, client: Client, driver: str, files: Files) -> None:
        super().__init__(process, client)
        self._driver = driver
        self._files = files
        self._due: dict[str, int] = {}

    def on_content(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and new["spec"]["driver"] == self._driver:
            self.enqueue(new["metadata"]["name"])

    def reconcile(self, key: str) -> None:
        content = self.cache.get(_CONTENTS, "", key)
        if content is None:
            self._due.pop(key, None)
        elif "deletionTimestamp" in content["metadata"]:
            self._delete(content)
        elif not (content.get("status") or {}).get("snapshotHandle") and "volumeHandle" in content["spec"]["source"]:
            self._make(key, content)

    def _make(self, key: str, content: Obj) -> None:
        due = self._due.get(key)
        if due is None:
            low, high = (0, 1) if self.engine.profile.name == "instant" else _TAKES_US
            takes = self.engine.rng("csi").between(low, high)
            self._due[key] = self.engine.now + takes
            self.enqueue(key, max(takes, 1))
            return
        if self.engine.now < due:
            return
        del self._due[key]
        wanted = (self._driver, content["spec"]["source"]["volumeHandle"])
        volume = next((one for one in self.client.list(_VOLUMES) if handle_of(one) == wanted), None)
        if volume is None:
            why = f'failed to take snapshot of the volume {wanted[1]}: "rpc error: code = NotFound desc = the volume does not exist"'
            message = f"Failed to check and update snapshot content: {why}"
            error = {"message": message, "time": self.engine.timestamp()}
            self.client.event(
                content,
                "Warning",
                "SnapshotContentCheckandUpdateFailed",
                message,
                source=f"csi-snapshotter {self._driver}",
            )
            self._put_status(content, {"error": error, "readyToUse": False})
            return
        handle = f"snap-0{blake2b(key.encode(), digest_size=8).hexdigest()}"
        self._files.keep(volume, handle)
        at_ns = (self.engine.epoch_s * 1_000_000 + self.engine.now) * 1_000
        made = {
            "snapshotHandle": handle,
            "creationTime": at_ns,
            "readyToUse": True,
            "restoreSize": volume_bytes(volume),
        }
        self._put_status(content, made)

    def _put_status(self, content: Obj, status: Obj) -> None:
        self.client.update_status(_CONTENTS, {**content, "status": status})

    def _delete(self, content: Obj) -> None:
        metadata = content["metadata"]
        if _FINALIZER not in (metadata.get("finalizers") or ()):
            return
        handle = (content.get("status") or {}).get("snapshotHandle")
        if handle and content["spec"]["deletionPolicy"] == "Delete" and _BEING_DELETED in annotations(content):
            self._files.forget(handle)
        left = [one for one in metadata["finalizers"] if one != _FINALIZER]
        self.client.update(_CONTENTS, {**content, "metadata": {**metadata, "finalizers": left}})

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._due.clear()

    def dump_private(self) -> Obj:
        return {"due": self._due}

    def load_private(self, state: Obj) -> None:
        self._due = dict(state["due"])
