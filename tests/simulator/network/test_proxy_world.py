"""Rules of one world of six services, as upstream's own tests have them, printed as the kernel's tools print them.

`pkg/proxy/iptables/proxier_test.go: TestOverallIPTablesRules` and `pkg/proxy/nftables/proxier_test.go: TestOverallNFTablesRules` of v1.33
(which still matches the port where off-cluster traffic is masqueraded, pull request 131492, and filters before DNAT, pull request
132456). Not here: counters by nfacct.
"""

from typing import Any

import pytest

from simulator.network.rule_text import rule_lines
from simulator.network.rule_text.names import Machine
from simulator.network.service_rules import NodeView, rules
from tests.proof.follows import follows

Obj = dict[str, Any]
HOME = Machine("192.168.0.2", ("10.0.0.0/8",), ("172.30.0.0/16",))


def service(number: int, ip: str, node_port: int = 0, load_balancer: str = "", **spec: Any) -> Obj:
    port: Obj = {"name": "p80", "port": 80, "protocol": "TCP", **({"nodePort": node_port} if node_port else {})}
    ingress = [{"ip": load_balancer}] if load_balancer else []
    return {
        "metadata": {"namespace": f"ns{number}", "name": f"svc{number}"},
        "spec": {"clusterIP": ip, "ports": [port], **spec},
        "status": {"loadBalancer": {"ingress": ingress}},
    }


def endpoints(number: int, **nodes: str) -> Obj:
    """Last numbers of 10.180.0.x → node."""
    found = [
        {"addresses": [f"10.180.0.{name[1:]}"], **({"nodeName": node} if node else {})} for name, node in nodes.items()
    ]
    labels = {"kubernetes.io/service-name": f"svc{number}"}
    return {
        "metadata": {"namespace": f"ns{number}", "name": f"svc{number}-1", "labels": labels},
        "endpoints": found,
        "ports": [{"name": "p80", "port": 80, "protocol": "TCP"}],
    }


STICKY: Obj = {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}}
SERVICES = [
    service(1, "172.30.0.41"),
    service(
        2,
        "172.30.0.42",
        3001,
        "1.2.3.4",
        type="LoadBalancer",
        externalTrafficPolicy="Local",
        externalIPs=["192.168.99.22"],
        healthCheckNodePort=30000,
    ),
    service(3, "172.30.0.43", 3003, type="NodePort"),
    service(4, "172.30.0.44", type="NodePort", externalIPs=["192.168.99.33"]),
    service(
        5,
        "172.30.0.45",
        3002,
        "5.6.7.8",
        type="LoadBalancer",
        externalTrafficPolicy="Cluster",
        healthCheckNodePort=30000,
        loadBalancerSourceRanges=[" 203.0.113.0/25"],
        **STICKY,
    ),
    service(6, "172.30.0.46"),
]
SLICES = [
    endpoints(1, n1=""),
    endpoints(2, n2=""),
    endpoints(3, n3=""),
    endpoints(4, n4="", n5="test-node"),
    endpoints(5, n3=""),
]


def written(mode: str) -> list[str]:
    return rule_lines(mode, rules(SERVICES, SLICES, NodeView("test-node")), HOME)


def to(destination: str, comment: str, port: int = 80) -> str:
    where = f"-d {destination}/32 " if destination else ""
    return f'{where}-p tcp -m comment --comment "{comment}" -m tcp --dport {port}'


EXT4, EXT2, EXT5, EXT3 = (
    f"KUBE-EXT-{name}" for name in ("4SW47YFZTEDKD3PK", "GNZBNJ2PO5MGZ6GT", "NUKIZ6OKUXPJNT4C", "X27LE4BHSL4DOUIK")
)
SVC4, SVC2, SVC5, SVC3 = (one.replace("EXT", "SVC") for one in (EXT4, EXT2, EXT5, EXT3))
SVC1, FW5 = "KUBE-SVC-XPGD46QRK7WJZT7O", "KUBE-FW-NUKIZ6OKUXPJNT4C"
SEPS = {
    (1, 1): "KUBE-SEP-SXIVWICOYRO3J4NJ",
    (2, 2): "KUBE-SEP-RS4RBKLTHTF2IUXJ",
    (3, 3): "KUBE-SEP-OYPFS5VJICHGATKP",
    (4, 4): "KUBE-SEP-UKSFD7AGPMPPLUHC",
    (4, 5): "KUBE-SEP-C6EBXVWJJZMIWKLZ",
    (5, 3): "KUBE-SEP-I77PXRDZVX7PMWMN",
}

