"""Statements of the form "should support X API operations": create, get, list, watch, update, patch, delete, deletecollection."""

from typing import Any

import pytest

from tests.conformance.conftest import Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
_POD = {"containers": [{"name": "c", "image": "busybox"}], "restartPolicy": "OnFailure"}
_RULE = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}

#: (path, kind, what stands beside metadata)
RESOURCES = {
    "flowschemas": (
        "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas",
        "FlowSchema",
        {"spec": {"priorityLevelConfiguration": {"name": "global-default"}, "matchingPrecedence": 10_000}},
    ),
    "prioritylevels": (
        "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations",
        "PriorityLevelConfiguration",
        {"spec": {"type": "Limited", "limited": {"nominalConcurrencyShares": 2, "limitResponse": {"type": "Reject"}}}},
    ),
    "policies": (
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
        "ValidatingAdmissionPolicy",
        {"spec": {"matchConstraints": {"resourceRules": [_RULE]}, "validations": [{"expression": "true"}]}},
    ),
    "bindings": (
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        {"spec": {"policyName": "policy", "validationActions": ["Deny"]}},
    ),
    "cronjobs": (
        "/apis/batch/v1/namespaces/default/cronjobs",
        "CronJob",
        {"spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": {"spec": _POD}}}}},
    ),
    "ingresses": (
        "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
        "Ingress",
        {"spec": {"defaultBackend": {"service": {"name": "default-backend", "port": {"number": 80}}}}},
    ),
    "ingressclasses": (
        "/apis/networking.k8s.io/v1/ingressclasses",
        "IngressClass",
        {"spec": {"controller": "example.com/controller"}},
    ),
    "runtimeclasses": ("/apis/node.k8s.io/v1/runtimeclasses", "RuntimeClass", {"handler": "runc"}),
    "endpointslices": (
        "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
        "EndpointSlice",
        {"addressType": "IPv4", "endpoints": [{"addresses": ["1.2.3.4"]}]},
    ),
    "capacities": (
        "/apis/storage.k8s.io/v1/namespaces/default/csistoragecapacities",
        "CSIStorageCapacity",
        {"storageClassName": "e2e"},
    ),
}

_CONDITION = {
    "type": "Dangling",
    "status": "False",
    "reason": "Found",
    "message": "e2e",
    "lastTransitionTime": "2025-10-09T08:53:20Z",
}
#: What is written through the status subresource.
STATUS: dict[str, Obj] = {
    "flowschemas": {"conditions": [_CONDITION]},
    "prioritylevels": {"conditions": [_CONDITION]},
    "policies": {"observedGeneration": 1},
    "cronjobs": {"lastScheduleTime": "2025-10-09T08:53:20Z"},
    "ingresses": {"loadBalancer": {"ingress": [{"ip": "169.1.1.1"}]}},
}


@conforms(
    "[sig-api-machinery] API priority and fairness should support FlowSchema API operations [Conformance]",
    "[sig-api-machinery] API priority and fairness should support PriorityLevelConfiguration API operations [Conformance]",
    "[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicy API "
    "operations [Conformance]",
    "[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicyBinding API "
    "operations [Conformance]",
    "[sig-apps] CronJob should support CronJob API operations [Conformance]",
    "[sig-network] Ingress API should support creating Ingress API operations [Conformance]",
    "[sig-network] IngressClass API should support creating IngressClass API operations [Conformance]",
    "[sig-node] RuntimeClass should support RuntimeClasses API operations [Conformance]",
    "[sig-network] EndpointSlice should support creating EndpointSlice API operations [Conformance]",
    "[sig-storage] CSIStorageCapacity should support CSIStorageCapacities API operations [Conformance]",
)
@pytest.mark.parametrize("name", RESOURCES)
def test_every_operation_works(suite: Suite, name: str) -> None:
    path, kind, rest = RESOURCES[name]
    root = path.split("/")
    version = f"{root[2]}/{root[3]}"
    labels = {"special-label": "e2e"}
    served = [one["name"] for one in suite.do("GET", f"/apis/{version}")["resources"]]
    assert root[-1] in served
    start = suite.do("GET", path)["metadata"]["resourceVersion"]
    for number in range(3):
        metadata = {"name": f"e2e-{number}", "labels": labels}
        suite.do("POST", path, {"apiVersion": version, "kind": kind, "metadata": metadata, **rest})
    assert suite.do("GET", f"{path}/e2e-0")["kind"] == kind
    listed = suite.do("GET", path, labelSelector="special-label=e2e")["items"]
    assert [one["metadata"]["name"] for one in listed] == ["e2e-0", "e2e-1", "e2e-2"]
    patched = suite.do("PATCH", f"{path}/e2e-0", {"metadata": {"annotations": {"patched": "true"}}})
    assert patched["metadata"]["annotations"]["patched"] == "true"
    patched["metadata"]["annotations"]["updated"] = "true"
    assert suite.do("PUT", f"{path}/e2e-0", patched)["metadata"]["annotations"]["updated"] == "true"
    heard = ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]
    if f"{root[-1]}/status" in served:
        suite.do(
            "PATCH",
            f"{path}/e2e-0/status",
            {"metadata": {"annotations": {"patchedstatus": "true"}}, "status": STATUS[name]},
        )
        found = suite.do("GET", f"{path}/e2e-0/status")
        assert found["metadata"]["annotations"]["patchedstatus"] == "true"
        found["metadata"]["annotations"]["updatedstatus"] = "true"
        assert "updatedstatus" in suite.do("PUT", f"{path}/e2e-0/status", found)["metadata"]["annotations"]
        heard[1:1] = ["MODIFIED", "MODIFIED"]
    suite.do("DELETE", f"{path}/e2e-0")
    assert suite.ask("GET", f"{path}/e2e-0")["status"] == 404
    suite.do("DELETE", path, labelSelector="special-label=e2e")
    assert suite.do("GET", path, labelSelector="special-label=e2e")["items"] == []
    told = suite.watch(path, start, labelSelector="special-label=e2e")
    assert [kind for kind, about in told if about == "e2e-0"] == heard
