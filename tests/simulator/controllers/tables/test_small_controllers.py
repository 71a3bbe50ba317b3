"""Controllers that do one thing: what is there, and what becomes of it."""

from base64 import b64encode
from typing import Any

import pytest

from simulator.controllers.bootstrap_tokens import BootstrapSigner, TokenCleaner
from simulator.controllers.clusterrole_aggregation import ROLES, ClusterRoleAggregationController
from simulator.controllers.ephemeral_volume import EphemeralVolumeController
from simulator.controllers.pod_garbage_collector import PodGarbageCollector
from simulator.controllers.root_ca import RootCaPublisher
from simulator.controllers.service_account import ServiceAccountController
from simulator.controllers.ttl_after_finished import TtlAfterFinishedController
from simulator.machinery.bootstrap_tokens import signature
from tests.proof.follows import follows

Obj = dict[str, Any]
HOUR = 3600


def later(world: Any, seconds: float) -> str:
    """A moment so many seconds from now."""
    engine = world.engine
    return str(engine.timestamp(engine.now + round(seconds * 1_000_000)))


# TTL after finished


@follows(
    "ttl-after-finished-controller", "pkg/controller/ttlafterfinished/ttlafterfinished_controller_test.go: TestTimeLeft"
)
@pytest.mark.parametrize(
    ("ended", "ago", "ttl", "left"),
    [
        pytest.param("", 0, 100, None, id="unfinished"),
        pytest.param("Complete", 0, None, None, id="completed now, no TTL"),
        pytest.param("Complete", 0, 0, 0, id="completed now, 0 s"),
        pytest.param("Complete", 0, 10, 10, id="completed now, 10 s"),
        pytest.param("Complete", 10, 15, 5, id="completed 10 s ago, 15 s"),
        pytest.param("Failed", 0, None, None, id="failed now, no TTL"),
        pytest.param("Failed", 0, 0, 0, id="failed now, 0 s"),
        pytest.param("Failed", 0, 10, 10, id="failed now, 10 s"),
        pytest.param("Failed", 10, 15, 5, id="failed 10 s ago, 15 s"),
    ],
)
def test_a_finished_job_has_so_much_time_left(
    stage: Any, pod_template: Any, ended: str, ago: int, ttl: int | None, left: int | None
) -> None:
    world = stage(TtlAfterFinishedController)
    world.run(20)
    spec = {"template": pod_template("work")} | ({} if ttl is None else {"ttlSecondsAfterFinished": ttl})
    condition = {"type": ended, "status": "True", "lastTransitionTime": later(world, -ago)}
    status = {"conditions": [condition]} if ended else {}
    made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": spec, "status": status}
    world.put("jobs.batch", {**made, "metadata": {"name": "j", "finalizers": ["example.com/hold"]}})
    if left is None:
        world.act(HOUR)
        assert "deletionTimestamp" not in world.get("jobs.batch", "j")["metadata"]
        return
    wanted = later(world, left)
    world.act(left + 1)
    metadata = world.get("jobs.batch", "j")["metadata"]
    assert metadata["deletionTimestamp"] == wanted
    assert metadata["finalizers"] == ["example.com/hold", "foregroundDeletion"]


# Pod garbage collection


GONE = {"name": "gone", "phase": "Failed", "reason": "DeletionByPodGC", "message": "PodGC: node no longer exists"}


def put_pod(world: Any, name: str, phase: str, node: str = "", *, ending: bool = False, held: bool = False) -> None:
    metadata: Obj = {"name": name, "finalizers": ["example.com/hold"] if held else []}
    spec: Obj = {"containers": [{"name": "c", "image": "nginx"}], "terminationGracePeriodSeconds": 30}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec | ({"nodeName": node} if node else {})}
    world.put("pods", {**pod, "status": {"phase": phase}})
    if ending:
        world.client.delete("pods", "default", name)


