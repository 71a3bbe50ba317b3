"""Gateways, listeners and routes judged: conditions, who is attached to whom, and what a data plane is to do. Pure functions over the cache.

Reasons are those of Gateway API (`apis/v1/gateway_types.go`, `shared_types.go`); messages are those of NGINX Gateway Fabric
(`internal/controller/state/conditions`, `.../state/graph`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from simulator.engine.plain import Obj
from simulator.machinery.selectors import from_label_selector

GROUP = "gateway.networking.k8s.io"
ROUTES = {
    "HTTPRoute": f"httproutes.{GROUP}",
    "GRPCRoute": f"grpcroutes.{GROUP}",
    "TLSRoute": f"tlsroutes.{GROUP}",
    "TCPRoute": f"tcproutes.{GROUP}",
    "UDPRoute": f"udproutes.{GROUP}",
}
GRANTS = f"referencegrants.{GROUP}"
#: Protocol → kinds of routes that may attach.
_KINDS = {
    "HTTP": ("HTTPRoute", "GRPCRoute"),
    "HTTPS": ("HTTPRoute", "GRPCRoute"),
    "TLS": ("TLSRoute",),
    "TCP": ("TCPRoute",),
    "UDP": ("UDPRoute",),
}


class Objects(Protocol):
    """What the controller's cache answers."""

    def get(self, resource: str, namespace: str, name: str) -> Obj | None: ...

    def list(self, resource: str, namespace: str | None = None) -> Any: ...


Condition = tuple[str, str, str, str]
"""type, status, reason, message"""


@dataclass
class Listener:
    spec: Obj
    kinds: list[str]
    conditions: list[Condition] = field(default_factory=list)

    @property
    def is_valid(self) -> bool:
        return not self.conditions

    def refuse(self, says: str, *conditions: tuple[str, str, str]) -> None:
        """Each (type, status, reason); it is not programmed either."""
        known = [one[0] for one in self.conditions]
        added = [(*one, says) for one in (*conditions, ("Programmed", "False", "Invalid")) if one[0] not in known]
        self.conditions += added

    @property
    def all_conditions(self) -> list[Condition]:
        fine = [
            ("Accepted", "True", "Accepted", "Listener is accepted"),
            ("Programmed", "True", "Programmed", "Listener is programmed"),
            ("ResolvedRefs", "True", "ResolvedRefs", "All references are resolved"),
            ("Conflicted", "False", "NoConflicts", "No conflicts"),
        ]
        bad = {one[0]: one for one in self.conditions}
        return [bad.get(one[0], one) for one in fine]


def listeners(gateway: Obj, objects: Objects) -> list[Listener]:
    found = [_listener(gateway, index, spec, objects) for index, spec in enumerate(gateway["spec"]["listeners"])]
    _refuse_conflicts(found)
    return found


def _listener(gateway: Obj, index: int, spec: Obj, objects: Objects) -> Listener:
    protocol = spec["protocol"]
    listener = Listener(spec, list(_KINDS.get(protocol, ())))
    if protocol not in _KINDS:
        supported = ", ".join(f'"{one}"' for one in _KINDS)
        says = f'protocol: Unsupported value: "{protocol}": supported values: {supported}'
        listener.refuse(says, ("Accepted", "False", "UnsupportedProtocol"))
        return listener
    _read_kinds(listener, spec)
    if protocol == "HTTPS" or (protocol == "TLS" and (spec.get("tls") or {}).get("mode") != "Passthrough"):
        _check_certificates(listener, gateway, objects)
    return listener


def _read_kinds(listener: Listener, spec: Obj) -> None:
    wanted = (spec.get("allowedRoutes") or {}).get("kinds") or ()
    if not wanted:
        return
    known = [one["kind"] for one in wanted if one.get("group", GROUP) == GROUP and one["kind"] in listener.kinds]
    if len(known) < len(wanted):
        bad = next(one["kind"] for one in wanted if one["kind"] not in known)
        supported = ", ".join(f'"{one}"' for one in listener.kinds)
        says = f'allowedRoutes.kinds: Unsupported value: "{bad}": supported values: {supported}'
        listener.refuse(says, ("ResolvedRefs", "False", "InvalidRouteKinds"))
    listener.kinds = known


