"""What the wall says about a command, and about what came of it."""

from typing import Any

import pytest

from labs.host.desk import SAID_LINES, outcome, said


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ({"kind": "shell", "line": " kubectl get nodes \n"}, "kubectl get nodes"),
        ({"kind": "apply-yaml", "text": "a: b"}, "applied YAML from the editor"),
        ({"kind": "fault", "fault": "node-power-off", "target": "node-4"}, "cut the power of node-4"),
        ({"kind": "fault", "fault": "node-power-on", "target": "node-4"}, "brought node-4 back"),
        ({"kind": "fault", "fault": "node-shutdown", "target": "node-4"}, "shut node-4 down"),
        ({"kind": "exec", "pod": "web", "argv": ["ls", "/tmp"]}, "kubectl exec web -- ls /tmp"),
        ({"kind": "write-file", "path": "a"}, ""),
        ({"kind": "finish-edit", "path": "a"}, "closed the editor of kubectl edit"),
    ],
)
def test_a_command_in_a_few_words(command: dict[str, Any], words: str) -> None:
    assert said(command) == words


@pytest.mark.parametrize(
    ("reply", "ok", "words"),
    [
        pytest.param(
            {"stdout": "NAME   READY   STATUS\nweb    1/1     Running\n", "stderr": "", "exit": 0}, True,
            "NAME  READY  STATUS\nweb  1/1  Running", id="a table, without its room",
        ),
        pytest.param({"stdout": "", "stderr": "Error from server\n", "exit": 1}, False, "Error from server", id="a mistake"),
        pytest.param({"stdout": "a\nb\nc\nd\n", "stderr": "", "exit": 0}, True, "b\nc\nd", id="only the end"),
        pytest.param({"written": [[1, "a\n"], [2, "b\n"]], "exit": 0, "refused": ""}, True, "a\nb", id="a command in a container"),
        pytest.param({"written": [], "exit": 1, "refused": "no such pod"}, False, "no such pod", id="one that did not start"),
        pytest.param({"error": {"code": "BadFault", "message": "no such node"}}, False, "no such node", id="a refusal"),
        pytest.param(
            {"results": [{"line": 1, "text": "pod/a created", "ok": True}], "problems": []}, True, "pod/a created", id="YAML"
        ),
        pytest.param({"results": [], "problems": [{"message": "line 1: no"}]}, False, "line 1: no", id="bad YAML"),
        pytest.param({"ok": True, "said": "The power of node-4 is cut."}, True, "The power of node-4 is cut.", id="a fault"),
    ],
)  # fmt: skip
def test_what_came_of_it(reply: dict[str, Any], ok: bool, words: str) -> None:
    assert outcome(reply) == {"ok": ok, "said": words}
    assert len(words.splitlines()) <= SAID_LINES
