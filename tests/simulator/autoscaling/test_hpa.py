"""Row H1: replicas follow measured load, up at once and down after the window, and every refusal has its words.

Conditions and events follow `pkg/controller/podautoscaler/horizontal.go` and `replica_calculator.go` (1.33).
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from simulator.cluster import Cluster

Make = Callable[..., Any]
UNABLE = "the HPA was unable to compute the replica count: "
NOT_THERE = (
    "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: "
    "the server could not find the requested resource (get pods.metrics.k8s.io)"
)


def condition(lab: Any, type: str, name: str = "web") -> tuple[str, str, str]:
    path = f'{{.status.conditions[?(@.type=="{type}")]'
    status, reason, message = (
        lab.value(f"hpa {name}", path + "." + field + "}") for field in ("status", "reason", "message")
    )
    return status, reason, message


def autoscaler(metrics: list[dict[str, Any]], **spec: Any) -> str:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 10, "metrics": metrics, **spec}
    return json.dumps(
        {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}, "spec": spec}
    )


def cpu(percent: int) -> dict[str, Any]:
    return {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}},
    }


def replicas(lab: Any) -> int:
    return int(lab.value("deploy web", "{.spec.replicas}"))


def test_replicas_follow_the_load_and_come_back_after_the_window(lab: Any) -> None:
    lab.serve(limit="cpu=500m")
    lab.run("kubectl autoscale deployment web --cpu-percent=50 --min=1 --max=10")
    lab.wait(60)
    assert lab.run("kubectl get hpa").splitlines()[1].split()[:7] == [
        "web",
        "Deployment/web",
        "cpu:",
        "0%/50%",
        "1",
        "10",
        "1",
    ]
    assert condition(lab, "ScalingLimited") == (
        "False",
        "DesiredWithinRange",
        "the desired count is within the acceptable range",
    )
    lab.load("default/deployment/web cpu=1")
    lab.wait(45)
    assert replicas(lab) > 1
    events = lab.run("kubectl get events --field-selector=reason=SuccessfulRescale")
    assert "reason: cpu resource utilization (percentage of request) above target" in events
    lab.wait(180)
    assert replicas(lab) == 10
    assert condition(lab, "ScalingActive") == (
        "True",
        "ValidMetricFound",
        "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
    )
    lab.load("default/deployment/web cpu=0")
    lab.wait(300)
    assert replicas(lab) == 10
    assert condition(lab, "AbleToScale") == (
        "True",
        "ScaleDownStabilized",
        "recent recommendations were higher than current one, applying the highest recent recommendation",
    )
    lab.wait(60)
    assert replicas(lab) == 1
    assert "New size: 1; reason: All metrics below target" in lab.run("kubectl describe hpa web")


def test_without_metrics_targets_are_unknown_and_events_say_why(make_lab: Make) -> None:
    lab = make_lab()
    lab.serve()
    lab.run("kubectl autoscale deployment web --cpu-percent=50 --max=3")
    lab.wait(40)
    assert "cpu: <unknown>/50%" in lab.run("kubectl get hpa")
    assert condition(lab, "AbleToScale") == (
        "True",
        "SucceededGetScale",
        "the HPA controller was able to get the target's current scale",
    )
    assert condition(lab, "ScalingActive") == ("False", "FailedGetResourceMetric", UNABLE + NOT_THERE)
    events = lab.run("kubectl get events")
    assert NOT_THERE in events
    assert (
        f"invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: {NOT_THERE}"
        in events
    )


def test_a_failing_autoscaler_falls_silent_after_its_share_of_events(make_lab: Make) -> None:
    """client-go lets an object have 25 events at once and one more every five minutes."""
    lab = make_lab()
    lab.serve()
    lab.run("kubectl autoscale deployment web --cpu-percent=50 --max=3")
    lab.wait(900)
    counts = lab.run(
        "kubectl get events --field-selector=involvedObject.kind=HorizontalPodAutoscaler -o jsonpath='{.items[*].count}'"
    )
    assert sum(int(count) for count in counts.split()) <= 28


@pytest.mark.parametrize(
    ("target", "said"),
    [
        pytest.param(
            {"apiVersion": "apps/v1", "kind": "Deployment", "name": "nobody"},
            'deployments.apps "nobody" not found',
            id="no object",
        ),
        pytest.param(
            {"apiVersion": "apps/v1", "kind": "Sandwich", "name": "web"},
            'no matches for kind "Sandwich" in version "apps/v1"',
            id="no kind",
        ),
    ],
)
def test_a_target_that_cannot_be_read_is_named(lab: Any, target: dict[str, str], said: str) -> None:
    lab.run("kubectl apply -f -", autoscaler([cpu(50)], scaleTargetRef=target))
    lab.wait(20)
    message = f"the HPA controller was unable to get the target's current scale: {said}"
    assert condition(lab, "AbleToScale") == ("False", "FailedGetScale", message)
    events = lab.run("kubectl get events --field-selector=reason=FailedGetScale")
    assert f"FailedGetScale   horizontalpodautoscaler/web   {said}" in events


def test_a_container_without_a_request_is_named(lab: Any) -> None:
    lab.serve(request="")
    lab.run("kubectl autoscale deployment web --cpu-percent=50 --max=3")
    lab.wait(20)
    pod = lab.value("pods", "{.items[0].metadata.name}")
    said = f"failed to get cpu utilization: missing request for cpu in container hpa-example of Pod {pod}"
    assert condition(lab, "ScalingActive") == ("False", "FailedGetResourceMetric", UNABLE + said)


def test_zero_replicas_switch_an_autoscaler_off(lab: Any) -> None:
    lab.serve()
    lab.run("kubectl autoscale deployment web --cpu-percent=50 --max=3")
    lab.run("kubectl scale deployment web --replicas=0")
    lab.wait(40)
    assert condition(lab, "ScalingActive") == (
        "False",
        "ScalingDisabled",
        "scaling is disabled since the replica count of the target is zero",
    )
    assert replicas(lab) == 0


@pytest.mark.parametrize(
    ("given", "bounds", "replicas_", "reason"),
    [
        pytest.param(6, (1, 3), 3, "Current number of replicas above Spec.MaxReplicas", id="above"),
        pytest.param(1, (2, 4), 2, "Current number of replicas below Spec.MinReplicas", id="below"),
    ],
)
def test_bounds_count_before_metrics(
    lab: Any, given: int, bounds: tuple[int, int], replicas_: int, reason: str
) -> None:
    lab.serve(replicas=given)
    lab.run(f"kubectl autoscale deployment web --cpu-percent=50 --min={bounds[0]} --max={bounds[1]}")
    lab.wait(17)
    assert replicas(lab) == replicas_
    assert f"New size: {replicas_}; reason: {reason}" in lab.run("kubectl get events")


def test_two_autoscalers_of_the_same_pods_are_ambiguous(lab: Any) -> None:
    lab.serve()
    for name in ("web", "other"):
        lab.run(f"kubectl autoscale deployment web --name={name} --cpu-percent=50 --max=3")
    lab.wait(60)
    message = "pods by selector app=web are controlled by multiple HPAs: [{other default} {web default}]"
    assert condition(lab, "ScalingActive") == ("False", "AmbiguousSelector", message)


def test_behaviour_is_filled_in_and_paces_the_change(lab: Any) -> None:
    lab.serve(replicas=6, limit="cpu=500m")
    down = {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}
    lab.run("kubectl apply -f -", autoscaler([cpu(50)], behavior={"scaleDown": down}))
    assert json.loads(lab.value("hpa web", "{.spec.behavior}")) == {
        "scaleDown": {"selectPolicy": "Max", **down},
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [
                {"type": "Pods", "value": 4, "periodSeconds": 15},
                {"type": "Percent", "value": 100, "periodSeconds": 15},
            ],
        },
    }
    lab.wait(20)
    assert replicas(lab) == 5
    assert condition(lab, "ScalingLimited") == (
        "True",
        "ScaleDownLimit",
        "the desired replica count is decreasing faster than the maximum scale rate",
    )
    lab.wait(50)
    assert replicas(lab) == 5
    lab.wait(15)
    assert replicas(lab) == 4


@pytest.mark.parametrize(
    ("metric", "set_", "wanted", "shown", "told"),
    [
        pytest.param(
            {
                "type": "Pods",
                "pods": {"metric": {"name": "packets"}, "target": {"type": "AverageValue", "averageValue": "1k"}},
            },
            "default/deployment/web/packets=4k",
            4,
            "1k/1k",
            "pods metric packets",
            id="pods",
        ),
        pytest.param(
            {
                "type": "Object",
                "object": {
                    "metric": {"name": "hits"},
                    "describedObject": {"apiVersion": "v1", "kind": "Service", "name": "web"},
                    "target": {"type": "Value", "value": "100"},
                },
            },
            "default/service/web/hits=300",
            10,
            "300/100",
            "Service metric hits",
            id="object",
        ),
        pytest.param(
            {
                "type": "External",
                "external": {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "30"}},
            },
            "default/queue=150",
            5,
            "30/30 (avg)",
            "external metric queue(nil)",
            id="external",
        ),
        pytest.param(
            {
                "type": "ContainerResource",
                "containerResource": {
                    "name": "cpu",
                    "container": "hpa-example",
                    "target": {"type": "Utilization", "averageUtilization": 50},
                },
            },
            "",
            4,
            "cpu: 50%/50%",
            "cpu container resource utilization (percentage of request)",
            id="container",
        ),
    ],
)
def test_other_kinds_of_metrics(
    make_lab: Make, metric: dict[str, Any], set_: str, wanted: int, shown: str, told: str
) -> None:
    lab = make_lab("metrics-server", "prometheus-adapter")
    lab.serve()
    lab.run("kubectl apply -f -", autoscaler([metric]))
    if set_:
        assert lab.fault("metric", set_)["ok"]
    else:
        lab.load("default/deployment/web cpu=400m")
    lab.wait(200)
    assert replicas(lab) == wanted
    assert shown in lab.run("kubectl get hpa")
    assert (
        condition(lab, "ScalingActive")[2] == f"the HPA was able to successfully calculate a replica count from {told}"
    )


@pytest.mark.parametrize(
    ("metric", "line"),
    [
        pytest.param(
            {
                "type": "Pods",
                "pods": {"metric": {"name": "packets"}, "target": {"type": "AverageValue", "averageValue": "1k"}},
            },
            '"packets" on pods:  <unknown> / 1k',
            id="pods",
        ),
        pytest.param(
            {
                "type": "External",
                "external": {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "30"}},
            },
            '"queue" (target average value):  <unknown> / 30',
            id="external",
        ),
        pytest.param(
            {
                "type": "ContainerResource",
                "containerResource": {
                    "name": "cpu",
                    "container": "hpa-example",
                    "target": {"type": "Utilization", "averageUtilization": 50},
                },
            },
            'resource cpu of container "hpa-example" on pods  (as a percentage of request):  <unknown> / 50%',
            id="container",
        ),
    ],
)
def test_every_kind_of_metric_and_the_behaviour_are_described(lab: Any, metric: dict[str, Any], line: str) -> None:
    """The texts were compared with kubectl 1.33's own."""
    policies = [{"type": "Pods", "value": 1, "periodSeconds": 60}]
    lab.run("kubectl apply -f -", autoscaler([metric], behavior={"scaleDown": {"policies": policies}}))
    described = lab.run("kubectl describe hpa web")
    assert line in described
    assert (
        "  Scale Down:\n    Select Policy: Max\n    Policies:\n      - Type: Pods  Value: 1  Period: 60 seconds\n"
        in described
    )


