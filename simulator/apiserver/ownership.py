"""Who owns which field: `metadata.managedFields`, and server-side apply, which is built on it.

https://kubernetes.io/docs/reference/using-api/server-side-apply/; `apimachinery/pkg/util/managedfields/internal` and
`structured-merge-diff/merge`. Objects that only components ever wrote carry no managedFields in the store: they are worked
out when somebody looks (`shown`), and kept from the first write of a person on (docs/decisions).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from simulator.apiserver import errors
from simulator.apiserver.errors import StatusError
from simulator.engine.plain import Obj
from simulator.machinery import field_sets
from simulator.machinery.field_sets import FieldSet
from simulator.machinery.schemas import Schema, schema_for
from simulator.machinery.typed_values import Comparison, compare, field_set, merge, with_named_fields, without

APPLY, UPDATE = "Apply", "Update"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
#: `DefaultMaxUpdateManagers`, and who gets the fields of the oldest beyond that.
_MAX_UPDATERS, _ANCIENT = 10, "ancient-changes"
_BEFORE_FIRST_APPLY = "before-first-apply"
#: Nobody owns these (`stripmeta.go`).
_STRIPPED = field_sets.of_paths(
    ("apiVersion",),
    ("kind",),
    ("metadata",),
    *(
        ("metadata", name)
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "clusterName",
            "generation",
            "managedFields",
            "resourceVersion",
        )
    ),
)
_STATUS, _SPEC = field_sets.of_paths(("status",)), field_sets.of_paths(("spec",))


@dataclass(frozen=True, slots=True)
class Writer:
    """Under which name, through which subresource and when a write is made."""

    manager: str
    time: str
    subresource: str = ""
    has_status: bool = True
    """Whether the main resource keeps its hands off status."""
    custom: Schema | None = None
    """The schema of a custom kind; those of built-in kinds are known."""

    @property
    def ignored(self) -> FieldSet:
        """What a write through this endpoint cannot change (the strategies' `GetResetFields`)."""
        if self.subresource == "status":
            return _SPEC
        return _STATUS if self.has_status else {}


#: Lists of managedFields whose meaning is remembered, by identity: stored objects never change.
_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Entry:
    """One of managedFields, decoded."""

    manager: str
    operation: str
    version: str
    subresource: str
    time: str
    fields: FieldSet
    raw: Obj | None = field(default=None, compare=False)
    """How it was written last, where that is known."""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two writes one entry; an applier is one whatever version it speaks."""
        version = "" if self.operation == APPLY else self.version
        return (self.manager, self.operation, version, self.subresource)

    def with_fields(self, fields: FieldSet) -> Entry:
        if fields is self.fields:
            return self
        return Entry(self.manager, self.operation, self.version, self.subresource, self.time, fields)

    def encoded(self) -> Obj:
        if self.raw is not None:
            return self.raw
        found: Obj = {"manager": self.manager, "operation": self.operation, "apiVersion": self.version}
        if self.time:
            found["time"] = self.time
        found["fieldsType"], found["fieldsV1"] = "FieldsV1", field_sets.encoded(self.fields)
        if self.subresource:
            found["subresource"] = self.subresource
        return found


_RECENT: dict[int, tuple[list[Obj], tuple[Entry, ...]]] = {}


class Conflicts(Exception):
    """Fields that an applier has another opinion on than their owner. Pairs of owner and path."""

    def __init__(self, found: list[tuple[Entry, tuple[str, ...]]]) -> None:
        super().__init__(f"{len(found)} conflicts")
        self.found = found


# Writes that are no apply


def created(obj: Obj, writer: Writer) -> Obj:
    """A new object with its writer as the owner of everything in it."""
    return updated({}, obj, writer)


def updated(live: Obj, obj: Obj, writer: Writer) -> Obj:
    """`obj` is about to replace `live`: with the ownership that follows. Both as whole objects of one version."""
    before = _tracked(live)
    entries = _known(before, obj, writer)
    bare = _bare(obj)
    difference = compare(_bare(live), bare, _schema(obj, writer))
    if difference.is_same and entries == before and "managedFields" not in live.get("metadata", {}):
        return bare
    entries = _without_changed(entries, difference)
    taken = field_sets.union(difference.modified, difference.added)
    taken = field_sets.difference(field_sets.recursive_difference(taken, writer.ignored), _STRIPPED)
    if taken:
        mine = Entry(writer.manager, UPDATE, obj["apiVersion"], writer.subresource, writer.time, taken)
        entries = _capped(_joined(entries, mine))
    if before and not entries:
        # Wiped by a person: from now on nobody owns anything, which is not the same as never having been looked at.
        return {**bare, "metadata": {**bare["metadata"], "managedFields": []}}
    return _with(bare, entries)


def by_component(live: Obj, obj: Obj, writer: Writer) -> Obj:
    """The same for a component, which never speaks of ownership itself."""
    return updated(live, _with(_bare(obj), []), writer)


def _known(before: list[Entry], obj: Obj, writer: Writer) -> list[Entry]:
    """The entries to go on from: those of the request when it brings sound ones, else those of the live object."""
    given = obj["metadata"].get("managedFields")
    if writer.subresource or given is None:
        return before
    if given == [] or given == [{}]:
        return []
    try:
        return _decoded(given) or before
    except ValueError:
        return before


def _without_changed(entries: list[Entry], difference: Comparison) -> list[Entry]:
    """What changed or went belongs to nobody for the moment."""
    gone = field_sets.union(field_sets.union(difference.modified, difference.added), difference.removed)
    kept = [entry.with_fields(field_sets.difference(entry.fields, gone)) for entry in entries]
    return [entry for entry in kept if entry.fields]


def _joined(entries: list[Entry], mine: Entry) -> list[Entry]:
    for index, entry in enumerate(entries):
        if entry.identity == mine.identity:
            joined = mine.with_fields(field_sets.union(entry.fields, mine.fields))
            return [*entries[:index], joined, *entries[index + 1 :]]
    return [*entries, mine]


def _capped(entries: list[Entry]) -> list[Entry]:
    """The oldest updaters beyond ten become one (`capmanagers.go`)."""
    if len(entries) <= _MAX_UPDATERS:
        return entries
    updaters = sorted((e for e in entries if e.operation == UPDATE), key=_order)
    excess = len(updaters) - _MAX_UPDATERS
    if excess <= 0:
        return entries
    oldest = updaters[: excess + 1]
    merged = [entry for entry in entries if entry not in oldest]
    for old in oldest:
        ancient = Entry(_ANCIENT, UPDATE, old.version, "", old.time, old.fields)
        merged = _joined(merged, ancient)
    return merged


# Apply


def applied(live: Obj | None, config: Obj, writer: Writer, *, force: bool, fill: Callable[[Obj], Obj]) -> Obj:
    """The object that an applied configuration leads to, not yet stored. Raises StatusError for conflicts.

    `fill` sets defaults. Without a live object the configuration is a creation.
    """
    start = live if live is not None else {"apiVersion": config["apiVersion"], "kind": config["kind"], "metadata": {}}
    try:
        return _applied(start, config, writer, force=force, fill=fill)
    except Conflicts as conflicts:
        left = _not_from_last_apply(start, conflicts, writer) if writer.manager == "kubectl" else conflicts.found
        if left:
            raise refusal_of(left) from None
    return _applied(start, config, writer, force=True, fill=fill)


def _applied(live: Obj, config: Obj, writer: Writer, *, force: bool, fill: Callable[[Obj], Obj]) -> Obj:
    schema = _schema(config, writer)
    bare = _bare(live)
    entries = _tracked(live) or _before_first_apply(bare, config["apiVersion"], writer)
    wanted = field_sets.recursive_difference(field_set(config, schema), writer.ignored)
    mine = Entry(writer.manager, APPLY, config["apiVersion"], writer.subresource, writer.time, wanted)
    last = next((entry for entry in entries if entry.identity == mine.identity), None)
    others = [entry for entry in entries if entry.identity != mine.identity]
    merged = merge(bare, config, schema)
    if last is not None and last.fields:
        merged = _pruned(merged, last.fields, [*others, mine], schema)
    difference = compare(bare, merged, schema)
    changed = field_sets.union(difference.modified, difference.added)
    if not force:
        _refuse_conflicts(others, changed)
    is_news = not difference.is_same or last is None
    mine = mine.with_fields(field_sets.difference(wanted, _STRIPPED))
    if last is not None and not is_news:
        mine = Entry(mine.manager, APPLY, mine.version, mine.subresource, last.time, mine.fields)
    entries = [*_without_changed(others, difference), *([mine] if mine.fields else [])]
    if difference.is_same:
        return _with(bare, entries)
    return _with(_with_last_applied(fill(merged), config, writer), entries)


def _before_first_apply(live: Obj, version: str, writer: Writer) -> list[Entry]:
    """An object whose owners were wiped keeps its fields under a name of their own (`skipnonapplied.go`)."""
    taken = compare({}, live, _schema(live, writer)).added if len(live.get("metadata", {})) > 0 else {}
    taken = field_sets.difference(field_sets.recursive_difference(taken, writer.ignored), _STRIPPED)
    return [Entry(_BEFORE_FIRST_APPLY, UPDATE, version, "", writer.time, taken)] if taken else []


def _refuse_conflicts(others: list[Entry], changed: FieldSet) -> None:
    found = [
        (entry, path)
        for entry in sorted(others, key=lambda entry: entry.identity)
        for path in field_sets.members(field_sets.intersection(entry.fields, changed))
    ]
    if found:
        raise Conflicts(found)


def _pruned(merged: Obj, last: FieldSet, entries: list[Entry], schema: Schema | None) -> Obj:
    """Without what the applier once set and now leaves out, unless somebody else owns it (`merge/update.go: prune`)."""
    pruned = without(merged, with_named_fields(last, schema), schema) or {}
    everything = with_named_fields(field_set(merged, schema), schema)
    owned: FieldSet = {}
    for entry in entries:
        owned = field_sets.union(owned, entry.fields)
    gone = field_sets.difference(everything, with_named_fields(field_set(pruned, schema), schema))
    gone = field_sets.difference(gone, with_named_fields(owned, schema))
    pruned = without(merged, gone, schema) or {}
    gone = field_sets.difference(everything, with_named_fields(field_set(pruned, schema), schema))
    dangling = field_sets.intersection(gone, with_named_fields(last, schema))
    found: Obj = without(merged, dangling, schema) or {}
    return found


def _not_from_last_apply(live: Obj, conflicts: Conflicts, writer: Writer) -> list[tuple[Entry, tuple[str, ...]]]:
    """Conflicts that are not about what `kubectl apply` itself wrote before (`lastappliedmanager.go`)."""
    text = (live["metadata"].get("annotations") or {}).get(LAST_APPLIED, "")
    try:
        last = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return conflicts.found
    if not isinstance(last, dict) or last.get("apiVersion") != live["apiVersion"]:
        return conflicts.found
    schema = _schema(live, writer)
    difference = compare(last, _bare(live), schema)
    allowed = field_set(last, schema)
    for changed in (difference.modified, difference.added, difference.removed):
        allowed = field_sets.difference(allowed, changed)
    return [one for one in conflicts.found if not field_sets.has(allowed, one[1])]


def _with_last_applied(obj: Obj, config: Obj, writer: Writer) -> Obj:
    """kubectl's own record of the last client-side apply follows what is applied on the server (`lastappliedupdater.go`)."""
    annotations = obj["metadata"].get("annotations") or {}
    if writer.manager != "kubectl" or not annotations.get(LAST_APPLIED):
        return obj
    metadata = dict(config["metadata"])
    if "annotations" in metadata:
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != LAST_APPLIED}
    text = msgspec.json.encode({**config, "metadata": metadata}, order="sorted").decode() + "\n"
    return {**obj, "metadata": {**obj["metadata"], "annotations": {**annotations, LAST_APPLIED: text}}}


