"""In-place resize: containers get more or less without a new pod.

Words follow `canResizePod` of `pkg/kubelet/kubelet.go` and `pkg/kubelet/kuberuntime/kuberuntime_manager.go` (1.33).
"""

from typing import Any

import pytest

from simulator.cluster import Cluster
from tests.proof.follows import follows

SECOND = 1_000_000


@pytest.fixture
def cluster() -> Cluster:
    made = Cluster.create("kind: Cluster\nnodes: [{role: control-plane}, {role: worker, cpu: '2', memory: 4Gi}]\n")
    said(made, "kubectl apply -f -", pod("a", "500m", "200Mi"))
    made.advance(30 * SECOND)
    return made


def pod(name: str, cpu: str, memory: str) -> str:
    policy = (
        "[{resourceName: cpu, restartPolicy: NotRequired}, {resourceName: memory, restartPolicy: RestartContainer}]"
    )
    amounts = f"{{cpu: {cpu}, memory: {memory}}}"
    container = f"{{name: c, image: 'nginx:1.27', resizePolicy: {policy}, resources: {{requests: {amounts}, limits: {amounts}}}}}"
    return f"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{containers: [{container}]}}}}"


def said(cluster: Cluster, line: str, stdin: str = "") -> str:
    reply: dict[str, Any] = cluster.apply({"kind": "shell", "line": line, "stdin": stdin})
    return str(reply["stdout"] + reply["stderr"])


def resize(cluster: Cluster, cpu: str = "500m", memory: str = "200Mi") -> str:
    amounts = f'{{"cpu":"{cpu}","memory":"{memory}"}}'
    patch = f'{{"spec":{{"containers":[{{"name":"c","resources":{{"requests":{amounts},"limits":{amounts}}}}}]}}}}'
    return said(cluster, f"kubectl patch pod a --subresource resize -p '{patch}'")


def seen(cluster: Cluster, path: str) -> str:
    return said(cluster, f"kubectl get pod a -o jsonpath='{{{path}}}'")


def test_more_cpu_comes_without_a_restart(cluster: Cluster) -> None:
    uid = seen(cluster, ".metadata.uid")
    assert resize(cluster, cpu="800m") == "pod/a patched\n"
    assert seen(cluster, '.status.conditions[?(@.type=="PodResizeInProgress")].status') in ("", "True")
    cluster.advance(cluster.now + 10 * SECOND)
    status = ".status.containerStatuses[0]"
    assert seen(cluster, f"{status}.resources.limits.cpu") == "800m"
    assert seen(cluster, f"{status}.allocatedResources.cpu") == "800m"
    assert seen(cluster, f"{status}.restartCount") == "0"
    assert seen(cluster, ".metadata.uid") == uid
    assert seen(cluster, '.status.conditions[?(@.type=="PodResizeInProgress")].status') == ""


def test_more_memory_restarts_the_container_where_its_policy_says_so(cluster: Cluster) -> None:
    resize(cluster, memory="300Mi")
    cluster.advance(cluster.now + 40 * SECOND)
    status = ".status.containerStatuses[0]"
    assert seen(cluster, f"{status}.resources.limits.memory") == "300Mi"
    assert seen(cluster, f"{status}.restartCount") == "1"
    assert "Container c resize requires restart" in said(cluster, "kubectl get events")


def test_what_no_machine_of_this_size_can_give_is_infeasible(cluster: Cluster) -> None:
    resize(cluster, cpu="1000")
    cluster.advance(cluster.now + 10 * SECOND)
    pending = '.status.conditions[?(@.type=="PodResizePending")]'
    assert seen(cluster, f"{pending}.reason") == "Infeasible"
    assert (
        seen(cluster, f"{pending}.message")
        == "Node didn't have enough capacity: cpu, requested: 1000000, capacity: 2000"
    )
    assert seen(cluster, ".status.containerStatuses[0].resources.limits.cpu") == "500m"


def test_what_others_have_is_deferred_until_they_end(cluster: Cluster) -> None:
    said(cluster, "kubectl apply -f -", pod("b", "1", "100Mi"))
    cluster.advance(cluster.now + 20 * SECOND)
    resize(cluster, cpu="1500m")
    cluster.advance(cluster.now + 10 * SECOND)
    pending = '.status.conditions[?(@.type=="PodResizePending")]'
    assert seen(cluster, f"{pending}.reason") == "Deferred"
    assert seen(cluster, f"{pending}.message").startswith(
        "Node didn't have enough resource: cpu, requested: 1500, used: "
    )
    said(cluster, "kubectl delete pod b --now")
    cluster.advance(cluster.now + 30 * SECOND)
    assert seen(cluster, f"{pending}.reason") == ""
    assert seen(cluster, ".status.containerStatuses[0].resources.limits.cpu") == "1500m"


@follows("Resize", "pkg/apis/core/validation/validation_test.go: TestValidatePodResize")
@pytest.mark.parametrize(
    ("patch", "message"),
    [
        pytest.param(
            '{"spec":{"containers":[{"name":"c","resizePolicy":[{"resourceName":"cpu","restartPolicy":"RestartContainer"}]}]}}',
            "spec: Forbidden: only cpu and memory resources are mutable",
            id="a policy",
        ),
        pytest.param(
            '{"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"100m"}}}]}}',
            'spec: Invalid value: "Guaranteed": Pod QOS Class may not change as a result of resizing',
            id="another class of service",
        ),
        pytest.param(
            '{"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"100m"},"limits":{"cpu":null}}}]}}',
            "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed",
            id="a limit that goes",
        ),
    ],
)
def test_what_a_resize_may_not_change(cluster: Cluster, patch: str, message: str) -> None:
    assert message in said(cluster, f"kubectl patch pod a --subresource resize -p '{patch}'")


def test_resources_do_not_change_through_the_pod_itself(cluster: Cluster) -> None:
    patch = '{"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"600m"},"limits":{"cpu":"600m"}}}]}}'
    assert "pod updates may not change fields other than" in said(cluster, f"kubectl patch pod a -p '{patch}'")


def test_a_resize_has_one_future(cluster: Cluster) -> None:
    resize(cluster, memory="300Mi")
    twin = Cluster.load(cluster.dump())
    for each in (cluster, twin):
        each.advance(each.now + 300 * SECOND)
    assert twin.state_hash() == cluster.state_hash()
