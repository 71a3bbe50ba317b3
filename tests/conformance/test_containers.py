"""Statements of sig-node about hooks, subpaths, hosts files, kernel parameters and privileges (`test/e2e/common/node`, `test/e2e/node`)."""

import json
from typing import Any

import pytest

from tests.conformance.conftest import AGNHOST, BUSYBOX, PODS, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
SIG = "[sig-node]"
NODE = "[NodeConformance] [Conformance]"
HOOK = "Container Lifecycle Hook when create a pod with lifecycle hook should execute"


def _sh(script: str, name: str = "c", **more: Any) -> Obj:
    return {"name": name, "image": BUSYBOX, "command": ["sh", "-c", script], **more}


# Hooks


@conforms(
    f"{SIG} {HOOK} poststart http hook properly {NODE}",
    f"{SIG} {HOOK} prestop exec hook properly {NODE}",
    f"{SIG} {HOOK} prestop http hook properly {NODE}",
)
@pytest.mark.parametrize(
    ("when", "kind"),
    [
        pytest.param("postStart", "httpGet", id="poststart http"),
        pytest.param("preStop", "exec", id="prestop exec"),
        pytest.param("preStop", "httpGet", id="prestop http"),
    ],
)
def test_a_hook_reaches_another_pod(suite: Suite, when: str, kind: str) -> None:
    handler = {
        "name": "container-handle-http-request",
        "image": AGNHOST,
        "args": ["netexec"],
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
    }
    server = suite.pod("pod-handle-http-request", handler)
    address, message = server["status"]["podIP"], f"echo?msg={when.lower()}"
    actions = {
        "exec": {"exec": {"command": ["sh", "-c", f"curl http://{address}:8080/{message}"]}},
        "httpGet": {"httpGet": {"path": f"/{message}", "host": address, "port": 8080}},
    }
    container = {"name": "c", "image": AGNHOST, "args": ["pause"], "lifecycle": {when: actions[kind]}}
    suite.pod("pod-with-hook", container, nodeName=server["spec"]["nodeName"])
    assert (f"GET /{message}" in suite.log("pod-handle-http-request")) == (when == "postStart")
    suite.do("DELETE", f"{PODS}/pod-with-hook")
    suite.wait(60)
    assert suite.ask("GET", f"{PODS}/pod-with-hook")["status"] == 404
    assert f"GET /{message}" in suite.log("pod-handle-http-request")


@conforms(f"{SIG} PreStop should call prestop when killing a pod [Conformance]")
def test_a_hook_is_called_before_the_pod_is_killed(suite: Suite) -> None:
    server = {"name": "agnhost-container", "image": AGNHOST, "args": ["nettest", "--service=server"]}
    address = suite.pod("server", {**server, "ports": [{"containerPort": 8080}]})["status"]["podIP"]
    command = ["wget", "-O-", '--post-data={"Source": "prestop"}', f"http://{address}:8080/write"]
    tester = {
        "name": "tester",
        "image": BUSYBOX,
        "command": ["sleep", "600"],
        "lifecycle": {"preStop": {"exec": {"command": command}}},
    }
    assert suite.pod("tester", tester)["status"]["phase"] == "Running"
    assert json.loads(suite.do_text("GET", f"{PODS}/server/proxy/read"))["Received"] is None
    suite.do("DELETE", f"{PODS}/tester")
    suite.wait(60)
    assert json.loads(suite.do_text("GET", f"{PODS}/server/proxy/read"))["Received"] == {"prestop": 1}
    assert suite.ask("GET", f"{PODS}/tester")["status"] == 404


# Probes


