"""Admission webhooks that run in the cluster: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/."""

from base64 import b64encode
from typing import Any

import pytest

from simulator.apiserver.admission.webhooks import denied
from simulator.cluster import Cluster
from tests.proof.follows import follows

Obj = dict[str, Any]
GROUP = "/apis/admissionregistration.k8s.io/v1"
CONFIGS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
SERVER = """
apiVersion: v1
kind: Pod
metadata: {name: hook, namespace: hooks, labels: {app: hook}}
spec:
  containers:
  - name: hook
    image: IMAGE
    ARGS
  volumes: [{name: policy, configMap: {name: policy, optional: true}}]
---
apiVersion: v1
kind: Service
metadata: {name: hook, namespace: hooks}
spec: {selector: {app: hook}, ports: [{port: 443, targetPort: 8443}]}
"""


class Lab:
    def __init__(self, image: str, args: str = "") -> None:
        self.cluster = Cluster.create(profile="instant")
        self.shell("kubectl create namespace hooks")
        self.shell("kubectl apply -f -", SERVER.replace("IMAGE", image).replace("ARGS", args))
        self.cluster.advance(self.cluster.now + 10_000_000)
        root = self.cluster.registry.get("", "configmaps", "kube-system", "kube-root-ca.crt")
        self.bundle = b64encode(root["data"]["ca.crt"].encode()).decode()

    def shell(self, line: str, stdin: str = "") -> Obj:
        return self.cluster.apply({"kind": "shell", "line": line, "stdin": stdin})

    def ask(self, method: str, path: str, body: object = None, **query: str) -> Obj:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"content-type": kind}
        command = {"kind": "request", "method": method, "path": path, "query": query, "headers": headers, "body": body}
        return self.cluster.apply(command)

    def hook(self, path: str, *, resource: str = "configmaps", name: str = "hook.example.com", **more: object) -> Obj:
        operations = more.pop("operations", ["CREATE", "UPDATE"])
        service = {"name": "hook", "namespace": "hooks", "path": path}
        return {
            "name": name,
            "clientConfig": {"service": service, "caBundle": self.bundle},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": [resource], "operations": operations}],
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            **more,
        }

    def register(self, *hooks: Obj, mutating: bool = False, name: str = "hooks") -> None:
        word = "Mutating" if mutating else "Validating"
        kind = f"{word}WebhookConfiguration"
        body = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": name}}
        made = self.ask("POST", f"{GROUP}/{kind.lower()}s", {**body, "webhooks": list(hooks)})
        assert made["status"] == 201, made["body"]

    def refusal(self, body: Obj, **query: str) -> tuple[int, str]:
        reply = self.ask("POST", CONFIGS, body, **query)
        return reply["status"], reply["body"].get("message", "")


@pytest.fixture
def agnhost() -> Lab:
    return Lab("registry.k8s.io/e2e-test-images/agnhost:2.53", 'args: ["webhook", "--port=8443"]')


