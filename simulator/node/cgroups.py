"""What the kernel lets a container use: its own cgroup below the pod's.

Follows https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#how-pods-with-resource-limits-are-run: CPU
beyond the limit is throttled, memory beyond it ends the container.
"""

from simulator.engine.plain import Obj
from simulator.machinery.quantities import milli
from simulator.workloads.timeline import Plan


def used_by(plan: Plan, resources: Obj | None) -> tuple[int, int]:
    """(milli-CPU, bytes) of a running container that has been given these resources."""
    limit = ((resources or {}).get("limits") or {}).get("cpu")
    return (min(plan.cpu_milli, milli(limit)) if limit else plan.cpu_milli), plan.memory
