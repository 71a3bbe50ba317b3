"""Stopping loops before they act, looking at what they want, letting them go on, and switching them off."""

import re
from typing import Any

import pytest

from simulator.client import Controller

WRITER = {"replicaset-controller", "deployment-controller", "statefulset-controller", "daemonset-controller"}


def deploy(bench: Any, replicas: int = 3) -> None:
    bench.run(f"kubectl create deployment web --image=nginx:1.27 --replicas={replicas}")


def test_a_stopped_controller_shows_desired_observed_difference_and_action(bench: Any) -> None:
    deploy(bench)
    bench.wait(20)
    bench.stop_before("replicaset-controller", namespace="default")
    victim = bench.value("pods -l app=web", "{.items[0].metadata.name}")
    bench.run(f"kubectl delete pod {victim} --wait=false")
    bench.wait(3)
    assert bench.count("pods -l app=web") == 2
    found = bench.look("replicaset-controller")
    assert found["measures"] == [{"what": "pods", "desired": 3, "observed": 2, "difference": 1}]
    assert re.fullmatch(r"The replicaset controller creates Pod web-\w+-\w+, and 1 more\.", found["action"])
    read = {(one["resource"], one["name"]) for one in found["reads"]}
    assert ("replicasets.apps", found["about"]["name"]) in read
    assert len([one for one in read if one[0] == "pods"]) == 2


def test_one_step_creates_exactly_the_pod_that_was_announced(bench: Any) -> None:
    deploy(bench)
    bench.wait(20)
    bench.stop_before("replicaset-controller")
    bench.run("kubectl scale deployment web --replicas=4")
    bench.wait(5)
    assert bench.count("pods -l app=web") == 3
    announced = [one["name"] for one in bench.look("replicaset-controller")["writes"] if one["resource"] == "pods"]
    revision = bench.cluster.revision
    assert bench.step("replicaset-controller")["said"].startswith("replicaset-controller goes on with ReplicaSet web-")
    bench.wait(5)
    assert bench.count("pods -l app=web") == 4
    assert bench.cluster.revision > revision
    assert [bench.run(f"kubectl get pod {name} -o name") for name in announced] == [f"pod/{announced[0]}\n"]
    assert bench.held("replicaset-controller"), "its own writes wake the loop, and it is stopped again"


@pytest.mark.parametrize(
    ("line", "measure"),
    [
        pytest.param("kubectl delete pods -l app=web --wait=false --grace-period=0 --force", (3, 0, 3), id="healing"),
        pytest.param("kubectl scale deployment web --replicas=5", (5, 3, 2), id="scaling"),
        pytest.param("kubectl set image deployment/web nginx=nginx:1.28", (1, 0, 1), id="updating"),
    ],
)
def test_healing_scaling_and_updating_are_the_same_loop_with_another_difference(
    bench: Any, line: str, measure: tuple[int, int, int]
) -> None:
    deploy(bench)
    bench.wait(20)
    bench.stop_before("replicaset-controller")
    bench.run(line)
    bench.wait(2)
    looks = [bench.look("replicaset-controller", one["key"]) for one in bench.loop("replicaset-controller")["held"]]
    found = [look for look in looks if look["measures"][0]["difference"] > 0]
    assert [tuple(found[0]["measures"][0][k] for k in ("desired", "observed", "difference"))] == [measure]
    assert "creates Pod web-" in found[0]["action"]


def test_a_breakpoint_that_goes_lets_everything_go_on(bench: Any) -> None:
    number = bench.stop_before("deployment-controller")
    deploy(bench)
    bench.wait(5)
    assert bench.count("replicasets") == 0
    assert bench.held("deployment-controller") == ["web"]
    bench.clear(number)
    bench.wait(20)
    assert bench.value("deployment web", "{.status.readyReplicas}") == "3"
    assert bench.held("deployment-controller") == []


def test_a_breakpoint_on_one_object_stops_every_loop_there_and_nowhere_else(bench: Any) -> None:
    bench.stop_before(resource="deployments", namespace="default", name="web")
    deploy(bench)
    bench.run("kubectl create deployment other --image=nginx:1.27")
    bench.wait(20)
    assert bench.value("replicasets", "{.items[*].metadata.ownerReferences[0].name}") == "other"


