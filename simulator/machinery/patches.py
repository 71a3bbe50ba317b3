"""The patch formats of the API: JSON patch, JSON merge patch and the strategic merge patch, made and applied.

Promises: inputs are never changed and untouched parts of the result are shared with them; strategic patches
understand `$patch`, `$setElementOrder`, `$retainKeys` and `$deleteFromPrimitiveList`, with merge keys taken from
the schema; `three_way_merge` gives the patch `kubectl apply` sends. A patch that cannot be applied raises
`PatchError` with upstream's message. Follows `apimachinery/pkg/util/strategicpatch` and `jsonmergepatch`.

Leaves to others: server-side apply, and what may be patched at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator.machinery import go_text
from simulator.machinery.json_patches import PatchError, json_patch, same_json
from simulator.machinery.schemas import Schema

__all__ = [
    "PatchError",
    "json_merge_diff",
    "json_patch",
    "merge_patch",
    "strategic_merge_patch",
    "three_way_json_merge",
    "three_way_merge",
    "two_way_merge",
]

Obj = dict[str, Any]

_PATCH = "$patch"
_RETAIN = "$retainKeys"
_ORDER = "$setElementOrder/"
_DELETE = "$deleteFromPrimitiveList/"


# JSON merge patch (RFC 7386)


def merge_patch(current: Any, patch: Any) -> Any:
    """Merge objects key by key, null deletes, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(current) if isinstance(current, dict) else {}
    changed = not isinstance(current, dict)
    for key, value in patch.items():
        if value is None:
            changed |= result.pop(key, _ABSENT) is not _ABSENT
        elif not isinstance(value, dict):
            if value is not result.get(key, _ABSENT):
                result[key] = value
                changed = True
        elif (merged := merge_patch(result.get(key), value)) is not result.get(key, _ABSENT):
            result[key] = merged
            changed = True
    return result if changed else current


_ABSENT = object()


def json_merge_diff(original: Obj, modified: Obj) -> Obj:
    """The smallest merge patch that turns `original` into `modified`."""
    patch: Obj = {}
    for key, wanted in modified.items():
        found = original.get(key, _ABSENT)
        if isinstance(wanted, dict) and isinstance(found, dict):
            if inner := json_merge_diff(found, wanted):
                patch[key] = inner
        elif found is _ABSENT or not same_json(found, wanted):
            patch[key] = wanted
    for key in original:
        if key not in modified:
            patch[key] = None
    return patch


def three_way_json_merge(original: Obj, modified: Obj, current: Obj) -> Obj:
    """What `kubectl apply` sends for a kind without merge keys: additions and changes against the live object,
    deletions against what was applied last."""
    additions = _without_nulls(json_merge_diff(current, modified))
    deletions = _only_nulls(json_merge_diff(original, modified))
    merged = _overlay(deletions, additions)
    return merged if isinstance(merged, dict) else {}


def _overlay(below: Any, above: Any) -> Any:
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {**below, **{key: _overlay(below.get(key), value) for key, value in above.items()}}


def _without_nulls(patch: Obj) -> Obj:
    kept: Obj = {}
    for key, value in patch.items():
        if isinstance(value, dict):
            if (inner := _without_nulls(value)) or not value:
                kept[key] = inner
        elif value is not None:
            kept[key] = value
    return kept


def _only_nulls(patch: Obj) -> Obj:
    kept: Obj = {}
    for key, value in patch.items():
        if value is None:
            kept[key] = None
        elif isinstance(value, dict) and (inner := _only_nulls(value)):
            kept[key] = inner
    return kept


# Strategic merge patch, applied


def strategic_merge_patch(current: Obj, patch: Obj, schema: Schema | None) -> Obj:
    """Apply a strategic merge patch to a live object."""
    merged = _merge_map(current, patch, schema)
    return {} if merged is None else merged


