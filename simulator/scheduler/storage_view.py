"""Claims, volumes and classes as one scheduling cycle sees them: the cache, and the bindings that are under way.

A volume that was given to a claim, or a node that was chosen for one, counts from that moment although the watch tells of it later
(upstream: `volumebinding/assume_cache.go`). Promises: nothing is kept but what `Bindings` says.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from simulator.engine.plain import Obj
from simulator.machinery.claims import SELECTED_NODE, annotations

_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"
_CLASSES, _CSI_NODES = "storageclasses.storage.k8s.io", "csinodes.storage.k8s.io"


class Lister(Protocol):
    def get(self, resource: str, namespace: str, name: str) -> Obj | None: ...

    def unordered(self, resource: str) -> Iterable[Obj]: ...


class StorageView:
    def __init__(self, lister: Lister | None = None) -> None:
        self._lister = lister
        self.taken: Mapping[str, str] = {}
        """Volume → claim (`namespace/name`) it is being bound to."""
        self.chosen: Mapping[str, str] = {}
        """Claim → node that was chosen for it."""

    def claim(self, namespace: str, name: str) -> Obj | None:
        return None if self._lister is None else self._lister.get(_CLAIMS, namespace, name)

    def volume(self, name: str) -> Obj | None:
        return None if self._lister is None else self._lister.get(_VOLUMES, "", name)

    def volumes(self) -> Iterable[Obj]:
        return () if self._lister is None else self._lister.unordered(_VOLUMES)

    def storage_class(self, name: str) -> Obj | None:
        return None if self._lister is None else self._lister.get(_CLASSES, "", name)

    def csi_node(self, name: str) -> Obj | None:
        return None if self._lister is None else self._lister.get(_CSI_NODES, "", name)

    def node_of(self, claim: Obj) -> str:
        """The node that was chosen for a claim, or ""."""
        metadata = claim["metadata"]
        chosen = self.chosen.get(f"{metadata['namespace']}/{metadata['name']}")
        return chosen or annotations(claim).get(SELECTED_NODE, "")

    def given_to_others(self, claim: Obj) -> list[str]:
        own = f"{claim['metadata']['namespace']}/{claim['metadata']['name']}"
        return [volume for volume, other in self.taken.items() if other != own]
