"""Kinds of extension API servers in the terminal's kubectl: found by discovery, gone with their APIService."""

import pytest

from simulator.cluster import Cluster
from tests.simulator.kubectl.conftest import Terminal

SAMPLE = """
apiVersion: v1
kind: Secret
metadata: {name: certs}
data: {tls.crt: Y2VydA==, tls.key: a2V5}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: sample-reader}
rules: [{apiGroups: [""], resources: [namespaces], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: sample-reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: sample-reader}
subjects: [{kind: ServiceAccount, name: default, namespace: default}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: sample-delegator}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:auth-delegator"}
subjects: [{kind: ServiceAccount, name: default, namespace: default}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: sample-auth-reader, namespace: kube-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: extension-apiserver-authentication-reader}
subjects: [{kind: ServiceAccount, name: default, namespace: default}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: sample}
spec:
  selector: {matchLabels: {app: sample}}
  template:
    metadata: {labels: {app: sample}}
    spec:
      containers:
        - name: sample
          image: registry.k8s.io/e2e-test-images/sample-apiserver:1.29.2
          args: ["--etcd-servers=http://127.0.0.1:2379", --tls-cert-file=/certs/tls.crt, --tls-private-key-file=/certs/tls.key]
          volumeMounts: [{name: certs, mountPath: /certs, readOnly: true}]
        - name: etcd
          image: registry.k8s.io/etcd:3.5.21-0
          command: [/usr/local/bin/etcd, --listen-client-urls, "http://127.0.0.1:2379"]
      volumes: [{name: certs, secret: {secretName: certs}}]
---
apiVersion: v1
kind: Service
metadata: {name: sample}
spec: {selector: {app: sample}, ports: [{port: 443}]}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1alpha1.wardle.example.com}
spec:
  group: wardle.example.com
  version: v1alpha1
  service: {namespace: default, name: sample}
  insecureSkipTLSVerify: true
  groupPriorityMinimum: 2000
  versionPriority: 200
"""
FLUNDER = "apiVersion: wardle.example.com/v1alpha1\nkind: Flunder\nmetadata: {name: first, labels: {a: b}}\n"


@pytest.fixture
def sampled(terminal: Terminal) -> Terminal:
    terminal.run("kubectl apply -f -", SAMPLE)
    terminal.let_pass(60)
    return terminal


def test_kinds_of_an_extension_api_server_are_created_got_and_deleted(sampled: Terminal) -> None:
    assert sampled.run("kubectl create -f -", FLUNDER) == "flunder.wardle.example.com/first created\n"
    assert sampled.run("kubectl get flunders -o name") == "flunder.wardle.example.com/first\n"
    assert sampled.run("kubectl get flunders").split()[:2] == ["NAME", "AGE"]
    assert sampled.run("kubectl get flunder/first -o jsonpath={.metadata.labels}") == '{"a":"b"}'
    assert (
        sampled.run("kubectl label flunders.wardle.example.com first c=d")
        == "flunder.wardle.example.com/first labeled\n"
    )
    assert sampled.run("kubectl get flunders -l c=d -o jsonpath={.items[*].metadata.name}") == "first"
    assert sampled.run("kubectl delete flunder first") == 'flunder.wardle.example.com "first" deleted\n'
    assert sampled.run("kubectl api-resources --api-group=wardle.example.com -o name") == (
        "fischers.wardle.example.com\nflunders.wardle.example.com\n"
    )
    reply = sampled.cluster.apply({"kind": "complete", "line": "kubectl get flu"})
    assert [option["text"] for option in reply["options"]] == ["flunders "]


def test_they_are_unknown_again_without_their_apiservice(sampled: Terminal) -> None:
    sampled.run("kubectl delete apiservice v1alpha1.wardle.example.com")
    assert sampled.refused("kubectl get flunders") == 'error: the server doesn\'t have a resource type "flunders"\n'


def test_what_pods_use_is_got_as_rows() -> None:
    cluster = Cluster.create({"name": "lab", "addons": ["metrics-server"], "nodes": [{"role": "control-plane"}]})
    while not cluster.advance(120_000_000):
        continue
    lines = cluster.workstation.run("kubectl get nodes.metrics.k8s.io").stdout.splitlines()
    assert [line.split()[0::3] for line in lines] == [["NAME", "WINDOW"], ["lab-control-plane", "15s"]]
    assert cluster.workstation.run("kubectl get podmetrics").stderr == "No resources found in default namespace.\n"
