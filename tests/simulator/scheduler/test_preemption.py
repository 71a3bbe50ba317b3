"""Preemption: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/."""

from typing import Any

import pytest

World = Any
Obj = dict[str, Any]


@pytest.fixture
def ranks(world: World) -> World:
    """A world with the priority classes low (10), middle (50) and high (100), and high-polite, which never preempts."""
    for name, value, policy in (
        ("low", 10, "PreemptLowerPriority"),
        ("middle", 50, "PreemptLowerPriority"),
        ("high", 100, "PreemptLowerPriority"),
        ("high-polite", 100, "Never"),
    ):
        world.client.create(
            "priorityclasses.scheduling.k8s.io",
            {
                "apiVersion": "scheduling.k8s.io/v1",
                "kind": "PriorityClass",
                "metadata": {"name": name},
                "value": value,
                "preemptionPolicy": policy,
            },
        )
    return world


def ending(world: World) -> list[str]:
    pods = world.registry.list("test", "pods", "default")
    return sorted(pod["metadata"]["name"] for pod in pods if "deletionTimestamp" in pod["metadata"])


def place(world: World, *pods: Obj) -> None:
    """Has pods scheduled, one after the other."""
    for one in pods:
        world.add(one)
        world.run()
        assert world.node_of(one["metadata"]["name"])


def start(world: World, name: str, at: str) -> None:
    found = world.pod(name)
    world.client.update_status("pods", {**found, "status": {**found["status"], "startTime": at}})
    world.run()


def go(world: World, *names: str) -> None:
    for name in names:
        world.client.delete("pods", "default", name, grace_s=0)
    world.run(3)


def nominated(world: World, name: str) -> str:
    return str(world.pod(name)["status"].get("nominatedNodeName", ""))


def test_a_pod_of_higher_priority_takes_the_room_of_a_lower_one(ranks: World, pod: Any, node: Any) -> None:
    ranks.add(node("a", cpu="2"))
    place(ranks, pod("weak", cpu="2", priorityClassName="low"))
    ranks.add(pod("strong", cpu="2", priorityClassName="high"))
    ranks.run()
    assert (ending(ranks), nominated(ranks, "strong")) == (["weak"], "a")
    uid = ranks.pod("strong")["metadata"]["uid"]
    assert ranks.events("weak")[-1] == ("Normal", "Preempted", f"Preempted by pod {uid} on node a", 1)
    assert ranks.events("strong") == [
        ("Warning", "FailedScheduling", "0/1 nodes are available: 1 Insufficient cpu.", 1)
    ]
    condition = ranks.pod("weak")["status"]["conditions"][-1]
    assert (condition["type"], condition["reason"], condition["message"]) == (
        "DisruptionTarget",
        "PreemptionByScheduler",
        "default-scheduler: preempting to accommodate a higher priority pod",
    )
    go(ranks, "weak")
    assert ranks.node_of("strong") == "a"


@pytest.mark.parametrize(
    ("priority", "message"),
    [
        pytest.param("low", "0/1 nodes are available: 1 No preemption victims found for incoming pod.", id="equal"),
        pytest.param("high-polite", "not eligible due to preemptionPolicy=Never.", id="never-preempts"),
    ],
)
def test_who_does_not_preempt_says_why(ranks: World, pod: Any, node: Any, priority: str, message: str) -> None:
    ranks.add(node("a", cpu="2"))
    place(ranks, pod("weak", cpu="2", priorityClassName="low"))
    ranks.add(pod("next", cpu="2", priorityClassName=priority))
    ranks.run()
    assert (ending(ranks), nominated(ranks, "next")) == ([], "")
    said = f"0/1 nodes are available: 1 Insufficient cpu. preemption: {message}"
    assert ranks.events("next") == [("Warning", "FailedScheduling", said, 1)]


def test_nobody_is_evicted_where_it_would_not_be_enough(ranks: World, pod: Any, node: Any) -> None:
    ranks.add(node("a", cpu="2"))
    place(ranks, pod("weak", cpu="1", priorityClassName="low"), pod("equal", cpu="1", priorityClassName="high"))
    ranks.add(pod("strong", cpu="2", priorityClassName="high"))
    ranks.run()
    assert ending(ranks) == []
    said = "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Insufficient cpu."
    assert ranks.events("strong")[0][2] == said


def test_only_as_many_as_needed_go_and_the_least_important_first(ranks: World, pod: Any, node: Any) -> None:
    ranks.add(node("a", cpu="3"))
    place(
        ranks,
        pod("low-old", cpu="1", priorityClassName="low"),
        pod("low-young", cpu="1", priorityClassName="low"),
        pod("middle", cpu="1", priorityClassName="middle"),
    )
    start(ranks, "low-old", "2025-10-09T08:00:00Z")
    start(ranks, "low-young", "2025-10-09T08:30:00Z")
    ranks.add(pod("strong", cpu="1", priorityClassName="high"))
    ranks.run()
    assert ending(ranks) == ["low-young"]


