"""Silent kubelets, taints and evictions, in exact virtual time.

https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller and
https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions.
"""

from typing import Any

import pytest

from simulator.controllers.node_lifecycle import NodeLifecycleController
from simulator.controllers.pod_garbage_collector import PodGarbageCollector
from simulator.controllers.taint_eviction import TaintEvictionController

World = Any
Obj = dict[str, Any]
UNREACHABLE = "node.kubernetes.io/unreachable"
NOT_READY = "node.kubernetes.io/not-ready"


def a_node(name: str, *, zone: str = "", ready: str = "True") -> Obj:
    conditions = [
        {
            "type": type,
            "status": ready if type == "Ready" else "False",
            "reason": f"Kubelet{type}",
            "message": "",
            "lastTransitionTime": "x",
        }
        for type in ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
    ]
    labels = {"topology.kubernetes.io/zone": zone} if zone else {}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {},
        "status": {"conditions": conditions},
    }


@pytest.fixture
def cluster(world: Any) -> World:
    """Three nodes whose kubelets run, and a pod on node-1."""
    made = world(NodeLifecycleController, TaintEvictionController, PodGarbageCollector)
    made.namespace("kube-node-lease")
    for name in ("node-0", "node-1", "node-2"):
        made.client.create("nodes", a_node(name))
        made.registry.leases.begin(name)
    pod = made.client.create(
        "pods",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}], "terminationGracePeriodSeconds": 30},
        },
    )
    made.client.bind("default", "web", "node-1")
    made.make_ready(pod)
    made.run(100)
    return made


def taints(world: World, name: str) -> list[tuple[str, str]]:
    return [(one["key"], one["effect"]) for one in world.get("nodes", name, "")["spec"].get("taints") or ()]


def ready(world: World, name: str) -> tuple[str, str, str]:
    found = next(one for one in world.get("nodes", name, "")["status"]["conditions"] if one["type"] == "Ready")
    return found["status"], found["reason"], found["message"]


def test_a_node_is_registered_once(cluster: World) -> None:
    assert cluster.events("node-1") == [("RegisteredNode", "Registered Node node-1 in Controller")]


def test_healthy_nodes_cost_nothing(cluster: World) -> None:
    cluster.run(0)
    before = cluster.registry.store.revision
    assert cluster.engine.peek() is None or cluster.engine.peek() > cluster.engine.now + 600_000_000
    cluster.run(300)
    assert cluster.registry.store.revision == before


def test_a_silent_node_becomes_unknown_after_fifty_seconds(cluster: World) -> None:
    """The last renewal was at 100 s, so the beat at 150 s notices."""
    cluster.registry.leases.cease("node-1")
    cluster.run(49.9)
    assert ready(cluster, "node-1")[0] == "True"
    cluster.run(0.2)
    assert ready(cluster, "node-1") == ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
    assert taints(cluster, "node-1") == [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]
    assert cluster.events("node-1")[-1] == ("NodeNotReady", "Node node-1 status is now: NodeNotReady")
    assert {one["status"] for one in cluster.get("nodes", "node-1", "")["status"]["conditions"]} == {"Unknown"}
    assert taints(cluster, "node-2") == []


def test_its_pods_are_marked_not_ready(cluster: World) -> None:
    cluster.registry.leases.cease("node-1")
    cluster.run(51)
    (condition,) = [one for one in cluster.get("pods", "web")["status"]["conditions"] if one["type"] == "Ready"]
    assert condition["status"] == "False"
    assert cluster.events("web") == [("NodeNotReady", "Node is not ready")]


def test_its_pods_are_evicted_after_three_hundred_seconds_more(cluster: World) -> None:
    cluster.registry.leases.cease("node-1")
    cluster.run(50.1 + 299)
    assert "deletionTimestamp" not in cluster.get("pods", "web")["metadata"]
    cluster.run(2)
    pod = cluster.get("pods", "web")
    assert "deletionTimestamp" in pod["metadata"]
    assert ("TaintManagerEviction", "Marking for deletion Pod default/web") in cluster.events("web")
    (disruption,) = [one for one in pod["status"]["conditions"] if one["type"] == "DisruptionTarget"]
    assert (disruption["reason"], disruption["message"]) == (
        "DeletionByTaintManager",
        "Taint manager: deleting due to NoExecute taint",
    )


