"""The largest cluster that Kubernetes supports: 150,000 pods on 5,000 nodes (sig-scalability `thresholds.md`).

Fifty namespaces with a Deployment of 3,000 pods each, as many as a namespace is meant to hold. CPU seconds and resident memory of one
process; then what one more pod costs, and what standing still costs. `python -m benchmarks.envelope 30000 1000` fills a smaller one.
"""

import gc
import json
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.report import Report, cpu_s
from simulator import Cluster

_PODS, _NODES, _A_NAMESPACE = 150_000, 5_000, 3_000
#: Pods that are added one by one, two minutes apart.
_MORE = 5
_HOUR_US = 3_600_000_000


def run(report: Report) -> None:
    command = [sys.executable, "-m", "benchmarks.envelope", str(_PODS), str(_NODES)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    found = json.loads(done.stdout.splitlines()[-1])
    pods = found["pods"]
    report.add("envelope_150000_pods_s", found["cpu_s"], "s", "CPU, created to all Ready")
    report.add("envelope_150000_pods_gib", found["gib"], "GiB", "resident at the peak")
    report.add("envelope_cpu_us_a_pod", found["cpu_s"] / pods * 1e6, "us/pod")
    report.add("envelope_kib_a_pod", found["kib_a_pod"], "KiB/pod", "what the pods added to the cluster of empty nodes")
    report.add("envelope_nodes_s", found["nodes_s"], "s", "CPU, 5,000 nodes join and get their system pods")
    report.add(
        "envelope_one_more_pod_ms", found["one_more_ms"], "ms", "a replica more, created to Running; median of 5"
    )
    report.add("envelope_first_more_pod_ms", found["first_more_ms"], "ms", "the first of them, while nothing is warm")
    report.add("envelope_new_kind_ms", found["new_kind_ms"], "ms", "a pod unlike all others, created to Running")
    report.add("envelope_idle_hour_ms", found["idle_ms"], "ms", "one simulated hour without a change")


def _measure(pods: int, nodes: int) -> dict[str, float]:
    made: list[Cluster] = []
    workers = {"role": "worker", "count": nodes - 1, "cpu": "16", "memory": "64Gi"}
    config = {"nodes": [{"role": "control-plane"}, workers]}
    gc.disable()
    nodes_s = cpu_s(lambda: made.append(Cluster.create(config)))
    (cluster,) = made
    before = _resident_kib()
    cpu = cpu_s(lambda: _fill(cluster, pods))
    found = {"pods": pods, "nodes_s": nodes_s, "cpu_s": cpu, "gib": _resident_kib() / 2**20}
    found["kib_a_pod"] = (_resident_kib() - before) / pods
    _run(cluster, _HOUR_US // 4)
    more = []
    for number in range(1, _MORE + 1):
        more.append(1_000 * cpu_s(partial(_scale, cluster, "web-0", min(pods, _A_NAMESPACE) + number)))
        _run(cluster, _HOUR_US // 30)
    found["one_more_ms"], found["first_more_ms"] = median(more), more[0]
    found["new_kind_ms"] = 1_000 * cpu_s(lambda: _alone(cluster))
    # Two hours later the Events of all that have expired.
    _run(cluster, 2 * _HOUR_US)
    found["idle_ms"] = 1_000 * cpu_s(lambda: _run(cluster, _HOUR_US))
    return found


def _fill(cluster: Cluster, pods: int) -> None:
    for number in range(-(-pods // _A_NAMESPACE)):
        many = min(_A_NAMESPACE, pods - number * _A_NAMESPACE)
        _shell(cluster, f"kubectl create namespace web-{number}")
        _shell(cluster, f"kubectl create deployment web -n web-{number} --image=nginx:1.27 --replicas={many}")
    until = cluster.now + _HOUR_US
    while _ready(cluster) < pods and cluster.now < until:
        cluster.advance(until, max_events=100_000)
    assert _ready(cluster) == pods, f"{_ready(cluster)} of {pods} pods are ready after an hour"


def _ready(cluster: Cluster) -> int:
    deployments = cluster.registry.store.table("deployments.apps").items()
    return sum(
        (one.get("status") or {}).get("readyReplicas", 0) for key, one in deployments if key[0].startswith("web-")
    )


def _scale(cluster: Cluster, namespace: str, many: int) -> None:
    _shell(cluster, f"kubectl scale deployment web -n {namespace} --replicas={many}")
    store = cluster.registry.store
    while store.get("deployments.apps", (namespace, "web"))["status"].get("readyReplicas") != many:  # type: ignore[index]
        assert cluster.step()


def _alone(cluster: Cluster) -> None:
    _shell(cluster, "kubectl run alone --image=redis:7")
    while (cluster.registry.store.get("pods", ("default", "alone")) or {}).get("status", {}).get("phase") != "Running":
        assert cluster.step()


def _shell(cluster: Cluster, line: str) -> None:
    reply = cluster.apply({"kind": "shell", "line": line})
    assert reply["exit"] == 0, reply


def _run(cluster: Cluster, for_us: int) -> None:
    cluster.advance(cluster.now + for_us, max_events=10**9)


def _resident_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(int(sys.argv[1]), int(sys.argv[2]))) + "\n")
