"""Preferred affinity: `pkg/scheduler/framework/plugins/interpodaffinity/scoring_test.go`, worlds and points."""

from typing import Any

import pytest

from simulator.machinery.selectors import Selector
from simulator.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from simulator.scheduler.pod_info import pod_info
from tests.proof.follows import follows

Obj = dict[str, Any]
S1, S2 = {"security": "S1"}, {"security": "S2"}
CHINA, INDIA, AZ1, AZ2 = {"region": "China"}, {"region": "India"}, {"az": "az1"}, {"az": "az2"}
TEAMS = {"one.team1": "team1", "two.team1": "team1", "one.team2": "team2", "two.team2": "team2"}
PREFERRED, REQUIRED = (f"{kind}DuringSchedulingIgnoredDuringExecution" for kind in ("preferred", "required"))


def wants(key: str, *values: str, operator: str = "In") -> Obj:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


def term(weight: int, topology: str, *expressions: Obj, **more: Any) -> Obj:
    selector = {"matchExpressions": list(expressions)}
    return {"weight": weight, "podAffinityTerm": {"labelSelector": selector, "topologyKey": topology, **more}}


def near(*terms: Obj) -> Obj:
    return {"podAffinity": {PREFERRED: list(terms)}}


def away(*terms: Obj) -> Obj:
    return {"podAntiAffinity": {PREFERRED: list(terms)}}


def a_pod(labels: Obj | None = None, affinity: Obj | None = None, namespace: str = "default") -> Obj:
    spec: Obj = {"containers": [{"name": "c", "image": "i"}], **({"affinity": affinity} if affinity else {})}
    return {"metadata": {"name": "p", "namespace": namespace, "labels": labels or {}}, "spec": spec}


def one_team(selector: Selector) -> list[str]:
    return [name for name, team in TEAMS.items() if selector.matches({"team": team})]


NEAR_S1 = near(term(5, "region", wants("security", "S1")))
NEAR_S2 = near(term(6, "region", wants("security", "S2")))
TWO_TERMS = near(
    term(8, "region", wants("security", "S1", operator="NotIn"), wants("security", "S2")),
    term(2, "region", wants("security", operator="Exists"), wants("wrongkey", operator="DoesNotExist")),
)
HARD = {
    "podAffinity": {
        REQUIRED: [
            term(0, "region", wants("security", "S1", "value2"))["podAffinityTerm"],
            term(0, "region", wants("security", operator="Exists"), wants("wrongkey", operator="DoesNotExist"))[
                "podAffinityTerm"
            ],
        ]
    }
}
AWAY_S1, AWAY_S2 = (away(term(5, "az", wants("security", value))) for value in ("S1", "S2"))
NEAR_S1_AWAY_S2 = {**near(term(8, "region", wants("security", "S1"))), **AWAY_S2}
TEAM1 = {"namespaces": ["two.team2"], "namespaceSelector": {"matchExpressions": [wants("team", "team1")]}}
NEAR_TEAM, AWAY_TEAM = (kind(term(5, "region", wants("security", "S1"), **TEAM1)) for kind in (near, away))

REGIONS = {"1": CHINA, "2": INDIA, "3": AZ1}
FIVE = {"1": CHINA, "2": INDIA, "3": CHINA, "4": CHINA, "5": INDIA}

