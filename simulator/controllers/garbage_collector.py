"""Deletes what has lost its owner, and makes owners wait or let go as the deletion asked.

https://kubernetes.io/docs/concepts/architecture/garbage-collection/; upstream's garbagecollector. Watches every kind of
object except Events. Background: an object whose owners are all gone is deleted. Foreground: an owner with the
`foregroundDeletion` finalizer waits for dependents that block it. Orphan: dependents lose the reference, then the owner goes.

The graph (which uids exist, and who depends on whom) follows the watch; nothing is ever scanned. What the
graph suspects is confirmed with a live read before anything is deleted.
"""

from collections.abc import Sequence
from functools import partialmethod
from typing import ClassVar

from simulator.apiserver.errors import StatusError, unmapped
from simulator.client import About, Client, Controller, Process
from simulator.controllers.kinds.objects import is_ending, one_of
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.resources import RESOURCES

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"

#: Owners that are remembered as gone (`garbagecollector.go: NewReferenceCache`).
_ABSENT = 500
_IGNORED = ("events", "events.events.k8s.io")
_WATCHED = tuple(
    one.name for one in RESOURCES if {"list", "watch", "delete"} <= set(one.verbs) and one.name not in _IGNORED
)


def _handler(resource: str) -> str:
    return "on_" + resource.replace(".", "_").replace("-", "_")


