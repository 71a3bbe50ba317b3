"""The control plane of Gateway API: accepts classes, provisions a data plane for each Gateway, attaches routes, and tells all of it in status.

https://gateway-api.sigs.k8s.io/; speaks like NGINX Gateway Fabric (`internal/controller`), whose shape this has: a Gateway gets a Deployment
and a Service of type LoadBalancer called `<gateway>-nginx` in its own namespace. Two reasons that NGINX does not tell come from Envoy
Gateway: a Gateway without an address is not programmed (AddressNotAssigned), nor is one without a running pod (NoResources).
"""

from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

from simulator.addons.gateway_api import graph
from simulator.addons.gateway_api.data_planes import configuration
from simulator.addons.gateway_api.graph import GRANTS, GROUP, ROUTES, Attachment, Condition, Listener
from simulator.addons.objects import complete, owner_reference, with_condition
from simulator.apiserver.errors import StatusError
from simulator.client import About, Client, Controller, Process
from simulator.engine.plain import Obj

CONTROLLER = "gateway.nginx.org/nginx-gateway-controller"
IMAGE = "ghcr.io/nginx/nginx-gateway-fabric"
_DATA_PLANE = "ghcr.io/nginx/nginx-gateway-fabric/nginx:2.0.1"
CLASSES, GATEWAYS = f"gatewayclasses.{GROUP}", f"gateways.{GROUP}"
_DEPLOYMENTS, _SERVICES = "deployments.apps", "services"
_OF_ROUTE = {resource: kind for kind, resource in ROUTES.items()}


class DataPlanes(Protocol):
    """Where configurations go (`network.front_doors`)."""

    def program(self, key: str, config: dict[str, Any]) -> None: ...

    def forget(self, key: str) -> None: ...


