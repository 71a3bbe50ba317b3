"""CustomResourceDefinitions that are refused, as `apis/apiextensions/validation/validation_test.go` and `apiserver/schema/validation_test.go` have them."""

from typing import Any

import pytest

from simulator.machinery.custom.definition_validation import validate_definition
from simulator.machinery.custom.field_paths import wrong_field_path
from simulator.machinery.custom.version_validation import wrong_warning
from tests.proof.follows import follows

Obj = dict[str, Any]
UPSTREAM = "staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation_test.go: TestValidateCustomResourceDefinition"
STRUCTURE = "staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/validation_test.go: "
NAMES = {"plural": "plural", "singular": "singular", "kind": "Plural", "listKind": "PluralList"}


def version(name: str = "version", schema: Obj | None = None, **more: Any) -> Obj:
    found = {"openAPIV3Schema": schema or {"type": "object"}}
    return {"name": name, "served": True, "storage": name == "version", "schema": found, **more}


def said(*versions: Obj, **spec: Any) -> list[str]:
    whole = {
        "group": "group.com",
        "scope": "Cluster",
        "names": NAMES,
        "versions": list(versions) or [version()],
        "conversion": {"strategy": "None"},
        **spec,
    }
    crd = {"metadata": {"name": "plural.group.com"}, "spec": whole}
    return [str(error) for error in validate_definition(crd)]


def webhook(client: Obj | None, *reviews: str, strategy: str = "Webhook") -> Obj:
    hook: Obj = {"conversionReviewVersions": list(reviews)} if reviews else {}
    if client is not None:
        hook["clientConfig"] = client
    return {"strategy": strategy, "webhook": hook} if hook else {"strategy": strategy}


CLIENT, REVIEWS = "spec.conversion.webhookClientConfig", "spec.conversion.conversionReviewVersions"
URL = {"url": "https://example.com/webhook"}
SERVICE = {"name": "n", "namespace": "ns"}
NOT_SET = "Forbidden: should not be set when strategy is not set to Webhook"
LABEL = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)


@follows("Custom resources", UPSTREAM)
@pytest.mark.parametrize(
    ("conversion", "says"),
    [
        pytest.param(
            webhook({"service": {**SERVICE, "port": 0}}, "v1"),
            [f"{CLIENT}.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive"],
            id="webhookconfig: invalid port 0",
        ),
        pytest.param(
            webhook({"service": {**SERVICE, "port": 65536}}, "v1"),
            [f"{CLIENT}.service.port: Invalid value: 65536: port is not valid: must be between 1 and 65535, inclusive"],
            id="webhookconfig: invalid port 65536",
        ),
        pytest.param(
            webhook({**URL, "service": SERVICE}, "v1"),
            [f"{CLIENT}: Required value: exactly one of url or service is required"],
            id="webhookconfig: both service and URL provided",
        ),
        pytest.param(
            webhook({"url": ""}, "v1"),
            [
                f"{CLIENT}.url: Invalid value: \"\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
                f'{CLIENT}.url: Invalid value: "": host must be provided; desired format: https://host[/path]',
            ],
            id="webhookconfig: blank URL",
        ),
        pytest.param(
            webhook(None, "v1"),
            [f"{CLIENT}: Required value: required when strategy is set to Webhook"],
            id="no client",
        ),
        pytest.param(webhook(URL, strategy="None"), [f"{CLIENT}: {NOT_SET}"], id="webhookconfig_should_not_be_set"),
        pytest.param(
            webhook(None, "v1beta1", strategy="None"),
            [f"{REVIEWS}: {NOT_SET}"],
            id="ConversionReviewVersions_should_not_be_set",
        ),
        pytest.param(
            webhook(URL, "invalid-version"),
            [f'{REVIEWS}: Invalid value: []string{{"invalid-version"}}: must include at least one of v1, v1beta1'],
            id="webhookconfig: invalid ConversionReviewVersion",
        ),
        pytest.param(
            webhook(URL, "0v"),
            [
                f'{REVIEWS}[0]: Invalid value: "0v": {LABEL}',
                f'{REVIEWS}: Invalid value: []string{{"0v"}}: must include at least one of v1, v1beta1',
            ],
            id="webhookconfig: invalid ConversionReviewVersion version string",
        ),
        pytest.param(
            webhook(URL, "invalid-version", "v1beta1"),
            [],
            id="webhookconfig: at least one valid ConversionReviewVersion",
        ),
        pytest.param(
            webhook(URL, "v1beta1", "v1beta1"),
            [f'{REVIEWS}[1]: Invalid value: "v1beta1": duplicate version'],
            id="webhookconfig: duplicate ConversionReviewVersion",
        ),
        pytest.param(webhook(URL), [f"{REVIEWS}: Required value"], id="no ConversionReviewVersion"),
        pytest.param(
            {"strategy": "non_existing_conversion"},
            [
                'spec.conversion.strategy: Unsupported value: "non_existing_conversion": supported values: "None", "Webhook"'
            ],
            id="unknown strategy",
        ),
    ],
)
def test_conversions(conversion: Obj, says: list[str]) -> None:
    versions = [version(), version("version2", {"type": "object", "description": "another"})]
    assert said(*versions, conversion=conversion) == says