class GarbageCollector(Controller):
    name: ClassVar[str] = "garbage-collector-controller"
    watches = {**{resource: _handler(resource) for resource in _WATCHED}, "*": "on_change"}
    writes = ("*",)

    def __init__(self, process: Process, client: Client) -> None:
        self._known: dict[str, str] = {}
        """uid → key of every object there is."""
        self._dependents: dict[str, dict[str, None]] = {}
        """Owner's uid → keys of its dependents."""
        self._owners: dict[str, Sequence[Obj]] = {}
        """Key of a dependent → its ownerReferences."""
        self._absent: dict[str, None] = {}
        """Uids of owners that went while they had dependents (`absentOwnerCache`), the newest last."""
        self._is_drawn = True
        super().__init__(process, client)

    # The graph

    def on_change(self, resource: str, old: Obj | None, new: Obj | None) -> None:
        if not self._is_drawn:
            self._draw_again()
        if old is not None and new is not None and _is_led_as_before(old["metadata"], new["metadata"]):
            return
        obj = one_of(old, new)
        key = _key(resource, obj)
        if new is None:
            self._on_gone(key, obj)
            return
        metadata = new["metadata"]
        if old is None:
            self._known[metadata["uid"]] = key
        references = metadata.get("ownerReferences") or ()
        if references is not self._owners.get(key, ()) and references != self._owners.get(key, ()):
            unblocked = _unblocked(self._owners.get(key, ()), references)
            self._draw(key, references)
            for uid in unblocked:
                if uid in self._known:
                    self._wake_waiting(self._known[uid])
            if any(reference["uid"] not in self._known for reference in references):
                self.enqueue(key)
        if is_ending(new) and (
            old is None or not is_ending(old) or old["metadata"].get("finalizers") != metadata.get("finalizers")
        ):
            self.enqueue(key)

    def _on_gone(self, key: str, obj: Obj) -> None:
        uid = obj["metadata"]["uid"]
        self._known.pop(uid, None)
        if uid in self._dependents:
            self._absent[uid] = None
            if len(self._absent) > _ABSENT:
                del self._absent[next(iter(self._absent))]
        references = self._owners.get(key, ())
        self._draw(key, ())
        for dependent in sorted(self._dependents.get(uid, ())):
            self.enqueue(dependent)
        for reference in references:
            owner = self._known.get(reference["uid"])
            if owner is not None and reference.get("blockOwnerDeletion"):
                self._wake_waiting(owner)

    def _wake_waiting(self, key: str) -> None:
        owner = self.cache.get(*_parts(key))
        if owner is not None and is_ending(owner):
            self.enqueue(key)

    def _draw(self, key: str, references: Sequence[Obj]) -> None:
        for reference in self._owners.pop(key, ()):
            dependents = self._dependents.get(reference["uid"], {})
            dependents.pop(key, None)
            if not dependents:
                self._dependents.pop(reference["uid"], None)
        for reference in references:
            self._dependents.setdefault(reference["uid"], {})[key] = None
        if references:
            self._owners[key] = references

    def _draw_again(self) -> None:
        """From the cache, after a start or a restore."""
        self._is_drawn = True
        custom = [name for name in self.cache.resources() if name not in _RESOURCES_WATCHED]
        for resource in (*_WATCHED, *custom):
            for obj in self.cache.list(resource):
                key = _key(resource, obj)
                self._known[obj["metadata"]["uid"]] = key
                self._draw(key, obj["metadata"].get("ownerReferences") or ())

    # One object

    def about(self, key: str) -> About:
        return About(*_parts(key))

    def refresh(self) -> None:
        if not self._is_drawn:
            self._draw_again()

    def reconcile(self, key: str) -> None:
        self.refresh()
        resource, namespace, name = _parts(key)
        try:
            obj = self.client.get(resource, namespace, name)
        except StatusError as error:
            if error.reason != "NotFound":
                raise
            return
        finalizers = obj["metadata"].get("finalizers") or ()
        if is_ending(obj) and ORPHAN in finalizers:
            self._orphan(resource, obj)
        elif is_ending(obj) and FOREGROUND in finalizers:
            self._wait_for_dependents(resource, obj)
        elif not is_ending(obj):
            self._judge(resource, obj)

    def _judge(self, resource: str, obj: Obj) -> None:
        """Deletes the object when no owner is left that keeps it."""
        references = obj["metadata"].get("ownerReferences") or []
        if not references:
            return
        solid: list[Obj] = []
        waiting: list[Obj] = []
        for reference in references:
            owner = self._owner(reference, obj["metadata"].get("namespace", ""))
            if owner is None:
                continue
            is_waiting = is_ending(owner) and FOREGROUND in (owner["metadata"].get("finalizers") or ())
            (waiting if is_waiting else solid).append(reference)
        if solid:
            if len(solid) < len(references):
                self._patch(resource, obj, {"ownerReferences": solid})
            return
        has_dependents = obj["metadata"]["uid"] in self._dependents
        if waiting and self._is_in_circle(obj["metadata"]["uid"]):
            # Each would wait for the other: this one no longer holds its owners.
            freed = [{**reference, "blockOwnerDeletion": False} for reference in references]
            self._patch(resource, obj, {"ownerReferences": freed})
        propagation = "Foreground" if waiting and has_dependents else _policy(obj)
        self._delete(resource, obj, propagation)

    def _is_in_circle(self, uid: str) -> bool:
        """Whether a dependent waits for dependents of its own; as upstream's test, it may see circles where there are none."""
        found = (self.cache.get(*_parts(key)) for key in sorted(self._dependents.get(uid, ())))
        return any(
            one is not None and is_ending(one) and FOREGROUND in (one["metadata"].get("finalizers") or ())
            for one in found
        )

    def _owner(self, reference: Obj, namespace: str) -> Obj | None:
        """The owner as it is now; None when it is gone or another object took its name.

        Raises StatusError when nobody serves its kind: then it is not known to be gone, and the question is asked again later.
        """
        if reference["uid"] in self._absent:
            return None
        kind = self.client.kinds.by_kind(reference["apiVersion"], reference["kind"])
        if kind is None:
            raise unmapped(reference["apiVersion"], reference["kind"])
        try:
            owner = self.client.get(kind.name, namespace if kind.namespaced else "", reference["name"])
        except StatusError as error:
            if error.reason != "NotFound":
                raise
            return None
        return owner if owner["metadata"]["uid"] == reference["uid"] else None

    def _wait_for_dependents(self, resource: str, obj: Obj) -> None:
        uid = obj["metadata"]["uid"]
        blocking = [key for key in sorted(self._dependents.get(uid, ())) if self._blocks(key, uid)]
        if not blocking:
            self._drop_finalizer(resource, obj, FOREGROUND)
            return
        for key in blocking:
            dependent = self.cache.get(*_parts(key))
            if dependent is not None and not is_ending(dependent):
                self.enqueue(key)

    def _blocks(self, key: str, uid: str) -> bool:
        return any(
            reference["uid"] == uid and reference.get("blockOwnerDeletion") for reference in self._owners.get(key, ())
        )

    def _orphan(self, resource: str, obj: Obj) -> None:
        uid = obj["metadata"]["uid"]
        for key in sorted(self._dependents.get(uid, ())):
            dependent = self.cache.get(*_parts(key))
            if dependent is None:
                continue
            left = [
                reference for reference in dependent["metadata"].get("ownerReferences") or () if reference["uid"] != uid
            ]
            self._patch(_parts(key)[0], dependent, {"ownerReferences": left or None})
        self._drop_finalizer(resource, obj, ORPHAN)

    def _drop_finalizer(self, resource: str, obj: Obj, finalizer: str) -> None:
        left = [one for one in obj["metadata"].get("finalizers") or () if one != finalizer]
        self._patch(resource, obj, {"finalizers": left or None})

    def _patch(self, resource: str, obj: Obj, metadata: Obj) -> None:
        key = obj["metadata"]
        try:
            self.client.patch(
                resource, key.get("namespace", ""), key["name"], {"metadata": {**metadata, "uid": key["uid"]}}
            )
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    def _delete(self, resource: str, obj: Obj, propagation: str) -> None:
        metadata = obj["metadata"]
        try:
            self.client.delete(
                resource, metadata.get("namespace", ""), metadata["name"], propagation=propagation, uid=metadata["uid"]
            )
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise

    # State

    def on_start(self) -> None:
        self._draw_again()
        for key, references in self._owners.items():
            if any(reference["uid"] not in self._known for reference in references):
                self.enqueue(key)

    def on_stop(self) -> None:
        super().on_stop()
        self._erase()

    def dump_private(self) -> Plain:
        return list(self._absent)

    def load_private(self, state: Plain) -> None:
        self._erase()
        self._absent = dict.fromkeys(state)
        self._is_drawn = False

    def _erase(self) -> None:
        self._known.clear()
        self._dependents.clear()
        self._owners.clear()
        self._absent.clear()


