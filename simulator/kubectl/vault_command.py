"""`vault kv` at the workstation: put, get, delete and list secrets of a vault outside the cluster.

https://developer.hashicorp.com/vault/docs/commands/kv; `command/kv_helpers.go` of HashiCorp Vault 1.20, whose tables these are. Left out: everything but the key-value store.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from simulator.addons.secrets_store.vault import MOUNT, Vault, VaultError
from simulator.engine import Engine
from simulator.kubectl.small_command import Outcome, Surface, fail


class VaultDoor:
    """The vault, with a clock for its tables."""

    def __init__(self, vault: Vault, engine: Engine) -> None:
        self.vault = vault
        self._engine = engine

    def created(self, at_us: int) -> str:
        """RFC 3339 with nanoseconds."""
        whole, rest = divmod(at_us, 1_000_000)
        moment = datetime.fromtimestamp(self._engine.epoch_s + whole, UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest * 1_000:09d}Z"


def vault(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    door = surface.vault
    if door is None:
        return fail("vault", "no vault is there")
    flags = [word for word in words if word.startswith("-")]
    try:
        match [word for word in words if not word.startswith("-")]:
            case ["kv", "put", path, *pairs] if pairs:
                return _put(door, _below(path), pairs)
            case ["kv", "put", *_]:
                return Outcome(stderr="Must supply data\n", exit=1)
            case ["kv", "get", path]:
                return _get(door, _below(path), flags)
            case ["kv", "delete", path]:
                door.vault.delete(_below(path))
                return Outcome(f"Success! Data deleted (if it existed) at: {MOUNT}data/{_below(path)}\n")
            case ["kv", "list", path]:
                return _list(door, path)
    except VaultError as error:
        return Outcome(stderr=f"{error}\n", exit=2)
    return fail("vault", "wanted vault kv put PATH KEY=VALUE…, kv get PATH, kv delete PATH or kv list PATH")


def _below(path: str) -> str:
    """Raises VaultError for a path in no store that is there."""
    if not path.startswith(MOUNT) or path == MOUNT:
        raise VaultError(f"{path}: found no key-value store there, wanted a path below {MOUNT}")
    return path.removeprefix(MOUNT).strip("/")


def _put(door: VaultDoor, path: str, pairs: list[str]) -> Outcome:
    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            why = f'Failed to parse K=V data: invalid key/value pair "{pair}": format must be key=value'
            return Outcome(stderr=f"{why}\n", exit=1)
        values[key] = text
    door.vault.put(path, values)
    found = door.vault.get(path)
    assert found is not None
    return Outcome(_head(path) + _metadata(door, found[0], found[1]))


def _get(door: VaultDoor, path: str, flags: list[str]) -> Outcome:
    found = door.vault.get(path)
    if found is None:
        return Outcome(stderr=f"No value found at {MOUNT}data/{path}\n", exit=2)
    version, at, values = found
    wanted = next((flag.partition("=")[2] for flag in flags if flag.lstrip("-").startswith("field=")), "")
    if wanted:
        if wanted not in values:
            return Outcome(stderr=f'Field "{wanted}" not present in secret\n', exit=1)
        return Outcome(values[wanted] + "\n")
    return Outcome(_head(path) + _metadata(door, version, at) + "\n" + _table("Data", values))


def _list(door: VaultDoor, path: str) -> Outcome:
    found = door.vault.names(path.removeprefix(MOUNT.rstrip("/")).strip("/"))
    if not found:
        return Outcome(stderr=f"No value found at {MOUNT}metadata/{path.removeprefix(MOUNT).strip('/')}\n", exit=2)
    return Outcome("Keys\n----\n" + "".join(f"{name}\n" for name in found))


def _head(path: str) -> str:
    where = f"{MOUNT}data/{path}"
    return f"{_padded('Secret Path', len(where))}\n{where}\n\n"


def _metadata(door: VaultDoor, version: int, at_us: int) -> str:
    values = {
        "created_time": door.created(at_us),
        "custom_metadata": "<nil>",
        "deletion_time": "n/a",
        "destroyed": "false",
        "version": str(version),
    }
    return _table("Metadata", values)


def _table(title: str, values: dict[str, str]) -> str:
    """Two columns, four spaces apart, in the order of the keys."""
    width = max(map(len, (*values, "Key"))) + 4
    rows = [("Key", "Value"), ("---", "-----"), *sorted(values.items())]
    body = "".join(f"{key:<{width}}{text}\n" for key, text in rows)
    return f"{_padded(title, max(map(len, values)) + 9)}\n{body}"


def _padded(title: str, length: int) -> str:
    signs = length - (len(title) + 2)
    signs = signs if signs > 0 else 4
    signs += signs % 2
    return f"{'=' * (signs // 2)} {title} {'=' * (signs // 2)}"
