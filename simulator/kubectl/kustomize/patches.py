"""Patches of a kustomization: strategic merges and JSON patches, and which resources they are for.

A strategic merge here is Kustomize's own (`kyaml/yaml/merge2`), not the API server's: in lists that are merged by a key, what the
patch lists comes first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.errors import CommandError
from simulator.kubectl.kustomize.resource import Resource, id_text
from simulator.machinery import selectors
from simulator.machinery.json_patches import PatchError, json_patch
from simulator.machinery.schemas import Schema, schema_for
from simulator.machinery.yaml_documents import YamlError, read

_DIRECTIVE = "$patch"


def apply_patch(
    resources: list[Resource], documents: list[Obj] | tuple[Any, ...], shown: str, target: Obj | None, options: Obj
) -> None:
    """One entry of `patches`, read by `patch_documents`."""
    if isinstance(documents, tuple):
        _apply_json(resources, list(documents), target, f"[{shown}]")
    elif target is None:
        for patch in documents:
            apply_strategic(resources, patch, options)
    else:
        for resource in selected(resources, target):
            for patch in documents:
                _merge_into(resources, resource, patch, options)


def patch_documents(text: str, shown: str) -> list[Obj] | tuple[Any, ...]:
    """Strategic patches as a list of objects; a JSON patch as a tuple of its operations."""
    try:
        found = [document.value for document in read(text, words=False) if document.value is not None]
    except YamlError:
        found = []
    if len(found) == 1 and isinstance(found[0], list) and all(isinstance(one, dict) for one in found[0]):
        return tuple(found[0])
    if found and all(isinstance(one, dict) and (one.get("metadata") or {}).get("name") for one in found):
        return found
    raise CommandError(f"unable to parse SM or JSON patch from {shown}")


def _apply_json(resources: list[Resource], operations: list[Any], target: Obj | None, shown: str) -> None:
    if target is None:
        raise CommandError(f"must specify a target for JSON patch {shown}")
    for resource in selected(resources, target):
        patch_with_json(resource, operations)


def patch_with_json(resource: Resource, operations: list[Any]) -> None:
    resource.remember()
    try:
        for operation in operations:
            resource.obj = json_patch(resource.obj, [_lenient(resource.obj, operation)])
    except PatchError as error:
        raise CommandError(str(error)) from error


def _lenient(obj: Obj, operation: Any) -> Any:
    """Kustomize's `replace` of a key that is not there adds it."""
    if operation.get("op") != "replace":
        return operation
    node: Any = obj
    *parents, last = [step.replace("~1", "/").replace("~0", "~") for step in str(operation.get("path")).split("/")[1:]]
    for step in parents:
        node = node.get(step) if isinstance(node, dict) else None
    return {**operation, "op": "add"} if isinstance(node, dict) and last not in node else operation


def apply_strategic(resources: list[Resource], patch: Obj, options: Obj | None = None) -> None:
    """A patch that says itself which resource it is for."""
    metadata = patch.get("metadata") or {}
    version = str(patch.get("apiVersion") or "")
    group, _, short = version.rpartition("/")
    name, namespace = str(metadata.get("name") or ""), str(metadata.get("namespace") or "")
    wanted = id_text(str(patch.get("kind") or ""), short, group, name, namespace)
    found = [
        resource
        for resource in resources
        if resource.kind == patch.get("kind")
        and str(resource.obj.get("apiVersion")) == version
        and _was_called(resource, name, namespace)
    ]
    if not found:
        raise CommandError(
            f'no resource matches strategic merge patch "{wanted}": no matches for Id {wanted}; '
            f"failed to find unique target for patch {wanted}"
        )
    if len(found) > 1:
        raise CommandError(f"multiple matches for Id {wanted}; failed to find unique target for patch {wanted}")
    _merge_into(resources, found[0], patch, options or {})


def _was_called(resource: Resource, name: str, namespace: str) -> bool:
    return any(
        known == name and (not resource.is_namespaced or (space or "default") == (namespace or "default"))
        for space, known in resource.names()
    )


