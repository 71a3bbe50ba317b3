"""Rules, escalation, impersonation and reviews, case by case: the words and the verdicts of Kubernetes' own tests.

`pkg/apis/rbac/v1/evaluation_helpers.go`, `component-helpers/auth/rbac/validation`, `pkg/registry/rbac`, `apiserver/pkg/endpoints/filters/impersonation.go`,
`pkg/registry/authentication/tokenreview` (1.33).
"""

from typing import Any

import pytest

from simulator.apiserver.authorization.attributes import Attributes
from simulator.apiserver.authorization.impersonation import acting_user
from simulator.apiserver.authorization.rbac import Rbac
from simulator.apiserver.authorization.rules import allows, text_of, uncovered
from simulator.apiserver.request import ADMIN, Request, User
from tests.proof.follows import follows

Obj = dict[str, Any]
RBAC = "/apis/rbac.authorization.k8s.io/v1"
JANE = User("jane", ("dev", "system:authenticated"))
PODS = "/api/v1/namespaces/shop/pods"


def rule(verbs: str, resources: str = "", *, groups: str | None = "", names: str = "", urls: str = "") -> Obj:
    if urls:
        return {"verbs": verbs.split(), "nonResourceURLs": urls.split()}
    made: Obj = {
        "verbs": verbs.split(),
        "apiGroups": (groups or "").split(",") if groups is not None else [],
        "resources": resources.split(),
    }
    return {**made, "resourceNames": names.split()} if names else made


def asked(
    verb: str, resource: str = "", *, group: str = "", sub: str = "", name: str = "", path: str = ""
) -> Attributes:
    return Attributes(verb, resource, group, sub, "shop", name, path)


@follows("RBAC", "plugin/pkg/auth/authorizer/rbac/rbac_test.go: TestAuthorizer, TestRuleMatches")
@pytest.mark.parametrize(
    ("one", "question", "may"),
    [
        pytest.param(rule("*", "*", groups="*"), asked("get", "pods"), True, id="everything"),
        pytest.param(rule("*", "*", groups="*"), asked("get", path="/metrics"), False, id="everything is no path"),
        pytest.param(rule("get", "pods"), asked("get", "pods"), True, id="the verb on the resource"),
        pytest.param(rule("get", "pods"), asked("list", "pods"), False, id="another verb"),
        pytest.param(rule("get", "pods"), asked("get", "pods", group="x.io"), False, id="another group"),
        pytest.param(rule("get", "pods"), asked("get", "pods", sub="log"), False, id="a subresource is no resource"),
        pytest.param(rule("get", "pods/log"), asked("get", "pods", sub="log"), True, id="the subresource"),
        pytest.param(rule("get", "pods/log"), asked("get", "pods"), False, id="and not what it belongs to"),
        pytest.param(rule("get", "*/scale", groups="*"), asked("get", "deployments", group="apps", sub="scale"), True, id="a subresource of all"),
        pytest.param(rule("get", "*/scale", groups="*"), asked("get", "deployments", group="apps", sub="status"), False, id="not another one"),
        pytest.param(rule("get", "pods", names="a b"), asked("get", "pods", name="b"), True, id="one of the names"),
        pytest.param(rule("get", "pods", names="a"), asked("get", "pods", name="b"), False, id="another name"),
        pytest.param(rule("list", "pods", names="a"), asked("list", "pods"), False, id="a list has no name"),
        pytest.param(rule("get", urls="/apis"), asked("get", path="/apis"), True, id="a path"),
        pytest.param(rule("get", urls="/apis"), asked("get", path="/apis/v1"), False, id="not those below"),
        pytest.param(rule("get", urls="/apis/*"), asked("get", path="/apis/v1"), True, id="all below"),
        pytest.param(rule("get", urls="/apis/*"), asked("get", path="/apis"), False, id="and not itself"),
        pytest.param(rule("get", urls="*"), asked("get", path="/x"), True, id="all paths"),
        pytest.param(rule("get", urls="*"), asked("post", path="/x"), False, id="another method"),
        pytest.param(rule("get", "pods", groups=None), asked("get", "pods"), False, id="no group at all"),
    ],
)  # fmt: skip
def test_what_a_rule_allows(one: Obj, question: Attributes, may: bool) -> None:
    assert allows(one, question) is may


