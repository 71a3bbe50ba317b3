"""What the servers of agnhost answer."""

import json

import pytest

from simulator.workloads.agnhost_servers import Asked, Got, Wish, guestbook, netexec, nettest, ports_of
from simulator.workloads.responders import RESPONDERS, status_of


def _alone(wish: Wish) -> Got:
    return Got(error="connection refused")


def _asked(path: str, **more: object) -> Asked:
    return Asked(path, hostname="web-0", client="10.244.1.5:40000", **more)  # type: ignore[arg-type]  # fields of a request


@pytest.mark.parametrize(
    ("responder", "path", "status", "body"),
    [
        pytest.param("netexec", "/hostname", 200, "web-0", id="its name"),
        pytest.param("netexec", "/hostName", 200, "web-0", id="its name as it was called before"),
        pytest.param("netexec", "/clientip", 200, "10.244.1.5:40000", id="who asks"),
        pytest.param("netexec", "/echo?msg=hi%20you", 200, "hi you", id="an echo"),
        pytest.param("netexec", "/echo?msg=x&code=503", 503, "x", id="an echo with a status"),
        pytest.param("netexec", "/healthz", 200, "", id="health"),
        pytest.param("netexec", "/anything", 200, "NOW: {now}", id="every other path tells the time"),
        pytest.param("netexec", "/dial?host=x&port=80", 400, "request parameter not specified. <nil>\n", id="dial what"),
        pytest.param("netexec", "/dial?host=x&port=80&request=a&protocol=sctp", 400, "unsupported protocol. sctp\n", id="dial how"),
        pytest.param("netexec", "/shell?cmd=ls", 501, "drydock: /shell is not simulated\n", id="left out"),
        pytest.param("netexec/udp", "hostName\n", 200, "web-0", id="its name over UDP"),
        pytest.param("netexec/udp", "echo Hi", 200, "hi", id="an echo over UDP is in small letters"),
        pytest.param("netexec/udp", "clientip", 200, "10.244.1.5:40000", id="who asks over UDP"),
        pytest.param("nettest", "/status", 200, "running", id="nettest looks for peers"),
        pytest.param("guestbook", "/get", 200, '{"data":{}}', id="an empty store"),
        pytest.param("guestbook", "/set?key=&value=x", 400, "cannot set with empty key.\n", id="no key"),
        pytest.param("guestbook", "/guestbook?cmd=drop", 400, "unsupported cmd: 'drop'\n", id="no such command"),
        pytest.param("guestbook", "/guestbook?cmd=get", 417, "encountered error: connection refused\n", id="no replica"),
    ],
)  # fmt: skip
def test_answers(responder: str, path: str, status: int, body: str) -> None:
    said = RESPONDERS[responder](_asked(path), _alone)
    assert (said.status, said.body) == (status, body)


def test_dial_collects_answers_and_errors() -> None:
    wishes: list[Wish] = []

    def dial(wish: Wish) -> Got:
        wishes.append(wish)
        return Got(error="i/o timeout") if len(wishes) == 1 else Got("web-1")

    said = netexec(_asked("/dial?host=10.0.0.1&port=8081&request=hostname&protocol=udp&tries=3"), dial)
    assert wishes == [Wish("10.0.0.1", 8081, "hostname", "UDP")] * 3
    assert said.body == '{"errors":["i/o timeout"],"responses":["web-1","web-1"]}'


def test_porter_serves_what_its_variables_say() -> None:
    env = {"SERVE_PORT_80": "foo", "SERVE_TLS_PORT_443": "bar", "SERVE_UDP_PORT_53": "baz", "SERVE_PORT_X": "?"}
    assert sorted(ports_of(env)) == [(53, "udp"), (80, "http"), (443, "https")]
    said = RESPONDERS["porter"](
        _asked("/x", port=80, env=env, method="PUT", argv=("porter", "--json-response")), _alone
    )
    assert said.body == '{"Method":"PUT","Body":"foo"}'


def test_nettest_counts_who_writes() -> None:
    memory = ""
    for _ in range(2):
        said = nettest(_asked("/write", body='{"Source": "prestop"}', memory=memory), _alone)
        assert said.body == '{"Hostname":"web-0"}\n'
        memory = said.memory or ""
    assert json.loads(nettest(_asked("/read", memory=memory), _alone).body)["Received"] == {"prestop": 2}


def test_the_guestbook_tells_its_replicas() -> None:
    told: list[Wish] = []

    def dial(wish: Wish) -> Got:
        told.append(wish)
        return Got('{"message":"Updated"}')

    memory = guestbook(_asked("/register?host=10.0.0.9"), dial).memory or ""
    said = guestbook(_asked("/set?key=messages&value=hello", memory=memory), dial)
    assert said.body == '{"message":"Updated"}'
    assert told == [Wish("10.0.0.9", 6379, "/set?key=messages&value=hello")]
    assert guestbook(_asked("/get?key=messages", memory=said.memory or ""), dial).body == '{"data":"hello"}'


def test_a_probe_learns_the_status_only() -> None:
    assert status_of("netexec", "/healthz") == 200
    assert status_of("netexec", "/echo?code=500") == 500
