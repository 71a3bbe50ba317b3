"""ResourceQuota, case by case as upstream's own tables have it: what an object is charged, what a quota demands, whom it concerns."""

from typing import Any

import pytest

from simulator.machinery.quota_usage import concerned, matches_scopes, missing, usage
from tests.proof.follows import follows

Obj = dict[str, Any]
PODS = "/api/v1/namespaces/shop/pods"
SERVICES = "/api/v1/namespaces/shop/services"
CLAIMS = "/api/v1/namespaces/shop/persistentvolumeclaims"
QUOTAS = "/api/v1/namespaces/shop/resourcequotas"
HIGH_LOW = ("high", "low")


def container(requests: Obj | None = None, limits: Obj | None = None, name: str = "c", **more: Any) -> Obj:
    return {"name": name, "image": "nginx", "resources": {"requests": requests or {}, "limits": limits or {}}, **more}


def pod(*containers: Obj, init: tuple[Obj, ...] = (), status: Obj | None = None, **spec: Any) -> Obj:
    found = {"containers": list(containers), "initContainers": list(init), **spec}
    return {"kind": "Pod", "metadata": {"name": "p"}, "spec": found, "status": status or {"phase": "Running"}}


def charged(resource: str, obj: Obj, **more: bool) -> dict[str, str]:
    return {name: str(amount) for name, amount in usage(resource, obj, **more).items()}


ONE_POD = {"count/pods": "1", "pods": "1"}


def compute(cpu: tuple[str, str] | None = None, memory: tuple[str, str] | None = None) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, pair in (("cpu", cpu), ("memory", memory)):
        if pair:
            found |= {name: pair[0], f"requests.{name}": pair[0], f"limits.{name}": pair[1]}
    return found


DONGLE = "example.com/dongle"
HUGE = "hugepages-2Mi"


def dongles(cpu: str, memory: str, count: str) -> Obj:
    return {"cpu": cpu, "memory": memory, DONGLE: count}


@follows("ResourceQuota", "pkg/quota/v1/evaluator/core/pods_test.go: TestPodEvaluatorUsage")
@pytest.mark.parametrize("where", ["container", "init container"])
@pytest.mark.parametrize(
    ("requests", "limits", "wanted"),
    [
        pytest.param({"cpu": "1m"}, {"cpu": "2m"}, compute(cpu=("1m", "2m")), id="CPU"),
        pytest.param({"memory": "1m"}, {"memory": "2m"}, compute(memory=("1m", "2m")), id="MEM"),
        pytest.param(
            {"ephemeral-storage": "32Mi"},
            {"ephemeral-storage": "64Mi"},
            {
                "ephemeral-storage": "32Mi",
                "requests.ephemeral-storage": "32Mi",
                "limits.ephemeral-storage": "64Mi",
            },
            id="local ephemeral storage",
        ),
        pytest.param({HUGE: "100Mi"}, {}, {HUGE: "100Mi", f"requests.{HUGE}": "100Mi"}, id="hugepages"),
        pytest.param({DONGLE: "3"}, {DONGLE: "3"}, {f"requests.{DONGLE}": "3"}, id="extended resources"),
    ],
)
def test_what_a_container_is_charged(where: str, requests: Obj, limits: Obj, wanted: Obj) -> None:
    asks = container(requests, limits)
    found = pod(asks) if where == "container" else pod(init=(asks,))
    assert charged("pods", found) == {**ONE_POD, **wanted}


ENDED = pod(container({"cpu": "1", "memory": "50M"}, {"cpu": "2", "memory": "100M"}))


