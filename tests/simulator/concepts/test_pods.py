"""Groups D and M: pods, their containers, and what is put into them."""

from typing import Any

import pytest

DUO = """\
apiVersion: v1
kind: Pod
metadata: {name: duo, labels: {app: duo}}
spec:
  containers:
  - {name: web, image: "nginx:1.27", ports: [{containerPort: 80}]}
  - {name: side, image: "busybox:1.36", command: [sh, -c, "sleep 3600"]}
"""


def pod(name: str, command: str, extra: str = "") -> str:
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  restartPolicy: Never\n  containers:\n"
        f"  - name: c\n    image: busybox:1.36\n    command: [sh, -c, {command!r}]\n{extra}"
    )


@pytest.fixture
def duo(lab: Any) -> Any:
    lab.run("kubectl apply -f -", DUO)
    lab.wait(20)
    return lab


def test_one_binding_a_pod(lab: Any) -> None:
    lab.run("kubectl run web --image=nginx:1.27")
    lab.wait(20)
    bindings = [row for row in lab.cluster.engine.trail.rows() if row.verb == "bind" and row.name == "web"]
    assert len(bindings) == 1


def test_run_makes_a_pod_with_one_container(lab: Any) -> None:
    assert lab.run("kubectl run web --image=nginx:1.27") == "pod/web created\n"
    lab.wait(20)
    assert lab.column("kubectl get pods", "READY") == ["1/1"]
    assert "containers" not in [line.split()[0] for line in lab.run("kubectl api-resources").splitlines()]


def test_two_containers_count_one_by_one(duo: Any) -> None:
    assert duo.column("kubectl get pods", "READY") == ["2/2"]
    described = duo.run("kubectl describe pod duo")
    assert described.index("\n  web:\n") < described.index("\n  side:\n")
    duo.fault("kill-process", "default/duo/web")
    duo.wait(0.5)
    assert duo.column("kubectl get pods", "READY") == ["1/2"]


def test_a_container_must_be_named_or_is_chosen_with_a_notice(duo: Any) -> None:
    assert duo.reply("kubectl logs duo")["stderr"] == 'Defaulted container "web" out of: web, side\n'
    assert "container nope is not valid for pod duo" in duo.refusal("kubectl logs duo -c nope")


def test_a_pods_containers_need_one_node_for_their_sum(lab: Any) -> None:
    part = '{{name: {0}, image: "nginx:1.27", resources: {{requests: {{cpu: 1500m}}}}}}'
    containers = ", ".join(part.format(name) for name in ("a", "b"))
    lab.run(
        "kubectl apply -f -",
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: wide}}\nspec: {{containers: [{containers}]}}\n",
    )
    lab.wait(10)
    assert lab.value("pod wide", "{.status.phase}") == "Pending"
    assert "2 Insufficient cpu" in lab.run("kubectl describe pod wide")


def test_a_restarted_container_keeps_its_pods_address_and_a_new_sandbox_does_not(duo: Any) -> None:
    address = duo.value("pod duo", "{.status.podIP}")
    duo.fault("kill-process", "default/duo/web")
    duo.wait(20)
    assert duo.value("pod duo", "{.status.podIP}") == address
    node = duo.value("pod duo", "{.spec.nodeName}")
    duo.fault("node-power-off", node)
    duo.wait(20)
    duo.fault("node-power-on", node)
    duo.wait(90)
    assert duo.value("pod duo", "{.status.podIP}") != address
    assert "SandboxChanged" in duo.run("kubectl describe pod duo")


def test_containers_of_a_pod_share_hostname_and_localhost(duo: Any) -> None:
    assert duo.run("kubectl exec duo -c web -- hostname") == duo.run("kubectl exec duo -c side -- hostname") == "duo\n"
    assert "HOSTNAME=duo" in duo.run("kubectl exec duo -c side -- env").splitlines()
    assert "Welcome to nginx!" in duo.run("kubectl exec duo -c side -- wget -qO- http://localhost")
    assert "refused" in duo.failure("kubectl exec duo -c side -- wget -qO- http://localhost:9113")


def test_a_pods_address_is_its_nodes_and_reached_from_another_node(duo: Any) -> None:
    duo.run("kubectl cordon " + duo.value("pod duo", "{.spec.nodeName}"))
    duo.run("kubectl run far --image=busybox:1.36 -- sh -c 'sleep 3600'")
    duo.wait(20)
    near, far = duo.value("pod duo", "{.spec.nodeName}"), duo.value("pod far", "{.spec.nodeName}")
    assert near != far
    address = duo.value("pod duo", "{.status.podIP}")
    network = duo.value(f"node {near}", "{.spec.podCIDR}").removesuffix("0/24")
    assert address.startswith(network)
    assert "Welcome to nginx!" in duo.run(f"kubectl exec far -- wget -qO- http://{address}")


