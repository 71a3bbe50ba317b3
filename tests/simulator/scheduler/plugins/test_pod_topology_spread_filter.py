"""DoNotSchedule: `pkg/scheduler/framework/plugins/podtopologyspread/filtering_test.go`, worlds and verdicts."""

from typing import Any

import pytest

from simulator.scheduler.plugins.pod_topology_spread import PodTopologySpread
from simulator.scheduler.pod_info import pod_info
from tests.proof.follows import follows

Obj = dict[str, Any]
FOO, BAR = {"foo": ""}, {"bar": ""}
BOTH = {**FOO, **BAR}
FULL = (("node(s) didn't match pod topology spread constraints",), True)
NO_LABEL = (("node(s) didn't match pod topology spread constraints (missing required label)",), False)
TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def by(key: str, skew: int = 1, selector: Obj = FOO, **more: Any) -> Obj:
    return {
        "topologyKey": key,
        "maxSkew": skew,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": selector},
        **more,
    }


def a_pod(labels: Obj = FOO, *constraints: Obj, namespace: str = "default", **spec: Any) -> Obj:
    metadata: Obj = {"name": "p", "namespace": namespace, "labels": labels}
    if spec.pop("ending", False):
        metadata["deletionTimestamp"] = "2025-10-09T08:00:00Z"
    spec = {"containers": [{"name": "c", "image": "i"}], "topologySpreadConstraints": list(constraints), **spec}
    return {"metadata": metadata, "spec": spec}


def spread(labels: Obj = FOO, **pods: int) -> list[tuple[str, Obj]]:
    return [(name, a_pod(labels)) for name, count in pods.items() for _ in range(count)]


def affinity(key: str, operator: str, *values: str) -> Obj:
    term = {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}


def named(*names: str, **more: Obj) -> dict[str, Obj]:
    return {name: {"node": name, **more.get(name, {})} for name in names}


ZONES = named("a", "b", "x", "y", a={"zone": "1"}, b={"zone": "1"}, x={"zone": "2"}, y={"zone": "2"})
LABELLED = named("a", "b", "x", "y", a=FOO, b=FOO, x=FOO)
ONE_EACH = spread(a=1, b=1, y=1)
UNEVEN = spread(a=2, b=1, y=3)

