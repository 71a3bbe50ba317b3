"""Conditions of webhooks and policies, and what a ValidatingAdmissionPolicy decides: case by case as the plugins' own tests have them."""

from typing import Any

import pytest

from simulator.apiserver.admission.policy_decisions import Decided, Decision, decided
from simulator.apiserver.admission.policy_evaluation import Undecided, conditions_hold, hook_concerns
from tests.proof.follows import follows

Obj = dict[str, Any]
PLUGIN = "staging/src/k8s.io/apiserver/pkg/admission/plugin/"
KNOWN: Obj = {
    "object": {"metadata": {"name": "foo"}},
    "oldObject": None,
    "request": {"name": "foo"},
    "params": None,
    "namespaceObject": None,
}
TRUE, FALSE = "object.metadata.name == 'foo'", "object.metadata.name != 'foo'"
FAILS, FAILS_TOO = "object.spec == 1", "object.status == 1"
SPEC = f"expression '{FAILS}' resulted in error: no such key: spec"
STATUS = f"expression '{FAILS_TOO}' resulted in error: no such key: status"
OUT_OF_BUDGET = "validation failed due to running out of cost budget, no further validation rules will be run"
#: Eleven times what may be asked: each is below what one expression may cost, all are above what conditions may cost together.
COSTLY = "authorizer.group('').resource('pods').check('get').allowed() || true"


def conditions(expressions: list[str], policy: str) -> Obj:
    found: Obj = {
        "matchConditions": [{"name": f"test{place}", "expression": one} for place, one in enumerate(expressions)]
    }
    return {**found, "failurePolicy": policy} if policy else found


@follows("ValidatingAdmissionPolicy", PLUGIN + "webhook/matchconditions/matcher_test.go: TestMatch")
@follows("ValidatingAdmissionWebhook", PLUGIN + "webhook/matchconditions/matcher_test.go: TestMatch")
@pytest.mark.parametrize("is_hook", [True, False], ids=["webhook", "policy"])
@pytest.mark.parametrize(
    ("expressions", "policy", "matches"),
    [
        pytest.param([TRUE], "", True, id="single matches"),
        pytest.param([TRUE, TRUE], "", True, id="multiple match"),
        pytest.param([], "", True, id="empty evals"),
        pytest.param([FALSE], "", False, id="single no match"),
        pytest.param([FALSE, FALSE], "", False, id="multiple no match"),
        pytest.param([FALSE, TRUE], "", False, id="mixed with no match first"),
        pytest.param([TRUE, FALSE], "", False, id="mixed with no match last"),
        pytest.param([TRUE, FALSE, TRUE], "", False, id="mixed with no match middle"),
        pytest.param([TRUE, FAILS, FALSE, TRUE, FAILS], "", False, id="mix of true, errors and false"),
        pytest.param([TRUE, FAILS, TRUE, FAILS], "", SPEC, id="mix of true, errors and fail policy not set"),
        pytest.param([TRUE, FAILS, TRUE, FAILS], "Fail", SPEC, id="mix of true, errors and fail policy fail"),
        pytest.param([TRUE, FAILS, TRUE, FAILS], "Ignore", False, id="mix of true, errors and fail policy ignore"),
        pytest.param([FAILS, FAILS_TOO], "Fail", f"[{SPEC}, {STATUS}]", id="several errors"),
        pytest.param([FAILS_TOO, TRUE, FALSE], "Ignore", False, id="an error and false, fail policy ignore"),
    ],
)
def test_whom_conditions_let_through(is_hook: bool, expressions: list[str], policy: str, matches: bool | str) -> None:
    found = conditions(expressions, policy)

    def ask() -> bool:
        return hook_concerns(found, KNOWN) if is_hook else conditions_hold({"spec": found}, KNOWN)

    if isinstance(matches, bool):
        assert ask() is matches
    else:
        with pytest.raises(Undecided) as error:
            ask()
        assert str(error.value) == matches


class _Authorizer:
    def __call__(self) -> Any:
        from simulator.machinery.expressions import authorizer

        return authorizer(lambda _: (True, ""), {"group": "", "resource": "pods", "namespace": "", "name": ""})


ASKING = {**KNOWN, "authorizer": _Authorizer()}