@follows("Custom resources", UPSTREAM)
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        pytest.param(
            {"group": "group"},
            'spec.group: Invalid value: "group": should be a domain with at least one dot',
            id="group",
        ),
        pytest.param({"scope": ""}, "spec.scope: Required value", id="no scope"),
        pytest.param(
            {"names": {**NAMES, "kind": "Same", "listKind": "Same"}},
            'spec.names.listKind: Invalid value: "Same": kind and listKind may not be the same',
            id="one name for two kinds",
        ),
        pytest.param(
            {"names": {**NAMES, "kind": "matching_kind"}},
            f'spec.names.kind: Invalid value: "matching_kind": may have mixed case, but should otherwise match: {LABEL}',
            id="kind",
        ),
        pytest.param(
            {"preserveUnknownFields": True},
            "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set "
            "x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
            id="preserveUnknownFields",
        ),
    ],
)
def test_what_a_definition_is_called(spec: Obj, says: str) -> None:
    assert says in said(**spec)


def scale(**paths: str) -> Obj:
    return {"scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas", **paths}}


@follows("Custom resources", UPSTREAM)
@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param(scale(), [], id="right"),
        pytest.param(
            scale(specReplicasPath=".foo.bar"),
            ['specReplicasPath: Invalid value: ".foo.bar": should be a json path under .spec'],
            id="spec path elsewhere",
        ),
        pytest.param(
            scale(specReplicasPath="spec.replicas"),
            ['specReplicasPath: Invalid value: "spec.replicas": must be a simple json path starting with .'],
            id="spec path without a dot",
        ),
        pytest.param(
            scale(statusReplicasPath=".spec.replicas"),
            ['statusReplicasPath: Invalid value: ".spec.replicas": should be a json path under .status'],
            id="status path elsewhere",
        ),
        pytest.param(scale(statusReplicasPath=""), ["statusReplicasPath: Required value"], id="no status path"),
        pytest.param(scale(labelSelectorPath=".spec.selector"), [], id="selector in the spec"),
        pytest.param(
            scale(labelSelectorPath=".metadata.labels"),
            [
                'labelSelectorPath: Invalid value: ".metadata.labels": should be a json path under either .spec or .status'
            ],
            id="selector elsewhere",
        ),
    ],
)
def test_scale(given: Obj, says: list[str]) -> None:
    assert said(version(subresources=given)) == [f"spec.subresources.scale.{one}" for one in says]


def field(**schema: Any) -> Obj:
    return {"type": "object", "properties": {"foo": schema}}


SCHEMA = "spec.validation.openAPIV3Schema"
FOO = f"{SCHEMA}.properties[foo]"
AT_LEAST_TWO = {"minLength": 2}
TEXT = {"type": "string"}


