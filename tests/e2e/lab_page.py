"""A lab page as a person uses it: the terminal, the stage, the outline and the clock, each asked for what it shows."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from playwright.sync_api import Locator, Page, Response, expect

Found = TypeVar("Found")
PATIENCE_S = 10.0
READY_MS = 15_000
OUTLINE_ROWS = """rows => rows.map(row => [
  row.dataset.id, row.querySelector(".outline-label").textContent, row.getAttribute("aria-expanded")])"""
FIRST_DIAGRAM = "performance.getEntriesByName('first-diagram').map(mark => mark.startTime)"
CALL = """async ({ what, body }) => {
  const boot = JSON.parse(document.getElementById("boot").textContent);
  const headers = { "Content-Type": "application/json", "X-CSRFToken": boot.csrf };
  const answer = await fetch(`${boot.api}/${what}`, { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(60_000) });
  return { status: answer.status, body: await answer.json() };
}"""
POD_WORDS = re.compile(
    r"Pod (?P<name>\S+), (?P<phase>[a-z]+)(?: \((?P<status>[^)]*)\))?, (?P<ready>\d+) of (?P<of>\d+) ready"
)


@dataclass(frozen=True)
class Branch:
    """A row of the outline."""

    id: str
    label: str
    is_open: bool | None


def try_it(page: Page) -> "LabPage":
    """A guest's first cluster."""
    page.goto("/")
    page.get_by_role("button", name="Try it").click()
    return LabPage(page)


def new_cluster(page: Page, config: str) -> "LabPage":
    """A cluster of one's own description, made on the site's page for it."""
    page.goto("/clusters/new/")
    page.get_by_label("My own").check()
    page.get_by_label("Configuration", exact=True).fill(config)
    page.get_by_role("button", name="Make the cluster").click()
    return LabPage(page)


class LabPage:
    """Wraps a page that is on its way to a lab; returns when the first picture is there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        expect(page.locator("#lab").get_by_text("kube-apiserver").first).to_be_attached(timeout=READY_MS)
        self.screen = page.locator(".pane-terminal .xterm-rows")
        expect(self.screen).to_contain_text("$", timeout=READY_MS)

    # The terminal

    def run(self, line: str, *, pasted: bool = False) -> str:
        """Type a line, or paste several, and press Enter: what it printed, which is also what the terminal shows."""
        reply = self.answer(line, pasted=pasted)
        assert reply["exit"] == 0, reply
        return str(reply["stdout"])

    def answer(self, line: str, *, pasted: bool = False) -> dict[str, Any]:
        """The whole answer to a line: `stdout`, `stderr`, `exit`."""
        self.page.get_by_label("Terminal input").focus()
        if pasted:
            self._paste(line)
        else:
            self.page.keyboard.type(line)
        with self.page.expect_response(_is_shell) as answered:
            self.page.keyboard.press("Enter")
        reply: dict[str, Any] = answered.value.json()["reply"]
        self._expect_shown(reply)
        return reply

    def table(self, line: str) -> list[dict[str, str]]:
        """The rows a `kubectl get` prints, by their column heads."""
        head, *rows = [re.split(r"\s{2,}", row.strip()) for row in self.run(line).splitlines()]
        return [dict(zip(head, row, strict=True)) for row in rows]

    def _paste(self, text: str) -> None:
        terminal, last = self.page.locator(".pane-terminal"), _visible(text.splitlines()[-1])
        terminal.get_by_role("button", name="Clear").click()
        expect(self.screen).not_to_contain_text(last)
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        terminal.get_by_role("button", name="Paste").click()
        expect(self.screen).to_contain_text(last)

    def _expect_shown(self, reply: dict[str, Any]) -> None:
        printed = [line for line in f"{reply['stdout']}\n{reply['stderr']}".splitlines() if line.strip()]
        if printed and not reply.get("follow"):
            expect(self.screen).to_contain_text(_visible(printed[-1])[-40:])

    # The clock

    def pause(self) -> None:
        """Stop the cluster; what is read after it belongs to one moment."""
        self.call("clock", {"op": "pause"})
        expect(self.page.get_by_role("button", name="Play", exact=True)).to_be_visible()

    def play(self, speed: float = 1) -> None:
        """Let it run, as fast as wanted."""
        self.call("clock", {"op": "speed", "value": speed})
        self.call("clock", {"op": "resume"})
        expect(self.page.get_by_role("button", name="Pause", exact=True)).to_be_visible()

    def call(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        """One of the page's own HTTP calls."""
        answer: dict[str, Any] = self.page.evaluate(CALL, {"what": what, "body": body})
        return answer

    # What is drawn and said

    def first_diagram_ms(self) -> float:
        """From the click that led here to the first picture of the cluster, as the browser has measured it."""
        found = eventually(lambda: self.page.evaluate(FIRST_DIAGRAM), "the mark of the first diagram")
        return float(found[0])

    def scene(self) -> dict[str, Any]:
        """The stage, as the page describes what it has drawn."""
        drawn: dict[str, Any] = self.page.evaluate("window.__drydock.scene()")
        return drawn

    def outline(self) -> list[Branch]:
        """Every row of the outline that is there now."""
        rows = self.page.locator(".outline-row").evaluate_all(OUTLINE_ROWS)
        return [Branch(id, label, None if is_open is None else is_open == "true") for id, label, is_open in rows]

    def unfold(self, *labels: str) -> None:
        """Open rows of the outline, one below the other, by how they begin."""
        inside = ""
        for label in labels:
            branch = eventually(
                lambda label=label, inside=inside: self._branch(label, inside), f"a row {label!r}", saw=self._rows
            )
            if not branch.is_open:
                self.row(branch.id).locator(".twist").dispatch_event("click")
                expect(self.row(branch.id)).to_have_attribute("aria-expanded", "true")
            inside = branch.id

    def row(self, id: str) -> Locator:
        """A row of the outline."""
        return self.page.locator(f'.outline-row[data-id="{id}"]')

    def pods_in_words(self) -> dict[str, tuple[str, str]]:
        """Pod name -> STATUS and READY, as the rows of the outline say them."""
        found = (POD_WORDS.match(branch.label) for branch in self.outline())
        return {
            each["name"]: (each["status"] or each["phase"].capitalize(), f"{each['ready']}/{each['of']}")
            for each in found
            if each
        }

    def _rows(self) -> str:
        return "The rows were: " + "; ".join(row.label for row in self.outline())

    def _branch(self, label: str, inside: str) -> Branch | None:
        return next(
            (each for each in self.outline() if each.label.startswith(label) and each.id.startswith(inside)), None
        )


def eventually(
    look: Callable[[], Found], what: str, timeout_s: float = PATIENCE_S, *, saw: Callable[[], str] = str
) -> Found:
    """What `look` finds, as soon as it finds something; who waited in vain is told what `saw` says then."""
    found: Found | None = None
    for _ in _until(timeout_s):
        found = look()
        if found:
            return found
    raise AssertionError(f"{what}: not within {timeout_s:g} s; last: {found!r}. {saw()}")


def _until(timeout_s: float) -> Iterator[None]:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        yield
        time.sleep(0.1)


def _is_shell(response: Response) -> bool:
    if not response.url.endswith("/command"):
        return False
    body = response.request.post_data_json
    return bool(body and body["command"]["kind"] == "shell")


def _visible(text: str) -> str:
    """As the terminal's rows hold it: without control characters."""
    return "".join(sign for sign in text.strip() if sign.isprintable())
