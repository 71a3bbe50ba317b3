"""What KubeVirt's machines and instances say of themselves, case by case."""

from typing import Any

import pytest

from simulator.addons.kubevirt import conditions, instance_status, machine_status
from simulator.cluster import Cluster
from tests.proof.follows import follows
from tests.simulator.extension.conftest import Lab
from tests.simulator.extension.gateways import NODES
from tests.simulator.extension.test_functions_and_machines import KUBEVIRT

Obj = dict[str, Any]
LIFECYCLE = "kubevirt/kubevirt/pkg/virt-controller/watch/vmi/lifecycle.go"
VM = "kubevirt/kubevirt/pkg/virt-controller/watch/vm/vm.go"
EARLY, NOW = "2025-01-01T00:00:00Z", "2025-01-01T00:01:00Z"


def launcher(phase: str = "Running", *, compute: Any = "running", ending: bool = False, **conditions: str) -> Obj:
    state = {compute: {}} if isinstance(compute, str) else compute
    told = [
        {"type": kind, "status": value.split()[0], "reason": value.partition(" ")[2], "lastTransitionTime": EARLY}
        for kind, value in conditions.items()
    ]
    status = {"phase": phase, "conditions": told, "containerStatuses": [{"name": "compute", "state": state}]}
    return {"metadata": {"uid": "p", **({"deletionTimestamp": EARLY} if ending else {})}, "status": status}


def instance(phase: str = "", *told: Obj, devices: Obj | None = None, **status: Any) -> Obj:
    return {
        "metadata": {"uid": "i"},
        "spec": {"domain": {"devices": devices or {}}},
        "status": {"phase": phase, "conditions": list(told), **status},
    }


def short(one: Obj | None) -> str:
    return "" if one is None else f"{one['status']} {one.get('reason', '')}".strip()


# Instances


@follows("KubeVirt", f"{LIFECYCLE}: syncReadyConditionFromPod")
@pytest.mark.parametrize(
    ("phase", "pod", "said", "message"),
    [
        pytest.param("Pending", None, "False PodNotExists", "virt-launcher pod has not yet been scheduled", id="no pod"),
        pytest.param("Scheduling", launcher("Pending"), "False GuestNotRunning", "Guest VM is not reported as running", id="pod waits"),
        pytest.param("Scheduled", launcher(Ready="True"), "False GuestNotRunning", "Guest VM is not reported as running", id="pod runs, guest does not"),
        pytest.param("Running", launcher(Ready="True"), "True", "", id="guest runs"),
        pytest.param("Running", launcher(Ready="False ContainersNotReady"), "False ContainersNotReady", "", id="pod is not ready"),
        pytest.param("Running", launcher(), "False PodConditionMissing", "virt-launcher pod is missing the Ready condition", id="pod says nothing"),
        pytest.param("Running", launcher(ending=True, Ready="True"), "False PodTerminating", "virt-launcher pod is terminating", id="pod goes"),
        pytest.param("Running", launcher("Failed", Ready="True"), "False PodTerminating", "virt-launcher pod is terminating", id="pod failed"),
        pytest.param("Running", launcher(compute="terminated"), "False PodTerminating", "virt-launcher pod is terminating", id="compute ended"),
        pytest.param("Scheduling", launcher("Pending", ending=True), "False PodTerminating", "virt-launcher pod is terminating", id="goes before it ran"),
    ],
)  # fmt: skip
def test_ready(phase: str, pod: Obj | None, said: str, message: str) -> None:
    found = instance_status.ready(phase, pod, NOW)
    assert (short(found), found.get("message", "")) == (said, message)


def test_a_running_guests_ready_has_its_pods_time() -> None:
    assert instance_status.ready("Running", launcher(Ready="True"), NOW)["lastTransitionTime"] == EARLY


@follows("KubeVirt", f"{LIFECYCLE}: updateStatus")
@pytest.mark.parametrize(
    ("phase", "pod", "wanted"),
    [
        pytest.param("", None, "Pending", id="seen"),
        pytest.param("Pending", None, "Pending", id="no pod yet"),
        pytest.param("Pending", launcher("Pending"), "Scheduling", id="pod made"),
        pytest.param("Scheduling", launcher("Pending", compute="waiting"), "Scheduling", id="pod waits"),
        pytest.param("Scheduling", launcher(compute="waiting"), "Scheduling", id="compute waits"),
        pytest.param("Scheduling", launcher(), "Scheduled", id="pod runs"),
        pytest.param("Scheduling", launcher("Failed"), "Failed", id="pod failed"),
        pytest.param("Scheduling", launcher("Pending", ending=True), "Failed", id="pod goes"),
        pytest.param("Scheduling", None, "Failed", id="pod is gone"),
        pytest.param("Scheduled", None, "Failed", id="pod is gone before the guest ran"),
        pytest.param("Scheduled", launcher(), "Running", id="guest runs"),
        pytest.param("Running", launcher(Ready="False"), "Running", id="goes on when not ready"),
        pytest.param("Running", launcher(ending=True), "Running", id="goes on while its pod goes"),
        pytest.param("Running", None, "Failed", id="pod of a guest is gone"),
        pytest.param("Running", launcher("Succeeded"), "Succeeded", id="guest has ended"),
        pytest.param("Running", launcher("Failed"), "Failed", id="guest has failed"),
        pytest.param("Succeeded", None, "Succeeded", id="final"),
        pytest.param("Failed", launcher(), "Failed", id="final whatever the pod does"),
    ],
)
def test_phases(phase: str, pod: Obj | None, wanted: str) -> None:
    assert instance_status.next_phase(phase, pod) == wanted


