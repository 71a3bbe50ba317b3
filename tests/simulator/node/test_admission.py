"""`node.admission`: what a kubelet refuses although somebody has bound it to its machine."""

from typing import Any

import pytest

from simulator.node import admission
from tests.proof.follows import follows

NODE = {
    "metadata": {"name": "machine1", "labels": {"zone": "a"}},
    "spec": {},
    "status": {"allocatable": {"ephemeral-storage": "20", "example.com/aaa": "10"}},
}


def spec(**more: Any) -> Any:
    return {"containers": [{"name": "c"}], **more}


def asking(**requests: str) -> Any:
    wanted = {name.replace("_", "-").replace("example-", "example.com/"): text for name, text in requests.items()}
    return spec(containers=[{"name": "c", "resources": {"requests": wanted}}])


def on_port(port: int, **more: str) -> Any:
    return spec(containers=[{"name": "c", "ports": [{"containerPort": 80, "hostPort": port, **more}]}])


def node(*taints: tuple[str, str]) -> Any:
    return {**NODE, "spec": {"taints": [{"key": key, "effect": effect} for key, effect in taints]}}


AFFINITY = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "foo", "operator": "Exists"}]}]
        }
    }
}
NO_LABEL = ("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector")
NO_PORT = ("NodePorts", "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports")
TAINTED = ("TaintToleration", "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate")


@follows("Pod admission", "pkg/kubelet/lifecycle/predicate_test.go: TestGeneralPredicates")
@pytest.mark.parametrize(
    ("pod", "machine", "others", "is_static", "wanted"),
    [
        pytest.param(spec(), NODE, [], False, None, id="nothing asked for always fits"),
        pytest.param(on_port(123), NODE, [on_port(123)], False, NO_PORT, id="hostport conflict"),
        pytest.param(on_port(123), NODE, [on_port(124)], False, None, id="another host port"),
        pytest.param(on_port(53), NODE, [on_port(53, protocol="UDP")], False, None, id="another protocol"),
        pytest.param(
            on_port(53, hostIP="10.0.0.1"), NODE, [on_port(53, hostIP="10.0.0.2")], False, None, id="another address"
        ),
        pytest.param(
            on_port(53, hostIP="10.0.0.1"), NODE, [on_port(53)], False, NO_PORT, id="all addresses against one"
        ),
        pytest.param(
            spec(tolerations=[{"key": "foo"}, {"key": "bar"}]),
            node(("foo", "NoSchedule"), ("bar", "NoExecute")),
            [],
            False,
            None,
            id="taint/toleration match",
        ),
        pytest.param(spec(), node(("foo", "NoSchedule")), [], False, None, id="NoSchedule is no business of a kubelet"),
        pytest.param(spec(), node(("bar", "NoExecute")), [], False, TAINTED, id="NoExecute not tolerated"),
        pytest.param(spec(), node(("baz", "PreferNoSchedule")), [], False, None, id="PreferNoSchedule"),
        pytest.param(spec(), node(("bar", "NoExecute")), [], True, None, id="static pods ignore taints"),
        pytest.param(spec(affinity=AFFINITY), NODE, [], True, NO_LABEL, id="static pods do not ignore affinity"),
        pytest.param(spec(nodeSelector={"zone": "b"}), NODE, [], False, NO_LABEL, id="another label"),
        pytest.param(spec(nodeSelector={"zone": "a"}), NODE, [], False, None, id="this label"),
    ],
)
def test_predicates_of_the_node(pod: Any, machine: Any, others: Any, is_static: bool, wanted: Any) -> None:
    """The cases of `TestGeneralPredicates` in `pkg/kubelet/lifecycle/predicate_test.go`."""
    found = admission.of_node(admission.wants_of(pod), machine, map(admission.wants_of, others), is_static=is_static)
    assert (None if found is None else (found.reason, found.message)) == wanted