def refusal_of(found: list[tuple[Entry, tuple[str, ...]]]) -> StatusError:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {_spelled(entry)}",
            "field": field_sets.spelled(path),
        }
        for entry, path in found
    ]
    if len(found) == 1:
        entry, path = found[0]
        message = f"Apply failed with 1 conflict: conflict with {_spelled(entry)}: {field_sets.spelled(path)}"
        return errors.StatusError(409, "Conflict", message, {"causes": causes})
    fields: dict[str, list[str]] = {}
    for entry, path in sorted(found, key=lambda one: one[0].identity):
        fields.setdefault(f"conflicts with {_spelled(entry)}:", []).append(f"- {field_sets.spelled(path)}")
    lines = [line for head, paths in fields.items() for line in (head, *paths)]
    message = f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)
    return errors.StatusError(409, "Conflict", message, {"causes": causes})


def _spelled(entry: Entry) -> str:
    text = f'"{entry.manager}"'
    if entry.subresource:
        text += f' with subresource "{entry.subresource}"'
    return f"{text} using {entry.version}" if entry.operation == UPDATE else text


# Objects of components


def shown(obj: Obj) -> Obj:
    """The object as a reader sees it: with its managedFields, worked out when only components wrote it."""
    metadata = obj["metadata"]
    if "managedFields" in metadata or "creationTimestamp" not in metadata:
        return obj if metadata.get("managedFields", True) else _bare(obj)
    return _with(obj, _worked_out(obj))


