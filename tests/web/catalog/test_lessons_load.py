"""Every lesson of this repository can be read. Whether it can be solved is `tests/lessons/`'s question."""

from pathlib import Path

import pytest

from catalog.schema import read_lesson, read_track

LESSONS = Path(__file__).resolve().parents[3] / "lessons"
TRACKS = sorted(path.parent for path in LESSONS.glob("*/track.yaml"))
FOLDERS = sorted(path.parent for path in LESSONS.glob("*/*/lesson.yaml"))


def test_there_are_lessons() -> None:
    assert len(FOLDERS) >= 1
    assert {folder.parent for folder in FOLDERS} <= set(TRACKS)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_the_lesson_follows_the_schema(folder: Path) -> None:
    assert read_lesson(folder).folder == folder


@pytest.mark.parametrize("folder", TRACKS, ids=lambda folder: folder.name)
def test_the_track_follows_the_schema(folder: Path) -> None:
    assert read_track(folder).lessons
