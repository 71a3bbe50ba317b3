"""What a new volume begins with: another claim's files (a clone), or a snapshot's; and why it cannot.

Follows kubernetes-csi/external-provisioner, `pkg/controller/controller.go` (getPVCSource, getSnapshotSource) and `clone_controller.go`: a
claim that was cloned is held by a finalizer, which goes when the claim is deleted and nobody is being made of it any more.
"""

from simulator.client import Client
from simulator.client.cache import Cache
from simulator.csi.backend import Files, Refused
from simulator.engine.plain import Obj
from simulator.machinery import claims as rules
from simulator.machinery import quantities

SNAPSHOT_GROUP = "snapshot.storage.k8s.io"
_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"
_SNAPSHOTS, _CONTENTS = f"volumesnapshots.{SNAPSHOT_GROUP}", f"volumesnapshotcontents.{SNAPSHOT_GROUP}"
_MODE_MAY_CHANGE = "snapshot.storage.kubernetes.io/allow-volume-mode-change"
#: What Go reads as true (`strconv.ParseBool`).
_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_CLONE_FINALIZER = "provisioner.storage.kubernetes.io/cloning-protection"


class DataSources:
    def __init__(self, client: Client, cache: Cache, driver: str, *, is_csi: bool) -> None:
        self._client = client
        self._cache = cache
        self._driver = driver
        self._is_csi = is_csi

    def origin(self, claim: Obj) -> "Clone | Restore | None":
        """What the new volume begins with: another claim's files (a clone), or a snapshot's."""
        source = source_of(claim)
        if not source:
            return None
        if not self._is_csi:
            raise Refused("claim has a data source, which this provisioner does not support")
        look = self._snapshot if source["kind"] == "VolumeSnapshot" else self._clone
        try:
            return look(claim, source["name"])
        except Refused as why:
            kind, name = source["kind"], source["name"]
            raise Refused(f"error getting handle for DataSource Type {kind} by Name {name}: {why.message}") from why

    def _clone(self, claim: Obj, name: str) -> "Clone":
        """`getPVCSource` of external-provisioner."""
        namespace = claim["metadata"]["namespace"]
        found = self._cache.get(_CLAIMS, namespace, name)
        if found is None:
            raise Refused(
                f'error getting PVC {name} (namespace "{namespace}") from api server: persistentvolumeclaim "{name}" not found'
            )
        if not rules.is_bound(found):
            status = f"{{{(found.get('status') or {}).get('phase', 'Pending')} [] map[] [] map[] map[] <nil> <nil>}}"
            raise Refused(f"the PVC DataSource {name} must have a status of Bound.  Got {status}")
        if "deletionTimestamp" in found["metadata"]:
            raise Refused(f"the PVC DataSource {name} is currently being deleted")
        for one, role in ((found, "source"), (claim, "requested")):
            if one["spec"].get("storageClassName") is None:
                raise Refused(f"the {role} PVC ({one['metadata']['name']}) storageclass cannot be empty")
        if rules.asked_bytes(claim) < rules.asked_bytes(found):
            raise Refused(
                "error, new PVC request must be greater than or equal in size to the specified PVC data source, "
                f"requested {rules.asked_bytes(claim)} but source is {rules.asked_bytes(found)}"
            )
        volume = self._cache.get(_VOLUMES, "", found["spec"]["volumeName"])
        handle = None if volume is None else rules.handle_of(volume)
        if volume is None or handle is None or handle[0] != self._driver or not _belongs(volume, found):
            raise Refused("claim in dataSource not bound or invalid")
        wanted, given = (one["spec"].get("volumeMode") or "Filesystem" for one in (claim, volume))
        if wanted != given:
            raise Refused(
                "the source PVC and destination PVCs must have the same volume mode for cloning.  "
                f"Source is {given}, but new PVC requested {wanted}"
            )
        return Clone(volume)

    def _snapshot(self, claim: Obj, name: str) -> "Restore":
        """`getSnapshotSource` of external-provisioner."""
        namespace = claim["metadata"]["namespace"]
        found = next((one for one in self._listed(_SNAPSHOTS, namespace) if one["metadata"]["name"] == name), None)
        if found is None:
            raise Refused(f'error getting snapshot {name} from api server: {_SNAPSHOTS} "{name}" not found')
        if "deletionTimestamp" in found["metadata"]:
            raise Refused(f"snapshot {name} is currently being deleted")
        status = found.get("status") or {}
        bound = status.get("boundVolumeSnapshotContentName")
        content = next((one for one in self._listed(_CONTENTS, None) if one["metadata"]["name"] == bound), None)
        if content is None or content["spec"]["driver"] != self._driver or not _is_of(content, found):
            raise Refused(f"snapshot {name} not bound")
        if not status.get("readyToUse"):
            raise Refused(f"snapshot {name} is not Ready")
        handle = (content.get("status") or {}).get("snapshotHandle")
        if not handle:
            raise Refused(f"snapshot handle {name} is not available")
        asked, kept = rules.asked_bytes(claim), quantities.value(str(status.get("restoreSize") or "0"))
        if asked < kept:
            raise Refused(f"requested volume size {asked} is less than the size {kept} for the source snapshot {name}")
        self._check_mode(claim, content)
        return Restore(handle)

    def _check_mode(self, claim: Obj, content: Obj) -> None:
        """A snapshot of files becomes a raw device, or the other way round, only where an annotation allows it."""
        had, wanted = content["spec"].get("sourceVolumeMode"), claim["spec"].get("volumeMode")
        if had is None or wanted is None or had == wanted:
            return
        where = f"{claim['metadata']['namespace']}/{claim['metadata']['name']}"
        lead = (
            f"requested volume {where} modifies the mode of the source volume but does not have permission to do so. "
        )
        name, marks = content["metadata"]["name"], rules.annotations(content)
        if _MODE_MAY_CHANGE not in marks:
            raise Refused(f"{lead}{_MODE_MAY_CHANGE} annotation is not present on snapshotcontent {name}")
        if marks[_MODE_MAY_CHANGE] not in _TRUE:
            raise Refused(f"{lead}{_MODE_MAY_CHANGE} is set to false on snapshotcontent {name}")

    def _listed(self, resource: str, namespace: str | None) -> list[Obj]:
        return self._client.list(resource, namespace) if self._client.kinds.by_name(resource) is not None else []

    # The claims themselves (`clone_controller.go`)

    def hold(self, namespace: str, name: str) -> None:
        source = self._client.get(_CLAIMS, namespace, name)
        held = source["metadata"].get("finalizers") or []
        if _CLONE_FINALIZER not in held:
            metadata = {**source["metadata"], "finalizers": [*held, _CLONE_FINALIZER]}
            self._client.update(_CLAIMS, {**source, "metadata": metadata})

    def let_go(self, namespace: str, name: str) -> None:
        """A deleted claim stays until nobody is being made of it any more."""
        source = self._cache.get(_CLAIMS, namespace, name)
        if source is None or not is_held_and_ending(source):
            return
        if any(cloned_by(one) == name and _phase(one) == "Pending" for one in self._cache.list(_CLAIMS, namespace)):
            return
        left = [one for one in source["metadata"]["finalizers"] if one != _CLONE_FINALIZER]
        self._client.update(_CLAIMS, {**source, "metadata": {**source["metadata"], "finalizers": left}})


