"""Custom resources in several versions, converted by a webhook that runs in the cluster.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-conversion; texts from
`apiextensions-apiserver/pkg/apiserver/conversion/webhook_converter.go` and agnhost's `crd-conversion-webhook`.
"""

from base64 import b64encode
from typing import Any

import pytest

from simulator.cluster import Cluster

Obj = dict[str, Any]
SERVER = """
apiVersion: v1
kind: Pod
metadata: {name: hook, namespace: hooks, labels: {app: hook}}
spec:
  containers: [{name: hook, image: IMAGE, ARGS}]
  volumes: [{name: policy, configMap: {name: policy, optional: true}}]
---
apiVersion: v1
kind: Service
metadata: {name: hook, namespace: hooks}
spec: {selector: {app: hook}, ports: [{port: 443, targetPort: 9443}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: policy, namespace: hooks}
data:
  policy.yaml: |
    conversions:
    - {path: /crdconvert, from: stable.example.com/v1, to: stable.example.com/v2, remove: [hostPort],
       set: {host: "object.hostPort.split(':')[0]", port: "object.hostPort.split(':')[1]"}}
    - {path: /crdconvert, from: stable.example.com/v2, to: stable.example.com/v1, remove: [host, port],
       set: {hostPort: "object.host + ':' + object.port"}}
"""
AGNHOST = ("registry.k8s.io/e2e-test-images/agnhost:2.53", "args: [crd-conversion-webhook, --port=9443]")
OURS = ("drydock/policy-webhook", "args: [--port=9443]")
PATH = "/apis/stable.example.com/{}/namespaces/default/hosts"
POST = 'Post "https://hook.hooks.svc:443/crdconvert?timeout=30s"'


def version(name: str, storage: str, *fields: str) -> Obj:
    schema = {"type": "object", "properties": {field: {"type": "string"} for field in fields}}
    return {"name": name, "served": True, "storage": name == storage, "schema": {"openAPIV3Schema": schema}}


class Lab:
    def __init__(self, image: str, args: str) -> None:
        self.cluster = Cluster.create(profile="instant")
        self.shell("kubectl create namespace hooks")
        self.shell("kubectl apply -f -", SERVER.replace("IMAGE", image).replace("ARGS", args))
        self.run(10)
        root = self.cluster.registry.get("", "configmaps", "kube-system", "kube-root-ca.crt")
        self.bundle = b64encode(root["data"]["ca.crt"].encode()).decode()
        self.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", self.definition("v1"))
        self.run(2)

    def definition(self, storage: str, **conversion: Any) -> Obj:
        service = {"name": "hook", "namespace": "hooks", "path": "/crdconvert"}
        webhook = {
            "conversionReviewVersions": ["v1"],
            "clientConfig": {"service": service, "caBundle": self.bundle},
        }
        spec = {
            "group": "stable.example.com",
            "names": {"kind": "Host", "plural": "hosts", "singular": "host", "listKind": "HostList"},
            "scope": "Namespaced",
            "versions": [version("v1", storage, "hostPort"), version("v2", storage, "host", "port")],
            "conversion": conversion or {"strategy": "Webhook", "webhook": webhook},
        }
        metadata = {"name": "hosts.stable.example.com"}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": metadata,
            "spec": spec,
        }

    def shell(self, line: str, stdin: str = "") -> Obj:
        return self.cluster.apply({"kind": "shell", "line": line, "stdin": stdin})

    def run(self, seconds: float) -> None:
        self.cluster.advance(self.cluster.now + round(seconds * 1_000_000))

    def ask(self, method: str, path: str, body: object = None) -> Obj:
        headers = {"content-type": "application/merge-patch+json" if method == "PATCH" else "application/json"}
        command = {"kind": "request", "method": method, "path": path, "query": {}, "headers": headers, "body": body}
        return self.cluster.apply(command)

    def make(self, api: str, name: str, **fields: str) -> Obj:
        body = {"apiVersion": f"stable.example.com/{api}", "kind": "Host", "metadata": {"name": name}, **fields}
        return self.ask("POST", PATH.format(api), body)

    def stored(self, name: str) -> Obj:
        found = self.cluster.registry.store.get("hosts.stable.example.com", ("default", name))
        assert found is not None
        return found


@pytest.fixture(params=[pytest.param(AGNHOST, id="agnhost"), pytest.param(OURS, id="policy-webhook")])
def lab(request: Any) -> Lab:
    return Lab(*request.param)


