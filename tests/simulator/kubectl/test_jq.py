"""`jq` at the terminal, held against the recorded answers of jq 1.6; and what a filter may not do here."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.kubectl.home import Home
from simulator.kubectl.jq.command import jq
from simulator.kubectl.small_command import Surface
from tests.simulator.kubectl.conftest import Terminal

KNOWN = json.loads((Path(__file__).parent / "jq_cases.json").read_text())


def surface() -> Surface:
    return Surface(Home(), {"HOME": "/home/learner"})


def test_every_recorded_answer_of_jq_is_ours_too() -> None:
    different = []
    for case in KNOWN["cases"]:
        found = jq(surface(), case["words"], KNOWN["inputs"][case["input"]])
        if (found.stdout, found.stderr, found.exit) != (case["stdout"], case["stderr"], case["exit"]):
            different.append((case["words"], found))
    assert len(KNOWN["cases"]) > 400
    assert different == []


def test_a_pipe_leads_from_kubectl_to_jq(with_web: Terminal) -> None:
    names = with_web.run("kubectl get pods -o json | jq -r '.items[].metadata.name'")
    assert names == with_web.run("kubectl get pods -o jsonpath='{range .items[*]}{.metadata.name}{\"\\n\"}{end}'")
    ready = """kubectl get deployment web -o json | jq '.status | {ready: .readyReplicas, wanted: .replicas}' -c"""
    assert with_web.run(ready) == '{"ready":3,"wanted":3}\n'


def test_filters_and_values_come_from_files(terminal: Terminal) -> None:
    terminal.run("echo '.a + $b[0]' > add.jq; echo 2 > b.json; echo '{\"a\":1}' > a.json")
    assert terminal.run("jq -f add.jq --slurpfile b b.json a.json") == "3\n"
    assert terminal.run("jq -n --rawfile b b.json '$b'") == '"2\\n"\n'
    assert terminal.refused("jq . nope") == "jq: error: Could not open file nope: No such file or directory\n"


def test_a_filter_sees_the_workstation_and_not_the_machine_it_runs_on(terminal: Terminal) -> None:
    assert terminal.run("export A=1; jq -nc '$ENV, env | keys'") == '["A","HOME","SHELL","USER"]\n' * 2
    assert terminal.run("jq -n 'now | todate'") == '"2025-10-09T08:53:20Z"\n'


@pytest.mark.parametrize(
    "text",
    ["def f: f; f", "[range(1e12)]", "last(repeat(1))", "0 | until(false; . + 1)", "[limit(1e9; repeat(1))] | length", "def f: 1 + f; f"],
)  # fmt: skip
def test_a_filter_that_never_ends_is_ended(text: str) -> None:
    found = jq(surface(), ["-n", text], "")
    assert (found.exit, found.stderr) == (5, "jq: this filter takes more than 400000 steps, which this terminal does not wait for\n")  # fmt: skip


@pytest.mark.parametrize("text", ['"x" * 1e9', ".[1e9] = 1", "[range(1e5)] | . + . + . | length"])
def test_a_value_that_is_too_large_is_refused(text: str) -> None:
    assert jq(surface(), ["-n", text], "").exit in (0, 5)


@pytest.mark.parametrize("text", ["(" * 500 + "." + ")" * 500, "[" * 5000, "." + "[0]" * 3000, "-" * 3000 + "1"])
def test_a_filter_of_any_depth_is_answered(text: str) -> None:
    found: Any = jq(surface(), ["-n", text], "")
    assert found.exit in (0, 3, 5)
