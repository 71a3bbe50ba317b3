"""Which pods go, and on which node: `default_preemption_test.go` (TestSelectNodesForPreemption, TestPickOneNodeForPreemption)."""

from typing import Any

import pytest

from simulator.engine import Rng
from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.placement import Scan
from simulator.scheduler.pod_info import pod_info
from simulator.scheduler.preemption import Candidate, best, search
from tests.proof.follows import follows

Obj = dict[str, Any]
LOW, MID, HIGH, HIGHEST = 0, 100, 1000, 10000
NEGATIVE = -100
_SOURCE = "pkg/scheduler/framework/plugins/defaultpreemption/default_preemption_test.go"


def a_pod(name: str, priority: int, cpu: str = "", *, at: int = 0, labels: Obj | None = None, **spec: Any) -> Obj:
    """`at`: the minute at which it started."""
    container: Obj = {"name": "c", "image": "i"}
    if cpu:
        container["resources"] = {"requests": {"cpu": cpu}}
    return {
        "metadata": {"name": name, "namespace": "default", "uid": name, "labels": labels or {}},
        "spec": {"containers": [container], "priority": priority, **spec},
        "status": {"startTime": f"2025-10-09T08:{at:02}:00Z"},
    }


# Which node


def candidate(node: str, *victims: tuple[int, int], violations: int = 0) -> Candidate:
    """Victims by priority and start, the most important first."""
    pods = tuple(a_pod(f"{node}-{index}", priority, at=at) for index, (priority, at) in enumerate(victims))
    return Candidate(node, pods, violations)


CHOICES: list[Any] = [
    pytest.param([candidate("1", (MID, 0))], {"1"}, id="only one"),
    pytest.param(
        [candidate("1", (MID, 0), violations=1), candidate("2", (HIGH, 0))], {"2"}, id="budgets count before all else"
    ),
    pytest.param([candidate("1", (MID, 0)), candidate("2", (LOW, 0))], {"2"}, id="the lowest highest priority"),
    pytest.param(
        [candidate("1", (MID, 0), (LOW, 0)), candidate("2", (HIGH, 0), (LOW, 0)), candidate("3", (MID, 0), (MID, 0))],
        {"1"},
        id="then the lowest sum of priorities",
    ),
    pytest.param(
        [candidate("1", (LOW, 0), (NEGATIVE, 0), (NEGATIVE, 0)), candidate("2", (LOW, 0), (NEGATIVE, 0))],
        {"2"},
        id="negative priorities do not make many victims cheap",
    ),
    pytest.param([candidate("1", (MID, 0), (MID, 0)), candidate("2", (MID, 0))], {"2"}, id="then the fewest victims"),
    pytest.param(
        [candidate("1", (MID, 3), (MID, 3)), candidate("2", (MID, 2), (MID, 5)), candidate("3", (MID, 4), (MID, 4))],
        {"3"},
        id="then the latest start of the first to have started",
    ),
    pytest.param(
        [candidate("1", (HIGH, 5), (MID, 0)), candidate("2", (HIGH, 4), (MID, 9))],
        {"1"},
        id="only the most important victims' starts are compared",
    ),
    pytest.param([candidate("1", (MID, 5)), candidate("2", (MID, 5))], {"1", "2"}, id="otherwise any"),
]


@follows("DefaultPreemption", f"{_SOURCE}: TestPickOneCandidate", "pkg/scheduler/framework/preemption/preemption.go")
@pytest.mark.parametrize(("candidates", "wanted"), CHOICES)
def test_the_node_where_least_is_lost(candidates: list[Candidate], wanted: set[str]) -> None:
    assert best(candidates).node in wanted


# Which pods


def tried(pod: Obj, pods: dict[str, list[Obj]], budgets: list[Obj], labels: dict[str, Obj] | None = None) -> Any:
    view = ClusterView()
    for name in pods:
        status = {"allocatable": {"cpu": "500m", "memory": "500", "pods": "32"}}
        metadata = {"name": name, "labels": {"zone": name, **(labels or {}).get(name, {})}}
        view.put_node({"metadata": metadata, "status": status})
        for one in pods[name]:
            view.add_pod(name, one["metadata"]["uid"], pod_info(one))
    info = pod_info(pod)
    rejected = Scan(info, view, 0).rejected
    return search(info, view, rejected, lambda name: pods.get(name, []), budgets, Rng(1))


def budget(labels: Obj, allowed: int, disrupted: tuple[str, ...] = ()) -> Obj:
    return {
        "metadata": {"name": "b", "namespace": "default"},
        "spec": {"selector": {"matchLabels": labels}},
        "status": {"disruptionsAllowed": allowed, "disruptedPods": dict.fromkeys(disrupted, "2025-10-09T08:00:00Z")},
    }


