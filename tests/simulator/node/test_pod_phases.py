"""Phase, conditions and next steps of pods, as tables: `node.pod_lifecycle` and `node.pod_status`."""

from typing import Any

import pytest

from simulator.node.pod_lifecycle import Todo, final_phase, next_steps, phase
from simulator.node.pod_status import pod_status
from simulator.node.spec_facts import facts_of
from tests.proof.follows import follows
from tests.simulator.node.pod_records import pod

PHASES = "pkg/kubelet/kubelet_pods_test.go"
ACTIONS = "pkg/kubelet/kuberuntime/kuberuntime_manager_test.go"


@follows(
    "Pod phase",
    f"{PHASES}: TestPodPhaseWithRestartAlways, TestPodPhaseWithRestartNever, TestPodPhaseWithRestartOnFailure",
)
@pytest.mark.parametrize(
    ("policy", "containers", "wanted"),
    [
        pytest.param("Always", "a=new b=new", "Pending", id="waiting"),
        pytest.param("Always", "a=running b=running", "Running", id="all running"),
        pytest.param("Always", "a=0? b=0?", "Running", id="all stopped with restart always"),
        pytest.param("Always", "a=running b=1?", "Running", id="one stopped with restart always"),
        pytest.param("Always", "a=running b=new", "Pending", id="one waiting with restart always"),
        pytest.param("Never", "a=new b=new", "Pending", id="waiting with restart never"),
        pytest.param("Never", "a=running b=running", "Running", id="all running with restart never"),
        pytest.param("Never", "a=0 b=0", "Succeeded", id="all succeeded with restart never"),
        pytest.param("Never", "a=1 b=1", "Failed", id="all failed with restart never"),
        pytest.param("Never", "a=running b=0", "Running", id="mixed state #1 with restart never"),
        pytest.param("Never", "a=running b=new", "Pending", id="mixed state #3 with restart never"),
        pytest.param("OnFailure", "a=new b=new", "Pending", id="waiting with restart onfailure"),
        pytest.param("OnFailure", "a=running b=running", "Running", id="all running with restart onfailure"),
        pytest.param("OnFailure", "a=0 b=0", "Succeeded", id="all succeeded with restart onfailure"),
        pytest.param("OnFailure", "a=1? b=1?", "Running", id="all failed with restart onfailure"),
        pytest.param("OnFailure", "a=running b=0", "Running", id="mixed state #1 with restart onfailure"),
        pytest.param("OnFailure", "a=running b=new", "Pending", id="mixed state #3 with restart onfailure"),
        pytest.param("OnFailure", "a=running b=1?", "Running", id="backoff crashloop with restart onfailure"),
    ],
)
def test_phase(policy: str, containers: str, wanted: str) -> None:
    assert phase(pod(*containers.split()), policy) == wanted


