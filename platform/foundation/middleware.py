"""Two promises for every page: what a browser may load is stated, and an application error becomes a proper answer.

The answer follows the asker: JSON for programs, a message the page shows for htmx, a friendly page for everyone else.
"""

import logging
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django_htmx.http import reswap, retarget

from foundation.errors import ApplicationError
from foundation.manifest import NotBuilt

log = logging.getLogger(__name__)

Answerer = Callable[[HttpRequest], HttpResponse]

POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# xterm and CodeMirror insert style elements; the view of the lab page asks for this by `allow_inline_style`.
INLINE_STYLE = {"style-src": "'self' 'unsafe-inline'"}


def allow_inline_style(response: HttpResponse) -> HttpResponse:
    """Mark `response` as a page whose libraries insert style elements."""
    response.headers["Content-Security-Policy"] = _policy(POLICY | INLINE_STYLE)
    return response


def _policy(directives: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in directives.items())


class ContentSecurityPolicyMiddleware:
    """Adds the policy to every answer that does not carry one of its own."""

    def __init__(self, get_response: Answerer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", _policy(POLICY))
        return response


class ApplicationErrorMiddleware:
    """The one place where an `ApplicationError` becomes HTTP."""

    def __init__(self, get_response: Answerer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for an application error; any other is left to Django."""
        if isinstance(error, NotBuilt):
            log.error("%s", error)
            return render(request, "foundation/not_built.html", {"said": str(error)}, status=503)
        if not isinstance(error, ApplicationError):
            return None
        log.info("refused %s %s: %s %s", request.method, request.path, error.code, error.message)
        response = _answer(request, error)
        if "retry_after_s" in error.extra:
            response.headers["Retry-After"] = str(error.extra["retry_after_s"])
        return response


def _answer(request: HttpRequest, error: ApplicationError) -> HttpResponse:
    if "application/json" in request.headers.get("Accept", ""):
        body = {"ok": False, "error": {"code": error.code, "message": error.message}}
        return JsonResponse(body, status=error.status)
    if getattr(request, "htmx", False):
        return _swapped_in(request, error)
    return render(request, "foundation/refusal.html", {"error": error}, status=error.status)


def _swapped_in(request: HttpRequest, error: ApplicationError) -> HttpResponse:
    """The page keeps what it shows; the refusal goes to its notices. 422 is the failure that our htmx swaps in."""
    response = render(request, "foundation/_refusal.html", {"error": error}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return reswap(retarget(response, "#notices"), "innerHTML")
