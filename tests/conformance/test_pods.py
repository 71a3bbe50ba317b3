"""sig-node: statements about pods, as far as simulated containers can show them."""

import re
from typing import Any

import pytest

from simulator.machinery import quantities
from tests.conformance.conftest import AGNHOST, BUSYBOX, CORE, PAUSE, PODS, WEB, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
SIG = "[sig-node]"
NODE = "[NodeConformance] [Conformance]"
RESOURCES = {"requests": {"cpu": "250m", "memory": "32Mi"}, "limits": {"cpu": "1250m", "memory": "64Mi"}}


def _sh(script: str, name: str = "c", **more: Any) -> Obj:
    return {"name": name, "image": BUSYBOX, "command": ["sh", "-c", script], **more}


def _state(pod: Obj, kind: str = "containerStatuses") -> Obj:
    return dict(pod["status"][kind][0])


# The environment


@conforms(
    f"{SIG} ConfigMap should be consumable via environment variable {NODE}",
    f"{SIG} Secrets should be consumable from pods in env vars {NODE}",
    f"{SIG} ConfigMap should be consumable via the environment {NODE}",
    f"{SIG} Secrets should be consumable via the environment {NODE}",
)
@pytest.mark.parametrize("source", ["configMap", "secret"])
def test_variables_come_from_sources(suite: Suite, source: str) -> None:
    suite.made(f"{CORE}/configmaps", "source", data={"data_1": "value-1", "data_2": "value-2"})
    suite.made(f"{CORE}/secrets", "source", data={"data_1": "dmFsdWUtMQ==", "data_2": "dmFsdWUtMg=="})
    one = {"name": "ONE", "valueFrom": {f"{source}KeyRef": {"name": "source", "key": "data_1"}}}
    said = suite.ran(
        "env", container={"env": [one], "envFrom": [{f"{source}Ref": {"name": "source"}}, {"prefix": "p_", f"{source}Ref": {"name": "source"}}]}
    )  # fmt: skip
    assert {"ONE=value-1", "data_1=value-1", "data_2=value-2", "p_data_1=value-1"} <= set(said.splitlines())


def _field(path: str) -> Obj:
    return {"valueFrom": {"fieldRef": {"fieldPath": path}}}


@conforms(
    f"{SIG} Downward API should provide pod name, namespace and IP address as env vars {NODE}",
    f"{SIG} Downward API should provide host IP as an env var {NODE}",
    f"{SIG} Downward API should provide pod UID as env vars {NODE}",
)
def test_variables_tell_the_pod_who_it_is(suite: Suite) -> None:
    paths = ("metadata.name", "metadata.namespace", "metadata.uid", "status.podIP", "status.hostIP")
    env = [{"name": f"V{number}", **_field(path)} for number, path in enumerate(paths)]
    said = suite.ran("echo $V0 $V1 $V2 $V3 $V4", container={"env": env}).split()
    pod = suite.do("GET", f"{PODS}/pod-1")
    assert said == [
        "pod-1", "default", pod["metadata"]["uid"], pod["status"]["podIP"], pod["status"]["hostIP"]
    ]  # fmt: skip


@conforms(
    f"{SIG} Downward API should provide container's limits.cpu/memory and requests.cpu/memory as env vars {NODE}",
    f"{SIG} Downward API should provide default limits.cpu/memory from node allocatable {NODE}",
)
@pytest.mark.parametrize("resources", [RESOURCES, {}], ids=["given", "default"])
def test_variables_tell_of_resources(suite: Suite, resources: Obj) -> None:
    wanted = ("limits.cpu", "limits.memory", "requests.cpu", "requests.memory")
    env = [{"name": f"V{n}", "valueFrom": {"resourceFieldRef": {"resource": one}}} for n, one in enumerate(wanted)]
    said = suite.ran("echo $V0 $V1 $V2 $V3", container={"env": env, "resources": resources}).split()
    if resources:
        assert said == ["2", "67108864", "1", "33554432"]
    else:
        node = suite.do("GET", f"/api/v1/nodes/{suite.do('GET', f'{PODS}/pod-1')['spec']['nodeName']}")
        cpu, memory = (node["status"]["allocatable"][name] for name in ("cpu", "memory"))
        assert said[:2] == [cpu, str(quantities.value(memory))]


