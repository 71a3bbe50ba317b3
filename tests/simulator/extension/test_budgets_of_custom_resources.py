"""Pods of custom resources in a PodDisruptionBudget: counted by the scale subresource, where the definition has one."""

from typing import Any

import pytest

from tests.proof.follows import follows
from tests.simulator.extension.conftest import book

Obj = dict[str, Any]
UPSTREAM = "pkg/controller/disruption/disruption_test.go"

BUDGET = """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: readers}
spec: {maxUnavailable: 1, selector: {matchLabels: {reads: ai}}}
"""

COLUMNS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: columns.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: columns, singular: column, kind: Column, listKind: ColumnList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {replicas: {type: integer}}}}}}
"""


def put_reader(library: Any, api_kind: str, name: str, uid: str) -> None:
    owner = {"apiVersion": "example.com/v1", "kind": api_kind, "name": name, "uid": uid, "controller": True}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "labels": {"reads": "ai"}, "ownerReferences": [owner]},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]},
    }
    assert library.request("POST", "/api/v1/namespaces/default/pods", pod)["status"] == 201


def budget_status(library: Any) -> Obj:
    library.apply(BUDGET, 5)
    found: Obj = library.object("poddisruptionbudgets.policy", "readers")["status"]
    return found


def uid_of(library: Any, resource: str, name: str) -> str:
    return str(library.object(resource, name)["metadata"]["uid"])


@follows("disruption-controller", f"{UPSTREAM}: TestScaleResource")
def test_pods_are_counted_by_the_scale_subresource(library: Any) -> None:
    made = library.request("POST", "/apis/example.com/v1/namespaces/default/bks", book(replicas=5))
    assert made["status"] == 201
    put_reader(library, "Bk", "ai", uid_of(library, "bks.example.com", "ai"))
    status = budget_status(library)
    assert (status["expectedPods"], status["desiredHealthy"], status["disruptionsAllowed"]) == (5, 4, 0)


@follows(
    "disruption-controller",
    f"{UPSTREAM}: TestScaleFinderNoResource",
    "pkg/controller/disruption/disruption.go: getScaleController",
)
@pytest.mark.parametrize(
    ("kind", "uid", "why"),
    [
        pytest.param("Bk", "another", 'found no controllers for pod "p"', id="another of its name"),
        pytest.param("Column", "", "columns.example.com does not implement the scale subresource", id="no scale"),
    ],
)
def test_pods_of_a_resource_without_a_count_allow_nothing(library: Any, kind: str, uid: str, why: str) -> None:
    library.apply(COLUMNS)
    for given in (book(replicas=5), {"apiVersion": "example.com/v1", "kind": "Column", "metadata": {"name": "ai"}}):
        plural = "bks" if given["kind"] == "Bk" else "columns"
        assert library.request("POST", f"/apis/example.com/v1/namespaces/default/{plural}", given)["status"] == 201
    library.apply(BUDGET)
    # Pods whose owner is another's namesake are garbage soon after: what the budget said of them is left in its events.
    put_reader(library, kind, "ai", uid or uid_of(library, "columns.example.com", "ai"))
    library.wait(2)
    said = library.run(
        "kubectl get events --field-selector reason=CalculateExpectedPodCountFailed -o jsonpath='{.items[*].message}'"
    )
    assert said == f"Failed to calculate the number of expected pods: {why}"
