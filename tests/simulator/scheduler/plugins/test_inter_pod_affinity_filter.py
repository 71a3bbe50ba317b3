"""Required affinity: `pkg/scheduler/framework/plugins/interpodaffinity/filtering_test.go`, worlds and verdicts."""

from typing import Any

import pytest

from simulator.machinery.selectors import Selector
from simulator.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from simulator.scheduler.pod_info import pod_info
from tests.proof.follows import follows

Obj = dict[str, Any]
SCAN, S1 = {"service": "securityscan"}, {"security": "S1"}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
TEAMS = {"one.team1": "team1", "two.team1": "team1", "one.team2": "team2"}
FAR = (("node(s) didn't match pod affinity rules",), False)
NEAR_FOE = (("node(s) didn't match pod anti-affinity rules",), True)
UNWELCOME = (("node(s) didn't satisfy existing pods anti-affinity rules",), True)
HERE = {"1": {"region": "r1", "zone": "z11", "node": "1"}}


def wants(key: str, *values: str, operator: str = "In") -> Obj:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


def has(key: str) -> Obj:
    return wants(key, operator="Exists")


def term(topology: str, *expressions: Obj, **more: Any) -> Obj:
    return {"topologyKey": topology, "labelSelector": {"matchExpressions": list(expressions)}, **more}


def near(*terms: Obj) -> Obj:
    return {"podAffinity": {REQUIRED: list(terms)}}


def away(*terms: Obj) -> Obj:
    return {"podAntiAffinity": {REQUIRED: list(terms)}}


def a_pod(labels: Obj | None = None, *affinity: Obj, namespace: str = "default") -> Obj:
    spec: Obj = {
        "containers": [{"name": "c", "image": "i"}],
        "affinity": {k: v for one in affinity for k, v in one.items()},
    }
    return {"metadata": {"name": "p", "namespace": namespace, "labels": labels or {}}, "spec": spec}


def one_team(selector: Selector) -> list[str]:
    return [name for name, team in TEAMS.items() if selector.matches({"team": team})]


SCANNED = term("region", wants("service", "securityscan", "value2"))
TEAM1 = {"namespaceSelector": {"matchExpressions": [wants("team", "team1")]}}
NEAR_SCAN, TEAM_SCAN = near(SCANNED), {**SCANNED, **TEAM1}
AWAY_VIRUS = away(term("node", wants("service", "antivirusscan", "value2")))
AWAY_SCAN = away(term("zone", wants("service", "securityscan", "value2")))
TWO_TERMS = near(
    term("region", has("service"), wants("wrongkey", operator="DoesNotExist")),
    term("region", wants("service", "securityscan"), wants("service", "WrongValue", operator="NotIn")),
)
TWO_TERMS_ONE_WRONG = near(
    term("region", has("service"), wants("wrongkey", operator="DoesNotExist")),
    term("region", wants("service", "securityscan2"), wants("service", "WrongValue", operator="NotIn")),
)
AWAY_BOTH = away(term("zone", has("service")), term("zone", has("security")))
AWAY_ABC_DEF = away(term("zone", has("abc")), term("zone", has("def")))

