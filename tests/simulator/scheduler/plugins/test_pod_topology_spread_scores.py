"""ScheduleAnyway: `pkg/scheduler/framework/plugins/podtopologyspread/scoring_test.go`, worlds and points."""

from typing import Any

import pytest

from simulator.machinery.selectors import from_labels
from simulator.scheduler.plugins.pod_topology_spread import DEFAULTS, PodTopologySpread
from simulator.scheduler.pod_info import SpreadConstraint, pod_info
from tests.proof.follows import follows

Obj = dict[str, Any]
HOST = "kubernetes.io/hostname"
FOO, BAR = {"foo": ""}, {"bar": ""}


def by(key: str, skew: int = 1, selector: Obj | None = FOO, **more: Any) -> Obj:
    found: Obj = {"topologyKey": key, "maxSkew": skew, "whenUnsatisfiable": "ScheduleAnyway", **more}
    return found if selector is None else {**found, "labelSelector": {"matchLabels": selector}}


def a_pod(labels: Obj = FOO, *constraints: Obj, namespace: str = "default", **spec: Any) -> Obj:
    metadata: Obj = {"name": "p", "namespace": namespace, "labels": labels}
    if spec.pop("ending", False):
        metadata["deletionTimestamp"] = "2025-10-09T08:00:00Z"
    spec = {"containers": [{"name": "c", "image": "i"}], "topologySpreadConstraints": list(constraints), **spec}
    return {"metadata": metadata, "spec": spec}


def spread(**pods: int) -> list[tuple[str, Obj]]:
    """So many pods with the label foo on each node."""
    return [(name, a_pod()) for name, count in pods.items() for _ in range(count)]


def hosts(*names: str) -> dict[str, Obj]:
    return {name: {HOST: name} for name in names}


def zones(**names: str) -> dict[str, Obj]:
    return {name: {HOST: name, "zone": zone} for name, zone in names.items()}


FOUR = hosts("a", "b", "c", "d")
TWO_ZONES = zones(a="1", b="1", x="2", y="2")
BOTH = {**FOO, **BAR}

CASES: list[Any] = [
    pytest.param(a_pod(FOO, by(HOST)), hosts("a", "b"), [], {"a": 100, "b": 100}, id="nobody there yet"),
    pytest.param(a_pod(FOO, by(HOST)), hosts("a", "b"), spread(a=2, b=1), {"a": 100}, id="only one candidate"),
    pytest.param(a_pod(FOO, by(HOST)), hosts("a", "b"), spread(a=1, b=1), {"a": 100, "b": 100}, id="equally many"),
    pytest.param(
        a_pod(FOO, by(HOST)), FOUR, spread(a=2, b=1, d=3), {"a": 20, "b": 60, "c": 100, "d": 0}, id="2, 1, 0 and 3 pods"
    ),
    pytest.param(
        a_pod(FOO, by(HOST, selector=None)),
        FOUR,
        spread(a=2, b=1, d=3),
        {"a": 100, "b": 100, "c": 100, "d": 100},
        id="without a selector nothing counts",
    ),
    pytest.param(
        a_pod(FOO, by(HOST, 2)),
        FOUR,
        spread(a=2, b=1, d=3),
        {"a": 33, "b": 66, "c": 100, "d": 16},
        id="a maxSkew of 2 makes differences smaller",
    ),
    pytest.param(
        a_pod(FOO, by(HOST, 3)),
        FOUR,
        spread(a=4, b=3, c=2, d=1),
        {"a": 44, "b": 66, "c": 77, "d": 100},
        id="a maxSkew of 3",
    ),
    pytest.param(
        a_pod(FOO, by(HOST)),
        hosts("a", "b", "x", "y"),
        spread(a=4, b=2, x=1, y=3),
        {"a": 33, "b": 83, "x": 100},
        id="a node that is no candidate",
    ),
    pytest.param(
        a_pod(FOO, by(HOST)),
        {**hosts("a", "x", "y"), "b": {"n": "b"}},
        spread(a=4, b=2, x=1, y=3),
        {"a": 16, "b": 0, "x": 100},
        id="a candidate without the label gets nothing",
    ),
    pytest.param(
        a_pod(FOO, by("zone")),
        TWO_ZONES,
        spread(a=4, b=2, x=1, y=3),
        {"a": 75, "b": 75, "x": 100},
        id="a zone counts its nodes that are no candidates",
    ),
    pytest.param(
        a_pod(FOO, by("zone"), by(HOST)),
        TWO_ZONES,
        spread(a=2, b=1, x=2, y=4),
        {"a": 100, "x": 63},
        id="by zone and by node",
    ),
    pytest.param(
        a_pod(BOTH, by("zone"), by(HOST, selector=BAR)),
        TWO_ZONES,
        [("a", a_pod(FOO)), ("b", a_pod(BOTH)), ("y", a_pod(FOO)), ("y", a_pod(BAR))],
        {"a": 60, "b": 20, "x": 100, "y": 60},
        id="each constraint has its own selector",
    ),
    pytest.param(
        a_pod(BOTH, by("zone"), by(HOST, selector=BAR)),
        TWO_ZONES,
        [("b", a_pod(BAR)), ("x", a_pod(FOO)), ("y", a_pod(BOTH))],
        {"a": 100, "b": 60, "x": 40, "y": 0},
        id="own selectors, a node without pods",
    ),
    pytest.param(
        a_pod(BOTH, by("zone"), by(HOST, selector=BAR)),
        TWO_ZONES,
        [("a", a_pod(FOO)), ("b", a_pod(BOTH)), ("y", a_pod(FOO)), ("y", a_pod(BAR))],
        {"a": 50, "b": 25, "x": 100},
        id="own selectors, three candidates",
    ),
    pytest.param(
        a_pod(FOO, by(HOST)),
        hosts("a", "b"),
        [("a", a_pod(namespace="other")), *spread(a=1, b=2)],
        {"a": 100, "b": 33},
        id="other namespaces do not count",
    ),
    pytest.param(
        a_pod(FOO, by(HOST)),
        hosts("a", "b"),
        [("a", a_pod(ending=True)), ("b", a_pod())],
        {"a": 100, "b": 0},
        id="pods that end do not count",
    ),
    pytest.param(
        a_pod(FOO, by("node", 2)),
        {name: {"node": name} for name in ("a", "b", "c")},
        spread(a=2, b=2, c=1),
        {"a": 75, "b": 75, "c": 100},
        id="by a label that is not the hostname",
    ),
]


