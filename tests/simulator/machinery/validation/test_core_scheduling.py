"""What is refused of what pods say of nodes, word for word after `ValidateTolerations`, `validateAffinity` and `validateTopologySpreadConstraints` of `pkg/apis/core/validation/validation.go` (1.33)."""

from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create

Obj = dict[str, Any]

CASES = [
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "tolerations": [{"operator": "Equal", "value": "x"}],
            },
        },
        [
            'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"'
        ],
        id="pods: a toleration of nothing",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 1}],
            },
        },
        [
            "spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set"
        ],
        id="pods: seconds without NoExecute",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "tolerations": [{"key": "a", "operator": "Exists", "value": "x"}],
            },
        },
        ["spec.tolerations[0].operator: Invalid value: \"x\": value must be empty when `operator` is 'Exists'"],
        id="pods: a value with Exists",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1"}], "tolerations": [{"key": "a", "operator": "In"}]},
        },
        ['spec.tolerations[0].operator: Unsupported value: "In": supported values: "Equal", "Exists"'],
        id="pods: an operator",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "tolerations": [{"key": "a", "operator": "Exists", "effect": "Never"}],
            },
        },
        [
            'spec.tolerations[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'
        ],
        id="pods: an effect",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "affinity": {
                    "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}
                },
            },
        },
        [
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term"
        ],
        id="pods: no terms",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "In"}]}]
                        }
                    }
                },
            },
        },
        [
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"
        ],
        id="pods: In without values",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}
                            ]
                        }
                    }
                },
            },
        },
        [
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        ],
        id="pods: Exists with values",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["b", "c"]}]}
                            ]
                        }
                    }
                },
            },
        },
        [
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'"
        ],
        id="pods: Gt of a word",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [{"key": "a", "operator": "Near", "values": ["b"]}]}
                            ]
                        }
                    }
                },
            },
        },
        [
            'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator'
        ],
        id="pods: operator of a term",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [
                                {"matchFields": [{"key": "metadata.uid", "operator": "In", "values": ["b"]}]}
                            ]
                        }
                    }
                },
            },
        },
        [
            'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].key: Invalid value: "metadata.uid": not a valid field selector key'
        ],
        id="pods: a field of the node",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "affinity": {
                    "nodeAffinity": {
                        "preferredDuringSchedulingIgnoredDuringExecution": [
                            {"weight": 0, "preference": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}
                        ]
                    }
                },
            },
        },
        [
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100"
        ],
        id="pods: weight of a node",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "affinity": {
                    "podAffinity": {
                        "preferredDuringSchedulingIgnoredDuringExecution": [
                            {"weight": 101, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": {}}}
                        ]
                    }
                },
            },
        },
        [
            "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100"
        ],
        id="pods: weight of a pod",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "affinity": {
                    "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"labelSelector": {}}]}
                },
            },
        },
        [
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty",
            'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must be non-empty',
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ],
        id="pods: no topology key",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "affinity": {
                    "podAntiAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": [
                            {"topologyKey": "zone", "matchLabelKeys": ["a"]}
                        ]
                    }
                },
            },
        },
        [
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set"
        ],
        id="pods: keys without a selector",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "topologySpreadConstraints": [
                    {"topologyKey": "zone", "maxSkew": 0, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
                ],
            },
        },
        ["spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero"],
        id="pods: a spread without a skew",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "topologySpreadConstraints": [
                    {"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
                ],
            },
        },
        ["spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty"],
        id="pods: a spread without a key",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "topologySpreadConstraints": [
                    {"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "Wait", "labelSelector": {}}
                ],
            },
        },
        [
            'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Wait": supported values: "DoNotSchedule", "ScheduleAnyway"'
        ],
        id="pods: a spread's answer",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "topologySpreadConstraints": [
                    {"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}},
                    {"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}},
                ],
            },
        },
        [
            'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{zone, DoNotSchedule}"'
        ],
        id="pods: a spread twice",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "topologySpreadConstraints": [
                    {
                        "topologyKey": "zone",
                        "maxSkew": 1,
                        "minDomains": 2,
                        "whenUnsatisfiable": "ScheduleAnyway",
                        "labelSelector": {},
                    }
                ],
            },
        },
        [
            "spec.topologySpreadConstraints[0].minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"
        ],
        id="pods: minDomains where pods may go anyway",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "topologySpreadConstraints": [
                    {
                        "topologyKey": "zone",
                        "maxSkew": 1,
                        "minDomains": 0,
                        "whenUnsatisfiable": "DoNotSchedule",
                        "labelSelector": {},
                    }
                ],
            },
        },
        ["spec.topologySpreadConstraints[0].minDomains: Invalid value: 0: must be greater than zero"],
        id="pods: minDomains of nothing",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "topologySpreadConstraints": [
                    {
                        "topologyKey": "zone",
                        "maxSkew": 1,
                        "nodeTaintsPolicy": "Maybe",
                        "whenUnsatisfiable": "DoNotSchedule",
                        "labelSelector": {},
                    }
                ],
            },
        },
        [
            'spec.topologySpreadConstraints[0].nodeTaintsPolicy: Unsupported value: "Maybe": supported values: "Honor", "Ignore"'
        ],
        id="pods: a node policy",
    ),
]


@pytest.mark.parametrize(("resource", "given", "says"), CASES)
def test_what_is_refused(resource: str, given: Obj, says: list[str]) -> None:
    known = resources.by_name(resource)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    whole = {**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}
    assert [str(error) for error in validate_create(resource, default(resource, whole))] == says
