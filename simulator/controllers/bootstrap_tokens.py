"""Bootstrap tokens: the public cluster-info is signed with each, and tokens whose time is over are deleted.

`pkg/controller/bootstrap/bootstrapsigner.go`, `tokencleaner.go` (v1.33). A cluster without tokens gives neither of them work.
"""

from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import Controller
from simulator.engine.plain import Obj
from simulator.machinery import bootstrap_tokens
from simulator.machinery.bootstrap_tokens import NAMESPACE, PREFIX, BootstrapToken

_INFO = ("kube-public", "cluster-info")
_SIGNATURE = "jws-kubeconfig-"


def _is_token(secret: Obj | None) -> bool:
    return secret is not None and secret.get("type") == bootstrap_tokens.TYPE


class BootstrapSigner(Controller):
    name: ClassVar[str] = "bootstrap-signer-controller"
    watches = {"configmaps": "on_config_map", "secrets": "on_secret"}
    writes = ("configmaps",)

    def on_config_map(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and (new["metadata"]["namespace"], new["metadata"]["name"]) == _INFO:
            self.enqueue("/".join(_INFO))

    def on_secret(self, old: Obj | None, new: Obj | None) -> None:
        if _is_token(new) or _is_token(old):
            self.enqueue("/".join(_INFO))

    def reconcile(self, key: str) -> None:
        info = self.cache.get("configmaps", *_INFO)
        content = ((info or {}).get("data") or {}).get("kubeconfig")
        if info is None or content is None:
            return
        kept = {name: text for name, text in info["data"].items() if not name.startswith(_SIGNATURE)}
        signed = {
            f"{_SIGNATURE}{token.id}": bootstrap_tokens.signature(content, token.id, token.secret)
            for token in self._tokens()
        }
        if {**kept, **signed} != info["data"]:
            self.client.update("configmaps", {**info, "data": {**kept, **signed}})

    def _tokens(self) -> list[BootstrapToken]:
        secrets = [one for one in self.cache.list("secrets", NAMESPACE) if _is_token(one)]
        known = [token for one in secrets if (token := bootstrap_tokens.read(one)) is not None]
        alive = [one for one in known if not one.expires or self.engine.micros(one.expires) > self.engine.now]
        return sorted((one for one in alive if "signing" in one.usages), key=lambda one: one.id)


class TokenCleaner(Controller):
    name: ClassVar[str] = "token-cleaner-controller"
    watches = {"secrets": "on_secret"}
    writes = ("secrets",)

    def on_secret(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and _is_token(new):
            self.enqueue(new["metadata"]["name"])

    def reconcile(self, key: str) -> None:
        secret = self.cache.get("secrets", NAMESPACE, key)
        token = None if secret is None else bootstrap_tokens.read(secret)
        if secret is None or token is None or not token.expires:
            return
        left_us = self.engine.micros(token.expires) - self.engine.now
        if left_us > 0:
            self.enqueue(key, left_us)
            return
        try:
            self.client.delete("secrets", NAMESPACE, PREFIX + token.id, uid=secret["metadata"]["uid"])
        except StatusError as error:
            if error.reason != "NotFound":
                raise
