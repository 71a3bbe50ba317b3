"""The files in volumes: what is shared by containers, or outlives one.

A volume is a mapping of relative path → text under an identifier (`Contents`). A container sees volumes through its `Mounts`,
by the absolute paths of its own file system: that is all a shell, a server or `exec` needs to know of them. Promises: plain
data; a refused write is a value in the kernel's words. Leaves to others: which volumes a pod has (`volume_manager`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from simulator.engine import Plain
from simulator.workloads.file_tree import size_of

#: Relative path → text.
Files = dict[str, str]

READ_ONLY = "Read-only file system"
NO_SPACE = "No space left on device"


class Contents:
    """All volumes of the cluster by identifier: `pod/<uid>/<name>`, `host/<node>`, `disk/<driver>/<handle>`, `nfs/<server>`."""

    def __init__(self) -> None:
        self._files: dict[str, Files] = {}
        self._by_pod: dict[str, dict[str, None]] | None = None
        """Uid of a pod → its own volumes; None until somebody asks."""
        self._limits: dict[str, int] = {}
        """Bytes that fit into a volume; absent: as many as you like."""
        self.observers: list[Callable[[str], None]] = []
        """Called with a volume that was written to; wired at assembly."""

    def of(self, volume: str) -> Files:
        return self._files.get(volume) or {}

    def has(self, volume: str) -> bool:
        return volume in self._files

    def replace(self, volume: str, files: Files) -> None:
        """All at once, as the `..data` link of a ConfigMap's volume is swapped."""
        self._files[volume] = files
        self._note(volume)

    def limit(self, volume: str, size: int) -> None:
        self._limits[volume] = size

    def write(self, volume: str, path: str, text: str) -> str:
        """ "" or why not."""
        files = self._files.setdefault(volume, {})
        self._note(volume)
        limit = self._limits.get(volume)
        if limit is not None:
            others = self.size(volume) - size_of(files.get(path, ""))
            if others + size_of(text) > limit:
                return NO_SPACE
        files[path] = text
        for observer in self.observers:
            observer(volume)
        return ""

    def remove(self, volume: str, path: str) -> None:
        self._files.get(volume, {}).pop(path, None)

    def size(self, volume: str) -> int:
        return sum(size_of(text) for text in self.of(volume).values())

    @property
    def is_used(self) -> bool:
        """Whether any volume holds anything."""
        return bool(self._files)

    def names_of_pod(self, uid: str) -> list[str]:
        """The pod's own volumes, sorted."""
        return sorted(self._of_pod().get(uid, ()))

    def size_of_pod(self, uid: str) -> int:
        """Bytes in all volumes that live and die with the pod (`pod/<uid>/…`)."""
        return sum(self.size(volume) for volume in self._of_pod().get(uid, ()))

    def _of_pod(self) -> dict[str, dict[str, None]]:
        if self._by_pod is None:
            self._by_pod = {}
            for volume in self._files:
                self._note(volume)
        return self._by_pod

    def _note(self, volume: str) -> None:
        if self._by_pod is not None and (uid := _pod_of(volume)):
            self._by_pod.setdefault(uid, {})[volume] = None

    def _forget(self, volume: str) -> None:
        if self._by_pod is not None and (uid := _pod_of(volume)):
            volumes = self._by_pod.get(uid, {})
            volumes.pop(volume, None)
            if not volumes:
                self._by_pod.pop(uid, None)

    def drop(self, volume: str) -> None:
        self._files.pop(volume, None)
        self._forget(volume)
        self._limits.pop(volume, None)

    def dump(self) -> Plain:
        return {"files": self._files, "limits": self._limits}

    def load(self, state: Plain) -> None:
        self._files, self._limits = state["files"], state["limits"]
        self._by_pod = None


@dataclass(frozen=True, slots=True)
class Mount:
    path: str
    """Where in the container, without a slash at the end."""
    volume: str
    inside: str = ""
    """Which directory or file of the volume (hostPath's path, subPath); "" is all of it."""
    read_only: bool = False


