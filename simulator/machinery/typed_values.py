"""Objects seen through their schema: which fields they have, how two differ, how one is laid over another.

The walks of `structured-merge-diff/typed`, which server-side apply and `metadata.managedFields` are made of. Lists are atomic
unless the schema says `map` or `set`, maps are merged unless it says `atomic`; without a schema (custom resources
that keep unknown fields) maps are merged and lists are atomic.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simulator.machinery.enumerations import DEFAULTS
from simulator.machinery.field_sets import LEAF, MEMBER, FieldSet, key_step, spelled, value_step
from simulator.machinery.schemas import Schema

#: Fields that Go writes even when nothing is in them, because they are structs or lists without `omitempty`: their presence
#: is no news. (struct, field) → what stands there.
_ALWAYS_THERE: dict[tuple[str, str], Any] = {
    ("PodSpec", "containers"): [],
    ("DeploymentSpec", "strategy"): {},
    ("DeploymentSpec", "template"): {},
    ("ReplicaSetSpec", "template"): {},
    ("StatefulSetSpec", "template"): {},
    ("StatefulSetSpec", "updateStrategy"): {},
    ("DaemonSetSpec", "template"): {},
    ("DaemonSetSpec", "updateStrategy"): {},
    ("JobSpec", "template"): {},
    ("CronJobSpec", "jobTemplate"): {},
    ("PersistentVolumeClaimSpec", "resources"): {},
    ("ServiceStatus", "loadBalancer"): {},
    ("IngressStatus", "loadBalancer"): {},
    ("HorizontalPodAutoscalerSpec", "scaleTargetRef"): {},
    ("NetworkPolicySpec", "podSelector"): {},
    ("NodeStatus", "daemonEndpoints"): {},
    ("NodeStatus", "nodeInfo"): {},
    ("NodeDaemonEndpoints", "kubeletEndpoint"): {},
    ("Event", "involvedObject"): {},
    ("Event", "source"): {},
    ("RoleBinding", "roleRef"): {},
    ("ClusterRoleBinding", "roleRef"): {},
    ("CustomResourceDefinitionSpec", "names"): {},
}
_STRUCTS = ("metadata", "spec", "status")
_ABSENT: Any = object()


def is_map(value: Any, schema: Schema | None) -> bool:
    """Merged field by field; everything else that is a dict is one value."""
    if not isinstance(value, dict):
        return False
    if schema is None:
        return True
    is_open = schema.type == "any" and bool(schema.raw.get("x-kubernetes-preserve-unknown-fields"))
    return (schema.type == "object" or is_open) and schema.map_type != "atomic"


def is_list(value: Any, schema: Schema | None) -> bool:
    """Merged item by item."""
    return isinstance(value, list) and schema is not None and schema.list_type in ("map", "set")


def child(schema: Schema | None, name: str) -> Schema | None:
    if schema is None:
        return None
    return schema.properties.get(name) or schema.values


def step_of(item: Any, schema: Schema) -> str:
    """The path step to an item of a list that is merged."""
    if schema.list_type == "set" or not isinstance(item, dict):
        return value_step(item)
    struct = schema.items.go_type if schema.items is not None else ""
    return key_step({name: item.get(name, DEFAULTS.get((struct, name))) for name in schema.list_map_keys})


def stepped(items: list[Any], schema: Schema) -> dict[str, Any]:
    """Items by their step, in order; of duplicates the first."""
    found: dict[str, Any] = {}
    for item in items:
        found.setdefault(step_of(item, schema), item)
    return found


# Which fields are there


def field_set(value: Any, schema: Schema | None) -> FieldSet:
    """Every field that an applied configuration has an opinion on (`tofieldset.go`)."""
    if is_map(value, schema):
        return _map_fields(value, schema)
    if is_list(value, schema) and schema is not None:
        steps = stepped(value, schema).items()
        return {step: {**field_set(item, schema.items), MEMBER: {}} for step, item in steps}
    return LEAF


def _map_fields(value: dict[str, Any], schema: Schema | None) -> FieldSet:
    found: FieldSet = {}
    for name, item in value.items():
        below = field_set(item, child(schema, name))
        is_known = schema is not None and name in schema.properties
        if item is None or item == {} or not is_known:
            below = {**below, MEMBER: {}}
        if below:
            found[f"f:{name}"] = below
    return found


def with_named_fields(fields: FieldSet, schema: Schema | None) -> FieldSet:
    """The set with every struct field on the way to a member (`fieldpath.Set.EnsureNamedFieldsAreMembers`)."""
    found: FieldSet = {}
    for step, below in fields.items():
        if step == MEMBER:
            found[step] = {}
            continue
        name = step[2:] if step.startswith("f:") else ""
        inner = child(schema, name) if name else (schema.items if schema is not None else None)
        node = with_named_fields(below, inner)
        if name and schema is not None and name in schema.properties:
            node = {**node, MEMBER: {}}
        found[step] = node
    return found


def undeclared(value: Any, schema: Schema | None, path: tuple[str, ...] = ()) -> list[str]:
    """The paths of fields that the schema does not know."""
    if schema is None or schema.type == "any":
        return []
    if isinstance(value, dict) and (schema.is_struct or schema.values is not None):
        found: list[str] = []
        is_open = bool(schema.raw.get("x-kubernetes-preserve-unknown-fields"))
        for name, item in value.items():
            inner = _embedded(schema, name) or child(schema, name)
            below = (*path, f"f:{name}")
            if inner is not None:
                found += undeclared(item, inner, below)
            elif not is_open:
                found.append(spelled(below))
        return found
    if isinstance(value, list) and schema.items is not None:
        named = schema.list_type in ("map", "set")
        steps = [step_of(item, schema) if named else f"i:{index}" for index, item in enumerate(value)]
        pairs = zip(steps, value, strict=True)
        return [one for step, item in pairs for one in undeclared(item, schema.items, (*path, step))]
    return []


def _embedded(schema: Schema, name: str) -> Schema | None:
    """What every object has, where the schema says that a whole one stands here."""
    return _OBJECT.properties.get(name) if schema.raw.get("x-kubernetes-embedded-resource") else None


#: `apiextensions-apiserver/pkg/controller/openapi/builder/builder.go: addEmbeddedProperties`.
_OBJECT = Schema(
    {
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"$ref": "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
        },
    }
)


# How two differ


@dataclass(slots=True)
class Comparison:
    """The paths that only the new one has, that both have with other values, and that only the old one has."""

    added: FieldSet = field(default_factory=dict)
    modified: FieldSet = field(default_factory=dict)
    removed: FieldSet = field(default_factory=dict)

    @property
    def is_same(self) -> bool:
        return not (self.added or self.modified or self.removed)


def compare(old: Any, new: Any, schema: Schema | None) -> Comparison:
    """Both are whole objects of one kind (`compare.go`)."""
    found = Comparison()
    _Comparer(found).both(old, new, schema, (), owner="")
    return found


class _Comparer:
    def __init__(self, found: Comparison) -> None:
        self._found = found

    def both(self, old: Any, new: Any, schema: Schema | None, path: tuple[str, ...], *, owner: str) -> None:
        if old is new:
            return
        if is_map(old, schema) and is_map(new, schema) and (old or new):
            self._maps(old, new, schema, path)
        elif is_list(old, schema) and is_list(new, schema) and schema is not None and (old or new):
            self._lists(old, new, schema, path)
        elif old != new:
            _insert(self._found.modified, path)

    def _maps(self, old: dict[str, Any], new: dict[str, Any], schema: Schema | None, path: tuple[str, ...]) -> None:
        struct = schema.go_type if schema is not None else ""
        for name in {**old, **new}:
            before, after = old.get(name, _ABSENT), new.get(name, _ABSENT)
            if before is after or before == after:
                continue
            if before is _ABSENT or after is _ABSENT:
                stand_in = _stand_in(struct, name, path)
                before = stand_in if before is _ABSENT else before
                after = stand_in if after is _ABSENT else after
            self._pair(before, after, child(schema, name), (*path, f"f:{name}"), owner=struct)

    def _lists(self, old: list[Any], new: list[Any], schema: Schema, path: tuple[str, ...]) -> None:
        before, after = stepped(old, schema), stepped(new, schema)
        for step in {**before, **after}:
            self._pair(
                before.get(step, _ABSENT), after.get(step, _ABSENT), schema.items, (*path, step), owner=schema.go_type
            )

    def _pair(self, before: Any, after: Any, schema: Schema | None, path: tuple[str, ...], *, owner: str) -> None:
        if before is _ABSENT:
            _graft(self._found.added, path, _whole(after, schema))
        elif after is _ABSENT:
            _graft(self._found.removed, path, _whole(before, schema))
        else:
            self.both(before, after, schema, path, owner=owner)


def _stand_in(struct: str, name: str, path: tuple[str, ...]) -> Any:
    """What Go would have written for a field that is not there."""
    if not path or struct in ("PodTemplateSpec", "JobTemplateSpec"):
        return {} if name in _STRUCTS else _ABSENT
    return _ALWAYS_THERE.get((struct, name), _ABSENT)


def _whole(value: Any, schema: Schema | None) -> FieldSet:
    """Everything of a value that came or went, its inner nodes too."""
    if is_map(value, schema) and value:
        below = {f"f:{name}": _whole(item, child(schema, name)) for name, item in value.items()}
        return {**below, MEMBER: {}}
    if is_list(value, schema) and value and schema is not None:
        return {**{step: _whole(item, schema.items) for step, item in stepped(value, schema).items()}, MEMBER: {}}
    return LEAF


def _insert(fields: FieldSet, path: tuple[str, ...]) -> None:
    _graft(fields, path, LEAF)


def _graft(fields: FieldSet, path: tuple[str, ...], below: FieldSet) -> None:
    for step in path[:-1]:
        fields = fields.setdefault(step, {})
    fields[path[-1]] = below


# One laid over the other


def merge(live: Any, config: Any, schema: Schema | None) -> Any:
    """The live value with the configuration's opinions (`merge.go`, keep the right hand side)."""
    if is_map(live, schema) and is_map(config, schema):
        merged = dict(live)
        for name, wanted in config.items():
            merged[name] = merge(live[name], wanted, child(schema, name)) if name in live else wanted
        return merged
    if is_list(live, schema) and is_list(config, schema) and schema is not None:
        return _merge_lists(live, config, schema)
    return config


