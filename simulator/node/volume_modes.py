"""The permissions that the kubelet gives to what it mounts: modes of directories and files, their group, and the kind of file system.

Follows `pkg/volume/{configmap,secret,downwardapi,projected,emptydir}` and `pkg/volume/volume_linux.go` (`SetVolumeOwnership`) of v1.33. Promises: a pure
function of the pod; nothing is stored.
"""

from collections.abc import Iterable

from simulator.engine.plain import Obj
from simulator.workloads.file_modes import DIRECTORY, FILE, Modes

_SETGID = 0o2000
_STICKY = 0o1000
#: What the owner group of a volume may do at least: with files that are read only, and with others.
_READ, _WRITE = 0o440, 0o660
_TOKEN = 0o600
#: Where local-path-provisioner makes its directories, open to everybody.
LOCAL_PATHS = "local-path-provisioner"


def modes_of(pod: Obj, container: Obj, path: str, inside: str, place: str = "") -> Modes:
    """`path` is where it is mounted, `inside` the part of the volume that is (subPath), "" for all of it; `place` is where its files lie."""
    name = next(
        (
            one["name"]
            for one in container.get("volumeMounts") or ()
            if one["mountPath"].rstrip("/") == path or (one["mountPath"] == "/" and not path)
        ),
        "",
    )
    volume: Obj = next((one for one in pod["spec"].get("volumes") or () if one["name"] == name), {})
    group = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    if "emptyDir" in volume:
        return _empty(volume["emptyDir"] or {}, group)
    for kind in ("configMap", "secret", "downwardAPI", "projected"):
        if kind in volume:
            return _config(kind, volume[kind], group, inside)
    if place.startswith("nfs/") or f"/{LOCAL_PATHS}/" in f"/{inside}":
        return Modes(0o777)
    if place.startswith("host/"):
        return Modes(_STICKY | 0o777) if inside == "tmp" else Modes()
    if ("persistentVolumeClaim" in volume or "ephemeral" in volume) and group is not None:
        return Modes(_SETGID | DIRECTORY | 0o020, FILE | _WRITE, group=group)
    return Modes()


def _empty(source: Obj, group: int | None) -> Modes:
    """A directory that the kubelet makes for a subPath has the mode of the volume (`GetMode` in `kubelet_pods.go`)."""
    in_memory = source.get("medium") == "Memory"
    directory = 0o777 | (_STICKY if in_memory else 0) | (_SETGID if group is not None else 0)
    return Modes(directory, FILE, group=group or 0, file_system="tmpfs" if in_memory else "")


def _config(kind: str, source: Obj, group: int | None, inside: str) -> Modes:
    """ConfigMaps lie on the disk of the machine, what may be secret lies in its memory."""
    usual = source.get("defaultMode", FILE)
    more = _READ if group is not None else 0
    found: dict[str, int] = {}
    for path, mode in _items(source, group):
        found[path] = (usual if mode is None else mode) | more
    prefix = f"{inside}/" if inside else ""
    items = [(path.removeprefix(prefix), mode) for path, mode in found.items() if path.startswith(prefix)]
    if inside in found:
        items.append(("", found[inside]))
    in_memory = kind != "configMap"
    directory = 0o777 | (_STICKY if in_memory else 0) | (_SETGID if group is not None else 0)
    return Modes(
        DIRECTORY if inside else directory,
        usual | more,
        tuple(sorted(items)),
        group or 0,
        "tmpfs" if in_memory else "",
        made_by_kubelet=True,
    )


def _items(source: Obj, group: int | None) -> Iterable[tuple[str, int | None]]:
    """(path, its own mode) of the files that a source names."""
    for item in source.get("items") or ():
        yield item["path"], item.get("mode")
    for part in source.get("sources") or ():
        for field in ("configMap", "secret", "downwardAPI"):
            for item in (part.get(field) or {}).get("items") or ():
                yield item["path"], item.get("mode")
        if "serviceAccountToken" in part and group is not None:
            yield part["serviceAccountToken"]["path"], _TOKEN
