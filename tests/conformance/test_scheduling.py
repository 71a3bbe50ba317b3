"""Statements of sig-scheduling: LimitRanges, predicates, preemption (`test/e2e/scheduling`)."""

from typing import Any

import pytest

from simulator.machinery.quantities import milli
from tests.conformance.conftest import CORE, PAUSE, PODS, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
SIG = "[sig-scheduling]"
NODES = "/api/v1/nodes"
CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"
WORKERS = ("kind-worker", "kind-worker2")
#: Nodes tell their capacity of anything that a test writes into their status.
FOO = "scheduling.k8s.io/foo"


def _amounts(cpu: str, memory: str, storage: str) -> Obj:
    return {"cpu": cpu, "memory": memory, "ephemeral-storage": storage}


def _condition(pod: Obj, kind: str) -> Obj:
    return next(one for one in pod["status"]["conditions"] if one["type"] == kind)


def _give(suite: Suite, amount: str, resource: str = FOO) -> None:
    for name in WORKERS:
        status = {"capacity": {resource: amount}, "allocatable": {resource: amount}}
        suite.do("PATCH", f"{NODES}/{name}/status", {"status": status})


def _priorities(suite: Suite, **values: int) -> None:
    for name, value in values.items():
        suite.made(CLASSES, name, value=value)


def _asking(amount: str, resource: str = FOO) -> Obj:
    return {"name": "c", "image": PAUSE, "resources": {"requests": {resource: amount}, "limits": {resource: amount}}}


# LimitRanges


def _limits(minimum: Obj) -> Obj:
    item = {
        "type": "Container",
        "min": minimum,
        "max": _amounts("500m", "500Mi", "500Gi"),
        "default": _amounts("500m", "500Mi", "500Gi"),
        "defaultRequest": _amounts("100m", "200Mi", "200Gi"),
    }
    return {"limits": [item]}


def _with(requests: Obj | None, limits: Obj | None = None) -> Obj:
    amounts = {key: value for key, value in (("requests", requests), ("limits", limits)) if value}
    return {"containers": [{"name": "c", "image": PAUSE, "resources": amounts}]}


@conforms(
    f"{SIG} LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied. [Conformance]"
)
def test_a_limit_range_gives_defaults_and_holds_its_bounds(suite: Suite) -> None:
    path = f"{CORE}/limitranges"
    start = suite.do("GET", path)["metadata"]["resourceVersion"]
    made = suite.made(path, "limit-range", spec=_limits(_amounts("50m", "100Mi", "100Gi")))
    assert suite.watch(path, start) == [("ADDED", "limit-range")]
    assert suite.do("GET", f"{path}/limit-range")["spec"] == made["spec"]

    def create(name: str, requests: Obj | None, limits: Obj | None = None) -> Obj:
        return suite.ask("POST", PODS, {"metadata": {"name": name}, "spec": _with(requests, limits)})

    def amounts(reply: Obj) -> Obj:
        assert reply["status"] == 201, reply["body"]
        return dict(reply["body"]["spec"]["containers"][0]["resources"])

    defaults = {"requests": _amounts("100m", "200Mi", "200Gi"), "limits": _amounts("500m", "500Mi", "500Gi")}
    assert amounts(create("pod-no-resources", None)) == defaults
    partial = amounts(
        create("pod-partial-resources", {"memory": "150Mi", "ephemeral-storage": "150Gi"}, {"cpu": "300m"})
    )
    # A limit of its own is the request too; what is not named comes from the range.
    assert partial == {"requests": _amounts("300m", "150Mi", "150Gi"), "limits": _amounts("300m", "500Mi", "500Gi")}
    assert create("pod-too-small", _amounts("10m", "50Mi", "50Gi"))["status"] == 403
    assert create("pod-too-large", _amounts("600m", "600Mi", "600Gi"))["status"] in (403, 422)
    changed = _limits(_amounts("9m", "49Mi", "49Gi"))
    suite.do("PUT", f"{path}/limit-range", {**made, "spec": changed})
    assert suite.do("GET", f"{path}/limit-range")["spec"]["limits"][0]["min"] == _amounts("9m", "49Mi", "49Gi")
    assert create("pod-small", _amounts("10m", "50Mi", "50Gi"))["status"] == 201
    assert create("pod-too-large", _amounts("600m", "600Mi", "600Gi"))["status"] in (403, 422)
    suite.do("DELETE", f"{path}/limit-range")
    assert suite.do("GET", path)["items"] == []
    assert create("pod-large", _amounts("600m", "600Mi", "600Gi"))["status"] == 201


