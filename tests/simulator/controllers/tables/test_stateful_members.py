"""What a member of a StatefulSet is and who owns its claims: `stateful_set_utils_test.go` and `stateful_pod_control_test.go`."""

from itertools import product
from typing import Any

import pytest

from simulator.controllers.stateful_pods import (
    claims,
    fitting_references,
    has_identity,
    has_storage,
    is_stale,
    parent_and_ordinal,
    stateful_pod,
    volumes,
)
from simulator.controllers.statefulset import StatefulSetController
from tests.proof.follows import follows
from tests.simulator.controllers.tables.stateful_sets import CLAIM, change, claiming_set, settle, stateful_set

Obj = dict[str, Any]
UTILS = "pkg/controller/statefulset/stateful_set_utils_test.go"
CONTROL = "pkg/controller/statefulset/stateful_pod_control_test.go"
STALE = "an earlier uid"
STRANGER = {"apiVersion": "custom/v1", "kind": "Random", "name": "random", "uid": "abc"}
FOREMAN = {**STRANGER, "kind": "Unknown", "controller": True}


def the_set(scaled: str = "Retain", deleted: str = "Retain", replicas: int = 2) -> Obj:
    policy = {"whenScaled": scaled, "whenDeleted": deleted}
    spec = {"replicas": replicas, "persistentVolumeClaimRetentionPolicy": policy}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "uid": "set-uid"}, "spec": spec}


def the_pod(number: int) -> Obj:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"db-{number}", "uid": "pod-uid"}}


def by_set(**changes: Any) -> Obj:
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "set-uid", **changes}


def by_pod(number: int, **changes: Any) -> Obj:
    return {"apiVersion": "v1", "kind": "Pod", "name": f"db-{number}", "uid": "pod-uid", **changes}


def the_claim(*references: Obj) -> Obj:
    return {"metadata": {"name": "data-db-1", "ownerReferences": list(references)}}


def controllers(references: list[Obj]) -> list[str]:
    return [one["kind"] for one in references if one.get("controller")]


# Names and identity


@follows("statefulset-controller", f"{UTILS}: TestGetParentNameAndOrdinal, TestIsMemberOf")
@pytest.mark.parametrize(
    ("name", "parent", "number"),
    [
        pytest.param("db-1", "db", 1, id="a member"),
        pytest.param("my-db-20", "my-db", 20, id="a dash in the name"),
        pytest.param("1-bar", "", -1, id="no number at the end"),
        pytest.param("db", "", -1, id="no dash"),
        pytest.param("db-2147483648", "db", -1, id="beyond 32 bits"),
    ],
)
def test_a_pods_name_tells_its_set_and_ordinal(name: str, parent: str, number: int) -> None:
    assert parent_and_ordinal({"metadata": {"name": name}}) == (parent, number)


def member(template: Any, **changes: Any) -> tuple[Obj, Obj]:
    owner = {**claiming_set(template), **changes}
    owner["metadata"]["uid"] = "set-uid"
    owner["spec"]["template"]["spec"]["volumes"] = [{"name": "home", "hostPath": {"path": "/home"}}]
    return owner, stateful_pod(owner, owner["spec"]["template"], "db-abc", 1)


@follows("statefulset-controller", f"{UTILS}: TestNewPodControllerRef, TestIdentityMatches")
def test_a_new_member_has_its_owner_and_identity(pod_template: Any) -> None:
    owner, pod = member(pod_template)
    reference = pod["metadata"]["ownerReferences"][0]
    assert {field: reference[field] for field in ("apiVersion", "kind", "name", "uid", "controller")} == {
        **by_set(),
        "controller": True,
    }
    assert has_identity(pod)
    assert has_storage(owner, pod)