FILTER = [
    f"-A KUBE-NODEPORTS {to('', 'ns2/svc2:p80 health check node port', 30000)} -j ACCEPT",
    f"-A KUBE-SERVICES {to('172.30.0.46', 'ns6/svc6:p80 has no endpoints')} -j REJECT --reject-with icmp-port-unreachable",
    f"-A KUBE-EXTERNAL-SERVICES {to('192.168.99.22', 'ns2/svc2:p80 has no local endpoints')} -j DROP",
    f"-A KUBE-EXTERNAL-SERVICES {to('1.2.3.4', 'ns2/svc2:p80 has no local endpoints')} -j DROP",
    '-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "ns2/svc2:p80 has no local endpoints" '
    "-m addrtype --dst-type LOCAL -m tcp --dport 3001 -j DROP",
    '-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" '
    "-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
    "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP",
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT',
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" '
    "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    f"-A KUBE-PROXY-FIREWALL {to('5.6.7.8', f'ns5/svc5:p80 traffic not accepted by {FW5}')} -j DROP",
]
NAT = [
    f"-A KUBE-NODEPORTS {to('', 'ns2/svc2:p80', 3001)} -j {EXT2}",
    f"-A KUBE-NODEPORTS {to('', 'ns3/svc3:p80', 3003)} -j {EXT3}",
    f"-A KUBE-NODEPORTS {to('', 'ns5/svc5:p80', 3002)} -j {EXT5}",
    f"-A KUBE-SERVICES {to('172.30.0.41', 'ns1/svc1:p80 cluster IP')} -j {SVC1}",
    f"-A KUBE-SERVICES {to('172.30.0.42', 'ns2/svc2:p80 cluster IP')} -j {SVC2}",
    f"-A KUBE-SERVICES {to('192.168.99.22', 'ns2/svc2:p80 external IP')} -j {EXT2}",
    f"-A KUBE-SERVICES {to('1.2.3.4', 'ns2/svc2:p80 loadbalancer IP')} -j {EXT2}",
    f"-A KUBE-SERVICES {to('172.30.0.43', 'ns3/svc3:p80 cluster IP')} -j {SVC3}",
    f"-A KUBE-SERVICES {to('172.30.0.44', 'ns4/svc4:p80 cluster IP')} -j {SVC4}",
    f"-A KUBE-SERVICES {to('192.168.99.33', 'ns4/svc4:p80 external IP')} -j {EXT4}",
    f"-A KUBE-SERVICES {to('172.30.0.45', 'ns5/svc5:p80 cluster IP')} -j {SVC5}",
    f"-A KUBE-SERVICES {to('5.6.7.8', 'ns5/svc5:p80 loadbalancer IP')} -j {FW5}",
    '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" '
    "-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS",
    *(
        line
        for number, ext, svc in ((4, EXT4, SVC4), (5, EXT5, SVC5), (3, EXT3, SVC3))
        for line in (
            f'-A {ext} -m comment --comment "masquerade traffic for ns{number}/svc{number}:p80 external destinations" '
            "-j KUBE-MARK-MASQ",
            f"-A {ext} -j {svc}",
        )
    ),
    f'-A {EXT2} -s 10.0.0.0/8 -m comment --comment "pod traffic for ns2/svc2:p80 external destinations" -j {SVC2}',
    f'-A {EXT2} -m comment --comment "masquerade LOCAL traffic for ns2/svc2:p80 external destinations" '
    "-m addrtype --src-type LOCAL -j KUBE-MARK-MASQ",
    f'-A {EXT2} -m comment --comment "route LOCAL traffic for ns2/svc2:p80 external destinations" '
    f"-m addrtype --src-type LOCAL -j {SVC2}",
    f'-A {FW5} -s 203.0.113.0/25 -m comment --comment "ns5/svc5:p80 loadbalancer IP" -j {EXT5}',
    f'-A {FW5} -m comment --comment "other traffic to ns5/svc5:p80 will be dropped by KUBE-PROXY-FIREWALL"',
    "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
    "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
    "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
    '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
    *(
        line
        for (number, last), sep in SEPS.items()
        for line in (
            f'-A {sep} -s 10.180.0.{last}/32 -m comment --comment "ns{number}/svc{number}:p80" -j KUBE-MARK-MASQ',
            f'-A {sep} -p tcp -m comment --comment "ns{number}/svc{number}:p80" '
            + (f"-m recent --set --name {sep} --mask 255.255.255.255 --rsource " if number == 5 else "")
            + f"-m tcp -j DNAT --to-destination 10.180.0.{last}:80",
        )
    ),
    *(
        f"-A {svc} ! -s 10.0.0.0/8 {to(f'172.30.0.4{number}', f'ns{number}/svc{number}:p80 cluster IP')} -j KUBE-MARK-MASQ"
        for number, svc in ((1, SVC1), (2, SVC2), (3, SVC3), (4, SVC4), (5, SVC5))
    ),
    *(
        f'-A {svc} -m comment --comment "ns{number}/svc{number}:p80 -> 10.180.0.{last}:80" -j {SEPS[number, last]}'
        for number, svc, last in ((1, SVC1, 1), (2, SVC2, 2), (3, SVC3, 3), (4, SVC4, 5), (5, SVC5, 3))
    ),
    f'-A {SVC4} -m comment --comment "ns4/svc4:p80 -> 10.180.0.4:80" -m statistic --mode random '
    f"--probability 0.50000000000 -j {SEPS[4, 4]}",
    f'-A {SVC5} -m comment --comment "ns5/svc5:p80 -> 10.180.0.3:80" -m recent --rcheck --seconds 10800 --reap '
    f"--name {SEPS[5, 3]} --mask 255.255.255.255 --rsource -j {SEPS[5, 3]}",
]


