"""The recommender: watches what containers use, and writes what they should request into the autoscaler's status.

Upstream takes a sample a minute. Here the minutes since the last look are added at once, a minute after something has happened, at the
minute in which a percentile moves, when a container's day of memory is over, and else when the time it has watched has grown by a
quarter: in between only the bounds would close in a little.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from simulator.addons.vertical_pod_autoscaler.observed import Observed
from simulator.addons.vertical_pod_autoscaler.recommendation import bounds, read, settled_us, written
from simulator.addons.vertical_pod_autoscaler.targets import RESOURCES, VPAS, is_target, policy_of
from simulator.client import Client, Controller, Process
from simulator.engine import Plain
from simulator.engine.plain import Obj

_INTERVAL_US = 60_000_000
#: The part of the watched time after which bounds are told anew.
_GROWTH = 4
_PARTS = ("target", "lowerBound", "upperBound", "uncappedTarget")


class Usage(Protocol):
    def used(self, namespace: str, pods: list[Obj], name: str, container: str) -> dict[str, int]:
        """Measured pod's name → milli-CPU or bytes of its container."""


class Recommender(Controller):
    name = "vpa-recommender"
    watches: ClassVar[Mapping[str, str]] = {VPAS: "on_vpa", "pods": "on_pod"}

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._usage: Usage | None = None
        self._seen: dict[str, Observed] = {}
        """By `namespace/vpa/container`."""
        self._changed: dict[str, int] = {}
        """`namespace/vpa` → when something first happened that it has not looked at."""

    def connect(self, usage: Usage) -> None:
        """At assembly."""
        self._usage = usage

    def on_vpa(self, old: Obj | None, new: Obj | None) -> None:
        about = new or old
        assert about is not None
        key = f"{about['metadata']['namespace']}/{about['metadata']['name']}"
        if new is None:
            self._seen = {path: seen for path, seen in self._seen.items() if not path.startswith(f"{key}/")}
            self._changed.pop(key, None)
        elif old is None or old["spec"] != new["spec"]:
            self.enqueue(key, after_us=_INTERVAL_US)

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        if self.cache.count(VPAS):
            about = new or old
            assert about is not None
            if old is not None and new is not None:
                self._note_kills(old, new)
            self.load_changed(about["metadata"]["namespace"])

    def load_changed(self, namespace: str) -> None:
        if self.process.running and self.cache.count(VPAS):
            for vpa in self.cache.list(VPAS, namespace):
                key = f"{namespace}/{vpa['metadata']['name']}"
                self._changed.setdefault(key, self.engine.now)
                self.enqueue(key, after_us=_INTERVAL_US)

    def _note_kills(self, old: Obj, new: Obj) -> None:
        """Containers that were killed for want of memory since: `pkg/recommender/input/oom/observer.go`."""
        statuses = (new.get("status") or {}).get("containerStatuses") or ()
        before = {one["name"]: one for one in (old.get("status") or {}).get("containerStatuses") or ()}
        for status in statuses:
            ended = (status.get("lastState") or {}).get("terminated") or {}
            known = before.get(status["name"], status)
            if ended.get("reason") != "OOMKilled" or status["restartCount"] <= known["restartCount"]:
                continue
            at, uid = self.engine.micros(ended["finishedAt"]), new["metadata"]["uid"]
            for vpa in self.cache.list(VPAS, new["metadata"]["namespace"]):
                if is_target(vpa, new) and policy_of(vpa, status["name"]).get("mode") != "Off":
                    path = f"{vpa['metadata']['namespace']}/{vpa['metadata']['name']}/{status['name']}"
                    seen = self._seen.setdefault(path, Observed())
                    seen.killed(uid, at, _requested(new, status["name"]))

    def reconcile(self, key: str) -> None:
        namespace, _, name = key.partition("/")
        vpa = self.cache.get(VPAS, namespace, name)
        if vpa is None:
            return
        pods = [pod for pod in self.cache.list("pods", namespace) if is_target(vpa, pod)]
        containers = [one["name"] for one in pods[0]["spec"]["containers"]] if pods else []
        changed = self._changed.pop(key, self.engine.now)
        found = {container: self._look(vpa, container, pods, changed) for container in containers}
        wanted = [_told(vpa, container, seen, len(containers)) for container, seen in found.items() if seen is not None]
        status = dict(vpa.get("status") or {})
        if wanted:
            status["recommendation"] = {"containerRecommendations": wanted}
        has_any = bool(status.get("recommendation"))
        status["conditions"] = _conditions(status.get("conditions") or [], has_any, bool(pods), self.engine.timestamp())
        if status != (vpa.get("status") or {}):
            self.client.patch(VPAS, namespace, name, {"status": status}, subresource="status")
        if wanted:
            self.enqueue(key, after_us=min(self._wait_us(seen) for seen in found.values() if seen is not None))
        elif pods:
            self.enqueue(key, after_us=_INTERVAL_US)

    def _look(self, vpa: Obj, container: str, pods: list[Obj], changed: int) -> Observed | None:
        """With the minutes since the last look; None while nothing is measured, or nothing is wanted."""
        if policy_of(vpa, container).get("mode") == "Off":
            return None
        assert self._usage is not None, "the metrics are connected at assembly"
        namespace = vpa["metadata"]["namespace"]
        cpu, memory = (self._usage.used(namespace, pods, resource, container) for resource in RESOURCES)
        uses: dict[str, tuple[int, int] | None] = {}
        for pod in pods:
            name = pod["metadata"]["name"]
            uses[pod["metadata"]["uid"]] = (cpu[name], memory[name]) if name in cpu and name in memory else None
        seen = self._seen.setdefault(f"{namespace}/{vpa['metadata']['name']}/{container}", Observed())
        seen.see(uses, self.engine.now, changed)
        return seen if seen.samples else None

    def _wait_us(self, seen: Observed) -> int:
        now = self.engine.now
        growth = max((now - seen.first_us) // _GROWTH // _INTERVAL_US, 1) * _INTERVAL_US
        wait = settled_us(seen, now, growth)
        day = seen.next_day_us()
        if day is not None:
            wait = min(wait, day - now)
        return max(wait, _INTERVAL_US)

    # State

    def dump_private(self) -> Plain:
        return {"seen": {path: seen.dump() for path, seen in self._seen.items()}, "changed": self._changed}

    def load_private(self, state: Any) -> None:
        self._seen = {path: Observed.restored(seen) for path, seen in state["seen"].items()}
        self._changed = state["changed"]


def _requested(pod: Obj, container: str) -> int:
    requests = next(
        (
            (one.get("resources") or {}).get("requests") or {}
            for one in pod["spec"]["containers"]
            if one["name"] == container
        ),
        {},
    )
    return read("memory", str(requests.get("memory", "0")))


def _told(vpa: Obj, container: str, seen: Observed, count: int) -> Obj:
    policy = policy_of(vpa, container)
    found: dict[str, Obj] = {part: {} for part in _PARTS}
    for resource in policy.get("controlledResources") or RESOURCES:
        for part, amount in zip(_PARTS, bounds(resource, seen, containers=count, policy=policy), strict=True):
            found[part][resource] = written(resource, amount)
    return {"containerName": container, **found}


def _conditions(before: list[Obj], has_any: bool, has_pods: bool, now: str) -> list[Obj]:
    """`pkg/recommender/model/vpa.go: UpdateConditions`; sorted by type."""
    why = {} if has_pods else {"reason": "NoPodsMatched", "message": "No pods match this VPA object"}
    wanted = {"RecommendationProvided": ("True", {}) if has_any else ("False", why)}
    if not has_pods:
        wanted["NoPodsMatched"] = ("True", why)
    known = {one["type"]: one for one in before}
    found = []
    for type, (status, rest) in sorted(wanted.items()):
        was = known.get(type)
        since = was["lastTransitionTime"] if was is not None and was["status"] == status else now
        found.append({"type": type, "status": status, "lastTransitionTime": since, **rest})
    return found
