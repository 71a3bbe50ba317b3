"""OpenAPI v2 of the served API: what kubectl up to 1.28 reads before it applies or explains anything, and newer ones before they patch.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v2. Made from the v3 schemas (`openapi.py`) by taking away what v2 does not
know; custom kinds lose more, as in `apiextensions-apiserver/pkg/controller/openapi/v2/conversion.go`. One document for the whole cluster, as JSON or
as protobuf (`openapi_protobuf.py`). The part of the built-in kinds is encoded once a process, when the first client asks.
"""

from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from simulator.apiserver import openapi, openapi_protobuf
from simulator.apiserver.errors import StatusError
from simulator.apiserver.request import Response
from simulator.engine.plain import Obj
from simulator.machinery import resources, schemas
from simulator.machinery.kinds import Kinds
from simulator.machinery.resources import Resource

_V3, _V2 = "#/components/schemas/", "#/definitions/"
_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
#: `kube-openapi/pkg/handler/handler.go`: the second is deprecated, and what kubectl asks for.
_AS_PROTOBUF = (_PROTOBUF, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
_AS_JSON = ("application/json", "application/*", "*/*", "")
_INFO = {"title": "Kubernetes", "version": schemas.VERSION}
_KINDS = "x-kubernetes-group-version-kind"
_PARTS = ("paths", "definitions")


class _Encoded(NamedTuple):
    """A document's parts; both forms of several can be put one after the other."""

    json: dict[str, bytes]
    """Members of `paths` and of `definitions`, without braces around them."""
    protobuf: bytes
    names: frozenset[str]
    """Of its definitions."""


def described(accept: str, kinds: Kinds) -> Response:
    """Raises StatusError (406) for a form that is not known."""
    parts = [_built_in()]
    if kinds.definitions:
        if "openapi/v2" not in kinds.memo:
            custom = [resource for resource in kinds.served if kinds.version(resource) is not None]
            kinds.memo["openapi/v2"] = _encoded(*_document(custom, kinds))
        parts.append(kinds.memo["openapi/v2"])
    make, kind = _form(accept)
    body = make(parts)
    etag = blake2b(body, digest_size=32).hexdigest().upper()
    return Response(200, body, headers={"content-type": kind, "etag": f'"{etag}"', "vary": "Accept"})


def _form(accept: str) -> tuple[Callable[[list[_Encoded]], bytes], str]:
    for choice in accept.split(","):
        media = choice.partition(";")[0].strip()
        if media in _AS_PROTOBUF:
            return _whole_protobuf, _PROTOBUF
        if media in _AS_JSON:
            return _whole_json, "application/json"
    accepted = f"application/json, {', '.join(_AS_PROTOBUF)}"
    raise StatusError(406, "NotAcceptable", f"only the following media types are accepted: {accepted}")


def _whole_protobuf(parts: list[_Encoded]) -> bytes:
    head = openapi_protobuf.document({"swagger": "2.0", "info": _INFO})
    return head + b"".join(part.protobuf for part in parts)


def _whole_json(parts: list[_Encoded]) -> bytes:
    members = [b'"swagger":"2.0"', b'"info":' + msgspec.json.encode(_INFO)]
    for name in _PARTS:
        inner = b",".join(part.json[name] for part in parts if part.json[name])
        members.append(b'"' + name.encode() + b'":{' + inner + b"}")
    return b"{" + b",".join(members) + b"}"


@cache
def _built_in() -> _Encoded:
    return _encoded(*_document(list(resources.SERVED), Kinds()))


def _encoded(paths: Obj, definitions: Obj) -> _Encoded:
    whole = {"paths": paths, "definitions": definitions}
    text = {name: msgspec.json.encode(part)[1:-1] for name, part in whole.items()}
    return _Encoded(text, openapi_protobuf.document(whole), frozenset(definitions))


def _document(served: list[Resource], kinds: Kinds) -> tuple[Obj, Obj]:
    """(paths, definitions)."""
    paths, definitions = openapi.parts(served, kinds)
    custom = {openapi.custom_name(resource) for resource in served if kinds.version(resource) is not None}
    shown = {name: _schema(_stripped(node) if name in custom else node) for name, node in definitions.items()}
    if custom:  # what they refer to stands among the built-in definitions, as far as it is used there
        shown = {name: node for name, node in shown.items() if name not in _built_in().names}
    return {place: _path_item(place, methods) for place, methods in paths.items()}, shown


# Paths


def _path_item(place: str, methods: Obj) -> Obj:
    names = [part[1:-1] for part in place.split("/") if part.startswith("{")]
    inherited = [
        {"name": name, "in": "path", "required": True, "type": "string", "uniqueItems": True} for name in names
    ]
    item = {method: _operation(operation) for method, operation in methods.items()}
    return {**item, "parameters": inherited} if inherited else item


def _operation(operation: Obj) -> Obj:
    parameters = [
        {"name": one["name"], "in": one["in"], **one["schema"]} for one in operation["parameters"]
    ]  # fmt: skip
    for content in (operation.get("requestBody") or {}).get("content", {}).values():
        parameters.append({"name": "body", "in": "body", "schema": _schema(content["schema"])})
    answer: Obj = {"description": "OK"}
    for content in operation["responses"]["200"].get("content", {}).values():
        answer["schema"] = _schema(content["schema"])
    kind = {key: part for key, part in operation.items() if key.startswith("x-")}
    return {"parameters": parameters, "responses": {"200": answer}, **kind}


# Schemas

#: Fields of a v3 schema that v2 does not know.
_UNKNOWN = frozenset({"oneOf", "anyOf", "not", "nullable", "writeOnly", "deprecated"})


def _schema(node: Any) -> Any:
    """A v3 node in the words of v2: a reference stands beside its description, alternatives are left out."""
    if node.get("format") == "int-or-string":
        return {**_described(node), "type": "string", "format": "int-or-string"}
    made = {key: _member(key, value) for key, value in node.items() if key not in _UNKNOWN}
    if "oneOf" in node and "type" not in node:
        made["type"] = "string"
    references = [one["$ref"] for one in node.get("allOf") or () if list(one) == ["$ref"]]
    if references and "type" not in node:
        del made["allOf"]
        made.pop("default", None)
        made["$ref"] = references[0].replace(_V3, _V2)
    return made


def _member(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: _schema(inner) for name, inner in value.items()}
    if key == "allOf":
        return [_schema(inner) for inner in value]
    if key in ("items", "additionalProperties") and isinstance(value, dict):
        return _schema(value)
    return value.replace(_V3, _V2) if key == "$ref" else value


def _described(node: Obj) -> Obj:
    return {"description": node["description"]} if "description" in node else {}


def _stripped(node: Obj) -> Obj:
    """A custom schema without what kubectl's reader of v2 trips over."""
    made = {key: value for key, value in node.items() if key not in ("allOf", "anyOf", "oneOf", "not", "nullable")}
    if "allOf" in node and "type" not in node:
        made["allOf"] = node["allOf"]
    is_open = bool(node.get("x-kubernetes-preserve-unknown-fields"))
    if node.get("nullable") or node.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
    if node.get("nullable") or is_open:
        made.pop("items", None)
        made.pop("properties", None)
    if "properties" in made:
        made["properties"] = {name: _stripped(inner) for name, inner in made["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = _stripped(made[key])
    return made
