"""The guestbook, typed at the browser's terminal, through everything that happens to it.

After every step the cluster is stopped, and what the stage has drawn and the outline says must be what kubectl prints.
The message texts themselves are proved in `tests/simulator`.
"""

from collections import Counter
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ROOT
from tests.e2e.lab_page import LabPage, eventually, new_cluster, try_it

pytestmark = pytest.mark.e2e
Visit = Callable[..., Page]
MANIFEST = (ROOT / "tests" / "simulator" / "cluster" / "guestbook.yaml").read_text()
CONFIG = """kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: quay
nodes:
- {role: control-plane}
- {role: worker, count: 3, cpu: "1", memory: 2Gi}
"""
FASTEST = 20
PHASES = {"ContainerCreating": "Creating", "ErrImagePull": "Failing", "ImagePullBackOff": "Failing"}


def phases(lab: LabPage) -> Counter[str]:
    """How many tiles of the guestbook the stage shows in each phase, those still on the quay included."""
    scene = lab.scene()
    counts = Counter(phase for name, phase, *_ in scene["tiles"] if name.startswith(("frontend", "leader", "follower")))
    return counts + Counter(Pending=len(scene["queued"]) + scene["queuedMore"])


def agree(lab: LabPage, *, dark: str = "") -> Counter[str]:
    """Stop, compare everything, and go on; returns the number of pods in each STATUS. Pods of a dark node keep theirs."""
    lab.pause()
    pods = lab.table("kubectl get pods -o wide")
    said = {pod["NAME"]: (pod["STATUS"], pod["READY"]) for pod in pods}
    eventually(lambda: lab.pods_in_words() == said, f"the outline says {said}")
    lost = {pod["NAME"] for pod in pods if pod["NODE"] == dark and pod["STATUS"] == "Running"}
    drawn = Counter("Unknown" if name in lost else PHASES.get(status, status) for name, (status, _) in said.items())
    eventually(lambda: phases(lab) == drawn, f"the stage shows {drawn}")
    says = {f"guestbook, {len(pods)} pods"}
    for row in lab.table("kubectl get deployments"):
        ready, wanted = row["READY"].split("/")
        says.add(f"Deployment {row['NAME']}, {ready} of {wanted} ready")
    eventually(lambda: says <= {branch.label for branch in lab.outline()}, f"the outline says {says}")
    words = [branch.label for branch in lab.outline()]
    for row in lab.table("kubectl get nodes"):
        state = {"Ready": "ready", "NotReady": "not ready"}[row["STATUS"]]
        assert any(word.startswith(f"{row['NAME']}, {state}") for word in words)
    return Counter(status for status, _ in said.values())


def settle(lab: LabPage, wanted: Counter[str], *, dark: str = "") -> None:
    """Run fast until kubectl shows `wanted`, which the diagram must show as well."""
    lab.play(FASTEST)
    eventually(
        lambda: Counter(row["STATUS"] for row in lab.table("kubectl get pods")) == wanted, f"pods are {wanted}", 30
    )
    assert agree(lab, dark=dark) == wanted


@pytest.fixture
def lab(visit: Visit) -> LabPage:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    try_it(page)
    made = new_cluster(page, CONFIG)
    assert made.run("kubectl create namespace guestbook") == "namespace/guestbook created\n"
    made.run("kubectl config set-context --current --namespace=guestbook")
    applied = made.run(f"kubectl apply -f - <<'EOF'\n{MANIFEST}EOF", pasted=True)
    assert applied.splitlines() == [
        f"{kind}/{name} created"
        for name in ("leader", "follower", "frontend")
        for kind in ("deployment.apps", "service")
    ]
    made.unfold("Namespaces", "guestbook,", "Deployment,")
    made.unfold("Namespaces", "guestbook,", "Pod,")
    settle(made, Counter(Running=6))
    return made


def test_the_diagram_shows_what_kubectl_shows_through_updates_and_undo(lab: LabPage) -> None:
    assert lab.run("kubectl set image deployment/frontend guestbook=drydock/guestbook:2.0") == (
        "deployment.apps/frontend image updated\n"
    )
    agree(lab)
    settle(lab, Counter(Running=6))
    assert (
        lab.run("kubectl get pods -l tier=frontend -o jsonpath='{.items[*].spec.containers[*].image}'").split()
        == ["drydock/guestbook:2.0"] * 3
    )

    lab.run("kubectl set image deployment/frontend guestbook=drydock/guestbook:9.9")
    lab.play(FASTEST)
    eventually(lambda: "BackOff" in lab.run("kubectl get events"), "the missing image is noticed", 20)
    assert agree(lab) in (Counter(Running=6, ImagePullBackOff=1), Counter(Running=6, ErrImagePull=1))
    assert lab.run("kubectl rollout undo deployment/frontend") == "deployment.apps/frontend rolled back\n"
    settle(lab, Counter(Running=6))

    lab.run("kubectl scale deployment frontend --replicas=40")
    lab.play(FASTEST)
    eventually(lambda: "FailedScheduling" in lab.run("kubectl get events"), "somebody waits for a node")
    eventually(lambda: "ContainerCreating" not in lab.run("kubectl get pods"), "the others run")
    counts = agree(lab)
    assert counts["Running"] + counts["Pending"] == 43
    assert counts["Pending"] > 0
    assert f"Waiting for a node, {counts['Pending']} pods" in [branch.label for branch in lab.outline()]


def test_a_node_that_goes_dark_comes_back_and_a_namespace_goes(lab: LabPage) -> None:
    page, dark = lab.page, "quay-worker2"
    lab.unfold("Nodes")
    node = next(branch for branch in lab.outline() if branch.label.startswith(f"{dark},"))
    rack = page.locator(f'.scene .thing[data-uid="{node.id.removeprefix("nodes/")}"]').get_by_text(dark, exact=True)
    here = [row["NAME"] for row in lab.table("kubectl get pods -o wide") if row["NODE"] == dark]
    rack.click(button="right")
    page.get_by_role("menuitem", name=f"Cut the power of {dark}").click()
    expect(lab.row(node.id)).to_contain_text(f"{dark}, ready, no power")

    lab.play(FASTEST)
    eventually(lambda: "NotReady" in lab.run("kubectl get nodes"), "the silence is noticed")
    assert agree(lab, dark=dark) == Counter(Running=6)
    settle(lab, Counter(Running=6, Terminating=len(here)), dark=dark)

    rack.click(button="right")
    page.get_by_role("menuitem", name=f"Bring {dark} back").click()
    lab.play(FASTEST)
    eventually(lambda: "NotReady" not in lab.run("kubectl get nodes"), "the node is heard again")
    settle(lab, Counter(Running=6))

    assert lab.run("kubectl delete namespace guestbook --wait=false") == 'namespace "guestbook" deleted\n'
    expect(lab.page.locator(".outline-label", has_text="guestbook,")).to_have_count(1)
    lab.play(FASTEST)
    gone = 'Error from server (NotFound): namespaces "guestbook" not found'
    eventually(lambda: lab.answer("kubectl get namespace guestbook")["stderr"].strip() == gone, "the namespace is gone")
    eventually(lambda: not phases(lab), "its pods are gone from the stage")
    expect(lab.page.locator(".outline-label", has_text="guestbook,")).to_have_count(0)
