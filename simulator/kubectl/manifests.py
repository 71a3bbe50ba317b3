"""Objects in files: `-f FILE`, `-f DIR`, `-f -`, several documents a file, and `kind: List`.

Promises: each object knows the file it came from; a file that cannot be read, a document that is no object and a kind
nobody serves are refused in kubectl's words.

Leaves to others: YAML itself (`machinery.yaml_documents`) and everything the server validates.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.addons.releases import released
from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.errors import CommandError, raise_all
from simulator.kubectl.home import FileError
from simulator.kubectl.kustomize.build import build
from simulator.machinery import selectors
from simulator.machinery.decoding import check
from simulator.machinery.json_text import compact
from simulator.machinery.resources import Resource
from simulator.machinery.schemas import schema_for
from simulator.machinery.yaml_documents import YamlError, read, read_some

_EXTENSIONS = (".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object of a file, mapped to the resource that serves its kind."""

    resource: Resource
    namespace: str
    name: str
    obj: Obj
    source: str


def read_manifests(call: Call) -> list[Manifest]:
    """Every object of every `-f`, in order. What cannot be read does not keep the others from their turn: it waits in `call.unread`."""
    found = _all_manifests(call)
    if not found:
        raise_all(call.take_unread())
    return found


def chosen(call: Call, manifests: Sequence[Manifest]) -> list[Manifest]:
    """Those with the labels of `-l`."""
    text = call.arguments.values.get("selector")
    if not text:
        return list(manifests)
    try:
        selector = selectors.parse(text)
    except selectors.SelectorError as error:
        raise CommandError(str(error)) from error
    return [m for m in manifests if selector.matches((m.obj.get("metadata") or {}).get("labels"))]


def refuse_words(call: Call) -> None:
    """Of commands that only take files: `apply web.yaml` forgot its `-f`."""
    if call.rest:
        raise call.wrong_usage(f"Unexpected args: [{' '.join(call.rest)}]")


def read_plainly(call: Call) -> list[Manifest]:
    """The same for commands that tell what could not be read without `error: ` in front, once there is something else to show."""
    try:
        found = read_manifests(call)
    except CommandError as error:
        error.prefixed = error.prefixed and not call.text("kustomize")
        raise
    for problem in call.unread:
        problem.prefixed = False
    return found


def _all_manifests(call: Call) -> list[Manifest]:
    folder = call.arguments.values.get("kustomize")
    if folder and call.many("filename"):
        raise CommandError("only one of -f or -k can be specified")
    if folder:
        return [manifest_of(call, obj, folder) for obj in build(call.session.home, folder, call.err)]
    return [manifest for path in call.many("filename") for manifest in _from_path(call, path)]


def _from_path(call: Call, path: str) -> Iterator[Manifest]:
    for source, text in _sources(call, path):
        found, broken = read_some(text)
        for document in found:
            for obj in flattened(document.value):
                try:
                    yield manifest_of(call, obj, source)
                except InvalidManifest as error:
                    call.unread.append(error)
                    return
                except CommandError as error:
                    call.unread.append(error)
        if broken is not None:
            call.unread.append(CommandError(f"error parsing {source}: {broken}"))


def _sources(call: Call, path: str) -> list[tuple[str, str]]:
    home = call.session.home
    if path == "-":
        return [("STDIN", call.stdin)]
    if (objects := released(path)) is not None:
        return [(path, "\n---\n".join(compact(one) for one in objects))]
    if path.startswith(("http://", "https://")):
        raise CommandError(f'unable to read URL "{path}": this workstation reaches no network but the cluster\'s')
    if home.is_directory(path):
        inside = _in_directory(call, path)
        if not inside:
            raise CommandError(f"error reading [{path}]: recognized file extensions are [.json .yaml .yml]")
        return inside
    try:
        return [(path, home.read(path))]
    except FileError:
        raise CommandError(f'the path "{path}" does not exist') from None


def _in_directory(call: Call, path: str) -> list[tuple[str, str]]:
    home = call.session.home
    found: list[tuple[str, str]] = []
    for entry in home.entries(path):
        inside = posixpath.normpath(posixpath.join(path, entry))
        if entry.endswith("/"):
            if call.on("recursive"):
                found += _in_directory(call, inside.rstrip("/"))
        elif entry.endswith(_EXTENSIONS):
            found.append((inside, home.read(inside)))
    return found


