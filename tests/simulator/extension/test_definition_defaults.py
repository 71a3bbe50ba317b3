"""Defaults in schemas of definitions: the cases of `TestValidateCustomResourceDefinition` about them, a property a row.

As in upstream's table a row names the places and the sorts of its findings; `test_the_words` has the texts.
"""

from typing import Any

import pytest

from simulator.machinery.custom.definition_demands import Demands
from simulator.machinery.custom.embedded import invalid_parts
from simulator.machinery.custom.version_validation import validate_schema
from tests.proof.follows import follows
from tests.simulator.extension.test_definition_schemas import TEXT, UPSTREAM, an_object, found, places, ruled

Obj = dict[str, Any]

TABLE = UPSTREAM + "TestValidateCustomResourceDefinition"
EMBEDDED, PRESERVE = "x-kubernetes-embedded-resource", "x-kubernetes-preserve-unknown-fields"
SOMETHING = {"something": TEXT}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "foo", "unknown": 42}}
FOO_ONLY = {"type": "string", "enum": ["foo"]}
LABELS = {"type": "object", "additionalProperties": FOO_ONLY}
#: An embedded object of which everything is prescribed.
STRICT = {
    "apiVersion": {"type": "string", "enum": ["foo/v1"]},
    "kind": {"type": "string", "enum": ["Foo"]},
    "metadata": an_object(name=FOO_ONLY, labels=LABELS),
}
FOO = {"apiVersion": "foo/v1", "kind": "Foo"}


def embedded(properties: Obj | None, **more: Any) -> Obj:
    return {"type": "object", EMBEDDED: True, **({} if properties is None else {"properties": properties}), **more}


def spanning(properties: Obj | None, default: Obj, **more: Any) -> Obj:
    """An object around the embedded one, with a default for both."""
    return {**an_object(embedded=embedded(properties, **more)), "default": {"embedded": default}}


def both(name: str, properties: Obj, default: Obj, *wrong: str, more: Obj | None = None) -> list[Any]:
    """The same default at the embedded object and around it; `wrong` below the default."""
    kept = more or {}
    return [
        pytest.param(
            embedded(properties, default=default, **kept), [f"default.{one}" for one in wrong], id=f"object: {name}"
        ),
        pytest.param(
            spanning(properties, default, **kept),
            [f"default.embedded.{one}" for one in wrong],
            id=f"spanning object: {name}",
        ),
    ]


def in_parts(apiVersion: Any, kind: Any, name: Any, labels: Any, *, strict: bool) -> Obj:
    """Defaults at the parts of an embedded object."""
    parts: Obj = STRICT if strict else {"apiVersion": TEXT, "kind": TEXT}
    meta = {
        "name": FOO_ONLY if strict else TEXT,
        "labels": LABELS if strict else {**LABELS, "additionalProperties": TEXT},
    }
    return embedded(
        {
            "apiVersion": {**parts["apiVersion"], "default": apiVersion},
            "kind": {**parts["kind"], "default": kind},
            "metadata": an_object(name={**meta["name"], "default": name}, labels={**meta["labels"], "default": labels}),
        }
    )


WITHOUT_PROPERTIES: tuple[Obj | None, ...] = (None, {})

