"""The real input: a guestbook-like application, typed at the terminal, through everything that happens to it.

Texts are those of Kubernetes 1.33 (kubectl, deployment-, replicaset-, node-lifecycle-controller, scheduler, kubelet).
"""

import re
from pathlib import Path
from typing import Any

import pytest

from simulator.cluster import Cluster

MANIFEST = Path(__file__).parent / "guestbook.yaml"
CONFIG = {
    "name": "quay",
    "nodes": [{"role": "control-plane"}, {"role": "worker", "count": 3, "cpu": "1", "memory": "2Gi"}],
}
SECOND = 1_000_000


class Lab:
    """A cluster with a terminal and a clock."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def run(self, line: str, stdin: str = "") -> str:
        reply = self.reply(line, stdin)
        assert reply["exit"] == 0, reply
        return str(reply["stdout"])

    def reply(self, line: str, stdin: str = "") -> dict[str, Any]:
        return self.cluster.apply({"kind": "shell", "line": line, "stdin": stdin})

    def wait(self, seconds: float) -> None:
        until = self.cluster.now + int(seconds * SECOND)
        while not self.cluster.advance(until):
            continue

    def column(self, line: str, name: str) -> list[str]:
        head, *rows = self.run(line).splitlines()
        start = head.index(name)
        return [row[start:].split("  ")[0].strip() for row in rows]

    def drawn(self, kind: str, **wanted: object) -> list[dict[str, Any]]:
        """Rows of the diagram."""
        table = self.cluster.picture().get(kind, {"cols": [], "rows": []})
        rows = [dict(zip(table["cols"], row, strict=True)) for row in table["rows"]]
        return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


@pytest.fixture
def lab() -> Lab:
    made = Lab(Cluster.create(CONFIG))
    made.run("kubectl create namespace guestbook")
    made.run("kubectl config set-context --current --namespace=guestbook")
    made.run("kubectl apply -f -", MANIFEST.read_text())
    made.wait(30)
    return made


def test_one_manifest_creates_everything_and_it_runs(lab: Lab) -> None:
    again = lab.run("kubectl apply -f -", MANIFEST.read_text())
    assert again.splitlines() == [
        "deployment.apps/leader unchanged",
        "service/leader unchanged",
        "deployment.apps/follower unchanged",
        "service/follower unchanged",
        "deployment.apps/frontend unchanged",
        "service/frontend unchanged",
    ]
    assert lab.column("kubectl get deployments", "READY") == ["2/2", "3/3", "1/1"]
    assert set(lab.column("kubectl get pods", "STATUS")) == {"Running"}
    assert lab.column("kubectl get services", "TYPE") == ["ClusterIP", "NodePort", "ClusterIP"]
    assert len(lab.drawn("Pod", ns="guestbook", phase="Running")) == 6
    [frontend] = lab.drawn("Service", ns="guestbook", name="frontend")
    assert len(frontend["endpoints"]) == 3
    assert 30_000 <= int(frontend["ports"].partition(":")[2]) <= 32_767


def test_a_rolling_update_changes_every_pod_and_never_breaks_its_bounds(lab: Lab) -> None:
    assert (
        lab.run("kubectl set image deployment/frontend guestbook=drydock/guestbook:2.0")
        == "deployment.apps/frontend image updated\n"
    )
    for _ in range(120):
        lab.wait(0.25)
        pods = [pod for pod in lab.drawn("Pod", ns="guestbook", app="frontend") if pod["phase"] != "Terminating"]
        [deployment] = lab.drawn("Deployment", name="frontend")
        assert len(pods) <= 4
        assert deployment["available"] >= 3 - 1
    assert {pod["image"] for pod in lab.drawn("Pod", app="frontend")} == {"drydock/guestbook:2.0"}
    assert 'deployment "frontend" successfully rolled out' in lab.run("kubectl rollout status deployment/frontend")
    old, new = sorted(lab.drawn("ReplicaSet", ns="guestbook"), key=lambda row: row["revision"])[-2:]
    assert lab.run("kubectl rollout history deployment/frontend").splitlines()[-3:-1] == [
        "1         <none>",
        "2         <none>",
    ]
    assert (old["name"] == new["name"]) is False


def test_an_image_that_does_not_exist_stops_the_rollout_and_undo_heals_it(lab: Lab) -> None:
    lab.run("kubectl set image deployment/frontend guestbook=drydock/guestbook:9.9")
    lab.wait(60)
    states = lab.column("kubectl get pods -l app=guestbook,tier=frontend", "STATUS")
    assert sorted(states) in (
        ["ErrImagePull", "Running", "Running", "Running"],
        ["ImagePullBackOff", "Running", "Running", "Running"],
    )
    assert len(lab.drawn("Pod", app="frontend", phase="Failing")) == 1
    events = lab.run("kubectl get events")
    assert 'Failed to pull image "drydock/guestbook:9.9"' in events
    assert 'Back-off pulling image "drydock/guestbook:9.9"' in events
    assert lab.run("kubectl rollout undo deployment/frontend") == "deployment.apps/frontend rolled back\n"
    lab.wait(40)
    assert lab.column("kubectl get deployment frontend", "READY") == ["3/3"]
    assert {pod["image"] for pod in lab.drawn("Pod", app="frontend")} == {"drydock/guestbook:1.0"}


def test_a_scale_beyond_the_nodes_leaves_pods_pending_with_the_exact_reason(lab: Lab) -> None:
    assert lab.run("kubectl scale deployment frontend --replicas=40") == "deployment.apps/frontend scaled\n"
    lab.wait(60)
    states = lab.column("kubectl get pods -l tier=frontend", "STATUS")
    assert len(states) == 40
    pending = states.count("Pending")
    assert 0 < pending < 40
    assert len(lab.drawn("Pod", app="frontend", phase="Pending")) == pending
    name = next(pod["name"] for pod in lab.drawn("Pod", app="frontend", phase="Pending"))
    described = lab.run(f"kubectl describe pod {name}")
    assert re.search(
        r"Warning  FailedScheduling  .*default-scheduler  0/4 nodes are available: 1 node\(s\) had untolerated taint "
        r"\{node-role\.kubernetes\.io/control-plane: \}, 3 Insufficient (cpu|memory)\. "
        r"preemption: 0/4 nodes are available: 1 Preemption is not helpful for scheduling, "
        r"3 No preemption victims found for incoming pod\.",
        described,
    ), described


def test_a_node_that_loses_power_is_noticed_evicted_and_comes_back(lab: Lab) -> None:
    victim = "quay-worker2"
    here = len(lab.drawn("Pod", ns="guestbook", node=victim))
    assert here > 0
    lab.cluster.apply({"kind": "fault", "fault": "node-power-off", "target": victim})
    lab.wait(30)
    assert lab.column(f"kubectl get node {victim}", "STATUS") == ["Ready"]
    lab.wait(25)
    assert lab.column(f"kubectl get node {victim}", "STATUS") == ["NotReady"]
    described = lab.run(f"kubectl describe node {victim}")
    assert "Kubelet stopped posting node status." in described
    assert "node.kubernetes.io/unreachable:NoExecute" in described
    assert len(lab.drawn("Pod", ns="guestbook", node=victim, phase="Unknown")) == here
    lab.wait(310)
    assert len(lab.drawn("Pod", ns="guestbook", node=victim, phase="Terminating")) == here
    assert len(lab.drawn("Pod", ns="guestbook", phase="Running")) == 6
    assert "TaintManagerEviction" in lab.run("kubectl get events")
    lab.cluster.apply({"kind": "fault", "fault": "node-power-on", "target": victim})
    lab.wait(60)
    assert lab.column(f"kubectl get node {victim}", "STATUS") == ["Ready"]
    assert lab.drawn("Pod", ns="guestbook", phase="Terminating") == []
    assert len(lab.drawn("Pod", ns="guestbook")) == 6


def test_deleting_the_namespace_deletes_what_is_in_it(lab: Lab) -> None:
    reply = lab.reply("kubectl delete namespace guestbook --wait=false")
    assert reply["stdout"] == 'namespace "guestbook" deleted\n'
    assert lab.column("kubectl get namespace guestbook", "STATUS") == ["Terminating"]
    lab.wait(60)
    gone = lab.reply("kubectl get namespace guestbook")
    assert gone["stderr"] == 'Error from server (NotFound): namespaces "guestbook" not found\n'
    assert gone["exit"] == 1
    assert lab.drawn("Pod", ns="guestbook") == []
    assert lab.drawn("Service", ns="guestbook") == []


def test_every_write_can_be_traced_to_its_root(lab: Lab) -> None:
    trail = lab.cluster.engine.trail
    hops = []
    for row in trail.rows():
        if row.type == "write":
            chain = trail.chain(row.ev)
            assert chain[-1].type in ("start", "command", "fault", "timer"), chain
            hops.append(len(chain) - 1)
    assert sorted(hops)[len(hops) // 2] <= 6