def _merge_map(current: Obj, patch: Obj, schema: Schema | None) -> Obj | None:
    """The merged map; None when the patch asks for its deletion."""
    directive = patch.get(_PATCH)
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != _PATCH}
    if directive == "delete":
        return None
    if directive not in (None, "merge"):
        raise PatchError(f"Unknown patch type found: {directive}")
    result = _retained(current, patch)
    for key, value in patch.items():
        if key.startswith("$"):
            _apply_primitive_deletions(result, key, value)
            continue
        _merge_field(result, key, value, patch, _field(schema, key))
    for key in patch:
        if key.startswith(_ORDER) and (name := key.removeprefix(_ORDER)) not in patch and name in result:
            _merge_field(result, name, [], patch, _field(schema, name))
    return result


def _retained(current: Obj, patch: Obj) -> Obj:
    keep = patch.get(_RETAIN)
    if keep is None:
        return dict(current)
    if not isinstance(keep, list):
        raise PatchError("invalid patch format of $retainKeys: it must be a list")
    for key in patch:
        if not key.startswith("$") and patch[key] is not None and key not in keep:
            raise PatchError("invalid patch: $retainKeys must contain every field of the patch")
    return {key: value for key, value in current.items() if key in keep}


def _apply_primitive_deletions(result: Obj, key: str, doomed: Any) -> None:
    if not key.startswith(_DELETE):
        return
    name = key.removeprefix(_DELETE)
    if isinstance(result.get(name), list):
        result[name] = [item for item in result[name] if not any(same_json(item, gone) for gone in doomed)]


def _merge_field(result: Obj, key: str, value: Any, patch: Obj, schema: Schema | None) -> None:
    if value is None:
        result.pop(key, None)
        return
    found = result.get(key)
    if isinstance(value, dict):
        if schema is not None and "replace" in schema.patch_strategy:
            result[key] = _undirected(value)
            return
        merged = _merge_map(found if isinstance(found, dict) else {}, value, schema)
        if merged is None:
            result.pop(key, None)
        else:
            result[key] = merged
    elif isinstance(value, list) and schema is not None and "merge" in schema.patch_strategy:
        order = patch.get(_ORDER + key)
        result[key] = _merge_list(found if isinstance(found, list) else [], value, order, schema)
    else:
        result[key] = _undirected(value)


def _undirected(value: Any) -> Any:
    """A value that enters the object as a whole loses its directives, and its nulls with them."""
    if isinstance(value, dict):
        return {k: _undirected(v) for k, v in value.items() if not k.startswith("$") and v is not None}
    if isinstance(value, list):
        kept = [item for item in value if not (isinstance(item, dict) and item.get(_PATCH) in ("delete", "replace"))]
        return [_undirected(item) for item in kept]
    return value


def _field(schema: Schema | None, key: str) -> Schema | None:
    if schema is None:
        return None
    return schema.properties.get(key) or schema.values


def _merge_list(current: list[Any], patch: list[Any], order: list[Any] | None, schema: Schema) -> list[Any]:
    if schema.merge_key:
        return _merge_list_of_maps(current, patch, order, schema)
    merged = list(current)
    merged += [item for index, item in enumerate(patch) if item not in merged and item not in patch[:index]]
    return _ordered(merged, patch, order, current, key="")


def _merge_list_of_maps(current: list[Any], patch: list[Any], order: list[Any] | None, schema: Schema) -> list[Any]:
    key = schema.merge_key
    doomed = [item for item in patch if _directive(item) == "delete"]
    if any(_directive(item) == "replace" for item in patch):
        return [_undirected(item) for item in patch if _directive(item) is None]
    merged = list(current)
    for item in doomed:
        identity = _identity(item, key)
        merged = [found for found in merged if _identity(found, key) != identity]
    for item in patch:
        if _directive(item) == "delete":
            continue
        identity = _identity(item, key)
        at = next((i for i, found in enumerate(merged) if _identity(found, key) == identity), None)
        if at is None:
            merged.append(_undirected(item))
        else:
            replaced = _merge_map(merged[at], item, schema.items)
            merged[at : at + 1] = [] if replaced is None else [replaced]
    kept = [item for item in patch if _directive(item) != "delete"]
    return _ordered(merged, kept, order, current, key=key)


