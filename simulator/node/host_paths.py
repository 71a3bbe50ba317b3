"""hostPath: whether what is at the path is of the type the volume asks for.

Follows `pkg/volume/hostpath/host_path.go` of v1.33. A node's disk has the files that pods wrote there, and the directories every Linux
machine has.
"""

from collections.abc import Mapping

from simulator.engine.plain import Obj

_DIRECTORIES = (
    "/",
    "/bin",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/var",
)
_BELOW = (
    "/var/log",
    "/var/lib",
    "/var/lib/kubelet",
    "/var/run",
    "/etc/kubernetes",
    "/var/log/pods",
    "/var/log/containers",
)
HOSTS = "/etc/hosts"
_FILES = ("/etc/hostname", HOSTS, "/etc/resolv.conf", "/etc/os-release", "/etc/passwd", "/etc/localtime")
_SOCKETS = ("/run/containerd/containerd.sock", "/var/run/containerd/containerd.sock")
_CHARACTER = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/fuse", "/dev/kvm")
_BLOCK = ("/dev/sda", "/dev/sda1")


def check_host_path(source: Obj, files: Mapping[str, str]) -> tuple[str | None, str | None]:
    """(why it cannot be mounted, a file that has to be made first)."""
    path, kind = source["path"].rstrip("/") or "/", source.get("type") or ""
    found = _kind_of(path, files)
    match kind:
        case "DirectoryOrCreate":
            return (_says(path, "a directory") if found not in ("directory", "") else None), None
        case "FileOrCreate":
            return (_says(path, "a file") if found not in ("file", "") else None), None if found else path.strip("/")
        case "Directory":
            return (None if found == "directory" else _says(path, "a directory")), None
        case "File":
            return (None if found == "file" else _says(path, "a file")), None
        case "Socket":
            return (None if found == "socket" else _says(path, "a socket file")), None
        case "CharDevice":
            return (None if found == "character" else _says(path, "a character device")), None
        case "BlockDevice":
            return (None if found == "block" else _says(path, "a block device")), None
    return None, None


def _says(path: str, wanted: str) -> str:
    return f"hostPath type check failed: {path} is not {wanted}"


def _kind_of(path: str, files: Mapping[str, str]) -> str:
    """What is at a path of the node's disk; "" is nothing."""
    inside = path.strip("/")
    if path in _DIRECTORIES or path in _BELOW or any(one.startswith(f"{inside}/") for one in files):
        return "directory"
    if path in _FILES or inside in files:
        return "file"
    for paths, kind in ((_SOCKETS, "socket"), (_CHARACTER, "character"), (_BLOCK, "block")):
        if path in paths:
            return kind
    return ""
