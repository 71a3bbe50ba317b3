"""The roles and bindings every cluster is born with, and those that kubeadm adds.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings; facts from `bootstrappolicy` (policy.go,
namespace_policy.go) and kubeadm's phases. Left out: the `system:controller:…` roles, whose holders are never asked here.

They belong to no write: the API server makes sure of them when it starts. The store is endowed with them, and writes into a snapshot only
what became of them since.
"""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b

from simulator.apiserver.authorization.rbac import BINDINGS, CLUSTER_BINDINGS, CLUSTER_ROLES, GROUP, ROLES
from simulator.engine.plain import Obj
from simulator.machinery.store import Key

_READ = ("get", "list", "watch")
_CHANGE = ("create", "delete", "deletecollection", "patch", "update")
_SETS = {
    "READ": _READ,
    "CHANGE": _CHANGE,
    "ALL": ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"),
}
_AGGREGATE = f"{GROUP}/aggregate-to-"
#: Aggregated role → the label that its parts carry.
_GATHERED = ("view", "edit", "admin")

# role | aggregates to | rules: verbs resources [@groups] [#names]; `core` is the group without a name, `/…` are paths
_CLUSTER_ROLES = """
cluster-admin | | * * @*; * /*
system:aggregate-to-admin | admin | create localsubjectaccessreviews @authorization.k8s.io; ALL rolebindings,roles @rbac.authorization.k8s.io
system:aggregate-to-edit | edit | READ pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy; impersonate serviceaccounts; \
CHANGE pods,pods/attach,pods/exec,pods/portforward,pods/proxy; create pods/eviction; \
CHANGE configmaps,events,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy; \
create serviceaccounts/token; \
CHANGE daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale @apps; \
CHANGE horizontalpodautoscalers @autoscaling; CHANGE cronjobs,jobs @batch; \
CHANGE daemonsets,deployments,deployments/rollback,deployments/scale,ingresses,networkpolicies,replicasets,replicasets/scale,replicationcontrollers/scale @extensions; \
CHANGE poddisruptionbudgets @policy; CHANGE ingresses,networkpolicies @networking.k8s.io; ALL leases @coordination.k8s.io
system:aggregate-to-view | view | \
READ configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status; \
READ bindings,events,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status; \
READ namespaces; READ endpointslices @discovery.k8s.io; \
READ controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status @apps; \
READ horizontalpodautoscalers,horizontalpodautoscalers/status @autoscaling; READ cronjobs,cronjobs/status,jobs,jobs/status @batch; \
READ daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,ingresses,ingresses/status,networkpolicies,replicasets,replicasets/scale,replicasets/status,replicationcontrollers/scale @extensions; \
READ poddisruptionbudgets,poddisruptionbudgets/status @policy; READ ingresses,ingresses/status,networkpolicies @networking.k8s.io
system:auth-delegator | | create tokenreviews @authentication.k8s.io; create subjectaccessreviews @authorization.k8s.io
system:basic-user | | create selfsubjectaccessreviews,selfsubjectrulesreviews @authorization.k8s.io; create selfsubjectreviews @authentication.k8s.io
system:certificates.k8s.io:certificatesigningrequests:nodeclient | | create certificatesigningrequests/nodeclient @certificates.k8s.io
system:certificates.k8s.io:certificatesigningrequests:selfnodeclient | | create certificatesigningrequests/selfnodeclient @certificates.k8s.io
system:certificates.k8s.io:kube-apiserver-client-approver | | approve signers @certificates.k8s.io #kubernetes.io/kube-apiserver-client
system:certificates.k8s.io:kube-apiserver-client-kubelet-approver | | approve signers @certificates.k8s.io #kubernetes.io/kube-apiserver-client-kubelet
system:certificates.k8s.io:kubelet-serving-approver | | approve signers @certificates.k8s.io #kubernetes.io/kubelet-serving
system:certificates.k8s.io:legacy-unknown-approver | | approve signers @certificates.k8s.io #kubernetes.io/legacy-unknown
system:discovery | | get /api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/
system:heapster | | READ events,namespaces,nodes,pods; READ deployments @extensions
system:kube-aggregator | | READ endpoints,services
system:kube-controller-manager | | create,patch,update events @core,events.k8s.io; create leases @coordination.k8s.io; \
get,update leases @coordination.k8s.io #kube-controller-manager; create secrets,serviceaccounts; delete secrets; \
get configmaps,namespaces,secrets,serviceaccounts; update secrets,serviceaccounts; create tokenreviews @authentication.k8s.io; \
create subjectaccessreviews @authorization.k8s.io; list,watch * @*; create serviceaccounts/token
system:kube-dns | | list,watch endpoints,services
system:kube-scheduler | | create,patch,update events @core,events.k8s.io; create leases @coordination.k8s.io; \
get,update leases @coordination.k8s.io #kube-scheduler; READ nodes; delete,get,list,watch pods; create bindings,pods/binding; \
patch,update pods/status; READ replicationcontrollers,services; READ replicasets @apps,extensions; READ statefulsets @apps; \
READ poddisruptionbudgets @policy; READ persistentvolumeclaims,persistentvolumes; create tokenreviews @authentication.k8s.io; \
create subjectaccessreviews @authorization.k8s.io; READ csinodes @storage.k8s.io; READ namespaces; READ csidrivers @storage.k8s.io; \
READ csistoragecapacities @storage.k8s.io
system:kubelet-api-admin | | READ nodes; proxy nodes; * nodes/log,nodes/metrics,nodes/proxy,nodes/stats
system:monitoring | | get /healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*
system:node | | create tokenreviews @authentication.k8s.io; create localsubjectaccessreviews,subjectaccessreviews @authorization.k8s.io; \
READ services; create,get,list,watch nodes; patch,update nodes/status; patch,update nodes; create,patch,update events; READ pods; \
create,delete pods; patch,update pods/status; create pods/eviction; READ configmaps,secrets; get persistentvolumeclaims,persistentvolumes; \
get endpoints; create,get,list,watch certificatesigningrequests @certificates.k8s.io; \
create,delete,get,patch,update leases @coordination.k8s.io; get volumeattachments @storage.k8s.io; create serviceaccounts/token; \
get,patch,update persistentvolumeclaims/status; READ csidrivers @storage.k8s.io; \
create,delete,get,patch,update csinodes @storage.k8s.io; READ runtimeclasses @node.k8s.io
system:node-bootstrapper | | create,get,list,watch certificatesigningrequests @certificates.k8s.io
system:node-problem-detector | | get nodes; patch nodes/status; create,patch,update events @core,events.k8s.io
system:node-proxier | | list,watch endpoints,services; READ nodes; create,patch,update events @core,events.k8s.io; list,watch endpointslices @discovery.k8s.io
system:persistent-volume-provisioner | | create,delete,get,list,watch persistentvolumes; get,list,update,watch persistentvolumeclaims; \
READ storageclasses @storage.k8s.io; watch events; create,patch,update events @core,events.k8s.io
system:public-info-viewer | | get /healthz,/livez,/readyz,/version,/version/
system:service-account-issuer-discovery | | get /.well-known/openid-configuration,/openid/v1/jwks
system:volume-scheduler | | get,list,patch,update,watch persistentvolumes; READ storageclasses @storage.k8s.io; get,list,patch,update,watch persistentvolumeclaims
"""
_KUBEADM_ROLES = """
kubeadm:get-nodes | | get nodes
system:coredns | | list,watch endpoints,services,pods,namespaces; list,watch endpointslices @discovery.k8s.io
"""
# role | namespace | rules
_ROLES = """
extension-apiserver-authentication-reader | kube-system | READ configmaps #extension-apiserver-authentication
system::leader-locking-kube-controller-manager | kube-system | watch configmaps; get,update configmaps #kube-controller-manager
system::leader-locking-kube-scheduler | kube-system | watch configmaps; get,update configmaps #kube-scheduler
system:controller:bootstrap-signer | kube-system | READ secrets
system:controller:cloud-provider | kube-system | create,get,list,watch configmaps
system:controller:token-cleaner | kube-system | delete,get,list,watch secrets; create,patch,update events @core,events.k8s.io
system:controller:bootstrap-signer | kube-public | READ configmaps; update configmaps #cluster-info; create,patch,update events @core,events.k8s.io
"""
_KUBEADM_PUBLIC = "kubeadm:bootstrap-signer-clusterinfo | kube-public | get configmaps #cluster-info"
# binding | cluster role | subjects: U(ser), G(roup), S(erviceAccount in kube-system)
_CLUSTER_BINDINGS = """
cluster-admin | cluster-admin | G system:masters
system:basic-user | system:basic-user | G system:authenticated
system:discovery | system:discovery | G system:authenticated
system:kube-controller-manager | system:kube-controller-manager | U system:kube-controller-manager
system:kube-dns | system:kube-dns | S kube-dns
system:kube-scheduler | system:kube-scheduler | U system:kube-scheduler
system:monitoring | system:monitoring | G system:monitoring
system:node | system:node |
system:node-proxier | system:node-proxier | U system:kube-proxy
system:public-info-viewer | system:public-info-viewer | G system:authenticated, G system:unauthenticated
system:service-account-issuer-discovery | system:service-account-issuer-discovery | G system:serviceaccounts
system:volume-scheduler | system:volume-scheduler | U system:kube-scheduler
"""
_KUBEADM_BINDINGS = """
kubeadm:cluster-admins | cluster-admin | G kubeadm:cluster-admins
kubeadm:get-nodes | kubeadm:get-nodes | G system:bootstrappers:kubeadm:default-node-token
kubeadm:kubelet-bootstrap | system:node-bootstrapper | G system:bootstrappers:kubeadm:default-node-token
kubeadm:node-autoapprove-bootstrap | system:certificates.k8s.io:certificatesigningrequests:nodeclient | G system:bootstrappers:kubeadm:default-node-token
kubeadm:node-autoapprove-certificate-rotation | system:certificates.k8s.io:certificatesigningrequests:selfnodeclient | G system:nodes
kubeadm:node-proxier | system:node-proxier | S kube-proxy
system:coredns | system:coredns | S coredns
"""
# binding | namespace | role | subjects
_BINDINGS = """
system::extension-apiserver-authentication-reader | kube-system | extension-apiserver-authentication-reader | U system:kube-controller-manager, U system:kube-scheduler
system::leader-locking-kube-controller-manager | kube-system | system::leader-locking-kube-controller-manager | U system:kube-controller-manager, S kube-controller-manager
system::leader-locking-kube-scheduler | kube-system | system::leader-locking-kube-scheduler | U system:kube-scheduler, S kube-scheduler
system:controller:bootstrap-signer | kube-system | system:controller:bootstrap-signer | S bootstrap-signer
system:controller:cloud-provider | kube-system | system:controller:cloud-provider | S cloud-provider
system:controller:token-cleaner | kube-system | system:controller:token-cleaner | S token-cleaner
system:controller:bootstrap-signer | kube-public | system:controller:bootstrap-signer | S bootstrap-signer
"""
_KUBEADM_PUBLIC_BINDING = (
    "kubeadm:bootstrap-signer-clusterinfo | kube-public | kubeadm:bootstrap-signer-clusterinfo | U system:anonymous"
)


