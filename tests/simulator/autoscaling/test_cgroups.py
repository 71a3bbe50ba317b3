"""Row T2: limits are enforced twice, on each container and on the pod that holds them."""

import json
from typing import Any

import pytest

Obj = dict[str, Any]


def apply(lab: Any, **resources: Obj) -> None:
    images = {"one": "redis:7", "two": "nginx:1.27"}
    containers = [{"name": name, "image": images[name], "resources": each} for name, each in resources.items()]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "two"}, "spec": {"containers": containers}}
    lab.run("kubectl apply -f -", json.dumps(pod))
    lab.wait(20)


def groups(lab: Any) -> Obj:
    found: Obj = lab.cluster.apply({"kind": "cgroups", "namespace": "default", "name": "two"})["pod"]
    return found


def test_a_pods_group_holds_those_of_its_containers(lab: Any) -> None:
    limits = {"limits": {"cpu": "500m", "memory": "64Mi"}, "requests": {"cpu": "100m", "memory": "32Mi"}}
    apply(lab, one=limits, two=limits)
    pod = groups(lab)
    assert pod["qosClass"] == "Burstable"
    assert pod["path"].startswith("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod")
    assert (pod["cpu.max"], pod["memory.max"], pod["cpu.weight"]) == ("100000 100000", str(128 << 20), 8)
    assert [one["name"] for one in pod["containers"]] == ["one", "two"]
    for one in pod["containers"]:
        assert (one["cpu.max"], one["memory.max"], one["cpu.weight"]) == ("50000 100000", str(64 << 20), 4)
    assert [one["cpuUsed"] for one in pod["containers"]] == [2, 1]
    assert pod["cpuUsed"] == 3
    assert pod["memoryUsed"] == sum(one["memoryUsed"] for one in pod["containers"]) > 9_000_000


@pytest.mark.parametrize(
    ("one", "quality", "cpu", "memory"),
    [
        pytest.param(
            {"limits": {"cpu": "1", "memory": "64Mi"}}, "Guaranteed", "200000 100000", str(128 << 20), id="all"
        ),
        pytest.param({"requests": {"cpu": "1"}}, "Burstable", "max", "max", id="one has none"),
        pytest.param({"limits": {"memory": "64Mi"}}, "Burstable", "max", str(128 << 20), id="no limit on CPU"),
    ],
)
def test_a_pod_has_a_limit_when_all_its_containers_have_one(
    lab: Any, one: Obj, quality: str, cpu: str, memory: str
) -> None:
    apply(lab, one=one, two={"limits": {"cpu": "1", "memory": "64Mi"}})
    pod = groups(lab)
    assert (pod["qosClass"], pod["cpu.max"], pod["memory.max"]) == (quality, cpu, memory)


def test_a_pod_that_is_not_there_is_named(lab: Any) -> None:
    reply = lab.cluster.apply({"kind": "cgroups", "namespace": "default", "name": "two"})
    assert reply["error"]["message"] == "name: found 'two', wanted a pod in default"