def test_too_much_memory_kills_one_container_and_not_its_sibling(lab: Any) -> None:
    hungry = '{name: hungry, image: "polinux/stress", command: [stress], args: ["--vm", "1", "--vm-bytes", "250M"], resources: {limits: {memory: 100Mi}}}'
    calm = '{name: calm, image: "nginx:1.27"}'
    lab.run(
        "kubectl apply -f -",
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: mem}}\nspec:\n  containers:\n  - {hungry}\n  - {calm}\n",
    )
    lab.wait(30)
    path = '{.status.containerStatuses[?(@.name=="%s")]%s}'
    assert lab.value("pod mem", path % ("hungry", ".lastState.terminated.reason")) == "OOMKilled"
    assert lab.value("pod mem", path % ("hungry", ".lastState.terminated.exitCode")) == "137"
    assert lab.value("pod mem", path % ("calm", ".restartCount")) == "0"


def test_a_pod_is_an_endpoint_only_when_all_its_containers_are_ready(lab: Any) -> None:
    probe = "readinessProbe: {exec: {command: [cat, /tmp/ready]}, periodSeconds: 1}"
    lab.run(
        "kubectl apply -f -",
        DUO.replace('sleep 3600"]}', f'sleep 30; touch /tmp/ready; sleep 3600"], {probe}}}'),
    )
    lab.run("kubectl expose pod duo --port=80")
    lab.wait(20)
    assert lab.column("kubectl get pods", "READY") == ["1/2"]
    slices = "endpointslices -l kubernetes.io/service-name=duo"
    assert lab.value(slices, "{.items[*].endpoints[*].conditions.ready}") == "false"
    lab.wait(30)
    assert lab.column("kubectl get pods", "READY") == ["2/2"]
    assert lab.value(slices, "{.items[*].endpoints[*].conditions.ready}") == "true"


def test_a_replacement_has_another_name_uid_and_address(lab: Any) -> None:
    lab.run("kubectl create deployment web --image=nginx:1.27")
    lab.wait(20)
    path = "{.items[*].metadata.name} {.items[*].metadata.uid} {.items[*].status.podIP}"
    before = lab.value("pods", path).split()
    lab.run(f"kubectl delete pod {before[0]}")
    lab.wait(30)
    after = lab.value("pods", path).split()
    assert len(after) == 3
    assert not set(before) & set(after)


def test_phases_and_the_words_that_kubectl_shows(lab: Any) -> None:
    lab.run("kubectl run good --image=busybox:1.36 --restart=Never -- sh -c 'exit 0'")
    lab.run("kubectl run bad --image=busybox:1.36 --restart=Never -- sh -c 'exit 1'")
    lab.run("kubectl run crash --image=busybox:1.36 -- sh -c 'exit 1'")
    lab.run("kubectl run nope --image=nginx:nope")
    lab.wait(40)
    phases = dict(
        line.split()
        for line in lab.run(
            "kubectl get pods -o custom-columns=N:.metadata.name,P:.status.phase --no-headers"
        ).splitlines()
    )
    assert phases == {"good": "Succeeded", "bad": "Failed", "crash": "Running", "nope": "Pending"}
    assert lab.column("kubectl get pods", "STATUS") == ["Error", "CrashLoopBackOff", "Completed", "ImagePullBackOff"]


def test_pending_covers_waiting_for_a_node_and_pulling(lab: Any) -> None:
    lab.run("kubectl apply -f -", pod("homeless", "sleep 1", "  nodeSelector: {disk: ssd}\n"))
    lab.run("kubectl run pulling --image=nginx:1.27")
    lab.wait(1)
    path = '{.status.phase} {.status.conditions[?(@.type=="PodScheduled")].status}'
    assert lab.value("pod homeless", path) == "Pending False"
    assert lab.value("pod pulling", path) == "Pending True"
    assert lab.value("pod homeless", '{.status.conditions[?(@.type=="PodScheduled")].reason}') == "Unschedulable"
    assert lab.value("pod pulling", '{.status.conditions[?(@.type=="Initialized")].status}') == "True"


def test_a_crash_loop_restarts_the_container_and_never_the_pod(lab: Any) -> None:
    lab.run("kubectl run crash --image=busybox:1.36 -- sh -c 'exit 1'")
    lab.wait(10)
    uid = lab.value("pod crash", "{.metadata.uid}")
    lab.wait(120)
    assert lab.value("pod crash", "{.metadata.uid}") == uid
    assert int(lab.value("pod crash", "{.status.containerStatuses[0].restartCount}")) >= 3
    assert "Back-off restarting failed container crash in pod crash_default" in lab.run("kubectl describe pod crash")


