"""Pod Security admission: levels by namespace label, refusals and warnings word for word.

https://kubernetes.io/docs/concepts/security/pod-security-standards/; texts from `pod-security-admission/policy/check_*.go`.
"""

from typing import Any

import pytest

from tests.proof.follows import follows

Obj = dict[str, Any]
PODS = "/api/v1/namespaces/shop/pods"
SAFE: Obj = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@pytest.fixture
def world(make_world: Any) -> Any:
    return make_world()


def label(world: Any, **labels: str) -> Any:
    named = {f"pod-security.kubernetes.io/{key.replace('_', '-')}": value for key, value in labels.items()}
    return world.call("PATCH", "/api/v1/namespaces/shop", {"metadata": {"labels": named}})


def pod(name: str = "web", *, context: Obj | None = None, ports: list[Obj] | None = None, **spec: Any) -> Obj:
    container: Obj = {"name": "c", "image": "nginx"}
    if context is not None:
        container["securityContext"] = context
    if ports:
        container["ports"] = ports
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container], **spec}}


BARE = (
    'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), '
    'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), '
    'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), '
    'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
)


@pytest.mark.parametrize(
    ("level", "one", "says"),
    [
        pytest.param("restricted", pod(), BARE, id="bare pod"),
        pytest.param(
            "baseline",
            pod(context={"privileged": True}),
            'privileged (container "c" must not set securityContext.privileged=true)',
            id="privileged",
        ),
        pytest.param(
            "baseline",
            pod(hostNetwork=True, hostPID=True),
            "host namespaces (hostNetwork=true, hostPID=true)",
            id="host namespaces",
        ),
        pytest.param(
            "baseline",
            pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
            'hostPath volumes (volume "v")',
            id="host path",
        ),
        pytest.param(
            "baseline",
            pod(ports=[{"containerPort": 80, "hostPort": 80}]),
            'hostPort (container "c" uses hostPort 80)',
            id="host port",
        ),
        pytest.param(
            "baseline",
            pod(context={"capabilities": {"add": ["NET_ADMIN", "CHOWN"]}}),
            'non-default capabilities (container "c" must not include "NET_ADMIN" in securityContext.capabilities.add)',
            id="capabilities",
        ),
        pytest.param(
            "baseline",
            pod(securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
            "forbidden sysctls (kernel.msgmax)",
            id="sysctls",
        ),
        pytest.param(
            "baseline",
            pod(context={"seccompProfile": {"type": "Unconfined"}}),
            'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
            id="seccomp",
        ),
        pytest.param(
            "restricted",
            pod(context={**SAFE, "runAsUser": 0}),
            'runAsUser=0 (container "c" must not set runAsUser=0)',
            id="root by number",
        ),
        pytest.param(
            "restricted",
            pod(context=SAFE, volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
            'restricted volume types (volume "v" uses restricted volume type "hostPath")',
            id="volume types",
        ),
        pytest.param(
            "restricted",
            pod(context={**SAFE, "capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}),
            'unrestricted capabilities (container "c" must not include "CHOWN" in securityContext.capabilities.add)',
            id="added capability",
        ),
    ],
)
def test_a_pod_below_the_level_is_refused_word_for_word(world: Any, level: str, one: Obj, says: str) -> None:
    label(world, enforce=level)
    assert world.refusal(PODS, one) == f'pods "web" is forbidden: violates PodSecurity "{level}:latest": {says}'


def test_a_pod_that_keeps_the_level_is_admitted(world: Any) -> None:
    label(world, enforce="restricted")
    assert world.call("POST", PODS, pod(context=SAFE)).warnings == ()
    pod_wide = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    one = pod(
        "b", context={"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}, securityContext=pod_wide
    )
    world.create(PODS, one)


def test_pods_of_controllers_are_refused_and_workloads_only_warned_about(world: Any) -> None:
    label(world, enforce="baseline", warn="restricted", warn_version="v1.30")
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod()["spec"]}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    response = world.call("POST", "/apis/apps/v1/namespaces/shop/deployments", body)
    assert (response.status, list(response.warnings)) == (
        201,
        [f'would violate PodSecurity "restricted:v1.30": {BARE}'],
    )
    response = world.call("POST", PODS, pod())
    assert (response.status, list(response.warnings)) == (
        201,
        [f'would violate PodSecurity "restricted:v1.30": {BARE}'],
    )


def test_raising_the_level_names_the_pods_that_offend_it(world: Any) -> None:
    for name in ("web-2", "web-1", "web-3"):
        world.create(PODS, pod(name))
    world.create(PODS, pod("open", hostNetwork=True))
    response = label(world, enforce="baseline")
    assert list(response.warnings) == [
        'existing pods in namespace "shop" violate the new PodSecurity enforce level "baseline:latest"',
        "open: host namespaces",
    ]
    response = label(world, enforce="restricted")
    rest = "allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile"
    assert list(response.warnings) == [
        'existing pods in namespace "shop" violate the new PodSecurity enforce level "restricted:latest"',
        f"open: host namespaces, {rest}",
        f"web-1 (and 2 other pods): {rest}",
    ]


@follows("PodSecurity", "staging/src/k8s.io/pod-security-admission/api/helpers.go: PolicyToEvaluate")
@pytest.mark.parametrize(
    ("labels", "policy"),
    [
        pytest.param({"enforce": "baseline"}, "baseline:latest", id="what is enforced"),
        pytest.param({"enforce": "baseline", "enforce_version": "v1.30"}, "baseline:v1.30", id="with its version"),
        pytest.param(
            {"enforce": "baseline", "enforce_version": "v1.30", "warn_version": "v1.28"},
            "baseline:v1.28",
            id="a version of its own",
        ),
        pytest.param({"enforce": "baseline", "warn": "privileged"}, "", id="nothing, when that is said"),
        pytest.param({"audit": "baseline"}, "", id="not what is audited"),
    ],
)
def test_what_is_enforced_is_warned_about_in_workloads(world: Any, labels: dict[str, str], policy: str) -> None:
    label(world, **labels)
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod(hostPID=True)["spec"]}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    response = world.call("POST", "/apis/apps/v1/namespaces/shop/deployments", body)
    wanted = [f'would violate PodSecurity "{policy}": host namespaces (hostPID=true)'] if policy else []
    assert (response.status, list(response.warnings)) == (201, wanted)


@follows("PodSecurity", "staging/src/k8s.io/pod-security-admission/admission/admission.go: ValidateNamespace")
@pytest.mark.parametrize(
    ("before", "after", "is_said"),
    [
        pytest.param({}, {"enforce": "baseline"}, True, id="raised"),
        pytest.param({"enforce": "restricted"}, {"enforce": "baseline"}, False, id="lowered"),
        pytest.param({"enforce": "restricted"}, {"enforce": "baseline", "enforce_version": "v1.30"}, True, id="lowered, of another version"),
        pytest.param({"enforce": "baseline"}, {"warn": "restricted"}, False, id="something else"),
    ],
)  # fmt: skip
def test_existing_pods_are_looked_at_when_the_level_is_raised(
    world: Any, before: dict[str, str], after: dict[str, str], is_said: bool
) -> None:
    world.create(PODS, pod("open", hostPID=True))
    label(world, **before)
    assert bool(label(world, **after).warnings) is is_said


def test_a_label_that_names_no_level_is_refused(world: Any) -> None:
    response = label(world, enforce="strict")
    assert (response.status, response.body["message"]) == (
        422,
        'Namespace "shop" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: '
        'Invalid value: "strict": must be one of privileged, baseline, restricted',
    )


def test_an_account_that_is_not_there_is_refused_and_its_pull_secrets_are_given(world: Any) -> None:
    assert world.refusal(PODS, pod(serviceAccountName="robot")) == (
        'pods "web" is forbidden: error looking up service account shop/robot: serviceaccount "robot" not found'
    )
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "robot"},
        "imagePullSecrets": [{"name": "registry"}],
        "automountServiceAccountToken": False,
    }
    world.create("/api/v1/namespaces/shop/serviceaccounts", account)
    made = world.create(PODS, pod(serviceAccountName="robot"))
    assert made["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    assert "volumes" not in made["spec"]
