"""Names by which objects refer to each other, brought up to date after prefixes, suffixes and hashes changed them.

The table is that of Kustomize's `namereference.go`: for each kind referred to, the kinds and paths that do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from simulator.kubectl.errors import CommandError
from simulator.kubectl.kustomize.field_specs import FieldSpec, change
from simulator.kubectl.kustomize.resource import Resource

_POD_PATHS = {
    "Pod": "spec",
    "PodTemplate": "template/spec",
    "Deployment": "spec/template/spec",
    "ReplicaSet": "spec/template/spec",
    "DaemonSet": "spec/template/spec",
    "StatefulSet": "spec/template/spec",
    "Job": "spec/template/spec",
    "CronJob": "spec/jobTemplate/spec/template/spec",
}
_WITHOUT_REPLICA_SET = ("Pod", "StatefulSet", "Deployment", "ReplicationController", "CronJob", "Job", "DaemonSet")


def _in_pods(*paths: str) -> Iterator[FieldSpec]:
    return (FieldSpec(f"{where}/{path}", kind) for kind, where in _POD_PATHS.items() for path in paths)


def _in_some_pods(path: str) -> Iterator[FieldSpec]:
    paths = {**_POD_PATHS, "ReplicationController": "spec/template/spec"}
    return (FieldSpec(f"{paths[kind]}/{path}", kind) for kind in _WITHOUT_REPLICA_SET)


def _of(path: str, *kinds: str, group: str = "") -> Iterator[FieldSpec]:
    return (FieldSpec(path, kind, group) for kind in kinds)


def _both(path: str) -> tuple[str, str]:
    return f"containers/{path}", f"initContainers/{path}"


_RBAC = "rbac.authorization.k8s.io"
_NGINX = "metadata/annotations/nginx.ingress.kubernetes.io\\/"

REFERENCES: dict[str, tuple[FieldSpec, ...]] = {
    **{
        kind: tuple(_of("spec/scaleTargetRef/name", "HorizontalPodAutoscaler"))
        for kind in ("Deployment", "ReplicationController", "ReplicaSet", "StatefulSet")
    },
    "ConfigMap": (
        *_in_pods(
            "volumes/configMap/name",
            "volumes/projected/sources/configMap/name",
            *_both("env/valueFrom/configMapKeyRef/name"),
            *_both("envFrom/configMapRef/name"),
        ),
        *_of("spec/configSource/configMap", "Node"),
        *_of("rules/resourceNames", "Role", "ClusterRole"),
        *_of(_NGINX + "fastcgi-params-configmap", "Ingress"),
    ),
    "Secret": (
        *_in_pods(
            "volumes/secret/secretName",
            "volumes/projected/sources/secret/name",
            "imagePullSecrets/name",
            *_both("env/valueFrom/secretKeyRef/name"),
            *_both("envFrom/secretRef/name"),
        ),
        *_of("spec/tls/secretName", "Ingress"),
        *_of("metadata/annotations/ingress.kubernetes.io\\/auth-secret", "Ingress"),
        *_of(_NGINX + "auth-secret", "Ingress"),
        *_of(_NGINX + "auth-tls-secret", "Ingress"),
        *_of("imagePullSecrets/name", "ServiceAccount"),
        *_of("parameters/secretName", "StorageClass"),
        *_of("parameters/adminSecretName", "StorageClass"),
        *_of("parameters/userSecretName", "StorageClass"),
        *_of("parameters/secretRef", "StorageClass"),
        *_of("rules/resourceNames", "Role", "ClusterRole"),
        *_of("spec/azureFile/secretName", "PersistentVolume"),
    ),
    "Service": (
        *_of("spec/serviceName", "StatefulSet", group="apps"),
        *_of("spec/rules/http/paths/backend/serviceName", "Ingress"),
        *_of("spec/backend/serviceName", "Ingress"),
        *_of("spec/rules/http/paths/backend/service/name", "Ingress"),
        *_of("spec/defaultBackend/service/name", "Ingress"),
        *_of("spec/service/name", "APIService", group="apiregistration.k8s.io"),
        *_of(
            "webhooks/clientConfig/service",
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
            group="admissionregistration.k8s.io",
        ),
        *_of("spec/rules/backendRefs/name", "HTTPRoute"),
    ),
    "Role": tuple(_of("roleRef/name", "RoleBinding", group=_RBAC)),
    "ClusterRole": tuple(_of("roleRef/name", "RoleBinding", "ClusterRoleBinding", group=_RBAC)),
    "ServiceAccount": (
        *_of("subjects", "RoleBinding", "ClusterRoleBinding", group=_RBAC),
        *_in_some_pods("serviceAccountName"),
    ),
    "PersistentVolumeClaim": tuple(_in_some_pods("volumes/persistentVolumeClaim/claimName")),
    "PersistentVolume": (
        *_of("spec/volumeName", "PersistentVolumeClaim"),
        *_of("rules/resourceNames", "ClusterRole"),
    ),
    "StorageClass": (
        *_of("spec/storageClassName", "PersistentVolume", "PersistentVolumeClaim"),
        *_of("spec/volumeClaimTemplates/spec/storageClassName", "StatefulSet"),
    ),
    "PriorityClass": tuple(_in_some_pods("priorityClassName")),
    "IngressClass": tuple(_of("spec/ingressClassName", "Ingress")),
}


def fix_references(resources: Sequence[Resource]) -> None:
    """Let every reference name its object as that is called now."""
    for kind, specs in REFERENCES.items():
        targets = [resource for resource in resources if resource.kind == kind]
        if not targets:
            continue
        for referrer in resources:
            for spec in specs:
                change(referrer.obj, spec, partial(_updated, referrer=referrer, targets=targets))


def _updated(found: Any, referrer: Resource, targets: Sequence[Resource]) -> Any:
    if isinstance(found, str):
        target = _target(found, referrer, targets, referrer.first_name()[0])
        return found if target is None else target.name
    if isinstance(found, list):
        return [_updated(one, referrer, targets) for one in found]
    if isinstance(found, dict):
        return _updated_subject(found, referrer, targets)
    return found


def _updated_subject(found: dict[str, Any], referrer: Resource, targets: Sequence[Resource]) -> Any:
    """A subject of a binding, or the service of a webhook: it may name a namespace. Its kind does not count upstream either."""
    if not isinstance(found.get("name"), str):
        return found
    namespace = found.get("namespace")
    if namespace:
        targets = [target for target in targets if (namespace, found["name"]) in target.names()]
    target = _target(found["name"], referrer, targets, str(namespace or ""))
    if target is None:
        return found
    return {**found, "name": target.name, **({"namespace": target.namespace} if target.namespace else {})}


def _target(name: str, referrer: Resource, targets: Sequence[Resource], namespace: str) -> Resource | None:
    """The object that once had this name: one of the referrer's own layer before any other."""
    found = [target for target in targets if any(known == name for _, known in target.names())]
    if any(target.is_namespaced for target in found):
        found = [target for target in found if _shares_namespace(target, name, referrer, namespace)] or found
    for same in (_same_affixes, _enclosing_affixes):
        if len(found) > 1:
            found = [target for target in found if same(referrer, target)] or found
    if len(found) > 1 and len({target.name for target in found}) > 1:
        ids = ", ".join(target.id() for target in found)
        raise CommandError(f"updating name reference: found multiple possible referrals: {ids}")
    return found[0] if found else None


def _shares_namespace(target: Resource, name: str, referrer: Resource, namespace: str) -> bool:
    past = {space or "default" for space, known in target.names() if known == name}
    return (namespace or "default") in past or (target.namespace or "default") == (referrer.namespace or "default")


def _same_affixes(referrer: Resource, target: Resource) -> bool:
    return referrer.affixes == target.affixes


def _enclosing_affixes(referrer: Resource, target: Resource) -> bool:
    return not referrer.affixes or target.affixes[-len(referrer.affixes) :] == referrer.affixes
