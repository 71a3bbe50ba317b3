"""What would let a pending pod run, asked in the inspector and done in the terminal."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.lab_page import try_it

pytestmark = pytest.mark.e2e


def test_a_pending_pod_says_what_would_let_it_run_and_its_command_does(visit: Callable[..., Page]) -> None:
    page = visit(bypass_csp=True)
    lab = try_it(page)
    nodes = lab.run("kubectl get nodes -o name").split()
    lab.run(f"kubectl cordon {' '.join(one.removeprefix('node/') for one in nodes)}")
    lab.run("kubectl run lone --image=nginx:1.27")
    lab.unfold("Namespaces", "default,", "Pod,")
    row = next(branch for branch in lab.outline() if branch.label.startswith("Pod lone,"))
    lab.row(row.id).dispatch_event("dblclick")
    box = page.get_by_role("region", name="What would let it run")
    box.get_by_role("button", name="Try it on copies of the cluster").click()
    expect(box.get_by_role("status")).to_contain_text("Uncordon ")
    line = box.locator(".remedy-line").first
    expect(line).to_contain_text("kubectl uncordon ")
    assert violations(page) == []
    lab.run(line.inner_text())
    expect(box).to_have_count(0, timeout=60_000)
