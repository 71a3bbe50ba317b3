"""Words of the API server that a learner meets rarely and a program relies on."""

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("field", "said"),
    [
        pytest.param(
            "uid",
            "the UID in the precondition (other) does not match the UID in record ({0}). "
            "The object might have been deleted and then recreated",
            id="uid",
        ),
        pytest.param(
            "resourceVersion",
            "the ResourceVersion in the precondition (other) does not match the ResourceVersion in record ({0}). "
            "The object might have been modified",
            id="resource version",
        ),
    ],
)
def test_a_deletion_with_a_precondition_that_does_not_hold(lab: Any, field: str, said: str) -> None:
    lab.run("kubectl create configmap one")
    found = lab.value("cm one", f"{{.metadata.{field}}}")
    reply = lab.cluster.apply(
        {
            "kind": "request",
            "method": "DELETE",
            "path": "/api/v1/namespaces/default/configmaps/one",
            "query": {},
            "headers": {"content-type": "application/json"},
            "body": {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {field: "other"}},
        }
    )
    assert reply["status"] == 409
    assert reply["body"]["message"] == f'Operation cannot be fulfilled on ConfigMap "one": {said.format(found)}'


@pytest.mark.parametrize(
    ("address", "why"),
    [
        pytest.param("10.96.0.1", "provided IP is already allocated", id="taken"),
        pytest.param("10.200.0.1", "the provided network does not match the current range", id="out of range"),
    ],
)
def test_a_cluster_ip_that_cannot_be_had(lab: Any, address: str, why: str) -> None:
    assert lab.refusal(f"kubectl create service clusterip twice --tcp=80 --clusterip={address}") == (
        'error: failed to create ClusterIP service: Service "twice" is invalid: spec.clusterIPs: Invalid value: '
        f'[]string{{"{address}"}}: failed to allocate IP {address}: {why}\n'
    )
