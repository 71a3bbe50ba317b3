"""The file system as one container's processes see it: the image below, what they wrote above it, volumes beside it.

Promises: plain data; a refused write is a value in the kernel's words. A path in a volume that others may write too (`shared`) is
answered from a snapshot somebody has shown before (`look`), and writes to it are handed out (`sent`). Leaves to others: whose
volumes these are (`node.volumes`).
"""

from collections import ChainMap
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, cast

from simulator.machinery.octets import bytes_of
from simulator.workloads.file_modes import DIRECTORY, FILE, PROGRAM, SET_GROUP, Modes
from simulator.workloads.image_catalog import Image

READ_ONLY = "Read-only file system"
DENIED = "Permission denied"
MISSING = "No such file or directory"
IS_DIRECTORY = "Is a directory"
NOT_DIRECTORY = "Not a directory"
#: Memory that the pod's containers share (their IPC namespace), as a file system.
SHARED_MEMORY = "/dev/shm"
#: Bytes that one file may hold; what is older goes first, so a log that grows for ever stays small.
MAX_FILE = 131_072
MAX_FILES = 4_000
#: A file of so many zeros: `dd`, `fallocate` and `truncate` make such ones, which hold no text.
_ZEROS, _END = "\x04", "\x05"
_ALWAYS_WRITABLE = ("/dev/", "/proc/")
_FOR_EVERYBODY = ("/tmp", "/var/tmp", SHARED_MEMORY, "/dev")


class MountPoint(NamedTuple):
    path: str
    read_only: bool = False
    shared: bool = False
    modes: Modes = Modes()


class Setting(NamedTuple):
    """What the pod decides about a container's processes."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    read_only_root: bool = False
    directory: str = ""
    """workingDir; empty: the image's."""
    mounts: tuple[MountPoint, ...] = ()
    interactive: bool = False
    """Its standard input and terminal are kept open (`stdin`, `tty`): a shell waits for what is typed."""
    ends: bool = False
    """It has to end (an init container, a Job): so does a program that nobody has described."""


