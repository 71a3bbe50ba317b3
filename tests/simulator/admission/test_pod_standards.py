"""Every check of the Pod Security Standards by its own table: reason and detail word for word, by level and version.

https://kubernetes.io/docs/concepts/security/pod-security-standards/; `pod-security-admission/policy/check_*.go` (1.33).
"""

from typing import Any

import pytest

from simulator.apiserver.admission.pod_standards import findings
from tests.proof.follows import follows

Obj = dict[str, Any]
CHECKS = "staging/src/k8s.io/pod-security-admission/policy"
APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
SECCOMP = "seccomp.security.alpha.kubernetes.io/pod"


def pod(*contexts: Obj | None, annotations: Obj | None = None, **spec: Any) -> Obj:
    """Containers `a`, `b` … with these security contexts."""
    containers: list[Obj] = [
        {"name": name, **({} if context is None else {"securityContext": context})}
        for name, context in zip("abcdef", contexts, strict=False)
    ]
    return {"metadata": {"annotations": annotations or {}}, "spec": {"containers": containers, **spec}}


def said(level: str, one: Obj, version: int = 33) -> list[str]:
    return [f"{reason} ({detail})" for reason, detail in findings(level, one, version)]


@follows(
    "PodSecurity",
    f"{CHECKS}/check_appArmorProfile.go",
    f"{CHECKS}/check_capabilities_baseline.go",
    f"{CHECKS}/check_hostNamespaces.go",
    f"{CHECKS}/check_hostPathVolumes.go",
    f"{CHECKS}/check_hostPorts.go",
    f"{CHECKS}/check_privileged.go",
    f"{CHECKS}/check_procMount.go",
    f"{CHECKS}/check_seLinuxOptions.go",
    f"{CHECKS}/check_seccompProfile_baseline.go",
    f"{CHECKS}/check_sysctls.go",
    f"{CHECKS}/check_windowsHostProcess.go",
)
@pytest.mark.parametrize(
    ("one", "says"),
    [
        pytest.param(pod(None), [], id="nothing said"),
        pytest.param(
            pod(None, securityContext={"appArmorProfile": {"type": "Unconfined"}}),
            ['forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")'],
            id="app armor of the pod",
        ),
        pytest.param(
            pod(
                {"appArmorProfile": {"type": "Unconfined"}}, securityContext={"appArmorProfile": {"type": "Unconfined"}}
            ),
            ['forbidden AppArmor profile (pod and container "a" must not set AppArmor profile type to "Unconfined")'],
            id="app armor of pod and container",
        ),
        pytest.param(
            pod(
                None,
                annotations={
                    APP_ARMOR: "bogus",
                    f"{APP_ARMOR}a": "",
                    f"{APP_ARMOR}b": "runtime/default",
                    f"{APP_ARMOR}c": "localhost/",
                    f"{APP_ARMOR}e": "unconfined",
                    f"{APP_ARMOR}f": "unknown",
                },
            ),
            [
                "forbidden AppArmor profiles (annotations must not set AppArmor profile type to "
                f'"{APP_ARMOR}="bogus"", "{APP_ARMOR}e="unconfined"", "{APP_ARMOR}f="unknown"")'
            ],
            id="app armor by annotation",
        ),
        pytest.param(
            pod({"capabilities": {"add": ["FOO", "BAR", "CHOWN"]}}, None, {"capabilities": {"add": ["BAZ"]}}),
            [
                'non-default capabilities (containers "a", "c" must not include "BAR", "BAZ", "FOO" '
                "in securityContext.capabilities.add)"
            ],
            id="capabilities",
        ),
        pytest.param(
            pod(None, hostNetwork=True, hostPID=True, hostIPC=True),
            ["host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)"],
            id="host namespaces",
        ),
        pytest.param(
            pod(None, volumes=[{"name": "b", "hostPath": {"path": "/"}}, {"name": "a", "hostPath": {"path": "/"}}]),
            ['hostPath volumes (volumes "b", "a")'],
            id="host paths in the order of the pod",
        ),
        pytest.param(
            {"spec": {"containers": [{"name": "a", "ports": [{"hostPort": 20}]}]}},
            ['hostPort (container "a" uses hostPort 20)'],
            id="one host port",
        ),
        pytest.param(
            {
                "spec": {
                    "containers": [
                        {"name": "a", "ports": [{"hostPort": 0}]},
                        {"name": "b", "ports": [{"hostPort": 20}, {"hostPort": 3}]},
                        {"name": "c", "ports": [{"hostPort": 20}]},
                    ]
                }
            },
            ['hostPort (containers "b", "c" use hostPorts 20, 3)'],
            id="host ports in the order of their texts",
        ),
        pytest.param(
            pod({"privileged": True}, {"privileged": False}, {"privileged": True}),
            ['privileged (containers "a", "c" must not set securityContext.privileged=true)'],
            id="privileged",
        ),
        pytest.param(
            pod({"procMount": "Unmasked"}, {"procMount": "Default"}, {"procMount": "other"}),
            ['procMount (containers "a", "c" must not set securityContext.procMount to "Unmasked", "other")'],
            id="proc mount",
        ),
        pytest.param(
            pod({"seLinuxOptions": {"type": "foo", "user": "u"}}, securityContext={"seLinuxOptions": {"type": "bar"}}),
            [
                'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: '
                'types "bar", "foo"; user may not be set)'
            ],
            id="selinux types and user",
        ),
        pytest.param(
            pod({"seLinuxOptions": {"role": "r"}}),
            ['seLinuxOptions (container "a" set forbidden securityContext.seLinuxOptions: role may not be set)'],
            id="selinux role",
        ),
        pytest.param(
            pod(
                {"seccompProfile": {"type": "Unconfined"}}, None, securityContext={"seccompProfile": {"type": "Bogus"}}
            ),
            [
                'seccompProfile (pod and container "a" must not set securityContext.seccompProfile.type to '
                '"Bogus", "Unconfined")'
            ],
            id="seccomp",
        ),
        pytest.param(
            pod(None, securityContext={"sysctls": [{"name": "b"}, {"name": "net.ipv4.tcp_syncookies"}, {"name": "a"}]}),
            ["forbidden sysctls (b, a)"],
            id="sysctls",
        ),
        pytest.param(
            pod({"windowsOptions": {"hostProcess": True}}, securityContext={"windowsOptions": {"hostProcess": True}}),
            ['hostProcess (pod and container "a" must not set securityContext.windowsOptions.hostProcess=true)'],
            id="host process",
        ),
        pytest.param(
            pod({"privileged": True}, hostPID=True, securityContext={"sysctls": [{"name": "x"}]}),
            [
                "host namespaces (hostPID=true)",
                'privileged (container "a" must not set securityContext.privileged=true)',
                "forbidden sysctls (x)",
            ],
            id="several in the order of the checks' names",
        ),
    ],
)
def test_what_baseline_forbids(one: Obj, says: list[str]) -> None:
    assert said("baseline", one) == says


