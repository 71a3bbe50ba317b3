"""LimitRange: defaults and bounds, word for word (`plugin/pkg/admission/limitranger/admission.go`)."""

from typing import Any

import pytest

from tests.proof.follows import follows

Obj = dict[str, Any]
PODS = "/api/v1/namespaces/shop/pods"
RANGES = "/api/v1/namespaces/shop/limitranges"


@pytest.fixture
def world(make_world: Any) -> Any:
    return make_world()


def limit_range(kind: str, name: str = "bounds", **limit: Obj) -> Obj:
    spec = {"limits": [{"type": kind, **limit}]}
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": name}, "spec": spec}


def pod(*resources: Obj) -> Obj:
    containers = [{"name": f"c{index}", "image": "nginx", "resources": one} for index, one in enumerate(resources)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": containers}}


def test_defaults_fill_what_is_missing_and_say_so(world: Any) -> None:
    world.create(
        RANGES, limit_range("Container", default={"memory": "512Mi", "cpu": "1"}, defaultRequest={"memory": "256Mi"})
    )
    made = world.create(PODS, pod({}, {"limits": {"memory": "1Gi"}}))
    first, second = made["spec"]["containers"]
    assert first["resources"] == {
        "requests": {"cpu": "1", "memory": "256Mi"},
        "limits": {"cpu": "1", "memory": "512Mi"},
    }
    assert second["resources"] == {"limits": {"memory": "1Gi", "cpu": "1"}, "requests": {"memory": "1Gi", "cpu": "1"}}
    assert made["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu, memory request for container c0; cpu, memory limit for container c0; "
        "cpu request for container c1; cpu limit for container c1"
    )
    assert made["status"]["qosClass"] == "Burstable"


def test_pods_of_one_template_share_the_filled_spec(world: Any) -> None:
    world.create(RANGES, limit_range("Container", default={"cpu": "1"}))
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "u", "controller": True}
    template = pod({})["spec"]
    made = [
        world.client.create(
            "pods",
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": "shop", "ownerReferences": [owner]},
                "spec": template,
            },
        )
        for name in ("a", "b")
    ]
    assert made[0]["spec"] is made[1]["spec"]
    assert made[0]["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "1"}


@follows(
    "LimitRanger",
    "plugin/pkg/admission/limitranger/admission_test.go: TestPodLimitFunc, TestPersistentVolumeClaimLimitFunc",
)
@pytest.mark.parametrize(
    ("limit", "resources", "says"),
    [
        pytest.param(
            limit_range("Container", max={"memory": "1Gi"}),
            [{"limits": {"memory": "2Gi"}}],
            "maximum memory usage per Container is 1Gi, but limit is 2Gi",
            id="max",
        ),
        pytest.param(
            limit_range("Container", min={"cpu": "200m"}),
            [{"requests": {"cpu": "100m"}}],
            "minimum cpu usage per Container is 200m, but request is 100m",
            id="min",
        ),
        pytest.param(
            limit_range("Pod", min={"cpu": "200m"}),
            [{}],
            "minimum cpu usage per Pod is 200m.  No request is specified",
            id="nothing asked",
        ),
        pytest.param(
            limit_range("Container", maxLimitRequestRatio={"cpu": "2"}),
            [{"requests": {"cpu": "300m"}, "limits": {"cpu": "1"}}],
            "cpu max limit to request ratio per Container is 2, but provided ratio is 3.333333",
            id="ratio",
        ),
        pytest.param(
            limit_range("Pod", max={"cpu": "1"}),
            [{"limits": {"cpu": "600m"}}, {"limits": {"cpu": "600m"}}],
            "maximum cpu usage per Pod is 1, but limit is 1200m",
            id="whole pod",
        ),
        pytest.param(
            limit_range("Container", max={"cpu": "1", "memory": "1Gi"}),
            [{"limits": {"cpu": "2", "memory": "2Gi"}}],
            "[maximum cpu usage per Container is 1, but limit is 2, "
            "maximum memory usage per Container is 1Gi, but limit is 2Gi]",
            id="several at once",
        ),
    ],
)
def test_a_pod_out_of_bounds_is_refused_word_for_word(world: Any, limit: Obj, resources: list[Obj], says: str) -> None:
    world.create(RANGES, limit)
    assert world.refusal(PODS, pod(*resources)) == f'pods "p" is forbidden: {says}'


def test_a_claim_keeps_its_bounds(world: Any) -> None:
    world.create(RANGES, limit_range("PersistentVolumeClaim", max={"storage": "2Gi"}))
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec}
    assert world.refusal("/api/v1/namespaces/shop/persistentvolumeclaims", claim) == (
        'persistentvolumeclaims "data" is forbidden: '
        "maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 5Gi"
    )


def test_other_namespaces_are_free(world: Any) -> None:
    world.create(RANGES, limit_range("Container", max={"memory": "1Mi"}))
    world.create("/api/v1/namespaces/default/pods", pod({"limits": {"memory": "2Gi"}}))
