"""The error pages. They promise to work without a database, a session or a built front end."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import requires_csrf_token
from django.views.defaults import server_error

SAID = {
    HTTPStatus.BAD_REQUEST: ("We could not read that request", "Go back, reload the page and try it once more."),
    HTTPStatus.FORBIDDEN: (
        "That is not yours to open",
        "It may belong to another person, or you may be signed in under another name.",
    ),
    HTTPStatus.NOT_FOUND: (
        "Nothing is moored here",
        "The address may be mistyped, or what was here has been removed.",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "Something broke on our side",
        "It has been written to the log. Your clusters are safe: they live apart from these pages.",
    ),
}


def _page(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    title, advice = SAID[status]
    context = {"title": title, "advice": advice, "status": int(status)}
    return render(request, "foundation/error.html", context, status=status)


@requires_csrf_token
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return _page(request, HTTPStatus.BAD_REQUEST)


@requires_csrf_token
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return _page(request, HTTPStatus.FORBIDDEN)


@requires_csrf_token
def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 because the form was stale or came from elsewhere; people meet it after signing in in another tab."""
    context = {
        "title": "This form is out of date",
        "advice": "Reload the page it came from and send it again. Cookies must be allowed for this site.",
        "status": int(HTTPStatus.FORBIDDEN),
    }
    return render(request, "foundation/error.html", context, status=HTTPStatus.FORBIDDEN)


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return _page(request, HTTPStatus.NOT_FOUND)


@requires_csrf_token
def broken(request: HttpRequest) -> HttpResponse:
    """500. Without a context processor: whatever broke may break again."""
    return server_error(request, template_name="foundation/broken.html")
