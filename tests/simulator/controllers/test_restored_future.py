"""A cluster restored in the middle of the controllers' and the scheduler's work goes on as if nothing had happened."""

import pytest

from simulator.cluster import Cluster

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "nginx:1.27", resources: {requests: {cpu: 500m, memory: 64Mi}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""

#: A shell line, or how many seconds to wait.
STORY: tuple[str | float, ...] = (
    7.3,
    "kubectl apply -f -",
    2.003,
    9.0,
    "kubectl set image deployment/web web=nginx:1.28",
    1.5,
    "kubectl scale deployment web --replicas=40",
    3.01,
    20.0,
    "kubectl delete namespace kube-public --wait=false",
    5.5,
    "kubectl delete deployment web --wait=false",
    0.004,
    40.0,
)


def play(cluster: Cluster, step: str | float) -> None:
    if isinstance(step, str):
        cluster.apply({"kind": "shell", "line": step, "stdin": MANIFEST if step.endswith("-f -") else ""})
        return
    until = cluster.now + round(step * 1_000_000)
    while not cluster.advance(until):
        pass


@pytest.fixture(scope="module")
def uninterrupted() -> list[str]:
    """The state's hash after every step."""
    cluster = Cluster.create(seed=1)
    hashes = []
    for step in STORY:
        play(cluster, step)
        hashes.append(cluster.state_hash())
    return hashes


@pytest.mark.parametrize("cut", range(0, len(STORY), 3))
def test_a_cluster_restored_before_any_step_has_the_same_future(uninterrupted: list[str], cut: int) -> None:
    cluster = Cluster.create(seed=1)
    hashes = []
    for index, step in enumerate(STORY):
        if index == cut:
            cluster = Cluster.load(cluster.dump())
        play(cluster, step)
        hashes.append(cluster.state_hash())
    assert hashes == uninterrupted


def test_a_cluster_restored_before_every_step_has_the_same_future(uninterrupted: list[str]) -> None:
    cluster = Cluster.create(seed=1)
    hashes = []
    for step in STORY:
        cluster = Cluster.load(cluster.dump())
        play(cluster, step)
        hashes.append(cluster.state_hash())
    assert hashes == uninterrupted
