"""What each figure is wanted to be: the table of the design, and scheduler_perf's thresholds a CPU second.

A figure without a target is told for what it is. `verdict` is what the report prints beside a figure that has one.
"""

#: Decisions a second that `test/integration/scheduler_perf` of kubernetes/kubernetes wants of its cases.
SCHEDULER_PERF = {
    "plain": 680,
    "spread_required": 460,
    "spread_preferred": 340,
    "spread_default": 160,
    "node_affinity": 220,
    "csi_volumes": 100,
    "pod_affinity": 35,
    "pod_anti_affinity": 60,
    "pod_affinity_preferred": 90,
    "pod_anti_affinity_preferred": 90,
}

#: Figure → the most it may be.
AT_MOST: dict[str, float] = {
    "kube_cluster_start_ms": 50,
    "replicas_10000_cpu_s": 6,
    "replicas_10000_over_1000": 1.3,
    "replicas_50000_over_1000": 1.3,
    "lab_cluster_mb": 3,
    "lab_snapshot_kb": 60,
    "lab_snapshot_restore_ms": 10,
    "idle_hour_ms": 50,
    "envelope_150000_pods_s": 150,
    "envelope_150000_pods_gib": 8,
    "envelope_one_more_pod_ms": 5,
    "envelope_idle_hour_ms": 50,
}
#: Figure → the least it may be.
AT_LEAST: dict[str, float] = {
    **{f"scheduler_{name}_per_cpu_s": float(rate) for name, rate in SCHEDULER_PERF.items()},
    "webernetes_ratio": 50,
}


def wanted(name: str) -> str:
    """In words; empty for a figure without a target."""
    if name in AT_MOST:
        return f"at most {AT_MOST[name]:g}"
    return f"at least {AT_LEAST[name]:g}" if name in AT_LEAST else ""


def verdict(name: str, value: float) -> str:
    """`met`, `MISSED`, or empty for a figure without a target."""
    if name in AT_MOST:
        return "met" if value <= AT_MOST[name] else "MISSED"
    if name in AT_LEAST:
        return "met" if value >= AT_LEAST[name] else "MISSED"
    return ""
