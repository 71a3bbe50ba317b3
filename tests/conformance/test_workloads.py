"""sig-apps: statements about the controllers of workloads."""

from typing import Any

import pytest

from tests.conformance.conftest import BUSYBOX, CORE, PAUSE, PODS, WEB, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
SIG = "[sig-apps]"
APPS, BATCH = "/apis/apps/v1/namespaces/default", "/apis/batch/v1/namespaces/default"
RS, DEPLOYMENTS, SETS, DAEMONS = (
    f"{APPS}/{plural}" for plural in ("replicasets", "deployments", "statefulsets", "daemonsets")
)
RC, JOBS, CRONJOBS = f"{CORE}/replicationcontrollers", f"{BATCH}/jobs", f"{BATCH}/cronjobs"
LABELS = {"app": "e2e"}


def _template(image: str = WEB, labels: Obj | None = None, **spec: Any) -> Obj:
    containers = [{"name": "c", "image": image}]
    return {"metadata": {"labels": labels or LABELS}, "spec": {"containers": containers, **spec}}


def _spec(path: str, replicas: int = 1, image: str = WEB, **more: Any) -> Obj:
    selector = LABELS if path == RC else {"matchLabels": LABELS}
    spec = {"selector": selector, "template": _template(image), **more}
    if path == SETS:
        spec["serviceName"] = "test"
    return spec if path == DAEMONS else {"replicas": replicas, **spec}


def _made(suite: Suite, path: str, name: str = "one", wait: int = 15, labels: Obj | None = None, **spec: Any) -> Obj:
    suite.made(path, name, metadata={"labels": labels or LABELS}, spec=_spec(path, **spec))
    suite.wait(wait)
    return suite.do("GET", f"{path}/{name}")


def _pods(suite: Suite, selector: str = "app=e2e") -> list[Obj]:
    return list(suite.do("GET", PODS, labelSelector=selector)["items"])


def _names(objects: list[Obj]) -> list[str]:
    return [one["metadata"]["name"] for one in objects]


def _owner(obj: Obj) -> str:
    return next((one["name"] for one in obj["metadata"].get("ownerReferences") or () if one.get("controller")), "")


def _images(objects: list[Obj]) -> set[str]:
    return {one["spec"]["containers"][0]["image"] for one in objects}


# What several kinds have in common


@conforms(
    f"{SIG} Deployment Deployment should have a working scale subresource [Conformance]",
    f"{SIG} ReplicaSet Replicaset should have a working scale subresource [Conformance]",
    f"{SIG} StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should have a working scale subresource [Conformance]",
    f"{SIG} ReplicationController should get and update a ReplicationController scale [Conformance]",
)
@pytest.mark.parametrize("path", [DEPLOYMENTS, RS, SETS, RC])
def test_scale_is_read_updated_and_patched(suite: Suite, path: str) -> None:
    _made(suite, path)
    assert [pod["status"]["phase"] for pod in _pods(suite)] == ["Running"]
    scale = suite.do("GET", f"{path}/one/scale")
    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (1, 1)
    scale["spec"]["replicas"] = 2
    assert suite.do("PUT", f"{path}/one/scale", scale)["spec"]["replicas"] == 2
    suite.wait(20)
    assert suite.do("GET", f"{path}/one")["spec"]["replicas"] == len(_pods(suite)) == 2
    suite.do("PATCH", f"{path}/one/scale", {"spec": {"replicas": 4}})
    assert suite.do("GET", f"{path}/one")["spec"]["replicas"] == 4


