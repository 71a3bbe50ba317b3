"""Which pods mount which ConfigMap, Secret or claim, so that a change of one finds them.

Promises: a pod that goes costs what it had mounted, however much others have; nobody's entry stays behind.
"""

from collections.abc import Iterable

from simulator.engine import Plain

_NOBODY: dict[str, None] = {}


class VolumeUsers:
    def __init__(self) -> None:
        self._pods: dict[str, dict[str, None]] = {}
        """`configmaps/ns/name`, `secrets/…` or `persistentvolumeclaims/…` → uids of the pods that mount it."""
        self._mounted: dict[str, dict[str, None]] | None = None
        """The other way round; made when the first pod goes."""

    def add(self, uid: str, resource: str, namespace: str, name: str) -> None:
        key = f"{resource}/{namespace}/{name}"
        self._pods.setdefault(key, {})[uid] = None
        if self._mounted is not None:
            self._mounted.setdefault(uid, {})[key] = None

    def of(self, resource: str, namespace: str, name: str) -> Iterable[str]:
        """In the order in which they began to mount it."""
        return self._pods.get(f"{resource}/{namespace}/{name}", _NOBODY)

    def remove(self, uid: str) -> None:
        """The pod mounts nothing any more."""
        if self._mounted is None:
            self._mounted = {}
            for key, uids in self._pods.items():
                for one in uids:
                    self._mounted.setdefault(one, {})[key] = None
        for key in self._mounted.pop(uid, _NOBODY):
            users = self._pods[key]
            del users[uid]
            if not users:
                del self._pods[key]

    def dump(self) -> Plain:
        return [[key, list(uids)] for key, uids in self._pods.items()]

    def load(self, state: Plain) -> None:
        self._pods, self._mounted = {key: dict.fromkeys(uids) for key, uids in state}, None
