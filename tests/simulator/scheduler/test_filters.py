"""Each filter plugin: pod and node, and the reason word for word.

Reasons follow `pkg/scheduler/framework/plugins/` (a folder a plugin) and, for nodes that PreFilter leaves out, `pkg/scheduler/schedule_one.go` (1.33).
"""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.scheduler.framework import Status
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.node_looks import verdict
from simulator.scheduler.pod_info import pod_info

Obj = dict[str, Any]
NO_SCHEDULE = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}
CONTROL_PLANE = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


def in_zone(*zones: str) -> Obj:
    expression = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": list(zones)}
    return {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [expression]}]
            }
        }
    }


def on_node(name: str) -> Obj:
    field = {"key": "metadata.name", "operator": "In", "values": [name]}
    return {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": [field]}]}
        }
    }


CASES: list[Any] = [
    pytest.param({}, {}, None, id="a plain pod fits a plain node"),
    pytest.param(
        {},
        {"unschedulable": True},
        Status("NodeUnschedulable", ("node(s) were unschedulable",), False),
        id="a cordoned node takes no pods",
    ),
    pytest.param(
        {"tolerations": [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"}]},
        {"unschedulable": True},
        None,
        id="unless the pod tolerates the cordon",
    ),
    pytest.param(
        {"nodeName": "other"},
        {},
        Status("NodeName", ("node(s) didn't match the requested node name",), False),
        id="a pod that names another node",
    ),
    pytest.param(
        {},
        {"taints": [CONTROL_PLANE]},
        Status("TaintToleration", ("node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }",), False),
        id="an untolerated taint is named with its value",
    ),
    pytest.param(
        {},
        {"taints": [NO_SCHEDULE]},
        Status("TaintToleration", ("node(s) had untolerated taint {dedicated: gpu}",), False),
        id="the value of the taint is told",
    ),
    pytest.param(
        {"tolerations": [{"operator": "Exists"}]},
        {"taints": [NO_SCHEDULE]},
        None,
        id="a toleration without a key tolerates all",
    ),
    pytest.param(
        {"tolerations": [{"key": "dedicated", "value": "db"}]},
        {"taints": [NO_SCHEDULE]},
        Status("TaintToleration", ("node(s) had untolerated taint {dedicated: gpu}",), False),
        id="a toleration of another value does not help",
    ),
    pytest.param(
        {}, {"taints": [{**NO_SCHEDULE, "effect": "PreferNoSchedule"}]}, None, id="PreferNoSchedule does not filter"
    ),
    pytest.param(
        {"nodeSelector": {"disk": "ssd"}},
        {},
        Status("NodeAffinity", ("node(s) didn't match Pod's node affinity/selector",), False),
        id="a missing label of the nodeSelector",
    ),
    pytest.param({"nodeSelector": {"disk": "ssd"}}, {"labels": {"disk": "ssd"}}, None, id="a matching nodeSelector"),
    pytest.param(
        {"affinity": in_zone("a", "b")},
        {"labels": {"topology.kubernetes.io/zone": "c"}},
        Status("NodeAffinity", ("node(s) didn't match Pod's node affinity/selector",), False),
        id="required node affinity to other zones",
    ),
    pytest.param(
        {"affinity": in_zone("a", "c")},
        {"labels": {"topology.kubernetes.io/zone": "c"}},
        None,
        id="required node affinity fulfilled",
    ),
    pytest.param(
        {"affinity": on_node("other")},
        {"unschedulable": True},
        Status("NodeAffinity", ("node(s) didn't satisfy plugin(s) [NodeAffinity]",), False),
        id="a node left out by name is judged by nothing else",
    ),
    pytest.param({"affinity": on_node("node-1")}, {}, None, id="a pod made for this node by name"),
    pytest.param({"cpu": "4"}, {}, None, id="a request of exactly what is there fits"),
    pytest.param(
        {"cpu": "4001m"}, {}, Status("NodeResourcesFit", ("Insufficient cpu",), True), id="one thousandth more does not"
    ),
    pytest.param(
        {"cpu": "5", "memory": "9Gi"},
        {},
        Status("NodeResourcesFit", ("Insufficient cpu", "Insufficient memory"), True),
        id="every missing resource is told",
    ),
    pytest.param({}, {"pods": "0"}, Status("NodeResourcesFit", ("Too many pods",), True), id="the limit of pods"),
    pytest.param(
        {"extended": {"nvidia.com/gpu": "1"}},
        {},
        Status("NodeResourcesFit", ("Insufficient nvidia.com/gpu",), True),
        id="an extended resource the node does not have",
    ),
]


@pytest.mark.parametrize(("pod_changes", "node_changes", "wanted"), CASES)
def test_filters(
    pod: Callable[..., Obj], node: Callable[..., Obj], pod_changes: Obj, node_changes: Obj, wanted: Status | None
) -> None:
    assert verdict(pod_info(pod(**pod_changes)), NodeInfo(node(**node_changes))) == wanted


def test_a_host_port_in_use_on_one_address_does_not_block_another(
    pod: Callable[..., Obj], node: Callable[..., Obj]
) -> None:
    here = NodeInfo(node())
    here.add("1", pod_info(pod(ports=[{"containerPort": 80, "hostPort": 8080, "hostIP": "10.0.0.1"}])))

    same = pod_info(pod(ports=[{"containerPort": 80, "hostPort": 8080, "hostIP": "10.0.0.1"}]))
    everywhere = pod_info(pod(ports=[{"containerPort": 80, "hostPort": 8080}]))
    other = pod_info(pod(ports=[{"containerPort": 80, "hostPort": 8080, "hostIP": "10.0.0.2"}]))

    blocked = Status("NodePorts", ("node(s) didn't have free ports for the requested pod ports",), True)
    assert [verdict(one, here) for one in (same, everywhere, other)] == [blocked, blocked, None]


def test_init_containers_raise_a_request_and_sidecars_add_to_it(pod: Callable[..., Obj]) -> None:
    spec = pod(cpu="200m")["spec"]
    spec["initContainers"] = [
        {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}},
        {"name": "migrate", "image": "db:1", "resources": {"requests": {"cpu": "500m"}}},
    ]
    assert pod_info({"metadata": {"namespace": "default"}, "spec": spec}).requests.milli_cpu == 600