@follows("ResourceQuota", "pkg/quota/v1/evaluator/core/pods_test.go: TestPodEvaluatorUsage")
@pytest.mark.parametrize(
    ("found", "is_overdue", "wanted"),
    [
        pytest.param(
            pod(container({DONGLE: "3"}, {DONGLE: "3"}), status={"phase": "Succeeded"}),
            False,
            {"count/pods": "1"},
            id="terminated generic count still appears",
        ),
        pytest.param(
            pod(
                container(dongles("1", "50M", "1"), dongles("2", "100M", "1")),
                container(dongles("2", "25M", "2"), dongles("5", "50M", "2")),
                init=(
                    container(dongles("4", "100M", "4"), dongles("8", "200M", "4")),
                    container(dongles("1", "50M", "2"), dongles("2", "100M", "2")),
                ),
            ),
            False,
            {**ONE_POD, **compute(cpu=("4", "8"), memory=("100M", "200M")), f"requests.{DONGLE}": "4"},
            id="init container maximums override sum of containers",
        ),
        pytest.param(ENDED, True, {"count/pods": "1"}, id="pod deletion timestamp exceeded"),
        pytest.param(
            pod(container({"cpu": "1"}, {"cpu": "2"})),
            False,
            {**ONE_POD, **compute(cpu=("1", "2"))},
            id="pod deletion timestamp not exceeded",
        ),
        pytest.param(
            pod(container({"cpu": "1"}, {"cpu": "2"}), overhead={"cpu": "1"}),
            False,
            {**ONE_POD, **compute(cpu=("2", "3"))},
            id="count pod overhead as usage",
        ),
    ],
)
def test_what_a_pod_is_charged(found: Obj, is_overdue: bool, wanted: Obj) -> None:
    assert charged("pods", found, is_overdue=is_overdue) == wanted


def resized(asked: Obj, limits: Obj, held: Obj | None, **status: Any) -> Obj:
    one = {"name": "c"} if held is None else {"name": "c", "resources": {"requests": held}}
    return pod(container(asked, limits), status={"phase": "Running", "containerStatuses": [one], **status})


INFEASIBLE = [{"type": "PodResizePending", "status": "True", "reason": "Infeasible"}]


@follows("ResourceQuota", "pkg/quota/v1/evaluator/core/pods_test.go: TestPodEvaluatorUsageResourceResize")
@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        pytest.param(
            resized({"memory": "200Mi"}, {"memory": "400Mi"}, {"memory": "150Mi"}),
            compute(memory=("200Mi", "400Mi")),
            id="memory",
        ),
        pytest.param(
            resized({"cpu": "100m"}, {"cpu": "200m"}, {"cpu": "150m"}), compute(cpu=("150m", "200m")), id="cpu"
        ),
        pytest.param(
            resized(
                {"cpu": "100m", "memory": "200Mi"},
                {"cpu": "200m", "memory": "400Mi"},
                {"cpu": "150m", "memory": "250Mi"},
            ),
            compute(cpu=("150m", "200m"), memory=("250Mi", "400Mi")),
            id="cpu and memory",
        ),
        pytest.param(
            resized({"cpu": "100m", "memory": "200Mi"}, {"cpu": "200m", "memory": "400Mi"}, None),
            compute(cpu=("100m", "200m"), memory=("200Mi", "400Mi")),
            id="status without resources",
        ),
        pytest.param(
            resized({"cpu": "300m"}, {}, {"cpu": "150m"}, conditions=INFEASIBLE),
            {"cpu": "150m", "requests.cpu": "150m"},
            id="a resize that is infeasible is not charged",
        ),
    ],
)
def test_a_resize_is_charged_with_the_larger_of_both(found: Obj, wanted: Obj) -> None:
    assert charged("pods", found) == {**ONE_POD, **wanted}


ASKS_CPU = ({"cpu": "1m"}, {"cpu": "2m"})


@follows("ResourceQuota", "pkg/quota/v1/evaluator/core/pods_test.go: TestPodConstraintsFunc")
@pytest.mark.parametrize(
    ("found", "names", "says"),
    [
        pytest.param(
            pod(init=(container(*ASKS_CPU, name="dummy"),)),
            ["memory"],
            "must specify memory for: dummy",
            id="init container resource missing",
        ),
        pytest.param(
            pod(init=(container(*ASKS_CPU, name="foo"), container(*ASKS_CPU, name="bar"))),
            ["memory"],
            "must specify memory for: bar,foo",
            id="multiple init container resource missing",
        ),
        pytest.param(
            pod(container(*ASKS_CPU, name="dummy")),
            ["memory"],
            "must specify memory for: dummy",
            id="container resource missing",
        ),
        pytest.param(
            pod(container(*ASKS_CPU, name="foo"), container(*ASKS_CPU, name="bar")),
            ["memory"],
            "must specify memory for: bar,foo",
            id="multiple container resource missing",
        ),
        pytest.param(
            pod(container(name="foo"), container(name="bar")),
            ["memory", "cpu"],
            "must specify cpu for: bar,foo; memory for: bar,foo",
            id="container resource missing multiple",
        ),
        pytest.param(pod(container(name="foo")), ["pods", HUGE, f"requests.{DONGLE}"], "", id="nothing else is asked"),
    ],
)
def test_what_a_quota_demands_of_containers(found: Obj, names: list[str], says: str) -> None:
    assert missing(found, names) == says


