"""Which function describes which kind."""

from __future__ import annotations

from collections.abc import Callable

from simulator.engine.plain import Obj
from simulator.kubectl.describers import others, workloads
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
    "namespaces": others.describe_namespace,
    "resourcequotas": others.describe_quota,
    "limitranges": others.describe_limit_range,
    "configmaps": others.describe_config_map,
    "secrets": others.describe_secret,
    "serviceaccounts": others.describe_service_account,
    "services": others.describe_service,
    "endpoints": others.describe_endpoints,
    "endpointslices.discovery.k8s.io": others.describe_endpoint_slice,
    "ingresses.networking.k8s.io": others.describe_ingress,
    "persistentvolumes": others.describe_volume,
    "persistentvolumeclaims": others.describe_claim,
    "storageclasses.storage.k8s.io": others.describe_storage_class,
    "poddisruptionbudgets.policy": others.describe_disruption_budget,
    "priorityclasses.scheduling.k8s.io": others.describe_priority_class,
}


def describer_for(resource: Resource) -> Describer:
    """The layout of a kind; field by field for a kind without one."""
    return _BY_RESOURCE.get(resource.name, others.describe_anything)
