"""What interferes with the components: faults, the loop debugger, and the search for what would let a pod run."""

from simulator.commands.fields import BadCommand, Command, Reply, text_of
from simulator.commands.parts import Parts
from simulator.commands.roots import Roots


class Steering:
    def __init__(self, parts: Parts, roots: Roots) -> None:
        self._parts = parts
        self._roots = roots

    def fault(self, command: Command) -> Reply:
        ev, said = self._parts.faults.inject(text_of(command, "fault", 40), text_of(command, "target", 300))
        self._parts.pictures.root(ev, "fault", said)
        return {"ok": True, "said": said}

    def loops(self, command: Command) -> Reply:
        return self._parts.debugger.loops(self._parts.zero)

    def loop(self, command: Command) -> Reply:
        loop, op = text_of(command, "loop"), text_of(command, "op")
        if op not in ("on", "off"):
            raise BadCommand("op", repr(op), "on or off")
        said = self._roots.rooted(
            f"switch {loop} {op}", lambda: self._parts.debugger.switch(loop, op == "on"), always=True
        )
        return {"ok": True, "said": said}

    def breakpoint(self, command: Command) -> Reply:
        op, loop = text_of(command, "op"), text_of(command, "loop", 300, default="")
        debugger, key = self._parts.debugger, text_of(command, "key", 600, default="")
        match op:
            case "set":
                where = tuple(text_of(command, field, 300, default="") for field in ("resource", "namespace", "name"))
                number, said = self._roots.rooted(
                    f"breakpoint: {loop or 'any loop'}", lambda: debugger.set(loop, *where), always=True
                )
                return {"ok": True, "id": number, "said": said}
            case "clear":
                which = command.get("id")
                if which is not None and not isinstance(which, int):
                    raise BadCommand("id", repr(which)[:60], "the number of a breakpoint")
                said = self._roots.rooted("clear a breakpoint", lambda: debugger.clear(which), always=True)
                return {"ok": True, "said": said}
            case "step":
                said = self._roots.rooted(f"let {loop} go on", lambda: debugger.step(loop, key), always=True)
                return {"ok": True, "said": said}
        raise BadCommand("op", repr(op), "one of set, clear, step")

    def look(self, command: Command) -> Reply:
        return self._parts.debugger.look(text_of(command, "loop", 300), text_of(command, "key", 600, default=""))

    def remedies(self, command: Command) -> Reply:
        """What would let a pending pod run: tried on copies."""
        return self._parts.remedies.of(text_of(command, "namespace", 253), text_of(command, "name", 253))
