"""Lets a visitor work at once: makes a guest and signs the browser in as them. No form and no hashing."""

from django.contrib.auth import login
from django.http import HttpRequest

from accounts import services
from accounts.models import User
from foundation.throttle import Throttle

# A whole school may begin behind one address; a script that makes guests may not.
GUESTS_MADE = Throttle("guests", limit=300, window_s=600)
BACKEND = "django.contrib.auth.backends.ModelBackend"


def person_or_guest(request: HttpRequest, *, name: str = services.GUEST_NAME) -> User:
    """Whoever is signed in, or a new guest called `name` who is from now on."""
    if isinstance(request.user, User):
        return request.user
    address = request.META.get("REMOTE_ADDR", "")
    GUESTS_MADE.check(address)
    GUESTS_MADE.count(address)
    guest = services.guest_create(name=name)
    login(request, guest, backend=BACKEND)
    return guest
