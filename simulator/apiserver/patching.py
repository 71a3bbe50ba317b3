"""A patch of any of the three kinds that are worked out at once, and what is wrong with one.

Leaves to others: server-side apply (`ownership.py`), the rules of each kind of patch (`machinery.patches`).
"""

import re

from simulator.apiserver import errors
from simulator.apiserver.errors import StatusError
from simulator.apiserver.request import Request
from simulator.apiserver.routing import media_type
from simulator.engine.plain import Obj
from simulator.machinery import go_text, json_text
from simulator.machinery.kinds import Kinds
from simulator.machinery.patches import PatchError, json_patch, merge_patch, strategic_merge_patch
from simulator.machinery.schemas import schema_for

APPLY_PATCH = "application/apply-patch+yaml"
_GO_MAP = "map[string]interface {}"
_GO_NAMES = {str: "string", int: "number", float: "number", bool: "bool", list: "array", dict: "object"}


def patched(kinds: Kinds, request: Request, current: Obj) -> Obj:
    kind, is_custom = media_type(request), _is_custom(kinds, current)
    _refuse_no_patch(kind, request.body)
    try:
        if kind == "application/json-patch+json":
            changed: Obj = json_patch(current, request.body)
            return changed
        if kind == "application/merge-patch+json":
            merged: Obj = merge_patch(current, request.body)
            return merged
        if kind == "application/strategic-merge-patch+json" and not is_custom:
            schema = schema_for(current["apiVersion"], current["kind"])
            return strategic_merge_patch(current, request.body, schema)
    except PatchError as error:
        raise errors.bad_request(str(error)) from error
    if is_custom:
        raise errors.unsupported_media_type(
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
        )
    raise errors.unsupported_media_type(
        f"the body of the request was in an unknown format - accepted media types include: "
        f"application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, "
        f"application/apply-patch+yaml (found {kind or 'none'})"
    )


def refusal(request: Request, fresh: Obj, error: StatusError) -> StatusError:
    """What a patch is told that leads to no object of its kind (`handlers/patch.go`); `error` is what a whole object would be told."""
    _, is_found, why = error.message.partition(" cannot be handled as a ")
    why = why.partition(": ")[2]
    if not is_found or not why:
        return error
    if media_type(request) == "application/strategic-merge-patch+json":
        given, why = go_text.value(request.body), _from_map(why)
    else:
        metadata = fresh.get("metadata")
        if isinstance(metadata, dict):
            fresh = {**fresh, "metadata": {key: found for key, found in metadata.items() if key != "managedFields"}}
        given = json_text.compact(fresh)
    message = f"Invalid value: {go_text.quoted(given)}: {why}"
    return errors.invalid("", "", "", [("FieldValueInvalid", message, "patch")])


def _from_map(why: str) -> str:
    """A wrong type in the words of `runtime/converter.go: FromUnstructured`."""
    found = _WRONG_TYPE.fullmatch(why)
    if found is None:
        return why
    kind, wanted = _KINDS[found[1]], found[2]
    if wanted.startswith("[]"):
        return f"cannot restore slice from {kind}"
    if wanted.startswith("map["):
        return f"cannot restore map from {kind}"
    return f"cannot restore struct from: {kind}" if "." in wanted else f"unrecognized type: {wanted}"


_WRONG_TYPE = re.compile(r"json: cannot unmarshal (\w+) into Go (?:struct field \S+|value) of type (\S+)")
#: What JSON calls a value, and what it is in Go's map.
_KINDS = {"string": "string", "number": "int64", "bool": "bool", "array": "slice", "object": "map"}


def refuse_bad_options(request: Request) -> None:
    """`apimachinery/pkg/apis/meta/v1/validation: ValidatePatchOptions`."""
    is_apply = media_type(request) == APPLY_PATCH
    causes = []
    if is_apply and not request.query.get("fieldManager"):
        causes.append(("FieldValueRequired", "Required value: is required for apply patch", "fieldManager"))
    if not is_apply and request.query.get("force") == "true":
        causes.append(("FieldValueForbidden", "Forbidden: may not be specified for non-apply patch", "force"))
    if causes:
        raise errors.invalid("meta.k8s.io", "PatchOptions", "", causes)


def _is_custom(kinds: Kinds, obj: Obj) -> bool:
    resource = kinds.by_kind(obj["apiVersion"], obj["kind"])
    return resource is not None and kinds.definition(resource.name) is not None


def _refuse_no_patch(kind: str, patch: object) -> None:
    """In the words of Go's JSON decoder, which reads the patch first."""
    wanted, go_type = (list, "jsonpatch.Patch") if kind == "application/json-patch+json" else (dict, _GO_MAP)
    if kind.endswith("patch+json") and not isinstance(patch, wanted):
        found = _GO_NAMES.get(type(patch), "null")
        raise errors.bad_request(f"json: cannot unmarshal {found} into Go value of type {go_type}")
