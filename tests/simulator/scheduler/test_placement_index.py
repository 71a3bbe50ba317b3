"""The shared work of alike pods must never change an answer: the index against looking at every node anew."""

from collections.abc import Mapping
from typing import Any

import pytest

from simulator.engine import Rng
from simulator.machinery.selectors import from_labels
from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.node_looks import KnownLooks
from simulator.scheduler.placement import Scan
from simulator.scheduler.placement_index import PlacementIndex
from simulator.scheduler.pod_info import PodInfo, SpreadConstraint, pod_info
from simulator.scheduler.scoring import Choice, Cycle, Features, NodeClass, Points, choose
from simulator.scheduler.walk import Walker

WEB = from_labels({"app": "web"})
DEFAULTS = (SpreadConstraint("kubernetes.io/hostname", 3, WEB), SpreadConstraint("topology.kubernetes.io/zone", 5, WEB))
TAINTS: list[list[dict[str, str]]] = [
    [],
    [],
    [],
    [{"key": "x", "effect": "PreferNoSchedule"}],
    [{"key": "x", "effect": "NoSchedule"}],
]


def random_node(node: Any, rng: Rng, name: str) -> Any:
    zone = {"topology.kubernetes.io/zone": f"zone-{rng.below(3)}"} if rng.below(4) else {}
    images = [{"names": ["nginx:1.27"], "sizeBytes": 200_000_000}] if rng.below(2) else []
    return node(
        name,
        cpu=rng.choice(["2", "4"]),
        memory=rng.choice(["2Gi", "4Gi"]),
        labels=zone,
        taints=rng.choice(TAINTS),
        images=images,
        pods="12",
    )


def same_outcome(info: PodInfo, view: ClusterView, index: PlacementIndex, start: int, seed: int) -> int | None:
    """The chosen position, after checking that both ways agree on everything."""
    slow, fast = Scan(info, view, start), index.cycle(view, start)
    assert fast.examined == slow.examined
    assert members_of(fast) == members_of(slow)
    assert {status: list(found) for status, found in fast.rejected.items()} == slow.rejected
    slowly, quickly = choose(slow, view, Rng(seed)), choose(fast, view, Rng(seed))
    assert (slowly is None) == (quickly is None)
    if slowly is None or quickly is None:
        return None
    assert quickly.position == slowly.position
    assert by_features(points_of(quickly)) == by_features(points_of(slowly))
    return quickly.position


def points_of(choice: Choice) -> Mapping[NodeClass, Points]:
    return {} if choice.ranking is None else choice.ranking.points


def members_of(cycle: Cycle) -> dict[Features, Any]:
    assert [len(cycle.members(alike)) for alike in cycle.feasible] == list(cycle.feasible.values())
    return by_features({alike: list(cycle.members(alike)) for alike in cycle.feasible})


def by_features(found: Mapping[NodeClass, Any]) -> dict[Features, Any]:
    """Classes are told apart by what they are: two that look alike would be one too many."""
    assert len({alike.features for alike in found}) == len(found)
    return {alike.features: value for alike, value in found.items()}


@pytest.mark.parametrize(("seed", "nodes"), [(1, 7), (2, 30), (3, 130), (4, 130), (5, 260)])
def test_the_index_and_the_scan_agree_while_the_cluster_changes(pod: Any, node: Any, seed: int, nodes: int) -> None:
    rng = Rng(seed)
    view = ClusterView()
    for number in range(nodes):
        view.put_node(random_node(node, rng, f"node-{number:03}"))
    web = pod_info(pod(cpu="200m", memory="100Mi", labels={"app": "web"}), DEFAULTS)
    other = pod_info(pod(cpu="700m", labels={"app": "other"}))
    index, start, placed = PlacementIndex(web), 0, 0
    for step in range(150):
        name = f"node-{rng.below(nodes):03}"
        if rng.below(10) == 0:
            view.put_node(random_node(node, rng, name))
        if rng.below(4) == 0:
            view.add_pod(name, f"other-{step}", other)
        if rng.below(25) == 0:
            view.remove_node(name)
        position = same_outcome(web, view, index, start % len(view.nodes), step)
        if position is not None:
            start = (start + 1 + rng.below(50)) % len(view.nodes)
            view.add_pod(view.nodes[position].name, f"web-{step}", web)
            placed += 1
        if rng.below(3) == 0 and step > 5:
            gone = f"web-{rng.below(step)}"
            for one in view.nodes:
                if gone in one.pods:
                    view.remove_pod(one.name, gone)
    assert placed > 40


def test_kinds_that_differ_in_their_labels_share_what_is_known_about_nodes(pod: Any, node: Any) -> None:
    rng, view, looks, nodes = Rng(11), ClusterView(), KnownLooks(), 40
    for number in range(nodes):
        view.put_node(random_node(node, rng, f"node-{number:03}"))
    kinds = [
        pod_info(pod(cpu="100m", labels={"app": "web"}, namespace=namespace), DEFAULTS) for namespace in ("a", "b", "c")
    ]
    assert len({id(looks.of(kind).spec) for kind in kinds}) == 1
    assert looks.of(pod_info(pod(cpu="200m", labels={"app": "web"}), DEFAULTS)).spec is not looks.of(kinds[0]).spec
    indexes = [PlacementIndex(kind, looks.of(kind)) for kind in kinds]
    for step in range(90):
        number = rng.below(3)
        position = same_outcome(kinds[number], view, indexes[number], step % nodes, step)
        if rng.below(10) == 0:
            view.put_node(random_node(node, rng, f"node-{rng.below(nodes):03}"))
        assert position is not None
        view.add_pod(view.nodes[position].name, f"pod-{step}", kinds[number])


