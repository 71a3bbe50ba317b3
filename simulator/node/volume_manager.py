"""The kubelets' volume manager: waits until a pod's volumes are attached, mounts them, and takes them down at the end.

Follows `pkg/kubelet/volumemanager` of v1.33. Promises: no container of a pod starts before all its volumes are mounted; nothing is
polled, a waiting pod is woken by the change it waits for; volumes made from ConfigMaps and Secrets cost nothing while their
sources stay as they are. Leaves to others: what lies in a volume (`volumes`), attaching (`controllers.attach_detach`, `csi.attacher`).
"""

from dataclasses import dataclass
from typing import Protocol

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.client import PublishFailed
from simulator.cloud.storage_flavours import StorageFlavour
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery import claims as rules
from simulator.machinery.quantities import value
from simulator.node import volume_sources
from simulator.node.environment import Lookup, Missing, environment, expand, pod_facts
from simulator.node.fleet import WORKERS, Fleet
from simulator.node.host_paths import check_host_path
from simulator.node.pod_lifecycle import container_spec
from simulator.node.records import ContainerRecord, NodeRecord, PodRecord
from simulator.node.timing import SECOND
from simulator.node.volumes import Files, Mount, Mounts

#: How long a sync waits for volumes (`podAttachAndMountTimeout`).
LATE_US = 123 * SECOND
#: A pod whose sources changed takes them over at its next sync, within this long (`syncFrequency`).
_SYNC_US = 60 * SECOND
#: The eviction manager looks at local storage this often.
_HOUSEKEEPING_US = 10 * SECOND
_EXPAND_US = (500_000, 1_500_000)
#: The one file of a volume that is a raw device.
_DEVICE = "device"
_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"


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


