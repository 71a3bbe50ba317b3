"""The published schema of every kind of v1.33, as one lazy tree.

Promises: the data file of `kubernetes_validate` is read once a process, on first use, and never changed; a
`Schema` resolves its references when asked, so recursive kinds cost nothing; asking twice gives the same node.
Serves decoding (types), strategic patches (merge keys), the editor (`trimmed`) and `explain`.

Leaves to others: defaults and semantic rules of a kind (`defaulting.py`, `validation/`), and custom resources,
whose schema comes from their definition (`Schema` can be built from any such dict).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import msgspec

from simulator.machinery.enumerations import DEFAULTS, ENUMS

VERSION = "v1.33.0"
_DATA = f"kubernetes-json-schema/{VERSION}-local/_definitions.json"
_REFERENCE = "#/$defs/"
_HOVER_LENGTH = 400

Type = Literal["object", "array", "string", "integer", "number", "boolean", "quantity", "int-or-string", "any"]

_SPECIAL: dict[str, Type] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "any",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "any",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": "any",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "any",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "any",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": "any",
}
_TIMES = ("Time", "MicroTime")


class SchemaDataMissing(RuntimeError):
    """The installation is incomplete: the published schemas cannot be found."""


class Schema:
    """One node: what may stand at one place of an object."""

    __slots__ = (
        "_items",
        "_properties",
        "_raw",
        "_values",
        "definition",
        "description",
        "format",
        "list_map_keys",
        "list_type",
        "map_type",
        "merge_key",
        "patch_strategy",
        "required",
        "type",
    )

    def __init__(self, raw: dict[str, Any]) -> None:
        reference = raw.get("$ref", "")
        self.definition: str = reference.removeprefix(_REFERENCE)
        target = _definitions()[self.definition] if reference else raw
        self._raw = target
        self.description: str = raw.get("description") or target.get("description", "")
        self.type: Type = _SPECIAL.get(self.definition) or _plain_type(target)
        self.format: str = target.get("format", "")
        self.required: tuple[str, ...] = tuple(target.get("required", ()))
        strategies = raw.get("x-kubernetes-patch-strategy", "")
        self.patch_strategy: tuple[str, ...] = tuple(strategies.split(",")) if strategies else ()
        self.merge_key: str = raw.get("x-kubernetes-patch-merge-key", "")
        self.list_type: str = raw.get("x-kubernetes-list-type", "")
        self.list_map_keys: tuple[str, ...] = tuple(raw.get("x-kubernetes-list-map-keys", ()))
        self.map_type: str = raw.get("x-kubernetes-map-type") or target.get("x-kubernetes-map-type", "")
        self._properties: dict[str, Schema] | None = None
        self._items: Schema | None = None
        self._values: Schema | None = None

    @property
    def raw(self) -> dict[str, Any]:
        """The published form, references not followed. Read only."""
        return self._raw

    @property
    def go_type(self) -> str:
        """The Go name of the struct, without its package: `DeploymentSpec`; empty for an anonymous type."""
        return self.definition.rpartition(".")[2]

    @property
    def properties(self) -> dict[str, Schema]:
        if self._properties is None:
            self._properties = {name: Schema(raw) for name, raw in self._raw.get("properties", {}).items()}
        return self._properties

    @property
    def items(self) -> Schema | None:
        """What an element of this array is; None when this is no array."""
        if self._items is None and "items" in self._raw:
            self._items = Schema(self._raw["items"])
        return self._items

    @property
    def values(self) -> Schema | None:
        """What a value of this map is; None when this is no map."""
        if self._values is None and isinstance(self._raw.get("additionalProperties"), dict):
            self._values = Schema(self._raw["additionalProperties"])
        return self._values

    @property
    def is_struct(self) -> bool:
        """An object with known fields, so an unknown one is a mistake."""
        return self.type == "object" and "properties" in self._raw

    def at(self, path: tuple[str, ...]) -> Schema | None:
        """The node behind a dotted path; arrays and maps are stepped through as `explain` does."""
        node = self
        for name in path:
            child = _element(node).properties.get(name)
            if child is None:
                return None
            node = child
        return node


def _element(node: Schema) -> Schema:
    while (inner := node.items or node.values) is not None:
        node = inner
    return node


def _plain_type(raw: dict[str, Any]) -> Type:
    declared = raw.get("type")
    if isinstance(declared, list):
        declared = declared[0]
    if raw.get("x-kubernetes-int-or-string"):
        return "int-or-string"
    if declared == "object" and "properties" not in raw and "additionalProperties" not in raw:
        return "any"
    return declared or "any"


@lru_cache(maxsize=1)
def _definitions() -> dict[str, dict[str, Any]]:
    spec = find_spec("kubernetes_validate")  # located, not imported: the validator itself is slow to import
    if spec is None or not spec.submodule_search_locations:
        raise SchemaDataMissing("the package kubernetes-validate is not installed; it brings the API's schemas")
    data = Path(spec.submodule_search_locations[0], _DATA).read_bytes()
    definitions: dict[str, dict[str, Any]] = msgspec.json.decode(data)["$defs"]
    return definitions


@lru_cache(maxsize=1)
def _kinds() -> dict[tuple[str, str], str]:
    """(apiVersion, kind) -> name of the definition."""
    kinds = {}
    for name, raw in _definitions().items():
        served = raw.get("x-kubernetes-group-version-kind", ())
        if len(served) == 1:  # more than one: DeleteOptions and its like, which belong to every group
            group, version, kind = served[0]["group"], served[0]["version"], served[0]["kind"]
            kinds[f"{group}/{version}" if group else version, kind] = name
    return kinds


@cache
def definition(name: str) -> Schema:
    """A node by the full name of its definition: `io.k8s.api.core.v1.PodSpec`."""
    return Schema({"$ref": _REFERENCE + name})


def schema_for(api_version: str, kind: str) -> Schema | None:
    """The schema of a kind, None when v1.33 does not know it."""
    name = _kinds().get((api_version, kind))
    return definition(name) if name else None


@lru_cache(maxsize=64)
def trimmed(api_version: str, kind: str) -> dict[str, Any] | None:
    """A plain nested JSON schema for the editor: no references, no status, no extensions. Treat as immutable."""
    schema = schema_for(api_version, kind)
    return None if schema is None else trimmed_node(schema, api_version, kind)


def trimmed_node(schema: Schema, api_version: str, kind: str) -> dict[str, Any]:
    """The same for a kind whose schema is at hand."""
    tree = _trim(schema, owner="", field="", inside=())
    properties = {name: node for name, node in tree["properties"].items() if name != "status"}
    properties["apiVersion"] = {**properties["apiVersion"], "enum": [api_version]}
    properties["kind"] = {**properties["kind"], "enum": [kind]}
    return {**tree, "properties": properties}


def _trim(schema: Schema, *, owner: str, field: str, inside: tuple[str, ...]) -> dict[str, Any]:
    node: dict[str, Any] = {}
    if (kind := _JSON_TYPES[schema.type]) is not None:
        node["type"] = kind
    if schema.description:
        node["description"] = _shorten(schema.description)
    if values := ENUMS.get((owner, field), ("", ()))[1]:
        node["enum"] = list(values)
    if (owner, field) in DEFAULTS:
        node["default"] = DEFAULTS[owner, field]
    if schema.definition in inside and schema.is_struct:
        return node
    inside = (*inside, schema.definition)
    if schema.is_struct:
        node["properties"] = {
            name: _trim(child, owner=schema.go_type, field=name, inside=inside)
            for name, child in schema.properties.items()
            if name != "managedFields"
        }
    if schema.required:
        node["required"] = list(schema.required)
    if schema.items is not None:
        node["items"] = _trim(schema.items, owner="", field="", inside=inside)
    if schema.values is not None:
        node["additionalProperties"] = _trim(schema.values, owner="", field="", inside=inside)
    return node


_JSON_TYPES: dict[Type, Any] = {
    "object": "object",
    "array": "array",
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "quantity": ["string", "number"],
    "int-or-string": ["integer", "string"],
    "any": None,
}


def _shorten(text: str) -> str:
    if len(text) <= _HOVER_LENGTH:
        return text
    cut = text.rfind(". ", 0, _HOVER_LENGTH)
    return text[: cut + 1] if cut > 0 else text[:_HOVER_LENGTH].rstrip() + " …"


@dataclass(frozen=True, slots=True)
class Field:
    """One line of `kubectl explain`."""

    name: str
    type: str
    required: bool
    description: str
    enum: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What `kubectl explain` prints about a kind or one of its fields."""

    api_version: str
    kind: str
    path: tuple[str, ...]
    type: str
    description: str
    enum: tuple[str, ...]
    required: bool
    fields: tuple[Field, ...]