@follows(
    "ValidatingAdmissionWebhook",
    PLUGIN + "webhook/matchconditions/matcher_test.go: TestMatch",
    "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-matchconditions",
)
@pytest.mark.parametrize(
    ("expressions", "policy", "matches"),
    [
        pytest.param([COSTLY], "", True, id="may ask who may do what"),
        pytest.param([COSTLY] * 8, "", OUT_OF_BUDGET, id="test error, no fail policy"),
        pytest.param([COSTLY] * 8, "Fail", OUT_OF_BUDGET, id="test error, fail policy fail"),
        pytest.param([COSTLY] * 8, "Ignore", False, id="test error, fail policy ignore"),
        pytest.param([FALSE] + [COSTLY] * 8, "", OUT_OF_BUDGET, id="all are asked, whatever the first says"),
    ],
)
def test_conditions_have_a_budget(expressions: list[str], policy: str, matches: bool | str) -> None:
    found = conditions(expressions, policy)
    if isinstance(matches, bool):
        assert hook_concerns(found, ASKING) is matches
    else:
        with pytest.raises(Undecided) as error:
            hook_concerns(found, ASKING)
        assert str(error.value) == matches


def rule(expression: str, **more: str) -> Obj:
    return {"expression": expression, **more}


def note(expression: str, key: str = "key") -> Obj:
    return {"key": key, "valueExpression": expression}


BUT = f"failed expression: {FALSE}"
NOT_HERE = {"reason": "Forbidden"}
TOLD = [("key", "string value")]
STRING = note("'string value'")
BAD_NOTE = note("string(object.spec)")
NOTE_FAILED = "expression 'string(object.spec)' resulted in error: no such key: spec"
WRONG_NOTE = (
    "valueExpression 'dyn(1)' resulted in unsupported return type: int. Return type must be either string or null."
)
SAID = {**NOT_HERE, "message": "test1"}
LENGTHY = "'" + "x" * 5121 + "'"
DEAR = "[1, 2, 3, 4, 5, 6, 7, 8].map(x, string(x)).join(',')"
NO_MESSAGE = f"failed messageExpression: {OUT_OF_BUDGET}"


def case(
    id: str,
    *rules: Obj,
    policy: str = "",
    denied: tuple[Any, ...] = (),
    notes: tuple[Obj, ...] = (),
    told: Any = (),
    failed: tuple[str, ...] = (),
    budget: int = 10_000_000,
    when: str = "",
) -> Any:
    """`denied`: (message, reason, place) of each."""
    spec: Obj = {"validations": list(rules), "auditAnnotations": list(notes)}
    spec |= {"failurePolicy": policy} if policy else {}
    spec |= {"matchConditions": [{"name": "when", "expression": when}]} if when else {}
    wanted = Decided([Decision(*one) for one in denied], list(told), [Decision(one) for one in failed])
    return pytest.param({"spec": spec}, budget, wanted, id=id)


