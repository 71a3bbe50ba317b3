"""Everything that changes what a person has done in a lesson.

Promises: a check that has passed stays passed, a prediction counts once and is judged only when its reveal has come,
and time is counted by step. Whoever shows other people's places (setting `PROGRESS_LISTENERS`) is told after a change.
Leaves the evaluation of checks to the simulator, its meaning to `judging` and the showing to `selectors`.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import User
from catalog.lesson import Lesson, Step, Value
from catalog.selectors import lesson_find, lesson_get
from labs.models import Cluster
from progress import judging
from progress.errors import AlreadyPredicted, NoLessonHere, NotAnOption
from progress.judging import Result, Results
from progress.models import LessonProgress, StepProgress
from progress.selectors import hints_shape, question_shape, sitting_s


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
    progress = lesson_open(user=user, lesson=lesson)
    _tell_listeners(user, lesson)
    return progress


def cluster_reset(cluster: Cluster) -> None:
    """A cluster that begins again takes its lesson with it (setting `CLUSTER_RESET_LISTENERS`)."""
    lesson = lesson_find(cluster.lesson or "")
    if lesson is not None:
        lesson_restart(user=cluster.owner, lesson=lesson)


@transaction.atomic
def lesson_bring(*, user: User, lesson: Lesson, step_id: str) -> LessonProgress:
    """Put `user` at the start of a step: what comes before it counts as done, it and what follows as not begun."""
    step = _step(lesson, step_id)
    at = lesson.position(step.id)
    progress = lesson_open(user=user, lesson=lesson)
    _count_time(progress)
    for before in lesson.steps[:at]:
        row, _ = StepProgress.objects.get_or_create(lesson=progress, step=before.id)
        row.passed = [check.id for check in before.checks]
        row.done = row.done or timezone.now()
        row.save(update_fields=["passed", "done"])
    progress.steps.filter(step__in=[after.id for after in lesson.steps[at:]]).delete()
    progress.step, progress.finished = step.id, None
    progress.save(update_fields=["step", "step_since", "finished"])
    _tell_listeners(user, lesson)
    return progress


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


def step_record(user: User, lesson: str, step: str, results: Sequence[Result]) -> dict[str, Any]:
    """Keep what the simulator said about the checks of one step; returns the `lesson` frame for the learner's page.

    Called twice a second for everybody who works, mostly with nothing new: then it costs one read and no lock.
    """
    found = lesson_get(lesson)
    shown = _step(found, step)
    given = Results.of(results)
    row = _row_on_screen(user, found, shown)
    if row is None or _is_news(shown, row, given):
        row = _take(user, found, shown, given)
    return {
        "step": shown.id,
        "checks": [
            {"id": check.id, "passed": check.id in row.passed, "say": given.say(check.id)} for check in shown.checks
        ],
        "done": row.done is not None,
        "question": question_shape(shown.question, row) if shown.question else None,
        "finished": row.lesson.finished is not None,
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
    if judging.is_done(step, row):
        row.done = row.done or timezone.now()
    row.save()
    if _finish(lesson, progress):
        _tell_listeners(user, lesson)
    return question_shape(question, row)


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


def _row_on_screen(user: User, lesson: Lesson, step: Step) -> StepProgress | None:
    """The row of `step`, if that is the step the learner was last seen at."""
    here = {"lesson__user": user, "lesson__lesson": lesson.ref, "lesson__step": step.id}
    return StepProgress.objects.select_related("lesson").filter(**here, step=step.id).first()


def _is_news(step: Step, row: StepProgress, results: Results) -> bool:
    is_due = row.done is None and judging.is_done(step, row)
    return (
        is_due
        or bool(judging.newly_passed(step, row, results))
        or judging.question_after(step, row, results) != judging.question_now(row)
    )


@transaction.atomic
def _take(user: User, lesson: Lesson, step: Step, results: Results) -> StepProgress:
    progress = step_enter(user=user, lesson=lesson, step_id=step.id)
    row, _ = StepProgress.objects.get_or_create(lesson=progress, step=step.id)
    row.lesson = progress
    newly = judging.newly_passed(step, row, results)
    row.passed = [*row.passed, *newly]
    question = judging.question_after(step, row, results)
    row.options, row.answer = list(question.options), question.answer
    if row.done is None and judging.is_done(step, row):
        row.done = timezone.now()
    row.save(update_fields=["passed", "options", "answer", "done"])
    if newly:
        _count_time(progress)
        progress.save(update_fields=["step_since"])
        for other, answer in judging.revealed_elsewhere(lesson, results).items():
            progress.steps.filter(step=other, answer="").exclude(chosen="").update(answer=answer)
    if _finish(lesson, progress) or newly:
        _tell_listeners(user, lesson)
    return row


def _finish(lesson: Lesson, progress: LessonProgress) -> bool:
    """Note that the lesson is finished, when it has just become so."""
    if progress.finished is not None or not judging.is_over(lesson, {row.step: row for row in progress.steps.all()}):
        return False
    progress.finished = timezone.now()
    progress.save(update_fields=["finished"])
    return True


def _tell_listeners(user: User, lesson: Lesson) -> None:
    for name in settings.PROGRESS_LISTENERS:
        listener = import_string(name)
        transaction.on_commit(partial(listener, user, lesson.ref))
