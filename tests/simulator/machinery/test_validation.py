"""Validation, message by message: what a learner reads must be what Kubernetes 1.33 says."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create, validate_update

Obj = dict[str, Any]
META = {"name": "web", "namespace": "default"}
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
DNS_1035 = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)


def pod(*, metadata: Obj | None = None, container: Obj | None = None, **spec: Any) -> Obj:
    containers = [{"name": "a", "image": "b:1", **(container or {})}]
    return {"metadata": {**META, **(metadata or {})}, "spec": {"containers": containers, **spec}}


def deployment(*, labels: Obj | None = None, template: Obj | None = None, **spec: Any) -> Obj:
    return {
        "metadata": META,
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": labels or {"app": "web"}}, "spec": pod(**(template or {}))["spec"]},
            **spec,
        },
    }


def service(**spec: Any) -> Obj:
    return {"metadata": META, "spec": {"ports": [{"port": 80}], **spec}}


def created(resource: str, obj: Obj) -> list[str]:
    return [str(error) for error in validate_create(resource, default(resource, obj))]


@pytest.mark.parametrize(
    ("resource", "obj"),
    [
        ("pods", pod()),
        ("deployments.apps", deployment()),
        ("services", service()),
        ("pods", pod(metadata={"name": "", "generateName": "web-"})),
        ("clusterroles.rbac.authorization.k8s.io", {"metadata": {"name": "system:node"}}),
        ("namespaces", {"metadata": {"name": "a"}}),
    ],
)
def test_what_is_right_passes(resource: str, obj: Obj) -> None:
    assert created(resource, obj) == []


@pytest.mark.parametrize(
    ("resource", "obj", "says"),
    [
        ("pods", pod(metadata={"name": "Web_"}), [f'metadata.name: Invalid value: "Web_": {SUBDOMAIN}']),
        ("pods", pod(metadata={"name": ""}), ["metadata.name: Required value: name or generateName is required"]),
        (
            "services",
            {**service(), "metadata": {**META, "name": "1web"}},
            [f'metadata.name: Invalid value: "1web": {DNS_1035}'],
        ),
        ("namespaces", {"metadata": {"name": "a.b"}}, ['metadata.name: Invalid value: "a.b": must not contain dots']),
        (
            "pods",
            pod(metadata={"labels": {"app": "a" * 64}}),
            [f'metadata.labels: Invalid value: "{"a" * 64}": must be no more than 63 characters'],
        ),
        (
            "pods",
            pod(metadata={"annotations": {"a": "x" * 262_144}}),
            ["metadata.annotations: Too long: may not be more than 262144 bytes"],
        ),
        ("nodes", {"metadata": META}, ["metadata.namespace: Forbidden: not allowed on this type"]),
    ],
)
def test_metadata(resource: str, obj: Obj, says: list[str]) -> None:
    assert created(resource, obj) == says


C = "spec.containers[0]"


@pytest.mark.parametrize(
    ("obj", "says"),
    [
        ({"metadata": META, "spec": {}}, ["spec.containers: Required value"]),
        (pod(container={"image": ""}), [f"{C}.image: Required value"]),
        (
            pod(container={"image": " b"}),
            [f'{C}.image: Invalid value: " b": must not have leading or trailing whitespace'],
        ),
        (pod(container={"name": "A"}), [f'{C}.name: Invalid value: "A": {LABEL}']),
        (
            pod(container={"imagePullPolicy": "never"}),
            [f'{C}.imagePullPolicy: Unsupported value: "never": supported values: "Always", "IfNotPresent", "Never"'],
        ),
        (
            pod(container={"ports": [{"containerPort": 99999}]}),
            [f"{C}.ports[0].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive"],
        ),
        (
            pod(container={"ports": [{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]}),
            [f'{C}.ports[1].name: Duplicate value: "a"'],
        ),
        (
            pod(container={"env": [{"name": "A", "valueFrom": {}}]}),
            [
                f'{C}.env[0].valueFrom: Invalid value: "": must specify one of: '
                "`fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
            ],
        ),
        (
            pod(container={"volumeMounts": [{"name": "x", "mountPath": "/x"}]}),
            [f'{C}.volumeMounts[0].name: Not found: "x"'],
        ),
        (
            pod(container={"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}),
            [f'{C}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
        ),
        (
            pod(container={"resources": {"limits": {"cpu": "-1"}}}),
            [
                f'{C}.resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
                f'{C}.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
            ],
        ),
        (
            pod(container={"livenessProbe": {"httpGet": {"port": 80}, "successThreshold": 2}}),
            [f"{C}.livenessProbe.successThreshold: Invalid value: 2: must be 1"],
        ),
        (pod(container={"readinessProbe": {}}), [f"{C}.readinessProbe: Required value: must specify a handler type"]),
        (
            pod(restartPolicy="always"),
            ['spec.restartPolicy: Unsupported value: "always": supported values: "Always", "OnFailure", "Never"'],
        ),
        (
            pod(tolerations=[{"key": "a", "operator": "Exists", "value": "x"}]),
            ["spec.tolerations[0].operator: Invalid value: \"x\": value must be empty when `operator` is 'Exists'"],
        ),
        (
            pod(container={"resources": {"requests": {"gpu": "1"}}}),
            [
                f"{C}.resources.requests[gpu]: Invalid value: gpu: must be a standard resource type or fully qualified",
                f"{C}.resources.requests[gpu]: Invalid value: gpu: must be a standard resource for containers",
            ],
        ),
        (
            pod(dnsPolicy="None"),
            ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
        ),
        (
            pod(container={"securityContext": {"runAsUser": -1}}),
            [f"{C}.securityContext.runAsUser: Invalid value: -1: must be between 0 and 4294967295, inclusive"],
        ),
        (
            pod(affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}),
            [
                "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: "
                "Required value: must have at least one node selector term"
            ],
        ),
        (
            pod(volumes=[{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]),
            ["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
        ),
    ],
    ids=lambda value: value[0].partition(": ")[0] if isinstance(value, list) else "",
)
def test_pods(obj: Obj, says: list[str]) -> None:
    assert created("pods", obj) == says


@pytest.mark.parametrize(
    ("resource", "obj", "says"),
    [
        (
            "deployments.apps",
            deployment(replicas=-1),
            ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            "deployments.apps",
            deployment(labels={"app": "x"}),
            [
                'spec.template.metadata.labels: Invalid value: map[string]string{"app":"x"}: '
                "`selector` does not match template `labels`"
            ],
        ),
        (
            "deployments.apps",
            deployment(template={"restartPolicy": "Never"}),
            ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
        ),
        (
            "deployments.apps",
            deployment(strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}),
            ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0%: may not be 0 when `maxSurge` is 0"],
        ),
        (
            "deployments.apps",
            deployment(strategy={"type": "Recreate", "rollingUpdate": {}}),
            ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
        ),
        (
            "deployments.apps",
            deployment(progressDeadlineSeconds=5, minReadySeconds=5),
            ["spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds"],
        ),
        (
            "jobs.batch",
            {"metadata": META, "spec": {"template": {"spec": pod()["spec"]}}},
            ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
        ),
        (
            "services",
            service(ports=[{"port": 80}, {"port": 81, "name": "b"}]),
            ["spec.ports[0].name: Required value"],
        ),
        ("services", service(ports=[]), ["spec.ports: Required value"]),
        (
            "services",
            service(ports=[{"port": 80, "nodePort": 30080}]),
            ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
        ),
        (
            "services",
            service(type="clusterip"),
            [
                'spec.type: Unsupported value: "clusterip": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'
            ],
        ),
        (
            "configmaps",
            {"metadata": META, "data": {"a": "x" * 1_048_577}},
            ["[]: Too long: may not be more than 1048576 bytes"],
        ),
        (
            "persistentvolumeclaims",
            {"metadata": META, "spec": {"accessModes": []}},
            [
                "spec.accessModes: Required value: at least 1 access mode is required",
                "spec.resources[storage]: Required value",
            ],
        ),
        (
            "nodes",
            {"metadata": {"name": "n"}, "spec": {"taints": [{"key": "k", "effect": "NoSchedule"}] * 2}},
            [
                'metadata.taints[1]: Duplicate value: core.Taint{Key:"k", Value:"", Effect:"NoSchedule", '
                "TimeAdded:<nil>}: taints must be unique by key and effect pair"
            ],
        ),
        (
            "rolebindings.rbac.authorization.k8s.io",
            {"metadata": META, "roleRef": {"kind": "Roll", "name": "a"}},
            ['roleRef.kind: Unsupported value: "Roll": supported values: "Role", "ClusterRole"'],
        ),
    ],
)
def test_other_kinds(resource: str, obj: Obj, says: list[str]) -> None:
    assert created(resource, obj) == says


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        ("*/5 * * * *", None),
        ("0 9-17 * jan-mar mon,fri", None),
        ("@hourly", None),
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
    ],
)
def test_cron_schedules(schedule: str, problem: str | None) -> None:
    spec = {
        "schedule": schedule,
        "jobTemplate": {"spec": {"template": {"spec": {**pod()["spec"], "restartPolicy": "Never"}}}},
    }
    expected = [] if problem is None else [f'spec.schedule: Invalid value: "{schedule}": {problem}']
    assert created("cronjobs.batch", {"metadata": META, "spec": spec}) == expected


def updated(resource: str, obj: Obj, change: Callable[[Obj], None]) -> list[str]:
    old = default(resource, obj)
    new = copy.deepcopy(old)
    change(new)
    return [str(error) for error in validate_update(resource, new, old)]


def test_an_unchanged_object_may_be_updated() -> None:
    assert updated("deployments.apps", deployment(), lambda obj: None) == []


def test_a_selector_is_immutable() -> None:
    def change(obj: Obj) -> None:
        obj["spec"]["selector"]["matchLabels"] = {"app": "web", "tier": "x"}
        obj["spec"]["template"]["metadata"]["labels"] = {"app": "web", "tier": "x"}

    assert updated("deployments.apps", deployment(), change) == [
        'spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"app":"web", "tier":"x"}, '
        "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable"
    ]


PODS_MAY_NOT = (
    "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
    "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda obj: obj["spec"]["containers"][0].update(image="c:2"), []),
        (lambda obj: obj["metadata"].update(labels={"a": "b"}), []),
        (lambda obj: obj["spec"].update(tolerations=[{"operator": "Exists"}]), []),
        (lambda obj: obj["spec"].update(nodeName="other"), [PODS_MAY_NOT]),
        (lambda obj: obj["spec"]["containers"][0].update(command=["x"]), [PODS_MAY_NOT]),
        (
            lambda obj: obj["spec"]["containers"].append({**obj["spec"]["containers"][0], "name": "b"}),
            ["spec.containers: Forbidden: pod updates may not add or remove containers"],
        ),
        (lambda obj: obj["metadata"].update(name="x"), ['metadata.name: Invalid value: "x": field is immutable']),
    ],
    ids=["image", "labels", "more tolerations", "node", "command", "another container", "name"],
)
def test_pod_updates(change: Callable[[Obj], None], says: list[str]) -> None:
    assert updated("pods", pod(), change) == says


def test_a_bound_claim_may_grow_but_not_change_its_class() -> None:
    claim = {
        "metadata": META,
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "a",
            "volumeName": "pv",
        },
        "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}},
    }
    assert (
        updated("persistentvolumeclaims", claim, lambda o: o["spec"]["resources"]["requests"].update(storage="2Gi"))
        == []
    )
    assert updated("persistentvolumeclaims", claim, lambda o: o["spec"].update(storageClassName="b")) == [
        "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName "
        "for bound claims"
    ]


def test_every_resource_survives_an_empty_object() -> None:
    seen = 0
    for resource in resources.RESOURCES:
        obj = default(resource.name, {"metadata": dict(META) if resource.namespaced else {"name": "web"}})
        validate_create(resource.name, obj)
        assert not [e for e in validate_update(resource.name, obj, obj) if e.path.startswith("metadata")]
        seen += 1
    assert seen == 60


def test_an_error_gives_its_status_cause() -> None:
    (error,) = validate_create("deployments.apps", default("deployments.apps", deployment(replicas=-1)))
    assert error.cause() == (
        "FieldValueInvalid",
        "Invalid value: -1: must be greater than or equal to 0",
        "spec.replicas",
    )
