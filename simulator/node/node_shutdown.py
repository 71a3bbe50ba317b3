"""Graceful node shutdown: a machine that is told to go down waits until its kubelet has ended the pods, least important first.

Follows `pkg/kubelet/nodeshutdown/nodeshutdown_manager.go` and `nodeshutdown_manager_linux.go` of v1.33, word for word
(https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/). Promises: what goes on lies in the node's record; a machine that is
not going down costs nothing. Leaves to others: how a pod ends (`pod_workers`), and what else hangs on the machine (`Fleet.outlets`).
"""

from bisect import bisect_left
from collections.abc import Iterable

from simulator.engine import Plain
from simulator.node.fleet import WORKERS, Fleet
from simulator.node.machines import Machines
from simulator.node.records import NodeRecord, PodRecord
from simulator.node.timing import SECOND

REASON, MESSAGE = "Terminated", "Pod was terminated in response to imminent node shutdown."
NOT_ADMITTED, NOT_ADMITTED_MESSAGE = "NodeShutdown", "Pod was rejected as the node is shutting down."
_DETECTED = "Shutdown manager detected shutdown event"
#: From the moment nothing holds a machine any more until it is off: systemd stops what is left.
_GOES_DOWN_US = SECOND

#: [seconds, [uids]] of the pods that end together.
Group = list[Plain]


class NodeShutdown:
    name = "node-shutdown"

    def __init__(self, fleet: Fleet, machines: Machines) -> None:
        self._fleet = fleet
        self._engine = fleet.engine
        self._machines = machines
        fleet.engine.register(self)

    def dump(self) -> Plain:
        return None

    def load(self, state: Plain) -> None:
        """Everything is in the node records."""

    def begin(self, name: str, *, reboots: bool) -> None:
        """`systemctl poweroff` or `reboot`: systemd asks who wants the machine to wait, and a configured kubelet does."""
        node = self._fleet.nodes[name]
        if not node.powered or node.shutdown:
            return
        node.shutdown = "reboot" if reboots else "poweroff"
        periods = node.config.get("shutdown") if node.kubelet and node.spec["os"] == "linux" else None
        if not periods:
            self._release(node)
            return
        self._fleet.node_event(node, "Normal", NOT_ADMITTED, _DETECTED)
        self._engine.schedule(0, self._machines.name, "report", name, node.epoch)
        node.shutdown_groups = grouped(periods, self._active(node))
        self._go_on(node)

    def _active(self, node: NodeRecord) -> Iterable[tuple[str, int]]:
        """(uid, priority) of the pods that are not over."""
        for record in [self._fleet.pods[uid] for uid in node.pods]:
            pod = None if record.worker == "terminated" else self._fleet.pod(record)
            if pod is not None:
                yield record.uid, int(pod["spec"].get("priority") or 0)

    def _go_on(self, node: NodeRecord) -> None:
        """The next group that has pods is asked to end; after the last one nothing holds the machine any more."""
        while node.shutdown_groups and not node.shutdown_groups[0][1]:
            node.shutdown_groups.pop(0)
        if not node.shutdown_groups:
            self._release(node)
            return
        seconds, uids = node.shutdown_groups[0]
        for uid in uids:
            self._engine.schedule(0, WORKERS, "shut_down", uid, seconds)
        left = len(node.shutdown_groups)
        self._engine.schedule(seconds * SECOND, self.name, "late", node.name, node.epoch, left)

    def late(self, name: str, epoch: int, left: int) -> None:
        """Event: a group has had its time; those of it that are still ending are not waited for."""
        node = self._fleet.nodes[name]
        if node.epoch == epoch and len(node.shutdown_groups) == left:
            node.shutdown_groups.pop(0)
            self._go_on(node)

    def pod_ended(self, name: str, epoch: int) -> None:
        """Event: a pod of a machine that goes down has ended."""
        node = self._fleet.nodes[name]
        if node.epoch != epoch or not node.shutdown_groups:
            return
        if all(self._is_over(self._fleet.pods.get(uid)) for uid in node.shutdown_groups[0][1]):
            node.shutdown_groups.pop(0)
            self._go_on(node)

    def _is_over(self, record: PodRecord | None) -> bool:
        return record is None or record.worker == "terminated"

    def _release(self, node: NodeRecord) -> None:
        """The kubelet gives its inhibitor lock back, and systemd goes on."""
        self._engine.schedule(_GOES_DOWN_US, self.name, "over", node.name)

    def over(self, name: str) -> None:
        """Event: the machine is off; one that reboots comes back."""
        node = self._fleet.nodes[name]
        if not node.powered or not node.shutdown:
            return
        reboots = node.shutdown == "reboot"
        self._machines.power_off(name)
        self._fleet.power(name, on=False)
        if reboots:
            self._fleet.power(name, on=True)
            self._machines.power_on(name)


def grouped(periods: list[list[int]], pods: Iterable[tuple[str, int]]) -> list[Group]:
    """Who ends when (`groupByPriority`): a period is for pods of its priority and above, up to the next; the first also for those below it."""
    found: list[Group] = [[seconds, []] for _, seconds in periods]
    priorities = [priority for priority, _ in periods]
    for uid, priority in pods:
        index = min(bisect_left(priorities, priority), len(priorities) - 1)
        if index > 0 and priorities[index] > priority:
            index -= 1
        found[index][1].append(uid)
    return found