def affinity(kind: str, term: Obj, *, is_preferred: bool = False) -> Obj:
    if is_preferred:
        rules: Obj = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": term}]}
    else:
        rules = {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
    return {"affinity": {kind: rules}, "activeDeadlineSeconds": 30}


NAMED = {"labelSelector": {}, "namespaces": ["ns1"]}
SELECTED: Obj = {"labelSelector": {}, "namespaceSelector": {}}
BOTH = {**NAMED, **SELECTED}
CROSSING = {"Terminating", "BestEffort", "CrossNamespacePodAffinity"}
PRIORITY = {"scopeName": "PriorityClass", "operator": "In", "values": ["class1"]}


@follows("ResourceQuota", "pkg/quota/v1/evaluator/core/pods_test.go: TestPodEvaluatorMatchingScopes")
@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        pytest.param({}, {"NotTerminating", "BestEffort"}, id="EmptyPod"),
        pytest.param(
            {"priorityClassName": "class1"}, {"NotTerminating", "BestEffort", "PriorityClass"}, id="PriorityClass"
        ),
        pytest.param({"quality": "Burstable"}, {"NotTerminating", "NotBestEffort"}, id="NotBestEffort"),
        pytest.param({"activeDeadlineSeconds": 30}, {"Terminating", "BestEffort"}, id="Terminating"),
        pytest.param(affinity("podAffinity", BOTH), CROSSING, id="CrossNamespaceRequiredAffinity"),
        pytest.param(affinity("podAffinity", NAMED), CROSSING, id="CrossNamespaceRequiredAffinityWithSlice"),
        pytest.param(affinity("podAffinity", BOTH, is_preferred=True), CROSSING, id="CrossNamespacePreferredAffinity"),
        pytest.param(
            affinity("podAffinity", SELECTED, is_preferred=True),
            CROSSING,
            id="CrossNamespacePreferredAffinityWithSelector",
        ),
        pytest.param(
            affinity("podAntiAffinity", SELECTED, is_preferred=True),
            CROSSING,
            id="CrossNamespacePreferredAntiAffinity",
        ),
        pytest.param(affinity("podAntiAffinity", NAMED), CROSSING, id="CrossNamespaceRequiredAntiAffinity"),
        pytest.param(
            affinity("podAntiAffinity", {"labelSelector": {}}), {"Terminating", "BestEffort"}, id="its own namespace"
        ),
    ],
)
def test_which_scopes_a_pod_is_in(spec: Obj, wanted: set[str]) -> None:
    quality = spec.get("quality", "BestEffort")
    found = pod(container(), status={"qosClass": quality}, **{name: spec[name] for name in spec if name != "quality"})
    plain = ("Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "CrossNamespacePodAffinity")
    scopes = {name for name in plain if matches_scopes({"spec": {"scopes": [name]}}, "pods", found)}
    if matches_scopes({"spec": {"scopeSelector": {"matchExpressions": [PRIORITY]}}}, "pods", found):
        scopes.add("PriorityClass")
    assert scopes == wanted


def ports(count: int, *nodes: int) -> list[Obj]:
    found: list[Obj] = [{"port": 27443 + index} for index in range(count)]
    for one, node in zip(found, nodes, strict=False):
        one["nodePort"] = node
    return found


def service(kind: str, count: int = 0, *nodes: int, allocates: bool | None = None) -> Obj:
    spec: Obj = {"type": kind, "ports": ports(count, *nodes)}
    if allocates is not None:
        spec["allocateLoadBalancerNodePorts"] = allocates
    return {"kind": "Service", "metadata": {"name": "s"}, "spec": spec}


@follows("ResourceQuota", "pkg/quota/v1/evaluator/core/services_test.go: TestServiceEvaluatorUsage")
@pytest.mark.parametrize(
    ("found", "balancers", "node_ports"),
    [
        pytest.param(service("LoadBalancer"), "1", "0", id="loadbalancer"),
        pytest.param(service("LoadBalancer", 1), "1", "1", id="loadbalancer_ports"),
        pytest.param(service("LoadBalancer", 2), "1", "2", id="loadbalancer_2_ports"),
        pytest.param(service("ClusterIP"), "0", "0", id="clusterip"),
        pytest.param(service("NodePort", 1), "0", "1", id="nodeports"),
        pytest.param(service("NodePort", 2), "0", "2", id="multi-nodeports"),
        pytest.param(service("LoadBalancer", 2, allocates=False), "1", "0", id="nodeports-disabled"),
        pytest.param(service("LoadBalancer", 2, 32001, 32002), "1", "2", id="nodeports-default-enabled"),
        pytest.param(service("LoadBalancer", 2, allocates=True), "1", "2", id="nodeports-explicitly-enabled"),
        pytest.param(
            service("LoadBalancer", 2, 32001, 32002, allocates=False),
            "1",
            "2",
            id="nodeports-disabled-but-specified",
        ),
    ],
)
def test_what_a_service_is_charged(found: Obj, balancers: str, node_ports: str) -> None:
    assert charged("services", found) == {
        "count/services": "1",
        "services": "1",
        "services.loadbalancers": balancers,
        "services.nodeports": node_ports,
    }


def claim(storage: str, *, class_name: str | None = None, allocated: str = "") -> Obj:
    spec: Obj = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}}
    if class_name:
        spec["storageClassName"] = class_name
    status = {"allocatedResources": {"storage": allocated}} if allocated else {}
    return {"kind": "PersistentVolumeClaim", "metadata": {"name": "foo"}, "spec": spec, "status": status}


