"""The panel of the control loops in a browser: stop a controller, see what it wants, let it act; by keyboard, and for everybody."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.lab_page import try_it

pytestmark = pytest.mark.e2e
Visit = Callable[..., Page]
PHONE = {"width": 390, "height": 844}


def test_a_controller_is_stopped_seen_through_and_let_go_from_the_keyboard(visit: Visit) -> None:
    page = visit()
    lab = try_it(page)
    lab.run("kubectl create deployment web --image=nginx:1.27 --replicas=2")
    page.get_by_role("button", name="Loops", exact=True).press("Enter")
    loops = page.get_by_role("complementary", name="Control loops")
    expect(loops.get_by_role("heading", name="Control loops")).to_be_focused()
    loops.get_by_role("button", name="Stop replicaset-controller before it acts").press("Enter")
    expect(loops.get_by_text("replicaset-controller", exact=True).first).to_be_visible()
    lab.run("kubectl scale deployment web --replicas=3")
    held = loops.locator(".held").first
    expect(held).to_contain_text("before replicaset default/web-")
    held.get_by_role("button", name="What does it want?").press("Enter")
    expect(held.get_by_role("row", name="pods")).to_contain_text("+1")
    expect(held).to_contain_text("creates Pod")
    held.get_by_role("button", name="Let replicaset-controller act once").press("Enter")
    expect(held).to_contain_text("before replicaset default/web-")
    assert len(lab.run("kubectl get pods -o name").splitlines()) == 3
    loops.get_by_role("button", name="Remove the breakpoint: replicaset-controller").press("Enter")
    expect(loops.locator(".held")).to_have_count(0)
    switch = loops.get_by_role("switch", name="default-scheduler")
    switch.press("Space")
    expect(switch).to_have_attribute("aria-checked", "false")
    page.keyboard.press("Escape")
    expect(loops).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("is_phone", [False, True], ids=["wide", "phone"])
def test_the_loops_are_accessible(visit: Visit, theme: str, is_phone: bool) -> None:
    page = visit(color_scheme=theme, bypass_csp=True, reduced_motion="reduce")
    try_it(page)
    if is_phone:
        page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Loops", exact=True).click()
    loops = page.get_by_role("complementary", name="Control loops")
    loops.get_by_role("button", name="Stop deployment-controller before it acts").click()
    loops.get_by_text("Stop a loop at one kind or object").click()
    expect(loops.get_by_label("Object")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")
