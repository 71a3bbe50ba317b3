"""What goes wrong with an expression: issues of its text, and failures of its evaluation."""

from __future__ import annotations

from dataclasses import dataclass


class CelError(Exception):
    """The expression has no value for what it was given; operators `&&` and `||` may absorb it."""


class CostExceeded(Exception):
    """Evaluation was given up because it did too much; nothing absorbs it."""

    def __init__(self) -> None:
        super().__init__("operation cancelled: actual cost limit exceeded")


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong at one place of the text."""

    at: int
    """Offset in code points."""
    message: str

    def shown(self, text: str) -> str:
        """As `common/error.go: ToDisplayString` of cel-go writes it, with the line and a mark below the place."""
        line = text.count("\n", 0, self.at)
        start = text.rfind("\n", 0, self.at) + 1
        column = self.at - start
        snippet = text.split("\n")[line] if text else ""
        head = f"ERROR: <input>:{line + 1}:{column + 1}: {self.message}"
        marks = "".join("\uff0e" if ord(sign) > 0x7F and _is_wide(sign) else "." for sign in snippet[:column])
        return f"{head}\n | {snippet}\n | {marks.ljust(column, '.')}^"


def _is_wide(sign: str) -> bool:
    return ord(sign) >= 0x1100


class CompileError(Exception):
    """The text is no expression, or not one of these types."""

    def __init__(self, issues: list[Issue], text: str) -> None:
        self.issues = sorted(issues, key=lambda issue: issue.at)
        super().__init__("\n".join(issue.shown(text) for issue in self.issues))

    @property
    def says(self) -> str:
        return f"compilation failed: {self}"


class InstantiationError(CompileError):
    """An expression that is right and still cannot become a program."""

    def __init__(self, why: str) -> None:
        self.issues = []
        Exception.__init__(self, why)

    @property
    def says(self) -> str:
        return f"program instantiation failed: {self}"
