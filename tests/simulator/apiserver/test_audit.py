"""The audit log: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/."""

import json
from typing import Any

import pytest

from simulator.cluster import Cluster

Obj = dict[str, Any]
NODE = "kind-control-plane"
LOG = "/var/log/kubernetes/audit/audit.log"
HEAD = "apiVersion: audit.k8s.io/v1\nkind: Policy\n"


class Lab:
    def __init__(self) -> None:
        self.cluster = Cluster.create(profile="instant")

    def shell(self, line: str, stdin: str = "") -> Obj:
        return self.cluster.apply({"kind": "shell", "line": line, "stdin": stdin})

    def audit(self, rules: str) -> None:
        self.shell("cat > policy.yaml", HEAD + rules)
        said = self.shell(f"docker cp policy.yaml {NODE}:/etc/kubernetes/audit-policy.yaml")
        assert said["exit"] == 0, said

    def events(self, **wanted: str) -> list[Obj]:
        lines = self.shell(f"docker exec {NODE} cat {LOG}")["stdout"].splitlines()
        found = [json.loads(line) for line in lines]
        return [event for event in found if all(event.get(key) == value for key, value in wanted.items())]


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_without_a_policy_there_is_no_log(lab: Lab) -> None:
    lab.shell("kubectl create configmap c")
    said = lab.shell(f"docker exec {NODE} cat {LOG}")
    assert (said["exit"], said["stderr"]) == (1, f"cat: {LOG}: No such file or directory\n")


def test_a_request_is_told_in_its_stages(lab: Lab) -> None:
    lab.audit("rules: [{level: Metadata, users: [kubernetes-admin]}]")
    lab.shell("kubectl create configmap c --from-literal=a=b")
    received, done = lab.events(verb="create")
    assert (received["stage"], done["stage"]) == ("RequestReceived", "ResponseComplete")
    assert received["auditID"] == done["auditID"]
    assert (
        done["requestURI"] == "/api/v1/namespaces/default/configmaps?fieldManager=kubectl-create&fieldValidation=Strict"
    )
    assert done["user"]["username"] == "kubernetes-admin"
    assert done["objectRef"] == {"resource": "configmaps", "namespace": "default", "name": "c", "apiVersion": "v1"}
    assert done["responseStatus"] == {"metadata": {}, "code": 201}
    assert done["annotations"]["authorization.k8s.io/decision"] == "allow"
    assert "requestObject" not in done


def test_the_first_rule_that_matches_sets_the_level(lab: Lab) -> None:
    lab.audit(
        """
omitStages: [RequestReceived]
rules:
- {level: None, resources: [{group: "", resources: [secrets]}]}
- {level: RequestResponse, users: [kubernetes-admin], resources: [{group: "", resources: [configmaps]}]}
- {level: Metadata, users: [kubernetes-admin]}
"""
    )
    lab.shell("kubectl create secret generic s --from-literal=a=b")
    lab.shell("kubectl create configmap c --from-literal=a=b")
    lab.shell("kubectl get pods")
    assert [(e["verb"], e["objectRef"]["resource"], e["level"]) for e in lab.events() if "objectRef" in e] == [
        ("create", "configmaps", "RequestResponse"),
        ("list", "pods", "Metadata"),
    ]
    (told,) = lab.events(verb="create")
    assert (told["requestObject"]["data"], told["responseObject"]["metadata"]["name"]) == ({"a": "b"}, "c")


def test_a_refusal_is_told_with_its_status(lab: Lab) -> None:
    lab.audit("omitStages: [RequestReceived]\nrules: [{level: Metadata, users: [ann]}]")
    lab.shell("kubectl delete pod web --as ann")
    (refused,) = lab.events(verb="delete")
    assert refused["responseStatus"]["code"] == 403
    assert refused["annotations"]["authorization.k8s.io/decision"] == "forbid"
    assert (refused["user"]["username"], refused["impersonatedUser"]["username"]) == ("kubernetes-admin", "ann")


