"""What is refused of roles and bindings, word for word after `pkg/apis/rbac/validation/validation.go` (1.33)."""

from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create

Obj = dict[str, Any]

CASES = [
    pytest.param(
        "roles.rbac.authorization.k8s.io",
        {"rules": [{"apiGroups": [""], "resources": ["pods"]}]},
        ["rules[0].verbs: Required value: verbs must contain at least one value"],
        id="roles: no verbs",
    ),
    pytest.param(
        "roles.rbac.authorization.k8s.io",
        {"rules": [{"verbs": ["get"], "resources": ["pods"]}]},
        ["rules[0].apiGroups: Required value: resource rules must supply at least one api group"],
        id="roles: no groups",
    ),
    pytest.param(
        "roles.rbac.authorization.k8s.io",
        {"rules": [{"verbs": ["get"], "apiGroups": [""]}]},
        ["rules[0].resources: Required value: resource rules must supply at least one resource"],
        id="roles: no resources",
    ),
    pytest.param(
        "roles.rbac.authorization.k8s.io",
        {"rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}]},
        ['rules[0].nonResourceURLs: Invalid value: []string{"/x"}: namespaced rules cannot apply to non-resource URLs'],
        id="roles: addresses",
    ),
    pytest.param(
        "clusterroles.rbac.authorization.k8s.io",
        {"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "nonResourceURLs": ["/x"]}]},
        [
            'rules[0].nonResourceURLs: Invalid value: []string{"/x"}: rules cannot apply to both regular resources and non-resource URLs'
        ],
        id="clusterroles: both",
    ),
    pytest.param(
        "clusterroles.rbac.authorization.k8s.io",
        {"aggregationRule": {}},
        [
            "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil"
        ],
        id="clusterroles: an aggregation of nothing",
    ),
    pytest.param(
        "rolebindings.rbac.authorization.k8s.io",
        {"roleRef": {"apiGroup": "x", "kind": "Pod", "name": ""}},
        [
            'roleRef.apiGroup: Unsupported value: "x": supported values: "rbac.authorization.k8s.io"',
            'roleRef.kind: Unsupported value: "Pod": supported values: "Role", "ClusterRole"',
            "roleRef.name: Required value",
        ],
        id="rolebindings: a role",
    ),
    pytest.param(
        "clusterrolebindings.rbac.authorization.k8s.io",
        {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a"}},
        ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
        id="clusterrolebindings: a role of a namespace",
    ),
    pytest.param(
        "clusterrolebindings.rbac.authorization.k8s.io",
        {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "a"},
            "subjects": [{"kind": "ServiceAccount", "name": "a"}],
        },
        ["subjects[0].namespace: Required value"],
        id="clusterrolebindings: an account without a namespace",
    ),
    pytest.param(
        "rolebindings.rbac.authorization.k8s.io",
        {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "a"},
            "subjects": [
                {"kind": "Robot", "name": "a"},
                {"kind": "User", "name": "", "apiGroup": "rbac.authorization.k8s.io"},
                {"kind": "Group", "name": "a", "apiGroup": "x"},
            ],
        },
        [
            'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
            "subjects[1].name: Required value",
            'subjects[1].name: Invalid value: "": user name cannot be empty',
            'subjects[2].apiGroup: Unsupported value: "x": supported values: "rbac.authorization.k8s.io"',
        ],
        id="rolebindings: subjects",
    ),
]


@pytest.mark.parametrize(("resource", "given", "says"), CASES)
def test_what_is_refused(resource: str, given: Obj, says: list[str]) -> None:
    known = resources.by_name(resource)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    whole = {**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}
    assert [str(error) for error in validate_create(resource, default(resource, whole))] == says