@lru_cache(maxsize=4)
def born(seed: int, timestamp: str) -> dict[str, dict[Key, Obj]]:
    """Resource → key → object, read only: copies and restored clusters share it. `seed` makes the uids, `timestamp` is when the API server first started."""
    tables: dict[str, dict[Key, Obj]] = {CLUSTER_ROLES: {}, CLUSTER_BINDINGS: {}, ROLES: {}, BINDINGS: {}}
    for resource, obj in _shared():
        metadata = obj["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        identity = {
            "uid": uid_of(f"{seed}/{resource}/{key[0]}/{key[1]}"),
            "resourceVersion": "1",
            "creationTimestamp": timestamp,
        }
        tables[resource][key] = {**obj, "metadata": {**metadata, **identity}}
    return tables


@lru_cache(maxsize=1)
def _shared() -> tuple[tuple[str, Obj], ...]:
    """What is the same in every cluster is made once and shared by all of them: stored objects never change."""
    return tuple(_objects())


def gathered(name: str, roles: dict[str, Obj], labels: str) -> list[Obj]:
    """The rules of the roles with this label, by name, each once."""
    rules: list[Obj] = []
    for other in sorted(roles):
        if other != name and (roles[other]["metadata"].get("labels") or {}).get(labels) == "true":
            rules += [rule for rule in roles[other].get("rules") or () if rule not in rules]
    return rules


