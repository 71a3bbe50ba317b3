"""What Knative's objects say of themselves: condition sets, Revisions, Routes, Configurations and Services, case by case."""

from typing import Any

import pytest

from simulator.addons.knative import revision_status, service_status, traffic
from simulator.addons.knative.conditions import Conditions
from simulator.addons.knative.revision_status import Scale
from simulator.cluster import Cluster
from tests.proof.follows import follows
from tests.simulator.extension.conftest import Lab
from tests.simulator.extension.gateways import NODES
from tests.simulator.extension.test_functions_and_machines import HELLO, KNATIVE, ask, functions

Obj = dict[str, Any]
SETS = "knative/pkg/apis/condition_set.go"
LIFECYCLE = "knative/serving/pkg/apis/serving/v1"
RECONCILER = "knative/serving/pkg/reconciler"
EARLY, LATE, NOW = "2025-01-01T00:00:00Z", "2025-01-01T00:01:00Z", "2025-01-01T00:02:00Z"


def told(conditions: Conditions) -> dict[str, str]:
    """Type → status and reason."""
    return {one["type"]: f"{one['status']} {one.get('reason', '')}".strip() for one in conditions.listed(NOW)}


def known(**statuses: str) -> list[Obj]:
    return [{"type": kind, "status": status, "lastTransitionTime": EARLY} for kind, status in statuses.items()]


# Condition sets


@follows("Knative Serving", f"{SETS}: InitializeConditions")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(known(), {"A": "Unknown", "B": "Unknown", "Ready": "Unknown"}, id="nothing yet"),
        pytest.param(known(Ready="True"), {"A": "True", "B": "True", "Ready": "True"}, id="ready before they existed"),
        pytest.param(known(A="False"), {"A": "False", "B": "Unknown", "Ready": "Unknown"}, id="one is there"),
    ],
)
def test_conditions_begin(before: list[Obj], after: dict[str, str]) -> None:
    assert told(Conditions(("A", "B"), before)) == after


@follows("Knative Serving", f"{SETS}: MarkTrue, MarkUnknown, MarkFalse, findUnhappyDependent")
@pytest.mark.parametrize(
    ("marks", "ready"),
    [
        pytest.param("A=True", "Unknown", id="one of two"),
        pytest.param("A=True B=True", "True", id="both"),
        pytest.param("A=True B=False", "False b", id="one fails"),
        pytest.param("A=False B=True", "False a", id="the other fails"),
        pytest.param("A=False B=Unknown", "False a", id="a failure counts before what is open"),
        pytest.param("A=Unknown B=False", "False b", id="in any order"),
        pytest.param("A=False B=False", "False b", id="of two failures the later"),
        pytest.param("B=False A=False", "False a", id="of two failures the later one"),
        pytest.param("A=Unknown B=Unknown", "Unknown b", id="of two that are open the later"),
        pytest.param("A=Unknown B=Unknown A=True", "Unknown b", id="what is left open"),
        pytest.param("A=False B=False A=True", "False b", id="what still fails"),
        pytest.param("A=True B=True Other=False", "True", id="others do not count"),
        pytest.param("A=True B=True Other=Unknown", "True", id="whatever they say"),
        pytest.param("A=False A=True B=True", "True", id="mended"),
    ],
)
def test_ready_sums_up(marks: str, ready: str) -> None:
    conditions = Conditions(("A", "B"))
    for mark in marks.split():
        kind, _, status = mark.partition("=")
        if status == "True":
            conditions.true(kind)
        elif status == "False":
            conditions.false(kind, kind.lower())
        else:
            conditions.unknown(kind, kind.lower())
    assert told(conditions)["Ready"] == ready


@follows("Knative Serving", f"{SETS}: severity")
def test_conditions_that_do_not_count_are_information() -> None:
    conditions = Conditions(("A",))
    conditions.false("Active", "NoTraffic")
    assert {one["type"]: one.get("severity") for one in conditions.listed(NOW)} == {
        "A": None, "Active": "Info", "Ready": None,
    }  # fmt: skip


@follows("Knative Serving", "knative/pkg/reconciler/reconcile_common.go: groomConditionsTransitionTime")
def test_a_time_stays_unless_something_changes() -> None:
    conditions = Conditions(("A", "B"), known(A="True", B="True", Ready="True"))
    conditions.false("A", "Broken")
    conditions.true("A")
    conditions.unknown("B", "Waiting")
    times = {one["type"]: one["lastTransitionTime"] for one in conditions.listed(NOW)}
    assert times == {"A": EARLY, "B": NOW, "Ready": NOW}