@follows("pod-garbage-collector-controller", "pkg/controller/podgc/gc_controller_test.go: TestGCTerminated")
@pytest.mark.parametrize(
    ("pods", "threshold", "left"),
    [
        pytest.param("Failed Succeeded", 2, "a b", id="as many as may stay"),
        pytest.param("Failed Succeeded Failed", 1, "c", id="all but the newest"),
        pytest.param("Running Succeeded Failed", 1, "a c", id="a running pod stays"),
        pytest.param("Failed Succeeded", 1, "b", id="the oldest goes"),
        pytest.param("Failed Succeeded", 5, "a b", id="fewer than may stay"),
        pytest.param("Failed Succeeded Failed/Evicted Failed", 3, "a b d", id="an evicted one goes first"),
        pytest.param(
            "Failed/Evicted Failed Failed/Evicted", 1, "b", id="evicted ones go first, the oldest of them first"
        ),
    ],
)
def test_the_oldest_pods_that_have_ended_go(stage: Any, pods: str, threshold: int, left: str) -> None:
    class SmallCollector(PodGarbageCollector):
        pass

    SmallCollector.threshold = threshold
    world = stage(SmallCollector)
    world.put("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node"}, "spec": {}})
    for name, text in zip("abcd", pods.split(), strict=False):
        phase, _, reason = text.partition("/")
        put_pod(world, name, phase, "node")
        if reason:
            world.set_status("pods", world.get("pods", name), reason=reason)
        world.run(1)
    world.act(21)
    assert " ".join(pod["metadata"]["name"] for pod in world.pods()) == left


def test_pods_that_end_later_are_counted_too(world: Any) -> None:
    class SmallCollector(PodGarbageCollector):
        threshold = 1

    made = world(SmallCollector)
    made.put("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node"}, "spec": {}})
    for name in "abc":
        put_pod(made, name, "Running", "node")
        made.run(1)
    made.set_status("pods", made.get("pods", "a"), phase="Succeeded")
    made.run(1)
    made.client.delete("pods", "default", "a", grace_s=0)
    made.set_status("pods", made.get("pods", "b"), phase="Succeeded")
    made.run(21)
    assert [pod["metadata"]["name"] for pod in made.pods()] == ["b", "c"]
    made.set_status("pods", made.get("pods", "c"), phase="Failed")
    made.run(21)
    assert [pod["metadata"]["name"] for pod in made.pods()] == ["c"]


def test_twelve_and_a_half_thousand_pods_that_have_ended_may_stay() -> None:
    assert PodGarbageCollector.threshold == 12_500


@follows(
    "pod-garbage-collector-controller",
    "pkg/controller/podgc/gc_controller_test.go: TestGCOrphaned, TestGCUnscheduledTerminating, TestGCTerminating",
)
@pytest.mark.parametrize(
    ("pods", "taints", "ready", "left", "wait"),
    [
        pytest.param(
            [("a", "Failed", "gone"), ("b", "Succeeded", "gone")], [], "True", "", 60, id="ended pods of a gone node"
        ),
        pytest.param([("a", "Running", "gone")], [], "True", "", 60, id="a running pod of a gone node"),
        pytest.param([("a", "Running", "gone")], [], "True", "a", 39, id="a node that may come back"),
        pytest.param(
            [("a", "Running", "node"), ("b", "Pending", "")], [], "True", "a b", 60, id="pods of a node, and of none"
        ),
        pytest.param([("a", "Running", "node", True)], [], "True", "a", 25, id="a pod that ends, scheduled"),
        pytest.param(
            [("a", "Running", "node", True)], ["out-of-service"], "False", "", 21, id="ends on a node out of service"
        ),
        pytest.param(
            [("a", "Running", "node")], ["out-of-service"], "False", "a", 25, id="does not end, out of service"
        ),
        pytest.param(
            [("a", "Running", "node", True)], ["out-of-service"], "True", "a", 25, id="ends, the node is ready"
        ),
        pytest.param([("a", "Running", "node", True)], [], "False", "a", 25, id="ends, not ready, not out of service"),
    ],
)
def test_pods_nobody_looks_after_are_removed(
    stage: Any, pods: list[tuple[Any, ...]], taints: list[str], ready: str, left: str, wait: int
) -> None:
    world = stage(PodGarbageCollector)
    keys = [{"key": f"node.kubernetes.io/{key}", "effect": "NoExecute"} for key in taints]
    status = {"conditions": [{"type": "Ready", "status": ready}]}
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "node"},
        "spec": {"taints": keys},
        "status": status,
    }
    world.put("nodes", node)
    for name, phase, where, *ending in pods:
        put_pod(world, name, phase, where, ending=bool(ending))
    world.act(wait)
    assert " ".join(pod["metadata"]["name"] for pod in world.pods()) == left