@conforms(
    f"{SIG} Probing container should *not* be restarted with a GRPC liveness probe {NODE}",
    f"{SIG} Probing container should be restarted with a GRPC liveness probe {NODE}",
)
@pytest.mark.parametrize(("port", "restarts"), [(5000, 0), (2333, 1)])
def test_a_grpc_probe_restarts_only_the_dead(suite: Suite, port: int, restarts: int) -> None:
    probe = {"grpc": {"port": port}, "initialDelaySeconds": 20, "timeoutSeconds": 5, "failureThreshold": 1}
    container = {
        "name": "etcd",
        "image": AGNHOST,
        "args": ["grpc-health-checking"],
        "ports": [{"containerPort": 5000}, {"containerPort": 8080}],
        "livenessProbe": probe,
    }
    pod = suite.pod("pod", container, wait=240 if restarts == 0 else 40)
    assert pod["status"]["containerStatuses"][0]["restartCount"] == restarts


# What a pod knows


@conforms(f"{SIG} Downward API should provide hostIPs as an env var {NODE}")
def test_a_pod_knows_all_addresses_of_its_node(suite: Suite) -> None:
    env = [{"name": "HOST_IPS", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIPs"}}}]
    said = suite.ran("env", container={"env": env}).splitlines()
    addresses = [one["ip"] for one in suite.do("GET", f"{PODS}/pod-1")["status"]["hostIPs"]]
    assert f"HOST_IPS={','.join(addresses)}" in said


@conforms(f"{SIG} KubeletManagedEtcHosts should test kubelet managed /etc/hosts file {NODE}")
def test_the_kubelet_manages_the_hosts_file_of_pods(suite: Suite) -> None:
    original = {"name": "host-etc-hosts", "mountPath": "/etc/hosts-original"}
    volume = {"name": "host-etc-hosts", "hostPath": {"path": "/etc/hosts", "type": "File"}}
    containers = [
        {"name": f"busybox-{number}", "image": AGNHOST, "command": ["sleep", "900"], "volumeMounts": [original]}
        for number in (1, 2, 3)
    ]
    containers[2]["volumeMounts"] = [{**original, "mountPath": "/etc/hosts"}, original]
    pod = suite.pod("test-pod", *containers, volumes=[volume])
    assert pod["status"]["phase"] == "Running"
    host = suite.pod("test-host-network-pod", *containers[:2], volumes=[volume], hostNetwork=True)
    assert host["status"]["phase"] == "Running"

    def is_managed(pod: str, container: str, file: str = "/etc/hosts") -> bool:
        return "# Kubernetes-managed hosts file." in suite.inside(pod, f"cat {file}", container)

    assert [is_managed("test-pod", f"busybox-{number}") for number in (1, 2, 3)] == [True, True, False]
    assert [is_managed("test-host-network-pod", f"busybox-{number}") for number in (1, 2)] == [False, False]
    for name, container in (
        ("test-pod", "busybox-1"),
        ("test-pod", "busybox-2"),
        ("test-host-network-pod", "busybox-1"),
    ):
        assert not is_managed(name, container, "/etc/hosts-original")


# What a pod may


@conforms(
    f"{SIG} Security Context When creating a pod with privileged should run the container as unprivileged when false "
    f"[LinuxOnly] {NODE}"
)
@pytest.mark.parametrize("privileged", [False, True])
def test_only_the_privileged_change_the_network(suite: Suite, privileged: bool) -> None:
    container = {"securityContext": {"privileged": privileged}}
    said = suite.ran("ip link add dummy0 type dummy || true", container=container)
    assert ("Operation not permitted" in said) is not privileged


@conforms(
    f"{SIG} Sysctls [LinuxOnly] [NodeConformance] should support sysctls [MinimumKubeletVersion:1.21] "
    "[Environment:NotInUserNS] [Conformance]"
)
def test_a_pod_sets_parameters_of_its_kernel(suite: Suite) -> None:
    context = {"sysctls": [{"name": "kernel.shm_rmid_forced", "value": "1"}]}
    assert suite.ran("/bin/sysctl kernel.shm_rmid_forced", securityContext=context) == "kernel.shm_rmid_forced = 1"
    assert suite.ran("cat /proc/sys/kernel/shm_rmid_forced") == "0"


# Subpaths


def _expanding(suite: Suite, env: Obj, script: str, metadata: Obj | None = None, policy: str = "Never") -> Obj:
    mounts = [
        {"name": "workdir1", "mountPath": "/logscontainer", "subPathExpr": f"$({env['name']})"},
        {"name": "workdir1", "mountPath": "/testcontainer"},
    ]
    container = _sh(script, "dapi-container", env=[env], volumeMounts=mounts)
    return suite.pod(
        "pod", container, restartPolicy=policy, metadata=metadata, volumes=[{"name": "workdir1", "emptyDir": {}}]
    )


def _waits_because(pod: Obj) -> Obj:
    return dict(pod["status"]["containerStatuses"][0]["state"]["waiting"])


@conforms(f"{SIG} Variable Expansion should allow substituting values in a volume subpath [Conformance]")
def test_a_subpath_is_made_of_variables(suite: Suite) -> None:
    env = {"name": "POD_NAME", "value": "foo"}
    pod = _expanding(suite, env, "touch /logscontainer/a; test -d /testcontainer/foo; echo $?")
    assert (pod["status"]["phase"], suite.log("pod")) == ("Succeeded", "0\n")


@conforms(
    f"{SIG} Variable Expansion should fail substituting values in a volume subpath with absolute path [Conformance]",
    f"{SIG} Variable Expansion should fail substituting values in a volume subpath with backticks [Conformance]",
)
@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param("..", "unable to provision SubPath `..`: must not contain '..'", id="steps back"),
        pytest.param("/tmp", "error SubPath `/tmp` must not be an absolute path", id="an absolute path"),
    ],
)
def test_a_subpath_stays_inside_its_volume(suite: Suite, value: str, why: str) -> None:
    pod = _expanding(suite, {"name": "POD_NAME", "value": value}, "true")
    assert pod["status"]["phase"] == "Pending"
    assert _waits_because(pod) == {"reason": "CreateContainerConfigError", "message": why}