@conforms(f"{SIG} Pods should contain environment variables for services {NODE}")
def test_variables_tell_of_services(suite: Suite) -> None:
    ports = [{"port": 8765, "targetPort": 8080}]
    ip = suite.made(f"{CORE}/services", "fooservice", spec={"selector": {"a": "b"}, "ports": ports})["spec"][
        "clusterIP"
    ]
    said = suite.ran("env").splitlines()
    assert {
        f"FOOSERVICE_SERVICE_HOST={ip}", "FOOSERVICE_SERVICE_PORT=8765", f"FOOSERVICE_PORT=tcp://{ip}:8765",
        "FOOSERVICE_PORT_8765_TCP_PORT=8765", "FOOSERVICE_PORT_8765_TCP_PROTO=tcp",
        f"FOOSERVICE_PORT_8765_TCP=tcp://{ip}:8765", f"FOOSERVICE_PORT_8765_TCP_ADDR={ip}",
    } <= set(said)  # fmt: skip


@conforms(
    f"{SIG} Variable Expansion should allow composing env vars into new env vars {NODE}",
    f"{SIG} Variable Expansion should allow substituting values in a container's args {NODE}",
    f"{SIG} Variable Expansion should allow substituting values in a container's command {NODE}",
)
@pytest.mark.parametrize("place", ["env", "args", "command"])
def test_variables_are_expanded(suite: Suite, place: str) -> None:
    env = [{"name": "FOO", "value": "foo-value"}, {"name": "BAR", "value": "bar-value"}]
    env.append({"name": "FOOBAR", "value": "$(FOO);;$(BAR)"})
    written = "$FOOBAR" if place == "env" else "$(FOO);;$(BAR)"
    command, rest = ["sh", "-c", f'echo "{written}"'], {}
    if place == "args":
        command, rest = command[:2], {"args": command[2:]}
    assert suite.ran("", container={"env": env, "command": command, **rest}) == "foo-value;;bar-value"


# Commands, logs and what is left of a container


@conforms(
    f"{SIG} Containers should use the image defaults if command and args are blank {NODE}",
    f"{SIG} Containers should be able to override the image's default arguments (container cmd) {NODE}",
    f"{SIG} Containers should be able to override the image's default command (container entrypoint) {NODE}",
    f"{SIG} Containers should be able to override the image's default command and arguments {NODE}",
)
def test_command_and_arguments_override_the_image(suite: Suite) -> None:
    default = suite.pod("default", {"name": "c", "image": AGNHOST})
    assert _state(default)["state"].keys() == {"running"}
    assert "Paused" in suite.log("default"), "the entrypoint with the image's own arguments"
    suite.pod("args", {"name": "c", "image": AGNHOST, "args": ["netexec"]})
    assert "Started HTTP server" in suite.log("args"), "the entrypoint with other arguments"
    suite.pod("command", {"name": "c", "image": AGNHOST, "command": ["echo", "overridden"]}, restartPolicy="Never")
    assert suite.log("command") == "overridden\n"
    both = {"name": "c", "image": AGNHOST, "command": ["echo"], "args": ["with", "arguments"]}
    suite.pod("both", both, restartPolicy="Never")
    assert suite.log("both") == "with arguments\n"


@conforms(f"{SIG} Kubelet when scheduling a busybox command in a pod should print the output to logs {NODE}")
def test_output_goes_to_the_logs(suite: Suite) -> None:
    assert suite.ran("echo 'Hello World' ; echo oops >&2") == "Hello World\noops"