def pulling(reason: str, message: str = "why") -> dict[str, Obj]:
    return {"waiting": {"reason": reason, "message": message}}


UNSCHEDULABLE = launcher("Pending", compute="waiting", PodScheduled="False Unschedulable")
OUT_OF_SYNC = conditions.told("Synchronized", "False", "ErrImagePull", "why", EARLY)


@follows(
    "KubeVirt",
    f"{LIFECYCLE}: updateStatus, checkForContainerImageError",
    "kubevirt/kubevirt/pkg/controller/conditions.go: CheckFailure",
)
@pytest.mark.parametrize(
    ("before", "pod", "problem", "scheduled", "synchronized"),
    [
        pytest.param(instance("Scheduling"), launcher("Pending"), None, "", "", id="nothing to say"),
        pytest.param(instance("Scheduling"), UNSCHEDULABLE, None, "False Unschedulable", "", id="no node"),
        pytest.param(
            instance("Scheduling", conditions.told("PodScheduled", "False", "Unschedulable")), launcher("Pending", PodScheduled="True"), None,
            "", "", id="a node was found",
        ),
        pytest.param(instance("Scheduling"), launcher("Pending", compute=pulling("ErrImagePull")), None, "", "False ErrImagePull", id="no image"),
        pytest.param(
            instance("Scheduling", OUT_OF_SYNC), launcher("Pending", compute=pulling("ImagePullBackOff")), None,
            "", "False ImagePullBackOff", id="still no image",
        ),
        pytest.param(instance("Scheduling", OUT_OF_SYNC), launcher("Pending", compute=pulling("ContainerCreating")), None, "", "", id="image came"),
        pytest.param(instance("Pending"), None, ("FailedCreate", "no"), "", "False FailedCreate", id="pod refused"),
        pytest.param(instance("Running"), launcher(Ready="True"), None, "", "", id="virt-handler's own"),
        pytest.param(instance("Running", OUT_OF_SYNC), launcher(Ready="True"), None, "", "False ErrImagePull", id="is left to virt-handler"),
    ],
)  # fmt: skip
def test_what_is_in_the_way(
    before: Obj, pod: Obj | None, problem: tuple[str, str] | None, scheduled: str, synchronized: str
) -> None:
    found = {"status": {"conditions": instance_status.conditions(before, pod, problem, NOW)}}
    assert short(conditions.find(found, "PodScheduled")) == scheduled
    assert short(conditions.find(found, "Synchronized")) == synchronized


@follows(
    "KubeVirt",
    "kubevirt/kubevirt/pkg/virt-handler/vm.go: calculateLiveMigrationCondition",
    "kubevirt/kubevirt/pkg/network/vmispec/interface.go: VerifyVMIMigratable",
)
@pytest.mark.parametrize(
    ("devices", "live", "storage"),
    [
        pytest.param({}, "False InterfaceNotLiveMigratable", "False NotMigratable", id="bridged by default"),
        pytest.param({"interfaces": [{"name": "default", "bridge": {}}]}, "False InterfaceNotLiveMigratable", "False NotMigratable", id="bridged"),
        pytest.param({"interfaces": [{"name": "default", "masquerade": {}}]}, "True", "True", id="masquerade"),
        pytest.param({"autoattachPodInterface": False}, "True", "True", id="alone"),
    ],
)  # fmt: skip
def test_what_could_move(devices: Obj, live: str, storage: str) -> None:
    assert [short(one) for one in instance_status.migratable(instance(devices=devices))] == [live, storage]


# Machines


def machine(strategy: str = "Always", *, ending: bool = False, told: list[Obj] | None = None, failures: int = 0) -> Obj:
    failure = {"startFailure": {"consecutiveFailCount": failures, "lastFailedVMIUID": "i", "retryAfterTimestamp": NOW}}
    return {
        "metadata": {"name": "vm", **({"deletionTimestamp": EARLY} if ending else {})},
        "spec": {"runStrategy": strategy},
        "status": {"conditions": told or [], **(failure if failures else {})},
    }


