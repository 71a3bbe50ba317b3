"""Objects without owners, and namespaces that end."""

from typing import Any

import pytest

from simulator.controllers.garbage_collector import GarbageCollector
from simulator.controllers.namespace import NamespaceController
from tests.proof.follows import follows

Obj = dict[str, Any]
UPSTREAM = "pkg/controller/garbagecollector/garbagecollector_test.go"


def put(
    world: Any,
    name: str,
    *owners: tuple[str, Obj | str],
    finalizers: tuple[str, ...] = (),
    block: bool = True,
    more: tuple[Obj, ...] = (),
) -> Obj:
    """A ConfigMap; each owner as (name, object or made-up uid), `more` as they are."""
    references = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": name,
            "uid": owner if isinstance(owner, str) else owner["metadata"]["uid"],
            "blockOwnerDeletion": block,
        }
        for name, owner in owners
    ]
    metadata = {"name": name, "ownerReferences": [*references, *more], "finalizers": list(finalizers)}
    made: Obj = world.put("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    return made


def left(world: Any) -> str:
    return " ".join(one["metadata"]["name"] for one in world.all("configmaps"))


def owners(world: Any, name: str) -> list[str]:
    return [one["name"] for one in world.get("configmaps", name)["metadata"].get("ownerReferences") or ()]


@follows(
    "garbage-collector-controller",
    f"{UPSTREAM}: TestAttemptToDeleteItem, TestAbsentOwnerCache, TestConflictingData, TestProcessEvent",
)
@pytest.mark.parametrize(
    ("given", "stays"),
    [
        pytest.param(["none"], True, id="no owner"),
        pytest.param(["there"], True, id="its owner is there"),
        pytest.param(["absent"], False, id="its owner is not there"),
        pytest.param(["namesake"], False, id="its owner is another object of the same name"),
        pytest.param(["there", "absent"], True, id="one of two is there: the other is forgotten"),
        pytest.param(["absent", "namesake"], False, id="neither is there"),
    ],
)
def test_who_keeps_an_object(stage: Any, given: list[str], stays: bool) -> None:
    world = stage(GarbageCollector)
    owner = put(world, "owner")
    known: dict[str, tuple[str, Obj | str]] = {
        "there": ("owner", owner),
        "absent": ("gone", "u-gone"),
        "namesake": ("owner", "u-other"),
    }
    put(world, "dependent", *(known[one] for one in given if one != "none"))
    world.act()
    assert left(world) == ("dependent owner" if stays else "owner")
    if stays:
        assert owners(world, "dependent") == (["owner"] if "there" in given else [])


@follows(
    "garbage-collector-controller",
    "pkg/controller/garbagecollector/garbagecollector.go: isDangling, attemptToDeleteWorker",
)
@pytest.mark.parametrize(
    "before",
    [pytest.param([], id="alone"), pytest.param([("gone", "u-gone")], id="beside one that is gone")],
)
def test_an_owner_of_a_kind_that_nobody_serves_is_not_known_to_be_gone(stage: Any, before: list[Any]) -> None:
    """The object stays and is asked about again, later each time."""
    world = stage(GarbageCollector)
    stranger = {"apiVersion": "example.com/v1", "kind": "Ship", "name": "s", "uid": "u-ship"}
    put(world, "dependent", *before, more=(stranger,))
    world.act()
    assert owners(world, "dependent") == [*(name for name, _ in before), "s"]
    assert world.manager.parts[0].queue.failing == 1


@follows(
    "garbage-collector-controller",
    f"{UPSTREAM}: TestDependentsRace, TestUnblockOwnerReference, TestOrphanDependentsFailure",
    "pkg/controller/garbagecollector/garbagecollector.go: attemptToDeleteItem, processDeletingDependentsItem, orphanDependents",
)
@pytest.mark.parametrize(
    ("propagation", "block", "held", "remain", "kept_by"),
    [
        pytest.param("Background", True, False, "", [], id="in the background"),
        pytest.param("Foreground", True, False, "", [], id="in the foreground"),
        pytest.param("Foreground", True, True, "dependent owner", ["owner"], id="in the foreground, one cannot go yet"),
        pytest.param(
            "Foreground", False, True, "dependent", ["owner"], id="in the foreground, one that does not block"
        ),
        pytest.param("Background", True, True, "dependent", ["owner"], id="in the background, one cannot go yet"),
        pytest.param("Orphan", True, False, "dependent second", [], id="orphaned"),
    ],
)
def test_an_owner_is_deleted(
    stage: Any, propagation: str, block: bool, held: bool, remain: str, kept_by: list[str]
) -> None:
    world = stage(GarbageCollector)
    owner = put(world, "owner")
    dependent = put(world, "dependent", ("owner", owner), finalizers=("example.com/hold",) if held else (), block=block)
    put(world, "second", ("dependent", dependent))
    world.act()
    world.client.delete("configmaps", "default", "owner", propagation=propagation)
    world.run(5)
    assert left(world).replace(" second", "" if held else " second") == remain
    if remain:
        assert owners(world, "dependent") == kept_by


@follows(
    "garbage-collector-controller",
    "test/integration/garbagecollector/garbage_collector_test.go: TestBlockingOwnerRefDoesBlock, TestNonBlockingOwnerRefDoesNotBlock, TestSolidOwnerDoesNotBlockWaitingOwner, TestDoubleDeletionWithFinalizer",
)
@pytest.mark.parametrize(
    ("references", "remain"),
    [
        pytest.param(["waiting"], "other", id="its only owner waits: it goes"),
        pytest.param(["waiting", "other"], "dependent other", id="another owner keeps it: the one that waits goes"),
    ],
)
def test_an_owner_that_waits(stage: Any, references: list[str], remain: str) -> None:
    world = stage(GarbageCollector)
    known = {name: put(world, name) for name in ("waiting", "other")}
    put(world, "dependent", *((name, known[name]) for name in references))
    world.act()
    world.client.delete("configmaps", "default", "waiting", propagation="Foreground")
    world.run(5)
    assert left(world) == remain


@follows(
    "garbage-collector-controller",
    "test/integration/garbagecollector/garbage_collector_test.go: TestCascadingDeletion",
    "https://kubernetes.io/docs/concepts/architecture/garbage-collection/",
)
def test_a_circle_of_owners_goes_together(stage: Any) -> None:
    world = stage(GarbageCollector)
    made = {name: put(world, name) for name in ("a", "b", "c")}
    for name, owner in (("a", "c"), ("b", "a"), ("c", "b")):
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": made[owner]["metadata"]["uid"]}
        reference["blockOwnerDeletion"] = True
        world.client.patch("configmaps", "default", name, {"metadata": {"ownerReferences": [reference]}})
    world.act()
    world.client.delete("configmaps", "default", "a", propagation="Foreground")
    world.run(5)
    assert left(world) == ""


# Namespaces

DELETER = "pkg/controller/namespace/deletion/namespaced_resources_deleter_test.go"
FINE = {
    "NamespaceDeletionDiscoveryFailure": ("False", "ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "False",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    "NamespaceDeletionContentFailure": (
        "False",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("False", "ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": ("False", "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}


@follows(
    "namespace-controller",
    f"{DELETER}: TestSyncNamespaceThatIsActive, TestSyncNamespaceThatIsTerminatingV1, TestFinalizeNamespaceFunc, TestFinalized",
    "pkg/controller/namespace/deletion/status_condition_utils.go",
)
@pytest.mark.parametrize(
    ("finalizers", "deleted", "inside", "stays", "differs"),
    [
        pytest.param(["kubernetes"], False, [], True, None, id="active"),
        pytest.param(["kubernetes"], True, [], False, None, id="pending finalize"),
        pytest.param([], True, [], False, None, id="finalized already"),
        pytest.param(["kubernetes", "other"], True, [], True, {}, id="somebody else's finalizer stays"),
        pytest.param(["kubernetes"], True, ["plain", "plain"], False, None, id="content is deleted"),
        pytest.param(
            ["kubernetes"],
            True,
            ["plain", "held", "held"],
            True,
            {
                "NamespaceContentRemaining": (
                    "True",
                    "SomeResourcesRemain",
                    "Some resources are remaining: configmaps. has 2 resource instances",
                ),
                "NamespaceFinalizersRemaining": (
                    "True",
                    "SomeFinalizersRemain",
                    "Some content in the namespace has finalizers remaining: example.com/hold in 2 resource instances",
                ),
            },
            id="content with finalizers",
        ),
    ],
)
def test_a_namespace_that_ends(
    stage: Any, finalizers: list[str], deleted: bool, inside: list[str], stays: bool, differs: Obj | None
) -> None:
    world = stage(NamespaceController)
    world.client.create(
        "namespaces",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "test"}, "spec": {"finalizers": finalizers}},
    )
    for number, what in enumerate(inside):
        metadata = {
            "name": f"c{number}",
            "namespace": "test",
            "finalizers": ["example.com/hold"] if what == "held" else [],
        }
        world.put("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    world.manager.start()
    if deleted:
        world.client.delete("namespaces", "", "test")
    world.run(10)
    found = world.find("namespaces", "test", "")
    assert (found is not None) is stays
    if found is None:
        return
    conditions = {
        one["type"]: (one["status"], one["reason"], one["message"]) for one in found["status"].get("conditions") or ()
    }
    assert conditions == ({} if differs is None else FINE | differs)
    if not inside and deleted:
        assert found["spec"]["finalizers"] == ["other"]


@follows(
    "namespace-controller",
    "pkg/controller/namespace/namespace_controller.go",
    "pkg/controller/namespace/deletion/namespaced_resources_deleter.go: estimateGracefulTermination",
)
@pytest.mark.parametrize(
    ("grace", "gone_after", "looks"),
    [
        pytest.param(0, 0, [5], id="nothing inside: after five seconds"),
        pytest.param(
            30, 31, [5, 10, 26, 42], id="a pod of thirty seconds: five after its status, then half of them and one more"
        ),
    ],
)
def test_when_a_namespace_is_looked_at(stage: Any, grace: int, gone_after: int, looks: list[int]) -> None:
    world = stage(NamespaceController)
    world.namespace("test")
    if grace:
        spec = {"containers": [{"name": "c", "image": "x"}], "terminationGracePeriodSeconds": grace, "nodeName": "n"}
        made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "test"}, "spec": spec}
        world.put("pods", {**made, "status": {"phase": "Running"}})
    world.manager.start()
    start = world.engine.now
    world.client.delete("namespaces", "", "test")
    seen: list[int] = []
    for second in range(1, 60):
        world.run(1)
        (controller,) = world.controllers
        at = (controller.synced[0] - start) // 1_000_000
        if controller.synced[2] and (not seen or seen[-1] != at):
            seen.append(at)
        if second == gone_after:
            world.finish_deletions()
        if world.find("namespaces", "test", "") is None:
            break
    assert [at for at in seen if at > 0] == looks
