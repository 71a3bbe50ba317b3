"""What may change in a pod that scheduling gates hold back, case by case as upstream's table has it."""

from typing import Any

import pytest

from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_update
from tests.proof.follows import follows

Obj = dict[str, Any]
BAZ, BOTH = [{"name": "baz"}], [{"name": "foo"}, {"name": "baz"}]
REQUIRED, PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
TERMS = f"spec.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms"
NO_TERMS = f"{TERMS}: Invalid value: []core.NodeSelectorTerm{{…}}: no additions/deletions to non-empty NodeSelectorTerms list are allowed"
NO_CHANGE = (
    f"{TERMS}[0]: Invalid value: core.NodeSelectorTerm{{…}}: only additions are allowed (no mutations or deletions)"
)
NO_NEW_GATE = "spec.schedulingGates[{}].name: Forbidden: only deletion is allowed, but found new scheduling gate '{}'"
NO_NARROWER = "spec.nodeSelector: Invalid value: map[string]string{{{}}}: only additions to spec.nodeSelector are allowed (no mutations or deletions)"
NOTHING_ELSE = "spec: Forbidden: pod updates may not change fields other than "


def one(key: str, value: str) -> Obj:
    return {"key": key, "operator": "In", "values": [value]}


def term(*expressions: Obj, fields: tuple[Obj, ...] = ()) -> Obj:
    found: Obj = {}
    if expressions:
        found["matchExpressions"] = list(expressions)
    if fields:
        found["matchFields"] = list(fields)
    return found


def needs(*terms: Obj, **others: Obj) -> Obj:
    return {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}, **others}}


def likes(found: Obj) -> Obj:
    return {"affinity": {"nodeAffinity": {PREFERRED: [{"weight": 1, "preference": found}]}}}


EXPR, MORE, OTHER, NAME, OTHER_NAME = (
    one("expr", "foo"),
    one("expr2", "foo2"),
    one("expr", "bar"),
    one("metadata.name", "foo"),
    one("metadata.name", "bar"),
)
FOO = needs(term(EXPR))
NARROWER = needs(term(EXPR, MORE, fields=(NAME,)))
FULL = needs(term(EXPR, fields=(NAME,)))
NEIGHBOURS = {REQUIRED: [{"topologyKey": "foo", "labelSelector": {"matchLabels": {"foo": "bar"}}}]}


def gated(spec: Obj | None = None, gates: list[Obj] | None = BAZ) -> Obj:
    held = {"schedulingGates": gates} if gates else {}
    pod_spec = {"containers": [{"name": "c", "image": "nginx"}], **(spec or {}), **held}
    return default("pods", {"metadata": {"name": "foo", "namespace": "default"}, "spec": pod_spec})


def free(spec: Obj | None = None) -> Obj:
    return gated(spec, None)


def selecting(**labels: str) -> Obj:
    return {"nodeSelector": labels}


