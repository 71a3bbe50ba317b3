"""Building a kustomization: bases first, then what it makes itself, then its changes, in Kustomize's order.

Promises: the objects `kubectl kustomize DIR` prints and `kubectl apply -k DIR` applies; files outside a kustomization's directory
and cycles are refused.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.errors import CommandError
from simulator.kubectl.home import Home
from simulator.kubectl.kustomize import transformers
from simulator.kubectl.kustomize.field_specs import SELECTOR_LABELS
from simulator.kubectl.kustomize.generators import absorb, add_hash, generated
from simulator.kubectl.kustomize.kustomization import Kustomization, load
from simulator.kubectl.kustomize.patches import apply_patch, apply_strategic, patch_documents, patch_with_json, selected
from simulator.kubectl.kustomize.references import fix_references
from simulator.kubectl.kustomize.replacements import replace_fields
from simulator.kubectl.kustomize.resource import Resource, add, in_order
from simulator.kubectl.yaml_text import to_yaml
from simulator.machinery.go_text import quoted
from simulator.machinery.yaml_documents import YamlError, read

_LOCAL = "config.kubernetes.io/local-config"


def build(home: Home, path: str, warn: Callable[[str], None]) -> list[Obj]:
    """The objects of the kustomization in a directory, in the order they are printed."""
    folder = _folder(home, home.absolute(path), path)
    run = _Build(home, warn)
    resources = run.accumulate(load(home, folder, warn), [], (folder,))
    for resource in resources:
        if resource.needs_hash:
            add_hash(resource)
    fix_references(resources)
    kept = [one for one in resources if (one.obj["metadata"].get("annotations") or {}).get(_LOCAL) != "true"]
    return [one.obj for one in in_order(kept)]


def _folder(home: Home, where: str, shown: str) -> str:
    if home.is_file(where):
        raise CommandError(f"must build at directory: '{where}': file is not directory")
    if not home.is_directory(where):
        raise CommandError(f"must build at directory: not a valid directory: {_missing(home, where, shown)}")
    return where


def _missing(home: Home, where: str, shown: str) -> str:
    """Go's words; `lstat` names the first part of the path that is not there."""
    parts = where.split("/")
    first = next(
        (at for at in ("/".join(parts[: end + 1]) for end in range(1, len(parts))) if not _exists(home, at)), where
    )
    return f"evalsymlink failure on '{shown}' : lstat {first}: no such file or directory"


def _exists(home: Home, where: str) -> bool:
    return home.is_file(where) or home.is_directory(where)


