"""`replacements`: a value of one resource copied into fields of others.

Follows https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/replacements/.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.errors import CommandError
from simulator.kubectl.kustomize.patches import selected
from simulator.kubectl.kustomize.resource import Resource

_STEP = re.compile(r"\[[^\]]*\]|(?:\\\.|[^.\[])+")


def replace_fields(resources: Sequence[Resource], entry: Obj) -> None:
    """One entry of `replacements`."""
    if entry.get("path"):
        raise CommandError("a replacement in a file of its own is not available in this workstation; write it in place")
    source, targets = entry.get("source"), entry.get("targets")
    if not source or not targets:
        raise CommandError("replacements must specify a source and at least one target")
    value = _source_value(resources, source)
    for target in targets:
        _fill(resources, target, value)


def _source_value(resources: Sequence[Resource], source: Obj) -> Any:
    found = selected(resources, {key: f"^{re.escape(str(text))}$" for key, text in source.items() if key in _SELECTS})
    shown = _shown(source)
    if not found:
        raise CommandError(f"nothing selected by {shown}")
    if len(found) > 1:
        raise CommandError(f"multiple matches for selector {shown}")
    path = str(source.get("fieldPath") or "metadata.name")
    holders = _holders(found[0].obj, steps_of(path), create=False)
    if not holders:
        raise CommandError(f"fieldPath `{path}` is missing for replacement source {shown.rpartition(':')[0] or shown}")
    node, key = holders[0]
    return _part(node[key], source.get("options") or {})


_SELECTS = ("kind", "group", "version", "name", "namespace")


def _shown(source: Obj) -> str:
    kind = f"{source.get('kind') or '[noKind]'}.{source.get('version') or '[noVer]'}.{source.get('group') or '[noGrp]'}"
    path = f":{source['fieldPath']}" if source.get("fieldPath") else ""
    return f"{kind}/{source.get('name') or '[noName]'}.{source.get('namespace') or '[noNs]'}{path}"


def _part(value: Any, options: Obj) -> Any:
    delimiter = options.get("delimiter")
    if not delimiter:
        return value
    parts, index = str(value).split(delimiter), int(options.get("index") or 0)
    if not 0 <= index < len(parts):
        raise CommandError(f"options.index {index} is out of bounds for value {value}")
    return parts[index]


def _fill(resources: Sequence[Resource], target: Obj, value: Any) -> None:
    select = target.get("select")
    if not select:
        raise CommandError("target must specify resources to select")
    options = target.get("options") or {}
    rejected = {id(one) for reject in target.get("reject") or () for one in selected(resources, reject)}
    for resource in selected(resources, select):
        if id(resource) in rejected:
            continue
        for path in target.get("fieldPaths") or ("metadata.name",):
            holders = _holders(resource.obj, steps_of(path), create=bool(options.get("create")))
            if not holders:
                raise CommandError(f"unable to find field {_quoted(path)} in replacement target")
            if path == "metadata.name":
                resource.remember()
            for node, key in holders:
                node[key] = _placed(node.get(key) if isinstance(node, dict) else node[key], value, options)


def _quoted(path: str) -> str:
    return f'"{path}"'


def _placed(old: Any, value: Any, options: Obj) -> Any:
    delimiter = options.get("delimiter")
    if not delimiter:
        return str(value) if isinstance(old, str) and not isinstance(value, (dict, list)) else value
    parts, index = str(old).split(delimiter), int(options.get("index") or 0)
    if index < 0:
        parts.insert(0, str(value))
    elif index >= len(parts):
        parts.append(str(value))
    else:
        parts[index] = str(value)
    return delimiter.join(parts)


def steps_of(path: str) -> list[str]:
    """`spec.containers.[name=a].env.0.value` in its steps; a dot inside a name has a backslash before it."""
    return [step.replace("\\.", ".") for step in _STEP.findall(path)]


def _holders(node: Any, steps: Sequence[str], *, create: bool) -> list[tuple[Any, Any]]:
    """The containers and keys that a path leads to."""
    step, rest = steps[0], steps[1:]
    keys: list[Any]
    if isinstance(node, list):
        keys = _elements(node, step)
    elif isinstance(node, dict):
        keys = [step] if step in node or create else []
        if create and rest and step not in node:
            node[step] = {}
    else:
        keys = []
    if not rest:
        return [(node, key) for key in keys]
    return [found for key in keys for found in _holders(node[key], rest, create=create)]


def _elements(node: list[Any], step: str) -> list[Any]:
    if step == "*":
        return list(range(len(node)))
    if step.startswith("["):
        key, _, value = step[1:-1].partition("=")
        return [at for at, item in enumerate(node) if isinstance(item, dict) and str(item.get(key)) == value]
    return [int(step)] if step.isdecimal() and int(step) < len(node) else []
