"""What opens on top of a page is as accessible as the page: dialogs, menus, and what only some of us see. In both themes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import Site
from tests.e2e.lab_page import LabPage, try_it
from tests.e2e.test_class import at_the_door, card, join, wall

pytestmark = pytest.mark.e2e
Visit = Callable[..., Page]
THEMES = pytest.mark.parametrize("theme", ["light", "dark"])
LONG_MS = 20_000


def themed(visit: Visit, theme: str) -> Visit:
    """Visits whose pages let axe in and do not move while it looks."""
    return lambda: visit(color_scheme=theme, bypass_csp=True, reduced_motion="reduce")


@THEMES
def test_a_class_is_accessible_on_both_sides(visit: Visit, site: Site, theme: str) -> None:
    visit = themed(visit, theme)
    instructor, code = wall(visit, site)
    door = at_the_door(visit, code, "Kim")
    assert violations(door) == [], "joining"
    learner = join(visit, code, f"Lena {theme}")
    lab = LabPage(learner)
    lab.run("kubectl get nodes")
    lab.answer("kubectl get nothing")

    learner.get_by_role("button", name="Ask for help").click()
    assert violations(learner) == [], "asking for help"
    learner.locator("dialog[open] textarea").fill("Why?")
    learner.locator("dialog[open]").get_by_role("button", name="Ask", exact=True).click()
    learner.get_by_role("button", name="Help is on its way").click()
    assert violations(learner) == [], "help asked for"
    learner.keyboard.press("Escape")

    card(instructor, f"Lena {theme}").get_by_role("button").click()
    expect(instructor.get_by_role("log")).to_contain_text("the server doesn't have a resource type")
    assert violations(instructor) == [], "a chosen learner who asks"
    for opener in ("Send a hint", "Bring to a step", "Present a cluster"):
        instructor.get_by_role("button", name=opener).click()
        if opener == "Bring to a step":
            expect(instructor.get_by_role("radio", name="Cut the power")).to_be_enabled(timeout=LONG_MS)
        assert violations(instructor) == [], opener
        instructor.keyboard.press("Escape")
        expect(instructor.locator("dialog[open]")).to_have_count(0)
    instructor.get_by_role("button", name="Pause all").click()
    expect(learner.locator(".led")).to_contain_text("has paused the class")
    assert violations(instructor) == [], "a paused wall"
    assert violations(learner) == [], "a paused lab"
    instructor.get_by_role("button", name="Resume all").click()

    instructor.get_by_role("link", name="Watch live").click()
    expect(instructor.get_by_text("You are watching", exact=True)).to_be_visible(timeout=LONG_MS)
    watched = LabPage(instructor)
    assert violations(instructor) == [], "a watched lab"
    watched.unfold("Nodes")
    node = next(branch for branch in watched.outline() if branch.label.startswith("node-4,"))
    watched.row(node.id).dispatch_event("dblclick")
    for tab in ("Facts", "YAML", "Events", "Why"):
        instructor.get_by_role("tab", name=tab).click()
        assert violations(instructor) == [], f"a watched lab's inspector, {tab}"


@THEMES
def test_a_presented_cluster_is_accessible_to_who_follows_it(visit: Visit, site: Site, theme: str) -> None:
    visit = themed(visit, theme)
    instructor, code = wall(visit, site)
    board = instructor.context.new_page()
    board.goto("/clusters/new/")
    board.get_by_label("Name", exact=True).fill(f"Blackboard {theme}")
    board.get_by_role("button", name="Make the cluster").click()
    shown = LabPage(board)
    expect(board.locator(".outline-label", has_text="Nodes, 4 nodes")).to_be_attached(timeout=LONG_MS)
    shown.play()
    learner = join(visit, code, f"Gita {theme}")
    instructor.reload()
    instructor.get_by_role("button", name="Present a cluster").click()
    instructor.locator("dialog[open]").get_by_label(f"Blackboard {theme}").check()
    instructor.locator("dialog[open]").get_by_role("button", name="Present").click()
    learner.wait_for_url(board.url)
    expect(learner.locator(".led")).to_contain_text("You are following")
    assert violations(learner) == [], "a cluster that is followed"
    assert violations(instructor) == [], "a wall that presents"

    shown.run("kubectl create deployment web --image=nginx:1.27 --replicas=2")
    followed = LabPage(learner)
    followed.unfold("Namespaces", "default,", "Deployment,")
    deployment = learner.locator(".outline-label", has_text="Deployment web, 2 of 2 ready")
    expect(deployment).to_be_attached(timeout=LONG_MS)
    row = next(branch for branch in followed.outline() if branch.label.startswith("Deployment web,"))
    followed.row(row.id).dispatch_event("dblclick")
    for tab in ("Facts", "YAML", "Events", "Why"):
        learner.get_by_role("tab", name=tab).click()
        assert violations(learner) == [], f"a followed cluster's inspector, {tab}"
    instructor.get_by_role("button", name="Stop presenting").click()
    expect(learner.locator("#lab .prose")).to_be_visible(timeout=LONG_MS)
    assert violations(learner) == [], "back at the own cluster"


@THEMES
def test_menus_and_dialogs_of_a_lab_are_accessible(visit: Visit, theme: str) -> None:
    page = themed(visit, theme)()
    lab = try_it(page)
    page.locator("summary", has_text="Keys").click()
    assert violations(page, ".keys-menu") == [], "the keys"
    page.locator("summary", has_text="Keys").click()
    page.locator("summary[aria-label$=': menu']").click()
    assert violations(page, "header details[open]") == [], "the menu of the person"
    page.locator("summary[aria-label$=': menu']").click()
    page.locator(".pane-editor summary", has_text="File").click()
    assert violations(page, ".pane-editor details[open]") == [], "the file menu"
    page.get_by_role("button", name="Insert a Deployment").click()
    page.locator(".pane-editor").get_by_role("button", name="Diff").click()
    expect(page.locator(".pane-editor .diff")).to_be_visible()
    assert violations(page) == [], "a difference"
    page.locator(".pane-editor").get_by_role("button", name="Apply").click()
    expect(page.locator(".pane-editor")).to_contain_text("created")
    assert violations(page) == [], "something applied"
    lab.unfold("Nodes")
    node = next(branch for branch in lab.outline() if branch.label.startswith("kind-worker,"))
    lab.row(node.id).dispatch_event("click")
    page.locator("[role=treeitem][tabindex='0']").focus()
    page.keyboard.press("m")
    expect(page.get_by_role("menu")).to_be_visible()
    assert violations(page, ".action-menu") == [], "the actions of a node"
    page.keyboard.press("Escape")
    for detail in ("Fleet", "Pod"):
        page.get_by_role("group", name="Detail").get_by_role("button", name=detail).click()
        assert violations(page) == [], detail
    page.get_by_role("button", name="Reset lab").click()
    assert violations(page) == [], "the question before a reset"


@THEMES
def test_dialogs_of_my_clusters_are_accessible(visit: Visit, theme: str) -> None:
    page = themed(visit, theme)()
    try_it(page)
    page.goto("/clusters/")
    for opener in ("Rename", "Reset", "Delete"):
        page.get_by_role("button", name=f"{opener} My first cluster").click()
        expect(page.locator("dialog[open]")).to_be_visible()
        assert violations(page) == [], opener
        page.keyboard.press("Escape")
    page.goto("/clusters/new/")
    page.get_by_label("My own").check()
    page.get_by_label("Configuration", exact=True).fill("nodes: [")
    page.get_by_role("button", name="Make the cluster").click()
    expect(page.locator(".field-error").first).to_be_visible()
    assert violations(page) == [], "a refused description"