SAFE: Obj = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@follows(
    "PodSecurity",
    f"{CHECKS}/check_allowPrivilegeEscalation.go",
    f"{CHECKS}/check_capabilities_restricted.go",
    f"{CHECKS}/check_restrictedVolumes.go",
    f"{CHECKS}/check_runAsNonRoot.go",
    f"{CHECKS}/check_runAsUser.go",
    f"{CHECKS}/check_seccompProfile_restricted.go",
)
@pytest.mark.parametrize(
    ("one", "says"),
    [
        pytest.param(pod(SAFE), [], id="kept"),
        pytest.param(
            pod({**SAFE, "allowPrivilegeEscalation": None}, {**SAFE, "allowPrivilegeEscalation": True}),
            [
                'allowPrivilegeEscalation != false (containers "a", "b" must set '
                "securityContext.allowPrivilegeEscalation=false)"
            ],
            id="escalation",
        ),
        pytest.param(
            pod({**SAFE, "capabilities": None}, {**SAFE, "capabilities": {"drop": ["ALL"], "add": ["B", "A"]}}),
            [
                'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]; '
                'container "b" must not include "A", "B" in securityContext.capabilities.add)'
            ],
            id="capabilities kept and added",
        ),
        pytest.param(
            pod({**SAFE, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}), [], id="the one that may be"
        ),
        pytest.param(
            pod(
                SAFE,
                volumes=[
                    {"name": "b", "nfs": {}},
                    {"name": "a", "hostPath": {}},
                    {"name": "x"},
                    {"name": "i", "image": {}},
                ],
            ),
            [
                'restricted volume types (volumes "b", "a", "x" use restricted volume types "hostPath", "nfs", "unknown")'
            ],
            id="volumes, images not among them",
        ),
        pytest.param(
            pod(
                {**SAFE, "runAsNonRoot": False}, {**SAFE, "runAsNonRoot": None}, securityContext={"runAsNonRoot": False}
            ),
            ['runAsNonRoot != true (pod and container "a" must not set securityContext.runAsNonRoot=false)'],
            id="said to be root",
        ),
        pytest.param(
            pod({**SAFE, "runAsNonRoot": None}, {**SAFE, "runAsNonRoot": None}),
            ['runAsNonRoot != true (pod or containers "a", "b" must set securityContext.runAsNonRoot=true)'],
            id="not said to be no root",
        ),
        pytest.param(
            pod({**SAFE, "runAsNonRoot": None}, securityContext={"runAsNonRoot": True}), [], id="said of the pod"
        ),
        pytest.param(
            pod({**SAFE, "runAsUser": 0}, {**SAFE, "runAsUser": 1}, securityContext={"runAsUser": 0}),
            ['runAsUser=0 (pod and container "a" must not set runAsUser=0)'],
            id="root by number",
        ),
        pytest.param(
            pod({**SAFE, "seccompProfile": None}, SAFE, {**SAFE, "seccompProfile": None}),
            [
                'seccompProfile (pod or containers "a", "c" must set securityContext.seccompProfile.type to '
                '"RuntimeDefault" or "Localhost")'
            ],
            id="no seccomp",
        ),
        pytest.param(
            pod({**SAFE, "seccompProfile": {"type": "Unconfined"}}, {**SAFE, "seccompProfile": None}),
            ['seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")'],
            id="a bad seccomp before a missing one",
        ),
        pytest.param(
            pod({"runAsNonRoot": True}, os={"name": "windows"}),
            [],
            id="Windows has no capabilities, seccomp or escalation",
        ),
    ],
)
def test_what_restricted_forbids_besides(one: Obj, says: list[str]) -> None:
    assert said("restricted", one) == says


