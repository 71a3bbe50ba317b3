"""snapshot-controller: binds a VolumeSnapshot to a VolumeSnapshotContent, which the driver's csi-snapshotter fills.

Follows kubernetes-csi/external-snapshotter, `pkg/common-controller/snapshot_controller.go` (v8). Promises: a snapshot of a claim gets a
content of its own, `snapcontent-<uid>`, one by hand is bound to the content it names; the claim is held until the snapshot is ready; with
the policy Delete the content goes with the snapshot, and the driver's data with the content. What fails is tried again after waits that
double.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulator.addons.snapshots.definitions import GROUP
from simulator.addons.snapshots.sources import CONTENTS, SNAPSHOTS, Missing, Sources
from simulator.client import Client, Controller, Process
from simulator.engine.plain import Obj
from simulator.machinery.claims import annotations

_BOUND = "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection"
_AS_SOURCE = "snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection"
_CONTENT_BOUND = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection"
_BEING_DELETED = "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted"
_RETRY_US, _RETRY_MAX_US = 1_000_000, 300_000_000
#: The informers list everything anew this often (`--resync-period`).
_RESYNC_US = 900_000_000


class SnapshotController(Controller):
    name: ClassVar[str] = "snapshot-controller"
    watches: ClassVar[Mapping[str, str]] = {SNAPSHOTS: "on_snapshot", CONTENTS: "on_content"}
    writes = (SNAPSHOTS, CONTENTS, "persistentvolumeclaims", "events")

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._sources = Sources(client, process.cache)
        self._failures: dict[str, int] = {}

    def on_snapshot(self, old: Obj | None, new: Obj | None) -> None:
        """Looked at anew but for the errors that it wrote itself."""
        if new is not None and (old is None or _looks(old) != _looks(new)):
            self.enqueue(f"{new['metadata']['namespace']}/{new['metadata']['name']}")

    def on_content(self, old: Obj | None, new: Obj | None) -> None:
        content = new if new is not None else old
        assert content is not None
        about = content["spec"]["volumeSnapshotRef"]
        self.enqueue(f"{about.get('namespace', '')}/{about.get('name', '')}")

    def reconcile(self, key: str) -> None:
        namespace, _, name = key.partition("/")
        snapshot = self.cache.get(SNAPSHOTS, namespace, name)
        if snapshot is None:
            self._failures.pop(key, None)
            return
        is_ending = "deletionTimestamp" in snapshot["metadata"]
        try:
            classed = self._sources.with_class(snapshot)
        except Missing as why:
            self._fail(key, snapshot, why)
            if not (is_ending and why.reason == "GetSnapshotClassFailed"):
                return
            classed = snapshot
        if classed is not snapshot:
            snapshot = self.client.update(SNAPSHOTS, classed)
        try:
            self._sync(key, snapshot, is_ending=is_ending)
        except Missing as why:
            self._fail(key, snapshot, why)
        else:
            self._failures.pop(key, None)

    def _sync(self, key: str, snapshot: Obj, *, is_ending: bool) -> None:
        self._hold_content(snapshot)
        self._sources.release_claim(snapshot)
        if is_ending and not self._sources.is_held_by(snapshot):
            self._delete(key, snapshot)
            return
        try:
            content = self._content_of(snapshot)
        except Missing as why:
            self._say(
                snapshot, "Warning", "SnapshotFinalizerError", f"Failed to check and update snapshot: {why.inner}"
            )
            raise
        snapshot = self._hold(snapshot, content)
        status = snapshot.get("status") or {}
        if status.get("readyToUse") and status.get("boundVolumeSnapshotContentName"):
            self._check_ready(snapshot, str(status["boundVolumeSnapshotContentName"]))
            return
        if content is None:
            content = self._make_content(snapshot)
        elif _named(snapshot):
            content = self._bind(snapshot, content)
        self._tell(snapshot, content)

    # Contents

    def _content_of(self, snapshot: Obj) -> Obj | None:
        """The content that belongs to the snapshot, when there is one (`get…ContentFromStore`)."""
        name, where = _named(snapshot) or _content_name(snapshot), "/".join(_key(snapshot))
        content = self.cache.get(CONTENTS, "", name)
        if content is None:
            return None
        is_by_hand = bool(_named(snapshot))
        wanted, given = "pre-provisioned", "dynamically provisioned"
        if not is_by_hand:
            wanted, given = given, wanted
        if ("snapshotHandle" if is_by_hand else "volumeHandle") not in content["spec"]["source"]:
            about = "" if is_by_hand else f" {name}"
            inner = f"snapshot {where} expects a {wanted} VolumeSnapshotContent {name} but gets a {given} one"
            text = f"VolumeSnapshotContent{about} is {given} while expecting a {wanted} one"
            raise Missing("SnapshotContentMismatch", text, inner)
        if not _points_to(content, snapshot, may_lack_uid=is_by_hand):
            text = f"VolumeSnapshotContent [{name}] is bound to a different snapshot"
            raise Missing("SnapshotContentMisbound", text, text)
        return content

    def _check_ready(self, snapshot: Obj, name: str) -> None:
        """`syncReadySnapshot`; nobody tries again what is found here."""
        content = self.cache.get(CONTENTS, "", name)
        if content is None:
            self._tell_error(snapshot, "SnapshotContentMissing", "VolumeSnapshotContent is missing")
        elif not _points_to(content, snapshot):
            text = "VolumeSnapshotContent is not bound to the VolumeSnapshot correctly"
            self._tell_error(snapshot, "SnapshotMisbound", text)

    def _make_content(self, snapshot: Obj) -> Obj:
        if _named(snapshot):
            raise Missing("SnapshotContentMissing", "VolumeSnapshotContent is missing")
        self._sources.hold_claim(snapshot)
        volume, storage_class = self._sources.volume_and_class(snapshot)
        content = self.client.create(CONTENTS, self._content(snapshot, volume, storage_class))
        message = f"Waiting for a snapshot {'/'.join(_key(snapshot))} to be created by the CSI driver."
        self._say(snapshot, "Normal", "CreatingSnapshot", message)
        return content

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
            "metadata": {"name": _content_name(snapshot), "finalizers": [_CONTENT_BOUND]},
            "spec": {
                "deletionPolicy": storage_class["deletionPolicy"],
                "driver": storage_class["driver"],
                "source": {"volumeHandle": volume["spec"]["csi"]["volumeHandle"]},
                "sourceVolumeMode": volume["spec"].get("volumeMode") or "Filesystem",
                "volumeSnapshotClassName": storage_class["metadata"]["name"],
                "volumeSnapshotRef": about,
            },
        }

    def _bind(self, snapshot: Obj, content: Obj) -> Obj:
        """A content by hand learns which snapshot it is (`checkandBindSnapshotContent`)."""
        spec = content["spec"]
        about, name = spec["volumeSnapshotRef"], snapshot["spec"].get("volumeSnapshotClassName")
        if about.get("uid") and spec.get("volumeSnapshotClassName") is not None:
            return content
        fresh = {**spec, "volumeSnapshotRef": {**about, "uid": snapshot["metadata"]["uid"]}}
        if name is not None:
            fresh["volumeSnapshotClassName"] = name
        return content if fresh == spec else self.client.update(CONTENTS, {**content, "spec": fresh})

    # Finalizers

    def _hold_content(self, snapshot: Obj) -> None:
        """`syncContent` of a content that points here."""
        content = self.cache.get(CONTENTS, "", _named(snapshot) or _content_name(snapshot))
        if content is None or not _points_to(content, snapshot) or "deletionTimestamp" in content["metadata"]:
            return
        held = content["metadata"].get("finalizers") or []
        if _CONTENT_BOUND not in held:
            metadata = {**content["metadata"], "finalizers": [*held, _CONTENT_BOUND]}
            self.client.update(CONTENTS, {**content, "metadata": metadata})

    def _hold(self, snapshot: Obj, content: Obj | None) -> Obj:
        metadata = snapshot["metadata"]
        held, wanted = metadata.get("finalizers") or [], [_AS_SOURCE]
        if content is not None and content["spec"]["deletionPolicy"] == "Delete":
            wanted.append(_BOUND)
        missing = [one for one in wanted if one not in held]
        if not missing or "deletionTimestamp" in metadata:
            return snapshot
        return self.client.update(SNAPSHOTS, {**snapshot, "metadata": {**metadata, "finalizers": [*held, *missing]}})

    # Telling

    def _tell(self, snapshot: Obj, content: Obj) -> None:
        """What became of the content shows in the snapshot (`updateSnapshotStatus`)."""
        made, before = content.get("status") or {}, snapshot.get("status") or {}
        status: Obj = {**before, "readyToUse": bool(made.get("readyToUse"))}
        status.setdefault("boundVolumeSnapshotContentName", content["metadata"]["name"])
        if "creationTime" in made:
            since_us = int(made["creationTime"]) // 1_000 - self.engine.epoch_s * 1_000_000
            status.setdefault("creationTime", self.engine.timestamp(since_us))
        if "restoreSize" in made:
            status.setdefault("restoreSize", str(made["restoreSize"]))
        if made.get("error"):
            status["error"] = made["error"]
        elif status["readyToUse"]:
            status.pop("error", None)
        if status == before:
            return
        where = "/".join(_key(snapshot))
        fresh = self.client.update_status(SNAPSHOTS, {**snapshot, "status": status})
        if "creationTime" in status and "creationTime" not in before:
            self._say(
                fresh, "Normal", "SnapshotCreated", f"Snapshot {where} was successfully created by the CSI driver."
            )
        if status["readyToUse"] and not before.get("readyToUse"):
            self._say(fresh, "Normal", "SnapshotReady", f"Snapshot {where} is ready to use.")

    def _fail(self, key: str, snapshot: Obj, why: Missing) -> None:
        self._tell_error(snapshot, why.reason, str(why))
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.enqueue(key, min(_RETRY_US << min(failures, 20), _RETRY_MAX_US))

    def _tell_error(self, snapshot: Obj, reason: str, message: str) -> None:
        snapshot = self.cache.get(SNAPSHOTS, *_key(snapshot)) or snapshot
        if ((snapshot.get("status") or {}).get("error") or {}).get("message") == message:
            return
        error = {"message": message, "time": self.engine.timestamp()}
        status = {**(snapshot.get("status") or {}), "error": error, "readyToUse": False}
        fresh = self.client.get(SNAPSHOTS, *_key(snapshot))
        self._say(self.client.update_status(SNAPSHOTS, {**fresh, "status": status}), "Warning", reason, message)

    def _say(self, about: Obj, type: str, reason: str, message: str) -> None:
        self.client.event(about, type, reason, message, source=self.name)

    # Deleting

    def _delete(self, key: str, snapshot: Obj) -> None:
        """`checkandRemoveSnapshotFinalizersAndCheckandDeleteContent`."""
        metadata = snapshot["metadata"]
        if not any(one in (metadata.get("finalizers") or ()) for one in (_AS_SOURCE, _BOUND)):
            return
        bound = (snapshot.get("status") or {}).get("boundVolumeSnapshotContentName")
        content = self.cache.get(CONTENTS, "", str(bound or _content_name(snapshot)))
        if content is not None and not _points_to(content, snapshot):
            content = None
        if content is not None and self._sources.is_being_restored(snapshot):
            self._say(snapshot, "Warning", "SnapshotDeletePending", "Snapshot is being used to restore a PVC")
            self.enqueue(key, _RESYNC_US - self.engine.now % _RESYNC_US)
            return
        goes_along = content is not None and content["spec"]["deletionPolicy"] == "Delete"
        if content is not None and _BEING_DELETED not in annotations(content):
            marked = {**annotations(content), _BEING_DELETED: "yes"}
            self.client.update(CONTENTS, {**content, "metadata": {**content["metadata"], "annotations": marked}})
        if content is not None and goes_along and "deletionTimestamp" not in content["metadata"]:
            self.client.delete(CONTENTS, "", content["metadata"]["name"])
        gone = (_AS_SOURCE,) if goes_along else (_AS_SOURCE, _BOUND)
        left = [one for one in metadata.get("finalizers") or () if one not in gone]
        if left != (metadata.get("finalizers") or []):
            self.client.update(SNAPSHOTS, {**snapshot, "metadata": {**metadata, "finalizers": left}})

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._failures.clear()

    def dump_private(self) -> Obj:
        return {"failures": self._failures}

    def load_private(self, state: Obj) -> None:
        self._failures = dict(state["failures"])


def _key(snapshot: Obj) -> tuple[str, str]:
    return snapshot["metadata"]["namespace"], snapshot["metadata"]["name"]


def _looks(snapshot: Obj) -> tuple[object, ...]:
    """What a snapshot is looked at again for: not the error that was just written."""
    metadata, status = snapshot["metadata"], dict(snapshot.get("status") or {})
    status.pop("error", None)
    marks = (metadata.get("finalizers"), metadata.get("deletionTimestamp"), metadata.get("annotations"))
    return (*marks, snapshot["spec"], status or {"readyToUse": False})


def _named(snapshot: Obj) -> str:
    return str(snapshot["spec"]["source"].get("volumeSnapshotContentName") or "")


def _content_name(snapshot: Obj) -> str:
    return f"snapcontent-{snapshot['metadata']['uid']}"


def _points_to(content: Obj, snapshot: Obj, *, may_lack_uid: bool = False) -> bool:
    about, metadata = content["spec"]["volumeSnapshotRef"], snapshot["metadata"]
    if (about.get("namespace"), about.get("name")) != (metadata["namespace"], metadata["name"]):
        return False
    return about.get("uid") == metadata["uid"] or (may_lack_uid and not about.get("uid"))
