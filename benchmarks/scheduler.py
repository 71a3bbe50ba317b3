"""Scheduler decisions a CPU second at 5,000 nodes, on the workloads of Kubernetes' own scheduler_perf.

Sizes, labels and terms follow `test/integration/scheduler_perf` of kubernetes/kubernetes (its `performance` cases); its thresholds
stand beside each figure. As there, no kubelet and no controller runs, pods are there before the clock starts, and a decision
includes its binding, its event and the deliveries of both. Upstream counts seconds of a machine with many cores; here it is CPU seconds of one.
"""

import gc
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import Report, cpu_s
from benchmarks.targets import SCHEDULER_PERF
from simulator import Cluster

Pod = dict[str, Any]
_NODES = 4_998
"""With the control plane, as many as Kubernetes supports; a multiple of three zones."""
_ZONE, _HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
_BOTH = ["sched-0", "sched-1"]


@dataclass(frozen=True)
class Case:
    """`first` pods are placed before the clock starts, then `measured` ones are counted."""

    zones: tuple[str, ...]
    first: int
    measured: int
    pod: Callable[[], Pod]
    first_pod: Callable[[], Pod] | None = None
    service: bool = False
    volumes: bool = False
    """Each measured pod has a claim of its own, bound to a CSI volume."""


def _pod(labels: dict[str, str] | None = None, **spec: Any) -> Pod:
    sizes = {"cpu": "100m", "memory": "500Mi"}
    container = {
        "name": "pause",
        "image": "registry.k8s.io/pause:3.10",
        "resources": {"limits": sizes, "requests": sizes},
    }
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"generateName": "pod-", "labels": labels or {}},
        "spec": {"containers": [container], **spec},
    }  # fmt: skip


def _term(color: str, key: str) -> dict[str, Any]:
    return {"labelSelector": {"matchLabels": {"color": color}}, "topologyKey": key, "namespaces": _BOTH}


def _required(kind: str, color: str, key: str) -> Pod:
    terms = [_term(color, key)]
    return _pod({"color": color}, affinity={kind: {"requiredDuringSchedulingIgnoredDuringExecution": terms}})


def _preferred(kind: str, color: str, key: str) -> Pod:
    terms = [{"weight": 1, "podAffinityTerm": _term(color, key)}]
    return _pod({"color": color}, affinity={kind: {"preferredDuringSchedulingIgnoredDuringExecution": terms}})


def _spread(when: str) -> Pod:
    constraint = {
        "maxSkew": 5, "topologyKey": _ZONE, "whenUnsatisfiable": when,
        "labelSelector": {"matchLabels": {"color": "blue"}},
    }  # fmt: skip
    return _pod({"color": "blue"}, topologySpreadConstraints=[constraint])