@conforms(
    f"{SIG} Deployment should validate Deployment Status endpoints [Conformance]",
    f"{SIG} ReplicaSet should validate Replicaset Status endpoints [Conformance]",
    f"{SIG} StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should validate Statefulset Status endpoints [Conformance]",
    f"{SIG} Daemon set [Serial] should verify changes to a daemon set status [Conformance]",
    f"{SIG} Job should apply changes to a job status [Conformance]",
    f"{SIG} DisruptionController should update/patch PodDisruptionBudget status [Conformance]",
)
@pytest.mark.parametrize(
    "path", [DEPLOYMENTS, RS, SETS, DAEMONS, JOBS, "/apis/policy/v1/namespaces/default/poddisruptionbudgets"]
)
def test_status_is_read_updated_and_patched(suite: Suite, path: str) -> None:
    if path == JOBS:
        template = _template(PAUSE, restartPolicy="Never")
        suite.made(path, "one", spec={"parallelism": 2, "completions": 4, "template": template})
        suite.wait()
    elif path.endswith("budgets"):
        suite.made(path, "one", spec={"minAvailable": 1, "selector": {"matchLabels": LABELS}})
        suite.wait()
    else:
        _made(suite, path)
    start = suite.do("GET", f"{path}/one/status")
    assert "status" in start
    condition = {"type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "Set from e2e test"}
    kept = start["status"].get("conditions") or []
    start["status"]["conditions"] = [*kept, condition]
    updated = suite.do("PUT", f"{path}/one/status", start)
    assert "StatusUpdate" in [one["type"] for one in updated["status"]["conditions"]]
    read = suite.do("GET", f"{path}/one/status")["status"]["conditions"]
    assert "StatusUpdate" in [one["type"] for one in read]
    patch = {
        "metadata": {"annotations": {"patched": "true"}},
        "status": {"conditions": [*kept, {**condition, "type": "StatusPatched"}]},
    }
    suite.do("PATCH", f"{path}/one/status", patch)
    found = suite.do("GET", f"{path}/one")
    assert "StatusPatched" in [one["type"] for one in found["status"]["conditions"]]
    assert found["metadata"]["annotations"]["patched"] == "true"


@conforms(
    f"{SIG} ReplicaSet should list and delete a collection of ReplicaSets [Conformance]",
    f"{SIG} Daemon set [Serial] should list and delete a collection of DaemonSets [Conformance]",
    f"{SIG} StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should list, patch and delete a collection of "
    "StatefulSets [Conformance]",
)
@pytest.mark.parametrize("path", [RS, DAEMONS, SETS])
def test_a_collection_is_listed_and_deleted(suite: Suite, path: str) -> None:
    _made(suite, path, labels={"list": "true"})
    found = suite.do("GET", f"/apis/apps/v1/{path.rsplit('/', 1)[1]}", labelSelector="list=true")["items"]
    assert _names(found) == ["one"]
    patched = suite.do("PATCH", f"{path}/one", {"metadata": {"labels": {"patched": "true"}}})
    assert patched["metadata"]["labels"]["patched"] == "true"
    suite.do("DELETE", path, labelSelector="patched=true")
    suite.wait(60)
    assert suite.do("GET", path)["items"] == _pods(suite) == []


@conforms(
    f"{SIG} ReplicaSet should adopt matching pods on creation and release no longer matching pods [Conformance]",
    f"{SIG} ReplicationController should adopt matching pods on creation [Conformance]",
    f"{SIG} ReplicationController should release no longer matching pods [Conformance]",
)
@pytest.mark.parametrize("path", [RS, RC])
def test_matching_pods_are_adopted_and_others_released(suite: Suite, path: str) -> None:
    suite.pod("orphan", {"name": "c", "image": WEB}, metadata={"labels": LABELS})
    _made(suite, path)
    assert _names(_pods(suite)) == ["orphan"]
    assert _owner(_pods(suite)[0]) == "one"
    suite.do("PATCH", f"{PODS}/orphan", {"metadata": {"labels": {"app": "released"}}})
    suite.wait()
    assert _owner(suite.do("GET", f"{PODS}/orphan")) == ""
    assert len(_pods(suite)) == 1


@conforms(
    f"{SIG} ReplicaSet should serve a basic image on each replica with a public image [Conformance]",
    f"{SIG} ReplicationController should serve a basic image on each replica with a public image [Conformance]",
)
@pytest.mark.parametrize("path", [RS, RC])
def test_each_replica_serves(suite: Suite, path: str) -> None:
    _made(suite, path, replicas=2)
    suite.pod("client", {"name": "c", "image": BUSYBOX, "command": ["sleep", "3600"]})
    for pod in _pods(suite):
        assert pod["status"]["phase"] == "Running"
        assert "Welcome to nginx!" in suite.inside("client", f"wget -qO- http://{pod['status']['podIP']}")


# Deployments


def _sets(suite: Suite) -> list[Obj]:
    return sorted(
        suite.do("GET", RS, labelSelector="app=e2e")["items"],
        key=lambda one: int(one["metadata"]["annotations"]["deployment.kubernetes.io/revision"]),
    )


def _update_image(suite: Suite, path: str, image: str, name: str = "one") -> None:
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}}
    suite.do("PATCH", f"{path}/{name}", patch)


@conforms(
    f"{SIG} Deployment RecreateDeployment should delete old pods and create new ones [Conformance]",
    f"{SIG} Deployment RollingUpdateDeployment should delete old pods and create new ones [Conformance]",
)
@pytest.mark.parametrize("strategy", ["Recreate", "RollingUpdate"])
def test_a_rollout_replaces_all_pods(suite: Suite, strategy: str) -> None:
    _made(suite, DEPLOYMENTS, replicas=2, strategy={"type": strategy})
    start, old = suite.do("GET", PODS)["metadata"]["resourceVersion"], set(_names(_pods(suite)))
    _update_image(suite, DEPLOYMENTS, "nginx:1.26")
    suite.wait(120)
    assert _images(_pods(suite)) == {"nginx:1.26"}
    assert not old & set(_names(_pods(suite)))
    assert [one["spec"]["replicas"] for one in _sets(suite)] == [0, 2]
    heard = [kind for kind, _ in suite.watch(PODS, start) if kind != "MODIFIED"]
    if strategy == "Recreate":
        assert heard == ["DELETED", "DELETED", "ADDED", "ADDED"], "no new pod beside an old one"
    else:
        assert heard[0] == "ADDED"


