"""`/etc/resolv.conf`, `/etc/hosts` and the hostname of pods, as tables: `network.dns` and `machinery.pod_names`."""

from typing import Any

import pytest

from simulator.engine.plain import Obj
from simulator.machinery.pod_names import is_too_long, kernel_name, short_name
from simulator.network.dns import hosts_file, omissions, resolver_of
from tests.proof.follows import follows

DNS = "pkg/kubelet/network/dns/dns_test.go"
PODS = "pkg/kubelet/kubelet_pods_test.go"
CLUSTER = ("shop.svc.cluster.local", "svc.cluster.local", "cluster.local")
#: Together with the cluster's own three, and the blanks between them, exactly as many characters as there may be.
LONG = tuple(letter * length for letter, length in zip("abcdefgh", (*([250] * 7), 236), strict=True))


def pod(name: str = "web", **spec: Any) -> Obj:
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": {"nodeName": "node-0", **spec}}


CUSTOM = {
    "nameservers": ["10.0.0.11"],
    "searches": ["my.domain"],
    "options": [{"name": "ndots", "value": "3"}, {"name": "debug"}],
}


@follows("DNS configuration", f"{DNS}: TestGetPodDNSType, TestGetPodDNS, TestGetPodDNSCustom")
@pytest.mark.parametrize(
    ("spec", "servers", "search", "options"),
    [
        pytest.param({}, "10.96.0.10", CLUSTER, "ndots:5", id="no policy"),
        pytest.param({"dnsPolicy": "ClusterFirst"}, "10.96.0.10", CLUSTER, "ndots:5", id="ClusterFirst"),
        pytest.param(
            {"dnsPolicy": "ClusterFirst", "hostNetwork": True},
            "172.18.0.1",
            (),
            "",
            id="ClusterFirst with hostnetwork, fallback to Default",
        ),
        pytest.param(
            {"dnsPolicy": "ClusterFirstWithHostNet", "hostNetwork": True},
            "10.96.0.10",
            CLUSTER,
            "ndots:5",
            id="ClusterFirstWithHostNet with hostnetwork",
        ),
        pytest.param(
            {"dnsPolicy": "ClusterFirstWithHostNet"},
            "10.96.0.10",
            CLUSTER,
            "ndots:5",
            id="ClusterFirstWithHostNet without hostnetwork",
        ),
        pytest.param({"dnsPolicy": "Default"}, "172.18.0.1", (), "", id="Default"),
        pytest.param(
            {"dnsPolicy": "Default", "hostNetwork": True}, "172.18.0.1", (), "", id="Default with hostnetwork"
        ),
        pytest.param({"dnsPolicy": "None"}, "", (), "", id="None without config"),
        pytest.param(
            {"dnsPolicy": "None", "dnsConfig": {**CUSTOM, "searches": ["my.domain", "second.domain"]}},
            "10.0.0.11",
            ("my.domain", "second.domain"),
            "ndots:3 debug",
            id="None with config",
        ),
        pytest.param(
            {"dnsPolicy": "ClusterFirst", "dnsConfig": CUSTOM},
            "10.96.0.10 10.0.0.11",
            (*CLUSTER, "my.domain"),
            "ndots:3 debug",
            id="ClusterFirst with config",
        ),
        pytest.param(
            {"dnsPolicy": "ClusterFirstWithHostNet", "hostNetwork": True, "dnsConfig": CUSTOM},
            "10.96.0.10 10.0.0.11",
            (*CLUSTER, "my.domain"),
            "ndots:3 debug",
            id="ClusterFirstWithHostNet with config",
        ),
        pytest.param(
            {"dnsPolicy": "Default", "dnsConfig": CUSTOM},
            "172.18.0.1 10.0.0.11",
            ("my.domain",),
            "ndots:3 debug",
            id="Default with config",
        ),
        pytest.param(
            {"dnsConfig": {"nameservers": ["10.96.0.10", "8.8.8.8"], "searches": ["cluster.local", "x"]}},
            "10.96.0.10 8.8.8.8",
            (*CLUSTER, "x"),
            "ndots:5",
            id="what is there already comes once",
        ),
    ],
)
def test_resolv_conf(spec: Obj, servers: str, search: tuple[str, ...], options: str) -> None:
    lines = [f"search {' '.join(search)}"] if search else []
    lines += [f"nameserver {one}" for one in servers.split()]
    lines += [f"options {options}"] if options else []
    assert resolver_of(pod(**spec), "10.96.0.10").text == "\n".join([*lines, ""])