CASES: list[Any] = [
    pytest.param(a_pod(S1), REGIONS, [], None, id="no affinity anywhere: no say"),
    pytest.param(
        a_pod(S1, NEAR_S1),
        REGIONS,
        [("1", a_pod(S1)), ("2", a_pod(S2)), ("3", a_pod(S1))],
        {"1": 100, "2": 0, "3": 0},
        id="company in a node's region; without the label it is not seen",
    ),
    pytest.param(
        a_pod({}, NEAR_S1),
        {"1": CHINA, "2": {**CHINA, **AZ1}, "3": INDIA},
        [("1", a_pod(S1))],
        {"1": 100, "2": 100, "3": 0},
        id="all nodes of one region are equal",
    ),
    pytest.param(
        a_pod(S1, NEAR_S2),
        FIVE,
        [(name, a_pod(S2)) for name in ("1", "1", "2", "3", "4", "5")],
        {"1": 100, "2": 0, "3": 100, "4": 100, "5": 0},
        id="more company in one region",
    ),
    pytest.param(
        a_pod(S1, TWO_TERMS),
        REGIONS,
        [("1", a_pod(S1)), ("2", a_pod(S2)), ("3", a_pod(S1))],
        {"1": 20, "2": 100, "3": 0},
        id="two terms with other operators",
    ),
    pytest.param(
        a_pod(S2),
        REGIONS,
        [("1", a_pod(S1, NEAR_S1)), ("2", a_pod(S2, NEAR_S2))],
        {"1": 0, "2": 100, "3": 0},
        id="others like the newcomer's company",
    ),
    pytest.param(
        a_pod(S1, namespace="one.team1"),
        REGIONS,
        [("1", a_pod(S1, NEAR_TEAM)), ("2", a_pod(S2, NEAR_S2))],
        {"1": 100, "2": 0, "3": 0},
        id="others like it by the labels of its namespace",
    ),
    pytest.param(
        a_pod(S1, namespace="one.team1"),
        REGIONS,
        [("1", a_pod(S1, AWAY_TEAM)), ("2", a_pod(S2, NEAR_S2))],
        {"1": 0, "2": 100, "3": 100},
        id="others dislike it by the labels of its namespace",
    ),
    pytest.param(
        a_pod(S1),
        REGIONS,
        [("1", a_pod(S1, HARD)), ("2", a_pod(S2, HARD))],
        {"1": 100, "2": 100, "3": 0},
        id="required terms of others count one each",
    ),
    pytest.param(
        a_pod(S1, AWAY_S1),
        {"1": AZ1, "2": CHINA},
        [("1", a_pod(S1)), ("2", a_pod(S2))],
        {"1": 0, "2": 100},
        id="away from a node with such a pod",
    ),
    pytest.param(
        a_pod(S1, AWAY_S1),
        {"1": AZ1, "2": CHINA},
        [("1", a_pod(S1)), ("2", a_pod(S1))],
        {"1": 0, "2": 100},
        id="a node without the label is not avoided",
    ),
    pytest.param(
        a_pod(S1, AWAY_S1),
        {"1": AZ1, "2": INDIA},
        [("1", a_pod(S1)), ("1", a_pod(S1)), ("2", a_pod(S2))],
        {"1": 0, "2": 100},
        id="away from two such pods",
    ),
    pytest.param(
        a_pod(S2),
        {"1": AZ1, "2": AZ2},
        [("1", a_pod(S1, AWAY_S2)), ("2", a_pod(S2, AWAY_S1))],
        {"1": 0, "2": 100},
        id="others would rather not have it near",
    ),
    pytest.param(
        a_pod(S1, NEAR_S1_AWAY_S2),
        {"1": CHINA, "2": AZ1},
        [("1", a_pod(S1)), ("2", a_pod(S1))],
        {"1": 100, "2": 0},
        id="both kinds of terms",
    ),
    pytest.param(
        a_pod(S1, NEAR_S1_AWAY_S2),
        {**FIVE, "1": {**CHINA, **AZ1}},
        [(name, a_pod(S1)) for name in ("1", "1", "2", "3", "3", "4", "5")],
        {"1": 100, "2": 0, "3": 100, "4": 100, "5": 0},
        id="both kinds of terms, pods of one owner",
    ),
    pytest.param(
        a_pod(S1, NEAR_S1_AWAY_S2),
        {"1": CHINA, "2": AZ1, "3": INDIA, "4": AZ2},
        [("1", a_pod(S1)), ("2", a_pod(S2)), ("3", a_pod({}, NEAR_S1_AWAY_S2)), ("4", a_pod({}, AWAY_S1))],
        {"1": 100, "2": 0, "3": 100, "4": 0},
        id="what it wants and what others want of it",
    ),
    pytest.param(
        a_pod(S1),
        {"1": CHINA, "2": CHINA},
        [("1", a_pod(S1)), ("2", a_pod({}, NEAR_S1_AWAY_S2))],
        {"1": 0, "2": 0},
        id="one domain only: all equal, all zero",
    ),
    pytest.param(
        a_pod(S1, NEAR_TEAM, "one.team1"),
        REGIONS,
        [
            ("1", a_pod(S1, namespace="one.team1")),
            ("1", a_pod(S1, namespace="one.team1")),
            ("1", a_pod(S1, namespace="one.team2")),
            ("2", a_pod(S1, namespace="two.team2")),
            ("2", a_pod(S1, namespace="two.team1")),
            ("2", a_pod(S1, namespace="two.team2")),
        ],
        {"1": 66, "2": 100, "3": 0},
        id="namespaces that are listed and those that are selected",
    ),
]


@follows("InterPodAffinity", "pkg/scheduler/framework/plugins/interpodaffinity/scoring_test.go: TestPreferredAffinity")
@pytest.mark.parametrize(("pod", "nodes", "placed", "wanted"), CASES)
def test_points(scores: Any, view: Any, pod: Obj, nodes: Obj, placed: Any, wanted: dict[str, int] | None) -> None:
    world = view(nodes)
    for number, (name, one) in enumerate(placed):
        world.add_pod(name, f"uid-{number}", pod_info(one, (), one_team))
    assert scores(InterPodAffinity(), pod_info(pod, (), one_team), world) == wanted


def test_points_are_worked_out_in_floating_point_as_upstream(scores: Any, view: Any) -> None:
    """29 of 100: 100 × 0.29 is a little less than 29."""
    pod = a_pod(S1, near(term(29, "region", wants("a", "1")), term(100, "region", wants("a", "2"))))
    world = view({"1": CHINA, "2": INDIA, "3": AZ1}, [("1", a_pod({"a": "1"})), ("2", a_pod({"a": "2"}))])
    assert scores(InterPodAffinity(), pod_info(pod), world) == {"1": 28, "2": 100, "3": 0}