@follows(
    "Pod phase",
    f"{PHASES}: TestPodPhaseWithRestartAlwaysInitContainers, TestPodPhaseWithRestartNeverInitContainers, TestPodPhaseWithRestartAlwaysRestartableInitContainers, TestPodPhaseWithRestartNeverRestartableInitContainers",
)
@pytest.mark.parametrize(
    ("policy", "containers", "wanted"),
    [
        pytest.param("Always", "x=init:new a=new b=new", "Pending", id="empty, waiting"),
        pytest.param("Always", "x=init:running a=new b=new", "Pending", id="init container running"),
        pytest.param("Always", "x=init:1 a=new b=new", "Pending", id="init container terminated non-zero"),
        pytest.param("Always", "x=init:1? a=new b=new", "Pending", id="init container waiting, terminated non-zero"),
        pytest.param("Always", "x=init:0 a=running b=running", "Running", id="init container succeeded"),
        pytest.param("Never", "x=init:running a=new b=new", "Pending", id="never: init container running"),
        pytest.param("Never", "x=init:1 a=new b=new", "Failed", id="never: init container terminated non-zero"),
        pytest.param("Never", "x=init:0 a=running b=running", "Running", id="never: init container succeeded"),
        pytest.param("Always", "x=sidecar:running a=new b=new", "Pending", id="sidecar running"),
        pytest.param("Always", "x=sidecar:1 a=new b=new", "Pending", id="sidecar stopped"),
        pytest.param("Always", "x=sidecar:1? a=new b=new", "Pending", id="sidecar waiting, terminated non-zero"),
        pytest.param("Always", "x=sidecar:started a=running b=new", "Pending", id="sidecar started, 1/2 running"),
        pytest.param("Always", "x=sidecar:started a=running b=running", "Running", id="sidecar started, all running"),
        pytest.param("Always", "x=sidecar:running a=running b=running", "Running", id="sidecar running, all running"),
        pytest.param("Always", "x=sidecar:1 a=running b=running", "Running", id="sidecar stopped, all running"),
        pytest.param("Always", "x=sidecar:1? a=running b=running", "Running", id="backoff crashloop sidecar"),
        pytest.param("Never", "x=sidecar:started a=0 b=0", "Running", id="never: sidecar started, main succeeded"),
        pytest.param(
            "Always", "x=init:0 y=sidecar:started a=1?", "Running", id="regular container stopped, sidecar running"
        ),
    ],
)
def test_phase_with_init_containers(policy: str, containers: str, wanted: str) -> None:
    """Sidecars keep a pod running, and say nothing about how it ends."""
    assert phase(pod(*containers.split()), policy) == wanted


@follows("Pod phase", f"{PHASES}: TestPodPhaseWithRestartNeverRestartableInitContainers")
@pytest.mark.parametrize(
    ("containers", "wanted"),
    [
        pytest.param("x=sidecar:0 a=0 b=0", "Succeeded", id="all containers succeeded"),
        pytest.param("x=sidecar:1 a=0 b=0", "Succeeded", id="sidecar terminated non-zero, main containers succeeded"),
        pytest.param("x=sidecar:1? a=0 b=0", "Succeeded", id="backoff crashloop sidecar, main containers succeeded"),
        pytest.param("x=sidecar:0 a=0 b=1", "Failed", id="a main container failed"),
        pytest.param("x=init:1 a=new b=new", "Failed", id="initialisation failed"),
    ],
)
def test_final_phase(containers: str, wanted: str) -> None:
    assert final_phase(pod(*containers.split())) == wanted


@follows("Sync of a pod", f"{ACTIONS}: TestComputePodActions, TestComputePodActionsWithInitContainers")
@pytest.mark.parametrize(
    ("policy", "containers", "wanted"),
    [
        pytest.param("Always", "a=running b=running c=running", Todo(), id="everything is good; do nothing"),
        pytest.param("Always", "a=new b=new c=new", Todo(("a", "b", "c")), id="start all containers of a new pod"),
        pytest.param("Always", "a=0 b=1 c=running", Todo(("a", "b")), id="restart exited containers if Always"),
        pytest.param("OnFailure", "a=0 b=1 c=running", Todo(("b",)), id="restart failed containers if OnFailure"),
        pytest.param("Never", "a=0 b=1 c=running", Todo(), id="don't restart containers if Never"),
        pytest.param("Never", "a=0 b=1 c=1", Todo(finished=True), id="all containers exited, Never: the pod is over"),
        pytest.param("OnFailure", "a=0 b=0 c=0", Todo(finished=True), id="all succeeded, OnFailure: the pod is over"),
        pytest.param(
            "Always", "x=init:0 y=init:0 z=init:0 a=new b=new", Todo(("a", "b")), id="initialization completed"
        ),
        pytest.param(
            "Always", "x=init:new y=init:new z=init:new a=new", Todo(("x",)), id="start the first init container"
        ),
        pytest.param(
            "Always", "x=init:0 y=init:0 z=init:running a=new", Todo(), id="initialization in progress; do nothing"
        ),
        pytest.param("Always", "x=init:0 y=init:0 z=init:137 a=new", Todo(("z",)), id="initialization failed, Always"),
        pytest.param(
            "OnFailure", "x=init:0 y=init:0 z=init:137 a=new", Todo(("z",)), id="initialization failed, OnFailure"
        ),
        pytest.param(
            "Never", "x=init:0 y=init:0 z=init:137 a=new", Todo(finished=True), id="initialization failed, Never"
        ),
    ],
)
def test_next_steps(policy: str, containers: str, wanted: Todo) -> None:
    assert next_steps(pod(*containers.split()), policy) == wanted


