"""Questions about objects: what they are, why they are so, whether a lesson's checks pass."""

from simulator.checks import evaluate
from simulator.commands.fields import BadCommand, Command, Reply, text_of
from simulator.commands.parts import Parts
from simulator.engine.plain import Obj
from simulator.explain import because, field_causes
from simulator.inspector import find, inspect
from simulator.machinery import schemas
from simulator.machinery.custom.published import schema_of
from simulator.machinery.differences import value_at

#: Fields told of one object; the largest pods have some two hundred.
_FIELDS = 600


class Answers:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def inspect(self, command: Command) -> Reply:
        found = inspect(
            self._parts.registry,
            command,
            narrator=self._parts.narrator,
            decide=self._parts.scheduler.decision,
            zero=self._parts.zero,
        )
        if found is None:
            raise BadCommand("object", command.get("uid") or command.get("name"), "an object that exists")
        return found

    def because(self, command: Command) -> Reply:
        if "path" in command:
            return self._because_of_field(command)
        ev = command.get("ev")
        if isinstance(ev, bool) or not isinstance(ev, int):
            raise BadCommand("ev", ev, "an event number")
        return {"hops": because(self._parts.registry, self._parts.narrator, ev, self._parts.zero)}

    def _because_of_field(self, command: Command) -> Reply:
        parts, path = self._parts, text_of(command, "path", 500)
        resource, obj = self._object(command)
        (cause,) = field_causes(parts.registry, resource, obj, [path])
        hops = because(parts.registry, parts.narrator, cause.ev, parts.zero)
        return {"path": path, "value": value_at(obj, path), "exact": cause.exact, "hops": hops}

    def fields(self, command: Command) -> Reply:
        """Every field of an object with the write that set it."""
        parts, trail = self._parts, self._parts.engine.trail
        resource, obj = self._object(command)
        rows = []
        for cause in field_causes(parts.registry, resource, obj)[:_FIELDS]:
            row = trail.get(cause.ev)
            by, at = (row.actor, row.at - parts.zero) if row else ("", 0)
            rows.append({**cause._asdict(), "value": value_at(obj, cause.path), "by": by, "at": at})
        return {"fields": rows}

    def _object(self, command: Command) -> tuple[str, Obj]:
        found = find(self._parts.registry, command)
        if found is None:
            raise BadCommand("object", command.get("uid") or command.get("name"), "an object that exists")
        return found

    def check(self, command: Command) -> Reply:
        checks = command.get("checks")
        if not isinstance(checks, list):
            raise BadCommand("checks", checks, "a list of checks")
        return {"results": [evaluate(self._parts.registry, check) for check in checks]}

    def schema(self, command: Command) -> Reply:
        version, kind = text_of(command, "apiVersion", 200), text_of(command, "kind_name", 200)
        schema = schemas.trimmed(version, kind)
        if schema is None and (custom := schema_of(self._parts.registry.kinds, version, kind)) is not None:
            schema = schemas.trimmed_node(custom, version, kind)
        if schema is None:
            raise BadCommand("kind_name", f"{kind} in {version}", "a kind that this cluster serves")
        return {"schema": schema}
