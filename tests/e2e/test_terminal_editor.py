"""`kubectl edit` in a real browser: the page's editor is what the command waits for."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.lab_page import READY_MS, try_it
from tests.e2e.pictures import pictures

pytestmark = pytest.mark.e2e
Visit = Callable[..., Page]


def test_a_wrong_edit_is_opened_again_with_its_reasons_and_a_right_one_ends_in_the_terminal(visit: Visit) -> None:
    page = visit()
    lab = try_it(page)
    lab.run("kubectl create deployment site --image=nginx:1.27 --replicas=2")
    lab.run("kubectl edit deployment site")
    editor = page.locator("[data-pane=editor]")
    expect(editor.get_by_role("button", name="Save and close")).to_be_visible(timeout=READY_MS)
    expect(editor).to_contain_text("# Please edit the object below.")
    replace(page, "revisionHistoryLimit: 10", "revisionHistoryLimit: -10")
    page.keyboard.press("Control+Enter")
    expect(editor).to_contain_text('# deployments.apps "site" was not valid:', timeout=READY_MS)
    expect(editor).to_contain_text(
        "# * spec.revisionHistoryLimit: Invalid value: -10: must be greater than or equal to 0"
    )
    expect(lab.screen).to_contain_text('error: deployments.apps "site" is invalid')
    pictures(page, "edit")
    replace(page, "revisionHistoryLimit: -10", "revisionHistoryLimit: 1")
    editor.get_by_role("button", name="Save and close").click()
    expect(lab.screen).to_contain_text("deployment.apps/site edited", timeout=READY_MS)
    expect(editor.get_by_role("button", name="Save and close")).to_have_count(0)
    assert lab.run("kubectl get deployment site -o jsonpath={.spec.revisionHistoryLimit}") == "1"


def replace(page: Page, old: str, new: str) -> None:
    """Finds the text in the editor and types another in its place, with the keys of the editor."""
    page.locator("[data-pane=editor] .cm-content").click()
    page.keyboard.press("Control+f")
    page.get_by_role("textbox", name="Find").fill(old)
    page.get_by_role("textbox", name="Replace").fill(new)
    page.locator(".cm-search").get_by_role("button", name="replace all").click()
    page.keyboard.press("Escape")
    page.locator("[data-pane=editor] .cm-content").click()
