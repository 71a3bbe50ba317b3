"""LimitRange, case by case as `plugin/pkg/admission/limitranger/admission_test.go` has it, with the texts of `admission.go`."""

from typing import Any

import pytest

from simulator.apiserver.admission.limit_ranger import violation, with_defaults
from tests.proof.follows import follows

Obj = dict[str, Any]
UPSTREAM = "plugin/pkg/admission/limitranger/admission_test.go: "


def named(cpu: str = "", memory: str = "") -> Obj:
    return {name: amount for name, amount in (("cpu", cpu), ("memory", memory)) if amount}


def local(size: str = "") -> Obj:
    return {"ephemeral-storage": size} if size else {}


def asks(requests: Obj, limits: Obj) -> Obj:
    return {"requests": requests, "limits": limits}


def limit_range(kind: str, **limit: Obj) -> Obj:
    return {"metadata": {"name": "abc"}, "spec": {"limits": [{"type": kind, **limit}]}}


def pod(count: int, each: Obj, *init: Obj, sidecar: Obj | None = None, **spec: Any) -> Obj:
    containers = [{"name": f"foo-{index}", "image": "foo", "resources": each} for index in range(count)]
    first = [{"name": f"foo-{index}", "image": "foo", "resources": one} for index, one in enumerate(init)]
    if sidecar is not None:
        first.append({"name": "foo-0", "image": "foo", "resources": sidecar, "restartPolicy": "Always"})
    return {"spec": {"containers": containers, "initContainers": first, **spec}}


CPU_50M, CPU_100M, CPU_2 = named("50m"), named("100m"), named("2")
MEM_50, MEM_100, MEM_1G, MEM_2G = (named(memory=size) for size in ("50Mi", "100Mi", "1Gi", "2Gi"))


def cpu(request: str = "", limit: str = "") -> Obj:
    return asks(named(request), named(limit))


def memory(request: str = "", limit: str = "") -> Obj:
    return asks(named(memory=request), named(memory=limit))


def disk(request: str = "", limit: str = "") -> Obj:
    return asks(local(request), local(limit))


