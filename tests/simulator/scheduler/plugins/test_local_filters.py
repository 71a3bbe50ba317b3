"""Filters of one node alone, after the tests beside each plugin in `pkg/scheduler/framework/plugins/`.

`nodeaffinity/node_affinity_test.go`, `nodename/`, `nodeports/`, `noderesources/fit_test.go`, `nodeunschedulable/`,
`tainttoleration/`. `test_filters.py` one folder up holds the plain cases.
"""

from typing import Any

import pytest

from simulator.scheduler.framework import Status
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.node_looks import verdict
from simulator.scheduler.placement import Scan
from simulator.scheduler.pod_info import pod_info
from tests.proof.follows import follows

Obj = dict[str, Any]
MISMATCH = "node(s) didn't match Pod's node affinity/selector"


def a_pod(*, init: list[Obj] | None = None, containers: list[Obj] | None = None, **spec: Any) -> Obj:
    plain = [{"name": "c", "image": "i"}]
    return {
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"containers": containers or plain, "initContainers": init or [], **spec},
    }


def a_node(name: str = "machine1", **labels: str) -> NodeInfo:
    status = {"allocatable": {"pods": "32"}}
    return NodeInfo({"kind": "Node", "metadata": {"name": name, "labels": labels}, "status": status})


def reasons(pod: Obj, node: NodeInfo) -> tuple[str, ...]:
    found = verdict(pod_info(pod), node)
    return () if found is None else found.reasons


# NodeAffinity


def wants(key: str, operator: str, *values: str) -> Obj:
    return {"key": key, "operator": operator, "values": list(values)}


def requiring(*terms: Obj) -> Obj:
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}}


def by_labels(*expressions: Obj) -> Obj:
    return {"matchExpressions": list(expressions)}


def by_name(*names: str) -> Obj:
    return {"matchFields": [wants("metadata.name", "In", *names)]}


AFFINITY: list[Any] = [
    pytest.param(a_pod(nodeSelector={"foo": "bar", "baz": "blah"}), {"foo": "bar"}, False, id="one label of two"),
    pytest.param(
        a_pod(nodeSelector={"foo": "bar"}), {"foo": "bar", "baz": "blah"}, True, id="the node has more labels"
    ),
    pytest.param(
        a_pod(affinity=requiring(by_labels(wants("foo", "In", "bar", "value2")))), {"foo": "bar"}, True, id="In"
    ),
    pytest.param(
        a_pod(affinity=requiring(by_labels(wants("version", "Gt", "0204")))), {"version": "0206"}, True, id="Gt"
    ),
    pytest.param(
        a_pod(affinity=requiring(by_labels(wants("version", "Lt", "0206")))), {"version": "0206"}, False, id="Lt"
    ),
    pytest.param(
        a_pod(affinity=requiring(by_labels(wants("mem-type", "NotIn", "DDR", "DDR2")))),
        {"mem-type": "DDR3"},
        True,
        id="NotIn",
    ),
    pytest.param(
        a_pod(affinity=requiring(by_labels(wants("GPU", "Exists")))), {"GPU": "NVIDIA-GRID-K1"}, True, id="Exists"
    ),
    pytest.param(
        a_pod(affinity=requiring(by_labels(wants("GPU", "DoesNotExist")))), {"GPU": "x"}, False, id="DoesNotExist"
    ),
    pytest.param(
        a_pod(affinity=requiring(by_labels(wants("foo", "In", "value1")))), {"foo": "bar"}, False, id="another value"
    ),
    pytest.param(a_pod(affinity=requiring(by_labels())), {"foo": "bar"}, False, id="an empty term matches nothing"),
    pytest.param(a_pod(affinity={}), {"foo": "bar"}, True, id="an empty affinity"),
    pytest.param(a_pod(affinity={"nodeAffinity": {}}), {"foo": "bar"}, True, id="an empty node affinity"),
    pytest.param(
        a_pod(affinity=requiring(by_labels(wants("GPU", "Exists"), wants("GPU", "NotIn", "AMD", "INTER")))),
        {"GPU": "NVIDIA-GRID-K1"},
        True,
        id="two requirements of a term, both hold",
    ),
    pytest.param(
        a_pod(affinity=requiring(by_labels(wants("GPU", "Exists"), wants("GPU", "In", "AMD", "INTER")))),
        {"GPU": "NVIDIA-GRID-K1"},
        False,
        id="two requirements of a term, one does not",
    ),
    pytest.param(
        a_pod(
            affinity=requiring(
                by_labels(wants("foo", "In", "bar", "value2")), by_labels(wants("diffkey", "In", "wrong"))
            )
        ),
        {"foo": "bar"},
        True,
        id="one of two terms is enough",
    ),
    pytest.param(
        a_pod(affinity=requiring(by_labels(wants("foo", "Exists"))), nodeSelector={"foo": "bar"}),
        {"foo": "bar"},
        True,
        id="selector and affinity both hold",
    ),
    pytest.param(
        a_pod(affinity=requiring(by_labels(wants("foo", "Exists"))), nodeSelector={"foo": "bar"}),
        {"foo": "barrrrrr"},
        False,
        id="affinity holds, the selector does not",
    ),
    pytest.param(
        a_pod(affinity=requiring(by_labels(wants("foo", "NotIn", "invalid value: ___@#$%^")))),
        {"foo": "bar"},
        True,
        id="a value that no label can have",
    ),
    pytest.param(a_pod(affinity=requiring(by_name("machine1"))), {}, True, id="by name"),
    pytest.param(
        a_pod(affinity=requiring(by_name("machine0"), by_labels(wants("foo", "In", "bar")))),
        {"foo": "bar"},
        True,
        id="by another name, or by labels",
    ),
    pytest.param(
        a_pod(affinity=requiring({**by_name("machine1"), **by_labels(wants("foo", "In", "no"))})),
        {"foo": "bar"},
        False,
        id="by name, and by labels that do not match",
    ),
]


