"""The service controller of a cloud controller manager: one load balancer for each Service of type LoadBalancer.

Follows `cloud-provider/controllers/service/controller.go`, v1.33: the finalizer comes first, then the load balancer, then the status; a
Service that goes away waits until its load balancer is gone. Services with a loadBalancerClass are somebody else's.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import Client, Controller, Process
from simulator.cloud.errors import CloudRefused
from simulator.cloud.load_balancers import LoadBalancers
from simulator.cloud.service_changes import change_for_balancer, wants_balancer
from simulator.engine import Plain
from simulator.engine.plain import Obj

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
_EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
_LEAVING = "ToBeDeletedByClusterAutoscaler"
#: minRetryDelay and maxRetryDelay.
_FIRST_RETRY_US, _LAST_RETRY_US = 5_000_000, 300_000_000


class ServiceController(Controller):
    name: ClassVar[str] = "service-controller"
    writes = ("services", "events")
    watches: ClassVar[Mapping[str, str]] = {"services": "on_service", "nodes": "on_node"}

    def __init__(self, process: Process, client: Client, balancers: LoadBalancers) -> None:
        super().__init__(process, client)
        self._balancers = balancers
        self._nodes: list[list[str]] = []
        """The nodes that load balancers were last told of, with their providerIDs."""
        self._failures: dict[str, int] = {}
        balancers.observers.append(self._finished)

    # What is watched

    def on_service(self, old: Obj | None, new: Obj | None) -> None:
        """Status and our own finalizer are no reason to look again; what is one is told at once."""
        if new is None:
            return
        if old is None:
            is_due = wants_balancer(new)
        else:
            change = change_for_balancer(old, new)
            is_due = change is not None
            if change is not None and change.reason:
                self._say(new, "Normal", change.reason, change.message)
        if is_due or needs_cleanup(new):
            self.enqueue(_key(new))

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        """Neither readiness nor a taint moves load balancers (`shouldSyncUpdatedNode`)."""
        if old is not None and new is not None:
            before, after = ((_is_included(one), one["spec"].get("providerID")) for one in (old, new))
            if before == after:
                return
        self.enqueue("nodes")

    def _finished(self, key: str) -> None:
        """The provider has made or deleted a load balancer."""
        if self.process.running:
            self.enqueue(key)

    # One service

    def reconcile(self, key: str) -> None:
        if key == "nodes":
            self._sync_nodes()
            return
        service = self.cache.get("services", *key.split("/", 1))
        if service is None:
            return
        try:
            if needs_cleanup(service):
                self._clean_up(service)
            elif wants_balancer(service):
                self._ensure(service)
        except CloudRefused as error:
            doing = "delete" if needs_cleanup(service) else "ensure"
            self._say(
                service,
                "Warning",
                "SyncLoadBalancerFailed",
                f"Error syncing load balancer: failed to {doing} load balancer: {error}",
            )
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
            self.enqueue(key, min(_FIRST_RETRY_US << min(failures, 10), _LAST_RETRY_US))
            return
        self._failures.pop(key, None)

    def _ensure(self, service: Obj) -> None:
        known = self._balancers.get(service)
        if known is not None and known["state"] != "active":
            return
        if known is None or _is_done(service):
            # Between the request and its fulfilment the real controller is still in the same call.
            self._say(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer")
        service = self._with_finalizer(service)
        nodes = self._targets()
        if not nodes:
            self._say(service, "Warning", "UnAvailableLoadBalancer", "There are no available nodes for LoadBalancer")
        ingress = self._balancers.ensure(service, nodes)
        if ingress is None:
            return
        self._say(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer")
        self._write_status(service, {"ingress": ingress})

    def _clean_up(self, service: Obj) -> None:
        known = self._balancers.get(service)
        if known is not None and known["state"] != "deleting":
            self._say(service, "Normal", "DeletingLoadBalancer", "Deleting load balancer")
        if not self._balancers.delete(service):
            return
        if "deletionTimestamp" not in service["metadata"]:
            self._write_status(service, {})
        self._say(service, "Normal", "DeletedLoadBalancer", "Deleted load balancer")
        self._patch(service, [one for one in service["metadata"].get("finalizers") or () if one != FINALIZER])

    def _with_finalizer(self, service: Obj) -> Obj:
        finalizers = service["metadata"].get("finalizers") or []
        return service if FINALIZER in finalizers else self._patch(service, [*finalizers, FINALIZER])

    def _patch(self, service: Obj, finalizers: list[str]) -> Obj:
        metadata = service["metadata"]
        try:
            return self.client.patch(
                "services", metadata["namespace"], metadata["name"], {"metadata": {"finalizers": finalizers or None}}
            )
        except StatusError as error:
            if error.code != 404:
                raise
            return service

    def _write_status(self, service: Obj, balancer: Obj) -> None:
        if ((service.get("status") or {}).get("loadBalancer") or {}) == balancer:
            return
        metadata = service["metadata"]
        status = {"loadBalancer": {"ingress": balancer.get("ingress")}}
        self.client.patch("services", metadata["namespace"], metadata["name"], {"status": status}, subresource="status")

    # Nodes

    def _targets(self) -> list[str]:
        return sorted(node["metadata"]["name"] for node in self.cache.list("nodes") if _is_target(node))

    def _provider_id(self, node: str) -> str:
        known = self.cache.get("nodes", "", node)
        return str(known["spec"].get("providerID", "")) if known is not None else ""

    def _sync_nodes(self) -> None:
        """The hosts behind all load balancers follow the set of nodes; whether a node is ready is the health check's affair."""
        nodes = self._targets()
        known = [[name, self._provider_id(name)] for name in nodes]
        if known == self._nodes:
            return
        self._nodes = known
        for service in self.cache.list("services"):
            if not wants_balancer(service) or self._balancers.get(service) is None:
                continue
            try:
                self._balancers.update(service, nodes)
            except CloudRefused as error:
                shown = f"map[{' '.join(f'{node}:{{}}' for node in nodes)}]"
                self._say(
                    service,
                    "Warning",
                    "UpdateLoadBalancerFailed",
                    f"Error updating load balancer with new hosts {shown}: {error}",
                )
                self.enqueue(_key(service))
                continue
            if nodes:
                self._say(service, "Normal", "UpdatedLoadBalancer", "Updated load balancer with new hosts")
            else:
                self._say(
                    service, "Warning", "UnAvailableLoadBalancer", "There are no available nodes for LoadBalancer"
                )

    def _say(self, service: Obj, type: str, reason: str, message: str) -> None:
        self.client.event(service, type, reason, message, source="service-controller")

    # State

    def on_start(self) -> None:
        self._nodes = []

    def on_stop(self) -> None:
        super().on_stop()
        self._nodes = []
        self._failures.clear()

    def dump_private(self) -> Plain:
        return {"nodes": self._nodes, "failures": [[key, count] for key, count in self._failures.items()]}

    def load_private(self, state: Plain) -> None:
        self._nodes, self._failures = state["nodes"], dict(state["failures"])


def _key(service: Obj) -> str:
    return f"{service['metadata']['namespace']}/{service['metadata']['name']}"


def needs_cleanup(service: Obj) -> bool:
    if FINALIZER not in (service["metadata"].get("finalizers") or ()):
        return False
    return "deletionTimestamp" in service["metadata"] or service["spec"].get("type") != "LoadBalancer"


def _is_done(service: Obj) -> bool:
    return bool(((service.get("status") or {}).get("loadBalancer") or {}).get("ingress"))


def _is_included(node: Obj) -> bool:
    return _EXCLUDED not in (node["metadata"].get("labels") or {})


def _is_target(node: Obj) -> bool:
    if "deletionTimestamp" in node["metadata"] or not _is_included(node):
        return False
    return not any(taint["key"] == _LEAVING for taint in node["spec"].get("taints") or ())