@follows(
    "Escalation",
    "staging/src/k8s.io/component-helpers/auth/rbac/validation/policy_comparator_test.go",
    "pkg/registry/rbac/validation/policy_compact_test.go",
)
@pytest.mark.parametrize(
    ("held", "wanted", "missing"),
    [
        pytest.param([rule("get", "a b")], [rule("get", "a")], [], id="held"),
        pytest.param([rule("get", "a"), rule("get", "b")], [rule("get", "a b")], [], id="held in parts"),
        pytest.param([rule("*", "*", groups="*")], [rule("get list", "a b", groups="x,y")], [], id="everything is held"),
        pytest.param([rule("get", "a")], [rule("get list", "a")], ['{APIGroups:[""], Resources:["a"], Verbs:["list"]}'], id="a verb"),
        pytest.param([], [rule("get list", "a")], ['{APIGroups:[""], Resources:["a"], Verbs:["get" "list"]}'], id="verbs of one resource together"),
        pytest.param([], [rule("get", "a b")], ['{APIGroups:[""], Resources:["a"], Verbs:["get"]}', '{APIGroups:[""], Resources:["b"], Verbs:["get"]}'], id="resources apart"),
        pytest.param([rule("get", "a", names="x")], [rule("get", "a", names="x y")], ['{APIGroups:[""], Resources:["a"], ResourceNames:["y"], Verbs:["get"]}'], id="a name"),
        pytest.param([rule("get", "a", names="x")], [rule("get", "a")], ['{APIGroups:[""], Resources:["a"], Verbs:["get"]}'], id="names are not all"),
        pytest.param([rule("get", "a")], [rule("get", "a", names="x")], [], id="all are names"),
        pytest.param([rule("get", "*/scale")], [rule("get", "a/scale")], [], id="a subresource of all"),
        pytest.param([rule("get", "a")], [rule("get", "a/scale")], ['{APIGroups:[""], Resources:["a/scale"], Verbs:["get"]}'], id="a resource is no subresource"),
        pytest.param([rule("get", "a")], [rule("get", "*")], ['{APIGroups:[""], Resources:["*"], Verbs:["get"]}'], id="one is not all"),
        pytest.param([rule("get", urls="/a/*")], [rule("get", urls="/a/b /c")], ['{NonResourceURLs:["/c"], Verbs:["get"]}'], id="paths"),
        pytest.param([], [rule("get post", urls="/a")], ['{NonResourceURLs:["/a"], Verbs:["get"]}', '{NonResourceURLs:["/a"], Verbs:["post"]}'], id="verbs of paths apart"),
    ],
)  # fmt: skip
def test_what_rules_do_not_cover(held: list[Obj], wanted: list[Obj], missing: list[str]) -> None:
    assert [text_of(one) for one in uncovered(held, wanted)] == missing


def role(name: str, *rules: Obj) -> Obj:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": name},
        "rules": list(rules),
    }


GRANTS = (
    'user "jane" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n'
)


@follows(
    "Escalation",
    "pkg/registry/rbac/escalation_check.go",
    "pkg/registry/rbac/validation/rule.go: ConfirmNoEscalation",
    "test/integration/auth/rbac_test.go",
)
@pytest.mark.parametrize(
    ("own", "body", "says"),
    [
        pytest.param([rule("create", "roles", groups="rbac.authorization.k8s.io"), rule("get", "pods")], role("r", rule("get", "pods")), None, id="what one holds"),
        pytest.param([rule("create", "roles", groups="rbac.authorization.k8s.io")], role("r", rule("get list", "pods")),
                     GRANTS + '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}', id="more than one holds"),
        pytest.param([rule("create escalate", "roles", groups="rbac.authorization.k8s.io")], role("r", rule("*", "*", groups="*")), None, id="with leave to escalate"),
        pytest.param([rule("create", "roles", groups="rbac.authorization.k8s.io"), rule("escalate", "roles", groups="rbac.authorization.k8s.io", names="r")], role("r", rule("get", "pods")),
                     GRANTS + '{APIGroups:[""], Resources:["pods"], Verbs:["get"]}', id="leave for a name counts for changes only"),
    ],
)  # fmt: skip
def test_roles_grant_only_what_their_author_holds(
    world: Any, words: Any, own: list[Obj], body: Obj, says: str | None
) -> None:
    world.cluster_role("own", *own)
    world.bind("own", words["person"]("jane"), "shop")
    response = world.call("POST", f"{RBAC}/namespaces/shop/roles", body, user=JANE)
    wanted = (201, None) if says is None else (403, f'roles.rbac.authorization.k8s.io "r" is forbidden: {says}')
    assert (response.status, response.body.get("message")) == wanted