def manager_of(component: str) -> str:
    """The field manager of a component: the program it is part of."""
    name = component.partition("/")[0]
    if name == "default-scheduler":
        return "kube-scheduler"
    return "kube-controller-manager" if name.endswith("-controller") else name


def _worked_out(obj: Obj) -> list[Entry]:
    metadata, version = obj["metadata"], obj["apiVersion"]
    main = {key: value for key, value in obj.items() if key != "status"}
    if obj["kind"] == "Pod":
        main["spec"] = _as_asked_for(obj["spec"])
    writer = Writer(_creator(obj), metadata["creationTimestamp"])
    entries = _taken_by(writer, main, version)
    if obj.get("status"):
        keeper = "kubelet" if obj["kind"] in ("Pod", "Node") else "kube-controller-manager"
        last = max(_times(obj["status"]), default=metadata["creationTimestamp"])
        said = {key: value for key, value in obj["status"].items() if key != "qosClass"}
        if obj["kind"] == "Pod" and "conditions" in said:
            said["conditions"] = [one for one in said["conditions"] if one["type"] != "PodScheduled"]
        status = {"apiVersion": version, "kind": obj["kind"], "metadata": {}, "status": said}
        entries += _taken_by(Writer(keeper, last, "status"), status, version)
    return entries


def _as_asked_for(spec: Obj) -> Obj:
    """The spec of a pod without what the API server and the scheduler put into it, which nobody owns."""
    kept = {key: value for key, value in spec.items() if key not in _SERVERS_OWN}
    kept["containers"] = [_without_token(container) for container in spec["containers"]]
    volumes = [volume for volume in spec.get("volumes") or () if not volume["name"].startswith(_TOKEN_VOLUME)]
    kept.pop("volumes", None)
    return {**kept, "volumes": volumes} if volumes else kept


