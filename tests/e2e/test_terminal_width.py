"""What is longer than the terminal is wide, in a real browser: prose goes on in the next row, a table is scrolled sideways."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.lab_page import READY_MS, try_it
from tests.e2e.pictures import pictures

pytestmark = pytest.mark.e2e
Visit = Callable[..., Page]
#: Pixels that xterm keeps for its scroll bar.
SCROLL_BAR = 14
_ROOM = """element => {
  const rows = element.querySelector(".xterm-rows").getBoundingClientRect();
  return element.getBoundingClientRect().right - rows.right;
}"""
LONG = " ".join(f"word{number:03}" for number in range(60))


@pytest.mark.parametrize("width", [1440, 390])
def test_a_long_line_is_seen_whole_and_copied_as_one(visit: Visit, width: int) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    lab = try_it(page)
    page.set_viewport_size({"width": width, "height": 844})
    if width < 1000:
        page.get_by_role("button", name="Terminal", exact=True).click()
    page.get_by_label("Terminal input").focus()
    page.keyboard.type(f"echo {LONG} | tr w W")
    page.keyboard.press("Enter")
    expect(lab.screen).to_contain_text("Word059", timeout=READY_MS)
    screen = page.locator(".pane-terminal .screen")
    assert screen.evaluate("element => element.scrollWidth <= element.clientWidth")
    assert screen.evaluate(_ROOM) >= SCROLL_BAR, "the last column lies under the scroll bar"
    assert screen.evaluate("element => element.scrollHeight <= element.clientHeight"), "rows lie outside the pane"
    page.locator(".pane-terminal").get_by_role("button", name="Copy").click()
    copied = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied[1:3] == [f"$ echo {LONG} | tr w W", LONG.replace("w", "W")]
    lab.run("kubectl get pods -A -o wide")
    row = lab.screen.locator("> div").filter(has_text="kube-scheduler-kind-control-plane").first
    expect(row).to_have_text(re.compile(r"^kube-system +kube-scheduler.* +<none> +<none> *$"), timeout=READY_MS)
    assert screen.evaluate(_ROOM) < 0, "the table is broken to the width of the pane"
    assert screen.evaluate("element => element.scrollLeft") == 0, "the prompt is out of sight"
    page.keyboard.type("echo " + "x" * 150)
    page.wait_for_function("document.querySelector('.pane-terminal .screen').scrollLeft > 0")
    page.keyboard.press("Control+c")
    pictures(page, f"wrap-{width}", sizes=((width, 844),))
