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
    cluster,
    jobs,
    network_policies,
    pods,
    policies,
    services,
    webhooks,
    workloads,
)
from simulator.machinery.validation.field_errors import FieldError
from simulator.machinery.validation.metadata import (
    NameRule,
    path_segment,
    validate_metadata,
    validate_metadata_update,
)

__all__ = ["FieldError", "validate_create", "validate_update"]

Obj = dict[str, Any]
Create = Callable[[Obj], list[FieldError]]
Update = Callable[[Obj, Obj], list[FieldError]]

_NAME_RULES: dict[str, NameRule] = {
    "services": names.dns_1035_label,
    "namespaces": names.dns_label,
    "roles.rbac.authorization.k8s.io": path_segment,
    "rolebindings.rbac.authorization.k8s.io": path_segment,
    "clusterroles.rbac.authorization.k8s.io": path_segment,
    "clusterrolebindings.rbac.authorization.k8s.io": path_segment,
}
_RBAC = "rbac.authorization.k8s.io"

#: resource -> (rules for a new object, rules for an update); without the second, the first is asked again
_RULES: dict[str, tuple[Create, Update | None]] = {
    "pods": (pods.validate_pod, pods.validate_pod_update),
    "podtemplates": (lambda obj: pods.validate_pod_template(obj.get("template") or {}, "template"), None),
    "deployments.apps": (workloads.validate_deployment, workloads.validate_deployment_update),
    "replicasets.apps": (workloads.validate_replica_set, workloads.validate_replica_set_update),
    "statefulsets.apps": (workloads.validate_stateful_set, workloads.validate_stateful_set_update),
    "daemonsets.apps": (workloads.validate_daemon_set, workloads.validate_daemon_set_update),
    "replicationcontrollers": (workloads.validate_replication_controller, None),
    "jobs.batch": (jobs.validate_job, jobs.validate_job_update),
    "cronjobs.batch": (jobs.validate_cron_job, None),
    "services": (services.validate_service, services.validate_service_update),
    "endpoints": (services.validate_endpoints, None),
    "endpointslices.discovery.k8s.io": (
        services.validate_endpoint_slice,
        services.validate_endpoint_slice_update,
    ),
    "ingresses.networking.k8s.io": (services.validate_ingress, None),
    "networkpolicies.networking.k8s.io": (
        network_policies.validate_network_policy,
        network_policies.validate_network_policy_update,
    ),
    "configmaps": (cluster.validate_config_map, cluster.validate_config_map_update),
    "secrets": (cluster.validate_secret, cluster.validate_secret_update),
    "nodes": (cluster.validate_node, cluster.validate_node_update),
    "events": (cluster.validate_event, None),
    "persistentvolumeclaims": (cluster.validate_claim, cluster.validate_claim_update),
    "persistentvolumes": (cluster.validate_volume, None),
    "storageclasses.storage.k8s.io": (cluster.validate_storage_class, cluster.validate_storage_class_update),
    "poddisruptionbudgets.policy": (cluster.validate_budget, None),
    "resourcequotas": (policies.validate_scoped_quota, None),
    "limitranges": (policies.validate_limits, None),
    f"roles.{_RBAC}": (cluster.validate_rules, None),
    f"clusterroles.{_RBAC}": (policies.validate_cluster_role, None),
    f"rolebindings.{_RBAC}": (cluster.validate_binding, cluster.validate_binding_update),
    f"clusterrolebindings.{_RBAC}": (cluster.validate_binding, cluster.validate_binding_update),
    "horizontalpodautoscalers.autoscaling": (cluster.validate_autoscaler, None),
    "priorityclasses.scheduling.k8s.io": (
        cluster.validate_priority_class,
        cluster.validate_priority_class_update,
    ),
    "leases.coordination.k8s.io": (cluster.validate_lease, None),
    "validatingwebhookconfigurations.admissionregistration.k8s.io": (webhooks.validate_webhooks, None),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": (webhooks.validate_webhooks, None),
    "validatingadmissionpolicies.admissionregistration.k8s.io": (policies.validate_admission_policy, None),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": (policies.validate_admission_binding, None),
    "mutatingadmissionpolicies.admissionregistration.k8s.io": (policies.validate_mutating_policy, None),
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": (policies.validate_mutating_binding, None),
}


def validate_create(resource: str, obj: Obj) -> list[FieldError]:
    """Everything wrong with a new object of `resource`."""
    known = resources.by_name(resource)
    errors = validate_metadata(
        obj.get("metadata") or {},
        namespaced=known is None or known.namespaced,
        name_rule=_NAME_RULES.get(resource, names.dns_subdomain),
    )
    rules = _RULES.get(resource)
    return errors + rules[0](obj) if rules is not None else errors


def validate_update(resource: str, new: Obj, old: Obj) -> list[FieldError]:
    """Everything wrong with `new` in the place of `old`."""
    errors = validate_metadata_update(new.get("metadata") or {}, old.get("metadata") or {})
    rules = _RULES.get(resource)
    if rules is None:
        return errors
    create, update = rules
    return errors + (create(new) if update is None else update(new, old))
