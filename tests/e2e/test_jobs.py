"""The terminal's jobs in a real browser: what goes on behind the prompt, and the keys that end and stop it."""

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.lab_page import READY_MS, try_it

pytestmark = pytest.mark.e2e
Visit = Callable[..., Page]


def test_a_forwarded_port_prints_beside_the_prompt_and_obeys_its_keys(visit: Visit) -> None:
    page = visit()
    lab = try_it(page)
    lab.run("kubectl create deployment site --image=nginx:1.27 --port=80")
    expect(page.locator("#lab")).to_contain_text("site-", timeout=READY_MS)
    lab.run("kubectl rollout status deployment/site")
    lab.run("kubectl port-forward deployment/site 8080:80 &")
    expect(lab.screen).to_contain_text("Forwarding from 127.0.0.1:8080 -> 80", timeout=READY_MS)
    lab.run("curl -s localhost:8080 | head -n 1")
    expect(lab.screen).to_contain_text("Handling connection for 8080", timeout=READY_MS)
    lab.run("fg")
    page.keyboard.press("Control+z")
    expect(lab.screen).to_contain_text("[1]+  Stopped", timeout=READY_MS)
    lab.run("bg && kubectl get pods -o json | jq -r '.items[].status.phase'")
    if folder := os.environ.get("DRYDOCK_PICTURES"):
        for name, size in (("wide", (1440, 900)), ("phone", (390, 844))):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.wait_for_timeout(400)
                page.screenshot(path=f"{folder}/jobs-{name}-{scheme}.png")
        page.set_viewport_size({"width": 1440, "height": 900})
    lab.run("kill %1")
    expect(lab.screen).to_contain_text("[1]+  Terminated", timeout=READY_MS)
