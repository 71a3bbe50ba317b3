"""Small exercises on a card of the glossary: put things in their place, choose the right answer.

Promises: an answer is judged from what the page sends and from nothing else, so a link with answers in it shows the same to everybody;
nothing is stored. What is put in place is told why it belongs there; what is not, only that it does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Box:
    """A place, and the one thing that belongs there."""

    name: str
    item: str
    because: str


@dataclass(frozen=True, slots=True)
class Item:
    """A thing as the page shows it: `field` is its form field, `at` the index of the box it lies in, None in none."""

    field: str
    name: str
    at: int | None
    is_right: bool
    because: str


@dataclass(frozen=True, slots=True)
class Placing:
    """Things to put into boxes; `nested` boxes lie within each other, the first one outermost."""

    ask: str
    boxes: tuple[Box, ...]
    nested: bool

    def items(self, answers: Mapping[str, str]) -> list[Item]:
        """In the order of their names, which tells nothing."""
        return [
            self._item(number, home, answers)
            for number, home in enumerate(sorted(self.boxes, key=lambda box: box.item))
        ]

    def _item(self, number: int, home: Box, answers: Mapping[str, str]) -> Item:
        at = _index(answers.get(f"item-{number}", ""), len(self.boxes))
        return Item(f"item-{number}", home.item, at, at is not None and self.boxes[at] is home, home.because)


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer, and what is to be said about it."""

    say: str
    right: bool
    why: str


@dataclass(frozen=True, slots=True)
class Quiz:
    """A question with one right answer."""

    ask: str
    choices: tuple[Choice, ...]

    def chosen(self, answers: Mapping[str, str]) -> int | None:
        """The index of the answer that was sent; None for none."""
        return _index(answers.get("answer", ""), len(self.choices))


def read_placing(raw: Mapping[str, Any]) -> Placing:
    """Raises `ValueError` naming what is wrong."""
    boxes = tuple(Box(box["name"], box["item"], box["because"]) for box in raw["boxes"])
    if len({box.item for box in boxes}) < len(boxes) or len(boxes) < 2:
        raise ValueError("two boxes at least, each with a thing of its own")
    return Placing(raw["ask"], boxes, bool(raw.get("nested", False)))


def read_quiz(raw: Mapping[str, Any]) -> Quiz:
    """Raises `ValueError` naming what is wrong."""
    choices = tuple(Choice(one["say"], bool(one.get("right", False)), one["why"]) for one in raw["choices"])
    if sum(choice.right for choice in choices) != 1:
        raise ValueError("exactly one right choice")
    return Quiz(raw["ask"], choices)


def _index(text: str, count: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) < count else None
