"""The ways in which a filter can go wrong."""

from __future__ import annotations

from typing import Any


class JqError(Exception):
    """Base class."""


class JqSyntaxError(JqError):
    """The filter cannot be read; the text is what stands behind `jq: error: `."""

    def __init__(self, text: str, *more: str) -> None:
        """`more`: further errors that follow from it."""
        super().__init__(text)
        self.texts = [text, *more]


class JqValueError(JqError):
    """`error(value)`: what `try` catches."""

    def __init__(self, value: Any) -> None:
        super().__init__(str(value))
        self.value = value


class JqBreak(JqError):
    """`break $label`."""

    def __init__(self, label: object) -> None:
        super().__init__("break")
        self.label = label


class JqTooLong(JqError):
    """The filter took more steps than one command may."""