def test_a_stopped_scheduler_names_the_pod_and_the_node_it_would_take(bench: Any) -> None:
    bench.stop_before("default-scheduler")
    bench.run("kubectl run alone --image=nginx:1.27")
    bench.wait(10)
    assert bench.held("default-scheduler") == ["alone"]
    assert bench.value("pod alone", "{.spec.nodeName}") == ""
    action = bench.look("default-scheduler")["action"]
    node = re.fullmatch(r"The scheduler binds Pod alone to (\S+)\.", action)
    assert node is not None, action
    bench.step("default-scheduler")
    bench.wait(10)
    assert bench.value("pod alone", "{.spec.nodeName}|{.status.phase}") == f"{node[1]}|Running"


def test_a_pod_that_goes_while_the_scheduler_is_stopped_before_it_is_forgotten(bench: Any) -> None:
    bench.stop_before("default-scheduler")
    bench.run("kubectl run alone --image=nginx:1.27")
    bench.wait(1)
    bench.run("kubectl delete pod alone --now")
    bench.wait(1)
    assert bench.held("default-scheduler") == []


def test_a_stopped_kubelet_starts_nothing_until_it_is_let_go(bench: Any) -> None:
    bench.stop_before("kubelet", name="alone")
    bench.run("kubectl run alone --image=nginx:1.27")
    bench.run("kubectl run other --image=nginx:1.27")
    bench.wait(20)
    assert bench.value("pods", "{.items[*].status.phase}") == "Pending Running"
    loop = bench.loop("kubelet")["held"][0]["loop"]
    assert loop == f"kubelet/{bench.value('pod alone', '{.spec.nodeName}')}"
    assert bench.look(loop)["measures"][0]["difference"] == 1
    for _ in range(12):
        bench.wait(3)
        if bench.held("kubelet"):
            bench.step(loop)
    assert bench.value("pod alone", "{.status.phase}") == "Running"


def test_with_the_scheduler_off_new_pods_stay_unbound_and_running_ones_serve(bench: Any) -> None:
    deploy(bench)
    bench.wait(20)
    assert bench.switch("default-scheduler", "off")["said"] == "default-scheduler was switched off"
    bench.run("kubectl scale deployment web --replicas=6")
    bench.wait(30)
    assert bench.value("pods -l app=web", "{.items[*].status.phase}").split().count("Running") == 3
    assert bench.loop("default-scheduler")["waiting"] == 3
    assert bench.loop("default-scheduler")["on"] is False
    bench.switch("default-scheduler", "on")
    bench.wait(30)
    assert bench.value("deployment web", "{.status.readyReplicas}") == "6"


def test_switching_off_only_the_replicaset_loop_stops_healing_while_the_deployment_reports(bench: Any) -> None:
    deploy(bench)
    bench.wait(20)
    bench.switch("replicaset-controller", "off")
    bench.run("kubectl scale deployment web --replicas=5")
    bench.wait(5)
    assert bench.value("deployment web", "{.status.observedGeneration}") == "2"
    assert bench.value("rs", "{.items[0].spec.replicas}|{.items[0].status.replicas}") == "5|3"
    loop = bench.loop("replicaset-controller")
    assert (loop["on"], loop["waiting"], loop["running"]) == (False, 1, True)
    bench.switch("replicaset-controller", "on")
    bench.wait(20)
    assert bench.loop("replicaset-controller")["waiting"] == 0
    assert bench.value("deployment web", "{.status.readyReplicas}") == "5"


def test_every_loop_tells_its_last_reconcile(bench: Any) -> None:
    deploy(bench)
    bench.wait(20)
    last = bench.loop("deployment-controller")["synced"]
    assert last["key"] == "default/web"
    assert 0 < last["at"] < 20_000_000


def test_the_loops_of_workloads_write_under_their_own_names(bench: Any) -> None:
    deploy(bench)
    bench.run("kubectl create -f - <<EOF\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n"
              "  serviceName: db\n  selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n"
              "    spec: {containers: [{name: db, image: 'nginx:1.27'}]}\nEOF")  # fmt: skip
    bench.wait(20)
    sources = set(bench.value("events -A", "{.items[*].source.component}").split())
    assert {"deployment-controller", "replicaset-controller", "statefulset-controller"} <= sources
    rows = bench.cluster.engine.trail.rows()
    assert {row.actor for row in rows if row.type == "write"} >= WRITER
    watches = {name: tuple(bench.loop(name)["watches"]) for name in WRITER}
    assert len(set(watches.values())) == len(WRITER)