@follows("DNS configuration", f"{DNS}: TestMergeDNSOptions")
@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        pytest.param([], "ndots:5", id="empty"),
        pytest.param(
            [{"name": "single-request"}, {"name": "attempts", "value": "3"}],
            "ndots:5 single-request attempts:3",
            id="no duplicated entries",
        ),
        pytest.param(
            [{"name": "ndots", "value": "3"}, {"name": "debug"}, {"name": "debug"}],
            "ndots:3 debug",
            id="overwrite duplicated entries",
        ),
        pytest.param([{"name": "ndots", "value": ""}], "ndots", id="an empty value is none"),
    ],
)
def test_options(given: list[Obj], wanted: str) -> None:
    text = resolver_of(pod(dnsConfig={"options": given}), "10.96.0.10").text
    assert text.splitlines()[-1] == f"options {wanted}"


@follows("DNS configuration", f"{DNS}: TestFormDNSSearchFitsLimits")
@pytest.mark.parametrize(
    ("searches", "kept"),
    [
        pytest.param((), 0, id="3 search paths"),
        pytest.param(("AAA", "BBB"), 2, id="5 search paths"),
        pytest.param(("AAA", "BBB", "C" * 256), 2, id="a search path of 256 characters"),
        pytest.param(LONG, 8, id="2048 characters"),
        pytest.param((*LONG, "i"), 8, id="2050 characters"),
        pytest.param(tuple(map(str, range(29))), 29, id="32 search paths"),
        pytest.param(tuple(map(str, range(30))), 29, id="33 search paths"),
    ],
)
def test_search_paths_that_fit(searches: tuple[str, ...], kept: int) -> None:
    made = pod(dnsConfig={"searches": list(searches)})
    applied = (*CLUSTER, *searches[:kept])
    assert resolver_of(made, "10.96.0.10").search == applied
    omitted = "Search Line limits were exceeded, some search paths have been omitted"
    wanted = [f"{omitted}, the applied search line is: {' '.join(applied)}"] if kept < len(searches) else []
    assert omissions(made, "10.96.0.10") == wanted


@follows("DNS configuration", f"{DNS}: TestFormDNSNameserversFitsLimits")
@pytest.mark.parametrize(
    ("servers", "wanted"),
    [
        pytest.param([], [], id="1 nameserver"),
        pytest.param(["127.0.0.1", "8.8.8.8"], [], id="3 nameservers"),
        pytest.param(
            ["127.0.0.1", "8.8.8.8", "1.2.3.4"],
            [
                "Nameserver limits were exceeded, some nameservers have been omitted, "
                "the applied nameserver line is: 10.96.0.10 127.0.0.1 8.8.8.8"
            ],
            id="4 nameservers, trimmed to 3",
        ),
    ],
)
def test_name_servers_that_fit(servers: list[str], wanted: list[str]) -> None:
    made = pod(dnsConfig={"nameservers": servers})
    assert resolver_of(made, "10.96.0.10").nameservers == ("10.96.0.10", *servers)[:3]
    assert omissions(made, "10.96.0.10") == wanted


ALIASES = [
    {"ip": "123.45.67.89", "hostnames": ["foo", "bar", "baz"]},
    {"ip": "45.67.90.123", "hostnames": ["park", "doo", "boo"]},
]
FIRST = "123.45.67.89\tfoo\tbar\tbaz"
DOMAIN = "web.domainFoo.shop.svc.cluster.local\tweb"


