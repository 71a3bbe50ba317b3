"""RBAC: what bindings grant, and how a refusal is worded.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/; texts from `responsewriters` and `rbac/validation/rule.go`.
"""

from typing import Any

import pytest

from simulator.apiserver.request import User

Obj = dict[str, Any]
PODS = "/api/v1/namespaces/shop/pods"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
JANE = User("jane", ("dev", "system:authenticated"))
ROBOT = {"kind": "ServiceAccount", "name": "robot", "namespace": "shop"}


@pytest.mark.parametrize(
    ("method", "path", "says"),
    [
        pytest.param(
            "GET",
            PODS,
            'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "shop"',
            id="list",
        ),
        pytest.param(
            "GET",
            f"{PODS}/web",
            'pods "web" is forbidden: User "jane" cannot get resource "pods" in API group "" in the namespace "shop"',
            id="get",
        ),
        pytest.param(
            "GET",
            f"{PODS}/web/log",
            'pods "web" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "shop"',
            id="subresource",
        ),
        pytest.param(
            "GET",
            "/api/v1/nodes",
            'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope',
            id="cluster scope",
        ),
        pytest.param(
            "DELETE",
            "/apis/apps/v1/namespaces/shop/deployments/web",
            'deployments.apps "web" is forbidden: User "jane" cannot delete resource "deployments" in API group "apps" '
            'in the namespace "shop"',
            id="named group",
        ),
        pytest.param(
            "GET",
            "/api/v1/namespaces/shop",
            'namespaces "shop" is forbidden: User "jane" cannot get resource "namespaces" in API group "" '
            'in the namespace "shop"',
            id="a namespace lies in itself",
        ),
        pytest.param("GET", "/metrics", 'forbidden: User "jane" cannot get path "/metrics"', id="path"),
    ],
)
def test_without_a_grant_everything_is_refused_word_for_word(world: Any, method: str, path: str, says: str) -> None:
    assert world.refusal(method, path) == says


def test_a_role_binding_grants_in_its_namespace_only(world: Any, words: Any) -> None:
    world.bind("view", words["person"]("jane"), "shop")
    assert world.call("GET", PODS, user=JANE).status == 200
    assert 'in the namespace "default"' in world.refusal("GET", "/api/v1/namespaces/default/pods")
    assert "cannot list" in world.refusal("GET", "/api/v1/namespaces/shop/secrets")
    assert "cannot create" in world.refusal("POST", PODS, {})


def test_a_cluster_role_binding_grants_everywhere_and_groups_count(world: Any, words: Any) -> None:
    group = {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "dev"}
    world.cluster_role("node-reader", words["rule"]("get list", "nodes"))
    world.bind("node-reader", group)
    assert world.call("GET", "/api/v1/nodes", user=JANE).status == 200
    assert "cannot watch" in world.refusal("GET", "/api/v1/nodes", watch="true")


def test_resource_names_narrow_a_rule(world: Any, words: Any) -> None:
    world.cluster_role("one-map", words["rule"]("get list", "configmaps", names="app"))
    world.bind("one-map", words["person"]("jane"), "shop")
    maps = "/api/v1/namespaces/shop/configmaps"
    assert world.call("GET", f"{maps}/app", user=JANE).status == 404
    assert "cannot get" in world.refusal("GET", f"{maps}/other")
    assert "cannot list" in world.refusal("GET", maps)
    assert world.call("GET", maps, user=JANE, fieldSelector="metadata.name=app").status == 200


def test_a_missing_role_is_named_in_the_refusal(world: Any, words: Any) -> None:
    world.bind("nope", words["person"]("jane"))
    assert world.refusal("GET", PODS).endswith(
        'in the namespace "shop": RBAC: clusterrole.rbac.authorization.k8s.io "nope" not found'
    )


def test_everybody_may_discover_and_ask_about_themselves(world: Any) -> None:
    for path in ("/api", "/apis", "/apis/apps/v1", "/version"):
        assert world.call("GET", path, user=JANE).status == 200
    nobody = User("system:anonymous", ("system:unauthenticated",))
    assert world.call("GET", "/version", user=nobody).status == 200
    assert world.refusal("GET", "/apis", user=nobody) == 'forbidden: User "system:anonymous" cannot get path "/apis"'


def test_anybody_may_read_cluster_info_and_nothing_else(world: Any) -> None:
    nobody = User("system:anonymous", ("system:unauthenticated",))
    maps = "/api/v1/namespaces/kube-public/configmaps"
    assert world.call("GET", f"{maps}/cluster-info", user=nobody).status == 404
    assert "cannot get" in world.refusal("GET", f"{maps}/other", user=nobody)


def test_aggregated_roles_gather_by_label(world: Any, words: Any) -> None:
    world.cluster_role("monitoring", gathers={"to-monitoring": "yes"})
    world.cluster_role("part", words["rule"]("get", "pods"), labels={"to-monitoring": "yes"})
    world.run()
    assert world.registry.get("t", "clusterroles.rbac.authorization.k8s.io", "", "monitoring")["rules"] == [
        words["rule"]("get", "pods")
    ]
    world.cluster_role(
        "crons",
        words["rule"]("get", "crons", groups="x.io"),
        labels={"rbac.authorization.k8s.io/aggregate-to-view": "true"},
    )
    world.run()
    for name in ("view", "edit", "admin"):
        role = world.registry.get("t", "clusterroles.rbac.authorization.k8s.io", "", name)
        assert words["rule"]("get", "crons", groups="x.io") in role["rules"]


