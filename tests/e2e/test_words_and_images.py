"""The glossary, the images of an instructor, an empty wall and a page that cannot start, in a real browser."""

import re
import secrets
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.axe import violations
from tests.e2e.lab_page import try_it

pytestmark = pytest.mark.e2e
Visit = Callable[..., Page]


def sign_up(page: Page) -> None:
    page.goto("/accounts/sign-up/")
    page.get_by_label("Your name").fill("Jana Lund")
    page.get_by_label("Email address").fill(f"jana-{secrets.token_hex(6)}@example.org")
    page.get_by_label("Password", exact=True).fill("harbour-crane-77")
    page.get_by_role("main").get_by_role("button").first.click()
    page.wait_for_url("**/clusters/")


def open_class(page: Page) -> None:
    page.goto("/classes/open/")
    page.get_by_label("Name of the class").fill("Group B")
    page.get_by_role("button", name="Open the class").click()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_typing_master_opens_the_control_plane_and_namespace_asks_which(visit: Visit, theme: str, width: int) -> None:
    page = visit(color_scheme=theme, bypass_csp=True)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("/words/")
    assert violations(page) == [], "all words"
    page.get_by_role("searchbox", name="Search a word").fill("master")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Control plane")
    assert violations(page) == [], "a card"
    page.goto("/words/")
    page.get_by_role("searchbox", name="Search a word").fill("namespace")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Which “namespace” do you mean?")).to_be_visible()
    assert violations(page) == [], "which one"
    page.get_by_role("link", name="Namespace (of the API)").click()
    page.get_by_role("main").get_by_role("link", name="Namespace (of the kernel)").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Namespace (of the kernel)")
    expect(page.get_by_role("main").get_by_role("link", name="Namespace (of the API)").first).to_be_visible()


