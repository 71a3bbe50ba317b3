"""Under which key etcd holds an object: `/registry/secrets/default/db`.

The resource prefixes of kube-apiserver (`pkg/kubeapiserver/default_storage_factory_builder.go`, `pkg/registry/*/storage`): most
built-in kinds go by their plural alone, a few by older names, and groups served by extensions carry the group.
"""

from simulator.machinery.store import Key

ROOT = "/registry"
_OLD_NAMES = {
    "nodes": "minions",
    "replicationcontrollers": "controllers",
    "services": "services/specs",
    "endpoints": "services/endpoints",
    "ingresses.networking.k8s.io": "ingress",
}
#: Groups of the API server itself, whose kinds go by their plural.
_PLAIN_GROUPS = (
    "",
    "apps",
    "batch",
    "autoscaling",
    "policy",
    "networking.k8s.io",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "admissionregistration.k8s.io",
    "certificates.k8s.io",
    "node.k8s.io",
    "flowcontrol.apiserver.k8s.io",
)


def prefix_of(resource: str) -> str:
    """`/registry/deployments`, or `/registry/stable.example.com/crontabs` for what an extension serves."""
    plural, _, group = resource.partition(".")
    if resource in _OLD_NAMES:
        return f"{ROOT}/{_OLD_NAMES[resource]}"
    return f"{ROOT}/{plural}" if group in _PLAIN_GROUPS else f"{ROOT}/{group}/{plural}"


def key_of(resource: str, key: Key) -> str:
    return "/".join((prefix_of(resource), *(part for part in key if part)))
