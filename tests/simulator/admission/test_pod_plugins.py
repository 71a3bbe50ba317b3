"""What small admission plugins add to pods, nodes, claims and classes, and what they hold against them; texts word for word.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/; each table names the upstream plugin (1.33) that it follows.
"""

from typing import Any

import pytest

from tests.proof.follows import follows

Obj = dict[str, Any]
PLUGINS = "plugin/pkg/admission"
PODS, SHOP = "/api/v1/namespaces/shop/pods", "/api/v1/namespaces/shop"
CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"
NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"


@pytest.fixture
def world(make_world: Any) -> Any:
    return make_world()


def pod(*, metadata: Obj | None = None, container: Obj | None = None, **spec: Any) -> Obj:
    one = {"name": "c", "image": "nginx", **(container or {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", **(metadata or {})},
        "spec": {"containers": [one], **spec},
    }


def priority_class(name: str, value: int, **fields: Any) -> Obj:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": value,
        **fields,
    }


# Priority


@follows("Priority", f"{PLUGINS}/priority/admission_test.go: TestPodAdmission")
@pytest.mark.parametrize(
    ("classes", "spec", "wanted"),
    [
        pytest.param([], {}, (None, 0, "PreemptLowerPriority"), id="no class at all"),
        pytest.param([("low", 5, {})], {"priorityClassName": "low"}, ("low", 5, "PreemptLowerPriority"), id="its class"),
        pytest.param([("std", 7, {"globalDefault": True})], {}, ("std", 7, "PreemptLowerPriority"), id="the default class"),
        pytest.param([("calm", 5, {"preemptionPolicy": "Never"})], {"priorityClassName": "calm"}, ("calm", 5, "Never"), id="one that takes nobody's place"),
        pytest.param([("low", 5, {})], {"priorityClassName": "low", "priority": 5}, ("low", 5, "PreemptLowerPriority"), id="the number that follows"),
    ],
)  # fmt: skip
def test_a_class_becomes_a_number(world: Any, classes: list[Any], spec: Obj, wanted: tuple[Any, ...]) -> None:
    for name, value, fields in classes:
        world.create(CLASSES, priority_class(name, value, **fields))
    made = world.create(PODS, pod(**spec))["spec"]
    assert (made.get("priorityClassName"), made["priority"], made["preemptionPolicy"]) == wanted


@follows("Priority", f"{PLUGINS}/priority/admission_test.go: TestPodAdmission")
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        pytest.param({"priorityClassName": "nope"}, "no PriorityClass with name nope was found", id="an unknown class"),
        pytest.param(
            {"priority": 2},
            "the integer value of priority (2) must not be provided in pod spec; "
            "priority admission controller computed 0 from the given PriorityClass name",
            id="a number of its own",
        ),
        pytest.param(
            {"preemptionPolicy": "Never"},
            "the string value of PreemptionPolicy (Never) must not be provided in pod spec; "
            "priority admission controller computed PreemptLowerPriority from the given PriorityClass name",
            id="a policy of its own",
        ),
    ],
)
def test_a_pod_does_not_rank_itself(world: Any, spec: Obj, says: str) -> None:
    assert world.refusal(PODS, pod(**spec)) == f'pods "web" is forbidden: {says}'


@follows("Priority", f"{PLUGINS}/priority/admission_test.go: TestPriorityClassAdmission, TestDefaultPriority")
@pytest.mark.parametrize(
    ("name", "fields", "is_refused"),
    [
        pytest.param("other", {"globalDefault": True}, True, id="a second default"),
        pytest.param("other", {}, False, id="one that is no default"),
    ],
)
def test_there_is_one_default_class(world: Any, name: str, fields: Obj, is_refused: bool) -> None:
    world.create(CLASSES, priority_class("std", 7, globalDefault=True))
    response = world.call("POST", CLASSES, priority_class(name, 1, **fields))
    says = (
        f'priorityclasses.scheduling.k8s.io "{name}" is forbidden: '
        "PriorityClass std is already marked as default. Only one default can exist"
    )
    assert (response.status, response.body.get("message")) == ((403, says) if is_refused else (201, None))
    assert world.call("PATCH", f"{CLASSES}/std", {"description": "the one"}).status == 200


# DefaultTolerationSeconds


