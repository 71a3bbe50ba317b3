"""MutatingAdmissionPolicy: changes in CEL, off unless the cluster's configuration turns them on.

https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/; texts from `policy/mutating`, `policy/generic` and
`pkg/apis/admissionregistration/validation`.
"""

from typing import Any

import pytest

from simulator.cluster import Cluster
from simulator.config import read_config
from simulator.config_checks import ConfigError
from simulator.machinery.resources import OPTIONAL
from tests.proof.follows import follows

Obj = dict[str, Any]
API = "/apis/admissionregistration.k8s.io/v1alpha1"
MAPS = "/api/v1/namespaces/shop/configmaps"
PODS = "/api/v1/namespaces/shop/pods"
GATES = {"featureGates": {"MutatingAdmissionPolicy": True}}
RUNTIME = {"runtimeConfig": {"admissionregistration.k8s.io/v1alpha1": "true"}}


@pytest.fixture
def world(make_world: Any) -> Any:
    return make_world(gates=("MutatingAdmissionPolicy",), optional=OPTIONAL)


def policy(*mutations: Obj, name: str = "demo", resources: str = "configmaps", **spec: Any) -> Obj:
    rules = [
        {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": [resources]},
    ]
    return {
        "apiVersion": "admissionregistration.k8s.io/v1alpha1",
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": rules},
            "reinvocationPolicy": "Never",
            "mutations": list(mutations),
            **spec,
        },
    }


def enforce(world: Any, made: Obj, **spec: Any) -> None:
    world.create(f"{API}/mutatingadmissionpolicies", made)
    name = made["metadata"]["name"]
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1alpha1",
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": f"{name}-binding"},
        "spec": {"policyName": name, **spec},
    }
    world.create(f"{API}/mutatingadmissionpolicybindings", binding)


def apply(expression: str) -> Obj:
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}


def patch(expression: str) -> Obj:
    return {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}


