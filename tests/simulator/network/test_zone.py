"""CoreDNS' answers, record by record, and what the Corefile makes of them."""

from typing import Any

import pytest

from simulator.network.corefile import CorefileError, read
from simulator.network.datapath import Source
from simulator.network.dns import candidates, hosts_file, resolver_of

DOMAIN = "svc.cluster.local"


def city(town: Any) -> Any:
    for index in range(2):
        town.pod(f"db-{index}", f"10.244.2.{index}")
    ports = [{"name": "sql", "port": 5432, "protocol": "TCP"}]
    town.service("db", "None", ports=ports)
    town.endpoints("db", "10.244.2.0", "10.244.2.1", hostnames=True, port=5432, port_name="sql")
    town.service("web", "10.96.1.1", ports=[{"name": "http", "port": 80, "protocol": "TCP"}])
    town.pod("web-0", "10.244.1.20")
    town.endpoints("web", "10.244.1.20", port_name="http")
    town.service("outside", "", type="ExternalName", externalName="example.com")
    town.service("empty", "None", ports=ports)
    return town


@pytest.mark.parametrize(
    ("name", "type", "code", "answers"),
    [
        pytest.param(f"web.default.{DOMAIN}", "A", "NOERROR", ["A 10.96.1.1"], id="a service's address"),
        pytest.param(f"web.default.{DOMAIN}", "AAAA", "NOERROR", [], id="a name without such a record"),
        pytest.param(f"nope.default.{DOMAIN}", "A", "NXDOMAIN", [], id="no such service"),
        pytest.param(f"db.default.{DOMAIN}", "A", "NOERROR", ["A 10.244.2.0", "A 10.244.2.1"], id="headless"),
        pytest.param(f"empty.default.{DOMAIN}", "A", "NXDOMAIN", [], id="headless without endpoints"),
        pytest.param(f"db-1.db.default.{DOMAIN}", "A", "NOERROR", ["A 10.244.2.1"], id="a pod's hostname"),
        pytest.param(
            f"10-244-1-20.web.default.{DOMAIN}", "A", "NOERROR", ["A 10.244.1.20"], id="a pod without hostname"
        ),
        pytest.param("10-244-1-20.default.pod.cluster.local", "A", "NOERROR", ["A 10.244.1.20"], id="a pod's address"),
        pytest.param(
            f"_sql._tcp.db.default.{DOMAIN}",
            "SRV",
            "NOERROR",
            [
                f"SRV 0 50 5432 db-0.db.default.{DOMAIN}.",
                f"SRV 0 50 5432 db-1.db.default.{DOMAIN}.",
                "A 10.244.2.0",
                "A 10.244.2.1",
            ],
            id="where a headless service listens",
        ),
        pytest.param(
            f"_http._tcp.web.default.{DOMAIN}",
            "SRV",
            "NOERROR",
            [f"SRV 0 100 80 web.default.{DOMAIN}.", "A 10.96.1.1"],
            id="where a service listens",
        ),
        pytest.param(f"_http._udp.web.default.{DOMAIN}", "SRV", "NXDOMAIN", [], id="no such protocol"),
        pytest.param(
            f"outside.default.{DOMAIN}", "A", "NOERROR", ["CNAME example.com.", "A 23.215.0.136"], id="an alias"
        ),
        pytest.param(
            "1.1.96.10.in-addr.arpa", "PTR", "NOERROR", [f"PTR web.default.{DOMAIN}."], id="back to a service"
        ),
        pytest.param(
            "1.2.244.10.in-addr.arpa", "PTR", "NOERROR", [f"PTR db-1.db.default.{DOMAIN}."], id="back to a pod"
        ),
        pytest.param("example.com", "A", "NOERROR", ["A 23.215.0.136"], id="the world"),
        pytest.param("no.such.name", "A", "NXDOMAIN", [], id="not in the world"),
        pytest.param(f"default.{DOMAIN}", "A", "NOERROR", [], id="a namespace with services"),
    ],
)
def test_an_answer(town: Any, name: str, type: str, code: str, answers: list[str]) -> None:
    reply = city(town).network().ask(town.client(), name, type)
    assert reply.code == code
    assert [f"{one.type} {one.data}" for one in reply.answers] == answers


PLAIN = ".:53 {\n    kubernetes cluster.local {\n        pods disabled\n    }\n    forward . /etc/resolv.conf\n}\n"