def test_no_loop_writes_outside_the_kinds_it_declares(bench: Any) -> None:
    deploy(bench, 4)
    bench.run("kubectl expose deployment web --port=80")
    bench.run("kubectl create job once --image=busybox:1.36 -- sleep 1")
    bench.run("kubectl create namespace shop")
    bench.run("kubectl create quota q --hard=pods=9 -n shop")
    bench.wait(20)
    bench.run("kubectl set image deployment/web nginx=nginx:1.28")
    bench.run("kubectl delete namespace shop --wait=false")
    bench.cluster.apply({"kind": "fault", "fault": "node-power-off", "target": "book-worker"})
    bench.wait(400)
    declared = {
        part.name: set(part.writes)
        for process in bench.cluster.processes.values()
        for part in process.parts
        if isinstance(part, Controller)
    }
    declared["kubelet"] = set(bench.loop("kubelet")["writes"])
    written = {
        (row.actor.partition("/")[0], row.resource)
        for row in bench.cluster.engine.trail.rows()
        if row.type == "write" and row.actor.partition("/")[0] in declared
    }
    assert len({actor for actor, _ in written}) > 12
    assert [one for one in sorted(written) if not {one[1], "*"} & declared[one[0]]] == []


def test_every_loop_of_a_plain_cluster_tells_what_it_watches_and_writes(bench: Any) -> None:
    loops = bench.cluster.apply({"kind": "loops"})["loops"]
    assert [one["name"] for one in loops if not one["watches"] or not one["writes"]] == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ({"kind": "loop", "op": "off", "loop": "nobody"}, "loop: found 'nobody', wanted one of "),
        ({"kind": "loop", "op": "on", "loop": "job-controller"}, "loop: found job-controller, which is on already"),
        ({"kind": "breakpoint", "op": "set"}, "breakpoint: found nothing to stop at"),
        ({"kind": "breakpoint", "op": "set", "resource": "nothings"}, "resource: found 'nothings'"),
        ({"kind": "breakpoint", "op": "clear", "id": 7}, "id: found 7, wanted one of none"),
        ({"kind": "breakpoint", "op": "step", "loop": "job-controller"}, "loop: found job-controller, wanted a loop that"),
        ({"kind": "breakpoint", "op": "jump"}, "op: found 'jump', wanted one of set, clear, step"),
    ],
)  # fmt: skip
def test_a_wrong_wish_is_answered(bench: Any, command: dict[str, Any], said: str) -> None:
    reply = bench.cluster.apply(command)
    assert reply["error"]["message"].startswith(said)
    assert reply["changed"] is False


def test_a_stopped_cluster_costs_nothing(bench: Any) -> None:
    bench.stop_before("default-scheduler")
    deploy(bench)
    bench.wait(30)
    tickets = bench.cluster.engine.tickets
    bench.wait(3_000)
    assert bench.cluster.engine.tickets - tickets < 10


def test_a_kubelet_is_switched_off_with_its_process_and_its_containers_run_on(bench: Any) -> None:
    bench.run("kubectl create deployment web --image=nginx --replicas=3")
    bench.wait(10)
    node = bench.value("pods", "{.items[0].spec.nodeName}")
    assert bench.switch(f"kubelet/{node}", "off")["said"] == f"kubelet/{node} was switched off"
    assert bench.loop("kubelet")["on"] is True
    assert bench.loop(f"kubelet/{node}")["on"] is False
    bench.wait(60)
    assert " NotReady " in bench.run(f"kubectl get node {node} --no-headers")
    assert bench.cluster.kubelets.is_running("default", bench.value("pods", "{.items[0].metadata.name}"), "nginx")
    bench.switch(f"kubelet/{node}", "on")
    bench.wait(20)
    assert " Ready " in bench.run(f"kubectl get node {node} --no-headers")


def test_all_kubelets_are_switched_off_and_on_together(bench: Any) -> None:
    bench.switch("kubelet", "off")
    assert bench.loop("kubelet")["on"] is False
    bench.run("kubectl create deployment web --image=nginx")
    bench.wait(30)
    assert bench.value("pods", "{.items[0].status.phase}") == "Pending"
    assert "already" in bench.switch("kubelet", "off")["error"]["message"]
    bench.switch("kubelet", "on")
    bench.wait(20)
    assert bench.value("pods", "{.items[0].status.phase}") == "Running"
    assert "one of" in bench.switch("kubelet/nobody", "off")["error"]["message"]
