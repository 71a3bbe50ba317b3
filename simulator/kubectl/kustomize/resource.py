"""A resource on its way through a build: the object, and what later steps must know of its past.

Every name an object had is kept, because other objects refer to it by one of those (`references.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.engine.plain import Obj
from simulator.kubectl.errors import CommandError
from simulator.kubectl.kustomize.field_specs import CLUSTER_SCOPED


@dataclass(slots=True)
class Resource:
    obj: Obj
    needs_hash: bool = False
    behavior: str = ""
    """What a generator asked for: `create`, `merge` or `replace`."""
    past: list[tuple[str, str]] = field(default_factory=list)
    """Namespaces and names it had before, oldest first."""
    affixes: list[tuple[str, str]] = field(default_factory=list)
    """`(prefix, "")` and `("", suffix)` of each layer, innermost first."""

    @property
    def kind(self) -> str:
        return str(self.obj.get("kind") or "")

    @property
    def group(self) -> str:
        return str(self.obj.get("apiVersion") or "").rpartition("/")[0]

    @property
    def version(self) -> str:
        return str(self.obj.get("apiVersion") or "").rpartition("/")[2]

    @property
    def name(self) -> str:
        return str((self.obj.get("metadata") or {}).get("name") or "")

    @property
    def namespace(self) -> str:
        return str((self.obj.get("metadata") or {}).get("namespace") or "")

    @property
    def is_namespaced(self) -> bool:
        return self.kind not in CLUSTER_SCOPED

    def remember(self) -> None:
        """Keep the present name before it changes."""
        now = (self.namespace, self.name)
        if now not in self.past[-1:]:
            self.past.append(now)

    def names(self) -> list[tuple[str, str]]:
        return [*self.past, (self.namespace, self.name)]

    def first_name(self) -> tuple[str, str]:
        return self.names()[0]

    def id(self) -> str:
        return id_text(self.kind, self.version, self.group, self.name, self.namespace)

    def key(self) -> tuple[str, str, str, str, str]:
        """What makes two resources the same one."""
        return self.group, self.version, self.kind, self.namespace or "default", self.name


def id_text(kind: str, version: str, group: str, name: str, namespace: str) -> str:
    return (
        f"{kind or '[noKind]'}.{version or '[noVer]'}.{group or '[noGrp]'}/{name or '[noName]'}.{namespace or '[noNs]'}"
    )


def add(resources: list[Resource], new: Resource) -> None:
    """Put one more among the others; the same one twice is refused."""
    if any(known.key() == new.key() for known in resources):
        raise CommandError(f"may not add resource with an already registered id: {new.id()}")
    resources.append(new)


#: Kinds in the order in which they are printed: what others need comes first.
_FIRST = (
    "Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount", "PodSecurityPolicy", "Role",
    "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret", "Endpoints", "Service", "LimitRange",
    "PriorityClass", "PersistentVolume", "PersistentVolumeClaim", "Deployment", "StatefulSet", "CronJob",
    "PodDisruptionBudget",
)  # fmt: skip
_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


def in_order(resources: list[Resource]) -> list[Resource]:
    return sorted(resources, key=_rank)


def _rank(resource: Resource) -> tuple[int, str, str, str]:
    if resource.kind in _FIRST:
        place = _FIRST.index(resource.kind) - len(_FIRST)
    else:
        place = 1 + _LAST.index(resource.kind) if resource.kind in _LAST else 0
    # A tilde stands for what is missing and sorts behind every letter.
    kind = f"{resource.group or '~G'}_{resource.version or '~V'}_{resource.kind}"
    return place, kind, resource.namespace or "~X", resource.name
