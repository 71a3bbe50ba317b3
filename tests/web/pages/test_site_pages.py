"""What every page promises: it renders, says what it may load, and fails in a friendly way."""

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client
from pytest_django import Settings

from accounts.models import User

pytestmark = pytest.mark.django_db
OPEN_PAGES = ["/", "/lessons/", "/lessons/small/01-two-steps/", "/accounts/sign-in/", "/accounts/sign-up/", "/join/"]
OWN_PAGES = [
    "/clusters/",
    "/clusters/new/",
    "/classes/",
    "/classes/open/",
    "/accounts/settings/",
    "/accounts/password/",
]


@pytest.mark.parametrize("page", OPEN_PAGES)
def test_an_open_page_renders(client: Client, page: str) -> None:
    answer = client.get(page)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert len(re.findall(r"<h1[ >]", text)) == 1
    assert answer["Content-Security-Policy"].startswith("default-src 'self'; ")
    assert 'class="skip" href="#main"' in text
    assert 'id="main"' in text


@pytest.mark.parametrize("page", OWN_PAGES)
def test_an_own_page_renders(signed_in: Callable[[User], Client], account: Callable[[str], User], page: str) -> None:
    answer = signed_in(account("mei")).get(page)
    assert answer.status_code == 200
    assert len(re.findall(r"<h1[ >]", answer.content.decode())) == 1


@pytest.mark.parametrize("page", [*OPEN_PAGES])
def test_no_page_carries_inline_script_or_style(client: Client, page: str) -> None:
    text = client.get(page).content.decode()
    assert not re.search(r'\sstyle="|<style|\son\w+="', text)
    assert all("src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", text))


@pytest.mark.parametrize("page", [*OPEN_PAGES])
def test_every_control_has_a_label(client: Client, page: str) -> None:
    text = client.get(page).content.decode()
    controls = re.findall(r'<(?:input|select|textarea)(?![^>]*type="hidden")[^>]*\bid="([^"]+)"', text)
    assert all(f'for="{control}"' in text for control in controls)


def test_the_front_end_is_named_by_its_manifest(client: Client) -> None:
    text = client.get("/").content.decode()
    assert '<link rel="stylesheet" href="/static/ui/site-BBBBBBBB.css">' in text
    assert '<link rel="modulepreload" href="/static/ui/c/chunk-CCCCCCCC.js">' in text
    assert '<script type="module" src="/static/ui/site-AAAAAAAA.js"></script>' in text


def test_a_missing_front_end_is_said_with_its_cure(client: Client, settings: Settings, tmp_path: object) -> None:
    settings.UI_BUILD_DIR = tmp_path
    answer = client.get("/")
    assert answer.status_code == 503
    assert "Run `make ui`" in answer.content.decode()


def test_a_page_that_is_not_there_helps_on_even_without_a_front_end(
    client: Client, settings: Settings, tmp_path: object
) -> None:
    settings.UI_BUILD_DIR = tmp_path
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404
    assert "Nothing is moored here" in answer.content.decode()


def test_a_page_that_breaks_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("catalog.selectors.track_list", broken)
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Your clusters are safe" in answer.content.decode()


def test_the_page_for_what_breaks_needs_nothing_that_the_build_names() -> None:
    page = render_to_string("foundation/broken.html")
    names = re.findall(r'href="/static/ui/([\w.]+)"', page)
    assert names == ["favicon.svg", "broken.css"]
    assert all((settings.BASE_DIR / "static" / "public" / name).is_file() for name in names)


def test_a_stale_form_is_explained() -> None:
    answer = Client(enforce_csrf_checks=True).post("/try/")
    assert answer.status_code == 403
    assert "This form is out of date" in answer.content.decode()


def test_an_unknown_lesson_is_a_404(client: Client) -> None:
    answer = client.get("/lessons/no/such/")
    assert answer.status_code == 404
    assert "There is no lesson" in answer.content.decode()


def test_a_refusal_to_htmx_goes_to_the_notices(signed_in: Callable[[User], Client], guest: User) -> None:
    url = "/clusters/00000000-0000-0000-0000-000000000000/delete/"
    answer = signed_in(guest).post(url, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Retarget"], answer["HX-Reswap"]) == (422, "#notices", "innerHTML")
    assert answer.content.decode().startswith('<p class="notice error" role="alert">')


def test_the_admin_lists_every_model(client: Client) -> None:
    User.objects.create_superuser("root@example.org", "correct horse battery", name="Root")
    client.login(username="root@example.org", password="correct horse battery")
    text = client.get("/admin/").content.decode()
    for model in ["Users", "Clusters", "Classes", "Help requests", "Hints", "Lesson progress", "Journals", "Snapshots"]:
        assert model in text
    for page in [
        "accounts/user/",
        "accounts/user/add/",
        "labs/cluster/",
        "classroom/class/",
        "progress/lessonprogress/",
    ]:
        assert client.get(f"/admin/{page}").status_code == 200


def test_the_admin_has_no_second_door_for_guessing_passwords(client: Client) -> None:
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/accounts/sign-in/?next=/admin/"
