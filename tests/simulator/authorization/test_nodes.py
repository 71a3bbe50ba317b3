"""What a node may do: the Node authorizer and the admission plugin NodeRestriction, reason by reason.

https://kubernetes.io/docs/reference/access-authn-authz/node/; `plugin/pkg/auth/authorizer/node`, `plugin/pkg/admission/noderestriction` (1.33).
"""

import re
from typing import Any

import pytest

from simulator.apiserver.request import User
from tests.proof.follows import follows

Obj = dict[str, Any]
NODE = User("system:node:mine", ("system:nodes", "system:authenticated"))
CORE, SHOP = "/api/v1", "/api/v1/namespaces/shop"
AUTHORIZER = "plugin/pkg/auth/authorizer/node/node_authorizer_test.go"
RESTRICTION = "plugin/pkg/admission/noderestriction/admission_test.go"


def pod(name: str, node: str = "", *, metadata: Obj | None = None, **spec: Any) -> Obj:
    placed = {"nodeName": node} if node else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **(metadata or {})},
        "spec": {"containers": [{"name": "c", "image": "nginx"}], **placed, **spec},
    }


def named(kind: str, name: str, **fields: Any) -> Obj:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **fields}


@pytest.fixture
def town(world: Any) -> Any:
    """Two nodes; on `mine` a pod with a Secret, a ConfigMap and an account of its own."""
    for name in ("mine", "other"):
        world.create(f"{CORE}/nodes", named("Node", name))
    for name in ("used", "pulled", "free"):
        world.create(f"{SHOP}/secrets", named("Secret", name))
        world.create(f"{SHOP}/configmaps", named("ConfigMap", name))
    world.create(f"{SHOP}/serviceaccounts", named("ServiceAccount", "robot"))
    container = {"name": "c", "image": "nginx", "envFrom": [{"configMapRef": {"name": "used"}}]}
    volumes = [{"name": "v", "projected": {"sources": [{"secret": {"name": "used"}}]}}]
    mine = pod("web", "mine", serviceAccountName="robot", volumes=volumes, imagePullSecrets=[{"name": "pulled"}])
    mine["spec"]["containers"] = [container]
    world.create(f"{SHOP}/pods", mine)
    world.create(f"{SHOP}/pods", pod("far", "other"))
    return world


UNRELATED = "no relationship found between node 'mine' and this object"
LEASES = "/apis/coordination.k8s.io/v1/namespaces"
STORAGE = "/apis/storage.k8s.io/v1"


