"""Small admission plugins, case by case as their own tests have them, against the plugin itself."""

from typing import Any

import pytest

from simulator.apiserver import storage
from simulator.apiserver.admission import default_ingress_class, runtime_class
from simulator.apiserver.admission.node_taint import tainted
from simulator.apiserver.errors import StatusError
from tests.proof.follows import follows

Obj = dict[str, Any]
PLUGINS = "plugin/pkg/admission/"


class _Store:
    """The rows of one table."""

    def __init__(self, *rows: Obj) -> None:
        self._rows = {("", row["metadata"]["name"]): row for row in rows}

    def table(self, kind: str) -> dict[tuple[str, str], Obj]:
        return self._rows

    def get(self, kind: str, key: tuple[str, str]) -> Obj | None:
        return self._rows.get(key)


def store(*rows: Obj) -> Any:
    return _Store(*rows)


# RuntimeClass

SMALL, LARGE = {"cpu": "100m", "memory": "1"}, {"cpu": "10", "memory": "10G"}
REJECTED = 'pods "p" is forbidden: '
OTHER_OVERHEAD = f"{REJECTED}pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
OWN_OVERHEAD = f"{REJECTED}pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
CONFLICT = f"{REJECTED}conflict: runtimeClass.scheduling.nodeSelector[foo] = conflict; pod.spec.nodeSelector[foo] = bar"


def a_class(**more: Any) -> Obj:
    return {"metadata": {"name": "foo"}, "handler": "bar", **more}


def with_overhead(amounts: Obj) -> Obj:
    return a_class(overhead={"podFixed": amounts})


def scheduling(**more: Any) -> Obj:
    return a_class(scheduling=more)


FOO_BAR = {"key": "foo", "operator": "Equal", "value": "bar", "effect": "NoSchedule"}
FIZZ_BUZZ = {"key": "fizz", "operator": "Equal", "value": "buzz", "effect": "NoSchedule"}
AT_FOO = {"nodeSelector": {"foo": "bar"}}


@follows(
    "RuntimeClass",
    PLUGINS + "runtimeclass/admission_test.go: TestSetOverhead, TestSetScheduling, TestAdmit, TestValidate",
    PLUGINS + "runtimeclass/admission_test.go: TestValidateOverhead",
)
@pytest.mark.parametrize(
    ("found", "spec", "wanted"),
    [
        pytest.param(with_overhead(SMALL), {}, {"overhead": SMALL}, id="overhead, no container requirements"),
        pytest.param(with_overhead(LARGE), {"overhead": SMALL}, OTHER_OVERHEAD, id="overhead, pod with differing overhead already set"),
        pytest.param(with_overhead(SMALL), {"overhead": SMALL}, {"overhead": SMALL}, id="overhead, pod with same overhead already set"),
        pytest.param(with_overhead(SMALL), {"overhead": {"cpu": "0.1", "memory": "1"}}, {"overhead": SMALL}, id="overhead, the same in other words"),
        pytest.param(with_overhead(SMALL), {"overhead": {"cpu": "100m"}}, OTHER_OVERHEAD, id="overhead, a part of it"),
        pytest.param(a_class(), {"overhead": SMALL}, OWN_OVERHEAD, id="No Overhead in RuntimeClass, Overhead set in pod"),
        pytest.param(None, {"overhead": SMALL}, OWN_OVERHEAD, id="No RuntimeClass, Overhead set in pod"),
        pytest.param(None, {"runtimeClassName": "foo"}, f'{REJECTED}pod rejected: RuntimeClass "foo" not found', id="runtimeClass not found"),
        pytest.param(a_class(), {"runtimeClassName": "foo"}, {"runtimeClassName": "foo"}, id="runtimeClass found"),
        pytest.param(a_class(), AT_FOO, AT_FOO, id="scheduling, nil scheduling"),
        pytest.param(scheduling(nodeSelector={"foo": "conflict"}), AT_FOO, CONFLICT, id="scheduling, conflict node selector"),
        pytest.param(scheduling(**AT_FOO), {}, AT_FOO, id="scheduling, nil node selector"),
        pytest.param(scheduling(**AT_FOO), AT_FOO, AT_FOO, id="scheduling, node selector with the same key value"),
        pytest.param(scheduling(nodeSelector={"foo": "bar", "fizz": "buzz"}), AT_FOO, {"nodeSelector": {"foo": "bar", "fizz": "buzz"}}, id="scheduling, node selector with different key value"),
        pytest.param(scheduling(tolerations=[FOO_BAR, FIZZ_BUZZ]), {"tolerations": [FOO_BAR]}, {"tolerations": [FOO_BAR, FIZZ_BUZZ]}, id="scheduling, multiple tolerations"),
    ],
)  # fmt: skip
def test_what_a_runtime_class_makes_of_a_pod(found: Obj | None, spec: Obj, wanted: Obj | str) -> None:
    given = dict(spec)
    if isinstance(wanted, str):
        with pytest.raises(StatusError) as error:
            runtime_class.apply(given, found, "p")
        assert error.value.message == wanted
    else:
        runtime_class.apply(given, found, "p")
        assert given == wanted


