"""What is refused of security contexts, word for word after `ValidatePodSecurityContext` and `ValidateSecurityContext` of `pkg/apis/core/validation/validation.go` (1.33)."""

from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create

Obj = dict[str, Any]

CASES = [
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1", "securityContext": {"runAsUser": -1}}]}},
        [
            "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 4294967295, inclusive"
        ],
        id="pods: a user below zero",
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
                        "securityContext": {"privileged": True, "allowPrivilegeEscalation": False},
                    }
                ]
            },
        },
        [
            "spec.containers[0].securityContext: Invalid value: core.SecurityContext{…}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        ],
        id="pods: privileged without escalation",
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
                        "securityContext": {
                            "capabilities": {"add": ["CAP_SYS_ADMIN"]},
                            "allowPrivilegeEscalation": False,
                        },
                    }
                ]
            },
        },
        [
            "spec.containers[0].securityContext: Invalid value: core.SecurityContext{…}: cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
        ],
        id="pods: SYS_ADMIN without escalation",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1", "securityContext": {"procMount": "Some"}}]},
        },
        [
            'spec.containers[0].securityContext.procMount: Unsupported value: "Some": supported values: "Default", "Unmasked"'
        ],
        id="pods: a proc mount",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1", "securityContext": {"procMount": "Unmasked"}}]},
        },
        [
            'spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`'
        ],
        id="pods: unmasked, with the host's users",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "securityContext": {"seccompProfile": {"type": "Localhost"}},
            },
        },
        [
            "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost"
        ],
        id="pods: seccomp without a profile",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "securityContext": {"seccompProfile": {"type": "Some"}},
            },
        },
        [
            'spec.securityContext.seccompProfile.type: Unsupported value: "Some": supported values: "Localhost", "RuntimeDefault", "Unconfined"'
        ],
        id="pods: seccomp type",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "securityContext": {"seccompProfile": {"type": "RuntimeDefault", "localhostProfile": "x"}},
            },
        },
        [
            "spec.securityContext.seccompProfile.localhostProfile: Invalid value: core.SeccompProfile{…}: can only be set when seccomp type is Localhost"
        ],
        id="pods: seccomp with a needless profile",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "securityContext": {"appArmorProfile": {"type": "Localhost"}},
            },
        },
        [
            "spec.securityContext.appArmorProfile.localhostProfile: Required value: must be set when AppArmor type is Localhost"
        ],
        id="pods: AppArmor without a profile",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "securityContext": {"sysctls": [{"name": "A b", "value": "1"}]},
            },
        },
        [
            'spec.securityContext.sysctls[0].name: Invalid value: "A b": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$'
        ],
        id="pods: a sysctl's name",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "securityContext": {"sysctls": [{"name": "net.a", "value": "1"}, {"name": "net.a", "value": "1"}]},
            },
        },
        ['spec.securityContext.sysctls[1].name: Duplicate value: "net.a"'],
        id="pods: a sysctl twice",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "hostNetwork": True,
                "securityContext": {"sysctls": [{"name": "net.core.somaxconn", "value": "1"}]},
            },
        },
        [
            "spec.securityContext.sysctls[0].name: Invalid value: \"net.core.somaxconn\": may not be specified when 'hostNetwork' is true"
        ],
        id="pods: a network sysctl on the host",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1"}], "hostPID": True, "shareProcessNamespace": True},
        },
        [
            "spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled"
        ],
        id="pods: processes shared with the host",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "securityContext": {"fsGroupChangePolicy": "Never"},
            },
        },
        [
            'spec.securityContext.fsGroupChangePolicy: Unsupported value: "Never": supported values: "Always", "OnRootMismatch"'
        ],
        id="pods: the change policy of groups",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1"}], "hostUsers": False, "hostNetwork": True},
        },
        ["spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false"],
        id="pods: users of its own on the host's network",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1"}], "os": {"name": "plan9"}}},
        ['spec.os: Unsupported value: "plan9": supported values: "linux", "windows"'],
        id="pods: an unknown system",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "os": {"name": "windows"},
                "securityContext": {"runAsUser": 1},
            },
        },
        ["spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod"],
        id="pods: Windows with Linux' options",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "os": {"name": "linux"},
                "securityContext": {"windowsOptions": {"runAsUserName": "a"}},
            },
        },
        ["spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod"],
        id="pods: Linux with Windows' options",
    ),
]


@pytest.mark.parametrize(("resource", "given", "says"), CASES)
def test_what_is_refused(resource: str, given: Obj, says: list[str]) -> None:
    known = resources.by_name(resource)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    whole = {**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}
    assert [str(error) for error in validate_create(resource, default(resource, whole))] == says