@follows("Sync of a pod", f"{ACTIONS}: TestComputePodActionsWithRestartableInitContainers")
@pytest.mark.parametrize(
    ("policy", "containers", "wanted"),
    [
        pytest.param("Always", "x=sidecar:new y=sidecar:new a=new", Todo(("x",)), id="start the first sidecar"),
        pytest.param("Always", "x=sidecar:started y=sidecar:new a=new", Todo(("y",)), id="then the second"),
        pytest.param("Always", "x=sidecar:running y=sidecar:new a=new", Todo(), id="the first has not started yet"),
        pytest.param("Always", "x=sidecar:started y=sidecar:started a=new", Todo(("a",)), id="all have started"),
        pytest.param("Always", "x=sidecar:1 y=sidecar:new a=new", Todo(("x",)), id="a sidecar that fails begins again"),
        pytest.param("Never", "x=sidecar:0 y=sidecar:started a=running", Todo(("x",)), id="even if Never"),
        pytest.param(
            "Always", "x=sidecar:0 y=init:new a=new", Todo(("x",)), id="a sidecar comes before what follows it"
        ),
        pytest.param("Never", "x=sidecar:started a=0", Todo(finished=True), id="main containers are over"),
    ],
)
def test_next_steps_with_sidecars(policy: str, containers: str, wanted: Todo) -> None:
    assert next_steps(pod(*containers.split()), policy) == wanted


@follows("Ephemeral containers", f"{ACTIONS}: TestComputePodActionsWithInitAndEphemeralContainers")
@pytest.mark.parametrize(
    ("policy", "containers", "wanted"),
    [
        pytest.param("Always", "x=init:0 a=running debug=ephemeral:running", Todo(), id="steady state; do nothing"),
        pytest.param(
            "Always", "x=init:0 a=running debug=ephemeral:new", Todo(("debug",)), id="no ephemeral containers running"
        ),
        pytest.param(
            "Always",
            "x=init:0 a=running one=ephemeral:running two=ephemeral:new",
            Todo(("two",)),
            id="start second ephemeral container",
        ),
        pytest.param(
            "Always", "x=init:0 a=running debug=ephemeral:0", Todo(), id="ephemeral container exited; do not restart"
        ),
        pytest.param(
            "OnFailure", "x=init:0 a=running debug=ephemeral:137", Todo(), id="nor one that failed, whatever the policy"
        ),
        pytest.param(
            "Always",
            "x=init:running a=new debug=ephemeral:new",
            Todo(("debug",)),
            id="initialization in progress; start ephemeral container",
        ),
        pytest.param(
            "Always",
            "x=init:1 a=new debug=ephemeral:new",
            Todo(("debug", "x")),
            id="initialization failed; both start",
        ),
        pytest.param(
            "Never",
            "x=init:0 a=0 debug=ephemeral:running",
            Todo(finished=True),
            id="restartPolicy Never and all containers exited, but ephemeral containers running",
        ),
        pytest.param(
            "Never",
            "x=init:0 a=0 debug=ephemeral:new",
            Todo(finished=True),
            id="nor does one begin in a pod that is over",
        ),
    ],
)
def test_next_steps_with_ephemeral_containers(policy: str, containers: str, wanted: Todo) -> None:
    assert next_steps(pod(*containers.split()), policy) == wanted


