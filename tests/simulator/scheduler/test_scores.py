"""Scores of the plugins, computed by hand from upstream's formulas, and how they add up."""

from typing import Any

import pytest

from simulator.engine import Rng
from simulator.machinery.selectors import from_labels
from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.placement import Scan, feasible_nodes_to_find
from simulator.scheduler.pod_info import SpreadConstraint, pod_info
from simulator.scheduler.scoring import choose

WEB = from_labels({"app": "web"})
DEFAULTS = (SpreadConstraint("kubernetes.io/hostname", 3, WEB), SpreadConstraint("topology.kubernetes.io/zone", 5, WEB))


def points(view: ClusterView, info: Any) -> dict[str, dict[str, int]]:
    """Node → plugin → weighted points."""
    cycle = Scan(info, view, 0)
    choice = choose(cycle, view, Rng(1))
    assert choice is not None
    assert choice.ranking is not None
    return {
        view.nodes[position].name: dict(points.by_plugin)
        for alike, points in choice.ranking.points.items()
        for position in cycle.members(alike)
    }


def test_least_allocated_and_balanced_allocation(pod: Any, node: Any) -> None:
    view = ClusterView()
    view.put_node(node("a", cpu="4", memory="8Gi"))
    view.put_node(node("b", cpu="4", memory="8Gi"))
    view.add_pod("b", "1", pod_info(pod(cpu="2", memory="1Gi")))

    scores = points(view, pod_info(pod(cpu="1", memory="1Gi")))

    # a: cpu 75 % free, memory 87 % free; used 25 % and 12.5 %. b: 25 % and 75 % free; used 75 % and 25 %.
    assert scores["a"]["NodeResourcesFit"] == (75 + 87) // 2
    assert scores["b"]["NodeResourcesFit"] == (25 + 75) // 2
    assert scores["a"]["NodeResourcesBalancedAllocation"] == 93
    assert scores["b"]["NodeResourcesBalancedAllocation"] == 75


def test_pods_without_requests_still_spread_and_have_no_balance_score(pod: Any, node: Any) -> None:
    view = ClusterView()
    view.put_node(node("a"))
    view.put_node(node("b"))
    view.add_pod("b", "1", pod_info(pod()))

    scores = points(view, pod_info(pod()))

    assert scores["a"]["NodeResourcesFit"] > scores["b"]["NodeResourcesFit"]
    assert "NodeResourcesBalancedAllocation" not in scores["a"]


def test_fewer_prefer_no_schedule_taints_are_better(pod: Any, node: Any) -> None:
    def taint(key: str) -> dict[str, str]:
        return {"key": key, "effect": "PreferNoSchedule"}

    view = ClusterView()
    view.put_node(node("none"))
    view.put_node(node("one", taints=[taint("x")]))
    view.put_node(node("two", taints=[taint("x"), taint("y")]))

    scores = points(view, pod_info(pod()))

    assert {name: one["TaintToleration"] for name, one in scores.items()} == {"none": 300, "one": 150, "two": 0}


def test_preferred_node_affinity_adds_weights_of_matching_terms(pod: Any, node: Any) -> None:
    def term(weight: int, key: str) -> dict[str, Any]:
        return {"weight": weight, "preference": {"matchExpressions": [{"key": key, "operator": "Exists"}]}}

    affinity = {
        "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term(30, "ssd"), term(10, "fast")]}
    }
    view = ClusterView()
    view.put_node(node("both", labels={"ssd": "", "fast": ""}))
    view.put_node(node("ssd", labels={"ssd": ""}))
    view.put_node(node("neither"))

    scores = points(view, pod_info(pod(affinity=affinity)))

    assert {name: one["NodeAffinity"] for name, one in scores.items()} == {"both": 200, "ssd": 150, "neither": 0}


def test_replicas_spread_over_nodes_by_default(pod: Any, node: Any) -> None:
    view = ClusterView()
    for name in ("a", "b", "c"):
        view.put_node(node(name))
    info = pod_info(pod(labels={"app": "web"}), DEFAULTS)
    view.add_pod("a", "1", info)
    view.add_pod("a", "2", info)
    view.add_pod("b", "3", info)

    scores = points(view, info)

    # Three nodes weigh a pod log(5); plus maxSkew - 1 for the hostname: 5.22, 3.61 and 2 are rounded to 5, 4 and 2.
    assert {name: one["PodTopologySpread"] for name, one in scores.items()} == {"a": 2 * 40, "b": 2 * 60, "c": 2 * 100}


def test_zones_count_all_pods_of_a_zone(pod: Any, node: Any) -> None:
    view = ClusterView()
    for name, zone in (("a1", "a"), ("a2", "a"), ("b1", "b")):
        view.put_node(node(name, labels={"topology.kubernetes.io/zone": zone}))
    info = pod_info(pod(labels={"app": "web"}), DEFAULTS)
    view.add_pod("a1", "1", info)

    scores = points(view, info)

    # a1: 1.61 + 2 + 1.39 + 4 = 9; a2: 2 + 1.39 + 4 = 7.39; b1: 2 + 4 = 6.
    assert {name: one["PodTopologySpread"] // 2 for name, one in scores.items()} == {"a1": 66, "a2": 88, "b1": 100}


def test_image_locality_weighs_size_by_how_many_nodes_have_it(pod: Any, node: Any) -> None:
    mib = 1024 * 1024
    view = ClusterView()
    view.put_node(node("has", images=[{"names": ["shop/web:1"], "sizeBytes": 600 * mib}]))
    view.put_node(node("has-not"))

    scores = points(view, pod_info(pod(image="shop/web:1")))

    assert scores["has"]["ImageLocality"] == 100 * (300 - 23) // (1000 - 23)
    assert scores["has-not"]["ImageLocality"] == 0


@pytest.mark.parametrize(
    ("nodes", "wanted"),
    [
        pytest.param(99, 99, id="all of a small cluster"),
        pytest.param(100, 100, id="at least a hundred"),
        pytest.param(1000, 420, id="42 % of a thousand"),
        pytest.param(5000, 500, id="10 % of five thousand"),
        pytest.param(10000, 500, id="never less than 5 %"),
    ],
)
def test_feasible_nodes_to_find(nodes: int, wanted: int) -> None:
    assert feasible_nodes_to_find(nodes) == wanted


def test_required_anti_affinity_keeps_equal_pods_apart(pod: Any, node: Any) -> None:
    term = {"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "kubernetes.io/hostname"}
    info = pod_info(
        pod(
            labels={"app": "db"},
            affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}},
        )
    )
    view = ClusterView()
    view.put_node(node("a"))
    view.put_node(node("b"))
    view.add_pod("a", "1", info)

    cycle = Scan(info, view, 0)

    assert {status.reasons: positions for status, positions in cycle.rejected.items()} == {
        ("node(s) didn't match pod anti-affinity rules",): [0]
    }
    assert sum(cycle.feasible.values()) == 1


def test_hard_spread_rejects_a_domain_that_is_too_full(pod: Any, node: Any) -> None:
    constraint = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    info = pod_info(pod(labels={"app": "web"}, topologySpreadConstraints=[constraint]))
    view = ClusterView()
    view.put_node(node("a", labels={"zone": "1"}))
    view.put_node(node("b", labels={"zone": "2"}))
    view.put_node(node("c"))
    view.add_pod("a", "1", info)

    cycle = Scan(info, view, 0)

    assert {status.reasons: positions for status, positions in cycle.rejected.items()} == {
        ("node(s) didn't match pod topology spread constraints",): [0],
        ("node(s) didn't match pod topology spread constraints (missing required label)",): [2],
    }
