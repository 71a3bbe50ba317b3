"""The glossary: cards of words, found also by old and ambiguous ones (`lessons/words.yaml`).

Promises: what is asked for exactly is one card, or several when the word has several meanings; every link leads to a card. Old words carry
their successor and the version in which they were given up, so that a page can tell what holds in which version.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from django.conf import settings

from catalog.errors import LessonRefused, NoSuchWord, Problem
from catalog.word_exercises import Placing, Quiz, read_placing, read_quiz

FORMAT = 1
VERSIONS = tuple(f"1.{minor}" for minor in range(33, 18, -1))
Exercise = TypeVar("Exercise", Placing, Quiz)
_CARD = {"slug", "name", "aliases", "say", "more", "try", "see", "place", "quiz", "registry"}
_OLD = {"word", "instead", "discouraged", "gone", "say"}


@dataclass(frozen=True, slots=True)
class Card:
    """One meaning of a word."""

    slug: str
    name: str
    aliases: tuple[str, ...]
    say: str
    more: str
    command: str
    see: tuple[str, ...]
    place: Placing | None
    quiz: Quiz | None
    registry: str
    """The image whose index and manifest the card shows; empty for none."""

    @property
    def words(self) -> frozenset[str]:
        """Everything that leads here."""
        return frozenset(_plain(word) for word in (self.name, self.slug, *self.aliases))


@dataclass(frozen=True, slots=True)
class OldWord:
    """A word or form that was given up; empty versions: never so far."""

    word: str
    instead: str
    discouraged: str
    gone: str
    say: str

    def state(self, version: str) -> str:
        """What it is in a version: `gone`, `old` or `in use`."""
        if self.gone and _number(version) >= _number(self.gone):
            return "gone"
        return "old" if self.discouraged and _number(version) >= _number(self.discouraged) else "in use"


@dataclass(frozen=True, slots=True)
class Glossary:
    """All cards and old words, in the order of the data."""

    cards: tuple[Card, ...]
    old: tuple[OldWord, ...]

    def named(self, text: str) -> list[Card]:
        """The cards that `text` means exactly; several when it has several meanings."""
        wanted = _plain(text)
        return [card for card in self.cards if wanted in card.words]

    def like(self, text: str) -> list[Card]:
        """Cards in whose words or text it appears; all when nothing is asked for."""
        wanted = _plain(text)
        return [card for card in self.cards if wanted in _plain(" ".join([*sorted(card.words), card.say, card.more]))]

    def card(self, slug: str) -> Card:
        """Refuses when there is none."""
        for card in self.cards:
            if card.slug == slug:
                return card
        raise NoSuchWord("There is no card under this address; the list has all of them.")

    def replaced_by(self, slug: str) -> list[OldWord]:
        """The old words whose successor this card is."""
        return [old for old in self.old if old.instead == slug]


def glossary() -> Glossary:
    """The glossary of this installation, read once a process."""
    return _read(settings.GLOSSARY_FILE)


@cache
def _read(path: Path) -> Glossary:
    return read_glossary(path.read_text("utf-8"))


def read_glossary(text: str) -> Glossary:
    """Raises `LessonRefused` with every problem."""
    told = yaml.safe_load(text)
    problems: list[Problem] = []
    if told.get("format") != FORMAT:
        problems.append(_problem("format", repr(told.get("format")), str(FORMAT)))
    cards = tuple(_card(raw) for raw in _known("cards", told["cards"], _CARD, problems))
    old = tuple(_old(raw) for raw in _known("old", told["old"], _OLD, problems))
    slugs = [card.slug for card in cards]
    twice = sorted({slug for slug in slugs if slugs.count(slug) > 1})
    problems += [_problem("cards", f"{slug!r} twice", "it once") for slug in twice]
    links = [(card.slug, link) for card in cards for link in card.see] + [(word.word, word.instead) for word in old]
    problems += [_problem(at, f"a link to {link!r}", "the slug of a card") for at, link in links if link not in slugs]
    if problems:
        raise LessonRefused(problems)
    return Glossary(cards, old)


def _known(where: str, given: list[dict[str, Any]], keys: set[str], problems: list[Problem]) -> list[dict[str, Any]]:
    for number, raw in enumerate(given):
        unknown = sorted(raw.keys() - keys)
        if unknown:
            problems.append(_problem(f"{where}[{number}]", ", ".join(unknown), f"only {', '.join(sorted(keys))}"))
    return given


def _problem(path: str, found: str, wanted: str) -> Problem:
    return Problem("words.yaml", 1, path, found, wanted)


def _card(raw: dict[str, Any]) -> Card:
    return Card(
        raw["slug"],
        raw["name"],
        tuple(raw.get("aliases", ())),
        raw["say"],
        raw["more"],
        raw.get("try", ""),
        tuple(raw["see"]),
        _exercise(raw, "place", read_placing),
        _exercise(raw, "quiz", read_quiz),
        raw.get("registry", ""),
    )


def _exercise(raw: dict[str, Any], key: str, read: Callable[[dict[str, Any]], Exercise]) -> Exercise | None:
    if key not in raw:
        return None
    try:
        return read(raw[key])
    except (KeyError, ValueError) as error:
        path = f"{raw['slug']}.{key}"
        raise LessonRefused([_problem(path, "something else", f"{error}")]) from error


def _old(raw: dict[str, Any]) -> OldWord:
    return OldWord(raw["word"], raw["instead"], raw.get("discouraged", ""), raw.get("gone", ""), raw["say"])


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("-", " ").split())


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
