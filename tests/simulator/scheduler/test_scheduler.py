"""The scheduler at work on a real API server."""

from typing import Any

import pytest

from simulator.apiserver.errors import StatusError
from tests.proof.follows import follows

World = Any


def test_a_pod_is_bound_and_told_so(world: World, pod: Any, node: Any) -> None:
    world.add(node("node-1"), pod("web"))
    world.run()
    assert world.node_of("web") == "node-1"
    assert world.events("web") == [("Normal", "Scheduled", "Successfully assigned default/web to node-1", 1)]


def test_a_pod_that_fits_nowhere_says_why(world: World, pod: Any, node: Any) -> None:
    taint = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
    world.add(node("cp", taints=[taint]), node("a"), node("b"), pod("big", cpu="5"))
    world.run()

    message = (
        "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu. "
        "preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod."
    )
    condition = next(one for one in world.pod("big")["status"]["conditions"] if one["type"] == "PodScheduled")
    assert (condition["status"], condition["reason"], condition["message"]) == ("False", "Unschedulable", message)
    assert world.events("big") == [("Warning", "FailedScheduling", message, 1)]


def test_nothing_is_retried_while_nothing_changes(world: World, pod: Any, node: Any) -> None:
    world.add(node("a"), pod("big", cpu="5"))
    world.run(1800)
    assert [event[3] for event in world.events("big")] == [1]


def test_a_pending_pod_goes_to_a_node_that_joins(world: World, pod: Any, node: Any) -> None:
    world.add(node("small"), pod("big", cpu="5"))
    world.run(60)
    world.add(node("large", cpu="8"))
    world.run()
    assert world.node_of("big") == "large"


def test_a_node_that_joins_but_is_too_small_wakes_nobody(world: World, pod: Any, node: Any) -> None:
    world.add(node("small"), pod("big", cpu="5"))
    world.run(60)
    world.add(node("small-too"))
    world.run()
    assert [event[3] for event in world.events("big")] == [1]


def test_room_that_a_deleted_pod_leaves_is_taken(world: World, pod: Any, node: Any) -> None:
    world.add(node("a", cpu="1"), pod("first", cpu="1"))
    world.run()
    world.add(pod("second", cpu="1"))
    world.run(30)
    assert world.node_of("second") == ""
    world.client.delete("pods", "default", "first", grace_s=0)
    world.run()
    assert world.node_of("second") == "a"


def test_uncordoning_lets_a_pending_pod_in(world: World, pod: Any, node: Any) -> None:
    world.add(node("a", unschedulable=True), pod("web"))
    world.run(30)
    assert world.events("web")[0][2].startswith("0/1 nodes are available: 1 node(s) were unschedulable. preemption:")
    world.client.patch("nodes", "", "a", {"spec": {"unschedulable": None}})
    world.run()
    assert world.node_of("web") == "a"


def test_requests_never_exceed_what_a_node_has_even_before_bindings_are_seen(world: World, pod: Any, node: Any) -> None:
    world.add(node("a", cpu="2"), *(pod(f"web-{number}", cpu="1") for number in range(3)))
    world.run()
    assert world.spread() == {"": 1, "a": 2}


def test_replicas_of_one_owner_spread_evenly(world: World, pod: Any, node: Any) -> None:
    world.add(*(node(f"node-{number}") for number in range(4)))
    selector = {"matchLabels": {"app": "web"}}
    (owner,) = world.add(
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"selector": selector},
        }
    )
    reference = {"name": "web", "uid": owner["metadata"]["uid"]}
    world.add(*(pod(f"web-{number:02}", cpu="100m", labels={"app": "web"}, owner=reference) for number in range(12)))
    world.run()
    assert world.spread() == {f"node-{number}": 3 for number in range(4)}


def test_other_schedulers_pods_are_left_alone(world: World, pod: Any, node: Any) -> None:
    world.add(node("a"), pod("web", schedulerName="mine"))
    world.run()
    assert (world.node_of("web"), world.events("web")) == ("", [])