@follows("pod-garbage-collector-controller", "pkg/controller/podgc/gc_controller.go")
@pytest.mark.parametrize(
    ("phase", "node", "disrupted"),
    [
        pytest.param("Running", "gone", ("DeletionByPodGC", "PodGC: node no longer exists"), id="its node is gone"),
        pytest.param("Pending", "", None, id="it never had a node"),
    ],
)
def test_a_pod_is_marked_as_failed_first(stage: Any, phase: str, node: str, disrupted: tuple[str, str] | None) -> None:
    world = stage(PodGarbageCollector)
    put_pod(world, "a", phase, node, ending=True, held=True)
    world.act(60)
    status = world.get("pods", "a")["status"]
    assert status["phase"] == "Failed"
    found = [
        (one["reason"], one["message"]) for one in status.get("conditions") or () if one["type"] == "DisruptionTarget"
    ]
    assert found == ([disrupted] if disrupted else [])


# Bootstrap tokens

JWS = signature("payload", "abc123", "0123456789abcdef")


def token(world: Any, *, signs: bool = False, expires: float | None = None) -> None:
    text = {"token-id": "abc123", "token-secret": "0123456789abcdef"}
    text |= {"usage-bootstrap-signing": "true"} if signs else {}
    text |= {} if expires is None else {"expiration": later(world, expires)}
    data = {key: b64encode(value.encode()).decode() for key, value in text.items()}
    metadata = {"name": "bootstrap-token-abc123", "namespace": "kube-system"}
    kind = "bootstrap.kubernetes.io/token"
    world.put("secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "data": data})


SIGNING = "pkg/controller/bootstrap/bootstrapsigner_test.go"


@follows(
    "bootstrap-signer-controller",
    f"{SIGNING}: TestSimpleSign, TestNoSignNeeded, TestUpdateSignature, TestRemoveSignature",
)
@pytest.mark.parametrize(
    ("known", "signs", "expires", "signed", "writes"),
    [
        pytest.param(None, True, None, True, 1, id="sign"),
        pytest.param(JWS, True, None, True, 0, id="is signed"),
        pytest.param("old signature", True, None, True, 1, id="another signature"),
        pytest.param("old signature", False, None, False, 1, id="a token that does not sign"),
        pytest.param("old signature", True, -HOUR, False, 1, id="a token whose time is over"),
    ],
)
def test_cluster_info_is_signed(
    stage: Any, known: str | None, signs: bool, expires: float | None, signed: bool, writes: int
) -> None:
    world = stage(BootstrapSigner)
    world.namespace("kube-public")
    world.namespace("kube-system")
    token(world, signs=signs, expires=expires)
    data = {"kubeconfig": "payload"} | ({} if known is None else {"jws-kubeconfig-abc123": known})
    metadata = {"name": "cluster-info", "namespace": "kube-public"}
    before = world.put("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    world.act()
    info = world.get("configmaps", "cluster-info", "kube-public")
    assert info["data"] == {"kubeconfig": "payload"} | ({"jws-kubeconfig-abc123": JWS} if signed else {})
    assert (info["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]) == bool(writes)


@follows("bootstrap-signer-controller", f"{SIGNING}: TestSimpleSign")
def test_the_signature_is_that_of_upstream() -> None:
    signed = "eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiYzEyMyJ9..QSxpUG7Q542CirTI2ECPSZjvBOJURUW5a7XqFpNI958"
    assert signature("payload", "abc123", "tokenSecret") == signed


@follows("bootstrap-signer-controller", f"{SIGNING}: TestNoConfigMap")
def test_without_cluster_info_nothing_is_signed(stage: Any) -> None:
    world = stage(BootstrapSigner)
    world.namespace("kube-system")
    token(world, signs=True)
    world.act()
    assert world.all("configmaps", None) == []


@follows("token-cleaner-controller", "pkg/controller/bootstrap/tokencleaner_test.go")
@pytest.mark.parametrize(
    ("expires", "wait", "stays"),
    [
        pytest.param(None, HOUR, True, id="never expires"),
        pytest.param(-HOUR, 1, False, id="expired"),
        pytest.param(HOUR, HOUR - 2, True, id="not expired"),
        pytest.param(2, 1, True, id="not yet"),
        pytest.param(2, 3, False, id="expires in the queue"),
    ],
)
def test_tokens_are_deleted_when_their_time_is_over(
    stage: Any, expires: float | None, wait: float, stays: bool
) -> None:
    world = stage(TokenCleaner)
    world.namespace("kube-system")
    token(world, expires=expires)
    world.act(wait)
    assert bool(world.all("secrets", "kube-system")) is stays


# Aggregated ClusterRoles


def rules(verb: str, *resources: str) -> list[Obj]:
    return [{"apiGroups": [""], "verbs": [verb], "resources": [resource]} for resource in resources]


HAMMER, CHISEL, SAW = rules("hammer", "nails", "wedges"), rules("chisel", "mortises"), rules("saw", "boards")
BAR, OTHER = {"foo": "bar"}, {"foo": "not-bar"}


@follows(
    "clusterrole-aggregation-controller",
    "pkg/controller/clusterroleaggregation/clusterroleaggregation_controller_test.go: TestSyncClusterRole",
)
@pytest.mark.parametrize(
    ("roles", "selectors", "before", "wanted"),
    [
        pytest.param([("hammer", BAR, HAMMER)], [BAR], SAW, HAMMER, id="dead rules go"),
        pytest.param([("hammer", OTHER, HAMMER)], [BAR], HAMMER, [], id="nothing is selected"),
        pytest.param(
            [("hammer", BAR, HAMMER), ("chisel", BAR, CHISEL), ("saw", OTHER, SAW)],
            [BAR],
            [],
            CHISEL + HAMMER,
            id="selected, by name",
        ),
        pytest.param(
            [("hammer", BAR, HAMMER), ("chisel", BAR, CHISEL), ("saw", OTHER, SAW)],
            [BAR, OTHER],
            [],
            CHISEL + HAMMER + SAW,
            id="several selectors, in their order",
        ),
        pytest.param(
            [("hammer", BAR, HAMMER), ("chisel", BAR, CHISEL), ("saw", BAR, SAW), ("other-saw", OTHER, SAW)],
            [BAR, OTHER],
            [],
            CHISEL + HAMMER + SAW,
            id="no rule twice",
        ),
        pytest.param([("hammer", BAR, HAMMER)], [BAR], HAMMER, None, id="no difference, no write"),
    ],
)
def test_rules_are_gathered(
    stage: Any, roles: list[Any], selectors: list[Obj], before: list[Obj], wanted: list[Obj] | None
) -> None:
    world = stage(ClusterRoleAggregationController)
    kind = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    for name, labels, given in roles:
        world.put(ROLES, {**kind, "metadata": {"name": name, "labels": labels}, "rules": given})
    rule = {"clusterRoleSelectors": [{"matchLabels": labels} for labels in selectors]}
    made = world.put(ROLES, {**kind, "metadata": {"name": "combined"}, "aggregationRule": rule, "rules": before})
    world.act()
    found = world.get(ROLES, "combined", "")
    assert found["rules"] == (before if wanted is None else wanted)
    if wanted is None:
        assert found["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


# What every namespace gets


@follows(
    "serviceaccount-controller",
    "pkg/controller/serviceaccount/serviceaccounts_controller_test.go: TestServiceAccountCreation",
)
@pytest.mark.parametrize(
    ("existing", "ending", "deleted", "wanted"),
    [
        pytest.param([], False, "", ["default"], id="new namespace without accounts"),
        pytest.param(["managed"], False, "", ["default", "managed"], id="new namespace without the account"),
        pytest.param(["default", "managed"], False, "", ["default", "managed"], id="new namespace with accounts"),
        pytest.param([], True, "", [], id="a namespace that ends"),
        pytest.param(["default", "managed"], False, "default", ["default", "managed"], id="the account was deleted"),
        pytest.param(["default"], True, "default", [], id="the account was deleted in a namespace that ends"),
        pytest.param(["default", "other"], False, "other", ["default"], id="another account was deleted"),
    ],
)
def test_a_namespace_has_its_account(
    stage: Any, existing: list[str], ending: bool, deleted: str, wanted: list[str]
) -> None:
    world = stage(ServiceAccountController)
    world.namespace("team")
    for name in existing:
        world.put(
            "serviceaccounts",
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "team"}},
        )
    if ending:
        world.client.delete("namespaces", "", "team")
    world.act()
    if deleted:
        world.client.delete("serviceaccounts", "team", deleted)
    world.run()
    assert [one["metadata"]["name"] for one in world.all("serviceaccounts", "team")] == wanted


@follows(
    "root-ca-certificate-publisher-controller",
    "pkg/controller/certificates/rootcacertpublisher/publisher_test.go: TestConfigMapCreation",
)
@pytest.mark.parametrize(
    ("change", "put_right"),
    [
        pytest.param({"delete": "other"}, False, id="another ConfigMap is deleted"),
        pytest.param({"delete": "kube-root-ca.crt"}, True, id="the certificate is deleted"),
        pytest.param({"patch": "kube-root-ca.crt", "data": {"test": "test"}}, True, id="a field is added"),
        pytest.param({"patch": "kube-root-ca.crt", "data": {"ca.crt": "abc"}}, True, id="the field is changed"),
        pytest.param({"patch": "other", "data": {"aa": "bb"}}, False, id="another ConfigMap is changed"),
        pytest.param({"end": True, "delete": "kube-root-ca.crt"}, False, id="the namespace ends"),
    ],
)
def test_a_namespace_has_the_root_certificate(stage: Any, change: Obj, put_right: bool) -> None:
    world = stage(RootCaPublisher)
    world.namespace("team")
    world.put(
        "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other", "namespace": "team"}}
    )
    world.act()
    right = world.get("configmaps", "kube-root-ca.crt", "team")
    assert right["metadata"]["annotations"]["kubernetes.io/description"] == (
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal "
        "service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
    )
    if change.get("end"):
        world.client.delete("namespaces", "", "team")
    if "delete" in change:
        world.client.delete("configmaps", "team", change["delete"])
    if "patch" in change:
        world.client.patch("configmaps", "team", change["patch"], {"data": change["data"]})
    world.run()
    found = world.find("configmaps", "kube-root-ca.crt", "team")
    if change.get("end"):
        assert found is None
        return
    assert found is not None
    assert found["data"] == right["data"]
    assert (found["metadata"]["resourceVersion"] != right["metadata"]["resourceVersion"]) is put_right


# Generic ephemeral volumes

VOLUME = {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}}


