"""What a pod has stored on its machine, and whether it is too much.

Follows `localStorageEviction` of `pkg/kubelet/eviction/eviction_manager.go`. Promises: nothing is polled; a write that goes beyond a
limit is noticed on the eviction manager's next beat. Leaves to others: the eviction itself (`pod_workers`).
"""

from simulator.engine.plain import Obj
from simulator.machinery import pod_resources
from simulator.machinery.quantities import canonical, value
from simulator.node.fleet import WORKERS, Fleet
from simulator.node.records import PodRecord
from simulator.node.timing import SECOND

#: The eviction manager looks at local storage this often.
_HOUSEKEEPING_US = 10 * SECOND


class LocalStorage:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._engine = fleet.engine
        self._contents = fleet.contents
        self._contents.observers.append(self._wrote)

    def _wrote(self, volume: str) -> None:
        """Somebody wrote into a volume: an emptyDir beyond its limit is noticed on the eviction manager's beat."""
        if not volume.startswith("pod/"):
            return
        record = self._fleet.pods.get(volume.split("/")[1])
        if record is not None:
            self._look_at_storage(record)

    def _look_at_storage(self, record: PodRecord) -> None:
        pod = self._fleet.pod(record)
        if pod is None or self.excess(record, pod) == "":
            return
        wait = _HOUSEKEEPING_US - self._engine.now % _HOUSEKEEPING_US
        self._engine.schedule(wait, WORKERS, "evict_for_storage", record.uid)

    def excess(self, record: PodRecord, pod: Obj) -> str:
        """Why the pod must go for what it stores; "" when it need not. In the eviction manager's order: emptyDirs, the pod as a whole, single containers."""
        on_disk = 0
        for volume in pod["spec"].get("volumes") or ():
            source = volume.get("emptyDir")
            size = self._contents.size(f"pod/{record.uid}/{volume['name']}") if source is not None else 0
            limit = (source or {}).get("sizeLimit")
            if limit is not None and size > value(limit) > 0:
                return f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{canonical(limit)}". '
            on_disk += size if (source or {}).get("medium") != "Memory" else 0
        layers = {one["name"]: self._written_by(record, one["name"]) for one in pod["spec"]["containers"]}
        limits = {one["name"]: _storage_limit(one) for one in pod["spec"]["containers"]}
        total = pod_resources.of_pod(pod["spec"], "limits").get("ephemeral-storage")
        if total is not None and on_disk + sum(layers.values()) > total.value:
            return f"Pod ephemeral local storage usage exceeds the total limit of containers {total}. "
        for name, limit in limits.items():
            if limit is not None and layers[name] > value(limit) > 0:
                return f'Container {name} exceeded its local ephemeral storage limit "{canonical(limit)}". '
        return ""

    def _written_by(self, record: PodRecord, container: str) -> int:
        """Bytes in the container's writable layer now."""
        one = record.containers.get(container)
        if one is None or one.run is None or one.state != "running":
            return 0
        own = self._fleet.plan(one.run).changes_at(self._engine.now - one.run.started_us)
        return sum(len(text.encode()) for text in own.values() if text is not None)

    def written(self, record: PodRecord) -> None:
        """A container's own files have changed."""
        self._look_at_storage(record)


def _storage_limit(container: Obj) -> str | None:
    return ((container.get("resources") or {}).get("limits") or {}).get("ephemeral-storage")
