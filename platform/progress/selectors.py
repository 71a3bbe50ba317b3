"""Reads of what people have done, and the shapes the lab page and the wall show of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import User
from catalog.lesson import Lesson, Question, Step, Value
from catalog.prose import block_html, inline_html
from catalog.selectors import track_title
from progress.models import LessonProgress, StepProgress

# A person who was away for hours has not been reading for hours.
LONGEST_SITTING_S = 600


class Summary(TypedDict):
    """A person's place in a lesson, as a wall shows it. Times are epoch milliseconds, `stepTimes` seconds."""

    step: int
    steps: int
    stepSince: int
    started: int
    finished: int | None
    stepTimes: list[int]


def progress_find(*, user: User, lesson: str) -> LessonProgress | None:
    """What `user` has done in `lesson`, or None before they have opened it."""
    return LessonProgress.objects.filter(user=user, lesson=lesson).first()


def steps_by_id(progress: LessonProgress | None) -> dict[str, StepProgress]:
    """The steps that have been touched."""
    return {} if progress is None else {row.step: row for row in progress.steps.all()}


def lesson_boot(*, user: User, lesson: Lesson, cluster_id: UUID) -> dict[str, Any]:
    """The lesson as the lab page's boot data holds it."""
    progress = progress_find(user=user, lesson=lesson.ref)
    rows = steps_by_id(progress)
    steps = [step_boot(lesson, step, rows.get(step.id)) for step in lesson.steps]
    done = sum(1 for step in steps if step["done"])
    return {
        "ref": lesson.ref,
        "title": lesson.title,
        "track": {"title": track_title(lesson), "url": reverse("catalog:list")},
        "summary": lesson.summary,
        "minutes": lesson.minutes,
        "minutesLeft": round(lesson.minutes * (len(steps) - done) / len(steps)),
        "finished": progress is not None and progress.finished is not None,
        "steps": steps,
        "api": {
            "place": reverse("progress:place", args=[cluster_id]),
            "step": reverse("progress:step", args=[cluster_id]),
            "prediction": reverse("progress:prediction", args=[cluster_id]),
            "hint": reverse("progress:hint", args=[cluster_id]),
        },
    }


def step_boot(lesson: Lesson, step: Step, row: StepProgress | None) -> dict[str, Any]:
    """One step, with what the learner has done in it."""
    passed = set(row.passed) if row else set()
    return {
        "id": step.id,
        "title": step.title,
        "html": block_html(step.text_in(get_language()), live=True),
        "figure": None
        if step.figure is None
        else {
            "kind": step.figure.kind,
            "resource": step.figure.resource,
            "namespace": step.figure.namespace,
            "name": step.figure.name,
            "caption": inline_html(step.figure.caption, live=True),
        },
        "question": question_shape(step.question, row) if step.question else None,
        "checks": [
            {"id": check.id, "html": inline_html(check.say, live=True), "passed": check.id in passed}
            for check in step.checks
        ],
        "hints": hints_shape(step, row),
        "done": row is not None and row.done is not None,
    }


def question_shape(question: Question, row: StepProgress | None) -> dict[str, Any]:
    """A question as far as this learner may see it: right or wrong only once it is revealed."""
    chosen, answer = (row.chosen, row.answer) if row else ("", "")
    is_revealed = bool(chosen and answer)
    is_right = chosen == answer
    return {
        "id": question.id,
        "ask": inline_html(question.ask, live=True),
        "options": _options(question, row),
        "chosen": chosen or None,
        "right": is_right if is_revealed else None,
        "answer": answer if is_revealed else None,
        "why": inline_html(question.right if is_right else question.wrong, live=True) if is_revealed else None,
    }


def hints_shape(step: Step, row: StepProgress | None) -> dict[str, Any]:
    """The hints already asked for, and how many there are."""
    shown = step.hints[: row.hints if row else 0]
    return {"shown": [inline_html(hint, live=True) for hint in shown], "total": len(step.hints)}


def summaries(*, users: Iterable[UUID], lesson: Lesson) -> dict[UUID, Summary]:
    """Everybody's place in `lesson`, for those who have opened it. Two queries, however many people."""
    rows = LessonProgress.objects.filter(user__in=list(users), lesson=lesson.ref).prefetch_related("steps")
    return {row.user_id: summary(row, lesson) for row in rows}


def summary(progress: LessonProgress, lesson: Lesson) -> Summary:
    """One person's place in `lesson`."""
    rows = steps_by_id(progress)
    return {
        "step": lesson.position(progress.step) + 1,
        "steps": len(lesson.steps),
        "stepSince": epoch_ms(progress.step_since),
        "started": epoch_ms(progress.started),
        "finished": epoch_ms(progress.finished) if progress.finished else None,
        "stepTimes": [_seconds(rows, step.id, progress) for step in lesson.steps],
    }


def epoch_ms(moment: datetime) -> int:
    """As browsers count time."""
    return int(moment.timestamp() * 1000)


def sitting_s(since: datetime) -> int:
    """Seconds from `since` to now, as far as they count as work."""
    return min(LONGEST_SITTING_S, max(0, int((timezone.now() - since).total_seconds())))


def _seconds(rows: Mapping[str, StepProgress], step_id: str, progress: LessonProgress) -> int:
    spent = rows[step_id].spent_s if step_id in rows else 0
    is_open = step_id == progress.step and progress.finished is None
    return spent + (sitting_s(progress.step_since) if is_open else 0)


def _options(question: Question, row: StepProgress | None) -> list[dict[str, str]]:
    if isinstance(question.options, Value):
        return [{"id": text, "html": inline_html(text, live=False)} for text in (row.options if row else [])]
    return [{"id": option.id, "html": inline_html(option.text, live=False)} for option in question.options]
