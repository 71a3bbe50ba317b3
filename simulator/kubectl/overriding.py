"""`--overrides` of `kubectl run` and `kubectl expose`: JSON that is laid over the object before it is sent.

Follows `pkg/cmd/util/override_options.go` and `helpers.go` of kubectl: `--override-type` says whether the text is a JSON
merge patch, a JSON patch or a strategic merge patch. As the real command decodes the result into a struct, unknown fields
fall away.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Flag
from simulator.kubectl.errors import CommandError
from simulator.machinery.decoding import check
from simulator.machinery.json_patches import PatchError, json_patch
from simulator.machinery.patches import merge_patch, strategic_merge_patch
from simulator.machinery.schemas import schema_for

OVERRIDE_FLAGS = (
    Flag("overrides", help="JSON to lay over the object before it is sent"),
    Flag("override-type", default="merge", help="How: json, merge or strategic"),
)

_NOT_AN_OBJECT = (
    "couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go value of type struct "
    '{{ APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }}'
)


def overridden(call: Call, obj: Obj) -> Obj:
    """The object with `--overrides`. Raises CommandError when the text is no patch of the wanted type."""
    if not call.text("overrides"):
        return obj
    laid_over = _TYPES.get(call.text("override-type"))
    if laid_over is None:
        raise CommandError(f"invalid override type: {call.text('override-type')}")
    try:
        result = laid_over(obj, call.text("overrides"))
    except PatchError as error:
        raise CommandError(str(error)) from error
    if not isinstance(result, dict):
        raise CommandError(_NOT_AN_OBJECT.format(_JSON_NAMES.get(type(result), "number")))
    pruned, problems = check(result, schema_for(obj["apiVersion"], obj["kind"]))
    wrong = next((problem for problem in problems if problem.sort == "type"), None)
    if wrong is not None:
        raise CommandError(wrong.message)
    return _with_zero_values(obj, pruned)


def _merged(obj: Obj, text: str) -> Any:
    try:
        patch = json.loads(text)
    except ValueError as error:
        raise PatchError("Invalid JSON Patch") from error
    return merge_patch(obj, patch) if isinstance(patch, dict) else patch


def _strategically_merged(obj: Obj, text: str) -> Any:
    try:
        patch = json.loads(text)
    except ValueError as error:
        raise PatchError("invalid JSON document") from error
    if not isinstance(patch, dict):
        raise PatchError("invalid JSON document")
    return strategic_merge_patch(obj, patch, schema_for(obj["apiVersion"], obj["kind"]))


def _patched(obj: Obj, text: str) -> Any:
    try:
        operations = json.loads(text)
    except ValueError as error:
        raise PatchError("invalid JSON document") from error
    if not isinstance(operations, list):
        raise PatchError(
            f"json: cannot unmarshal {_JSON_NAMES.get(type(operations), 'number')} into Go value of type jsonpatch.Patch"
        )
    return json_patch(obj, operations)


_TYPES: dict[str, Callable[[Obj, str], Any]] = {"merge": _merged, "strategic": _strategically_merged, "json": _patched}
_JSON_NAMES: dict[type, str] = {list: "array", dict: "object", str: "string", bool: "bool"}


def _with_zero_values(original: Obj, obj: Obj) -> Obj:
    """What a Go struct prints though nobody set it."""
    metadata = {"creationTimestamp": None, **obj.get("metadata", {})}
    shown: Obj = {**obj, "metadata": metadata, "status": obj.get("status") or original["status"]}
    spec = obj.get("spec")
    if spec and obj["kind"] == "Pod":
        spec = {
            **spec,
            "containers": [{**c, "resources": c.get("resources") or {}} for c in spec.get("containers") or ()],
        }
        shown["spec"] = {**spec, "containers": spec["containers"] or None}
    return shown
