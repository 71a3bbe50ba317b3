"""The statement of sig-api-machinery about an API server of one's own behind the aggregator (`test/e2e/apimachinery/aggregator.go`)."""

from typing import Any

from tests.conformance.conftest import CORE, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
NAME = "v1alpha1.wardle.example.com"
SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
FLUNDERS = "/apis/wardle.example.com/v1alpha1/namespaces/default/flunders"
IMAGE, ETCD = "registry.k8s.io/e2e-test-images/sample-apiserver:1.29.2", "registry.k8s.io/etcd:3.5.21-0"


def _deploy(suite: Suite) -> None:
    suite.made(f"{CORE}/secrets", "sample-apiserver-secret", data={"tls.crt": "Y2VydA==", "tls.key": "a2V5"})
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    rules = [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list", "watch"]}]
    suite.made(f"{rbac}/clusterroles", "sample-apiserver-reader", rules=rules)
    subjects = [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}]
    for name, role in (("reader", "sample-apiserver-reader"), ("delegator", "system:auth-delegator")):
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
        suite.made(f"{rbac}/clusterrolebindings", f"wardler:{name}", roleRef=reference, subjects=subjects)
    reader = {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role",
        "name": "extension-apiserver-authentication-reader",
    }
    suite.made(f"{rbac}/namespaces/kube-system/rolebindings", "wardler-auth-reader", roleRef=reader, subjects=subjects)
    labels = {"app": "sample-apiserver", "apiserver": "true"}
    ready = {
        "httpGet": {"scheme": "HTTPS", "port": 443, "path": "/readyz"},
        "initialDelaySeconds": 20,
        "periodSeconds": 1,
    }
    certificates = "/apiserver.local.config/certificates"
    server = {
        "name": "sample-apiserver",
        "image": IMAGE,
        "args": [
            "--etcd-servers=http://127.0.0.1:2379", f"--tls-cert-file={certificates}/tls.crt",
            f"--tls-private-key-file={certificates}/tls.key", "--audit-log-path=-",
        ],
        "volumeMounts": [{"name": "apiserver-certs", "readOnly": True, "mountPath": certificates}],
        "readinessProbe": {**ready, "successThreshold": 1, "failureThreshold": 3},
    }  # fmt: skip
    etcd = {
        "name": "etcd",
        "image": ETCD,
        "command": ["/usr/local/bin/etcd", "--listen-client-urls", "http://127.0.0.1:2379"],
    }
    spec = {
        "containers": [server, etcd],
        "volumes": [{"name": "apiserver-certs", "secret": {"secretName": "sample-apiserver-secret"}}],
    }
    template = {"metadata": {"labels": labels}, "spec": spec}
    path = "/apis/apps/v1/namespaces/default/deployments"
    suite.made(path, "sample-apiserver-deployment", spec={"selector": {"matchLabels": labels}, "template": template})
    ports = [{"protocol": "TCP", "port": 7443, "targetPort": 443}]
    suite.made(f"{CORE}/services", "sample-api", spec={"selector": {"apiserver": "true"}, "ports": ports})
    suite.made(f"{CORE}/serviceaccounts", "sample-apiserver")
    suite.wait(40)
    assert suite.do("GET", f"{path}/sample-apiserver-deployment")["status"]["availableReplicas"] == 1


def _names(suite: Suite) -> list[str]:
    return [one["metadata"]["name"] for one in suite.do("GET", FLUNDERS)["items"]]


def _flunder(name: str) -> Obj:
    metadata = {"labels": {"sample-label": "true"}, "name": name}
    return {"apiVersion": "wardle.example.com/v1alpha1", "kind": "Flunder", "metadata": metadata}


def _adds(suite: Suite, method: str, condition: Obj) -> None:
    """Through the status of the APIService, beside what is there."""
    path = f"{SERVICES}/{NAME}/status"
    found = suite.do("GET", path)
    conditions = [*found["status"]["conditions"], condition]
    suite.do(
        method,
        path,
        {**found, "status": {"conditions": conditions}} if method == "PUT" else {"status": {"conditions": conditions}},
    )
    assert condition in suite.do("GET", path)["status"]["conditions"]


