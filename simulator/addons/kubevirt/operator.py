"""The operator: brings the kinds and the controller that a KubeVirt object asks for."""

from typing import ClassVar

from simulator.addons.kubevirt.kinds import CONTROLLER_IMAGE, INSTALLS, KINDS
from simulator.addons.objects import complete
from simulator.apiserver.errors import StatusError
from simulator.client import Controller
from simulator.engine.plain import Obj

_DEFINITIONS, _DEPLOYMENTS = "customresourcedefinitions.apiextensions.k8s.io", "deployments.apps"


class VirtOperator(Controller):
    name: ClassVar[str] = "virt-operator"
    watches = {INSTALLS: "on_change", _DEPLOYMENTS: "on_deployment"}
    writes = (INSTALLS, _DEFINITIONS, _DEPLOYMENTS)

    def on_change(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self.enqueue(f"{new['metadata']['namespace']}/{new['metadata']['name']}")

    def on_deployment(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and new["metadata"]["name"] == "virt-controller":
            for install in self.cache.list(INSTALLS, new["metadata"]["namespace"]):
                self.on_change(None, install)

    def reconcile(self, key: str) -> None:
        namespace, _, name = key.partition("/")
        install = self.cache.get(INSTALLS, namespace, name)
        if install is None:
            return
        for crd in KINDS:
            self._ensure(_DEFINITIONS, crd)
        controller = self._ensure(_DEPLOYMENTS, self._controller(namespace, _version(install)))
        is_up = (controller.get("status") or {}).get("readyReplicas", 0) > 0
        phase = "Deployed" if is_up else "Deploying"
        if (install.get("status") or {}).get("phase") != phase:
            self.client.update_status(
                INSTALLS, {**install, "status": {**(install.get("status") or {}), "phase": phase}}
            )

    def _ensure(self, resource: str, wanted: Obj) -> Obj:
        metadata = wanted["metadata"]
        try:
            return self.client.get(resource, metadata.get("namespace", ""), metadata["name"])
        except StatusError as error:
            if error.reason != "NotFound":
                raise
        return self.client.create(resource, complete(self.client.kinds, resource, wanted))

    @staticmethod
    def _controller(namespace: str, version: str) -> Obj:
        labels = {"kubevirt.io": "virt-controller"}
        container = {"name": "virt-controller", "image": f"{CONTROLLER_IMAGE}:{version}"}
        spec = {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        }
        where = {"name": "virt-controller", "namespace": namespace, "labels": labels}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": where, "spec": spec}


def _version(install: Obj) -> str:
    return str((install["spec"] or {}).get("imageTag") or "v1.5.2")