def test_a_role_that_is_missing_is_named_where_somebody_grants_too_much(world: Any, words: Any) -> None:
    world.cluster_role("own", rule("create", "roles", groups="rbac.authorization.k8s.io"))
    world.bind("own", words["person"]("jane"), "shop")
    world.bind("lost", words["person"]("jane"), "shop")
    says = world.refusal("POST", f"{RBAC}/namespaces/shop/roles", role("r", rule("get", "pods")))
    assert says.endswith('Verbs:["get"]}; resolution errors: [clusterrole.rbac.authorization.k8s.io "lost" not found]')


# Impersonation


IMPERSONATED: Obj = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
FILTER = "staging/src/k8s.io/apiserver/pkg/endpoints/filters/impersonation_test.go: TestImpersonationFilter"


@follows("Impersonation", FILTER)
@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        pytest.param({}, {"username": "kubernetes-admin", "groups": ["kubeadm:cluster-admins", "system:authenticated"]}, id="nobody else"),
        pytest.param({"user": "tester"}, {"username": "tester", "groups": ["system:authenticated"]}, id="a user"),
        pytest.param({"user": "tester", "group": "a,b"}, {"username": "tester", "groups": ["a", "b", "system:authenticated"]}, id="with groups"),
        pytest.param({"user": "tester", "group": "system:unauthenticated"}, {"username": "tester", "groups": ["system:unauthenticated"]}, id="not authenticated"),
        pytest.param({"user": "system:anonymous"}, {"username": "system:anonymous", "groups": ["system:unauthenticated"]}, id="nobody"),
        pytest.param({"user": "system:anonymous", "group": "g"}, {"username": "system:anonymous", "groups": ["g", "system:unauthenticated"]}, id="nobody in a group"),
        pytest.param({"user": "system:serviceaccount:shop:robot"},
                     {"username": "system:serviceaccount:shop:robot", "groups": ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"]}, id="an account"),
        pytest.param({"user": "system:serviceaccount:shop:robot", "group": "g"},
                     {"username": "system:serviceaccount:shop:robot", "groups": ["g", "system:authenticated"]}, id="an account in other groups"),
        pytest.param({"user": "tester", "uid": "42", "extra-scopes": "view,development", "extra-example.com%2fescaped": "x"},
                     {"username": "tester", "uid": "42", "groups": ["system:authenticated"],
                      "extra": {"example.com/escaped": ["x"], "scopes": ["view", "development"]}}, id="uid and extra"),
    ],
)  # fmt: skip
def test_whom_one_acts_for(world: Any, headers: dict[str, str], wanted: Obj) -> None:
    given = {f"impersonate-{key}": text for key, text in headers.items()}
    assert acting_user(Rbac(world.registry.store), Request("GET", "/api", {}, given)).info() == wanted


