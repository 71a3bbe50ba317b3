"""The pages of the glossary: search, the question which meaning is meant, a card."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from catalog.errors import NoSuchWord
from catalog.word_exercises import Placing, Quiz
from catalog.words import VERSIONS, glossary
from simulator.workloads.image_catalog import catalog
from simulator.workloads.images import parse
from simulator.workloads.oci import document


@require_GET
def word_list(request: HttpRequest) -> HttpResponse:
    """All cards, or what was searched for. A word with one meaning opens its card, one with several asks which."""
    asked = " ".join(request.GET.get("q", "").split())[:80]
    words = glossary()
    meant = words.named(asked) if asked else []
    if len(meant) == 1:
        return redirect(f"{reverse('words:card', args=[meant[0].slug])}?{request.GET.urlencode()}")
    version = request.GET.get("version", VERSIONS[0])
    version = version if version in VERSIONS else VERSIONS[0]
    context = {
        "asked": asked,
        "meant": meant,
        "found": [] if meant else words.like(asked),
        "old": [(old, words.card(old.instead), old.state(version)) for old in words.old],
        "version": version,
        "versions": VERSIONS,
        "section": "words",
    }
    return render(request, "catalog/words.html", context)


@require_GET
def word_card(request: HttpRequest, slug: str) -> HttpResponse:
    """One meaning, with the old words for it and the cards beside it."""
    words = glossary()
    card = words.card(slug)
    asked = " ".join(request.GET.get("q", "").split())[:80]
    answers = request.GET.dict()
    namesakes = [other for alias in card.aliases for other in words.named(alias) if other != card]
    context = {
        "card": card,
        "placing": card.place and _placing(card.place, answers),
        "quiz": card.quiz and _quiz(card.quiz, answers),
        "kept": _kept(card.registry),
        "asked": asked if asked and card in words.named(asked) and asked.lower() != card.name.lower() else "",
        "see": [other for other in map(words.card, card.see) if other not in namesakes],
        "namesakes": namesakes,
        "old": words.replaced_by(slug),
        "crumbs": [{"title": "Words", "url": reverse("words:list")}, {"title": card.name}],
        "section": "words",
    }
    return render(request, "catalog/word.html", context)


def _placing(placing: Placing, answers: Mapping[str, str]) -> dict[str, Any]:
    items = placing.items(answers)
    placed = [item for item in items if item.at is not None]
    return {
        "ask": placing.ask,
        "nested": placing.nested,
        "boxes": [(box, [item for item in items if item.at == at]) for at, box in enumerate(placing.boxes)],
        "waiting": [item for item in items if item.at is None],
        "judged": bool(placed),
        "right": sum(item.is_right for item in items),
        "total": len(items),
        "items": items,
    }


def _quiz(quiz: Quiz, answers: Mapping[str, str]) -> dict[str, Any]:
    chosen = quiz.chosen(answers)
    return {
        "ask": quiz.ask,
        "choices": quiz.choices,
        "at": chosen,
        "chosen": None if chosen is None else quiz.choices[chosen],
    }


def _kept(reference: str) -> dict[str, str] | None:
    """What the registry keeps of an image: the index, and the manifest of its first platform."""
    if not reference:
        return None
    name = parse(reference)
    index = document(catalog(), name)
    if index is None:
        raise NoSuchWord(f"The catalogue of images does not know {reference!r}, which this card shows.")
    entry = index["manifests"][0]
    manifest = document(catalog(), replace(name, digest=entry["digest"]))
    return {
        "image": reference,
        "index": json.dumps(index, indent=2),
        "digest": entry["digest"],
        "platform": f"{entry['platform']['os']}/{entry['platform']['architecture']}",
        "manifest": json.dumps(manifest, indent=2),
    }
