"""The file systems that a container sees, in the order they were mounted, and how full each of them is.

Follows the mounts of containerd 2.1 (`internal/cri/server/container_create_linux.go`: those with fewer parts of a path first) over what
the kubelet gives it (`makeMounts` of `pkg/kubelet/kubelet_pods.go` of v1.33), `mke2fs` for what a disk of a size holds (`ext4`), and the
`df` of BusyBox and of GNU coreutils for how it is printed (`df_rows`). Promises: reads only. A disk that has grown is shown as if it
had been made at its size.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from simulator.engine.plain import Obj
from simulator.machinery import claims as rules
from simulator.machinery.pod_resources import of_pod
from simulator.machinery.quantities import value
from simulator.node.container_runtime import ContainerRuntime
from simulator.node.ext4 import BLOCK, room
from simulator.node.fleet import Fleet
from simulator.node.node_status import STORAGE, allocatable
from simulator.node.pod_lifecycle import container_spec
from simulator.node.records import ContainerRecord, PodRecord
from simulator.workloads.file_tree import SHARED_MEMORY, MountPoint, size_of

MACHINE_DISK = "/dev/vda1"
_KIB = 1024
_DEFAULTS = "rw,relatime"
_QUIET = "nosuid,nodev,noexec,relatime"
_DEVICES = {"ebs.csi.aws.com": "/dev/nvme{}n1", "pd.csi.storage.gke.io": "/dev/sd{}"}


class FileSystem(NamedTuple):
    device: str
    path: str
    kind: str
    options: str
    size: int = 0
    """In KiB, as everything here; 0 for one that holds no data."""
    used: int = 0
    available: int = 0
    root: str = "/"
    """Which part of the device is mounted."""

    @property
    def line(self) -> str:
        return f"{self.device} on {self.path} type {self.kind} ({self.options})"


class FileSystems:
    def __init__(self, fleet: Fleet, runtime: ContainerRuntime, free: Callable[[str], int]) -> None:
        """`free`: bytes that are left on a machine's disk."""
        self._fleet = fleet
        self._runtime = runtime
        self._free = free

    def of(
        self, pod: Obj, record: PodRecord, one: ContainerRecord, shown: Mapping[str, str] | None = None
    ) -> list[FileSystem]:
        """`shown`: the files of the container's volumes as the process sees them that asks; None: as they are."""
        setting = one.run.recipe.setting if one.run is not None else None
        if setting is None:
            return []
        spec = container_spec(pod, one.name)
        if shown is None:
            shown = self._runtime.files.shown(record, pod, spec)
        is_privileged = bool((spec.get("securityContext") or {}).get("privileged"))
        system = "rw" if is_privileged else "ro"
        mode = "ro" if setting.read_only_root else "rw"
        disk = self._disk(record)
        volumes = self._volumes(pod, record, one, spec, shown)
        return [
            FileSystem("overlay", "/", "overlay", f"{mode},relatime", *disk),
            FileSystem("proc", "/proc", "proc", f"rw,{_QUIET}"),
            _device_memory("/dev"),
            FileSystem("devpts", "/dev/pts", "devpts", "rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=666"),
            FileSystem("mqueue", "/dev/mqueue", "mqueue", f"rw,{_QUIET}"),
            FileSystem("sysfs", "/sys", "sysfs", f"{system},{_QUIET}"),
            FileSystem("cgroup", "/sys/fs/cgroup", "cgroup2", f"{system},{_QUIET}"),
            *sorted(
                (*volumes, *self._given(record, spec, mode, disk, shown)),
                key=lambda found: found.path.count("/"),
            ),
            *([] if is_privileged else self._hidden(record)),
        ]

    def _disk(self, record: PodRecord) -> tuple[int, int, int]:
        """Of the machine's disk, as the kubelet observes it (`nodefs`)."""
        left = self._free(record.node) // _KIB
        return STORAGE // _KIB, STORAGE // _KIB - left, left

    def _given(
        self, record: PodRecord, spec: Obj, mode: str, disk: tuple[int, int, int], shown: Mapping[str, str]
    ) -> list[FileSystem]:
        """What every container gets beside its volumes: first the kubelet's, then containerd's."""
        own = {one["mountPath"].rstrip("/") for one in spec.get("volumeMounts") or ()}
        home = f"/var/lib/kubelet/pods/{record.uid}"
        sandbox = f"/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/{'0' * 64}"
        log = spec.get("terminationMessagePath") or "/dev/termination-log"
        files = [
            ("/etc/hosts", f"{mode},relatime", f"{home}/etc-hosts"),
            (log, _DEFAULTS, f"{home}/containers/{spec['name']}/00000000"),
            ("/etc/hostname", f"{mode},relatime", f"{sandbox}/hostname"),
            ("/etc/resolv.conf", f"{mode},relatime", f"{sandbox}/resolv.conf"),
        ]
        return [
            *(
                FileSystem(MACHINE_DISK, path, "ext4", options, *disk, root)
                for path, options, root in files
                if path not in own
            ),
            *([] if SHARED_MEMORY in own else [_shared(shown)]),
        ]

    def _hidden(self, record: PodRecord) -> list[FileSystem]:
        """Parts of the kernel's own trees that may not be written, and those that may not even be seen."""
        half = value(self._fleet.nodes[record.node].spec["memory"]) // _KIB // 2
        found = [
            FileSystem("proc", f"/proc/{name}", "proc", f"ro,{_QUIET}", root=f"/{name}")
            for name in ("bus", "fs", "irq", "sys", "sysrq-trigger")
        ]
        for path in ("/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware"):
            is_file = path in ("/proc/kcore", "/proc/keys", "/proc/timer_list")
            empty = FileSystem("tmpfs", path, "tmpfs", "ro,relatime", half, 0, half)
            found.append(_device_memory(path, "/null") if is_file else empty)
        return found

    # Volumes

    def _volumes(
        self, pod: Obj, record: PodRecord, one: ContainerRecord, spec: Obj, shown: Mapping[str, str]
    ) -> list[FileSystem]:
        assert one.run is not None
        points = {point.path: point for point in one.run.recipe.setting.mounts}
        mounts = self._runtime.files.mounts(record, pod, spec)
        places = {path: volume for path, _, volume in mounts.places()}
        kept = mounts.files()
        found = []
        for mount in spec.get("volumeMounts") or ():
            path = mount["mountPath"].rstrip("/") or "/"
            if path in points and path in places:
                held = _below(path, shown)
                volume = self._volume(
                    pod, record, spec, mount["name"], points[path], places[path], held, held - _below(path, kept)
                )
                found.append(volume._replace(path=self.resolved(path, one)))
        return found

    def resolved(self, path: str, one: ContainerRecord) -> str:
        """Where a path leads: in most images `/var/run` is a link."""
        image = self._fleet.image(one.run.recipe.image) if one.run is not None else None
        if image is None or image.name.repository.rsplit("/", 1)[-1] == "busybox":
            return path
        return path.removeprefix("/var") if f"{path}/".startswith("/var/run/") else path

    def _volume(
        self, pod: Obj, record: PodRecord, spec: Obj, name: str, point: MountPoint, place: str, held: int, more: int
    ) -> FileSystem:
        """A volume lies on a disk of its own, on that of the machine, on a server, or in memory.

        `held`: KiB of the files below the mount; `more`: how much of it is not yet in the volume.
        """
        mode = "ro" if point.read_only else "rw"
        if point.modes.file_system == "tmpfs":
            size = self._memory(pod, record, spec, point.path) // _KIB
            options = f"{mode},relatime,size={size}k,inode64,noswap"
            return FileSystem("tmpfs", point.path, "tmpfs", options, size, held, max(size - held, 0))
        kind, _, rest = place.partition("/")
        volume, size = self._persistent(pod, record, name)
        if kind == "disk" and volume is not None and "csi" in volume["spec"]:
            device = self._device(record, volume)
            type = volume["spec"]["csi"].get("fsType") or "ext4"
            full = _in_blocks(self._fleet.contents.of(place).values()) + more
            return FileSystem(device, point.path, type, f"{mode},relatime", *room(size, full))
        if kind == "nfs":
            export = (volume or {}).get("spec", {}).get("nfs") or _source(pod, name).get("nfs") or {}
            device = f"{export.get('server', rest)}:{export.get('path', '/')}"
            return FileSystem(device, point.path, "nfs4", f"{mode},relatime,vers=4.2", *self._disk(record))
        root = f"/var/lib/kubelet/pods/{record.uid}/volumes/kubernetes.io~{'empty-dir' if kind == 'pod' else 'host'}/{name}"
        return FileSystem(MACHINE_DISK, point.path, "ext4", f"{mode},relatime", *self._disk(record), root)

    def _memory(self, pod: Obj, record: PodRecord, spec: Obj, path: str) -> int:
        """As much as the pod may use (`calculateEmptyDirMemorySize`)."""
        sizes = [allocatable(self._fleet.nodes[record.node].spec)[1]]
        limit = of_pod(pod["spec"], "limits").get("memory")
        sizes += [] if limit is None else [limit.value]
        names = [one["name"] for one in spec.get("volumeMounts") or () if one["mountPath"].rstrip("/") == path]
        for name in names[:1]:
            if own := value((_source(pod, name).get("emptyDir") or {}).get("sizeLimit", "0")):
                sizes.append(own)
        return min(sizes)

    def _persistent(self, pod: Obj, record: PodRecord, name: str) -> tuple[Obj | None, int]:
        """The volume of a claim, and how large its file system is: a disk may have grown already when that has not."""
        claim_name = dict(rules.claims_of(pod)).get(name)
        if claim_name is None:
            return None, 0
        claim = self._fleet.find(record.node, "persistentvolumeclaims", record.namespace, claim_name)
        if claim is None or not claim["spec"].get("volumeName"):
            return None, 0
        size = ((claim.get("status") or {}).get("capacity") or {}).get("storage", "0")
        return self._fleet.find(record.node, "persistentvolumes", "", claim["spec"]["volumeName"]), value(size)

    def _device(self, record: PodRecord, volume: Obj) -> str:
        """In the order in which the machine's disks were attached."""
        node = self._fleet.find(record.node, "nodes", "", record.node)
        attached = [one["name"] for one in ((node or {}).get("status") or {}).get("volumesAttached") or ()]
        unique = rules.unique_name(volume)
        place = attached.index(unique) if unique in attached else 0
        form = _DEVICES.get(volume["spec"]["csi"]["driver"], "/dev/sd{}")
        return form.format(place + 1 if "nvme" in form else chr(ord("b") + place % 25))


def _device_memory(path: str, root: str = "/") -> FileSystem:
    return FileSystem("tmpfs", path, "tmpfs", "rw,nosuid,size=65536k,mode=755", 65_536, 0, 65_536, root)


def _shared(shown: Mapping[str, str]) -> FileSystem:
    used = _below(SHARED_MEMORY, shown)
    return FileSystem("shm", SHARED_MEMORY, "tmpfs", f"rw,{_QUIET},size=65536k", 65_536, used, 65_536 - used)


def _below(path: str, files: Mapping[str, str]) -> int:
    """KiB of the files at a path and below it."""
    return _in_blocks(text for name, text in files.items() if name == path or name.startswith(f"{path}/"))


def _in_blocks(texts: Iterable[str]) -> int:
    """KiB of files on a disk, or of their pages in memory."""
    return sum(-(-size_of(text) // BLOCK) * BLOCK // _KIB for text in texts)


def _source(pod: Obj, name: str) -> Obj:
    found: Obj = next((one for one in pod["spec"].get("volumes") or () if one["name"] == name), {})
    return found