@follows("Impersonation", FILTER)
@pytest.mark.parametrize(
    ("headers", "status", "says"),
    [
        pytest.param({"user": "joe"}, 403, 'users "joe" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope', id="a user"),
        pytest.param({"user": "ann", "group": "ops"}, 403, 'groups "ops" is forbidden: User "jane" cannot impersonate resource "groups" in API group "" at the cluster scope', id="a group"),
        pytest.param({"user": "system:serviceaccount:shop:robot"}, 403,
                     'serviceaccounts "robot" is forbidden: User "jane" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "shop"', id="an account"),
        pytest.param({"user": "ann", "extra-scopes": "view"}, 403,
                     'userextras.authentication.k8s.io "view" is forbidden: User "jane" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope', id="extra"),
        pytest.param({"user": "ann", "uid": "42"}, 403,
                     'uids.authentication.k8s.io "42" is forbidden: User "jane" cannot impersonate resource "uids" in API group "authentication.k8s.io" at the cluster scope', id="a uid"),
        pytest.param({"group": "ops"}, 500, f'Internal Server Error: "{WHO}": requested [{{Group  ops    }}] without impersonating a user', id="a group of nobody"),
        pytest.param({"extra-scopes": "a"}, 500, f'Internal Server Error: "{WHO}": requested [{{UserExtra  a  authentication.k8s.io/v1  scopes}}] without impersonating a user', id="extra of nobody"),
        pytest.param({"uid": "42"}, 500, f'Internal Server Error: "{WHO}": requested [{{UID  42  authentication.k8s.io/v1  }}] without impersonating a user', id="a uid of nobody"),
    ],
)  # fmt: skip
def test_acting_for_somebody_is_a_right_of_its_own(
    world: Any, words: Any, headers: dict[str, str], status: int, says: str
) -> None:
    world.cluster_role("ann", words["rule"]("impersonate", "users", names="ann"))
    world.bind("ann", words["person"]("jane"))
    found = world.call(
        "POST", WHO, IMPERSONATED, user=JANE, headers={f"impersonate-{key}": text for key, text in headers.items()}
    )
    assert (found.status, found.body["message"]) == (status, says)


# Reviews