@follows(
    "Pod admission",
    "pkg/kubelet/lifecycle/predicate_test.go: TestGeneralPredicates, TestRemoveMissingExtendedResources",
)
@pytest.mark.parametrize(
    ("pod", "others", "wanted"),
    [
        pytest.param(
            asking(ephemeral_storage="15"),
            [asking(ephemeral_storage="10")],
            (
                "OutOfephemeral-storage",
                "Node didn't have enough resource: ephemeral-storage, requested: 15, used: 10, capacity: 20",
            ),
            id="disk",
        ),
        pytest.param(asking(ephemeral_storage="10"), [asking(ephemeral_storage="10")], None, id="just enough disk"),
        pytest.param(
            asking(example_aaa="11"),
            [],
            (
                "OutOfexample.com/aaa",
                "Node didn't have enough resource: example.com/aaa, requested: 11, used: 0, capacity: 10",
            ),
            id="extended resource",
        ),
        pytest.param(asking(example_bbb="5"), [], None, id="an extended resource that the node has never heard of"),
    ],
)
def test_amounts_beside_cpu_and_memory(pod: Any, others: Any, wanted: Any) -> None:
    """`removeMissingExtendedResources` and `InsufficientResourceError` of `pkg/kubelet/lifecycle/predicate.go`."""
    found = admission.of_amounts(
        admission.wants_of(pod), map(admission.wants_of, others), NODE["status"]["allocatable"]
    )
    assert (None if found is None else (found.reason, found.message)) == wanted


@follows(
    "Pod admission",
    "pkg/kubelet/lifecycle/predicate_test.go: TestRejectPodAdmissionBasedOnOSSelector, TestRejectPodAdmissionBasedOnOSField",
    "pkg/kubelet/sysctl/allowlist_test.go",
)
@pytest.mark.parametrize(
    ("pod", "labels", "wanted"),
    [
        pytest.param(spec(os={"name": "linux"}), {}, None, id="of this system"),
        pytest.param(
            spec(os={"name": "windows"}),
            {},
            ("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"),
            id="of another system",
        ),
        pytest.param(
            spec(),
            {"kubernetes.io/os": "windows"},
            (
                "PodOSSelectorNodeLabelDoesNotMatch",
                "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
            ),
            id="label of another system",
        ),
        pytest.param(
            spec(securityContext={"sysctls": [{"name": "net/ipv4/tcp_syncookies", "value": "1"}]}),
            {},
            None,
            id="a safe sysctl, written with slashes",
        ),
        pytest.param(
            spec(securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "65536"}]}),
            {},
            ("SysctlForbidden", 'forbidden sysctl: "kernel.msgmax" not allowlisted'),
            id="an unsafe sysctl",
        ),
    ],
)
def test_system_and_kernel(pod: Any, labels: Any, wanted: Any) -> None:
    """`pkg/kubelet/lifecycle/predicate.go` and `pkg/kubelet/sysctl/allowlist.go`."""
    found = admission.of_system(admission.wants_of(pod), labels, "linux")
    assert (None if found is None else (found.reason, found.message)) == wanted


def test_two_pods_bound_to_one_host_port_end_with_one_refused(machines: Any) -> None:
    port = [{"containerPort": 80, "hostPort": 8080}]
    machines.start("first", ports=port)
    machines.start("second", ports=port)
    machines.run(2)
    status = machines.status("second")
    assert (machines.status("first")["phase"], status["phase"]) == ("Running", "Failed")
    assert (status["reason"], status["message"]) == ("NodePorts", f"Pod was rejected: {NO_PORT[1]}")
    assert machines.events("second") == [(*NO_PORT, 1)]
    machines.delete("first")
    machines.run(5)
    machines.start("third", ports=port)
    machines.run(2)
    assert machines.status("third")["phase"] == "Running"


def test_a_refused_pod_stays_refused_when_its_kubelet_starts_again(machines: Any) -> None:
    machines.start(spec={"nodeSelector": {"disk": "ssd"}})
    machines.run(2)
    before = machines.status()
    assert (before["phase"], before["reason"]) == ("Failed", "NodeAffinity")
    machines.kubelets.stop_kubelet("node-0")
    machines.run(2)
    machines.kubelets.start_kubelet("node-0")
    machines.run(20)
    assert machines.status() == before