@conforms(
    f"{SIG} Kubelet when scheduling a busybox command that always fails in a pod should have an terminated reason {NODE}",
    f"{SIG} Kubelet when scheduling a busybox command that always fails in a pod should be possible to delete {NODE}",
)
def test_a_pod_that_fails_has_a_reason_and_can_be_deleted(suite: Suite) -> None:
    pod = suite.pod("failing", {"name": "c", "image": BUSYBOX, "command": ["/bin/false"]}, restartPolicy="Never")
    assert len(pod["status"]["containerStatuses"]) == 1
    assert _state(pod)["state"]["terminated"]["reason"] == "Error"
    suite.do("DELETE", f"{PODS}/failing")
    suite.wait(40)
    assert suite.ask("GET", f"{PODS}/failing")["status"] == 404


@conforms(
    f"{SIG} Kubelet when scheduling a read only busybox container should not write to root filesystem [LinuxOnly] {NODE}",
    f"{SIG} Security Context When creating a pod with readOnlyRootFilesystem should run the container with writable rootfs "
    f"when readOnlyRootFilesystem=false {NODE}",
)
@pytest.mark.parametrize("read_only", [True, False])
def test_a_root_file_system_is_read_only_when_asked(suite: Suite, read_only: bool) -> None:
    context = {"securityContext": {"readOnlyRootFilesystem": read_only}}
    said = suite.ran("echo test > /file; cat /file; exit 0", container=context)
    assert ("Read-only file system" in said) is read_only
    assert (said == "test") is not read_only


@conforms(f"{SIG} Kubelet when scheduling an agnhost Pod with hostAliases should write entries to /etc/hosts {NODE}")
def test_host_aliases_are_in_etc_hosts(suite: Suite) -> None:
    said = suite.ran("cat /etc/hosts", hostAliases=[{"ip": "123.45.67.89", "hostnames": ["foo", "bar"]}])
    assert "123.45.67.89\tfoo\tbar" in said.splitlines()


@conforms(
    f"{SIG} Container Runtime blackbox test on terminated container should report termination message as empty when pod "
    f"succeeds and TerminationMessagePolicy FallbackToLogsOnError is set {NODE}",
    f"{SIG} Container Runtime blackbox test on terminated container should report termination message from file when pod "
    f"succeeds and TerminationMessagePolicy FallbackToLogsOnError is set {NODE}",
    f"{SIG} Container Runtime blackbox test on terminated container should report termination message from log output if "
    f"TerminationMessagePolicy FallbackToLogsOnError is set {NODE}",
    f"{SIG} Container Runtime blackbox test on terminated container should report termination message if "
    f"TerminationMessagePath is set as non-root user and at a non-default path {NODE}",
)
@pytest.mark.parametrize(
    ("script", "more", "message"),
    [
        pytest.param("echo -n DONE; exit 0", {}, "", id="success"),
        pytest.param("echo -n OK > /dev/termination-log; exit 0", {}, "OK", id="file"),
        pytest.param("echo -n DONE; exit 1", {}, "DONE", id="log"),
        pytest.param(
            "echo -n DONE > /dev/termination-custom-log",
            {"terminationMessagePath": "/dev/termination-custom-log", "securityContext": {"runAsUser": 1000}}, "DONE", id="path",
        ),
    ],
)  # fmt: skip
def test_a_container_leaves_a_message(suite: Suite, script: str, more: Obj, message: str) -> None:
    container = _sh(script, terminationMessagePolicy="FallbackToLogsOnError", **more)
    pod = suite.pod("pod", container, restartPolicy="Never")
    assert _state(pod)["state"]["terminated"].get("message", "").rstrip("\n") == message


