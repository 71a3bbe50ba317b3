"""ValidatingAdmissionPolicy: CEL rules that deny or warn.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/; texts from `policy/validating`.
"""

from typing import Any

import pytest

from simulator.apiserver.admission.matching import Change
from simulator.apiserver.admission.validating_policy import audit_notes
from tests.proof.follows import follows

Obj = dict[str, Any]
API = "/apis/admissionregistration.k8s.io/v1"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
MAPS = "/api/v1/namespaces/shop/configmaps"


@pytest.fixture
def world(make_world: Any) -> Any:
    return make_world()


def rule(*resources: str, groups: str = "apps", operations: tuple[str, ...] = ("CREATE", "UPDATE")) -> Obj:
    return {"apiGroups": [groups], "apiVersions": ["v1"], "operations": list(operations), "resources": list(resources)}


def policy(
    world: Any, *validations: Obj, rules: list[Obj] | None = None, actions: tuple[str, ...] = ("Deny",), **spec: Any
) -> None:
    constraints = {"resourceRules": rules or [rule("deployments")]}
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "demo-policy"},
        "spec": {"matchConstraints": constraints, "validations": list(validations), **spec},
    }
    world.create(f"{API}/validatingadmissionpolicies", body)
    bind(world, actions=actions)


def bind(world: Any, **spec: Any) -> None:
    actions = list(spec.pop("actions"))
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "demo-binding"},
        "spec": {"policyName": "demo-policy", "validationActions": actions, **spec},
    }
    world.create(f"{API}/validatingadmissionpolicybindings", body)


def deployment(replicas: int, name: str = "web") -> Obj:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


AT_MOST_FIVE = {"expression": "object.spec.replicas <= 5"}
PREFIX = (
    "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'demo-policy' with binding 'demo-binding' "
    "denied request: "
)


