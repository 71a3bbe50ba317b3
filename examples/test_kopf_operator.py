"""An operator of kopf (https://kopf.readthedocs.io) that runs in a thread while the test looks at what it does."""

import time

import kopf
import pytest
from kopf.testing import KopfRunner

DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "ferries.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "ferries", "singular": "ferry", "kind": "Ferry"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
FERRY = {"apiVersion": "example.com/v1", "kind": "Ferry", "metadata": {"name": "ada"}, "spec": {"size": 3}}


@kopf.on.login()
def log_in(**context):
    return kopf.login_with_kubeconfig(**context)


@kopf.on.create("example.com", "v1", "ferries")
def load(spec, patch, **_):
    patch.status["loaded"] = spec["size"]


@pytest.mark.kube(speed=20)
def test_the_operator_writes_a_status(kube_cluster, kube_api, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(kube_api.kubeconfig))
    kube_cluster.apply(DEFINITION)
    kube_cluster.kubectl("wait --for=condition=Established crd/ferries.example.com")
    with KopfRunner(["run", "--namespace=default", __file__], timeout=20) as operator:
        kube_cluster.apply(FERRY)
        until = time.monotonic() + 15
        while "status" not in (ferry := kube_cluster.get("ferry", "ada")) and time.monotonic() < until:
            time.sleep(0.05)
    assert operator.exit_code == 0
    assert ferry["status"]["loaded"] == 3