@conforms(
    f"{SIG} Container Runtime blackbox test when starting a container that exits should run with the expected status {NODE}"
)
@pytest.mark.parametrize(
    ("policy", "phase", "restarts"), [("Always", "Running", 2), ("OnFailure", "Succeeded", 1), ("Never", "Failed", 0)]
)
def test_a_restart_policy_is_followed(suite: Suite, policy: str, phase: str, restarts: int) -> None:
    """It fails once, then ends well; with Always it goes on running the third time."""
    third = "sleep 36000" if policy == "Always" else "exit 0"
    script = f"echo x >> /v/runs; n=$(cat /v/runs | wc -l); if [ $n = 1 ]; then exit 1; fi; if [ $n = 2 ]; then exit 0; fi; {third}"
    volumes = [{"name": "v", "emptyDir": {}}]
    container = _sh(script, volumeMounts=[{"name": "v", "mountPath": "/v"}])
    pod = suite.pod("pod", container, wait=120, restartPolicy=policy, volumes=volumes)
    assert (pod["status"]["phase"], _state(pod)["restartCount"]) == (phase, restarts)
    ready = next(one["status"] for one in pod["status"]["conditions"] if one["type"] == "Ready")
    assert ready == ("True" if policy == "Always" else "False")


# Who runs it


@conforms(
    f"{SIG} Security Context When creating a container with runAsUser should run the container with uid 65534 [LinuxOnly] {NODE}",
    f"{SIG} Security Context should support container.SecurityContext.RunAsUser And container.SecurityContext.RunAsGroup "
    "[LinuxOnly] [Conformance]",
    f"{SIG} Security Context should support pod.Spec.SecurityContext.RunAsUser And pod.Spec.SecurityContext.RunAsGroup "
    "[LinuxOnly] [Conformance]",
    f"{SIG} Security Context when creating containers with AllowPrivilegeEscalation should not allow privilege escalation when "
    f"false [LinuxOnly] {NODE}",
)
@pytest.mark.parametrize(
    ("of_container", "of_pod", "uid", "gid"),
    [
        ({"runAsUser": 65534}, {}, "65534", None),
        ({"runAsUser": 1001, "runAsGroup": 2002}, {}, "1001", "2002"),
        ({}, {"runAsUser": 1001, "runAsGroup": 2002}, "1001", "2002"),
        ({"runAsUser": 1000, "allowPrivilegeEscalation": False}, {}, "1000", None),
    ],
)
def test_a_container_runs_as_asked(suite: Suite, of_container: Obj, of_pod: Obj, uid: str, gid: str | None) -> None:
    said = suite.ran("id -u; id -g", container={"securityContext": of_container}, securityContext=of_pod).split()
    assert said[0] == uid
    assert gid in (None, said[1])


# Init and ephemeral containers


def _init_pod(suite: Suite, policy: str, *scripts: str) -> Obj:
    inits = [_sh(script, f"init{number}") for number, script in enumerate(scripts, 1)]
    main = {"name": "run1", "image": PAUSE} if policy == "Always" else _sh("exit 0", "run1")
    return suite.pod("pod", main, wait=90, initContainers=inits, restartPolicy=policy)


@conforms(
    f"{SIG} InitContainer [NodeConformance] should invoke init containers on a RestartAlways pod [Conformance]",
    f"{SIG} InitContainer [NodeConformance] should invoke init containers on a RestartNever pod [Conformance]",
)
@pytest.mark.parametrize(("policy", "phase"), [("Always", "Running"), ("Never", "Succeeded")])
def test_init_containers_run_first(suite: Suite, policy: str, phase: str) -> None:
    pod = _init_pod(suite, policy, "true", "true")
    assert pod["status"]["phase"] == phase
    for status in pod["status"]["initContainerStatuses"]:
        assert (status["ready"], status["state"]["terminated"]["exitCode"]) == (True, 0)
    conditions = {one["type"]: one["status"] for one in pod["status"]["conditions"]}
    assert conditions["Initialized"] == "True"


