"""Every page of the site is free of what axe can find, in both themes, on a desk and on a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import Site

pytestmark = pytest.mark.e2e
OPEN = ["/", "/lessons/", "/lessons/keeping-promises/01-when-a-node-goes-dark/", "/join/", "/no/such/page/"]
OPEN += ["/words/", "/words/namespace/", "/accounts/sign-in/", "/accounts/sign-up/", "/accounts/password/reset/"]
OWN = ["/clusters/", "/clusters/new/", "/classes/", "/accounts/keep/", "/accounts/settings/"]
Visit = Callable[..., Page]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_open_pages_are_accessible(visit: Visit, theme: str, width: int) -> None:
    page = visit(color_scheme=theme, bypass_csp=True)
    page.set_viewport_size({"width": width, "height": 844})
    for path in OPEN:
        page.goto(path)
        assert violations(page) == [], path


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_own_pages_are_accessible(visit: Visit, theme: str, width: int) -> None:
    page = visit(color_scheme=theme, bypass_csp=True)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("/")
    page.get_by_role("button", name="Try it").click()
    page.wait_for_url("**/clusters/*/")
    for path in OWN:
        page.goto(path)
        assert violations(page) == [], path


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_wall_and_the_class_are_accessible(visit: Visit, site: Site, theme: str) -> None:
    demo = site.demo()
    page = visit(color_scheme=theme, bypass_csp=True)
    page.goto("/accounts/sign-in/")
    page.get_by_label("Email address").fill(demo["people"][0]["email"])
    page.get_by_label("Password").fill(demo["people"][0]["password"])
    page.get_by_role("button", name="Sign in").click()
    for path in ("", "wall/"):
        page.goto(f"/classes/{demo['class']['id']}/{path}")
        page.get_by_text("Mei Tanaka").first.wait_for()
        assert violations(page) == [], path


def test_no_page_is_wider_than_a_phone(visit: Visit) -> None:
    page = visit()
    page.set_viewport_size({"width": 320, "height": 640})
    for path in OPEN:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_clusters_are_renamed_and_deleted_without_a_reload(visit: Visit) -> None:
    page = visit()
    page.goto("/")
    page.get_by_role("button", name="Try it").click()
    page.wait_for_url("**/clusters/*/")
    page.goto("/clusters/")
    page.get_by_role("button", name="Rename My first cluster").click()
    page.get_by_label("Name", exact=True).fill("A harbour of my own")
    page.locator("dialog[open]").get_by_role("button", name="Rename").click()
    page.get_by_role("heading", name="A harbour of my own").wait_for()
    page.get_by_role("status").get_by_text("Renamed to A harbour of my own.").wait_for()
    expect(page.locator("h1:focus")).to_have_text("My clusters")
    page.get_by_role("button", name="Delete A harbour of my own").click()
    page.get_by_role("button", name="Delete it").click()
    page.get_by_text("The quay is empty").wait_for()
