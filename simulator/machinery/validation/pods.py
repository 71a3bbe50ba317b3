"""Rules for pods and pod templates.

Follows `ValidatePodSpec`, `ValidatePodCreate` and `ValidatePodTemplateSpec` of `pkg/apis/core/validation/validation.go` (1.33).
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import names, pod_resources
from simulator.machinery.quantities import parse
from simulator.machinery.validation.containers import (
    Surroundings,
    host_network_ports,
    host_port_conflicts,
    image_without_padding,
    validate_container,
)
from simulator.machinery.validation.ephemeral import validate_ephemeral_containers
from simulator.machinery.validation.field_errors import (
    FieldError,
    duplicate,
    forbidden,
    go_struct,
    invalid,
    not_supported,
    required,
)
from simulator.machinery.validation.metadata import validate_annotations, validate_labels
from simulator.machinery.validation.probes import validate_lifetime
from simulator.machinery.validation.resource_names import amount, container_resource, pod_level_resource, requirements
from simulator.machinery.validation.scheduling import validate_affinity, validate_spread, validate_tolerations
from simulator.machinery.validation.security import validate_host_users, validate_os, validate_pod_security
from simulator.machinery.validation.volumes import validate_volumes

Obj = dict[str, Any]
Errors = list[FieldError]

MAX_INT32 = (1 << 31) - 1
_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PREEMPTION_POLICIES = ("PreemptLowerPriority", "Never")
_MAX_SERVERS, _MAX_SEARCHES, _MAX_SEARCH_CHARACTERS = 3, 32, 2048
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


def validate_pod(pod: Obj) -> Errors:
    """A new pod."""
    spec = pod.get("spec") or {}
    errors = validate_whole_pod(pod)
    if spec.get("ephemeralContainers"):
        errors.append(forbidden("spec.ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        says = "cannot be set until all schedulingGates have been cleared"
        errors.append(forbidden("spec.nodeName", says))
    return errors


def validate_whole_pod(pod: Obj) -> Errors:
    """What holds for a pod at any time (`validatePodMetadataAndSpec`)."""
    spec, metadata = pod.get("spec") or {}, pod.get("metadata") or {}
    errors = _annotations(metadata, "metadata.annotations")
    errors += validate_pod_spec(spec, "spec", is_pod=True, pod_name=metadata.get("name", ""))
    for part in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(part) or ()):
            errors += image_without_padding(container, f"spec.{part}[{index}]")
    return errors


def _annotations(metadata: Obj, path: str) -> Errors:
    cost = (metadata.get("annotations") or {}).get(_DELETION_COST)
    if cost is None or _is_cost(cost):
        return []
    return [invalid(f"{path}[{_DELETION_COST}]", cost, "must be a 32bit integer")]


def _is_cost(text: str) -> bool:
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or (len(digits) > 1 and digits[0] == "0"):
        return False
    return text != "-0" and -MAX_INT32 - 1 <= int(text) <= MAX_INT32


def validate_pod_template(template: Obj, path: str) -> Errors:
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    errors = validate_labels(metadata.get("labels") or {}, f"{path}.labels")
    errors += validate_annotations(metadata.get("annotations") or {}, f"{path}.annotations")
    errors += _annotations(metadata, f"{path}.annotations")
    errors += validate_pod_spec(spec, f"{path}.spec")
    if spec.get("ephemeralContainers"):
        says = "ephemeral containers not allowed in pod template"
        errors.append(forbidden(f"{path}.spec.ephemeralContainers", says))
    return errors


def validate_pod_spec(spec: Obj, path: str, *, is_pod: bool = False, pod_name: str = "") -> Errors:
    errors: Errors = []
    volumes = spec.get("volumes") or []
    if volumes:
        errors += validate_volumes(volumes, f"{path}.volumes", pod_name)
    around = Surroundings(
        {volume.get("name", ""): volume for volume in volumes},
        tuple(one.get("name", "") for one in spec.get("resourceClaims") or ()),
        spec.get("restartPolicy", "Always"),
        spec.get("hostUsers") is not False,
        is_pod,
    )
    errors += _resource_claims(spec.get("resourceClaims") or (), f"{path}.resourceClaims")
    errors += _containers(spec, path, around)
    if (resources := spec.get("resources")) is not None:
        errors += _pod_resources(resources, spec, f"{path}.resources", around.claims)
    errors += host_network_ports(spec, path, is_pod=is_pod)
    errors += _policies(spec, path)
    if selector := spec.get("nodeSelector"):
        errors += validate_labels(selector, f"{path}.nodeSelector")
    errors += validate_pod_security(spec, path)
    if affinity := spec.get("affinity"):
        errors += validate_affinity(affinity, f"{path}.affinity")
    errors += _dns(spec, f"{path}.dnsConfig") + _gates(spec, path)
    if constraints := spec.get("topologySpreadConstraints"):
        errors += validate_spread(constraints, f"{path}.topologySpreadConstraints")
    return errors + validate_host_users(spec, path) + _rest(spec, path)


def _rest(spec: Obj, path: str) -> Errors:
    errors = _names_in(spec, path, ("serviceAccountName", "nodeName"), names.dns_subdomain)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= MAX_INT32:
        errors.append(invalid(f"{path}.activeDeadlineSeconds", deadline, names.outside(1, MAX_INT32)))
    errors += _names_in(spec, path, ("hostname", "subdomain"), names.dns_label)
    if tolerations := spec.get("tolerations"):
        errors += validate_tolerations(tolerations, f"{path}.tolerations")
    errors += _host_aliases(spec, path)
    errors += _names_in(spec, path, ("priorityClassName", "runtimeClassName"), names.dns_subdomain)
    preemption = spec.get("preemptionPolicy")
    if preemption is not None and preemption not in _PREEMPTION_POLICIES:
        here = f"{path}.preemptionPolicy"
        errors.append(not_supported(here, preemption, _PREEMPTION_POLICIES) if preemption else required(here))
    for name, text in (spec.get("overhead") or {}).items():
        here = f"{path}.overhead.limits[{name}]"
        errors += container_resource(name, here) + amount(name, text, here)
    return errors + validate_os(spec, path)


def _names_in(spec: Obj, path: str, keys: tuple[str, ...], rule: Any) -> Errors:
    return [invalid(f"{path}.{key}", value, says) for key in keys if (value := spec.get(key)) for says in rule(value)]


def _policies(spec: Obj, path: str) -> Errors:
    errors: Errors = []
    for key, supported in (("restartPolicy", _RESTART_POLICIES), ("dnsPolicy", _DNS_POLICIES)):
        value = spec.get(key, "")
        if not value:
            errors.append(required(f"{path}.{key}"))
        elif value not in supported:
            errors.append(not_supported(f"{path}.{key}", value, supported))
    return errors


# Containers


def _containers(spec: Obj, path: str, around: Surroundings) -> Errors:
    containers, init = spec.get("containers") or [], spec.get("initContainers") or []
    grace_s = spec.get("terminationGracePeriodSeconds")
    errors = [] if containers else [required(f"{path}.containers")]
    seen: list[str] = []
    for index, container in enumerate(containers):
        here = f"{path}.containers[{index}]"
        errors += validate_container(container, here, around)
        errors += _unique(container, here, seen)
        errors += validate_lifetime(container, here, grace_s)
        if "restartPolicy" in container:
            errors.append(forbidden(f"{here}.restartPolicy", "may not be set for non-init containers"))
    errors += host_port_conflicts(containers, f"{path}.containers")
    for index, container in enumerate(init):
        here = f"{path}.initContainers[{index}]"
        errors += validate_container(container, here, around)
        errors += _init_restart(container, here)
        errors += _unique(container, here, seen)
        errors += host_port_conflicts([container], f"{path}.initContainers")
        errors += _init_only(container, here, grace_s)
    if ephemeral := spec.get("ephemeralContainers"):
        errors += validate_ephemeral_containers(ephemeral, seen, f"{path}.ephemeralContainers", around)
    return errors


def _unique(container: Obj, path: str, seen: list[str]) -> Errors:
    name = container.get("name", "")
    if name in seen:
        return [duplicate(f"{path}.name", name)]
    if name:
        seen.append(name)
    return []


def _init_restart(container: Obj, path: str) -> Errors:
    restart = container.get("restartPolicy", "Always")
    return [] if restart == "Always" else [not_supported(f"{path}.restartPolicy", restart, ("Always",))]


def _init_only(container: Obj, path: str, grace_s: int | None) -> Errors:
    if container.get("restartPolicy") == "Always":
        return validate_lifetime(container, path, grace_s)
    return [
        forbidden(f"{path}.{key}", "may not be set for init containers without restartPolicy=Always")
        for key in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
        if container.get(key) is not None
    ]


# Resources


def _resource_claims(claims: Any, path: str) -> Errors:
    errors: Errors = []
    seen: list[str] = []
    for index, claim in enumerate(claims):
        here, name = f"{path}[{index}]", claim.get("name", "")
        if not name:
            errors.append(required(f"{here}.name"))
        elif name in seen:
            errors.append(duplicate(f"{here}.name", name))
        else:
            errors += [invalid(f"{here}.name", name, says) for says in names.dns_label(name)]
        seen.append(name)
        given = [key for key in ("resourceClaimName", "resourceClaimTemplateName") if claim.get(key) is not None]
        if len(given) > 1:
            says = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            errors.append(invalid(here, go_struct("core.PodResourceClaim"), says))
        if not given:
            says = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            errors.append(invalid(here, go_struct("core.PodResourceClaim"), says))
        for key in given:
            errors += [invalid(f"{here}.{key}", claim[key], says) for says in names.dns_subdomain(claim[key])]
    return errors


def _pod_resources(resources: Obj, spec: Obj, path: str, claims: tuple[str, ...]) -> Errors:
    errors: Errors = []
    if resources.get("claims"):
        errors.append(forbidden(f"{path}.claims", "claims cannot be set for Resources at pod-level"))
    errors += requirements(resources, path, pod_level_resource, claims)
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    own = {"containers": spec.get("containers") or [], "initContainers": spec.get("initContainers") or []}
    for name, total in sorted(pod_resources.of_pod(own, "requests").items()):
        found = parse(requests.get(name, "0"))
        if total.nanos > found.nanos:
            says = f"must be greater than or equal to aggregate container requests of {total}"
            errors.append(invalid(f"{path}.requests[{name}]", str(found), says))
    for index, container in enumerate(own["containers"]):
        for name, text in ((container.get("resources") or {}).get("limits") or {}).items():
            if name in limits and parse(text).nanos > parse(limits[name]).nanos:
                here = f"{path}.containers[{index}][{name}].limits"
                says = f"must be less than or equal to pod limits of {parse(limits[name])}"
                errors.append(invalid(here, str(parse(text)), says))
    return errors


# Network and gates


def _dns(spec: Obj, path: str) -> Errors:
    config = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")]
        if not config.get("nameservers"):
            says = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            return [required(f"{path}.nameservers", says)]
    return [] if config is None else _dns_config(config, path)


def _dns_config(config: Obj, path: str) -> Errors:
    errors: Errors = []
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    if len(servers) > _MAX_SERVERS:
        says = f"must not have more than {_MAX_SERVERS} nameservers"
        errors.append(invalid(f"{path}.nameservers", servers, says))
    for index, server in enumerate(servers):
        errors += [invalid(f"{path}.nameservers[{index}]", server, says) for says in names.ip(server)]
    if len(searches) > _MAX_SEARCHES:
        says = f"must not have more than {_MAX_SEARCHES} search paths"
        errors.append(invalid(f"{path}.searches", searches, says))
    if len(" ".join(searches)) > _MAX_SEARCH_CHARACTERS:
        says = f"must not have more than {_MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list"
        errors.append(invalid(f"{path}.searches", searches, says))
    for index, search in enumerate(searches):
        bare = search.removesuffix(".")
        if search != ".":
            errors += [invalid(f"{path}.searches[{index}]", bare, says) for says in names.search_domain(bare)]
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errors.append(required(f"{path}.options[{index}]", "must not be empty"))
    return errors


def _gates(spec: Obj, path: str) -> Errors:
    errors: Errors = []
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        kind = gate.get("conditionType", "")
        here = f"{path}.readinessGates[{index}].conditionType"
        errors += [invalid(here, kind, says) for says in names.qualified_name(kind)]
    seen: list[str] = []
    for index, gate in enumerate(spec.get("schedulingGates") or ()):
        here, name = f"{path}.schedulingGates[{index}]", gate.get("name", "")
        errors += [invalid(here, name, says) for says in names.qualified_name(name)]
        if name in seen:
            errors.append(duplicate(here, name))
        seen.append(name)
    return errors


def _host_aliases(spec: Obj, path: str) -> Errors:
    errors: Errors = []
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        here, address = f"{path}.hostAliases[{index}]", alias.get("ip", "")
        errors += [invalid(f"{here}.ip", address, says) for says in names.ip(address)]
        for place, host in enumerate(alias.get("hostnames") or ()):
            errors += [invalid(f"{here}.hostnames[{place}]", host, says) for says in names.dns_subdomain(host)]
    return errors