@follows(
    "ResourceQuota",
    "pkg/quota/v1/evaluator/core/persistent_volume_claims_test.go: TestPersistentVolumeClaimEvaluatorUsage",
)
@pytest.mark.parametrize(
    ("found", "storage", "class_name"),
    [
        pytest.param(claim("10Gi"), "10Gi", "", id="pvc-usage"),
        pytest.param(claim("10Gi", class_name="gold"), "10Gi", "gold", id="pvc-usage-by-class"),
        pytest.param(claim("1001m"), "2", "", id="pvc-usage-rounded"),
        pytest.param(claim("1001m", class_name="gold"), "2", "gold", id="pvc-usage-by-class-rounded"),
        pytest.param(claim("5G", allocated="10G"), "10G", "", id="pvc-usage-higher-allocated-resource"),
        pytest.param(claim("10G", allocated="5G"), "10G", "", id="pvc-usage-lower-allocated-resource"),
    ],
)
def test_what_a_claim_is_charged(found: Obj, storage: str, class_name: str) -> None:
    own = {"persistentvolumeclaims": "1", "requests.storage": storage}
    by_class = {f"{class_name}.storageclass.storage.k8s.io/{name}": amount for name, amount in own.items()}
    wanted = {"count/persistentvolumeclaims": "1", **own, **(by_class if class_name else {})}
    assert charged("persistentvolumeclaims", found) == wanted


CLAIM_NAMES = [
    "count/persistentvolumeclaims",
    "requests.storage",
    "persistentvolumeclaims",
    "gold.storageclass.storage.k8s.io/requests.storage",
    "gold.storageclass.storage.k8s.io/persistentvolumeclaims",
]


@follows(
    "ResourceQuota",
    "pkg/quota/v1/evaluator/core/persistent_volume_claims_test.go: TestPersistentVolumeClaimEvaluatorMatchingResources",
    "pkg/quota/v1/evaluator/core/services_test.go: TestServiceEvaluatorMatchesResources",
)
@pytest.mark.parametrize(
    ("resource", "names", "wanted"),
    [
        pytest.param("persistentvolumeclaims", CLAIM_NAMES, CLAIM_NAMES, id="supported-resources"),
        pytest.param(
            "persistentvolumeclaims",
            [
                "storage",
                "ephemeral-storage",
                "bronze.storageclass.storage.k8s.io/storage",
                "gold.storage.k8s.io/requests.storage",
            ],
            [],
            id="unsupported-resources",
        ),
        pytest.param(
            "services",
            ["configmaps", "cpu", "services", "services.nodeports", "services.loadbalancers"],
            ["services", "services.nodeports", "services.loadbalancers"],
            id="services",
        ),
    ],
)
def test_which_names_concern_a_kind(resource: str, names: list[str], wanted: list[str]) -> None:
    assert concerned(resource, names) == wanted


