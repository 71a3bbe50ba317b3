"""The Node authorizer: a kubelet may do what its node's own pods need, and nothing for others.

https://kubernetes.io/docs/reference/access-authn-authz/node/; `plugin/pkg/auth/authorizer/node/node_authorizer.go` and `graph.go` (1.33, with
AuthorizeNodeWithSelectors), whose reasons these are. Upstream keeps a graph; here the pods of the one node are looked through, for the simulated
kubelets are never asked and a person who acts as a node asks seldom.
"""

from collections.abc import Callable, Iterator
from functools import cache

from simulator.apiserver.authorization.attributes import Attributes
from simulator.apiserver.authorization.bootstrap import cluster_role_rules
from simulator.apiserver.authorization.rules import allows
from simulator.apiserver.request import User
from simulator.engine.plain import Obj
from simulator.machinery import selectors
from simulator.machinery.claims import claims_of
from simulator.machinery.store import Store

NODES_GROUP, _PREFIX = "system:nodes", "system:node:"
_LEASES = "kube-node-lease"
_MIRROR = "kubernetes.io/config.mirror"
_OWN_VERBS = ("get", "create", "update", "patch", "delete")
#: (allowed, reason): None leaves the question to the rules that hold for all nodes.
Opinion = tuple[bool, str]


def node_of(user: User) -> str | None:
    """The node that a user is, "" for one that cannot be told; None when it is no node (`auth/nodeidentifier`)."""
    if not user.name.startswith(_PREFIX) or NODES_GROUP not in user.groups:
        return None
    return user.name.removeprefix(_PREFIX)


def opinion(store: Store, user: User, asked: Attributes) -> Opinion:
    """Whether a node may, and if not, why it thinks so."""
    node = node_of(user)
    if node is None:
        return False, ""
    if not node:
        return False, f'unknown node for user "{user.name}"'
    judge = _JUDGES.get((asked.group, asked.resource)) if asked.resource else None
    if judge is not None:
        return judge(store, node, asked)
    return any(allows(rule, asked) for rule in _node_rules()), ""


@cache
def _node_rules() -> tuple[Obj, ...]:
    return tuple(cluster_role_rules("system:node"))


def _read(store: Store, node: str, asked: Attributes) -> Opinion:
    """Secrets and ConfigMaps."""
    if asked.verb not in ("get", "list", "watch"):
        return False, "can only read resources of this type"
    if asked.subresource:
        return False, "cannot read subresource"
    if not asked.namespace:
        return False, "can only read namespaced object of this type"
    return _related(store, node, asked)


def _get(store: Store, node: str, asked: Attributes) -> Opinion:
    if asked.verb != "get":
        return False, "can only get individual resources of this type"
    if asked.subresource:
        return False, "cannot get subresource"
    return _related(store, node, asked)


def _claim(store: Store, node: str, asked: Attributes) -> Opinion:
    if asked.subresource != "status":
        return _get(store, node, asked)
    if asked.verb not in ("update", "patch"):
        return False, "can only get/update/patch this type"
    return _related(store, node, asked)


def _account(store: Store, node: str, asked: Attributes) -> Opinion:
    if asked.verb != "create" or not asked.name:
        return False, "can only create tokens for individual service accounts"
    if asked.subresource != "token":
        return False, "can only create token subresource of serviceaccount"
    return _related(store, node, asked)


def _lease(store: Store, node: str, asked: Attributes) -> Opinion:
    if asked.verb not in _OWN_VERBS:
        return False, "can only get, create, update, patch, or delete a node lease"
    if asked.namespace != _LEASES:
        return False, f'can only access leases in the "{_LEASES}" system namespace'
    if asked.verb != "create" and asked.name != node:
        return False, "can only access node lease with the same name as the requesting node"
    return True, ""


def _csi_node(store: Store, node: str, asked: Attributes) -> Opinion:
    if asked.verb not in _OWN_VERBS:
        return False, "can only get, create, update, patch, or delete a CSINode"
    if asked.subresource:
        return False, "cannot authorize CSINode subresources"
    if asked.verb != "create" and asked.name != node:
        return False, "can only access CSINode with the same name as the requesting node"
    return True, ""


def _node(store: Store, node: str, asked: Attributes) -> Opinion:
    """Which node it writes to is the business of admission plugin NodeRestriction."""
    if asked.subresource:
        return asked.subresource == "status" and asked.verb in ("update", "patch"), ""
    if asked.verb in ("create", "update", "patch"):
        return True, ""
    if asked.verb not in ("get", "list", "watch"):
        return False, ""
    if not asked.name:
        return False, f"node '{node}' cannot read all nodes, only its own Node object"
    own = asked.name == node
    return own, "" if own else f"node '{node}' cannot read '{asked.name}', only its own Node object"


