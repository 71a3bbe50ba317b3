"""Every lesson is solved by its own solution, unsolved before it, and refuses each of its wrong solutions.

Replayed on the simulator without a browser, a database or a clock on the wall.
"""

from pathlib import Path
from typing import Any

import pytest

from catalog.lesson import Lesson, Script
from catalog.schema import read_lesson
from simulator.cluster import Cluster

ROOT = Path(__file__).parent.parent.parent / "lessons"
FOLDERS = sorted(path.parent for path in ROOT.glob("*/*/lesson.yaml"))
LESSONS = [read_lesson(folder) for folder in FOLDERS]
WRONG = [(lesson, script) for lesson in LESSONS for script in lesson.wrong]
SECOND = 1_000_000


class Replay:
    """A lesson's cluster, and what a learner does to it."""

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self.cluster = Cluster.create(lesson.setup.config, seed=lesson.setup.seed)
        for manifest in lesson.setup.manifests:
            reply = self.cluster.apply({"kind": "apply-yaml", "text": manifest})
            assert not reply["problems"], reply["problems"]
        self.wait(lesson.setup.settle_s)
        self.passed: dict[str, bool] = {}
        self.predictions: list[tuple[str, str]] = []

    def play(self, script: Script) -> None:
        for action in script.actions:
            self.do(dict(action))
            for check, passed in self.check().items():
                self.passed[check] = self.passed.get(check, False) or passed

    def do(self, action: dict[str, Any]) -> None:
        if "wait_s" in action:
            self.wait(action["wait_s"])
        elif "shell" in action:
            given = action["shell"]
            given = {"line": given} if isinstance(given, str) else given
            reply = self.cluster.apply({"kind": "shell", **given})
            assert reply["exit"] == 0, reply
        elif "apply" in action:
            reply = self.cluster.apply({"kind": "apply-yaml", "text": action["apply"]})
            assert not reply["problems"], reply["problems"]
        elif "fault" in action:
            assert "error" not in self.cluster.apply({"kind": "fault", **action["fault"]})
        else:
            self.predictions.append((action["predict"]["question"], action["predict"]["option"]))

    def wait(self, seconds: float) -> None:
        until = self.cluster.now + int(seconds * SECOND)
        while not self.cluster.advance(until):
            continue

    def check(self) -> dict[str, bool]:
        """What holds right now."""
        checks = [
            {"id": check.id, "say": check.say, **check.test} for step in self.lesson.steps for check in step.checks
        ]
        return {
            result["id"]: result["passed"]
            for result in self.cluster.apply({"kind": "check", "checks": checks})["results"]
        }


def named(lesson: Lesson) -> str:
    return lesson.slug


def test_there_are_lessons_with_wrong_solutions() -> None:
    assert len(LESSONS) >= 1
    assert all(len(lesson.wrong) >= 5 for lesson in LESSONS)


@pytest.mark.parametrize("lesson", LESSONS, ids=named)
def test_no_step_with_a_task_is_solved_before_the_learner_did_anything(lesson: Lesson) -> None:
    holds = Replay(lesson).check()
    for step in lesson.steps:
        if step.checks:
            assert not all(holds[check.id] for check in step.checks), step.id


@pytest.mark.parametrize("lesson", LESSONS, ids=named)
def test_its_own_solution_solves_every_step(lesson: Lesson) -> None:
    replay = Replay(lesson)
    replay.play(lesson.solution)
    assert replay.passed
    assert [check for check, passed in replay.passed.items() if not passed] == []


@pytest.mark.parametrize("lesson", LESSONS, ids=named)
def test_its_solution_predicts_rightly(lesson: Lesson) -> None:
    replay = Replay(lesson)
    replay.play(lesson.solution)
    for name, option in replay.predictions:
        found = lesson.question(name)
        assert found is not None
        assert found[1].answer == option


@pytest.mark.parametrize(("lesson", "script"), WRONG, ids=[f"{lesson.slug}/{script.name}" for lesson, script in WRONG])
def test_a_wrong_solution_is_refused(lesson: Lesson, script: Script) -> None:
    replay = Replay(lesson)
    replay.play(script)
    holds = replay.check()
    for check in script.fails:
        assert not holds[check], check
    for check in script.passes:
        assert replay.passed[check], check