def test_no_adapter_no_custom_metrics(lab: Any) -> None:
    lab.serve()
    metric = {
        "type": "Pods",
        "pods": {"metric": {"name": "packets"}, "target": {"type": "AverageValue", "averageValue": "1k"}},
    }
    lab.run("kubectl apply -f -", autoscaler([metric]))
    lab.wait(20)
    said = (
        "unable to get metric packets: unable to fetch metrics from custom metrics API: "
        "no custom metrics API (custom.metrics.k8s.io) registered"
    )
    assert condition(lab, "ScalingActive") == ("False", "FailedGetPodsMetric", UNABLE + said)


def shared(kind: str, **target: str) -> dict[str, Any]:
    """An Object or External metric that nobody gives."""
    body: dict[str, Any] = {"metric": {"name": "queue"}, "target": target}
    if kind == "Object":
        body["describedObject"] = {"apiVersion": "v1", "kind": "Service", "name": "web"}
    return {"type": kind, kind.lower(): body}


def container_metric(**target: Any) -> dict[str, Any]:
    return {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "web", "target": target}}


@pytest.mark.parametrize(
    ("metric", "first"),
    [
        pytest.param(
            container_metric(type="AverageValue", averageValue="1"),
            "failed to get web container metric value: failed to get cpu usage: ",
            id="usage in a container",
        ),
        pytest.param(
            container_metric(type="Utilization", averageUtilization=50),
            "failed to get web container metric value: failed to get cpu utilization: ",
            id="utilization in a container",
        ),
        pytest.param(
            shared("Object", type="Value", value="10"),
            "failed to get object metric value: unable to get metric queue: ",
            id="value of an object",
        ),
        pytest.param(
            shared("Object", type="AverageValue", averageValue="10"),
            "failed to get object metric value: failed to get queue object metric: unable to get metric queue: ",
            id="value of an object, shared by pods",
        ),
        pytest.param(
            shared("External", type="Value", value="10"),
            "failed to get queue external metric value: failed to get external metric queue: unable to get external metric ",
            id="external value",
        ),
        pytest.param(
            shared("External", type="AverageValue", averageValue="10"),
            "failed to get queue external metric value: failed to get queue external metric: unable to get external metric ",
            id="external value, shared by pods",
        ),
    ],
)
def test_the_event_says_which_way_the_metric_failed(lab: Any, metric: dict[str, Any], first: str) -> None:
    lab.serve()
    lab.run("kubectl apply -f -", autoscaler([metric]))
    lab.wait(20)
    said = lab.run("kubectl get events --field-selector=reason=FailedComputeMetricsReplicas")
    assert f"invalid metrics (1 invalid out of 1), first error is: {first}" in said


