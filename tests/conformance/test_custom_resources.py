"""sig-api-machinery: statements about CustomResourceDefinitions and the kinds that they add."""

import json
from base64 import b64encode
from typing import Any

import pytest

from tests.conformance.conftest import AGNHOST, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
RESOURCES = "[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin]"
SIMPLE = f"{RESOURCES} Simple CustomResourceDefinition"
WATCH = "[sig-api-machinery] CustomResourceDefinition Watch [Privileged:ClusterAdmin] CustomResourceDefinition Watch"
CONVERSION = "[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin]"
DISCOVERY = "[sig-api-machinery] AggregatedDiscovery"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
FREE: Obj = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def version(name: str, schema: Obj | None = None, *, stored: bool = True, **more: object) -> Obj:
    return {
        "name": name,
        "served": True,
        "storage": stored,
        "schema": {"openAPIV3Schema": schema or FREE},
        "subresources": {"status": {}},
        **more,
    }


def definition(
    plural: str = "noxus", *versions: Obj, group: str = "mygroup.example.com", labels: Obj | None = None, **spec: object
) -> Obj:
    kind = plural.removesuffix("s").capitalize()
    names = {"plural": plural, "singular": plural.removesuffix("s"), "kind": kind, "listKind": f"{kind}List"}
    found = {"group": group, "scope": "Namespaced", "names": names, "versions": [*versions] or [version("v1")], **spec}
    metadata = {"name": f"{plural}.{group}", **({"labels": labels} if labels else {})}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": found,
    }


def defined(suite: Suite, *args: Any, **more: Any) -> Obj:
    """A new definition, once it is established."""
    made = suite.do("POST", DEFINITIONS, definition(*args, **more))
    suite.wait()
    return made


def path(plural: str = "noxus", name: str = "v1", group: str = "mygroup.example.com") -> str:
    return f"/apis/{group}/{name}/namespaces/default/{plural}"


def conditions(crd: Obj) -> Obj:
    return {one["type"]: one["status"] for one in crd["status"]["conditions"]}


# Definitions


@conforms(f"{SIMPLE} creating/deleting custom resource definition objects works [Conformance]")
def test_a_definition_is_created_and_deleted(suite: Suite) -> None:
    defined(suite)
    found = suite.do("GET", f"{DEFINITIONS}/noxus.mygroup.example.com")
    assert conditions(found) == {"Established": "True", "NamesAccepted": "True"}
    assert suite.do("GET", path())["items"] == []
    suite.do("DELETE", f"{DEFINITIONS}/noxus.mygroup.example.com")
    suite.wait()
    assert suite.ask("GET", f"{DEFINITIONS}/noxus.mygroup.example.com")["status"] == 404
    assert suite.ask("GET", path())["status"] == 404


@conforms(f"{SIMPLE} listing custom resource definition objects works [Conformance]")
def test_labelled_definitions_are_listed_and_deleted_together(suite: Suite) -> None:
    for number in range(10):
        suite.do("POST", DEFINITIONS, definition(f"noxu{number}s", labels={"e2e-list-test-uuid": "x"}))
    suite.do("POST", DEFINITIONS, definition("others"))
    suite.wait()
    listed = suite.do("GET", DEFINITIONS, labelSelector="e2e-list-test-uuid=x")["items"]
    assert [one["spec"]["names"]["plural"] for one in listed] == [f"noxu{number}s" for number in range(10)]
    suite.do("DELETE", DEFINITIONS, labelSelector="e2e-list-test-uuid=x")
    suite.wait()
    assert suite.do("GET", DEFINITIONS, labelSelector="e2e-list-test-uuid=x")["items"] == []
    assert suite.ask("GET", f"{DEFINITIONS}/others.mygroup.example.com")["status"] == 200


