"""The home page, the list of lessons and a lesson's own page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from catalog import selectors
from catalog.prose import inline_html


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What this is, and the ways in."""
    return render(request, "catalog/home.html", {"tracks": selectors.track_list()})


@require_GET
def lesson_list(request: HttpRequest) -> HttpResponse:
    """Every lesson by track."""
    context = {"tracks": selectors.track_list(), "section": "lessons"}
    return render(request, "catalog/list.html", context)


@require_GET
def lesson(request: HttpRequest, track: str, slug: str) -> HttpResponse:
    """What a lesson teaches and how it goes, before it is started."""
    found = selectors.lesson_get(f"{track}/{slug}")
    context = {
        "lesson": found,
        "track_title": selectors.track_title(found),
        "objectives": [inline_html(text, live=False) for text in found.objectives],
        "crumbs": [{"title": "Lessons", "url": reverse("catalog:list")}, {"title": found.title}],
        "section": "lessons",
    }
    return render(request, "catalog/lesson.html", context)
