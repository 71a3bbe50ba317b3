"""What stands behind which command when words are completed: sorts of objects, and values of flags.

`kubectl/pkg/util/completion` and the `ValidArgsFunction` of each command, compared with `kubectl __complete` of v1.33. Where that one has nothing
to offer although the cluster knows (`wait`, `certificate approve`, `explain`), the cluster is asked.
"""

_SCALED = ("deployment", "replicaset", "replicationcontroller", "statefulset")
_ROLLED = ("deployment", "daemonset", "statefulset")
#: The only types that make sense behind a command.
TYPES: dict[tuple[str, ...], tuple[str, ...]] = {
    **{("rollout", name): _ROLLED for name in ("history", "restart", "status", "undo")},
    **{("rollout", name): ("deployment",) for name in ("pause", "resume")},
    ("scale",): _SCALED,
    ("autoscale",): _SCALED,
    ("expose",): ("pod", "service", "replicationcontroller", "deployment", "replicaset"),
    ("taint",): ("node",),
}
#: Commands whose first word is the name of an object of this type.
NAMES: dict[tuple[str, ...], str] = {
    **{(name,): "pods" for name in ("attach", "cp", "exec", "logs", "port-forward")},
    ("top", "pod"): "pods",
    **{(name,): "nodes" for name in ("cordon", "drain", "uncordon")},
    ("top", "node"): "nodes",
    ("create", "token"): "serviceaccounts",
    ("certificate", "approve"): "certificatesigningrequests",
    ("certificate", "deny"): "certificatesigningrequests",
}
#: Of those, commands that take several names.
SEVERAL = frozenset({("cordon",), ("drain",), ("uncordon",), ("certificate", "approve"), ("certificate", "deny")})
#: Of those, commands that find a pod through what owns it.
THROUGH_OWNERS = frozenset({("attach",), ("exec",), ("logs",), ("port-forward",)})
OWNERS = (
    "daemonsets/",
    "deployments/",
    "pods/",
    "jobs/",
    "replicasets/",
    "replicationcontrollers/",
    "services/",
    "statefulsets/",
)
#: Parts of a kubeconfig.
ENTRIES: dict[tuple[str, ...], str] = {
    **{("config", name): "contexts" for name in ("delete-context", "rename-context", "set-context", "use-context")},
    **{("config", name): "clusters" for name in ("delete-cluster", "set-cluster")},
    **{("config", name): "users" for name in ("delete-user", "set-credentials")},
}
#: Commands that take no types.
WITHOUT_TYPES = frozenset(
    {
        ("api-resources",), ("api-versions",), ("apply",), ("auth", "can-i"), ("auth", "reconcile"), ("auth", "whoami"), ("cluster-info",),
        ("create",), ("diff",), ("events",), ("kustomize",), ("options",), ("proxy",), ("replace",), ("run",), ("version",),
    }
)  # fmt: skip
_FORMATS = (
    "json", "yaml", "name", "wide", "jsonpath=", "custom-columns=", "go-template=", "jsonpath-as-json=", "jsonpath-file=",
    "custom-columns-file=", "go-template-file=",
)  # fmt: skip
#: Values of flags, by name; those of one command stand below `command flag`.
VALUES: dict[str, tuple[str, ...]] = {
    "output": _FORMATS,
    "dry-run": ("client", "server", "none"),
    "cascade": ("background", "foreground", "orphan"),
    "type": ("ClusterIP", "NodePort", "LoadBalancer"),
    "patch type": ("json", "merge", "strategic"),
    "for": ("condition=Ready", "condition=Available", "condition=Complete", "create", "delete", "jsonpath="),
    "restart": ("Always", "OnFailure", "Never"),
    "subresource": ("status", "scale", "resize"),
    "validate": ("strict", "warn", "ignore"),
    "profile": ("general", "baseline", "restricted", "netadmin", "sysadmin", "legacy"),
    "types": ("Normal", "Warning"),
    "api-resources sort-by": ("name", "kind"),
    "top sort-by": ("cpu", "memory"),
    "image-pull-policy": ("Always", "IfNotPresent", "Never"),
}
#: Flags whose values are entries of the kubeconfig.
ENTRY_FLAGS = {"context": "contexts", "cluster": "clusters", "user": "users"}
