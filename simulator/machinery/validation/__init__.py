"""Semantic validation: may this object be created, may this one take the place of that one (v1.33).

`validate_create` and `validate_update` return every finding, in upstream's order and words; an empty list means
the object is acceptable. Objects are expected to be decoded and defaulted. One module a family of kinds.

Leaves to others: shapes and types (`decoding.py`), rules that need other objects (admission, allocators).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.machinery import names, resources
from simulator.machinery.validation import (
    access,
    autoscaling,
    claims,
    cluster,
    config,
    endpoints,
    ingresses,
    jobs,
    mutating_policies,
    network_policies,
    nodes,
    pod_updates,
    pods,
    policies,
    quotas,
    services,
    storage,
    webhooks,
    workloads,
)
from simulator.machinery.validation.field_errors import FieldError
from simulator.machinery.validation.metadata import (
    NameRule,
    path_segment,
    validate_kube_finalizers,
    validate_metadata,
    validate_metadata_update,
)

__all__ = ["FieldError", "validate_create", "validate_update"]

Obj = dict[str, Any]
Create = Callable[[Obj], list[FieldError]]
Update = Callable[[Obj, Obj], list[FieldError]]

_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_NAME_RULES: dict[str, NameRule] = {
    "services": names.dns_1035_label,
    "namespaces": names.dns_label,
    "statefulsets.apps": names.dns_label,
    "certificatesigningrequests.certificates.k8s.io": lambda name: [],
    f"roles.{_RBAC}": path_segment,
    f"rolebindings.{_RBAC}": path_segment,
    f"clusterroles.{_RBAC}": path_segment,
    f"clusterrolebindings.{_RBAC}": path_segment,
}
#: groups whose kinds go through `ValidateObjectMeta` of `pkg/apis/core/validation`
_KUBE_GROUPS = ("", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "scheduling.k8s.io", _RBAC)


def _pod_template(obj: Obj) -> list[FieldError]:
    return pods.validate_pod_template(obj.get("template") or {}, "template")


def _nothing(obj: Obj) -> list[FieldError]:
    return []


#: resource -> (rules for a new object, rules for an update); without the second, the first is asked again
_RULES: dict[str, tuple[Create, Update | None]] = {
    "pods": (pods.validate_pod, pod_updates.validate_pod_update),
    "podtemplates": (_pod_template, None),
    "deployments.apps": (workloads.validate_deployment, workloads.validate_deployment_update),
    "replicasets.apps": (workloads.validate_replica_set, workloads.validate_replica_set_update),
    "statefulsets.apps": (workloads.validate_stateful_set, workloads.validate_stateful_set_update),
    "daemonsets.apps": (workloads.validate_daemon_set, workloads.validate_daemon_set_update),
    "controllerrevisions.apps": (cluster.validate_revision, cluster.validate_revision_update),
    "replicationcontrollers": (workloads.validate_replication_controller, None),
    "jobs.batch": (jobs.validate_job, jobs.validate_job_update),
    "cronjobs.batch": (jobs.validate_new_cron_job, jobs.validate_cron_job_update),
    "services": (services.validate_service, services.validate_service_update),
    "endpoints": (endpoints.validate_endpoints, None),
    "endpointslices.discovery.k8s.io": (
        endpoints.validate_endpoint_slice,
        endpoints.validate_endpoint_slice_update,
    ),
    "ingresses.networking.k8s.io": (ingresses.validate_new_ingress, ingresses.validate_ingress_update),
    "ingressclasses.networking.k8s.io": (
        ingresses.validate_ingress_class,
        ingresses.validate_ingress_class_update,
    ),
    "networkpolicies.networking.k8s.io": (
        network_policies.validate_network_policy,
        network_policies.validate_network_policy_update,
    ),
    "configmaps": (config.validate_config_map, config.validate_config_map_update),
    "secrets": (config.validate_secret, config.validate_secret_update),
    "nodes": (nodes.validate_node, nodes.validate_node_update),
    "events": (nodes.validate_event, None),
    "persistentvolumeclaims": (claims.validate_claim, claims.validate_claim_update),
    "persistentvolumes": (storage.validate_volume, storage.validate_volume_update),
    "storageclasses.storage.k8s.io": (storage.validate_storage_class, storage.validate_storage_class_update),
    "volumeattachments.storage.k8s.io": (storage.validate_attachment, storage.validate_attachment_update),
    "csinodes.storage.k8s.io": (storage.validate_csi_node, None),
    "csidrivers.storage.k8s.io": (_nothing, storage.validate_csi_driver_update),
    "poddisruptionbudgets.policy": (cluster.validate_budget, cluster.validate_budget_update),
    "resourcequotas": (quotas.validate_quota, quotas.validate_quota_update),
    "limitranges": (quotas.validate_limit_range, None),
    f"roles.{_RBAC}": (access.validate_role, None),
    f"clusterroles.{_RBAC}": (access.validate_cluster_role, None),
    f"rolebindings.{_RBAC}": (access.validate_role_binding, access.validate_role_binding_update),
    f"clusterrolebindings.{_RBAC}": (
        access.validate_cluster_role_binding,
        access.validate_cluster_role_binding_update,
    ),
    "horizontalpodautoscalers.autoscaling": (
        autoscaling.validate_autoscaler,
        autoscaling.validate_autoscaler_update,
    ),
    "priorityclasses.scheduling.k8s.io": (
        cluster.validate_priority_class,
        cluster.validate_priority_class_update,
    ),
    "runtimeclasses.node.k8s.io": (cluster.validate_runtime_class, cluster.validate_runtime_class_update),
    "leases.coordination.k8s.io": (cluster.validate_lease, None),
    f"validatingwebhookconfigurations.{_ADMISSION}": (webhooks.validate_webhooks, None),
    f"mutatingwebhookconfigurations.{_ADMISSION}": (webhooks.validate_webhooks, None),
    f"validatingadmissionpolicies.{_ADMISSION}": (policies.validate_admission_policy, None),
    f"validatingadmissionpolicybindings.{_ADMISSION}": (policies.validate_admission_binding, None),
    f"mutatingadmissionpolicies.{_ADMISSION}": (mutating_policies.validate_mutating_policy, None),
    f"mutatingadmissionpolicybindings.{_ADMISSION}": (mutating_policies.validate_mutating_binding, None),
}


def validate_create(resource: str, obj: Obj) -> list[FieldError]:
    """Everything wrong with a new object of `resource`."""
    known = resources.by_name(resource)
    metadata = obj.get("metadata") or {}
    errors = validate_metadata(
        metadata,
        namespaced=known is None or known.namespaced,
        name_rule=_NAME_RULES.get(resource, names.dns_subdomain),
    )
    errors += _finalizers(resource, metadata)
    rules = _RULES.get(resource)
    return _once(errors + rules[0](obj) if rules is not None else errors)


def validate_update(resource: str, new: Obj, old: Obj) -> list[FieldError]:
    """Everything wrong with `new` in the place of `old`."""
    metadata = new.get("metadata") or {}
    errors = validate_metadata_update(metadata, old.get("metadata") or {}) + _finalizers(resource, metadata)
    rules = _RULES.get(resource)
    if rules is None:
        return _once(errors)
    create, update = rules
    return _once(errors + (create(new) if update is None else update(new, old)))


def _finalizers(resource: str, metadata: Obj) -> list[FieldError]:
    is_kube = metadata.get("finalizers") and resource.partition(".")[2] in _KUBE_GROUPS
    return validate_kube_finalizers(metadata) if is_kube else []


def _once(errors: list[FieldError]) -> list[FieldError]:
    """The same finding is told once (`ErrorList.ToAggregate`)."""
    return list({str(error): error for error in errors}.values()) if len(errors) > 1 else errors