def tolerating(key: str = "", value: str = "", effect: str = "", seconds: int | None = None) -> Obj:
    found: Obj = {"operator": "Equal" if value else "Exists"}
    found |= {name: one for name, one in (("key", key), ("value", value), ("effect", effect)) if one}
    return found if seconds is None else {**found, "tolerationSeconds": seconds}


SOON, LATER, NOW = "NoSchedule", "PreferNoSchedule", "NoExecute"
TOLERATIONS = {
    "all": tolerating(),
    "all-nosched": tolerating(effect=SOON),
    "all-noexec": tolerating(effect=NOW),
    "foo": tolerating("foo"),
    "foo-bar": tolerating("foo", "bar"),
    "foo-nosched": tolerating("foo", effect=SOON),
    "foo-bar-nosched": tolerating("foo", "bar", SOON),
    "foo-baz-nosched": tolerating("foo", "baz", SOON),
    "faz-nosched": tolerating("faz", effect=SOON),
    "faz-baz-nosched": tolerating("faz", "baz", SOON),
    "foo-prefnosched": tolerating("foo", effect=LATER),
    "foo-noexec": tolerating("foo", effect=NOW),
    "foo-bar-noexec": tolerating("foo", "bar", NOW),
    "foo-noexec-10": tolerating("foo", effect=NOW, seconds=10),
    "foo-noexec-0": tolerating("foo", effect=NOW, seconds=0),
    "foo-bar-noexec-10": tolerating("foo", "bar", NOW, 10),
}
FOO_NOW = "foo-noexec foo-bar-noexec foo-noexec-10 foo-noexec-0 foo-bar-noexec-10"
OF_FOO = f"foo-bar foo-nosched foo-bar-nosched foo-baz-nosched foo-prefnosched {FOO_NOW}"


@follows("RuntimeClass", "pkg/util/tolerations/tolerations_test.go: TestIsSuperset")
@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        pytest.param("all", f"all-nosched all-noexec foo faz-nosched faz-baz-nosched {OF_FOO}", id="all"),
        pytest.param("all-nosched", "foo-nosched foo-bar-nosched foo-baz-nosched faz-nosched faz-baz-nosched", id="all-nosched"),
        pytest.param("all-noexec", FOO_NOW, id="all-noexec"),
        pytest.param("foo", OF_FOO, id="foo"),
        pytest.param("foo-bar", "foo-bar-nosched foo-bar-noexec foo-bar-noexec-10", id="foo-bar"),
        pytest.param("foo-nosched", "foo-bar-nosched foo-baz-nosched", id="foo-nosched"),
        pytest.param("foo-bar-nosched", "", id="foo-bar-nosched"),
        pytest.param("faz-nosched", "faz-baz-nosched", id="faz-nosched"),
        pytest.param("faz-baz-nosched", "", id="faz-baz-nosched"),
        pytest.param("foo-prefnosched", "", id="foo-prefnosched"),
        pytest.param("foo-noexec", FOO_NOW, id="foo-noexec"),
        pytest.param("foo-bar-noexec", "foo-bar-noexec-10", id="foo-bar-noexec"),
        pytest.param("foo-noexec-10", "foo-noexec-0 foo-bar-noexec-10", id="foo-noexec-10"),
        pytest.param("foo-noexec-0", "", id="foo-noexec-0"),
        pytest.param("foo-bar-noexec-10", "", id="foo-bar-noexec-10"),
    ],
)  # fmt: skip
def test_one_toleration_covers_another(wide: str, narrow: str) -> None:
    covered = {name for name, one in TOLERATIONS.items() if runtime_class.covers(TOLERATIONS[wide], one)}
    assert covered == {wide, *narrow.split()}


