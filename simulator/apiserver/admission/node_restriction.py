"""NodeRestriction: what a node may write, of its own Node, its own pods and the little beside them. kubeadm switches it on.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction; `plugin/pkg/admission/noderestriction/admission.go`
(1.33), whose texts these are. The simulated kubelets are not asked; a person who acts as a node is.
"""

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass

from simulator.apiserver import errors
from simulator.apiserver.authorization.node import config_map_names, node_of, secret_names
from simulator.apiserver.request import User
from simulator.engine.plain import Obj
from simulator.machinery.certificates import CertificateError, read_request
from simulator.machinery.resources import Resource
from simulator.machinery.store import Store

_MIRROR = "kubernetes.io/config.mirror"
_LEASES = "kube-node-lease"
_RESTRICTED = "node-restriction.kubernetes.io"
#: `kubelet/pkg/apis/well_known_labels.go`: what a kubelet may set of the labels that belong to Kubernetes.
_KUBELET_LABELS = frozenset(
    {
        "kubernetes.io/hostname", "topology.kubernetes.io/zone", "topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region", "beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type", "kubernetes.io/os",
        "kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/arch", "node.kubernetes.io/windows-build",
    }
)  # fmt: skip
_KUBELET_SPACES = ("kubelet.kubernetes.io", "node.kubernetes.io")
_NODE_SIGNERS = ("kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet")


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a node, before it takes place. `obj` is None when something is deleted."""

    node: str
    operation: str
    name: str
    namespace: str
    subresource: str
    obj: Obj | None
    old: Obj | None


def restrict(
    store: Store,
    user: User,
    resource: Resource,
    operation: str,
    obj: Obj | None,
    old: Obj | None,
    *,
    subresource: str = "",
) -> None:
    """Raises StatusError Forbidden when a node writes what is not its own."""
    node = node_of(user)
    if node is None:
        return
    about = obj if obj is not None else old or {}
    metadata = (old or obj or {}).get("metadata") or {}
    name = (
        metadata.get("name", "")
        if old is not None or resource.name != "nodes"
        else (about.get("metadata") or {}).get("name", "")
    )
    if not node:
        says = f'could not determine node from user "{user.name}"'
    else:
        check = _CHECKS.get(resource.name)
        write = Write(node, operation, name, metadata.get("namespace", ""), subresource, obj, old)
        says = "" if check is None else check(store, write)
    if says:
        raise errors.forbidden(resource.group, resource.plural, name, says)


def _pod(store: Store, write: Write) -> str:
    if write.subresource == "status":
        return _pod_status(write)
    if write.subresource == "eviction":
        is_own = write.old is not None and write.old["spec"].get("nodeName") == write.node
        return "" if is_own else f"node {write.node} can only evict pods with spec.nodeName set to itself"
    if write.subresource:
        return f"unexpected pod subresource \"{write.subresource}\", only 'status' and 'eviction' are allowed"
    if write.operation == "CREATE":
        assert write.obj is not None
        return _mirror(store, write.node, write.obj)
    if write.operation != "DELETE":
        return f'unexpected operation "{write.operation}", node "{write.node}" can only create and delete mirror pods'
    assert write.old is not None
    is_own = write.old["spec"].get("nodeName") == write.node
    return "" if is_own else f'node "{write.node}" can only delete pods with spec.nodeName set to itself'


def _pod_status(write: Write) -> str:
    assert write.obj is not None
    assert write.old is not None
    if write.old["spec"].get("nodeName") != write.node:
        return f'node "{write.node}" can only update pod status for pods with spec.nodeName set to itself'
    if _labels(write.obj) != _labels(write.old):
        return f'node "{write.node}" cannot update labels through pod status'
    return ""


def _mirror(store: Store, node: str, pod: Obj) -> str:
    metadata, spec, who = pod["metadata"], pod["spec"], f'node "{node}"'
    if _MIRROR not in (metadata.get("annotations") or {}):
        return f'pod does not have "{_MIRROR}" annotation, {who} can only create mirror pods'
    if spec.get("nodeName") != node:
        return f"{who} can only create pods with spec.nodeName set to itself"
    if says := _owner(store, node, metadata.get("ownerReferences") or []):
        return says
    if spec.get("serviceAccountName"):
        return f"{who} can not create pods that reference a service account"
    if any(secret_names(pod)):
        return f"{who} can not create pods that reference secrets"
    if any(config_map_names(pod)):
        return f"{who} can not create pods that reference configmaps"
    if any("persistentVolumeClaim" in volume for volume in spec.get("volumes") or ()):
        return f"{who} can not create pods that reference persistentvolumeclaims"
    return ""


def _owner(store: Store, node: str, owners: list[Obj]) -> str:
    who = f'node "{node}"'
    if len(owners) > 1:
        return f"{who} can only create pods with a single owner reference set to itself"
    owner = owners[0] if owners else {}
    if (owner.get("apiVersion"), owner.get("kind"), owner.get("name")) != ("v1", "Node", node):
        return f"{who} can only create pods with an owner reference set to itself"
    if not owner.get("controller"):
        return f"{who} can only create pods with a controller owner reference set to itself"
    if owner.get("blockOwnerDeletion"):
        return f"{who} must not set blockOwnerDeletion on an owner reference"
    known = store.get("nodes", ("", node))
    if known is None:
        raise errors.not_found("", "nodes", node)
    uid = known["metadata"]["uid"]
    return "" if owner.get("uid") == uid else f"node {node} UID mismatch: expected {owner.get('uid')} got {uid}"


def _node(store: Store, write: Write) -> str:
    if write.name != write.node:
        return f'node "{write.node}" is not allowed to modify node "{write.name}"'
    if write.obj is None:
        return ""
    if write.old is None:
        shut = _shut_labels(_labels(write.obj), {})
        return f'node "{write.node}" is not allowed to set the following labels: {", ".join(shut)}' if shut else ""
    if (write.obj.get("spec") or {}).get("taints") != (write.old.get("spec") or {}).get("taints"):
        return f'node "{write.node}" is not allowed to modify taints'
    shut = _shut_labels(_labels(write.obj), _labels(write.old))
    return f"is not allowed to modify labels: {', '.join(shut)}" if shut else ""


def _labels(obj: Obj) -> Obj:
    return obj["metadata"].get("labels") or {}


def _shut_labels(new: Obj, old: Obj) -> list[str]:
    changed = {key for key in (*new, *old) if new.get(key) != old.get(key)}
    return sorted(key for key in changed if _is_shut(key))


def _is_shut(label: str) -> bool:
    space, slash, _ = label.partition("/")
    if not slash:
        return False
    if _is_within(space, _RESTRICTED):
        return True
    is_kubernetes = _is_within(space, "kubernetes.io") or _is_within(space, "k8s.io")
    is_kubelets = label in _KUBELET_LABELS or any(_is_within(space, one) for one in _KUBELET_SPACES)
    return is_kubernetes and not is_kubelets


def _is_within(space: str, domain: str) -> bool:
    return space == domain or space.endswith(f".{domain}")


def _claim(store: Store, write: Write) -> str:
    return "" if write.subresource == "status" else "may only update PVC status"


def _token(store: Store, write: Write) -> str:
    """`obj` is the TokenRequest, `old` its account."""
    if write.subresource != "token":
        return ""
    spec = (write.obj or {}).get("spec") or {}
    reference = spec.get("boundObjectRef") or {}
    if (reference.get("apiVersion"), reference.get("kind")) != ("v1", "Pod") or not reference.get("name"):
        return "node requested token not bound to a pod"
    if not reference.get("uid"):
        return "node requested token with a pod binding without a uid"
    pod = store.get("pods", (write.namespace, reference["name"]))
    if pod is None:
        raise errors.not_found("", "pods", reference["name"])
    if pod["metadata"]["uid"] != reference["uid"]:
        return (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
    if pod["spec"].get("nodeName") != write.node:
        return "node requested token bound to a pod scheduled on a different node"
    return ""


def _lease(store: Store, write: Write) -> str:
    if write.namespace != _LEASES:
        return f'can only access leases in the "{_LEASES}" system namespace'
    is_own = write.name == write.node
    return "" if is_own else "can only access node lease with the same name as the requesting node"


def _csi_node(store: Store, write: Write) -> str:
    return "" if write.name == write.node else "can only access CSINode with the same name as the requesting node"


def _signing_request(store: Store, write: Write) -> str:
    if write.operation != "CREATE" or write.obj is None or write.obj["spec"].get("signerName") not in _NODE_SIGNERS:
        return ""
    try:
        subject = read_request(b64decode(write.obj["spec"]["request"]))
    except CertificateError as error:
        return f"unable to parse csr: {error}"
    wanted = f"system:node:{write.node}"
    return "" if subject.name == wanted else f"can only create a node CSR with CN={wanted}"


_CHECKS: dict[str, Callable[[Store, Write], str]] = {
    "pods": _pod,
    "nodes": _node,
    "persistentvolumeclaims": _claim,
    "serviceaccounts": _token,
    "leases.coordination.k8s.io": _lease,
    "csinodes.storage.k8s.io": _csi_node,
    "certificatesigningrequests.certificates.k8s.io": _signing_request,
}
