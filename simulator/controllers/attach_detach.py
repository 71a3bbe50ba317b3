"""Attaches the volumes of pods to their nodes, and detaches what no pod of a node needs any more.

Follows `pkg/controller/volume/attachdetach` and the CSI attacher (`pkg/volume/csi/csi_attacher.go`) of v1.33: one VolumeAttachment for
each volume and node, which the driver's external attacher carries out. Promises: a volume that may have one node only is never asked
for a second one; one that its kubelet still reports in use is detached by force only from a node that is not ready, after six minutes,
or at once when the node is tainted as out of service.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import Client, Controller, Process
from simulator.controllers.kinds.conditions import is_true
from simulator.controllers.kinds.objects import one_of
from simulator.controllers.kinds.pods import is_terminal
from simulator.engine.plain import Obj
from simulator.machinery.claims import claims_of, has_mode, is_bound, unique_name

_CLAIMS, _VOLUMES, _ATTACHMENTS = "persistentvolumeclaims", "persistentvolumes", "volumeattachments.storage.k8s.io"
_DRIVERS = "csidrivers.storage.k8s.io"
_SOURCE = "attachdetach-controller"
_OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
#: `maxWaitForUnmountDuration`.
_UNMOUNT_US = 360_000_000
#: How long the CSI attacher waits for the driver (`csiTimeout`), and the backoff of an operation that failed (`exponentialbackoff`).
_ATTACH_US = 120_000_000
_BACKOFF_US, _BACKOFF_MAX_US = 500_000, 122_000_000


class AttachDetachController(Controller):
    name: ClassVar[str] = "attachdetach-controller"
    watches: ClassVar[Mapping[str, str]] = {
        "pods": "on_pod",
        _CLAIMS: "on_claim",
        _VOLUMES: "on_volume",
        _ATTACHMENTS: "on_attachment",
        "nodes": "on_node",
    }
    writes = (_ATTACHMENTS, "nodes", "events")
    subject = _VOLUMES

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._users: dict[str, dict[tuple[str, str], None]] = {}
        """Claim (`namespace/name`) → pods with a node that use it."""
        self._leaving: dict[str, int] = {}
        """VolumeAttachment → since when nobody needs it."""
        self._told: dict[str, None] = {}
        """`volume/node` of Multi-Attach errors that were told."""
        self._waits: dict[str, tuple[int, int]] = {}
        """VolumeAttachment that no driver answers → (when to complain, how often that was done)."""
        self._volumes: dict[str, dict[str, None]] = {}
        """Unique name of a disk (`kubernetes.io/csi/driver^handle`) → the volumes that stand for it."""

    # What is watched

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        pod = one_of(old, new)
        if not pod["spec"].get("nodeName"):
            return
        namespace, key = pod["metadata"]["namespace"], (pod["metadata"]["namespace"], pod["metadata"]["name"])
        for _, name in claims_of(pod):
            claim = f"{namespace}/{name}"
            if new is None or is_terminal(new):
                self._users.get(claim, {}).pop(key, None)
            elif key not in self._users.setdefault(claim, {}):
                self._users[claim][key] = None
            elif old is not None:
                continue
            self._look_at(namespace, name)

    def on_claim(self, old: Obj | None, new: Obj | None) -> None:
        claim = one_of(old, new)
        if claim["spec"].get("volumeName"):
            self.enqueue(claim["spec"]["volumeName"])

    def on_volume(self, old: Obj | None, new: Obj | None) -> None:
        """What a volume is does not change; its coming is seen through its claim."""
        volume = one_of(old, new)
        if "csi" not in volume["spec"]:
            return
        unique, name = unique_name(volume), volume["metadata"]["name"]
        if new is not None:
            self._volumes.setdefault(unique, {})[name] = None
        elif unique in self._volumes:
            self._volumes[unique].pop(name, None)
            if not self._volumes[unique]:
                del self._volumes[unique]

    def on_attachment(self, old: Obj | None, new: Obj | None) -> None:
        attachment = one_of(old, new)
        if new is None:
            self._leaving.pop(attachment["metadata"]["name"], None)
            self._waits.pop(attachment["metadata"]["name"], None)
        self.enqueue(attachment["spec"]["source"].get("persistentVolumeName", ""))

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        if old is not None and new is not None and _looks(old) == _looks(new):
            return
        name = one_of(old, new)["metadata"]["name"]
        for attachment in self.cache.unordered(_ATTACHMENTS) if self._leaving else ():
            if attachment["spec"]["nodeName"] == name:
                self.enqueue(attachment["spec"]["source"].get("persistentVolumeName", ""))

    def _look_at(self, namespace: str, claim: str) -> None:
        found = self.cache.get(_CLAIMS, namespace, claim)
        if found is not None and found["spec"].get("volumeName"):
            self.enqueue(found["spec"]["volumeName"])

    # One volume

    def reconcile(self, key: str) -> None:
        volume = self.cache.get(_VOLUMES, "", key)
        same = self._same_disk(key, volume)
        attachments = {one["spec"]["nodeName"]: one for one in self._attachments(same)}
        wanted = {} if volume is None or not self._is_attachable(volume) else self._wanted(same)
        for node in sorted(attachments):
            if node in wanted:
                self._leaving.pop(attachments[node]["metadata"]["name"], None)
                self._settle(volume, attachments[node], wanted[node])
            else:
                self._let_go(attachments[node], volume)
        for node in sorted(wanted):
            if volume is not None and node not in attachments:
                self._attach(volume, node, wanted, attachments)

    def _same_disk(self, name: str, volume: Obj | None) -> list[str]:
        """All volumes with the same driver and handle: to the controller they are one."""
        if volume is None or "csi" not in volume["spec"]:
            return [name]
        return sorted({name, *self._volumes.get(unique_name(volume), ())})

    def _attachments(self, volumes: list[str]) -> list[Obj]:
        """Those of its own making, which are named after disk and node (`csi_attacher.go: getAttachmentName`)."""
        return [
            one
            for one in self.cache.unordered(_ATTACHMENTS)
            if one["spec"]["source"].get("persistentVolumeName") in volumes
            and one["metadata"]["name"].startswith("csi-")
        ]

    def _is_attachable(self, volume: Obj) -> bool:
        source = volume["spec"].get("csi")
        if source is None:
            return False
        try:
            driver = self.client.get(_DRIVERS, "", source["driver"])
        except StatusError:
            return True
        return bool(driver["spec"].get("attachRequired", True))

    def _wanted(self, volumes: list[str]) -> dict[str, list[Obj]]:
        """Node → pods on it that use the disk."""
        wanted: dict[str, list[Obj]] = {}
        for name in volumes:
            for pod in self._pods_of(name):
                wanted.setdefault(pod["spec"]["nodeName"], []).append(pod)
        return wanted

    def _pods_of(self, name: str) -> list[Obj]:
        volume = self.cache.get(_VOLUMES, "", name)
        reference = {} if volume is None else volume["spec"].get("claimRef") or {}
        claim = self.cache.get(_CLAIMS, reference.get("namespace", ""), reference.get("name", ""))
        if claim is None or not is_bound(claim) or claim["spec"]["volumeName"] != name:
            return []
        users = sorted(self._users.get(f"{reference['namespace']}/{reference['name']}", {}))
        pods = [pod for key in users if (pod := self.cache.get("pods", *key)) is not None]
        return [pod for pod in pods if pod["spec"].get("nodeName")]

    # Attaching

    def _attach(self, volume: Obj, node: str, wanted: dict[str, list[Obj]], attachments: dict[str, Obj]) -> None:
        name = volume["metadata"]["name"]
        if attachments and not (has_mode(volume, "ReadWriteMany") or has_mode(volume, "ReadOnlyMany")):
            self._tell_conflict(name, node, wanted, attachments)
            return
        self._told.pop(f"{name}/{node}", None)
        driver, handle = volume["spec"]["csi"]["driver"], volume["spec"]["csi"]["volumeHandle"]
        attachment = {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "VolumeAttachment",
            "metadata": {"name": f"csi-{sha256(f'{handle}{driver}{node}'.encode()).hexdigest()}"},
            "spec": {"attacher": driver, "nodeName": node, "source": {"persistentVolumeName": name}},
            "status": {"attached": False},
        }
        attachments[node] = self.client.create(_ATTACHMENTS, attachment)
        self._await(attachments[node]["metadata"]["name"], name, 0)

    def _await(self, attachment: str, volume: str, failures: int) -> None:
        """A driver that does not answer in time is complained of, again and again."""
        backoff = min(_BACKOFF_US << min(failures - 1, 20), _BACKOFF_MAX_US) if failures else 0
        self._waits[attachment] = (self.engine.now + backoff + _ATTACH_US, failures)
        self.enqueue(volume, backoff + _ATTACH_US)

    def _tell_conflict(self, volume: str, node: str, wanted: dict[str, list[Obj]], attachments: dict[str, Obj]) -> None:
        """Once for each volume and node (`reportMultiAttachError`)."""
        if f"{volume}/{node}" in self._told:
            return
        self._told[f"{volume}/{node}"] = None
        for pod in wanted[node]:
            others = [one for other in sorted(attachments) if other != node for one in wanted.get(other, ())]
            why = _conflict(pod, others)
            message = f'Multi-Attach error for volume "{volume}" {why}'
            self.client.event(pod, "Warning", "FailedAttachVolume", message, source=_SOURCE)

    def _settle(self, volume: Obj | None, attachment: Obj, pods: list[Obj]) -> None:
        """The driver has attached it, or says why not: pods and node are told."""
        status = attachment.get("status") or {}
        node = self.cache.get("nodes", "", attachment["spec"]["nodeName"])
        if volume is None or node is None or "deletionTimestamp" in attachment["metadata"]:
            return
        name, unique = volume["metadata"]["name"], unique_name(volume)
        known = (node.get("status") or {}).get("volumesAttached") or []
        if status.get("attached"):
            self._waits.pop(attachment["metadata"]["name"], None)
            if all(one["name"] != unique for one in known):
                self._put_attached(node, [*known, {"name": unique, "devicePath": ""}])
                message = f'AttachVolume.Attach succeeded for volume "{name}" '
                for pod in pods:
                    self.client.event(pod, "Normal", "SuccessfulAttachVolume", message, source=_SOURCE)
        elif error := (status.get("attachError") or {}).get("message"):
            self._waits.pop(attachment["metadata"]["name"], None)
            self._tell_failure(name, pods, error)
        else:
            self._complain(volume, attachment["metadata"]["name"], pods)

    def _complain(self, volume: Obj, attachment: str, pods: list[Obj]) -> None:
        due, failures = self._waits.get(attachment, (0, 0))
        name, source = volume["metadata"]["name"], volume["spec"]["csi"]
        if not due:
            self._await(attachment, name, 0)
        elif self.engine.now >= due:
            driver, handle = source["driver"], source["volumeHandle"]
            why = f"timed out waiting for external-attacher of {driver} CSI driver to attach volume {handle}"
            self._tell_failure(name, pods, why)
            self._await(attachment, name, failures + 1)
        else:
            self.enqueue(name, due - self.engine.now)

    def _tell_failure(self, volume: str, pods: list[Obj], why: str) -> None:
        message = f'AttachVolume.Attach failed for volume "{volume}" : {why}'
        for pod in pods:
            self.client.event(pod, "Warning", "FailedAttachVolume", message, source=_SOURCE)

    # Detaching

    def _let_go(self, attachment: Obj, volume: Obj | None) -> None:
        name, node = attachment["metadata"]["name"], attachment["spec"]["nodeName"]
        if "deletionTimestamp" in attachment["metadata"]:
            return
        since = self._leaving.setdefault(name, self.engine.now)
        found = self.cache.get("nodes", "", node)
        unique = "" if volume is None or "csi" not in volume["spec"] else unique_name(volume)
        if found is not None and unique in _in_use(found) and not _is_out_of_service(found):
            left = since + _UNMOUNT_US - self.engine.now
            if left > 0:
                self.enqueue(attachment["spec"]["source"]["persistentVolumeName"], left)
                return
            if _is_ready(found):
                return
        if found is not None:
            known = (found.get("status") or {}).get("volumesAttached") or []
            if any(one["name"] == unique for one in known):
                self._put_attached(found, [one for one in known if one["name"] != unique])
        self.client.delete(_ATTACHMENTS, "", name)

    def _put_attached(self, node: Obj, attached: list[Obj]) -> None:
        patch = {"status": {"volumesAttached": attached or None}}
        self.client.patch("nodes", "", node["metadata"]["name"], patch, subresource="status")

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._users.clear()
        self._leaving.clear()
        self._told.clear()
        self._waits.clear()
        self._volumes.clear()

    def dump_private(self) -> Obj:
        return {
            "users": [[claim, [list(pod) for pod in pods]] for claim, pods in self._users.items() if pods],
            "leaving": self._leaving,
            "told": list(self._told),
            "waits": {name: list(wait) for name, wait in self._waits.items()},
            "volumes": {unique: list(names) for unique, names in self._volumes.items()},
        }

    def load_private(self, state: Obj) -> None:
        self._users = {claim: {(pod[0], pod[1]): None for pod in pods} for claim, pods in state["users"]}
        self._leaving = dict(state["leaving"])
        self._told = dict.fromkeys(state["told"])
        self._waits = {name: (wait[0], wait[1]) for name, wait in state["waits"].items()}
        self._volumes = {unique: dict.fromkeys(names) for unique, names in state["volumes"].items()}


def _conflict(pod: Obj, others: list[Obj]) -> str:
    namespace = pod["metadata"]["namespace"]
    near = [one["metadata"]["name"] for one in others if one["metadata"]["namespace"] == namespace]
    far = len(others) - len(near)
    if not others:
        return "Volume is already exclusively attached to one node and can't be attached to another"
    if not near:
        return f"Volume is already used by {far} pod(s) in different namespaces"
    more = f" and {far} pod(s) in different namespaces" if far else ""
    return f"Volume is already used by pod(s) {', '.join(near)}{more}"


def _in_use(node: Obj) -> list[str]:
    return (node.get("status") or {}).get("volumesInUse") or []


def _is_ready(node: Obj) -> bool:
    return is_true((node.get("status") or {}).get("conditions"), "Ready")


def _is_out_of_service(node: Obj) -> bool:
    return any(taint["key"] == _OUT_OF_SERVICE for taint in node["spec"].get("taints") or ())


def _looks(node: Obj) -> tuple[object, ...]:
    return _in_use(node), _is_ready(node), _is_out_of_service(node)
