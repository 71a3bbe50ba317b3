"""Questions asked by creating an object that is never stored: who am I, may I, is this token good.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access. For now whoever holds the kubeconfig is
the cluster's administrator, so everything is allowed to them; the shapes are the real ones.
"""

from collections.abc import Callable

from simulator.apiserver.request import Request, User
from simulator.engine.plain import Obj

_REASON = 'RBAC: allowed by ClusterRoleBinding "kubeadm:cluster-admins" of ClusterRole "cluster-admin" to Group "kubeadm:cluster-admins"'
_MASTERS = ("kubeadm:cluster-admins", "system:masters")


def reviewed(resource: str, obj: Obj, request: Request) -> Obj | None:
    """The review with its answer in `status`; None when the resource is no review."""
    answer = _REVIEWS.get(resource)
    return {**obj, "metadata": {"creationTimestamp": None}, "status": answer(obj, request.user)} if answer else None


def _may_i(obj: Obj, user: User) -> Obj:
    return _verdict(user.name, user.groups)


def _may_they(obj: Obj, user: User) -> Obj:
    spec = obj.get("spec") or {}
    return _verdict(spec.get("user", ""), tuple(spec.get("groups") or ()))


def _verdict(name: str, groups: tuple[str, ...]) -> Obj:
    if any(group in _MASTERS for group in groups):
        return {"allowed": True, "reason": _REASON}
    return {"allowed": False}


def _my_rules(obj: Obj, user: User) -> Obj:
    everything = any(group in _MASTERS for group in user.groups)
    reviews = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
    resource_rules: list[Obj] = [
        {"verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": reviews},
        {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]},
    ]
    urls = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version"]
    non_resource_rules: list[Obj] = [{"verbs": ["get"], "nonResourceURLs": [*urls, "/version/"]}]
    if everything:
        resource_rules.insert(0, {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})
        non_resource_rules.insert(0, {"verbs": ["*"], "nonResourceURLs": ["*"]})
    return {"resourceRules": resource_rules, "nonResourceRules": non_resource_rules, "incomplete": False}


def _who_am_i(obj: Obj, user: User) -> Obj:
    return {"userInfo": {"username": user.name, "groups": list(user.groups)}}


def _unknown_token(obj: Obj, user: User) -> Obj:
    """No token is handed out yet, so none is known."""
    return {"user": {}, "error": "[invalid bearer token, token lookup failed]"}


_REVIEWS: dict[str, Callable[[Obj, User], Obj]] = {
    "selfsubjectaccessreviews.authorization.k8s.io": _may_i,
    "subjectaccessreviews.authorization.k8s.io": _may_they,
    "localsubjectaccessreviews.authorization.k8s.io": _may_they,
    "selfsubjectrulesreviews.authorization.k8s.io": _my_rules,
    "selfsubjectreviews.authentication.k8s.io": _who_am_i,
    "tokenreviews.authentication.k8s.io": _unknown_token,
}