@follows("NodeAffinity", "pkg/scheduler/framework/plugins/nodeaffinity/node_affinity_test.go: TestNodeAffinity")
@pytest.mark.parametrize(("pod", "labels", "fits"), AFFINITY)
def test_node_affinity(pod: Obj, labels: dict[str, str], fits: bool) -> None:
    assert verdict(pod_info(pod), a_node(**labels)) == (None if fits else Status("NodeAffinity", (MISMATCH,), False))


TWO_NAMES = {"matchFields": [wants("metadata.name", "In", "machine1"), wants("metadata.name", "In", "machine2")]}


def test_terms_that_no_name_can_fulfil_turn_the_pod_down_everywhere(view: Any) -> None:
    pod = pod_info(a_pod(affinity=requiring(TWO_NAMES)))
    conflict = Status("NodeAffinity", ("pod affinity terms conflict",), False, is_general=True)
    assert Scan(pod, view({"machine1": {}, "machine2": {}}), 0).rejected == {conflict: [0, 1]}


def test_one_term_without_a_conflict_is_enough(view: Any) -> None:
    pod = pod_info(a_pod(affinity=requiring(TWO_NAMES, by_name("machine2"))))
    assert sum(Scan(pod, view({"machine1": {}, "machine2": {}}), 0).feasible.values()) == 1


# NodePorts


def ports(*wanted: str) -> Obj:
    """`UDP/127.0.0.1/8080` for each host port, a container each."""
    found = []
    for number, text in enumerate(wanted):
        protocol, ip, port = text.split("/")
        ports = [{"containerPort": 80, "hostPort": int(port), "hostIP": ip, "protocol": protocol}]
        found.append({"name": f"c{number}", "image": "i", "ports": ports})
    return a_pod(containers=found)


