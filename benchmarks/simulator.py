"""What the simulator costs: starting, filling and keeping clusters. CPU seconds of one process."""

import gc
import json
import resource
import subprocess
import sys
from pathlib import Path

from benchmarks.report import Report, best_of, cpu_s
from simulator import Cluster, KubeCluster

#: Replicas and workers; with the control plane the last one is as large as Kubernetes may be.
_SIZES = ((100, 10), (1_000, 100), (10_000, 1_000), (50_000, 4_999))
_SETTLE_US = 600_000_000


def run(report: Report) -> None:
    Cluster.create(profile="instant")
    report.add(
        "cluster_start_ms",
        best_of(5, lambda: 1_000 * cpu_s(lambda: Cluster.create(profile="instant"))),
        "ms",
        "4 nodes, instant profile",
    )
    report.add("cluster_start_lab_ms", best_of(5, lambda: 1_000 * cpu_s(Cluster.create)), "ms", "4 nodes, lab profile")
    fixture_ms = best_of(5, lambda: 1_000 * cpu_s(KubeCluster.create))
    report.add("kube_cluster_start_ms", fixture_ms, "ms", "what the pytest fixture kube_cluster costs")
    for replicas, nodes in _SIZES:
        figures = _apart("replicas", replicas, nodes)
        report.add(f"replicas_{replicas}_cpu_s", figures["cpu_s"], "s", f"on {nodes} nodes, created to all Running")
        report.add(f"replicas_{replicas}_cpu_us_a_pod", figures["cpu_s"] / replicas * 1e6, "us/pod")
        report.add(f"replicas_{replicas}_pods_per_s", replicas / figures["cpu_s"], "pods/s", "to Ready, per CPU second")
    report.ratio("replicas_10000_over_1000", "replicas_10000_cpu_us_a_pod", "replicas_1000_cpu_us_a_pod")
    report.ratio("replicas_50000_over_1000", "replicas_50000_cpu_us_a_pod", "replicas_1000_cpu_us_a_pod")
    lab = _apart("lab", 50, 4)
    report.add("lab_cluster_mb", lab["mb"], "MB", "4 nodes, 50 pods, resident, mean of 20")
    report.add("lab_snapshot_kb", lab["snapshot_kb"], "KB", "zstd")
    report.add("lab_snapshot_restore_ms", lab["restore_ms"], "ms", "dump + load")
    report.add("idle_hour_ms", lab["idle_ms"], "ms", "one simulated hour of a settled cluster")


def _apart(what: str, pods: int, nodes: int) -> dict[str, float]:
    """In a process of its own, so that no figure inherits another's memory."""
    command = [sys.executable, "-m", "benchmarks.simulator", what, str(pods), str(nodes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _filled(pods: int, nodes: int) -> Cluster:
    cluster = Cluster.create(
        {"nodes": [{"role": "control-plane"}, {"role": "worker", "count": nodes, "cpu": "16", "memory": "64Gi"}]}
    )
    cluster.registry.store.log.clear()
    return cluster


def _deploy(cluster: Cluster, pods: int) -> None:
    line = f"kubectl create deployment web --image=nginx:1.27 --replicas={pods}"
    reply = cluster.apply({"kind": "shell", "line": line})
    assert reply["exit"] == 0, reply
    until = cluster.now + _SETTLE_US
    while not cluster.advance(until, max_events=50_000) or _ready(cluster) < pods:
        if cluster.now >= until:
            raise AssertionError(f"only {_ready(cluster)} of {pods} pods are ready after {_SETTLE_US // 10**6} s")


def _ready(cluster: Cluster) -> int:
    deployment = cluster.registry.store.get("deployments.apps", ("default", "web"))
    return int(((deployment or {}).get("status") or {}).get("readyReplicas", 0))


def deployed_cpu_s(pods: int, nodes: int) -> float:
    """From `kubectl create deployment` until every pod is Ready, on so many nodes."""
    cluster = _filled(pods, nodes)
    gc.collect()
    gc.freeze()
    gc.disable()
    return cpu_s(lambda: _deploy(cluster, pods))


def _replicas(pods: int, nodes: int) -> dict[str, float]:
    return {"cpu_s": deployed_cpu_s(pods, nodes)}


def _lab(pods: int, nodes: int) -> dict[str, float]:
    import zstandard

    first = Cluster.create()
    before = _resident_mb()
    clusters = []
    for seed in range(20):
        cluster = Cluster.create(seed=seed)
        _deploy(cluster, pods)
        cluster.picture()
        clusters.append(cluster)
    gc.collect()
    mb = (_resident_mb() - before) / len(clusters)
    data = clusters[0].dump()
    restore = best_of(5, lambda: 1_000 * cpu_s(lambda: Cluster.load(clusters[0].dump())))
    idle = clusters[1]
    idle.advance(idle.now + 4_000_000_000, 10**9)
    idle_ms = 1_000 * cpu_s(lambda: idle.advance(idle.now + 3_600_000_000, 10**9))
    assert first.now == 0
    return {"mb": mb, "snapshot_kb": len(zstandard.compress(data)) / 1_024, "restore_ms": restore, "idle_ms": idle_ms}


def _resident_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024


if __name__ == "__main__":
    _, what, pods, nodes = sys.argv
    sys.stdout.write(json.dumps({"replicas": _replicas, "lab": _lab}[what](int(pods), int(nodes))) + "\n")
