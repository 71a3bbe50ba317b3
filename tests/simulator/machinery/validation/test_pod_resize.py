"""What a resize of a pod may ask for: the table of `TestValidatePodResize`, with all that is said and not only a part of it."""

from typing import Any

import pytest

from simulator.cluster import Cluster
from simulator.machinery.defaulting import default
from simulator.machinery.validation.resize import validate_resize
from tests.proof.follows import follows

Obj = dict[str, Any]
Amounts = tuple[str, ...]

NONE: Amounts = ()
#: A running container that a kubelet too old for resizes tells of, and one that knows what it has.
RUNNING: Obj = {"name": "main", "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}

POD_LEVEL = "[]: Forbidden: pods with pod-level resources cannot be resized"
WINDOWS = "[]: Forbidden: windows pods cannot be resized"
ONLY = "spec: Forbidden: only cpu and memory resources are mutable"
ONLY_SIDECARS = "spec: Forbidden: only cpu and memory resources for sidecar containers are mutable"
CLASS = 'spec: Invalid value: "": Pod QOS Class may not change as a result of resizing'
PLAIN_INIT = "spec: Forbidden: resources for non-sidecar init containers are immutable"


def amounts(given: Amounts) -> dict[str, str]:
    """CPU, memory, ephemeral storage; an empty text is one that is not there."""
    return {name: text for name, text in zip(("cpu", "memory", "ephemeral-storage"), given, strict=False) if text}


def resources(requests: Amounts, limits: Amounts) -> Obj:
    found = {"requests": amounts(requests), "limits": amounts(limits)}
    return {section: listed for section, listed in found.items() if listed}


def made(spec: Obj, status: Obj | None = None) -> Obj:
    """A pod with defaults for all but its resources: upstream's table leaves requests out where there are limits."""
    pod = {"metadata": {"name": "pod", "namespace": "namespace"}, "spec": spec, "status": status or {}}
    filled = default("pods", pod)["spec"]
    for part in ("containers", "initContainers"):
        if part in filled:
            filled = {**filled, part: [with_resources(*pair) for pair in zip(filled[part], spec[part], strict=True)]}
    return {**pod, "spec": filled}


def with_resources(filled: Obj, written: Obj) -> Obj:
    return {**filled, "resources": written.get("resources") or {}}


def pod(requests: Amounts, limits: Amounts, *, status: Obj | None = None, **container: Any) -> Obj:
    one = {"name": "container", "image": "image:1", "resources": resources(requests, limits), **container}
    return made({"containers": [one]}, status)


def init_pod(requests: Amounts, limits: Amounts, *, sidecar: bool = True, policy: list[Obj] | None = None) -> Obj:
    one: Obj = {"name": "container", "image": "image:1", "resources": resources(requests, limits)}
    policies = {"resizePolicy": policy} if policy else {}
    always = {"restartPolicy": "Always"} if sidecar else {}
    plain = {"name": "ctr", "image": "image:1", **policies}
    return made({"initContainers": [{**one, **always, **policies}], "containers": [plain]})


def level_pod(container: Obj, whole: Obj) -> Obj:
    one = {"name": "container", "image": "image:1", "resources": container}
    return made({"containers": [one], "resources": whole})


def windows_pod(cpu: str) -> Obj:
    one = {"name": "container", "image": "image:1", "resources": resources(NONE, (cpu, "0", "1Gi"))}
    return made({"containers": [one], "os": {"name": "windows"}})


def policy(name: str, rule: str) -> list[Obj]:
    return [{"resourceName": name, "restartPolicy": rule}]


def decreased(part: str) -> str:
    says = "memory limits cannot be decreased unless resizePolicy is RestartContainer"
    return f"spec.{part}[0].resources.limits[memory]: Forbidden: {says}"


def added(part: str) -> str:
    says = "memory limits cannot be added unless resizePolicy is RestartContainer"
    return f"spec.{part}[0].resources.limits[memory]: Forbidden: {says}"


def removed(part: str, section: str) -> str:
    return f"spec.{part}[0].resources.{section}: Forbidden: resource {section} cannot be removed"


def limited(cpu: str, memory: str) -> Obj:
    return resources(NONE, (cpu, memory))


def asking(cpu: str, memory: str) -> Obj:
    return resources((cpu, memory), NONE)


FOR_ALL = [
    pytest.param(
        level_pod(limited("200m", "100Mi"), limited("100m", "200Mi")),
        level_pod(limited("100m", "100Mi"), limited("100m", "200Mi")),
        [POD_LEVEL],
        id="pod-level resources with container cpu limit change",
    ),
    pytest.param(
        level_pod(limited("100m", "100Mi"), limited("100m", "200Mi")),
        level_pod(limited("100m", "200Mi"), limited("100m", "200Mi")),
        [POD_LEVEL],
        id="pod-level resources with container memory limit change",
    ),
    pytest.param(
        level_pod(asking("200m", "200Mi"), limited("100m", "200Mi")),
        level_pod(asking("100m", "200Mi"), limited("100m", "200Mi")),
        [POD_LEVEL],
        id="pod-level resources with container cpu request change",
    ),
    pytest.param(
        level_pod(asking("100m", "200Mi"), limited("100m", "200Mi")),
        level_pod(asking("100m", "100Mi"), limited("100m", "200Mi")),
        [POD_LEVEL],
        id="pod-level resources with container memory request change",
    ),
    pytest.param(
        level_pod(asking("100m", "100Mi"), limited("200m", "100Mi")),
        level_pod(asking("100m", "100Mi"), limited("200m", "200Mi")),
        [POD_LEVEL],
        id="pod-level resources with pod-level memory limit change",
    ),
    pytest.param(
        level_pod(asking("100m", "100Mi"), asking("200m", "100Mi")),
        level_pod(asking("100m", "100Mi"), asking("200m", "200Mi")),
        [POD_LEVEL],
        id="pod-level resources with pod-level memory request change",
    ),
    pytest.param(
        level_pod(asking("100m", "100Mi"), limited("100m", "200Mi")),
        level_pod(asking("100m", "100Mi"), limited("200m", "200Mi")),
        [POD_LEVEL],
        id="pod-level resources with pod-level cpu limit change",
    ),
    pytest.param(
        level_pod(asking("100m", "100Mi"), asking("200m", "200Mi")),
        level_pod(asking("100m", "100Mi"), asking("100m", "200Mi")),
        [POD_LEVEL],
        id="pod-level resources with pod-level cpu request change",
    ),
    pytest.param(windows_pod("100m"), windows_pod("100m"), [WINDOWS], id="windows pod, no resource change"),
    pytest.param(windows_pod("100m"), windows_pod("200m"), [WINDOWS], id="windows pod, resource change"),
]

FOR_CONTAINERS = [
    pytest.param(
        pod(NONE, ("100m", "0", "1Gi")),
        pod(NONE, ("200m", "0", "1Gi")),
        [],
        id="cpu limit change",
    ),
    pytest.param(pod(NONE, ("100m", "100Mi")), pod(NONE, ("100m", "200Mi")), [], id="memory limit increase"),
    pytest.param(
        pod(NONE, ("100m", "200Mi")),
        pod(NONE, ("100m", "100Mi")),
        [decreased("containers")],
        id="no restart policy: memory limit decrease",
    ),
    pytest.param(
        pod(NONE, ("100m", "200Mi"), resizePolicy=policy("memory", "NotRequired")),
        pod(NONE, ("100m", "100Mi"), resizePolicy=policy("memory", "NotRequired")),
        [decreased("containers")],
        id="restart NotRequired: memory limit decrease",
    ),
    pytest.param(
        pod(NONE, ("100m", "200Mi"), resizePolicy=policy("memory", "RestartContainer")),
        pod(NONE, ("100m", "100Mi"), resizePolicy=policy("memory", "RestartContainer")),
        [],
        id="RestartContainer: memory limit decrease",
    ),
    pytest.param(
        pod(NONE, ("100m", "100Mi", "2Gi")),
        pod(NONE, ("100m", "100Mi", "1Gi")),
        [ONLY],
        id="storage limit change",
    ),
    pytest.param(pod(("200m", "0"), NONE), pod(("100m", "0"), NONE), [], id="cpu request change"),
    pytest.param(pod(("0", "100Mi"), NONE), pod(("0", "200Mi"), NONE), [], id="memory request change"),
    pytest.param(pod(("100m", "0", "1Gi"), NONE), pod(("100m", "0", "2Gi"), NONE), [ONLY], id="storage request change"),
    pytest.param(
        pod(("100m", "100Mi", "1Gi"), ("100m", "100Mi", "1Gi")),
        pod(("200m", "400Mi", "1Gi"), ("200m", "400Mi", "1Gi")),
        [],
        id="guaranteed -> guaranteed",
    ),
    pytest.param(
        pod(("200m", "100Mi", "1Gi"), ("400m", "200Mi", "2Gi")),
        pod(("100m", "200Mi", "1Gi"), ("200m", "400Mi", "2Gi")),
        [],
        id="burstable -> burstable",
    ),
    pytest.param(
        pod(("100m", "100Mi"), NONE),
        pod(("100m", "100Mi"), ("200m",)),
        [],
        id="burstable -> burstable, add limits",
    ),
    pytest.param(
        pod(NONE, ("200m", "500Mi", "1Gi")),
        pod(("300m",), ("400m", "500Mi", "1Gi")),
        [],
        id="burstable -> burstable, add requests",
    ),
    pytest.param(
        pod(("100m", "100Mi"), ("100m", "100Mi")),
        pod(("100m", "100Mi"), ("200m", "200Mi")),
        [CLASS],
        id="guaranteed -> burstable",
    ),
    pytest.param(
        pod(("100m", "100Mi"), NONE),
        pod(("100m", "100Mi"), ("100m", "100Mi")),
        [CLASS, added("containers")],
        id="burstable -> guaranteed",
    ),
    pytest.param(
        pod(NONE, NONE),
        pod(("100m", "100Mi"), ("200m", "200Mi")),
        [CLASS, added("containers")],
        id="besteffort -> burstable",
    ),
    pytest.param(
        pod(("100m", "100Mi"), ("200m", "200Mi")),
        pod(NONE, NONE),
        [CLASS, removed("containers", "requests"), removed("containers", "limits")],
        id="burstable -> besteffort",
    ),
]


def removals(part: str) -> list[Any]:
    """The cases that upstream has for containers and for sidecars alike."""

    def given(requests: Amounts, limits: Amounts) -> Obj:
        return pod(requests, limits) if part == "containers" else init_pod(requests, limits)

    cases = [
        ((NONE, ("100m", "100Mi")), (NONE, ("", "100Mi")), "limits", "remove cpu limit"),
        ((NONE, ("100m", "100Mi")), (NONE, ("100m", "")), "limits", "remove memory limit"),
        ((("100m", "100Mi"), NONE), (("", "100Mi"), NONE), "requests", "remove cpu request"),
        ((("100m", "100Mi"), NONE), (("100m", ""), NONE), "requests", "remove memory request"),
        ((("100m",), ("100m", "100Mi")), (("100m",), NONE), "limits", "remove cpu and memory limits"),
        ((("100m", "100Mi"), ("100m",)), (NONE, ("100m",)), "requests", "remove cpu and memory requests"),
    ]
    return [
        pytest.param(given(*old), given(*new), [removed(part, section)], id=f"{part}: {name}")
        for old, new, section, name in cases
    ]


FOR_SIDECARS = [
    pytest.param(
        init_pod(("100m", "100Mi"), ("100m",), sidecar=False),
        init_pod(NONE, ("100m",), sidecar=False),
        [PLAIN_INIT],
        id="an init container that is no sidecar",
    ),
    pytest.param(
        init_pod(NONE, ("100m", "0", "1Gi")), init_pod(NONE, ("200m", "0", "1Gi")), [], id="sidecar: cpu limit"
    ),
    pytest.param(init_pod(NONE, ("100m", "100Mi")), init_pod(NONE, ("100m", "200Mi")), [], id="sidecar: memory limit"),
    pytest.param(
        init_pod(NONE, ("100m", "200Mi")),
        init_pod(NONE, ("100m", "100Mi")),
        [decreased("initContainers")],
        id="sidecar: memory limit decrease, no resize policy",
    ),
    pytest.param(
        init_pod(NONE, ("100m", "200Mi"), policy=policy("memory", "NotRequired")),
        init_pod(NONE, ("100m", "100Mi"), policy=policy("memory", "NotRequired")),
        [decreased("initContainers")],
        id="sidecar: memory limit decrease, resize policy NotRequired",
    ),
    pytest.param(
        init_pod(NONE, ("100m", "200Mi"), policy=policy("memory", "RestartContainer")),
        init_pod(NONE, ("100m", "100Mi"), policy=policy("memory", "RestartContainer")),
        [],
        id="sidecar: memory limit decrease, resize policy RestartContainer",
    ),
    pytest.param(
        init_pod(NONE, ("100m", "100Mi", "2Gi")),
        init_pod(NONE, ("100m", "100Mi", "1Gi")),
        [ONLY_SIDECARS],
        id="sidecar: storage limit",
    ),
    pytest.param(init_pod(("200m", "0"), NONE), init_pod(("100m", "0"), NONE), [], id="sidecar: cpu request"),
    pytest.param(init_pod(("0", "100Mi"), NONE), init_pod(("0", "200Mi"), NONE), [], id="sidecar: memory request"),
    pytest.param(
        init_pod(("100m", "0", "1Gi"), NONE),
        init_pod(("100m", "0", "2Gi"), NONE),
        [ONLY_SIDECARS],
        id="sidecar: storage request",
    ),
]

OF_POLICIES_AND_STATUS = [
    pytest.param(
        pod(("100m", "0", "1Gi"), NONE, resizePolicy=policy("cpu", "NotRequired")),
        pod(("100m", "0", "2Gi"), NONE, resizePolicy=policy("cpu", "RestartContainer")),
        [ONLY],
        id="change resize restart policy",
    ),
    pytest.param(
        init_pod(("100m", "0", "1Gi"), NONE, policy=policy("memory", "RestartContainer")),
        init_pod(("100m", "0", "2Gi"), NONE, policy=policy("memory", "NotRequired")),
        [ONLY, ONLY_SIDECARS],
        id="change sidecar container resize restart policy",
    ),
    pytest.param(
        pod(NONE, ("100m", "0", "1Gi"), status={"containerStatuses": [RUNNING]}),
        pod(NONE, ("200m", "0", "1Gi")),
        ["spec: Forbidden: Pod running on node without support for resize"],
        id="no resources in the status",
    ),
    pytest.param(
        pod(NONE, ("100m", "0", "1Gi"), status={"containerStatuses": [{**RUNNING, "resources": {}}]}),
        pod(NONE, ("200m", "0", "1Gi")),
        [],
        id="resources in the status",
    ),
    pytest.param(
        pod(NONE, ("100m", "0", "1Gi"), status={"containerStatuses": []}),
        pod(NONE, ("200m", "0", "1Gi")),
        [],
        id="without running containers",
    ),
    pytest.param(
        pod(
            NONE,
            ("100m", "0", "1Gi"),
            status={"containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "PodInitializing"}}}]},
        ),
        pod(NONE, ("200m", "0", "1Gi")),
        [],
        id="containers which are not running yet",
    ),
]


@follows("Resize", "pkg/apis/core/validation/validation_test.go: TestValidatePodResize")
@pytest.mark.parametrize(
    ("old", "new", "says"),
    FOR_ALL
    + FOR_CONTAINERS
    + removals("containers")
    + removals("initContainers")
    + FOR_SIDECARS
    + OF_POLICIES_AND_STATUS,
)
def test_what_a_resize_may_ask_for(old: Obj, new: Obj, says: list[str]) -> None:
    assert [str(error) for error in validate_resize(new, old)] == says


@follows(
    "Resize",
    "pkg/apis/core/validation/validation.go: dropCPUMemoryResourcesFromContainer",
)
@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(
            pod(("100m", "0", "1Gi"), NONE),
            pod(("200m", "0", "1024Mi"), NONE),
            [],
            id="the same storage in other words",
        ),
        pytest.param(
            pod(("100m",), NONE),
            pod(("100m",), ("", "", "1Gi")),
            [],
            id="storage where nothing was limited is passed over",
        ),
        pytest.param(
            pod(("100m",), ("200m",)),
            pod(("100m",), ("200m", "", "1Gi")),
            [ONLY],
            id="storage where something was limited",
        ),
    ],
)
def test_amounts_are_compared_by_what_they_mean(old: Obj, new: Obj, says: list[str]) -> None:
    assert [str(error) for error in validate_resize(new, old)] == says


