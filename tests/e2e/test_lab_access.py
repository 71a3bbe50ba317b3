"""The lab page for everybody: nothing axe can find in any state of it, and a whole lesson without a pointer."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.lab_page import LabPage, try_it

pytestmark = pytest.mark.e2e
Visit = Callable[..., Page]
LESSON = "/lessons/keeping-promises/01-when-a-node-goes-dark/"
PHONE = {"width": 390, "height": 844}
PANES = {
    "Lesson": "[data-pane=lesson]",
    "Cluster": ".stage",
    "Timeline": ".tl",
    "Terminal": "[data-pane=terminal]",
    "Editor": "[data-pane=editor]",
}
LABEL = "it => it.matches('button, a') ? it.getAttribute('aria-label') ?? it.textContent : ''"
FASTEST = 20
LONG_MS = 30_000


def start_lesson(page: Page) -> LabPage:
    page.goto(LESSON)
    page.get_by_role("button", name="Start").click()
    return LabPage(page)


# ── axe ──


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_lab_at_rest_and_with_everything_open_is_accessible(visit: Visit, theme: str) -> None:
    lab = start_lesson(visit(color_scheme=theme, bypass_csp=True, reduced_motion="reduce"))
    page = lab.page
    assert violations(page) == [], "at rest"
    lab.call("command", {"rid": "dark", "command": {"kind": "fault", "fault": "node-power-off", "target": "node-4"}})
    lab.run("kubectl run broken --image=no/such:image")
    lab.play(FASTEST)
    lab.unfold("Nodes")
    node = next(branch for branch in lab.outline() if branch.label.startswith("node-4,"))
    expect(lab.row(node.id)).to_contain_text("not ready", timeout=LONG_MS)
    lab.pause()
    lab.row(node.id).dispatch_event("dblclick")
    for tab in ("Facts", "YAML", "Events", "Why"):
        page.get_by_role("tab", name=tab).click()
        assert violations(page) == [], f"inspector, {tab}"
    page.locator(".pane-editor .cm-content").fill("apiVersion: v1\nkind: Pood\nspec: {a\n")
    page.locator(".pane-editor").get_by_role("button", name="Apply").click()
    expect(page.locator(".pane-editor .problems")).to_be_visible()
    assert violations(page) == [], "an editor with problems"
    page.get_by_role("button", name="Close the inspector").click()
    for arrangement in ("Namespaces", "List"):
        page.get_by_role("group", name="View", exact=True).get_by_role("button", name=arrangement).click()
        assert violations(page) == [], arrangement
    page.get_by_role("button", name="Reset lab").click()
    assert violations(page) == [], "a dialog"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_lab_on_a_phone_is_accessible_in_every_pane(visit: Visit, theme: str) -> None:
    page = visit(color_scheme=theme, bypass_csp=True, reduced_motion="reduce")
    page.set_viewport_size(PHONE)
    page.goto(LESSON)
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#lab .prose")).to_be_visible(timeout=LONG_MS)
    for pane in ("Lesson", "Cluster", "Terminal", "Editor"):
        page.get_by_role("navigation", name="Panes").get_by_role("button", name=pane).click()
        assert violations(page) == [], pane
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("navigation", name="Panes").get_by_role("button", name="Cluster").click()
    for chart, least_scale in (("Racks", 0.8), ("Fleet", None), ("Pod", 0.45), ("Namespaces", 0.8)):
        page.get_by_role("button", name=chart, exact=True).click()
        assert violations(page) == [], chart
        if least_scale:
            assert (
                page.locator("svg.scene > g").evaluate("g => g.transform.baseVal.getItem(1).matrix.a") >= least_scale
            ), chart


@pytest.mark.parametrize("width", [360, 390])
def test_the_header_of_a_lab_stays_in_one_row_on_a_phone(visit: Visit, width: int) -> None:
    page = visit()
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(LESSON)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Reset lab")).to_be_visible(timeout=LONG_MS)
    header = page.locator("body > header").bounding_box()
    assert header is not None
    assert header["height"] <= 60
    page.locator("summary[aria-label$=': menu']").click()
    expect(page.get_by_role("link", name="Keep my work under an address")).to_be_visible()


@pytest.mark.parametrize("size", [(768, 1024), (844, 390), (1024, 768), (1200, 800)], ids=str)
def test_nothing_of_a_lab_is_out_of_sight_on_a_tablet(visit: Visit, size: tuple[int, int]) -> None:
    page = visit()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(LESSON)
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#lab .prose")).to_be_visible(timeout=LONG_MS)
    for part in ("body > header summary", "#lab .lab-grid"):
        box = page.locator(part).last.bounding_box()
        assert box is not None, part
        assert box["x"] + box["width"] <= size[0], part


# ── the keyboard ──


class Hands:
    """Two hands on a keyboard, and nothing else."""

    def __init__(self, page: Page) -> None:
        self.page, self.press, self.write = page, page.keyboard.press, page.keyboard.type

    def tab_to(self, words: str) -> None:
        """Tab until a button or a link that says `words` has the focus."""
        for _ in range(60):
            if words in self._focused(LABEL):
                return
            self.press("Tab")
        raise AssertionError(f"{words!r} cannot be reached by Tab")

    def pane(self, name: str) -> None:
        """F6 until the pane has the focus."""
        for _ in range(6):
            self.press("F6")
            if self._focused(f"element => element.closest('{PANES[name]}') ? 'here' : ''"):
                return
        raise AssertionError(f"F6 does not reach {name}")

    def choose(self, words: str) -> None:
        self.tab_to(words)
        self.press("Enter")

    def act_on_node(self, node: str, action: str) -> None:
        """Find the node in the outline by typing its name, open its menu, choose."""
        self.pane("Cluster")
        self.write(node)
        expect(self.page.locator("[role=treeitem]:focus")).to_contain_text(f"{node},")
        self.press("m")
        expect(self.page.get_by_role("menuitem").first).to_be_focused()
        self.press("ArrowDown")
        expect(self.page.get_by_role("menuitem", name=action)).to_be_focused()
        self.press("Enter")

    def next_step(self, title: str) -> None:
        """Once the step is done."""
        expect(self.page.get_by_role("button", name="Next step")).to_have_attribute(
            "aria-disabled", "false", timeout=LONG_MS
        )
        self.pane("Lesson")
        self.choose("Next step")
        expect(self.page.get_by_role("heading", name=title)).to_be_visible()

    def predict(self, option: str) -> None:
        self.pane("Lesson")
        self.choose(option)
        expect(self.page.locator(".opt[aria-pressed=true], .opt[aria-checked=true], .opt.chosen")).to_contain_text(
            option
        )

    def _focused(self, look: str) -> str:
        return str(self.page.locator(":focus").first.evaluate(look)) if self.page.locator(":focus").count() else ""


def test_the_lesson_is_finished_by_keyboard_alone(visit: Visit) -> None:
    page = visit()
    page.goto(LESSON)
    hands = Hands(page)
    hands.choose("Start")
    lab = LabPage(page)

    hands.predict("Within a minute")
    hands.next_step("Cut the power")
    hands.act_on_node("node-4", "Cut the power of node-4")
    hands.next_step("Fifty seconds of silence")
    hands.pane("Timeline")
    hands.choose("Eight times as fast")
    hands.next_step("Five minutes of patience")
    lab.play(FASTEST)
    hands.predict("5 minutes")
    hands.next_step("The difference is the plan")
    hands.predict("node-3")
    hands.next_step("Room for one more")
    hands.pane("Terminal")
    hands.write("kubectl scale deployment etl -n data --replicas=0\n")
    hands.next_step("The lights come back")
    hands.predict("No")
    hands.act_on_node("node-4", "Bring node-4 back")
    expect(page.get_by_role("heading", name="Finished")).to_be_visible(timeout=LONG_MS)


def test_a_reset_begins_the_lesson_again(visit: Visit) -> None:
    page = visit()
    page.goto(LESSON)
    page.get_by_role("button", name="Start").click()
    lab = LabPage(page)
    page.locator(".opt").nth(1).click()
    page.get_by_role("button", name="Next step").click()
    lab.call("command", {"rid": "dark", "command": {"kind": "fault", "fault": "node-power-off", "target": "node-4"}})
    expect(page.get_by_role("button", name="Next step")).to_have_attribute("aria-disabled", "false")
    page.get_by_role("button", name="Reset lab").click()
    page.locator("dialog[open]").get_by_role("button", name="Reset lab").click()
    expect(page.get_by_text("Step 1 of 7")).to_be_visible(timeout=LONG_MS)
    lab = LabPage(page)
    expect(page.locator(".opt").nth(1)).to_be_enabled()
    page.locator(".opt").nth(1).click()
    page.get_by_role("button", name="Next step").click()
    expect(page.get_by_role("button", name="Next step")).to_have_attribute("aria-disabled", "true")
    assert "NotReady" not in lab.run("kubectl get nodes")


def test_a_free_lab_needs_no_pointer_either(visit: Visit) -> None:
    page = visit()
    try_it(page)
    hands = Hands(page)
    for name in PANES:
        if name != "Lesson":
            hands.pane(name)
