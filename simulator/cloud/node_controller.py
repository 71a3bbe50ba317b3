"""The cloud controller manager's two node controllers: what a node is in the cloud, and whether it still exists there.

Follows `cloud-provider/controllers/node/node_controller.go` and `nodelifecycle/node_lifecycle_controller.go`. A kubelet in a cloud
registers tainted as uninitialized; the first controller looks its machine up, writes `providerID`, instance type, zone and region, and
takes the taint away. The second asks the cloud about nodes that are not ready: a machine that is gone takes its Node along, one that is
shut down gets a taint. Upstream polls every 5 s (`--node-monitor-period`); here the same beats are computed when something has changed.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import Client, Controller, Process
from simulator.cloud.cloud import Cloud
from simulator.cloud.errors import CloudRefused
from simulator.engine.plain import Obj

UNINITIALIZED = {"key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule"}
SHUTDOWN = {"key": "node.cloudprovider.kubernetes.io/shutdown", "effect": "NoSchedule"}
_MONITOR_US = 5_000_000
_BUSY_US = 10_000_000
"""A cloud that does not answer is asked again this much later."""


class CloudNodeController(Controller):
    name = "cloud-node-controller"
    watches: ClassVar[Mapping[str, str]] = {"nodes": "on_node"}

    def __init__(self, process: Process, client: Client, cloud: Cloud) -> None:
        super().__init__(process, client)
        self._cloud = cloud

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and _has_taint(new, UNINITIALIZED):
            self.enqueue(new["metadata"]["name"])

    def reconcile(self, key: str) -> None:
        node = self.cache.get("nodes", "", key)
        if node is None or not _has_taint(node, UNINITIALIZED):
            return
        try:
            machine = self._cloud.machine(key)
        except CloudRefused:
            machine = None
        if machine is None:
            self.enqueue(key, after_us=_BUSY_US)
            return
        self.client.patch("nodes", "", key, _initialized(node, machine))
        self.client.event(node, "Normal", "Synced", "Node synced successfully", source=self.name)


class CloudNodeLifecycleController(Controller):
    name = "cloud-node-lifecycle-controller"
    watches: ClassVar[Mapping[str, str]] = {"nodes": "on_node"}

    def __init__(self, process: Process, client: Client, cloud: Cloud) -> None:
        super().__init__(process, client)
        self._cloud = cloud
        cloud.observers.append(self.machine_changed)

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and (old is None or _ready(old) != _ready(new)):
            self.machine_changed(new["metadata"]["name"])

    def machine_changed(self, name: str) -> None:
        """Looks at the node on the next beat."""
        if self.process.running and self.cache.get("nodes", "", name) is not None:
            self.enqueue(name, after_us=_MONITOR_US - self.engine.now % _MONITOR_US)

    def reconcile(self, key: str) -> None:
        node = self.cache.get("nodes", "", key)
        if node is None:
            return
        if _ready(node) == "True":
            self._taint(node, _without(node, SHUTDOWN))
            return
        try:
            machine = self._cloud.machine(key)
        except CloudRefused:
            self.enqueue(key, after_us=_MONITOR_US)
            return
        if machine is None:
            self._delete(node)
        elif machine["state"] == "stopped":
            self._taint(node, [*_without(node, SHUTDOWN), SHUTDOWN])

    def _delete(self, node: Obj) -> None:
        name = node["metadata"]["name"]
        message = f"Deleting node {name} because it does not exist in the cloud provider"
        self.client.event(node, "Normal", "DeletingNode", message, source=self.name)
        try:
            self.client.delete("nodes", "", name, uid=node["metadata"]["uid"])
        except StatusError as error:
            if error.code not in (404, 409):
                raise

    def _taint(self, node: Obj, taints: list[Obj]) -> None:
        if taints != (node["spec"].get("taints") or []):
            metadata = {"resourceVersion": node["metadata"]["resourceVersion"]}
            self.client.patch(
                "nodes", "", node["metadata"]["name"], {"metadata": metadata, "spec": {"taints": taints or None}}
            )


def _initialized(node: Obj, machine: Obj) -> Obj:
    labels = {
        "beta.kubernetes.io/instance-type": machine["type"],
        "node.kubernetes.io/instance-type": machine["type"],
        "failure-domain.beta.kubernetes.io/region": machine["region"],
        "topology.kubernetes.io/region": machine["region"],
    }
    if machine["zone"]:
        labels["failure-domain.beta.kubernetes.io/zone"] = machine["zone"]
        labels["topology.kubernetes.io/zone"] = machine["zone"]
    metadata = {"labels": labels, "resourceVersion": node["metadata"]["resourceVersion"]}
    taints = _without(node, UNINITIALIZED) or None
    return {"metadata": metadata, "spec": {"providerID": machine["providerID"], "taints": taints}}


def _without(node: Obj, taint: Obj) -> list[Obj]:
    return [one for one in node["spec"].get("taints") or () if one["key"] != taint["key"]]


def _has_taint(node: Obj, taint: Obj) -> bool:
    return any(one["key"] == taint["key"] for one in node["spec"].get("taints") or ())


def _ready(node: Obj) -> str:
    conditions = (node.get("status") or {}).get("conditions") or ()
    return next((str(one["status"]) for one in conditions if one["type"] == "Ready"), "")
