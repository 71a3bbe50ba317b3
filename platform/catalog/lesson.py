"""What a lesson is, once its files have been read: frozen values, nothing else.

Checks stay plain data on purpose. The site carries them to the simulator, which alone knows how to evaluate them;
`catalog.checks` has made sure of their shape.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PlainMap = Mapping[str, Any]
DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True)
class Check:
    """One thing the learner has to bring about, and the test for it: `{"state"|"history"|"all"|"any": …}`."""

    id: str
    say: str
    test: PlainMap


@dataclass(frozen=True)
class Value:
    """Texts to be read from the cluster when they are needed."""

    query: PlainMap


@dataclass(frozen=True)
class Option:
    """One answer a learner may choose."""

    id: str
    text: str


@dataclass(frozen=True)
class Question:
    """A prediction. It is answered before, and revealed once the check named `reveal` has passed (or at once)."""

    id: str
    ask: str
    options: tuple[Option, ...] | Value
    answer: str | Value
    reveal: str | None
    right: str
    wrong: str


@dataclass(frozen=True)
class Figure:
    """A small live drawing in the text: what was declared beside what is ready."""

    kind: str
    resource: str
    namespace: str
    name: str
    caption: str


@dataclass(frozen=True)
class Step:
    """One page of a lesson. `text` is Markdown by language."""

    id: str
    title: str
    text: Mapping[str, str]
    figure: Figure | None
    question: Question | None
    checks: tuple[Check, ...]
    hints: tuple[str, ...]

    def text_in(self, language: str | None) -> str:
        """The Markdown in `language`, such as `de` or `de-ch`; in English where it has not been translated."""
        return self.text.get((language or DEFAULT_LANGUAGE)[:2], self.text[DEFAULT_LANGUAGE])


@dataclass(frozen=True)
class ClusterSetup:
    """The cluster a lesson begins with. Texts, not paths: whoever makes the cluster needs no files."""

    config: str
    template: str | None
    seed: int
    manifests: tuple[str, ...]
    settle_s: int


@dataclass(frozen=True)
class Script:
    """A recorded way through the lesson: the solution, or a wrong one with the checks that must refuse it."""

    name: str
    why: str
    actions: tuple[PlainMap, ...]
    step: str | None
    passes: tuple[str, ...]
    fails: tuple[str, ...]


@dataclass(frozen=True)
class Lesson:
    """One lesson. `ref` is `<track>/<nn-slug>`, its folder and its name everywhere."""

    ref: str
    title: str
    summary: str
    minutes: int
    objectives: tuple[str, ...]
    concepts: tuple[str, ...]
    setup: ClusterSetup
    steps: tuple[Step, ...]
    solution: Script
    wrong: tuple[Script, ...]
    folder: Path

    @property
    def track(self) -> str:
        """The folder of its track."""
        return self.ref.partition("/")[0]

    @property
    def slug(self) -> str:
        """Its own folder."""
        return self.ref.partition("/")[2]

    def step(self, step_id: str) -> Step | None:
        """The step of that id."""
        return next((step for step in self.steps if step.id == step_id), None)

    def position(self, step_id: str) -> int:
        """Where a step stands, counted from 0; the first one's place for an unknown id."""
        return next((at for at, step in enumerate(self.steps) if step.id == step_id), 0)

    def question(self, question_id: str) -> tuple[Step, Question] | None:
        """The question of that id, with its step."""
        for step in self.steps:
            if step.question is not None and step.question.id == question_id:
                return step, step.question
        return None


@dataclass(frozen=True)
class Track:
    """Lessons that belong together, in order."""

    slug: str
    title: str
    summary: str
    order: int
    lessons: tuple[Lesson, ...]
