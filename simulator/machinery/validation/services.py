"""Rules for services. Follows `ValidateService` and `ValidateServiceUpdate` of `pkg/apis/core/validation/validation.go` (1.33).

Leaves to others: addresses and ports that are allocated (`apiserver/services.py`).
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.containers import PROTOCOLS
from simulator.machinery.validation.field_errors import (
    IMMUTABLE,
    FieldError,
    GoText,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)
from simulator.machinery.validation.metadata import validate_labels
from simulator.machinery.validation.probes import port_number_or_name

Obj = dict[str, Any]
Errors = list[FieldError]

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_FAMILIES = ("IPv4", "IPv6")
_FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_POLICIES = ("Cluster", "Local")
_MAX_SESSION_S = 86400
_ONLY_LOAD_BALANCERS = "may only be used when `type` is 'LoadBalancer'"
_ONLY_AFFINITY = "when session affinity type is ClientIP"
_ONCE_SET = "may not change once set"
_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_HINTS, _MODE = "service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"


def _spec(obj: Obj) -> Obj:
    return obj.get("spec") or {}


def _addresses(spec: Obj) -> list[str]:
    """`clusterIP` alone stands for both fields (`normalizeClusterIPs`)."""
    return list(spec.get("clusterIPs") or ([spec["clusterIP"]] if spec.get("clusterIP") else []))


def _is_headless(spec: Obj) -> bool:
    return _addresses(spec) == ["None"]


def validate_service(service: Obj) -> Errors:
    spec, annotations = _spec(service), (service.get("metadata") or {}).get("annotations") or {}
    ports, kind = spec.get("ports") or [], spec.get("type", "")
    errors = _topology(annotations)
    if not ports and not _is_headless(spec) and kind != "ExternalName":
        errors.append(required("spec.ports"))
    errors += _by_type(spec, kind) + _ports(ports)
    if selector := spec.get("selector"):
        errors += validate_labels(selector, "spec.selector")
    errors += _affinity(spec)
    if kind != "ExternalName":
        errors += _cluster_addresses(spec)
    for index, address in enumerate(spec.get("externalIPs") or ()):
        problems = names.ip(address) or names.special_ip(address)
        errors += [invalid(f"spec.externalIPs[{index}]", address, says) for says in problems]
    if not kind:
        errors.append(required("spec.type"))
    elif kind not in _TYPES:
        errors.append(not_supported("spec.type", kind, _TYPES))
    errors += _node_ports(ports, kind) + _twice(ports) + _source_ranges(spec, kind, annotations)
    if spec.get("allocateLoadBalancerNodePorts") is not None and kind != "LoadBalancer":
        errors.append(forbidden("spec.allocateLoadBalancerNodePorts", _ONLY_LOAD_BALANCERS))
    return errors + _load_balancer_class(spec, kind) + _policies(spec, kind)


def _topology(annotations: Obj) -> Errors:
    hints, mode = annotations.get(_HINTS), annotations.get(_MODE)
    if hints is None or mode is None or hints == mode:
        return []
    says = f"must match annotations[{_HINTS}] when both are specified"
    return [invalid(f"metadata.annotations[{_MODE}]", mode, says)]


def _by_type(spec: Obj, kind: str) -> Errors:
    if kind in ("LoadBalancer", "NodePort") and _is_headless(spec):
        return [invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services")]
    if kind != "ExternalName":
        return []
    says = "may not be set for ExternalName services"
    errors = [forbidden("spec.clusterIPs", says)] if _addresses(spec) else []
    errors += [forbidden(f"spec.{key}", says) for key in ("ipFamilies", "ipFamilyPolicy") if spec.get(key)]
    name = spec.get("externalName", "").removesuffix(".")
    if not name:
        return [*errors, required("spec.externalName")]
    return errors + [invalid("spec.externalName", name, says) for says in names.dns_subdomain(name)]


# Ports


def _ports(ports: list[Obj]) -> Errors:
    errors: Errors = []
    seen: list[str] = []
    for index, port in enumerate(ports):
        here, name, protocol = f"spec.ports[{index}]", port.get("name", ""), port.get("protocol", "")
        if len(ports) > 1 and not name:
            errors.append(required(f"{here}.name"))
        elif name:
            errors += [invalid(f"{here}.name", name, says) for says in names.dns_label(name)]
            if name in seen:
                errors.append(duplicate(f"{here}.name", name))
            seen.append(name)
        number = port.get("port", 0)
        errors += [invalid(f"{here}.port", number, says) for says in names.port_number(number)]
        if protocol not in PROTOCOLS:
            where = f"{here}.protocol"
            errors.append(not_supported(where, protocol, PROTOCOLS) if protocol else required(where))
        errors += port_number_or_name(port.get("targetPort", 0), f"{here}.targetPort")
        if (application := port.get("appProtocol")) is not None:
            errors += [invalid(f"{here}.appProtocol", application, says) for says in names.qualified_name(application)]
    return errors


def _node_ports(ports: list[Obj], kind: str) -> Errors:
    errors: Errors = []
    if kind == "ClusterIP":
        says = "may not be used when `type` is 'ClusterIP'"
        errors += [
            forbidden(f"spec.ports[{index}].nodePort", says) for index, port in enumerate(ports) if port.get("nodePort")
        ]
    seen: list[tuple[Any, Any]] = []
    for index, port in enumerate(ports):
        key = (port.get("protocol"), port.get("nodePort", 0))
        if key[1] and key in seen:
            errors.append(duplicate(f"spec.ports[{index}].nodePort", key[1]))
        seen.append(key)
    return errors


def _twice(ports: list[Obj]) -> Errors:
    errors: Errors = []
    seen: list[tuple[Any, Any]] = []
    for index, port in enumerate(ports):
        key = (port.get("protocol"), port.get("port"))
        if key in seen:
            errors.append(duplicate(f"spec.ports[{index}]", _go_port(port)))
        seen.append(key)
    return errors


def _go_port(port: Obj) -> GoText:
    return GoText(
        f'core.ServicePort{{Name:"", Protocol:"{port.get("protocol", "")}", AppProtocol:(*string)(nil), '
        f"Port:{port.get('port', 0)}, "
        'TargetPort:intstr.IntOrString{Type:0, IntVal:0, StrVal:""}, NodePort:0}'
    )


# Sessions and addresses


def _affinity(spec: Obj) -> Errors:
    kind, path = spec.get("sessionAffinity", ""), "spec.sessionAffinityConfig"
    if not kind:
        return [required("spec.sessionAffinity")]
    if kind not in ("ClientIP", "None"):
        return [not_supported("spec.sessionAffinity", kind, ("ClientIP", "None"))]
    config = spec.get("sessionAffinityConfig")
    if kind == "None":
        return [] if config is None else [forbidden(path, "must not be set when session affinity is None")]
    if config is None:
        return [required(path, _ONLY_AFFINITY)]
    if config.get("clientIP") is None:
        return [required(f"{path}.clientIP", _ONLY_AFFINITY)]
    seconds, path = config["clientIP"].get("timeoutSeconds"), f"{path}.clientIP.timeoutSeconds"
    if seconds is None:
        return [required(path, _ONLY_AFFINITY)]
    if 0 < seconds <= _MAX_SESSION_S:
        return []
    return [invalid(path, seconds, f"must be greater than 0 and less than {_MAX_SESSION_S}")]


def _cluster_addresses(spec: Obj) -> Errors:
    addresses, families = _addresses(spec), spec.get("ipFamilies") or []
    errors: Errors = []
    if spec.get("clusterIP") and addresses[0] != spec["clusterIP"]:
        errors.append(invalid("spec.clusterIPs", addresses, "first value must match `clusterIP`"))
    for index, family in enumerate(families):
        if family not in _FAMILIES:
            errors.append(not_supported(f"spec.ipFamilies[{index}]", family, _FAMILIES))
        if family in families[:index]:
            errors.append(duplicate(f"spec.ipFamilies[{index}]", family))
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _FAMILY_POLICIES:
        errors.append(not_supported("spec.ipFamilyPolicy", policy, _FAMILY_POLICIES))
    wrong: Errors = []
    for index, address in enumerate(addresses):
        if index == 0 and address == "None":
            if len(addresses) > 1:
                wrong.append(invalid("spec.clusterIPs", addresses, "'None' must be the first and only value"))
            continue
        wrong += [invalid(f"spec.clusterIPs[{index}]", address, says) for says in names.ip(address)]
    if len(addresses) > 2:
        errors.append(invalid("spec.clusterIPs", addresses, "may only hold up to 2 values"))
    return errors + (wrong or _families_of(addresses, families))


def _families_of(addresses: list[str], families: list[str]) -> Errors:
    found = ["IPv6" if ":" in address else "IPv4" for address in addresses]
    if addresses[:1] == ["None"]:
        return []
    errors: Errors = []
    if len(found) > 1 and len(set(found)) < 2:
        says = "may specify no more than one IP for each IP family"
        errors.append(invalid("spec.clusterIPs", addresses, says))
    for index, (address, family, wanted) in enumerate(zip(addresses, found, families, strict=False)):
        if family != wanted and wanted in _FAMILIES:
            says = f"expected an {wanted} value as indicated by `ipFamilies[{index}]`"
            errors.append(invalid(f"spec.clusterIPs[{index}]", address, says))
    return errors


# Load balancers and policies


def _source_ranges(spec: Obj, kind: str, annotations: Obj) -> Errors:
    ranges, path = spec.get("loadBalancerSourceRanges") or (), "spec.LoadBalancerSourceRanges"
    places = [f"{path}[{index}]" for index in range(len(ranges))]
    if not ranges and _RANGES in annotations:
        path = f"metadata.annotations[{_RANGES}]"
        ranges = annotations[_RANGES].split(",") if annotations[_RANGES].strip() else ()
        places = [path] * len(ranges)
    elif not ranges:
        return []
    errors = [] if kind == "LoadBalancer" else [forbidden(path, _ONLY_LOAD_BALANCERS)]
    for place, one in zip(places, ranges, strict=True):
        errors += [invalid(place, one.strip(), says) for says in names.cidr(one.strip())]
    return errors


def _load_balancer_class(spec: Obj, kind: str) -> Errors:
    name, path = spec.get("loadBalancerClass"), "spec.loadBalancerClass"
    if name is None:
        return []
    if kind != "LoadBalancer":
        return [forbidden(path, _ONLY_LOAD_BALANCERS)]
    return [invalid(path, name, says) for says in names.qualified_name(name)]


def _policies(spec: Obj, kind: str) -> Errors:
    errors: Errors = []
    external, path = spec.get("externalTrafficPolicy", ""), "spec.externalTrafficPolicy"
    is_outside = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))
    if not is_outside and external:
        errors.append(invalid(path, external, "may only be set for externally-accessible services"))
    elif is_outside and external not in _POLICIES:
        errors.append(not_supported(path, external, _POLICIES) if external else required(path))
    check, path = spec.get("healthCheckNodePort", 0), "spec.healthCheckNodePort"
    if check and (kind != "LoadBalancer" or external != "Local"):
        says = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        errors.append(invalid(path, check, says))
    elif check:
        errors += [invalid(path, check, says) for says in names.port_number(check)]
    internal = spec.get("internalTrafficPolicy")
    if internal is not None and internal not in _POLICIES:
        errors.append(not_supported("spec.internalTrafficPolicy", internal, _POLICIES))
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution != "PreferClose":
        errors.append(not_supported("spec.trafficDistribution", distribution, ("PreferClose",)))
    return errors


# Updates


def validate_service_update(new: Obj, old: Obj) -> Errors:
    now, before = _spec(new), _spec(old)
    if now is before:
        return []
    errors = _kept_addresses(now, before)
    classes = (now.get("loadBalancerClass"), before.get("loadBalancerClass"))
    if now.get("type") == before.get("type") == "LoadBalancer" and classes[0] != classes[1]:
        errors.append(invalid("spec.loadBalancerClass", classes[0], _ONCE_SET))
    checks = [one.get("healthCheckNodePort", 0) for one in (now, before) if _needs_check(one)]
    if len(checks) == 2 and checks[0] and checks[0] != checks[1]:
        errors.append(forbidden("spec.healthCheckNodePort", IMMUTABLE))
    if now.get("clusterIPs") == before.get("clusterIPs"):
        new = {**new, "spec": {key: value for key, value in now.items() if key != "clusterIPs"}}
    return errors + validate_service(new)


def _needs_check(spec: Obj) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _kept_addresses(now: Obj, before: Obj) -> Errors:
    """A cluster IP stays, unless the service becomes or stops being an ExternalName."""
    if "ExternalName" in (now.get("type"), before.get("type")) or (_is_headless(now) and _is_headless(before)):
        return []
    fresh, known = _addresses(now), list(before.get("clusterIPs") or ())
    if now.get("clusterIPs") == known and now.get("clusterIP") and known:
        fresh = [now["clusterIP"], *known[1:]]
    if not fresh or not known:
        return []
    errors = [
        invalid(f"spec.clusterIPs[{index}]", fresh, _ONCE_SET)
        for index, (address, earlier) in enumerate(zip(fresh, known, strict=False))
        if address != earlier and (index == 0 or len(fresh) == len(known))
    ]
    if len(fresh) == 1 and len(known) == 2 and now.get("ipFamilyPolicy") != "SingleStack":
        says = "must be set to 'SingleStack' when releasing the secondary clusterIP"
        errors.append(invalid("spec.ipFamilyPolicy", now.get("ipFamilyPolicy"), says))
    return errors
