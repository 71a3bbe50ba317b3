"""The driver on every node: it asks a provider for what a SecretProviderClass names, puts it into the pod's volume, and rotates it.

Promises: a secret of the vault is a file in the pods that ask for it and nothing in the API but its version (SecretProviderClassPodStatus); a changed secret
reaches running pods on the next beat of two minutes, when the driver runs with `--enable-secret-rotation`. Left out: `secretObjects`, nodePublishSecretRef, roles of the vault.
"""

import json
from typing import Any, Protocol

import yaml

from simulator.addons.secrets_store.definitions import DRIVER_IMAGE, GROUP, PROVIDER_IMAGE
from simulator.addons.secrets_store.vault import MOUNT, Vault
from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.client import Client, PublishFailed
from simulator.engine import Engine, Plain
from simulator.engine.plain import Obj

_CLASSES, _STATUSES = f"secretproviderclasses.{GROUP}", f"secretproviderclasspodstatuses.{GROUP}"
_POLL_US = 120_000_000
_ROTATION = "--enable-secret-rotation"
_SOURCE = "csi-secrets-store-rotation"


class Machines(Protocol):
    """What the driver sees of the nodes."""

    def runs_image(self, node: str, repository: str) -> bool: ...

    def holds(self, volume: str) -> bool: ...

    def fill(self, volume: str, files: dict[str, str]) -> None: ...


