"""Logs are computed when read: of servers, of loops, of the instance before."""

from typing import Any

import pytest

from simulator.apiserver.errors import StatusError


def test_a_loop_has_printed_as_often_as_it_turned(machines: Any) -> None:
    machines.script("while true; do echo tick; sleep 2; done")
    machines.run(7)
    assert machines.logs() == ["tick"] * 4


def test_the_counter_of_the_documentation_counts_and_tells_the_time(machines: Any) -> None:
    """https://kubernetes.io/docs/concepts/cluster-administration/logging/"""
    machines.script('i=0; while true; do echo "$i: $(date)"; i=$((i+1)); sleep 1; done')
    machines.run(3_600)
    assert machines.logs(tailLines="2") == ["3599: Thu Oct  9 09:53:19 UTC 2025", "3600: Thu Oct  9 09:53:20 UTC 2025"]
    assert machines.logs(sinceSeconds="0") == ["3600: Thu Oct  9 09:53:20 UTC 2025"]


def test_timestamps_are_those_of_the_lines(machines: Any) -> None:
    machines.script("echo a; sleep 1.5; echo b; sleep 1d")
    machines.run(3)
    assert machines.logs(timestamps="true") == ["2025-10-09T08:53:20Z a", "2025-10-09T08:53:21.5Z b"]


def test_the_previous_instance_keeps_its_log(machines: Any) -> None:
    machines.script("echo boom; sleep 5; exit 1")
    machines.run(7)
    assert machines.container()["restartCount"] == 1
    assert machines.logs(previous="true") == ["boom"]


@pytest.mark.parametrize(
    ("image", "query", "message"),
    [
        pytest.param(
            "nginx:1.99",
            {},
            'container "web" in pod "web" is waiting to start: trying and failing to pull image',
            id="no image",
        ),
        pytest.param(
            "nginx:1.27",
            {"previous": "true"},
            'previous terminated container "web" in pod "web" not found',
            id="nothing before",
        ),
    ],
)
def test_no_log_to_show(machines: Any, image: str, query: dict[str, str], message: str) -> None:
    machines.start(image=image)
    machines.run(1)
    with pytest.raises(StatusError) as refused:
        machines.logs(**query)
    assert (refused.value.code, refused.value.message) == (400, message)


def test_logs_of_a_machine_without_power_cannot_be_had(machines: Any) -> None:
    machines.start()
    machines.run(1)
    machines.kubelets.power_off("node-0")
    with pytest.raises(StatusError, match="no route to host"):
        machines.logs()


def test_a_server_says_goodbye(machines: Any) -> None:
    machines.start(lifecycle={"preStop": {"sleep": {"seconds": 5}}})
    machines.run(1)
    machines.delete()
    machines.run(4)
    assert "SIGQUIT" not in machines.logs()[-1]
    machines.run(1.05)
    assert machines.logs()[-1] == "2025/10/09 08:53:26 [notice] 1#1: signal 3 (SIGQUIT) received, shutting down"


@pytest.mark.parametrize("text", ["-1", "many", "1.5", "9" * 40])
def test_a_number_of_lines_that_is_none_is_refused(machines: Any, text: str) -> None:
    machines.start()
    machines.run(1)
    with pytest.raises(StatusError) as refused:
        machines.logs(tailLines=text)
    assert (
        refused.value.message
        == f'invalid value for tailLines: found "{text}", wanted a whole number that is not negative'
    )
