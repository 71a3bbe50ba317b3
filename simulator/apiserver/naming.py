"""What an object gets when it is created: a name, when it only has the beginning of one, and a uid."""

from simulator.apiserver import errors
from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.machinery.resources import Resource
from simulator.machinery.store import Store

#: Feature RetryGenerateName.
_NAME_TRIES = 8
#: `apiserver/pkg/storage/names/generate.go`.
_LONGEST_PREFIX = 58
#: The bits that tell a version 4 UUID of RFC 9562.
_UUID_MASK, _UUID_FORM = ~(0xF << 76) & ~(3 << 62), (4 << 76) | (2 << 62)


class Naming:
    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store
        self._uid = engine.rng("uid")

    def name(self, kind: Resource, metadata: Obj) -> None:
        """Fills in the name from generateName."""
        if metadata.get("name"):
            return
        prefix = metadata.get("generateName")
        if not prefix:
            cause = ("FieldValueRequired", "Required value: name or generateName is required", "metadata.name")
            raise errors.invalid(kind.group, kind.kind, "", [cause])
        rng = self._engine.rng("names")
        for _ in range(_NAME_TRIES):
            metadata["name"] = prefix[:_LONGEST_PREFIX] + rng.suffix(5)
            if self._store.get(kind.name, (metadata.get("namespace", ""), metadata["name"])) is None:
                return

    def new_uid(self) -> str:
        """A random (version 4) UUID from the seeded stream."""
        digits = f"{self._uid.bits128() & _UUID_MASK | _UUID_FORM:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
