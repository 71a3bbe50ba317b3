"""Changed definitions: the table of `TestValidateCustomResourceDefinitionUpdate`, and what versions are stored.

Upstream's cases about fields of v1beta1 at the top of a definition are told as v1 has them; those that only v1beta1 could write are left out.
"""

from typing import Any

import pytest

from simulator.machinery.custom.definition_changes import validate_definition_update
from simulator.machinery.custom.definition_validation import validate_stored
from tests.proof.follows import follows
from tests.simulator.extension.test_definition_schemas import (
    FULL,
    TEXT,
    UPSTREAM,
    a_list,
    a_map,
    a_set,
    an_object,
    places,
    ruled,
)

Obj = dict[str, Any]

NAMES = {"plural": "plural", "singular": "singular", "kind": "Plural", "listKind": "PluralList"}
TABLE = UPSTREAM + "TestValidateCustomResourceDefinitionUpdate"
UNSTRUCTURAL = {**FULL, "items": {"description": "nested"}, "properties": {"spec": {}, "status": {}}}
UNTYPED = [f"{where}.type: Required value" for where in ("items", "properties[spec]", "properties[status]")]


def version(name: str = "version", schema: Obj | None = None, *, storage: bool | None = None) -> Obj:
    found = {} if schema is None else {"schema": {"openAPIV3Schema": schema}}
    is_first = name in ("version", "v1") if storage is None else storage
    return {"name": name, "served": True, "storage": is_first, **found}


def crd(*versions: Obj, established: bool = False, stored: list[str] | None = None, **spec: Any) -> Obj:
    whole = {"group": "group.com", "scope": "Cluster", "names": NAMES, "versions": list(versions)}
    whole |= {"conversion": {"strategy": "None"}, **spec}
    status: Obj = {"storedVersions": stored or [one["name"] for one in versions if one["storage"]]}
    if established:
        status["conditions"] = [{"type": "Established", "status": "True"}]
    return {"metadata": {"name": "plural.group.com"}, "spec": whole, "status": status}


def of(schema: Obj | None, **spec: Any) -> Obj:
    return crd(version(schema=schema), **spec)


def foo(schema: Obj, name: str = "foo") -> Obj:
    return of(an_object(**{name: schema}))


def webhook(*reviews: str) -> Obj:
    client = {"url": "https://example.com/webhook"}
    hook = {"clientConfig": client, **({"conversionReviewVersions": list(reviews)} if reviews else {})}
    return of({"type": "object"}, conversion={"strategy": "Webhook", "webhook": hook})


def costly(last: int) -> Obj:
    sum_of = " + ".join(f"self[{index}]" for index in range(last + 1))
    return an_object(f=ruled(a_list(TEXT), {"rule": "true", "messageExpression": sum_of}))