class Mounts:
    """The mounted volumes of one container, by absolute path."""

    def __init__(self, contents: Contents, mounts: Sequence[Mount], live: Mapping[str, Files] | None = None) -> None:
        """`live`: files of volumes that are read from their source, which `contents` does not keep."""
        self._contents = contents
        self._live = live or {}
        # The longest path first: a mount below another one hides what is there.
        self._mounts = sorted(mounts, key=lambda one: (-len(one.path), one.path))

    def holds(self, path: str) -> bool:
        """Whether a path lies in a volume, so that the container's own file system has no say about it."""
        return self._find(path) is not None

    def is_read_only(self, path: str) -> bool:
        found = self._find(path)
        return found is not None and found[0].read_only

    def places(self) -> list[tuple[str, str, str]]:
        """(where something is mounted, which part of its volume, the volume), sorted."""
        return sorted((mount.path, mount.inside, mount.volume) for mount in self._mounts)

    def files(self) -> dict[str, str]:
        """Every file by absolute path, sorted."""
        return dict(sorted(self._all()))

    def read(self, path: str) -> str | None:
        found = self._find(path)
        return None if found is None else self._files_of(found[0].volume).get(found[1])

    def list(self, directory: str) -> Sequence[str]:
        """Names in a directory, sorted."""
        start = f"{directory.rstrip('/')}/"
        return sorted({path[len(start) :].split("/")[0] for path, _ in self._all() if path.startswith(start)})

    def write(self, path: str, text: str) -> str:
        """Replaces a file. "" or the kernel's words for why not."""
        found = self._find(path)
        if found is None:
            raise ValueError(f"write to {path}: found no volume there, wanted a path that `holds` confirms")
        mount, inner = found
        return READ_ONLY if mount.read_only else self._contents.write(mount.volume, inner, text)

    def remove(self, path: str) -> str:
        """Removes a file if it is there. "" or the kernel's words for why not."""
        found = self._find(path)
        if found is None:
            raise ValueError(f"remove {path}: found no volume there, wanted a path that `holds` confirms")
        mount, inner = found
        if mount.read_only:
            return READ_ONLY
        self._contents.remove(mount.volume, inner)
        return ""

    def locate(self, path: str) -> tuple[str, str] | None:
        """(volume, path inside it) of a path that may be written; None when it lies in no volume or may only be read."""
        found = self._find(path)
        return None if found is None or found[0].read_only else (found[0].volume, found[1])

    def _files_of(self, volume: str) -> Files:
        live = self._live.get(volume)
        return self._contents.of(volume) if live is None else live

    def _find(self, path: str) -> tuple[Mount, str] | None:
        """The mount that a path lies in, and the path inside its volume."""
        for mount in self._mounts:
            if path == mount.path:
                return mount, mount.inside
            if path.startswith(f"{mount.path}/"):
                rest = path[len(mount.path) + 1 :]
                return mount, f"{mount.inside}/{rest}" if mount.inside else rest
        return None

    def _all(self) -> Iterator[tuple[str, str]]:
        for mount in self._mounts:
            for path, text in self._files_of(mount.volume).items():
                absolute = _absolute(mount, path)
                if absolute is not None:
                    found = self._find(absolute)
                    if found is not None and found[0] is mount:
                        yield absolute, text


def _pod_of(volume: str) -> str:
    """The uid of the pod that a volume belongs to; "" for one that outlives its pods."""
    kind, _, rest = volume.partition("/")
    return rest.partition("/")[0] if kind == "pod" else ""


def _absolute(mount: Mount, path: str) -> str | None:
    """Where a file of the volume appears in the container; None when the mount does not show it."""
    if not mount.inside:
        return f"{mount.path}/{path}"
    if path == mount.inside:
        return mount.path
    start = f"{mount.inside}/"
    return f"{mount.path}/{path[len(start) :]}" if path.startswith(start) else None
