"""Who sends a raw request: the session cookie, Django's CSRF check, and the person's access to a cluster.

Who a session belongs to and what they may do is remembered for a few seconds in this process, because a learner types
faster than permissions change; signing out, closing a class or deleting a cluster takes effect after that at the latest.
"""

import time
from collections import OrderedDict
from http.cookies import CookieError, SimpleCookie

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.http.response import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.module_loading import import_string

from foundation.errors import ApplicationError
from labs.permissions import Access, cluster_for_reading
from labs.web import Refused, Scope, header

REMEMBERED_S = 5.0
REMEMBERED = 10_000
_remembered: "OrderedDict[tuple[str, str], tuple[float, str, Access]]" = OrderedDict()


async def visitor(scope: Scope, cluster: str) -> tuple[str, Access]:
    """The person's id and what they may do with `cluster`; refused when they may not even look."""
    session = _cookies(scope).get(settings.SESSION_COOKIE_NAME, "")
    if not session:
        raise Refused(403, "SignInFirst", "Sign in or try without an account first.")
    known = _remembered.get((session, cluster))
    if known is not None and known[0] > time.monotonic():
        return known[1], known[2]
    person, access = await database_sync_to_async(_look_up)(session, cluster)
    _remembered[session, cluster] = (time.monotonic() + REMEMBERED_S, person, access)
    if len(_remembered) > REMEMBERED:
        _remembered.popitem(last=False)
    return person, access


def check_csrf(scope: Scope) -> None:
    """Django's own check of token, origin and referer; refused when it fails."""
    request = _RawRequest(scope.get("scheme", "http"))
    request.method = scope["method"]
    request.path = scope["path"]
    request.COOKIES = _cookies(scope)
    request.META = {
        f"HTTP_{key.decode('latin-1').upper().replace('-', '_')}": value.decode("latin-1")
        for key, value in scope["headers"]
    }
    server = scope.get("server") or ("localhost", 80)
    request.META |= {"SERVER_NAME": server[0], "SERVER_PORT": str(server[1]), "REQUEST_METHOD": scope["method"]}
    check = CsrfViewMiddleware(lambda request: HttpResponse())
    check.process_request(request)
    if check.process_view(request, _no_view, (), {}) is not None:
        raise Refused(403, "BadCsrf", "The page's token is missing or stale. Reload the page.")


class _RawRequest(HttpRequest):
    """A request that knows its scheme, as the origin check wants."""

    def __init__(self, scheme: str) -> None:
        super().__init__()
        self._raw_scheme = scheme

    def _get_scheme(self) -> str:
        return self._raw_scheme


def _no_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _cookies(scope: Scope) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header(scope, b"cookie")).items()}
    except CookieError:
        return {}


def _look_up(session: str, cluster: str) -> tuple[str, Access]:
    request = HttpRequest()
    request.session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")(session)
    user = get_user(request)
    try:
        _, access = cluster_for_reading(user, cluster)
    except ApplicationError as refused:
        raise Refused(int(refused.status), refused.code, refused.message) from refused
    return str(user.pk), access