_RESOURCES_WATCHED = frozenset((*_WATCHED, *_IGNORED))
for _resource in _WATCHED:
    setattr(GarbageCollector, _handler(_resource), partialmethod(GarbageCollector.on_change, _resource))


def _unblocked(before: Sequence[Obj], after: Sequence[Obj]) -> list[str]:
    """Uids of owners that a dependent held and holds no longer."""
    held = {reference["uid"]: None for reference in after if reference.get("blockOwnerDeletion")}
    return [one["uid"] for one in before if one.get("blockOwnerDeletion") and one["uid"] not in held]


def _policy(obj: Obj) -> str:
    """An object that already waits to be deleted in some way keeps to it."""
    finalizers = obj["metadata"].get("finalizers") or ()
    if ORPHAN in finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND in finalizers else "Background"


def _is_led_as_before(old: Obj, new: Obj) -> bool:
    """The very same owners, and no step nearer to its end: nearly every change."""
    return (
        old.get("ownerReferences") is new.get("ownerReferences")
        and ("deletionTimestamp" in old) is ("deletionTimestamp" in new)
        and old.get("finalizers") == new.get("finalizers")
    )


def _key(resource: str, obj: Obj) -> str:
    metadata = obj["metadata"]
    return f"{resource}|{metadata.get('namespace', '')}|{metadata['name']}"


def _parts(key: str) -> tuple[str, str, str]:
    resource, namespace, name = key.split("|")
    return resource, namespace, name