# Admission: quotas as their controller left them, and a request


@pytest.fixture
def world(make_world: Any) -> Any:
    return make_world()


def set_up(world: Any, name: str, hard: Obj, used: Obj, namespace: str = "shop", **spec: Any) -> None:
    body = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": {"hard": hard, **spec}}
    made = world.create(f"/api/v1/namespaces/{namespace}/resourcequotas", body)
    world.client.update_status("resourcequotas", {**made, "status": {"hard": hard, "used": used}})


def used(world: Any, name: str = "quota") -> Obj:
    found: Obj = world.registry.get("test", "resourcequotas", "shop", name)["status"]["used"]
    return found


def sent(name: str, requests: Obj | None = None, limits: Obj | None = None, **spec: Any) -> Obj:
    one = {"name": "c", "image": "nginx", "resources": {"requests": requests or {}, "limits": limits or {}}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [one], **spec}}


HARD = {"cpu": "3", "memory": "100Gi", "pods": "5"}
USED = {"cpu": "1", "memory": "50Gi", "pods": "3"}
SMALL = {"cpu": "100m", "memory": "2Gi"}
ADMISSION = "plugin/pkg/admission/resourcequota/admission_test.go: "


@follows("ResourceQuota", ADMISSION + "TestAdmitBelowQuotaLimit, TestAdmitDryRun, TestAdmitExceedQuotaLimit")
def test_a_pod_below_the_limit_is_charged_and_one_above_is_refused(world: Any) -> None:
    set_up(world, "quota", HARD, USED)
    assert world.call("POST", PODS, sent("dry", SMALL), dryRun="All").status == 201
    assert used(world) == USED
    world.create(PODS, sent("allowed-pod", SMALL))
    assert used(world) == {"cpu": "1100m", "memory": "52Gi", "pods": "4"}
    assert world.refusal(PODS, sent("not-allowed-pod", {"cpu": "3", "memory": "2Gi"})) == (
        'pods "not-allowed-pod" is forbidden: exceeded quota: quota, requested: cpu=3, used: cpu=1100m, limited: cpu=3'
    )
    too_large = world.call("POST", PODS, sent("too-large", {"cpu": "100m", "memory": "60Gi"}), dryRun="All")
    assert too_large.body["message"] == (
        'pods "too-large" is forbidden: exceeded quota: quota, requested: memory=60Gi, used: memory=52Gi, limited: memory=100Gi'
    )
    assert used(world) == {"cpu": "1100m", "memory": "52Gi", "pods": "4"}


@follows("ResourceQuota", ADMISSION + "TestAdmitEnforceQuotaConstraints, TestAdmitPodInNamespaceWithoutQuota")
def test_what_is_limited_has_to_be_said_where_it_is_limited(world: Any) -> None:
    set_up(world, "quota", {**HARD, "limits.memory": "200Gi"}, {**USED, "limits.memory": "100Gi"})
    asks = sent("p", SMALL, {"cpu": "200m"})
    assert world.refusal(PODS, asks) == (
        'pods "p" is forbidden: failed quota: quota: must specify limits.memory for: c'
    )
    world.create("/api/v1/namespaces/default/pods", asks)


@follows("ResourceQuota", ADMISSION + "TestAdmitBelowTerminatingQuotaLimit")
def test_a_pod_with_a_deadline_is_charged_to_the_quota_for_such(world: Any) -> None:
    set_up(world, "non-terminating", HARD, USED, scopes=["NotTerminating"])
    set_up(world, "terminating", HARD, USED, scopes=["Terminating"])
    world.create(PODS, sent("allowed-pod", SMALL, activeDeadlineSeconds=30))
    assert used(world, "terminating") == {"cpu": "1100m", "memory": "52Gi", "pods": "4"}
    assert used(world, "non-terminating") == USED


