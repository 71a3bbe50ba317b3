"""What a driver does behind the API: makes, attaches, grows and deletes the real thing.

Two kinds: directories on nodes (`rancher.io/local-path`, `docker.io/hostpath`) and a cloud's disks. Promises: a refusal is `Refused`
in the words that reach the events (`rpc error: code = … desc = …` for CSI drivers).
"""

import re
from dataclasses import dataclass
from typing import Protocol

from simulator.cloud.disks import Disks
from simulator.cloud.errors import CloudRefused
from simulator.cloud.storage_flavours import StorageFlavour
from simulator.engine.plain import Obj
from simulator.machinery.claims import SELECTED_NODE, annotations, asked_bytes

_GIB = 1 << 30
_GRPC = re.compile(r"rpc error: code = (\w+) desc = ")
_CSI_MODES = {
    "ReadWriteOnce": "SINGLE_NODE_WRITER",
    "ReadWriteOncePod": "SINGLE_NODE_SINGLE_WRITER",
    "ReadOnlyMany": "MULTI_NODE_READER_ONLY",
    "ReadWriteMany": "MULTI_NODE_MULTI_WRITER",
}
_LOCAL_MODES = ("ReadWriteOnce", "ReadWriteOncePod")


class Refused(Exception):
    """The driver could not do it, and why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def code(self) -> str:
        """The gRPC code of a driver's answer; "" when none was asked."""
        found = _GRPC.match(self.message)
        return found[1] if found else ""


