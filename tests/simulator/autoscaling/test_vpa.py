"""Row H3: what containers use is recommended, and pods are made anew with it."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from simulator.cluster import Cluster

Make = Callable[..., Any]
MIB = 1 << 20


@pytest.fixture
def lab(make_lab: Make) -> Any:
    return make_lab("metrics-server", "vertical-pod-autoscaler", workers=2)


def vpa(lab: Any, mode: str, **spec: Any) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    given = {"targetRef": target, "updatePolicy": {"updateMode": mode}, **spec}
    obj = {
        "apiVersion": "autoscaling.k8s.io/v1",
        "kind": "VerticalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": given,
    }
    lab.run("kubectl apply -f -", json.dumps(obj))


def requests(lab: Any) -> set[str]:
    return set(lab.value("pods -l app=web", "{.items[*].spec.containers[0].resources.requests.cpu}").split())


def test_what_is_used_is_recommended_and_pods_are_made_anew_with_it(lab: Any) -> None:
    lab.serve(replicas=2, request="cpu=100m", limit="cpu=1")
    vpa(lab, "Recreate")
    lab.load("default/deployment/web cpu=800m")
    lab.wait(300)
    assert lab.run("kubectl get vpa --no-headers").split()[:5] == ["web", "Recreate", "476m", "262144k", "True"]
    assert requests(lab) == {"476m"}
    limits = lab.value("pods -l app=web", "{.items[0].spec.containers[0].resources.limits.cpu}")
    assert limits == "4760m"
    updates = lab.value("pods -l app=web", "{.items[0].metadata.annotations.vpaUpdates}")
    assert updates == "Pod resources updated by web: container 0: cpu request, memory request"
    said = lab.run("kubectl get events")
    assert "Pod was evicted by VPA Updater to apply resource recommendation." in said
    assert re.search(
        r"EvictedPod +verticalpodautoscaler/web +VPA Updater evicted Pod web-\S+ to apply resource recommendation\.",
        said,
    )
    assert lab.value("deploy web", "{.spec.template.spec.containers[0].resources.requests.cpu}") == "100m"
    assert lab.value("deploy web", "{.status.readyReplicas}") == "2"


@pytest.mark.parametrize(
    ("mode", "before", "after_delete"),
    [
        pytest.param("Off", {"100m"}, {"100m"}, id="only says"),
        pytest.param("Initial", {"100m"}, {"476m"}, id="new pods only"),
        pytest.param("Recreate", {"476m"}, {"476m"}, id="evicts"),
        pytest.param("InPlaceOrRecreate", {"476m"}, {"476m"}, id="resizes in place"),
    ],
)
def test_modes(lab: Any, mode: str, before: set[str], after_delete: set[str]) -> None:
    lab.serve(replicas=2, request="cpu=100m")
    vpa(lab, mode)
    lab.load("default/deployment/web cpu=800m")
    lab.wait(300)
    assert requests(lab) == before
    lab.run("kubectl delete pods -l app=web")
    lab.wait(60)
    assert requests(lab) == after_delete


def test_a_pod_within_its_range_is_left_alone_for_twelve_hours(lab: Any) -> None:
    lab.serve(replicas=2, request="cpu=600m,memory=262144k")
    vpa(lab, "Recreate")
    lab.load("default/deployment/web cpu=800m")
    lab.wait(11 * 3_600)
    assert requests(lab) == {"600m"}
    lab.wait(2 * 3_600)
    assert requests(lab) == {"476m"}


def test_without_its_updater_nothing_is_evicted(lab: Any) -> None:
    lab.run("kubectl scale deployment vpa-updater -n kube-system --replicas=0")
    lab.serve(replicas=2, request="cpu=100m")
    vpa(lab, "Recreate")
    lab.load("default/deployment/web cpu=800m")
    lab.wait(300)
    assert requests(lab) == {"100m"}
    assert lab.value("vpa web", "{.status.recommendation.containerRecommendations[0].target.cpu}") == "476m"


def test_a_policy_bounds_what_is_recommended(lab: Any) -> None:
    lab.serve(replicas=2, request="cpu=100m")
    policy = {"containerName": "*", "maxAllowed": {"cpu": "300m"}, "controlledResources": ["cpu"]}
    vpa(lab, "Off", resourcePolicy={"containerPolicies": [policy]})
    lab.load("default/deployment/web cpu=800m")
    lab.wait(200)
    path = "{.status.recommendation.containerRecommendations[0].target} {.status.recommendation.containerRecommendations[0].uncappedTarget}"
    assert lab.value("vpa web", path) == '{"cpu":"300m"} {"cpu":"476m"}'


def test_no_pods_no_recommendation(lab: Any) -> None:
    vpa(lab, "Off")
    lab.wait(90)
    said = lab.value("vpa web", "{range .status.conditions[*]}{.type}={.status} {.reason}: {.message}|{end}")
    why = "NoPodsMatched: No pods match this VPA object"
    assert said == f"NoPodsMatched=True {why}|RecommendationProvided=False {why}|"
    lab.serve(replicas=2, request="cpu=100m")
    lab.wait(90)
    assert (
        lab.value("vpa web", "{.status.conditions[*].type}={.status.conditions[*].status}")
        == "RecommendationProvided=True"
    )


BOUNDS = " ".join(
    f"{{.status.recommendation.containerRecommendations[0].{part}.cpu}}"
    for part in ("target", "lowerBound", "upperBound")
)


def test_bounds_are_wide_at_first_and_close_in(lab: Any) -> None:
    lab.serve(replicas=2, request="cpu=100m")
    lab.load("default/deployment/web cpu=800m")
    lab.wait(60)
    vpa(lab, "Off")
    lab.wait(65)
    assert lab.value("vpa web", BOUNDS) == "476m 25m 100G"
    lab.wait(86_400)
    target, lower, upper = lab.value("vpa web", BOUNDS).split()
    assert (target, lower) == ("476m", "475m")
    assert 952 <= int(upper.removesuffix("m")) <= 1_300


def test_a_load_that_is_gone_is_forgotten_when_a_tenth_of_the_weight_is_left_of_it(lab: Any) -> None:
    lab.serve(replicas=2, request="cpu=100m")
    vpa(lab, "Off")
    lab.load("default/deployment/web cpu=800m")
    lab.wait(3_600)
    lab.load("default/deployment/web cpu=0")
    lab.wait(7 * 3_600)
    assert lab.value("vpa web", BOUNDS).split()[0] == "476m", "an hour of eight is more than a tenth, though it decays"
    lab.wait(3_600)
    assert lab.value("vpa web", BOUNDS).split()[0] == "25m"


def test_a_container_that_is_killed_for_want_of_memory_gets_more(lab: Any) -> None:
    lab.run("kubectl create deployment web --image=registry.k8s.io/hpa-example --replicas=2")
    lab.run("kubectl set resources deployment web --requests=memory=300Mi --limits=memory=300Mi")
    lab.wait(60)
    vpa(lab, "Off")
    lab.wait(120)
    path = "{.status.recommendation.containerRecommendations[0].target.memory}"
    assert lab.value("vpa web", path) == "262144k"
    lab.load("default/deployment/web memory=800Mi")
    lab.wait(200)
    assert "OOMKilled" in lab.value(
        "pods -l app=web", "{.items[*].status.containerStatuses[0].lastState.terminated.reason}"
    )
    assert int(lab.value("vpa web", path).removesuffix("k")) > 419_430, "300Mi and 100Mi, and the margin"


def test_an_idle_autoscaler_is_looked_at_ever_more_seldom(lab: Any) -> None:
    lab.serve(replicas=2, request="cpu=100m")
    vpa(lab, "Off")
    lab.wait(8 * 86_400)
    before = int(lab.value("vpa web", "{.metadata.resourceVersion}"))
    lab.wait(86_400)
    assert int(lab.value("vpa web", "{.metadata.resourceVersion}")) - before < 40


@pytest.mark.parametrize("cut", [30, 130, 200])
def test_a_restored_autoscaler_has_the_same_future(lab: Any, cut: int) -> None:
    lab.serve(replicas=2, request="cpu=100m")
    vpa(lab, "Recreate")
    lab.load("default/deployment/web cpu=800m")
    lab.wait(cut)
    straight = lab.cluster
    restored = Cluster.load(straight.dump())
    for one in (straight, restored):
        until = one.now + 400_000_000
        while not one.advance(until):
            continue
    assert restored.state_hash() == straight.state_hash()


def test_a_pod_is_resized_where_it_runs_and_goes_on_running(lab: Any) -> None:
    lab.serve(replicas=2, request="cpu=100m,memory=200Mi", limit="cpu=1,memory=400Mi")
    vpa(lab, "InPlaceOrRecreate")
    before = lab.value("pods -l app=web", "{.items[*].metadata.uid}")
    lab.load("default/deployment/web cpu=800m")
    lab.wait(400)
    assert requests(lab) == {"476m"}
    assert lab.value("pods -l app=web", "{.items[*].metadata.uid}") == before
    assert lab.value("pods -l app=web", "{.items[*].status.containerStatuses[0].restartCount}") == "0 0"
    assert lab.value("pods -l app=web", "{.items[*].status.containerStatuses[0].resources.requests.cpu}") == "476m 476m"
    assert lab.value("pods -l app=web", "{.items[*].metadata.annotations.vpaInPlaceUpdated}") == "true true"
    said = lab.run("kubectl get events")
    assert "Pod was resized in place by VPA Updater." in said
    assert "evicted by VPA" not in said


def test_a_pod_whose_memory_limit_would_shrink_is_evicted(lab: Any) -> None:
    """v1.33 refuses it where the container need not restart: `validateContainerResize`."""
    lab.serve(replicas=2, request="cpu=100m,memory=300Mi", limit="cpu=1,memory=600Mi")
    vpa(lab, "InPlaceOrRecreate")
    lab.load("default/deployment/web cpu=800m")
    lab.wait(400)
    assert requests(lab) == {"476m"}
    assert "resized in place" not in lab.run("kubectl get events")
    assert "Pod was evicted by VPA Updater to apply resource recommendation." in lab.run("kubectl get events")


def test_a_pod_whose_node_is_too_small_for_the_resize_is_evicted(make_lab: Make) -> None:
    lab = make_lab("metrics-server", "vertical-pod-autoscaler", workers=2)
    lab.serve(replicas=2, request="cpu=100m", limit="cpu=1")
    vpa(
        lab,
        "InPlaceOrRecreate",
        resourcePolicy={"containerPolicies": [{"containerName": "*", "minAllowed": {"cpu": "60"}}]},
    )
    lab.load("default/deployment/web cpu=800m")
    lab.wait(300)
    said = lab.run("kubectl get events")
    assert "Pod was resized in place by VPA Updater." in said
    assert "Pod was evicted by VPA Updater to apply resource recommendation." in said