PLAIN = [
    pytest.param({"type": "number", "default": 42.0}, [], id="structural schema"),
    pytest.param({"default": 42.0}, ["type: Required value"], id="unstructural schema"),
    pytest.param(
        {
            "type": "number",
            "not": {"default": 42.0},
            "anyOf": [{"default": 42.0}],
            "allOf": [{"default": 42.0}],
            "oneOf": [{"default": 42.0}],
        },
        [f"{where}.default: Forbidden" for where in ("allOf[0]", "anyOf[0]", "not", "oneOf[0]")],
        id="in value validation",
    ),
    pytest.param(
        {**an_object(foo=TEXT), "default": {"foo": "abc", "bar": 42}}, ["default: Invalid value"], id="unknown field"
    ),
    pytest.param({**an_object(foo=TEXT), "default": {"foo": "abc"}}, [], id="known field"),
    pytest.param({**an_object(foo=TEXT), "default": {"foo": 42}}, ["default.foo: Invalid value"], id="wrong type"),
    pytest.param(
        {
            **an_object(good={**TEXT, "pattern": "a"}, bad={**TEXT, "pattern": "b"}),
            "default": {"good": "a", "bad": "a"},
        },
        ["default.bad: Invalid value"],
        id="wrong value",
    ),
    pytest.param(
        {
            **an_object(
                preserveUnknownFields={"type": "object", "default": {"foo": "abc", "bar": 42}},
                nestedProperties={**an_object(foo=TEXT), "default": {"foo": "abc", "bar": 42}},
            ),
            PRESERVE: True,
        },
        [f"properties[{name}].default: Invalid value" for name in ("nestedProperties", "preserveUnknownFields")],
        id="below what keeps unknown fields",
    ),
    pytest.param(
        embedded(
            {"foo": TEXT}, default={"foo": "abc", "apiVersion": "foo/v1", "kind": "v1", "metadata": {"name": "foo"}}
        ),
        [],
        id="embedded-fine",
    ),
    pytest.param(
        embedded(
            {"foo": TEXT},
            default={"foo": "abc", "apiVersion": "foo/v1", "kind": "v1", "metadata": {"name": "foo"}, "bar": 42},
            **{PRESERVE: True},
        ),
        [],
        id="embedded-preserve",
    ),
    pytest.param(
        embedded(
            {"foo": TEXT},
            default={
                "apiVersion": "foo/v1",
                "kind": "v1",
                "metadata": {"name": "foo", "unspecified": "bar"},
                "bar": 42,
            },
            **{PRESERVE: True},
        ),
        [],
        id="embedded-preserve-unpruned-objectmeta",
    ),
    pytest.param(
        an_object(
            metadata=embedded({"name": ruled({**TEXT, "default": "singleton"}, "self == 'singleton'")}),
        ),
        [],
        id="valid by rule, in metadata",
    ),
    pytest.param(
        an_object(metadata=embedded({"name": ruled({**TEXT, "default": "nope"}, "self == 'singleton'")})),
        ["properties[metadata].properties[name].default: Invalid value"],
        id="invalid by rule, in metadata",
    ),
    pytest.param(ruled({**TEXT, "default": "kube-everything"}, "self.startsWith('kube')"), [], id="valid by rule"),
    pytest.param(
        ruled({**TEXT, "default": "nope"}, "self.startsWith('kube')"), ["default: Invalid value"], id="invalid by rule"
    ),
    *(
        pytest.param(
            ruled(
                {
                    **an_object(field1={"type": "integer"}, field2={"type": "integer"}),
                    "default": {"field1": first, "field2": second},
                },
                "self.field1 < self.field2",
            ),
            says,
            id=f"object by rule: {first} < {second}",
        )
        for first, second, says in ((1, 2, []), (2, 1, ["default: Invalid value"]))
    ),
]
OF_EMBEDDED = [
    pytest.param(
        embedded({"metadata": {"type": "object", "default": {"name": "foo"}}}), [], id="embedded: name in metadata"
    ),
    pytest.param(
        embedded(
            {
                "apiVersion": {**TEXT, "default": "v1"},
                "kind": {**TEXT, "default": "Pod"},
                "metadata": {**an_object(name={**TEXT, "default": "foo"}), "default": {"unknown": 42}},
            }
        ),
        [],
        id="allowed-in-object-defaults",
    ),
    pytest.param(embedded(SOMETHING, default=POD), [], id="allowed-object-defaults"),
    pytest.param(spanning(SOMETHING, POD), [], id="allowed-spanning-object-defaults"),
    pytest.param(
        embedded(SOMETHING, default={**POD, "unknown": 42}),
        ["default: Invalid value"],
        id="unknown-field-object-defaults",
    ),
    pytest.param(
        {**spanning(SOMETHING, POD), "default": {"embedded": {**POD, "unknown": 42}, "unknown": 42}},
        ["default: Invalid value"],
        id="unknown-field-spanning-object-defaults",
    ),
    pytest.param(
        embedded({}, default={**POD, "unknown": 42}, **{PRESERVE: True}), [], id="x-preserve-unknown-fields, object"
    ),
    pytest.param(
        spanning({}, {**POD, "unknown": 42}, **{PRESERVE: True}), [], id="x-preserve-unknown-fields, spanning object"
    ),
    pytest.param(
        {**spanning({}, POD, **{PRESERVE: True}), "default": {"embedded": POD, "unknown": 42}},
        ["default: Invalid value"],
        id="x-preserve-unknown-fields-unknown-field-outside",
    ),
    pytest.param(
        embedded(
            {
                "apiVersion": {**TEXT, "default": 42},
                "kind": {**TEXT, "default": 42},
                "metadata": an_object(
                    name={**TEXT, "default": 42},
                    annotations={"type": "object", "additionalProperties": TEXT, "default": 42},
                ),
            }
        ),
        [
            "properties[apiVersion].default: Invalid value",
            "properties[kind].default: Invalid value",
            "properties[metadata].properties[annotations].default: Invalid value",
            "properties[metadata].properties[name].default: Invalid value",
        ],
        id="wrongly-typed-in-object-defaults",
    ),
    *both("wrongly typed apiVersion", SOMETHING, {"apiVersion": 42}, "apiVersion: Invalid value"),
    *both("wrongly typed kind", SOMETHING, {"kind": 42}, "kind: Invalid value"),
    *both("wrongly typed name", SOMETHING, {"metadata": {"name": 42}}, "metadata: Invalid value"),
    *both("wrongly typed labels", SOMETHING, {"metadata": {"labels": {"foo": 42}}}, "metadata: Invalid value"),
    *both("wrongly typed annotations", SOMETHING, {"metadata": {"annotations": 42}}, "metadata: Invalid value"),
    *both("wrongly typed metadata", SOMETHING, {"metadata": 42}, "metadata: Invalid value"),
    pytest.param(
        in_parts("foo/v1", "%", "%", {"foo": "x y"}, strict=False),
        [
            "properties[kind].default: Invalid value",
            "properties[metadata].properties[labels].default: Invalid value",
            "properties[metadata].properties[name].default: Invalid value",
        ],
        id="invalid-in-object-defaults",
    ),
    *both("invalid kind", SOMETHING, {**FOO, "kind": "%"}, "kind: Invalid value"),
    *both("invalid name", SOMETHING, {**FOO, "metadata": {"name": "%"}}, "metadata.name: Invalid value"),
    *both(
        "invalid labels", SOMETHING, {**FOO, "metadata": {"labels": {"foo": "x y"}}}, "metadata.labels: Invalid value"
    ),
    pytest.param(
        in_parts("foo/v1", "Foo", "foo", {"foo": "foo"}, strict=True),
        [],
        id="in-object-defaults-with-valid-constraints",
    ),
    pytest.param(
        embedded({"metadata": {**STRICT["metadata"], "default": {"name": "foo", "labels": {"foo": "foo"}}}}),
        [],
        id="metadata-defaults-with-valid-constraints",
    ),
    *both("valid constraints", STRICT, {**FOO, "metadata": {"name": "foo", "labels": {"foo": "foo"}}}),
    pytest.param(
        in_parts("bar/v1", "Bar", "bar", {"foo": "bar"}, strict=True),
        [
            "properties[apiVersion].default: Unsupported value",
            "properties[kind].default: Unsupported value",
            "properties[metadata].properties[labels].default.foo: Unsupported value",
            "properties[metadata].properties[name].default: Unsupported value",
        ],
        id="in-object-defaults-with-invalid-constraints",
    ),
    pytest.param(
        embedded({"metadata": {**STRICT["metadata"], "default": {"name": "bar"}}}),
        ["properties[metadata].default.name: Unsupported value"],
        id="metadata-defaults-with-invalid-constraints-name",
    ),
    pytest.param(
        embedded({"metadata": {**STRICT["metadata"], "default": {"name": "foo", "labels": {"foo": "bar"}}}}),
        ["properties[metadata].default.labels.foo: Unsupported value"],
        id="metadata-defaults-with-invalid-constraints-labels",
    ),
    *both(
        "constrained name",
        STRICT,
        {**FOO, "metadata": {"name": "bar", "labels": {"foo": "foo"}}},
        "metadata.name: Unsupported value",
    ),
    *both(
        "constrained labels",
        STRICT,
        {**FOO, "metadata": {"name": "foo", "labels": {"foo": "bar"}}},
        "metadata.labels.foo: Unsupported value",
    ),
    *both(
        "constrained apiVersion",
        STRICT,
        {**FOO, "apiVersion": "bar/v1", "metadata": {"name": "foo"}},
        "apiVersion: Unsupported value",
    ),
    *both("constrained kind", STRICT, {**FOO, "kind": "Bar", "metadata": {"name": "foo"}}, "kind: Unsupported value"),
    *both(
        "missing typemeta",
        {"apiVersion": STRICT["apiVersion"], "kind": STRICT["kind"]},
        {"metadata": {"name": "bar"}},
        "apiVersion: Required value",
        "kind: Required value",
    ),
    pytest.param(
        embedded(None, additionalProperties=TEXT),
        ["additionalProperties: Forbidden", "properties: Required value"],
        id="additionalProperties at embedded root",
    ),
    pytest.param(
        embedded(None, additionalProperties=TEXT, **{PRESERVE: True}),
        ["additionalProperties: Forbidden"],
        id="additionalProperties at embedded root that keeps unknown fields",
    ),
    pytest.param(
        embedded(
            {
                "metadata": an_object(
                    annotations={"type": "object", "additionalProperties": {**TEXT, "default": "abc"}},
                )
            }
        ),
        ["properties[metadata].properties[annotations].additionalProperties.default: Forbidden"],
        id="default inside additionalSchema",
    ),
    pytest.param(
        embedded(
            {
                "metadata": embedded(None, **{PRESERVE: True}),
                "apiVersion": {**TEXT, "properties": {"foo": embedded(None, **{PRESERVE: True})}},
                "kind": {**TEXT, "properties": {"foo": embedded(None, **{PRESERVE: True})}},
            }
        ),
        [
            f"properties[apiVersion].properties[foo].{EMBEDDED}: Forbidden",
            f"properties[kind].properties[foo].{EMBEDDED}: Forbidden",
            f"properties[metadata].{EMBEDDED}: Forbidden",
        ],
        id="x-kubernetes-embedded-resource inside resource meta",
    ),
    *(
        pytest.param(
            embedded(properties),
            ["properties: Required value"],
            id=f"embedded with pruning and properties {properties}",
        )
        for properties in WITHOUT_PROPERTIES
    ),
]
NUMBERS = {"apiVersion": {"type": "number"}, "kind": {"type": "number"}, "metadata": {"type": "number"}}
NO_META = [f"properties[{name}].type: Invalid value" for name in ("apiVersion", "kind", "metadata")]
META_TYPES = [
    pytest.param(
        embedded(
            {"apiVersion": TEXT, "kind": TEXT, "metadata": an_object(generation={"type": "integer", "minimum": 42})}
        ),
        [],
        id="meta field types: valid",
    ),
    pytest.param(embedded(NUMBERS), NO_META, id="meta field types: invalid"),
    pytest.param(
        embedded({"invalid": embedded(NUMBERS)}),
        [f"properties[invalid].{one}" for one in NO_META],
        id="meta field types: nested",
    ),
    pytest.param(an_object(**NUMBERS), [], id="meta field types: no embedded object"),
]


