"""What is refused of ingresses, their classes and network policies, word for word after `pkg/apis/networking/validation/validation.go` (1.33)."""

from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create

Obj = dict[str, Any]

CASES = [
    pytest.param(
        "ingresses.networking.k8s.io",
        {"spec": {}},
        ["spec: Invalid value: []networking.IngressRule(nil): either `defaultBackend` or `rules` must be specified"],
        id="ingresses: nothing",
    ),
    pytest.param(
        "ingresses.networking.k8s.io",
        {"spec": {"rules": [{"host": "1.2.3.4"}]}},
        ['spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address'],
        id="ingresses: an address for a host",
    ),
    pytest.param(
        "ingresses.networking.k8s.io",
        {"spec": {"rules": [{"host": "*.*.a"}]}},
        [
            "spec.rules[0].host: Invalid value: \"*.*.a\": a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
        ],
        id="ingresses: two stars",
    ),
    pytest.param(
        "ingresses.networking.k8s.io",
        {
            "spec": {
                "rules": [
                    {
                        "http": {
                            "paths": [
                                {
                                    "path": "/",
                                    "pathType": None,
                                    "backend": {"service": {"name": "a", "port": {"number": 80}}},
                                }
                            ]
                        }
                    }
                ]
            }
        },
        ["spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"],
        id="ingresses: no kind of path",
    ),
    pytest.param(
        "ingresses.networking.k8s.io",
        {
            "spec": {
                "rules": [
                    {
                        "http": {
                            "paths": [
                                {
                                    "path": "/",
                                    "pathType": "Regex",
                                    "backend": {"service": {"name": "a", "port": {"number": 80}}},
                                }
                            ]
                        }
                    }
                ]
            }
        },
        [
            'spec.rules[0].http.paths[0].pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"'
        ],
        id="ingresses: a kind of path",
    ),
    pytest.param(
        "ingresses.networking.k8s.io",
        {
            "spec": {
                "rules": [
                    {
                        "http": {
                            "paths": [
                                {
                                    "path": "a",
                                    "pathType": "Prefix",
                                    "backend": {"service": {"name": "a", "port": {"number": 80}}},
                                }
                            ]
                        }
                    }
                ]
            }
        },
        ['spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path'],
        id="ingresses: a path that is not absolute",
    ),
    pytest.param(
        "ingresses.networking.k8s.io",
        {
            "spec": {
                "rules": [
                    {
                        "http": {
                            "paths": [
                                {
                                    "path": "/a//b/.",
                                    "pathType": "Prefix",
                                    "backend": {"service": {"name": "a", "port": {"number": 80}}},
                                }
                            ]
                        }
                    }
                ]
            }
        },
        [
            "spec.rules[0].http.paths[0].path: Invalid value: \"/a//b/.\": must not contain '//'",
            "spec.rules[0].http.paths[0].path: Invalid value: \"/a//b/.\": cannot end with '/.'",
        ],
        id="ingresses: a path with two slashes",
    ),
    pytest.param(
        "ingresses.networking.k8s.io",
        {"spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {}}]}}]}},
        ['spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required'],
        id="ingresses: no backend",
    ),
    pytest.param(
        "ingresses.networking.k8s.io",
        {
            "spec": {
                "rules": [
                    {
                        "http": {
                            "paths": [
                                {
                                    "path": "/",
                                    "pathType": "Prefix",
                                    "backend": {
                                        "service": {"name": "a", "port": {"number": 80}},
                                        "resource": {"kind": "a", "name": "b"},
                                    },
                                }
                            ]
                        }
                    }
                ]
            }
        },
        ['spec.rules[0].http.paths[0].backend: Invalid value: "": cannot set both resource and service backends'],
        id="ingresses: two backends",
    ),
    pytest.param(
        "ingresses.networking.k8s.io",
        {
            "spec": {
                "rules": [
                    {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "a"}}}]}}
                ]
            }
        },
        ["spec.rules[0].http.paths[0].backend: Required value: port name or number is required"],
        id="ingresses: no port",
    ),
    pytest.param(
        "ingresses.networking.k8s.io",
        {
            "spec": {
                "rules": [
                    {
                        "http": {
                            "paths": [
                                {
                                    "path": "/",
                                    "pathType": "Prefix",
                                    "backend": {"service": {"name": "a", "port": {"name": "a", "number": 1}}},
                                }
                            ]
                        }
                    }
                ]
            }
        },
        ['spec.rules[0].http.paths[0].backend: Invalid value: "": cannot set both port name & port number'],
        id="ingresses: two ports",
    ),
    pytest.param(
        "ingresses.networking.k8s.io",
        {
            "metadata": {"annotations": {"kubernetes.io/ingress.class": "a"}},
            "spec": {"defaultBackend": {"service": {"name": "a", "port": {"number": 80}}}, "ingressClassName": "b"},
        },
        [
            'annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both are specified'
        ],
        id="ingresses: two classes",
    ),
    pytest.param(
        "ingressclasses.networking.k8s.io",
        {"spec": {"controller": "nginx"}},
        ['spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")'],
        id="ingressclasses: a controller",
    ),
    pytest.param(
        "ingressclasses.networking.k8s.io",
        {
            "spec": {
                "controller": "a.b/c",
                "parameters": {"kind": "A", "name": "b", "scope": "Cluster", "namespace": "x"},
            }
        },
        ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
        id="ingressclasses: parameters' namespace",
    ),
    pytest.param(
        "networkpolicies.networking.k8s.io",
        {"spec": {"podSelector": {}, "policyTypes": ["Sideways"]}},
        ['spec.policyTypes[0]: Unsupported value: "Sideways": supported values: "Ingress", "Egress"'],
        id="networkpolicies: a kind of policy",
    ),
    pytest.param(
        "networkpolicies.networking.k8s.io",
        {"spec": {"podSelector": {}, "ingress": [{"ports": [{"protocol": "HTTP", "port": 80}]}]}},
        ['spec.ingress[0].ports[0].protocol: Unsupported value: "HTTP": supported values: "TCP", "UDP", "SCTP"'],
        id="networkpolicies: an unknown protocol",
    ),
    pytest.param(
        "networkpolicies.networking.k8s.io",
        {"spec": {"podSelector": {}, "ingress": [{"from": [{}]}]}},
        ["spec.ingress[0].from[0]: Required value: must specify a peer"],
        id="networkpolicies: a peer of nothing",
    ),
    pytest.param(
        "networkpolicies.networking.k8s.io",
        {"spec": {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}]}},
        ["spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"],
        id="networkpolicies: a block and a selector",
    ),
    pytest.param(
        "networkpolicies.networking.k8s.io",
        {"spec": {"podSelector": {}, "egress": [{"ports": [{"port": 0}]}]}},
        ["spec.egress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"],
        id="networkpolicies: a port that is none",
    ),
]


@pytest.mark.parametrize(("resource", "given", "says"), CASES)
def test_what_is_refused(resource: str, given: Obj, says: list[str]) -> None:
    known = resources.by_name(resource)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    whole = {**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}
    assert [str(error) for error in validate_create(resource, default(resource, whole))] == says