class _Build:
    def __init__(self, home: Home, warn: Callable[[str], None]) -> None:
        self._home = home
        self._warn = warn

    def accumulate(
        self, kustomization: Kustomization, resources: list[Resource], visited: tuple[str, ...]
    ) -> list[Resource]:
        """Everything a kustomization holds, after its own changes; `resources`: what a component is laid over."""
        try:
            for path in [*kustomization.entries("resources"), *kustomization.entries("bases")]:
                self._resource(kustomization, path, resources, visited)
        except CommandError as error:
            raise CommandError(f"accumulating resources: {error.text}") from error
        self._generate(kustomization, resources)
        for path in kustomization.entries("components"):
            resources = self._component(kustomization, path, resources, visited)
        self._transform(kustomization, resources)
        return resources

    # What there is

    def _resource(
        self, kustomization: Kustomization, path: str, resources: list[Resource], visited: tuple[str, ...]
    ) -> None:
        try:
            text = self._read(kustomization, path)
        except CommandError as error:
            self._base(kustomization, path, resources, visited, f"accumulating resources from '{path}': {error.text}")
            return
        where = posixpath.normpath(posixpath.join(kustomization.folder, path))
        not_a_folder = f"must build at directory: '{where}': file is not directory"
        try:
            found = _objects(text, path)
        except YamlError as error:
            raise CommandError(
                f"accumulating resources from '{path}': MalformedYAMLError: yaml: {_plain(error)} in File: {path}"
            ) from error
        except CommandError as error:
            why = f"accumulating resources from '{path}': {error.text}"
            raise CommandError(f"accumulation err='{why}': {not_a_folder}") from error
        try:
            for obj in found:
                add(resources, Resource(obj))
        except CommandError as error:
            raise CommandError(
                f"accumulation err='merging resources from '{path}': {error.text}': {not_a_folder}"
            ) from error

    def _base(
        self, kustomization: Kustomization, path: str, resources: list[Resource], visited: tuple[str, ...], why: str
    ) -> None:
        try:
            folder = self._visit(kustomization, path, visited)
            inner = self._load(folder)
            if inner.is_component:
                raise CommandError(f"expected kind != 'Component' for path '{folder}'")
            try:
                found = self.accumulate(inner, [], (*visited, folder))
            except CommandError as error:
                raise CommandError(f"recursed accumulation of path '{folder}': {error.text}") from error
            for resource in found:
                try:
                    add(resources, resource)
                except CommandError as error:
                    raise CommandError(f"recursed merging from path '{folder}': {error.text}") from error
        except CommandError as error:
            raise CommandError(f"accumulation err='{why}': {error.text}") from error

    def _component(
        self, kustomization: Kustomization, path: str, resources: list[Resource], visited: tuple[str, ...]
    ) -> list[Resource]:
        try:
            folder = self._visit(kustomization, path, visited)
        except CommandError as error:
            raise CommandError(f'accumulating components: loader.New "{error.text}"') from error
        try:
            inner = self._load(folder)
            if not inner.is_component:
                raise CommandError(f"expected kind 'Component' for path '{folder}' but got 'Kustomization'")
            return self.accumulate(inner, resources, (*visited, folder))
        except CommandError as error:
            raise CommandError(f'accumulating components: accumulateDirectory: "{error.text}"') from error

    def _load(self, folder: str) -> Kustomization:
        try:
            return load(self._home, folder, self._warn)
        except CommandError as error:
            raise CommandError(f"couldn't make target for path '{folder}': {error.text}") from error

    def _visit(self, kustomization: Kustomization, path: str, visited: tuple[str, ...]) -> str:
        where = posixpath.normpath(posixpath.join(kustomization.folder, path))
        folder = _folder(self._home, where, where)
        cycle = next((root for root in visited if root == folder or root.startswith(folder.rstrip("/") + "/")), None)
        if cycle is not None:
            raise CommandError(f"cycle detected: candidate root '{folder}' contains visited root '{cycle}'")
        return folder

    def _read(self, kustomization: Kustomization, path: str) -> str:
        if path.startswith(("http://", "https://")):
            raise CommandError(f"this workstation reaches no network but the cluster's: {path}")
        where = posixpath.normpath(posixpath.join(kustomization.folder, path))
        if self._home.is_directory(where):
            raise CommandError(f"'{where}' must resolve to a file")
        if not self._home.is_file(where):
            raise CommandError(_missing(self._home, where, where))
        if not where.startswith(kustomization.folder.rstrip("/") + "/"):
            raise CommandError(f"security; file '{where}' is not in or below '{kustomization.folder}'")
        return self._home.read(where)

    def _generate(self, kustomization: Kustomization, resources: list[Resource]) -> None:
        options = kustomization.mapping("generatorOptions")
        for kind, field in (("ConfigMap", "configMapGenerator"), ("Secret", "secretGenerator")):
            for entry in kustomization.entries(field):
                made = generated(kind, entry, options, lambda path: self._read(kustomization, path))
                absorb(resources, made)

    # What is done to it

    def _transform(self, kustomization: Kustomization, resources: list[Resource]) -> None:
        for text in kustomization.entries("patchesStrategicMerge"):
            self._old_patch(kustomization, text, resources)
        for entry in kustomization.entries("patches"):
            self._patch(kustomization, entry, resources)
        if kustomization.text("namespace"):
            transformers.set_namespace(resources, kustomization.text("namespace"))
        if kustomization.text("namePrefix"):
            transformers.add_affix(resources, kustomization.text("namePrefix"), "")
        if kustomization.text("nameSuffix"):
            transformers.add_affix(resources, "", kustomization.text("nameSuffix"))
        for entry in kustomization.entries("labels"):
            transformers.add_labels(resources, entry.get("pairs") or {}, transformers.label_specs(entry))
        if kustomization.mapping("commonLabels"):
            transformers.add_labels(resources, kustomization.mapping("commonLabels"), SELECTOR_LABELS)
        if kustomization.mapping("commonAnnotations"):
            transformers.add_annotations(resources, kustomization.mapping("commonAnnotations"))
        for entry in kustomization.entries("patchesJson6902"):
            self._json_patch(kustomization, entry, resources)
        for entry in kustomization.entries("replicas"):
            transformers.set_replicas(resources, entry)
        for entry in [*kustomization.entries("images"), *kustomization.entries("imageTags")]:
            transformers.set_image(resources, entry)
        for entry in kustomization.entries("replacements"):
            replace_fields(resources, entry)

    def _old_patch(self, kustomization: Kustomization, text: str, resources: list[Resource]) -> None:
        """Each is a path, or the patch itself."""
        inline = "\n" in text or ":" in text
        patch = text if inline else self._read(kustomization, text)
        for one in patch_documents(patch, text):
            apply_strategic(resources, one)

    def _patch(self, kustomization: Kustomization, entry: Obj, resources: list[Resource]) -> None:
        text, path = entry.get("patch") or "", entry.get("path") or ""
        if bool(text) == bool(path):
            why = f"patch and path can't be set at the same time\n{_config(entry)}"
            if not text:
                why = f"must specify one of patch and path in\n{_config(entry)}"
            raise _trouble("PatchTransformer", entry, why)
        if path:
            try:
                text = self._read(kustomization, path)
            except CommandError as error:
                raise _trouble(
                    "PatchTransformer", entry, f"failed to get the patch file from path({path}): {error.text}"
                ) from error
        shown = f'path: "{path}"' if path else f"patch: {quoted(text)}"
        try:
            documents = patch_documents(text, f"[{shown}]")
        except CommandError as error:
            raise _trouble("PatchTransformer", entry, error.text) from error
        apply_patch(resources, documents, shown, entry.get("target"), entry.get("options") or {})

    def _json_patch(self, kustomization: Kustomization, entry: Obj, resources: list[Resource]) -> None:
        text = entry.get("patch") or self._read(kustomization, str(entry.get("path") or ""))
        operations = patch_documents(text, text)
        for resource in selected(resources, entry.get("target") or {}):
            patch_with_json(resource, list(operations))


