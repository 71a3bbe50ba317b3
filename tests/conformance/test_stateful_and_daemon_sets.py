"""sig-apps: statements about StatefulSets, DaemonSets and their revisions."""

import pytest

from tests.conformance.conftest import BUSYBOX, PODS, WEB, Suite
from tests.conformance.statements import conforms
from tests.conformance.workloads import (
    APPS,
    DAEMONS,
    LABELS,
    SETS,
    SIG,
    Obj,
    images_of,
    make_workload,
    names_of,
    owner_of,
    pods_of,
    template_of,
    update_image,
)

# Stateful sets


@conforms(
    f"{SIG} StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Scaling should happen in predictable order and halt "
    "if any stateful pod is unhealthy [Slow] [Conformance]",
    f"{SIG} StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Burst scaling should run to completion even with "
    "unhealthy pods [Slow] [Conformance]",
)
@pytest.mark.parametrize("policy", ["OrderedReady", "Parallel"])
def test_sick_pods_halt_ordered_scaling_only(suite: Suite, policy: str) -> None:
    probe = {
        "exec": {"command": ["cat", "/tmp/healthy"]},
        "periodSeconds": 1,
        "successThreshold": 1,
        "failureThreshold": 1,
    }
    template = template_of(BUSYBOX)
    template["spec"]["containers"][0].update(
        command=["sh", "-c", "touch /tmp/healthy; sleep 36000"], readinessProbe=probe
    )
    start = suite.do("GET", PODS)["metadata"]["resourceVersion"]
    make_workload(suite, SETS, podManagementPolicy=policy, template=template)
    suite.inside("one-0", "rm /tmp/healthy")
    suite.wait(10)
    suite.do("PATCH", f"{SETS}/one/scale", {"spec": {"replicas": 3}})
    suite.wait(40)
    burst = policy == "Parallel"
    assert names_of(pods_of(suite)) == (["one-0", "one-1", "one-2"] if burst else ["one-0"])
    suite.inside("one-0", "touch /tmp/healthy")
    suite.wait(60)
    assert [name for kind, name in suite.watch(PODS, start) if kind == "ADDED"] == ["one-0", "one-1", "one-2"]
    for pod in pods_of(suite):
        suite.inside(pod["metadata"]["name"], "rm /tmp/healthy")
    suite.wait(10)
    middle = suite.do("GET", PODS)["metadata"]["resourceVersion"]
    suite.do("PATCH", f"{SETS}/one/scale", {"spec": {"replicas": 0}})
    suite.wait(90)
    if not burst:
        assert len(pods_of(suite)) == 3, "scaling down waits as well"
        for pod in pods_of(suite):
            suite.inside(pod["metadata"]["name"], "touch /tmp/healthy")
        suite.wait(200)
        gone = [name for kind, name in suite.watch(PODS, middle) if kind == "DELETED"]
        assert gone == ["one-2", "one-1", "one-0"]
    assert pods_of(suite) == []


@conforms(
    f"{SIG} StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform rolling updates and roll backs of "
    "template modifications [Conformance]"
)
def test_a_stateful_set_rolls_forth_and_back(suite: Suite) -> None:
    first = make_workload(suite, SETS, replicas=3, wait=60)["status"]
    assert first["currentRevision"] == first["updateRevision"]
    start = suite.do("GET", PODS)["metadata"]["resourceVersion"]
    update_image(suite, SETS, "nginx:1.26")
    suite.wait(0.2)
    during = suite.do("GET", f"{SETS}/one")["status"]
    assert during["currentRevision"] == first["currentRevision"] != during["updateRevision"]
    suite.wait(300)
    second = suite.do("GET", f"{SETS}/one")["status"]
    assert second["currentRevision"] == second["updateRevision"] == during["updateRevision"]
    assert images_of(pods_of(suite)) == {"nginx:1.26"}
    gone = [name for kind, name in suite.watch(PODS, start) if kind == "DELETED"]
    assert gone == ["one-2", "one-1", "one-0"]
    update_image(suite, SETS, WEB)
    suite.wait(300)
    assert suite.do("GET", f"{SETS}/one")["status"]["currentRevision"] == first["currentRevision"]
    assert len(suite.do("GET", f"{APPS}/controllerrevisions")["items"]) == 2


