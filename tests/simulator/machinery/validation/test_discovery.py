"""What is refused of endpoint slices, word for word after `pkg/apis/discovery/validation/validation.go` (1.33)."""

from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create

Obj = dict[str, Any]

CASES = [
    pytest.param(
        "endpointslices.discovery.k8s.io",
        {"endpoints": []},
        ["addressType: Required value"],
        id="endpointslices: no type",
    ),
    pytest.param(
        "endpointslices.discovery.k8s.io",
        {"addressType": "IPv5", "endpoints": []},
        ['addressType: Unsupported value: "IPv5": supported values: "FQDN", "IPv4", "IPv6"'],
        id="endpointslices: a type",
    ),
    pytest.param(
        "endpointslices.discovery.k8s.io",
        {"addressType": "IPv4", "endpoints": [{"addresses": []}]},
        ["endpoints[0].addresses: Required value: must contain at least 1 address"],
        id="endpointslices: no address",
    ),
    pytest.param(
        "endpointslices.discovery.k8s.io",
        {"addressType": "IPv4", "endpoints": [{"addresses": ["fd00::1"]}]},
        ['endpoints[0].addresses[0]: Invalid value: "fd00::1": must be a valid IPv4 address'],
        id="endpointslices: an address of the other family",
    ),
    pytest.param(
        "endpointslices.discovery.k8s.io",
        {
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.0.0.1"]}],
            "ports": [{"name": "a", "port": 1}, {"name": "a", "port": 2}],
        },
        ['ports[1].name: Duplicate value: "a"'],
        id="endpointslices: one port name twice",
    ),
    pytest.param(
        "endpointslices.discovery.k8s.io",
        {"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"name": "a"}]},
        [],
        id="endpointslices: a port without a number is fine",
    ),
    pytest.param(
        "endpointslices.discovery.k8s.io",
        {
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.0.0.1"]}],
            "ports": [{"name": "a", "port": 1, "protocol": "HTTP"}],
        },
        ['ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"'],
        id="endpointslices: a protocol",
    ),
    pytest.param(
        "endpointslices.discovery.k8s.io",
        {"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"], "hostname": "A"}]},
        [
            "endpoints[0].hostname: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
        ],
        id="endpointslices: a host name",
    ),
    pytest.param(
        "endpointslices.discovery.k8s.io",
        {"addressType": "FQDN", "endpoints": [{"addresses": ["local"]}]},
        [
            'endpoints[0].addresses[0]: Invalid value: "local": should be a domain with at least two segments separated by dots'
        ],
        id="endpointslices: a name that is no domain",
    ),
]


@pytest.mark.parametrize(("resource", "given", "says"), CASES)
def test_what_is_refused(resource: str, given: Obj, says: list[str]) -> None:
    known = resources.by_name(resource)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    whole = {**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}
    assert [str(error) for error in validate_create(resource, default(resource, whole))] == says