@conforms(
    f"{SIG} InitContainer [NodeConformance] should not start app containers and fail the pod if init containers fail on a "
    "RestartNever pod [Conformance]",
    f"{SIG} InitContainer [NodeConformance] should not start app containers if init containers fail on a RestartAlways pod "
    "[Conformance]",
)
@pytest.mark.parametrize("policy", ["Always", "Never"])
def test_a_failed_init_container_keeps_the_others_out(suite: Suite, policy: str) -> None:
    pod = _init_pod(suite, policy, "false", "true")
    first, second = pod["status"]["initContainerStatuses"]
    assert _state(pod)["state"] == second["state"] == {"waiting": {"reason": "PodInitializing"}}
    if policy == "Never":
        assert (pod["status"]["phase"], first["state"]["terminated"]["exitCode"]) == ("Failed", 1)
    else:
        assert (pod["status"]["phase"], first["restartCount"] >= 3) == ("Pending", True)


@conforms(
    f"{SIG} Ephemeral Containers [NodeConformance] will start an ephemeral container in an existing pod [Conformance]",
    f"{SIG} Ephemeral Containers [NodeConformance] should update the ephemeral containers in an existing pod [Conformance]",
)
def test_ephemeral_containers_join_a_pod(suite: Suite) -> None:
    suite.pod("pod", {"name": "test", "image": PAUSE})
    for number in (1, 2):
        found = suite.do("GET", f"{PODS}/pod")["spec"].get("ephemeralContainers", [])
        fresh = {"name": f"debugger{number}", "image": BUSYBOX, "command": ["sleep", "3600"]}
        suite.do("PATCH", f"{PODS}/pod/ephemeralcontainers", {"spec": {"ephemeralContainers": [*found, fresh]}})
        suite.wait()
        status = suite.do("GET", f"{PODS}/pod")["status"]["ephemeralContainerStatuses"]
        assert [one["name"] for one in status] == [f"debugger{n}" for n in range(1, number + 1)]
        assert all("running" in one["state"] for one in status)


# Hooks


@conforms(
    f"{SIG} Container Lifecycle Hook when create a pod with lifecycle hook should execute poststart exec hook properly {NODE}"
)
def test_a_hook_is_executed_after_the_start(suite: Suite) -> None:
    server = suite.pod("server", {"name": "c", "image": WEB})["status"]["podIP"]
    command = ["sh", "-c", f"wget -qO- 'http://{server}/echo?msg=poststart'"]
    suite.pod("pod", _sh("sleep 36000", lifecycle={"postStart": {"exec": {"command": command}}}))
    assert "/echo?msg=poststart" in suite.log("server")


# Probes


def _probed(suite: Suite, container: Obj, kind: str, probe: Obj, wait: int) -> tuple[bool, int]:
    """Whether it is ready, and how often it was restarted."""
    pod = suite.pod("pod", {**container, kind: probe}, wait=wait)
    return _state(pod)["ready"], _state(pod)["restartCount"]


_HEALTH = {"exec": {"command": ["cat", "/tmp/health"]}, "initialDelaySeconds": 15, "failureThreshold": 1}
_LIVELY = {"name": "c", "image": AGNHOST, "args": ["liveness"]}