@follows(
    "SchedulingGates",
    "pkg/scheduler/framework/plugins/schedulinggates/scheduling_gates_test.go: TestPreEnqueue",
    "pkg/registry/core/pod/strategy_test.go: TestApplySchedulingGatedCondition",
    "pkg/registry/core/pod/storage/storage_test.go",
)
def test_a_pod_with_a_scheduling_gate_waits_without_an_attempt(world: World, pod: Any, node: Any) -> None:
    world.add(node("a"), pod("web", schedulingGates=[{"name": "example.com/wait"}]))
    world.run()
    assert world.events("web") == []
    (condition,) = world.pod("web")["status"]["conditions"]
    assert (condition["status"], condition["reason"], condition["message"]) == (
        "False",
        "SchedulingGated",
        "Scheduling is blocked due to non-empty scheduling gates",
    )
    with pytest.raises(StatusError, match='pods/binding "web": pod web has non-empty'):
        world.client.bind("default", "web", "a")
    world.client.patch("pods", "default", "web", {"spec": {"schedulingGates": None}})
    world.run()
    assert world.node_of("web") == "a"


def test_a_decision_tells_scores_and_reasons(world: World, pod: Any, node: Any) -> None:
    world.add(node("a"), node("b", cpu="8"), node("c", unschedulable=True))
    (web,) = world.add(pod("web", cpu="1", memory="1Gi"))
    world.run()

    decision = world.scheduler.decision(web["metadata"]["uid"])

    assert (decision["node"], decision["feasible"], decision["examined"], decision["total_nodes"]) == ("b", 2, 3, 3)
    assert [(one["nodes"], one["total"]) for one in decision["fits"]] == [
        (["b"], 300 + 87 + 100),
        (["a"], 300 + 81 + 93),
    ]
    assert decision["rejected"] == [
        {
            "plugin": "NodeUnschedulable",
            "reasons": ["node(s) were unschedulable"],
            "resolvable": False,
            "count": 1,
            "nodes": ["c"],
        }
    ]


def test_a_stopped_scheduler_leaves_pods_pending_without_an_event_and_catches_up(
    world: World, pod: Any, node: Any
) -> None:
    world.add(node("a"))
    world.run()
    world.process.stop()
    world.add(pod("web"))
    world.run(60)
    assert (world.node_of("web"), world.events("web")) == ("", [])
    world.process.start()
    world.run()
    assert world.node_of("web") == "a"


def test_a_refused_binding_is_tried_again_after_a_second(world: World, pod: Any, node: Any) -> None:
    world.add(node("a"))
    world.run()
    (web,) = world.add(pod("web"))
    world.client.update("pods", {**web, "metadata": {**web["metadata"], "finalizers": ["example.com/hold"]}})
    world.client.delete("pods", "default", "web")
    world.run(5)
    assert world.node_of("web") == ""
    assert world.scheduler.waiting == 0


def test_equal_seeds_choose_equally(pod: Any, node: Any, world: World) -> None:
    def outcome(seed: int) -> dict[str, int]:
        other = type(world)(seed=seed)
        other.add(*(node(f"node-{number}") for number in range(9)), *(pod(f"p{number}") for number in range(5)))
        other.run()
        return {f"p{number}": int(other.node_of(f"p{number}")[-1]) for number in range(5)}

    assert outcome(1) == outcome(1)
    assert len({tuple(outcome(seed).values()) for seed in range(5)}) > 1


def on_node(name: str) -> Any:
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def test_a_pod_made_for_one_node_looks_at_no_other(world: World, pod: Any, node: Any) -> None:
    world.add(*(node(f"node-{number}") for number in range(5)))
    (agent,) = world.add(pod("agent", affinity=on_node("node-3")))
    world.run()
    decision = world.scheduler.decision(agent["metadata"]["uid"])
    assert (decision["node"], decision["examined"], decision["rejected"]) == ("node-3", 1, [])


def test_a_full_node_leaves_its_daemon_pending_with_the_reason_for_all_nodes(world: World, pod: Any, node: Any) -> None:
    world.add(node("a"), node("b"), node("c"), pod("agent", cpu="5", affinity=on_node("b")))
    world.run()
    assert world.events("agent")[0][2] == (
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. "
        "preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling."
    )
