"""Changes in the cloud of a managed cluster: a larger node group, a larger quota.

Machines come from node groups there, up to the size that the group may have and the processors that the account may have
(https://kubernetes.io/docs/concepts/cluster-administration/node-autoscaling/).
"""

from collections.abc import Iterator

from simulator.cloud.cloud import Cloud
from simulator.cloud.groups import NodeGroup
from simulator.cloud.machine_types import MACHINE_TYPES
from simulator.machinery.quantities import milli
from simulator.remedies.change import Change


def more_machines(cloud: Cloud) -> Iterator[tuple[Change, ...]]:
    """For each group that is at its largest, or that the quota keeps small, what would let it grow by one."""
    for group in cloud.groups.values():
        target = cloud.target(group.name)
        found = [_wider(group, target + 1)] if target >= group.max else []
        cpus = milli(MACHINE_TYPES[group.machine].cpu) // 1000
        if cloud.used_cpus + cpus > cloud.quota_cpus:
            # First the quota: a group of a fixed size asks for its machine at once.
            found.insert(0, _more_cpus(cloud, cloud.used_cpus + cpus))
        if cloud.is_out:
            command = {"kind": "fault", "fault": "cloud-recovery", "target": "machines"}
            say = "wait until the cloud makes machines again"
            found.insert(0, Change("outage", 1.0, say, "the cloud", "", (command,)))
        if found:
            yield tuple(found)


def _wider(group: NodeGroup, most: int) -> Change:
    command = {"kind": "fault", "fault": "cloud-group-max", "target": f"{group.name}={most}"}
    say = f"let the node group {group.name} have {most} machines instead of {group.max}"
    return Change("group", 4.0, say, f"node group {group.name}", "max", (command,))


def _more_cpus(cloud: Cloud, cpus: int) -> Change:
    command = {"kind": "fault", "fault": "cloud-quota", "target": f"cpus={cpus}"}
    say = f"raise the cloud's quota of CPUs from {cloud.quota_cpus} to {cpus}"
    return Change("quota", 4.2, say, "the cloud", "quota", (command,))