def _merge_lists(live: list[Any], config: list[Any], schema: Schema) -> list[Any]:
    """Items of the configuration in its order; items that only the live list has keep their place among them."""
    left, right = stepped(live, schema), stepped(config, schema)
    left_steps = [step_of(item, schema) for item in live]
    right_steps = list(right)
    shared = [step for step in right_steps if step in left]
    out: list[Any] = []
    done: set[str] = set()
    i = j = 0
    while i < len(left_steps) or j < len(right_steps):
        if i < len(left_steps) and j < len(right_steps):
            step = left_steps[i]
            if step == right_steps[j]:
                done.add(step)
                out.append(merge(left[step], right[step], schema.items))
                i, j, shared = i + 1, j + 1, shared[1:]
                continue
            if step in right and shared and shared[0] != step:
                i += 1
                continue
        if i < len(left_steps):
            if left_steps[i] not in right:
                out.append(live[i])
                i += 1
                continue
            if left_steps[i] in done:
                i += 1
        if j < len(right_steps):
            step = right_steps[j]
            done.add(step)
            out.append(merge(left[step], right[step], schema.items) if step in left else right[step])
            j += 1
            if shared and shared[0] == step:
                shared = shared[1:]
    return out


def without(value: Any, fields: FieldSet, schema: Schema | None) -> Any:
    """The value without the members of a set; None when nothing is left (`remove.go`)."""
    if is_map(value, schema):
        kept: dict[str, Any] = {}
        for name, item in value.items():
            below = fields.get(f"f:{name}")
            if below is None:
                kept[name] = item
            elif MEMBER not in below and (rest := without(item, below, child(schema, name))) is not None:
                kept[name] = rest
        return kept or None
    if is_list(value, schema) and schema is not None:
        items = []
        for item in value:
            below = fields.get(step_of(item, schema))
            if below is None:
                items.append(item)
            elif MEMBER not in below and (rest := without(item, below, schema.items)) is not None:
                items.append(rest)
        return items or None
    return value
