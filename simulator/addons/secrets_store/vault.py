"""A vault outside the cluster: secrets by path, in versions (HashiCorp Vault's key-value store, version 2, mounted at `secret/`).

Promises: nobody in the cluster holds what lies here; whoever reads it gets the newest version. State is plain data.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from simulator.engine import Engine, Plain

MOUNT = "secret/"
_MOST, _MOST_BYTES = 200, 100_000


class VaultError(Exception):
    """The text is what the client prints."""


class Reader(Protocol):
    def vault_changed(self) -> None: ...


class Vault:
    name = "vault"

    def __init__(self, engine: Engine) -> None:
        self.readers: Callable[[], Sequence[Reader]] = tuple
        """Told after every change of a secret; set at assembly."""
        self.version = 0
        """Counts the changes."""
        self._engine = engine
        self._secrets: dict[str, list[Plain]] = {}
        """Path below the mount → versions: [microseconds of creation, values, whether it was deleted]."""
        engine.register(self)

    def put(self, path: str, values: dict[str, str]) -> int:
        """The number of the new version. Raises VaultError."""
        size = sum(len(key) + len(text) for key, text in values.items())
        if size > _MOST_BYTES or (path not in self._secrets and len(self._secrets) >= _MOST):
            raise VaultError(f"{path}: found {size} bytes, wanted at most {_MOST_BYTES} in {_MOST} secrets")
        self._secrets.setdefault(path, []).append([self._engine.now, dict(values), False])
        self._changed()
        return len(self._secrets[path])

    def get(self, path: str) -> tuple[int, int, dict[str, str]] | None:
        """(version, microseconds of its creation, values) of the newest version; None when there is none."""
        versions = self._secrets.get(path)
        if not versions or versions[-1][2]:
            return None
        at, values, _ = versions[-1]
        return len(versions), at, dict(values)

    def delete(self, path: str) -> None:
        if self.get(path) is not None:
            self._secrets[path][-1][2] = True
            self._changed()

    def names(self, path: str) -> list[str]:
        """What lies directly below a path; directories end in a slash."""
        start = f"{path.strip('/')}/" if path.strip("/") else ""
        found: dict[str, None] = {}
        for known in self._secrets:
            if known.startswith(start) and self.get(known) is not None:
                head, slash, _ = known.removeprefix(start).partition("/")
                found[head + slash] = None
        return sorted(found)

    def _changed(self) -> None:
        self.version += 1
        for reader in self.readers():
            reader.vault_changed()

    def dump(self) -> Plain:
        return {"secrets": self._secrets, "version": self.version}

    def load(self, state: Plain) -> None:
        self._secrets, self.version = state["secrets"], state["version"]