@follows("LimitRanger", UPSTREAM + "TestPodLimitFunc")
@pytest.mark.parametrize(
    ("kind", "bounds", "found"),
    [
        pytest.param("Container", {"min": CPU_50M}, pod(1, cpu("100m")), id="ctr-min-cpu-request"),
        pytest.param("Container", {"min": CPU_50M}, pod(1, cpu("100m", "200m")), id="ctr-min-cpu-request-limit"),
        pytest.param("Container", {"min": MEM_50}, pod(1, memory("60Mi")), id="ctr-min-memory-request"),
        pytest.param("Container", {"min": MEM_50}, pod(1, memory("60Mi", "100Mi")), id="ctr-min-memory-request-limit"),
        pytest.param("Container", {"max": CPU_2}, pod(1, cpu("500m", "1")), id="ctr-max-cpu-request-limit"),
        pytest.param("Container", {"max": CPU_2}, pod(1, cpu("", "1")), id="ctr-max-cpu-limit"),
        pytest.param("Container", {"max": MEM_1G}, pod(1, memory("250Mi", "500Mi")), id="ctr-max-mem-request-limit"),
        pytest.param(
            "Container", {"maxLimitRequestRatio": named("1.5")}, pod(1, cpu("500m", "750m")), id="ctr-max-cpu-ratio"
        ),
        pytest.param("Container", {"max": MEM_1G}, pod(1, memory("", "500Mi")), id="ctr-max-mem-limit"),
        pytest.param("Pod", {"min": CPU_100M}, pod(2, cpu("75m")), id="pod-min-cpu-request"),
        pytest.param("Pod", {"min": CPU_100M}, pod(2, cpu("75m", "200m")), id="pod-min-cpu-request-limit"),
        pytest.param("Pod", {"min": MEM_100}, pod(2, memory("60Mi")), id="pod-min-memory-request"),
        pytest.param("Pod", {"min": MEM_100}, pod(2, memory("60Mi", "100Mi")), id="pod-min-memory-request-limit"),
        pytest.param(
            "Pod", {"min": MEM_100}, pod(2, memory("60Mi"), memory("100Mi")), id="pod-init-min-memory-request"
        ),
        pytest.param(
            "Pod",
            {"min": MEM_100},
            pod(2, memory("60Mi", "100Mi"), memory("80Mi", "100Mi")),
            id="pod-init-min-memory-request-limit",
        ),
        pytest.param("Pod", {"max": CPU_2}, pod(2, cpu("500m", "1")), id="pod-max-cpu-request-limit"),
        pytest.param("Pod", {"max": CPU_2}, pod(2, cpu("", "1")), id="pod-max-cpu-limit"),
        pytest.param(
            "Pod",
            {"max": CPU_2},
            pod(2, cpu("500m", "1"), cpu("1", "2"), cpu("1", "1")),
            id="pod-init-max-cpu-request-limit",
        ),
        pytest.param(
            "Pod", {"max": CPU_2}, pod(2, cpu("", "1"), cpu("", "2"), cpu("", "2")), id="pod-init-max-cpu-limit"
        ),
        pytest.param("Pod", {"max": MEM_1G}, pod(2, memory("250Mi", "500Mi")), id="pod-max-mem-request-limit"),
        pytest.param("Pod", {"max": MEM_1G}, pod(2, memory("", "500Mi")), id="pod-max-mem-limit"),
        pytest.param(
            "Pod",
            {"max": MEM_2G, "maxLimitRequestRatio": named(memory="1.5")},
            pod(3, memory("300Mi", "450Mi")),
            id="pod-max-mem-ratio",
        ),
        pytest.param("Container", {"min": local("50Mi")}, pod(1, disk("60Mi")), id="ctr-1-min-local-request"),
        pytest.param("Container", {"min": local("50Mi")}, pod(1, disk("60Mi", "100Mi")), id="ctr-1-min-local-both"),
        pytest.param("Container", {"max": local("1Gi")}, pod(1, disk("250Mi", "500Mi")), id="ctr-1-max-local-both"),
        pytest.param("Container", {"max": local("1Gi")}, pod(1, disk("", "500Mi")), id="ctr-1-max-local-limit"),
        pytest.param("Container", {"min": local("50Mi")}, pod(2, disk("60Mi")), id="ctr-2-min-local-request"),
        pytest.param("Container", {"min": local("50Mi")}, pod(2, disk("60Mi", "100Mi")), id="ctr-2-min-local-both"),
        pytest.param("Container", {"max": local("600Mi")}, pod(2, disk("250Mi", "500Mi")), id="ctr-2-max-local-both"),
        pytest.param("Container", {"max": local("600Mi")}, pod(2, disk("", "500Mi")), id="ctr-2-max-local-limit"),
        pytest.param("Pod", {"min": local("100Mi")}, pod(2, disk("60Mi")), id="pod-min-local-request"),
        pytest.param("Pod", {"min": local("100Mi")}, pod(2, disk("60Mi", "100Mi")), id="pod-min-local-both"),
        pytest.param("Pod", {"min": local("100Mi")}, pod(2, disk("60Mi"), disk("100Mi")), id="pod-init-min-local"),
        pytest.param(
            "Pod",
            {"min": local("100Mi")},
            pod(2, disk("60Mi", "100Mi"), disk("80Mi", "100Mi")),
            id="pod-init-min-local-both",
        ),
        pytest.param("Pod", {"max": local("1Gi")}, pod(2, disk("250Mi", "500Mi")), id="pod-max-local-both"),
        pytest.param("Pod", {"max": local("1Gi")}, pod(2, disk("", "500Mi")), id="pod-max-local-limit"),
        pytest.param(
            "Pod",
            {"max": local("2Gi"), "maxLimitRequestRatio": local("1.5")},
            pod(3, disk("300Mi", "450Mi")),
            id="pod-max-local-ratio",
        ),
        pytest.param(
            "Pod", {"max": CPU_2}, pod(2, cpu("500m", "1"), overhead={"cpu": "1"}), id="overhead is not looked at"
        ),
    ],
)
def test_pods_within_the_bounds(kind: str, bounds: Obj, found: Obj) -> None:
    assert violation((limit_range(kind, **bounds),), "pods", found) == ""