@follows("RuntimeClass", "pkg/util/tolerations/tolerations_test.go: TestMergeTolerations")
@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        pytest.param(
            "foo-bar-nosched faz-baz-nosched foo-noexec-10",
            "foo-prefnosched foo-baz-nosched",
            "foo-bar-nosched faz-baz-nosched foo-noexec-10 foo-prefnosched foo-baz-nosched",
            id="disjoint",
        ),
        pytest.param(
            "foo-bar-nosched faz-baz-nosched foo-noexec-10",
            "foo-bar-nosched faz-baz-nosched foo-noexec-10",
            "foo-bar-nosched faz-baz-nosched foo-noexec-10",
            id="duplicate",
        ),
        pytest.param(
            "foo-bar-nosched foo-baz-nosched",
            "foo-nosched faz-baz-nosched",
            "foo-nosched faz-baz-nosched",
            id="merge redundant",
        ),
        pytest.param("foo-bar-nosched foo-baz-nosched foo-noexec-10", "all", "all", id="merge all"),
        pytest.param("all", "foo-bar-nosched foo-baz-nosched foo-noexec-10", "all", id="merge into all"),
    ],
)
def test_tolerations_of_a_class_and_of_a_pod(first: str, second: str, wanted: str) -> None:
    def named(names: str) -> list[Obj]:
        return [TOLERATIONS[name] for name in names.split()]

    assert runtime_class.merged_tolerations(named(first), named(second)) == named(wanted)


# TaintNodesByCondition

NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
ANOTHER = {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}
UNREADY = {"conditions": [{"type": "Ready", "status": "False"}]}


@follows("TaintNodesByCondition", PLUGINS + "nodetaint/admission_test.go: Test_nodeTaints")
@pytest.mark.parametrize(
    ("node", "wanted"),
    [
        pytest.param({}, [NOT_READY], id="notReady taint is added on creation"),
        pytest.param({"spec": {"taints": [NOT_READY]}}, [NOT_READY], id="already tainted node is not tainted again"),
        pytest.param({"status": UNREADY}, [NOT_READY], id="NotReady taint is added to an unready node as well"),
        pytest.param({"spec": {"taints": [ANOTHER]}}, [ANOTHER, NOT_READY], id="another effect is another taint"),
    ],
)
def test_a_new_node_is_not_ready(node: Obj, wanted: list[Obj]) -> None:
    assert tainted({"metadata": {"name": "mynode"}, **node})["spec"]["taints"] == wanted


# DefaultStorageClass, DefaultIngressClass


def default_of(kind: str, name: str, default: str | None = "true", second: int = 0) -> Obj:
    annotations = {} if default is None else {"annotations": {f"{kind}.kubernetes.io/is-default-class": default}}
    metadata = {"name": name, "creationTimestamp": f"2022-01-01T00:00:0{second}Z", **annotations}
    return {"metadata": metadata, "provisioner": name}


def others(kind: str) -> list[Obj]:
    """No defaults: said so, not said, and said nothing."""
    given = (("nondefault1", "false"), ("nondefault2", None), ("nondefault3", ""))
    return [default_of(kind, name, default) for name, default in given]


