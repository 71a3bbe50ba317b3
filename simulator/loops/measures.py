"""Desired beside observed, as the loop that is about to act sees them: in its own cache, which may lag.

https://kubernetes.io/docs/concepts/architecture/controller/: a control loop compares the desired state with the current one and acts on
the difference. Here is what each loop compares, for the loops whose comparison is a number or a name; others only have reads and writes.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from simulator.client import About, Cache
from simulator.engine.plain import Obj, Plain
from simulator.machinery.selectors import from_label_selector


class Measure(NamedTuple):
    what: str
    desired: Plain
    observed: Plain

    @property
    def difference(self) -> int | None:
        """How many are missing (or, negative, too many); None when these are no numbers."""
        if isinstance(self.desired, int) and isinstance(self.observed, int):
            return self.desired - self.observed
        return None


class Seen(NamedTuple):
    """What a loop compares, and the objects it looked at for that."""

    measures: list[Measure]
    objects: list[tuple[str, Obj]]


_NOTHING = Seen([], [])
_SETS = "replicasets.apps"


def measured(loop: str, about: About, cache: Cache) -> Seen:
    """Empty for an object that is gone, and for loops that compare nothing of the kind."""
    compare = _COMPARE.get(loop.partition("/")[0])
    obj = cache.get(*about)
    if compare is None or obj is None:
        return _NOTHING
    found = compare(obj, cache)
    return Seen(found.measures, [(about.resource, obj), *found.objects])


def _replicas(obj: Obj, cache: Cache) -> Seen:
    pods = [pod for pod in cache.owned("pods", obj["metadata"]["uid"]) if _is_active(pod)]
    return Seen([Measure("pods", _wanted(obj), len(pods))], _of("pods", pods))


def _deployment(obj: Obj, cache: Cache) -> Seen:
    template = obj["spec"]["template"]["spec"]
    sets = cache.owned(_SETS, obj["metadata"]["uid"])
    current = [one for one in sets if one["spec"]["template"]["spec"] == template]
    old = [one for one in sets if one not in current]
    measures = [
        Measure("replicas of the ReplicaSet with this template", _wanted(obj), sum(map(_wanted, current))),
        Measure("replicas of older ReplicaSets", 0, sum(map(_wanted, old))),
    ]
    return Seen(measures, _of(_SETS, sets))


def _daemons(obj: Obj, cache: Cache) -> Seen:
    pods = [pod for pod in cache.owned("pods", obj["metadata"]["uid"]) if _is_active(pod)]
    wanted = (obj.get("status") or {}).get("desiredNumberScheduled", 0)
    return Seen([Measure("nodes with a pod, as counted last", wanted, len(pods))], _of("pods", pods))


def _job(obj: Obj, cache: Cache) -> Seen:
    pods = cache.owned("pods", obj["metadata"]["uid"])
    done = sum(1 for pod in pods if _phase(pod) == "Succeeded")
    running = sum(1 for pod in pods if _is_active(pod))
    completions = obj["spec"].get("completions") or 1
    parallel = 0 if obj["spec"].get("suspend") else min(obj["spec"].get("parallelism", 1), completions - done)
    measures = [Measure("completions", completions, done), Measure("pods at work", max(parallel, 0), running)]
    return Seen(measures, _of("pods", pods))


def _service(obj: Obj, cache: Cache) -> Seen:
    selector = obj["spec"].get("selector")
    if not selector:
        return _NOTHING
    namespace, name = obj["metadata"]["namespace"], obj["metadata"]["name"]
    pods = [pod for pod in cache.select("pods", namespace, selector) if _is_active(pod) and _ready(pod)]
    slices = cache.select("endpointslices.discovery.k8s.io", namespace, {"kubernetes.io/service-name": name})
    ready = sum(
        1 for one in slices for e in one.get("endpoints") or () if (e.get("conditions") or {}).get("ready", True)
    )
    objects = [*_of("pods", pods), *_of("endpointslices.discovery.k8s.io", slices)]
    return Seen([Measure("ready endpoints", len(pods), ready)], objects)


def _budget(obj: Obj, cache: Cache) -> Seen:
    selector = from_label_selector(obj["spec"].get("selector"))
    pods = [
        pod
        for pod in cache.list("pods", obj["metadata"]["namespace"])
        if selector.matches(pod["metadata"].get("labels") or {})
    ]
    status = obj.get("status") or {}
    healthy = sum(1 for pod in pods if _ready(pod))
    measures = [
        Measure("healthy pods that may not be gone below", status.get("desiredHealthy", 0), healthy),
        Measure("healthy pods, as counted last", healthy, status.get("currentHealthy", 0)),
    ]
    return Seen(measures, _of("pods", pods))


def _placed(obj: Obj, cache: Cache) -> Seen:
    return Seen([Measure("a node for the pod", "the best that fits", obj["spec"].get("nodeName") or "none")], [])


def _running(obj: Obj, cache: Cache) -> Seen:
    statuses = (obj.get("status") or {}).get("containerStatuses") or ()
    running = sum(1 for one in statuses if "running" in (one.get("state") or {}))
    wanted = 0 if "deletionTimestamp" in obj["metadata"] else len(obj["spec"]["containers"])
    return Seen([Measure("containers that run, as reported last", wanted, running)], [])


def _heard(obj: Obj, cache: Cache) -> Seen:
    ready = next((c["status"] for c in (obj.get("status") or {}).get("conditions") or () if c["type"] == "Ready"), "")
    taints = [taint["key"] for taint in obj["spec"].get("taints") or ()]
    lease = cache.get("leases.coordination.k8s.io", "kube-node-lease", obj["metadata"]["name"])
    objects = [] if lease is None else [("leases.coordination.k8s.io", lease)]
    return Seen([Measure("Ready", "True", ready), Measure("taints", "those its conditions call for", taints)], objects)


def _ended(obj: Obj, cache: Cache) -> Seen:
    left = (obj.get("spec") or {}).get("finalizers") or []
    if "deletionTimestamp" not in obj["metadata"]:
        return _NOTHING
    return Seen([Measure("finalizers", [], left)], [])


_COMPARE: dict[str, Callable[[Obj, Cache], Seen]] = {
    "deployment-controller": _deployment,
    "replicaset-controller": _replicas,
    "replication-controller": _replicas,
    "statefulset-controller": _replicas,
    "daemonset-controller": _daemons,
    "job-controller": _job,
    "endpointslice-controller": _service,
    "disruption-controller": _budget,
    "node-lifecycle-controller": _heard,
    "namespace-controller": _ended,
    "default-scheduler": _placed,
    "kubelet": _running,
}


def _of(resource: str, objects: Sequence[Obj]) -> list[tuple[str, Obj]]:
    return [(resource, obj) for obj in objects]


def _wanted(obj: Obj) -> int:
    found = obj["spec"].get("replicas")
    return 1 if found is None else int(found)


def _phase(pod: Obj) -> str:
    return str((pod.get("status") or {}).get("phase", ""))


def _is_active(pod: Obj) -> bool:
    return _phase(pod) not in ("Succeeded", "Failed") and "deletionTimestamp" not in pod["metadata"]


def _ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
