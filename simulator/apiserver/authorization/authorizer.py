"""Who may do what: kubeadm's `--authorization-mode=Node,RBAC`. The first that allows decides; reasons of those that do not are told together.

`apiserver/pkg/authorization/union/union.go` (1.33).
"""

from simulator.apiserver.authorization import node
from simulator.apiserver.authorization.attributes import Attributes
from simulator.apiserver.authorization.rbac import Rbac, Verdict
from simulator.apiserver.request import User
from simulator.machinery.store import Store


class Authorizer(Rbac):
    """Holds no state of its own."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._objects = store

    def decide(self, user: User, asked: Attributes) -> Verdict:
        verdict = super().decide(user, asked)
        if verdict.allowed or node.node_of(user) is None:
            return verdict
        is_allowed, reason = node.opinion(self._objects, user, asked)
        if is_allowed:
            return Verdict(True, reason)
        return Verdict(False, "\n".join(one for one in (reason, verdict.reason) if one))
