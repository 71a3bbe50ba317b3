"""Static pods: what lies in `/etc/kubernetes/manifests` of a machine runs there, whether or not anybody else agrees.

Follows `pkg/kubelet/config/file.go`, `config/common.go: applyDefaults` and `pkg/kubelet/pod/mirror_client.go` (v1.33). Promises: the API server is
told of a static pod by a mirror pod, which is made again when somebody deletes it; only the file decides. A machine without manifests costs nothing.

State lies in the node's record: `manifests` (path → uid of its pod, "" when the kubelet cannot use the file) and `static_pods` (uid → pod).
"""

from hashlib import blake2b

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.engine.plain import Obj
from simulator.machinery import yaml_documents
from simulator.machinery.decoding import check
from simulator.machinery.defaulting import default
from simulator.machinery.pod_qos import qos_class
from simulator.machinery.schemas import schema_for
from simulator.machinery.validation import validate_create
from simulator.node.fleet import MIRROR, Fleet
from simulator.node.records import NodeRecord, PodRecord

DIRECTORY = "/etc/kubernetes/manifests"
_HASH = "kubernetes.io/config.hash"


def mirrored(pod: Obj) -> str:
    """The uid of the static pod that a pod of the API mirrors; "" for an ordinary one."""
    return str((pod["metadata"].get("annotations") or {}).get(MIRROR, ""))


class StaticPods:
    """The manifests of all machines and their mirrors; what runs is the pod workers' business."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    # Files

    def read(self, node: NodeRecord, path: str, text: str) -> None:
        """A file was written."""
        try:
            documents = yaml_documents.read(text)
        except yaml_documents.YamlError:
            documents = []
        value = documents[0].value if len(documents) == 1 else None
        self.place(node, path, value if isinstance(value, dict) else None)

    def place(self, node: NodeRecord, path: str, manifest: Obj | None) -> None:
        """The kubelet takes a manifest up; one that is no valid pod is passed over, and so is the pod it was before."""
        pod = None if manifest is None else self._pod(node, path, manifest)
        node.manifests[path] = "" if pod is None else pod["metadata"]["uid"]
        if pod is not None:
            node.static_pods[pod["metadata"]["uid"]] = pod

    def remove(self, node: NodeRecord, path: str) -> None:
        node.manifests.pop(path, None)

    def _pod(self, node: NodeRecord, path: str, manifest: Obj) -> Obj | None:
        if manifest.get("kind") != "Pod" or manifest.get("apiVersion") != "v1":
            return None
        pruned, problems = check(manifest, schema_for("v1", "Pod"))
        metadata = pruned.get("metadata") or {}
        if problems or not metadata.get("name") or not pruned.get("spec"):
            return None
        uid = blake2b(f"{node.name}/{path}/{manifest!r}".encode(), digest_size=16).hexdigest()
        fresh = self._placed(node, pruned, metadata, uid)
        return None if validate_create("pods", fresh) else fresh

    def _placed(self, node: NodeRecord, pruned: Obj, metadata: Obj, uid: str) -> Obj:
        """`applyDefaults`: the node in its name, the marks of its source, a toleration of every NoExecute taint."""
        namespace = metadata.get("namespace") or "default"
        annotations = {
            **(metadata.get("annotations") or {}),
            _HASH: uid,
            "kubernetes.io/config.seen": self._fleet.engine.timestamp(),
            "kubernetes.io/config.source": "file",
        }
        spec = {**pruned["spec"], "nodeName": node.name}
        anything = {"operator": "Exists", "effect": "NoExecute"}
        tolerations = [one for one in spec.get("tolerations") or () if one != anything]
        spec["tolerations"] = [*tolerations, anything]
        named = {
            **metadata,
            "name": f"{metadata['name']}-{node.name}",
            "namespace": namespace,
            "uid": uid,
            "annotations": annotations,
            "creationTimestamp": self._fleet.engine.timestamp(),
        }
        status = {"phase": "Pending", "qosClass": qos_class(spec)}
        return default("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": named, "spec": spec, "status": status})

    def wanted(self, node: NodeRecord) -> dict[str, Obj]:
        """The pods of today's files by uid; of two with one name, the first file's."""
        found: dict[tuple[str, str], str] = {}
        for path in sorted(node.manifests):
            if uid := node.manifests[path]:
                metadata = node.static_pods[uid]["metadata"]
                found.setdefault((metadata["namespace"], metadata["name"]), uid)
        return {uid: node.static_pods[uid] for uid in found.values()}

    # Mirrors

    def mirror(self, record: PodRecord, pod: Obj) -> bool:
        """Makes the mirror pod if there is none; False: it has to be tried again."""
        if record.mirror or record.orphaned:
            return True
        node, client = self._fleet.nodes[record.node], self._fleet.client(record.node)
        if not node.uid:
            return False
        owner = {"apiVersion": "v1", "kind": "Node", "name": node.name, "uid": node.uid, "controller": True}
        kept = {key: value for key, value in pod["metadata"].items() if key not in ("uid", "creationTimestamp")}
        annotations = {**kept["annotations"], MIRROR: record.uid}
        metadata = {**kept, "annotations": annotations, "ownerReferences": [owner]}
        try:
            known = self._fleet.find(record.node, "pods", record.namespace, record.name)
            if known is not None and mirrored(known) != record.uid:
                self.delete(record.node, known)
                known = None
            if known is None:
                known = client.create("pods", {**pod, "metadata": metadata})
        except (StatusError, ApiUnavailable):
            return False
        record.mirror = known["metadata"]["uid"]
        return True

    def delete(self, node: str, mirror: Obj) -> bool:
        """At once, whatever its grace period: nothing runs behind a mirror. False: nobody answered."""
        metadata = mirror["metadata"]
        try:
            self._fleet.client(node).delete(
                "pods", metadata["namespace"], metadata["name"], grace_s=0, uid=metadata["uid"]
            )
        except StatusError:
            return True
        except ApiUnavailable:
            return False
        return True


def is_manifest(path: str) -> bool:
    """Whether a kubelet takes the file for a manifest: it lies in the directory itself, and its name begins with no dot."""
    prefix = f"{DIRECTORY}/"
    name = path.removeprefix(prefix)
    return path.startswith(prefix) and "/" not in name and not name.startswith(".")
