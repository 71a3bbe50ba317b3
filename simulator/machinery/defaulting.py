"""The values the API server fills in when an author leaves them out (v1.33).

Promises: `default` never changes its argument; it returns the very same object when nothing is missing, so a
second pass is free of copies; only what is missing is added, parts that are complete stay shared. Follows
`pkg/apis/<group>/v1/defaults.go`; pods and their templates are in `pod_defaults`.

Leaves to others: what an allocator or an admission step decides (cluster IPs, node ports, service accounts, Job
selectors), the initial status, and anything that needs another object.
"""

from __future__ import annotations

from typing import Any

from simulator.machinery.fills import Fill, chain, each_of, in_spec, inside, missing, with_missing, within
from simulator.machinery.pod_defaults import tcp_port, with_pod, with_template

Obj = dict[str, Any]

_MAX_INT32 = (1 << 31) - 1


def default(resource: str, obj: Obj) -> Obj:
    """The object of `resource` (`pods`, `deployments.apps`) with everything upstream would have filled in."""
    fill = _BY_RESOURCE.get(resource)
    return fill(obj) if fill is not None else obj


def _deployment_strategy(strategy: Obj) -> Obj:
    strategy = with_missing(strategy, {"type": "RollingUpdate"})
    if strategy["type"] != "RollingUpdate":
        return strategy
    return inside(strategy, "rollingUpdate", missing(maxUnavailable="25%", maxSurge="25%"))


def _stateful_strategy(strategy: Obj) -> Obj:
    strategy = with_missing(strategy, {"type": "RollingUpdate"})
    if strategy["type"] != "RollingUpdate":
        return strategy
    return inside(strategy, "rollingUpdate", missing(partition=0))


def _daemon_strategy(strategy: Obj) -> Obj:
    strategy = with_missing(strategy, {"type": "RollingUpdate"})
    if strategy["type"] != "RollingUpdate":
        return strategy
    return inside(strategy, "rollingUpdate", missing(maxUnavailable=1, maxSurge=0))


