"""Questions asked by creating an object that is never stored: who am I, may I, is this token good.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access. The answers are the authorizer's own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.apiserver import errors
from simulator.apiserver.authorization.attributes import Attributes
from simulator.apiserver.authorization.node import node_of
from simulator.apiserver.authorization.rbac import Rbac
from simulator.apiserver.authorization.tokens import ISSUER, Tokens
from simulator.apiserver.request import Request, User
from simulator.engine.plain import Obj
from simulator.machinery.validation import FieldError
from simulator.machinery.validation.reviews import validate_local_review, validate_review, validate_self_review


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Answers reviews out of roles and tokens."""

    rbac: Rbac
    tokens: Tokens

    def reviewed(self, resource: str, obj: Obj, request: Request) -> Obj | None:
        """The review with its answer in `status`; None when the resource is no review."""
        answer = _REVIEWS.get(resource)
        if answer is None:
            return None
        if problems := _RULES[resource](obj) if resource in _RULES else ():
            # Inside, the kind of a review is not written into it, so its name is missing here.
            raise errors.invalid("authorization.k8s.io", "", "", [problem.cause() for problem in problems])
        return {
            **obj,
            "metadata": {"creationTimestamp": None},
            "status": answer(self, obj.get("spec") or {}, request.user),
        }

    def _may_i(self, spec: Obj, user: User) -> Obj:
        return self._verdict(spec, user)

    def _may_they(self, spec: Obj, user: User) -> Obj:
        return self._verdict(spec, User(spec.get("user", ""), tuple(spec.get("groups") or ())))

    def _verdict(self, spec: Obj, user: User) -> Obj:
        verdict = self.rbac.decide(user, _asked(spec))
        answer: Obj = {"allowed": verdict.allowed}
        if verdict.reason:
            answer["reason"] = verdict.reason
        return answer

    def _my_rules(self, spec: Obj, user: User) -> Obj:
        rules = self.rbac.rules(user, spec.get("namespace", ""))
        answer: Obj = {
            "resourceRules": [
                _part(rule, ("apiGroups", "resources", "resourceNames")) for rule in rules if rule.get("resources")
            ],
            "nonResourceRules": [_part(rule, ("nonResourceURLs",)) for rule in rules if rule.get("nonResourceURLs")],
            "incomplete": False,
        }
        if node_of(user) is None:
            return answer
        return {
            **answer,
            "incomplete": True,
            "evaluationError": "node authorizer does not support user rule resolution",
        }

    def _who_am_i(self, spec: Obj, user: User) -> Obj:
        return {"userInfo": user.info()}

    def _whose_token(self, spec: Obj, user: User) -> Obj:
        """`pkg/registry/authentication/tokenreview/storage.go`."""
        token = spec.get("token", "")
        if not token:
            raise errors.bad_request("token is required for TokenReview in authentication")
        wanted = tuple(spec.get("audiences") or (ISSUER,))
        found = self.tokens.judged(token, wanted)
        if isinstance(found, str):
            return {"user": {}, "error": found}
        audiences = self.tokens.audiences(token, wanted)
        answer: Obj = {"authenticated": True, "user": found.info()}
        return {**answer, "audiences": audiences} if audiences else answer


def _asked(spec: Obj) -> Attributes:
    path = spec.get("nonResourceAttributes")
    if path is not None:
        return Attributes(path.get("verb", ""), path=path.get("path", ""))
    given = spec.get("resourceAttributes") or {}
    return Attributes(
        verb=given.get("verb", ""),
        resource=given.get("resource", ""),
        group=given.get("group", ""),
        subresource=given.get("subresource", ""),
        namespace=given.get("namespace", ""),
        name=given.get("name", ""),
        field_selector=(given.get("fieldSelector") or {}).get("rawSelector", ""),
    )


def _part(rule: Obj, keys: tuple[str, ...]) -> Obj:
    return {"verbs": rule["verbs"], **{key: rule[key] for key in keys if rule.get(key)}}


_RULES: dict[str, Callable[[Obj], list[FieldError]]] = {
    "selfsubjectaccessreviews.authorization.k8s.io": validate_self_review,
    "subjectaccessreviews.authorization.k8s.io": validate_review,
    "localsubjectaccessreviews.authorization.k8s.io": validate_local_review,
}
_REVIEWS: dict[str, Callable[[Reviewer, Obj, User], Obj]] = {
    "selfsubjectaccessreviews.authorization.k8s.io": Reviewer._may_i,
    "subjectaccessreviews.authorization.k8s.io": Reviewer._may_they,
    "localsubjectaccessreviews.authorization.k8s.io": Reviewer._may_they,
    "selfsubjectrulesreviews.authorization.k8s.io": Reviewer._my_rules,
    "selfsubjectreviews.authentication.k8s.io": Reviewer._who_am_i,
    "tokenreviews.authentication.k8s.io": Reviewer._whose_token,
}