ONE_NODE: list[Any] = [
    pytest.param(a_pod(), [], None, id="a pod without any rule on an empty node"),
    pytest.param(a_pod(S1, NEAR_SCAN), [a_pod(SCAN)], None, id="company, by In"),
    pytest.param(
        a_pod(S1, near(term("region", wants("service", "other", operator="NotIn")))), [a_pod(SCAN)], None, id="by NotIn"
    ),
    pytest.param(
        a_pod(S1, near({**SCANNED, "namespaces": ["other"]})),
        [a_pod(SCAN, namespace="ns")],
        FAR,
        id="company in another namespace",
    ),
    pytest.param(
        a_pod(SCAN, near(term("region", wants("service", "antivirusscan")))), [a_pod(SCAN)], FAR, id="no such company"
    ),
    pytest.param(a_pod(S1, TWO_TERMS), [a_pod(SCAN)], None, id="company that fits two terms"),
    pytest.param(a_pod(S1, TWO_TERMS_ONE_WRONG), [a_pod(SCAN)], FAR, id="company that fits only one of two terms"),
    pytest.param(a_pod(S1, NEAR_SCAN, AWAY_VIRUS), [a_pod(SCAN)], None, id="both rules hold"),
    pytest.param(
        a_pod(S1, NEAR_SCAN, AWAY_VIRUS), [a_pod(SCAN, AWAY_VIRUS)], None, id="both rules hold, and those of the other"
    ),
    pytest.param(a_pod(S1, NEAR_SCAN, AWAY_SCAN), [a_pod(SCAN)], NEAR_FOE, id="company that is not wanted either"),
    pytest.param(
        a_pod(SCAN, NEAR_SCAN, AWAY_VIRUS), [a_pod(SCAN, AWAY_SCAN)], UNWELCOME, id="company that does not want it"
    ),
    pytest.param(a_pod(SCAN), [a_pod(SCAN, AWAY_SCAN)], UNWELCOME, id="no rule of its own, but one of the other"),
    pytest.param(
        a_pod(SCAN),
        [a_pod(SCAN, away(term("zone", wants("service", "securityscan", operator="NotIn"))))],
        None,
        id="a rule of the other that speaks of somebody else",
    ),
    pytest.param(
        a_pod(SCAN, away(term("region", has("service")), term("region", has("security")))),
        [a_pod(S1, away(term("zone", has("security"))))],
        NEAR_FOE,
        id="one of two terms is enough to keep away",
    ),
    pytest.param(
        a_pod(SCAN, AWAY_BOTH), [a_pod(S1, away(term("zone", has("security"))))], NEAR_FOE, id="each in part, one way"
    ),
    pytest.param(
        a_pod(S1, away(term("zone", has("security")))),
        [a_pod(SCAN, AWAY_BOTH)],
        UNWELCOME,
        id="each in part, other way",
    ),
    pytest.param(
        a_pod({"abc": "", "xyz": ""}, AWAY_ABC_DEF),
        [a_pod({"def": "", "xyz": ""}, AWAY_ABC_DEF)],
        NEAR_FOE,
        id="the same terms on both sides",
    ),
    pytest.param(
        a_pod(S1, near(TEAM_SCAN)), [a_pod(SCAN, namespace="one.team1")], None, id="company by its namespace's labels"
    ),
    pytest.param(
        a_pod(S1, near(TEAM_SCAN)), [a_pod(SCAN, namespace="one.team2")], FAR, id="company in a namespace of others"
    ),
    pytest.param(
        a_pod(S1, away(TEAM_SCAN), namespace="one.team1"),
        [a_pod(SCAN, namespace="two.team1")],
        NEAR_FOE,
        id="kept away by a namespace's labels",
    ),
    pytest.param(
        a_pod(S1, away(TEAM_SCAN), namespace="one.team1"),
        [a_pod(SCAN, namespace="one.team2")],
        None,
        id="not kept away in a namespace of others",
    ),
    pytest.param(
        a_pod(SCAN, namespace="one.team1"),
        [a_pod(S1, away(TEAM_SCAN), namespace="two.team1")],
        UNWELCOME,
        id="unwelcome by its own namespace's labels",
    ),
    pytest.param(
        a_pod(SCAN, near({**SCANNED, "namespaceSelector": {}})),
        [a_pod(SCAN, namespace="anywhere")],
        None,
        id="an empty namespace selector is every namespace",
    ),
    pytest.param(
        a_pod(SCAN, near({"topologyKey": "region"})), [a_pod(SCAN)], FAR, id="no label selector: nobody is meant"
    ),
]


@follows(
    "InterPodAffinity",
    "pkg/scheduler/framework/plugins/interpodaffinity/filtering_test.go: TestRequiredAffinitySingleNode",
)
@pytest.mark.parametrize(("pod", "placed", "wanted"), ONE_NODE)
def test_one_node(verdicts: Any, view: Any, pod: Obj, placed: list[Obj], wanted: Any) -> None:
    world = view(HERE)
    for number, one in enumerate(placed):
        world.add_pod("1", str(number), pod_info(one, (), one_team))
    assert verdicts(InterPodAffinity(), pod_info(pod, (), one_team), world) == {"1": wanted}


