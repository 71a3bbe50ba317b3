"""What is refused of pods and containers, word for word after `ValidatePodCreate` and `validateContainers` of `pkg/apis/core/validation/validation.go` (1.33)."""

from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create

Obj = dict[str, Any]

CASES = [
    pytest.param("pods", {"spec": {"containers": []}}, ["spec.containers: Required value"], id="pods: no containers"),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1"}], "initContainers": [{"name": "a", "image": "b:1"}]},
        },
        ['spec.initContainers[0].name: Duplicate value: "a"'],
        id="pods: two of one name",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": " b:1"}]}},
        ['spec.containers[0].image: Invalid value: " b:1": must not have leading or trailing whitespace'],
        id="pods: a padded image",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": ""}]}},
        ["spec.containers[0].image: Required value"],
        id="pods: no image",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "A_b", "image": "b:1"}]}},
        [
            "spec.containers[0].name: Invalid value: \"A_b\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
        ],
        id="pods: a bad name",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1"}], "restartPolicy": "Sometimes"}},
        ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
        id="pods: restart policy",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1"}], "dnsPolicy": "Never"}},
        [
            'spec.dnsPolicy: Unsupported value: "Never": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"'
        ],
        id="pods: DNS policy",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1"}], "dnsPolicy": "None"}},
        ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
        id="pods: DNS without a server",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1"}], "dnsPolicy": "None", "dnsConfig": {}}},
        [
            "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None"
        ],
        id="pods: DNS with an empty config",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "dnsConfig": {"nameservers": ["1.1.1.1", "1.1.1.1", "1.1.1.1", "1.1.1.1"]},
            },
        },
        [
            'spec.dnsConfig.nameservers: Invalid value: []string{"1.1.1.1", "1.1.1.1", "1.1.1.1", "1.1.1.1"}: must not have more than 3 nameservers'
        ],
        id="pods: too many servers",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1"}], "dnsConfig": {"options": [{"value": "1"}]}},
        },
        ["spec.dnsConfig.options[0]: Required value: must not be empty"],
        id="pods: an option without a name",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1", "imagePullPolicy": "Maybe"}]}},
        [
            'spec.containers[0].imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never"'
        ],
        id="pods: pull policy",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1", "terminationMessagePolicy": "Mail"}]}},
        [
            'spec.containers[0].terminationMessagePolicy: Unsupported value: "Mail": supported values: "File", "FallbackToLogsOnError"'
        ],
        id="pods: termination message",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1", "ports": [{"containerPort": 0}, {"containerPort": 70000}]}]
            },
        },
        [
            "spec.containers[0].ports[0].containerPort: Required value",
            "spec.containers[0].ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ],
        id="pods: ports out of range",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "ports": [{"name": "http", "containerPort": 80}, {"name": "http", "containerPort": 81}],
                    }
                ]
            },
        },
        ['spec.containers[0].ports[1].name: Duplicate value: "http"'],
        id="pods: one port name twice",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {"name": "a", "image": "b:1", "ports": [{"name": "a-name-that-is-too-long", "containerPort": 80}]}
                ]
            },
        },
        [
            'spec.containers[0].ports[0].name: Invalid value: "a-name-that-is-too-long": must be no more than 15 characters'
        ],
        id="pods: a long port name",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1", "ports": [{"containerPort": 80, "protocol": "HTTP"}]}]
            },
        },
        ['spec.containers[0].ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"'],
        id="pods: protocol of a port",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {"name": "a", "image": "b", "ports": [{"containerPort": 80, "hostPort": 80}]},
                    {"name": "c", "image": "b", "ports": [{"containerPort": 81, "hostPort": 80}]},
                ]
            },
        },
        ['spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//80"'],
        id="pods: host ports clash",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1", "ports": [{"containerPort": 80, "hostPort": 81}]}],
                "hostNetwork": True,
            },
        },
        [
            "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true"
        ],
        id="pods: host network",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1", "env": [{"value": "1"}]}]}},
        ["spec.containers[0].env[0].name: Required value"],
        id="pods: env without a name",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1", "env": [{"name": "a=b", "value": "1"}]}]},
        },
        [
            "spec.containers[0].env[0].name: Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII characters other than '='"
        ],
        id="pods: env name",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "env": [{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                    }
                ]
            },
        },
        ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
        id="pods: env with two values",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1", "env": [{"name": "A", "valueFrom": {}}]}]},
        },
        [
            'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'
        ],
        id="pods: env from nothing",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "env": [
                            {
                                "name": "A",
                                "valueFrom": {
                                    "fieldRef": {"fieldPath": "metadata.name"},
                                    "secretKeyRef": {"name": "s", "key": "k"},
                                },
                            }
                        ],
                    }
                ]
            },
        },
        [
            'spec.containers[0].env[0].valueFrom: Invalid value: "": may not have more than one field specified at a time'
        ],
        id="pods: env from two sources",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uidx"}}}],
                    }
                ]
            },
        },
        [
            'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.uidx": error converting fieldPath: field label not supported: metadata.uidx'
        ],
        id="pods: env from an unknown field",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c"}}}],
                    }
                ]
            },
        },
        ["spec.containers[0].env[0].valueFrom.configMapKeyRef.key: Required value"],
        id="pods: env from a config map without a key",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1", "envFrom": [{}]}]}},
        ['spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
        id="pods: envFrom nothing",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {"name": "a", "image": "b:1", "envFrom": [{"prefix": "a b=", "configMapRef": {"name": "c"}}]}
                ]
            },
        },
        [
            "spec.containers[0].envFrom[0].prefix: Invalid value: \"a b=\": a valid environment variable name must consist only of printable ASCII characters other than '='"
        ],
        id="pods: envFrom prefix",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]
            },
        },
        ['spec.containers[0].volumeMounts[0].name: Not found: "data"'],
        id="pods: mount of an unknown volume",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1", "volumeMounts": [{"name": "data"}]}],
                "volumes": [{"name": "data", "emptyDir": {}}],
            },
        },
        ["spec.containers[0].volumeMounts[0].mountPath: Required value"],
        id="pods: mount without a path",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "volumeMounts": [{"name": "data", "mountPath": "/d"}, {"name": "data", "mountPath": "/d"}],
                    }
                ],
                "volumes": [{"name": "data", "emptyDir": {}}],
            },
        },
        ['spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/d": must be unique'],
        id="pods: two mounts in one place",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "volumeMounts": [{"name": "data", "mountPath": "/d", "subPath": "../x"}],
                    }
                ],
                "volumes": [{"name": "data", "emptyDir": {}}],
            },
        },
        ["spec.containers[0].volumeMounts.subPath: Invalid value: \"../x\": must not contain '..'"],
        id="pods: a subPath upwards",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "volumeMounts": [{"name": "data", "mountPath": "/d", "subPath": "x", "subPathExpr": "y"}],
                    }
                ],
                "volumes": [{"name": "data", "emptyDir": {}}],
            },
        },
        [
            'spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: "y": subPathExpr and subPath are mutually exclusive'
        ],
        id="pods: subPath and subPathExpr",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "volumeMounts": [{"name": "data", "mountPath": "/d", "mountPropagation": "Bidirectional"}],
                    }
                ],
                "volumes": [{"name": "data", "emptyDir": {}}],
            },
        },
        [
            "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers"
        ],
        id="pods: propagation without privilege",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1", "livenessProbe": {"periodSeconds": 1}}]},
        },
        ["spec.containers[0].livenessProbe: Required value: must specify a handler type"],
        id="pods: a probe without a handler",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "readinessProbe": {"exec": {"command": ["a"]}, "tcpSocket": {"port": 80}},
                    }
                ]
            },
        },
        ["spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"],
        id="pods: a probe with two handlers",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {"name": "a", "image": "b:1", "livenessProbe": {"tcpSocket": {"port": 80}, "successThreshold": 2}}
                ]
            },
        },
        ["spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"],
        id="pods: liveness with two successes",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "readinessProbe": {"tcpSocket": {"port": 80}, "terminationGracePeriodSeconds": 5},
                    }
                ]
            },
        },
        [
            "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes"
        ],
        id="pods: a readiness probe's grace",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {"name": "a", "image": "b:1", "readinessProbe": {"tcpSocket": {"port": 80}, "timeoutSeconds": -1}}
                ]
            },
        },
        ["spec.containers[0].readinessProbe.timeoutSeconds: Invalid value: -1: must be greater than or equal to 0"],
        id="pods: a probe of seconds below zero",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "readinessProbe": {"httpGet": {"port": 80, "path": "/", "scheme": "FTP"}},
                    }
                ]
            },
        },
        [
            'spec.containers[0].readinessProbe.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"'
        ],
        id="pods: a probe's scheme",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "readinessProbe": {
                            "httpGet": {"port": 80, "path": "/", "httpHeaders": [{"name": "a b", "value": "c"}]}
                        },
                    }
                ]
            },
        },
        [
            "spec.containers[0].readinessProbe.httpGet.httpHeaders: Invalid value: \"a b\": a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"
        ],
        id="pods: a probe's header",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1", "readinessProbe": {"tcpSocket": {"port": "no such"}}}]
            },
        },
        [
            'spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: "no such": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'
        ],
        id="pods: a probe's port",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1", "lifecycle": {"postStart": {"exec": {"command": []}}}}]
            },
        },
        ["spec.containers[0].lifecycle.postStart.exec.command: Required value"],
        id="pods: a command that is empty",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1", "lifecycle": {"preStop": {"sleep": {"seconds": 6}}}}],
                "terminationGracePeriodSeconds": 5,
            },
        },
        [
            "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 6: must be non-negative and less than terminationGracePeriodSeconds (5)"
        ],
        id="pods: sleep longer than the grace",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {"name": "a", "image": "b:1", "resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}
                ]
            },
        },
        ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
        id="pods: a request above its limit",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1", "resources": {"requests": {"cpu": "-1"}}}]},
        },
        ['spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
        id="pods: less than nothing",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1", "resources": {"requests": {"gpu": "1"}}}]},
        },
        [
            "spec.containers[0].resources.requests[gpu]: Invalid value: gpu: must be a standard resource type or fully qualified",
            "spec.containers[0].resources.requests[gpu]: Invalid value: gpu: must be a standard resource for containers",
        ],
        id="pods: an unknown resource",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1", "resources": {"limits": {"acme.com/gpu": "500m"}}}]},
        },
        [
            "spec.containers[0].resources.limits[acme.com/gpu]: Invalid value: 500m: must be an integer",
            "spec.containers[0].resources.requests[acme.com/gpu]: Invalid value: 500m: must be an integer",
        ],
        id="pods: half a device",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1", "resources": {"requests": {"acme.com/gpu": "1"}}}]},
        },
        ["spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources"],
        id="pods: a device without a limit",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1", "resources": {"limits": {"hugepages-2Mi": "4Mi"}}}]},
        },
        ["spec.containers[0].resources: Forbidden: HugePages require cpu or memory"],
        id="pods: huge pages alone",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "resources": {"requests": {"acme.com/gpu": "1"}, "limits": {"acme.com/gpu": "2"}},
                    }
                ]
            },
        },
        ['spec.containers[0].resources.requests: Invalid value: "1": must be equal to acme.com/gpu limit of 2'],
        id="pods: storage overcommitted",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "image": "b:1",
                        "resizePolicy": [{"resourceName": "disk", "restartPolicy": "NotRequired"}],
                    }
                ]
            },
        },
        ['spec.containers[0].resizePolicy: Unsupported value: disk: supported values: "cpu", "memory"'],
        id="pods: resize policy",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "initContainers": [{"name": "i", "image": "b", "readinessProbe": {"tcpSocket": {"port": 80}}}],
            },
        },
        [
            "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"
        ],
        id="pods: an init container with a probe",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "initContainers": [{"name": "i", "image": "b", "restartPolicy": "Never"}],
            },
        },
        ['spec.initContainers[0].restartPolicy: Unsupported value: "Never": supported values: "Always"'],
        id="pods: an init container's restart policy",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1", "restartPolicy": "Always"}]}},
        ["spec.containers[0].restartPolicy: Forbidden: may not be set for non-init containers"],
        id="pods: a container's restart policy",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "ephemeralContainers": [{"name": "d", "image": "b"}],
            },
        },
        ["spec.ephemeralContainers: Forbidden: cannot be set on create"],
        id="pods: ephemeral containers at once",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "nodeName": "n",
                "schedulingGates": [{"name": "x"}],
            },
        },
        ["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"],
        id="pods: a node and a gate",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1"}], "schedulingGates": [{"name": "x"}, {"name": "x"}]},
        },
        ['spec.schedulingGates[1]: Duplicate value: "x"'],
        id="pods: a gate twice",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "+1"}},
            "spec": {"containers": [{"name": "a", "image": "b:1"}]},
        },
        [
            'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer'
        ],
        id="pods: deletion cost",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1"}], "activeDeadlineSeconds": 0}},
        ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
        id="pods: a deadline of nothing",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1"}], "hostname": "a.b"}},
        ['spec.hostname: Invalid value: "a.b": must not contain dots'],
        id="pods: host name",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "hostAliases": [{"ip": "1.2.3", "hostnames": ["a_b"]}],
            },
        },
        [
            'spec.hostAliases[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
            "spec.hostAliases[0].hostnames[0]: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ],
        id="pods: host alias",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1"}], "preemptionPolicy": "Always"}},
        ['spec.preemptionPolicy: Unsupported value: "Always": supported values: "PreemptLowerPriority", "Never"'],
        id="pods: preemption policy",
    ),
]


@pytest.mark.parametrize(("resource", "given", "says"), CASES)
def test_what_is_refused(resource: str, given: Obj, says: list[str]) -> None:
    known = resources.by_name(resource)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    whole = {**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}
    assert [str(error) for error in validate_create(resource, default(resource, whole))] == says