@follows("Node authorizer", AUTHORIZER)
@pytest.mark.parametrize(
    ("method", "path", "query", "reason"),
    [
        pytest.param("GET", f"{SHOP}/secrets/used", {}, None, id="a secret of its pod"),
        pytest.param("GET", f"{SHOP}/secrets/pulled", {}, None, id="a secret to pull with"),
        pytest.param("GET", f"{SHOP}/configmaps/used", {}, None, id="a map of its pod"),
        pytest.param("GET", f"{SHOP}/secrets", {"fieldSelector": "metadata.name=used"}, None, id="a list of the one"),
        pytest.param("GET", f"{SHOP}/secrets/free", {}, UNRELATED, id="a secret of nobody"),
        pytest.param("GET", f"{SHOP}/secrets", {}, "No Object name found", id="all secrets of a namespace"),
        pytest.param("GET", f"{CORE}/secrets", {}, "can only read namespaced object of this type", id="all secrets"),
        pytest.param("DELETE", f"{SHOP}/secrets/used", {}, "can only read resources of this type", id="deleting one"),
        pytest.param("GET", f"{CORE}/persistentvolumes", {}, "can only get individual resources of this type", id="volumes"),
        pytest.param("GET", f"{CORE}/persistentvolumes/x", {}, UNRELATED, id="a volume of nobody"),
        pytest.param("PUT", f"{SHOP}/persistentvolumeclaims/x/status", {}, UNRELATED, id="status of another's claim"),
        pytest.param("GET", f"{SHOP}/serviceaccounts/robot", {}, "can only create tokens for individual service accounts", id="an account"),
        pytest.param("POST", f"{SHOP}/serviceaccounts/default/token", {}, UNRELATED, id="a token of another account"),
        pytest.param("GET", f"{LEASES}/kube-node-lease/leases/other", {}, "can only access node lease with the same name as the requesting node", id="another's lease"),
        pytest.param("GET", f"{LEASES}/shop/leases/mine", {}, 'can only access leases in the "kube-node-lease" system namespace', id="a lease elsewhere"),
        pytest.param("GET", f"{LEASES}/kube-node-lease/leases", {}, "can only get, create, update, patch, or delete a node lease", id="all leases"),
        pytest.param("GET", f"{STORAGE}/csinodes/other", {}, "can only access CSINode with the same name as the requesting node", id="another's CSINode"),
        pytest.param("GET", f"{CORE}/nodes/mine", {}, None, id="itself"),
        pytest.param("GET", f"{CORE}/nodes/other", {}, "node 'mine' cannot read 'other', only its own Node object", id="another node"),
        pytest.param("GET", f"{CORE}/nodes", {}, "node 'mine' cannot read all nodes, only its own Node object", id="all nodes"),
        pytest.param("DELETE", f"{CORE}/nodes/mine", {}, "", id="deleting itself"),
        pytest.param("GET", f"{SHOP}/pods/web", {}, None, id="its pod"),
        pytest.param("GET", f"{SHOP}/pods/far", {}, UNRELATED, id="another's pod"),
        pytest.param("GET", f"{CORE}/pods", {"fieldSelector": "spec.nodeName=mine"}, None, id="its pods"),
        pytest.param("GET", f"{CORE}/pods", {}, "can only list/watch pods with spec.nodeName field selector", id="all pods"),
        pytest.param("GET", f"{SHOP}/pods/web/log", {}, "", id="its pod's log"),
        pytest.param("GET", f"{CORE}/services", {}, None, id="services are for all nodes"),
        pytest.param("GET", f"{CORE}/namespaces", {}, "", id="namespaces are for none"),
    ],
)  # fmt: skip
def test_what_a_node_may_read(town: Any, method: str, path: str, query: dict[str, str], reason: str | None) -> None:
    response = town.call(method, path, {} if method in ("PUT", "POST") else None, user=NODE, **query)
    if reason is None:
        assert response.status == 200, response.body
        return
    assert response.status == 403
    told = re.fullmatch(r'.* (?:at the cluster scope|in the namespace "[\w-]+")(?:: (.*))?', response.body["message"])
    assert told is not None
    assert (told.group(1) or "") == reason


def test_a_node_that_nobody_knows_is_told_so(town: Any) -> None:
    nobody = User("system:node:", ("system:nodes", "system:authenticated"))
    assert town.refusal("GET", f"{CORE}/nodes/mine", user=nobody).endswith(': unknown node for user "system:node:"')
    outsider = User("system:node:mine", ("system:authenticated",))
    assert town.refusal("GET", f"{SHOP}/secrets/used", user=outsider).endswith('in the namespace "shop"')


OWNED: Obj = {
    "annotations": {"kubernetes.io/config.mirror": "x"},
    "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "mine", "uid": "?", "controller": True}],
}


