"""Fills the rules of ClusterRoles that gather others by label.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles;
`pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go` (1.33).
"""

from collections.abc import Iterable
from typing import ClassVar

from simulator.client import Controller
from simulator.controllers.kinds.objects import labels_of, one_of
from simulator.engine.plain import Obj
from simulator.machinery.selectors import Selector, from_label_selector

ROLES = "clusterroles.rbac.authorization.k8s.io"


class ClusterRoleAggregationController(Controller):
    name: ClassVar[str] = "clusterrole-aggregation-controller"
    watches = {ROLES: "on_role"}
    writes = (ROLES,)

    def on_role(self, old: Obj | None, new: Obj | None) -> None:
        """Upstream looks at every aggregated role again; here only at those that may gather this one."""
        before, after = labels_of(old), labels_of(one_of(old, new))
        for role in self._gathering():
            if role is new or any(one.matches(before) or one.matches(after) for one in _selectors(role)):
                self.enqueue(role["metadata"]["name"])

    def reconcile(self, key: str) -> None:
        role = self.cache.get(ROLES, "", key)
        if role is None or not role.get("aggregationRule"):
            return
        rules: list[Obj] = []
        for selector in _selectors(role):
            for other in sorted(self.cache.list(ROLES), key=lambda one: str(one["metadata"]["name"])):
                if other["metadata"]["name"] != key and selector.matches(labels_of(other)):
                    rules += [rule for rule in other.get("rules") or () if rule not in rules]
        if rules != (role.get("rules") or []):
            self.client.update(ROLES, {**role, "rules": rules})

    def _gathering(self) -> Iterable[Obj]:
        found = [role for role in self.cache.unordered(ROLES) if role.get("aggregationRule")]
        return sorted(found, key=lambda one: str(one["metadata"]["name"]))


def _selectors(role: Obj) -> list[Selector]:
    given = (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
    return [from_label_selector(selector) for selector in given]


