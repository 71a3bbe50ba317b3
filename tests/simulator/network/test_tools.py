"""What small network programs print."""

from typing import Any

import pytest

from simulator.network.dns_tools import record_line
from simulator.network.tools import NetworkTools
from simulator.network.zone import Record
from simulator.workloads.pauses import ERRORS, STDIN
from tests.proof.follows import follows
from tests.simulator.network.conftest import Reply, Spot, Town


def run(town: Any, *argv: str) -> tuple[int, list[str]]:
    town.pod("web-0", "10.244.1.20")
    town.pod("sick-0", "10.244.1.21", status=503)
    town.service("web", "10.96.1.1")
    town.endpoints("web", "10.244.1.20")
    town.service("sick", "10.96.1.3")
    town.endpoints("sick", "10.244.1.21")
    town.service("empty", "10.96.1.2")
    client = town.client().pod
    status, lines, _ = NetworkTools(town.network()).ask(client, argv, busybox=True)
    return status, [line.removeprefix(ERRORS) for line in lines]


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
        pytest.param(("nc", "-z", "web", "80"), 0, [], id="nc open"),
        pytest.param(("nc", "-zv", "web", "80"), 0, ["web (10.96.1.1:80) open"], id="nc open aloud"),
        pytest.param(("nc", "-z", "-v", "empty", "80"), 1, [], id="nc refused"),
        pytest.param(
            ("nc", "-zvv", "empty", "80"),
            1,
            ["nc: empty (10.96.1.2:80): Connection refused", "sent 0, rcvd 0"],
            id="nc refused aloud",
        ),
        pytest.param(("nc", "-zv", "nope", "80"), 1, ["nc: bad address 'nope'"], id="nc without name"),
        pytest.param(
            ("nc", "-w", "1", "-zv", "10.9.9.9", "80"),
            1,
            ["nc: 10.9.9.9 (10.9.9.9:80): Connection timed out"],
            id="nc in vain",
        ),
        pytest.param(
            ("ping", "-c", "3", "10.244.1.20"),
            0,
            [
                "PING 10.244.1.20 (10.244.1.20): 56 data bytes",
                "64 bytes from 10.244.1.20: seq=0 ttl=62 time=0.412 ms",
                "64 bytes from 10.244.1.20: seq=1 ttl=62 time=0.087 ms",
                "64 bytes from 10.244.1.20: seq=2 ttl=62 time=0.093 ms",
                "",
                "--- 10.244.1.20 ping statistics ---",
                "3 packets transmitted, 3 packets received, 0% packet loss",
                "round-trip min/avg/max = 0.087/0.197/0.412 ms",
            ],
            id="ping",
        ),
        pytest.param(
            ("ping", "-qc1", "-s", "100", "web"),
            1,
            [
                "PING web (10.96.1.1): 100 data bytes",
                "",
                "--- web ping statistics ---",
                "1 packets transmitted, 0 packets received, 100% packet loss",
            ],
            id="ping of a virtual address",
        ),
        pytest.param(("ping", "nope"), 1, ["ping: bad address 'nope'"], id="ping without name"),
    ],
)
def test_what_it_prints(town: Any, argv: tuple[str, ...], status: int, lines: list[str]) -> None:
    assert run(town, *argv) == (status, lines)


@pytest.mark.parametrize(
    ("host", "status", "line"),
    [
        ("web", 0, "Connection to web (10.96.1.1) 80 port [tcp/http] succeeded!"),
        ("empty", 1, "nc: connect to empty (10.96.1.2) port 80 (tcp) failed: Connection refused"),
        ("nope", 1, 'nc: getaddrinfo for host "nope" port 80: Name does not resolve'),
    ],
)
def test_openbsds_nc_where_there_is_no_busybox(town: Any, host: str, status: int, line: str) -> None:
    run(town, "nc", "-z", "web", "80")
    found = NetworkTools(town.network()).ask(town.client().pod, ("nc", "-zv", host, "80"))
    assert found[:2] == (status, [ERRORS + line])


def test_a_ping_takes_its_time(town: Any) -> None:
    run(town, "nc", "-z", "web", "80")
    tools = NetworkTools(town.network())
    took = [
        tools.ask(town.client().pod, ("ping", *words.split()))[2]
        for words in ("-c 3 10.244.1.20", "-c 2 -W 1 web", "-c 2 -i 0.5 web")
    ]
    assert took == [2_000_412, 2_000_000, 10_500_000]


