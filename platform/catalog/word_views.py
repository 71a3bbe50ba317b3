"""The pages of the glossary: search, the question which meaning is meant, a card."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from catalog.words import VERSIONS, glossary


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
    context = {
        "card": card,
        "asked": asked if asked and card in words.named(asked) and asked.lower() != card.name.lower() else "",
        "see": [words.card(other) for other in card.see],
        "namesakes": [other for alias in card.aliases for other in words.named(alias) if other != card],
        "old": words.replaced_by(slug),
        "crumbs": [{"title": "Words", "url": reverse("words:list")}, {"title": card.name}],
        "section": "words",
    }
    return render(request, "catalog/word.html", context)