@conforms(f"{SIG} Deployment deployment should delete old replica sets [Conformance]")
def test_old_replica_sets_are_cleaned_up(suite: Suite) -> None:
    _made(suite, DEPLOYMENTS, revisionHistoryLimit=0)
    _update_image(suite, DEPLOYMENTS, "nginx:1.26")
    suite.wait(60)
    assert len(_sets(suite)) == 1


@conforms(f"{SIG} Deployment deployment should support rollover [Conformance]")
def test_a_rollout_is_rolled_over_by_the_next(suite: Suite) -> None:
    _made(suite, DEPLOYMENTS, strategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}})
    _update_image(suite, DEPLOYMENTS, "nginx:nowhere-to-be-found")
    suite.wait(20)
    assert [one["spec"]["replicas"] for one in _sets(suite)] == [1, 1]
    _update_image(suite, DEPLOYMENTS, "nginx:1.26")
    suite.wait(60)
    assert [one["spec"]["replicas"] for one in _sets(suite)] == [0, 0, 1]
    assert [pod["status"]["phase"] for pod in _pods(suite)] == ["Running"]


@conforms(f"{SIG} Deployment deployment should support proportional scaling [Conformance]")
def test_a_stuck_rollout_is_scaled_in_proportion(suite: Suite) -> None:
    rolling = {"maxSurge": 3, "maxUnavailable": 2}
    _made(suite, DEPLOYMENTS, replicas=10, strategy={"type": "RollingUpdate", "rollingUpdate": rolling}, wait=40)
    _update_image(suite, DEPLOYMENTS, "nginx:404")
    suite.wait(60)
    assert [one["spec"]["replicas"] for one in _sets(suite)] == [8, 5]
    suite.do("PATCH", f"{DEPLOYMENTS}/one", {"spec": {"replicas": 30}})
    suite.wait(60)
    assert [one["spec"]["replicas"] for one in _sets(suite)] == [20, 13]


@conforms(f"{SIG} Deployment should run the lifecycle of a Deployment [Conformance]")
def test_a_deployment_lives_and_ends(suite: Suite) -> None:
    start = suite.do("GET", DEPLOYMENTS)["metadata"]["resourceVersion"]
    made = _made(suite, DEPLOYMENTS)
    assert made["status"]["readyReplicas"] == 1
    _update_image(suite, DEPLOYMENTS, "nginx:1.26")
    suite.do("PATCH", f"{DEPLOYMENTS}/one", {"metadata": {"labels": {"test": "patched"}}, "spec": {"replicas": 2}})
    suite.wait(60)
    found = suite.do("GET", "/apis/apps/v1/deployments", labelSelector="test=patched")["items"][0]
    assert found["status"]["readyReplicas"] == 2
    assert suite.do("GET", f"{DEPLOYMENTS}/one/status")["status"]["readyReplicas"] == 2
    suite.do("PATCH", f"{DEPLOYMENTS}/one/status", {"status": {"readyReplicas": 0}})
    suite.do("DELETE", DEPLOYMENTS, labelSelector="test=patched")
    assert suite.ask("GET", f"{DEPLOYMENTS}/one")["status"] == 404
    heard = [kind for kind, _ in suite.watch(DEPLOYMENTS, start)]
    assert (heard[0], heard[-1]) == ("ADDED", "DELETED")


@conforms(f"{SIG} ReplicaSet Replace and Patch tests [Conformance]")
def test_a_replica_set_is_replaced_and_patched(suite: Suite) -> None:
    found = _made(suite, RS)
    assert found["status"]["readyReplicas"] == 1
    suite.do("PUT", f"{RS}/one", {**found, "spec": {**found["spec"], "replicas": 2}})
    suite.wait(20)
    assert suite.do("GET", f"{RS}/one")["status"]["readyReplicas"] == 2
    labels = {"test-rs": "patched"}
    patch = {"metadata": {"labels": labels}, "spec": {"replicas": 3, "template": _template("nginx:1.26")}}
    suite.do("PATCH", f"{RS}/one", patch)
    suite.wait(20)
    found = suite.do("GET", f"{RS}/one")
    assert (found["status"]["readyReplicas"], found["metadata"]["labels"]["test-rs"]) == (3, "patched")


# Replication controllers


