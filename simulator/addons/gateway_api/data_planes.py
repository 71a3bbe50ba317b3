"""What a data plane is told: listeners and the routes attached to them, as plain data (`network.front_doors`)."""

from typing import Any

from simulator.addons.gateway_api.graph import Attachment, Listener, Objects, backend_problem, common_hosts
from simulator.engine.plain import Obj

Config = dict[str, Any]
_STREAMS = ("TCP", "UDP", "TLS")


def configuration(
    gateway: Obj, found: list[Listener], attached: list[tuple[Obj, list[Attachment]]], objects: Objects
) -> Config:
    """The whole configuration of one Gateway; only listeners that are valid."""
    where = f"{gateway['metadata']['namespace']}/{gateway['metadata']['name']}"
    return {"listeners": [_listener(where, one, attached, objects) for one in found if one.is_valid]}


def _listener(where: str, listener: Listener, attached: list[tuple[Obj, list[Attachment]]], objects: Objects) -> Config:
    spec = listener.spec
    hostname = spec.get("hostname", "")
    routes = [
        _route(route, hostname, objects)
        for route, attachments in attached
        if any(spec["name"] in one.listeners for one in attachments)
    ]
    return {
        "name": spec["name"],
        "port": spec["port"],
        "hostname": hostname,
        "is_stream": spec["protocol"] in _STREAMS,
        "is_tls": spec["protocol"] == "HTTPS",
        "say": f"listener {spec['name']} of Gateway {where} ({spec['protocol']} {spec['port']}{', ' + hostname if hostname else ''})",
        "routes": routes,
    }


def _route(route: Obj, hostname: str, objects: Objects) -> Config:
    metadata, spec = route["metadata"], route["spec"]
    hosts = spec.get("hostnames") or []
    return {
        "kind": route["kind"],
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "created": metadata["creationTimestamp"],
        "hostnames": common_hosts(hostname, hosts) if hosts else [],
        "rules": [_rule(route, rule, objects) for rule in spec.get("rules") or ()],
    }


def _rule(route: Obj, rule: Obj, objects: Objects) -> Config:
    matches = rule.get("matches") or []
    if route["kind"] == "GRPCRoute":
        matches = [{"grpc": one.get("method") or {}, "headers": one.get("headers") or []} for one in matches] or [
            {"grpc": {}}
        ]
    return {
        "matches": matches,
        "filters": [_filter(route, one, objects) for one in rule.get("filters") or ()],
        "backends": [backend(route, one, objects) for one in rule.get("backendRefs") or ()],
    }


def _filter(route: Obj, one: Obj, objects: Objects) -> Config:
    if one["type"] != "RequestMirror":
        return one
    return {"type": "RequestMirror", "mirror": backend(route, one["requestMirror"]["backendRef"], objects)}


def backend(route: Obj, reference: Obj, objects: Objects) -> Config:
    return {
        "namespace": reference.get("namespace") or route["metadata"]["namespace"],
        "name": reference["name"],
        "port": reference.get("port", 0),
        "weight": reference.get("weight", 1),
        "ok": backend_problem(route, reference, "", objects) is None,
        "filters": [_filter(route, one, objects) for one in reference.get("filters") or ()],
    }