@conforms(f"{SIG} LimitRange should list, patch and delete a LimitRange by collection [Conformance]")
def test_limit_ranges_of_two_namespaces(suite: Suite) -> None:
    suite.do("POST", "/api/v1/namespaces", {"metadata": {"name": "other"}})
    other = "/api/v1/namespaces/other/limitranges"
    spec, labels = _limits(_amounts("50m", "100Mi", "100Gi")), {"labels": {"e2e": "range"}}
    suite.made(f"{CORE}/limitranges", "range", metadata=labels, spec=spec)
    suite.made(other, "range", metadata=labels, spec=spec)

    def listed() -> list[str]:
        found = suite.do("GET", "/api/v1/limitranges", labelSelector="e2e=range")["items"]
        return [one["metadata"]["namespace"] for one in found]

    assert listed() == ["default", "other"]
    limits = [{**spec["limits"][0], "min": _amounts("40m", "100Mi", "100Gi")}]
    patched = suite.do(
        "PATCH", f"{CORE}/limitranges/range", {"metadata": {"labels": {"range": "patched"}}, "spec": {"limits": limits}}
    )
    assert (patched["metadata"]["labels"]["range"], patched["spec"]["limits"][0]["min"]["cpu"]) == ("patched", "40m")
    suite.do("DELETE", f"{CORE}/limitranges", labelSelector="range=patched")
    assert listed() == ["other"]


# Predicates


@conforms(f"{SIG} SchedulerPredicates [Serial] validates resource limits of pods that are allowed to run [Conformance]")
def test_a_pod_too_many_is_not_scheduled(suite: Suite) -> None:
    node = suite.do("GET", f"{NODES}/kind-worker")
    running = suite.do("GET", "/api/v1/pods", fieldSelector="spec.nodeName=kind-worker")["items"]
    used = sum(
        milli(one.get("resources", {}).get("requests", {}).get("cpu", "0"))
        for pod in running
        for one in pod["spec"]["containers"]
    )
    left = milli(node["status"]["allocatable"]["cpu"]) - used
    suite.do("PATCH", f"{NODES}/kind-worker", {"metadata": {"labels": {"node": "filled"}}})
    selector = {"node": "filled"}

    def filler(share: float) -> Obj:
        cpu = f"{int(left * share)}m"
        return {"name": "c", "image": PAUSE, "resources": {"requests": {"cpu": cpu}, "limits": {"cpu": cpu}}}

    assert suite.pod("filler", filler(0.7), nodeSelector=selector)["status"]["phase"] == "Running"
    pod = suite.pod("additional-pod", filler(0.5), nodeSelector=selector)
    scheduled = _condition(pod, "PodScheduled")
    assert (pod["status"]["phase"], scheduled["status"], scheduled["reason"]) == ("Pending", "False", "Unschedulable")
    assert "1 Insufficient cpu" in scheduled["message"]
    events = suite.do("GET", f"{CORE}/events", fieldSelector="involvedObject.name=additional-pod")["items"]
    assert [one["reason"] for one in events] == ["FailedScheduling"]


@conforms(f"{SIG} SchedulerPredicates [Serial] validates that NodeSelector is respected if matching [Conformance]")
def test_a_matching_node_selector_is_respected(suite: Suite) -> None:
    suite.do("PATCH", f"{NODES}/kind-worker2", {"metadata": {"labels": {"kubernetes.io/e2e": "42"}}})
    pod = suite.pod("with-labels", nodeSelector={"kubernetes.io/e2e": "42"})
    assert (pod["spec"]["nodeName"], pod["status"]["phase"]) == ("kind-worker2", "Running")