@conforms(
    f"{SIG} ReplicationController should surface a failure condition on a common issue like exceeded quota [Conformance]"
)
def test_a_quota_is_seen_as_a_condition(suite: Suite) -> None:
    suite.made(f"{CORE}/resourcequotas", "condition-test", spec={"hard": {"pods": "2"}})
    suite.wait()
    found = _made(suite, RC, replicas=3)
    assert [one["type"] for one in found["status"]["conditions"]] == ["ReplicaFailure"]
    suite.do("PATCH", f"{RC}/one", {"spec": {"replicas": 2}})
    suite.wait(20)
    assert not suite.do("GET", f"{RC}/one")["status"].get("conditions")


@conforms(f"{SIG} ReplicationController should test the lifecycle of a ReplicationController [Conformance]")
def test_a_replication_controller_lives_and_ends(suite: Suite) -> None:
    start = suite.do("GET", RC)["metadata"]["resourceVersion"]
    assert _made(suite, RC, labels={"test-rc-static": "true"})["status"]["readyReplicas"] == 1
    suite.do("PATCH", f"{RC}/one", {"metadata": {"labels": {"test-rc": "patched"}}})
    patched = suite.do("PATCH", f"{RC}/one/status", {"status": {"availableReplicas": 0, "readyReplicas": 0}})
    assert patched["status"]["readyReplicas"] == 0
    suite.wait()
    assert suite.do("GET", f"{RC}/one/status")["status"]["readyReplicas"] == 1
    suite.do("PATCH", f"{RC}/one/scale", {"spec": {"replicas": 2}})
    suite.wait(20)
    found = suite.do("GET", "/api/v1/replicationcontrollers", labelSelector="test-rc-static=true")["items"]
    assert [one["status"]["readyReplicas"] for one in found] == [2]
    suite.do("DELETE", RC, labelSelector="test-rc-static=true")
    suite.wait(60)
    assert suite.watch(RC, start)[-1] == ("DELETED", "one")


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
    template = _template(BUSYBOX)
    template["spec"]["containers"][0].update(
        command=["sh", "-c", "touch /tmp/healthy; sleep 36000"], readinessProbe=probe
    )
    start = suite.do("GET", PODS)["metadata"]["resourceVersion"]
    _made(suite, SETS, podManagementPolicy=policy, template=template)
    suite.inside("one-0", "rm /tmp/healthy")
    suite.wait(10)
    suite.do("PATCH", f"{SETS}/one/scale", {"spec": {"replicas": 3}})
    suite.wait(40)
    burst = policy == "Parallel"
    assert _names(_pods(suite)) == (["one-0", "one-1", "one-2"] if burst else ["one-0"])
    suite.inside("one-0", "touch /tmp/healthy")
    suite.wait(60)
    assert [name for kind, name in suite.watch(PODS, start) if kind == "ADDED"] == ["one-0", "one-1", "one-2"]
    for pod in _pods(suite):
        suite.inside(pod["metadata"]["name"], "rm /tmp/healthy")
    suite.wait(10)
    middle = suite.do("GET", PODS)["metadata"]["resourceVersion"]
    suite.do("PATCH", f"{SETS}/one/scale", {"spec": {"replicas": 0}})
    suite.wait(90)
    if not burst:
        assert len(_pods(suite)) == 3, "scaling down waits as well"
        for pod in _pods(suite):
            suite.inside(pod["metadata"]["name"], "touch /tmp/healthy")
        suite.wait(200)
        gone = [name for kind, name in suite.watch(PODS, middle) if kind == "DELETED"]
        assert gone == ["one-2", "one-1", "one-0"]
    assert _pods(suite) == []


@conforms(
    f"{SIG} StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform rolling updates and roll backs of "
    "template modifications [Conformance]"
)
def test_a_stateful_set_rolls_forth_and_back(suite: Suite) -> None:
    first = _made(suite, SETS, replicas=3, wait=60)["status"]
    assert first["currentRevision"] == first["updateRevision"]
    start = suite.do("GET", PODS)["metadata"]["resourceVersion"]
    _update_image(suite, SETS, "nginx:1.26")
    suite.wait(0.2)
    during = suite.do("GET", f"{SETS}/one")["status"]
    assert during["currentRevision"] == first["currentRevision"] != during["updateRevision"]
    suite.wait(300)
    second = suite.do("GET", f"{SETS}/one")["status"]
    assert second["currentRevision"] == second["updateRevision"] == during["updateRevision"]
    assert _images(_pods(suite)) == {"nginx:1.26"}
    gone = [name for kind, name in suite.watch(PODS, start) if kind == "DELETED"]
    assert gone == ["one-2", "one-1", "one-0"]
    _update_image(suite, SETS, WEB)
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
        return [pod["spec"]["containers"][0]["image"] for pod in _pods(suite)]

    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}
    _made(suite, SETS, replicas=3, wait=60, updateStrategy=strategy)
    _update_image(suite, SETS, "nginx:1.26")
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
    _made(suite, DAEMONS)
    assert sorted(pod["spec"]["nodeName"] for pod in _pods(suite)) == ["kind-worker", "kind-worker2"]
    gone = _names(_pods(suite))[0]
    suite.do("DELETE", f"{PODS}/{gone}")
    suite.wait(60)
    assert len(_pods(suite)) == 2
    assert gone not in _names(_pods(suite))


