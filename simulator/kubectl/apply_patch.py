"""The patch that `apply` sends, and why there may be none.

Promises: what others wrote is kept; a patch that cannot be made is told as kubectl tells it, with the three states it was to be
made from (`kubectl/pkg/cmd/apply/patcher.go`).
"""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import MERGE_PATCH, STRATEGIC_PATCH
from simulator.kubectl.call import Call
from simulator.kubectl.errors import CommandError
from simulator.kubectl.last_applied import LAST_APPLIED
from simulator.kubectl.manifests import Manifest
from simulator.machinery import go_text
from simulator.machinery.json_patches import PatchError
from simulator.machinery.json_text import compact
from simulator.machinery.patches import three_way_json_merge, three_way_merge
from simulator.machinery.resources import Resource
from simulator.machinery.schemas import schema_for
from simulator.machinery.yaml_documents import YamlError, read


def apply_patch(call: Call, manifest: Manifest, live: Obj, modified: Obj) -> tuple[str, Obj]:
    """The patch that brings `live` to `modified`, and its kind; empty when there is nothing to do."""
    text = (live["metadata"].get("annotations") or {}).get(LAST_APPLIED, "")
    try:
        kind, patch = _made(manifest.resource, _original(text), live, modified)
        _keep_what_it_is(manifest, live, patch)
    except PatchError as error:
        current = call.api.get(manifest.resource, manifest.namespace, manifest.name, with_ownership=True)
        raise CommandError(
            f"creating patch with:\noriginal:\n{text}\nmodified:\n{compact(modified)}\n\ncurrent:\n{compact(current)}\n\n"
            f"for:: {error}"
        ) from error
    return kind, patch


def _made(resource: Resource, original: Obj, live: Obj, modified: Obj) -> tuple[str, Obj]:
    schema = schema_for(resource.api_version, resource.kind)
    if schema is None:
        return MERGE_PATCH, three_way_json_merge(original, modified, live)
    return STRATEGIC_PATCH, three_way_merge(original, modified, live, schema)


def _keep_what_it_is(manifest: Manifest, live: Obj, patch: Obj) -> None:
    """No patch makes another kind of an object: `kind: pod` is none."""
    if manifest.obj["kind"] != live["kind"]:
        raise PatchError(f"precondition failed for: {go_text.value(patch)}")


def _original(text: str) -> Obj:
    try:
        found = read(text) if text else []
    except YamlError:
        return {}
    return found[0].value if found and isinstance(found[0].value, dict) else {}