_deployment_spec = chain(
    missing(replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600),
    lambda spec: inside(spec, "strategy", _deployment_strategy),
    with_template,
)
_stateful_spec = chain(
    missing(replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady"),
    lambda spec: inside(spec, "updateStrategy", _stateful_strategy),
    lambda spec: inside(
        spec, "persistentVolumeClaimRetentionPolicy", missing(whenDeleted="Retain", whenScaled="Retain")
    ),
    lambda spec: each_of(spec, "volumeClaimTemplates", _embedded_claim),
    with_template,
)
_daemon_spec = chain(
    missing(revisionHistoryLimit=10),
    lambda spec: inside(spec, "updateStrategy", _daemon_strategy),
    with_template,
)


def _embedded_claim(claim: Obj) -> Obj:
    return _claim(with_missing(claim, {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}))


def _replication_controller(controller: Obj) -> Obj:
    labels = (((controller.get("spec") or {}).get("template") or {}).get("metadata") or {}).get("labels")
    if labels:
        controller = within(controller, "spec", missing(selector=labels))
        controller = inside(controller, "metadata", missing(labels=labels))
    return inside(controller, "spec", chain(missing(replicas=1), with_template))


def _job_spec(spec: Obj) -> Obj:
    if "completions" not in spec and "parallelism" not in spec:
        spec = with_missing(spec, {"completions": 1})
    failed_only = "podFailurePolicy" in spec
    spec = with_missing(
        spec,
        {
            "parallelism": 1,
            "backoffLimit": _MAX_INT32 if "backoffLimitPerIndex" in spec else 6,
            "completionMode": "NonIndexed",
            "suspend": False,
            "manualSelector": False,
            "podReplacementPolicy": "Failed" if failed_only else "TerminatingOrFailed",
        },
    )
    return with_template(spec)


_cron_job_spec = chain(
    missing(concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1),
    lambda spec: within(spec, "jobTemplate", lambda template: within(template, "spec", with_template)),
)


def _service_spec(spec: Obj) -> Obj:
    spec = with_missing(spec, {"type": "ClusterIP", "sessionAffinity": "None"})
    if spec["sessionAffinity"] == "ClientIP":
        timeout = missing(timeoutSeconds=10800)
        spec = inside(spec, "sessionAffinityConfig", lambda config: inside(config, "clientIP", timeout))
    spec = each_of(spec, "ports", _service_port)
    if spec["type"] != "ExternalName":
        spec = with_missing(spec, {"internalTrafficPolicy": "Cluster"})
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec = with_missing(spec, {"externalTrafficPolicy": "Cluster"})
    if spec["type"] == "LoadBalancer":
        spec = with_missing(spec, {"allocateLoadBalancerNodePorts": True})
    return spec


def _service_port(port: Obj) -> Obj:
    port = with_missing(port, {"protocol": "TCP"})
    if port.get("targetPort") or not port.get("port"):
        return port
    return {**port, "targetPort": port["port"]}


def _subset(subset: Obj) -> Obj:
    return each_of(subset, "ports", tcp_port)


def _node(node: Obj) -> Obj:
    status = node.get("status")
    if not status or "capacity" not in status:
        return node
    return within(node, "status", missing(allocatable=status["capacity"]))


def _namespace(namespace: Obj) -> Obj:
    name = (namespace.get("metadata") or {}).get("name")
    if not name:
        return namespace
    label = missing(**{"kubernetes.io/metadata.name": name})
    return inside(namespace, "metadata", lambda metadata: inside(metadata, "labels", label))


def _limit_range_item(item: Obj) -> Obj:
    if item.get("type") != "Container":
        return item
    ceilings = with_missing(item.get("default") or {}, item.get("max") or {})
    requests = with_missing(with_missing(item.get("defaultRequest") or {}, ceilings), item.get("min") or {})
    item = item if not ceilings or ceilings is item.get("default") else {**item, "default": ceilings}
    return item if not requests or requests is item.get("defaultRequest") else {**item, "defaultRequest": requests}


_claim = chain(in_spec(missing(volumeMode="Filesystem")), missing(status={"phase": "Pending"}))
_volume_spec = chain(
    missing(persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem"),
    lambda spec: within(spec, "hostPath", missing(type="")),
)


def _network_policy_spec(spec: Obj) -> Obj:
    spec = each_of(spec, "ingress", lambda rule: each_of(rule, "ports", tcp_port))
    spec = each_of(spec, "egress", lambda rule: each_of(rule, "ports", tcp_port))
    if "policyTypes" in spec:
        return spec
    return {**spec, "policyTypes": ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]}


_CPU_TARGET = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}


def _autoscaler_spec(spec: Obj) -> Obj:
    spec = with_missing(spec, {"minReplicas": 1})
    spec = spec if spec.get("metrics") else {**spec, "metrics": [_CPU_TARGET]}
    behaviour = spec.get("behavior")
    complete = _autoscaler_behaviour(behaviour) if behaviour else behaviour
    return spec if complete == behaviour else {**spec, "behavior": complete}


_UP_RULES: Obj = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_DOWN_RULES: Obj = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}


def _autoscaler_behaviour(behaviour: Obj) -> Obj:
    """Where one direction is described, both are complete (`pkg/apis/autoscaling/v2/defaults.go`)."""
    rules: dict[str, Obj] = {"scaleUp": _UP_RULES, "scaleDown": _DOWN_RULES}
    return {
        direction: {**default_rules, **(behaviour.get(direction) or {})} for direction, default_rules in rules.items()
    }


_RBAC = "rbac.authorization.k8s.io"


def _role_binding(binding: Obj) -> Obj:
    return each_of(within(binding, "roleRef", missing(apiGroup=_RBAC)), "subjects", _subject)


def _subject(subject: Obj) -> Obj:
    return with_missing(subject, {"apiGroup": _RBAC}) if subject.get("kind") in ("User", "Group") else subject


def _slice_port(port: Obj) -> Obj:
    return with_missing(port, {"name": "", "protocol": "TCP"})


def _webhook(webhook: Obj) -> Obj:
    webhook = with_missing(
        webhook,
        {
            "failurePolicy": "Fail",
            "matchPolicy": "Equivalent",
            "namespaceSelector": {},
            "objectSelector": {},
            "timeoutSeconds": 10,
        },
    )
    webhook = each_of(webhook, "rules", missing(scope="*"))
    return within(webhook, "clientConfig", lambda config: within(config, "service", missing(port=443)))


