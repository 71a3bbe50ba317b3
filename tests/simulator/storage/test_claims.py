"""`machinery.claims`: the rules that the binder, the scheduler and the drivers share."""

from typing import Any

import pytest

from simulator.machinery import claims

Obj = dict[str, Any]


def a_claim(**spec: Any) -> Obj:
    wanted = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "c",
        **spec,
    }
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "shop", "uid": "u1"},
        "spec": wanted,
    }


def a_volume(name: str, size: str = "1Gi", *, phase: str = "Available", labels: Obj | None = None, **spec: Any) -> Obj:
    given = {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "storageClassName": "c", **spec}
    return {"metadata": {"name": name, "labels": labels or {}}, "spec": given, "status": {"phase": phase}}


def affinity(zone: str) -> Obj:
    one = {"key": "zone", "operator": "In", "values": [zone]}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [one]}]}}


NODE = {"metadata": {"name": "n1", "labels": {"zone": "a"}}}
MINE = {"name": "data", "namespace": "shop"}


@pytest.mark.parametrize(
    ("volumes", "found"),
    [
        pytest.param([a_volume("b", "5Gi"), a_volume("a", "2Gi")], "a", id="the smallest"),
        pytest.param([a_volume("b"), a_volume("a")], "a", id="by name among equals"),
        pytest.param(
            [a_volume("a", accessModes=["ReadWriteOnce", "ReadWriteMany"]), a_volume("b", "9Gi")],
            "b",
            id="fewest modes first",
        ),
        pytest.param([a_volume("a", phase="Released")], "", id="not one that is released"),
        pytest.param(
            [a_volume("a", claimRef={"name": "other", "namespace": "shop"})], "", id="not one of somebody else"
        ),
        pytest.param(
            [a_volume("a"), a_volume("z", "9Gi", phase="Pending", claimRef=MINE)], "z", id="a reserved one wins"
        ),
        pytest.param([a_volume("a", claimRef={**MINE, "uid": "earlier"})], "", id="not one of a namesake"),
        pytest.param([a_volume("a", volumeMode="Block")], "", id="not a device"),
    ],
)
def test_the_best_fit(volumes: list[Obj], found: str) -> None:
    best = claims.best_fit(a_claim(), volumes)
    assert (best["metadata"]["name"] if best else "") == found
    again = claims.best_fit(a_claim(), list(reversed(volumes)))
    assert again == best


def test_a_claim_that_waits_for_a_pod_takes_only_what_is_reserved_for_it() -> None:
    assert claims.best_fit(a_claim(), [a_volume("a")], delayed=True) is None
    reserved = a_volume("a", claimRef=MINE)
    assert claims.best_fit(a_claim(), [reserved], delayed=True) is reserved


def test_with_a_node_only_what_it_reaches_counts() -> None:
    near, far = a_volume("near", "9Gi", nodeAffinity=affinity("a")), a_volume("far", nodeAffinity=affinity("b"))
    assert claims.best_fit(a_claim(), [far, near], node=NODE) is near
    assert claims.best_fit(a_claim(), [far, near], node=NODE, taken=["near"]) is None
    assert (
        claims.best_fit(a_claim(), [a_volume("x", claimRef=MINE, nodeAffinity=affinity("b")), near], node=NODE) is None
    )


@pytest.mark.parametrize(
    ("volume", "why"),
    [
        pytest.param(a_volume("a"), "", id="fits"),
        pytest.param(a_volume("a", "1Mi"), "requested PV is too small", id="size"),
        pytest.param(a_volume("a", storageClassName="d"), "storageClassName does not match", id="class"),
        pytest.param(a_volume("a", volumeMode="Block"), "incompatible volumeMode", id="volume mode"),
        pytest.param(a_volume("a", accessModes=["ReadOnlyMany"]), "incompatible accessMode", id="access mode"),
    ],
)
def test_why_a_named_volume_does_not_do(volume: Obj, why: str) -> None:
    assert claims.mismatch(a_claim(), volume) == why


def test_the_newest_default_class_counts() -> None:
    def one(name: str, made: str, mark: str = "true") -> Obj:
        marks = {"storageclass.kubernetes.io/is-default-class": mark}
        return {"metadata": {"name": name, "creationTimestamp": made, "annotations": marks}}

    classes = [
        one("b", "2025-01-02T00:00:00Z"),
        one("a", "2025-01-02T00:00:00Z"),
        one("c", "2025-01-03T00:00:00Z", "false"),
    ]
    assert claims.default_class(classes)["metadata"]["name"] == "a"  # type: ignore[index]
    assert claims.default_class(classes[2:]) is None


def test_a_pods_claims_include_those_of_its_ephemeral_volumes() -> None:
    volumes = [
        {"name": "d", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "e", "ephemeral": {}},
        {"name": "x", "emptyDir": {}},
    ]
    pod = {"metadata": {"name": "web"}, "spec": {"volumes": volumes}}
    assert list(claims.claims_of(pod)) == [("d", "data"), ("e", "web-e")]
    assert claims.uses(pod, "web-e")
    assert not claims.uses(pod, "x")