@follows("DNS configuration", f"{PODS}: TestManagedHostsFileContent")
@pytest.mark.parametrize(
    ("spec", "second", "wanted"),
    [
        pytest.param({}, "", ["203.0.113.1\tweb"], id="a name"),
        pytest.param({"subdomain": "domainFoo"}, "", [f"203.0.113.1\t{DOMAIN}"], id="with a domain"),
        pytest.param(
            {"subdomain": "domainFoo", "hostAliases": ALIASES[:1]},
            "",
            [f"203.0.113.1\t{DOMAIN}", "", "# Entries added by HostAliases.", FIRST],
            id="an alias",
        ),
        pytest.param(
            {"subdomain": "domainFoo", "hostAliases": ALIASES},
            "",
            [
                f"203.0.113.1\t{DOMAIN}",
                "",
                "# Entries added by HostAliases.",
                FIRST,
                "45.67.90.123\tpark\tdoo\tboo",
            ],
            id="two aliases",
        ),
        pytest.param(
            {"subdomain": "domainFoo"},
            "fd00::6",
            [f"203.0.113.1\t{DOMAIN}", f"fd00::6\t{DOMAIN}"],
            id="two families",
        ),
    ],
)
def test_hosts_file(spec: Obj, second: str, wanted: list[str]) -> None:
    before = [
        "# Kubernetes-managed hosts file.",
        "127.0.0.1\tlocalhost",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "fe00::0\tip6-localnet",
        "fe00::0\tip6-mcastprefix",
        "fe00::1\tip6-allnodes",
        "fe00::2\tip6-allrouters",
    ]
    assert hosts_file(pod(**spec), "203.0.113.1", second) == "\n".join([*before, *wanted, ""])


EIGHT = "1234567"


@follows("DNS configuration", f"{PODS}: TestTruncatePodHostname")
@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        pytest.param("test.pod.hostname", "test.pod.hostname", id="valid hostname"),
        pytest.param(f"{EIGHT}." * 9, f"{EIGHT}." * 7 + EIGHT, id="too long hostname"),
        pytest.param(f"{EIGHT}." * 7 + f"123456.{EIGHT}.", f"{EIGHT}." * 7 + "123456", id="hostname end with ."),
        pytest.param(f"{EIGHT}." * 7 + f"123456-{EIGHT}.", f"{EIGHT}." * 7 + "123456", id="hostname end with -"),
    ],
)
def test_a_name_that_is_too_long_for_a_label(given: str, wanted: str) -> None:
    assert short_name(pod(given)) == wanted
    assert hosts_file(pod(given), "10.244.0.5").splitlines()[-1] == f"10.244.0.5\t{wanted}"


@follows("DNS configuration", "pkg/kubelet/util/util_test.go: TestGetNodenameForKernel")
@pytest.mark.parametrize(
    ("name", "subdomain", "whole", "wanted"),
    [
        pytest.param("test.pod.hostname", "", False, "test.pod.hostname", id="no hostDomain, setHostnameAsFQDN false"),
        pytest.param("test.pod.hostname", "", True, "test.pod.hostname", id="no hostDomain, setHostnameAsFQDN true"),
        pytest.param("web", "sub", False, "web", id="valid hostDomain, setHostnameAsFQDN false"),
        pytest.param(
            "web", "sub", True, "web.sub.shop.svc.cluster.local", id="valid hostDomain, setHostnameAsFQDN true"
        ),
        pytest.param("web", "s" * 37, True, f"web.{'s' * 37}.shop.svc.cluster.local", id="64 characters"),
        pytest.param("web", "s" * 50, False, "web", id="FQDN is too long, setHostnameAsFQDN false"),
        pytest.param("web", "s" * 38, True, "", id="FQDN is too long, setHostnameAsFQDN true"),
    ],
)
def test_what_the_kernel_says(name: str, subdomain: str, whole: bool, wanted: str) -> None:
    made = pod(name, subdomain=subdomain, setHostnameAsFQDN=whole)
    if wanted:
        assert (is_too_long(made), kernel_name(made)) == ("", wanted)
        return
    full = f"{name}.{subdomain}.shop.svc.cluster.local"
    assert is_too_long(made) == (
        f"failed to construct FQDN from pod hostname and cluster domain, FQDN {full} is too long "
        f"(64 characters is the max, {len(full)} characters requested)"
    )