@pytest.mark.parametrize(
    ("on_a", "on_b", "chosen"),
    [
        pytest.param([("middle", "2")], [("low", "2")], "b", id="lowest-priority"),
        pytest.param([("low", "1"), ("low", "1")], [("low", "2")], "b", id="fewest-victims"),
        pytest.param([("middle", "1"), ("low", "1")], [("middle", "1"), ("middle", "1")], "a", id="smallest-sum"),
    ],
)
def test_the_node_wins_where_least_is_lost(
    ranks: World, pod: Any, node: Any, on_a: list[tuple[str, str]], on_b: list[tuple[str, str]], chosen: str
) -> None:
    ranks.add(node("a", cpu="2"), node("b", cpu="2"))
    for name, pods in (("a", on_a), ("b", on_b)):
        selector = {"kubernetes.io/hostname": name}
        for number, (priority, cpu) in enumerate(pods):
            place(ranks, pod(f"{name}-{number}", cpu=cpu, priorityClassName=priority, nodeSelector=selector))
    ranks.add(pod("strong", cpu="2", priorityClassName="high"))
    ranks.run()
    assert nominated(ranks, "strong") == chosen


def test_the_node_with_the_youngest_victim_wins_a_tie(ranks: World, pod: Any, node: Any) -> None:
    ranks.add(node("a", cpu="2"), node("b", cpu="2"))
    place(ranks, pod("x", cpu="2", priorityClassName="low"), pod("y", cpu="2", priorityClassName="low"))
    start(ranks, "x", "2025-10-09T08:30:00Z")
    start(ranks, "y", "2025-10-09T08:00:00Z")
    ranks.add(pod("strong", cpu="2", priorityClassName="high"))
    ranks.run()
    assert ending(ranks) == ["x"]


def test_pods_under_a_budget_are_spared_if_others_will_do(ranks: World, pod: Any, node: Any) -> None:
    ranks.add(node("a", cpu="2"), node("b", cpu="2"))
    place(ranks, pod("guarded", cpu="2", priorityClassName="low", labels={"app": "guarded"}))
    place(ranks, pod("free", cpu="2", priorityClassName="middle"))
    ranks.client.create(
        "poddisruptionbudgets.policy",
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "guard", "namespace": "default"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "guarded"}}},
        },
    )
    ranks.add(pod("strong", cpu="2", priorityClassName="high"))
    ranks.run()
    assert ending(ranks) == ["free"]
    ranks.add(pod("second", cpu="2", priorityClassName="high"))
    ranks.run()
    assert ending(ranks) == ["free", "guarded"], "a budget is honoured as far as possible, and no further"


def test_the_room_is_kept_from_pods_that_are_not_more_important(ranks: World, pod: Any, node: Any) -> None:
    ranks.add(node("a", cpu="2"))
    place(ranks, pod("weak", cpu="2", priorityClassName="low"))
    ranks.add(pod("strong", cpu="2", priorityClassName="high"))
    ranks.run()
    ranks.add(pod("sneaky", cpu="1", priorityClassName="low"))
    go(ranks, "weak")
    assert (ranks.node_of("strong"), ranks.node_of("sneaky")) == ("a", "")


def test_a_still_more_important_pod_may_take_the_kept_room(ranks: World, pod: Any, node: Any) -> None:
    ranks.add(node("a", cpu="2"))
    place(ranks, pod("weak", cpu="2", priorityClassName="low"))
    ranks.add(pod("middle", cpu="2", priorityClassName="middle"))
    ranks.run()
    ranks.add(pod("strong", cpu="2", priorityClassName="high"))
    ranks.run()
    assert (nominated(ranks, "middle"), nominated(ranks, "strong")) == ("", "a")
    go(ranks, "weak")
    assert (ranks.node_of("strong"), ranks.node_of("middle")) == ("a", "")


def test_nobody_preempts_twice_while_the_victims_end(ranks: World, pod: Any, node: Any) -> None:
    ranks.add(node("a", cpu="2"), node("b", cpu="2"))
    place(ranks, pod("x", cpu="2", priorityClassName="low"), pod("y", cpu="2", priorityClassName="low"))
    ranks.add(pod("strong", cpu="2", priorityClassName="high"))
    ranks.run()
    (first,) = ending(ranks)
    ranks.client.patch("pods", "default", "strong", {"metadata": {"labels": {"changed": "yes"}}})
    ranks.run(3)
    assert ending(ranks) == [first]
    said = "preemption: not eligible due to a terminating pod on the nominated node."
    assert ranks.events("strong")[-1][2].endswith(said)
    assert nominated(ranks, "strong") == ranks.node_of(first)


def test_a_restarted_scheduler_keeps_the_nomination(ranks: World, pod: Any, node: Any) -> None:
    ranks.add(node("a", cpu="2"))
    place(ranks, pod("weak", cpu="2", priorityClassName="low"))
    ranks.add(pod("strong", cpu="2", priorityClassName="high"))
    ranks.run()
    ranks.process.stop()
    ranks.add(pod("sneaky", cpu="1", priorityClassName="low"))
    ranks.client.delete("pods", "default", "weak", grace_s=0)
    ranks.run()
    ranks.process.start()
    ranks.run(3)
    assert (ranks.node_of("strong"), ranks.node_of("sneaky")) == ("a", "")