def test_dig_prints_sections_and_asks_full_names_only(town: Any) -> None:
    status, lines = run(town, "dig", "web.default.svc.cluster.local")
    assert status == 0
    assert ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: " in "\n".join(lines)
    at = lines.index(";; ANSWER SECTION:")
    assert lines[at + 1] == "web.default.svc.cluster.local. 30 IN\tA\t10.96.1.1"
    assert ";; SERVER: 10.96.0.10#53(10.96.0.10) (UDP)" in lines
    town.built = None
    assert run(town_of(), "dig", "+short", "web")[1] == []
    assert run(town_of(), "dig", "+short", "-x", "10.96.1.1")[1] == ["web.default.svc.cluster.local."]


def town_of() -> Any:
    made = Town()
    made.node("node-1", "172.18.0.2")
    made.cluster_dns()
    return made


def test_nslookup_of_the_bind_utilities_and_back_to_a_name(town: Any) -> None:
    town.pod("web-0", "10.244.1.20")
    town.service("web", "10.96.1.1")
    client = town.client().pod
    client["spec"]["containers"] = [{"image": "nicolaka/netshoot:v0.13"}]
    tools = NetworkTools(town.network())
    assert tools.ask(client, ("nslookup", "web"))[1][:2] == ["Server:\t\t10.96.0.10", "Address:\t10.96.0.10#53"]
    assert tools.ask(client, ("nslookup", "nope"))[:2] == (
        1,
        ["Server:\t\t10.96.0.10", "Address:\t10.96.0.10#53", "", "** server can't find nope: NXDOMAIN", ""],
    )
    assert tools.ask(client, ("nslookup", "10.96.1.1"))[1][3] == (
        "1.1.96.10.in-addr.arpa\tname = web.default.svc.cluster.local."
    )


def test_dig_without_a_server_that_answers(town: Any) -> None:
    del town.sockets["10.244.9.9", 53, "UDP"]
    status, lines = run(town, "dig", "web.default.svc.cluster.local")
    assert (status, lines[-1]) == (9, ";; no servers could be reached")
    assert lines[:4] == [*[";; communications error to 10.96.0.10#53: timed out"] * 3, ""]


def test_a_virtual_ip_answers_no_ping(town: Any) -> None:
    status, lines = run(town, "ping", "-c", "1", "web")
    assert (status, lines[-1]) == (1, "1 packets transmitted, 0 packets received, 100% packet loss")


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        pytest.param(("+noall", "+answer", "web"), [], id="one full name without the search list"),
        pytest.param(
            ("+noall", "+answer", "+search", "web", "A"),
            ["web.default.svc.cluster.local. 30 IN\tA\t10.96.1.1"],
            id="along the search list, only the answer",
        ),
        pytest.param(("+short", "+search", "web"), ["10.96.1.1"], id="along the search list, in short"),
    ],
)
def test_dig_searches_when_it_is_told_to(town: Town, words: tuple[str, ...], lines: list[str]) -> None:
    assert run(town, "dig", *words) == (0, lines)


def test_nc_sends_what_it_reads_over_udp(town: Town) -> None:
    town.sockets[("10.244.1.30", 8081, "UDP")] = Reply(body="web-0")
    town.spots["10.244.1.30"] = Spot("node-1", "default", "udp-0")
    assert run(town, "nc", "-u", "-w", "1", "10.244.1.30", "8081", f"{STDIN}hostname\n") == (0, ["web-0"])
    assert town.requests[-1][2] == "hostname\n"
    assert run(town, "nc", "-u", "-w", "1", "10.244.1.30", "9", f"{STDIN}hostname\n") == (1, [])


def test_getent_looks_into_the_hosts_file_first(town: Town) -> None:
    status, lines = run(town, "getent", "hosts", "localhost")
    assert (status, lines) == (0, ["127.0.0.1       localhost"])


BIND = "isc-projects/bind9"
HEAD = [
    "",
    "; <<>> DiG 9.18.13 <<>> {words}",
    ";; global options: +cmd",
    ";; Got answer:",
    ";; WARNING: .local is reserved for Multicast DNS",
    ";; You are currently testing what happens when an mDNS query is leaked to DNS",
]
EDNS = ["", ";; OPT PSEUDOSECTION:", "; EDNS: version: 0, flags:; udp: 1232"]


