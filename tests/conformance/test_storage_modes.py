"""sig-storage: which permissions the files of volumes have, as agnhost's `mounttest` sees them (`test/e2e/common/storage`)."""

from typing import Any

import pytest

from tests.conformance.conftest import AGNHOST, CORE, PODS, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
SIG = "[sig-storage]"
LINUX = "[LinuxOnly] [NodeConformance] [Conformance]"
MOUNTS = [{"name": "v", "mountPath": "/etc/v"}]


def _seen(suite: Suite, volume: Obj, *flags: str, person: Obj | None = None, path: str = "/etc/v") -> str:
    """What `mounttest` writes of a volume; it must succeed."""
    container = {
        "name": "c",
        "image": AGNHOST,
        "args": ["mounttest", *(f"--{flag}" for flag in flags)],
        "volumeMounts": [{"name": "v", "mountPath": path}],
    }
    more = {"securityContext": person} if person else {}
    pod = suite.pod("pod", container, restartPolicy="Never", volumes=[{"name": "v", **volume}], **more)
    said = suite.log("pod")
    assert pod["status"]["phase"] == "Succeeded", said
    return said


def _source(kind: str, *, projected: bool, mode: int | None = None, items: list[Obj] | None = None) -> Obj:
    """A volume of one source; the mode of all its files is the volume's own."""
    name = {"downwardAPI": {}, "secret": {"secretName": "source"}, "configMap": {"name": "source"}}[kind]
    more: Obj = {"items": items} if items else {}
    default: Obj = {} if mode is None else {"defaultMode": mode}
    if projected:
        inner = {"name": "source"} if kind != "downwardAPI" else {}
        return {"projected": {"sources": [{kind: {**inner, **more}}], **default}}
    return {kind: {**name, **more, **default}}


def _make(suite: Suite, kind: str) -> None:
    if kind == "configMap":
        suite.made(f"{CORE}/configmaps", "source", data={"data-1": "value-1", "data-2": "value-2"})
    elif kind == "secret":
        suite.made(f"{CORE}/secrets", "source", data={"data-1": "dmFsdWUtMQ==", "data-2": "dmFsdWUtMg=="})


KINDS = pytest.mark.parametrize(
    ("kind", "projected"),
    [
        pytest.param(kind, projected, id=f"{'projected ' if projected else ''}{kind}")
        for kind in ("configMap", "secret", "downwardAPI")
        for projected in (False, True)
    ],
)


@conforms(
    f"{SIG} ConfigMap should be consumable from pods in volume with defaultMode set {LINUX}",
    f"{SIG} Projected configMap should be consumable from pods in volume with defaultMode set {LINUX}",
    f"{SIG} Secrets should be consumable from pods in volume with defaultMode set {LINUX}",
    f"{SIG} Projected secret should be consumable from pods in volume with defaultMode set {LINUX}",
    f"{SIG} Downward API volume should set DefaultMode on files {LINUX}",
    f"{SIG} Projected downwardAPI should set DefaultMode on files {LINUX}",
)
@KINDS
def test_the_default_mode_is_that_of_all_files(suite: Suite, kind: str, projected: bool) -> None:
    _make(suite, kind)
    items = [{"path": "data-1", "fieldRef": {"fieldPath": "metadata.name"}}] if kind == "downwardAPI" else None
    volume = _source(kind, projected=projected, mode=0o400, items=items)
    said = _seen(suite, volume, "file_content=/etc/v/data-1", "file_mode=/etc/v/data-1")
    value = "pod" if kind == "downwardAPI" else "value-1"
    assert said == f'mode of file "/etc/v/data-1": -r--------\ncontent of file "/etc/v/data-1": {value}\n'


@conforms(
    f"{SIG} ConfigMap should be consumable from pods in volume with mappings and Item mode set {LINUX}",
    f"{SIG} Projected configMap should be consumable from pods in volume with mappings and Item mode set {LINUX}",
    f"{SIG} Secrets should be consumable from pods in volume with mappings and Item Mode set {LINUX}",
    f"{SIG} Projected secret should be consumable from pods in volume with mappings and Item Mode set {LINUX}",
    f"{SIG} Downward API volume should set mode on item file {LINUX}",
    f"{SIG} Projected downwardAPI should set mode on item file {LINUX}",
)
@KINDS
def test_an_item_has_a_mode_of_its_own(suite: Suite, kind: str, projected: bool) -> None:
    _make(suite, kind)
    what = {"fieldRef": {"fieldPath": "metadata.name"}} if kind == "downwardAPI" else {"key": "data-2"}
    volume = _source(kind, projected=projected, items=[{**what, "path": "path/to/data-2", "mode": 0o400}])
    said = _seen(suite, volume, "file_content=/etc/v/path/to/data-2", "file_mode=/etc/v/path/to/data-2")
    value = "pod" if kind == "downwardAPI" else "value-2"
    assert said == (
        f'mode of file "/etc/v/path/to/data-2": -r--------\ncontent of file "/etc/v/path/to/data-2": {value}\n'
    )


