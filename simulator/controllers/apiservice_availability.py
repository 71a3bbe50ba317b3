"""Whether what an APIService points at answers: its Available condition.

Follows kube-aggregator's `controllers/status/remote/remote_available_controller.go`. There it is a part of kube-apiserver that also
asks again every few seconds; here it acts when a Service or its endpoints change.
"""

from collections.abc import Mapping
from typing import ClassVar, Protocol

from simulator.apiserver.aggregation import ANSWERED, API_SERVICES
from simulator.apiserver.proxying import Unanswered
from simulator.client import Controller
from simulator.engine.plain import Obj

_SLICES = "endpointslices.discovery.k8s.io"


class Look(Protocol):
    """The network as it looks from the API server's machine."""

    def look(self, address: str, port: int, path: str) -> tuple[int, str]:
        """(status, body) of a GET over TLS. Raises `apiserver.proxying.Unanswered`."""

    def next_change(self, address: str, port: int) -> int | None:
        """Microseconds until an answer from there changes by itself; None: never as things stand."""


class ApiServiceAvailabilityController(Controller):
    reach: Look | None = None
    """Set at assembly."""
    name = "apiservice-availability-controller"
    writes = (API_SERVICES,)
    watches: ClassVar[Mapping[str, str]] = {
        API_SERVICES: "on_api_service",
        "services": "on_service",
        _SLICES: "on_slice",
    }

    def on_api_service(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and (new["spec"].get("service") or {}).get("name"):
            self.enqueue(new["metadata"]["name"])

    def on_service(self, old: Obj | None, new: Obj | None) -> None:
        about = new or old
        assert about is not None
        self._wake_for(about["metadata"]["namespace"], about["metadata"]["name"])

    def on_slice(self, old: Obj | None, new: Obj | None) -> None:
        about = new or old
        assert about is not None
        labels = about["metadata"].get("labels") or {}
        self._wake_for(about["metadata"]["namespace"], labels.get("kubernetes.io/service-name", ""))

    def _wake_for(self, namespace: str, name: str) -> None:
        found = []
        for one in self.cache.unordered(API_SERVICES):
            service = one["spec"].get("service")
            if service and (service.get("namespace"), service.get("name")) == (namespace, name):
                found.append(one["metadata"]["name"])
        for each in sorted(found):
            self.enqueue(each)

    def reconcile(self, key: str) -> None:
        found = self.cache.get(API_SERVICES, "", key)
        if found is None:
            return
        status, reason, message = self._verdict(found)
        before = (found.get("status") or {}).get("conditions") or []
        known = next((one for one in before if one["type"] == "Available"), None)
        if known is not None and (known["status"], known["reason"], known["message"]) == (status, reason, message):
            return
        since = (
            known["lastTransitionTime"] if known is not None and known["status"] == status else self.engine.timestamp()
        )
        condition = {
            "type": "Available",
            "status": status,
            "lastTransitionTime": since,
            "reason": reason,
            "message": message,
        }
        kept = [one for one in before if one["type"] != "Available"]
        self.client.patch(API_SERVICES, "", key, {"status": {"conditions": [*kept, condition]}}, subresource="status")

    def _verdict(self, found: Obj) -> tuple[str, str, str]:
        """(status, reason, message)."""
        spec = found["spec"]
        name, namespace = spec["service"]["name"], spec["service"]["namespace"]
        port = spec["service"].get("port", 443)
        service = self.cache.get("services", namespace, name)
        if service is None:
            return "False", "ServiceNotFound", f'service/{name} in "{namespace}" is not present'
        entry = next((one for one in service["spec"].get("ports") or () if one["port"] == port), None)
        if entry is None:
            return "False", "ServicePortError", f'service/{name} in "{namespace}" is not listening on port {port}'
        slices = self.cache.select(_SLICES, namespace, {"kubernetes.io/service-name": name})
        if not slices:
            return "False", "EndpointsNotFound", f'cannot find endpointslices for service/{name} in "{namespace}"'
        port_name = entry.get("name", "")
        if not any(_is_ready(one, port_name) for one in slices):
            message = (
                f'endpointslices for service/{name} in "{namespace}" have no addresses with port name "{port_name}"'
            )
            return "False", "MissingEndpoints", message
        if (spec["group"], spec["version"]) not in ANSWERED and (
            message := self._failing(found["metadata"]["name"], spec, str(service["spec"].get("clusterIP")), port)
        ):
            return "False", "FailedDiscoveryCheck", message
        return "True", "Passed", "all checks passed"

    def _failing(self, key: str, spec: Obj, address: str, port: int) -> str:
        """Why the discovery of an extension API server cannot be read; "" when it can."""
        path = f"/apis/{spec['group']}/{spec['version']}"
        url = f"https://{address}:{port}{path}"
        if self.reach is None:
            return f"failing or missing response from {url}: bad status from {url}: 404"
        again = self.reach.next_change(address, port)
        if again is not None:
            self.enqueue(key, again)
        try:
            status, _ = self.reach.look(address, port, path)
        except Unanswered as error:
            return f'failing or missing response from {url}: Get "{url}": {error}'
        return "" if 200 <= status < 300 else f"failing or missing response from {url}: bad status from {url}: {status}"


def _is_ready(found: Obj, port_name: str) -> bool:
    has_port = any((one.get("name") or "") == port_name for one in found.get("ports") or ())
    return has_port and any((one.get("conditions") or {}).get("ready", True) for one in found.get("endpoints") or ())
