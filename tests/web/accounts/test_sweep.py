"""Guests whom nobody can be any more are removed; everybody else stays."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from accounts.services import account_create, guest_create, guests_sweep
from classroom.services import class_close, class_join, class_open
from labs.models import Cluster
from labs.services import cluster_create

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE, days=2)


def long_ago(user: User) -> User:
    User.objects.filter(pk=user.pk).update(joined=LONG_AGO, last_login=LONG_AGO)
    return user


def test_a_guest_without_a_session_goes_with_everything() -> None:
    cluster_create(owner=long_ago(guest_create()), name="Forgotten")
    assert guests_sweep() == 1
    assert (User.objects.count(), Cluster.objects.count()) == (0, 0)


def test_who_may_still_come_back_stays() -> None:
    guest_create()
    account = long_ago(account_create(email="mei@example.org", name="Mei", password="correct horse battery"))
    returned = long_ago(guest_create())
    User.objects.filter(pk=returned.pk).update(last_login=timezone.now())
    assert guests_sweep() == 0
    assert User.objects.filter(pk=account.pk).exists()


def test_a_guest_in_an_open_class_stays_until_it_is_closed() -> None:
    jana = account_create(email="jana@example.org", name="Jana", password="correct horse battery")
    group = class_open(instructor=jana, name="Group B", lesson="small/01-two-steps")
    class_join(user=long_ago(guest_create(name="Ama")), group=group)
    assert guests_sweep() == 0
    class_close(by=jana, class_id=group.id)
    assert guests_sweep() == 1


def test_a_sweep_takes_no_more_than_it_is_told() -> None:
    for _ in range(5):
        long_ago(guest_create())
    assert [guests_sweep(limit=3), guests_sweep(limit=3), guests_sweep(limit=3)] == [3, 2, 0]
