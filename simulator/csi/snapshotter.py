"""csi-snapshotter: makes and deletes the driver's snapshots that VolumeSnapshotContents ask for.

Follows kubernetes-csi/external-snapshotter, `pkg/sidecar-controller/` (v8). Promises: a snapshot of the driver is deleted only when the
VolumeSnapshot is (an annotation says so), and before its content; what fails is tried again after waits that double. Hears nothing in a
cluster without the kinds.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import ClassVar

from simulator.client import Client, Process
from simulator.csi.backend import Files, Refused
from simulator.csi.sidecar import Sidecar
from simulator.engine.plain import Obj
from simulator.machinery.claims import annotations, handle_of, volume_bytes

_CONTENTS, _VOLUMES = "volumesnapshotcontents.snapshot.storage.k8s.io", "persistentvolumes"
_CLASSES = "volumesnapshotclasses.snapshot.storage.k8s.io"
_FINALIZER = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection"
_BEING_DELETED = "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted"
_BEING_CREATED = "snapshot.storage.kubernetes.io/volumesnapshot-being-created"
_TAKES_US = (2_000_000, 5_000_000)
#: Answers after which a snapshot may still be in the making (`isFinalError`).
_UNCERTAIN = ("", "Canceled", "DeadlineExceeded", "Unavailable", "ResourceExhausted", "Aborted")


class ExternalSnapshotter(Sidecar):
    name: ClassVar[str] = "external-snapshotter"
    watches: ClassVar[Mapping[str, str]] = {_CONTENTS: "on_content"}
    writes = (_CONTENTS, "events")

    def __init__(self, process: Process, client: Client, driver: str, files: Files) -> None:
        super().__init__(process, client)
        self._driver = driver
        self._files = files

    def on_content(self, old: Obj | None, new: Obj | None) -> None:
        """Not for what it wrote itself about a failure."""
        if new is not None and new["spec"]["driver"] == self._driver and (old is None or _looks(old) != _looks(new)):
            self.enqueue(new["metadata"]["name"])

    def reconcile(self, key: str) -> None:
        content = self.cache.get(_CONTENTS, "", key)
        if content is None:
            self._forget(key)
        elif _should_delete(content):
            self._delete(key, content)
        elif not (content.get("status") or {}).get("readyToUse"):
            self._make(key, content)

    # Making

    def _make(self, key: str, content: Obj) -> None:
        source = content["spec"]["source"]
        if "snapshotHandle" in source:
            self._put_status(content, self._made(source["snapshotHandle"], 0))
            return
        try:
            volume = self._volume(content)
            if not self._waited(key, content):
                return
            content = self._mark(self.client.get(_CONTENTS, "", key), "yes")
            handle = f"snap-0{blake2b(key.encode(), digest_size=8).hexdigest()}"
            self._take(volume, handle)
        except Refused as refused:
            self._fail(key, content, refused)
            return
        self._forget(key)
        self._mark(self._put_status(content, self._made(handle, volume_bytes(volume))), None)

    def _volume(self, content: Obj) -> Obj:
        """Raises Refused: no class, or no such disk."""
        name, handle = content["spec"].get("volumeSnapshotClassName"), content["spec"]["source"]["volumeHandle"]
        lead = f"failed to get input parameters to create snapshot for content {content['metadata']['name']}: "
        if name is None:
            raise Refused(f'{lead}"failed to take snapshot {content["metadata"]["name"]} without a snapshot class"')
        if all(one["metadata"]["name"] != name for one in self.client.list(_CLASSES)):
            raise Refused(f'{lead}"volumesnapshotclass.snapshot.storage.k8s.io \\"{name}\\" not found"')
        for volume in self.client.list(_VOLUMES):
            if handle_of(volume) == (self._driver, handle):
                return volume
        raise Refused(
            f'failed to take snapshot of the volume {handle}: "rpc error: code = NotFound desc = the volume does not exist"'
        )

    def _take(self, volume: Obj, handle: str) -> None:
        try:
            self._files.keep(volume, handle)
        except Refused as refused:
            source = volume["spec"]["csi"]["volumeHandle"]
            why = refused.message.replace('"', '\\"')
            raise Refused(f'failed to take snapshot of the volume {source}: "{why}"') from refused

    def _made(self, handle: str, size: int) -> Obj:
        at_ns = (self.engine.epoch_s * 1_000_000 + self.engine.now) * 1_000
        return {"snapshotHandle": handle, "creationTime": at_ns, "readyToUse": True, "restoreSize": size}

    def _fail(self, key: str, content: Obj, refused: Refused) -> None:
        """`createSnapshot` the first time, `checkandUpdateContentStatus` from then on."""
        if not any(f"code = {code} " in refused.message for code in _UNCERTAIN[1:]):
            content = self._mark(self.client.get(_CONTENTS, "", key), None)
        reason, lead = "SnapshotCreationFailed", "Failed to create snapshot: "
        if content.get("status"):
            reason, lead = "SnapshotContentCheckandUpdateFailed", "Failed to check and update snapshot content: "
        message = lead + refused.message
        if ((content.get("status") or {}).get("error") or {}).get("message") != message:
            error = {"message": message, "time": self.engine.timestamp()}
            content = self._put_status(content, {**(content.get("status") or {}), "error": error, "readyToUse": False})
            self._say(content, reason, message)
        self._try_later(key)

    def _mark(self, content: Obj, value: str | None) -> Obj:
        """While the driver is at it (`setAnnVolumeSnapshotBeingCreated`)."""
        marks = dict(annotations(content))
        if marks.get(_BEING_CREATED) == value:
            return content
        if value is None:
            del marks[_BEING_CREATED]
        else:
            marks[_BEING_CREATED] = value
        return self.client.update(_CONTENTS, {**content, "metadata": {**content["metadata"], "annotations": marks}})

    def _put_status(self, content: Obj, status: Obj) -> Obj:
        return self.client.update_status(_CONTENTS, {**content, "status": status})

    # Deleting

    def _delete(self, key: str, content: Obj) -> None:
        """The driver's snapshot first, then the content is let go."""
        status = content.get("status") or {}
        if content["spec"]["deletionPolicy"] == "Delete" and status.get("snapshotHandle"):
            try:
                self._files.forget(status["snapshotHandle"])
            except Refused:
                self._say(content, "SnapshotDeleteError", "Failed to delete snapshot")
                self._try_later(key)
                return
            made = ("snapshotHandle", "readyToUse", "creationTime", "restoreSize")
            self._put_status(content, {field: value for field, value in status.items() if field not in made})
            return
        self._forget(key)
        metadata = content["metadata"]
        if _FINALIZER in (metadata.get("finalizers") or ()):
            left = [one for one in metadata["finalizers"] if one != _FINALIZER]
            self.client.update(_CONTENTS, {**content, "metadata": {**metadata, "finalizers": left}})

    # Time

    def _waited(self, key: str, content: Obj) -> bool:
        due = self._due.get(key)
        if due is None:
            self._mark(content, "yes")
            low, high = (0, 1) if self.engine.profile.name == "instant" else _TAKES_US
            takes = max(self.engine.rng("csi").between(low, high), 1)
            self._due[key] = self.engine.now + takes
            self.enqueue(key, takes)
            return False
        if self.engine.now < due:
            return False
        del self._due[key]
        return True

    def _say(self, content: Obj, reason: str, message: str) -> None:
        self.client.event(content, "Warning", reason, message, source=f"csi-snapshotter {self._driver}")


def _looks(content: Obj) -> tuple[object, ...]:
    metadata, status, marks = content["metadata"], content.get("status") or {}, dict(annotations(content))
    if "deletionTimestamp" not in metadata:
        marks.pop(_BEING_CREATED, None)
    known = (metadata.get("deletionTimestamp"), metadata.get("finalizers"), marks)
    return (*known, content["spec"], status.get("snapshotHandle"))


def _should_delete(content: Obj) -> bool:
    """`shouldDelete`: a content that somebody deletes by itself waits for its VolumeSnapshot to be deleted."""
    if "deletionTimestamp" not in content["metadata"]:
        return False
    if "snapshotHandle" in content["spec"]["source"] and not content["spec"]["volumeSnapshotRef"].get("uid"):
        return True
    marks = annotations(content)
    return _BEING_CREATED not in marks and _BEING_DELETED in marks