# Through the API server


def said(cluster: Cluster, line: str) -> str:
    reply: dict[str, Any] = cluster.apply({"kind": "shell", "line": line})
    return str(reply["stdout"] + reply["stderr"])


@follows("Resize", "pkg/registry/core/pod/strategy.go: podResizeStrategy, dropNonResizeUpdates")
@pytest.mark.parametrize(
    ("change", "says", "image"),
    [
        pytest.param(
            '{"spec":{"containers":[{"name":"a","image":"nginx:1.29","resources":{"requests":{"cpu":"20m"}}}]}}',
            "pod/a patched\n",
            "nginx:1.27",
            id="another image is passed over",
        ),
        pytest.param(
            '{"metadata":{"labels":{"a":"b"}},"spec":{"terminationGracePeriodSeconds":5}}',
            "pod/a patched (no change)\n",
            "nginx:1.27",
            id="labels and other fields are passed over",
        ),
        pytest.param(
            '{"spec":{"containers":[{"name":"z","image":"nginx:1.27"}]}}',
            'The Pod "a" is invalid: spec.containers: Forbidden: pod updates may not add or remove containers\n',
            "nginx:1.27",
            id="another container is refused",
        ),
        pytest.param(
            '{"spec":{"containers":[{"name":"a","resources":{"requests":{"cpu":"10m","memory":"1Gi"},"limits":{"cpu":"10m","memory":"1Gi"}}}]}}',
            'The Pod "a" is invalid: \n'
            '* spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing\n'
            "* spec.containers[0].resources.limits[memory]: Forbidden: "
            "memory limits cannot be added unless resizePolicy is RestartContainer\n",
            "nginx:1.27",
            id="the class that is shown is the pod's",
        ),
    ],
)
def test_what_counts_of_a_request(change: str, says: str, image: str) -> None:
    cluster = Cluster.create()
    said(cluster, "kubectl run a --image nginx:1.27 --overrides '" + OVERRIDES + "'")
    assert said(cluster, f"kubectl patch pod a --subresource resize -p '{change}'") == says
    found = cluster.registry.get("test", "pods", "default", "a")
    assert found["spec"]["containers"][0]["image"] == image
    assert found["spec"]["terminationGracePeriodSeconds"] == 30
    assert found["metadata"]["labels"] == {"run": "a"}


OVERRIDES = (
    '{"spec":{"containers":[{"name":"a","image":"nginx:1.27","resources":{"requests":{"cpu":"10m","memory":"1Gi"}}}]}}'
)