@follows(
    "Ephemeral containers",
    "pkg/kubelet/kubelet_pods.go: getPhase, convertStatusToAPIStatus",
    "pkg/kubelet/status/generate.go: GenerateContainersReadyCondition",
    "https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/",
)
@pytest.mark.parametrize(
    ("policy", "containers", "wanted"),
    [
        pytest.param("Always", "a=ready debug=ephemeral:new", ("Running", "True"), id="one that waits"),
        pytest.param("Always", "a=ready debug=ephemeral:1", ("Running", "True"), id="one that failed"),
        pytest.param("Never", "a=0 debug=ephemeral:running", ("Succeeded", "False"), id="it keeps no pod running"),
        pytest.param("Never", "a=1 debug=ephemeral:0", ("Failed", "False"), id="and saves none"),
        pytest.param("Always", "a=new debug=ephemeral:running", ("Pending", "False"), id="it begins none"),
    ],
)
def test_an_ephemeral_container_says_nothing_of_its_pod(policy: str, containers: str, wanted: tuple[str, str]) -> None:
    record = pod(*containers.split())
    assert phase(record, policy) == wanted[0]
    spec = {
        "containers": [{"name": "a", "image": "busybox:1.36"}],
        "ephemeralContainers": [{"name": "debug", "image": "b"}],
    }
    made = {"metadata": {}, "spec": {"restartPolicy": policy, **spec}}
    status = pod_status(made, record, facts_of(made["spec"]), host_ip="172.18.0.2", timestamp=lambda moment: "now")
    assert condition(status, "Ready")[0] == wanted[1]
    assert [one["name"] for one in status["ephemeralContainerStatuses"]] == ["debug"]


def reported(containers: str, *, policy: str = "Never", ended: str = "", reason: str = "", **spec: Any) -> Any:
    record = pod(*containers.split())
    record.phase, record.reason, record.disrupted = ended, reason, reason and "why"
    named = [{"name": one.name, "image": "busybox:1.36"} for one in record.containers.values() if one.kind == "app"]
    before = [{"name": one.name, "image": "busybox:1.36"} for one in record.containers.values() if one.kind != "app"]
    made = {"metadata": {}, "spec": {"restartPolicy": policy, "containers": named, "initContainers": before, **spec}}
    return pod_status(made, record, facts_of(made["spec"]), host_ip="172.18.0.2", timestamp=lambda moment: "now")


def condition(status: Any, kind: str) -> tuple[str, str, str]:
    found = next(one for one in status["conditions"] if one["type"] == kind)
    return found["status"], found.get("reason", ""), found.get("message", "")


@follows(
    "Pod conditions",
    "pkg/kubelet/status/generate_test.go: TestGeneratePodReadyCondition, TestGenerateContainersReadyCondition",
)
@pytest.mark.parametrize(
    ("containers", "ended", "wanted"),
    [
        pytest.param("a=ready", "", ("True", "", ""), id="ready"),
        pytest.param("a=ready b=ready", "", ("True", "", ""), id="both ready"),
        pytest.param(
            "a=ready b=running",
            "",
            ("False", "ContainersNotReady", "containers with unready status: [b]"),
            id="one is not",
        ),
        pytest.param(
            "x=sidecar:started a=ready",
            "",
            ("False", "ContainersNotReady", "containers with unready status: [x]"),
            id="a sidecar is not",
        ),
        pytest.param("x=init:0 a=ready", "", ("True", "", ""), id="init containers do not count"),
        pytest.param("a=0", "Succeeded", ("False", "PodCompleted", ""), id="succeeded"),
        pytest.param("a=1", "Failed", ("False", "PodFailed", ""), id="failed"),
    ],
)
def test_ready(containers: str, ended: str, wanted: tuple[str, str, str]) -> None:
    status = reported(containers, ended=ended)
    assert condition(status, "Ready") == condition(status, "ContainersReady") == wanted