@follows(
    "Access reviews",
    "pkg/registry/authorization/subjectaccessreview/rest_test.go",
    "pkg/apis/authorization/validation/validation_test.go",
)
@pytest.mark.parametrize(
    ("kind", "spec", "status"),
    [
        pytest.param("SubjectAccessReview", {"user": "jane", "resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "shop"}},
                     {"allowed": True, "reason": 'RBAC: allowed by RoleBinding "view-jane/shop" of ClusterRole "view" to User "jane"'}, id="a right"),
        pytest.param("SubjectAccessReview", {"user": "jane", "resourceAttributes": {"verb": "delete", "resource": "pods", "namespace": "shop"}}, {"allowed": False}, id="none"),
        pytest.param("SubjectAccessReview", {"user": "joe", "groups": ["system:masters"], "resourceAttributes": {"verb": "get", "resource": "pods"}}, {"allowed": True}, id="by a group"),
        pytest.param("SubjectAccessReview", {"user": "joe", "groups": ["system:authenticated"], "nonResourceAttributes": {"verb": "get", "path": "/version"}},
                     {"allowed": True, "reason": 'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group "system:authenticated"'}, id="a path"),
    ],
)  # fmt: skip
def test_reviews_answer_with_the_reason(world: Any, words: Any, kind: str, spec: Obj, status: Obj) -> None:
    world.bind("view", words["person"]("jane"), "shop")
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
    assert world.create(f"/apis/authorization.k8s.io/v1/{kind.lower()}s", body)["status"] == status


ASKED = {"verb": "get", "resource": "pods"}
VISITED = {"verb": "get", "path": "/version"}
SHOWN = 'authorization.NonResourceAttributes{Path:"/version", Verb:"get"}'
NEITHER = 'spec.resourceAttributes: Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified'
BOTH = f"spec.nonResourceAttributes: Invalid value: {SHOWN}: cannot be specified in combination with resourceAttributes"
NOBODY = 'spec.user: Invalid value: "": at least one of user or group must be specified'
NAMED = "metadata: Invalid value: v1.ObjectMeta{…}: must be empty"
ELSEWHERE = 'spec.resourceAttributes.namespace: Invalid value: "{}": must match metadata.namespace'
NO_PATHS = f"spec.nonResourceAttributes: Invalid value: {SHOWN}: disallowed on this kind of request"


@follows(
    "Access reviews",
    "pkg/apis/authorization/validation/validation_test.go: TestValidateSARSpec, TestValidateSelfSAR, TestValidateLocalSAR",
    "pkg/registry/authorization/subjectaccessreview/rest_test.go: TestCreate",
)
@pytest.mark.parametrize(
    ("kind", "metadata", "spec", "says"),
    [
        pytest.param("SubjectAccessReview", {}, {"user": "me", "resourceAttributes": {}}, [], id="a user"),
        pytest.param("SubjectAccessReview", {}, {"groups": ["my-group"], "nonResourceAttributes": {}}, [], id="a group"),
        pytest.param("SubjectAccessReview", {}, {}, [NEITHER, NOBODY], id="empty"),
        pytest.param("SubjectAccessReview", {}, {"user": "me"}, [NEITHER], id="neither request"),
        pytest.param("SubjectAccessReview", {}, {"user": "me", "resourceAttributes": ASKED, "nonResourceAttributes": VISITED}, [BOTH], id="both requests"),
        pytest.param("SubjectAccessReview", {}, {"resourceAttributes": ASKED}, [NOBODY], id="no subject"),
        pytest.param("SubjectAccessReview", {"name": "a"}, {"user": "me", "resourceAttributes": ASKED}, [NAMED], id="a name"),
        pytest.param("SelfSubjectAccessReview", {}, {"resourceAttributes": {}}, [], id="self"),
        pytest.param("SelfSubjectAccessReview", {}, {"nonResourceAttributes": VISITED}, [], id="self: a path"),
        pytest.param("SelfSubjectAccessReview", {}, {}, [NEITHER], id="self: neither request"),
        pytest.param("SelfSubjectAccessReview", {}, {"resourceAttributes": ASKED, "nonResourceAttributes": VISITED}, [BOTH], id="self: both requests"),
        pytest.param("SelfSubjectAccessReview", {"labels": {"a": "b"}}, {"resourceAttributes": ASKED}, [NAMED], id="self: a label"),
        pytest.param("LocalSubjectAccessReview", {}, {"user": "me", "resourceAttributes": {"namespace": "shop"}}, [], id="local"),
        pytest.param("LocalSubjectAccessReview", {"namespace": "shop"}, {"user": "me", "resourceAttributes": {"namespace": "shop"}}, [], id="local: said twice"),
        pytest.param("LocalSubjectAccessReview", {"name": "a"}, {"user": "me", "resourceAttributes": {"namespace": "shop"}}, [f"{NAMED} except for namespace"], id="local: name"),
        pytest.param("LocalSubjectAccessReview", {}, {"user": "me", "resourceAttributes": {}}, [ELSEWHERE.format("")], id="local: no namespace"),
        pytest.param("LocalSubjectAccessReview", {}, {"user": "me", "resourceAttributes": {"namespace": "other"}}, [ELSEWHERE.format("other")], id="local: namespace conflict"),
        pytest.param("LocalSubjectAccessReview", {}, {"user": "me", "nonResourceAttributes": VISITED}, [NO_PATHS], id="local: nonresource"),
        pytest.param("LocalSubjectAccessReview", {}, {"resourceAttributes": {"namespace": "shop"}}, [NOBODY], id="local: no subject"),
    ],
)  # fmt: skip
def test_which_questions_can_be_asked(world: Any, kind: str, metadata: Obj, spec: Obj, says: list[str]) -> None:
    where = "namespaces/shop/" if kind.startswith("Local") else ""
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "spec": spec}
    response = world.call("POST", f"/apis/authorization.k8s.io/v1/{where}{kind.lower()}s", body)
    if says:
        joined = says[0] if len(says) == 1 else f"[{', '.join(says)}]"
        assert (response.status, response.body["message"]) == (422, f'.authorization.k8s.io "" is invalid: {joined}')
    else:
        assert response.status == 201