def _policy_spec(spec: Obj) -> Obj:
    return within(with_missing(spec, {"failurePolicy": "Fail"}), "matchConstraints", _match_resources)


def _match_resources(constraints: Obj) -> Obj:
    """`v1alpha1/defaults.go: SetDefaults_MatchResources`, `SetDefaults_Rule`."""
    empty: Obj = {"matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}}
    return each_of(with_missing(constraints, empty), "resourceRules", missing(scope="*"))


def _binding_spec(spec: Obj) -> Obj:
    return within(spec, "matchResources", _match_resources)


def _mutating_binding_spec(spec: Obj) -> Obj:
    return within(_binding_spec(spec), "paramRef", missing(parameterNotFoundAction="Deny"))


def _definition_spec(spec: Obj) -> Obj:
    kind = (spec.get("names") or {}).get("kind", "")
    names = missing(singular=kind.lower(), listKind=f"{kind}List")
    return with_missing(within(spec, "names", names), {"conversion": {"strategy": "None"}})


_BY_RESOURCE: dict[str, Fill] = {
    "pods": with_pod,
    "podtemplates": with_template,
    "deployments.apps": in_spec(_deployment_spec),
    "replicasets.apps": in_spec(chain(missing(replicas=1), with_template)),
    "statefulsets.apps": in_spec(_stateful_spec),
    "daemonsets.apps": in_spec(_daemon_spec),
    "replicationcontrollers": _replication_controller,
    "jobs.batch": in_spec(_job_spec),
    "cronjobs.batch": in_spec(_cron_job_spec),
    "services": in_spec(_service_spec),
    "endpoints": lambda obj: each_of(obj, "subsets", _subset),
    "endpointslices.discovery.k8s.io": lambda obj: each_of(obj, "ports", _slice_port),
    "secrets": missing(type="Opaque"),
    "nodes": _node,
    "namespaces": _namespace,
    "limitranges": lambda obj: within(obj, "spec", lambda spec: each_of(spec, "limits", _limit_range_item)),
    "persistentvolumes": chain(in_spec(_volume_spec), missing(status={"phase": "Pending"})),
    "persistentvolumeclaims": _claim,
    "storageclasses.storage.k8s.io": missing(reclaimPolicy="Delete", volumeBindingMode="Immediate"),
    "csidrivers.storage.k8s.io": lambda obj: inside(
        obj,
        "spec",
        missing(
            attachRequired=True,
            podInfoOnMount=False,
            storageCapacity=False,
            fsGroupPolicy="ReadWriteOnceWithFSType",
            volumeLifecycleModes=["Persistent"],
            requiresRepublish=False,
            seLinuxMount=False,
        ),
    ),
    "networkpolicies.networking.k8s.io": in_spec(_network_policy_spec),
    "ingressclasses.networking.k8s.io": lambda obj: within(
        obj, "spec", lambda spec: within(spec, "parameters", missing(scope="Cluster"))
    ),
    "horizontalpodautoscalers.autoscaling": in_spec(_autoscaler_spec),
    "rolebindings.rbac.authorization.k8s.io": _role_binding,
    "clusterrolebindings.rbac.authorization.k8s.io": _role_binding,
    "priorityclasses.scheduling.k8s.io": missing(preemptionPolicy="PreemptLowerPriority"),
    "validatingwebhookconfigurations.admissionregistration.k8s.io": lambda obj: each_of(obj, "webhooks", _webhook),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": lambda obj: each_of(
        obj, "webhooks", lambda webhook: with_missing(_webhook(webhook), {"reinvocationPolicy": "Never"})
    ),
    "mutatingadmissionpolicies.admissionregistration.k8s.io": in_spec(_policy_spec),
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": in_spec(_mutating_binding_spec),
    "validatingadmissionpolicies.admissionregistration.k8s.io": in_spec(_policy_spec),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": in_spec(_binding_spec),
    "customresourcedefinitions.apiextensions.k8s.io": in_spec(_definition_spec),
}