def test_a_scan_finds_the_same_with_what_is_known_about_nodes(pod: Any, node: Any) -> None:
    rng, view, looks, nodes = Rng(12), ClusterView(), KnownLooks(), 130
    for number in range(nodes):
        view.put_node(random_node(node, rng, f"node-{number:03}"))
    web = pod_info(pod(cpu="100m", labels={"app": "web"}), DEFAULTS)
    for step in range(40):
        anew, known = Scan(web, view, step), Scan(web, view, step, looks.of(web))
        assert (known.examined, members_of(known), known.rejected) == (anew.examined, members_of(anew), anew.rejected)
        view.add_pod(f"node-{rng.below(nodes):03}", f"web-{step}", web)
        view.put_node(random_node(node, rng, f"node-{rng.below(nodes):03}"))


def affine(pod: Any, color: str, **spec: Any) -> PodInfo:
    return pod_info(pod(cpu="100m", labels={"app": color}, **spec), DEFAULTS)


def affinity(kind: str, app: str, key: str, *, weight: int = 0) -> dict[str, Any]:
    term = {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key}
    if weight:
        terms = [{"weight": weight, "podAffinityTerm": term}]
        return {kind: {"preferredDuringSchedulingIgnoredDuringExecution": terms}}
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"


def spread(key: str, skew: int, **more: Any) -> dict[str, Any]:
    selector = {"matchLabels": {"app": "web"}}
    return {
        "topologyKey": key,
        "maxSkew": skew,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": selector,
        **more,
    }


KINDS: dict[str, dict[str, Any]] = {
    "near its own kind in a zone": {"affinity": affinity("podAffinity", "web", ZONE)},
    "near others on a node": {"affinity": affinity("podAffinity", "other", HOST)},
    "away from its own kind": {"affinity": affinity("podAntiAffinity", "web", HOST)},
    "rather near": {"affinity": affinity("podAffinity", "web", HOST, weight=3)},
    "rather away by zone": {"affinity": affinity("podAntiAffinity", "other", ZONE, weight=40)},
    "evenly over zones": {"topologySpreadConstraints": [spread(ZONE, 1)]},
    "evenly over nodes of at least three zones": {
        "topologySpreadConstraints": [spread(HOST, 2), spread(ZONE, 3, minDomains=3)]
    },
    "no wish of its own": {},
}


def compare(web: PodInfo, view: ClusterView, walker: Walker, start: int, seed: int) -> int | None:
    """As `same_outcome`; features are spelled differently, so nodes are compared one by one."""
    slow, fast = Scan(web, view, start), walker.cycle(view, start)
    assert fast.examined == slow.examined
    assert {status: list(found) for status, found in fast.rejected.items()} == slow.rejected
    slowly, quickly = choose(slow, view, Rng(seed)), choose(fast, view, Rng(seed))
    assert (slowly is None) == (quickly is None)
    if slowly is None or quickly is None:
        return None
    assert quickly.position == slowly.position
    assert by_position(fast, points_of(quickly)) == by_position(slow, points_of(slowly))
    return quickly.position


def by_position(cycle: Any, points: Any) -> dict[int, Any]:
    return {position: one for features, one in points.items() for position in cycle.members(features)}


@pytest.mark.parametrize("kind", KINDS)
def test_walking_and_scanning_agree_where_pods_look_at_each_other(pod: Any, node: Any, kind: str) -> None:
    rng, wish = Rng(len(kind)), KINDS[kind]
    view = ClusterView()
    for number in range(110):
        view.put_node(random_node(node, rng, f"node-{number:03}"))
    web = affine(pod, "web", **wish)
    others = [
        affine(pod, "other"),
        affine(pod, "other", affinity=affinity("podAntiAffinity", "web", HOST)),
        affine(pod, "third", affinity=affinity("podAffinity", "web", ZONE, weight=7)),
        affine(pod, "third", affinity=affinity("podAffinity", "third", ZONE)),
    ]
    walker, start, placed = Walker(web), 0, 0
    for step in range(60):
        name = f"node-{rng.below(110):03}"
        if rng.below(10) == 0:
            view.put_node(random_node(node, rng, name))
        if rng.below(3) == 0:
            view.add_pod(name, f"other-{step}", rng.choice(others), ending=rng.below(8) == 0)
        if rng.below(40) == 0:
            view.remove_node(name)
        position = compare(web, view, walker, start % len(view.nodes), step)
        if position is not None:
            start = (start + 1 + rng.below(50)) % len(view.nodes)
            view.add_pod(view.nodes[position].name, f"web-{step}", web)
            placed += 1
        if rng.below(4) == 0 and step > 5:
            gone = f"{rng.choice(['web', 'other'])}-{rng.below(step)}"
            for one in view.nodes:
                if gone in one.pods:
                    view.remove_pod(one.name, gone)
    assert placed > 10


def test_a_reader_far_behind_starts_over(pod: Any, node: Any) -> None:
    view = ClusterView()
    view.put_node(node("a"))
    view.put_node(node("b"))
    web = pod_info(pod(cpu="1m", labels={"app": "web"}), DEFAULTS)
    index = PlacementIndex(web)
    same_outcome(web, view, index, 0, 1)
    for number in range(5000):
        view.add_pod("a", f"{number}", web)
        view.remove_pod("a", f"{number}")
    assert view.first_change > 0
    same_outcome(web, view, index, 0, 2)
