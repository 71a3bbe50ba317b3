"""ValidatingAdmissionPolicy: rules in CEL that a request must meet, put into force by bindings.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/; `apiserver/pkg/admission/plugin/policy/validating`
(1.33), whose texts these are. What is wrong with a policy's types is written into its status by a controller (`policy_status.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from simulator.apiserver.admission.matching import Change
from simulator.apiserver.admission.policy_decisions import Decided, Decision, decided
from simulator.apiserver.admission.policy_evaluation import GROUP, Misconfigured, bound, is_subject, params, variables
from simulator.apiserver.errors import StatusError, forbidden
from simulator.engine.plain import Obj
from simulator.machinery.store import Store

POLICIES, BINDINGS = f"validatingadmissionpolicies.{GROUP}", f"validatingadmissionpolicybindings.{GROUP}"
_CODES = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413, "Invalid": 422}
_LONGEST_ANNOTATION = 10_240


@dataclass(frozen=True, slots=True)
class Denial:
    policy: str
    binding: str
    """Empty where the policy itself cannot be put to use."""
    decision: Decision

    @property
    def message(self) -> str:
        return self.decision.message


def is_watched(store: Store, resource: str) -> bool:
    """Whether any binding is there; policies are never asked about themselves."""
    return bool(store.table(BINDINGS)) and is_subject(resource)


def refuse(store: Store, change: Change) -> None:
    """Raises StatusError when a binding that denies is not met, or something cannot be put to use."""
    for policy, binding in bound(store, BINDINGS, POLICIES, change):
        for denial in _refusals(store, policy, binding, change):
            raise _refusal(change, denial)


def warnings(store: Store, change: Change) -> list[str]:
    """What bindings that warn have to say."""
    return [
        f"Validation failed for ValidatingAdmissionPolicy '{one.policy}' with binding '{one.binding}': {one.message}"
        for policy, binding in bound(store, BINDINGS, POLICIES, change)
        if "Warn" in _actions(binding)
        for one in _denials(store, policy, binding, change)
    ]


def audit_notes(store: Store, change: Change) -> dict[str, str]:
    """For the audit log: what policies want to tell it, and the first denial that a binding wants there."""
    notes = _annotations(store, change)
    for policy, binding in bound(store, BINDINGS, POLICIES, change):
        denials = _denials(store, policy, binding, change) if "Audit" in _actions(binding) else iter(())
        if (denial := next(denials, None)) is not None:
            notes["validation.policy.admission.k8s.io/validation_failure"] = _failure(denial, binding)
            break
    return notes


def _failure(denial: Denial, binding: Obj) -> str:
    """`publishValidationFailureAnnotation`: an annotation that is there cannot be overwritten."""
    told = {
        "message": denial.message,
        "policy": denial.policy,
        "binding": denial.binding,
        "expressionIndex": denial.decision.place,
        "validationActions": _actions(binding),
    }
    return msgspec.json.encode([told]).decode()


def _annotations(store: Store, change: Change) -> dict[str, str]:
    """What policies themselves have to say to the audit log, whatever their bindings do: each text once (`auditAnnotationCollector`)."""
    found: dict[str, dict[str, None]] = {}
    for policy, binding in bound(store, BINDINGS, POLICIES, change):
        for one in _decided(store, policy, binding, change) if policy["spec"].get("auditAnnotations") else ():
            for key, text in one.annotations:
                known = found.setdefault(f"{policy['metadata']['name']}/{key}", {})
                known[text.encode()[:_LONGEST_ANNOTATION].decode(errors="ignore")] = None
    return {key: ", ".join(texts) for key, texts in found.items()}


def _actions(binding: Obj) -> list[str]:
    return binding["spec"].get("validationActions") or []


def _decided(store: Store, policy: Obj, binding: Obj, change: Change) -> Iterator[Decided]:
    """For each parameter; nothing where there is something wrong with them."""
    try:
        given = params(store, policy, binding, change)
    except Misconfigured:
        return
    for param in given:
        yield decided(policy, variables(store, change, param))


def _denials(store: Store, policy: Obj, binding: Obj, change: Change) -> Iterator[Denial]:
    """Of the validations alone."""
    for one in _decided(store, policy, binding, change):
        yield from (Denial(*_names(policy, binding), decision) for decision in one.denials)


def _refusals(store: Store, policy: Obj, binding: Obj, change: Change) -> Iterator[Denial]:
    """`dispatcher.go: Dispatch`: what denies, and what denies even though the binding only warns."""
    name, bound_by = _names(policy, binding)
    try:
        params(store, policy, binding, change)
    except Misconfigured as trouble:
        if policy["spec"].get("failurePolicy", "Fail") == "Fail":
            yield Denial(name, bound_by if trouble.is_binding else "", Decision(str(trouble)))
        return
    for one in _decided(store, policy, binding, change):
        denials = one.denials if "Deny" in _actions(binding) else []
        yield from (Denial(name, bound_by, decision) for decision in (*denials, *one.failed))


def _names(policy: Obj, binding: Obj) -> tuple[str, str]:
    return policy["metadata"]["name"], binding["metadata"]["name"]


def _refusal(change: Change, denial: Denial) -> StatusError:
    by = f" with binding '{denial.binding}'" if denial.binding else ""
    says = f"ValidatingAdmissionPolicy '{denial.policy}'{by} denied request: {denial.message}"
    error = forbidden(change.resource.group, change.resource.plural, change.name, says)
    details = {**error.details, "causes": [{"message": says}]}
    reason = denial.decision.reason or "Invalid"
    return StatusError(_CODES.get(reason, 422), reason, error.message, details)