class VolumeManager:
    name = "volume-manager"

    def __init__(self, fleet: Fleet, storage: StorageFlavour) -> None:
        self.contents = fleet.contents
        self._fleet = fleet
        self._engine = fleet.engine
        self._storage = storage
        self.inline: dict[str, InlineDriver] = {}
        """Drivers of volumes that a pod brings along (`csi`), by name; set at assembly."""
        self._users: dict[str, dict[str, None]] = {}
        """`configmaps/ns/name`, `secrets/…` or `persistentvolumeclaims/…` → uids of the pods that mount it."""
        self.contents.observers.append(self._wrote)
        fleet.engine.register(self)

    # Mounting

    def mount(self, record: PodRecord, pod: Obj) -> Failed | Waiting | None:
        """None: everything is mounted. Raises ApiUnavailable."""
        if record.is_mounted:
            return None
        lookup = self._lookup(record)
        places: dict[str, list[Plain]] = {}
        missing: list[str] = []
        is_waiting = False
        self._use(record, pod)
        for volume in pod["spec"].get("volumes") or ():
            place = self._place(record, pod, volume, lookup)
            if isinstance(place, Failed):
                name = place.volume or volume["name"]
                return Failed(f'MountVolume.{place.deed} failed for volume "{name}" : {place.message}')
            if isinstance(place, Waiting):
                is_waiting = True
                missing += place.why
            elif place is not None:
                places[volume["name"]] = place
        self._report_in_use(record)
        if is_waiting:
            return Waiting(tuple(missing))
        record.mounted = places
        record.is_mounted = True
        self._set_limits(record, pod)
        return None

    def late_message(self, record: PodRecord, pod: Obj) -> str:
        """What a sync that waited in vain says; "" when nothing is waited for any more."""
        outcome = self.mount(record, pod)
        if not isinstance(outcome, Waiting):
            return ""
        names: list[str] = []
        failed: list[str] = []
        whys: list[str] = []
        for volume in pod["spec"].get("volumes") or ():
            place = self._place(record, pod, volume, self._lookup(record))
            if isinstance(place, Waiting):
                names.append(volume["name"])
                if place.why:
                    failed.append(volume["name"])
                    whys += place.why
        why = ", ".join(whys) or "context deadline exceeded"
        return (
            f"Unable to attach or mount volumes: unmounted volumes=[{' '.join(names)}], unattached volumes=[], "
            f"failed to process volumes=[{' '.join(failed)}]: {why}"
        )

    def _place(self, record: PodRecord, pod: Obj, volume: Obj, lookup: Lookup) -> list[Plain] | Failed | Waiting | None:
        """[volume, directory inside it, read only] of one volume of the pod."""
        own = f"pod/{record.uid}/{volume['name']}"
        if volume_sources.is_config(volume):
            why = volume_sources.problem_of(volume, record.namespace, lookup)
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
        self.contents.replace(own, files)
        return [own, "", bool(source.get("readOnly"))]

    def _open_host_path(self, record: PodRecord, source: Obj) -> str | None:
        volume = f"host/{record.node}"
        why, made = check_host_path(source, self.contents.of(volume))
        if why is None and made is not None:
            self.contents.write(volume, made, "")
        return why

    def _place_claim(self, record: PodRecord, pod: Obj, volume: Obj, lookup: Lookup) -> list[Plain] | Failed | Waiting:
        name = dict(rules.claims_of(pod))[volume["name"]]
        where = f"{record.namespace}/{name}"
        claim = lookup(_CLAIMS, record.namespace, name)
        if claim is None:
            missing = f'persistentvolumeclaims "{name}" not found'
            return Waiting((f"error processing PVC {where}: failed to fetch PVC from API server: {missing}",))
        if "deletionTimestamp" in claim["metadata"]:
            return Waiting((f"error processing PVC {where}: PVC is being deleted",))
        if (claim.get("status") or {}).get("phase") != "Bound" or not claim["spec"].get("volumeName"):
            return Waiting((f"error processing PVC {where}: PVC is not bound",))
        found = lookup(_VOLUMES, "", claim["spec"]["volumeName"])
        if found is None or (found["spec"].get("claimRef") or {}).get("uid") != claim["metadata"]["uid"]:
            return Waiting(
                (f"error processing PVC {where}: failed to fetch PV {claim['spec']['volumeName']!r} from API server",)
            )
        if why := _wrong_use(pod, volume["name"], found):
            return Waiting((why,))
        is_read_only = bool((volume.get("persistentVolumeClaim") or {}).get("readOnly"))
        place = self._place_volume(record, found, is_read_only)
        is_raw = isinstance(place, list) and found["spec"].get("volumeMode") == "Block"
        if isinstance(place, list) and is_raw and _DEVICE not in self.contents.of(place[0]):
            self.contents.write(place[0], _DEVICE, "")
        return place

    def _place_volume(self, record: PodRecord, volume: Obj, is_read_only: bool) -> list[Plain] | Failed | Waiting:
        spec = volume["spec"]
        if "csi" in spec:
            driver = spec["csi"]["driver"]
            if not self._storage.is_csi or driver != self._storage.driver:
                why = f"kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name {driver} not found in the list of registered CSI drivers"
                return Failed(why, volume=volume["metadata"]["name"])
            unique = rules.unique_name(volume)
            if unique not in record.in_use:
                record.in_use.append(unique)
            node = self._fleet.cache.get("nodes", "", record.node)
            attached = ((node or {}).get("status") or {}).get("volumesAttached") or ()
            if all(one["name"] != unique for one in attached):
                return Waiting()
        labels = (self._fleet.cache.get("nodes", "", record.node) or {}).get("metadata", {}).get("labels") or {}
        if not rules.reaches(volume, labels, record.node):
            return Failed("no matching NodeSelectorTerms", "NodeAffinity check", volume["metadata"]["name"])
        place, inside = storage_of_volume(volume, record.node)
        if "hostPath" in spec:
            problem = self._open_host_path(record, spec["hostPath"])
            if problem is not None:
                return Failed(problem, volume=volume["metadata"]["name"])
        return [place, inside, is_read_only]

    def _set_limits(self, record: PodRecord, pod: Obj) -> None:
        """How much fits into the pod's volumes, and beyond what it is evicted."""
        for volume in pod["spec"].get("volumes") or ():
            place = record.mounted.get(volume["name"])
            if place is None:
                continue
            limit = (volume.get("emptyDir") or {}).get("sizeLimit")
            if limit is not None and volume["emptyDir"].get("medium") == "Memory":
                self.contents.limit(place[0], value(limit))
        for name, claim_name in rules.claims_of(pod):
            if name in record.mounted and record.mounted[name][0].startswith("disk/"):
                claim = self._fleet.find(record.node, _CLAIMS, record.namespace, claim_name)
                if claim is not None:
                    self.contents.limit(record.mounted[name][0], value(_capacity(claim)))
                    self._expand_soon(record, claim)

    # What containers see

    def mounts(
        self, record: PodRecord, pod: Obj, container: str, more: tuple[Mount, ...] = (), *, with_files: bool = True
    ) -> Mounts:
        """The volumes of one container; sources that changed lately are seen as the last sync left them.

        Without `with_files` the sources are not read: enough to know where volumes are mounted, and how.
        """
        spec = container_spec(pod, container)
        live: dict[str, Files] = {}
        mounts = []
        for one in spec.get("volumeMounts") or ():
            place = record.mounted.get(one["name"])
            if place is None:
                continue
            volume, inside, read_only = place
            sub = one.get("subPath") or self._expanded(record, pod, container, one)
            if sub and self.contents.has(_frozen(record, container, one)):
                volume, sub = _frozen(record, container, one), sub
            elif with_files and self._is_live(pod, one["name"]) and not self.contents.has(volume):
                live[volume] = self._live(record, pod, one["name"])
            path = one["mountPath"].rstrip("/") or "/"
            mounts.append(Mount(path, volume, _join(inside, sub), bool(read_only or one.get("readOnly"))))
        for one in spec.get("volumeDevices") or ():
            place = record.mounted.get(one["name"])
            if place is not None:
                mounts.append(Mount(one["devicePath"].rstrip("/"), place[0], _DEVICE, bool(place[2])))
        return Mounts(self.contents, [*mounts, *more], live)

    def _expanded(self, record: PodRecord, pod: Obj, container: str, mount: Obj) -> str:
        """`subPathExpr`, with the variables of the container's environment that the pod itself gives."""
        if not mount.get("subPathExpr"):
            return ""
        facts = pod_facts(pod, record.ip, self._fleet.nodes[record.node])
        found = environment(container_spec(pod, container), facts, self._lookup(record), {})
        return expand(mount["subPathExpr"], {} if isinstance(found, Missing) else found)

    def _is_live(self, pod: Obj, name: str) -> bool:
        return any(one["name"] == name and volume_sources.is_config(one) for one in pod["spec"].get("volumes") or ())

    def _live(self, record: PodRecord, pod: Obj, name: str) -> Files:
        volume = next(one for one in pod["spec"]["volumes"] if one["name"] == name)
        facts = pod_facts(pod, record.ip, self._fleet.nodes[record.node])
        try:
            return volume_sources.files_of(volume, facts, self._lookup(record))
        except ApiUnavailable:
            return {}

    def container_begins(self, record: PodRecord, pod: Obj, one: ContainerRecord) -> None:
        """A file mounted by subPath from a ConfigMap or Secret stays as it is now as long as the container lives."""
        for mount in container_spec(pod, one.name).get("volumeMounts") or ():
            if (mount.get("subPath") or mount.get("subPathExpr")) and self._is_live(pod, mount["name"]):
                place = record.mounted.get(mount["name"])
                if place is not None:
                    files = self.contents.of(place[0]) or self._live(record, pod, mount["name"])
                    self.contents.replace(_frozen(record, one.name, mount), dict(files))

    # Changes of the sources

    def source_changed(self, resource: str, old: Obj | None, new: Obj | None) -> None:
        """A ConfigMap or Secret: the pods that mount it go on with the old one until their next sync."""
        about = new if new is not None else old
        assert about is not None
        metadata = about["metadata"]
        if old is None or (new is not None and _data(old) == _data(new)):
            self._wake_waiting(resource, metadata["namespace"], metadata["name"])
            return
        for uid in self._users.get(f"{resource}/{metadata['namespace']}/{metadata['name']}", {}):
            record = self._fleet.pods.get(uid)
            pod = None if record is None else self._fleet.pod(record)
            if record is not None and pod is not None and record.is_mounted:
                self._freeze(record, pod, resource, old)
                self._engine.schedule(self._until_sync(uid), self.name, "refresh", uid)

    def _freeze(self, record: PodRecord, pod: Obj, resource: str, old: Obj) -> None:
        """Keeps the volumes made from a source as they were before its change."""
        live = self._lookup(record)
        name = old["metadata"]["name"]

        def as_before(kind: str, namespace: str, wanted: str) -> Obj | None:
            return old if (kind, wanted) == (resource, name) else live(kind, namespace, wanted)

        facts = pod_facts(pod, record.ip, self._fleet.nodes[record.node])
        for volume in pod["spec"].get("volumes") or ():
            place = record.mounted.get(volume["name"])
            if place is None or (resource, name) not in volume_sources.references(volume):
                continue
            if not self.contents.has(place[0]):
                self.contents.replace(place[0], volume_sources.files_of(volume, facts, as_before))

    def refresh(self, uid: str) -> None:
        """Event: a pod's sync takes over what its sources say now, all files of a volume at once."""
        record = self._fleet.pods.get(uid)
        pod = None if record is None else self._fleet.pod(record)
        if record is None or pod is None or not self._fleet.is_up(record):
            return
        for volume in pod["spec"].get("volumes") or ():
            place = record.mounted.get(volume["name"])
            if place is None or not volume_sources.is_config(volume) or not self.contents.has(place[0]):
                continue
            if volume_sources.problem_of(volume, record.namespace, self._lookup(record)) is None:
                self.contents.drop(place[0])

    def _until_sync(self, uid: str) -> int:
        phase = sum(uid.encode()) * 7_919 * SECOND % _SYNC_US
        return _SYNC_US - (self._engine.now - phase) % _SYNC_US

    def claim_changed(self, new: Obj | None) -> None:
        if new is None:
            return
        metadata = new["metadata"]
        self._wake_waiting(_CLAIMS, metadata["namespace"], metadata["name"])
        for uid in self._users.get(f"{_CLAIMS}/{metadata['namespace']}/{metadata['name']}", {}):
            record = self._fleet.pods.get(uid)
            if record is not None and record.is_mounted:
                self._expand_soon(record, new)

    def node_changed(self, old: Obj | None, new: Obj | None) -> None:
        """The controllers attached something: pods that wait for it look again."""
        if new is None:
            return
        attached = (new.get("status") or {}).get("volumesAttached") or []
        if old is None or attached != ((old.get("status") or {}).get("volumesAttached") or []):
            node = self._fleet.nodes.get(new["metadata"]["name"])
            for uid in node.pods if node is not None else ():
                record = self._fleet.pods[uid]
                if record.in_use and not record.is_mounted:
                    self._fleet.wake(record)
        if self._storage.is_csi:
            self._label_topology(new)

    def _wake_waiting(self, resource: str, namespace: str, name: str) -> None:
        if resource != _CLAIMS:
            return
        for uid in self._users.get(f"{resource}/{namespace}/{name}", {}):
            record = self._fleet.pods.get(uid)
            if record is not None and not record.is_mounted and record.mount_since_us is not None:
                self._fleet.wake(record)

    # Growing file systems

    def _expand_soon(self, record: PodRecord, claim: Obj) -> None:
        steps = (claim.get("status") or {}).get("allocatedResourceStatuses") or {}
        if steps.get("storage") == "NodeResizePending" and self._fleet.is_up(record):
            key = f"{claim['metadata']['namespace']}/{claim['metadata']['name']}"
            low, high = _EXPAND_US
            delay = self._engine.rng("node").between(low, high) if self._fleet.timing.jitter else 0
            self._engine.schedule(delay, self.name, "expand", record.uid, key)

    def expand(self, uid: str, key: str) -> None:
        """Event: NodeExpandVolume of a mounted volume whose disk has grown."""
        record = self._fleet.pods.get(uid)
        if record is None or not record.is_mounted or not self._fleet.is_up(record):
            return
        namespace, _, name = key.partition("/")
        client = self._fleet.client(record.node)
        try:
            claim = client.get(_CLAIMS, namespace, name)
            status = dict(claim.get("status") or {})
            if (status.get("allocatedResourceStatuses") or {}).get("storage") != "NodeResizePending":
                return
            volume = client.get(_VOLUMES, "", claim["spec"]["volumeName"])
            status["capacity"] = dict(volume["spec"]["capacity"])
            status["conditions"] = [
                one
                for one in status.get("conditions") or ()
                if one["type"] not in ("Resizing", "FileSystemResizePending")
            ]
            status.pop("allocatedResourceStatuses")
            client.update_status(_CLAIMS, {**claim, "status": {k: v for k, v in status.items() if v != []}})
        except (StatusError, ApiUnavailable):
            self._engine.schedule(SECOND, self.name, "expand", uid, key)
            return
        self.contents.limit(storage_of_volume(volume, record.node)[0], rules.volume_bytes(volume))
        message = f'MountVolume.NodeExpandVolume succeeded for volume "{volume["metadata"]["name"]}" {record.node}'
        self._fleet.event(record, "Normal", "FileSystemResizeSuccessful", message)
        client.event(claim, "Normal", "FileSystemResizeSuccessful", message, source="kubelet", host=record.node)

    # Too much in an emptyDir

    def _wrote(self, volume: str) -> None:
        """Somebody wrote into a volume: an emptyDir beyond its limit is noticed on the eviction manager's beat."""
        if not volume.startswith("pod/"):
            return
        record = self._fleet.pods.get(volume.split("/")[1])
        if record is not None:
            self._look_at_storage(record)

    def _look_at_storage(self, record: PodRecord) -> None:
        pod = self._fleet.pod(record)
        if pod is None or self._excess(pod, record) == "":
            return
        wait = _HOUSEKEEPING_US - self._engine.now % _HOUSEKEEPING_US
        self._engine.schedule(wait, WORKERS, "evict_for_storage", record.uid)

    def excess(self, record: PodRecord, pod: Obj) -> str:
        """Why the pod must go for what it stores; "" when it need not."""
        return self._excess(pod, record)

    def _excess(self, pod: Obj, record: PodRecord) -> str:
        """In the eviction manager's order: emptyDirs, the pod as a whole, single containers."""
        on_disk = 0
        for volume in pod["spec"].get("volumes") or ():
            source = volume.get("emptyDir")
            size = self.contents.size(f"pod/{record.uid}/{volume['name']}") if source is not None else 0
            limit = (source or {}).get("sizeLimit")
            if limit is not None and size > value(limit):
                return f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{limit}". '
            on_disk += size if (source or {}).get("medium") != "Memory" else 0
        layers = {one["name"]: self._written_by(record, one["name"]) for one in pod["spec"]["containers"]}
        limits = {one["name"]: _storage_limit(one) for one in pod["spec"]["containers"]}
        total = [limit for limit in limits.values() if limit is not None]
        if len(total) == len(limits) and on_disk + sum(layers.values()) > sum(value(limit) for limit in total):
            shown = total[0] if len(total) == 1 else str(sum(value(limit) for limit in total))
            return f"Pod ephemeral local storage usage exceeds the total limit of containers {shown}. "
        for name, limit in limits.items():
            if limit is not None and layers[name] > value(limit):
                return f'Container {name} exceeded its local ephemeral storage limit "{limit}". '
        return ""

    def _written_by(self, record: PodRecord, container: str) -> int:
        """Bytes in the container's writable layer now."""
        one = record.containers.get(container)
        if one is None or one.run is None or one.state != "running":
            return 0
        own = self._fleet.plan(one.run).changes_at(self._engine.now - one.run.started_us)
        return sum(len(text.encode()) for text in own.values() if text is not None)

    def written(self, record: PodRecord) -> None:
        """A container's own files have changed."""
        self._look_at_storage(record)

    # The end

    def unmount(self, record: PodRecord) -> None:
        """Takes the pod's volumes down; what was its own is lost."""
        for volume in [place[0] for place in record.mounted.values()]:
            if volume.startswith("pod/"):
                self.contents.drop(volume)
        for frozen in self.contents.names_of_pod(record.uid):
            self.contents.drop(frozen)
        self.contents.drop(f"memory/{record.uid}")
        for users in self._users.values():
            users.pop(record.uid, None)
        had = bool(record.in_use)
        record.mounted, record.is_mounted, record.in_use, record.mount_since_us = {}, False, [], None
        if had:
            self._report_in_use(record)

    def power_lost(self, record: PodRecord, pod: Obj | None) -> None:
        """Volumes in memory do not survive the machine's power."""
        for volume in [] if pod is None else pod["spec"].get("volumes") or ():
            if (volume.get("emptyDir") or {}).get("medium") == "Memory":
                self.contents.drop(f"pod/{record.uid}/{volume['name']}")

    def _report_in_use(self, record: PodRecord) -> None:
        """`status.volumesInUse`: what may not be detached safely."""
        node = self._fleet.nodes[record.node]
        if not record.in_use and not node.volumes_in_use:
            return  # the pod's own part is none, and those of others are told on their account
        in_use = sorted({unique for uid in node.pods for unique in self._fleet.pods[uid].in_use})
        if in_use == node.volumes_in_use or not node.kubelet:
            return
        patch = {"status": {"volumesInUse": in_use or None}}
        try:
            self._fleet.client(node.name).patch("nodes", "", node.name, patch, subresource="status")
        except (StatusError, ApiUnavailable):
            self._engine.schedule(10 * SECOND, self.name, "report_in_use", node.name, node.epoch)
            return
        node.volumes_in_use = in_use

    def report_in_use(self, name: str, epoch: int) -> None:
        """Event: the API server did not take the report before."""
        node = self._fleet.nodes.get(name)
        if node is not None and node.epoch == epoch:
            for uid in node.pods:
                self._report_in_use(self._fleet.pods[uid])
                return

    # The driver's node part

    def register(self, node: NodeRecord) -> None:
        """The node-driver-registrar tells the kubelet of the driver: a CSINode says how many disks fit. Raises as a client does."""
        if not self._storage.is_csi:
            return
        client = self._fleet.client(node.name)
        try:
            client.get("csinodes.storage.k8s.io", "", node.name)
        except StatusError as error:
            if error.code != 404:
                raise
            driver = {
                "name": self._storage.driver,
                "nodeID": node.name,
                "topologyKeys": [self._storage.topology_key],
                "allocatable": {"count": self._storage.disks_per_node},
            }
            owner = {"apiVersion": "v1", "kind": "Node", "name": node.name, "uid": node.uid}
            client.create(
                "csinodes.storage.k8s.io",
                {
                    "apiVersion": "storage.k8s.io/v1",
                    "kind": "CSINode",
                    "metadata": {"name": node.name, "ownerReferences": [owner]},
                    "spec": {"drivers": [driver]},
                },
            )

    def _label_topology(self, node: Obj) -> None:
        """The driver's own label follows from where the machine stands."""
        labels, key = node["metadata"].get("labels") or {}, self._storage.topology_key
        place = "topology.kubernetes.io/region" if key.endswith("/region") else "topology.kubernetes.io/zone"
        record = self._fleet.nodes.get(node["metadata"]["name"])
        if key in labels or place not in labels or record is None or not record.kubelet:
            return
        try:
            self._fleet.client(record.name).patch(
                "nodes", "", record.name, {"metadata": {"labels": {key: labels[place]}}}
            )
        except (StatusError, ApiUnavailable):
            return

    # Files of volumes, for drivers (`csi.backend.Files`) and the recycler

    def erase(self, volume: Obj) -> None:
        """The volume is gone, and what lay in it."""
        place, inside = storage_of_volume(volume, _node_of(volume))
        if not inside:
            self.contents.drop(place)
        for path in (
            [one for one in self.contents.of(place) if one == inside or one.startswith(f"{inside}/")] if inside else ()
        ):
            self.contents.remove(place, path)

    def scrub(self, volume: Obj) -> None:
        self.erase(volume)

    def copy(self, source: Obj, target: Obj) -> None:
        self.contents.replace(storage_of_volume(target, "")[0], self._now_in(source))

    def keep(self, source: Obj, name: str) -> None:
        self.contents.replace(f"snapshot/{name}", self._now_in(source))

    def _now_in(self, volume: Obj) -> Files:
        return dict(self.contents.of(storage_of_volume(volume, "")[0]))

    def restore(self, name: str, target: Obj) -> None:
        self.contents.replace(storage_of_volume(target, "")[0], dict(self.contents.of(f"snapshot/{name}")))

    def forget(self, name: str) -> None:
        self.contents.drop(f"snapshot/{name}")

    # Who uses what

    def _use(self, record: PodRecord, pod: Obj) -> None:
        for volume in pod["spec"].get("volumes") or ():
            for resource, name in volume_sources.references(volume):
                self._users.setdefault(f"{resource}/{record.namespace}/{name}", {})[record.uid] = None
        for _, claim in rules.claims_of(pod):
            self._users.setdefault(f"{_CLAIMS}/{record.namespace}/{claim}", {})[record.uid] = None

    def _lookup(self, record: PodRecord) -> Lookup:
        return lambda resource, namespace, name: self._fleet.find(record.node, resource, namespace, name)

    # State

    def dump(self) -> Plain:
        return {
            "users": [[key, list(uids)] for key, uids in self._users.items() if uids],
        }

    def load(self, state: Plain) -> None:
        self._users = {key: dict.fromkeys(uids) for key, uids in state["users"]}


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


def _node_of(volume: Obj) -> str:
    """The node to which a volume's directory belongs."""
    required = (volume["spec"].get("nodeAffinity") or {}).get("required") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for one in term.get("matchExpressions") or ():
            if one["key"] == "kubernetes.io/hostname" and one.get("values"):
                return str(one["values"][0])
    return ""


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


def _join(first: str, second: str) -> str:
    return f"{first}/{second}".strip("/")


def _frozen(record: PodRecord, container: str, mount: Obj) -> str:
    return f"pod/{record.uid}/{mount['name']}@{container}:{mount['mountPath']}"


def _capacity(claim: Obj) -> str:
    return str(((claim.get("status") or {}).get("capacity") or {}).get("storage", "0"))


def _storage_limit(container: Obj) -> str | None:
    return ((container.get("resources") or {}).get("limits") or {}).get("ephemeral-storage")


def _data(source: Obj) -> tuple[object, object]:
    return source.get("data"), source.get("binaryData")
