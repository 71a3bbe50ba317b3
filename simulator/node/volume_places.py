"""Where the files of each volume of a pod lie, and why a volume cannot be set up or has to be waited for.

Follows `pkg/kubelet/volumemanager/populator` and the `SetUpAt` of the volume plugins (`pkg/volume`) of v1.33. Promises: reads only;
the one thing it makes is a host's directory of type DirectoryOrCreate. Leaves to others: what lies in a volume (`volumes`).
"""

from dataclasses import dataclass
from typing import Protocol

from simulator.client import PublishFailed
from simulator.cloud.storage_flavours import StorageFlavour
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery import claims as rules
from simulator.machinery.hosts_files import machine_hosts
from simulator.node import volume_sources
from simulator.node.environment import Lookup
from simulator.node.fleet import Fleet
from simulator.node.host_paths import HOSTS, check_host_path
from simulator.node.records import PodRecord
from simulator.node.volumes import Files

#: The one file of a volume that is a raw device.
DEVICE = "device"
_ONE_POD = "volume uses the ReadWriteOncePod access mode and is already in use by another pod"
CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"


@dataclass(frozen=True, slots=True)
class Failed:
    """A volume cannot be set up now; tried again with backoff."""

    message: str
    deed: str = "SetUp"
    volume: str = ""
    """The PersistentVolume, when the pod's volume is a claim."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody else has to do something first; `why` each volume could not even be looked up."""

    why: tuple[str, ...] = ()


class InlineDriver(Protocol):
    """A CSI driver whose volumes live with their pods."""

    def is_registered(self, node: str) -> bool: ...

    def publish(self, pod: Obj, node: str, volume: str, attributes: Obj) -> Files:
        """The files of the volume. Raises PublishFailed, ApiUnavailable."""


class VolumePlaces:
    def __init__(self, fleet: Fleet, storage: StorageFlavour) -> None:
        self._fleet = fleet
        self._contents = fleet.contents
        self._storage = storage
        self.inline: dict[str, InlineDriver] = {}
        """Drivers of volumes that a pod brings along (`csi`), by name; set at assembly."""

    def of(self, record: PodRecord, pod: Obj, volume: Obj, lookup: Lookup) -> list[Plain] | Failed | Waiting | None:
        """[volume, directory inside it, read only] of one volume of the pod."""
        own = f"pod/{record.uid}/{volume['name']}"
        sources = self._fleet.facts(record, pod).sources.get(volume["name"])
        if sources is not None:
            why = volume_sources.problem_of(sources, record.namespace, lookup)
            return [own, "", True] if why is None else Failed(why)
        if "emptyDir" in volume:
            return [own, "", False]
        if "hostPath" in volume:
            why = self._open_host_path(record, volume["hostPath"])
            return [f"host/{record.node}", _inside(volume["hostPath"]["path"]), False] if why is None else Failed(why)
        if "nfs" in volume:
            return _nfs(volume["nfs"])
        if "csi" in volume:
            return self._place_inline(record, pod, volume)
        if "persistentVolumeClaim" in volume or "ephemeral" in volume:
            return self._place_claim(record, pod, volume, lookup)
        return [own, "", False]

    def _place_inline(self, record: PodRecord, pod: Obj, volume: Obj) -> list[Plain] | Failed:
        """A volume that lives with its pod, made by a driver on the node (https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#csi-ephemeral-volumes)."""
        own, source = f"pod/{record.uid}/{volume['name']}", volume["csi"]
        driver = self.inline.get(source["driver"])
        if driver is None or not driver.is_registered(record.node):
            return Failed(
                f"kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name {source['driver']} not found in the list of registered CSI drivers"
            )
        try:
            files = driver.publish(pod, record.node, own, source.get("volumeAttributes") or {})
        except PublishFailed as error:
            return Failed(str(error))
        self._contents.replace(own, files)
        return [own, "", bool(source.get("readOnly"))]

    def _open_host_path(self, record: PodRecord, source: Obj) -> str | None:
        volume = f"host/{record.node}"
        if source["path"].rstrip("/") in ("", "/etc", HOSTS) and not self._contents.of(volume).get(HOSTS.strip("/")):
            # The machine's own file is there before anybody writes to it.
            text = machine_hosts(record.node, str(self._fleet.nodes[record.node].spec["address"]))
            self._contents.write(volume, HOSTS.strip("/"), text)
        why, made = check_host_path(source, self._contents.of(volume))
        if why is None and made is not None:
            self._contents.write(volume, made, "")
        return why

    def _place_claim(self, record: PodRecord, pod: Obj, volume: Obj, lookup: Lookup) -> list[Plain] | Failed | Waiting:
        name = dict(rules.claims_of(pod))[volume["name"]]
        where = f"{record.namespace}/{name}"
        claim = lookup(CLAIMS, record.namespace, name)
        if claim is None:
            missing = f'persistentvolumeclaims "{name}" not found'
            return Waiting((f"error processing PVC {where}: failed to fetch PVC from API server: {missing}",))
        if "deletionTimestamp" in claim["metadata"]:
            return Waiting((f"error processing PVC {where}: PVC is being deleted",))
        if (claim.get("status") or {}).get("phase") != "Bound":
            return Waiting((f"error processing PVC {where}: PVC is not bound",))
        if not claim["spec"].get("volumeName"):
            return Waiting((f"error processing PVC {where}: PVC has empty pvc.Spec.VolumeName",))
        found = lookup(VOLUMES, "", claim["spec"]["volumeName"])
        if why := _wrong_volume(found, claim):
            return Waiting((f"error processing PVC {where}: {why}",))
        assert found is not None
        if why := _wrong_use(pod, volume["name"], found):
            return Waiting((why,))
        is_read_only = bool((volume.get("persistentVolumeClaim") or {}).get("readOnly"))
        place = self._place_volume(record, found, is_read_only)
        is_raw = isinstance(place, list) and found["spec"].get("volumeMode") == "Block"
        if isinstance(place, list) and is_raw and DEVICE not in self._contents.of(place[0]):
            self._contents.write(place[0], DEVICE, "")
        return place

    def _place_volume(self, record: PodRecord, volume: Obj, is_read_only: bool) -> list[Plain] | Failed | Waiting:
        spec = volume["spec"]
        if "csi" in spec:
            driver = spec["csi"]["driver"]
            is_here = self._storage.is_csi and driver == self._storage.driver
            if not is_here and not self._needs_attaching(record, driver):
                return _no_driver(volume, driver)
            unique = rules.unique_name(volume)
            if unique not in record.in_use:
                record.in_use.append(unique)
            node = self._fleet.cache.get("nodes", "", record.node)
            attached = ((node or {}).get("status") or {}).get("volumesAttached") or ()
            if all(one["name"] != unique for one in attached):
                return Waiting()
            if not is_here:
                return _no_driver(volume, driver)
            if spec.get("accessModes") == ["ReadWriteOncePod"] and self._is_mounted_elsewhere(record, unique):
                return Failed(_ONE_POD, volume=volume["metadata"]["name"])
        labels = (self._fleet.cache.get("nodes", "", record.node) or {}).get("metadata", {}).get("labels") or {}
        if not rules.reaches(volume, labels, record.node):
            return Failed("no matching NodeSelectorTerms", "NodeAffinity check", volume["metadata"]["name"])
        place, inside = storage_of_volume(volume, record.node)
        if "hostPath" in spec:
            problem = self._open_host_path(record, spec["hostPath"])
            if problem is not None:
                return Failed(problem, volume=volume["metadata"]["name"])
        return [place, inside, is_read_only]

    def _is_mounted_elsewhere(self, record: PodRecord, unique: str) -> bool:
        """Whether another pod of the machine has mounted the disk."""
        others = (self._fleet.pods[uid] for uid in self._fleet.nodes[record.node].pods if uid != record.uid)
        return any(one.is_mounted and unique in one.in_use for one in others)

    def _needs_attaching(self, record: PodRecord, driver: str) -> bool:
        """Unless the driver says that it does not; one that is not known may (`csiPlugin.skipAttach`)."""
        found = self._fleet.find(record.node, "csidrivers.storage.k8s.io", "", driver)
        return found is None or bool(found["spec"].get("attachRequired", True))


