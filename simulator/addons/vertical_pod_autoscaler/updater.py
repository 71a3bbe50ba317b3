"""The updater: evicts pods whose requests are not what is recommended, and the admission controller that gives new pods what is.

Follows `pkg/updater/` (`update_priority` says which pods; of at least two replicas, one in a minute here) and
`pkg/admission-controller/` (requests become the target, limits keep their ratio). In mode InPlaceOrRecreate a pod is resized where it runs
(`pkg/updater/restriction/pods_inplace_restriction.go`), and evicted when that is infeasible, refused, or takes too long: five minutes deferred, an hour in progress.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from simulator.addons.vertical_pod_autoscaler.recommendation import read, written
from simulator.addons.vertical_pod_autoscaler.targets import VPAS, is_target, mode, recommended, speaking_for
from simulator.addons.vertical_pod_autoscaler.update_priority import OBSERVED, due_at, priority
from simulator.apiserver.errors import StatusError
from simulator.client import Client, Controller, Process
from simulator.engine.plain import Obj
from simulator.machinery.validation.resize import validate_resize

_INTERVAL_US = 60_000_000
_IN_PLACE = "InPlaceOrRecreate"
_PATIENCE_US = {"PodResizePending": 300_000_000, "PodResizeInProgress": 3_600_000_000}
_UPDATED = "vpaInPlaceUpdated"
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
        if mode(vpa) == _IN_PLACE:
            self._resize(key, vpa, pods)
            return
        wrong = self._due(key, vpa, pods)
        if wrong and self._evicted(vpa, wrong[0]) and len(wrong) > 1:
            self.enqueue(key, after_us=_INTERVAL_US)

    def _due(self, key: str, vpa: Obj, pods: list[Obj]) -> list[Obj]:
        """Those that may be updated, the most urgent first; the others are looked at when their time comes."""
        wanted, now = recommended(vpa), self.engine.now
        found = [(priority(pod, wanted), pod) for pod in pods]
        times = [due_at(pod, vpa, one, self.engine.micros) for one, pod in found]
        later = [at - now for at in times if at is not None and at > now]
        if later:
            self.enqueue(key, after_us=min(later))
        due = [(one, pod) for (one, pod), at in zip(found, times, strict=True) if at is not None and at <= now]
        return [pod for _, pod in sorted(due, key=lambda one: one[0].order)]

    def _resize(self, key: str, vpa: Obj, pods: list[Obj]) -> None:
        """One pod at a time: whose resize is stuck is evicted, whose requests are wrong is resized."""
        waits = []
        for pod in pods:
            left_us = self._patience(pod)
            if left_us is not None and left_us <= 0:
                self._evicted(vpa, pod)
                self.enqueue(key, after_us=_INTERVAL_US)
                return
            waits += [] if left_us is None else [left_us]
        if waits:
            self.enqueue(key, after_us=min(waits))
            return
        wrong = self._due(key, vpa, pods)
        if wrong and not self._resized(vpa, wrong[0]):
            self._evicted(vpa, wrong[0])
        if len(wrong) > 1:
            self.enqueue(key, after_us=_INTERVAL_US)

    def _patience(self, pod: Obj) -> int | None:
        """How long a resize that is on its way may still take; None when there is none."""
        for condition in (pod.get("status") or {}).get("conditions") or ():
            if condition["type"] in _PATIENCE_US and condition["status"] == "True":
                if condition.get("reason") == "Infeasible":
                    return 0
                since = self.engine.micros(condition["lastTransitionTime"])
                return since + _PATIENCE_US[condition["type"]] - self.engine.now
        return None

    def _resized(self, vpa: Obj, pod: Obj) -> bool:
        """False: the pod cannot be resized where it runs."""
        wanted, metadata = recommended(vpa), pod["metadata"]
        containers = [
            _with_target(one, wanted[one["name"]]["target"]) if wanted.get(one["name"]) else one
            for one in pod["spec"]["containers"]
        ]
        fresh = {**pod, "spec": {**pod["spec"], "containers": containers}}
        if validate_resize(fresh, pod):
            return False
        namespace, name = metadata["namespace"], metadata["name"]
        try:
            self.client.patch("pods", namespace, name, {"spec": {"containers": containers}}, subresource="resize")
            if (metadata.get("annotations") or {}).get(_UPDATED) != "true":
                self.client.patch("pods", namespace, name, {"metadata": {"annotations": {_UPDATED: "true"}}})
        except StatusError:
            return False
        message = "Pod was resized in place by VPA Updater."
        self.client.event(pod, "Normal", "InPlaceResizedByVPA", message, source=self.name)
        return True

    def _evicted(self, vpa: Obj, pod: Obj) -> bool:
        metadata = pod["metadata"]
        grace = int(pod["spec"].get("terminationGracePeriodSeconds", 30))
        try:
            self._evict(self.name, metadata["namespace"], metadata["name"], grace)
        except StatusError:
            return False
        message = "Pod was evicted by VPA Updater to apply resource recommendation."
        self.client.event(pod, "Normal", "EvictedByVPA", message, source=self.name)
        told = f"VPA Updater evicted Pod {metadata['name']} to apply resource recommendation."
        self.client.event(vpa, "Normal", "EvictedPod", told, source=self.name)
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
            OBSERVED: ", ".join(one["name"] for one in containers),
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


def _is_live(pod: Obj) -> bool:
    return "deletionTimestamp" not in pod["metadata"] and (pod.get("status") or {}).get("phase") in (
        "Running",
        "Pending",
    )


def _is_ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
