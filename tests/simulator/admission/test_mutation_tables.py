"""MutatingAdmissionPolicy: patches in CEL, case by case as `policy/mutating/patch/{json_patch,smd}_test.go` have them."""

from typing import Any

import pytest

from simulator.machinery.resources import OPTIONAL
from tests.proof.follows import follows
from tests.simulator.admission.test_mutating_policy import apply, enforce, patch, policy

Obj = dict[str, Any]
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
JSON_PATCH = "staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch/json_patch_test.go: TestJSONPatch"
SMD = "staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch/smd_test.go: TestApplyConfiguration"


@pytest.fixture
def world(make_world: Any) -> Any:
    return make_world(gates=("MutatingAdmissionPolicy",), optional=OPTIONAL)


def named(*names: str) -> list[Obj]:
    return [{"name": name, "image": "nginx"} for name in names]


def deployment(*containers: str, labels: Obj | None = None, replicas: int = 1, volumes: list[Obj] | None = None) -> Obj:
    chosen = {"app": "web"}
    metadata: Obj = {"name": "web", **({} if labels is None else {"labels": labels})}
    pods = {"containers": named(*(containers or ("a",))), **({"volumes": volumes} if volumes else {})}
    template = {"metadata": {"labels": chosen}, "spec": pods}
    spec = {"replicas": replicas, "selector": {"matchLabels": chosen}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def on_deployments(mutation: Obj, **spec: Any) -> Obj:
    made = policy(mutation, resources="deployments", **spec)
    rule = made["spec"]["matchConstraints"]["resourceRules"][0]
    made["spec"]["matchConstraints"]["resourceRules"] = [{**rule, "apiGroups": ["apps"]}]
    return made


def op(verb: str, path: str, value: str = "", source: str = "") -> str:
    parts = [f'op: "{verb}"', f'path: "{path}"']
    parts += [f'from: "{source}"'] if source else []
    parts += [f"value: {value}"] if value else []
    return f"JSONPatch{{{', '.join(parts)}}}"


LABELS, CONTAINERS = "/metadata/labels", "/spec/template/spec/containers"
X = '{"name": "x", "image": "nginx"}'
SAME = [
    ("empty", "JSONPatch{} == JSONPatch{}", "true"),
    ("partial", 'JSONPatch{op: "add"} == JSONPatch{op: "add"}', "true"),
    (
        "same-all",
        'JSONPatch{op: "add", path: "path", from: "from", value: 1} == JSONPatch{op: "add", path: "path", from: "from", value: 1}',
        "true",
    ),
    ("different-op", 'JSONPatch{op: "add"} == JSONPatch{op: "remove"}', "false"),
    ("different-path", 'JSONPatch{op: "add", path: "x"} == JSONPatch{op: "add", path: "path"}', "false"),
    ("different-from", 'JSONPatch{op: "add", from: "x"} == JSONPatch{op: "add", from: "from"}', "false"),
    ("different-value", 'JSONPatch{op: "add", value: "1"} == JSONPatch{op: "add", value: 1}', "false"),
]
FIELDS = ("op", "path", "from", "value")


def strings(pairs: list[tuple[str, str, str]]) -> str:
    return "{" + ", ".join(f'"{name}": string({expression})' for name, expression, _ in pairs) + "}"


@follows("MutatingAdmissionPolicy", JSON_PATCH)
@pytest.mark.parametrize(
    ("steps", "given", "wanted"),
    [
        pytest.param(
            [op("test", "/spec/replicas", "100"), op("replace", "/spec/replicas", "3")],
            deployment(),
            {"replicas": 1},
            id="false test operation",
        ),
        pytest.param(
            [op("test", "/spec/replicas", "1"), op("replace", "/spec/replicas", "3")],
            deployment(),
            {"replicas": 3},
            id="true test operation",
        ),
        pytest.param(
            [op("remove", "/spec/replicas")], deployment(replicas=4), {"replicas": 1}, id="remove to unset field"
        ),
        pytest.param(
            [op("remove", f"{LABELS}/y")],
            deployment(labels={"x": "1", "y": "1"}),
            {"labels": {"x": "1"}},
            id="remove map entry by key",
        ),
        pytest.param(
            [op("remove", f"{CONTAINERS}/1")],
            deployment("a", "b", "c"),
            {"containers": ["a", "c"]},
            id="remove element in list",
        ),
        pytest.param(
            [op("copy", f"{LABELS}/y", source=f"{LABELS}/x")],
            deployment(labels={"x": "1"}),
            {"labels": {"x": "1", "y": "1"}},
            id="copy map entry by key",
        ),
        pytest.param(
            [op("remove", f"{CONTAINERS}/1")],
            deployment("a", "b"),
            {"containers": ["a"]},
            id="remove the last element",
        ),
        pytest.param(
            [op("move", f"{LABELS}/y", source=f"{LABELS}/x")],
            deployment(labels={"x": "1"}),
            {"labels": {"y": "1"}},
            id="move map entry by key",
        ),
        pytest.param(
            [op("move", f"{CONTAINERS}/-", source=f"{CONTAINERS}/0")],
            deployment("a", "b", "c"),
            {"containers": ["b", "c", "a"]},
            id="move first element to end of list",
        ),
        pytest.param(
            [op("add", f"{LABELS}/x", '"2"')],
            deployment(labels={"y": "1"}),
            {"labels": {"y": "1", "x": "2"}},
            id="add map entry by key and value",
        ),
        pytest.param(
            [op("add", LABELS, '{"y": "2"}')], deployment(), {"labels": {"y": "2"}}, id="add map value to field"
        ),
        pytest.param(
            [op("add", LABELS, '{"y": "2"}')],
            deployment(labels={"x": "1"}),
            {"labels": {"y": "2"}},
            id="add map to existing map",
        ),
        pytest.param(
            [op("add", f"{CONTAINERS}/0", X)], deployment("a"), {"containers": ["x", "a"]}, id="add to start of list"
        ),
        pytest.param(
            [op("add", f"{CONTAINERS}/-", X)], deployment("a"), {"containers": ["a", "x"]}, id="add to end of list"
        ),
        pytest.param(
            [op("replace", f"{LABELS}/x", '"2"')],
            deployment(labels={"y": "1", "x": "1"}),
            {"labels": {"y": "1", "x": "2"}},
            id="replace key in map",
        ),
        pytest.param(
            [op("replace", LABELS, '{"y": "2"}')],
            deployment(labels={"x": "1"}),
            {"labels": {"y": "2"}},
            id="replace map value of set field",
        ),
        pytest.param(
            [op("replace", f"{CONTAINERS}/0", X)],
            deployment("a"),
            {"containers": ["x"]},
            id="replace first element in list",
        ),
        pytest.param(
            [
                op(
                    "add",
                    LABELS,
                    "{"
                    + ", ".join(f'"{name}": string(JSONPatch{{{name}: "{name}Value"}}.{name})' for name in FIELDS)
                    + "}",
                )
            ],
            deployment(labels={}),
            {"labels": {name: f"{name}Value" for name in FIELDS}},
            id="patch type has field access",
        ),
        pytest.param(
            [
                op(
                    "add",
                    LABELS,
                    "{"
                    + ", ".join(
                        f'"{name}": string(has(JSONPatch{{{name}: "x"}}.{name})), "{name}-unset": string(has(JSONPatch{{}}.{name}))'
                        for name in FIELDS
                    )
                    + "}",
                )
            ],
            deployment(labels={}),
            {"labels": {**dict.fromkeys(FIELDS, "true"), **{f"{name}-unset": "false" for name in FIELDS}}},
            id="patch type has field testing",
        ),
        pytest.param(
            [op("add", LABELS, strings(SAME))],
            deployment(labels={}),
            {"labels": {name: wanted for name, _, wanted in SAME}},
            id="patch type equality",
        ),
        pytest.param(
            [
                op("add", LABELS, "{}"),
                'JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("k8s.io/x"), value: "true"}',
            ],
            deployment(labels={}),
            {"labels": {"k8s.io/x": "true"}},
            id="key escaping",
        ),
        pytest.param(
            [
                op(
                    "add",
                    f"{CONTAINERS}/-",
                    'Object.spec.template.spec.containers{name: "x", image: "nginx", '
                    "ports: [Object.spec.template.spec.containers.ports{containerPort: 8080}]}",
                )
            ],
            deployment("a"),
            {"containers": ["a", "x"]},
            id="with CEL initializer",
        ),
    ],
)
def test_json_patches(world: Any, steps: list[str], given: Obj, wanted: Obj) -> None:
    enforce(world, on_deployments(patch(f"[{', '.join(steps)}]")))
    made = world.create(DEPLOYMENTS, given)
    found = {
        "replicas": made["spec"]["replicas"],
        "labels": made["metadata"].get("labels") or {},
        "containers": [one["name"] for one in made["spec"]["template"]["spec"]["containers"]],
    }
    assert {name: found[name] for name in wanted} == wanted


PORTS = "Object.spec.template.spec.containers"


@follows("MutatingAdmissionPolicy", JSON_PATCH)
@pytest.mark.parametrize(
    ("step", "says"),
    [
        pytest.param(
            op("add", f"{CONTAINERS}/-", f'{PORTS}{{name: "x", ports: [{PORTS}.ports{{containerPortZ: 8080}}]}}'),
            'strict decoding error: unknown field "spec.template.spec.containers[1].ports[0].containerPortZ"',
            id="invalid CEL initializer field",
        ),
        pytest.param(
            op("add", f"{CONTAINERS}/-", f'{PORTS}{{name: "x", ports: [{PORTS}.portsZ{{containerPort: 8080}}]}}'),
            'type mismatch: unexpected type name "Object.spec.template.spec.containers.portsZ", expected '
            '"Object.spec.template.spec.containers.ports", which matches field name path from root Object type',
            id="invalid CEL initializer type",
        ),
        pytest.param(
            op("replace", f"{CONTAINERS}/-", '{"name": "x"}'),
            "JSON Patch: replace operation does not apply: doc is missing key: /spec/template/spec/containers/-: missing value",
            id="replace end of list with - not allowed",
        ),
    ],
)
def test_json_patches_that_fail(world: Any, step: str, says: str) -> None:
    enforce(world, on_deployments(patch(f"[{step}]")))
    refused = world.call("POST", DEPLOYMENTS, deployment("a"))
    assert refused.status in (403, 500)
    assert says in refused.body["message"]


def template(inner: str) -> str:
    return (
        f"Object{{spec: Object.spec{{template: Object.spec.template{{spec: Object.spec.template.spec{{{inner}}}}}}}}}"
    )


VOLUMES = "Object.spec.template.spec.volumes"
ODD = "%s.spec.replicas %% 2 == 0 ? %s.spec.replicas + 1 : %s.spec.replicas"


@follows("MutatingAdmissionPolicy", SMD)
@pytest.mark.parametrize(
    ("expression", "given", "wanted"),
    [
        pytest.param(
            template(f'volumes: [{VOLUMES}{{name: "y", emptyDir: {VOLUMES}.emptyDir{{}}}}]'),
            deployment(volumes=[{"name": "x", "emptyDir": {}}]),
            {"volumes": [{"name": "x", "emptyDir": {}}, {"name": "y", "emptyDir": {}}]},
            id="add to listType=map",
        ),
        pytest.param(
            template(f'volumes: [{VOLUMES}{{name: "y", hostPath: {VOLUMES}.hostPath{{path: "a"}}}}]'),
            deployment(volumes=[{"name": "x", "emptyDir": {}}, {"name": "y", "hostPath": {"path": "b"}}]),
            {"volumes": [{"name": "x", "emptyDir": {}}, {"name": "y", "hostPath": {"path": "a", "type": ""}}]},
            id="update listType=map entry",
        ),
        pytest.param(
            "Object{spec: Object.spec{replicas: " + ODD % (("object",) * 3) + "}}",
            deployment(replicas=2),
            {"replicas": 3},
            id="with conditionals",
        ),
        pytest.param(
            'Object{spec: Object.spec{replicas: 1, template: Object.spec.template{metadata: Object.spec.template.metadata{labels: {"more": "nginx"}}, '
            'spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: "nginx", image: "nginx:1.14.2", '
            "ports: [Object.spec.template.spec.containers.ports{containerPort: 80}], "
            'resources: Object.spec.template.spec.containers.resources{limits: {"memory": "128M"}}}]}}}}',
            deployment(),
            {"containers": ["a", "nginx"], "replicas": 1, "pod labels": {"app": "web", "more": "nginx"}},
            id="complex apply configuration initialization",
        ),
    ],
)
def test_apply_configurations(world: Any, expression: str, given: Obj, wanted: Obj) -> None:
    enforce(world, on_deployments(apply(expression)))
    made = world.create(DEPLOYMENTS, given)
    pods = made["spec"]["template"]
    found = {
        "replicas": made["spec"]["replicas"],
        "volumes": pods["spec"].get("volumes"),
        "pod labels": pods["metadata"]["labels"],
        "containers": [one["name"] for one in pods["spec"]["containers"]],
    }
    assert {name: found[name] for name in wanted} == wanted


@follows("MutatingAdmissionPolicy", SMD)
def test_an_apply_configuration_may_look_at_the_old_object(world: Any) -> None:
    world.create(DEPLOYMENTS, deployment(replicas=2))
    enforce(
        world,
        on_deployments(
            apply("Object{spec: Object.spec{replicas: oldObject == null ? 1 : oldObject.spec.replicas + 1}}")
        ),
    )
    changed = world.call("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 7}})
    assert changed.body["spec"]["replicas"] == 3


@follows("MutatingAdmissionPolicy", SMD)
@pytest.mark.parametrize(
    ("expression", "says"),
    [
        pytest.param(
            'Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"l": "v"}}}}',
            "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector",
            id="change to atomic",
        ),
        pytest.param(
            "Object{spec: Object.specx{replicas: 1}}",
            'type mismatch: unexpected type name "Object.specx", expected "Object.spec", '
            "which matches field name path from root Object type",
            id="invalid type name",
        ),
        pytest.param(
            "Object{spec: Object.spec{replicasx: 1}}",
            "error applying patch: failed to convert patch object to typed object: .spec.replicasx: field not declared in schema",
            id="invalid field name",
        ),
    ],
)
def test_apply_configurations_that_fail(world: Any, expression: str, says: str) -> None:
    enforce(world, on_deployments(apply(expression)))
    refused = world.call("POST", DEPLOYMENTS, deployment())
    message = f"policy 'demo' with binding 'demo-binding' denied request: {says}"
    assert (refused.status, refused.body["message"]) == (403, message)


@follows("MutatingAdmissionPolicy", SMD)
@pytest.mark.parametrize(
    ("expression", "says"),
    [
        pytest.param('"I am a teapot!"', "must evaluate to Object but got string", id="invalid return type"),
        pytest.param(
            "Object.spec.metadata{}",
            "must evaluate to Object but got Object.spec.metadata",
            id="invalid initializer return type",
        ),
    ],
)
def test_apply_configurations_of_a_wrong_type(world: Any, expression: str, says: str) -> None:
    refused = world.call(
        "POST",
        "/apis/admissionregistration.k8s.io/v1alpha1/mutatingadmissionpolicies",
        on_deployments(apply(expression)),
    )
    assert refused.status == 422
    assert says in refused.body["message"]
