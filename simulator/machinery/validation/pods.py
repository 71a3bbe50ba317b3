"""Rules for pods and pod templates, and for the few things an update of a pod may change.

Follows `ValidatePodSpec`, `ValidatePodTemplateSpec` and `ValidatePodUpdate` of `pkg/apis/core/validation` (1.33).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.containers import user_or_group, validate_container, validate_lifetime
from simulator.machinery.validation.field_errors import (
    FieldError,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)
from simulator.machinery.validation.metadata import validate_annotations, validate_labels
from simulator.machinery.validation.scheduling import validate_affinity, validate_spread, validate_tolerations
from simulator.machinery.validation.volumes import validate_volumes

Obj = dict[str, Any]
Errors = list[FieldError]

MAX_INT32 = (1 << 31) - 1
_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def validate_pod(pod: Obj) -> Errors:
    return validate_pod_spec(pod.get("spec") or {}, "spec")


def validate_pod_template(template: Obj, path: str) -> Errors:
    metadata = template.get("metadata") or {}
    errors = validate_labels(metadata.get("labels") or {}, f"{path}.labels")
    errors += validate_annotations(metadata.get("annotations") or {}, f"{path}.annotations")
    return errors + validate_pod_spec(template.get("spec") or {}, f"{path}.spec")


def validate_pod_spec(spec: Obj, path: str) -> Errors:
    errors: Errors = []
    volumes = spec.get("volumes") or []
    if volumes:
        errors += validate_volumes(volumes, f"{path}.volumes")
    errors += _containers(spec, path, [volume.get("name", "") for volume in volumes])
    errors += _policies(spec, path)
    if selector := spec.get("nodeSelector"):
        errors += validate_labels(selector, f"{path}.nodeSelector")
    for index, secret in enumerate(spec.get("imagePullSecrets") or ()):
        if not secret.get("name"):
            errors.append(required(f"{path}.imagePullSecrets[{index}].name"))
    if affinity := spec.get("affinity"):
        errors += validate_affinity(affinity, f"{path}.affinity")
    if constraints := spec.get("topologySpreadConstraints"):
        errors += validate_spread(constraints, f"{path}.topologySpreadConstraints")
    errors += _names_in(spec, path)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= MAX_INT32:
        errors.append(invalid(f"{path}.activeDeadlineSeconds", deadline, names.outside(1, MAX_INT32)))
    if tolerations := spec.get("tolerations"):
        errors += validate_tolerations(tolerations, f"{path}.tolerations")
    return errors + _dns(spec, path) + _small_lists(spec, path)


def _dns(spec: Obj, path: str) -> Errors:
    config = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            return [required(f"{path}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None")]
        if not config.get("nameservers"):
            says = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            return [required(f"{path}.dnsConfig.nameservers", says)]
    errors: Errors = []
    for index, server in enumerate((config or {}).get("nameservers") or ()):
        here = f"{path}.dnsConfig.nameservers[{index}]"
        errors += [invalid(here, server, says) for says in names.ip(server)]
    return errors


def _small_lists(spec: Obj, path: str) -> Errors:
    errors: Errors = []
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        here, address = f"{path}.hostAliases[{index}]", alias.get("ip", "")
        errors += [invalid(f"{here}.ip", address, says) for says in names.ip(address)]
        for place, host in enumerate(alias.get("hostnames") or ()):
            errors += [invalid(f"{here}.hostnames[{place}]", host, says) for says in names.dns_subdomain(host)]
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        kind = gate.get("conditionType", "")
        here = f"{path}.readinessGates[{index}].conditionType"
        errors += [invalid(here, kind, says) for says in names.qualified_name(kind)]
    security = spec.get("securityContext") or {}
    for key in ("runAsUser", "runAsGroup", "fsGroup"):
        errors += user_or_group(security.get(key), f"{path}.securityContext.{key}")
    return errors


def _policies(spec: Obj, path: str) -> Errors:
    errors: Errors = []
    for key, supported in (("restartPolicy", _RESTART_POLICIES), ("dnsPolicy", _DNS_POLICIES)):
        value = spec.get(key, "")
        if not value:
            errors.append(required(f"{path}.{key}"))
        elif value not in supported:
            errors.append(not_supported(f"{path}.{key}", value, supported))
    return errors


def _names_in(spec: Obj, path: str) -> Errors:
    errors: Errors = []
    for key, rule in (
        ("serviceAccountName", names.dns_subdomain),
        ("nodeName", names.dns_subdomain),
        ("hostname", names.dns_label),
        ("subdomain", names.dns_label),
        ("priorityClassName", names.dns_subdomain),
        ("runtimeClassName", names.dns_subdomain),
    ):
        if value := spec.get(key):
            errors += [invalid(f"{path}.{key}", value, says) for says in rule(value)]
    return errors


# -- Containers ---------------------------------------------------------------------------------------------------


def _containers(spec: Obj, path: str, volumes: list[str]) -> Errors:
    containers, init = spec.get("containers") or [], spec.get("initContainers") or []
    if not containers:
        return [required(f"{path}.containers")]
    errors: Errors = []
    seen: list[str] = []
    for index, container in enumerate(containers):
        here = f"{path}.containers[{index}]"
        errors += validate_container(container, here, volumes)
        errors += _unique(container, here, seen)
        errors += validate_lifetime(container, here)
        if "restartPolicy" in container:
            errors.append(forbidden(f"{here}.restartPolicy", "may not be set for non-init containers"))
    errors += _host_port_conflicts(containers, f"{path}.containers")
    for index, container in enumerate(init):
        here = f"{path}.initContainers[{index}]"
        errors += validate_container(container, here, volumes)
        errors += _unique(container, here, seen)
        errors += _init_only(container, here)
    return errors


def _unique(container: Obj, path: str, seen: list[str]) -> Errors:
    name = container.get("name", "")
    if name in seen:
        return [duplicate(f"{path}.name", name)]
    seen.append(name)
    return []


def _init_only(container: Obj, path: str) -> Errors:
    restart = container.get("restartPolicy")
    if restart == "Always":
        return validate_lifetime(container, path)
    errors = [not_supported(f"{path}.restartPolicy", restart, ("Always",))] if restart is not None else []
    if "lifecycle" in container:
        errors.append(forbidden(f"{path}.lifecycle", "may not be set for init containers without restartPolicy=Always"))
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        if kind in container:
            errors.append(
                forbidden(f"{path}.{kind}", "may not be set for init containers without restartPolicy=Always")
            )
    return errors


def _host_port_conflicts(containers: list[Obj], path: str) -> Errors:
    errors: Errors = []
    seen: list[str] = []
    for index, container in enumerate(containers):
        for place, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            taken = f"{port.get('protocol', 'TCP')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if taken in seen:
                errors.append(duplicate(f"{path}[{index}].ports[{place}].hostPort", taken))
            seen.append(taken)
    return errors


# -- Updates ------------------------------------------------------------------------------------------------------


def validate_pod_update(new: Obj, old: Obj) -> Errors:
    """An update through the main resource; a pod's node is set by binding, its status by the status subresource."""
    now, before = new.get("spec") or {}, old.get("spec") or {}
    if now is before or now == before:
        return []
    errors = _same_number(now, before, "containers") or _same_number(now, before, "initContainers")
    if errors:
        return errors
    errors = _new_images(now)
    deadline, earlier = now.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    errors += _deadline_update(deadline, earlier)
    errors += _lostvalidate_tolerations(now, before)
    errors += _added_gates(now, before)
    if _frozen(now, before) != _frozen(before, before):
        says = f"pod updates may not change fields other than {_UPDATABLE}"
        errors.append(forbidden("spec", says))
    return errors


