"""How a page looks for whoever reads it: an account's settings, or a visitor's cookie. Never fails on a bad cookie."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from accounts.models import Theme, User

COOKIE = "look"
COOKIE_AGE_S = 60 * 60 * 24 * 365


@dataclass(frozen=True)
class Look:
    """The three choices the header offers."""

    theme: str = Theme.SYSTEM
    reduced_motion: bool = False
    screen_reader: bool = False

    def to_cookie(self) -> str:
        """As kept in a visitor's browser: `dark.motion.reader`."""
        flags = ["motion"] * self.reduced_motion + ["reader"] * self.screen_reader
        return ".".join([self.theme, *flags])

    @classmethod
    def from_cookie(cls, text: str) -> "Look":
        """The choices in `text`; whatever is not a choice is ignored."""
        theme, *flags = text.split(".")
        return cls(
            theme=theme if theme in Theme.values else Theme.SYSTEM,
            reduced_motion="motion" in flags,
            screen_reader="reader" in flags,
        )


def look_of(request: HttpRequest) -> Look:
    """The look `request` should be answered in."""
    user = getattr(request, "user", None)
    if isinstance(user, User):
        return Look(theme=user.theme, reduced_motion=user.reduced_motion, screen_reader=user.screen_reader)
    return Look.from_cookie(request.COOKIES.get(COOKIE, ""))


def keep_in_cookie(response: HttpResponse, look: Look) -> None:
    """Remember a visitor's choice in their browser."""
    response.set_cookie(COOKIE, look.to_cookie(), max_age=COOKIE_AGE_S, samesite="Lax")


def boot_keys(look: Look) -> dict[str, str | bool]:
    """The look as the pages' boot data spells it."""
    return {"theme": look.theme, "reducedMotion": look.reduced_motion, "screenReader": look.screen_reader}
