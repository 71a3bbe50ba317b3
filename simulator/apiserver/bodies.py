"""The body of a request: whether it is the kind that the URL names, and what of it counts.

Follows the decoding of `apiserver/pkg/endpoints/handlers` (create.go, patch.go, rest.go).

Leaves to others: defaults and validation (`object_verbs.py`), patches (`patching.py`).
"""

from typing import Any

import msgspec

from simulator.apiserver import autoscalers, custom_resources, errors
from simulator.apiserver.conversions import converted
from simulator.apiserver.errors import StatusError
from simulator.apiserver.paths import Target
from simulator.apiserver.request import Request
from simulator.engine.plain import Obj
from simulator.machinery.custom.typed import custom_schema
from simulator.machinery.decoding import DecodingError, check, decode
from simulator.machinery.kinds import Kinds
from simulator.machinery.schemas import schema_for
from simulator.machinery.typed_values import undeclared

_NO_JSON = "error converting YAML to JSON"


def checked(
    kinds: Kinds, body: Any, request: Request, target: Target, *, is_whole: bool = True
) -> tuple[Obj, list[str]]:
    """The decoded body; `is_whole` when what is not in it is meant to be empty (server-side apply finds duplicates on its own)."""
    findings = request.findings if is_whole else ()
    resource = target.resource
    if not isinstance(body, dict):
        raise errors.bad_request(f"the body of the request: found {_json_type(body)}, wanted an object")
    kind, version = body.get("kind") or resource.kind, body.get("apiVersion") or resource.api_version
    if (kind, version) != (resource.kind, resource.api_version):
        raise errors.bad_request(
            f"{kind} in version {_quoted(version)} cannot be handled as a {resource.kind}: "
            f"no kind {_quoted(kind)} is registered for version {_quoted(version)}"
            if kind != resource.kind
            else f"the API version in the data ({version}) does not match the expected API version ({resource.api_version})"
        )
    level = request.query.get("fieldValidation", "") or "Warn"
    custom = kinds.version(resource)
    if custom is not None:
        return custom_resources.decoded(
            {**body, "kind": kind, "apiVersion": version}, resource, custom, level, is_whole=is_whole, findings=findings
        )
    try:
        obj, warnings = decode(
            {**body, "kind": kind, "apiVersion": version},
            resource,
            level=level,
            findings=findings,
            are_first=request.method == "PATCH",
        )
    except DecodingError as error:
        raise errors.bad_request(str(error)) from error
    obj = converted(resource, obj) if is_whole else obj
    return (autoscalers.stored(obj) if resource.name == autoscalers.RESOURCE else obj), warnings


def configuration(kinds: Kinds, request: Request, target: Target) -> tuple[Obj, list[str]]:
    """The body of an apply patch, without defaults."""
    body = request.body
    if not isinstance(body, dict):
        raise errors.bad_request(f"error decoding YAML: found {_json_type(body)}, wanted an object")
    if not body.get("kind") or not body.get("apiVersion"):
        missing = "Kind" if not body.get("kind") else "apiVersion"
        raise errors.bad_request(f"Object '{missing}' is missing in '{_compact(body)}'")
    version, wanted = body["apiVersion"], target.resource.api_version
    if body["kind"] == target.resource.kind and version != wanted:
        raise errors.bad_request(
            f"Incorrect version specified in apply patch. Specified patch version: {version}, expected: {wanted}"
        )
    if body["kind"] != target.resource.kind:
        raise errors.bad_request(f"invalid object type: {version}, Kind={body['kind']}")
    given = body.get("metadata")
    if isinstance(given, dict) and given.get("managedFields") is not None:
        raise errors.bad_request("metadata.managedFields must be nil")
    schema = custom_schema(kinds, target.resource) or schema_for(body["apiVersion"], body["kind"])
    if unknown := undeclared(body, schema):
        raise _no_typed_patch(target, unknown)
    config, warnings = checked(kinds, body, request, target, is_whole=False)
    warnings += _duplicates(request)
    metadata = dict(config.get("metadata") or {})
    metadata.setdefault("name", target.name)
    place(metadata, target)
    refuse_foreign_namespace(metadata, target)
    refuse_other_name(metadata, target)
    return {**config, "metadata": metadata}, warnings


def _duplicates(request: Request) -> list[str]:
    """`handlers/patch.go: applyPatcher`: the warnings; raises StatusError when the writer wants strictness."""
    level, says = request.query.get("fieldValidation", "") or "Warn", [f"{_NO_JSON}: {one}" for one in request.findings]
    if says and level == "Strict":
        raise errors.bad_request(f"error strict decoding YAML: {says[0]}")
    return says if level == "Warn" else []


def of_kind(body: Any, api_version: str, kind: str) -> Obj:
    """The body of a subresource that takes a kind of its own, when its fields have the types of that kind."""
    read, problems = check(body if isinstance(body, dict) else {}, schema_for(api_version, kind))
    wrong = next((problem for problem in problems if problem.sort == "type"), None)
    if wrong is not None:
        version = api_version.rpartition("/")[2]
        raise errors.bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {wrong.message}')
    return read


def place(metadata: Obj, target: Target) -> None:
    if target.resource.namespaced and not metadata.get("namespace"):
        metadata["namespace"] = target.namespace or "default"
    if not target.resource.namespaced:
        metadata.pop("namespace", None)


def refuse_foreign_namespace(metadata: Obj, target: Target) -> None:
    if target.namespace and metadata.get("namespace") != target.namespace:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def refuse_other_name(metadata: Obj, target: Target) -> None:
    """`apiserver/pkg/endpoints/handlers/rest.go: checkName`."""
    if not metadata.get("name"):
        raise errors.bad_request(
            f"the name of the object ({target.name} based on URL) was undeterminable: name must be provided"
        )
    if metadata.get("name") != target.name:
        found = metadata.get("name", "")
        raise errors.bad_request(f"the name of the object ({found}) does not match the name on the URL ({target.name})")


def _no_typed_patch(target: Target, unknown: list[str]) -> StatusError:
    """`structuredmerge.go`; an error without a reason of its own."""
    resource = target.resource
    lines = [f"{path}: field not declared in schema" for path in unknown]
    says = lines[0] if len(lines) == 1 else "errors:\n" + "\n".join(f"  {line}" for line in lines)
    about = f"{target.namespace or ''}/{target.name}; {resource.group}/{resource.version}, Kind={resource.kind}"
    return StatusError(500, "", f"failed to create typed patch object ({about}): {says}")


def _compact(body: Obj) -> str:
    return msgspec.json.encode(body).decode()


def _quoted(text: str) -> str:
    return f'"{text}"'


def _json_type(value: object) -> str:
    names = {
        type(None): "nothing",
        list: "a list",
        str: "a string",
        int: "a number",
        float: "a number",
        bool: "a boolean",
    }
    return names.get(type(value), "something else")
