"""Parameters of a ValidatingAdmissionPolicy, and what its bindings do with denials."""

import json
from typing import Any

import pytest

from simulator.apiserver.admission.matching import Change
from simulator.apiserver.admission.validating_policy import audit_notes
from tests.proof.follows import follows

Obj = dict[str, Any]
API = "/apis/admissionregistration.k8s.io/v1"
PLUGIN = "staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/"
MAPS = "/api/v1/namespaces/{}/configmaps"
BOUND = "ValidatingAdmissionPolicy 'demo-policy' with binding 'demo-binding' denied request: "
ALONE = "ValidatingAdmissionPolicy 'demo-policy' denied request: "
NO_KIND = "failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Limit'"
NOT_FOUND = "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
NO_NAMESPACE = "failed to configure binding: cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
HAS_NAMESPACE = "failed to configure binding: paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap"}
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace"}
LIMIT = {"apiVersion": "example.com/v1", "kind": "Limit"}
RULE = [{"apiGroups": ["", "rbac.authorization.k8s.io"], "apiVersions": ["v1"], "operations": ["CREATE"]}]
BY_PARAMS = {"expression": "params == null || object.metadata.name in params.data", "message": "not listed"}
BY_LABEL = {"expression": "has(params.metadata.labels) && 'fine' in params.metadata.labels", "message": "not fine"}


@pytest.fixture
def world(make_world: Any) -> Any:
    found = make_world()
    for namespace in ("shop", "other"):
        found.call("POST", "/api/v1/namespaces", {**NAMESPACE, "metadata": {"name": namespace}})
    for namespace, name, listed in (("shop", "first", "web"), ("shop", "second", "api"), ("other", "first", "db")):
        metadata = {"name": name, "labels": {"limits": "yes", "name": name}}
        found.create(MAPS.format(namespace), {**CONFIG_MAP, "metadata": metadata, "data": {listed: "1"}})
    return found


def policy(
    world: Any, *validations: Obj, ref: Obj | None = None, actions: tuple[str, ...] = ("Deny",), **spec: Any
) -> None:
    rules = [{**RULE[0], "resources": ["secrets", "clusterroles"]}]
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "demo-policy"},
        "spec": {"matchConstraints": {"resourceRules": rules}, "validations": list(validations), **spec},
    }
    world.create(f"{API}/validatingadmissionpolicies", body)
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "demo-binding"},
        "spec": {"policyName": "demo-policy", "validationActions": list(actions)},
    }
    if ref is not None:
        binding["spec"]["paramRef"] = ref  # type: ignore[index]
    world.create(f"{API}/validatingadmissionpolicybindings", binding)


def written(world: Any, name: str, namespace: str = "shop") -> Any:
    if not namespace:
        path, kind = "/apis/rbac.authorization.k8s.io/v1/clusterroles", "ClusterRole"
        return world.call(
            "POST", path, {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}}
        )
    path = f"/api/v1/namespaces/{namespace}/secrets"
    return world.call("POST", path, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}})


def named(name: str, action: str = "Deny", **more: str) -> Obj:
    return {"name": name, "parameterNotFoundAction": action, **more}


def selected(action: str = "Deny", **labels: str) -> Obj:
    return {"selector": {"matchLabels": labels}, "parameterNotFoundAction": action}


@follows(
    "ValidatingAdmissionPolicy",
    PLUGIN
    + "validating/admission_test.go: TestInvalidParamSourceGVK, TestInvalidParamSourceInstanceName, TestEmptyParamRef",
    PLUGIN + "validating/admission_test.go: TestNativeTypeParam, TestParamRef",
    PLUGIN + "generic/policy_dispatcher.go: CollectParams",
)
@pytest.mark.parametrize(
    ("kind", "ref", "name", "namespace", "says"),
    [
        pytest.param(CONFIG_MAP, named("first"), "web", "shop", "", id="by name: in the namespace of the request"),
        pytest.param(CONFIG_MAP, named("first"), "db", "shop", BOUND + "not listed", id="by name: not that of another"),
        pytest.param(CONFIG_MAP, named("first"), "db", "other", "", id="by name: in another namespace"),
        pytest.param(CONFIG_MAP, named("first", namespace="other"), "db", "shop", "", id="by name: in one of its own"),
        pytest.param(CONFIG_MAP, named("third"), "web", "shop", BOUND + NOT_FOUND, id="by name: not found, denied"),
        pytest.param(CONFIG_MAP, named("third", "Allow"), "web", "shop", "", id="by name: not found, allowed"),
        pytest.param(CONFIG_MAP, named("first"), "web", "", BOUND + NO_NAMESPACE, id="by name: in no namespace"),
        pytest.param(CONFIG_MAP, named("first", namespace="other"), "db", "", "", id="by name: its own, in no namespace"),
        pytest.param(CONFIG_MAP, selected(name="first"), "web", "shop", "", id="selected: one"),
        pytest.param(CONFIG_MAP, selected(limits="yes"), "web", "shop", BOUND + "not listed", id="selected: every one"),
        pytest.param(CONFIG_MAP, selected(limits="yes"), "db", "other", "", id="selected: in another namespace"),
        pytest.param(CONFIG_MAP, selected(limits="no"), "web", "shop", BOUND + NOT_FOUND, id="selected: none, denied"),
        pytest.param(CONFIG_MAP, selected("Allow", limits="no"), "web", "shop", "", id="selected: none, allowed"),
        pytest.param(CONFIG_MAP, selected(limits="yes"), "web", "", BOUND + NO_NAMESPACE, id="selected: in no namespace"),
        pytest.param(CONFIG_MAP, None, "web", "shop", "", id="a binding that names none"),
        pytest.param(NAMESPACE, named("shop", namespace="shop"), "web", "shop", BOUND + HAS_NAMESPACE, id="cluster-scoped: with a namespace"),
        pytest.param(NAMESPACE, named("none"), "web", "shop", BOUND + NOT_FOUND, id="cluster-scoped: not found"),
        pytest.param(LIMIT, named("first"), "web", "shop", ALONE + NO_KIND, id="a kind that nobody serves"),
        pytest.param(LIMIT, None, "web", "shop", ALONE + NO_KIND, id="a kind that nobody serves, not named"),
    ],
)  # fmt: skip
def test_what_a_policy_is_told(world: Any, kind: Obj, ref: Obj | None, name: str, namespace: str, says: str) -> None:
    policy(world, BY_PARAMS, paramKind=kind, ref=ref)
    response = written(world, name, namespace)
    if says:
        resource = "secrets" if namespace else "clusterroles.rbac.authorization.k8s.io"
        assert (response.status, response.body["message"]) == (422, f'{resource} "{name}" is forbidden: {says}')
    else:
        assert response.status == 201