@follows("Custom resources", TABLE, UPSTREAM + "TestValidateCustomResourceDefinitionValidation")
@pytest.mark.parametrize(("schema", "says"), PLAIN + OF_EMBEDDED + META_TYPES)
def test_defaults_and_embedded_objects(schema: Obj, says: list[str]) -> None:
    assert places(found(an_object(a=schema), Demands())) == [f"properties[a].{one}" for one in says]


@follows("Custom resources", TABLE)
@pytest.mark.parametrize(
    ("schema", "says"),
    [
        pytest.param(
            an_object(metadata={"type": "object", "default": {"name": "foo"}}),
            ["properties[metadata].default: Forbidden: must not be set in top-level metadata"],
            id="top-level metadata default",
        ),
        pytest.param(
            an_object(metadata=an_object(name={**TEXT, "default": "foo"})),
            ["properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata"],
            id="default in top-level metadata",
        ),
        pytest.param(
            an_object(
                apiVersion={"type": "number"},
                kind={"type": "number"},
                metadata={
                    "type": "number",
                    "properties": {
                        "name": {**TEXT, "pattern": "abc"},
                        "generateName": {**TEXT, "pattern": "abc"},
                        "generation": {"type": "integer"},
                    },
                },
            ),
            [
                'properties[apiVersion].type: Invalid value: "number": must be string',
                'properties[kind].type: Invalid value: "number": must be string',
                'properties[metadata].type: Invalid value: "number": must be object',
                "properties[metadata]: Forbidden: must not specify anything other than name and generateName, "
                "but metadata is implicitly specified",
            ],
            id="contradicting meta field types",
        ),
        pytest.param(
            an_object(a=embedded({"kind": {**TEXT, "default": "%"}})),
            [
                'properties[a].properties[kind].default: Invalid value: "%": must result in valid metadata: kind: Invalid value: '
                '"%": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric '
                "characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  "
                "or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
            ],
            id="kind within an embedded object",
        ),
        pytest.param(
            an_object(a=embedded({"metadata": an_object(name={**TEXT, "default": 42})})),
            [
                "properties[a].properties[metadata].properties[name].default: Invalid value: 42: must result in valid metadata: "
                'metadata: Invalid value: map[string]interface {}{"name":42}: '
                "json: cannot unmarshal number into Go struct field ObjectMeta.name of type string"
            ],
            id="name within an embedded object",
        ),
        pytest.param(
            an_object(a=embedded(SOMETHING, default={**FOO, "metadata": {"name": "%"}})),
            ["properties[a].default.metadata.name: Invalid value: \"%\": may not contain '%'"],
            id="name of an embedded object",
        ),
        pytest.param(
            an_object(a=embedded(SOMETHING, default={"metadata": 42, **FOO})),
            [
                "properties[a].default.metadata: Invalid value: 42: "
                "json: cannot unmarshal number into Go value of type v1.ObjectMeta"
            ],
            id="metadata of an embedded object",
        ),
        pytest.param(
            an_object(a={**an_object(b=TEXT), "default": {"b": "x", "c": [1]}}),
            [
                'properties[a].default: Invalid value: map[string]interface {}{"b":"x", "c":[]interface {}{1}}: '
                "must not have unknown fields"
            ],
            id="unknown field",
        ),
        pytest.param(
            an_object(a={**an_object(b=TEXT), "default": {"b": 1}}),
            [
                'properties[a].default.b: Invalid value: "integer": b in body must be of type string: "integer"',
            ],
            id="wrong type below a default",
        ),
        pytest.param(
            an_object(a=ruled({**TEXT, "default": "nope"}, "self.startsWith('kube')")),
            ["properties[a].default: Invalid value: \"string\": failed rule: self.startsWith('kube')"],
            id="a rule that does not hold",
        ),
    ],
)
def test_the_words(schema: Obj, says: list[str]) -> None:
    errors = validate_schema({"openAPIV3Schema": schema}, "", Demands())
    assert [str(error).removeprefix(".openAPIV3Schema.") for error in errors] == says