@follows(
    "TokenReview",
    "pkg/registry/authentication/tokenreview/storage.go",
    "pkg/serviceaccount/claims_test.go: TestValidatePrivateClaims",
)
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(None, None, id="good"),
        pytest.param("token", "invalid bearer token", id="of nobody"),
        pytest.param("time", "[invalid bearer token, service account token has expired]", id="expired"),
        pytest.param("account", '[invalid bearer token, serviceaccounts "robot" not found]', id="its account is gone"),
        pytest.param("again", "[invalid bearer token, service account UID (U) does not match claim (C)]", id="its account is another"),
        pytest.param("pod", "[invalid bearer token, service account token has been invalidated]", id="its pod is gone"),
        pytest.param("audience", '[invalid bearer token, token audiences ["https://kubernetes.default.svc.cluster.local"] is invalid for the target audiences ["vault"]]', id="meant for others"),
    ],
)  # fmt: skip
def test_a_token_is_reviewed(world: Any, spoil: str | None, says: str | None) -> None:
    accounts = "/api/v1/namespaces/shop/serviceaccounts"
    robot = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}
    claim = world.create(accounts, robot)["metadata"]["uid"]
    container = {"name": "c", "image": "nginx"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"containers": [container], "serviceAccountName": "robot"},
    }
    world.create(PODS, pod)
    spec = {"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "web"}, "expirationSeconds": 600}
    asked_for = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    token = world.create(f"{accounts}/robot/token", asked_for)["status"]["token"]
    uid = ""
    if spoil == "time":
        world.run(601)
    if spoil in ("account", "again"):
        world.call("DELETE", f"{accounts}/robot")
    if spoil == "again":
        uid = world.create(accounts, robot)["metadata"]["uid"]
    if spoil == "pod":
        world.call("DELETE", f"{PODS}/web")
    review = {
        "token": "x.y.z" if spoil == "token" else token,
        **({"audiences": ["vault"]} if spoil == "audience" else {}),
    }
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": review}
    status = world.create("/apis/authentication.k8s.io/v1/tokenreviews", body)["status"]
    if says is None:
        assert (status["authenticated"], status["user"]["username"]) == (True, "system:serviceaccount:shop:robot")
    else:
        assert status == {"user": {}, "error": says.replace("(U)", f"({uid})").replace("(C)", f"({claim})")}


def test_a_review_without_a_token_is_refused(world: Any) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {}}
    response = world.call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", body)
    assert (response.status, response.body["message"]) == (400, "token is required for TokenReview in authentication")


@follows(
    "ServiceAccount tokens",
    "pkg/registry/core/serviceaccount/storage/token.go",
    "pkg/apis/authentication/validation/validation_test.go: TestValidateTokenRequest",
)
@pytest.mark.parametrize(
    ("spec", "status", "says"),
    [
        pytest.param({"expirationSeconds": 599}, 422, "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes", id="too short"),
        pytest.param({"expirationSeconds": (1 << 32) + 1}, 422, "spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds", id="too long"),
        pytest.param({"boundObjectRef": {"kind": "ConfigMap", "apiVersion": "v1", "name": "x"}}, 400, "cannot bind token to object of type /v1, Kind=ConfigMap", id="bound to something else"),
        pytest.param({"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "none"}}, 404, 'pods "none" not found', id="bound to nothing"),
        pytest.param({"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "web"}}, 400,
                     'cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.', id="bound to a pod of another"),
        pytest.param({"boundObjectRef": {"kind": "Secret", "apiVersion": "v1", "name": "s", "uid": "old"}}, 409,
                     'Operation cannot be fulfilled on Secret "s": the UID in the bound object reference (old) does not match the UID in record. '
                     "The object might have been deleted and then recreated", id="bound to a former one"),
    ],
)  # fmt: skip
def test_a_token_that_cannot_be_had(world: Any, spec: Obj, status: int, says: str) -> None:
    accounts = "/api/v1/namespaces/shop/serviceaccounts"
    for name in ("robot", "default"):
        world.create(accounts, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
    world.create("/api/v1/namespaces/shop/secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}})
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "c", "image": "n"}]},
    }
    world.create(PODS, pod)
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    response = world.call("POST", f"{accounts}/robot/token", body, user=ADMIN)
    assert response.status == status
    assert says in response.body["message"]