STORAGE, INGRESS = "storageclass", "ingressclass"


@follows("DefaultStorageClass", PLUGINS + "storage/storageclass/setdefault/admission_test.go: TestAdmission")
@pytest.mark.parametrize(
    ("defaults", "spec", "wanted"),
    [
        pytest.param([], {}, None, id="no default, no modification of PVCs"),
        pytest.param(["default1"], {}, "default1", id="one default, modify PVC with class=nil"),
        pytest.param(["default1"], {"storageClassName": ""}, "", id="one default, no modification of PVC with class=''"),
        pytest.param(["default1"], {"storageClassName": "foo"}, "foo", id="one default, no modification of PVC with class='foo'"),
        pytest.param(["default1", "default2"], {}, "default1", id="two defaults with the same creation time, choose the one with the smaller name"),
        pytest.param(["default1", "default2+1"], {}, "default2", id="two defaults, choose the one with the creation time newer"),
        pytest.param(["default1", "default2"], {"storageClassName": ""}, "", id="two defaults, no modification of PVC with class=''"),
        pytest.param(["default1", "default2"], {"storageClassName": "foo"}, "foo", id="two defaults, no modification of PVC with class='foo'"),
    ],
)  # fmt: skip
def test_the_class_of_a_claim(defaults: list[str], spec: Obj, wanted: str | None) -> None:
    found = [default_of(STORAGE, name.partition("+")[0], second=name.endswith("+1")) for name in defaults]
    claim = {"metadata": {"name": "claim", "namespace": "ns"}, "spec": spec}
    made = storage.prepared("persistentvolumeclaims", claim, store(*found, *others(STORAGE)))
    assert made["spec"].get("storageClassName") == wanted


@follows("DefaultIngressClass", PLUGINS + "network/defaultingressclass/admission_test.go: TestAdmission")
@pytest.mark.parametrize(
    ("defaults", "spec", "annotation", "wanted"),
    [
        pytest.param([], {}, None, None, id="no default, no modification of Ingress"),
        pytest.param(["default1"], {}, None, "default1", id="one default, modify Ingress with class=nil"),
        pytest.param(["default1"], {"ingressClassName": ""}, None, "", id="one default, no modification of Ingress with class field=''"),
        pytest.param(["default1"], {"ingressClassName": "foo"}, None, "foo", id="one default, no modification of Ingress with class field='foo'"),
        pytest.param(["default1"], {}, "foo", None, id="one default, no modification of Ingress with class annotation='foo'"),
        pytest.param(["default1", "default2"], {}, None, "default1", id="two defaults with the same creation time, choose the one with the lower name"),
        pytest.param(["default1", "default2"], {"ingressClassName": ""}, None, "", id="two defaults, no modification with Ingress with class field=''"),
        pytest.param(["default2+1", "default1"], {}, None, "default2", id="two defaults, choose the one with the newer creation time"),
    ],
)  # fmt: skip
def test_the_class_of_an_ingress(defaults: list[str], spec: Obj, annotation: str | None, wanted: str | None) -> None:
    found = [default_of(INGRESS, name.partition("+")[0], second=name.endswith("+1")) for name in defaults]
    annotations = {} if annotation is None else {"kubernetes.io/ingress.class": annotation}
    ingress = {"metadata": {"name": "testing", "annotations": annotations}, "spec": spec}
    made = default_ingress_class.with_class(store(*found, *others(INGRESS)), ingress)
    assert made["spec"].get("ingressClassName") == wanted


# StorageObjectInUseProtection

CLAIM_HELD, VOLUME_HELD = "kubernetes.io/pvc-protection", "kubernetes.io/pv-protection"
CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"


