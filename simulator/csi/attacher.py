"""external-attacher: carries VolumeAttachments out, by asking the cloud to connect a disk to a machine.

Follows https://github.com/kubernetes-csi/external-attacher (`pkg/controller/csi_handler.go`): a finalizer on attachment and volume while
the disk may be connected, `status.attached` when it is, `attachError` when it cannot be, detaching on deletion. What can be known
before the cloud is asked (a volume that ends, a node without the driver) is refused before the attachment is held by the finalizer.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import About, Client, Process
from simulator.csi.backend import Backend, Refused
from simulator.csi.identity import finalizer_of
from simulator.csi.sidecar import Sidecar
from simulator.engine.plain import Obj
from simulator.machinery.claims import annotations, unique_name

_VOLUMES, _ATTACHMENTS = "persistentvolumes", "volumeattachments.storage.k8s.io"
_CSI_NODES = "csinodes.storage.k8s.io"
_NODE_ID = "csi.alpha.kubernetes.io/node-id"
_ATTACH_US, _DETACH_US = (1_000_000, 3_000_000), (1_000_000, 2_000_000)


class ExternalAttacher(Sidecar):
    name: ClassVar[str] = "external-attacher"
    watches: ClassVar[Mapping[str, str]] = {
        _ATTACHMENTS: "on_attachment",
        _VOLUMES: "on_volume",
        "nodes": "on_node",
        _CSI_NODES: "on_node",
    }
    writes = (_ATTACHMENTS, _VOLUMES)

    def __init__(self, process: Process, client: Client, driver: str, backend: Backend) -> None:
        super().__init__(process, client)
        self._driver = driver
        self._backend = backend
        self._finalizer = finalizer_of(driver)

    def on_attachment(self, old: Obj | None, new: Obj | None) -> None:
        if new is None or new["spec"]["attacher"] != self._driver or (old is not None and _looks(old) == _looks(new)):
            return
        if "deletionTimestamp" in new["metadata"] or not (new.get("status") or {}).get("attached"):
            self.enqueue(new["metadata"]["name"])

    def on_volume(self, old: Obj | None, new: Obj | None) -> None:
        """A deleted volume is let go when nothing is attached any more."""
        if new is not None and "deletionTimestamp" in new["metadata"]:
            self.enqueue(f"volume:{new['metadata']['name']}")

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        """Nodes and their drivers are read when a disk is attached."""

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
        """`csiAttach`: first what can be checked here, then the finalizers, then the cloud."""
        key = attachment["metadata"]["name"]
        try:
            volume = self._source_of(attachment)
            self._hold(volume)
            if "csi" not in volume["spec"]:
                raise Refused("pv spec contained non-csi source that was not migrated")
            self._check_secret(volume)
            node_id = self._node_id(attachment["spec"]["nodeName"])
            attachment = self._hold_attachment(attachment, node_id)
            if not self._waited(f"{key}/attach", key, _ATTACH_US):
                return
            node = self.cache.get("nodes", "", attachment["spec"]["nodeName"])
            self._backend.attach(volume, node or {"metadata": {"name": node_id}})
        except Refused as refused:
            status = attachment.get("status") or {}
            error = {"message": refused.message, "time": self.engine.timestamp()}
            self._put_status(attachment, {**status, "attached": False, "attachError": error})
            self._try_later(key)
            return
        self._forget(key)
        self._put_status(attachment, {"attached": True, "attachmentMetadata": {"devicePath": _device(volume)}})

    def _source_of(self, attachment: Obj) -> Obj:
        name = attachment["spec"]["source"].get("persistentVolumeName")
        if name is None:
            raise Refused("neither InlineCSIVolumeSource nor PersistentVolumeName specified in VA source")
        volume = self.cache.get(_VOLUMES, "", name)
        if volume is None:
            raise Refused(f'persistentvolume "{name}" not found')
        if "deletionTimestamp" in volume["metadata"] and "deletionTimestamp" not in attachment["metadata"]:
            raise Refused(f'PersistentVolume "{name}" is marked for deletion')
        return volume

    def _check_secret(self, volume: Obj) -> None:
        """`getCredentialsFromPV`."""
        wanted = volume["spec"]["csi"].get("controllerPublishSecretRef")
        if wanted is None:
            return
        namespace, name = wanted.get("namespace", ""), wanted.get("name", "")
        try:
            self.client.get("secrets", namespace, name)
        except StatusError as error:
            raise Refused(f'failed to load secret "{namespace}/{name}": {error.message}') from error

    def _node_id(self, node: str, attachment: Obj | None = None) -> str:
        """`getNodeID`: by the CSINode, and while detaching by what was noted when the disk was attached."""
        found = self.cache.get(_CSI_NODES, "", node)
        for driver in [] if found is None else found["spec"].get("drivers") or ():
            if driver["name"] == self._driver:
                return str(driver["nodeID"])
        noted = annotations(attachment).get(_NODE_ID) if attachment is not None else None
        if noted is not None:
            return noted
        if found is None:
            raise Refused(f'csinode.storage.k8s.io "{node}" not found')
        raise Refused(f"CSINode {node} does not contain driver {self._driver}")

    def _hold_attachment(self, attachment: Obj, node_id: str) -> Obj:
        metadata = attachment["metadata"]
        held, marks = metadata.get("finalizers") or [], annotations(attachment)
        if self._finalizer in held and marks.get(_NODE_ID) == node_id:
            return attachment
        held = held if self._finalizer in held else [*held, self._finalizer]
        fresh = {**metadata, "finalizers": held, "annotations": {**marks, _NODE_ID: node_id}}
        return self.client.update(_ATTACHMENTS, {**attachment, "metadata": fresh})

    def _hold(self, volume: Obj) -> None:
        finalizers = volume["metadata"].get("finalizers") or ()
        if self._finalizer not in finalizers:
            metadata = {**volume["metadata"], "finalizers": [*finalizers, self._finalizer]}
            self.client.update(_VOLUMES, {**volume, "metadata": metadata})

    def _detach(self, attachment: Obj) -> None:
        key, metadata = attachment["metadata"]["name"], attachment["metadata"]
        if self._finalizer not in (metadata.get("finalizers") or ()):
            return
        if not self._waited(f"{key}/detach", key, _DETACH_US):
            return
        try:
            volume = self._source_of(attachment)
            self._node_id(attachment["spec"]["nodeName"], attachment)
            self._backend.detach(volume, attachment["spec"]["nodeName"])
        except Refused as refused:
            error = {"message": refused.message, "time": self.engine.timestamp()}
            self._put_status(attachment, {**(attachment.get("status") or {}), "detachError": error})
            self._try_later(key)
            return
        self._forget(key)
        attachment = self._put_status(attachment, {"attached": False})
        left = [one for one in metadata["finalizers"] if one != self._finalizer]
        self.client.update(_ATTACHMENTS, {**attachment, "metadata": {**attachment["metadata"], "finalizers": left}})
        self.enqueue(f"volume:{volume['metadata']['name']}", 1)

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

    def _put_status(self, attachment: Obj, status: Obj) -> Obj:
        if status == attachment.get("status"):
            return attachment
        return self.client.update_status(_ATTACHMENTS, {**attachment, "status": status})

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

    def _forget(self, key: str) -> None:
        super()._forget(key)
        for step in ("attach", "detach"):
            self._due.pop(f"{key}/{step}", None)


def _looks(attachment: Obj) -> tuple[object, ...]:
    """What a change is worth another look for: not the errors that it wrote itself (`shouldEnqueueVAChange`)."""
    metadata, status = attachment["metadata"], attachment.get("status") or {}
    marks = (metadata.get("finalizers"), metadata.get("annotations"), metadata.get("deletionTimestamp"))
    return (*marks, attachment["spec"], status.get("attached"), status.get("attachmentMetadata"))


def _device(volume: Obj) -> str:
    """A device name that follows from the volume, as the cloud would choose one."""
    return f"/dev/xvd{'abcdefghijklmnopqrstuvwxyz'[sum(unique_name(volume).encode()) % 25 + 1]}a"
