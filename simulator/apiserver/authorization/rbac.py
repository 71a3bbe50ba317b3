"""The RBAC authorizer: bindings → roles → rules, read from the store at each question.

Follows `pkg/registry/rbac/validation/rule.go` and `plugin/pkg/auth/authorizer/rbac/rbac.go` (1.33). A binding to a role that is missing
grants nothing and is named in the refusal.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.apiserver.authorization.attributes import Attributes, refusal
from simulator.apiserver.authorization.rules import EVERYTHING, allows
from simulator.apiserver.request import User
from simulator.engine.plain import Obj
from simulator.machinery.store import Store

GROUP = "rbac.authorization.k8s.io"
ROLES, BINDINGS = f"roles.{GROUP}", f"rolebindings.{GROUP}"
CLUSTER_ROLES, CLUSTER_BINDINGS = f"clusterroles.{GROUP}", f"clusterrolebindings.{GROUP}"
_ACCOUNT = "system:serviceaccount:"
#: Group → how its members come to be administrators. Asked before anything else: they are most of all requests.
_ADMINISTRATORS = {
    "system:masters": "",
    "kubeadm:cluster-admins": 'RBAC: allowed by ClusterRoleBinding "kubeadm:cluster-admins" of ClusterRole '
    '"cluster-admin" to Group "kubeadm:cluster-admins"',
}


@dataclass(frozen=True, slots=True)
class Verdict:
    allowed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Granted:
    """A rule and how the user comes by it; or, without a rule, the role that is missing."""

    source: str
    rule: Obj | None


class Rbac:
    """Holds no state of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def require(self, user: User, asked: Attributes) -> None:
        """Raises StatusError Forbidden."""
        if is_administrator(user):
            return
        verdict = self.decide(user, asked)
        if not verdict.allowed:
            raise refusal(user, asked, verdict.reason)

    def decide(self, user: User, asked: Attributes) -> Verdict:
        for group in user.groups:
            if group in _ADMINISTRATORS:
                return Verdict(True, _ADMINISTRATORS[group])
        missing: dict[str, None] = {}
        for granted in self._granted(user, asked.namespace):
            if granted.rule is None:
                missing[granted.source] = None
            elif allows(granted.rule, asked):
                return Verdict(True, f"RBAC: allowed by {granted.source}")
        return Verdict(False, _aggregate(missing))

    def rules(self, user: User, namespace: str) -> list[Obj]:
        """Everything the user holds in a namespace (empty: at the cluster scope)."""
        held = list(EVERYTHING) if is_administrator(user) else []
        return held + [granted.rule for granted in self._granted(user, namespace) if granted.rule is not None]

    def missing_roles(self, user: User, namespace: str) -> list[str]:
        """Roles that bindings of the user name and that are not there, each in a sentence."""
        return list(dict.fromkeys(one.source for one in self._granted(user, namespace) if one.rule is None))

    def rules_of(self, reference: Obj, namespace: str) -> list[Obj] | None:
        """The rules of a role that a binding names; None when there is no such role."""
        if reference["kind"] == "Role":
            role = self._store.get(ROLES, (namespace, reference["name"]))
        else:
            role = self._store.get(CLUSTER_ROLES, ("", reference["name"]))
        return None if role is None else list(role.get("rules") or ())

    def _granted(self, user: User, namespace: str) -> Iterator[Granted]:
        for binding in _by_name(self._store.table(CLUSTER_BINDINGS).values()):
            yield from self._through(binding, user, "")
        if namespace:
            for binding in _by_name(self._store.in_namespace(BINDINGS, namespace)):
                yield from self._through(binding, user, namespace)

    def _through(self, binding: Obj, user: User, namespace: str) -> Iterator[Granted]:
        subject = next((one for one in binding.get("subjects") or () if _is_meant(one, user, namespace)), None)
        if subject is None:
            return
        reference = binding["roleRef"]
        rules = self.rules_of(reference, namespace)
        if rules is None:
            yield Granted(f'{reference["kind"].lower()}.{GROUP} "{reference["name"]}" not found', None)
            return
        source = _described(binding, subject, namespace)
        for rule in rules:
            yield Granted(source, rule)


def is_administrator(user: User) -> bool:
    return any(group in _ADMINISTRATORS for group in user.groups)


def account_user(namespace: str, name: str) -> User:
    """The identity of a ServiceAccount."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return User(f"{_ACCOUNT}{namespace}:{name}", groups)


def account_in(user_name: str) -> tuple[str, str] | None:
    """(namespace, name) when the user name is that of a ServiceAccount."""
    parts = user_name.removeprefix(_ACCOUNT).split(":")
    return (parts[0], parts[1]) if user_name.startswith(_ACCOUNT) and len(parts) == 2 and all(parts) else None


def _by_name(bindings: object) -> list[Obj]:
    found: list[Obj] = list(bindings)  # type: ignore[call-overload]
    return sorted(found, key=lambda binding: str(binding["metadata"]["name"]))


def _is_meant(subject: Obj, user: User, namespace: str) -> bool:
    match subject["kind"]:
        case "User":
            return bool(user.name == subject["name"])
        case "Group":
            return subject["name"] in user.groups
        case "ServiceAccount":
            where = subject.get("namespace") or namespace
            return bool(where) and user.name == f"{_ACCOUNT}{where}:{subject['name']}"
    return False


def _described(binding: Obj, subject: Obj, namespace: str) -> str:
    kind, name = (
        ("RoleBinding", f"{binding['metadata']['name']}/{namespace}")
        if namespace
        else (
            "ClusterRoleBinding",
            binding["metadata"]["name"],
        )
    )
    who = subject["name"]
    if subject["kind"] == "ServiceAccount":
        who = f"{who}/{subject.get('namespace') or namespace}"
    reference = binding["roleRef"]
    return f'{kind} "{name}" of {reference["kind"]} "{reference["name"]}" to {subject["kind"]} "{who}"'


def _aggregate(missing: dict[str, None]) -> str:
    if not missing:
        return ""
    texts = list(missing)
    return f"RBAC: {texts[0] if len(texts) == 1 else '[' + ', '.join(texts) + ']'}"
