"""sig-api-machinery: admission webhooks (served by agnhost, as in the suite itself) and policies."""

from base64 import b64encode
from typing import Any

import pytest

from tests.conformance.conftest import Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
HOOKS = "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin]"
POLICY = "[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin]"
GROUP = "/apis/admissionregistration.k8s.io/v1"
CONFIGS = "/api/v1/namespaces/default/configmaps"
SERVER = """
apiVersion: v1
kind: Pod
metadata: {name: hook, namespace: hooks, labels: {app: hook}}
spec: {containers: [{name: hook, image: "registry.k8s.io/e2e-test-images/agnhost:2.53", args: [webhook, --port=8444]}]}
---
apiVersion: v1
kind: Service
metadata: {name: e2e-test-webhook, namespace: hooks}
spec: {selector: {app: hook}, ports: [{port: 8443, targetPort: 8444}]}
"""


class Hooks(Suite):
    def __init__(self) -> None:
        super().__init__()
        self.cluster.apply({"kind": "shell", "line": "kubectl create namespace hooks"})
        self.cluster.apply({"kind": "shell", "line": "kubectl apply -f -", "stdin": SERVER})
        self.wait()
        root = self.cluster.registry.get("", "configmaps", "kube-system", "kube-root-ca.crt")
        self.bundle = b64encode(root["data"]["ca.crt"].encode()).decode()

    def hook(self, path: str, name: str = "hook.k8s.io", resource: str = "configmaps", **more: object) -> Obj:
        service = {"name": "e2e-test-webhook", "namespace": "hooks", "path": path, "port": 8443}
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": [resource], "operations": ["CREATE", "UPDATE"]}
        return {
            "name": name,
            "clientConfig": {"service": service, "caBundle": self.bundle},
            "rules": [rule],
            "admissionReviewVersions": ["v1", "v1beta1"],
            "sideEffects": "None",
            **more,
        }

    def configuration(self, word: str, *hooks: Obj, name: str = "e2e") -> tuple[str, Obj]:
        kind = f"{word}WebhookConfiguration"
        metadata = {"name": name, "labels": {"e2e-list": "yes"}}
        body = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": metadata,
            "webhooks": list(hooks),
        }
        return f"{GROUP}/{kind.lower()}s", body

    def register(self, word: str, *hooks: Obj, name: str = "e2e") -> Obj:
        return self.do("POST", *self.configuration(word, *hooks, name=name))

    def made(self, name: str, **data: str) -> Obj:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
        return self.ask("POST", CONFIGS, body)


@pytest.fixture
def hooks() -> Hooks:
    return Hooks()


@conforms(f"{HOOKS} should be able to deny pod and configmap creation [Conformance]")
def test_pods_and_config_maps_are_denied(hooks: Hooks) -> None:
    bypass = {"matchExpressions": [{"key": "skip-webhook-admission", "operator": "NotIn", "values": ["yes"]}]}
    hooks.register(
        "Validating",
        hooks.hook("/pods", "pods.k8s.io", "pods", namespaceSelector=bypass, timeoutSeconds=10),
        hooks.hook("/configmaps", "maps.k8s.io", namespaceSelector=bypass),
    )
    pods = "/api/v1/namespaces/default/pods"
    container = {"name": "webhook-disallow", "image": "registry.k8s.io/pause:3.10"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "labels": {"webhook-e2e-test": "webhook-disallow"}},
    }
    refused = hooks.ask("POST", pods, {**pod, "spec": {"containers": [container]}})["body"]["message"]
    assert "the pod contains unwanted container name" in refused
    assert "the pod contains unwanted label" in refused
    pod["metadata"]["labels"] = {"webhook-e2e-test": "wait-forever"}
    hanging = hooks.ask("POST", pods, {**pod, "spec": {"containers": [{**container, "name": "c"}]}})
    assert "context deadline exceeded" in hanging["body"]["message"]
    assert hooks.made("bad", **{"webhook-e2e-test": "webhook-disallow"})["status"] == 400
    assert hooks.made("good", admit="this")["status"] == 201
    update = {"data": {"webhook-e2e-test": "webhook-disallow"}}
    assert hooks.ask("PATCH", f"{CONFIGS}/good", update)["status"] == 400
    assert hooks.ask("PUT", f"{CONFIGS}/good", {**hooks.do("GET", f"{CONFIGS}/good"), **update})["status"] == 400
    labels = {"skip-webhook-admission": "yes"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "exempt", "labels": labels}}
    hooks.do("POST", "/api/v1/namespaces", namespace)
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "bad"}, **update}
    assert hooks.ask("POST", "/api/v1/namespaces/exempt/configmaps", body)["status"] == 201


