"""Makes the claims of generic ephemeral volumes: `<pod>-<volume>`, owned by the pod and gone with it.

https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes; `pkg/controller/volume/ephemeral/controller.go`.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import Controller
from simulator.client.routes import COMES, Interest
from simulator.controllers.kinds.objects import controller_of, controller_reference, is_ending, key_of, split
from simulator.engine.plain import Obj

_CLAIMS = "persistentvolumeclaims"


class EphemeralVolumeController(Controller):
    name: ClassVar[str] = "ephemeral-volume-controller"
    watches: ClassVar[Mapping[str, str]] = {"pods": "on_pod", _CLAIMS: "on_claim"}
    interests = {"pods": Interest(changes=frozenset({COMES}))}
    writes = (_CLAIMS, "events")

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and old is None and _ephemeral(new):
            self.enqueue(key_of(new))

    def on_claim(self, old: Obj | None, new: Obj | None) -> None:
        """A claim that somebody deleted under its pod is made again."""
        owner = controller_of(old) if new is None else None
        if old is not None and owner is not None and owner["kind"] == "Pod":
            self.enqueue(f"{old['metadata']['namespace']}/{owner['name']}")

    def reconcile(self, key: str) -> None:
        pod = self.cache.get("pods", *split(key))
        if pod is None or is_ending(pod):
            return
        for volume in _ephemeral(pod):
            self._make(pod, volume)

    def _make(self, pod: Obj, volume: Obj) -> None:
        namespace, owner = pod["metadata"]["namespace"], pod["metadata"]["name"]
        name = f"{owner}-{volume['name']}"
        known = self.cache.get(_CLAIMS, namespace, name)
        if known is not None:
            reference = controller_of(known)
            if reference is None or reference["uid"] != pod["metadata"]["uid"]:
                self._fail(
                    pod,
                    volume,
                    f'PVC "{namespace}/{name}" was not created for pod "{namespace}/{owner}" (pod is not owner)',
                )
            return
        template = volume["ephemeral"]["volumeClaimTemplate"]
        given = template.get("metadata") or {}
        metadata: Obj = {"name": name, "namespace": namespace, "ownerReferences": [_reference(pod)]}
        metadata.update({field: given[field] for field in ("labels", "annotations") if given.get(field)})
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"]}
        try:
            self.client.create(_CLAIMS, claim)
        except StatusError as error:
            if error.reason == "AlreadyExists":
                return
            self._fail(pod, volume, error.message)
            raise

    def _fail(self, pod: Obj, volume: Obj, why: str) -> None:
        message = f"ephemeral volume controller failed to create PVC for volume {volume['name']}: {why}"
        self.client.event(pod, "Warning", "EphemeralVolume", message, source="ephemeral_volume")


def _ephemeral(pod: Obj) -> list[Obj]:
    return [volume for volume in pod["spec"].get("volumes") or () if "ephemeral" in volume]


def _reference(pod: Obj) -> Obj:
    return controller_reference({"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"]})
