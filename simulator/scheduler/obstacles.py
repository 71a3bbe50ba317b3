"""Everything that stands between a pod and each node, not only the first thing.

A scheduling cycle stops at the first plugin that turns a node down (`fit_error`); whoever wants to know what would have to change needs
them all. Asked by a person only, so that it may walk over every node.
"""

from typing import NamedTuple

from simulator.scheduler.framework import Status, View
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.plugins import CLUSTER_FILTERS, FILTERS
from simulator.scheduler.pod_info import PodInfo


class Blocked(NamedTuple):
    """A node, and what each plugin has against it; `general` is what keeps the pod from every node."""

    node: NodeInfo
    statuses: tuple[Status, ...]


def obstacles(pod: PodInfo, view: View) -> tuple[list[Status], list[Blocked]]:
    """(what keeps the pod from all nodes, each node with what else keeps the pod from it)."""
    prepared = [(plugin, plugin.prepare_check(pod, view)) for plugin in CLUSTER_FILTERS]
    general = [found for _, found in prepared if isinstance(found, Status)]
    checks = [(plugin, found) for plugin, found in prepared if found is not None and not isinstance(found, Status)]
    blocked = []
    for node in view.nodes:
        found = [plugin.filter(pod, node) for plugin in FILTERS]
        found += [plugin.check(pod, node, ready) for plugin, ready in checks]
        blocked.append(Blocked(node, tuple(status for status in found if status is not None)))
    return general, blocked