def _no_driver(volume: Obj, driver: str) -> Failed:
    missing = f"driver name {driver} not found in the list of registered CSI drivers"
    why = f"kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: {missing}"
    return Failed(why, "MountDevice", volume["metadata"]["name"])


def _wrong_volume(volume: Obj | None, claim: Obj) -> str:
    """Why the volume that a claim names is not its own (`getPVSpec`); "" when it is."""
    name = claim["spec"]["volumeName"]
    if volume is None:
        return f'failed to fetch PV {name} from API server: persistentvolumes "{name}" not found'
    reference, uid = volume["spec"].get("claimRef"), claim["metadata"]["uid"]
    if reference is None:
        return f"found PV object {name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim"
    if reference.get("uid", "") != uid:
        given = reference.get("uid", "")
        return f"found PV object {name} but its pv.Spec.ClaimRef.UID {given} does not point to claim.UID {uid}"
    return ""


def storage_of_volume(volume: Obj, node: str) -> tuple[str, str]:
    """Where the files of a PersistentVolume lie: (identifier, directory inside)."""
    spec = volume["spec"]
    if "csi" in spec:
        return f"disk/{spec['csi']['driver']}/{spec['csi']['volumeHandle']}", ""
    for source in ("hostPath", "local"):
        if source in spec:
            return f"host/{node}", _inside(spec[source]["path"])
    if "nfs" in spec:
        return f"nfs/{spec['nfs']['server']}", _inside(spec["nfs"]["path"])
    return f"volume/{volume['metadata']['name']}", ""


def _wrong_use(pod: Obj, name: str, volume: Obj) -> str:
    """A raw device is no directory, and the other way round; "" when the containers use the volume as what it is."""
    mode = volume["spec"].get("volumeMode") or "Filesystem"
    wrong = "volumeMounts" if mode == "Block" else "volumeDevices"
    containers = [*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]]
    if any(one["name"] == name for container in containers for one in container.get(wrong) or ()):
        return f"volume {name} has volumeMode {mode}, but is specified in {wrong}"
    return ""


def _nfs(source: Obj) -> list[Plain]:
    return [f"nfs/{source['server']}", _inside(source["path"]), bool(source.get("readOnly"))]


def _inside(path: str) -> str:
    return path.strip("/")