MIN_CPU = "minimum cpu usage per Container is 50m"
MIN_MEMORY = "minimum memory usage per Container is 50Mi"
MAX_CPU = "maximum cpu usage per Container is 2"
MAX_MEMORY = "maximum memory usage per Container is 1Gi"
MIN_DISK = "minimum ephemeral-storage usage per Container is 50Mi"
MAX_DISK = "maximum ephemeral-storage usage per Container is 1Gi"
NO_REQUEST, NO_LIMIT = ".  No request is specified", ".  No limit is specified"


@follows("LimitRanger", UPSTREAM + "TestPodLimitFunc")
@pytest.mark.parametrize(
    ("kind", "bounds", "found", "says"),
    [
        pytest.param(
            "Container",
            {"min": CPU_50M},
            pod(1, cpu("40m")),
            f"{MIN_CPU}, but request is 40m",
            id="ctr-min-cpu-request",
        ),
        pytest.param(
            "Container",
            {"min": CPU_50M},
            pod(1, cpu("40m", "200m")),
            f"{MIN_CPU}, but request is 40m",
            id="ctr-min-cpu-request-limit",
        ),
        pytest.param(
            "Container", {"min": CPU_50M}, pod(1, cpu()), MIN_CPU + NO_REQUEST, id="ctr-min-cpu-no-request-limit"
        ),
        pytest.param(
            "Container",
            {"min": MEM_50},
            pod(1, memory("40Mi")),
            f"{MIN_MEMORY}, but request is 40Mi",
            id="ctr-min-memory-request",
        ),
        pytest.param(
            "Container",
            {"min": MEM_50},
            pod(1, memory("40Mi", "100Mi")),
            f"{MIN_MEMORY}, but request is 40Mi",
            id="ctr-min-memory-request-limit",
        ),
        pytest.param(
            "Container", {"min": MEM_50}, pod(1, memory()), MIN_MEMORY + NO_REQUEST, id="ctr-min-memory-no-request"
        ),
        pytest.param(
            "Container",
            {"max": CPU_2},
            pod(1, cpu("500m", "2500m")),
            f"{MAX_CPU}, but limit is 2500m",
            id="ctr-max-cpu-request-limit",
        ),
        pytest.param(
            "Container",
            {"max": CPU_2},
            pod(1, cpu("", "2500m")),
            f"{MAX_CPU}, but limit is 2500m",
            id="ctr-max-cpu-limit",
        ),
        pytest.param("Container", {"max": CPU_2}, pod(1, cpu()), MAX_CPU + NO_LIMIT, id="ctr-max-cpu-no-request-limit"),
        pytest.param(
            "Container",
            {"maxLimitRequestRatio": named("1")},
            pod(1, cpu("1250m", "2500m")),
            "cpu max limit to request ratio per Container is 1, but provided ratio is 2.000000",
            id="ctr-max-cpu-ratio",
        ),
        pytest.param(
            "Container",
            {"max": MEM_1G},
            pod(1, memory("250Mi", "2Gi")),
            f"{MAX_MEMORY}, but limit is 2Gi",
            id="ctr-max-mem-request-limit",
        ),
        pytest.param(
            "Container",
            {"max": MEM_1G},
            pod(1, memory("", "2Gi")),
            f"{MAX_MEMORY}, but limit is 2Gi",
            id="ctr-max-mem-limit",
        ),
        pytest.param(
            "Container", {"max": MEM_1G}, pod(1, memory()), MAX_MEMORY + NO_LIMIT, id="ctr-max-mem-no-request-limit"
        ),
        pytest.param(
            "Pod",
            {"min": CPU_100M},
            pod(1, cpu("75m")),
            "minimum cpu usage per Pod is 100m, but request is 75m",
            id="pod-min-cpu-request",
        ),
        pytest.param(
            "Pod",
            {"min": CPU_100M},
            pod(1, cpu("75m", "200m")),
            "minimum cpu usage per Pod is 100m, but request is 75m",
            id="pod-min-cpu-request-limit",
        ),
        pytest.param(
            "Pod",
            {"min": MEM_100},
            pod(1, memory("60Mi")),
            "minimum memory usage per Pod is 100Mi, but request is 60Mi",
            id="pod-min-memory-request",
        ),
        pytest.param(
            "Pod",
            {"min": MEM_100},
            pod(1, memory("60Mi", "100Mi")),
            "minimum memory usage per Pod is 100Mi, but request is 60Mi",
            id="pod-min-memory-request-limit",
        ),
        pytest.param(
            "Pod",
            {"max": CPU_2},
            pod(3, cpu("500m", "1")),
            "maximum cpu usage per Pod is 2, but limit is 3",
            id="pod-max-cpu-request-limit",
        ),
        pytest.param(
            "Pod",
            {"max": CPU_2},
            pod(3, cpu("", "1")),
            "maximum cpu usage per Pod is 2, but limit is 3",
            id="pod-max-cpu-limit",
        ),
        pytest.param(
            "Pod",
            {"max": MEM_1G},
            pod(3, memory("250Mi", "500Mi")),
            "maximum memory usage per Pod is 1Gi, but limit is 1500Mi",
            id="pod-max-mem-request-limit",
        ),
        pytest.param(
            "Pod",
            {"max": MEM_1G},
            pod(1, memory("", "500Mi"), memory("", "1.5Gi")),
            "maximum memory usage per Pod is 1Gi, but limit is 1536Mi",
            id="pod-init-max-mem-limit",
        ),
        pytest.param(
            "Pod",
            {"max": MEM_2G, "maxLimitRequestRatio": named(memory="1.5")},
            pod(3, memory("250Mi", "500Mi")),
            "memory max limit to request ratio per Pod is 1500m, but provided ratio is 2.000000",
            id="pod-max-mem-ratio",
        ),
        pytest.param(
            "Container",
            {"min": local("50Mi")},
            pod(1, disk("40Mi")),
            f"{MIN_DISK}, but request is 40Mi",
            id="ctr-1-min-local",
        ),
        pytest.param(
            "Container", {"min": local("50Mi")}, pod(1, disk()), MIN_DISK + NO_REQUEST, id="ctr-1-min-local-no-request"
        ),
        pytest.param(
            "Container",
            {"max": local("1Gi")},
            pod(1, disk("250Mi", "2Gi")),
            f"{MAX_DISK}, but limit is 2Gi",
            id="ctr-1-max-local",
        ),
        pytest.param(
            "Container", {"max": local("1Gi")}, pod(1, disk()), MAX_DISK + NO_LIMIT, id="ctr-1-max-local-no-limit"
        ),
        pytest.param(
            "Container",
            {"min": local("50Mi")},
            pod(2, disk("40Mi", "100Mi")),
            f"{MIN_DISK}, but request is 40Mi",
            id="ctr-2-min-local: said once",
        ),
        pytest.param(
            "Container",
            {"max": local("1Gi")},
            pod(2, disk("", "2Gi")),
            f"{MAX_DISK}, but limit is 2Gi",
            id="ctr-2-max-local",
        ),
        pytest.param(
            "Pod",
            {"min": local("100Mi")},
            pod(1, disk("60Mi", "100Mi")),
            "minimum ephemeral-storage usage per Pod is 100Mi, but request is 60Mi",
            id="pod-min-local",
        ),
        pytest.param(
            "Pod",
            {"max": local("1Gi")},
            pod(1, disk("", "500Mi"), disk("", "1.5Gi")),
            "maximum ephemeral-storage usage per Pod is 1Gi, but limit is 1536Mi",
            id="pod-init-max-local-limit",
        ),
        pytest.param(
            "Pod",
            {"max": local("2Gi"), "maxLimitRequestRatio": local("1.5")},
            pod(3, disk("250Mi", "500Mi")),
            "ephemeral-storage max limit to request ratio per Pod is 1500m, but provided ratio is 2.000000",
            id="pod-max-local-ratio",
        ),
        pytest.param(
            "Pod",
            {"max": CPU_2},
            pod(1, cpu("1", "1500m"), sidecar=cpu("1500m")),
            "maximum cpu usage per Pod is 2, but request is 2500m",
            id="ctr-max-cpu-limit-restartable-init-container",
        ),
        pytest.param(
            "Container",
            {"maxLimitRequestRatio": named("2")},
            pod(1, cpu("", "1")),
            "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0",
            id="ratio without a request",
        ),
        pytest.param(
            "Container",
            {"maxLimitRequestRatio": named("2")},
            pod(1, cpu("1")),
            "cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0",
            id="ratio without a limit",
        ),
        pytest.param(
            "Container",
            {"min": CPU_100M},
            pod(1, cpu("100m", "50m")),
            "minimum cpu usage per Container is 100m, but limit is 50m",
            id="a limit below the minimum",
        ),
    ],
)
def test_pods_out_of_bounds(kind: str, bounds: Obj, found: Obj, says: str) -> None:
    assert violation((limit_range(kind, **bounds),), "pods", found) == says


