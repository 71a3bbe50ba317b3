"""Going back in one's own session in a browser: look around, ask the terminal, go on from there, compare with what was left."""

import json
import re
from collections.abc import Callable
from html import unescape

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.lab_page import LabPage, try_it

pytestmark = pytest.mark.e2e
Visit = Callable[..., Page]


def test_a_learner_goes_back_looks_around_and_goes_on_from_there(visit: Visit) -> None:
    page = visit(bypass_csp=True)
    lab = try_it(page)
    lab.run("kubectl create configmap first --from-literal=a=1")
    page.reload()  # what the page saw itself is forgotten: the server has to remember
    lab = type(lab)(page)
    lab.run("kubectl create configmap second --from-literal=a=1")
    assert "second" in lab.run("kubectl get configmaps")
    slider = page.get_by_role("slider", name="Time")
    slider.press("Home")
    past = page.get_by_role("region", name="The past")
    past.get_by_role("button", name="Look around here").click()
    expect(past).to_contain_text("Terminal and inspector answer from then")
    page.get_by_label("Terminal input").focus()
    page.keyboard.type("clear")
    page.keyboard.press("Enter")
    page.keyboard.type("kubectl get configmaps -o name")
    page.keyboard.press("Enter")
    expect(lab.screen).to_contain_text("configmap/first")
    expect(lab.screen).not_to_contain_text("configmap/second")
    expect(page.locator(".pane-terminal")).to_contain_text("answers from then, read only")
    page.keyboard.type("kubectl delete configmap first")
    page.keyboard.press("Enter")
    expect(lab.screen).to_contain_text("This is the past")
    past.get_by_role("button", name="Compare with now").click()
    differences = page.get_by_role("complementary", name="Differences")
    expect(differences).to_contain_text("ConfigMap default/second")
    assert violations(page) == []
    page.keyboard.press("Escape")
    past.get_by_role("button", name="Continue from here").click()
    page.get_by_role("dialog").get_by_role("button", name="Continue from here").click()
    left = page.get_by_role("region", name="The future you left")
    expect(left).to_be_visible(timeout=15_000)
    assert "second" not in lab.run("kubectl get configmaps")
    left.get_by_role("button", name="Compare with the future you left").click()
    expect(differences.get_by_role("heading", name="Differences")).to_be_focused()


WORLD = """async () => {
  const boot = JSON.parse(document.getElementById("boot").textContent);
  const headers = { "Content-Type": "application/json", "X-CSRFToken": boot.csrf };
  const ask = async (body) => (await fetch(`${boot.api}/past`, { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(60_000) })).json();
  const { branches } = await ask({ op: "branches" });
  return (await ask({ op: "world", gen: branches.at(-1).gen, at: 60_000_000 })).url;
}"""


def test_a_link_opens_the_same_world_for_somebody_else(visit: Visit) -> None:
    page = visit()
    lab = try_it(page)
    lab.run("kubectl create configmap shared --from-literal=a=1")
    url = page.evaluate(WORLD)
    other = visit(bypass_csp=True)
    other.goto(url)
    assert violations(other) == []
    other.get_by_role("button", name="Open this world").click()
    theirs = type(lab)(other)
    assert "shared" in theirs.run("kubectl get configmaps")
    expect(other.get_by_role("button", name="Play", exact=True)).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_saved_picture_opens_again_with_the_same_objects(visit: Visit, theme: str) -> None:
    page = visit(color_scheme=theme, bypass_csp=True)
    lab = try_it(page)
    lab.run("kubectl create deployment web --image=nginx:1.27 --replicas=3")
    web = page.locator(".stage .tile", has=page.locator("title", has_text=re.compile("Pod web-.*Running")))
    expect(web).to_have_count(3, timeout=30_000)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save picture").click()
    picture = saved.value.path().read_text("utf-8")
    assert saved.value.suggested_filename.startswith("my-first-cluster-")
    assert violations(page) == []
    told = json.loads(unescape(re.findall("<metadata>(.*?)</metadata>", picture)[0]))
    shown = {str(tile.get_attribute("data-uid")) for tile in web.all()}
    assert shown <= set(told["uids"])
    assert "class=" not in picture
    assert fonts_of(picture), "fonts within"
    assert set(re.findall(r"url\(([^)]{0,12})", picture.partition("</style>")[0])) == {'"data:font/w'}
    note = page.get_by_label("For your notes").input_value()
    assert f"[Open this moment]({told['link']})" in note
    page.goto(told["link"])
    page.get_by_role("button", name="Open this world").click()
    again = LabPage(page)
    tiles = page.locator(".stage .tile", has=page.locator("title", has_text="Pod web-"))
    expect(tiles).to_have_count(3)
    assert {str(tile.get_attribute("data-uid")) for tile in tiles.all()} == shown
    assert again is not lab


def fonts_of(picture: str) -> set[str]:
    """Families that the picture brings and uses."""
    brought = set(re.findall(r'font-family: "?([^";]+)"?;', picture.partition("</style>")[0]))
    return {family for family in brought if picture.count(family) > 1}