@follows("Knative Serving", "knative/pkg/reconciler/reconcile_common.go: PreProcessReconcile")
@pytest.mark.parametrize(("seen", "ready"), [(1, "True"), (None, "Unknown NewObservedGenFailure")])
def test_a_new_generation_is_open(seen: int | None, ready: str) -> None:
    conditions = Conditions((), known(Ready="True"))
    conditions.begin({"metadata": {"generation": 1}, "status": {"observedGeneration": seen}})
    assert told(conditions)["Ready"] == ready


# Revisions


def deployment(*conditions: tuple[str, str, str]) -> Obj:
    fields = ("type", "status", "reason")
    return {"status": {"conditions": [{**dict(zip(fields, one, strict=True)), "message": "why"} for one in conditions]}}


@follows("Knative Serving", f"{LIFECYCLE}/revision_lifecycle.go: PropagateDeploymentStatus")
@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(deployment(), "Unknown Deploying", id="nothing yet"),
        pytest.param(deployment(("Progressing", "True", "x")), "True", id="progresses"),
        pytest.param(deployment(("Progressing", "Unknown", "Paused")), "Unknown Paused", id="open"),
        pytest.param(deployment(("Progressing", "False", "Late")), "False Late", id="does not"),
        pytest.param(
            deployment(("Progressing", "True", "x"), ("ReplicaFailure", "True", "FailedCreate")),
            "False FailedCreate",
            id="pods refused",
        ),
        pytest.param(
            deployment(("Progressing", "False", "Late"), ("ReplicaFailure", "True", "FailedCreate")),
            "False FailedCreate",
            id="refused and late",
        ),
        pytest.param(
            deployment(("Progressing", "True", "x"), ("ReplicaFailure", "False", "y")), "True", id="no longer refused"
        ),
    ],
)
def test_resources_are_what_the_deployment_says(found: Obj, said: str) -> None:
    conditions = Conditions(revision_status.DEPENDENTS)
    revision_status.tell_deployment(conditions, found)
    assert told(conditions)["ResourcesAvailable"] == said


REVISION = {"spec": {"containers": [{"image": "web"}]}}
LATE_DEPLOYMENT = deployment(("Progressing", "False", "ProgressDeadlineExceeded"))


def crashed(code: int, says: str = "", name: str = "user-container") -> Obj:
    ended = {"exitCode": code, **({"message": says} if says else {})}
    return {"status": {"containerStatuses": [{"name": name, "lastState": {"terminated": ended}}]}}


WAITING = {
    "status": {
        "containerStatuses": [
            {"name": "user-container", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}}}
        ]
    }
}
UNSCHEDULABLE = {"status": {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}}


@follows("Knative Serving", f"{RECONCILER}/revision/reconcile_resources.go: reconcileDeployment")
@pytest.mark.parametrize(
    ("pod", "found", "kind", "said", "message"),
    [
        pytest.param(
            crashed(5, "I failed man!"), deployment(), "ContainerHealthy", "False ExitCode5",
            "Container failed with: I failed man!", id="crashed",
        ),
        pytest.param(
            crashed(0), deployment(), "ContainerHealthy", "False ExitCode0",
            "Container failed with: container exited with no error", id="ended",
        ),
        pytest.param(
            crashed(1), deployment(), "ContainerHealthy", "False ExitCode1", "Container failed with: ", id="in silence",
        ),
        pytest.param(
            crashed(1, "no", "queue-proxy"), deployment(), "ContainerHealthy", "Unknown", "", id="another container",
        ),
        pytest.param(WAITING, deployment(), "ResourcesAvailable", "Unknown", "", id="waits, in time"),
        pytest.param(
            WAITING, LATE_DEPLOYMENT, "ResourcesAvailable", "False ImagePullBackOff", "Back-off", id="waits too long",
        ),
        pytest.param(
            UNSCHEDULABLE, deployment(), "ResourcesAvailable", "False Unschedulable", "", id="has no place",
        ),
    ],
)  # fmt: skip
def test_a_pod_shows_why(pod: Obj, found: Obj, kind: str, said: str, message: str) -> None:
    conditions = Conditions(revision_status.DEPENDENTS)
    revision_status.tell_pod(conditions, REVISION, found, pod)
    assert told(conditions)[kind] == said
    assert conditions.get(kind).get("message", "") == message