def cloned_by(claim: Obj) -> str | None:
    """The claim that this one begins with."""
    source = claim["spec"].get("dataSource") or {}
    return str(source["name"]) if source.get("kind") == "PersistentVolumeClaim" else None


def _phase(claim: Obj) -> str:
    return str((claim.get("status") or {}).get("phase") or "Pending")


def is_held_and_ending(claim: Obj) -> bool:
    return "deletionTimestamp" in claim["metadata"] and _CLONE_FINALIZER in (claim["metadata"].get("finalizers") or ())


def _belongs(volume: Obj, claim: Obj) -> bool:
    reference, metadata = volume["spec"].get("claimRef") or {}, claim["metadata"]
    is_its = all(reference.get(field) == metadata[field] for field in ("uid", "namespace", "name"))
    return is_its and (volume.get("status") or {}).get("phase") == "Bound"


def _is_of(content: Obj, snapshot: Obj) -> bool:
    about, metadata = content["spec"].get("volumeSnapshotRef") or {}, snapshot["metadata"]
    return all(about.get(field) == metadata[field] for field in ("uid", "namespace", "name"))


def source_of(claim: Obj) -> Obj:
    return claim["spec"].get("dataSource") or claim["spec"].get("dataSourceRef") or {}


class Clone:
    """The new volume begins with the files of another."""

    def __init__(self, volume: Obj) -> None:
        self._volume = volume

    def fill(self, files: Files, target: Obj) -> None:
        files.copy(self._volume, target)


class Restore:
    """The new volume begins with the files of a snapshot."""

    def __init__(self, handle: str) -> None:
        self._handle = handle

    def fill(self, files: Files, target: Obj) -> None:
        files.restore(self._handle, target)
