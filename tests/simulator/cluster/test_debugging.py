"""`kubectl run -it`, `attach` and `debug`: terminals in containers that are made for them."""

from typing import Any

import pytest

from simulator.cluster import Cluster

SECOND = 1_000_000


@pytest.fixture
def cluster() -> Cluster:
    made = Cluster.create("kind: Cluster\nnodes: [{role: control-plane}, {role: worker, name: one}]\n")
    shell(made, "kubectl run web --image=nginx:1.27-alpine")
    made.advance(30 * SECOND)
    return made


def shell(cluster: Cluster, line: str) -> dict[str, Any]:
    return cluster.apply({"kind": "shell", "line": line, "terminal": True})


def said(cluster: Cluster, line: str) -> str:
    reply = shell(cluster, line)
    return str(reply["stdout"] + reply["stderr"])


def followed(cluster: Cluster, reply: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What a followed command shows until it ends, and the reply to what it hands on."""
    token, text = reply["follow"], ""
    for _ in range(60):
        cluster.advance(cluster.now + SECOND)
        look = cluster.apply({"kind": "follow", "token": token})
        token, text = look["token"], text + look["stdout"]
        if look["done"]:
            return text, shell(cluster, look["then"]) if look.get("then") else {}
    raise AssertionError("the command does not end")


def typed(cluster: Cluster, session: dict[str, str], line: str) -> dict[str, Any]:
    return cluster.apply({"kind": "session", "id": session["id"], "line": line})


def test_run_opens_a_shell_in_a_new_pod_and_takes_it_away(cluster: Cluster) -> None:
    _, reply = followed(cluster, shell(cluster, "kubectl run tmp --rm -it --restart=Never --image=busybox:1.36 -- sh"))
    assert reply["stdout"] == "If you don't see a command prompt, try pressing enter.\n"
    assert reply["session"]["prompt"] == "/ # "
    assert typed(cluster, reply["session"], "hostname")["stdout"] == "tmp\n"
    end = typed(cluster, reply["session"], "exit")
    assert (end["done"], end["exit"], end["stdout"]) == (True, 0, 'pod "tmp" deleted\n')
    cluster.advance(cluster.now + 60 * SECOND)
    assert "NotFound" in said(cluster, "kubectl get pod tmp")


def test_run_shows_what_a_command_says_and_takes_the_pod_away(cluster: Cluster) -> None:
    address = said(cluster, "kubectl get pod web -o jsonpath={.status.podIP}")
    line = f"kubectl run tmp --rm -it --restart=Never --image=busybox:1.36 -- wget -qO- http://{address}"
    text, reply = followed(cluster, shell(cluster, line))
    assert "<h1>Welcome to nginx!</h1>" in text
    assert reply["stdout"] == 'pod "tmp" deleted\n'


def test_a_shell_that_waits_is_running_and_may_be_attached_to_again(cluster: Cluster) -> None:
    _, reply = followed(cluster, shell(cluster, "kubectl run tmp -it --restart=Never --image=busybox:1.36 -- sh"))
    typed(cluster, reply["session"], "echo kept > /tmp/x")
    again = shell(cluster, "kubectl attach tmp -it")
    assert typed(cluster, again["session"], "cat /tmp/x")["stdout"] == "kept\n"
    typed(cluster, again["session"], "exit 3")
    cluster.advance(cluster.now + 5 * SECOND)
    assert said(cluster, "kubectl get pod tmp --no-headers").split()[2] == "Error"


LEGACY = (
    "--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly specify a profile, "
    'for example "--profile=general".\n'
)


def test_debug_adds_a_container_that_sees_its_targets_processes(cluster: Cluster) -> None:
    first = shell(cluster, "kubectl debug web -it -c dbg --image=busybox:1.36 --target=web -- sh")
    assert first["stderr"] == LEGACY
    assert first["stdout"].startswith('Targeting container "web". If you don\'t see processes from this container')
    _, reply = followed(cluster, first)
    processes = typed(cluster, reply["session"], "ps")["stdout"]
    assert "nginx: master process" in processes
    assert typed(cluster, reply["session"], "wget -qO- http://localhost")["stdout"].startswith("<!DOCTYPE html>")
    end = typed(cluster, reply["session"], "exit")
    assert end["stdout"] == (
        "Session ended, resume using 'kubectl attach web -c dbg -i -t' command when the pod is running\n"
    )
    cluster.advance(cluster.now + 30 * SECOND)
    status = said(
        cluster, "kubectl get pod web -o jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.exitCode}"
    )
    assert status == "0"
    assert said(cluster, "kubectl get pod web --no-headers").split()[1:4] == ["1/1", "Running", "0"]


@pytest.mark.parametrize(
    ("line", "said_"),
    [
        pytest.param("kubectl debug web", "error: you must specify --image when not using --copy-to.\n", id="no image"),
        pytest.param(
            'kubectl patch pod web --subresource=ephemeralcontainers -p \'{"spec":{"ephemeralContainers":[{"name":"web","image":"busybox"}]}}\'',
            'The Pod "web" is invalid: spec.ephemeralContainers[0].name: Duplicate value: "web"\n',
            id="a name that is taken",
        ),
    ],
)
def test_debug_refuses(cluster: Cluster, line: str, said_: str) -> None:
    assert said(cluster, line) == said_


def test_debug_makes_a_copy_with_another_command(cluster: Cluster) -> None:
    assert said(cluster, "kubectl debug web --copy-to=web-debug -c web --share-processes -- sleep 1d") == LEGACY
    cluster.advance(cluster.now + 30 * SECOND)
    assert said(cluster, "kubectl get pod web-debug --no-headers").split()[1:3] == ["1/1", "Running"]
    assert said(cluster, "kubectl get pod web-debug -o jsonpath={.spec.containers[0].command}") == '["sleep","1d"]'
    assert said(cluster, "kubectl get pod web-debug -o jsonpath={.spec.shareProcessNamespace}") == "true"


def test_debug_opens_a_pod_on_a_node(cluster: Cluster) -> None:
    first = shell(cluster, "kubectl debug node/one -it --image=busybox:1.36 -- sh")
    assert first["stdout"].startswith("Creating debugging pod node-debugger-one-")
    _, reply = followed(cluster, first)
    assert "/usr/bin/kubelet" in typed(cluster, reply["session"], "ps")["stdout"]


def test_a_debugged_pod_has_one_future(cluster: Cluster) -> None:
    followed(cluster, shell(cluster, "kubectl debug web -it -c dbg --image=busybox:1.36 -- sh"))
    twin = Cluster.load(cluster.dump())
    for each in (cluster, twin):
        each.advance(each.now + 600 * SECOND)
    assert twin.state_hash() == cluster.state_hash()