def _trouble(plugin: str, entry: Obj, why: str) -> CommandError:
    return CommandError(f"trouble configuring builtin {plugin} with config: `\n{_config(entry)}\n`: {why}")


def _config(entry: Obj) -> str:
    return to_yaml(entry).rstrip("\n")


def _plain(error: YamlError) -> str:
    return str(error).removeprefix("yaml: ")


def _objects(text: str, path: str) -> list[Obj]:
    """The objects of a file, lists taken apart."""
    found: list[Obj] = []
    for document in read(text, words=False):
        if document.value is not None:
            found += _flattened(document.value)
    for obj in found:
        metadata = obj.get("metadata")
        if not obj.get("kind") and metadata is None:
            raise CommandError("missing Resource metadata")
        if not isinstance(metadata, dict) or not metadata.get("name"):
            raise CommandError(
                f"missing metadata.name in object {{{{{obj.get('apiVersion') or ''} {obj.get('kind') or ''}}} "
                "{{ } map[] map[]}}"
            )
    return found


def _flattened(value: Any) -> list[Obj]:
    if not isinstance(value, dict):
        raise CommandError("missing Resource metadata")
    if str(value.get("kind") or "").endswith("List") and isinstance(value.get("items"), list):
        return [obj for item in value["items"] for obj in _flattened(item)]
    return [deepcopy(value)]