VALID = {
    "spec": {
        "limits": [
            {"type": "Pod", "max": named("200m", "4Gi"), "min": named("50m", "2Mi")},
            {
                "type": "Container",
                "max": named("100m", "2Gi"),
                "min": named("25m", "1Mi"),
                "default": named("75m", "10Mi"),
                "defaultRequest": named("50m", "5Mi"),
            },
        ]
    }
}
DEFAULTS = {"requests": named("50m", "5Mi"), "limits": named("75m", "10Mi")}


@follows("LimitRanger", UPSTREAM + "TestMergePodResourceRequirements, TestPodLimitFuncApplyDefault")
@pytest.mark.parametrize(
    ("given", "init", "wanted", "wanted_init", "note"),
    [
        pytest.param(
            asks({}, {}),
            None,
            DEFAULTS,
            None,
            "LimitRanger plugin set: cpu, memory request for container foo-0; cpu, memory limit for container foo-0",
            id="empty-resources",
        ),
        pytest.param(
            asks(named(memory="512Mi"), {}),
            None,
            {**DEFAULTS, "requests": named("50m", "512Mi")},
            None,
            "LimitRanger plugin set: cpu request for container foo-0; cpu, memory limit for container foo-0",
            id="limit-memory",
        ),
        pytest.param(
            asks(named("100m", "512Mi"), named("200m", "1G")),
            asks(named("200m", "1G"), named("400m", "2G")),
            asks(named("100m", "512Mi"), named("200m", "1G")),
            asks(named("200m", "1G"), named("400m", "2G")),
            "",
            id="everything is there",
        ),
        pytest.param(
            asks({}, {}),
            asks({}, {}),
            DEFAULTS,
            DEFAULTS,
            "LimitRanger plugin set: cpu, memory request for container foo-0; cpu, memory limit for container foo-0; "
            "cpu, memory request for init container foo-0; cpu, memory limit for init container foo-0",
            id="init containers too",
        ),
    ],
)
def test_defaults(given: Obj, init: Obj | None, wanted: Obj, wanted_init: Obj | None, note: str) -> None:
    found, says = with_defaults((VALID,), pod(1, given, *(() if init is None else (init,)))["spec"])
    assert found["containers"][0]["resources"] == wanted
    assert [one["resources"] for one in found["initContainers"]] == ([] if wanted_init is None else [wanted_init])
    assert says == note


