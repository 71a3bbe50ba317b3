"""etcd as its own tools see it: keys, values, snapshots."""

from base64 import b64encode
from collections.abc import Callable

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.commands.fields import BadCommand, Command, Reply, text_of
from simulator.commands.parts import Parts
from simulator.commands.roots import Roots


class EtcdStore:
    def __init__(self, parts: Parts, roots: Roots) -> None:
        self._parts = parts
        self._roots = roots

    def keys(self, command: Command) -> Reply:
        return {"keys": self._parts.storage.keys(text_of(command, "prefix", 500, default=""))}

    def value(self, command: Command) -> Reply:
        key = text_of(command, "key", 500)
        value = self._parts.storage.value(key)
        if value is None:
            raise BadCommand("key", repr(key), "a key that is there")
        return {"text": value.decode(errors="replace"), "base64": b64encode(value).decode()}

    def snapshot(self, command: Command) -> Reply:
        name = text_of(command, "name", 200)
        return {
            "keys": self._roots.rooted(f"etcd snapshot {name}", lambda: self._parts.storage.save(name), always=True)
        }

    def wipe(self, command: Command) -> Reply:
        return self._stored("etcd is wiped", self._parts.storage.wipe)

    def restore(self, command: Command) -> Reply:
        name = text_of(command, "name", 200)
        known = self._parts.storage.names()
        if name not in known:
            raise BadCommand("name", repr(name), f"one of {', '.join(known) or 'no snapshots yet'}")
        return self._stored(f"etcd is restored from {name}", lambda: self._parts.storage.restore(name) or 0)

    def _stored(self, note: str, act: Callable[[], int]) -> Reply:
        """Refused like any write when etcd has no majority."""
        try:
            return {"changes": self._roots.rooted(note, act)}
        except (ApiUnavailable, StatusError) as error:
            raise BadCommand("etcd", str(error) or "no API server", "an etcd that can be written") from error