@follows(
    "Knative Serving",
    f"{RECONCILER}/autoscaling/kpa/kpa.go: computeActiveCondition",
    f"{LIFECYCLE}/revision_lifecycle.go: PropagateAutoscalerStatus",
)
@pytest.mark.parametrize(
    ("before", "scale", "active", "resources"),
    [
        pytest.param(known(), Scale(1, 0), "Unknown Queued", "Unknown", id="to be started"),
        pytest.param(known(), Scale(1, 1, 1, True), "True", "True", id="started"),
        pytest.param(known(), Scale(2, 1, 2), "Unknown Queued", "Unknown", id="fewer than needed"),
        pytest.param(known(), Scale(2, 2, 2, True), "True", "True", id="as many as needed"),
        pytest.param(known(Active="True"), Scale(0, 1, 1, True), "False NoTraffic", "True", id="nobody asks"),
        pytest.param(known(Active="False"), Scale(0, 0, 1, True), "False NoTraffic", "True", id="sleeps"),
        pytest.param(known(Active="False"), Scale(1, 0, 1, True), "Unknown Queued", "True", id="wakes"),
        pytest.param(known(Active="Unknown"), Scale(0, 0, 1, True), "False TimedOut", "True", id="does not wake"),
        pytest.param(
            known(Active="Unknown"), Scale(0, 0), "False TimedOut", "False ProgressDeadlineExceeded", id="never came"
        ),
        pytest.param(
            known(ResourcesAvailable="False"), Scale(0, 0), "False NoTraffic", "False", id="what failed stays failed"
        ),
        pytest.param(
            known(ResourcesAvailable="False"), Scale(1, 0, 1, True), "Unknown Queued", "False", id="also when it was up"
        ),
    ],
)
def test_scale(before: list[Obj], scale: Scale, active: str, resources: str) -> None:
    conditions = Conditions(revision_status.DEPENDENTS, before)
    revision_status.tell_scale(conditions, scale)
    assert told(conditions)["Active"] == active
    assert told(conditions)["ResourcesAvailable"] == resources


# Configurations


def revision(name: str, status: str = "Unknown", **more: str) -> Obj:
    ready = {"type": "Ready", "status": status, **more}
    return {"metadata": {"name": name, "generation": 1}, "status": {"observedGeneration": 1, "conditions": [ready]}}


@follows("Knative Serving", f"{RECONCILER}/configuration/configuration.go", f"{LIFECYCLE}/configuration_lifecycle.go")
@pytest.mark.parametrize(
    ("before", "revisions", "said", "ready"),
    [
        pytest.param("", [revision("r1")], "Unknown", "", id="the first is not ready"),
        pytest.param("", [revision("r1", "True")], "True", "r1", id="the first is ready"),
        pytest.param("", [revision("r1", "False", message="no")], "False RevisionFailed", "", id="the first failed"),
        pytest.param("r1", [revision("r2"), revision("r1", "True")], "Unknown", "r1", id="the next is not ready"),
        pytest.param("r1", [revision("r2", "True"), revision("r1", "True")], "True", "r2", id="the next is ready"),
        pytest.param(
            "r1", [revision("r2", "False"), revision("r1", "True")], "False RevisionFailed", "r1", id="the next failed"
        ),
        pytest.param("", [revision("r2"), revision("r1", "True")], "Unknown", "r1", id="an earlier one became ready"),
        pytest.param("r1", [revision("r1", "False")], "False RevisionFailed", "r1", id="the latest ready one failed"),
    ],
)
def test_a_configuration_follows_its_latest_revision(before: str, revisions: list[Obj], said: str, ready: str) -> None:
    conditions = Conditions(())
    status = {"latestReadyRevisionName": before} if before else {}
    names = service_status.tell_revisions(conditions, status, revisions[0], revisions)
    assert told(conditions)["Ready"] == said
    assert names.get("latestReadyRevisionName", "") == ready
    assert names["latestCreatedRevisionName"] == revisions[0]["metadata"]["name"]


# Routes


def configuration(latest_ready: str = "", status: str = "Unknown") -> Obj:
    names = {"latestReadyRevisionName": latest_ready} if latest_ready else {}
    return {"metadata": {"name": "web"}, "status": {**names, "conditions": known(Ready=status)}}


def route(*targets: Obj) -> Obj:
    return {"metadata": {"name": "web", "namespace": "default"}, "spec": {"traffic": list(targets)}}


LATEST: Obj = {"configurationName": "web", "percent": 100}
WORLD = {
    name: revision(name, status)
    for name, status in {"up": "True", "new": "True", "open": "Unknown", "down": "False"}.items()
}


