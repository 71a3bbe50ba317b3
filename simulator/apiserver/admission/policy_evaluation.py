"""What validating and mutating admission policies have in common: matching, parameters, variables, conditions.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/; `apiserver/pkg/admission/plugin/policy/generic` and
`policy/matching` (1.33).
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from simulator.apiserver.admission.matching import Change, in_rule, namespace_matches, objects_match
from simulator.apiserver.authorization.attributes import Attributes
from simulator.apiserver.authorization.rbac import Rbac, account_user, is_administrator
from simulator.apiserver.request import User
from simulator.engine.plain import Obj
from simulator.machinery.expressions import Declared, ExpressionError, admission_scope, lazily
from simulator.machinery.expressions import authorizer as asking
from simulator.machinery.expressions import run as run_expression
from simulator.machinery.selectors import from_label_selector
from simulator.machinery.store import Store

GROUP = "admissionregistration.k8s.io"
_POLICY_KINDS = tuple(
    f"{kind}.{GROUP}"
    for kind in (
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
    )
)


class Undecided(Exception):
    """An expression or a part of the configuration failed; the message says which."""


class Misconfigured(Undecided):
    """A policy, or a binding of it, that cannot be put to use: refused whatever the binding does about denials."""

    def __init__(self, says: str, *, is_binding: bool = True) -> None:
        super().__init__(f"failed to configure {'binding' if is_binding else 'policy'}: {says}")
        self.is_binding = is_binding


def is_subject(resource: str) -> bool:
    """Policies are never asked about themselves."""
    return resource not in _POLICY_KINDS


def bound(store: Store, bindings: str, policies: str, change: Change) -> list[tuple[Obj, Obj]]:
    """(policy, binding) of everything that concerns a write, by the name of the binding."""
    found = []
    for binding in sorted(store.table(bindings).values(), key=lambda one: str(one["metadata"]["name"])):
        policy = store.get(policies, ("", binding["spec"]["policyName"]))
        if (
            policy is not None
            and _matches(store, policy["spec"].get("matchConstraints") or {}, change, needs_rules=True)
            and _matches(store, binding["spec"].get("matchResources") or {}, change, needs_rules=False)
        ):
            found.append((policy, binding))
    return found


#: What all expressions of a policy about one request may cost together (`apis/cel/config.go`).
BUDGET, _BUDGET_OF_CONDITIONS = 10_000_000, 2_500_000
_OUT_OF_BUDGET = "validation failed due to running out of cost budget, no further validation rules will be run"


class Budget:
    """What is left to spend on the expressions of one policy."""

    def __init__(self, left: int = BUDGET) -> None:
        self._left = left

    def spend(self, cost: int) -> None:
        """Raises Undecided."""
        if cost > self._left:
            raise Undecided(_OUT_OF_BUDGET)
        self._left -= cost


class Asked(NamedTuple):
    """What expressions of one policy are asked about: what they may name, what that holds, and what they may spend."""

    scope: Declared
    known: Obj
    budget: Budget

    @property
    def authorizer(self) -> Any:
        return self.known["authorizer"]() if "authorizer" in self.known else None


class Answer(NamedTuple):
    """What came of one expression."""

    value: Any
    error: str = ""


def answered(expression: str, asked: Asked) -> Answer:
    """Raises Undecided when the budget is spent (`admission/plugin/cel/condition.go: ForInput`)."""
    try:
        return Answer(_spent(expression, asked))
    except ExpressionError as error:
        return Answer(None, f"expression '{expression}' resulted in error: {error}")


def _spent(expression: str, asked: Asked) -> Any:
    """The value, after its cost is paid. Raises ExpressionError, Undecided."""
    plain = {name: one for name, one in asked.known.items() if name != "authorizer"}
    asks = asked.authorizer if "authorizer" in expression else None
    outcome = run_expression(expression, plain, authorizer=asks, scope=asked.scope)
    asked.budget.spend(outcome.cost)
    return outcome.value


def conditions_hold(policy: Obj, known: Obj) -> bool:
    """Raises Undecided."""
    spec = policy["spec"]
    return _all_hold(spec, admission_scope(has_params=_has_params(policy)), known)


def hook_concerns(hook: Obj, known: Obj) -> bool:
    """Whether the conditions of a webhook hold. Raises Undecided."""
    return _all_hold(hook, admission_scope(is_hook=True), known)


def _all_hold(spec: Obj, scope: Declared, known: Obj) -> bool:
    """One that is false wins over those that fail (`webhook/matchconditions/matcher.go: Match`)."""
    asked = Asked(scope, known, Budget(_BUDGET_OF_CONDITIONS))
    try:
        answers = [answered(one["expression"], asked) for one in spec.get("matchConditions") or ()]
        if any(one.value is False for one in answers):
            return False
        failed = list(dict.fromkeys(one.error for one in answers if one.error))
        if failed:
            raise Undecided(failed[0] if len(failed) == 1 else f"[{', '.join(failed)}]")
    except Undecided:
        if spec.get("failurePolicy") == "Ignore":
            return False
        raise
    return True


def asking_about(
    policy: Obj,
    known: Obj,
    budget: Budget | None = None,
    *,
    makes_objects: bool = False,
    has_authorizer: bool = True,
) -> Asked:
    """With `variables.<name>`, each of which is worked out when an expression first names it, and may use those before it."""
    named = policy["spec"].get("variables") or ()
    scope = admission_scope(
        has_params=_has_params(policy), variables=named, makes_objects=makes_objects, has_authorizer=has_authorizer
    )
    everything = {**known}
    asked = Asked(scope, everything, budget or Budget())
    inside = asked
    if not has_authorizer:
        inside = asked._replace(scope=admission_scope(has_params=_has_params(policy), variables=named))
    everything["variables"] = lazily(
        {one["name"]: _composed(one["expression"], inside) for one in named},
        'composited variable "{name}" fails to evaluate: {error}',
    )
    return asked


def _composed(expression: str, asked: Asked) -> Callable[[], Any]:
    return lambda: _spent(expression, asked)


def _has_params(policy: Obj) -> bool:
    return policy["spec"].get("paramKind") is not None


def variables(store: Store, change: Change, params: Obj | None) -> Obj:
    resource = change.resource
    request = {
        "operation": change.operation,
        "name": change.name,
        "namespace": change.namespace,
        "kind": change.kind,
        "requestKind": change.kind,
        "subResource": change.subresource,
        "requestSubResource": change.subresource,
        "resource": {"group": resource.group, "version": resource.version, "resource": resource.plural},
        "requestResource": {"group": resource.group, "version": resource.version, "resource": resource.plural},
        "userInfo": change.user_info,
        "dryRun": change.dry_run,
        "options": None,
    }
    namespace = store.get("namespaces", ("", change.namespace)) if change.namespace else None
    return {
        "object": change.obj,
        "oldObject": change.old,
        "request": request,
        "params": params,
        "namespaceObject": namespace,
        "authorizer": lambda: asking(_decider(store, change), _about(change)),
    }


def _about(change: Change) -> dict[str, str]:
    """What `authorizer.requestResource` asks about."""
    resource = change.resource
    return {
        "group": resource.group,
        "resource": resource.plural,
        "namespace": change.namespace,
        "name": change.name,
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


def params(store: Store, policy: Obj, binding: Obj, change: Change) -> Sequence[Obj | None]:
    """The parameter objects to judge by, one after the other; a policy without parameters is judged once. Raises Misconfigured."""
    kind, reference = policy["spec"].get("paramKind"), binding["spec"].get("paramRef")
    if not kind:
        return (None,)
    resource = change.kinds.by_kind(kind["apiVersion"], kind["kind"])
    if resource is None:
        shown = f"{kind['apiVersion']}, Kind={kind['kind']}"
        raise Misconfigured(f"failed to find resource referenced by paramKind: '{shown}'", is_binding=False)
    if not reference:
        return (None,)
    if resource.namespaced and not (reference.get("namespace") or change.namespace):
        raise Misconfigured("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")
    if reference.get("namespace") and not resource.namespaced:
        raise Misconfigured("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
    namespace = (reference.get("namespace") or change.namespace) if resource.namespaced else ""
    if reference.get("name"):
        named = store.get(resource.name, (namespace, reference["name"]))
        found = [named] if named is not None else []
    else:
        selector = from_label_selector(reference.get("selector") or {})
        rows = store.in_namespace(resource.name, namespace) if namespace else store.table(resource.name).values()
        chosen = [one for one in rows if selector.matches(one["metadata"].get("labels"))]
        found = sorted(chosen, key=lambda one: str(one["metadata"]["name"]))
    if not found and reference.get("parameterNotFoundAction") == "Deny":
        raise Misconfigured("no params found for policy binding with `Deny` parameterNotFoundAction")
    return found


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