def _check_certificates(listener: Listener, gateway: Obj, objects: Objects) -> None:
    invalid = (("Accepted", "False", "InvalidCertificateRef"), ("ResolvedRefs", "False", "InvalidCertificateRef"))
    references = (listener.spec.get("tls") or {}).get("certificateRefs") or ()
    if not references:
        listener.refuse(
            "tls.certificateRefs: Required value: certificateRefs must be defined for TLS mode terminate", *invalid
        )
    own = gateway["metadata"]["namespace"]
    for index, reference in enumerate(references):
        namespace = reference.get("namespace") or own
        name = f"{namespace}/{reference['name']}"
        path = f"tls.certificateRefs[{index}]"
        if (reference.get("group", ""), reference.get("kind", "Secret")) != ("", "Secret"):
            listener.refuse(
                f'{path}.kind: Unsupported value: "{reference["kind"]}": supported values: "Secret"', *invalid
            )
        elif namespace != own and not is_granted(objects, "Gateway", own, "Secret", namespace, reference["name"]):
            says = f"Certificate ref to secret {name} not permitted by any ReferenceGrant"
            permitted = (("Accepted", "False", "RefNotPermitted"), ("ResolvedRefs", "False", "RefNotPermitted"))
            listener.refuse(says, *permitted)
        elif why := _bad_secret(objects.get("secrets", namespace, reference["name"])):
            listener.refuse(f'{path}: Invalid value: "{name}": {why}', *invalid)


def _bad_secret(secret: Obj | None) -> str:
    if secret is None:
        return "secret does not exist"
    if secret.get("type") != "kubernetes.io/tls":
        return f'secret type must be "kubernetes.io/tls" not "{secret.get("type")}"'
    data = secret.get("data") or {}
    return "" if data.get("tls.crt") and data.get("tls.key") else "TLS secret is invalid"


def _refuse_conflicts(found: list[Listener]) -> None:
    """Listeners of one port: one protocol, and each hostname once."""
    by_port: dict[tuple[int, str], list[Listener]] = {}
    for one in found:
        layer = "UDP" if one.spec["protocol"] == "UDP" else "TCP"
        by_port.setdefault((one.spec["port"], layer), []).append(one)
    for (port, _), group in by_port.items():
        protocols = {one.spec["protocol"]: None for one in group}
        if len(protocols) > 1 and list(protocols) not in (["HTTPS", "TLS"], ["TLS", "HTTPS"]):
            says = f"Multiple listeners for the same port {port} specify incompatible protocols; ensure only one protocol per port"
            for one in group:
                one.refuse(says, ("Accepted", "False", "ProtocolConflict"), ("Conflicted", "True", "ProtocolConflict"))
            continue
        for one in group:
            if sum(other.spec.get("hostname", "") == one.spec.get("hostname", "") for other in group) > 1:
                says = (
                    f"Multiple listeners for the same port {port} use the same hostname; ensure each hostname is unique"
                )
                one.refuse(says, ("Accepted", "False", "HostnameConflict"), ("Conflicted", "True", "HostnameConflict"))


def gateway_problem(gateway: Obj, found: list[Listener]) -> Condition | None:
    """Why the Gateway as a whole is not, or only in part, accepted."""
    for address in gateway["spec"].get("addresses") or ():
        if address.get("type", "IPAddress") != "IPAddress":
            return ("Accepted", "False", "UnsupportedAddress", f"addresses of type {address['type']} are not supported")
    valid = sum(one.is_valid for one in found)
    if valid == 0:
        return ("Accepted", "False", "ListenersNotValid", "Gateway has no valid listeners")
    if valid < len(found):
        return ("Accepted", "True", "ListenersNotValid", "Gateway has at least one valid listener")
    return None


# Attachment


@dataclass(frozen=True)
class Attachment:
    """What became of one parentRef of a route."""

    parent: Obj
    accepted: Condition
    listeners: tuple[str, ...] = ()
    """Names of the listeners that the route is attached to."""


def refers_to(route: Obj, gateway: Obj) -> Iterator[Obj]:
    """The parentRefs of a route that name this Gateway."""
    metadata = gateway["metadata"]
    for parent in route["spec"].get("parentRefs") or ():
        if (parent.get("group", GROUP), parent.get("kind", "Gateway")) != (GROUP, "Gateway"):
            continue
        namespace = parent.get("namespace") or route["metadata"]["namespace"]
        if (namespace, parent["name"]) == (metadata["namespace"], metadata["name"]):
            yield parent


