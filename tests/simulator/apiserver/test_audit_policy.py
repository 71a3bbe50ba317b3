"""Which rule of an audit policy speaks of a request: the cases of Kubernetes' own checker.

https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#audit-policy; `apiserver/pkg/audit/policy` (1.33).
"""

from typing import Any

import pytest

from simulator.apiserver.audit_policy import Policy
from simulator.apiserver.authorization.attributes import Attributes
from simulator.apiserver.request import User
from tests.proof.follows import follows

CHECKER = "staging/src/k8s.io/apiserver/pkg/audit/policy/checker_test.go"
TIM, NOBODY = User("tim@k8s.io", ("humans", "developers")), User("")
RBAC = "rbac.authorization.k8s.io"
ASKED = {
    "namespaced": Attributes("get", "pods", namespace="default", name="busybox"),
    "cluster": Attributes("get", "clusterroles", RBAC, name="edit"),
    "path": Attributes("get", path="/logs/kubelet.log"),
    "subresource": Attributes("get", "pods", subresource="log", namespace="default", name="busybox"),
}
RULES: dict[str, dict[str, Any]] = {
    "default": {"level": "Metadata"},
    "create": {"level": "Request", "verbs": ["create"]},
    "tims": {"level": "Metadata", "users": ["tim@k8s.io"]},
    "humans": {"level": "Metadata", "userGroups": ["humans"]},
    "accounts": {"level": "Request", "userGroups": ["system:serviceaccounts"]},
    "pods": {"level": "RequestResponse", "verbs": ["get"], "resources": [{"resources": ["pods"]}]},
    "logs of pods": {"level": "Request", "verbs": ["get"], "resources": [{"resources": ["pods/log"]}]},
    "all": {"level": "Request", "verbs": ["get"], "resources": [{"resources": ["*"]}]},
    "all logs": {"level": "Request", "verbs": ["get"], "resources": [{"resources": ["*/log"]}]},
    "below pods": {"level": "Request", "verbs": ["get"], "resources": [{"resources": ["pods/*"]}]},
    "roles": {"level": "RequestResponse", "verbs": ["get"], "resources": [{"group": RBAC, "resources": ["clusterroles"]}], "namespaces": [""]},
    "role edit": {"level": "Request", "resources": [{"group": RBAC, "resources": ["clusterroles"], "resourceNames": ["edit"]}]},
    "logs": {"level": "RequestResponse", "verbs": ["get"], "nonResourceURLs": ["/logs*"]},
    "metrics": {"level": "Request", "verbs": ["get"], "nonResourceURLs": ["/metrics"]},
    "at once": {"level": "Request", "omitStages": ["RequestReceived"]},
}  # fmt: skip


@follows("Audit policy", f"{CHECKER}: TestChecker")
@pytest.mark.parametrize(
    ("request_of", "rules", "level"),
    [
        pytest.param("namespaced", "default", "Metadata", id="whatever is left"),
        pytest.param("namespaced", "create", "None", id="another verb"),
        pytest.param("namespaced", "tims", "Metadata", id="the user"),
        pytest.param("namespaced", "humans", "Metadata", id="a group"),
        pytest.param("namespaced", "accounts", "None", id="another group"),
        pytest.param("namespaced", "pods", "RequestResponse", id="the resource"),
        pytest.param("namespaced", "roles", "None", id="another resource"),
        pytest.param("namespaced", "logs", "None", id="paths are no resources"),
        pytest.param("namespaced", "metrics accounts default", "Metadata", id="the third rule"),
        pytest.param("namespaced", "metrics pods default", "RequestResponse", id="the second rule"),
        pytest.param("namespaced", "logs of pods,pods", "RequestResponse", id="a subresource is not asked about"),
        pytest.param("cluster", "pods", "None", id="roles are no pods"),
        pytest.param("cluster", "roles", "RequestResponse", id="roles of no namespace"),
        pytest.param("cluster", "role edit,roles", "Request", id="the first of two, by name"),
        pytest.param("cluster", "humans", "Metadata", id="a role, by group"),
        pytest.param("path", "default", "Metadata", id="a path, whatever is left"),
        pytest.param("path", "pods", "None", id="resources are no paths"),
        pytest.param("path", "logs", "RequestResponse", id="a path that begins so"),
        pytest.param("path", "metrics", "None", id="another path"),
        pytest.param("path", "tims", "Metadata", id="a path, by user"),
        pytest.param("subresource", "logs of pods,pods", "Request", id="a subresource"),
        pytest.param("subresource", "all", "Request", id="all resources"),
        pytest.param("subresource", "all logs", "Request", id="a subresource of all"),
        pytest.param("subresource", "below pods", "Request", id="all of one resource"),
        pytest.param("subresource", "pods", "None", id="its resource alone"),
    ],
)
def test_the_first_rule_that_matches_decides(request_of: str, rules: str, level: str) -> None:
    names = rules.split(",") if rules in RULES or "," in rules else rules.split()
    policy = Policy(tuple(RULES[name] for name in names), (), False)
    assert policy.verdict(TIM, ASKED[request_of]).level == level


@follows("Audit policy", f"{CHECKER}: TestChecker, TestCheckerPolicyOmitStages")
@pytest.mark.parametrize(
    ("everywhere", "rules", "omitted"),
    [
        pytest.param([], ["default"], [], id="none"),
        pytest.param([], ["at once", "default"], ["RequestReceived"], id="those of the rule"),
        pytest.param(["ResponseStarted"], ["default"], ["ResponseStarted"], id="those of the policy"),
        pytest.param(["ResponseStarted"], ["at once"], ["RequestReceived", "ResponseStarted"], id="both"),
        pytest.param(["ResponseStarted"], ["default", "at once"], ["ResponseStarted"], id="not those of a later rule"),
    ],
)
def test_stages_that_are_left_out(everywhere: list[str], rules: list[str], omitted: list[str]) -> None:
    policy = Policy(tuple(RULES[name] for name in rules), tuple(everywhere), False)
    assert sorted(policy.verdict(TIM, ASKED["namespaced"]).omitted) == omitted


@follows("Audit policy", f"{CHECKER}: TestOmitManagedFields")
@pytest.mark.parametrize(
    ("everywhere", "of_the_rule", "wanted"),
    [
        pytest.param(False, None, False, id="kept"),
        pytest.param(True, None, True, id="left out"),
        pytest.param(True, False, False, id="kept by the rule"),
        pytest.param(False, True, True, id="left out by the rule"),
    ],
)
def test_managed_fields_may_be_left_out(everywhere: bool, of_the_rule: bool | None, wanted: bool) -> None:
    rule = {"level": "RequestResponse", **({} if of_the_rule is None else {"omitManagedFields": of_the_rule})}
    assert Policy((rule,), (), everywhere).verdict(TIM, ASKED["cluster"]).without_managed_fields is wanted


def test_somebody_unknown_is_in_no_list() -> None:
    for name in ("tims", "humans"):
        assert Policy((RULES[name],), (), False).verdict(NOBODY, ASKED["namespaced"]).level == "None"
