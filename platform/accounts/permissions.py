"""Who may do what, as far as it depends on the person alone. Decorators answer with a way forward, not a wall."""

from collections.abc import Callable
from functools import wraps
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import User
from accounts.requests import PersonRequest

View = Callable[..., HttpResponseBase]


def is_account(user: User | AnonymousUser) -> bool:
    """Somebody with an address of their own: not a visitor, not a guest."""
    return isinstance(user, User) and user.is_active and not user.is_guest


def may_open_classes(user: User | AnonymousUser) -> bool:
    """Every account may teach. A guest's class would be lost with the browser's cookie."""
    return is_account(user)


def person_required(view: View) -> View:
    """The view is for guests and accounts; a visitor is asked to sign in first."""

    @wraps(view)
    def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(cast(PersonRequest, request), *args, **kwargs)

    return checked


def account_required(view: View) -> View:
    """The view is for accounts; a guest is shown how to become one and comes back here."""

    @wraps(view)
    def checked(request: PersonRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not is_account(request.user):
            return _to_keep(request)
        return view(request, *args, **kwargs)

    return person_required(checked)


def _to_keep(request: HttpRequest) -> HttpResponseRedirect:
    messages.info(request, "That needs an account. Make one here; everything you did as a guest stays yours.")
    return redirect(f"{reverse('accounts:keep')}?{urlencode({'next': request.get_full_path()})}")
