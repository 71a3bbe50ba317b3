"""The request as our views see it: somebody is signed in (a decorator of `permissions` made sure) and htmx is known."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class PersonRequest(HttpRequest):
    """A request by a person, guest or account."""

    user: User
    htmx: HtmxDetails
