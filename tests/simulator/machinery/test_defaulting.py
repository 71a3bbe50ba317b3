"""What the API server fills in, and that it copies nothing it need not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from simulator.machinery.defaulting import default
from simulator.machinery.pod_defaults import image_pull_policy

TEMPLATE_SPEC = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "schedulerName": "default-scheduler",
    "securityContext": {},
}
CONTAINER = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": {},
    "imagePullPolicy": "Always",
}


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("registry:5000/nginx", "Always"),
        ("registry:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:abc", "IfNotPresent"),
    ],
)
def test_the_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    assert image_pull_policy(image) == policy


def test_a_deployment_gets_its_strategy_and_a_complete_template() -> None:
    manifest = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "nginx"}]}}}}
    before = copy.deepcopy(manifest)
    assert default("deployments.apps", manifest) == {
        "spec": {
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
            "template": {
                "spec": {**TEMPLATE_SPEC, "containers": [{"name": "web", "image": "nginx", **CONTAINER}]},
            },
        }
    }
    assert manifest == before


def pod(**container: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "a", "image": "b", **container}]}}


def filled_container(**container: Any) -> dict[str, Any]:
    spec = default("pods", pod(**container))["spec"]
    assert spec["enableServiceLinks"] is True
    found: dict[str, Any] = spec["containers"][0]
    return found


def test_requests_come_from_limits_in_pods() -> None:
    found = filled_container(resources={"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}})
    assert found["resources"]["requests"] == {"cpu": "500m", "memory": "1Gi"}


def test_probes_ports_and_field_references_are_completed() -> None:
    found = filled_container(
        readinessProbe={"httpGet": {"port": 80}},
        ports=[{"containerPort": 80}],
        env=[{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
    )
    assert found["readinessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert found["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert found["env"][0]["valueFrom"]["fieldRef"] == {"apiVersion": "v1", "fieldPath": "status.podIP"}


@pytest.mark.parametrize(
    ("volume", "filled"),
    [
        ({"name": "v"}, {"name": "v", "emptyDir": {}}),
        (
            {"name": "v", "secret": {"secretName": "s"}},
            {"name": "v", "secret": {"secretName": "s", "defaultMode": 420}},
        ),
        ({"name": "v", "hostPath": {"path": "/"}}, {"name": "v", "hostPath": {"path": "/", "type": ""}}),
    ],
    ids=["nothing is an emptyDir", "secret", "hostPath"],
)
def test_volumes(volume: dict[str, Any], filled: dict[str, Any]) -> None:
    assert default("pods", {"spec": {"containers": [], "volumes": [volume]}})["spec"]["volumes"] == [filled]


def test_host_network_pods_take_their_ports_on_the_host() -> None:
    manifest = pod(ports=[{"containerPort": 80}])
    manifest["spec"]["hostNetwork"] = True
    found = default("pods", manifest)["spec"]["containers"][0]
    assert found["ports"] == [{"containerPort": 80, "protocol": "TCP", "hostPort": 80}]


@pytest.mark.parametrize(
    ("resource", "spec", "filled"),
    [
        (
            "services",
            {"ports": [{"port": 80}]},
            {
                "type": "ClusterIP",
                "sessionAffinity": "None",
                "internalTrafficPolicy": "Cluster",
                "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
            },
        ),
        (
            "services",
            {"type": "LoadBalancer", "sessionAffinity": "ClientIP"},
            {
                "type": "LoadBalancer",
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}},
                "internalTrafficPolicy": "Cluster",
                "externalTrafficPolicy": "Cluster",
                "allocateLoadBalancerNodePorts": True,
            },
        ),
        (
            "daemonsets.apps",
            {},
            {
                "revisionHistoryLimit": 10,
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
            },
        ),
        (
            "jobs.batch",
            {"parallelism": 2},
            {
                "parallelism": 2,
                "backoffLimit": 6,
                "completionMode": "NonIndexed",
                "suspend": False,
                "manualSelector": False,
                "podReplacementPolicy": "TerminatingOrFailed",
            },
        ),
        ("networkpolicies.networking.k8s.io", {"egress": [{}]}, {"egress": [{}], "policyTypes": ["Ingress", "Egress"]}),
    ],
    ids=["service", "load balancer", "daemon set", "work queue job", "network policy"],
)
def test_specs(resource: str, spec: dict[str, Any], filled: dict[str, Any]) -> None:
    assert default(resource, {"spec": spec}) == {"spec": filled}


@pytest.mark.parametrize(
    ("resource", "obj"),
    [
        ("pods", pod(ports=[{"containerPort": 1}], livenessProbe={"httpGet": {"port": 1}})),
        ("deployments.apps", {"spec": {"template": pod()}}),
        ("statefulsets.apps", {"spec": {"template": pod(), "volumeClaimTemplates": [{"spec": {}}]}}),
        ("services", {"spec": {"ports": [{"port": 1}]}}),
        ("jobs.batch", {"spec": {"template": pod()}}),
        ("limitranges", {"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}}]}}),
        ("namespaces", {"metadata": {"name": "a"}}),
        ("rolebindings.rbac.authorization.k8s.io", {"roleRef": {"name": "x"}, "subjects": [{"kind": "User"}]}),
        ("configmaps", {"data": {}}),
    ],
)
def test_a_second_pass_returns_the_same_object(resource: str, obj: dict[str, Any]) -> None:
    once = default(resource, obj)
    assert default(resource, once) is once