@conforms(
    f'{SIG} Probing container should *not* be restarted with a exec "cat /tmp/health" liveness probe {NODE}',
    f'{SIG} Probing container should be restarted with a exec "cat /tmp/health" liveness probe {NODE}',
    f"{SIG} Probing container should *not* be restarted with a /healthz http liveness probe {NODE}",
    f"{SIG} Probing container should be restarted with a /healthz http liveness probe {NODE}",
    f"{SIG} Probing container should *not* be restarted with a tcp:8080 liveness probe {NODE}",
    f"{SIG} Probing container should have monotonically increasing restart count {NODE}",
)
@pytest.mark.parametrize(
    ("container", "probe", "wait", "restarts"),
    [
        pytest.param(_sh("echo ok >/tmp/health; sleep 600"), _HEALTH, 240, 0, id="a file stays"),
        pytest.param(_sh("echo ok >/tmp/health; sleep 10; rm -rf /tmp/health; sleep 600"), _HEALTH, 75, 1, id="a file goes"),
        pytest.param(
            {"name": "c", "image": WEB}, {"httpGet": {"path": "/", "port": 80}, "initialDelaySeconds": 15}, 240, 0, id="http"
        ),
        pytest.param(
            _LIVELY, {"httpGet": {"path": "/healthz", "port": 8080}, "initialDelaySeconds": 15, "failureThreshold": 1}, 50, 1,
            id="http fails",
        ),
        pytest.param(
            _LIVELY, {"tcpSocket": {"port": 8080}, "initialDelaySeconds": 15, "failureThreshold": 1}, 240, 0, id="tcp"
        ),
        pytest.param(
            _LIVELY, {"httpGet": {"path": "/healthz", "port": 8080}, "initialDelaySeconds": 5, "failureThreshold": 1}, 600, 5,
            id="again and again",
        ),
    ],
)  # fmt: skip
def test_a_liveness_probe_restarts_only_the_dead(
    suite: Suite, container: Obj, probe: Obj, wait: int, restarts: int
) -> None:
    counted = _probed(suite, container, "livenessProbe", probe, wait)[1]
    assert counted >= restarts if restarts > 1 else counted == restarts


@conforms(
    f"{SIG} Probing container with readiness probe should not be ready before initial delay and never restart {NODE}",
    f"{SIG} Probing container with readiness probe that fails should never be ready and never restart {NODE}",
)
def test_a_readiness_probe_never_restarts(suite: Suite) -> None:
    probe = {"httpGet": {"path": "/", "port": 80}, "initialDelaySeconds": 30}
    assert _probed(suite, {"name": "c", "image": WEB}, "readinessProbe", probe, 28) == (False, 0)
    suite.wait(15)
    pod = suite.do("GET", f"{PODS}/pod")
    assert (_state(pod)["ready"], _state(pod)["restartCount"]) == (True, 0)
    suite.do("DELETE", f"{PODS}/pod", gracePeriodSeconds="0")
    never = {"exec": {"command": ["/bin/false"]}, "initialDelaySeconds": 5}
    assert _probed(suite, _sh("sleep 3600"), "readinessProbe", never, 120) == (False, 0)


# The life of a pod


@conforms(
    f"{SIG} Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu [Conformance]"
)
def test_matching_requests_and_limits_are_guaranteed(suite: Suite) -> None:
    amounts = {"cpu": "100m", "memory": "100Mi"}
    pod = suite.pod("pod", {"name": "c", "image": PAUSE, "resources": {"requests": amounts, "limits": amounts}})
    assert pod["status"]["qosClass"] == "Guaranteed"


@conforms(f"{SIG} Pods should get a host IP {NODE}")
def test_a_pod_knows_the_address_of_its_node(suite: Suite) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\.\d+", suite.pod("pod")["status"]["hostIP"])


@conforms(f"{SIG} Pods should be submitted and removed {NODE}")
def test_a_pod_is_submitted_and_removed(suite: Suite) -> None:
    labels = {"labels": {"name": "foo", "time": "now"}}
    start = suite.do("GET", PODS)["metadata"]["resourceVersion"]
    assert suite.pod("pod", metadata=labels)["status"]["phase"] == "Running"
    assert len(suite.do("GET", PODS, labelSelector="time=now")["items"]) == 1
    suite.do("DELETE", f"{PODS}/pod")
    suite.wait(60)
    events = suite.events(PODS, start, labelSelector="time=now")
    assert (events[0]["type"], events[-1]["type"]) == ("ADDED", "DELETED")
    assert events[-1]["object"]["metadata"]["deletionTimestamp"]
    assert suite.do("GET", PODS, labelSelector="time=now")["items"] == []