def going(phase: str) -> Obj:
    found = instance(phase)
    return {**found, "metadata": {**found["metadata"], "deletionTimestamp": EARLY}}


@follows("KubeVirt", f"{VM}: setPrintableStatus")
@pytest.mark.parametrize(
    ("vm", "vmi", "flags", "wanted"),
    [
        pytest.param(machine(ending=True), instance("Running"), "", "Terminating", id="goes"),
        pytest.param(machine("Halted"), instance("Running"), "stop", "Stopping", id="to stop"),
        pytest.param(machine(), going("Running"), "", "Stopping", id="its instance goes"),
        pytest.param(machine(), going("Failed"), "", "Stopped", id="a failed one goes"),
        pytest.param(machine(), instance("Running"), "", "Running", id="runs"),
        pytest.param(
            machine(), instance("Scheduling", conditions.told("PodScheduled", "False", "Unschedulable")), "", "ErrorUnschedulable", id="no node",
        ),
        pytest.param(machine(), instance("Scheduling", OUT_OF_SYNC), "", "ErrImagePull", id="no image"),
        pytest.param(
            machine(), instance("Scheduling", conditions.told("Synchronized", "False", "ImagePullBackOff")), "", "ImagePullBackOff", id="still none",
        ),
        pytest.param(machine(), instance("Scheduling", conditions.told("Synchronized", "False", "FailedCreate")), "", "Starting", id="another problem"),
        *(pytest.param(machine(), instance(phase), "", "Starting", id=f"instance is {phase or 'new'}") for phase in ("", "Pending", "Scheduling", "Scheduled")),
        pytest.param(machine(), None, "start", "Starting", id="instance just made"),
        pytest.param(machine(failures=1), None, "", "CrashLoopBackOff", id="waits after a failure"),
        pytest.param(machine(failures=1), instance("Failed"), "", "CrashLoopBackOff", id="has failed again"),
        pytest.param(machine(failures=1), None, "start", "Starting", id="tries again"),
        pytest.param(machine("Manual", failures=1), None, "", "Stopped", id="by hand"),
        pytest.param(machine("Halted"), None, "", "Stopped", id="halted"),
        pytest.param(machine("RerunOnFailure"), instance("Succeeded"), "", "Stopped", id="shut down by the guest"),
    ],
)  # fmt: skip
def test_printable_status(vm: Obj, vmi: Obj | None, flags: str, wanted: str) -> None:
    found = machine_status.printable(vm, vmi, is_starting=flags == "start", is_stopping=flags == "stop")
    assert found == wanted


def told(**statuses: str) -> list[Obj]:
    return [conditions.told(kind, status, at=EARLY) for kind, status in statuses.items()]


@follows("KubeVirt", f"{VM}: syncConditions, syncReadyConditionFromVMI")
@pytest.mark.parametrize(
    ("vm", "vmi", "wanted"),
    [
        pytest.param(machine(), None, {"Ready": "False VMINotExists"}, id="no instance"),
        pytest.param(machine(), instance("Pending"), {"Ready": "False VMIConditionMissing"}, id="it says nothing"),
        pytest.param(machine(), instance("Running", *told(Ready="True")), {"Ready": "True"}, id="ready"),
        pytest.param(
            machine(), instance("Running", *told(Ready="True", LiveMigratable="True")), {"Ready": "True", "LiveMigratable": "True"}, id="and more",
        ),
        pytest.param(
            machine(told=told(Ready="True", PodScheduled="False")), instance("Running", *told(Ready="True")), {"Ready": "True"}, id="no longer said",
        ),
        pytest.param(
            machine(told=told(RestartRequired="True", Failure="True")), instance("Running", *told(Ready="True", Failure="False")),
            {"RestartRequired": "True", "Failure": "True", "Ready": "True"}, id="its own stay",
        ),
        pytest.param(
            machine(told=told(LiveMigratable="True")), None, {"LiveMigratable": "True", "Ready": "False VMINotExists"}, id="kept while there is none",
        ),
    ],
)  # fmt: skip
def test_a_machine_says_what_its_instance_says(vm: Obj, vmi: Obj | None, wanted: dict[str, str]) -> None:
    assert {one["type"]: short(one) for one in machine_status.conditions(vm, vmi, NOW)} == wanted


RAN = [{"phase": "Running"}]


