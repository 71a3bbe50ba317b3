"""The values the API server fills in when an author leaves them out (v1.33).

Promises: `default` never changes its argument; it returns the very same object when nothing is missing, so a
second pass is free of copies; only what is missing is added, parts that are complete stay shared. Follows
`pkg/apis/<group>/v1/defaults.go`.

Leaves to others: what an allocator or an admission step decides (cluster IPs, node ports, service accounts, Job
selectors), the initial status, and anything that needs another object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Obj = dict[str, Any]
Fill = Callable[[Obj], Obj]

_MAX_INT32 = (1 << 31) - 1
_TAG = re.compile(r":([\w][\w.-]{0,127})$", re.ASCII)


def default(resource: str, obj: Obj) -> Obj:
    """The object of `resource` (`pods`, `deployments.apps`) with everything upstream would have filled in."""
    fill = _BY_RESOURCE.get(resource)
    return fill(obj) if fill is not None else obj


# -- Copy on write ------------------------------------------------------------------------------------------------


def _filled(obj: Obj, values: Mapping[str, Any]) -> Obj:
    """`obj` with the missing ones of `values`."""
    for key in values:
        if key not in obj:
            return {**obj, **{name: value for name, value in values.items() if name not in obj}}
    return obj


def _within(obj: Obj, key: str, fill: Fill) -> Obj:
    """`obj` with its object at `key` filled, if it has one."""
    inner = obj.get(key)
    if not isinstance(inner, dict):
        return obj
    filled = fill(inner)
    return obj if filled is inner else {**obj, key: filled}


def _inside(obj: Obj, key: str, fill: Fill) -> Obj:
    """Like `_within`, but an absent object counts as an empty one."""
    if key in obj:
        return _within(obj, key, fill)
    filled = fill({})
    return {**obj, key: filled} if filled else obj


def _each(obj: Obj, key: str, fill: Fill) -> Obj:
    """`obj` with every object in its list at `key` filled."""
    items = obj.get(key)
    if not items:
        return obj
    filled = [fill(item) for item in items]
    for before, after in zip(items, filled, strict=True):
        if before is not after:
            return {**obj, key: filled}
    return obj


def _chain(*fills: Fill) -> Fill:
    def run(obj: Obj) -> Obj:
        for fill in fills:
            obj = fill(obj)
        return obj

    return run


def _values(**values: Any) -> Fill:
    return lambda obj: _filled(obj, values)


def _spec(fill: Fill) -> Fill:
    return lambda obj: _inside(obj, "spec", fill)


# -- Pods and templates -------------------------------------------------------------------------------------------

_CONTAINER = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": {},
}
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_POD_SPEC = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "schedulerName": "default-scheduler",
    "securityContext": {},
}
_CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")
_FILE_MODE = 0o644


def image_pull_policy(image: str) -> str:
    """Always for a missing tag or `latest`, IfNotPresent for any other tag and for a digest."""
    if "@" in image:
        return "IfNotPresent"
    tag = _TAG.search(image)
    return "Always" if tag is None or tag[1] == "latest" else "IfNotPresent"


def pod_spec(spec: Obj) -> Obj:
    """A pod spec anywhere: in a pod or in a template."""
    spec = _filled(spec, _POD_SPEC)
    for key in _CONTAINER_LISTS:
        if key in spec:
            spec = _each(spec, key, _container)
    if spec.get("hostNetwork"):
        for key in ("containers", "initContainers"):
            spec = _each(spec, key, _host_ports)
    if "volumes" in spec:
        spec = _each(spec, "volumes", _volume)
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec = _filled(spec, {"serviceAccountName": account, "serviceAccount": account})
    return spec


def _container(container: Obj) -> Obj:
    container = _filled(container, _CONTAINER)
    if "imagePullPolicy" not in container:
        container = {**container, "imagePullPolicy": image_pull_policy(container.get("image", ""))}
    if "ports" in container:
        container = _each(container, "ports", _tcp)
    if "env" in container:
        container = _each(container, "env", _environment)
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        if key in container:
            container = _within(container, key, _probe)
    if "lifecycle" in container:
        container = _within(container, "lifecycle", _lifecycle)
    return container


_tcp = _values(protocol="TCP")
_http_get = _values(path="/", scheme="HTTP")
_field_reference = _values(apiVersion="v1")


def _environment(variable: Obj) -> Obj:
    return _within(variable, "valueFrom", lambda source: _within(source, "fieldRef", _field_reference))


def _probe(probe: Obj) -> Obj:
    probe = _within(_filled(probe, _PROBE), "httpGet", _http_get)
    return _within(probe, "grpc", _values(service=""))


def _lifecycle(lifecycle: Obj) -> Obj:
    for key in ("postStart", "preStop"):
        lifecycle = _within(lifecycle, key, lambda handler: _within(handler, "httpGet", _http_get))
    return lifecycle


def _host_ports(container: Obj) -> Obj:
    return _each(container, "ports", lambda port: _filled(port, {"hostPort": port.get("containerPort", 0)}))


def _requests_from_limits(container: Obj) -> Obj:
    resources = container["resources"]
    limits = resources.get("limits")
    if not limits:
        return container
    filled = _filled(resources.get("requests") or {}, limits)
    if filled is resources.get("requests"):
        return container
    return {**container, "resources": {**resources, "requests": filled}}


def _volume(volume: Obj) -> Obj:
    if len(volume) == 1:
        return {**volume, "emptyDir": {}}
    for source, fill in _VOLUME_SOURCES.items():
        if source in volume:
            return _within(volume, source, fill)
    return volume


def _downward_items(source: Obj) -> Obj:
    return _each(source, "items", lambda item: _within(item, "fieldRef", _field_reference))


def _projection(source: Obj) -> Obj:
    source = _within(source, "serviceAccountToken", _values(expirationSeconds=3600))
    return _within(source, "downwardAPI", _downward_items)


def _claim_template(source: Obj) -> Obj:
    return _within(source, "volumeClaimTemplate", _spec(_values(volumeMode="Filesystem")))


_VOLUME_SOURCES: dict[str, Fill] = {
    "secret": _values(defaultMode=_FILE_MODE),
    "configMap": _values(defaultMode=_FILE_MODE),
    "downwardAPI": _chain(_values(defaultMode=_FILE_MODE), _downward_items),
    "projected": _chain(_values(defaultMode=_FILE_MODE), lambda source: _each(source, "sources", _projection)),
    "hostPath": _values(type=""),
    "ephemeral": _claim_template,
    "iscsi": _values(iscsiInterface="default"),
}


def _pod(pod: Obj) -> Obj:
    return _inside(pod, "spec", _whole_pod_spec)


def _whole_pod_spec(spec: Obj) -> Obj:
    spec = _filled(pod_spec(spec), {"enableServiceLinks": True})
    for key in ("containers", "initContainers"):
        if key in spec:
            spec = _each(spec, key, _requests_from_limits)
    return spec


def _template(spec: Obj) -> Obj:
    return _within(spec, "template", lambda template: _within(template, "spec", pod_spec))


# -- Workloads ----------------------------------------------------------------------------------------------------


def _deployment_strategy(strategy: Obj) -> Obj:
    strategy = _filled(strategy, {"type": "RollingUpdate"})
    if strategy["type"] != "RollingUpdate":
        return strategy
    return _inside(strategy, "rollingUpdate", _values(maxUnavailable="25%", maxSurge="25%"))


def _stateful_strategy(strategy: Obj) -> Obj:
    strategy = _filled(strategy, {"type": "RollingUpdate"})
    if strategy["type"] != "RollingUpdate":
        return strategy
    return _inside(strategy, "rollingUpdate", _values(partition=0))


def _daemon_strategy(strategy: Obj) -> Obj:
    strategy = _filled(strategy, {"type": "RollingUpdate"})
    if strategy["type"] != "RollingUpdate":
        return strategy
    return _inside(strategy, "rollingUpdate", _values(maxUnavailable=1, maxSurge=0))


_deployment_spec = _chain(
    _values(replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600),
    lambda spec: _inside(spec, "strategy", _deployment_strategy),
    _template,
)
_stateful_spec = _chain(
    _values(replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady"),
    lambda spec: _inside(spec, "updateStrategy", _stateful_strategy),
    lambda spec: _inside(
        spec, "persistentVolumeClaimRetentionPolicy", _values(whenDeleted="Retain", whenScaled="Retain")
    ),
    lambda spec: _each(spec, "volumeClaimTemplates", _embedded_claim),
    _template,
)
_daemon_spec = _chain(
    _values(revisionHistoryLimit=10),
    lambda spec: _inside(spec, "updateStrategy", _daemon_strategy),
    _template,
)


def _embedded_claim(claim: Obj) -> Obj:
    return _claim(_filled(claim, {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}))


def _replication_controller(controller: Obj) -> Obj:
    labels = (((controller.get("spec") or {}).get("template") or {}).get("metadata") or {}).get("labels")
    if labels:
        controller = _within(controller, "spec", _values(selector=labels))
        controller = _inside(controller, "metadata", _values(labels=labels))
    return _inside(controller, "spec", _chain(_values(replicas=1), _template))


def _job_spec(spec: Obj) -> Obj:
    if "completions" not in spec and "parallelism" not in spec:
        spec = _filled(spec, {"completions": 1})
    failed_only = "podFailurePolicy" in spec
    spec = _filled(
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
    return _template(spec)


_cron_job_spec = _chain(
    _values(concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1),
    lambda spec: _within(spec, "jobTemplate", lambda template: _within(template, "spec", _template)),
)


# -- Services, storage, policy ------------------------------------------------------------------------------------


def _service_spec(spec: Obj) -> Obj:
    spec = _filled(spec, {"type": "ClusterIP", "sessionAffinity": "None"})
    if spec["sessionAffinity"] == "ClientIP":
        timeout = _values(timeoutSeconds=10800)
        spec = _inside(spec, "sessionAffinityConfig", lambda config: _inside(config, "clientIP", timeout))
    spec = _each(spec, "ports", _service_port)
    if spec["type"] != "ExternalName":
        spec = _filled(spec, {"internalTrafficPolicy": "Cluster"})
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec = _filled(spec, {"externalTrafficPolicy": "Cluster"})
    if spec["type"] == "LoadBalancer":
        spec = _filled(spec, {"allocateLoadBalancerNodePorts": True})
    return spec


def _service_port(port: Obj) -> Obj:
    port = _filled(port, {"protocol": "TCP"})
    if port.get("targetPort") or not port.get("port"):
        return port
    return {**port, "targetPort": port["port"]}


def _subset(subset: Obj) -> Obj:
    return _each(subset, "ports", _tcp)


def _node(node: Obj) -> Obj:
    status = node.get("status")
    if not status or "capacity" not in status:
        return node
    return _within(node, "status", _values(allocatable=status["capacity"]))


def _namespace(namespace: Obj) -> Obj:
    name = (namespace.get("metadata") or {}).get("name")
    if not name:
        return namespace
    label = _values(**{"kubernetes.io/metadata.name": name})
    return _inside(namespace, "metadata", lambda metadata: _inside(metadata, "labels", label))


def _limit_range_item(item: Obj) -> Obj:
    if item.get("type") != "Container":
        return item
    ceilings = _filled(item.get("default") or {}, item.get("max") or {})
    requests = _filled(_filled(item.get("defaultRequest") or {}, ceilings), item.get("min") or {})
    item = item if not ceilings or ceilings is item.get("default") else {**item, "default": ceilings}
    return item if not requests or requests is item.get("defaultRequest") else {**item, "defaultRequest": requests}


_claim = _chain(_spec(_values(volumeMode="Filesystem")), _values(status={"phase": "Pending"}))
_volume_spec = _chain(
    _values(persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem"),
    lambda spec: _within(spec, "hostPath", _values(type="")),
)


def _network_policy_spec(spec: Obj) -> Obj:
    spec = _each(spec, "ingress", lambda rule: _each(rule, "ports", _tcp))
    spec = _each(spec, "egress", lambda rule: _each(rule, "ports", _tcp))
    if "policyTypes" in spec:
        return spec
    return {**spec, "policyTypes": ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]}


_CPU_TARGET = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}


def _autoscaler_spec(spec: Obj) -> Obj:
    spec = _filled(spec, {"minReplicas": 1})
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
    return _each(_within(binding, "roleRef", _values(apiGroup=_RBAC)), "subjects", _subject)


def _subject(subject: Obj) -> Obj:
    return _filled(subject, {"apiGroup": _RBAC}) if subject.get("kind") in ("User", "Group") else subject


def _slice_port(port: Obj) -> Obj:
    return _filled(port, {"name": "", "protocol": "TCP"})


def _webhook(webhook: Obj) -> Obj:
    webhook = _filled(
        webhook,
        {
            "failurePolicy": "Fail",
            "matchPolicy": "Equivalent",
            "namespaceSelector": {},
            "objectSelector": {},
            "timeoutSeconds": 10,
        },
    )
    webhook = _each(webhook, "rules", _values(scope="*"))
    return _within(webhook, "clientConfig", lambda config: _within(config, "service", _values(port=443)))


def _policy_spec(spec: Obj) -> Obj:
    return _within(_filled(spec, {"failurePolicy": "Fail"}), "matchConstraints", _match_resources)


def _match_resources(constraints: Obj) -> Obj:
    """`v1alpha1/defaults.go: SetDefaults_MatchResources`, `SetDefaults_Rule`."""
    empty: Obj = {"matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}}
    return _each(_filled(constraints, empty), "resourceRules", _values(scope="*"))


def _binding_spec(spec: Obj) -> Obj:
    return _within(spec, "matchResources", _match_resources)


def _mutating_binding_spec(spec: Obj) -> Obj:
    return _within(_binding_spec(spec), "paramRef", _values(parameterNotFoundAction="Deny"))


def _definition_spec(spec: Obj) -> Obj:
    kind = (spec.get("names") or {}).get("kind", "")
    names = _values(singular=kind.lower(), listKind=f"{kind}List")
    return _filled(_within(spec, "names", names), {"conversion": {"strategy": "None"}})


_BY_RESOURCE: dict[str, Fill] = {
    "pods": _pod,
    "podtemplates": _template,
    "deployments.apps": _spec(_deployment_spec),
    "replicasets.apps": _spec(_chain(_values(replicas=1), _template)),
    "statefulsets.apps": _spec(_stateful_spec),
    "daemonsets.apps": _spec(_daemon_spec),
    "replicationcontrollers": _replication_controller,
    "jobs.batch": _spec(_job_spec),
    "cronjobs.batch": _spec(_cron_job_spec),
    "services": _spec(_service_spec),
    "endpoints": lambda obj: _each(obj, "subsets", _subset),
    "endpointslices.discovery.k8s.io": lambda obj: _each(obj, "ports", _slice_port),
    "secrets": _values(type="Opaque"),
    "nodes": _node,
    "namespaces": _namespace,
    "limitranges": lambda obj: _within(obj, "spec", lambda spec: _each(spec, "limits", _limit_range_item)),
    "persistentvolumes": _chain(_spec(_volume_spec), _values(status={"phase": "Pending"})),
    "persistentvolumeclaims": _claim,
    "storageclasses.storage.k8s.io": _values(reclaimPolicy="Delete", volumeBindingMode="Immediate"),
    "csidrivers.storage.k8s.io": lambda obj: _inside(
        obj,
        "spec",
        _values(
            attachRequired=True,
            podInfoOnMount=False,
            storageCapacity=False,
            fsGroupPolicy="ReadWriteOnceWithFSType",
            volumeLifecycleModes=["Persistent"],
            requiresRepublish=False,
            seLinuxMount=False,
        ),
    ),
    "networkpolicies.networking.k8s.io": _spec(_network_policy_spec),
    "ingressclasses.networking.k8s.io": lambda obj: _within(
        obj, "spec", lambda spec: _within(spec, "parameters", _values(scope="Cluster"))
    ),
    "horizontalpodautoscalers.autoscaling": _spec(_autoscaler_spec),
    "rolebindings.rbac.authorization.k8s.io": _role_binding,
    "clusterrolebindings.rbac.authorization.k8s.io": _role_binding,
    "priorityclasses.scheduling.k8s.io": _values(preemptionPolicy="PreemptLowerPriority"),
    "validatingwebhookconfigurations.admissionregistration.k8s.io": lambda obj: _each(obj, "webhooks", _webhook),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": lambda obj: _each(
        obj, "webhooks", lambda webhook: _filled(_webhook(webhook), {"reinvocationPolicy": "Never"})
    ),
    "mutatingadmissionpolicies.admissionregistration.k8s.io": _spec(_policy_spec),
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": _spec(_mutating_binding_spec),
    "validatingadmissionpolicies.admissionregistration.k8s.io": _spec(_policy_spec),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": _spec(_binding_spec),
    "customresourcedefinitions.apiextensions.k8s.io": _spec(_definition_spec),
}
