"""Everything that changes what a person has done in a lesson.

Promises: a check that has passed stays passed, a prediction counts once and is judged only when its reveal has come, and
time is counted by step. Whoever shows other people's places (setting `PROGRESS_LISTENERS`) is told after each change.
Leaves the evaluation of checks to the simulator and the showing to `selectors`.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import User
from catalog.lesson import Lesson, Step, Value
from catalog.selectors import ANSWER_SUFFIX, OPTIONS_SUFFIX, lesson_get
from progress.errors import AlreadyPredicted, NoLessonHere, NotAnOption
from progress.models import LessonProgress, StepProgress
from progress.selectors import hints_shape, question_shape, sitting_s

Result = Mapping[str, Any]


@transaction.atomic
def lesson_open(*, user: User, lesson: Lesson) -> LessonProgress:
    """The row of `user` in `lesson`, made when they open it for the first time."""
    progress, _ = LessonProgress.objects.get_or_create(
        user=user, lesson=lesson.ref, defaults={"step": lesson.steps[0].id}
    )
    return progress


@transaction.atomic
def lesson_restart(*, user: User, lesson: Lesson) -> LessonProgress:
    """Begin `lesson` again: nothing passed, nothing predicted."""
    LessonProgress.objects.filter(user=user, lesson=lesson.ref).delete()
    return lesson_open(user=user, lesson=lesson)


@transaction.atomic
def step_enter(*, user: User, lesson: Lesson, step_id: str) -> LessonProgress:
    """Note that `user` looks at another step; the time on the one before is added up."""
    step = _step(lesson, step_id)
    progress = lesson_open(user=user, lesson=lesson)
    if progress.step == step.id:
        return progress
    _count_time(progress)
    progress.step = step.id
    progress.save(update_fields=["step", "step_since"])
    _tell_listeners(user, lesson)
    return progress


@transaction.atomic
def step_record(user: User, lesson: str, step: str, results: Sequence[Result]) -> dict[str, Any]:
    """Keep what the simulator said about the checks of one step; returns the `lesson` frame for the learner's page."""
    found = lesson_get(lesson)
    shown = _step(found, step)
    progress = step_enter(user=user, lesson=found, step_id=step)
    row, _ = StepProgress.objects.get_or_create(lesson=progress, step=shown.id)
    by_id = {str(result.get("id")): result for result in results}
    newly = _take_passed(shown, row, by_id)
    _take_question(shown, row, by_id)
    _reveal_elsewhere(found, progress, by_id)
    if newly:
        _count_time(progress)
        progress.save(update_fields=["step_since"])
    if _finish(found, progress) or newly:
        _tell_listeners(user, found)
    return {
        "step": shown.id,
        "checks": [_said(check.id, row, by_id) for check in shown.checks],
        "done": row.done is not None,
        "question": question_shape(shown.question, row),
        "finished": progress.finished is not None,
    }


@transaction.atomic
def prediction_make(*, user: User, lesson: Lesson, question_id: str, option: str) -> dict[str, Any]:
    """Keep a learner's prediction; returns the question as they may see it now."""
    found = lesson.question(question_id)
    if found is None:
        raise NoLessonHere(f"The lesson {lesson.title!r} has no question {question_id!r}.")
    step, question = found
    progress = lesson_open(user=user, lesson=lesson)
    row, _ = StepProgress.objects.select_for_update().get_or_create(lesson=progress, step=step.id)
    if row.chosen:
        raise AlreadyPredicted(f"You have already predicted {row.chosen!r}; the first prediction counts.")
    known = row.options if isinstance(question.options, Value) else [each.id for each in question.options]
    if option not in known:
        raise NotAnOption(f"{option!r} is none of the options: {', '.join(known) or 'they are not read yet'}.")
    row.chosen = option
    if question.reveal is None and isinstance(question.answer, str):
        row.answer = question.answer
    if _is_done(step, row):
        row.done = row.done or timezone.now()
    row.save()
    if _finish(lesson, progress):
        _tell_listeners(user, lesson)
    shape = question_shape(question, row)
    if shape is None:
        raise AssertionError("a question has a shape")
    return shape


@transaction.atomic
def hint_show(*, user: User, lesson: Lesson, step_id: str) -> dict[str, Any]:
    """Show one more hint of a step; returns all shown so far."""
    step = _step(lesson, step_id)
    progress = lesson_open(user=user, lesson=lesson)
    row, _ = StepProgress.objects.get_or_create(lesson=progress, step=step.id)
    if row.hints < len(step.hints):
        row.hints += 1
        row.save(update_fields=["hints"])
    return hints_shape(step, row)


