"""What the simulator's answers mean for a learner: pure functions over a step, its row and the results of its checks.

Nothing here reads or writes the database, so asking whether something has changed costs nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.lesson import Lesson, Step, Value
from catalog.selectors import ANSWER_SUFFIX, OPTIONS_SUFFIX
from progress.models import StepProgress

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Results:
    """The answers to one look at a step, by the id of what was asked."""

    by_id: Mapping[str, Result]

    @classmethod
    def of(cls, results: Sequence[Result]) -> "Results":
        """As the simulator sends them."""
        return cls({str(result.get("id")): result for result in results})

    def passed(self, check_id: str | None) -> bool:
        """The check was asked about, and holds now."""
        return self.by_id.get(check_id or "", {}).get("passed") is True

    def say(self, check_id: str) -> str:
        """What the simulator says about the check."""
        return str(self.by_id.get(check_id, {}).get("say", ""))

    def values(self, value_id: str) -> list[str]:
        """The texts that were read from the cluster."""
        return [str(value)[:63] for value in self.by_id.get(value_id, {}).get("values", [])]


@dataclass(frozen=True)
class QuestionState:
    """What a row keeps about a question besides the learner's own choice."""

    options: tuple[str, ...]
    answer: str


def newly_passed(step: Step, row: StepProgress, results: Results) -> list[str]:
    """The checks of `step` that hold now and have not before."""
    return [check.id for check in step.checks if check.id not in row.passed and results.passed(check.id)]


def question_now(row: StepProgress) -> QuestionState:
    """What the row says."""
    return QuestionState(options=tuple(row.options), answer=row.answer)


def question_after(step: Step, row: StepProgress, results: Results) -> QuestionState:
    """What the row should say: options until one is chosen, the answer once it is revealed to who has predicted."""
    question, now = step.question, question_now(row)
    if question is None or now.answer:
        return now
    options = now.options
    answer: str = now.answer
    if isinstance(question.options, Value) and not row.chosen:
        options = tuple(results.values(question.id + OPTIONS_SUFFIX))
    if row.chosen and (question.reveal is None or results.passed(question.reveal)):
        answer = _answer(question.answer, results.values(question.id + ANSWER_SUFFIX))
    return QuestionState(options=options, answer=answer)


def revealed_elsewhere(lesson: Lesson, results: Results) -> dict[str, str]:
    """Step id -> answer, for questions of any step that a check has revealed and whose answer is known beforehand."""
    return {
        step.id: step.question.answer
        for step in lesson.steps
        if step.question and isinstance(step.question.answer, str) and results.passed(step.question.reveal)
    }


def is_done(step: Step, row: StepProgress) -> bool:
    """All checks have passed; without checks, the question is answered; without either, the step was read."""
    if step.checks:
        return {check.id for check in step.checks} <= set(row.passed)
    return step.question is None or bool(row.chosen)


def is_over(lesson: Lesson, rows: Mapping[str, StepProgress]) -> bool:
    """The last step was reached and every step is done; one that only has text to read may have been skipped."""
    return lesson.steps[-1].id in rows and all(
        rows[step.id].done is not None or is_done(step, rows[step.id])
        if step.id in rows
        else not step.checks and step.question is None
        for step in lesson.steps
    )


def _answer(answer: str | Value, values: list[str]) -> str:
    return answer if isinstance(answer, str) else next(iter(values), "")