@follows(
    "Custom resources",
    UPSTREAM,
    STRUCTURE + "TestValidateStructuralCompleteness, TestValidateNestedValueValidationComplete",
)
@pytest.mark.parametrize(
    ("schema", "says"),
    [
        pytest.param(
            field(type="bogus"),
            f'{FOO}.type: Unsupported value: "bogus": supported values: "array", "boolean", "integer", "number", '
            '"object", "string"',
            id="invalid types disallowed",
        ),
        pytest.param(
            field(type="null"),
            f"{FOO}.type: Forbidden: type cannot be set to null, use nullable as an alternative",
            id="null is no type",
        ),
        pytest.param(
            field(
                type="array",
                items={"type": "object", "required": ["k"], "properties": {"k": {**TEXT, "nullable": True}}},
                **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]},
            ),
            f"{FOO}.items.properties[k].nullable: Forbidden: "
            "this property is in x-kubernetes-list-map-keys, so it cannot be nullable",
            id="a key that may be null",
        ),
        pytest.param(
            field(type="string", pattern="+"),
            f'{FOO}.pattern: Invalid value: "+": must be a valid regular expression, but isn\'t: '
            "error parsing regexp: missing argument to repetition operator: `+`",
            id="invalid regex",
        ),
        pytest.param(
            field(
                type="object",
                additionalProperties={"type": "object", "properties": {"bar": TEXT}},
                allOf=[{"properties": {"foo": AT_LEAST_TWO}}],
            ),
            f"{FOO}.properties[foo]: Required value: because it is defined in {FOO}.allOf[0].properties[foo]",
            id="disallowed properties valuevalidation, additional properties structure",
        ),
        pytest.param(
            field(type="object", properties={"foo": TEXT}, allOf=[{"properties": {"foo": AT_LEAST_TWO}}]),
            "",
            id="allowed property in valuevalidation, and in structure",
        ),
        pytest.param(
            field(type="object", properties={"foo": TEXT}, allOf=[{"properties": {"notfoo": AT_LEAST_TWO}}]),
            f"{FOO}.properties[notfoo]: Required value: because it is defined in {FOO}.allOf[0].properties[notfoo]",
            id="disallowed property in valuevalidation, and in structure",
        ),
        pytest.param(
            field(type="array", items=TEXT, allOf=[{"items": AT_LEAST_TWO}]),
            "",
            id="allowed items in valuevalidation, and in structure",
        ),
        pytest.param(
            field(type="object", properties={"foo": TEXT}, allOf=[{"items": AT_LEAST_TWO}]),
            f"{FOO}.items: Required value: because it is defined in {FOO}.allOf[0].items",
            id="disallowed items in valuevalidation, and not in structure",
        ),
        *(
            pytest.param(
                field(type="string", allOf=[{key: value}]),
                f"{FOO}.allOf[0].{key}: Forbidden: {why}",
                id=f"nested {key}",
            )
            for key, value, why in (
                ("type", "string", "must be empty to be structural"),
                ("additionalProperties", TEXT, "must be undefined to be structural"),
                ("default", "x", "must be undefined to be structural"),
                ("title", "x", "must be empty to be structural"),
                ("description", "x", "must be empty to be structural"),
                ("nullable", True, "must be false to be structural"),
                ("x-kubernetes-preserve-unknown-fields", True, "must be false to be structural"),
                ("x-kubernetes-embedded-resource", True, "must be false to be structural"),
                ("x-kubernetes-int-or-string", True, "must be false to be structural"),
                ("x-kubernetes-list-map-keys", ["a"], "must be empty to be structural"),
                ("x-kubernetes-list-type", "map", "must be undefined to be structural"),
                ("x-kubernetes-map-type", "atomic", "must be undefined to be structural"),
                ("x-kubernetes-validations", [{"rule": "true"}], "must be empty to be structural"),
            )
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {"metadata": {"type": "object", "properties": {"labels": {"type": "object"}}}},
            },
            f"{SCHEMA}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, "
            "but metadata is implicitly specified",
            id="metadata",
        ),
        pytest.param(
            field(type="object", **{"x-kubernetes-embedded-resource": True}),
            f"{FOO}.properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without "
            "x-kubernetes-preserve-unknown-fields",
            id="an embedded resource without properties",
        ),
    ],
)
def test_schemas(schema: Obj, says: str) -> None:
    found = said(version(schema=schema))
    assert says in found if says else found == []


# Several versions

UNTYPED = {
    "type": "object",
    "items": {"description": "This is a schema nested under Items"},
    "properties": {"spec": {}, "status": {}},
}
TYPED = {"type": "object", "properties": {"spec": {"type": "object"}, "status": {"type": "object"}}}
NOT_TYPED = {
    "items": "must not be empty for specified array items",
    "properties[spec]": "must not be empty for specified object fields",
    "properties[status]": "must not be empty for specified object fields",
}
STORAGE = (
    "spec.versions: Invalid value: []apiextensions.CustomResourceDefinitionVersion{…}: "
    "must have exactly one version marked as storage version"
)