@conforms(f"{SIG} Pods should be updated {NODE}")
def test_a_pod_is_updated(suite: Suite) -> None:
    pod = suite.pod("pod", metadata={"labels": {"name": "foo", "time": "now"}})
    assert len(suite.do("GET", PODS, labelSelector="time=now")["items"]) == 1
    pod["metadata"]["labels"]["time"] = "then"
    suite.do("PUT", f"{PODS}/pod", pod)
    assert len(suite.do("GET", PODS, labelSelector="time=then")["items"]) == 1


@conforms(f"{SIG} Pods should allow activeDeadlineSeconds to be updated {NODE}")
def test_a_deadline_set_later_ends_the_pod(suite: Suite) -> None:
    suite.pod("pod", metadata={"labels": {"time": "now"}})
    assert len(suite.do("GET", PODS, labelSelector="time=now")["items"]) == 1
    suite.do("PATCH", f"{PODS}/pod", {"spec": {"activeDeadlineSeconds": 5}})
    suite.wait(60)
    status = suite.do("GET", f"{PODS}/pod")["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")


@conforms(f"{SIG} Pods should delete a collection of pods [Conformance]")
def test_pods_are_deleted_together(suite: Suite) -> None:
    for number in range(3):
        suite.pod(f"pod-{number}", metadata={"labels": {"type": "Testing"}}, wait=0)
    suite.wait()
    assert len(suite.do("GET", PODS, labelSelector="type=Testing")["items"]) == 3
    suite.do("DELETE", PODS, labelSelector="type=Testing")
    suite.wait(60)
    assert suite.do("GET", PODS, labelSelector="type=Testing")["items"] == []


@conforms(f"{SIG} Pods should patch a pod status [Conformance]")
def test_the_status_of_a_pod_is_patched(suite: Suite) -> None:
    assert suite.pod("pod")["status"]["phase"] == "Running"
    patch = {
        "metadata": {"annotations": {"patched": "true"}},
        "status": {"message": "Patched by e2e test", "reason": "E2E"},
    }
    patched = suite.do("PATCH", f"{PODS}/pod/status", patch)
    assert (patched["status"]["message"], patched["status"]["reason"]) == ("Patched by e2e test", "E2E")


@conforms(f"{SIG} Pods should run through the lifecycle of Pods and PodStatus [Conformance]")
def test_a_pod_and_its_status_live_and_end(suite: Suite) -> None:
    suite.pod("pod", {"name": "c", "image": WEB}, metadata={"labels": {"test-pod-static": "true"}})
    patch = {
        "metadata": {"labels": {"test-pod": "patched"}},
        "spec": {"containers": [{"name": "c", "image": "nginx:1.26"}]},
    }
    kind = "application/strategic-merge-patch+json"
    patched = suite.ask("PATCH", f"{PODS}/pod", patch, kind=kind)["body"]
    assert patched["spec"]["containers"][0]["image"] == "nginx:1.26"
    suite.wait(60)
    found = suite.do("GET", "/api/v1/pods", labelSelector="test-pod=patched")["items"]
    assert [one["status"]["phase"] for one in found] == ["Running"]
    status = suite.do("GET", f"{PODS}/pod/status")
    for condition in status["status"]["conditions"]:
        if condition["type"] in ("Ready", "ContainersReady"):
            condition["status"] = "False"
    put = suite.do("PUT", f"{PODS}/pod/status", status)
    assert {one["type"]: one["status"] for one in put["status"]["conditions"]}["Ready"] == "False"
    suite.do("DELETE", PODS, labelSelector="test-pod-static=true")
    suite.wait(60)
    assert suite.ask("GET", f"{PODS}/pod")["status"] == 404


# Runtime classes and taints


CLASSES = "/apis/node.k8s.io/v1/runtimeclasses"