@follows("statefulset-controller", f"{UTILS}: TestIdentityMatches")
@pytest.mark.parametrize("label", [None, "db-2"])
def test_a_member_without_its_label_has_no_identity(pod_template: Any, label: str | None) -> None:
    _, pod = member(pod_template)
    labels = {key: value for key, value in pod["metadata"]["labels"].items() if "pod-name" not in key}
    if label is not None:
        labels["statefulset.kubernetes.io/pod-name"] = label
    assert not has_identity({**pod, "metadata": {**pod["metadata"], "labels": labels}})


@follows("statefulset-controller", f"{UTILS}: TestStorageMatches, TestUpdateStorage")
@pytest.mark.parametrize(
    "mounted",
    [
        pytest.param([], id="no volumes"),
        pytest.param([{"name": "data"}], id="no claim"),
        pytest.param([{"name": "data", "persistentVolumeClaim": {"claimName": "foo"}}], id="another claim"),
        pytest.param([{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-2"}}], id="another's claim"),
    ],
)
def test_volumes_are_brought_back(pod_template: Any, mounted: list[Obj]) -> None:
    owner, pod = member(pod_template)
    home = {"name": "home", "hostPath": {"path": "/home"}}
    spec = {**pod["spec"], "volumes": [*mounted, home]}
    assert not has_storage(owner, {**pod, "spec": spec})
    mended = volumes(owner, spec, 1)
    assert mended == [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-1"}}, home]
    assert has_storage(owner, {**pod, "spec": {**spec, "volumes": mended}})


@follows("statefulset-controller", f"{UTILS}: TestGetPersistentVolumeClaims")
@pytest.mark.parametrize(
    ("matched", "given", "labels"),
    [
        pytest.param(None, None, None, id="no labels at all"),
        pytest.param({"test": "test"}, None, {"test": "test"}, id="the set's"),
        pytest.param({"name": "foo"}, {"test": "test"}, {"test": "test", "name": "foo"}, id="both"),
        pytest.param({"test": "foo"}, {"test": "test"}, {"test": "foo"}, id="the set's win"),
    ],
)
def test_labels_of_claims(pod_template: Any, matched: Obj | None, given: Obj | None, labels: Obj | None) -> None:
    claim = {**CLAIM, "metadata": {"name": "data", **({"labels": given} if given else {})}}
    owner = stateful_set(pod_template, volumeClaimTemplates=[claim], selector={"matchLabels": matched})
    (made,) = claims(owner, 0)
    assert (made["metadata"]["name"], made["metadata"].get("labels")) == ("data-db-0", labels)


# Who owns a claim

POLICY = [
    pytest.param("Retain", "Retain", False, "", id="retain"),
    pytest.param("Retain", "Delete", False, "StatefulSet", id="delete with the set"),
    pytest.param("Delete", "Retain", False, "", id="delete with scaling, remains"),
    pytest.param("Delete", "Retain", True, "Pod", id="delete with scaling, condemned"),
    pytest.param("Delete", "Delete", False, "StatefulSet", id="delete with both, remains"),
    pytest.param("Delete", "Delete", True, "Pod", id="delete with both, condemned"),
]


@follows("statefulset-controller", f"{UTILS}: TestIsClaimOwnerUpToDate, TestUpdateClaimOwnerRefForSetAndPod")
@pytest.mark.parametrize(("scaled", "deleted", "is_condemned", "owner"), POLICY)
def test_a_claim_has_the_owner_that_the_policy_asks_for(
    scaled: str, deleted: str, is_condemned: bool, owner: str
) -> None:
    number = 2 if is_condemned else 1
    for has_pod, has_set, has_others in product((False, True), repeat=3):
        references = [
            *([by_pod(number, controller=True)] if has_pod else []),
            *([by_set(controller=True)] if has_set else []),
            *([STRANGER] if has_others else []),
        ]
        is_right = (has_pod, has_set) == (owner == "Pod", owner == "StatefulSet")
        found = fitting_references(the_claim(*references), the_set(scaled, deleted), the_pod(number))
        assert (found is None) is is_right
        if found is not None:
            assert controllers(found) == ([owner] if owner else [])
            assert (STRANGER in found) is has_others


@follows("statefulset-controller", f"{UTILS}: TestClaimOwnerUpToDateEdgeCases, TestNonController")
@pytest.mark.parametrize(
    ("references", "policy", "wanted"),
    [
        pytest.param([by_pod(2, controller=True)], "Delete Delete", None, id="pod"),
        pytest.param([by_pod(2)], "Delete Delete", ["Pod"], id="pod that does not control"),
        pytest.param([by_pod(2, controller=False)], "Delete Delete", ["Pod"], id="pod that says it does not"),
        pytest.param([by_pod(2, uid=STALE, controller=True)], "Delete Delete", None, id="earlier pod"),
        pytest.param([by_pod(2, controller=True), FOREMAN], "Delete Delete", ["Unknown"], id="pod and another"),
        pytest.param([by_set(controller=True)], "Retain Delete", None, id="set"),
        pytest.param([by_set()], "Retain Delete", ["StatefulSet"], id="set that does not control"),
        pytest.param([by_set(uid=STALE, controller=True)], "Retain Delete", None, id="earlier set"),
        pytest.param([by_set(controller=True), FOREMAN], "Retain Delete", ["Unknown"], id="set and another"),
        pytest.param([FOREMAN], "Retain Delete", None, id="another alone"),
        pytest.param([STRANGER, by_set(controller=True)], "Retain Delete", None, id="a stranger before it"),
        pytest.param([by_set(controller=True), STRANGER], "Retain Delete", None, id="a stranger after it"),
    ],
)
def test_claims_in_other_hands(references: list[Obj], policy: str, wanted: list[str] | None) -> None:
    found = fitting_references(the_claim(*references), the_set(*policy.split()), the_pod(2))
    assert (None if found is None else controllers(found)) == wanted


@follows("statefulset-controller", f"{UTILS}: TestUpdateClaimControllerRef")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([by_set(controller=True), STRANGER], None, id="right"),
        pytest.param([by_set()], ["set-uid"], id="does not control"),
        pytest.param([{**STRANGER, "name": "db"}], ["abc", "set-uid"], id="another kind of that name"),
        pytest.param([], ["set-uid"], id="none"),
    ],
)
def test_the_set_becomes_the_controller(before: list[Obj], after: list[str] | None) -> None:
    found = fitting_references(the_claim(*before), the_set("Delete", "Delete"), the_pod(0))
    assert (None if found is None else [one["uid"] for one in found]) == after


OTHERS = [
    pytest.param([FOREMAN], True, id="custom controller"),
    pytest.param([{**FOREMAN, "controller": False}], False, id="custom, not controlling"),
    pytest.param([STRANGER], False, id="custom, saying nothing"),
    pytest.param([by_pod(1, name="simon", uid="other", controller=True)], True, id="another pod"),
    pytest.param([by_set(name="simon", uid="other", controller=True)], True, id="another set"),
]


@follows("statefulset-controller", f"{UTILS}: TestHasUnexpectedController")
@pytest.mark.parametrize("policy", ["Delete Retain", "Retain Delete", "Delete Delete", "Retain Retain"])
@pytest.mark.parametrize(("references", "is_unexpected"), OTHERS)
def test_a_claim_that_another_controls_is_left_alone(references: list[Obj], is_unexpected: bool, policy: str) -> None:
    # A policy under which something is to own the claim of this surplus pod; "Retain Retain" never asks for anything.
    found = fitting_references(the_claim(*references), the_set(*policy.split()), the_pod(2))
    assert (found is None) is (is_unexpected or policy == "Retain Retain")


@follows("statefulset-controller", f"{UTILS}: TestHasStaleOwnerRef, TestMatchesRef")
@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        pytest.param(by_pod(1), False, id="of this pod"),
        pytest.param(by_pod(1, uid=STALE), True, id="of an earlier one"),
        pytest.param(by_pod(2, uid=STALE), False, id="of another name"),
        pytest.param(by_pod(1, uid=STALE, apiVersion="beta2"), False, id="of another version"),
    ],
)
def test_references_to_an_earlier_pod(reference: Obj, expected: bool) -> None:
    assert is_stale(the_claim(reference), the_pod(1)) is expected


