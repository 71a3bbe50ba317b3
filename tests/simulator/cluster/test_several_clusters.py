"""Several clusters in one lab: one clock and one trail, one snapshot, one quota, and nothing of a deleted one is left."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.cluster import Cluster

CONFIG = {"name": "one", "nodes": [{"role": "control-plane"}, {"role": "worker"}]}
LINES = (
    "kubectl create deployment web --image=nginx:1.27 --replicas=3",
    "kubectl scale deployment web --replicas=1",
    "kubectl delete pods --all --wait=false",
    "kubectl config use-context kind-one",
    "kubectl config use-context kind-two",
    "kind create cluster --name two",
    "kind create cluster --name three",
    "kind delete cluster --name two",
    "kubectl get pods -A --context kind-two",
    "kind load docker-image redis:7 --name two",
)


def shell(cluster: Cluster, line: str) -> dict[str, Any]:
    return cluster.apply({"kind": "shell", "line": line})


def wait(cluster: Cluster, seconds: float) -> None:
    while not cluster.advance(cluster.now + int(seconds * 1e6), 1_000_000):
        continue


@pytest.fixture
def lab() -> Cluster:
    return Cluster.create(CONFIG)


@pytest.fixture
def two(lab: Cluster) -> Cluster:
    shell(lab, "kind create cluster --name two")
    wait(lab, 10)
    return lab


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from((0, 0.5, 3, 20))), min_size=2, max_size=7),
    st.integers(0, 6),
)
def test_a_restored_lab_has_the_same_future(steps: list[tuple[str, float]], at: int) -> None:
    one = Cluster.create(CONFIG, seed=3)
    other = Cluster.create(CONFIG, seed=3)
    for index, (line, seconds) in enumerate([("kind create cluster --name two", 1), *steps]):
        if index == at:
            other = Cluster.load(other.dump())
        assert shell(one, line) == shell(other, line)
        assert one.digest == other.digest
        wait(one, seconds)
        wait(other, seconds)
    assert one.dump() == other.dump()
    assert one.picture() == other.picture()


def test_a_deleted_cluster_leaves_nothing_behind(lab: Cluster) -> None:
    before = set(lab._state()["components"]), set(lab.engine.dump()["streams"])
    shell(lab, "kind create cluster --name two")
    wait(lab, 5)
    shell(lab, "kubectl create deployment web --image=nginx:1.27")
    wait(lab, 0.2)
    shell(lab, "kind delete cluster --name two")
    wait(lab, 60)
    after = set(lab._state()["components"]), set(lab.engine.dump()["streams"]) - {"kind-ports"}
    assert after[0] == before[0]
    assert not [stream for stream in after[1] if stream.startswith("2/")]
    assert not [event for event in lab.engine.dump()["heap"] if event[2].startswith("2/")]


def test_a_cluster_of_the_same_name_is_another_one(two: Cluster) -> None:
    uid = shell(two, "kubectl get ns default -o jsonpath={.metadata.uid}")["stdout"]
    shell(two, "kind delete cluster --name two; kind create cluster --name two")
    wait(two, 5)
    assert shell(two, "kubectl get ns default -o jsonpath={.metadata.uid}")["stdout"] != uid


def test_the_picture_is_drawn_anew_when_the_context_means_another_cluster(two: Cluster) -> None:
    two.picture()
    seen = two.ev
    shell(two, "kubectl create configmap here")
    assert [item[2]["name"] for item in two.changes(seen) or () if item[0] == "add"] == ["here"]
    shell(two, "kubectl config use-context kind-one")
    assert two.changes(seen) is None
    seen = two.ev
    names = two.picture()["Cluster"]["rows"][0][1]
    shell(two, "kubectl create configmap there")
    assert [item[2]["name"] for item in two.changes(seen) or () if item[0] == "add"] == ["there"]
    assert names == "one"


def test_what_the_page_asks_is_about_the_cluster_that_it_shows(two: Cluster) -> None:
    def fault() -> dict[str, Any]:
        return two.apply({"kind": "fault", "fault": "node-power-off", "target": "two-control-plane"})

    assert fault()["ok"]
    shell(two, "kubectl config use-context kind-one")
    assert fault()["error"]["found"] == "'two-control-plane'"
    asked = two.apply(
        {"kind": "inspect", "resource": "nodes", "namespace": "", "name": "two-control-plane", "cluster": "two"}
    )
    assert "error" not in asked


def test_a_lesson_and_real_clients_ask_the_first_cluster_unless_they_name_another(two: Cluster) -> None:
    request = {"kind": "request", "method": "GET", "path": "/api/v1/nodes"}
    names = [node["metadata"]["name"] for node in two.apply(request)["body"]["items"]]
    others = [node["metadata"]["name"] for node in two.apply({**request, "cluster": "two"})["body"]["items"]]
    assert (names, others) == (["one-control-plane", "one-worker"], ["two-control-plane"])
    check = {"kind": "check", "checks": [{"id": "x", "state": {"resource": "nodes", "count": {"is": 2}}}]}
    assert two.apply(check)["results"][0]["passed"]
    refused = two.apply({**request, "cluster": "four"})
    assert refused["error"]["message"] == "cluster: found 'four', wanted one of one, two"


def test_a_shell_in_a_container_stays_in_its_cluster(two: Cluster) -> None:
    shell(two, "kubectl run box --image=busybox:1.37 -- sleep 1h")
    wait(two, 10)
    opened = two.apply({"kind": "shell", "line": "kubectl exec -it box -- sh", "terminal": True})["session"]
    shell(two, "kubectl config use-context kind-one")
    assert two.apply({"kind": "session", "id": opened["id"], "line": "hostname"})["stdout"] == "box\n"


def test_followed_commands_stay_with_their_cluster(two: Cluster) -> None:
    shell(two, "kubectl run web --image=nginx:1.27")
    token = shell(two, "kubectl get pods -w")["follow"]
    shell(two, "kubectl config use-context kind-one")
    wait(two, 10)
    assert "web" in two.apply({"kind": "follow", "token": token})["stdout"]


def test_clusters_and_nodes_and_objects_share_the_labs_quota(lab: Cluster) -> None:
    lab.limit(clusters=2, nodes=4)
    many = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: [{role: control-plane}, {role: worker}, {role: worker}]"
    line = "kind create cluster --name two --config -"
    refused = lab.apply({"kind": "shell", "line": line, "stdin": many})["stderr"]
    assert refused == ("ERROR: failed to create cluster: this lab may hold 4 nodes in all its clusters, wanted 5\n")
    shell(lab, "kind create cluster --name two")
    assert shell(lab, "kind create cluster --name three")["stderr"] == (
        "ERROR: failed to create cluster: this lab may hold 2 clusters, all are in use: delete one first\n"
    )
    assert "error" not in lab.apply({"kind": "join"})
    assert lab.apply({"kind": "join"})["error"]["message"] == "node: found 4 machines in this lab, wanted at most 4"
    wait(lab, 10)
    lab.max_objects = sum(one.registry.store.count() for one in lab.together)
    for context in ("kind-one", "kind-two"):
        said = shell(lab, f"kubectl create configmap more --context {context}")["stderr"]
        assert said.endswith(f"this cluster may hold {lab.max_objects} objects, all are in use\n")


def test_a_loop_of_another_cluster_can_be_stopped_and_looked_at(two: Cluster) -> None:
    two.apply({"kind": "breakpoint", "op": "set", "loop": "replicaset-controller"})
    shell(two, "kubectl create deployment web --image=nginx:1.27")
    wait(two, 5)
    looked = two.apply({"kind": "look", "loop": "replicaset-controller"})
    assert [write["verb"] for write in looked["writes"]][:1] == ["create"]
    assert shell(two, "kubectl get pods -o name")["stdout"] == ""


def test_a_branch_from_the_past_counts_revisions_on_in_every_cluster(two: Cluster) -> None:
    copy = two.copy()
    before = [one.registry.store.revision for one in copy.together]
    copy.renumber(1_000 + copy.revision)
    assert [one.registry.store.revision for one in copy.together] == [1_000 + two.revision] * 2
    assert min(before) < 1_000
    wait(copy, 5)
