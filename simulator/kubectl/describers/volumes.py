"""Volume sources, in pods, pod templates and PersistentVolumes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.describers.page import Page
from simulator.machinery import go_text, quantities

_Lines = Sequence[tuple[str, str]]


def describe_volumes(page: Page, volumes: Sequence[Obj], *, space: str = "") -> None:
    if not volumes:
        page.raw(f"{space}Volumes:\t<none>\n")
        return
    page.raw(f"{space}Volumes:\n")
    for volume in volumes:
        page.line(1, f"{' ' if space else ''}{volume['name']}:")
        describe_volume_source(page, volume)


def describe_volume_source(page: Page, volume: Mapping[str, Any]) -> None:
    """The lines of a volume source, in a pod or a PersistentVolume."""
    for field, lines in _SOURCES.items():
        if field in volume:
            for name, text in lines(volume[field] or {}):
                page.line(2, f"{name}:\t{text}" if name else text)
            return
    page.line(1, "<unknown>")


def _host_path(source: Obj) -> _Lines:
    kind = source.get("type", "<none>")
    return (
        ("Type", "HostPath (bare host directory volume)"),
        ("Path", source.get("path", "")),
        ("HostPathType", kind),
    )


def _empty_dir(source: Obj) -> _Lines:
    limit = source.get("sizeLimit")
    return (
        ("Type", "EmptyDir (a temporary directory that shares a pod's lifetime)"),
        ("Medium", source.get("medium", "")),
        ("SizeLimit", quantities.canonical(str(limit)) if limit and str(limit) != "0" else "<unset>"),
    )


def _optional(source: Obj) -> str:
    return go_text.value(bool(source.get("optional")))


def _secret(source: Obj) -> _Lines:
    return (
        ("Type", "Secret (a volume populated by a Secret)"),
        ("SecretName", source.get("secretName", "")),
        ("Optional", _optional(source)),
    )


def _config_map(source: Obj) -> _Lines:
    return (
        ("Type", "ConfigMap (a volume populated by a ConfigMap)"),
        ("Name", source.get("name", "")),
        ("Optional", _optional(source)),
    )


def _claim(source: Obj) -> _Lines:
    return (
        ("Type", "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)"),
        ("ClaimName", source.get("claimName", "")),
        ("ReadOnly", go_text.value(bool(source.get("readOnly")))),
    )


def _projected(source: Obj) -> _Lines:
    lines: list[tuple[str, str]] = [("Type", "Projected (a volume that contains injected data from multiple sources)")]
    for part in source.get("sources") or ():
        if "secret" in part:
            lines += [("SecretName", part["secret"].get("name", "")), ("Optional", _optional(part["secret"]))]
        elif "downwardAPI" in part:
            lines.append(("DownwardAPI", "true"))
        elif "configMap" in part:
            lines += [("ConfigMapName", part["configMap"].get("name", "")), ("Optional", _optional(part["configMap"]))]
        elif "serviceAccountToken" in part:
            seconds = part["serviceAccountToken"].get("expirationSeconds", 3600)
            lines.append(("TokenExpirationSeconds", str(seconds)))
    return lines


def _downward(source: Obj) -> _Lines:
    lines: list[tuple[str, str]] = [
        ("Type", "DownwardAPI (a volume populated by information about the pod)"),
        ("", "Items:"),
    ]
    for item in source.get("items") or ():
        reference = item.get("fieldRef", {}).get("fieldPath") or item.get("resourceFieldRef", {}).get("resource", "")
        lines.append(("", f"  {reference} -> {item.get('path', '')}"))
    return lines


def _nfs(source: Obj) -> _Lines:
    return (
        ("Type", "NFS (an NFS mount that lasts the lifetime of a pod)"),
        ("Server", source.get("server", "")),
        ("Path", source.get("path", "")),
        ("ReadOnly", go_text.value(bool(source.get("readOnly")))),
    )


def _local(source: Obj) -> _Lines:
    return (
        ("Type", "LocalVolume (a persistent volume backed by local storage on a node)"),
        ("Path", source.get("path", "")),
    )


def _csi(source: Obj) -> _Lines:
    lines = [
        ("Type", "CSI (a Container Storage Interface (CSI) volume source)"),
        ("Driver", source.get("driver", "")),
        ("FSType", source.get("fsType", "")),
    ]
    if "volumeHandle" in source:
        lines.append(("VolumeHandle", source["volumeHandle"]))
    lines.append(("ReadOnly", go_text.value(bool(source.get("readOnly")))))
    attributes = source.get("volumeAttributes") or {}
    if not attributes:
        return [*lines, ("VolumeAttributes", "<none>")]
    for number, key in enumerate(sorted(attributes)):
        text = f"{key}={attributes[key]}"
        text = text[:140] + "..." if len(text) > 140 else text
        lines.append(("VolumeAttributes", text) if number == 0 else ("", f"    \t{text}"))
    return lines


def _image(source: Obj) -> _Lines:
    return (
        ("Type", "Image (a container image or OCI artifact)"),
        ("Reference", source.get("reference", "")),
        ("PullPolicy", source.get("pullPolicy", "")),
    )


_SOURCES: dict[str, Callable[[Obj], _Lines]] = {
    "hostPath": _host_path,
    "emptyDir": _empty_dir,
    "secret": _secret,
    "configMap": _config_map,
    "nfs": _nfs,
    "persistentVolumeClaim": _claim,
    "downwardAPI": _downward,
    "projected": _projected,
    "local": _local,
    "csi": _csi,
    "image": _image,
}