@follows("ephemeral-volume-controller", "pkg/controller/volume/ephemeral/controller_test.go: TestSyncHandler")
@pytest.mark.parametrize(
    ("volumes", "ending", "claims", "made", "said"),
    [
        pytest.param([VOLUME], False, [], True, [], id="create"),
        pytest.param([VOLUME], True, [], False, [], id="the pod ends"),
        pytest.param([], False, [], False, [], id="no volumes"),
        pytest.param([VOLUME], False, [("p-scratch", "elsewhere")], True, [], id="a namesake in another namespace"),
        pytest.param(
            [VOLUME],
            False,
            [("p-scratch", "default")],
            False,
            [
                (
                    "EphemeralVolume",
                    "ephemeral volume controller failed to create PVC for volume scratch: "
                    'PVC "default/p-scratch" was not created for pod "default/p" (pod is not owner)',
                )
            ],
            id="the claim is somebody else's",
        ),
    ],
)
def test_a_pod_gets_its_claims(
    stage: Any, volumes: list[Obj], ending: bool, claims: list[tuple[str, str]], made: bool, said: list[tuple[str, str]]
) -> None:
    world = stage(EphemeralVolumeController)
    world.namespace("elsewhere")
    spec = {"containers": [{"name": "c", "image": "nginx"}], "volumes": volumes, "terminationGracePeriodSeconds": 30}
    pod = world.put("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}, ending=ending)
    for name, namespace in claims:
        metadata = {"name": name, "namespace": namespace}
        world.put(
            "persistentvolumeclaims",
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": {}},
        )
    world.act(0.001)
    found = world.find("persistentvolumeclaims", "p-scratch")
    owners = (found or {"metadata": {}})["metadata"].get("ownerReferences") or []
    wanted = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": pod["metadata"]["uid"]}
    assert owners == ([{**wanted, "controller": True, "blockOwnerDeletion": True}] if made else [])
    assert world.events("p") == said
