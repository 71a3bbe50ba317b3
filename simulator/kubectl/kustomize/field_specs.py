"""Where the fields are that a build changes, and how one is found: `spec/template/metadata/labels`, through lists too.

The tables hold what `api/internal/konfig/builtinpluginconsts` of Kustomize lists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.engine.plain import Obj

CLUSTER_SCOPED = frozenset(
    (
        "APIService", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding", "ComponentStatus", "CSIDriver",
        "CSINode", "CustomResourceDefinition", "FlowSchema", "IngressClass", "MutatingWebhookConfiguration", "Namespace",
        "Node", "PersistentVolume", "PodSecurityPolicy", "PriorityClass", "PriorityLevelConfiguration", "RuntimeClass",
        "SelfSubjectAccessReview", "SelfSubjectRulesReview", "StorageClass", "SubjectAccessReview", "TokenReview",
        "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
        "VolumeAttachment",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A path in objects of one kind; `create`: the way there is made when it is missing."""

    path: str
    kind: str = ""
    group: str = ""
    create: bool = False

    def fits(self, obj: Obj) -> bool:
        group = str(obj.get("apiVersion") or "").rpartition("/")[0]
        return self.kind in ("", obj.get("kind")) and self.group in ("", group)


def change(obj: Obj, spec: FieldSpec, to: Callable[[Any], Any]) -> None:
    """Replace what stands at the path by `to(it)`, wherever that is; None stands for nothing there."""
    if spec.fits(obj):
        _change(obj, steps_of(spec.path), to, create=spec.create)


def steps_of(path: str) -> list[str]:
    """A slash inside a name is written with a backslash before it."""
    return [step.replace("\0", "/") for step in path.replace("\\/", "\0").split("/")]


def _change(node: Any, steps: Sequence[str], to: Callable[[Any], Any], *, create: bool) -> None:
    if isinstance(node, list):
        for item in node:
            _change(item, steps, to, create=create)
        return
    if not isinstance(node, dict):
        return
    name, rest = steps[0].removesuffix("[]"), steps[1:]
    if name not in node or node[name] is None:
        if not create or steps[0].endswith("[]"):
            return
        if rest:
            node[name] = {}
    if rest or (isinstance(node.get(name), list) and steps[0].endswith("[]")):
        _change(node[name], rest, to, create=create)
    else:
        node[name] = to(node.get(name))


_TEMPLATED = ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "ReplicationController")
_GROUPS = {"StatefulSet": "apps", "Job": "batch", "CronJob": "batch"}


def _spec(kind: str, path: str, *, create: bool = True, group: str = "") -> FieldSpec:
    return FieldSpec(path, kind, group or _GROUPS.get(kind, ""), create)


METADATA_LABELS = (FieldSpec("metadata/labels", create=True),)
TEMPLATE_LABELS = (
    *(_spec(kind, "spec/template/metadata/labels") for kind in _TEMPLATED),
    _spec("CronJob", "spec/jobTemplate/metadata/labels"),
    _spec("CronJob", "spec/jobTemplate/spec/template/metadata/labels"),
    _spec("StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels"),
)
_AFFINITIES = tuple(
    f"spec/template/spec/affinity/{affinity}/{rest}/labelSelector/matchLabels"
    for affinity in ("podAffinity", "podAntiAffinity")
    for rest in (
        "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm",
        "requiredDuringSchedulingIgnoredDuringExecution",
    )
)
SELECTOR_LABELS = (
    *METADATA_LABELS,
    *TEMPLATE_LABELS,
    _spec("Service", "spec/selector"),
    _spec("ReplicationController", "spec/selector"),
    *(_spec(kind, "spec/selector/matchLabels") for kind in ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet")),
    *(
        _spec(kind, path, create=False, group="apps")
        for kind in ("Deployment", "StatefulSet")
        for path in (*_AFFINITIES, "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels")
    ),
    _spec("Job", "spec/selector/matchLabels", create=False),
    _spec("CronJob", "spec/jobTemplate/spec/selector/matchLabels", create=False),
    _spec("PodDisruptionBudget", "spec/selector/matchLabels", create=False, group="policy"),
    *(
        _spec("NetworkPolicy", path, create=False, group="networking.k8s.io")
        for path in (
            "spec/podSelector/matchLabels",
            "spec/ingress/from/podSelector/matchLabels",
            "spec/egress/to/podSelector/matchLabels",
        )
    ),
)
ANNOTATIONS = (
    FieldSpec("metadata/annotations", create=True),
    *(_spec(kind, "spec/template/metadata/annotations") for kind in _TEMPLATED),
    _spec("CronJob", "spec/jobTemplate/metadata/annotations"),
    _spec("CronJob", "spec/jobTemplate/spec/template/metadata/annotations"),
)
REPLICAS = ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController")
#: Kinds whose names carry no prefix and no suffix.
UNPREFIXED = ("CustomResourceDefinition", "APIService", "Namespace")