def _directive(item: Any) -> str | None:
    return item.get(_PATCH) if isinstance(item, dict) else None


def _identity(item: Any, key: str) -> Any:
    if not key:
        return item
    if not isinstance(item, dict) or key not in item:
        raise PatchError(f"map: {go_text.value(item)} does not contain declared merge key: {key}")
    return item[key]


def _ordered(
    merged: list[Any], patch: list[Any], order: list[Any] | None, current: list[Any], *, key: str
) -> list[Any]:
    """Items of the patch in the wanted order, items only the server has kept at their relative place."""
    if order is None:
        order = patch
    wanted = [_identity(item, key) for item in order]
    server_order = [_identity(item, key) for item in current]
    ours = [item for item in merged if _identity(item, key) in wanted]
    theirs = [item for item in merged if _identity(item, key) not in wanted]
    return _interleave(theirs, _by_rank(ours, order, key), server_order, key)


def _pick(item: Any, key: str) -> Any:
    return {key: _identity(item, key)} if key else item


def _by_rank(items: list[Any], order: Iterable[Any], key: str) -> list[Any]:
    ranks: list[Any] = []
    for entry in order:
        if (identity := _identity(entry, key)) not in ranks:
            ranks.append(identity)
    rank = {_hashable(identity): position for position, identity in enumerate(ranks)}
    return sorted(items, key=lambda item: rank.get(_hashable(_identity(item, key)), len(rank)))


def _hashable(identity: Any) -> Any:
    return identity if not isinstance(identity, dict | list) else repr(identity)


def _interleave(theirs: list[Any], ours: list[Any], server_order: list[Any], key: str) -> list[Any]:
    """Each server-only item goes before the first item of ours that stood behind it on the server."""
    place = {_hashable(identity): position for position, identity in enumerate(server_order)}
    result: list[Any] = []
    left = 0
    for item in ours:
        at = place.get(_hashable(_identity(item, key)))
        while at is not None and left < len(theirs) and place[_hashable(_identity(theirs[left], key))] < at:
            result.append(theirs[left])
            left += 1
        result.append(item)
    return result + theirs[left:]


# Strategic merge patch, made


def two_way_merge(original: Obj, modified: Obj, schema: Schema | None) -> Obj:
    """The strategic patch that turns `original` into `modified`: what `kubectl edit`, `set` and `scale` send."""
    return _Differ(changes=True, deletions=True).maps(original, modified, schema, retain=False)


def three_way_merge(original: Obj, modified: Obj, current: Obj, schema: Schema | None) -> Obj:
    """The strategic patch `kubectl apply` sends: changes of the manifest against the live object, deletions
    against the manifest applied last. Empty when nothing is to do."""
    changes = _Differ(changes=True, deletions=False).maps(current, modified, schema, retain=False)
    deletions = _Differ(changes=False, deletions=True).maps(original, modified, schema, retain=False)
    return _merge_patches(deletions, changes, schema)