class UnknownField(LookupError):
    """The path of an explanation leads nowhere; `name` is the part that does not exist."""

    def __init__(self, name: str) -> None:
        super().__init__(f'field "{name}" does not exist')
        self.name = name


def explain(api_version: str, kind: str, path: tuple[str, ...] = ()) -> Explanation | None:
    """The raw material of `kubectl explain`; None for an unknown kind, `UnknownField` for a wrong path."""
    node = schema_for(api_version, kind)
    return None if node is None else explain_node(node, api_version, kind, path)


def explain_node(node: Schema, api_version: str, kind: str, path: tuple[str, ...] = ()) -> Explanation:
    """The same for a kind whose schema is at hand. Raises UnknownField."""
    owner, required = node, False
    enum: tuple[str, ...] = ()
    for name in path:
        owner = _element(node)
        child = owner.properties.get(name)
        if child is None:
            raise UnknownField(name)
        enum = ENUMS.get((owner.go_type, name), ("", ()))[1]
        required = name in owner.required
        node = child
    return Explanation(
        api_version=api_version,
        kind=kind,
        path=path,
        type=type_name(node),
        description=_description(node),
        enum=enum,
        required=required,
        fields=fields_of(node),
    )


def _description(node: Schema) -> str:
    """What is said of the field, then what is said of its type."""
    said = _element(node).raw.get("description", "")
    if not said or said == node.description:
        return node.description
    return f"{node.description}\n{said}" if node.description else said


def fields_of(node: Schema) -> tuple[Field, ...]:
    """The fields below a node in the order of `kubectl explain`: alphabetical."""
    inner = _element(node)
    return tuple(
        Field(
            name=name,
            type=type_name(child),
            required=name in inner.required,
            description=inner.raw["properties"][name].get("description", ""),
            enum=ENUMS.get((inner.go_type, name), ("", ()))[1],
        )
        for name, child in sorted(inner.properties.items())
    )


def type_name(node: Schema) -> str:
    """A type as `kubectl explain` writes it: `[]Container`, `map[string]string`, `IntOrString`, `string`."""
    if node.items is not None:
        return "[]" + type_name(node.items)
    if node.values is not None:
        return "map[string]" + type_name(node.values)
    if node.definition and node.go_type not in _TIMES:
        return node.go_type
    return node.type if node.type not in ("any", "object") else "Object"
