"""The updater: evicts pods whose requests are not what is recommended, and the admission controller that gives new pods what is.

Follows `pkg/updater/` (a pod is evicted when a request lies outside the bounds, of at least two replicas, one in a minute here) and
`pkg/admission-controller/` (requests become the target, limits keep their ratio). In-place updates fall back to eviction.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from simulator.addons.vertical_pod_autoscaler.recommendation import read, written
from simulator.addons.vertical_pod_autoscaler.targets import VPAS, is_target, mode, recommended, speaking_for
from simulator.apiserver.errors import StatusError
from simulator.client import Client, Controller, Process
from simulator.engine.plain import Obj

_INTERVAL_US = 60_000_000
_EVICTING = ("Auto", "Recreate", "InPlaceOrRecreate")
_MIN_REPLICAS = 2
Evict = Callable[[str, str, str, int], None]


class Updater(Controller):
    name = "vpa-updater"
    watches: ClassVar[Mapping[str, str]] = {VPAS: "on_vpa", "pods": "on_pod"}

    def __init__(self, process: Process, client: Client, evict: Evict) -> None:
        super().__init__(process, client)
        self._evict = evict

    def on_vpa(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and mode(new) in _EVICTING:
            self.enqueue(f"{new['metadata']['namespace']}/{new['metadata']['name']}", after_us=_INTERVAL_US)

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and self.cache.count(VPAS):
            self.on_vpa(None, speaking_for(self.cache.list(VPAS, new["metadata"]["namespace"]), new))

    def reconcile(self, key: str) -> None:
        namespace, _, name = key.partition("/")
        vpa = self.cache.get(VPAS, namespace, name)
        if vpa is None or mode(vpa) not in _EVICTING:
            return
        pods = [pod for pod in self.cache.list("pods", namespace) if is_target(vpa, pod) and _is_live(pod)]
        least = (vpa["spec"].get("updatePolicy") or {}).get("minReplicas", _MIN_REPLICAS)
        if len(pods) < least or not all(_is_ready(pod) for pod in pods):
            return
        wrong = [pod for pod in pods if is_outside(pod, recommended(vpa))]
        if wrong and self._evicted(wrong[0]) and len(wrong) > 1:
            self.enqueue(key, after_us=_INTERVAL_US)

    def _evicted(self, pod: Obj) -> bool:
        metadata = pod["metadata"]
        grace = int(pod["spec"].get("terminationGracePeriodSeconds", 30))
        try:
            self._evict(self.name, metadata["namespace"], metadata["name"], grace)
        except StatusError:
            return False
        message = "Pod was evicted by VPA Updater to apply resource recommendation."
        self.client.event(pod, "Normal", "EvictedByVPA", message, source=self.name)
        return True


class Admission(Controller):
    name = "vpa-admission-controller"
    watches: ClassVar[Mapping[str, str]] = {VPAS: "on_vpa"}

    def on_vpa(self, old: Obj | None, new: Obj | None) -> None:
        """Only the cache is read, when a pod is made."""

    def reconcile(self, key: str) -> None:
        """Nothing is ever queued."""

    def patched(self, pod: Obj) -> Obj:
        """The pod as its autoscaler wants it."""
        if not self.process.running or not self.cache.count(VPAS):
            return pod
        vpa = speaking_for(self.cache.list(VPAS, pod["metadata"]["namespace"]), pod)
        wanted = {} if vpa is None or mode(vpa) == "Off" else recommended(vpa)
        if vpa is None or not wanted:
            return pod
        told, containers = [], []
        for index, container in enumerate(pod["spec"]["containers"]):
            target = wanted.get(container["name"], {}).get("target")
            containers.append(_with_target(container, target) if target else container)
            if target:
                told.append(f"container {index}: " + ", ".join(f"{resource} request" for resource in sorted(target)))
        annotations = {
            **(pod["metadata"].get("annotations") or {}),
            "vpaObservedContainers": ", ".join(one["name"] for one in containers),
            "vpaUpdates": f"Pod resources updated by {vpa['metadata']['name']}: {'; '.join(told)}",
        }
        metadata = {**pod["metadata"], "annotations": annotations}
        return {**pod, "metadata": metadata, "spec": {**pod["spec"], "containers": containers}}


def _with_target(container: Obj, target: Obj) -> Obj:
    resources = container.get("resources") or {}
    before, limits = resources.get("requests") or {}, dict(resources.get("limits") or {})
    for resource, text in target.items():
        if resource in limits:
            old = read(resource, str(before.get(resource) or limits[resource]))
            limits[resource] = written(resource, read(resource, limits[resource]) * read(resource, text) // max(old, 1))
    fresh = {**resources, "requests": {**before, **target}, **({"limits": limits} if limits else {})}
    return {**container, "resources": fresh}


def is_outside(pod: Obj, wanted: dict[str, Obj]) -> bool:
    """Whether any request lies outside its recommended range."""
    for container in pod["spec"]["containers"]:
        found = wanted.get(container["name"])
        requests = (container.get("resources") or {}).get("requests") or {}
        for resource in (found or {}).get("target", {}):
            if resource not in requests:
                return True
            amount = read(resource, requests[resource])
            assert found is not None
            if (
                not read(resource, found["lowerBound"][resource])
                <= amount
                <= read(resource, found["upperBound"][resource])
            ):
                return True
    return False


def _is_live(pod: Obj) -> bool:
    return "deletionTimestamp" not in pod["metadata"] and (pod.get("status") or {}).get("phase") in (
        "Running",
        "Pending",
    )


def _is_ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