KEEPS: Obj = {"preserveUnknownFields": True}
OTHER: Obj = {"group": "abc.com", "scope": "Namespaced"}
OTHER["names"] = {"plural": "plural2", "singular": "singular2", "kind": "Kind2", "listKind": "Kind2List"}
KEY_ITEMS = {
    "non-required key with no default": (
        an_object(key=TEXT),
        an_object(key={**TEXT, "default": "stuff"}),
        "properties[bar].items.properties[key].default: Required value",
    ),
    "nullable key": (
        {**an_object(key={**TEXT, "nullable": True}), "required": ["key"]},
        {**an_object(key=TEXT), "required": ["key"]},
        "properties[bar].items.properties[key].nullable: Forbidden",
    ),
    "nullable item": (
        {**an_object(key=TEXT), "required": ["key"], "nullable": True},
        {**an_object(key=TEXT), "required": ["key"]},
        "properties[bar].items.nullable: Forbidden",
    ),
}
FORGIVEN = [
    pytest.param(
        of({"type": "object"}),
        foo({"type": "bogus"}),
        ["properties[foo].type: Unsupported value"],
        id="invalid types updates disallowed",
    ),
    pytest.param(foo({"type": "bogus"}), foo({"type": "bogus2"}), [], id="invalid types allowed if old has them"),
    pytest.param(
        foo(a_set({"type": "object"})),
        foo(a_set({"type": "object"}), "bar"),
        [],
        id="non-atomic items in lists of type set allowed if pre-existing",
    ),
    pytest.param(
        of({"type": "object"}),
        foo(a_set({"type": "object"}), "bar"),
        ["properties[bar].items.x-kubernetes-map-type: Invalid value"],
        id="reject non-atomic items in lists of type set if not pre-existing",
    ),
    *(
        pytest.param(
            foo(a_map("key", items=wrong if allowed else right)),
            foo(a_map("key", items=wrong), "bar"),
            [] if allowed else [says],
            id=f"{'allow' if allowed else 'reject'} {name} in list of type map",
        )
        for name, (wrong, right, says) in KEY_ITEMS.items()
        for allowed in (True, False)
    ),
    pytest.param(
        foo(a_set({**TEXT, "nullable": True})),
        foo(a_set({**TEXT, "nullable": True}), "bar"),
        [],
        id="allow nullable items in list of type set if pre-existing",
    ),
    pytest.param(
        foo(a_set(TEXT)),
        foo(a_set({**TEXT, "nullable": True}), "bar"),
        ["properties[bar].items.nullable: Forbidden"],
        id="reject nullable items in list of type set if not pre-existing",
    ),
]
STRUCTURE = [
    pytest.param(
        of(an_object(foo={"type": "integer"}), **KEEPS),
        of(an_object(foo={}), **KEEPS),
        ["properties[foo].type: Required value"],
        id="structural to non-structural updates not allowed",
    ),
    pytest.param(
        of(None, **KEEPS),
        of(an_object(foo={}), **KEEPS),
        ["properties[foo].type: Required value"],
        id="absent schema to non-structural updates not allowed",
    ),
    pytest.param(
        crd(version(schema=an_object(foo={})), version("version2", an_object(foo={"type": "number"})), **KEEPS),
        crd(
            version(schema=an_object(foo={"description": "b"})),
            version("version2", an_object(foo={"description": "a"})),
            **KEEPS,
        ),
        [],
        id="non-structural updates allowed if old object has non-structural schema",
    ),
    pytest.param(
        of(FULL, **KEEPS),
        of(UNSTRUCTURAL, preserveUnknownFields=False),
        UNTYPED,
        id="switch off preserveUnknownFields with structural schema before",
    ),
    pytest.param(
        of(UNSTRUCTURAL, **KEEPS),
        of(FULL, preserveUnknownFields=False),
        [],
        id="switch off preserveUnknownFields without structural schema before, but with after",
    ),
    pytest.param(
        of({"type": "object"}),
        of({"type": "object"}, **KEEPS),
        ["spec.preserveUnknownFields: Invalid value"],
        id="switch to preserveUnknownFields: true is forbidden",
    ),
    pytest.param(
        of({"type": "object"}, **KEEPS),
        of({"type": "object"}, **KEEPS),
        [],
        id="keep preserveUnknownFields: true is allowed",
    ),
    pytest.param(of(None, **KEEPS), of(None, **KEEPS), [], id="schema not required if old object is missing schema"),
    pytest.param(
        crd(version(schema={"type": "object"}), version("version2"), **KEEPS),
        crd(version(), version("version2"), **KEEPS),
        [],
        id="schema not required if old object is missing schema for some versions",
    ),
    pytest.param(
        of({"type": "object"}, **KEEPS),
        of(None, **KEEPS),
        ["spec.versions[0].schema.openAPIV3Schema: Required value"],
        id="schema required if old object has top-level schema",
    ),
    pytest.param(
        crd(
            version(schema={"type": "object", "description": "1"}),
            version("version2", {"type": "object", "description": "2"}),
            **KEEPS,
        ),
        crd(version(), version("version2"), **KEEPS),
        [f"spec.versions[{index}].schema.openAPIV3Schema: Required value" for index in (0, 1)],
        id="schema required if all versions of old object have schema",
    ),
    pytest.param(foo({"type": "number"}), foo({"type": "number", "default": 42.0}), [], id="setting defaults"),
    pytest.param(
        of(an_object(a={"type": "number"}), **KEEPS),
        of(an_object(a={"type": "number", "default": 42.0}), **KEEPS),
        ["spec.preserveUnknownFields: Invalid value"],
        id="add default, structural schema, without pruning",
    ),
]
REVIEWS = "spec.conversion.conversionReviewVersions: Invalid value"
NAMES_AND_VERSIONS = [
    pytest.param(
        webhook("invalid-version_0, invalid-version"),
        webhook("invalid-version"),
        [],
        id="pass on invalid ConversionReviewVersion with old invalid versions",
    ),
    pytest.param(
        webhook("v1beta1", "invalid-version"),
        webhook("invalid-version"),
        [REVIEWS],
        id="fail on invalid ConversionReviewVersion with old valid versions",
    ),
    pytest.param(
        webhook(),
        webhook("invalid-version"),
        [REVIEWS],
        id="fail on invalid ConversionReviewVersion with missing old versions",
    ),
    pytest.param(of(None, **KEEPS), of(None, **KEEPS), [], id="unchanged"),
    pytest.param(
        of(None, established=True, **KEEPS), of(None, established=True, **KEEPS), [], id="unchanged-established"
    ),
    pytest.param(
        crd(version(), version("version2"), established=True, stored=["version", "version2"], **KEEPS),
        of(None, **KEEPS),
        ["status.storedVersions[1]: Invalid value"],
        id="version-deleted",
    ),
    pytest.param(
        crd(version("version2", storage=True), **KEEPS),
        crd(version("version2", storage=True), **KEEPS, **OTHER),
        ["spec.group: Invalid value", "spec.names.plural: Invalid value"],
        id="changes",
    ),
    pytest.param(
        crd(version("version2", storage=True), established=True, **KEEPS),
        crd(version("version2", storage=True), **KEEPS, **OTHER),
        [f"spec.{one}: Invalid value" for one in ("group", "names.kind", "names.plural", "scope")],
        id="changes-established",
    ),
    pytest.param(
        crd(version("v1", costly(7)), version("v2", costly(7))),
        crd(version("v1", costly(7)), version("v2", costly(8)), version("v3", costly(7))),
        [
            f"spec.versions[{index}].schema.openAPIV3Schema.properties[f].x-kubernetes-validations[0].messageExpression: Forbidden"
            for index in (1, 2)
        ],
        id="suppress per-expression cost limit in pre-existing versions",
    ),
    pytest.param(
        crd(version("v1", costly(7))),
        crd(version("v1", costly(7)), version("v2", costly(8))),
        [
            "spec.versions[1].schema.openAPIV3Schema.properties[f].x-kubernetes-validations[0].messageExpression: Forbidden"
        ],
        id="suppress per-expression cost limit beside a new version",
    ),
]