@conforms(f"{SIG} SchedulerPredicates [Serial] validates that NodeSelector is respected if not matching [Conformance]")
def test_without_a_matching_node_a_pod_waits(suite: Suite) -> None:
    pod = suite.pod("restricted-pod", nodeSelector={"label": "nonempty"})
    assert pod["status"]["phase"] == "Pending"
    assert _condition(pod, "PodScheduled")["message"].startswith("0/3 nodes are available: ")
    assert "2 node(s) didn't match Pod's node affinity/selector" in _condition(pod, "PodScheduled")["message"]


def _on_port(suite: Suite, name: str, host_ip: str | None, node: str = "kind-worker") -> Obj:
    port = {"containerPort": 80, "hostPort": 54322, "protocol": "TCP", **({"hostIP": host_ip} if host_ip else {})}
    return suite.pod(
        name, {"name": "c", "image": PAUSE, "ports": [port]}, nodeSelector={"kubernetes.io/hostname": node}
    )


@conforms(
    f"{SIG} SchedulerPredicates [Serial] validates that there exists conflict between pods with same hostPort and protocol but "
    "one using 0.0.0.0 hostIP [Conformance]"
)
def test_the_address_0_0_0_0_is_every_address(suite: Suite) -> None:
    assert _on_port(suite, "pod4", None)["status"]["phase"] == "Running"
    pod = _on_port(suite, "pod5", "127.0.0.1")
    assert pod["status"]["phase"] == "Pending"
    assert "1 node(s) didn't have free ports for the requested pod ports" in _condition(pod, "PodScheduled")["message"]


# Preemption


def _full_nodes(suite: Suite) -> None:
    """Both workers have five of something: two are with a pod of low priority on the first, three and more with medium ones."""
    _give(suite, "5")
    _priorities(suite, low=1, medium=100, high=1000)
    for number, (name, amount) in enumerate(
        [(WORKERS[0], "2"), (WORKERS[1], "2"), (WORKERS[0], "3"), (WORKERS[1], "3")]
    ):
        priority = "medium" if number else "low"
        pod = suite.pod(
            f"pod{number}", _asking(amount), priorityClassName=priority, nodeSelector={"kubernetes.io/hostname": name}
        )
        assert pod["status"]["phase"] == "Running"


def _names(suite: Suite) -> list[str]:
    return [
        pod["metadata"]["name"] for pod in suite.do("GET", PODS)["items"] if "deletionTimestamp" not in pod["metadata"]
    ]


@conforms(f"{SIG} SchedulerPreemption [Serial] validates basic preemption works [Conformance]")
def test_a_pod_of_high_priority_takes_the_place_of_a_low_one(suite: Suite) -> None:
    _full_nodes(suite)
    pod = suite.pod("preemptor-pod", _asking("2"), priorityClassName="high", wait=60)
    assert (pod["status"]["phase"], pod["spec"]["nodeName"]) == ("Running", "kind-worker")
    assert _names(suite) == ["pod1", "pod2", "pod3", "preemptor-pod"]


@conforms(f"{SIG} SchedulerPreemption [Serial] validates lower priority pod preemption by critical pod [Conformance]")
def test_a_critical_pod_takes_the_place_of_a_low_one(suite: Suite) -> None:
    _full_nodes(suite)
    path = "/api/v1/namespaces/kube-system/pods"
    suite.made(
        path, "critical-pod", spec={"containers": [_asking("2")], "priorityClassName": "system-cluster-critical"}
    )
    suite.wait(60)
    pod = suite.do("GET", f"{path}/critical-pod")
    assert (pod["status"]["phase"], pod["spec"]["nodeName"]) == ("Running", "kind-worker")
    assert _names(suite) == ["pod1", "pod2", "pod3"]


