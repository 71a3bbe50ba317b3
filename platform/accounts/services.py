"""Everything that changes a person. Callers hand over plain values; nothing here knows requests or sessions."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.errors import NotAGuest
from accounts.models import Theme, User

GUEST_NAME = "Guest"
SWEEP_GRACE = timedelta(days=1)


def account_create(*, email: str, name: str, password: str) -> User:
    """A new person with an address."""
    user = User(email=email, name=name)
    user.set_password(password)
    user.full_clean()
    user.save()
    return user


def guest_create(*, name: str = GUEST_NAME) -> User:
    """A new person without an address. No password is hashed, so this is quick."""
    user = User(name=name, is_guest=True)
    user.set_unusable_password()
    user.full_clean()
    user.save()
    return user


def guest_keep(*, guest: User, email: str, name: str, password: str) -> User:
    """Turn `guest` into an account. It stays the same row, so all work stays where it is."""
    _require_guest(guest)
    guest.email, guest.name, guest.is_guest = email, name, False
    guest.set_password(password)
    guest.full_clean()
    guest.save()
    return guest


def guest_merge(*, guest: User, account: User) -> None:
    """Hand everything `guest` has over to `account`, then remove the guest. All of it happens, or nothing."""
    _require_guest(guest)
    with transaction.atomic():
        for name in settings.GUEST_MERGE:
            import_string(name)(guest, account)
        guest.delete()


def guests_sweep(*, limit: int = 100) -> int:
    """Remove guests whom nobody can be any more: their only key, the session, has run out. Those in an open class stay for
    their instructor's sake. How many were removed; a chore of the hosts."""
    over = timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE) - SWEEP_GRACE
    gone = User.objects.filter(is_guest=True, joined__lt=over).exclude(last_login__gte=over)
    for name in settings.GUESTS_KEPT:
        gone = gone.exclude(pk__in=import_string(name)())
    swept = list(gone[:limit])
    for guest in swept:
        guest.delete()
    return len(swept)


def name_set(*, user: User, name: str) -> None:
    """What other people in a class see."""
    user.name = name
    user.full_clean()
    user.save(update_fields=["name"])


def look_set(
    *, user: User, theme: str | None = None, reduced_motion: bool | None = None, screen_reader: bool | None = None
) -> None:
    """How the site looks and behaves for `user`; what is None stays as it was."""
    user.theme = user.theme if theme is None else Theme(theme)
    user.reduced_motion = user.reduced_motion if reduced_motion is None else reduced_motion
    user.screen_reader = user.screen_reader if screen_reader is None else screen_reader
    user.full_clean()
    user.save(update_fields=["theme", "reduced_motion", "screen_reader"])


def _require_guest(user: User) -> None:
    if not user.is_guest:
        raise NotAGuest(f"{user.name} already has an account.")
