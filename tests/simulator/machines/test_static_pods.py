"""Static pods: files in a machine's directory of manifests that its kubelet runs, and mirrors in the API.

https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/; `pkg/kubelet/config/`, `pkg/kubelet/pod/mirror_client.go`.
"""

from typing import Any

import pytest

from simulator.cluster import Cluster
from tests.proof.follows import follows

Obj = dict[str, Any]
NODE = "kind-control-plane"
MANIFESTS = "/etc/kubernetes/manifests"
HELLO = """apiVersion: v1
kind: Pod
metadata: {name: hello, labels: {app: hello}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: web, image: nginx}]
"""


def place(lab: Any, text: str = HELLO, node: str = "kind-worker", name: str = "hello.yaml") -> None:
    lab.said("cat > m.yaml", text)
    lab.said(f"docker cp m.yaml {node}:{MANIFESTS}/{name}")


def test_the_control_plane_comes_from_files_on_its_machine(lab: Any) -> None:
    names = ["etcd.yaml", "kube-apiserver.yaml", "kube-controller-manager.yaml", "kube-scheduler.yaml"]
    assert lab.on(NODE, f"ls {MANIFESTS}").split() == names
    text = lab.on(NODE, f"cat {MANIFESTS}/kube-scheduler.yaml")
    assert "    - --leader-elect=true\n    image: registry.k8s.io/kube-scheduler:v1.33.1\n" in text
    assert lab.on("kind-worker", f"ls {MANIFESTS}") == ""


@follows("Static pods", "pkg/kubelet/pod/mirror_client_test.go: TestCreateMirrorPod")
def test_a_mirror_says_which_pod_it_mirrors_and_whose_it_is(lab: Any) -> None:
    mirror = lab.get("pods", f"kube-apiserver-{NODE}", "kube-system")
    annotations = mirror["metadata"]["annotations"]
    assert annotations["kubernetes.io/config.mirror"] == annotations["kubernetes.io/config.hash"]
    assert annotations["kubernetes.io/config.source"] == "file"
    node = lab.get("nodes", NODE, "")
    owner = {"apiVersion": "v1", "controller": True, "kind": "Node", "name": NODE, "uid": node["metadata"]["uid"]}
    assert mirror["metadata"]["ownerReferences"] == [owner]
    assert mirror["spec"]["tolerations"] == [{"operator": "Exists", "effect": "NoExecute"}]
    assert lab.said(f"kubectl -n kube-system logs kube-scheduler-{NODE}").endswith('version="v1.33.1"\n')


def test_a_deleted_mirror_comes_back_and_its_process_never_knew(lab: Any) -> None:
    before = lab.get("pods", f"kube-scheduler-{NODE}", "kube-system")
    lab.said(f"kubectl delete pod -n kube-system kube-scheduler-{NODE}")
    lab.run(3)
    after = lab.get("pods", f"kube-scheduler-{NODE}", "kube-system")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["status"]["containerStatuses"] == before["status"]["containerStatuses"]


def test_a_scheduler_whose_file_is_moved_away_stops_and_comes_back_with_it(lab: Any) -> None:
    lab.on(NODE, f"mv {MANIFESTS}/kube-scheduler.yaml /tmp/")
    lab.run(5)
    assert lab.get("pods", f"kube-scheduler-{NODE}", "kube-system") is None
    lab.said("kubectl create deployment web --image=nginx")
    lab.run(10)
    assert "Pending" in lab.said("kubectl get pods")
    refused = 'Get "https://127.0.0.1:10259/healthz": dial tcp 127.0.0.1:10259: connect: connection refused'
    assert refused in lab.said("kubectl get componentstatuses")
    lab.on(NODE, f"mv /tmp/kube-scheduler.yaml {MANIFESTS}/")
    lab.run(40)
    assert "Running" in lab.said("kubectl get pods")
    assert "Running" in lab.said(f"kubectl get pod -n kube-system kube-scheduler-{NODE}")


def test_without_the_api_server_the_kubelet_goes_on_by_its_files(lab: Any) -> None:
    lab.on(NODE, f"mv {MANIFESTS}/kube-apiserver.yaml /tmp/")
    lab.run(5)
    assert lab.refused("kubectl get nodes").startswith("The connection to the server 127.0.0.1:6443 was refused")
    place(lab)
    lab.run(10)
    lab.restore()
    lab.on(NODE, f"mv /tmp/kube-apiserver.yaml {MANIFESTS}/")
    lab.run(20)
    pod = lab.get("pods", "hello-kind-worker")
    assert pod["status"]["phase"] == "Running"
    started = pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    assert started < pod["metadata"]["creationTimestamp"]