def _pod(store: Store, node: str, asked: Attributes) -> Opinion:
    if asked.subresource == "status":
        return asked.verb in ("update", "patch"), ""
    if asked.subresource == "eviction":
        return asked.verb == "create", ""
    if asked.subresource:
        return False, ""
    if asked.verb == "get":
        return _get(store, node, asked)
    if asked.verb in ("list", "watch"):
        if _selected(asked, "spec.nodeName") == node:
            return True, ""
        return _related(store, node, asked) if asked.name else (False, _ONLY_OWN_PODS)
    return asked.verb in ("create", "delete"), ""


_ONLY_OWN_PODS = "can only list/watch pods with spec.nodeName field selector"


def _selected(asked: Attributes, field: str) -> str | None:
    if not asked.field_selector:
        return None
    try:
        return selectors.parse_fields(asked.field_selector).required(field)
    except selectors.SelectorError:
        return None


def _related(store: Store, node: str, asked: Attributes) -> Opinion:
    if not asked.name:
        return False, "No Object name found"
    wanted = (asked.resource, asked.namespace, asked.name)
    if store.get("nodes", ("", node)) is not None and any(wanted == found for found in _reached(store, node)):
        return True, ""
    return False, f"no relationship found between node '{node}' and this object"


def _reached(store: Store, node: str) -> Iterator[tuple[str, str, str]]:
    """(resource, namespace, name) of everything that an edge leads from to the node."""
    for attachment in store.table("volumeattachments.storage.k8s.io").values():
        if attachment["spec"].get("nodeName") == node:
            yield "volumeattachments", "", attachment["metadata"]["name"]
    for pod in store.table("pods").values():
        if pod["spec"].get("nodeName") == node:
            yield from _of_pod(store, pod)


def _of_pod(store: Store, pod: Obj) -> Iterator[tuple[str, str, str]]:
    metadata, spec = pod["metadata"], pod["spec"]
    namespace = metadata["namespace"]
    yield "pods", namespace, metadata["name"]
    if _MIRROR in (metadata.get("annotations") or {}):
        return  # a static pod refers to nothing, whatever its mirror says
    if spec.get("serviceAccountName"):
        yield "serviceaccounts", namespace, spec["serviceAccountName"]
    for name in secret_names(pod):
        yield "secrets", namespace, name
    for name in config_map_names(pod):
        yield "configmaps", namespace, name
    for _, name in claims_of(pod):
        yield "persistentvolumeclaims", namespace, name
        claim = store.get("persistentvolumeclaims", (namespace, name))
        volume = ((claim or {}).get("spec") or {}).get("volumeName")
        if volume:
            yield "persistentvolumes", "", volume


def secret_names(pod: Obj) -> Iterator[str]:
    """`pkg/api/v1/pod/util.go: VisitPodSecretNames`, without the secrets of drivers."""
    for reference in pod["spec"].get("imagePullSecrets") or ():
        yield str(reference["name"])
    yield from _used(pod, "secretRef", "secretKeyRef", "secret")


def config_map_names(pod: Obj) -> Iterator[str]:
    yield from _used(pod, "configMapRef", "configMapKeyRef", "configMap")


def _used(pod: Obj, whole: str, key: str, source: str) -> Iterator[str]:
    spec = pod["spec"]
    for part in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(part) or ():
            for one in container.get("envFrom") or ():
                if whole in one:
                    yield str(one[whole]["name"])
            for one in container.get("env") or ():
                if key in (one.get("valueFrom") or {}):
                    yield str(one["valueFrom"][key]["name"])
    for volume in spec.get("volumes") or ():
        for one in (volume.get("projected") or {}).get("sources") or [volume]:
            if source in one:
                yield str(one[source].get("secretName") or one[source].get("name", ""))


_JUDGES: dict[tuple[str, str], Callable[[Store, str, Attributes], Opinion]] = {
    ("", "secrets"): _read,
    ("", "configmaps"): _read,
    ("", "persistentvolumeclaims"): _claim,
    ("", "persistentvolumes"): _get,
    ("storage.k8s.io", "volumeattachments"): _get,
    ("", "serviceaccounts"): _account,
    ("coordination.k8s.io", "leases"): _lease,
    ("storage.k8s.io", "csinodes"): _csi_node,
    ("", "nodes"): _node,
    ("", "pods"): _pod,
}
