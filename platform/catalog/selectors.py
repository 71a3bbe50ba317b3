"""Reads from the catalog. Lessons are files of this installation, so they are read once a process.

A lesson that is refused is left out, with its problems in the log: one author's mistake does not close the site. The
tests load every lesson and do fail.
"""

import logging
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from catalog.errors import LessonRefused, NoSuchLesson
from catalog.lesson import Check, Lesson, Step, Track, Value
from catalog.schema import read_track

log = logging.getLogger(__name__)

OPTIONS_SUFFIX = ":options"
ANSWER_SUFFIX = ":answer"


def track_list() -> tuple[Track, ...]:
    """All tracks in their order."""
    return _tracks(settings.LESSONS_DIR)


def lesson_find(ref: str) -> Lesson | None:
    """The lesson `<track>/<slug>`, or None."""
    return _lessons(settings.LESSONS_DIR).get(ref)


def lesson_get(ref: str) -> Lesson:
    """The lesson `<track>/<slug>`; refuses when there is none."""
    lesson = lesson_find(ref)
    if lesson is None:
        raise NoSuchLesson(f"There is no lesson {ref!r}. It may have been renamed; the list has all of them.")
    return lesson


def lesson_choices() -> list[tuple[str, str]]:
    """What a form offers: ref and title, in the order of the list."""
    return [(lesson.ref, lesson.title) for track in track_list() for lesson in track.lessons]


def track_title(lesson: Lesson) -> str:
    """The title of the track `lesson` is in."""
    return next((track.title for track in track_list() if track.slug == lesson.track), lesson.track)


def step_checks(ref: str, step: str) -> list[dict[str, Any]]:
    """What to ask the simulator about one step, as the `checks` of a check command: the step's own checks, the check
    that reveals its question, and the values its question needs. Empty for an unknown lesson or step."""
    lesson = lesson_find(ref)
    found = lesson.step(step) if lesson else None
    if lesson is None or found is None:
        return []
    items = [_on_the_wire(check) for check in found.checks]
    reveal = found.question.reveal if found.question else None
    if reveal is not None and all(item["id"] != reveal for item in items):
        items += [_on_the_wire(check) for other in lesson.steps for check in other.checks if check.id == reveal]
    return items + _question_values(found)


def checks_on_the_wire(step: Step) -> list[dict[str, Any]]:
    """The checks of one step, as a check command holds them."""
    return [_on_the_wire(check) for check in step.checks]


def _on_the_wire(check: Check) -> dict[str, Any]:
    return {"id": check.id, **check.test}


def _question_values(step: Step) -> list[dict[str, Any]]:
    if step.question is None:
        return []
    wanted = ((OPTIONS_SUFFIX, step.question.options), (ANSWER_SUFFIX, step.question.answer))
    return [
        {"id": step.question.id + suffix, "value": value.query} for suffix, value in wanted if isinstance(value, Value)
    ]


@cache
def _tracks(folder: Path) -> tuple[Track, ...]:
    tracks: list[Track] = []
    for path in sorted(folder.glob("*/track.yaml")):
        try:
            tracks.append(read_track(path.parent, on_refused=_note))
        except LessonRefused as refused:
            _note(refused)
    return tuple(sorted(tracks, key=lambda track: (track.order, track.slug)))


def _note(refused: LessonRefused) -> None:
    log.error("lesson refused:\n%s", refused)


@cache
def _lessons(folder: Path) -> dict[str, Lesson]:
    return {lesson.ref: lesson for track in _tracks(folder) for lesson in track.lessons}
