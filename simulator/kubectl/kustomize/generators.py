"""ConfigMaps and Secrets made from literals, files and env files, and the hash that ends their names.

The hash is Kustomize's: of the JSON of kind, name and data, its first ten signs, with those letters swapped that could form words.
"""

from __future__ import annotations

import posixpath
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.errors import CommandError
from simulator.kubectl.kustomize.resource import Resource
from simulator.machinery.json_text import compact

_SWAPS = str.maketrans("013ae", "ghkmt")
_HASH_LENGTH = 10
_LINE = 70

ReadFile = Callable[[str], str]


def generated(kind: str, entry: Obj, options: Obj, read: ReadFile) -> Resource:
    """The ConfigMap or Secret of one entry of a generator."""
    name = entry.get("name") or ""
    if not name:
        raise CommandError(f"a {kind.lower()} must have a name")
    data: dict[str, str] = {}
    for key, text in _pairs(entry, read):
        if key in data:
            raise CommandError(f"{kind.lower()} {name} illegally repeats the key `{key}`")
        data[key] = text if kind == "ConfigMap" else _base64(text)
    options = _merged_options(options, entry.get("options") or {})
    obj: Obj = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}
    if entry.get("namespace"):
        obj["metadata"]["namespace"] = entry["namespace"]
    obj["metadata"] |= {key: dict(options[key]) for key in ("labels", "annotations") if options.get(key)}
    if data:
        obj["data"] = data
    if kind == "Secret":
        obj["type"] = entry.get("type") or "Opaque"
    if options.get("immutable"):
        obj["immutable"] = True
    behavior = entry.get("behavior") or "create"
    return Resource(
        obj,
        needs_hash=not options.get("disableNameSuffixHash"),
        behavior=behavior if behavior in ("merge", "replace") else "create",
    )


def _base64(text: str) -> str:
    """In lines of seventy signs when one is not enough."""
    coded = b64encode(text.encode()).decode()
    if len(coded) <= _LINE:
        return coded
    return "".join(coded[at : at + _LINE] + "\n" for at in range(0, len(coded), _LINE))


def _merged_options(common: Obj, own: Obj) -> Obj:
    merged = {**common, **own}
    for key in ("labels", "annotations"):
        merged[key] = {**(common.get(key) or {}), **(own.get(key) or {})}
    for key in ("disableNameSuffixHash", "immutable"):
        merged[key] = bool(common.get(key)) or bool(own.get(key))
    return merged


def _pairs(entry: Obj, read: ReadFile) -> Iterator[tuple[str, str]]:
    envs = [*(entry.get("envs") or ()), *([entry["env"]] if entry.get("env") else [])]
    yield from _env_pairs(envs, read)
    for source in entry.get("literals") or ():
        yield _literal_pair(source, entry["literals"])
    for source in entry.get("files") or ():
        yield _file_pair(source, entry["files"], read)


def _env_pairs(sources: list[str], read: ReadFile) -> Iterator[tuple[str, str]]:
    for source in sources:
        try:
            text = read(source)
        except CommandError as error:
            raise CommandError(f"loading KV pairs: env source files: {_list(sources)}: {error.text}") from error
        for line in text.splitlines():
            line = line.lstrip()
            if line and not line.startswith("#"):
                key, _, value = line.partition("=")
                yield key, value


def _literal_pair(source: Any, sources: list[Any]) -> tuple[str, str]:
    key, equals, value = str(source).partition("=")
    if not equals or not key:
        raise CommandError(
            f"loading KV pairs: literal sources {_list(sources)}: invalid literal source {source}, expected key=value"
        )
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return key, value


def _file_pair(source: str, sources: list[str], read: ReadFile) -> tuple[str, str]:
    key, equals, path = source.partition("=")
    if not equals:
        key, path = posixpath.basename(source), source
    try:
        return key, read(path)
    except CommandError as error:
        raise CommandError(f"loading KV pairs: file sources: {_list(sources)}: {error.text}") from error


def _list(sources: list[Any]) -> str:
    return "[" + " ".join(str(source) for source in sources) + "]"


def absorb(resources: list[Resource], new: Resource) -> None:
    """Put a generated resource among the others, or into the one it merges with or replaces."""
    known = next((one for one in resources if one.kind == new.kind and _is_same(one, new)), None)
    says = _go_id(new)
    if known is None:
        if new.behavior != "create":
            raise CommandError(f"merging from generator: id {says} does not exist; cannot merge or replace")
        resources.append(new)
        return
    if new.behavior == "create":
        raise CommandError(f"merging from generator: id {says} exists; behavior must be merge or replace")
    _take_over(known, new)


def _is_same(one: Resource, new: Resource) -> bool:
    return any(known == new.name and (space or "") == new.namespace for space, known in one.names())


def _go_id(resource: Resource) -> str:
    gvk = f'resid.Gvk{{Group:"{resource.group}", Version:"{resource.version}", Kind:"{resource.kind}", isClusterScoped:false}}'
    return f'resid.ResId{{Gvk:{gvk}, Name:"{resource.name}", Namespace:"{resource.namespace}"}}'


def _take_over(known: Resource, new: Resource) -> None:
    metadata, theirs = known.obj["metadata"], new.obj["metadata"]
    for key in ("labels", "annotations"):
        merged = {**(metadata.get(key) or {}), **(theirs.get(key) or {})}
        if merged:
            metadata[key] = merged
    if new.behavior == "merge":
        known.obj["data"] = {**(known.obj.get("data") or {}), **(new.obj.get("data") or {})}
    else:
        known.obj.pop("data", None)
        known.obj |= {key: new.obj[key] for key in ("data", "immutable") if key in new.obj}
    if new.obj.get("type", "Opaque") != "Opaque":
        known.obj["type"] = new.obj["type"]
    known.needs_hash = new.needs_hash


def add_hash(resource: Resource) -> None:
    resource.remember()
    resource.obj["metadata"]["name"] = f"{resource.name}-{hash_of(resource.obj)}"


def hash_of(obj: Obj, *, name: str = "") -> str:
    """Of the content: `kubectl create --append-hash` counts the name in, Kustomize leaves its place empty."""
    content: Obj = {"kind": obj["kind"], "name": name, "data": obj.get("data", "")}
    if obj["kind"] == "Secret":
        content["type"] = obj.get("type", "")
    for key in ("binaryData", "stringData"):
        if obj.get(key):
            content[key] = obj[key]
    return sha256(compact(content).encode()).hexdigest()[:_HASH_LENGTH].translate(_SWAPS)