@follows("StorageObjectInUseProtection", PLUGINS + "storage/storageobjectinuseprotection/admission_test.go: TestAdmit")
@pytest.mark.parametrize(
    ("resource", "held", "wanted"),
    [
        pytest.param(CLAIMS, [], [CLAIM_HELD], id="claim: create -> add finalizer"),
        pytest.param(CLAIMS, [CLAIM_HELD], [CLAIM_HELD], id="claim: finalizer already exists -> no new finalizer"),
        pytest.param(CLAIMS, ["x.io/y"], ["x.io/y", CLAIM_HELD], id="claim: another finalizer stays"),
        pytest.param(VOLUMES, [], [VOLUME_HELD], id="volume: create -> add finalizer"),
        pytest.param(VOLUMES, [VOLUME_HELD], [VOLUME_HELD], id="volume: finalizer already exists -> no new finalizer"),
        pytest.param(VOLUMES, [CLAIM_HELD], [CLAIM_HELD, VOLUME_HELD], id="volume: that of claims is another"),
    ],
)
def test_claims_and_volumes_are_held(resource: str, held: list[str], wanted: list[str]) -> None:
    made = storage.prepared(resource, {"metadata": {"name": "x", "finalizers": held}, "spec": {}}, store())
    assert made["metadata"]["finalizers"] == wanted


# PersistentVolumeClaimResize

GOLD = {"metadata": {"name": "gold"}, "allowVolumeExpansion": True}
SILVER = {"metadata": {"name": "silver"}, "allowVolumeExpansion": False}
COPPER = {"metadata": {"name": "copper"}}
FORBIDDEN = 'persistentvolumeclaims "foo" is forbidden: '
NO_RESIZE = f"{FORBIDDEN}only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
ONLY_BOUND = f"{FORBIDDEN}Only bound persistent volume claims can be expanded"


def claim(size: str, name: str | None, phase: str = "Bound", volume: str = "volume1") -> Obj:
    spec: Obj = {"volumeName": volume, "resources": {"requests": {"storage": size}}}
    spec |= {} if name is None else {"storageClassName": name}
    return {"metadata": {"name": "foo"}, "spec": spec, "status": {"phase": phase}}


@follows(
    "PersistentVolumeClaimResize", PLUGINS + "storage/persistentvolume/resize/admission_test.go: TestPVCResizeAdmission"
)
@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(claim("1Gi", "gold"), claim("2Gi", "gold"), "", id="pvc-resize, update, no error"),
        pytest.param(claim("1Gi", None), claim("2Gi", None), NO_RESIZE, id="no class"),
        pytest.param(claim("1Gi", ""), claim("2Gi", ""), NO_RESIZE, id="no class, said so"),
        pytest.param(claim("1Gi", "silver"), claim("2Gi", "silver"), NO_RESIZE, id="a class that does not allow it"),
        pytest.param(claim("1Gi", "copper"), claim("2Gi", "copper"), NO_RESIZE, id="a class that does not say"),
        pytest.param(claim("1Gi", "iron"), claim("2Gi", "iron"), NO_RESIZE, id="a class that is gone"),
        pytest.param(
            claim("1Gi", "silver", "Pending", ""), claim("1Gi", "silver"), "", id="PVC update with no change in size"
        ),
        pytest.param(claim("1Gi", "silver"), claim("1024Mi", "silver"), "", id="the same size in other words"),
        pytest.param(claim("2Gi", "silver"), claim("1Gi", "silver"), "", id="a smaller size, which validation refuses"),
        pytest.param(
            claim("1Gi", "silver", "Pending"),
            claim("2Gi", "silver", "Pending"),
            ONLY_BOUND,
            id="expand pvc in pending state",
        ),
        pytest.param(
            claim("1Gi", "gold", "Pending"),
            claim("2Gi", "gold", "Bound"),
            ONLY_BOUND,
            id="what the write says of the phase",
        ),
    ],
)
def test_whether_a_claim_may_grow(old: Obj, new: Obj, says: str) -> None:
    if says:
        with pytest.raises(StatusError) as error:
            storage.refuse_resize(new, old, store(GOLD, SILVER, COPPER))
        assert error.value.message == says
    else:
        storage.refuse_resize(new, old, store(GOLD, SILVER, COPPER))


