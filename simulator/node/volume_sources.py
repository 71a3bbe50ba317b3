"""What the sources of a volume put into it: ConfigMaps, Secrets, the downward API, and several of them projected together.

Follows the volume plugins `pkg/volume/configmap`, `secret`, `downwardapi` and `projected` of v1.33. Promises: pure functions of what is
looked up; a missing source is the kubelet's own sentence.
"""

from base64 import b64decode
from collections.abc import Callable, Sequence
from typing import NamedTuple

from simulator.engine.plain import Obj
from simulator.machinery.go_text import quoted
from simulator.machinery.octets import text_of
from simulator.node.environment import Lookup, PodFacts, field_value, resource_value, texts
from simulator.node.volumes import Files

_CONFIG = ("configMap", "secret", "downwardAPI", "projected")


def is_config(volume: Obj) -> bool:
    return any(source in volume for source in _CONFIG)


class Source(NamedTuple):
    """A ConfigMap or Secret that a volume is made from."""

    resource: str
    name: str
    is_optional: bool
    keys: tuple[str, ...]
    """Those that are named one by one."""


def sources_of(volume: Obj) -> tuple[Source, ...]:
    parts = (volume.get("projected") or {}).get("sources") or [volume]
    return tuple(
        Source(
            resource,
            part[field].get("secretName") or part[field].get("name", ""),
            bool(part[field].get("optional")),
            tuple(item["key"] for item in part[field].get("items") or ()),
        )
        for part in parts
        for field, resource in (("configMap", "configmaps"), ("secret", "secrets"))
        if field in part
    )


def references(volume: Obj) -> list[tuple[str, str]]:
    """(resource, name) of the ConfigMaps and Secrets that a volume is made from."""
    return [(source.resource, source.name) for source in sources_of(volume)]


def problem_of(sources: Sequence[Source], namespace: str, lookup: Lookup) -> str | None:
    """Why a volume of these cannot be set up; None when it can. Of several sources every one that is missing is told (`NewAggregate`)."""
    problems = [why for source in sources if (why := _source_problem(source, namespace, lookup)) is not None]
    told = list(dict.fromkeys(problems))
    return None if not told else told[0] if len(told) == 1 else f"[{', '.join(told)}]"


#: Resource → what the kubelet calls an object of it, and its keys.
_WORDS = {"configmaps": ("configmap", "config"), "secrets": ("secret", "secret")}


def _source_problem(source: Source, namespace: str, lookup: Lookup) -> str | None:
    found = lookup(source.resource, namespace, source.name)
    if source.is_optional:
        return None
    kind, word = _WORDS[source.resource]
    if found is None:
        return f'{kind} "{source.name}" not found'
    texts, binary = found.get("data") or (), found.get("binaryData") or ()
    for key in source.keys:
        if key not in texts and key not in binary:
            return f"references non-existent {word} key: {key}"
    return None


def files_of(volume: Obj, facts: PodFacts, lookup: Lookup, token: Callable[[Obj], str]) -> Files:
    """Relative path → text, the later sources of a projected volume over the earlier ones. `token` answers a serviceAccountToken."""
    parts = (volume.get("projected") or {}).get("sources") or [volume]
    found: Files = {}
    for part in parts:
        for field, fill in _FILL.items():
            if field in part:
                found.update(fill(part[field], facts, lookup))
        if (source := part.get("serviceAccountToken")) is not None and (text := token(source)):
            found[source["path"]] = text
    return found


def _from_config_map(source: Obj, facts: PodFacts, lookup: Lookup) -> Files:
    found = lookup("configmaps", facts.pod["metadata"]["namespace"], source["name"])
    binary = (found or {}).get("binaryData") or {}
    return _keys(source, found, {key: text_of(b64decode(value)) for key, value in binary.items()})


def _from_secret(source: Obj, facts: PodFacts, lookup: Lookup) -> Files:
    name = source.get("secretName") or source.get("name", "")
    return _keys(source, lookup("secrets", facts.pod["metadata"]["namespace"], name))


def _keys(source: Obj, found: Obj | None, more: Files | None = None) -> Files:
    values = {} if found is None else {**texts(found), **(more or {})}
    items = source.get("items")
    if items is None:
        return values
    return {item["path"]: values[item["key"]] for item in items if item["key"] in values}


def _from_downward(source: Obj, facts: PodFacts, lookup: Lookup) -> Files:
    found: Files = {}
    for item in source.get("items") or ():
        if "fieldRef" in item:
            found[item["path"]] = _field(item["fieldRef"]["fieldPath"], facts)
        elif "resourceFieldRef" in item:
            found[item["path"]] = _resource(item["resourceFieldRef"], facts)
    return found


def _field(path: str, facts: PodFacts) -> str:
    """Labels and annotations as a whole are lines of `key="value"`, which variables cannot have."""
    for whole in ("labels", "annotations"):
        if path == f"metadata.{whole}":
            pairs = facts.pod["metadata"].get(whole) or {}
            return "\n".join(f"{key}={quoted(text)}" for key, text in sorted(pairs.items()))
    return field_value(path, facts)


def _resource(reference: Obj, facts: PodFacts) -> str:
    for container in facts.pod["spec"]["containers"]:
        if container["name"] == reference.get("containerName"):
            return resource_value(reference, container, facts)
    return "0"


_FILL: dict[str, Callable[[Obj, PodFacts, Lookup], Files]] = {
    "configMap": _from_config_map,
    "secret": _from_secret,
    "downwardAPI": _from_downward,
}
