"""What the catalog refuses. A wrong lesson is refused with every mistake in it, each with its place."""

from collections.abc import Sequence
from dataclasses import dataclass

from foundation.errors import NotFound


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a lesson's files."""

    file: str
    line: int
    path: str
    found: str
    wanted: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}"
        return f"{place}: {self.path}: found {self.found}, wanted {self.wanted}"


class LessonRefused(Exception):
    """A lesson's files do not follow the schema; `problems` says where and how, in the order of the files' lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NoSuchLesson(NotFound):
    """There is no lesson under that name."""

    code = "NoSuchLesson"


class NoSuchWord(NotFound):
    """There is no card under that name."""

    code = "NoSuchWord"
