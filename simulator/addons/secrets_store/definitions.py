"""What the driver's and the provider's release files bring: two kinds, a CSIDriver, accounts, a DaemonSet each."""

from typing import Any

Obj = dict[str, Any]
GROUP = "secrets-store.csi.x-k8s.io"
DRIVER = "secrets-store.csi.k8s.io"
DRIVER_IMAGE = "registry.k8s.io/csi-secrets-store/driver"
PROVIDER_IMAGE = "docker.io/hashicorp/vault-csi-provider"
_TEXT: Obj = {"type": "string"}
_TEXTS: Obj = {"type": "object", "additionalProperties": _TEXT}


def _list(**properties: Obj) -> Obj:
    return {"type": "array", "items": {"type": "object", "properties": properties}}


_SECRET_OBJECTS = _list(
    secretName=_TEXT, type=_TEXT, labels=_TEXTS, annotations=_TEXTS, data=_list(key=_TEXT, objectName=_TEXT)
)
_SCHEMAS: dict[str, Obj] = {
    "secretproviderclasses": {
        "spec": {
            "type": "object",
            "properties": {"provider": _TEXT, "parameters": _TEXTS, "secretObjects": _SECRET_OBJECTS},
        }
    },
    "secretproviderclasspodstatuses": {
        "status": {
            "type": "object",
            "properties": {
                "mounted": {"type": "boolean"},
                "objects": _list(id=_TEXT, version=_TEXT),
                "podName": _TEXT,
                "secretProviderClassName": _TEXT,
                "targetPath": _TEXT,
            },
        }
    },
}
_KINDS = {
    "secretproviderclasses": "SecretProviderClass",
    "secretproviderclasspodstatuses": "SecretProviderClassPodStatus",
}


def definition(plural: str) -> Obj:
    kind = _KINDS[plural]
    schema = {"type": "object", "properties": _SCHEMAS[plural]}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def csi_driver() -> list[Obj]:
    spec = {"attachRequired": False, "podInfoOnMount": True, "volumeLifecycleModes": ["Ephemeral"]}
    return [{"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": DRIVER}, "spec": spec}]


def account() -> list[Obj]:
    return [_account("secrets-store-csi-driver", "kube-system")]


def driver(release: str) -> list[Obj]:
    """`deploy/secrets-store-csi-driver.yaml`: secrets are not rotated unless its flag says so."""
    args = ["--endpoint=$(CSI_ENDPOINT)", "--nodeid=$(KUBE_NODE_NAME)", "--metrics-addr=:8095"]
    env = [
        {"name": "CSI_ENDPOINT", "value": "unix:///csi/csi.sock"},
        {"name": "KUBE_NODE_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}}},
    ]
    container = {"name": "secrets-store", "image": f"{DRIVER_IMAGE}:{release}", "args": args, "env": env}
    return [
        _daemon_set(
            "csi-secrets-store", "kube-system", {"app": "csi-secrets-store"}, "secrets-store-csi-driver", container
        )
    ]


def provider(release: str) -> list[Obj]:
    """`deployment/vault-csi-provider.yaml`."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "csi"}}
    labels = {"app.kubernetes.io/name": "vault-csi-provider"}
    args = ["-endpoint=/provider/vault.sock"]
    container = {"name": "provider-vault-installer", "image": f"{PROVIDER_IMAGE}:{release}", "args": args}
    return [
        namespace,
        _account("vault-csi-provider", "csi"),
        _daemon_set("vault-csi-provider", "csi", labels, "vault-csi-provider", container),
    ]


def _account(name: str, namespace: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}


def _daemon_set(name: str, namespace: str, labels: dict[str, str], account: str, container: Obj) -> Obj:
    spec = {
        "serviceAccountName": account,
        "tolerations": [{"operator": "Exists"}],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    }
