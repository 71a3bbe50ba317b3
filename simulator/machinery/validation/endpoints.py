"""Rules for endpoints and endpoint slices.

Follows `ValidateEndpoints` of `pkg/apis/core/validation/validation.go` and `pkg/apis/discovery/validation/validation.go` (1.33).
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.containers import PROTOCOLS
from simulator.machinery.validation.field_errors import (
    FieldError,
    duplicate,
    immutable,
    invalid,
    not_supported,
    required,
    too_many,
)
from simulator.machinery.validation.metadata import validate_labels

Obj = dict[str, Any]
Errors = list[FieldError]

_KINDS = ("FQDN", "IPv4", "IPv6")
_MAX_ENDPOINTS, _MAX_ADDRESSES, _MAX_PORTS, _MAX_TOPOLOGY, _MAX_HINTS = 1000, 100, 20000, 16, 8


def validate_endpoints(endpoints: Obj) -> Errors:
    errors: Errors = []
    for index, subset in enumerate(endpoints.get("subsets") or ()):
        here = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            errors.append(required(here, "must specify `addresses` or `notReadyAddresses`"))
        for key in ("addresses", "notReadyAddresses"):
            for place, address in enumerate(subset.get(key) or ()):
                errors += _address(address, f"{here}.{key}[{place}]")
        ports = subset.get("ports") or ()
        for place, port in enumerate(ports):
            errors += _port(port, f"{here}.ports[{place}]", named=len(ports) > 1)
    return errors


def _address(address: Obj, path: str) -> Errors:
    ip, host, node = address.get("ip", ""), address.get("hostname", ""), address.get("nodeName")
    errors = [invalid(f"{path}.ip", ip, says) for says in names.ip(ip)]
    if host:
        errors += [invalid(f"{path}.hostname", host, says) for says in names.dns_label(host)]
    if node is not None:
        errors += [invalid(f"{path}.nodeName", node, says) for says in names.dns_subdomain(node)]
    return errors + [invalid(f"{path}.ip", ip, says) for says in names.special_ip(ip)]


def _port(port: Obj, path: str, *, named: bool) -> Errors:
    name, number, application = port.get("name", ""), port.get("port", 0), port.get("appProtocol")
    errors = [required(f"{path}.name")] if named and not name else []
    if name:
        errors += [invalid(f"{path}.name", name, says) for says in names.dns_label(name)]
    errors += [invalid(f"{path}.port", number, says) for says in names.port_number(number)]
    errors += _protocol(port, path)
    if application is not None:
        errors += [invalid(f"{path}.appProtocol", application, says) for says in names.qualified_name(application)]
    return errors


def _protocol(port: Obj, path: str) -> Errors:
    protocol = port.get("protocol", "")
    if protocol in PROTOCOLS:
        return []
    return [not_supported(f"{path}.protocol", protocol, PROTOCOLS) if protocol else required(f"{path}.protocol")]


# Slices


def validate_endpoint_slice(endpoint_slice: Obj) -> Errors:
    kind = endpoint_slice.get("addressType", "")
    errors: Errors = []
    if kind not in _KINDS:
        errors.append(not_supported("addressType", kind, _KINDS) if kind else required("addressType"))
    return errors + _slice_endpoints(endpoint_slice.get("endpoints") or (), kind) + _slice_ports(endpoint_slice)


def _slice_endpoints(endpoints: Any, kind: str) -> Errors:
    if len(endpoints) > _MAX_ENDPOINTS:
        return [too_many("endpoints", len(endpoints), _MAX_ENDPOINTS)]
    errors: Errors = []
    for index, endpoint in enumerate(endpoints):
        here, addresses = f"endpoints[{index}]", endpoint.get("addresses") or ()
        if not addresses:
            errors.append(required(f"{here}.addresses", "must contain at least 1 address"))
        elif len(addresses) > _MAX_ADDRESSES:
            errors.append(too_many(f"{here}.addresses", len(addresses), _MAX_ADDRESSES))
        for place, address in enumerate(addresses):
            errors += _slice_address(address, kind, f"{here}.addresses[{place}]")
        errors += _slice_details(endpoint, here)
    return errors


def _slice_address(address: str, kind: str, path: str) -> Errors:
    if kind == "FQDN":
        return [invalid(path, shown, says) for shown, says in names.fully_qualified_domain(address)] or (
            [] if address else [required(path)]
        )
    if kind not in ("IPv4", "IPv6"):
        return []
    errors = [] if names.is_ip(address, kind) else [invalid(path, address, f"must be a valid {kind} address")]
    return errors + [invalid(path, address, says) for says in names.special_ip(address)]


def _slice_details(endpoint: Obj, path: str) -> Errors:
    errors: Errors = []
    if (node := endpoint.get("nodeName")) is not None:
        errors += [invalid(f"{path}.nodeName", node, says) for says in names.dns_subdomain(node)]
    topology = endpoint.get("deprecatedTopology") or {}
    if len(topology) > _MAX_TOPOLOGY:
        errors.append(too_many(f"{path}.deprecatedTopology", len(topology), _MAX_TOPOLOGY))
    errors += validate_labels(topology, f"{path}.deprecatedTopology")
    if (host := endpoint.get("hostname")) is not None:
        errors += [invalid(f"{path}.hostname", host, says) for says in names.dns_label(host)]
    zones, path = (endpoint.get("hints") or {}).get("forZones") or (), f"{path}.hints.forZones"
    if len(zones) > _MAX_HINTS:
        return [*errors, too_many(path, len(zones), _MAX_HINTS)]
    for place, zone in enumerate(zones):
        name = zone.get("name", "")
        if any(other.get("name", "") == name for other in zones[:place]):
            errors.append(duplicate(f"{path}[{place}].name", name))
        errors += [invalid(f"{path}[{place}].name", name, says) for says in names.label_value(name)]
    return errors


def _slice_ports(endpoint_slice: Obj) -> Errors:
    ports = endpoint_slice.get("ports") or ()
    if len(ports) > _MAX_PORTS:
        return [too_many("ports", len(ports), _MAX_PORTS)]
    errors: Errors = []
    seen: list[str] = []
    for index, port in enumerate(ports):
        here, name, application = f"ports[{index}]", port.get("name") or "", port.get("appProtocol")
        if name:
            errors += [invalid(f"{here}.name", name, says) for says in names.dns_label(name)]
        if name in seen:
            errors.append(duplicate(f"{here}.name", name))
        seen.append(name)
        errors += _protocol(port, here)
        if application is not None:
            where = f"{here}.appProtocol"
            errors += [invalid(where, application, says) for says in names.qualified_name(application)]
    return errors


def validate_endpoint_slice_update(new: Obj, old: Obj) -> Errors:
    return validate_endpoint_slice(new) + immutable("addressType", new.get("addressType"), old.get("addressType"))
