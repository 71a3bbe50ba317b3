"""Rules for network policies. Follows `pkg/apis/networking/validation` (1.33)."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.field_errors import (
    FieldError,
    forbidden,
    go_slice,
    invalid,
    not_supported,
    required,
)
from simulator.machinery.validation.selectors import validate_label_selector

Obj = dict[str, Any]
Errors = list[FieldError]
_PROTOCOLS = ("TCP", "UDP", "SCTP")


def validate_network_policy(policy: Obj) -> Errors:
    spec = policy.get("spec") or {}
    errors = validate_label_selector(spec.get("podSelector") or {}, "spec.podSelector")
    for side, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(side) or ()):
            for place, port in enumerate(rule.get("ports") or ()):
                errors += _port(port, f"spec.{side}[{index}].ports[{place}]")
            for place, peer in enumerate(rule.get(peers) or ()):
                errors += _peer(peer, f"spec.{side}[{index}].{peers}[{place}]")
    kinds = spec.get("policyTypes") or []
    if len(kinds) > 2:
        shown = go_slice("networking.PolicyType", kinds)
        return [*errors, invalid("spec.policyTypes", shown, "may not specify more than two policyTypes")]
    for index, kind in enumerate(kinds):
        if kind not in ("Ingress", "Egress"):
            errors.append(not_supported(f"spec.policyTypes[{index}]", kind, ("Ingress", "Egress")))
    return errors


def validate_network_policy_update(new: Obj, old: Obj) -> Errors:
    return validate_network_policy(new)


def _port(port: Obj, path: str) -> Errors:
    errors: Errors = []
    protocol, number, last = port.get("protocol", "TCP"), port.get("port"), port.get("endPort")
    if protocol not in _PROTOCOLS:
        errors.append(not_supported(f"{path}.protocol", protocol, _PROTOCOLS))
    if number is None:
        says = "may not be specified when `port` is not specified"
        return errors if last is None else [*errors, invalid(f"{path}.endPort", last, says)]
    if isinstance(number, str):
        if last is not None:
            errors.append(invalid(f"{path}.endPort", last, "may not be specified when `port` is non-numeric"))
        return errors + [invalid(f"{path}.port", number, says) for says in names.port_name(number)]
    errors += [invalid(f"{path}.port", number, says) for says in names.port_number(number)]
    if last is not None:
        if last < number:
            errors.append(invalid(f"{path}.endPort", last, "must be greater than or equal to `port`"))
        errors += [invalid(f"{path}.endPort", last, says) for says in names.port_number(last)]
    return errors


def _peer(peer: Obj, path: str) -> Errors:
    errors: Errors = []
    for key in ("podSelector", "namespaceSelector"):
        if key in peer:
            errors += validate_label_selector(peer[key], f"{path}.{key}")
    block = peer.get("ipBlock")
    if block is not None:
        errors += _block(block, f"{path}.ipBlock")
        if any(peer.get(key) is not None for key in ("podSelector", "namespaceSelector")):
            errors.append(forbidden(path, "may not specify both ipBlock and another peer"))
    return errors if peer else [required(path, "must specify a peer")]


def _block(block: Obj, path: str) -> Errors:
    cidr = block.get("cidr", "")
    if not cidr:
        return [required(f"{path}.cidr")]
    errors = [invalid(f"{path}.cidr", cidr, says) for says in names.cidr(cidr)]
    for index, one in enumerate(block.get("except") or ()):
        wrong = [invalid(f"{path}.except[{index}]", one, says) for says in names.cidr(one)]
        if not wrong and not errors and not _is_within(one, cidr):
            wrong = [invalid(f"{path}.except[{index}]", one, "must be a strict subset of `cidr`")]
        errors += wrong
    return errors


def _is_within(inner: str, outer: str) -> bool:
    small, large = ip_network(inner, strict=False), ip_network(outer, strict=False)
    return small.version == large.version and small.network_address in large and small.prefixlen > large.prefixlen