@follows(
    "ResourceQuota",
    ADMISSION + "TestAdmitBelowBestEffortQuotaLimit, TestAdmitBestEffortQuotaLimitIgnoresBurstable",
)
def test_a_pod_that_asks_for_nothing_is_charged_to_the_quota_for_such(world: Any) -> None:
    set_up(world, "best", {"pods": "5"}, {"pods": "3"}, scopes=["BestEffort"])
    set_up(world, "not-best", {"pods": "5"}, {"pods": "3"}, scopes=["NotBestEffort"])
    world.create(PODS, sent("idle"))
    assert (used(world, "best"), used(world, "not-best")) == ({"pods": "4"}, {"pods": "3"})
    world.create(PODS, sent("busy", SMALL))
    assert (used(world, "best"), used(world, "not-best")) == ({"pods": "4"}, {"pods": "4"})


@follows("ResourceQuota", ADMISSION + "TestAdmitWhenUnrelatedResourceExceedsQuota")
def test_what_is_exceeded_elsewhere_does_not_matter(world: Any) -> None:
    set_up(world, "quota", {"services": "3", "pods": "4"}, {"services": "4", "pods": "1"})
    world.create(PODS, sent("allowed-pod"))
    assert used(world) == {"services": "4", "pods": "2"}


@follows("ResourceQuota", ADMISSION + "TestAdmitHandlesOldObjects")
def test_a_service_that_changes_its_type_is_charged_the_difference(world: Any) -> None:
    hard = {"services": "10", "services.loadbalancers": "10", "services.nodeports": "10"}
    spec: Obj = {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "ports": [{"port": 1234}]}
    world.create(SERVICES, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "service"}, "spec": spec})
    set_up(world, "quota", hard, {"services": "1", "services.loadbalancers": "1", "services.nodeports": "0"})
    change = {"spec": {"type": "NodePort", "allocateLoadBalancerNodePorts": None}}
    assert world.call("PATCH", f"{SERVICES}/service", change).status == 200
    assert used(world) == {"services": "1", "services.loadbalancers": "1", "services.nodeports": "1"}


@follows("ResourceQuota", ADMISSION + "TestAdmitHandlesPVCUpdates, TestAdmitHandlesNegativePVCUpdates")
@pytest.mark.parametrize(("size", "wanted"), [("15Gi", "15Gi"), ("10Gi", "10Gi")])
def test_a_claim_that_grows_is_charged_the_difference(world: Any, size: str, wanted: str) -> None:
    sc = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "grows"},
        "provisioner": "x.io/y",
        "allowVolumeExpansion": True,
    }
    world.create("/apis/storage.k8s.io/v1/storageclasses", sc)
    made = world.create(CLAIMS, {"apiVersion": "v1", **claim("10Gi", class_name="grows")})
    bound = {**made, "status": {"phase": "Bound", "capacity": {"storage": "10Gi"}}}
    world.client.update_status("persistentvolumeclaims", bound)
    hard = {"persistentvolumeclaims": "3", "requests.storage": "100Gi"}
    set_up(world, "quota", hard, {"persistentvolumeclaims": "1", "requests.storage": "10Gi"})
    change = {"spec": {"resources": {"requests": {"storage": size}}}}
    assert world.call("PATCH", f"{CLAIMS}/foo", change).status == 200
    assert used(world) == {"persistentvolumeclaims": "1", "requests.storage": wanted}


@follows("ResourceQuota", "staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go: CheckRequest")
def test_every_quota_has_to_agree_and_the_first_that_does_not_is_named(world: Any) -> None:
    set_up(world, "a", {"pods": "5"}, {"pods": "1"})
    set_up(world, "b", {"pods": "1"}, {"pods": "1"})
    assert world.refusal(PODS, sent("p")) == (
        'pods "p" is forbidden: exceeded quota: b, requested: pods=1, used: pods=1, limited: pods=1'
    )
    assert used(world, "a") == {"pods": "1"}


@follows("ResourceQuota", "staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go: CheckRequest")
def test_a_quota_that_does_not_know_its_usage_admits_nobody(world: Any) -> None:
    set_up(world, "quota", {"pods": "5", "count/pods": "5", "secrets": "1"}, {"secrets": "0"})
    assert world.refusal(PODS, sent("p")) == (
        'pods "p" is forbidden: status unknown for quota: quota, resources: count/pods,pods'
    )
