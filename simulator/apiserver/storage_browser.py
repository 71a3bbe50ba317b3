"""What etcd holds, seen from beside the API server: keys, values, snapshots.

https://etcd.io/docs/v3.5/dev-guide/interacting_v3/. Looking costs nothing and changes nothing. A snapshot is the whole store at a moment; restoring one
brings every object back as it was, with its uid, and everybody who watches learns of it.
"""

from simulator.apiserver.registry import Registry
from simulator.apiserver.storage_keys import key_of
from simulator.engine.plain import Obj, Plain
from simulator.machinery.store import Key

#: More would be a backup, not an experiment.
MAX_SNAPSHOTS = 3


class StorageBrowser:
    name = "etcd-snapshots"

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._snapshots: dict[str, dict[str, list[tuple[Key, Obj]]]] = {}
        registry.engine.register(self)

    def keys(self, prefix: str = "") -> list[str]:
        store = self._registry.store
        found = [key_of(resource, key) for resource in store.resources() for key in store.table(resource)]
        return sorted(key for key in found if key.startswith(prefix))

    def value(self, wanted: str) -> bytes | None:
        """The bytes under a key."""
        store = self._registry.store
        for resource in store.resources():
            for key, obj in store.table(resource).items():
                if key_of(resource, key) == wanted:
                    return self._registry.encryption.value(resource, key, obj)
        return None

    # Snapshots

    def save(self, name: str) -> int:
        """Keeps the whole store under a name; the oldest of too many goes. Returns how many keys it holds."""
        store = self._registry.store
        self._snapshots.pop(name, None)
        self._snapshots[name] = {resource: store.written(resource) for resource in store.resources()}
        while len(self._snapshots) > MAX_SNAPSHOTS:
            del self._snapshots[next(iter(self._snapshots))]
        return sum(len(rows) for rows in self._snapshots[name].values())

    def names(self) -> list[str]:
        return list(self._snapshots)

    def wipe(self) -> int:
        """Empties the store. Returns how many keys it held."""
        return self._registry.replace_all({})

    def restore(self, name: str) -> int | None:
        """Makes the store what a snapshot says; None when there is no such snapshot."""
        if name not in self._snapshots:
            return None
        wanted = {resource: dict(rows) for resource, rows in self._snapshots[name].items()}
        return self._registry.replace_all(wanted)

    # State

    def dump(self) -> Plain:
        return {
            name: [[resource, [[*key, obj] for key, obj in rows]] for resource, rows in tables.items()]
            for name, tables in self._snapshots.items()
        }

    def load(self, state: Plain) -> None:
        self._snapshots = {
            name: {resource: [((ns, n), obj) for ns, n, obj in rows] for resource, rows in tables}
            for name, tables in state.items()
        }
