"""What `df` and `mount` say in a container: which file systems there are, in which order, how large and how full.

The sizes of disks are those that `mke2fs` 1.47 gives (made with `mkfs.ext4 -m0` and read with `dumpe2fs`). The table in blocks of
1K is one that a real pod has printed; the others are the same file systems, laid out by the code of GNU coreutils and BusyBox.
"""

from typing import Any

import pytest

from simulator.node.disk_free import disk_free
from simulator.node.ext4 import room
from simulator.node.file_systems import FileSystem
from tests.proof.follows import follows

VOLUMES = [
    {"name": "config", "configMap": {"name": "settings"}},
    {"name": "disk", "emptyDir": {}},
    {"name": "memory", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
]
MOUNTS = [
    {"name": "config", "mountPath": "/etc/config"},
    {"name": "disk", "mountPath": "/disk"},
    {"name": "memory", "mountPath": "/memory"},
]


@pytest.fixture
def box(machines: Any) -> Any:
    meta = {"namespace": "default", "name": "settings"}
    machines.create("configmaps", {"kind": "ConfigMap", "metadata": meta, "data": {"one": "1\n"}})
    machines.script("sleep 1d", spec={"volumes": VOLUMES}, volumeMounts=MOUNTS)
    full = {"command": ["sleep", "1d"], "spec": {"volumes": VOLUMES}, "volumeMounts": MOUNTS}
    machines.start("full", image="debian:12", **full)
    machines.run(5)
    return machines


def ran(box: Any, line: str, name: str = "web") -> list[str]:
    done = box.kubelets.commands.execute(box.pod(name), "web", ("sh", "-c", line))
    return [*(done.stdout + done.stderr).splitlines(), *([str(done.status)] if done.status else [])]


@pytest.mark.parametrize(
    ("gib", "blocks", "free", "overhead"),
    [
        pytest.param(1, 262144, 249189, 12949, id="1 GiB"),
        pytest.param(2, 524288, 498132, 26150, id="2 GiB"),
        pytest.param(3, 786432, 755396, 31030, id="3 GiB"),
        pytest.param(4, 1048576, 1011634, 36936, id="4 GiB"),
        pytest.param(5, 1310720, 1268642, 42072, id="5 GiB"),
        pytest.param(8, 2097152, 2038641, 58505, id="8 GiB"),
        pytest.param(10, 2621440, 2554687, 66747, id="10 GiB"),
        pytest.param(16, 4194304, 4084441, 109857, id="16 GiB"),
        pytest.param(20, 5242880, 5116558, 126316, id="20 GiB"),
        pytest.param(32, 8388608, 8179134, 209468, id="32 GiB"),
        pytest.param(50, 13107200, 12822642, 284552, id="50 GiB"),
        pytest.param(100, 26214400, 25656552, 557842, id="100 GiB"),
        pytest.param(200, 52428800, 51328499, 1100294, id="200 GiB"),
        pytest.param(500, 131072000, 128734265, 2337728, id="500 GiB"),
    ],
)
def test_the_room_on_a_disk_is_what_mke2fs_leaves(gib: int, blocks: int, free: int, overhead: int) -> None:
    size, used, available = room(gib << 30, 0)
    assert (size // 4, used // 4) == (blocks - overhead, blocks - overhead - free)
    assert available // 4 == free - 4096


#: Of a pod on a machine with one disk.
SEEN = [
    FileSystem("overlay", "/", "overlay", "", 61252420, 16809112, 41302140),
    FileSystem("proc", "/proc", "proc", ""),
    FileSystem("tmpfs", "/dev", "tmpfs", "", 65536, 0, 65536),
    FileSystem("tmpfs", "/sys/fs/cgroup", "tmpfs", "", 4334408, 0, 4334408),
    FileSystem("/dev/sda1", "/logs", "ext4", "", 61252420, 16809112, 41302140, "/var/lib/kubelet/pods/1/volumes/logs"),
    FileSystem("/dev/sda1", "/etc/hosts", "ext4", "", 61252420, 16809112, 41302140, "/var/lib/kubelet/pods/1/hosts"),
    FileSystem("shm", "/dev/shm", "tmpfs", "", 65536, 0, 65536),
    FileSystem("tmpfs", "/run/secrets/kubernetes.io/serviceaccount", "tmpfs", "", 4334408, 12, 4334396),
    FileSystem("tmpfs", "/proc/acpi", "tmpfs", "", 4334408, 0, 4334408),
    FileSystem("tmpfs", "/proc/kcore", "tmpfs", "", 65536, 0, 65536, "/null"),
]
_GNU = """\
Filesystem     1K-blocks     Used Available Use% Mounted on
overlay         61252420 16809112  41302140  29% /
tmpfs              65536        0     65536   0% /dev
tmpfs            4334408        0   4334408   0% /sys/fs/cgroup
/dev/sda1       61252420 16809112  41302140  29% /logs
shm                65536        0     65536   0% /dev/shm
tmpfs            4334408       12   4334396   1% /run/secrets/kubernetes.io/serviceaccount
tmpfs            4334408        0   4334408   0% /proc/acpi
"""
_GNU_TYPES = """\
Filesystem     Type     Size  Used Avail Use% Mounted on
overlay        overlay   59G   17G   40G  29% /
tmpfs          tmpfs     64M     0   64M   0% /dev
tmpfs          tmpfs    4.2G     0  4.2G   0% /sys/fs/cgroup
/dev/sda1      ext4      59G   17G   40G  29% /logs
shm            tmpfs     64M     0   64M   0% /dev/shm
tmpfs          tmpfs    4.2G   12K  4.2G   1% /run/secrets/kubernetes.io/serviceaccount
tmpfs          tmpfs    4.2G     0  4.2G   0% /proc/acpi
"""
_BUSYBOX = """\
Filesystem                Size      Used Available Use% Mounted on
overlay                  58.4G     16.0G     39.4G  29% /
tmpfs                    64.0M         0     64.0M   0% /dev
tmpfs                     4.1G         0      4.1G   0% /sys/fs/cgroup
/dev/sda1                58.4G     16.0G     39.4G  29% /logs
/dev/sda1                58.4G     16.0G     39.4G  29% /etc/hosts
shm                      64.0M         0     64.0M   0% /dev/shm
tmpfs                     4.1G     12.0K      4.1G   0% /run/secrets/kubernetes.io/serviceaccount
tmpfs                     4.1G         0      4.1G   0% /proc/acpi
tmpfs                    64.0M         0     64.0M   0% /proc/kcore
"""


@pytest.mark.parametrize(
    ("words", "is_gnu", "wanted"),
    [
        pytest.param([], True, _GNU, id="GNU"),
        pytest.param(["-Th"], True, _GNU_TYPES, id="GNU, with types"),
        pytest.param(["-h"], False, _BUSYBOX, id="BusyBox"),
    ],
)
def test_tables_of_all_file_systems(words: list[str], is_gnu: bool, wanted: str) -> None:
    assert disk_free(words, SEEN, lambda path: path, is_gnu=is_gnu) == (0, wanted.splitlines())


@pytest.mark.parametrize(
    ("path", "is_gnu", "wanted"),
    [
        pytest.param("/etc/hosts", True, "/etc/hosts", id="GNU shows the nearest mount"),
        pytest.param("/etc/hosts", False, "/logs", id="BusyBox shows the first of the device"),
        pytest.param("/logs/a", False, "/logs", id="a file"),
        pytest.param("/etc/passwd", False, "/", id="of the image"),
        pytest.param("/proc/kcore", True, "/proc/kcore", id="a hidden file"),
        pytest.param("/proc/kcore", False, "/dev", id="a hidden file lies in /dev"),
        pytest.param("/proc/acpi", False, "/proc/acpi", id="each tmpfs is one of its own"),
    ],
)
def test_the_mount_of_a_path(path: str, is_gnu: bool, wanted: str) -> None:
    _, rows = disk_free([path], SEEN, lambda found: found, is_gnu=is_gnu)
    assert [row.split()[-1] for row in rows[1:]] == [wanted]


def test_a_long_device_has_a_line_of_its_own_in_busybox() -> None:
    seen = [FileSystem("files.example.org:/exports", "/nfs", "nfs4", "", 100, 50, 50)]
    status, rows = disk_free(["/nfs"], seen, lambda path: path, is_gnu=False)
    assert (status, rows[1:]) == (
        0,
        ["files.example.org:/exports", "                           100        50        50  50% /nfs"],
    )


@follows("Volumes", "pkg/kubelet/kubelet_pods.go: makeMounts")
@pytest.mark.parametrize("name", [pytest.param("web", id="BusyBox"), pytest.param("full", id="GNU")])
def test_mounts_are_ordered_by_depth_and_then_as_they_are_given(box: Any, name: str) -> None:
    assert [row.split()[2] for row in ran(box, "mount", name)] == [
        *("/", "/proc", "/dev", "/dev/pts", "/dev/mqueue", "/sys", "/sys/fs/cgroup"),
        *("/disk", "/memory", "/etc/config"),
        *("/etc/hosts", "/dev/termination-log", "/etc/hostname", "/etc/resolv.conf", "/dev/shm"),
        *("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"),
        *("/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware"),
    ]


def test_a_privileged_container_sees_all_of_the_kernel(machines: Any) -> None:
    machines.script("sleep 1d", securityContext={"privileged": True})
    machines.run(2)
    rows = ran(machines, "mount")
    assert not [row for row in rows if " /proc/" in row]
    assert "sysfs on /sys type sysfs (rw,nosuid,nodev,noexec,relatime)" in rows


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        pytest.param(
            "df -h /memory", ["tmpfs                    16.0M         0     16.0M   0% /memory"], id="with a size limit"
        ),
        pytest.param(
            "echo 1 > /memory/a; df /memory",
            ["tmpfs                    16384         4     16380   0% /memory"],
            id="what was written just now",
        ),
        pytest.param(
            "cd /memory; df .", ["tmpfs                    16384         0     16384   0% /memory"], id="where I am"
        ),
        pytest.param("df /nope", ["1"], id="nothing is there"),
    ],
)
def test_what_is_said_of_a_path(box: Any, line: str, wanted: list[str]) -> None:
    heads = ("Filesystem", "df: /nope: can't find mount point")
    assert [row for row in ran(box, line) if not row.startswith(heads)] == wanted


def test_the_disk_is_as_full_as_the_kubelet_observes(machines: Any) -> None:
    """A pod that fills its own layer takes from what all pods of the machine have."""
    machines.script("sleep 1d")
    machines.run(2)
    before = int(ran(machines, "df /")[1].split()[3])
    ran(machines, "dd if=/dev/zero of=/big bs=1M count=2048")
    machines.run(1)
    after = int(ran(machines, "df /")[1].split()[3])
    assert before - after == 2048 * 1024
