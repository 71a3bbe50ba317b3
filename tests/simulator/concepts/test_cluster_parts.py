"""Group A and F: nodes, the parts of the control plane, and the namespaces every cluster has."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from simulator.apiserver.etcd import Etcd
from simulator.engine import Engine


def backends(lab: Any, node: str, service: str) -> set[str]:
    return {
        one.address for rule in lab.cluster.datapath.rules(node) if rule.service == service for one in rule.backends
    }


def test_the_pool_is_the_sum_of_its_nodes(lab: Any) -> None:
    assert lab.column("kubectl get nodes", "STATUS") == ["Ready", "Ready", "Ready"]
    assert lab.value("nodes", "{.items[*].status.allocatable.cpu}") == "4 2 2"
    described = lab.run("kubectl describe node book-worker")
    assert "Capacity:\n  cpu:                2\n" in described
    assert "Allocatable:\n  cpu:                2\n" in described
    table = lab.cluster.picture()["Node"]
    assert len(table["rows"]) == 3


def test_the_four_static_pods_run_on_the_control_plane(lab: Any) -> None:
    assert lab.column("kubectl get nodes", "ROLES") == ["control-plane", "<none>", "<none>"]
    parts = lab.column("kubectl get pods -n kube-system -l tier=control-plane -o wide", "NODE ")
    assert parts == ["book-control-plane"] * 4
    names = lab.column("kubectl get pods -n kube-system -l tier=control-plane", "NAME")
    assert [name.removesuffix("-book-control-plane") for name in names] == [
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ]


def test_there_is_no_master_any_more(lab: Any) -> None:
    assert "master" not in lab.run("kubectl get nodes --show-labels")


@pytest.mark.parametrize(("members", "survives"), [(3, 1), (5, 2)])
def test_writes_need_a_majority_of_etcd(make_lab: Callable[..., Any], members: int, survives: int) -> None:
    lab = make_lab(control_planes=members)
    lab.run("kubectl create deployment web --image=nginx:1.27 --replicas=2")
    lab.wait(20)
    nodes = lab.column("kubectl get nodes -l node-role.kubernetes.io/control-plane", "NAME")
    for node in nodes[:survives]:
        lab.fault("component-stop", f"etcd@{node}")
    lab.wait(10)
    assert lab.run("kubectl create configmap still-possible") == "configmap/still-possible created\n"
    lab.fault("component-stop", f"etcd@{nodes[survives]}")
    lab.wait(10)
    assert lab.refusal("kubectl create configmap too-late") == (
        "error: failed to create configmap: etcdserver: request timed out\n"
    )
    picture = lab.cluster.picture()["Pod"]
    rows = [dict(zip(picture["cols"], row, strict=True)) for row in picture["rows"]]
    assert [row["phase"] for row in rows if row["ns"] == "default"] == ["Running", "Running"]


def test_a_fourth_member_gains_nothing() -> None:
    etcd = Etcd(Engine(epoch_s=0), ["cp-1", "cp-2", "cp-3", "cp-4"])
    etcd.stop("cp-4")
    assert etcd.is_writable
    etcd.stop("cp-3")
    assert not etcd.is_writable


def test_a_cluster_of_control_planes_takes_no_ordinary_pod_until_the_taint_goes(make_lab: Callable[..., Any]) -> None:
    lab = make_lab(workers=1)
    lab.run("kubectl cordon book-worker")
    lab.run("kubectl run web --image=nginx:1.27")
    lab.wait(10)
    assert lab.column("kubectl get pods", "STATUS") == ["Pending"]
    assert "1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }" in lab.run(
        "kubectl describe pod web"
    )
    lab.run("kubectl taint nodes book-control-plane node-role.kubernetes.io/control-plane:NoSchedule-")
    lab.wait(10)
    assert "Successfully assigned default/web to book-control-plane" in lab.run("kubectl describe pod web")


def test_each_part_of_the_control_plane_can_stop_and_catch_up(lab: Any) -> None:
    lab.run("kubectl create deployment web --image=nginx:1.27 --replicas=2")
    lab.wait(20)
    lab.fault("component-stop", "kube-scheduler")
    lab.run("kubectl run alone --image=nginx:1.27")
    lab.wait(30)
    assert lab.value("pod alone", "{.status.phase}|{.spec.nodeName}") == "Pending|"
    assert "Events:           <none>" in re.sub(
        r"Events: +", "Events:           ", lab.run("kubectl describe pod alone")
    )
    lab.fault("component-start", "kube-scheduler")
    lab.fault("component-stop", "kube-controller-manager")
    lab.wait(60)
    assert lab.value("pod alone", "{.status.phase}") == "Running"
    victim = lab.column("kubectl get pods -l app=web", "NAME")[0]
    lab.run(f"kubectl delete pod {victim}")
    lab.wait(60)
    assert len(lab.column("kubectl get pods -l app=web", "NAME")) == 1
    lab.fault("component-start", "kube-controller-manager")
    lab.wait(60)
    assert lab.column("kubectl get pods -l app=web", "STATUS") == ["Running", "Running"]


def test_without_the_api_server_pods_go_on_and_nobody_answers(lab: Any) -> None:
    lab.run("kubectl run web --image=nginx:1.27")
    lab.wait(20)
    lab.fault("component-stop", "kube-apiserver")
    assert lab.refusal("kubectl get pods") == (
        "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?\n"
    )
    assert lab.cluster.kubelets.is_running("default", "web", "web")
    lab.fault("component-start", "kube-apiserver")
    lab.wait(60)
    assert lab.column("kubectl get pods", "RESTARTS") == ["0"]


def test_nobody_talks_but_through_the_api_server(lab: Any) -> None:
    lab.run("kubectl create deployment web --image=nginx:1.27 --replicas=2")
    ends = []
    for _ in range(40):
        seen = lab.cluster.ev
        lab.wait(0.25)
        items = lab.cluster.changes(seen)
        ends += [(item[1]["from"], item[1]["to"]) for item in items or () if item[0] == "msg"]
    assert len(ends) > 10
    assert all("apiserver" in pair for pair in ends)


def test_each_node_has_rules_for_what_the_slices_say(lab: Any) -> None:
    lab.run("kubectl create deployment web --image=nginx:1.27 --replicas=1 --port=80")
    lab.run("kubectl expose deployment web --port=80")
    lab.wait(20)
    assert len(backends(lab, "book-worker", "web")) == 1
    lab.run("kubectl scale deployment web --replicas=3")
    lab.wait(20)
    for node in ("book-worker", "book-worker2"):
        assert len(backends(lab, node, "web")) == 3


def test_a_raw_request_answers_with_the_list(lab: Any) -> None:
    answer = lab.run("kubectl get --raw /api/v1/namespaces/default/pods")
    assert '"kind":"PodList"' in answer
    assert '"items":[]' in answer


def test_etcd_has_a_member_on_each_control_plane_and_the_leader_moves(make_lab: Callable[..., Any]) -> None:
    lab = make_lab(control_planes=3)
    nodes = lab.column("kubectl get pods -n kube-system -l component=etcd -o wide", "NODE ")
    assert len(nodes) == 3
    before = lab.cluster.etcd.leader
    lab.fault("component-stop", f"etcd@{before}")
    lab.wait(10)
    assert lab.cluster.etcd.leader not in ("", before)


def test_events_name_the_loop_that_wrote_them(lab: Any) -> None:
    lab.run("kubectl create deployment web --image=nginx:1.27")
    lab.wait(20)
    sources = lab.value("events", "{.items[*].source.component}").split()
    assert {"deployment-controller", "replicaset-controller", "default-scheduler", "kubelet"} <= set(sources)


def test_a_pod_comes_up_in_the_order_of_its_workers_jobs(lab: Any) -> None:
    lab.run("kubectl run web --image=nginx:1.27")
    lab.wait(20)
    described = lab.run("kubectl describe pod web")
    reasons = re.findall(r"Normal  (\w+) ", described.partition("Events:")[2])
    assert reasons == ["Scheduled", "Pulling", "Pulled", "Created", "Started"]


def test_a_stopped_kubelet_makes_a_node_not_ready_while_its_containers_serve(lab: Any) -> None:
    lab.run("kubectl run web --image=nginx:1.27")
    lab.wait(20)
    node = lab.value("pod web", "{.spec.nodeName}")
    lab.cluster.kubelets.stop_kubelet(node)
    lab.wait(60)
    assert lab.column(f"kubectl get node {node}", "STATUS") == ["NotReady"]
    assert lab.cluster.kubelets.is_running("default", "web", "web")


def test_containerd_is_the_runtime(lab: Any) -> None:
    assert set(lab.column("kubectl get nodes -o wide", "CONTAINER-RUNTIME")) == {"containerd://2.1.3"}


def test_kube_proxy_runs_on_every_node(lab: Any) -> None:
    assert lab.column("kubectl get ds -n kube-system", "DESIRED") == ["3"]
    assert lab.column("kubectl get ds -n kube-system", "READY") == ["3"]


def test_the_default_namespace_is_used_when_none_is_given(lab: Any) -> None:
    lab.run("kubectl run web --image=nginx:1.27")
    assert lab.value("pod web", "{.metadata.namespace}") == "default"
    lab.run("kubectl create namespace shop")
    lab.run("kubectl config set-context --current --namespace=shop")
    lab.run("kubectl run web --image=nginx:1.27")
    assert lab.column("kubectl get pods -A --field-selector metadata.name=web", "NAMESPACE") == ["default", "shop"]


def test_kube_system_holds_dns_and_the_proxies(lab: Any) -> None:
    names = " ".join(lab.column("kubectl get pods -n kube-system", "NAME"))
    assert "coredns-" in names
    assert "kube-proxy-" in names
    assert lab.column("kubectl get svc -n kube-system", "NAME") == ["kube-dns"]


def test_every_node_has_a_lease_that_moves_and_stops_with_its_power(lab: Any) -> None:
    def renewed(node: str) -> str:
        return str(lab.value(f"lease {node} -n kube-node-lease", "{.spec.renewTime}"))

    first = renewed("book-worker")
    lab.wait(20)
    second = renewed("book-worker")
    assert second > first
    lab.fault("node-power-off", "book-worker")
    lab.wait(40)
    assert renewed("book-worker") <= second
    assert renewed("book-worker2") > second


def test_cluster_dns_is_an_ordinary_deployment(lab: Any) -> None:
    assert lab.column("kubectl get deploy -n kube-system", "NAME") == ["coredns"]
    assert lab.value("svc kube-dns -n kube-system", "{.spec.clusterIP}") == "10.96.0.10"
    assert lab.column("kubectl get pods -n kube-system -l k8s-app=kube-dns -o wide", "NODE ")
