"""What a pod shares and what each of its containers has for itself, as a learner sees it from inside."""

from typing import Any

import pytest

from simulator.cluster import Cluster

SECOND = 1_000_000


@pytest.fixture
def cluster() -> Cluster:
    made = Cluster.create("kind: Cluster\nnodes: [{role: control-plane}, {role: worker}]\n")
    made.apply({"kind": "apply-yaml", "text": _PAIR})
    made.advance(30 * SECOND)
    return made


_PAIR = """
apiVersion: v1
kind: Pod
metadata: {name: pair}
spec:
  containers:
  - {name: web, image: "nginx:1.27-alpine", volumeMounts: [{name: content, mountPath: /usr/share/nginx/html}]}
  - name: sync
    image: busybox:1.36
    command: [sh, -c, 'echo version 1 > /content/index.html; sleep 1d']
    volumeMounts: [{name: content, mountPath: /content}]
  volumes: [{name: content, emptyDir: {}}]
"""


def said(cluster: Cluster, line: str) -> str:
    reply: dict[str, Any] = cluster.apply({"kind": "shell", "line": line, "terminal": True})
    return str(reply["stdout"] + reply["stderr"])


def test_containers_of_a_pod_share_name_and_network_and_not_their_files(cluster: Cluster) -> None:
    assert {said(cluster, f"kubectl exec pair -c {name} -- hostname") for name in ("web", "sync")} == {"pair\n"}
    assert said(cluster, "kubectl exec pair -c sync -- wget -qO- http://localhost") == "version 1\n"
    assert "Connection refused" in said(cluster, "kubectl exec pair -c sync -- wget -qO- http://localhost:9113")
    said(cluster, "kubectl exec pair -c web -- sh -c 'echo own > /tmp/own'")
    assert said(cluster, "kubectl exec pair -c web -- cat /tmp/own") == "own\n"
    assert "No such file or directory" in said(cluster, "kubectl exec pair -c sync -- cat /tmp/own")


def test_a_sidecar_that_changes_a_shared_volume_changes_what_the_server_says(cluster: Cluster) -> None:
    said(cluster, "kubectl exec pair -c sync -- sh -c 'echo version 2 > /content/index.html'")
    assert said(cluster, "kubectl exec pair -c sync -- wget -qO- http://localhost") == "version 2\n"


def test_exec_shows_the_processes_of_its_own_container(cluster: Cluster) -> None:
    assert said(cluster, "kubectl exec pair -c sync -- ps") == (
        "PID   USER     TIME  COMMAND\n"
        "    1 root      0:00 sh -c echo version 1 > /content/index.html; sleep 1d\n"
        "    7 root      0:00 ps\n"
    )
    assert "nginx: worker process" in said(cluster, "kubectl exec pair -c web -- ps")


def test_a_command_ends_and_a_session_stays(cluster: Cluster) -> None:
    assert said(cluster, "kubectl exec pair -c sync -- sh -c 'cd /tmp; pwd'") == "/tmp\n"
    assert said(cluster, "kubectl exec pair -c sync -- pwd") == "/\n"
    session = cluster.apply({"kind": "shell", "line": "kubectl exec -it pair -c sync -- sh", "terminal": True})[
        "session"
    ]
    for line, prompt in (("cd /tmp", "/tmp # "), ("pwd", "/tmp # ")):
        reply = cluster.apply({"kind": "session", "id": session["id"], "line": line})
        assert reply["prompt"] == prompt
    assert reply["stdout"] == "/tmp\n"


def test_what_a_pod_wrote_is_gone_with_the_pod(cluster: Cluster) -> None:
    said(cluster, "kubectl create deployment box --image=busybox:1.36 -- sleep 1d")
    cluster.advance(60 * SECOND)
    first = said(cluster, "kubectl get pods -l app=box -o name").strip()
    said(cluster, f"kubectl exec {first} -- sh -c 'echo data > /tmp/data'")
    address = said(cluster, f"kubectl get {first} -o jsonpath={{.status.podIP}}")
    said(cluster, f"kubectl delete {first} --now")
    cluster.advance(120 * SECOND)
    second = said(cluster, "kubectl get pods -l app=box -o name").strip()
    assert second != first
    assert said(cluster, f"kubectl get {second} -o jsonpath={{.status.podIP}}") != address
    assert "No such file or directory" in said(cluster, f"kubectl exec {second} -- cat /tmp/data")
    assert "download timed out" in said(cluster, f"kubectl exec pair -c sync -- wget -T 1 -qO- http://{address}")


def test_a_new_sandbox_has_a_new_address_and_a_new_process_has_not(cluster: Cluster) -> None:
    def address() -> str:
        return said(cluster, "kubectl get pod pair -o jsonpath={.status.podIP}")

    before = address()
    cluster.apply({"kind": "fault", "fault": "kill-process", "target": "default/pair/sync"})
    cluster.advance(60 * SECOND)
    assert address() == before
    node = said(cluster, "kubectl get pod pair -o jsonpath={.spec.nodeName}")
    cluster.apply({"kind": "fault", "fault": "node-power-off", "target": node})
    cluster.advance(80 * SECOND)
    cluster.apply({"kind": "fault", "fault": "node-power-on", "target": node})
    cluster.advance(200 * SECOND)
    assert "SandboxChanged" in said(cluster, "kubectl get events")
    assert said(cluster, "kubectl get pod pair -o jsonpath={.status.phase}") == "Running"
