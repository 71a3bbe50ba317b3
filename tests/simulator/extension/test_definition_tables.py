"""CustomResourceDefinitions that are refused, as `apis/apiextensions/validation/validation_test.go` and `apiserver/schema/validation_test.go` have them."""

from typing import Any

import pytest

from simulator.machinery.custom.definition_validation import validate_definition
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
