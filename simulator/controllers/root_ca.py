"""Publishes the API server's root certificate as ConfigMap `kube-root-ca.crt` in every namespace.

https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/; upstream's rootcacertpublisher. Pods mount it
next to their token. A changed or deleted copy is put right.
"""

from base64 import b64encode
from hashlib import blake2b
from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import Controller
from simulator.controllers.kinds.objects import is_ending, one_of
from simulator.engine.plain import Obj

CONFIG_MAP = "kube-root-ca.crt"
_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal "
    "service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
)


class RootCaPublisher(Controller):
    name: ClassVar[str] = "root-ca-certificate-publisher-controller"
    watches = {"namespaces": "on_namespace", "configmaps": "on_config_map"}
    writes = ("configmaps",)

    def on_namespace(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self.enqueue(new["metadata"]["name"])

    def on_config_map(self, old: Obj | None, new: Obj | None) -> None:
        metadata = one_of(old, new)["metadata"]
        if metadata["name"] == CONFIG_MAP:
            self.enqueue(metadata["namespace"])

    def reconcile(self, key: str) -> None:
        namespace = self.cache.get("namespaces", "", key)
        if namespace is None or is_ending(namespace):
            return
        data = {"ca.crt": self._certificate()}
        known = self.cache.get("configmaps", key, CONFIG_MAP)
        try:
            if known is None:
                annotations = {"kubernetes.io/description": _DESCRIPTION}
                metadata = {"name": CONFIG_MAP, "namespace": key, "annotations": annotations}
                self.client.create(
                    "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
                )
            elif known.get("data") != data:
                self.client.update("configmaps", {**known, "data": data})
        except StatusError as error:
            if error.reason not in ("AlreadyExists", "Forbidden"):
                raise

    def _certificate(self) -> str:
        """Not a real certificate, but one text a cluster, shaped like one."""
        body = b64encode(
            b"".join(blake2b(f"{self.engine.seed}/ca/{part}".encode()).digest() for part in range(12))
        ).decode()
        lines = [body[at : at + 64] for at in range(0, len(body), 64)]
        return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])
