"""What a ValidatingAdmissionPolicy gets wrong about types stands in its status, and keeps nobody from using it."""

from typing import Any

import pytest

from simulator.controllers.admission_policy_status import AdmissionPolicyStatusController
from simulator.machinery.kinds import Kinds
from simulator.machinery.policy_types import types_to_check
from tests.proof.follows import follows

Obj = dict[str, Any]
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"


def rule(groups: list[str], versions: list[str], resources: list[str]) -> Obj:
    return {"apiGroups": groups, "apiVersions": versions, "resources": resources, "operations": ["*"]}


DEPLOYMENTS = rule(["apps"], ["v1"], ["deployments"])


def policy(*validations: Obj, rules: tuple[Obj, ...] = (DEPLOYMENTS,), **spec: Any) -> Obj:
    constraints = {"resourceRules": list(rules)}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "demo"},
        "spec": {"matchConstraints": constraints, "validations": list(validations), **spec},
    }


@pytest.fixture
def world(make_world: Any) -> Any:
    return make_world(AdmissionPolicyStatusController)


def checked(world: Any, body: Obj) -> Obj:
    world.create(POLICIES, body)
    world.run()
    found: Obj = world.registry.get("test", "validatingadmissionpolicies.admissionregistration.k8s.io", "", "demo")[
        "status"
    ]
    return found


def warnings(world: Any, body: Obj) -> list[tuple[str, str]]:
    """(field, first line without the kind) of every warning."""
    found = checked(world, body)["typeChecking"].get("expressionWarnings", [])
    return [(one["fieldRef"].removeprefix("spec.validations"), one["warning"].splitlines()[0]) for one in found]


@follows(
    "validatingadmissionpolicy-status-controller",
    "pkg/controller/validatingadmissionpolicystatus/controller_test.go: TestTypeChecking",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating/typechecking_test.go: TestTypeCheck",
)
@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param(policy({"expression": "object.spec.replicas > 1"}), [], id="deployment with correct expression"),
        pytest.param(
            policy({"expression": "object.spec.replicas < 100"}, {"expression": "object.spec.replicas > '1'"}),
            [("[1].expression", "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'")],
            id="deployment with type confusion",
        ),
        pytest.param(
            policy({"expression": "object.spec.nonExistingFirst > 1"}, {"expression": "object.spec.replicas > '1'"}),
            [
                ("[0].expression", "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'nonExistingFirst'"),
                ("[1].expression", "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'"),
            ],
            id="two expressions different type checking errors",
        ),
        pytest.param(
            policy({"expression": "object.foo == 'bar'", "messageExpression": "string(object.foo) + 'x'"}),
            [
                ("[0].expression", "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'foo'"),
                ("[0].messageExpression", "apps/v1, Kind=Deployment: ERROR: <input>:1:14: undefined field 'foo'"),
            ],
            id="message expressions",
        ),
        pytest.param(
            policy({"expression": "object.spec.paused == params.data.x"}, paramKind={"apiVersion": "v1", "kind": "ConfigMap"}),
            [("[0].expression", "apps/v1, Kind=Deployment: ERROR: <input>:1:20: found no matching overload for '_==_' applied to '(bool, string)'")],
            id="params",
        ),
        pytest.param(
            policy({"expression": "params.spec.x == 1"}, paramKind={"apiVersion": "example.com/v1", "kind": "Unknown"}),
            [("[0].expression", "apps/v1, Kind=Deployment: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')")],
            id="params of a kind that is not there",
        ),
        pytest.param(policy({"expression": "authorizer.group('').resource('endpoints').check('create').allowed()"}), [], id="authorizer"),
        pytest.param(
            policy({"expression": "variables.works"}, variables=[{"name": "works", "expression": "true"}]), [], id="variables valid"
        ),
        pytest.param(
            policy({"expression": "variables.name == object.spec.replicas"}, variables=[{"name": "name", "expression": "dyn(object.metadata.name)"}]),
            [],
            id="a variable of any type",
        ),
        pytest.param(
            policy({"expression": "variables.name == object.spec.replicas"}, variables=[{"name": "name", "expression": "object.metadata.name"}]),
            [("[0].expression", "apps/v1, Kind=Deployment: ERROR: <input>:1:16: found no matching overload for '_==_' applied to '(string, int)'")],
            id="variables field wrong type",
        ),
        pytest.param(
            policy({"expression": "object.spec.containers.all(c, has(c.resources.limits))"}, rules=(rule([""], ["v1"], ["pods"]),)),
            [("[0].expression", "/v1, Kind=Pod: ERROR: <input>:1:34: undefined field 'limits'")],
            id="quantities are not seen",
        ),
        pytest.param(policy({"expression": "object.foo == 1"}, rules=(rule(["apps"], ["v1"], ["*"]),)), [], id="wildcards are passed over"),
        pytest.param(policy({"expression": "object.foo == 1"}, rules=(rule(["x.io"], ["v1"], ["things"]),)), [], id="unresolved schema"),
    ],
)  # fmt: skip
def test_expressions_are_held_to_the_types_of_the_kinds(world: Any, body: Obj, found: list[tuple[str, str]]) -> None:
    assert warnings(world, body) == found