APP = {"app": "foo"}
ANTI = {
    "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"labelSelector": {"matchLabels": APP}, "topologyKey": "zone"}
        ]
    }
}
TWO_MIDDLE = [a_pod("a", MID, "250m"), a_pod("b", MID, "250m")]
VICTIMS: list[Any] = [
    pytest.param(
        a_pod("p", HIGH, "500m"),
        {"1": [a_pod("a", MID, "500m")], "2": [a_pod("b", MID, "500m")]},
        [],
        {"1": (["a"], 0), "2": (["b"], 0)},
        id="either node, by evicting a weaker pod",
    ),
    pytest.param(
        a_pod("p", HIGH, "500m"),
        {"1": [a_pod("a", HIGHEST, "500m")], "2": [a_pod("b", MID, "500m")]},
        [],
        {"2": (["b"], 0)},
        id="stronger pods stay",
    ),
    pytest.param(a_pod("p", MID, "500m"), {"1": [a_pod("a", MID, "500m")]}, [], {}, id="equally strong pods stay"),
    pytest.param(
        a_pod("p", HIGH, "250m"),
        {"1": [a_pod("a", LOW, "250m"), a_pod("b", MID, "250m")]},
        [],
        {"1": (["a"], 0)},
        id="the weaker of two goes",
    ),
    pytest.param(
        a_pod("p", HIGH, "250m"),
        {"1": [a_pod("a", LOW, "100m"), a_pod("b", LOW, "100m"), a_pod("c", MID, "200m")]},
        [],
        {"1": (["a", "b"], 0)},
        id="several weak pods rather than a stronger one",
    ),
    pytest.param(
        a_pod("p", HIGH, "250m"),
        {"1": [a_pod("old", MID, "250m", at=0), a_pod("young", MID, "250m", at=9)]},
        [],
        {"1": (["young"], 0)},
        id="of equally strong pods the younger goes",
    ),
    pytest.param(
        a_pod("p", HIGH, "100m", affinity=ANTI),
        {"1": [a_pod("a", LOW, "100m", labels=APP), a_pod("b", MID, "100m")]},
        [],
        {"1": (["a"], 0)},
        id="a pod that it does not get along with goes",
    ),
    pytest.param(
        a_pod("p", HIGH, "500m"),
        {"1": [a_pod("a", MID, "250m", labels=APP), a_pod("b", MID, "250m", labels=APP)]},
        [budget(APP, 1)],
        {"1": (["a", "b"], 1)},
        id="a budget that allows one of two",
    ),
    pytest.param(
        a_pod("p", HIGH, "250m"),
        {"1": [a_pod("a", MID, "250m", labels=APP), a_pod("b", MID, "250m")]},
        [budget(APP, 0)],
        {"1": (["b"], 0)},
        id="who has a budget is spared if somebody else will do",
    ),
    pytest.param(
        a_pod("p", HIGH, "500m"),
        {"1": [a_pod("a", MID, "250m", labels=APP), a_pod("b", MID, "250m", labels=APP)]},
        [budget(APP, 1, disrupted=("a",))],
        {"1": (["a", "b"], 0)},
        id="a pod that is being evicted already counts against no budget",
    ),
    pytest.param(
        a_pod("p", HIGH, "500m"),
        {"1": [a_pod("a", MID, "500m", labels=APP)]},
        [budget(APP, 1), budget(APP, 0)],
        {"1": (["a"], 1)},
        id="two budgets, one allows nothing",
    ),
    pytest.param(
        a_pod("p", HIGH, "500m"),
        {"1": [a_pod("a", MID, "500m")]},
        [{**budget({}, 0), "spec": {"selector": {}}}],
        {"1": (["a"], 0)},
        id="pods without labels are in no budget",
    ),
    pytest.param(a_pod("p", HIGH, "600m"), {"1": TWO_MIDDLE}, [], {}, id="larger than the node: nobody goes"),
    pytest.param(
        a_pod("p", HIGH, "500m", nodeSelector={"zone": "2"}), {"1": TWO_MIDDLE}, [], {}, id="not meant for the node"
    ),
]


@follows(
    "DefaultPreemption",
    f"{_SOURCE}: TestDryRunPreemption",
    "pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go: SelectVictimsOnNode",
)
@pytest.mark.parametrize(("pod", "pods", "budgets", "wanted"), VICTIMS)
def test_the_fewest_and_least_important_pods_go(
    pod: Obj, pods: dict[str, list[Obj]], budgets: list[Obj], wanted: dict[str, tuple[list[str], int]]
) -> None:
    """Node → (victims, how many of them a budget protects)."""
    found = tried(pod, pods, budgets)
    candidates = {
        one.node: (sorted(victim["metadata"]["name"] for victim in one.victims), one.violations)
        for one in found.candidates
    }
    assert candidates == wanted


REASONS: list[Any] = [
    pytest.param(
        a_pod("p", HIGH, "500m"),
        {"1": [a_pod("a", HIGHEST, "500m")], "2": [a_pod("b", HIGHEST, "500m")]},
        {"No preemption victims found for incoming pod": 2},
        id="all others are stronger",
    ),
    pytest.param(
        a_pod("p", HIGH, "500m"),
        {"1": [a_pod("a", HIGHEST, "250m"), a_pod("b", LOW, "250m")], "2": [a_pod("c", HIGHEST, "500m")]},
        {"Insufficient cpu": 1, "No preemption victims found for incoming pod": 1},
        id="evicting would not be enough",
    ),
    pytest.param(
        a_pod("p", HIGH, "500m", nodeSelector={"zone": "1"}),
        {"1": [a_pod("a", HIGHEST, "500m")], "2": TWO_MIDDLE},
        {"No preemption victims found for incoming pod": 1, "Preemption is not helpful for scheduling": 1},
        id="a node that is out of the question",
    ),
]


@follows("DefaultPreemption", f"{_SOURCE}: TestPostFilter")
@pytest.mark.parametrize(("pod", "pods", "wanted"), REASONS)
def test_why_preemption_is_no_way_out(pod: Obj, pods: dict[str, list[Obj]], wanted: dict[str, int]) -> None:
    assert tried(pod, pods, []).reasons == wanted
