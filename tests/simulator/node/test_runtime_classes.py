"""RuntimeClasses: who may name one, where its pods land, and what a node without its handler says.

Words follow `plugin/pkg/admission/runtimeclass/admission.go` (1.33) and containerd's `internal/cri` (`no runtime for %q is configured`).
"""

from typing import Any

import pytest

from simulator.cluster import Cluster
from tests.proof.follows import follows

SECOND = 1_000_000
CONFIG = """
kind: Cluster
nodes:
- {role: control-plane}
- {role: worker, name: plain}
- {role: worker, name: wasm, labels: {runtime: spin}, runtimeHandlers: [spin, kata]}
"""


@pytest.fixture
def cluster() -> Cluster:
    return Cluster.create(CONFIG)


def said(cluster: Cluster, line: str, stdin: str = "") -> str:
    reply: dict[str, Any] = cluster.apply({"kind": "shell", "line": line, "stdin": stdin})
    return str(reply["stdout"] + reply["stderr"])


def runtime(name: str, handler: str, more: str = "") -> str:
    return f"{{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {{name: {name}}}, handler: {handler}{more}}}"


def pod(name: str, runtime: str, more: str = "") -> str:
    return (
        f"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, "
        f"spec: {{runtimeClassName: {runtime}, containers: [{{name: c, image: 'nginx:1.27'}}]{more}}}}}"
    )


def test_a_class_that_does_not_exist_is_refused(cluster: Cluster) -> None:
    assert said(cluster, "kubectl apply -f -", pod("a", "wasm")) == (
        'Error from server (Forbidden): error when creating "STDIN": pods "a" is forbidden: '
        'pod rejected: RuntimeClass "wasm" not found\n'
    )


def test_pods_of_a_class_land_where_its_handler_is(cluster: Cluster) -> None:
    said(
        cluster,
        "kubectl apply -f -",
        runtime("wasm", "spin", ", scheduling: {nodeSelector: {runtime: spin}}, overhead: {podFixed: {memory: 64Mi}}"),
    )
    for name in ("a", "b", "c"):
        said(cluster, "kubectl apply -f -", pod(name, "wasm"))
    cluster.advance(60 * SECOND)
    columns = "kubectl get pods --no-headers -o custom-columns=N:.spec.nodeName,P:.status.phase,M:.spec.overhead.memory,S:.spec.nodeSelector"
    assert said(cluster, columns).splitlines() == ["wasm   Running   64Mi   map[runtime:spin]"] * 3


def test_a_node_without_the_handler_says_so_and_the_pod_waits(cluster: Cluster) -> None:
    said(cluster, "kubectl apply -f -", runtime("wasm", "spin"))
    said(cluster, "kubectl apply -f -", pod("a", "wasm", ", nodeName: plain"))
    cluster.advance(30 * SECOND)
    assert said(cluster, "kubectl get pod a --no-headers").split()[:3] == ["a", "0/1", "ContainerCreating"]
    events = said(
        cluster, "kubectl get events --field-selector reason=FailedCreatePodSandBox -o jsonpath={.items[0].message}"
    )
    assert events == (
        "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: "
        'no runtime for "spin" is configured'
    )


def test_a_node_lists_its_handlers_and_runs_two_pods_with_different_ones(cluster: Cluster) -> None:
    said(cluster, "kubectl apply -f -", runtime("wasm", "spin"))
    said(cluster, "kubectl apply -f -", runtime("vm", "kata"))
    for name, of in (("a", "wasm"), ("b", "vm")):
        said(cluster, "kubectl apply -f -", pod(name, of, ", nodeName: wasm"))
    cluster.advance(60 * SECOND)
    assert said(cluster, "kubectl get node wasm -o jsonpath={.status.runtimeHandlers[*].name}").split() == [
        "runc",
        "spin",
        "kata",
    ]
    assert said(
        cluster,
        "kubectl get pods --no-headers -o custom-columns=R:.spec.runtimeClassName,N:.spec.nodeName,P:.status.phase",
    ).splitlines() == [
        "wasm   wasm   Running",
        "vm     wasm   Running",
    ]
    reasons = [
        [
            line.split()[2]
            for line in said(
                cluster, f"kubectl get events --field-selector involvedObject.name={name} --no-headers"
            ).splitlines()
        ]
        for name in ("a", "b")
    ]
    assert sorted(reasons[0]) == sorted(reasons[1])


@follows(
    "RuntimeClass",
    "plugin/pkg/admission/runtimeclass/admission_test.go: TestSetOverhead, TestSetScheduling, TestValidate",
)
@pytest.mark.parametrize(
    ("runtime_more", "pod_more", "message"),
    [
        pytest.param(
            ", overhead: {podFixed: {memory: 64Mi}}",
            ", overhead: {memory: 1Mi}",
            "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
            id="another overhead",
        ),
        pytest.param(
            "",
            ", overhead: {memory: 1Mi}",
            "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
            id="overhead of its own",
        ),
        pytest.param(
            ", scheduling: {nodeSelector: {runtime: spin}}",
            ", nodeSelector: {runtime: other}",
            "conflict: runtimeClass.scheduling.nodeSelector[runtime] = spin; pod.spec.nodeSelector[runtime] = other",
            id="another place",
        ),
    ],
)
def test_what_contradicts_a_class_is_refused(cluster: Cluster, runtime_more: str, pod_more: str, message: str) -> None:
    said(cluster, "kubectl apply -f -", runtime("wasm", "spin", runtime_more))
    assert said(cluster, "kubectl apply -f -", pod("a", "wasm", pod_more)).endswith(
        f'pods "a" is forbidden: {message}\n'
    )