def test_a_warning_names_every_kind_and_shows_the_place(world: Any) -> None:
    """https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#type-checking"""
    both = rule(["apps"], ["v1"], ["deployments", "replicasets"])
    status = checked(world, policy({"expression": "object.replicas > 1"}, rules=(both,)))
    (warning,) = status["typeChecking"]["expressionWarnings"]
    assert warning == {
        "fieldRef": "spec.validations[0].expression",
        "warning": (
            "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n"
            " | object.replicas > 1\n"
            " | ......^\n"
            "\n"
            "apps/v1, Kind=ReplicaSet: ERROR: <input>:1:7: undefined field 'replicas'\n"
            " | object.replicas > 1\n"
            " | ......^\n"
        ),
    }
    assert status["observedGeneration"] == 1


def test_a_policy_is_looked_at_again_when_it_changes(world: Any) -> None:
    assert checked(world, policy({"expression": "object.foo == 1"}))["typeChecking"] != {}
    world.call("PATCH", f"{POLICIES}/demo", {"spec": {"validations": [{"expression": "object.spec.replicas == 1"}]}})
    world.run()
    status = world.registry.get("test", "validatingadmissionpolicies.admissionregistration.k8s.io", "", "demo")[
        "status"
    ]
    assert status == {"observedGeneration": 2, "typeChecking": {}}
    before = world.registry.store.revision
    world.run(600)
    assert world.registry.store.revision == before


@pytest.mark.parametrize(
    ("rules", "kinds"),
    [
        pytest.param((), [], id="empty"),
        pytest.param((DEPLOYMENTS,), ["apps/v1, Kind=Deployment"], id="specific"),
        pytest.param(
            (DEPLOYMENTS, rule([""], ["v1"], ["pods"])), ["/v1, Kind=Pod", "apps/v1, Kind=Deployment"], id="multiple"
        ),
        pytest.param((rule(["apps"], ["v1"], ["*"]),), [], id="all resources"),
        pytest.param((rule(["apps"], ["v1"], ["pods/*"]),), [], id="sub resources"),
        pytest.param(
            (DEPLOYMENTS, rule(["apps"], ["*"], ["deployments"])), ["apps/v1, Kind=Deployment"], id="mixtures"
        ),
    ],
)
def test_which_kinds_are_looked_at(rules: tuple[Obj, ...], kinds: list[str]) -> None:
    """`typechecking_test.go: TestExtractTypeNames`."""
    assert [str(one) for one in types_to_check(policy(rules=rules), Kinds())] == kinds


def test_what_a_policy_leaves_open_is_filled_in(world: Any) -> None:
    """`pkg/apis/admissionregistration/v1/defaults.go`."""
    spec = world.create(POLICIES, policy({"expression": "true"}))["spec"]
    assert spec["failurePolicy"] == "Fail"
    constraints = spec["matchConstraints"]
    assert {key: constraints[key] for key in ("matchPolicy", "namespaceSelector", "objectSelector")} == {
        "matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {},
    }  # fmt: skip
    assert constraints["resourceRules"][0]["scope"] == "*"