@conforms(f"{HOOKS} should unconditionally reject operations on fail closed webhook [Conformance]")
def test_a_webhook_that_cannot_be_called_refuses(hooks: Hooks) -> None:
    hook = hooks.hook("/configmaps")
    del hook["clientConfig"]["caBundle"]
    hooks.register("Validating", hook)
    assert hooks.made("foo")["status"] == 500


@conforms(f"{HOOKS} should mutate configmap [Conformance]")
def test_two_webhooks_mutate_in_order(hooks: Hooks) -> None:
    hooks.register(
        "Mutating", hooks.hook("/mutating-configmaps", "a.k8s.io"), hooks.hook("/mutating-configmaps", "b.k8s.io")
    )
    data = hooks.made("to-be-mutated", **{"mutation-start": "yes"})["body"]["data"]
    assert data == {"mutation-start": "yes", "mutation-stage-1": "yes", "mutation-stage-2": "yes"}


@conforms(f"{HOOKS} should mutate pod and apply defaults after mutation [Conformance]")
def test_a_mutated_pod_gets_defaults(hooks: Hooks) -> None:
    hooks.register("Mutating", hooks.hook("/mutating-pods", resource="pods"))
    spec = {"containers": [{"name": "example", "image": "registry.k8s.io/pause:3.10"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "webhook-to-be-mutated"}, "spec": spec}
    (added,) = hooks.do("POST", "/api/v1/namespaces/default/pods", pod)["spec"]["initContainers"]
    assert (added["name"], added["terminationMessagePolicy"]) == ("webhook-added-init-container", "File")


@conforms(f"{HOOKS} should honor timeout [Conformance]")
@pytest.mark.parametrize(
    ("timeout", "policy", "status"),
    [
        pytest.param(1, "Fail", 500, id="short and closed"),
        pytest.param(1, "Ignore", 201, id="short and open"),
        pytest.param(10, "Fail", 201, id="long enough"),
        pytest.param(None, "Fail", 201, id="default"),
    ],
)
def test_timeouts_are_kept(hooks: Hooks, timeout: int | None, policy: str, status: int) -> None:
    more = {"timeoutSeconds": timeout} if timeout else {}
    hooks.register("Validating", hooks.hook("/always-allow-delay-5s", failurePolicy=policy, **more))
    assert hooks.made("e2e")["status"] == status


@conforms(
    f"{HOOKS} patching/updating a validating webhook should work [Conformance]",
    f"{HOOKS} patching/updating a mutating webhook should work [Conformance]",
)
@pytest.mark.parametrize("word", ["Validating", "Mutating"])
def test_a_changed_configuration_counts_at_once(hooks: Hooks, word: str) -> None:
    hook = hooks.hook("/configmaps" if word == "Validating" else "/add-label")
    made = hooks.register(word, hook)
    path = f"{hooks.configuration(word)[0]}/e2e"
    made["webhooks"][0]["rules"][0]["operations"] = ["UPDATE"]
    made = hooks.do("PUT", path, made)
    free = hooks.made("free", **{"webhook-e2e-test": "webhook-disallow"})
    assert (free["status"], free["body"]["metadata"].get("labels")) == (201, None)
    made["webhooks"][0]["rules"][0]["operations"] = ["CREATE"]
    hooks.do("PATCH", path, {"webhooks": made["webhooks"]})
    bound = hooks.made("bound", **{"webhook-e2e-test": "webhook-disallow"})
    assert (
        bound["status"] == 400
        if word == "Validating"
        else bound["body"]["metadata"]["labels"] == {"added-label": "yes"}
    )


@conforms(
    f"{HOOKS} listing validating webhooks should work [Conformance]",
    f"{HOOKS} listing mutating webhooks should work [Conformance]",
)
@pytest.mark.parametrize("word", ["Validating", "Mutating"])
def test_ten_configurations_are_listed_and_removed_together(hooks: Hooks, word: str) -> None:
    for number in range(10):
        path = "/configmaps" if word == "Validating" else "/mutating-configmaps"
        hooks.register(word, hooks.hook(path, f"hook-{number}.k8s.io"), name=f"e2e-{number}")
    path = hooks.configuration(word)[0]
    assert len(hooks.do("GET", path, labelSelector="e2e-list=yes")["items"]) == 10
    data = {"webhook-e2e-test": "webhook-disallow", "mutation-start": "yes"}
    touched = hooks.made("one", **data)
    assert touched["status"] == 400 if word == "Validating" else "mutation-stage-1" in touched["body"]["data"]
    hooks.do("DELETE", path, labelSelector="e2e-list=yes")
    assert hooks.made("two", **data)["body"]["data"] == data


@conforms(
    f"{HOOKS} should not be able to mutate or prevent deletion of webhook configuration objects [Conformance]",
)
def test_configurations_are_beyond_webhooks(hooks: Hooks) -> None:
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"], "operations": ["*"]}
    hooks.register("Validating", hooks.hook("/always-deny", rules=[rule]), name="deny")
    hooks.register("Mutating", hooks.hook("/add-label", rules=[rule]), name="label")
    for word in ("Validating", "Mutating"):
        made = hooks.register(word, hooks.hook("/noop", resource="secrets"), name="dummy")
        assert made["metadata"]["labels"] == {"e2e-list": "yes"}
        hooks.do("DELETE", f"{hooks.configuration(word)[0]}/dummy")


@conforms(
    f"{HOOKS} should be able to create and update mutating webhook configurations with match conditions [Conformance]",
    f"{HOOKS} should be able to create and update validating webhook configurations with match conditions [Conformance]",
    f"{HOOKS} should reject mutating webhook configurations with invalid match conditions [Conformance]",
    f"{HOOKS} should reject validating webhook configurations with invalid match conditions [Conformance]",
)
@pytest.mark.parametrize("word", ["Validating", "Mutating"])
def test_match_conditions_are_kept_and_checked(hooks: Hooks, word: str) -> None:
    first = [{"name": "expression-1", "expression": "object.metadata.namespace == 'production'"}]
    made = hooks.register(word, hooks.hook("/configmaps", matchConditions=first))
    assert made["webhooks"][0]["matchConditions"] == first
    second = [{"name": "expression-2", "expression": "object.metadata.namespace == 'staging'"}]
    made["webhooks"][0]["matchConditions"] = second
    path, body = hooks.configuration(
        word, hooks.hook("/x", matchConditions=[{"name": "bad", "expression": "... ["}]), name="bad"
    )
    hooks.do("PUT", f"{path}/e2e", made)
    assert hooks.do("GET", f"{path}/e2e")["webhooks"][0]["matchConditions"] == second
    assert "compilation failed" in hooks.ask("POST", path, body)["body"]["message"]


@conforms(f"{HOOKS} should mutate everything except 'skip-me' configmaps [Conformance]")
def test_a_condition_spares_one_name(hooks: Hooks) -> None:
    spare = [{"name": "skip-me", "expression": "object.metadata.name != 'skip-me'"}]
    hooks.register("Mutating", hooks.hook("/mutating-configmaps", matchConditions=spare))
    assert "mutation-stage-1" not in hooks.made("skip-me", **{"mutation-start": "yes"})["body"]["data"]
    assert "mutation-stage-1" in hooks.made("other", **{"mutation-start": "yes"})["body"]["data"]


@conforms(f"{HOOKS} should deny crd creation [Conformance]")
def test_definitions_are_denied(hooks: Hooks) -> None:
    rule = {
        "apiGroups": ["apiextensions.k8s.io"],
        "apiVersions": ["*"],
        "resources": ["customresourcedefinitions"],
        "operations": ["CREATE"],
    }
    hooks.register("Validating", hooks.hook("/crd", rules=[rule]))
    schema = {"openAPIV3Schema": {"type": "object"}}
    names = {"plural": "tests", "singular": "test", "kind": "Test"}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    metadata = {"name": "tests.example.com", "labels": {"webhook-e2e-test": "webhook-disallow"}}
    spec = {"group": "example.com", "scope": "Cluster", "names": names, "versions": [version]}
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }
    refused = hooks.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body)
    assert "the crd contains unwanted label" in refused["body"]["message"]


