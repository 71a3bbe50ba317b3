"""`tar` in containers: what `kubectl cp` needs, in the words of GNU tar 1.34 and of BusyBox 1.35 (both were asked the same)."""

import hashlib
import io
import tarfile
from typing import Any

import pytest

from simulator import KubeCluster
from simulator.machinery.octets import bytes_of, text_of

ANY = bytes(range(256)) * 8


@pytest.fixture(scope="module")
def cluster() -> KubeCluster:
    cluster = KubeCluster.create()
    cluster.kubectl("run full --image=nginx:1.27")
    cluster.kubectl("run busybox --image=busybox:1.36 -- sleep 3600")
    cluster.kubectl("run none --image=registry.k8s.io/pause:3.10")
    cluster.advance("30s")
    return cluster


def archive(**files: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as out:
        for name, data in files.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            entry.size = len(data)
            out.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def execute(cluster: KubeCluster, pod: str, *argv: str, stdin: bytes = b"") -> dict[str, Any]:
    command = {"kind": "exec", "namespace": "default", "pod": pod, "container": pod, "argv": list(argv)}
    return cluster.cluster.apply({**command, "stdin": text_of(stdin)})


def output(reply: dict[str, Any], fd: int = 1) -> bytes:
    return b"".join(bytes_of(text) for number, text in reply["written"] if number == fd)


@pytest.mark.parametrize("pod", ["full", "busybox"])
def test_what_is_copied_in_comes_back_byte_for_byte(cluster: KubeCluster, pod: str) -> None:
    done = execute(cluster, pod, "tar", "-xmf", "-", "-C", "/tmp", stdin=archive(a__any=ANY, a__text=b"{ip} \x01\n"))
    assert (done["exit"], done["written"]) == (0, [])
    assert output(execute(cluster, pod, "md5sum", "/tmp/a/any")).decode().split()[0] == hashlib.md5(ANY).hexdigest()
    back = output(execute(cluster, pod, "tar", "cf", "-", "/tmp/a"))
    assert len(back) % 10_240 == 0
    with tarfile.open(fileobj=io.BytesIO(back)) as found:
        assert found.getnames() == ["tmp/a", "tmp/a/any", "tmp/a/text"]
        contents = [found.extractfile(name) for name in found.getnames()[1:]]
    assert [one.read() for one in contents if one is not None] == [ANY, b"{ip} \x01\n"]


def test_a_copy_that_is_resumed_gets_the_rest(cluster: KubeCluster) -> None:
    """`kubectl cp --retries`: `tar cf - x | tail -c+N`."""
    execute(cluster, "full", "tar", "xf", "-", "-C", "/tmp", stdin=archive(r=ANY))
    whole = output(execute(cluster, "full", "tar", "cf", "-", "/tmp/r"))
    assert output(execute(cluster, "full", "sh", "-c", "tar cf - /tmp/r | tail -c+701")) == whole[700:]


def test_an_image_without_tar_says_so(cluster: KubeCluster) -> None:
    done = execute(cluster, "none", "tar", "cf", "-", "/")
    assert done["refused"].endswith(
        'unable to start container process: exec: "tar": executable file not found in $PATH: unknown'
    )


GNU, BUSYBOX = "full", "busybox"
TOO_LARGE = archive(big=b"x" * 200_000)


@pytest.mark.parametrize(
    ("pod", "line", "stdin", "status", "said"),
    [
        (GNU, "tar cf - /etc/hostname", b"", 0, "tar: Removing leading `/' from member names\n"),
        (BUSYBOX, "tar cf - /etc/hostname", b"", 0, "tar: removing leading '/' from member names\n"),
        (GNU, "tar cf - /nope", b"", 2, "tar: Removing leading `/' from member names\ntar: /nope: Cannot stat: No such file or "
         "directory\ntar: Exiting with failure status due to previous errors\n"),
        (BUSYBOX, "tar cf - /nope", b"", 1, "tar: /nope: No such file or directory\ntar: error exit delayed from previous errors\n"),
        (GNU, "tar -xmf - -C /nope", b"", 2, "tar: /nope: Cannot open: No such file or directory\ntar: Error is not recoverable: "
         "exiting now\n"),
        (BUSYBOX, "tar -xmf - -C /nope", b"", 1, "tar: can't change directory to '/nope': No such file or directory\n"),
        (GNU, "tar xf -", b"no archive", 2, "tar: This does not look like a tar archive\ntar: Exiting with failure status due to "
         "previous errors\n"),
        (BUSYBOX, "tar xf -", b"no archive", 1, "tar: short read\n"),
        (BUSYBOX, "tar xf -", b"\x7fELF" * 512, 1, "tar: invalid tar magic\n"),
        (GNU, "tar xf - -C /tmp", TOO_LARGE, 2, "tar: big: Cannot open: File too large\ntar: Exiting with failure status due to "
         "previous errors\n"),
        (BUSYBOX, "tar xf - -C /tmp", TOO_LARGE, 1, "tar: can't open 'big': File too large\n"),
        (GNU, "tar xf - gone", archive(a=b""), 2, "tar: gone: Not found in archive\ntar: Exiting with failure status due to "
         "previous errors\n"),
        (BUSYBOX, "tar xf - gone", archive(a=b""), 1, "tar: gone: not found in archive\n"),
        (GNU, "tar cf -", b"", 2, "tar: Cowardly refusing to create an empty archive\nTry 'tar --help' or 'tar --usage' for more "
         "information.\n"),
        (BUSYBOX, "tar cf -", b"", 1, "tar: empty archive\n"),
        (GNU, "tar cf x.tar --xz /tmp", b"", 2, "drydock: tar --xz is not simulated\n"),
    ],
)  # fmt: skip
def test_failures_are_those_of_the_tar_in_the_image(
    cluster: KubeCluster, pod: str, line: str, stdin: bytes, status: int, said: str
) -> None:
    done = execute(cluster, pod, *line.split(), stdin=stdin)
    assert (done["exit"], output(done, 2).decode()) == (status, said)


@pytest.mark.parametrize(
    ("pod", "status", "said"),
    [
        (GNU, 2, "tar: a: Cannot mkdir: Read-only file system\ntar: a/f: Cannot open: No such file or directory\n"
         "tar: Exiting with failure status due to previous errors\n"),
        (BUSYBOX, 1, "tar: can't create directory 'a': Read-only file system\ntar: can't open 'a/f': No such file or directory\n"),
    ],
)  # fmt: skip
def test_nothing_is_written_where_nothing_may_be(pod: str, status: int, said: str) -> None:
    cluster = KubeCluster.create()
    image = {"full": "nginx:1.27", "busybox": "busybox:1.36"}[pod]
    container = {
        "name": pod,
        "image": image,
        "securityContext": {"readOnlyRootFilesystem": True},
        "command": ["sleep", "3600"],
    }
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod}, "spec": {"containers": [container]}})
    cluster.advance("30s")
    done = execute(cluster, pod, "tar", "xf", "-", stdin=archive(a__f=b"1"))
    assert (done["exit"], output(done, 2).decode()) == (status, said)


