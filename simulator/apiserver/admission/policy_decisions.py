"""What one ValidatingAdmissionPolicy makes of one request.

Counterpart of `apiserver/pkg/admission/plugin/policy/validating/validator.go` (1.33): every validation is judged for itself, all of them
before the first message is worked out, and annotations of the audit log with a budget of their own.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from simulator.apiserver.admission.policy_evaluation import (
    BUDGET,
    Answer,
    Budget,
    Undecided,
    answered,
    asking_about,
    conditions_hold,
)
from simulator.engine.plain import Obj

_LONGEST_MESSAGE = 5_120
_KINDS = {bool: "bool", int: "int", float: "double", list: "list", dict: "map"}


class Decision(NamedTuple):
    """One reason to refuse."""

    message: str
    reason: str = ""
    place: int = 0
    """Which validation of the policy it was."""


@dataclass(frozen=True, slots=True)
class Decided:
    denials: list[Decision] = field(default_factory=list)
    annotations: list[tuple[str, str]] = field(default_factory=list)
    """What is told to the audit log."""
    failed: list[Decision] = field(default_factory=list)
    """Annotations that could not be told: refused whatever the binding does about denials."""


def decided(policy: Obj, known: Obj, budget: int = BUDGET) -> Decided:
    """`known`: what the expressions may name."""
    is_strict = policy["spec"].get("failurePolicy", "Fail") == "Fail"
    try:
        if not conditions_hold(policy, known):
            return Decided()
        denials = _denials(policy, known, Budget(budget), is_strict=is_strict)
        annotations, failed = _annotations(policy, known, Budget(budget), is_strict=is_strict)
    except Undecided as trouble:
        return Decided([Decision(str(trouble))] if is_strict else [])
    return Decided(denials, annotations, failed)


def _denials(policy: Obj, known: Obj, budget: Budget, *, is_strict: bool) -> list[Decision]:
    """Raises Undecided."""
    validations = policy["spec"].get("validations") or ()
    asked = asking_about(policy, known, budget)
    answers = [answered(one["expression"], asked) for one in validations]
    trouble = ""
    spoken: list[Answer] = []
    try:
        spoken = _messages(policy, known, budget)
    except Undecided as error:
        trouble = f"failed messageExpression: {error}"
    found: list[Decision] = []
    for index, (validation, answer) in enumerate(zip(validations, answers, strict=True)):
        if answer.error or trouble:
            found += [Decision(answer.error or trouble, place=index)] if is_strict else []
        elif answer.value is not True:
            found.append(Decision(_message(validation, spoken[index]), validation.get("reason") or "Invalid", index))
    return found


def _messages(policy: Obj, known: Obj, budget: Budget) -> list[Answer]:
    """Of every validation, whether it holds or not. Raises Undecided."""
    asked = asking_about(policy, known, budget, has_authorizer=False)
    expressions = [one.get("messageExpression") for one in policy["spec"].get("validations") or ()]
    return [answered(one, asked) if one else Answer(None) for one in expressions]


def _message(validation: Obj, spoken: Answer) -> str:
    """An expression that fails, or gives no short single line, leaves the choice to the plain message."""
    text = spoken.value.strip() if isinstance(spoken.value, str) else ""
    if "\n" in text or len(text.encode()) > _LONGEST_MESSAGE:
        text = ""
    text = text or (validation.get("message") or "").strip()
    return text or f"failed expression: {validation['expression'].strip()}"


def _annotations(
    policy: Obj, known: Obj, budget: Budget, *, is_strict: bool
) -> tuple[list[tuple[str, str]], list[Decision]]:
    """Those to tell, and those that fail. Raises Undecided."""
    asked = asking_about(policy, known, budget)
    told: list[tuple[str, str]] = []
    failed: list[Decision] = []
    wanted = policy["spec"].get("auditAnnotations") or ()
    for one, answer in [(one, answered(one["valueExpression"], asked)) for one in wanted]:
        if answer.error:
            failed += [Decision(answer.error)] if is_strict else []
        elif isinstance(answer.value, str):
            told += [(one["key"], text)] if (text := answer.value.strip()) else []
        elif answer.value is not None:
            failed.append(Decision(_unsupported(one["valueExpression"], answer.value)))
    return told, failed


def _unsupported(expression: str, value: Any) -> str:
    kind = _KINDS.get(type(value), "unknown")
    return (
        f"valueExpression '{expression}' resulted in unsupported return type: {kind}. "
        "Return type must be either string or null."
    )
