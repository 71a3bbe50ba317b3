"""The kubelets' volume manager: waits until a pod's volumes are attached, mounts them, and takes them down at the end.

Follows `pkg/kubelet/volumemanager` of v1.33. Promises: no container of a pod starts before all its volumes are mounted; nothing is
polled, a waiting pod is woken by the change it waits for; volumes made from ConfigMaps and Secrets cost nothing while their
sources stay as they are. Leaves to others: what lies in a volume (`volumes`), attaching (`controllers.attach_detach`, `csi.attacher`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.cloud.storage_flavours import StorageFlavour
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery import claims as rules
from simulator.machinery.quantities import value
from simulator.node import volume_sources
from simulator.node.csi_registration import CsiRegistration
from simulator.node.environment import Lookup, Missing, environment, expand, pod_facts
from simulator.node.ext4 import fits
from simulator.node.fleet import Fleet
from simulator.node.local_storage import LocalStorage
from simulator.node.pod_lifecycle import container_spec
from simulator.node.records import ContainerRecord, PodRecord
from simulator.node.service_account_tokens import SYNC_US, asked_at, lifetime_of, sync_phase, token_request
from simulator.node.spec_facts import SpecFacts
from simulator.node.timing import SECOND
from simulator.node.volume_places import CLAIMS, DEVICE, VOLUMES, Failed, VolumePlaces, Waiting, storage_of_volume
from simulator.node.volume_users import VolumeUsers
from simulator.node.volumes import Files, Mount, Mounts

#: How long a sync waits for volumes (`podAttachAndMountTimeout`).
LATE_US = 123 * SECOND
_EXPAND_US = (500_000, 1_500_000)


@dataclass(frozen=True, slots=True)
class NotMounted:
    """The volumes of a pod that are not there yet, by name, and why."""

    missing: dict[str, Failed | Waiting]

    @property
    def errors(self) -> list[str]:
        """Why volumes could not even be looked up: a sync fails at once."""
        return sorted({why for place in self.missing.values() if isinstance(place, Waiting) for why in place.why})

    @property
    def failures(self) -> list[str]:
        """What is said of each volume that could not be set up."""
        return [
            f'MountVolume.{place.deed} failed for volume "{place.volume or name}" : {place.message}'
            for name, place in self.missing.items()
            if isinstance(place, Failed)
        ]

    @property
    def sentence(self) -> str:
        """`WaitForAttachAndMount` in the words of the kubelet."""
        waiting = {name: place for name, place in self.missing.items() if isinstance(place, Waiting)}
        unattached = [name for name, place in waiting.items() if not place.why]
        unknown = [name for name, place in waiting.items() if place.why]
        return (
            f"Unable to attach or mount volumes: unmounted volumes=[{' '.join(self.missing)}], "
            f"unattached volumes=[{' '.join(unattached)}], failed to process volumes=[{' '.join(unknown)}]: "
            f"{'; '.join(self.errors) or 'context deadline exceeded'}"
        )


class VolumeManager:
    name = "volume-manager"

    def __init__(self, fleet: Fleet, storage: StorageFlavour) -> None:
        self.contents = fleet.contents
        self._fleet = fleet
        self._engine = fleet.engine
        self._storage = storage
        self.places = VolumePlaces(fleet, storage)
        self.local = LocalStorage(fleet)
        self.driver = CsiRegistration(fleet, storage)
        self._users = VolumeUsers()
        fleet.engine.register(self)

    # Mounting

    def mount(self, record: PodRecord, pod: Obj) -> NotMounted | None:
        """None: everything is mounted. Raises ApiUnavailable."""
        if record.is_mounted:
            return None
        lookup = self._lookup(record)
        places: dict[str, list[Plain]] = {}
        missing: dict[str, Failed | Waiting] = {}
        facts = self._fleet.facts(record, pod)
        self._use(record, pod, facts)
        for volume in pod["spec"].get("volumes") or ():
            place = self.places.of(record, pod, volume, lookup)
            if isinstance(place, (Failed, Waiting)):
                missing[volume["name"]] = place
            elif place is not None:
                places[volume["name"]] = place
        self._report_in_use(record)
        if missing:
            used = _used_volumes(pod)
            missing = {name: missing[name] for name in sorted(missing) if name in used}
        if missing:
            return NotMounted(missing)
        record.mounted = places
        record.is_mounted = True
        if facts.has_limits or facts.has_claims:
            self._set_limits(record, pod)
        return None

    def late_message(self, record: PodRecord, pod: Obj) -> str:
        """What a sync that waited in vain says; "" when nothing is waited for any more."""
        outcome = self.mount(record, pod)
        return "" if outcome is None else outcome.sentence

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
                claim = self._fleet.find(record.node, CLAIMS, record.namespace, claim_name)
                if claim is not None:
                    size, is_raw = value(_capacity(claim)), claim["spec"].get("volumeMode") == "Block"
                    if is_raw:
                        self._tell_device(record, claim["spec"]["volumeName"])
                    self.contents.limit(record.mounted[name][0], size if is_raw else fits(size))
                    self._expand_soon(record, claim)

    def _tell_device(self, record: PodRecord, volume: str) -> None:
        """A raw device has its two places (`GenerateMapVolumeFunc`)."""
        everywhere = f"/var/lib/kubelet/plugins/kubernetes.io/csi/volumeDevices/{volume}/dev"
        in_the_pod = f"/var/lib/kubelet/pods/{record.uid}/volumeDevices/kubernetes.io~csi"
        for place, path in (("globalMapPath", everywhere), ("volumeMapPath", in_the_pod)):
            message = f'MapVolume.MapPodDevice succeeded for volume "{volume}" {place} "{path}"'
            self._fleet.event(record, "Normal", "SuccessfulMountVolume", message)

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
                mounts.append(Mount(one["devicePath"].rstrip("/"), place[0], DEVICE, bool(place[2])))
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
            return volume_sources.files_of(volume, facts, self._lookup(record), self._tokens_of(record, pod))
        except ApiUnavailable:
            return {}

    def _tokens_of(self, record: PodRecord, pod: Obj) -> Callable[[Obj], str]:
        """The text of a token file: of the token that the last sync put there."""
        phase = sync_phase(record.uid)

        def text(source: Obj) -> str:
            asked = asked_at(record.started_us, self._engine.now, lifetime_of(source), phase)
            request = token_request(pod, source)
            account = pod["spec"].get("serviceAccountName") or "default"
            try:
                return self._fleet.client(record.node).token(
                    record.namespace, account, request, at_s=self._engine.epoch_s + asked // SECOND
                )
            except (StatusError, ApiUnavailable):
                return ""

        return text

    def container_begins(self, record: PodRecord, pod: Obj, one: ContainerRecord) -> None:
        """What is mounted by subPath: of a ConfigMap or Secret it stays as it is now as long as the container lives; elsewhere its
        directory is made when nothing is there.
        """
        if one.name not in self._fleet.facts(record, pod).sub_paths:
            return
        for mount in container_spec(pod, one.name).get("volumeMounts") or ():
            place = record.mounted.get(mount["name"])
            sub = mount.get("subPath") or self._expanded(record, pod, one.name, mount)
            if not sub or place is None:
                continue
            if self._is_live(pod, mount["name"]):
                files = self.contents.of(place[0]) or self._live(record, pod, mount["name"])
                self.contents.replace(_frozen(record, one.name, mount), dict(files))
            elif not place[2]:
                self._make_directory(place[0], _join(place[1], sub))

    def _make_directory(self, volume: str, path: str) -> None:
        """Of the volume, unless something is there already."""
        if not any(name == path or name.startswith(f"{path}/") for name in self.contents.of(volume)):
            self.contents.write(volume, f"{path}/", "")

    # Changes of the sources

    def source_changed(self, resource: str, old: Obj | None, new: Obj | None) -> None:
        """A ConfigMap or Secret: the pods that mount it go on with the old one until their next sync."""
        about = new if new is not None else old
        assert about is not None
        metadata = about["metadata"]
        if old is None or (new is not None and _data(old) == _data(new)):
            self._wake_waiting(resource, metadata["namespace"], metadata["name"])
            return
        for uid in self._users.of(resource, metadata["namespace"], metadata["name"]):
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
                files = volume_sources.files_of(volume, facts, as_before, self._tokens_of(record, pod))
                self.contents.replace(place[0], files)

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
            if (
                volume_sources.problem_of(volume_sources.sources_of(volume), record.namespace, self._lookup(record))
                is None
            ):
                self.contents.drop(place[0])

    def _until_sync(self, uid: str) -> int:
        return SYNC_US - (self._engine.now - sync_phase(uid)) % SYNC_US

    def claim_changed(self, new: Obj | None) -> None:
        if new is None:
            return
        metadata = new["metadata"]
        self._wake_waiting(CLAIMS, metadata["namespace"], metadata["name"])
        for uid in self._users.of(CLAIMS, metadata["namespace"], metadata["name"]):
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
            self.driver.label_topology(new)

    def _wake_waiting(self, resource: str, namespace: str, name: str) -> None:
        if resource != CLAIMS:
            return
        for uid in self._users.of(resource, namespace, name):
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
            claim = client.get(CLAIMS, namespace, name)
            status = dict(claim.get("status") or {})
            if (status.get("allocatedResourceStatuses") or {}).get("storage") != "NodeResizePending":
                return
            volume = client.get(VOLUMES, "", claim["spec"]["volumeName"])
            status["capacity"] = dict(volume["spec"]["capacity"])
            status["conditions"] = [
                one
                for one in status.get("conditions") or ()
                if one["type"]
                not in ("Resizing", "FileSystemResizePending", "ControllerResizeError", "NodeResizeError")
            ]
            status.pop("allocatedResourceStatuses")
            client.update_status(CLAIMS, {**claim, "status": {k: v for k, v in status.items() if v != []}})
        except (StatusError, ApiUnavailable):
            self._engine.schedule(SECOND, self.name, "expand", uid, key)
            return
        self.contents.limit(storage_of_volume(volume, record.node)[0], fits(rules.volume_bytes(volume)))
        message = f'MountVolume.NodeExpandVolume succeeded for volume "{volume["metadata"]["name"]}" {record.node}'
        self._fleet.event(record, "Normal", "FileSystemResizeSuccessful", message)
        client.event(claim, "Normal", "FileSystemResizeSuccessful", message, source="kubelet", host=record.node)

    # The end

    def unmount(self, record: PodRecord) -> None:
        """Takes the pod's volumes down; what was its own is lost."""
        for volume in [place[0] for place in record.mounted.values()]:
            if volume.startswith("pod/"):
                self.contents.drop(volume)
        for frozen in self.contents.names_of_pod(record.uid):
            self.contents.drop(frozen)
        self.contents.drop(f"memory/{record.uid}")
        self._users.remove(record.uid)
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

    # Who uses what

    def _use(self, record: PodRecord, pod: Obj, facts: SpecFacts) -> None:
        for resource, name in facts.references:
            self._users.add(record.uid, resource, record.namespace, name)
        for _, claim in rules.claims_of(pod) if facts.has_claims else ():
            self._users.add(record.uid, CLAIMS, record.namespace, claim)

    def _lookup(self, record: PodRecord) -> Lookup:
        return lambda resource, namespace, name: self._fleet.find(record.node, resource, namespace, name)

    # State

    def dump(self) -> Plain:
        return {
            "users": self._users.dump(),
        }

    def load(self, state: Plain) -> None:
        self._users.load(state["users"])


def _used_volumes(pod: Obj) -> set[str]:
    """Those that some container mounts or has as a device; the others are not looked at (`processPodVolumes`)."""
    spec = pod["spec"]
    containers = [*(spec.get("initContainers") or ()), *spec["containers"], *(spec.get("ephemeralContainers") or ())]
    return {
        one["name"]
        for container in containers
        for field in ("volumeMounts", "volumeDevices")
        for one in container.get(field) or ()
    }


def _join(first: str, second: str) -> str:
    return f"{first}/{second}".strip("/")


def _frozen(record: PodRecord, container: str, mount: Obj) -> str:
    return f"pod/{record.uid}/{mount['name']}@{container}:{mount['mountPath']}"


def _capacity(claim: Obj) -> str:
    return str(((claim.get("status") or {}).get("capacity") or {}).get("storage", "0"))


def _data(source: Obj) -> tuple[object, object]:
    return source.get("data"), source.get("binaryData")