def test_binary_keys_of_a_config_map_are_mounted_as_they_are() -> None:
    cluster = KubeCluster.create()
    cluster.apply("""
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
binaryData: {b: AP8BgA==}
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers: [{name: p, image: "busybox:1.36", command: [sleep, "3600"], volumeMounts: [{name: v, mountPath: /v}]}]
  volumes: [{name: v, configMap: {name: c}}]
""")
    cluster.advance("30s")
    assert output(execute(cluster, "p", "cat", "/v/b")) == b"\x00\xff\x01\x80"


def test_a_time_in_a_file_is_that_of_its_writing() -> None:
    cluster = KubeCluster.create()
    cluster.kubectl("run full --image=nginx:1.27")
    cluster.advance("30s")
    execute(cluster, "full", "sh", "-c", "date > /tmp/written; date > /dev/shm/shared")
    then = output(execute(cluster, "full", "date"))
    cluster.advance("1h")
    assert output(execute(cluster, "full", "cat", "/tmp/written")) == then
    assert output(execute(cluster, "full", "cat", "/dev/shm/shared")) == then
    back = output(execute(cluster, "full", "tar", "cf", "-", "-C", "/tmp", "written"))
    with tarfile.open(fileobj=io.BytesIO(back)) as found:
        (inside,) = [found.extractfile(one) for one in found.getmembers()]
    assert inside is not None
    assert inside.read() == then
