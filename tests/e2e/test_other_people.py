"""Another person's cluster, lesson and class: by page, by API, by WebSocket; nothing is read, watched or written."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chromium, Site
from tests.e2e.lab_page import LabPage, try_it

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("others")]
Visit = Callable[..., Page]
REFUSED = {"code": 4403, "frames": ["bye"]}
NOBODYS = "00000000-0000-4000-8000-000000000000"
POST = """async ({ path, body, form }) => {
  const csrf = JSON.parse(document.getElementById("boot").textContent).csrf;
  const type = form ? "application/x-www-form-urlencoded" : "application/json";
  const headers = { "Content-Type": type, "X-CSRFToken": csrf, Accept: "application/json" };
  const content = form ? new URLSearchParams(body) : JSON.stringify(body);
  const answer = await fetch(path, { method: "POST", headers, body: content, signal: AbortSignal.timeout(60_000) });
  return { status: answer.status, text: await answer.text() };
}"""
SOCKET = """path => new Promise(resolve => {
  const frames = [];
  const socket = new WebSocket(location.origin.replace("http", "ws") + path);
  socket.onopen = () => socket.send(JSON.stringify({ t: "hello", gen: null, ev: null }));
  socket.onmessage = ({ data }) => frames.push(JSON.parse(data).t);
  socket.onclose = ({ code }) => resolve({ code, frames });
  setTimeout(() => resolve({ code: "not closed within 60 s", frames }), 60_000);
})"""


@pytest.fixture(scope="module")
def labs(browser: Chromium, site: Site) -> Any:
    """Two guests with a cluster each: the owner, who has a secret in it, and the other."""
    contexts = [browser.new_context(base_url=site.url) for _ in range(2)]
    owner, other = (try_it(context.new_page()) for context in contexts)
    owner.run("kubectl create namespace my-secret-plans")
    yield owner, other
    for context in contexts:
        context.close()


def id_of(lab: LabPage) -> str:
    """The cluster's id."""
    return lab.page.url.rstrip("/").rpartition("/")[2]


@pytest.mark.parametrize(
    "path", ["/clusters/{id}/", "/api/clusters/{id}/log?gen=1&from=0&to=10"], ids=["the lab page", "the log"]
)
def test_a_page_of_somebody_else_is_not_there(labs: tuple[LabPage, LabPage], path: str) -> None:
    owner, other = labs
    real, none = (other.page.request.get(path.format(id=id)) for id in (id_of(owner), NOBODYS))
    assert (real.status, none.status) == (404, 404)
    said, nothing = (re.sub(r'content="[A-Za-z0-9]{64}"', "", answer.text()) for answer in (real, none))
    assert said.replace(id_of(owner), "") == nothing.replace(NOBODYS, "")


@pytest.mark.parametrize("kind", ["shell", "apply-yaml", "fault", "write-file", "request"])
def test_no_command_changes_somebody_elses_cluster(labs: tuple[LabPage, LabPage], kind: str) -> None:
    owner, other = labs
    more = {
        "line": "kubectl delete ns my-secret-plans",
        "text": "",
        "path": "a",
        "fault": "node-power-off",
        "target": "x",
    }
    body = {"rid": "r", "command": {"kind": kind, **more}}
    assert other.page.evaluate(POST, {"path": f"/api/clusters/{id_of(owner)}/command", "body": body})["status"] == 404
    assert "my-secret-plans" in owner.run("kubectl get namespaces")


@pytest.mark.parametrize("kind", ["inspect", "read-file", "list-files", "complete", "check", "diff-yaml", "follow"])
def test_no_question_is_answered_about_somebody_elses_cluster(labs: tuple[LabPage, LabPage], kind: str) -> None:
    owner, other = labs
    command = {"kind": kind, "uid": "cluster", "path": ".kube/config", "line": "kubectl get ns ", "at": 15, "text": ""}
    answer = other.page.evaluate(POST, {"path": f"/api/clusters/{id_of(owner)}/command", "body": {"command": command}})
    assert answer["status"] == 404
    assert "secret" not in answer["text"]


@pytest.mark.parametrize("op", ["pause", "resume", "speed", "step", "reset"])
def test_nobody_turns_somebody_elses_clock(labs: tuple[LabPage, LabPage], op: str) -> None:
    owner, other = labs
    body = {"op": op, "value": 2, "rid": "r"}
    assert other.page.evaluate(POST, {"path": f"/api/clusters/{id_of(owner)}/clock", "body": body})["status"] == 404
    assert "my-secret-plans" in owner.run("kubectl get namespaces")


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/clusters/{id}/rename/", {"name": "mine now"}),
        ("/clusters/{id}/reset/", {}),
        ("/clusters/{id}/delete/", {}),
        ("/clusters/{id}/lesson/step/", None),
        ("/clusters/{id}/lesson/prediction/", None),
        ("/clusters/{id}/lesson/hint/", None),
        ("/clusters/{id}/help/", None),
    ],
)
def test_no_form_of_the_site_touches_somebody_elses_cluster(
    labs: tuple[LabPage, LabPage], path: str, form: dict[str, str] | None
) -> None:
    owner, other = labs
    body = form if form is not None else {"step": "look", "question": "notice", "option": "At once", "text": "help"}
    sent = {"path": path.format(id=id_of(owner)), "body": body, "form": form is not None}
    assert other.page.evaluate(POST, sent)["status"] in (403, 404)
    owner.page.reload()
    expect(owner.page).to_have_title("My first cluster · Drydock")
    assert "my-secret-plans" in LabPage(owner.page).run("kubectl get namespaces")


def test_no_socket_shows_somebody_elses_cluster(labs: tuple[LabPage, LabPage]) -> None:
    owner, other = labs
    assert other.page.evaluate(SOCKET, f"/ws/labs/{id_of(owner)}/") == REFUSED


def test_learners_and_strangers_see_no_wall(labs: tuple[LabPage, LabPage], visit: Visit, site: Site) -> None:
    _, stranger = labs
    demo = site.demo()
    learner = visit()
    learner.goto(f"/join/{demo['class']['code']}/")
    learner.get_by_label("Your name").fill("Gil")
    learner.get_by_role("button", name="Join the class").click()
    expect(learner.locator("#lab .prose")).to_be_visible(timeout=10_000)
    wall = f"/classes/{demo['class']['id']}/wall/"
    for page in (learner, stranger.page):
        assert page.request.get(wall).status in (403, 404)
        assert page.evaluate(SOCKET, f"/ws/wall/{demo['class']['id']}/") == REFUSED


def test_an_instructor_sees_nothing_outside_the_class(labs: tuple[LabPage, LabPage], visit: Visit, site: Site) -> None:
    owner, _ = labs
    jana = site.demo()["people"][0]
    page = visit()
    page.goto("/accounts/sign-in/")
    page.get_by_label("Email address").fill(jana["email"])
    page.get_by_label("Password").fill(jana["password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/clusters/")
    assert page.request.get(f"/clusters/{id_of(owner)}/").status == 404
    assert page.evaluate(SOCKET, f"/ws/labs/{id_of(owner)}/") == REFUSED