def second(schema: Obj | None = None, **more: Any) -> Obj:
    return version("version2", schema or {"type": "object", "description": "another"}, **more)


def untyped(path: str) -> list[str]:
    return [f"{path}.{where}.type: Required value: {why}" for where, why in NOT_TYPED.items()]


@follows("Custom resources", UPSTREAM)
@pytest.mark.parametrize(
    ("versions", "says"),
    [
        pytest.param(
            [{**version(), "storage": False}, second()],
            [STORAGE, "status.storedVersions: Invalid value: []string(nil): must have at least one stored version"],
            id="no_storage_version",
        ),
        pytest.param(
            [version(), {**second(), "storage": True}],
            [
                STORAGE,
                'status.storedVersions: Invalid value: []string{"version"}: must have the storage version version2',
            ],
            id="multiple_storage_version",
        ),
        pytest.param(
            [version(), version()],
            [
                STORAGE.replace(
                    "must have exactly one version marked as storage version", "must contain unique version names"
                ),
                STORAGE,
            ],
            id="the same name twice",
        ),
        pytest.param(
            [version(schema=UNTYPED), second(UNTYPED)], untyped(SCHEMA), id="unstructural schema of all versions"
        ),
        pytest.param(
            [version(schema=TYPED), second(UNTYPED)],
            untyped("spec.versions[1].schema.openAPIV3Schema"),
            id="unstructural schema in one version",
        ),
        pytest.param(
            [version(schema=TYPED), {**second(), "schema": {}}],
            ["spec.versions[1].schema.openAPIV3Schema: Required value: schemas are required"],
            id="no schema in one version",
        ),
        pytest.param(
            [{**version(), "schema": None}, {**second(), "schema": {}}],
            [
                f"spec.versions[{index}].schema.openAPIV3Schema: Required value: schemas are required"
                for index in (0, 1)
            ],
            id="no schema at all",
        ),
        pytest.param(
            [
                version(subresources=scale()),
                second(subresources=scale(labelSelectorPath=".status.labelSelector")),
                second(subresources=scale(labelSelectorPath=".spec.labelSelector")) | {"name": "version3"},
                second(subresources=scale(labelSelectorPath=".labelSelector")) | {"name": "version4"},
            ],
            [
                'spec.versions[3].subresources.scale.labelSelectorPath: Invalid value: ".labelSelector": '
                "should be a json path under either .spec or .status"
            ],
            id="labelSelectorPath outside of .spec and .status",
        ),
        pytest.param(
            [version(deprecationWarning="old"), second()],
            [
                'spec.versions[0].deprecationWarning: Invalid value: "old": can only be set for deprecated versions',
            ],
            id="a warning without being deprecated",
        ),
    ],
)
def test_versions(versions: list[Obj], says: list[str]) -> None:
    assert said(*versions) == says


@follows("Custom resources", UPSTREAM)
@pytest.mark.parametrize(
    ("schema", "says"),
    [
        pytest.param(
            field(type="object", properties={"bar": {"type": "object"}}, additionalProperties=False),
            [f"{FOO}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"],
            id="additionalProperties and properties forbidden",
        ),
        pytest.param(
            field(type="object", additionalProperties=TEXT), [], id="additionalProperties without properties allowed"
        ),
        pytest.param(
            {
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": True,
                "x-kubernetes-validations": [{"rule": "size(self.metadata.name) > 3"}],
                "properties": {"metadata": {"type": "object", "properties": {"name": TEXT}}},
            },
            [],
            id="x-kubernetes-validations access metadata name",
        ),
        pytest.param(
            field(
                type="number",
                **{
                    "not": {"x-kubernetes-validations": [{"rule": "no"}]},
                    **{key: [{"x-kubernetes-validations": [{"rule": "no"}]}] for key in ("anyOf", "allOf", "oneOf")},
                },
            ),
            [
                f"{FOO}.{where}.x-kubernetes-validations: Forbidden: must be empty to be structural"
                for where in ("allOf[0]", "anyOf[0]", "not", "oneOf[0]")
            ],
            id="x-kubernetes-validations under oneOf/anyOf/allOf/not",
        ),
        pytest.param(
            {
                **field(
                    type="number",
                    **{
                        "x-kubernetes-validations": [
                            {"rule": "true", "reason": f"FieldValue{reason}"}
                            for reason in ("Required", "Invalid", "Duplicate", "Forbidden")
                        ]
                    },
                ),
                "x-kubernetes-validations": [{"rule": "self.foo > 0", "reason": "InternalError", "fieldPath": ".foo"}],
            },
            [
                f'{SCHEMA}.x-kubernetes-validations[0].reason: Unsupported value: "InternalError": supported values: '
                '"FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"'
            ],
            id="reason",
        ),
    ],
)
def test_whole_schemas(schema: Obj, says: list[str]) -> None:
    assert said(version(schema=schema)) == says


