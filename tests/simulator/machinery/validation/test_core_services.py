"""What is refused of services and endpoints, word for word after `ValidateService` and `ValidateEndpoints` of `pkg/apis/core/validation/validation.go` (1.33)."""

from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create

Obj = dict[str, Any]

CASES = [
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": []}},
        ["spec.ports: Required value"],
        id="services: no ports",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80}, {"port": 81}]}},
        ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"],
        id="services: two ports without names",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]}},
        ['spec.ports[1].name: Duplicate value: "a"'],
        id="services: one name twice",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 0}]}},
        [
            "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
            "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
        ],
        id="services: a port out of range",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80, "targetPort": "a_b"}]}},
        [
            'spec.ports[0].targetPort: Invalid value: "a_b": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'
        ],
        id="services: a target port",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80}], "type": "Public"}},
        [
            'spec.type: Unsupported value: "Public": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'
        ],
        id="services: type",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80, "protocol": "HTTP"}]}},
        ['spec.ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"'],
        id="services: protocol",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80, "nodePort": 30000}]}},
        ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
        id="services: a node port inside",
    ),
    pytest.param(
        "services",
        {
            "metadata": {"annotations": {}},
            "spec": {
                "ports": [{"port": 80, "name": "a", "nodePort": 30000}, {"port": 81, "name": "b", "nodePort": 30000}],
                "type": "NodePort",
            },
        },
        ["spec.ports[1].nodePort: Duplicate value: 30000"],
        id="services: a node port twice",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [], "type": "ExternalName"}},
        ["spec.externalName: Required value"],
        id="services: an external name that is missing",
    ),
    pytest.param(
        "services",
        {
            "metadata": {"annotations": {}},
            "spec": {"ports": [], "type": "ExternalName", "externalName": "a.b", "clusterIP": "10.0.0.1"},
        },
        ["spec.clusterIPs: Forbidden: may not be set for ExternalName services"],
        id="services: an external name with an address",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80}], "type": "NodePort", "clusterIP": "None"}},
        ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
        id="services: headless, yet outside",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80}], "sessionAffinity": "Cookie"}},
        ['spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"'],
        id="services: affinity",
    ),
    pytest.param(
        "services",
        {
            "metadata": {"annotations": {}},
            "spec": {
                "ports": [{"port": 80}],
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}},
            },
        },
        [
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400"
        ],
        id="services: affinity too long",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80}], "externalIPs": ["127.0.0.1"]}},
        [
            'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
            "spec.externalTrafficPolicy: Required value",
        ],
        id="services: an external address of its own",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80}], "ipFamilies": ["IPv5"]}},
        ['spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"'],
        id="services: families",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80}], "ipFamilyPolicy": "Both"}},
        [
            'spec.ipFamilyPolicy: Unsupported value: "Both": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"'
        ],
        id="services: policy of families",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80}], "externalTrafficPolicy": "Local"}},
        ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
        id="services: a policy inside",
    ),
    pytest.param(
        "services",
        {
            "metadata": {"annotations": {}},
            "spec": {"ports": [{"port": 80}], "type": "NodePort", "externalTrafficPolicy": "Near"},
        },
        ['spec.externalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"'],
        id="services: an external policy",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80}], "internalTrafficPolicy": "Near"}},
        ['spec.internalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"'],
        id="services: an internal policy",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80}], "trafficDistribution": "Far"}},
        ['spec.trafficDistribution: Unsupported value: "Far": supported values: "PreferClose"'],
        id="services: distribution",
    ),
    pytest.param(
        "services",
        {
            "metadata": {"annotations": {}},
            "spec": {"ports": [{"port": 80}], "loadBalancerSourceRanges": ["10.0.0.0/8"]},
        },
        ["spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"],
        id="services: source ranges inside",
    ),
    pytest.param(
        "services",
        {
            "metadata": {"annotations": {}},
            "spec": {"ports": [{"port": 80}], "type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0"]},
        },
        [
            'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'
        ],
        id="services: a source range",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80}], "loadBalancerClass": "a/b"}},
        ["spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"],
        id="services: a class inside",
    ),
    pytest.param(
        "services",
        {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 80}], "allocateLoadBalancerNodePorts": True}},
        ["spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'"],
        id="services: node ports that nobody allocates",
    ),
    pytest.param(
        "services",
        {
            "metadata": {"annotations": {}},
            "spec": {"ports": [{"port": 80}], "type": "NodePort", "healthCheckNodePort": 30000},
        },
        [
            "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        ],
        id="services: a check port",
    ),
    pytest.param(
        "endpoints",
        {"subsets": [{"ports": [{"port": 80}]}]},
        ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"],
        id="endpoints: nobody",
    ),
    pytest.param(
        "endpoints",
        {"subsets": [{"addresses": [{"ip": "127.0.0.1"}], "ports": [{"port": 80}]}]},
        [
            'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'
        ],
        id="endpoints: a loopback address",
    ),
    pytest.param(
        "endpoints",
        {"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}, {"port": 81}]}]},
        ["subsets[0].ports[0].name: Required value", "subsets[0].ports[1].name: Required value"],
        id="endpoints: ports without names",
    ),
]


@pytest.mark.parametrize(("resource", "given", "says"), CASES)
def test_what_is_refused(resource: str, given: Obj, says: list[str]) -> None:
    known = resources.by_name(resource)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    whole = {**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}
    assert [str(error) for error in validate_create(resource, default(resource, whole))] == says