def _node_affinity() -> Pod:
    wanted = [{"matchExpressions": [{"key": _ZONE, "operator": "In", "values": ["zone1", "zone2"]}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": wanted}}
    return _pod(affinity={"nodeAffinity": required})


_MOONS = ("moon-1", "moon-2", "moon-3")
CASES: dict[str, Case] = {
    "plain": Case((), 1_000, 10_000, _pod),
    "spread_required": Case(_MOONS, 5_000, 5_000, lambda: _spread("DoNotSchedule"), _pod),
    "spread_preferred": Case(_MOONS, 5_000, 5_000, lambda: _spread("ScheduleAnyway"), _pod),
    "spread_default": Case(_MOONS, 5_000, 10_000, lambda: _pod({"app": "web"}), _pod, service=True),
    "node_affinity": Case(("zone1",), 5_000, 10_000, _node_affinity),
    "csi_volumes": Case(("zone1",), 5_000, 5_000, _pod, volumes=True),
    "pod_affinity": Case(("zone1",), 5_000, 5_000, lambda: _required("podAffinity", "blue", _ZONE)),
    "pod_anti_affinity": Case((), 1_000, 2_000, lambda: _required("podAntiAffinity", "green", _HOST)),
    "pod_affinity_preferred": Case((), 5_000, 5_000, lambda: _preferred("podAffinity", "red", _HOST)),
    "pod_anti_affinity_preferred": Case((), 5_000, 5_000, lambda: _preferred("podAntiAffinity", "yellow", _HOST)),
}


def run(report: Report) -> None:
    """Each case in a process of its own."""
    for name in CASES:
        command = [sys.executable, "-m", "benchmarks.scheduler", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
        rate = float(json.loads(done.stdout.splitlines()[-1]))
        note = f"decisions at 5,000 nodes; scheduler_perf wants {SCHEDULER_PERF[name]} a second"
        report.add(f"scheduler_{name}_per_cpu_s", rate, "1/s", note)
        report.add(f"scheduler_{name}_over_threshold", rate / SCHEDULER_PERF[name], "ratio")


def _measure(case: Case) -> float:
    cluster = Cluster.create(_config(case), profile="instant")
    for name in ("kube-controller-manager", "kubelet"):
        cluster.processes[name].stop()
    for namespace in _BOTH:
        _post(cluster, "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    if case.service:
        spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}
        _post(cluster, f"/api/v1/namespaces/{_BOTH[1]}/services", service)
    _create(cluster, _BOTH[0], case.first_pod or case.pod, case.first)
    _settle(cluster, case.first)
    if case.volumes:
        _create_with_claims(cluster, _BOTH[1], case.pod, case.measured)
    else:
        _create(cluster, _BOTH[1], case.pod, case.measured)
    gc.collect()
    gc.freeze()
    gc.disable()
    return case.measured / cpu_s(lambda: _settle(cluster, case.first + case.measured))


def _config(case: Case) -> dict[str, Any]:
    size = {"role": "worker", "cpu": "4", "memory": "32Gi"}
    zones = case.zones or ("",)
    shares = [{**size, "count": _NODES // len(zones), **({"labels": {_ZONE: zone}} if zone else {})} for zone in zones]
    return {"nodes": [{"role": "control-plane"}, *shares]}


def _post(cluster: Cluster, path: str, body: dict[str, Any]) -> None:
    reply = cluster.apply({"kind": "request", "method": "POST", "path": path, "body": body})
    assert reply["status"] == 201, reply


def _create(cluster: Cluster, namespace: str, pod: Callable[[], Pod], count: int) -> None:
    body = pod()
    for _ in range(count):
        _post(cluster, f"/api/v1/namespaces/{namespace}/pods", body)


def _create_with_claims(cluster: Cluster, namespace: str, pod: Callable[[], Pod], count: int) -> None:
    """As upstream's workload: volume and claim are bound to each other before the pod comes."""
    done = {"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes"}
    for number in range(count):
        claim, volume = f"claim-{number}", f"volume-{number}"
        size = {"accessModes": ["ReadOnlyMany"], "storageClassName": ""}
        source = {"driver": "csi.example.com", "volumeHandle": volume}
        reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace, "name": claim}
        spec = {**size, "capacity": {"storage": "1Gi"}, "csi": source, "claimRef": reference}
        metadata = {"name": volume, "annotations": done}
        body = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}
        _post(cluster, "/api/v1/persistentvolumes", body)
        wanted = {**size, "resources": {"requests": {"storage": "1Gi"}}, "volumeName": volume}
        metadata = {"name": claim, "annotations": done}
        body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": wanted}
        _post(cluster, f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", body)
        made = pod()
        made["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
        _post(cluster, f"/api/v1/namespaces/{namespace}/pods", made)


def _settle(cluster: Cluster, wanted: int) -> None:
    """Runs until `wanted` pods of the case have a node."""
    until = cluster.now + 600_000_000
    while not cluster.advance(until, max_events=10**9) and cluster.now < until:
        pass
    pods = cluster.registry.store.table("pods").values()
    bound = sum(1 for pod in pods if pod["metadata"]["namespace"] in _BOTH and pod["spec"].get("nodeName"))
    assert bound == wanted, f"{bound} of {wanted} pods have a node"


if __name__ == "__main__":
    sys.stdout.write(f"{_measure(CASES[sys.argv[1]])}\n")