@follows(
    "PodSecurity", f"{CHECKS}/registry.go", f"{CHECKS}/check_seccompProfile_baseline.go", f"{CHECKS}/check_sysctls.go"
)
@pytest.mark.parametrize(
    ("level", "version", "one", "reasons"),
    [
        pytest.param("privileged", 33, pod({"privileged": True}), [], id="privileged allows all"),
        pytest.param("baseline", 18, pod({"seccompProfile": {"type": "Unconfined"}}), [], id="no seccomp field before 1.19"),
        pytest.param("baseline", 18, pod(None, annotations={SECCOMP: "unconfined"}), ["seccompProfile"], id="but its annotation"),
        pytest.param("baseline", 19, pod(None, annotations={SECCOMP: "unconfined"}), [], id="not since"),
        pytest.param("restricted", 18, pod(SAFE, annotations={SECCOMP: "unconfined"}), ["seccompProfile"], id="baseline's while restricted has none"),
        pytest.param("restricted", 21, pod({**SAFE, "capabilities": {"add": ["X"]}}), ["non-default capabilities"], id="capabilities before 1.22"),
        pytest.param("restricted", 22, pod({**SAFE, "capabilities": {"add": ["X"]}}), ["unrestricted capabilities"], id="and since"),
        pytest.param("restricted", 7, pod({"runAsNonRoot": True}), [], id="escalation since 1.8"),
        pytest.param("restricted", 22, pod({**SAFE, "runAsUser": 0}), [], id="root's number since 1.23"),
        pytest.param("restricted", 24, pod({"runAsNonRoot": True}, os={"name": "windows"}),
                     ["allowPrivilegeEscalation != false", "unrestricted capabilities", "seccompProfile"], id="Windows exempt since 1.25"),
        pytest.param("baseline", 30, pod({"seLinuxOptions": {"type": "container_engine_t"}}), ["seLinuxOptions"], id="container_engine_t before 1.31"),
        pytest.param("baseline", 31, pod({"seLinuxOptions": {"type": "container_engine_t"}}), [], id="and since"),
        pytest.param("baseline", 26, pod(None, securityContext={"sysctls": [{"name": "net.ipv4.ip_local_reserved_ports"}]}), ["forbidden sysctls"], id="reserved ports since 1.27"),
        pytest.param("baseline", 29, pod(None, securityContext={"sysctls": [{"name": "net.ipv4.tcp_keepalive_time"}]}), [], id="keepalive since 1.29"),
        pytest.param("baseline", 31, pod(None, securityContext={"sysctls": [{"name": "net.ipv4.tcp_rmem"}]}), ["forbidden sysctls"], id="tcp_rmem since 1.32"),
    ],
)  # fmt: skip
def test_a_version_keeps_the_checks_it_had(level: str, version: int, one: Obj, reasons: list[str]) -> None:
    assert [reason for reason, _ in findings(level, one, version)] == reasons
