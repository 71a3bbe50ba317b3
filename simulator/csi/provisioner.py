"""external-provisioner: makes a volume for a claim that waits for one, and deletes the released ones it made.

Follows https://github.com/kubernetes-csi/external-provisioner and sig-storage-lib-external-provisioner (`controller/controller.go`).
Promises: a claim has at most one volume in the making; a failure is told and tried again after 1 s, doubling to 5 min; one that another
node could cure gives the claim back to the scheduler. The StorageClass itself makes nothing: it is only read here.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import ClassVar

from simulator.client import About, Client, Process
from simulator.cloud.storage_flavours import StorageFlavour
from simulator.csi.backend import Backend, Files, Order, Refused
from simulator.csi.class_parameters import check_parameters
from simulator.csi.data_sources import (
    SNAPSHOT_GROUP,
    Clone,
    DataSources,
    Restore,
    cloned_by,
    is_held_and_ending,
    source_of,
)
from simulator.csi.identity import source_of as identity_of
from simulator.csi.sidecar import Sidecar
from simulator.engine.plain import Obj
from simulator.machinery import claims as rules

_CLAIMS, _VOLUMES, _CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"
_ATTACHMENTS = "volumeattachments.storage.k8s.io"
_CLAIM, _VOLUME, _SOURCE = "claim:", "volume:", "source:"
_FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"
_DELETION_SECRET = "volume.kubernetes.io/provisioner-deletion-secret"


class ExternalProvisioner(Sidecar):
    name: ClassVar[str] = "external-provisioner"
    watches: ClassVar[Mapping[str, str]] = {
        _CLAIMS: "on_claim",
        _VOLUMES: "on_volume",
        _CLASSES: "on_other",
        "nodes": "on_other",
        _ATTACHMENTS: "on_attachment",
    }
    writes = (_CLAIMS, _VOLUMES, "events")

    def __init__(
        self, process: Process, client: Client, storage: StorageFlavour, backend: Backend, files: Files
    ) -> None:
        super().__init__(process, client)
        self._storage = storage
        self._backend = backend
        self._files = files
        self._sources = DataSources(client, process.cache, storage.driver, is_csi=storage.is_csi)
        self._source = identity_of(storage, process.engine.seed)

    # What is watched

    def on_claim(self, old: Obj | None, new: Obj | None) -> None:
        claim = new if new is not None else old
        assert claim is not None
        metadata = claim["metadata"]
        if new is not None and self._should_provision(new):
            self.enqueue(f"{_CLAIM}{metadata['namespace']}/{metadata['name']}")
        if new is not None and is_held_and_ending(new):
            self.enqueue(f"{_SOURCE}{metadata['namespace']}/{metadata['name']}")
        elif (source := cloned_by(claim)) is not None:
            self.enqueue(f"{_SOURCE}{metadata['namespace']}/{source}")

    def on_volume(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and self._should_delete(new):
            self.enqueue(_VOLUME + new["metadata"]["name"])

    def on_attachment(self, old: Obj | None, new: Obj | None) -> None:
        """A volume that was still attached may be deleted now."""
        if new is None and old is not None:
            volume = self.cache.get(_VOLUMES, "", old["spec"]["source"].get("persistentVolumeName", ""))
            if volume is not None and self._should_delete(volume):
                self.enqueue(_VOLUME + volume["metadata"]["name"])

    def on_other(self, old: Obj | None, new: Obj | None) -> None:
        """Classes and nodes are read when a volume is made."""

    def _should_provision(self, claim: Obj) -> bool:
        marks = rules.annotations(claim)
        if claim["spec"].get("volumeName") or marks.get(rules.PROVISIONER) != self._storage.driver:
            return False
        if "deletionTimestamp" in claim["metadata"]:
            return False
        storage_class = self.cache.get(_CLASSES, "", rules.class_name(claim))
        if storage_class is None:
            return False
        return not rules.waits_for_consumer(storage_class) or rules.SELECTED_NODE in marks

    def _should_delete(self, volume: Obj) -> bool:
        if rules.annotations(volume).get(rules.PROVISIONED_BY) != self._storage.driver:
            return False
        if volume["spec"].get("persistentVolumeReclaimPolicy") != "Delete":
            return False
        is_ending = "deletionTimestamp" in volume["metadata"]
        if is_ending and _FINALIZER not in (volume["metadata"].get("finalizers") or ()):
            return False
        return (volume.get("status") or {}).get("phase") == "Released"

    def about(self, key: str) -> About:
        if key.startswith(_VOLUME):
            return About(_VOLUMES, "", key.removeprefix(_VOLUME))
        namespace, _, name = key.removeprefix(_CLAIM).removeprefix(_SOURCE).partition("/")
        return About(_CLAIMS, namespace, name)

    def reconcile(self, key: str) -> None:
        if key.startswith(_VOLUME):
            volume = self.cache.get(_VOLUMES, "", key.removeprefix(_VOLUME))
            if volume is not None and self._should_delete(volume):
                self._delete(key, volume)
            return
        if key.startswith(_SOURCE):
            namespace, _, name = key.removeprefix(_SOURCE).partition("/")
            self._sources.let_go(namespace, name)
            return
        namespace, _, name = key.removeprefix(_CLAIM).partition("/")
        claim = self.cache.get(_CLAIMS, namespace, name)
        if claim is None or not self._should_provision(claim):
            self._forget(key)
            return
        self._provision(key, claim)

    # Making

    def _provision(self, key: str, claim: Obj) -> None:
        name = f"pvc-{claim['metadata']['uid']}"
        if self.cache.get(_VOLUMES, "", name) is not None:
            self._forget(key)
            return
        if not self._is_due(key):
            if key not in self._due:
                self._begin(key, claim, name)
            return
        del self._due[key]
        try:
            order, origin = self._prepare(claim, name)
            spec = self._backend.create(order)
        except Refused as refused:
            self._fail(key, claim, refused)
            return
        volume = self.client.create(_VOLUMES, self._volume(claim, name, order.storage_class, spec))
        if origin is not None:
            origin.fill(self._files, volume)
        self._say(claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {name}")
        self._forget(key)

    def _begin(self, key: str, claim: Obj, name: str) -> None:
        """`provisionClaimOperation` until the driver is asked."""
        if claim["spec"].get("volumeMode") == "Block" and not self._storage.is_csi:
            why = f"{self._storage.driver} does not support block volume provisioning"
            self._say(claim, "Warning", "ProvisioningFailed", why)
            return
        chosen = rules.annotations(claim).get(rules.SELECTED_NODE)
        if chosen is not None and self.cache.get("nodes", "", chosen) is None:
            self._say(claim, "Warning", "ProvisioningFailed", f'node "{chosen}" not found')
            self._give_back(key, claim)
            return
        where = f"{claim['metadata']['namespace']}/{claim['metadata']['name']}"
        message = f'External provisioner is provisioning volume for claim "{where}"'
        self._say(claim, "Normal", "Provisioning", message)
        source = source_of(claim)
        if self._storage.is_csi and source and source["kind"] not in ("VolumeSnapshot", "PersistentVolumeClaim"):
            self._say(claim, "Normal", "Provisioning", "Assuming an external populator will provision the volume")
            return
        try:
            self._prepare(claim, name)
        except Refused as refused:
            self._fail(key, claim, refused)
            return
        if source.get("kind") == "PersistentVolumeClaim" and self._storage.is_csi:
            self._sources.hold(claim["metadata"]["namespace"], source["name"])
        self._start(key)

    def _prepare(self, claim: Obj, name: str) -> tuple[Order, Clone | Restore | None]:
        """`prepareProvision`: everything that can be refused before the driver is asked."""
        storage_class = self.cache.get(_CLASSES, "", rules.class_name(claim)) or {}
        source = source_of(claim)
        if source.get("kind") == "VolumeSnapshot" and source.get("apiGroup") != SNAPSHOT_GROUP:
            got = source.get("apiGroup", "")
            raise Refused(f"the PVC source does not belong to the right APIGroup. Expected {SNAPSHOT_GROUP}, Got {got}")
        if claim["spec"].get("selector") is not None:
            raise Refused(
                "claim Selector is not supported" if self._storage.is_csi else "claim.Spec.Selector is not supported"
            )
        if self._storage.is_csi:
            check_parameters(storage_class.get("parameters") or {})
        origin = self._sources.origin(claim)
        return self._order(claim, name, storage_class), origin

    def _order(self, claim: Obj, name: str, storage_class: Obj) -> Order:
        chosen = rules.annotations(claim).get(rules.SELECTED_NODE)
        node = None if chosen is None else self.cache.get("nodes", "", chosen)
        zone = ""
        if self._storage.is_csi:
            zones = [self._zone(node)] if node is not None else self._zones(storage_class)
            if not zones or not zones[0]:
                raise Refused("error generating accessibility requirements: no available topology found")
            zone = zones[_turn(claim["metadata"]["name"]) % len(zones)]
        return Order(claim, name, storage_class, node, zone)

    def _zone(self, node: Obj) -> str:
        return str((node["metadata"].get("labels") or {}).get(self._storage.topology_key, ""))

    def _zones(self, storage_class: Obj) -> list[str]:
        """Where a volume that waits for no pod may be made."""
        known = sorted({zone for node in self.cache.list("nodes") if (zone := self._zone(node))})
        terms = storage_class.get("allowedTopologies") or ()
        allowed = [
            value
            for term in terms
            for one in term.get("matchLabelExpressions") or ()
            if one["key"] == self._storage.topology_key
            for value in one["values"]
        ]
        return [zone for zone in known if zone in allowed] if terms else known

    def _volume(self, claim: Obj, name: str, storage_class: Obj, spec: Obj) -> Obj:
        marks = {rules.PROVISIONED_BY: self._storage.driver}
        metadata: Obj = {"name": name, "annotations": marks}
        if self._storage.is_csi:
            marks.update({f"{_DELETION_SECRET}-name": "", f"{_DELETION_SECRET}-namespace": ""})
            metadata["finalizers"] = [_FINALIZER]
        elif rules.SELECTED_NODE in rules.annotations(claim):
            marks["local.path.provisioner/selected-node"] = rules.annotations(claim)[rules.SELECTED_NODE]
        made = {
            **spec,
            "claimRef": rules.reference_to(claim),
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy") or "Delete",
            "storageClassName": rules.class_name(claim),
            "volumeMode": claim["spec"].get("volumeMode") or "Filesystem",
        }
        if storage_class.get("mountOptions"):
            made["mountOptions"] = storage_class["mountOptions"]
        return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": made}

    def _fail(self, key: str, claim: Obj, refused: Refused) -> None:
        lead = f'failed to provision volume with StorageClass "{rules.class_name(claim)}": '
        self._say(claim, "Warning", "ProvisioningFailed", lead + refused.message)
        # Elsewhere there may be room (`checkError`).
        if refused.code == "ResourceExhausted" and rules.SELECTED_NODE in rules.annotations(claim):
            self._give_back(key, claim)
            return
        self._try_later(key)

    def _give_back(self, key: str, claim: Obj) -> None:
        """The scheduler chooses again; the claim comes back when it has (`rescheduleProvisioning`)."""
        self._forget(key)
        self.client.update(_CLAIMS, rules.with_annotations(claim, {rules.SELECTED_NODE: None}))

    # Deleting

    def _delete(self, key: str, volume: Obj) -> None:
        name = volume["metadata"]["name"]
        for attachment in self.cache.unordered(_ATTACHMENTS):
            if attachment["spec"]["source"].get("persistentVolumeName") == name:
                node = attachment["spec"]["nodeName"]
                message = f"persistentvolume {name} is still attached to node {node}"
                self._say(volume, "Warning", "VolumeFailedDelete", message)
                return
        if not self._is_due(key):
            if key not in self._due:
                self._start(key)
            return
        del self._due[key]
        try:
            self._backend.delete(volume)
        except Refused as refused:
            self._say(volume, "Warning", "VolumeFailedDelete", refused.message)
            self._try_later(key)
            return
        self._files.erase(volume)
        self._forget(key)
        left = [one for one in volume["metadata"].get("finalizers") or () if one != _FINALIZER]
        if len(left) != len(volume["metadata"].get("finalizers") or ()):
            self.client.update(_VOLUMES, {**volume, "metadata": {**volume["metadata"], "finalizers": left}})
        if "deletionTimestamp" not in volume["metadata"]:
            self.client.delete(_VOLUMES, "", name)

    # Time

    def _is_due(self, key: str) -> bool:
        return key in self._due and self.engine.now >= self._due[key]

    def _start(self, key: str) -> None:
        low, high = (0, 0) if self.engine.profile.name == "instant" else self._backend.takes_us
        takes = self.engine.rng("csi").between(low, high) if low != high else low
        self._due[key] = self.engine.now + takes
        self.enqueue(key, takes)

    def _say(self, about: Obj, type: str, reason: str, message: str) -> None:
        self.client.event(about, type, reason, message, source=self._source)


def _turn(name: str) -> int:
    """Claims of a StatefulSet go round the zones by their ordinal, others by a hash of their name."""
    base, dash, ordinal = name.rpartition("-")
    if dash and ordinal.isdigit():
        return _hash(base) + int(ordinal)
    return _hash(name)


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")