class _Differ:
    """One direction of a difference: which of changes (with additions) and deletions end up in the patch."""

    def __init__(self, *, changes: bool, deletions: bool) -> None:
        self.changes = changes
        self.deletions = deletions

    def maps(self, original: Obj, modified: Obj, schema: Schema | None, *, retain: bool) -> Obj:
        patch: Obj = {}
        for key, wanted in modified.items():
            found = original.get(key, _ABSENT)
            if found is _ABSENT:
                if self.changes:
                    patch[key] = wanted
            else:
                self._field(patch, key, found, wanted, _field(schema, key))
        if self.deletions:
            for key in original:
                if key not in modified:
                    patch[key] = None
        kept = sorted(key for key, value in modified.items() if value is not None)
        if retain and kept and (patch or any(key not in modified for key in original)):
            patch[_RETAIN] = kept
        return patch

    def _field(self, patch: Obj, key: str, found: Any, wanted: Any, schema: Schema | None) -> None:
        strategy = schema.patch_strategy if schema is not None else ()
        if isinstance(found, dict) and isinstance(wanted, dict) and "replace" not in strategy:
            if inner := self.maps(found, wanted, schema, retain="retainKeys" in strategy):
                patch[key] = inner
        elif isinstance(found, list) and isinstance(wanted, list) and "merge" in strategy and schema is not None:
            self._lists(patch, key, found, wanted, schema)
        elif self.changes and not same_json(found, wanted):
            patch[key] = wanted

    def _lists(self, patch: Obj, key: str, found: list[Any], wanted: list[Any], schema: Schema) -> None:
        if same_json(found, wanted):
            return
        if not schema.merge_key:
            self._primitive_lists(patch, key, found, wanted)
            return
        changes, deletions = self._element_changes(found, wanted, schema)
        if changes or deletions:
            patch[key] = changes + deletions
        if changes or deletions or self._reordered(found, wanted, schema.merge_key):
            patch[_ORDER + key] = [_pick(item, schema.merge_key) for item in wanted]
            if not wanted:
                del patch[_ORDER + key]

    def _element_changes(self, found: list[Any], wanted: list[Any], schema: Schema) -> tuple[list[Any], list[Any]]:
        key = schema.merge_key
        before = {_hashable(_identity(item, key)): item for item in found}
        after = {_hashable(_identity(item, key)): item for item in wanted}
        changes, deletions = [], []
        for identity, item in after.items():
            known = before.get(identity)
            if known is None:
                if self.changes:
                    changes.append(item)
                continue
            retain = "retainKeys" in schema.patch_strategy
            if inner := self.maps(known, item, schema.items, retain=retain):
                changes.append({**inner, key: item[key]})
        if self.deletions:
            for identity in sorted(before, key=str):
                if identity not in after:
                    deletions.append({_PATCH: "delete", key: before[identity][key]})
        return changes, deletions

    def _reordered(self, found: list[Any], wanted: list[Any], key: str) -> bool:
        return self.changes and [_identity(i, key) for i in found] != [_identity(i, key) for i in wanted]

    def _primitive_lists(self, patch: Obj, key: str, found: list[Any], wanted: list[Any]) -> None:
        added = [item for item in wanted if item not in found]
        gone = [item for item in found if item not in wanted]
        if added and self.changes:
            patch[key] = added
        if gone and self.deletions:
            patch[_DELETE + key] = gone
        if (added and self.changes) or (gone and self.deletions):
            patch[_ORDER + key] = wanted


def _merge_patches(below: Obj, above: Obj, schema: Schema | None) -> Obj:
    """Two patches as one: directives stay, lists with a merge key are joined element by element."""
    result = dict(below)
    for key, value in above.items():
        found = result.get(key)
        if key.startswith("$") or not isinstance(found, type(value)):
            result[key] = value
        elif isinstance(value, dict):
            result[key] = _merge_patches(found, value, _field(schema, key))
        elif isinstance(value, list) and (node := _field(schema, key)) is not None and node.merge_key:
            result[key] = _merge_patch_lists(found, value, node)
        else:
            result[key] = value
    return result


def _merge_patch_lists(below: list[Any], above: list[Any], schema: Schema) -> list[Any]:
    key = schema.merge_key
    merged = list(above)
    for item in below:
        identity = _identity(item, key)
        at = next((i for i, other in enumerate(merged) if _identity(other, key) == identity), None)
        if at is None:
            merged.append(item)
        elif _directive(item) is None:
            merged[at] = _merge_patches(item, merged[at], schema.items)
    return merged
