"""How much a container uses: its program while idle, its share of the load, and never more CPU than its limit.

The numbers a kubelet serves at `/metrics/resource`, computed for whoever asks. Promises: CPU over a window is the time spent in it, so a
container that was throttled shows its limit and no more (https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/).
"""

from typing import NamedTuple

from simulator.engine.plain import Obj
from simulator.machinery.quantities import milli
from simulator.node.fleet import Fleet
from simulator.node.loads import Loads, nano_cpu
from simulator.node.records import ContainerRecord, NodeRecord, PodRecord
from simulator.node.timing import SECOND

#: A kubelet with its runtime, and what the operating system needs.
_SYSTEM_CPU = 25
_SYSTEM_MEMORY = 320_000_000


class Use(NamedTuple):
    """Of one container: nano-CPU on average over the window, bytes at its end."""

    container: str
    cpu: int
    memory: int
    window_us: int


class Usage:
    def __init__(self, fleet: Fleet, loads: Loads) -> None:
        self._fleet = fleet
        self._loads = loads

    def of_pod(self, uid: str, at: int, window_us: int) -> list[Use]:
        """Containers that ran at `at`, over the window that ends then."""
        record = self._fleet.pods.get(uid)
        pod = None if record is None else self._fleet.pod(record)
        if record is None or pod is None:
            return []
        return [self._of(record, one, pod, at, window_us) for one in record.containers.values() if _ran(one, at)]

    def _of(self, record: PodRecord, one: ContainerRecord, pod: Obj, at: int, window_us: int) -> Use:
        assert one.run is not None
        since = max(at - window_us, one.run.started_us)
        plan, limit = self._fleet.plan(one.run), cpu_limit(one.resources)
        base = min(plan.cpu_milli, limit) if limit else plan.cpu_milli
        spent, extra = 0, 0
        if _takes_load(record, one):
            left = limit - base if limit else 0
            if not limit or left:
                spent = self._loads.cpu_time(record.uid, plan.request_us, since, at, left)
            extra = self._loads.memory(record.uid, at)
        length = max(at - since, 1)
        return Use(one.name, nano_cpu(base) + spent * SECOND // length, plan.memory + extra, length)

    def of_node(self, name: str, at: int, window_us: int) -> tuple[int, int]:
        """(nano-CPU, bytes) of everything on a machine."""
        node: NodeRecord = self._fleet.nodes[name]
        cpu, memory = nano_cpu(_SYSTEM_CPU), _SYSTEM_MEMORY
        for uid in node.pods:
            for use in self.of_pod(uid, at, window_us):
                cpu += use.cpu * use.window_us // window_us
                memory += use.memory
        return min(cpu, nano_cpu(milli(node.spec["cpu"]))), memory

    def since(self, uid: str, container: str) -> int | None:
        """When the running instance of a container began."""
        record = self._fleet.pods.get(uid)
        one = None if record is None else record.containers.get(container)
        return one.run.started_us if one is not None and one.state == "running" and one.run is not None else None


def cpu_limit(resources: Obj | None) -> int:
    """Milli-CPU of what a container has been given; 0 where there is no limit."""
    limits = (resources or {}).get("limits") or {}
    return milli(limits["cpu"]) if "cpu" in limits else 0


def _ran(one: ContainerRecord, at: int) -> bool:
    return one.state == "running" and one.run is not None and one.run.started_us < at


def _takes_load(record: PodRecord, one: ContainerRecord) -> bool:
    """The first ordinary container answers the requests."""
    first = next((each for each in record.containers.values() if each.kind == "app"), None)
    return first is one
