"""The file `kustomization.yaml`: found, read, checked against the fields Kustomize knows, old fields turned into new ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.errors import CommandError
from simulator.kubectl.home import Home
from simulator.machinery.yaml_documents import YamlError, read

FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_API_VERSIONS = {"Kustomization": "kustomize.config.k8s.io/v1beta1", "Component": "kustomize.config.k8s.io/v1alpha1"}

_TEXTS = ("apiVersion", "kind", "namePrefix", "nameSuffix", "namespace")
_LISTS_OF_TEXT = (
    "bases", "buildMetadata", "components", "configurations", "crds", "generators", "patchesStrategicMerge", "resources",
    "transformers", "validators",
)  # fmt: skip
_LISTS = (
    "configMapGenerator", "helmChartInflationGenerator", "helmCharts", "images", "imageTags", "labels", "patches",
    "patchesJson6902", "replacements", "replicas", "secretGenerator", "vars",
)  # fmt: skip
_MAPS_OF_TEXT = ("commonAnnotations", "commonLabels", "openapi")
_MAPS = ("generatorOptions", "helmGlobals", "metadata", "sortOptions")
_KNOWN = frozenset((*_TEXTS, *_LISTS_OF_TEXT, *_LISTS, *_MAPS_OF_TEXT, *_MAPS))
_UNSUPPORTED = (
    "configurations", "crds", "generators", "helmChartInflationGenerator", "helmCharts", "openapi", "transformers",
    "validators", "vars",
)  # fmt: skip
_DEPRECATED = {
    "bases": "'resources' instead.",
    "commonLabels": "'labels' instead.",
    "imageTags": "'images' instead.",
    "patchesJson6902": "'patches' instead.",
    "patchesStrategicMerge": "'patches' instead.",
    "vars": "'replacements' instead. [EXPERIMENTAL]",
}
_PATCH_FIELDS = frozenset(("path", "patch", "target", "options"))


@dataclass(frozen=True, slots=True)
class Kustomization:
    folder: str
    fields: Obj

    def entries(self, name: str) -> list[Any]:
        return list(self.fields.get(name) or ())

    def text(self, name: str) -> str:
        return str(self.fields.get(name) or "")

    def mapping(self, name: str) -> Obj:
        return dict(self.fields.get(name) or {})

    @property
    def is_component(self) -> bool:
        return self.text("kind") == "Component"


def load(home: Home, folder: str, warn: Callable[[str], None]) -> Kustomization:
    """The kustomization of a directory, by its absolute path."""
    found = [name for name in FILE_NAMES if home.is_file(f"{folder}/{name}")]
    if not found:
        raise CommandError(
            f"unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{folder}'"
        )
    if len(found) > 1:
        raise CommandError(f"Found multiple kustomization files under: {folder}\n")
    fields = _fields(home.read(f"{folder}/{found[0]}"))
    for name, instead in _DEPRECATED.items():
        if fields.get(name) is not None:
            warn(
                f"# Warning: '{name}' is deprecated. Please use {instead} "
                "Run 'kustomize edit fix' to update your Kustomization automatically.\n"
            )
    if not [name for name in fields if name not in ("apiVersion", "kind", "metadata")]:
        raise CommandError("kustomization.yaml is empty")
    _refuse_other_kinds(fields, folder)
    _refuse_unsupported(fields)
    return Kustomization(folder, fields)


def _fields(text: str) -> Obj:
    try:
        documents = [document.value for document in read(text) if document.value is not None]
    except YamlError as error:
        raise CommandError(f"invalid Kustomization: yaml: {_without_place(str(error))}") from error
    fields = documents[0] if documents else {}
    if not isinstance(fields, dict):
        raise CommandError(
            f"invalid Kustomization: json: cannot unmarshal {_json_type(fields)} into Go value of type types.Kustomization"
        )
    for name in sorted(fields):
        _check(name, fields[name])
    return fields


def _without_place(text: str) -> str:
    return text.removeprefix("yaml: ").removeprefix("error converting YAML to JSON: ").removeprefix("yaml: ")


def _check(name: str, value: Any) -> None:
    if name not in _KNOWN:
        raise CommandError(f'invalid Kustomization: json: unknown field "{name}"')
    if value is None:
        return
    if name in _TEXTS and not isinstance(value, str):
        raise _wrong(name, value, "string")
    if name in (*_LISTS_OF_TEXT, *_LISTS) and not isinstance(value, list):
        raise _wrong(name, value, "[]string" if name in _LISTS_OF_TEXT else f"[]types.{_ELEMENTS.get(name, 'Field')}")
    if name in (*_MAPS_OF_TEXT, *_MAPS) and not isinstance(value, dict):
        raise _wrong(name, value, "map[string]string")
    if name in _LISTS_OF_TEXT or name in _MAPS_OF_TEXT:
        for one in value if isinstance(value, list) else value.values():
            if one is not None and not isinstance(one, str):
                raise _wrong(name, one, "string")
    if name == "patches":
        _check_patches(value)
    if name == "images":
        _check_images(value)


_ELEMENTS = {
    "configMapGenerator": "ConfigMapArgs",
    "images": "Image",
    "labels": "Label",
    "patches": "Patch",
    "replicas": "Replica",
    "secretGenerator": "SecretArgs",
}


def _check_patches(entries: list[Any]) -> None:
    for entry in entries:
        if not isinstance(entry, dict):
            raise CommandError(
                f"invalid Kustomization: json: cannot unmarshal {_json_type(entry)} into Go struct field "
                "Kustomization.patches of type types.Patch"
            )
        for name in sorted(entry):
            if name not in _PATCH_FIELDS:
                raise CommandError(f'invalid Kustomization: json: unknown field "{name}"')


def _check_images(entries: list[Any]) -> None:
    for entry in entries:
        for name, value in sorted(entry.items()) if isinstance(entry, dict) else ():
            if value is not None and not isinstance(value, str):
                raise CommandError(
                    f"invalid Kustomization: json: cannot unmarshal {_json_type(value)} into Go struct field "
                    f"Image.images.{name} of type string"
                )


def _wrong(name: str, value: Any, wanted: str) -> CommandError:
    return CommandError(
        f"invalid Kustomization: json: cannot unmarshal {_json_type(value)} into Go struct field Kustomization.{name} "
        f"of type {wanted}"
    )


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _refuse_other_kinds(fields: Obj, folder: str) -> None:
    kind = fields.get("kind") or "Kustomization"
    problems = []
    if kind not in _API_VERSIONS:
        problems.append("kind should be Kustomization or Component")
    wanted = _API_VERSIONS.get(kind, "")
    if kind in _API_VERSIONS and fields.get("apiVersion") and fields["apiVersion"] != wanted:
        problems.append(f"apiVersion for {kind} should be {wanted}")
    if problems:
        raise CommandError(f"Failed to read kustomization file under {folder}:\n" + "\n".join(problems))


def _refuse_unsupported(fields: Obj) -> None:
    for name in _UNSUPPORTED:
        if fields.get(name):
            raise CommandError(f"the field '{name}' of a kustomization is not available in this workstation")