def config(name: str = "conf", **data: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_a_webhook_denies_with_its_reason(agnhost: Lab) -> None:
    agnhost.register(agnhost.hook("/configmaps"))
    says = 'admission webhook "hook.example.com" denied the request: the configmap contains unwanted key and value'
    assert agnhost.refusal(config(**{"webhook-e2e-test": "webhook-disallow"})) == (400, says)
    assert agnhost.refusal(config(fine="yes"))[0] == 201


def test_kubectl_prints_the_denial(agnhost: Lab) -> None:
    agnhost.register(agnhost.hook("/always-deny"))
    assert agnhost.shell("kubectl create configmap c --from-literal=a=b")["stderr"] == (
        'error: failed to create configmap: admission webhook "hook.example.com" denied the request: '
        "this webhook denies all requests\n"
    )


def test_pods_of_controllers_are_judged_too(agnhost: Lab) -> None:
    agnhost.register(agnhost.hook("/always-deny", resource="pods", operations=["CREATE"]))
    agnhost.shell("kubectl create deployment web --image=nginx")
    agnhost.cluster.advance(agnhost.cluster.now + 5_000_000)
    said = agnhost.shell("kubectl get events --field-selector reason=FailedCreate -o jsonpath='{.items[0].message}'")
    assert said["stdout"] == (
        'Error creating: admission webhook "hook.example.com" denied the request: this webhook denies all requests'
    )


def test_mutations_build_on_each_other(agnhost: Lab) -> None:
    agnhost.register(
        agnhost.hook("/mutating-configmaps", name="one.example.com"),
        agnhost.hook("/mutating-configmaps", name="two.example.com"),
        mutating=True,
    )
    made = agnhost.ask("POST", CONFIGS, config(**{"mutation-start": "yes"}))["body"]
    assert made["data"] == {"mutation-start": "yes", "mutation-stage-1": "yes", "mutation-stage-2": "yes"}


@follows(
    "MutatingAdmissionWebhook",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/plugin_test.go",
    "test/integration/apiserver/admissionwebhook/reinvocation_test.go",
)
@pytest.mark.parametrize(
    ("policy", "stages"),
    [pytest.param("Never", 1, id="never"), pytest.param("IfNeeded", 2, id="if needed")],
)
def test_a_webhook_looks_again_when_a_later_one_changed_something(agnhost: Lab, policy: str, stages: int) -> None:
    agnhost.register(
        agnhost.hook("/mutating-configmaps", name="one.example.com", reinvocationPolicy=policy),
        agnhost.hook("/add-label", name="two.example.com"),
        mutating=True,
    )
    data = agnhost.ask("POST", CONFIGS, config(**{"mutation-start": "yes"}))["body"]["data"]
    assert len([key for key in data if key.startswith("mutation-stage")]) == stages


def test_what_a_webhook_adds_gets_defaults(agnhost: Lab) -> None:
    agnhost.register(agnhost.hook("/mutating-pods", resource="pods"), mutating=True)
    spec = {"containers": [{"name": "app", "image": "nginx"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "webhook-to-be-mutated"}, "spec": spec}
    made = agnhost.ask("POST", PODS, pod)["body"]
    (added,) = made["spec"]["initContainers"]
    assert (added["name"], added["terminationMessagePolicy"]) == ("webhook-added-init-container", "File")


def test_deletions_can_be_refused(agnhost: Lab) -> None:
    agnhost.ask("POST", CONFIGS, config(**{"webhook-e2e-test": "webhook-nondeletable"}))
    agnhost.register(agnhost.hook("/configmaps", operations=["DELETE"]))
    refused = agnhost.ask("DELETE", f"{CONFIGS}/conf")["body"]["message"]
    assert refused == (
        'admission webhook "hook.example.com" denied the request: the configmap cannot be deleted because it contains '
        "unwanted key and value"
    )


FAILED = 'Internal error occurred: failed calling webhook "hook.example.com": failed to call webhook: Post "https://'


@follows(
    "ValidatingAdmissionWebhook",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/validating/dispatcher.go",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/errors/statuserror.go: ToStatusErr",
)
@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(
            {"service": {"name": "gone", "namespace": "hooks"}},
            'gone.hooks.svc:443/?timeout=10s": service "gone" not found',
            id="no service",
        ),
        pytest.param(
            {"service": {"name": "hook", "namespace": "hooks", "port": 8443}},
            'hook.hooks.svc:8443/?timeout=10s": no service port 8443 found for service "hook"',
            id="no port",
        ),
        pytest.param(
            {"caBundle": ""},
            'hook.hooks.svc:443/always-deny?timeout=10s": tls: failed to verify certificate: x509: certificate signed '
            "by unknown authority",
            id="no trust",
        ),
    ],
)
def test_a_call_that_fails_is_an_internal_error(agnhost: Lab, change: Obj, says: str) -> None:
    hook = agnhost.hook("/always-deny")
    agnhost.register({**hook, "clientConfig": {**hook["clientConfig"], **change}})
    assert agnhost.refusal(config()) == (500, FAILED + says)


def test_a_webhook_without_pods_refuses_the_connection(agnhost: Lab) -> None:
    agnhost.register(agnhost.hook("/always-deny"))
    agnhost.shell("kubectl delete pod hook -n hooks --force --grace-period=0")
    agnhost.cluster.advance(agnhost.cluster.now + 5_000_000)
    address = agnhost.cluster.registry.get("", "services", "hooks", "hook")["spec"]["clusterIP"]
    says = f'hook.hooks.svc:443/always-deny?timeout=10s": dial tcp {address}:443: connect: connection refused'
    assert agnhost.refusal(config()) == (500, FAILED + says)


def test_a_slow_webhook_is_not_waited_for(agnhost: Lab) -> None:
    agnhost.register(agnhost.hook("/always-allow-delay-5s", timeoutSeconds=1))
    says = 'hook.hooks.svc:443/always-allow-delay-5s?timeout=1s": context deadline exceeded'
    assert agnhost.refusal(config()) == (500, FAILED + says)


def test_a_webhook_in_time_is_heard(agnhost: Lab) -> None:
    agnhost.register(agnhost.hook("/always-allow-delay-5s", timeoutSeconds=10))
    assert agnhost.refusal(config())[0] == 201


def test_failures_may_be_ignored(agnhost: Lab) -> None:
    agnhost.register(agnhost.hook("/always-allow-delay-5s", timeoutSeconds=1, failurePolicy="Ignore"))
    assert agnhost.refusal(config())[0] == 201


def test_selectors_and_conditions_choose_what_is_asked_about(agnhost: Lab) -> None:
    agnhost.register(
        agnhost.hook(
            "/always-deny",
            namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": "default"}},
            objectSelector={"matchLabels": {"guarded": "yes"}},
            matchConditions=[{"name": "not-exempt", "expression": "object.metadata.name != 'exempt'"}],
        )
    )
    guarded = {"labels": {"guarded": "yes"}}
    assert agnhost.refusal(config("free"))[0] == 201
    assert agnhost.refusal({**config(), "metadata": {"name": "exempt", **guarded}})[0] == 201
    assert agnhost.refusal({**config(), "metadata": {"name": "other", **guarded}})[0] == 400