@conforms(
    f"{SIG} StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform canary updates and phased rolling "
    "updates of template modifications [Conformance]"
)
def test_a_partition_keeps_the_first_pods(suite: Suite) -> None:
    def partition(count: int) -> None:
        suite.do("PATCH", f"{SETS}/one", {"spec": {"updateStrategy": {"rollingUpdate": {"partition": count}}}})

    def images() -> list[str]:
        return [pod["spec"]["containers"][0]["image"] for pod in pods_of(suite)]

    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}
    make_workload(suite, SETS, replicas=3, wait=60, updateStrategy=strategy)
    update_image(suite, SETS, "nginx:1.26")
    suite.wait(60)
    assert images() == [WEB] * 3
    partition(2)
    suite.wait(90)
    assert images() == [WEB, WEB, "nginx:1.26"]
    for name in ("one-0", "one-2"):
        suite.do("DELETE", f"{PODS}/{name}")
    suite.wait(90)
    assert images() == [WEB, WEB, "nginx:1.26"]
    partition(0)
    suite.wait(200)
    assert images() == ["nginx:1.26"] * 3


# Daemon sets


@conforms(f"{SIG} Daemon set [Serial] should run and stop simple daemon [Conformance]")
def test_a_stopped_daemon_comes_again(suite: Suite) -> None:
    make_workload(suite, DAEMONS)
    assert sorted(pod["spec"]["nodeName"] for pod in pods_of(suite)) == ["kind-worker", "kind-worker2"]
    gone = names_of(pods_of(suite))[0]
    suite.do("DELETE", f"{PODS}/{gone}")
    suite.wait(60)
    assert len(pods_of(suite)) == 2
    assert gone not in names_of(pods_of(suite))


@conforms(f"{SIG} Daemon set [Serial] should run and stop complex daemon [Conformance]")
def test_daemons_follow_the_labels_of_nodes(suite: Suite) -> None:
    def paint(colour: str) -> list[Obj]:
        suite.do("PATCH", "/api/v1/nodes/kind-worker", {"metadata": {"labels": {"color": colour}}})
        suite.wait(60)
        return pods_of(suite)

    make_workload(suite, DAEMONS, template=template_of(nodeSelector={"color": "blue"}))
    assert pods_of(suite) == []
    assert [pod["spec"]["nodeName"] for pod in paint("blue")] == ["kind-worker"]
    assert paint("green") == []
    suite.do("PATCH", f"{DAEMONS}/one", {"spec": {"template": {"spec": {"nodeSelector": {"color": "green"}}}}})
    suite.wait(60)
    assert [pod["spec"]["nodeName"] for pod in pods_of(suite)] == ["kind-worker"]


@conforms(f"{SIG} Daemon set [Serial] should retry creating failed daemon pods [Conformance]")
def test_a_failed_daemon_is_replaced(suite: Suite) -> None:
    make_workload(suite, DAEMONS)
    failed = names_of(pods_of(suite))[0]
    suite.do("PATCH", f"{PODS}/{failed}/status", {"status": {"phase": "Failed"}})
    suite.wait(60)
    assert [pod["status"]["phase"] for pod in pods_of(suite)] == ["Running", "Running"]
    assert failed not in names_of(pods_of(suite))


@conforms(
    f"{SIG} Daemon set [Serial] should update pod when spec was updated and update strategy is RollingUpdate [Conformance]"
)
def test_daemons_are_updated(suite: Suite) -> None:
    make_workload(suite, DAEMONS, updateStrategy={"type": "RollingUpdate"})
    update_image(suite, DAEMONS, "nginx:1.26")
    suite.wait(120)
    assert images_of(pods_of(suite)) == {"nginx:1.26"}
    hashes = {pod["metadata"]["labels"]["controller-revision-hash"] for pod in pods_of(suite)}
    assert len(hashes) == 1
    assert len(suite.do("GET", f"{APPS}/controllerrevisions")["items"]) == 2


@conforms(f"{SIG} Daemon set [Serial] should rollback without unnecessary restarts [Conformance]")
def test_a_rolled_back_update_spares_daemons_that_never_changed(suite: Suite) -> None:
    make_workload(suite, DAEMONS)
    before = set(names_of(pods_of(suite)))
    update_image(suite, DAEMONS, "nginx:404")
    suite.wait(30)
    kept = {pod["metadata"]["name"] for pod in pods_of(suite) if pod["spec"]["containers"][0]["image"] == WEB}
    assert len(kept & before) == 1
    update_image(suite, DAEMONS, WEB)
    suite.wait(90)
    after = pods_of(suite)
    assert kept <= set(names_of(after))
    assert [pod["status"]["phase"] for pod in after] == ["Running", "Running"]
    assert all(not one.get("restartCount") for pod in after for one in pod["status"]["containerStatuses"])


