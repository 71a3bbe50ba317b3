"""The file system of a running container: its image, what its processes wrote, its pod's volumes, and what the kubelet puts into it.

Promises: the writable layer is kept as differences with their times in the container's run, and is gone with it; a volume's files
are those of `volumes.Contents`. `/dev/shm` is memory that the containers of a pod share, as their IPC namespace is.
"""

from simulator.engine.plain import Obj
from simulator.node.environment import hostname, mounted_files
from simulator.node.fleet import Fleet
from simulator.node.records import ContainerRecord, PodRecord
from simulator.node.volumes import Mount, Mounts
from simulator.workloads.commands.environment_programs import programs_of
from simulator.workloads.file_tree import SHARED_MEMORY, FileTree, MountPoint, image_files, layered

_ALWAYS_READ_ONLY = ("configMap", "secret", "projected", "downwardAPI")


class ContainerFiles:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def mounts(self, record: PodRecord, pod: Obj, spec: Obj) -> Mounts:
        """The volumes of a container with files of their own."""
        return Mounts(self._fleet.contents, [*self._volumes(record, pod, spec), _shared_memory(record, pod)])

    def _volumes(self, record: PodRecord, pod: Obj, spec: Obj) -> list[Mount]:
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
        found = []
        for mount in spec.get("volumeMounts") or ():
            volume = volumes.get(mount["name"]) or {}
            if any(field in volume for field in _ALWAYS_READ_ONLY):
                continue
            inside = mount.get("subPath", "")
            name = f"pod/{record.uid}/{mount['name']}"
            if "hostPath" in volume:
                name, inside = (
                    f"host/{record.node}",
                    "/".join(part for part in (volume["hostPath"]["path"].strip("/"), inside) if part),
                )
            elif "persistentVolumeClaim" in volume:
                name = f"claim/{record.namespace}/{volume['persistentVolumeClaim']['claimName']}"
            found.append(Mount(mount["mountPath"].rstrip("/") or "/", name, inside, bool(mount.get("readOnly"))))
        return found

    def points(self, record: PodRecord, pod: Obj, spec: Obj) -> tuple[MountPoint, ...]:
        """Where volumes are mounted, for `Setting`."""
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
        found = [
            MountPoint(
                mount["mountPath"].rstrip("/") or "/",
                bool(mount.get("readOnly"))
                or any(field in volumes.get(mount["name"], {}) for field in _ALWAYS_READ_ONLY),
                True,
            )
            for mount in spec.get("volumeMounts") or ()
        ]
        return (*found, MountPoint(SHARED_MEMORY, False, True))

    def shown(self, record: PodRecord, pod: Obj, spec: Obj) -> dict[str, str]:
        """Every file in the container's volumes now."""
        given = mounted_files(
            pod, spec, lambda resource, namespace, name: self._fleet.find(record.node, resource, namespace, name)
        )
        return {**given, **self.mounts(record, pod, spec).files()}

    def tree(self, record: PodRecord, one: ContainerRecord, pod: Obj, spec: Obj) -> FileTree:
        """As a process sees it that starts now."""
        assert one.run is not None
        image = self._fleet.image(one.run.recipe.image)
        base = layered(
            self.kubelet_files(record, pod), dict(one.run.recipe.files), image_files(image, programs_of(image))
        )
        own = dict(self._fleet.plan(one.run).changes_at(self._fleet.engine.now - one.run.started_us))
        return FileTree(base, own, one.run.recipe.setting, self.shown(record, pod, spec))

    def kubelet_files(self, record: PodRecord, pod: Obj) -> dict[str, str]:
        """`/etc/hostname`, `/etc/hosts` and `/etc/resolv.conf`."""
        files = {"/etc/hostname": f"{hostname(pod)}\n"}
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
        mounts = self.mounts(record, pod, spec)
        for path, text in sent:
            if mounts.holds(path):
                _ = mounts.remove(path) if text is None else mounts.write(path, text)
        return True

    def forget(self, record: PodRecord, pod: Obj | None) -> None:
        """The pod is gone, and what only it had."""
        for name in [volume["name"] for volume in (pod or {"spec": {}})["spec"].get("volumes") or ()]:
            self._fleet.contents.drop(f"pod/{record.uid}/{name}")
        self._fleet.contents.drop(_memory_of(record))


def _memory_of(record: PodRecord) -> str:
    return f"memory/{record.uid}"


def _shared_memory(record: PodRecord, pod: Obj) -> Mount:
    name = f"memory/{record.node}" if pod["spec"].get("hostIPC") else _memory_of(record)
    return Mount(SHARED_MEMORY, name)
