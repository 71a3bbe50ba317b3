"""DaemonSets: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/."""

from typing import Any

import pytest

from simulator.controllers.daemon_placement import Placement, target_node
from simulator.controllers.daemonset import DaemonSetController

World = Any
Obj = dict[str, Any]


@pytest.fixture
def daemons(world: Any) -> World:
    made = world(DaemonSetController)
    for name in ("a", "b", "c"):
        add_node(made, name)
    return made


def add_node(world: World, name: str, **spec: Any) -> None:
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": name, "tier": name}}
    body = {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec, "status": {}}
    made = world.client.create("nodes", body)
    # No node lifecycle controller runs here to take away the taint that a node is born with.
    world.client.update("nodes", {**made, "spec": spec})


def daemon_set(template: Any, image: str = "agent:1", **pod_spec: Any) -> Obj:
    pod = template("agent", image)
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "template": {**pod, "spec": {**pod["spec"], **pod_spec}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
            "revisionHistoryLimit": 10,
        },
    }


def targets(world: World) -> list[str]:
    return sorted(target_node(pod) for pod in world.pods() if "deletionTimestamp" not in pod["metadata"])


def bind_all(world: World) -> None:
    for pod in world.pods():
        if not pod["spec"].get("nodeName"):
            world.client.bind("default", pod["metadata"]["name"], target_node(pod))


def test_every_node_gets_one_pod_made_for_it(daemons: World, pod_template: Any) -> None:
    daemons.client.create("daemonsets.apps", daemon_set(pod_template))
    daemons.run()
    assert targets(daemons) == ["a", "b", "c"]
    pod = next(one for one in daemons.pods() if target_node(one) == "a")
    assert pod["spec"]["affinity"]["nodeAffinity"] == {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]}]
        }
    }
    added = [(one["key"], one["effect"]) for one in pod["spec"]["tolerations"] if "tolerationSeconds" not in one]
    assert added == [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ]
    assert {reason for reason, _ in daemons.events("agent")} == {"SuccessfulCreate"}


def test_a_node_that_joins_gets_a_pod_and_one_that_stops_matching_loses_it(daemons: World, pod_template: Any) -> None:
    daemons.client.create("daemonsets.apps", daemon_set(pod_template))
    daemons.run()
    bind_all(daemons)
    add_node(daemons, "d")
    daemons.run()
    assert targets(daemons) == ["a", "b", "c", "d"]
    daemons.client.patch("nodes", "", "b", {"spec": {"taints": [{"key": "x", "effect": "NoExecute"}]}})
    daemons.run()
    assert targets(daemons) == ["a", "c", "d"]


def test_a_node_selector_and_taints_leave_nodes_out(daemons: World, pod_template: Any) -> None:
    add_node(daemons, "cp", taints=[{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}])
    daemons.client.create("daemonsets.apps", daemon_set(pod_template))
    daemons.run()
    assert targets(daemons) == ["a", "b", "c"]
    daemons.client.patch(
        "daemonsets.apps", "default", "agent", {"spec": {"template": {"spec": {"nodeSelector": {"tier": "a"}}}}}
    )
    daemons.run()
    assert targets(daemons) == ["a"]


def test_only_nodes_that_changed_are_judged_again(
    daemons: World, pod_template: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []
    judge = Placement.judge

    def noted(placement: Placement, node: Obj) -> tuple[bool, bool]:
        judged.append(node["metadata"]["name"])
        return judge(placement, node)

    monkeypatch.setattr(Placement, "judge", noted)
    daemons.client.create("daemonsets.apps", daemon_set(pod_template))
    daemons.run()
    bind_all(daemons)
    daemons.run()
    assert judged == ["a", "b", "c"]

    daemons.client.patch("nodes", "", "b", {"metadata": {"labels": {"disk": "ssd"}}})
    add_node(daemons, "d")
    daemons.run()
    assert judged[3:] == ["b", "d"]

    template = {"spec": {"nodeSelector": {"disk": "ssd"}}}
    daemons.client.patch("daemonsets.apps", "default", "agent", {"spec": {"template": template}})
    daemons.run()
    assert judged[5:] == ["a", "b", "c", "d"]
    daemons.finish_deletions()
    daemons.run()
    assert targets(daemons) == ["b"]


def test_a_cordoned_node_still_gets_its_daemon(daemons: World, pod_template: Any) -> None:
    add_node(
        daemons, "d", unschedulable=True, taints=[{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]
    )
    daemons.client.create("daemonsets.apps", daemon_set(pod_template))
    daemons.run()
    assert targets(daemons) == ["a", "b", "c", "d"]


def test_status_counts_nodes(daemons: World, pod_template: Any) -> None:
    daemons.client.create("daemonsets.apps", daemon_set(pod_template))
    daemons.run()
    bind_all(daemons)
    daemons.make_ready(daemons.pods()[0])
    daemons.run()
    assert daemons.get("daemonsets.apps", "agent")["status"] == {
        "currentNumberScheduled": 3,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 3,
        "numberReady": 1,
        "observedGeneration": 1,
        "updatedNumberScheduled": 3,
        "numberAvailable": 1,
        "numberUnavailable": 2,
    }


def test_a_failed_pod_is_told_and_replaced(daemons: World, pod_template: Any) -> None:
    daemons.client.create("daemonsets.apps", daemon_set(pod_template))
    daemons.run()
    bind_all(daemons)
    pod = next(one for one in daemons.pods() if target_node(one) == "b")
    daemons.set_status("pods", pod, phase="Failed")
    daemons.run()
    daemons.finish_deletions()
    daemons.run()
    message = f"Found failed daemon pod default/{pod['metadata']['name']} on node b, will try to kill it"
    assert ("FailedDaemonPod", message) in daemons.events("agent")
    assert targets(daemons) == ["a", "b", "c"]


def test_a_rolling_update_replaces_one_node_at_a_time(daemons: World, pod_template: Any) -> None:
    daemons.client.create("daemonsets.apps", daemon_set(pod_template))
    daemons.run()
    bind_all(daemons)
    daemons.make_all_ready()
    daemons.run()
    daemons.client.patch(
        "daemonsets.apps", "default", "agent", {"spec": {"template": pod_template("agent", "agent:2")}}
    )
    for _ in range(12):
        daemons.run()
        alive = [
            pod
            for pod in daemons.pods()
            if "deletionTimestamp" not in pod["metadata"] and pod["status"].get("phase") == "Running"
        ]
        assert len(alive) >= 2
        daemons.finish_deletions()
        daemons.run()
        bind_all(daemons)
        daemons.make_all_ready()
    assert {pod["spec"]["containers"][0]["image"] for pod in daemons.pods()} == {"agent:2"}
    revisions = {one["revision"] for one in daemons.all("controllerrevisions.apps")}
    assert revisions == {1, 2}