@conforms(
    f"{SIG} Secrets should be consumable from pods in volume as non-root with defaultMode and fsGroup set {LINUX}",
    f"{SIG} Projected secret should be consumable from pods in volume as non-root with defaultMode and fsGroup set {LINUX}",
)
@pytest.mark.parametrize("projected", [False, True])
def test_the_group_of_the_volume_lets_another_user_read(suite: Suite, projected: bool) -> None:
    _make(suite, "secret")
    volume = _source("secret", projected=projected, mode=0o440)
    person = {"runAsUser": 1000, "fsGroup": 1001}
    said = _seen(suite, volume, "file_content=/etc/v/data-1", "file_mode=/etc/v/data-1", person=person)
    assert said == 'mode of file "/etc/v/data-1": -r--r-----\ncontent of file "/etc/v/data-1": value-1\n'


def test_without_a_group_another_user_may_not_read_what_is_roots(suite: Suite) -> None:
    """No statement of the suite, but what makes the one above mean something."""
    _make(suite, "secret")
    container = {
        "name": "c",
        "image": AGNHOST,
        "args": ["mounttest", "--file_content=/etc/v/data-1"],
        "volumeMounts": MOUNTS,
    }
    volumes = [{"name": "v", "secret": {"secretName": "source", "defaultMode": 0o400}}]
    pod = suite.pod("pod", container, restartPolicy="Never", volumes=volumes, securityContext={"runAsUser": 1000})
    assert pod["status"]["phase"] == "Failed"
    assert suite.log("pod") == 'error reading file content for "/etc/v/data-1": open /etc/v/data-1: permission denied\n'


@conforms(f"{SIG} Projected secret should be consumable in multiple volumes in a pod [NodeConformance] [Conformance]")
def test_a_projected_secret_in_two_volumes(suite: Suite) -> None:
    _make(suite, "secret")
    container = {
        "name": "c",
        "image": AGNHOST,
        "args": ["mounttest", "--file_content=/etc/v/data-1", "--file_mode=/etc/v/data-1"],
        "volumeMounts": [*MOUNTS, {"name": "w", "mountPath": "/etc/w"}],
    }
    sources = {"projected": {"sources": [{"secret": {"name": "source"}}], "defaultMode": 0o400}}
    suite.pod("pod", container, volumes=[{"name": name, **sources} for name in ("v", "w")])
    assert suite.log("pod") == 'mode of file "/etc/v/data-1": -r--------\ncontent of file "/etc/v/data-1": value-1\n'
    container["args"] = ["mounttest", "--file_content=/etc/w/data-1", "--file_mode=/etc/w/data-1"]
    suite.do("DELETE", f"{PODS}/pod")
    suite.wait(40)
    suite.pod("pod", container, volumes=[{"name": name, **sources} for name in ("v", "w")])
    assert suite.log("pod") == 'mode of file "/etc/w/data-1": -r--------\ncontent of file "/etc/w/data-1": value-1\n'


PERMISSIONS = {"0644": "-rw-r--r--", "0666": "-rw-rw-rw-", "0777": "-rwxrwxrwx"}


@conforms(
    *(
        f"{SIG} EmptyDir volumes should support ({person},{mode},{medium}) {LINUX}"
        for person in ("root", "non-root")
        for mode in PERMISSIONS
        for medium in ("default", "tmpfs")
    )
)
@pytest.mark.parametrize("mode", PERMISSIONS)
@pytest.mark.parametrize("medium", ["default", "tmpfs"])
@pytest.mark.parametrize("uid", [0, 1001])
def test_new_files_have_the_mode_they_are_made_with(suite: Suite, uid: int, medium: str, mode: str) -> None:
    file = "/test-volume/test-file"
    volume = {"emptyDir": {"medium": "Memory"} if medium == "tmpfs" else {}}
    said = _seen(
        suite, volume, "fs_type=/test-volume", f"new_file_{mode}={file}", f"file_perm={file}",
        person={"runAsUser": uid} if uid else None, path="/test-volume",
    )  # fmt: skip
    kind, *rest = said.splitlines()
    assert kind == f'mount type of "/test-volume": {"tmpfs" if medium == "tmpfs" else "61267"}'
    assert rest == [
        f'content of file "{file}": mount-tester new file', "", f'perms of file "{file}": {PERMISSIONS[mode]}'
    ]  # fmt: skip


@conforms(
    f"{SIG} EmptyDir volumes volume on default medium should have the correct mode {LINUX}",
    f"{SIG} EmptyDir volumes volume on tmpfs should have the correct mode {LINUX}",
)
@pytest.mark.parametrize("medium", ["default", "tmpfs"])
def test_an_empty_directory_is_open_to_everybody(suite: Suite, medium: str) -> None:
    volume = {"emptyDir": {"medium": "Memory"} if medium == "tmpfs" else {}}
    said = _seen(suite, volume, "fs_type=/test-volume", "file_perm=/test-volume", path="/test-volume")
    assert said == (
        f'mount type of "/test-volume": {"tmpfs" if medium == "tmpfs" else "61267"}\n'
        'perms of file "/test-volume": -rwxrwxrwx\n'
    )
