"""What a describer may look up beside its object: events, pods, ReplicaSets, slices, a lease."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.errors import ApiRefusal
from simulator.kubectl.rollouts import owned_by
from simulator.machinery import selectors

_MIRROR = "kubernetes.io/config.mirror"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The cluster as seen while one object is described."""

    api: ApiClient
    now_us: int
    show_events: bool = True

    def items(self, resource: str, namespace: str = "", **query: str) -> list[Obj]:
        found = self.api.kinds.by_name(resource)
        assert found is not None
        return self.api.items(found, namespace, query=query)

    def find(self, resource: str, namespace: str, name: str) -> Obj | None:
        found = self.api.kinds.by_name(resource)
        assert found is not None
        try:
            return self.api.get(found, namespace, name)
        except ApiRefusal:
            return None

    def events_of(self, obj: Obj) -> list[Obj] | None:
        """Events about the object; None when they are not wanted."""
        if not self.show_events:
            return None
        metadata = obj["metadata"]
        uid = metadata.get("uid", "")
        kind = obj["kind"]
        if kind == "Pod":
            uid = (metadata.get("annotations") or {}).get(_MIRROR, uid)
        found = self._events(metadata.get("namespace", ""), metadata["name"], kind, uid)
        if kind == "Node":
            found = found + self._events("", metadata["name"], kind, metadata["name"])
        return found

    def _events(self, namespace: str, name: str, kind: str, uid: str) -> list[Obj]:
        wanted = {"involvedObject.name": name, "involvedObject.namespace": namespace, "involvedObject.uid": uid}
        if kind != "Pod":
            wanted["involvedObject.kind"] = kind
        selector = ",".join(f"{key}={value}" for key, value in wanted.items())
        return self.items("events", namespace, fieldSelector=selector)

    def pod_counts(self, obj: Obj) -> tuple[int, int, int, int]:
        """Running, waiting, succeeded and failed pods that the object controls."""
        spec = obj["spec"]
        given = spec.get("selector")
        plain = obj["kind"] == "ReplicationController"
        selector = selectors.from_labels(given or {}) if plain else selectors.from_label_selector(given)
        pods = owned_by(obj, self.items("pods", obj["metadata"]["namespace"], labelSelector=str(selector)))
        phases = [(pod.get("status") or {}).get("phase") for pod in pods]
        return phases.count("Running"), phases.count("Pending"), phases.count("Succeeded"), phases.count("Failed")
