"""Nodes register, report, lose power and come back; kubelets stop and start."""

from typing import Any


def ready(machines: Any, name: str = "node-0") -> dict[str, Any]:
    conditions = machines.get("nodes", name, "")["status"]["conditions"]
    return next(one for one in conditions if one["type"] == "Ready")


def renewed(machines: Any) -> str:
    return str(machines.get("leases.coordination.k8s.io", "node-0", "kube-node-lease")["spec"]["renewTime"])


def test_a_machine_registers_with_labels_capacity_and_addresses(machines: Any) -> None:
    node = machines.get("nodes", "node-0", "")
    assert node["metadata"]["labels"]["kubernetes.io/hostname"] == "node-0"
    assert node["spec"]["podCIDR"] == "10.244.0.0/24"
    status = node["status"]
    assert {name: status["capacity"][name] for name in ("cpu", "memory", "pods")} == {
        "cpu": "4",
        "memory": "8Gi",
        "pods": "110",
    }
    assert status["addresses"] == [
        {"type": "InternalIP", "address": "172.18.0.2"},
        {"type": "Hostname", "address": "node-0"},
    ]
    assert status["nodeInfo"]["containerRuntimeVersion"].startswith("containerd://")
    assert status["nodeInfo"]["kubeletVersion"].startswith("v1.33.")


def test_a_machine_is_not_ready_until_its_network_is(many: Any) -> None:
    machines = many(profile="lab")
    assert (ready(machines)["status"], ready(machines)["reason"]) == ("False", "KubeletNotReady")
    machines.run(6)
    assert (ready(machines)["status"], ready(machines)["reason"], ready(machines)["message"]) == (
        "True",
        "KubeletReady",
        "kubelet is posting ready status",
    )
    assert [message for _, message, _ in machines.events("node-0")] == [
        "Starting kubelet.",
        "Updated Node Allocatable limit across pods",
        "Node node-0 status is now: NodeHasSufficientMemory",
        "Node node-0 status is now: NodeHasNoDiskPressure",
        "Node node-0 status is now: NodeHasSufficientPID",
        "Node node-0 status is now: NodeReady",
    ]


def test_a_pod_waits_for_the_network(many: Any) -> None:
    machines = many(profile="lab")
    machines.start()
    machines.run(1)
    assert machines.said("NetworkNotReady")[0].startswith(
        "network is not ready: container runtime network not ready: NetworkReady=false"
    )
    machines.run(20)
    assert machines.status()["phase"] == "Running"


def test_an_idle_machine_writes_nothing(machines: Any) -> None:
    machines.start()
    machines.run(60)
    before = machines.registry.store.revision
    machines.run(3_600)
    rows = [row for row in machines.registry.store.log if row.rev > before]
    assert all((row.resource, row.type) == ("events", "DELETED") for row in rows)


def test_without_power_nothing_is_reported_and_the_last_heartbeat_stays(machines: Any) -> None:
    machines.start()
    machines.run(25)
    machines.kubelets.power_off("node-0")
    before = machines.registry.store.revision
    machines.run(300)
    assert machines.registry.store.revision == before
    assert renewed(machines) == "2025-10-09T08:53:40.000000Z"
    assert machines.status()["phase"] == "Running"
    assert not machines.kubelets.is_powered("node-0")


def test_back_on_power_the_pods_containers_start_again_in_a_new_sandbox(machines: Any) -> None:
    machines.start()
    machines.run(1)
    machines.kubelets.power_off("node-0")
    machines.run(60)
    machines.kubelets.power_on("node-0")
    machines.run(1)
    container = machines.container()
    assert (container["restartCount"], container["ready"]) == (1, True)
    last = container["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (255, "Unknown")
    assert machines.said("SandboxChanged") == ["Pod sandbox changed, it will be killed and re-created."]
    assert machines.status()["podIP"] == "10.244.0.3"
    assert ready(machines)["status"] == "True"


def test_a_reboot_is_told(machines: Any) -> None:
    machines.kubelets.power_off("node-0")
    machines.run(60)
    machines.kubelets.power_on("node-0")
    machines.run(1)
    boot = machines.get("nodes", "node-0", "")["status"]["nodeInfo"]["bootID"]
    assert machines.said("Rebooted", "node-0") == [f"Node node-0 has been rebooted, boot id: {boot}"]


def test_a_booting_machine_takes_its_time(lab: Any) -> None:
    lab.kubelets.power_off("node-0")
    lab.run(30)
    lab.kubelets.power_on("node-0")
    lab.run(11)
    assert not lab.kubelets.is_kubelet_running("node-0")
    lab.run(14)
    assert ready(lab)["status"] == "True"


def test_pods_deleted_while_the_machine_was_off_are_cleaned_up(machines: Any) -> None:
    machines.start("gone")
    machines.start("asked")
    machines.run(1)
    machines.kubelets.power_off("node-0")
    machines.delete("gone", grace_s=0)
    machines.delete("asked")
    machines.run(60)
    assert machines.exists("asked")
    machines.kubelets.power_on("node-0")
    machines.run(1)
    assert not machines.exists("asked")
    assert machines.kubelets.fleet.pods == {}


def test_init_containers_run_again_after_a_reboot(machines: Any) -> None:
    init = {
        "name": "init",
        "image": "busybox:1.36",
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", "echo again"],
    }
    machines.start(spec={"initContainers": [init]})
    machines.run(1)
    machines.kubelets.power_off("node-0")
    machines.kubelets.power_on("node-0")
    machines.run(2)
    status = machines.status()
    assert (status["phase"], status["initContainerStatuses"][0]["restartCount"]) == ("Running", 1)


def test_containers_outlive_their_kubelet(machines: Any) -> None:
    machines.start()
    machines.run(1)
    machines.kubelets.stop_kubelet("node-0")
    machines.run(100)
    assert machines.kubelets.is_running("default", "web", "web")
    machines.kubelets.start_kubelet("node-0")
    machines.run(1)
    assert (machines.container()["restartCount"], machines.status()["podIP"]) == (0, "10.244.0.2")


def test_a_kubelet_that_comes_back_finds_what_has_ended(machines: Any) -> None:
    machines.script("sleep 50; exit 1")
    machines.run(1)
    machines.kubelets.stop_kubelet("node-0")
    machines.run(100)
    machines.kubelets.start_kubelet("node-0")
    machines.run(1)
    assert machines.container()["restartCount"] == 1


def test_a_pod_bound_while_the_machine_was_off_starts_afterwards(machines: Any) -> None:
    machines.kubelets.power_off("node-0")
    machines.start()
    machines.run(10)
    assert "containerStatuses" not in machines.status()
    machines.kubelets.power_on("node-0")
    machines.run(1)
    assert machines.status()["phase"] == "Running"


def test_an_unreachable_api_server_only_delays(machines: Any) -> None:
    machines.start()
    machines.run(1)
    machines.registry.availability.set_serving(False)
    machines.kubelets.kill_process("default", "web", "web")
    machines.run(30)
    assert machines.kubelets.is_running("default", "web", "web")
    machines.registry.availability.set_serving(True)
    machines.run(30)
    assert machines.container()["restartCount"] == 1


def test_machines_have_ranges_of_their_own(many: Any) -> None:
    machines = many(nodes=3)
    ranges = [machines.get("nodes", f"node-{index}", "")["spec"]["podCIDR"] for index in range(3)]
    assert ranges == ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]
