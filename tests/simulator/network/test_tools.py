"""What small network programs print."""

from typing import Any

import pytest

from simulator.network.tools import NetworkTools


def run(town: Any, *argv: str) -> tuple[int, list[str]]:
    town.pod("web-0", "10.244.1.20")
    town.pod("sick-0", "10.244.1.21", status=503)
    town.service("web", "10.96.1.1")
    town.endpoints("web", "10.244.1.20")
    town.service("sick", "10.96.1.3")
    town.endpoints("sick", "10.244.1.21")
    town.service("empty", "10.96.1.2")
    status, lines, _ = NetworkTools(town.network()).ask(town.client().pod, argv)
    return status, lines


@pytest.mark.parametrize(
    ("argv", "status", "lines"),
    [
        pytest.param(
            ("nslookup", "web"),
            0,
            [
                "Server:\t\t10.96.0.10",
                "Address:\t10.96.0.10:53",
                "",
                "Name:\tweb.default.svc.cluster.local",
                "Address: 10.96.1.1",
                "",
            ],
            id="nslookup finds",
        ),
        pytest.param(
            ("nslookup", "nope"),
            1,
            [
                "Server:\t\t10.96.0.10",
                "Address:\t10.96.0.10:53",
                "",
                "** server can't find nope.default.svc.cluster.local: NXDOMAIN",
                "",
            ],
            id="nslookup does not find",
        ),
        pytest.param(("wget", "-qO-", "http://web"), 0, ["hello from web-0"], id="wget shows"),
        pytest.param(("wget", "-q", "--spider", "web"), 0, [], id="wget only looks"),
        pytest.param(("wget", "-qO-", "nope"), 1, ["wget: bad address 'nope'"], id="wget without name"),
        pytest.param(
            ("wget", "-qO-", "empty"),
            1,
            ["wget: can't connect to remote host (10.96.1.2): Connection refused"],
            id="wget refused",
        ),
        pytest.param(
            ("wget", "-qO-", "sick"),
            1,
            ["wget: server returned error: HTTP/1.1 503 Service Unavailable"],
            id="wget with an error",
        ),
        pytest.param(("curl", "-s", "web/"), 0, ["hello from web-0"], id="curl shows"),
        pytest.param(("curl", "nope"), 6, ["curl: (6) Could not resolve host: nope"], id="curl without name"),
        pytest.param(
            ("curl", "empty"),
            7,
            ["curl: (7) Failed to connect to empty port 80 after 0 ms: Could not connect to server"],
            id="curl refused",
        ),
        pytest.param(
            ("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "sick"), 0, ["503"], id="curl shows the status"
        ),
        pytest.param(("curl", "-sf", "sick"), 22, [], id="curl fails on an error"),
        pytest.param(("nc", "-z", "web", "80"), 0, ["web (10.96.1.1:80) open"], id="nc open"),
        pytest.param(("nc", "-z", "empty", "80"), 1, ["nc: empty (10.96.1.2:80): Connection refused"], id="nc refused"),
    ],
)
def test_what_it_prints(town: Any, argv: tuple[str, ...], status: int, lines: list[str]) -> None:
    assert run(town, *argv) == (status, lines)


def test_a_virtual_ip_answers_no_ping(town: Any) -> None:
    status, lines = run(town, "ping", "-c", "1", "web")
    assert (status, lines[-1]) == (1, "1 packets transmitted, 0 packets received, 100% packet loss")