VALID = {"apiVersion": "foo/v1", "kind": "Foo"}
TYPELESS = ["apiVersion: Required value", "kind: Required value"]


@follows(
    "Custom resources",
    "staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta/validation_test.go: TestValidateEmbeddedResource",
)
@pytest.mark.parametrize(
    ("obj", "says"),
    [
        pytest.param({}, TYPELESS, id="empty"),
        pytest.param(VALID, [], id="version and kind"),
        pytest.param({**VALID, "kind": "foo.bar-com"}, ["kind: Invalid value"], id="invalid kind"),
        pytest.param({**VALID, "metadata": {"namespace": "kube-system"}}, [], id="no name"),
        pytest.param({**VALID, "metadata": {"name": "foo"}}, [], id="no namespace"),
        pytest.param(
            {
                **VALID,
                "metadata": {"name": "..", "namespace": "$$$", "labels": {"#": "#"}, "annotations": {"#": "#"}},
            },
            [f"metadata.{one}: Invalid value" for one in ("annotations", "labels", "labels", "name", "namespace")],
            id="invalid",
        ),
    ],
)
def test_an_embedded_object(obj: Obj, says: list[str]) -> None:
    assert places(invalid_parts(obj, {}, "", is_root=True)) == says


HOLDS = {
    "type": "object",
    "properties": {
        "embedded": {EMBEDDED: True},
        "nested": {EMBEDDED: True, "properties": {"embedded": {EMBEDDED: True}}},
        "items": {"items": {EMBEDDED: True}},
        "additionalProperties": {"additionalProperties": {EMBEDDED: True}},
    },
}


@follows(
    "Custom resources",
    "staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta/validation_test.go: TestValidate",
)
@pytest.mark.parametrize(
    ("obj", "is_root", "where"),
    [
        pytest.param({}, False, [], id="empty"),
        pytest.param({}, True, [""], id="include root"),
        pytest.param({"embedded": {}}, False, ["embedded."], id="embedded"),
        pytest.param({"nested": {"embedded": {}}}, False, ["nested.", "nested.embedded."], id="nested"),
        pytest.param({"items": [{}]}, False, ["items[0]."], id="items"),
        pytest.param(
            {"additionalProperties": {"foo": {}}}, False, ["additionalProperties[foo]."], id="additionalProperties"
        ),
    ],
)
def test_where_embedded_objects_are(obj: Obj, is_root: bool, where: list[str]) -> None:
    assert places(invalid_parts(obj, HOLDS, "", is_root=is_root)) == sorted(
        f"{one}{says}" for one in where for says in TYPELESS
    )
