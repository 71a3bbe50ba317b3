"""Rules for nodes and events: `ValidateNode` and `legacyValidateEvent` of `pkg/apis/core/validation` (1.33)."""

from __future__ import annotations

from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.field_errors import (
    FieldError,
    GoText,
    duplicate,
    forbidden,
    go_value,
    invalid,
    not_supported,
    required,
)
from simulator.machinery.validation.resource_names import amount

Obj = dict[str, Any]
Errors = list[FieldError]

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_CIDRS = "spec.podCIDRs"


def _spec(obj: Obj) -> Obj:
    return obj.get("spec") or {}


def validate_node(node: Obj) -> Errors:
    errors = _taints(_spec(node).get("taints") or (), "metadata.taints")
    cidrs = _spec(node).get("podCIDRs") or []
    for index, text in enumerate(cidrs):
        errors += [invalid(f"{_CIDRS}[{index}]", text, says) for says in names.cidr(text)]
    if len(cidrs) > 1:
        families = {":" in text for text in cidrs}
        if len(cidrs) > 2 or len(families) < 2:
            errors.append(invalid(_CIDRS, cidrs, "may specify no more than one CIDR for each IP family"))
        errors += [duplicate(f"{_CIDRS}[{index}]", text) for index, text in enumerate(cidrs) if text in cidrs[:index]]
    return errors


def _taints(taints: Any, path: str) -> Errors:
    errors: Errors = []
    seen: list[tuple[str, str]] = []
    for index, taint in enumerate(taints):
        here, key, effect = f"{path}[{index}]", taint.get("key", ""), taint.get("effect", "")
        value = taint.get("value", "")
        errors += [invalid(f"{here}.key", key, says) for says in names.qualified_name(key)]
        if problems := names.label_value(value):
            errors.append(invalid(f"{here}.value", value, ";".join(problems)))
        if not effect:
            errors.append(required(f"{here}.effect"))
        elif effect not in _EFFECTS:
            errors.append(not_supported(f"{here}.effect", effect, _EFFECTS))
        if (key, effect) in seen:
            shown = f'core.Taint{{Key:"{key}", Value:"{value}", Effect:"{effect}", TimeAdded:<nil>}}'
            says = "taints must be unique by key and effect pair"
            errors.append(FieldError("FieldValueDuplicate", here, GoText(shown), says))
        seen.append((key, effect))
    return errors


def validate_node_update(new: Obj, old: Obj) -> Errors:
    now, before, status = _spec(new), _spec(old), new.get("status") or {}
    errors: Errors = []
    for key in ("capacity", "allocatable"):
        for name, text in (status.get(key) or {}).items():
            errors += amount(name, text, f"status.{key}.{name}")
    errors += _addresses(status.get("addresses") or [])
    for cidr, was in _pairs(now.get("podCIDRs") or [], before.get("podCIDRs") or []):
        if cidr != was:
            errors.append(forbidden(_CIDRS, 'node updates may not change podCIDR except from "" to valid'))
    if before.get("providerID") and now.get("providerID") != before["providerID"]:
        errors.append(forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid'))
    errors += _taints(now.get("taints") or (), "metadata.taints")
    if now.get("externalID", "") != before.get("externalID", ""):
        errors.append(forbidden("spec.externalID", "may not be updated"))
    return errors


def _pairs(now: list[str], before: list[str]) -> list[tuple[Any, Any]]:
    """What is compared: ranges that are there, one by one when there are as many, else the lists."""
    if not before:
        return []
    return list(zip(now, before, strict=True)) if len(now) == len(before) else [(now, before)]


def _addresses(addresses: list[Obj]) -> Errors:
    errors: Errors = []
    for index, address in enumerate(addresses):
        if address in addresses[:index]:
            kind, text = go_value(address.get("type", "")), go_value(address.get("address", ""))
            errors.append(
                duplicate(f"status.addresses[{index}]", GoText(f"core.NodeAddress{{Type:{kind}, Address:{text}}}"))
            )
    return errors


def validate_event(event: Obj) -> Errors:
    about = (event.get("involvedObject") or {}).get("namespace", "")
    namespace = (event.get("metadata") or {}).get("namespace", "")
    if (about and about != namespace) or (not about and namespace not in ("default", "kube-system")):
        return [invalid("involvedObject.namespace", about, "does not match event.namespace")]
    return []
