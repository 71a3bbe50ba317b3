"""Services about people: accounts, guests, and how one becomes the other."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from accounts import services
from accounts.errors import NotAGuest
from accounts.models import User
from labs.models import Cluster
from labs.services import cluster_create

pytestmark = pytest.mark.django_db


def test_a_guest_has_no_address_and_no_password_that_works() -> None:
    guest = services.guest_create()
    assert (guest.name, guest.email, guest.is_guest) == ("Guest", None, True)
    assert not guest.has_usable_password()


def test_two_guests_may_exist_at_once() -> None:
    assert services.guest_create() != services.guest_create()


def test_an_account_without_an_address_is_refused() -> None:
    with pytest.raises(ValidationError, match="An account needs an email address"):
        User(name="Nobody").full_clean(exclude=["password"])


def test_an_address_has_one_account_whatever_its_capitals(account: Callable[[str], User]) -> None:
    account("mei")
    with pytest.raises(ValidationError, match="This address already has an account"):
        services.account_create(email="MEI@example.org", name="Other", password="x" * 12)


def test_a_name_loses_its_stray_spaces(account: Callable[[str], User]) -> None:
    mei = account("mei")
    services.name_set(user=mei, name="  Mei \n Tanaka ")
    assert mei.name == "Mei Tanaka"


@pytest.mark.parametrize(
    ("name", "initials"),
    [("Mei", "M"), ("Mei Tanaka", "MT"), ("Ana de la Cruz", "AC")],
    ids=["one word", "two words", "first and last of many"],
)
def test_initials(name: str, initials: str) -> None:
    assert User(name=name).initials == initials


def test_keeping_the_work_keeps_the_row_and_so_the_clusters(guest: User) -> None:
    cluster = cluster_create(owner=guest, name="Mine")
    kept = services.guest_keep(guest=guest, email="mei@example.org", name="Mei", password="correct horse battery")
    assert kept.pk == guest.pk
    assert Cluster.objects.get(owner=kept) == cluster
    assert not User.objects.get(pk=guest.pk).is_guest


def test_an_account_cannot_be_kept_again(account: Callable[[str], User]) -> None:
    with pytest.raises(NotAGuest, match="Mei already has an account"):
        services.guest_keep(guest=account("mei"), email="x@example.org", name="X", password="correct horse battery")


def test_merging_hands_the_clusters_over_and_removes_the_guest(guest: User, account: Callable[[str], User]) -> None:
    mei = account("mei")
    cluster = cluster_create(owner=guest, name="Mine")
    services.guest_merge(guest=guest, account=mei)
    assert list(Cluster.objects.filter(owner=mei)) == [cluster]
    assert not User.objects.filter(is_guest=True).exists()


def test_merging_goes_beyond_the_quota_rather_than_losing_work(guest: User, account: Callable[[str], User]) -> None:
    mei = account("mei")
    for owner in [guest, mei]:
        for number in range(3):
            cluster_create(owner=owner, name=f"c{number}")
    services.guest_merge(guest=guest, account=mei)
    assert Cluster.objects.filter(owner=mei).count() == 6


def test_a_look_changes_only_what_is_given(account: Callable[[str], User]) -> None:
    mei = account("mei")
    services.look_set(user=mei, theme="dark", reduced_motion=True)
    services.look_set(user=mei, screen_reader=True)
    mei.refresh_from_db()
    assert (mei.theme, mei.reduced_motion, mei.screen_reader) == ("dark", True, True)