@conforms(
    "[sig-api-machinery] Aggregator Should be able to support the 1.17 Sample API Server using the current Aggregator "
    "[Conformance]"
)
def test_an_api_server_of_ones_own(suite: Suite) -> None:
    assert suite.ask("GET", FLUNDERS)["status"] == 404
    _deploy(suite)
    spec = {
        "service": {"namespace": "default", "name": "sample-api", "port": 7443},
        "group": "wardle.example.com", "version": "v1alpha1", "caBundle": "Y2E=",
        "groupPriorityMinimum": 2000, "versionPriority": 200,
    }  # fmt: skip
    suite.made(SERVICES, NAME, spec=spec)
    suite.wait()
    assert _names(suite) == []
    made = suite.ask("POST", FLUNDERS, _flunder("rest-flunder"))
    assert (made["status"], made["body"]["kind"], made["body"]["metadata"]["name"]) == (201, "Flunder", "rest-flunder")
    assert made["body"]["apiVersion"] == "wardle.example.com/v1alpha1"
    assert _names(suite) == ["rest-flunder"]
    suite.do("DELETE", f"{FLUNDERS}/rest-flunder")
    assert _names(suite) == []
    # The dynamic client finds the resource by discovery first.
    assert "wardle.example.com" in [one["name"] for one in suite.do("GET", "/apis")["groups"]]
    resources = suite.do("GET", "/apis/wardle.example.com/v1alpha1")["resources"]
    assert {"name": "flunders", "kind": "Flunder", "namespaced": True}.items() <= resources[1].items()
    suite.do("POST", FLUNDERS, _flunder("dynamic-flunder"))
    assert _names(suite) == ["dynamic-flunder"]
    status = suite.do("GET", f"{SERVICES}/{NAME}/status")["status"]
    assert status["conditions"][0]["message"] == "all checks passed"
    assert suite.do("PATCH", f"{SERVICES}/{NAME}", {"spec": {"versionPriority": 400}})["spec"]["versionPriority"] == 400
    assert NAME in [one["metadata"]["name"] for one in suite.do("GET", SERVICES)["items"]]
    suite.do("PATCH", f"{SERVICES}/{NAME}", {"metadata": {"labels": {"e2e-apiservice": "patched"}}})
    _adds(suite, "PUT", {"type": "StatusUpdated", "status": "True", "reason": "E2E", "message": "Set from e2e test"})
    found = suite.do("GET", f"{SERVICES}/{NAME}")
    found["metadata"]["labels"] = {NAME: "updated"}
    assert suite.do("PUT", f"{SERVICES}/{NAME}", found)["metadata"]["labels"][NAME] == "updated"
    suite.do("DELETE", f"{FLUNDERS}/dynamic-flunder")
    assert _names(suite) == []
    suite.do("POST", FLUNDERS, _flunder("dynamic-flunder"))
    assert _names(suite) == ["dynamic-flunder"]
    _adds(suite, "PATCH", {"type": "StatusPatched", "status": "True", "reason": "E2E", "message": "Set by e2e test"})
    suite.do("DELETE", SERVICES, labelSelector=f"{NAME}=updated")
    assert suite.do("GET", SERVICES, labelSelector=f"{NAME}=updated")["items"] == []
    assert suite.ask("GET", FLUNDERS)["status"] == 404


def test_an_api_server_that_has_gone_is_not_available(suite: Suite) -> None:
    """No statement of the suite: what the Available condition is good for."""
    _deploy(suite)
    service = {"namespace": "default", "name": "sample-api", "port": 7443}
    spec = {"service": service, "group": "wardle.example.com", "version": "v1alpha2"}
    suite.made(SERVICES, "v1alpha2.wardle.example.com", spec={**spec, "groupPriorityMinimum": 1, "versionPriority": 1})
    suite.made(SERVICES, NAME, spec={**spec, "version": "v1alpha1", "groupPriorityMinimum": 1, "versionPriority": 1})
    suite.wait()
    url = f"https://{suite.do('GET', f'{CORE}/services/sample-api')['spec']['clusterIP']}:7443/apis/wardle.example.com/v1alpha2"
    (condition,) = suite.do("GET", f"{SERVICES}/v1alpha2.wardle.example.com")["status"]["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", "FailedDiscoveryCheck")
    assert condition["message"] == f"failing or missing response from {url}: bad status from {url}: 404"
    suite.do(
        "PATCH", "/apis/apps/v1/namespaces/default/deployments/sample-apiserver-deployment", {"spec": {"replicas": 0}}
    )
    suite.wait(60)
    assert suite.do("GET", f"{SERVICES}/{NAME}")["status"]["conditions"][0]["reason"] == "MissingEndpoints"
    assert suite.ask("GET", FLUNDERS)["status"] == 503