@follows("NodeRestriction", RESTRICTION)
@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        pytest.param("PATCH", f"{CORE}/nodes/mine", {"metadata": {"labels": {"a": "b"}}}, None, id="a label of its own"),
        pytest.param("PATCH", f"{CORE}/nodes/mine", {"metadata": {"labels": {"kubernetes.io/os": "linux", "x.kubelet.kubernetes.io/y": "z"}}}, None, id="a kubelet's labels"),
        pytest.param("PATCH", f"{CORE}/nodes/mine", {"metadata": {"labels": {"node-restriction.kubernetes.io/a": "", "x.k8s.io/b": ""}}},
                     'nodes "mine" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/a, x.k8s.io/b', id="labels that steer workloads"),
        pytest.param("PATCH", f"{CORE}/nodes/mine", {"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}},
                     'nodes "mine" is forbidden: node "mine" is not allowed to modify taints', id="taints"),
        pytest.param("PATCH", f"{CORE}/nodes/other/status", {"status": {"phase": "Running"}},
                     'nodes "other" is forbidden: node "mine" is not allowed to modify node "other"', id="another's status"),
        pytest.param("POST", f"{CORE}/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "new"}},
                     'nodes "new" is forbidden: node "mine" is not allowed to modify node "new"', id="another node"),
        pytest.param("POST", f"{SHOP}/pods", pod("x", "mine"),
                     'pods "x" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "mine" can only create mirror pods', id="a pod"),
        pytest.param("POST", f"{SHOP}/pods", pod("x", "other", metadata=OWNED),
                     'pods "x" is forbidden: node "mine" can only create pods with spec.nodeName set to itself', id="a mirror elsewhere"),
        pytest.param("POST", f"{SHOP}/pods", pod("x", "mine", metadata={"annotations": OWNED["annotations"]}),
                     'pods "x" is forbidden: node "mine" can only create pods with an owner reference set to itself', id="a mirror of nobody"),
        pytest.param("DELETE", f"{SHOP}/pods/far", None,
                     'pods "far" is forbidden: node "mine" can only delete pods with spec.nodeName set to itself', id="another's pod"),
        pytest.param("PATCH", f"{SHOP}/pods/far/status", {"status": {"phase": "Failed"}},
                     'pods "far" is forbidden: node "mine" can only update pod status for pods with spec.nodeName set to itself', id="another's pod's status"),
        pytest.param("PATCH", f"{SHOP}/pods/web/status", {"metadata": {"labels": {"a": "b"}}},
                     'pods "web" is forbidden: node "mine" cannot update labels through pod status', id="labels through status"),
        pytest.param("POST", f"{SHOP}/pods/far/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "far"}},
                     'pods "far" is forbidden: node mine can only evict pods with spec.nodeName set to itself', id="evicting another's pod"),
        pytest.param("POST", f"{SHOP}/serviceaccounts/robot/token", {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
                     'serviceaccounts "robot" is forbidden: node requested token not bound to a pod', id="an unbound token"),
        pytest.param("POST", f"{SHOP}/serviceaccounts/robot/token", {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                     "spec": {"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "web"}}},
                     'serviceaccounts "robot" is forbidden: node requested token with a pod binding without a uid', id="a token of any such pod"),
        pytest.param("POST", f"{LEASES}/kube-node-lease/leases", {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "other"}},
                     'leases.coordination.k8s.io "other" is forbidden: can only access node lease with the same name as the requesting node', id="another's lease"),
        pytest.param("POST", f"{STORAGE}/csinodes", {"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": "other"}, "spec": {"drivers": []}},
                     'csinodes.storage.k8s.io "other" is forbidden: can only access CSINode with the same name as the requesting node', id="another's CSINode"),
    ],
)  # fmt: skip
def test_what_a_node_may_write(town: Any, method: str, path: str, body: Obj | None, says: str | None) -> None:
    town.create(f"{CORE}/namespaces", named("Namespace", "kube-node-lease"))
    response = town.call(method, path, body, user=NODE)
    if says is None:
        assert response.status == 200, response.body
    else:
        assert (response.status, response.body["message"]) == (403, says)


def test_the_rules_of_a_node_are_said_to_be_more_than_can_be_listed(town: Any) -> None:
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": "shop"}}
    answer = town.create("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body, user=NODE)["status"]
    assert (answer["incomplete"], answer["evaluationError"]) == (
        True,
        "node authorizer does not support user rule resolution",
    )