def documents(text: str, source: str) -> list[Any]:
    """The documents of a text that hold anything."""
    try:
        return [document.value for document in read(text) if document.value is not None]
    except YamlError as error:
        raise CommandError(f"error parsing {source}: {error}") from error


def flattened(document: Any) -> Iterator[Any]:
    """The objects of a document: those of a list, or the one that it is."""
    is_list = isinstance(document, dict) and str(document.get("kind", "")).endswith("List")
    if is_list and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from flattened(item)
    else:
        yield document


class InvalidManifest(CommandError):
    """What stands in the file is no object; nothing behind it is looked at."""

    def __init__(self, source: str, why: str) -> None:
        super().__init__(
            f'error validating "{source}": error validating data: {why}; '
            "if you choose to ignore these errors, turn validation off with --validate=false"
        )


def manifest_of(call: Call, obj: Any, source: str, *, is_free: bool = False) -> Manifest:
    """Find out what serves the object and where it goes; `is_free`: also elsewhere than `--namespace` says."""
    if not isinstance(obj, dict):
        raise InvalidManifest(source, "invalid object to validate")
    _require_kind(call, obj, source)
    _require_metadata(obj, source)
    metadata = obj.get("metadata") if isinstance(obj.get("metadata"), dict) else {}
    assert isinstance(metadata, dict)
    name, given = str(metadata.get("name") or ""), str(metadata.get("namespace") or "")
    version, kind = str(obj.get("apiVersion") or ""), str(obj["kind"])
    resource = call.api.kinds.by_kind(version, kind) or _in_small_letters(call, version, kind)
    if resource is None:
        raise CommandError(
            f'resource mapping not found for name: "{name}" namespace: "{given}" from "{source}": '
            f'no matches for kind "{kind}" in version "{version}"\nensure CRDs are installed first'
        )
    where = given if is_free and given and resource.namespaced else _namespace(call, resource, given)
    return Manifest(resource, where, name, obj, source)


def _in_small_letters(call: Call, version: str, kind: str) -> Resource | None:
    """The client knows kinds by their name in small letters too; it is the server that refuses `kind: pod`."""
    served = call.api.kinds.served
    return next((one for one in served if one.api_version == version and one.kind.lower() == kind), None)


def _require_kind(call: Call, obj: Obj, source: str) -> None:
    missing = [f"{field} not set" for field in ("apiVersion", "kind") if not obj.get(field)]
    if not missing:
        _require_texts(call, obj, source)
        return
    if call.arguments.values.get("validate") in ("ignore", "false"):
        if not obj.get("kind"):
            raise _undecodable(source, f"Object 'Kind' is missing in '{compact(obj)}'")
        return
    raise InvalidManifest(source, missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]")


def _require_texts(call: Call, obj: Obj, source: str) -> None:
    if call.arguments.values.get("validate") not in ("strict", "true", "warn"):
        return
    for field in ("apiVersion", "kind"):
        if not isinstance(obj[field], str):
            raise InvalidManifest(source, f"{field} isn't string type")
    if obj["apiVersion"].count("/") > 1:
        raise InvalidManifest(source, f"unexpected GroupVersion string: {obj['apiVersion']}")


def _require_metadata(obj: Obj, source: str) -> None:
    """The client reads the metadata of any object, so a number where a name belongs never reaches the server."""
    _, problems = check({"metadata": obj.get("metadata") or {}}, schema_for("v1", "ConfigMap"))
    for problem in problems:
        if problem.sort == "type":
            raise _undecodable(source, problem.message.replace("ConfigMap.metadata", "metadataOnlyObject.metadata"))


def _undecodable(source: str, why: str) -> CommandError:
    return CommandError(f'unable to decode "{source}": {why}')


def _namespace(call: Call, resource: Resource, given: str) -> str:
    if not resource.namespaced:
        return ""
    if given and call.namespace_is_enforced and given != call.namespace:
        raise CommandError(
            f'the namespace from the provided object "{given}" does not match the namespace "{call.namespace}". '
            f"You must pass '--namespace={given}' to perform this operation."
        )
    return given or call.namespace


def with_namespace(manifest: Manifest) -> Obj:
    """The object with its namespace filled in, as kubectl does before it sends it."""
    if not manifest.namespace:
        return manifest.obj
    metadata = manifest.obj.get("metadata") or {}
    return {**manifest.obj, "metadata": {**metadata, "namespace": manifest.namespace}}