def validate_ephemeral_update(new: Obj, old: Obj) -> Errors:
    """The subresource ephemeralcontainers: what is there stays as it is, and every name is new."""
    path = "spec.ephemeralContainers"
    before = {one["name"]: one for one in old["spec"].get("ephemeralContainers") or ()}
    now = {one.get("name", ""): one for one in new["spec"].get("ephemeralContainers") or ()}
    for name in before:
        if name not in now:
            return [forbidden(path, f"existing ephemeral containers {_go_quoted(name)} may not be removed\n")]
        if now[name] != before[name]:
            return [forbidden(path, f"existing ephemeral containers {_go_quoted(name)} may not be changed\n")]
    taken = [one["name"] for part in ("containers", "initContainers") for one in new["spec"].get(part) or ()]
    return [
        duplicate(f"{path}[{index}].name", one["name"])
        for index, one in enumerate(new["spec"].get("ephemeralContainers") or ())
        if one.get("name") in taken
    ]


def _go_quoted(text: str) -> str:
    return f'"{text}"'


def _same_number(now: Obj, before: Obj, key: str) -> Errors:
    if len(now.get(key) or ()) == len(before.get(key) or ()):
        return []
    return [forbidden(f"spec.{key}", "pod updates may not add or remove containers")]


def _new_images(spec: Obj) -> Errors:
    errors: Errors = []
    for index, container in enumerate(spec.get("containers") or ()):
        image = container.get("image", "")
        here = f"spec.containers[{index}].image"
        if not image:
            errors.append(required(here))
        elif image != image.strip():
            errors.append(invalid(here, image, "must not have leading or trailing whitespace"))
    return errors


def _deadline_update(deadline: int | None, earlier: int | None) -> Errors:
    path = "spec.activeDeadlineSeconds"
    if deadline == earlier:
        return []
    if deadline is None:
        return [invalid(path, deadline, "must not update from a positive integer to nil value")]
    if not 0 <= deadline <= MAX_INT32:
        return [invalid(path, deadline, names.outside(0, MAX_INT32))]
    if earlier is not None and earlier < deadline:
        return [invalid(path, deadline, "must be less than or equal to previous value")]
    return []


def _lostvalidate_tolerations(now: Obj, before: Obj) -> Errors:
    kept = [_without_seconds(toleration) for toleration in now.get("tolerations") or ()]
    if all(_without_seconds(toleration) in kept for toleration in before.get("tolerations") or ()):
        return validate_tolerations(now.get("tolerations") or [], "spec.tolerations")
    return [forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")]


def _added_gates(now: Obj, before: Obj) -> Errors:
    """`validateOnlyDeletedSchedulingGates`: a gate may only be taken away."""
    known = [gate.get("name") for gate in before.get("schedulingGates") or ()]
    return [
        forbidden(
            f"spec.schedulingGates[{index}].name",
            f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'",
        )
        for index, gate in enumerate(now.get("schedulingGates") or ())
        if gate.get("name") not in known
    ]


def _without_seconds(toleration: Obj) -> Obj:
    return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}


def _frozen(spec: Obj, before: Obj) -> Obj:
    """The part of a spec that no update may touch."""
    frozen = {k: v for k, v in spec.items() if k not in ("tolerations", "activeDeadlineSeconds", "schedulingGates")}
    for key in ("containers", "initContainers"):
        if key in frozen:
            frozen[key] = _without_images(frozen[key])
    if before.get("terminationGracePeriodSeconds", 0) < 0 and spec.get("terminationGracePeriodSeconds") == 1:
        frozen["terminationGracePeriodSeconds"] = before["terminationGracePeriodSeconds"]
    return frozen


def _without_images(containers: Iterable[Obj]) -> list[Obj]:
    return [{k: v for k, v in container.items() if k != "image"} for container in containers]
