"""ConfigMaps and Secrets as environment and volumes, and what happens while they are missing."""

from typing import Any

import pytest

from simulator.node.environment import sub_paths

MOUNTS = [{"name": "config", "mountPath": "/etc/config"}]


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data}


@pytest.mark.parametrize(
    ("container", "message"),
    [
        pytest.param({"envFrom": [{"configMapRef": {"name": "app"}}]}, 'configmap "app" not found', id="no ConfigMap"),
        pytest.param({"envFrom": [{"secretRef": {"name": "app"}}]}, 'secret "app" not found', id="no Secret"),
        pytest.param(
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "other", "key": "nope"}}}]},
            "couldn't find key nope in ConfigMap default/other",
            id="no key",
        ),
    ],
)
def test_a_missing_reference_stops_the_container(machines: Any, container: dict[str, Any], message: str) -> None:
    machines.create("configmaps", config_map("other", here="1"))
    machines.start(**container)
    machines.run(1)
    assert machines.container()["state"]["waiting"] == {"reason": "CreateContainerConfigError", "message": message}
    assert f"Error: {message}" in machines.said("Failed")


def test_the_container_starts_once_the_config_map_is_there(machines: Any) -> None:
    machines.script("echo $COLOUR; sleep 1d", envFrom=[{"configMapRef": {"name": "app"}}])
    machines.run(5)
    machines.create("configmaps", config_map("app", COLOUR="blue"))
    machines.run(15)
    assert machines.status()["phase"] == "Running"
    assert machines.logs() == ["blue"]


def test_an_optional_reference_may_be_missing(machines: Any) -> None:
    machines.start(envFrom=[{"configMapRef": {"name": "app", "optional": True}}])
    machines.run(1)
    assert machines.status()["phase"] == "Running"


def test_a_missing_volume_holds_the_pod_in_container_creating(machines: Any) -> None:
    machines.start(volumeMounts=MOUNTS, spec={"volumes": [{"name": "config", "configMap": {"name": "app"}}]})
    machines.run(4)
    assert machines.events() == [
        ("FailedMount", 'MountVolume.SetUp failed for volume "config" : configmap "app" not found', 4)
    ]
    assert machines.container()["state"] == {"waiting": {"reason": "ContainerCreating"}}
    machines.create("configmaps", config_map("app", key="x"))
    machines.run(10)
    assert machines.status()["phase"] == "Running"


def test_a_volume_may_ask_for_a_key_that_is_not_there(machines: Any) -> None:
    machines.create("configmaps", config_map("app", key="x"))
    machines.start(
        volumeMounts=MOUNTS,
        spec={"volumes": [{"name": "config", "configMap": {"name": "app", "items": [{"key": "y", "path": "y"}]}}]},
    )
    machines.run(1)
    assert machines.said("FailedMount") == [
        'MountVolume.SetUp failed for volume "config" : references non-existent config key: y'
    ]


def test_a_database_without_its_password_says_so_and_crashes(machines: Any) -> None:
    machines.start(image="postgres:16")
    machines.run(2)
    assert machines.container()["lastState"]["terminated"]["exitCode"] == 1
    assert machines.logs()[0] == "Error: Database is uninitialized and superuser password is not specified."


def test_services_that_exist_are_in_the_environment(machines: Any) -> None:
    service = {"clusterIP": "10.96.7.7", "ports": [{"port": 6379, "protocol": "TCP"}]}
    machines.create(
        "services",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "redis-leader", "namespace": "default"},
            "spec": service,
        },
    )
    machines.script("echo $REDIS_LEADER_SERVICE_HOST:$REDIS_LEADER_SERVICE_PORT; sleep 1d")
    machines.run(1)
    assert machines.logs() == ["10.96.7.7:6379"]


def test_a_script_reads_what_its_volumes_bring(machines: Any) -> None:
    machines.create("configmaps", config_map("app", greeting="hello"))
    machines.script(
        "cat /etc/app/greeting; sleep 1d",
        volumeMounts=[{"name": "app", "mountPath": "/etc/app"}],
        readinessProbe={"exec": {"command": ["cat", "/etc/app/greeting"]}},
        spec={"volumes": [{"name": "app", "configMap": {"name": "app"}}]},
    )
    machines.run(1)
    assert machines.logs() == ["hello"]
    assert machines.container()["ready"] is True


@pytest.mark.parametrize(
    ("mount", "env", "message"),
    [
        pytest.param(
            {"subPathExpr": "$(A)/$(B)"}, {"A": "x"}, "missing value for B", id="a variable that is not there"
        ),
        pytest.param({"subPathExpr": "$(A)-$(B)"}, {"A": "", "B": ""}, "missing value for A, B", id="empty ones"),
        pytest.param({"subPathExpr": "$$(A)"}, {}, "", id="no variable at all"),
        pytest.param(
            {"subPathExpr": "$(A)"},
            {"A": "/x"},
            "error SubPath `/x` must not be an absolute path",
            id="an absolute path",
        ),
        pytest.param(
            {"subPathExpr": "a/$(A)"},
            {"A": "../b"},
            "unable to provision SubPath `a/../b`: must not contain '..'",
            id="back",
        ),
        pytest.param({"subPath": "a/..b"}, {}, "", id="two dots in a name"),
    ],
)
def test_a_subpath_is_checked_when_its_variables_are_known(
    mount: dict[str, str], env: dict[str, str], message: str
) -> None:
    found = sub_paths({"volumeMounts": [{"name": "v", "mountPath": "/v", **mount}]}, env)
    assert (found.message if found is not None else "") == message


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        pytest.param("sysctl net.ipv4.tcp_syncookies", ["net.ipv4.tcp_syncookies = 0"], id="one that the pod sets"),
        pytest.param("sysctl -n kernel.shm_rmid_forced", ["0"], id="one of the pod's own kernel"),
        pytest.param(
            "sysctl kernel.foo 2>&1", ["sysctl: error: 'kernel.foo' is an unknown key"], id="no such parameter"
        ),
        pytest.param(
            "sysctl -w kernel.shm_rmid_forced=1 2>&1",
            ["sysctl: error setting key 'kernel.shm_rmid_forced': Read-only file system"],
            id="not to be written",
        ),
        pytest.param("cat /proc/sys/net/ipv4/tcp_syncookies", ["0"], id="as a file"),
    ],
)
def test_a_pod_has_parameters_of_the_kernel(machines: Any, script: str, lines: list[str]) -> None:
    context = {"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "0"}]}
    machines.script(script, spec={"securityContext": context, "restartPolicy": "Never"})
    machines.run(10)
    assert machines.logs() == lines