@follows("Pod conditions", "pkg/kubelet/status/generate_test.go: TestGeneratePodInitializedCondition")
@pytest.mark.parametrize(
    ("containers", "ended", "wanted"),
    [
        pytest.param("a=running", "", ("True", "", ""), id="nothing to initialise"),
        pytest.param(
            "x=init:running a=new",
            "",
            ("False", "ContainersNotInitialized", "containers with incomplete status: [x]"),
            id="one runs",
        ),
        pytest.param(
            "x=init:0 y=init:new a=new",
            "",
            ("False", "ContainersNotInitialized", "containers with incomplete status: [y]"),
            id="one has not begun",
        ),
        pytest.param("x=init:0 a=running", "", ("True", "", ""), id="completed"),
        pytest.param(
            "x=sidecar:running a=new",
            "",
            ("False", "ContainersNotInitialized", "containers with incomplete status: [x]"),
            id="a sidecar has not started",
        ),
        pytest.param("x=sidecar:started a=new", "", ("True", "", ""), id="a sidecar has started"),
        pytest.param("x=init:0 a=0", "Succeeded", ("True", "PodCompleted", ""), id="succeeded"),
    ],
)
def test_initialized(containers: str, ended: str, wanted: tuple[str, str, str]) -> None:
    assert condition(reported(containers, ended=ended), "Initialized") == wanted


@follows("Pod conditions", "pkg/kubelet/status/status_manager_test.go: TestMergePodStatus")
@pytest.mark.parametrize(
    ("containers", "reason", "wanted"),
    [
        pytest.param("a=running", "", ("Running", None, False), id="not over"),
        pytest.param("a=running", "Evicted", ("Running", None, False), id="evicted, and a container still runs"),
        pytest.param("a=137", "Evicted", ("Failed", "Evicted", True), id="evicted, and all have ended"),
        pytest.param(
            "x=sidecar:started a=137", "Evicted", ("Running", None, False), id="evicted, and a sidecar still runs"
        ),
    ],
)
def test_a_pod_is_over_when_nothing_of_it_runs(
    containers: str, reason: str, wanted: tuple[str, str | None, bool]
) -> None:
    status = reported(containers, ended="Failed" if reason else "", reason=reason)
    is_disrupted = any(one["type"] == "DisruptionTarget" for one in status["conditions"])
    assert (status["phase"], status.get("reason"), is_disrupted) == wanted


def test_a_pod_with_a_sidecar_runs_until_the_sidecar_has_stopped(machines: Any) -> None:
    side = "trap 'sleep 4; exit 0' TERM; sleep 1000 & wait"
    sidecar = {"name": "side", "image": "busybox:1.36", "restartPolicy": "Always", "command": ["sh", "-c", side]}
    machines.script("sleep 5; exit 0", spec={"restartPolicy": "Never", "initContainers": [sidecar]})
    machines.run(6)
    assert machines.status()["phase"] == "Running"
    assert "terminated" in machines.container()["state"]
    assert machines.condition("Ready")["reason"] == "ContainersNotReady"
    machines.run(4)
    assert machines.status()["phase"] == "Succeeded"
    assert machines.condition("Ready")["reason"] == "PodCompleted"


@follows("Pod conditions", "pkg/kubelet/status/status_manager.go: NeedToReconcilePodReadiness")
def test_a_readiness_gate_opens_and_closes_a_pod_at_once(machines: Any) -> None:
    machines.start(spec={"readinessGates": [{"conditionType": "example.com/open"}]})
    machines.run(5)
    assert machines.condition("ContainersReady")["status"] == "True"
    assert (machines.condition("Ready")["status"], machines.condition("Ready")["reason"]) == (
        "False",
        "ReadinessGatesNotReady",
    )
    missing = 'corresponding condition of pod readiness gate "example.com/open" does not exist.'
    assert machines.condition("Ready")["message"] == missing
    for status, ready, message in (
        ("True", "True", None),
        ("False", "False", 'the status of pod readiness gate "example.com/open" is not "True", but False'),
        ("True", "True", None),
    ):
        pod = machines.pod()
        others = [one for one in pod["status"]["conditions"] if one["type"] != "example.com/open"]
        gate = {"type": "example.com/open", "status": status, "lastProbeTime": None, "lastTransitionTime": None}
        changed = {**pod, "status": {**pod["status"], "conditions": [*others, gate]}}
        machines.registry.update("test", "pods", changed, "status")
        machines.run(0.1)
        assert machines.condition("Ready")["status"] == ready
        assert machines.condition("Ready").get("message") == message
        assert machines.condition("example.com/open")["status"] == status
