"""Gives every namespace its `default` ServiceAccount.

https://kubernetes.io/docs/concepts/security/service-accounts/#default-service-accounts. Tokens are projected into pods by the
kubelet and need no Secret.
"""

from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import Controller
from simulator.controllers.kinds.objects import is_ending, one_of
from simulator.engine.plain import Obj

ACCOUNT = "default"


class ServiceAccountController(Controller):
    name: ClassVar[str] = "serviceaccount-controller"
    watches = {"namespaces": "on_namespace", "serviceaccounts": "on_account"}
    writes = ("serviceaccounts",)

    def on_namespace(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self.enqueue(new["metadata"]["name"])

    def on_account(self, old: Obj | None, new: Obj | None) -> None:
        if new is None and one_of(old, new)["metadata"]["name"] == ACCOUNT:
            self.enqueue(one_of(old, new)["metadata"]["namespace"])

    def reconcile(self, key: str) -> None:
        namespace = self.cache.get("namespaces", "", key)
        if namespace is None or is_ending(namespace) or self.cache.get("serviceaccounts", key, ACCOUNT) is not None:
            return
        try:
            self.client.create(
                "serviceaccounts",
                {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": key}},
            )
        except StatusError as error:
            if error.reason not in ("AlreadyExists", "Forbidden"):
                raise