CASES: list[Any] = [
    pytest.param(a_pod(FOO, by("zone")), ZONES, [], "", id="nobody there yet"),
    pytest.param(a_pod(FOO, by("zone")), ZONES, [("a", a_pod(namespace="other"))], "", id="other namespaces"),
    pytest.param(a_pod(FOO, by("zone")), ZONES, UNEVEN, "", id="3 and 3 in two zones"),
    pytest.param(a_pod(FOO, by("zone")), ZONES, spread(a=2, y=1), "a b", id="2 and 1 in two zones"),
    pytest.param(
        a_pod(FOO, by("zone")),
        {**ZONES, "b": {"zon": "1"}},
        spread(a=1, b=1, x=1, y=1),
        "b! x y",
        id="a misspelt label leaves a node and its pods out",
    ),
    pytest.param(a_pod(FOO, by("rack")), ZONES, [], "a! b! x! y!", id="no node has the label"),
    pytest.param(a_pod(FOO, by("node")), ZONES, UNEVEN, "a b y", id="2, 1, 0 and 3 on four nodes"),
    pytest.param(a_pod(FOO, by("node", 2)), ZONES, UNEVEN, "a y", id="a maxSkew of 2"),
    pytest.param(a_pod(BAR, by("node")), ZONES, UNEVEN, "a y", id="a pod that does not count itself"),
    pytest.param(
        a_pod(FOO, by("node"), affinity=affinity("node", "In", "a", "y")),
        ZONES,
        UNEVEN,
        "y",
        id="only nodes of the pod's affinity are compared",
    ),
    pytest.param(
        a_pod(FOO, by("zone"), affinity=affinity("node", "NotIn", "b")),
        ZONES,
        spread(b=2, y=1),
        "x y",
        id="pods on nodes outside the affinity do not count",
    ),
    pytest.param(
        a_pod(FOO, by("node")),
        named("a", "b"),
        [("a", a_pod(ending=True)), ("b", a_pod())],
        "b",
        id="pods that end do not count",
    ),
    pytest.param(
        a_pod(FOO, by("node", 2, minDomains=4)),
        named("a", "b", "c"),
        spread(a=2, b=2, c=1),
        "a b",
        id="fewer domains than minDomains: the least is nothing",
    ),
    pytest.param(
        a_pod(FOO, by("node", 2, minDomains=2)),
        named("a", "b", "c"),
        spread(a=2, b=2, c=1),
        "",
        id="enough domains for minDomains",
    ),
    pytest.param(a_pod(FOO, by("zone", 2, minDomains=3)), ZONES, ONE_EACH, "a b", id="fewer zones than minDomains"),
    pytest.param(a_pod(FOO, by("zone", 2, minDomains=1)), ZONES, ONE_EACH, "", id="enough zones for minDomains"),
    pytest.param(
        a_pod(FOO, by("node"), nodeSelector=FOO), LABELLED, ONE_EACH, "a b", id="node selector, honoured by default"
    ),
    pytest.param(
        a_pod(FOO, by("node", nodeAffinityPolicy="Ignore"), nodeSelector=FOO),
        LABELLED,
        ONE_EACH,
        "a b y",
        id="node selector, policy Ignore",
    ),
    pytest.param(
        a_pod(FOO, by("node"), affinity=affinity("foo", "In", "")),
        LABELLED,
        ONE_EACH,
        "a b",
        id="node affinity, honoured",
    ),
    pytest.param(
        a_pod(FOO, by("node", nodeAffinityPolicy="Ignore"), affinity=affinity("foo", "In", "")),
        LABELLED,
        ONE_EACH,
        "a b y",
        id="node affinity, policy Ignore",
    ),
    pytest.param(
        a_pod(FOO, by("node", nodeTaintsPolicy="Honor")), LABELLED, ONE_EACH, "a b", id="taints, policy Honor"
    ),
    pytest.param(a_pod(FOO, by("node")), LABELLED, ONE_EACH, "a b y", id="taints, ignored by default"),
    pytest.param(
        a_pod(FOO, by("node", nodeTaintsPolicy="Honor"), tolerations=[{"operator": "Exists"}]),
        LABELLED,
        ONE_EACH,
        "a b y",
        id="a tolerated taint leaves nothing out",
    ),
    pytest.param(a_pod(FOO, by("zone"), by("node")), ZONES, UNEVEN, "a b y", id="zone 3, 3 and node 2, 1, 0, 3"),
    pytest.param(
        a_pod(FOO, by("zone"), by("node")),
        ZONES,
        spread(a=2, b=1, y=4),
        "a b x y",
        id="no node is right for both constraints",
    ),
    pytest.param(
        a_pod(BOTH, by("zone"), by("node", selector=BAR)),
        ZONES,
        [*spread(a=1), *spread(BAR, y=1)],
        "a b y",
        id="own selectors: zone 1, 0 and node 0, 0, 0, 1",
    ),
    pytest.param(
        a_pod(BOTH, by("zone"), by("node", selector=BAR)),
        ZONES,
        [*spread(a=1), *spread(BAR, x=1, y=1)],
        "a b x y",
        id="own selectors: no node is right for both",
    ),
    pytest.param(
        a_pod(BOTH, by("zone"), by("node", selector=BAR)),
        ZONES,
        [*spread(a=1), *spread(BOTH, a=1, y=1), *spread(y=2)],
        "a x y",
        id="own selectors: zone 2, 3 and node 1, 0, 0, 1",
    ),
    pytest.param(
        a_pod(BAR, by("zone"), by("node", selector=BAR)),
        ZONES,
        [*spread(a=1), *spread(BAR, x=1, y=1)],
        "x y",
        id="own selectors: the pod does not count itself by zone",
    ),
    pytest.param(
        a_pod(FOO, by("zone"), by("node")),
        {**ZONES, "a": {"node": "a"}},
        spread(a=1, b=1),
        "a! b",
        id="a node without one of two labels counts for neither",
    ),
]


@follows(
    "PodTopologySpread",
    "pkg/scheduler/framework/plugins/podtopologyspread/filtering_test.go: TestSingleConstraint, TestMultipleConstraints",
)
@pytest.mark.parametrize(("pod", "nodes", "placed", "turned_down"), CASES)
def test_verdicts(verdicts: Any, view: Any, pod: Obj, nodes: Obj, placed: Any, turned_down: str) -> None:
    """`turned_down` names nodes that are too full, and with "!" those that miss a label."""
    wanted = {name.rstrip("!"): NO_LABEL if name.endswith("!") else FULL for name in turned_down.split()}
    tainted = {"y": [TAINT]} if nodes is LABELLED and "nodeSelector" not in pod["spec"] else {}
    found = verdicts(PodTopologySpread(), pod_info(pod), view(nodes, placed, taints=tainted))
    assert {name: verdict for name, verdict in found.items() if verdict} == wanted


def test_match_label_keys_compare_pods_of_one_revision_only(verdicts: Any, view: Any) -> None:
    new, old = {**FOO, "pod-template-hash": "2"}, {**FOO, "pod-template-hash": "1"}
    pod = a_pod(new, by("node", matchLabelKeys=["pod-template-hash", "absent"]))
    placed = [*spread(old, a=3), *spread(new, b=1)]
    assert verdicts(PodTopologySpread(), pod_info(pod), view(named("a", "b"), placed)) == {"a": None, "b": FULL}