PORTS: list[Any] = [
    pytest.param([], ["UDP/127.0.0.1/8080"], True, id="wants nothing"),
    pytest.param(["UDP/127.0.0.1/8080"], ["UDP/127.0.0.1/9090"], True, id="another port"),
    pytest.param(["UDP/127.0.0.1/8080"], ["UDP/127.0.0.1/8080"], False, id="the same port by UDP"),
    pytest.param(["TCP/127.0.0.1/8080"], ["TCP/127.0.0.1/8080"], False, id="the same port by TCP"),
    pytest.param(["TCP/127.0.0.1/8080"], ["TCP/127.0.0.2/8080"], True, id="another address"),
    pytest.param(["UDP/127.0.0.1/8080"], ["TCP/127.0.0.1/8080"], True, id="another protocol"),
    pytest.param(
        ["UDP/127.0.0.1/8000", "UDP/127.0.0.1/8080"], ["UDP/127.0.0.1/8080"], False, id="one of two ports is taken"
    ),
    pytest.param(
        ["TCP/127.0.0.1/8001", "UDP/127.0.0.1/8080"],
        ["TCP/127.0.0.1/8001", "UDP/127.0.0.1/8081"],
        False,
        id="one of two ports is taken by another pod's second",
    ),
    pytest.param(["TCP/0.0.0.0/8001"], ["TCP/127.0.0.1/8001"], False, id="all addresses want what one has"),
    pytest.param(
        ["TCP/10.0.10.10/8001", "TCP/0.0.0.0/8001"], ["TCP/127.0.0.1/8001"], False, id="one of two wants all addresses"
    ),
    pytest.param(["TCP/127.0.0.1/8001"], ["TCP/0.0.0.0/8001"], False, id="all addresses have what one wants"),
    pytest.param(["TCP/0.0.0.0/8001"], ["UDP/0.0.0.0/8001"], True, id="all addresses, another protocol"),
]


@follows("NodePorts", "pkg/scheduler/framework/plugins/nodeports/node_ports_test.go: TestNodePorts")
@pytest.mark.parametrize(("wanted", "taken", "fits"), PORTS)
def test_node_ports(wanted: list[str], taken: list[str], fits: bool) -> None:
    node = a_node()
    node.add("1", pod_info(ports(*taken)))
    reason = "node(s) didn't have free ports for the requested pod ports"
    assert verdict(pod_info(ports(*wanted)), node) == (None if fits else Status("NodePorts", (reason,), True))


@pytest.mark.parametrize(("policy", "fits"), [(None, True), ("Always", False)], ids=["init container", "sidecar"])
def test_ports_of_sidecars_count_and_those_of_init_containers_do_not(policy: str | None, fits: bool) -> None:
    container: Obj = {"name": "s", "image": "i", "ports": [{"containerPort": 80, "hostPort": 8080}]}
    if policy:
        container["restartPolicy"] = policy
    node = a_node()
    node.add("1", pod_info(a_pod(init=[container])))
    assert (verdict(pod_info(ports("TCP//8080")), node) is None) == fits


# NodeResourcesFit


def asking(**amounts: str) -> Obj:
    return {"name": "c", "image": "i", "resources": {"requests": amounts}}


def sidecar(**amounts: str) -> Obj:
    return {**asking(**amounts), "restartPolicy": "Always"}


def a_machine(taken: Obj, **offered: str) -> NodeInfo:
    """10 millicores, 20 bytes, 20 bytes of disk, 5 GPUs, 32 pods, some of it taken."""
    allocatable = {"cpu": "10m", "memory": "20", "ephemeral-storage": "20", "example.com/aaa": "5", "pods": "32"}
    status = {"allocatable": {**allocatable, **offered}}
    node = NodeInfo({"kind": "Node", "metadata": {"name": "n"}, "status": status})
    node.add("taken", pod_info(taken))
    return node


def taken(cpu: str = "0", memory: str = "0", **more: str) -> Obj:
    return a_pod(containers=[asking(cpu=cpu, memory=memory, **more)])


