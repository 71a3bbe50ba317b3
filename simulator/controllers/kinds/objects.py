"""Keys, owners and copies of objects. Objects are never changed in place."""

from collections.abc import Callable, Iterable, Mapping

from simulator.engine.plain import Obj
from simulator.machinery.selectors import Selector


def key_of(obj: Obj) -> str:
    """`default/web`, or `node-1` for cluster-scoped objects: what work queues hold."""
    metadata = obj["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def split(key: str) -> tuple[str, str]:
    """The inverse of `key_of`: (namespace, name)."""
    namespace, _, name = key.rpartition("/")
    return namespace, name


def one_of(old: Obj | None, new: Obj | None) -> Obj:
    """The present side of a change."""
    found = new if new is not None else old
    assert found is not None
    return found


def labels_of(obj: Obj | None) -> Mapping[str, str]:
    return {} if obj is None else obj["metadata"].get("labels") or {}


def annotations_of(obj: Obj) -> Mapping[str, str]:
    return obj["metadata"].get("annotations") or {}


def is_ending(obj: Obj) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def controller_of(obj: Obj | None) -> Obj | None:
    """The ownerReference of the managing controller."""
    if obj is None:
        return None
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            found: Obj = reference
            return found
    return None


def controller_reference(owner: Obj) -> Obj:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def without_controller(obj: Obj, uid: str) -> list[Obj]:
    """The ownerReferences left when the owner with this uid lets go."""
    return [reference for reference in obj["metadata"].get("ownerReferences") or () if reference["uid"] != uid]


def with_metadata(obj: Obj, **changes: object) -> Obj:
    return {**obj, "metadata": {**obj["metadata"], **changes}}


def with_spec(obj: Obj, **changes: object) -> Obj:
    return {**obj, "spec": {**obj["spec"], **changes}}


def counted(**counts: int) -> Obj:
    """Status counters as the API writes them: absent when zero."""
    return {name: count for name, count in counts.items() if count}


def is_led_as_before(old: Obj, new: Obj) -> bool:
    """Owners and labels are the very same: nearly every change of a status."""
    return old.get("ownerReferences") is new.get("ownerReferences") and old.get("labels") is new.get("labels")


class Orphans:
    """Objects without a controller, by namespace, so that adoption never has to scan. `known` gives every object; it is asked once, when
    somebody wants to know after a restore, because what was noted before is no part of a snapshot."""

    def __init__(self, known: Callable[[], Iterable[Obj]]) -> None:
        self._known = known
        self._names: dict[str, dict[str, Mapping[str, str]]] = {}
        self._is_noted = True

    def note(self, old: Obj | None, new: Obj | None) -> None:
        """An object came, changed or went; `known` has it already."""
        if self._is_noted:
            self._note(old, new)
        else:
            self._note_all()

    def matching(self, namespace: str, selector: Selector) -> list[str]:
        """Names, sorted."""
        if not self._is_noted:
            self._note_all()
        return sorted(name for name, labels in self._names.get(namespace, {}).items() if selector.matches(labels))

    def clear(self) -> None:
        """There is nothing."""
        self._names.clear()
        self._is_noted = True

    def restored(self) -> None:
        """There may be anything."""
        self._names.clear()
        self._is_noted = False

    def _note_all(self) -> None:
        self._is_noted = True
        for one in self._known():
            self._note(None, one)

    def _note(self, old: Obj | None, new: Obj | None) -> None:
        metadata = one_of(old, new)["metadata"]
        if old is not None and new is not None and is_led_as_before(old["metadata"], metadata):
            return
        names = self._names.setdefault(metadata.get("namespace", ""), {})
        if new is not None and controller_of(new) is None:
            names[metadata["name"]] = labels_of(new)
        else:
            names.pop(metadata["name"], None)
