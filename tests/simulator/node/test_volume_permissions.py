"""Who may read, write and run what lies in a volume, as a shell in the pod finds out (`volume_modes`, `file_tree`)."""

from typing import Any

import msgspec
import pytest

SCRIPT = "#!/bin/sh\necho hello\nsleep 1000\n"


def sources(machines: Any) -> None:
    metadata = {"name": "app", "namespace": "default"}
    machines.create(
        "configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"k": "v", "run.sh": SCRIPT}},
    )
    machines.create("secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"k": "dg=="}})


def run(
    machines: Any, source: Any, script: str, *, user: int | None = None, group: int | None = None, **mount: Any
) -> Any:
    """What a shell in a pod with one volume at `/v` prints, and its errors."""
    sources(machines)
    context = {key: value for key, value in (("runAsUser", user), ("fsGroup", group)) if value is not None}
    machines.script(
        "sleep 1000",
        volumeMounts=[{"name": "v", "mountPath": "/v", **mount}],
        spec={"securityContext": context, "volumes": [{"name": "v", **source}]},
    )
    machines.run(2)
    done = machines.kubelets.commands.execute(machines.pod(), "web", ("sh", "-c", script))
    return f"{done.stdout}{done.stderr}"


def test_names_in_a_config_map_volume_are_links(machines: Any) -> None:
    shown = run(
        machines, {"configMap": {"name": "app"}}, "ls -l /v; cat /v/..data/k; stat -c '%a %F' /v/k; stat -Lc %a /v/k"
    )
    assert shown == (
        "total 0\n"
        "lrwxrwxrwx    1 root     root             8 Oct  9 08:53 k -> ..data/k\n"
        "lrwxrwxrwx    1 root     root            13 Oct  9 08:53 run.sh -> ..data/run.sh\n"
        "v777 symbolic link\n644\n"
    )


def test_a_secret_of_mode_0400_is_closed_to_other_users(machines: Any) -> None:
    source = {"secret": {"secretName": "app", "defaultMode": 0o400}}
    shown = run(machines, source, "ls -lL /v/k; cat /v/k; cat < /v/k; cp /v/k /tmp/k", user=1000)
    assert shown == (
        "-r--------    1 root     root             1 Oct  9 08:53 /v/k\n"
        "cat: can't open '/v/k': Permission denied\n"
        "sh: can't open /v/k: Permission denied\n"
        "cp: can't open '/v/k': Permission denied\n"
    )


def test_fs_group_opens_a_secret_to_the_pods_group(machines: Any) -> None:
    source = {"secret": {"secretName": "app", "defaultMode": 0o400}}
    shown = run(machines, source, "id; ls -lL /v/k; cat /v/k", user=1000, group=2000)
    assert shown == (
        "uid=1000 gid=0(root) groups=0(root),2000\n-r--r-----    1 root     2000             1 Oct  9 08:53 /v/k\nv"
    )


def test_what_is_written_under_fs_group_belongs_to_it(machines: Any) -> None:
    shown = run(
        machines, {"emptyDir": {}}, "ls -ld /v; echo hi > /v/x; ls -l /v; stat -c '%u %g' /v/x", user=1000, group=2000
    )
    assert shown == (
        "drwxrwsrwx    2 root     2000          4096 Oct  9 08:53 /v\n"
        "total 4\n-rw-r--r--    1 1000     2000             3 Oct  9 08:53 x\n1000 2000\n"
    )


def test_a_machines_directory_is_roots(machines: Any) -> None:
    source = {"hostPath": {"path": "/data", "type": "DirectoryOrCreate"}}
    assert run(machines, source, "echo x > /v/a", user=1000) == "sh: can't create /v/a: Permission denied\n"
    machines.delete(grace_s=0)


def test_a_read_only_mount_refuses_root_too(machines: Any) -> None:
    shown = run(machines, {"emptyDir": {}}, "echo x > /v/a; touch /v/b", readOnly=True)
    assert shown == "sh: can't create /v/a: Read-only file system\ntouch: /v/b: Read-only file system\n"


@pytest.mark.parametrize(
    ("mode", "ends"),
    [
        pytest.param(
            {},
            "StartError: failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create "
            'failed: unable to start container process: error during container init: exec: "/v/run.sh": permission denied: unknown',
            id="0644",
        ),
        pytest.param({"defaultMode": 0o755}, "hello", id="0755"),
    ],
)
def test_a_script_from_a_config_map_needs_to_be_executable(machines: Any, mode: Any, ends: str) -> None:
    sources(machines)
    machines.start(
        image="busybox:1.36",
        command=["/v/run.sh"],
        volumeMounts=[{"name": "v", "mountPath": "/v"}],
        spec={"restartPolicy": "Never", "volumes": [{"name": "v", "configMap": {"name": "app", **mode}}]},
    )
    machines.run(2)
    state = machines.container()["state"]
    if "terminated" in state:
        assert f"{state['terminated']['reason']}: {state['terminated']['message']}" == ends
    else:
        assert machines.logs() == [ends]


def test_a_program_that_a_volume_does_not_have_is_named(machines: Any) -> None:
    sources(machines)
    machines.start(
        image="busybox:1.36",
        command=["/v/other.sh"],
        volumeMounts=[{"name": "v", "mountPath": "/v"}],
        spec={"volumes": [{"name": "v", "configMap": {"name": "app"}}]},
    )
    machines.run(1)
    assert 'exec: "/v/other.sh": stat /v/other.sh: no such file or directory' in machines.said("Failed")[0]


def test_a_script_that_is_not_executable_is_not_run_by_a_shell_either(machines: Any) -> None:
    assert (
        run(machines, {"configMap": {"name": "app"}}, "/v/run.sh; echo $?") == "126\nsh: /v/run.sh: Permission denied\n"
    )


def test_modes_outlive_a_snapshot(machines: Any) -> None:
    source = {"secret": {"secretName": "app", "items": [{"key": "k", "path": "p", "mode": 0o400}]}}
    run(machines, source, "true", user=1000)
    state = machines.snapshot()
    machines.kubelets.load(msgspec.msgpack.decode(state))
    assert machines.snapshot() == state
    done = machines.kubelets.commands.execute(machines.pod(), "web", ("cat", "/v/p"))
    assert done.stderr == "cat: can't open '/v/p': Permission denied\n"
