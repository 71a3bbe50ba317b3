"""ValidatingAdmissionPolicy: rules in CEL that a request must meet, put into force by bindings.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/; `apiserver/pkg/admission/plugin/policy/validating`
(1.33), whose texts these are. Left out: audit annotations, type checking into the policy's status, parameters chosen by selector, the
`authorizer` variable.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.apiserver.errors import StatusError, forbidden
from simulator.engine.plain import Obj
from simulator.machinery.expressions import ExpressionError, evaluate
from simulator.machinery.kinds import Kinds
from simulator.machinery.resources import Resource
from simulator.machinery.selectors import from_label_selector
from simulator.machinery.store import Store

_GROUP = "admissionregistration.k8s.io"
POLICIES, BINDINGS = f"validatingadmissionpolicies.{_GROUP}", f"validatingadmissionpolicybindings.{_GROUP}"
_CODES = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413, "Invalid": 422}
_LONGEST_MESSAGE = 5_120


@dataclass(frozen=True, slots=True)
class Change:
    """One write, as policies look at it. `obj` is None for a deletion, `old` for a creation."""

    operation: str
    resource: Resource
    who: str
    obj: Obj | None
    old: Obj | None
    kinds: Kinds

    @property
    def about(self) -> Obj:
        found = self.obj if self.obj is not None else self.old
        assert found is not None
        return found

    @property
    def namespace(self) -> str:
        return str(self.about["metadata"].get("namespace", ""))


@dataclass(frozen=True, slots=True)
class Denial:
    policy: str
    binding: str
    message: str
    reason: str


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
                for validation in policy["spec"].get("validations") or ():
                    if (denial := _checked(names, validation, variables)) is not None:
                        yield denial
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
        found = evaluate(expression, variables)
    except ExpressionError:
        return ""
    text = found.strip() if isinstance(found, str) else ""
    return "" if "\n" in text or len(text) > _LONGEST_MESSAGE else text


def _value(expression: str, variables: Obj) -> Any:
    try:
        return evaluate(expression, variables)
    except ExpressionError as error:
        raise _Undecided(f"expression '{expression}' resulted in error: {error}") from error


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
        "userInfo": {"username": change.who},
    }
    namespace = store.get("namespaces", ("", change.namespace)) if change.namespace else None
    return {
        "object": change.obj,
        "oldObject": change.old,
        "request": request,
        "params": params,
        "namespaceObject": namespace,
    }


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
    rules = constraints.get("resourceRules") or ()
    if any(_in_rule(rule, change) for rule in constraints.get("excludeResourceRules") or ()):
        return False
    if (rules or needs_rules) and not any(_in_rule(rule, change) for rule in rules):
        return False
    selector = constraints.get("objectSelector")
    if selector and not any(
        from_label_selector(selector).matches(one["metadata"].get("labels")) for one in (change.obj, change.old) if one
    ):
        return False
    selector = constraints.get("namespaceSelector")
    return not selector or from_label_selector(selector).matches(_namespace_labels(store, change))


def _namespace_labels(store: Store, change: Change) -> dict[str, str]:
    if change.resource.name == "namespaces":
        return change.about["metadata"].get("labels") or {}
    namespace = store.get("namespaces", ("", change.namespace))
    return (namespace or {"metadata": {}})["metadata"].get("labels") or {}


def _in_rule(rule: Obj, change: Change) -> bool:
    resource, names = change.resource, rule.get("resourceNames")
    scope = rule.get("scope", "*")
    return (
        _has(rule, "operations", change.operation)
        and _has(rule, "apiGroups", resource.group)
        and _has(rule, "apiVersions", resource.version)
        and (_has(rule, "resources", resource.plural) or "*/*" in (rule.get("resources") or ()))
        and scope in ("*", "Namespaced" if resource.namespaced else "Cluster")
        and (not names or change.about["metadata"]["name"] in names)
    )


def _has(rule: Obj, key: str, wanted: str) -> bool:
    given = rule.get(key) or ()
    return "*" in given or wanted in given


def _refusal(change: Change, denial: Denial) -> StatusError:
    says = (
        f"ValidatingAdmissionPolicy '{denial.policy}' with binding '{denial.binding}' denied request: {denial.message}"
    )
    error = forbidden(change.resource.group, change.resource.plural, change.about["metadata"]["name"], says)
    details = {**error.details, "causes": [{"message": says}]}
    return StatusError(_CODES.get(denial.reason, 422), denial.reason, error.message, details)