# Making and mending members


TWO_CLAIMS = [CLAIM, {**CLAIM, "metadata": {"name": "logs"}}]


def forbid(world: Any, resource: str, most: int = 0) -> None:
    counted = f"count/{resource}"
    spec = {"hard": {counted: str(most)}}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": spec}
    world.put("resourcequotas", {**quota, "status": {**spec, "used": {counted: "0"}}})


def exceeded(resource: str, name: str, most: int = 0) -> str:
    counted = f"count/{resource}"
    numbers = f"requested: {counted}=1, used: {counted}={most}, limited: {counted}={most}"
    return f'{resource} "{name}" is forbidden: exceeded quota: q, {numbers}'


def said(world: Any) -> list[str]:
    return [f"{reason}: {message}" for reason, message in world.events("db")]


@follows("statefulset-controller", f"{CONTROL}: TestStatefulPodControlCreatesPods")
def test_claims_are_made_before_their_pod(stage: Any, pod_template: Any) -> None:
    world = stage(StatefulSetController)
    world.put("statefulsets.apps", stateful_set(pod_template, 1, volumeClaimTemplates=TWO_CLAIMS))
    world.act(0.05)
    assert said(world) == [
        "SuccessfulCreate: create Claim data-db-0 Pod db-0 in StatefulSet db success",
        "SuccessfulCreate: create Claim logs-db-0 Pod db-0 in StatefulSet db success",
        "SuccessfulCreate: create Pod db-0 in StatefulSet db successful",
    ]