# NamespaceLifecycle

NAMESPACES = "/api/v1/namespaces"
ENDING = "unable to create new content in namespace ending because it is being terminated"
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
EVENT = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "x"},
    "involvedObject": {"kind": "Pod", "namespace": "ending", "name": "p"},
    "reason": "Killing",
    "type": "Normal",
}
REVIEW = {
    "apiVersion": "authorization.k8s.io/v1",
    "kind": "LocalSubjectAccessReview",
    "metadata": {"namespace": "none"},
    "spec": {"user": "ann", "resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "none"}},
}
STAYS = 'namespaces "{0}" is forbidden: this namespace may not be deleted'


@pytest.fixture
def world(make_world: Any) -> Any:
    found = make_world()
    for name in ("ending", "kube-system", "kube-public"):
        found.call("POST", NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    found.create(f"{NAMESPACES}/ending/configmaps", {**CONFIG, "metadata": {"name": "there", "finalizers": ["x.io/y"]}})
    found.call("DELETE", f"{NAMESPACES}/ending")
    return found


@follows(
    "NamespaceLifecycle",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission_test.go: TestAdmissionNamespaceDoesNotExist",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission_test.go: TestAdmissionNamespaceActive, TestAdmissionNamespaceTerminating",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission_test.go: TestAccessReviewCheckOnMissingNamespace",
)
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        pytest.param("POST", "none/configmaps", CONFIG, 404, 'namespaces "none" not found', id="missing: create"),
        pytest.param("POST", "none/pods/x/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "x"}}, 404, 'pods "x" not found', id="missing: evict"),
        pytest.param("DELETE", "none/configmaps/x", None, 404, 'configmaps "x" not found', id="missing: delete"),
        pytest.param("POST", "shop/configmaps", CONFIG, 201, "", id="active: create"),
        pytest.param("POST", "ending/configmaps", CONFIG, 403, f'configmaps "x" is forbidden: {ENDING}', id="terminating: create"),
        pytest.param("POST", "ending/events", EVENT, 201, "", id="terminating: events are still told"),
        pytest.param("PATCH", "ending/configmaps/there", {"data": {"a": "b"}}, 200, "", id="terminating: update"),
        pytest.param("DELETE", "ending/configmaps/there", None, 200, "", id="terminating: delete"),
        pytest.param("DELETE", "ending", None, 200, "", id="terminating: delete again"),
        pytest.param("DELETE", "default", None, 403, STAYS.format("default"), id="default stays"),
        pytest.param("DELETE", "kube-system", None, 403, STAYS.format("kube-system"), id="kube-system stays"),
        pytest.param("DELETE", "kube-public", None, 403, STAYS.format("kube-public"), id="kube-public stays"),
        pytest.param("DELETE", "shop", None, 200, "", id="others may go"),
    ],
)  # fmt: skip
def test_what_goes_on_in_a_namespace(
    world: Any, method: str, path: str, body: Obj | None, status: int, says: str
) -> None:
    response = world.call(method, f"{NAMESPACES}/{path}", body)
    assert (response.status, response.body.get("message") if says else "") == (status, says)


@follows(
    "NamespaceLifecycle",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission_test.go: TestAccessReviewCheckOnMissingNamespace",
)
def test_a_namespace_that_is_not_there_can_be_asked_about(world: Any) -> None:
    path = "/apis/authorization.k8s.io/v1/namespaces/none/localsubjectaccessreviews"
    assert world.call("POST", path, REVIEW).status == 201


@follows(
    "NamespaceLifecycle",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission_test.go: TestAdmissionNamespaceTerminating",
)
def test_the_refusal_names_the_cause(world: Any) -> None:
    response = world.call("POST", f"{NAMESPACES}/ending/configmaps", CONFIG)
    assert response.body["details"]["causes"] == [
        {
            "reason": "NamespaceTerminating",
            "message": "namespace ending is being terminated",
            "field": "metadata.namespace",
        }
    ]