@follows("Custom resources", TABLE)
@pytest.mark.parametrize(("old", "new", "says"), FORGIVEN + STRUCTURE + NAMES_AND_VERSIONS)
def test_what_a_change_may_not_do(old: Obj, new: Obj, says: list[str]) -> None:
    assert places(validate_definition_update(new, old)) == says


@follows("Custom resources", UPSTREAM + "TestValidateCustomResourceDefinitionStoredVersions")
@pytest.mark.parametrize(
    ("stored", "versions", "says"),
    [
        pytest.param(["v1"], ["v1"], [], id="one version"),
        pytest.param(
            [],
            ["v1"],
            ["status.storedVersions: Invalid value: []string{}: must have at least one stored version"],
            id="no stored version",
        ),
        pytest.param(["v1alpha", "v1"], ["v1alpha", "v1beta1", "v1"], [], id="many versions"),
        pytest.param(
            ["v1alpha", "v1beta1", "v1"],
            ["v1beta1", "v1"],
            [
                'status.storedVersions[0]: Invalid value: "v1alpha": missing from spec.versions; v1alpha was previously a storage '
                "version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1alpha "
                "and removes v1alpha from status.storedVersions"
            ],
            id="missing stored versions",
        ),
        pytest.param(
            ["v1alpha", "v1beta1"],
            ["v1alpha", "v1beta1", "v1"],
            ['status.storedVersions: Invalid value: []string{"v1alpha", "v1beta1"}: must have the storage version v1'],
            id="missing storage versions",
        ),
    ],
)
def test_stored_versions(stored: list[str], versions: list[str], says: list[str]) -> None:
    given = [version(name, storage=name == "v1") for name in versions]
    assert [str(error) for error in validate_stored(stored, given)] == says
