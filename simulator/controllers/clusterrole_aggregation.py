"""Fills the rules of ClusterRoles that gather others by label.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles;
`pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go` (1.33).
"""

from collections.abc import Iterable
from typing import ClassVar

from simulator.client import Client, Controller, Process
from simulator.controllers.kinds.objects import labels_of, one_of
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.selectors import Selector, from_label_selector

ROLES = "clusterroles.rbac.authorization.k8s.io"


class ClusterRoleAggregationController(Controller):
    name: ClassVar[str] = "clusterrole-aggregation-controller"
    watches = {ROLES: "on_role"}
    writes = (ROLES,)

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._selectors: dict[str, list[Selector]] | None = None
        """Aggregated role → what it gathers, sorted by name; None until it is read from the cache."""

    def on_role(self, old: Obj | None, new: Obj | None) -> None:
        """Upstream looks at every aggregated role again; here only at those that may gather this one."""
        changed = one_of(old, new)
        name, before, after = changed["metadata"]["name"], labels_of(old), labels_of(changed)
        for gathering, selectors in self._gathering(new, name):
            if gathering == name or any(one.matches(before) or one.matches(after) for one in selectors):
                self.enqueue(gathering)

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

    def _gathering(self, changed: Obj | None, name: str) -> Iterable[tuple[str, list[Selector]]]:
        """The aggregated roles by name, with what they gather; a role that has just changed is read anew."""
        if self._selectors is None:
            roles = self.cache.list(ROLES)
            self._selectors = {one["metadata"]["name"]: _selectors(one) for one in roles if _gathers(one)}
        elif changed is not None and _gathers(changed):
            self._selectors = dict(sorted({**self._selectors, name: _selectors(changed)}.items()))
        else:
            self._selectors.pop(name, None)
        return self._selectors.items()

    def on_start(self) -> None:
        self._selectors = None

    def load_private(self, state: Plain) -> None:
        self._selectors = None


def _gathers(role: Obj) -> bool:
    return bool(role.get("aggregationRule"))


def _selectors(role: Obj) -> list[Selector]:
    given = (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
    return [from_label_selector(selector) for selector in given]
