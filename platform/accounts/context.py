"""What every template may use about the reader: `look`."""

from django.http import HttpRequest

from accounts.look import Look, look_of


def reader(request: HttpRequest) -> dict[str, Look]:
    """The context processor named in the settings."""
    return {"look": look_of(request)}
