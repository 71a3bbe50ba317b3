"""Rules for services, endpoints, endpoint slices and ingresses.

Follows `ValidateService` of `pkg/apis/core/validation` and `pkg/apis/{discovery,networking}/validation` (1.33).
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.containers import port_number_or_name
from simulator.machinery.validation.field_errors import (
    FieldError,
    GoText,
    duplicate,
    forbidden,
    immutable,
    invalid,
    not_supported,
    required,
)
from simulator.machinery.validation.metadata import validate_labels

Obj = dict[str, Any]
Errors = list[FieldError]

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_MAX_SESSION_S = 86400


def _spec(obj: Obj) -> Obj:
    return obj.get("spec") or {}


# -- Services -----------------------------------------------------------------------------------------------------


def validate_service(service: Obj) -> Errors:
    spec = _spec(service)
    ports, kind = spec.get("ports") or [], spec.get("type", "")
    headless = spec.get("clusterIP") == "None"
    errors: Errors = []
    if not ports and not headless and kind != "ExternalName":
        errors.append(required("spec.ports"))
    errors += _by_type(spec, kind)
    errors += _ports(ports)
    if selector := spec.get("selector"):
        errors += validate_labels(selector, "spec.selector")
    errors += _affinity(spec)
    for index, address in enumerate(spec.get("externalIPs") or ()):
        errors += [invalid(f"spec.externalIPs[{index}]", address, says) for says in names.ip(address)]
    if not kind:
        errors.append(required("spec.type"))
    elif kind not in _TYPES:
        errors.append(not_supported("spec.type", kind, _TYPES))
    return errors + _source_ranges(spec, kind) + _policies(spec, kind) + _node_ports(ports, kind)


def _source_ranges(spec: Obj, kind: str) -> Errors:
    ranges, path = spec.get("loadBalancerSourceRanges") or (), "spec.LoadBalancerSourceRanges"
    errors: Errors = []
    if ranges and kind != "LoadBalancer":
        errors.append(forbidden(path, "may only be used when `type` is 'LoadBalancer'"))
    for index, one in enumerate(ranges):
        errors += [invalid(f"{path}[{index}]", one.strip(), says) for says in names.cidr(one.strip())]
    return errors


def _by_type(spec: Obj, kind: str) -> Errors:
    if kind == "LoadBalancer" and spec.get("clusterIP") == "None":
        says = "may not be set to 'None' for LoadBalancer services"
        return [invalid("spec.clusterIPs[0]", spec["clusterIP"], says)]
    if kind == "NodePort" and spec.get("clusterIP") == "None":
        return [invalid("spec.clusterIPs[0]", spec["clusterIP"], "may not be set to 'None' for NodePort services")]
    if kind == "ExternalName":
        name = spec.get("externalName", "").removesuffix(".")
        if not name:
            return [required("spec.externalName")]
        return [invalid("spec.externalName", name, says) for says in names.dns_subdomain(name)]
    address = spec.get("clusterIP", "")
    if address and address != "None":
        return [invalid("spec.clusterIPs[0]", address, says) for says in names.ip(address)]
    return []


def _ports(ports: list[Obj]) -> Errors:
    errors: Errors = []
    seen_names: list[str] = []
    for index, port in enumerate(ports):
        here = f"spec.ports[{index}]"
        name = port.get("name", "")
        if len(ports) > 1 and not name:
            errors.append(required(f"{here}.name"))
        elif name:
            errors += [invalid(f"{here}.name", name, says) for says in names.dns_label(name)]
            if name in seen_names:
                errors.append(duplicate(f"{here}.name", name))
            seen_names.append(name)
        errors += [
            invalid(f"{here}.port", port.get("port", 0), says) for says in names.port_number(port.get("port", 0))
        ]
        protocol = port.get("protocol", "")
        if not protocol:
            errors.append(required(f"{here}.protocol"))
        elif protocol not in _PROTOCOLS:
            errors.append(not_supported(f"{here}.protocol", protocol, _PROTOCOLS))
        errors += port_number_or_name(port.get("targetPort", 0), f"{here}.targetPort")
    return errors + _twice(ports)


def _twice(ports: list[Obj]) -> Errors:
    errors: Errors = []
    seen: list[tuple[Any, Any]] = []
    for index, port in enumerate(ports):
        key = (port.get("protocol"), port.get("port"))
        if key in seen:
            shown = {"protocol": port.get("protocol"), "port": port.get("port")}
            errors.append(duplicate(f"spec.ports[{index}]", _go_port(shown)))
        seen.append(key)
    return errors


def _go_port(port: Obj) -> GoText:
    return GoText(
        f'core.ServicePort{{Name:"", Protocol:"{port["protocol"]}", AppProtocol:(*string)(nil), Port:{port["port"]}, '
        'TargetPort:intstr.IntOrString{Type:0, IntVal:0, StrVal:""}, NodePort:0}'
    )


def _node_ports(ports: list[Obj], kind: str) -> Errors:
    errors: Errors = []
    seen: list[tuple[Any, Any]] = []
    for index, port in enumerate(ports):
        number = port.get("nodePort", 0)
        if not number:
            continue
        here = f"spec.ports[{index}].nodePort"
        if kind not in ("NodePort", "LoadBalancer"):
            errors.append(forbidden(here, f"may not be used when `type` is '{kind}'"))
            continue
        key = (port.get("protocol"), number)
        if key in seen:
            errors.append(duplicate(here, number))
        seen.append(key)
    return errors


def _affinity(spec: Obj) -> Errors:
    kind = spec.get("sessionAffinity", "")
    if not kind:
        return [required("spec.sessionAffinity")]
    if kind not in ("ClientIP", "None"):
        return [not_supported("spec.sessionAffinity", kind, ("ClientIP", "None"))]
    config = spec.get("sessionAffinityConfig")
    if kind == "None":
        if config is None:
            return []
        says = "must not be set when session affinity is None"
        return [forbidden("spec.sessionAffinityConfig", says)]
    seconds = ((config or {}).get("clientIP") or {}).get("timeoutSeconds")
    path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
    if seconds is None:
        return [required(path)]
    if 0 < seconds <= _MAX_SESSION_S:
        return []
    return [invalid(path, seconds, f"must be greater than 0 and less than or equal to {_MAX_SESSION_S}")]


def _policies(spec: Obj, kind: str) -> Errors:
    errors: Errors = []
    external = spec.get("externalTrafficPolicy", "")
    if external and kind not in ("NodePort", "LoadBalancer") and not spec.get("externalIPs"):
        says = "may only be set for externally-accessible services"
        errors.append(invalid("spec.externalTrafficPolicy", external, says))
    elif external and external not in ("Cluster", "Local"):
        errors.append(not_supported("spec.externalTrafficPolicy", external, ("Cluster", "Local")))
    internal = spec.get("internalTrafficPolicy")
    if internal is not None and internal not in ("Cluster", "Local"):
        errors.append(not_supported("spec.internalTrafficPolicy", internal, ("Cluster", "Local")))
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution != "PreferClose":
        errors.append(not_supported("spec.trafficDistribution", distribution, ("PreferClose",)))
    return errors


def validate_service_update(new: Obj, old: Obj) -> Errors:
    return _kept_address(_spec(new), _spec(old)) + validate_service(new)


def _kept_address(now: Obj, before: Obj) -> Errors:
    """A cluster IP stays, unless the service becomes or stops being an ExternalName."""
    if "ExternalName" in (now.get("type"), before.get("type")):
        return []
    address, earlier = now.get("clusterIP"), before.get("clusterIP")
    if not address or not earlier or address == earlier:
        return []
    return [invalid("spec.clusterIPs[0]", now.get("clusterIPs") or [address], "may not change once set")]


# -- Endpoints ----------------------------------------------------------------------------------------------------


def validate_endpoints(endpoints: Obj) -> Errors:
    errors: Errors = []
    for index, subset in enumerate(endpoints.get("subsets") or ()):
        here = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            errors.append(required(here, "must specify `addresses` or `notReadyAddresses`"))
        for key in ("addresses", "notReadyAddresses"):
            for place, address in enumerate(subset.get(key) or ()):
                where = f"{here}.{key}[{place}].ip"
                errors += [invalid(where, address.get("ip", ""), says) for says in names.ip(address.get("ip", ""))]
        ports = subset.get("ports") or ()
        for place, port in enumerate(ports):
            errors += _endpoint_port(port, f"{here}.ports[{place}]", named=len(ports) > 1)
    return errors


def _endpoint_port(port: Obj, path: str, *, named: bool) -> Errors:
    errors = [required(f"{path}.name")] if named and not port.get("name") else []
    errors += [invalid(f"{path}.port", port.get("port", 0), says) for says in names.port_number(port.get("port", 0))]
    protocol = port.get("protocol", "")
    return errors if protocol in _PROTOCOLS else [*errors, not_supported(f"{path}.protocol", protocol, _PROTOCOLS)]


def validate_endpoint_slice(endpoint_slice: Obj) -> Errors:
    kind = endpoint_slice.get("addressType", "")
    errors: Errors = []
    if not kind:
        errors.append(required("addressType"))
    elif kind not in ("FQDN", "IPv4", "IPv6"):
        errors.append(not_supported("addressType", kind, ("FQDN", "IPv4", "IPv6")))
    for index, endpoint in enumerate(endpoint_slice.get("endpoints") or ()):
        if not endpoint.get("addresses"):
            errors.append(required(f"endpoints[{index}].addresses", "must contain at least 1 address"))
        for place, address in enumerate(endpoint.get("addresses") or ()):
            if kind in ("IPv4", "IPv6") and not names.is_ip(address, kind):
                says = f"must be a valid {kind} address"
                errors.append(invalid(f"endpoints[{index}].addresses[{place}]", address, says))
    seen: list[str] = []
    for index, port in enumerate(endpoint_slice.get("ports") or ()):
        name = port.get("name", "")
        if name in seen:
            errors.append(duplicate(f"ports[{index}].name", name))
        seen.append(name)
    return errors


def validate_endpoint_slice_update(new: Obj, old: Obj) -> Errors:
    kept = immutable("addressType", new.get("addressType"), old.get("addressType"))
    return validate_endpoint_slice(new) + kept


# -- Ingresses ----------------------------------------------------------------------------------------------------


def validate_ingress(ingress: Obj) -> Errors:
    spec = _spec(ingress)
    errors: Errors = []
    if not spec.get("rules") and spec.get("defaultBackend") is None:
        errors.append(
            invalid(
                "spec", GoText("[]networking.IngressRule(nil)"), "either `defaultBackend` or `rules` must be specified"
            )
        )
    if backend := spec.get("defaultBackend"):
        errors += _backend(backend, "spec.defaultBackend")
    for index, rule in enumerate(spec.get("rules") or ()):
        here, host = f"spec.rules[{index}]", rule.get("host", "")
        if host:
            check = names.wildcard_subdomain if "*" in host else names.dns_subdomain
            errors += [invalid(f"{here}.host", host, says) for says in check(host)]
        http = rule.get("http")
        if http is not None and not http.get("paths"):
            errors.append(required(f"{here}.http.paths"))
        for place, path in enumerate((http or {}).get("paths") or ()):
            errors += _ingress_path(path, f"{here}.http.paths[{place}]")
    return errors


_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")


def _ingress_path(path: Obj, where: str) -> Errors:
    errors: Errors = []
    kind, text = path.get("pathType"), path.get("path", "")
    if kind is None:
        errors.append(required(f"{where}.pathType", "pathType must be specified"))
    elif kind not in _PATH_TYPES:
        errors.append(not_supported(f"{where}.pathType", kind, _PATH_TYPES))
    elif not text.startswith("/") and (kind != "ImplementationSpecific" or text):
        errors.append(invalid(f"{where}.path", text, "must be an absolute path"))
    return errors + _backend(path.get("backend") or {}, f"{where}.backend")


def _backend(backend: Obj, path: str) -> Errors:
    service = backend.get("service")
    if service is None:
        return [] if backend.get("resource") else [required(path, "resource or service backend is required")]
    errors: Errors = []
    name, port = service.get("name", ""), service.get("port") or {}
    if not name:
        errors.append(required(f"{path}.service.name"))
    else:
        errors += [invalid(f"{path}.service.name", name, says) for says in names.dns_1035_label(name)]
    if port.get("name"):
        errors += [invalid(f"{path}.service.port.name", port["name"], says) for says in names.port_name(port["name"])]
    elif port.get("number"):
        found = port["number"]
        errors += [invalid(f"{path}.service.port.number", found, says) for says in names.port_number(found)]
    else:
        errors.append(required(path, "port name or number is required"))
    return errors