def _without_token(container: Obj) -> Obj:
    mounts = [m for m in container.get("volumeMounts") or () if not m["name"].startswith(_TOKEN_VOLUME)]
    kept = {key: value for key, value in container.items() if key != "volumeMounts"}
    return {**kept, "volumeMounts": mounts} if mounts else kept


_TOKEN_VOLUME = "kube-api-access-"
_SERVERS_OWN = ("nodeName", "priority", "preemptionPolicy", "serviceAccount", "serviceAccountName", "tolerations")


def _taken_by(writer: Writer, obj: Obj, version: str) -> list[Entry]:
    taken = field_sets.difference(compare({}, obj, _schema(obj, writer)).added, _STRIPPED)
    taken = field_sets.recursive_difference(taken, writer.ignored)
    return [Entry(writer.manager, UPDATE, version, writer.subresource, writer.time, taken)] if taken else []


def _creator(obj: Obj) -> str:
    owners = obj["metadata"].get("ownerReferences") or ()
    if obj["kind"] in ("Node", "Lease") or any(owner["kind"] == "Node" for owner in owners):
        return "kubelet"
    if owners or obj["kind"] in ("Endpoints", "EndpointSlice", "ServiceAccount", "ConfigMap"):
        return "kube-controller-manager"
    if obj["kind"] == "Event":
        return manager_of(obj.get("source", {}).get("component") or obj.get("reportingComponent") or "kube-apiserver")
    return "kube-apiserver" if obj["kind"] == "Namespace" else "kubeadm"