AAA, CPU, MEMORY, DISK = (f"Insufficient {name}" for name in ("example.com/aaa", "cpu", "memory", "ephemeral-storage"))
FIT: list[Any] = [
    pytest.param(a_pod(), taken("10m", "20"), (), id="a pod that asks for nothing always fits"),
    pytest.param(taken("1m", "1"), taken("10m", "20"), (CPU, MEMORY), id="a full node"),
    pytest.param(
        a_pod(containers=[asking(cpu="1m", memory="1")], init=[asking(cpu="3m", memory="1")]),
        taken("8m", "19"),
        (CPU,),
        id="an init container asks for too much CPU",
    ),
    pytest.param(
        a_pod(containers=[asking(cpu="1m", memory="1")], init=[asking(cpu="3m"), asking(cpu="2m")]),
        taken("8m", "19"),
        (CPU,),
        id="the largest init container counts",
    ),
    pytest.param(
        a_pod(containers=[asking(cpu="1m", memory="1")], init=[asking(cpu="1m", memory="3")]),
        taken("9m", "19"),
        (MEMORY,),
        id="an init container asks for too much memory",
    ),
    pytest.param(
        a_pod(containers=[asking(cpu="1m", memory="1")], init=[asking(cpu="1m"), asking(memory="1")]),
        taken("9m", "19"),
        (),
        id="init containers run one after the other",
    ),
    pytest.param(
        a_pod(containers=[asking(cpu="1m", memory="1")], init=[sidecar(cpu="1m", memory="1")]),
        taken("9m", "19"),
        (CPU, MEMORY),
        id="a sidecar is added",
    ),
    pytest.param(
        a_pod(containers=[asking(cpu="1m")], init=[sidecar(cpu="1m"), asking(cpu="2m")]),
        taken("8m"),
        (CPU,),
        id="an init container beside the sidecars before it",
    ),
    pytest.param(
        a_pod(containers=[asking(cpu="1m")], init=[asking(cpu="2m"), sidecar(cpu="1m")]),
        taken("8m"),
        (),
        id="an init container before the sidecar",
    ),
    pytest.param(taken("4m", "1"), taken("5m", "19"), (), id="exactly what is left"),
    pytest.param(taken(memory="2"), taken("5m", "19"), (MEMORY,), id="one byte too many"),
    pytest.param(
        a_pod(containers=[asking(**{"example.com/aaa": "0"})]),
        taken("10m", "20"),
        (),
        id="an amount of nothing is no request",
    ),
    pytest.param(
        a_pod(containers=[asking(**{"example.com/aaa": "5"})]), taken(**{"example.com/aaa": "1"}), (AAA,), id="extended"
    ),
    pytest.param(
        a_pod(containers=[asking(**{"example.com/aaa": "3"}), asking(**{"example.com/aaa": "3"})]),
        taken(),
        (AAA,),
        id="extended, in two containers",
    ),
    pytest.param(
        a_pod(init=[asking(**{"example.com/aaa": "3"}), asking(**{"example.com/aaa": "5"})]),
        taken(),
        (),
        id="extended, in two init containers",
    ),
    pytest.param(
        a_pod(containers=[asking(**{"example.com/bbb": "1"})]),
        taken(),
        ("Insufficient example.com/bbb",),
        id="extended, that the node does not have",
    ),
    pytest.param(
        a_pod(containers=[asking(**{"hugepages-2Mi": "5"})]),
        taken(),
        ("Insufficient hugepages-2Mi",),
        id="huge pages that the node does not have",
    ),
    pytest.param(
        a_pod(containers=[asking(cpu="1m", memory="1")], overhead={"cpu": "3m", "memory": "13"}),
        taken("5m", "5"),
        (),
        id="with overhead, exactly what is left",
    ),
    pytest.param(
        a_pod(containers=[asking(cpu="1m", memory="1")], overhead={"cpu": "1m", "memory": "15"}),
        taken("5m", "5"),
        (MEMORY,),
        id="with overhead, one byte too many",
    ),
    pytest.param(
        a_pod(containers=[asking(**{"ephemeral-storage": "10"})], init=[]),
        taken(**{"ephemeral-storage": "15"}),
        (DISK,),
        id="disk",
    ),
]


@follows("NodeResourcesFit", "pkg/scheduler/framework/plugins/noderesources/fit_test.go: TestEnoughRequests")
@pytest.mark.parametrize(("pod", "there", "missing"), FIT)
def test_resources_fit(pod: Obj, there: Obj, missing: tuple[str, ...]) -> None:
    assert reasons(pod, a_machine(there)) == missing


@follows("NodeResourcesFit", "pkg/scheduler/framework/plugins/noderesources/fit_test.go: TestNotEnoughRequests")
@pytest.mark.parametrize(
    ("pod", "missing"),
    [
        (a_pod(), ("Too many pods",)),
        (taken("1m", "1"), ("Too many pods", CPU, MEMORY)),
        (taken("1m"), ("Too many pods", CPU)),
    ],
    ids=["no room for one more", "nor CPU nor memory", "nor CPU"],
)
def test_the_number_of_pods_is_told_first(pod: Obj, missing: tuple[str, ...]) -> None:
    assert reasons(pod, a_machine(taken("10m", "20"), pods="1")) == missing


# TaintToleration, NodeUnschedulable, NodeName