def test_a_settled_autoscaler_plans_nothing_and_wakes_on_its_beat(lab: Any) -> None:
    lab.serve(limit="cpu=500m")
    lab.run("kubectl autoscale deployment web --cpu-percent=50 --max=10")
    lab.wait(1_000)
    before, revision = lab.cluster.ev, lab.cluster.revision
    lab.wait(1_500)
    assert (lab.cluster.ev, lab.cluster.revision) == (before, revision)
    assert condition(lab, "ScalingLimited")[:2] == ("True", "TooFewReplicas")
    lab.load("default/deployment/web cpu=1")
    lab.wait(30)
    assert replicas(lab) == 4


@pytest.mark.parametrize("cut", [0, 7, 40, 95, 240, 480])
def test_a_restored_autoscaler_has_the_same_future(make_lab: Make, cut: int) -> None:
    lab = make_lab("metrics-server", workers=2)
    lab.serve(limit="cpu=500m")
    lab.run("kubectl autoscale deployment web --cpu-percent=50 --max=6")
    lab.load("default/deployment/web cpu=700m requests=3")
    lab.wait(cut)
    straight = lab.cluster
    restored = Cluster.load(straight.dump())
    assert restored.dump() == straight.dump()
    for one in (straight, restored):
        one.apply({"kind": "fault", "fault": "load", "target": "default/deployment/web cpu=100m"})
        until = one.now + 500_000_000
        while not one.advance(until):
            continue
    assert restored.state_hash() == straight.state_hash()