class SecretsStore:
    """`node.volume_places.InlineDriver`."""

    name = "secrets-store-csi-driver"

    def __init__(self, engine: Engine, client: Client, vault: Vault, machines: Machines) -> None:
        self._machines = machines
        self._engine = engine
        self._client = client
        self._vault = vault
        self._mounts: dict[str, list[Plain]] = {}
        """Volume → [namespace, pod, node, class] of what was published."""
        self._due = False
        engine.register(self)

    # The kubelet's calls

    def is_registered(self, node: str) -> bool:
        return self._runs(node, DRIVER_IMAGE)

    def publish(self, pod: Obj, node: str, volume: str, attributes: Obj) -> dict[str, str]:
        """NodePublishVolume: the files. Raises PublishFailed, ApiUnavailable."""
        metadata, name = pod["metadata"], str(attributes.get("secretProviderClass", ""))
        files, versions = self._read(metadata["namespace"], metadata["name"], node, name)
        self._mounts[volume] = [metadata["namespace"], metadata["name"], node, name]
        self._tell(pod, volume, node, name, versions)
        return files

    def _read(self, namespace: str, pod: str, node: str, name: str) -> tuple[dict[str, str], dict[str, str]]:
        """(files, version of each object) that the class asks for."""
        wanted = self._class(namespace, name)
        provider = str((wanted.get("spec") or {}).get("provider", ""))
        failed = f"failed to mount secrets store objects for pod {namespace}/{pod}, err: "
        if provider != "vault" or not self._runs(node, PROVIDER_IMAGE):
            why = f'error connecting to provider "{provider}": provider not found: provider "{provider}"'
            raise PublishFailed(f"rpc error: code = Unknown desc = {failed}{why}")
        files, versions = {}, {}
        for one in _objects(wanted):
            text, version = self._fetched(one, failed, wanted)
            file = str(one.get("objectName", ""))
            files[file] = text
            versions[file] = str(version)
        return files, versions

    def _class(self, namespace: str, name: str) -> Obj:
        try:
            return self._client.get(_CLASSES, namespace, name)
        except StatusError as error:
            why = f'SecretProviderClass.{GROUP} "{name}" not found' if error.code == 404 else error.message
            raise PublishFailed(
                f"rpc error: code = Unknown desc = failed to get secretproviderclass {namespace}/{name}, error: {why}"
            ) from error

    def _fetched(self, one: Obj, failed: str, wanted: Obj) -> tuple[str, int]:
        path, key = str(one.get("secretPath", "")), one.get("secretKey")
        found = self._vault.get(path.removeprefix(f"{MOUNT}data/")) if path.startswith(f"{MOUNT}data/") else None
        if found is None:
            address = ((wanted.get("spec") or {}).get("parameters") or {}).get("vaultAddress", "https://127.0.0.1:8200")
            why = f"Error making API request.\n\nURL: GET {address}/v1/{path}\nCode: 404. Errors:\n\n"
            raise _unmade(failed, f'couldn\'t read secret "{one.get("objectName", "")}": {why}')
        version, _, values = found
        if key is None:
            return json.dumps({"data": values}, separators=(",", ":")), version
        if key not in values:
            raise _unmade(failed, f'{{{path}}}: {{key "{key}" does not exist at the secret path}}')
        return values[key], version

    # Rotation

    def vault_changed(self) -> None:
        """Whoever has something mounted hears of it on the next beat; nothing beats while no pod holds anything old."""
        if self._mounts and not self._due:
            self._due = True
            self._engine.schedule(_POLL_US - self._engine.now % _POLL_US, self.name, "rotate")

    def rotate(self) -> None:
        """Event: the rotation reconciler looks at every mounted volume."""
        self._due = False
        for volume in [one for one in self._mounts if not self._machines.holds(one)]:
            del self._mounts[volume]
        try:
            if not self._rotates():
                self.vault_changed()
                return
            for volume, (namespace, pod, node, name) in sorted(self._mounts.items()):
                if self._runs(node, DRIVER_IMAGE):
                    self._rotated(volume, self._client.get("pods", namespace, pod), node, name)
        except (ApiUnavailable, StatusError):
            self.vault_changed()

    def _rotated(self, volume: str, pod: Obj, node: str, name: str) -> None:
        metadata = pod["metadata"]
        namespace = metadata["namespace"]
        try:
            files, versions = self._read(namespace, metadata["name"], node, name)
        except PublishFailed as error:
            says = f"provider mount err: {error}"
            self._client.event(pod, "Warning", "MountRotationFailed", says, source=_SOURCE)
            self.vault_changed()
            return
        if not self._tell(pod, volume, node, name, versions):
            return
        self._machines.fill(volume, files)
        says = f"successfully rotated mounted contents for spc {namespace}/{name}"
        self._client.event(pod, "Normal", "MountRotationComplete", says, source=_SOURCE)

    def _rotates(self) -> bool:
        """Whether the driver's DaemonSet has the flag."""
        for one in self._client.list("daemonsets.apps", "kube-system"):
            for container in one["spec"]["template"]["spec"]["containers"]:
                if container.get("image", "").startswith(f"{DRIVER_IMAGE}:"):
                    return any(flag in (_ROTATION, f"{_ROTATION}=true") for flag in container.get("args") or ())
        return False

    # What the API shows

    def _tell(self, pod: Obj, volume: str, node: str, name: str, versions: dict[str, str]) -> bool:
        """Writes the SecretProviderClassPodStatus; whether it was not so before."""
        metadata = pod["metadata"]
        uid, _, volume_name = volume.removeprefix("pod/").partition("/")
        status = {
            "mounted": True,
            "objects": [{"id": key, "version": version} for key, version in sorted(versions.items())],
            "podName": metadata["name"],
            "secretProviderClassName": name,
            "targetPath": f"/var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~csi/{volume_name}/mount",
        }
        where = {"namespace": metadata["namespace"], "name": f"{metadata['name']}-{metadata['namespace']}-{name}"}
        owner = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
        known = self._known(where["namespace"], where["name"])
        if known is not None and known.get("status") == status:
            return False
        if known is not None:
            self._client.update(_STATUSES, {**known, "status": status})
            return True
        labels = {f"internal.{GROUP}/node-name": node}
        made = {
            "apiVersion": f"{GROUP}/v1",
            "kind": "SecretProviderClassPodStatus",
            "metadata": {**where, "labels": labels, "ownerReferences": [owner]},
            "status": status,
        }
        try:
            self._client.create(_STATUSES, made)
        except StatusError:
            return True
        return True

    def _known(self, namespace: str, name: str) -> Obj | None:
        try:
            return self._client.get(_STATUSES, namespace, name)
        except StatusError:
            return None

    def _runs(self, node: str, image: str) -> bool:
        return self._machines.runs_image(node, image)

    # State

    def dump(self) -> Plain:
        return {"mounts": self._mounts, "due": self._due}

    def load(self, state: Plain) -> None:
        self._mounts, self._due = state["mounts"], state["due"]


def _unmade(failed: str, why: str) -> PublishFailed:
    inner = f"rpc error: code = Unknown desc = error making mount request: {why}"
    return PublishFailed(f"rpc error: code = Unknown desc = {failed}{inner}")


def _objects(wanted: Obj) -> list[Obj]:
    """`parameters.objects` is YAML in a text."""
    text = ((wanted.get("spec") or {}).get("parameters") or {}).get("objects", "")
    try:
        found: Any = yaml.safe_load(text) or []
    except yaml.YAMLError:
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