class GatewayController(Controller):
    name: ClassVar[str] = "nginx-gateway-controller"
    watches = {
        CLASSES: "on_class",
        GATEWAYS: "on_gateway",
        **dict.fromkeys(ROUTES.values(), "on_route"),
        GRANTS: "on_reference",
        _SERVICES: "on_reference",
        "secrets": "on_reference",
        "namespaces": "on_reference",
        _DEPLOYMENTS: "on_reference",
    }
    writes = (CLASSES, GATEWAYS, *ROUTES.values(), _SERVICES, _DEPLOYMENTS, "events")

    def __init__(self, process: Process, client: Client, data_planes: DataPlanes) -> None:
        self._data_planes = data_planes
        super().__init__(process, client)

    def about(self, key: str) -> About:
        resource, namespace, name = key.split("|")
        return About(resource, namespace, name)

    # What concerns whom

    def on_class(self, old: Obj | None, new: Obj | None) -> None:
        about = new if new is not None else old
        assert about is not None
        name = about["metadata"]["name"]
        self.enqueue(f"{CLASSES}||{name}")
        for gateway in self.cache.list(GATEWAYS):
            if gateway["spec"]["gatewayClassName"] == name:
                self._enqueue_gateway(gateway)

    def on_gateway(self, old: Obj | None, new: Obj | None) -> None:
        for about in (old, new):
            if about is not None:
                self._enqueue_gateway(about)
                self._enqueue_routes_of(about)

    def on_route(self, old: Obj | None, new: Obj | None) -> None:
        for about in (old, new):
            if about is not None:
                self.enqueue(_key(ROUTES[about["kind"]], about))
                for gateway in self._gateways_of(about):
                    self._enqueue_gateway(gateway)

    def on_reference(self, old: Obj | None, new: Obj | None) -> None:
        """Something that a Gateway or a route may refer to: all that are in sight are looked at again."""
        about = new if new is not None else old
        assert about is not None
        if about["kind"] in ("Service", "Deployment"):
            owner = next(
                (one for one in about["metadata"].get("ownerReferences") or () if one["kind"] == "Gateway"), None
            )
            if owner is not None:
                self.enqueue(f"{GATEWAYS}|{about['metadata']['namespace']}|{owner['name']}")
                return
        if about["kind"] == "Deployment" or (old is not None and new is not None and _says_the_same(old, new)):
            return
        for gateway in self.cache.list(GATEWAYS):
            self._enqueue_gateway(gateway)
        for resource in ROUTES.values():
            for route in self.cache.list(resource):
                self.enqueue(_key(resource, route))

    def _enqueue_gateway(self, gateway: Obj) -> None:
        self.enqueue(_key(GATEWAYS, gateway))

    def _enqueue_routes_of(self, gateway: Obj) -> None:
        for resource, route in self._routes():
            if any(graph.refers_to(route, gateway)):
                self.enqueue(_key(resource, route))

    def _routes(self) -> Iterator[tuple[str, Obj]]:
        for resource in ROUTES.values():
            for route in self.cache.list(resource):
                yield resource, route

    def _gateways_of(self, route: Obj) -> Iterator[Obj]:
        for gateway in self.cache.list(GATEWAYS):
            if any(graph.refers_to(route, gateway)):
                yield gateway

    def _is_ours(self, gateway: Obj) -> bool:
        found = self.cache.get(CLASSES, "", gateway["spec"]["gatewayClassName"])
        return found is not None and found["spec"]["controllerName"] == CONTROLLER

    # The work

    def reconcile(self, key: str) -> None:
        resource, namespace, name = key.split("|")
        obj = self.cache.get(resource, namespace, name)
        if resource == CLASSES:
            if obj is not None and obj["spec"]["controllerName"] == CONTROLLER:
                self._accept_class(obj)
        elif resource == GATEWAYS:
            if obj is None or "deletionTimestamp" in obj["metadata"] or not self._is_ours(obj):
                self._data_planes.forget(f"{namespace}/{name}-nginx")
            else:
                self._gateway(obj)
        elif obj is not None:
            self._route(resource, obj)

    def _accept_class(self, obj: Obj) -> None:
        wanted: list[Condition] = [
            ("Accepted", "True", "Accepted", "GatewayClass is accepted"),
            ("SupportedVersion", "True", "SupportedVersion", "Gateway API CRD versions are supported"),
        ]
        self._write(
            CLASSES, obj, {**(obj.get("status") or {}), "conditions": self._conditions(obj, obj.get("status"), wanted)}
        )

    def _conditions(self, obj: Obj, status: Obj | None, wanted: list[Condition]) -> list[Obj]:
        conditions = list((status or {}).get("conditions") or ())
        for kind, state, reason, message in wanted:
            fresh = {
                "type": kind,
                "status": state,
                "reason": reason,
                "message": message,
                "observedGeneration": obj["metadata"].get("generation", 1),
            }
            conditions = with_condition(conditions, fresh, self.engine.timestamp())
        return conditions

    def _write(self, resource: str, obj: Obj, status: Obj) -> None:
        if status == obj.get("status"):
            return
        try:
            self.client.update_status(resource, {**obj, "status": status})
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    # Gateways

    def _gateway(self, gateway: Obj) -> None:
        found = graph.listeners(gateway, self.cache)
        attached = [
            (route, [graph.attach(route, one, gateway, found, self.cache) for one in graph.refers_to(route, gateway)])
            for _, route in self._routes()
        ]
        problem = graph.gateway_problem(gateway, found)
        is_accepted = problem is None or problem[1] == "True"
        key = f"{gateway['metadata']['namespace']}/{_data_plane(gateway)}"
        if is_accepted:
            self._provision(gateway, found)
            self._data_planes.program(key, configuration(gateway, found, attached, self.cache))
        else:
            self._data_planes.forget(key)
        self._tell(gateway, found, attached, problem)

    def _tell(
        self,
        gateway: Obj,
        found: list[Listener],
        attached: list[tuple[Obj, list[Attachment]]],
        problem: Condition | None,
    ) -> None:
        status = gateway.get("status") or {}
        accepted = problem or ("Accepted", "True", "Accepted", "Gateway is accepted")
        addresses = self._addresses(gateway)
        programmed = self._programmed(gateway, accepted, addresses)
        fresh: Obj = {"conditions": self._conditions(gateway, status, [accepted, programmed])}
        if addresses and accepted[1] == "True":
            fresh["addresses"] = [{"type": "IPAddress", "value": address} for address in addresses]
        known = {one["name"]: one for one in status.get("listeners") or ()}
        fresh["listeners"] = [
            {
                "name": one.spec["name"],
                "supportedKinds": [{"group": GROUP, "kind": kind} for kind in one.kinds],
                "attachedRoutes": sum(
                    any(one.spec["name"] in attachment.listeners for attachment in attachments)
                    for _, attachments in attached
                ),
                "conditions": self._conditions(gateway, known.get(one.spec["name"]), one.all_conditions),
            }
            for one in found
        ]
        self._write(GATEWAYS, gateway, fresh)

    def _programmed(self, gateway: Obj, accepted: Condition, addresses: list[str]) -> Condition:
        if accepted[1] == "False":
            return ("Programmed", "False", "Invalid", accepted[3])
        deployment = self.cache.get(_DEPLOYMENTS, gateway["metadata"]["namespace"], _data_plane(gateway))
        if deployment is None or not (deployment.get("status") or {}).get("availableReplicas"):
            return ("Programmed", "False", "NoResources", "Deployment replicas unavailable")
        if not addresses:
            return ("Programmed", "False", "AddressNotAssigned", "No addresses have been assigned to the Gateway")
        return ("Programmed", "True", "Programmed", "Gateway is programmed")

    def _addresses(self, gateway: Obj) -> list[str]:
        service = self.cache.get(_SERVICES, gateway["metadata"]["namespace"], _data_plane(gateway))
        ingress = (((service or {}).get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
        return [one.get("ip") or one["hostname"] for one in ingress]

    # Data planes

    def _provision(self, gateway: Obj, found: list[Listener]) -> None:
        ports = {
            (one.spec["port"], "UDP" if one.spec["protocol"] == "UDP" else "TCP"): None for one in found if one.is_valid
        }
        wanted = [(f"port-{port}" if layer == "TCP" else f"udp-{port}", port, layer) for port, layer in ports]
        self._ensure(_DEPLOYMENTS, gateway, self._deployment(gateway, wanted))
        self._ensure(_SERVICES, gateway, self._service(gateway, wanted))

    def _ensure(self, resource: str, gateway: Obj, wanted: Obj) -> None:
        metadata = wanted["metadata"]
        found = self.cache.get(resource, metadata["namespace"], metadata["name"])
        if found is None:
            try:
                self.client.create(resource, complete(self.client.kinds, resource, wanted))
            except StatusError as error:
                if error.reason != "AlreadyExists":
                    raise
                return
            says = f"Created {wanted['kind']} {metadata['name']}"
            self.client.event(gateway, "Normal", "Provisioned", says, source=self.name)
        elif _ports_of(found) != _ports_of(wanted):
            spec = {**found["spec"], **_changed(resource, found, wanted)}
            self.client.update(resource, complete(self.client.kinds, resource, {**found, "spec": spec}))

    def _metadata(self, gateway: Obj) -> Obj:
        metadata = gateway["metadata"]
        more = gateway["spec"].get("infrastructure") or {}
        annotations = more.get("annotations") or {}
        return {
            "name": _data_plane(gateway),
            "namespace": metadata["namespace"],
            "labels": {**_labels(gateway), **(more.get("labels") or {})},
            **({"annotations": annotations} if annotations else {}),
            "ownerReferences": [owner_reference(gateway)],
        }

    def _deployment(self, gateway: Obj, ports: list[tuple[str, int, str]]) -> Obj:
        container = {
            "name": "nginx",
            "image": _DATA_PLANE,
            "ports": [{"name": name, "containerPort": port, "protocol": layer} for name, port, layer in ports],
        }
        labels = _labels(gateway)
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": self._metadata(gateway), "spec": spec}

    def _service(self, gateway: Obj, ports: list[tuple[str, int, str]]) -> Obj:
        spec = {
            "type": "LoadBalancer",
            "externalTrafficPolicy": "Local",
            "selector": _labels(gateway),
            "ports": [
                {"name": name, "port": port, "targetPort": port, "protocol": layer} for name, port, layer in ports
            ],
        }
        return {"apiVersion": "v1", "kind": "Service", "metadata": self._metadata(gateway), "spec": spec}

    # Routes

    def _route(self, resource: str, route: Obj) -> None:
        ours: list[Obj] = []
        for gateway in self._gateways_of(route):
            if not self._is_ours(gateway):
                continue
            found = graph.listeners(gateway, self.cache)
            ours += [
                self._parent(route, graph.attach(route, parent, gateway, found, self.cache))
                for parent in graph.refers_to(route, gateway)
            ]
        known = (route.get("status") or {}).get("parents") or []
        others = [one for one in known if one["controllerName"] != CONTROLLER]
        if not ours and not known:
            return
        self._write(resource, route, {"parents": [*others, *ours]})

    def _parent(self, route: Obj, attachment: Attachment) -> Obj:
        known = (route.get("status") or {}).get("parents") or ()
        mine = next(
            (one for one in known if one["controllerName"] == CONTROLLER and one["parentRef"] == attachment.parent),
            None,
        )
        wanted = [attachment.accepted, graph.resolved(route, self.cache)]
        return {
            "parentRef": attachment.parent,
            "controllerName": CONTROLLER,
            "conditions": self._conditions(route, mine, wanted),
        }


def _key(resource: str, obj: Obj) -> str:
    return f"{resource}|{obj['metadata'].get('namespace', '')}|{obj['metadata']['name']}"


def _data_plane(gateway: Obj) -> str:
    return f"{gateway['metadata']['name']}-nginx"


def _labels(gateway: Obj) -> dict[str, str]:
    name = gateway["metadata"]["name"]
    return {
        "app.kubernetes.io/instance": "nginx-gateway",
        "app.kubernetes.io/managed-by": "nginx-gateway-nginx",
        "app.kubernetes.io/name": f"{name}-nginx",
        "gateway.networking.k8s.io/gateway-name": name,
    }


def _says_the_same(old: Obj, new: Obj) -> bool:
    """News of an object's status concern nobody here."""
    parts = ("spec", "data", "type")
    return all(old.get(part) == new.get(part) for part in parts) and old["metadata"].get("labels") == new[
        "metadata"
    ].get("labels")


def _ports_of(obj: Obj) -> list[tuple[int, str]]:
    spec = obj["spec"]
    if obj["kind"] == "Service":
        return [(port["port"], port.get("protocol", "TCP")) for port in spec["ports"]]
    ports = spec["template"]["spec"]["containers"][0].get("ports") or ()
    return [(port["containerPort"], port.get("protocol", "TCP")) for port in ports]


def _changed(resource: str, found: Obj, wanted: Obj) -> Obj:
    if resource == _SERVICES:
        known = {(port["port"], port.get("protocol", "TCP")): port for port in found["spec"]["ports"]}
        return {"ports": [known.get((p["port"], p["protocol"]), p) for p in wanted["spec"]["ports"]]}
    template = found["spec"]["template"]
    container = {
        **template["spec"]["containers"][0],
        "ports": wanted["spec"]["template"]["spec"]["containers"][0]["ports"],
    }
    return {"template": {**template, "spec": {**template["spec"], "containers": [container]}}}
