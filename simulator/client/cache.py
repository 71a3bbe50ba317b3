"""The read side of a process: every object its watches have told it of, indexed.

Lags behind the API server exactly as far as the watch does. Objects are shared with the store and never changed.
"""

from collections.abc import Iterable, Sequence

from simulator.engine.plain import Obj
from simulator.machinery.store import Key

_NONE: dict[Key, Obj] = {}
_NOWHERE: dict[Key, None] = {}


def controller_uid(obj: Obj) -> str:
    """The uid of the managing owner (`ownerReferences` entry with `controller: true`), or ""."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return str(reference["uid"])
    return ""


class Cache:
    """Objects by resource and key; iteration order is never promised beyond what each method says.

    The indexes hold keys only: an object that changes but keeps its owner and its node, as most do, changes no index. Those of a
    resource are made when somebody first asks for one, and kept from then on: many processes never do.
    """

    def __init__(self) -> None:
        self._tables: dict[str, dict[Key, Obj]] = {}
        self._owned: dict[tuple[str, str], dict[Key, None]] = {}
        self._on_node: dict[str, dict[Key, None]] = {}
        self._in_namespace: dict[tuple[str, str], dict[Key, None]] = {}
        self._indexed: dict[str, None] = {}

    def get(self, resource: str, namespace: str, name: str) -> Obj | None:
        return self._tables.get(resource, _NONE).get((namespace, name))

    def list(self, resource: str, namespace: str | None = None) -> Iterable[Obj]:
        """All objects, or those of a namespace, sorted by key."""
        table = self._tables.get(resource, _NONE)
        keys = table if namespace is None else self._named_in(resource, namespace)
        return [table[key] for key in sorted(keys)]

    def resources(self) -> Sequence[str]:
        """Resources that the cache holds objects of, sorted."""
        return sorted(name for name, table in self._tables.items() if table)

    def count(self, resource: str) -> int:
        return len(self._tables.get(resource, _NONE))

    def unordered(self, resource: str) -> Iterable[Obj]:
        """All objects in no promised order: only for sums and other order-free questions."""
        return self._tables.get(resource, _NONE).values()

    def owned(self, resource: str, uid: str) -> Sequence[Obj]:
        """Objects whose controller has this uid, sorted by key."""
        table = self._tables.get(resource, _NONE)
        return [table[key] for key in sorted(self._owned_by(resource, uid))]

    def owned_count(self, resource: str, uid: str) -> int:
        return len(self._owned_by(resource, uid))

    def on_node(self, node: str) -> Sequence[Obj]:
        """Pods bound to a node, sorted by key."""
        table = self._tables.get("pods", _NONE)
        self._want_index("pods")
        return [table[key] for key in sorted(self._on_node.get(node, _NOWHERE))]

    def select(self, resource: str, namespace: str, labels: dict[str, str]) -> Sequence[Obj]:
        """Objects of a namespace that carry all these labels, sorted by key. For set-based selectors filter `list`."""
        wanted = labels.items()
        table = self._tables.get(resource, _NONE)
        keys = self._named_in(resource, namespace)
        return [table[key] for key in sorted(keys) if wanted <= (table[key]["metadata"].get("labels") or {}).items()]

    def apply(self, resource: str, key: Key, new: Obj | None) -> None:
        """Takes one change; `new` None removes."""
        table = self._tables.get(resource)
        if table is None:
            table = self._tables[resource] = {}
        if resource not in self._indexed:
            if new is None:
                table.pop(key, None)
            else:
                table[key] = new
            return
        known = table.get(key)
        if known is None or new is None:
            if known is not None:
                del table[key]
                self._unindex(resource, key, known)
            if new is not None:
                table[key] = new
                self._index(resource, key, new)
            return
        table[key] = new
        if known["metadata"].get("ownerReferences") is not new["metadata"].get("ownerReferences"):
            self._unindex(resource, key, known)
            self._index(resource, key, new)
        elif resource == "pods" and known["spec"] is not new["spec"]:
            self._index_node(key, known["spec"].get("nodeName"), new["spec"].get("nodeName"))

    def fill(self, resource: str, objects: Iterable[tuple[Key, Obj]]) -> None:
        """Takes a whole list; nothing of the resource may be there yet."""
        self._tables[resource] = dict(objects)
        if resource in self._indexed:
            self._index_all(resource)

    def clear(self) -> None:
        self._tables.clear()
        self._owned.clear()
        self._on_node.clear()
        self._in_namespace.clear()
        self._indexed.clear()

    # Indexes

    def _named_in(self, resource: str, namespace: str) -> dict[Key, None]:
        self._want_index(resource)
        return self._in_namespace.get((resource, namespace), _NOWHERE)

    def _owned_by(self, resource: str, uid: str) -> dict[Key, None]:
        self._want_index(resource)
        return self._owned.get((resource, uid), _NOWHERE)

    def _want_index(self, resource: str) -> None:
        if resource not in self._indexed:
            self._indexed[resource] = None
            self._index_all(resource)

    def _index_all(self, resource: str) -> None:
        for key, obj in self._tables.get(resource, _NONE).items():
            self._index(resource, key, obj)

    def _index(self, resource: str, key: Key, obj: Obj) -> None:
        _keep(self._in_namespace, (resource, key[0]), key)
        if uid := controller_uid(obj):
            _keep(self._owned, (resource, uid), key)
        if resource == "pods" and (node := obj["spec"].get("nodeName")):
            _keep(self._on_node, node, key)

    def _index_node(self, key: Key, was: str | None, now: str | None) -> None:
        if was == now:
            return
        if was:
            _drop(self._on_node, was, key)
        if now:
            _keep(self._on_node, now, key)

    def _unindex(self, resource: str, key: Key, obj: Obj) -> None:
        self._in_namespace[resource, key[0]].pop(key, None)
        if uid := controller_uid(obj):
            _drop(self._owned, (resource, uid), key)
        if resource == "pods" and (node := obj["spec"].get("nodeName")):
            _drop(self._on_node, node, key)


def _keep(index: dict, at: object, key: Key) -> None:  # type: ignore[type-arg]
    bucket = index.get(at)
    if bucket is None:
        index[at] = {key: None}
    else:
        bucket[key] = None


def _drop(index: dict, at: object, key: Key) -> None:  # type: ignore[type-arg]
    bucket = index.get(at)
    if bucket is not None:
        bucket.pop(key, None)
        if not bucket:
            del index[at]