@follows(
    "PodTopologySpread", "pkg/scheduler/framework/plugins/podtopologyspread/scoring_test.go: TestPodTopologySpreadScore"
)
@pytest.mark.parametrize(("pod", "nodes", "placed", "wanted"), CASES)
def test_points(scores: Any, view: Any, pod: Obj, nodes: Obj, placed: Any, wanted: dict[str, int]) -> None:
    assert scores(PodTopologySpread(), pod_info(pod), view(nodes, placed), list(wanted)) == wanted


def test_defaults_without_zones_are_like_one_constraint_by_hostname(scores: Any, view: Any) -> None:
    defaults = tuple(SpreadConstraint(key, skew, from_labels(FOO)) for key, skew in DEFAULTS)
    found = scores(PodTopologySpread(), pod_info(a_pod(), defaults), view(FOUR, spread(a=4, b=3, c=2, d=1)))
    assert found == {"a": 44, "b": 66, "c": 77, "d": 100}


@pytest.mark.parametrize(
    ("policies", "selector", "wanted"),
    [
        pytest.param({}, {"foo": ""}, {"a": 100, "b": 33}, id="nodes outside the pod's node selector do not count"),
        pytest.param(
            {"nodeAffinityPolicy": "Ignore"}, {"foo": ""}, {"a": 42, "b": 100}, id="unless the policy says Ignore"
        ),
    ],
)
def test_node_affinity_policy(scores: Any, view: Any, policies: Obj, selector: Obj, wanted: dict[str, int]) -> None:
    nodes = {"a": {"zone": "1", "foo": ""}, "a2": {"zone": "1"}, "b": {"zone": "2", "foo": ""}}
    pod = a_pod(FOO, by("zone", **policies), nodeSelector=selector)
    # A pod weighs ln(4): 1 and 3 points against 7 and 3.
    assert scores(PodTopologySpread(), pod_info(pod), view(nodes, spread(a=1, a2=4, b=2)), ["a", "b"]) == wanted


def test_a_pod_without_constraints_has_no_say(scores: Any, view: Any) -> None:
    assert scores(PodTopologySpread(), pod_info(a_pod()), view(FOUR, spread(a=1))) is None