#: Root, and a file system that can be written.
ORDINARY = Setting()
_NO_BASE: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True)
class FileTree:
    base: Mapping[str, str] = field(default_factory=lambda: _NO_BASE)
    """Of the image, and files given from the start; a path that ends with a slash is an empty directory."""
    own: dict[str, str | None] = field(default_factory=dict)
    """Changes on top of it; None: removed."""
    setting: Setting = ORDINARY
    seen: dict[str, str] | None = None
    """The files of shared mounts as they are now; None: nobody has looked yet."""
    sent: list[tuple[str, str | None]] = field(default_factory=list)
    """Writes to shared mounts, in order."""
    modes: dict[str, int] = field(default_factory=dict)
    """What `chmod` has set, for as long as the program runs that did."""
    projected: Mapping[str, str] = field(default_factory=lambda: _NO_BASE)
    """Mount → the directory that its `..data` leads to, where somebody has looked."""

    # Reading

    def read(self, path: str) -> str | None:
        path = self._followed(path)
        if self.is_shared(path):
            return (self.seen or {}).get(path)
        return self.own[path] if path in self.own else self.base.get(path)

    def is_dir(self, path: str) -> bool:
        path = self._followed(path)
        if path in ("/", self.setting.directory) or any(mount.path == path for mount in self.setting.mounts):
            return self.read(path) is None
        start = f"{path}/"
        if any(key.startswith(start) for key in self._present()):
            return True
        return any(mount.path.startswith(start) for mount in self.setting.mounts)

    def exists(self, path: str) -> bool:
        return self.read(path) is not None or self.is_dir(path)

    def names(self, directory: str) -> list[str]:
        """What is in a directory, sorted."""
        hidden = ("..data", self.projected[directory]) if directory in self.projected else ()
        directory = self._followed(directory)
        start = "/" if directory == "/" else f"{directory}/"
        found = {key[len(start) :].split("/")[0] for key in self._present() if key.startswith(start)}
        found.update(hidden)
        found.update(
            mount.path[len(start) :].split("/")[0] for mount in self.setting.mounts if mount.path.startswith(start)
        )
        return sorted(name for name in found if name)

    def below(self, directory: str) -> list[str]:
        """Every file under a directory, sorted."""
        start = "/" if directory == "/" else f"{directory}/"
        return sorted({key for key in self._present() if key.startswith(start)})

    def _present(self) -> Iterable[str]:
        for key in self.base:
            if key not in self.own and not self.is_shared(key):
                yield key
        for key, text in self.own.items():
            if text is not None:
                yield key
        yield from self.seen or ()

    # Mounts

    def mount_of(self, path: str) -> MountPoint | None:
        best: MountPoint | None = None
        for mount in self.setting.mounts:
            if (path == mount.path or path.startswith(f"{mount.path}/")) and (
                best is None or len(mount.path) > len(best.path)
            ):
                best = mount
        return best

    def is_shared(self, path: str) -> bool:
        mount = self.mount_of(path)
        return mount is not None and mount.shared

    def touches_shared(self, path: str) -> bool:
        """Whether somebody must look first: the path is in a shared mount, or has one below it."""
        start = "/" if path == "/" else f"{path}/"
        return self.is_shared(path) or any(
            mount.shared and mount.path.startswith(start) for mount in self.setting.mounts
        )

    def link_of(self, path: str) -> str:
        """Where a name points to that the kubelet made as a link (`atomic_writer.go`); "" for any other."""
        mount = self.mount_of(path)
        if mount is None or not mount.modes.is_linked:
            return ""
        name = path[len(mount.path) + 1 :]
        if name.startswith(".."):
            return self.projected.get(mount.path, "") if name == "..data" else ""
        return f"..data/{name}" if name and "/" not in name else ""

    def _followed(self, path: str) -> str:
        """A path through `..data`, or through the directory behind it, is what it leads to."""
        if "/.." not in path:
            return path
        mount = self.mount_of(path)
        if mount is None or not mount.modes.is_linked:
            return path
        inside = path[len(mount.path) :].removeprefix("/..data")
        if name := self.projected.get(mount.path):
            inside = inside.removeprefix(f"/{name}")
        return f"{mount.path}{inside}"

    # Permissions

    def mode(self, path: str) -> int:
        """The permissions of a file or directory that is there."""
        path = self._followed(path)
        if path in self.modes:
            return self.modes[path]
        mount = self.mount_of(path)
        if mount is None:
            if self.is_dir(path):
                return 0o1777 if path in _FOR_EVERYBODY[:3] else DIRECTORY
            return PROGRAM if path.startswith(("/bin/", "/usr/bin/")) else FILE
        if self.is_dir(path):
            return mount.modes.directory if path == mount.path else DIRECTORY
        return dict(mount.modes.items).get(path[len(mount.path) + 1 :], mount.modes.file)

    def owner(self, path: str) -> int:
        """Whose a file is: what may be written belongs to who writes it, everything else to root."""
        return self.setting.uid if self._is_own(path) else 0

    def group(self, path: str) -> int:
        mount = self.mount_of(path)
        if self._is_own(path) and (mount is None or not mount.modes.directory & SET_GROUP):
            return self.setting.gid
        return 0 if mount is None else mount.modes.group

    def _is_own(self, path: str) -> bool:
        mount = self.mount_of(path)
        if mount is None:
            return self.own.get(path) is not None and path not in self.base
        return not mount.modes.made_by_kubelet and not self.is_dir(path) and not self._refused_in(mount)

    def is_executable(self, path: str) -> bool:
        """Whether a file of a volume may be run as a program; elsewhere modes are not known well enough to say no."""
        mount = self.mount_of(path)
        if path not in self.modes and (mount is None or not mount.modes.made_by_kubelet):
            return True
        mode = self.mode(path)
        return (
            bool(mode & 0o111) if not self.setting.uid else self._permits(mode, self.owner(path), self.group(path), 1)
        )

    def _permits(self, mode: int, owner: int, group: int, wanted: int) -> bool:
        """The kernel's rule: the owner, then the group, then everybody else."""
        if self.setting.uid == owner:
            return bool(mode >> 6 & wanted)
        is_member = group in (self.setting.gid, *self.setting.groups)
        return bool((mode >> 3 if is_member else mode) & wanted)

    def is_unreadable(self, path: str) -> bool:
        """Whether the permissions of a file keep this user from reading it."""
        setting = self.setting
        if not setting.uid:
            return False
        if path in self.modes:
            return not self.modes[path] & 0o400
        mount = self.mount_of(path)
        if mount is None or not mount.modes.made_by_kubelet:
            return False
        is_member = mount.modes.group in (setting.gid, *setting.groups)
        return not self.mode(path) & (0o040 if is_member else 0o004)

    # Writing

    def refusal(self, path: str) -> str:
        """Why this path may not be written; "" when it may."""
        mount = self.mount_of(path)
        if mount is not None:
            return READ_ONLY if mount.read_only else self._refused_in(mount)
        if path.startswith(_ALWAYS_WRITABLE):
            return ""
        if self.setting.read_only_root:
            return READ_ONLY
        if self.setting.uid and not any(path == place or path.startswith(f"{place}/") for place in _FOR_EVERYBODY):
            return DENIED
        return ""

    def _refused_in(self, mount: MountPoint) -> str:
        """In a volume its directory decides: files there belong to whoever makes them."""
        if not self.setting.uid or self._permits(mount.modes.directory, 0, mount.modes.group, 2):
            return ""
        return DENIED

    def write(self, path: str, text: str) -> str:
        if self.is_dir(path):
            return IS_DIRECTORY
        parent = path.rsplit("/", 1)[0] or "/"
        if not self.is_dir(parent):
            return NOT_DIRECTORY if self.read(parent) is not None else MISSING
        return self.put(path, text)

    def put(self, path: str, text: str | None) -> str:
        """Sets or removes a file without asking whether its directory is there."""
        refusal = self.refusal(path)
        if refusal:
            return refusal
        if text is not None and len(text) > MAX_FILE:
            text = text[-MAX_FILE:]
            text = text[text.find("\n") + 1 :]
        if self.is_shared(path):
            self.seen = {} if self.seen is None else self.seen
            if text is None:
                self.seen.pop(path, None)
            else:
                self.seen[path] = text
            self.sent.append((path, text))
        elif text is None and path not in self.base:
            self.own.pop(path, None)
        elif len(self.own) < MAX_FILES or path in self.own:
            self.own[path] = text
        else:
            return "No space left on device"
        return ""

    def remove_tree(self, path: str) -> str:
        for key in self.below(path):
            refusal = self.put(key, None)
            if refusal:
                return refusal
        return self.put(path, None) if self.read(path) is not None else ""