def test_dry_run_asks_webhooks_and_stores_nothing(agnhost: Lab) -> None:
    agnhost.register(agnhost.hook("/add-label"), mutating=True)
    made = agnhost.ask("POST", CONFIGS, config(), dryRun="All")
    assert made["body"]["metadata"]["labels"] == {"added-label": "yes"}
    assert agnhost.ask("GET", f"{CONFIGS}/conf")["status"] == 404


def test_webhooks_are_not_asked_about_webhooks(agnhost: Lab) -> None:
    everything = agnhost.hook("/always-deny")
    everything["rules"] = [{"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"], "operations": ["*"]}]
    agnhost.register(everything)
    gone = agnhost.ask("DELETE", f"{GROUP}/validatingwebhookconfigurations/hooks")
    assert gone["status"] == 200


POLICY = """
rules:
- path: /validate
  deny: "!has(object.metadata.labels) || !('team' in object.metadata.labels)"
  message: every ConfigMap names its team
- path: /validate
  warn: "object.metadata.labels['team'] == 'tbd'"
  message: decide on a team soon
- path: /mutate
  patch: [{op: add, path: /metadata/labels, value: {team: none}}]
  when: "!has(object.metadata.labels)"
"""


def test_a_policy_server_follows_its_config_map() -> None:
    lab = Lab("drydock/policy-webhook:1.0")
    labels = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}}}
    stored = {**config("policy"), "data": {"policy.yaml": POLICY}}
    lab.ask("POST", "/api/v1/namespaces/hooks/configmaps", stored)
    lab.register(lab.hook("/validate", **labels))
    says = 'admission webhook "hook.example.com" denied the request: every ConfigMap names its team'
    assert lab.refusal(config()) == (403, says)
    labelled = {**config(), "metadata": {"name": "conf", "labels": {"team": "tbd"}}}
    warned = lab.ask("POST", CONFIGS, labelled)
    assert (warned["status"], warned["headers"]["warning"]) == (201, ["decide on a team soon"])
    lab.register(lab.hook("/mutate", **labels), mutating=True, name="defaults")
    assert lab.ask("POST", CONFIGS, config("other"))["body"]["metadata"]["labels"] == {"team": "none"}


def test_a_cluster_with_webhooks_has_the_same_future_after_a_restore(agnhost: Lab) -> None:
    agnhost.register(agnhost.hook("/add-label", resource="pods"), mutating=True)
    agnhost.shell("kubectl create deployment web --image=nginx --replicas=3")
    again = Cluster.load(agnhost.cluster.dump())
    for one in (agnhost.cluster, again):
        one.advance(one.now + 60_000_000)
    assert again.state_hash() == agnhost.cluster.state_hash()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(
            {"name": "short"},
            'webhooks[0].name: Invalid value: "short": should be a domain with at least three segments separated by dots',
            id="name",
        ),
        pytest.param(
            {"sideEffects": "Some"},
            'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
            id="side effects",
        ),
        pytest.param(
            {"timeoutSeconds": 31},
            "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
            id="timeout",
        ),
        pytest.param(
            {"admissionReviewVersions": []},
            "webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1",
            id="versions",
        ),
        pytest.param(
            {"clientConfig": {}},
            "webhooks[0].clientConfig: Required value: exactly one of url or service is required",
            id="client",
        ),
    ],
)
def test_a_wrong_configuration_is_refused(agnhost: Lab, change: Obj, says: str) -> None:
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "hooks"},
        "webhooks": [{**agnhost.hook("/always-deny"), **change}],
    }
    refused = agnhost.ask("POST", f"{GROUP}/validatingwebhookconfigurations", body)["body"]["message"]
    about = 'ValidatingWebhookConfiguration.admissionregistration.k8s.io "hooks" is invalid: '
    assert refused == about + says


@follows(
    "ValidatingAdmissionWebhook",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/errors/statuserror_test.go: TestToStatusErr",
)
@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        pytest.param({}, 400, 'admission webhook "foo" denied the request without explanation', id="no status"),
        pytest.param({"message": "m"}, 400, 'admission webhook "foo" denied the request: m', id="only a message"),
        pytest.param({"reason": "Forbidden"}, 400, 'admission webhook "foo" denied the request: Forbidden', id="only a reason"),
        pytest.param({"message": "m", "reason": "r"}, 400, 'admission webhook "foo" denied the request: m', id="the message before the reason"),
        pytest.param({"code": 403, "message": "m"}, 403, 'admission webhook "foo" denied the request: m', id="a code of its own"),
        pytest.param({"code": 200, "message": "m"}, 400, 'admission webhook "foo" denied the request: m', id="no code of success"),
    ],
)  # fmt: skip
def test_what_a_denial_says(status: Obj, code: int, says: str) -> None:
    error = denied("foo", status)
    assert (error.code, error.message, error.reason) == (code, says, status.get("reason", ""))
