"""The steps that touch every resource: namespace, prefix and suffix, labels, annotations, replicas and images."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.errors import CommandError
from simulator.kubectl.kustomize.field_specs import (
    ANNOTATIONS,
    METADATA_LABELS,
    REPLICAS,
    SELECTOR_LABELS,
    TEMPLATE_LABELS,
    UNPREFIXED,
    FieldSpec,
    change,
)
from simulator.kubectl.kustomize.resource import Resource

_BINDINGS = ("RoleBinding", "ClusterRoleBinding")


def set_namespace(resources: Sequence[Resource], namespace: str) -> None:
    """Everything that lives in a namespace, the Namespace itself, and what names the default ServiceAccount."""
    for resource in resources:
        resource.remember()
        metadata = resource.obj.setdefault("metadata", {})
        if resource.kind == "Namespace" and not resource.group:
            metadata["name"] = namespace
        elif resource.is_namespaced:
            metadata["namespace"] = namespace
        if resource.kind in _BINDINGS:
            for subject in resource.obj.get("subjects") or ():
                if subject.get("kind") == "ServiceAccount" and subject.get("name") == "default":
                    subject["namespace"] = namespace
        change(
            resource.obj,
            FieldSpec("spec/service/namespace", "APIService", "apiregistration.k8s.io", create=True),
            lambda _: namespace,
        )
    _refuse_clashes(resources)


def _refuse_clashes(resources: Sequence[Resource]) -> None:
    seen: set[tuple[str, ...]] = set()
    for resource in resources:
        if resource.key() in seen:
            raise CommandError(f"namespace transformation produces ID conflict: {_ids(resources, resource)}")
        seen.add(resource.key())


def _ids(resources: Sequence[Resource], clash: Resource) -> str:
    return "[" + " ".join(one.id() for one in resources if one.key() == clash.key()) + "]"


def add_affix(resources: Sequence[Resource], prefix: str, suffix: str) -> None:
    for resource in resources:
        if resource.kind in UNPREFIXED:
            continue
        resource.remember()
        resource.affixes.append((prefix, suffix))
        resource.obj["metadata"]["name"] = f"{prefix}{resource.name}{suffix}"


def add_labels(resources: Sequence[Resource], labels: Obj, specs: Sequence[FieldSpec]) -> None:
    for resource in resources:
        for spec in specs:
            change(resource.obj, spec, _adding(labels))


def _adding(entries: Obj) -> Callable[[Any], Any]:
    return lambda found: {**(found if isinstance(found, dict) else {}), **entries}


def add_annotations(resources: Sequence[Resource], annotations: Obj) -> None:
    add_labels(resources, annotations, ANNOTATIONS)


def label_specs(entry: Obj) -> tuple[FieldSpec, ...]:
    """The fields of one entry of `labels`."""
    own = tuple(
        FieldSpec(
            field.get("path", ""), field.get("kind", ""), field.get("group", ""), create=bool(field.get("create"))
        )
        for field in entry.get("fields") or ()
    )
    if entry.get("includeSelectors"):
        return (*own, *SELECTOR_LABELS)
    templates = TEMPLATE_LABELS if entry.get("includeTemplates") else ()
    return (*own, *templates, *METADATA_LABELS)


def set_replicas(resources: Sequence[Resource], entry: Obj) -> None:
    name, count = entry.get("name", ""), entry.get("count", 0)
    found = [
        resource
        for resource in resources
        if resource.kind in REPLICAS and any(known == name for _, known in resource.names())
    ]
    if not found:
        kinds = " ".join(f"{kind}.[noVer].[noGrp]" for kind in REPLICAS)
        raise CommandError(f"resource with name {name} does not match a config with the following GVK [{kinds}]")
    for resource in found:
        resource.obj.setdefault("spec", {})["replicas"] = count


def set_image(resources: Sequence[Resource], entry: Obj) -> None:
    """Wherever containers are listed, however deep, not in CustomResourceDefinitions; then once more in pods and templates.

    Both passes are Kustomize's; only a `tagSuffix` shows that there are two.
    """
    for resource in resources:
        if resource.kind != "CustomResourceDefinition":
            _set_images(resource.obj, entry)
        for path in _IMAGE_PATHS:
            change(resource.obj, FieldSpec(path), lambda image: image_with(image, entry) if image else image)


_IMAGE_PATHS = tuple(
    f"{where}/{containers}/image"
    for where in ("spec", "spec/template/spec")
    for containers in ("containers", "initContainers")
)


def _set_images(node: Any, entry: Obj) -> None:
    if isinstance(node, list):
        for item in node:
            _set_images(item, entry)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in ("containers", "initContainers") and isinstance(value, list):
                for container in value:
                    if isinstance(container, dict) and isinstance(container.get("image"), str):
                        container["image"] = image_with(container["image"], entry)
            _set_images(value, entry)


def image_with(image: str, entry: Obj) -> str:
    """The image, changed when the entry is about it."""
    wanted = str(entry.get("name") or "")
    if not re.fullmatch(re.escape(wanted) + r"(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?", image):
        return image
    name, tag, digest = _split(image)
    name = entry.get("newName") or name
    if entry.get("newTag") and entry.get("digest"):
        return f"{name}:{entry['newTag']}@{entry['digest']}"
    if entry.get("newTag"):
        tag, digest = str(entry["newTag"]), ""
    elif entry.get("digest"):
        tag, digest = "", str(entry["digest"])
    elif entry.get("tagSuffix"):
        tag, digest = tag + str(entry["tagSuffix"]), ""
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def _split(image: str) -> tuple[str, str, str]:
    rest, _, digest = image.partition("@")
    at = rest.rfind(":")
    if at > rest.rfind("/"):
        return rest[:at], rest[at + 1 :], digest
    return rest, "", digest