@follows("SchedulingGates", "pkg/apis/core/validation/validation_test.go: TestValidatePodUpdate")
@follows("SchedulingGates", "test/integration/pods/pods_test.go: TestMutablePodSchedulingDirectives")
@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(gated(), gated(gates=BOTH), NO_NEW_GATE.format(0, "foo"), id="a gate more"),
        pytest.param(free(), gated(), NO_NEW_GATE.format(0, "baz"), id="a first gate"),
        pytest.param(gated(gates=BOTH), gated(), "", id="a gate less"),
        pytest.param(gated(gates=BOTH), gated(gates=BOTH[::-1]), "", id="gates in another order"),
        pytest.param(gated(), free(), "", id="no gate any more"),
        pytest.param(gated(), gated(selecting(foo="bar")), "", id="adding node selector is allowed for gated pods"),
        pytest.param(free(), free(selecting(foo="bar")), NOTHING_ELSE, id="adding node selector is not allowed for non-gated pods"),
        pytest.param(gated(selecting(foo="bar")), gated(), NO_NARROWER.format(""), id="removing node selector is not allowed for gated pods"),
        pytest.param(free(selecting(foo="bar")), free(), NOTHING_ELSE, id="removing node selector is not allowed for non-gated pods"),
        pytest.param(gated(), free(selecting(foo="bar")), "", id="old pod spec has scheduling gate, new pod spec does not, and node selector is added"),
        pytest.param(gated(selecting(foo="bar")), gated(selecting(foo="new value")), NO_NARROWER.format('"foo":"new value"'), id="modifying value of existing node selector is not allowed"),
        pytest.param(FOO_OLD := gated(FOO), gated(NARROWER), "", id="addition to nodeAffinity is allowed for gated pods"),
        pytest.param(FOO_OLD, gated({"affinity": {"nodeAffinity": {}}}), NO_TERMS, id="old required is non-nil, new required is nil, pod is gated"),
        pytest.param(free(FOO), free(NARROWER), NOTHING_ELSE, id="addition to nodeAffinity is not allowed for non-gated pods"),
        pytest.param(FOO_OLD, free(NARROWER), "", id="old pod spec has scheduling gate, new pod spec does not, and node affinity addition occurs"),
        pytest.param(FOO_OLD, gated(needs(term(fields=(NAME,)))), NO_CHANGE, id="nodeAffinity deletion from MatchExpressions not allowed"),
        pytest.param(gated(FULL), gated(FOO), NO_CHANGE, id="nodeAffinity deletion from MatchFields not allowed"),
        pytest.param(gated(FULL), gated(needs(term(OTHER, fields=(NAME,)))), NO_CHANGE, id="nodeAffinity modification of item in MatchExpressions not allowed"),
        pytest.param(gated(FULL), gated(needs(term(EXPR, fields=(OTHER_NAME,)))), NO_CHANGE, id="nodeAffinity modification of item in MatchFields not allowed"),
        pytest.param(gated(FULL), gated(needs(term(EXPR, fields=(OTHER_NAME,)), term(MORE))), NO_TERMS, id="nodeSelectorTerms addition on gated pod should fail"),
        pytest.param(gated(likes(term(EXPR))), gated(likes(term(OTHER))), "", id="preferred can be modified for gated pods"),
        pytest.param(gated(likes(term(EXPR))), gated(likes(term(EXPR, MORE, fields=(NAME,)))), "", id="preferred can have additions for gated pods"),
        pytest.param(gated(likes(term(EXPR))), gated(), "", id="preferred can have removals for gated pods"),
        pytest.param(free(likes(term(EXPR))), free(), NOTHING_ELSE, id="preferred can have no removals for non-gated pods"),
        pytest.param(FOO_OLD, gated({"affinity": {}}), NO_TERMS, id="new node affinity is nil"),
        pytest.param(gated(needs({})), gated(FOO), NO_CHANGE, id="empty NodeSelectorTerm (selects nothing) cannot become populated (selects something)"),
        pytest.param(gated(), gated(FOO), "", id="nil affinity can be mutated for gated pods"),
        pytest.param(gated(), gated(needs(term(EXPR), podAffinity=NEIGHBOURS)), NOTHING_ELSE, id="the podAffinity cannot be updated on gated pods"),
        pytest.param(gated(), gated(needs(term(EXPR), podAntiAffinity=NEIGHBOURS)), NOTHING_ELSE, id="the podAntiAffinity cannot be updated on gated pods"),
        pytest.param(FOO_OLD, gated(needs(term(one("expr", "-1")))), "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'", id="not allow update node affinity to an invalid label-value"),
        pytest.param(gated(needs(term(one("expr", "-1")))), free(needs(term(one("expr", "-1")))), "", id="allow update pod if old pod already has invalid label-value in node affinity"),
    ],
)  # fmt: skip
def test_what_may_change_behind_gates(old: Obj, new: Obj, says: str) -> None:
    found = [str(error) for error in validate_update("pods", new, old)]
    assert any(says in error for error in found) if says else found == [], found
