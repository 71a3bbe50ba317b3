"""Commands in running containers: files, environment, network."""

from typing import Any

import pytest

from simulator.apiserver.errors import StatusError
from simulator.seed_objects import COREFILE


def run(machines: Any, *argv: str) -> tuple[int, tuple[str, ...]]:
    found = machines.kubelets.commands.execute(machines.pod(), "web", argv)
    return found.status, found.lines


@pytest.mark.parametrize(
    ("argv", "status", "lines"),
    [
        pytest.param(("hostname",), 0, ("web",), id="hostname"),
        pytest.param(("printenv", "COLOUR"), 0, ("blue",), id="environment"),
        pytest.param(("cat", "/etc/app/greeting"), 0, ("hello",), id="a mounted ConfigMap"),
        pytest.param(("cat", "/tmp/left"), 0, ("behind",), id="a file of the program"),
        pytest.param(
            ("sh", "-c", "cat /nope || echo none"),
            0,
            ("cat: can't open '/nope': No such file or directory", "none"),
            id="a script",
        ),
        pytest.param(("sleep", "1d"), 0, (), id="sleep takes no time here"),
        pytest.param(
            ("tail", "-f", "/dev/null"),
            2,
            ("drydock: a command that does not end by itself is not simulated here",),
            id="endless",
        ),
    ],
)
def test_a_command(machines: Any, argv: tuple[str, ...], status: int, lines: tuple[str, ...]) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "app", "namespace": "default"},
        "data": {"greeting": "hello"},
    }
    machines.create("configmaps", config)
    machines.script(
        "echo behind > /tmp/left; sleep 1d",
        env=[{"name": "COLOUR", "value": "blue"}],
        volumeMounts=[{"name": "app", "mountPath": "/etc/app"}],
        spec={"volumes": [{"name": "app", "configMap": {"name": "app"}}]},
    )
    machines.run(1)
    assert run(machines, *argv) == (status, lines)


def test_a_program_that_is_not_there_is_refused(machines: Any) -> None:
    machines.start()
    machines.run(1)
    found = machines.kubelets.commands.execute(machines.pod(), "web", ("vim",))
    assert (found.status, found.refused) == (127, 'exec: "vim": executable file not found in $PATH')


def test_nothing_runs_in_a_container_that_does_not(machines: Any) -> None:
    machines.start(image="nginx:1.99")
    machines.run(1)
    with pytest.raises(StatusError, match='container not found \\("web"\\)'):
        run(machines, "ls")


def test_a_request_reaches_a_pod_and_is_in_its_log(machines: Any) -> None:
    machines.connect()
    machines.start("server", image="drydock/web:2.0")
    machines.script("sleep 1d")
    machines.run(1)
    address = machines.status("server")["podIP"]
    assert run(machines, "wget", "-qO-", f"http://{address}:8080") == (0, ("Hello from server, version 2.0",))
    assert machines.logs("server")[-1] == "08:53:21 GET / 200 from 10.244.0.3"


def test_an_init_container_waits_for_a_name(machines: Any) -> None:
    machines.connect()
    wait = {
        "name": "wait",
        "image": "busybox:1.36",
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", "until nslookup db.default.svc.cluster.local; do echo waiting; sleep 2; done"],
    }
    config = {"name": "coredns", "namespace": "kube-system"}
    machines.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}})
    corefile = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": config, "data": {"Corefile": COREFILE}}
    machines.create("configmaps", corefile)
    machines.start("dns", image="registry.k8s.io/coredns/coredns:v1.12.0")
    machines.run(1)
    server = {"nameservers": [machines.status("dns")["podIP"]]}
    machines.start(spec={"initContainers": [wait], "dnsPolicy": "None", "dnsConfig": server})
    machines.run(5)
    assert machines.status()["phase"] == "Pending"
    service = {"clusterIP": "10.96.7.7", "ports": [{"port": 80, "protocol": "TCP"}]}
    metadata = {"name": "db", "namespace": "default"}
    machines.create("services", {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service})
    machines.run(5)
    assert machines.status()["phase"] == "Running"
    assert "Address: 10.96.7.7" in machines.logs(container="wait")
