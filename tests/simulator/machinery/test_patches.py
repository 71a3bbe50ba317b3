"""Patches: made as kubectl makes them, applied as the API server applies them, inputs untouched."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from simulator.machinery import patches, schemas
from simulator.machinery.patches import PatchError

DEPLOYMENT = schemas.schema_for("apps/v1", "Deployment")


def deployment(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {**spec, "template": {"spec": {"containers": list(containers)}}}}


def containers(obj: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = obj["spec"]["template"]["spec"]["containers"]
    return found


def apply(current: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    before = copy.deepcopy((current, patch))
    merged = patches.strategic_merge_patch(current, patch, DEPLOYMENT)
    assert (current, patch) == before, "inputs were changed"
    return merged


WEB = {"name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}]}
SIDE = {"name": "side", "image": "side:1"}


def test_a_container_is_found_by_its_name_and_merged() -> None:
    merged = apply(deployment(WEB, SIDE), deployment({"name": "side", "image": "side:2"}))
    assert containers(merged) == [WEB, {"name": "side", "image": "side:2"}]


def test_untouched_parts_are_shared_with_the_original() -> None:
    current = deployment(WEB, SIDE, replicas=1)
    merged = apply(current, {"spec": {"replicas": 2}})
    assert merged["spec"]["template"] is current["spec"]["template"]


def test_null_deletes_a_field() -> None:
    assert apply(deployment(WEB, replicas=1), {"spec": {"replicas": None}}) == deployment(WEB)


def test_patch_delete_removes_an_element() -> None:
    merged = apply(deployment(WEB, SIDE), deployment({"name": "side", "$patch": "delete"}))
    assert containers(merged) == [WEB]


def test_patch_replace_in_a_list_replaces_the_list() -> None:
    merged = apply(deployment(WEB, SIDE), deployment({"$patch": "replace"}, {"name": "only"}))
    assert containers(merged) == [{"name": "only"}]


def test_patch_replace_in_a_map_replaces_the_map() -> None:
    current = {"metadata": {"labels": {"a": "1", "b": "2"}}}
    assert apply(current, {"metadata": {"labels": {"$patch": "replace", "c": "3"}}}) == {
        "metadata": {"labels": {"c": "3"}}
    }


def test_set_element_order_orders_ours_and_keeps_what_only_the_server_has_in_place() -> None:
    current = deployment({"name": "a"}, {"name": "injected"}, {"name": "b"})
    patch = deployment({"name": "c", "image": "c:1"})
    patch["spec"]["template"]["spec"]["$setElementOrder/containers"] = [{"name": "c"}, {"name": "a"}, {"name": "b"}]
    assert [c["name"] for c in containers(apply(current, patch))] == ["c", "a", "injected", "b"]


def test_retain_keys_clears_what_is_not_named() -> None:
    current = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert apply(current, patch) == {"spec": {"strategy": {"type": "Recreate"}}}


def test_delete_from_primitive_list_removes_values() -> None:
    current = {"metadata": {"finalizers": ["a", "b", "c"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b"]}}
    assert apply(current, patch) == {"metadata": {"finalizers": ["a", "c"]}}


def test_an_element_without_its_merge_key_is_refused() -> None:
    with pytest.raises(PatchError) as refused:
        apply(deployment(WEB), deployment({"image": "x"}))
    assert str(refused.value) == "map: map[image:x] does not contain declared merge key: name"


def test_apply_changes_adds_and_deletes_against_the_right_side() -> None:
    last = deployment(WEB, SIDE, replicas=2)
    live = deployment({**WEB, "imagePullPolicy": "Always"}, SIDE, replicas=5, paused=False)
    wanted = deployment({**WEB, "image": "web:2"})
    patch = patches.three_way_merge(last, wanted, live, DEPLOYMENT)
    assert patch == {
        "spec": {
            "replicas": None,
            "template": {
                "spec": {
                    "$setElementOrder/containers": [{"name": "web"}],
                    "containers": [{"name": "web", "image": "web:2"}, {"$patch": "delete", "name": "side"}],
                }
            },
        }
    }
    assert apply(live, patch) == {
        "spec": {
            "paused": False,
            "template": {"spec": {"containers": [{**WEB, "image": "web:2", "imagePullPolicy": "Always"}]}},
        }
    }


def test_applying_the_same_manifest_again_gives_an_empty_patch() -> None:
    manifest = deployment(WEB, SIDE, replicas=2)
    live = deployment({**WEB, "imagePullPolicy": "Always"}, SIDE, replicas=2, paused=False)
    assert patches.three_way_merge(manifest, manifest, live, DEPLOYMENT) == {}


def test_switching_the_strategy_retains_only_its_keys() -> None:
    last = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    wanted = {"spec": {"strategy": {"type": "Recreate"}}}
    patch = patches.three_way_merge(last, wanted, last, DEPLOYMENT)
    assert patch == {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate", "rollingUpdate": None}}}
    assert apply(last, patch) == wanted


@pytest.mark.parametrize(
    ("current", "patch", "merged"),
    [
        ({"a": 1}, {"a": None}, {}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": "x"}, {"a": {"b": {"c": None}}}, {"a": {"b": {}}}),
    ],
    ids=["null deletes", "maps merge", "lists are replaced", "nulls inside something new vanish"],
)
def test_json_merge_patch(current: dict[str, Any], patch: dict[str, Any], merged: dict[str, Any]) -> None:
    before = copy.deepcopy(current)
    assert patches.merge_patch(current, patch) == merged
    assert current == before


def test_a_merge_patch_that_changes_nothing_returns_the_same_object() -> None:
    current = {"a": {"b": 1}}
    assert patches.merge_patch(current, {"a": {"c": None}}) is current


def test_three_way_json_merge_deletes_what_was_applied_and_keeps_what_others_added() -> None:
    patch = patches.three_way_json_merge({"a": 1, "b": 2}, {"a": 1, "c": 3}, {"a": 1, "b": 2, "live": 9})
    assert patch == {"b": None, "c": 3}


REPLICAS = {"spec": {"replicas": 1, "list": ["a", "b"]}, "other": {"kept": 1}}


@pytest.mark.parametrize(
    ("operation", "patched"),
    [
        ({"op": "replace", "path": "/spec/replicas", "value": 3}, {"replicas": 3, "list": ["a", "b"]}),
        ({"op": "add", "path": "/spec/list/-", "value": "c"}, {"replicas": 1, "list": ["a", "b", "c"]}),
        ({"op": "add", "path": "/spec/list/1", "value": "c"}, {"replicas": 1, "list": ["a", "c", "b"]}),
        ({"op": "remove", "path": "/spec/list/0"}, {"replicas": 1, "list": ["b"]}),
        ({"op": "add", "path": "/spec/a~1b", "value": 0}, {"replicas": 1, "list": ["a", "b"], "a/b": 0}),
        ({"op": "move", "from": "/spec/replicas", "path": "/spec/n"}, {"n": 1, "list": ["a", "b"]}),
        ({"op": "test", "path": "/spec/replicas", "value": 1}, {"replicas": 1, "list": ["a", "b"]}),
    ],
    ids=lambda value: value.get("op", ""),
)
def test_a_json_patch_changes_only_its_path(operation: dict[str, Any], patched: dict[str, Any]) -> None:
    before = copy.deepcopy(REPLICAS)
    result = patches.json_patch(REPLICAS, [operation])
    assert result == {**REPLICAS, "spec": patched}
    assert result["other"] is REPLICAS["other"]
    assert before == REPLICAS


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        (
            {"op": "remove", "path": "/spec/nope"},
            "error in remove for path: '/spec/nope': Unable to remove nonexistent key: nope: missing value",
        ),
        (
            {"op": "replace", "path": "/spec/nope", "value": 1},
            "replace operation does not apply: doc is missing key: /spec/nope: missing value",
        ),
        (
            {"op": "add", "path": "/nope/deeper", "value": 1},
            'add operation does not apply: doc is missing path: "/nope/deeper": missing value',
        ),
        (
            {"op": "add", "path": "/spec/list/9", "value": 1},
            "error in add for path: '/spec/list/9': Unable to access invalid index: 9: invalid index referenced",
        ),
        ({"op": "test", "path": "/spec/replicas", "value": True}, "testing value /spec/replicas failed: test failed"),
        ({"op": "frobnicate", "path": "/"}, "Unexpected kind: frobnicate"),
    ],
    ids=lambda value: value.get("op", "") if isinstance(value, dict) else "",
)
def test_a_json_patch_that_does_not_fit_is_refused(operation: dict[str, Any], says: str) -> None:
    with pytest.raises(PatchError) as refused:
        patches.json_patch(REPLICAS, [operation])
    assert str(refused.value) == says