@conforms(f"{SIG} Daemon set [Serial] should run and stop complex daemon [Conformance]")
def test_daemons_follow_the_labels_of_nodes(suite: Suite) -> None:
    def paint(colour: str) -> list[Obj]:
        suite.do("PATCH", "/api/v1/nodes/kind-worker", {"metadata": {"labels": {"color": colour}}})
        suite.wait(60)
        return _pods(suite)

    _made(suite, DAEMONS, template=_template(nodeSelector={"color": "blue"}))
    assert _pods(suite) == []
    assert [pod["spec"]["nodeName"] for pod in paint("blue")] == ["kind-worker"]
    assert paint("green") == []
    suite.do("PATCH", f"{DAEMONS}/one", {"spec": {"template": {"spec": {"nodeSelector": {"color": "green"}}}}})
    suite.wait(60)
    assert [pod["spec"]["nodeName"] for pod in _pods(suite)] == ["kind-worker"]


@conforms(f"{SIG} Daemon set [Serial] should retry creating failed daemon pods [Conformance]")
def test_a_failed_daemon_is_replaced(suite: Suite) -> None:
    _made(suite, DAEMONS)
    failed = _names(_pods(suite))[0]
    suite.do("PATCH", f"{PODS}/{failed}/status", {"status": {"phase": "Failed"}})
    suite.wait(60)
    assert [pod["status"]["phase"] for pod in _pods(suite)] == ["Running", "Running"]
    assert failed not in _names(_pods(suite))


@conforms(
    f"{SIG} Daemon set [Serial] should update pod when spec was updated and update strategy is RollingUpdate [Conformance]"
)
def test_daemons_are_updated(suite: Suite) -> None:
    _made(suite, DAEMONS, updateStrategy={"type": "RollingUpdate"})
    _update_image(suite, DAEMONS, "nginx:1.26")
    suite.wait(120)
    assert _images(_pods(suite)) == {"nginx:1.26"}
    hashes = {pod["metadata"]["labels"]["controller-revision-hash"] for pod in _pods(suite)}
    assert len(hashes) == 1
    assert len(suite.do("GET", f"{APPS}/controllerrevisions")["items"]) == 2


@conforms(f"{SIG} Daemon set [Serial] should rollback without unnecessary restarts [Conformance]")
def test_a_rolled_back_update_spares_daemons_that_never_changed(suite: Suite) -> None:
    _made(suite, DAEMONS)
    before = set(_names(_pods(suite)))
    _update_image(suite, DAEMONS, "nginx:404")
    suite.wait(30)
    kept = {pod["metadata"]["name"] for pod in _pods(suite) if pod["spec"]["containers"][0]["image"] == WEB}
    assert len(kept & before) == 1
    _update_image(suite, DAEMONS, WEB)
    suite.wait(90)
    after = _pods(suite)
    assert kept <= set(_names(after))
    assert [pod["status"]["phase"] for pod in after] == ["Running", "Running"]
    assert all(not one.get("restartCount") for pod in after for one in pod["status"]["containerStatuses"])


# Jobs


def _job(
    suite: Suite, script: str = "sleep 3600", name: str = "job", *, wait: int = 10, restart: str = "Never", **spec: Any
) -> Obj:
    template = _template(BUSYBOX, {"job": "e2e"}, restartPolicy=restart)
    template["spec"]["containers"][0]["command"] = ["sh", "-c", script]
    suite.made(JOBS, name, metadata={"labels": {"e2e-job": name}}, spec={"template": template, **spec})
    suite.wait(wait)
    return suite.do("GET", f"{JOBS}/{name}")


def _job_pods(suite: Suite) -> list[Obj]:
    return list(suite.do("GET", PODS, labelSelector="job-name=job")["items"])


def _ended(job: Obj) -> str:
    return next(
        (one["type"] for one in job["status"].get("conditions") or () if one["type"] in ("Complete", "Failed")), ""
    )


@conforms(f"{SIG} Job should adopt matching orphans and release non-matching pods [Conformance]")
def test_a_job_adopts_and_releases(suite: Suite) -> None:
    _job(suite, parallelism=2, completions=4)
    first = _job_pods(suite)[0]["metadata"]["name"]
    suite.do("PATCH", f"{PODS}/{first}", {"metadata": {"ownerReferences": None}})
    suite.wait(60)
    assert _owner(suite.do("GET", f"{PODS}/{first}")) == "job"
    suite.do("PATCH", f"{PODS}/{first}", {"metadata": {"labels": None}})
    suite.wait(60)
    assert _owner(suite.do("GET", f"{PODS}/{first}")) == ""


