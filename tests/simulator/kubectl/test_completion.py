"""What Tab offers: what `kubectl __complete` of v1.33 offers in the same place, and where that has nothing, what the cluster knows."""

import pytest

from tests.simulator.kubectl.conftest import Terminal

SCALED = ["deployment ", "replicaset ", "replicationcontroller ", "statefulset "]


@pytest.fixture(scope="module")
def terminal() -> Terminal:
    found = Terminal()
    found.run("kubectl create deployment web --image=nginx:1.27 --replicas=1")
    found.run("kubectl create deployment api --image=nginx:1.27")
    found.run("kubectl create serviceaccount reader")
    found.let_pass(20)
    return found


def offered(terminal: Terminal, line: str) -> list[str]:
    reply = terminal.cluster.apply({"kind": "complete", "line": line})
    return [option["text"] for option in reply["options"]]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("kubectl rollout status ", ["deployment ", "daemonset ", "statefulset "]),
        ("kubectl rollout pause ", ["deployment "]),
        ("kubectl scale ", SCALED),
        ("kubectl autoscale ", SCALED),
        ("kubectl expose ", ["pod ", "service ", "replicationcontroller ", "deployment ", "replicaset "]),
        ("kubectl taint ", ["node "]),
        ("kubectl top node ", ["kind-control-plane ", "kind-worker ", "kind-worker2 "]),
        ("kubectl drain kind-worker ", ["kind-control-plane ", "kind-worker2 "]),
        ("kubectl create token ", ["default ", "reader "]),
        ("kubectl logs deployment/", ["deployment/api ", "deployment/web "]),
        ("kubectl logs dep", ["deployments/"]),
        ("kubectl scale --replicas 3 deployment ", ["api ", "web "]),
        ("kubectl delete deployment web ", ["api "]),
        ("kubectl get deployment/web deployment/", ["deployment/api "]),
        ("kubectl get pods,servicea", ["serviceaccounts "]),
        ("kubectl config use-context ", ["kind-kind "]),
        ("kubectl config delete-user ", ["kind-kind "]),
        ("kubectl --cluster ", ["kind-kind "]),
        ("kubectl patch deployment web --type=", ["json ", "merge ", "strategic "]),
        ("kubectl expose deployment web --type=", ["ClusterIP ", "NodePort ", "LoadBalancer "]),
        ("kubectl run x --restart ", ["Always ", "OnFailure ", "Never "]),
        ("kubectl get pods --show-m", ["--show-managed-fields "]),
        ("kubectl run x --image-pull", ["--image-pull-policy="]),
        ("kubectl help rollo", ["rollout "]),
        ("KUBE_EDITOR=vi kubectl ed", ["edit "]),
        ("kubectl exec web -- l", []),
        ("kubectl diff ", []),
    ],
    ids=lambda value: value.strip() if isinstance(value, str) else "",
)
def test_tab_offers_what_fits(terminal: Terminal, line: str, words: list[str]) -> None:
    assert offered(terminal, line) == words


def test_pods_are_offered_by_name_and_through_their_owners(terminal: Terminal) -> None:
    words = offered(terminal, "kubectl port-forward ")
    assert [word.partition("-")[0] for word in words[:2]] == ["api", "web"]
    assert words[2:] == [
        "daemonsets/", "deployments/", "pods/", "jobs/", "replicasets/", "replicationcontrollers/", "services/", "statefulsets/",
    ]  # fmt: skip
    assert offered(terminal, "kubectl cp we") == [f"{words[1].strip()}:"]
    assert offered(terminal, f"kubectl logs {words[1]}") == []


def test_a_script_of_the_completion_is_not_needed(terminal: Terminal) -> None:
    said = terminal.refused("kubectl completion bash")
    assert said == "error: this terminal completes words by itself, with the Tab key; there is no script to load\n"