def test_an_object_in_no_namespace_is_a_parameter_too(world: Any) -> None:
    policy(world, BY_LABEL, paramKind=NAMESPACE, ref=named("shop"))
    assert "not fine" in written(world, "web").body["message"]
    world.call("PATCH", "/api/v1/namespaces/shop", {"metadata": {"labels": {"fine": ""}}})
    assert written(world, "web").status == 201


NO = {"expression": "false", "message": "no"}
NOTE = [{"key": "k", "valueExpression": "string(object.spec)"}]
NOTE_FAILED = "expression 'string(object.spec)' resulted in error: no such key: spec"
WARNED = "Validation failed for ValidatingAdmissionPolicy 'demo-policy' with binding 'demo-binding': no"


@follows(
    "ValidatingAdmissionPolicy",
    PLUGIN
    + "validating/admission_test.go: TestWarnValidationAction, TestAuditValidationAction, TestAllValidationActions",
    PLUGIN + "validating/dispatcher.go: Dispatch",
)
@pytest.mark.parametrize(
    ("actions", "spec", "refused", "warned"),
    [
        pytest.param(("Deny",), {}, BOUND + "no", [], id="Deny"),
        pytest.param(("Warn",), {}, "", [WARNED], id="Warn"),
        pytest.param(("Audit",), {}, "", [], id="Audit"),
        pytest.param(("Warn", "Audit"), {}, "", [WARNED], id="Warn and Audit"),
        pytest.param(("Warn",), {"paramKind": LIMIT}, ALONE + NO_KIND, [], id="Warn, a kind that nobody serves"),
        pytest.param(
            ("Warn",), {"paramKind": LIMIT, "failurePolicy": "Ignore"}, "", [], id="Warn, such a kind ignored"
        ),
        pytest.param(
            ("Warn",), {"auditAnnotations": NOTE}, BOUND + NOTE_FAILED, [], id="Warn, an annotation that fails"
        ),
    ],
)
def test_what_bindings_do(world: Any, actions: tuple[str, ...], spec: Obj, refused: str, warned: list[str]) -> None:
    policy(world, NO, actions=actions, **spec)
    response = written(world, "web")
    if refused:
        assert (response.status, response.body["message"]) == (422, f'secrets "web" is forbidden: {refused}')
    else:
        assert (response.status, list(response.warnings)) == (201, warned)


def audited(world: Any) -> Obj:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web", "namespace": "shop"}}
    kinds = world.registry.kinds
    change = Change("CREATE", kinds.by_name("secrets"), "jane", secret, None, (), False, kinds)
    found: Obj = audit_notes(world.registry.store, change)
    return found


@follows("ValidatingAdmissionPolicy", PLUGIN + "validating/dispatcher.go: publishValidationFailureAnnotation")
def test_the_first_denial_is_audited(world: Any) -> None:
    """An annotation of the audit log that is there is never written over."""
    policy(world, {"expression": "true"}, NO, {"expression": "false"}, actions=("Audit", "Warn"))
    (told,) = json.loads(audited(world)["validation.policy.admission.k8s.io/validation_failure"])
    assert told == {
        "message": "no",
        "policy": "demo-policy",
        "binding": "demo-binding",
        "expressionIndex": 1,
        "validationActions": ["Audit", "Warn"],
    }


@follows("ValidatingAdmissionPolicy", PLUGIN + "validating/dispatcher.go: auditAnnotationCollector")
@pytest.mark.parametrize(
    ("expression", "told"),
    [
        pytest.param("string(params.metadata.name)", "first, second", id="one for each parameter"),
        pytest.param("'the same'", "the same", id="the same text once"),
        pytest.param("'x'.replace('x', params.metadata.name == 'first' ? '' : 'y')", "y", id="none of the first"),
    ],
)
def test_what_parameters_add_to_the_audit_log(world: Any, expression: str, told: str) -> None:
    notes = [{"key": "k", "valueExpression": expression}]
    policy(world, auditAnnotations=notes, paramKind=CONFIG_MAP, ref=selected(limits="yes"))
    assert audited(world) == {"demo-policy/k": told}


def test_a_message_may_ask_nobody(world: Any) -> None:
    asks = "authorizer.path('/').check('get').allowed() ? 'a' : 'b'"
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "asks"},
        "spec": {
            "matchConstraints": {"resourceRules": [{**RULE[0], "resources": ["secrets"]}]},
            "validations": [{"expression": "false", "messageExpression": asks}],
        },
    }
    response = world.call("POST", f"{API}/validatingadmissionpolicies", body)
    assert response.status == 422
    assert "undeclared reference to 'authorizer' (in container '')" in response.body["message"]