@follows("ValidatingAdmissionPolicy", PLUGIN + "policy/validating/validator_test.go: TestValidate")
@pytest.mark.parametrize(
    ("policy", "budget", "wanted"),
    [
        case("pass", rule(TRUE)),
        case("multiple pass", rule(TRUE), rule(TRUE)),
        case("error with failurepolicy ignore", rule(FAILS), policy="Ignore"),
        case("error with failurepolicy nil", rule(FAILS), denied=((SPEC,),)),
        case("fail with failurepolicy fail", rule(FAILS), policy="Fail", denied=((SPEC,),)),
        case("ignore with multiple validations", rule(TRUE), rule(FAILS), policy="Ignore"),
        case("nil with multiple validations", rule(TRUE), rule(FAILS), denied=((SPEC, "", 1),)),
        case("fail with multiple validations", rule(TRUE), rule(FAILS), policy="Fail", denied=((SPEC, "", 1),)),
        case("ignore with multiple failed validations", rule(FAILS), rule(FAILS_TOO), policy="Ignore"),
        case(
            "nil with multiple failed validations",
            rule(FAILS),
            rule(FAILS_TOO),
            denied=((SPEC,), (STATUS, "", 1)),
        ),
        case(
            "fail with multiple failed validations",
            rule(FAILS),
            rule(FAILS_TOO),
            policy="Fail",
            denied=((SPEC,), (STATUS, "", 1)),
        ),
        case(
            "ignore does not hide a later denial",
            rule(FAILS),
            rule(FALSE),
            policy="Ignore",
            denied=((BUT, "Invalid", 1),),
        ),
        case("reason for fail no reason set", rule(FALSE), policy="Fail", denied=((BUT, "Invalid"),)),
        case("reason for fail reason set", rule(FALSE, **NOT_HERE), policy="Fail", denied=((BUT, "Forbidden"),)),
        case(
            "reason for failed validations multiple validations",
            rule(FALSE, **NOT_HERE),
            rule("false", reason="Unauthorized"),
            policy="Fail",
            denied=((BUT, "Forbidden"), ("failed expression: false", "Unauthorized", 1)),
        ),
        case(
            "message for failed validations",
            rule(FALSE, message=" test ", **NOT_HERE),
            policy="Fail",
            denied=(("test", "Forbidden"),),
        ),
        case(
            "message for failed validations multiple validations",
            rule(FALSE, **SAID),
            rule(FALSE, message="test2", **NOT_HERE),
            policy="Fail",
            denied=(("test1", "Forbidden"), ("test2", "Forbidden", 1)),
        ),
        case("filter error", rule(FALSE, **SAID), policy="Fail", budget=1, denied=((OUT_OF_BUDGET,),)),
        case(
            "filter error multiple evaluations",
            rule("false", **SAID),
            rule(FALSE, **SAID),
            policy="Fail",
            budget=1,
            denied=((OUT_OF_BUDGET,),),
        ),
        case("filter error with failurepolicy ignore", rule("false"), rule(FALSE), policy="Ignore", budget=1),
        case("empty validations with non-empty audit annotations", notes=(STRING,), policy="Fail", told=TOLD),
        case("non-empty validations with annotations", rule(TRUE), notes=(STRING,), policy="Fail", told=TOLD),
        case("annotations with null return", notes=(note("null"), STRING), policy="Fail", told=TOLD),
        case("annotations with nothing but spaces", notes=(note("'  '"), note("' string value '")), told=TOLD),
        case("annotations with failPolicy=fail", notes=(BAD_NOTE,), policy="Fail", failed=(NOTE_FAILED,)),
        case("annotations with failPolicy=ignore", notes=(BAD_NOTE, STRING), policy="Ignore", told=TOLD),
        case("annotations that are no text", notes=(note("dyn(1)"),), policy="Ignore", failed=(WRONG_NOTE,)),
        case("annotations out of budget", rule("false"), notes=(note(DEAR),), budget=1, denied=((OUT_OF_BUDGET,),)),
        case(
            "messageExpression successful, empty message",
            rule(FALSE, messageExpression="'evaluated message'", **NOT_HERE),
            denied=(("evaluated message", "Forbidden"),),
        ),
        case(
            "messageExpression for multiple validations",
            rule(FALSE, message="I am not overwritten", **NOT_HERE),
            rule(FALSE, message="I am overwritten", messageExpression="'evaluated message'", **NOT_HERE),
            denied=(("I am not overwritten", "Forbidden"), ("evaluated message", "Forbidden", 1)),
        ),
        case(
            "messageExpression successful, overwritten message",
            rule(FALSE, message="I am overwritten", messageExpression="'evaluated message'", **NOT_HERE),
            denied=(("evaluated message", "Forbidden"),),
        ),
        case(
            "messageExpression user failure",
            rule(FALSE, messageExpression="string(object.spec)", **SAID),
            denied=(("test1", "Forbidden"),),
        ),
        case(
            "messageExpression eval to empty",
            rule(FALSE, messageExpression="' '", **SAID),
            denied=(("test1", "Forbidden"),),
        ),
        case(
            "messageExpression eval to multi-line",
            rule(FALSE, messageExpression="'hello\\nthere'", **SAID),
            denied=(("test1", "Forbidden"),),
        ),
        case(
            "messageExpression eval result too long",
            rule(FALSE, messageExpression=LENGTHY, **SAID),
            denied=(("test1", "Forbidden"),),
        ),
        case(
            "messageExpression eval to null",
            rule(FALSE, messageExpression="dyn(null)", **SAID),
            denied=(("test1", "Forbidden"),),
        ),
        case(
            "messageExpression out of budget after successful eval of expression",
            rule(FALSE, messageExpression=DEAR, **SAID),
            budget=10,
            denied=((NO_MESSAGE,),),
        ),
        case(
            "messageExpression out of budget denies what holds",
            rule(TRUE, messageExpression=DEAR),
            budget=10,
            denied=((NO_MESSAGE,),),
        ),
        case(
            "messageExpression out of budget, ignored", rule(FALSE, messageExpression=DEAR), budget=10, policy="Ignore"
        ),
        case("no match surpresses failure", rule(FAILS), policy="Fail", when=FALSE),
        case("match error", rule(TRUE), policy="Fail", when=FAILS, denied=((SPEC,),)),
        case("match error, ignored", rule(FALSE), policy="Ignore", when=FAILS),
    ],
)
def test_what_a_policy_decides(policy: Obj, budget: int, wanted: Decided) -> None:
    assert decided(policy, KNOWN, budget) == wanted
