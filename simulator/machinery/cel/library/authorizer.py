"""`authorizer`: may this user do that? `apiserver/pkg/cel/library/authz.go` (1.33). Selectors are accepted and do not narrow the question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from simulator.machinery import names
from simulator.machinery.cel.declarations import Overload, method
from simulator.machinery.cel.errors import CelError
from simulator.machinery.cel.types import BOOL, STRING, object_type

_PREFIX = "kubernetes.authorization."
AUTHORIZER, PATH, GROUP, RESOURCE, DECISION = (
    object_type(_PREFIX + name) for name in ("Authorizer", "PathCheck", "GroupCheck", "ResourceCheck", "Decision")
)
#: (question) → (allowed, reason). The question has `verb`, `group`, `resource`, `subresource`, `namespace`, `name` or `path`, and `account`.
Decide = Callable[[dict[str, str]], tuple[bool, str]]


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A step on the way to `check`; `type_name` says which."""

    decide: Decide
    asked: dict[str, str]
    type_name: str = AUTHORIZER.name

    def saying(self, kind: str, **more: str) -> Question:
        return Question(self.decide, {**self.asked, **more}, kind)


@dataclass(frozen=True, slots=True, eq=False)
class Asked(Question):
    """The variable itself, which also knows what the request is about."""

    request: dict[str, str] = field(default_factory=dict)

    def about(self) -> Question:
        """`authorizer.requestResource`."""
        return Question(self.decide, self.request, RESOURCE.name)


@dataclass(frozen=True, slots=True)
class Verdict:
    type_name: ClassVar[str] = DECISION.name
    allowed: bool
    reason: str


def _path(one: Question, path: str) -> Question:
    if not path.strip():
        raise CelError("path must not be empty")
    return one.saying(PATH.name, path=path)


def _resource(one: Question, resource: str) -> Question:
    if not resource.strip():
        raise CelError("resource must not be empty")
    return one.saying(RESOURCE.name, resource=resource)


def _account(one: Question, namespace: str, name: str) -> Question:
    if names.dns_subdomain(name):
        raise CelError("Invalid service account name")
    if names.dns_label(namespace):
        raise CelError("Invalid service account namespace")
    return one.saying(AUTHORIZER.name, account=f"{namespace}:{name}")


def _word(word: str) -> Callable[[Question, str], Question]:
    return lambda one, value: one.saying(RESOURCE.name, **{word: value})


def _check(one: Question, verb: str) -> Verdict:
    return Verdict(*one.decide({**one.asked, "verb": verb}))


OVERLOADS: list[Overload] = [
    method("path", "authorizer_path", [AUTHORIZER, STRING], PATH, _path),
    method(
        "group", "authorizer_group", [AUTHORIZER, STRING], GROUP, lambda one, group: one.saying(GROUP.name, group=group)
    ),
    method("serviceAccount", "authorizer_serviceaccount", [AUTHORIZER, STRING, STRING], AUTHORIZER, _account),
    method("resource", "groupcheck_resource", [GROUP, STRING], RESOURCE, _resource),
    method("subresource", "resourcecheck_subresource", [RESOURCE, STRING], RESOURCE, _word("subresource")),
    method("namespace", "resourcecheck_namespace", [RESOURCE, STRING], RESOURCE, _word("namespace")),
    method("name", "resourcecheck_name", [RESOURCE, STRING], RESOURCE, _word("name")),
    method("fieldSelector", "authorizer_fieldselector", [RESOURCE, STRING], RESOURCE, lambda one, _: one),
    method("labelSelector", "authorizer_labelselector", [RESOURCE, STRING], RESOURCE, lambda one, _: one),
    method("check", "pathcheck_check", [PATH, STRING], DECISION, _check),
    method("check", "resourcecheck_check", [RESOURCE, STRING], DECISION, _check),
    method("errored", "decision_errored", [DECISION], BOOL, lambda one: False),
    method("error", "decision_error", [DECISION], STRING, lambda one: ""),
    method("allowed", "decision_allowed", [DECISION], BOOL, lambda one: one.allowed),
    method("reason", "decision_reason", [DECISION], STRING, lambda one: one.reason),
]