def guest_merge(guest: User, account: User) -> None:
    """Hand the guest's lessons over, except those the account has already begun."""
    begun = LessonProgress.objects.filter(user=account).values("lesson")
    LessonProgress.objects.filter(user=guest).exclude(lesson__in=begun).update(user=account)


def _step(lesson: Lesson, step_id: str) -> Step:
    step = lesson.step(step_id)
    if step is None:
        raise NoLessonHere(f"The lesson {lesson.title!r} has no step {step_id!r}.")
    return step


def _count_time(progress: LessonProgress) -> None:
    """Add the time since the last note to the step it was spent on."""
    spent = sitting_s(progress.step_since)
    row, _ = StepProgress.objects.get_or_create(lesson=progress, step=progress.step)
    StepProgress.objects.filter(pk=row.pk).update(spent_s=F("spent_s") + spent)
    progress.step_since = timezone.now()


def _take_passed(step: Step, row: StepProgress, by_id: Mapping[str, Result]) -> bool:
    newly = [
        check.id
        for check in step.checks
        if check.id not in row.passed and by_id.get(check.id, {}).get("passed") is True
    ]
    if newly:
        row.passed = [*row.passed, *newly]
        row.save(update_fields=["passed"])
    if row.done is None and _is_done(step, row):
        row.done = timezone.now()
        row.save(update_fields=["done"])
    return bool(newly)


def _take_question(step: Step, row: StepProgress, by_id: Mapping[str, Result]) -> None:
    """Take over what the cluster said about a question: its options until one is chosen, its answer when revealed."""
    question = step.question
    if question is None or row.answer:
        return
    before = (list(row.options), row.answer)
    if isinstance(question.options, Value) and not row.chosen:
        row.options = _values(by_id.get(question.id + OPTIONS_SUFFIX))
    is_revealed = question.reveal is None or by_id.get(question.reveal, {}).get("passed") is True
    if is_revealed and row.chosen:
        row.answer = _answer(question.answer, by_id.get(question.id + ANSWER_SUFFIX))
    if (list(row.options), row.answer) != before:
        row.save(update_fields=["options", "answer"])


def _reveal_elsewhere(lesson: Lesson, progress: LessonProgress, by_id: Mapping[str, Result]) -> None:
    """A check may reveal the question of a step that is not on screen; its answer waits there for the learner."""
    for step in lesson.steps:
        question = step.question
        is_due = question is not None and by_id.get(question.reveal or "", {}).get("passed") is True
        if question is not None and is_due and isinstance(question.answer, str):
            progress.steps.filter(step=step.id, answer="").exclude(chosen="").update(answer=question.answer)


def _answer(answer: str | Value, result: Result | None) -> str:
    if isinstance(answer, str):
        return answer
    return next(iter(_values(result)), "")


def _values(result: Result | None) -> list[str]:
    return [str(value)[:63] for value in (result or {}).get("values", [])]


def _said(check_id: str, row: StepProgress, by_id: Mapping[str, Result]) -> dict[str, Any]:
    return {
        "id": check_id,
        "passed": check_id in row.passed,
        "say": str(by_id.get(check_id, {}).get("say", "")),
    }


def _is_done(step: Step, row: StepProgress) -> bool:
    """A step is done when all its checks have passed; one without checks, when its question is answered, or by reading."""
    if step.checks:
        return {check.id for check in step.checks} <= set(row.passed)
    return step.question is None or bool(row.chosen)


def _finish(lesson: Lesson, progress: LessonProgress) -> bool:
    """Note that the lesson is finished, when it has just become so."""
    if progress.finished is not None:
        return False
    rows = {row.step: row for row in progress.steps.all()}
    is_over = lesson.steps[-1].id in rows and all(_counts_as_done(step, rows) for step in lesson.steps)
    if is_over:
        progress.finished = timezone.now()
        progress.save(update_fields=["finished"])
    return is_over


def _tell_listeners(user: User, lesson: Lesson) -> None:
    for name in settings.PROGRESS_LISTENERS:
        listener = import_string(name)
        transaction.on_commit(partial(listener, user, lesson.ref))


def _counts_as_done(step: Step, rows: Mapping[str, StepProgress]) -> bool:
    row = rows.get(step.id)
    if row is None:
        return not step.checks and step.question is None
    return _is_done(step, row)
