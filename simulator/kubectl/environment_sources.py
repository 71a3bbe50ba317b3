"""Variables that come from ConfigMaps and Secrets: `kubectl set env --from`, and the values that `--list --resolve` shows.

Follows `pkg/cmd/set/set_env.go` and `pkg/cmd/set/env/env_resolve.go` of kubectl. The keys of a map are taken in the order of
their names; the real command's order changes from run to run.
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.describers.pod_templates import resource_value
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.selection import select

_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_]")
_REFERENCES = {"ConfigMap": "configMapKeyRef", "Secret": "secretKeyRef"}
_KINDS = {"configMapKeyRef": ("configmaps", "config map"), "secretKeyRef": ("secrets", "secret")}


class Unresolved(Exception):
    """A value that cannot be told; the message says why."""


def variables_from(call: Call, source: str) -> dict[str, Obj]:
    """Entries for `env`, by name, one for each key of a ConfigMap or Secret; `--keys` names those that are wanted."""
    wanted = call.many("keys")
    found: dict[str, Obj] = {}
    for taken in select(call, [source]):
        reference = _REFERENCES.get(taken.resource.kind)
        if reference is None:
            raise CommandError("unsupported resource specified in --from")
        for key in sorted(taken.obj.get("data") or {}):
            if wanted and key not in wanted:
                continue
            name = _variable_name(call, key)
            found[name] = {"name": name, "valueFrom": {reference: {"key": key, "name": taken.name}}}
    return found


def _variable_name(call: Call, key: str) -> str:
    name = _NOT_IN_A_NAME.sub("_", key).upper()
    if name != key:
        call.err(f"Warning: key {key} transferred to {name}\n")
    return name


def value_of(call: Call, source: Obj, obj: Obj, container: Obj) -> str:
    """What a variable's `valueFrom` stands for. Raises Unresolved."""
    for field, (plural, noun) in _KINDS.items():
        if field in source:
            return _of_key(call, plural, noun, source[field])
    if "fieldRef" in source:
        return _of_field(obj, source["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in source:
        return resource_value(source["resourceFieldRef"], container)
    raise Unresolved("invalid valueFrom")


def _of_key(call: Call, plural: str, noun: str, reference: Obj) -> str:
    resource = call.api.kinds.by_name(plural)
    assert resource is not None
    try:
        data = call.api.get(resource, call.namespace, reference.get("name", "")).get("data") or {}
    except ApiRefusal as error:
        raise Unresolved(error.message) from error
    if reference["key"] not in data:
        raise Unresolved(f"key {reference['key']} not found in {noun} {reference.get('name', '')}")
    text: str = data[reference["key"]]
    return b64decode(text).decode(errors="replace") if noun == "secret" else text


def _of_field(obj: Obj, path: str) -> str:
    """Only what every object has: the command asks the workload, not its pods."""
    metadata = obj["metadata"]
    subscripted = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if subscripted:
        return str((metadata.get(subscripted[1]) or {}).get(subscripted[2], ""))
    plain: dict[str, Any] = {f"metadata.{key}": metadata.get(key, "") for key in ("name", "namespace", "uid")}
    if path in plain:
        return str(plain[path])
    if path in ("metadata.labels", "metadata.annotations"):
        pairs = metadata.get(path.partition(".")[2]) or {}
        return "\n".join(f'{key}="{pairs[key]}"' for key in sorted(pairs))
    raise Unresolved(f"unsupported fieldPath: {path}")
