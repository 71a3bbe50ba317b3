"""The inside of a container: processes, files, users, ports, shared memory, signals."""

from typing import Any

import pytest


def run(machines: Any, script: str, container: str = "web", pod: str = "web", shell: str = "sh") -> list[str]:
    return list(machines.kubelets.commands.execute(machines.pod(pod), container, (shell, "-c", script)).lines)


def box(name: str, script: str = "sleep 1d", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "image": "busybox:1.36",
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", script],
        **more,
    }


def two(machines: Any, first: str = "sleep 1d", second: str = "sleep 1d", spec: Any = None, **more: Any) -> None:
    machines.start(spec={"containers": [box("a", first, **more), box("b", second, **more)], **(spec or {})})
    machines.run(1)


SHARED = {"volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}
EMPTY = {"volumes": [{"name": "shared", "emptyDir": {}}]}


def test_a_file_stays_until_the_container_is_started_again(machines: Any) -> None:
    machines.script("sleep 1d")
    machines.run(1)
    assert run(machines, "echo kept > /tmp/note; cat /tmp/note") == ["kept"]
    machines.run(60)
    assert run(machines, "cat /tmp/note") == ["kept"]
    machines.kubelets.kill_process("default", "web", "web")
    machines.run(30)
    assert run(machines, "cat /tmp/note") == ["cat: can't open '/tmp/note': No such file or directory"]


def test_only_a_volume_is_shared_by_the_containers_of_a_pod(machines: Any) -> None:
    two(machines, spec=EMPTY, **SHARED)
    run(machines, "echo all > /shared/x; echo own > /tmp/x", "a")
    assert run(machines, "cat /shared/x; ls /tmp", "b") == ["all"]
    machines.kubelets.kill_process("default", "web", "b")
    machines.run(30)
    assert run(machines, "cat /shared/x", "b") == ["all"]


def test_a_program_reads_what_another_one_writes_into_a_volume(machines: Any) -> None:
    writer = "n=0; while true; do n=$((n+1)); echo page $n > /shared/index; sleep 5; done"
    reader = "while true; do sleep 7; cat /shared/index; done"
    two(machines, writer, reader, spec=EMPTY, **SHARED)
    machines.run(15)
    assert machines.logs(container="b") == ["page 2", "page 3"]


def test_a_server_serves_what_a_volume_holds(machines: Any) -> None:
    web = {
        "name": "web",
        "image": "nginx:1.27",
        "imagePullPolicy": "IfNotPresent",
        "volumeMounts": [{"name": "shared", "mountPath": "/usr/share/nginx/html"}],
    }
    machines.start(spec={"containers": [web, box("sync", "sleep 1d", **SHARED)], **EMPTY})
    machines.run(2)
    address = machines.status()["podIP"]
    servers = machines.kubelets.servers
    assert servers.connect(address, 80, "TCP", "/", "").status == 403
    run(machines, "echo '<h1>v1</h1>' > /shared/index.html", "sync")
    assert servers.connect(address, 80, "TCP", "/", "").body == "<h1>v1</h1>\n"
    assert servers.connect(address, 80, "TCP", "/other", "").status == 404


def test_shared_memory_is_the_pods(machines: Any) -> None:
    two(machines)
    machines.script("sleep 1d", name="other")
    machines.run(1)
    run(machines, "echo 41 > /dev/shm/counter", "a")
    run(machines, "n=$(cat /dev/shm/counter); echo $((n+1)) > /dev/shm/counter", "b")
    assert run(machines, "cat /dev/shm/counter", "a") == ["42"]
    assert run(machines, "cat /dev/shm/counter", pod="other") == [
        "cat: can't open '/dev/shm/counter': No such file or directory"
    ]


def test_ps_shows_the_containers_own_processes(machines: Any) -> None:
    two(machines, "sleep 1000", "sleep 2000")
    assert machines.kubelets.commands.execute(machines.pod(), "b", ("ps",)).lines == (
        "PID   USER     TIME  COMMAND",
        "    1 root      0:00 sh -c sleep 2000",
        "    7 root      0:00 ps",
    )


def test_a_shared_process_namespace_shows_all_processes(machines: Any) -> None:
    two(machines, "sleep 1000", "sleep 2000", spec={"shareProcessNamespace": True})
    assert [
        line.split("0:00 ")[1] for line in machines.kubelets.commands.execute(machines.pod(), "b", ("ps",)).lines[1:]
    ] == [
        "/pause",
        "sh -c sleep 1000",
        "sh -c sleep 2000",
        "ps",
    ]


def test_the_first_process_cannot_be_killed_from_inside(machines: Any) -> None:
    machines.script("sleep 1d")
    machines.run(1)
    run(machines, "kill -9 1; kill 1")
    machines.run(30)
    assert machines.container()["restartCount"] == 0


def test_a_server_ends_on_a_signal_from_inside(machines: Any) -> None:
    machines.start(image="nginx:1.27")
    machines.run(5)
    run(machines, "kill 1")
    machines.run(30)
    assert machines.container()["restartCount"] == 1
    assert machines.container()["lastState"]["terminated"]["exitCode"] == 0


def test_a_neighbour_can_be_killed_in_a_shared_process_namespace(machines: Any) -> None:
    two(machines, spec={"shareProcessNamespace": True})
    run(machines, "kill -9 7", "b")
    machines.run(30)
    assert [machines.container(index=index)["restartCount"] for index in (0, 1)] == [1, 0]


@pytest.mark.parametrize(
    ("context", "script", "said"),
    [
        pytest.param({"runAsUser": 1000, "runAsGroup": 3000}, "id", ["uid=1000 gid=3000 groups=3000"], id="a user"),
        pytest.param(
            {"runAsUser": 1000},
            "echo x > /etc/x",
            ["sh: can't create /etc/x: Permission denied"],
            id="another's folder",
        ),
        pytest.param({"runAsUser": 1000}, "echo x > /tmp/x; cat /tmp/x", ["x"], id="everybody's folder"),
        pytest.param(
            {"readOnlyRootFilesystem": True},
            "echo x > /tmp/x",
            ["sh: can't create /tmp/x: Read-only file system"],
            id="a root that cannot be written",
        ),
        pytest.param({"readOnlyRootFilesystem": True}, "touch /x", ["touch: /x: Read-only file system"], id="touch"),
    ],
)
def test_users_and_permissions(machines: Any, context: dict[str, Any], script: str, said: list[str]) -> None:
    machines.script("sleep 1d", securityContext=context)
    machines.run(1)
    assert run(machines, script) == said


def test_groups_of_the_pod(machines: Any) -> None:
    machines.script(
        "sleep 1d", spec={"securityContext": {"runAsUser": 1000, "fsGroup": 2000, "supplementalGroups": [4000]}}
    )
    machines.run(1)
    assert run(machines, "id") == ["uid=1000 gid=0(root) groups=0(root),2000,4000"]


@pytest.mark.parametrize(
    ("image", "context", "message"),
    [
        pytest.param(
            "busybox:1.36",
            {"runAsNonRoot": True},
            "container has runAsNonRoot and image will run as root (pod: ",
            id="an image of root",
        ),
        pytest.param(
            "busybox:1.36",
            {"runAsNonRoot": True, "runAsUser": 0},
            "container's runAsUser breaks non-root policy (pod: ",
            id="root by name",
        ),
    ],
)
def test_root_is_refused_where_the_pod_says_so(
    machines: Any, image: str, context: dict[str, Any], message: str
) -> None:
    machines.start(image=image, command=["sleep", "1d"], securityContext=context)
    machines.run(1)
    waiting = machines.container()["state"]["waiting"]
    assert waiting["reason"] == "CreateContainerConfigError"
    uid = machines.pod()["metadata"]["uid"]
    assert waiting["message"] == f'{message}"web_default({uid})", container: web)'
    assert machines.said("Failed") == [f"Error: {waiting['message']}"]


def test_a_server_that_may_not_write_says_so_and_crashes(machines: Any) -> None:
    machines.start(image="nginx:1.27", securityContext={"readOnlyRootFilesystem": True})
    machines.run(1)
    assert machines.logs()[-1].endswith('mkdir() "/var/cache/nginx/client_temp" failed (30: Read-only file system)')
    assert machines.container()["restartCount"] + (machines.container()["state"].get("terminated") is not None) >= 1


def test_two_containers_cannot_have_one_port(machines: Any) -> None:
    first = {"name": "a", "image": "nginx:1.27", "imagePullPolicy": "IfNotPresent"}
    machines.start(spec={"containers": [first, {**first, "name": "b"}]})
    machines.run(5)
    assert machines.logs(container="b")[-1].endswith("nginx: [emerg] still could not bind()")
    assert machines.container(index=1)["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert machines.container(index=0)["state"].get("running") is not None


def test_names_of_a_pod_in_its_files(machines: Any) -> None:
    spec = {
        "hostname": "db",
        "subdomain": "data",
        "hostAliases": [{"ip": "10.1.2.3", "hostnames": ["foo.local", "foo"]}],
    }
    machines.connect()
    machines.script("sleep 1d", spec=spec)
    machines.run(1)
    ip = machines.status()["podIP"]
    assert run(machines, "hostname; cat /etc/hosts | tail -4") == [
        "db",
        f"{ip}\tdb.data.default.svc.cluster.local\tdb",
        "",
        "# Entries added by HostAliases.",
        "10.1.2.3\tfoo.local\tfoo",
    ]


def test_the_hostname_may_be_the_whole_name(machines: Any) -> None:
    machines.script("sleep 1d", spec={"hostname": "db", "subdomain": "data", "setHostnameAsFQDN": True})
    machines.run(1)
    assert run(machines, "hostname") == ["db.data.default.svc.cluster.local"]


def test_a_whole_name_that_is_too_long_leaves_the_pod_without_a_sandbox(machines: Any) -> None:
    machines.script("sleep 1d", spec={"subdomain": "d" * 42, "setHostnameAsFQDN": True})
    machines.run(5)
    name = f"web.{'d' * 42}.default.svc.cluster.local"
    assert machines.said("FailedCreatePodSandBox") == [
        "Failed to create pod sandbox: failed to construct FQDN from pod hostname and cluster domain, "
        f"FQDN {name} is too long (64 characters is the max, {len(name)} characters requested)"
    ]
    assert machines.container()["state"] == {"waiting": {"reason": "ContainerCreating"}}


def test_a_fourth_name_server_is_complained_of(machines: Any) -> None:
    machines.connect()
    servers = ["1.1.1.1", "8.8.8.8", "9.9.9.9"]
    machines.script("sleep 1d", spec={"dnsPolicy": "ClusterFirst", "dnsConfig": {"nameservers": servers}})
    machines.run(5)
    text = (
        "Nameserver limits were exceeded, some nameservers have been omitted, "
        "the applied nameserver line is: 10.96.0.10 1.1.1.1 8.8.8.8"
    )
    assert [(said, times) for reason, said, times in machines.events() if reason == "DNSConfigForming"] == [(text, 2)]
    assert "9.9.9.9" not in "".join(run(machines, "cat /etc/resolv.conf"))


def test_the_working_directory_is_the_pods(machines: Any) -> None:
    machines.script("echo hi > note; sleep 1d", workingDir="/data")
    machines.run(1)
    assert run(machines, "pwd; cat /data/note") == ["/data", "hi"]


def test_a_trap_says_good_bye_when_the_pod_is_deleted(machines: Any) -> None:
    machines.script("trap 'echo saving > /dev/termination-log; exit 0' TERM; while true; do sleep 2; done")
    machines.run(1)
    machines.delete()
    machines.run(10)
    assert not machines.exists()


def test_a_probe_sees_what_somebody_removes(machines: Any) -> None:
    probe = {
        "exec": {"command": ["cat", "/tmp/healthy"]},
        "periodSeconds": 5,
        "failureThreshold": 1,
        "successThreshold": 1,
        "timeoutSeconds": 1,
    }
    machines.script("touch /tmp/healthy; sleep 1d", livenessProbe=probe)
    machines.run(60)
    assert machines.container()["restartCount"] == 0
    run(machines, "rm /tmp/healthy")
    machines.run(60)
    assert machines.container()["restartCount"] == 1
    assert machines.said("Unhealthy") == [
        "Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory"
    ]


def test_a_restored_fleet_has_the_same_files_and_the_same_future(machines: Any, many: Any) -> None:
    writer = "while true; do date >> /shared/log; sleep 5; done"
    two(machines, writer, "until [ -f /tmp/go ]; do sleep 3; done; echo gone on; sleep 1d", spec=EMPTY, **SHARED)
    machines.run(20)
    run(machines, "touch /tmp/go", "b")
    before = machines.snapshot()
    state = machines.kubelets.dump()
    machines.kubelets.load(state)
    assert machines.snapshot() == before
    machines.run(10)
    assert machines.logs(container="b") == ["gone on"]