@follows("statefulset-controller", f"{CONTROL}: TestStatefulPodControlCreatePodExists")
def test_a_pod_that_somebody_made_is_not_told(stage: Any, pod_template: Any) -> None:
    world = stage(StatefulSetController)
    world.put("persistentvolumeclaims", {**CLAIM, "metadata": {"name": "data-db-0"}})
    other = {"apiVersion": "v1", "kind": "Pod", **pod_template("other"), "metadata": {"name": "db-0"}}
    world.put("pods", other)
    world.put("statefulsets.apps", claiming_set(pod_template, 1))
    world.act(0.05)
    assert said(world) == []


@follows("statefulset-controller", f"{CONTROL}: TestStatefulPodControlCreatePodPvcCreateFailure")
@pytest.mark.parametrize(
    ("templates", "failed"),
    [
        pytest.param([CLAIM], ["data"], id="one claim"),
        pytest.param(TWO_CLAIMS, ["data", "logs"], id="each is tried"),
    ],
)
def test_claims_that_may_not_be_made(stage: Any, pod_template: Any, templates: list[Obj], failed: list[str]) -> None:
    world = stage(StatefulSetController)
    forbid(world, "persistentvolumeclaims")
    world.put("statefulsets.apps", stateful_set(pod_template, 1, volumeClaimTemplates=templates))
    world.act(0.003)
    why = {name: exceeded("persistentvolumeclaims", f"{name}-db-0") for name in failed}
    each = [
        f"FailedCreate: create Claim {name}-db-0 for Pod db-0 in StatefulSet db failed error: {text}"
        for name, text in why.items()
    ]
    together = ", ".join(f"failed to create PVC {name}-db-0: {text}" for name, text in why.items())
    together = f"[{together}]" if len(failed) > 1 else together
    assert said(world) == [*each, f"FailedCreate: create Pod db-0 in StatefulSet db failed error: {together}"]
    assert world.pods() == []