@follows("KubeVirt", f"{VM}: syncStartFailureStatus")
@pytest.mark.parametrize(
    ("vm", "vmi", "count"),
    [
        pytest.param(machine(), None, 0, id="nothing happened"),
        pytest.param(machine(), instance("Failed"), 1, id="failed before it ran"),
        pytest.param(machine(), instance("Failed", phaseTransitionTimestamps=RAN), 0, id="failed after it ran"),
        pytest.param(machine(failures=2), instance("Failed"), 2, id="counted already"),
        pytest.param(machine(failures=2), {**instance("Failed"), "metadata": {"uid": "j"}}, 3, id="another one"),
        pytest.param(machine(failures=2), None, 2, id="remembered"),
        pytest.param(machine(failures=2), instance("Scheduling"), 2, id="remembered while it starts"),
        pytest.param(machine(failures=2), instance("Running", phaseTransitionTimestamps=RAN), 0, id="forgotten when it runs"),
        pytest.param(machine("Halted", failures=2), None, 0, id="forgotten when it is halted"),
        pytest.param(machine("Manual"), instance("Failed"), 0, id="by hand"),
    ],
)  # fmt: skip
def test_failed_starts_are_counted(vm: Obj, vmi: Obj | None, count: int) -> None:
    found = machine_status.start_failure(vm, vmi, lambda seconds: f"in {seconds}")
    assert (found or {}).get("consecutiveFailCount", 0) == count


@follows("KubeVirt", f"{VM}: calculateStartBackoffTime")
@pytest.mark.parametrize(("failures", "seconds"), [(0, 10), (1, 10), (2, 40), (3, 90), (5, 250), (6, 300), (10, 300)])
def test_starts_are_put_off(failures: int, seconds: int) -> None:
    assert machine_status.backoff_s(failures) == seconds


@follows("KubeVirt", "kubevirt/kubevirt/pkg/controller/conditions.go: UpdateCondition")
@pytest.mark.parametrize(
    ("wanted", "at"),
    [
        pytest.param(conditions.told("Ready", "False", "A", "m", NOW), EARLY, id="the same"),
        pytest.param(conditions.told("Ready", "False", "A", "n", NOW), EARLY, id="another message"),
        pytest.param(conditions.told("Ready", "True", "A", "m", NOW), NOW, id="another status"),
        pytest.param(conditions.told("Ready", "False", "B", "m", NOW), NOW, id="another reason"),
    ],
)
def test_a_condition_is_replaced_when_it_changes(wanted: Obj, at: str) -> None:
    (found,) = conditions.updated([conditions.told("Ready", "False", "A", "m", EARLY)], wanted)
    assert found["lastTransitionTime"] == at


# On a cluster


VIRTUAL = "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata: {name: testvm}\nspec:\n  runStrategy: Always\n"


def machines() -> Lab:
    lab = Lab(Cluster.create({"name": "t", "nodes": NODES}))
    for name in ("kubevirt-operator", "kubevirt-cr"):
        lab.run(f"kubectl apply -f {KUBEVIRT.format(name)}")
        lab.wait(30)
    return lab


def test_a_machine_whose_pod_is_deleted_starts_again() -> None:
    lab = machines()
    lab.apply(VIRTUAL + "  template: {spec: {domain: {devices: {}}}}\n", seconds=50)
    pod = lab.run("kubectl get pods -l kubevirt.io=virt-launcher -o name").strip()
    restored = lab.restored()
    for one in (lab, restored):
        one.run(f"kubectl delete {pod} --wait=false")
        one.wait(1)
        assert one.value("vm testvm", '{.status.conditions[?(@.type=="Ready")].reason}') == "PodTerminating"
        one.wait(80)
        assert one.run("kubectl get vm --no-headers").split()[2:] == ["Running", "True"]
        assert one.run("kubectl get pods -l kubevirt.io=virt-launcher -o name").strip() != pod
        assert "Stopped the virtual machine by deleting the virtual machine instance" in one.run("kubectl get events")
    assert restored.cluster.state_hash() == lab.cluster.state_hash()


def test_an_instance_stays_until_its_pod_is_gone() -> None:
    lab = machines()
    lab.apply(VIRTUAL + "  template: {spec: {domain: {devices: {}}}}\n", seconds=50)
    lab.run('kubectl patch vm testvm --type=merge -p \'{"spec":{"runStrategy":"Halted"}}\'')
    lab.wait(1)
    assert lab.run("kubectl get vm --no-headers").split()[2:] == ["Stopping", "False"]
    assert lab.run("kubectl get vmi -o name") != ""
    lab.wait(40)
    assert lab.run("kubectl get vm --no-headers").split()[2:] == ["Stopped", "False"]
    assert lab.run("kubectl get vmi -o name") == ""


def test_a_machine_too_large_for_any_node_says_so() -> None:
    lab = machines()
    lab.apply(VIRTUAL + "  template: {spec: {domain: {cpu: {cores: 900}, devices: {}}}}\n", seconds=10)
    assert lab.run("kubectl get vm --no-headers").split()[2:] == ["ErrorUnschedulable", "False"]
    assert lab.value("vmi testvm", '{.status.conditions[?(@.type=="PodScheduled")].reason}') == "Unschedulable"