@follows(
    "ValidatingAdmissionPolicy",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating/validator_test.go: TestValidate",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating/dispatcher.go",
)
@pytest.mark.parametrize(
    ("validation", "code", "reason", "says"),
    [
        pytest.param(AT_MOST_FIVE, 422, "Invalid", "failed expression: object.spec.replicas <= 5", id="expression"),
        pytest.param({**AT_MOST_FIVE, "message": "too many"}, 422, "Invalid", "too many", id="message"),
        pytest.param(
            {**AT_MOST_FIVE, "messageExpression": "'found ' + string(object.spec.replicas)", "reason": "Forbidden"},
            403,
            "Forbidden",
            "found 9",
            id="message expression and reason",
        ),
    ],
)
def test_a_request_that_fails_is_denied_word_for_word(
    world: Any, validation: Obj, code: int, reason: str, says: str
) -> None:
    policy(world, validation)
    response = world.call("POST", DEPLOYMENTS, deployment(9))
    assert (response.status, response.body["reason"], response.body["message"]) == (code, reason, PREFIX + says)
    world.create(DEPLOYMENTS, deployment(5))
    assert world.call("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 6}}).status == code


def test_components_are_asked_too(world: Any) -> None:
    rules = [rule("pods", groups="", operations=("CREATE",))]
    policy(world, {"expression": "!request.userInfo.username.endsWith(':replicaset-controller')"}, rules=rules)
    spec = {"containers": [{"name": "c", "image": "nginx"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"}, "spec": spec}
    with pytest.raises(Exception, match="denied request"):
        world.client.create("pods", pod)


def test_a_binding_that_warns_lets_pass(world: Any) -> None:
    policy(world, AT_MOST_FIVE, actions=("Warn", "Audit"))
    response = world.call("POST", DEPLOYMENTS, deployment(9))
    assert (response.status, list(response.warnings)) == (
        201,
        [
            "Validation failed for ValidatingAdmissionPolicy 'demo-policy' with binding 'demo-binding': "
            "failed expression: object.spec.replicas <= 5"
        ],
    )


def test_conditions_variables_and_namespaces_narrow_it(world: Any) -> None:
    policy(
        world,
        {"expression": "variables.count <= 5"},
        variables=[{"name": "count", "expression": "object.spec.replicas"}],
        matchConditions=[{"name": "not-free", "expression": "object.metadata.name != 'free'"}],
    )
    assert world.call("POST", DEPLOYMENTS, deployment(9)).status == 422
    world.create(DEPLOYMENTS, deployment(9, "free"))


def test_a_failing_expression_follows_the_failure_policy(world: Any) -> None:
    policy(world, {"expression": "object.spec.nothing == 1"})
    assert "resulted in error" in world.call("POST", DEPLOYMENTS, deployment(1)).body["message"]
    path = f"{API}/validatingadmissionpolicies/demo-policy"
    assert world.call("PATCH", path, {"spec": {"failurePolicy": "Ignore"}}).status == 200
    world.create(DEPLOYMENTS, deployment(1))


def test_a_deletion_can_be_denied(world: Any) -> None:
    rules = [rule("configmaps", groups="", operations=("DELETE",))]
    policy(world, {"expression": "oldObject.metadata.name != 'keep'", "message": "keep it"}, rules=rules)
    for name in ("keep", "other"):
        world.create(MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
    assert world.call("DELETE", f"{MAPS}/keep").status == 422
    assert world.call("DELETE", f"{MAPS}/other").status == 200


def test_a_policy_may_ask_who_may_do_what(world: Any) -> None:
    """https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-authorizer-library"""
    asks = "authorizer.group('apps').resource('deployments').namespace('shop').check('frobnicate').allowed()"
    mine = "authorizer.requestResource.check('create').allowed()"
    account = "!authorizer.serviceAccount('shop', 'default').path('/metrics').check('get').allowed()"
    policy(world, {"expression": f"({asks}) && ({mine})"}, {"expression": account})
    world.create(DEPLOYMENTS, deployment(1))


def test_three_questions_are_too_many_for_one_expression(world: Any) -> None:
    """`apiserver/pkg/cel/library/cost.go`: a check costs 350,000, an expression may cost 1,000,000."""
    ask = "authorizer.group('').resource('pods').check('get').allowed()"
    policy(world, {"expression": f"{ask} && {ask} && {ask}"})
    says = f"expression '{ask} && {ask} && {ask}' resulted in error: operation cancelled: actual cost limit exceeded"
    response = world.call("POST", DEPLOYMENTS, deployment(1))
    assert (response.status, response.body["message"]) == (422, PREFIX + says)


LOG = [
    {"key": "replicas", "valueExpression": "'asked for ' + string(object.spec.replicas)"},
    {"key": "none", "valueExpression": "null"},
]


@follows(
    "ValidatingAdmissionPolicy",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating/dispatcher.go",
    "https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#audit-annotations",
)
@pytest.mark.parametrize(
    ("validations", "annotations", "actions", "wanted"),
    [
        pytest.param([AT_MOST_FIVE], LOG, ("Deny",), {"demo-policy/replicas": "asked for 2"}, id="beside a validation that holds"),
        pytest.param([{"expression": "false"}], LOG[:1], ("Warn",), {"demo-policy/replicas": "asked for 2"}, id="beside one that does not"),
        pytest.param([], [{"key": "blank", "valueExpression": "'  '"}], ("Deny",), {}, id="nothing to say"),
    ],
)  # fmt: skip
def test_a_policy_speaks_to_the_audit_log(
    world: Any, validations: list[Obj], annotations: list[Obj], actions: tuple[str, ...], wanted: Obj
) -> None:
    policy(world, *validations, auditAnnotations=annotations, actions=actions)
    kind = world.registry.kinds.by_name("deployments.apps")
    change = Change(
        "CREATE",
        kind,
        "jane",
        {**deployment(2), "metadata": {"name": "web", "namespace": "shop"}},
        None,
        (),
        False,
        world.registry.kinds,
    )
    assert audit_notes(world.registry.store, change) == wanted


def test_an_annotation_that_fails_denies(world: Any) -> None:
    expression = "string(object.spec.none)"
    policy(world, auditAnnotations=[{"key": "k", "valueExpression": expression}])
    response = world.call("POST", DEPLOYMENTS, deployment(2))
    says = f"expression '{expression}' resulted in error: no such key: none"
    assert (response.status, response.body["message"]) == (422, PREFIX + says)