_ANNOTATION = {"name": "ANNOTATION", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['mysubpath']"}}}


@conforms(
    f"{SIG} Variable Expansion should verify that a failing subpath expansion can be modified during the lifecycle of a "
    "container [Slow] [Conformance]"
)
def test_a_subpath_that_fails_is_mended(suite: Suite) -> None:
    pod = _expanding(suite, _ANNOTATION, "sleep 600", {"annotations": {"notmysubpath": "mypath"}})
    suite.wait(120)
    pod = suite.do("GET", f"{PODS}/pod")
    assert pod["status"]["phase"] == "Pending"
    assert _waits_because(pod) == {"reason": "CreateContainerConfigError", "message": "missing value for ANNOTATION"}
    suite.do("PATCH", f"{PODS}/pod", {"metadata": {"annotations": {"mysubpath": "mypath"}}})
    suite.wait(120)
    assert suite.do("GET", f"{PODS}/pod")["status"]["phase"] == "Running"
    suite.do("DELETE", f"{PODS}/pod")
    suite.wait(60)
    assert suite.ask("GET", f"{PODS}/pod")["status"] == 404


@conforms(f"{SIG} Variable Expansion should succeed in writing subpaths in container [Conformance]")
def test_subpaths_are_written_to(suite: Suite) -> None:
    pod = _expanding(suite, _ANNOTATION, "sleep 600", {"annotations": {"mysubpath": "mypath/foo"}})
    assert pod["status"]["phase"] == "Running"
    suite.inside("pod", "touch /logscontainer/test.log")
    suite.inside("pod", "test -f /testcontainer/mypath/foo/test.log")
    suite.do("PATCH", f"{PODS}/pod", {"metadata": {"annotations": {"mysubpath": "mynewpath"}}})
    suite.wait(60)
    assert suite.do("GET", f"{PODS}/pod")["status"]["phase"] == "Running"
    suite.do("DELETE", f"{PODS}/pod")
    suite.wait(60)
    assert suite.ask("GET", f"{PODS}/pod")["status"] == 404