@conforms(f"{SIG} Job should delete a job [Conformance]")
def test_a_job_is_deleted_with_its_pods(suite: Suite) -> None:
    _job(suite, parallelism=2, completions=4)
    assert len(_job_pods(suite)) == 2
    suite.do("DELETE", f"{JOBS}/job", {"propagationPolicy": "Foreground"})
    suite.wait(90)
    assert suite.ask("GET", f"{JOBS}/job")["status"] == 404
    assert _job_pods(suite) == []


@conforms(f"{SIG} Job should manage the lifecycle of a job [Conformance]")
def test_a_suspended_job_lives_and_ends(suite: Suite) -> None:
    _job(suite, suspend=True)
    assert _job_pods(suite) == []
    patched = suite.do("PATCH", f"{JOBS}/job", {"metadata": {"labels": {"job": "patched"}}})
    assert patched["metadata"]["labels"]["job"] == "patched"
    patched["spec"]["suspend"] = False
    patched["metadata"].setdefault("annotations", {})["updated"] = "true"
    suite.do("PUT", f"{JOBS}/job", patched)
    suite.wait()
    assert suite.do("GET", f"{JOBS}/job")["metadata"]["annotations"]["updated"] == "true"
    assert len(_job_pods(suite)) == 1
    assert len(suite.do("GET", "/apis/batch/v1/jobs", labelSelector="job=patched")["items"]) == 1
    suite.do("DELETE", JOBS, labelSelector="job=patched")
    suite.wait(60)
    assert suite.do("GET", JOBS)["items"] == []


@conforms(
    f"{SIG} Job should create pods for an Indexed job with completion indexes and specified hostname [Conformance]"
)
def test_pods_of_an_indexed_job_know_their_index(suite: Suite) -> None:
    job = _job(
        suite, "echo $JOB_COMPLETION_INDEX $(hostname)", wait=60, completionMode="Indexed", parallelism=2, completions=4
    )
    assert (_ended(job), job["status"]["succeeded"], job["status"]["completedIndexes"]) == ("Complete", 4, "0-3")
    told = {}
    for pod in _job_pods(suite):
        index = pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]
        told[index] = suite.log(pod["metadata"]["name"]).split()
        assert pod["spec"]["hostname"] == f"job-{index}"
    assert told == {str(index): [str(index), f"job-{index}"] for index in range(4)}


@conforms(f"{SIG} Job should allow to use the pod failure policy on exit code to fail the job early [Conformance]")
def test_an_exit_code_fails_the_job_early(suite: Suite) -> None:
    rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
    job = _job(suite, "exit 42", wait=40, backoffLimit=6, podFailurePolicy={"rules": [rule]})
    assert _ended(job) == "Failed"
    assert job["status"]["failed"] == 1


@conforms(
    f"{SIG} Job should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition [Conformance]"
)
def test_an_eviction_is_not_counted(suite: Suite) -> None:
    rule = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    _job(suite, "sleep 30", backoffLimit=0, podFailurePolicy={"rules": [rule]})
    name = _job_pods(suite)[0]["metadata"]["name"]
    suite.do("POST", f"{PODS}/{name}/eviction", {"metadata": {"name": name, "namespace": "default"}})
    suite.wait(200)
    job = suite.do("GET", f"{JOBS}/job")
    assert (_ended(job), job["status"]["succeeded"]) == ("Complete", 1)
    assert name not in _names(_job_pods(suite))


@conforms(f"{SIG} Job should run a job to completion when tasks sometimes fail and are locally restarted [Conformance]")
def test_tasks_that_fail_once_are_restarted_in_place(suite: Suite) -> None:
    template = _template(BUSYBOX, restartPolicy="OnFailure", volumes=[{"name": "v", "emptyDir": {}}])
    once = "if [ -f /v/seen ]; then exit 0; fi; touch /v/seen; exit 1"
    template["spec"]["containers"][0].update(
        command=["sh", "-c", once], volumeMounts=[{"name": "v", "mountPath": "/v"}]
    )
    suite.made(JOBS, "job", spec={"template": template, "parallelism": 2, "completions": 4})
    suite.wait(200)
    job = suite.do("GET", f"{JOBS}/job")
    assert (_ended(job), job["status"]["succeeded"]) == ("Complete", 4)
    restarts = [pod["status"]["containerStatuses"][0]["restartCount"] for pod in _job_pods(suite)]
    assert restarts == [1] * 4


