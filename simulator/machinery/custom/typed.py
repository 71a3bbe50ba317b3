"""A custom kind's schema in the form that merging and field ownership walk through (`machinery.typed_values`)."""

from simulator.machinery.kinds import Kinds
from simulator.machinery.resources import Resource
from simulator.machinery.schemas import Schema

_METADATA = "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def custom_schema(kinds: Kinds, resource: Resource) -> Schema | None:
    """None for a built-in kind. Kept until the kinds of the cluster change."""
    version = kinds.version(resource)
    if version is None:
        return None
    memo = f"typed/{resource.name}/{resource.version}"
    found = kinds.memo.get(memo)
    if not isinstance(found, Schema):
        text = {"type": "string"}
        own = {"apiVersion": text, "kind": text, "metadata": {"$ref": _METADATA}}
        properties = {**(version.schema.get("properties") or {}), **own}
        found = kinds.memo[memo] = Schema({**version.schema, "type": "object", "properties": properties})
    return found
