"""What a snapshot is made of: its claim, the volume, the class; and the finalizer that holds the claim meanwhile.

Follows kubernetes-csi/external-snapshotter, `pkg/common-controller/snapshot_controller.go` (v8): getCreateSnapshotInput,
SetDefaultSnapshotClass, ensurePVCFinalizer, checkandRemovePVCFinalizer. Promises: what is missing is `Missing`, with the event's reason.
"""

from simulator.addons.snapshots.definitions import GROUP
from simulator.client import Client
from simulator.client.cache import Cache
from simulator.engine.plain import Obj
from simulator.machinery.claims import annotations, class_name

SNAPSHOTS, CONTENTS = f"volumesnapshots.{GROUP}", f"volumesnapshotcontents.{GROUP}"
_CLASSES = f"volumesnapshotclasses.{GROUP}"
_CLAIMS, _VOLUMES, _STORAGE_CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"
_DEFAULT = "snapshot.storage.kubernetes.io/is-default-class"
_CLAIM_FINALIZER = "snapshot.storage.kubernetes.io/pvc-as-source-protection"


class Missing(Exception):
    """Why a snapshot cannot be made now."""

    def __init__(self, reason: str, message: str, inner: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.inner = inner
        """What the error itself says, when the event says it in other words."""


class Sources:
    def __init__(self, client: Client, cache: Cache) -> None:
        self._client = client
        self._cache = cache

    # The class

    def with_class(self, snapshot: Obj) -> Obj:
        """The snapshot, with the default class when it names none. Raises Missing (`checkAndUpdateSnapshotClass`)."""
        name = snapshot["spec"].get("volumeSnapshotClassName")
        if name is not None:
            if name not in self._classes():
                why = f'volumesnapshotclass.{GROUP} "{name}" not found'
                raise Missing("GetSnapshotClassFailed", f"Failed to get snapshot class with error {why}")
            return snapshot
        if snapshot["spec"]["source"].get("volumeSnapshotContentName"):
            return snapshot
        try:
            found = self._default_class(self._provisioner(snapshot))
        except _Lacking as lacking:
            text = f"Failed to set default snapshot class with error {lacking}"
            raise Missing("SetDefaultSnapshotClassFailed", text) from lacking
        return {**snapshot, "spec": {**snapshot["spec"], "volumeSnapshotClassName": found["metadata"]["name"]}}

    def _classes(self) -> dict[str, Obj]:
        return {one["metadata"]["name"]: one for one in self._client.list(_CLASSES)}

    def _default_class(self, provisioner: str) -> Obj:
        marked = [
            one
            for one in self._classes().values()
            if annotations(one).get(_DEFAULT) == "true" and one["driver"] == provisioner
        ]
        if not marked:
            raise _Lacking("cannot find default snapshot class")
        if len(marked) > 1:
            raise _Lacking(f"{len(marked)} default snapshot classes were found")
        return marked[0]

    def _provisioner(self, snapshot: Obj) -> str:
        """Of the class of the claim, or else of its volume (`getStorageClassFromVolumeSnapshot`)."""
        name = class_name(self._claim(snapshot)) or class_name(self._volume(snapshot))
        if not name:
            raise _Lacking("cannot figure out the snapshot class automatically, please specify one in snapshot spec")
        found = next((one for one in self._client.list(_STORAGE_CLASSES) if one["metadata"]["name"] == name), None)
        if found is None:
            raise _Lacking(f'storageclasses.storage.k8s.io "{name}" not found')
        return str(found["provisioner"])

    # The claim and its volume

    def volume_and_class(self, snapshot: Obj) -> tuple[Obj, Obj]:
        """Raises Missing."""
        name = snapshot["metadata"]["name"]
        try:
            volume = self._volume(snapshot)
        except _Lacking as lacking:
            why = f"failed to get input parameters to create snapshot {name}: {_quoted(str(lacking))}"
            raise _creation_failed(why) from lacking
        if "csi" not in volume["spec"]:
            raise _creation_failed(f"cannot find CSI PersistentVolumeSource for volume {volume['metadata']['name']}")
        return volume, self._classes()[snapshot["spec"]["volumeSnapshotClassName"]]

    def _claim(self, snapshot: Obj) -> Obj:
        name = snapshot["spec"]["source"]["persistentVolumeClaimName"]
        found = self._find_claim(snapshot)
        if found is None:
            missing = _quoted(f'persistentvolumeclaim "{name}" not found')
            raise _Lacking(f"failed to retrieve PVC {name} from the lister: {missing}")
        return found

    def _find_claim(self, snapshot: Obj) -> Obj | None:
        name = snapshot["spec"]["source"].get("persistentVolumeClaimName")
        claims = self._client.list(_CLAIMS, snapshot["metadata"]["namespace"]) if name else ()
        return next((one for one in claims if one["metadata"]["name"] == name), None)

    def _volume(self, snapshot: Obj) -> Obj:
        claim = self._claim(snapshot)
        metadata, name = claim["metadata"], claim["spec"].get("volumeName")
        if (claim.get("status") or {}).get("phase") != "Bound":
            raise _Lacking(f"the PVC {metadata['name']} is not yet bound to a PV, will not attempt to take a snapshot")
        volume = next((one for one in self._client.list(_VOLUMES) if one["metadata"]["name"] == name), None)
        if volume is None:
            missing = _quoted(f'persistentvolumes "{name}" not found')
            raise _Lacking(f"failed to retrieve PV {name} from the API server: {missing}")
        reference = volume["spec"].get("claimRef") or {}
        if any(reference.get(field) != metadata[field] for field in ("name", "namespace", "uid")):
            raise _Lacking("claim in dataSource not bound or invalid")
        return volume

    # Who is held

    def hold_claim(self, snapshot: Obj) -> None:
        """Raises Missing (`ensurePVCFinalizer`)."""
        claim = self._find_claim(snapshot)
        lead = "snapshot controller failed to update {} on API server: {}"
        if claim is None:
            raise _creation_failed(lead.format(snapshot["metadata"]["name"], "cannot get claim from snapshot"))
        metadata = claim["metadata"]
        if "deletionTimestamp" in metadata:
            why = "cannot add finalizer on claim because it is being deleted"
            raise _creation_failed(lead.format(metadata["name"], why))
        held = metadata.get("finalizers") or []
        if _CLAIM_FINALIZER not in held:
            fresh = {**metadata, "finalizers": [*held, _CLAIM_FINALIZER]}
            self._client.update(_CLAIMS, {**claim, "metadata": fresh})

    def release_claim(self, snapshot: Obj) -> None:
        """When no snapshot of it is in the making (`checkandRemovePVCFinalizer`)."""
        if not _is_ready(snapshot) and "deletionTimestamp" not in snapshot["metadata"]:
            return
        claim = self._find_claim(snapshot)
        held = [] if claim is None else claim["metadata"].get("finalizers") or []
        if claim is None or _CLAIM_FINALIZER not in held:
            return
        name, namespace = claim["metadata"]["name"], claim["metadata"]["namespace"]
        others = self._cache.list(SNAPSHOTS, namespace)
        if any(one["spec"]["source"].get("persistentVolumeClaimName") == name and not _is_ready(one) for one in others):
            return
        left = [one for one in held if one != _CLAIM_FINALIZER]
        self._client.update(_CLAIMS, {**claim, "metadata": {**claim["metadata"], "finalizers": left}})

    def is_held_by(self, snapshot: Obj) -> bool:
        """Whether the claim waits for this very snapshot: it is finished before it may go."""
        if _is_ready(snapshot):
            return False
        claim = self._find_claim(snapshot)
        return claim is not None and _CLAIM_FINALIZER in (claim["metadata"].get("finalizers") or ())

    def is_being_restored(self, snapshot: Obj) -> bool:
        """Whether a claim that begins with it has no volume yet (`isVolumeBeingCreatedFromSnapshot`)."""
        for claim in self._client.list(_CLAIMS, snapshot["metadata"]["namespace"]):
            source = claim["spec"].get("dataSource") or {}
            is_its = (source.get("apiGroup"), source.get("kind")) == (GROUP, "VolumeSnapshot")
            if is_its and source["name"] == snapshot["metadata"]["name"]:
                phase = (claim.get("status") or {}).get("phase", "Pending")
                if phase == "Pending":
                    return True
        return False


class _Lacking(Exception):
    """Something that a snapshot is made of is not there."""


def _creation_failed(why: str) -> Missing:
    return Missing("SnapshotContentCreationFailed", f"Failed to create snapshot content with error {why}")


def _quoted(text: str) -> str:
    """As Go's `%q` shows it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _is_ready(snapshot: Obj) -> bool:
    return bool((snapshot.get("status") or {}).get("readyToUse"))
