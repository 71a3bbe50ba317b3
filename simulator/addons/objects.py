"""Objects that add-ons write, made whole as the API server would make them for a client over HTTP."""

from simulator.engine.plain import Obj
from simulator.machinery.custom.structural import defaulted
from simulator.machinery.defaulting import default
from simulator.machinery.kinds import Kinds
from simulator.machinery.validation import validate_create


class BadObject(ValueError):
    """The object would be refused; the message says why."""


def complete(kinds: Kinds, resource: str, obj: Obj) -> Obj:
    """The object with its defaults. Raises BadObject."""
    row = kinds.by_name(resource)
    version = None if row is None else kinds.version(row)
    if version is not None:
        return defaulted(obj, version.schema)
    whole = default(resource, obj)
    found = validate_create(resource, whole)
    if found:
        name = obj["metadata"].get("name", "")
        raise BadObject(f'{obj["kind"]} "{name}" is invalid: {"; ".join(str(error) for error in found)}')
    return whole


def owner_reference(obj: Obj) -> Obj:
    """Points a dependent to its controller."""
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "name": obj["metadata"]["name"],
        "uid": obj["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def with_condition(conditions: list[Obj], wanted: Obj, now: str) -> list[Obj]:
    """`meta.SetStatusCondition`: the time changes with the status only."""
    known = next((one for one in conditions if one["type"] == wanted["type"]), None)
    since = known["lastTransitionTime"] if known is not None and known["status"] == wanted["status"] else now
    fresh = {**wanted, "lastTransitionTime": since}
    if known is None:
        return [*conditions, fresh]
    return [fresh if one["type"] == wanted["type"] else one for one in conditions]
