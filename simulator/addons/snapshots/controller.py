"""snapshot-controller: binds a VolumeSnapshot to a VolumeSnapshotContent, which the driver's csi-snapshotter fills.

Follows kubernetes-csi/external-snapshotter, `pkg/common-controller/snapshot_controller.go` (v8). Promises: a snapshot of a claim gets a content
of its own, `snapcontent-<uid>`; with the policy Delete the content goes with the snapshot, and the driver's data with the content.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulator.addons.snapshots.definitions import GROUP
from simulator.client import Controller
from simulator.engine.plain import Obj
from simulator.machinery.claims import annotations, is_bound

_SNAPSHOTS, _CONTENTS = f"volumesnapshots.{GROUP}", f"volumesnapshotcontents.{GROUP}"
_CLASSES = f"volumesnapshotclasses.{GROUP}"
_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"
_DEFAULT = "snapshot.storage.kubernetes.io/is-default-class"
_BOUND = "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection"
_AS_SOURCE = "snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection"
_CONTENT_BOUND = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection"
_BEING_DELETED = "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted"
_RETRY_US = 5_000_000


class SnapshotController(Controller):
    name: ClassVar[str] = "snapshot-controller"
    watches: ClassVar[Mapping[str, str]] = {_SNAPSHOTS: "on_snapshot", _CONTENTS: "on_content"}
    writes = (_SNAPSHOTS, _CONTENTS, "events")

    def on_snapshot(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self.enqueue(f"{new['metadata']['namespace']}/{new['metadata']['name']}")

    def on_content(self, old: Obj | None, new: Obj | None) -> None:
        content = new if new is not None else old
        assert content is not None
        about = content["spec"]["volumeSnapshotRef"]
        self.enqueue(f"{about.get('namespace', '')}/{about.get('name', '')}")

    def reconcile(self, key: str) -> None:
        namespace, _, name = key.partition("/")
        snapshot = self.cache.get(_SNAPSHOTS, namespace, name)
        if snapshot is None:
            return
        if "deletionTimestamp" in snapshot["metadata"]:
            self._delete(snapshot)
            return
        content = self.cache.get(_CONTENTS, "", self._content_name(snapshot))
        if content is None:
            self._make_content(key, snapshot)
        else:
            self._tell(snapshot, content)

    def _content_name(self, snapshot: Obj) -> str:
        given = snapshot["spec"]["source"].get("volumeSnapshotContentName")
        return str(given or f"snapcontent-{snapshot['metadata']['uid']}")

    # Making

    def _make_content(self, key: str, snapshot: Obj) -> None:
        if snapshot["spec"]["source"].get("volumeSnapshotContentName"):
            self._fail(key, snapshot, "SnapshotContentMissing", "VolumeSnapshotContent is missing")
            return
        volume = self._volume(key, snapshot)
        if volume is None:
            return
        storage_class = self._class(snapshot, volume)
        if storage_class is None:
            name = snapshot["spec"].get("volumeSnapshotClassName", "")
            why = f'Failed to get snapshot class with error volumesnapshotclass.{GROUP} "{name}" not found'
            missing = (
                why if name else "Failed to set default snapshot class with error cannot find default snapshot class"
            )
            self._fail(key, snapshot, "GetSnapshotClassFailed" if name else "SetDefaultSnapshotClassFailed", missing)
            return
        snapshot = self._hold(snapshot, storage_class)
        self.client.create(_CONTENTS, self._content(snapshot, volume, storage_class))
        where = f"{snapshot['metadata']['namespace']}/{snapshot['metadata']['name']}"
        message = f"Waiting for a snapshot {where} to be created by the CSI driver."
        self.client.event(snapshot, "Normal", "CreatingSnapshot", message, source=self.name)

    def _volume(self, key: str, snapshot: Obj) -> Obj | None:
        """The volume of the claim that is to be kept; None is told and tried again."""
        namespace, name = snapshot["metadata"]["namespace"], snapshot["spec"]["source"]["persistentVolumeClaimName"]
        found = [one for one in self.client.list(_CLAIMS, namespace) if one["metadata"]["name"] == name]
        lead = "Failed to create snapshot content with error "
        if not found:
            why = f"snapshot controller failed to update {name} on API server: cannot get claim from snapshot"
            self._fail(key, snapshot, "SnapshotContentCreationFailed", lead + why)
            return None
        if not is_bound(found[0]):
            why = f"the PVC {name} is not yet bound to a PV, will not attempt to take a snapshot"
            self._fail(key, snapshot, "SnapshotContentCreationFailed", lead + why)
            return None
        volume = self.client.get(_VOLUMES, "", found[0]["spec"]["volumeName"])
        if "csi" not in volume["spec"]:
            why = f"cannot find CSI PersistentVolumeSource for volume {volume['metadata']['name']}"
            self._fail(key, snapshot, "SnapshotContentCreationFailed", lead + why)
            return None
        return volume

    def _class(self, snapshot: Obj, volume: Obj) -> Obj | None:
        classes = {one["metadata"]["name"]: one for one in self.client.list(_CLASSES)}
        if name := snapshot["spec"].get("volumeSnapshotClassName"):
            return classes.get(name)
        driver = volume["spec"]["csi"]["driver"]
        marked = [
            one for one in classes.values() if annotations(one).get(_DEFAULT) == "true" and one["driver"] == driver
        ]
        return marked[0] if len(marked) == 1 else None

    def _hold(self, snapshot: Obj, storage_class: Obj) -> Obj:
        metadata = snapshot["metadata"]
        held = metadata.get("finalizers") or []
        wanted = [*held, *(one for one in (_AS_SOURCE, _BOUND) if one not in held)]
        spec = {**snapshot["spec"], "volumeSnapshotClassName": storage_class["metadata"]["name"]}
        return self.client.update(
            _SNAPSHOTS, {**snapshot, "metadata": {**metadata, "finalizers": wanted}, "spec": spec}
        )

    def _content(self, snapshot: Obj, volume: Obj, storage_class: Obj) -> Obj:
        metadata = snapshot["metadata"]
        about = {
            "apiVersion": snapshot["apiVersion"],
            "kind": "VolumeSnapshot",
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        }
        return {
            "apiVersion": f"{GROUP}/v1",
            "kind": "VolumeSnapshotContent",
            "metadata": {"name": f"snapcontent-{metadata['uid']}", "finalizers": [_CONTENT_BOUND]},
            "spec": {
                "deletionPolicy": storage_class["deletionPolicy"],
                "driver": storage_class["driver"],
                "source": {"volumeHandle": volume["spec"]["csi"]["volumeHandle"]},
                "sourceVolumeMode": volume["spec"].get("volumeMode") or "Filesystem",
                "volumeSnapshotClassName": storage_class["metadata"]["name"],
                "volumeSnapshotRef": about,
            },
        }

    # Telling

    def _tell(self, snapshot: Obj, content: Obj) -> None:
        """What became of the content shows in the snapshot."""
        made, before = content.get("status") or {}, snapshot.get("status") or {}
        status: Obj = {
            "boundVolumeSnapshotContentName": content["metadata"]["name"],
            "readyToUse": bool(made.get("readyToUse")),
        }
        if made.get("snapshotHandle"):
            status["creationTime"] = self.engine.timestamp(
                int(made["creationTime"]) // 1_000 - self.engine.epoch_s * 1_000_000
            )
            status["restoreSize"] = str(made["restoreSize"])
        if made.get("error"):
            status["error"] = made["error"]
        if status == before:
            return
        where = f"{snapshot['metadata']['namespace']}/{snapshot['metadata']['name']}"
        fresh = self.client.update_status(_SNAPSHOTS, {**snapshot, "status": status})
        if "creationTime" in status and "creationTime" not in before:
            message = f"Snapshot {where} was successfully created by the CSI driver."
            self.client.event(fresh, "Normal", "SnapshotCreated", message, source=self.name)
        if status["readyToUse"] and not before.get("readyToUse"):
            self.client.event(fresh, "Normal", "SnapshotReady", f"Snapshot {where} is ready to use.", source=self.name)

    def _fail(self, key: str, snapshot: Obj, reason: str, message: str) -> None:
        error = {"message": message, "time": self.engine.timestamp()}
        if ((snapshot.get("status") or {}).get("error") or {}).get("message") != message:
            self.client.event(snapshot, "Warning", reason, message, source=self.name)
            status = {**(snapshot.get("status") or {}), "error": error, "readyToUse": False}
            self.client.update_status(_SNAPSHOTS, {**snapshot, "status": status})
        self.enqueue(key, _RETRY_US)

    # Deleting

    def _delete(self, snapshot: Obj) -> None:
        metadata = snapshot["metadata"]
        content = self.cache.get(_CONTENTS, "", self._content_name(snapshot))
        if content is not None and content["spec"]["deletionPolicy"] == "Delete":
            held = content["metadata"].get("finalizers") or []
            if _BEING_DELETED not in annotations(content):
                marked = {**annotations(content), _BEING_DELETED: "yes"}
                self.client.update(_CONTENTS, {**content, "metadata": {**content["metadata"], "annotations": marked}})
                return
            if "deletionTimestamp" not in content["metadata"]:
                self.client.delete(_CONTENTS, "", content["metadata"]["name"])
                return
            if held:
                return
        left = [one for one in metadata.get("finalizers") or () if one not in (_BOUND, _AS_SOURCE)]
        if left != (metadata.get("finalizers") or []):
            self.client.update(_SNAPSHOTS, {**snapshot, "metadata": {**metadata, "finalizers": left}})