@follows(
    "DNS tools", f"{BIND}/bin/dig/dig.c: printmessage, printgreeting, received", f"{BIND}/lib/dns/masterdump.c: indent"
)
@pytest.mark.parametrize(
    ("words", "flags", "question", "section", "size"),
    [
        pytest.param(
            ("web.default.svc.cluster.local",),
            "status: NOERROR; qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1",
            ";web.default.svc.cluster.local.\tIN\tA",
            [";; ANSWER SECTION:", "web.default.svc.cluster.local. 30 IN\tA\t10.96.1.1"],
            115,
            id="an address",
        ),
        pytest.param(
            ("AAAA", "web.default.svc.cluster.local"),
            "status: NOERROR; qr aa rd; QUERY: 1, ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 1",
            ";web.default.svc.cluster.local.\tIN\tAAAA",
            [
                ";; AUTHORITY SECTION:",
                "cluster.local.\t\t30\tIN\tSOA\tns.dns.cluster.local. hostmaster.cluster.local. 0 7200 1800 86400 30",
            ],
            163,
            id="no such record",
        ),
        pytest.param(
            ("nope.cluster.local",),
            "status: NXDOMAIN; qr aa rd; QUERY: 1, ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 1",
            ";nope.cluster.local.\t\tIN\tA",
            [
                ";; AUTHORITY SECTION:",
                "cluster.local.\t\t30\tIN\tSOA\tns.dns.cluster.local. hostmaster.cluster.local. 0 7200 1800 86400 30",
            ],
            152,
            id="no such name",
        ),
    ],
)
def test_what_dig_prints(
    town: Any, words: tuple[str, ...], flags: str, question: str, section: list[str], size: int
) -> None:
    _, lines = run(town, "dig", *words)
    status, shown, counts = flags.split("; ", 2)
    assert lines[:6] == [line.format(words=" ".join(words)) for line in HEAD]
    assert lines[6].startswith(f";; ->>HEADER<<- opcode: QUERY, {status}, id: ")
    assert lines[7:9] == [f";; flags: {shown}; {counts}", ";; WARNING: recursion requested but not available"]
    assert lines[9:12] == EDNS
    assert lines[12].startswith("; COOKIE: ")
    assert lines[12].endswith(" (echoed)")
    assert lines[13:16] == [";; QUESTION SECTION:", question, ""]
    assert lines[16:] == [
        *section,
        "",
        ";; Query time: 0 msec",
        ";; SERVER: 10.96.0.10#53(10.96.0.10) (UDP)",
        ";; WHEN: Thu Jan 01 00:00:00 UTC 1970",
        f";; MSG SIZE  rcvd: {size}",
        "",
    ]


@follows("DNS tools", f"{BIND}/lib/dns/masterdump.c: indent")
@pytest.mark.parametrize(
    ("name", "line"),
    [
        pytest.param("db.a", "db.a.\t\t\t30\tIN\tA\t10.0.0.1", id="far before the columns"),
        pytest.param(
            "kubernetes.default.svc.cluster.local",
            "kubernetes.default.svc.cluster.local. 30 IN A\t10.0.0.1",
            id="beyond three of them",
        ),
        pytest.param(
            "a-name.that-is.longer.than-all.svc.cluster.local",
            "a-name.that-is.longer.than-all.svc.cluster.local. 30 IN\tA 10.0.0.1",
            id="beyond all",
        ),
    ],
)
def test_columns_of_records(name: str, line: str) -> None:
    assert record_line(Record(name, 30, "A", "10.0.0.1")) == line


@follows("DNS tools", f"{BIND}/bin/dig/dig.c: printgreeting")
def test_a_server_that_was_named_is_counted(town: Any) -> None:
    assert run(town, "dig", "@10.96.0.10", "web.default.svc.cluster.local")[1][1:4] == [
        "; <<>> DiG 9.18.13 <<>> @10.96.0.10 web.default.svc.cluster.local",
        "; (1 server found)",
        ";; global options: +cmd",
    ]


USING = ["Using domain server:", "Name: 10.96.0.10", "Address: 10.96.0.10#53", "Aliases: ", ""]


@follows("DNS tools", f"{BIND}/bin/dig/host.c: printmessage, say_message")
@pytest.mark.parametrize(
    ("words", "status", "lines"),
    [
        pytest.param(("web",), 0, ["web.default.svc.cluster.local has address 10.96.1.1"], id="along the search list"),
        pytest.param(
            ("web", "10.96.0.10"),
            0,
            [*USING, "web.default.svc.cluster.local has address 10.96.1.1"],
            id="of a named server",
        ),
        pytest.param(
            ("-t", "AAAA", "web"), 0, ["web.default.svc.cluster.local has no AAAA record"], id="no such record"
        ),
        pytest.param(("nope",), 1, ["Host nope not found: 3(NXDOMAIN)"], id="no such name"),
        pytest.param(
            ("10.96.1.1",),
            0,
            ["1.1.96.10.in-addr.arpa domain name pointer web.default.svc.cluster.local."],
            id="back to a name",
        ),
        pytest.param(
            ("10.96.9.9",), 1, ["Host 9.9.96.10.in-addr.arpa. not found: 3(NXDOMAIN)"], id="nobody has the address"
        ),
    ],
)
def test_what_host_prints(town: Any, words: tuple[str, ...], status: int, lines: list[str]) -> None:
    town.service("web", "10.96.1.1")
    assert run(town, "host", *words) == (status, lines)
