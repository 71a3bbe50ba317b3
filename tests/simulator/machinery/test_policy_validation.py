"""Objects that hold policy are whole before anybody is held to them."""

from typing import Any

import pytest

from simulator.machinery.validation import validate_create

Obj = dict[str, Any]
_GROUP = "admissionregistration.k8s.io"
POLICY, BINDING = f"validatingadmissionpolicies.{_GROUP}", f"validatingadmissionpolicybindings.{_GROUP}"
RULE: Obj = {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
WHOLE: Obj = {"matchConstraints": {"resourceRules": [RULE]}, "validations": [{"expression": "true"}]}


@pytest.mark.parametrize(
    ("resource", "obj", "paths"),
    [
        pytest.param("limitranges", {"spec": {"limits": [{"max": {}}]}}, ["spec.limits[0].type"], id="kind of limit"),
        pytest.param("limitranges", {}, [], id="no limits"),
        pytest.param("resourcequotas", {}, [], id="no quota"),
        pytest.param(
            "resourcequotas",
            {"spec": {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass"}]}}},
            ["spec.scopeSelector.matchExpressions.operator"],
            id="operator of a scope",
        ),
        pytest.param(
            "clusterroles.rbac.authorization.k8s.io",
            {"aggregationRule": {"clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "X"}]}]}},
            ["aggregationRule.clusterRoleSelectors[0].matchExpressions[0].operator"],
            id="aggregation",
        ),
        pytest.param(POLICY, {"spec": WHOLE}, [], id="whole policy"),
        pytest.param(
            POLICY,
            {"spec": {}},
            ["spec.matchConstraints", "spec.validations", "spec.auditAnnotations"],
            id="constraints",
        ),
        pytest.param(
            POLICY,
            {"spec": {**WHOLE, "validations": [{"message": "x"}, {"expression": "((("}]}},
            ["spec.validations[0].expression", "spec.validations[1].expression"],
            id="expressions",
        ),
        pytest.param(
            POLICY, {"spec": {**WHOLE, "variables": [{"expression": "1"}]}}, ["spec.variables[0].name"], id="variable"
        ),
        pytest.param(
            POLICY,
            {"spec": {**WHOLE, "paramKind": {"kind": "ConfigMap"}}},
            ["spec.paramKind.apiVersion"],
            id="parameters",
        ),
        pytest.param(BINDING, {}, ["spec.policyName", "spec.validationActions"], id="empty binding"),
        pytest.param(
            BINDING,
            {"spec": {"policyName": "p", "validationActions": ["Refuse"]}},
            ["spec.validationActions[0]"],
            id="unknown action",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_named(resource: str, obj: Obj, paths: list[str]) -> None:
    metadata: Obj = {"name": "x"}
    if resource in ("limitranges", "resourcequotas"):
        metadata["namespace"] = "default"
    found = [error.path for error in validate_create(resource, {"metadata": metadata, **obj})]
    assert list(dict.fromkeys(found)) == paths


def rule(port: Obj | None = None, **peer: Any) -> Obj:
    made: Obj = {"ports": [port]} if port is not None else {}
    return {"spec": {"podSelector": {}, "ingress": [{**made, **({"from": [peer]} if peer else {})}]}}


@pytest.mark.parametrize(
    ("policy", "problems"),
    [
        pytest.param(rule({"port": 80, "endPort": 90}), [], id="a range"),
        pytest.param(
            rule({"port": 80, "endPort": 79}),
            [("spec.ingress[0].ports[0].endPort", "must be greater than or equal to `port`")],
            id="a range that goes back",
        ),
        pytest.param(
            rule({"port": "http", "endPort": 90}),
            [("spec.ingress[0].ports[0].endPort", "may not be specified when `port` is non-numeric")],
            id="a range from a name",
        ),
        pytest.param(
            rule({"endPort": 90}),
            [("spec.ingress[0].ports[0].endPort", "may not be specified when `port` is not specified")],
            id="a range from nowhere",
        ),
        pytest.param(rule(ipBlock={"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}), [], id="an exception"),
        pytest.param(
            rule(ipBlock={"cidr": "10.0.0.0/8", "except": ["192.168.0.0/16"]}),
            [("spec.ingress[0].from[0].ipBlock.except[0]", "must be a strict subset of `cidr`")],
            id="an exception from elsewhere",
        ),
        pytest.param(
            rule(ipBlock={"cidr": "10.0.0.0/8", "except": ["all"]}),
            [
                (
                    "spec.ingress[0].from[0].ipBlock.except[0]",
                    "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
                )
            ],
            id="an exception that is no range",
        ),
    ],
)
def test_network_policies_are_whole(policy: Obj, problems: list[tuple[str, str]]) -> None:
    found = validate_create(
        "networkpolicies.networking.k8s.io", {"metadata": {"name": "wall", "namespace": "a"}, **policy}
    )
    assert [(error.path, error.detail) for error in found] == problems