def zeros(size: int) -> str:
    """The content of a file that only has a size."""
    return f"{_ZEROS}{size}{_END}"


def size_of(content: str) -> int:
    """Bytes of a file."""
    if content.startswith(_ZEROS):
        size, _, rest = content[1:].partition(_END)
        return int(size) + len(bytes_of(rest))
    return len(bytes_of(content))


def contents_of(content: str, limit: int) -> bytes:
    """The bytes of a file. Raises OverflowError when there are more than `limit`."""
    if size_of(content) > limit:
        raise OverflowError
    if content.startswith(_ZEROS):
        size, _, rest = content[1:].partition(_END)
        return bytes(int(size)) + bytes_of(rest)
    return bytes_of(content)


def absolute(path: str, directory: str) -> str:
    """`path` seen from a working directory, without `.`, `..` and double slashes."""
    parts: list[str] = []
    for part in (path if path.startswith("/") else f"{directory}/{path}").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return f"/{'/'.join(parts)}"


_DIRECTORIES = ("bin", "dev", "etc", "home", "lib", "proc", "root", "sys", "tmp", "usr", "var")
_FULL_DIRECTORIES = (*_DIRECTORIES, "boot", "media", "mnt", "opt", "run", "sbin", "srv")
_PASSWD = "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n"


def layered(*layers: Mapping[str, str]) -> Mapping[str, str]:
    """Several trees above one another, the first one on top; none is copied, and none is written to."""
    present = [layer for layer in layers if layer]
    return ChainMap(*cast(list[MutableMapping[str, str]], present)) if len(present) != 1 else present[0]


@lru_cache(maxsize=256)
def image_files(image: Image, programs: tuple[str, ...]) -> Mapping[str, str]:
    """The root file system an image brings along."""
    files = {f"/{name}/": "" for name in (_FULL_DIRECTORIES if image.shell == "full" else _DIRECTORIES)}
    files.update(
        {
            "/var/log/": "",
            "/var/tmp/": "",
            "/usr/bin/": "",
            "/dev/null": "",
            "/dev/termination-log": "",
            "/etc/passwd": _PASSWD,
        }
    )
    if image.release:
        files["/etc/os-release"] = image.release
    files.update(
        {f"/bin/{name}": "" for name in programs if name.isidentifier() or name.replace("-", "_").isidentifier()}
    )
    files.update(image.files)
    for place in (image.directory,):
        if place:
            files[f"{place.rstrip('/')}/"] = ""
    return MappingProxyType(files)