def _merge_into(resources: list[Resource], resource: Resource, patch: Obj, options: Obj) -> None:
    """Name and kind stay, unless the entry's options allow the patch to change them."""
    old = resource.obj
    merged = merge(old, patch, schema_for(str(old.get("apiVersion")), resource.kind))
    if merged is None:
        resources.remove(resource)
        return
    if not options.get("allowKindChange"):
        merged = {**merged, "kind": old["kind"], "apiVersion": old["apiVersion"]}
    if not options.get("allowNameChange"):
        metadata = {**(merged.get("metadata") or {}), "name": resource.name}
        if resource.namespace:
            metadata["namespace"] = resource.namespace
        merged["metadata"] = metadata
    resource.remember()
    resource.obj = merged


def merge(target: Any, patch: Any, schema: Schema | None) -> Any:
    """`patch` over `target`; None when nothing is left."""
    if not isinstance(patch, dict):
        return patch
    directive = patch.get(_DIRECTIVE)
    if directive == "delete":
        return None
    patch = {key: value for key, value in patch.items() if key != _DIRECTIVE}
    if directive == "replace" or not isinstance(target, dict):
        return cleaned(patch)
    merged = dict(target)
    for key, value in patch.items():
        field = (schema.properties.get(key) or schema.values) if schema is not None else None
        found = _merged_field(merged.get(key), value, field)
        if found is None:
            merged.pop(key, None)
        else:
            merged[key] = found
    return merged


def _merged_field(found: Any, value: Any, schema: Schema | None) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        if schema is not None and "merge" in schema.patch_strategy and isinstance(found, list):
            return _merged_list(found, value, schema)
        return cleaned([item for item in value if not _directive_of(item)])
    return merge(found, value, schema)


def _merged_list(found: list[Any], patch: list[Any], schema: Schema) -> list[Any] | None:
    if any(_directive_of(item) == "replace" for item in patch):
        return [cleaned(item) for item in patch if _directive_of(item) != "replace"]
    if not schema.merge_key:
        return [*dict.fromkeys([*patch, *found])]
    keys = _keys_of(schema, [*patch, *found])
    merged, taken = [], []
    for item in patch:
        identity = [item.get(key) for key in keys]
        old = next((one for one in found if [one.get(key) for key in keys] == identity), None)
        taken.append(identity)
        new = merge(old, item, schema.items) if old is not None else merge({}, item, schema.items)
        if new is not None:
            merged.append(new)
    return merged + [one for one in found if [one.get(key) for key in keys] not in taken] or None


def _keys_of(schema: Schema, items: Sequence[Any]) -> list[str]:
    """A list may be keyed by several fields (ports by port and protocol); those nobody sets do not count."""
    wanted = schema.list_map_keys or (schema.merge_key,)
    keys = [key for key in wanted if any(key in item for item in items)]
    return keys or [schema.merge_key]


def _directive_of(item: Any) -> str:
    return str(item.get(_DIRECTIVE) or "") if isinstance(item, dict) else ""


def cleaned(value: Any) -> Any:
    """A value that enters as a whole, without directives and nulls."""
    if isinstance(value, dict):
        return {key: cleaned(one) for key, one in value.items() if one is not None and key != _DIRECTIVE}
    return [cleaned(one) for one in value] if isinstance(value, list) else value


# Targets


def selected(resources: Sequence[Resource], target: Obj) -> list[Resource]:
    """The resources a target means: kind, group, version, name and namespace are patterns of whole words."""
    return [resource for resource in resources if _matches(resource, target)]


def _matches(resource: Resource, target: Obj) -> bool:
    plain = {"kind": resource.kind, "group": resource.group, "version": resource.version}
    if not all(_is(target.get(key), found) for key, found in plain.items()):
        return False
    if not any(
        _is(target.get("name"), name) and _is(target.get("namespace"), space) for space, name in resource.names()
    ):
        return False
    metadata = resource.obj.get("metadata") or {}
    return _has(target.get("labelSelector"), metadata.get("labels")) and _has(
        target.get("annotationSelector"), metadata.get("annotations")
    )


def _is(pattern: Any, found: str) -> bool:
    return not pattern or re.fullmatch(str(pattern), found) is not None


def _has(selector: Any, labels: Any) -> bool:
    if not selector:
        return True
    try:
        return selectors.parse(str(selector)).matches(labels or {})
    except selectors.SelectorError as error:
        raise CommandError(str(error)) from error
