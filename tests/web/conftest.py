"""People for the tests of the site, and a bus that remembers what was said instead of saying it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.services import account_create, guest_create

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _no_counts_from_other_tests() -> None:
    cache.clear()


@pytest.fixture
def account() -> Callable[[str], User]:
    """`account("mei")` is Mei with the address mei@example.org."""
    return lambda name: account_create(email=f"{name}@example.org", name=name.title(), password=PASSWORD)


@pytest.fixture
def guest() -> User:
    return guest_create()


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """A browser in which somebody is signed in."""

    def browser(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return browser


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """The notices published during the test."""
    notices: list[tuple[str, dict[str, Any]]] = []

    def publish(topic: str, payload: dict[str, Any]) -> int:
        notices.append((topic, payload))
        return 1

    monkeypatch.setattr("labs.notices.publish", publish)
    return notices