@follows("statefulset-controller", f"{CONTROL}: TestStatefulPodControlCreatePodPVCDeleting")
def test_a_claim_that_is_going_keeps_its_pod_away(stage: Any, pod_template: Any) -> None:
    world = stage(StatefulSetController)
    world.put("persistentvolumeclaims", {**CLAIM, "metadata": {"name": "data-db-0"}}, ending=True)
    world.put("statefulsets.apps", claiming_set(pod_template, 1))
    world.act(0.003)
    assert said(world) == [
        "FailedCreate: create Pod db-0 in StatefulSet db failed error: pvc data-db-0 is being deleted"
    ]


@follows("statefulset-controller", f"{CONTROL}: TestStatefulPodControlCreatePodFailed")
def test_a_pod_that_may_not_be_made(stage: Any, pod_template: Any) -> None:
    world = stage(StatefulSetController)
    forbid(world, "pods")
    world.put("statefulsets.apps", claiming_set(pod_template, 1))
    world.act(0.003)
    assert said(world) == [
        "SuccessfulCreate: create Claim data-db-0 Pod db-0 in StatefulSet db success",
        f"FailedCreate: create Pod db-0 in StatefulSet db failed error: {exceeded('pods', 'db-0')}",
    ]


@follows("statefulset-controller", "pkg/controller/statefulset/stateful_set_control.go: slowStartBatch")
@pytest.mark.parametrize(
    ("most", "tried"),
    [
        pytest.param(0, [0], id="the first alone"),
        pytest.param(1, [1, 2], id="then two"),
        pytest.param(3, [3, 4, 5, 6], id="then four"),
        pytest.param(4, [4, 5, 6], id="the whole batch is tried"),
    ],
)
def test_parallel_pods_are_tried_in_growing_batches(stage: Any, pod_template: Any, most: int, tried: list[int]) -> None:
    world = stage(StatefulSetController)
    forbid(world, "pods", most)
    world.put("statefulsets.apps", stateful_set(pod_template, 20, podManagementPolicy="Parallel"))
    world.act(0.003)
    refused = [line for line in said(world) if line.startswith("FailedCreate")]
    assert refused == [
        f"FailedCreate: create Pod db-{number} in StatefulSet db failed error: {exceeded('pods', f'db-{number}', most)}"
        for number in tried
    ]
    assert len(world.pods()) == most


@follows("statefulset-controller", f"{CONTROL}: TestStatefulPodControlNoOpUpdate")
def test_a_member_as_it_should_be_is_not_touched(stage: Any, pod_template: Any) -> None:
    world = settled(stage, pod_template)
    before = world.get("pods", "db-0")["metadata"]["resourceVersion"]
    world.client.patch("statefulsets.apps", "default", "db", {"metadata": {"labels": {"touched": "yes"}}})
    world.run(0.2)
    assert world.get("pods", "db-0")["metadata"]["resourceVersion"] == before
    assert not [line for line in said(world) if "Update" in line]


def settled(stage: Any, template: Any, **spec: Any) -> Any:
    world = stage(StatefulSetController)
    world.put("statefulsets.apps", claiming_set(template, 1, **spec))
    world.manager.start()
    settle(world, 6)
    return world


@follows(
    "statefulset-controller",
    f"{CONTROL}: TestStatefulPodControlUpdatesIdentity, TestStatefulPodControlUpdatePodConflictSuccess",
)
def test_a_member_gets_its_label_back(stage: Any, pod_template: Any) -> None:
    world = settled(stage, pod_template)
    label = "statefulset.kubernetes.io/pod-name"
    world.client.patch("pods", "default", "db-0", {"metadata": {"labels": {label: "goo-0"}}})
    world.run(0.2)
    assert world.get("pods", "db-0")["metadata"]["labels"][label] == "db-0"
    assert said(world)[-1] == "SuccessfulUpdate: update Pod db-0 in StatefulSet db successful"