class Files(Protocol):
    """What lies in volumes; the drivers' data path."""

    def erase(self, volume: Obj) -> None: ...

    def copy(self, source: Obj, target: Obj) -> None: ...

    def keep(self, source: Obj, name: str) -> None:
        """Copies a volume's files under a snapshot's name."""

    def restore(self, name: str, target: Obj) -> None: ...

    def forget(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made."""

    claim: Obj
    name: str
    """The volume's name: `pvc-<uid>` of its claim."""
    storage_class: Obj
    node: Obj | None
    """The node that the scheduler chose, when the class waits for a consumer."""
    zone: str
    """The zone to make it in; "" for directories."""


class Backend(Protocol):
    takes_us: tuple[int, int]

    def create(self, order: Order) -> Obj:
        """The spec of the volume, less what every volume has. Raises Refused."""

    def delete(self, volume: Obj) -> None: ...

    def attach(self, volume: Obj, node: Obj) -> None: ...

    def detach(self, volume: Obj, node: str) -> None: ...

    def grow(self, volume: Obj, size: int) -> None: ...


class NodeDirectories:
    """Directories on a node: nothing is attached, nothing can grow."""

    takes_us = (2_000_000, 4_000_000)

    def __init__(self, storage: StorageFlavour) -> None:
        self._storage = storage

    def create(self, order: Order) -> Obj:
        claim = order.claim
        modes = claim["spec"].get("accessModes") or []
        size = {"storage": claim["spec"]["resources"]["requests"]["storage"]}
        if not self._storage.keeps_node:
            path = f"/var/lib/k8s-pvs/{claim['metadata']['name']}/{order.name}"
            return {"capacity": size, "accessModes": modes, "hostPath": {"path": path, "type": ""}}
        if order.node is None:
            raise Refused("configuration error, no node was specified")
        if any(mode not in _LOCAL_MODES for mode in modes):
            raise Refused("NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes")
        directory = f"{order.name}_{claim['metadata']['namespace']}_{claim['metadata']['name']}"
        hostname = (order.node["metadata"].get("labels") or {}).get(
            "kubernetes.io/hostname", annotations(claim)[SELECTED_NODE]
        )
        return {
            "capacity": size,
            "accessModes": modes,
            "hostPath": {"path": f"/var/local-path-provisioner/{directory}", "type": "DirectoryOrCreate"},
            "nodeAffinity": _affinity("kubernetes.io/hostname", hostname),
        }

    def delete(self, volume: Obj) -> None:
        """The files go with the volume."""

    def attach(self, volume: Obj, node: Obj) -> None:
        raise Refused("directories are not attached")

    def detach(self, volume: Obj, node: str) -> None:
        """There is nothing to detach."""

    def grow(self, volume: Obj, size: int) -> None:
        raise Refused("directories do not grow")


class CloudDisks:
    """Disks of a cloud, each in one zone."""

    takes_us = (2_000_000, 5_000_000)

    def __init__(self, storage: StorageFlavour, disks: Disks) -> None:
        self._storage = storage
        self._disks = disks

    def create(self, order: Order) -> Obj:
        claim = order.claim
        modes = claim["spec"].get("accessModes") or []
        self._check_modes(claim, modes)
        parameters = order.storage_class.get("parameters") or {}
        size = max(asked_bytes(claim), self._storage.smallest)
        gib = -(-size // _GIB)
        try:
            handle = self._disks.create(order.name, zone=order.zone, size=size, type=parameters.get("type", "block"))
        except CloudRefused as refused:
            code = "ResourceExhausted" if refused.code == "QuotaExceeded" else "Internal"
            raise Refused(
                f'rpc error: code = {code} desc = Could not create volume "{order.name}": {refused.message}'
            ) from refused
        source: Obj = {"driver": self._storage.driver, "volumeHandle": handle}
        if (claim["spec"].get("volumeMode") or "Filesystem") == "Filesystem":
            source["fsType"] = _fs_type(parameters)
        source["volumeAttributes"] = {
            "storage.kubernetes.io/csiProvisionerIdentity": f"1760000000000-8081-{self._storage.driver}"
        }
        return {
            "capacity": {"storage": f"{gib}Gi"},
            "accessModes": modes,
            "csi": source,
            "nodeAffinity": _affinity(self._storage.topology_key, order.zone),
        }

    def _check_modes(self, claim: Obj, modes: list[str]) -> None:
        """In each driver's own words: a disk is written to from one machine."""
        if not any(mode in ("ReadWriteMany", "ReadOnlyMany") for mode in modes):
            return
        asked = [_CSI_MODES.get(mode, mode) for mode in modes]
        why = f"Volume capabilities {', '.join(asked)} not supported. Only AccessModes[ReadWriteOnce] supported."
        if self._storage.driver == "pd.csi.storage.gke.io":
            why = "VolumeContentSource must be provided when AccessMode is set to read only"
            if "ReadWriteMany" in modes:
                why = "VolumeCapabilities is invalid: specified multi writer with mount access type"
        elif self._storage.driver == "linodebs.csi.linode.com":
            shape = "block:{}" if claim["spec"].get("volumeMode") == "Block" else 'mount:{fs_type:"ext4"}'
            wrong = next(one for one in asked if one.startswith("MULTI_NODE"))
            why = f"invalid volume capability: {shape} access_mode:{{mode:{wrong}}}"
        raise Refused(f"rpc error: code = InvalidArgument desc = {why}")

    def delete(self, volume: Obj) -> None:
        handle = volume["spec"]["csi"]["volumeHandle"]
        try:
            self._disks.delete(handle)
        except CloudRefused as refused:
            raise Refused(
                f'rpc error: code = Internal desc = Could not delete volume ID "{handle}": {refused.message}'
            ) from refused

    def attach(self, volume: Obj, node: Obj) -> None:
        handle, name = volume["spec"]["csi"]["volumeHandle"], node["metadata"]["name"]
        try:
            self._disks.attach(handle, name, self.zone_of(node))
        except CloudRefused as refused:
            raise Refused(
                f'rpc error: code = Internal desc = Could not attach volume "{handle}" to node "{name}": {refused.message}'
            ) from refused

    def detach(self, volume: Obj, node: str) -> None:
        handle = volume["spec"]["csi"]["volumeHandle"]
        try:
            self._disks.detach(handle, node)
        except CloudRefused as refused:
            raise Refused(
                f'rpc error: code = Internal desc = Could not detach volume "{handle}" from node "{node}": {refused.message}'
            ) from refused

    def grow(self, volume: Obj, size: int) -> None:
        handle = volume["spec"]["csi"]["volumeHandle"]
        try:
            self._disks.grow(handle, size)
        except CloudRefused as refused:
            raise Refused(
                f'rpc error: code = Internal desc = Could not resize volume "{handle}": {refused.message}'
            ) from refused

    def zone_of(self, node: Obj) -> str:
        return str((node["metadata"].get("labels") or {}).get(self._storage.topology_key, ""))


def _fs_type(parameters: Obj) -> str:
    """`ext4` unless the class says otherwise (`--default-fstype`)."""
    keys = ("fstype", "csi.storage.k8s.io/fstype")
    return next((str(value) for key, value in sorted(parameters.items()) if key.lower() in keys), "ext4")


def _affinity(key: str, value: str) -> Obj:
    expression = {"key": key, "operator": "In", "values": [value]}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}
