"""How a page looks for whoever reads it: a person's settings, with the browser's own choice of theme before them.

The theme travels in a cookie because the switch in the header sets it without asking the server, and so that the first
byte of a page already has the right colours. Never fails on a bad cookie.
"""

from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse

from accounts.models import Theme, User

THEME_COOKIE = "theme"
COOKIE_AGE_S = 60 * 60 * 24 * 365


@dataclass(frozen=True)
class Look:
    """What the header and the settings page offer."""

    theme: str = Theme.SYSTEM
    reduced_motion: bool = False
    screen_reader: bool = False


def look_of(request: HttpRequest) -> Look:
    """The look `request` should be answered in."""
    user = getattr(request, "user", None)
    kept = (
        Look(theme=user.theme, reduced_motion=user.reduced_motion, screen_reader=user.screen_reader)
        if isinstance(user, User)
        else Look()
    )
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return replace(kept, theme=chosen) if chosen in Theme.values else kept


def keep_theme(response: HttpResponse, theme: str) -> None:
    """Let this browser remember `theme`."""
    response.set_cookie(THEME_COOKIE, theme, max_age=COOKIE_AGE_S, samesite="Lax")


def boot_keys(look: Look) -> dict[str, str | bool]:
    """The look as the pages' boot data spells it."""
    return {"theme": look.theme, "reducedMotion": look.reduced_motion, "screenReader": look.screen_reader}