# Revisions and failures


@conforms(f"{SIG} ControllerRevision [Serial] should manage the lifecycle of a ControllerRevision [Conformance]")
def test_a_revision_lives_and_ends(suite: Suite) -> None:
    path, every = f"{APPS}/controllerrevisions", "/apis/apps/v1/controllerrevisions"
    daemon = make_workload(suite, DAEMONS)

    def listed(selector: str = "app=e2e") -> list[Obj]:
        return list(suite.do("GET", every, labelSelector=selector)["items"])

    first = listed()[0]
    assert (len(listed()), first["revision"], owner_of(first)) == (1, 1, "one")
    name = first["metadata"]["name"]
    patched = suite.do("PATCH", f"{path}/{name}", {"metadata": {"labels": {name: "patched"}}})
    assert patched["metadata"]["labels"][name] == "patched"
    hashed = {"controller-revision-hash": "second", "app": "e2e"}
    owners = first["metadata"]["ownerReferences"]
    second = {"name": "one-second", "labels": hashed, "ownerReferences": owners}
    suite.do("POST", path, {"metadata": second, "data": first["data"], "revision": 2})
    assert len(listed()) == 2
    suite.do("DELETE", f"{path}/{name}")
    suite.wait()
    assert names_of(listed()) == ["one-second"]
    left = suite.do("GET", f"{path}/one-second")
    left["metadata"]["labels"]["e2e-updated"] = "yes"
    assert suite.do("PUT", f"{path}/one-second", left)["metadata"]["labels"]["e2e-updated"] == "yes"
    assert names_of(listed("e2e-updated=yes")) == ["one-second"]
    template = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 1}}}}
    assert suite.do("PATCH", f"{DAEMONS}/one", template)["metadata"]["uid"] == daemon["metadata"]["uid"]
    suite.wait(60)
    assert sorted(one["revision"] for one in listed()) == [2, 3]
    suite.do("DELETE", path, labelSelector="e2e-updated=yes")
    suite.wait()
    assert [one["revision"] for one in listed()] == [3]


@conforms(
    f"{SIG} StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Should recreate evicted statefulset [Conformance]"
)
def test_a_pod_that_its_node_refuses_is_made_again(suite: Suite) -> None:
    node = suite.do("GET", "/api/v1/nodes")["items"][-1]
    room = int(node["status"]["allocatable"]["cpu"]) * 1000 - 200
    greedy = {"name": "c", "image": WEB, "resources": {"requests": {"cpu": f"{room}m"}}}
    spec = {"nodeName": node["metadata"]["name"], "containers": [greedy]}
    suite.do("POST", PODS, {"metadata": {"name": "test-pod"}, "spec": spec})
    suite.wait(15)
    start = suite.do("GET", PODS)["metadata"]["resourceVersion"]
    template = {"metadata": {"labels": LABELS}, "spec": spec}
    selector = {"matchLabels": LABELS}
    suite.made(SETS, "ss", spec={"replicas": 1, "serviceName": "t", "selector": selector, "template": template})
    suite.wait(15)
    heard = suite.events(PODS, start, fieldSelector="metadata.name=ss-0")
    failed = [one["object"]["metadata"]["uid"] for one in heard if one["object"]["status"]["phase"] == "Failed"]
    deleted = [one["object"]["metadata"]["uid"] for one in heard if one["type"] == "DELETED"]
    assert set(failed) & set(deleted), "the node refuses what it has no room for, and the set tries again"
    suite.do("DELETE", f"{PODS}/test-pod", {"gracePeriodSeconds": 0})
    suite.wait(60)
    again = suite.do("GET", f"{PODS}/ss-0")
    assert again["status"]["phase"] == "Running"
    assert again["metadata"]["uid"] not in failed


@conforms("[sig-architecture] Conformance Tests should have at least two untainted nodes [Conformance]")
def test_two_nodes_take_any_pod(suite: Suite) -> None:
    free = [one for one in suite.do("GET", "/api/v1/nodes")["items"] if not one["spec"].get("taints")]
    ready = [
        one for one in free if {"type": "Ready", "status": "True"}.items() <= one["status"]["conditions"][-1].items()
    ]
    assert len(ready) == 2