@follows("statefulset-controller", f"{CONTROL}: TestStatefulPodControlUpdatesPodStorage")
def test_volumes_of_an_adopted_pod_cannot_be_changed(stage: Any, pod_template: Any) -> None:
    """An orphan of an earlier set that had no claims: what a cluster says when somebody adds claims that way."""
    world = stage(StatefulSetController)
    pod = {"apiVersion": "v1", "kind": "Pod", **pod_template("db")}
    labels = {"app": "db", "statefulset.kubernetes.io/pod-name": "db-0"}
    orphan = world.put("pods", {**pod, "metadata": {"name": "db-0", "labels": labels}})
    world.client.bind("default", "db-0", "node-1")
    world.make_ready(orphan)
    world.put("statefulsets.apps", claiming_set(pod_template, 2))
    world.act(0.003)
    assert said(world)[0] == "SuccessfulCreate: create Claim data-db-0 Pod db-0 in StatefulSet db success"
    assert said(world)[1].startswith(
        'FailedUpdate: update Pod db-0 in StatefulSet db failed error: Pod "db-0" is invalid: spec: Forbidden: '
        "pod updates may not change fields other than"
    )
    world.run(5)
    assert [one["metadata"]["name"] for one in world.pods()] == ["db-0"], "those after it wait"


@follows(
    "statefulset-controller",
    f"{CONTROL}: TestStatefulPodControlClaimsMatchDeletionPolcy, TestStatefulPodControlUpdatePodClaimForRetentionPolicy",
    f"{CONTROL}: TestStatefulPodControlRetainDeletionPolicyUpdate, TestStatefulPodControlRetentionPolicyUpdate",
)
@pytest.mark.parametrize(
    ("before", "after", "owners", "is_told"),
    [
        pytest.param("Retain", "Delete", ["StatefulSet"], True, id="the set becomes the owner"),
        pytest.param("Delete", "Retain", [], True, id="and no longer"),
        pytest.param("Delete", "Delete", ["StatefulSet"], False, id="nothing changes"),
    ],
)
def test_a_policy_that_changes(
    stage: Any, pod_template: Any, before: str, after: str, owners: list[str], is_told: bool
) -> None:
    world = settled(stage, pod_template, persistentVolumeClaimRetentionPolicy={"whenDeleted": before})
    change(world, persistentVolumeClaimRetentionPolicy={"whenDeleted": after})
    world.run(0.2)
    references = world.get("persistentvolumeclaims", "data-db-0")["metadata"].get("ownerReferences") or ()
    assert [one["kind"] for one in references] == owners
    told = "SuccessfulUpdate: update Pod db-0 in StatefulSet db successful" in said(world)
    assert told is is_told


@follows("statefulset-controller", f"{CONTROL}: TestPodClaimIsStale")
@pytest.mark.parametrize(
    ("data", "logs", "is_made"),
    [
        pytest.param("missing", "missing", True, id="all missing"),
        pytest.param("missing", "exists", True, id="exists"),
        pytest.param("stale", "exists", False, id="stale and exists"),
        pytest.param("stale", "missing", False, id="stale and missing"),
        pytest.param("exists", "stale", False, id="exists and stale"),
    ],
)
def test_a_pod_waits_for_claims_of_an_earlier_one(
    stage: Any, pod_template: Any, data: str, logs: str, is_made: bool
) -> None:
    world = stage(StatefulSetController)
    for name, state in (("data", data), ("logs", logs)):
        references = [by_pod(0, uid="stale")] if state == "stale" else []
        metadata = {"name": f"{name}-db-0", "ownerReferences": references}
        if state != "missing":
            world.put("persistentvolumeclaims", {**CLAIM, "metadata": metadata})
    policy = {"whenScaled": "Delete", "whenDeleted": "Retain"}
    made = stateful_set(pod_template, 1, volumeClaimTemplates=TWO_CLAIMS, persistentVolumeClaimRetentionPolicy=policy)
    world.put("statefulsets.apps", made)
    world.act(0.05)
    assert bool(world.pods()) is is_made
