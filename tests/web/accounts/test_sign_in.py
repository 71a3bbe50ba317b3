"""The pages for coming in, going out and staying."""

import re
from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client

from accounts.models import User
from accounts.services import guest_create
from labs.models import Cluster
from labs.services import cluster_create

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
Account = Callable[[str], User]
Browser = Callable[[User], Client]


def test_signing_up_signs_in(client: Client) -> None:
    form = {"name": "Mei", "email": "mei@example.org", "password": PASSWORD}
    answer = client.post("/accounts/sign-up/", form)
    assert (answer.status_code, answer["Location"]) == (302, "/clusters/")
    assert client.session["_auth_user_id"] == str(User.objects.get(email="mei@example.org").pk)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("email", "not an address", "Enter a valid email address."),
        ("password", "short", "This password is too short."),
        ("password", "1029384756", "This password is entirely numeric."),
        ("password", "meitanaka1", "too similar to the"),
        ("name", "", "This field is required."),
    ],
    ids=["no address", "short", "only digits", "like the name", "no name"],
)
def test_a_wrong_field_is_named_where_it_stands(client: Client, field: str, value: str, said: str) -> None:
    form = {"name": "Meitanaka", "email": "mei@example.org", "password": PASSWORD, field: value}
    answer = client.post("/accounts/sign-up/", form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert f'id="id_{field}_error"' in page
    assert re.search(rf'aria-describedby="[^"]*id_{field}_error', page)


def test_signing_in_ignores_the_capitals_of_the_address(client: Client, account: Account) -> None:
    mei = account("mei")
    client.post("/accounts/sign-in/", {"email": "Mei@Example.org", "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(mei.pk)


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client: Client, account: Account) -> None:
    account("mei")
    pages = [
        client.post("/accounts/sign-in/", {"email": email, "password": "wrong"}).content.decode()
        for email in ("mei@example.org", "nobody@example.org")
    ]
    assert all("This address and password do not fit together." in page for page in pages)


def test_after_eight_wrong_passwords_even_the_right_one_has_to_wait(client: Client, account: Account) -> None:
    account("mei")
    for _ in range(8):
        client.post("/accounts/sign-in/", {"email": "mei@example.org", "password": "wrong"})
    answer = client.post("/accounts/sign-in/", {"email": "mei@example.org", "password": PASSWORD})
    assert (answer.status_code, answer["Retry-After"]) == (429, "300")
    assert "Please wait 5 minutes" in answer.content.decode()


def test_a_success_forgets_the_failures_before_it(client: Client, account: Account) -> None:
    account("mei")
    for password in ["wrong"] * 7 + [PASSWORD] + ["wrong"] * 7:
        client.post("/accounts/sign-in/", {"email": "mei@example.org", "password": password})
    answer = client.post("/accounts/sign-in/", {"email": "mei@example.org", "password": PASSWORD})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [("/lessons/", "/lessons/"), ("https://elsewhere.example/", "/clusters/"), ("//elsewhere.example", "/clusters/")],
    ids=["own page", "other site", "other site in disguise"],
)
def test_signing_in_leads_only_to_our_own_pages(client: Client, account: Account, wanted: str, goes_to: str) -> None:
    account("mei")
    answer = client.post("/accounts/sign-in/", {"email": "mei@example.org", "password": PASSWORD, "next": wanted})
    assert answer["Location"] == goes_to


def test_a_guest_who_signs_in_takes_the_clusters_along(signed_in: Browser, account: Account, guest: User) -> None:
    mei = account("mei")
    cluster_create(owner=guest, name="Mine")
    browser = signed_in(guest)
    browser.post("/accounts/sign-in/", {"email": "mei@example.org", "password": PASSWORD})
    assert Cluster.objects.get(name="Mine").owner == mei
    assert not User.objects.filter(pk=guest.pk).exists()


def test_a_wrong_password_leaves_the_guest_as_they_were(signed_in: Browser, account: Account, guest: User) -> None:
    account("mei")
    browser = signed_in(guest)
    browser.post("/accounts/sign-in/", {"email": "mei@example.org", "password": "wrong"})
    assert browser.session["_auth_user_id"] == str(guest.pk)


def test_a_guest_keeps_work_and_session(signed_in: Browser, guest: User) -> None:
    browser = signed_in(guest)
    form = {"name": "Mei", "email": "mei@example.org", "password": PASSWORD, "next": "/classes/open/"}
    assert browser.post("/accounts/keep/", form)["Location"] == "/classes/open/"
    assert browser.get("/classes/open/").status_code == 200


def test_a_guest_who_wants_to_sign_up_is_led_to_keeping(signed_in: Browser, guest: User) -> None:
    assert signed_in(guest).get("/accounts/sign-up/")["Location"] == "/accounts/keep/"


def test_signing_out_needs_a_post(signed_in: Browser, account: Account) -> None:
    browser = signed_in(account("mei"))
    assert browser.get("/accounts/sign-out/").status_code == 405
    assert browser.post("/accounts/sign-out/")["Location"] == "/"
    assert "_auth_user_id" not in browser.session


def test_the_password_is_changed_with_the_old_one(signed_in: Browser, account: Account) -> None:
    mei = account("mei")
    form = {"old_password": PASSWORD, "new_password1": "a wholly new one", "new_password2": "a wholly new one"}
    assert signed_in(mei).post("/accounts/password/", form)["Location"] == "/accounts/settings/"
    mei.refresh_from_db()
    assert mei.check_password("a wholly new one")


def test_a_guest_has_no_password_to_change(signed_in: Browser, guest: User) -> None:
    assert signed_in(guest).get("/accounts/password/")["Location"].startswith("/accounts/keep/")


def test_a_forgotten_password_is_replaced_by_a_link_in_a_mail(client: Client, account: Account) -> None:
    mei = account("mei")
    client.post("/accounts/password/reset/", {"email": "mei@example.org"})
    link = re.search(r"http://testserver(\S+)", mail.outbox[0].body)
    assert link is not None
    page = client.get(link[1], follow=True)
    form = {"new_password1": "a wholly new one", "new_password2": "a wholly new one"}
    client.post(page.request["PATH_INFO"], form)
    mei.refresh_from_db()
    assert mei.check_password("a wholly new one")
    assert "This link has been used" in client.get(link[1], follow=True).content.decode()


def test_no_mail_goes_to_an_unknown_address(client: Client) -> None:
    assert client.post("/accounts/password/reset/", {"email": "nobody@example.org"}).status_code == 302
    assert mail.outbox == []


def test_the_settings_page_keeps_name_and_look(signed_in: Browser, guest: User) -> None:
    browser = signed_in(guest)
    answer = browser.post("/accounts/settings/", {"name": "Mei", "theme": "dark", "reduced_motion": "on"})
    guest.refresh_from_db()
    assert (guest.name, guest.theme, guest.reduced_motion, guest.screen_reader) == ("Mei", "dark", True, False)
    assert answer.cookies["theme"].value == "dark"
    assert 'data-theme="dark"' in browser.get("/accounts/settings/").content.decode()


def test_the_lab_keeps_one_choice_at_a_time(signed_in: Browser) -> None:
    guest = guest_create()
    browser = signed_in(guest)
    assert browser.post("/accounts/look/", {"screen_reader": "on"}).status_code == 204
    assert browser.post("/accounts/look/", {"theme": "puce"}).status_code == 400
    guest.refresh_from_db()
    assert (guest.theme, guest.screen_reader) == ("system", True)


def test_the_cookie_of_a_visitor_colours_the_first_page(client: Client) -> None:
    client.cookies["theme"] = "dark"
    assert '<html lang="en" data-theme="dark">' in client.get("/").content.decode()
    client.cookies["theme"] = "'><script>"
    assert '<html lang="en">' in client.get("/").content.decode()
