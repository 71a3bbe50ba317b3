"""OpenAPI v3 of the served API, made from the published schemas: what `kubectl explain`, `apply`, `diff` and `edit` read.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3. An index names one document a group-version; its
hash is part of the URL, so a client may keep a document for ever. Documents are kept encoded: once a process for the built-in
kinds, and with the kinds of the cluster for custom ones.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import msgspec

from simulator.apiserver.request import Response
from simulator.engine.plain import Obj
from simulator.machinery import resources, schemas
from simulator.machinery.custom.definitions import Version
from simulator.machinery.custom.published import custom_schema
from simulator.machinery.enumerations import DEFAULTS, ENUMS
from simulator.machinery.kinds import Kinds
from simulator.machinery.resources import Resource

_REFERENCE = "#/components/schemas/"
#: The parameters that every writing operation takes; kubectl looks for `fieldValidation` and `dryRun` before it sends.
_WRITE_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation")
_DELETE_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
_METHODS = (
    ("get", "get", "get"), ("put", "update", "put"), ("patch", "patch", "patch"), ("delete", "delete", "delete"),
)  # fmt: skip
_FREE_FORM: dict[str, Obj] = {
    "int-or-string": {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    "quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "any": {"type": "object"},
}


def describe(parts: list[str], kinds: Kinds) -> Response | None:
    """The answer below `/openapi/v3`; None for a group-version that is not served."""
    if not parts:
        return Response(200, {"paths": _index(kinds)})
    match parts:
        case ["api", version]:
            found = _document("", version, kinds)
        case ["apis", group, version]:
            found = _document(group, version, kinds)
        case _:
            return None
    if found is None:
        return None
    headers = {"etag": f'"{_hash(found)}"', "cache-control": "public, immutable", "vary": "Accept"}
    return Response(200, found, headers=headers)


def _index(kinds: Kinds) -> Obj:
    if "openapi" in kinds.memo:
        known: Obj = kinds.memo["openapi"]
        return known
    paths: Obj = {}
    for group, version in _versions(kinds):
        document = _document(group, version, kinds)
        assert document is not None
        place = f"apis/{group}/{version}" if group else f"api/{version}"
        paths[place] = {"serverRelativeURL": f"/openapi/v3/{place}?hash={_hash(document)}"}
    kinds.memo["openapi"] = paths
    return paths


def _versions(kinds: Kinds) -> list[tuple[str, str]]:
    return list(dict.fromkeys((resource.group, resource.version) for resource in kinds.served))


def _hash(document: bytes) -> str:
    return blake2b(document, digest_size=32).hexdigest().upper()


#: Encoded documents of group-versions that hold no custom kind, by group and version.
_BUILT_IN: dict[tuple[str, str], bytes] = {}


def _document(group: str, version: str, kinds: Kinds) -> bytes | None:
    served = [r for r in kinds.served if (r.group, r.version) == (group, version)]
    if not served:
        return None
    is_custom = any(kinds.definition(resource.name) for resource in served)
    kept: dict[Any, bytes] = kinds.memo if is_custom else _BUILT_IN
    if (group, version) not in kept:
        kept[group, version] = _made_document(served, kinds)
    return kept[group, version]


def _made_document(served: list[Resource], kinds: Kinds) -> bytes:
    paths, definitions = parts(served, kinds)
    document = {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": schemas.VERSION},
        "paths": paths,
        "components": {"schemas": definitions},
    }
    return msgspec.json.encode(document)


def parts(served: list[Resource], kinds: Kinds) -> tuple[Obj, Obj]:
    """(paths, schemas by name) of these kinds and of all that they refer to."""
    definitions: Obj = {}
    paths: Obj = {}
    for resource in served:
        paths.update(_paths(resource))
        custom = kinds.version(resource)
        if custom is None:
            _collect(_definition_of(resource), definitions)
            continue
        definitions.update(custom_definitions(resource, custom))
        for name in (_META + "ObjectMeta", _META + "ListMeta"):
            _collect(name, definitions)
    _collect(_DELETE_OPTIONS, definitions)
    return paths, dict(sorted(definitions.items()))


_META = "io.k8s.apimachinery.pkg.apis.meta.v1."


def custom_definitions(resource: Resource, version: Version) -> Obj:
    """`apiextensions-apiserver/pkg/controller/openapi/builder`: the kind as its definition says, and its list."""
    name = custom_name(resource)
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    whole = custom_schema(version)
    whole["properties"]["metadata"] = {"allOf": [{"$ref": f"{_REFERENCE}{_META}ObjectMeta"}]}
    whole[_KINDS] = [kind]
    listed = {
        "description": f"{resource.list_kind} is a list of {resource.kind}",
        "type": "object",
        "required": ["items"],
        "properties": {
            **{key: whole["properties"][key] for key in ("apiVersion", "kind")},
            "items": {"type": "array", "items": {"$ref": _REFERENCE + name}},
            "metadata": {"allOf": [{"$ref": f"{_REFERENCE}{_META}ListMeta"}]},
        },
        _KINDS: [{**kind, "kind": resource.list_kind}],
    }
    return {name: whole, f"{name.rpartition('.')[0]}.{resource.list_kind}": listed}


def custom_name(resource: Resource) -> str:
    """`com.example.stable.v1.CronTab`."""
    return ".".join([*reversed(resource.group.split(".")), resource.version, resource.kind])


def _definition_of(resource: Resource) -> str:
    schema = schemas.schema_for(resource.api_version, resource.kind)
    if schema is None and resources.by_kind(resource.api_version, resource.kind) is None:
        return custom_name(resource)
    return schema.definition if schema else ""


# Paths


def _paths(resource: Resource) -> Iterator[tuple[str, Obj]]:
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    collection = (
        f"{root}/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else f"{root}/{resource.plural}"
    )
    yield collection, _collection(resource)
    if "get" in resource.verbs:
        yield f"{collection}/{{name}}", _single(resource)


def _collection(resource: Resource) -> Obj:
    methods: Obj = {}
    if "list" in resource.verbs:
        methods["get"] = _operation(resource, "list", ())
    if "create" in resource.verbs:
        methods["post"] = _operation(resource, "post", _WRITE_PARAMETERS, body=_definition_of(resource))
    if "deletecollection" in resource.verbs:
        methods["delete"] = _operation(resource, "deletecollection", ("dryRun",), body=_DELETE_OPTIONS)
    return methods


def _single(resource: Resource) -> Obj:
    methods: Obj = {}
    for method, verb, action in _METHODS:
        if verb not in resource.verbs:
            continue
        parameters = _WRITE_PARAMETERS if method in ("put", "patch") else ("dryRun",) if method == "delete" else ()
        body = {"put": _definition_of(resource), "delete": _DELETE_OPTIONS}.get(method, "")
        methods[method] = _operation(resource, action, parameters, body=body)
        if method == "patch":
            methods[method]["parameters"].append(_parameter("force", "boolean"))
    return methods


def _operation(resource: Resource, action: str, parameters: tuple[str, ...], *, body: str = "") -> Obj:
    definition = _definition_of(resource)
    answer: Obj = {"description": "OK"}
    if definition:
        answer["content"] = {"application/json": {"schema": {"$ref": _REFERENCE + definition}}}
    operation: Obj = {
        "parameters": [_parameter(name, "string") for name in parameters],
        "responses": {"200": answer},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": _kind(resource),
    }
    if body:
        operation["requestBody"] = {"content": {"*/*": {"schema": {"$ref": _REFERENCE + body}}}}
    return operation


def _parameter(name: str, type: str) -> Obj:
    return {"name": name, "in": "query", "schema": {"type": type, "uniqueItems": True}}


def _kind(resource: Resource) -> Obj:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


# Schemas


def _collect(name: str, found: Obj) -> None:
    """Adds a definition and everything it refers to."""
    waiting = [name]
    while waiting:
        name = waiting.pop()
        if not name or name in found:
            continue
        found[name] = _published(name)
        waiting += _references(found[name])


def _published(name: str) -> Obj:
    """A definition in the words of OpenAPI v3."""
    schema = schemas.definition(name)
    if schema.type in _FREE_FORM:
        node = dict(_FREE_FORM[schema.type])
        return _described(node, schema.description)
    node = _translated(schema.raw, schema.go_type)
    kinds = schema.raw.get("x-kubernetes-group-version-kind")
    if kinds:
        node["x-kubernetes-group-version-kind"] = kinds
    return node


def _translated(raw: Obj, owner: str) -> Obj:
    """One node; a reference with words of its own stands in `allOf`, as in the documents of kube-apiserver."""
    if "$ref" in raw:
        node: Obj = {"allOf": [{"$ref": _REFERENCE + raw["$ref"].rpartition("/")[2]}]}
    else:
        node = _typed(raw, owner)
    node.update({key: value for key, value in raw.items() if key.startswith("x-kubernetes-") and key != _KINDS})
    return _described(node, raw.get("description", ""))


_KINDS = "x-kubernetes-group-version-kind"


def _typed(raw: Obj, owner: str) -> Obj:
    declared = raw.get("type")
    node: Obj = {"type": declared[0] if isinstance(declared, list) else declared or "object"}
    for key in ("format", "required"):
        if key in raw:
            node[key] = raw[key]
    if "properties" in raw:
        node["properties"] = {name: _property(owner, name, inner) for name, inner in raw["properties"].items()}
    if "items" in raw:
        node["items"] = _element(raw["items"])
    if isinstance(raw.get("additionalProperties"), dict):
        node["additionalProperties"] = _element(raw["additionalProperties"])
    return node


def _property(owner: str, name: str, raw: Obj) -> Obj:
    node = _translated(raw, owner)
    if values := ENUMS.get((owner, name), ("", ()))[1]:
        node["enum"] = list(values)
    if (owner, name) in DEFAULTS:
        node["default"] = DEFAULTS[owner, name]
    return node


def _element(raw: Obj) -> Obj:
    """What a list or a map holds; a plain reference needs no `allOf`."""
    return {"$ref": _REFERENCE + raw["$ref"].rpartition("/")[2]} if "$ref" in raw else _translated(raw, "")


def _described(node: Obj, text: str) -> Obj:
    return {"description": text, **node} if text else node


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            yield reference.removeprefix(_REFERENCE)
        for inner in node.values():
            yield from _references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _references(inner)
