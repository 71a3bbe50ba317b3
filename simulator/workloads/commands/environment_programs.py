"""Which programs an image has in its $PATH, and which of them only the kernel or the network can answer."""

from functools import lru_cache

from simulator.workloads.image_catalog import Image

_EVERYWHERE = frozenset(
    [
        "sh",
        "echo",
        "sleep",
        "true",
        "false",
        "cat",
        "touch",
        "rm",
        "date",
        "hostname",
        "env",
        "printenv",
        "test",
        "[",
        "printf",
        "mkdir",
        "rmdir",
        "tail",
        "head",
        "seq",
        "ls",
        "pwd",
        "whoami",
        "id",
        "uname",
        "yes",
        "cp",
        "mv",
        "grep",
        "egrep",
        "fgrep",
        "wc",
        "sort",
        "uniq",
        "cut",
        "tr",
        "sed",
        "awk",
        "tee",
        "find",
        "which",
        "basename",
        "dirname",
        "xargs",
        "base64",
        "md5sum",
        "sha256sum",
        "stat",
        "du",
        "df",
        "kill",
        "readlink",
        "nproc",
        "expr",
        "tac",
        "rev",
        "timeout",
        "nl",
        "paste",
        "comm",
        "diff",
        "dd",
        "chmod",
        "chown",
        "ln",
        "sync",
        "od",
        "fallocate",
        "truncate",
        "tar",
    ]
)
_IN_BUSYBOX = _EVERYWHERE | frozenset(
    [
        "ash",
        "ps",
        "top",
        "free",
        "mount",
        "uptime",
        "nslookup",
        "wget",
        "nc",
        "ping",
        "killall",
        "pkill",
        "pgrep",
        "netstat",
        "ifconfig",
        "ip",
        "vi",
        "watch",
        "less",
        "more",
        "telnet",
        "traceroute",
        "httpd",
        "arch",
        "sysctl",
    ]
)
_IN_FULL = (_EVERYWHERE | frozenset(["bash", "dash", "getent", "mount", "arch", "perl"])) - frozenset({"which"})
#: What the network answers.
NETWORK = frozenset(["nslookup", "wget", "curl", "nc", "ping", "getent", "dig", "host", "telnet", "traceroute"])
#: What the kernel answers.
KERNEL = frozenset(
    [
        "ps",
        "top",
        "free",
        "df",
        "mount",
        "uptime",
        "kill",
        "killall",
        "pkill",
        "pgrep",
        "netstat",
        "ss",
        "ip",
        "ifconfig",
    ]
)
ASKED = NETWORK | KERNEL
#: Those whose question includes what they read.
READS_STDIN = frozenset({"nc"})
_CLIENTS = frozenset(
    {
        "redis-cli",
        "pg_isready",
        "psql",
        "mysqladmin",
        "mysql",
        "mariadb-admin",
        "healthcheck.sh",
        "mongosh",
        "etcdctl",
        "grpc_health_probe",
    }
)


@lru_cache(maxsize=256)
def programs_of(image: Image) -> tuple[str, ...]:
    """Sorted names of the executables in the image's $PATH."""
    known = {"none": frozenset[str](), "busybox": _IN_BUSYBOX, "full": _IN_FULL}[image.shell]
    name = image.name.repository.rsplit("/", 1)[-1]
    extra = {"python": ("python3", "python"), "node": ("node", "npm")}.get(name, ())
    return tuple(sorted({*known, *image.programs, *extra, *(one.program.split()[0] for one in image.servers)}))


def has_program(image: Image, program: str) -> bool:
    """Whether the executable is in the image's $PATH."""
    return program in _names(image)


def is_busybox(image: Image, program: str) -> bool:
    """Whether a program of the image is BusyBox'; images with `dig` have the `nslookup` that comes with it."""
    return image.shell == "busybox" and not (program == "nslookup" and "dig" in image.programs)


@lru_cache(maxsize=256)
def _names(image: Image) -> frozenset[str]:
    return frozenset(programs_of(image))


def is_client(image: Image, program: str) -> bool:
    return program in _CLIENTS or program in image.programs