CHINA, INDIA = {"region": "China"}, {"region": "India"}
FOO_BAR = wants("foo", "bar")
BY_REGION, BY_ZONE = near(term("region", FOO_BAR)), near(term("zone", has("service")))
SEVERAL: list[Any] = [
    pytest.param(
        a_pod({"foo": "123"}, near(term("region", FOO_BAR))),
        {"1": CHINA, "2": {**CHINA, "az": "az1"}, "3": INDIA},
        [("1", a_pod({"foo": "bar"}))],
        {"1": None, "2": None, "3": FAR},
        id="company anywhere in the region",
    ),
    pytest.param(
        a_pod({"foo": "bar"}, near(term("zone", FOO_BAR))),
        {"1": {"zone": "az1"}, "2": {"zone": "az2"}},
        [],
        {"1": None, "2": None},
        id="the first of a group that wants itself",
    ),
    pytest.param(
        a_pod({"foo": "bar"}, near(term("zone", FOO_BAR))),
        {"1": {"zoneLabel": "az1"}, "2": {"zone": "az2"}},
        [],
        {"1": FAR, "2": None},
        id="the first of a group still needs the label",
    ),
    pytest.param(
        a_pod({"foo": "bar"}, near(term("zone", FOO_BAR))),
        {"1": {"zone": "az1"}, "2": {"zone": "az2"}},
        [("2", a_pod({"foo": "bar"}))],
        {"1": FAR, "2": None},
        id="the second of a group must follow",
    ),
    pytest.param(
        a_pod({"foo": "bar"}, near(term("zone", FOO_BAR), term("zone", has("service")))),
        {"1": {"zone": "az1"}, "2": {"zone": "az2"}},
        [],
        {"1": FAR, "2": FAR},
        id="a pod that fits only one of its own terms is no first",
    ),
    pytest.param(
        a_pod({"foo": "bar", "service": "x"}, near(term("region", FOO_BAR), term("zone", has("service")))),
        {"1": {"region": "r1", "zone": "z1"}, "2": {"region": "r2", "zone": "z2"}},
        [],
        {"1": None, "2": None},
        id="the first of a group with two terms",
    ),
    pytest.param(
        a_pod({"foo": "123"}, away(term("region", FOO_BAR))),
        {"1": CHINA, "2": {**CHINA, "az": "az1"}},
        [("1", a_pod({"foo": "bar"}))],
        {"1": NEAR_FOE, "2": NEAR_FOE},
        id="kept out of a whole region",
    ),
    pytest.param(
        a_pod({"foo": "123"}, away(term("region", FOO_BAR), term("region", wants("service", "x")))),
        {"1": CHINA, "2": INDIA},
        [("1", a_pod({"foo": "bar"})), ("2", a_pod({"service": "x"}))],
        {"1": NEAR_FOE, "2": NEAR_FOE},
        id="two terms keep it out of two regions",
    ),
    pytest.param(
        a_pod({"foo": "123"}, away(term("region", FOO_BAR))),
        {"1": CHINA, "2": {"hostname": "2"}},
        [("1", a_pod({"foo": "bar"})), ("2", a_pod({"foo": "bar"}))],
        {"1": NEAR_FOE, "2": None},
        id="a node without the label cannot keep it away",
    ),
    pytest.param(
        a_pod({"foo": "", "bar": ""}),
        {"1": {"zone": "z", "node": "1"}, "2": {"zone": "z", "node": "2"}},
        [
            ("1", a_pod({}, away(term("node", has("foo"))))),
            ("2", a_pod({}, away(term("node", has("buz"))))),
        ],
        {"1": UNWELCOME, "2": None},
        id="existing pods, each on its node",
    ),
    pytest.param(
        a_pod({"foo": "", "bar": ""}),
        {"1": {"zone": "z1", "node": "1"}, "2": {"zone": "z2", "node": "2"}},
        [("1", a_pod({}, away(term("invalid-node-label", has("foo")), term("zone", has("bar")))))],
        {"1": UNWELCOME, "2": None},
        id="a term of an existing pod by a label its node has not",
    ),
    pytest.param(
        a_pod({"foo": "", "bar": ""}),
        {"1": {"zone": "z1", "node": "1"}, "2": {"zone": "z1", "node": "2"}},
        [("1", a_pod({}, away(term("zone", has("foo")), term("zone", has("bar")))))],
        {"1": UNWELCOME, "2": UNWELCOME},
        id="an existing pod closes its whole zone",
    ),
    pytest.param(
        a_pod({"foo": "", "bar": ""}, near(term("region", has("foo")), term("zone", has("bar")))),
        {"1": {"region": "r1", "zone": "z1"}, "2": {"region": "r1", "zone": "z2"}},
        [("1", a_pod({"foo": ""})), ("2", a_pod({"bar": ""}))],
        {"1": None, "2": None},
        id="nobody fits all terms, but the pod itself does",
    ),
    pytest.param(
        a_pod({"x": ""}, near(term("region", has("foo")), term("zone", has("bar")))),
        {"1": {"region": "r1", "zone": "z1"}, "2": {"region": "r1", "zone": "z2"}},
        [("1", a_pod({"foo": ""})), ("2", a_pod({"bar": ""}))],
        {"1": FAR, "2": FAR},
        id="one pod must fit all terms",
    ),
]


@follows(
    "InterPodAffinity",
    "pkg/scheduler/framework/plugins/interpodaffinity/filtering_test.go: TestRequiredAffinityMultipleNodes",
)
@pytest.mark.parametrize(("pod", "nodes", "placed", "wanted"), SEVERAL)
def test_several_nodes(verdicts: Any, view: Any, pod: Obj, nodes: Obj, placed: Any, wanted: Any) -> None:
    assert verdicts(InterPodAffinity(), pod_info(pod), view(nodes, placed)) == wanted