def claim(size: str) -> Obj:
    return {"spec": {"resources": {"requests": {"storage": size}}}}


def storage(size: str) -> Obj:
    return {"storage": size}


@follows("LimitRanger", UPSTREAM + "TestPersistentVolumeClaimLimitFunc")
@pytest.mark.parametrize(
    ("bounds", "size", "says"),
    [
        pytest.param({"min": storage("1Gi")}, "1Gi", "", id="pvc-is-min-storage-request"),
        pytest.param({"max": storage("1Gi")}, "1Gi", "", id="pvc-is-max-storage-request"),
        pytest.param({}, "100Gi", "", id="pvc-no-minmax-storage-request"),
        pytest.param(
            {"min": storage("1Gi"), "max": storage("10Gi")}, "5Gi", "", id="pvc-within-minmax-storage-request"
        ),
        pytest.param(
            {"min": storage("1Gi")},
            "500Mi",
            "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi",
            id="pvc-below-min-storage-request",
        ),
        pytest.param(
            {"min": storage("1Gi"), "max": storage("1Gi")},
            "100Gi",
            "maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 100Gi",
            id="pvc-exceeds-max-storage-request",
        ),
    ],
)
def test_claims(bounds: Obj, size: str, says: str) -> None:
    assert violation((limit_range("PersistentVolumeClaim", **bounds),), "persistentvolumeclaims", claim(size)) == says


