"""Interactive shells in containers: `kubectl exec -it`, one line at a time."""

from typing import Any

import pytest

from simulator.cluster import Cluster

SECOND = 1_000_000


def pod(image: str = "busybox:1.36", *command: str) -> str:
    words = "".join(f'"{word}",' for word in command or ("sleep", "1d"))
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: box}}\nspec: {{containers: [{{name: box, image: '{image}', command: [{words}]}}]}}\n"


@pytest.fixture
def cluster() -> Cluster:
    made = Cluster.create("kind: Cluster\nnodes: [{role: control-plane}, {role: worker}]\n")
    made.apply({"kind": "apply-yaml", "text": pod()})
    made.advance(20 * SECOND)
    return made


def shell(cluster: Cluster, line: str) -> dict[str, Any]:
    return cluster.apply({"kind": "shell", "line": line, "terminal": True})


def typed(cluster: Cluster, session: dict[str, str], *lines: str) -> list[tuple[str, str]]:
    """(what is printed, next prompt) of each line."""
    replies = [cluster.apply({"kind": "session", "id": session["id"], "line": line}) for line in lines]
    return [(reply["stdout"] + reply["stderr"], reply["prompt"]) for reply in replies]


def test_a_session_keeps_its_directory_variables_and_functions(cluster: Cluster) -> None:
    session = shell(cluster, "kubectl exec -it box -- sh")["session"]
    assert session["prompt"] == "/ # "
    assert typed(
        cluster,
        session,
        "cd /tmp",
        "x=3; greet() { echo hello $1; }",
        "echo $x > note; greet you; ls",
        "false",
        "echo $?",
    ) == [
        ("", "/tmp # "),
        ("", "/tmp # "),
        ("hello you\nnote\n", "/tmp # "),
        ("", "/tmp # "),
        ("1\n", "/tmp # "),
    ]
    assert shell(cluster, "kubectl exec box -- cat /tmp/note")["stdout"] == "3\n"


def test_exit_ends_a_session_with_its_status(cluster: Cluster) -> None:
    session = shell(cluster, "kubectl exec -it box -- sh")["session"]
    typed(cluster, session, "false")
    reply = cluster.apply({"kind": "session", "id": session["id"], "line": "exit"})
    assert (reply["done"], reply["exit"], reply["stderr"]) == (True, 1, "command terminated with exit code 1\n")
    again = cluster.apply({"kind": "session", "id": session["id"], "line": "ls"})
    assert again["done"]


def test_a_session_ends_with_its_container(cluster: Cluster) -> None:
    session = shell(cluster, "kubectl exec -it box -- sh")["session"]
    cluster.apply({"kind": "fault", "fault": "kill-process", "target": "default/box"})
    reply = cluster.apply({"kind": "session", "id": session["id"], "line": "ls"})
    assert (reply["done"], reply["exit"]) == (True, 137)


def test_a_session_is_part_of_the_cluster_and_has_one_future(cluster: Cluster) -> None:
    session = shell(cluster, "kubectl exec -it box -- sh")["session"]
    typed(cluster, session, "cd /tmp; n=1; echo one > a")
    twin = Cluster.load(cluster.dump())
    lines = ("n=$((n+1)); echo $n >> a; cat a", "pwd", "ps")
    assert typed(twin, session, *lines) == typed(cluster, session, *lines)
    for each in (cluster, twin):
        each.advance(600 * SECOND)
    assert twin.state_hash() == cluster.state_hash()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("kubectl exec -it box -- ls /tmp", "", id="another command runs once"),
        pytest.param("echo 'echo $((1+1))' | kubectl exec -i box -- sh", "2\n", id="a script on standard input"),
        pytest.param(
            "kubectl exec box -- sh -c 'echo out; echo err >&2; exit 3'",
            "out\nerr\ncommand terminated with exit code 3\n",
            id="both streams and the code",
        ),
        pytest.param(
            "kubectl exec -it box -- bash",
            "error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec: "
            'OCI runtime exec failed: exec failed: unable to start container process: exec: "bash": executable file not found in $PATH: unknown\n',
            id="a shell that is not there",
        ),
    ],
)
def test_what_opens_no_session(cluster: Cluster, line: str, said: str) -> None:
    reply = shell(cluster, line)
    assert "session" not in reply
    assert reply["stdout"] + reply["stderr"] == said


def test_a_bash_has_its_own_prompt() -> None:
    cluster = Cluster.create("kind: Cluster\nnodes: [{role: control-plane}, {role: worker}]\n")
    cluster.apply({"kind": "apply-yaml", "text": pod("debian:12", "sleep", "infinity")})
    cluster.advance(30 * SECOND)
    session = shell(cluster, "kubectl exec -it box -- bash")["session"]
    assert session["prompt"] == "root@box:/# "
    assert typed(cluster, session, "vim")[0][0] == "bash: vim: command not found\n"