@follows("Custom resources", UPSTREAM)
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        pytest.param(
            {"group": "other.com", "names": {"plural": "plural"}, "scope": "", "versions": []},
            [
                'metadata.name: Invalid value: "plural.group.com": must be spec.names.plural+"."+spec.group',
                "spec.scope: Required value",
                STORAGE,
                *(f"spec.names.{name}: Required value" for name in ("singular", "kind", "listKind")),
                "status.storedVersions: Invalid value: []string(nil): must have at least one stored version",
            ],
            id="mismatched name",
        ),
        pytest.param(
            {"group": "", "names": {}, "scope": "", "versions": []},
            [
                'metadata.name: Invalid value: "plural.group.com": must be spec.names.plural+"."+spec.group',
                "spec.group: Required value",
                "spec.scope: Required value",
                STORAGE,
                *(f"spec.names.{name}: Required value" for name in ("plural", "singular", "kind", "listKind")),
                "status.storedVersions: Invalid value: []string(nil): must have at least one stored version",
            ],
            id="missing values",
        ),
        pytest.param(
            {
                "group": "group",
                "scope": "foo",
                "names": {"plural": "pl()*ural", "singular": "value()*a", "kind": "value()*a", "listKind": "value()*a"},
            },
            [
                'metadata.name: Invalid value: "plural.group.com": must be spec.names.plural+"."+spec.group',
                'spec.group: Invalid value: "group": should be a domain with at least one dot',
                'spec.scope: Unsupported value: "foo": supported values: "Cluster", "Namespaced"',
                f'spec.names.plural: Invalid value: "pl()*ural": {LABEL}',
                f'spec.names.singular: Invalid value: "value()*a": {LABEL}',
                *(
                    f'spec.names.{name}: Invalid value: "value()*a": may have mixed case, but should otherwise match: {LABEL}'
                    for name in ("kind", "listKind")
                ),
                'spec.names.listKind: Invalid value: "value()*a": kind and listKind may not be the same',
            ],
            id="bad names 01",
        ),
        pytest.param(
            {"group": "group.c(*&om", "scope": "", "names": {**NAMES, "kind": "matching", "listKind": "matching"}},
            [
                'metadata.name: Invalid value: "plural.group.com": must be spec.names.plural+"."+spec.group',
                'spec.group: Invalid value: "group.c(*&om": a lowercase RFC 1123 subdomain must consist of lower case '
                "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', "
                "regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
                "spec.scope: Required value",
                'spec.names.listKind: Invalid value: "matching": kind and listKind may not be the same',
            ],
            id="bad names 02",
        ),
    ],
)
def test_bad_names(spec: Obj, says: list[str]) -> None:
    assert said(**spec) == says


# Paths and warnings

NUMBER = {"type": "number"}


def of_fields(**properties: Obj) -> Obj:
    return {"type": "object", "properties": properties}


PATHS = of_fields(
    foo={"type": "object", "additionalProperties": of_fields(f1=NUMBER)},
    a=of_fields(**{"bbb": of_fields(**{"c": NUMBER, "34": NUMBER}), "bbb.c": of_fields(**{"a-b34": NUMBER})}),
    list={"type": "array", "items": of_fields(**{"a": NUMBER, "a-b.34": NUMBER})},
)
NO_FIELD = "does not refer to a valid field"