@follows("LimitRanger", UPSTREAM + "TestLimitRangerIgnoresSubresource, TestLimitRangerAdmitPod")
def test_only_what_is_new_is_judged(make_world: Any) -> None:
    world = make_world()
    pods = "/api/v1/namespaces/shop/pods"
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "testpod", "finalizers": ["x.io/stay"]},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]},
    }
    world.create(pods, body)
    limits = {"limits": [{"type": "Pod", "min": named("25m")}]}
    world.create(
        "/api/v1/namespaces/shop/limitranges",
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "abc"}, "spec": limits},
    )
    assert world.refusal(pods, {**body, "metadata": {"name": "second"}}) == (
        'pods "second" is forbidden: minimum cpu usage per Pod is 25m.  No request is specified'
    )
    assert world.call("PATCH", f"{pods}/testpod", {"metadata": {"labels": {"a": "b"}}}).status == 200
    world.call("DELETE", f"{pods}/testpod", gracePeriodSeconds="0")
    assert world.call("PATCH", f"{pods}/testpod", {"metadata": {"labels": {"a": "c"}}}).status == 200


@follows("LimitRanger", "plugin/pkg/admission/limitranger/admission.go: runLimitFunc")
def test_a_claim_that_is_going_is_let_go(make_world: Any) -> None:
    world = make_world()
    claims = "/api/v1/namespaces/shop/persistentvolumeclaims"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    for name in ("stays", "goes"):
        metadata = {"name": name, "finalizers": ["x.io/stay"]}
        world.create(claims, {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
    limits = {"limits": [{"type": "PersistentVolumeClaim", "min": storage("2Gi")}]}
    world.create(
        "/api/v1/namespaces/shop/limitranges",
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "abc"}, "spec": limits},
    )
    world.call("DELETE", f"{claims}/goes")
    refused = world.call("PATCH", f"{claims}/stays", {"metadata": {"labels": {"a": "b"}}})
    assert refused.body["message"] == (
        'persistentvolumeclaims "stays" is forbidden: '
        "minimum storage usage per PersistentVolumeClaim is 2Gi, but request is 1Gi"
    )
    assert world.call("PATCH", f"{claims}/goes", {"metadata": {"finalizers": None}}).status == 200