def test_a_changed_file_is_another_pod_that_waits_for_the_end_of_the_first(lab: Any) -> None:
    place(lab)
    lab.run(10)
    first = lab.get("pods", "hello-kind-worker")
    place(lab, HELLO.replace("image: nginx", "image: httpd"))
    lab.run(15)
    second = lab.get("pods", "hello-kind-worker")
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert second["status"]["containerStatuses"][0]["image"] == "docker.io/library/httpd:latest"
    assert second["status"]["containerStatuses"][0]["restartCount"] == 0


def test_a_file_taken_away_ends_the_pod_and_housekeeping_takes_the_mirror(lab: Any) -> None:
    place(lab)
    lab.run(10)
    lab.on("kind-worker", f"rm {MANIFESTS}/hello.yaml")
    lab.run(0.05)
    assert lab.get("pods", "hello-kind-worker") is not None
    lab.run(5)
    assert lab.get("pods", "hello-kind-worker") is None
    said = lab.said("kubectl get events --field-selector involvedObject.name=hello-kind-worker")
    assert "Stopping container web" in said


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param(".hello.yaml", HELLO, id="hidden"),
        pytest.param("hello.yaml", HELLO.replace("kind: Pod", "kind: Service"), id="no-pod"),
        pytest.param("hello.yaml", HELLO.replace("image: nginx", "imagine: nginx"), id="no image"),
        pytest.param("hello.yaml", "{", id="no-yaml"),
    ],
)
def test_what_a_kubelet_cannot_use_it_passes_over(lab: Any, name: str, text: str) -> None:
    place(lab, text, name=name)
    lab.run(10)
    assert lab.get("pods", "hello-kind-worker") is None


def test_a_copy_with_another_ending_in_the_same_directory_is_a_manifest_too(lab: Any) -> None:
    place(lab, name="hello.yaml.bak")
    lab.run(10)
    assert lab.get("pods", "hello-kind-worker")["status"]["phase"] == "Running"


def test_a_kubelet_that_was_stopped_reads_its_files_when_it_starts(lab: Any) -> None:
    lab.on("kind-worker", "systemctl stop kubelet")
    place(lab)
    lab.run(10)
    assert lab.get("pods", "hello-kind-worker") is None
    lab.on("kind-worker", "systemctl start kubelet")
    lab.run(10)
    assert lab.get("pods", "hello-kind-worker")["status"]["phase"] == "Running"


def test_a_machine_that_comes_back_runs_its_static_pods_again(lab: Any) -> None:
    place(lab)
    lab.run(10)
    for fault, seconds in (("node-power-off", 20), ("node-power-on", 60)):
        lab.cluster.apply({"kind": "fault", "fault": fault, "target": "kind-worker"})
        lab.run(seconds)
    assert lab.get("pods", "hello-kind-worker")["status"]["containerStatuses"][0]["restartCount"] == 1


@follows("Static pods", "pkg/kubelet/kubelet_pods.go: deleteOrphanedMirrorPods")
def test_a_mirror_without_a_static_pod_is_taken_away(lab: Any) -> None:
    body = HELLO.replace("name: hello,", "name: ghost, annotations: {kubernetes.io/config.mirror: nothing},")
    lab.said("kubectl apply -f -", body.replace("spec:", "spec:\n  nodeName: kind-worker"))
    lab.run(5)
    assert lab.get("pods", "ghost") is None


def test_a_killed_scheduler_is_down_until_its_container_runs_again(lab: Any) -> None:
    lab.cluster.apply(
        {"kind": "fault", "fault": "kill-process", "target": f"kube-system/kube-scheduler-{NODE}/kube-scheduler"}
    )
    assert not lab.cluster.plane.is_up("kube-scheduler", NODE)
    lab.run(5)
    assert lab.cluster.plane.is_up("kube-scheduler", NODE)


@pytest.mark.parametrize("pause", [0.0, 0.4, 1.5, 8.0])
def test_a_restored_cluster_goes_on_alike(lab: Any, pause: float) -> None:
    place(lab)
    lab.run(6)
    lab.on(NODE, f"mv {MANIFESTS}/kube-scheduler.yaml /tmp/")
    place(lab, HELLO.replace("image: nginx", "image: httpd"))
    lab.run(pause)
    other = Cluster.load(lab.cluster.dump())
    for one in (lab.cluster, other):
        one.apply({"kind": "shell", "line": f"docker exec {NODE} mv /tmp/kube-scheduler.yaml {MANIFESTS}/"})
        one.advance(one.now + 30_000_000)
    assert other.state_hash() == lab.cluster.state_hash()
