"""ValidatingAdmissionPolicy: rules in CEL that a request must meet, put into force by bindings.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/; `apiserver/pkg/admission/plugin/policy/validating`
(1.33), whose texts these are. What is wrong with a policy's types is written into its status by a controller (`policy_status.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from simulator.apiserver.admission.matching import Change
from simulator.apiserver.admission.policy_evaluation import (
    GROUP,
    Asked,
    Undecided,
    asking_about,
    bound,
    conditions_hold,
    is_subject,
    params,
    spent,
    value,
    variables,
)
from simulator.apiserver.errors import StatusError, forbidden
from simulator.engine.plain import Obj
from simulator.machinery.expressions import ExpressionError
from simulator.machinery.store import Store

POLICIES, BINDINGS = f"validatingadmissionpolicies.{GROUP}", f"validatingadmissionpolicybindings.{GROUP}"
_CODES = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413, "Invalid": 422}
_LONGEST_MESSAGE = 5_120
_LONGEST_ANNOTATION = 10_240


@dataclass(frozen=True, slots=True)
class Denial:
    policy: str
    binding: str
    message: str
    reason: str
    index: int = 0
    """Which validation of the policy it was."""
    actions: tuple[str, ...] = ()


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
    notes = _annotations(store, change)
    if found:
        notes["validation.policy.admission.k8s.io/validation_failure"] = msgspec.json.encode(found).decode()
    return notes


def _annotations(store: Store, change: Change) -> dict[str, str]:
    """What policies themselves have to say to the audit log, whatever their bindings do (`validating/dispatcher.go: auditAnnotationCollector`)."""
    found: dict[str, list[str]] = {}
    for policy, binding in bound(store, BINDINGS, POLICIES, change):
        wanted = policy["spec"].get("auditAnnotations")
        for key, text in _said_to_audit(store, policy, binding, change) if wanted else ():
            found.setdefault(f"{policy['metadata']['name']}/{key}", []).append(text[:_LONGEST_ANNOTATION])
    return {key: ", ".join(texts) for key, texts in found.items()}


def _said_to_audit(store: Store, policy: Obj, binding: Obj, change: Change) -> Iterator[tuple[str, str]]:
    """An expression that fails is told by the denial it leads to, or not at all."""
    try:
        for param in params(store, policy, binding, change):
            known = variables(store, change, param)
            if conditions_hold(policy, known):
                asked = asking_about(policy, known)
                for one in policy["spec"]["auditAnnotations"]:
                    if text := _annotation(one["valueExpression"], asked):
                        yield one["key"], text
    except Undecided:
        return


def _annotation(expression: str, asked: Asked) -> str:
    """ "" for null and for nothing but spaces. Raises Undecided (`validating/validator.go`)."""
    try:
        found = spent(expression, asked)
    except ExpressionError as error:
        raise Undecided(f"valueExpression '{expression}' resulted in error: {error}") from error
    if found is not None and not isinstance(found, str):
        kind = {bool: "bool", int: "int", float: "double", list: "list", dict: "map"}.get(type(found), "unknown")
        raise Undecided(
            f"valueExpression '{expression}' resulted in unsupported return type: {kind}. Return type must be either string or null."
        )
    return (found or "").strip()


def is_watched(store: Store, resource: str) -> bool:
    """Whether any binding is there; policies are never asked about themselves."""
    return bool(store.table(BINDINGS)) and is_subject(resource)


def _denials(store: Store, change: Change, action: str) -> Iterator[Denial]:
    for policy, binding in bound(store, BINDINGS, POLICIES, change):
        if action in (binding["spec"].get("validationActions") or ()):
            yield from _judged(store, policy, binding, change)


def _judged(store: Store, policy: Obj, binding: Obj, change: Change) -> Iterator[Denial]:
    names = (policy["metadata"]["name"], binding["metadata"]["name"])
    is_strict = policy["spec"].get("failurePolicy", "Fail") == "Fail"
    try:
        for param in params(store, policy, binding, change):
            known = variables(store, change, param)
            if conditions_hold(policy, known):
                asked = asking_about(policy, known)
                for index, validation in enumerate(policy["spec"].get("validations") or ()):
                    if (denial := _checked(names, validation, asked)) is not None:
                        yield replace(
                            denial, index=index, actions=tuple(binding["spec"].get("validationActions") or ())
                        )
                for one in policy["spec"].get("auditAnnotations") or ():
                    _annotation(one["valueExpression"], asked)
    except Undecided as trouble:
        if is_strict:
            yield Denial(*names, str(trouble), "Invalid")


def _checked(names: tuple[str, str], validation: Obj, asked: Asked) -> Denial | None:
    if value(validation["expression"], asked) is True:
        return None
    message = ""
    if validation.get("messageExpression"):
        message = _message(validation["messageExpression"], asked)
    message = message or (validation.get("message") or "").strip()
    message = message or f"failed expression: {validation['expression'].strip()}"
    return Denial(*names, message, validation.get("reason") or "Invalid")


def _message(expression: str, asked: Asked) -> str:
    """An expression that fails, or gives no short single line, leaves the choice to the plain message."""
    try:
        found = spent(expression, asked)
    except ExpressionError:
        return ""
    text = found.strip() if isinstance(found, str) else ""
    return "" if "\n" in text or len(text) > _LONGEST_MESSAGE else text


def _refusal(change: Change, denial: Denial) -> StatusError:
    says = (
        f"ValidatingAdmissionPolicy '{denial.policy}' with binding '{denial.binding}' denied request: {denial.message}"
    )
    error = forbidden(change.resource.group, change.resource.plural, change.name, says)
    details = {**error.details, "causes": [{"message": says}]}
    return StatusError(_CODES.get(denial.reason, 422), denial.reason, error.message, details)
