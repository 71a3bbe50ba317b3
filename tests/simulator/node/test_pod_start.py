"""From bound to running: events in order, status, and how few writes it takes."""

from typing import Any

SIZE = 72_046_869


def test_a_pod_runs_with_the_events_of_a_real_kubelet(machines: Any) -> None:
    machines.start()
    machines.run(1)
    assert machines.events() == [
        ("Pulling", 'Pulling image "nginx:1.27"', 1),
        (
            "Pulled",
            f'Successfully pulled image "nginx:1.27" in 0s (0s including waiting). Image size: {SIZE} bytes.',
            1,
        ),
        ("Created", "Created container: web", 1),
        ("Started", "Started container web", 1),
    ]


def test_a_second_pod_finds_the_image_on_the_machine(machines: Any) -> None:
    machines.start()
    machines.run(1)
    machines.start("second")
    machines.run(1)
    assert machines.events("second")[0] == ("Pulled", 'Container image "nginx:1.27" already present on machine', 1)


def test_events_name_the_container_they_are_about(machines: Any) -> None:
    machines.start()
    machines.run(1)
    [started] = [one for one in machines.registry.list("test", "events", "default") if one["reason"] == "Started"]
    assert started["involvedObject"]["fieldPath"] == "spec.containers{web}"
    assert started["source"] == {"component": "kubelet", "host": "node-0"}


def test_status_of_a_running_pod(machines: Any) -> None:
    machines.start(ports=[{"containerPort": 80}])
    machines.run(1)
    status = machines.status()
    assert (status["phase"], status["podIP"], status["hostIP"], status["qosClass"]) == (
        "Running",
        "10.244.0.2",
        "172.18.0.2",
        "BestEffort",
    )
    assert status["startTime"] == "2025-10-09T08:53:20Z"
    container = status["containerStatuses"][0]
    assert container["state"] == {"running": {"startedAt": "2025-10-09T08:53:20Z"}}
    assert (container["ready"], container["started"], container["restartCount"]) == (True, True, 0)
    assert container["image"] == "docker.io/library/nginx:1.27"
    assert container["imageID"].startswith("docker.io/library/nginx@sha256:")
    assert container["containerID"].startswith("containerd://")
    assert len(container["containerID"]) == 13 + 64


def test_conditions_of_a_running_pod_come_in_the_kubelets_order(machines: Any) -> None:
    machines.start()
    machines.run(1)
    found = [(one["type"], one["status"]) for one in machines.status()["conditions"]]
    wanted = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    assert found == [(type, "True") for type in wanted]


def test_a_pod_is_container_creating_until_its_first_container_runs(lab: Any) -> None:
    lab.start()
    lab.run(0.5)
    assert lab.status()["phase"] == "Pending"
    assert lab.container()["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert lab.condition("Ready")["message"] == "containers with unready status: [web]"
    assert lab.condition("Ready")["reason"] == "ContainersNotReady"


def test_a_common_pod_costs_two_status_writes(lab: Any) -> None:
    lab.start("first")
    lab.run(30)
    before = lab.registry.store.revision
    lab.start()
    lab.run(30)
    about = [row for row in lab.registry.store.log if row.rev > before and row.resource == "pods"]
    assert [row.type for row in about] == ["ADDED", "MODIFIED", "MODIFIED"]
    assert lab.status()["phase"] == "Running"


def test_pods_on_one_machine_get_rising_addresses_and_a_freed_one_rests(machines: Any) -> None:
    for name in ("a", "b"):
        machines.start(name)
    machines.run(1)
    machines.delete("a")
    machines.run(5)
    machines.start("c")
    machines.run(1)
    assert [machines.status(name)["podIP"] for name in ("b", "c")] == ["10.244.0.3", "10.244.0.4"]


def test_a_pod_on_the_host_network_has_the_machines_address(machines: Any) -> None:
    machines.start(spec={"hostNetwork": True})
    machines.run(1)
    assert machines.status()["podIP"] == "172.18.0.2"


def test_a_pod_bound_to_another_machine_is_left_alone(machines: Any) -> None:
    machines.start(node="elsewhere")
    machines.run(5)
    assert "containerStatuses" not in machines.status()


def test_a_pod_that_does_not_fit_is_refused_for_good(machines: Any) -> None:
    machines.start(resources={"requests": {"cpu": "3"}})
    machines.start("second", resources={"requests": {"cpu": "1500m"}})
    machines.run(1)
    status = machines.status("second")
    text = "Node didn't have enough resource: cpu, requested: 1500, used: 3000, capacity: 4000"
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "OutOfcpu", f"Pod was rejected: {text}")
    assert machines.events("second") == [("OutOfcpu", text, 1)]


def test_room_of_a_deleted_pod_is_given_to_the_next(machines: Any) -> None:
    machines.start(resources={"requests": {"cpu": "3"}})
    machines.run(1)
    machines.delete()
    machines.run(5)
    machines.start("second", resources={"requests": {"cpu": "3"}})
    machines.run(1)
    assert machines.status("second")["phase"] == "Running"


def test_a_command_that_is_not_in_the_image_cannot_start(machines: Any) -> None:
    machines.start(command=["serve"])
    machines.run(1)
    message = (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start "
        'container process: error during container init: exec: "serve": executable file not found in $PATH: unknown'
    )
    assert ("Failed", f"Error: {message}", 2) in machines.events()
    assert machines.container()["lastState"]["terminated"]["exitCode"] == 128
    assert machines.container()["lastState"]["terminated"]["reason"] == "StartError"


def test_a_static_pod_takes_its_environment_from_the_downward_api(machines: Any) -> None:
    env = [
        {"name": "WHO", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "WHERE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "BOTH", "value": "$(WHO)@$(WHERE) for $$(WHO)"},
    ]
    machines.script("echo $BOTH; sleep 100", env=env)
    machines.run(1)
    assert machines.logs() == ["web@node-0 for $(WHO)"]


def test_a_machine_without_free_addresses_says_so_and_tries_again(machines: Any) -> None:
    node = machines.kubelets.fleet.nodes["node-0"]
    node.addresses.update({f"10.244.0.{number}": "taken" for number in range(2, 255)})
    machines.start()
    machines.run(1)
    [message] = machines.said("FailedCreatePodSandBox")
    assert message.endswith("no IP addresses available in range set: 10.244.0.1-10.244.0.254")
    del node.addresses["10.244.0.9"]
    machines.run(15)
    assert machines.status()["podIP"] == "10.244.0.9"
