"""sig-apps: statements about kinds that keep replicas, about Deployments and replication controllers."""

import pytest

from tests.conformance.conftest import BUSYBOX, CORE, PAUSE, PODS, WEB, Suite
from tests.conformance.statements import conforms
from tests.conformance.workloads import (
    DAEMONS,
    DEPLOYMENTS,
    JOBS,
    LABELS,
    RC,
    RS,
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

# What several kinds have in common


@conforms(
    f"{SIG} Deployment Deployment should have a working scale subresource [Conformance]",
    f"{SIG} ReplicaSet Replicaset should have a working scale subresource [Conformance]",
    f"{SIG} StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should have a working scale subresource [Conformance]",
    f"{SIG} ReplicationController should get and update a ReplicationController scale [Conformance]",
)
@pytest.mark.parametrize("path", [DEPLOYMENTS, RS, SETS, RC])
def test_scale_is_read_updated_and_patched(suite: Suite, path: str) -> None:
    make_workload(suite, path)
    assert [pod["status"]["phase"] for pod in pods_of(suite)] == ["Running"]
    scale = suite.do("GET", f"{path}/one/scale")
    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (1, 1)
    scale["spec"]["replicas"] = 2
    assert suite.do("PUT", f"{path}/one/scale", scale)["spec"]["replicas"] == 2
    suite.wait(20)
    assert suite.do("GET", f"{path}/one")["spec"]["replicas"] == len(pods_of(suite)) == 2
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
        template = template_of(PAUSE, restartPolicy="Never")
        suite.made(path, "one", spec={"parallelism": 2, "completions": 4, "template": template})
        suite.wait()
    elif path.endswith("budgets"):
        suite.made(path, "one", spec={"minAvailable": 1, "selector": {"matchLabels": LABELS}})
        suite.wait()
    else:
        make_workload(suite, path)
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
    make_workload(suite, path, labels={"list": "true"})
    found = suite.do("GET", f"/apis/apps/v1/{path.rsplit('/', 1)[1]}", labelSelector="list=true")["items"]
    assert names_of(found) == ["one"]
    patched = suite.do("PATCH", f"{path}/one", {"metadata": {"labels": {"patched": "true"}}})
    assert patched["metadata"]["labels"]["patched"] == "true"
    suite.do("DELETE", path, labelSelector="patched=true")
    suite.wait(60)
    assert suite.do("GET", path)["items"] == pods_of(suite) == []


@conforms(
    f"{SIG} ReplicaSet should adopt matching pods on creation and release no longer matching pods [Conformance]",
    f"{SIG} ReplicationController should adopt matching pods on creation [Conformance]",
    f"{SIG} ReplicationController should release no longer matching pods [Conformance]",
)
@pytest.mark.parametrize("path", [RS, RC])
def test_matching_pods_are_adopted_and_others_released(suite: Suite, path: str) -> None:
    suite.pod("orphan", {"name": "c", "image": WEB}, metadata={"labels": LABELS})
    make_workload(suite, path)
    assert names_of(pods_of(suite)) == ["orphan"]
    assert owner_of(pods_of(suite)[0]) == "one"
    suite.do("PATCH", f"{PODS}/orphan", {"metadata": {"labels": {"app": "released"}}})
    suite.wait()
    assert owner_of(suite.do("GET", f"{PODS}/orphan")) == ""
    assert len(pods_of(suite)) == 1


@conforms(
    f"{SIG} ReplicaSet should serve a basic image on each replica with a public image [Conformance]",
    f"{SIG} ReplicationController should serve a basic image on each replica with a public image [Conformance]",
)
@pytest.mark.parametrize("path", [RS, RC])
def test_each_replica_serves(suite: Suite, path: str) -> None:
    make_workload(suite, path, replicas=2)
    suite.pod("client", {"name": "c", "image": BUSYBOX, "command": ["sleep", "3600"]})
    for pod in pods_of(suite):
        assert pod["status"]["phase"] == "Running"
        assert "Welcome to nginx!" in suite.inside("client", f"wget -qO- http://{pod['status']['podIP']}")


# Deployments


def _sets(suite: Suite) -> list[Obj]:
    return sorted(
        suite.do("GET", RS, labelSelector="app=e2e")["items"],
        key=lambda one: int(one["metadata"]["annotations"]["deployment.kubernetes.io/revision"]),
    )


@conforms(
    f"{SIG} Deployment RecreateDeployment should delete old pods and create new ones [Conformance]",
    f"{SIG} Deployment RollingUpdateDeployment should delete old pods and create new ones [Conformance]",
)
@pytest.mark.parametrize("strategy", ["Recreate", "RollingUpdate"])
def test_a_rollout_replaces_all_pods(suite: Suite, strategy: str) -> None:
    make_workload(suite, DEPLOYMENTS, replicas=2, strategy={"type": strategy})
    start, old = suite.do("GET", PODS)["metadata"]["resourceVersion"], set(names_of(pods_of(suite)))
    update_image(suite, DEPLOYMENTS, "nginx:1.26")
    suite.wait(120)
    assert images_of(pods_of(suite)) == {"nginx:1.26"}
    assert not old & set(names_of(pods_of(suite)))
    assert [one["spec"]["replicas"] for one in _sets(suite)] == [0, 2]
    heard = [kind for kind, _ in suite.watch(PODS, start) if kind != "MODIFIED"]
    if strategy == "Recreate":
        assert heard == ["DELETED", "DELETED", "ADDED", "ADDED"], "no new pod beside an old one"
    else:
        assert heard[0] == "ADDED"


@conforms(f"{SIG} Deployment deployment should delete old replica sets [Conformance]")
def test_old_replica_sets_are_cleaned_up(suite: Suite) -> None:
    make_workload(suite, DEPLOYMENTS, revisionHistoryLimit=0)
    update_image(suite, DEPLOYMENTS, "nginx:1.26")
    suite.wait(60)
    assert len(_sets(suite)) == 1


@conforms(f"{SIG} Deployment deployment should support rollover [Conformance]")
def test_a_rollout_is_rolled_over_by_the_next(suite: Suite) -> None:
    make_workload(
        suite, DEPLOYMENTS, strategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    )
    update_image(suite, DEPLOYMENTS, "nginx:nowhere-to-be-found")
    suite.wait(20)
    assert [one["spec"]["replicas"] for one in _sets(suite)] == [1, 1]
    update_image(suite, DEPLOYMENTS, "nginx:1.26")
    suite.wait(60)
    assert [one["spec"]["replicas"] for one in _sets(suite)] == [0, 0, 1]
    assert [pod["status"]["phase"] for pod in pods_of(suite)] == ["Running"]


@conforms(f"{SIG} Deployment deployment should support proportional scaling [Conformance]")
def test_a_stuck_rollout_is_scaled_in_proportion(suite: Suite) -> None:
    rolling = {"maxSurge": 3, "maxUnavailable": 2}
    make_workload(
        suite, DEPLOYMENTS, replicas=10, strategy={"type": "RollingUpdate", "rollingUpdate": rolling}, wait=40
    )
    update_image(suite, DEPLOYMENTS, "nginx:404")
    suite.wait(60)
    assert [one["spec"]["replicas"] for one in _sets(suite)] == [8, 5]
    suite.do("PATCH", f"{DEPLOYMENTS}/one", {"spec": {"replicas": 30}})
    suite.wait(60)
    assert [one["spec"]["replicas"] for one in _sets(suite)] == [20, 13]


@conforms(f"{SIG} Deployment should run the lifecycle of a Deployment [Conformance]")
def test_a_deployment_lives_and_ends(suite: Suite) -> None:
    start = suite.do("GET", DEPLOYMENTS)["metadata"]["resourceVersion"]
    made = make_workload(suite, DEPLOYMENTS)
    assert made["status"]["readyReplicas"] == 1
    update_image(suite, DEPLOYMENTS, "nginx:1.26")
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
    found = make_workload(suite, RS)
    assert found["status"]["readyReplicas"] == 1
    suite.do("PUT", f"{RS}/one", {**found, "spec": {**found["spec"], "replicas": 2}})
    suite.wait(20)
    assert suite.do("GET", f"{RS}/one")["status"]["readyReplicas"] == 2
    labels = {"test-rs": "patched"}
    patch = {"metadata": {"labels": labels}, "spec": {"replicas": 3, "template": template_of("nginx:1.26")}}
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
    found = make_workload(suite, RC, replicas=3)
    assert [one["type"] for one in found["status"]["conditions"]] == ["ReplicaFailure"]
    suite.do("PATCH", f"{RC}/one", {"spec": {"replicas": 2}})
    suite.wait(20)
    assert not suite.do("GET", f"{RC}/one")["status"].get("conditions")


@conforms(f"{SIG} ReplicationController should test the lifecycle of a ReplicationController [Conformance]")
def test_a_replication_controller_lives_and_ends(suite: Suite) -> None:
    start = suite.do("GET", RC)["metadata"]["resourceVersion"]
    assert make_workload(suite, RC, labels={"test-rc-static": "true"})["status"]["readyReplicas"] == 1
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
