"""Static pods: what lies in `/etc/kubernetes/manifests` of a machine runs there, whether or not anybody else agrees.

Follows `pkg/kubelet/config/file.go` and `config/common.go: applyDefaults` (v1.33). Promises: only the file decides. A machine without manifests costs
nothing. Leaves to others: what the API server is told (`mirrors`). Simplified: a uid that the file itself gives is passed over.

State lies in the node's record: `manifests` (path → uid of its pod, "" when the kubelet cannot use the file) and `static_pods` (uid → pod).
"""

from collections.abc import Sequence
from hashlib import blake2b

from simulator.engine.plain import Obj
from simulator.machinery import yaml_documents
from simulator.machinery.decoding import check
from simulator.machinery.defaulting import default
from simulator.machinery.pod_qos import qos_class
from simulator.machinery.schemas import schema_for
from simulator.machinery.validation import validate_create
from simulator.node.fleet import Fleet
from simulator.node.records import NodeRecord

DIRECTORY = "/etc/kubernetes/manifests"
_HASH = "kubernetes.io/config.hash"


class StaticPods:
    """The manifests of all machines; what runs is the pod workers' business."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def read(self, node: NodeRecord, path: str, text: str) -> None:
        """A file was written."""
        try:
            documents = yaml_documents.read(text)
        except yaml_documents.YamlError:
            documents = []
        value = documents[0].value if documents else None  # nobody reads on in a file that holds several
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
        is_misread = any(problem.sort == "type" for problem in problems)  # a field that nobody knows is passed over
        if is_misread or not metadata.get("name") or not pruned.get("spec"):
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
        spec["tolerations"] = _tolerant(spec.get("tolerations") or ())
        named = {
            **metadata,
            "name": f"{metadata['name']}-{node.name.lower()}",
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


def _tolerant(tolerations: Sequence[Obj]) -> list[Obj]:
    """`AddOrUpdateTolerationInPod`: one that differs in its time alone is replaced where it stands."""
    anything = {"operator": "Exists", "effect": "NoExecute"}
    found = [anything if _without_time(one) == anything else one for one in tolerations]
    return found if anything in found else [*found, anything]


def _without_time(toleration: Obj) -> Obj:
    return {key: value for key, value in toleration.items() if key != "tolerationSeconds" and value}


def is_manifest(path: str) -> bool:
    """Whether a kubelet takes the file for a manifest: it lies in the directory itself, and its name begins with no dot."""
    prefix = f"{DIRECTORY}/"
    name = path.removeprefix(prefix)
    return path.startswith(prefix) and "/" not in name and not name.startswith(".")
