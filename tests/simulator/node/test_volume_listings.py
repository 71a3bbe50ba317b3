"""What programs in a container see of its volumes: hidden names, links, kinds of file systems, sizes.

Follows `pkg/volume/util/atomic_writer.go`, `pkg/volume/emptydir/empty_dir.go` (1.33) and `coreutils/du.c`, `coreutils/tail.c` of BusyBox.
"""

import re
from typing import Any

import pytest

from tests.proof.follows import follows

MOUNTS = [
    {"name": "config", "mountPath": "/etc/config"},
    {"name": "secret", "mountPath": "/etc/secret", "readOnly": True},
    {"name": "disk", "mountPath": "/disk"},
    {"name": "memory", "mountPath": "/memory"},
    {"name": "small", "mountPath": "/small"},
]
VOLUMES = [
    {"name": "config", "configMap": {"name": "settings"}},
    {"name": "secret", "secret": {"secretName": "keys"}},
    {"name": "disk", "emptyDir": {}},
    {"name": "memory", "emptyDir": {"medium": "Memory"}},
    {"name": "small", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
]
STAMP = r"\.\.2025_10_09_08_53_2\d\.\d+"


@pytest.fixture
def box(machines: Any) -> Any:
    meta = {"namespace": "default"}
    data = {"one": "1\n", "two": "x" * 5000}
    machines.create("configmaps", {"kind": "ConfigMap", "metadata": {**meta, "name": "settings"}, "data": data})
    machines.create("secrets", {"kind": "Secret", "metadata": {**meta, "name": "keys"}, "stringData": {"key": "k"}})
    machines.script("sleep 1d", spec={"volumes": VOLUMES}, volumeMounts=MOUNTS)
    machines.run(1)
    return machines


def ran(box: Any, line: str) -> list[str]:
    done = box.kubelets.commands.execute(box.pod(), "web", ("sh", "-c", line))
    return [*(done.stdout + done.stderr).splitlines(), *([str(done.status)] if done.status else [])]


@follows(
    "Volumes",
    "pkg/volume/util/atomic_writer_test.go: TestPathsToRemove, TestWriteOnce",
    "pkg/volume/util/atomic_writer.go: Write",
)
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        pytest.param("ls /etc/config", ["one", "two"], id="ls"),
        pytest.param("ls -a /etc/config", [".", "..", STAMP, "..data", "one", "two"], id="ls -a"),
        pytest.param("ls -A /etc/config", [STAMP, "..data", "one", "two"], id="ls -A"),
        pytest.param("ls /etc/config/..data", ["one", "two"], id="through the link"),
        pytest.param("cat /etc/config/..data/one", ["1"], id="a file through the link"),
        pytest.param("ls /etc/config/..2*", ["one", "two"], id="the directory behind it"),
        pytest.param("ls -a /disk", [".", ".."], id="an empty directory"),
        pytest.param(
            "find /etc/config",
            [
                "/etc/config",
                f"/etc/config/{STAMP}",
                f"/etc/config/{STAMP}/one",
                f"/etc/config/{STAMP}/two",
                "/etc/config/..data",
                "/etc/config/one",
                "/etc/config/two",
            ],
            id="find",
        ),
        pytest.param(
            "find /etc/config -type f", [f"/etc/config/{STAMP}/one", f"/etc/config/{STAMP}/two"], id="find -type f"
        ),
        pytest.param(
            "find /etc/config -type l", [f"/etc/config/{n}" for n in ("..data", "one", "two")], id="find -type l"
        ),
    ],
)
def test_names_of_a_volume_that_the_kubelet_writes(box: Any, line: str, wanted: list[str]) -> None:
    found = ran(box, line)
    assert len(found) == len(wanted), found
    assert [one for one, form in zip(found, wanted, strict=True) if one != form and not re.fullmatch(form, one)] == []


def test_the_link_of_a_volume_leads_to_a_dated_directory(box: Any) -> None:
    rows = ran(box, "ls -la /etc/config")
    link = next(row for row in rows if "..data ->" in row)
    assert link.startswith("lrwxrwxrwx")
    assert re.search(rf"\.\.data -> {STAMP}$", link)
    assert ran(box, "ls -a /etc/config")[2] == link.rsplit(" ", 1)[1]


@follows("Volumes", "pkg/volume/emptydir/empty_dir.go: calculateEmptyDirMemorySize, setupTmpfs")
@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        pytest.param("/etc/config", "/dev/vda1 on /etc/config type ext4 (ro,relatime)", id="a ConfigMap"),
        pytest.param(
            "/etc/secret", "tmpfs on /etc/secret type tmpfs (ro,relatime,size=8388608k,inode64,noswap)", id="a Secret"
        ),
        pytest.param("/disk", "/dev/vda1 on /disk type ext4 (rw,relatime)", id="a directory"),
        pytest.param("/memory", "tmpfs on /memory type tmpfs (rw,relatime,size=8388608k,inode64,noswap)", id="memory"),
        pytest.param(
            "/small", "tmpfs on /small type tmpfs (rw,relatime,size=65536k,inode64,noswap)", id="memory with a limit"
        ),
    ],
)
def test_kinds_of_file_systems(box: Any, path: str, wanted: str) -> None:
    assert [row for row in ran(box, "mount") if f" {path} " in row] == [wanted]


def test_memory_is_as_large_as_the_pod_may_use(machines: Any) -> None:
    machines.script(
        "sleep 1d",
        spec={"volumes": VOLUMES[3:]},
        volumeMounts=MOUNTS[3:],
        resources={"limits": {"memory": "32Mi"}},
    )
    machines.run(1)
    rows = ran(machines, "mount")
    assert "tmpfs on /memory type tmpfs (rw,relatime,size=32768k,inode64,noswap)" in rows
    assert "tmpfs on /small type tmpfs (rw,relatime,size=32768k,inode64,noswap)" in rows


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        pytest.param("du /disk", ["8\t/disk/a", "12\t/disk/b/c", "16\t/disk/b", "28\t/disk"], id="every directory"),
        pytest.param("du -s /disk", ["28\t/disk"], id="-s"),
        pytest.param("du -d 1 /disk", ["8\t/disk/a", "16\t/disk/b", "28\t/disk"], id="-d 1"),
        pytest.param("du -a /disk/a", ["4\t/disk/a/x", "8\t/disk/a"], id="-a"),
        pytest.param("du /disk/a/x", ["4\t/disk/a/x"], id="a file"),
        pytest.param("du -sh /disk", ["28.0K\t/disk"], id="-h"),
        pytest.param("cd /disk/a; du", ["8\t."], id="here"),
        pytest.param(
            "du /nope /disk/a", ["8\t/disk/a", "du: /nope: No such file or directory", "1"], id="one is missing"
        ),
        pytest.param("du -s /etc/config", ["20\t/etc/config"], id="links take no room"),
        pytest.param(
            "tail /nope", ["tail: can't open '/nope': No such file or directory", "tail: no files", "1"], id="tail"
        ),
        pytest.param(
            "tail -n 1 /nope /disk/a/x",
            ["1", "tail: can't open '/nope': No such file or directory", "1"],
            id="tail of two, one missing",
        ),
    ],
)
def test_sizes_and_complaints_of_busybox(box: Any, line: str, wanted: list[str]) -> None:
    ran(box, "mkdir /disk/a /disk/b /disk/b/c; echo 1 > /disk/a/x")
    ran(box, f"echo {'x' * 5000} > /disk/b/c/y")
    assert ran(box, line) == wanted