def _policy(suite: Suite, spec: Obj) -> None:
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy"}
    whole = {"matchConstraints": {"resourceRules": [rule]}, **spec}
    suite.do("POST", f"{GROUP}/validatingadmissionpolicies", {**kind, "metadata": {"name": "p"}, "spec": whole})
    binding = {**kind, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "b"}}
    spec = {"policyName": "p", "validationActions": ["Deny"]}
    suite.do("POST", f"{GROUP}/validatingadmissionpolicybindings", {**binding, "spec": spec})


@conforms(
    f"{POLICY} should validate against a Deployment [Conformance]",
    f"{POLICY} should allow expressions to refer variables. [Conformance]",
)
@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(
            {
                "validations": [
                    {"expression": "object.spec.replicas > 1"},
                    {"expression": "object.spec.replicas < 1000"},
                ]
            },
            id="plain",
        ),
        pytest.param(
            {
                "variables": [
                    {"name": "replicas", "expression": "object.spec.replicas"},
                    {"name": "oddReplicas", "expression": "variables.replicas % 2 == 1"},
                ],
                "validations": [
                    {"expression": "variables.replicas > 1"},
                    {"expression": "variables.oddReplicas || variables.replicas < 1000"},
                ],
            },
            id="variables",
        ),
    ],
)
def test_a_policy_judges_deployments(suite: Suite, spec: Obj) -> None:
    _policy(suite, spec)

    def deployment(name: str, replicas: int) -> Obj:
        labels = {"app": "marker"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
        body = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        whole = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": body}
        return suite.ask("POST", "/apis/apps/v1/namespaces/default/deployments", whole)

    assert deployment("good", 2)["status"] == 201
    assert "failed expression: " in deployment("bad", 1)["body"]["message"]


# Custom resources and connections


def _custom(hooks: Hooks, *versions: Obj, plural: str = "crs") -> str:
    """A new definition; the path of its objects in their first version."""
    names = {"plural": plural, "kind": "Cr", "listKind": "CrList", "singular": "cr"}
    spec = {"group": "webhook.example.com", "scope": "Namespaced", "names": names, "versions": list(versions)}
    metadata = {"name": f"{plural}.webhook.example.com"}
    hooks.do("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {"metadata": metadata, "spec": spec})
    hooks.wait()
    return f"/apis/webhook.example.com/{versions[0]['name']}/namespaces/default/{plural}"


def _version(name: str, *, stored: bool = True, data: Obj | None = None) -> Obj:
    fields = data or {"type": "object", "additionalProperties": {"type": "string"}}
    schema = {"type": "object", "properties": {"data": fields}}
    return {"name": name, "served": True, "storage": stored, "schema": {"openAPIV3Schema": schema}}


def _on_custom(hooks: Hooks, path: str, *operations: str) -> Obj:
    rule = {
        "apiGroups": ["webhook.example.com"],
        "apiVersions": ["v1"],
        "resources": ["crs"],
        "operations": list(operations),
    }
    return hooks.hook(path, rules=[rule])


def _object(name: str, **data: str) -> Obj:
    return {"apiVersion": "webhook.example.com/v1", "kind": "Cr", "metadata": {"name": name}, "data": data}


@conforms(f"{HOOKS} should be able to deny custom resource creation, update and deletion [Conformance]")
def test_custom_objects_are_denied(hooks: Hooks) -> None:
    path = _custom(hooks, _version("v1"))
    hooks.register("Validating", _on_custom(hooks, "/custom-resource", "CREATE", "UPDATE", "DELETE"))
    refused = hooks.ask("POST", path, _object("bad", **{"webhook-e2e-test": "webhook-disallow"}))
    assert refused["status"] == 400
    assert "the custom resource contains unwanted data" in refused["body"]["message"]
    hooks.do("POST", path, _object("kept", **{"webhook-e2e-test": "webhook-nondeletable"}))
    change = {"data": {"webhook-e2e-test": "webhook-disallow"}}
    refused = hooks.ask("PATCH", f"{path}/kept", change)
    assert "the custom resource contains unwanted data" in refused["body"]["message"]
    refused = hooks.ask("DELETE", f"{path}/kept")
    assert "the custom resource cannot be deleted" in refused["body"]["message"]
    hooks.do("PATCH", f"{path}/kept", {"data": {"webhook-e2e-test": "webhook-allow"}})
    hooks.do("DELETE", f"{path}/kept")


@conforms(f"{HOOKS} should mutate custom resource [Conformance]")
def test_custom_objects_are_mutated(hooks: Hooks) -> None:
    path = _custom(hooks, _version("v1"))
    hooks.register(
        "Mutating",
        {**_on_custom(hooks, "/mutating-custom-resource", "CREATE", "UPDATE"), "name": "first.k8s.io"},
        {**_on_custom(hooks, "/mutating-custom-resource", "CREATE", "UPDATE"), "name": "second.k8s.io"},
    )
    made = hooks.do("POST", path, _object("one", **{"mutation-start": "yes"}))
    assert made["data"] == {"mutation-start": "yes", "mutation-stage-1": "yes", "mutation-stage-2": "yes"}


@conforms(f"{HOOKS} should mutate custom resource with pruning [Conformance]")
def test_what_a_schema_does_not_know_is_pruned_from_a_mutation(hooks: Hooks) -> None:
    known = {name: {"type": "string"} for name in ("mutation-start", "mutation-stage-1")}
    path = _custom(hooks, _version("v1", data={"type": "object", "properties": known}))
    hooks.register(
        "Mutating",
        {**_on_custom(hooks, "/mutating-custom-resource", "CREATE", "UPDATE"), "name": "first.k8s.io"},
        {**_on_custom(hooks, "/mutating-custom-resource", "CREATE", "UPDATE"), "name": "second.k8s.io"},
    )
    made = hooks.do("POST", path, _object("one", **{"mutation-start": "yes"}))
    assert made["data"] == {"mutation-start": "yes", "mutation-stage-1": "yes"}


@conforms(f"{HOOKS} should mutate custom resource with different stored version [Conformance]")
def test_custom_objects_are_mutated_whatever_version_is_stored(hooks: Hooks) -> None:
    path = _custom(hooks, _version("v1"), _version("v2", stored=False))
    hooks.register("Mutating", _on_custom(hooks, "/mutating-custom-resource", "CREATE", "UPDATE"))
    made = hooks.do("POST", path, _object("one", **{"mutation-start": "yes"}))
    assert made["data"] == {"mutation-start": "yes", "mutation-stage-1": "yes"}
    versions = [_version("v1", stored=False), _version("v2")]
    definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/crs.webhook.example.com"
    hooks.do("PATCH", definition, {"spec": {"versions": versions}})
    hooks.wait()
    patched = hooks.do("PATCH", f"{path}/one", {"data": {"other": "value"}})
    assert patched["data"] == {
        "mutation-start": "yes",
        "mutation-stage-1": "yes",
        "mutation-stage-2": "yes",
        "other": "value",
    }


@conforms(f"{HOOKS} should be able to deny attaching pod [Conformance]")
def test_attaching_is_denied(hooks: Hooks) -> None:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods/attach"], "operations": ["CONNECT"]}
    hooks.register("Validating", hooks.hook("/pods/attach", rules=[rule]))
    for name in ("to-be-attached-pod", "another"):
        hooks.pod(name, {"name": "container1", "image": "registry.k8s.io/pause:3.10"})
    said = hooks.fails("kubectl attach to-be-attached-pod -i -c=container1")
    assert "attaching to pod 'to-be-attached-pod' is not allowed" in said
    path = "/api/v1/namespaces/default/pods/{}/attach"
    asked = {"stdin": "true", "container": "container1"}
    assert hooks.ask("POST", path.format("to-be-attached-pod"), **asked)["status"] == 400
    assert hooks.ask("POST", path.format("another"), **asked)["body"]["message"] == "Upgrade request required"
