"""`…/proxy/<path>` of pods, services and nodes: the API server asks in the client's place.

https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/#manually-constructing-apiserver-proxy-urls. Where a request goes follows
`pkg/registry/core/{pod,service,node}` (`ResourceLocation`), what is said when nobody answers `apimachinery/pkg/util/proxy`. Leaves to
others: the network and the kubelets (`Reach`).
"""

import re
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlencode

from simulator.apiserver.errors import StatusError, bad_request, not_found
from simulator.apiserver.paths import Target
from simulator.apiserver.registry import Registry
from simulator.apiserver.request import Request, Response
from simulator.engine.plain import Obj

KUBELET_PORT = "10250"
_LONGEST_PORT = 5
_SCHEMES = ("", "http", "https")


class Unanswered(Exception):
    """What Go's HTTP client says when there is no answer."""


class Reach(Protocol):
    """The network as it looks from the API server's machine."""

    def fetch(self, address: str, port: int, path: str, request: Request, *, tls: bool) -> Response:
        """`request` is what is passed on: its method and body. Raises Unanswered."""

    def look(self, address: str, port: int, path: str) -> tuple[int, str]:
        """(status, body) of a GET over TLS that leaves no trace. Raises Unanswered."""

    def kubelet(self, node: Obj, path: str, request: Request) -> Response:
        """What the kubelet of a machine answers on its own port. Raises Unanswered and StatusError."""


@dataclass(frozen=True, slots=True)
class _Place:
    """`[scheme:]name[:port]` of a URL, and where that is."""

    scheme: str
    name: str
    port: str
    address: str = ""


def passed_on(registry: Registry, reach: Reach, request: Request, target: Target) -> Response:
    """The answer of whoever the URL means. Raises StatusError."""
    if not target.rest and request.method in ("GET", "HEAD"):
        query = f"?{urlencode(request.query)}" if request.query else ""
        return Response(301, "", headers={"location": f"{request.path}/{query}"})
    path = target.rest + (f"?{urlencode(request.query)}" if request.query else "")
    place = _split(target)
    try:
        if target.resource.name == "nodes":
            return _of_node(registry, reach, request, place, path)
        place = (
            _of_pod(registry, target, place) if target.resource.name == "pods" else _of_service(registry, target, place)
        )
        answer = reach.fetch(place.address, _number(place.port), path, request, tls=place.scheme == "https")
        return _rewritten(answer, request.path.removesuffix(target.rest))
    except Unanswered as error:
        raise StatusError(503, "ServiceUnavailable", f"error trying to reach service: {error}") from error


def _rewritten(answer: Response, prefix: str) -> Response:
    """Links of a page that begin with a slash lead back through the proxy (`apimachinery/pkg/util/proxy/transport.go`)."""
    if answer.headers.get("content-type") != "text/html" or not isinstance(answer.body, str):
        return answer

    def through(match: re.Match[str]) -> str:
        start, url = match.groups()
        return f"{start}{url if url.startswith(prefix) else prefix + url}"

    return replace(answer, body=_LINK.sub(through, answer.body))


#: Attributes that hold a URL, as `atomsToAttrs` lists them, with a path that begins at the root.
_LINK = re.compile(
    r"""(<(?:a|applet|area|audio|base|blockquote|body|button|command|del|embed|form|frame|head|html|iframe|img|input|ins|link|object|q|script|source|video)\b"""
    r"""[^<>]*?\s(?:action|archive|background|cite|classid|codebase|data|formaction|href|icon|longdesc|manifest|poster|profile|src|usemap)=")(/(?!/)[^"]*)""",
    re.IGNORECASE,
)


def _split(target: Target) -> _Place:
    """`apimachinery/pkg/util/net/port_split.go`."""
    parts = target.name.split(":")
    scheme, name, port = ("", *parts, "")[:3] if len(parts) < 3 else parts[:3]
    if len(parts) > 3 or not name or scheme not in _SCHEMES:
        raise bad_request(f'invalid {target.resource.kind.lower()} request "{target.name}"')
    return _Place(scheme, name, port)


def _of_pod(registry: Registry, target: Target, place: _Place) -> _Place:
    namespace = target.namespace or ""
    pod = registry.store.get("pods", (namespace, place.name))
    if pod is None:
        raise not_found("", "pods", place.name)
    declared = [port["containerPort"] for one in pod["spec"]["containers"] for port in one.get("ports") or ()]
    address = (pod.get("status") or {}).get("podIP", "")
    if not address:
        raise bad_request("address not allowed")
    return _Place(place.scheme, place.name, place.port or (str(declared[0]) if declared else ""), address)


def _of_service(registry: Registry, target: Target, place: _Place) -> _Place:
    namespace, name, port = target.namespace or "", place.name, place.port
    if port.isdecimal() and len(port) <= _LONGEST_PORT:
        service = registry.store.get("services", (namespace, name))
        if service is None:
            raise not_found("", "services", name)
        names = [one.get("name", "") for one in service["spec"].get("ports") or () if one["port"] == int(port)]
        if not names:
            raise _unavailable(f'no service port {port} found for service "{name}"')
        port = names[0]
    endpoints = registry.store.get("endpoints", (namespace, name))
    if endpoints is None:
        raise not_found("", "endpoints", name)
    subsets = endpoints.get("subsets") or []
    if not subsets:
        raise _unavailable(f'no endpoints available for service "{name}"')
    found = [
        (address["ip"], str(one["port"]))
        for subset in subsets
        for one in subset.get("ports") or ()
        if one.get("name", "") == port
        for address in subset.get("addresses") or ()
        if _is_of_pod(registry, namespace, address)
    ]
    if not found:
        raise _unavailable(f'no endpoints available for service "{target.name}"')
    ip, number = registry.engine.rng("service-proxy").choice(found)
    return _Place(place.scheme, name, number, ip)


def _is_of_pod(registry: Registry, namespace: str, address: Obj) -> bool:
    """Only addresses of pods of the same namespace are dialled, so that nobody reaches the machines this way."""
    reference = address.get("targetRef") or {}
    pod = registry.store.get("pods", (namespace, reference.get("name", "")))
    if pod is None or reference.get("namespace") != namespace:
        return False
    return any(one["ip"] == address["ip"] for one in (pod.get("status") or {}).get("podIPs") or ())


def _of_node(registry: Registry, reach: Reach, request: Request, place: _Place, path: str) -> Response:
    node = registry.store.get("nodes", ("", place.name))
    if node is None:
        raise not_found("", "nodes", place.name)
    known = (node.get("status") or {}).get("addresses") or ()
    addresses = [one["address"] for one in known if one["type"] == "InternalIP"]
    if not addresses:
        raise StatusError(500, "", "no preferred addresses found; known addresses: []")
    if place.port in ("", KUBELET_PORT):
        return reach.kubelet(node, path, request)
    return reach.fetch(addresses[0], _number(place.port), path, request, tls=place.scheme == "https")


def _number(port: str) -> int:
    """Raises Unanswered for what is neither a number nor nothing."""
    if not port:
        return 80
    if not port.isdecimal():
        raise Unanswered(f"dial tcp: lookup tcp/{port}: unknown port")
    if len(port) > _LONGEST_PORT or not 0 < int(port) < 65_536:
        raise Unanswered(f"dial tcp: address {port}: invalid port")
    return int(port)


def _unavailable(why: str) -> StatusError:
    return StatusError(503, "ServiceUnavailable", why)
