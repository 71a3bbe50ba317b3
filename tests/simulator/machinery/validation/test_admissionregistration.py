"""What is refused of webhooks and policies of admission, word for word after `pkg/apis/admissionregistration/validation/validation.go` (1.33)."""

from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create

Obj = dict[str, Any]

CASES = [
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                }
            ]
        },
        ['webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots'],
        id="validatingwebhookconfigurations: a name of two segments",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "Some",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                }
            ]
        },
        ['webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
        id="validatingwebhookconfigurations: side effects",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": None,
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                }
            ]
        },
        ["webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun"],
        id="validatingwebhookconfigurations: no side effects",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v2", "v2"],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                }
            ]
        },
        [
            'webhooks[0].admissionReviewVersions[1]: Invalid value: "v2": duplicate version',
            'webhooks[0].admissionReviewVersions: Invalid value: []string{"v2", "v2"}: must include at least one of v1, v1beta1',
        ],
        id="validatingwebhookconfigurations: versions",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": [],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                }
            ]
        },
        ["webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1"],
        id="validatingwebhookconfigurations: no versions",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                    "timeoutSeconds": 31,
                }
            ]
        },
        ["webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds"],
        id="validatingwebhookconfigurations: a wait",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                    "failurePolicy": "Maybe",
                }
            ]
        },
        ['webhooks[0].failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"'],
        id="validatingwebhookconfigurations: what a failure means",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                    "matchPolicy": "Loosely",
                }
            ]
        },
        ['webhooks[0].matchPolicy: Unsupported value: "Loosely": supported values: "Equivalent", "Exact"'],
        id="validatingwebhookconfigurations: how it matches",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {},
                    "rules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                }
            ]
        },
        ["webhooks[0].clientConfig: Required value: exactly one of url or service is required"],
        id="validatingwebhookconfigurations: nowhere to call",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": "http://me@a/b?c#d"},
                    "rules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                }
            ]
        },
        [
            "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
            'webhooks[0].clientConfig.url: Invalid value: "me": user information is not permitted in the URL',
            'webhooks[0].clientConfig.url: Invalid value: "d": fragments are not permitted in the URL',
            'webhooks[0].clientConfig.url: Invalid value: "c": query parameters are not permitted in the URL',
        ],
        id="validatingwebhookconfigurations: an address",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"service": {"name": "", "namespace": "a", "path": "/a//b"}},
                    "rules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                }
            ]
        },
        [
            "webhooks[0].clientConfig.service.namespace: Required value: service namespace is required",
            'webhooks[0].clientConfig.service.path: Invalid value: "/a//b": segment[1] may not be empty',
        ],
        id="validatingwebhookconfigurations: a service",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {"operations": ["*", "LIST"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                }
            ]
        },
        [
            'webhooks[0].rules[0].operations: Invalid value: []admissionregistration.OperationType{"*", "LIST"}: if \'*\' is present, must not specify other operations',
            'webhooks[0].rules[0].operations[1]: Unsupported value: "LIST": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
        ],
        id="validatingwebhookconfigurations: operations",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {
                            "operations": ["CREATE"],
                            "apiGroups": ["*", "a"],
                            "apiVersions": ["*", "v1"],
                            "resources": ["*", "pods"],
                        }
                    ],
                }
            ]
        },
        [
            'webhooks[0].rules[0].apiGroups: Invalid value: []string{"*", "a"}: if \'*\' is present, must not specify other API groups',
            'webhooks[0].rules[0].apiVersions: Invalid value: []string{"*", "v1"}: if \'*\' is present, must not specify other API versions',
            'webhooks[0].rules[0].resources: Invalid value: []string{"*", "pods"}: if \'*\' is present, must not specify other resources without subresources',
        ],
        id="validatingwebhookconfigurations: stars with others",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {
                            "operations": ["CREATE"],
                            "apiGroups": [""],
                            "apiVersions": ["v1"],
                            "resources": ["pods/*", "pods/log", "*/scale", "a/scale", "*/*"],
                        }
                    ],
                }
            ]
        },
        [
            "webhooks[0].rules[0].resources[1]: Invalid value: \"pods/log\": if 'pods/*' is present, must not specify pods/log",
            "webhooks[0].rules[0].resources[3]: Invalid value: \"a/scale\": if '*/scale' is present, must not specify a/scale",
            'webhooks[0].rules[0].resources: Invalid value: []string{"pods/*", "pods/log", "*/scale", "a/scale", "*/*"}: if \'*/*\' is present, must not specify other resources',
        ],
        id="validatingwebhookconfigurations: subresources",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {
                            "operations": ["CREATE"],
                            "apiGroups": [""],
                            "apiVersions": ["v1"],
                            "resources": ["pods"],
                            "scope": "World",
                        }
                    ],
                }
            ]
        },
        ['webhooks[0].rules[0].scope: Unsupported value: "World": supported values: "*", "Cluster", "Namespaced"'],
        id="validatingwebhookconfigurations: a scope",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                },
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                },
            ]
        },
        ['webhooks[1].name: Duplicate value: "a.b.c"'],
        id="validatingwebhookconfigurations: a name twice",
    ),
    pytest.param(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                    "matchConditions": [
                        {"name": "a", "expression": "true"},
                        {"name": "a", "expression": ""},
                        {"name": "a b", "expression": "true"},
                    ],
                }
            ]
        },
        [
            "webhooks[0].matchConditions[1].expression: Required value",
            'webhooks[0].matchConditions[1].name: Duplicate value: "a"',
            "webhooks[0].matchConditions[2].name: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ],
        id="validatingwebhookconfigurations: conditions",
    ),
    pytest.param(
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        {
            "webhooks": [
                {
                    "name": "a.b.c",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": "https://a"},
                    "rules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ],
                    "reinvocationPolicy": "Always",
                }
            ]
        },
        ['webhooks[0].reinvocationPolicy: Unsupported value: "Always": supported values: "IfNeeded", "Never"'],
        id="mutatingwebhookconfigurations: calling again",
    ),
    pytest.param(
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        {
            "spec": {
                "matchConstraints": {
                    "resourceRules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ]
                }
            }
        },
        [
            "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
            "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item",
        ],
        id="validatingadmissionpolicies: nothing to say",
    ),
    pytest.param(
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        {"spec": {"matchConstraints": {}, "validations": [{"expression": "true"}]}},
        ["spec.matchConstraints.resourceRules: Required value"],
        id="validatingadmissionpolicies: no rules",
    ),
    pytest.param(
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        {
            "spec": {
                "matchConstraints": {
                    "resourceRules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ]
                },
                "validations": [{"expression": "true"}],
                "variables": [{"name": "a-b", "expression": ""}, {"name": "", " expression": ""}],
            }
        },
        [
            'spec.variables[0].name: Invalid value: "a-b": name is not a valid CEL identifier',
            "spec.variables[0].expression: Required value: expression is not specified",
            "spec.variables[1].name: Required value: name is not specified",
            "spec.variables[1].expression: Required value: expression is not specified",
        ],
        id="validatingadmissionpolicies: a variable",
    ),
    pytest.param(
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        {
            "spec": {
                "matchConstraints": {
                    "resourceRules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ]
                },
                "validations": [
                    {"expression": " ", "message": " ", "messageExpression": " ", "reason": "Why"},
                    {"expression": "true", "message": "a\nb"},
                ],
            }
        },
        [
            "spec.validations[0].expression: Required value: expression is not specified",
            'spec.validations[0].messageExpression: Invalid value: " ": must be non-empty if specified',
            'spec.validations[0].message: Invalid value: " ": message must be non-empty if specified',
            'spec.validations[0].reason: Unsupported value: "Why": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
            'spec.validations[1].message: Invalid value: "a\\nb": message must not contain line breaks',
        ],
        id="validatingadmissionpolicies: a validation",
    ),
    pytest.param(
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        {
            "spec": {
                "matchConstraints": {
                    "resourceRules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ]
                },
                "validations": [{"expression": "true"}],
                "paramKind": {"apiVersion": "a/b/c", "kind": "A_b"},
            }
        },
        [
            'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
            "spec.paramKind.kind: Invalid value: \"A_b\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        ],
        id="validatingadmissionpolicies: parameters",
    ),
    pytest.param(
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        {
            "spec": {
                "matchConstraints": {
                    "resourceRules": [
                        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                    ]
                },
                "validations": [{"expression": "true"}],
                "auditAnnotations": [{"key": "a", "valueExpression": "'x'"}, {"key": "a", "valueExpression": ""}],
            }
        },
        [
            "spec.auditAnnotations[1].valueExpression: Required value: valueExpression is not specified",
            'spec.auditAnnotations[1].key: Duplicate value: "a"',
        ],
        id="validatingadmissionpolicies: annotations",
    ),
    pytest.param(
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        {
            "spec": {
                "matchConstraints": {
                    "resourceRules": [
                        {
                            "operations": ["CREATE"],
                            "apiGroups": [""],
                            "apiVersions": ["v1"],
                            "resources": ["pods"],
                            "resourceNames": ["a/b", "c", "c"],
                        }
                    ]
                },
                "validations": [{"expression": "true"}],
            }
        },
        [
            "spec.matchConstraints.resourceRules[0].resourceNames[0]: Invalid value: \"a/b\": may not contain '/'",
            'spec.matchConstraints.resourceRules[0].resourceNames[2]: Duplicate value: "c"',
        ],
        id="validatingadmissionpolicies: a resource's name",
    ),
    pytest.param(
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        {"spec": {"policyName": "a"}},
        ["spec.validationActions: Required value: at least one validation action is required"],
        id="validatingadmissionpolicybindings: no actions",
    ),
    pytest.param(
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        {"spec": {"policyName": "A", "validationActions": ["Deny", "Warn", "Warn", "Tell"]}},
        [
            "spec.policyName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            'spec.validationActions[2]: Duplicate value: "Warn"',
            'spec.validationActions[3]: Unsupported value: "Tell": supported values: "Audit", "Deny", "Warn"',
            'spec.validationActions: Invalid value: []admissionregistration.ValidationAction{"Deny", "Warn", "Warn", "Tell"}: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
        ],
        id="validatingadmissionpolicybindings: actions",
    ),
    pytest.param(
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        {"spec": {"policyName": "a", "validationActions": ["Deny"], "paramRef": {}}},
        [
            "spec.paramRef: Required value: one of name or selector must be specified",
            "spec.paramRef.parameterNotFoundAction: Required value",
        ],
        id="validatingadmissionpolicybindings: parameters of nothing",
    ),
    pytest.param(
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        {
            "spec": {
                "policyName": "a",
                "validationActions": ["Deny"],
                "paramRef": {"name": "a", "selector": {}, "parameterNotFoundAction": "Ask"},
            }
        },
        [
            "spec.paramRef.name: Forbidden: name and selector are mutually exclusive",
            "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive",
            'spec.paramRef.parameterNotFoundAction: Unsupported value: "Ask": supported values: "Deny", "Allow"',
        ],
        id="validatingadmissionpolicybindings: parameters twice",
    ),
]


@pytest.mark.parametrize(("resource", "given", "says"), CASES)
def test_what_is_refused(resource: str, given: Obj, says: list[str]) -> None:
    known = resources.by_name(resource)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    whole = {**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}
    assert [str(error) for error in validate_create(resource, default(resource, whole))] == says