def test_a_node_that_returns_in_time_keeps_its_pods(cluster: World) -> None:
    cluster.registry.leases.cease("node-1")
    cluster.run(200)
    cluster.registry.leases.begin("node-1")
    cluster.set_status("nodes", cluster.get("nodes", "node-1", ""), conditions=a_node("node-1")["status"]["conditions"])
    cluster.run(1)
    assert taints(cluster, "node-1") == []
    assert cluster.events("web")[-1] == ("TaintManagerEviction", "Cancelling deletion of Pod default/web")
    cluster.run(600)
    assert "deletionTimestamp" not in cluster.get("pods", "web")["metadata"]


def test_a_node_that_reports_not_ready_gets_the_other_taints(cluster: World) -> None:
    cluster.set_status(
        "nodes", cluster.get("nodes", "node-1", ""), conditions=a_node("node-1", ready="False")["status"]["conditions"]
    )
    cluster.run(1)
    assert taints(cluster, "node-1") == [(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")]


def test_a_cordon_is_also_a_taint(cluster: World) -> None:
    cluster.client.patch("nodes", "", "node-1", {"spec": {"unschedulable": True}})
    cluster.run(1)
    assert taints(cluster, "node-1") == [("node.kubernetes.io/unschedulable", "NoSchedule")]
    cluster.client.patch("nodes", "", "node-1", {"spec": {"unschedulable": None}})
    cluster.run(1)
    assert taints(cluster, "node-1") == []


def test_the_second_node_of_a_zone_waits_ten_seconds_for_its_no_execute_taint(cluster: World) -> None:
    cluster.registry.leases.cease("node-1")
    cluster.registry.leases.cease("node-2")
    cluster.run(51)
    assert taints(cluster, "node-1") == [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]
    assert taints(cluster, "node-2") == [(UNREACHABLE, "NoSchedule")]
    cluster.run(10)
    assert taints(cluster, "node-2") == [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]


def test_when_the_last_node_goes_dark_nobody_is_evicted_and_taints_are_taken_back(cluster: World) -> None:
    cluster.registry.leases.cease("node-1")
    cluster.run(51)
    assert (UNREACHABLE, "NoExecute") in taints(cluster, "node-1")
    cluster.registry.leases.cease("node-0")
    cluster.registry.leases.cease("node-2")
    cluster.run(400)
    for node in ("node-0", "node-1", "node-2"):
        assert taints(cluster, node) == [(UNREACHABLE, "NoSchedule")]
    assert "deletionTimestamp" not in cluster.get("pods", "web")["metadata"]


def test_a_taint_a_pod_does_not_tolerate_evicts_at_once(cluster: World) -> None:
    cluster.client.patch("nodes", "", "node-1", {"spec": {"taints": [{"key": "maintenance", "effect": "NoExecute"}]}})
    cluster.run(1)
    assert "deletionTimestamp" in cluster.get("pods", "web")["metadata"]


def test_pods_of_a_deleted_node_are_removed_by_force(cluster: World) -> None:
    cluster.client.delete("nodes", "", "node-1")
    cluster.run(39)
    assert cluster.find("pods", "web") is not None
    cluster.run(22)
    assert cluster.find("pods", "web") is None
    assert cluster.events("node-1")[-1] == ("RemovingNode", "Removing Node node-1 from Controller")


def test_a_restarted_controller_gives_everybody_a_grace_period(cluster: World) -> None:
    cluster.registry.leases.cease("node-1")
    cluster.run(40)
    cluster.manager.stop()
    cluster.run(100)
    cluster.manager.start()
    cluster.run(49)
    assert ready(cluster, "node-1")[0] == "True"
    cluster.run(6)
    assert ready(cluster, "node-1")[0] == "Unknown"
