"""Which function describes which kind."""

from __future__ import annotations

from collections.abc import Callable

from simulator.engine.plain import Obj
from simulator.kubectl.describers import access, configuration, namespaces, networking, policies, storage, workloads
from simulator.kubectl.describers.nodes import describe_node
from simulator.kubectl.describers.surroundings import Surroundings
from simulator.machinery.resources import Resource

Describer = Callable[[Obj, Surroundings], str]

_BY_RESOURCE: dict[str, Describer] = {
    "pods": workloads.describe_pod,
    "deployments.apps": workloads.describe_deployment,
    "replicasets.apps": workloads.describe_replica_set,
    "replicationcontrollers": workloads.describe_replica_set,
    "daemonsets.apps": workloads.describe_daemon_set,
    "statefulsets.apps": workloads.describe_stateful_set,
    "jobs.batch": workloads.describe_job,
    "cronjobs.batch": workloads.describe_cron_job,
    "nodes": describe_node,
    "namespaces": namespaces.describe_namespace,
    "resourcequotas": namespaces.describe_quota,
    "limitranges": namespaces.describe_limit_range,
    "configmaps": configuration.describe_config_map,
    "secrets": configuration.describe_secret,
    "serviceaccounts": configuration.describe_service_account,
    "services": networking.describe_service,
    "endpoints": networking.describe_endpoints,
    "endpointslices.discovery.k8s.io": networking.describe_endpoint_slice,
    "ingresses.networking.k8s.io": networking.describe_ingress,
    "persistentvolumes": storage.describe_volume,
    "persistentvolumeclaims": storage.describe_claim,
    "storageclasses.storage.k8s.io": storage.describe_storage_class,
    "networkpolicies.networking.k8s.io": policies.describe_network_policy,
    "ingressclasses.networking.k8s.io": policies.describe_ingress_class,
    "horizontalpodautoscalers.autoscaling": policies.describe_autoscaler,
    "roles.rbac.authorization.k8s.io": access.describe_role,
    "clusterroles.rbac.authorization.k8s.io": access.describe_role,
    "rolebindings.rbac.authorization.k8s.io": access.describe_binding,
    "clusterrolebindings.rbac.authorization.k8s.io": access.describe_binding,
    "poddisruptionbudgets.policy": namespaces.describe_disruption_budget,
    "priorityclasses.scheduling.k8s.io": namespaces.describe_priority_class,
}


def describer_for(resource: Resource) -> Describer:
    """The layout of a kind; field by field for a kind without one."""
    return _BY_RESOURCE.get(resource.name, configuration.describe_anything)
