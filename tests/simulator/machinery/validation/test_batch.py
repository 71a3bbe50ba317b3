"""What is refused of jobs and cron jobs, word for word after `pkg/apis/batch/validation/validation.go` (1.33)."""

from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create

Obj = dict[str, Any]

CASES = [
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "parallelism": -1,
                "completions": -1,
                "backoffLimit": -1,
            }
        },
        [
            "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
            "spec.completions: Invalid value: -1: must be greater than or equal to 0",
            "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0",
        ],
        id="jobs: numbers below zero",
    ),
    pytest.param(
        "jobs.batch",
        {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "b"}]}}}},
        ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
        id="jobs: restarts for ever",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "completionMode": "Some",
            }
        },
        ['spec.completionMode: Unsupported value: "Some": supported values: "NonIndexed", "Indexed"'],
        id="jobs: a mode",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "completionMode": "Indexed",
                "completions": None,
            }
        },
        ["spec.completions: Required value: when completion mode is Indexed"],
        id="jobs: indexed without completions",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "backoffLimitPerIndex": 1,
            }
        },
        ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"],
        id="jobs: failed indexes without a mode",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "completionMode": "Indexed",
                "completions": 2,
                "maxFailedIndexes": 1,
            }
        },
        ["spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified"],
        id="jobs: failed indexes without a limit",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "completionMode": "Indexed",
                "completions": 2,
                "backoffLimitPerIndex": 1,
                "maxFailedIndexes": 3,
            }
        },
        ["spec.maxFailedIndexes: Invalid value: 3: must be less than or equal to completions"],
        id="jobs: more failed than completions",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "managedBy": "me",
            }
        },
        ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")'],
        id="jobs: managed by a bare name",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "podFailurePolicy": {"rules": [{"onExitCodes": {"operator": "In", "values": [1]}}]},
            }
        },
        [
            'spec.podFailurePolicy.rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]'
        ],
        id="jobs: policy: no action",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "podFailurePolicy": {"rules": [{"action": "Stop", "onExitCodes": {"operator": "In", "values": [1]}}]},
            }
        },
        [
            'spec.podFailurePolicy.rules[0].action: Unsupported value: "Stop": supported values: "Count", "FailIndex", "FailJob", "Ignore"'
        ],
        id="jobs: policy: unknown action",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "podFailurePolicy": {
                    "rules": [{"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1]}}]
                },
            }
        },
        [
            'spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set'
        ],
        id="jobs: policy: an index without a limit",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "podFailurePolicy": {"rules": [{"action": "Ignore"}]},
            }
        },
        [
            "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required"
        ],
        id="jobs: policy: neither",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "podFailurePolicy": {
                    "rules": [
                        {
                            "action": "Ignore",
                            "onExitCodes": {"operator": "In", "values": [1]},
                            "onPodConditions": [{"type": "A", "status": "True"}],
                        }
                    ]
                },
            }
        },
        [
            "spec.podFailurePolicy.rules[0]: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported"
        ],
        id="jobs: policy: both",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "podFailurePolicy": {
                    "rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [3, 0, 0]}}]
                },
            }
        },
        [
            "spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
            "spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Invalid value: 0: must not be 0 for the In operator",
            "spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 0",
            "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: []int32{3, 0, 0}: must be ordered",
        ],
        id="jobs: policy: codes",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "podFailurePolicy": {"rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": []}}]},
            }
        },
        [
            "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: []int32(nil): at least one value is required"
        ],
        id="jobs: policy: no codes",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "podFailurePolicy": {
                    "rules": [
                        {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1], "containerName": "z"}}
                    ]
                },
            }
        },
        [
            'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "z": must be one of the container or initContainer names in the pod template'
        ],
        id="jobs: policy: a container",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "podFailurePolicy": {"rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1]}}]},
                "template": {"spec": {"restartPolicy": "OnFailure", "containers": [{"name": "a", "image": "b"}]}},
            }
        },
        [
            'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified'
        ],
        id="jobs: policy: pods that restart",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "podReplacementPolicy": "TerminatingOrFailed",
                "podFailurePolicy": {"rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1]}}]},
            }
        },
        ['spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"'],
        id="jobs: policy and replacement",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "podReplacementPolicy": "Now",
            }
        },
        ['spec.podReplacementPolicy: Unsupported value: "Now": supported values: "Failed", "TerminatingOrFailed"'],
        id="jobs: replacement",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "successPolicy": {"rules": [{"succeededCount": 1}]},
            }
        },
        ["spec.successPolicy: Invalid value: batch.SuccessPolicy{…}: requires indexed completion mode"],
        id="jobs: success without an index",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "completionMode": "Indexed",
                "completions": 2,
                "successPolicy": {"rules": []},
            }
        },
        [
            "spec.successPolicy.rules: Required value: at least one rules must be specified when the successPolicy is specified"
        ],
        id="jobs: success: no rules",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "completionMode": "Indexed",
                "completions": 2,
                "successPolicy": {"rules": [{}]},
            }
        },
        [
            "spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified"
        ],
        id="jobs: success: an empty rule",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "completionMode": "Indexed",
                "completions": 2,
                "successPolicy": {"rules": [{"succeededCount": 3}]},
            }
        },
        [
            "spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of specified completions)"
        ],
        id="jobs: success: more than there are",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "completionMode": "Indexed",
                "completions": 9,
                "successPolicy": {"rules": [{"succeededIndexes": "3,1"}]},
            }
        },
        [
            'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "3,1": error parsing succeededIndexes: non-increasing order, previous: 3, current: 1'
        ],
        id="jobs: success: indexes that go back",
    ),
    pytest.param(
        "jobs.batch",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                "completionMode": "Indexed",
                "completions": 2,
                "successPolicy": {"rules": [{"succeededIndexes": "0-2"}]},
            }
        },
        [
            'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0-2": error parsing succeededIndexes: too large index: "2"'
        ],
        id="jobs: success: indexes too large",
    ),
    pytest.param(
        "cronjobs.batch",
        {
            "spec": {
                "jobTemplate": {
                    "spec": {
                        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}
                    }
                }
            }
        },
        ["spec.schedule: Required value"],
        id="cronjobs: no schedule",
    ),
    pytest.param(
        "cronjobs.batch",
        {
            "spec": {
                "schedule": "TZ=UTC * * * * *",
                "jobTemplate": {
                    "spec": {
                        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}
                    }
                },
            }
        },
        [
            'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead'
        ],
        id="cronjobs: a zone in the schedule",
    ),
    pytest.param(
        "cronjobs.batch",
        {
            "spec": {
                "schedule": "* * * *",
                "jobTemplate": {
                    "spec": {
                        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}
                    }
                },
            }
        },
        ['spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'],
        id="cronjobs: four fields",
    ),
    pytest.param(
        "cronjobs.batch",
        {
            "spec": {
                "schedule": "* * * * *",
                "timeZone": "Mars/One",
                "jobTemplate": {
                    "spec": {
                        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}
                    }
                },
            }
        },
        ['spec.timeZone: Invalid value: "Mars/One": unknown time zone Mars/One'],
        id="cronjobs: a zone",
    ),
    pytest.param(
        "cronjobs.batch",
        {
            "spec": {
                "schedule": "* * * * *",
                "timeZone": "Local",
                "jobTemplate": {
                    "spec": {
                        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}
                    }
                },
            }
        },
        [
            'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'
        ],
        id="cronjobs: the local zone",
    ),
    pytest.param(
        "cronjobs.batch",
        {
            "spec": {
                "schedule": "* * * * *",
                "timeZone": "",
                "jobTemplate": {
                    "spec": {
                        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}
                    }
                },
            }
        },
        ['spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string'],
        id="cronjobs: an empty zone",
    ),
    pytest.param(
        "cronjobs.batch",
        {
            "spec": {
                "schedule": "* * * * *",
                "concurrencyPolicy": "Maybe",
                "jobTemplate": {
                    "spec": {
                        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}
                    }
                },
            }
        },
        ['spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"'],
        id="cronjobs: concurrency",
    ),
    pytest.param(
        "cronjobs.batch",
        {
            "spec": {
                "schedule": "* * * * *",
                "jobTemplate": {
                    "spec": {
                        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
                        "selector": {"matchLabels": {"a": "b"}},
                        "manualSelector": True,
                    }
                },
            }
        },
        [
            'spec.jobTemplate.spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"a":"b"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: `selector` will be auto-generated',
            'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
        ],
        id="cronjobs: a selector",
    ),
    pytest.param(
        "cronjobs.batch",
        {
            "metadata": {"name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
            "spec": {
                "schedule": "* * * * *",
                "jobTemplate": {
                    "spec": {
                        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}
                    }
                },
            },
        },
        [
            'metadata.name: Invalid value: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": must be no more than 52 characters'
        ],
        id="cronjobs: a long name",
    ),
]


@pytest.mark.parametrize(("resource", "given", "says"), CASES)
def test_what_is_refused(resource: str, given: Obj, says: list[str]) -> None:
    known = resources.by_name(resource)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    whole = {**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}
    assert [str(error) for error in validate_create(resource, default(resource, whole))] == says