@conforms(f"{SIMPLE} getting/updating/patching custom resource definition status sub-resource works [Conformance]")
def test_the_status_of_a_definition_is_read_updated_and_patched(suite: Suite) -> None:
    defined(suite)
    place = f"{DEFINITIONS}/noxus.mygroup.example.com/status"
    found = suite.do("GET", place)
    assert conditions(found) == {"Established": "True", "NamesAccepted": "True"}
    told = {"type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "Set from an e2e test"}
    found["status"]["conditions"].append(told)
    updated = suite.do("PUT", place, found)
    assert conditions(updated)["StatusUpdate"] == "True"
    told = {"type": "StatusPatched", "status": "True", "reason": "E2E", "message": "Set by an e2e test"}
    patch = {
        "metadata": {"annotations": {"patched": "true"}},
        "status": {"conditions": [*updated["status"]["conditions"], told]},
    }
    patched = suite.do("PATCH", place, patch)
    assert patched["metadata"]["annotations"]["patched"] == "true"
    assert set(conditions(suite.do("GET", place))) == {
        "Established",
        "NamesAccepted",
        "StatusUpdate",
        "StatusPatched",
    }


@conforms(f"{WATCH} watch on custom resource definition objects [Conformance]")
def test_watches_tell_of_definitions_and_of_their_objects(suite: Suite) -> None:
    start = suite.do("GET", DEFINITIONS)["metadata"]["resourceVersion"]
    defined(suite)
    suite.do("PATCH", f"{DEFINITIONS}/noxus.mygroup.example.com", {"metadata": {"labels": {"dummy": "test"}}})
    first = suite.do("GET", path())["metadata"]["resourceVersion"]
    for name in ("name1", "name2"):
        suite.made(path(), name, apiVersion="mygroup.example.com/v1", kind="Noxu", content={"key": "value"})
    for name in ("name1", "name2"):
        suite.do("PATCH", f"{path()}/{name}", {"dummy": "test"})
    for name in ("name1", "name2"):
        suite.do("DELETE", f"{path()}/{name}")
    for name in ("name1", "name2"):
        heard = suite.watch(path(), first, fieldSelector=f"metadata.name={name}")
        assert heard == [("ADDED", name), ("MODIFIED", name), ("DELETED", name)]
    suite.do("DELETE", f"{DEFINITIONS}/noxus.mygroup.example.com")
    suite.wait()
    types = [kind for kind, _ in suite.watch(DEFINITIONS, start)]
    assert (types[0], types[-1], set(types)) == ("ADDED", "DELETED", {"ADDED", "MODIFIED", "DELETED"})


@conforms(f"{RESOURCES} custom resource defaulting for requests and from storage works [Conformance]")
def test_defaults_fill_requests_and_what_was_stored_before(suite: Suite) -> None:
    def schema(**properties: str) -> Obj:
        fields = {"a": {"type": "string"}, "b": {"type": "string"}}
        for name, value in properties.items():
            fields[name] = {"type": "string", "default": value}
        return {"type": "object", "properties": fields}

    defined(suite, "noxus", version("v1", schema()))

    def redefine(**defaults: str) -> None:
        change = [
            {"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema", "value": schema(**defaults)},
        ]
        place = f"{DEFINITIONS}/noxus.mygroup.example.com"
        assert suite.ask("PATCH", place, change, kind="application/json-patch+json")["status"] == 200
        suite.wait()

    def fields(name: str) -> tuple[object, object]:
        found = suite.do("GET", f"{path()}/{name}")
        return found.get("a"), found.get("b")

    body = {"apiVersion": "mygroup.example.com/v1", "kind": "Noxu"}
    suite.made(path(), "foo", **body)
    assert fields("foo") == (None, None)
    redefine(a="A")
    assert fields("foo") == ("A", None)
    made = suite.made(path(), "bar", **body)
    assert (made.get("a"), made.get("b")) == ("A", None)
    redefine(b="B")
    assert fields("foo") == (None, "B")
    assert fields("bar") == ("A", "B")


# Discovery


@conforms(
    f"{DISCOVERY} should support aggregated discovery interface for CRDs [Conformance]",
    f"{DISCOVERY} should support raw aggregated discovery request for CRDs [Conformance]",
)
@pytest.mark.parametrize("form", ["v2", "v2beta1"])
def test_discovery_in_one_piece_holds_custom_kinds(suite: Suite, form: str) -> None:
    defined(suite, "noxus", version("v1beta1", stored=False), version("v1"))
    accept = f"application/json;g=apidiscovery.k8s.io;v={form};as=APIGroupDiscoveryList"
    found = suite.cluster.apply({"kind": "request", "method": "GET", "path": "/apis", "headers": {"accept": accept}})
    assert found["body"]["apiVersion"] == f"apidiscovery.k8s.io/{form}"
    group = next(one for one in found["body"]["items"] if one["metadata"]["name"] == "mygroup.example.com")
    assert [one["version"] for one in group["versions"]] == ["v1", "v1beta1"]
    resource = group["versions"][0]["resources"][0]
    assert resource["resource"] == "noxus"
    assert resource["responseKind"] == {"group": "mygroup.example.com", "version": "v1", "kind": "Noxu"}


# Conversion


class Converting(Suite):
    """With a conversion webhook, and a kind in two versions of which v1 is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.pod("hook", {"name": "c", "image": AGNHOST, "args": ["crd-conversion-webhook", "--port=9443"]},
                 metadata={"labels": {"app": "hook"}})  # fmt: skip
        ports = [{"port": 9443, "targetPort": 9443}]
        self.made("/api/v1/namespaces/default/services", "convert", spec={"selector": {"app": "hook"}, "ports": ports})
        self.wait()
        root = self.cluster.registry.get("", "configmaps", "kube-system", "kube-root-ca.crt")
        bundle = b64encode(root["data"]["ca.crt"].encode()).decode()
        service = {"namespace": "default", "name": "convert", "path": "/crdconvert", "port": 9443}
        client = {"clientConfig": {"service": service, "caBundle": bundle}, "conversionReviewVersions": ["v1"]}
        self.do("POST", DEFINITIONS, definition(
            "hosts", *self.versions("v1"), group="stable.example.com",
            conversion={"strategy": "Webhook", "webhook": client},
        ))  # fmt: skip
        self.wait()

    @staticmethod
    def versions(stored: str) -> list[Obj]:
        def schema(*fields: str) -> Obj:
            return {"type": "object", "properties": {name: {"type": "string"} for name in fields}}

        return [
            version("v1", schema("hostPort"), stored=stored == "v1"),
            version("v2", schema("host", "port"), stored=stored == "v2"),
        ]

    def store(self, name: str) -> None:
        self.do("PATCH", f"{DEFINITIONS}/hosts.stable.example.com", {"spec": {"versions": self.versions(name)}})
        self.wait()

    def host(self, name: str, form: str, **fields: str) -> Obj:
        place = path("hosts", form, "stable.example.com")
        return self.made(place, name, apiVersion=f"stable.example.com/{form}", kind="Host", **fields)


@conforms(f"{CONVERSION} should be able to convert from CR v1 to CR v2 [Conformance]")
def test_an_object_is_read_in_its_other_version() -> None:
    suite = Converting()
    suite.host("one", "v1", hostPort="localhost:8080")
    found = suite.do("GET", f"{path('hosts', 'v2', 'stable.example.com')}/one")
    assert (found["apiVersion"], found["host"], found["port"]) == ("stable.example.com/v2", "localhost", "8080")
    assert "hostPort" not in found


@conforms(f"{CONVERSION} should be able to convert a non homogeneous list of CRs [Conformance]")
def test_a_list_of_objects_in_two_versions_is_read_in_each() -> None:
    suite = Converting()
    suite.host("one", "v1", hostPort="localhost:8080")
    suite.store("v2")
    suite.host("two", "v2", host="localhost", port="8081")
    second = suite.do("GET", path("hosts", "v2", "stable.example.com"))["items"]
    assert [(one["apiVersion"], one["host"], one["port"]) for one in second] == [
        ("stable.example.com/v2", "localhost", "8080"),
        ("stable.example.com/v2", "localhost", "8081"),
    ]
    first = suite.do("GET", path("hosts", "v1", "stable.example.com"))["items"]
    assert [one["hostPort"] for one in first] == ["localhost:8080", "localhost:8081"]


# What OpenAPI publishes

PUBLISH = "[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin]"
FOO: Obj = {
    "description": "Foo CRD for Testing",
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "description": "Specification of Foo",
            "properties": {
                "bars": {
                    "description": "List of Bars and their specs.",
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {
                            "name": {"description": "Name of Bar.", "type": "string"},
                            "age": {"description": "Age of Bar.", "type": "string"},
                            "feeling": {"type": "string", "enum": ["Great", "Down"]},
                            "bazs": {"description": "List of Bazs.", "items": {"type": "string"}, "type": "array"},
                        },
                    },
                }
            },
        },
        "status": {
            "description": "Status of Foo",
            "type": "object",
            "properties": {
                "bars": {
                    "description": "List of Bars and their statuses.",
                    "type": "array",
                    "items": {"type": "object", "properties": {"name": {"type": "string"}}},
                }
            },
        },
    },
}
WALDO: Obj = {
    "description": "Waldo CRD for Testing",
    "type": "object",
    "properties": {
        "spec": {
            "description": "Specification of Waldo",
            "type": "object",
            "properties": {"dummy": {"description": "Dummy property.", "type": "string"}},
        }
    },
}


def published(suite: Suite) -> Obj:
    """The definitions of OpenAPI v2."""
    body = suite.ask("GET", "/openapi/v2")["body"]
    return dict((json.loads(body) if isinstance(body, bytes) else body)["definitions"])


def shows(suite: Suite, name: str, schema: Obj) -> bool:
    """Whether what the author wrote stands in the published definition."""
    found = published(suite).get(name)
    return found is not None and all(
        found["properties"][field] == inner for field, inner in schema["properties"].items()
    )


def written(suite: Suite, plural: str, group: str, name: str, form: str = "v1", **rest: object) -> None:
    """Created, deleted, applied and deleted by kubectl, which must take it all."""
    kind = plural.removesuffix("s").capitalize()
    body = {"kind": kind, "apiVersion": f"{group}/{form}", "metadata": {"name": name}, **rest}
    for verb in ("create", "apply"):
        suite.sh(f"kubectl {verb} -f -", stdin=json.dumps(body))
        suite.sh(f"kubectl delete {plural} {name}")


@conforms(f"{PUBLISH} works for CRD with validation schema [Conformance]")
def test_kubectl_knows_the_fields_of_a_schema(suite: Suite) -> None:
    defined(suite, "foos", version("v1", FOO), group="foo.example.com")
    assert shows(suite, "com.example.foo.v1.Foo", FOO)
    written(suite, "foos", "foo.example.com", "test-foo", spec={"bars": [{"name": "test-bar"}]})
    for spec, says in (
        ({"foo": True}, 'unknown field "spec.foo"'),
        ({"bars": [{"age": "10"}]}, "spec.bars[0].name: Required value"),
        ({"bars": [{"name": "test-bar", "feeling": "NonExistentValue"}]}, 'Unsupported value: "NonExistentValue"'),
    ):
        body = {"kind": "Foo", "apiVersion": "foo.example.com/v1", "metadata": {"name": "test-foo"}, "spec": spec}
        for verb in ("create", "apply"):
            reply = suite.cluster.apply({"kind": "shell", "line": f"kubectl {verb} -f -", "stdin": json.dumps(body)})
            assert reply["exit"] == 1
            assert says in reply["stderr"]
    explained = suite.sh("kubectl explain foos")
    for words in ("Foo CRD for Testing", "FIELDS:", "apiVersion\t<string>", "spec\t<Object>", "Specification of Foo"):
        assert words in explained
    explained = suite.sh("kubectl explain foos.metadata")
    for words in ("Standard object's metadata", "creationTimestamp\t<string>", "CreationTimestamp is a timestamp"):
        assert words in explained
    explained = suite.sh("kubectl explain foos.spec")
    for words in ("Specification of Foo", "bars\t<[]Object>", "List of Bars and their specs"):
        assert words in explained
    explained = suite.sh("kubectl explain foos.spec.bars")
    for words in ("bars <[]Object>", "List of Bars and their specs", "bazs\t<[]string>", "List of Bazs", "Name of Bar"):
        assert words in explained
    assert 'field "bars2" does not exist' in suite.fails("kubectl explain foos.spec.bars2")


@conforms(f"{PUBLISH} works for CRD without validation schema [Conformance]")
def test_kubectl_takes_any_field_without_a_schema(suite: Suite) -> None:
    defined(suite, "voids", version("v1"), group="empty.example.com")
    written(suite, "voids", "empty.example.com", "test-cr", a={"b": [{"c": "d"}]})
    explained = suite.sh("kubectl explain voids")
    assert "DESCRIPTION:\n    <empty>" in explained


@conforms(f"{PUBLISH} works for CRD preserving unknown fields at the schema root [Conformance]")
def test_kubectl_takes_any_field_at_the_root(suite: Suite) -> None:
    schema = {**FREE, "description": "preserve-unknown-properties at root for Testing", "properties": {
        "spec": {"description": "Specification of Waldo", "type": "object", "properties": {
            "dummy": {"description": "Dummy property.", "type": "string"}}}}}  # fmt: skip
    defined(suite, "roots", version("v1", schema), group="root.example.com")
    written(suite, "roots", "root.example.com", "test-cr", a={"b": [{"c": "d"}]})
    explained = suite.sh("kubectl explain roots")
    assert "KIND:       Root\n" in explained


@conforms(f"{PUBLISH} works for CRD preserving unknown fields in an embedded object [Conformance]")
def test_kubectl_takes_any_field_inside_an_object(suite: Suite) -> None:
    schema = {"type": "object", "description": "preserve-unknown-properties in nested field for Testing", "properties": {
        "spec": {**FREE, "description": "Specification of Waldo", "properties": {
            "dummy": {"description": "Dummy property.", "type": "string"}}}}}  # fmt: skip
    defined(suite, "nests", version("v1", schema), group="nest.example.com")
    written(suite, "nests", "nest.example.com", "test-cr", spec={"a": None, "b": [{"c": "d"}]})
    assert "preserve-unknown-properties in nested field for Testing" in suite.sh("kubectl explain nests")


@conforms(
    f"{PUBLISH} works for multiple CRDs of different groups [Conformance]",
    f"{PUBLISH} works for multiple CRDs of same group but different versions [Conformance]",
    f"{PUBLISH} works for multiple CRDs of same group and version but different kinds [Conformance]",
)
@pytest.mark.parametrize(
    ("definitions", "names"),
    [
        pytest.param(
            [
                definition("foos", version("v1", FOO), group="foo.example.com"),
                definition("waldos", version("v1beta1", WALDO), group="waldo.example.com"),
            ],
            {"com.example.foo.v1.Foo": FOO, "com.example.waldo.v1beta1.Waldo": WALDO},
            id="groups",
        ),
        pytest.param(
            [definition("multis", version("v2", FOO), version("v3", FOO, stored=False), group="multi.example.com")],
            {"com.example.multi.v2.Multi": FOO, "com.example.multi.v3.Multi": FOO},
            id="versions of one kind",
        ),
        pytest.param(
            [
                definition("foos", version("v4", FOO), group="common.example.com"),
                definition("waldos", version("v5", WALDO), group="common.example.com"),
            ],
            {"com.example.common.v4.Foo": FOO, "com.example.common.v5.Waldo": WALDO},
            id="versions of two kinds",
        ),
        pytest.param(
            [
                definition("foos", version("v6", FOO), group="common.example.com"),
                definition("waldos", version("v6", WALDO), group="common.example.com"),
            ],
            {"com.example.common.v6.Foo": FOO, "com.example.common.v6.Waldo": WALDO},
            id="kinds",
        ),
    ],
)
def test_openapi_shows_every_kind(suite: Suite, definitions: list[Obj], names: dict[str, Obj]) -> None:
    for one in definitions:
        suite.do("POST", DEFINITIONS, one)
    suite.wait()
    assert [name for name, schema in names.items() if not shows(suite, name, schema)] == []


@conforms(f"{PUBLISH} updates the published spec when one version gets renamed [Conformance]")
def test_openapi_follows_a_renamed_version(suite: Suite) -> None:
    defined(suite, "foos", version("v2", FOO), version("v3", FOO, stored=False), group="rename.example.com")
    before = published(suite)
    assert "com.example.rename.v3.Foo" in before
    change = [
        {"op": "test", "path": "/spec/versions/1/name", "value": "v3"},
        {"op": "replace", "path": "/spec/versions/1/name", "value": "v4"},
    ]
    place = f"{DEFINITIONS}/foos.rename.example.com"
    assert suite.ask("PATCH", place, change, kind="application/json-patch+json")["status"] == 200
    suite.wait()
    after = published(suite)
    assert "com.example.rename.v3.Foo" not in after
    assert {name.replace(".v3.", ".v4.") for name in before} == set(after)
    assert after["com.example.rename.v4.Foo"]["properties"] == before["com.example.rename.v3.Foo"]["properties"]
    assert after["com.example.rename.v2.Foo"] == before["com.example.rename.v2.Foo"]


@conforms(f"{PUBLISH} removes definition from spec when one version gets changed to not be served [Conformance]")
def test_openapi_forgets_a_version_that_is_no_longer_served(suite: Suite) -> None:
    defined(suite, "foos", version("v5", FOO), version("v6alpha1", FOO, stored=False), group="served.example.com")
    before = published(suite)
    assert shows(suite, "com.example.served.v6alpha1.Foo", FOO)
    change = [{"op": "replace", "path": "/spec/versions/1/served", "value": False}]
    place = f"{DEFINITIONS}/foos.served.example.com"
    assert suite.ask("PATCH", place, change, kind="application/json-patch+json")["status"] == 200
    suite.wait()
    after = published(suite)
    gone = sorted(set(before) - set(after))
    assert gone == ["com.example.served.v6alpha1.Foo", "com.example.served.v6alpha1.FooList"]
    assert shows(suite, "com.example.served.v5.Foo", FOO)


# Selectable fields


@conforms(
    "[sig-api-machinery] CustomResourceFieldSelectors [Privileged:ClusterAdmin] CustomResourceFieldSelectors MUST list and watch "
    "custom resources matching the field selector [Conformance]"
)
def test_custom_objects_are_selected_by_the_fields_that_the_definition_names(suite: Suite) -> None:
    fields = {"host": {"type": "string"}, "port": {"type": "string"}}
    selectable = [{"jsonPath": ".host"}, {"jsonPath": ".port"}]
    schema = {"type": "object", "properties": fields}
    defined(
        suite,
        "hosts",
        version("v1", schema, stored=False, selectableFields=selectable),
        version("v2", schema, selectableFields=selectable),
    )
    start = suite.do("GET", path("hosts"))["metadata"]["resourceVersion"]
    for name, host, port in (("a", "host1", "80"), ("b", "host1", "8080"), ("c", "host2", "80")):
        suite.made(path("hosts"), name, apiVersion="mygroup.example.com/v1", kind="Host", host=host, port=port)

    def listed(selector: str, form: str) -> list[str]:
        found = suite.do("GET", path("hosts", form), fieldSelector=selector)["items"]
        return [one["metadata"]["name"] for one in found]

    for form in ("v1", "v2"):
        assert listed("host=host1", form) == ["a", "b"]
        assert listed("host=host1,port=80", form) == ["a"]
        assert listed("host!=host1", form) == ["c"]
        assert suite.watch(path("hosts", form), start, fieldSelector="host=host1") == [("ADDED", "a"), ("ADDED", "b")]
    suite.do("PATCH", f"{path('hosts')}/a", {"host": "host2"})
    suite.do("DELETE", path("hosts"), fieldSelector="host=host2")
    heard = suite.watch(path("hosts"), start, fieldSelector="host=host2")
    assert heard == [("ADDED", "c"), ("ADDED", "a"), ("DELETED", "a"), ("DELETED", "c")]
    assert listed("port=8080", "v1") == ["b"]
    assert suite.ask("GET", path("hosts"), fieldSelector="other=x")["status"] == 400
