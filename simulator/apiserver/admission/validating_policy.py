"""ValidatingAdmissionPolicy: rules in CEL that a request must meet, put into force by bindings.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/; `apiserver/pkg/admission/plugin/policy/validating`
(1.33), whose texts these are. Left out: `auditAnnotations`, type checking into the policy's status, parameters chosen by selector.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from simulator.apiserver.admission.matching import Change, in_rule, namespace_matches, objects_match
from simulator.apiserver.authorization.attributes import Attributes
from simulator.apiserver.authorization.rbac import Rbac, account_user, is_administrator
from simulator.apiserver.errors import StatusError, forbidden
from simulator.apiserver.request import User
from simulator.engine.plain import Obj
from simulator.machinery.expressions import ExpressionError, authorizer, evaluate
from simulator.machinery.store import Store

_GROUP = "admissionregistration.k8s.io"
POLICIES, BINDINGS = f"validatingadmissionpolicies.{_GROUP}", f"validatingadmissionpolicybindings.{_GROUP}"
_CODES = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413, "Invalid": 422}
_LONGEST_MESSAGE = 5_120


@dataclass(frozen=True, slots=True)
class Denial:
    policy: str
    binding: str
    message: str
    reason: str
    index: int = 0
    """Which validation of the policy it was."""
    actions: tuple[str, ...] = ()


class _Undecided(Exception):
    """An expression of the policy failed; the message says which."""


def refuse(store: Store, change: Change) -> None:
    """Raises StatusError when a binding that denies is not met."""
    for denial in _denials(store, change, "Deny"):
        raise _refusal(change, denial)


def warnings(store: Store, change: Change) -> list[str]:
    """What bindings that only warn have to say."""
    return [
        f"Validation failed for ValidatingAdmissionPolicy '{one.policy}' with binding '{one.binding}': {one.message}"
        for one in _denials(store, change, "Warn")
    ]


def audit_notes(store: Store, change: Change) -> dict[str, str]:
    """What bindings that audit have found (`validating/dispatcher.go: publishValidationFailureAnnotation`)."""
    found = [
        {
            "message": one.message,
            "policy": one.policy,
            "binding": one.binding,
            "expressionIndex": one.index,
            "validationActions": list(one.actions),
        }
        for one in _denials(store, change, "Audit")
    ]
    if not found:
        return {}
    return {"validation.policy.admission.k8s.io/validation_failure": msgspec.json.encode(found).decode()}


def is_watched(store: Store, resource: str) -> bool:
    """Whether any binding is there; policies are never asked about themselves."""
    return bool(store.table(BINDINGS)) and resource not in (POLICIES, BINDINGS)


def _denials(store: Store, change: Change, action: str) -> Iterator[Denial]:
    for binding in sorted(store.table(BINDINGS).values(), key=lambda one: str(one["metadata"]["name"])):
        spec = binding["spec"]
        policy = store.get(POLICIES, ("", spec["policyName"]))
        if policy is None or action not in (spec.get("validationActions") or ()):
            continue
        matches = _matches(store, policy["spec"].get("matchConstraints") or {}, change, needs_rules=True)
        if matches and _matches(store, spec.get("matchResources") or {}, change, needs_rules=False):
            yield from _judged(store, policy, binding, change)


def _judged(store: Store, policy: Obj, binding: Obj, change: Change) -> Iterator[Denial]:
    names = (policy["metadata"]["name"], binding["metadata"]["name"])
    is_strict = policy["spec"].get("failurePolicy", "Fail") == "Fail"
    try:
        for params in _params(store, policy, binding, change):
            variables = _variables(store, change, params)
            if _conditions_hold(policy, variables):
                variables["variables"] = _composed(policy, variables)
                for index, validation in enumerate(policy["spec"].get("validations") or ()):
                    if (denial := _checked(names, validation, variables)) is not None:
                        yield replace(
                            denial, index=index, actions=tuple(binding["spec"].get("validationActions") or ())
                        )
    except _Undecided as trouble:
        if is_strict:
            yield Denial(*names, str(trouble), "Invalid")


def _checked(names: tuple[str, str], validation: Obj, variables: Obj) -> Denial | None:
    if _value(validation["expression"], variables) is True:
        return None
    message = ""
    if validation.get("messageExpression"):
        message = _message(validation["messageExpression"], variables)
    message = message or (validation.get("message") or "").strip()
    message = message or f"failed expression: {validation['expression'].strip()}"
    return Denial(*names, message, validation.get("reason") or "Invalid")


def _message(expression: str, variables: Obj) -> str:
    """An expression that fails, or gives no short single line, leaves the choice to the plain message."""
    try:
        found = _evaluated(expression, variables)
    except ExpressionError:
        return ""
    text = found.strip() if isinstance(found, str) else ""
    return "" if "\n" in text or len(text) > _LONGEST_MESSAGE else text


def _value(expression: str, variables: Obj) -> Any:
    try:
        return _evaluated(expression, variables)
    except ExpressionError as error:
        raise _Undecided(f"expression '{expression}' resulted in error: {error}") from error


def _evaluated(expression: str, variables: Obj) -> Any:
    """`authorizer` is no object: it is made when an expression names it."""
    plain = {name: value for name, value in variables.items() if name != "authorizer"}
    asks = variables["authorizer"]() if "authorizer" in expression and "authorizer" in variables else None
    return evaluate(expression, plain, authorizer=asks)


def _conditions_hold(policy: Obj, variables: Obj) -> bool:
    conditions = policy["spec"].get("matchConditions") or ()
    return all(_value(condition["expression"], variables) is True for condition in conditions)


def _composed(policy: Obj, variables: Obj) -> Obj:
    """`variables.<name>`, each of which may use those before it."""
    found: Obj = {}
    for variable in policy["spec"].get("variables") or ():
        found[variable["name"]] = _value(variable["expression"], {**variables, "variables": found})
    return found


def _variables(store: Store, change: Change, params: Obj | None) -> Obj:
    resource = change.resource
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    request = {
        "operation": change.operation,
        "name": change.about["metadata"]["name"],
        "namespace": change.namespace,
        "kind": kind,
        "resource": {"group": resource.group, "version": resource.version, "resource": resource.plural},
        "userInfo": {"username": change.who, "groups": list(change.groups)},
        "dryRun": change.dry_run,
    }
    namespace = store.get("namespaces", ("", change.namespace)) if change.namespace else None
    return {
        "object": change.obj,
        "oldObject": change.old,
        "request": request,
        "params": params,
        "namespaceObject": namespace,
        "authorizer": lambda: authorizer(_decider(store, change), _about(change)),
    }


def _about(change: Change) -> dict[str, str]:
    """What `authorizer.requestResource` asks about."""
    resource = change.resource
    return {
        "group": resource.group,
        "resource": resource.plural,
        "namespace": change.namespace,
        "name": change.about["metadata"]["name"],
    }


def _decider(store: Store, change: Change) -> Callable[[dict[str, str]], tuple[bool, str]]:
    rbac = Rbac(store)

    def decide(asked: dict[str, str]) -> tuple[bool, str]:
        user = User(change.who, change.groups)
        if account := asked.get("account", ""):
            user = account_user(*account.split(":", 1))
        kept = ("verb", "resource", "group", "subresource", "namespace", "name", "path")
        if is_administrator(user):
            return True, ""
        verdict = rbac.decide(user, Attributes(**{key: asked.get(key, "") for key in kept}))
        return verdict.allowed, verdict.reason

    return decide


def _params(store: Store, policy: Obj, binding: Obj, change: Change) -> Sequence[Obj | None]:
    """The parameter objects to judge by, one after the other; a policy without parameters is judged once."""
    kind, reference = policy["spec"].get("paramKind"), binding["spec"].get("paramRef")
    if not kind or not reference:
        return (None,)
    resource = change.kinds.by_kind(kind["apiVersion"], kind["kind"])
    if resource is None or not reference.get("name"):
        raise _Undecided(f"failed to configure binding: no parameters of kind {kind['kind']} can be looked up")
    namespace = (reference.get("namespace") or change.namespace) if resource.namespaced else ""
    found = store.get(resource.name, (namespace, reference["name"]))
    if found is not None:
        return (found,)
    if reference.get("parameterNotFoundAction") == "Allow":
        return ()
    raise _Undecided(
        "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
    )


# Matching


def _matches(store: Store, constraints: Obj, change: Change, *, needs_rules: bool) -> bool:
    rules, exact = constraints.get("resourceRules") or (), constraints.get("matchPolicy") == "Exact"
    if any(in_rule(rule, change, exact=exact) for rule in constraints.get("excludeResourceRules") or ()):
        return False
    if (rules or needs_rules) and not any(in_rule(rule, change, exact=exact) for rule in rules):
        return False
    return objects_match(constraints.get("objectSelector"), change) and namespace_matches(
        store, constraints.get("namespaceSelector"), change
    )


def _refusal(change: Change, denial: Denial) -> StatusError:
    says = (
        f"ValidatingAdmissionPolicy '{denial.policy}' with binding '{denial.binding}' denied request: {denial.message}"
    )
    error = forbidden(change.resource.group, change.resource.plural, change.about["metadata"]["name"], says)
    details = {**error.details, "causes": [{"message": says}]}
    return StatusError(_CODES.get(denial.reason, 422), denial.reason, error.message, details)
