"""Objects that hold policy are whole before anybody is held to them."""

from typing import Any

import pytest

from simulator.machinery.validation import validate_create

Obj = dict[str, Any]
_GROUP = "admissionregistration.k8s.io"
POLICY, BINDING = f"validatingadmissionpolicies.{_GROUP}", f"validatingadmissionpolicybindings.{_GROUP}"
WHOLE: Obj = {"matchConstraints": {"resourceRules": []}, "validations": [{"expression": "true"}]}


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
        pytest.param(POLICY, {"spec": {}}, ["spec.matchConstraints"], id="constraints"),
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
            ["spec.validationActions"],
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
