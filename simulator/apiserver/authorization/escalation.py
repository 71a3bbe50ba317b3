"""Nobody may hand out, by a role or a binding, what they do not hold themselves.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping;
`pkg/registry/rbac/*/policybased/storage.go` and `ConfirmNoEscalation` (1.33).
"""

from collections.abc import Sequence

from simulator.apiserver import errors
from simulator.apiserver.authorization.attributes import Attributes
from simulator.apiserver.authorization.rbac import (
    BINDINGS,
    CLUSTER_BINDINGS,
    CLUSTER_ROLES,
    GROUP,
    ROLES,
    Rbac,
    is_administrator,
)
from simulator.apiserver.authorization.rules import EVERYTHING, text_of, uncovered
from simulator.apiserver.request import User
from simulator.engine.plain import Obj


def refuse_escalation(rbac: Rbac, user: User, resource: str, obj: Obj, old: Obj | None) -> None:
    """Raises StatusError: Forbidden, or NotFound for a binding to a role that is not there."""
    if is_administrator(user):
        return
    if resource in (ROLES, CLUSTER_ROLES):
        _check_role(rbac, user, resource, obj, old)
    elif resource in (BINDINGS, CLUSTER_BINDINGS):
        _check_binding(rbac, user, resource, obj, old)


def _check_role(rbac: Rbac, user: User, resource: str, role: Obj, old: Obj | None) -> None:
    rules, gathers = role.get("rules") or [], role.get("aggregationRule")
    if old is not None and rules == (old.get("rules") or []) and gathers == old.get("aggregationRule"):
        return
    namespace, name = role["metadata"].get("namespace", ""), role["metadata"]["name"]
    plural = resource.partition(".")[0]
    asked_name = "" if old is None else name  # a request that creates has no name in its path
    if rbac.decide(user, Attributes("escalate", plural, GROUP, namespace=namespace, name=asked_name)).allowed:
        return
    _confirm(rbac, user, plural, name, namespace, rules)
    if gathers:
        _confirm(rbac, user, plural, name, namespace, EVERYTHING)


def _check_binding(rbac: Rbac, user: User, resource: str, binding: Obj, old: Obj | None) -> None:
    reference = binding["roleRef"]
    if old is not None and (reference, binding.get("subjects")) == (old["roleRef"], old.get("subjects")):
        return
    namespace = binding["metadata"].get("namespace", "")
    plural = "roles" if reference["kind"] == "Role" else "clusterroles"
    if rbac.decide(user, Attributes("bind", plural, GROUP, namespace=namespace, name=reference["name"])).allowed:
        return
    rules = rbac.rules_of(reference, namespace)
    if rules is None:
        raise errors.not_found(GROUP, reference["kind"].lower(), reference["name"])
    _confirm(rbac, user, resource.partition(".")[0], binding["metadata"]["name"], namespace, rules)


def _confirm(rbac: Rbac, user: User, plural: str, name: str, namespace: str, rules: Sequence[Obj]) -> None:
    missing = uncovered(rbac.rules(user, namespace), rules)
    if missing:
        groups = " ".join(f'"{group}"' for group in user.groups)
        listed = "\n".join(sorted(dict.fromkeys(text_of(rule) for rule in missing)))
        says = f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n{listed}'
        if lost := rbac.missing_roles(user, namespace):
            says += f"; resolution errors: [{' '.join(lost)}]"
        raise errors.forbidden(GROUP, plural, name, says)