def _cron(suite: Suite, policy: str, **spec: Any) -> list[int]:
    """How many of its jobs were active, minute by minute."""
    template = _template(BUSYBOX, restartPolicy="OnFailure")
    template["spec"]["containers"][0]["command"] = ["sleep", "300"]
    suite.made(
        CRONJOBS, "cron", spec={"schedule": "*/1 * * * *", "concurrencyPolicy": policy, "jobTemplate": {"spec": {"template": template}}, **spec}
    )  # fmt: skip
    counts = []
    for _ in range(4):
        suite.wait(60)
        counts.append(len(suite.do("GET", f"{CRONJOBS}/cron")["status"].get("active") or ()))
    return counts


@conforms(f"{SIG} CronJob should schedule multiple jobs concurrently [Conformance]")
def test_jobs_run_side_by_side(suite: Suite) -> None:
    assert _cron(suite, "Allow")[-1] >= 2


@conforms(f"{SIG} CronJob should not schedule jobs when suspended [Slow] [Conformance]")
def test_a_suspended_cron_job_makes_none(suite: Suite) -> None:
    assert _cron(suite, "Allow", suspend=True) == [0] * 4
    assert suite.do("GET", JOBS)["items"] == []


@conforms(f"{SIG} CronJob should not schedule new jobs when ForbidConcurrent [Slow] [Conformance]")
def test_a_forbidden_second_job_is_not_made(suite: Suite) -> None:
    assert max(_cron(suite, "Forbid")) == 1
    assert len(suite.do("GET", JOBS)["items"]) == 1


@conforms(f"{SIG} CronJob should replace jobs when ReplaceConcurrent [Conformance]")
def test_a_newer_job_replaces_the_older(suite: Suite) -> None:
    start = suite.do("GET", JOBS)["metadata"]["resourceVersion"]
    assert max(_cron(suite, "Replace")) == 1
    suite.wait(20)
    assert len(suite.do("GET", JOBS)["items"]) == 1
    assert [kind for kind, _ in suite.watch(JOBS, start)].count("DELETED") >= 2


# Disruption budgets


BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"


@conforms(f"{SIG} DisruptionController should create a PodDisruptionBudget [Conformance]")
def test_a_budget_lives_and_ends(suite: Suite) -> None:
    suite.made(BUDGETS, "pdb", spec={"minAvailable": "1%", "selector": {"matchLabels": LABELS}})
    found = suite.do("GET", f"{BUDGETS}/pdb")
    assert found["spec"]["minAvailable"] == "1%"
    found["spec"]["minAvailable"] = "2%"
    assert suite.do("PUT", f"{BUDGETS}/pdb", found)["spec"]["minAvailable"] == "2%"
    assert suite.do("PATCH", f"{BUDGETS}/pdb", {"spec": {"minAvailable": "3%"}})["spec"]["minAvailable"] == "3%"
    suite.do("DELETE", f"{BUDGETS}/pdb")
    assert suite.ask("GET", f"{BUDGETS}/pdb")["status"] == 404


@conforms(f"{SIG} DisruptionController should observe PodDisruptionBudget status updated [Conformance]")
def test_a_budget_counts_pods(suite: Suite) -> None:
    suite.made(BUDGETS, "pdb", spec={"minAvailable": 1, "selector": {"matchLabels": LABELS}})
    _made(suite, RS, replicas=3)
    status = suite.do("GET", f"{BUDGETS}/pdb")["status"]
    assert (status["currentHealthy"], status["disruptionsAllowed"]) == (3, 2)


@conforms(
    f"{SIG} DisruptionController Listing PodDisruptionBudgets for all namespaces should list and delete a collection of "
    "PodDisruptionBudgets [Conformance]"
)
def test_budgets_are_listed_and_deleted_together(suite: Suite) -> None:
    suite.made("/api/v1/namespaces", "other")
    for namespace, names in (("default", ("a", "b", "c")), ("other", ("d",))):
        for name in names:
            path = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
            suite.made(path, name, metadata={"labels": {"e2e": "yes"}}, spec={"minAvailable": 1})
    everywhere = "/apis/policy/v1/poddisruptionbudgets"
    assert _names(suite.do("GET", everywhere, labelSelector="e2e=yes")["items"]) == ["a", "b", "c", "d"]
    suite.do("DELETE", BUDGETS, labelSelector="e2e=yes")
    suite.wait()
    assert _names(suite.do("GET", everywhere, labelSelector="e2e=yes")["items"]) == ["d"]


@conforms(f"{SIG} DisruptionController should block an eviction until the PDB is updated to allow it [Conformance]")
def test_an_eviction_waits_for_its_budget(suite: Suite) -> None:
    _made(suite, RS, replicas=3)
    suite.made(BUDGETS, "pdb", spec={"minAvailable": 3, "selector": {"matchLabels": LABELS}})
    suite.wait()
    name = _names(_pods(suite))[0]
    eviction = {"metadata": {"name": name, "namespace": "default"}}
    refused = suite.ask("POST", f"{PODS}/{name}/eviction", eviction)
    assert (refused["status"], refused["body"]["reason"]) == (429, "TooManyRequests")
    suite.do("PATCH", f"{BUDGETS}/pdb", {"spec": {"minAvailable": 2}})
    suite.wait()
    suite.do("POST", f"{PODS}/{name}/eviction", eviction)
    suite.wait(60)
    assert name not in _names(_pods(suite))