@follows("kube-proxy: iptables", "pkg/proxy/iptables/proxier_test.go: TestOverallIPTablesRules")
@pytest.mark.parametrize(
    ("table", "wanted"), [pytest.param("filter", FILTER, id="filter"), pytest.param("nat", NAT, id="nat")]
)
def test_iptables(table: str, wanted: list[str]) -> None:
    lines = written("iptables")
    start = lines.index(f"*{table}") + 1
    found = lines[start : lines.index("COMMIT", start)]
    assert sorted(found) == sorted(wanted)


def blocks(lines: list[str]) -> dict[str, list[str]]:
    """`chain x` → its lines."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in lines[1:-1]:
        if line.startswith("\t\t"):
            found[name].append(line.strip())
        elif line != "\t}":
            name = line.strip().removesuffix(" {")
            found[name] = []
    return found


def base(number: int) -> str:
    hashes = {1: "ULMVA6XW", 2: "42NFTM6N", 3: "4AT6LBPK", 4: "LAUZTJTB", 5: "HVFWP5L3"}
    return f"{hashes[number]}-ns{number}/svc{number}/tcp/p80"


def at(number: int, last: int) -> str:
    hashes = {
        (1, 1): "5OJB2KTY",
        (2, 2): "SGOXE6O3",
        (3, 3): "UEIP74TE",
        (4, 4): "UNZV3OEC",
        (4, 5): "5RFCDDV7",
        (5, 3): "GTK6MW7G",
    }
    return f"{hashes[number, last]}-ns{number}/svc{number}/tcp/p80__10.180.0.{last}/80"


def off_cluster(number: int) -> str:
    return f"ip daddr 172.30.0.4{number} tcp dport 80 ip saddr != 10.0.0.0/8 jump mark-for-masquerade"


def held(elements: str, kind: str, comment: str) -> list[str]:
    return [f"type {kind}", f'comment "{comment}"', f"elements = {{ {elements} }}"]


ADDRESS = "ipv4_addr . inet_proto . inet_service : verdict"
NFT: dict[str, list[str]] = {
    "set cluster-ips": held(
        ", ".join(f"172.30.0.4{number}" for number in range(1, 7)), "ipv4_addr", "Active ClusterIPs"
    ),
    "set nodeport-ips": held("192.168.0.2", "ipv4_addr", "IPs that accept NodePort traffic"),
    "map firewall-ips": held(
        f"5.6.7.8 . tcp . 80 : goto firewall-{base(5)}",
        ADDRESS,
        "destinations that are subject to LoadBalancerSourceRanges",
    ),
    "map no-endpoint-services": held(
        '192.168.99.22 . tcp . 80 comment "ns2/svc2:p80" : drop, 1.2.3.4 . tcp . 80 comment "ns2/svc2:p80" : drop, '
        '172.30.0.46 . tcp . 80 comment "ns6/svc6:p80" : goto reject-chain',
        ADDRESS,
        "vmap to drop or reject packets to services with no endpoints",
    ),
    "map no-endpoint-nodeports": held(
        'tcp . 3001 comment "ns2/svc2:p80" : drop',
        "inet_proto . inet_service : verdict",
        "vmap to drop or reject packets to service nodeports with no endpoints",
    ),
    "map service-ips": held(
        f"172.30.0.41 . tcp . 80 : goto service-{base(1)}, 172.30.0.42 . tcp . 80 : goto service-{base(2)}, "
        f"192.168.99.22 . tcp . 80 : goto external-{base(2)}, 1.2.3.4 . tcp . 80 : goto external-{base(2)}, "
        f"172.30.0.43 . tcp . 80 : goto service-{base(3)}, 172.30.0.44 . tcp . 80 : goto service-{base(4)}, "
        f"192.168.99.33 . tcp . 80 : goto external-{base(4)}, 172.30.0.45 . tcp . 80 : goto service-{base(5)}, "
        f"5.6.7.8 . tcp . 80 : goto external-{base(5)}",
        ADDRESS,
        "ClusterIP, ExternalIP and LoadBalancer IP traffic",
    ),
    "map service-nodeports": held(
        f"tcp . 3001 : goto external-{base(2)}, tcp . 3003 : goto external-{base(3)}, tcp . 3002 : goto external-{base(5)}",
        "inet_proto . inet_service : verdict",
        "NodePort traffic",
    ),
    f"set affinity-{at(5, 3)}": ["type ipv4_addr", "flags dynamic,timeout", "timeout 3h"],
    **{
        f"chain service-{base(number)}": [
            off_cluster(number),
            f"numgen random mod 1 vmap {{ 0 : goto endpoint-{at(number, number)} }}",
        ]
        for number in (1, 2, 3)
    },
    f"chain service-{base(4)}": [
        off_cluster(4),
        f"numgen random mod 2 vmap {{ 0 : goto endpoint-{at(4, 4)}, 1 : goto endpoint-{at(4, 5)} }}",
    ],
    f"chain service-{base(5)}": [
        off_cluster(5),
        f"ip saddr @affinity-{at(5, 3)} goto endpoint-{at(5, 3)}",
        f"numgen random mod 1 vmap {{ 0 : goto endpoint-{at(5, 3)} }}",
    ],
    f"chain external-{base(2)}": [
        f'ip saddr 10.0.0.0/8 goto service-{base(2)} comment "short-circuit pod traffic"',
        'fib saddr type local jump mark-for-masquerade comment "masquerade local traffic"',
        f'fib saddr type local goto service-{base(2)} comment "short-circuit local traffic"',
    ],
    **{
        f"chain external-{base(number)}": ["jump mark-for-masquerade", f"goto service-{base(number)}"]
        for number in (3, 4, 5)
    },
    **{
        f"chain endpoint-{at(number, last)}": [
            f"ip saddr 10.180.0.{last} jump mark-for-masquerade",
            *([f"update @affinity-{at(5, 3)} {{ ip saddr }}"] if number == 5 else []),
            f"meta l4proto tcp dnat to 10.180.0.{last}:80",
        ]
        for number, last in SEPS
    },
    f"chain firewall-{base(5)}": ["ip saddr != 203.0.113.0/25 drop"],
    "chain filter-prerouting": [
        "type filter hook prerouting priority dstnat - 10; policy accept;",
        "ct state new jump firewall-check",
    ],
    "chain filter-input": [
        "type filter hook input priority -110; policy accept;",
        "ct state new jump nodeport-endpoints-check",
        "ct state new jump service-endpoints-check",
    ],
    "chain filter-forward": [
        "type filter hook forward priority -110; policy accept;",
        "ct state new jump service-endpoints-check",
        "ct state new jump cluster-ips-check",
    ],
    "chain filter-output": [
        "type filter hook output priority -110; policy accept;",
        "ct state new jump service-endpoints-check",
        "ct state new jump firewall-check",
    ],
    "chain filter-output-post-dnat": [
        "type filter hook output priority -90; policy accept;",
        "ct state new jump cluster-ips-check",
    ],
    "chain nat-prerouting": ["type nat hook prerouting priority dstnat; policy accept;", "jump services"],
    "chain nat-output": ["type nat hook output priority -100; policy accept;", "jump services"],
    "chain nat-postrouting": ["type nat hook postrouting priority srcnat; policy accept;", "jump masquerading"],
    "chain services": [
        "ip daddr . meta l4proto . th dport vmap @service-ips",
        "ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports",
    ],
    "chain nodeport-endpoints-check": ["ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports"],
    "chain service-endpoints-check": ["ip daddr . meta l4proto . th dport vmap @no-endpoint-services"],
    "chain firewall-check": ["ip daddr . meta l4proto . th dport vmap @firewall-ips"],
    "chain masquerading": [
        "meta mark & 0x00004000 == 0x00000000 return",
        "meta mark set meta mark ^ 0x00004000",
        "masquerade fully-random",
    ],
    "chain cluster-ips-check": [
        'ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"',
        'ip daddr 172.30.0.0/16 drop comment "Drop traffic to unallocated ClusterIPs"',
    ],
    "chain mark-for-masquerade": ["meta mark set meta mark | 0x00004000"],
    "chain reject-chain": ['comment "helper for @no-endpoint-services / @no-endpoint-nodeports"', "reject"],
}


@follows(
    "kube-proxy: nftables",
    "pkg/proxy/nftables/proxier_test.go: TestOverallNFTablesRules",
    "pkg/proxy/nftables/proxier.go: setupNFTables",
)
@pytest.mark.parametrize("block", [pytest.param(name, id=name) for name in NFT])
def test_nftables(block: str) -> None:
    assert blocks(written("nftables"))[block] == NFT[block]


def test_nftables_has_nothing_else() -> None:
    found = blocks(written("nftables"))
    assert found.keys() - NFT.keys() == {'comment "rules for kube-proxy"'}
