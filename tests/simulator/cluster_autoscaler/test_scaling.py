"""Rows A29, H2 and R2: machines for pods that fit nowhere, and their way back when nobody needs them.

Events follow kubernetes/autoscaler: `processors/status/eventing_scale_up_processor.go`, `core/scaledown/actuation/`.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from simulator.cluster import Cluster

Make = Callable[..., Any]


def deploy(lab: Any, *, replicas: int, cpu: str = "800m", name: str = "web", **pod: Any) -> None:
    container = {"name": "web", "image": "nginx:1.27", "resources": {"requests": {"cpu": cpu}}}
    annotations = pod.pop("annotations", {})
    labels = {"app": name}
    template = {"metadata": {"labels": labels, "annotations": annotations}, "spec": {"containers": [container], **pod}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    lab.run(
        "kubectl apply -f -",
        json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}),
    )


def messages(lab: Any, reason: str, namespace: str = "default") -> list[str]:
    path = '{range .items[*]}{.message}{"\\n"}{end}'
    return lab.run(
        f"kubectl get events -n {namespace} --field-selector=reason={reason} -o jsonpath='{path}'"
    ).splitlines()


def autoscaler(lab: Any) -> dict[str, Any]:
    found: dict[str, Any] = lab.cloud()["autoscaler"]
    return found


def test_pods_that_fit_nowhere_get_machines_that_boot_and_join(cloud: Make) -> None:
    lab = cloud(size=2)
    deploy(lab, replicas=8)
    lab.wait(20)
    assert set(messages(lab, "TriggeredScaleUp")) == {"pod triggered scale-up: [{workers 2->4 (max: 5)}]"}
    assert messages(lab, "ScaledUpGroup", "kube-system") == [
        "Scale-up: setting group workers size to 4 instead of 2 (max: 5)",
        "Scale-up: group workers size set to 4 instead of 2 (max: 5)",
    ]
    assert [one["state"] for one in lab.cloud()["machines"]] == ["running", "running", "pending", "pending"]
    assert len(lab.nodes()) == 2
    lab.wait(180)
    assert list(lab.nodes().values()) == ["Ready"] * 4
    assert lab.value("deploy web", "{.status.readyReplicas}") == "8"
    assert "cloudProviderTarget: 4" in lab.run("kubectl get configmap cluster-autoscaler-status -n kube-system -o yaml")
    new = [one for one in lab.cloud()["machines"] if one["running"] is not None]
    for machine in new:
        created = lab.value(f"node {machine['name']}", "{.metadata.creationTimestamp}")
        assert lab.cluster.engine.micros(created) - lab.cluster.zero > machine["running"] > machine["requested"]
        assert lab.value(f"node {machine['name']}", "{.spec.providerID}") == machine["providerID"]


@pytest.mark.parametrize(
    ("more", "cpu", "pod", "said"),
    [
        pytest.param({"max": 2}, "800m", {}, "1 max node group size reached", id="largest size"),
        pytest.param({}, "16", {}, "1 Insufficient cpu", id="too large for the machine"),
        pytest.param(
            {},
            "800m",
            {"nodeSelector": {"disk": "ssd"}},
            "1 node(s) didn't match Pod's node affinity/selector",
            id="label",
        ),
        pytest.param(
            {"group": {"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]}},
            "800m",
            {},
            "1 node(s) had untolerated taint {gpu: yes}",
            id="taint",
        ),
    ],
)
def test_a_pod_that_no_machine_would_help_is_told_why(
    cloud: Make, more: dict[str, Any], cpu: str, pod: dict[str, Any], said: str
) -> None:
    lab = cloud(size=2, **more)
    deploy(lab, replicas=6, cpu=cpu, **pod)
    lab.wait(30)
    assert set(messages(lab, "NotTriggerScaleUp")) == {f"pod didn't trigger scale-up: {said}"}
    assert len(lab.cloud()["machines"]) == 2


def test_a_quota_puts_the_group_into_backoff(cloud: Make) -> None:
    lab = cloud(size=2)
    lab.fault("cloud-quota", "cpus=4")
    deploy(lab, replicas=6)
    lab.wait(40)
    failed = messages(lab, "FailedToScaleUpGroup", "kube-system")
    assert len(failed) == 1
    assert failed[0].startswith("Scale-up failed for group workers: You have requested more vCPU capacity")
    assert set(messages(lab, "NotTriggerScaleUp")) == {
        "pod didn't trigger scale-up: 1 in backoff after failed scale-up"
    }
    lab.fault("cloud-quota", "cpus=32")
    lab.wait(240)
    assert len(lab.cloud()["machines"]) == 2
    lab.wait(90)
    assert len(lab.cloud()["machines"]) > 2


def test_nodes_nobody_needs_go_after_ten_minutes(cloud: Make) -> None:
    lab = cloud(size=1)
    deploy(lab, replicas=5)
    lab.wait(240)
    assert len(lab.nodes()) == 3
    lab.run("kubectl scale deployment web --replicas=1")
    lab.wait(60)
    unneeded = list(autoscaler(lab)["unneeded"])
    assert len(unneeded) == 2
    assert "DeletionCandidateOfClusterAutoscaler" in lab.value(f"node {unneeded[0]}", "{.spec.taints[*].key}")
    lab.wait(500)
    assert len(lab.nodes()) == 3
    lab.wait(200)
    assert len(lab.nodes()) == 1
    said = messages(lab, "ScaleDown")
    assert said.count("marked the node as toBeDeleted/unschedulable") == 2
    assert said.count("node removed by cluster autoscaler") == 2
    assert len(lab.cloud()["machines"]) == 1


def test_a_node_is_drained_with_its_budget_before_it_goes(cloud: Make) -> None:
    lab = cloud(size=2, min=1)
    first, second = lab.nodes()
    lab.run(f"kubectl cordon {second}")
    deploy(lab, replicas=2, cpu="50m", name="api", terminationGracePeriodSeconds=5)
    lab.wait(20)
    lab.run(f"kubectl cordon {first}")
    lab.run(f"kubectl uncordon {second}")
    deploy(lab, replicas=2, cpu="600m", name="big")
    lab.wait(20)
    lab.run(f"kubectl uncordon {first}")
    lab.run("kubectl create poddisruptionbudget api --selector=app=api --max-unavailable=1")
    lab.run("kubectl create poddisruptionbudget dns -n kube-system --selector=k8s-app=kube-dns --max-unavailable=1")
    lab.wait(1_000)
    assert list(lab.nodes()) == [second]
    assert messages(lab, "ScaleDown").count("deleting pod for node scale down") == 2
    assert lab.value("deploy api", "{.status.readyReplicas}") == "2"
    assert f"Scale-down: node {first} removed with drain" in messages(lab, "ScaleDown", "kube-system")


@pytest.mark.parametrize(
    ("annotations", "more", "line", "reason"),
    [
        pytest.param(
            {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"},
            {},
            "",
            "NotSafeToEvictAnnotation",
            id="annotation",
        ),
        pytest.param(
            {}, {"volumes": [{"name": "tmp", "emptyDir": {}}]}, "", "LocalStorageRequested", id="local storage"
        ),
        pytest.param(
            {},
            {},
            "kubectl create poddisruptionbudget web --selector=app=web --min-available=2",
            "NotEnoughPdb",
            id="budget",
        ),
        pytest.param({}, {"nodeSelector": {"special": "yes"}}, "", "NoPlaceToMovePods", id="no place"),
    ],
)
def test_a_node_that_has_to_stay_says_why(
    cloud: Make, annotations: dict[str, str], more: dict[str, Any], line: str, reason: str
) -> None:
    lab = cloud(size=2)
    node = list(lab.nodes())[1]
    other = next(iter(lab.nodes()))
    lab.run(f"kubectl label node {node} special=yes")
    lab.run(f"kubectl cordon {other}")
    deploy(lab, replicas=2, cpu="50m", annotations=annotations, **more)
    lab.wait(20)
    lab.run(f"kubectl uncordon {other}")
    if line:
        lab.run(line)
    lab.wait(30)
    assert autoscaler(lab)["unremovable"][node] == reason
    lab.wait(800)
    assert node in lab.nodes()


def test_a_bare_pod_and_a_system_pod_keep_their_nodes(cloud: Make) -> None:
    lab = cloud(size=2)
    lab.run("kubectl run lone --image=nginx:1.27")
    lab.wait(40)
    reasons = set(autoscaler(lab)["unremovable"].values())
    assert reasons <= {"NotReplicated", "UnmovableKubeSystemPod", "NodeGroupMinSizeReached"}
    assert reasons & {"NotReplicated", "UnmovableKubeSystemPod"}


def test_groups_that_cannot_change_have_no_autoscaler(cloud: Make) -> None:
    lab = cloud(size=2, min=2, max=2)
    assert autoscaler(lab) is None


def test_a_settled_autoscaler_plans_nothing(cloud: Make) -> None:
    lab = cloud(size=1)
    deploy(lab, replicas=2, cpu="600m")
    lab.wait(300)
    before = lab.cluster.revision
    lab.wait(2_000)
    assert lab.cluster.revision == before


@pytest.mark.parametrize("cut", [5, 60, 130, 400, 900])
def test_a_restored_autoscaler_has_the_same_future(cloud: Make, cut: int) -> None:
    lab = cloud("google", size=1)
    deploy(lab, replicas=4)
    lab.wait(cut)
    if cut >= 130:
        lab.run("kubectl scale deployment web --replicas=1")
    straight = lab.cluster
    restored = Cluster.load(straight.dump())
    for one in (straight, restored):
        until = one.now + 900_000_000
        while not one.advance(until):
            continue
    assert restored.state_hash() == straight.state_hash()