@follows("Custom resources", UPSTREAM.replace("TestValidateCustomResourceDefinition", "TestValidateFieldPath"))
@pytest.mark.parametrize(
    ("path", "says"),
    [
        (".a", ""),
        (".a.bbb", ""),
        (".foo.f1", ""),
        (".a['bbb']", ""),
        (".a['bbb.c']", ""),
        (".a['bbb.c'].a-b34", ""),
        (".a['bbb.c']['a-b34']", ""),
        (".a.bbb.c", ""),
        (".a.bbb['34']", ""),
        (".a.foo", NO_FIELD),
        (".a.bbb[0]", "expected single quoted string but got 0"),
        (".a.bbb.34", ""),
        (".list", ""),
        (".list[1]", "expected single quoted string but got 1"),
        (".list.a", NO_FIELD),
        (".list['a-b.34']", NO_FIELD),
        (".list.a-b.34", NO_FIELD),
        ("a", "expected [ or . but got: a"),
        (".c", NO_FIELD),
        (".a..b", NO_FIELD),
        (".list[-1]", "expected single quoted string but got -1"),
        (".list[1.0]", "expected single quoted string but got 1"),
    ],
)
def test_field_paths(path: str, says: str) -> None:
    assert wrong_field_path(path, PATHS) == says


def ruled(*paths: str) -> Obj:
    return {"x-kubernetes-validations": [{"rule": "true", "fieldPath": path} for path in paths]}


@follows("Custom resources", UPSTREAM)
@pytest.mark.parametrize(
    ("schema", "wrong"),
    [
        pytest.param(
            of_fields(
                **{
                    "a.c": NUMBER,
                    "foo": of_fields(**{"b.c": of_fields(**{"c\a": NUMBER})}),
                    "list": {"type": "array", "items": of_fields(a=NUMBER)},
                }
            )
            | ruled(".foo['b.c']['c\\a']", "['a.c']", ".a.c", ".list[0]", "   ", ".", ".."),
            {2: 1, 3: 1, 4: 2, 5: 1, 6: 1},
            id="x-kubernetes-validations should have valid fieldPath for array",
        ),
        pytest.param(
            of_fields(a=of_fields(b=of_fields(c=NUMBER)), list={"type": "array", "items": of_fields(a=NUMBER)})
            | ruled(".list[0].b", ".list[0.b", ".list0].b", ".a.c", ".a.b.d"),
            dict.fromkeys(range(5), 1),
            id="x-kubernetes-validations have invalid fieldPath",
        ),
    ],
)
def test_field_paths_of_rules(schema: Obj, wrong: dict[int, int]) -> None:
    found = [error.partition(": ")[0] for error in said(version(schema=schema))]
    assert found == [
        f"{SCHEMA}.x-kubernetes-validations[{index}].fieldPath" for index, times in wrong.items() for _ in range(times)
    ]


UNPRINTABLE = "must only contain printable UTF-8 characters; non-printable character found at index 12"


@follows(
    "Custom resources", UPSTREAM.replace("TestValidateCustomResourceDefinition", "Test_validateDeprecationWarning")
)
@pytest.mark.parametrize(
    ("is_deprecated", "warning", "says"),
    [
        pytest.param(False, None, [], id="not deprecated, nil warning"),
        pytest.param(False, "", ["can only be set for deprecated versions"], id="not deprecated, empty warning"),
        pytest.param(False, "foo", ["can only be set for deprecated versions"], id="not deprecated, set warning"),
        pytest.param(True, "Iñtërnâtiônàlizætiøn,💝🐹🌇⛔", [], id="utf-8"),
        pytest.param(True, "x" * 256, [], id="long warning"),
        pytest.param(True, "x" * 257, ["must be <= 256 characters long"], id="too long warning"),
        pytest.param(True, "", ["must not be an empty string"], id="empty warning"),
        pytest.param(True, "Test message\nfoo", [UNPRINTABLE], id="newline"),
        pytest.param(True, "Test message\u0008", [UNPRINTABLE], id="non-printable character"),
        pytest.param(True, "Test message\u0000", [UNPRINTABLE], id="null character"),
    ],
)
def test_warnings_of_deprecated_versions(is_deprecated: bool, warning: str | None, says: list[str]) -> None:
    assert wrong_warning(is_deprecated, warning) == says