def attach(route: Obj, parent: Obj, gateway: Obj, found: list[Listener], objects: Objects) -> Attachment:
    def refused(reason: str, says: str) -> Attachment:
        return Attachment(parent, ("Accepted", "False", reason, says))

    problem = gateway_problem(gateway, found)
    if problem is not None and problem[1] == "False" and any(one.is_valid for one in found):
        return refused("InvalidGateway", "Gateway is invalid")
    named = [
        one
        for one in found
        if parent.get("sectionName") in (None, one.spec["name"]) and parent.get("port") in (None, one.spec["port"])
    ]
    if not named:
        return refused("NoMatchingParent", "Listener is not found for this parent ref")
    valid = [one for one in named if one.is_valid]
    if not valid:
        return refused("InvalidListener", "Listener is invalid for this parent ref")
    allowed = [one for one in valid if route["kind"] in one.kinds and _lets_in(one.spec, route, gateway, objects)]
    if not allowed:
        return refused("NotAllowedByListeners", "Route is not allowed by any listener")
    hosts = route["spec"].get("hostnames") or []
    fitting = [one for one in allowed if not hosts or common_hosts(one.spec.get("hostname", ""), hosts)]
    if not fitting:
        return refused("NoMatchingListenerHostname", "Listener hostname does not match the Route hostnames")
    names = tuple(one.spec["name"] for one in fitting)
    return Attachment(parent, ("Accepted", "True", "Accepted", "The route is accepted"), names)


def _lets_in(listener: Obj, route: Obj, gateway: Obj, objects: Objects) -> bool:
    """`allowedRoutes.namespaces`."""
    rule = (listener.get("allowedRoutes") or {}).get("namespaces") or {"from": "Same"}
    namespace = route["metadata"]["namespace"]
    match rule.get("from", "Same"):
        case "All":
            return True
        case "Selector":
            found = objects.get("namespaces", "", namespace)
            labels = {} if found is None else found["metadata"].get("labels") or {}
            return from_label_selector(rule.get("selector")).matches(labels)
    return bool(namespace == gateway["metadata"]["namespace"])


def common_hosts(listener: str, hosts: list[str]) -> list[str]:
    """The hostnames that a listener and a route have in common; of an exact name and a wildcard the exact one stays."""
    if not listener:
        return list(hosts)
    found = []
    for host in hosts:
        if host == listener or _is_under(host, listener):
            found.append(host)
        elif _is_under(listener, host):
            found.append(listener)
    return found


def _is_under(host: str, wildcard: str) -> bool:
    return wildcard.startswith("*.") and host.removeprefix("*").endswith(wildcard[1:]) and host != wildcard


def is_granted(objects: Objects, kind: str, namespace: str, to_kind: str, to_namespace: str, name: str) -> bool:
    """Whether a ReferenceGrant in the namespace of the target lets the reference in."""
    group = GROUP
    to_group = ""
    for grant in objects.list(GRANTS, to_namespace):
        spec = grant["spec"]
        comes = any((one["group"], one["kind"], one["namespace"]) == (group, kind, namespace) for one in spec["from"])
        goes = any(
            (one.get("group", ""), one["kind"]) == (to_group, to_kind) and one.get("name") in (None, "", name)
            for one in spec["to"]
        )
        if comes and goes:
            return True
    return False


# References


def resolved(route: Obj, objects: Objects) -> Condition:
    """ResolvedRefs of a route: the first reference that leads nowhere."""
    for index, rule in enumerate(route["spec"].get("rules") or ()):
        references = [(f"backendRefs[{at}]", one) for at, one in enumerate(rule.get("backendRefs") or ())]
        for at, one in enumerate(rule.get("filters") or ()):
            if one["type"] == "RequestMirror":
                references.append((f"filters[{at}].requestMirror.backendRef", one["requestMirror"]["backendRef"]))
        for path, reference in references:
            problem = backend_problem(route, reference, f"spec.rules[{index}].{path}", objects)
            if problem is not None:
                return ("ResolvedRefs", "False", *problem)
    return ("ResolvedRefs", "True", "ResolvedRefs", "All references are resolved")


def backend_problem(route: Obj, reference: Obj, path: str, objects: Objects) -> tuple[str, str] | None:
    """(reason, message)"""
    if (reference.get("group", ""), reference.get("kind", "Service")) != ("", "Service"):
        return ("InvalidKind", f'{path}.kind: Unsupported value: "{reference["kind"]}": supported values: "Service"')
    own = route["metadata"]["namespace"]
    namespace, name = reference.get("namespace") or own, reference["name"]
    if namespace != own and not is_granted(objects, route["kind"], own, "Service", namespace, name):
        return ("RefNotPermitted", f"Backend ref to Service {namespace}/{name} not permitted by any ReferenceGrant")
    service = objects.get("services", namespace, name)
    if service is None:
        return ("BackendNotFound", f'{path}.name: Not found: "{name}"')
    if all(port["port"] != reference.get("port") for port in service["spec"].get("ports") or ()):
        return ("BackendNotFound", f"no matching port for Service {name} and port {reference.get('port')}")
    return None
