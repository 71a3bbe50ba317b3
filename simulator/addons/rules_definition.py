"""The rule controller as something to install: its kind and its Deployment (`docs/rules.md`)."""

from typing import Any

Obj = dict[str, Any]
IMAGE = "docker.io/drydock/rule-controller"
_FREE: Obj = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_TEXT: Obj = {"type": "string", "minLength": 1}
_SUBJECT: Obj = {
    "type": "object",
    "required": ["apiVersion", "kind"],
    "properties": {"apiVersion": _TEXT, "kind": _TEXT},
}
_SPEC: Obj = {
    "type": "object",
    "required": ["for"],
    "properties": {
        "for": _SUBJECT,
        "finalizer": {"type": "string", "pattern": "^[a-z0-9.-]+/[a-z0-9.-]+$"},
        "make": {"type": "array", "maxItems": 16, "items": {**_FREE, "required": ["apiVersion", "kind", "metadata"]}},
        "status": _FREE,
        "conditions": {"type": "array", "maxItems": 8, "items": {**_FREE, "required": ["type"]}},
    },
}


def rule_controller() -> list[Obj]:
    """A kind for rules, and the controller that follows them."""
    labels = {"app.kubernetes.io/name": "rule-controller"}
    where = {"name": "rule-controller", "namespace": "rule-controller", "labels": labels}
    container = {"name": "rule-controller", "image": f"{IMAGE}:1.0"}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "rule-controller"}},
        _definition(),
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": where, "spec": spec},
    ]


def _definition() -> Obj:
    group = "rules.drydock.example"
    columns = [
        {"name": "For", "type": "string", "jsonPath": ".spec.for.kind"},
        {"name": "Makes", "type": "string", "jsonPath": ".spec.make[*].kind"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {"spec": _SPEC}}},
        "additionalPrinterColumns": columns,
    }
    names = {
        "kind": "ControllerRule",
        "plural": "controllerrules",
        "singular": "controllerrule",
        "shortNames": ["rule"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"controllerrules.{group}"},
        "spec": {"group": group, "scope": "Cluster", "names": names, "versions": [version]},
    }