# Indexed jobs


_ODD_FAILS = "exit $((JOB_COMPLETION_INDEX % 2))"


@conforms(f"{SIG} Job should execute all indexes despite some failing when using backoffLimitPerIndex [Conformance]")
def test_every_index_has_its_own_backoff_limit(suite: Suite) -> None:
    spec = {"completionMode": "Indexed", "parallelism": 2, "completions": 4, "backoffLimitPerIndex": 1}
    job = _job(suite, _ODD_FAILS, wait=120, **spec)
    status = job["status"]
    assert _ended(job) == "Failed"
    assert (status["failedIndexes"], status["completedIndexes"]) == ("1,3", "0,2")
    assert (status["failed"], status["succeeded"]) == (4, 2)


@conforms(
    f"{SIG} Job should terminate job execution when the number of failed indexes exceeds maxFailedIndexes [Conformance]"
)
def test_too_many_failed_indexes_end_the_job(suite: Suite) -> None:
    spec = {"completionMode": "Indexed", "parallelism": 1, "completions": 4, "backoffLimitPerIndex": 0}
    job = _job(suite, "exit 1", wait=60, maxFailedIndexes=0, **spec)
    assert _ended(job) == "Failed"
    assert (job["status"]["failedIndexes"], job["status"]["failed"]) == ("0", 1)
    assert len(_job_pods(suite)) == 1


@conforms(
    f"{SIG} Job should mark indexes as failed when the FailIndex action is matched in podFailurePolicy [Conformance]"
)
def test_a_matching_failure_fails_the_index_at_once(suite: Suite) -> None:
    rule = {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1]}}
    spec = {"completionMode": "Indexed", "parallelism": 2, "completions": 2, "backoffLimitPerIndex": 1}
    job = _job(suite, _ODD_FAILS, wait=60, podFailurePolicy={"rules": [rule]}, **spec)
    status = job["status"]
    assert _ended(job) == "Failed"
    assert (status["failedIndexes"], status["completedIndexes"]) == ("1", "0")
    assert (status["failed"], status["succeeded"]) == (1, 1)


@conforms(
    f"{SIG} Job with successPolicy should succeeded when all indexes succeeded [Conformance]",
    f"{SIG} Job with successPolicy succeededIndexes rule should succeeded even when some indexes remain pending [Conformance]",
    f"{SIG} Job with successPolicy succeededCount rule should succeeded even when some indexes remain pending [Conformance]",
)
@pytest.mark.parametrize(
    ("completions", "script", "rule", "completed"),
    [
        pytest.param(2, "exit 0", {"succeededCount": 2}, "0,1", id="all"),
        pytest.param(5, _ODD_FAILS, {"succeededIndexes": "0"}, "0", id="indexes"),
        pytest.param(5, _ODD_FAILS, {"succeededCount": 1}, "0", id="count"),
    ],
)
def test_a_success_policy_ends_the_job(suite: Suite, completions: int, script: str, rule: Obj, completed: str) -> None:
    spec = {"completionMode": "Indexed", "parallelism": 2, "completions": completions}
    job = _job(suite, script, wait=90, successPolicy={"rules": [rule]}, **spec)
    status = job["status"]
    conditions = {one["type"]: (one["status"], one["reason"]) for one in status["conditions"]}
    assert conditions == {
        "SuccessCriteriaMet": ("True", "SuccessPolicy"),
        "Complete": ("True", "SuccessPolicy"),
    }
    assert status["completedIndexes"] == completed
    assert (status.get("active", 0), status["ready"], status["terminating"]) == (0, 0, 0)


# Revisions and failures


@conforms(f"{SIG} ControllerRevision [Serial] should manage the lifecycle of a ControllerRevision [Conformance]")
def test_a_revision_lives_and_ends(suite: Suite) -> None:
    path, every = f"{APPS}/controllerrevisions", "/apis/apps/v1/controllerrevisions"
    daemon = _made(suite, DAEMONS)

    def listed(selector: str = "app=e2e") -> list[Obj]:
        return list(suite.do("GET", every, labelSelector=selector)["items"])

    first = listed()[0]
    assert (len(listed()), first["revision"], _owner(first)) == (1, 1, "one")
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
    assert _names(listed()) == ["one-second"]
    left = suite.do("GET", f"{path}/one-second")
    left["metadata"]["labels"]["e2e-updated"] = "yes"
    assert suite.do("PUT", f"{path}/one-second", left)["metadata"]["labels"]["e2e-updated"] == "yes"
    assert _names(listed("e2e-updated=yes")) == ["one-second"]
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
