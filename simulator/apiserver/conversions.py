"""What the wire form of an object and the stored form do not share.

`stringData` of Secrets is for writing only (`pkg/apis/core/v1/conversion.go`), and a struct that is no pointer in Go is there
even when nobody wrote it: nothing further in has to ask whether an object has a `spec`.
"""

from base64 import b64encode

from simulator.engine.plain import Obj
from simulator.machinery.resources import Resource
from simulator.machinery.schemas import schema_for

#: Structs at the top of a kind; where a kind has one of these names, it is no pointer.
_ALWAYS_THERE = ("spec", "involvedObject", "roleRef")


def converted(resource: Resource, obj: Obj) -> Obj:
    """The object as it is kept."""
    schema = schema_for(resource.api_version, resource.kind)
    known = schema.properties if schema else {}
    missing: Obj = {name: {} for name in _ALWAYS_THERE if name not in obj and name in known and known[name].is_struct}
    obj = {**obj, **missing} if missing else obj
    return _secret(obj) if resource.name == "secrets" and "stringData" in obj else obj


def _secret(obj: Obj) -> Obj:
    """What `stringData` says overwrites `data`."""
    texts = obj["stringData"] or {}
    encoded = {key: b64encode(text.encode()).decode() for key, text in texts.items()}
    kept = {name: value for name, value in obj.items() if name != "stringData"}
    return {**kept, "data": {**(obj.get("data") or {}), **encoded}} if encoded else kept