@conforms(
    f"{SIG} SchedulerPreemption [Serial] validates pod disruption condition is added to the preempted pod [Conformance]"
)
def test_a_preempted_pod_says_so(suite: Suite) -> None:
    _give(suite, "1")
    _priorities(suite, low=1, high=1000)
    selector = {"kubernetes.io/hostname": "kind-worker"}
    finalizers = {"finalizers": ["test.k8s.io/finalizer"]}
    suite.pod("victim", _asking("1"), metadata=finalizers, priorityClassName="low", nodeSelector=selector)
    suite.pod("preemptor", _asking("1"), priorityClassName="high", nodeSelector=selector, wait=60)
    victim = suite.do("GET", f"{PODS}/victim")
    found = _condition(victim, "DisruptionTarget")
    assert (found["status"], found["reason"]) == ("True", "PreemptionByScheduler")
    assert victim["metadata"]["deletionTimestamp"]
    suite.do("PATCH", f"{PODS}/victim", {"metadata": {"finalizers": None}})
    suite.wait(60)
    assert _names(suite) == ["preemptor"]
    assert suite.do("GET", f"{PODS}/preemptor")["status"]["phase"] == "Running"


@conforms(
    f"{SIG} SchedulerPreemption [Serial] PreemptionExecutionPath runs ReplicaSets to verify preemption running path [Conformance]"
)
def test_replica_sets_of_four_priorities(suite: Suite) -> None:
    cpu = "example.com/fakecpu"
    status = {"capacity": {cpu: "1000"}, "allocatable": {cpu: "1000"}}
    suite.do("PATCH", f"{NODES}/kind-worker/status", {"status": status})
    _priorities(suite, p1=1, p2=2, p3=3, p4=4)
    start = suite.do("GET", PODS)["metadata"]["resourceVersion"]

    def replica_set(number: int, amount: str) -> None:
        labels = {"name": f"pod{number}"}
        spec = {
            "containers": [_asking(amount, cpu)],
            "priorityClassName": f"p{number}",
            "nodeSelector": {"kubernetes.io/hostname": "kind-worker"},
            "terminationGracePeriodSeconds": 0,
        }
        template = {"metadata": {"labels": labels}, "spec": spec}
        path = "/apis/apps/v1/namespaces/default/replicasets"
        suite.made(
            path, f"rs-pod{number}", spec={"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
        )
        suite.wait(30)

    def seen() -> dict[str, int]:
        made = [name.rsplit("-", 1)[0] for kind, name in suite.watch(PODS, start) if kind == "ADDED"]
        return {name: made.count(name) for name in dict.fromkeys(made)}

    for number, amount in ((1, "200"), (2, "300"), (3, "450")):
        replica_set(number, amount)
    assert seen() == {"rs-pod1": 1, "rs-pod2": 1, "rs-pod3": 1}
    assert {pod["status"]["phase"] for pod in suite.do("GET", PODS)["items"]} == {"Running"}
    replica_set(4, "500")
    phases = {pod["metadata"]["labels"]["name"]: pod["status"]["phase"] for pod in suite.do("GET", PODS)["items"]}
    assert phases == {"pod1": "Pending", "pod2": "Pending", "pod3": "Running", "pod4": "Running"}
    assert seen() == {"rs-pod1": 2, "rs-pod2": 2, "rs-pod3": 1, "rs-pod4": 1}


@conforms(
    f"{SIG} SchedulerPreemption [Serial] PriorityClass endpoints verify PriorityClass endpoints can be operated with different "
    "HTTP methods [Conformance]"
)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_priority_class_changes_all_but_its_value(suite: Suite, method: str) -> None:
    _priorities(suite, p1=1, p2=2)
    listed = [one["metadata"]["name"] for one in suite.do("GET", CLASSES)["items"]]
    assert [name for name in listed if name in ("p1", "p2")] == ["p1", "p2"]
    for name in ("p1", "p2"):
        found = suite.do("GET", f"{CLASSES}/{name}")

        def change(found: Obj = found, **fields: object) -> Obj:
            body = {**found, **fields} if method == "PUT" else dict(fields)
            return suite.ask(method, f"{CLASSES}/{found['metadata']['name']}", body)

        changed = change(description=f"{name} by {method}")
        assert (changed["status"], changed["body"]["description"]) == (200, f"{name} by {method}")
        refused = change(
            value=found["value"] * 10, **({"metadata": changed["body"]["metadata"]} if method == "PUT" else {})
        )
        assert (refused["status"], refused["body"]["reason"]) == (422, "Invalid")
        assert suite.do("GET", f"{CLASSES}/{name}")["value"] == found["value"]