def test_the_version_switch_greys_out_what_is_gone(visit: Visit) -> None:
    page = visit()
    page.goto("/words/")
    row = page.get_by_role("row", name=re.compile("docker runtime"))
    expect(row).to_contain_text("gone since 1.24")
    page.get_by_label("What holds in Kubernetes").select_option("1.23")
    page.get_by_role("button", name="Show").click()
    expect(row).to_contain_text("goes with 1.24")
    expect(row.locator("s")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_instructor_adds_an_image_and_a_cluster_runs_it(visit: Visit, theme: str) -> None:
    page = visit(color_scheme=theme, bypass_csp=True)
    sign_up(page)
    page.goto("/classes/images/")
    assert violations(page) == [], "no image yet"
    page.get_by_role("main").get_by_role("link", name="Add an image").first.click()
    page.get_by_label("Name", exact=True).fill("acme/shop")
    page.get_by_label("Ports").fill("80800")
    page.get_by_role("button", name="Add the image").click()
    expect(page.get_by_text("wanted a port from 1 to 65535")).to_be_visible()
    assert violations(page) == [], "a refused image"
    page.get_by_label("Ports").fill("8080/http")
    page.get_by_label("How it answers over HTTP").fill("/ 200 welcome")
    page.get_by_label("How it crashes").fill("SHOP_OWNER 3 nobody owns this shop")
    page.get_by_role("button", name="Add the image").click()
    expect(page.get_by_role("link", name="acme/shop")).to_be_visible()
    assert violations(page) == [], "one image"
    page.goto("/clusters/new/")
    page.get_by_role("button", name="Make the cluster").click()
    page.wait_for_url(re.compile(r"/clusters/[0-9a-f-]{36}/"))
    terminal = page.locator(".pane-terminal")
    expect(terminal.locator(".xterm-rows")).to_contain_text("$", timeout=15_000)
    terminal.locator("textarea").focus()
    page.keyboard.type("kubectl run shop --image=acme/shop\n")
    expect(terminal.locator(".xterm-rows")).to_contain_text("pod/shop created")
    expect(page.get_by_text("reports CrashLoopBackOff for Pod shop").first).to_be_attached(timeout=30_000)
    page.keyboard.type("kubectl logs shop\n")
    expect(terminal.locator(".xterm-rows")).to_contain_text("nobody owns this shop")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_wall_without_learners_shows_how_to_join_and_what_comes_next(visit: Visit, theme: str, width: int) -> None:
    page = visit(color_scheme=theme, bypass_csp=True)
    page.set_viewport_size({"width": width, "height": 844})
    sign_up(page)
    open_class(page)
    code = page.locator(".join-code").inner_text()
    page.get_by_role("link", name="Show the wall").click()
    empty = page.get_by_role("region", name="Nobody has joined yet")
    expect(empty.locator(".big-code")).to_have_text(code)
    expect(empty.get_by_role("link")).to_have_attribute("href", re.compile(f"/join/{code}/$"))
    expect(empty.get_by_role("heading", name="What happens next")).to_be_visible()
    assert violations(page) == []


def test_closing_a_class_asks_first(visit: Visit) -> None:
    page = visit(bypass_csp=True)
    sign_up(page)
    open_class(page)
    page.get_by_role("button", name="Close the class").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Close “Group B”?Everybody is sent out of the class")
    assert violations(page) == []
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("link", name="Show the wall")).to_be_visible()
    page.get_by_role("button", name="Close the class").click()
    dialog.get_by_role("button", name="Close the class").click()
    expect(page.get_by_text("This class is closed. Nobody can join")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_lab_whose_script_cannot_be_loaded_says_so(visit: Visit, theme: str) -> None:
    page = visit(color_scheme=theme, bypass_csp=True)
    try_it(page)
    expect(page.locator("[data-not-started]")).to_have_count(0)
    page.route(re.compile(r"/lab-[A-Z0-9]{8}\.js$"), lambda route: route.abort())
    page.reload()
    expect(page.get_by_text("The lab could not start")).to_be_visible()
    expect(page.get_by_role("link", name="Load it again")).to_be_visible()
    assert violations(page) == []


def test_the_old_picture_fades_out_while_the_new_one_comes_and_then_is_gone(visit: Visit) -> None:
    page = visit()
    try_it(page)
    page.evaluate(
        """() => { window.left = []; new MutationObserver((changes) => { for (const { addedNodes } of changes)
        for (const node of addedNodes) if (node.classList?.contains("leaving")) window.left.push(node.getAttribute("class"));
        }).observe(document.querySelector(".stage"), { childList: true }); }"""
    )
    page.get_by_role("group", name="Detail").get_by_role("button", name="Fleet").click()
    expect(page.locator(".stage .fleet:not(.leaving)")).to_be_visible()
    page.get_by_role("group", name="Detail").get_by_role("button", name="Rack").click()
    expect(page.locator(".stage .scene:not(.leaving)")).to_be_visible()
    expect(page.locator(".leaving")).to_have_count(0)
    assert page.evaluate("window.left") == ["scene leaving", "fleet leaving"]


def test_the_machine_lens_and_the_app_lens_keep_the_same_object_selected(visit: Visit) -> None:
    page = visit()
    lab = try_it(page)
    lab.run("kubectl create deployment web --image=nginx:1.27 --replicas=3")
    tile = page.locator(".stage .scene:not(.leaving) .tile", has=page.locator("title", has_text="Pod web-")).first
    tile.click()
    uid = tile.get_attribute("data-uid")
    assert page.evaluate("window.__drydock.scene().selected") == uid
    views = page.get_by_role("group", name="View")
    shown = []
    for lens in ("Namespaces", "Racks", "Namespaces"):
        views.get_by_role("button", name=lens).click()
        mine = page.locator(f".stage .scene:not(.leaving) .tile[data-uid='{uid}']")
        expect(mine.locator(".ring")).to_be_visible()
        shown.append(page.evaluate("window.__drydock.scene().selected"))
    assert shown == [uid] * 3
    # In the app lens the pod stands under what owns it, in the machine lens on what runs it.
    expect(page.locator(".stage .scene:not(.leaving) .thing", has_text="Deployment").first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_things_are_dragged_into_boxes_or_placed_by_keyboard(visit: Visit, theme: str, width: int) -> None:
    page = visit(color_scheme=theme, bypass_csp=True)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("/words/pod/")
    drag(page, page.get_by_text("Virtual machine", exact=True).first, page.locator('[data-place="0"] > h3'))
    expect(page.get_by_label("Where Virtual machine belongs")).to_have_value("0")
    page.get_by_label("Where Pod belongs").focus()
    page.get_by_label("Where Pod belongs").select_option("Smallest")
    page.get_by_label("Where Container belongs").select_option("Smallest")
    expect(page.locator('[data-place="2"] > ul')).to_contain_text("Pod")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("2 of 3 in place.")).to_be_visible()
    assert violations(page) == [], "a thing in a wrong place"
    drag(page, page.locator("[data-thing].wrong .thing-name"), page.locator('[data-place="1"] > h3'))
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("All 3 are in their place.")).to_be_visible()
    page.get_by_label("Pods", exact=True).check()
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("✓ Right.")).to_be_visible()
    assert violations(page) == [], "all answered"


def drag(page: Page, thing: Locator, place: Locator) -> None:
    thing.scroll_into_view_if_needed()
    start, end = thing.bounding_box(), place.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(end["x"] + 10, end["y"] + 5, steps=4)
    page.mouse.up()


def test_the_sandbox_tab_says_what_the_containers_of_a_pod_share(visit: Visit) -> None:
    page = visit()
    lab = try_it(page)
    lab.run("kubectl run web --image=nginx:1.27")
    lab.unfold("Namespaces", "default,", "Pod,")
    row = next(branch for branch in lab.outline() if branch.label.startswith("Pod web,"))
    lab.row(row.id).dispatch_event("dblclick")
    page.get_by_role("tab", name="Sandbox").click()
    network = page.get_by_role("row", name=re.compile(r"Network \(net\)"))
    expect(network).to_contain_text("all containers of this pod")
    expect(network).to_contain_text("they reach each other at localhost")
