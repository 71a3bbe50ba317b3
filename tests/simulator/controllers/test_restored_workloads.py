"""A cluster restored in the middle of stateful sets, jobs, evictions and preemption goes on as if nothing had happened."""

import pytest

from simulator.cluster import Cluster

MANIFEST = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 3
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: db, image: "nginx:1.27", resources: {requests: {cpu: 500m}}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: db}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: db}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: sums}
spec:
  completions: 5
  parallelism: 2
  completionMode: Indexed
  ttlSecondsAfterFinished: 30
  template:
    spec:
      restartPolicy: Never
      containers: [{name: sum, image: "busybox:1.36", command: [sh, -c, "sleep 4"]}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: broken}
spec:
  backoffLimit: 2
  template:
    spec:
      restartPolicy: Never
      containers: [{name: broken, image: "busybox:1.36", command: [sh, -c, "exit 3"]}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: report}
spec:
  schedule: "* * * * *"
  concurrencyPolicy: Replace
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: report, image: "busybox:1.36", command: [sh, -c, "sleep 70"]}]
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: urgent}
value: 1000
"""

GREEDY = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: greedy}
spec:
  replicas: 3
  selector: {matchLabels: {app: greedy}}
  template:
    metadata: {labels: {app: greedy}}
    spec:
      priorityClassName: urgent
      containers: [{name: greedy, image: "nginx:1.27", resources: {requests: {cpu: 3700m}}}]
"""

#: A shell line with what it reads, or how many seconds to wait.
STORY: tuple[tuple[str, str] | float, ...] = (
    7.3,
    ("kubectl apply -f -", MANIFEST),
    2.003,
    9.0,
    ("kubectl set image statefulset/db db=nginx:1.28", ""),
    4.4,
    31.0,
    ("kubectl apply -f -", GREEDY),
    3.2,
    29.0,
    ("kubectl delete job broken --wait=false", ""),
    61.0,
)


def play(cluster: Cluster, step: tuple[str, str] | float) -> None:
    if isinstance(step, tuple):
        cluster.apply({"kind": "shell", "line": step[0], "stdin": step[1]})
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


def reasons(cluster: Cluster) -> str:
    return str(
        cluster.apply({"kind": "shell", "line": "kubectl get events -A -o jsonpath={.items[*].reason}"})["stdout"]
    )


def test_the_story_is_about_what_it_says() -> None:
    cluster = Cluster.create(seed=1)
    for step in STORY:
        play(cluster, step)
    seen = reasons(cluster).split()
    for reason in ("Preempted", "Completed", "BackoffLimitExceeded", "SuccessfulDelete"):
        assert reason in seen


def test_a_cluster_restored_before_every_step_has_the_same_future(uninterrupted: list[str]) -> None:
    cluster = Cluster.create(seed=1)
    hashes = []
    for step in STORY:
        cluster = Cluster.load(cluster.dump())
        play(cluster, step)
        hashes.append(cluster.state_hash())
    assert hashes == uninterrupted