@conforms(
    f"{SIG} RuntimeClass should reject a Pod requesting a non-existent RuntimeClass {NODE}",
    f"{SIG} RuntimeClass should reject a Pod requesting a deleted RuntimeClass {NODE}",
)
def test_an_unknown_runtime_class_is_refused(suite: Suite) -> None:
    body = {
        "metadata": {"name": "pod"},
        "spec": {"runtimeClassName": "gone", "containers": [{"name": "c", "image": PAUSE}]},
    }
    assert suite.ask("POST", PODS, body)["status"] == 403
    suite.made(CLASSES, "gone", handler="runc")
    suite.do("DELETE", f"{CLASSES}/gone")
    assert suite.ask("POST", PODS, body)["status"] == 403


@conforms(
    f"{SIG} RuntimeClass should schedule a Pod requesting a RuntimeClass without PodOverhead {NODE}",
    f"{SIG} RuntimeClass should schedule a Pod requesting a RuntimeClass and initialize its Overhead {NODE}",
)
@pytest.mark.parametrize("overhead", [None, {"cpu": "10m", "memory": "1Mi"}])
def test_a_runtime_class_gives_its_overhead(suite: Suite, overhead: Obj | None) -> None:
    suite.made(CLASSES, "known", handler="test-handler", **({"overhead": {"podFixed": overhead}} if overhead else {}))
    pod = suite.pod("pod", runtimeClassName="known")
    assert pod["spec"].get("overhead") == overhead
    assert {one["type"]: one["status"] for one in pod["status"]["conditions"]}["PodScheduled"] == "True"


def _taint(suite: Suite, *taints: Obj) -> None:
    suite.do("PATCH", "/api/v1/nodes/kind-worker", {"spec": {"taints": [*taints] or None}})


_EVICT = {"key": "kubernetes.io/e2e-evict-taint-key", "value": "evictTaintVal", "effect": "NoExecute"}


def _tolerating(seconds: int) -> Obj:
    toleration = {**_EVICT, "operator": "Equal", "tolerationSeconds": seconds}
    return {"nodeName": "kind-worker", "tolerations": [toleration], "terminationGracePeriodSeconds": 1}


@conforms(
    f"{SIG} NoExecuteTaintManager Multiple Pods [Serial] evicts pods with minTolerationSeconds [Disruptive] [Conformance]"
)
def test_pods_are_evicted_when_their_toleration_ends(suite: Suite) -> None:
    suite.pod("first", wait=0, **_tolerating(60))
    suite.pod("second", **_tolerating(5 * 60))
    _taint(suite, _EVICT)
    suite.wait(50)
    assert len(suite.do("GET", PODS)["items"]) == 2
    suite.wait(30)
    assert [pod["metadata"]["name"] for pod in suite.do("GET", PODS)["items"]] == ["second"]
    suite.wait(5 * 60)
    assert suite.do("GET", PODS)["items"] == []


@conforms(f"{SIG} NoExecuteTaintManager Single Pod [Serial] removing taint cancels eviction [Disruptive] [Conformance]")
def test_a_taint_taken_away_evicts_nobody(suite: Suite) -> None:
    suite.pod("pod", **_tolerating(60))
    _taint(suite, _EVICT)
    suite.wait(30)
    _taint(suite)
    suite.wait(120)
    assert "deletionTimestamp" not in suite.do("GET", f"{PODS}/pod")["metadata"]


@conforms(
    f"{SIG} Sysctls [LinuxOnly] [NodeConformance] should reject invalid sysctls [MinimumKubeletVersion:1.21] [Conformance]"
)
def test_invalid_sysctls_are_refused(suite: Suite) -> None:
    names = ("foo-", "kernel.shmmax", "safe-and-unsafe", "bar..")
    sysctls = [{"name": name, "value": "bar"} for name in names]
    spec = {"containers": [{"name": "c", "image": PAUSE}], "securityContext": {"sysctls": sysctls}}
    reply = suite.ask("POST", PODS, {"metadata": {"name": "pod"}, "spec": spec})
    assert reply["status"] == 422
    assert 'Invalid value: "foo-"' in reply["body"]["message"]
    assert 'Invalid value: "bar.."' in reply["body"]["message"]
    assert "kernel.shmmax" not in reply["body"]["message"]