def test_running_needs_one_container_and_ready_needs_all(lab: Any) -> None:
    lab.run("kubectl apply -f -", DUO.replace('sleep 3600"]', 'exit 1"]'))
    lab.wait(30)
    assert lab.value("pod duo", "{.status.phase}") == "Running"
    assert lab.column("kubectl get pods", "READY") == ["1/2"]


def test_a_failing_readiness_takes_traffic_and_a_failing_liveness_restarts(lab: Any) -> None:
    command = "touch /tmp/ok; sleep 20; rm /tmp/ok; sleep 600"
    for name in ("readiness", "liveness"):
        probe = f"    {name}Probe: {{exec: {{command: [cat, /tmp/ok]}}, periodSeconds: 5, failureThreshold: 1}}\n"
        manifest = pod(name, command, probe).replace("restartPolicy: Never", "restartPolicy: Always")
        lab.run("kubectl apply -f -", manifest)
    lab.wait(35)
    restarts = "{.status.containerStatuses[0].restartCount}"
    assert lab.value("pod readiness", restarts + "{.status.containerStatuses[0].ready}") == "0false"
    assert "Liveness probe failed" in lab.run("kubectl describe pod liveness")
    lab.wait(40)
    assert int(lab.value("pod liveness", restarts)) >= 1


def test_config_reaches_a_container_as_environment_argument_and_file(lab: Any) -> None:
    lab.run("kubectl create configmap tone --from-literal=greeting=hello")
    extra = (
        "    env: [{name: GREETING, valueFrom: {configMapKeyRef: {name: tone, key: greeting}}}]\n"
        "    volumeMounts: [{name: tone, mountPath: /etc/tone}]\n"
        "  volumes: [{name: tone, configMap: {name: tone}}]\n"
    )
    lab.run("kubectl apply -f -", pod("talk", "echo $(GREETING); cat /etc/tone/greeting; sleep 3600", extra))
    lab.wait(20)
    assert lab.run("kubectl logs talk") == "hello\nhello\n"
    assert "GREETING=hello" in lab.run("kubectl exec talk -- env").splitlines()
    lab.run(
        "kubectl create configmap tone --from-literal=greeting=salute --dry-run=client -o yaml | kubectl apply -f -"
    )
    lab.wait(120)
    assert "GREETING=hello" in lab.run("kubectl exec talk -- env").splitlines()


def test_the_same_image_behaves_as_its_config_map_says(lab: Any) -> None:
    for tone in ("calm", "loud"):
        lab.run(f"kubectl create configmap {tone} --from-literal=tone={tone}")
        extra = f"    env: [{{name: TONE, valueFrom: {{configMapKeyRef: {{name: {tone}, key: tone}}}}}}]\n"
        lab.run("kubectl apply -f -", pod(tone, "echo $TONE", extra))
    lab.wait(20)
    assert [lab.run(f"kubectl logs {tone}") for tone in ("calm", "loud")] == ["calm\n", "loud\n"]


def test_a_container_may_ask_for_its_own_limits(lab: Any) -> None:
    extra = (
        "    resources: {limits: {cpu: 500m, memory: 64Mi}}\n    env:\n"
        "    - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}\n"
        "    - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory}}}\n"
        "    - {name: MEBIBYTES, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}\n"
    )
    lab.run("kubectl apply -f -", pod("self", "echo $CPU $MEMORY $MEBIBYTES", extra))
    lab.wait(20)
    assert lab.run("kubectl logs self") == "1 67108864 64\n"


def test_a_missing_key_stops_the_container(lab: Any) -> None:
    extra = "    env: [{name: X, valueFrom: {configMapKeyRef: {name: absent, key: k}}}]\n"
    lab.run("kubectl apply -f -", pod("talk", "sleep 1", extra))
    lab.wait(20)
    assert lab.column("kubectl get pods", "STATUS") == ["CreateContainerConfigError"]


def test_an_image_may_change_in_a_running_pod(duo: Any) -> None:
    uid = duo.value("pod duo", "{.metadata.uid}")
    duo.run("kubectl set image pod/duo web=nginx:1.28")
    duo.wait(30)
    assert duo.value("pod duo", "{.metadata.uid}") == uid
    assert duo.column("kubectl get pods", "RESTARTS")[0].split()[0] == "1"
    assert "Container web definition changed, will be restarted" in duo.run("kubectl describe pod duo")