def _objects() -> Iterator[tuple[str, Obj]]:
    defaults = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    roles = {name: _role("ClusterRole", name, labels, rules) for name, labels, rules in _cluster_roles(defaults)}
    for name in _GATHERED:
        label = _AGGREGATE + name
        upper = {"view": "edit", "edit": "admin"}.get(name)
        labels = {**defaults, **({_AGGREGATE + upper: "true"} if upper else {})}
        role = _role("ClusterRole", name, labels, gathered(name, roles, label))
        roles[name] = {**role, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {label: "true"}}]}}
    for cells in _rows(_KUBEADM_ROLES):
        roles[cells[0]] = _role("ClusterRole", cells[0], {}, _rules(cells[2]))
    for name in sorted(roles):
        yield CLUSTER_ROLES, roles[name]
    for text, labels in ((_ROLES, defaults), (_KUBEADM_PUBLIC, {})):
        for name, namespace, rules in _rows(text):
            yield ROLES, _role("Role", name, labels, _rules(rules), namespace)
    for text, labels in ((_CLUSTER_BINDINGS, defaults), (_KUBEADM_BINDINGS, {})):
        for name, role_name, subjects in _rows(text):
            yield CLUSTER_BINDINGS, _binding("ClusterRole", role_name, name, labels, subjects)
    for text, labels in ((_BINDINGS, defaults), (_KUBEADM_PUBLIC_BINDING, {})):
        for name, namespace, role_name, subjects in _rows(text):
            yield BINDINGS, _binding("Role", role_name, name, labels, subjects, namespace)