@follows("Knative Serving", f"{RECONCILER}/route/traffic/traffic.go", f"{LIFECYCLE}/route_lifecycle.go")
@pytest.mark.parametrize(
    ("targets", "owner", "message"),
    [
        pytest.param([LATEST], configuration(), 'Unknown: Configuration "web" is waiting for a Revision to become ready.', id="none ready yet"),
        pytest.param([LATEST], configuration(status="False"), 'False: Configuration "web" does not have any ready Revision.', id="none became ready"),
        pytest.param([{"revisionName": "open", "percent": 100}], configuration("up"), 'Unknown: Revision "open" is not yet ready.', id="not ready"),
        pytest.param([{"revisionName": "down", "percent": 100}], configuration("up"), 'False: Revision "down" failed to become ready.', id="failed"),
        pytest.param([{"revisionName": "lost", "percent": 100}], configuration("up"), 'False: Revision "lost" referenced in traffic not found.', id="missing"),
        pytest.param([{"configurationName": "other"}], configuration("up"), 'False: Configuration "other" referenced in traffic not found.', id="no such configuration"),
        pytest.param([{"revisionName": "open"}, {"revisionName": "lost"}], configuration("up"), 'False: Revision "lost" referenced in traffic not found.', id="a failure counts"),
        pytest.param([{"revisionName": "lost"}, {"revisionName": "open"}], configuration("up"), 'False: Revision "lost" referenced in traffic not found.', id="before what is open"),
        pytest.param([LATEST, {"revisionName": "lost"}], configuration("up"), 'False: Revision "lost" referenced in traffic not found.', id="one is enough"),
    ],
)  # fmt: skip
def test_traffic_that_cannot_be_assigned(targets: list[Obj], owner: Obj, message: str) -> None:
    found = traffic.targets(route(*targets), traffic.Known({"web": owner}, WORLD))
    conditions = Conditions(traffic.DEPENDENTS)
    traffic.tell(conditions, found, None)
    assigned = conditions.get("AllTrafficAssigned")
    assert f"{assigned['status']}: {assigned['message']}" == message


@follows("Knative Serving", f"{RECONCILER}/route/traffic/traffic.go: mergeIfNecessary, GetRevisionTrafficTargets")
@pytest.mark.parametrize(
    ("targets", "wanted"),
    [
        pytest.param([LATEST], ["up 100 latest"], id="the latest"),
        pytest.param([{"revisionName": "up", "percent": 100}], ["up 100"], id="by name"),
        pytest.param([{**LATEST, "percent": 40}, {"revisionName": "up", "percent": 60}], ["up 40 latest", "up 60"], id="both"),
        pytest.param([{"revisionName": "up", "percent": 40}, {"revisionName": "up", "percent": 60}], ["up 100"], id="twice"),
        pytest.param(
            [{"revisionName": "up", "percent": 90}, {"revisionName": "new", "percent": 10, "tag": "try"}],
            ["up 90", "new 10 http://try-web.default.svc.cluster.local"], id="with a tag",
        ),
    ],
)  # fmt: skip
def test_targets_become_revisions(targets: list[Obj], wanted: list[str]) -> None:
    found = traffic.targets(route(*targets), traffic.Known({"web": configuration("up")}, WORLD))
    assert not isinstance(found, traffic.Refusal)
    shown = [
        " ".join(
            [
                one["revisionName"],
                str(one["percent"]),
                *(["latest"] if one["latestRevision"] else []),
                one.get("url", ""),
            ]
        ).strip()
        for one in found
    ]
    assert shown == wanted


@follows("Knative Serving", f"{LIFECYCLE}/route_lifecycle.go: PropagateIngressStatus, MarkTLSNotEnabled")
@pytest.mark.parametrize(
    ("gateway", "ready"),
    [
        pytest.param(None, "Unknown IngressNotConfigured", id="nobody configures it"),
        pytest.param({"status": {}}, "Unknown Uninitialized", id="no proxy is up"),
        pytest.param({"status": {"readyReplicas": 1}}, "True", id="a proxy is up"),
    ],
)
def test_an_ingress(gateway: Obj | None, ready: str) -> None:
    conditions = Conditions(traffic.DEPENDENTS)
    traffic.tell(conditions, [], gateway)
    assert told(conditions)["Ready"] == ready
    assert told(conditions)["CertificateProvisioned"] == "True TLSNotEnabled"


# Services


def part(status: str, *, seen: int = 1, **more: Any) -> Obj:
    ready = {"type": "Ready", "status": status, "reason": f"{status}Reason"}
    spec = {"traffic": [{"configurationName": "web", "percent": 100}]}
    return {
        "metadata": {"generation": 1},
        "spec": spec,
        "status": {"observedGeneration": seen, "conditions": [ready], **more},
    }


HERE, THERE = ([{"revisionName": name, "percent": 100, "latestRevision": True}] for name in ("r1", "r2"))


