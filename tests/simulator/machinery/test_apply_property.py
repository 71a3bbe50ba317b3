"""Whatever was applied before and whatever others wrote since: apply makes the live object hold the manifest."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.machinery import patches, schemas

SCHEMA = schemas.schema_for("apps/v1", "Deployment")
NAMES = st.sampled_from(["a", "b", "c", "d"])
TEXTS = st.sampled_from(["1", "2", "3"])


def named(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    item = st.fixed_dictionaries({"name": NAMES}, optional=fields)
    return st.lists(item, max_size=4, unique_by=lambda found: found["name"])


def manifests() -> st.SearchStrategy[dict[str, Any]]:
    containers = named(image=TEXTS, env=named(value=TEXTS), args=st.lists(TEXTS, max_size=2))
    pod = st.fixed_dictionaries({"containers": containers}, optional={"nodeSelector": st.dictionaries(NAMES, TEXTS)})
    return st.fixed_dictionaries(
        {"spec": st.fixed_dictionaries({"template": st.fixed_dictionaries({"spec": pod})})},
        optional={
            "metadata": st.fixed_dictionaries(
                {}, optional={"labels": st.dictionaries(NAMES, TEXTS), "finalizers": st.lists(NAMES, unique=True)}
            )
        },
    )


def holds(live: Any, wanted: Any) -> bool:
    """Everything of `wanted` is in `live`; lists of named things by name, in the manifest's order."""
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(holds(live.get(key), value) for key, value in wanted.items() if value)
    if isinstance(wanted, list) and wanted and isinstance(wanted[0], dict):
        found = {item["name"]: item for item in live}
        order = [item["name"] for item in live if item["name"] in {w["name"] for w in wanted}]
        return order == [w["name"] for w in wanted] and all(holds(found[w["name"]], w) for w in wanted)
    if isinstance(wanted, list):
        return all(item in live for item in wanted)
    return bool(live == wanted)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(manifests(), manifests(), manifests())
def test_applying_makes_the_live_object_hold_the_manifest(
    last: dict[str, Any], wanted: dict[str, Any], extra: dict[str, Any]
) -> None:
    live = patches.strategic_merge_patch(extra, last, SCHEMA)
    patch = patches.three_way_merge(last, wanted, live, SCHEMA)
    applied = patches.strategic_merge_patch(live, patch, SCHEMA)
    assert holds(applied, wanted)
    again = patches.three_way_merge(wanted, wanted, applied, SCHEMA)
    assert patches.strategic_merge_patch(applied, again, SCHEMA) == applied


@settings(max_examples=150, deadline=None, derandomize=True)
@given(manifests(), manifests())
def test_a_two_way_patch_turns_one_object_into_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    patch = patches.two_way_merge(before, after, SCHEMA)
    merged = patches.strategic_merge_patch(before, patch, SCHEMA)
    assert holds(merged, after)
    assert holds(after, merged)