def cluster_role_rules(name: str) -> list[Obj]:
    """The rules of a default role, as the release has them and whatever became of it since."""
    return next(rules for role, _, rules in _cluster_roles({}) if role == name)


def _rows(text: str) -> Iterator[list[str]]:
    for line in text.strip().splitlines():
        yield [cell.strip() for cell in line.split("|")]


def _cluster_roles(defaults: dict[str, str]) -> Iterator[tuple[str, dict[str, str], list[Obj]]]:
    for name, target, rules in _rows(_CLUSTER_ROLES):
        yield name, {**defaults, **({_AGGREGATE + target: "true"} if target else {})}, _rules(rules)


def _role(kind: str, name: str, labels: dict[str, str], rules: list[Obj], namespace: str = "") -> Obj:
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": _metadata(name, labels, namespace), "rules": rules}


def _binding(kind: str, role: str, name: str, labels: dict[str, str], subjects: str, namespace: str = "") -> Obj:
    binding: Obj = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": _metadata(name, labels, namespace),
        "roleRef": {"apiGroup": GROUP, "kind": kind, "name": role},
    }
    if subjects:
        binding["subjects"] = [_subject(*one.split()) for one in subjects.split(",")]
    return binding


def _subject(letter: str, name: str) -> Obj:
    if letter == "S":
        return {"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}
    return {"apiGroup": GROUP, "kind": "User" if letter == "U" else "Group", "name": name}


def _metadata(name: str, labels: dict[str, str], namespace: str) -> Obj:
    metadata: Obj = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
        metadata["annotations"] = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
    return metadata


def _rules(text: str) -> list[Obj]:
    return [_rule(part.split()) for part in text.split(";")]


def _rule(words: list[str]) -> Obj:
    verbs, things, *rest = words
    rule: Obj = {"verbs": list(_SETS.get(verbs, verbs.split(",")))}
    if things.startswith("/"):
        rule["nonResourceURLs"] = ["*"] if things == "/*" else things.split(",")
        return rule
    groups = next((word[1:] for word in rest if word.startswith("@")), "core")
    rule["apiGroups"] = ["" if group == "core" else group for group in groups.split(",")]
    rule["resources"] = things.split(",")
    names = next((word[1:] for word in rest if word.startswith("#")), "")
    if names:
        rule["resourceNames"] = names.split(",")
    return rule


def uid_of(text: str) -> str:
    """In the form of a random (version 4) UUID."""
    digits = blake2b(text.encode(), digest_size=16).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
