"""sig-apps: statements about disruption budgets."""

from tests.conformance.conftest import PODS, Suite
from tests.conformance.statements import conforms
from tests.conformance.workloads import LABELS, RS, SIG, make_workload, names_of, pods_of

BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"


@conforms(f"{SIG} DisruptionController should create a PodDisruptionBudget [Conformance]")
def test_a_budget_lives_and_ends(suite: Suite) -> None:
    suite.made(BUDGETS, "pdb", spec={"minAvailable": "1%", "selector": {"matchLabels": LABELS}})
    found = suite.do("GET", f"{BUDGETS}/pdb")
    assert found["spec"]["minAvailable"] == "1%"
    found["spec"]["minAvailable"] = "2%"
    assert suite.do("PUT", f"{BUDGETS}/pdb", found)["spec"]["minAvailable"] == "2%"
    assert suite.do("PATCH", f"{BUDGETS}/pdb", {"spec": {"minAvailable": "3%"}})["spec"]["minAvailable"] == "3%"
    suite.do("DELETE", f"{BUDGETS}/pdb")
    assert suite.ask("GET", f"{BUDGETS}/pdb")["status"] == 404


@conforms(f"{SIG} DisruptionController should observe PodDisruptionBudget status updated [Conformance]")
def test_a_budget_counts_pods(suite: Suite) -> None:
    suite.made(BUDGETS, "pdb", spec={"minAvailable": 1, "selector": {"matchLabels": LABELS}})
    make_workload(suite, RS, replicas=3)
    status = suite.do("GET", f"{BUDGETS}/pdb")["status"]
    assert (status["currentHealthy"], status["disruptionsAllowed"]) == (3, 2)


@conforms(
    f"{SIG} DisruptionController Listing PodDisruptionBudgets for all namespaces should list and delete a collection of "
    "PodDisruptionBudgets [Conformance]"
)
def test_budgets_are_listed_and_deleted_together(suite: Suite) -> None:
    suite.made("/api/v1/namespaces", "other")
    for namespace, names in (("default", ("a", "b", "c")), ("other", ("d",))):
        for name in names:
            path = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
            suite.made(path, name, metadata={"labels": {"e2e": "yes"}}, spec={"minAvailable": 1})
    everywhere = "/apis/policy/v1/poddisruptionbudgets"
    assert names_of(suite.do("GET", everywhere, labelSelector="e2e=yes")["items"]) == ["a", "b", "c", "d"]
    suite.do("DELETE", BUDGETS, labelSelector="e2e=yes")
    suite.wait()
    assert names_of(suite.do("GET", everywhere, labelSelector="e2e=yes")["items"]) == ["d"]


@conforms(f"{SIG} DisruptionController should block an eviction until the PDB is updated to allow it [Conformance]")
def test_an_eviction_waits_for_its_budget(suite: Suite) -> None:
    make_workload(suite, RS, replicas=3)
    suite.made(BUDGETS, "pdb", spec={"minAvailable": 3, "selector": {"matchLabels": LABELS}})
    suite.wait()
    name = names_of(pods_of(suite))[0]
    eviction = {"metadata": {"name": name, "namespace": "default"}}
    refused = suite.ask("POST", f"{PODS}/{name}/eviction", eviction)
    assert (refused["status"], refused["body"]["reason"]) == (429, "TooManyRequests")
    suite.do("PATCH", f"{BUDGETS}/pdb", {"spec": {"minAvailable": 2}})
    suite.wait()
    suite.do("POST", f"{PODS}/{name}/eviction", eviction)
    suite.wait(60)
    assert name not in names_of(pods_of(suite))