def test_each_version_shows_the_same_object_in_its_own_shape(lab: Lab) -> None:
    assert lab.make("v1", "web", hostPort="localhost:1234")["status"] == 201
    made = lab.ask("GET", PATH.format("v2") + "/web")["body"]
    assert (made["apiVersion"], made["host"], made["port"]) == ("stable.example.com/v2", "localhost", "1234")
    assert "hostPort" not in made
    assert lab.make("v2", "db", host="other", port="1")["body"]["host"] == "other"
    assert lab.stored("db")["hostPort"] == "other:1"
    listed = lab.ask("GET", PATH.format("v2"))["body"]["items"]
    assert [(one["metadata"]["name"], one["host"]) for one in listed] == [("db", "other"), ("web", "localhost")]


def test_a_patch_in_one_version_is_seen_in_the_other(lab: Lab) -> None:
    lab.make("v1", "web", hostPort="localhost:1234")
    before = lab.stored("web")["metadata"]
    patched = lab.ask("PATCH", PATH.format("v2") + "/web", {"port": "80"})
    assert patched["body"]["port"] == "80"
    after = lab.stored("web")
    assert (after["apiVersion"], after["hostPort"]) == ("stable.example.com/v1", "localhost:80")
    assert after["metadata"]["generation"] == before["generation"] + 1
    same = lab.ask("PATCH", PATH.format("v2") + "/web", {"port": "80"})
    assert same["body"]["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"]


def test_objects_move_to_a_new_storage_version_with_their_next_write(lab: Lab) -> None:
    lab.make("v1", "web", hostPort="localhost:1234")
    lab.ask(
        "PATCH",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/hosts.stable.example.com",
        {"spec": {"versions": lab.definition("v2")["spec"]["versions"]}},
    )
    lab.run(2)
    definition = lab.cluster.registry.get(
        "", "customresourcedefinitions.apiextensions.k8s.io", "", "hosts.stable.example.com"
    )
    assert definition["status"]["storedVersions"] == ["v1", "v2"]
    assert lab.stored("web")["apiVersion"] == "stable.example.com/v1"
    assert lab.ask("GET", PATH.format("v2") + "/web")["body"]["host"] == "localhost"
    lab.ask("PATCH", PATH.format("v1") + "/web", {"metadata": {"labels": {"touched": "yes"}}})
    moved = lab.stored("web")
    assert (moved["apiVersion"], moved["host"], moved["port"]) == ("stable.example.com/v2", "localhost", "1234")
    copy = Cluster.load(lab.cluster.dump())
    assert copy.state_hash() == lab.cluster.state_hash()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param("kubectl delete service hook -n hooks", 'service "hook" not found', id="no-service"),
        pytest.param("kubectl delete pod hook -n hooks --now", "connect: connection refused", id="no-pod"),
    ],
)
def test_nothing_can_be_read_in_another_version_while_the_webhook_is_away(line: str, why: str) -> None:
    lab = Lab(*AGNHOST)
    lab.make("v1", "web", hostPort="localhost:1234")
    lab.shell(line)
    lab.run(5)
    refused = lab.ask("GET", PATH.format("v2") + "/web")
    assert refused["status"] == 500
    says = refused["body"]["message"]
    assert says.startswith(f"conversion webhook for stable.example.com/v1, Kind=Host failed: {POST}: ")
    assert says.endswith(why)
    assert lab.ask("GET", PATH.format("v1") + "/web")["status"] == 200
    assert lab.shell("kubectl get hosts.v2.stable.example.com web -o yaml")["stderr"].startswith(
        "Error from server: conversion webhook for stable.example.com/v1, Kind=Host failed: "
    )


def test_what_the_webhook_refuses_is_said_to_whoever_asked() -> None:
    lab = Lab(*AGNHOST)
    lab.make("v1", "web", hostPort="nonsense")
    refused = lab.ask("GET", PATH.format("v2") + "/web")
    assert refused["body"]["message"] == (
        "conversion webhook for stable.example.com/v1, Kind=Host failed: invalid hostPort value `nonsense`"
    )


@pytest.mark.parametrize(
    ("conversion", "says"),
    [
        pytest.param(
            {"strategy": "Webhook"},
            "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook, "
            "spec.conversion.conversionReviewVersions: Required value",
            id="nothing",
        ),
        pytest.param(
            {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": {}}},
            "spec.conversion.webhookClientConfig: Required value: exactly one of url or service is required",
            id="neither",
        ),
        pytest.param(
            {"strategy": "Bogus"},
            'spec.conversion.strategy: Unsupported value: "Bogus": supported values: "None", "Webhook"',
            id="strategy",
        ),
    ],
)
def test_a_conversion_that_cannot_work_is_refused(conversion: Obj, says: str) -> None:
    lab = Lab(*AGNHOST)
    body = lab.definition("v1", **conversion)
    body["metadata"]["name"], body["spec"]["names"] = "others.stable.example.com", {"kind": "Other", "plural": "others"}
    refused = lab.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body)
    assert refused["status"] == 422
    assert says in refused["body"]["message"]
