"""Nodes that are alike are looked at once: nothing that a plugin reads may be missing from what makes them alike."""

from typing import Any

import pytest

from simulator.engine import Rng
from simulator.machinery.selectors import from_labels
from simulator.scheduler import node_looks
from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.node_looks import FreshLooks, KindLooks, KnownLooks
from simulator.scheduler.pod_info import PodInfo, SpreadConstraint, pod_info

WEB = from_labels({"app": "web"})
DEFAULTS = (SpreadConstraint("kubernetes.io/hostname", 3, WEB), SpreadConstraint("topology.kubernetes.io/zone", 5, WEB))
GPU = "example.com/gpu"

PODS: dict[str, dict[str, Any]] = {
    "plain": {},
    "cpu and memory": {"cpu": "500m", "memory": "300Mi"},
    "another resource": {"extended": {GPU: "1"}},
    "scratch space": {"extended": {"ephemeral-storage": "1Gi"}},
    "a host port": {"ports": [{"containerPort": 80, "hostPort": 80}]},
    "a toleration": {"tolerations": [{"key": "x", "operator": "Exists"}]},
    "a node's label": {"nodeSelector": {"disk": "ssd"}},
    "a node by name": {"nodeName": "node-3"},
    "some nodes by name": {
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [
                        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1", "node-2"]}]}
                    ]
                }
            }
        }
    },
    "rather a label": {
        "affinity": {
            "nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 5, "preference": {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}},
                    {"weight": 9, "preference": {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["hdd"]}]}},
                ]
            }
        }
    },
    "its own spread": {
        "topologySpreadConstraints": [
            {"topologyKey": "disk", "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway", "nodeTaintsPolicy": "Honor",
             "labelSelector": {"matchLabels": {"app": "web"}}},
        ]
    },
}  # fmt: skip


def random_node(node: Any, rng: Rng, name: str) -> Any:
    disk = rng.choice(["", "ssd", "hdd"])
    taint = [{"key": "x", "effect": rng.choice(["NoSchedule", "PreferNoSchedule", "NoExecute"])}]
    zone = rng.choice(["", "a", "b"])
    labels = {"disk": disk} if disk else {}
    made = node(
        name,
        cpu=rng.choice(["1", "4"]),
        memory=rng.choice(["1Gi", "4Gi"]),
        pods=rng.choice(["2", "110"]),
        labels={**labels, "topology.kubernetes.io/zone": zone} if zone else labels,
        extended=rng.choice([{}, {GPU: "2", "ephemeral-storage": "3Gi"}]),
        taints=taint if rng.below(3) == 0 else [],
        unschedulable=rng.below(5) == 0,
        images=[{"names": ["nginx:1.27"], "sizeBytes": rng.choice([200_000_000, 900_000_000])}] if rng.below(2) else [],
    )
    if rng.below(4) == 0:
        del made["metadata"]["labels"]["kubernetes.io/hostname"]
    return made


@pytest.mark.parametrize("wish", PODS)
def test_what_is_known_says_the_same_as_every_plugin(pod: Any, node: Any, wish: str) -> None:
    rng, view = Rng(len(wish)), ClusterView()
    kinds: dict[str, PodInfo] = {
        name: pod_info(pod(labels={"app": "web"}, **changes), DEFAULTS) for name, changes in PODS.items()
    }
    asked, looks, verdicts = kinds[wish], KnownLooks(), set()
    for step in range(60):
        name = f"node-{rng.below(9)}"
        if step < 9 or rng.below(4) == 0:
            view.put_node(random_node(node, rng, f"node-{step}" if step < 9 else name))
        view.add_pod(name, f"{step}", kinds[rng.choice(list(kinds))], ending=rng.below(5) == 0)
        view.remove_pod(f"node-{rng.below(9)}", f"{rng.below(step + 1)}")
        known, fresh = looks.of(asked), FreshLooks(asked)
        known.begin(9)
        for one in view.nodes:
            found, wanted = known.of(one), fresh.of(one)
            assert (found.status, found.features) == (wanted.status, wanted.features)
            assert known.of(one) is found
            verdicts.add(found.status)
    assert len(verdicts) > 1


@pytest.mark.parametrize(
    "changes",
    [
        {"cpu": "5"},
        {"memory": "9Gi"},
        {"pods": "7"},
        {"extended": {GPU: "1"}},
        {"taints": [{"key": "x", "effect": "NoSchedule"}]},
        {"unschedulable": True},
        {"images": [{"names": ["nginx:1.27"], "sizeBytes": 1}]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_nodes_that_offer_something_else_are_not_alike(node: Any, changes: dict[str, Any]) -> None:
    assert NodeInfo(node("a")).likeness == NodeInfo(node("b")).likeness
    assert NodeInfo(node("a")).likeness != NodeInfo(node("b", **changes)).likeness


@pytest.mark.parametrize(
    "changes",
    [
        {"cpu": "1"},
        {"memory": "1Gi"},
        {"extended": {"ephemeral-storage": "1Gi"}},
        {"extended": {GPU: "1"}},
        {"ports": [{"containerPort": 80, "hostPort": 80}]},
        {},
    ],
    ids=["cpu", "memory", "ephemeral-storage", "another resource", "host port", "nothing"],
)
def test_a_node_is_no_longer_alike_when_a_pod_took_something(pod: Any, node: Any, changes: dict[str, Any]) -> None:
    """A pod without requests counts for some CPU and memory in the score."""
    one, other = NodeInfo(node("a")), NodeInfo(node("b"))
    one.add("1", pod_info(pod(**changes)))
    assert one.likeness != other.likeness
    one.remove("1")
    one.extended.clear()
    other.update(node("b"))
    one.update(node("a"))
    assert one.likeness == other.likeness


def test_a_full_node_is_not_alike_one_that_has_room_for_another_pod(pod: Any, node: Any) -> None:
    nothing = pod_info(pod(cpu="0", memory="0"))
    one, other = NodeInfo(node("a", pods="1")), NodeInfo(node("b", pods="1"))
    one.add("1", nothing)
    assert one.likeness != other.likeness


def test_what_is_remembered_is_bounded_and_forgetting_changes_no_answer(
    pod: Any, node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_looks, "_REMEMBERED", 3)
    view = ClusterView()
    view.put_node(node("a", cpu="64"))
    web = pod_info(pod(cpu="1", labels={"app": "web"}), DEFAULTS)
    known, ages = KindLooks(web), set()
    for step in range(20):
        known.begin(1)
        ages.add(known.age)
        assert known.of(view.nodes[0]).features == FreshLooks(web).of(view.nodes[0]).features
        view.add_pod("a", f"{step}", web)
    assert ages == {0, 1, 2, 3}