def for_300_s(taint: str) -> Obj:
    return {"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}


@follows("DefaultTolerationSeconds", f"{PLUGINS}/defaulttolerationseconds/admission_test.go: TestForgivenessAdmission")
@pytest.mark.parametrize(
    ("given", "added"),
    [
        pytest.param([], [NOT_READY, UNREACHABLE], id="none"),
        pytest.param([{"key": "x", "operator": "Exists"}], [NOT_READY, UNREACHABLE], id="another taint"),
        pytest.param([{"key": NOT_READY, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 9}], [UNREACHABLE], id="its own time"),
        pytest.param([{"key": NOT_READY, "operator": "Exists", "effect": "NoSchedule"}], [NOT_READY, UNREACHABLE], id="another effect"),
        pytest.param([{"key": UNREACHABLE, "operator": "Exists"}], [NOT_READY], id="every effect"),
        pytest.param([{"operator": "Exists"}], [], id="everything"),
        pytest.param([{"operator": "Exists", "effect": "NoExecute"}], [], id="every taint of the effect"),
    ],
)  # fmt: skip
def test_a_pod_stays_300_s_on_a_node_that_is_lost(world: Any, given: list[Obj], added: list[str]) -> None:
    made = world.create(PODS, pod(tolerations=given))["spec"].get("tolerations") or []
    assert made == [*given, *(for_300_s(taint) for taint in added)]


# ServiceAccount


def account(world: Any, **fields: Any) -> None:
    metadata = {"name": "robot", **fields.pop("metadata", {})}
    world.create(
        f"{SHOP}/serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, **fields}
    )


@follows(
    "ServiceAccount",
    f"{PLUGINS}/serviceaccount/admission_test.go: TestAutomountsAPIToken, TestRespectsExistingMount, TestAutomountIsBackwardsCompatible",
)
@pytest.mark.parametrize(
    ("fields", "spec", "container", "mounts"),
    [
        pytest.param({}, {}, {}, True, id="by default"),
        pytest.param({"automountServiceAccountToken": False}, {}, {}, False, id="not when its account says no"),
        pytest.param({"automountServiceAccountToken": False}, {"automountServiceAccountToken": True}, {}, True, id="the pod has the last word"),
        pytest.param({}, {"automountServiceAccountToken": False}, {}, False, id="either way"),
        pytest.param({}, {"volumes": [{"name": "own", "emptyDir": {}}]}, {"volumeMounts": [{"name": "own", "mountPath": TOKEN_PATH}]}, False, id="not over something else"),
    ],
)  # fmt: skip
def test_a_token_is_mounted(world: Any, fields: Obj, spec: Obj, container: Obj, mounts: bool) -> None:
    account(world, **fields)
    made = world.create(PODS, pod(serviceAccountName="robot", container=container, **spec))["spec"]
    found = [one["name"] for one in made.get("volumes") or () if one["name"].startswith("kube-api-access-")]
    mounted = [one["name"] for one in made["containers"][0].get("volumeMounts") or () if one["mountPath"] == TOKEN_PATH]
    assert (len(found), mounted) == ((1, found) if mounts else (0, mounted))


def test_a_volume_that_is_named_like_the_tokens_is_taken_for_it(world: Any) -> None:
    account(world)
    made = world.create(
        PODS, pod(serviceAccountName="robot", volumes=[{"name": "kube-api-access-mine", "emptyDir": {}}])
    )
    assert [one["name"] for one in made["spec"]["volumes"]] == ["kube-api-access-mine"]
    assert made["spec"]["containers"][0]["volumeMounts"][0]["name"] == "kube-api-access-mine"


ENFORCED = {
    "metadata": {"annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}},
    "secrets": [{"name": "listed"}],
}
WHY = "is not allowed because service account robot does not reference that"


@follows(
    "ServiceAccount",
    f"{PLUGINS}/serviceaccount/admission_test.go: TestAllowsReferencedSecret, TestRejectsUnreferencedSecretVolumes, TestRejectsUnreferencedImagePullSecrets",
)
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        pytest.param({"volumes": [{"name": "v", "secret": {"secretName": "listed"}}]}, None, id="a listed volume"),
        pytest.param({"volumes": [{"name": "v", "secret": {"secretName": "x"}}]}, f'volume with secret.secretName="x" {WHY} secret', id="a volume"),
        pytest.param({"container": {"env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "x", "key": "k"}}}]}},
                     f'container c with envVar E referencing secret.secretName="x" {WHY} secret', id="a variable"),
        pytest.param({"initContainers": [{"name": "i", "image": "n", "env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "x", "key": "k"}}}]}]},
                     f'init container i with envVar E referencing secret.secretName="x" {WHY} secret', id="a variable of an init container"),
        pytest.param({"imagePullSecrets": [{"name": "x"}]}, f'imagePullSecrets[0].name="x" {WHY} imagePullSecret', id="a pull secret"),
    ],
)  # fmt: skip
def test_an_account_may_hold_pods_to_the_secrets_it_lists(world: Any, spec: Obj, says: str | None) -> None:
    account(world, **ENFORCED)
    response = world.call("POST", PODS, pod(serviceAccountName="robot", **spec))
    wanted = (201, None) if says is None else (403, f'pods "web" is forbidden: {says}')
    assert (response.status, response.body.get("message")) == wanted


def test_the_annotation_of_such_an_account_is_called_deprecated(world: Any) -> None:
    body = {"apiVersion": "v1", "kind": "ServiceAccount", **ENFORCED}
    body["metadata"] = {**ENFORCED["metadata"], "name": "robot"}
    response = world.call("POST", f"{SHOP}/serviceaccounts", body)
    assert list(response.warnings) == [
        "metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; "
        "prefer separate namespaces to isolate access to mounted secrets"
    ]
    response = world.call("PATCH", f"{SHOP}/serviceaccounts/robot", {"metadata": {"labels": {"a": "b"}}})
    assert list(response.warnings) == []


@follows(
    "ServiceAccount",
    f"{PLUGINS}/serviceaccount/admission_test.go: TestRejectsMirrorPodWithServiceAccount, TestRejectsMirrorPodWithSecretVolumes, TestRejectsMirrorPodWithServiceAccountTokenVolumeProjections",
)
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        pytest.param({"serviceAccountName": "robot"}, "a mirror pod may not reference service accounts", id="an account"),
        pytest.param({"volumes": [{"name": "v", "secret": {"secretName": "x"}}]}, "a mirror pod may not reference secrets", id="a secret"),
        pytest.param({"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]},
                     "a mirror pod may not use ServiceAccountToken volume projections", id="a token"),
    ],
)  # fmt: skip
def test_a_mirror_pod_refers_to_nothing(world: Any, spec: Obj, says: str) -> None:
    mirror = pod(metadata={"annotations": {"kubernetes.io/config.mirror": "x"}}, nodeName="n", **spec)
    assert world.refusal(PODS, mirror) == f'pods "web" is forbidden: {says}'


# TaintNodesByCondition


@follows("TaintNodesByCondition", f"{PLUGINS}/nodetaint/admission_test.go: Test_nodeTaints")
@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        pytest.param([], [(NOT_READY, "NoSchedule")], id="none"),
        pytest.param(
            [{"key": "a", "effect": "NoExecute"}], [("a", "NoExecute"), (NOT_READY, "NoSchedule")], id="another"
        ),
        pytest.param([{"key": NOT_READY, "effect": "NoSchedule"}], [(NOT_READY, "NoSchedule")], id="the one"),
    ],
)
def test_a_new_node_takes_no_pods_yet(world: Any, given: list[Obj], wanted: list[tuple[str, str]]) -> None:
    made = world.create(
        "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "spec": {"taints": given}}
    )
    assert [(one["key"], one["effect"]) for one in made["spec"]["taints"]] == wanted


# Claims and volumes


STORAGE = "/apis/storage.k8s.io/v1/storageclasses"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def claim(**spec: Any) -> Obj:
    body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": body}


def storage_class(world: Any, name: str, *, default: bool = False, **fields: Any) -> None:
    metadata = {"name": name, "annotations": {DEFAULT_CLASS: "true"} if default else {}}
    world.create(
        STORAGE,
        {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata, "provisioner": "x", **fields},
    )
    world.run(1)


@follows("DefaultStorageClass", f"{PLUGINS}/storage/storageclass/setdefault/admission_test.go: TestAdmission")
@pytest.mark.parametrize(
    ("classes", "spec", "wanted"),
    [
        pytest.param([("a", False)], {}, None, id="no default"),
        pytest.param([("a", False), ("b", True)], {}, "b", id="the default"),
        pytest.param([("b", True)], {"storageClassName": "a"}, "a", id="its own"),
        pytest.param([("b", True)], {"storageClassName": ""}, "", id="none, said so"),
        pytest.param([("b", True), ("a", True)], {}, "a", id="the newest of several"),
    ],
)
def test_a_claim_gets_the_default_class(
    world: Any, classes: list[tuple[str, bool]], spec: Obj, wanted: str | None
) -> None:
    for name, default in classes:
        storage_class(world, name, default=default)
    made = world.create(f"{SHOP}/persistentvolumeclaims", claim(**spec))
    assert made["spec"].get("storageClassName") == wanted


@follows("StorageObjectInUseProtection", f"{PLUGINS}/storage/storageobjectinuseprotection/admission_test.go: TestAdmit")
@pytest.mark.parametrize(
    ("path", "body", "wanted"),
    [
        pytest.param(f"{SHOP}/persistentvolumeclaims", claim(), ["kubernetes.io/pvc-protection"], id="claim"),
        pytest.param(
            "/api/v1/persistentvolumes",
            {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"},
             "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}},
            ["kubernetes.io/pv-protection"],
            id="volume",
        ),
        pytest.param(f"{SHOP}/persistentvolumeclaims", {**claim(), "metadata": {"name": "data", "finalizers": ["kubernetes.io/pvc-protection"]}},
                     ["kubernetes.io/pvc-protection"], id="once only"),
    ],
)  # fmt: skip
def test_what_is_in_use_is_protected(world: Any, path: str, body: Obj, wanted: list[str]) -> None:
    assert world.create(path, body)["metadata"]["finalizers"] == wanted


@follows(
    "PersistentVolumeClaimResize",
    f"{PLUGINS}/storage/persistentvolume/resize/admission_test.go: TestPVCResizeAdmission",
)
@pytest.mark.parametrize(
    ("expands", "phase", "size", "says"),
    [
        pytest.param(True, "Bound", "2Gi", None, id="a class that allows it"),
        pytest.param(False, "Bound", "2Gi", "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize", id="one that does not"),
        pytest.param(True, "Pending", "2Gi", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims", id="a claim without a volume, which validation refuses first"),
        pytest.param(False, "Bound", "1Gi", None, id="the same size"),
    ],
)  # fmt: skip
def test_a_claim_grows_where_its_class_allows_it(
    world: Any, expands: bool, phase: str, size: str, says: str | None
) -> None:
    storage_class(world, "a", allowVolumeExpansion=expands)
    where = f"{SHOP}/persistentvolumeclaims"
    made = world.create(where, claim(storageClassName="a", volumeName="v"))
    world.client.update_status(
        "persistentvolumeclaims", {**made, "status": {"phase": phase, "capacity": {"storage": "1Gi"}}}
    )
    response = world.call("PATCH", f"{where}/data", {"spec": {"resources": {"requests": {"storage": size}}}})
    if says is None:
        assert response.status == 200, response.body
    else:
        assert says in response.body["message"]


# DefaultIngressClass


@follows("DefaultIngressClass", f"{PLUGINS}/network/defaultingressclass/admission_test.go: TestAdmission")
@pytest.mark.parametrize(
    ("classes", "ingress", "wanted"),
    [
        pytest.param({"a": "false"}, {}, None, id="no default"),
        pytest.param({"a": "true"}, {}, "a", id="the default"),
        pytest.param({"a": "true", "b": "true"}, {}, "a", id="the first by name of several of one moment"),
        pytest.param({"a": "true"}, {"spec": {"ingressClassName": "own"}}, "own", id="its own"),
        pytest.param({"a": "true"}, {"metadata": {"annotations": {"kubernetes.io/ingress.class": "old"}}}, None, id="the old annotation"),
    ],
)  # fmt: skip
def test_an_ingress_gets_the_default_class(
    world: Any, classes: dict[str, str], ingress: Obj, wanted: str | None
) -> None:
    for name, default in classes.items():
        metadata = {"name": name, "annotations": {"ingressclass.kubernetes.io/is-default-class": default}}
        body = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": metadata,
            "spec": {"controller": "x.io/y"},
        }
        world.create("/apis/networking.k8s.io/v1/ingressclasses", body)
    made = world.create(
        "/apis/networking.k8s.io/v1/namespaces/shop/ingresses",
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "i", **ingress.get("metadata", {})},
            "spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}, **ingress.get("spec", {})},
        },
    )
    assert made["spec"].get("ingressClassName") == wanted


# NamespaceLifecycle


@follows(
    "NamespaceLifecycle", "staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission_test.go"
)
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        pytest.param("POST", "/api/v1/namespaces/none/configmaps", {"kind": "ConfigMap"}, 404, 'namespaces "none" not found', id="no such namespace"),
        pytest.param("POST", "/api/v1/namespaces/ending/configmaps", {"kind": "ConfigMap"}, 403,
                     'configmaps "x" is forbidden: unable to create new content in namespace ending because it is being terminated', id="one that ends"),
        pytest.param("DELETE", "/api/v1/namespaces/default", None, 403, 'namespaces "default" is forbidden: this namespace may not be deleted', id="default stays"),
        pytest.param("DELETE", "/api/v1/namespaces/shop", None, 200, None, id="others may go"),
    ],
)  # fmt: skip
def test_nothing_begins_where_there_is_no_namespace(
    world: Any, method: str, path: str, body: Obj | None, status: int, says: str | None
) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ending"}}
    world.create("/api/v1/namespaces", namespace)
    world.call("DELETE", "/api/v1/namespaces/ending")
    given = None if body is None else {"apiVersion": "v1", "metadata": {"name": "x"}, **body}
    response = world.call(method, path, given)
    assert (response.status, response.body.get("message") if says else None) == (status, says)