def taint(key: str, value: str, effect: str) -> Obj:
    return {"key": key, "value": value, "effect": effect}


def tolerating(key: str, value: str, effect: str, operator: str = "Equal") -> Obj:
    return a_pod(tolerations=[{"key": key, "operator": operator, "value": value, "effect": effect}])


TAINTS: list[Any] = [
    pytest.param(a_pod(), [taint("dedicated", "user1", "NoSchedule")], "{dedicated: user1}", id="no tolerations"),
    pytest.param(
        tolerating("dedicated", "user1", "NoSchedule"), [taint("dedicated", "user1", "NoSchedule")], "", id="the same"
    ),
    pytest.param(
        tolerating("dedicated", "user2", "NoSchedule", "Equal"),
        [taint("dedicated", "user1", "NoSchedule")],
        "{dedicated: user1}",
        id="another value",
    ),
    pytest.param(
        tolerating("foo", "", "NoSchedule", "Exists"), [taint("foo", "bar", "NoSchedule")], "", id="Exists, any value"
    ),
    pytest.param(
        a_pod(
            tolerations=[
                {"key": "dedicated", "operator": "Equal", "value": "user2", "effect": "NoSchedule"},
                {"key": "foo", "operator": "Exists", "effect": "NoSchedule"},
            ]
        ),
        [taint("dedicated", "user2", "NoSchedule"), taint("foo", "bar", "NoSchedule")],
        "",
        id="two taints, two tolerations",
    ),
    pytest.param(
        tolerating("foo", "bar", "PreferNoSchedule"),
        [taint("foo", "bar", "NoSchedule")],
        "{foo: bar}",
        id="the effect is another",
    ),
    pytest.param(
        tolerating("foo", "bar", ""), [taint("foo", "bar", "NoSchedule")], "", id="no effect tolerates all effects"
    ),
    pytest.param(
        tolerating("dedicated", "user2", "NoSchedule"),
        [taint("dedicated", "user1", "PreferNoSchedule")],
        "",
        id="a taint that only prefers",
    ),
    pytest.param(a_pod(), [taint("dedicated", "user1", "PreferNoSchedule")], "", id="a taint that only prefers, again"),
    pytest.param(
        a_pod(),
        [taint("first", "", "PreferNoSchedule"), taint("second", "", "NoExecute"), taint("third", "", "NoSchedule")],
        "{second: }",
        id="the first taint that is not tolerated is told",
    ),
]


@follows(
    "TaintToleration",
    "pkg/scheduler/framework/plugins/tainttoleration/taint_toleration_test.go: TestTaintTolerationFilter",
)
@pytest.mark.parametrize(("pod", "taints", "untolerated"), TAINTS)
def test_taints(pod: Obj, taints: list[Obj], untolerated: str) -> None:
    node = NodeInfo({"metadata": {"name": "n"}, "spec": {"taints": taints}, "status": {"allocatable": {"pods": "9"}}})
    wanted = (f"node(s) had untolerated taint {untolerated}",) if untolerated else ()
    assert reasons(pod, node) == wanted


@follows(
    "NodeUnschedulable",
    "pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable_test.go: TestNodeUnschedulable",
)
@pytest.mark.parametrize(
    ("toleration", "fits"),
    [
        ({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}, True),
        ({"operator": "Exists"}, True),
        ({"key": "node.kubernetes.io/unschedulable", "effect": "NoExecute"}, False),
    ],
    ids=["by key", "everything", "another effect"],
)
def test_a_cordon_is_tolerated_like_its_taint(toleration: Obj, fits: bool) -> None:
    node = NodeInfo(
        {"metadata": {"name": "n"}, "spec": {"unschedulable": True}, "status": {"allocatable": {"pods": "9"}}}
    )
    wanted = () if fits else ("node(s) were unschedulable",)
    assert reasons(a_pod(tolerations=[toleration]), node) == wanted


@follows("NodeName", "pkg/scheduler/framework/plugins/nodename/node_name_test.go: TestNodeName")
@pytest.mark.parametrize(("asked", "fits"), [("", True), ("foo", True), ("bar", False)])
def test_a_node_asked_for_by_name(asked: str, fits: bool) -> None:
    wanted = () if fits else ("node(s) didn't match the requested node name",)
    assert reasons(a_pod(nodeName=asked), a_node("foo")) == wanted