def test_components_are_told_by_their_credentials(lab: Lab) -> None:
    lab.audit("omitStages: [RequestReceived]\nrules: [{level: Metadata, verbs: [create]}]")
    lab.shell("kubectl create deployment web --image=nginx")
    lab.cluster.advance(lab.cluster.now + 5_000_000)
    told = [
        (e["user"]["username"], e["objectRef"]["resource"], e["objectRef"].get("subresource")) for e in lab.events()
    ]
    account = "system:serviceaccount:kube-system:"
    assert [one for one in told if one[1] != "events"] == [
        ("kubernetes-admin", "deployments", None),
        (f"{account}deployment-controller", "replicasets", None),
        (f"{account}replicaset-controller", "pods", None),
        ("system:kube-scheduler", "pods", "binding"),
    ]


def test_pod_security_and_policies_leave_annotations(lab: Lab) -> None:
    lab.audit("omitStages: [RequestReceived]\nrules: [{level: Metadata, users: [kubernetes-admin]}]")
    lab.shell("kubectl label namespace default pod-security.kubernetes.io/audit=restricted")
    lab.shell("kubectl run web --image=nginx")
    (told,) = lab.events(verb="create")
    assert told["annotations"]["pod-security.kubernetes.io/audit-violations"].startswith(
        'would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false'
    )


def test_a_policy_that_audits_lets_pass_and_writes_down(lab: Lab) -> None:
    lab.audit("omitStages: [RequestReceived]\nrules: [{level: Metadata, users: [kubernetes-admin]}]")
    kind = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy"
    lab.shell(
        "kubectl apply -f -",
        f"""
{kind}
metadata: {{name: teams}}
spec:
  matchConstraints:
    resourceRules: [{{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}}]
  validations: [{{expression: "has(object.metadata.labels)", message: labels are missing}}]
---
{kind}Binding
metadata: {{name: watch}}
spec: {{policyName: teams, validationActions: [Audit]}}
""",
    )
    assert lab.shell("kubectl create configmap c")["exit"] == 0
    told = next(event for event in lab.events(verb="create") if event["objectRef"]["resource"] == "configmaps")
    assert json.loads(told["annotations"]["validation.policy.admission.k8s.io/validation_failure"]) == [
        {
            "message": "labels are missing",
            "policy": "teams",
            "binding": "watch",
            "expressionIndex": 0,
            "validationActions": ["Audit"],
        }
    ]


def test_a_broken_policy_leaves_the_old_one_in_force(lab: Lab) -> None:
    lab.audit("rules: [{level: Metadata}]")
    lab.shell("cat > policy.yaml", HEAD + "rules: [{level: Loud}]")
    said = lab.shell(f"docker cp policy.yaml {NODE}:/etc/kubernetes/audit-policy.yaml")
    assert said["stderr"] == (
        'kube-apiserver: /etc/kubernetes/audit-policy.yaml: rules[0].level: Unsupported value: "Loud": supported values: '
        '"None", "Metadata", "Request", "RequestResponse"\n'
    )
    assert lab.cluster.registry.audit.is_on


def test_the_log_survives_a_restore(lab: Lab) -> None:
    lab.audit("rules: [{level: Metadata}]")
    lab.shell("kubectl create deployment web --image=nginx")
    again = Cluster.load(lab.cluster.dump())
    for one in (lab.cluster, again):
        one.advance(one.now + 30_000_000)
    assert again.registry.audit.log() == lab.cluster.registry.audit.log()
    assert again.state_hash() == lab.cluster.state_hash()


def test_a_look_through_the_terminal_is_journaled_when_it_is_logged(lab: Lab) -> None:
    assert lab.shell("kubectl get pods")["changed"] is False
    lab.audit("rules: [{level: Metadata}]")
    assert lab.shell("kubectl get pods")["changed"] is True
