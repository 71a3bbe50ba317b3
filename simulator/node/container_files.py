"""The file system of a running container: its image, what its processes wrote, its pod's volumes, and what the kubelet puts into it.

Promises: the writable layer is kept as differences with their times in the container's run, and is gone with it; a volume's files
are those of `volumes.Contents`. `/dev/shm` is memory that the containers of a pod share, as their IPC namespace is.
"""

from collections.abc import Callable

from simulator.engine.plain import Obj
from simulator.machinery.pod_names import kernel_name
from simulator.node.fleet import Fleet
from simulator.node.identity import hex64
from simulator.node.pod_lifecycle import container_spec
from simulator.node.records import ContainerRecord, PodRecord
from simulator.node.volume_manager import VolumeManager
from simulator.node.volume_modes import modes_of
from simulator.node.volumes import Mount, Mounts
from simulator.workloads.commands.environment_programs import programs_of
from simulator.workloads.file_modes import Modes
from simulator.workloads.file_tree import SHARED_MEMORY, FileTree, MountPoint, image_files, layered


class ContainerFiles:
    def __init__(self, fleet: Fleet, volumes: VolumeManager) -> None:
        self._fleet = fleet
        self._volumes = volumes
        self.refused: list[str] = []
        """What the last delivery could not write, and why: a volume may be full."""

    def mounts(self, record: PodRecord, pod: Obj, spec: Obj) -> Mounts:
        """The volumes of a container, and the memory that its pod shares."""
        return self._volumes.mounts(record, pod, spec["name"], (_shared_memory(record, pod),))

    def points(self, record: PodRecord, pod: Obj, spec: Obj) -> tuple[MountPoint, ...]:
        """Where volumes are mounted, for `Setting`."""
        mounts = self._volumes.mounts(record, pod, spec["name"], with_files=False)
        found = [
            MountPoint(path, mounts.is_read_only(path), True, modes_of(pod, spec, path, inside, volume))
            for path, inside, volume in mounts.places()
        ]
        return (*found, MountPoint(SHARED_MEMORY, False, True, Modes(0o1777, file_system="tmpfs")))

    def shown(self, record: PodRecord, pod: Obj, spec: Obj) -> dict[str, str]:
        """Every file in the container's volumes now."""
        return self.mounts(record, pod, spec).files()

    def tree(self, record: PodRecord, one: ContainerRecord, pod: Obj, spec: Obj) -> FileTree:
        """As a process sees it that starts now."""
        assert one.run is not None
        image = self._fleet.image(one.run.recipe.image)
        base = layered(
            self.kubelet_files(record, pod), dict(one.run.recipe.files), image_files(image, programs_of(image))
        )
        own = dict(self._fleet.plan(one.run).changes_at(self._fleet.engine.now - one.run.started_us))
        setting = one.run.recipe.setting
        tree = FileTree(base, own, setting, self.shown(record, pod, spec))
        if any(mount.modes.is_linked for mount in setting.mounts):
            tree.projected = {
                mount.path: self._projected(record, mount) for mount in setting.mounts if mount.modes.is_linked
            }
        return tree

    def _projected(self, record: PodRecord, mount: MountPoint) -> str:
        """The directory that a volume's `..data` leads to (`newTimestampDir` of `atomic_writer.go`), as of the pod's start."""
        stamp = self._fleet.strftime(record.started_us, "..%Y_%m_%d_%H_%M_%S")
        return f"{stamp}.{int(hex64(f'{record.uid}{mount.path}')[:8], 16)}"

    def reader(self, record: PodRecord, one: ContainerRecord, pod: Obj) -> Callable[[str], str | None]:
        """Reads one file by its absolute path, as a program of the container would."""

        def content(path: str) -> str | None:
            if one.run is None:
                return None
            shown = self.shown(record, pod, container_spec(pod, one.name))
            own = self._fleet.plan(one.run).files_at(self._fleet.engine.now - one.run.started_us)
            return shown.get(path, own.get(path))

        return content

    def kubelet_files(self, record: PodRecord, pod: Obj) -> dict[str, str]:
        """`/etc/hostname`, `/etc/hosts`, `/etc/resolv.conf`, and the kernel's parameters that the pod may set for itself."""
        files = {"/etc/hostname": f"{kernel_name(pod)}\n", **_parameters(pod)}
        if self._fleet.network is not None:
            files["/etc/hosts"] = self._fleet.network.hosts(pod)
            files["/etc/resolv.conf"] = self._fleet.network.resolv_conf(pod)
        return files

    def keep(
        self,
        record: PodRecord,
        one: ContainerRecord,
        pod: Obj,
        spec: Obj,
        before: dict[str, str | None],
        tree: FileTree,
    ) -> bool:
        """Takes over what a command has written; whether anything was."""
        assert one.run is not None
        changed = False
        for path, text in tree.own.items():
            if path not in before or before[path] != text:
                self._fleet.happen(one.run, "write", path, text)
                changed = True
        for path in before:
            if path not in tree.own and before[path] is not None:
                self._fleet.happen(one.run, "write", path, None)
                changed = True
        return self.deliver(record, pod, spec, tree.sent) or changed

    def deliver(self, record: PodRecord, pod: Obj, spec: Obj, sent: list[tuple[str, str | None]]) -> bool:
        """Writes to volumes take place."""
        if not sent:
            return False
        self.refused = []
        mounts = self.mounts(record, pod, spec)
        for path, text in sent:
            if mounts.holds(path):
                why = mounts.remove(path) if text is None else mounts.write(path, text)
                self.refused += [f"{path}: {why}"] if why else []
        return True


#: Safe parameters of a pod's own namespaces, as containerd leaves them.
_PARAMETERS = {
    "kernel.shm_rmid_forced": "0",
    "net.ipv4.ip_local_port_range": "32768\t60999",
    "net.ipv4.tcp_syncookies": "1",
    "net.ipv4.ping_group_range": "0\t2147483647",
    "net.ipv4.ip_unprivileged_port_start": "0",
    "net.ipv4.tcp_keepalive_time": "7200",
    "net.ipv4.tcp_fin_timeout": "60",
    "net.ipv4.tcp_keepalive_intvl": "75",
    "net.ipv4.tcp_keepalive_probes": "9",
}


def _parameters(pod: Obj) -> dict[str, str]:
    given = (pod["spec"].get("securityContext") or {}).get("sysctls") or ()
    values = {**_PARAMETERS, **{one["name"].replace("/", "."): str(one["value"]) for one in given}}
    return {f"/proc/sys/{name.replace('.', '/')}": f"{value}\n" for name, value in values.items()}


def _memory_of(record: PodRecord) -> str:
    return f"memory/{record.uid}"


def _shared_memory(record: PodRecord, pod: Obj) -> Mount:
    name = f"memory/{record.node}" if pod["spec"].get("hostIPC") else _memory_of(record)
    return Mount(SHARED_MEMORY, name)
