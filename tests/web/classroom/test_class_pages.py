"""The pages of classes: opening, joining by code, link and name, the wall, and who is turned away."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from classroom.models import Class, Membership
from classroom.services import class_close, class_join, class_open

pytestmark = pytest.mark.django_db
REF = "small/01-two-steps"
Account = Callable[[str], User]
Browser = Callable[[User], Client]


@pytest.fixture
def group(account: Account) -> Class:
    return class_open(instructor=account("jana"), name="Group B", lesson=REF)


def test_opening_a_class_shows_code_and_link(signed_in: Browser, account: Account) -> None:
    browser = signed_in(account("jana"))
    answer = browser.post("/classes/open/", {"name": "Group B", "lesson": REF, "guests_allowed": "on"}, follow=True)
    page = answer.content.decode()
    code = Class.objects.get().code
    assert f'<p class="join-code mono">{code}</p>' in page
    assert f"http://testserver/join/{code}/" in page


def test_a_visitor_joins_with_a_name(client: Client, group: Class) -> None:
    answer = client.post(f"/join/{group.code}/", {"name": "Mei"})
    member = Membership.objects.get()
    assert answer["Location"] == f"/clusters/{member.cluster_id}/"
    assert (member.user.name, member.user.is_guest) == ("Mei", True)


def test_a_visitor_without_a_name_is_asked_for_one(client: Client, group: Class) -> None:
    answer = client.post(f"/join/{group.code}/", {"name": ""})
    assert answer.status_code == 422
    assert not User.objects.filter(is_guest=True).exists()


def test_a_guest_from_try_it_gets_a_name_in_the_class(signed_in: Browser, guest: User, group: Class) -> None:
    signed_in(guest).post(f"/join/{group.code}/", {"name": "Mei"})
    assert Membership.objects.get().user == User.objects.get(pk=guest.pk, name="Mei")


def test_an_account_joins_with_one_button(signed_in: Browser, account: Account, group: Class) -> None:
    browser = signed_in(account("mei"))
    assert "You join as <b>Mei</b>" in browser.get(f"/join/{group.code}/").content.decode()
    assert browser.post(f"/join/{group.code}/").status_code == 302


def test_the_join_box_leads_to_the_class(client: Client, group: Class) -> None:
    answer = client.get("/join/", {"code": group.code.upper().replace("-", " ")})
    assert answer["Location"] == f"/join/{group.code}/"


def test_a_wrong_code_is_said_so(client: Client) -> None:
    answer = client.get("/join/", {"code": "tide-0000"})
    assert answer.status_code == 404
    assert "No class has the code" in answer.content.decode()


def test_guessing_codes_gets_slow(client: Client, group: Class) -> None:
    for _ in range(60):
        client.get("/join/tide-0000/")
    assert client.get(f"/join/{group.code}/").status_code == 429


def test_a_class_for_accounts_sends_visitors_to_sign_in(client: Client, group: Class) -> None:
    Class.objects.update(guests_allowed=False)
    assert "for people with an account" in client.get(f"/join/{group.code}/").content.decode()
    assert client.post(f"/join/{group.code}/", {"name": "Mei"})["Location"].startswith("/accounts/sign-in/?next=")
    assert not User.objects.filter(is_guest=True).exists()


def test_a_closed_class_says_so(client: Client, group: Class) -> None:
    class_close(by=group.instructor, class_id=group.id)
    assert "This class is closed" in client.get(f"/join/{group.code}/").content.decode()


def test_the_wall_boots_with_the_class(signed_in: Browser, group: Class) -> None:
    page = signed_in(group.instructor).get(f"/classes/{group.id}/wall/").content.decode()
    boot = json.loads(page.partition('id="boot" type="application/json">')[2].partition("</script>")[0])
    assert boot["class"]["lesson"] == {
        "title": "Two steps",
        "steps": ["The first", "The second"],
        "ids": ["first", "second"],
    }
    assert (boot["class"]["code"], boot["ws"]) == (group.code, f"/ws/wall/{group.id}/")
    assert boot["class"]["joinUrl"] == f"http://testserver/join/{group.code}/"
    assert '<div id="wall" data-boot="boot">' in page


@pytest.mark.parametrize("page", ["", "wall/"], ids=["class", "wall"])
def test_nobody_else_sees_the_class(signed_in: Browser, account: Account, group: Class, page: str) -> None:
    mei = account("mei")
    class_join(user=mei, group=group)
    assert signed_in(mei).get(f"/classes/{group.id}/{page}").status_code == 403
    assert Client().get(f"/classes/{group.id}/{page}").status_code == 302


def test_a_learner_asks_for_help_from_the_lab(signed_in: Browser, account: Account, group: Class) -> None:
    mei = account("mei")
    member = class_join(user=mei, group=group)
    url = f"/clusters/{member.cluster_id}/help/"
    answer = signed_in(mei).post(url, {"text": "Why?"}, content_type="application/json")
    assert (answer.json()["ok"], answer.json()["help"]["text"]) == (True, "Why?")
    assert "asks for help" in signed_in(group.instructor).get(f"/classes/{group.id}/").content.decode()


def test_a_refusal_to_a_program_is_json(signed_in: Browser, account: Account, group: Class) -> None:
    member = class_join(user=account("mei"), group=group)
    answer = signed_in(account("tom")).post(
        f"/clusters/{member.cluster_id}/help/",
        {"text": "Why?"},
        content_type="application/json",
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 404
    assert answer.json() == {
        "ok": False,
        "error": {"code": "NotAMember", "message": "This cluster is in no open class."},
    }


def test_the_list_shows_both_sides(signed_in: Browser, account: Account, group: Class) -> None:
    class_join(user=account("mei"), group=group)
    page = signed_in(group.instructor).get("/classes/").content.decode()
    assert "I teach" in page
    assert "1 learner" in page
