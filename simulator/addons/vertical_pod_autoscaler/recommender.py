"""The recommender: watches what containers use, and writes what they should request into the autoscaler's status.

Upstream looks every minute. Here it looks a minute after something has happened, and again when the time it has watched has doubled: in between
its answer would hardly change.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from simulator.addons.vertical_pod_autoscaler.recommendation import bounds, decayed_peak, written
from simulator.addons.vertical_pod_autoscaler.targets import RESOURCES, VPAS, is_target, policy_of
from simulator.client import Client, Controller, Process
from simulator.engine import Plain
from simulator.engine.plain import Obj

_INTERVAL_US = 60_000_000


class Usage(Protocol):
    def used(self, namespace: str, pods: list[Obj], name: str, container: str) -> list[int]:
        """Milli-CPU or bytes of each measured pod's container; empty while nothing is measured."""


class Recommender(Controller):
    name = "vpa-recommender"
    watches: ClassVar[Mapping[str, str]] = {VPAS: "on_vpa", "pods": "on_pod"}

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._usage: Usage | None = None
        self._seen: dict[str, list[int]] = {}
        """`namespace/vpa/container/resource` → [peak, when, since when it has been watched]."""

    def connect(self, usage: Usage) -> None:
        """At assembly."""
        self._usage = usage

    def on_vpa(self, old: Obj | None, new: Obj | None) -> None:
        about = new or old
        assert about is not None
        key = f"{about['metadata']['namespace']}/{about['metadata']['name']}"
        if new is None:
            self._seen = {path: seen for path, seen in self._seen.items() if not path.startswith(f"{key}/")}
        elif old is None or old["spec"] != new["spec"]:
            self.enqueue(key, after_us=_INTERVAL_US)

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        if self.cache.count(VPAS):
            about = new or old
            assert about is not None
            self.load_changed(about["metadata"]["namespace"])

    def load_changed(self, namespace: str) -> None:
        if self.process.running and self.cache.count(VPAS):
            for vpa in self.cache.list(VPAS, namespace):
                self.enqueue(f"{namespace}/{vpa['metadata']['name']}", after_us=_INTERVAL_US)

    def reconcile(self, key: str) -> None:
        namespace, _, name = key.partition("/")
        vpa = self.cache.get(VPAS, namespace, name)
        if vpa is None:
            return
        pods = [pod for pod in self.cache.list("pods", namespace) if is_target(vpa, pod)]
        containers = [one["name"] for one in pods[0]["spec"]["containers"]] if pods else []
        wanted = [each for container in containers if (each := self._of(vpa, container, pods, len(containers)))]
        status = dict(vpa.get("status") or {})
        if wanted:
            status["recommendation"] = {"containerRecommendations": wanted}
        told = ("True", "", "") if wanted else _nothing(pods)
        status["conditions"] = _conditions(status.get("conditions") or [], told, self.engine.timestamp())
        if status != (vpa.get("status") or {}):
            self.client.patch(VPAS, namespace, name, {"status": status}, subresource="status")
        if not wanted and pods:
            self.enqueue(key, after_us=_INTERVAL_US)
        elif wanted:
            since = min(seen[2] for path, seen in self._seen.items() if path.startswith(f"{key}/"))
            self.enqueue(key, after_us=max(self.engine.now - since, _INTERVAL_US))

    def _of(self, vpa: Obj, container: str, pods: list[Obj], count: int) -> Obj | None:
        policy = policy_of(vpa, container)
        if policy.get("mode") == "Off":
            return None
        found: dict[str, Obj] = {part: {} for part in ("target", "lowerBound", "upperBound", "uncappedTarget")}
        namespace, now = vpa["metadata"]["namespace"], self.engine.now
        for resource in policy.get("controlledResources") or RESOURCES:
            path = f"{namespace}/{vpa['metadata']['name']}/{container}/{resource}"
            assert self._usage is not None, "the metrics are connected at assembly"
            used = self._usage.used(namespace, pods, resource, container)
            if not used:
                return None
            peak, at, since = self._seen.get(path, [0, now, now])
            left = decayed_peak(peak, now - at, max(used))
            self._seen[path] = [left, now, since]
            each = bounds(resource, left, now - since, containers=count, policy=policy)
            for part, amount in zip(("target", "lowerBound", "upperBound", "uncappedTarget"), each, strict=True):
                found[part][resource] = written(resource, amount)
        return {"containerName": container, **found}

    # State

    def dump_private(self) -> Plain:
        return self._seen

    def load_private(self, state: Any) -> None:
        self._seen = state


def _nothing(pods: list[Obj]) -> tuple[str, str, str]:
    if not pods:
        return "False", "NoPodsMatched", "No pods match this VPA object"
    return "False", "", ""


def _conditions(before: list[Obj], told: tuple[str, str, str], now: str) -> list[Obj]:
    status, reason, message = told
    known = next((one for one in before if one["type"] == "RecommendationProvided"), None)
    since = known["lastTransitionTime"] if known is not None and known["status"] == status else now
    condition = {"type": "RecommendationProvided", "status": status, "lastTransitionTime": since}
    condition |= {**({"reason": reason} if reason else {}), **({"message": message} if message else {})}
    return [one for one in before if one["type"] != "RecommendationProvided"] + [condition]