def test_default_roles_are_served_and_can_be_changed(world: Any) -> None:
    path = f"{RBAC}/clusterroles/view"
    role = world.call("GET", path).object()
    assert role["metadata"]["labels"]["kubernetes.io/bootstrapping"] == "rbac-defaults"
    assert world.call("PATCH", path, {"metadata": {"labels": {"mine": "yes"}}}).status == 200
    assert world.call("DELETE", f"{RBAC}/clusterroles/system:heapster").status == 200
    assert world.call("GET", f"{RBAC}/clusterroles/system:heapster").status == 404


def test_a_snapshot_tells_only_what_became_of_the_default_roles(world: Any) -> None:
    store = world.registry.store
    before = store.dump(store.revision)
    assert [name for name, _ in before["tables"]] == ["namespaces"]
    world.call("PATCH", f"{RBAC}/clusterroles/view", {"metadata": {"labels": {"mine": "yes"}}})
    world.call("DELETE", f"{RBAC}/clusterroles/system:heapster")
    state = store.dump(store.revision)
    fresh = type(world)().registry.store
    fresh.load(state)
    assert fresh.dump(fresh.revision) == state
    assert fresh.get("clusterroles.rbac.authorization.k8s.io", ("", "system:heapster")) is None
    assert fresh.get("clusterroles.rbac.authorization.k8s.io", ("", "view"))["metadata"]["labels"]["mine"] == "yes"


# Escalation


def test_nobody_grants_what_they_do_not_hold(world: Any, words: Any) -> None:
    world.bind("admin", words["person"]("jane"), "shop")
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "more"},
        "rules": [words["rule"]("get delete", "nodes"), words["rule"]("get", "pods")],
    }
    says = world.refusal("POST", f"{RBAC}/namespaces/shop/roles", role)
    assert says == (
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "jane" (groups=["dev" "system:authenticated"]) '
        "is attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["nodes"], Verbs:["get" "delete"]}'
    )
    world.create(f"{RBAC}/namespaces/shop/roles", {**role, "rules": role["rules"][1:]}, user=JANE)


def test_nobody_binds_what_they_do_not_hold_unless_told(world: Any, words: Any) -> None:
    world.bind("admin", words["person"]("jane"), "shop")
    where = f"{RBAC}/namespaces/shop/rolebindings"
    everything = words["binding"]("all", "cluster-admin", words["person"]("joe"))
    says = world.refusal("POST", where, everything)
    assert says == (
        'rolebindings.rbac.authorization.k8s.io "all" is forbidden: user "jane" (groups=["dev" "system:authenticated"]) '
        "is attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}'
    )
    world.create(where, words["binding"]("see", "view", words["person"]("joe")), user=JANE)
    missing = world.call("POST", where, words["binding"]("x", "nope", words["person"]("joe")), user=JANE)
    assert (missing.status, missing.body["message"]) == (404, 'clusterrole.rbac.authorization.k8s.io "nope" not found')
    world.cluster_role("binder", words["rule"]("bind", "clusterroles", groups="rbac.authorization.k8s.io"))
    world.bind("binder", words["person"]("jane"), "shop")
    world.create(where, everything, user=JANE)


# Identity


def test_acting_for_somebody_needs_the_right_to(world: Any, words: Any) -> None:
    headers = {"impersonate-user": "joe"}
    response = world.call("GET", PODS, user=JANE, headers=headers)
    assert response.body["message"] == (
        'users "joe" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope'
    )
    response = world.call("GET", PODS, headers=headers)
    assert response.body["message"].startswith('pods is forbidden: User "joe" cannot list')
    world.bind("view", {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "ops"}, "shop")
    assert world.call("GET", PODS, headers={**headers, "impersonate-group": "dev,ops"}).status == 200


def test_who_am_i(world: Any) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    account = {"impersonate-user": "system:serviceaccount:shop:robot"}
    assert world.call("POST", path, body, headers=account).body["status"]["userInfo"] == {
        "username": "system:serviceaccount:shop:robot",
        "groups": ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"],
    }


def test_access_reviews_answer_as_the_authorizer_does(world: Any, words: Any) -> None:
    world.bind("view", words["person"]("jane"), "shop")
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

    def ask(**attributes: str) -> Obj:
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        answer: Obj = world.create(path, body, user=JANE)["status"]
        return answer

    assert ask(verb="list", resource="pods", namespace="shop") == {
        "allowed": True,
        "reason": 'RBAC: allowed by RoleBinding "view-jane/shop" of ClusterRole "view" to User "jane"',
    }
    assert ask(verb="list", resource="pods", namespace="default") == {"allowed": False}


def test_a_token_is_its_account_until_it_ends(world: Any, words: Any) -> None:
    accounts = "/api/v1/namespaces/shop/serviceaccounts"
    world.create(accounts, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}})
    world.bind("view", ROBOT, "shop")
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    status = world.create(f"{accounts}/robot/token", body)["status"]
    assert status["expirationTimestamp"] == "2025-10-09T09:03:20Z"
    headers = {"authorization": f"Bearer {status['token']}"}
    assert world.call("GET", PODS, headers=headers).status == 200
    assert world.call("GET", "/api/v1/nodes", headers=headers).body["message"] == (
        'nodes is forbidden: User "system:serviceaccount:shop:robot" cannot list resource "nodes" in API group "" '
        "at the cluster scope"
    )
    world.run(601)
    late = world.call("GET", PODS, headers=headers)
    assert (late.status, late.body["message"]) == (401, "Unauthorized")
    short = world.call("POST", f"{accounts}/robot/token", {**body, "spec": {"expirationSeconds": 60}})
    assert short.status == 422