@pytest.mark.parametrize(
    ("corefile", "name", "code", "answers"),
    [
        pytest.param(PLAIN, "10-244-1-20.default.pod.cluster.local", "NXDOMAIN", [], id="pods disabled"),
        pytest.param(
            ".:53 {\n forward . /etc/resolv.conf\n}\n", f"web.default.{DOMAIN}", "NXDOMAIN", [], id="no cluster zone"
        ),
        pytest.param(".:53 {\n kubernetes cluster.local\n}\n", "example.com", "REFUSED", [], id="no forward"),
        pytest.param(
            "shop.example:53 {\n forward . 8.8.8.8\n}\n", "example.com", "REFUSED", [], id="another zone only"
        ),
        pytest.param(
            ".:53 {\n hosts {\n  10.1.2.3 shop.example\n  fallthrough\n }\n forward . 8.8.8.8\n}\n",
            "shop.example",
            "NOERROR",
            ["10.1.2.3"],
            id="hosts",
        ),
        pytest.param(
            f".:53 {{\n rewrite name shop.example web.default.{DOMAIN}\n kubernetes cluster.local\n}}\n",
            "shop.example",
            "NOERROR",
            ["10.96.1.1"],
            id="rewrite",
        ),
        pytest.param(
            PLAIN + "example.com:53 {\n forward . 10.9.9.9\n}\n",
            "example.com",
            "NOERROR",
            ["23.215.0.136"],
            id="stub domain",
        ),
        pytest.param(".:53 {\n errors\n", "example.com", "SERVFAIL", [], id="a file that does not end"),
    ],
)
def test_the_corefile_decides(town: Any, corefile: str, name: str, code: str, answers: list[str]) -> None:
    town.corefile = corefile
    reply = city(town).network().ask(town.client(), name, "A")
    assert (reply.code, list(reply.data("A"))) == (code, answers)


def test_an_unbalanced_corefile_is_refused() -> None:
    with pytest.raises(CorefileError, match="Unexpected EOF"):
        read(".:53 {\n errors\n")


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        pytest.param(
            {},
            "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n",
            id="ClusterFirst",
        ),
        pytest.param({"dnsPolicy": "Default"}, "nameserver 172.18.0.1\n", id="Default"),
        pytest.param({"hostNetwork": True}, "nameserver 172.18.0.1\n", id="the host's network"),
        pytest.param(
            {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"},
            "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n",
            id="ClusterFirstWithHostNet",
        ),
        pytest.param(
            {
                "dnsPolicy": "None",
                "dnsConfig": {
                    "nameservers": ["192.0.2.1"],
                    "searches": ["ns1.svc.cluster-domain.example", "my.dns.search.suffix"],
                    "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}],
                },
            },
            "search ns1.svc.cluster-domain.example my.dns.search.suffix\nnameserver 192.0.2.1\noptions ndots:2 edns0\n",
            id="None, all by hand",
        ),
        pytest.param(
            {"dnsConfig": {"searches": ["corp.example"], "options": [{"name": "ndots", "value": "1"}]}},
            "search shop.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\noptions ndots:1\n",
            id="ClusterFirst and more",
        ),
    ],
)
def test_resolv_conf(town: Any, spec: dict[str, Any], text: str) -> None:
    assert resolver_of(town.client(namespace="shop", **spec).pod, "10.96.0.10").text == text


@pytest.mark.parametrize(
    ("name", "ndots", "tried"),
    [
        pytest.param("web", "5", ["web.a", "web.b", "web"], id="short"),
        pytest.param("web.shop", "5", ["web.shop.a", "web.shop.b", "web.shop"], id="fewer dots than ndots"),
        pytest.param("web.shop", "1", ["web.shop", "web.shop.a", "web.shop.b"], id="as many dots as ndots"),
        pytest.param("web.", "5", ["web"], id="a final dot"),
    ],
)
def test_the_search_list(town: Any, name: str, ndots: str, tried: list[str]) -> None:
    config = {"nameservers": ["10.96.0.10"], "searches": ["a", "b"], "options": [{"name": "ndots", "value": ndots}]}
    resolver = resolver_of(town.client(dnsPolicy="None", dnsConfig=config).pod, "10.96.0.10")
    assert list(candidates(name, resolver)) == tried


def test_hosts_are_asked_before_any_server(town: Any) -> None:
    town.pod("old", "10.244.1.30", port=80)
    client = town.client(hostAliases=[{"ip": "10.244.1.30", "hostnames": ["legacy.example", "legacy"]}])
    assert hosts_file(client.pod, "10.244.1.5").splitlines()[-3:] == [
        "",
        "# Entries added by HostAliases.",
        "10.244.1.30\tlegacy.example\tlegacy",
    ]
    trace = town.network().request(client, "legacy", 80)
    assert (trace.hops[0].say, trace.ok) == ("/etc/hosts says legacy is 10.244.1.30", True)


def test_a_machine_does_not_know_cluster_names(town: Any) -> None:
    network = city(town).network()
    assert network.request(Source(node="node-1"), f"web.default.{DOMAIN}", 80).error == "could not resolve host"
    assert network.request(Source(node="node-1"), "10.96.1.1", 80).ok