def config_map(name: str = "m", **data: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def pod(name: str = "web") -> Obj:
    spec = {"containers": [{"name": "main", "image": "nginx"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


# What they do


def test_an_apply_configuration_is_merged_into_the_object(world: Any) -> None:
    sidecar = 'Object.spec.initContainers{name: "mesh", image: "mesh:1", restartPolicy: "Always"}'
    expression = (
        f'Object{{metadata: Object.metadata{{labels: {{"a": "b"}}}}, spec: Object.spec{{initContainers: [{sidecar}]}}}}'
    )
    enforce(world, policy(apply(expression), resources="pods"))
    made = world.create(PODS, pod())
    assert made["metadata"]["labels"] == {"a": "b"}
    assert [one["name"] for one in made["spec"]["containers"]] == ["main"]
    injected = made["spec"]["initContainers"][0]
    assert (injected["name"], injected["imagePullPolicy"], injected["terminationMessagePath"]) == (
        "mesh",
        "IfNotPresent",
        "/dev/termination-log",
    )


def test_a_json_patch_is_made_of_what_the_request_holds(world: Any) -> None:
    key = 'jsonpatch.escapeKey("example.com/writer")'
    expression = (
        '[JSONPatch{op: "add", path: "/metadata/annotations", value: {}}, '
        f'JSONPatch{{op: "add", path: "/metadata/annotations/" + {key}, value: request.userInfo.username}}]'
    )
    enforce(world, policy(patch(expression)))
    made = world.create(MAPS, config_map())
    assert made["metadata"]["annotations"] == {"example.com/writer": "kubernetes-admin"}


def test_a_patch_whose_test_fails_leaves_the_object_as_it_is(world: Any) -> None:
    steps = (
        '[JSONPatch{op: "test", path: "/data/a", value: "2"}, JSONPatch{op: "replace", path: "/data/a", value: "3"}]'
    )
    enforce(world, policy(patch(steps)))
    assert world.create(MAPS, config_map(a="1"))["data"] == {"a": "1"}
    assert world.create(MAPS, config_map("n", a="2"))["data"] == {"a": "3"}


def test_mutations_follow_one_another_with_variables_conditions_and_parameters(world: Any) -> None:
    world.create(MAPS, config_map("limits", tier="gold", big="yes"))
    made = policy(
        apply('Object{data: {"tier": variables.tier}}'),
        apply('Object{data: {"copy": object.data.tier + "!"}}'),
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        variables=[{"name": "tier", "expression": "params.data.tier"}],
        matchConditions=[{"name": "wanted", "expression": 'object.metadata.name.startsWith("w")'}],
    )
    enforce(world, made, paramRef={"name": "limits", "namespace": "shop", "parameterNotFoundAction": "Deny"})
    assert world.create(MAPS, config_map("web"))["data"] == {"tier": "gold", "copy": "gold!"}
    assert world.create(MAPS, config_map("other", x="y"))["data"] == {"x": "y"}


def test_updates_are_changed_too_and_policies_never_ask_about_themselves(world: Any) -> None:
    enforce(world, policy(apply('Object{data: {"seen": request.operation}}')))
    assert world.create(MAPS, config_map())["data"] == {"seen": "CREATE"}
    done = world.call("PATCH", f"{MAPS}/m", {"data": {"seen": "me"}})
    assert done.object()["data"] == {"seen": "UPDATE"}
    everything = policy(apply('Object{metadata: Object.metadata{labels: {"x": "y"}}}'), name="all", resources="*")
    everything["spec"]["matchConstraints"]["resourceRules"][0].update(apiGroups=["*"], apiVersions=["*"])
    enforce(world, everything)
    listed = world.call("GET", f"{API}/mutatingadmissionpolicies/all").object()
    assert "labels" not in listed["metadata"]


@pytest.mark.parametrize(
    ("reinvocation", "wanted"),
    [pytest.param("Never", "1", id="never"), pytest.param("IfNeeded", "2", id="if-needed")],
)
def test_a_policy_looks_again_when_a_later_one_has_changed_the_object(
    world: Any, reinvocation: str, wanted: str
) -> None:
    count = 'Object{data: {"count": string(size(object.data))}}'
    enforce(world, policy(apply(count), name="a", reinvocationPolicy=reinvocation))
    enforce(world, policy(apply('Object{data: {"late": "x"}}'), name="b"))
    made = world.create(MAPS, config_map(only="one"))
    assert made["data"] == {"only": "one", "late": "x", "count": {"1": "1", "2": "3"}[wanted]}


# What they refuse


@follows(
    "MutatingAdmissionPolicy",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/mutating/dispatcher_test.go",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch/smd_test.go",
)
@pytest.mark.parametrize(
    ("mutation", "resources", "says"),
    [
        pytest.param(
            apply('Object{spec: Object.spec{nothing: "x"}}'),
            "pods",
            "error applying patch: failed to convert patch object to typed object: .spec.nothing: field not declared in schema",
            id="unknown-field",
        ),
        pytest.param(
            apply('Object{spec: Object.spec{containers: [Object.spec.containers{name: "main", args: ["x"]}]}}'),
            "pods",
            "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.containers[0].args",
            id="atomic-list",
        ),
        pytest.param(
            apply("Object{spec: Object.wrong{hostNetwork: true}}"),
            "pods",
            'type mismatch: unexpected type name "Object.wrong", expected "Object.spec", '
            "which matches field name path from root Object type",
            id="type-name",
        ),
        pytest.param(
            patch('[JSONPatch{op: "remove", path: "/spec/nothing"}]'),
            "pods",
            "JSON Patch: error in remove for path: '/spec/nothing': Unable to remove nonexistent key: nothing: missing value",
            id="missing-path",
        ),
        pytest.param(
            apply("Object{spec: Object.spec{priority: object.spec.wrong}}"),
            "pods",
            "expression 'Object{spec: Object.spec{priority: object.spec.wrong}}' resulted in error: no such key: wrong",
            id="no-such-key",
        ),
    ],
)
def test_a_failed_mutation_refuses_the_request(world: Any, mutation: Obj, resources: str, says: str) -> None:
    enforce(world, policy(mutation, resources=resources))
    refused = world.call("POST", PODS, pod())
    message = f"policy 'demo' with binding 'demo-binding' denied request: {says}"
    assert (refused.status, refused.body["reason"], refused.body["message"]) == (403, "Invalid", message)
    assert refused.body["details"]["causes"] == [{"message": message}]


def test_a_policy_that_ignores_failures_lets_the_object_through_unchanged(world: Any) -> None:
    enforce(world, policy(apply('Object{data: {"a": object.data.missing}}'), failurePolicy="Ignore"))
    assert world.create(MAPS, config_map(b="c"))["data"] == {"b": "c"}


@pytest.mark.parametrize(
    ("mutation", "spec", "says"),
    [
        pytest.param(
            {"patchType": "JSONPatch"},
            {},
            "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
            id="no-patch",
        ),
        pytest.param(
            {"patchType": "Merge"},
            {},
            'spec.mutations[0].patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatch"',
            id="patch-type",
        ),
        pytest.param(
            apply("Object{}"),
            {"reinvocationPolicy": None},
            "spec.reinvocationPolicy: Required value",
            id="reinvocation",
        ),
        pytest.param(
            None,
            {"mutations": []},
            "spec.mutations: Required value: mutations must contain at least one item",
            id="none",
        ),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(world: Any, mutation: Obj | None, spec: Obj, says: str) -> None:
    body = policy(*([mutation] if mutation else []), **spec)
    refused = world.call("POST", f"{API}/mutatingadmissionpolicies", body)
    assert refused.status == 422
    assert says in refused.body["message"]


def test_a_deletion_cannot_be_mutated(world: Any) -> None:
    body = policy(apply("Object{}"))
    body["spec"]["matchConstraints"]["resourceRules"][0]["operations"] = ["DELETE"]
    refused = world.call("POST", f"{API}/mutatingadmissionpolicies", body)
    assert (
        'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": '
        'supported values: "*", "CONNECT", "CREATE", "UPDATE"'
    ) in refused.body["message"]


# On and off


def test_a_cluster_serves_them_only_when_its_configuration_says_so() -> None:
    plain = Cluster.create()
    said = plain.apply({"kind": "shell", "line": "kubectl get mutatingadmissionpolicies"})
    assert said["stderr"] == 'error: the server doesn\'t have a resource type "mutatingadmissionpolicies"\n'
    cluster = Cluster.create({**GATES, **RUNTIME})
    said = cluster.apply({"kind": "shell", "line": "kubectl get mutatingadmissionpolicies"})
    assert said["stderr"] == "No resources found\n"
    said = cluster.apply({"kind": "shell", "line": "kubectl api-versions"})
    assert "admissionregistration.k8s.io/v1alpha1\n" in said["stdout"]
    said = cluster.apply({"kind": "shell", "line": "kubectl get apiservice v1alpha1.admissionregistration.k8s.io"})
    assert "Local" in said["stdout"]
    assert Cluster.load(cluster.dump()).state_hash() == cluster.state_hash()


def test_a_configuration_with_half_of_it_or_an_unknown_gate_is_refused() -> None:
    with pytest.raises(ConfigError, match="an API that is not served"):
        read_config(GATES)
    with pytest.raises(ConfigError, match="the unknown field 'Nonsense'"):
        read_config({"featureGates": {"Nonsense": True}})
    config = read_config({**GATES, **RUNTIME})
    assert read_config(config.dump()) == config
