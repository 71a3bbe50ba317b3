"""Sets of field paths, as `metadata.managedFields` keeps them (FieldsV1).

A set is a tree of dicts. A key is one step of a path as FieldsV1 writes it (`f:spec`, `k:{"name":"web"}`, `v:"x"`); the key
`.` in a node says that the path to it is a member. The empty dict is the empty set. Follows
`structured-merge-diff/fieldpath`. Nothing is ever changed in place.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

FieldSet = dict[str, Any]
MEMBER = "."
LEAF: FieldSet = {MEMBER: {}}


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    if not left or not right:
        return left or right
    merged = dict(left)
    for step, below in right.items():
        merged[step] = union(merged[step], below) if step in merged else below
    return merged


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in `left` and not in `right`; a member of `right` says nothing about the paths below it. `left` itself when that is all of it."""
    if not left or not right:
        return left
    kept: FieldSet = {}
    is_all = True
    for step, below in left.items():
        if step not in right:
            kept[step] = below
        elif step != MEMBER and (rest := difference(below, right[step])):
            kept[step] = rest
            is_all = is_all and rest is below
        else:
            is_all = False
    return left if is_all else kept


def recursive_difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in `left`, not in `right` and not below a member of `right`."""
    if not right:
        return left
    if MEMBER in right:
        return {}
    kept: FieldSet = {}
    for step, below in left.items():
        rest = recursive_difference(below, right[step]) if step in right else below
        if rest or (step == MEMBER and step not in right):
            kept[step] = rest
    return kept


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    kept: FieldSet = {}
    for step, below in left.items():
        if step not in right:
            continue
        if step == MEMBER:
            kept[step] = {}
        elif both := intersection(below, right[step]):
            kept[step] = both
    return kept


def has(fields: FieldSet, path: tuple[str, ...]) -> bool:
    node = fields
    for step in path:
        if step not in node:
            return False
        node = node[step]
    return MEMBER in node


def members(fields: FieldSet, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every member's path: a path before those below it, steps in sorted order."""
    if MEMBER in fields:
        yield path
    for step in sorted(fields):
        if step != MEMBER:
            yield from members(fields[step], (*path, step))


def of_paths(*paths: tuple[str, ...]) -> FieldSet:
    """The set of fields named by plain names: `("metadata", "name")`."""
    found: FieldSet = {}
    for path in paths:
        node: FieldSet = LEAF
        for name in reversed(path):
            node = {f"f:{name}": node}
        found = union(found, node)
    return found


def encoded(fields: FieldSet) -> FieldSet:
    """As FieldsV1 has it: a member without anything below is an empty object; steps are sorted."""
    if fields == LEAF:
        return {}
    return {step: encoded(fields[step]) if step != MEMBER else {} for step in sorted(fields)}


def decoded(fields: object) -> FieldSet:
    """Raises ValueError for what is no FieldsV1."""
    if not isinstance(fields, dict):
        raise ValueError("fieldsV1 is no object")
    found: FieldSet = {}
    for step, below in fields.items():
        if step == MEMBER:
            found[MEMBER] = {}
        elif step[:2] not in ("f:", "k:", "v:", "i:"):
            raise ValueError(f"fieldsV1: found step {step!r}, wanted f:, k:, v: or i:")
        else:
            found[step] = decoded(below) or LEAF
    return found


def spelled(path: tuple[str, ...]) -> str:
    """`.spec.containers[name="web"].image`."""
    return "".join(_spelled_step(step) for step in path)


def _spelled_step(step: str) -> str:
    kind, text = step[:2], step[2:]
    if kind == "f:":
        return "." + text
    if kind == "v:":
        return f"[={text}]"
    if kind == "i:":
        return f"[{text}]"
    keys = msgspec.json.decode(text)
    return "[" + ",".join(f"{name}={_json(keys[name])}" for name in sorted(keys)) + "]"


def key_step(keys: dict[str, Any]) -> str:
    """The step to an item of an associative list."""
    return "k:" + _json({name: keys[name] for name in sorted(keys)})


def value_step(value: object) -> str:
    """The step to an item of a set."""
    return "v:" + _json(value)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