@follows("Knative Serving", f"{RECONCILER}/service/service.go: ReconcileKind", f"{LIFECYCLE}/service_lifecycle.go")
@pytest.mark.parametrize(
    ("owner", "leads", "said"),
    [
        pytest.param(part("True", latestReadyRevisionName="r1"), part("True", traffic=HERE), "True True True", id="ready"),
        pytest.param(part("Unknown"), part("Unknown"), "Unknown/UnknownReason Unknown/UnknownReason Unknown/UnknownReason", id="open"),
        pytest.param(part("False"), part("True", traffic=HERE), "False/FalseReason Unknown/TrafficNotMigrated False/FalseReason", id="the configuration failed"),
        pytest.param(part("True", latestReadyRevisionName="r1"), part("False"), "True False/FalseReason False/FalseReason", id="the route failed"),
        pytest.param(part("True", seen=0), part("True", traffic=HERE), "Unknown/OutOfDate Unknown/TrafficNotMigrated Unknown/TrafficNotMigrated", id="the configuration is behind"),
        pytest.param(part("True", latestReadyRevisionName="r1"), part("True", seen=0), "True Unknown/OutOfDate Unknown/OutOfDate", id="the route is behind"),
        pytest.param(part("True", latestReadyRevisionName="r2"), part("True", traffic=HERE), "True Unknown/TrafficNotMigrated Unknown/TrafficNotMigrated", id="traffic to the one before"),
        pytest.param(part("True", latestReadyRevisionName="r2"), part("True", traffic=THERE), "True True True", id="traffic to the latest"),
        pytest.param(part("True", latestReadyRevisionName="r1"), part("True"), "True Unknown/TrafficNotMigrated Unknown/TrafficNotMigrated", id="no traffic yet"),
    ],
)  # fmt: skip
def test_a_service_says_what_its_parts_say(owner: Obj, leads: Obj, said: str) -> None:
    conditions = Conditions(service_status.DEPENDENTS)
    service_status.tell_parts(conditions, owner, leads)
    found = told(conditions)
    kinds = (*service_status.DEPENDENTS, "Ready")
    assert " ".join(found[kind].replace(" ", "/") for kind in kinds) == said


# On a cluster


def column(lab: Lab, what: str, kind: str) -> str:
    return lab.value(what, f'{{.status.conditions[?(@.type=="{kind}")].reason}}')


def test_a_function_that_crashes_fails_in_all_its_parts() -> None:
    lab = functions()
    lab.apply(HELLO.replace("drydock/web:1.0", "busybox:1.36"), seconds=40)
    assert lab.run("kubectl get ksvc --no-headers").split()[-2:] == ["False", "RevisionMissing"]
    assert lab.run("kubectl get rev --no-headers").split()[3:5] == ["False", "ExitCode0"]
    assert lab.run("kubectl get cfg --no-headers").split() == ["hello", "False", "RevisionFailed"]
    assert 'Latest created revision "hello-00001" has failed' in lab.run("kubectl get events")
    restored = lab.restored()
    for one in (lab, restored):
        one.wait(700)
        assert column(one, "revision hello-00001", "Ready") == "ProgressDeadlineExceeded"
        assert one.run("kubectl get pods -l serving.knative.dev/service=hello -o name") == ""
    assert restored.cluster.state_hash() == lab.cluster.state_hash()


def test_without_a_proxy_in_front_a_function_waits_for_its_ingress() -> None:
    lab = Lab(Cluster.create({"name": "t", "nodes": NODES}))
    lab.run(f"kubectl apply -f {KNATIVE.format('serving-crds')}")
    lab.wait(3)
    lab.run(f"kubectl apply -f {KNATIVE.format('serving-core')}")
    lab.wait(40)
    lab.apply(HELLO, seconds=20)
    assert lab.run("kubectl get ksvc --no-headers").split()[-2:] == ["Unknown", "IngressNotConfigured"]


def test_traffic_stays_where_it_was_while_a_target_is_missing() -> None:
    lab = functions()
    lab.apply(HELLO, seconds=20)
    lab.apply(HELLO + "  traffic: [{revisionName: hello-00007, percent: 100}]\n", seconds=5)
    assert column(lab, "ksvc hello", "RoutesReady") == "RevisionMissing"
    assert ask(lab).status == 200


def test_min_scale_keeps_pods() -> None:
    lab = functions()
    scaled = HELLO.replace(
        "template:\n", 'template:\n    metadata: {annotations: {autoscaling.knative.dev/min-scale: "2"}}\n'
    )
    lab.apply(scaled, seconds=200)
    assert len(lab.run("kubectl get pods -l serving.knative.dev/service=hello -o name").split()) == 2
    assert column(lab, "revision hello-00001", "Active") == ""