def _times(status: Any) -> list[str]:
    """Moments that a status speaks of."""
    if isinstance(status, dict):
        return [time for value in status.values() for time in _times(value)]
    if isinstance(status, list):
        return [time for value in status for time in _times(value)]
    return [status] if isinstance(status, str) and len(status) == 20 and status[10] == "T" else []


# Inside


def _schema(obj: Obj, writer: Writer) -> Schema | None:
    return writer.custom or schema_for(obj["apiVersion"], obj["kind"])


def _tracked(live: Obj) -> list[Entry]:
    if not live.get("metadata"):
        return []
    found = live["metadata"].get("managedFields")
    if found is not None:
        return _decoded(found)
    return _worked_out(live) if "creationTimestamp" in live["metadata"] else []


def _decoded(entries: Any) -> list[Entry]:
    """Raises ValueError."""
    if not isinstance(entries, list):
        raise ValueError("managedFields is no list")
    known = _RECENT.get(id(entries))
    if known is not None and known[0] is entries:
        return list(known[1])
    found = [_entry(entry) for entry in entries]
    _remember(entries, found)
    return found


def _remember(entries: list[Obj], decoded: list[Entry]) -> None:
    """What is written now is nearly always what is read next."""
    _RECENT[id(entries)] = (entries, tuple(decoded))
    if len(_RECENT) > _REMEMBERED:
        del _RECENT[next(iter(_RECENT))]


def _entry(raw: Any) -> Entry:
    if not isinstance(raw, dict) or raw.get("operation") not in (APPLY, UPDATE):
        raise ValueError(f"managedFields: operation must be `Apply` or `Update`, not {raw!r}")
    fields = field_sets.decoded(raw.get("fieldsV1") or {})
    manager, version, subresource, time = (
        str(raw.get(name) or "") for name in ("manager", "apiVersion", "subresource", "time")
    )
    return Entry(manager, raw["operation"], version, subresource, time, fields)


def _order(entry: Entry) -> tuple[str, str, str, str, str]:
    """`managedfields.go: sortEncodedManagedFields`."""
    return (entry.operation, entry.time, entry.manager, entry.version, entry.subresource)


def _bare(obj: Obj) -> Obj:
    metadata = obj.get("metadata")
    if not metadata or "managedFields" not in metadata:
        return obj
    return {**obj, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}


def _with(obj: Obj, entries: list[Entry]) -> Obj:
    metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    if entries:
        entries = sorted(entries, key=_order)
        metadata["managedFields"] = written = [entry.encoded() for entry in entries]
        _remember(written, [replace(entry, raw=raw) for entry, raw in zip(entries, written, strict=True)])
    return {**obj, "metadata": metadata}
