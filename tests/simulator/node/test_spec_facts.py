"""What pods of one spec share, and what each of them has of its own."""

from typing import Any

import pytest

from simulator.node.spec_facts import KnownSpecs

NGINX = {"name": "web", "image": "nginx:1.27"}


def spec(**more: Any) -> Any:
    return {"containers": [NGINX], **more}


def recipe(machines: Any, name: str) -> Any:
    record = machines.kubelets._fleet.pods[machines.pod(name)["metadata"]["uid"]]
    return record.containers["web"].run.recipe


@pytest.mark.parametrize(
    ("other", "is_shared"),
    [
        pytest.param(spec(nodeName="node-1"), True, id="another node"),
        pytest.param(spec(hostname="web-1"), True, id="another name"),
        pytest.param(spec(hostNetwork=True), False, id="another field"),
        pytest.param({"containers": [{**NGINX, "image": "nginx:1.28"}]}, False, id="another image"),
        pytest.param(spec(volumes=[{"name": "tmp", "emptyDir": {}}]), False, id="another volume"),
    ],
)
def test_specs_are_one_but_for_what_a_pod_has_of_its_own(other: Any, is_shared: bool) -> None:
    known = KnownSpecs()
    first = known.of(spec(nodeName="node-0"))
    assert (known.of(other) is first) == is_shared
    assert known.of(other) is known.of(other)


def test_the_longest_unused_spec_is_forgotten() -> None:
    known = KnownSpecs()
    first = known.of(spec())
    for number in range(63):
        known.of({"containers": [{**NGINX, "name": f"web-{number}"}]})
    assert known.of(spec()) is first
    for number in range(64):
        known.of({"containers": [{**NGINX, "name": f"web-{number}"}]})
    assert known.of(spec()) is not first


@pytest.mark.parametrize(
    ("container", "pod"),
    [
        pytest.param({}, {}, id="a server"),
        pytest.param(
            {"command": ["sh", "-c", "echo $A; sleep 99"], "env": [{"name": "A", "value": "b"}]},
            {},
            id="plain variables",
        ),
        pytest.param(
            {"volumeMounts": [{"name": "tmp", "mountPath": "/tmp", "subPath": "x"}]},
            {"volumes": [{"name": "tmp", "emptyDir": {}}]},
            id="volumes that each pod has alike",
        ),
    ],
)
def test_pods_of_one_spec_start_with_one_recipe(machines: Any, container: Any, pod: Any) -> None:
    for name in ("a", "b"):
        machines.start(name, spec=pod, **container)
        machines.run(5)
        assert machines.container(name)["ready"]
    assert recipe(machines, "a") is recipe(machines, "b")


@pytest.mark.parametrize(
    ("container", "pod"),
    [
        pytest.param({"command": ["sh", "-c", "hostname; sleep 99"]}, {}, id="the pod's name"),
        pytest.param({"command": ["sh", "-c", "cat /etc/hosts; sleep 99"]}, {}, id="files that the kubelet writes"),
        pytest.param({"command": ["sh", "-c", "env; sleep 99"]}, {}, id="all variables"),
        pytest.param({"command": ["sh", "-c", "echo $DB_SERVICE_HOST; sleep 99"]}, {}, id="a Service"),
        pytest.param(
            {
                "command": ["sh", "-c", "echo $IP; sleep 99"],
                "env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
            },
            {},
            id="the downward API",
        ),
        pytest.param(
            {"args": ["$(A)"], "command": ["sh", "-c", "sleep 99"], "env": [{"name": "A", "value": "b"}]},
            {},
            id="words that are made up",
        ),
    ],
)
def test_what_differs_between_pods_is_found_out_by_each(machines: Any, container: Any, pod: Any) -> None:
    for name in ("a", "b"):
        machines.start(name, spec=pod, image="busybox:1.36", **container)
        machines.run(5)
        assert machines.container(name)["ready"]
    assert recipe(machines, "a") is not recipe(machines, "b")


def test_a_pod_whose_image_changes_starts_with_what_it_says_now(machines: Any) -> None:
    for name in ("a", "b"):
        machines.start(name)
    machines.run(5)
    pod = machines.pod("b")
    changed = {**pod, "spec": {**pod["spec"], "containers": [{**pod["spec"]["containers"][0], "image": "nginx:1.28"}]}}
    machines.registry.update("test", "pods", changed)
    machines.run(120)
    assert machines.container("a")["image"] == "docker.io/library/nginx:1.27"
    assert machines.container("b")["image"] == "docker.io/library/nginx:1.28"
    assert machines.container("b")["restartCount"] == 1
    assert recipe(machines, "b").image == "docker.io/library/nginx:1.28"


def test_a_neighbours_port_is_no_fact_of_the_spec(machines: Any) -> None:
    """The second nginx of a pod finds port 80 taken, whatever the pod before it has learned."""
    second = {"name": "second", "image": "nginx:1.27", "imagePullPolicy": "IfNotPresent"}
    for name in ("a", "b"):
        machines.start(name, spec={"containers": [{**NGINX, "imagePullPolicy": "IfNotPresent"}, second]})
        machines.run(5)
        assert machines.container(name, 1)["restartCount"] > 0


def test_a_condition_that_says_the_same_stands_as_it_is(machines: Any) -> None:
    machines.start(command=["sh", "-c", "sleep 20; exit 1"], image="busybox:1.36")
    machines.run(5)
    before = machines.status()["conditions"]
    machines.run(20)
    after = machines.status()["conditions"]
    assert machines.container()["restartCount"] == 1
    stands = [one["type"] for one, other in zip(before, after, strict=True) if one is other]
    assert stands == ["PodReadyToStartContainers", "Initialized", "PodScheduled"]
